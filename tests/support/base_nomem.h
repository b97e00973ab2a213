/**
 * Memory that ends: the n-th allocation of this thread fails, in our code and in the libraries alike.
 *
 *   for (long n = 1; nomem_round(n); n++) {
 *       rc = thing(...);
 *       bool failed = nomem_end();
 *       ck_assert(failed ? rc == RC_NOMEM : rc == RC_OK);
 *       if (!failed)
 *           break;                     it ran to its end with fewer than n allocations
 *   }
 *
 * Under a sanitizer, which has an allocator of its own, nomem_round is false at once.
 */
#ifndef SUPPORT_BASE_NOMEM_H
#define SUPPORT_BASE_NOMEM_H

#include <stdbool.h>

/* Let the n-th allocation from now fail, and only that one. */
bool nomem_round(long n);

/* Back to normal; whether an allocation was failed. */
bool nomem_end(void);

#endif
