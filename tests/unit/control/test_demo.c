#include "../../../proxy/control/demo_int.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base_suite.h"
#include "codec/otlp_json.h"

static struct demo d;

static void
prepare(void)
{
    d.ar = arena_new((size_t)1 << 28);
    ck_assert_int_eq(demo_traffic(&d), RC_OK);
}

/* The sink says that it received this request. */
static void
receive(struct demo_sink *s, struct str wire)
{
    struct buf *text = &s->child.text;

    if (text->max == 0) {
        *text = BUF_INIT((size_t)1 << 26);
        ck_assert_int_eq(buf_append(text, STR("listening grpc=1 http=2\n")), RC_OK);
    }
    ck_assert_int_eq(otlp_json_encode(wire, text), RC_OK);
    ck_assert_int_eq(buf_append(text, STR("\n")), RC_OK);
}

START_TEST(demo_finds_what_was_planted_when_nothing_is_removed)
{
    prepare();
    ck_assert_uint_gt(d.personal_count, 100);
    ck_assert_uint_gt(d.planted_count, 5);
    for (unsigned i = 0; i < DEMO_REQUESTS; i++)
        receive(&d.sinks[i % 2], buf_str(&d.requests[i].wire));
    ck_assert_int_eq(demo_received(&d), RC_OK);
    ck_assert_uint_eq(d.sinks[0].count + d.sinks[1].count, DEMO_REQUESTS);
    ck_assert_uint_eq(d.sinks[0].spans + d.sinks[1].spans, d.sent_spans);
    demo_find_leaks(&d);
    /* a value may stand in one text twice, or in two forms */
    ck_assert_uint_ge(d.leaks, d.personal_count);
}
END_TEST

START_TEST(demo_finds_a_single_value_that_came_through)
{
    static const char *const one[] = {
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"x alice.meyer@example.org y\"}]}]}]}",
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"n\",\"value\":{\"intValue\":\"4111111111111111\"}}]}}]}",
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"n\",\"value\":{\"doubleValue\":4111111111111111}}]}}]}",
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"n\",\"value\":{\"stringValue\":\"4111111111111111\"}}]}}]}",
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"alice.meyer@example.org\",\"value\":{}}]}}]}",
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"b\",\"value\":{\"bytesValue\":\"YWxpY2UubWV5ZXJAZXhhbXBsZS5vcmc=\"}}]}}]}",
        "{\"resourceSpans\":[{\"schemaUrl\":\"alice.meyer@example.org\"}]}",
    };

    prepare();
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        struct demo_sink *s = &d.sinks[i % 2];

        s->child.text = BUF_INIT(1u << 20);
        s->count = d.leaks = 0;
        ck_assert_int_eq(buf_printf(&s->child.text, "%s\n", one[i]), RC_OK);
        ck_assert_int_eq(demo_received(&d), RC_OK);
        demo_find_leaks(&d);
        ck_assert_msg(d.leaks == 1, "row %zu: %u", i, d.leaks);
        buf_free(&s->child.text);
        buf_free(&s->wire[0]);
        s->count = 0;
    }
}
END_TEST

START_TEST(demo_finds_nothing_in_what_is_clean)
{
    static const char clean[] = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"GET /customers/[EMAIL_ADDRESS]\",\"attributes\":["
                                "{\"key\":\"n\",\"value\":{\"stringValue\":\"************1111\"}}]}]}]}]}\n";

    prepare();
    d.sinks[0].child.text = BUF_INIT(1u << 20);
    ck_assert_int_eq(buf_append(&d.sinks[0].child.text, str_of(clean)), RC_OK);
    ck_assert_int_eq(demo_received(&d), RC_OK);
    ck_assert_uint_eq(d.sinks[0].spans, 1);
    demo_find_leaks(&d);
    ck_assert_uint_eq(d.leaks, 0);
}
END_TEST

