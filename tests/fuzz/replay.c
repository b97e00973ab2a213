/*
 * Without libFuzzer: run a target over its seeds and over mutations of them, or over the files named; with --seeds DIR write the seeds there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../support/base_rng.h"
#include "base/secret.h"
#include "fuzz.h"

static void
mutate(struct rng *r, struct buf *b)
{
    for (uint32_t n = 1 + rng_below(r, 4); n && b->len; n--) {
        uint32_t at = rng_below(r, (uint32_t)b->len), len;

        switch (rng_below(r, 5)) {
        case 0:
            b->ptr[at] = (char)(b->ptr[at] ^ 1 << rng_below(r, 8));
            break;
        case 1:
            b->ptr[at] = (char)rng_next(r);
            break;
        case 2:
            b->len = at;
            break;
        case 3:
            memmove(b->ptr + at, b->ptr + at + 1, b->len - at - 1);
            b->len--;
            break;
        default: /* repeat a piece */
            len = 1 + rng_below(r, 64);
            if (at + len > b->len || buf_reserve(b, len) != RC_OK)
                break;
            memmove(b->ptr + at + len, b->ptr + at, b->len - at);
            b->len += len;
        }
    }
}

static int
replay_file(const char *path)
{
    struct buf b = BUF_INIT((size_t)64 << 20);

    if (file_read(path, b.max, &b) != RC_OK) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)b.ptr, b.len);
    buf_free(&b);
    return 0;
}

int
main(int argc, char **argv)
{
    struct buf seed = BUF_INIT((size_t)64 << 20), b = BUF_INIT((size_t)64 << 20);
    uint64_t rounds = rng_rounds(200), runs = 0;
    struct rng r = {7};

    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
        for (unsigned n = 0; fuzz_seed(n, &seed); n++, buf_clear(&seed)) {
            char path[4096];

            snprintf(path, sizeof(path), "%s/seed-%u", argv[2], n);
            if (file_write_atomic(path, buf_str(&seed), 0600) != RC_OK)
                return 1;
        }
        return 0;
    }
    for (int i = 1; i < argc; i++)
        if (replay_file(argv[i]) != 0)
            return 1;
    if (argc > 1)
        return 0;
    for (unsigned n = 0; fuzz_seed(n, &seed); n++, buf_clear(&seed)) {
        LLVMFuzzerTestOneInput((const uint8_t *)seed.ptr, seed.len);
        for (uint64_t i = 0; i < rounds; i++, runs++) {
            buf_clear(&b);
            if (buf_append(&b, buf_str(&seed)) != RC_OK)
                return 1;
            mutate(&r, &b);
            /* An exact allocation, so that a sanitizer sees the first byte read beyond it. */
            uint8_t *exact = malloc(b.len ? b.len : 1);

            if (!exact)
                return 1;
            if (b.len)
                memcpy(exact, b.ptr, b.len);
            LLVMFuzzerTestOneInput(exact, b.len);
            free(exact);
        }
        runs++;
    }
    printf("100%%: Checks: %llu, Failures: 0, Errors: 0\n", (unsigned long long)runs);
    buf_free(&seed);
    buf_free(&b);
    return runs ? 0 : 1;
}
