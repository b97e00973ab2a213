/* The document as one HTML file that asks nobody for anything. */
#include <stdarg.h>
#include <stdio.h>

#include "base/digest.h"
#include "report_int.h"

#define ROWS_SHOWN 30 /* of a table; all of them are in the data files */
#define DIGEST_SHOWN 12
#define WIDE 900
#define NARROW 348

/* The assembler takes the style sheet into the program. Paths are those of the build, from the top of the tree. */
__asm__(".pushsection .rodata\n"
        ".local report_css_first\nreport_css_first:\n"
        ".incbin \"proxy/audit/report.css\"\n"
        ".local report_css_end\nreport_css_end:\n"
        ".popsection\n");
extern const char report_css_first[], report_css_end[];

struct page {
    const struct report *r;
    struct buf *out;
    enum rc rc;
};

enum rc
html_escape(struct buf *out, struct str s)
{
    enum rc rc = RC_OK;
    size_t from = 0;

    for (size_t i = 0; i < s.len && rc == RC_OK; i++) {
        const char *as = s.ptr[i] == '<' ? "&lt;" : s.ptr[i] == '>' ? "&gt;" : s.ptr[i] == '&' ? "&amp;" : s.ptr[i] == '"' ? "&quot;" : NULL;

        if (!as && ((unsigned char)s.ptr[i] >= 0x20 || s.ptr[i] == '\n'))
            continue;
        rc = buf_append(out, str_sub(s, from, i));
        if (rc == RC_OK)
            rc = buf_append(out, as ? str_of(as) : STR("\xEF\xBF\xBD")); /* control characters are shown as what they are */
        from = i + 1;
    }
    return rc == RC_OK ? buf_append(out, str_sub(s, from, s.len)) : rc;
}

static void
raw(struct page *p, const char *s)
{
    if (p->rc == RC_OK)
        p->rc = buf_append(p->out, str_of(s));
}

static void
text(struct page *p, struct str s)
{
    if (p->rc == RC_OK)
        p->rc = html_escape(p->out, s);
}

static void put(struct page *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
put(struct page *p, const char *fmt, ...)
{
    char line[512];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, args);

    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(line))
        p->rc = RC_INTERNAL;
    else if (p->rc == RC_OK)
        p->rc = buf_append(p->out, (struct str){line, (size_t)n});
}

/* -- tables ----------------------------------------------------------------------------------------------------------------------- */

static const char *
cell_class(enum cell_kind k)
{
    switch (k) {
    case CELL_NAME:
        return " class=\"a\"";
    case CELL_DIGEST:
        return " class=\"d\"";
    case CELL_TIME:
    case CELL_DAY:
    case CELL_WORD:
        return " class=\"w\"";
    case CELL_NUMBER:
    case CELL_BYTES:
    case CELL_DURATION:
    case CELL_LEAF:
        return " class=\"r\"";
    case CELL_TEXT:
    case CELL_STATUS:
        break;
    }
    return "";
}

static void
status(struct page *p, struct str s)
{
    bool good = str_eq(s, STR("satisfied")), bad = str_eq(s, STR("not satisfied"));

    put(p, "<span class=\"st %s\">%s ", good ? "good" : bad ? "bad" : "none", good ? "\xE2\x9C\x93" : bad ? "\xE2\x9C\x97" : "\xE2\x80\x93");
    text(p, s);
    raw(p, "</span>");
}

/* A name may break behind its slashes and commas. */
static void
name_text(struct page *p, struct str s)
{
    size_t from = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '/' || i + 1 == s.len || s.ptr[i + 1] == '/')
            continue;
        text(p, str_sub(s, from, i + 1));
        raw(p, "<wbr>");
        from = i + 1;
    }
    text(p, str_sub(s, from, s.len));
}

static bool
is_digest(struct str s)
{
    uint8_t raw[SHA256_SIZE];

    return s.len == 2 * sizeof(raw) && digest_unhex(s, raw);
}

