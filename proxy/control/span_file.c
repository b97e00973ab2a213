#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "codec/compress.h"
#include "codec/otlp_json.h"
#include "policy_test_int.h"
#include "tool_int.h"

#define FILE_MAX ((size_t)2 << 30)
#define INDEX_MAX ((size_t)1 << 30)
#define JSON_DEPTH 64
#define PREFIX 4
#define FILES_MAX 10000

enum form { FORM_JSON, FORM_LINES, FORM_MESSAGE, FORM_PREFIXED, FORM_YAML };

struct span_file {
    char path[256];
    struct buf bytes;
    enum form form;
    size_t at;
    unsigned line, next_line;
    /* FORM_YAML */
    struct conf_doc *doc;
    unsigned document;
    const struct conf_node *given;
};

static struct err *
say(const struct span_file *f, struct errs *es, enum rc rc, const char *what)
{
    return errs_add(es, ERR_ERROR, rc, SG_TOOL_INPUT, (struct err_pos){.file = f->path, .line = f->line, .col = 1}, "%s", what);
}

static enum rc
read_stdin(struct buf *out)
{
    char part[65536];
    size_t n;
    enum rc rc = RC_OK;

    while (rc == RC_OK && (n = fread(part, 1, sizeof(part), stdin)) > 0)
        rc = buf_append(out, (struct str){part, n});
    return rc != RC_OK ? rc : ferror(stdin) ? RC_IO : RC_OK;
}

/* gzip: RFC 1952 section 2.3.1; zstd: RFC 8878 section 3.1.1. */
static enum rc
unpack(struct span_file *f)
{
    struct str s = buf_str(&f->bytes);
    enum encoding e = str_starts(s, STR("\x1f\x8b")) ? ENCODING_GZIP : str_starts(s, STR("\x28\xb5\x2f\xfd")) ? ENCODING_ZSTD : ENCODING_IDENTITY;

    if (e == ENCODING_IDENTITY)
        return RC_OK;
    struct compressor *c = compressor_new();
    struct buf out = BUF_INIT(FILE_MAX);
    enum rc rc = c ? compressor_inflate(c, e, s, FILE_MAX, &out) : RC_NOMEM;

    compressor_free(c);
    if (rc != RC_OK) {
        buf_free_wipe(&out);
        return rc;
    }
    buf_free_wipe(&f->bytes);
    f->bytes = out;
    return RC_OK;
}

static bool
is_message(struct str s)
{
    struct arena *ar = arena_new(INDEX_MAX);
    struct batch b;
    bool yes = ar && s.len < INT32_MAX && batch_index(s, &batch_limits_default, ar, &b) == RC_OK && b.resource_count > 0;

    arena_free(ar);
    return yes;
}

