/* The sections about data and those who send it. */
#include "sections_int.h"

void
cell_name(struct report *r, uint32_t number)
{
    doc_str(r->doc, names_text(&r->names, number));
}

void
cells_names(struct report *r, const struct tally_row *row, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cell_name(r, row->key[i]);
}

void
cells_times(struct report *r, const struct tally_row *row)
{
    doc_number(r->doc, row->value[V_FIRST_US]);
    doc_number(r->doc, row->value[V_LAST_US]);
}

void
cell_categories(struct report *r)
{
    uint64_t sums[CATEGORY_COUNT_] = {0};
    struct buf text = BUF_INIT(256);
    enum rc rc = RC_OK;

    TALLY_EACH(r, TALLY_CATEGORY_TIME, row)
    if (row->key[1])
        sums[row->key[1] - 1] += row->value[0];
    for (unsigned c = 0; c < CATEGORY_COUNT_ && rc == RC_OK; c++)
        if (sums[c])
            rc = buf_printf(&text, "%s%s", text.len ? ", " : "", category_name((enum category)c));
    doc_str(r->doc, text.len && rc == RC_OK ? buf_str(&text) : STR("none found"));
    buf_free(&text);
}

/* -- redaction -------------------------------------------------------------------------------------------------------------------- */

static void
table_time(struct report *r)
{
    static const struct column columns[] = {{"from", "From", CELL_TEXT}, {"contact", "contact", CELL_NUMBER}, {"financial", "financial", CELL_NUMBER},
        {"government", "government", CELL_NUMBER}, {"health", "health", CELL_NUMBER}, {"network", "network", CELL_NUMBER},
        {"secret", "secret", CELL_NUMBER}, {"other", "other", CELL_NUMBER}, {0}};
    uint32_t steps = period_steps(&r->o.period);
    struct tally *t = &r->tally[TALLY_CATEGORY_TIME];
    char label[24];

    tally_sort(t, NULL, TALLY_VALUES);
    struct table *table = doc_table(r->doc, "findings-time", "Findings over time, by category", "No finding in the period.", columns);

    table->wide = true;
    doc_chart(r->doc, &(struct chart){CHART_TIME, "Findings over time, by category",
                          "Columns over the period, stacked by category of personal data; every finding was removed or replaced before data left.", 0,
                          0, {1, 2, 3, 4, 5, 6, 7}, 7});
    for (uint32_t s = 0, i = 0; s < steps && t->count; s++) {
        uint64_t sums[CATEGORY_COUNT_] = {0};

        while (i < t->count && t->rows[i].key[0] <= s + 1) {
            if (t->rows[i].key[0] == s + 1)
                sums[t->rows[i].key[1] - 1] = t->rows[i].value[0];
            i++;
        }
        period_step_label(&r->o.period, s, label);
        doc_cstr(r->doc, label);
        for (unsigned c = 0; c < CATEGORY_COUNT_; c++)
            doc_number(r->doc, sums[c]);
    }
}

static void
table_entities(struct report *r)
{
    static const struct column columns[] = {{"entity", "Entity", CELL_WORD}, {"findings", "Findings", CELL_NUMBER},
        {"category", "Category", CELL_WORD}, {"action", "Action", CELL_WORD}, {"mode", "Mode", CELL_WORD}, {"rule", "Rule", CELL_NAME},
        {"requests", "Requests", CELL_NUMBER}, {"first_leaf", "First leaf", CELL_LEAF}, {"last_leaf", "Last leaf", CELL_LEAF}, {0}};
    struct doc *d = r->doc;

    tally_sort(&r->tally[TALLY_RULE], &r->names, 0);
    doc_table(d, "findings", "Findings by entity and rule", "No finding in the period.", columns);
    doc_chart(d, &(struct chart){CHART_BARS, "Findings by entity",
                     "One bar for each entity; its length is the number of findings, those of rules in shadow mode included.", 0, 0, {1}, 1});
    TALLY_EACH(r, TALLY_RULE, row)
    {
        cell_name(r, row->key[1]);
        doc_number(d, row->value[0]);
        doc_cstr(d, category_name(report_category(r, row->key[1])));
        cell_name(r, row->key[2]);
        cell_name(r, row->key[3]);
        cell_name(r, row->key[0]);
        doc_number(d, row->value[1]);
        doc_number(d, row->value[V_FIRST_LEAF]);
        doc_number(d, row->value[V_LAST_LEAF]);
    }
}

