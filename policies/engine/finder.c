#include "finder_impl_int.h"

#include <stdlib.h>

#include "finder_warm_int.h"
#include "finder_widen_int.h"

#define SCRATCH_MAX (256u * 1024 * 1024)
#define EXAMPLES 4 /* of one pattern */

static enum rc
compile_tree(struct ast *t, struct arena *ar, struct placed *p, size_t *length)
{
    *length = ast_length(t, t->root);
    p->sieve = sieve_tree(t);
    enum rc rc = ast_widen(t);

    if (rc == RC_OK)
        rc = piece_build(t, ar, &p->piece);
    return rc == RC_OK && p->piece.nullable ? RC_UNIMPLEMENTED : rc;
}

static void
add_examples(struct finder *f, const struct ast *t, struct warm_rng *r)
{
    size_t used = 0;

    for (size_t i = 0; i < f->examples; i++)
        used += f->example_length[i];
    for (unsigned i = 0; i < EXAMPLES; i++) {
        size_t len = warm_walk(r, t, f->example + used);

        used += len;
        f->example_length[f->examples++] = (uint16_t)len;
    }
}

/* Whether most texts cannot match, as letters and a length are what nearly all have. */
static bool
is_narrow(const struct sieve *s)
{
    uint64_t all = ~(SIEVE_BIT(SIEVE_LETTER) | (SIEVE_BIT(SIEVE_JOINED) - SIEVE_BIT(SIEVE_LENGTH)));

    for (unsigned i = 0; i < s->count; i++)
        all &= s->need[i];
    return all != 0;
}

/* One pattern as a piece. Returns: RC_OK; RC_UNIMPLEMENTED always a candidate; RC_NOMEM */
static enum rc
make_piece(struct finder *f, const struct finder_pattern *pattern, struct warm_rng *r, struct arena *ar, struct placed *p, size_t *length)
{
    struct ast t;
    enum rc rc = ast_parse(pattern->regex, pattern->caseless, &t);

    if (rc == RC_OK) {
        add_examples(f, &t, r);
        rc = compile_tree(&t, ar, p, length);
    }
    ast_free(&t);
    return rc;
}

static enum rc
make_pieces(struct finder *f, const struct finder_pattern *patterns, struct arena *ar, struct placed *list)
{
    struct warm_rng r = {2};
    enum rc rc = RC_OK;

    for (size_t i = 0; i < f->count && rc == RC_OK; i++) {
        rc = make_piece(f, &patterns[i], &r, ar, &list[i], &f->length[i]);
        f->is_always[i] = rc == RC_UNIMPLEMENTED;
        f->sieve[i] = list[i].sieve;
        list[i].kind = patterns[i].kind;
        /* To look for words in every text would cost more than what is left out then. */
        if (patterns[i].kind == FINDER_WANTS_WORDS && !is_narrow(&list[i].sieve))
            list[i].kind = FINDER_PLAIN;
        list[i].group = f->is_always[i] ? GROUP_NONE : 0;
        f->needed[i / 64] |= (uint64_t)(list[i].kind == FINDER_WORDS_NEEDED) << (i % 64);
        rc = rc == RC_UNIMPLEMENTED ? RC_OK : rc;
    }
    return rc;
}

/* The needs of a group's patterns. */
static void
make_gate(const struct finder *f, const struct placed *list, uint8_t group, struct gate *gate)
{

    for (size_t i = 0; i < f->count; i++) {
        if (!f->is_always[i] && list[i].group == group)
            gate_add(gate, &list[i].sieve);
    }
    gate_close(gate);
}

