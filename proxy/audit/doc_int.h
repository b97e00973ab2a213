/**
 * A document: sections of sentences, tables, charts; made once, printed in several forms. A chart shows columns of a table, so that its numbers always stand
 * behind it.
 *
 * Building is a sequence of calls; the first failure sticks in doc->rc and makes the rest do nothing. Texts are copied into the document.
 */
#ifndef AUDIT_DOC_INT_H
#define AUDIT_DOC_INT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum cell_kind {
    CELL_TEXT,
    CELL_NAME,   /* identity, rule, destination: may break behind a slash */
    CELL_WORD,   /* does not break */
    CELL_DIGEST, /* hexadecimal, shown shortened */
    CELL_NUMBER,
    CELL_BYTES,
    CELL_TIME,     /* microseconds since 1970; 0 = none */
    CELL_DAY,      /* the same, people are shown the day only */
    CELL_DURATION, /* microseconds */
    CELL_LEAF,     /* index in the log; LEAF_NONE = none */
    CELL_STATUS    /* "satisfied", "not satisfied", "not applicable"; "yes", "no", "not known"; "covered", "not covered", .. */
};
#define LEAF_NONE UINT64_MAX

struct column {
    const char *id, *label;
    enum cell_kind kind;
};

struct cell {
    struct str text;
    uint64_t number;
};

enum chart_kind {
    CHART_BARS, /* label, value[0] */
    CHART_TIME, /* label, values stacked */
    CHART_HEAT, /* label, to, value[0]: a matrix */
    CHART_FLOW  /* label, to, value[0]: bands */
};
#define CHART_SERIES 7

struct chart {
    enum chart_kind kind;
    const char *title, *desc;
    unsigned label, to;
    unsigned value[CHART_SERIES];
    unsigned series;
};

#define TABLE_COLUMNS 16
#define TABLE_CHARTS 2
struct table {
    const char *id, *title, *empty; /* static; empty: said when there are no rows */
    struct column columns[TABLE_COLUMNS];
    unsigned column_count;
    struct chart charts[TABLE_CHARTS];
    unsigned chart_count;
    bool whole; /* digests are not cut on paper, where nothing can be pointed at */
    bool wide;  /* only in the data files and folded in HTML: what a chart shows already */
    struct cell *cells;
    size_t cell_count, cell_cap;
};

enum block_kind { BLOCK_TEXT, BLOCK_NOTE, BLOCK_CODE, BLOCK_TABLE };

struct block {
    enum block_kind kind;
    struct str text;
    struct table *table;
};

struct section {
    const char *id, *title; /* static */
    struct block *blocks;
    size_t count, cap;
};

#define DOC_SECTIONS 16
#define DOC_TABLES 64

struct doc {
    struct arena *ar;
    enum rc rc;
    struct section sections[DOC_SECTIONS];
    unsigned section_count;
    struct table *tables[DOC_TABLES]; /* all of them, in order */
    unsigned table_count;
    struct table *open;
};

struct doc *doc_new(void) MUST_USE;
void doc_free(struct doc *d);

void doc_section(struct doc *d, const char *id, const char *title);
void doc_text(struct doc *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
void doc_note(struct doc *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
void doc_code(struct doc *d, struct str text);

/* Begin a table: columns end with .id NULL. Cells follow, row by row. */
struct table *doc_table(struct doc *d, const char *id, const char *title, const char *empty, const struct column *columns);
void doc_chart(struct doc *d, const struct chart *c); /* of the newest table */
void doc_str(struct doc *d, struct str s);
void doc_cstr(struct doc *d, const char *s);
void doc_fmt(struct doc *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
void doc_number(struct doc *d, uint64_t n);

static inline size_t
table_rows(const struct table *t)
{
    return t->column_count ? t->cell_count / t->column_count : 0;
}

static inline const struct cell *
table_cell(const struct table *t, size_t row, unsigned column)
{
    return &t->cells[row * t->column_count + column];
}

static inline bool
cell_is_number(enum cell_kind k)
{
    return k >= CELL_NUMBER && k <= CELL_LEAF;
}

/* How people read a cell: "12,345", "1.2 GiB", "2026-07-01 12:00:00", "3.4 ms". Appended. */
enum rc cell_print(const struct column *c, const struct cell *cell, struct buf *out) MUST_USE;
enum rc number_print(uint64_t n, struct buf *out) MUST_USE;
/* The same as text for a sentence. */
#define NUMBER_SIZE 32
const char *number_text(uint64_t n, char out[NUMBER_SIZE]);
enum rc bytes_print(uint64_t n, struct buf *out) MUST_USE;

/* doc_svg.c: a chart as inline SVG of this width, for ids ending in suffix. */
enum rc svg_print(const struct table *t, const struct chart *c, unsigned width, const char *suffix, struct buf *out) MUST_USE;

#endif
