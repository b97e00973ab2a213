#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/verify.h"
#include "base/secret.h"
#include "control/signer.h"

#define NEXT ".next"
#define OLD ".old"

static enum rc
complain(struct errs *es, const char *file, enum rc rc, const char *what)
{
    errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = file}, "audit signer: %s", what);
    return rc;
}

/* RC_NOT_FOUND, RC_CONFIG. */
static enum rc
load_key(const char *path, struct note_signer *signer)
{
    struct buf text = BUF_INIT(8192);
    enum rc rc = buf_reserve(&text, text.max); /* at once: growing would leave copies behind */

    if (rc == RC_OK)
        rc = file_read(path, 4096, &text);
    if (rc == RC_OK && note_signer_parse(str_trim(buf_str(&text)), signer) != RC_OK)
        rc = RC_CONFIG;
    buf_free_wipe(&text);
    return rc;
}

static enum rc
load_next(const struct signer_core *c, struct note_signer *next)
{
    char path[4200];

    snprintf(path, sizeof(path), "%s" NEXT, c->key_file);
    enum rc rc = load_key(path, next);

    if (rc == RC_OK && strcmp(next->key.name, c->signer.key.name) != 0)
        rc = RC_CONFIG;
    return rc;
}

/* Never over a file that is there: a key that is lost cannot be had again. */
static enum rc
write_new(const char *path, struct str text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

    if (fd < 0)
        return errno == EEXIST ? RC_DUPLICATE : RC_IO;
    bool ok = write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;

    ok = close(fd) == 0 && ok;
    return ok ? RC_OK : RC_IO;
}

enum rc
signer_make_key(const char *origin, const char *path, struct note_key *key)
{
    struct note_signer s;
    struct buf text = BUF_INIT(4096);
    enum rc rc = note_signer_make(str_of(origin), NOTE_ED25519, &s);

    if (rc != RC_OK)
        return rc;
    rc = buf_reserve(&text, text.max);
    if (rc == RC_OK)
        rc = note_signer_print(&s, &text);
    if (rc == RC_OK)
        rc = buf_append_byte(&text, '\n');
    if (rc == RC_OK)
        rc = write_new(path, buf_str(&text));
    if (rc == RC_OK)
        *key = s.key;
    buf_free_wipe(&text);
    note_signer_wipe(&s);
    return rc;
}

/* A file that was overwritten is gone from most disks; from all, once nothing points to it. */
static void
erase_file(const char *path)
{
    char zeros[4096] = {0};
    struct stat st;

    (void)chmod(path, 0600);
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= (off_t)sizeof(zeros) && write(fd, zeros, (size_t)st.st_size) == st.st_size)
        (void)fsync(fd);
    close(fd);
}

static enum rc
note_of(const struct signer_core *c, const struct note_signer *by, const struct tree_state *t, struct buf *note, struct buf *line)
{
    const struct checkpoint cp = {.origin = str_of(c->signer.key.name), .tree = *t};
    enum rc rc = checkpoint_print(&cp, note);

    if (rc == RC_OK)
        rc = note_sign(by, buf_str(note), 0, line);
    if (rc == RC_OK)
        rc = buf_append_byte(note, '\n');
    return rc == RC_OK ? buf_append(note, buf_str(line)) : rc;
}

/* On disk before the signature goes out: what was given away is never forgotten. */
static enum rc
sign_state(const struct signer_core *c, const struct note_signer *by, const struct tree_state *t, struct buf *line)
{
    struct buf note = BUF_INIT(NOTE_MAX);
    enum rc rc = note_of(c, by, t, &note, line);

    if (rc == RC_OK)
        rc = file_write_atomic(c->state_file, buf_str(&note), 0600);
    buf_free(&note);
    return rc;
}

/* The next key takes over: the old verifier key and the state, signed by the new key, first; then its file, over the old one. */
static enum rc
take_over(struct signer_core *c, const struct note_signer *next)
{
    char path[4200];
    struct buf line = BUF_INIT(NOTE_MAX), old = BUF_INIT(4096);
    enum rc rc = note_key_print(&c->signer.key, &old);

    snprintf(path, sizeof(path), "%s" OLD, c->state_file);
    if (rc == RC_OK)
        rc = file_write_atomic(path, buf_str(&old), 0600);
    if (rc == RC_OK)
        rc = sign_state(c, next, &c->last, &line);
    buf_free(&line);
    buf_free(&old);
    if (rc != RC_OK)
        return rc;
    erase_file(c->key_file);
    snprintf(path, sizeof(path), "%s" NEXT, c->key_file);
    if (rename(path, c->key_file) != 0)
        return RC_IO;
    c->old = c->signer.key;
    note_signer_wipe(&c->signer);
    c->signer = *next;
    return RC_OK;
}

