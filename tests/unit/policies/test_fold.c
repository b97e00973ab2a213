#include "policies/engine/fold_int.h"

#include "base/digest.h"
#include "base_guard.h"
#include "base_nomem.h"
#include "base_rng.h"
#include "base_suite.h"

/* Fold until nothing changes; v holds the result. */
static unsigned
fold_all(struct str s, struct fold_view *v)
{
    struct fold_view other = {0}, *now = v, *next = &other;
    struct str in = s;
    const uint32_t *map = NULL;
    unsigned passes = 0;

    for (bool changed = true; passes < FOLD_PASSES; passes++) {
        ck_assert_int_eq(fold_pass(in, map, false, next, &changed), RC_OK);
        if (!changed)
            break;
        struct fold_view *swap = now;

        now = next;
        next = swap;
        in = (struct str){now->bytes, now->len};
        map = now->map;
    }
    if (now != v) {
        struct fold_view swap = *v;

        *v = other;
        other = swap;
    }
    fold_free(&other);
    return passes;
}

START_TEST(fold_shows_what_is_behind_escapes)
{
    static const struct {
        struct str in, out;
    } rows[] = {
        {STR("alice%40example.org"), STR("alice@example.org")},
        {STR("alice%2540example.org"), STR("alice@example.org")},
        {STR("alice%252540example.org"), STR("alice@example.org")},
        {STR("%61%6C%69ce"), STR("alice")},
        {STR("%u0061lice"), STR("alice")},
        {STR("100% of %zz %4"), STR("100% of %zz %4")},
        {STR("alice\\u0040example.org"), STR("alice@example.org")},
        {STR("\\\\u0040"), STR("@")},
        {STR("a\\x40b"), STR("a@b")},
        {STR("https:\\/\\/x"), STR("https://x")},
        {STR("{\\\"a\\\":\\\"b\\\"}"), STR("{\"a\":\"b\"}")},
        {STR("\\ud83d\\ude00"), STR("\xf0\x9f\x98\x80")},
        {STR("\\u00e9"), STR("\xc3\xa9")},
        {STR("%C3%A9"), STR("\xc3\xa9")},
        {STR("\\xc3\\xa9"), STR("\xc3\xa9")},
        {STR("4111\\xa01111"), STR("4111 1111")}, /* Python's way to write a no-break space */
        {STR("4111%A01111"), STR("4111 1111")},
        {STR("%E4%BD%A"), STR("\xc3\xa4\xc2\xbd%A")}, /* cut */
        {STR("%F0%9F%98%80%EF%BC%94"), STR("\xf0\x9f\x98\x80"
                                           "4")},
        {STR("a&#64;b&#x40;c&#X40;d"), STR("a@b@c@d")},
        {STR("&lt;a href=&quot;x&quot;&gt;&amp;&apos;"), STR("<a href=\"x\">&'")},
        {STR("&#99999999999;&#;&#x;&#64 &foo;"), STR("&#99999999999;&#;&#x;&#64 &foo;")},
        {STR("\\u0041%42&lt;"), STR("AB<")},                       /* JSON first */
        {STR("\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91"), STR("411")}, /* full-width digits */
        {STR("alice\xef\xbc\xa0"
             "example\xef\xbc\x8eorg"),
            STR("alice@example.org")},                        /* full-width at and stop */
        {STR("\xd9\xa4\xd9\xa1"), STR("41")},                 /* Arabic-Indic */
        {STR("\xe0\xa5\xaa\xe0\xa5\xa7"), STR("41")},         /* Devanagari */
        {STR("\xf0\x9d\x9f\x92\xf0\x9d\x9f\x8f"), STR("41")}, /* mathematical bold */
        {STR("41\xe2\x80\x8b"
             "11"),
            STR("4111")}, /* zero-width space */
        {STR("41\xc2\xad"
             "11"),
            STR("4111")}, /* soft hyphen */
        {STR("4\xcc\x81"
             "1"),
            STR("41")},                       /* accent on a digit */
        {STR("e\xcc\x81"), STR("e\xcc\x81")}, /* accent on a letter */
        {STR("41\xe2\x80\x91"
             "11"),
            STR("41-11")}, /* non-breaking hyphen */
        {STR("41\xc2\xa0"
             "11"),
            STR("41 11")},
        {STR("al\0ice"), STR("alice")},
        {STR("gr\xc3\xbc\xc3\x9f"
             "e \xe6\x9d\xb1"),
            STR("gr\xc3\xbc\xc3\x9f"
                "e \xe6\x9d\xb1")},
        {STR("\xff\x80 raw \xe2\x80"), STR("\xff\x80 raw \xe2\x80")},
        {STR("\xef\xbc\x85"
             "40"),
            STR("@")}, /* a full-width percent sign */
        {STR("plain text"), STR("plain text")},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fold_view v = {0};
        unsigned passes = fold_all(rows[i].in, &v);
        struct str got = passes ? (struct str){v.bytes, v.len} : rows[i].in;

        ck_assert_msg(str_eq(got, rows[i].out), "row %zu: '%.*s'", i, (int)got.len, got.ptr);
        if (passes)
            ck_assert_msg(fold_wanted(rows[i].in), "row %zu is not wanted", i);
        fold_free(&v);
    }
}
END_TEST

