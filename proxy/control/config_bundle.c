/*
 * A bundle that is in force leaves its revision beside the journal, so that an older one is refused whatever its signature. A file that cannot be read there
 * counts as one that says no.
 */
#include "config_bundle_int.h"

#include <stdio.h>

#include "base/log.h"
#include "base/secret.h"

#define STATE_MAX 256

/* A bundle where it is read now: the configured file, or what was kept of it. */
struct bundle_at {
    const char *path;
    struct err_pos pos;
};

static enum rc
read_beside(const char *path, const char *suffix, size_t max, struct buf *out)
{
    char name[4096];
    int n = snprintf(name, sizeof(name), "%s%s", path, suffix);

    return n < 0 || (size_t)n >= sizeof(name) ? RC_IO : file_read(name, max, out);
}

/* ---- trust ---- */

static enum rc
read_keys(const struct config *c, struct minisign_public *keys, struct errs *es)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < c->trust_key_count; i++) {
        struct buf text = BUF_INIT(MINISIGN_TEXT_MAX);
        enum rc got = file_read(c->trust_keys[i].file, MINISIGN_TEXT_MAX, &text);

        if (got == RC_OK)
            got = minisign_read_public(buf_str(&text), &keys[i]);
        if (got != RC_OK) {
            errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_VALUE, c->trust_keys[i].pos, "%s is no public key of minisign: %s", c->trust_keys[i].file,
                rc_text(got));
            rc = RC_CONFIG;
        }
        buf_free(&text);
    }
    return rc;
}

static enum rc
check_signature(const struct config *c, const struct bundle_at *at, struct str bytes, struct errs *es)
{
    struct minisign_public keys[CONFIG_TRUST_MAX];
    struct buf signature = BUF_INIT(MINISIGN_TEXT_MAX);
    struct str trusted;

    if (c->trust_key_count == 0) {
        err_hint(errs_add(es, ERR_WARNING, RC_CONFIG, SG_BUNDLE_SIGNATURE, at->pos, "the signature of the bundle is not checked"),
            "name the public keys under policies.trust.keys");
        return RC_OK;
    }
    enum rc rc = read_keys(c, keys, es);
    enum rc got = rc == RC_OK ? read_beside(at->path, BUNDLE_SIGNATURE, MINISIGN_TEXT_MAX, &signature) : RC_OK;

    if (rc == RC_OK)
        rc = bundle_trust((struct bundle_signers){keys, c->trust_key_count}, bytes, got == RC_OK ? buf_str(&signature) : (struct str){NULL, 0},
            at->pos, &trusted, es);
    buf_free(&signature);
    return rc;
}

/* ---- revisions ---- */

static bool
state_path(const struct config *c, const struct bundle *b, char path[4096])
{
    int n = snprintf(path, 4096, "%s/bundle-%.*s.state", c->journal.dir, (int)b->name.len, b->name.ptr);

    return n > 0 && n < 4096;
}

/* "REVISION SHA256": what was in force last. */
static bool
state_read(struct str text, uint64_t *revision, struct str *sum)
{
    struct str line = str_trim(text);
    size_t blank = str_find(line, STR(" "));

    if (blank == SIZE_MAX || !str_to_u64(str_sub(line, 0, blank), revision))
        return false;
    *sum = str_sub(line, blank + 1, line.len);
    return sum->len == 2 * SHA256_SIZE;
}

static enum rc
check_revision(const struct config *c, const struct bundle_at *at, const struct bundle *b, struct errs *es)
{
    struct buf text = BUF_INIT(STATE_MAX);
    char path[4096];
    uint64_t last = 0;
    struct str sum = STR("");
    enum rc rc = state_path(c, b, path) ? file_read(path, STATE_MAX, &text) : RC_IO;
    bool known = rc == RC_OK && state_read(buf_str(&text), &last, &sum), first = rc == RC_NOT_FOUND;
    bool same = known && last == b->revision && str_eq(sum, str_of(b->sha256));

    rc = RC_OK;
    if (!first && !known) {
        errs_add(
            es, ERR_ERROR, RC_CONFIG, SG_BUNDLE_REVISION, at->pos, "the bundle is refused: %s cannot be read, which names the revision before", path);
        rc = RC_CONFIG;
    } else if (known && !same && b->revision <= last) {
        enum err_level level = c->trust_rollback == TRUST_REFUSE ? ERR_ERROR : ERR_WARNING;

        err_hint(errs_add(es, level, RC_CONFIG, SG_BUNDLE_REVISION, at->pos, "the bundle %.*s has revision %llu, %llu was in force before",
                     (int)b->name.len, b->name.ptr, (unsigned long long)b->revision, (unsigned long long)last),
            "pack it with a higher revision");
        rc = level == ERR_ERROR ? RC_CONFIG : RC_OK;
    }
    buf_free(&text);
    return rc;
}

/* ---- the last good one ---- */

