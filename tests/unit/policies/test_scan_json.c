/* The scanner of JSON. What it leaves is read again by Jansson. */
#include <jansson.h>
#include <stdio.h>

#include "policies_scanning.h"

static const struct scanning_row listed[] = {
    {"{\"user\":\"bob\",\"password\":\"hunter2\",\"n\":1}", "{\"user\":\"bob\",\"password\":\"REDACTED\",\"n\":1}", NULL},
    {"{\"newPassword\":\"a\",\"ACCESS-TOKEN\":\"b\",\"api_key\":\"c\",\"x.secret\":\"d\"}",
        "{\"newPassword\":\"REDACTED\",\"ACCESS-TOKEN\":\"REDACTED\",\"api_key\":\"REDACTED\",\"x.secret\":\"REDACTED\"}", NULL},
    {"{ \"ssn\" : 536904399 , \"otp\":-1.5e3, \"pin\":0, \"cvv\":null, \"email\":true }",
        "{ \"ssn\" : 0 , \"otp\":0, \"pin\":0, \"cvv\":null, \"email\":0 }", NULL},
    {"{\"max_tokens\":256,\"usage\":{\"total_tokens\":9},\"token_type\":\"b\",\"className\":\"x\"}",
        "{\"max_tokens\":256,\"usage\":{\"total_tokens\":9},\"token_type\":\"b\",\"className\":\"x\"}", NULL},
    {"{\"name\":\"Jane\",\"product\":{\"name\":\"Lamp\"},\"customer\":{\"name\":\"Jane\",\"tag\":[{\"name\":\"x\"}]}}",
        "{\"name\":\"REDACTED\",\"product\":{\"name\":\"Lamp\"},\"customer\":{\"name\":\"REDACTED\",\"tag\":[{\"name\":\"x\"}]}}", NULL},
    {"{\"data\":{\"users\":[{\"name\":\"Jane\"},{\"name\":\"Joe\"}]}}", "{\"data\":{\"users\":[{\"name\":\"REDACTED\"},{\"name\":\"REDACTED\"}]}}",
        NULL},
    {"{\"password\":{\"value\":\"x\",\"l\":[1,\"y\",null]},\"a\":\"z\"}",
        "{\"password\":{\"value\":\"REDACTED\",\"l\":[0,\"REDACTED\",null]},\"a\":\"z\"}", NULL},
    {"[{\"name\":\"password\",\"value\":\"x\"},{\"name\":\"color\",\"value\":\"red\"}]",
        "[{\"name\":\"password\",\"value\":\"REDACTED\"},{\"name\":\"REDACTED\",\"value\":\"red\"}]", NULL},
    {"{\"p\\u0061ssword\":\"a\\\"b\\\\\",\"x\":\"y\"}", "{\"p\\u0061ssword\":\"REDACTED\",\"x\":\"y\"}", NULL},
    {"{\"password\":\"a\",\"password\":\"b\"}", "{\"password\":\"REDACTED\",\"password\":\"REDACTED\"}", NULL},
    {"{\"b\":\"{\\\"token\\\":\\\"x\\\",\\\"n\\\":1}\"}", "{\"b\":\"{\\\"token\\\":\\\"REDACTED\\\",\\\"n\\\":1}\"}", NULL},
    {"{\"b\":\"{\\\"c\\\":\\\"{\\\\\\\"token\\\\\\\":\\\\\\\"x\\\\\\\"}\\\"}\"}",
        "{\"b\":\"{\\\"c\\\":\\\"{\\\\\\\"token\\\\\\\":\\\\\\\"REDACTED\\\\\\\"}\\\"}\"}", NULL},
    {"{\"b\":\"{\\u0022token\\u0022:\\u0022x\\u0022}\"}", "{\"b\":\"{\\u0022token\\u0022:\\u0022REDACTED\\u0022}\"}", NULL},
    {"{\"m\":\"[INFO] started\"}", "{\"m\":\"[INFO] started\"}", NULL},
    {"{\"token\":\"a\"}\n{\"token\":\"b\"}\r\n", "{\"token\":\"REDACTED\"}\n{\"token\":\"REDACTED\"}\r\n", NULL},
    {"\xEF\xBB\xBF{\"token\":\"a\"}", "\xEF\xBB\xBF{\"token\":\"REDACTED\"}", NULL},
    {"{'password': 'x', 'n': None, 'ok': True}", "{'password': 'REDACTED', 'n': None, 'ok': True}", NULL},
    {"{password: \"x\", n: 1}", "{password: \"REDACTED\", n: 1}", NULL},
    {"{\"password\":\"abc", "{\"password\":\"REDACTED", NULL},
    {"{\"a\":1,\"password\":...", "{\"a\":1,\"password\":...", NULL},
    {"{\"a\":[1,2...(truncated)", "{\"a\":[1,2...(truncated)", NULL},
    {"{\"password\":\"REDACTED\",\"token\":\"?\"}", "{\"password\":\"REDACTED\",\"token\":\"?\"}", NULL},
    {"", "", NULL},
    {"   ", "   ", NULL},
    {"[]", "[]", NULL},
    {"[redacted:undecidable]", "[redacted:undecidable]", NULL},
    {"hello world", "(undecidable)", NULL},
    {"{\"a\":1]", "(undecidable)", NULL},
    {"{\"a\" \"b\"}", "(undecidable)", NULL},
    {"{\"a\":}", "(undecidable)", NULL},
    {"{\"a\":1} trailing text", "(undecidable)", NULL},
    {"callback({\"a\":1})", "(undecidable)", NULL},
    {"}", "(undecidable)", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row strict[] = {
    {"{\"a\":\"x\",\"b\":[1,-2.5,true,null,0],\"c\":{\"d\":\"\"}}", "{\"a\":\"?\",\"b\":[0,0,0,null,0],\"c\":{\"d\":\"\"}}", NULL},
    {"{\"b\":\"{\\\"c\\\":1,\\\"d\\\":\\\"e\\\"}\"}", "{\"b\":\"{\\\"c\\\":0,\\\"d\\\":\\\"?\\\"}\"}", NULL},
    {"{\"m\":\"[INFO] started\"}", "{\"m\":\"?\"}", NULL},
    {"\"x\"", "\"?\"", NULL},
    {"12", "0", NULL},
    {"[\"a\\", "[\"?", NULL},
    {"{\"token\":\"x\"}", "{\"token\":\"REDACTED\"}", NULL},
    {NULL, NULL, NULL},
};

START_TEST(json_redacts_listed_keys)
{
    scanning_rows("json", "http.request.body.content", listed);
}
END_TEST

START_TEST(json_strict_redacts_every_value)
{
    scanning_rows("json-strict", "http.request.body.content", strict);
}
END_TEST

/* ---- against another parser ---- */

static json_t *
random_text(struct rng *r)
{
    static const char *const pieces[] = {
        "plain", "a\"b", "c\\d", "\n", "\xC3\xBC", "{", "}", "[1", "null", "{\"k\":1}", "[\"x\", 2]", "'", "\t", "\xF0\x9F\x98\x80", ""};
    char text[64];
    size_t n = 0;

    for (uint32_t i = rng_below(r, 4); i > 0; i--) {
        const char *piece = pieces[rng_below(r, sizeof(pieces) / sizeof(pieces[0]))];

        memcpy(text + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return json_stringn(text, n);
}

static json_t *
random_value(struct rng *r, unsigned depth)
{
    static const char *const keys[] = {"a", "password", "name", "user", "k\"q", "data", "email", "n\xC3\xA4me"};
    json_t *v;

    switch (rng_below(r, depth ? 8 : 5)) {
    case 0:
        return json_integer((json_int_t)rng_next(r) >> rng_below(r, 60));
    case 1:
        return json_real((double)rng_below(r, 100000) / 7.0);
    case 2:
        return rng_below(r, 2) ? json_true() : json_null();
    case 3:
    case 4:
        return random_text(r);
    case 5:
        v = json_pack("[]"); /* json_array and json_object are names of the codec too */
        for (uint32_t i = rng_below(r, 4); i > 0; i--)
            json_array_append_new(v, random_value(r, depth - 1));
        return v;
    case 6: { /* JSON in a string */
        json_t *inner = random_value(r, depth - 1), *box = json_pack("[o]", inner);
        char *text = json_dumps(box, rng_below(r, 2) ? JSON_ENSURE_ASCII : 0);

        v = json_string(text);
        free(text);
        json_decref(box);
        return v;
    }
    default:
        v = json_pack("{}");
        for (uint32_t i = rng_below(r, 4); i > 0; i--)
            json_object_set_new(v, keys[rng_below(r, sizeof(keys) / sizeof(keys[0]))], random_value(r, depth - 1));
        return v;
    }
}

static void same_shape(const json_t *in, const json_t *out);

static void
same_members(const json_t *in, const json_t *out)
{
    const char *key;
    json_t *v;

    ck_assert(json_object_size(in) == json_object_size(out));
    json_object_foreach((json_t *)in, key, v) same_shape(v, json_object_get(out, key));
}

/* The same brackets and keys; no string, number or boolean left as it was. */
static void
same_shape(const json_t *in, const json_t *out)
{
    ck_assert(out != NULL);
    if (json_is_object(in)) {
        same_members(in, out);
    } else if (json_is_array(in)) {
        ck_assert(json_array_size(in) == json_array_size(out));
        for (size_t i = 0; i < json_array_size(in); i++)
            same_shape(json_array_get(in, i), json_array_get(out, i));
    } else if (json_is_string(in)) {
        const char *s = json_string_value(in), *t = json_string_value(out);
        json_t *inner = json_loads(s, 0, NULL), *inner_out;

        ck_assert(t != NULL);
        if (inner && t[0] == s[0] && (inner_out = json_loads(t, 0, NULL)) != NULL) {
            same_shape(inner, inner_out);
            json_decref(inner_out);
        } else {
            ck_assert_msg(!*s || !*t || strcmp(t, "?") == 0 || strcmp(t, "REDACTED") == 0 || strcmp(s, "null") == 0 || strcmp(s, t) != 0 ||
                              *s == '[' || *s == '{',
                "%s -> %s", s, t);
        }
        json_decref(inner);
    } else if (json_is_null(in)) {
        ck_assert(json_is_null(out));
    } else {
        ck_assert(json_is_integer(out) && json_integer_value(out) == 0);
    }
}

START_TEST(json_parses_again)
{
    struct rng r = {7};

    for (uint64_t round = 0; round < rng_rounds(5000); round++) {
        json_t *v = random_value(&r, 4), *box = json_pack("[o]", v);
        char *text = json_dumps(box, (rng_below(&r, 2) ? JSON_INDENT(1) : 0) | (rng_below(&r, 2) ? JSON_ENSURE_ASCII : 0));
        const char *got = scanning_replace("json-strict", "", str_of(text), (struct str){NULL, 0});
        json_t *out = json_loads(got, 0, NULL);

        ck_assert_msg(out != NULL, "%s\n-> %s", text, got);
        same_shape(box, out);
        json_decref(out);
        out = json_loads(scanning_replace("json", "", str_of(text), (struct str){NULL, 0}), 0, NULL);
        ck_assert(out != NULL);
        json_decref(out);
        free(text);
        json_decref(box);
    }
}
END_TEST

START_TEST(json_takes_any_bytes)
{
    scanning_random("json", "", listed, "{}[]\":,\\u0022'tokenpaswrd 1.\n");
    scanning_random("json-strict", "", listed, "{}[]\":,\\u0022'tokenpaswrd 1.\n");
}
END_TEST

START_TEST(json_is_linear)
{
    static const char *const units[] = {
        "a", "{", "[", "[]", "\"", "\\", "{\"a\":", "\"a\",", "1,", "\"{\"", "\"{\\\"", "\"[\\\"[\\\\\\\"[", "\\u0022", " ", "'", "\"[1]\","};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        scanning_linear("json", "", "", units[i]);
        scanning_linear("json-strict", "", "[", units[i]);
        scanning_linear("json-strict", "", "{\"a\":\"{\\\"b\\\":\\\"{\\\\\\\"", units[i]);
    }
}
END_TEST

START_TEST(json_gives_up_on_too_many_brackets)
{
    char text[600];

    memset(text, '[', sizeof(text));
    ck_assert_str_eq(scanning_replace("json", "", (struct str){text, 600}, (struct str){NULL, 0}), "(undecidable)");
    ck_assert_str_ne(scanning_replace("json", "", (struct str){text, 200}, (struct str){NULL, 0}), "(undecidable)");
}
END_TEST

/* Four layers: the innermost goes as a whole. */
START_TEST(json_reads_three_layers)
{
    json_t *v = json_pack("{s:s}", "color", "red"), *box;

    for (int i = 0; i < 5; i++) {
        char *text = json_dumps(v, 0);
        const char *got = scanning_replace("json", "", str_of(text), (struct str){NULL, 0});

        ck_assert_msg((strstr(got, "red") != NULL) == (i < 4), "%d: %s", i, got);
        box = json_pack("{s:s}", "b", text);
        free(text);
        json_decref(v);
        v = box;
    }
    json_decref(v);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &json_redacts_listed_keys},
    {"normal", &json_strict_redacts_every_value},
    {"normal", &json_parses_again},
    {"malformed", &json_takes_any_bytes},
    {"limits", &json_is_linear},
    {"limits", &json_gives_up_on_too_many_brackets},
    {"limits", &json_reads_three_layers},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_json", cases);
}