static void
cell(struct page *p, const struct column *c, const struct cell *v)
{
    struct buf shown = BUF_INIT(1u << 16);

    if (c->kind == CELL_STATUS) {
        status(p, v->text);
    } else if ((c->kind == CELL_DIGEST && v->text.len > DIGEST_SHOWN + 2) || (c->kind == CELL_NAME && is_digest(v->text))) {
        raw(p, "<span title=\"");
        text(p, v->text);
        raw(p, "\">");
        text(p, str_sub(v->text, 0, DIGEST_SHOWN));
        raw(p, "\xE2\x80\xA6</span>");
    } else {
        if (p->rc == RC_OK)
            p->rc = cell_print(c, v, &shown);
        if (c->kind == CELL_NAME && shown.len)
            name_text(p, buf_str(&shown));
        else
            text(p, shown.len ? buf_str(&shown) : STR("\xE2\x80\x93"));
    }
    buf_free(&shown);
}

/* A narrow screen shows a row of sentences as a card, one cell below the other. */
static bool
has_cards(const struct table *t)
{
    unsigned sentences = 0;

    for (unsigned c = 0; c < t->column_count; c++)
        sentences += t->columns[c].kind == CELL_TEXT;
    return sentences > 0 && t->column_count >= 3 && t->column_count <= 6;
}

static void
head(struct page *p, const struct table *t)
{
    raw(p, has_cards(t) ? "<thead role=\"rowgroup\"><tr role=\"row\">" : "<thead><tr>");
    for (unsigned c = 0; c < t->column_count; c++) {
        put(p, "<th scope=\"col\"%s>", strcmp(cell_class(t->columns[c].kind), " class=\"r\"") == 0 ? " class=\"r\"" : "");
        text(p, str_of(t->columns[c].label));
        raw(p, "</th>");
    }
    raw(p, "</tr></thead><tbody>\n");
}

static void
rows(struct page *p, const struct table *t)
{
    size_t count = table_rows(t), shown = count > ROWS_SHOWN + 5 && !t->wide ? ROWS_SHOWN : count;
    bool cards = has_cards(t);

    shown = shown > 10 * ROWS_SHOWN ? 10 * ROWS_SHOWN : shown;
    put(p, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"%s\"><table%s>", t->id,
        cards                  ? " class=\"cards\" role=\"table\""
        : t->column_count <= 4 ? " class=\"two\""
                               : "");
    head(p, t);
    for (size_t r = 0; r < shown && p->rc == RC_OK; r++) {
        raw(p, cards ? "<tr role=\"row\">" : "<tr>");
        for (unsigned c = 0; c < t->column_count; c++) {
            bool first = c == 0 && !cell_is_number(t->columns[0].kind);

            put(p, first ? "<th scope=\"row\"%s" : "<td%s", cell_class(t->columns[c].kind));
            if (cards)
                put(p, " role=\"%s\" data-l=\"%s\"", first ? "rowheader" : "cell", t->columns[c].label);
            raw(p, ">");
            cell(p, &t->columns[c], table_cell(t, r, c));
            raw(p, first ? "</th>" : "</td>");
        }
        raw(p, "</tr>\n");
    }
    raw(p, "</tbody></table></div>\n");
    if (shown < count)
        put(p, "<p class=\"more\">%zu of %zu rows; all of them are in %s.csv and in the JSON file.</p>\n", shown, count, t->id);
}

static void
chart(struct page *p, const struct table *t, const struct chart *c)
{
    raw(p, "<figure>");
    if (strcmp(c->title, t->title) != 0) {
        raw(p, "<figcaption>");
        text(p, str_of(c->title));
        raw(p, "</figcaption>");
    }
    raw(p, "<div class=\"wide\">");
    if (p->rc == RC_OK)
        p->rc = svg_print(t, c, WIDE, "w", p->out);
    raw(p, "</div><div class=\"narrow\">");
    if (p->rc == RC_OK)
        p->rc = svg_print(t, c, NARROW, "n", p->out);
    raw(p, "</div></figure>\n");
}

static void
figures(struct page *p, const struct table *t)
{
    put(p, "<h3 id=\"%s\">%s</h3><dl class=\"figures\">", t->id, t->title);
    for (size_t r = 0; r < table_rows(t); r++) {
        raw(p, "<div><dt>");
        text(p, table_cell(t, r, 0)->text);
        raw(p, "</dt><dd>");
        cell(p, &t->columns[1], table_cell(t, r, 1));
        raw(p, "</dd></div>");
    }
    raw(p, "</dl>\n");
}

