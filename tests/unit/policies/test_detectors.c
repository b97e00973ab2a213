/* Every detector of the product: its examples, the hygiene of its table entry, hostile input, what it leaves alone. */
#include <stdio.h>
#include <stdlib.h>

#include "base_guard.h"
#include "base_suite.h"
#include "policies/detect/checks_int.h"
#include "policies/detector.h"
#include "policies/engine/confirm_int.h"
#include "policies/engine/finder_int.h"

#define RUNNERS_MAX 512

struct runner {
    const struct detector *d;
    struct confirm *code;
};

static struct runner runners[RUNNERS_MAX];
static size_t runner_count;
static struct confirm_scratch *scratch;

static void
runners_open(void)
{
    const struct detector *const *all = detectors_all(&runner_count);
    struct errs es = {0};

    ck_assert_uint_gt(runner_count, 0);
    ck_assert_uint_lt(runner_count, RUNNERS_MAX);
    scratch = confirm_scratch_new();
    ck_assert_ptr_nonnull(scratch);
    for (size_t i = 0; i < runner_count; i++) {
        struct runner *r = &runners[i];

        r->d = all[i];
        enum rc rc = confirm_compile(str_of(r->d->pattern), r->d->caseless, (struct err_pos){0}, &r->code, &es);

        ck_assert_msg(rc == RC_OK, "%s: %s", r->d->id, es.count ? es.list[0].text : "");
        ck_assert_msg(confirm_jit(r->code), "%s: no JIT", r->d->id);
    }
    errs_free(&es);
}

static void
runners_close(void)
{
    for (size_t i = 0; i < runner_count; i++)
        confirm_free(runners[i].code);
    confirm_scratch_free(scratch);
    runner_count = 0;
}

/* Whether the match that was just found counts; m is then what would be redacted. */
static bool
counts(const struct detector *d, const struct confirm_match *found, struct match *m)
{
    m->start = found->start;
    m->end = found->end;
    memcpy(m->group, found->group, sizeof(m->group));
    m->context = detector_context(d, m->key, m->text, m->start);
    if ((d->need_context && !m->context) || (d->check && !d->check(m)))
        return false;
    ck_assert_msg(m->start < m->end && m->start >= found->start && m->end <= found->end, "%s: check widened or emptied a match of %.*s", d->id,
        (int)m->text.len, m->text.ptr);
    return true;
}

/* The next match that counts, at or after from, by the rule of detector.h. Returns 1, 0, or -1 when PCRE2 came to a limit. */
static int
runner_next(const struct runner *r, struct str key, struct str text, size_t from, struct match *m)
{
    struct confirm_match found;

    *m = (struct match){.text = text, .key = key};
    if (r->d->key_only && !detector_key_context(r->d, key))
        return 0;
    while (from < text.len) {
        enum rc rc = confirm_next(r->code, scratch, text, from, &found);

        if (rc != RC_OK)
            return rc == RC_NOT_FOUND ? 0 : -1;
        if (counts(r->d, &found, m))
            return 1;
        from = found.start + 1;
    }
    return 0;
}

static const struct runner *
runner_of(const char *id)
{
    for (size_t i = 0; i < runner_count; i++)
        if (strcmp(runners[i].d->id, id) == 0)
            return &runners[i];
    ck_abort_msg("no detector %s", id);
    return NULL;
}

START_TEST(detectors_hit_and_miss_their_examples)
{
    size_t examples = 0, wrong = 0;

    runners_open();
    for (size_t i = 0; i < runner_count; i++) {
        for (const struct detector_example *e = runners[i].d->examples; e->text; e++, examples++) {
            struct match m;
            int rc = runner_next(&runners[i], str_of(e->key), str_of(e->text), 0, &m);

            if (rc == e->hit)
                continue;
            printf("%s: %s \"%s\" under \"%s\" gives %d\n", runners[i].d->id, e->hit ? "hit" : "miss", e->text, e->key ? e->key : "", rc);
            wrong++;
        }
    }
    printf("%zu detectors, %zu examples\n", runner_count, examples);
    ck_assert_uint_eq(wrong, 0);
    runners_close();
}
END_TEST

