#include <stdlib.h>

#include "loader_int.h"

#define PROGRAM_BYTES_MAX ((size_t)64 << 20)
#define REDACTING_MAX 0xFF00 /* rule numbers above have other meanings (examine.h) */

_Static_assert(PROGRAM_RULES_MAX < REDACTING_MAX, "RULE_UNDECIDABLE is no rule");

static void
program_free(struct program *p)
{
    for (size_t i = 0; i < p->pattern_count; i++)
        confirm_free(p->patterns[i].confirm);
    finder_free(p->finder);
    residency_free(p->residency);
    arena_free(p->ar); /* wiped: derived keys are in it */
    free(p);
}

static struct program *
program_new(void)
{
    struct program *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    atomic_init(&p->refs, 1);
    p->ar = arena_new(PROGRAM_BYTES_MAX);
    if (p->ar)
        p->policies = arena_calloc(p->ar, PROGRAM_POLICIES_MAX, sizeof(*p->policies));
    if (!p->policies) {
        program_free(p);
        return NULL;
    }
    return p;
}

struct program *
program_ref(struct program *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void
program_unref(struct program *p)
{
    if (p && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
        program_free(p);
}

static void
copy_destinations(struct loader *ld)
{
    struct program *p = ld->prog;

    if (ld->src->destination_count > PROGRAM_DESTINATIONS_MAX) {
        errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_TOO_MANY, (struct err_pos){0}, "more than %d exporters", PROGRAM_DESTINATIONS_MAX);
        return;
    }
    for (size_t i = 0; i < ld->src->destination_count; i++)
        p->destinations[i] = policy_dup(ld, ld->src->destinations[i].name);
    p->destination_count = ld->src->destination_count;
}

static bool
rule_active(const struct rule *r, size_t destination)
{
    return r->mode != RULE_OFF && (r->destinations >> destination & 1);
}

static bool
same_rules(const struct program *p, size_t a, size_t b)
{
    for (size_t i = 0; i < p->rule_count; i++)
        if (rule_active(&p->rules[i], a) != rule_active(&p->rules[i], b))
            return false;
    return true;
}

/* Destinations with the same active rules share a class. Without destinations there is one class, and every rule is in it. */
static void
make_classes(struct program *p)
{
    if (p->destination_count == 0) {
        p->class_count = 1;
        for (size_t i = 0; i < p->rule_count; i++)
            p->rules[i].classes = p->rules[i].mode != RULE_OFF;
        return;
    }
    for (size_t d = 0; d < p->destination_count; d++) {
        size_t like = 0;

        while (like < d && !same_rules(p, like, d))
            like++;
        p->class_of[d] = like < d ? p->class_of[like] : (uint8_t)p->class_count++;
        for (size_t i = 0; i < p->rule_count; i++)
            if (rule_active(&p->rules[i], d))
                p->rules[i].classes |= 1u << p->class_of[d];
    }
}

/* Hand each pattern the numbers of its rules. */
static void
distribute(struct loader *ld)
{
    struct program *p = ld->prog;

    for (size_t i = 0; i < ld->pairing_count; i++)
        p->patterns[ld->pairings[i].pattern].rule_count++;
    for (size_t i = 0; i < p->pattern_count; i++) {
        p->patterns[i].rules = policy_alloc(ld, p->patterns[i].rule_count, sizeof(uint16_t));
        p->patterns[i].rule_count = 0;
    }
    for (size_t i = 0; i < ld->pairing_count && ld->fatal == RC_OK; i++) {
        struct pattern *pat = &p->patterns[ld->pairings[i].pattern];
        const struct rule *r = &p->rules[ld->pairings[i].rule];

        pat->rules[pat->rule_count++] = ld->pairings[i].rule;
        pat->policies |= (uint64_t)1 << r->policy;
        pat->places |= r->places;
    }
}

#define SHORT_WORD 4

/*
 * Short words begin many others ("tel", "tells"). Behind them no small letter may run on but an s, as detector_context has it; for longer ones that would only make
 * the automaton larger.
 */
static bool
word_ends(const char *word)
{
    size_t len = strlen(word);

    return len > 0 && len <= SHORT_WORD && word[len - 1] >= 'a' && word[len - 1] <= 'z';
}

/*
 * One word of a context list as a regex; letters of any case, anything between its parts. It need not be exact, and letters of other scripts are not: with them
 * automata would be twice as large, for texts in which they do not stand.
 */
static enum rc
append_word(struct buf *out, const char *word)
{
    bool ends = word_ends(word);
    enum rc rc = RC_OK;

    for (; *word && rc == RC_OK; word++) {
        bool letter = (*word >= 'a' && *word <= 'z') || (*word >= '0' && *word <= '9');

        if (*word == ' ')
            rc = buf_append(out, STR("[" DETECTOR_SEPARATORS "]*"));
        else if ((unsigned char)*word >= 0x80)
            rc = buf_append(out, STR("[\\x80-\\xFF]"));
        else
            rc = buf_printf(out, letter ? "%c" : "\\%c", *word);
    }
    return rc == RC_OK && ends ? buf_append(out, STR("(?-i:(?![a-rt-z]))")) : rc;
}

/* The bytes that letters of the script of a word begin with in UTF-8. */
static const char *
script_class(const char *word)
{
    static const struct {
        unsigned char last;
        const char *class;
    } scripts[] = {{0xCD, "[\\xC2-\\xCD]"}, {0xCF, "[\\xCE-\\xCF]"}, {0xD3, "[\\xD0-\\xD3]"}, {0xD7, "[\\xD4-\\xD7]"}, {0xDF, "[\\xD8-\\xDF]"},
        {0xE1, "[\\xE0-\\xE1]"}, {0xE9, "[\\xE2-\\xE9]"}, {0xFF, "[\\xEA-\\xFF]"}};
    size_t i = 0;

    while ((unsigned char)*word > scripts[i].last)
        i++;
    return scripts[i].class;
}

/* Whether another word stands in this one, so that it is found wherever this one is; of equal ones the first is kept. */
static bool
word_implied(const char *const *words, size_t which)
{
    struct str word = str_of(words[which]);

    for (size_t i = 0; words[i]; i++) {
        bool holds = word_ends(words[i]) ? str_ends(word, str_of(words[i])) : strstr(words[which], words[i]) != NULL;

        if (i != which && words[i][0] && holds && (strcmp(words[which], words[i]) != 0 || i < which))
            return true;
    }
    return false;
}

static struct str
words_regex(struct loader *ld, const char *const *words)
{
    struct buf out = BUF_INIT(8192);
    enum rc rc = RC_OK;
    struct str s = {NULL, 0};

    for (size_t i = 0; words[i] && rc == RC_OK; i++) {
        bool foreign = (unsigned char)words[i][0] >= 0x80;

        if (foreign ? str_find(buf_str(&out), str_of(script_class(words[i]))) != SIZE_MAX : word_implied(words, i))
            continue;
        rc = out.len ? buf_append_byte(&out, '|') : RC_OK;
        if (rc == RC_OK)
            rc = foreign ? buf_append(&out, str_of(script_class(words[i]))) : append_word(&out, words[i]);
    }
    if (rc == RC_OK && out.len)
        s = policy_dup(ld, buf_str(&out));
    else if (rc == RC_NOMEM)
        ld->fatal = RC_NOMEM;
    buf_free(&out);
    return s;
}

/*
 * Context words are asked of the finder: without that, detectors of bare digits would be tried in every text
 * with a number, and their words looked for before each of them.
 */
static size_t
add_words(struct loader *ld, struct finder_pattern *list)
{
    struct program *p = ld->prog;
    size_t total = p->finder_count;

    for (size_t i = 0; i < p->finder_count && ld->fatal == RC_OK; i++) {
        struct pattern *pat = &p->patterns[p->finder_patterns[i]];
        struct str regex = pat->det.context ? words_regex(ld, pat->det.context) : (struct str){NULL, 0};

        if (!regex.ptr || regex.len == 0) {
            list[i].kind = FINDER_PLAIN; /* no word would ask for it */
            continue;
        }
        list[total] = (struct finder_pattern){
            .regex = regex, .caseless = true, .kind = pat->det.need_context ? FINDER_WORDS_NEEDED : FINDER_WORDS, .owner = (uint16_t)i};
        pat->words = (uint16_t)total++;
    }
    return total;
}

/* The marks of a detector's member vouched as texts show them. */
static uint64_t
vouched_bits(const struct detector *d)
{
    uint64_t all = 0;

    for (const char *mark = d->vouched; mark && *mark; mark++) {
        uint64_t one = sieve_sign((unsigned char)*mark).bits & ~SIEVE_NO_MARKS;

        all |= one ? one : VOUCHED_ALWAYS;
    }
    return d->need_context ? 0 : all ? all : VOUCHED_ALWAYS;
}

static void
make_finder(struct loader *ld)
{
    struct program *p = ld->prog;
    struct finder_pattern *list = policy_alloc(ld, 2 * p->pattern_count, sizeof(*list));

    p->finder_patterns = policy_alloc(ld, p->pattern_count, sizeof(uint16_t));
    p->key_patterns = policy_alloc(ld, p->pattern_count, sizeof(uint16_t));
    if (ld->fatal != RC_OK)
        return;
    for (size_t i = 0; i < p->pattern_count; i++) {
        struct pattern *pat = &p->patterns[i];

        pat->words = NO_WORDS;
        pat->vouched = vouched_bits(&pat->det);
        if (pat->rule_count == 0)
            continue; /* only of rules that are off */
        if (pat->det.key_only) {
            p->key_patterns[p->key_pattern_count++] = (uint16_t)i;
            continue;
        }
        list[p->finder_count] = (struct finder_pattern){
            .regex = pat->regex, .caseless = pat->base && pat->base->caseless, .kind = pat->det.need_context ? FINDER_WANTS_WORDS : FINDER_PLAIN};
        p->finder_patterns[p->finder_count++] = (uint16_t)i;
    }
    size_t total = add_words(ld, list);

    if (ld->fatal == RC_OK)
        ld->fatal = finder_compile(list, total, &p->finder);
}

static void
collect_own(struct loader *ld)
{
    struct program *p = ld->prog;

    p->own = own_new(p->ar);
    if (!p->own)
        ld->fatal = RC_NOMEM;
    for (size_t i = 0; i < p->rule_count && ld->fatal == RC_OK; i++) {
        p->tenants |= p->rules[i].action.tenant_key.len > 0;
        if (p->rules[i].mode != RULE_OFF)
            ld->fatal = own_add(p->own, p->ar, &p->rules[i].action);
    }
}

/* A replacement that a pattern of the program finds again is legal, but a second gate would count it as a finding. */
static void
check_replacement(struct loader *ld, const struct rule *r, struct confirm_scratch *scratch)
{
    struct program *p = ld->prog;

    for (size_t i = 0; i < p->pattern_count; i++) {
        uint64_t work = 1 << 20;
        struct pattern_text t = {.text = r->action.replace.text, .key = STR(""), .work = &work};
        struct match m;

        if (p->patterns[i].rule_count == 0 || p->patterns[i].det.key_only || pattern_next(&p->patterns[i], scratch, &t, 0, &m) == RC_NOT_FOUND)
            continue;
        errs_add(ld->es, ERR_WARNING, RC_CONFIG, SG_REPLACEMENT, (struct err_pos){0}, "policy %s, rule %s: the replacement is itself found as %s",
            p->policies[r->policy].name, r->id, p->patterns[i].det.entity);
        return;
    }
}

static void
check_replacements(struct loader *ld)
{
    struct confirm_scratch *scratch = confirm_scratch_new();

    if (!scratch) {
        ld->fatal = RC_NOMEM;
        return;
    }
    for (size_t i = 0; i < ld->prog->rule_count; i++)
        if (ld->prog->rules[i].action.type == &action_replace && ld->prog->rules[i].mode != RULE_OFF)
            check_replacement(ld, &ld->prog->rules[i], scratch);
    confirm_scratch_free(scratch);
}

enum rc
program_compile(const struct program_source *src, struct program **prog, struct errs *es)
{
    size_t errors = es->errors;
    struct loader ld = {.src = src, .es = es, .prog = program_new(), .fatal = RC_OK};

    if (!ld.prog)
        return RC_NOMEM;
    copy_destinations(&ld);
    policy_files(&ld);
    if (ld.fatal == RC_OK && es->errors == errors)
        distribute(&ld);
    if (ld.fatal == RC_OK && es->errors == errors)
        make_finder(&ld);
    if (ld.fatal == RC_OK && es->errors == errors)
        check_replacements(&ld);
    if (ld.fatal == RC_OK && es->errors == errors)
        collect_own(&ld);
    if (ld.fatal != RC_OK || es->errors != errors) {
        program_free(ld.prog);
        return ld.fatal != RC_OK ? ld.fatal : RC_CONFIG;
    }
    make_classes(ld.prog);
    *prog = ld.prog;
    return RC_OK;
}