START_TEST(fold_maps_back_to_the_bytes_it_came_from)
{
    /* 0         1         2      */
    /* 0123456789012345678901234567 */
    static const char in[] = "x=a%2540b.c\xe2\x80\x8b"
                             "d\\u0040e";
    struct fold_view v = {0};

    fold_all((struct str){in, sizeof(in) - 1}, &v);
    ck_assert(str_eq((struct str){v.bytes, v.len}, STR("x=a@b.cd@e")));
    static const uint32_t want[] = {0, 1, 2, 3, 8, 9, 10, 14, 15, 21, 22};

    for (size_t i = 0; i <= v.len; i++)
        ck_assert_msg(v.map[i] == want[i], "byte %zu comes from %u", i, v.map[i]);
    fold_free(&v);
}
END_TEST

START_TEST(fold_hides_finds_what_is_left_after_the_last_pass)
{
    ck_assert(fold_hides(STR("a%2540b")));
    ck_assert(fold_hides(STR("a\\u0040")));
    ck_assert(fold_hides(STR("a\\x40")));
    ck_assert(fold_hides(STR("a &amp; b")) && fold_hides(STR("a&#64;b")));
    ck_assert(!fold_hides(STR("100% \\d+ \\\\server \\n & gr\xc3\xbc\xc3\x9f")));
}
END_TEST

/* Whatever the bytes: the map ascends, stays inside, the view is never longer, and what wants no fold is not changed by one. */
START_TEST(fold_reads_no_byte_behind_a_cut_escape)
{
    static const char *const whole[] = {
        "\\xf0\\x9f\\x98\\x80", "%F0%9F%98%80", "\\xc3\\xa9\\xa0", "\\ud83d\\ude00", "&#x40;&commat;", "%u0061%E2%82%AC"};
    struct fold_view v = {0};
    bool changed;

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        for (size_t len = 1; len <= strlen(whole[i]); len++) {
            struct guard g;
            struct str in = guard_copy(&g, (struct str){whole[i], len});

            ck_assert_int_eq(fold_pass(in, NULL, false, &v, &changed), RC_OK);
            ck_assert_int_eq(fold_pass(in, NULL, true, &v, &changed), RC_OK);
            guard_free(&g);
        }
    fold_free(&v);
}
END_TEST