/* One message of JSON over many lines, or one a line. The end of the first line tells: a whole message ends with it. */
static enum form
json_form(struct str s)
{
    size_t end = str_find(str_trim(s), STR("\n"));
    unsigned depth = 0;
    bool quoted = false;

    if (end == SIZE_MAX)
        return FORM_JSON;
    s = str_sub(str_trim(s), 0, end);
    for (size_t i = 0; i < s.len; i++) {
        if (quoted && s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            quoted = !quoted;
        else if (!quoted)
            depth += s.ptr[i] == '{' ? 1u : s.ptr[i] == '}' ? -1u : 0u;
    }
    return depth == 0 ? FORM_LINES : FORM_JSON;
}

static enum rc
find_form(struct span_file *f, struct errs *es)
{
    struct str s = buf_str(&f->bytes), text = str_trim(s);
    enum rc rc = RC_OK;

    /* 0x0A is a line end and the tag of the first field, and '{' may be its length. */
    if (s.len && s.ptr[0] == '\n' && is_message(s))
        f->form = FORM_MESSAGE;
    else if (text.len && text.ptr[0] == '{')
        f->form = json_form(s);
    else if (s.len && s.ptr[0] == '\0') /* no field has the number 0: it is a length */
        f->form = FORM_PREFIXED;
    else if (s.len == 0 || is_message(s))
        f->form = FORM_MESSAGE;
    else if (str_utf8_valid(s) && str_find(s, STR(":")) != SIZE_MAX) {
        f->form = FORM_YAML;
        rc = conf_load_text(f->path, s, false, &f->doc, es);
    } else {
        say(f, es, RC_MALFORMED, "neither OTLP in JSON or protobuf nor a span in YAML");
        rc = RC_MALFORMED;
    }
    return rc;
}

enum rc
span_file_open(const char *path, struct span_file **file, struct errs *es)
{
    struct span_file *f = calloc(1, sizeof(*f));

    if (!f)
        return RC_NOMEM;
    snprintf(f->path, sizeof(f->path), "%s", strcmp(path, "-") == 0 ? "standard input" : path);
    f->bytes = BUF_INIT(FILE_MAX);
    f->line = f->next_line = 1;
    enum rc rc = strcmp(path, "-") == 0 ? read_stdin(&f->bytes) : file_read(path, FILE_MAX, &f->bytes);

    if (rc == RC_OK)
        rc = unpack(f);
    if (rc != RC_OK)
        say(f, es, rc, file_problem(rc))->line = 0;
    if (rc == RC_OK)
        rc = find_form(f, es);
    if (rc == RC_OK)
        *file = f;
    else
        span_file_close(f);
    return rc;
}

void
span_file_close(struct span_file *f)
{
    if (!f)
        return;
    conf_free(f->doc);
    buf_free_wipe(&f->bytes);
    free(f);
}

unsigned
span_file_line(const struct span_file *f)
{
    return f->line;
}

const struct conf_node *
span_file_given(const struct span_file *f)
{
    return f->given;
}

/* ---- batches ---- */

static enum rc
next_json(struct span_file *f, struct buf *out, struct errs *es)
{
    struct str rest = f->bytes.len ? str_sub(buf_str(&f->bytes), f->at, f->bytes.len) : STR(""), line = {0};
    uint64_t unknown;

    while (line.len == 0 && rest.len > 0) {
        size_t end = f->form == FORM_JSON ? SIZE_MAX : str_find(rest, STR("\n"));

        f->line = f->next_line++;
        line = str_trim(end == SIZE_MAX ? rest : str_sub(rest, 0, end));
        rest = end == SIZE_MAX ? str_sub(rest, rest.len, rest.len) : str_sub(rest, end + 1, rest.len);
    }
    f->at = f->bytes.len - rest.len;
    if (line.len == 0)
        return RC_NOT_FOUND;
    enum rc rc = otlp_json_decode(line, JSON_DEPTH, out, &unknown);

    if (rc != RC_OK)
        say(f, es, rc, rc_text(rc));
    return rc;
}

static enum rc
next_prefixed(struct span_file *f, struct buf *out, struct errs *es)
{
    struct str rest = f->bytes.len ? str_sub(buf_str(&f->bytes), f->at, f->bytes.len) : STR("");
    const unsigned char *p = (const unsigned char *)rest.ptr;
    size_t len = 0;

    if (rest.len == 0)
        return RC_NOT_FOUND;
    if (rest.len >= PREFIX)
        len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (rest.len < PREFIX || len > rest.len - PREFIX) {
        say(f, es, RC_MALFORMED, "the file ends inside of a message");
        return RC_MALFORMED;
    }
    f->at += PREFIX + len;
    return buf_append(out, str_sub(rest, PREFIX, PREFIX + len));
}

static enum rc
next_yaml(struct span_file *f, struct buf *out, struct errs *es)
{
    struct policy_test t = {.ar = NULL};
    struct test_suite s = {.t = &t, .doc = f->doc};

    if (f->document == conf_count(f->doc))
        return RC_NOT_FOUND;
    const struct conf_node *n = conf_root(f->doc, f->document++);

    if (n->kind == CONF_NULL)
        return next_yaml(f, out, es);
    f->given = n;
    f->line = n->line;
    if (conf_shape_check(f->doc, n, &shape_test_given, es) != RC_OK)
        return RC_CONFIG;
    bool ok = test_build(&s, NULL, n, out);

    for (size_t i = 0; i < t.es.count; i++)
        errs_add(es, ERR_ERROR, RC_CONFIG, t.es.list[i].code,
            (struct err_pos){.file = t.es.list[i].file, .line = t.es.list[i].line, .col = t.es.list[i].col, .width = 1}, "%s", t.es.list[i].text);
    errs_free(&t.es);
    return ok ? RC_OK : t.nomem ? RC_NOMEM : RC_CONFIG;
}

enum rc
span_file_next(struct span_file *f, struct buf *out, struct errs *es)
{
    switch (f->form) {
    case FORM_JSON:
    case FORM_LINES:
        return next_json(f, out, es);
    case FORM_PREFIXED:
        return next_prefixed(f, out, es);
    case FORM_YAML:
        return next_yaml(f, out, es);
    case FORM_MESSAGE:
        break;
    }
    if (f->at == f->bytes.len)
        return RC_NOT_FOUND;
    f->at = f->bytes.len;
    return buf_append(out, buf_str(&f->bytes));
}

/* ---- folders ---- */

static int
is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

enum rc
span_files_list(const char *path, struct arena *ar, const char ***names, size_t *count, struct errs *es)
{
    struct dirent **entries = NULL;
    struct stat st;
    bool folder = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    int n = folder ? scandir(path, &entries, is_visible, by_name) : 1;
    const char **list = n > 0 && n <= FILES_MAX ? arena_calloc(ar, (size_t)n, sizeof(*list)) : NULL;
    size_t kept = 0;
    char full[4096];

    if (!folder && list)
        list[kept++] = path;
    for (int i = 0; folder && i < n; i++) {
        snprintf(full, sizeof(full), "%s/%s", path, entries[i]->d_name);
        if (list && stat(full, &st) == 0 && S_ISREG(st.st_mode) && (list[kept] = tool_copy(ar, str_of(full))))
            kept++;
        free(entries[i]);
    }
    free(entries);
    if (kept == 0) {
        errs_add(es, ERR_ERROR, RC_NOT_FOUND, SG_TOOL_INPUT, (struct err_pos){.file = path}, "the folder holds no file that can be read");
        return RC_NOT_FOUND;
    }
    *names = list;
    *count = kept;
    return RC_OK;
}
