#include "flow/gate.h"

#include <stdlib.h>

#include "codec/otlp_json.h"
#include "gate_int.h"

#define ARENA_MAX ((size_t)1 << 30) /* an index takes about three times its body; the limits of batch_index come first */
#define ARENA_KEEP ((size_t)6 << 20)
#define BUFFER_KEEP ((size_t)2 << 20)

struct gate_worker *
gate_worker_new(struct snapshot *snap)
{
    struct gate_worker *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->snap = snapshot_ref(snap);
    w->ex = examiner_new(snap->program);
    w->comp = compressor_new();
    w->ar = arena_new(ARENA_MAX);
    w->inflated = w->decoded = BUF_INIT(snap->max_body_bytes);
    w->enriched = w->plain = BUF_INIT((size_t)INT32_MAX);
    if (w->ex && w->comp && w->ar && gate_cells(w) == RC_OK)
        return w;
    gate_worker_free(w);
    return NULL;
}

void
gate_worker_free(struct gate_worker *w)
{
    if (!w)
        return;
    buf_free_wipe(&w->inflated);
    buf_free_wipe(&w->decoded);
    buf_free_wipe(&w->enriched);
    buf_free_wipe(&w->plain);
    free(w->rule_cells);
    arena_free(w->ar);
    compressor_free(w->comp);
    examiner_free(w->ex);
    snapshot_unref(w->snap);
    free(w);
}

enum rc
gate_worker_set(struct gate_worker *w, struct snapshot *snap, struct examiner *ex)
{
    struct snapshot *old = w->snap;

    w->snap = snapshot_ref(snap);
    enum rc rc = gate_cells(w);

    if (rc != RC_OK) {
        w->snap = old;
        snapshot_unref(snap);
        return rc;
    }
    examiner_free(w->ex);
    w->ex = ex;
    w->inflated.max = w->decoded.max = snap->max_body_bytes;
    snapshot_unref(old);
    return RC_OK;
}

static enum rc
step_inflate(struct gate_job *j)
{
    struct gate_worker *w = j->w;

    j->body = j->in->body;
    j->decoded_bytes = j->body.len;
    if (j->in->encoding == ENCODING_IDENTITY)
        return j->body.len > w->snap->max_body_bytes ? RC_TOO_LARGE : RC_OK;
    enum rc rc = compressor_inflate(w->comp, j->in->encoding, j->in->body, w->snap->max_body_bytes, &w->inflated);

    j->body = buf_str(&w->inflated);
    j->decoded_bytes = j->body.len;
    return rc;
}

static enum rc
step_decode(struct gate_job *j)
{
    if (j->in->transport != TRANSPORT_HTTP_JSON)
        return RC_OK;
    enum rc rc = otlp_json_decode(j->body, j->w->snap->limits.depth, &j->w->decoded, &j->unknown_fields);

    j->body = buf_str(&j->w->decoded);
    return rc;
}

static enum rc
step_index(struct gate_job *j)
{
    enum rc rc = batch_index(j->body, &j->w->snap->limits, j->w->ar, &j->b);

    if (rc != RC_OK)
        return rc;
    j->out->spans_in = j->b.span_count;
    j->unknown_fields += j->b.unknown_count;
    return RC_OK;
}

/* What is added is part of the batch from here on: it is routed, examined and redacted like what the sender sent. */
static enum rc
step_enrich(struct gate_job *j)
{
    struct edits added, unknown, merged;
    struct gate_worker *w = j->w;

    if (!enricher_active(w->snap->enricher))
        return RC_OK;
    edits_init(&added, w->ar);
    edits_init(&unknown, w->ar);
    enum rc rc = enricher_edits(w->snap->enricher, &j->b, w->ar, &added, &j->enriched);

    if (rc != RC_OK || j->enriched == 0)
        return rc;
    rc = edits_remove_unknown(&unknown, &j->b);
    if (rc == RC_OK)
        rc = edits_merge(&unknown, &added, w->ar, &merged);
    if (rc == RC_OK)
        rc = emit_batch(&j->b, &merged, &w->enriched);
    if (rc == RC_OK)
        rc = batch_index(buf_str(&w->enriched), &w->snap->limits, w->ar, &j->b);
    j->body = buf_str(&w->enriched);
    return rc;
}

static enum rc
step_examine(struct gate_job *j)
{
    return j->any ? examine_batch(j->w->ex, &j->b, j->w->ar, &j->findings) : RC_OK;
}

static enum rc
step_redact(struct gate_job *j)
{
    const struct program *prog = j->w->snap->program;
    unsigned classes = program_class_count(prog);
    enum rc rc = RC_OK;

    j->class_edits = arena_calloc(j->w->ar, classes, sizeof(*j->class_edits));
    j->reports = arena_calloc(j->w->ar, classes, sizeof(*j->reports));
    if (!j->class_edits || !j->reports)
        return RC_NOMEM;
    for (uint32_t d = 0; d < program_destination_count(prog) && rc == RC_OK; d++) {
        unsigned c = program_class(prog, d);

        if (!(j->any & 1u << d) || j->reports[c].counts)
            continue;
        edits_init(&j->class_edits[c], j->w->ar);
        rc = redact_edits(prog, &j->b, &j->findings, c, &j->class_edits[c], &j->reports[c]);
        if (rc == RC_OK)
            rc = edits_remove_unknown(&j->class_edits[c], &j->b);
        if (rc == RC_OK && !j->reports[c].counts)
            rc = RC_INTERNAL;
    }
    return rc;
}

