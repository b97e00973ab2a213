#include "policies/detector.h"
#include "policies/inspect.h"
#include "policies/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/digest.h"
#include "base_nomem.h"
#include "base_suite.h"
#include "policies_program.h"

/* The policy of the manual: payments.policy.yaml with the residency policy beside it. */
static const char manual[] = "apiVersion: spangate/v1\n"
                             "kind: RedactionPolicy\n"
                             "metadata:\n"
                             "  name: payments-pii\n"
                             "  revision: 12\n"
                             "  owner: privacy@example.org\n"
                             "  controls: [GDPR-Art25, GDPR-Art5-1c, PCI-DSS-3.4.1]\n"
                             "spec:\n"
                             "  mode: enforce\n"
                             "  match: {resource: {service.namespace: [payments, checkout]}}\n"
                             "  on_error: drop_span\n"
                             "  scan:\n"
                             "    - resource.attributes.*\n"
                             "    - scope.attributes.*\n"
                             "    - span.name\n"
                             "    - span.attributes.*\n"
                             "    - span.status.message\n"
                             "    - spanevent.name\n"
                             "    - spanevent.attributes.*\n"
                             "    - spanlink.attributes.*\n"
                             "    - span.trace_state\n"
                             "  hold_out:\n"
                             "    - {keys: [service.instance.id, k8s.pod.uid, session.id], shape: uuid}\n"
                             "    - {keys: [\"*.trace_id\", \"*.span_id\"], shape: hex}\n"
                             "  detectors:\n"
                             "    CREDIT_CARD: {use: builtin, checks: [luhn, issuer_range], bare_digits: issuer_range_or_context}\n"
                             "    LOYALTY_ID:\n"
                             "      regex: '\\bLY-(?<id>\\d{8})\\b'\n"
                             "      context: [loyalty, member]\n"
                             "      min_score: 0.5\n"
                             "  rules:\n"
                             "    - id: drop-auth-headers\n"
                             "      keys: [http.request.header.authorization, http.request.header.cookie, http.response.header.set-cookie]\n"
                             "      action: drop\n"
                             "    - id: url-signatures\n"
                             "      use: semconv-url\n"
                             "    - id: email\n"
                             "      entity: EMAIL_ADDRESS\n"
                             "      action: {hash: {key: pseudonym-2026, format: \"email_{hex16}\"}}\n"
                             "    - id: card\n"
                             "      entity: CREDIT_CARD\n"
                             "      action: {mask: {char: \"*\", keep_last: 4}}\n"
                             "    - id: client-ip-outside-eu\n"
                             "      entity: IP_ADDRESS\n"
                             "      when: destination.jurisdiction != \"EU\"\n"
                             "      action: {generalize: {ipv4_prefix: 24, ipv6_prefix: 48}}\n"
                             "    - id: loyalty\n"
                             "      entity: LOYALTY_ID\n"
                             "      mode: shadow\n"
                             "      action: {replace: \"<LOYALTY_ID>\"}\n"
                             "  keys:\n"
                             "    allow: [http.*, url.path, server.*, rpc.*, db.system.name]\n"
                             "    otherwise: scan\n"
                             "---\n"
                             "apiVersion: spangate/v1\n"
                             "kind: ResidencyPolicy\n"
                             "metadata: {name: eu-stays, revision: 3, controls: [GDPR-Ch5]}\n"
                             "spec:\n"
                             "  mode: enforce\n"
                             "  origin:\n"
                             "    - {country: client.certificate.subject.C}\n"
                             "  routes:\n"
                             "    - {from: [DE], to: [otlp_grpc/eu]}\n"
                             "---\n"
                             "apiVersion: spangate/v1\n"
                             "kind: PolicyTest\n"
                             "policies: [payments.policy.yaml]\n";

