/**
 * Arena: what one request allocates dies at once, wiped. Blocks are kept for the next request, so that the steady
 * state calls neither malloc nor free.
 *
 *   blocks:  [used......|free]->[used..|free]->...      sum of block sizes <= max_bytes
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/rc.h"
#include "base/str.h"

struct arena;

/**
 * arena_new(max_bytes):
 * An empty arena that never holds more than ${max_bytes}.
 * Returns: the arena (owner frees with arena_free), NULL when out of memory
 * Thread:  one at a time
 */
struct arena *arena_new(size_t max_bytes) MUST_USE;

/**
 * arena_free(ar):
 * Wipe and release everything. NULL is allowed.
 */
void arena_free(struct arena *ar);

/**
 * arena_alloc(ar, size):
 * ${size} bytes aligned to 16, contents undefined.
 * Returns: memory valid until arena_reset; NULL when over max_bytes or out of memory (caller answers RC_NOMEM)
 */
void *arena_alloc(struct arena *ar, size_t size) MUST_USE;

/* As arena_alloc for count objects of size bytes, zeroed; NULL on overflow too. */
void *arena_calloc(struct arena *ar, size_t count, size_t size) MUST_USE;

/**
 * arena_grow(ar, old, old_size, new_size):
 * Make an allocation larger: in place when it is the newest one, else by copying.
 * Returns: memory whose first ${old_size} bytes are those of ${old}; NULL as arena_alloc (${old} stays valid)
 */
void *arena_grow(struct arena *ar, void *old, size_t old_size, size_t new_size) MUST_USE;

/* A copy of s in the arena; .ptr is NULL when out of memory and s.len > 0. */
struct str arena_dup(struct arena *ar, struct str s) MUST_USE;

/**
 * arena_reset(ar):
 * Wipe what was used and make it available again. At most keep_bytes of blocks stay allocated.
 */
void arena_reset(struct arena *ar, size_t keep_bytes);

/* Bytes handed out since the last reset, and bytes held in blocks. */
size_t arena_used(const struct arena *ar);
size_t arena_held(const struct arena *ar);

#endif
