/**
 * A copy of bytes that ends right before an unreadable page: a parser that reads one byte too far dies here.
 */
#ifndef SUPPORT_BASE_GUARD_H
#define SUPPORT_BASE_GUARD_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/str.h"

struct guard {
    char *map;
    size_t size;
};

static inline struct str
guard_copy(struct guard *g, struct str s)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    g->size = (s.len + page - 1) / page * page + page;
    g->map = mmap(NULL, g->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g->map == MAP_FAILED || mprotect(g->map + g->size - page, page, PROT_NONE) != 0)
        abort();
    char *at = g->map + g->size - page - s.len;

    if (s.len)
        memcpy(at, s.ptr, s.len);
    return (struct str){at, s.len};
}

static inline void
guard_free(struct guard *g)
{
    munmap(g->map, g->size);
}

#endif
