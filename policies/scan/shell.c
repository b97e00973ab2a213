/*
 * Command lines and arguments of processes, as a shell writes them and as arguments joined by spaces: which words are passwords, tokens, headers, bodies.
 * An element of an array of arguments is read with the one before it, which may be the flag whose value it is.
 */
#include "shell_int.h"

#define SPACE " \t\r\n"
#define QUOTE_KINDS 4

struct shell {
    struct form f;
    struct str command;
    enum argument next;       /* what the flag before this word asks for */
    bool setting;             /* "config", "set" stood before: a name may be followed by its value */
    bool list;                /* ["a", "b"]: brackets and commas part words */
    bool closed[QUOTE_KINDS]; /* no such quote comes any more */
};

struct word {
    size_t start, end; /* as it stands */
};

static const char *const quotes[QUOTE_KINDS] = {"\"", "'", "\\\"", "\\'"};

/* ---- words ---- */

/* Which quote opens at ${at}, -1 for none. */
static int
quote_at(const struct shell *s, size_t at)
{
    for (int q = 0; q < QUOTE_KINDS; q++)
        if (str_starts(form_str(&s->f, at, s->f.t.len), str_of(quotes[q])))
            return q;
    return -1;
}

/* Behind the quote that closes; SIZE_MAX when none does. */
static size_t
quote_end(struct shell *s, size_t at, int q)
{
    size_t n = strlen(quotes[q]), i = at + n;

    for (; !s->closed[q] && i < s->f.t.len; i++) {
        if (q == 0 && s->f.t.ptr[i] == '\\' && i + 1 < s->f.t.len) {
            i++;
            continue;
        }
        if (str_starts(form_str(&s->f, i, s->f.t.len), str_of(quotes[q])))
            return i + n;
    }
    s->closed[q] = true;
    return SIZE_MAX;
}

static bool
parts_words(const struct shell *s, char c, bool url)
{
    return c == 0 || byte_in(c, SPACE) || (!url && byte_in(c, ";&|()`")) || (s->list && byte_in(c, "[],"));
}

/* The word at ${at}, which is not white space. A quote that nothing closes is a byte like others. */
static struct word
word_at(struct shell *s, size_t at)
{
    struct word w = {at, at};
    bool url = false;

    while (w.end < s->f.t.len) {
        char c = s->f.t.ptr[w.end];
        int q = byte_in(c, "\"'\\") ? quote_at(s, w.end) : -1;
        size_t close = q >= 0 ? quote_end(s, w.end, q) : SIZE_MAX;

        if (close != SIZE_MAX) {
            w.end = close;
            continue;
        }
        if (parts_words(s, c, url))
            break;
        url |= c == '/' && w.end > w.start + 1 && s->f.t.ptr[w.end - 1] == '/' && s->f.t.ptr[w.end - 2] == ':';
        w.end += c == '\\' && q < 0 && w.end + 1 < s->f.t.len && byte_in(s->f.t.ptr[w.end + 1], SPACE) ? 2 : 1;
    }
    return w;
}

/* Without the quotes around it. */
static struct word
unquoted(const struct shell *s, size_t start, size_t end)
{
    static const char *const open[] = {"\\\"", "\\'", "\"", "'", NULL};

    for (const char *const *q = open; *q; q++) {
        size_t n = strlen(*q);
        struct str w = form_str(&s->f, start, end);

        if (str_starts(w, str_of(*q)))
            return (struct word){start + n, w.len >= 2 * n && str_ends(w, str_of(*q)) ? end - n : end};
    }
    return (struct word){start, end};
}

/* ---- values ---- */

static bool
identifier_until(const struct shell *s, size_t at, size_t end, size_t *equals)
{
    size_t i = at;

    while (i < end && (ascii_alnum(s->f.t.ptr[i]) || byte_in(s->f.t.ptr[i], "_-. []")))
        i++;
    *equals = i;
    return i > at && i < end && s->f.t.ptr[i] == '=';
}

static enum rc
add_secret(struct shell *s, size_t start, size_t end)
{
    struct word v = unquoted(s, start, end);

    return form_add(&s->f, SCAN_SHELL_SECRET, v.start, v.end);
}

