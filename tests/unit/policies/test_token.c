#include "policies/token.h"

#include <stdio.h>
#include <stdlib.h>

#include "base_rng.h"
#include "base_suite.h"
#include "policies/action/own.h"
#include "policies_program.h"

static struct arena *ar;
static const char secret[] = "0123456789abcdef0123456789abcdef";

static void
open_arena(void)
{
    ar = arena_new((size_t)64 << 20);
    ck_assert_ptr_nonnull(ar);
}

static struct token_of
of(const char *entity, const char *tenant, const char *key)
{
    return (struct token_of){str_of(entity), str_of(tenant), str_of(key)};
}

static const char *
text_of(struct str s)
{
    char *p = arena_calloc(ar, s.len + 1, 1);

    ck_assert_ptr_nonnull(p);
    if (s.len)
        memcpy(p, s.ptr, s.len);
    return p;
}

START_TEST(token_seal_opens_with_its_own_names_only)
{
    uint8_t key[SIV_KEY_SIZE], other[SIV_KEY_SIZE];
    struct token_of mine = of("EMAIL_ADDRESS", "shop", "k-1"), names[] = {of("PHONE_NUMBER", "shop", "k-1"), of("EMAIL_ADDRESS", "", "k-1"),
                                                                   of("EMAIL_ADDRESS", "shop2", "k-1"), of("EMAIL_ADDRESS", "shop", "k-2")};
    struct str out, back, again;
    struct token t;

    open_arena();
    ck_assert_int_eq(token_seal_key(str_of(secret), key), RC_OK);
    ck_assert_int_eq(token_seal_key(STR("another secret of thirty-two byte"), other), RC_OK);
    ck_assert_int_eq(token_seal(key, &mine, STR("alice@example.org"), ar, &out), RC_OK);
    ck_assert_int_eq(token_seal(key, &mine, STR("alice@example.org"), ar, &again), RC_OK);
    ck_assert(str_eq(out, again));
    for (size_t i = 0; i < out.len; i++)
        ck_assert_msg(strchr("()-_.:", out.ptr[i]) || (out.ptr[i] >= '0' && out.ptr[i] <= '9') || ((out.ptr[i] | 0x20) >= 'a'), "%c", out.ptr[i]);
    ck_assert(token_next(out, 0, &t));
    ck_assert_int_eq(t.kind, TOKEN_SEALED);
    ck_assert(str_eq(t.entity, STR("EMAIL_ADDRESS")) && str_eq(t.key_id, STR("k-1")));
    ck_assert_uint_eq(t.end, out.len);
    ck_assert_int_eq(token_open(key, &mine, t.body, ar, &back), RC_OK);
    ck_assert_str_eq(text_of(back), "alice@example.org");
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(token_open(key, &names[i], t.body, ar, &back), RC_MALFORMED);
    ck_assert_int_eq(token_open(other, &mine, t.body, ar, &back), RC_MALFORMED);
    for (size_t n = 0; n < t.body.len; n++)
        ck_assert_int_eq(token_open(key, &mine, str_sub(t.body, 0, n), ar, &back), RC_MALFORMED);
    arena_free(ar);
}
END_TEST

START_TEST(token_is_found_in_any_text_and_cut_anywhere)
{
    static const char words[] = "user=EMAIL_ADDRESS(k-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAA); (x) f(a:b) A(k~d6.4~4111-11~12345678)";
    const struct str text = str_of(words);
    struct token t;
    size_t from = 0, count = 0;

    while (token_next(text, from, &t)) {
        ck_assert_int_eq(t.kind, count ? TOKEN_FPE : TOKEN_SEALED);
        ck_assert(str_eq(t.entity, count ? STR("A") : STR("EMAIL_ADDRESS")));
        for (size_t at = t.start; at < t.end; at++) {
            struct token same;

            ck_assert(token_around(text, at, &same));
            ck_assert_uint_eq(same.start, t.start);
            ck_assert_uint_eq(same.end, t.end);
        }
        from = t.end;
        count++;
    }
    ck_assert_uint_eq(count, 2);
    for (size_t n = 0; n <= text.len; n++)
        for (size_t at = 0; at < n; at++)
            (void)token_around(str_sub(text, 0, n), at, &t);
}
END_TEST