/* What is redacted of a text: all matches of the detector, shown as [brackets]. */
START_TEST(detectors_redact_only_the_value)
{
    static const struct {
        const char *id, *text, *shown;
    } rows[] = {
        {"contact.email", "x='jane@example.com' y", "x='[jane@example.com]' y"},
        {"contact.email", "to:a@example.com,b@example.org", "to:[a@example.com],[b@example.org]"},
        {"contact.email", "\xe8\x81\x94jane@example.com\xe8\xb0\xa2", "\xe8\x81\x94[jane@example.com]\xe8\xb0\xa2"},
        {"contact.email", "\xd0\xb0lice@example.com", "[\xd0\xb0lice@example.com]"},
        {"contact.phone_e164", "+1 415 555 0132 2024-01-01", "[+1 415 555 0132] 2024-01-01"},
        {"fin.pan", "4111 1111 1111 1111 123 or 4111-1111-1111-1111", "[4111 1111 1111 1111] 123 or [4111-1111-1111-1111]"},
        {"fin.iban", "DE44 5001 0517 5407 3249 31 THANKS", "[DE44 5001 0517 5407 3249 31] THANKS"},
        {"net.ipv4", "10.1.2.3:80, 10.1.2.0/24", "[10.1.2.3]:80, [10.1.2.0]/24"},
        {"net.ipv6", "[::ffff:192.0.2.1]:80", "[[::ffff:192.0.2.1]]:80"},
        {"net.ipv4_in_host", "ip-10-152-4-129.ec2.internal", "ip-[10-152-4-129].ec2.internal"},
        {"dev.hostname_personal", "Janes-MacBook-Pro.local", "[Janes]-MacBook-Pro.local"},
        {"sec.bearer", "Authorization: Bearer abcdef0123456789=", "Authorization: Bearer [abcdef0123456789=]"},
        {"sec.basic_auth", "basic dXNlcjpwYXNz", "basic [dXNlcjpwYXNz]"},
        {"sec.authorization", "authorization: Digest username=\"Mufasa\"\nHost: x", "authorization: Digest [username=\"Mufasa\"]\nHost: x"},
        {"sec.url_userinfo", "https://bob:hunter2@example.com/ https://jane@h/", "https://[bob:hunter2]@example.com/ https://[jane]@h/"},
        {"sec.url_userinfo", "amqp://u:p@ss@mq", "amqp://[u:p@ss]@mq"},
        {"sec.url_userinfo", "https://u:p@ss@mq", "https://[u:p@ss]@mq"},
        {"sec.url_query", "/x?a=1&sig=abc&code=5#x", "/x?a=1&sig=[abc]&code=[5]#x"},
        {"sec.url_query", "/x?s%69g=abc&b=2", "/x?s%69g=[abc]&b=2"},
        {"sec.password", "{\"password\": \"a b\\\"c\", \"x\": 1}", "{\"password\": \"[a b\\\"c]\", \"x\": 1}"},
        {"sec.password", "{\\\"password\\\":\\\"abc\\\",\\\"x\\\":1}", "{\\\"password\\\":\\\"[abc]\\\",\\\"x\\\":1}"},
        {"sec.password", "Server=x;Pwd=s3,cr3t;Db=y", "Server=x;Pwd=[s3,cr3t];Db=y"},
        {"sec.password", "{password: foo, user: bar}", "{password: [foo], user: bar}"},
        {"sec.password", "?password=a&x=1", "?password=[a]&x=1"},
        {"sec.password", "f(password=abc) x", "f(password=[abc]) x"},
        {"sec.private_key_pem",
            "a -----BEGIN PRIV"
            "ATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIV"
            "ATE KEY----- b",
            "a [-----BEGIN PRIV"
            "ATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIV"
            "ATE KEY-----] b"},
    };

    runners_open();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str text = str_of(rows[i].text);
        char shown[512];
        size_t from = 0, n = 0;
        struct match m;

        while (runner_next(runner_of(rows[i].id), STR(""), text, from, &m) == 1) {
            n += (size_t)snprintf(
                shown + n, sizeof(shown) - n, "%.*s[%.*s]", (int)(m.start - from), text.ptr + from, (int)(m.end - m.start), text.ptr + m.start);
            from = m.end;
        }
        snprintf(shown + n, sizeof(shown) - n, "%s", rows[i].text + from);
        ck_assert_str_eq(shown, rows[i].shown);
    }
    runners_close();
}
END_TEST

