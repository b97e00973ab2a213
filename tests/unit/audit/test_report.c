#include <stdio.h>
#include <stdlib.h>

#include "audit/report.h"
#include "audit/source.h"
#include "base_suite.h"

static const struct report_entity entities[] = {
    {"IBAN", "International bank account number", "financial", "GDPR HIPAA-J"},
    {"EMAIL_ADDRESS", "E-mail address", "contact", "GDPR HIPAA-F"},
    {"CREDIT_CARD", "Card number", "financial", "PCI-DSS-3.4.1 GDPR"},
};

#define DAY_ONE "2026-07-01T10:00:00.000000Z"
#define REQUEST(seq, ts, origin, findings)                                                                                                  \
    "{\"build\":\"1\",\"conn\":{\"cert_sha256\":\"ab\",\"identity\":\"spiffe://example.org/"                                                \
    "shop\",\"not_after\":\"2027\",\"service\":\"shop\",\"tls\":\"TLSv1.3\"},"                                                              \
    "\"node\":\"n\",\"origin\":{\"country\":\"" origin                                                                                      \
    "\",\"source\":\"x\"},\"outcome\":\"accepted\",\"policy\":{\"digest\":\"d1\",\"rules\":[{\"action\":\"mask\","                          \
    "\"count\":" findings                                                                                                                   \
    ",\"entity\":\"IBAN\",\"id\":\"p/iban\",\"mode\":\"enforce\",\"paths\":[\"span.name\"]}],\"undecidable\":1,\"unknown_fields\":2},"      \
    "\"reason\":\"ok\",\"req\":{\"bytes_wire\":100,\"encoding\":\"gzip\",\"protocol\":\"grpc\",\"spans_in\":5,\"spans_out\":5},\"route\":[" \
    "{\"bytes\":70,\"country\":\"US\",\"decision\":\"allowed\",\"destination\":\"otlp_http/"                                                \
    "us\",\"jurisdiction\":\"US\",\"mechanism\":\"scc\",\"mechanism_ref\":\"r\","                                                           \
    "\"rule\":\"home/1\",\"spans\":5},{\"country\":\"CN\",\"decision\":\"refused\",\"destination\":\"otlp_http/"                            \
    "cn\",\"jurisdiction\":\"CN\",\"rule\":\"home\","                                                                                       \
    "\"spans\":5}],\"seq\":" seq ",\"ts\":\"" ts "\",\"type\":\"request\",\"v\":1}"
#define SIMPLE(fields, outcome, reason, seq, ts, type)                                                                                               \
    "{" fields "\"node\":\"n\",\"outcome\":\"" outcome "\",\"reason\":\"" reason "\",\"seq\":" seq ",\"ts\":\"" ts "\",\"type\":\"" type "\",\"v\":" \
    "1}"

static const char *const log_lines[] = {
    SIMPLE("\"admin\":{\"actor\":\"local\",\"object\":\"=1+1\",\"result\":\"ok\",\"verb\":\"start\"},\"build\":\"1\",", "ok", "start", "0", DAY_ONE,
        "admin"),
    SIMPLE("\"build\":\"1\",\"change\":{\"name\":\"all\",\"new\":\"d1\",\"what\":\"policy\"},", "in_force", "start", "1", DAY_ONE, "change"),
    REQUEST("2", DAY_ONE, "DE", "3"), REQUEST("3", "2026-07-02T10:00:00.000000Z", "DE", "4"),
    SIMPLE("\"build\":\"1\",\"delivery\":{\"accepted\":5,\"attempt\":1,\"destination\":\"otlp_http/"
           "us\",\"latency_us\":700,\"peer_cert_sha256\":\"cd\",\"rejected\":0,"
           "\"status\":200},",
        "delivered", "ok", "4", "2026-07-02T10:00:01.000000Z", "delivery"),
    SIMPLE("\"build\":\"1\",\"loss\":{\"destination\":\"otlp_http/us\",\"reason\":\"route_denied\",\"spans\":5},", "lost", "route_denied", "5",
        "2026-07-02T10:00:01.000000Z", "loss"),
    SIMPLE("\"build\":\"1\",\"conn\":{\"peer_cidr\":\"<b>&\\\"\",\"tls\":\"none\"},\"count\":4,", "refused", "expired", "6",
        "2026-07-02T10:00:02.000000Z", "handshake"),
    REQUEST("7", "2026-10-01T00:00:00.000000Z", "DE", "9"), /* behind the quarter */
};
#define LINES (sizeof(log_lines) / sizeof(log_lines[0]))