START_TEST(program_compile_reads_the_manual_policy)
{
    struct program *p = program_of(manual);

    ck_assert_uint_eq(program_policy_count(p), 2);
    struct policy_info po = program_policy(p, 0);

    ck_assert_str_eq(po.name, "payments-pii");
    ck_assert_str_eq(po.kind, "RedactionPolicy");
    ck_assert_str_eq(po.owner, "privacy@example.org");
    ck_assert_str_eq(po.controls, "GDPR-Art25 GDPR-Art5-1c PCI-DSS-3.4.1");
    ck_assert_uint_eq(po.revision, 12);
    ck_assert_int_eq(po.mode, RULE_ENFORCE);
    ck_assert_str_eq(program_policy(p, 1).kind, "ResidencyPolicy");
    ck_assert_uint_eq(program_policy(p, 1).revision, 3);

    struct rule_info r = program_rule(p, rule_of(p, "email", NULL));

    ck_assert_str_eq(r.policy, "payments-pii");
    ck_assert_str_eq(r.entity, "EMAIL_ADDRESS");
    ck_assert_str_eq(r.action, "hash");
    ck_assert_int_eq(program_rule(p, rule_of(p, "loyalty", NULL)).mode, RULE_SHADOW);
    ck_assert_str_eq(program_rule(p, rule_of(p, "drop-auth-headers", NULL)).action, "drop");
    ck_assert_uint_eq(strlen(program_digest(p)), 64);
    ck_assert_uint_eq(program_destination_count(p), 2);
    ck_assert(str_eq(program_destination(p, 1), STR("otlp_http/us")));
    program_unref(p);
}
END_TEST

START_TEST(program_class_is_shared_by_destinations_with_the_same_rules)
{
    struct program *p = program_of(manual);

    ck_assert_uint_eq(program_class_count(p), 2);
    ck_assert_uint_ne(program_class(p, 0), program_class(p, 1));
    program_unref(p);
    p = program_of(POLICY("p") "  rules:\n    - {id: mail, entity: EMAIL_ADDRESS, action: drop}\n");
    ck_assert_uint_eq(program_class_count(p), 1);
    ck_assert_uint_eq(program_class(p, 0), program_class(p, 1));
    program_unref(p);
}
END_TEST

/* Which of the two destinations a condition chooses: bit 0 EU, bit 1 US. */
START_TEST(program_when_chooses_destinations)
{
    static const struct {
        const char *when;
        unsigned eu, us;
    } rows[] = {
        {"destination.jurisdiction != \"EU\"", 0, 1},
        {"destination.jurisdiction == \"EU\"", 1, 0},
        {"destination.jurisdiction == EU", 1, 0},
        {"destination.country in [\"US\", \"CA\"]", 0, 1},
        {"destination.country not in [US, CA]", 1, 0},
        {"destination.country in ['DE','US']", 1, 1},
        {"destination.name == \"otlp_grpc/eu\"", 1, 0},
        {"destination.name != 'otlp_grpc/eu' and destination.country == US", 0, 1},
        {"destination.jurisdiction==\"EU\" and destination.country==\"US\"", 0, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char yaml[512];
        struct gate_small g;

        snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - id: r\n      regex: 'secret'\n      action: {replace: X}\n      when: %s\n",
            rows[i].when);
        small_open(&g, yaml);
        const char *json = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"a secret\"}]}]}]}";

        ck_assert_msg((strstr(small_pass(&g, 0, json), "secret") == NULL) == rows[i].eu, "row %zu EU", i);
        ck_assert_msg((strstr(small_pass(&g, 1, json), "secret") == NULL) == rows[i].us, "row %zu US", i);
        small_close(&g);
    }
}
END_TEST

