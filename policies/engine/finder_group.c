#include "finder_group_int.h"

#include <stdlib.h>

#include "finder_dfa_int.h"
#include "finder_warm_int.h"

#define TEXTS 1200
#define SPOILT_MAX 1
#define MARGIN 2
#define STEPS_MAX 60000 /* bytes of all texts, and their ends */
#define POINTS_MAX 30000
#define SLOTS 32768
#define MANY 256 /* patterns: placed in one round */
#define SCRATCH_MAX (512u * 1024 * 1024)

/*
 * The state of a union of automata at a point of a text is the tuple of their states. So a group keeps, for each point of the sample, a sum of
 * hashes of its members' states; how many sums differ is how many states the union has there. Classes of bytes are counted in the same way.
 */
struct group {
    uint32_t *point;
    uint32_t byte[256];
    size_t bytes;
};

struct grouper {
    struct group group[FINDER_GROUPS_MAX];
    unsigned groups;
    size_t period; /* of texts: the last eight of each period have their points kept */
    char *text;
    uint16_t *length; /* of each text */
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

/* How many different sums a and b have together. */
static size_t
count_sums(struct grouper *g, const uint32_t *a, const uint32_t *b, size_t n)
{
    uint32_t mask = n > 256 ? SLOTS - 1 : 1023;
    size_t count = 0;

    memset(g->slots, 0, (mask + 1) * sizeof(*g->slots));
    for (size_t i = 0; i < n; i++) {
        uint32_t sum = a[i] + b[i], slot = sum & mask;

        sum += sum == 0; /* 0 marks a free slot */
        while (g->slots[slot] && g->slots[slot] != sum)
            slot = (slot + 1) & mask;
        count += g->slots[slot] == 0;
        g->slots[slot] = sum;
    }
    return count;
}

static size_t
table_bytes(struct grouper *g, const struct group *a, const struct group *b)
{
    return count_sums(g, a->point, b->point, g->points) * (count_sums(g, a->byte, b->byte, 256) / 8 + 1) * 16;
}

static void
add(struct group *to, const struct group *one, size_t points)
{
    for (size_t i = 0; i < points; i++)
        to->point[i] += one->point[i];
    for (unsigned c = 0; c < 256; c++)
        to->byte[c] += one->byte[c];
}

static void
subtract(struct group *from, const struct group *one, size_t points)
{
    for (size_t i = 0; i < points; i++)
        from->point[i] -= one->point[i];
    for (unsigned c = 0; c < 256; c++)
        from->byte[c] -= one->byte[c];
}

static uint8_t
place(struct grouper *g, const struct group *one)
{
    size_t least = SIZE_MAX, bytes = 0;
    uint8_t best = 0;

    for (unsigned k = 0; k < g->groups; k++) {
        size_t now = table_bytes(g, &g->group[k], one);

        if (now - g->group[k].bytes >= least)
            continue;
        least = now - g->group[k].bytes;
        bytes = now;
        best = (uint8_t)k;
    }
    add(&g->group[best], one, g->points);
    g->group[best].bytes = bytes;
    return best;
}

/* Take each pattern out again and see whether it is better off elsewhere, now that all are placed. */
static void
replace(struct grouper *g, size_t count, uint8_t *group)
{
    for (size_t i = 0; i < count; i++) {
        if (group[i] == GROUP_NONE)
            continue;
        struct group *from = &g->group[group[i]];

        subtract(from, &g->one[i], g->points);
        from->bytes = table_bytes(g, from, &g->nothing);
        group[i] = place(g, &g->one[i]);
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
    g->slots = arena_calloc(ar, SLOTS, sizeof(*g->slots));
    g->nothing.point = points_new(ar);
    if (!g->one || !g->text || !g->length || !g->slots || !g->nothing.point)
        return RC_NOMEM;
    for (unsigned k = 0; k < FINDER_GROUPS_MAX; k++) {
        g->group[k].point = points_new(ar);
        if (!g->group[k].point)
            return RC_NOMEM;
    }
    make_sample(g);
    return RC_OK;
}

/* Place all patterns in ${groups} groups. Returns: the states of all groups on the sample */
static size_t
place_all(struct grouper *g, size_t count, unsigned groups, uint8_t *group)
{
    size_t states = 0;

    g->groups = groups;
    for (unsigned k = 0; k < groups; k++) {
        memset(g->group[k].point, 0, g->points * sizeof(uint32_t));
        memset(g->group[k].byte, 0, sizeof(g->group[k].byte));
        g->group[k].bytes = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (group[i] == GROUP_NONE)
            continue;
        group[i] = 0;
        if (groups == 1)
            add(&g->group[0], &g->one[i], g->points);
        else
            group[i] = place(g, &g->one[i]);
    }
    if (groups > 1 && count <= MANY)
        replace(g, count, group);
    for (unsigned k = 0; k < groups; k++)
        states += count_sums(g, g->group[k].point, g->nothing.point, g->points);
    return states;
}

/*
 * A group more pays when it saves some hundred states on the sample, and must be when the table does not fit otherwise. Bounds measured with
 * tests/bench/bench_finder.c on all detectors: the cost of a group more is about that of 900 states of usual traffic.
 */
static void
choose_groups(struct grouper *g, size_t count, uint8_t *group)
{
    size_t states = count <= MANY ? place_all(g, count, 1, group) : SIZE_MAX;

    if (states <= 900)
        return;
    if (states <= 2500 && place_all(g, count, 2, group) <= 1500)
        return;
    if (count <= MANY && place_all(g, count, 3, group) <= 2700)
        return;
    place_all(g, count, FINDER_GROUPS_MAX, group);
}

enum rc
group_pieces(struct piece *pieces, size_t count, uint8_t *group)
{
    struct grouper *g = calloc(1, sizeof(*g));
    struct arena *ar = arena_new(SCRATCH_MAX), *one = arena_new(SCRATCH_MAX);
    enum rc rc = RC_NOMEM;

    if (g && ar && one) {
        g->period = count <= MANY ? 32 : 64;
        rc = grouper_init(g, count, ar);
    }
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        if (group[i] == GROUP_NONE)
            continue;
        g->one[i].point = points_new(ar);
        rc = g->one[i].point ? tune(g, &pieces[i], &g->one[i], one) : RC_NOMEM;
    }
    if (rc == RC_OK)
        choose_groups(g, count, group);
    arena_free(ar);
    arena_free(one);
    free(g);
    return rc;
}
