#include "command_int.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/conf.h"

static const struct option_spec *
option_find(const struct command *c, struct str name)
{
    for (const struct option_spec *o = c->options; o && o->name; o++)
        if (str_eq(name, str_of(o->name)))
            return o;
    return NULL;
}

static const struct option_value *
value_of(const struct arguments *a, const char *name)
{
    const struct option_spec *o = option_find(a->command, str_of(name));

    assert(o); /* a command asks for its own options */
    return &a->values[o - a->command->options];
}

bool
args_flag(const struct arguments *a, const char *name)
{
    return value_of(a, name)->count > 0;
}

const char *
args_text(const struct arguments *a, const char *name)
{
    const struct option_value *v = value_of(a, name);

    return v->count ? v->texts[v->count - 1] : NULL;
}

size_t
args_list(const struct arguments *a, const char *name, const char *const **values)
{
    const struct option_value *v = value_of(a, name);

    *values = v->texts;
    return v->count;
}

uint64_t
args_number(const struct arguments *a, const char *name)
{
    return value_of(a, name)->number;
}

size_t
args_rest(const struct arguments *a, const char *const **values)
{
    *values = a->rest;
    return a->rest_count;
}

PRINTF_LIKE(3, 0)
static int
usage_print(const struct command *c, const char *hint, const char *fmt, va_list ap)
{
    fprintf(stderr, "spangate %s: ", c->name);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    if (hint && *hint)
        fprintf(stderr, "   hint: %s\n", hint);
    fprintf(stderr, "   see: spangate %s --help\n", c->name);
    return EXIT_USAGE;
}

int
usage_error(const struct arguments *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int code = usage_print(a->command, NULL, fmt, ap);
    va_end(ap);
    return code;
}

PRINTF_LIKE(3, 4)
static int
refuse(const struct arguments *a, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int code = usage_print(a->command, hint, fmt, ap);
    va_end(ap);
    return code;
}

static bool
choice_allows(const char *choices, struct str value)
{
    for (const char *at = choices; value.len && at;) {
        const char *bar = strchr(at, '|');
        struct str word = {at, bar ? (size_t)(bar - at) : strlen(at)};

        if (str_eq(word, value))
            return true;
        at = bar ? bar + 1 : NULL;
    }
    return false;
}

/* Take one value, from argv, the environment or the default. Returns an exit code. */
static int
value_add(struct arguments *a, const struct option_spec *o, const char *text, const char *from)
{
    struct option_value *v = &a->values[o - a->command->options];
    const char *wanted = NULL;

    switch (o->type) {
    case OPTION_NUMBER:
        wanted = str_to_u64(str_of(text), &v->number) ? NULL : "a whole number";
        break;
    case OPTION_DURATION:
        wanted = conf_parse_duration_ms(str_of(text), &v->number) ? NULL : "a duration such as 200ms, 5s or 1m30s";
        break;
    case OPTION_SIZE:
        wanted = conf_parse_size(str_of(text), &v->number) ? NULL : "a size such as 64KiB or 16MiB";
        break;
    case OPTION_CHOICE:
        wanted = choice_allows(o->arg, str_of(text)) ? NULL : o->arg;
        break;
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_LIST:
        break;
    }
    if (wanted)
        return refuse(a, NULL, "%s%s: %s is wanted, not \"%s\"", from, o->name, wanted, text);
    v->texts[v->count++] = text;
    return EXIT_DONE;
}

static int
unknown_option(const struct arguments *a, struct str name)
{
    const char *names[OPTIONS_MAX + 1];
    size_t count = 0;
    struct err e = {0};

    for (const struct option_spec *o = a->command->options; o && o->name; o++)
        names[count++] = o->name;
    names[count++] = "help";
    err_hint_nearest(&e, name, names, count);
    return refuse(a, e.hint, "unknown option --%.*s", (int)name.len, name.ptr);
}

/* argv[*i] is --name, --name=value. */
static int
take_long(struct arguments *a, char **argv, int *i)
{
    const char *text = argv[*i] + 2;
    struct str word = {text, strlen(text)};
    size_t eq = str_find(word, STR("="));
    struct str name = eq == SIZE_MAX ? word : str_sub(word, 0, eq);
    const struct option_spec *o = option_find(a->command, name);

    if (!o)
        return unknown_option(a, name);
    if (o->type == OPTION_FLAG)
        return eq == SIZE_MAX ? value_add(a, o, "", "--") : refuse(a, NULL, "--%s takes no value", o->name);
    if (eq != SIZE_MAX)
        return value_add(a, o, word.ptr + eq + 1, "--");
    if (!argv[*i + 1])
        return refuse(a, NULL, "--%s needs a value: %s", o->name, o->arg);
    return value_add(a, o, argv[++*i], "--");
}

