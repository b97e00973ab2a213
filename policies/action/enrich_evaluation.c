/* What experiments and flags have in common: the words of the semantic conventions (v1.44, "feature_flag"), encoded ahead. */
#include "enrich_int.h"

bool
evaluation_emit(struct enrich_load *ld, enum enrich_emit *emit)
{
    static const char *const names[] = {"span_event", "attributes", "both"};
    unsigned choice = EMIT_SPAN_EVENT;

    if (conf_choice(ld->doc, conf_get(ld->node, "emit"), names, 3, &choice, ld->es) != RC_OK)
        return false;
    *emit = (enum enrich_emit)choice;
    return true;
}

bool
evaluation_unit(struct enrich_load *ld, const char *name, bool required, struct evaluation *ev)
{
    static const char *const known[] = {"span.attributes.enduser.pseudo.id", "span.attributes.session.id", "resource.attributes.service.instance.id"};
    const struct conf_node *n = conf_get(ld->node, name);
    struct attr_path path;
    struct str text;

    if (!n && !required)
        return true;
    if (!enrich_text(ld, name, &text))
        return false;
    if (!attr_path_parse(text, &path) || (path.place != PLACE_SPAN_ATTRIBUTE && path.place != PLACE_RESOURCE_ATTRIBUTE)) {
        err_hint_nearest(enrich_error(ld, n, SG_ENRICH_UNIT, "%s is span.attributes.KEY or resource.attributes.KEY", name), text, known, 3);
        return false;
    }
    ev->unit = (struct attr_path){path.place, enrich_copy(ld, path.key)};
    ev->has_unit = true;
    return ev->unit.key.ptr != NULL;
}

/* Span.events = 11: the time first (eight zeros, to be filled in for each span), then the name and the attributes. */
static bool
event_encode(const struct evaluation_words *w, struct buf *event, struct buf *field)
{
    static const char time[] = {1 << 3 | 1, 0, 0, 0, 0, 0, 0, 0, 0};
    const struct {
        struct str key, value;
    } attrs[] = {
        {STR("feature_flag.key"), w->key},
        {STR("feature_flag.provider.name"), w->provider},
        {STR("feature_flag.result.variant"), w->variant},
        {STR("feature_flag.result.reason"), w->reason},
        {STR("feature_flag.set.id"), w->set_id},
        {STR("feature_flag.version"), w->version},
    };
    bool ok = buf_append(event, (struct str){time, sizeof(time)}) == RC_OK && emit_len_field(event, 2, STR("feature_flag.evaluation")) == RC_OK;

    for (size_t i = 0; ok && i < sizeof(attrs) / sizeof(attrs[0]); i++)
        if (attrs[i].value.len)
            ok = emit_key_value(event, 3, attrs[i].key, attrs[i].value) == RC_OK;
    return ok && emit_len_field(field, 11, buf_str(event)) == RC_OK;
}

static void
outcome_event(struct enrich_load *ld, const struct evaluation_words *w, struct outcome *out)
{
    struct buf event = BUF_INIT(8 * ENRICH_VALUE_MAX), field = BUF_INIT(9 * ENRICH_VALUE_MAX);

    if (event_encode(w, &event, &field)) {
        out->event = enrich_copy(ld, buf_str(&field));
        out->time_at = field.len - event.len + 1;
    } else {
        ld->nomem = true;
    }
    buf_free(&event);
    buf_free(&field);
}

static void
outcome_attribute(struct enrich_load *ld, const struct evaluation_words *w, struct outcome *out)
{
    struct buf key = BUF_INIT(2 * ENRICH_KEY_MAX), field = BUF_INIT(4 * ENRICH_VALUE_MAX);

    if (buf_printf(&key, "feature_flag.%.*s.variant", (int)w->key.len, w->key.ptr) == RC_OK &&
        emit_key_value(&field, 9, buf_str(&key), w->variant) == RC_OK)
        out->attribute = (struct addition){enrich_copy(ld, buf_str(&key)), enrich_copy(ld, buf_str(&field)), ld->override};
    else
        ld->nomem = true;
    buf_free(&key);
    buf_free(&field);
}

void
evaluation_outcome(struct enrich_load *ld, enum enrich_emit emit, const struct evaluation_words *words, struct outcome *out)
{
    *out = (struct outcome){{NULL, 0}, 0, {{NULL, 0}, {NULL, 0}, false}};
    if (emit != EMIT_ATTRIBUTES)
        outcome_event(ld, words, out);
    if (emit != EMIT_SPAN_EVENT && words->variant.len)
        outcome_attribute(ld, words, out);
}

void
evaluation_add(struct enrich_load *ld, struct err_pos pos, const struct evaluation *ev)
{
    unsigned at = 0;

    while (at < ld->en->evaluation_count && !str_eq(ld->en->evaluations[at].key, ev->key))
        at++;
    if (at < ld->en->evaluation_count && !ld->override)
        return;
    if (at == ENRICH_EVALUATIONS_MAX) {
        errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_LIMIT, pos, "more than %d flags and experiments", ENRICH_EVALUATIONS_MAX);
        return;
    }
    ld->en->evaluations[at] = *ev;
    ld->en->evaluations[at].override = ld->override;
    ld->en->evaluation_count += at == ld->en->evaluation_count;
}
