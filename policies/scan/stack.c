/*
 * Stack traces and messages of exceptions. The lines of frames keep what names code: files, lines, classes, functions, addresses. In messages, what stands
 * in quotes goes, and so do numbers, unless the words before them say that they name structure (a column, a table, a line, an error code). URLs and
 * statements are read by their own scanners; the bodies of PEM blocks and the names in home folders go.
 */
#include "forms_int.h"

struct stack {
    struct form f;
    size_t line_end;
    bool urls;          /* "://" stands somewhere in the text */
    bool bare;          /* and no quote, nor a home folder */
    size_t no_close[3]; /* no closing ', ", ` from here to the end of the line */
};

/* ---- lines of frames ---- */

static bool
digits_then(struct str s, const char *then)
{
    size_t i = 0;

    while (i < s.len && ascii_digit(s.ptr[i]))
        i++;
    return i > 0 && starts_word(str_sub(s, i, s.len), then);
}

/* The end of ":12" or ":12:5" at ${at}; ${at} when there is none. */
static size_t
line_number_end(struct str s, size_t at)
{
    for (int i = 0; i < 2 && at + 1 < s.len && s.ptr[at] == ':' && ascii_digit(s.ptr[at + 1]); i++)
        for (at += 2; at < s.len && ascii_digit(s.ptr[at]); at++)
            ;
    return at;
}

/* /srv/app/x.go:12 +0x1d, /app/x.rb:12:in `run', x.js:1:2: a path, a line, and nothing that is prose. */
static bool
file_and_line(struct str s)
{
    static const char *const behind[] = {" +0x", ":in `", ":in '", ")", " in ", ": in ", NULL};
    size_t i = s.len > 2 && s.ptr[1] == ':' ? 2 : 0; /* C: */

    i = form_find(&(struct form){.t = s}, i, s.len, " \t:'\"(=?");
    size_t end = line_number_end(s, i);

    if (end == i || form_find(&(struct form){.t = s}, 0, i, "/\\.") == i)
        return false;
    for (const char *const *b = behind; *b; b++)
        if (starts_word(str_sub(s, end, s.len), *b))
            return str_find(s, STR("': ")) == SIZE_MAX;
    return end == s.len;
}

/* Java, .NET, JavaScript, Rust: "at pkg.Class.method(File.java:1)", "at run (x.js:1:2)", "at ./src/main.rs:1:2"; not "at least". */
static bool
at_code(struct str s)
{
    size_t word = 0;
    bool joined = false;

    for (; word < s.len && s.ptr[word] != ' ' && s.ptr[word] != '('; word++)
        joined |= !byte_alnum(s.ptr[word]) && byte_in(s.ptr[word], "./:<$\\");
    bool code = word > 1 && s.ptr[word - 1] != '.' && joined;

    if (code && (word == s.len || s.ptr[word] == '(' || starts_word(str_sub(s, word, s.len), " in ") || starts_word(str_sub(s, word, s.len), " (")))
        return true;
    if (word + 1 < s.len && s.ptr[s.len - 1] == ')')
        for (size_t i = word; i + 1 < s.len; i++)
            if (s.ptr[i] == ':' && ascii_digit(s.ptr[i + 1]))
                return true;
    return false;
}

static bool
only_carets(struct str s)
{
    return s.len > 0 && form_skip(&(struct form){.t = s}, 0, s.len, "^~ ") == s.len;
}

/* The forms of Java, .NET, JavaScript, Python, Go, Ruby, PHP, Rust, Swift and C. */
static bool
is_frame(struct str s)
{
    static const char *const begins[] = {"goroutine ", "created by ", "File \"", "Traceback (", "stack backtrace:", "--- End of ",
        "Stack trace:", "During handling of", "The above exception", NULL};

    if (starts_word(s, "at "))
        return at_code(str_sub(s, 3, s.len));
    if (starts_word(s, "... ") && s.len > 4 && ascii_digit(s.ptr[4]))
        return true;
    for (const char *const *b = begins; *b; b++)
        if (starts_word(s, *b))
            return true;
    if (starts_word(s, "from "))
        s = str_sub(s, 5, s.len);
    if (s.len > 1 && s.ptr[0] == '#' && ascii_digit(s.ptr[1]))
        return str_find(s, STR("(")) != SIZE_MAX || str_find(s, STR("{main}")) != SIZE_MAX || str_find(s, STR(" 0x")) != SIZE_MAX;
    return (digits_then(s, ": ") && str_find(s, STR("::")) != SIZE_MAX) || file_and_line(s) || only_carets(s);
}

