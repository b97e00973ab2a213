/*
 * Proof vectors of transparency-dev/merkle: folders inclusion, consistency, subtreeinclusion, subtreeconsistency with a JSON file for each case, which says
 * whether it must be refused. Usage: eval_merkle FOLDER
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "audit/tree.h"
#include "base/conf.h"
#include "base/digest.h"

static unsigned passed, failed;

static struct str
text(const struct conf_node *n, const char *key)
{
    const struct conf_node *v = conf_get(n, key);

    return v && v->kind == CONF_SCALAR ? v->text : STR("");
}

static uint64_t
number(const struct conf_node *n, const char *key)
{
    uint64_t v = 0;

    (void)str_to_u64(text(n, key), &v);
    return v;
}

/* Some vectors have a word in the place of a hash: its digest stands for it, so that equal words are equal. false: it is neither. */
static bool
hash(struct str base64, struct tree_hash *h)
{
    struct buf raw = BUF_INIT(4096);
    bool ok = digest_unbase64(base64, &raw) == RC_OK && raw.len > 0;

    if (ok && raw.len != TREE_HASH)
        ok = digest_sha256(buf_str(&raw), h->bytes) == RC_OK;
    else if (ok)
        memcpy(h->bytes, raw.ptr, TREE_HASH);
    buf_free(&raw);
    return ok;
}

static bool
read_proof(const struct conf_node *n, struct tree_proof *p)
{
    const struct conf_node *list = conf_get(n, "proof");

    p->count = 0;
    for (unsigned i = 0; list && list->kind == CONF_LIST && i < list->count; i++)
        if (p->count == TREE_PROOF_MAX || list->items[i]->kind != CONF_SCALAR || !hash(list->items[i]->text, &p->hash[p->count++]))
            return false;
    return true;
}

static enum rc
check_inclusion(const struct conf_node *n, const struct tree_proof *p, bool subtree)
{
    struct tree_hash leaf, root;

    if (!hash(text(n, "leafHash"), &leaf) || !hash(text(n, "root"), &root))
        return RC_INTEGRITY;
    if (!subtree)
        return tree_check_inclusion(&leaf, number(n, "leafIdx"), number(n, "treeSize"), p, &root);
    return tree_check_subtree_inclusion(&leaf, number(n, "leafIdx"), (struct tree_range){number(n, "start"), number(n, "end")}, p, &root);
}

static enum rc
check_consistency(const struct conf_node *n, const struct tree_proof *p, bool subtree)
{
    struct tree_state old = {.size = number(n, "size1")}, now = {.size = number(n, subtree ? "size" : "size2")};

    if (!hash(text(n, "root1"), &old.root) || !hash(text(n, "root2"), &now.root))
        return RC_INTEGRITY;
    if (!subtree)
        return tree_check_consistency(&old, &now, p);
    return tree_check_subtree_consistency((struct tree_range){number(n, "start"), number(n, "end")}, &old.root, &now, p);
}

static void
check(const char *path, const struct conf_node *n)
{
    bool subtree = strstr(path, "/subtree") != NULL, inclusion = strstr(path, "inclusion/") != NULL;
    bool must_fail = str_eq(text(n, "wantErr"), STR("true"));
    struct tree_proof p;
    enum rc rc = !read_proof(n, &p) ? RC_INTEGRITY : inclusion ? check_inclusion(n, &p, subtree) : check_consistency(n, &p, subtree);

    if ((rc != RC_OK) == must_fail) {
        passed++;
        return;
    }
    failed++;
    printf("FAIL %s: %s, must %s\n", path, rc_text(rc), must_fail ? "be refused" : "be accepted");
}

static int
on_file(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    (void)st;
    (void)where;
    if (kind != FTW_F || !str_ends(str_of(path), STR(".json")))
        return 0;
    if (conf_load_file(path, &doc, &es) == RC_OK) {
        check(path, conf_root(doc, 0));
    } else {
        failed++;
        errs_print(&es, stdout, false);
    }
    errs_free(&es);
    conf_free(doc);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc != 2 || nftw(argv[1], on_file, 16, FTW_PHYS) != 0 || passed + failed == 0) {
        fprintf(stderr, "eval_merkle: no vectors in %s\n", argc == 2 ? argv[1] : "(no folder given)");
        return 2;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
