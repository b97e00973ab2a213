/* The document as one HTML file that asks nobody for anything. */
#include "base/digest.h"
#include "ink_int.h"
#include "sections_int.h"

#define ROWS_SHOWN 30    /* of a table; all of them are in the data files */
#define ROWS_TOGETHER 12 /* up to so many are not torn apart on paper */
#define DIGEST_SHOWN 12
#define DAY_US 86400000000u
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
    struct ink ink;
    bool whole; /* of the present table */
};

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
    bool good = str_eq(s, STR("satisfied")) || str_eq(s, STR("yes")) || str_eq(s, STR("covered"));
    bool bad = str_eq(s, STR("not satisfied")) || str_eq(s, STR("no")) || str_starts(s, STR("not covered"));

    ink_put(&p->ink, "<span class=\"st %s\">%s ",
        good  ? "good"
        : bad ? "bad"
              : "none",
        good  ? "\xE2\x9C\x93"
        : bad ? "\xE2\x9C\x97"
              : "\xE2\x80\x93");
    ink_text(&p->ink, s);
    ink_raw(&p->ink, "</span>");
}

/* A name may break behind its slashes and commas. */
static void
name_text(struct page *p, struct str s)
{
    size_t from = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '/' || i + 1 == s.len || s.ptr[i + 1] == '/')
            continue;
        ink_text(&p->ink, str_sub(s, from, i + 1));
        ink_raw(&p->ink, "<wbr>");
        from = i + 1;
    }
    ink_text(&p->ink, str_sub(s, from, s.len));
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
        ink_raw(&p->ink, p->whole ? "<span class=\"short\" title=\"" : "<span title=\"");
        ink_text(&p->ink, v->text);
        ink_raw(&p->ink, "\">");
        ink_text(&p->ink, str_sub(v->text, 0, DIGEST_SHOWN));
        ink_raw(&p->ink, "\xE2\x80\xA6</span>");
        if (p->whole) {
            ink_raw(&p->ink, "<span class=\"whole\">");
            ink_text(&p->ink, v->text);
            ink_raw(&p->ink, "</span>");
        }
    } else {
        if (p->ink.rc == RC_OK)
            p->ink.rc = cell_print(c, v, &shown);
        if (c->kind == CELL_NAME && shown.len)
            name_text(p, buf_str(&shown));
        else
            ink_text(&p->ink, shown.len ? buf_str(&shown) : STR("\xE2\x80\x93"));
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
    ink_raw(&p->ink, "<thead><tr>");
    for (unsigned c = 0; c < t->column_count; c++) {
        ink_put(&p->ink, "<th scope=\"col\"%s>", strcmp(cell_class(t->columns[c].kind), " class=\"r\"") == 0 ? " class=\"r\"" : "");
        ink_text(&p->ink, str_of(t->columns[c].label));
        ink_raw(&p->ink, "</th>");
    }
    ink_raw(&p->ink, "</tr></thead><tbody>\n");
}

static void
rows(struct page *p, const struct table *t)
{
    size_t count = table_rows(t), shown = count > ROWS_SHOWN + 5 && !t->wide ? ROWS_SHOWN : count;
    bool cards = has_cards(t);

    p->whole = t->whole;
    shown = shown > 10 * ROWS_SHOWN ? 10 * ROWS_SHOWN : shown;
    ink_put(&p->ink, "<section class=\"scroll%s\" tabindex=\"0\" aria-labelledby=\"%s\"><table%s>", shown <= ROWS_TOGETHER ? " few" : "", t->id,
        cards                  ? " class=\"cards\""
        : t->column_count <= 4 ? " class=\"two\""
                               : "");
    head(p, t);
    for (size_t r = 0; r < shown && p->ink.rc == RC_OK; r++) {
        ink_raw(&p->ink, "<tr>");
        for (unsigned c = 0; c < t->column_count; c++) {
            bool first = c == 0 && !cell_is_number(t->columns[0].kind);

            ink_put(&p->ink, first ? "<th scope=\"row\"%s" : "<td%s", cell_class(t->columns[c].kind));
            if (cards) {
                ink_raw(&p->ink, " data-l=\"");
                ink_text(&p->ink, str_of(t->columns[c].label));
                ink_raw(&p->ink, "\"");
            }
            ink_raw(&p->ink, ">");
            cell(p, &t->columns[c], table_cell(t, r, c));
            ink_raw(&p->ink, first ? "</th>" : "</td>");
        }
        ink_raw(&p->ink, "</tr>\n");
    }
    ink_raw(&p->ink, "</tbody></table></section>\n");
    if (shown < count)
        ink_put(&p->ink, "<p class=\"more\">%zu of %zu rows; all of them are in %s.csv and in the JSON file.</p>\n", shown, count, t->id);
}

