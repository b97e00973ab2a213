/**
 * From a tree to one that matches more texts and needs fewer states. Every step only widens: a text that the pattern matches somewhere is
 * matched somewhere by what is left.
 */
#ifndef ENGINE_FINDER_WIDEN_INT_H
#define ENGINE_FINDER_WIDEN_INT_H

#include "finder_parse_int.h"

/* Returns: RC_OK; RC_UNIMPLEMENTED the tree is too large; RC_NOMEM */
enum rc ast_widen(struct ast *t) MUST_USE;

/* The length of the shortest match. */
size_t ast_length(const struct ast *t, uint32_t n);

/* How often a byte of the set stands in the texts of spans, 0 .. 1. */
double symset_share(const struct symset *set);

#endif
