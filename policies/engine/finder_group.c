#include "finder_group_int.h"

#include <float.h>
#include <stdlib.h>

#include "finder_dfa_int.h"
#include "finder_warm_int.h"

#define TEXTS 1200
#define SPOILT_MAX 1
#define MARGIN 2
#define STEPS_MAX 60000 /* bytes of all texts, and their ends */
#define POINTS_MAX 30000
#define SLOTS 32768
#define MANY 512 /* patterns: placed in one round */
#define SCRATCH_MAX (512u * 1024 * 1024)

/*
 * The state of a union of automata at a point of a text is the tuple of their states. So a group keeps, for each point of the sample, a sum of
 * hashes of its members' states; how many sums differ is how many states the union has there. Classes of bytes are counted in the same way.
 */
struct group {
    uint32_t *point;
    uint32_t byte[256];
    uint64_t through[TEXTS / 64 + 1]; /* texts that the sieve lets through */
    double cost;
};

struct grouper {
    struct group group[FINDER_GROUPS_MAX];
    size_t period; /* of texts: the last eight of each period have their points kept */
    char *text;
    uint16_t *length; /* of each text */
    uint64_t *shown;
    size_t points;
    struct group *one; /* each pattern alone */
    struct group nothing;
    uint32_t *slots;
};

static uint32_t
mix(uint32_t seed, uint32_t value)
{
    uint64_t h = ((uint64_t)seed << 32 | value) * 0xff51afd7ed558ccdu;

    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(h >> 32);
}

static bool
is_hostile(size_t text)
{
    return text % 16 == 15;
}

static bool
is_pointed(const struct grouper *g, size_t text)
{
    return text % g->period >= g->period - 8;
}

static bool
is_through(const struct group *k, size_t text)
{
    return k->through[text / 64] >> (text % 64) & 1;
}

static void
make_sample(struct grouper *g)
{
    struct warm_rng r = {1};
    size_t used = 0;

    for (size_t i = 0; i < TEXTS; i++) {
        char text[WARM_SIZE];
        size_t len = is_hostile(i) ? warm_hostile(&r, text) : warm_usual(&r, text);

        len = used + len + TEXTS < STEPS_MAX && g->points + len + TEXTS < POINTS_MAX ? len : 0;
        memcpy(g->text + used, text, len);
        g->length[i] = (uint16_t)len;
        g->shown[i] = sieve_text((struct str){text, len});
        used += len;
        g->points += is_pointed(g, i) ? len + 1 : 0;
    }
}

/* One pattern alone: its automaton, and how deep into a match its states are. */
struct alone {
    struct nfa_draft draft;
    struct nfa nfa;
    struct dfa d;
    uint8_t *depth; /* of states, plus one; 0 = not known yet */
    size_t flushes;
};

static uint8_t
state_depth(struct alone *a, size_t value)
{
    const struct dfa_state *s = &a->d.state[value / a->d.stride];
    uint8_t *known = &a->depth[value / a->d.stride], depth = 0;

    if (a->flushes != a->d.flushes)
        memset(a->depth, 0, a->d.states_max);
    a->flushes = a->d.flushes;
    if (*known)
        return (uint8_t)(*known - 1);
    for (uint16_t i = 0; i < s->members; i++) {
        uint8_t now = a->draft.depth[a->d.pool[s->at + i]];

        depth = now > depth ? now : depth;
    }
    *known = (uint8_t)(depth + 1);
    return depth;
}

/* Run over the sample. deepest[k]: how many usual texts reach depth k and are not accepted. */
static void
run(struct grouper *g, struct alone *a, struct group *one, uint32_t deepest[UINT8_MAX + 1])
{
    const unsigned char *byte = (const unsigned char *)g->text;
    uint32_t *point = one->point, seed = (uint32_t)(one - g->one) + 1;

    memset(deepest, 0, (UINT8_MAX + 1) * sizeof(*deepest));
    for (size_t i = 0; i < TEXTS; i++) {
        size_t in = a->d.initial;
        bool accepted = false;
        uint8_t deep = 0;

        for (size_t n = 0; n <= g->length[i]; n++) {
            unsigned class = n < g->length[i] ? a->nfa.class_of[*byte++] : a->nfa.classes;
            size_t to = dfa_look(a->d.table + class, in);

            to = to == DFA_UNKNOWN ? dfa_step(&a->d, in, class) : to;
            accepted |= to & DFA_FLAG;
            to &= ~(size_t)DFA_FLAG;
            uint8_t now = to == in ? deep : state_depth(a, to);

            in = to;
            deep = now > deep ? now : deep;
            if (is_pointed(g, i))
                *point++ = mix(seed, (uint32_t)in);
        }
        deepest[deep] += !accepted && !is_hostile(i);
    }
    for (unsigned c = 0; c < 256; c++)
        one->byte[c] = mix(seed, a->nfa.class_of[c]);
}

