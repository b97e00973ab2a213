/*
 * Scanner: commands of Redis and Valkey as clients write them down: words separated by blanks, quoted or not, several commands on lines of their own. The table
 * says what is kept; what it does not know is a value.
 */
#include "db_int.h"

static const struct command {
    const char *name, *first, *then;
} commands[] = {
#define COMMAND(name, first, then) {name, first, then},
#include "redis_commands.def"
#undef COMMAND
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Names of options and subcommands, of any command: no value of a person is one of these. */
static const char *const options[] = {"abstime", "absttl", "after", "aggregate", "alpha", "and", "any", "asc", "async", "auth", "auth2", "before",
    "bit", "block", "by", "bybox", "bylex", "byradius", "byscore", "byte", "cat", "ch", "consumers", "copy", "count", "create", "createconsumer",
    "delconsumer", "deluser", "desc", "destroy", "doctor", "encoding", "ex", "exat", "exists", "fail", "flush", "force", "freq", "fromlonlat",
    "frommember", "ft", "full", "get", "getname", "getuser", "group", "groups", "gt", "help", "id", "idle", "idletime", "incr", "incrby", "info",
    "justid", "keepttl", "keys", "kill", "km", "left", "limit", "list", "load", "log", "lt", "m", "match", "max", "maxlen", "mi", "min", "minid",
    "noack", "nomkstream", "nosave", "not", "novalues", "nx", "or", "overflow", "px", "pxat", "rank", "refcount", "replace", "resetstat", "rev",
    "rewrite", "right", "sat", "set", "setid", "setinfo", "setname", "setuser", "stats", "store", "storedist", "stream", "streams", "sum", "sync",
    "type", "usage", "weights", "whoami", "withcoord", "withdist", "withhash", "withscores", "withvalues", "wrap", "xor", "xx", "~", "=", "*", "+",
    "-", "$", ">"};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int
compare(struct str word, const char *name)
{
    for (size_t i = 0; i < word.len; i++) {
        int d = (unsigned char)lower(word.ptr[i]) - (unsigned char)name[i];

        if (d || !name[i])
            return d;
    }
    return name[word.len] ? -1 : 0;
}

static const struct command *
command_find(struct str word)
{
    size_t lo = 0, hi = COMMANDS;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int d = compare(word, commands[mid].name);

        if (d == 0)
            return &commands[mid];
        if (d < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

static bool
is_option(struct str word)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (compare(word, options[i]) == 0)
            return true;
    return false;
}

static bool
is_number(struct str s)
{
    bool digit = false;

    for (size_t i = 0; i < s.len; i++) {
        bool d = s.ptr[i] >= '0' && s.ptr[i] <= '9';

        if (!d && s.ptr[i] != '.' && s.ptr[i] != '-' && s.ptr[i] != '(')
            return false;
        digit |= d;
    }
    return digit;
}

/* A module's command, or one of a later version. */
static bool
looks_like_command(struct str s)
{
    if (s.len < 2 || s.len > 32)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = lower(s.ptr[i]);

        if (!((c >= 'a' && c <= 'z') || (i > 0 && (c == '.' || c == '_' || c == '-'))))
            return false;
    }
    return true;
}

/* ---- words ---- */

struct line {
    struct str text;
    size_t at;
    const struct command *command; /* NULL: not known */
    size_t argument;
    bool started;
    struct db_run run;
};

/* An argument ends at a blank outside of quotes. *broken: a line ended before it. */
static struct str
next_word(struct line *l, bool *broken)
{
    size_t at = l->at;

    *broken = false;
    while (at < l->text.len && db_is_space(l->text.ptr[at])) {
        *broken |= l->text.ptr[at] == '\n' || l->text.ptr[at] == '\r';
        at++;
    }
    size_t start = at;
    char quote = at < l->text.len && (l->text.ptr[at] == '"' || l->text.ptr[at] == '\'') ? l->text.ptr[at] : '\0';

    if (quote) {
        for (at++; at < l->text.len && l->text.ptr[at] != quote; at++)
            at += l->text.ptr[at] == '\\' && at + 1 < l->text.len;
        at += at < l->text.len;
    }
    while (at < l->text.len && !db_is_space(l->text.ptr[at]))
        at++;
    l->at = at;
    return str_sub(l->text, start, at);
}

static char
role(const struct line *l)
{
    if (!l->command)
        return 'v';
    size_t first = strlen(l->command->first), then = strlen(l->command->then), n = l->argument;

    return n < first ? l->command->first[n] : then ? l->command->then[(n - first) % then] : 'v';
}

static bool
is_kept(const struct line *l, struct str word)
{
    switch (role(l)) {
    case 'k':
        return true;
    case 'n':
        return !is_number(word);
    case 'o':
        return is_option(word);
    default:
        return false;
    }
}

/* The name of a command at the start, and of a known one at the start of a line. */
static bool
starts_command(struct line *l, struct str word, bool broken)
{
    const struct command *known = command_find(word);

    if (l->started && !(broken && known)) {
        if (broken) /* a line of its own: what the command before keeps is kept no more */
            l->command = NULL;
        return false;
    }
    if (!known && !looks_like_command(word))
        return false;
    l->command = known;
    l->argument = 0;
    return true;
}

static enum rc
scan_redis(const struct scan_in *in, struct scan_out *out)
{
    struct line l = {.text = in->text, .run = {.out = out, .kind = SCAN_COMMAND_ARGUMENT, .rc = RC_OK}};

    /* The protocol itself (RESP): lengths stand between the words. */
    if (l.text.len > 1 && l.text.ptr[0] == '*' && l.text.ptr[1] >= '0' && l.text.ptr[1] <= '9')
        return scan_add(out, SCAN_COMMAND_ARGUMENT, 0, l.text.len);
    while (l.at < l.text.len && l.run.rc == RC_OK) {
        bool broken;
        struct str word = next_word(&l, &broken);
        size_t start = l.at - word.len;

        if (word.len == 0)
            break;
        bool command = starts_command(&l, word, broken), kept = command || is_kept(&l, word);

        if (!command)
            l.argument++;
        l.started = true;
        if (kept)
            db_flush(&l.run);
        else
            db_extend(&l.run, start, l.at);
    }
    db_flush(&l.run);
    return l.run.rc;
}

/* Names that SQL has too, and those that are English words a text may start with. */
bool
redis_command(struct str text)
{
    static const char *const sql[] = {"select", "copy", "exec", "rename", "command", "type", "time", "object", "module", "function", "cluster",
        "client", "move", "sort", "debug", "info", "restore", "script", "wait", "watch", "memory", "get", NULL};
    size_t end = 0;

    while (end < text.len && !db_is_space(text.ptr[end]))
        end++;
    struct str word = str_sub(text, 0, end);

    for (const char *const *s = sql; *s; s++)
        if (compare(word, *s) == 0 && strcmp(*s, "get") != 0)
            return false;
    return command_find(word) != NULL;
}

static const char *const keys[] = {"redis.raw_command", "redis.command", "db.redis.statement", NULL};

const struct scanner scanner_redis = {
    .name = "redis",
    .title = "Arguments of Redis and Valkey commands",
    .keys = keys,
    .kinds = SCAN_SET(COMMAND_ARGUMENT),
    .part = true,
    .scan = scan_redis,
};
