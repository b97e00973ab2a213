#include <math.h>
#include <stdio.h>

#include "base/digest.h"
#include "base_suite.h"
#include "policies/enrich.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct bucket_rule
rule(enum bucketing algorithm, const char *key, const uint32_t *weights, unsigned count)
{
    struct bucket_rule r = {.algorithm = algorithm, .key = str_of(key), .weights = weights, .count = count, .coverage = 100};

    for (unsigned i = 0; i < count; i++)
        r.total += weights[i];
    if (bucket_total(algorithm))
        r.total = bucket_total(algorithm);
    return r;
}

static double
position(enum bucketing algorithm, const char *key, const char *seed, const char *unit, uint32_t total)
{
    struct bucket_rule r = {.algorithm = algorithm, .key = str_of(key), .seed = str_of(seed), .total = total, .coverage = 100};

    return bucket_position(&r, str_of(unit));
}

static void
near(double got, double want)
{
    ck_assert_msg(fabs(got - want) < 1e-7, "%.9f, expected %.9f", got, want);
}

START_TEST(digest_sha1_gives_the_vectors_of_fips_180)
{
    static const uint8_t abc[SHA1_SIZE] = {
        0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    static const uint8_t empty[SHA1_SIZE] = {
        0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55, 0xbf, 0xef, 0x95, 0x60, 0x18, 0x90, 0xaf, 0xd8, 0x07, 0x09};
    const struct str parts[] = {STR("a"), STR(""), STR("bc")};
    uint8_t md[SHA1_SIZE];

    ck_assert_int_eq(digest_sha1(parts, 3, md), RC_OK);
    ck_assert_mem_eq(md, abc, sizeof(md));
    ck_assert_int_eq(digest_sha1(NULL, 0, md), RC_OK);
    ck_assert_mem_eq(md, empty, sizeof(md));
}
END_TEST

START_TEST(bucket_unleash_gives_its_vectors)
{
    static const uint32_t half[] = {50}, one[] = {73}, less[] = {72}, two[] = {70, 30};
    struct bucket_rule r = rule(BUCKET_UNLEASH, "gr1", one, 1);

    near(position(BUCKET_UNLEASH, "gr1", "", "123", 100), 73);
    near(position(BUCKET_UNLEASH, "groupX", "", "999", 100), 25);
    near(position(BUCKET_UNLEASH, "feature", "gr1", "123", 100), 73); /* the seed is the groupId */
    near(position(BUCKET_UNLEASH, "checkout", "", "alice", 100), 10);
    ck_assert_int_eq(bucket_choose(&r, STR("123")), 0);
    r = rule(BUCKET_UNLEASH, "gr1", less, 1);
    ck_assert_int_eq(bucket_choose(&r, STR("123")), -1);
    r = rule(BUCKET_UNLEASH, "gr1", two, 2);
    ck_assert_int_eq(bucket_choose(&r, STR("123")), 1);
    /* client-specification 03: 50 % of group AB12A. */
    r = rule(BUCKET_UNLEASH, "AB12A", half, 1);
    ck_assert_int_eq(bucket_choose(&r, STR("122")), 0);
    ck_assert_int_eq(bucket_choose(&r, STR("155")), -1);
}
END_TEST

START_TEST(bucket_unleash_variant_gives_its_vectors)
{
    static const uint32_t b[] = {1, 1}, c[] = {33, 33, 33}, d[] = {1, 49, 50}, over[] = {33, 33, 34};
    /* The features of client-specification 08, with the seed for variants that it has used since version 5. */
    static const struct {
        const char *key, *unit;
        const uint32_t *weights;
        unsigned count;
        int variant;
    } rows[] = {
        {"Feature.Variants.B", "2", b, 2, 1},
        {"Feature.Variants.B", "0", b, 2, 0},
        {"Feature.Variants.C", "315", c, 3, 1},
        {"Feature.Variants.C", "320", c, 3, 1},
        {"Feature.Variants.C", "729", c, 3, 1},
        {"Feature.Variants.D", "367", d, 3, 2},
        {"Feature.Variants.D", "31", d, 3, 2},
        {"Feature.Variants.D", "19", d, 3, 1},
        {"Feature.Variants.override.D", "82", over, 3, 0},
    };

    near(position(BUCKET_UNLEASH_VARIANT, "gr1", "", "123", 1000), 796);
    near(position(BUCKET_UNLEASH_VARIANT, "groupX", "", "999", 1000), 260);
    near(position(BUCKET_UNLEASH_VARIANT, "gr1", "", "123", 100), 96);
    near(position(BUCKET_UNLEASH_VARIANT, "groupX", "", "999", 100), 60);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct bucket_rule r = rule(BUCKET_UNLEASH_VARIANT, rows[i].key, rows[i].weights, rows[i].count);

        ck_assert_int_eq(bucket_choose(&r, str_of(rows[i].unit)), rows[i].variant);
    }
}
END_TEST

