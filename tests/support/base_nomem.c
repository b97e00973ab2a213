#include "base_nomem.h"

#include <errno.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

static _Thread_local long left; /* allocations until the one that fails; 0 = none will */
static _Thread_local bool hit;

bool
nomem_round(long n)
{
#ifdef SANITIZED
    (void)n;
    return false;
#else
    hit = false;
    left = n;
    return true;
#endif
}

bool
nomem_end(void)
{
    left = 0;
    return hit;
}

#ifndef SANITIZED
/* The C library's own functions under the names it exports for this purpose (glibc manual, "Replacing malloc"). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *p, size_t size);
void *aligned_alloc(size_t alignment, size_t size);

static bool
fails(void)
{
    if (left == 0 || --left > 0)
        return false;
    hit = true;
    errno = ENOMEM;
    return true;
}

void *
malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}
#endif