static void
chart(struct page *p, const struct table *t, const struct chart *c)
{
    ink_raw(&p->ink, "<figure>");
    if (strcmp(c->title, t->title) != 0) {
        ink_raw(&p->ink, "<figcaption>");
        ink_text(&p->ink, str_of(c->title));
        ink_raw(&p->ink, "</figcaption>");
    }
    ink_raw(&p->ink, "<div class=\"wide\">");
    if (p->ink.rc == RC_OK)
        p->ink.rc = svg_print(t, c, WIDE, "w", p->ink.out);
    ink_raw(&p->ink, "</div><div class=\"narrow\">");
    if (p->ink.rc == RC_OK)
        p->ink.rc = svg_print(t, c, NARROW, "n", p->ink.out);
    ink_raw(&p->ink, "</div></figure>\n");
}

static void
figures(struct page *p, const struct table *t)
{
    ink_put(&p->ink, "<h3 id=\"%s\">%s</h3><dl class=\"figures\">", t->id, t->title);
    for (size_t r = 0; r < table_rows(t); r++) {
        ink_raw(&p->ink, "<div><dt>");
        ink_text(&p->ink, table_cell(t, r, 0)->text);
        ink_raw(&p->ink, "</dt><dd>");
        cell(p, &t->columns[1], table_cell(t, r, 1));
        ink_raw(&p->ink, "</dd></div>");
    }
    ink_raw(&p->ink, "</dl>\n");
}

static void
table(struct page *p, const struct table *t)
{
    bool any = table_rows(t) > 0;

    if (strcmp(t->id, TABLE_VERDICT) == 0) /* stands above the contents */
        return;
    if (strcmp(t->id, "totals") == 0) {
        figures(p, t);
        return;
    }
    ink_put(&p->ink, "<h3 id=\"%s\">", t->id);
    ink_text(&p->ink, str_of(t->title));
    ink_raw(&p->ink, "</h3>\n");
    if (!any) {
        ink_raw(&p->ink, "<p class=\"empty\">");
        ink_text(&p->ink, str_of(t->empty));
        ink_raw(&p->ink, "</p>\n");
        return;
    }
    for (unsigned i = 0; i < t->chart_count; i++)
        chart(p, t, &t->charts[i]);
    bool folded = t->wide && (t->chart_count || table_rows(t) > 2 * ROWS_SHOWN);

    if (folded)
        ink_put(&p->ink, "<p class=\"more paper\">%zu rows, in %s.csv and in the JSON file.</p><details><summary>Table: %zu rows</summary>",
            table_rows(t), t->id, table_rows(t));
    rows(p, t);
    if (folded)
        ink_raw(&p->ink, "</details>\n");
}

/* The answers, each a link to the section that says more. */
static void
verdict(struct page *p)
{
    const struct table *t = NULL;

    for (unsigned i = 0; i < p->r->doc->table_count && !t; i++)
        if (strcmp(p->r->doc->tables[i]->id, TABLE_VERDICT) == 0)
            t = p->r->doc->tables[i];
    if (!t)
        return;
    ink_put(&p->ink, "<section class=\"verdict\" aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2><dl>", t->id, t->id, t->title);
    for (size_t r = 0; r < table_rows(t); r++) {
        ink_raw(&p->ink, "<div><dt><a href=\"#s-");
        ink_text(&p->ink, table_cell(t, r, 3)->text);
        ink_raw(&p->ink, "\">");
        ink_text(&p->ink, table_cell(t, r, 0)->text);
        ink_raw(&p->ink, "</a></dt><dd>");
        status(p, table_cell(t, r, 1)->text);
        ink_raw(&p->ink, " <span>");
        ink_text(&p->ink, table_cell(t, r, 2)->text);
        ink_raw(&p->ink, "</span></dd></div>");
    }
    ink_raw(&p->ink, "</dl></section>\n");
}

/* -- page ------------------------------------------------------------------------------------------------------------------------- */

/* "2026-07-01 to 2026-09-30 (UTC)" */
static void
period(struct page *p)
{
    int64_t year[2];
    unsigned month[2], day[2];

    date_of_days((int64_t)(p->r->o.period.from_us / DAY_US), &year[0], &month[0], &day[0]);
    date_of_days((int64_t)(p->r->o.period.to_us / DAY_US) - 1, &year[1], &month[1], &day[1]);
    ink_put(&p->ink, "%04d-%02u-%02u to %04d-%02u-%02u (UTC)", (int)year[0], month[0], day[0], (int)year[1], month[1], day[1]);
}