/* What a destination does not say may be what the rule is for. */
START_TEST(program_when_holds_where_the_destination_says_nothing)
{
    static const char *const whens[] = {"destination.country == DE", "destination.country != DE", "destination.country in [DE, FR]",
        "destination.country not in [DE]", "destination.jurisdiction == EU and destination.country == DE"};
    static const struct destination_info silent[] = {{{"otlp_grpc/eu", 12}, {"EU", 2}, {NULL, 0}}, {{"otlp_grpc/fi", 12}, {"EU", 2}, {"FI", 2}}};

    for (size_t i = 0; i < sizeof(whens) / sizeof(whens[0]); i++) {
        char yaml[512];
        struct errs es = {0};
        char path[] = TEMPORARY;
        const char *files[] = {path};
        struct program *prog = NULL;

        snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - id: r\n      regex: 'secret'\n      action: drop\n      when: %s\n", whens[i]);
        temporary_file(path, yaml);
        struct program_source src = program_source_of(files, 1);

        src.destinations = silent;
        ck_assert_int_eq(program_compile(&src, &prog, &es), RC_OK);
        ck_assert_uint_eq(program_rule_scope(prog, 0).destinations & 1, 1);
        ck_assert_uint_eq(es.list[0].code, 430);
        errs_free(&es);
        program_unref(prog);
        unlink(path);
    }
}
END_TEST

START_TEST(program_digest_is_that_of_the_bytes)
{
    struct program *a = program_of(manual), *b = program_of(manual);
    struct program *c = program_of(POLICY("p") "  rules:\n    - {id: mail, entity: EMAIL_ADDRESS, action: drop}\n");
    uint8_t sum[SHA256_SIZE];
    char hex[2 * SHA256_SIZE];

    ck_assert_int_eq(digest_sha256(str_of(manual), sum), RC_OK);
    digest_hex((struct str){(const char *)sum, sizeof(sum)}, hex);
    ck_assert_int_eq(memcmp(program_digest(a), hex, sizeof(hex)), 0);
    ck_assert_str_eq(program_digest(a), program_digest(b));
    ck_assert_str_ne(program_digest(a), program_digest(c));
    program_unref(a);
    program_unref(b);
    program_unref(c);
}
END_TEST

START_TEST(program_leaves_dollar_braces_alone_when_compiled)
{
    /* The digest names what is enforced: nothing from the environment may change it. */
    ck_assert_int_eq(setenv("PROGRAM_TEST", "boom", 1), 0);
    struct program *p = program_of("apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p, owner: \"${env:PROGRAM_TEST}\"}\nspec: {}\n");

    ck_assert_str_eq(program_policy(p, 0).owner, "${env:PROGRAM_TEST}");
    program_unref(p);
}
END_TEST

/* ---- refusals ---- */

struct refusal {
    const char *spec; /* lines after POLICY("p") */
    unsigned code;    /* 0: one of the readers of base */
    const char *at;   /* the error stands at the last place where this is in spec */
    const char *text; /* part of the message */
    const char *hint; /* part of the hint */
};

/* The last place of needle in hay. */
static const char *
find_last(const char *hay, const char *needle)
{
    const char *last = NULL;

    for (const char *p = hay; (p = strstr(p, needle)) != NULL; p++)
        last = p;
    ck_assert_ptr_nonnull(last);
    return last;
}

static void
check_refusal(const struct refusal *r)
{
    char yaml[2048];
    struct errs es = {0};
    struct program *p = NULL;
    unsigned line = 1, col = 1;

    snprintf(yaml, sizeof(yaml), "%s%s", POLICY("p"), r->spec);
    const char *at = find_last(yaml, r->at);

    for (const char *c = yaml; c < at; c++) {
        col = *c == '\n' ? 1 : col + 1;
        line += *c == '\n';
    }
    ck_assert_msg(program_try(yaml, &p, &es) == RC_CONFIG, "accepted: %s", r->spec);
    ck_assert_ptr_null(p);
    const struct err *e = es.list;

    while (e < es.list + es.count && (r->code ? e->code != r->code : !strstr(e->text, r->text)))
        e++;
    if (e == es.list + es.count)
        errs_print(&es, stderr, false);
    ck_assert_msg(e < es.list + es.count, "no SG%04u: %s", r->code, r->spec);
    ck_assert_msg(e->line == line && e->col == col, "%u:%u instead of %u:%u: %s", e->line, e->col, line, col, r->spec);
    ck_assert_msg(strstr(e->text, r->text) != NULL, "'%s' for %s", e->text, r->spec);
    ck_assert_msg(strstr(e->hint, r->hint) != NULL, "hint '%s' for %s", e->hint, r->spec);
    errs_free(&es);
}

