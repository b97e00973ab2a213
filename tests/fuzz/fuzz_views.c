/*
 * The views of a text: escapes taken off, base64 and hexadecimal decoded. Maps ascend and stay inside; what is decoded fits; and a number that stands in a text is found
 * however it is wrapped.
 */
#include <stdlib.h>

#include "../../policies/engine/fold_int.h"
#include "fuzz.h"

static void
check_fold(struct str s, bool form)
{
    struct fold_view v = {0};
    bool changed = false;
    enum rc rc = fold_pass(s, NULL, form, &v, &changed);

    FUZZ_CHECK(rc == RC_OK || (rc == RC_LIMIT && s.len > FOLD_TEXT_MAX));
    if (rc == RC_OK) {
        FUZZ_CHECK(v.len <= s.len && v.map[v.len] == s.len);
        for (size_t i = 0; i < v.len; i++)
            FUZZ_CHECK(v.map[i] <= v.map[i + 1]);
        FUZZ_CHECK(!changed || form || fold_wanted(s));
        FUZZ_CHECK(changed || (v.len == s.len && memcmp(v.bytes, s.ptr, s.len) == 0));
    }
    fold_free(&v);
}

static void
check_decode(struct str s)
{
    char *out = malloc(s.len ? s.len : 1);
    struct decode_run run = {0, 0};
    size_t len = 0;

    FUZZ_CHECK(out != NULL);
    for (size_t from = 0; decode_next(s, from, &run, out, &len); from = run.end) {
        FUZZ_CHECK(run.start >= from && run.end >= run.start + DECODE_RUN_MIN - 2 && run.end <= s.len);
        FUZZ_CHECK(len > 0 && len <= run.end - run.start);
    }
    free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};

    if (size == 0)
        return 0;
    check_fold(s, false);
    check_fold(s, true);
    check_decode(s);
    (void)fold_hides(s);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const char *const seeds[] = {
        "a%40b%2540 \\u0040\\uD83D\\uDE00 \\x41\\n &amp;&#64;&#x40; \xEF\xBC\x91\xC2\xA0\xE2\x80\x8B\x31\xCC\x81",
        "a=b+c&d=%u0041",
        "x YWxpY2VAZXhhbXBsZS5vcmcgYW5kIG1vcmU= 616c696365406578616d706c652e6f7267 eyJhIjoiYiJ9.eyJhIjoiYmNkZWZnaCJ9/x",
        "C:\\users\\x&#0000000064;",
    };

    return n < sizeof(seeds) / sizeof(seeds[0]) && buf_append(out, str_of(seeds[n])) == RC_OK;
}