START_TEST(fold_survives_random_bytes_at_a_guard_page)
{
    static const char pieces[][8] = {
        "%", "40", "\\", "u00", "&#", "64;", "\xe2\x80", "\x8b", "\xef\xbc", "\xf0\x9f", "a", "1", "\xcc\x81", "x4", "%25"};
    struct rng r = {11};
    struct fold_view v = {0};

    for (uint64_t n = 0; n < rng_rounds(20000); n++) {
        char text[64];
        size_t len = 0;
        bool changed = false;

        for (uint32_t k = rng_below(&r, 8); k > 0; k--) {
            const char *p = pieces[rng_below(&r, 15)];

            memcpy(text + len, p, strlen(p));
            len += strlen(p);
        }
        struct guard g;
        struct str in = guard_copy(&g, (struct str){text, len});

        ck_assert_int_eq(fold_pass(in, NULL, false, &v, &changed), RC_OK);
        ck_assert_uint_le(v.len, len);
        ck_assert_uint_eq(v.map[v.len], len);
        for (size_t i = 0; i < v.len; i++)
            ck_assert_uint_le(v.map[i], v.map[i + 1]);
        if (!fold_wanted(in))
            ck_assert(!changed);
        (void)fold_hides(in);
        guard_free(&g);
    }
    fold_free(&v);
}
END_TEST

START_TEST(fold_reads_a_plus_as_a_form_does)
{
    static const struct {
        struct str in, out;
    } rows[] = {
        {STR("q=a+b&c=+1"), STR("q=a b&c=+1")},
        {STR("GB82+WEST+1234+5698+7654+32"), STR("GB82 WEST 1234 5698 7654 32")},
        {STR("(call+me+at+030+1234567)"), STR("(call me at 030 1234567)")},
        {STR("%2B90+501+238+93+50"), STR("+90 501 238 93 50")},
        {STR("x \"INSEE+-+1+65+10\""), STR("x \"INSEE - 1 65 10\"")},
        {STR("Rejected%3A+%2B351212348012"), STR("Rejected: +351212348012")},
        {STR("tel%3A+030"), STR("tel: 030")},
        {STR("%41 a+b"), STR("A a+b")},
        {STR("a+b+c"), STR("a+b+c")},
        {STR("030+1234567"), STR("030+1234567")},
        {STR("1.2.3+build.7+x"), STR("1.2.3+build.7+x")},
        {STR("zT+9aQp1LkWm3sdf+8Fj3kLs0pQw2eRt"), STR("zT+9aQp1LkWm3sdf+8Fj3kLs0pQw2eRt")},
        {STR("+"), STR("+")},
    };
    struct fold_view v = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard g;
        struct str in = guard_copy(&g, rows[i].in);
        bool changed;

        ck_assert_int_eq(fold_pass(in, NULL, true, &v, &changed), RC_OK);
        ck_assert_msg(str_eq((struct str){v.bytes, v.len}, rows[i].out), "row %zu: %.*s", i, (int)v.len, v.bytes);
        ck_assert_msg(fold_form_wanted(in) == (changed && !str_starts(in, STR("%41"))), "row %zu", i);
        guard_free(&g);
    }
    fold_free(&v);
}
END_TEST

START_TEST(fold_refuses_texts_over_its_limit)
{
    char *big = calloc(FOLD_TEXT_MAX + 1, 1);
    struct fold_view v = {0};
    bool changed;

    ck_assert_ptr_nonnull(big);
    ck_assert_int_eq(fold_pass((struct str){big, FOLD_TEXT_MAX}, NULL, false, &v, &changed), RC_OK);
    ck_assert_int_eq(fold_pass((struct str){big, FOLD_TEXT_MAX + 1}, NULL, false, &v, &changed), RC_LIMIT);
    fold_free(&v);
    free(big);
}
END_TEST

START_TEST(fold_says_when_memory_ends)
{
    for (long n = 1; nomem_round(n); n++) {
        struct fold_view v = {0};
        bool changed;
        enum rc rc = fold_pass(STR("a%40"), NULL, false, &v, &changed);
        bool failed = nomem_end();

        fold_free(&v);
        ck_assert_int_eq(rc, failed ? RC_NOMEM : RC_OK);
        if (!failed)
            break;
    }
}
END_TEST

