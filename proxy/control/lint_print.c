#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "control/reference.h"
#include "lint_int.h"

static const char *
level_of(const struct err *e)
{
    return e->level == ERR_ERROR ? "error" : "warning";
}

/* The printer of messages writes to streams. */
static enum rc
print_text(const struct errs *es, struct buf *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return RC_NOMEM;
    errs_print(es, f, false);
    enum rc rc = fclose(f) == 0 ? buf_append(out, (struct str){text, len}) : RC_NOMEM;

    free(text);
    return rc;
}

static enum rc
print_json(const struct errs *es, struct buf *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return RC_NOMEM;
    errs_print_json(es, f);
    enum rc rc = fclose(f) == 0 ? buf_append(out, (struct str){text, len}) : RC_NOMEM;

    free(text);
    return rc;
}

/* ---- SARIF 2.1.0 ---- */

static void
sarif_rules(struct json *j, const struct errs *es)
{
    char id[16];

    json_array(j, "rules");
    for (size_t i = 0; i < es->count; i++) {
        struct reference_code c = reference_code(es->list[i].code);
        bool before = false;

        for (size_t k = 0; k < i && !before; k++)
            before = es->list[k].code == es->list[i].code;
        if (before)
            continue;
        snprintf(id, sizeof(id), "SG%04u", es->list[i].code);
        json_object(j, NULL);
        json_cstr(j, "id", id);
        json_object(j, "shortDescription");
        json_cstr(j, "text", c.summary ? c.summary : id);
        json_close_object(j);
        json_object(j, "help");
        json_cstr(j, "text", c.advice ? c.advice : "");
        json_close_object(j);
        json_close_object(j);
    }
    json_close_array(j);
}

static void
sarif_result(struct json *j, const struct err *e)
{
    char id[16], text[sizeof(e->text) + sizeof(e->hint) + 16];

    snprintf(id, sizeof(id), "SG%04u", e->code);
    snprintf(text, sizeof(text), "%s%s%s", e->text, e->hint[0] ? "; " : "", e->hint);
    json_object(j, NULL);
    json_cstr(j, "ruleId", id);
    json_cstr(j, "level", level_of(e));
    json_object(j, "message");
    json_cstr(j, "text", text);
    json_close_object(j);
    json_array(j, "locations");
    if (e->file[0]) {
        json_object(j, NULL);
        json_object(j, "physicalLocation");
        json_object(j, "artifactLocation");
        json_cstr(j, "uri", e->file);
        json_close_object(j);
        json_object(j, "region");
        json_u64(j, "startLine", e->line ? e->line : 1);
        json_u64(j, "startColumn", e->col ? e->col : 1);
        json_close_object(j);
        json_close_object(j);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static enum rc
print_sarif(const struct errs *es, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    json_cstr(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_cstr(&j, "version", "2.1.0");
    json_array(&j, "runs");
    json_object(&j, NULL);
    json_object(&j, "tool");
    json_object(&j, "driver");
    json_cstr(&j, "name", "spangate policy lint");
    json_cstr(&j, "version", SPANGATE_VERSION);
    sarif_rules(&j, es);
    json_close_object(&j);
    json_close_object(&j);
    json_array(&j, "results");
    for (size_t i = 0; i < es->count; i++)
        sarif_result(&j, &es->list[i]);
    json_close_array(&j);
    json_close_object(&j);
    json_close_array(&j);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

/* ---- workflow commands ---- */

static enum rc
print_github(const struct errs *es, struct buf *out)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < es->count && rc == RC_OK; i++) {
        const struct err *e = &es->list[i];

        rc = buf_printf(out, "::%s file=", level_of(e));
        if (rc == RC_OK)
            rc = tool_github_text(out, e->file, true);
        if (rc == RC_OK)
            rc = buf_printf(out, ",line=%u,col=%u,title=SG%04u::", e->line ? e->line : 1, e->col ? e->col : 1, e->code);
        if (rc == RC_OK)
            rc = tool_github_text(out, e->text, false);
        if (rc == RC_OK && e->hint[0])
            rc = buf_append(out, STR("; "));
        if (rc == RC_OK)
            rc = tool_github_text(out, e->hint, false);
        if (rc == RC_OK)
            rc = buf_append_byte(out, '\n');
    }
    return rc;
}

enum rc
lint_print(const struct errs *es, enum lint_format format, struct buf *out)
{
    switch (format) {
    case LINT_TEXT:
        return print_text(es, out);
    case LINT_JSON:
        return print_json(es, out);
    case LINT_SARIF:
        return print_sarif(es, out);
    case LINT_GITHUB:
        return print_github(es, out);
    }
    return RC_INTERNAL;
}
