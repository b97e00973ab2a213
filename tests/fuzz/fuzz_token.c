/* Tokens in any text: what is found lies within it, is found again from each of its bytes, and a text without a token of the key is given back as it was. */
#include "policies/token.h"

#include "fuzz.h"
#include "proxy/control/reveal_int.h"

static const char secret_text[] = "0123456789abcdef0123456789abcdef";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    struct secret *secret = secret_of(str_of(secret_text));
    const struct reveal_key keys[] = {{STR("k-1"), secret}};
    const struct str candidates[] = {STR("alice@example.org")};
    const struct reveal_job job = {.keys = keys, .key_count = 1, .candidates = candidates, .candidate_count = 1};
    struct buf out = BUF_INIT((size_t)16 << 20);
    struct reveal_counts counts;
    struct token t, same;
    size_t from = 0, tokens = 0;

    while (token_next(s, from, &t)) {
        FUZZ_CHECK(t.start < t.end && t.end <= size && t.end > from);
        FUZZ_CHECK(token_around(s, t.end - 1, &same) || t.end - t.start > 1024);
        from = t.end;
        tokens++;
    }
    for (size_t at = 0; at < size && at < 256; at++)
        if (token_around(s, at, &t))
            FUZZ_CHECK(t.start <= at && at < t.end && t.end <= size);
    FUZZ_CHECK(!secret || reveal_text(&job, s, &out, &counts) == RC_OK);
    if (secret && counts.opened == 0)
        FUZZ_CHECK(str_eq(buf_str(&out), s));
    FUZZ_CHECK(!secret || counts.tokens >= tokens);
    buf_free(&out);
    secret_free(secret);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const struct fpe_shape shape = {10, 6, 4};
    const struct token_of of = {STR("EMAIL_ADDRESS"), STR(""), STR("k-1")};
    uint8_t key[SIV_KEY_SIZE], mac[SHA256_SIZE];
    struct arena *ar = arena_new(1 << 20);
    struct str token = STR("");
    char hex[2 * SHA256_SIZE];
    bool ok = ar && n < 3;

    if (ok && n == 0)
        ok = token_seal_key(str_of(secret_text), key) == RC_OK && token_seal(key, &of, STR("alice@example.org"), ar, &token) == RC_OK;
    if (ok && n == 1)
        ok = token_fpe_key(str_of(secret_text), key) == RC_OK && token_fpe(key, &of, &shape, STR("4111 1111 1111 1111"), ar, &token) == RC_OK;
    if (ok && n == 2) {
        ok = token_pseudonym_key(str_of(secret_text), of.entity, key) == RC_OK &&
             token_pseudonym(key, CANONICAL_EMAIL, STR("alice@example.org"), ar, mac) == RC_OK;
        digest_hex((struct str){(char *)mac, sizeof(mac)}, hex);
        ok = ok && buf_printf(out, "EMAIL_ADDRESS_k-1_%.32s", hex) == RC_OK;
    }
    ok = ok && buf_append(out, STR(" (x) ")) == RC_OK && buf_append(out, token) == RC_OK && buf_append(out, STR(")")) == RC_OK;
    arena_free(ar);
    return ok;
}
