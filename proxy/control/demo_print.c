#include <inttypes.h>
#include <stdio.h>

#include "base/digest.h"
#include "control/span_lines.h"
#include "demo_int.h"

#define RESET "\033[0m"
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define ELLIPSIS "\xe2\x80\xa6"
#define ROW_MARGIN 10 /* before the names and between the columns */

/* Rows that are printed; the place that the last heading named. */
struct rows {
    const struct demo *d;
    struct str place;
};

static const char *
paint(const struct demo *d, const char *code)
{
    return d->o->color ? code : "";
}

static size_t
character(struct str s, size_t i)
{
    size_t n = 1;

    while (i + n < s.len && ((unsigned char)s.ptr[i + n] & 0xC0) == 0x80)
        n++;
    return n;
}

static size_t
characters(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i += character(s, i))
        count++;
    return count;
}

/* Control characters, also those of terminals (C1), become spaces. */
static void
print_character(struct str c)
{
    bool control = (unsigned char)c.ptr[0] < 0x20 || c.ptr[0] == 0x7f || (c.len == 2 && c.ptr[0] == '\xc2' && (unsigned char)c.ptr[1] < 0xa0);

    if (control)
        putchar(' ');
    else
        fwrite(c.ptr, 1, c.len, stdout);
}

/* Up to width columns, one a character, from the byte offset from on; an ellipsis stands for what is cut off. Returns: columns that are left. */
static unsigned
print_cell(struct str s, unsigned width, size_t from)
{
    unsigned used = 0;

    if (from > 0) {
        fputs(ELLIPSIS, stdout);
        used++;
    }
    for (size_t i = from; i < s.len && used < width; used++) {
        size_t n = character(s, i);

        if (used + 1 == width && i + n < s.len)
            fputs(ELLIPSIS, stdout);
        else
            print_character(str_sub(s, i, i + n));
        i += n;
    }
    return width - used;
}

/* Where to begin to print two texts that are too long, so that their first difference can be seen. */
static size_t
window(struct str a, struct str b, unsigned width)
{
    size_t same = 0;

    if (characters(a) <= width && characters(b) <= width)
        return 0;
    while (same < a.len && same < b.len && a.ptr[same] == b.ptr[same])
        same++;
    if (same < width / 2)
        return 0;
    same -= width / 4;
    while (same > 0 && ((unsigned char)a.ptr[same] & 0xC0) == 0x80)
        same--;
    return same;
}

/* A path is shown in two parts: where it is, as a heading over its rows, and what it is called there. */
static size_t
place_end(struct str path)
{
    const struct str attributes = STR("attributes.");
    size_t at = str_find(path, attributes), dot = str_find(path, STR("."));

    if (at != SIZE_MAX)
        return at + attributes.len;
    return dot == SIZE_MAX ? 0 : dot + 1;
}

/* The width of the columns of values; the names take the rest. */
static unsigned
value_width(const struct demo *d)
{
    return (d->o->columns - ROW_MARGIN) * 35 / 100;
}

static void
print_columns(const struct demo *d, struct str name, struct str before, struct str after, size_t from, const char *color)
{
    unsigned left = d->o->columns - ROW_MARGIN, width = value_width(d);

    printf("%*s  ", (int)print_cell(name, left - 2 * width, 0), "");
    printf("%*s  %s", (int)print_cell(before, width, from), "", color);
    (void)print_cell(after, width, from);
    printf("%s\n", paint(d, RESET));
}

static void
print_row(struct rows *rows, char mark, struct str path, struct str before, struct str after)
{
    const struct demo *d = rows->d;
    size_t end = place_end(path);
    struct str place = str_sub(path, 0, end > 0 ? end - 1 : 0);

    if (!str_eq(place, rows->place)) {
        printf("   %s%.*s%s\n", paint(d, DIM), (int)place.len, place.ptr, paint(d, RESET));
        rows->place = place;
    }
    printf("    %s%c%s ", paint(d, mark == '+' ? GREEN : mark == ' ' ? DIM : RED), mark, paint(d, RESET));
    print_columns(
        d, str_sub(path, end, path.len), before, after, mark == '~' ? window(before, after, value_width(d)) : 0, paint(d, mark == ' ' ? DIM : GREEN));
}