static bool
lower_ascii(const char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            return false;
    return true;
}

START_TEST(detectors_table_is_clean)
{
    static const char *const categories[] = {"contact", "financial", "government", "health", "network", "secret", NULL};

    runners_open();
    for (size_t i = 0; i < runner_count; i++) {
        const struct detector *d = runners[i].d;
        size_t hits = 0, misses = 0;

        for (size_t j = 0; j < i; j++)
            ck_assert_msg(strcmp(d->id, runners[j].d->id) != 0, "%s twice", d->id);
        for (const char *c = d->entity; *c; c++)
            ck_assert_msg((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_', "%s: entity %s", d->id, d->entity);
        ck_assert_msg(lower_ascii(d->id) && strchr(d->id, '.'), "%s", d->id);
        ck_assert_msg(d->title && d->controls && !strchr(d->controls, ','), "%s", d->id);
        ck_assert_msg(str_in_list(str_of(d->category), categories), "%s: category %s", d->id, d->category);
        ck_assert_msg(d->severity <= 3, "%s", d->id);
        ck_assert_msg(strlen(d->pattern) <= 4096, "%s: pattern too long", d->id);
        ck_assert_msg(!strstr(d->pattern, "\\b") && !strstr(d->pattern, "\\w") && !strstr(d->pattern, "\\K"), "%s: spell the class out", d->id);
        ck_assert_msg(!(d->need_context || d->key_only) || d->context, "%s needs context and has no words", d->id);
        for (const char *const *w = d->context; w && *w; w++)
            ck_assert_msg(**w && lower_ascii(*w), "%s: context word %s", d->id, *w);
        for (const struct detector_example *e = d->examples; e->text; e++) {
            hits += e->hit;
            misses += !e->hit;
        }
        ck_assert_msg(hits >= 2 && misses >= 2, "%s: %zu hits and %zu misses", d->id, hits, misses);
    }
    runners_close();
}
END_TEST

START_TEST(detectors_are_found_by_id_and_entity)
{
    size_t count, names;
    const struct detector *const *all = detectors_all(&count);
    const char *const *name = detector_names(&names);

    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_eq(detector_find(str_of(all[i]->id), 0), all[i]);
        ck_assert_ptr_null(detector_find(str_of(all[i]->id), 1));
        ck_assert_str_eq(detector_find(str_of(all[i]->entity), 0)->entity, all[i]->entity);
    }
    ck_assert_str_eq(detector_find(STR("IP_ADDRESS"), 0)->id, "net.ipv4");
    ck_assert_str_eq(detector_find(STR("IP_ADDRESS"), 1)->id, "net.ipv6");
    ck_assert_ptr_null(detector_find(STR("EMAIL_ADRESS"), 0));
    ck_assert_ptr_null(detector_find(STR(""), 0));
    for (size_t i = 0; i < names; i++) {
        ck_assert_ptr_nonnull(detector_find(str_of(name[i]), 0));
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(name[i], name[j]);
    }
}
END_TEST

/* Words of a policy may be of any characters, those that were never letters among them. */
START_TEST(context_words_end_where_they_end)
{
    static const char *const list[] = {
        "\xf0\x9f\x98\x80", "id \xf0\x9f\x98\x80", "\xd1\x82", "a\xf0\x9f\x98\x80", "\xd0\xa2\xd0\xb5\xd0\xbb\xd0\xb5", "\xc3\x89t\xc3\x89"};
    static const struct {
        const char *text;
        bool found[6];
    } rows[] = {
        {"\xd0\xa2\xd0\xb5\xd0\xbb\xd0\xb5", {[4] = true}},
        {"\xd1\x82\xd0\xb5\xd0\xbb\xd0\xb5", {[4] = true}},
        {"\xd0\xa2\xd0\x95\xd0\x9b\xd0\x95:", {[4] = true}},
        {"\xc3\xa9t\xc3\xa9", {[5] = true}},
        {"\xc3\x89T\xc3\xa9", {[5] = true}},
        {"\xf0\x9f\x98\x80", {true, false, false, false}},
        {"\xf0\x9f\x98\x81", {false, false, false, false}},
        {"\xf0\x9f\x8e\x89", {false, false, false, false}},
        {"id: \xf0\x9f\x98\x80", {true, true, false, false}},
        {"a\xf0\x9f\x98\x80", {true, false, false, true}},
        {"a\xf0\x9f\x98", {false, false, false, false}},
        {"\xd0\xa2 ", {false, false, true, false}},
        {"\xd1", {false, false, false, false}},
        {"\xf0\xf0\xf0\xf0", {false, false, false, false}},
        {"\x80\x80\x80\x80", {false, false, false, false}},
    };

    for (size_t w = 0; w < sizeof(list) / sizeof(list[0]); w++) {
        struct guard of_word;
        const char *const words[] = {guard_copy(&of_word, (struct str){list[w], strlen(list[w]) + 1}).ptr, NULL};
        const struct detector d = {.context = words};

        detector_lower(of_word.map + of_word.size - (size_t)sysconf(_SC_PAGESIZE) - strlen(list[w]) - 1);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct guard of_text;
            struct str text = guard_copy(&of_text, str_of(rows[i].text));

            ck_assert_msg(detector_context(&d, STR(""), text, text.len) == rows[i].found[w], "word %zu, row %zu", w, i);
            guard_free(&of_text);
        }
        guard_free(&of_word);
    }
}
END_TEST

