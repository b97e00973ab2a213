/* --update: expectations take the value that came out. Only scalars on one line are rewritten: a regex, a list, a map says more than a value. */
#include <stdlib.h>

#include "base/json.h"
#include "base/secret.h"
#include "policy_test_int.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)

/* The text in a value of OTLP/JSON; false when it is no plain text. */
static bool
text_of(const struct conf_node *after, struct str *out)
{
    const struct conf_node *string = conf_get(after, "stringValue");

    if (!after || (after->kind != CONF_SCALAR && !string))
        return false;
    *out = string ? string->text : after->text;
    return true;
}

void
test_update_add(struct test_suite *s, const struct conf_node *expect, const struct conf_node *after)
{
    struct policy_update *u = s->t->update ? arena_calloc(s->t->ar, 1, sizeof(*u)) : NULL;
    struct str text = {0}, copy = {0};

    if (!u || (after && !text_of(after, &text)))
        return;
    if (after)
        copy = arena_dup(s->t->ar, (struct str){text.len ? text.ptr : "", text.len});
    *u = (struct policy_update){s->t->updates, s->path, NULL, expect->line, expect->col};
    if (after) {
        char *p = arena_alloc(s->t->ar, copy.len + 1);

        if (!p || (text.len && !copy.ptr)) {
            s->t->nomem = true;
            return;
        }
        if (copy.len)
            memcpy(p, copy.ptr, copy.len);
        p[copy.len] = '\0';
        u->text = p;
    }
    s->t->updates = u;
}

/* Offset of a line and a column, which counts characters. SIZE_MAX when there is none. */
static size_t
offset_of(struct str s, unsigned line, unsigned col)
{
    size_t at = 0;

    for (unsigned l = 1; l < line; l++) {
        size_t end = str_find(str_sub(s, at, s.len), STR("\n"));

        if (end == SIZE_MAX)
            return SIZE_MAX;
        at += end + 1;
    }
    for (unsigned c = 1; c < col && at < s.len; c++)
        for (at++; at < s.len && ((unsigned char)s.ptr[at] & 0xC0) == 0x80;)
            at++;
    return at < s.len ? at : SIZE_MAX;
}

/* The end of the scalar that begins at ${at}; SIZE_MAX when it is not on one line, or a block. YAML 1.2 section 7.3. */
static size_t
scalar_end(struct str s, size_t at, bool flow)
{
    char quote = s.ptr[at];

    if (quote == '|' || quote == '>' || quote == '*' || quote == '&' || quote == '!')
        return SIZE_MAX;
    if (quote == '"' || quote == '\'') {
        for (at++; at < s.len && s.ptr[at] != '\n'; at++) {
            if (quote == '"' && s.ptr[at] == '\\')
                at++;
            else if (s.ptr[at] == quote && quote == '\'' && at + 1 < s.len && s.ptr[at + 1] == '\'')
                at++;
            else if (s.ptr[at] == quote)
                return at + 1;
        }
        return SIZE_MAX;
    }
    size_t end = at;

    while (
        end < s.len && s.ptr[end] != '\n' && !(flow && strchr(",]}", s.ptr[end])) && !(s.ptr[end] == ' ' && end + 1 < s.len && s.ptr[end + 1] == '#'))
        end++;
    while (end > at && (s.ptr[end - 1] == ' ' || s.ptr[end - 1] == '\r'))
        end--;
    return end;
}

/* Whether a place is inside of {..} or [..] on its line or above: braces outside of quotes, from the start of the file. */
static bool
in_flow(struct str s, size_t at)
{
    int depth = 0;
    char quote = 0;

    for (size_t i = 0; i < at; i++) {
        char c = s.ptr[i];

        if (quote) {
            if (quote == '"' && c == '\\')
                i++;
            else if (c == quote)
                quote = 0;
        } else if (c == '#' && (i == 0 || s.ptr[i - 1] == ' ' || s.ptr[i - 1] == '\n')) {
            while (i < at && s.ptr[i] != '\n')
                i++;
        } else if ((c == '"' || c == '\'') && i > 0 && strchr(" [{,:", s.ptr[i - 1])) {
            quote = c;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return depth > 0;
}

static struct str
line_around(struct str s, size_t at)
{
    size_t start = at, end = at;

    while (start > 0 && s.ptr[start - 1] != '\n')
        start--;
    while (end < s.len && s.ptr[end] != '\n')
        end++;
    return str_sub(s, start, end);
}

/* One scalar of the file is written anew; the difference is shown. Returns whether it was. */
static enum rc
apply(struct buf *file, const struct policy_update *u, struct buf *out, int *done)
{
    struct str s = buf_str(file), old;
    size_t at = offset_of(s, u->line, u->col), end = at == SIZE_MAX ? SIZE_MAX : scalar_end(s, at, in_flow(s, at));
    struct buf next = BUF_INIT(FILE_BYTES_MAX);
    enum rc rc = RC_OK;

    if (end == SIZE_MAX)
        return RC_OK;
    old = line_around(s, at);
    rc = buf_printf(out, "--- %s:%u\n-%.*s\n", u->file, u->line, (int)old.len, old.ptr);
    if (rc == RC_OK)
        rc = buf_append(&next, str_sub(s, 0, at));
    if (rc == RC_OK)
        rc = u->text ? buf_append_byte(&next, '"') : buf_append(&next, STR("absent"));
    if (rc == RC_OK && u->text)
        rc = json_escape(&next, str_of(u->text)); /* JSON's escapes are YAML's, too */
    if (rc == RC_OK && u->text)
        rc = buf_append_byte(&next, '"');
    if (rc == RC_OK)
        rc = buf_append(&next, str_sub(s, end, s.len));
    if (rc != RC_OK) {
        buf_free(&next);
        return rc;
    }
    buf_free(file);
    *file = next;
    struct str now = line_around(buf_str(file), at);

    ++*done;
    return buf_printf(out, "+%.*s\n", (int)now.len, now.ptr);
}

/* The last place of a file that is not written yet: places before it stay where they are. */
static struct policy_update *
last_of(struct policy_test *t, const char *file)
{
    struct policy_update *last = NULL;

    for (struct policy_update *u = t->updates; u; u = u->next)
        if (u->line && strcmp(u->file, file) == 0 && (!last || u->line > last->line || (u->line == last->line && u->col > last->col)))
            last = u;
    return last;
}

static int
file_update(struct policy_test *t, const char *path, struct buf *out)
{
    struct buf file = BUF_INIT(FILE_BYTES_MAX);
    enum rc rc = file_read(path, FILE_BYTES_MAX, &file);
    int done = 0;

    for (struct policy_update *u; rc == RC_OK && (u = last_of(t, path));) {
        unsigned line = u->line, col = u->col;

        rc = apply(&file, u, out, &done);
        for (struct policy_update *o = t->updates; o; o = o->next)
            if (o->line == line && o->col == col && strcmp(o->file, path) == 0)
                o->line = 0; /* once a place */
    }
    if (rc == RC_OK && done)
        rc = file_write_atomic(path, buf_str(&file), 0644);
    buf_free(&file);
    return rc == RC_OK ? done : -1;
}

int
test_update_write(struct policy_test *t, struct buf *out)
{
    int all = 0;

    for (struct policy_update *u = t->updates; u; u = u->next) {
        int done = u->line ? file_update(t, u->file, out) : 0;

        if (done < 0)
            return -1;
        all += done;
    }
    return buf_printf(out, "%d expectations rewritten: look at them before you keep them\n", all) == RC_OK ? all : -1;
}