START_TEST(bucket_growthbook_gives_its_vectors)
{
    static const uint32_t halves[] = {50, 50}, thirds[] = {1, 1, 1};

    near(position(BUCKET_GROWTHBOOK_V1, "", "", "a", 100), 0.22);
    near(position(BUCKET_GROWTHBOOK_V1, "", "", "b", 100), 0.077);
    near(position(BUCKET_GROWTHBOOK_V2, "x", "seed", "a", 100), 0.0505);
    near(position(BUCKET_GROWTHBOOK_V2, "x", "seed", "b", 100), 0.2696);
    near(position(BUCKET_GROWTHBOOK_V2, "foo", "", "ab", 100), 0.2575);

    struct bucket_rule r = rule(BUCKET_GROWTHBOOK_V2, "checkout", halves, 2);

    ck_assert_int_eq(bucket_choose(&r, STR("alice")), 0); /* 0.1414 */
    ck_assert_int_eq(bucket_choose(&r, STR("bob")), 0);   /* 0.4131 */
    r.coverage = 50;                                      /* 0..0.25 and 0.5..0.75 take part */
    ck_assert_int_eq(bucket_choose(&r, STR("alice")), 0);
    ck_assert_int_eq(bucket_choose(&r, STR("bob")), -1);
    r.coverage = 0;
    ck_assert_int_eq(bucket_choose(&r, STR("alice")), -1);
    r = rule(BUCKET_GROWTHBOOK_V2, "checkout", thirds, 3);
    ck_assert_int_eq(bucket_choose(&r, STR("bob")), 1);
}
END_TEST

START_TEST(bucket_launchdarkly_gives_its_vectors)
{
    static const struct {
        const char *key, *salt, *seed, *unit;
        double want;
    } rows[] = {
        {"hashKey", "saltyA", "", "userKeyA", 0.42157587},
        {"hashKey", "saltyA", "", "userKeyB", 0.6708485},
        {"hashKey", "saltyA", "", "userKeyC", 0.10343106},
        {"", "", "61", "userKeyA", 0.09801207},
        {"", "", "61", "userKeyB", 0.14483777},
        {"", "", "61", "userKeyC", 0.9242641},
    };
    static const uint32_t weights[] = {42157, 1, 57842};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bucket_rule r = {.algorithm = BUCKET_LAUNCHDARKLY,
            .key = str_of(rows[i].key),
            .salt = str_of(rows[i].salt),
            .seed = str_of(rows[i].seed),
            .total = 100000};

        near(bucket_position(&r, str_of(rows[i].unit)), rows[i].want);
    }
    struct bucket_rule r = rule(BUCKET_LAUNCHDARKLY, "hashKey", weights, 3);

    r.salt = STR("saltyA");
    ck_assert_int_eq(bucket_choose(&r, STR("userKeyA")), 1); /* 0.4215758...: just beyond the first */
    ck_assert_int_eq(bucket_choose(&r, STR("userKeyB")), 2);
    ck_assert_int_eq(bucket_choose(&r, STR("userKeyC")), 0);
    r.count = 1;
    ck_assert_int_eq(bucket_choose(&r, STR("userKeyA")), -1);
}
END_TEST

START_TEST(bucket_flagd_gives_its_vectors)
{
    static const uint32_t weights[] = {50, 20, 30}; /* red, blue, green */
    struct bucket_rule r = rule(BUCKET_FLAGD, "headerColor", weights, 3);

    ck_assert_int_eq(bucket_choose(&r, STR("test@faas.com")), 1);
    ck_assert_int_eq(bucket_choose(&r, STR("test2@faas.com")), 0);
    near(bucket_position(&r, STR("test@faas.com")), 54);
    r.total = INT32_MAX;
    ck_assert(bucket_position(&r, STR("test@faas.com")) < INT32_MAX);
}
END_TEST