START_TEST(context_is_whole_words_before_the_match)
{
    static const char *const words[] = {"pan", "member id", "ssn", "\xe8\xba\xab\xe4\xbb\xbd\xe8\xaf\x81", NULL};
    static const struct detector d = {.context = words};
    static const struct {
        const char *key, *before;
        bool context;
    } rows[] = {
        {"card.pan", "", true},
        {"span.id", "", false},
        {"company", "", false},
        {"memberId", "", true},
        {"member_id", "", true},
        {"member-id", "", true},
        {"MEMBER ID", "", true},
        {"memberid", "", true},
        {"memberidea", "", false},
        {"userSSN", "", true},
        {"ssns", "", true},
        {"ssn2", "", true},
        {"lessness", "", false},
        {"", "the pan is ", true},
        {"", "span is ", false},
        {"", "\xe8\xba\xab\xe4\xbb\xbd\xe8\xaf\x81\xe5\x8f\xb7", true},
        {"", "pan ..............................................", true},
        {"", "pan ...............................................", false},
        {"", "pan ................................................", false},
        {"", "", false},
        {"", "[SSN] ", false},
        {"", "<SSN> ", false},
        {"", "<SSN>\xe5\x8f\xb7", true},
        {"", "<SSN>", true},
        {"", "[ssn] ", true},
        {"", "[SSN ", true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(detector_context(&d, str_of(rows[i].key), str_of(rows[i].before), strlen(rows[i].before)) == rows[i].context, "row %zu", i);
    /* A word cut by the window is no word: "span" seen from its second letter. */
    char text[64];

    memset(text, '.', sizeof(text));
    memcpy(text, "span", 4);
    ck_assert(!detector_context(&d, STR(""), (struct str){text, 64}, 51));
    text[0] = '.';
    ck_assert(detector_context(&d, STR(""), (struct str){text, 64}, 51));
    ck_assert(!detector_context(&d, STR(""), (struct str){text, 64}, 52));
}
END_TEST

/* Every prefix and suffix of every example, in a buffer of exactly its size: a check that reads outside is caught by the sanitizers. */
START_TEST(detectors_stay_inside_cut_texts)
{
    runners_open();
    for (size_t i = 0; i < runner_count; i++) {
        for (const struct detector_example *e = runners[i].d->examples; e->text; e++) {
            size_t len = strlen(e->text);

            for (size_t cut = 1; cut < len; cut++) {
                char *part = malloc(cut);
                struct match m;

                memcpy(part, e->text, cut);
                ck_assert_int_ge(runner_next(&runners[i], str_of(e->key), (struct str){part, cut}, 0, &m), 0);
                memcpy(part, e->text + len - cut, cut);
                ck_assert_int_ge(runner_next(&runners[i], str_of(e->key), (struct str){part, cut}, 0, &m), 0);
                free(part);
            }
        }
    }
    runners_close();
}
END_TEST

#define HOSTILE_BYTES 4096

static void
hostile_run(const struct runner *r, struct str key, const char *unit, size_t unit_len)
{
    static char text[HOSTILE_BYTES];
    struct match m;
    size_t from = 0;
    int rc;

    for (size_t i = 0; i < HOSTILE_BYTES; i++)
        text[i] = unit[i % unit_len];
    while ((rc = runner_next(r, key, (struct str){text, HOSTILE_BYTES}, from, &m)) == 1)
        from = m.end;
    ck_assert_msg(rc == 0, "%s: PCRE2 gives %d on 4 KiB of \"%.*s\"", r->d->id, rc, (int)unit_len, unit);
}

/* Repetitions of bytes, of pieces of the detector's own examples, and of what often stands between. None may reach the match limit. */
START_TEST(detectors_stay_under_the_match_limit)
{
    static const char *const units[] = {"a", "A", "0", "4", "9", " ", "-", ".", "=", ":", "/", "\"", "\\", "\xe8\x81\x94", "\xd0\xb0", "aA0_", "1 ",
        "1-", "1.", "a.", "a@", "@a", "@a.", "a@a.", "a:", "0:", "::", "://", "://a:", "://a@", "?a=", "&%41=", "=\"",
        "key=", "password=", "password=\"", "password: {,", "password:\\\"", "password=a,", "bearer ", "basic ", "authorization: ", "-----BEGIN ",
        "-", "eyJ", "eyJa.",
        "ey"
        "JhbGciOiJub25lIn0.",
        "+1", "+1 ", "4111 ", "4111-1111-", "DE44", "DE44 ", "http://", "http:/a/b.", "\n", "<", "{", "a=b;", "1a", "a1b2", "/home/", "123 Main ",
        NULL};

    runners_open();
    for (size_t i = 0; i < runner_count; i++) {
        for (const char *const *u = units; *u; u++)
            hostile_run(&runners[i], STR(""), *u, strlen(*u));
        for (const struct detector_example *e = runners[i].d->examples; e->text; e++)
            for (size_t cut = 1; cut <= strlen(e->text); cut += 1 + cut / 4)
                hostile_run(&runners[i], str_of(e->key), e->text, cut);
    }
    runners_close();
}
END_TEST

/* ---- numbers ---- */

static uint64_t seed;

static uint64_t
next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545F4914F6CDD1Dull;
}

static unsigned
below(unsigned n)
{
    return (unsigned)(next() >> 33) % n;
}

static void
fill_from(char *out, size_t n, const char *alphabet)
{
    unsigned size = (unsigned)strlen(alphabet);

    for (size_t i = 0; i < n; i++)
        out[i] = alphabet[below(size)];
    out[n] = 0;
}

static size_t
without(const char *text, const char *marks, char *out, size_t size)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++)
        if (!strchr(marks, *text))
            out[n++] = *text;
    out[n] = 0;
    return n;
}

