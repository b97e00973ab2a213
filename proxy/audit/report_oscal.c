/* The judged controls as OSCAL assessment results, version 1.1.2 (NIST, "assessment-results" model). */
#include <stdio.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "report_int.h"

#define OSCAL_VERSION "1.1.2"
#define OSCAL_NS "https://spangate.example.org/ns/oscal"
#define UUID_SIZE 37

/* The name space of our UUIDs of version 5: a random one, fixed once. */
static const uint8_t name_space[16] = {0x6c, 0x1f, 0x0b, 0x52, 0x8e, 0x37, 0x4d, 0x0a, 0x9b, 0x61, 0x3f, 0x5d, 0xa2, 0x90, 0x4c, 0x17};

/* RFC 9562 section 5.5: SHA-1 over name space and name, version and variant put in. */
static enum rc
uuid_of(struct str name, char out[UUID_SIZE])
{
    const struct str parts[] = {{(const char *)name_space, sizeof(name_space)}, name};
    uint8_t h[SHA1_SIZE];
    enum rc rc = digest_sha1(parts, 2, h);

    if (rc != RC_OK)
        return rc;
    h[6] = (uint8_t)((h[6] & 0x0F) | 0x50);
    h[8] = (uint8_t)((h[8] & 0x3F) | 0x80);
    snprintf(out, UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7],
        h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15]);
    return RC_OK;
}

/* Everything that tells this report from another: log, leaves, period, and what is named in it. */
static void
json_uuid(struct json *j, const struct report *r, const char *key, const char *kind, const struct control *c)
{
    struct buf name = BUF_INIT(2048);
    char uuid[UUID_SIZE] = "";

    if (j->rc == RC_OK)
        j->rc = buf_printf(&name, "%s\n%s\n%llu\n%llu\n%s\n%x\n%s\n%s\n", r->log.origin ? r->log.origin : "", r->log.root ? r->log.root : "",
            (unsigned long long)r->t.first_leaf, (unsigned long long)r->t.last_leaf, r->o.period.label, r->o.profiles, kind, c ? c->clause : "");
    if (j->rc == RC_OK && c)
        j->rc = buf_append(&name, str_of(profile_name(c->profile)));
    if (j->rc == RC_OK)
        j->rc = uuid_of(buf_str(&name), uuid);
    buf_free(&name);
    json_cstr(j, key, uuid);
}

static void
json_moment(struct json *j, const char *key, uint64_t us)
{
    char text[CLOCK_RFC3339_SIZE];

    clock_rfc3339(us, text);
    json_cstr(j, key, text);
}

static void
prop(struct json *j, const char *name, const char *value)
{
    json_object(j, NULL);
    json_cstr(j, "name", name);
    json_cstr(j, "ns", OSCAL_NS);
    json_cstr(j, "value", value);
    json_close_object(j);
}

static bool
wanted(const struct report *r, const struct control *c)
{
    return (r->o.profiles >> c->profile & 1) != 0;
}

static void
metadata(struct json *j, const struct report *r)
{
    char title[96];

    snprintf(title, sizeof(title), "Data protection report %s", r->o.period.label);
    json_object(j, "metadata");
    json_cstr(j, "title", title);
    json_moment(j, "last-modified", r->t.entries ? r->t.last_us : r->o.period.to_us);
    json_cstr(j, "version", "1");
    json_cstr(j, "oscal-version", OSCAL_VERSION);
    json_close_object(j);
}

/* The catalogue's controls that were looked at, each once, in the order of the table. */
static void
reviewed(struct json *j, const struct report *r)
{
    size_t count;
    const struct control *all = controls_all(&count);

    json_object(j, "reviewed-controls");
    json_array(j, "control-selections");
    json_object(j, NULL);
    json_cstr(j, "description", "Controls of NIST SP 800-53 revision 5 that correspond to the clauses judged");
    json_array(j, "include-controls");
    for (size_t i = 0; i < count; i++) {
        bool before = !wanted(r, &all[i]);

        for (size_t k = 0; k < i && !before; k++)
            before = wanted(r, &all[k]) && strcmp(all[k].catalogue_id, all[i].catalogue_id) == 0;
        if (before)
            continue;
        json_object(j, NULL);
        json_cstr(j, "control-id", all[i].catalogue_id);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
}

static void
observation(struct json *j, const struct report *r, const struct control *c)
{
    char text[64];
    struct verdict v;

    control_judge(r, c, &v);
    json_object(j, NULL);
    json_uuid(j, r, "uuid", "observation", c);
    json_cstr(j, "title", c->title);
    json_cstr(j, "description", v.because);
    json_array(j, "props");
    prop(j, "framework", profile_name(c->profile));
    prop(j, "clause", c->clause);
    prop(j, "status", v.status == CONTROL_SATISFIED ? "satisfied" : v.status == CONTROL_NOT_SATISFIED ? "not-satisfied" : "not-applicable");
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v.entries);
    prop(j, "evidence-entries", text);
    json_close_array(j);
    json_array(j, "methods");
    json_cstr(j, NULL, "EXAMINE");
    json_close_array(j);
    if (v.leaves) {
        json_array(j, "relevant-evidence");
        for (unsigned i = 0; i < v.leaves; i++) {
            snprintf(text, sizeof(text), "Leaf %llu of the audit log", (unsigned long long)v.leaf[i]);
            json_object(j, NULL);
            json_cstr(j, "description", text);
            json_array(j, "props");
            snprintf(text, sizeof(text), "%llu", (unsigned long long)v.leaf[i]);
            prop(j, "leaf", text);
            json_close_array(j);
            json_close_object(j);
        }
        json_close_array(j);
    }
    json_moment(j, "collected", r->t.entries ? r->t.last_us : r->o.period.to_us);
    json_close_object(j);
}

