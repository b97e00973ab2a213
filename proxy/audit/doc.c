#include "doc_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define DOC_BYTES_MAX ((size_t)192 << 20)
#define LINE_MAX_BYTES ((size_t)8192)

struct doc *
doc_new(void)
{
    struct doc *d = calloc(1, sizeof(*d));

    if (d && !(d->ar = arena_new(DOC_BYTES_MAX))) {
        free(d);
        return NULL;
    }
    return d;
}

void
doc_free(struct doc *d)
{
    if (!d)
        return;
    arena_free(d->ar);
    free(d);
}

void
doc_section(struct doc *d, const char *id, const char *title)
{
    if (d->rc == RC_OK && d->section_count == DOC_SECTIONS)
        d->rc = RC_INTERNAL;
    if (d->rc != RC_OK)
        return;
    d->sections[d->section_count++] = (struct section){.id = id, .title = title};
    d->open = NULL;
}

static struct block *
block_add(struct doc *d, enum block_kind kind)
{
    struct section *s = &d->sections[d->section_count - 1];

    if (d->rc == RC_OK && d->section_count == 0)
        d->rc = RC_INTERNAL;
    if (d->rc != RC_OK)
        return NULL;
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 16;
        struct block *more = arena_grow(d->ar, s->blocks, s->cap * sizeof(*more), cap * sizeof(*more));

        if (!more) {
            d->rc = RC_NOMEM;
            return NULL;
        }
        s->blocks = more;
        s->cap = cap;
    }
    s->blocks[s->count] = (struct block){.kind = kind};
    return &s->blocks[s->count++];
}

static struct str
keep(struct doc *d, struct str s)
{
    struct str copy = s.len && d->rc == RC_OK ? arena_dup(d->ar, s) : (struct str){0};

    if (s.len && !copy.ptr && d->rc == RC_OK)
        d->rc = RC_NOMEM;
    return copy;
}

static struct str format(struct doc *d, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

static struct str
format(struct doc *d, const char *fmt, va_list args)
{
    char line[LINE_MAX_BYTES];
    int n = vsnprintf(line, sizeof(line), fmt, args);

    if (n < 0 || (size_t)n >= sizeof(line)) {
        d->rc = d->rc == RC_OK ? RC_INTERNAL : d->rc;
        return (struct str){0};
    }
    return keep(d, (struct str){line, (size_t)n});
}

void
doc_text(struct doc *d, const char *fmt, ...)
{
    struct block *b = block_add(d, BLOCK_TEXT);
    va_list args;

    va_start(args, fmt);
    if (b)
        b->text = format(d, fmt, args);
    va_end(args);
}

void
doc_note(struct doc *d, const char *fmt, ...)
{
    struct block *b = block_add(d, BLOCK_NOTE);
    va_list args;

    va_start(args, fmt);
    if (b)
        b->text = format(d, fmt, args);
    va_end(args);
}

void
doc_code(struct doc *d, struct str text)
{
    struct block *b = block_add(d, BLOCK_CODE);

    if (b)
        b->text = keep(d, text);
}

struct table *
doc_table(struct doc *d, const char *id, const char *title, const char *empty, const struct column *columns)
{
    struct block *b = block_add(d, BLOCK_TABLE);
    struct table *t = b ? arena_calloc(d->ar, 1, sizeof(*t)) : NULL;
    static _Thread_local struct table nowhere; /* what a caller may set when there is no memory; nobody reads it */

    if (!t || d->table_count == DOC_TABLES) {
        if (d->rc == RC_OK)
            d->rc = t ? RC_INTERNAL : RC_NOMEM;
        return &nowhere;
    }
    t->id = id;
    t->title = title;
    t->empty = empty;
    while (columns[t->column_count].id && t->column_count < TABLE_COLUMNS) {
        t->columns[t->column_count] = columns[t->column_count];
        t->column_count++;
    }
    b->table = t;
    d->tables[d->table_count++] = t;
    d->open = t;
    return t;
}

void
doc_chart(struct doc *d, const struct chart *c)
{
    if (d->rc != RC_OK)
        return;
    if (!d->open || d->open->chart_count == TABLE_CHARTS)
        d->rc = RC_INTERNAL;
    else
        d->open->charts[d->open->chart_count++] = *c;
}

static void
cell_add(struct doc *d, struct cell c)
{
    struct table *t = d->open;

    if (d->rc == RC_OK && !t)
        d->rc = RC_INTERNAL;
    if (d->rc != RC_OK)
        return;
    if (t->cell_count == t->cell_cap) {
        size_t cap = t->cell_cap ? 2 * t->cell_cap : 64;
        struct cell *more = arena_grow(d->ar, t->cells, t->cell_cap * sizeof(*more), cap * sizeof(*more));

        if (!more) {
            d->rc = RC_NOMEM;
            return;
        }
        t->cells = more;
        t->cell_cap = cap;
    }
    t->cells[t->cell_count++] = c;
}

void
doc_str(struct doc *d, struct str s)
{
    cell_add(d, (struct cell){.text = keep(d, s)});
}

void
doc_cstr(struct doc *d, const char *s)
{
    doc_str(d, str_of(s));
}

void
doc_fmt(struct doc *d, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    cell_add(d, (struct cell){.text = format(d, fmt, args)});
    va_end(args);
}

void
doc_number(struct doc *d, uint64_t n)
{
    cell_add(d, (struct cell){.number = n});
}

/* -- how people read values ------------------------------------------------------------------------------------------------------- */

enum rc
number_print(uint64_t n, struct buf *out)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    enum rc rc = RC_OK;

    for (int i = 0; i < len && rc == RC_OK; i++) {
        if (i && (len - i) % 3 == 0)
            rc = buf_append_byte(out, ',');
        if (rc == RC_OK)
            rc = buf_append_byte(out, digits[i]);
    }
    return rc;
}

