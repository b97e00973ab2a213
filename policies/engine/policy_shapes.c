#include <pthread.h>
#include <stdio.h>

#include "../action/action.h"
#include "policies/detector.h"
#include "policies/packs.h"
#include "policies/scanner.h"
#include "policies/shapes.h"

#define WORDS_MAX 1024

/* ---- words that tables of the program know; filled once, constant from then on ---- */

static const char *entities[WORDS_MAX], *uses[WORDS_MAX], *places[2 * PLACE_COUNT_ + 1], *actions[32];
static char written[PLACE_COUNT_][48];
static pthread_once_t filled = PTHREAD_ONCE_INIT;

static size_t
add(const char **list, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], word) == 0)
            return n;
    if (n + 1 < WORDS_MAX)
        list[n++] = word;
    return n;
}

static void
fill(void)
{
    size_t count, n = 0, d;
    const char *const *names = detector_names(&count);
    const struct detector *const *all = detectors_all(&d);

    for (size_t i = 0; i < count; i++)
        n = add(entities, n, names[i]);
    n = 0;
    names = packs_all(&count);
    for (size_t i = 0; i < count; i++)
        n = add(uses, n, names[i]);
    n = add(uses, n, "defaults");
    const struct scanner *const *scanners = scanners_all(&count);

    for (size_t i = 0; i < count; i++)
        n = add(uses, n, scanners[i]->name);
    for (size_t i = 0; i < d; i++)
        n = add(uses, n, all[i]->category);
    for (size_t p = 0; p < PLACE_COUNT_; p++) {
        const char *name = place_name((enum place)p);

        snprintf(written[p], sizeof(written[p]), "%s%s", name, place_is_attribute((enum place)p) ? ".*" : "");
        places[p] = written[p];
    }
    const struct action_type *const *types = action_types(&count);

    for (size_t i = 0; i < count && i + 1 < sizeof(actions) / sizeof(actions[0]); i++)
        actions[i] = types[i]->name;
}

static const char *const *
words_entities(void)
{
    pthread_once(&filled, fill);
    return entities;
}

static const char *const *
words_uses(void)
{
    pthread_once(&filled, fill);
    return uses;
}

static const char *const *
words_places(void)
{
    pthread_once(&filled, fill);
    return places;
}

const char *const *
shape_actions(void)
{
    pthread_once(&filled, fill);
    return actions;
}

struct shape_argument
shape_action_argument(const char *name)
{
    size_t count;
    const struct action_type *const *types = action_types(&count);
    struct shape_argument got = {0};

    for (size_t i = 0; i < count; i++)
        if (strcmp(types[i]->name, name) == 0)
            got = (struct shape_argument){types[i]->argument, types[i]->shape, false};
    for (const struct conf_field *f = got.of ? got.of->fields : NULL; f && f->name; f++)
        got.required |= f->required;
    return got;
}

/* ---- what both kinds have ---- */

static const char *const versions[] = {"spangate/v1", NULL};
static const char *const modes[] = {"enforce", "shadow", "off", NULL};

static const struct conf_field metadata_fields[] = {
    {"name", CONF_TEXT, .required = true, .doc = "In reports, metrics and the audit: 1 to 64 letters, digits, '.', '_', '/' or '-'"},
    {"revision", CONF_NUMBER, .min = 1, .max = INT64_MAX, .doc = "Rises with every change"},
    {"owner", CONF_TEXT, .doc = "Who answers for it"},
    {"controls", CONF_TEXTS, .doc = "What it serves: GDPR-Art25, PCI-DSS-3.4.1, ..."},
    {0},
};
const struct conf_shape shape_metadata = {"metadata", metadata_fields};

#define DOCUMENT(kinds, spec)                                                                              \
    {"apiVersion", CONF_WORD, .words = versions, .required = true, .doc = "Of the form of this document"}, \
        {"kind", CONF_WORD, .words = kinds, .required = true, .doc = "What the document is"},              \
        {"metadata", CONF_INNER, .of = &shape_metadata, .required = true, .doc = "Name and owner"},        \
        {"spec", CONF_INNER, .of = &spec, .required = true, .doc = "What it says"}, {0},

/* ---- RedactionPolicy ---- */

static const struct conf_field match_fields[] = {
    {"resource", CONF_VALUES, .doc = "Attributes of the resource, each with a value, a glob or a list of them; all must hold"},
    {0},
};
const struct conf_shape shape_match = {"match", match_fields};

static const char *const shapes[] = {"uuid", "hex", NULL};
static const struct conf_field hold_out_fields[] = {
    {"keys", CONF_TEXTS, .required = true, .doc = "Globs of keys"},
    {"shape", CONF_WORD, .words = shapes, .required = true, .doc = "The form that the value must have, too"},
    {0},
};
const struct conf_shape shape_hold_out = {"hold_out", hold_out_fields};