/* Beside the journal, named after the path, which may hold bundles of changing names. */
static bool
kept_path(const struct config *c, const char *path, const char *suffix, char out[4096])
{
    uint8_t sum[SHA256_SIZE];
    char hex[17] = {0};

    if (digest_sha256(str_of(path), sum) != RC_OK)
        return false;
    digest_hex((struct str){(const char *)sum, 8}, hex);
    int n = snprintf(out, 4096, "%s/bundle-%s.tar.gz%s", c->journal.dir, hex, suffix);

    return n > 0 && n < 4096;
}

/* Only the very bytes that are in force are kept: the file may have been replaced since. */
static enum rc
keep(const struct config *c, const struct bundle *b)
{
    struct buf bytes = BUF_INIT(BUNDLE_BYTES_MAX), signature = BUF_INIT(MINISIGN_TEXT_MAX);
    uint8_t sum[SHA256_SIZE];
    char to[4096], hex[2 * SHA256_SIZE];
    enum rc rc = b->path ? file_read(b->path, BUNDLE_BYTES_MAX, &bytes) : RC_NOT_FOUND;

    if (rc == RC_OK)
        rc = digest_sha256(buf_str(&bytes), sum);
    if (rc == RC_OK) {
        digest_hex((struct str){(const char *)sum, sizeof(sum)}, hex);
        rc = str_eq((struct str){hex, sizeof(hex)}, str_of(b->sha256)) && kept_path(c, b->path, "", to) ? RC_OK : RC_INTEGRITY;
    }
    if (rc == RC_OK)
        rc = file_write_atomic(to, buf_str(&bytes), 0600);
    if (rc == RC_OK && read_beside(b->path, BUNDLE_SIGNATURE, MINISIGN_TEXT_MAX, &signature) == RC_OK && kept_path(c, b->path, BUNDLE_SIGNATURE, to))
        rc = file_write_atomic(to, buf_str(&signature), 0600);
    buf_free(&bytes);
    buf_free(&signature);
    return rc;
}

/* ---- all of it ---- */

static enum rc
load_from(const struct config *c, const struct bundle_at *at, struct arena *ar, struct bundle *b, struct errs *es)
{
    struct buf bytes = BUF_INIT(BUNDLE_BYTES_MAX);
    enum rc rc = file_read(at->path, BUNDLE_BYTES_MAX, &bytes);

    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_SOURCE, at->pos, "the bundle %s cannot be read: %s", at->path, file_problem(rc));
    else
        rc = check_signature(c, at, buf_str(&bytes), es);
    if (rc == RC_OK)
        rc = bundle_open(buf_str(&bytes), at->pos, ar, b, es);
    if (rc == RC_OK)
        rc = check_revision(c, at, b, es);
    if (rc == RC_OK)
        rc = bundle_test(b, c->file, at->pos, es);
    buf_free(&bytes);
    return rc == RC_OK || rc == RC_NOMEM ? rc : RC_CONFIG;
}

enum rc
config_bundle_load(const struct config *c, const struct config_source *source, struct arena *ar, struct bundle *b, struct errs *es)
{
    const struct config_owner *o = (const struct config_owner *)(uintptr_t)c;
    struct bundle_at at = {source->bundle, source->pos};
    struct errs trial = {0};
    char kept[4096];
    enum rc rc;

    if (o->starting && load_from(c, &at, ar, b, &trial) == RC_CONFIG && kept_path(c, source->bundle, "", kept)) {
        const struct bundle_at last = {kept, source->pos};
        struct errs again = {0};

        rc = load_from(c, &last, ar, b, &again);
        errs_free(&again);
        if (rc == RC_OK) {
            err_hint(errs_add(es, ERR_WARNING, RC_CONFIG, SG_BUNDLE, source->pos, "revision %llu of the bundle, the last good one, is in force: %s",
                         (unsigned long long)b->revision, kept),
                "%s", trial.count ? trial.list[trial.count - 1].text : "");
            errs_free(&trial);
            return RC_OK;
        }
    }
    errs_free(&trial);
    rc = load_from(c, &at, ar, b, es);
    b->path = source->bundle;
    return rc;
}

void
config_bundles_accept(const struct config *c)
{
    const struct config_owner *o = (const struct config_owner *)(uintptr_t)c;

    for (size_t i = 0; i < o->bundle_count; i++) {
        const struct bundle *b = &o->bundles[i];
        char path[4096], line[STATE_MAX], name[65];
        int n = snprintf(line, sizeof(line), "%llu %s\n", (unsigned long long)b->revision, b->sha256);
        enum rc rc = state_path(c, b, path) ? file_write_atomic(path, (struct str){line, (size_t)n}, 0600) : RC_IO;

        if (rc == RC_OK && b->path)
            rc = keep(c, b);
        snprintf(name, sizeof(name), "%.*s", (int)b->name.len, b->name.ptr);
        log_event(LOG_BUNDLE_ACTIVE, LOG_STR("bundle", name), LOG_NUM("revision", b->revision), LOG_STR("sha256", b->sha256),
            LOG_STR("recorded", rc_label(rc)));
    }
}