/* A step of the period, from 1; 0: of those that did not fit. */
static void
cell_step(struct report *r, uint32_t step)
{
    char label[24] = "(others)";

    if (step)
        period_step_label(&r->o.period, step - 1, label);
    doc_cstr(r->doc, label);
}

static void
table_senders(struct report *r)
{
    static const struct column columns[] = {
        {"sender", "Service or identity", CELL_NAME}, {"entity", "Entity", CELL_WORD}, {"findings", "Findings", CELL_NUMBER}, {0}};
    static const struct column times[] = {
        {"from", "From", CELL_TEXT}, {"sender", "Service or identity", CELL_NAME}, {"findings", "Findings", CELL_NUMBER}, {0}};
    static const struct column places[] = {
        {"place", "Place in the span", CELL_NAME}, {"entity", "Entity", CELL_WORD}, {"requests", "Requests with such a finding", CELL_NUMBER}, {0}};

    tally_sort(&r->tally[TALLY_ENTITY_SENDER], &r->names, 0);
    doc_table(r->doc, "findings-senders", "Findings by service or identity", "No finding in the period.", columns)->wide = true;
    doc_chart(r->doc, &(struct chart){CHART_HEAT, "Findings by sender and entity",
                          "Rows are services or identities, columns are entities; the stronger the colour, the more findings.", 0, 1, {2}, 1});
    TALLY_EACH(r, TALLY_ENTITY_SENDER, row)
    {
        cell_name(r, row->key[1]);
        cell_name(r, row->key[0]);
        doc_number(r->doc, row->value[0]);
    }
    tally_sort(&r->tally[TALLY_SENDER_TIME], NULL, TALLY_VALUES);
    doc_table(r->doc, "findings-senders-time", "Findings by service or identity over time", "No finding in the period.", times)->wide = true;
    TALLY_EACH(r, TALLY_SENDER_TIME, row)
    {
        cell_step(r, row->key[0]);
        cell_name(r, row->key[1]);
        doc_number(r->doc, row->value[0]);
    }
    tally_sort(&r->tally[TALLY_PLACE], &r->names, 0);
    doc_table(r->doc, "findings-places", "Where in spans findings stood", "No finding in the period.", places);
    TALLY_EACH(r, TALLY_PLACE, row)
    {
        cells_names(r, row, 2);
        doc_number(r->doc, row->value[0]);
    }
}

/* Findings of a rule in the period, over the rows that are this rule. */
static uint64_t
findings_of(const struct report *r, const uint32_t *key)
{
    TALLY_EACH(r, TALLY_RULE, row)
    if (memcmp(row->key, key, 4 * sizeof(*key)) == 0)
        return row->value[0];
    return 0;
}

static void
table_rules(struct report *r)
{
    static const struct column columns[] = {{"rule", "Rule", CELL_NAME}, {"entity", "Entity", CELL_WORD}, {"action", "Action", CELL_WORD},
        {"mode", "Mode", CELL_WORD}, {"findings", "Findings", CELL_NUMBER}, {"leaf", "On record", CELL_LEAF}, {0}};

    tally_sort(&r->tally[TALLY_IN_FORCE], &r->names, TALLY_VALUES);
    doc_table(r->doc, "rules", "Rules in force and what they found", "No policy was put on record up to the end of the period.", columns)->wide =
        true;
    TALLY_EACH(r, TALLY_IN_FORCE, row)
    {
        cells_names(r, row, 4);
        doc_number(r->doc, findings_of(r, row->key));
        doc_number(r->doc, row->value[V_LAST_LEAF]);
    }
}

/* Rules and findings of one identifier. */
static void
row_identifier(struct report *r, const struct hipaa_identifier *h)
{
    struct buf entities = BUF_INIT(4096);
    uint64_t findings = 0, rules = 0;
    enum rc rc = RC_OK;

    TALLY_EACH(r, TALLY_IN_FORCE, row)
    {
        const struct report_entity *e = report_entity_find(r, names_text(&r->names, row->key[1]));

        if (!e || !hipaa_covers(e, h->letter) || !str_eq(names_text(&r->names, row->key[3]), STR("enforce")))
            continue;
        rules++;
        findings += findings_of(r, row->key);
        if (rc == RC_OK && str_find(buf_str(&entities), str_of(e->entity)) == SIZE_MAX)
            rc = buf_printf(&entities, "%s%s", entities.len ? ", " : "", e->entity);
    }
    doc_fmt(r->doc, "(%c)", h->letter);
    doc_cstr(r->doc, h->title);
    doc_cstr(r->doc, !h->text                       ? "does not stand in text"
                     : !rules                       ? "not covered"
                     : coverage_lacks(r, h->letter) ? "not covered all the time"
                                                    : "covered");
    doc_str(r->doc, buf_str(&entities));
    doc_number(r->doc, rules);
    doc_number(r->doc, findings);
    buf_free(&entities);
}

