#include "loader_int.h"
#include "policies/packs.h"

#define FILE_MAX (4u << 20)

static bool
policy_named(const struct program *p, size_t but, const char *name)
{
    for (size_t i = 0; i < p->policy_count; i++)
        if (i != but && p->policies[i].name && strcmp(p->policies[i].name, name) == 0)
            return true;
    return false;
}

/* Controls as one text, separated by spaces. */
static const char *
read_controls(struct loader *ld, const struct conf_node *n)
{
    struct str *list = NULL;
    size_t count = policy_texts(ld, n, "controls", &list), len = 0;

    for (size_t i = 0; i < count; i++) {
        if (list[i].len == 0 || list[i].len > 64 || str_find(list[i], STR(" ")) != SIZE_MAX)
            policy_error(ld, n, SG_CONTROLS, "a control is named by 1 to 64 characters without spaces");
        len += list[i].len + 1;
    }
    char *out = policy_alloc(ld, len + 1, 1);

    if (!out)
        return "";
    len = 0;
    for (size_t i = 0; i < count; i++) {
        if (i)
            out[len++] = ' ';
        memcpy(out + len, list[i].ptr, list[i].len);
        len += list[i].len;
    }
    return out;
}

static void
read_metadata(struct loader *ld, const struct conf_node *root, struct policy *p)
{
    const struct conf_node *meta = conf_get(root, "metadata"), *owner = conf_get(meta, "owner");
    struct str text = STR("");

    p->name = p->owner = p->controls = "";
    p->revision = 1;
    if (!meta || !conf_get(meta, "name")) {
        policy_error(ld, meta ? meta : root, SG_MISSING, "a policy needs metadata.name");
        return;
    }
    (void)policy_map_check(ld, meta, &shape_metadata);
    p->name = policy_name(ld, conf_get(meta, "name"), "a policy's name").ptr;
    if (p->name[0] && policy_named(ld->prog, (size_t)(p - ld->prog->policies), p->name))
        policy_error(ld, conf_get(meta, "name"), SG_NAME_TWICE, "there is another policy %s", p->name);
    if (conf_u64(ld->doc, conf_get(meta, "revision"), 1, INT64_MAX, &p->revision, ld->es) != RC_OK)
        p->revision = 1;
    if (conf_text(ld->doc, owner, &text, ld->es) == RC_OK)
        p->owner = policy_dup(ld, text).ptr;
    p->controls = read_controls(ld, conf_get(meta, "controls"));
}

static void
read_match(struct loader *ld, const struct conf_node *n, struct policy *p)
{
    const struct conf_node *attrs = conf_get(n, "resource");

    if (!n || !policy_map_check(ld, n, &shape_match) || !attrs)
        return;
    if (attrs->kind != CONF_MAP || attrs->count == 0) {
        policy_error(ld, attrs, SG_MISSING, "match.resource is a map of attribute keys and values");
        return;
    }
    p->match = policy_alloc(ld, attrs->count, sizeof(*p->match));
    for (unsigned i = 0; p->match && i < attrs->count; i++) {
        p->match[i].key = policy_dup(ld, attrs->keys[i]->text);
        p->match[i].values = policy_globs(ld, attrs->items[i], "match.resource", false);
        p->match_count++;
    }
}

static void
read_hold_out(struct loader *ld, const struct conf_node *n, struct policy *p)
{
    static const char *const shapes[] = {"uuid", "hex"};

    if (!n)
        return;
    if (n->kind != CONF_LIST) {
        policy_error(ld, n, SG_MISSING, "hold_out is a list of {keys, shape}");
        return;
    }
    p->hold = policy_alloc(ld, n->count, sizeof(*p->hold));
    for (unsigned i = 0; p->hold && i < n->count; i++) {
        const struct conf_node *item = n->items[i];
        unsigned shape = 0;

        if (!policy_map_check(ld, item, &shape_hold_out))
            continue;
        if (!conf_get(item, "keys") || !conf_get(item, "shape")) {
            policy_error(ld, item, SG_MISSING, "hold_out needs keys and shape: a name alone proves nothing");
            continue;
        }
        if (conf_choice(ld->doc, conf_get(item, "shape"), shapes, 2, &shape, ld->es) != RC_OK)
            continue;
        p->hold[p->hold_count++] = (struct hold_out){policy_globs(ld, conf_get(item, "keys"), "hold_out.keys", false), (enum shape)shape};
    }
}

