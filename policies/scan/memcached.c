/*
 * Scanner: the text protocol of Memcached. The first line is kept but for what is no key, flag, time or length; everything after it is a payload.
 * https://github.com/memcached/memcached/blob/master/doc/protocol.txt
 */
#include "db_int.h"

/* How many words follow the name: keys, then numbers. */
static const struct command {
    const char *name;
    size_t keys, numbers;
} commands[] = {
    {"set", 1, 3},
    {"add", 1, 3},
    {"replace", 1, 3},
    {"append", 1, 3},
    {"prepend", 1, 3},
    {"cas", 1, 4},
    {"get", SIZE_MAX, 0},
    {"gets", SIZE_MAX, 0},
    {"gat", 0, 1},
    {"gats", 0, 1},
    {"delete", 1, 1},
    {"incr", 1, 0},
    {"decr", 1, 0},
    {"touch", 1, 1},
    {"stats", 1, 0},
    {"flush_all", 0, 1},
    {"version", 0, 0},
    {"quit", 0, 0},
    {"verbosity", 0, 1},
    {"mg", 1, 0},
    {"ms", 1, 1},
    {"md", 1, 0},
    {"ma", 1, 0},
    {"me", 1, 0},
    {"mn", 0, 0},
};

static const struct command *
command_find(struct str word)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (str_eq_nocase(word, str_of(commands[i].name)))
            return &commands[i];
    return NULL;
}

static bool
is_number(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(s.ptr[i] >= '0' && s.ptr[i] <= '9') && !(i == 0 && s.ptr[i] == '-'))
            return false;
    return s.len > 0 && s.len <= 20;
}

/* A flag of a meta command: a letter and perhaps a number; O (opaque) and k (key) hold anything. */
static bool
is_flag(struct str s)
{
    return s.len > 0 && s.ptr[0] >= 'A' && s.ptr[0] <= 'z' && (s.len == 1 || (s.ptr[0] != 'O' && is_number(str_sub(s, 1, s.len))));
}

static bool
is_kept(const struct command *c, struct str word, size_t argument)
{
    if (!c)
        return false;
    if (str_eq(word, STR("noreply")))
        return true;
    if (argument < c->keys)
        return true;
    if (argument - c->keys < c->numbers)
        return is_number(word);
    return (c->name[0] == 'm' && is_flag(word)) || (strncmp(c->name, "gat", 3) == 0);
}

static enum rc
scan_memcached(const struct scan_in *in, struct scan_out *out)
{
    struct db_run run = {.out = out, .kind = SCAN_COMMAND_ARGUMENT, .rc = RC_OK};
    const struct command *c = NULL;
    size_t at = 0, argument = 0;
    bool named = false;

    while (at < in->text.len && run.rc == RC_OK) {
        bool broken = false;

        while (at < in->text.len && db_is_space(in->text.ptr[at]))
            broken |= in->text.ptr[at] == '\n' || in->text.ptr[at] == '\r', at++;
        size_t start = at;

        if (broken && named) {
            if (start < in->text.len) {
                db_flush(&run);
                db_extend(&run, start, in->text.len);
            }
            break;
        }
        while (at < in->text.len && !db_is_space(in->text.ptr[at]))
            at++;
        struct str word = str_sub(in->text, start, at);

        if (word.len == 0)
            break;
        if (!named) {
            c = command_find(word);
            named = true;
            if (!c)
                db_extend(&run, start, at);
        } else if (is_kept(c, word, argument++)) {
            db_flush(&run);
        } else {
            db_extend(&run, start, at);
        }
    }
    db_flush(&run);
    return run.rc;
}

static const char *const keys[] = {"memcached.command", NULL};

const struct scanner scanner_memcached = {
    .name = "memcached",
    .title = "Payloads of Memcached commands",
    .keys = keys,
    .kinds = SCAN_SET(COMMAND_ARGUMENT),
    .part = true,
    .scan = scan_memcached,
};
