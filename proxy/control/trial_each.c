#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tool_int.h"

#define BATCH_BYTES_MAX ((size_t)INT32_MAX)
#define PROGRESS_NS 500000000u

uint64_t
tool_now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct sender
sender_of(const struct arguments *a)
{
    struct sender s = {.now_s = clock_wall_us(&clock_system) / 1000000};

    s.identity = str_of(args_text(a, "identity"));
    s.certificate_country = str_of(args_text(a, "country"));
    return s;
}

static void
given_text(const struct conf_node *n, const char *key, struct str *to)
{
    const struct conf_node *value = conf_get(n, key);

    if (value && value->kind == CONF_SCALAR)
        *to = value->text;
}

/* A document in YAML may name its sender as a test does. */
static void
sender_given(const struct conf_node *given, struct sender *s)
{
    const struct conf_node *client = conf_get(given, "client"), *now = conf_get(given, "now");
    uint64_t day;

    given_text(client, "identity", &s->identity);
    given_text(client, "country", &s->certificate_country);
    given_text(client, "configured_country", &s->configured_country);
    given_text(client, "configured_region", &s->configured_region);
    if (now && now->kind == CONF_SCALAR && str_to_day(now->text, &day))
        s->now_s = day;
}

/* Who waits at a terminal is told now and then how far it is; the line is taken back at the end. */
struct progress {
    uint64_t spans, next_ns;
    bool on, shown;
};

static void
progress_add(struct progress *p, uint64_t spans)
{
    p->spans += spans;
    if (!p->on || tool_now_ns() < p->next_ns)
        return;
    p->next_ns = tool_now_ns() + PROGRESS_NS;
    p->shown = true;
    fprintf(stderr, "\r%llu spans ", (unsigned long long)p->spans);
}

static void
progress_end(const struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
}

static enum rc
each_of_file(struct tool *t, struct trial *tr, const char *path, const struct sender *sender, const struct batch_visitor *v)
{
    struct span_file *f = NULL;
    struct buf body = BUF_INIT(BATCH_BYTES_MAX);
    struct progress p = {.on = isatty(STDERR_FILENO) == 1, .next_ns = tool_now_ns() + PROGRESS_NS};
    enum rc rc = span_file_open(path, &f, &t->es);

    while (rc == RC_OK) {
        struct sender who = *sender;

        buf_clear(&body);
        rc = span_file_next(f, &body, &t->es);
        if (rc != RC_OK)
            break;
        const struct batch_source from = {path, span_file_line(f), span_file_given(f)};

        sender_given(from.given, &who);
        rc = trial_run(tr, buf_str(&body), &who);
        if (rc != RC_OK)
            errs_add(&t->es, ERR_ERROR, rc, SG_TOOL_INPUT, (struct err_pos){.file = path, .line = from.line, .col = 1},
                "the gate would refuse it: %s", rc_text(rc));
        else
            rc = v->on_batch(v->to, tr, &from);
        progress_add(&p, tr->b.span_count);
    }
    progress_end(&p);
    bool at_end = f && rc == RC_NOT_FOUND;

    buf_free_wipe(&body);
    span_file_close(f);
    return at_end ? RC_OK : rc;
}

enum rc
trial_each(struct tool *t, const char *const *paths, size_t count, const struct sender *sender, const struct batch_visitor *v)
{
    struct trial tr;
    enum rc rc = trial_init(&tr, t);

    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        const char **files = NULL;
        size_t n = 0;

        rc = span_files_list(paths[i], t->ar, &files, &n, &t->es);
        for (size_t k = 0; k < n && rc == RC_OK; k++)
            rc = each_of_file(t, &tr, files[k], sender, v);
    }
    trial_fini(&tr);
    return rc;
}