/* main.(*T).run(0x1, 0x2), pkg/path.Func(...): a function of Go. */
static bool
is_go_function(struct str s)
{
    size_t open = str_find(s, STR("("));

    if (open == SIZE_MAX || open == 0 || s.ptr[s.len - 1] != ')' || str_find(s, STR(" ")) < open || str_find(s, STR("\"")) != SIZE_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_alnum(s.ptr[i]) && !byte_in(s.ptr[i], "_./*()[]{},-%$ ?"))
            return false;
    return str_find(str_sub(s, 0, open), STR(".")) != SIZE_MAX && (str_find(s, STR("0x")) != SIZE_MAX || str_find(s, STR("(...)")) != SIZE_MAX);
}

/* ---- values ---- */

/* The word that ends before ${at}, spaces and : = ( [ between them skipped. */
static struct str
word_before(const struct stack *s, size_t at, size_t from)
{
    size_t end = at;

    while (end > from && at - end < 4 && byte_in(s->f.t.ptr[end - 1], " :=([#\t"))
        end--;
    size_t begin = end;

    while (begin > from && end - begin < 24 && (ascii_alnum(s->f.t.ptr[begin - 1]) || s->f.t.ptr[begin - 1] == '_'))
        begin--;
    return form_str(&s->f, begin, end);
}

static bool
identifier(struct str s)
{
    if (s.len == 0 || s.len > 128 || !(ascii_alpha(s.ptr[0]) || byte_in(s.ptr[0], "_$<")))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_alnum(s.ptr[i]) && !byte_in(s.ptr[i], "_.$-<>[]:/\\"))
            return false;
    return true;
}

/* for key 'x', column "y", module 'z': names of structure; 'NoneType' object. */
static bool
names_structure(const struct stack *s, size_t open, size_t close, size_t line)
{
    static const char *const nouns[] = {"key", "column", "columns", "table", "tables", "field", "fields", "constraint", "relation", "index", "method",
        "function", "class", "module", "package", "attribute", "property", "type", "types", "parameter", "argument", "database", "schema",
        "interface", "bean", "view", "sequence", "trigger", "enum", "struct", "member", "operator", "keyword", "collection", "procedure", "role",
        "named", "import", "symbol", "label", "option", "header", "plugin", "service", "engine", "entity", "object", "instance", "event", "namespace",
        NULL};
    static const char *const after[] = {" object", " has no attribute", " is not defined", " is not a function", " takes ", " constraint", " in '",
        " column", " table", " not supported between", " does not exist", NULL};

    if (!identifier(form_str(&s->f, open + 1, close)))
        return false;
    if (word_in(word_before(s, open, line), nouns))
        return true;
    for (const char *const *a = after; *a; a++)
        if (starts_word(form_str(&s->f, close + 1, s->line_end), *a) && !ascii_digit(s->f.t.ptr[open + 1]))
            return true;
    /* {"key": value, "key": value}; not: parsing "value": invalid syntax */
    size_t before = open;

    while (before > line && s->f.t.ptr[before - 1] == ' ')
        before--;
    return before > line && byte_in(s->f.t.ptr[before - 1], "{,") && close + 1 < s->line_end && s->f.t.ptr[close + 1] == ':';
}

/* The closing quote of the one at ${at} on this line: not an apostrophe. SIZE_MAX: none. */
static size_t
closing_quote(struct stack *s, size_t at)
{
    char q = s->f.t.ptr[at];
    unsigned kind = q == '\'' ? 0 : q == '"' ? 1 : 2;

    for (size_t i = at + 1; at < s->no_close[kind] && i < s->line_end; i++) {
        char c = s->f.t.ptr[i], after = i + 1 < s->line_end ? s->f.t.ptr[i + 1] : 0;

        if (c == '\\' && q != '`')
            i++;
        else if ((c == q || (q == '`' && c == '\'')) && !ascii_alnum(after) && after != '_')
            return i;
    }
    if (at < s->no_close[kind])
        s->no_close[kind] = at;
    return SIZE_MAX;
}

