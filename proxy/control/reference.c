#include "control/reference.h"

#include "base/json.h"
#include "policies/detector.h"
#include "policies/scanner.h"

static const char *const tier_names[] = {[TIER_A] = "A", [TIER_B] = "B", [TIER_C] = "C"};

static bool
fits(const struct reference_filter *f, const struct detector *d)
{
    if (f->category && strcmp(f->category, d->category) != 0)
        return false;
    return !f->name || strcmp(f->name, d->id) == 0 || strcmp(f->name, d->entity) == 0;
}

static bool
scanner_fits(const struct reference_filter *f, const struct scanner *s)
{
    return (!f->category || strcmp(f->category, "scanner") == 0) && (!f->name || strcmp(f->name, s->name) == 0);
}

/* What a match needs beside its pattern and its validator. */
static const char *
needs(const struct detector *d)
{
    return d->key_only ? "key" : d->need_context ? "context" : d->tier == TIER_B ? "context or separators" : "";
}

/* ---- text ---- */

static enum rc
text_words(const struct detector *d, struct buf *out)
{
    enum rc rc = RC_OK;

    for (const char *const *w = d->context; w && *w && rc == RC_OK; w++)
        rc = buf_printf(out, "%s%s", w == d->context ? "" : ", ", *w);
    return rc;
}

