/* The first sections: what this is, whether it can be trusted, what goes where. */
#include "sections_int.h"

void
section_cover(struct report *r)
{
    static const struct column facts[] = {{"fact", "What", CELL_TEXT}, {"value", "Value", CELL_NUMBER}, {0}};
    static const struct column builds[] = {{"node", "Gate", CELL_NAME}, {"build", "Version", CELL_TEXT}, {"entries", "Entries", CELL_NUMBER},
        {"first", "First seen", CELL_DAY}, {"last", "Last seen", CELL_DAY}, {0}};
    static const struct column digests[] = {{"digest", "SHA-256 of the policies in force", CELL_DIGEST},
        {"requests", "Requests decided", CELL_NUMBER}, {"first", "First used", CELL_DAY}, {"last", "Last used", CELL_DAY},
        {"leaf", "First leaf", CELL_LEAF}, {0}};
    struct doc *d = r->doc;
    const struct totals *t = &r->t;

    doc_section(d, "summary", "Summary");
    doc_text(d,
        "This report covers %s (UTC). Every number in it was counted from the entries of the gate's audit log, and from nothing else: the findings "
        "are those "
        "that the gate redacted, not the result of a second search.",
        r->o.period.label);
    table_verdict(r);
    doc_table(d, "totals", "Key figures", "", facts);
    const struct {
        const char *label;
        uint64_t n;
    } rows[] = {{"Entries of the log in the period", t->entries}, {"Requests", t->requests},
        {"Requests refused by their head or framing, unread", t->unread}, {"Spans received", t->spans_in},
        {"Spans with an allowed destination", t->spans_out}, {"Findings removed or replaced", t->findings},
        {"Findings of rules in shadow mode, let through", t->shadow_findings}, {"Texts that could not be decided, redacted whole", t->undecidable},
        {"Fields outside of the schema, removed", t->unknown_fields}, {"Spans acknowledged by destinations", t->delivered_spans},
        {"Spans refused by destinations", t->rejected_spans}, {"Spans lost", t->lost_spans}, {"Controls not satisfied", r->failed_controls}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        doc_cstr(d, rows[i].label);
        doc_number(d, rows[i].n);
    }
    tally_sort(&r->tally[TALLY_BUILD], &r->names, TALLY_VALUES);
    doc_table(d, "builds", "Software", "No entry in the period.", builds);
    TALLY_EACH(r, TALLY_BUILD, row)
    {
        cells_names(r, row, 2);
        doc_number(d, row->value[0]);
        cells_times(r, row);
    }
    tally_sort(&r->tally[TALLY_DIGEST], &r->names, V_FIRST_LEAF);
    doc_table(d, "policy-digests", "Policies that decided", "No request in the period.", digests)->whole = true;
    TALLY_EACH(r, TALLY_DIGEST, row)
    {
        cells_names(r, row, 1);
        doc_number(d, row->value[0]);
        cells_times(r, row);
        doc_number(d, row->value[V_FIRST_LEAF]);
    }
}

/* -- integrity -------------------------------------------------------------------------------------------------------------------- */

static void
integrity_result(struct report *r)
{
    struct doc *d = r->doc;
    const struct report_log *log = &r->log;
    char n[NUMBER_SIZE];

    if (!log->origin)
        doc_note(d, "Not verified: the entries were read as lines, without the log around them. Build the report from the log directory to have it "
                    "verified.");
    else if (log->problem)
        doc_note(d, "The log does not verify: %s.", log->problem);
    else if (log->verified && log->verifier && *log->verifier)
        doc_text(d, "Verified: all %s entries that the checkpoint covers were read, hashed, and give its root; the checkpoint is signed by %s.",
            number_text(log->size, n), log->verifier);
    else if (log->verified)
        doc_note(d,
            "The %llu entries that the checkpoint covers give its root; no public key was given, so that the checkpoint's signature was not checked.",
            (unsigned long long)log->size);
    else
        doc_note(d, "The log was not verified while this report was made.");
}

