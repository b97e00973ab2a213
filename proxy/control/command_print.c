#include "command_int.h"

#define WIDTH 80
#define OPTION_WIDTH 29

/* The length of the next word; what stands in brackets is one. */
static size_t
word_length(const char *at, const char *end)
{
    unsigned depth = 0;
    size_t n = 0;

    for (; at + n < end && (depth || at[n] != ' '); n++) {
        depth += at[n] == '[' || at[n] == '{';
        depth -= depth && (at[n] == ']' || at[n] == '}');
    }
    return n;
}

/*
 * Print words in lines of at most WIDTH columns, from column on; lines after the first are indented so. Returns: the column behind the last word. A line
 * is not ended.
 */
static size_t
print_words(const char *text, size_t len, size_t column, size_t indent, FILE *out)
{
    const char *at = text, *end = text + len;
    bool first = true;

    while (at < end) {
        size_t word = word_length(at, end);

        if (!first && column + 1 + word > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)word, at);
        column += word + !first;
        first = false;
        at += word + (at + word < end);
    }
    return column;
}

/* Print text in lines of at most WIDTH columns; a line that begins with a blank stays as it is. */
static void
print_wrapped(const char *text, FILE *out)
{
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");

        if (*line == ' ')
            fprintf(out, "%.*s", (int)len, line);
        else
            (void)print_words(line, len, 0, 0, out);
        fputc('\n', out);
        line += len + (line[len] == '\n');
    }
}