/* Lines of one span, before and after: those of the span itself, then those around it. */
struct sides {
    struct span_lines before, after;
    bool *used; /* of after */
};

static uint32_t
find_path(const struct sides *s, struct str path)
{
    for (uint32_t i = 0; i < s->after.count; i++)
        if (!s->used[i] && str_eq(s->after.list[i].path, path))
            return i;
    return UINT32_MAX;
}

static struct str
parent_of(struct str path)
{
    size_t at = str_find(path, STR("attributes."));

    return str_sub(path, 0, at == SIZE_MAX ? 0 : at);
}

/* A text whose key was changed: the same value, in the same kind of place, under a path that was not there before. */
static uint32_t
find_renamed(const struct sides *s, const struct span_line *line)
{
    for (uint32_t i = 0; i < s->after.count; i++) {
        bool known = false;

        if (s->used[i] || !str_eq(s->after.list[i].value, line->value) || !str_eq(parent_of(s->after.list[i].path), parent_of(line->path)))
            continue;
        for (uint32_t k = 0; k < s->before.count && !known; k++)
            known = str_eq(s->before.list[k].path, s->after.list[i].path);
        if (!known)
            return i;
    }
    return UINT32_MAX;
}

static void
print_line(struct rows *rows, struct sides *s, const struct span_line *line, uint32_t *same)
{
    uint32_t at = find_path(s, line->path);

    if (at == UINT32_MAX)
        at = find_renamed(s, line);
    if (at == UINT32_MAX) {
        print_row(rows, '-', line->path, line->value, STR("(removed)"));
        return;
    }
    const struct span_line *after = &s->after.list[at];

    s->used[at] = true;
    if (!str_eq(after->path, line->path)) {
        print_row(rows, '*', line->path, STR("(the key itself)"), str_sub(after->path, place_end(after->path), after->path.len));
    } else if (!str_eq(after->value, line->value)) {
        print_row(rows, '~', line->path, line->value, after->value);
    } else {
        ++*same;
        if (rows->d->o->all)
            print_row(rows, ' ', line->path, line->value, after->value);
    }
}

static enum rc
print_lines(const struct demo *d, struct sides *s)
{
    struct rows rows = {.d = d};
    uint32_t same = 0;

    s->used = arena_calloc(d->ar, s->after.count + 1, sizeof(*s->used));
    if (!s->used)
        return RC_NOMEM;
    for (uint32_t i = 0; i < s->before.count; i++)
        print_line(&rows, s, &s->before.list[i], &same);
    for (uint32_t i = 0; i < s->after.count; i++)
        if (!s->used[i])
            print_row(&rows, '+', s->after.list[i].path, STR("(added)"), s->after.list[i].value);
    if (!d->o->all && same > 0)
        printf("     %s%u other texts left as they came%s\n", paint(d, DIM), same, paint(d, RESET));
    return RC_OK;
}

static enum rc
print_comparison(const struct demo *d, const struct batch *b, uint32_t span, const struct batch *r, uint32_t at)
{
    struct sides of = {0}, around = {0};
    enum rc rc = span_lines_of(b, span, d->ar, &of.before);

    if (rc == RC_OK)
        rc = span_lines_of(r, at, d->ar, &of.after);
    if (rc == RC_OK)
        rc = span_lines_around(b, span, d->ar, &around.before);
    if (rc == RC_OK)
        rc = span_lines_around(r, at, d->ar, &around.after);
    if (rc != RC_OK)
        return rc;
    printf("      %s", paint(d, DIM));
    print_columns(d, STR(""), STR("before"), STR("after"), 0, "");
    rc = print_lines(d, &of);
    return rc == RC_OK ? print_lines(d, &around) : rc;
}

