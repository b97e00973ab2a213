#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit_int.h"
#include "base/clock.h"
#include "base/json.h"

struct request {
    struct note_key keys[VERIFY_KEYS_MAX / 2], witnesses[VERIFY_KEYS_MAX / 2];
    struct buf anchor_text[VERIFY_ANCHORS_MAX];
    struct verify_anchor anchors[VERIFY_ANCHORS_MAX];
    struct verify_options o;
    bool json;
};

static int
read_anchors(const struct arguments *a, struct request *q)
{
    const char *const *files;
    size_t n = args_list(a, "anchor", &files);

    if (n > VERIFY_ANCHORS_MAX)
        return usage_error(a, "--anchor can be given at most %d times", VERIFY_ANCHORS_MAX);
    for (size_t i = 0; i < n; i++) {
        q->anchor_text[i] = BUF_INIT(AUDIT_FILE_MAX);
        int code = audit_read_file(files[i], &q->anchor_text[i]);

        if (code != EXIT_DONE)
            return code;
        q->anchors[i] = (struct verify_anchor){files[i], buf_str(&q->anchor_text[i])};
    }
    q->o.anchors = q->anchors;
    q->o.anchor_count = n;
    return EXIT_DONE;
}

static enum rc
write_json(const struct verify_result *r, enum rc rc, struct buf *out)
{
    struct buf root = BUF_INIT(64);
    struct json j = json_begin(out);

    if (note_hash_print(&r->tree.root, &root) != RC_OK)
        return RC_NOMEM;
    json_object(&j, NULL);
    json_cstr(&j, "result", rc == RC_OK ? "ok" : "tampered");
    json_u64(&j, "size", r->tree.size);
    json_text(&j, "root", str_trim(buf_str(&root)));
    json_u64(&j, "entries", r->entries);
    json_cstr(&j, "signed_by", r->signer.name);
    if (r->first_bad != VERIFY_NO_LEAF) {
        json_u64(&j, "first_bad", r->first_bad);
        json_u64(&j, "first_bad_to", r->first_bad_to);
    }
    if (r->witnessed)
        json_u64(&j, "witnessed", r->witnessed);
    json_close_object(&j);
    buf_free(&root);
    return json_finish(&j);
}

static void
print_json(const struct verify_result *r, enum rc rc)
{
    struct buf out = BUF_INIT(4096);

    if (write_json(r, rc, &out) == RC_OK)
        printf("%.*s\n", (int)out.len, out.ptr);
    buf_free(&out);
}

static void
print_text(const char *dir, const struct verify_result *r, enum rc rc)
{
    char ts[CLOCK_RFC3339_SIZE];
    struct buf root = BUF_INIT(64);

    if (rc == RC_OK && note_hash_print(&r->tree.root, &root) == RC_OK) {
        printf("%s: ok: %" PRIu64 " entries", dir, r->tree.size);
        if (r->entries < r->tree.size)
            printf(" (%" PRIu64 " of them by their hashes, beyond the period of retention)", r->tree.size - r->entries);
        printf("\nroot %.*ssigned by %s+%08x\n", (int)root.len, root.ptr, r->signer.name, r->signer.id);
        if (r->witnessed) {
            clock_rfc3339(r->witnessed * 1000000, ts);
            printf("witnessed %s\n", ts);
        }
    }
    audit_print_bad_leaf(dir, r);
    buf_free(&root);
}

static int
run_log(const struct arguments *a, struct request *q)
{
    struct verify_result r = {.first_bad = VERIFY_NO_LEAF};
    struct errs es = {0};

    q->o.dir = audit_dir(a);
    enum rc rc = verify_log(&q->o, &r, &es);

    if (rc == RC_OK || rc == RC_INTEGRITY) {
        if (q->json)
            print_json(&r, rc);
        else
            print_text(q->o.dir, &r, rc);
    }
    fflush(stdout);
    return audit_end(rc, &es);
}

