#include "policies/action/own.h"

#include <stdio.h>

#include "base_nomem.h"
#include "base_rng.h"
#include "base_suite.h"
#include "policies_program.h"

static struct arena *ar;

static void
open_arena(void)
{
    ar = arena_new((size_t)64 << 20);
    ck_assert_ptr_nonnull(ar);
}

/* Read an action as policies write it. */
static struct action
action_of(const char *yaml, const char *entity)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    struct action a = {0};
    struct program_source src = program_source_of(NULL, 0);

    ck_assert_int_eq(conf_load_text("action", str_of(yaml), false, &doc, &es), RC_OK);
    struct action_env env = {
        .src = &src, .doc = doc, .es = &es, .ar = ar, .at = conf_root(doc, 0), .rule = STR("the-rule"), .entity = str_of(entity)};
    enum rc rc = action_read(&env, conf_root(doc, 0), &a);

    if (rc != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_int_eq(rc, RC_OK);
    errs_free(&es);
    conf_free(doc);
    return a;
}

/* The value after the action, NUL-terminated, in the arena. */
static const char *
apply(const struct action *a, struct str value)
{
    struct str out;
    size_t kept = a->type->kept ? a->type->kept(a, value) : 0;

    ck_assert_int_eq(a->type->apply(a, &(struct action_in){.value = str_sub(value, kept, value.len)}, ar, &out), RC_OK);
    char *p = arena_calloc(ar, kept + out.len + 1, 1);

    ck_assert_ptr_nonnull(p);
    if (kept)
        memcpy(p, value.ptr, kept);
    if (out.len)
        memcpy(p + kept, out.ptr, out.len);
    return p;
}

static const char *
done(const char *yaml, const char *entity, const char *value)
{
    struct action a = action_of(yaml, entity);

    return apply(&a, str_of(value));
}

START_TEST(actions_are_complete)
{
    size_t count;
    const struct action_type *const *all = action_types(&count);

    ck_assert_uint_eq(count, 8);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(all[i]->name);
        ck_assert_ptr_nonnull(all[i]->doc);
        ck_assert_ptr_nonnull(all[i]->read);
        ck_assert_ptr_nonnull(all[i]->apply);
    }
}
END_TEST

START_TEST(replace_fills_in_entity_and_rule)
{
    open_arena();
    ck_assert_str_eq(done("replace", "EMAIL_ADDRESS", "x"), "[EMAIL_ADDRESS]");
    ck_assert_str_eq(done("{replace: \"<{entity}/{rule}>\"}", "IBAN", "x"), "<IBAN/the-rule>");
    ck_assert_str_eq(done("{replace: \"\"}", "IBAN", "x"), "");
    ck_assert_str_eq(done("{replace: \"a } b\"}", "IBAN", "x"), "a } b");
    arena_free(ar);
}
END_TEST

START_TEST(mask_keeps_what_it_is_told_and_separators)
{
    static const struct {
        const char *action, *value, *out;
    } rows[] = {
        {"{mask: {char: \"*\", keep_last: 4}}", "4111 1111 1111 1111", "**** **** **** 1111"},
        {"{mask: {keep_last: 4}}", "4111111111111111", "************1111"},
        {"{mask: {keep_last: 4}}", "5500-0055-5555-5559", "****-****-****-5559"},
        {"{mask: {keep_first: 2, keep_last: 2}}", "078-05-1120", "07*-**-**20"},
        {"mask", "alice@example.org", "*************.***"},
        {"{mask: {keep_last: 4}}", "1234", "****"},
        {"{mask: {keep_last: 4}}", "12-34", "**-**"},
        {"{mask: {keep_last: 4}}", "12345", "*2345"},
        {"{mask: {keep_first: 3, keep_last: 3}}", "abcdef", "******"},
        {"{mask: {char: \"#\"}}", "ab", "##"},
        {"{mask: {char: \"\xe2\x96\x88\"}}", "ab c", "\xe2\x96\x88\xe2\x96\x88 \xe2\x96\x88"},
        /* Characters are code points: umlauts, CJK, an emoji of four bytes. */
        {"{mask: {keep_last: 1}}", "gr\xc3\xbc\xc3\x9f", "***\xc3\x9f"},
        {"{mask: {keep_first: 1}}", "\xe6\x9d\xb1\xe4\xba\xac\xf0\x9f\x98\x80", "\xe6\x9d\xb1**"},
        {"mask", "a\nb", "***"},
        {"mask", "", ""},
        {"mask", " - ./:", " - ./:"},
    };

    open_arena();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_str_eq(done(rows[i].action, "X", rows[i].value), rows[i].out);
    arena_free(ar);
}
END_TEST