static void
table_identifiers(struct report *r)
{
    static const struct column columns[] = {{"letter", "164.514(b)(2)(i)", CELL_WORD}, {"identifier", "Identifier", CELL_TEXT},
        {"coverage", "Coverage", CELL_STATUS}, {"entities", "Entities of rules in force", CELL_NAME}, {"rules", "Rules", CELL_NUMBER},
        {"findings", "Findings", CELL_NUMBER}, {0}};
    size_t count;
    const struct hipaa_identifier *h = hipaa_identifiers(&count);

    doc_table(r->doc, "identifiers", "The eighteen identifiers of the HIPAA Safe Harbor", "", columns);
    for (size_t i = 0; i < count; i++)
        row_identifier(r, &h[i]);
}

void
section_redaction(struct report *r)
{
    struct doc *d = r->doc;
    char n[NUMBER_SIZE];

    doc_section(d, "redaction", "Effectiveness of redaction");
    doc_text(d, "Findings are counted by the rule that acted on them. A text that a rule could not decide about is redacted whole and counted as "
                "undecidable; fields that "
                "the schema does not know are removed. A request of which no span may leave is not examined.");
    if (r->t.shadow_findings)
        doc_note(d, "Rules in shadow mode found %s values and, as they are told to, let them pass. They are listed with mode \"shadow\".",
            number_text(r->t.shadow_findings, n));
    if (r->t.rules_left_out)
        doc_note(d, "%llu rules of entries with very many findings were counted by the gate without their names.",
            (unsigned long long)r->t.rules_left_out);
    table_time(r);
    table_entities(r);
    table_senders(r);
    table_rules(r);
    table_identifiers(r);
}

/* -- denials ---------------------------------------------------------------------------------------------------------------------- */

void
section_denials(struct report *r)
{
    static const struct column routes[] = {{"origin", "Origin", CELL_WORD}, {"country", "Destination country", CELL_WORD},
        {"jurisdiction", "Jurisdiction", CELL_WORD}, {"destination", "Destination", CELL_NAME}, {"rule", "Refused by", CELL_NAME},
        {"requests", "Requests", CELL_NUMBER}, {"spans", "Spans", CELL_NUMBER}, {"first_leaf", "First leaf", CELL_LEAF},
        {"last_leaf", "Last leaf", CELL_LEAF}, {0}};
    static const struct column refused[] = {{"reason", "Reason", CELL_WORD}, {"requests", "Requests", CELL_NUMBER},
        {"protocol", "Protocol", CELL_WORD}, {"sender", "Service or identity", CELL_NAME}, {"spans", "Spans", CELL_NUMBER},
        {"bytes", "Bytes", CELL_BYTES}, {"first_leaf", "First leaf", CELL_LEAF}, {"last_leaf", "Last leaf", CELL_LEAF}, {0}};
    struct doc *d = r->doc;

    doc_section(d, "denials", "Denials");
    doc_text(d, "What was kept back: routes that the residency policy did not allow, and requests that were refused whole.");
    tally_sort(&r->tally[TALLY_DENIED], &r->names, 1);
    doc_table(d, "denied-routes", "Routes not allowed", "No route was refused in the period.", routes);
    TALLY_EACH(r, TALLY_DENIED, row)
    {
        cells_names(r, row, 5);
        doc_number(d, row->value[0]);
        doc_number(d, row->value[1]);
        doc_number(d, row->value[V_FIRST_LEAF]);
        doc_number(d, row->value[V_LAST_LEAF]);
    }
    tally_sort(&r->tally[TALLY_REFUSED], &r->names, 0);
    doc_table(d, "refused-requests", "Requests refused", "No request was refused in the period.", refused);
    doc_chart(d, &(struct chart){CHART_BARS, "Refused requests by reason", "One bar for each reason, protocol and sender.", 0, 0, {1}, 1});
    TALLY_EACH(r, TALLY_REFUSED, row)
    {
        cell_name(r, row->key[0]);
        doc_number(d, row->value[0]);
        cell_name(r, row->key[1]);
        cell_name(r, row->key[2]);
        doc_number(d, row->value[1]);
        doc_number(d, row->value[2]);
        doc_number(d, row->value[V_FIRST_LEAF]);
        doc_number(d, row->value[V_LAST_LEAF]);
    }
}

