/* Policies of both kinds, any text: a program or at least one error, and a program that comes to an end with a text under each of its rules. */
#include <stdlib.h>

#include "fuzz.h"
#include "policies/examine.h"
#include "policies/redact.h"

static void
use(struct program *prog)
{
    struct examiner *ex = examiner_new(prog);
    struct arena *ar = arena_new((size_t)64 << 20);
    const struct str text = STR("mail alice@example.org or 4111 1111 1111 1111, a=b%40c");
    struct findings f;
    struct str out;

    FUZZ_CHECK(ex && ar);
    enum rc rc = examine_text(ex, PLACE_SPAN_ATTRIBUTE, STR("user.email"), text, ar, &f);

    FUZZ_CHECK(rc == RC_OK);
    for (unsigned c = 0; c < program_class_count(prog); c++) {
        rc = redact_text(prog, &f, c, text, ar, &out);
        FUZZ_CHECK(rc == RC_OK);
        FUZZ_CHECK(out.len == 0 || str_utf8_valid(out));
    }
    arena_free(ar);
    examiner_free(ex);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct destination_info there[] = {{STR("eu"), STR("EU"), STR("DE")}, {STR("us"), STR("US"), STR("US")}};
    const char *files[] = {"fuzz.yaml"};
    struct str texts[] = {{(const char *)data, size}};
    const struct program_source src = {.files = files, .texts = texts, .file_count = 1, .destinations = there, .destination_count = 2};
    struct program *prog = NULL;
    struct errs es = {0};

    if (size == 0)
        return 0;
    enum rc rc = program_compile(&src, &prog, &es);

    FUZZ_CHECK((rc == RC_OK) == (prog != NULL) && (rc == RC_OK || es.errors > 0));
    if (prog)
        use(prog);
    program_unref(prog);
    errs_free(&es);
    return 0;
}

#define REDACTS "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec:\n"

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const char *const seeds[] = {
        REDACTS "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {replace: '<E>'}}\n    - {id: c, entity: CREDIT_CARD, action: {mask: "
                "{keep_last: 4}}}\n",
        REDACTS
        "  scan: [span.attributes.*]\n  on_error: drop_span\n  hold_out: [{keys: [a.*], shape: uuid}]\n  keys: {allow: [user.*], otherwise: drop}\n"
        "  rules:\n    - {id: k, keys: [user.*], action: {truncate: {to: 3}}, when: destination.jurisdiction != \"EU\"}\n",
        REDACTS "  match: {resource: {a: [x, 'y*']}}\n  allow: {values: [a]}\n  detectors: {MINE: {regex: '(?<value>[a-z]+)@', context: [mail]}}\n"
                "  rules:\n    - {id: r, entity: MINE, action: drop, mode: shadow, severity: high}\n    - {id: u, use: url}\n",
        "apiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: s}\nspec:\n  mode: enforce\n  origin: [{country: "
        "client.certificate.subject.C}, "
        "{cloud_region: resource.attributes.cloud.region}]\n  groups: {x: [DE, FR]}\n  unknown_origin: {treat_as: [US]}\n  routes:\n"
        "    - {id: a, from: [x, EEA], to: [eu], mechanism: scc, until: 2027-01-01}\n    - {from: ['*'], deny: [us]}\n",
    };

    return n < sizeof(seeds) / sizeof(seeds[0]) && buf_append(out, str_of(seeds[n])) == RC_OK;
}
