#include "control/command.h"

#define COMMAND(symbol) extern const struct command symbol;
#include "commands.def"
#undef COMMAND

static const struct command *const all[] = {
#define COMMAND(symbol) &symbol,
#include "commands.def"
#undef COMMAND
};

struct command_list
commands_all(void)
{
    return (struct command_list){all, sizeof(all) / sizeof(all[0])};
}

int
command_main(int argc, char **argv)
{
    return command_dispatch(commands_all(), argc, argv);
}
