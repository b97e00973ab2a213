/**
 * Subcommands. One file in proxy/cli exports one const struct command; cli/commands.def lists them. Parser, --help, man page and the CLI reference
 * come from these tables.
 */
#ifndef CONTROL_COMMAND_H
#define CONTROL_COMMAND_H

#include "base/err.h"

/* interfaces.md 1.1 */
enum exit_code { EXIT_DONE = 0, EXIT_NEGATIVE = 1, EXIT_USAGE = 2, EXIT_CONFIG = 3, EXIT_UNAVAILABLE = 4, EXIT_INTEGRITY_FAILED = 5, EXIT_INTERNAL = 70 };

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_NUMBER, OPTION_DURATION, OPTION_SIZE, OPTION_CHOICE };

struct option_spec {
    const char *name;     /* "config" for --config */
    char letter;          /* 'c' for -c, 0 = none */
    enum option_type type;
    const char *arg;      /* "FILE"; for OPTION_CHOICE "text|json" */
    const char *fallback; /* default as text, NULL = unset */
    const char *env;      /* environment variable that sets it, NULL = none */
    const char *help;     /* one line */
};

struct arguments;
bool args_flag(const struct arguments *a, const char *name);
const char *args_text(const struct arguments *a, const char *name); /* NULL = unset; for lists the last */
size_t args_list(const struct arguments *a, const char *name, const char *const **values);
uint64_t args_number(const struct arguments *a, const char *name);  /* numbers, durations in ms, sizes in bytes */
size_t args_rest(const struct arguments *a, const char *const **values); /* positional */

struct command {
    const char *name;     /* "run", "policy test" */
    const char *usage;    /* "[-c FILE]... [--check-only]" */
    const char *summary;  /* one line */
    const char *text;     /* paragraphs for --help and the manual */
    const struct option_spec *options; /* .name NULL ends */
    unsigned rest_min, rest_max;       /* positional arguments */
    int (*run)(const struct arguments *a);
};

const struct command *const *commands_all(size_t *count);

/**
 * command_main(argc, argv):
 * Find the subcommand, parse its options, run it.
 * Returns: an exit code
 */
int command_main(int argc, char **argv);

#endif