/* argv[*i] is -n, -nvalue. */
static int
take_short(struct arguments *a, char **argv, int *i)
{
    const char *word = argv[*i];
    const struct option_spec *o = a->command->options;

    while (o && o->name && o->letter != word[1])
        o++;
    if (!o || !o->name)
        return refuse(a, NULL, "unknown option -%c", word[1]);
    if (o->type == OPTION_FLAG)
        return word[2] ? refuse(a, NULL, "-%c takes no value", word[1]) : value_add(a, o, "", "--");
    if (word[2])
        return value_add(a, o, word + 2, "--");
    if (!argv[*i + 1])
        return refuse(a, NULL, "-%c needs a value: %s", word[1], o->arg);
    return value_add(a, o, argv[++*i], "--");
}

/* Options that the command line left open. */
static int
take_defaults(struct arguments *a)
{
    int code = EXIT_DONE;

    for (const struct option_spec *o = a->command->options; o && o->name && code == EXIT_DONE; o++) {
        const char *env = o->env ? getenv(o->env) : NULL;

        if (a->values[o - a->command->options].count)
            continue;
        if (o->type == OPTION_FLAG) /* set by its variable unless that is empty or 0 */
            code = env && *env && strcmp(env, "0") != 0 ? value_add(a, o, "", "") : EXIT_DONE;
        else if (env && *env)
            code = value_add(a, o, env, "environment, for --");
        else if (o->fallback)
            code = value_add(a, o, o->fallback, "default of --");
    }
    return code;
}

static bool
asks_help(char **argv)
{
    for (; *argv && strcmp(*argv, "--") != 0; argv++)
        if (strcmp(*argv, "--help") == 0 || strcmp(*argv, "-h") == 0)
            return true;
    return false;
}

static int
parse(struct arguments *a, char **argv)
{
    bool options = true;
    int code = EXIT_DONE;

    for (int i = 0; argv[i] && code == EXIT_DONE; i++) {
        const char *word = argv[i];

        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (options && word[0] == '-' && word[1] == '-')
            code = take_long(a, argv, &i);
        else if (options && word[0] == '-' && word[1]) /* "-" alone is a file name: standard input */
            code = take_short(a, argv, &i);
        else
            a->rest[a->rest_count++] = word;
    }
    if (code == EXIT_DONE)
        code = take_defaults(a);
    if (code == EXIT_DONE && a->rest_count > a->command->rest_max)
        code = refuse(a, NULL, "unexpected argument \"%s\"", a->rest[a->command->rest_max]);
    if (code == EXIT_DONE && a->rest_count < a->command->rest_min)
        code = refuse(a, a->command->usage, "an argument is missing");
    return code;
}

