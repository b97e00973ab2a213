/* What `use:` means: packs, categories of detectors, entities, single detectors. */
#include "loader_int.h"

/*
 * Semantic conventions 1.44.0, attributes whose registry text warns of personal or sensitive content. URLs and stack traces among them are
 * examined by entity everywhere; here the whole value is meant.
 */
static const char *const semconv_pii_keys[] = {
    "enduser.id",
    "enduser.pseudo.id",
    "device.id",
    "exception.message",
    "db.query.text",
    "db.query.parameter.*",
    "http.request.header.*",
    "http.response.header.*",
    "http.request.body.content",
    "http.response.body.content",
    "rpc.request.metadata.*",
    "rpc.response.metadata.*",
    "url.full",
    "url.path",
    "url.query",
    "process.command_args",
    "process.command_line",
    "container.command",
    "graphql.document",
    "feature_flag.result.value",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.retrieval.query.text",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
};

static const struct pack {
    const char *name;
    const char *const *keys; /* either keys */
    size_t key_count;
    const char *detectors[8]; /* or ids, each with what stands instead: the semantic conventions prescribe the words (url registry) */
    const char *replacements[8];
} packs[] = {
    {"semconv-url", NULL, 0, {"sec.url_query", "sec.url_userinfo"}, {"REDACTED", "REDACTED:REDACTED"}},
    {"semconv-pii", semconv_pii_keys, sizeof(semconv_pii_keys) / sizeof(semconv_pii_keys[0]), {NULL}, {"REDACTED"}},
};
#define PACK_COUNT (sizeof(packs) / sizeof(packs[0]))
#define DEFAULTS "defaults" /* every detector that is on by default anywhere */

#define NAMES_MAX 64

static size_t
name_add(const char **names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return count;
    if (count < NAMES_MAX)
        names[count++] = name;
    return count;
}

const char *const *
pack_names(struct loader *ld, size_t *count)
{
    const char **names = policy_alloc(ld, NAMES_MAX, sizeof(char *));
    size_t n = 0, detectors, scanner_count;
    const struct detector *const *all = detectors_all(&detectors);
    const struct scanner *const *scanners = scanners_all(&scanner_count);

    for (size_t i = 0; names && i < PACK_COUNT; i++)
        n = name_add(names, n, packs[i].name);
    if (names)
        n = name_add(names, n, DEFAULTS);
    if (names)
        n = name_add(names, n, SCANNERS_ALL);
    for (size_t i = 0; names && i < scanner_count; i++)
        n = name_add(names, n, scanners[i]->name);
    for (size_t i = 0; names && i < detectors; i++)
        n = name_add(names, n, all[i]->category);
    *count = n;
    return names;
}

static size_t
pack_select(struct loader *ld, const struct pack *p, struct selection *out, size_t max)
{
    size_t n = 0;

    if (p->keys) {
        struct str *list = policy_alloc(ld, p->key_count, sizeof(*list));

        for (size_t i = 0; list && i < p->key_count; i++)
            list[i] = str_of(p->keys[i]);
        out[0] = (struct selection){
            .entity = str_of(p->name), .keys = {list, list ? p->key_count : 0}, .replacement = p->replacements[0], .severity = 1};
        return 1;
    }
    for (size_t i = 0; p->detectors[i] && n < max; i++) {
        const struct detector **d = policy_alloc(ld, 1, sizeof(struct detector *));

        if (!d)
            return 0;
        d[0] = detector_find(str_of(p->detectors[i]), 0);
        if (d[0])
            out[n++] = (struct selection){.entity = str_of(d[0]->entity), .detectors = d, .detector_count = 1, .replacement = p->replacements[i]};
    }
    return n;
}

/*
 * Whether a detector belongs to what is named: a category, the defaults, an entity, an id. Those of one country or trade (tier C) find too much elsewhere:
 * they are on only when their entity, their id or a pack is named.
 */
static bool
belongs(const struct detector *d, struct str name)
{
    if (str_eq(name, STR(DEFAULTS)))
        return d->tier == TIER_A;
    if (str_eq(name, str_of(d->category)))
        return d->tier != TIER_C;
    return str_eq(name, str_of(d->entity)) || str_eq(name, str_of(d->id));
}

/* One selection for each entity, in the order of the catalogue. */
static size_t
detectors_select(struct loader *ld, struct str name, struct selection *out, size_t max)
{
    size_t count, n = 0;
    const struct detector *const *all = detectors_all(&count);

    for (size_t i = 0; i < count && n < max; i++) {
        size_t seen = 0, k = 0;

        if (!belongs(all[i], name))
            continue;
        while (seen < n && !str_eq(out[seen].entity, str_of(all[i]->entity)))
            seen++;
        if (seen < n)
            continue;
        const struct detector **list = policy_alloc(ld, count, sizeof(struct detector *));

        if (!list)
            return n;
        for (size_t j = i; j < count; j++)
            if (belongs(all[j], name) && strcmp(all[j]->entity, all[i]->entity) == 0)
                list[k++] = all[j];
        out[n++] = (struct selection){.entity = str_of(all[i]->entity), .detectors = list, .detector_count = k};
    }
    return n;
}

size_t
pack_find(struct loader *ld, struct str name, struct selection *out, size_t max)
{
    for (size_t i = 0; i < PACK_COUNT; i++)
        if (str_eq(name, str_of(packs[i].name)))
            return pack_select(ld, &packs[i], out, max);
    return detectors_select(ld, name, out, max);
}
