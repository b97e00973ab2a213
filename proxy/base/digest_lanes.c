/*
 * SHA-256 of several messages side by side, by intel-ipsec-mb: one message after the other waits for the latency of each round, even with the processor's own
 * instructions for SHA. The library picks what the processor has. This is its only home; without it (it is of x86 only) OpenSSL does them one by one.
 */
#include "digest_int.h"

#if defined(HAVE_IPSEC_MB)
#include <intel-ipsec-mb.h>
#include <pthread.h>

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool made;

static void
end_thread(void *manager)
{
    free_mb_mgr(manager);
}

static void
make_key(void)
{
    made = pthread_key_create(&key, end_thread) == 0;
}

/* That of this thread: its jobs are in no order with those of others. NULL without memory. */
static IMB_MGR *
manager(void)
{
    if (pthread_once(&once, make_key) != 0 || !made)
        return NULL;
    IMB_MGR *m = pthread_getspecific(key);

    if (m)
        return m;
    m = alloc_mb_mgr(0);
    if (!m)
        return NULL;
    init_mb_mgr_auto(m, NULL);
    if (imb_get_errno(m) != 0 || pthread_setspecific(key, m) != 0) {
        free_mb_mgr(m);
        return NULL;
    }
    return m;
}

bool
digest_has_lanes(void)
{
    return manager() != NULL;
}

/* Jobs come back in any number and at any time. Returns: how many were done well. */
static size_t
count_done(IMB_MGR *m, const IMB_JOB *job)
{
    size_t done = 0;

    for (; job; job = IMB_GET_COMPLETED_JOB(m))
        done += job->status == IMB_STATUS_COMPLETED;
    return done;
}

bool
digest_lanes(const char *const *from, size_t count, size_t len, uint8_t (*out)[SHA256_SIZE])
{
    IMB_MGR *m = manager();
    size_t done = 0;

    if (!m)
        return false;
    for (size_t i = 0; i < count; i++) {
        IMB_JOB *job = IMB_GET_NEXT_JOB(m);

        *job = (IMB_JOB){.cipher_mode = IMB_CIPHER_NULL,
            .cipher_direction = IMB_DIR_ENCRYPT,
            .chain_order = IMB_ORDER_HASH_CIPHER,
            .hash_alg = IMB_AUTH_SHA_256,
            .src = (const uint8_t *)from[i],
            .msg_len_to_hash_in_bytes = len,
            .auth_tag_output = out[i],
            .auth_tag_output_len_in_bytes = SHA256_SIZE};
        done += count_done(m, IMB_SUBMIT_JOB(m));
    }
    for (const IMB_JOB *job; (job = IMB_FLUSH_JOB(m));)
        done += count_done(m, job);
    return done == count;
}
#else
bool
digest_has_lanes(void)
{
    return false;
}

bool
digest_lanes(const char *const *from, size_t count, size_t len, uint8_t (*out)[SHA256_SIZE])
{
    (void)from, (void)count, (void)len, (void)out;
    return false;
}
#endif
