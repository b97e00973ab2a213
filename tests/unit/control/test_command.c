#include "control/command.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base_suite.h"

static struct {
    int runs;
    bool flag;
    char text[64], choice[16], list[3][16], rest[3][16];
    size_t list_count, rest_count;
    uint64_t number, duration, size;
} got;

static char output[65536], errors[65536];

static int
record(const struct arguments *a)
{
    const char *const *values;

    got.runs++;
    got.flag = args_flag(a, "dry");
    snprintf(got.text, sizeof(got.text), "%s", args_text(a, "config") ? args_text(a, "config") : "(unset)");
    snprintf(got.choice, sizeof(got.choice), "%s", args_text(a, "format"));
    got.list_count = args_list(a, "set", &values);
    for (size_t i = 0; i < got.list_count && i < 3; i++)
        snprintf(got.list[i], sizeof(got.list[i]), "%s", values[i]);
    got.rest_count = args_rest(a, &values);
    for (size_t i = 0; i < got.rest_count && i < 3; i++)
        snprintf(got.rest[i], sizeof(got.rest[i]), "%s", values[i]);
    got.number = args_number(a, "count");
    got.duration = args_number(a, "for");
    got.size = args_number(a, "max");
    return EXIT_NEGATIVE;
}

static const struct option_spec options[] = {
    {"config", 'c', OPTION_TEXT, "FILE", NULL, "COMMAND_TEST_CONFIG", "A file"},
    {"dry", 'n', OPTION_FLAG, NULL, NULL, "COMMAND_TEST_DRY", "Do nothing"},
    {"set", 's', OPTION_LIST, "K=V", NULL, NULL, "Values"},
    {"count", 0, OPTION_NUMBER, "N", "7", NULL, "How many"},
    {"for", 0, OPTION_DURATION, "TIME", "5s", NULL, "How long"},
    {"max", 0, OPTION_SIZE, "SIZE", "1KiB", NULL, "How large"},
    {"format", 0, OPTION_CHOICE, "text|json", "text", "COMMAND_TEST_FORMAT", "Form"},
    {0},
};

static const struct command do_it = {"do", "[FILE]...", "Do .it", "'Quoted \\ start-of-line.\n\nSecond.", options, 0, 2, record};
static const struct command policy_do = {"policy do", "FILE", "Do it with a policy", NULL, options, 1, 1, record};
static const struct command *const items[] = {&do_it, &policy_do};
static const struct command_list commands = {items, 2};

static void
read_back(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size - 1, 0);

    ck_assert_int_ge(n, 0);
    out[n] = '\0';
    close(fd);
}

/* Dispatch a command line, words separated by one blank; output and errors receive what was printed. */
static int
dispatch(const char *line)
{
    char copy[512], name[] = "spangate", *argv[64] = {name};
    int argc = 1, out = memfd_create("out", 0), err = memfd_create("err", 0), old_out, old_err;

    memset(&got, 0, sizeof(got));
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    fflush(stdout);
    old_out = dup(1);
    old_err = dup(2);
    dup2(out, 1);
    dup2(err, 2);
    int code = command_dispatch(commands, argc, argv);

    fflush(stdout);
    dup2(old_out, 1);
    dup2(old_err, 2);
    close(old_out);
    close(old_err);
    read_back(out, output, sizeof(output));
    read_back(err, errors, sizeof(errors));
    return code;
}

START_TEST(command_gives_defaults_when_nothing_is_given)
{
    ck_assert_int_eq(dispatch("do"), EXIT_NEGATIVE);
    ck_assert_int_eq(got.runs, 1);
    ck_assert(!got.flag);
    ck_assert_str_eq(got.text, "(unset)");
    ck_assert_str_eq(got.choice, "text");
    ck_assert(got.number == 7 && got.duration == 5000 && got.size == 1024);
    ck_assert_uint_eq(got.list_count + got.rest_count, 0);
}
END_TEST

START_TEST(command_takes_every_spelling_of_an_option)
{
    static const char *const lines[] = {
        "do a --config=f -n --set x=1 b -s y=2 --count 3 --for=1m --max 2MiB --format json",
        "do -c f --dry a -sx=1 --set=y=2 --count=3 --for 60s --max=2048KiB --format=json b",
        "do -cf -n -s x=1 -s y=2 --count 1 --count 3 --for 1m --max 2MiB --format json -- a b",
    };

    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(dispatch(lines[i]), EXIT_NEGATIVE);
        ck_assert(got.flag);
        ck_assert_str_eq(got.text, "f");
        ck_assert_uint_eq(got.list_count, 2);
        ck_assert_str_eq(got.list[0], "x=1");
        ck_assert_str_eq(got.list[1], "y=2");
        ck_assert(got.number == 3 && got.duration == 60000 && got.size == 2u << 20);
        ck_assert_str_eq(got.choice, "json");
        ck_assert_uint_eq(got.rest_count, 2);
        ck_assert_str_eq(got.rest[1], "b");
    }
    ck_assert_int_eq(dispatch("do -- --config"), EXIT_NEGATIVE);
    ck_assert_str_eq(got.rest[0], "--config");
    ck_assert_int_eq(dispatch("do -"), EXIT_NEGATIVE);
    ck_assert_str_eq(got.rest[0], "-");
}
END_TEST

