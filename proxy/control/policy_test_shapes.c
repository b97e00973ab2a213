/* The shapes of PolicyTest documents. */
#include "policy_test_int.h"

static const char *const versions[] = {"spangate/v1", NULL};
static const char *const kind[] = {"PolicyTest", NULL};

static const struct conf_field destination_fields[] = {
    {"jurisdiction", CONF_TEXT, .required = true, .doc = "Whose law it is under: EU, US, ..."},
    {"country", CONF_TEXT, .doc = "Where it stands, ISO 3166-1"},
    {0},
};
const struct conf_shape shape_test_destination = {"test_destination", destination_fields};

static const struct conf_field strings_fields[] = {
    {"match", CONF_ITEMS, .doc = "Texts, or {key, text}, in which the entity is found"},
    {"no_match", CONF_ITEMS, .doc = "Texts, or {key, text}, in which it is not"},
    {0},
};
const struct conf_shape shape_test_strings = {"test_strings", strings_fields};

static const struct conf_field scope_fields[] = {
    {"name", CONF_ANY, .doc = "Name of the scope"},
    {"version", CONF_ANY, .doc = "Version of the scope"},
    {"attributes", CONF_VALUES, .doc = "Attributes of the scope"},
    {0},
};
const struct conf_shape shape_test_scope = {"test_scope", scope_fields};

static const struct conf_field event_fields[] = {
    {"name", CONF_ANY, .doc = "Name of the event"},
    {"attributes", CONF_VALUES, .doc = "Attributes of the event"},
    {0},
};
const struct conf_shape shape_test_event = {"test_event", event_fields};

static const struct conf_field link_fields[] = {
    {"trace_state", CONF_ANY, .doc = "Trace state of the link"},
    {"attributes", CONF_VALUES, .doc = "Attributes of the link"},
    {0},
};
const struct conf_shape shape_test_link = {"test_link", link_fields};

static const struct conf_field status_fields[] = {
    {"message", CONF_ANY, .doc = "Status message"},
    {0},
};
const struct conf_shape shape_test_status = {"test_status", status_fields};

static const struct conf_field span_fields[] = {
    {"name", CONF_ANY, .doc = "Name of the span"},
    {"trace_state", CONF_ANY, .doc = "Trace state"},
    {"attributes", CONF_VALUES,
        .doc = "Attributes: text, [list], {map}, {int: 7}, {double: 1.5}, {bool: true}, {bytes: x}; expected: unchanged, absent, {regex: ..}"},
    {"events", CONF_INNERS, .of = &shape_test_event, .doc = "Events"},
    {"links", CONF_INNERS, .of = &shape_test_link, .doc = "Links"},
    {"status", CONF_INNER, .of = &shape_test_status, .doc = "Status"},
    {0},
};
const struct conf_shape shape_test_span = {"test_span", span_fields};

static const struct conf_field client_fields[] = {
    {"identity", CONF_TEXT, .doc = "As its certificate says it"},
    {"country", CONF_TEXT, .doc = "Subject C of its certificate"},
    {"configured_country", CONF_TEXT, .doc = "As identities: of the gateway file say it"},
    {"configured_region", CONF_TEXT, .doc = "As identities: of the gateway file say it"},
    {0},
};
const struct conf_shape shape_test_client = {"test_client", client_fields};

static const struct conf_field given_fields[] = {
    {"resource", CONF_VALUES, .doc = "Attributes of the resource"},
    {"scope", CONF_INNER, .of = &shape_test_scope, .doc = "The instrumentation scope"},
    {"span", CONF_INNER, .of = &shape_test_span, .doc = "The span"},
    {"destination", CONF_TEXT, .doc = "As if routed there: tests redaction alone"},
    {"client", CONF_INNER, .of = &shape_test_client, .doc = "Who sends it"},
    {"now", CONF_DAY, .doc = "The day on which it happens"},
    {0},
};
const struct conf_shape shape_test_given = {"test_given", given_fields};

static const struct conf_field finding_fields[] = {
    {"rule", CONF_TEXT, .doc = "Id of the rule"},
    {"entity", CONF_TEXT, .doc = "What it found"},
    {"path", CONF_TEXT, .doc = "Where: span.attributes.user.email"},
    {0},
};
const struct conf_shape shape_test_finding = {"test_finding", finding_fields};

static const struct conf_field refused_fields[] = {
    {"exporter", CONF_TEXT, .required = true, .doc = "The destination that is not allowed"},
    {"rule", CONF_TEXT, .doc = "The policy or route that says so"},
    {0},
};
const struct conf_shape shape_test_refused = {"test_refused", refused_fields};

static const char *const absent[] = {"absent", NULL};
static const struct conf_field expect_fields[] = {
    {"resource", CONF_VALUES, .doc = "Attributes of the resource"},
    {"scope", CONF_INNER, .of = &shape_test_scope, .doc = "The instrumentation scope"},
    {"span", CONF_EITHER, .of = &shape_test_span, .words = absent, .doc = "The span, or absent"},
    {"findings", CONF_INNERS, .of = &shape_test_finding, .doc = "What must be found; an empty list: nothing"},
    {"sent_to", CONF_TEXTS, .doc = "Exactly these destinations"},
    {"refused", CONF_INNERS, .of = &shape_test_refused, .doc = "Destinations that are not allowed, and why"},
    {0},
};
const struct conf_shape shape_test_expect = {"test_expect", expect_fields};

static const struct conf_field case_fields[] = {
    {"name", CONF_TEXT, .doc = "One sentence: what must hold"},
    {"given", CONF_INNER, .of = &shape_test_given, .doc = "What is sent, by whom"},
    {"expect", CONF_INNER, .of = &shape_test_expect, .doc = "What comes out"},
    {"todo", CONF_TEXT, .doc = "A test that is still to be written"},
    {0},
};
const struct conf_shape shape_test_case = {"test_case", case_fields};

static const struct conf_field document_fields[] = {
    {"apiVersion", CONF_WORD, .words = versions, .required = true, .doc = "Of the form of this document"},
    {"kind", CONF_WORD, .words = kind, .required = true, .doc = "What the document is"},
    {"metadata", CONF_VALUES, .doc = "Free"},
    {"policies", CONF_TEXTS, .doc = "Files, relative to this one, or pack:NAME; this file when left out"},
    {"destinations", CONF_NAMED, .of = &shape_test_destination, .doc = "Exporters; those of --config when left out"},
    {"defaults", CONF_INNER, .of = &shape_test_given, .doc = "Given of every case"},
    {"detectors", CONF_NAMED, .of = &shape_test_strings, .doc = "One line a string, by entity"},
    {"cases", CONF_INNERS, .of = &shape_test_case, .doc = "Spans in, spans out"},
    {0},
};
const struct conf_shape shape_test = {"PolicyTest", document_fields};