/* One rule of the form {id: a, <...>}. */
#define RULE(members) "  rules:\n    - {id: a, " members "}\n"
#define MAIL "entity: EMAIL_ADDRESS, "
#define WHEN(condition) "  rules:\n    - id: a\n      entity: IP_ADDRESS\n      action: drop\n      when: " condition "\n"

START_TEST(program_refuses_with_code_place_and_nearest_name)
{
    static const struct refusal rows[] = {
        {RULE("entity: EMAIL_ADRESS, action: drop"), 412, "EMAIL_ADRESS", "unknown entity EMAIL_ADRESS", "did you mean EMAIL_ADDRESS?"},
        {RULE("entity: [IP_ADDRESS, IBAM], action: drop"), 412, "IBAM", "unknown entity", "did you mean IBAN?"},
        {RULE("detector: contact.emial, action: drop"), 412, "contact.emial", "contact.emial", "contact.email"},
        {RULE(MAIL "action: mash"), 413, "mash", "unknown action mash", "did you mean "},
        {RULE(MAIL "action: {hsah: {key: x}}"), 413, "hsah", "unknown action hsah", "did you mean hash?"},
        {RULE(MAIL "action: [drop]"), 413, "[drop]", "an action is a name", "write"},
        {RULE(MAIL "action: {drop: 1}"), 414, "1}", "takes no argument", ""},
        {RULE(MAIL "action: hash"), 414, "hash", "no hash without", ""},
        {RULE(MAIL "action: {truncate: {}}"), 414, "{}", "needs `to`", ""},
        {RULE(MAIL "action: truncate"), 414, "truncate", "needs `to`", ""},
        {RULE(MAIL "action: {mask: {char: a}}"), 414, "a}}", "char must be", ""},
        {RULE(MAIL "action: {mask: {char: \"-\"}}"), 414, "\"-\"", "char must be", ""},
        {RULE(MAIL "action: {mask: {char: \"**\"}}"), 414, "\"**", "char must be", ""},
        {RULE(MAIL "action: {mask: {keep: 4}}"), 0, "keep", "keep", "keep_"},
        {RULE(MAIL "action: {replace: \"{entty}\"}"), 414, "\"{entty", "unknown variable", "entity"},
        {RULE(MAIL "action: {hash: {key: pseudonym-2025}}"), 417, "pseudonym-2025", "pseudonym-2025", "pseudonym-2026"},
        {RULE(MAIL "action: {hash: {key: short-key}}"), 424, "short-key", "fewer than", ""},
        {RULE(MAIL "action: {hash: {key: other-key, format: \"x\"}}"), 414, "\"x\"", "{hexN}", ""},
        {RULE(MAIL "action: {hash: {key: other-key, format: \"x{hex8}\"}}"), 414, "\"x{", "hex8", ""},
        {RULE(MAIL "action: {hash: {key: other-key, tenant: span.attributes.shop}}"), 414, "span.attributes.shop", "resource.attributes.KEY", ""},
        {RULE(MAIL "action: drop, since: 2026-02-31"), 428, "2026-02-31", "YYYY-MM-DD", ""},
        {RULE(MAIL "action: {generalize: {ipv4_prefix: 32}}"), 0, "32", "32", ""},
        {"  rules:\n    - {id: a, entity: EMAIL_ADDRESS}\n", 403, "{id", "has no action", ""},
        {"  rules:\n    - {entity: EMAIL_ADDRESS, action: drop}\n", 403, "{entity", "needs an id", ""},
        {RULE("action: drop"), 411, "{id", "says nothing", ""},
        {RULE("keys: [], action: drop"), 403, "[]", "at least one", ""},
        {RULE("keys: [\"\"], action: drop"), 421, "\"\"", "1 to 256", ""},
        {RULE("keys: [span.attributes.user.email], action: drop"), 431, "span.attributes.user", "without their place", "write user.email"},
        {"  hold_out: [{keys: [resource.attributes.host.id], shape: uuid}]\n", 431, "resource.a", "without their place", "host.id"},
        {"  scan: [span.name]\n" RULE("keys: [user.email], action: drop"), 415, "[user.email", "in no place that has any", ""},
        {"  keys: {allow: [a]}\n", 403, "{allow", "needs otherwise", "drop: they go"},
        {RULE("use: semconv-uri"), 422, "semconv-uri", "semconv-uri", "semconv-url"},
        {RULE("use: contact, entity: IP_ADDRESS, action: drop"), 427, "{id", "exclude each other", ""},
        {RULE("entity: IP_ADDRESS, context: [x], action: drop"), 427, "{id", "belong to a regex", ""},
        {"  rules:\n    - {id: a, entity: IP_ADDRESS, action: drop}\n    - {id: a, entity: IP_ADDRESS, action: drop}\n", 410, "a, entity",
            "there already", "line 6"},
        {"  rules:\n    - {id: 'a b', entity: IP_ADDRESS, action: drop}\n", 404, "'a b'", "a rule's id", ""},
        {RULE(MAIL "action: drop, places: [span.nmae]"), 415, "span.nmae", "unknown place span.nmae", "span.name"},
        {RULE(MAIL "action: drop, places: [span.attributes.user]"), 415, "span.attributes.user", "unknown place", "`keys`"},
        {"  scan: [span.name]\n" RULE(MAIL "action: drop, places: [scope.name]"), 415, "[scope.name", "does not scan", ""},
        {"  scan: [spn.name]\n", 415, "spn.name", "unknown place", "span.name"},
        {"  scan: []\n", 403, "[]", "at least one", ""},
        {WHEN("destination.juristiction == EU"), 418, "destination.j", "unknown", "destination.jurisdiction"},
        {WHEN("destination.country = EU"), 418, "destination.c", "==, != or in", "write"},
        {WHEN("destination.country in [US"), 418, "destination.c", "is expected", ""},
        {WHEN("destination.country in []"), 418, "destination.c", "a value", ""},
        {WHEN("destination.country == \"US"), 418, "destination.c", "a value", ""},
        {WHEN("destination.country == US or x"), 418, "destination.c", "and is expected", ""},
        {WHEN("destination.country == ZZ"), 419, "destination.c", "ZZ", ""},
        {WHEN("destination.name == otlp_grpc/ue"), 419, "destination.n", "otlp_grpc/ue", "otlp_grpc/eu"},
        {"  detectors: {MINE: {context: [x]}}\n", 423, "MINE", "needs `regex`", ""},
        {"  detectors: {MINE: {regex: 'x', min_score: 7}}\n", 423, "7", "from 0 to 1", ""},
        {"  detectors: {CREDIT_CARD: {regex: 'x'}}\n", 427, "CREDIT", "is a built-in", "another name"},
        {"  detectors: {CREDIT_CAR: {use: builtin}}\n", 412, "CREDIT_CAR", "CREDIT_CAR", "CREDIT_CARD"},
        {"  detectors: {CREDIT_CARD: {use: builtin, checks: [luhn]}}\n", 423, "[luhn]", "always checks", ""},
        {"  detectors: {EMAIL_ADDRESS: {use: builtin, checks: [luhn]}}\n", 423, "[luhn]", "no such option", ""},
        {"  match: {resource: {}}\n", 403, "{}", "map of attribute keys", ""},
        {"  hold_out: [{keys: [a]}]\n", 403, "{keys", "proves nothing", ""},
        {"  ruls: []\n", 0, "ruls", "ruls", "rules"},
        {"  mode: enforced\n", 0, "enforced", "enforced", "enforce"},
        {"  on_error: allow\n", 0, "allow", "allow", "redact"},
        {"  keys: {allow: [a], otherwise: pass}\n", 0, "pass", "pass", "scan"},
        {RULE(MAIL "action: drop, mode: onn"), 0, "onn", "onn", "enforce"},
        {RULE(MAIL "action: drop, severity: 4"), 0, "4", "4", ""},
        {RULE(MAIL "action: drop, sevrity: 2"), 0, "sevrity", "sevrity", "severity"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_refusal(&rows[i]);
}
END_TEST

/* What does not fit would never be looked for. */
START_TEST(program_refuses_more_entities_in_a_rule_than_it_keeps)
{
    struct buf yaml = BUF_INIT(1u << 20);
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(buf_append(&yaml, str_of(POLICY("p") "  rules:\n    - {id: a, action: drop, entity: [US_SSN")), RC_OK);
    for (unsigned i = 0; i < 600; i++)
        ck_assert_int_eq(buf_append(&yaml, STR(", US_SSN")), RC_OK);
    ck_assert_int_eq(buf_append(&yaml, (struct str){", EMAIL_ADDRESS]}\n", sizeof(", EMAIL_ADDRESS]}\n")}), RC_OK);
    ck_assert_int_eq(program_try(yaml.ptr, &p, &es), RC_CONFIG);
    errs_free(&es);
    buf_free(&yaml);
}
END_TEST

START_TEST(program_refuses_regex_at_its_place)
{
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(program_try(POLICY("p") "  rules:\n    - {id: a, regex: 'a(b', action: drop}\n", &p, &es), RC_CONFIG);
    ck_assert_uint_ge(es.errors, 1);
    ck_assert_uint_eq(es.list[0].line, 6);
    ck_assert_uint_ge(es.list[0].col, 22);
    errs_free(&es);
    es = (struct errs){0};
    ck_assert_int_eq(
        program_try(POLICY("p") "  detectors: {MINE: {regex: 'x*'}}\n  rules:\n    - {id: a, entity: MINE, action: drop}\n", &p, &es), RC_CONFIG);
    ck_assert_uint_eq(es.list[0].line, 5);
    errs_free(&es);
}
END_TEST

START_TEST(program_reports_all_errors_of_all_documents_at_once)
{
    static const char yaml[] =
        "apiVersion: spangate/v2\nkind: RedactionPolicy\nmetadata: {name: p, color: red}\nspec:\n"
        "  rules:\n    - {id: a, entity: NOTHING_LIKE_IT, action: drop}\n    - {id: b, action: drop}\n"
        "---\napiVersion: spangate/v1\nkind: RedactionPolcy\nspec: {}\n"
        "---\napiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec: {scan: [nowhere]}\n"
        "---\napiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: r}\nspec: {routes: [{from: [DE], to: [no/such]}]}\n";
    static const unsigned codes[] = {401, 412, 411, 402, 405, 415};
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(program_try(yaml, &p, &es), RC_CONFIG);
    for (size_t c = 0; c < sizeof(codes) / sizeof(codes[0]); c++) {
        bool found = false;

        for (size_t i = 0; i < es.count; i++)
            found |= es.list[i].code == codes[c];
        ck_assert_msg(found, "no SG%04u", codes[c]);
    }
    ck_assert_uint_ge(es.errors, 8); /* and the unknown key, and the destination of the route */
    errs_free(&es);
}
END_TEST

START_TEST(program_refuses_files_it_cannot_read)
{
    const char *files[] = {"/nonexistent/policy.yaml"};
    struct program_source src = {.files = files, .file_count = 1};
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(program_compile(&src, &p, &es), RC_CONFIG);
    ck_assert_uint_eq(es.list[0].code, 408);
    ck_assert_str_eq(es.list[0].file, files[0]);
    errs_free(&es);
}
END_TEST

START_TEST(program_warns_when_nothing_is_enforced)
{
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(program_try(POLICY("p") "  mode: shadow\n  rules:\n    - {id: a, entity: IP_ADDRESS, action: drop}\n", &p, &es), RC_OK);
    ck_assert_uint_eq(es.warnings, 1);
    ck_assert_uint_eq(es.list[0].code, 407);
    errs_free(&es);
    program_unref(p);
}
END_TEST

START_TEST(program_warns_of_replacements_that_are_found_again)
{
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(program_try(POLICY("p") "  rules:\n    - {id: a, entity: IP_ADDRESS, action: {replace: none@example.org}}\n"
                                             "    - {id: b, entity: EMAIL_ADDRESS, action: {replace: \"[{entity}]\"}}\n",
                         &p, &es),
        RC_OK);
    ck_assert_uint_eq(es.warnings, 1);
    ck_assert_uint_eq(es.list[0].code, 425);
    ck_assert_ptr_nonnull(strstr(es.list[0].text, "rule a"));
    errs_free(&es);
    program_unref(p);
}
END_TEST

START_TEST(program_every_pack_selects_something)
{
    static const char *const packs[] = {"semconv-url", "semconv-pii", "defaults", "contact", "financial", "government", "network", "secret"};

    for (size_t i = 0; i < sizeof(packs) / sizeof(packs[0]); i++) {
        char yaml[256];

        snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: r, use: %s, action: {replace: \"[{entity}]\"}}\n", packs[i]);
        struct program *p = program_of(yaml);

        ck_assert_msg(program_rule_count(p) >= 1, "%s", packs[i]);
        program_unref(p);
    }
}
END_TEST

/* Whether a program of this one rule has a rule for the entity. */
static bool
selects(const char *use, const char *entity)
{
    char yaml[256];
    bool found = false;

    snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: r, use: %s, action: {replace: \"[{entity}]\"}}\n", use);
    struct program *p = program_of(yaml);

    for (size_t i = 0; i < program_rule_count(p); i++)
        found |= strcmp(program_rule(p, i).entity, entity) == 0;
    program_unref(p);
    return found;
}

START_TEST(program_category_leaves_out_what_is_of_one_country_or_trade)
{
    size_t count, seen[3] = {0};
    const struct detector *const *all = detectors_all(&count);

    for (size_t i = 0; i < count; i++) {
        bool alone = true; /* of its entity */

        for (size_t k = 0; k < count && alone; k++)
            alone = k == i || strcmp(all[k]->entity, all[i]->entity) != 0;
        if (!alone || seen[all[i]->tier]++ >= 4)
            continue;
        ck_assert_msg(selects(all[i]->category, all[i]->entity) == (all[i]->tier != TIER_C), "%s by its category", all[i]->id);
        ck_assert_msg(selects(all[i]->id, all[i]->entity), "%s by its id", all[i]->id);
        ck_assert_msg(selects(all[i]->entity, all[i]->entity), "%s by its entity", all[i]->id);
    }
    ck_assert_uint_ge(seen[TIER_A], 4);
    ck_assert_uint_ge(seen[TIER_C], 4);
}
END_TEST

START_TEST(program_semconv_url_selects_query_keys_and_user_info)
{
    struct program *p = program_of(POLICY("p") "  rules:\n    - {id: r, use: semconv-url}\n");

    ck_assert_uint_eq(program_rule_count(p), 2);
    program_unref(p);
}
END_TEST

START_TEST(program_uses_the_rules_of_a_pack_as_the_rule_says)
{
    struct program *p = program_of(POLICY("p") "  rules:\n    - {id: all, use: [semconv-pii, semconv-url]}\n"
                                               "    - {id: mine, use: semconv-pii, mode: shadow, action: drop}\n");
    size_t replaced = 0, dropped = 0;

    for (size_t i = 0; i < program_rule_count(p); i++) {
        struct rule_info r = program_rule(p, i);
        bool all = strcmp(r.id, "all") == 0;

        ck_assert_str_eq(r.id, all ? "all" : "mine");
        ck_assert_str_eq(r.action, all ? "replace" : "drop");
        ck_assert_int_eq(r.mode, all ? RULE_ENFORCE : RULE_SHADOW);
        *(all ? &replaced : &dropped) += 1;
    }
    ck_assert_uint_gt(dropped, 1);
    ck_assert_uint_eq(replaced, dropped + 2);
    program_unref(p);
}
END_TEST

START_TEST(program_reads_a_pack_by_its_name)
{
    const char *files[] = {"pack:semconv-url"}, *wrong[] = {"pack:no-such"};
    const struct program_source src = program_source_of(files, 1), bad = program_source_of(wrong, 1);
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(program_compile(&src, &p, &es), RC_OK);
    ck_assert_str_eq(program_policy(p, 0).name, "semconv-url");
    program_unref(p);
    p = NULL;
    ck_assert_int_eq(program_compile(&bad, &p, &es), RC_CONFIG);
    ck_assert_uint_eq(es.list[0].code, 408);
    errs_free(&es);
}
END_TEST

START_TEST(program_refuses_more_rules_than_it_holds)
{
    struct buf yaml = BUF_INIT(1u << 20);
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(buf_append(&yaml, str_of(POLICY("p") "  rules:\n")), RC_OK);
    for (int i = 0; i < PROGRAM_RULES_MAX + 1; i++)
        ck_assert_int_eq(buf_printf(&yaml, "    - {id: r%d, keys: [k%d], action: drop}\n", i, i), RC_OK);
    ck_assert_int_eq(buf_append_byte(&yaml, '\0'), RC_OK);
    ck_assert_int_eq(program_try(yaml.ptr, &p, &es), RC_CONFIG);
    ck_assert_uint_eq(es.list[0].code, 406);
    errs_free(&es);
    buf_free(&yaml);
}
END_TEST

START_TEST(program_compile_survives_every_allocation_that_fails)
{
    char path[] = TEMPORARY;
    const char *files[] = {path};
    struct program_source src = program_source_of(files, 1);

    temporary_file(path, manual);
    for (long n = 1; nomem_round(n); n++) {
        struct errs es = {0};
        struct program *p = NULL;
        enum rc rc = program_compile(&src, &p, &es);
        bool failed = nomem_end();

        ck_assert_msg(rc == RC_OK ? p != NULL : p == NULL, "allocation %ld", n);
        program_unref(p);
        errs_free(&es);
        if (!failed)
            break;
    }
    unlink(path);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &program_compile_reads_the_manual_policy},
    {"normal", &program_class_is_shared_by_destinations_with_the_same_rules},
    {"normal", &program_when_chooses_destinations},
    {"normal", &program_when_holds_where_the_destination_says_nothing},
    {"normal", &program_digest_is_that_of_the_bytes},
    {"normal", &program_leaves_dollar_braces_alone_when_compiled},
    {"normal", &program_warns_when_nothing_is_enforced},
    {"normal", &program_warns_of_replacements_that_are_found_again},
    {"normal", &program_every_pack_selects_something},
    {"normal", &program_uses_the_rules_of_a_pack_as_the_rule_says},
    {"normal", &program_reads_a_pack_by_its_name},
    {"normal", &program_category_leaves_out_what_is_of_one_country_or_trade},
    {"normal", &program_semconv_url_selects_query_keys_and_user_info},
    {"malformed", &program_refuses_with_code_place_and_nearest_name},
    {"limits", &program_refuses_more_entities_in_a_rule_than_it_keeps},
    {"malformed", &program_refuses_regex_at_its_place},
    {"malformed", &program_reports_all_errors_of_all_documents_at_once},
    {"malformed", &program_refuses_files_it_cannot_read},
    {"limits", &program_refuses_more_rules_than_it_holds},
    {"nomem", &program_compile_survives_every_allocation_that_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("program", cases);
}
