#include "enrich_int.h"

/* Texts of the source's map; empty ones were not given. */
struct experiment {
    struct str key, seed, salt, set_id;
    enum bucketing algorithm;
    enum enrich_emit emit;
};

static bool
text_optional(struct enrich_load *ld, const char *name, struct str *out)
{
    const struct conf_node *n = conf_get(ld->node, name);
    struct str text;

    if (!n)
        return true;
    if (conf_text(ld->doc, n, &text, ld->es) != RC_OK)
        return false;
    if (text.len > ENRICH_KEY_MAX || !str_utf8_valid(text)) {
        enrich_error(ld, n, SG_ENRICH_EXPERIMENT, "%s is at most 255 bytes of UTF-8", name);
        return false;
    }
    *out = enrich_copy(ld, text);
    return out->ptr != NULL;
}

static bool
algorithm_read(struct enrich_load *ld, enum bucketing *algorithm)
{
    const char *names[BUCKET_COUNT_];
    unsigned choice;

    for (unsigned i = 0; i < BUCKET_COUNT_; i++)
        names[i] = bucket_name((enum bucketing)i);
    if (!conf_get(ld->node, "algorithm")) {
        enrich_error(ld, ld->node, SG_ENRICH_SOURCE, "algorithm is missing");
        return false;
    }
    if (conf_choice(ld->doc, conf_get(ld->node, "algorithm"), names, BUCKET_COUNT_, &choice, ld->es) != RC_OK)
        return false;
    *algorithm = (enum bucketing)choice;
    return true;
}

static bool
experiment_read(struct enrich_load *ld, struct experiment *ex)
{
    if (!text_optional(ld, "key", &ex->key) || !text_optional(ld, "seed", &ex->seed) || !text_optional(ld, "salt", &ex->salt) ||
        !text_optional(ld, "set_id", &ex->set_id) || !algorithm_read(ld, &ex->algorithm) || !evaluation_emit(ld, &ex->emit))
        return false;
    if (ex->key.len == 0)
        enrich_error(ld, ld->node, SG_ENRICH_SOURCE, "key is missing");
    else if (ex->salt.len && ex->algorithm != BUCKET_LAUNCHDARKLY)
        enrich_error(ld, conf_get(ld->node, "salt"), SG_ENRICH_EXPERIMENT, "only launchdarkly has a salt");
    else if (ex->algorithm == BUCKET_LAUNCHDARKLY && (ex->salt.len == 0) == (ex->seed.len == 0))
        enrich_error(ld, ld->node, SG_ENRICH_EXPERIMENT, "launchdarkly has either a salt or a seed");
    else
        return true;
    return false;
}

/* The weights, and what they are shares of. */
static bool
weights_read(struct enrich_load *ld, const struct conf_node *variants, struct bucket_rule *rule)
{
    uint32_t *weights = arena_calloc(ld->en->ar, variants->count, sizeof(*weights));
    const struct conf_node *total_node = conf_get(ld->node, "total"), *coverage_node = conf_get(ld->node, "coverage");
    uint64_t sum = 0, total, coverage = 100;
    bool growthbook = rule->algorithm == BUCKET_GROWTHBOOK_V1 || rule->algorithm == BUCKET_GROWTHBOOK_V2;

    if (!weights) {
        ld->nomem = true;
        return false;
    }
    for (unsigned i = 0; i < variants->count; i++) {
        uint64_t weight = 0;

        if (conf_u64(ld->doc, variants->items[i], 0, INT32_MAX, &weight, ld->es) != RC_OK)
            return false;
        weights[i] = (uint32_t)weight;
        sum += weight;
    }
    total = bucket_total(rule->algorithm) ? bucket_total(rule->algorithm) : sum;
    if (conf_u64(ld->doc, total_node, 1, INT32_MAX, &total, ld->es) != RC_OK || conf_u64(ld->doc, coverage_node, 0, 100, &coverage, ld->es) != RC_OK)
        return false;
    if (sum == 0 || sum > total || sum > INT32_MAX)
        enrich_error(ld, variants, SG_ENRICH_EXPERIMENT, "the weights add up to %llu, which is not within 1 and %llu", (unsigned long long)sum,
            (unsigned long long)(total < INT32_MAX && total ? total : INT32_MAX));
    else if (coverage_node && !growthbook)
        enrich_error(ld, coverage_node, SG_ENRICH_EXPERIMENT, "only growthbook has a coverage");
    else {
        rule->weights = weights;
        rule->count = variants->count;
        rule->total = (uint32_t)total;
        rule->coverage = (uint32_t)coverage;
        return true;
    }
    return false;
}

static const struct conf_node *
variants_node(struct enrich_load *ld)
{
    const struct conf_node *n = conf_get(ld->node, "variants");

    if (n && n->kind == CONF_MAP && n->count > 0 && n->count <= ENRICH_VARIANTS_MAX)
        return n;
    enrich_error(ld, n ? n : ld->node, SG_ENRICH_EXPERIMENT, "variants is a map of 1 to %d names to weights", ENRICH_VARIANTS_MAX);
    return NULL;
}

/* "growthbook" of growthbook_v2. */
static struct str
provider_name(enum bucketing algorithm)
{
    struct str name = str_of(bucket_name(algorithm));
    size_t end = str_find(name, STR("_"));

    return end == SIZE_MAX ? name : str_sub(name, 0, end);
}

static void
experiment_load(struct enrich_load *ld)
{
    struct experiment ex = {.emit = EMIT_SPAN_EVENT};
    struct evaluation ev = {.experiment = true};
    const struct conf_node *variants = variants_node(ld);
    struct outcome *outcomes;

    ld->where = PLACE_SPAN_ATTRIBUTE;
    if (!experiment_read(ld, &ex) || !evaluation_unit(ld, "unit", true, &ev) || !variants)
        return;
    ev.key = ex.key;
    ev.rule = (struct bucket_rule){.algorithm = ex.algorithm, .key = ex.key, .seed = ex.seed, .salt = ex.salt};
    if (!weights_read(ld, variants, &ev.rule))
        return;
    outcomes = arena_calloc(ld->en->ar, variants->count, sizeof(*outcomes));
    if (!outcomes) {
        ld->nomem = true;
        return;
    }
    for (unsigned i = 0; i < variants->count; i++) {
        const struct evaluation_words words = {
            .key = ex.key, .provider = provider_name(ex.algorithm), .variant = variants->keys[i]->text, .reason = STR("split"), .set_id = ex.set_id};

        if (words.variant.len == 0 || words.variant.len > ENRICH_KEY_MAX)
            enrich_error(ld, variants->keys[i], SG_ENRICH_EXPERIMENT, "a variant's name is 1 to 255 bytes");
        else
            evaluation_outcome(ld, ex.emit, &words, &outcomes[i]);
    }
    ev.outcomes = outcomes;
    evaluation_add(ld, conf_pos(ld->doc, ld->node), &ev);
}

static const char *const keys[] = {"algorithm", "key", "seed", "salt", "unit", "variants", "total", "coverage", "emit", "set_id", NULL};
const struct enrich_source enrich_experiment = {
    "experiment", "the variant of an A/B experiment that a unit sees, by its system's formula", keys, experiment_load};