/* What was not applicable is an observation only: a finding is either satisfied or not. */
static void
finding(struct json *j, const struct report *r, const struct control *c)
{
    struct verdict v;

    control_judge(r, c, &v);
    if (v.status == CONTROL_NOT_APPLICABLE)
        return;
    json_object(j, NULL);
    json_uuid(j, r, "uuid", "finding", c);
    json_cstr(j, "title", c->title);
    json_cstr(j, "description", v.because);
    json_object(j, "target");
    json_cstr(j, "type", "objective-id");
    json_cstr(j, "target-id", c->catalogue_id);
    json_object(j, "status");
    json_cstr(j, "state", v.status == CONTROL_SATISFIED ? "satisfied" : "not-satisfied");
    json_close_object(j);
    json_close_object(j);
    json_array(j, "related-observations");
    json_object(j, NULL);
    json_uuid(j, r, "observation-uuid", "observation", c);
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
}

static bool
any_finding(const struct report *r, const struct control *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct verdict v;

        control_judge(r, &all[i], &v);
        if (wanted(r, &all[i]) && v.status != CONTROL_NOT_APPLICABLE)
            return true;
    }
    return false;
}

static void
result(struct json *j, const struct report *r)
{
    size_t count;
    const struct control *all = controls_all(&count);

    json_array(j, "results");
    json_object(j, NULL);
    json_uuid(j, r, "uuid", "result", NULL);
    json_cstr(j, "title", "Controls judged by the audit log");
    json_cstr(j, "description", "Each control is judged by entries of the gate's audit log alone; evidence is given by leaf index");
    json_moment(j, "start", r->o.period.from_us);
    json_moment(j, "end", r->o.period.to_us);
    reviewed(j, r);
    json_array(j, "observations");
    for (size_t i = 0; i < count; i++)
        if (wanted(r, &all[i]))
            observation(j, r, &all[i]);
    json_close_array(j);
    if (any_finding(r, all, count)) {
        json_array(j, "findings");
        for (size_t i = 0; i < count; i++)
            if (wanted(r, &all[i]))
                finding(j, r, &all[i]);
        json_close_array(j);
    }
    json_close_object(j);
    json_close_array(j);
}

static void
back_matter(struct json *j, const struct report *r)
{
    json_object(j, "back-matter");
    json_array(j, "resources");
    json_object(j, NULL);
    json_uuid(j, r, "uuid", "plan", NULL);
    json_cstr(j, "title", "How the controls are judged");
    json_cstr(j, "description", "The table of controls of the program: for each clause the kinds of entries that speak for and against it");
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
}

static void
import_plan(struct json *j, const struct report *r)
{
    struct buf href = BUF_INIT(256);
    struct json id = json_begin(&href);

    json_object(&id, NULL);
    json_uuid(&id, r, "u", "plan", NULL);
    json_close_object(&id);
    json_object(j, "import-ap");
    if (json_finish(&id) == RC_OK && href.len > 6) { /* {"u":"..."} */
        href.ptr[5] = '#';
        json_text(j, "href", str_sub(buf_str(&href), 5, href.len - 2));
    }
    json_close_object(j);
    buf_free(&href);
}

enum rc
report_print_oscal(const struct report *r, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    json_object(&j, "assessment-results");
    json_uuid(&j, r, "uuid", "document", NULL);
    metadata(&j, r);
    import_plan(&j, r);
    result(&j, r);
    back_matter(&j, r);
    json_close_object(&j);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}
