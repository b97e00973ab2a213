/*
 * The annotations of a pod as the Kubernetes Downward API writes them into a volume: a line key="value" for each, the value quoted as Go quotes strings
 * (strconv.Quote). Annotations resource.opentelemetry.io/NAME are attributes NAME.
 */
#include <stdio.h>

#include "enrich_int.h"

#define PREFIX "resource.opentelemetry.io/"

static bool
hex_read(struct str s, size_t at, unsigned digits, uint32_t *value)
{
    uint32_t v = 0;

    if (s.len - at < digits)
        return false;
    for (unsigned i = 0; i < digits; i++) {
        char c = s.ptr[at + i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;

        if (digit == 16)
            return false;
        v = v << 4 | digit;
    }
    *value = v;
    return true;
}

/* At most four bytes; code points out of range come out as no UTF-8 and are refused with the value. */
static size_t
utf8_write(uint32_t c, char *out)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(first[n] | c);
    return n;
}

/* What follows a backslash; false when Go would not write it. */
static bool
escape_read(struct str s, size_t *at, char *out, size_t *n)
{
    static const char plain[] = "abfnrtv\\\"'", meant[] = "\a\b\f\n\r\t\v\\\"'";
    char c = s.ptr[*at];
    const char *known = c ? strchr(plain, c) : NULL;
    unsigned digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    uint32_t value;

    *at += 1;
    if (known) {
        out[(*n)++] = meant[known - plain];
        return true;
    }
    if (digits == 0 || !hex_read(s, *at, digits, &value))
        return false;
    *at += digits;
    if (digits == 2)
        out[(*n)++] = (char)value;
    else if (value <= 0x10FFFF)
        *n += utf8_write(value, out + *n);
    return value <= 0x10FFFF;
}

/* "quoted" into the enricher's arena; what comes out is never longer than what went in. */
static bool
unquote(struct enrich_load *ld, struct str s, struct str *out)
{
    char *p = arena_alloc(ld->en->ar, s.len + 1);
    size_t n = 0, at = 1;

    if (!p) {
        ld->nomem = true;
        return false;
    }
    if (s.len < 2 || s.ptr[0] != '"' || s.ptr[s.len - 1] != '"')
        return false;
    s.len--;
    while (at < s.len) {
        char c = s.ptr[at++];

        if (c == '"' || (c == '\\' && (at == s.len || !escape_read(s, &at, p, &n))))
            return false;
        if (c != '\\')
            p[n++] = c;
    }
    *out = (struct str){p, n};
    return true;
}

static void
annotations_load(struct enrich_load *ld, const char *path, struct str text)
{
    struct err_pos pos = {.file = path, .line = 0, .col = 1, .width = 1};

    while (text.len) {
        size_t end = str_find(text, STR("\n"));
        struct str line = str_trim(end == SIZE_MAX ? text : str_sub(text, 0, end)), value;
        size_t equals = str_find(line, STR("="));

        text = end == SIZE_MAX ? (struct str){NULL, 0} : str_sub(text, end + 1, text.len);
        pos.line++;
        if (!str_starts(line, STR(PREFIX)))
            continue;
        if (equals == SIZE_MAX || !unquote(ld, str_sub(line, equals + 1, line.len), &value))
            errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FILE, pos, "an annotation is key=\"value\"");
        else
            enrich_add(ld, pos, str_sub(line, sizeof(PREFIX) - 1, equals), value);
    }
}

static void
podinfo_load(struct enrich_load *ld)
{
    struct str dir;
    struct buf text;
    char path[4096 + 16];

    if (!enrich_path(ld, "dir", &dir))
        return;
    if (snprintf(path, sizeof(path), "%s/annotations", dir.ptr) >= (int)sizeof(path)) {
        enrich_error(ld, conf_get(ld->node, "dir"), SG_ENRICH_FILE, "the path is too long");
        return;
    }
    if (!enrich_read(ld, conf_get(ld->node, "dir"), path, &text))
        return;
    annotations_load(ld, path, buf_str(&text));
    buf_free(&text);
}

static const char *const keys[] = {"where", "dir", NULL};
const struct enrich_source enrich_podinfo = {"podinfo", "annotations resource.opentelemetry.io/* from a Downward API volume", keys, podinfo_load};
