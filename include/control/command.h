/**
 * Subcommands. One file in proxy/cli exports one const struct command; proxy/cli/commands.def lists them. Parser, --help, man page and the
 * CLI reference come from these tables.
 *
 *   --name VALUE  --name=VALUE  -n VALUE  -nVALUE   an option        --  ends the options
 *   the command line wins over the environment variable of an option, that over its default
 */
#ifndef CONTROL_COMMAND_H
#define CONTROL_COMMAND_H

#include "base/err.h"

/* interfaces.md 1.1 */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_NEGATIVE = 1,
    EXIT_USAGE = 2,
    EXIT_CONFIG = 3,
    EXIT_UNAVAILABLE = 4,
    EXIT_INTEGRITY_FAILED = 5,
    EXIT_INTERNAL = 70
};

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_NUMBER, OPTION_DURATION, OPTION_SIZE, OPTION_CHOICE };

#define OPTIONS_MAX 32

struct option_spec {
    const char *name; /* "config" for --config */
    char letter;      /* 'c' for -c, 0 = none */
    enum option_type type;
    const char *arg;      /* "FILE"; for OPTION_CHOICE the words allowed: "text|json" */
    const char *fallback; /* default as text, NULL = unset */
    const char *env;      /* environment variable that sets it, NULL = none */
    const char *help;     /* one line */
};

/* Which gateway file is meant. */
#define CONFIG_OPTION(text)                                                                                                                      \
    {                                                                                                                                            \
        .name = "config", .letter = 'c', .type = OPTION_TEXT, .arg = "FILE", .fallback = "/etc/spangate/gateway.yaml", .env = "SPANGATE_CONFIG", \
        .help = (text)                                                                                                                           \
    }

struct arguments;
bool args_flag(const struct arguments *a, const char *name);
const char *args_text(const struct arguments *a, const char *name); /* NULL = unset; for lists the last */
size_t args_list(const struct arguments *a, const char *name, const char *const **values);
uint64_t args_number(const struct arguments *a, const char *name);       /* numbers, durations in ms, sizes in bytes */
size_t args_rest(const struct arguments *a, const char *const **values); /* positional */

/* Tell on standard error how the command is used wrongly, and where its help is. Returns: EXIT_USAGE */
int usage_error(const struct arguments *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The exit code for a command that failed with rc. */
int exit_code_of(enum rc rc);
/* Whether out is a terminal that may be coloured (NO_COLOR, TERM=dumb). */
bool output_colored(FILE *out);

struct command {
    const char *name;                  /* "run", "policy test" */
    const char *usage;                 /* "[-c FILE]... [--check-only]" */
    const char *summary;               /* one line */
    const char *text;                  /* paragraphs for --help and the manual, an empty line between two */
    const struct option_spec *options; /* .name NULL ends */
    unsigned rest_min, rest_max;       /* positional arguments */
    int (*run)(const struct arguments *a);
};

struct command_list {
    const struct command *const *items;
    size_t count;
};

/* All commands, in the order of commands.def. */
struct command_list commands_all(void);

/**
 * command_dispatch(commands, argc, argv):
 * Find the subcommand, parse its options, run it. --help prints to standard output, wrong usage to standard error.
 * Returns: an exit code
 */
int command_dispatch(struct command_list commands, int argc, char **argv);

/* command_dispatch with all commands. */
int command_main(int argc, char **argv);

/* The manual page spangate(1) for man(7), and the reference in Markdown. */
void commands_print_manual(struct command_list commands, FILE *out);
void commands_print_reference(struct command_list commands, FILE *out);

#endif