static void
check_unvouched(const struct runner *r, const char *text)
{
    struct match m;

    if (runner_next(r, STR(""), str_of(text), 0, &m) == 1 && !m.context)
        ck_abort_msg("%s counts in \"%s\" without one of \"%s\"", r->d->id, text, r->d->vouched);
}

/* The engine does not run such a detector over a text without its marks, when no word of context stands in it. */
START_TEST(detectors_count_no_number_that_no_mark_vouches_for)
{
    char text[256];
    size_t vouched = 0;

    seed = 77;
    runners_open();
    for (size_t i = 0; i < runner_count; i++) {
        const struct detector *d = runners[i].d;

        if (!d->vouched)
            continue;
        vouched++;
        ck_assert_msg(d->context && !d->need_context, "%s has nothing that marks could stand for", d->id);
        for (const struct detector_example *e = d->examples; e->text; e++) {
            without(e->text, d->vouched, text, sizeof(text));
            check_unvouched(&runners[i], text);
        }
        for (unsigned n = 0; n < 30000; n++) {
            fill_from(text, 6 + below(13), "0123456789");
            if (n % 2) /* a day and a month, in one order or the other */
                text[2] = (char)('0' + below(2)), text[4] = (char)('0' + below(4));
            check_unvouched(&runners[i], text);
        }
    }
    ck_assert_uint_gt(vouched, 10);
    runners_close();
}
END_TEST