static bool
word_byte(char c)
{
    return byte_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* /home/bob/, C:\Users\bob\ */
static enum rc
scan_home(struct stack *s, size_t start, size_t end)
{
    static const char *const shared[] = {
        "app", "runner", "shared", "public", "default", "node", "ubuntu", "vscode", "circleci", "ec2-user", "user", NULL};
    static const char *const folders[] = {"/home/", "/Users/", "\\Users\\", "\\\\Users\\\\", "/users/", NULL};

    for (const char *const *h = folders; *h; h++) {
        size_t i = str_find(form_str(&s->f, start, end), str_of(*h));

        if (i == SIZE_MAX)
            continue;
        size_t from = start + i + strlen(*h), to = form_find(&s->f, from, end, "/\\\"':)\t ");

        if (word_in(form_str(&s->f, from, to), shared))
            return RC_OK;
        return form_add(&s->f, SCAN_STACK_VALUE, from, to);
    }
    return RC_OK;
}

/* A quote that opens at ${at}; *at moves behind what it quotes. */
static enum rc
scan_quoted(struct stack *s, size_t *at, size_t line, bool frame)
{
    size_t open = *at, close;

    *at = open + 1;
    if (open > line && word_byte(s->f.t.ptr[open - 1]) && s->f.t.ptr[open] == '\'')
        return RC_OK; /* don't */
    close = closing_quote(s, open);
    if (close == SIZE_MAX) {
        /* Cut off: to the end of the line. A lone apostrophe opens nothing when a space follows. */
        if (s->f.t.ptr[open] == '\'' && (open + 1 == s->line_end || byte_in(s->f.t.ptr[open + 1], " \t)")))
            return RC_OK;
        if (frame)
            return RC_OK;
        *at = s->line_end;
        return form_add(&s->f, SCAN_STACK_VALUE, open + 1, s->line_end);
    }
    *at = close + 1;
    if (frame && form_find(&s->f, open + 1, close, "/\\") < close && form_find(&s->f, open + 1, close, " ") == close)
        return scan_home(s, open + 1, close);
    if (close == open + 1 || names_structure(s, open, close, line) || (frame && identifier(form_str(&s->f, open + 1, close))))
        return RC_OK;
    return form_add(&s->f, SCAN_STACK_VALUE, open + 1, close);
}

/* Key (email)=(a@b.example), contains (1, bob, null): what PostgreSQL tells of a row. */
static enum rc
scan_row(struct stack *s, size_t *at, size_t line)
{
    size_t open = *at, close = s->line_end;
    struct str before = form_str(&s->f, line, open);

    *at = open + 1;
    if (!str_ends(before, STR("=")) && !str_ends(before, STR("contains ")) && !str_ends(before, STR("values ")) && !str_ends(before, STR("VALUES ")))
        return RC_OK;
    /* The last bracket: values may hold some. */
    for (size_t i = open; i < s->line_end; i++)
        if (s->f.t.ptr[i] == ')')
            close = i;
    struct str rest = form_str(&s->f, open, close);
    size_t exists = str_find(rest, STR(") "));

    close = str_ends(before, STR("=")) && exists != SIZE_MAX ? open + exists : close;
    *at = close;
    return form_add(&s->f, SCAN_STACK_VALUE, open + 1, close);
}

/* Numbers that say where or how, not what. */
static bool
number_of_structure(const struct stack *s, size_t start, size_t end, size_t line)
{
    static const char *const before[] = {"line", "lines", "column", "col", "row", "position", "pos", "offset", "char", "character", "code", "errno",
        "status", "error", "port", "exit", "signal", "attempt", "version", "sqlstate", "http", "base", "index", "level", "depth", "step", "stage",
        "task", "thread", "goroutine", "timeout", "limit", "size", "length", "argument", "parameter", "state", "got", "takes", "expected", NULL};
    static const char *const units[] = {"ms", "s", "us", "ns", "sec", "second", "seconds", "minute", "minutes", "byte", "bytes", "kb", "mb", "gb",
        "kib", "mib", "gib", "retries", "attempts", "times", "more", "arguments", "positional", "items", "rows", "columns", "values", "elements",
        NULL};
    size_t unit = form_skip(&s->f, end, s->line_end, " "), stop = unit;

    while (stop < s->line_end && ascii_alpha(s->f.t.ptr[stop]) && stop - unit < 12)
        stop++;
    if ((stop > unit && word_in(form_str(&s->f, unit, stop), units)) || (end < s->line_end && s->f.t.ptr[end] == '%'))
        return true;
    return end - start <= 7 && word_in(word_before(s, start, line), before);
}

static bool
source_file(struct str s)
{
    static const char *const endings[] = {"java", "kt", "scala", "groovy", "clj", "py", "rb", "go", "js", "mjs", "cjs", "jsx", "ts", "tsx", "vue",
        "php", "cs", "fs", "vb", "c", "cc", "cpp", "cxx", "h", "hpp", "m", "mm", "rs", "swift", "ex", "exs", "erl", "pl", "lua", "sql", "dart", "r",
        "jl", "hs", NULL};
    size_t dot = s.len;

    while (dot > 0 && s.ptr[dot - 1] != '.')
        dot--;
    return dot > 0 && word_in(str_sub(s, dot, s.len), endings);
}

/* A run of letters, digits, dots and the like that begins at ${at}. Only numbers are values. */
static enum rc
scan_run(struct stack *s, size_t *at, size_t line)
{
    size_t start = *at, end = start, letters = 0, digits = 0;

    for (; end < s->line_end && (word_byte(s->f.t.ptr[end]) || byte_in(s->f.t.ptr[end], ".-+/@")); end++) {
        digits += ascii_digit(s->f.t.ptr[end]);
        letters += !ascii_digit(s->f.t.ptr[end]) && word_byte(s->f.t.ptr[end]);
    }
    *at = end;
    if (digits == 0 || letters > 0) /* x.py:12 */
        *at = source_file(form_str(&s->f, start, end)) ? line_number_end(form_str(&s->f, 0, s->line_end), end) : end;
    while (end > start && byte_in(s->f.t.ptr[end - 1], ".-+/@"))
        end--;
    struct str t = form_str(&s->f, start, end);

    if (str_find(t, STR("@")) != SIZE_MAX)
        return form_add(&s->f, SCAN_STACK_VALUE, start, end);
    /* %20 and %2520 are spaces that are written so. */
    if (start > 0 && s->f.t.ptr[start - 1] == '%' &&
        (t.len == 2 || (t.len == 4 && str_starts(t, STR("25"))) || (t.len == 6 && str_starts(t, STR("2525")))))
        return RC_OK;
    /* ************6615 and **** **** **** 6615 were masked before. */
    if (t.len <= 5 &&
        ((start > 0 && s->f.t.ptr[start - 1] == '*') || (start > 1 && byte_in(s->f.t.ptr[start - 1], " -._") && s->f.t.ptr[start - 2] == '*')))
        return RC_OK;
    if (letters == 0 && digits > 0)
        return number_of_structure(s, start, end, line) ? RC_OK : form_add(&s->f, SCAN_STACK_VALUE, start, end);
    if (starts_word(t, "0x") || digits == 0)
        return RC_OK;
    /* A token or an id among words; error codes (ORA-00942, E11000) and names with a few digits stay. */
    return t.len >= 12 && digits >= 4 && segment_identifies(t, STR("")) && !str_starts(t, STR("/")) ? form_add(&s->f, SCAN_STACK_VALUE, start, end)
                                                                                                    : RC_OK;
}

/* user=bob, password: hunter2: by the name. *at is the separator. */
static enum rc
scan_named(struct stack *s, size_t *at, size_t line)
{
    size_t from = form_skip(&s->f, *at + 1, s->line_end, " "), end;
    struct str name = word_before(s, *at, line);

    ++*at;
    if (name.len < 2 || from == s->line_end || byte_in(s->f.t.ptr[from], "'\"`([{<:=") || !name_is_secret_flag(name))
        return RC_OK;
    end = form_find(&s->f, from, s->line_end, " \t,;)]}'\"");
    *at = end;
    return form_add(&s->f, SCAN_STACK_VALUE, from, end);
}

/* ---- fragments of other languages ---- */

/* scheme:// that begins at ${at}: the end of the URL. */
static size_t
url_end(const struct stack *s, size_t at)
{
    size_t sign = at;

    while (sign < s->line_end && sign - at < 32 && (ascii_alnum(s->f.t.ptr[sign]) || byte_in(s->f.t.ptr[sign], "+.-:")))
        sign++;
    if (sign + 1 >= s->line_end || !str_starts(form_str(&s->f, sign, s->line_end), STR("//")) || sign < at + 2 || s->f.t.ptr[sign - 1] != ':')
        return at;
    size_t end = form_find(&s->f, sign, s->line_end, " \t\"'`<>)]}");

    while (end > sign && byte_in(s->f.t.ptr[end - 1], ".,;:"))
        end--;
    return end;
}

/* SELECT ... to the end of the line, or of what brackets or quotes hold. */
static bool
sql_at(struct str s)
{
    static const char *const verbs[][2] = {{"SELECT ", "FROM"}, {"INSERT INTO ", "("}, {"UPDATE ", "SET "}, {"DELETE FROM ", ""}, {"select ", "from"},
        {"insert into ", "("}, {"update ", "set "}, {"delete from ", ""}, {"MERGE INTO ", "USING"}, {"CALL ", "("}, {"EXEC ", " "}};

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (starts_word(s, verbs[i][0]))
            return str_find(str_sub(s, 0, s.len < 1024 ? s.len : 1024), str_of(verbs[i][1])) != SIZE_MAX;
    return false;
}

static enum rc
scan_sql(struct stack *s, size_t *at)
{
    const struct scanner *sql = scanner_find(STR("sql"));
    size_t start = *at, end = s->line_end;

    /* [SQL: SELECT ...] */
    while (end > start && byte_in(s->f.t.ptr[end - 1], "]\r "))
        end--;
    *at = s->line_end;
    return sql ? form_inside(&s->f, sql, SCAN_STACK_VALUE, start, end) : form_add(&s->f, SCAN_STACK_VALUE, start, end);
}

/* ---- lines ---- */

static enum rc
scan_byte(struct stack *s, size_t *at, size_t line, bool frame)
{
    char c = s->f.t.ptr[*at];
    bool fresh = *at == line || !word_byte(s->f.t.ptr[*at - 1]);

    if (byte_in(c, "'\"`"))
        return scan_quoted(s, at, line, frame);
    if (fresh && ascii_alpha(c)) {
        size_t end = s->urls ? url_end(s, *at) : *at, start = *at;

        if (end > start) {
            *at = end;
            return form_inside_as(&s->f, &scanner_url, STR("url.full"), SCAN_STACK_VALUE, start, end);
        }
        if (!frame && byte_in(c, "SIUDMCEsiud") && sql_at(form_str(&s->f, start, s->line_end)))
            return scan_sql(s, at);
    }
    if (frame) {
        ++*at;
        return RC_OK;
    }
    if (c == '(')
        return scan_row(s, at, line);
    if (c == '=' || c == ':')
        return scan_named(s, at, line);
    if (fresh && word_byte(c))
        return scan_run(s, at, line);
    ++*at;
    return RC_OK;
}

/* Names in home folders first: they are parts of paths, in frames and in messages. */
static enum rc
scan_path(struct stack *s, size_t *at)
{
    size_t end = form_find(&s->f, *at + 1, s->line_end, " \t\"'`(),;");
    enum rc rc = scan_home(s, *at, end);

    *at = end;
    return rc;
}

static bool
path_at(const struct stack *s, size_t at)
{
    struct str rest = form_str(&s->f, at, s->line_end);

    return starts_word(rest, "/home/") || starts_word(rest, "/Users/") || starts_word(rest, "\\Users\\") || starts_word(rest, "\\\\Users\\\\");
}

/* What lines may hold at all. Nothing of a frame can be a value where no quote, home folder or URL stands. */
static void
look_ahead(struct stack *s)
{
    struct str t = s->f.t;

    s->bare = memchr(t.ptr, '\'', t.len) == NULL && memchr(t.ptr, '"', t.len) == NULL && memchr(t.ptr, '`', t.len) == NULL &&
              memchr(t.ptr, '\\', t.len) == NULL;
    for (size_t i = form_find(&s->f, 0, t.len, "/"); i < t.len; i = form_find(&s->f, i + 1, t.len, "/")) {
        struct str rest = form_str(&s->f, i, t.len);

        s->urls |= i > 0 && t.ptr[i - 1] == ':' && starts_word(rest, "//");
        s->bare &= !starts_word(rest, "/home/") && !starts_word(rest, "/Users/");
    }
}

static enum rc
scan_line(struct stack *s, size_t start, size_t end)
{
    struct str all = str_trim(form_str(&s->f, start, end));
    bool frame = is_frame(all) || is_go_function(all);
    enum rc rc = RC_OK;

    if (all.len == 0 || (frame && s->bare && !s->urls))
        return RC_OK;
    s->line_end = end;
    for (int i = 0; i < 3; i++)
        s->no_close[i] = SIZE_MAX;
    for (size_t at = start; at < end && rc == RC_OK;)
        rc = byte_in(s->f.t.ptr[at], "/\\") && path_at(s, at) ? scan_path(s, &at) : scan_byte(s, &at, start, frame);
    return rc;
}

/* -----BEGIN X----- to -----END X-----, whatever is between. False when none begins at ${at}. */
static bool
pem_block(const struct stack *s, size_t at, size_t *body, size_t *end)
{
    struct str rest = form_str(&s->f, at, s->f.t.len);
    size_t head = str_starts(rest, STR("-----BEGIN ")) ? form_find(&s->f, at + 11, s->f.t.len, "-\r\n") : 0;

    if (head == 0)
        return false;
    *body = form_skip(&s->f, head, s->f.t.len, "-\r\n");
    size_t tail = str_find(form_str(&s->f, *body, s->f.t.len), STR("-----END "));

    *end = tail == SIZE_MAX ? s->f.t.len : *body + tail;
    return true;
}

static enum rc
scan(const struct scan_in *in, struct scan_out *out)
{
    struct stack s = {.f = form_of(in, out, false)};
    size_t body, after, next_pem = in->text.len && memchr(in->text.ptr, '-', in->text.len) ? str_find(in->text, STR("-----BEGIN ")) : SIZE_MAX;
    enum rc rc = RC_OK;

    if (form_replaced(in->text))
        return RC_OK;
    if (in->text.len)
        look_ahead(&s);
    for (size_t at = 0; at < in->text.len && rc == RC_OK;) {
        size_t end = form_find(&s.f, at, in->text.len, "\n"), pem = SIZE_MAX;

        if (next_pem < end)
            pem = str_find(form_str(&s.f, at, end), STR("-----BEGIN "));
        if (pem != SIZE_MAX && pem_block(&s, at + pem, &body, &after)) {
            rc = scan_line(&s, at, at + pem);
            form_trim(&s.f, &body, &after);
            if (rc == RC_OK)
                rc = form_add(&s.f, SCAN_STACK_VALUE, body, after);
            /* Over the rest of the END line, which is no value. */
            at = form_skip(&s.f, after, in->text.len, " \t\r\n");
            at = form_skip(&s.f, at, in->text.len, "-");
            at = form_find(&s.f, at, in->text.len, "\n-");
            at = form_skip(&s.f, at, in->text.len, "-");
            continue;
        }
        rc = scan_line(&s, at, end);
        at = end + 1;
    }
    return rc;
}

const struct scanner scanner_stack = {
    .name = "stack",
    .title = "Stack traces and messages: frames stay, quoted values and numbers of messages go",
    .keys = (const char *const[]){"exception.stacktrace", "exception.message", "error.message", "error.stack", "error.stacktrace",
        "span.status.message", "rpc.jsonrpc.error_message", "otel.status_description", NULL},
    .kinds = SCAN_SET(STACK_VALUE) | URL_KINDS | SCAN_SET(SQL_LITERAL) | SCAN_SET(SQL_COMMENT),
    .scan = scan,
};