static enum rc
print_span(struct demo *d, const struct demo_request *q, uint32_t span)
{
    char id[17] = "";
    const struct batch *shown = NULL;
    uint32_t at = 0;

    digest_hex(str_sub(q->batch.body, q->batch.spans[span].span_id, q->batch.spans[span].span_id + 8), id);
    printf("\n   %sspan %s%s", paint(d, BOLD), id, paint(d, RESET));
    for (int i = 0; i < 2; i++) {
        const struct batch *r;
        uint32_t k;

        if (!demo_find_span(&d->sinks[i], &q->batch, span, &r, &k))
            continue;
        printf("  received by %s", d->sinks[i].destination);
        if (!shown)
            at = k;
        shown = shown ? shown : r;
    }
    if (!shown) {
        printf("  received by nobody\n");
        return RC_OK;
    }
    putchar('\n');
    return print_comparison(d, &q->batch, span, shown, at);
}

static void
print_text(const char *before, struct str s)
{
    if (s.len)
        printf("%s%.*s", before, (int)s.len, s.ptr);
}

/* Where, and by which rule; from the audit, which is all that an auditor would see. */
static void
print_reasons(const struct demo *d, unsigned i)
{
    const struct conf_node *n = demo_entry(d, i), *routes = conf_get(n, "route");

    if (!n) {
        printf("   %sno audit entry%s\n", paint(d, RED), paint(d, RESET));
        return;
    }
    print_text("   audit entry ", demo_field(n, "seq", NULL));
    print_text(": ", demo_field(n, "outcome", NULL));
    print_text("; origin ", demo_field(n, "origin", "country"));
    print_text(", said by ", demo_field(n, "origin", "source"));
    putchar('\n');
    for (unsigned k = 0; routes && routes->kind == CONF_LIST && k < routes->count; k++) {
        const struct conf_node *r = routes->items[k];

        print_text("   -> ", demo_field(r, "destination", NULL));
        print_text(" (", demo_field(r, "jurisdiction", NULL));
        print_text(") ", demo_field(r, "decision", NULL));
        print_text(" by ", demo_field(r, "rule", NULL));
        print_text(", ", demo_field(r, "mechanism", NULL));
        putchar('\n');
    }
}

enum rc
demo_print_requests(struct demo *d)
{
    enum rc rc = RC_OK;

    printf("\n%s~ changed   * its key was changed   - removed   + added%s\n", paint(d, DIM), paint(d, RESET));
    for (unsigned i = 0; i < DEMO_REQUESTS && rc == RC_OK; i++) {
        const struct demo_request *q = &d->requests[i];

        printf("\n%s%u. %s%s\n   from %s (%s), %s, %s\n", paint(d, BOLD), i + 1, q->about, paint(d, RESET), q->identity, q->country, q->protocol,
            q->compression);
        print_reasons(d, i);
        for (uint32_t k = 0; k < q->batch.span_count && rc == RC_OK; k++)
            rc = print_span(d, q, k);
    }
    return rc;
}

static uint32_t
entries_of(const struct demo *d, const char *type)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->entry_count; i++)
        n += str_eq(demo_field(conf_root(d->entries[i], 0), "type", NULL), str_of(type));
    return n;
}

void
demo_print_end(const struct demo *d)
{
    printf("\n%ssent%s      %2u spans in %d requests, personal data in %u places\n", paint(d, BOLD), paint(d, RESET), d->sent_spans, DEMO_REQUESTS,
        d->personal_count);
    for (int i = 0; i < 2; i++)
        printf("%s%-9s%s %2u spans in %u requests, by %s (%s)\n", paint(d, BOLD), i ? "" : "received", paint(d, RESET), d->sinks[i].spans,
            d->sinks[i].count, d->sinks[i].destination, d->sinks[i].jurisdiction);
    if (d->missing)
        printf("%smissing   %2u spans that were to arrive%s\n", paint(d, RED), d->missing, paint(d, RESET));
    printf("%saudit%s     %2u entries written: %u requests, %u deliveries, %u others\n", paint(d, BOLD), paint(d, RESET), d->entry_count,
        entries_of(d, "request"), entries_of(d, "delivery"), d->entry_count - entries_of(d, "request") - entries_of(d, "delivery"));
    printf("%s%sleaks     %2u%s\n", paint(d, BOLD), paint(d, d->leaks ? RED : GREEN), d->leaks, paint(d, RESET));
}