static enum rc
run_alone(struct grouper *g, const struct piece *p, struct group *one, struct arena *ar, uint32_t deepest[UINT8_MAX + 1])
{
    struct alone a = {.nfa = {0}};
    enum rc rc = nfa_draft_init(&a.draft, ar);

    if (rc == RC_OK)
        rc = nfa_draft_add(&a.draft, p, 0);
    if (rc == RC_OK)
        rc = nfa_close(&a.draft, &a.nfa);
    if (rc == RC_OK)
        rc = dfa_init(&a.d, &a.nfa);
    if (rc == RC_OK) {
        a.depth = arena_calloc(ar, a.d.states_max, sizeof(*a.depth));
        rc = a.depth ? RC_OK : RC_NOMEM;
    }
    if (rc == RC_OK)
        run(g, &a, one, deepest);
    dfa_fini(&a.d);
    nfa_free(&a.nfa);
    arena_reset(ar, SCRATCH_MAX);
    return rc;
}

/*
 * Run a pattern; cut it where hardly a usual text gets that does not match it anyway, and run it again: what is beyond costs states and saves
 * nothing.
 */
static enum rc
tune(struct grouper *g, struct piece *p, struct group *one, struct arena *ar)
{
    uint32_t deepest[UINT8_MAX + 1], spoilt = 0;
    unsigned depth = PIECE_DEPTH_MAX;
    enum rc rc = run_alone(g, p, one, ar, deepest);

    if (rc != RC_OK)
        return rc;
    while (depth > 1 && spoilt + deepest[depth - 1] <= SPOILT_MAX)
        spoilt += deepest[--depth];
    depth += MARGIN;
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->depth[i] <= depth)
            continue;
        piece_cut(p, (uint8_t)depth);
        return run_alone(g, p, one, ar, deepest);
    }
    return RC_OK;
}

/* How many different sums a and b have together in the texts that the sieve lets through to one of them. */
static size_t
count_states(struct grouper *g, const struct group *a, const struct group *b)
{
    size_t count = 0, at = 0;

    memset(g->slots, 0, SLOTS * sizeof(*g->slots));
    for (size_t i = 0; i < TEXTS; i++) {
        if (!is_pointed(g, i))
            continue;
        size_t end = at + g->length[i] + 1;

        if (!is_through(a, i) && !is_through(b, i))
            at = end;
        for (; at < end; at++) {
            uint32_t sum = a->point[at] + b->point[at], slot = sum & (SLOTS - 1);

            sum += sum == 0; /* 0 marks a free slot */
            while (g->slots[slot] && g->slots[slot] != sum)
                slot = (slot + 1) & (SLOTS - 1);
            count += g->slots[slot] == 0;
            g->slots[slot] = sum;
        }
    }
    return count;
}

static size_t
count_classes(const struct group *a, const struct group *b)
{
    uint32_t seen[256] = {0};
    size_t count = 0;

    for (unsigned c = 0; c < 256; c++) {
        uint32_t sum = a->byte[c] + b->byte[c];
        size_t k = 0;

        while (k < count && seen[k] != sum)
            k++;
        seen[k] = sum;
        count += k == count;
    }
    return count;
}

/*
 * Estimated time for the usual texts, in bytes of a small table: what is walked, and WALK_COST for each walk. A table costs more the larger it is; TABLE_BYTES
 * is where it costs twice as much.
 */
#define WALK_COST 8
#define TABLE_BYTES 30e3

static double
group_cost(struct grouper *g, const struct group *a, const struct group *b)
{
    size_t walked = 0;

    for (size_t i = 0; i < TEXTS; i++)
        if ((is_through(a, i) || is_through(b, i)) && !is_hostile(i))
            walked += g->length[i] + WALK_COST;
    size_t lines = count_classes(a, b) / 8 + 1;
    double bytes = (double)count_states(g, a, b) * (double)lines * 16;
    double full = bytes / TABLE_BYTES;

    return ((double)walked + WALK_COST) * (1 + full + full * full * full);
}

static void
add(struct grouper *g, struct group *to, const struct group *one)
{
    for (size_t i = 0; i < g->points; i++)
        to->point[i] += one->point[i];
    for (unsigned c = 0; c < 256; c++)
        to->byte[c] += one->byte[c];
    for (size_t i = 0; i <= TEXTS / 64; i++)
        to->through[i] |= one->through[i];
}

