#include "policy_test_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "control/command.h"

#define RESULTS_BYTES_MAX ((size_t)64 << 20)

bool
test_wanted(const struct policy_test *t, struct str name)
{
    char text[512];

    if (!t->run)
        return true;
    snprintf(text, sizeof(text), "%.*s", (int)name.len, name.ptr);
    return regexec(t->run, text, 0, NULL, 0) == 0;
}

static const char *
copy(struct policy_test *t, struct str s)
{
    char *p = arena_alloc(t->ar, s.len + 1);

    if (!p) {
        t->nomem = true;
        return "";
    }
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return p;
}

void
test_record(struct test_suite *s, const struct conf_node *n, struct str name, enum test_status status, struct str why)
{
    struct policy_test *t = s->t;
    struct policy_result *r = arena_calloc(t->ar, 1, sizeof(*r));

    if (!r) {
        t->nomem = true;
        return;
    }
    while (why.len && why.ptr[why.len - 1] == '\n')
        why.len--;
    *r = (struct policy_result){.file = s->path, .name = copy(t, name), .line = n->line, .col = n->col, .status = status, .why = copy(t, why)};
    *t->last = r;
    t->last = &r->next;
    t->count[status]++;
}

struct err *
test_error(struct test_suite *s, const struct conf_node *n, enum policy_test_code code, const char *fmt, ...)
{
    char text[320];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return errs_add(&s->t->es, ERR_ERROR, RC_CONFIG, code, conf_pos(s->doc, n), "%s", text);
}

static int
exit_code(const struct policy_test *t)
{
    if (t->es.errors)
        return EXIT_CONFIG;
    if (t->nomem)
        return EXIT_UNAVAILABLE;
    return t->count[TEST_FAILED] || !t->first ? EXIT_NEGATIVE : EXIT_DONE;
}

static int
run_files(struct policy_test *t, const struct policy_test_options *o, const char *const *files, size_t count, struct buf *out)
{
    if (o->config && config_load(o->config, &t->config, &t->es) != RC_OK)
        return EXIT_CONFIG;
    for (size_t i = 0; i < count; i++)
        policy_test_file(t, files[i]);
    if ((t->first || t->es.errors == 0) && policy_test_print(t, o->format, out) != RC_OK)
        t->nomem = true;
    return exit_code(t);
}

int
policy_test_main(const struct policy_test_options *o, const char *const *files, size_t count, struct buf *out)
{
    struct policy_test t = {.ar = arena_new(RESULTS_BYTES_MAX), .now_s = clock_wall_us(&clock_system) / 1000000};
    regex_t run;
    int code = EXIT_UNAVAILABLE;

    t.last = &t.first;
    if (o->run && regcomp(&run, o->run, REG_EXTENDED | REG_NOSUB) != 0) {
        arena_free(t.ar);
        fprintf(stderr, "--run: not an extended regular expression: %s\n", o->run);
        return EXIT_USAGE;
    }
    t.run = o->run ? &run : NULL;
    if (t.ar)
        code = run_files(&t, o, files, count, out);
    if (t.es.count)
        errs_print(&t.es, stderr, o->color);
    if (o->run)
        regfree(&run);
    config_unref(t.config);
    errs_free(&t.es);
    arena_free(t.ar);
    return code;
}
