#include "loader_int.h"

/* A match that context words support scores 1; one without support scores this. A detector without context words always scores 1. */
#define BARE_SCORE_PERCENT 40

/* "0.5", "1": hundredths. */
static bool
read_score(struct loader *ld, const struct conf_node *n, unsigned *percent)
{
    struct str s = STR("0");

    if (!n)
        return false;
    if (conf_text(ld->doc, n, &s, ld->es) != RC_OK)
        return false;
    unsigned v = 0, places = 0;
    bool point = false, ok = s.len > 0;

    for (size_t i = 0; i < s.len && ok; i++) {
        if (s.ptr[i] == '.' && !point)
            point = true;
        else if (s.ptr[i] >= '0' && s.ptr[i] <= '9' && places < 2 && v < 1000)
            v = v * 10 + (unsigned)(s.ptr[i] - '0'), places += point;
        else
            ok = false;
    }
    for (; places < 2; places++)
        v *= 10;
    if (!ok || v > 100) {
        policy_error(ld, n, SG_DETECTOR, "min_score is a number from 0 to 1 with two places at most");
        return false;
    }
    *percent = v;
    return true;
}

/* The kind of separator does not matter, nor does case: "Member_ID" is "member id". */
static char
context_letter(char c)
{
    if (c == '_' || c == '-' || c == '.' || c == '/' || c == ':')
        return ' ';
    return c;
}

static const char *const *
read_words(struct loader *ld, const struct conf_node *n)
{
    struct str *list = NULL;
    size_t count = policy_texts(ld, n, "context", &list);

    if (count == 0)
        return NULL;
    const char **words = policy_alloc(ld, count + 1, sizeof(char *));

    for (size_t i = 0; words && i < count; i++) {
        char *word = policy_alloc(ld, list[i].len + 1, 1);

        for (size_t k = 0; word && k < list[i].len; k++)
            word[k] = context_letter(list[i].ptr[k]);
        if (word)
            detector_lower(word);
        words[i] = word ? word : "";
        if (list[i].len == 0)
            policy_error(ld, n, SG_DETECTOR, "a context word is empty");
    }
    return (const char *const *)words;
}

/* context, min_score: the same for regexes of detectors and of rules. */
static void
read_context(struct loader *ld, const struct conf_node *n, struct local_detector *d)
{
    const struct conf_node *score = conf_get(n, "min_score");
    unsigned percent = 0;

    d->det.context = read_words(ld, conf_get(n, "context"));
    if (!read_score(ld, score, &percent))
        return;
    d->need_context = percent > BARE_SCORE_PERCENT;
    if (d->custom) {
        d->det.need_context = d->need_context && d->det.context;
        return;
    }
    if (percent == 0)
        policy_error(ld, score, SG_DETECTOR, "min_score cannot be lowered below what the built-in detector asks for");
}

static void
read_regex(struct loader *ld, const struct conf_node *n, struct local_detector *d)
{
    struct str s = STR("");

    if (conf_text(ld->doc, n, &s, ld->es) != RC_OK)
        return;
    d->regex_node = n;
    d->regex = policy_dup(ld, s);
    d->det.pattern = d->regex.ptr;
}

struct local_detector *
policy_inline_regex(struct loader *ld, const struct conf_node *rule, struct str entity)
{
    struct local_detector *d = policy_alloc(ld, 1, sizeof(*d));

    if (!d)
        return NULL;
    d->name = entity;
    d->custom = true;
    d->det = (struct detector){.id = entity.ptr, .entity = entity.ptr, .title = entity.ptr, .category = "custom", .controls = "", .severity = 1};
    read_regex(ld, conf_get(rule, "regex"), d);
    read_context(ld, rule, d);
    return d;
}

/*
 * Options that describe what the built-in card detector does anyway: they are written down in policies as documentation, so they may only
 * say the truth.
 */