START_TEST(demo_matches_spans_by_their_ids)
{
    const struct batch *found;
    uint32_t at;

    prepare();
    receive(&d.sinks[0], buf_str(&d.requests[1].wire));
    ck_assert_int_eq(demo_received(&d), RC_OK);
    for (uint32_t i = 0; i < d.requests[1].batch.span_count; i++) {
        ck_assert(demo_find_span(&d.sinks[0], &d.requests[1].batch, i, &found, &at));
        ck_assert_uint_eq(at, i);
        ck_assert(!demo_find_span(&d.sinks[1], &d.requests[1].batch, i, &found, &at));
    }
    ck_assert(!demo_find_span(&d.sinks[0], &d.requests[0].batch, 0, &found, &at));
}
END_TEST

/* -- children: this same program, told what to do -------------------------------------------------------------------------------------- */

static bool
said_ready(void *arg)
{
    return str_find(buf_str(&((struct child *)arg)->text), STR("ready\n")) != SIZE_MAX;
}

static bool
has_ended(void *arg)
{
    return ((struct child *)arg)->from < 0;
}

static struct child
started(const char *what, bool errors)
{
    const char *const argv[] = {"child", what, NULL};
    const struct child_spec spec = {.argv = argv, .errors = errors, .log = "/dev/null", .dir = "/"};
    struct child c;

    ck_assert_int_eq(child_start(&c, &spec), RC_OK);
    return c;
}

START_TEST(child_prints_and_ends_by_itself)
{
    for (int errors = 0; errors < 2; errors++) {
        struct child c = started("exit 3", errors), *list = &c;

        ck_assert_int_eq(child_read(&list, 1, has_ended, &c, 20000), RC_OK);
        ck_assert(str_eq(buf_str(&c.text), errors ? STR("on stderr in /\n") : STR("ready\n")));
        ck_assert_int_eq(child_wait(&c), 3);
        ck_assert_int_eq(child_wait(&c), -1);
        child_free(&c);
    }
}
END_TEST

START_TEST(child_stop_ends_one_that_waits)
{
    struct child c = started("wait", false), *list = &c;

    ck_assert_int_eq(child_read(&list, 1, said_ready, &c, 20000), RC_OK);
    ck_assert_int_eq(child_read(&list, 1, has_ended, &c, 1), RC_TIMEOUT);
    pid_t pid = c.pid;

    ck_assert_int_eq(child_stop(&c), 128 + SIGTERM);
    ck_assert_int_ne(kill(pid, 0), 0);
    child_free(&c);
}
END_TEST

START_TEST(child_read_says_when_all_have_ended)
{
    struct child c = started("exit 0", false), *list = &c;

    ck_assert_int_eq(child_read(&list, 1, said_ready, &c, 20000), RC_OK);
    c.text.len = 0;
    ck_assert_int_eq(child_read(&list, 1, said_ready, &c, 20000), RC_IO);
    ck_assert_int_eq(child_wait(&c), 0);
    child_free(&c);
}
END_TEST

static int
be_child(const char *what)
{
    char dir[64] = "";

    dprintf(STDERR_FILENO, "on stderr in %s\n", getcwd(dir, sizeof(dir)) ? dir : "?");
    dprintf(STDOUT_FILENO, "ready\n");
    if (strcmp(what, "wait") == 0)
        for (;;)
            pause();
    return atoi(what + strlen("exit "));
}

static const struct case_entry cases[] = {
    {"normal", &demo_finds_what_was_planted_when_nothing_is_removed},
    {"normal", &demo_finds_a_single_value_that_came_through},
    {"normal", &demo_finds_nothing_in_what_is_clean},
    {"normal", &demo_matches_spans_by_their_ids},
    {"normal", &child_prints_and_ends_by_itself},
    {"normal", &child_stop_ends_one_that_waits},
    {"malformed", &child_read_says_when_all_have_ended},
    {NULL, NULL},
};

int
main(int argc, char **argv)
{
    return argc == 3 && strcmp(argv[1], "child") == 0 ? be_child(argv[2]) : suite_run("demo", cases);
}