/* Password=x;User=y, a.password=x,b=y, literal=password=x: a secret value ends where the next name begins. */
static enum rc
scan_settings(struct shell *s, size_t start, size_t end)
{
    size_t secret = SIZE_MAX, equals;
    enum rc rc = RC_OK;

    for (size_t at = start; at < end && rc == RC_OK;) {
        if (identifier_until(s, at, end, &equals)) {
            if (secret != SIZE_MAX)
                rc = add_secret(s, secret, at - 1);
            secret = name_is_secret_flag(form_str(&s->f, at, equals)) ? equals + 1 : SIZE_MAX;
            at = equals + 1;
            if (secret == SIZE_MAX)
                continue;
        }
        at = form_find(&s->f, at, end, ",;&") + 1;
    }
    return rc == RC_OK && secret != SIZE_MAX ? add_secret(s, secret, end) : rc;
}

/* user:password, user%password, user,password; a user alone stays. */
static enum rc
scan_user(struct shell *s, size_t start, size_t end)
{
    size_t colon = form_find(&s->f, start, end, ":%,");

    return colon < end ? form_add(&s->f, SCAN_SHELL_SECRET, start, end) : RC_OK;
}

/* -p of an unknown program. */
static bool
harmless(struct str v)
{
    size_t i = 0;

    while (i < v.len && (ascii_digit(v.ptr[i]) || byte_in(v.ptr[i], ":.-/")))
        i++;
    return v.len == 0 || i == v.len || byte_in(v.ptr[0], "/.~$") || str_find(v, STR("/")) != SIZE_MAX;
}

static enum rc
scan_text(struct shell *s, struct word v, enum scan_kind kind)
{
    struct str t = form_str(&s->f, v.start, v.end);

    if (t.len > 1 && t.ptr[0] == '{' && form_lexes(&s->f, &scanner_json, v.start, v.end))
        return form_inside(&s->f, &scanner_json, kind, v.start, v.end);
    if (str_find(t, STR("://")) != SIZE_MAX)
        return form_inside_as(&s->f, &scanner_url, STR("url.full"), kind, v.start, v.end);
    if (str_find(t, STR(" ")) != SIZE_MAX || str_find(t, STR("\n")) != SIZE_MAX)
        return form_inside_as(&s->f, &scanner_shell, STR(""), kind, v.start, v.end);
    return scan_settings(s, v.start, v.end);
}

static enum rc
scan_argument(struct shell *s, enum argument a, struct word v)
{
    struct str t = form_str(&s->f, v.start, v.end);
    const struct scanner *sql = scanner_find(STR("sql"));

    switch (a) {
    case ARG_SECRET:
        return form_add(&s->f, SCAN_SHELL_SECRET, v.start, v.end);
    case ARG_USER:
        return scan_user(s, v.start, v.end);
    case ARG_HEADER:
        return form_inside_as(&s->f, &scanner_headers, STR(""), SCAN_SHELL_SECRET, v.start, v.end);
    case ARG_COOKIE:
        return str_find(t, STR("=")) == SIZE_MAX ? RC_OK : form_inside_as(&s->f, &scanner_cookies, STR("cookie"), SCAN_SHELL_SECRET, v.start, v.end);
    case ARG_BODY:
        return str_starts(t, STR("@")) ? RC_OK : form_inside(&s->f, &scanner_body, SCAN_SHELL_SECRET, v.start, v.end);
    case ARG_SQL:
        return sql ? form_inside(&s->f, sql, SCAN_SHELL_SECRET, v.start, v.end) : form_add(&s->f, SCAN_SHELL_SECRET, v.start, v.end);
    case ARG_DOUBTFUL:
        return harmless(t) ? RC_OK : form_add(&s->f, SCAN_SHELL_SECRET, v.start, v.end);
    case ARG_NONE:
        return scan_text(s, v, SCAN_SHELL_SECRET);
    }
    return RC_UNDECIDABLE;
}

/* ---- lines ---- */

