#include "canonical_int.h"

#define SCAN_BACK_MAX 1024 /* matches inside of a longer body than that do not happen: it is random, or found as a whole */
#define BODY_MIN 23        /* base64url digits of a tag and one byte */

/* ---- recognising ---- */

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_name(char c)
{
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
}

static bool
is_body(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

bool
token_name_good(struct str id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!is_name(id.ptr[i]))
            return false;
    return id.len >= 1 && id.len <= TOKEN_NAME_MAX;
}

static size_t
skip(struct str s, size_t at, bool (*is)(char))
{
    while (at < s.len && is(s.ptr[at]))
        at++;
    return at;
}

static bool
is_fpe_body(char c)
{
    return is_body(c) || c == '.' || c == '~';
}

/* What stands around the bracket at open. */
static bool
token_read(struct str text, size_t open, struct token *t)
{
    size_t start = open, key_end = skip(text, open + 1, is_name), end;

    while (start > 0 && open - start < TOKEN_NAME_MAX && (is_name(text.ptr[start - 1]) || text.ptr[start - 1] == '/'))
        start--;
    if (start == open || key_end == open + 1 || key_end - open - 1 > TOKEN_NAME_MAX || key_end == text.len)
        return false;
    bool sealed = text.ptr[key_end] == ':';

    if (!sealed && text.ptr[key_end] != '~')
        return false;
    end = skip(text, key_end + 1, sealed ? is_body : is_fpe_body);
    if (end == text.len || text.ptr[end] != ')' || (sealed && end - key_end - 1 < BODY_MIN))
        return false;
    *t = (struct token){
        .kind = sealed ? TOKEN_SEALED : TOKEN_FPE,
        .start = start,
        .end = end + 1,
        .entity = str_sub(text, start, open),
        .key_id = str_sub(text, open + 1, key_end),
        .body = str_sub(text, key_end + 1, end),
    };
    return true;
}

bool
token_next(struct str text, size_t from, struct token *t)
{
    for (size_t i = from; i < text.len; i++) {
        const char *open = memchr(text.ptr + i, '(', text.len - i);

        if (!open)
            return false;
        i = (size_t)(open - text.ptr);
        if (token_read(text, i, t))
            return true;
    }
    return false;
}

bool
token_around(struct str text, size_t at, struct token *t)
{
    size_t open = at, low = at > SCAN_BACK_MAX ? at - SCAN_BACK_MAX : 0;

    while (open > low && text.ptr[open] != '(' && (is_fpe_body(text.ptr[open]) || text.ptr[open] == ':' || text.ptr[open] == ')'))
        open--;
    if (text.ptr[open] == '(' && token_read(text, open, t) && at < t->end)
        return true;
    for (open = at; open < text.len && open - at <= TOKEN_NAME_MAX && (is_name(text.ptr[open]) || text.ptr[open] == '/');)
        open++;
    return open < text.len && text.ptr[open] == '(' && token_read(text, open, t) && t->start <= at;
}

/* ---- keys ---- */

/* HMAC(secret, label NUL what): one key of many that cannot be told from each other's. */
static enum rc
derive(struct str secret, struct str label, struct str what, uint8_t out[SHA256_SIZE])
{
    char info[64 + TOKEN_TENANT_MAX + 1];

    if (label.len > 63 || what.len > TOKEN_TENANT_MAX)
        return RC_INTERNAL;
    memcpy(info, label.ptr, label.len);
    info[label.len] = '\0';
    if (what.len)
        memcpy(info + label.len + 1, what.ptr, what.len);
    return digest_hmac_sha256(secret, (struct str){info, label.len + 1 + what.len}, out);
}

enum rc
token_pseudonym_key(struct str secret, struct str entity, uint8_t out[SHA256_SIZE])
{
    return derive(secret, STR("spangate/pseudonym/v1"), entity, out);
}

/* Any text as a tenant of bounded length. hex has room for a digest. */
static struct str
tenant_short(struct str tenant, char hex[2 * SHA256_SIZE])
{
    uint8_t sum[SHA256_SIZE] = {0};

    if (tenant.len <= TOKEN_TENANT_MAX)
        return tenant;
    (void)!digest_sha256(tenant, sum);
    digest_hex((struct str){(const char *)sum, sizeof(sum)}, hex);
    return (struct str){hex, 2 * SHA256_SIZE};
}

enum rc
token_tenant_key(const uint8_t key[SHA256_SIZE], struct str tenant, uint8_t out[SHA256_SIZE])
{
    char hex[2 * SHA256_SIZE];

    if (tenant.len == 0) {
        memmove(out, key, SHA256_SIZE);
        return RC_OK;
    }
    return derive((struct str){(const char *)key, SHA256_SIZE}, STR("spangate/tenant/v1"), tenant_short(tenant, hex), out);
}

