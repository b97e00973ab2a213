/*
 * Conditions of rules:   term {and term}
 *   term:   destination.name | destination.jurisdiction | destination.country    == | !=   value
 *                                                                                 in | not in  [value, value]
 * They only know destinations, so that every condition is decided when the program is made.
 */
#include "loader_int.h"
#include "policies/residency.h"

#define VALUES_MAX 32

enum field { FIELD_NAME, FIELD_JURISDICTION, FIELD_COUNTRY };
static const char *const field_names[] = {"destination.name", "destination.jurisdiction", "destination.country"};

struct cursor {
    struct str left;
};

/* The next word, operator, or quoted value; empty at the end or where a quote does not close. */
struct word {
    struct str text;
    bool quoted;
};

static bool
is_special(char c)
{
    return strchr("=![],\"' \t", c) != NULL;
}

static struct word
next(struct cursor *c)
{
    struct str s = str_trim(c->left);
    size_t n = 1;

    if (s.len == 0) {
        c->left = s;
        return (struct word){s, false};
    }
    if (s.ptr[0] == '"' || s.ptr[0] == '\'') {
        size_t close = str_find(str_sub(s, 1, s.len), str_sub(s, 0, 1));

        c->left = close == SIZE_MAX ? (struct str){s.ptr, 0} : str_sub(s, close + 2, s.len);
        return (struct word){close == SIZE_MAX ? (struct str){s.ptr, 0} : str_sub(s, 1, close + 1), true};
    }
    if ((s.ptr[0] == '=' || s.ptr[0] == '!') && s.len > 1 && s.ptr[1] == '=')
        n = 2;
    else if (!is_special(s.ptr[0]))
        while (n < s.len && !is_special(s.ptr[n]))
            n++;
    c->left = str_sub(s, n, s.len);
    return (struct word){str_sub(s, 0, n), false};
}

struct term {
    enum field field;
    bool negated;
    struct str values[VALUES_MAX];
    size_t count;
};

static bool
wrong(struct loader *ld, const struct conf_node *n, const char *what, struct str at)
{
    struct err *e = policy_error(ld, n, SG_WHEN, "condition: %s, found '%.*s'", what, (int)at.len, at.len ? at.ptr : "");

    err_hint(e, "write destination.jurisdiction != \"EU\", or destination.country in [\"US\", \"CA\"]");
    return false;
}

static bool
read_list(struct loader *ld, const struct conf_node *n, struct cursor *c, struct term *t)
{
    struct word tok = next(c);

    if (!str_eq(tok.text, STR("[")))
        return wrong(ld, n, "a list [..] is expected", tok.text);
    for (;;) {
        tok = next(c);
        if (tok.text.len == 0 || (!tok.quoted && is_special(tok.text.ptr[0])) || t->count == VALUES_MAX)
            return wrong(ld, n, "a value is expected", tok.text);
        t->values[t->count++] = tok.text;
        tok = next(c);
        if (str_eq(tok.text, STR("]")))
            return true;
        if (!str_eq(tok.text, STR(",")))
            return wrong(ld, n, "',' or ']' is expected", tok.text);
    }
}

static bool
read_term(struct loader *ld, const struct conf_node *n, struct cursor *c, struct term *t)
{
    struct word tok = next(c);
    unsigned f = 0;

    while (f < 3 && !str_eq(tok.text, str_of(field_names[f])))
        f++;
    if (f == 3) {
        struct err *e = policy_error(ld, n, SG_WHEN, "condition on unknown '%.*s'", (int)tok.text.len, tok.text.len ? tok.text.ptr : "");

        err_hint_nearest(e, tok.text, field_names, 3);
        return false;
    }
    t->field = (enum field)f;
    tok = next(c);
    t->negated = str_eq(tok.text, STR("!=")) || str_eq(tok.text, STR("not"));
    if (str_eq(tok.text, STR("not")))
        tok = next(c);
    if (str_eq(tok.text, STR("in")))
        return read_list(ld, n, c, t);
    if (!str_eq(tok.text, STR("==")) && !str_eq(tok.text, STR("!=")))
        return wrong(ld, n, "==, != or in is expected", tok.text);
    tok = next(c);
    if (tok.text.len == 0 || (!tok.quoted && is_special(tok.text.ptr[0])))
        return wrong(ld, n, "a value is expected", tok.text);
    t->values[t->count++] = tok.text;
    return true;
}

