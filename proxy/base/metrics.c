#include "base/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "metrics_int.h"

#define CELLS_MAX 2000
#define LABELS_MAX 8
#define LABEL_VALUE_MAX 256

union cell {
    struct metric_cell number;
    struct metric_histogram histogram;
};

struct entry {
    struct entry *next;
    char *labels; /* name="value",..., escaped for the text format; "" when the family has none */
    union cell cell;
};

/* Entries are only ever added, under the lock; cells never move. overflow takes what does not fit. */
static struct family {
    const char *name, *labels, *help;
    struct entry *first, **last;
    struct entry overflow;
    enum metric_type type;
    unsigned count;
    bool overflown;
} families[] = {
#define METRIC(id, type, name, labels, help) [id] = {name, labels, help, NULL, NULL, {0}, type, 0, false},
#include "base/metrics.def"
#undef METRIC
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const uint64_t bounds_us[METRIC_BUCKETS - 1] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

/* Backslash, quote and line feed are escaped: text format 0.0.4. */
static enum rc
append_value(struct buf *out, struct str s)
{
    enum rc rc = RC_OK;

    if (s.len > LABEL_VALUE_MAX)
        s.len = LABEL_VALUE_MAX;
    while (s.len && !str_utf8_valid(s))
        s.len--;
    for (size_t i = 0; i < s.len && rc == RC_OK; i++) {
        if (s.ptr[i] == '\\' || s.ptr[i] == '"')
            rc = buf_printf(out, "\\%c", s.ptr[i]);
        else if (s.ptr[i] == '\n')
            rc = buf_append(out, STR("\\n"));
        else
            rc = buf_append_byte(out, s.ptr[i]);
    }
    return rc;
}

/* name="value",... for a family; values NULL: "other" for each. */
static enum rc
append_labels(struct buf *out, const struct family *f, const char *const *values, unsigned count)
{
    const char *name = f->labels;
    enum rc rc = RC_OK;

    for (unsigned i = 0; *name && rc == RC_OK && i < LABELS_MAX; i++) {
        int len = (int)strcspn(name, ",");

        rc = buf_printf(out, "%s%.*s=\"", i ? "," : "", len, name);
        if (rc == RC_OK)
            rc = append_value(out, str_of(!values ? "other" : i < count ? values[i] : ""));
        if (rc == RC_OK)
            rc = buf_append_byte(out, '"');
        name += len;
        name += *name == ',';
    }
    return rc == RC_OK ? buf_append_byte(out, '\0') : rc;
}

static struct entry *
entry_add(struct family *f, const char *labels)
{
    struct entry *e = f->count < CELLS_MAX ? calloc(1, sizeof(*e)) : NULL;
    char *copy = e ? strdup(labels) : NULL;

    if (!copy) {
        free(e);
        return NULL;
    }
    e->labels = copy;
    if (f->last)
        *f->last = e;
    else
        f->first = e;
    f->last = &e->next;
    f->count++;
    return e;
}

static union cell *
cell_get(enum metric m, const char *const *values, unsigned count)
{
    struct family *f = &families[m];
    struct buf labels = BUF_INIT(LABELS_MAX * (2 * LABEL_VALUE_MAX + 64));
    bool named = append_labels(&labels, f, values, count) == RC_OK;
    struct entry *e;

    pthread_mutex_lock(&lock);
    for (e = f->first; named && e && strcmp(e->labels, labels.ptr) != 0;)
        e = e->next;
    if (named && !e)
        e = entry_add(f, labels.ptr);
    if (!named || !e) {
        e = &f->overflow;
        f->overflown = true;
    }
    pthread_mutex_unlock(&lock);
    buf_free(&labels);
    return &e->cell;
}

struct metric_cell *
metric_get(enum metric m, const char *const *labels, unsigned count)
{
    return &cell_get(m, labels, count)->number;
}

struct metric_histogram *
metric_get_histogram(enum metric m, const char *const *labels, unsigned count)
{
    return &cell_get(m, labels, count)->histogram;
}

void
metric_observe_us(struct metric_histogram *h, uint64_t us)
{
    unsigned i = 0;

    while (i < METRIC_BUCKETS - 1 && us > bounds_us[i])
        i++;
    atomic_fetch_add_explicit(&h->bucket[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}

static enum rc
print_histogram(struct buf *out, const struct family *f, const char *labels, struct metric_histogram *h)
{
    const char *comma = *labels ? "," : "", *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    uint64_t total = 0, sum_us = atomic_load_explicit(&h->sum_us, memory_order_relaxed);
    enum rc rc = RC_OK;

    for (unsigned i = 0; i < METRIC_BUCKETS && rc == RC_OK; i++) {
        char bound[32] = "+Inf";

        if (i < METRIC_BUCKETS - 1)
            snprintf(bound, sizeof(bound), "%g", (double)bounds_us[i] / 1e6);
        total += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
        rc = buf_printf(out, "%s_bucket{%s%sle=\"%s\"} %llu\n", f->name, labels, comma, bound, (unsigned long long)total);
    }
    if (rc == RC_OK)
        rc = buf_printf(out, "%s_sum%s%s%s %llu.%06llu\n", f->name, open, labels, close, (unsigned long long)(sum_us / 1000000),
            (unsigned long long)(sum_us % 1000000));
    return rc == RC_OK ? buf_printf(out, "%s_count%s%s%s %llu\n", f->name, open, labels, close, (unsigned long long)total) : rc;
}

static enum rc
print_entry(struct buf *out, const struct family *f, const char *labels, union cell *cell)
{
    if (f->type == METRIC_HISTOGRAM)
        return print_histogram(out, f, labels, &cell->histogram);
    return buf_printf(out, "%s%s%s%s %lld\n", f->name, *labels ? "{" : "", labels, *labels ? "}" : "",
        (long long)atomic_load_explicit(&cell->number.value, memory_order_relaxed));
}

static enum rc
print_overflow(struct buf *out, struct family *f)
{
    struct buf labels = BUF_INIT(LABELS_MAX * 128);
    enum rc rc = append_labels(&labels, f, NULL, 0);

    if (rc == RC_OK)
        rc = print_entry(out, f, labels.ptr, &f->overflow.cell);
    buf_free(&labels);
    return rc;
}

static enum rc
print_family(struct buf *out, struct family *f)
{
    static const char *const types[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

    if (f->count == 0 && !f->overflown)
        return RC_OK;
    enum rc rc = buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, types[f->type]);

    for (struct entry *e = f->first; e && rc == RC_OK; e = e->next)
        rc = print_entry(out, f, e->labels, &e->cell);
    return rc == RC_OK && f->overflown ? print_overflow(out, f) : rc;
}

enum rc
metrics_print(struct buf *out)
{
    enum rc rc = RC_OK;

    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < METRIC_COUNT_ && rc == RC_OK; i++)
        rc = print_family(out, &families[i]);
    pthread_mutex_unlock(&lock);
    return rc == RC_OK ? metrics_print_process(out) : rc;
}