enum rc
token_seal_key(struct str secret, uint8_t out[SIV_KEY_SIZE])
{
    enum rc rc = derive(secret, STR("spangate/seal/v1"), STR("mac"), out);

    return rc == RC_OK ? derive(secret, STR("spangate/seal/v1"), STR("ctr"), out + SHA256_SIZE) : rc;
}

enum rc
token_fpe_key(struct str secret, uint8_t out[TOKEN_FPE_KEY_SIZE])
{
    enum rc rc = derive(secret, STR("spangate/fpe/v1"), STR("ff1"), out);

    return rc == RC_OK ? derive(secret, STR("spangate/fpe/v1"), STR("check"), out + SHA256_SIZE) : rc;
}

enum rc
token_pseudonym(const uint8_t key[SHA256_SIZE], enum canonical form, struct str value, struct arena *ar, uint8_t mac[SHA256_SIZE])
{
    struct str data;
    enum rc rc = canonical_form(form, value, ar, &data);

    return rc == RC_OK ? digest_hmac_sha256((struct str){(const char *)key, SHA256_SIZE}, data, mac) : rc;
}

/* ---- sealed ---- */

struct seal_ad {
    char space[3 * (TOKEN_TENANT_MAX + 16)];
    struct str parts[3];
};

/* "detector=..", "tenant=..", "key=..": three strings, none of them empty. */
static void
seal_ad_make(const struct token_of *of, struct seal_ad *ad)
{
    static const char *const labels[] = {"detector=", "tenant=", "key="};
    char hex[2 * SHA256_SIZE];
    const struct str values[] = {of->entity, tenant_short(of->tenant, hex), of->key_id};
    char *p = ad->space;

    for (size_t i = 0; i < 3; i++) {
        size_t label = strlen(labels[i]), len = values[i].len <= TOKEN_TENANT_MAX ? values[i].len : TOKEN_TENANT_MAX;

        memcpy(p, labels[i], label);
        if (len)
            memcpy(p + label, values[i].ptr, len);
        ad->parts[i] = (struct str){p, label + len};
        p += label + len;
    }
}

static size_t
put(char *p, struct str s)
{
    if (s.len)
        memcpy(p, s.ptr, s.len);
    return s.len;
}

enum rc
token_seal(const uint8_t key[SIV_KEY_SIZE], const struct token_of *of, struct str value, struct arena *ar, struct str *out)
{
    size_t sealed_len = SIV_TAG_SIZE + value.len, room = of->entity.len + of->key_id.len + 3 + (sealed_len + 2) / 3 * 4;
    uint8_t *sealed = arena_alloc(ar, sealed_len);
    char *p = arena_alloc(ar, room);
    struct seal_ad ad = {.space = ""};
    size_t n;

    if (!sealed || !p)
        return RC_NOMEM;
    seal_ad_make(of, &ad);
    enum rc rc = cipher_siv_seal((struct str){(const char *)key, SIV_KEY_SIZE}, ad.parts, 3, value, sealed);

    if (rc != RC_OK)
        return rc;
    n = put(p, of->entity);
    p[n++] = '(';
    n += put(p + n, of->key_id);
    p[n++] = ':';
    n += digest_base64url((struct str){(const char *)sealed, sealed_len}, p + n);
    p[n++] = ')';
    *out = (struct str){p, n};
    return RC_OK;
}

enum rc
token_open(const uint8_t key[SIV_KEY_SIZE], const struct token_of *of, struct str body, struct arena *ar, struct str *out)
{
    struct buf sealed = BUF_INIT(body.len + 4);
    struct seal_ad ad = {.space = ""};
    enum rc rc = digest_unbase64(body, &sealed);

    if (rc == RC_OK && sealed.len <= SIV_TAG_SIZE)
        rc = RC_MALFORMED;
    uint8_t *plain = rc == RC_OK ? arena_alloc(ar, sealed.len) : NULL;

    if (rc == RC_OK && !plain)
        rc = RC_NOMEM;
    if (rc == RC_OK) {
        seal_ad_make(of, &ad);
        rc = cipher_siv_open((struct str){(const char *)key, SIV_KEY_SIZE}, ad.parts, 3, buf_str(&sealed), plain);
    }
    if (rc == RC_OK)
        *out = (struct str){(char *)plain, sealed.len - SIV_TAG_SIZE};
    buf_free(&sealed);
    return rc;
}
