/*
 * What the auditor itself has to say in the log: that another key takes over, that entries were removed, which is done when a checkpoint covers that it was said; and who else
 * got checkpoints, or did not.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit/reader.h"
#include "audit/tile.h"
#include "auditor_int.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"

#define KEYS "keys"
#define BUNDLES_A_ROUND 20000 /* five million entries */

void
own_entry_free(struct own_entry *e)
{
    buf_free(&e->head);
    buf_free(&e->tail);
}

static void
on_committed(struct journal_tx *tx)
{
    struct own_entry *e = (struct own_entry *)tx;

    e->state = tx->rc == RC_OK ? OWN_COMMITTED : OWN_NONE; /* refused: it is said again when it is looked for again */
    own_entry_free(e);
}

static struct json
begin(struct own_entry *e)
{
    e->head = BUF_INIT(4096);
    e->tail = BUF_INIT(256);
    struct json j = json_begin_canonical(&e->head);

    json_object(&j, NULL);
    return j;
}

static void
post(struct auditor *a, struct own_entry *e, struct json *j, const char *type)
{
    if (j->rc != RC_OK || buf_printf(&e->tail, ",\"type\":\"%s\",\"v\":1}", type) != RC_OK) {
        own_entry_free(e);
        return;
    }
    e->auditor = a;
    e->entry = (struct journal_entry){buf_str(&e->head), buf_str(&e->tail)};
    e->tx = (struct journal_tx){.loop = a->loop, .entries = &e->entry, .entry_count = 1, .on_done = on_committed};
    e->state = OWN_POSTED;
    journal_post(a->o.journal, &e->tx);
}

/* -- keys ------------------------------------------------------------------------------------------------------------------------- */

static void
say_rotation(struct auditor *a, const struct note_key *next)
{
    struct buf now = BUF_INIT(1024), then = BUF_INIT(1024);

    if (note_key_print(next, &then) == RC_OK && note_key_print(&a->signer.key, &now) == RC_OK) {
        struct json j = begin(&a->rotation);

        json_cstr(&j, "build", a->o.build);
        json_object(&j, "key");
        json_text(&j, "new", buf_str(&then));
        json_text(&j, "old", buf_str(&now));
        json_close_object(&j);
        json_cstr(&j, "node", a->o.config->node);
        json_cstr(&j, "outcome", "replaced");
        json_cstr(&j, "reason", "a new key takes over");
        post(a, &a->rotation, &j, "key.rotate");
    }
    buf_free(&now);
    buf_free(&then);
}

void
auditor_look_for_key(struct auditor *a)
{
    struct note_key next;

    if (a->rotation.state != OWN_NONE)
        return;
    enum rc rc = signer_next_key(&a->signer, &next);

    if (rc == RC_OK)
        say_rotation(a, &next);
    else if (rc == RC_INTEGRITY)
        log_event(LOG_AUDIT_FAILED, LOG_STR("file", a->key_file), LOG_STR("problem", "the next key is no signer key of this log"));
}

/* keys/<id>: the proof under the present key that it named its successor, and the entry. */
static enum rc
keep_proof(const struct auditor *a, struct reader *r)
{
    char path[4300];
    struct buf proof = BUF_INIT((size_t)2 * NOTE_MAX), entry = BUF_INIT((size_t)2 * NOTE_MAX);
    enum rc rc = reader_prove(r, a->rotation.tx.seq, &proof);

    if (rc == RC_OK)
        rc = reader_entry(r, a->rotation.tx.seq, &entry);
    snprintf(path, sizeof(path), "%s/" KEYS, a->o.config->audit.dir);
    if (rc == RC_OK)
        rc = file_make_folder(path, 0755);
    snprintf(path, sizeof(path), "%s/" KEYS "/%08x.entry", a->o.config->audit.dir, a->signer.key.id);
    if (rc == RC_OK)
        rc = file_write_atomic(path, buf_str(&entry), 0644);
    snprintf(path, sizeof(path), "%s/" KEYS "/%08x", a->o.config->audit.dir, a->signer.key.id);
    if (rc == RC_OK)
        rc = file_write_atomic(path, buf_str(&proof), 0644);
    buf_free(&proof);
    buf_free(&entry);
    return rc;
}