static struct str
field_of(const struct destination_info *d, enum field f)
{
    return f == FIELD_NAME ? d->name : f == FIELD_JURISDICTION ? d->jurisdiction : d->country;
}

/* A misspelt name would make a condition hold for nobody, or for everybody. */
static void
check_value(struct loader *ld, const struct conf_node *n, enum field f, struct str value)
{
    const struct program_source *src = ld->src;
    const char *names[PROGRAM_DESTINATIONS_MAX];

    if (f == FIELD_COUNTRY) {
        if (!country_known(value))
            policy_error(ld, n, SG_WHEN_VALUE, "'%.*s' is no country of ISO 3166-1", (int)value.len, value.ptr);
        return;
    }
    for (size_t i = 0; i < src->destination_count; i++) {
        struct str have = field_of(&src->destinations[i], f);

        if (str_eq(have, value))
            return;
        names[i] = policy_dup(ld, have).ptr;
    }
    if (src->destination_count == 0)
        return;
    if (f == FIELD_NAME)
        err_hint_nearest(
            policy_error(ld, n, SG_WHEN_VALUE, "no destination is named '%.*s'", (int)value.len, value.ptr), value, names, src->destination_count);
    else if (!country_known(value) && !str_eq(value, STR("EU")) && !str_eq(value, STR("EEA")))
        err_hint_nearest(policy_warning(ld, n, SG_WHEN_VALUE, "no destination has the jurisdiction '%.*s'", (int)value.len, value.ptr), value, names,
            src->destination_count);
}

/* Of a destination that does not say what is asked for, it may be true: the rule is for it. */
static uint32_t
holds_for(struct loader *ld, const struct conf_node *n, const struct term *t)
{
    uint32_t set = 0;

    for (size_t d = 0; d < ld->src->destination_count; d++) {
        struct str have = field_of(&ld->src->destinations[d], t->field);
        bool among = false;

        for (size_t i = 0; i < t->count; i++)
            among |= str_eq(have, t->values[i]);
        if (have.len == 0 || among != t->negated)
            set |= 1u << d;
        if (have.len == 0)
            err_hint(policy_warning(ld, n, SG_WHEN_OPEN, "%.*s has no %s: the condition is taken to hold there",
                         (int)ld->src->destinations[d].name.len, ld->src->destinations[d].name.ptr, field_names[t->field]),
                "say it beside the exporter's endpoint");
    }
    return set;
}

uint32_t
policy_when(struct loader *ld, const struct conf_node *n)
{
    struct str text;
    uint32_t set = UINT32_MAX;

    if (!n || conf_text(ld->doc, n, &text, ld->es) != RC_OK)
        return UINT32_MAX;
    struct cursor c = {text};

    for (;;) {
        struct term t = {0};

        if (!read_term(ld, n, &c, &t))
            return UINT32_MAX;
        for (size_t i = 0; i < t.count; i++)
            check_value(ld, n, t.field, t.values[i]);
        set &= holds_for(ld, n, &t);
        struct word tok = next(&c);

        if (tok.text.len == 0 && !tok.quoted)
            break;
        if (!str_eq(tok.text, STR("and")))
            return wrong(ld, n, "and is expected", tok.text), UINT32_MAX;
    }
    if (ld->src->destination_count == 0)
        return UINT32_MAX; /* tools without destinations see every rule */
    if (set == 0)
        policy_warning(ld, n, SG_WHEN_NEVER, "the condition holds for no destination");
    return set;
}