static void
check_fpe(const struct fpe_shape *shape, const char *value, bool allowed, const char *kept_first, const char *kept_last, const char *back)
{
    uint8_t key[TOKEN_FPE_KEY_SIZE];
    struct token_of mine = of("CREDIT_CARD", "", "k-1"), other = of("CREDIT_CARD", "x", "k-1");
    struct str out, plain;
    struct token t;

    ck_assert_int_eq(token_fpe_key(str_of(secret), key), RC_OK);
    enum rc rc = token_fpe(key, &mine, shape, str_of(value), ar, &out);

    ck_assert_msg(rc == (allowed ? RC_OK : RC_LIMIT), "%s", value);
    if (!allowed)
        return;
    ck_assert(token_next(out, 0, &t));
    ck_assert_msg(t.kind == TOKEN_FPE && t.end == out.len, "%s", text_of(out));
    ck_assert(token_fpe_good(key, &mine, t.body));
    ck_assert(!token_fpe_good(key, &other, t.body));
    size_t tilde = str_find(t.body, STR("~"));
    struct str body = str_sub(t.body, tilde + 1, t.body.len - TOKEN_CHECK_HEX - 1);

    ck_assert(str_starts(body, str_of(kept_first)) && str_ends(body, str_of(kept_last)));
    ck_assert(!str_eq(body, str_of(back)));
    ck_assert_int_eq(token_fpe_open(key, &mine, t.body, ar, &plain), RC_OK);
    ck_assert_str_eq(text_of(plain), back);
    ck_assert_int_eq(token_fpe_open(key, &other, t.body, ar, &plain), RC_MALFORMED);
}

START_TEST(token_fpe_keeps_shape_and_goes_back)
{
    static const struct fpe_shape pan = {10, 6, 4}, all = {10, 0, 0}, letters = {26, 0, 0}, base36 = {36, 0, 0}, base62 = {62, 0, 0};

    open_arena();
    check_fpe(&pan, "4111111111111111", true, "411111", "1111", "4111111111111111");
    check_fpe(&pan, "4111 1111 1111 1111", true, "4111-11", "1111", "4111-1111-1111-1111");
    check_fpe(&pan, "378282246310005", false, "", "", ""); /* 10^5 */
    check_fpe(&pan, "1234567890", false, "", "", "");
    check_fpe(&all, "123456", true, "", "", "123456");
    check_fpe(&all, "12345", false, "", "", "");
    check_fpe(&all, "+1 (415) 555-0132", true, "", "", "1-415-555-0132");
    check_fpe(&all, "123456x", false, "", "", ""); /* what is not encrypted would be shown */
    check_fpe(&letters, "hunters", true, "", "", "hunters");
    check_fpe(&letters, "HUNTERS", true, "", "", "HUNTERS");
    check_fpe(&letters, "Hunters", false, "", "", "");
    check_fpe(&base36, "AB12CD", true, "", "", "AB12CD");
    check_fpe(&base36, "ab12cd", true, "", "", "ab12cd");
    check_fpe(&base62, "aB12cD", true, "", "", "aB12cD");
    check_fpe(&base62, "gr\xc3\xbc\xc3\x9f", false, "", "", "");
    check_fpe(&all, "", false, "", "", "");
    arena_free(ar);
}
END_TEST