static void
check_fixed_options(struct loader *ld, const struct conf_node *n, struct str name)
{
    const struct conf_node *checks = conf_get(n, "checks"), *bare = conf_get(n, "bare_digits");
    bool card = str_eq(name, STR("CREDIT_CARD")) || str_eq(name, STR("fin.pan"));

    if (!card && (checks || bare)) {
        policy_error(ld, checks ? checks : bare, SG_DETECTOR, "detector %.*s has no such option", (int)name.len, name.ptr);
        return;
    }
    if (checks) {
        bool good = checks->kind == CONF_LIST && checks->count == 2 && str_eq(checks->items[0]->text, STR("luhn")) &&
                    str_eq(checks->items[1]->text, STR("issuer_range"));

        if (!good)
            policy_error(ld, checks, SG_DETECTOR, "the built-in detector always checks [luhn, issuer_range]");
    }
    if (bare && !str_eq(bare->text, STR("issuer_range_or_context")))
        policy_error(ld, bare, SG_DETECTOR, "the built-in detector knows only bare_digits: issuer_range_or_context");
}

static void
read_builtin(struct loader *ld, const struct conf_node *n, struct local_detector *d, const struct conf_node *key)
{
    static const char *const uses[] = {"builtin"};
    unsigned use = 0;
    uint64_t severity = 0;
    size_t count;
    const char *const *names = detector_names(&count);

    if (!policy_map_check(ld, n, &shape_detector_builtin))
        return;
    if (conf_choice(ld->doc, conf_get(n, "use"), uses, 1, &use, ld->es) != RC_OK)
        return;
    if (!detector_find(d->name, 0)) {
        err_hint_nearest(policy_error(ld, key, SG_ENTITY, "there is no built-in detector %s", d->name.ptr), d->name, names, count);
        return;
    }
    check_fixed_options(ld, n, d->name);
    read_context(ld, n, d);
    if (conf_u64(ld->doc, conf_get(n, "severity"), 0, 3, &severity, ld->es) == RC_OK && conf_get(n, "severity")) {
        d->has_severity = true;
        d->det.severity = (unsigned)severity;
    }
}

static void
read_custom(struct loader *ld, const struct conf_node *n, struct local_detector *d, const struct conf_node *key)
{
    uint64_t severity = 1;

    if (!policy_map_check(ld, n, &shape_detector_custom))
        return;
    if (detector_find(d->name, 0)) {
        err_hint(
            policy_error(ld, key, SG_CONFLICT, "%s is a built-in detector", d->name.ptr), "take another name, or set options with `use: builtin`");
        return;
    }
    d->custom = true;
    if (conf_u64(ld->doc, conf_get(n, "severity"), 0, 3, &severity, ld->es) != RC_OK)
        return;
    d->det = (struct detector){
        .id = d->name.ptr, .entity = d->name.ptr, .title = d->name.ptr, .category = "custom", .controls = "", .severity = (unsigned)severity};
    read_regex(ld, conf_get(n, "regex"), d);
    read_context(ld, n, d);
}

void
policy_detectors(struct loader *ld, const struct conf_node *n)
{
    ld->detectors = NULL;
    if (!n)
        return;
    if (n->kind != CONF_MAP) {
        policy_error(ld, n, SG_DETECTOR, "detectors is a map of names");
        return;
    }
    for (unsigned i = 0; i < n->count && ld->fatal == RC_OK; i++) {
        struct local_detector *d = policy_alloc(ld, 1, sizeof(*d));
        struct str name = policy_name(ld, n->keys[i], "a detector's name");

        if (!d || name.len == 0)
            continue;
        d->name = name;
        if (conf_get(n->items[i], "regex"))
            read_custom(ld, n->items[i], d, n->keys[i]);
        else if (conf_get(n->items[i], "use"))
            read_builtin(ld, n->items[i], d, n->keys[i]);
        else
            policy_error(ld, n->keys[i], SG_DETECTOR, "detector %s needs `regex`, or `use: builtin`", name.ptr);
        d->next = ld->detectors;
        ld->detectors = d;
    }
}
