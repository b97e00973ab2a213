#undef _FORTIFY_SOURCE /* its inline wrappers of these functions are in the way */
#include "egress_fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    _Atomic int error;
    _Atomic unsigned left, hits;
    _Atomic bool done;
} faults[FAULT_CALLS_];

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static enum { FREE, ASKED, HELD } hold;

void
fault_arm(enum fault_call call, int error, unsigned times, bool done)
{
    atomic_store(&faults[call].left, 0);
    atomic_store(&faults[call].error, error);
    atomic_store(&faults[call].done, done);
    atomic_store(&faults[call].hits, 0);
    atomic_store(&faults[call].left, times);
}

unsigned
fault_hits(enum fault_call call)
{
    return atomic_load(&faults[call].hits);
}

static bool
fails(enum fault_call call)
{
    unsigned left = atomic_load(&faults[call].left);

    while (left && !atomic_compare_exchange_weak(&faults[call].left, &left, left - 1))
        ;
    if (left)
        atomic_fetch_add(&faults[call].hits, 1);
    return left != 0;
}

static long
result_of(enum fault_call call, long result)
{
    if (!fails(call))
        return result;
    errno = atomic_load(&faults[call].error);
    return -1;
}

/* Whether the call is to be made at all. */
static bool
is_made(enum fault_call call)
{
    return atomic_load(&faults[call].left) == 0 || atomic_load(&faults[call].done);
}

void
fault_hold(void)
{
    pthread_mutex_lock(&mu);
    hold = ASKED;
    pthread_mutex_unlock(&mu);
}

void
fault_wait_held(void)
{
    pthread_mutex_lock(&mu);
    while (hold != HELD)
        pthread_cond_wait(&changed, &mu);
    pthread_mutex_unlock(&mu);
}

void
fault_release(void)
{
    pthread_mutex_lock(&mu);
    hold = FREE;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mu);
}

static void
wait_while_held(void)
{
    pthread_mutex_lock(&mu);
    if (hold == ASKED) {
        hold = HELD;
        pthread_cond_broadcast(&changed);
        while (hold == HELD)
            pthread_cond_wait(&changed, &mu);
    }
    pthread_mutex_unlock(&mu);
}

int
fdatasync(int fd)
{
    wait_while_held();
    return (int)result_of(FAULT_FDATASYNC, is_made(FAULT_FDATASYNC) ? syscall(SYS_fdatasync, fd) : -1);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
    return result_of(FAULT_PWRITE, is_made(FAULT_PWRITE) ? syscall(SYS_pwrite64, fd, p, n, at) : -1);
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
    return result_of(FAULT_WRITEV, is_made(FAULT_WRITEV) ? syscall(SYS_writev, fd, iov, n) : -1);
}