/* What the verdict on the record rests on. */
static void
proof(struct page *p)
{
    const struct report_log *log = &p->r->log;
    char n[NUMBER_SIZE];

    if (!log->root)
        return;
    ink_put(&p->ink, "<dt>Proof</dt><dd>checkpoint of %s entries, root <code>", number_text(log->size, n));
    ink_text(&p->ink, str_of(log->root));
    ink_raw(&p->ink, "</code>; <a href=\"#s-integrity\">how to check it</a></dd>");
}

static void
page_head(struct page *p)
{
    const struct report *r = p->r;

    ink_raw(&p->ink,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>Data protection report ");
    ink_text(&p->ink, str_of(r->o.period.label));
    ink_raw(&p->ink, "</title><style>\n");
    const char *first = report_css_first, *end = report_css_end; /* two labels of one object, which analysers do not see */

    if (p->ink.rc == RC_OK)
        p->ink.rc = buf_append(p->ink.out, (struct str){first, (size_t)((uintptr_t)end - (uintptr_t)first)});
    ink_raw(&p->ink,
        "</style></head>\n<body><a class=\"skip\" href=\"#main\">Skip to the content</a><div class=\"page\">\n<header><p class=\"kind\">Data "
        "protection report</p><h1>");
    ink_text(&p->ink, str_of(r->o.about.controller ? r->o.about.controller : "Telemetry gate"));
    ink_raw(&p->ink, ", <span>");
    ink_text(&p->ink, str_of(r->o.period.label));
    ink_raw(&p->ink, "</span></h1><dl class=\"meta\"><dt>Period</dt><dd>");
    period(p);
    ink_raw(&p->ink, "</dd><dt>Log</dt><dd>");
    ink_text(&p->ink, str_of(r->log.origin ? r->log.origin : "entries as lines, without a log"));
    ink_raw(&p->ink, "</dd><dt>Entries</dt><dd>");
    if (r->t.entries)
        ink_put(&p->ink, "leaves %llu to %llu", (unsigned long long)r->t.first_leaf, (unsigned long long)r->t.last_leaf);
    else
        ink_raw(&p->ink, "none in the period");
    ink_raw(&p->ink, "</dd>");
    proof(p);
    ink_raw(&p->ink, "<dt>Frameworks</dt><dd>");
    for (unsigned i = 0, n = 0; i < PROFILE_COUNT_; i++)
        if (r->o.profiles >> i & 1) {
            ink_raw(&p->ink, n++ ? "; " : "");
            ink_text(&p->ink, str_of(profile_title((enum report_profile)i)));
        }
    ink_raw(&p->ink, "</dd></dl></header>\n");
    verdict(p);
    ink_raw(&p->ink, "<nav aria-label=\"Contents\"><h2>Contents</h2><ol>");
    for (unsigned i = 0; i < r->doc->section_count; i++)
        ink_put(&p->ink, "<li><a href=\"#s-%s\">%s</a></li>", r->doc->sections[i].id, r->doc->sections[i].title);
    ink_raw(&p->ink, "</ol></nav>\n<main id=\"main\">\n");
}

static void
block(struct page *p, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
        ink_raw(&p->ink, "<p>");
        ink_text(&p->ink, b->text);
        ink_raw(&p->ink, "</p>\n");
        return;
    case BLOCK_NOTE:
        ink_raw(&p->ink, "<p class=\"note\"><b>Note.</b> ");
        ink_text(&p->ink, b->text);
        ink_raw(&p->ink, "</p>\n");
        return;
    case BLOCK_CODE:
        ink_raw(&p->ink, "<pre>");
        ink_text(&p->ink, b->text);
        ink_raw(&p->ink, "</pre>\n");
        return;
    case BLOCK_TABLE:
        table(p, b->table);
        return;
    }
}

enum rc
report_print_html(const struct report *r, struct buf *out)
{
    struct page p = {.r = r, .ink = {.out = out}};

    page_head(&p);
    for (unsigned i = 0; i < r->doc->section_count; i++) {
        const struct section *s = &r->doc->sections[i];

        ink_put(&p.ink, "<section aria-labelledby=\"s-%s\"><h2 id=\"s-%s\"><span class=\"n\">%u</span>%s</h2>\n", s->id, s->id, i + 1, s->title);
        for (size_t b = 0; b < s->count; b++)
            block(&p, &s->blocks[b]);
        ink_raw(&p.ink, "</section>\n");
    }
    ink_raw(&p.ink, "</main><footer><p>Made by spangate from the entries of its audit log. The same entries give the same "
                    "bytes.</p></footer></div></body></html>\n");
    return p.ink.rc;
}