static void
load_old(struct signer_core *c)
{
    char path[4200];
    struct buf text = BUF_INIT(4096);

    snprintf(path, sizeof(path), "%s" OLD, c->state_file);
    if (file_read(path, 2048, &text) != RC_OK || note_key_parse(str_trim(buf_str(&text)), &c->old) != RC_OK)
        c->old = (struct note_key){0};
    buf_free(&text);
}

/* Erased, but its successor is not in its place yet. */
static bool
is_erased(const char *path)
{
    struct buf text = BUF_INIT(8192);
    bool erased = file_read(path, 4096, &text) == RC_OK && text.len > 0 && text.ptr[0] == 0;

    buf_free_wipe(&text);
    return erased;
}

static enum rc
finish_switch(const char *key_file)
{
    char path[4200];

    snprintf(path, sizeof(path), "%s" NEXT, key_file);
    return rename(path, key_file) == 0 ? RC_OK : RC_IO;
}

static enum rc
load_state(struct signer_core *c, struct errs *es)
{
    struct buf text = BUF_INIT((size_t)NOTE_MAX + 1);
    struct note_signer next;
    struct checkpoint last;
    enum rc rc = file_read(c->state_file, NOTE_MAX, &text);

    if (rc == RC_NOT_FOUND) {
        buf_free(&text);
        return RC_OK;
    }
    if (rc == RC_OK)
        rc = verify_note(buf_str(&text), &c->signer.key, 1, &last, NULL);
    if (rc == RC_OK)
        c->last = last.tree;
    if (rc == RC_NOT_FOUND && load_next(c, &next) == RC_OK && verify_note(buf_str(&text), &next.key, 1, &last, NULL) == RC_OK) {
        c->last = last.tree; /* it was to take over when we were stopped */
        rc = take_over(c, &next);
        note_signer_wipe(&next);
    }
    buf_free(&text);
    return rc == RC_OK ? RC_OK : complain(es, c->state_file, RC_INTEGRITY, "what it signed last cannot be read, or is not its own");
}

enum rc
signer_load(struct signer_core *c, const char *key_file, const char *state_file, struct errs *es)
{
    *c = (struct signer_core){.key_file = key_file};
    int n = state_file ? snprintf(c->state_file, sizeof(c->state_file) - 64, "%s", state_file)
                       : snprintf(c->state_file, sizeof(c->state_file) - 64, "%s.state", key_file);

    if (n < 0 || (size_t)n >= sizeof(c->state_file) - 64)
        return complain(es, key_file, RC_CONFIG, "the path is too long");
    if (is_erased(key_file) && finish_switch(key_file) != RC_OK)
        return complain(es, key_file, RC_CONFIG, "the key was erased, and there is no other");
    enum rc rc = load_key(key_file, &c->signer);

    if (rc == RC_NOT_FOUND)
        return complain(es, key_file, RC_CONFIG, "there is no such file; spangate audit keygen makes one");
    if (rc != RC_OK)
        return complain(es, key_file, RC_CONFIG, rc == RC_CONFIG ? "this is no signer key" : "the key cannot be read");
    load_old(c);
    return load_state(c, es);
}

void
signer_unload(struct signer_core *c)
{
    note_signer_wipe(&c->signer);
}

/* -- requests --------------------------------------------------------------------------------------------------------------------- */

static struct str
next_line(struct str *rest)
{
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    struct str line = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};

    *rest = end ? str_sub(*rest, line.len + 1, rest->len) : str_sub(*rest, rest->len, rest->len);
    return line;
}

static enum rc
refuse(struct buf *answer, const char *word)
{
    buf_clear(answer);
    return buf_printf(answer, "refused %s\n", word);
}