static void
read_keys(struct loader *ld, const struct conf_node *n, struct policy *p)
{
    static const char *const choices[] = {"scan", "drop"};
    const struct conf_node *allow = conf_get(n, "allow");
    unsigned otherwise = 0;

    if (!n || !policy_map_check(ld, n, &shape_keys))
        return;
    if (conf_choice(ld->doc, conf_get(n, "otherwise"), choices, 2, &otherwise, ld->es) != RC_OK)
        return;
    if (allow && !(allow->kind == CONF_LIST && allow->count == 0)) /* an empty list allows nothing */
        p->allow = policy_globs(ld, allow, "keys.allow", false);
    if (!conf_get(n, "otherwise"))
        err_hint(policy_error(ld, n, SG_MISSING, "keys needs otherwise: what becomes of keys that are not listed"),
            "drop: they go; scan: they stay, and are scanned like all others");
    p->closed = otherwise == 1;
    if (p->closed)
        p->closing_rule = policy_closing_rule(ld);
}

void
policy_spec(struct loader *ld, const struct conf_node *spec)
{
    static const char *const errors[] = {"redact", "drop_span", "refuse"};
    struct policy *p = ld->policy;
    unsigned on_error = ON_ERROR_REDACT;

    (void)policy_map_check(ld, spec, &shape_redaction_spec);
    p->mode = policy_mode(ld, conf_get(spec, "mode"), RULE_ENFORCE);
    policy_since(ld, conf_get(spec, "since"));
    if (conf_choice(ld->doc, conf_get(spec, "on_error"), errors, 3, &on_error, ld->es) == RC_OK)
        p->on_error = (enum on_error)on_error;
    p->places = policy_places(ld, conf_get(spec, "scan"), PLACES_ALL);
    read_match(ld, conf_get(spec, "match"), p);
    read_hold_out(ld, conf_get(spec, "hold_out"), p);
    policy_allow(ld, conf_get(spec, "allow"), &p->values);
    policy_detectors(ld, conf_get(spec, "detectors"));
    policy_rules(ld, conf_get(spec, "rules"));
    read_keys(ld, conf_get(spec, "keys"), p);
}

static struct policy *
policy_add(struct loader *ld, const struct conf_node *root)
{
    if (ld->prog->policy_count == PROGRAM_POLICIES_MAX) {
        policy_error(ld, root, SG_TOO_MANY, "more than %d policies", PROGRAM_POLICIES_MAX);
        return NULL;
    }
    return &ld->prog->policies[ld->prog->policy_count++];
}

/* The mode of a residency policy is residency's to check; here it is only reported. */
static void
read_residency(struct loader *ld, const struct conf_node *root, struct policy *p)
{
    const struct conf_node *mode = conf_get(conf_get(root, "spec"), "mode");

    p->kind = "ResidencyPolicy";
    if (mode && mode->kind == CONF_SCALAR)
        p->mode = str_eq(mode->text, STR("shadow")) ? RULE_SHADOW : str_eq(mode->text, STR("off")) ? RULE_OFF : RULE_ENFORCE;
    if (residency_load(ld->doc, root, ld->src, &ld->prog->residency, ld->es) == RC_NOMEM)
        ld->fatal = RC_NOMEM;
}

static void
read_redaction(struct loader *ld, const struct conf_node *root, struct policy *p)
{
    const struct conf_node *spec = conf_get(root, "spec");

    p->kind = "RedactionPolicy";
    p->redacts = true;
    ld->policy = p;
    if (spec)
        policy_spec(ld, spec);
    else
        policy_error(ld, root, SG_MISSING, "a policy needs spec");
}