/* The word behind a flag is its value unless it is a flag itself: one letter, a word in lower case, or a word and what is assigned to it. */
static bool
is_flag(struct str w)
{
    size_t i = str_starts(w, STR("--")) ? 2 : 1, from = i;

    if (w.len < 2 || w.ptr[0] != '-')
        return false;
    while (i < w.len && ((unsigned char)(w.ptr[i] - 'a') < 26 || (i > from && byte_in(w.ptr[i], "-_."))))
        i++;
    return i == w.len || w.ptr[i] == '=' || (from == 1 && w.len == 2 && byte_alnum(w.ptr[1]));
}

/* scott/tiger@db of the programs of Oracle. */
static bool
is_oracle(const struct shell *s, struct str w)
{
    static const char *const programs[] = {"sqlplus", "sqlldr", "exp", "imp", "expdp", "impdp", "sql", "rman", "tkprof", NULL};
    size_t slash = str_find(w, STR("/"));

    return word_in(s->command, programs) && slash != SIZE_MAX && slash > 0 && w.ptr[0] != '@';
}

static enum rc
scan_oracle(struct shell *s, struct word v)
{
    size_t slash = form_find(&s->f, v.start, v.end, "/");
    size_t sign = slash;

    for (size_t i = slash; i < v.end; i++)
        if (s->f.t.ptr[i] == '@' && sign == slash)
            sign = i;
    return form_add(&s->f, SCAN_SHELL_SECRET, slash + 1, sign > slash ? sign : v.end);
}

/* A word that is no flag. */
static enum rc
scan_plain(struct shell *s, struct word w)
{
    static const char *const wrappers[] = {"sudo", "env", "exec", "nohup", "time", "export", "nice", "doas", "command", "set", "xargs", "timeout",
        "setsid", "stdbuf", "then", "do", "else", NULL};
    static const char *const settings[] = {"config", "configure", "set", "login", "config:set", "setx", NULL};
    struct word v = unquoted(s, w.start, w.end);
    struct str t = form_str(&s->f, v.start, v.end);
    size_t equals = form_find(&s->f, v.start, v.end, "=");

    if (s->setting && equals == v.end && name_is_secret_flag(t) && t.len < 64) {
        s->next = ARG_SECRET;
        return RC_OK;
    }
    if (s->command.len == 0 && equals == v.end && !word_in(command_name(t), wrappers)) {
        s->command = command_name(t);
        return scan_text(s, v, SCAN_SHELL_SECRET);
    }
    if (word_in(t, settings)) {
        s->setting = true;
        if (str_eq(t, STR("login")) && str_eq(s->command, STR("vault")))
            s->next = ARG_SECRET;
        return RC_OK;
    }
    if (is_oracle(s, t))
        return scan_oracle(s, v);
    /* "Authorization: Bearer x" as a word of its own */
    size_t colon = str_find(t, STR(": "));

    if (w.start < v.start && colon != SIZE_MAX && colon > 0 && colon < 40)
        return form_inside_as(&s->f, &scanner_headers, STR(""), SCAN_SHELL_SECRET, v.start, v.end);
    return scan_text(s, v, SCAN_SHELL_SECRET);
}

/* NAME='a b': the value without its quotes; true when it was one. */
static bool
assignment(struct shell *s, struct word w, enum rc *rc)
{
    size_t equals = form_find(&s->f, w.start, w.end, "=");

    for (size_t i = w.start; i < equals; i++)
        if (!ascii_alnum(s->f.t.ptr[i]) && !byte_in(s->f.t.ptr[i], "_.-"))
            return false;
    if (equals == w.end || equals == w.start)
        return false;
    struct word v = unquoted(s, equals + 1, w.end);

    struct str name = form_str(&s->f, w.start, equals);

    if (name_is_secret_flag(name) && str_find(name, STR(".")) == SIZE_MAX)
        *rc = form_add(&s->f, SCAN_SHELL_SECRET, v.start, v.end);
    else if (name_is_secret_flag(name)) /* db.password=x,image.tag=y */
        *rc = scan_settings(s, w.start, w.end);
    else
        *rc = scan_text(s, v, SCAN_SHELL_SECRET);
    return true;
}

