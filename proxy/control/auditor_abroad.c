/*
 * Checkpoints to others: witnesses, who cosign (c2sp.org/tlog-witness), and anchors, which keep a copy. That the log was rolled back shows nowhere else. Whoever does not
 * answer is left alone for a while; the log goes on.
 */
#include "auditor_int.h"

#include <stdio.h>

#include "base/log.h"
#include "base/secret.h"
#include "egress/http_post.h"

#define ANSWER_MS 3000
#define PAUSE_FIRST_US 1000000u
#define PAUSE_MAX_US (UINT64_C(60) * 1000000)
#define WITNESS_PROOF_MAX 63 /* tlog-witness "add-checkpoint" */

static bool
is_due(const struct auditor *a, const struct abroad *x)
{
    return clock_mono_us(a->o.clock) >= x->due_us;
}

static void
went(struct auditor *a, struct abroad *x, const char *kind, const char *where, enum rc rc)
{
    metric_add(metric_get(M_AUDIT_ABROAD, (const char *const[]){kind, rc == RC_OK ? "ok" : "failed"}, 2), 1);
    x->fine = rc == RC_OK;
    x->why = rc;
    if (rc == RC_OK)
        x->ok++;
    else
        x->failed++;
    if (rc == RC_OK) {
        x->pause_us = x->due_us = 0;
        return;
    }
    if (x->pause_us == 0)
        log_event(LOG_AUDIT_ABROAD, LOG_STR("kind", kind), LOG_STR("to", where), LOG_STR("reason", rc_label(rc)));
    x->pause_us = x->pause_us ? x->pause_us * 2 : PAUSE_FIRST_US;
    if (x->pause_us > PAUSE_MAX_US)
        x->pause_us = PAUSE_MAX_US;
    x->due_us = clock_mono_us(a->o.clock) + x->pause_us;
}

/* -- witnesses -------------------------------------------------------------------------------------------------------------------- */

static enum rc
write_question(struct auditor *a, uint64_t old, struct str note, struct buf *out)
{
    struct tree_proof proof;
    enum rc rc = writer_prove(a->writer, old, &proof);

    if (rc == RC_OK && proof.count > WITNESS_PROOF_MAX)
        rc = RC_LIMIT;
    if (rc == RC_OK)
        rc = buf_printf(out, "old %llu\n", (unsigned long long)old);
    for (unsigned i = 0; i < proof.count && rc == RC_OK; i++)
        rc = note_hash_print(&proof.hash[i], out);
    if (rc == RC_OK)
        rc = buf_append_byte(out, '\n');
    return rc == RC_OK ? buf_append(out, note) : rc;
}

/* Whether the note with this line is cosigned by the witness. */
static bool
is_cosigned(struct str note, struct str line, const struct note_key *key)
{
    struct buf text = BUF_INIT(NOTE_MAX);
    struct note n;
    bool ok = buf_append(&text, note) == RC_OK && buf_append(&text, line) == RC_OK && note_parse(buf_str(&text), &n) == RC_OK &&
              note_check(&n, key, NULL) == RC_OK;

    buf_free(&text);
    return ok;
}

/* One line, the first that is good: a witness that sends many must not fill the note. */
static enum rc
take_cosignature(struct str lines, const struct note_key *key, struct buf *note)
{
    while (lines.len) {
        const char *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.ptr) + 1 : lines.len;
        struct str line = str_sub(lines, 0, len);

        lines = str_sub(lines, len, lines.len);
        if (end && is_cosigned(buf_str(note), line, key))
            return buf_append(note, line);
    }
    return RC_INTEGRITY;
}

static enum rc
ask_once(struct auditor *a, const struct config_witness *w, struct abroad *x, struct buf *note, struct http_reply *r)
{
    char url[2048];
    struct buf body = BUF_INIT((size_t)2 * NOTE_MAX);
    enum rc rc = write_question(a, x->size, buf_str(note), &body);

    snprintf(url, sizeof(url), "%s/add-checkpoint", w->url);
    if (rc == RC_OK)
        rc = http_post(&(struct http_post){url, "text/plain; charset=utf-8", buf_str(&body), ANSWER_MS}, r);
    buf_free(&body);
    return rc;
}

/* RC_INTEGRITY: the witness has seen a longer log than ours. RC_AGAIN: it told the size that it knows. */
static enum rc
ask(struct auditor *a, const struct config_witness *w, struct abroad *x, struct buf *note)
{
    uint64_t size = writer_size(a->writer), known;
    struct http_reply r;
    enum rc rc = ask_once(a, w, x, note, &r);

    if (rc != RC_OK)
        return rc;
    if (r.status == 200) {
        rc = take_cosignature(buf_str(&r.body), &w->parsed, note) == RC_OK ? RC_OK : RC_REJECTED;
        if (rc == RC_OK)
            x->size = x->got = size;
    } else if (r.status == 409 && str_to_u64(str_trim(buf_str(&r.body)), &known)) {
        rc = known > size ? RC_INTEGRITY : known == x->size ? RC_REJECTED : RC_AGAIN;
        x->size = rc == RC_AGAIN ? known : x->size;
    } else {
        rc = RC_REJECTED;
    }
    buf_free(&r.body);
    return rc;
}

enum rc
auditor_ask_witnesses(struct auditor *a, struct buf *note)
{
    const struct config *c = a->o.config;

    for (size_t i = 0; i < c->audit.witness_count; i++) {
        const struct config_witness *w = &c->audit.witnesses[i];
        struct abroad *x = &a->witness[i];

        if (!is_due(a, x))
            continue;
        enum rc rc = ask(a, w, x, note);

        if (rc == RC_AGAIN)
            rc = ask(a, w, x, note);
        went(a, x, "witness", w->url, rc == RC_AGAIN ? RC_BUSY : rc);
        if (rc == RC_INTEGRITY)
            return rc;
    }
    return RC_OK;
}

/* -- anchors ---------------------------------------------------------------------------------------------------------------------- */

static enum rc
give(const struct config_anchor *to, struct str note)
{
    struct http_reply r;

    if (to->file)
        return file_write_atomic(to->file, note, 0644);
    enum rc rc = http_post(&(struct http_post){to->url, "text/plain; charset=utf-8", note, ANSWER_MS}, &r);

    if (rc != RC_OK)
        return rc;
    buf_free(&r.body);
    return r.status >= 200 && r.status < 300 ? RC_OK : RC_REJECTED;
}

void
auditor_give_to_anchors(struct auditor *a, bool all)
{
    const struct config *c = a->o.config;

    for (size_t i = 0; i < c->audit.anchor_count; i++) {
        const struct config_anchor *to = &c->audit.anchors[i];
        struct abroad *x = &a->anchor[i];

        if ((!all && !is_due(a, x)) || x->size == writer_published(a->writer)->size)
            continue;
        enum rc rc = give(to, writer_note(a->writer));

        went(a, x, "anchor", to->file ? to->file : to->url, rc);
        if (rc == RC_OK) {
            x->size = x->got = writer_published(a->writer)->size;
            x->due_us = clock_mono_us(a->o.clock) + to->every_ms * 1000;
        }
    }
}
