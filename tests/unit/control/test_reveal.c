#include "proxy/control/reveal_int.h"

#include <stdio.h>

#include "base_suite.h"
#include "policies/token.h"

static struct secret *one, *two;
static struct arena *ar;

static void
open_all(void)
{
    one = secret_of(STR("one secret of at least thirty-two bytes"));
    two = secret_of(STR("two secrets of at least thirty-two byte"));
    ar = arena_new((size_t)16 << 20);
    ck_assert(one && two && ar);
}

static void
close_all(void)
{
    secret_free(one);
    secret_free(two);
    arena_free(ar);
}

static struct str
sealed(const struct secret *secret, const char *entity, const char *tenant, const char *id, const char *value)
{
    uint8_t key[SIV_KEY_SIZE];
    const struct token_of of = {str_of(entity), str_of(tenant), str_of(id)};
    struct str out;

    ck_assert_int_eq(token_seal_key(secret_bytes(secret), key), RC_OK);
    ck_assert_int_eq(token_seal(key, &of, str_of(value), ar, &out), RC_OK);
    return out;
}

static struct str
encrypted(const struct secret *secret, const char *entity, const char *id, const char *value)
{
    static const struct fpe_shape shape = {10, 6, 4};
    uint8_t key[TOKEN_FPE_KEY_SIZE];
    const struct token_of of = {str_of(entity), STR(""), str_of(id)};
    struct str out;

    ck_assert_int_eq(token_fpe_key(secret_bytes(secret), key), RC_OK);
    ck_assert_int_eq(token_fpe(key, &of, &shape, str_of(value), ar, &out), RC_OK);
    return out;
}

static void
pseudonym(const struct secret *secret, const char *entity, const char *tenant, const char *id, const char *value, char out[256])
{
    uint8_t key[SHA256_SIZE], mac[SHA256_SIZE];
    char hex[2 * SHA256_SIZE];

    ck_assert_int_eq(token_pseudonym_key(secret_bytes(secret), str_of(entity), key), RC_OK);
    ck_assert_int_eq(token_tenant_key(key, str_of(tenant), key), RC_OK);
    ck_assert_int_eq(token_pseudonym(key, token_canonical(str_of(entity)), str_of(value), ar, mac), RC_OK);
    digest_hex((struct str){(char *)mac, sizeof(mac)}, hex);
    snprintf(out, 256, "%s_%s_%.32s", entity, id, hex);
}

static const char *
reveal(const struct reveal_job *job, const char *text, struct reveal_counts *counts)
{
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(reveal_text(job, str_of(text), &out, counts), RC_OK);
    char *p = arena_calloc(ar, out.len + 1, 1);

    memcpy(p, out.ptr, out.len);
    buf_free(&out);
    return p;
}

#define S(s) (int)(s).len, (s).ptr

START_TEST(reveal_opens_tokens_of_every_key)
{
    open_all();
    const struct reveal_key keys[] = {{STR("k1"), one}, {STR("k2"), two}};
    const struct str tenants[] = {STR("shop")};
    struct reveal_job job = {.keys = keys, .key_count = 2};
    struct reveal_counts counts;
    char text[1024];

    snprintf(text, sizeof(text), "a=%.*s, x.%.*s %.*s|%.*s", S(sealed(one, "EMAIL_ADDRESS", "", "k1", "alice@example.org")),
        S(sealed(two, "US_SSN", "", "k2", "078-05-1120")), S(encrypted(one, "CREDIT_CARD", "k1", "4111111111111111")),
        S(sealed(one, "IBAN", "shop", "k1", "say \"hi\"")));
    const char *got = reveal(&job, text, &counts);

    ck_assert_msg(strncmp(got, "a=alice@example.org, x.078-05-1120 4111111111111111|IBAN(k1:", 58) == 0, "%s", got);
    ck_assert_uint_eq(counts.tokens, 4);
    ck_assert_uint_eq(counts.opened, 3);
    ck_assert_uint_eq(counts.failed, 1); /* the tenant */
    job.tenants = tenants;
    job.tenant_count = 1;
    ck_assert_str_eq(reveal(&job, text, &counts), "a=alice@example.org, x.078-05-1120 4111111111111111|say \"hi\"");
    job.json = true;
    ck_assert_str_eq(reveal(&job, text, &counts), "a=alice@example.org, x.078-05-1120 4111111111111111|say \\\"hi\\\"");
    ck_assert_uint_eq(counts.opened, 4);
    close_all();
}
END_TEST

START_TEST(reveal_says_which_key_is_missing_or_wrong)
{
    open_all();
    const struct reveal_key wrong[] = {{STR("k1"), two}}, other[] = {{STR("k9"), one}};
    struct reveal_counts counts;
    struct str token = sealed(one, "EMAIL_ADDRESS", "", "k1", "alice@example.org");
    char text[256];

    snprintf(text, sizeof(text), "%.*s", S(token));
    ck_assert_str_eq(reveal(&(struct reveal_job){.keys = wrong, .key_count = 1}, text, &counts), text);
    ck_assert_uint_eq(counts.failed, 1);
    ck_assert_str_eq(reveal(&(struct reveal_job){.keys = other, .key_count = 1}, text, &counts), text);
    ck_assert_uint_eq(counts.unknown, 1);
    ck_assert_str_eq(counts.unknown_id, "k1");
    ck_assert_str_eq(reveal(&(struct reveal_job){.keys = other, .key_count = 1}, "f(x:y) nothing (", &counts), "f(x:y) nothing (");
    ck_assert_uint_eq(counts.tokens, 0);
    close_all();
}
END_TEST

START_TEST(reveal_knows_pseudonyms_of_candidates)
{
    open_all();
    const struct reveal_key keys[] = {{STR("k1"), one}, {STR("k2"), two}};
    const struct str candidates[] = {STR("bob@example.org"), STR("alice@Example.org")}, tenants[] = {STR("shop")};
    struct reveal_job job = {.keys = keys, .key_count = 2, .candidates = candidates, .candidate_count = 2, .tenants = tenants, .tenant_count = 1};
    struct reveal_counts counts;
    char a[256], b[256], c[256], text[1024], want[1024];

    pseudonym(one, "EMAIL_ADDRESS", "", "k1", "alice@example.org", a);
    pseudonym(two, "EMAIL_ADDRESS", "shop", "k2", "bob@example.org", b);
    pseudonym(one, "EMAIL_ADDRESS", "", "k1", "eve@example.org", c);
    snprintf(text, sizeof(text), "from %s to x-%s and %s.", a, b, c);
    snprintf(want, sizeof(want), "from alice@Example.org to x-bob@example.org and %s.", c);
    ck_assert_str_eq(reveal(&job, text, &counts), want);
    ck_assert_uint_eq(counts.opened, 2);
    close_all();
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &reveal_opens_tokens_of_every_key},
    {"malformed", &reveal_says_which_key_is_missing_or_wrong},
    {"normal", &reveal_knows_pseudonyms_of_candidates},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("reveal", cases);
}