/* Spans that a policy's on_error: drop_span took out are not in the payload: count what is there. */
static enum rc
count_spans(struct gate_job *j, struct str emitted, uint32_t *spans)
{
    struct batch b;
    enum rc rc = batch_index(emitted, &j->w->snap->limits, j->w->ar, &b);

    if (rc == RC_OK)
        *spans = b.span_count;
    return rc == RC_NOMEM ? rc : rc == RC_OK ? RC_OK : RC_INTERNAL;
}

/* The bytes of one destination: what it may have, redacted for its class, compressed as it wants. */
static enum rc
emit_destination(struct gate_job *j, uint32_t d)
{
    struct gate_worker *w = j->w;
    unsigned class = program_class(w->snap->program, d);
    struct gate_payload *p = &j->out->payload[j->out->payload_count];
    bool plain = w->snap->compression[d] == ENCODING_IDENTITY;
    struct edits selection, merged;

    edits_init(&selection, w->ar);
    *p = (struct gate_payload){.destination = d, .encoding = w->snap->compression[d], .bytes = BUF_INIT((size_t)INT32_MAX)};
    enum rc rc = gate_select(j, d, &selection, &p->spans);

    if (rc != RC_OK || p->spans == 0)
        return rc;
    rc = edits_merge(&selection, &j->class_edits[class], w->ar, &merged);
    if (rc != RC_OK)
        return rc;
    j->out->payload_count++; /* from here on gate_outcome_free has its buffer */
    gate_payload_origin(j, d, p->origin);
    struct buf *emitted = plain ? &p->bytes : &w->plain;

    buf_clear(emitted);
    rc = emit_batch(&j->b, &merged, emitted);
    if (rc == RC_OK && j->reports[class].spans_dropped)
        rc = count_spans(j, buf_str(emitted), &p->spans);
    if (rc == RC_OK && p->spans == 0) {
        buf_free_wipe(&p->bytes);
        j->out->payload_count--;
        return RC_OK;
    }
    return rc == RC_OK && !plain ? compressor_deflate(w->comp, p->encoding, buf_str(emitted), &p->bytes) : rc;
}

static enum rc
step_emit(struct gate_job *j)
{
    enum rc rc = RC_OK;

    for (uint32_t d = 0; d < program_destination_count(j->w->snap->program) && rc == RC_OK; d++)
        if (j->any & 1u << d)
            rc = emit_destination(j, d);
    return rc;
}

/* The life of a request, in order. A configuration cannot leave out or swap a step. */
static enum rc (*const steps[])(struct gate_job *) = {
    step_inflate,
    step_decode,
    step_index,
    step_enrich,
    gate_route,
    step_examine,
    step_redact,
    step_emit,
};

static void
drop_payloads(struct gate_outcome *out)
{
    for (uint32_t i = 0; i < out->payload_count; i++)
        buf_free_wipe(&out->payload[i].bytes);
    out->payload_count = 0;
}

/* What the sender hears once the entry is on disk. */
static void
make_reply(struct gate_outcome *out)
{
    out->reply = (struct reply){.rc = out->rc};
    if (out->rc != RC_OK) {
        out->reply.message = str_of(rc_text(out->rc));
        if (rc_retryable(out->rc))
            out->reply.retry_after_ms = 1000;
    } else if (out->spans_unroutable || out->spans_dropped) {
        out->reply.rejected = out->spans_unroutable + out->spans_dropped;
        out->reply.message = out->spans_unroutable ? STR("no destination is allowed for some spans; they were not sent on")
                                                   : STR("some spans could not be examined to the end; they were not sent on");
    }
}

/* Nothing of a request stays in the buffers; large ones are given back. */
static void
forget(struct gate_worker *w)
{
    struct buf *kept[] = {&w->inflated, &w->decoded, &w->enriched, &w->plain};

    arena_reset(w->ar, ARENA_KEEP);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (kept[i]->ptr)
            explicit_bzero(kept[i]->ptr, kept[i]->len);
        buf_clear(kept[i]);
        if (kept[i]->cap > BUFFER_KEEP)
            buf_free(kept[i]);
    }
}

void
gate_process(struct gate_worker *w, const struct gate_input *in, struct gate_outcome *out)
{
    struct gate_job j = {.w = w, .in = in, .out = out};

    *out = (struct gate_outcome){.head = BUF_INIT(64 * 1024), .tail = BUF_INIT(256)};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && out->rc == RC_OK; i++)
        out->rc = steps[i](&j);
    if (out->rc != RC_OK)
        drop_payloads(out);
    out->reason = rc_label(out->rc);
    for (unsigned c = 0; out->rc == RC_OK && j.reports && c < program_class_count(w->snap->program); c++)
        if (j.reports[c].spans_dropped > out->spans_dropped)
            out->spans_dropped = j.reports[c].spans_dropped;
    if (out->spans_dropped > out->spans_in - out->spans_unroutable)
        out->spans_dropped = out->spans_in - out->spans_unroutable;
    out->spans_out = out->rc == RC_OK ? out->spans_in - out->spans_unroutable - out->spans_dropped : 0;
    enum rc rc = gate_record(&j);

    if (rc != RC_OK) { /* what cannot be recorded does not leave */
        drop_payloads(out);
        out->rc = rc;
        out->reason = rc_label(rc);
        out->spans_out = 0;
        buf_free(&out->head);
        buf_free(&out->tail);
    }
    gate_count(&j);
    make_reply(out);
    forget(w);
}

void
gate_outcome_free(struct gate_outcome *out)
{
    drop_payloads(out);
    buf_free(&out->head);
    buf_free(&out->tail);
}