START_TEST(token_fpe_refuses_what_was_changed)
{
    static const struct fpe_shape pan = {10, 6, 4};
    uint8_t key[TOKEN_FPE_KEY_SIZE];
    struct token_of mine = of("CREDIT_CARD", "", "k-1");
    struct str out, plain;
    struct token t;
    char body[128];

    open_arena();
    ck_assert_int_eq(token_fpe_key(str_of(secret), key), RC_OK);
    ck_assert_int_eq(token_fpe(key, &mine, &pan, STR("4111111111111111"), ar, &out), RC_OK);
    ck_assert(token_next(out, 0, &t));
    for (size_t i = 0; i < t.body.len; i++) {
        memcpy(body, t.body.ptr, t.body.len);
        body[i] = body[i] == '7' ? '8' : '7';
        ck_assert_int_eq(token_fpe_open(key, &mine, (struct str){body, t.body.len}, ar, &plain), RC_MALFORMED);
        ck_assert_int_eq(token_fpe_open(key, &mine, str_sub(t.body, 0, i), ar, &plain), RC_MALFORMED);
    }
    arena_free(ar);
}
END_TEST

START_TEST(token_canonical_forms_join_spellings)
{
    static const struct {
        const char *entity, *a, *b;
        bool same;
    } rows[] = {
        {"IP_ADDRESS", "::ffff:192.0.2.1", "192.0.2.1", true},
        {"IP_ADDRESS", "2001:DB8::1", "[2001:db8:0:0::1]:443", true},
        {"IP_ADDRESS", "192.0.2.1:80", "192.0.2.1", true},
        {"IP_ADDRESS", "192.0.2.1", "192.0.2.2", false},
        {"PHONE_NUMBER", "(415) 555-0132", "+1 415 555 0132", true},
        {"PHONE_NUMBER", "0049 30 123456", "+49 30 123456", true},
        {"PHONE_NUMBER", "030 123456", "+49 30 123456", false},
        {"ES_DNI", "12345678z", "12.345.678-Z", true},
        {"MAC_ADDRESS", "AA:BB:CC:00:11:22", "aabb.cc00.1122", true},
    };
    uint8_t key[SHA256_SIZE] = {1}, a[SHA256_SIZE], b[SHA256_SIZE];

    open_arena();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum canonical form = token_canonical(str_of(rows[i].entity));

        ck_assert_int_eq(token_pseudonym(key, form, str_of(rows[i].a), ar, a), RC_OK);
        ck_assert_int_eq(token_pseudonym(key, form, str_of(rows[i].b), ar, b), RC_OK);
        ck_assert_msg((memcmp(a, b, sizeof(a)) == 0) == rows[i].same, "row %zu", i);
    }
    arena_free(ar);
}
END_TEST

/* ---- through the gate ---- */

#define TENANTS(action) \
    POLICY("p") "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: " action "}\n    - {id: k, keys: [who], action: " action "}\n"