static enum rc
rotate(struct auditor *a)
{
    struct errs es = {0};
    struct reader *r = NULL;
    char id[16];
    enum rc rc = reader_open(a->o.config->audit.dir, &r, &es);

    if (rc == RC_OK)
        rc = keep_proof(a, r);
    reader_close(r);
    errs_free(&es);
    a->rotation.state = OWN_NONE;
    if (rc == RC_OK)
        rc = signer_switch(&a->signer);
    if (rc == RC_NOT_FOUND) /* the file was taken away again */
        return RC_OK;
    if (rc != RC_OK)
        return rc;
    snprintf(id, sizeof(id), "%08x", a->signer.key.id);
    log_event(LOG_AUDIT_KEY, LOG_STR("id", id));
    return auditor_publish(a);
}

/* -- checkpoints elsewhere --------------------------------------------------------------------------------------------------------- */

/* Each such entry makes another checkpoint, which goes abroad again: so they are few. */
#define TELL_EVERY_US (UINT64_C(3600) * 1000000)
#define TELL_CHANGE_US (UINT64_C(60) * 1000000)

static bool
has_to_tell(const struct auditor *a, struct abroad *x, bool all)
{
    uint64_t now = clock_mono_us(a->o.clock);

    if (x->entry.state == OWN_COMMITTED) {
        x->ok -= x->told_ok;
        x->failed -= x->told_failed;
        x->entry.state = OWN_NONE;
    }
    if (x->entry.state != OWN_NONE || x->ok + x->failed == 0)
        return false;
    uint64_t pause = !x->told || all ? 0 : x->fine != x->told_fine ? TELL_CHANGE_US : TELL_EVERY_US;

    return pause == 0 || now - x->told_us >= pause;
}

/* An address without what may be a secret: no user, no query. */
static struct str
place_of(const char *where, char *out, size_t size)
{
    struct str s = str_of(where);
    size_t scheme = str_find(s, STR("://")), query = str_find(s, STR("?"));

    if (scheme == SIZE_MAX)
        return s;
    s = str_sub(s, 0, query == SIZE_MAX ? s.len : query);
    struct str rest = str_sub(s, scheme + 3, s.len);
    size_t slash = str_find(rest, STR("/")), at = str_find(str_sub(rest, 0, slash == SIZE_MAX ? rest.len : slash), STR("@"));

    if (at != SIZE_MAX)
        rest = str_sub(rest, at + 1, rest.len);
    int n = snprintf(out, size, "%.*s://%.*s", (int)scheme, s.ptr, (int)rest.len, rest.ptr);

    return n > 0 && (size_t)n < size ? (struct str){out, (size_t)n} : STR("");
}

static void
tell_of(struct auditor *a, struct abroad *x, const char *kind, const char *where)
{
    struct json j = begin(&x->entry);
    char place[2048];

    json_object(&j, "anchor");
    json_u64(&j, "failed", x->failed);
    json_cstr(&j, "kind", kind);
    json_u64(&j, "ok", x->ok);
    json_u64(&j, "size", x->got);
    json_text(&j, "to", place_of(where, place, sizeof(place)));
    json_close_object(&j);
    json_cstr(&j, "build", a->o.build);
    json_cstr(&j, "node", a->o.config->node);
    json_cstr(&j, "outcome", x->fine ? "written" : "failed");
    json_cstr(&j, "reason", rc_label(x->why));
    x->told = true;
    x->told_fine = x->fine;
    x->told_ok = x->ok;
    x->told_failed = x->failed;
    x->told_us = clock_mono_us(a->o.clock);
    post(a, &x->entry, &j, "checkpoint.anchor");
}

