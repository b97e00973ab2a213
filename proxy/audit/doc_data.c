/* The document as data: JSON of our own schema, CSV after RFC 4180. */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "report_int.h"

static const char *
kind_name(enum cell_kind k)
{
    switch (k) {
    case CELL_NUMBER:
        return "number";
    case CELL_BYTES:
        return "bytes";
    case CELL_TIME:
    case CELL_DAY:
        return "time";
    case CELL_DURATION:
        return "microseconds";
    case CELL_LEAF:
        return "leaf";
    case CELL_STATUS:
        return "status";
    case CELL_DIGEST:
        return "digest";
    case CELL_TEXT:
    case CELL_NAME:
    case CELL_WORD:
        break;
    }
    return "text";
}

/* -- JSON ------------------------------------------------------------------------------------------------------------------------- */

static void
json_time(struct json *j, const char *key, uint64_t us)
{
    char text[CLOCK_RFC3339_SIZE];

    if (us)
        clock_rfc3339(us, text);
    json_cstr(j, key, us ? text : "");
}

static void
json_cell(struct json *j, const struct column *c, const struct cell *v)
{
    if (c->kind == CELL_TIME || c->kind == CELL_DAY)
        json_time(j, c->id, v->number);
    else if (c->kind == CELL_LEAF && v->number == LEAF_NONE)
        json_i64(j, c->id, -1);
    else if (cell_is_number(c->kind))
        json_u64(j, c->id, v->number);
    else
        json_text(j, c->id, v->text);
}