static int
run(const struct command *c, int argc, char **argv)
{
    struct arguments a = {.command = c};
    size_t each = (size_t)argc + 1, options = 0;

    if (asks_help(argv)) {
        command_print_help(c, stdout);
        return EXIT_DONE;
    }
    while (c->options && c->options[options].name)
        options++;
    assert(options <= OPTIONS_MAX);
    a.pool = calloc((options + 1) * each, sizeof(*a.pool));
    if (!a.pool) {
        fputs("spangate: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    for (size_t i = 0; i < options; i++)
        a.values[i].texts = a.pool + i * each;
    a.rest = a.pool + options * each;
    int code = parse(&a, argv);

    if (code == EXIT_DONE)
        code = c->run(&a);
    if (fflush(stdout) != 0 || ferror(stdout)) { /* half a report must not look like a whole one */
        fprintf(stderr, "spangate: standard output: %m\n");
        code = code == EXIT_DONE || code == EXIT_NEGATIVE ? EXIT_UNAVAILABLE : code;
    }
    free(a.pool);
    return code;
}

/* The command that argv begins with, the longer name first; *words becomes how many it has. */
static const struct command *
command_find(struct command_list commands, int argc, char **argv, int *words)
{
    char name[64];

    for (int n = argc < 2 ? argc : 2; n > 0; n--) {
        int len = snprintf(name, sizeof(name), n == 2 ? "%s %s" : "%s", argv[0], argv[1]);

        for (size_t i = 0; len > 0 && (size_t)len < sizeof(name) && i < commands.count; i++) {
            if (strcmp(commands.items[i]->name, name) != 0)
                continue;
            *words = n;
            return commands.items[i];
        }
    }
    return NULL;
}

static bool
is_group(struct command_list commands, const char *word)
{
    struct str s = str_of(word);

    for (size_t i = 0; i < commands.count; i++) {
        struct str name = str_of(commands.items[i]->name);

        if (str_starts(name, s) && name.len > s.len && name.ptr[s.len] == ' ')
            return true;
    }
    return false;
}

#define NAMES_MAX 64

static int
unknown_command(struct command_list commands, int argc, char **argv)
{
    const char *names[NAMES_MAX];
    char given[64];
    size_t count = commands.count < NAMES_MAX ? commands.count : NAMES_MAX;
    struct err e = {0};

    if (is_group(commands, argv[0]) && (argc < 2 || argv[1][0] == '-')) {
        commands_print_overview(commands, argv[0], stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < count; i++)
        names[i] = commands.items[i]->name;
    snprintf(given, sizeof(given), argc > 1 && argv[1][0] != '-' ? "%s %s" : "%s", argv[0], argc > 1 ? argv[1] : "");
    err_hint_nearest(&e, str_of(given), names, count);
    if (!str_starts(str_of(e.hint), STR("did you")))
        err_hint_nearest(&e, str_of(argv[0]), names, count);
    fprintf(stderr, "spangate: unknown command \"%s\"\n   hint: %s\n   see: spangate --help\n", given, e.hint);
    return EXIT_USAGE;
}

int
command_dispatch(struct command_list commands, int argc, char **argv)
{
    static char version[] = "version";
    char *replaced[] = {version, NULL};
    int words = 0;

    if (argc > 0)
        argc--, argv++;
    if (argc == 0) {
        commands_print_overview(commands, NULL, stderr);
        return EXIT_USAGE;
    }
    bool help = strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 || strcmp(argv[0], "help") == 0;

    if (help)
        argc--, argv++;
    if (help && argc == 0) {
        commands_print_overview(commands, NULL, stdout);
        return EXIT_DONE;
    }
    if (!help && strcmp(argv[0], "--version") == 0)
        argc = 1, argv = replaced;
    const struct command *c = command_find(commands, argc, argv, &words);

    if (!c && is_group(commands, argv[0]) && (help || asks_help(argv))) {
        commands_print_overview(commands, argv[0], stdout);
        return EXIT_DONE;
    }
    if (!c)
        return unknown_command(commands, argc, argv);
    if (!help)
        return run(c, argc - words, argv + words);
    command_print_help(c, stdout);
    return EXIT_DONE;
}

int
exit_code_of(enum rc rc)
{
    switch (rc) {
    case RC_OK:
        return EXIT_DONE;
    case RC_USAGE:
        return EXIT_USAGE;
    case RC_INTEGRITY:
        return EXIT_INTEGRITY_FAILED;
    case RC_IO:
    case RC_FULL:
    case RC_BUSY:
    case RC_AGAIN:
    case RC_STOPPING:
    case RC_TLS:
    case RC_TIMEOUT:
    case RC_NOT_FOUND:
    case RC_DENIED:
    case RC_UNAUTH:
        return EXIT_UNAVAILABLE;
    case RC_CONFIG:
    case RC_MALFORMED: /* of a file that the user named */
    case RC_UTF8:
    case RC_DUPLICATE:
    case RC_DEPTH:
    case RC_LIMIT:
    case RC_TOO_LARGE:
    case RC_ENCODING:
        return EXIT_CONFIG;
    case RC_NOMEM:
    case RC_MEDIA_TYPE:
    case RC_METHOD:
    case RC_UNIMPLEMENTED:
    case RC_UNROUTABLE:
    case RC_REJECTED:
    case RC_UNDECIDABLE:
    case RC_INTERNAL:
    case RC_COUNT_:
        break;
    }
    return EXIT_INTERNAL;
}

bool
output_colored(FILE *out)
{
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR"); /* no-color.org: set and not empty */

    return isatty(fileno(out)) == 1 && (!no || !*no) && term && strcmp(term, "dumb") != 0;
}