void
auditor_tell_of_abroad(struct auditor *a, bool all)
{
    const struct config *c = a->o.config;

    for (size_t i = 0; i < c->audit.witness_count; i++)
        if (has_to_tell(a, &a->witness[i], all))
            tell_of(a, &a->witness[i], "witness", c->audit.witnesses[i].url);
    for (size_t i = 0; i < c->audit.anchor_count; i++)
        if (has_to_tell(a, &a->anchor[i], all))
            tell_of(a, &a->anchor[i], c->audit.anchors[i].file ? "file" : "url",
                c->audit.anchors[i].file ? c->audit.anchors[i].file : c->audit.anchors[i].url);
}

/* -- retention -------------------------------------------------------------------------------------------------------------------- */

/* "ts" of an entry; quotes inside of JSON strings are escaped, so that this is the key. */
static struct str
time_of(struct str entry)
{
    size_t at = str_find(entry, STR(",\"ts\":\""));

    if (at == SIZE_MAX || entry.len - at < 7 + CLOCK_RFC3339_SIZE - 1)
        return (struct str){NULL, 0};
    return str_sub(entry, at + 7, at + 7 + CLOCK_RFC3339_SIZE - 1);
}

/* The first entry that is young enough, as far as whole bundles go. */
static uint64_t
first_young(struct auditor *a, struct reader *r, const char *before)
{
    uint64_t until = reader_first(r), size = reader_checkpoint(r)->tree.size;
    struct buf entry = BUF_INIT((size_t)1 << 17);

    for (unsigned i = 0; i < BUNDLES_A_ROUND && until + TILE_WIDTH < size; i++) {
        buf_clear(&entry);
        if (reader_entry(r, until + TILE_WIDTH - 1, &entry) != RC_OK)
            break;
        struct str ts = time_of(buf_str(&entry));

        if (ts.len && str_cmp(ts, str_of(before)) >= 0)
            break;
        until += TILE_WIDTH;
    }
    (void)a;
    buf_free(&entry);
    return until;
}

static void
say_retention(struct auditor *a, const char *before, uint64_t until)
{
    struct json j = begin(&a->retention);

    json_cstr(&j, "build", a->o.build);
    json_cstr(&j, "node", a->o.config->node);
    json_cstr(&j, "outcome", "removed");
    json_cstr(&j, "reason", "beyond the period of retention");
    json_object(&j, "retention");
    json_cstr(&j, "before", before);
    json_u64(&j, "until", until);
    json_close_object(&j);
    a->retention_until = until;
    post(a, &a->retention, &j, "retention");
}

void
auditor_look_for_old_entries(struct auditor *a)
{
    uint64_t wall = clock_wall_us(a->o.clock), age = a->o.config->audit.retention_ms * 1000;
    char before[CLOCK_RFC3339_SIZE];
    struct errs es = {0};
    struct reader *r;

    if (age == 0 || age > wall || a->retention.state != OWN_NONE || reader_open(a->o.config->audit.dir, &r, &es) != RC_OK) {
        errs_free(&es);
        return;
    }
    clock_rfc3339(wall - age, before);
    uint64_t until = first_young(a, r, before);

    if (until > reader_first(r))
        say_retention(a, before, until);
    reader_close(r);
    errs_free(&es);
}

static enum rc
remove_old(struct auditor *a)
{
    a->retention.state = OWN_NONE;
    enum rc rc = writer_keep_from(a->writer, a->retention_until, a->retention.tx.seq);

    if (rc == RC_OK)
        log_event(LOG_AUDIT_RETENTION, LOG_NUM("until", a->retention_until));
    return rc;
}

enum rc
auditor_go_on(struct auditor *a)
{
    uint64_t size = writer_published(a->writer)->size;
    enum rc rc = RC_OK;

    if (a->retention.state == OWN_COMMITTED && a->retention.tx.seq < size)
        rc = remove_old(a);
    if (rc == RC_OK && a->rotation.state == OWN_COMMITTED && a->rotation.tx.seq < size)
        rc = rotate(a);
    return rc;
}
