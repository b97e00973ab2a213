/**
 * Texts as spans hold them, and as an attacker might send them: what automata are grouped by and warmed up with. The same on every machine.
 */
#ifndef ENGINE_FINDER_WARM_INT_H
#define ENGINE_FINDER_WARM_INT_H

#include "finder_parse_int.h"

struct warm_rng {
    uint64_t state; /* splitmix64 */
};

#define WARM_SIZE 512

/* A usual text: names, urls, statements, ids, messages. Returns: its length */
size_t warm_usual(struct warm_rng *r, char out[WARM_SIZE]);

/* A text over an alphabet that drives many patterns at once. Returns: its length */
size_t warm_hostile(struct warm_rng *r, char out[WARM_SIZE]);

/* A walk through a tree; lookaround is not obeyed. Returns: its length */
size_t warm_walk(struct warm_rng *r, const struct ast *t, char out[WARM_SIZE]);

#endif
