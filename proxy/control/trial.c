#include "tool_int.h"

#include <stdio.h>

#define TRIAL_ARENA_MAX ((size_t)1 << 30)
#define TRIAL_KEEP ((size_t)16 << 20)
#define TRIAL_BODY_MAX ((size_t)INT32_MAX)

enum rc
trial_init(struct trial *tr, struct tool *t)
{
    *tr = (struct trial){.t = t, .ar = arena_new(TRIAL_ARENA_MAX), .body = BUF_INIT(TRIAL_BODY_MAX)};
    for (size_t i = 0; i < program_policy_count(t->prog); i++)
        tr->routed |= strcmp(program_policy(t->prog, i).kind, "ResidencyPolicy") == 0;
    return tr->ar ? RC_OK : RC_NOMEM;
}

void
trial_fini(struct trial *tr)
{
    buf_free_wipe(&tr->body);
    arena_free(tr->ar);
    *tr = (struct trial){0};
}

/* What enrichment adds is part of the batch from here on, as in the gate. */
static enum rc
enrich(struct trial *tr)
{
    struct edits added, unknown, merged;
    struct buf out = BUF_INIT(TRIAL_BODY_MAX);
    uint32_t count = 0;

    if (!tr->t->enricher || !enricher_active(tr->t->enricher))
        return RC_OK;
    edits_init(&added, tr->ar);
    edits_init(&unknown, tr->ar);
    enum rc rc = enricher_edits(tr->t->enricher, &tr->b, tr->ar, &added, &count);

    if (rc != RC_OK || count == 0)
        return rc;
    rc = edits_remove_unknown(&unknown, &tr->b);
    if (rc == RC_OK)
        rc = edits_merge(&unknown, &added, tr->ar, &merged);
    if (rc == RC_OK)
        rc = emit_batch(&tr->b, &merged, &out);
    if (rc != RC_OK) {
        buf_free_wipe(&out);
        return rc;
    }
    buf_free_wipe(&tr->body);
    tr->body = out;
    return batch_index(buf_str(&tr->body), &batch_limits_default, tr->ar, &tr->b);
}

static enum rc
route(struct trial *tr, const struct sender *sender)
{
    const struct program *p = tr->t->prog;

    tr->routes = arena_calloc(tr->ar, tr->b.span_count + 1, sizeof(*tr->routes));
    if (!tr->routes)
        return RC_NOMEM;
    for (uint32_t s = 0; tr->routed && s < tr->b.span_count; s++) {
        if (residency_needs_spans(p))
            residency_route_span(p, &tr->b, s, sender, &tr->routes[s]);
        else
            residency_route(p, &tr->b, tr->b.scopes[tr->b.spans[s].scope].resource, sender, &tr->routes[s]);
    }
    uint32_t *masks = arena_calloc(tr->ar, tr->b.span_count + 1, sizeof(*masks));

    if (!masks)
        return RC_NOMEM;
    for (uint32_t s = 0; s < tr->b.span_count; s++)
        masks[s] = tr->routes[s].mask;
    enum rc rc = tr->routed ? residency_join_traces(p, &tr->b, masks, tr->ar) : RC_OK;

    for (uint32_t s = 0; s < tr->b.span_count; s++)
        tr->routes[s].mask = masks[s];
    return rc;
}

enum rc
trial_run(struct trial *tr, struct str body, const struct sender *sender)
{
    arena_reset(tr->ar, TRIAL_KEEP);
    buf_clear(&tr->body);
    tr->f = (struct findings){0};
    enum rc rc = buf_append(&tr->body, body);

    if (rc == RC_OK)
        rc = batch_index(buf_str(&tr->body), &batch_limits_default, tr->ar, &tr->b);
    if (rc == RC_OK)
        rc = enrich(tr);
    if (rc == RC_OK)
        rc = route(tr, sender);
    return rc == RC_OK ? examine_batch(tr->t->ex, &tr->b, tr->ar, &tr->f) : rc;
}

size_t
trial_destinations(const struct trial *tr)
{
    return tr->t->destination_count ? tr->t->destination_count : 1;
}

const char *
trial_destination(const struct trial *tr, size_t d)
{
    return tr->t->destination_count ? program_destination(tr->t->prog, d).ptr : "any destination";
}

bool
trial_allowed(const struct trial *tr, uint32_t span, size_t d)
{
    return !tr->routed || (tr->routes[span].mask >> d & 1);
}

