/*
 * Texts that are written in a language, through scanners and detectors together: what leaves a gate changes nothing at the next. Examples of every detector, in
 * every encoding, with neighbours of other scripts, stand in every scanner's kind of text; detectors and scanners act by every action.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base_rng.h"
#include "base_suite.h"
#include "policies/detector.h"
#include "policies_program.h"

#define VALUE_MAX 4096
#define TEXT_MAX 16384
#define ROUNDS 1000 /* texts of each action */

/* A kind of text of a scanner, its holes %. */
static const struct kind {
    const char *scanner, *key, *text;
} kinds[] = {
    {"sql", "db.sql", "SELECT * FROM t WHERE a = '%' AND b = 2 ORDER BY c"},
    {"sql", "db.sql", "INSERT INTO notes (id, body) VALUES (17, E'%', $q$%$q$)"},
    {"sql", "db.sql", "SELECT a FROM t WHERE b = %"},
    {"sql", "db.sql", "SELECT a /* % */ FROM t -- %"},
    {"db", "db.statement", "SELECT a FROM t WHERE b IN ('%', 3)"},
    {"db", "db.statement", "SET user:1 \"%\""},
    {"db", "db.statement", "{\"find\": \"users\", \"filter\": {\"name\": \"%\", \"n\": 5}}"},
    {"redis", "db.redis", "HSET users:1 name % mail \"%\""},
    {"redis", "db.redis", "AUTH bob %\nGET %"},
    {"memcached", "db.memcached", "set key 0 60 5\r\n%\r\n"},
    {"documents", "db.documents", "{\"query\": {\"match\": {\"name\": \"%\"}}, \"size\": 10}"},
    {"graphql", "graphql.document", "query Q { user(mail: \"%\", n: 5) { name } } # %"},
    {"url", "url.full", "https://shop.example/users/%/edit?q=%&token=%#%"},
    {"url", "url.full", "https://%:%@shop.example/a;x=%/b?sig=%"},
    {"url", "url.full", "/orders/%"},
    {"url-strict", "url.strict", "https://shop.example/users/%?q=%"},
    {"headers", "http.request.header.x-note", "%"},
    {"headers", "http.request.header.authorization", "Bearer %"},
    {"headers", "http.request.header.forwarded", "for=%;proto=https, for=\"%\""},
    {"headers", "http.request.header.referer", "https://shop.example/search?q=%"},
    {"cookies", "http.cookies", "theme=dark; sid=%; note=%"},
    {"user-agent", "user_agent.original", "Mozilla/5.0 (X11; Linux; %) Gecko/20100101 Thing/% (%)"},
    {"baggage", "baggage", "user.id=%,team=blue;owner=%"},
    {"tracestate", "span.trace_state", "vendor=%,other=00f067aa0ba902b7"},
    {"json", "app.json", "{\"id\": 17, \"user\": {\"name\": \"%\"}, \"password\": \"%\", \"note\": \"%\"}"},
    {"json-strict", "app.json.strict", "{\"id\": 17, \"list\": [\"%\", 1.5, true]}"},
    {"xml", "app.xml", "<a password=\"%\"><user><name>%</name></user><note>%</note></a>"},
    {"xml-strict", "app.xml.strict", "<a b='%'>%<![CDATA[%]]></a>"},
    {"form", "app.form", "a=1&note=%&password=%"},
    {"form-strict", "app.form.strict", "a=1&note=%&b"},
    {"multipart", "app.multipart", "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n%\r\n--b--\r\n"},
    {"body", "http.request.body.content", "%"},
    {"body", "http.request.body.content", "{\"email\": \"%\", \"n\": %}"},
    {"body-strict", "http.response.body.content", "[\"%\"]"},
    {"shell", "process.command_line", "curl -u bob:% --header 'X-Note: %' --password=% https://shop.example/%"},
    {"shell", "process.command_line", "run --token \"%\" -- %"},
    {"stack", "exception.stacktrace", "E: value % was rejected\n\tat com.example.Main.run(Main.java:42)\n"},
    {"stack", "exception.stacktrace", "E: invalid MRZ '%'\n\tat com.example.Main.run(Main.java:42)\n"},
    {"stack", "exception.message", "Key (mail)=(%) already exists: \"%\""},
    {"stack", "exception.message", "cannot open /home/%/x of %: no such file"},
    {"stack", "exception.message", "[SQL: SELECT a FROM t WHERE b = '%'] token=%, see https://shop.example/users/%?q=%."},
    {"stack", "exception.message", "%"},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- encodings ---- */

static size_t
put_point(char *out, unsigned point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    out[0] = (char)(0xE0 | point >> 12);
    out[1] = (char)(0x80 | (point >> 6 & 0x3F));
    out[2] = (char)(0x80 | (point & 0x3F));
    return 3;
}

static size_t
base64(const char *s, char *out)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(s), n = 0;

    for (size_t i = 0; i < len; i += 3) {
        unsigned v = (unsigned)(unsigned char)s[i] << 16 | (i + 1 < len ? (unsigned)(unsigned char)s[i + 1] << 8 : 0) |
                     (i + 2 < len ? (unsigned char)s[i + 2] : 0);

        out[n++] = set[v >> 18];
        out[n++] = set[v >> 12 & 63];
        out[n++] = i + 1 < len ? set[v >> 6 & 63] : '=';
        out[n++] = i + 2 < len ? set[v & 63] : '=';
    }
    return n;
}

