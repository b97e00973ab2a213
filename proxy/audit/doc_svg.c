/*
 * Charts as inline SVG. Each is drawn for a width in CSS pixels, so that letters have the size of the page's own on a desk and on a telephone. Colours and
 * letters come from the page's style sheet by class. Coordinates have one decimal.
 */
#include <stdio.h>
#include <stdlib.h>

#include "doc_int.h"
#include "ink_int.h"

#define ITEMS_MAX 400 /* different labels of a chart */
#define BARS_MAX 12
#define MATRIX_ROWS 14
#define NODES_MAX 9
#define LETTER 6.7 /* width of a letter of 12 px, on the safe side */

/* A label and what it sums to. */
struct item {
    struct str text;
    uint64_t sum;
};

struct items {
    struct item list[ITEMS_MAX + 1];
    unsigned count;
};

static unsigned
item_find(const struct items *l, struct str text)
{
    unsigned i = 0;

    while (i < l->count && !str_eq(l->list[i].text, text))
        i++;
    return i;
}

static void
item_add(struct items *l, struct str text, uint64_t n)
{
    unsigned i = item_find(l, text);

    if (i == l->count && l->count < ITEMS_MAX)
        l->list[l->count++] = (struct item){.text = text};
    if (i < l->count)
        l->list[i].sum += n;
}

static int
larger_first(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->sum != y->sum)
        return x->sum > y->sum ? -1 : 1;
    return str_cmp(x->text, y->text);
}

/* Largest first; what is beyond max becomes one item at the end. */
static void
items_cut(struct items *l, unsigned max)
{
    uint64_t rest = 0;

    qsort(l->list, l->count, sizeof(l->list[0]), larger_first);
    if (l->count <= max)
        return;
    for (unsigned i = max - 1; i < l->count; i++)
        rest += l->list[i].sum;
    l->list[max - 1] = (struct item){STR("others"), rest};
    l->count = max;
}

/* The item that shows this label: itself, or "others". */
static unsigned
item_shown(const struct items *l, struct str text)
{
    unsigned i = item_find(l, text);

    return i < l->count ? i : l->count - 1;
}

/* -- drawing ---------------------------------------------------------------------------------------------------------------------- */

struct canvas {
    struct ink ink;
    unsigned width;
};

/* Where the last n characters of s begin. */
static size_t
tail_from(struct str s, size_t n)
{
    size_t at = s.len;

    while (at > 0 && n > 0)
        n -= ((unsigned char)s.ptr[--at] & 0xC0) != 0x80;
    return at;
}

/*
 * As much of s as fits into width, whole characters; where it is cut, an ellipsis and the whole as a tool tip. What tells two paths apart stands at their
 * ends, so these are cut in front.
 */
static void
label(struct canvas *c, struct str s, double x, double y, const char *class, double width)
{
    size_t fits = width > 2 * LETTER ? (size_t)(width / LETTER) : 2, chars = 0, cut = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (((unsigned char)s.ptr[i] & 0xC0) == 0x80)
            continue;
        if (chars == fits - 1)
            cut = i;
        chars++;
    }
    ink_put(&c->ink, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
    if (chars <= fits) {
        ink_text(&c->ink, s);
    } else {
        bool path = memchr(s.ptr, '/', s.len) != NULL;

        ink_raw(&c->ink, "<title>");
        ink_text(&c->ink, s);
        ink_raw(&c->ink, path ? "</title>\xE2\x80\xA6" : "</title>");
        ink_text(&c->ink, path ? str_sub(s, tail_from(s, fits - 1), s.len) : str_sub(s, 0, cut));
        ink_raw(&c->ink, path ? "" : "\xE2\x80\xA6");
    }
    ink_raw(&c->ink, "</text>");
}