/* What is on disk may be older than what we signed last (its publication was cut off), never newer or other. */
static enum rc
on_hello(struct signer_core *c, struct str note, struct buf *answer)
{
    const struct note_key keys[] = {c->signer.key, c->old};
    struct checkpoint disk;
    enum rc rc = RC_OK;

    if (note.len) {
        if (verify_note(note, keys, *c->old.name ? 2 : 1, &disk, NULL) != RC_OK)
            return refuse(answer, "key");
        if (disk.tree.size == c->last.size && c->last.size && !tree_equal(&disk.tree.root, &c->last.root))
            return refuse(answer, "inconsistent");
        if (disk.tree.size > c->last.size)
            c->last = disk.tree;
    }
    rc = buf_append(answer, STR("key "));
    if (rc == RC_OK)
        rc = note_key_print(&c->signer.key, answer);
    if (rc == RC_OK)
        rc = buf_append(answer, STR("\nold "));
    if (rc == RC_OK)
        rc = *c->old.name ? note_key_print(&c->old, answer) : buf_append(answer, STR("-"));
    if (rc == RC_OK)
        rc = buf_printf(answer, "\nsize %llu\nroot ", (unsigned long long)c->last.size);
    return rc == RC_OK ? note_hash_print(&c->last.root, answer) : rc;
}

static bool
read_sign(struct str text, uint64_t *old, struct tree_state *now, struct tree_proof *proof)
{
    struct str head = next_line(&text);
    unsigned long long a, b;
    char copy[128], root[64];

    if (head.len >= sizeof(copy))
        return false;
    memcpy(copy, head.ptr, head.len);
    copy[head.len] = 0;
    if (sscanf(copy, "%llu %llu %63s", &a, &b, root) != 3 || note_hash_parse(str_of(root), &now->root) != RC_OK) /* NOLINT(cert-err34-c) */
        return false;
    *old = a;
    now->size = b;
    for (proof->count = 0; text.len; proof->count++)
        if (proof->count == TREE_PROOF_MAX || note_hash_parse(next_line(&text), &proof->hash[proof->count]) != RC_OK)
            return false;
    return true;
}

static enum rc
on_sign(struct signer_core *c, struct str text, struct buf *answer)
{
    struct tree_state now;
    struct tree_proof proof;
    uint64_t old;

    if (!read_sign(text, &old, &now, &proof))
        return refuse(answer, "malformed");
    if (old != c->last.size)
        return refuse(answer, "size");
    if (c->last.size ? tree_check_consistency(&c->last, &now, &proof) != RC_OK : proof.count != 0)
        return refuse(answer, "inconsistent");
    enum rc rc = buf_append(answer, STR("signed "));

    if (rc == RC_OK) {
        struct buf line = BUF_INIT(NOTE_MAX);

        rc = sign_state(c, &c->signer, &now, &line);
        if (rc == RC_OK)
            rc = buf_append(answer, buf_str(&line));
        buf_free(&line);
    }
    if (rc != RC_OK)
        return refuse(answer, rc_label(rc));
    c->last = now;
    return RC_OK;
}

static enum rc
answer_key(const struct note_key *key, struct buf *answer)
{
    enum rc rc = buf_append(answer, STR("key "));

    if (rc == RC_OK)
        rc = note_key_print(key, answer);
    return rc == RC_OK ? buf_append_byte(answer, '\n') : rc;
}

static enum rc
on_next(struct signer_core *c, bool take, struct buf *answer)
{
    struct note_signer next = {0};
    enum rc rc = load_next(c, &next);

    if (rc == RC_NOT_FOUND)
        return buf_append(answer, STR("none\n"));
    if (rc == RC_OK && take)
        rc = take_over(c, &next);
    rc = rc == RC_OK ? answer_key(&next.key, answer) : refuse(answer, rc_label(rc));
    note_signer_wipe(&next);
    return rc;
}

enum rc
signer_answer(struct signer_core *c, struct str request, struct buf *answer)
{
    if (str_starts(request, STR("hello ")))
        return on_hello(c, str_sub(request, 6, request.len), answer);
    if (str_starts(request, STR("sign ")))
        return on_sign(c, str_sub(request, 5, request.len), answer);
    if (str_eq(request, STR("next")))
        return on_next(c, false, answer);
    if (str_eq(request, STR("switch")))
        return on_next(c, true, answer);
    return refuse(answer, "unknown");
}
