/* Scripts for shells, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "control/command.h"

/* "policy test" is the group policy and the word test; "run" is a word of its own. */
static size_t
group_length(const char *name)
{
    const char *blank = strchr(name, ' ');

    return blank ? (size_t)(blank - name) : 0;
}

static bool
is_first_of_group(struct command_list all, size_t at)
{
    size_t len = group_length(all.items[at]->name);

    for (size_t i = 0; i < at; i++)
        if (group_length(all.items[i]->name) == len && strncmp(all.items[i]->name, all.items[at]->name, len) == 0)
            return false;
    return true;
}

static void
print_first_words(struct command_list all)
{
    for (size_t i = 0; i < all.count; i++) {
        size_t len = group_length(all.items[i]->name);

        if (len == 0)
            printf("%s ", all.items[i]->name);
        else if (is_first_of_group(all, i))
            printf("%.*s ", (int)len, all.items[i]->name);
    }
}

/* The words behind a group. */
static void
print_second_words(struct command_list all, const char *group, size_t len)
{
    for (size_t i = 0; i < all.count; i++)
        if (group_length(all.items[i]->name) == len && strncmp(all.items[i]->name, group, len) == 0)
            printf("%s ", all.items[i]->name + len + 1);
}

static void
print_options(const struct command *c)
{
    for (const struct option_spec *o = c->options; o && o->name; o++)
        printf("--%s ", o->name);
    printf("--help");
}

/* The words of a choice, "a|b" as "a b". */
static void
print_choices(const char *arg)
{
    for (; *arg; arg++)
        putchar(*arg == '|' ? ' ' : *arg);
}

/* zsh reads this, too, with bashcompinit. */
static void
print_bash(struct command_list all)
{
    printf("_spangate() {\n"
           "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" words=\"\"\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"");
    print_first_words(all);
    printf("help\" -- \"$cur\")); return\n    fi\n    if [ \"$COMP_CWORD\" -eq 2 ]; then\n        case \"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < all.count; i++) {
        size_t len = group_length(all.items[i]->name);

        if (len == 0 || !is_first_of_group(all, i))
            continue;
        printf("        %.*s) COMPREPLY=($(compgen -W \"", (int)len, all.items[i]->name);
        print_second_words(all, all.items[i]->name, len);
        printf("\" -- \"$cur\")); return ;;\n");
    }
    printf("        esac\n    fi\n    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]} $prev\" in\n");
    for (size_t i = 0; i < all.count; i++)
        for (const struct option_spec *o = all.items[i]->options; o && o->name; o++) {
            if (o->type != OPTION_CHOICE)
                continue;
            printf("    \"%s\"*\" --%s\") words=\"", all.items[i]->name, o->name);
            print_choices(o->arg);
            printf("\" ;;\n");
        }
    printf("    esac\n    if [ -z \"$words\" ]; then\n        case \"$cur\" in -*) case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    for (size_t i = 0; i < all.count; i++) {
        printf("            \"%s\"%s) words=\"", all.items[i]->name, group_length(all.items[i]->name) ? "" : "\\ *");
        print_options(all.items[i]);
        printf("\" ;;\n");
    }
    printf("        esac ;; esac\n    fi\n"
           "    if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); else COMPREPLY=($(compgen -f -- \"$cur\")); fi\n"
           "}\ncomplete -o filenames -F _spangate spangate\n");
}

/* For fish: '...' in which a quote is escaped. */
static void
print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++)
        printf(*text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
    putchar('\'');
}

static void
print_fish_command(const struct command *c)
{
    size_t len = group_length(c->name);
    const char *word = len ? c->name + len + 1 : c->name;

    if (len)
        printf("complete -c spangate -n '__fish_seen_subcommand_from %.*s; and not __fish_seen_argument -w %s' -a %s -d ", (int)len, c->name, word,
            word);
    else
        printf("complete -c spangate -n __fish_use_subcommand -a %s -d ", word);
    print_quoted(c->summary);
    putchar('\n');
    for (const struct option_spec *o = c->options; o && o->name; o++) {
        printf("complete -c spangate -n '%s%.*s%s__fish_seen_subcommand_from %s' -l %s", len ? "__fish_seen_subcommand_from " : "", (int)len, c->name,
            len ? "; and " : "", word, o->name);
        if (o->letter)
            printf(" -s %c", o->letter);
        if (o->type != OPTION_FLAG)
            printf(" -r");
        if (o->type == OPTION_CHOICE) {
            printf(" -f -a '");
            print_choices(o->arg);
            putchar('\'');
        }
        printf(" -d ");
        print_quoted(o->help);
        putchar('\n');
    }
}

static void
print_fish(struct command_list all)
{
    for (size_t i = 0; i < all.count; i++) {
        size_t len = group_length(all.items[i]->name);

        if (len && is_first_of_group(all, i))
            printf("complete -c spangate -n __fish_use_subcommand -a %.*s\n", (int)len, all.items[i]->name);
        print_fish_command(all.items[i]);
    }
}

static int
run(const struct arguments *a)
{
    const char *const *rest;

    (void)args_rest(a, &rest);
    if (strcmp(rest[0], "fish") == 0) {
        print_fish(commands_all());
        return EXIT_DONE;
    }
    if (strcmp(rest[0], "zsh") == 0)
        printf("autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n");
    else if (strcmp(rest[0], "bash") != 0)
        return usage_error(a, "\"%s\" is not known: bash, zsh or fish", rest[0]);
    print_bash(commands_all());
    return EXIT_DONE;
}

const struct command cmd_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "Print a script with which a shell completes commands",
    .text = "  bash:  source <(spangate completion bash)\n"
            "  zsh:   source <(spangate completion zsh)\n"
            "  fish:  spangate completion fish | source",
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
