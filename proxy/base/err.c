#include "base/err.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/json.h"

static struct err *
entry_new(struct errs *es)
{
    static _Thread_local struct err scratch;

    if (es->count == ERRS_MAX)
        return &scratch;
    if (es->count == es->cap) {
        size_t cap = es->cap ? es->cap * 2 : 8;
        struct err *list = realloc(es->list, cap * sizeof(*list));

        if (!list)
            return &scratch;
        es->list = list;
        es->cap = cap;
    }
    return &es->list[es->count++];
}

struct err *
errs_add(struct errs *es, enum err_level level, enum rc rc, unsigned code, struct err_pos pos, const char *fmt, ...)
{
    struct err *e = entry_new(es);
    va_list ap;

    *(level == ERR_ERROR ? &es->errors : &es->warnings) += 1;
    *e = (struct err){.level = level, .rc = rc, .code = code, .line = pos.line, .col = pos.col, .width = pos.width ? pos.width : 1};
    snprintf(e->file, sizeof(e->file), "%s", pos.file ? pos.file : "");
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return e;
}

void
err_hint(struct err *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
    va_end(ap);
}

void
err_hint_nearest(struct err *e, struct str given, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    unsigned best = given.len <= 4 ? 2 : (unsigned)(given.len < 12 ? 3 : 4); /* further away is another word, not a slip */
    size_t used;

    for (size_t i = 0; i < count; i++) {
        unsigned d = str_distance(given, str_of(names[i]));

        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    if (nearest) {
        err_hint(e, "did you mean %s?", nearest);
        return;
    }
    if (count == 0)
        return;
    err_hint(e, "known: ");
    used = strlen(e->hint);
    for (size_t i = 0; i < count && i < 8 && used < sizeof(e->hint); i++) {
        int n = snprintf(e->hint + used, sizeof(e->hint) - used, "%s%s", i ? ", " : "", names[i]);

        used += n > 0 ? (size_t)n : 0;
    }
    if (count > 8 && used < sizeof(e->hint))
        snprintf(e->hint + used, sizeof(e->hint) - used, ", ...");
}

/* Line number line of a file without its end, cut to size; false when it cannot be read. */
static bool
source_line(const char *path, unsigned line, char *out, int size)
{
    FILE *f = path[0] && line ? fopen(path, "re") : NULL;
    unsigned at = 1;
    bool got = false, start = true;

    if (!f)
        return false;
    while (!got && fgets(out, size, f)) {
        size_t len = strlen(out);
        bool ends = len && out[len - 1] == '\n';

        if (start && at == line) {
            out[strcspn(out, "\r\n")] = '\0';
            got = true;
        }
        start = ends;
        at += ends;
    }
    fclose(f);
    return got;
}

static bool
utf8_continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Columns count characters, not bytes; a tab before the caret stays a tab, so that the caret stands right under any tab width. */
static void
print_source(const struct err *e, FILE *out)
{
    char line[240];
    unsigned col = 1;
    size_t i = 0, len;

    if (!source_line(e->file, e->line, line, sizeof(line)))
        return;
    len = strlen(line);
    for (size_t k = 0; k < len; k++)
        if ((unsigned char)line[k] < 0x20 && line[k] != '\t')
            line[k] = '?'; /* no terminal sequences from files */
    fprintf(out, "%5u | %s\n", e->line, line);
    if (e->col == 0)
        return;
    fputs("      | ", out);
    for (; i < len && col < e->col; i++) {
        if (i + 1 == len || !utf8_continues(line[i + 1]))
            col++;
        if (!utf8_continues(line[i]))
            fputc(line[i] == '\t' ? '\t' : ' ', out);
    }
    fputc('^', out);
    unsigned left = e->width - 1;

    for (i += i < len; i < len && left; i++) {
        if (utf8_continues(line[i]))
            continue;
        fputc('^', out);
        left--;
    }
    fputc('\n', out);
}

static void
print_one(const struct err *e, FILE *out, bool color)
{
    const char *word = e->level == ERR_ERROR ? "error" : "warning";
    const char *on = !color ? "" : e->level == ERR_ERROR ? "\033[1;31m" : "\033[1;33m";

    fprintf(out, "%s%s", on, word);
    if (e->code)
        fprintf(out, "[SG%04u]", e->code);
    fprintf(out, "%s: %s\n", color ? "\033[0m" : "", e->text);
    if (e->file[0]) {
        fprintf(out, "  --> %s", e->file);
        if (e->line)
            fprintf(out, ":%u:%u", e->line, e->col ? e->col : 1);
        fputc('\n', out);
        print_source(e, out);
    }
    if (e->hint[0])
        fprintf(out, "   hint: %s\n", e->hint);
}

void
errs_print(const struct errs *es, FILE *out, bool color)
{
    size_t lost = es->errors + es->warnings - es->count;

    for (size_t i = 0; i < es->count; i++)
        print_one(&es->list[i], out, color);
    if (lost)
        fprintf(out, "%zu more not shown\n", lost);
    fprintf(out, "%zu error%s, %zu warning%s\n", es->errors, es->errors == 1 ? "" : "s", es->warnings, es->warnings == 1 ? "" : "s");
}

void
errs_print_json(const struct errs *es, FILE *out)
{
    struct buf text = BUF_INIT(1u << 20);
    struct json j = json_begin(&text);
    char code[16] = "";

    json_array(&j, NULL);
    for (size_t i = 0; i < es->count; i++) {
        const struct err *e = &es->list[i];

        snprintf(code, sizeof(code), "SG%04u", e->code);
        json_object(&j, NULL);
        json_cstr(&j, "level", e->level == ERR_ERROR ? "error" : "warning");
        json_cstr(&j, "code", e->code ? code : "");
        json_cstr(&j, "file", e->file);
        json_u64(&j, "line", e->line);
        json_u64(&j, "column", e->col);
        json_cstr(&j, "message", e->text);
        json_cstr(&j, "hint", e->hint);
        json_close_object(&j);
    }
    json_close_array(&j);
    if (json_finish(&j) == RC_OK)
        fprintf(out, "%.*s\n", (int)text.len, text.ptr);
    else
        fputs("[]\n", out);
    buf_free(&text);
}

void
errs_free(struct errs *es)
{
    free(es->list);
    *es = (struct errs){0};
}