/* ---- decoys ---- */

#define HEX "0123456789abcdef"
#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static const char *
decoy_number(unsigned kind, char *out, size_t size)
{
    unsigned long long epoch_ns = 1600000000000000000ull + next() % 400000000000000000ull;

    switch (kind) {
    case 0:
        snprintf(out, size, "%llu", epoch_ns / 1000000000);
        break;
    case 1:
        snprintf(out, size, "%llu", epoch_ns / 1000000);
        break;
    case 2:
        snprintf(out, size, "%llu", epoch_ns / 1000);
        break;
    case 3:
        snprintf(out, size, "%llu", epoch_ns);
        break;
    case 4:
        snprintf(out, size, "%llu", (unsigned long long)((epoch_ns / 1000000 - 1288834974657ull) << 22 | (next() & 0x3FFFFF)));
        break;
    case 5:
        snprintf(out, size, "%012llu", (unsigned long long)(next() % 1000000000000ull));
        break;
    case 6:
        snprintf(out, size, "20%02u%02u%02u%02u", below(30), 1 + below(12), 1 + below(28), below(100));
        break;
    case 7:
        snprintf(out, size, "%013llu", (unsigned long long)(next() % 10000000000000ull));
        break;
    case 8:
        snprintf(out, size, "978-%u-%02u-%06u-%u", below(10), below(100), below(1000000), below(10));
        break;
    case 9:
        snprintf(out, size, "%.16g", (double)(next() >> 11) / 9007199254740992.0);
        break;
    case 10:
        snprintf(out, size, "%.7f, %.7f", (double)below(180000000) / 1e6 - 90, (double)below(360000000) / 1e6 - 180);
        break;
    case 11:
        snprintf(out, size, "%u", below(65536));
        break;
    case 12:
        snprintf(out, size, "%llu", (unsigned long long)next());
        break;
    case 13:
        snprintf(out, size, "%u.%03ums", below(1000), below(1000));
        break;
    default:
        snprintf(out, size, "offset=%u partition=%u", below(1000000000), below(100));
        break;
    }
    return out;
}

static const char *
decoy_text(unsigned kind, char *out, size_t size)
{
    char a[80], b[80];

    fill_from(a, 32, HEX);
    switch (kind) {
    case 0:
        snprintf(out, size, "%s", a);
        break;
    case 1:
        snprintf(out, size, "%.16s", a);
        break;
    case 2:
        snprintf(out, size, "%.8s-%.4s-%.4s-%.4s-%.12s", a, a + 8, a + 12, a + 16, a + 20);
        break;
    case 3:
        snprintf(out, size, "%u.%u.%u", below(30), below(30), below(200));
        break;
    case 4:
        snprintf(out, size, "Chrome/%u.0.%u.%u", 90 + below(50), below(10000), below(255));
        break;
    case 5:
        snprintf(out, size, "v%u.%u.%u.%u", below(20), below(20), below(20), below(250));
        break;
    case 6:
        fill_from(out, 40, HEX);
        break;
    case 7:
        fill_from(out, 64, HEX);
        break;
    case 8:
        fill_from(out, 24 + below(50), BASE64);
        break;
    case 9:
        fill_from(b, 14, "bcdfghjklmnpqrstvwxz2456789");
        snprintf(out, size, "checkout-%.9s-%.5s", b, b + 9);
        break;
    case 10:
        snprintf(out, size, "0x7f%.10s", a);
        break;
    case 11:
        snprintf(out, size, "2024-%02u-%02uT%02u:%02u:%02u.%06uZ", 1 + below(12), 1 + below(28), below(24), below(60), below(60), below(1000000));
        break;
    case 12:
        snprintf(out, size, "registry/app@sha256:%.19s", a);
        break;
    case 13:
        snprintf(out, size, "GET /v1/orders/%u/items/%u HTTP/1.1", below(100000000), below(1000));
        break;
    default:
        snprintf(out, size, "arn:aws:sqs:eu-west-1:%012llu:orders", (unsigned long long)(next() % 1000000000000ull));
        break;
    }
    return out;
}