static int
run_proof(const struct arguments *a, const struct request *q)
{
    struct buf proof = BUF_INIT(AUDIT_FILE_MAX), entry = BUF_INIT(AUDIT_FILE_MAX);
    const char *file = args_text(a, "proof"), *entry_file = args_text(a, "entry");
    struct checkpoint c;

    if (!entry_file)
        return usage_error(a, "--proof needs --entry, the record that it is about");
    int code = audit_read_file(file, &proof);

    if (code == EXIT_DONE)
        code = audit_read_file(entry_file, &entry);
    if (code == EXIT_DONE) {
        enum rc rc = verify_record(buf_str(&proof), buf_str(&entry), q->o.keys, q->o.key_count, &c);

        if (rc == RC_OK)
            printf("%s: ok: the record is in %.*s of size %" PRIu64 "\n", file, (int)c.origin.len, c.origin.ptr, c.tree.size);
        else
            fprintf(stderr, "spangate: %s: %s\n", file,
                rc == RC_MALFORMED ? "this is no proof file"
                : rc == RC_NOT_FOUND
                    ? "no key that is trusted has signed its checkpoint (the key of a log may be replaced: audit verify DIR names the present one)"
                    : "it does not prove that this record is in the log");
        code = rc == RC_OK ? EXIT_DONE : EXIT_INTEGRITY_FAILED;
    }
    buf_free(&proof);
    buf_free(&entry);
    return code;
}

static int
run_request(const struct arguments *a, struct request *q)
{
    const char *const *rest;
    int code = audit_keys(a, "trust", q->keys, &q->o.key_count);

    if (code == EXIT_DONE)
        code = audit_keys(a, "witness", q->witnesses, &q->o.witness_count);
    if (code == EXIT_DONE && q->o.key_count == 0)
        code = usage_error(a, "--trust KEY says whose signature counts");
    q->o.keys = q->keys;
    q->o.witnesses = q->witnesses;
    if (code == EXIT_DONE)
        code = read_anchors(a, q);
    if (code != EXIT_DONE)
        return code;
    if (!args_text(a, "proof"))
        return args_text(a, "entry") ? usage_error(a, "--entry goes with --proof") : run_log(a, q);
    if (q->o.anchor_count || q->o.witness_count || args_rest(a, &rest))
        return usage_error(a, "--proof is verified without the log: no DIR, --anchor or --witness goes with it");
    return run_proof(a, q);
}

static int
run(const struct arguments *a)
{
    struct request *q = calloc(1, sizeof(*q));

    if (!q)
        return EXIT_INTERNAL;
    q->json = strcmp(args_text(a, "format"), "json") == 0;
    int code = run_request(a, q);

    for (size_t i = 0; i < VERIFY_ANCHORS_MAX; i++)
        buf_free(&q->anchor_text[i]);
    free(q);
    return code;
}

static const struct option_spec options[] = {
    AUDIT_DIR_OPTION,
    {.name = "trust",
        .type = OPTION_LIST,
        .arg = "KEY",
        .help = "Verifier key of the log, or a file with it; keys that it was replaced by are followed"},
    {.name = "anchor", .type = OPTION_LIST, .arg = "FILE", .help = "A checkpoint of this log that was kept elsewhere: the log must still contain it"},
    {.name = "witness", .type = OPTION_LIST, .arg = "KEY", .help = "Verifier key of a witness that must have cosigned the checkpoint"},
    {.name = "proof", .type = OPTION_TEXT, .arg = "FILE", .help = "Verify one record by this proof file and --entry, without the log"},
    {.name = "entry", .type = OPTION_TEXT, .arg = "FILE", .help = "The record that --proof is about"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "text|json",
        .fallback = "text",
        .env = "SPANGATE_FORMAT",
        .help = "json: the result as an object"},
    {0},
};

const struct command cmd_audit_verify = {
    .name = "audit verify",
    .usage = "[DIR] --trust KEY [--anchor FILE]... | --proof FILE --entry FILE --trust KEY",
    .summary = "Verify the audit log",
    .text = "Needs only the files and the public key: works on the log of a running gate, and on a copy. Every entry and every hash is read once, "
            "whatever "
            "the "
            "size. When something does not fit, all problems are told, and the first bad leaf.\n\n"
            "To copy the log of a running gate, copy the file checkpoint first, then the folder tile.\n\n"
            "Exit code 0: everything fits; 5: it was changed, cut, rolled back or signed by somebody else.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
