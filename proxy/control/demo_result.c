#include <stdio.h>

#include "codec/otlp_json.h"
#include "demo_int.h"
#include "control/trail.h"

#define JSON_DEPTH 64

static enum rc
received_line(struct demo *d, struct demo_sink *s, struct str line)
{
    uint64_t unknown;

    if (line.len == 0 || line.ptr[0] != '{')
        return RC_OK; /* the ports, the totals */
    if (s->count == DEMO_RECEIVED_MAX)
        return RC_TOO_LARGE;
    struct buf *wire = &s->wire[s->count];

    *wire = BUF_INIT(1u << 22);
    enum rc rc = otlp_json_decode(line, JSON_DEPTH, wire, &unknown);

    if (rc == RC_OK)
        rc = batch_index(buf_str(wire), &batch_limits_default, d->ar, &s->batch[s->count]);
    if (rc == RC_OK)
        s->spans += s->batch[s->count].span_count;
    s->count++;
    return rc;
}

enum rc
demo_received(struct demo *d)
{
    enum rc rc = RC_OK;

    for (int i = 0; i < 2; i++) {
        struct str rest = buf_str(&d->sinks[i].child.text);

        while (rest.len > 0 && rc == RC_OK) {
            size_t end = str_find(rest, STR("\n"));
            struct str line = str_sub(rest, 0, end == SIZE_MAX ? rest.len : end);

            rc = received_line(d, &d->sinks[i], line);
            rest = str_sub(rest, end == SIZE_MAX ? rest.len : end + 1, rest.len);
        }
    }
    return rc;
}

/* Entries are JSON, which the reader of configurations reads too. */
static bool
on_entry(void *arg, uint64_t seq, struct str entry)
{
    struct demo *d = arg;
    struct errs es = {0};
    bool more = d->entry_count < DEMO_ENTRIES_MAX && conf_load_text("entry", entry, false, &d->entries[d->entry_count], &es) == RC_OK;

    (void)seq;
    d->entry_count += more;
    errs_free(&es);
    return more;
}

enum rc
demo_audit(struct demo *d)
{
    char dir[128];
    struct errs es = {0};
    struct trail *r;

    snprintf(dir, sizeof(dir), "%s/journal", d->dir);
    enum rc rc = trail_open(dir, &r, &es);

    if (rc == RC_OK) {
        rc = trail_entries(r, 0, on_entry, d);
        trail_close(r);
    } else {
        errs_print(&es, stderr, false);
    }
    errs_free(&es);
    return rc;
}

struct str
demo_field(const struct conf_node *n, const char *a, const char *b)
{
    const struct conf_node *value = conf_get(n, a);

    if (b)
        value = conf_get(value, b);
    return value && value->kind == CONF_SCALAR ? value->text : STR("");
}

/* Requests were sent one after the other: the n-th entry about a request is about the n-th. */
const struct conf_node *
demo_entry(const struct demo *d, unsigned i)
{
    for (uint32_t k = 0; k < d->entry_count; k++) {
        const struct conf_node *n = conf_root(d->entries[k], 0);

        if (str_eq(demo_field(n, "type", NULL), STR("request")) && i-- == 0)
            return n;
    }
    return NULL;
}

bool
demo_find_span(const struct demo_sink *s, const struct batch *b, uint32_t span, const struct batch **found, uint32_t *at)
{
    const char *id = b->body.ptr + b->spans[span].span_id;

    for (uint32_t i = 0; i < s->count; i++) {
        const struct batch *r = &s->batch[i];

        for (uint32_t k = 0; k < r->span_count; k++) {
            if (r->spans[k].span_id == BATCH_NONE || memcmp(r->body.ptr + r->spans[k].span_id, id, 8) != 0)
                continue;
            *found = r;
            *at = k;
            return true;
        }
    }
    return false;
}

static uint32_t
occurrences(struct str hay, struct str needle)
{
    uint32_t n = 0;

    for (size_t at; (at = str_find(hay, needle)) != SIZE_MAX; n++)
        hay = str_sub(hay, at + needle.len, hay.len);
    return n;
}

static uint32_t
numbers_in(const struct demo *d, const struct batch *b)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < b->text_count; i++) {
        const struct batch_text *t = &b->texts[i];

        n += (t->kind == TEXT_INT && batch_text_int(b, t) == d->planted_number) ||
             (t->kind == TEXT_DOUBLE && (int64_t)batch_text_double(b, t) == d->planted_number);
    }
    return n;
}

void
demo_find_leaks(struct demo *d)
{
    char number[32];
    int n = snprintf(number, sizeof(number), "%lld", (long long)d->planted_number);

    for (int i = 0; i < 2; i++) {
        for (uint32_t k = 0; k < d->sinks[i].count; k++) {
            struct str wire = buf_str(&d->sinks[i].wire[k]);

            for (uint32_t p = 0; p < d->planted_count; p++)
                d->leaks += occurrences(wire, d->planted[p]);
            d->leaks += occurrences(wire, (struct str){number, (size_t)n}) + numbers_in(d, &d->sinks[i].batch[k]);
        }
    }
}