/* One value of the kinds that fill traces and look like something else. */
static const char *
decoy(unsigned n, char *out, size_t size)
{
    return n % 2 ? decoy_number(n / 2 % 15, out, size) : decoy_text(n / 2 % 15, out, size);
}

/* Candidates of the finder only: it passes on all that can match, and a million texts against each pattern would take half a minute. */
static size_t
decoys_taken(struct finder_tables *tables, const size_t *runner_of_pattern)
{
    size_t hits = 0;
    char text[128];

    seed = 0x9E3779B97F4A7C15ull;
    for (unsigned n = 0; n < 1000000; n++) {
        struct str s = str_of(decoy(n, text, sizeof(text)));
        const uint16_t *ids;
        size_t count;
        struct match m;

        finder_budget(tables);
        ck_assert_int_eq(finder_scan(tables, s, &ids, &count), RC_OK);
        for (size_t i = 0; i < count; i++) {
            const struct runner *r = &runners[runner_of_pattern[ids[i]]];

            if (runner_next(r, STR("app.value"), s, 0, &m) == 0)
                continue;
            hits++;
            printf("%s takes the decoy %s\n", r->d->id, text);
        }
    }
    return hits;
}

START_TEST(tier_a_leaves_a_million_decoys_alone)
{
    struct finder_pattern patterns[RUNNERS_MAX];
    size_t runner_of_pattern[RUNNERS_MAX], count = 0;
    struct finder *f = NULL;

    runners_open();
    for (size_t i = 0; i < runner_count; i++) {
        if (runners[i].d->tier != TIER_A || runners[i].d->key_only)
            continue;
        patterns[count] = (struct finder_pattern){.regex = str_of(runners[i].d->pattern), .caseless = runners[i].d->caseless};
        runner_of_pattern[count++] = i;
    }
    ck_assert_int_eq(finder_compile(patterns, count, &f), RC_OK);
    struct finder_tables *tables = finder_tables_new(f);

    ck_assert_ptr_nonnull(tables);
    ck_assert_uint_le(decoys_taken(tables, runner_of_pattern), 10);
    finder_tables_free(tables);
    finder_free(f);
    runners_close();
}
END_TEST

/* A pattern that the finder cannot narrow is run over every text: only those that look at the key may be so. */
START_TEST(detectors_are_candidates_only_where_they_may_match)
{
    struct finder_pattern patterns[RUNNERS_MAX];
    struct finder *f = NULL;

    runners_open();
    for (size_t i = 0; i < runner_count; i++)
        patterns[i] = (struct finder_pattern){.regex = str_of(runners[i].d->pattern), .caseless = runners[i].d->caseless};
    ck_assert_int_eq(finder_compile(patterns, runner_count, &f), RC_OK);
    for (size_t i = 0; i < runner_count; i++)
        ck_assert_msg(runners[i].d->key_only || !finder_always(f, i), "%s is tried on every text", runners[i].d->id);
    finder_free(f);
    runners_close();
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &detectors_hit_and_miss_their_examples},
    {"normal", &detectors_redact_only_the_value},
    {"normal", &detectors_table_is_clean},
    {"normal", &detectors_are_found_by_id_and_entity},
    {"normal", &context_is_whole_words_before_the_match},
    {"malformed", &context_words_end_where_they_end},
    {"malformed", &detectors_stay_inside_cut_texts},
    {"limits", &detectors_stay_under_the_match_limit},
    {"normal", &detectors_count_no_number_that_no_mark_vouches_for},
    {"normal", &detectors_are_candidates_only_where_they_may_match},
    {"normal", &tier_a_leaves_a_million_decoys_alone},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("detectors", cases);
}
