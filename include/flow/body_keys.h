/**
 * Keys of the digests in audit entries, one for each day (UTC), so that the digests of a day cannot be tried against guesses any more once its key is erased.
 *
 * The control thread makes the key of a day ahead; workers look it up without a lock.
 */
#ifndef FLOW_BODY_KEYS_H
#define FLOW_BODY_KEYS_H

#include <stdatomic.h>

#include "base/secret.h"

#define BODY_KEYS_KEPT 4 /* in memory: a key is freed days after the last request of its day */
#define BODY_KEYS_DAY_US (UINT64_C(86400) * 1000000)

struct body_keys {
    struct {
        _Atomic uint64_t day; /* since 1970, plus 1; 0: empty */
        _Atomic(struct secret *) key;
    } slot[BODY_KEYS_KEPT];
};

/* The key of the day; NULL when there is none. Any thread. */
static inline const struct secret *
body_keys_at(const struct body_keys *k, uint64_t wall_us)
{
    uint64_t day = wall_us / BODY_KEYS_DAY_US;

    if (atomic_load(&k->slot[day % BODY_KEYS_KEPT].day) != day + 1)
        return NULL;
    return atomic_load(&k->slot[day % BODY_KEYS_KEPT].key);
}

#endif