void
section_integrity(struct report *r)
{
    static const struct column facts[] = {{"check", "Check", CELL_TEXT}, {"result", "Result", CELL_NUMBER}, {"leaf", "First leaf", CELL_LEAF}, {0}};
    static const struct column clock[] = {{"leaf", "Leaf", CELL_LEAF}, {"at", "Time", CELL_TIME}, {"back", "Back by", CELL_DURATION}, {0}};
    static const struct {
        const char *label;
        enum evidence_id id;
    } checks[] = {{"Leaves missing between two entries", EV_GAP}, {"Entries that cannot be read", EV_UNREADABLE},
        {"Times the clock went back by more than a second", EV_CLOCK}, {"Starts without a stop before them", EV_UNCLEAN}};
    static const struct column anchors[] = {{"to", "Where", CELL_NAME}, {"kind", "Kind", CELL_WORD}, {"written", "Written or cosigned", CELL_NUMBER},
        {"failed", "Failed", CELL_NUMBER}, {"size", "Entries of the last", CELL_NUMBER}, {"last", "Last told", CELL_TIME},
        {"leaf", "Last leaf", CELL_LEAF}, {0}};
    struct doc *d = r->doc;
    char n[NUMBER_SIZE];

    doc_section(d, "integrity", "Integrity of the record");
    integrity_result(r);
    if (r->log.origin) {
        doc_text(d,
            "Log: %s. Checkpoint: %s entries, root %s; cosignatures of witnesses that were checked: %u. Anyone who has the files and the public key "
            "can repeat this:",
            r->log.origin, number_text(r->log.size, n), r->log.root ? r->log.root : "unknown", r->log.cosignatures);
        doc_code(d, STR("spangate audit verify LOG --trust KEY"));
        if (r->log.checkpoint)
            doc_code(d, str_of(r->log.checkpoint));
    }
    doc_table(d, "integrity", "Checks", "", facts);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const struct evidence *e = &r->evidence[checks[i].id];

        doc_cstr(d, checks[i].label);
        doc_number(d, checks[i].id == EV_GAP ? r->t.gap_leaves : e->count);
        doc_number(d, e->count ? e->leaf[0] : LEAF_NONE);
    }
    doc_table(d, "clock", "Clock steps", "The clock did not go back in the period.", clock);
    EVENTS_EACH(r, EVENTS_CLOCK, ev)
    {
        doc_number(d, ev->leaf);
        doc_number(d, ev->us);
        doc_number(d, ev->number);
    }
    tally_sort(&r->tally[TALLY_ANCHOR], &r->names, TALLY_VALUES);
    doc_table(d, "anchors", "Checkpoints given to others", "The log does not say that anybody else got a checkpoint in the period.", anchors);
    TALLY_EACH(r, TALLY_ANCHOR, row)
    {
        cell_name(r, row->key[1]);
        cell_name(r, row->key[0]);
        for (unsigned v = 0; v < 3; v++)
            doc_number(d, row->value[v]);
        doc_number(d, row->value[V_LAST_US]);
        doc_number(d, row->value[V_LAST_LEAF]);
    }
}

/* -- register --------------------------------------------------------------------------------------------------------------------- */

static void
statement(struct report *r, const char *clause, const char *what, const char *said)
{
    doc_cstr(r->doc, clause);
    doc_cstr(r->doc, what);
    doc_cstr(r->doc, said ? said : "not stated");
}

void
section_register(struct report *r)
{
    static const struct column about[] = {{"clause", "Article 30", CELL_WORD}, {"what", "Entry", CELL_WORD}, {"said", "Statement", CELL_TEXT}, {0}};
    static const struct column flows[] = {{"origin", "Origin", CELL_WORD}, {"destination", "Recipient", CELL_NAME}, {"country", "Country", CELL_WORD},
        {"jurisdiction", "Jurisdiction", CELL_WORD}, {"mechanism", "Safeguard", CELL_WORD}, {"reference", "Reference", CELL_NAME},
        {"expires", "Until", CELL_WORD}, {"requests", "Requests", CELL_NUMBER}, {"spans", "Spans", CELL_NUMBER}, {"first", "First", CELL_DAY},
        {"last", "Last", CELL_DAY}, {0}};
    const struct report_about *a = &r->o.about;
    struct doc *d = r->doc;

    doc_section(d, "register", "Record of processing and data flows");
    doc_text(d, "The table in the form of GDPR Article 30. What the gate cannot know was stated by the controller; recipients, transfers and "
                "safeguards are counted.");
    doc_table(d, "article-30", "Record of processing", "", about);
    statement(r, "30(1)(a)", "Controller", a->controller);
    statement(r, "30(1)(a)", "Contact", a->contact);
    statement(r, "30(1)(a)", "Data protection officer", a->officer);
    statement(r, "30(1)(b)", "Purposes", a->purposes);
    statement(r, "30(1)(c)", "Categories of data subjects", a->subjects);
    doc_cstr(d, "30(1)(c)");
    doc_cstr(d, "Categories of personal data found and removed");
    cell_categories(r);
    statement(r, "30(1)(d)", "Categories of recipients", a->recipients ? a->recipients : "see the data-flow register");
    statement(r, "30(1)(e)", "Transfers to third countries", "see the data-flow register and the transfer matrix");
    statement(r, "30(1)(f)", "Time limits for erasure", a->erasure);
    statement(r, "30(1)(g)", "Technical and organisational measures",
        a->measures ? a->measures : "mutual TLS, redaction by policy, routing by residency, audit log with proofs");
    tally_sort(&r->tally[TALLY_TRANSFER], &r->names, 1);
    doc_table(d, "data-flows", "Data-flow register", "Nothing was allowed to leave in the period.", flows);
    TALLY_EACH(r, TALLY_TRANSFER, row)
    {
        cell_name(r, row->key[0]);
        cell_name(r, row->key[3]);
        cell_name(r, row->key[1]);
        for (unsigned k = 2; k < 7; k++)
            if (k != 3)
                cell_name(r, row->key[k]);
        doc_number(d, row->value[0]);
        doc_number(d, row->value[1]);
        cells_times(r, row);
    }
}

