#include "policy_test_int.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/command.h"

#define RESULTS_BYTES_MAX ((size_t)64 << 20)
#define SETTLE_MS 30

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

void
test_watch(struct policy_test *t, const char *path)
{
    for (size_t i = 0; i < t->watched_count; i++)
        if (strcmp(t->watched[i], path) == 0)
            return;
    if (t->watched_count < WATCHED_MAX)
        t->watched[t->watched_count++] = copy(t, str_of(path));
}

static int
exit_code(const struct policy_test *t, const struct policy_test_options *o)
{
    if (t->es.errors)
        return EXIT_CONFIG;
    if (t->nomem)
        return EXIT_UNAVAILABLE;
    if ((o->fail_on_empty && t->empty) || (o->threshold && test_coverage(t).percent < o->threshold))
        return EXIT_NEGATIVE;
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
    return exit_code(t, o);
}

/* Ends with the results in t; the caller releases them. */
static int
run_once(struct policy_test *t, const struct policy_test_options *o, const char *const *files, size_t count, struct buf *out)
{
    regex_t run;
    int code = EXIT_UNAVAILABLE;

    *t = (struct policy_test){.ar = arena_new(RESULTS_BYTES_MAX),
        .now_s = clock_wall_us(&clock_system) / 1000000,
        .coverage = o->coverage || o->threshold,
        .threshold = o->threshold,
        .update = o->update};
    t->last = &t->first;
    if (o->run && regcomp(&run, o->run, REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "--run: not an extended regular expression: %s\n", o->run);
        return EXIT_USAGE;
    }
    t->run = o->run ? &run : NULL;
    if (t->ar)
        code = run_files(t, o, files, count, out);
    if (t->es.count)
        errs_print(&t->es, stderr, o->color);
    if (o->run)
        regfree(&run);
    t->run = NULL;
    return code;
}

static void
release(struct policy_test *t)
{
    config_unref(t->config);
    errs_free(&t->es);
    arena_free(t->ar);
}

int
policy_test_main(const struct policy_test_options *o, const char *const *files, size_t count, struct buf *out)
{
    struct policy_test t;
    int code = run_once(&t, o, files, count, out);

    if (code == EXIT_NEGATIVE && o->update && t.updates) {
        struct policy_test_options again = *o;
        int changed;

        buf_clear(out); /* the second run says what is left */
        changed = test_update_write(&t, out);
        again.update = false;
        release(&t);
        code = run_once(&t, &again, files, count, out);
        if (changed < 0)
            code = EXIT_UNAVAILABLE;
    }
    release(&t);
    return code;
}

/* ---- again and again ---- */

static const char *
base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Folders, not files: editors write a new file and rename it. */
static void
watch_folders(int fd, const struct policy_test *t)
{
    for (size_t i = 0; i < t->watched_count; i++) {
        char dir[4096];
        size_t len = (size_t)(base_of(t->watched[i]) - t->watched[i]);

        snprintf(dir, sizeof(dir), "%.*s", len ? (int)len : 1, len ? t->watched[i] : ".");
        (void)inotify_add_watch(fd, dir, IN_CLOSE_WRITE | IN_MOVED_TO); /* the same folder twice is one watch */
    }
}

/* Whether one of the events that are there is about a file that counts. */
static bool
events_matter(int fd, const struct policy_test *t)
{
    _Alignas(struct inotify_event) char events[8192];
    ssize_t n = read(fd, events, sizeof(events));
    bool matters = false;

    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(events + at);

        for (size_t i = 0; i < t->watched_count && e->len; i++)
            matters |= strcmp(base_of(t->watched[i]), e->name) == 0;
        at += (ssize_t)(sizeof(*e) + e->len);
    }
    return matters;
}

/* Wait for a change; what comes in quick succession is one. False at a signal. */
static bool
wait_for_change(int changes, int signals, const struct policy_test *t)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = changes, .events = POLLIN}};
    bool matters = false;

    for (;;) {
        int n = poll(fds, 2, matters ? SETTLE_MS : -1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n > 0 && (fds[0].revents & POLLIN)) {
            struct signalfd_siginfo taken; /* it must not strike when signals are let through again */

            (void)!read(signals, &taken, sizeof(taken));
            return false;
        }
        if (n < 0)
            return false;
        if (n == 0)
            return true;
        matters |= events_matter(changes, t);
    }
}

int
policy_test_watch(const struct policy_test_options *o, const char *const *files, size_t count, FILE *out)
{
    sigset_t set, before;
    int code = EXIT_UNAVAILABLE, changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), signals = -1;
    bool going = true;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (changes < 0 || sigprocmask(SIG_BLOCK, &set, &before) != 0)
        goto close_changes;
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    while (signals >= 0 && going) {
        struct buf report = BUF_INIT(RESULTS_BYTES_MAX);
        struct policy_test t;

        code = run_once(&t, o, files, count, &report);
        watch_folders(changes, &t);
        if (report.len)
            fwrite(report.ptr, 1, report.len, out);
        fprintf(out, "watching %zu files\n", t.watched_count);
        fflush(out);
        buf_free(&report);
        going = wait_for_change(changes, signals, &t);
        release(&t);
    }
    if (signals >= 0)
        close(signals);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
close_changes:
    if (changes >= 0)
        close(changes);
    return code;
}