const char *
number_text(uint64_t n, char out[NUMBER_SIZE])
{
    struct buf text = BUF_INIT(NUMBER_SIZE - 1);

    out[0] = '\0';
    if (number_print(n, &text) == RC_OK) {
        memcpy(out, text.ptr, text.len);
        out[text.len] = '\0';
    }
    buf_free(&text);
    return out;
}

/* n / unit with one decimal, cut, not rounded: integers only, so that every machine prints the same. */
static enum rc
tenths_print(uint64_t n, uint64_t unit, const char *name, struct buf *out)
{
    return buf_printf(out, "%llu.%llu %s", (unsigned long long)(n / unit), (unsigned long long)(n % unit / ((unit + 9) / 10)), name);
}

enum rc
bytes_print(uint64_t n, struct buf *out)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    unsigned u = 0;

    while (u < 5 && n >> (10 * (u + 1)))
        u++;
    return u ? tenths_print(n, UINT64_C(1) << (10 * u), units[u], out) : buf_printf(out, "%llu B", (unsigned long long)n);
}

static enum rc
duration_print(uint64_t us, struct buf *out)
{
    if (us < 1000)
        return buf_printf(out, "%llu us", (unsigned long long)us);
    if (us < 1000000)
        return tenths_print(us, 1000, "ms", out);
    if (us < 120000000)
        return tenths_print(us, 1000000, "s", out);
    if (us < 7200000000)
        return buf_printf(out, "%llu min", (unsigned long long)(us / 60000000));
    return buf_printf(out, "%llu h %llu min", (unsigned long long)(us / 3600000000u), (unsigned long long)(us / 60000000 % 60));
}

static enum rc
time_print(uint64_t us, size_t length, struct buf *out)
{
    char text[CLOCK_RFC3339_SIZE];

    if (us == 0)
        return buf_append(out, STR("\xE2\x80\x93")); /* an en dash */
    clock_rfc3339(us, text);
    text[10] = ' ';
    return buf_append(out, (struct str){text, length});
}

enum rc
cell_print(const struct column *c, const struct cell *cell, struct buf *out)
{
    switch (c->kind) {
    case CELL_NUMBER:
        return number_print(cell->number, out);
    case CELL_BYTES:
        return bytes_print(cell->number, out);
    case CELL_TIME:
        return time_print(cell->number, 19, out);
    case CELL_DAY:
        return time_print(cell->number, 10, out);
    case CELL_DURATION:
        return duration_print(cell->number, out);
    case CELL_LEAF:
        return cell->number == LEAF_NONE ? buf_append(out, STR("\xE2\x80\x93")) : buf_printf(out, "%llu", (unsigned long long)cell->number);
    case CELL_TEXT:
    case CELL_NAME:
    case CELL_WORD:
    case CELL_DIGEST:
    case CELL_STATUS:
        break;
    }
    return buf_append(out, cell->text);
}
