/**
 * A fuzz target is one file tests/fuzz/fuzz_<name>.c that defines these two. `make fuzz F=name TIME=60` runs it under libFuzzer with ASan and UBSan, starting
 * from its seeds; `make check` replays the seeds and seeded mutations of them (replay.c), so that targets never rot.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Append seed number n to out; false when there are no more. */
bool fuzz_seed(unsigned n, struct buf *out);

/* The oracle's complaint: prints and aborts, which both drivers report with the input. */
#define FUZZ_CHECK(condition)                            \
    do {                                                 \
        if (!(condition))                                \
            fuzz_failed(#condition, __FILE__, __LINE__); \
    } while (0)
void fuzz_failed(const char *what, const char *file, int line) __attribute__((noreturn));

#endif