enum encoding { AS_IT_IS, PERCENT, PERCENT_ALL, PERCENT_TWICE, JSON_U, HTML, HEX, BASE64, WIDE, ZERO_WIDTH, FOR_JSON, ENCODING_COUNT };

static size_t
put_format(char *out, const char *format, unsigned byte)
{
    int n = -1;

    if (strcmp(format, "%%%02X") == 0)
        n = sprintf(out, "%%%02X", byte);
    else if (strcmp(format, "%%25%02X") == 0)
        n = sprintf(out, "%%25%02X", byte);
    else if (strcmp(format, "\\u%04x") == 0)
        n = sprintf(out, "\\u%04x", byte);
    else if (strcmp(format, "&#%u;") == 0)
        n = sprintf(out, "&#%u;", byte);
    else
        n = sprintf(out, "%02x", byte);
    return n > 0 ? (size_t)n : 0;
}

static bool
is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* The format of a byte in an encoding; NULL: it stands as it is. */
static const char *
format_of(enum encoding how, unsigned char c, size_t i)
{
    bool plain = is_alnum(c), ascii = c < 0x80;

    if (how == PERCENT || how == PERCENT_TWICE)
        return plain ? NULL : how == PERCENT ? "%%%02X" : "%%25%02X";
    if (how == PERCENT_ALL)
        return "%%%02X";
    if (how == JSON_U && ascii)
        return "\\u%04x";
    if (how == FOR_JSON && (c < ' ' || c == '"' || c == '\\'))
        return "\\u%04x";
    if (how == HTML && ascii && (i % 2 || !plain))
        return "&#%u;";
    return how == HEX ? "%02x" : NULL;
}

static size_t
encode_byte(enum encoding how, unsigned char c, size_t i, char *out)
{
    const char *format = format_of(how, c, i);

    if (format)
        return put_format(out, format, c);
    if (how == WIDE && c > ' ' && c < 0x7F)
        return put_point(out, c + 0xFEE0u);
    out[0] = (char)c;
    return how == ZERO_WIDTH && i % 2 && c < 0x80 ? 1 + put_point(out + 1, 0x200B) : 1;
}

static void
encode(enum encoding how, const char *s, char *out)
{
    size_t n = how == BASE64 ? base64(s, out) : 0;

    for (size_t i = 0; how != BASE64 && s[i]; i++)
        n += encode_byte(how, (unsigned char)s[i], i, out + n);
    out[n] = '\0';
}

/* ---- texts ---- */

static const char *const neighbours[][2] = {{"", ""}, {"号", "です"}, {"№", "ы"}, {"before ", " after"}, {"(", "), 7"}, {"x", ""}};
#define NEIGHBOURS (sizeof(neighbours) / sizeof(neighbours[0]))

static void
build(const struct kind *k, const char *value, enum encoding how, unsigned next, char *text)
{
    static char coded[VALUE_MAX * 8];
    size_t n = 0;

    encode(how, value, coded);
    for (const char *p = k->text; *p; p++) {
        if (*p == '%')
            n += (size_t)snprintf(text + n, TEXT_MAX - n, "%s%s%s", neighbours[next][0], coded, neighbours[next][1]);
        else
            text[n++] = *p;
        ck_assert_uint_lt(n, TEXT_MAX - 1);
    }
    text[n] = '\0';
}

/* ---- the gate ---- */

/* Scanners act by ${scanners}; NULL: each kind of value has its own replacement. */
static void
open_gate(struct gate_small *g, const char *detectors, const char *scanners)
{
    static char yaml[32768];
    int n = snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: a, use: [%s], action: %s}\n", program_names(), detectors);

    for (size_t i = 0; i < KINDS; i++) {
        bool again = false;

        for (size_t k = 0; k < i; k++)
            again |= strcmp(kinds[k].scanner, kinds[i].scanner) == 0 && strcmp(kinds[k].key, kinds[i].key) == 0;
        if (!again)
            n += snprintf(yaml + n, sizeof(yaml) - (size_t)n, "    - {id: s%zu, use: %s, keys: [\"%s\"]%s%s}\n", i, kinds[i].scanner, kinds[i].key,
                scanners ? ", action: " : "", scanners ? scanners : "");
        ck_assert_uint_lt((size_t)n, sizeof(yaml));
    }
    small_open(g, yaml);
}