START_TEST(truncate_counts_characters)
{
    open_arena();
    ck_assert_str_eq(done("{truncate: {to: 3}}", "X", "abcdef"), "abc");
    ck_assert_str_eq(done("{truncate: {to: 3}}", "X", "ab"), "ab");
    ck_assert_str_eq(done("{truncate: {to: 0}}", "X", "ab"), "");
    ck_assert_str_eq(done("{truncate: {to: 3}}", "X", "gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc");
    arena_free(ar);
}
END_TEST

START_TEST(generalize_cuts_addresses)
{
    static const struct {
        const char *action, *value, *out;
    } rows[] = {
        {"generalize", "203.0.113.77", "203.0.113.0"},
        {"{generalize: {ipv4_prefix: 20}}", "203.0.127.77", "203.0.112.0"},
        {"{generalize: {ipv4_prefix: 0}}", "203.0.127.77", "0.0.0.0"},
        {"{generalize: {ipv4_prefix: 31}}", "203.0.127.77", "203.0.127.76"},
        {"generalize", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"},
        {"{generalize: {ipv6_prefix: 33}}", "2001:db8:ffff::1", "2001:db8:8000::"},
        {"generalize", "[2001:db8:1:2::5]:443", "2001:db8:1::"},
        {"generalize", "fe80::1%eth0", "fe80::"},
        {"generalize", "203.0.113.77:8080", "203.0.113.0"},
        {"generalize", "203.0.113.77/32", "203.0.113.0"},
        {"generalize", " 203.0.113.77\n", "203.0.113.0"},
        /* v4-mapped is IPv4: a /48 of it would keep nothing, a /120 everything. */
        {"generalize", "::ffff:203.0.113.77", "203.0.113.0"},
        {"generalize", "::FFFF:cb00:714d", "203.0.113.0"},
        {"generalize", "64:ff9b::203.0.113.77", "64:ff9b::"},
        /* What is no address leaves nothing. */
        {"generalize", "alice", ACTION_UNDECIDABLE},
        {"generalize", "", ACTION_UNDECIDABLE},
        {"generalize", "1.2.3", ACTION_UNDECIDABLE},
        {"generalize", "1.2.3.4 and 5.6.7.8", ACTION_UNDECIDABLE},
        {"generalize", "999.1.1.1", ACTION_UNDECIDABLE},
        {"generalize", "[::1", ACTION_UNDECIDABLE},
        {"generalize", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23:24:25:26:27:28", ACTION_UNDECIDABLE},
    };

    open_arena();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_str_eq(done(rows[i].action, "IP_ADDRESS", rows[i].value), rows[i].out);
    struct action a = action_of("generalize", "IP_ADDRESS");

    ck_assert_str_eq(apply(&a, STR("203.0.113.77\0.1")), ACTION_UNDECIDABLE);
    arena_free(ar);
}
END_TEST

/*
 * The vector, to be checked by hand:
 *   K = "0123456789abcdef0123456789abcdef"
 *   D = HMAC(K, "spangate/pseudonym/v1" 00 "EMAIL_ADDRESS");  T = HMAC(D, "alice@example.org")
 */
START_TEST(hash_is_hmac_with_a_key_of_the_entity)
{
    static const char info[] = "spangate/pseudonym/v1\0EMAIL_ADDRESS";
    uint8_t derived[SHA256_SIZE], mac[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1] = {0}, want[128];

    open_arena();
    ck_assert_int_eq(digest_hmac_sha256(STR("0123456789abcdef0123456789abcdef"), (struct str){info, sizeof(info) - 1}, derived), RC_OK);
    ck_assert_int_eq(digest_hmac_sha256((struct str){(char *)derived, SHA256_SIZE}, STR("alice@example.org"), mac), RC_OK);
    digest_hex((struct str){(char *)mac, SHA256_SIZE}, hex);
    snprintf(want, sizeof(want), "EMAIL_ADDRESS_pseudonym-2026_%.32s", hex);
    ck_assert_str_eq(done("{hash: {key: pseudonym-2026}}", "EMAIL_ADDRESS", "alice@example.org"), want);
    snprintf(want, sizeof(want), "<%s|pseudonym-2026>", hex);
    ck_assert_str_eq(done("{hash: {key: pseudonym-2026, format: \"<{hex64}|{keyid}>\"}}", "EMAIL_ADDRESS", "alice@example.org"), want);
    /* What does not name the key ends in digits that prove it: D again, over the digits before them. */
    ck_assert_int_eq(digest_hmac_sha256((struct str){(char *)derived, SHA256_SIZE}, (struct str){hex, 12}, mac), RC_OK);
    snprintf(want, sizeof(want), "email_%.12s%02x%02x", hex, mac[0], mac[1]);
    ck_assert_str_eq(done("{hash: {key: pseudonym-2026, format: \"email_{hex16}\"}}", "EMAIL_ADDRESS", "alice@example.org"), want);
    arena_free(ar);
}
END_TEST

START_TEST(hash_differs_by_entity_and_by_key)
{
    static const char f[] = "{hash: {key: pseudonym-2026, format: \"{hex32}\"}}", other[] = "{hash: {key: other-key, format: \"{hex32}\"}}";

    open_arena();
    ck_assert_str_ne(done(f, "A", "42"), done(f, "B", "42"));
    ck_assert_str_ne(done(f, "A", "42"), done(other, "A", "42"));
    ck_assert_str_ne(done(f, "A", "42"), done(f, "A", "423"));
    ck_assert_str_eq(done(f, "A", "42"), done(f, "A", "42"));
    arena_free(ar);
}
END_TEST

START_TEST(hash_is_one_for_all_spellings_of_a_value)
{
    static const char f[] = "{hash: {key: pseudonym-2026, format: \"{hex32}\"}}";
    static const struct {
        const char *entity, *a, *b;
        bool same;
    } rows[] = {
        {"EMAIL_ADDRESS", "alice@Example.ORG", "alice@example.org", true},
        {"EMAIL_ADDRESS", "Alice@example.org", "alice@example.org", false}, /* local parts have case, RFC 5321 section 2.4 */
        {"CREDIT_CARD", "4111 1111 1111 1111", "4111-1111-1111-1111", true},
        {"CREDIT_CARD", "4111111111111111", "4111 1111 1111 1111", true},
        {"PHONE_NUMBER", "+1 (415) 555-0132", "+14155550132", true},
        {"IBAN", "gb82 west 1234 5698 7654 32", "GB82WEST12345698765432", true},
        {"IP_ADDRESS", " 192.0.2.1 ", "192.0.2.1", true},
        {"US_SSN", "078-05-1120", "078 05 1120", true},
        {"KEY", "Bob", "bob", false},
        {"KEY", " bob", "bob", false},
        /* A rule by key may meet anything: what has no digits is not all one value. */
        {"CREDIT_CARD", "alice", "bob", false},
    };

    open_arena();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool same = strcmp(done(f, rows[i].entity, rows[i].a), done(f, rows[i].entity, rows[i].b)) == 0;

        ck_assert_msg(same == rows[i].same, "row %zu", i);
    }
    arena_free(ar);
}
END_TEST

/* Long values take the way through the arena; the result is that of the short way. */
START_TEST(hash_takes_values_of_any_length)
{
    struct buf spaced = BUF_INIT(1u << 20), bare = BUF_INIT(1u << 20);

    open_arena();
    for (int i = 0; i < 5000; i++) {
        ck_assert_int_eq(buf_printf(&spaced, "%d ", i % 10), RC_OK);
        ck_assert_int_eq(buf_printf(&bare, "%d", i % 10), RC_OK);
    }
    struct action a = action_of("{hash: {key: other-key}}", "CREDIT_CARD");
    const char *x = apply(&a, buf_str(&spaced));

    ck_assert_str_eq(x, apply(&a, buf_str(&bare)));
    buf_free(&spaced);
    buf_free(&bare);
    arena_free(ar);
}
END_TEST

/* Whether the action says of the first part in text that it is its own. */
static bool
owns(const struct action *a, const char *text, const char *part)
{
    const char *at = strstr(text, part);

    ck_assert_ptr_nonnull(at);
    size_t start = (size_t)(at - text), end = start + strlen(part);
    struct own *o = own_new(ar);

    ck_assert_ptr_nonnull(o);
    ck_assert_int_eq(own_add(o, ar, a), RC_OK);
    return own_holds(o, str_of(text), start, end) || (a->type->is_own && a->type->is_own(a, str_of(text), start, end));
}

/* An action applied to what it made changes nothing, or knows that it made it. */
START_TEST(actions_change_nothing_the_second_time)
{
    static const char *const actions[] = {"replace", "mask", "{mask: {keep_first: 2, keep_last: 4}}", "{truncate: {to: 5}}", "generalize", "drop",
        "{hash: {key: pseudonym-2026}}", "{replace: \"<{rule}>\"}"};
    static const char *const values[] = {"alice@example.org", "4111 1111 1111 1111", "203.0.113.77", "2001:db8::8a2e:370:7334",
        ("gr\xc3\xbc\xc3\x9f"
         "e"),
        "a", "", "1234", "-", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80"};
    struct rng r = {7};

    open_arena();
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        struct action a = action_of(actions[i], "X");

        for (size_t k = 0; k < 200; k++) {
            char random[24];
            struct str value = k < 10 ? str_of(values[k]) : (struct str){random, rng_below(&r, sizeof(random))};

            for (size_t n = 0; n < sizeof(random); n++)
                random[n] = (char)(' ' + rng_below(&r, 95));
            const char *once = apply(&a, value);
            bool known = once[0] && owns(&a, once, once);

            if (!known && once[0] && a.type != &action_generalize)
                ck_assert_str_eq(apply(&a, str_of(once)), once);
            if (a.type == &action_generalize && strcmp(once, ACTION_UNDECIDABLE) != 0)
                ck_assert_str_eq(apply(&a, str_of(once)), once);
            ck_assert(a.type != &action_hash || known || !once[0]);
        }
    }
    arena_free(ar);
}
END_TEST

START_TEST(mask_and_replace_know_what_they_left)
{
    open_arena();
    struct action last = action_of("{mask: {keep_last: 4}}", "X"), both = action_of("{mask: {keep_first: 2, keep_last: 2}}", "X");
    struct action put = action_of("{replace: \"[{entity}]\"}", "USER");

    ck_assert(owns(&last, "account ****5678", "5678"));
    ck_assert(owns(&last, "**** **** **** 5678", "5678"));
    ck_assert(!owns(&last, "account 5678", "5678"));
    ck_assert(!owns(&last, "****5678 12345", "12345"));
    ck_assert(!owns(&last, "****56789", "56789")); /* more than is kept */
    ck_assert(!owns(&last, "5678****", "5678"));
    ck_assert(owns(&both, "07*-**-**20", "07*-**-**20"));
    ck_assert(!owns(&both, "07*-**-**201", "07*-**-**201"));
    ck_assert(owns(&put, "/home/[USER]/x", "[USER"));
    ck_assert(owns(&put, "/home/[USER]/x", "[USER]"));
    ck_assert(owns(&put, "/home/[USER]/x", "[USER]/"));
    ck_assert(!owns(&put, "/home/[USER]/x", "[USER]/x"));
    ck_assert(owns(&put, "https://REDACTED:REDACTED@x", "REDACTED:REDACTED"));
    ck_assert(!owns(&put, "https://REDACTED:hunter2@x", "REDACTED:hunter2"));
    ck_assert(!owns(&put, "a:@b", ":"));
    ck_assert(!owns(&last, "* 5678", "5678")); /* an item of a list */
    ck_assert(owns(&last, "*5678", "5678"));
    ck_assert(!owns(&put, "/home/[USERS]/x", "[USER"));
    ck_assert(!owns(&put, "USER [USER]", "USER"));
    arena_free(ar);
}
END_TEST

/* Somebody's own identifiers can look like "user_" and sixteen hexadecimal digits: only a token with the key's name is taken for one. */
START_TEST(hash_knows_only_unmistakable_tokens)
{
    open_arena();
    struct action vague = action_of("{hash: {key: pseudonym-2026, format: \"user_{hex16}\"}}", "KEY");
    struct action sure = action_of("{hash: {key: pseudonym-2026}}", "KEY");

    ck_assert(!owns(&vague, "user_507f1f77bcf86cd7", "507"));
    ck_assert(owns(&sure, "KEY_pseudonym-2026_507f1f77bcf86cd7507f1f77bcf86cd7", "KEY_pseudonym-2026_507f1f77bcf86cd7507f1f77bcf86cd7"));
    ck_assert(owns(&sure, "x=KEY_pseudonym-2026_507f1f77bcf86cd7507f1f77bcf86cd7;", "2026_507f"));
    ck_assert(owns(&sure, "x=KEY_pseudonym-2026_507f1f77bcf86cd7507f1f77bcf86cd7;", "KEY"));
    ck_assert(!owns(&sure, "x=KEY_pseudonym-2026_507f1f77bcf86cd7507f1f77bcf86cd7;", "x=KEY"));
    ck_assert(!owns(&sure, "x=KEY_pseudonym-2026_507f1f77bcf86cd7507f1f77bcf86cd7x", "cd7x"));
    ck_assert(!owns(&sure, "KEY_pseudonym-2026_507F1F77bcf86cd7507f1f77bcf86cd7", "bcf"));
    ck_assert(!owns(&sure, "KEY_pseudonym-2026_507f1f77bcf86cd7507f1f77bcf86cd", "507"));
    ck_assert(!owns(&sure, "KEY_pseudonym-2027_507f1f77bcf86cd7507f1f77bcf86cd7", "507"));
    ck_assert(!owns(&sure, "KEY_pseudonym-2026_alice@example.org__507f1f77bcf86", "alice@example.org"));
    arena_free(ar);
}
END_TEST

START_TEST(actions_say_when_memory_ends)
{
    static const char *const actions[] = {
        "mask", "{hash: {key: pseudonym-2026}}", "generalize", "{encrypt: {key: other-key}}", "{fpe: {key: other-key}}"};
    struct arena *none = arena_new(0);

    open_arena();
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        struct action a = action_of(actions[i], "X");
        struct str out = STR("untouched");

        ck_assert_int_eq(a.type->apply(&a, &(struct action_in){.value = STR("203.0.113.77")}, none, &out), RC_NOMEM);
    }
    arena_free(none);
    arena_free(ar);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &actions_are_complete},
    {"normal", &replace_fills_in_entity_and_rule},
    {"normal", &mask_keeps_what_it_is_told_and_separators},
    {"normal", &truncate_counts_characters},
    {"normal", &generalize_cuts_addresses},
    {"normal", &hash_is_hmac_with_a_key_of_the_entity},
    {"normal", &hash_differs_by_entity_and_by_key},
    {"normal", &hash_is_one_for_all_spellings_of_a_value},
    {"normal", &actions_change_nothing_the_second_time},
    {"normal", &mask_and_replace_know_what_they_left},
    {"malformed", &hash_knows_only_unmistakable_tokens},
    {"limits", &hash_takes_values_of_any_length},
    {"nomem", &actions_say_when_memory_ends},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("actions", cases);
}