bool
trial_covered(const struct trial *tr, uint32_t span)
{
    return program_covers(tr->t->prog, &tr->b, tr->b.scopes[tr->b.spans[span].scope].resource);
}

static bool
kept(const struct trial *tr, uint32_t span, size_t d, bool routed_only)
{
    return trial_covered(tr, span) && (!routed_only || trial_allowed(tr, span, d));
}

/* Spans that stay where they are, and envelopes that are empty without them. */
static enum rc
select_spans(const struct trial *tr, size_t d, bool routed_only, struct edits *es)
{
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < tr->b.resource_count && rc == RC_OK; i++) {
        const struct batch_resource *r = &tr->b.resources[i];
        uint32_t stay = 0;

        for (uint32_t s = r->span_first; s < r->span_end; s++)
            stay += kept(tr, s, d, routed_only);
        if (stay == 0)
            rc = edits_remove(es, r->field, r->end);
        for (uint32_t s = r->span_first; stay && s < r->span_end && rc == RC_OK; s++)
            if (!kept(tr, s, d, routed_only))
                rc = edits_remove(es, tr->b.spans[s].field, tr->b.spans[s].end);
    }
    return rc;
}

enum rc
trial_emit(struct trial *tr, size_t d, bool routed_only, struct buf *out, uint32_t *spans)
{
    struct edits selection, redaction, unknown, merged, all;
    struct redact_report report;
    struct batch emitted;
    size_t before = out->len;

    edits_init(&selection, tr->ar);
    edits_init(&redaction, tr->ar);
    edits_init(&unknown, tr->ar);
    enum rc rc = select_spans(tr, d, routed_only, &selection);

    if (rc == RC_OK)
        rc = redact_edits(tr->t->prog, &tr->b, &tr->f, program_class(tr->t->prog, d), &redaction, &report);
    if (rc == RC_OK)
        rc = edits_remove_unknown(&unknown, &tr->b);
    if (rc == RC_OK)
        rc = edits_merge(&redaction, &unknown, tr->ar, &merged);
    if (rc == RC_OK)
        rc = edits_merge(&selection, &merged, tr->ar, &all);
    if (rc == RC_OK)
        rc = emit_batch(&tr->b, &all, out);
    if (rc == RC_OK && out->len == before) {
        *spans = 0;
        return RC_OK;
    }
    if (rc == RC_OK)
        rc = batch_index(str_sub(buf_str(out), before, out->len), &batch_limits_default, tr->ar, &emitted);
    if (rc == RC_OK)
        *spans = emitted.span_count;
    return rc;
}

/* ---- names ---- */

static size_t
append_keys(const struct batch *b, uint32_t attr, char *out, size_t n)
{
    const struct batch_attr *a = &b->attrs[attr];
    struct str key = batch_attr_key(b, a);

    if (a->parent != BATCH_NONE)
        n = append_keys(b, a->parent, out, n);
    if (n < TRIAL_PATH_SIZE)
        n += (size_t)snprintf(out + n, TRIAL_PATH_SIZE - n, "%s%.*s", a->parent == BATCH_NONE ? "." : "/", (int)key.len, key.ptr);
    return n < TRIAL_PATH_SIZE ? n : TRIAL_PATH_SIZE - 1;
}

void
trial_path(const struct batch *b, const struct finding *f, char out[TRIAL_PATH_SIZE])
{
    uint32_t attr = f->on == FINDING_TEXT ? b->texts[f->index].attr : f->index;
    unsigned place = f->on == FINDING_TEXT ? b->texts[f->index].place : b->attrs[f->index].place;
    size_t n = (size_t)snprintf(out, TRIAL_PATH_SIZE, "%s", place_name((enum place)place));

    if (attr != BATCH_NONE)
        (void)append_keys(b, attr, out, n);
}

struct str
trial_text(const struct batch *b, const struct finding *f, char number[BATCH_NUMBER_SIZE])
{
    if (f->on == FINDING_KEY)
        return batch_attr_key(b, &b->attrs[f->index]);
    const struct batch_text *t = f->on == FINDING_TEXT                                         ? &b->texts[f->index]
                                 : b->attrs[f->index].text_first < b->attrs[f->index].text_end ? &b->texts[b->attrs[f->index].text_first]
                                                                                               : NULL;

    if (!t)
        return STR("");
    if (t->kind == TEXT_STRING || t->kind == TEXT_BYTES)
        return batch_text_bytes(b, t);
    return (struct str){number, batch_text_format(b, t, number)};
}