static const char *const severities[] = {"note", "low", "medium", "high", "0", "1", "2", "3", NULL};
static const char *const builtin[] = {"builtin", NULL};
static const char *const bare_digits[] = {"issuer_range_or_context", NULL};

#define DETECTOR_COMMON                                                                                            \
    {"context", CONF_TEXTS, .doc = "Words that support a match, in the key or before it"},                         \
        {"min_score", CONF_SHARE, .doc = "A match that a context word supports scores 1, one without scores 0.4"}, \
    {                                                                                                              \
        "severity", CONF_NUMBER, .min = 0, .max = 3, .doc = "Decides where matches overlap"                        \
    }
#define DETECTOR_BUILTIN                                                                                              \
    {"use", CONF_WORD, .words = builtin, .doc = "builtin: options of a detector that ships with the product"},        \
        {"checks", CONF_TEXTS, .doc = "Of CREDIT_CARD: [luhn, issuer_range], which it always does"},                  \
    {                                                                                                                 \
        "bare_digits", CONF_WORD, .words = bare_digits, .doc = "Of CREDIT_CARD: when digits without separators count" \
    }
#define DETECTOR_CUSTOM                                                                                      \
    {                                                                                                        \
        "regex", CONF_TEXT, .doc = "PCRE2; bytes, ASCII classes; the group (?<value>..) is what is redacted" \
    }

static const struct conf_field detector_fields[] = {DETECTOR_CUSTOM, DETECTOR_BUILTIN, DETECTOR_COMMON, {0}};
static const struct conf_field detector_builtin_fields[] = {DETECTOR_BUILTIN, DETECTOR_COMMON, {0}};
static const struct conf_field detector_custom_fields[] = {DETECTOR_CUSTOM, DETECTOR_COMMON, {0}};
const struct conf_shape shape_detector = {"detector", detector_fields};
const struct conf_shape shape_detector_builtin = {"detector_builtin", detector_builtin_fields};
const struct conf_shape shape_detector_custom = {"detector_custom", detector_custom_fields};

static const struct conf_field allow_fields[] = {
    {"exact", CONF_TEXTS, .doc = "Values that stay, byte for byte"},
    {"prefix", CONF_TEXTS, .doc = "How such values begin"},
    {"suffix", CONF_TEXTS, .doc = "How such values end"},
    {"cidr", CONF_TEXTS, .doc = "Networks whose addresses stay: 10.0.0.0/8"},
    {"domain", CONF_TEXTS, .doc = "Domains whose e-mail addresses stay"},
    {"sha256", CONF_TEXTS, .doc = "SHA-256, in hexadecimal, of values that stay and are not to be read here"},
    {0},
};
const struct conf_shape shape_allow = {"allow", allow_fields};
#define ALLOW                                                                                                                       \
    {                                                                                                                               \
        "allow", CONF_ITEMS, .of = &shape_allow, .doc = "Values that stay: texts, or {exact, prefix, suffix, cidr, domain, sha256}" \
    }

static const struct conf_field rule_fields[] = {
    {"id", CONF_TEXT, .required = true, .doc = "In findings, metrics and the audit"},
    {"keys", CONF_TEXTS, .doc = "Globs of attribute keys, regardless of case: the whole value, or where the other selector looks"},
    {"entity", CONF_WORDS, .words_of = words_entities, .doc = "What is looked for: the entity or the id of a detector; with regex: its label"},
    {"use", CONF_WORDS, .words_of = words_uses, .doc = "A pack, a scanner, a category of detectors, an entity"},
    {"detector", CONF_WORDS, .words_of = words_entities, .doc = "Detectors by id"},
    {"regex", CONF_TEXT, .doc = "PCRE2; bytes, ASCII classes; the group (?<value>..) is what is redacted"},
    {"context", CONF_TEXTS, .doc = "Of a regex: words that support a match, in the key or before it"},
    {"min_score", CONF_SHARE, .doc = "Of a regex: a match that a context word supports scores 1, one without scores 0.4"},
    {"action", CONF_EITHER, .words_of = shape_actions, .doc = "What is done with a match"},
    {"when", CONF_TEXT, .doc = "Destinations it is for: destination.jurisdiction != \"EU\""},
    {"mode", CONF_WORD, .words = modes, .doc = "shadow: found, counted and recorded, not changed"},
    {"since", CONF_DAY, .doc = "Since when the mode holds; lint asks for it beside shadow"},
    {"severity", CONF_WORD, .words = severities, .doc = "Decides where matches overlap"},
    {"places", CONF_WORDS, .words_of = words_places, .doc = "Where it looks, within scan"},
    ALLOW,
    {0},
};
const struct conf_shape shape_rule = {"rule", rule_fields};