/* "950", "12.3k", "4.5M": cut, not rounded. */
static struct str
compact(uint64_t n, char out[48])
{
    static const char units[] = "kMGTP";
    uint64_t unit = 1000;
    unsigned u = 0;

    if (n < 1000) {
        snprintf(out, 48, "%llu", (unsigned long long)n);
        return str_of(out);
    }
    while (u < 4 && n / unit >= 1000) {
        unit *= 1000;
        u++;
    }
    if (n / unit >= 100)
        snprintf(out, 48, "%llu%c", (unsigned long long)(n / unit), units[u]);
    else
        snprintf(out, 48, "%llu.%llu%c", (unsigned long long)(n / unit), (unsigned long long)(n % unit / (unit / 10)), units[u]);
    return str_of(out);
}

static void
number_label(struct canvas *c, uint64_t n, double x, double y, const char *class)
{
    struct buf text = BUF_INIT(64);

    if (c->ink.rc == RC_OK)
        c->ink.rc = number_print(n, &text);
    ink_put(&c->ink, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%.*s</text>", x, y, class, (int)text.len, text.ptr);
    buf_free(&text);
}

static void
open_svg(struct canvas *c, const struct table *t, const struct chart *ch, double height, const char *suffix)
{
    unsigned n = (unsigned)(ch - t->charts);

    ink_put(&c->ink, "<svg viewBox=\"0 0 %u %.0f\" role=\"img\" aria-labelledby=\"%s-%u-t%s %s-%u-d%s\">", c->width, height, t->id, n, suffix, t->id,
        n, suffix);
    ink_put(&c->ink, "<title id=\"%s-%u-t%s\">", t->id, n, suffix);
    ink_text(&c->ink, str_of(ch->title));
    ink_put(&c->ink, "</title><desc id=\"%s-%u-d%s\">", t->id, n, suffix);
    ink_text(&c->ink, str_of(ch->desc));
    ink_put(&c->ink, "</desc>");
}

/* -- bars ------------------------------------------------------------------------------------------------------------------------- */

static void
draw_bars(struct canvas *c, const struct table *t, const struct chart *ch, const char *suffix)
{
    struct items l = {.count = 0};
    double row = 26, left = c->width < 500 ? 128 : 210, room = c->width - left - 84;

    for (size_t i = 0; i < table_rows(t); i++)
        item_add(&l, table_cell(t, i, ch->label)->text, table_cell(t, i, ch->value[0])->number);
    items_cut(&l, BARS_MAX);
    open_svg(c, t, ch, row * l.count + 6, suffix);
    for (unsigned i = 0; i < l.count; i++) {
        double y = row * i + 4, w = l.list[0].sum ? room * ((double)l.list[i].sum / (double)l.list[0].sum) : 0;

        label(c, l.list[i].text, left - 10, y + 15, "e", left - 12);
        ink_put(&c->ink, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"18\" rx=\"2\" class=\"s0\"/>", left, y + 1, w < 2 ? 2 : w);
        number_label(c, l.list[i].sum, left + (w < 2 ? 2 : w) + 8, y + 15, "v");
    }
    ink_put(&c->ink, "</svg>");
}

/* -- over time -------------------------------------------------------------------------------------------------------------------- */

static uint64_t
row_sum(const struct table *t, const struct chart *ch, size_t row)
{
    uint64_t sum = 0;

    for (unsigned s = 0; s < ch->series; s++)
        sum += table_cell(t, row, ch->value[s])->number;
    return sum;
}

/* A round number, four of which reach over the largest value. */
static uint64_t
tick_of(uint64_t largest)
{
    static const unsigned round[] = {10, 15, 20, 25, 30, 40, 50, 60, 80};

    for (uint64_t tick = 1; tick < 10; tick++)
        if (tick * 4 >= largest)
            return tick;
    for (uint64_t power = 1;; power *= 10)
        for (unsigned k = 0; k < sizeof(round) / sizeof(round[0]); k++)
            if (round[k] * power * 4 >= largest)
                return round[k] * power;
}

static double
legend(struct canvas *c, const struct table *t, const struct chart *ch, double top, bool draw)
{
    double x = 48, y = top + 12;

    for (unsigned s = 0; s < ch->series; s++) {
        struct str name = str_of(t->columns[ch->value[s]].label);
        double w = 22 + LETTER * (double)name.len + 12;
        uint64_t sum = 0;

        for (size_t i = 0; i < table_rows(t); i++)
            sum += table_cell(t, i, ch->value[s])->number;
        if (sum == 0)
            continue;
        if (x + w > c->width) {
            x = 48;
            y += 20;
        }
        if (draw) {
            ink_put(&c->ink, "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" rx=\"2\" class=\"s%u\"/>", x, y - 10, s);
            label(c, name, x + 18, y, "l", w);
        }
        x += w;
    }
    return y + 8;
}

static void
draw_time(struct canvas *c, const struct table *t, const struct chart *ch, const char *suffix)
{
    size_t n = table_rows(t);
    double left = 48, top = 12, height = c->width < 500 ? 150 : 190, room = c->width - left - 6, step = room / (double)n;
    uint64_t largest = 1, tick;
    size_t every;
    char text[48];

    for (size_t i = 0; i < n; i++)
        largest = row_sum(t, ch, i) > largest ? row_sum(t, ch, i) : largest;
    tick = tick_of(largest);
    double scale = height / (4.0 * (double)tick);

    open_svg(c, t, ch, legend(c, t, ch, top + height + 32, false), suffix);
    for (unsigned k = 0; k <= 4; k++) {
        double y = top + height - scale * (double)(tick * k);

        ink_put(&c->ink, "<path d=\"M%.1f %.1fH%u\" class=\"%s\"/>", left, y, c->width - 6, k ? "g" : "a");
        label(c, compact(tick * k, text), left - 8, y + 4, "e", 60);
    }
    for (size_t i = 0; i < n; i++) {
        double y = top + height;

        for (unsigned s = 0; s < ch->series; s++) {
            double h = scale * (double)table_cell(t, i, ch->value[s])->number;

            if (h <= 0)
                continue;
            h = h < 1 ? 1 : h; /* a little of something is seen, too */
            y -= h;
            ink_put(&c->ink, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"s%u\"/>", left + step * (double)i, y,
                step > 4 ? step - 1.2 : step * 0.85, h, s);
        }
    }
    every = (size_t)((double)(n * 90) / room) + 1;
    for (size_t i = 0; i < n; i += every)
        if (left + step * (double)i + 74 < c->width)
            label(c, table_cell(t, i, ch->label)->text, left + step * (double)i, top + height + 18, "l", 100);
    (void)legend(c, t, ch, top + height + 32, true);
    ink_put(&c->ink, "</svg>");
}

/* -- a matrix --------------------------------------------------------------------------------------------------------------------- */

static unsigned
shade(uint64_t n, uint64_t largest)
{
    uint64_t edge = largest;
    unsigned level = 5;

    if (n == 0)
        return 0;
    while (level > 1 && n < edge / 4) { /* each level is four times the one below */
        edge /= 4;
        level--;
    }
    return level;
}

static void
draw_matrix(struct canvas *c, const struct table *t, const struct chart *ch, const char *suffix)
{
    static uint64_t sum[MATRIX_ROWS][MATRIX_ROWS];
    struct items rows = {.count = 0}, columns = {.count = 0};
    uint64_t largest = 0;
    size_t longest = 0;
    char text[48];

    memset(sum, 0, sizeof(sum));
    for (size_t i = 0; i < table_rows(t); i++) {
        item_add(&rows, table_cell(t, i, ch->label)->text, table_cell(t, i, ch->value[0])->number);
        item_add(&columns, table_cell(t, i, ch->to)->text, table_cell(t, i, ch->value[0])->number);
    }
    items_cut(&rows, c->width < 500 ? 10 : MATRIX_ROWS);
    items_cut(&columns, c->width < 500 ? 5 : 9);
    for (size_t i = 0; i < table_rows(t); i++) {
        unsigned r = item_shown(&rows, table_cell(t, i, ch->label)->text), k = item_shown(&columns, table_cell(t, i, ch->to)->text);

        sum[r][k] += table_cell(t, i, ch->value[0])->number;
        largest = sum[r][k] > largest ? sum[r][k] : largest;
    }
    for (unsigned k = 0; k < columns.count; k++)
        longest = columns.list[k].text.len > longest ? columns.list[k].text.len : longest;
    size_t row_longest = 0;

    for (unsigned r = 0; r < rows.count; r++)
        row_longest = rows.list[r].text.len > row_longest ? rows.list[r].text.len : row_longest;
    double most = c->width < 500 ? 104 : 230, left = LETTER * (double)row_longest + 16;

    left = left > most ? most : left < 60 ? 60 : left;
    double cell = (c->width - left - 2) / columns.count, height = 32;

    cell = cell > 96 ? 96 : cell;
    bool slanted = LETTER * (double)longest > cell - 6;
    double shown = LETTER * (double)longest > 120 ? 120 : LETTER * (double)longest, top = slanted ? shown * 0.72 + 18 : 24;

    if (slanted && columns.count) { /* the last label leans beyond its column */
        double last = LETTER * (double)columns.list[columns.count - 1].text.len,
               fits = (c->width - left - 12 - (last > 126 ? 126 : last) * 0.72) / (columns.count - 0.5);

        cell = cell > fits ? fits : cell;
    }

    open_svg(c, t, ch, top + height * rows.count + 4, suffix);
    for (unsigned k = 0; k < columns.count; k++) {
        double x = left + cell * k + cell / 2;

        if (slanted)
            ink_put(&c->ink, "<g transform=\"translate(%.1f %.1f) rotate(-45)\">", x + 4, top - 6);
        label(c, columns.list[k].text, slanted ? 0 : x, slanted ? 0 : top - 8, slanted ? "l" : "m", slanted ? 126 : cell);
        if (slanted)
            ink_put(&c->ink, "</g>");
    }
    for (unsigned r = 0; r < rows.count; r++) {
        double y = top + height * r;

        label(c, rows.list[r].text, left - 8, y + 20, "e", left - 10);
        for (unsigned k = 0; k < columns.count; k++) {
            unsigned level = shade(sum[r][k], largest);

            ink_put(&c->ink, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\" class=\"h%u\"/>", left + cell * k + 1, y + 1,
                cell - 2, height - 2, level);
            if (sum[r][k])
                ink_put(&c->ink, "<text x=\"%.1f\" y=\"%.1f\" class=\"m t%u\">%s</text>", left + cell * k + cell / 2, y + 20, level,
                    compact(sum[r][k], text).ptr);
        }
    }
    ink_put(&c->ink, "</svg>");
}

/* -- flow ------------------------------------------------------------------------------------------------------------------------- */

struct side {
    struct items items;
    double x, scale, at[NODES_MAX], used[NODES_MAX];
};

/* A node is as high as what flows through it; its two lines of text want some room in any case. */
static double
node_room(const struct side *s, unsigned i)
{
    double h = (double)s->items.list[i].sum * s->scale;

    return h < 20 ? 20 : h;
}

static double
side_height(const struct side *s, double gap)
{
    double sum = 0;

    for (unsigned i = 0; i < s->items.count; i++)
        sum += node_room(s, i) + gap;
    return sum;
}

static void
side_place(struct side *s, double height, double gap)
{
    double y = (height - side_height(s, gap) + gap) / 2;

    for (unsigned i = 0; i < s->items.count; i++) {
        s->at[i] = y + (node_room(s, i) - (double)s->items.list[i].sum * s->scale) / 2;
        s->used[i] = 0;
        y += node_room(s, i) + gap;
    }
}

static void
side_draw(struct canvas *c, const struct side *s, bool right, double room)
{
    char text[48];

    for (unsigned i = 0; i < s->items.count; i++) {
        double h = (double)s->items.list[i].sum * s->scale, middle = s->at[i] + h / 2;

        ink_put(&c->ink, "<rect x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"%.1f\" class=\"n\"/>", s->x, s->at[i], h < 1.5 ? 1.5 : h);
        label(c, s->items.list[i].text, right ? s->x + 14 : s->x - 6, middle - 1, right ? "l b" : "e b", room);
        ink_put(&c->ink, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>", right ? s->x + 14 : s->x - 6, middle + 13, right ? "l" : "e",
            compact(s->items.list[i].sum, text).ptr);
    }
}

static void
draw_flow(struct canvas *c, const struct table *t, const struct chart *ch, const char *suffix)
{
    double margin = c->width < 500 ? 52 : 92, right = c->width < 500 ? 148 : 190, gap = 12;
    struct side from = {.x = margin}, to = {.x = c->width - right - 8};
    uint64_t band[NODES_MAX][NODES_MAX] = {{0}}, total = 0;

    for (size_t i = 0; i < table_rows(t); i++) {
        item_add(&from.items, table_cell(t, i, ch->label)->text, table_cell(t, i, ch->value[0])->number);
        item_add(&to.items, table_cell(t, i, ch->to)->text, table_cell(t, i, ch->value[0])->number);
        total += table_cell(t, i, ch->value[0])->number;
    }
    items_cut(&from.items, NODES_MAX);
    items_cut(&to.items, NODES_MAX);
    for (size_t i = 0; i < table_rows(t); i++)
        band[item_shown(&from.items, table_cell(t, i, ch->label)->text)][item_shown(&to.items, table_cell(t, i, ch->to)->text)] +=
            table_cell(t, i, ch->value[0])->number;
    double bands = c->width < 500 ? 150 : 190, height;

    from.scale = to.scale = total ? bands / (double)total : 0;
    height = side_height(&from, gap) > side_height(&to, gap) ? side_height(&from, gap) : side_height(&to, gap);
    height += 24;
    side_place(&from, height, gap);
    side_place(&to, height, gap);
    open_svg(c, t, ch, height, suffix);
    for (unsigned i = 0; i < from.items.count; i++) {
        for (unsigned k = 0; k < to.items.count; k++) {
            double h = (double)band[i][k] * from.scale, x0 = from.x + 8, x1 = to.x, half = (x0 + x1) / 2;
            double y0 = from.at[i] + from.used[i], y1 = to.at[k] + to.used[k];

            if (band[i][k] == 0)
                continue;
            from.used[i] += h;
            to.used[k] += h;
            h = h < 1 ? 1 : h;
            ink_put(&c->ink, "<path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1fV%.1fC%.1f %.1f %.1f %.1f %.1f %.1fZ\" class=\"f s%u\"/>", x0, y0,
                half, y0, half, y1, x1, y1, y1 + h, half, y1 + h, half, y0 + h, x0, y0 + h, i % CHART_SERIES);
        }
    }
    side_draw(c, &from, false, margin - 6);
    side_draw(c, &to, true, right - 16);
    ink_put(&c->ink, "</svg>");
}

enum rc
svg_print(const struct table *t, const struct chart *ch, unsigned width, const char *suffix, struct buf *out)
{
    struct canvas c = {.ink = {.out = out}, .width = width};

    if (table_rows(t) == 0)
        return RC_OK;
    switch (ch->kind) {
    case CHART_BARS:
        draw_bars(&c, t, ch, suffix);
        break;
    case CHART_TIME:
        draw_time(&c, t, ch, suffix);
        break;
    case CHART_HEAT:
        draw_matrix(&c, t, ch, suffix);
        break;
    case CHART_FLOW:
        draw_flow(&c, t, ch, suffix);
        break;
    }
    return c.ink.rc;
}
