#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/entry.h"
#include "audit/reader.h"
#include "audit_index_int.h"
#include "base/clock.h"
#include "base/json.h"

enum query_format { QUERY_TABLE, QUERY_CSV, QUERY_JSON, QUERY_ENTRY };

struct printer {
    enum query_format format;
    struct reader *reader; /* of QUERY_ENTRY */
    uint64_t rows, limit;
    bool more; /* rows than the limit */
    enum rc rc;
};

#define WIDTH_TYPE 17 /* checkpoint.anchor */
#define WIDTH_OUTCOME 10
#define WIDTH_REASON 14
#define TEXTS 6
static const char *const text_names[TEXTS] = {"type", "outcome", "reason", "identity", "service", "destination"};

static void
row_texts(const struct index_row *r, struct str texts[TEXTS])
{
    const struct str all[TEXTS] = {r->type, r->outcome, r->reason, r->identity, r->service, r->destination};

    memcpy(texts, all, sizeof(all));
}

/* A spreadsheet takes a field that begins so for a formula: an apostrophe makes it text. */
static void
print_csv_text(struct str s)
{
    bool formula = s.len && memchr("=+-@\t\r\n", s.ptr[0], 7);

    fputs(formula ? ",\"'" : ",\"", stdout);
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            putchar('"');
        putchar(s.ptr[i]);
    }
    putchar('"');
}

static void
print_csv(const struct index_row *r, const char *time)
{
    struct str texts[TEXTS];

    row_texts(r, texts);
    printf("%" PRIu64 ",%s", r->leaf, time);
    for (unsigned i = 0; i < TEXTS; i++)
        print_csv_text(texts[i]);
    printf(",%" PRIu64 ",%" PRIu64 "\r\n", r->spans, r->findings);
}

static enum rc
print_json(const struct index_row *r, const char *time)
{
    struct buf line = BUF_INIT(1u << 17);
    struct json j = json_begin(&line);
    struct str texts[TEXTS];

    row_texts(r, texts);
    json_object(&j, NULL);
    json_u64(&j, "leaf", r->leaf);
    json_cstr(&j, "ts", time);
    for (unsigned i = 0; i < TEXTS; i++)
        json_text(&j, text_names[i], texts[i]);
    json_u64(&j, "spans", r->spans);
    json_u64(&j, "findings", r->findings);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    if (rc == RC_OK)
        printf("%.*s\n", (int)line.len, line.ptr);
    buf_free(&line);
    return rc;
}

/* In a column of this many characters; nothing that a terminal would obey. */
static enum rc
print_cell(const char *before, struct str s, size_t width)
{
    struct buf shown = BUF_INIT((size_t)1 << 20);
    size_t characters = 0;
    enum rc rc = json_visible(&shown, s);

    for (size_t i = 0; i < shown.len; i++)
        characters += ((unsigned char)shown.ptr[i] & 0xC0) != 0x80;
    if (rc == RC_OK)
        printf("%s%.*s%*s", before, (int)shown.len, shown.ptr, (int)(characters < width ? width - characters : 0), "");
    buf_free(&shown);
    return rc;
}

static enum rc
print_table(const struct index_row *r, const char *time)
{
    struct str who = r->service.len ? r->service : r->identity;

    printf("%10" PRIu64 "  %s", r->leaf, time);
    enum rc rc = print_cell("  ", r->type, WIDTH_TYPE);

    if (rc == RC_OK)
        rc = print_cell("  ", r->outcome, WIDTH_OUTCOME);
    if (rc == RC_OK)
        rc = print_cell("  ", r->reason, WIDTH_REASON);
    printf("  %7" PRIu64 "  %7" PRIu64, r->spans, r->findings);
    if (rc == RC_OK && who.len)
        rc = print_cell("  ", who, 0);
    if (rc == RC_OK && r->destination.len)
        rc = print_cell(who.len ? " " : "  ", r->destination, 0);
    putchar('\n');
    return rc;
}

static enum rc
print_entry(struct printer *p, uint64_t leaf)
{
    struct buf bytes = BUF_INIT(1u << 17);
    enum rc rc = reader_entry(p->reader, leaf, &bytes);

    if (rc == RC_OK)
        printf("%.*s\n", (int)bytes.len, bytes.ptr);
    buf_free(&bytes);
    return rc == RC_NOT_FOUND ? RC_OK : rc; /* beyond the period of retention */
}

static bool
on_row(void *arg, const struct index_row *r)
{
    struct printer *p = arg;
    char time[CLOCK_RFC3339_SIZE];

    p->more = p->rows == p->limit;
    if (p->more)
        return false;
    clock_rfc3339(r->us, time);
    p->rows++;
    switch (p->format) {
    case QUERY_TABLE:
        p->rc = print_table(r, time);
        break;
    case QUERY_CSV:
        print_csv(r, time);
        break;
    case QUERY_JSON:
        p->rc = print_json(r, time);
        break;
    case QUERY_ENTRY:
        p->rc = print_entry(p, r->leaf);
        break;
    }
    return p->rc == RC_OK && !ferror(stdout);
}

static void
print_head(enum query_format f)
{
    if (f == QUERY_CSV)
        fputs("leaf,ts,type,outcome,reason,identity,service,destination,spans,findings\r\n", stdout);
    if (f == QUERY_TABLE)
        printf("%10s  %-27s  %-*s  %-*s  %-*s  %7s  %7s  %s\n", "leaf", "time", WIDTH_TYPE, "type", WIDTH_OUTCOME, "outcome", WIDTH_REASON, "reason",
            "spans", "finds", "who, where");
}