static enum rc
make_automata(struct finder *f, struct placed *list, struct arena *ar)
{
    struct nfa_draft draft[FINDER_GROUPS_MAX];
    enum rc rc = RC_OK;

    for (unsigned g = 0; g < FINDER_GROUPS_MAX && rc == RC_OK; g++)
        rc = nfa_draft_init(&draft[g], ar);
    for (size_t i = 0; i < f->count && rc == RC_OK; i++) {
        if (f->is_always[i])
            continue;
        rc = nfa_draft_add(&draft[list[i].group], &list[i].piece, (uint16_t)i);
        f->is_always[i] = rc == RC_UNIMPLEMENTED;
        rc = rc == RC_UNIMPLEMENTED ? RC_OK : rc;
    }
    for (unsigned g = 0; g < FINDER_GROUPS_MAX && rc == RC_OK; g++) {
        if (draft[g].count <= NFA_ANY + 1)
            continue;
        make_gate(f, list, (uint8_t)g, &f->gate[f->gates]);
        f->gate_of[f->gates++] = (uint8_t)g;
        rc = nfa_close(&draft[g], &f->nfa[g]);
        f->present |= 1u << g;
    }
    for (size_t i = 0; i < f->count; i++)
        if (f->is_always[i])
            f->always[f->always_count++] = (uint16_t)i;
    return rc;
}

/* Words that are found ask for the automaton of the pattern that wants them, if that waits to be asked. */
static void
make_asked(struct finder *f, const struct finder_pattern *patterns, const struct placed *list)
{
    for (size_t i = 0; i < f->count; i++) {
        uint16_t owner = patterns[i].owner;

        if (list[i].kind != FINDER_WORDS_NEEDED || list[owner].kind != FINDER_WANTS_WORDS || f->is_always[owner])
            continue;
        f->asked[i] = (uint16_t)(1u << list[owner].group);
        if (f->is_always[i])
            f->asked_always |= f->asked[i];
    }
}

static enum rc
compile(struct finder *f, const struct finder_pattern *patterns, struct arena *ar)
{
    struct placed *list = arena_calloc(ar, f->count + 1, sizeof(*list));
    enum rc rc = list ? make_pieces(f, patterns, ar, list) : RC_NOMEM;

    if (rc == RC_OK)
        rc = group_pieces(list, f->count);
    if (rc == RC_OK)
        rc = make_automata(f, list, ar);
    if (rc == RC_OK)
        make_asked(f, patterns, list);
    return rc;
}

enum rc
finder_compile(const struct finder_pattern *patterns, size_t count, struct finder **f)
{
    struct finder *made = aligned_alloc(64, (sizeof(*made) + 63) / 64 * 64);
    struct arena *ar = arena_new(SCRATCH_MAX);
    enum rc rc = RC_NOMEM;

    if (made)
        *made = (struct finder){.count = count};
    if (!made || !ar || count >= NFA_NONE)
        goto out;
    made->length = calloc(count + 1, sizeof(*made->length));
    made->sieve = calloc(count + 1, sizeof(*made->sieve));
    made->is_always = calloc(count + 1, sizeof(*made->is_always));
    made->always = calloc(count + 1, sizeof(*made->always));
    made->needed = calloc(count / 64 + 1, sizeof(*made->needed));
    made->asked = calloc(count + 1, sizeof(*made->asked));
    made->example = malloc(count * EXAMPLES * WARM_SIZE + 1);
    made->example_length = calloc(count * EXAMPLES + 1, sizeof(*made->example_length));
    if (made->length && made->sieve && made->is_always && made->always && made->needed && made->asked && made->example && made->example_length)
        rc = compile(made, patterns, ar);
out:
    arena_free(ar);
    if (rc == RC_OK)
        *f = made;
    else
        finder_free(made);
    return rc;
}

void
finder_free(struct finder *f)
{
    if (!f)
        return;
    for (unsigned g = 0; g < FINDER_GROUPS_MAX; g++)
        nfa_free(&f->nfa[g]);
    free(f->length);
    free(f->sieve);
    free(f->is_always);
    free(f->always);
    free(f->needed);
    free(f->asked);
    free(f->example);
    free(f->example_length);
    free(f);
}

bool
finder_always(const struct finder *f, size_t i)
{
    return f->is_always[i];
}