static void
table(struct page *p, const struct table *t)
{
    bool any = table_rows(t) > 0;

    if (strcmp(t->id, "totals") == 0) {
        figures(p, t);
        return;
    }
    put(p, "<h3 id=\"%s\">", t->id);
    text(p, str_of(t->title));
    raw(p, "</h3>\n");
    if (!any) {
        raw(p, "<p class=\"empty\">");
        text(p, str_of(t->empty));
        raw(p, "</p>\n");
        return;
    }
    for (unsigned i = 0; i < t->chart_count; i++)
        chart(p, t, &t->charts[i]);
    bool folded = t->wide && (t->chart_count || table_rows(t) > 2 * ROWS_SHOWN);

    if (folded)
        put(p, "<p class=\"more paper\">%zu rows, in %s.csv and in the JSON file.</p><details><summary>Table: %zu rows</summary>", table_rows(t),
            t->id, table_rows(t));
    rows(p, t);
    if (folded)
        raw(p, "</details>\n");
}

/* -- page ------------------------------------------------------------------------------------------------------------------------- */

static void
page_head(struct page *p)
{
    const struct report *r = p->r;

    raw(p, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
           "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>Data protection report ");
    text(p, str_of(r->o.period.label));
    raw(p, "</title><style>\n");
    const char *first = report_css_first, *end = report_css_end; /* two labels of one object, which analysers do not see */

    if (p->rc == RC_OK)
        p->rc = buf_append(p->out, (struct str){first, (size_t)((uintptr_t)end - (uintptr_t)first)});
    raw(p, "</style></head>\n<body><a class=\"skip\" href=\"#main\">Skip to the content</a><div class=\"page\">\n<header><p class=\"kind\">Data "
           "protection report</p><h1>");
    text(p, str_of(r->o.about.controller ? r->o.about.controller : "Telemetry gate"));
    raw(p, ", ");
    text(p, str_of(r->o.period.label));
    raw(p, "</h1><dl class=\"meta\"><dt>Log</dt><dd>");
    text(p, str_of(r->log.origin ? r->log.origin : "entries as lines, without a log"));
    raw(p, "</dd><dt>Entries</dt><dd>");
    if (r->t.entries)
        put(p, "leaves %llu to %llu", (unsigned long long)r->t.first_leaf, (unsigned long long)r->t.last_leaf);
    else
        raw(p, "none in the period");
    raw(p, "</dd><dt>Frameworks</dt><dd>");
    for (unsigned i = 0, n = 0; i < PROFILE_COUNT_; i++)
        if (r->o.profiles >> i & 1) {
            raw(p, n++ ? "; " : "");
            text(p, str_of(profile_title((enum report_profile)i)));
        }
    raw(p, "</dd></dl></header>\n<nav aria-label=\"Contents\"><h2>Contents</h2><ol>");
    for (unsigned i = 0; i < r->doc->section_count; i++)
        put(p, "<li><a href=\"#s-%s\">%s</a></li>", r->doc->sections[i].id, r->doc->sections[i].title);
    raw(p, "</ol></nav>\n<main id=\"main\">\n");
}

static void
block(struct page *p, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
        raw(p, "<p>");
        text(p, b->text);
        raw(p, "</p>\n");
        return;
    case BLOCK_NOTE:
        raw(p, "<p class=\"note\"><b>Note.</b> ");
        text(p, b->text);
        raw(p, "</p>\n");
        return;
    case BLOCK_CODE:
        raw(p, "<pre>");
        text(p, b->text);
        raw(p, "</pre>\n");
        return;
    case BLOCK_TABLE:
        table(p, b->table);
        return;
    }
}

enum rc
report_print_html(const struct report *r, struct buf *out)
{
    struct page p = {.r = r, .out = out};

    page_head(&p);
    for (unsigned i = 0; i < r->doc->section_count; i++) {
        const struct section *s = &r->doc->sections[i];

        put(&p, "<section aria-labelledby=\"s-%s\"><h2 id=\"s-%s\"><span class=\"n\">%u</span>%s</h2>\n", s->id, s->id, i + 1, s->title);
        for (size_t b = 0; b < s->count; b++)
            block(&p, &s->blocks[b]);
        raw(&p, "</section>\n");
    }
    raw(&p, "</main><footer><p>Made by spangate from the entries of its audit log. The same entries give the same "
            "bytes.</p></footer></div></body></html>\n");
    return p.rc;
}