START_TEST(command_prefers_line_to_environment_to_default)
{
    setenv("COMMAND_TEST_CONFIG", "env", 1);
    setenv("COMMAND_TEST_FORMAT", "json", 1);
    setenv("COMMAND_TEST_DRY", "1", 1);
    ck_assert_int_eq(dispatch("do --config line"), EXIT_NEGATIVE);
    ck_assert_str_eq(got.text, "line");
    ck_assert_str_eq(got.choice, "json");
    ck_assert(got.flag);
    setenv("COMMAND_TEST_DRY", "0", 1);
    ck_assert_int_eq(dispatch("do"), EXIT_NEGATIVE);
    ck_assert_str_eq(got.text, "env");
    ck_assert(!got.flag);
    setenv("COMMAND_TEST_FORMAT", "xml", 1);
    ck_assert_int_eq(dispatch("do"), EXIT_USAGE);
    ck_assert_ptr_nonnull(strstr(errors, "environment, for --format: text|json is wanted, not \"xml\""));
}
END_TEST

START_TEST(command_refuses_wrong_usage_with_a_hint)
{
    static const struct {
        const char *line, *message;
    } rows[] = {
        {"", "Commands:"},
        {"dp", "unknown command \"dp\"\n   hint: did you mean do?"},
        {"policy", "policy do"},
        {"policy d", "unknown command \"policy d\"\n   hint: did you mean policy do?"},
        {"do --confg x", "unknown option --confg\n   hint: did you mean config?"},
        {"do -x", "unknown option -x"},
        {"do --config", "--config needs a value: FILE"},
        {"do -c", "-c needs a value: FILE"},
        {"do --dry=1", "--dry takes no value"},
        {"do -nc", "-n takes no value"},
        {"do --count -1", "--count: a whole number is wanted"},
        {"do --for 5", "--for: a duration"},
        {"do --max 1TB", "--max: a size"},
        {"do --format tex", "--format: text|json is wanted, not \"tex\""},
        {"do --format text|json", "is wanted"},
        {"do a b c", "unexpected argument \"c\""},
        {"policy do", "an argument is missing\n   hint: FILE"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(dispatch(rows[i].line) == EXIT_USAGE, "%s", rows[i].line);
        ck_assert_msg(strstr(errors, rows[i].message) != NULL, "%s: %s", rows[i].line, errors);
        ck_assert_str_eq(output, "");
        ck_assert_int_eq(got.runs, 0);
    }
}
END_TEST

START_TEST(command_finds_names_of_two_words)
{
    ck_assert_int_eq(dispatch("policy do f"), EXIT_NEGATIVE);
    ck_assert_str_eq(got.rest[0], "f");
}
END_TEST

START_TEST(command_prints_help_to_standard_output)
{
    static const char *const lines[] = {"--help", "-h", "help", "policy --help", "help policy"};

    for (int i = 0; i < 5; i++) {
        ck_assert_msg(dispatch(lines[i]) == EXIT_DONE, "%s", lines[i]);
        ck_assert_ptr_nonnull(strstr(output, "  policy do         Do it with a policy\n"));
        ck_assert_str_eq(errors, "");
    }
    ck_assert_int_eq(dispatch("do --help --nonsense"), EXIT_DONE);
    ck_assert_int_eq(got.runs, 0);
    ck_assert_ptr_nonnull(strstr(output, "  -c, --config FILE            A file [COMMAND_TEST_CONFIG]\n"));
    ck_assert_ptr_nonnull(strstr(output, "      --for TIME               How long (default: 5s)\n"));
    ck_assert_int_eq(dispatch("help do"), EXIT_DONE);
    ck_assert_ptr_nonnull(strstr(output, "Usage: spangate do [FILE]...\n"));
}
END_TEST

START_TEST(command_prints_manual_and_reference_from_the_table)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    commands_print_manual(commands, f);
    commands_print_reference(commands, f);
    fclose(f);
    ck_assert_ptr_nonnull(strstr(text, "\n.SS \"spangate policy do FILE\"\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n\\&'Quoted \\e start\\-of\\-line.\n.PP\nSecond.\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n.B \\-c, \\-\\-config FILE\nA file; environment: COMMAND_TEST_CONFIG\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n| `--format text\\|json` | Form | `text` | `COMMAND_TEST_FORMAT` |\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n## spangate policy do\n"));
    free(text);
}
END_TEST

START_TEST(exit_code_of_follows_the_table_of_exit_codes)
{
    ck_assert_int_eq(exit_code_of(RC_OK), 0);
    ck_assert_int_eq(exit_code_of(RC_CONFIG), 3);
    ck_assert_int_eq(exit_code_of(RC_TOO_LARGE), 3);
    ck_assert_int_eq(exit_code_of(RC_IO), 4);
    ck_assert_int_eq(exit_code_of(RC_INTEGRITY), 5);
    ck_assert_int_eq(exit_code_of(RC_INTERNAL), 70);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &command_gives_defaults_when_nothing_is_given},
    {"normal", &command_takes_every_spelling_of_an_option},
    {"normal", &command_prefers_line_to_environment_to_default},
    {"malformed", &command_refuses_wrong_usage_with_a_hint},
    {"normal", &command_finds_names_of_two_words},
    {"normal", &command_prints_help_to_standard_output},
    {"normal", &command_prints_manual_and_reference_from_the_table},
    {"normal", &exit_code_of_follows_the_table_of_exit_codes},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("command", cases);
}