/* ---- encoded runs ---- */

struct decoded {
    bool found;
    struct decode_run run;
    char out[4096];
    size_t len;
};

static struct decoded
decode(struct str s, size_t from)
{
    struct decoded d = {0};

    ck_assert_uint_le(s.len, sizeof(d.out));
    d.found = decode_next(s, from, &d.run, d.out, &d.len);
    return d;
}

START_TEST(decode_finds_runs_in_text)
{
    static const struct {
        const char *in, *out; /* NULL: nothing to find */
        size_t start, end;
    } rows[] = {
        {"YWxpY2VAZXhhbXBsZS5vcmc=", "alice@example.org", 0, 24},
        {"data YWxpY2VAZXhhbXBsZS5vcmc= end", "alice@example.org", 5, 29},
        {"/files/YWxpY2VAZXhhbXBsZS5vcmc/x", "alice@example.org", 7, 32},
        {"616c696365406578616d706c652e6f7267", "alice@example.org", 0, 34},
        {"616C696365406578616D706C652E6F7267", "alice@example.org", 0, 34},
        {"0x616c696365406578616d706c652e6f7267", "alice@example.org", 2, 36},
        {"4bf92f3577b34da6a3ce929d0e0e4736", NULL, 0, 0}, /* a trace id */
        {"3f2504e0-4f89-41d3-9a0c-0305e82c3301", NULL, 0, 0},
        {"checkout-service-deployment-7d9f8b6c5-x2x7k", NULL, 0, 0},
        {"/api/v1/customers/orders/items/details", NULL, 0, 0},
        {"internationalization", NULL, 0, 0},
        {"YWxpY2VA", NULL, 0, 0}, /* under 16 characters */
        {"", NULL, 0, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoded d = decode(str_of(rows[i].in), 0);

        if (!rows[i].out) {
            ck_assert_msg(!d.found, "row %zu found %zu bytes", i, d.len);
            continue;
        }
        ck_assert_msg(d.found, "row %zu", i);
        ck_assert_msg(d.len >= strlen(rows[i].out) && memcmp(d.out, rows[i].out, strlen(rows[i].out)) == 0, "row %zu: %.*s", i, (int)d.len, d.out);
        ck_assert_uint_eq(d.run.start, rows[i].start);
        ck_assert_uint_eq(d.run.end, rows[i].end);
    }
}
END_TEST

START_TEST(decode_knows_both_alphabets_and_goes_on)
{
    /* ">>>???" and umlauts bring + / and - _ into play. */
    struct buf std = BUF_INIT(1024), both = BUF_INIT(4096);

    ck_assert_int_eq(digest_base64(STR(">>>???~~~ \xc3\xbc\xc3\xbf quite some text ~~~"), &std), RC_OK);
    ck_assert_int_eq(buf_append(&both, buf_str(&std)), RC_OK);
    ck_assert_int_eq(buf_append(&both, STR(" and ")), RC_OK);
    for (size_t i = 0; i < std.len; i++) {
        char c = std.ptr[i] == '+' ? '-' : std.ptr[i] == '/' ? '_' : std.ptr[i];

        ck_assert_int_eq(buf_append_byte(&both, c), RC_OK);
    }
    struct decoded a = decode(buf_str(&both), 0), b = decode(buf_str(&both), a.run.end);

    ck_assert(a.found && b.found);
    ck_assert_uint_eq(a.len, b.len);
    ck_assert_mem_eq(a.out, b.out, a.len);
    ck_assert(!decode(buf_str(&both), b.run.end).found);
    buf_free(&std);
    buf_free(&both);
}
END_TEST

START_TEST(decode_goes_on_in_the_next_line)
{
    static const char *const ends[] = {"\n", "\r\n"};
    static const char plain[] = "a text that is long enough for three lines of base64, with something in it that "
                                "stands across the end of the first and of the second of them, and more";

    for (size_t e = 0; e < 2; e++) {
        for (size_t width = 64; width <= 76; width += 12) {
            struct buf one = BUF_INIT(1024), lines = BUF_INIT(1024);

            ck_assert_int_eq(digest_base64(str_of(plain), &one), RC_OK);
            for (size_t at = 0; at < one.len; at += width) {
                ck_assert_int_eq(buf_append(&lines, str_sub(buf_str(&one), at, at + width < one.len ? at + width : one.len)), RC_OK);
                ck_assert_int_eq(buf_append(&lines, str_of(ends[e])), RC_OK);
            }
            size_t end = lines.len - strlen(ends[e]);
            struct decoded d = decode(buf_str(&lines), 0);

            ck_assert(d.found);
            ck_assert_uint_eq(d.len, sizeof(plain) - 1);
            ck_assert_mem_eq(d.out, plain, d.len);
            ck_assert_uint_eq(d.run.end, end);
            buf_free(&one);
            buf_free(&lines);
        }
    }
    /* Short lines are words. */
    struct decoded d = decode(STR("aGVsbG8gd29ybGQgaGVsbG8h\nand more"), 0);

    ck_assert(d.found);
    ck_assert_uint_eq(d.run.end, 24);
}
END_TEST

START_TEST(decode_finds_any_text_anywhere)
{
    struct rng r = {5};

    for (uint64_t n = 0; n < rng_rounds(5000); n++) {
        char plain[64], line[256];
        size_t len = 12 + rng_below(&r, 40), before = rng_below(&r, 40);
        struct buf enc = BUF_INIT(256);

        for (size_t i = 0; i < len; i++)
            plain[i] = (char)(' ' + rng_below(&r, 95));
        ck_assert_int_eq(digest_base64((struct str){plain, len}, &enc), RC_OK);
        memset(line, '.', before);
        memcpy(line + before, enc.ptr, enc.len);
        struct decoded d = decode((struct str){line, before + enc.len}, 0);

        ck_assert(d.found);
        ck_assert_uint_eq(d.run.start, before);
        ck_assert_mem_eq(d.out, plain, len);
        buf_free(&enc);
    }
}
END_TEST

START_TEST(decode_survives_random_bytes_at_a_guard_page)
{
    struct rng r = {13};
    char out[512];

    for (uint64_t n = 0; n < rng_rounds(20000); n++) {
        static const char alphabet[] = "ABab01+/-_=. @\xff"
                                       "4142";
        char text[128];
        size_t len = rng_below(&r, sizeof(text)), decoded;
        struct decode_run run;

        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[rng_below(&r, sizeof(alphabet) - 1)];
        struct guard g;
        struct str in = guard_copy(&g, (struct str){text, len});

        for (size_t from = 0; decode_next(in, from, &run, out, &decoded); from = run.end) {
            ck_assert_uint_ge(run.start, from);
            ck_assert_uint_ge(run.end, run.start + 16);
            ck_assert_uint_le(run.end, len);
            ck_assert_uint_le(decoded, len * 3 / 4 + 1);
        }
        guard_free(&g);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &fold_shows_what_is_behind_escapes},
    {"normal", &fold_maps_back_to_the_bytes_it_came_from},
    {"normal", &fold_hides_finds_what_is_left_after_the_last_pass},
    {"normal", &decode_finds_runs_in_text},
    {"normal", &decode_knows_both_alphabets_and_goes_on},
    {"normal", &decode_goes_on_in_the_next_line},
    {"normal", &decode_finds_any_text_anywhere},
    {"malformed", &fold_reads_no_byte_behind_a_cut_escape},
    {"malformed", &fold_survives_random_bytes_at_a_guard_page},
    {"malformed", &decode_survives_random_bytes_at_a_guard_page},
    {"normal", &fold_reads_a_plus_as_a_form_does},
    {"limits", &fold_refuses_texts_over_its_limit},
    {"nomem", &fold_says_when_memory_ends},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("fold", cases);
}
