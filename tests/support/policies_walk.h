/**
 * Texts for tests of the finder: walks through a pattern that mostly match it, mutations of them, and texts over its own bytes.
 */
#ifndef SUPPORT_POLICIES_WALK_H
#define SUPPORT_POLICIES_WALK_H

#include "base/str.h"
#include "base_rng.h"

#define WALK_MAX 4096

/* Write a walk through the pattern; an empty text when the parser of the finder does not know the pattern. Lookaround is not obeyed. */
size_t walk_pattern(struct rng *r, struct str regex, bool caseless, char out[WALK_MAX]);

/* Change, insert, delete or double a byte, cut an end, or put something around; several times. Returns: the new length */
size_t walk_mutate(struct rng *r, char text[WALK_MAX], size_t len);

/* A text over the bytes that stand in the pattern and some that are special anywhere. */
size_t walk_alphabet(struct rng *r, struct str regex, char out[WALK_MAX]);

/* A pattern of random syntax over few bytes, NUL-terminated; PCRE2 may refuse it. */
void walk_invent(struct rng *r, char out[WALK_MAX]);

#endif