static void
read_document(struct loader *ld, const struct conf_node *root)
{
    static const char *const kinds[] = {"RedactionPolicy", "ResidencyPolicy", "PolicyTest"};
    const struct conf_node *version = conf_get(root, "apiVersion"), *kind = conf_get(root, "kind");
    unsigned k = 0;

    if (root->kind == CONF_NULL)
        return; /* an empty document: nothing but comments */
    if (root->kind != CONF_MAP || !kind) {
        policy_error(ld, root, SG_KIND, "a policy document is a map with a kind");
        return;
    }
    while (k < 3 && !(kind->kind == CONF_SCALAR && str_eq(kind->text, str_of(kinds[k]))))
        k++;
    if (k == 3) {
        err_hint_nearest(policy_error(ld, kind, SG_KIND, "unknown kind"), kind->text, kinds, 3);
        return;
    }
    if (!version || !str_eq(version->text, STR("spangate/v1")))
        err_hint(policy_error(ld, version ? version : root, SG_API_VERSION, version ? "unknown apiVersion" : "apiVersion is missing"),
            "this version reads spangate/v1");
    if (k == 2)
        return; /* tests are for `policy test` */
    (void)policy_map_check(ld, root, k == 0 ? &shape_redaction : &shape_residency);
    struct policy *p = policy_add(ld, root);

    if (!p)
        return;
    read_metadata(ld, root, p);
    if (k == 0)
        read_redaction(ld, root, p);
    else
        read_residency(ld, root, p);
}

static void
read_text(struct loader *ld, const char *path, struct str text)
{
    struct conf_doc *doc = NULL;
    /* ${...} stays as it is: the digest of the files names exactly what is enforced. */
    enum rc rc = conf_load_text(path, text, false, &doc, ld->es);

    if (rc == RC_NOMEM)
        ld->fatal = RC_NOMEM;
    if (rc != RC_OK)
        return;
    ld->doc = doc;
    for (unsigned i = 0; i < conf_count(doc) && ld->fatal == RC_OK; i++)
        read_document(ld, conf_root(doc, i));
    ld->doc = NULL;
    ld->detectors = NULL;
    conf_free(doc);
}

static void
file_error(struct loader *ld, const char *path, enum rc rc)
{
    struct err_pos pos = {.file = path};

    if (rc == RC_NOMEM)
        ld->fatal = RC_NOMEM;
    else
        errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_FILE, pos, "cannot be read: %s", file_problem(rc));
}

static void
set_digest(struct loader *ld, struct str bytes)
{
    uint8_t sum[SHA256_SIZE];
    enum rc rc = digest_sha256(bytes, sum);

    if (rc != RC_OK)
        ld->fatal = rc;
    else
        digest_hex((struct str){(const char *)sum, sizeof(sum)}, ld->prog->digest);
}

/* A file, or "pack:NAME". */
static enum rc
file_get(const char *path, struct buf *out)
{
    struct str name = str_of(path);

    if (!str_starts(name, STR(PACK_PREFIX)))
        return file_read(path, FILE_MAX, out);
    struct str text = pack_policy(str_sub(name, sizeof(PACK_PREFIX) - 1, name.len));

    return text.ptr ? buf_append(out, text) : RC_NOT_FOUND;
}

void
policy_files(struct loader *ld)
{
    struct buf all = BUF_INIT(PROGRAM_FILES_MAX_BYTES);
    bool enforced = false;

    for (size_t i = 0; i < ld->src->file_count && ld->fatal == RC_OK; i++) {
        struct buf one = BUF_INIT(FILE_MAX);
        bool given = ld->src->texts && ld->src->texts[i].ptr;
        enum rc rc = given ? buf_append(&one, ld->src->texts[i]) : file_get(ld->src->files[i], &one);

        /* What was hashed is what is parsed: the file is read once. */
        if (rc == RC_OK)
            rc = buf_append(&all, buf_str(&one));
        if (rc == RC_OK)
            read_text(ld, ld->src->files[i], buf_str(&one));
        else
            file_error(ld, ld->src->files[i], rc);
        buf_free(&one);
    }
    set_digest(ld, buf_str(&all));
    buf_free(&all);
    for (size_t i = 0; i < ld->prog->policy_count; i++)
        enforced |= ld->prog->policies[i].redacts && ld->prog->policies[i].mode == RULE_ENFORCE;
    if (!enforced && ld->es->errors == 0) /* else what is not loaded may be the one */
        err_hint(errs_add(ld->es, ERR_WARNING, RC_CONFIG, SG_NO_POLICY, (struct err_pos){0}, "no RedactionPolicy is enforced: no span may leave"),
            "write one with spec.mode: enforce");
}