/* Two kinds of refusals, one of them of many. */
static const char *const refusals[] = {
    REQUEST("0", DAY_ONE, "DE", "1"),
    SIMPLE("\"build\":\"1\",\"conn\":{\"identity\":\"spiffe://example.org/shop\",\"service\":\"shop\",\"tls\":\"TLSv1.3\"},\"count\":7,", "refused",
        "other_signal\",\"req\":{\"protocol\":\"http/json\"},\"s\":\"", "1", DAY_ONE, "refusal"),
    SIMPLE("\"build\":\"1\",\"conn\":{\"tls\":\"none\"},\"count\":1,", "refused", "method\",\"req\":{\"protocol\":\"http\"},\"s\":\"", "2", DAY_ONE,
        "refusal"),
};

static struct report *
build(const char *const *lines, size_t count)
{
    struct report_options o = {.profiles = profile_mask(STR("all")), .entities = entities, .entity_count = 3};
    struct report_log log = {.bad_leaf = SOURCE_NO_INDEX};
    struct report *r = NULL;

    ck_assert(period_parse(STR("2026-Q3"), &o.period));
    ck_assert_int_eq(report_new(&o, &r), RC_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(report_add(r, SOURCE_NO_INDEX, str_of(lines[i])), RC_OK);
    ck_assert_int_eq(report_finish(r, &log, NULL, NULL), RC_OK);
    return r;
}

static void
print(const struct report *r, enum rc (*fn)(const struct report *r, struct buf *out), struct buf *out)
{
    *out = BUF_INIT((size_t)64 << 20);
    ck_assert_int_eq(fn(r, out), RC_OK);
}

static bool
holds(const struct buf *b, const char *text)
{
    return str_find(buf_str(b), str_of(text)) != SIZE_MAX;
}

START_TEST(report_counts_what_entries_say)
{
    struct report *r = build(log_lines, LINES);
    struct buf json;

    print(r, report_print_json, &json);
    ck_assert_uint_eq(report_entries(r), 7);
    static const char *const wanted[] = {"\"requests\":2,", "\"spans_in\":10,", "\"findings\":7,", "\"undecidable\":2,", "\"unknown_fields\":4,",
        "\"spans_allowed\":10,", "\"spans_delivered\":5,", "\"spans_lost\":5}",
        "{\"origin\":\"DE\",\"country\":\"US\",\"spans\":10,\"bytes\":140,\"requests\":2,\"mechanism\":\"scc\",\"reference\":\"r\",\"expires\":\"\","
        "\"destination\":\"otlp_http/us\",\"first_leaf\":2,\"last_leaf\":3}",
        "{\"origin\":\"DE\",\"country\":\"CN\",\"jurisdiction\":\"CN\",\"destination\":\"otlp_http/"
        "cn\",\"rule\":\"home\",\"requests\":2,\"spans\":10,\"first_leaf\":2,"
        "\"last_leaf\":3}",
        "{\"entity\":\"IBAN\",\"findings\":7,\"category\":\"financial\",\"action\":\"mask\",\"mode\":\"enforce\",\"rule\":\"p/"
        "iban\",\"requests\":2,\"first_leaf\":2,"
        "\"last_leaf\":3}",
        "{\"sender\":\"shop\",\"entity\":\"IBAN\",\"findings\":7}", "{\"reason\":\"expired\",\"count\":4,"};

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        ck_assert_msg(holds(&json, wanted[i]), "%s", wanted[i]);
    buf_free(&json);
    report_free(r);
}
END_TEST

START_TEST(report_is_the_same_for_the_same_entries)
{
    static enum rc (*const forms[])(const struct report *r, struct buf *out) = {report_print_html, report_print_json, report_print_oscal};

    for (size_t i = 0; i < 3; i++) {
        struct report *a = build(log_lines, LINES), *b = build(log_lines, LINES);
        struct buf first, second;

        print(a, forms[i], &first);
        print(b, forms[i], &second);
        ck_assert(str_eq(buf_str(&first), buf_str(&second)));
        buf_free(&first);
        buf_free(&second);
        report_free(a);
        report_free(b);
    }
}
END_TEST

#define FOUND(entity) "{\"action\":\"mask\",\"count\":3,\"entity\":\"" entity "_WITH_LONG_NAME\",\"id\":\"p\",\"mode\":\"enforce\",\"paths\":[]}"

/* Labels that lean to the right end inside of their chart, wide and narrow. */
START_TEST(report_keeps_slanted_labels_in_the_chart)
{
    static const char *const lines[] = {SIMPLE("",
        "accepted\",\"policy\":{\"rules\":[" FOUND("A") "," FOUND("B") "," FOUND("C") "," FOUND("D") "," FOUND("E") "," FOUND("F") "," FOUND(
            "G") "," FOUND("H") "," FOUND("I") "]},\"q\":\"",
        "ok", "0", DAY_ONE, "request")};
    struct report *r = build(lines, 1);
    struct buf html;
    double x, y, width = 0;
    unsigned labels = 0;

    print(r, report_print_html, &html);
    ck_assert_int_eq(buf_append_byte(&html, 0), RC_OK);
    for (const char *at = html.ptr; (at = strstr(at, "<")); at++) {
        if (strncmp(at, "<svg viewBox=\"0 0 ", 18) == 0)
            width = strtod(at + 18, NULL);
        if (sscanf(at, "<g transform=\"translate(%lf %lf) rotate(-45)", &x, &y) != 2) /* NOLINT(cert-err34-c) */
            continue;
        const char *text = strchr(strchr(at, '>') + 1, '>') + 1;
        double length = 6.6 * (double)strcspn(text, "<");

        ck_assert_msg(x + 0.71 * length <= width, "a label at %f of %f", x, width);
        labels++;
    }
    ck_assert_uint_ge(labels, 9 + 5 - 1); /* "others" is short */
    buf_free(&html);
    report_free(r);
}
END_TEST

/* What would turn text around, or speak to a terminal, is shown as a sign that stands for it. */
START_TEST(report_shows_no_control_characters)
{
    static const char *const lines[] = {SIMPLE("\"conn\":{\"identity\":\"a\xE2\x80\xAE"
                                               "b\xE2\x81\xA6"
                                               "c\xC2\x9B"
                                               "d\xE2\x80\x94"
                                               "e\"},",
        "accepted", "ok", "0", DAY_ONE, "request")};
    struct report *r = build(lines, 1);
    struct buf html;

    print(r, report_print_html, &html);
    ck_assert(holds(&html, "a\xEF\xBF\xBD"
                           "b\xEF\xBF\xBD"
                           "c\xEF\xBF\xBD"
                           "d\xE2\x80\x94"
                           "e"));
    ck_assert(!holds(&html, "\xE2\x80\xAE"));
    buf_free(&html);
    report_free(r);
}
END_TEST

START_TEST(report_escapes_what_entries_hold)
{
    struct report *r = build(log_lines, LINES);
    struct buf html;
    char name[80];

    print(r, report_print_html, &html);
    ck_assert(!holds(&html, "<b>&\""));
    ck_assert(holds(&html, "&lt;b&gt;&amp;&quot;"));
    ck_assert(!holds(&html, "http://") && !holds(&html, "https://") && !holds(&html, "src=") && !holds(&html, "url(") && !holds(&html, "<script"));
    ck_assert(holds(&html, "<html lang=\"en\">") && holds(&html, "<main") && holds(&html, "<nav") && holds(&html, "role=\"img\""));
    buf_free(&html);
    bool formula = false;

    for (size_t i = 0;; i++) {
        struct buf csv = BUF_INIT(1u << 20);

        if (report_print_csv(r, i, name, &csv) != RC_OK)
            break;
        ck_assert(str_ends(buf_str(&csv), STR("\r\n")));
        formula |= holds(&csv, ",\"'=1+1\",");
        ck_assert(!holds(&csv, ",=1+1"));
        buf_free(&csv);
    }
    ck_assert(formula);
    report_free(r);
}
END_TEST

START_TEST(report_of_nothing_says_so)
{
    struct report *r = build(NULL, 0);
    struct buf html, oscal;

    print(r, report_print_html, &html);
    ck_assert(holds(&html, "Nothing was allowed to leave in the period."));
    ck_assert(holds(&html, "none in the period"));
    ck_assert(!holds(&html, " yes</span>")); /* nothing is good without an occasion */
    print(r, report_print_oscal, &oscal);
    ck_assert(holds(&oscal, "\"oscal-version\":\"1.1.2\""));
    buf_free(&html);
    buf_free(&oscal);
    report_free(r);
}
END_TEST

/* The status of a control in the JSON form. */
static bool
control_is(const struct report *r, const char *clause, const char *status)
{
    struct buf json;
    char wanted[128];

    print(r, report_print_json, &json);
    snprintf(wanted, sizeof(wanted), "{\"clause\":\"%s\",\"control\":\"", clause);
    size_t at = str_find(buf_str(&json), str_of(wanted));

    ck_assert_msg(at != SIZE_MAX, "%s", clause);
    struct str rest = str_sub(buf_str(&json), at, json.len);

    snprintf(wanted, sizeof(wanted), "\"status\":\"%s\"", status);
    size_t found = str_find(rest, str_of(wanted)), end = str_find(rest, STR("}"));

    buf_free(&json);
    return found < end;
}

START_TEST(report_judges_controls_by_evidence)
{
    struct report *r = build(log_lines, LINES);

    ck_assert(control_is(r, "Art. 44-49", "satisfied"));
    ck_assert(control_is(r, "202.301", "satisfied"));
    ck_assert(control_is(r, "Art. 32(1)(b)", "not satisfied")); /* a loss */
    ck_assert(control_is(r, "10.7.2", "not applicable"));
    ck_assert(control_is(r, "Art. 5(2)", "not satisfied")); /* nobody verified the log */
    ck_assert(control_is(r, "CC7.1", "satisfied"));
    report_free(r);
}
END_TEST

START_TEST(report_counts_an_entry_once_as_evidence)
{
    struct report *r = build(log_lines, LINES);
    struct buf json;

    print(r, report_print_json, &json);
    /* Allowed and refused routes, TLS of both sides: two requests and one delivery, however many things are true of them. */
    ck_assert(holds(&json, "\"because\":\"Nothing was sent to a country of concern\",\"evidence\":2,\"leaves\":\"2, 3\"}"));
    ck_assert(holds(&json, "\"because\":\"All traffic was TLS 1.2 or newer\",\"evidence\":3,\"leaves\":\"2, 3, 4\"}"));
    buf_free(&json);
    report_free(r);
}
END_TEST

#define RULES(entity, mode, reason, seq, ts)                                                                                                 \
    SIMPLE("\"build\":\"1\",",                                                                                                               \
        "in_force\",\"policy\":{\"digest\":\"d1\",\"rules\":[{\"action\":\"mask\",\"entity\":\"" entity "\",\"id\":\"p/x\",\"mode\":\"" mode \
        "\"}]},\"q\":\"",                                                                                                                    \
        reason, seq, ts, "rules")
#define CARD(seq, ts) RULES("CREDIT_CARD", "enforce", "begin", seq, ts)
#define NO_CARD(seq, ts) RULES("IBAN", "enforce", "begin", seq, ts)
#define ACT(verb, seq, ts) \
    SIMPLE("\"admin\":{\"actor\":\"local\",\"object\":\"x\",\"result\":\"ok\",\"verb\":\"" verb "\"},\"build\":\"1\",", "ok", verb, seq, ts, "admin")
#define MAY "2026-05-01T00:00:00.000000Z"
#define JUNE "2026-06-01T00:00:00.000000Z"

/* A rule must have been in force all the time, not at some time of the period. */
START_TEST(report_sees_when_no_rule_was_in_force)
{
    static const struct {
        const char *lines[4], *cards;
    } cases[] = {
        {{CARD("0", MAY), REQUEST("1", DAY_ONE, "DE", "1")}, "satisfied"},
        {{NO_CARD("0", MAY), CARD("1", JUNE), REQUEST("2", DAY_ONE, "DE", "1")}, "satisfied"},
        {{NO_CARD("0", MAY), RULES("CREDIT_CARD", "enforce", "continued", "1", MAY)}, "satisfied"},
        {{NO_CARD("0", MAY), CARD("1", DAY_ONE)}, "not satisfied"},
        {{CARD("0", MAY), NO_CARD("1", DAY_ONE), CARD("2", DAY_ONE)}, "not satisfied"},
        {{CARD("0", DAY_ONE), RULES("CREDIT_CARD", "shadow", "begin", "1", DAY_ONE)}, "not satisfied"},
        {{NO_CARD("0", MAY), ACT("stop", "1", JUNE), ACT("start", "2", DAY_ONE), CARD("3", DAY_ONE)}, "satisfied"},
        {{CARD("0", MAY), NO_CARD("1", "2026-11-01T00:00:00.000000Z")}, "satisfied"},
        {{CARD("0", MAY), ACT("stop", "1", JUNE)}, "not applicable"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t count = 0;

        while (count < 4 && cases[i].lines[count])
            count++;
        struct report *r = build(cases[i].lines, count);

        ck_assert_msg(control_is(r, "3.4.1", cases[i].cards), "case %zu", i);
        report_free(r);
    }
}
END_TEST

/* What did not happen in the period is not praised. */
START_TEST(report_praises_nothing_that_did_not_happen)
{
    static const char *const quiet[] = {ACT("start", "0", MAY), CARD("1", MAY), ACT("reload", "2", DAY_ONE)};
    struct report *r = build(quiet, 3);

    ck_assert(control_is(r, "Art. 5(1)(c)", "not applicable"));
    ck_assert(control_is(r, "202.401", "not applicable"));
    ck_assert(control_is(r, "Art. 25", "satisfied"));
    report_free(r);
    r = build(log_lines, LINES);
    ck_assert(control_is(r, "202.401", "satisfied")); /* a refused route to CN */
    report_free(r);
}
END_TEST

START_TEST(report_counts_gaps_and_unreadable_entries)
{
    static const char *const lines[] = {
        REQUEST("5", DAY_ONE, "DE", "1"),
        "{\"seq\":6}",
        REQUEST("9", "2026-07-01T09:00:00.000000Z", "DE", "1"),
    };
    struct report *r = build(lines, 3);
    struct buf json;

    print(r, report_print_json, &json);
    ck_assert(holds(&json, "{\"check\":\"Leaves missing between two entries\",\"result\":2,\"leaf\":9}"));
    ck_assert(holds(&json, "{\"check\":\"Entries that cannot be read\",\"result\":1,"));
    ck_assert(holds(&json, "\"back\":3600000000}"));
    ck_assert(holds(&json, "unaltered?\",\"answer\":\"no\",\"because\":\"2 entries are missing; 1 entries cannot be read\""));
    ck_assert(control_is(r, "164.312(b)", "not satisfied"));
    buf_free(&json);
    report_free(r);
}
END_TEST

#define START(seq, ts) \
    SIMPLE("\"admin\":{\"actor\":\"local\",\"object\":\"o\",\"result\":\"ok\",\"verb\":\"start\"},\"build\":\"1\",", "ok", "start", seq, ts, "admin")

#define STOP(seq, ts) \
    SIMPLE("\"admin\":{\"actor\":\"local\",\"object\":\"o\",\"result\":\"ok\",\"verb\":\"stop\"},\"build\":\"1\",", "ok", "stop", seq, ts, "admin")

/* A kill and a step of the clock are told in the period in which they were, and in no other. */
START_TEST(report_counts_starts_and_clock_steps_of_its_period_only)
{
    static const char *const outside[] = {START("0", "2026-06-30T22:00:00.000000Z"), START("1", "2026-06-30T23:59:59.999999Z"),
        REQUEST("2", DAY_ONE, "DE", "1"), START("3", "2026-10-01T00:00:00.000000Z"), REQUEST("4", "2026-10-01T02:00:00.000000Z", "DE", "1"),
        REQUEST("5", "2026-10-01T01:00:00.000000Z", "DE", "1")};
    static const char *const inside[] = {START("0", "2026-06-30T22:00:00.000000Z"), START("1", "2026-07-01T00:00:00.000000Z"),
        START("2", "2026-09-30T23:59:59.999999Z"), REQUEST("3", "2026-10-01T02:00:00.000000Z", "DE", "1"),
        REQUEST("4", "2026-09-30T23:59:59.999999Z", "DE", "1")};
    static const char *const ends[] = {START("0", DAY_ONE), STOP("1", DAY_ONE), REQUEST("2", DAY_ONE, "DE", "1"), START("3", DAY_ONE)};
    struct report *r = build(outside, 6);
    struct buf json;

    print(r, report_print_json, &json);
    ck_assert(holds(&json, "{\"check\":\"Starts without a stop before them\",\"result\":0,\"leaf\":-1}"));
    ck_assert(holds(&json, "{\"check\":\"Times the clock went back by more than a second\",\"result\":0,\"leaf\":-1}"));
    ck_assert(holds(&json, "\"requests\":1,"));
    buf_free(&json);
    report_free(r);
    r = build(inside, 5);
    print(r, report_print_json, &json);
    ck_assert(holds(&json, "{\"check\":\"Starts without a stop before them\",\"result\":2,\"leaf\":1}"));
    ck_assert(holds(&json, "{\"check\":\"Times the clock went back by more than a second\",\"result\":1,\"leaf\":4}"));
    buf_free(&json);
    report_free(r);
    r = build(ends, 4); /* what was under way at the stop */
    print(r, report_print_json, &json);
    ck_assert(holds(&json, "{\"check\":\"Starts without a stop before them\",\"result\":0,\"leaf\":-1}"));
    buf_free(&json);
    report_free(r);
}
END_TEST

/* Leaves below 256 are hashes; whether entries of the period were among them follows from what is kept. */
START_TEST(report_says_that_entries_of_the_period_were_removed)
{
    static const char *const kept[] = {REQUEST("256", "2026-07-03T10:00:00.000000Z", "DE", "1"),
        SIMPLE("\"build\":\"1\",", "removed", "old\",\"retention\":{\"before\":\"2026-07-02T00:00:00.000000Z\",\"until\":256},\"s\":\"", "257",
            "2026-07-04T00:00:00.000000Z", "retention")};
    static const struct {
        const char *period;
        unsigned lines;
        bool removed;
    } rows[] = {{"2026-07-01", 2, true}, {"2026-Q3", 2, true}, {"2026-07-02", 2, false}, {"2026-07-03", 2, false}, {"2026-07-03", 1, true},
        {"2026-07-04", 1, false}, {"2026-Q4", 2, false}, {"2026-Q2", 2, true}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct report_options o = {.profiles = profile_mask(STR("all")), .entities = entities, .entity_count = 3};
        struct report_log log = {.bad_leaf = SOURCE_NO_INDEX, .first = 256, .size = 258};
        struct report *r = NULL;
        struct buf json;

        ck_assert(period_parse(str_of(rows[i].period), &o.period));
        ck_assert_int_eq(report_new(&o, &r), RC_OK);
        for (unsigned k = 0; k < rows[i].lines; k++)
            ck_assert_int_eq(report_add(r, 256 + k, str_of(kept[k])), RC_OK);
        ck_assert_int_eq(report_finish(r, &log, NULL, NULL), RC_OK);
        print(r, report_print_json, &json);
        ck_assert_msg(holds(&json, "may be of the period were removed") == rows[i].removed, "row %zu", i);
        ck_assert_msg(!rows[i].removed || !holds(&json, "Entries of the period are all kept"), "row %zu", i);
        buf_free(&json);
        report_free(r);
    }
}
END_TEST

START_TEST(report_tells_who_got_checkpoints)
{
    static const char *const lines[] = {
        SIMPLE("\"anchor\":{\"failed\":0,\"kind\":\"url\",\"ok\":1,\"size\":40,\"to\":\"https://keeper\"},\"build\":\"1\",", "written", "ok", "0",
            DAY_ONE, "checkpoint.anchor"),
        SIMPLE("\"anchor\":{\"failed\":3,\"kind\":\"url\",\"ok\":9,\"size\":70,\"to\":\"https://keeper\"},\"build\":\"1\",", "failed", "io", "1",
            "2026-07-01T09:00:00.000000Z", "checkpoint.anchor"),
    };
    struct report *r = build(lines, 2);
    struct buf json;

    print(r, report_print_json, &json);
    ck_assert(holds(&json,
        "{\"to\":\"https://keeper\",\"kind\":\"url\",\"written\":10,\"failed\":3,\"size\":70,\"last\":\"2026-07-01T09:00:00.000000Z\",\"leaf\":1}"));
    buf_free(&json);
    report_free(r);
}
END_TEST

START_TEST(report_counts_requests_that_were_not_read)
{
    struct report *r = build(refusals, 3);
    struct buf json;

    print(r, report_print_json, &json);
    ck_assert(holds(&json, "\"requests\":9,\"requests_unread\":8,"));
    ck_assert(holds(&json, "{\"reason\":\"other_signal\",\"requests\":7,\"protocol\":\"http/json\",\"sender\":\"shop\",\"spans\":0,"));
    ck_assert(holds(&json, "{\"reason\":\"method\",\"requests\":1,\"protocol\":\"http\",\"sender\":\"(no certificate)\",\"spans\":0,"));
    ck_assert(holds(&json, "\"service\":\"shop\",\"requests\":8,\"refused\":7,"));
    buf_free(&json);
    report_free(r);
}
END_TEST

START_TEST(report_keeps_a_bound_on_names)
{
    struct report_options o = {.profiles = 1, .entities = entities, .entity_count = 3};
    struct report_log log = {.bad_leaf = SOURCE_NO_INDEX};
    struct report *r = NULL;
    struct buf json;
    char line[1024];

    ck_assert(period_parse(STR("2026-Q3"), &o.period));
    ck_assert_int_eq(report_new(&o, &r), RC_OK);
    for (unsigned i = 0; i < 30000; i++) {
        snprintf(line, sizeof(line),
            SIMPLE("\"build\":\"1\",\"conn\":{\"identity\":\"spiffe://example.org/%u\",\"tls\":\"TLSv1.3\"},", "refused", "expired", "%u", DAY_ONE,
                "handshake"),
            i, i);
        ck_assert_int_eq(report_add(r, i, str_of(line)), RC_OK);
    }
    ck_assert_int_eq(report_finish(r, &log, NULL, NULL), RC_OK);
    print(r, report_print_json, &json);
    ck_assert(holds(&json, "\"identity\":\"(others)\""));
    buf_free(&json);
    report_free(r);
}
END_TEST

START_TEST(period_parse_reads_and_refuses)
{
    static const struct {
        const char *text;
        uint64_t from, to;
        enum report_step step;
    } good[] = {{"2026-Q3", 1782864000, 1790812800, STEP_DAY}, {"2026-07", 1782864000, 1785542400, STEP_DAY},
        {"2026", 1767225600, 1798761600, STEP_WEEK}, {"2026-07-04", 1783123200, 1783209600, STEP_HOUR},
        {"2026-07-01..2026-09-30", 1782864000, 1790812800, STEP_DAY}, {"2024..2026", 1704067200, 1798761600, STEP_MONTH},
        {"2026-12", 1796083200, 1798761600, STEP_DAY}};
    static const char *const bad[] = {"", "2026-Q5", "2026-Q0", "2026-13", "2026-7", "x", "2026-07-32", "2026-09-30..2026-07-01", "1900..2026",
        "2026-07..", "2026-Q3 ", "2026-07-01..2026-09-30..2027"};
    struct report_period p;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_msg(period_parse(str_of(good[i].text), &p), "%s", good[i].text);
        ck_assert_uint_eq(p.from_us, good[i].from * 1000000);
        ck_assert_uint_eq(p.to_us, good[i].to * 1000000);
        ck_assert_int_eq(p.step, good[i].step);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!period_parse(str_of(bad[i]), &p), "%s", bad[i]);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &report_counts_what_entries_say},
    {"normal", &report_is_the_same_for_the_same_entries},
    {"normal", &report_keeps_slanted_labels_in_the_chart},
    {"malformed", &report_shows_no_control_characters},
    {"normal", &report_escapes_what_entries_hold},
    {"normal", &report_of_nothing_says_so},
    {"normal", &report_judges_controls_by_evidence},
    {"normal", &report_counts_an_entry_once_as_evidence},
    {"normal", &report_sees_when_no_rule_was_in_force},
    {"normal", &report_praises_nothing_that_did_not_happen},
    {"malformed", &report_counts_gaps_and_unreadable_entries},
    {"normal", &report_counts_starts_and_clock_steps_of_its_period_only},
    {"normal", &report_says_that_entries_of_the_period_were_removed},
    {"normal", &report_tells_who_got_checkpoints},
    {"normal", &report_counts_requests_that_were_not_read},
    {"limits", &report_keeps_a_bound_on_names},
    {"malformed", &period_parse_reads_and_refuses},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("report", cases);
}