/* -- transfers -------------------------------------------------------------------------------------------------------------------- */

void
section_transfers(struct report *r)
{
    static const struct column matrix[] = {{"origin", "Origin", CELL_WORD}, {"country", "Destination country", CELL_WORD},
        {"spans", "Spans", CELL_NUMBER}, {"bytes", "Bytes sent", CELL_BYTES}, {"requests", "Requests", CELL_NUMBER},
        {"mechanism", "Mechanism", CELL_WORD}, {"reference", "Reference", CELL_NAME}, {"expires", "Expires", CELL_WORD},
        {"destination", "Destination", CELL_NAME}, {"first_leaf", "First leaf", CELL_LEAF}, {"last_leaf", "Last leaf", CELL_LEAF}, {0}};
    static const struct column classes[] = {{"origin", "Origin", CELL_WORD}, {"country", "Destination country", CELL_WORD},
        {"contact", "contact", CELL_NUMBER}, {"financial", "financial", CELL_NUMBER}, {"government", "government", CELL_NUMBER},
        {"health", "health", CELL_NUMBER}, {"network", "network", CELL_NUMBER}, {"secret", "secret", CELL_NUMBER}, {"other", "other", CELL_NUMBER},
        {0}};
    struct doc *d = r->doc;
    char n[NUMBER_SIZE];

    doc_section(d, "transfers", "Transfers");
    doc_text(d, "Where data came from and where it was allowed to go, with the legal mechanism that the policy named, its reference and when it "
                "ends. Spans are counted for each "
                "destination: one that goes to two counts twice.");
    if (r->evidence[EV_NO_MECHANISM].count)
        doc_note(d, "%s requests went to another country with no mechanism in the policy; the first is leaf %llu.",
            number_text(r->evidence[EV_NO_MECHANISM].count, n), (unsigned long long)r->evidence[EV_NO_MECHANISM].leaf[0]);
    doc_table(d, "transfers", "Transfer matrix", "Nothing was allowed to leave in the period.", matrix);
    doc_chart(d, &(struct chart){CHART_HEAT, "Spans by origin and destination country",
                     "Rows are countries of origin, columns are countries of destination; the stronger the colour, the more spans.", 0, 1, {2}, 1});
    doc_chart(
        d, &(struct chart){CHART_FLOW, "Flow of spans from origin to destination",
               "Bands from the countries of origin on the left to the destinations on the right; their width is the number of spans.", 0, 8, {2}, 1});
    TALLY_EACH(r, TALLY_TRANSFER, row)
    {
        cells_names(r, row, 2);
        doc_number(d, row->value[1]);
        doc_number(d, row->value[2]);
        doc_number(d, row->value[0]);
        for (unsigned k = 4; k < 7; k++)
            cell_name(r, row->key[k]);
        cell_name(r, row->key[3]);
        doc_number(d, row->value[V_FIRST_LEAF]);
        doc_number(d, row->value[V_LAST_LEAF]);
    }
    tally_sort(&r->tally[TALLY_TRANSFER_CLASS], &r->names, TALLY_VALUES);
    doc_text(d, "The number of distinct people cannot be told from this log: it holds no identifiers of people, not even pseudonyms.");
    doc_table(d, "transfer-classes", "Classes of data found and removed before each transfer", "No finding on any transfer in the period.", classes);
    TALLY_EACH(r, TALLY_TRANSFER_CLASS, row)
    {
        cells_names(r, row, 2);
        for (unsigned c = 0; c < CATEGORY_COUNT_; c++)
            doc_number(d, row->value[c]);
    }
}
