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
    _Atomic unsigned left, done, hits;
} faults[FAULT_CALLS_];

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static enum { FREE, ASKED, HELD } hold;

void
fault_arm(enum fault_call call, int error, unsigned times, unsigned done)
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

enum fate { SUCCEEDS, FAILS, SEEMS_TO_FAIL };

static enum fate
fate_of(enum fault_call call)
{
    unsigned left = atomic_load(&faults[call].left);

    while (left && !atomic_compare_exchange_weak(&faults[call].left, &left, left - 1))
        ;
    if (!left)
        return SUCCEEDS;
    return atomic_fetch_add(&faults[call].hits, 1) < atomic_load(&faults[call].done) ? SEEMS_TO_FAIL : FAILS;
}

static long
failure(enum fault_call call)
{
    errno = atomic_load(&faults[call].error);
    return -1;
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
    enum fate fate = fate_of(FAULT_FDATASYNC);
    long n = fate == FAILS ? 0 : syscall(SYS_fdatasync, fd);

    return (int)(fate == SUCCEEDS ? n : failure(FAULT_FDATASYNC));
}

ssize_t
pwrite(int fd, const void *p, size_t size, off_t at)
{
    enum fate fate = fate_of(FAULT_PWRITE);
    long n = fate == FAILS ? 0 : syscall(SYS_pwrite64, fd, p, size, at);

    return fate == SUCCEEDS ? n : failure(FAULT_PWRITE);
}

ssize_t
writev(int fd, const struct iovec *iov, int count)
{
    enum fate fate = fate_of(FAULT_WRITEV);
    long n = fate == FAILS ? 0 : syscall(SYS_writev, fd, iov, count);

    return fate == SUCCEEDS ? n : failure(FAULT_WRITEV);
}
