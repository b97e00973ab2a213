/* What parsing and printing of commands share. */
#ifndef CONTROL_COMMAND_INT_H
#define CONTROL_COMMAND_INT_H

#include "control/command.h"

struct option_value {
    const char **texts; /* room for all of argv */
    size_t count;
    uint64_t number;
};

struct arguments {
    const struct command *command;
    struct option_value values[OPTIONS_MAX];
    const char **rest;
    size_t rest_count;
    const char **pool; /* holds texts and rest */
};

/* --help of one command, and the list of all (those whose first word is group; NULL = all). */
void command_print_help(const struct command *c, FILE *out);
void commands_print_overview(struct command_list commands, const char *group, FILE *out);

#endif