static const char spans[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.namespace\",\"value\":%s}]},\"scopeSpans\":[{"
    "\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"x\",\"attributes\":[{\"key\":\"m\","
    "\"value\":{\"stringValue\":\"alice@example.org\"}},{\"key\":\"who\",\"value\":{\"stringValue\":\"alice\"}}]}]}]}]}";

/* around: what stands around a tenant in the value of the attribute. */
static void
check_tenants(const char *yaml, const char *const around[2], const char *a, const char *b)
{
    struct gate_small g;
    char value[128], json[2048], *one, *same, *two;

    small_open(&g, yaml);
    snprintf(value, sizeof(value), "%s%s%s", around[0], a, around[1]);
    snprintf(json, sizeof(json), spans, value);
    one = strdup(small_pass(&g, 0, json));
    same = strdup(small_pass(&g, 0, one));
    ck_assert_ptr_null(strstr(one, "alice"));
    ck_assert_str_eq(one, same);
    snprintf(value, sizeof(value), "%s%s%s", around[0], b, around[1]);
    snprintf(json, sizeof(json), spans, value);
    two = strdup(small_pass(&g, 0, json));
    memcpy(strstr(two, b), a, strlen(a));
    ck_assert_msg(strcmp(one, two) != 0, "%s", around[0]);
    free(one);
    free(same);
    free(two);
    small_close(&g);
}

START_TEST(token_tenants_of_resources_cannot_be_linked)
{
    static const char *const policies[] = {TENANTS("{hash: {key: other-key, tenant: resource.attributes.service.namespace}}"),
        TENANTS("{encrypt: {key: other-key, tenant: resource.attributes.service.namespace}}")};

    static const char *const text[2] = {"{\"stringValue\":\"", "\"}"}, *const whole[2] = {"{\"intValue\":\"", "\"}"},
                             *const fraction[2] = {"{\"doubleValue\":", "}"},
                             *const list[2] = {"{\"arrayValue\":{\"values\":[{\"stringValue\":\"", "\"}]}}"};

    for (size_t i = 0; i < 2; i++) {
        check_tenants(policies[i], text, "shop-a", "shop-b");
        check_tenants(policies[i], whole, "70001", "70002");
        check_tenants(policies[i], fraction, "7.25", "7.75");
        check_tenants(policies[i], list, "shop-a", "shop-b");
    }
}
END_TEST

START_TEST(token_tenants_of_policies_cannot_be_linked)
{
    static const char *const actions[] = {"hash", "encrypt"};

    for (size_t i = 0; i < 2; i++) {
        char yaml[512], *outs[2];

        for (size_t k = 0; k < 2; k++) {
            struct gate_small g;

            snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {%s: {key: other-key, tenant: t%zu}}}\n",
                actions[i], k);
            small_open(&g, yaml);
            outs[k] = strdup(small_text(&g, "k", "alice@example.org"));
            ck_assert_str_eq(small_text(&g, "k", outs[k]), outs[k]);
            small_close(&g);
        }
        ck_assert_str_ne(outs[0], outs[1]);
        free(outs[0]);
        free(outs[1]);
    }
}
END_TEST

/* Two gates, one with the new key already: what one made is not changed by the other while the window is open, and is afterwards. */
START_TEST(token_rotation_knows_tokens_of_the_previous_key)
{
    static const char *const actions[] = {"{hash: {key: ", "{encrypt: {key: ", "{fpe: {radix: 62, key: ", "{hash: {format: \"id_{hex24}\", key: "};
    struct secret *old = secret_of(STR("old key of at least thirty-two bytes")), *new = secret_of(STR("new key of at least thirty-two bytes"));
    const struct program_key keys[] = {
        {.id = STR("new"), .secret = new, .previous_id = STR("old"), .previous = old}, {.id = STR("old"), .secret = old}};

    open_arena();
    for (size_t i = 0; i < 4; i++) {
        struct program_source src = {.keys = keys, .key_count = 2};
        struct action a[2] = {0};
        struct str out;

        for (size_t k = 0; k < 2; k++) {
            struct conf_doc *doc = NULL;
            struct errs es = {0};
            char yaml[128];

            snprintf(yaml, sizeof(yaml), "%s%s}}", actions[i], k ? "old" : "new");
            ck_assert_int_eq(conf_load_text("action", str_of(yaml), false, &doc, &es), RC_OK);
            struct action_env env = {.src = &src, .doc = doc, .es = &es, .ar = ar, .at = conf_root(doc, 0), .rule = STR("r"), .entity = STR("X")};

            ck_assert_int_eq(action_read(&env, conf_root(doc, 0), &a[k]), RC_OK);
            conf_free(doc);
            errs_free(&es);
        }
        for (size_t k = 0; k < 2; k++) {
            struct own *o = own_new(ar);

            ck_assert_int_eq(own_add(o, ar, &a[0]), RC_OK);
            ck_assert_int_eq(a[k].type->apply(&a[k], &(struct action_in){.value = STR("alice777")}, ar, &out), RC_OK);
            ck_assert_msg(own_holds(o, out, 0, out.len), "%s", text_of(out));
        }
        struct own *o = own_new(ar);

        ck_assert_int_eq(own_add(o, ar, &a[1]), RC_OK); /* the old one alone does not know the new one */
        ck_assert_int_eq(a[0].type->apply(&a[0], &(struct action_in){.value = STR("alice777")}, ar, &out), RC_OK);
        ck_assert(!own_holds(o, out, 0, out.len));
    }
    secret_free(old);
    secret_free(new);
    arena_free(ar);
}
END_TEST