static void
subtract(struct grouper *g, struct group *from, const struct group *one)
{
    for (size_t i = 0; i < g->points; i++)
        from->point[i] -= one->point[i];
    for (unsigned c = 0; c < 256; c++)
        from->byte[c] -= one->byte[c];
}

static void
place(struct grouper *g, struct placed *p, const struct group *one)
{
    static const struct {
        uint8_t from, end;
    } range[] = {[FINDER_PLAIN] = {0, FINDER_PLAIN_END},
        [FINDER_WANTS_WORDS] = {FINDER_WORDS_END, FINDER_GROUPS_MAX},
        [FINDER_WORDS] = {FINDER_PLAIN_END, FINDER_WORDS_END},
        [FINDER_WORDS_NEEDED] = {FINDER_PLAIN_END, FINDER_WORDS_END}};
    double least = DBL_MAX, cost = 0;
    bool empty = false;

    p->group = range[p->kind].from;
    for (unsigned k = p->group; k < range[p->kind].end && !empty; k++) {
        double now = group_cost(g, &g->group[k], one);

        empty = g->group[k].cost <= 0; /* those behind it are empty too, mostly; all are alike */
        if (now - g->group[k].cost >= least)
            continue;
        least = now - g->group[k].cost;
        cost = now;
        p->group = (uint8_t)k;
    }
    add(g, &g->group[p->group], one);
    g->group[p->group].cost = cost;
}

/* Take each pattern out again and see whether it is better off elsewhere, now that all are placed. */
static void
replace(struct grouper *g, struct placed *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].group == GROUP_NONE)
            continue;
        struct group *from = &g->group[list[i].group];
        bool alone = true;

        subtract(g, from, &g->one[i]);
        memset(from->through, 0, sizeof(from->through));
        for (size_t k = 0; k < count; k++) {
            if (k == i || list[k].group != list[i].group)
                continue;
            alone = false;
            for (size_t w = 0; w <= TEXTS / 64; w++)
                from->through[w] |= g->one[k].through[w];
        }
        from->cost = alone ? 0 : group_cost(g, from, &g->nothing);
        place(g, &list[i], &g->one[i]);
    }
}

static uint32_t *
points_new(struct arena *ar)
{
    return arena_calloc(ar, POINTS_MAX, sizeof(uint32_t));
}

static enum rc
grouper_init(struct grouper *g, size_t count, struct arena *ar)
{
    g->one = arena_calloc(ar, count + 1, sizeof(*g->one));
    g->text = arena_alloc(ar, STEPS_MAX);
    g->length = arena_calloc(ar, TEXTS, sizeof(*g->length));
    g->shown = arena_calloc(ar, TEXTS, sizeof(*g->shown));
    g->slots = arena_calloc(ar, SLOTS, sizeof(*g->slots));
    g->nothing.point = points_new(ar);
    if (!g->one || !g->text || !g->length || !g->shown || !g->slots || !g->nothing.point)
        return RC_NOMEM;
    for (unsigned k = 0; k < FINDER_GROUPS_MAX; k++) {
        g->group[k].point = points_new(ar);
        if (!g->group[k].point)
            return RC_NOMEM;
    }
    make_sample(g);
    return RC_OK;
}

static enum rc
make_one(struct grouper *g, struct placed *p, struct group *one, struct arena *ar, struct arena *scratch)
{
    one->point = points_new(ar);
    if (!one->point)
        return RC_NOMEM;
    for (size_t i = 0; i < TEXTS; i++)
        one->through[i / 64] |= (uint64_t)sieve_passes(&p->sieve, g->shown[i]) << (i % 64);
    return tune(g, &p->piece, one, scratch);
}

enum rc
group_pieces(struct placed *list, size_t count)
{
    struct grouper *g = calloc(1, sizeof(*g));
    struct arena *ar = arena_new(SCRATCH_MAX), *scratch = arena_new(SCRATCH_MAX);
    enum rc rc = RC_NOMEM;

    if (g && ar && scratch) {
        g->period = count <= MANY ? 32 : 64;
        rc = grouper_init(g, count, ar);
    }
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        if (list[i].group != GROUP_NONE)
            rc = make_one(g, &list[i], &g->one[i], ar, scratch);
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        if (list[i].group != GROUP_NONE)
            place(g, &list[i], &g->one[i]);
    if (rc == RC_OK && count <= MANY)
        replace(g, list, count);
    arena_free(ar);
    arena_free(scratch);
    free(g);
    return rc;
}
