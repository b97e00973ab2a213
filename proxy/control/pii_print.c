#include <stdio.h>

#include "base/json.h"
#include "pii_int.h"

#define RULES_MAX 1024

/* ---- text ---- */

static enum rc
print_text(const struct pii_scan *s, struct buf *out)
{
    enum rc rc = RC_OK;

    for (const struct pii_finding *f = s->first; f && rc == RC_OK; f = f->next) {
        if (f->known)
            continue;
        rc = buf_printf(out, "%s:%u: %-6s %-24s %s%s", f->file, f->line, pii_severities[f->severity], f->entity, f->path, f->key ? " (its key)" : "");
        if (rc == RC_OK)
            rc = f->whole ? buf_printf(out, "  all of %u bytes", f->len) : buf_printf(out, "  bytes %u-%u of %u", f->start, f->end, f->len);
        if (rc == RC_OK && f->value) {
            rc = buf_append(out, STR("  \""));
            if (rc == RC_OK)
                rc = json_escape(out, str_of(f->value));
            if (rc == RC_OK)
                rc = buf_append_byte(out, '"');
        }
        if (rc == RC_OK)
            rc = buf_append_byte(out, '\n');
    }
    if (rc == RC_OK)
        rc = buf_printf(out, "%llu findings in %llu spans: %llu high, %llu medium, %llu low, %llu note", (unsigned long long)(s->findings - s->known),
            (unsigned long long)s->spans, (unsigned long long)s->by_severity[3], (unsigned long long)s->by_severity[2],
            (unsigned long long)s->by_severity[1], (unsigned long long)s->by_severity[0]);
    if (rc == RC_OK && s->known)
        rc = buf_printf(out, "; %llu more are in the baseline", (unsigned long long)s->known);
    if (rc == RC_OK && s->dropped)
        rc = buf_printf(out, "; only the first %d are listed", PII_FINDINGS_MAX);
    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

/* ---- JSON ---- */

static void
json_members(struct json *j, const struct pii_finding *f)
{
    json_cstr(j, "file", f->file);
    json_u64(j, "line", f->line);
    json_cstr(j, "path", f->path);
    json_bool(j, "key", f->key);
    json_cstr(j, "entity", f->entity);
    json_cstr(j, "severity", pii_severities[f->severity]);
    json_cstr(j, "rule", f->rule);
    json_cstr(j, "policy", f->policy);
    json_u64(j, "start", f->start);
    json_u64(j, "end", f->end);
    json_u64(j, "length", f->len);
    json_bool(j, "known", f->known);
    if (f->value)
        json_cstr(j, "value", f->value);
}

static enum rc
finish(struct json *j, struct buf *out)
{
    enum rc rc = json_finish(j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

static enum rc
print_json(const struct pii_scan *s, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    json_u64(&j, "spans", s->spans);
    json_u64(&j, "findings", s->findings - s->known);
    json_u64(&j, "known", s->known);
    json_object(&j, "severity");
    for (unsigned i = 0; i < 4; i++)
        json_u64(&j, pii_severities[i], s->by_severity[i]);
    json_close_object(&j);
    json_array(&j, "results");
    for (const struct pii_finding *f = s->first; f; f = f->next) {
        json_object(&j, NULL);
        json_members(&j, f);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    return finish(&j, out);
}

static enum rc
print_ndjson(const struct pii_scan *s, struct buf *out)
{
    enum rc rc = RC_OK;

    for (const struct pii_finding *f = s->first; f && rc == RC_OK; f = f->next) {
        struct json j = json_begin(out);

        json_object(&j, NULL);
        json_members(&j, f);
        json_close_object(&j);
        rc = finish(&j, out);
    }
    return rc;
}

/* ---- SARIF 2.1.0, sections 3.14, 3.19, 3.27, 3.49 ---- */

static const char *const levels[4] = {"note", "warning", "warning", "error"};

/* Rules of SARIF are entities here: what was found, not which rule of a policy found it. */
struct sarif_rules {
    const char *entity[RULES_MAX];
    unsigned severity[RULES_MAX];
    size_t count;
};

static size_t
rule_number(struct sarif_rules *r, const struct pii_finding *f)
{
    size_t i = 0;

    while (i < r->count && strcmp(r->entity[i], f->entity) != 0)
        i++;
    if (i == r->count && r->count < RULES_MAX) {
        r->entity[i] = f->entity;
        r->severity[i] = f->severity;
        r->count++;
    }
    return i;
}

static void
sarif_driver(struct json *j, const struct sarif_rules *r)
{
    char text[160];

    json_object(j, "tool");
    json_object(j, "driver");
    json_cstr(j, "name", "spangate");
    json_cstr(j, "version", SPANGATE_VERSION);
    json_array(j, "rules");
    for (size_t i = 0; i < r->count; i++) {
        json_object(j, NULL);
        json_cstr(j, "id", r->entity[i]);
        json_object(j, "shortDescription");
        snprintf(text, sizeof(text), "%s in recorded spans", r->entity[i]);
        json_cstr(j, "text", text);
        json_close_object(j);
        json_object(j, "defaultConfiguration");
        json_cstr(j, "level", levels[r->severity[i]]);
        json_close_object(j);
        json_object(j, "properties");
        json_array(j, "tags");
        json_cstr(j, NULL, "privacy");
        json_close_array(j);
        json_close_object(j);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
    json_close_object(j);
}

/* A path as a URI reference: RFC 3986 section 4.2. */
static void
sarif_uri(struct json *j, const char *path)
{
    char out[3 * 512 + 1];
    size_t n = 0;

    for (; *path && n + 3 < sizeof(out); path++) {
        unsigned char c = (unsigned char)*path;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c))
            out[n++] = (char)c;
        else
            n += (size_t)snprintf(out + n, sizeof(out) - n, "%%%02X", c);
    }
    json_text(j, "uri", (struct str){out, n});
}

static void
sarif_location(struct json *j, const struct pii_finding *f)
{
    json_array(j, "locations");
    json_object(j, NULL);
    json_object(j, "physicalLocation");
    json_object(j, "artifactLocation");
    sarif_uri(j, strcmp(f->file, "-") == 0 ? "stdin" : f->file);
    json_close_object(j);
    json_object(j, "region");
    json_u64(j, "startLine", f->line ? f->line : 1);
    json_close_object(j);
    json_close_object(j);
    json_array(j, "logicalLocations");
    json_object(j, NULL);
    json_cstr(j, "fullyQualifiedName", f->path);
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
    json_close_array(j);
}

static void
sarif_result(struct json *j, const struct pii_finding *f, size_t number)
{
    char text[TRIAL_PATH_SIZE + 512];

    json_object(j, NULL);
    json_cstr(j, "ruleId", f->entity);
    if (number < RULES_MAX)
        json_u64(j, "ruleIndex", number);
    json_cstr(j, "level", levels[f->severity]);
    json_object(j, "message");
    snprintf(text, sizeof(text), "%s in %s%s, bytes %u to %u of %u%s%.256s", f->entity, f->key ? "the key of " : "", f->path, f->start, f->end,
        f->len, f->value ? ": " : "", f->value ? f->value : "");
    json_cstr(j, "text", text);
    json_close_object(j);
    sarif_location(j, f);
    json_object(j, "partialFingerprints");
    snprintf(text, sizeof(text), "%s:%s", f->entity, f->path);
    json_cstr(j, "spangate/v1", text);
    json_close_object(j);
    if (f->known) {
        json_array(j, "suppressions");
        json_object(j, NULL);
        json_cstr(j, "kind", "external");
        json_close_object(j);
        json_close_array(j);
    }
    json_close_object(j);
}

static enum rc
print_sarif(const struct pii_scan *s, struct buf *out)
{
    struct json j = json_begin(out);
    struct sarif_rules rules = {.count = 0};

    for (const struct pii_finding *f = s->first; f; f = f->next)
        (void)rule_number(&rules, f);
    json_object(&j, NULL);
    json_cstr(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_cstr(&j, "version", "2.1.0");
    json_array(&j, "runs");
    json_object(&j, NULL);
    sarif_driver(&j, &rules);
    json_array(&j, "results");
    for (const struct pii_finding *f = s->first; f; f = f->next)
        sarif_result(&j, f, rule_number(&rules, f));
    json_close_array(&j);
    json_close_object(&j);
    json_close_array(&j);
    json_close_object(&j);
    return finish(&j, out);
}

enum rc
pii_print(const struct pii_scan *s, enum pii_format format, struct buf *out)
{
    switch (format) {
    case PII_TEXT:
        return print_text(s, out);
    case PII_JSON:
        return print_json(s, out);
    case PII_NDJSON:
        return print_ndjson(s, out);
    case PII_SARIF:
        return print_sarif(s, out);
    }
    return RC_INTERNAL;
}

enum rc
pii_print_baseline(const struct pii_scan *s, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    json_u64(&j, "version", 1);
    json_array(&j, "known");
    for (const struct pii_finding *f = s->first; f; f = f->next) {
        bool before = false;

        for (const struct pii_finding *o = s->first; o != f && !before; o = o->next)
            before = strcmp(o->path, f->path) == 0 && strcmp(o->entity, f->entity) == 0;
        if (before)
            continue;
        json_object(&j, NULL);
        json_cstr(&j, "path", f->path);
        json_cstr(&j, "entity", f->entity);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    return finish(&j, out);
}
