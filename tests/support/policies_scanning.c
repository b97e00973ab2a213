#include "policies_scanning.h"

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base_guard.h"

#define TEXT_MAX (1u << 20)

static const char *system_name = "";

void
scanning_under(const char *system)
{
    system_name = system;
}

struct collected {
    struct str text;
    uint64_t kinds;
    size_t end, count;
    char *out;
    size_t len;
};

static enum rc
collect(void *to, enum scan_kind kind, size_t start, size_t end)
{
    struct collected *c = to;
    const char *with = scan_kind_info(kind)->replacement;

    ck_assert_msg(start >= c->end && end > start && end <= c->text.len, "[%zu,%zu) after %zu of %zu: %.*s", start, end, c->end, c->text.len,
        (int)c->text.len, c->text.ptr);
    ck_assert_msg(c->kinds >> kind & 1, "kind %d is not one of the scanner's", kind);
    memcpy(c->out + c->len, c->text.ptr + c->end, start - c->end);
    c->len += start - c->end;
    memcpy(c->out + c->len, with, strlen(with));
    c->len += strlen(with);
    c->end = end;
    c->count++;
    ck_assert(c->len < TEXT_MAX);
    return RC_OK;
}

static const struct scanner *
scanner_named(const char *name)
{
    const struct scanner *s = scanner_find(str_of(name));

    ck_assert_msg(s != NULL, "no scanner %s", name);
    return s;
}

const char *
scanning_replace(const char *scanner, const char *key, struct str text, struct str before)
{
    static char out[TEXT_MAX + 1];
    const struct scanner *s = scanner_named(scanner);
    struct collected c = {.text = text, .kinds = s->kinds, .out = out};
    struct scan_in in = {.text = text, .key = str_of(key), .system = str_of(system_name), .before = before};
    struct scan_out to = {.add = collect, .to = &c};
    enum rc rc = s->scan(&in, &to);

    ck_assert(rc == RC_OK || rc == RC_UNDECIDABLE);
    if (rc != RC_OK)
        return "(undecidable)";
    if (text.len > c.end)
        memcpy(out + c.len, text.ptr + c.end, text.len - c.end);
    out[c.len + text.len - c.end] = 0;
    return out;
}

static void
cut_everywhere(const char *scanner, const char *key, struct str text)
{
    for (size_t len = 0; len <= text.len; len++) {
        struct guard g;
        struct str copy = guard_copy(&g, str_sub(text, 0, len));

        scanning_replace(scanner, key, copy, (struct str){NULL, 0});
        guard_free(&g);
    }
}

void
scanning_rows(const char *scanner, const char *key, const struct scanning_row *rows)
{
    const struct str none = {NULL, 0};

    for (const struct scanning_row *r = rows; r->text; r++) {
        const char *k = r->key ? r->key : key;
        const char *got = scanning_replace(scanner, k, str_of(r->text), none);

        ck_assert_msg(strcmp(got, r->expected) == 0, "%s of %s\n %s\n-> %s\nnot %s", scanner, k, r->text, got, r->expected);
        got = scanning_replace(scanner, k, str_of(r->expected), none);
        ck_assert_msg(strcmp(r->expected, "(undecidable)") == 0 || strcmp(got, r->expected) == 0, "again: %s\n %s\n-> %s", scanner, r->expected, got);
        cut_everywhere(scanner, k, str_of(r->text));
    }
}

static void
mutate(struct rng *rng, char *text, size_t len, const char *alphabet)
{
    for (uint32_t i = rng_below(rng, 4); len && i < 4; i++)
        text[rng_below(rng, (uint32_t)len)] = rng_below(rng, 4) ? alphabet[rng_below(rng, (uint32_t)strlen(alphabet))] : (char)rng_next(rng);
}

void
scanning_random(const char *scanner, const char *key, const struct scanning_row *rows, const char *alphabet)
{
    struct rng rng = {20261122};
    char text[512];
    size_t n = 0;

    while (rows[n].text)
        n++;
    for (uint64_t round = 0; round < rng_rounds(20000); round++) {
        size_t len = rng_below(&rng, 64);

        for (size_t i = 0; i < len; i++)
            text[i] = rng_below(&rng, 8) ? alphabet[rng_below(&rng, (uint32_t)strlen(alphabet))] : (char)rng_next(&rng);
        if (rng_below(&rng, 2)) {
            const char *from = rows[rng_below(&rng, (uint32_t)n)].text;

            len = strlen(from) < sizeof(text) ? strlen(from) : sizeof(text);
            memcpy(text, from, len);
            mutate(&rng, text, len, alphabet);
        }
        char copy[512];

        memcpy(copy, text, len);
        scanning_replace(scanner, key, (struct str){copy, len}, (struct str){NULL, 0});
    }
}

static enum rc
count(void *to, enum scan_kind kind, size_t start, size_t end)
{
    (void)kind, (void)start, (void)end;
    ++*(size_t *)to;
    return RC_OK;
}

/* Of the processor, the best of three. */
static double
seconds_of(const struct scanner *s, const char *key, struct str text)
{
    double best = 1e9;

    for (int i = 0; i < 3; i++) {
        size_t values = 0;
        struct scan_in in = {.text = text, .key = str_of(key), .system = str_of(system_name)};
        struct scan_out to = {.add = count, .to = &values};
        struct timespec a, b;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        enum rc rc = s->scan(&in, &to);

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        ck_assert(rc == RC_OK || rc == RC_UNDECIDABLE);
        double t = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;

        best = t < best ? t : best;
    }
    return best;
}

static double
seconds_at(const struct scanner *s, const char *key, const char *begin, const char *unit, size_t len)
{
    size_t n = strlen(begin);
    char *text = malloc(len);

    ck_assert(text != NULL);
    memcpy(text, begin, n);
    for (; n < len; n++)
        text[n] = unit[(n - strlen(begin)) % strlen(unit)];
    double t = seconds_of(s, key, (struct str){text, len});

    free(text);
    return t;
}

/* Four times the bytes: a square would take sixteen times as long, every time. What else the machine does can look like that, but not five times. */
void
scanning_linear(const char *scanner, const char *key, const char *begin, const char *unit)
{
    const struct scanner *s = scanner_named(scanner);
    double quarter = 0, whole = 0;

    for (int i = 0; i < 5; i++) {
        quarter = seconds_at(s, key, begin, unit, 20000);
        whole = seconds_at(s, key, begin, unit, 80000);
        if (whole < 0.002 || whole < 9 * quarter)
            return;
    }
    ck_abort_msg("%s %s: %.4f then %.4f s", scanner, unit, quarter, whole);
}