static unsigned failures;

static void
check_text(struct gate_small *g, const char *action, const struct kind *k, const char *text)
{
    char *once = strdup(small_text(g, k->key, text)), *twice = strdup(small_text(g, k->key, once));
    const char *thrice = small_text(g, k->key, twice);

    if ((strcmp(once, twice) != 0 || strcmp(twice, thrice) != 0) && ++failures <= 20)
        fprintf(stderr, "%s %s, %s: '%s'\n  -> '%s'\n  -> '%s'\n", k->scanner, k->key, action, text, once, twice);
    free(once);
    free(twice);
}

static const char *
random_example(struct rng *r)
{
    size_t count, n = 0;
    const struct detector *const *all = detectors_all(&count);
    const struct detector_example *hits[32];

    while (n == 0)
        for (const struct detector_example *e = all[rng_below(r, (uint32_t)count)]->examples; e && e->text && n < 32; e++)
            if (e->hit)
                hits[n++] = e;
    return hits[rng_below(r, (uint32_t)n)]->text;
}

static void
check_actions(const char *detectors, const char *scanners)
{
    const char *seed = getenv("SPANGATE_TEST_SEED");
    struct rng r = {seed ? strtoull(seed, NULL, 10) : 20261122};
    static char text[TEXT_MAX], label[256];
    struct gate_small g;

    snprintf(label, sizeof(label), "detectors %s, scanners %s", detectors, scanners ? scanners : "-");
    open_gate(&g, detectors, scanners);
    for (uint64_t i = 0; i < rng_rounds(ROUNDS); i++) {
        const struct kind *k = &kinds[rng_below(&r, KINDS)];
        const char *value = random_example(&r);
        enum encoding how = rng_below(&r, 3) ? (enum encoding)rng_below(&r, ENCODING_COUNT) : AS_IT_IS;

        if (strlen(value) >= VALUE_MAX)
            continue;
        build(k, value, how, rng_below(&r, NEIGHBOURS), text);
        check_text(&g, label, k, text);
    }
    small_close(&g);
    ck_assert_uint_eq(failures, 0);
}

#define ACTION_TEST(name, action)       \
    START_TEST(scan_again_after_##name) \
    {                                   \
        check_actions(action, NULL);    \
    }                                   \
    END_TEST                            \
    START_TEST(scan_again_with_##name)  \
    {                                   \
        check_actions(action, action);  \
    }                                   \
    END_TEST

ACTION_TEST(replace, "replace")
ACTION_TEST(angle_brackets, "{replace: \"<{entity}>\"}")
ACTION_TEST(redacted, "{replace: REDACTED}")
ACTION_TEST(mask, "mask")
ACTION_TEST(mask_last, "{mask: {keep_last: 4}}")
ACTION_TEST(mask_width, "{mask: {keep_first: 2, keep_last: 2, width: 6}}")
ACTION_TEST(hash, "{hash: {key: pseudonym-2026}}")
ACTION_TEST(encrypt, "{encrypt: {key: pseudonym-2026}}")
ACTION_TEST(fpe, "{fpe: {key: pseudonym-2026, radix: 62}}")
ACTION_TEST(truncate, "{truncate: {to: 4}}")
ACTION_TEST(generalize, "generalize")
ACTION_TEST(generalize_date, "{generalize: {date: year, not_before: 1940}}")
ACTION_TEST(generalize_number, "{generalize: {number: 100}}")
ACTION_TEST(generalize_age, "{generalize: {age: 5}}")
ACTION_TEST(generalize_place, "{generalize: {coordinates: 2}}")
ACTION_TEST(drop, "drop")

#define BOTH(name)                        \
    {"normal", &scan_again_after_##name}, \
    {                                     \
        "normal", &scan_again_with_##name \
    }

static const struct case_entry cases[] = {
    BOTH(replace),
    BOTH(angle_brackets),
    BOTH(redacted),
    BOTH(mask),
    BOTH(mask_last),
    BOTH(mask_width),
    BOTH(hash),
    BOTH(encrypt),
    BOTH(fpe),
    BOTH(truncate),
    BOTH(generalize),
    BOTH(generalize_date),
    BOTH(generalize_number),
    BOTH(generalize_age),
    BOTH(generalize_place),
    BOTH(drop),
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_again", cases);
}