static int
option_label(const struct option_spec *o, char *out, size_t size)
{
    char letter[8] = "    ";

    if (o->letter)
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    return snprintf(out, size, "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

static void
print_option(const struct option_spec *o, FILE *out)
{
    char label[96], text[512];
    int len = option_label(o, label, sizeof(label));

    snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", o->help, o->fallback ? " (default: " : "", o->fallback ? o->fallback : "", o->fallback ? ")" : "",
        o->env ? " [" : "", o->env ? o->env : "", o->env ? "]" : "");
    if (len < OPTION_WIDTH)
        fprintf(out, "  %-*s", OPTION_WIDTH, label);
    else
        fprintf(out, "  %s\n  %*s", label, OPTION_WIDTH, "");
    (void)print_words(text, strlen(text), OPTION_WIDTH + 2, OPTION_WIDTH + 2, out);
    fputc('\n', out);
}

void
command_print_help(const struct command *c, FILE *out)
{
    size_t column = strlen("Usage: spangate ") + strlen(c->name) + 1;

    fprintf(out, "spangate %s: %s\n\nUsage: spangate %s%s", c->name, c->summary, c->name, *c->usage ? " " : "");
    (void)print_words(c->usage, strlen(c->usage), column, column, out);
    fputc('\n', out);
    if (c->text && *c->text) {
        fputc('\n', out);
        print_wrapped(c->text, out);
    }
    fputs("\nOptions:\n", out);
    for (const struct option_spec *o = c->options; o && o->name; o++)
        print_option(o, out);
    fprintf(out, "  %-28s %s\n", "-h, --help", "Print this help");
}

void
commands_print_overview(struct command_list commands, const char *group, FILE *out)
{
    struct str prefix = group ? str_of(group) : STR("");

    fputs("spangate: the gate through which traces leave\n\nUsage: spangate COMMAND [OPTIONS]\n\nCommands:\n", out);
    for (size_t i = 0; i < commands.count; i++) {
        const struct command *c = commands.items[i];

        if (str_starts(str_of(c->name), prefix))
            fprintf(out, "  %-16s  %s\n", c->name, c->summary);
    }
    fputs("\nspangate COMMAND --help tells more about one of them.\n", out);
}

struct exit_row {
    enum exit_code code;
    const char *text;
};

static const struct exit_row exits[] = {{EXIT_DONE, "done, or nothing to do"},
    {EXIT_NEGATIVE, "a negative result: a test failed, a finding, a difference"}, {EXIT_USAGE, "wrong usage"},
    {EXIT_CONFIG, "the configuration or a policy cannot be loaded"}, {EXIT_UNAVAILABLE, "unavailable: network, disk, a running gate"},
    {EXIT_INTEGRITY_FAILED, "an integrity check failed"}, {EXIT_INTERNAL, "internal error"}};

/* Text for man(7): a backslash and a minus have a meaning of their own, so has a dot or quote that begins a line. */
static void
print_roff(const char *text, FILE *out)
{
    bool start = true;

    for (const char *p = text; *p; p++) {
        if (start && (*p == '.' || *p == '\''))
            fputs("\\&", out);
        start = *p == '\n';
        if (*p == '\\')
            fputs("\\e", out);
        else if (*p == '-')
            fputs("\\-", out);
        else if (*p == '\n' && p[1] == '\n')
            fputs("\n.PP", out);
        else
            fputc(*p, out);
    }
}

static void
print_manual_command(const struct command *c, FILE *out)
{
    fputs(".SS \"spangate ", out);
    print_roff(c->name, out);
    fputc(' ', out);
    print_roff(c->usage, out);
    fputs("\"\n", out);
    print_roff(c->summary, out);
    fputs(".\n", out);
    if (c->text && *c->text) {
        fputs(".PP\n", out);
        print_roff(c->text, out);
        fputc('\n', out);
    }
    for (const struct option_spec *o = c->options; o && o->name; o++) {
        fputs(".TP\n.B ", out);
        if (o->letter)
            fprintf(out, "\\-%c, ", o->letter);
        fputs("\\-\\-", out);
        print_roff(o->name, out);
        if (o->arg) {
            fputc(' ', out);
            print_roff(o->arg, out);
        }
        fputc('\n', out);
        print_roff(o->help, out);
        if (o->fallback) {
            fputs(" (default: ", out);
            print_roff(o->fallback, out);
            fputc(')', out);
        }
        if (o->env)
            fprintf(out, "; environment: %s", o->env);
        fputc('\n', out);
    }
}

void
commands_print_manual(struct command_list commands, FILE *out)
{
    fputs(".TH SPANGATE 1 \"\" \"spangate " SPANGATE_VERSION "\" \"User Commands\"\n.SH NAME\nspangate \\- the gate through which traces leave\n"
          ".SH SYNOPSIS\n.B spangate\n.I COMMAND\n.RI [ OPTIONS ]\n.SH DESCRIPTION\n"
          "spangate takes OpenTelemetry traces over mutual TLS, finds and removes personal data by policy, decides where each span may go, "
          "records every decision, and forwards what may leave.\n.SH COMMANDS\n",
        out);
    for (size_t i = 0; i < commands.count; i++)
        print_manual_command(commands.items[i], out);
    fputs(".SH \"EXIT STATUS\"\n", out);
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
        fprintf(out, ".TP\n.B %d\n%s\n", (int)exits[i].code, exits[i].text);
}

static void
print_reference_command(const struct command *c, FILE *out)
{
    fprintf(out, "\n## spangate %s\n\n%s.\n\n    spangate %s%s%s\n", c->name, c->summary, c->name, *c->usage ? " " : "", c->usage);
    if (c->text && *c->text)
        fprintf(out, "\n%s\n", c->text);
    if (!c->options || !c->options->name)
        return;
    fputs("\n| Option | Meaning | Default | Environment |\n|---|---|---|---|\n", out);
    for (const struct option_spec *o = c->options; o->name; o++) {
        fputs("| `", out);
        if (o->letter)
            fprintf(out, "-%c, ", o->letter);
        fprintf(out, "--%s", o->name);
        if (o->arg)
            fputc(' ', out);
        for (const char *p = o->arg ? o->arg : ""; *p; p++)
            fprintf(out, *p == '|' ? "\\%c" : "%c", *p); /* a bar ends a cell, in code too */
        fprintf(out, "` | %s | %s%s%s | %s%s%s |\n", o->help, o->fallback ? "`" : "", o->fallback ? o->fallback : "", o->fallback ? "`" : "",
            o->env ? "`" : "", o->env ? o->env : "", o->env ? "`" : "");
    }
}

void
commands_print_reference(struct command_list commands, FILE *out)
{
    fputs("# Command line\n\n`spangate COMMAND [OPTIONS]`. Results go to standard output, messages to standard error.\n\n| Exit status | Meaning "
          "|\n|---|---|\n",
        out);
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
        fprintf(out, "| %d | %s |\n", (int)exits[i].code, exits[i].text);
    for (size_t i = 0; i < commands.count; i++)
        print_reference_command(commands.items[i], out);
}
