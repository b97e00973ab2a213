#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "audit_int.h"
#include "base/conf.h"
#include "base/json.h"
#include "control/command.h"
#include "control/trail.h"

#define POLL_MS 200

#define LAST 10

struct tail {
    bool text, last; /* last: begin with the last ten */
    uint64_t next;   /* the first entry that is not printed yet */
};

/* A value below the entry, by keys; empty when it is not there. */
static struct str
field(const struct conf_node *n, const char *a, const char *b)
{
    const struct conf_node *value = conf_get(n, a);

    if (b)
        value = conf_get(value, b);
    return value && value->kind == CONF_SCALAR ? value->text : STR("");
}

static void
print_field(const char *before, struct str s)
{
    struct buf shown = BUF_INIT((size_t)1 << 20);

    if (s.len && json_visible(&shown, s) == RC_OK)
        printf("%s%.*s", before, (int)shown.len, shown.ptr);
    buf_free(&shown);
}

static void
print_routes(const struct conf_node *list)
{
    for (unsigned i = 0; list && list->kind == CONF_LIST && i < list->count; i++) {
        const struct conf_node *r = list->items[i];

        print_field("  ", field(r, "destination", NULL));
        print_field(" ", field(r, "decision", NULL));
        print_field(" ", field(r, "spans", NULL));
        print_field(" by ", field(r, "rule", NULL));
    }
}

/* One line a person can read. Entries are JSON, which the reader of configurations reads too. */
static void
print_text(uint64_t seq, const struct conf_node *n)
{
    struct str reason = field(n, "reason", NULL);

    printf("%" PRIu64, seq);
    print_field("  ", field(n, "ts", NULL));
    print_field("  ", field(n, "type", NULL));
    print_field(" ", field(n, "outcome", NULL));
    if (!str_eq(reason, STR("ok")))
        print_field(" ", reason);
    print_field("  ", field(n, "conn", "identity"));
    print_field("  spans ", field(n, "req", "spans_in"));
    print_field("  from ", field(n, "origin", "country"));
    print_routes(conf_get(n, "route"));
    print_field("  ", field(n, "delivery", "destination"));
    print_field(" accepted ", field(n, "delivery", "accepted"));
    print_field("  ", field(n, "loss", "destination"));
    print_field(" lost ", field(n, "loss", "spans"));
    print_field("  ", field(n, "admin", "object"));
    putchar('\n');
}

static bool
on_entry(void *arg, uint64_t seq, struct str entry)
{
    struct tail *t = arg;
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    t->next = seq + 1;
    if (t->text && conf_load_text("entry", entry, false, &doc, &es) == RC_OK)
        print_text(seq, conf_root(doc, 0));
    else if (t->text) { /* no entry that we know: at least nothing that a terminal would obey */
        print_field("", entry);
        putchar('\n');
    } else {
        printf("%.*s\n", (int)entry.len, entry.ptr);
    }
    errs_free(&es);
    conf_free(doc);
    return ferror(stdout) == 0;
}

static int
print_entries(const char *dir, struct tail *t, bool follow)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    struct trail *r = NULL;
    struct errs es = {0};
    enum rc rc = trail_open(dir, &r, &es);

    if (rc != RC_OK) {
        errs_print(&es, stderr, output_colored(stderr));
        errs_free(&es);
        return exit_code_of(rc);
    }
    if (t->last) {
        uint64_t end = trail_next(r);

        t->next = end > LAST ? end - LAST : 0;
    }
    do {
        rc = trail_entries(r, t->next, on_entry, t);
        if (fflush(stdout) != 0)
            rc = RC_IO;
    } while (rc == RC_OK && follow && nanosleep(&pause, NULL) == 0);
    trail_close(r);
    if (rc != RC_OK)
        fprintf(stderr, "spangate audit tail: %s\n", rc_text(rc));
    return exit_code_of(rc);
}

static int
run(const struct arguments *a)
{
    struct tail t = {
        .text = strcmp(args_text(a, "format"), "text") == 0,
        .last = args_text(a, "from") == NULL,
        .next = args_number(a, "from"),
    };

    return print_entries(audit_dir(a), &t, args_flag(a, "follow"));
}

static const struct option_spec options[] = {
    {.name = "dir",
        .type = OPTION_TEXT,
        .arg = "DIR",
        .fallback = "/var/lib/spangate/journal",
        .env = "SPANGATE_JOURNAL",
        .help = "Folder of the journal, or of the log"},
    {.name = "from", .type = OPTION_NUMBER, .arg = "SEQ", .help = "Number of the first entry (default: the last ten)"},
    {.name = "follow", .letter = 'f', .type = OPTION_FLAG, .help = "Go on with entries as they are written"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "text|json",
        .fallback = "text",
        .env = "SPANGATE_FORMAT",
        .help = "json: the entries as they are, one a line"},
    {0},
};

const struct command cmd_audit_tail = {
    .name = "audit tail",
    .usage = "[DIR] [--from SEQ] [--follow] [--format text|json]",
    .summary = "Print audit entries",
    .text = "Reads the log of a running or stopped gate, and what is in its journal and not in the log yet, without changing anything.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