static int
query(struct printer *p, struct index_job *job, const struct index_filter *f)
{
    struct index *ix = NULL;
    struct errs es = {0};
    enum rc rc = audit_index_open(job, &ix, &es);

    if (rc == RC_OK && p->format == QUERY_ENTRY)
        rc = reader_open(job->log, &p->reader, &es);
    if (rc == RC_OK) {
        print_head(p->format);
        rc = index_query(ix, f, on_row, p);
        if (rc != RC_OK)
            errs_add(&es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%s", index_problem(ix));
        else
            rc = fflush(stdout) == 0 ? p->rc : RC_IO;
    }
    if (rc == RC_OK && job->mode == INDEX_READ && job->size > index_next(ix))
        fprintf(stderr, "spangate: %" PRIu64 " entries are newer than the index\n", job->size - index_next(ix));
    if (rc == RC_OK && p->more)
        fprintf(stderr, "spangate: stopped after %" PRIu64 " entries: --limit\n", p->rows);
    if (p->reader)
        reader_close(p->reader);
    index_close(ix);
    int code = audit_end(rc, &es);

    return code == EXIT_DONE && p->rows == 0 ? EXIT_NEGATIVE : code;
}

static bool
read_time(const struct arguments *a, const char *option, uint64_t *us)
{
    const char *text = args_text(a, option);

    return !text || time_parse(str_of(text), us);
}

static int
run(const struct arguments *a)
{
    static const char *const formats[] = {"table", "csv", "json", "entry"};
    struct index_job job = {.log = audit_dir(a), .path = args_text(a, "index"), .mode = args_flag(a, "no-update") ? INDEX_READ : INDEX_UPDATE};
    struct index_filter f = {.service = args_text(a, "service"),
        .identity = args_text(a, "identity"),
        .rule = args_text(a, "rule"),
        .entity = args_text(a, "entity"),
        .destination = args_text(a, "destination"),
        .outcome = args_text(a, "outcome"),
        .type = args_text(a, "type"),
        .reason = args_text(a, "reason"),
        .limit = args_number(a, "limit") < UINT64_MAX ? args_number(a, "limit") + 1 : UINT64_MAX, /* one more tells that there are more */
        .newest_first = args_flag(a, "newest")};
    struct printer p = {.limit = args_number(a, "limit")};

    if (!read_time(a, "from", &f.from_us) || !read_time(a, "to", &f.to_us))
        return usage_error(a, "--from and --to are times: 2026-07-01 or 2026-07-01T13:00:00Z");
    while (strcmp(formats[p.format], args_text(a, "format")) != 0)
        p.format++;
    return query(&p, &job, &f);
}

static const struct option_spec options[] = {
    AUDIT_DIR_OPTION,
    AUDIT_INDEX_OPTION,
    {.name = "from", .type = OPTION_TEXT, .arg = "TIME", .help = "Not before: 2026-07-01, or 2026-07-01T13:00:00Z"},
    {.name = "to", .type = OPTION_TEXT, .arg = "TIME", .help = "Before"},
    {.name = "service", .type = OPTION_TEXT, .arg = "GLOB", .help = "Service of the sender, as the configuration calls it"},
    {.name = "identity", .type = OPTION_TEXT, .arg = "GLOB", .help = "Identity of the sender"},
    {.name = "rule", .type = OPTION_TEXT, .arg = "GLOB", .help = "POLICY/RULE that found something"},
    {.name = "entity", .type = OPTION_TEXT, .arg = "GLOB", .help = "What was found: IBAN, EMAIL_ADDRESS, ..."},
    {.name = "destination", .type = OPTION_TEXT, .arg = "GLOB", .help = "Destination of a decision, delivery or loss"},
    {.name = "outcome", .type = OPTION_TEXT, .arg = "GLOB", .help = "accepted, partial, unroutable, refused, delivered, rejected, lost, ..."},
    {.name = "type",
        .type = OPTION_TEXT,
        .arg = "GLOB",
        .help = "request, refusal, delivery, loss, handshake, admin, change, rules, gate, key.rotate, checkpoint.anchor, retention"},
    {.name = "reason", .type = OPTION_TEXT, .arg = "GLOB", .help = "Why"},
    {.name = "limit", .letter = 'n', .type = OPTION_NUMBER, .arg = "ROWS", .fallback = "1000", .help = "At most"},
    {.name = "newest", .type = OPTION_FLAG, .help = "The newest first"},
    {.name = "no-update", .type = OPTION_FLAG, .help = "Ask the index as it is"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "table|csv|json|entry",
        .fallback = "table",
        .help = "entry: the entries themselves, from the log"},
    {0},
};

const struct command cmd_audit_query = {
    .name = "audit query",
    .usage = "[DIR] [--from TIME] [--to TIME] [--service GLOB] [--rule GLOB] [--entity GLOB] ...",
    .summary = "Ask the audit log",
    .text =
        "Conditions are joined by and; * in a GLOB stands for anything; an empty GLOB for what has none. The index is brought up to date first.\n\n"
        "Exit code: 0; 1 nothing fits; 4 the log or the index cannot be read; 5 the index is of another log: audit index --rebuild.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