static enum rc
text_detector(const struct detector *d, struct buf *out)
{
    enum rc rc = buf_printf(out, "%-28s %-28s %s  %-10s %-40s %s", d->id, d->entity, tier_names[d->tier], d->category, d->controls, d->title);

    if (rc == RC_OK && d->context)
        rc = buf_append(out, STR("  ["));
    if (rc == RC_OK)
        rc = text_words(d, out);
    if (rc == RC_OK && d->context)
        rc = buf_append(out, STR("]"));
    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

static enum rc
text_scanner(const struct scanner *s, struct buf *out)
{
    enum rc rc = buf_printf(out, "%-28s %-28s %s  %-10s %-40s %s  [", s->name, "", "S", "scanner", "", s->title);

    for (const char *const *k = s->keys; k && *k && rc == RC_OK; k++)
        rc = buf_printf(out, "%s%s", k == s->keys ? "" : ", ", *k);
    return rc == RC_OK ? buf_append(out, STR("]\n")) : rc;
}

/* ---- Markdown ---- */

static enum rc
markdown_cell(struct buf *out, const char *s)
{
    enum rc rc = buf_append(out, STR(" "));

    for (; *s && rc == RC_OK; s++)
        rc = *s == '|' ? buf_append(out, STR("\\|")) : buf_append_byte(out, *s);
    return rc == RC_OK ? buf_append(out, STR(" |")) : rc;
}

static enum rc
markdown_detector(const struct detector *d, struct buf *out)
{
    enum rc rc = buf_printf(out, "| `%s` | `%s` | %s | %s |", d->id, d->entity, tier_names[d->tier], d->category);

    if (rc == RC_OK)
        rc = markdown_cell(out, d->title);
    if (rc == RC_OK)
        rc = markdown_cell(out, d->controls);
    if (rc == RC_OK)
        rc = markdown_cell(out, needs(d));
    if (rc == RC_OK)
        rc = buf_append_byte(out, ' ');
    if (rc == RC_OK)
        rc = text_words(d, out);
    return rc == RC_OK ? buf_append(out, STR(" |\n")) : rc;
}

static enum rc
markdown_scanner(const struct scanner *s, struct buf *out)
{
    enum rc rc = buf_printf(out, "| `%s` | %s |", s->name, s->title);

    for (const char *const *k = s->keys; k && *k && rc == RC_OK; k++)
        rc = buf_printf(out, "%s`%s`", k == s->keys ? " " : ", ", *k);
    return rc == RC_OK ? buf_append(out, STR(" |\n")) : rc;
}

#define DETECTORS_HEAD                                                                                                               \
    "# Detectors\n\n"                                                                                                                \
    "Tier A is on anywhere. Tier B counts with a context word in the text before the match or in the attribute's key, or where the " \
    "value is written with its separators. Tier C belongs to a country or an industry and is named by a policy or a pack.\n\n"       \
    "| Id | Entity | Tier | Category | What | Controls | Needs | Context words |\n|---|---|---|---|---|---|---|---|\n"
#define SCANNERS_HEAD                                                                                                        \
    "\n## Scanners\n\nA scanner knows where values stand in a language, whatever they look like: `use: NAME` in a rule.\n\n" \
    "| Name | What | Keys that it reads |\n|---|---|---|\n"

/* ---- JSON ---- */

static void
json_strings(struct json *j, const char *key, const char *const *list)
{
    json_array(j, key);
    for (; list && *list; list++)
        json_cstr(j, NULL, *list);
    json_close_array(j);
}

static void
json_controls(struct json *j, const char *s)
{
    json_array(j, "controls");
    while (*s) {
        size_t n = strcspn(s, " ");

        if (n)
            json_text(j, NULL, (struct str){s, n});
        s += n + (s[n] == ' ');
    }
    json_close_array(j);
}

static void
json_detector(struct json *j, const struct detector *d)
{
    json_object(j, NULL);
    json_cstr(j, "id", d->id);
    json_cstr(j, "entity", d->entity);
    json_cstr(j, "title", d->title);
    json_cstr(j, "tier", tier_names[d->tier]);
    json_cstr(j, "category", d->category);
    json_controls(j, d->controls);
    json_u64(j, "severity", d->severity);
    json_bool(j, "validated", d->check != NULL);
    json_cstr(j, "needs", needs(d));
    json_strings(j, "context", d->context);
    json_close_object(j);
}

static void
json_scanner(struct json *j, const struct scanner *s)
{
    json_object(j, NULL);
    json_cstr(j, "id", s->name);
    json_cstr(j, "title", s->title);
    json_cstr(j, "tier", "S");
    json_cstr(j, "category", "scanner");
    json_strings(j, "keys", s->keys);
    json_array(j, "entities");
    for (unsigned k = 0; k < SCAN_KIND_COUNT_; k++)
        if (s->kinds >> k & 1)
            json_cstr(j, NULL, scan_kind_info((enum scan_kind)k)->entity);
    json_close_array(j);
    json_close_object(j);
}

static enum rc
print_json(const struct reference_filter *f, struct buf *out, size_t *count)
{
    size_t detectors, scanners;
    const struct detector *const *ds = detectors_all(&detectors);
    const struct scanner *const *ss = scanners_all(&scanners);
    struct json j = json_begin(out);

    json_array(&j, NULL);
    for (size_t i = 0; i < detectors; i++) {
        if (!fits(f, ds[i]))
            continue;
        json_detector(&j, ds[i]);
        ++*count;
    }
    for (size_t i = 0; i < scanners; i++) {
        if (!scanner_fits(f, ss[i]))
            continue;
        json_scanner(&j, ss[i]);
        ++*count;
    }
    json_close_array(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

enum rc
reference_detectors(const struct reference_filter *f, enum reference_format format, struct buf *out, size_t *count)
{
    size_t detectors, scanners, n = 0, of_scanners = 0;
    const struct detector *const *ds = detectors_all(&detectors);
    const struct scanner *const *ss = scanners_all(&scanners);
    bool markdown = format == REFERENCE_MARKDOWN;
    enum rc rc = markdown ? buf_append(out, STR(DETECTORS_HEAD)) : RC_OK;

    *count = 0;
    if (format == REFERENCE_JSON)
        return print_json(f, out, count);
    for (size_t i = 0; i < detectors && rc == RC_OK; i++) {
        if (!fits(f, ds[i]))
            continue;
        rc = markdown ? markdown_detector(ds[i], out) : text_detector(ds[i], out);
        n++;
    }
    for (size_t i = 0; i < scanners && rc == RC_OK; i++) {
        if (!scanner_fits(f, ss[i]))
            continue;
        if (markdown && of_scanners == 0)
            rc = buf_append(out, STR(SCANNERS_HEAD));
        if (rc == RC_OK)
            rc = markdown ? markdown_scanner(ss[i], out) : text_scanner(ss[i], out);
        of_scanners++;
    }
    *count = n + of_scanners;
    return rc;
}

/* ---- codes ---- */

static const struct reference_code codes[] = {
#define CODE(number, summary, advice) {number, summary, advice},
#include "control/codes.def"
#undef CODE
};

struct reference_code
reference_code(unsigned number)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].number == number)
            return codes[i];
    return (struct reference_code){0};
}

enum rc
reference_codes(struct buf *out)
{
    enum rc rc = buf_append(
        out, STR("# Error codes\n\n`spangate explain SG0412` prints a row of this table.\n\n| Code | What is wrong | What to do |\n|---|---|---|\n"));

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]) && rc == RC_OK; i++) {
        rc = buf_printf(out, "| SG%04u |", codes[i].number);
        if (rc == RC_OK)
            rc = markdown_cell(out, codes[i].summary);
        if (rc == RC_OK)
            rc = markdown_cell(out, codes[i].advice);
        if (rc == RC_OK)
            rc = buf_append_byte(out, '\n');
    }
    return rc;
}
