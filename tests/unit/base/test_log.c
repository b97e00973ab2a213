#include "base/log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base_suite.h"

static char got[16384];

/* What fn logs with this setup. */
static const char *
logged(enum log_level least, enum log_format format, void (*fn)(void))
{
    int ends[2];
    ssize_t n;
    size_t len = 0;

    ck_assert_int_eq(pipe(ends), 0);
    log_setup(least, format, ends[1]);
    fn();
    log_setup(LOG_INFO, LOG_TEXT, 2);
    close(ends[1]);
    while ((n = read(ends[0], got + len, sizeof(got) - 1 - len)) > 0)
        len += (size_t)n;
    close(ends[0]);
    got[len] = '\0';
    return got;
}

static void
one_of_each(void)
{
    log_event(LOG_LISTENING, LOG_STR("endpoint", "127.0.0.1:4317"), LOG_NUM("n", INT64_MIN), LOG_STR("odd", "a \"b\"\n\x1b[m\xff=\\"),
        LOG_STR("null", NULL));
}

static void
debug_line(void)
{
    log_event0(LOG_CONN_CLOSED);
}

static char big[3000];

static void
too_long(void)
{
    memset(big, 'x', 1023);
    memcpy(big + 1023, "\xc3\xbc\xc3\xbc", 4);
    log_event(LOG_INTERNAL, LOG_STR("a", big), LOG_STR("b", big), LOG_STR("c", big), LOG_STR("d", big), LOG_STR("e", "short"));
}

START_TEST(log_text_is_key_value)
{
    const char *line = logged(LOG_DEBUG, LOG_TEXT, one_of_each);

    ck_assert_int_eq(line[CLOCK_RFC3339_SIZE - 1], ' ');
    ck_assert_str_eq(line + CLOCK_RFC3339_SIZE,
        "level=info event=listening message=\"a listener is open\" endpoint=127.0.0.1:4317 n=-9223372036854775808 "
        "odd=\"a \\\"b\\\"\\n\\u001b[m\xEF\xBF\xBD=\\\\\" null=\"\"\n");
}
END_TEST

START_TEST(log_json_is_one_object_a_line)
{
    const char *line = logged(LOG_DEBUG, LOG_JSON, one_of_each);
    json_t *o = json_loads(line, 0, NULL);

    ck_assert_ptr_nonnull(o);
    ck_assert_str_eq(json_string_value(json_object_get(o, "event")), "listening");
    ck_assert_str_eq(json_string_value(json_object_get(o, "level")), "info");
    ck_assert_str_eq(json_string_value(json_object_get(o, "endpoint")), "127.0.0.1:4317");
    ck_assert(json_integer_value(json_object_get(o, "n")) == INT64_MIN);
    ck_assert_str_eq(json_string_value(json_object_get(o, "odd")), "a \"b\"\n\x1b[m\xEF\xBF\xBD=\\");
    ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
    json_decref(o);
}
END_TEST

START_TEST(log_leaves_out_lower_levels)
{
    ck_assert_str_eq(logged(LOG_INFO, LOG_TEXT, debug_line), "");
    ck_assert_str_ne(logged(LOG_DEBUG, LOG_TEXT, debug_line), "");
}
END_TEST

START_TEST(log_cuts_long_lines_and_says_so)
{
    const char *line = logged(LOG_INFO, LOG_JSON, too_long);

    ck_assert_uint_le(strlen(line), 4096);
    json_t *o = json_loads(line, 0, NULL);

    ck_assert_ptr_nonnull(o);
    ck_assert(json_is_true(json_object_get(o, "truncated")));
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(o, "a"))), 1023); /* not half a character */
    ck_assert_ptr_null(json_object_get(o, "d"));
    json_decref(o);
    line = logged(LOG_INFO, LOG_TEXT, too_long);
    ck_assert_uint_le(strlen(line), 4096);
    ck_assert_ptr_nonnull(strstr(line, " truncated=true\n"));
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &log_text_is_key_value},
    {"normal", &log_json_is_one_object_a_line},
    {"normal", &log_leaves_out_lower_levels},
    {"limits", &log_cuts_long_lines_and_says_so},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("log", cases);
}