static const char *const otherwise[] = {"scan", "drop", NULL};
static const struct conf_field keys_fields[] = {
    {"allow", CONF_TEXTS, .doc = "Globs of attribute keys that may pass, in their case; they are scanned"},
    {"otherwise", CONF_WORD, .words = otherwise, .required = true, .doc = "What becomes of the others"},
    {0},
};
const struct conf_shape shape_keys = {"keys", keys_fields};

static const char *const on_error[] = {"redact", "drop_span", "refuse", NULL};
static const struct conf_field redaction_spec_fields[] = {
    {"mode", CONF_WORD, .words = modes, .doc = "shadow: found, counted and recorded, not changed; a rule may narrow it"},
    {"since", CONF_DAY, .doc = "Since when the mode holds; lint asks for it beside shadow"},
    {"match", CONF_INNER, .of = &shape_match, .doc = "Resources it is for; every one when left out"},
    {"on_error", CONF_WORD, .words = on_error, .doc = "What becomes of a span with a text that could not be examined to its end"},
    {"scan", CONF_WORDS, .words_of = words_places, .doc = "Where rules look; everywhere when left out"},
    {"hold_out", CONF_INNERS, .of = &shape_hold_out, .doc = "Identifiers that must survive"},
    {"detectors", CONF_NAMED, .of = &shape_detector, .doc = "Detectors of one's own, and options of others"},
    {"rules", CONF_INNERS, .of = &shape_rule, .doc = "What is looked for, and what is done with it"},
    {"keys", CONF_INNER, .of = &shape_keys, .doc = "The list of keys that may pass"},
    ALLOW,
    {0},
};
const struct conf_shape shape_redaction_spec = {"redaction_spec", redaction_spec_fields};

static const char *const redaction_kind[] = {"RedactionPolicy", NULL};
static const struct conf_field redaction_fields[] = {DOCUMENT(redaction_kind, shape_redaction_spec)};
const struct conf_shape shape_redaction = {"RedactionPolicy", redaction_fields};

/* ---- ResidencyPolicy ---- */

static const struct conf_field origin_fields[] = {
    {"country", CONF_TEXT, .doc = "client.certificate.subject.C, client.identity, or an attribute that holds a country"},
    {"cloud_region", CONF_TEXT, .doc = "An attribute that holds a cloud region: resource.attributes.cloud.region"},
    {0},
};
const struct conf_shape shape_origin = {"origin", origin_fields};

static const char *const deny_word[] = {"deny", NULL};
static const struct conf_field unknown_origin_fields[] = {
    {"treat_as", CONF_TEXTS, .required = true, .doc = "A country or a group"},
    {0},
};
const struct conf_shape shape_unknown_origin = {"unknown_origin", unknown_origin_fields};

static const struct conf_field route_fields[] = {
    {"id", CONF_TEXT, .doc = "In the audit; the route's number when left out"},
    {"from", CONF_TEXTS, .required = true, .doc = "Countries, groups, or *"},
    {"to", CONF_TEXTS, .required = true, .doc = "Exporters, or *"},
    {"deny", CONF_BOOL, .doc = "Forbid instead; wins over every allowing route"},
    {"mechanism", CONF_TEXT, .doc = "Of a transfer: intra, adequacy, scc, ..."},
    {"reference", CONF_TEXT, .doc = "Where the mechanism is written down"},
    {"expires", CONF_DAY, .doc = "The day on which it ends"},
    {0},
};
const struct conf_shape shape_route = {"route", route_fields};

static const char *const scopes[] = {"span", "trace", NULL};
static const char *const unroutable[] = {"drop", "refuse", NULL};
static const struct conf_field residency_spec_fields[] = {
    {"mode", CONF_WORD, .words = modes, .doc = "shadow: decided and recorded, not applied"},
    {"origin", CONF_INNERS, .of = &shape_origin, .doc = "The first that answers names the origin; others that disagree narrow the routes"},
    {"unknown_origin", CONF_EITHER, .of = &shape_unknown_origin, .words = deny_word,
        .doc = "When nobody answers: deny, or as if it came from elsewhere"},
    {"groups", CONF_VALUES, .doc = "Names for lists of countries; EU and EEA are built in"},
    {"routes", CONF_INNERS, .of = &shape_route, .doc = "Nothing goes where no route leads"},
    {"trace_scope", CONF_WORD, .words = scopes, .doc = "trace: one restricted span keeps its trace at home"},
    {"on_unroutable", CONF_WORD, .words = unroutable, .doc = "What the sender is told when nothing may leave"},
    {0},
};
const struct conf_shape shape_residency_spec = {"residency_spec", residency_spec_fields};

static const char *const residency_kind[] = {"ResidencyPolicy", NULL};
static const struct conf_field residency_fields[] = {DOCUMENT(residency_kind, shape_residency_spec)};
const struct conf_shape shape_residency = {"ResidencyPolicy", residency_fields};