static enum rc
scan_word(struct shell *s, struct word w)
{
    struct word v = unquoted(s, w.start, w.end);
    struct str t = form_str(&s->f, v.start, v.end);
    enum argument next = s->next;
    size_t attached;
    enum rc rc = RC_OK;

    s->next = ARG_NONE;
    if (next != ARG_NONE && !is_flag(t))
        return scan_argument(s, next, v);
    if (t.len > 1 && byte_in(t.ptr[0], "-/")) {
        enum argument a = flag_argument(s->command, t, &attached);

        if (attached == t.len && a != ARG_NONE) {
            s->next = a;
            return RC_OK;
        }
        if (attached < t.len && (a != ARG_NONE || t.ptr[0] == '-')) {
            struct word value = unquoted(s, v.start + attached, v.end);

            return scan_argument(s, a, value);
        }
    }
    return assignment(s, w, &rc) ? rc : scan_plain(s, w);
}

static enum rc
scan_line(struct shell *s)
{
    enum rc rc = RC_OK;

    for (size_t at = 0; at < s->f.t.len && rc == RC_OK;) {
        char c = s->f.t.ptr[at];

        if (!parts_words(s, c, false)) {
            struct word w = word_at(s, at);

            /* A secret whose quote nothing closes goes to the end. */
            if (s->next != ARG_NONE && byte_in(c, "\"'") && w.end < s->f.t.len && s->closed[c == '\'']) {
                struct word v = unquoted(s, w.start, w.end);

                if (v.end == w.end)
                    w.end = s->f.t.len;
            }
            rc = scan_word(s, w);
            at = w.end > at ? w.end : at + 1;
            continue;
        }
        if (byte_in(c, ";&|()`\n")) {
            s->command = (struct str){"", 0};
            s->next = ARG_NONE;
            s->setting = false;
        }
        at++;
    }
    return rc;
}

/* process.environment_variable.DB_PASSWORD */
static struct str
variable_in_key(struct str key)
{
    static const char *const before[] = {"environment_variable.", "environment_variable/", "process.env.", "environment_variables/", NULL};

    for (const char *const *b = before; *b; b++) {
        size_t at = str_find(key, str_of(*b));

        if (at != SIZE_MAX)
            return str_sub(key, at + strlen(*b), key.len);
    }
    return (struct str){NULL, 0};
}

/* One element of an array: one word, whatever it holds. */
static enum rc
scan_element(struct shell *s)
{
    struct word all = {0, s->f.t.len};
    struct str before = s->f.in->before;
    size_t attached;

    if (before.len > 1 && before.ptr[0] == '-') {
        s->next = flag_argument(s->command, before, &attached);
        if (attached < before.len)
            s->next = ARG_NONE;
    }
    if (s->next != ARG_NONE || byte_in(s->f.t.ptr[0], "-"))
        return scan_word(s, all);
    enum rc rc = RC_OK;
    size_t equals = form_find(&s->f, 0, all.end, "= \t\n");

    if (equals < all.end && s->f.t.ptr[equals] == '=' && assignment(s, all, &rc))
        return rc;
    return scan_line(s);
}

static enum rc
scan(const struct scan_in *in, struct scan_out *out)
{
    struct shell s = {.f = form_of(in, out, false), .command = {"", 0}};
    struct str variable = variable_in_key(in->key), t = str_trim(in->text);

    if (form_replaced(in->text) || in->text.len == 0)
        return RC_OK;
    if (variable.ptr) {
        struct word all = {0, in->text.len};

        return name_is_secret_flag(variable) ? form_add(&s.f, SCAN_SHELL_SECRET, 0, in->text.len) : scan_text(&s, all, SCAN_SHELL_SECRET);
    }
    if (in->before.ptr)
        return scan_element(&s);
    s.list = t.len > 1 && t.ptr[0] == '[' && byte_in(t.ptr[1], "\"'");
    return scan_line(&s);
}

const struct scanner scanner_shell = {
    .name = "shell",
    .title = "Command lines, arguments and environment: passwords, tokens, headers, URLs",
    .keys = (const char *const[]){"process.command_line", "process.command_args", "process.command", "container.command", "container.command_line",
        "container.command_args", "process.environment_variable.*", "process.env.*", "faas.command", NULL},
    .kinds = SCAN_SET(SHELL_SECRET) | HEADER_KINDS | BODY_KINDS | SCAN_SET(SQL_LITERAL) | SCAN_SET(SQL_COMMENT),
    .scan = scan,
};