static void
json_table(struct json *j, const struct table *t)
{
    json_object(j, t->id);
    json_cstr(j, "title", t->title);
    json_array(j, "columns");
    for (unsigned c = 0; c < t->column_count; c++) {
        json_object(j, NULL);
        json_cstr(j, "id", t->columns[c].id);
        json_cstr(j, "label", t->columns[c].label);
        json_cstr(j, "type", kind_name(t->columns[c].kind));
        json_close_object(j);
    }
    json_close_array(j);
    json_array(j, "rows");
    for (size_t r = 0; r < table_rows(t) && j->rc == RC_OK; r++) {
        json_object(j, NULL);
        for (unsigned c = 0; c < t->column_count; c++)
            json_cell(j, &t->columns[c], table_cell(t, r, c));
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static void
json_log(struct json *j, const struct report *r)
{
    const struct report_log *l = &r->log;

    json_object(j, "log");
    json_cstr(j, "origin", l->origin ? l->origin : "");
    json_u64(j, "size", l->size);
    json_cstr(j, "root", l->root ? l->root : "");
    json_cstr(j, "checkpoint", l->checkpoint ? l->checkpoint : "");
    json_bool(j, "verified", l->verified && !l->problem);
    json_cstr(j, "verifier", l->verifier ? l->verifier : "");
    json_cstr(j, "problem", l->problem ? l->problem : "");
    json_u64(j, "first_kept", l->first);
    json_i64(j, "first_leaf", r->t.entries ? (int64_t)r->t.first_leaf : -1);
    json_i64(j, "last_leaf", r->t.entries ? (int64_t)r->t.last_leaf : -1);
    json_close_object(j);
}

static void
json_sections(struct json *j, const struct doc *d)
{
    json_array(j, "sections");
    for (unsigned i = 0; i < d->section_count; i++) {
        const struct section *s = &d->sections[i];

        json_object(j, NULL);
        json_cstr(j, "id", s->id);
        json_cstr(j, "title", s->title);
        json_array(j, "text");
        for (size_t b = 0; b < s->count; b++)
            if (s->blocks[b].kind != BLOCK_TABLE)
                json_text(j, NULL, s->blocks[b].text);
        json_close_array(j);
        json_array(j, "tables");
        for (size_t b = 0; b < s->count; b++)
            if (s->blocks[b].kind == BLOCK_TABLE)
                json_cstr(j, NULL, s->blocks[b].table->id);
        json_close_array(j);
        json_close_object(j);
    }
    json_close_array(j);
}

static void
json_totals(struct json *j, const struct totals *t)
{
    json_object(j, "totals");
    json_u64(j, "entries", t->entries);
    json_u64(j, "requests", t->requests);
    json_u64(j, "requests_unread", t->unread);
    json_u64(j, "spans_in", t->spans_in);
    json_u64(j, "spans_out", t->spans_out);
    json_u64(j, "bytes_wire", t->bytes_wire);
    json_u64(j, "findings", t->findings);
    json_u64(j, "findings_shadow", t->shadow_findings);
    json_u64(j, "undecidable", t->undecidable);
    json_u64(j, "unknown_fields", t->unknown_fields);
    json_u64(j, "attributes_added", t->added);
    json_u64(j, "attributes_not_allowed", t->not_allowed);
    json_u64(j, "spans_allowed", t->allowed_spans);
    json_u64(j, "spans_delivered", t->delivered_spans);
    json_u64(j, "spans_rejected", t->rejected_spans);
    json_u64(j, "spans_lost", t->lost_spans);
    json_close_object(j);
}

enum rc
report_print_json(const struct report *r, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    json_cstr(&j, "schema", "spangate-report/1");
    json_object(&j, "period");
    json_cstr(&j, "label", r->o.period.label);
    json_time(&j, "from", r->o.period.from_us);
    json_time(&j, "to", r->o.period.to_us);
    json_close_object(&j);
    json_array(&j, "profiles");
    for (unsigned i = 0; i < PROFILE_COUNT_; i++)
        if (r->o.profiles >> i & 1)
            json_cstr(&j, NULL, profile_name((enum report_profile)i));
    json_close_array(&j);
    json_log(&j, r);
    json_totals(&j, &r->t);
    json_sections(&j, r->doc);
    json_object(&j, "tables");
    for (unsigned i = 0; i < r->doc->table_count; i++)
        json_table(&j, r->doc->tables[i]);
    json_close_object(&j);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

/* -- CSV -------------------------------------------------------------------------------------------------------------------------- */

/*
 * One text field. A spreadsheet takes a field that begins with = + - @, a tab or a line end for a formula; an apostrophe in front makes it text (OWASP, "CSV
 * Injection").
 */
static enum rc
csv_text(struct buf *out, struct str s)
{
    bool formula = s.len && memchr("=+-@\t\r\n", s.ptr[0], 7) != NULL, quote = formula;
    enum rc rc = RC_OK;

    for (size_t i = 0; i < s.len; i++)
        quote |= memchr(",\"\r\n;\t", s.ptr[i], 6) != NULL;
    if (!quote)
        return buf_append(out, s);
    rc = buf_append(out, formula ? STR("\"'") : STR("\""));
    for (size_t i = 0; i < s.len && rc == RC_OK; i++) {
        if (s.ptr[i] == '"')
            rc = buf_append_byte(out, '"');
        if (rc == RC_OK)
            rc = buf_append_byte(out, s.ptr[i]);
    }
    return rc == RC_OK ? buf_append_byte(out, '"') : rc;
}

static enum rc
csv_cell(struct buf *out, const struct column *c, const struct cell *v)
{
    bool time = c->kind == CELL_TIME || c->kind == CELL_DAY;
    char text[CLOCK_RFC3339_SIZE];

    if (!cell_is_number(c->kind))
        return csv_text(out, v->text);
    if ((time && v->number == 0) || (c->kind == CELL_LEAF && v->number == LEAF_NONE))
        return RC_OK;
    if (!time)
        return buf_printf(out, "%llu", (unsigned long long)v->number);
    clock_rfc3339(v->number, text);
    return buf_append(out, str_of(text));
}

enum rc
report_print_csv(const struct report *r, size_t n, char name[80], struct buf *out)
{
    const struct table *t = n < r->doc->table_count ? r->doc->tables[n] : NULL;
    enum rc rc = RC_OK;

    if (!t)
        return RC_NOT_FOUND;
    snprintf(name, 80, "%s.csv", t->id);
    for (unsigned c = 0; c < t->column_count && rc == RC_OK; c++) {
        rc = c ? buf_append_byte(out, ',') : RC_OK;
        if (rc == RC_OK)
            rc = csv_text(out, str_of(t->columns[c].id));
    }
    if (rc == RC_OK)
        rc = buf_append(out, STR("\r\n"));
    for (size_t row = 0; row < table_rows(t) && rc == RC_OK; row++) {
        for (unsigned c = 0; c < t->column_count && rc == RC_OK; c++) {
            rc = c ? buf_append_byte(out, ',') : RC_OK;
            if (rc == RC_OK)
                rc = csv_cell(out, &t->columns[c], table_cell(t, row, c));
        }
        if (rc == RC_OK)
            rc = buf_append(out, STR("\r\n"));
    }
    return rc;
}