/* Computed by a second implementation of the formulas, in Python with hashlib; lengths go over every remainder of a block. */
START_TEST(bucket_position_agrees_with_a_second_implementation)
{
    static const struct {
        const char *unit;
        double unleash, variant, v1, v2, launchdarkly, flagd;
    } rows[] = {
        {"", 91, 83, 0.200, 0.4206, 0.085075692304, 94833},
        {"a", 49, 117, 0.283, 0.0559, 0.808131155831, 65415},
        {"ab", 75, 407, 0.869, 0.1818, 0.432494080139, 66042},
        {"abc", 93, 398, 0.746, 0.9454, 0.300102767204, 85119},
        {"abcd", 66, 689, 0.520, 0.5505, 0.174653560316, 42021},
        {"abcde", 12, 46, 0.199, 0.7586, 0.985070219280, 3105},
        {"0123456789abcdef", 60, 427, 0.976, 0.1648, 0.950846140855, 48847},
        {"grüße", 45, 699, 0.551, 0.0597, 0.354993545098, 74047},
        {"日本", 49, 457, 0.164, 0.4647, 0.056418695166, 77114},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        near(position(BUCKET_UNLEASH, "exp", "", rows[i].unit, 100), rows[i].unleash);
        near(position(BUCKET_UNLEASH_VARIANT, "exp", "", rows[i].unit, 1000), rows[i].variant);
        near(position(BUCKET_GROWTHBOOK_V1, "exp", "", rows[i].unit, 1), rows[i].v1);
        near(position(BUCKET_GROWTHBOOK_V2, "exp", "", rows[i].unit, 1), rows[i].v2);
        near(position(BUCKET_LAUNCHDARKLY, "exp", "", rows[i].unit, 1), rows[i].launchdarkly);
        near(position(BUCKET_FLAGD, "exp", "", rows[i].unit, 100000), rows[i].flagd);
    }
}
END_TEST

START_TEST(bucket_choose_keeps_to_the_weights)
{
    static const uint32_t weights[] = {50, 30, 20};

    for (unsigned a = 0; a < BUCKET_COUNT_; a++) {
        struct bucket_rule r = rule((enum bucketing)a, "share", weights, 3);
        unsigned seen[3] = {0, 0, 0};

        r.total = 100;
        for (unsigned i = 0; i < 20000; i++) {
            char unit[16];
            int n = snprintf(unit, sizeof(unit), "user-%u", i), v = bucket_choose(&r, (struct str){unit, (size_t)n});

            if (v < 0 || v > 2)
                ck_abort_msg("%s: %d", bucket_name((enum bucketing)a), v);
            seen[v]++;
        }
        for (unsigned v = 0; v < 3; v++) /* five standard deviations of 20,000 throws are at most 354 */
            ck_assert_msg(fabs((double)seen[v] - 200.0 * weights[v]) < 354, "%s %u: %u", bucket_name((enum bucketing)a), v, seen[v]);
    }
}
END_TEST

START_TEST(bucket_choose_leaves_out_what_weights_leave_over)
{
    static const uint32_t none[] = {0, 0}, second[] = {0, 100};

    for (unsigned a = 0; a < BUCKET_COUNT_; a++) {
        struct bucket_rule r = rule((enum bucketing)a, "share", none, 2);

        r.total = 100;
        for (unsigned i = 0; i < 50; i++) {
            const char unit[1] = {(char)('A' + i)};

            ck_assert_int_eq(bucket_choose(&r, (struct str){unit, 1}), -1);
            r.weights = second;
            ck_assert_int_eq(bucket_choose(&r, (struct str){unit, 1}), 1);
            r.weights = none;
        }
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &digest_sha1_gives_the_vectors_of_fips_180},
    {"normal", &bucket_unleash_gives_its_vectors},
    {"normal", &bucket_unleash_variant_gives_its_vectors},
    {"normal", &bucket_growthbook_gives_its_vectors},
    {"normal", &bucket_launchdarkly_gives_its_vectors},
    {"normal", &bucket_flagd_gives_its_vectors},
    {"normal", &bucket_position_agrees_with_a_second_implementation},
    {"normal", &bucket_choose_keeps_to_the_weights},
    {"limits", &bucket_choose_leaves_out_what_weights_leave_over},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("bucket", cases);
}
