#include "base/sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>

/* What OpenSSL queues about a failure is not read by anybody: it must not turn up in the next error of a TLS connection. */
static enum rc
done(EVP_PKEY *key, EVP_MD_CTX *ctx, enum rc rc)
{
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (rc != RC_OK)
        ERR_clear_error();
    return rc;
}

enum rc
sign_public_key(const uint8_t seed[SIGN_SEED], uint8_t public_key[SIGN_PUBLIC])
{
    uint8_t raw[SIGN_PUBLIC];
    size_t len = sizeof(raw);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED);

    if (!key || EVP_PKEY_get_raw_public_key(key, raw, &len) != 1 || len != sizeof(raw))
        return done(key, NULL, RC_INTERNAL);
    memcpy(public_key, raw, sizeof(raw));
    return done(key, NULL, RC_OK);
}

enum rc
sign_message(const uint8_t seed[SIGN_SEED], struct str message, uint8_t signature[SIGN_SIZE])
{
    uint8_t raw[SIGN_SIZE];
    size_t len = sizeof(raw);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (!key || !ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(ctx, raw, &len, (const unsigned char *)message.ptr, message.len) != 1 || len != sizeof(raw))
        return done(key, ctx, RC_INTERNAL);
    memcpy(signature, raw, sizeof(raw));
    return done(key, ctx, RC_OK);
}

enum rc
sign_check(const uint8_t public_key[SIGN_PUBLIC], struct str message, const uint8_t signature[SIGN_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SIGN_PUBLIC);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(ctx, signature, SIGN_SIZE, (const unsigned char *)message.ptr, message.len) == 1;

    return done(key, ctx, ok ? RC_OK : RC_INTEGRITY);
}
