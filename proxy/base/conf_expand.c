#include "conf_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/secret.h"

#define WHY_SIZE 160
#define FILE_VALUE_MAX (64u * 1024)

static enum rc
append(struct buf *out, struct str s, char why[WHY_SIZE])
{
    enum rc rc = buf_append(out, s);

    if (rc != RC_TOO_LARGE)
        return rc;
    snprintf(why, WHY_SIZE, "the value is longer than %u bytes", CONF_SCALAR_MAX);
    return RC_CONFIG;
}

static bool
env_name_ok(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';

        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.len > 0 && name.len < 128;
}

/* inside is NAME or NAME:-default. */
static enum rc
expand_env(struct str inside, struct buf *out, char why[WHY_SIZE])
{
    char name[128];
    size_t sep = str_find(inside, STR(":-"));
    struct str key = sep == SIZE_MAX ? inside : str_sub(inside, 0, sep);

    if (!env_name_ok(key)) {
        snprintf(why, WHY_SIZE, "${env:...} needs the name of an environment variable");
        return RC_CONFIG;
    }
    memcpy(name, key.ptr, key.len);
    name[key.len] = '\0';
    const char *value = getenv(name);

    if (sep != SIZE_MAX && (!value || !*value))
        return append(out, str_sub(inside, sep + 2, inside.len), why);
    if (!value) {
        snprintf(why, WHY_SIZE, "the environment variable %.100s is not set", name);
        return RC_CONFIG;
    }
    return append(out, str_of(value), why);
}

static enum rc
expand_file(const struct conf_doc *doc, struct str name, struct buf *out, char why[WHY_SIZE])
{
    char path[1024];
    const char *slash = strrchr(doc->file, '/');
    int dir = name.len && name.ptr[0] != '/' && slash ? (int)(slash + 1 - doc->file) : 0;
    int n = snprintf(path, sizeof(path), "%.*s%.*s", dir, doc->file, (int)name.len, name.ptr);
    struct buf text = BUF_INIT(FILE_VALUE_MAX + 1);
    enum rc rc = name.len == 0 || n < 0 || (size_t)n >= sizeof(path) ? RC_NOT_FOUND : buf_reserve(&text, text.max);

    if (rc == RC_OK)
        rc = file_read(path, FILE_VALUE_MAX, &text);
    if (rc == RC_OK) {
        while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
            text.len--;
        rc = append(out, buf_str(&text), why);
    } else if (rc != RC_NOMEM) {
        snprintf(why, WHY_SIZE, "the file %.*s cannot be read: %s", (int)(name.len < 80 ? name.len : 80), name.ptr, file_problem(rc));
        rc = RC_CONFIG;
    }
    buf_free_wipe(&text);
    return rc;
}

/* The word before ':' when s begins with "${word:"; a typing error in "env" or "file" must not pass as text. */
static struct str
source_word(struct str s)
{
    size_t i = 2;

    while (i < s.len && s.ptr[i] >= 'a' && s.ptr[i] <= 'z')
        i++;
    return i > 2 && i < s.len && s.ptr[i] == ':' ? str_sub(s, 2, i) : STR("");
}

/* s begins with "${word:"; *used becomes the length of the whole reference. */
static enum rc
expand_one(const struct conf_doc *doc, struct str s, struct str word, struct buf *out, size_t *used, char why[WHY_SIZE])
{
    size_t start = 2 + word.len + 1, end = str_find(str_sub(s, start, s.len), STR("}"));

    if (end == SIZE_MAX) {
        snprintf(why, WHY_SIZE, "a reference that begins with ${ has no closing }");
        return RC_CONFIG;
    }
    *used = start + end + 1;
    struct str inside = str_sub(s, start, start + end);

    if (str_eq(word, STR("env")))
        return expand_env(inside, out, why);
    if (str_eq(word, STR("file")))
        return expand_file(doc, inside, out, why);
    snprintf(why, WHY_SIZE, "values come from ${env:NAME} or ${file:PATH}; write $${ for a literal ${");
    return RC_CONFIG;
}

static enum rc
expand_all(const struct conf_doc *doc, struct str text, struct buf *out, bool *secret, char why[WHY_SIZE])
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < text.len && rc == RC_OK;) {
        struct str rest = str_sub(text, i, text.len);
        size_t used = 1;
        struct str word = str_starts(rest, STR("${")) ? source_word(rest) : STR("");

        if (str_starts(rest, STR("$${"))) {
            rc = append(out, STR("${"), why);
            used = 3;
        } else if (word.len) {
            rc = expand_one(doc, rest, word, out, &used, why);
            *secret |= str_eq(word, STR("file"));
        } else {
            rc = append(out, str_sub(rest, 0, 1), why);
        }
        i += used;
    }
    return rc;
}

enum rc
conf_expand(struct conf_doc *doc, struct str text, struct str *out, bool *secret, char why[WHY_SIZE])
{
    struct buf b = BUF_INIT(CONF_SCALAR_MAX);
    bool from_file = false;
    enum rc rc = expand_all(doc, text, &b, &from_file, why);
    char *copy = rc == RC_OK ? arena_alloc(doc->ar, b.len + 1) : NULL;

    if (rc == RC_OK && !copy)
        rc = RC_NOMEM;
    if (rc == RC_OK) {
        if (b.len)
            memcpy(copy, b.ptr, b.len);
        copy[b.len] = '\0';
        *out = (struct str){copy, b.len};
        *secret = from_file;
    }
    buf_free_wipe(&b);
    return rc;
}