/* A sealed token that was not made with the key is somebody's text like any other. */
START_TEST(token_forged_is_examined)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: k, keys: [who], action: {encrypt: {key: other-key}}}\n    - {id: m, entity: EMAIL_ADDRESS, "
                               "action: {encrypt: {key: other-key}}}\n");
    ck_assert_str_ne(small_text(&g, "who", "KEY(other-key:YWxpY2VAZXhhbXBsZS5vcmcgYWxpY2U)"), "KEY(other-key:YWxpY2VAZXhhbXBsZS5vcmcgYWxpY2U)");
    ck_assert_ptr_null(strstr(small_text(&g, "x", "EMAIL_ADDRESS(other-key:YWxpY2VAZXhhbXBsZS5vcmcgYWxpY2U)"), "YWxpY2VAZXhhbXBsZS5vcmcgYWxpY2U"));
    small_close(&g);
}
END_TEST

START_TEST(token_numbers_stay_numbers_where_they_can)
{
    static const struct {
        const char *action, *value, *want;
    } rows[] = {
        {"{generalize: {number: 100}}", "{\"intValue\":\"1234\"}", "{\"intValue\":\"1200\"}"},
        {"{generalize: {number: 100}}", "{\"doubleValue\":-1234.5}", "{\"doubleValue\":-1300}"},
        {"{generalize: {age: 5}}", "{\"intValue\":\"34\"}", "{\"intValue\":\"30\"}"},
        {"{generalize: {age: 5}}", "{\"intValue\":\"97\"}", "{\"intValue\":\"90\"}"},
        {"{generalize: {coordinates: 2}}", "{\"doubleValue\":52.520008}", "{\"doubleValue\":52.52}"},
        {"{replace: \"0\"}", "{\"intValue\":\"34\"}", "{\"intValue\":\"0\"}"},
        {"mask", "{\"intValue\":\"34\"}", "{\"stringValue\":\"**\"}"},
        {"{generalize: {age: 5}}", "{\"stringValue\":\"34\"}", "{\"stringValue\":\"30-34\"}"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char yaml[512], json[1024];
        struct gate_small g;

        snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: k, keys: [n], action: %s}\n", rows[i].action);
        snprintf(json, sizeof(json),
            "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"x\",\"attributes\":[{\"key\":\"n\",\"value\":%s}]}]}]}]}", rows[i].value);
        small_open(&g, yaml);
        char *once = strdup(small_pass(&g, 0, json));

        ck_assert_msg(strstr(once, rows[i].want) != NULL, "row %zu: %s", i, once);
        ck_assert_str_eq(small_pass(&g, 0, once), once);
        free(once);
        small_close(&g);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &token_seal_opens_with_its_own_names_only},
    {"malformed", &token_is_found_in_any_text_and_cut_anywhere},
    {"normal", &token_fpe_keeps_shape_and_goes_back},
    {"malformed", &token_fpe_refuses_what_was_changed},
    {"normal", &token_canonical_forms_join_spellings},
    {"normal", &token_tenants_of_resources_cannot_be_linked},
    {"normal", &token_tenants_of_policies_cannot_be_linked},
    {"normal", &token_rotation_knows_tokens_of_the_previous_key},
    {"malformed", &token_forged_is_examined},
    {"normal", &token_numbers_stay_numbers_where_they_can},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("token", cases);
}