/* -- identities ------------------------------------------------------------------------------------------------------------------- */

static void
table_identities(struct report *r)
{
    static const struct column columns[] = {{"identity", "Identity", CELL_NAME}, {"service", "Service", CELL_NAME},
        {"requests", "Requests", CELL_NUMBER}, {"refused", "Refused", CELL_NUMBER}, {"spans", "Spans", CELL_NUMBER},
        {"findings", "Findings", CELL_NUMBER}, {"undecidable", "Undecidable", CELL_NUMBER}, {"unknown", "Unknown fields", CELL_NUMBER},
        {"first", "First seen", CELL_DAY}, {"last", "Last seen", CELL_DAY}, {0}};

    tally_sort(&r->tally[TALLY_SENDER], &r->names, 2);
    doc_table(r->doc, "identities", "Who sent", "Nobody sent in the period.", columns);
    TALLY_EACH(r, TALLY_SENDER, row)
    {
        cells_names(r, row, 2);
        doc_number(r->doc, row->value[0]);
        doc_number(r->doc, row->value[1]);
        doc_number(r->doc, row->value[2]);
        for (unsigned v = 4; v < 7; v++)
            doc_number(r->doc, row->value[v]);
        cells_times(r, row);
    }
}

static void
table_certificates(struct report *r)
{
    static const struct column columns[] = {{"identity", "Identity", CELL_NAME}, {"sha256", "SHA-256 of the certificate", CELL_DIGEST},
        {"serial", "Serial", CELL_DIGEST}, {"issuer", "Issuer", CELL_NAME}, {"not_after", "Valid until", CELL_WORD}, {"tls", "TLS", CELL_WORD},
        {"requests", "Requests", CELL_NUMBER}, {"first", "First seen", CELL_DAY}, {"last", "Last seen", CELL_DAY}, {0}};

    tally_sort(&r->tally[TALLY_CERTIFICATE], &r->names, TALLY_VALUES);
    doc_table(r->doc, "certificates", "Certificates of senders", "No client certificate was seen in the period.", columns)->wide = true;
    TALLY_EACH(r, TALLY_CERTIFICATE, row)
    {
        cells_names(r, row, 6);
        doc_number(r->doc, row->value[0]);
        cells_times(r, row);
    }
}

void
section_identities(struct report *r)
{
    static const struct column handshakes[] = {{"reason", "Reason", CELL_WORD}, {"count", "Handshakes", CELL_NUMBER},
        {"network", "Network", CELL_NAME}, {"identity", "Identity shown", CELL_NAME}, {"first", "First", CELL_DAY}, {"last", "Last", CELL_DAY},
        {"first_leaf", "First leaf", CELL_LEAF}, {0}};
    static const struct column protocols[] = {{"protocol", "Protocol", CELL_WORD}, {"encoding", "Encoding", CELL_WORD}, {"tls", "TLS", CELL_WORD},
        {"requests", "Requests", CELL_NUMBER}, {"spans", "Spans", CELL_NUMBER}, {"bytes", "Bytes received", CELL_BYTES}, {0}};
    struct doc *d = r->doc;

    doc_section(d, "identities", "Identities and certificates");
    doc_text(d, "Senders by the identity that their certificate proves. A service name is the one that the gate's configuration gives to the "
                "identity; what spans say of their service is data "
                "and is not recorded.");
    table_identities(r);
    table_certificates(r);
    tally_sort(&r->tally[TALLY_HANDSHAKE], &r->names, 0);
    doc_table(d, "handshakes", "Refused handshakes", "No handshake was refused in the period.", handshakes);
    TALLY_EACH(r, TALLY_HANDSHAKE, row)
    {
        cell_name(r, row->key[0]);
        doc_number(d, row->value[0]);
        cell_name(r, row->key[1]);
        cell_name(r, row->key[2]);
        cells_times(r, row);
        doc_number(d, row->value[V_FIRST_LEAF]);
    }
    tally_sort(&r->tally[TALLY_PROTOCOL], &r->names, 0);
    doc_table(d, "protocols", "Protocols", "No request in the period.", protocols);
    TALLY_EACH(r, TALLY_PROTOCOL, row)
    {
        cells_names(r, row, 3);
        for (unsigned v = 0; v < 3; v++)
            doc_number(d, row->value[v]);
    }
}
