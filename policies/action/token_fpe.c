/*
 * Format-preserving tokens. Output of FF1 looks like what went in, so that it would be found and encrypted again: the token says what it is, and a check
 * proves that it was made with the key.
 */
#include "policies/token.h"

/* Letters of shapes. Case is kept in the letter, because a text that came out as digits alone has lost it. */
static const struct fpe_class {
    char letter;
    uint8_t radix;
    const char *numerals;
} classes[] = {
    {'d', 10, "0123456789"},
    {'l', 26, "abcdefghijklmnopqrstuvwxyz"},
    {'u', 26, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    {'x', 36, "0123456789abcdefghijklmnopqrstuvwxyz"},
    {'X', 36, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    {'z', 62, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
};
#define CLASS_COUNT (sizeof(classes) / sizeof(classes[0]))

/* A value taken apart. */
struct fpe_text {
    const struct fpe_class *class;
    uint32_t first, last; /* kept */
    uint8_t digits[FF1_LEN_MAX];
    uint16_t hyphens[FF1_LEN_MAX]; /* in front of which numeral */
    size_t count, hyphen_count;
};

static bool
is_separator(char c)
{
    return c != '\0' && strchr(" -./:+()", c);
}

static bool
take_apart(const struct fpe_class *class, const struct fpe_shape *shape, struct str value, struct fpe_text *t)
{
    bool gap = false;

    *t = (struct fpe_text){.class = class, .first = shape->keep_first, .last = shape->keep_last};
    for (size_t i = 0; i < value.len; i++) {
        const char *numeral = value.ptr[i] ? strchr(class->numerals, value.ptr[i]) : NULL;

        if (!numeral && !is_separator(value.ptr[i]))
            return false;
        gap |= !numeral && t->count;
        if (!numeral)
            continue;
        if (t->count == FF1_LEN_MAX)
            return false;
        if (gap)
            t->hyphens[t->hyphen_count++] = (uint16_t)t->count;
        gap = false;
        t->digits[t->count++] = (uint8_t)(numeral - class->numerals);
    }
    size_t kept = (size_t)t->first + t->last;

    return t->count > kept && cipher_ff1_allowed(class->radix, t->count - kept);
}

static bool
take_apart_any(const struct fpe_shape *shape, struct str value, struct fpe_text *t)
{
    for (size_t i = 0; i < CLASS_COUNT && value.len <= TOKEN_FPE_MAX; i++)
        if (classes[i].radix == shape->radix && take_apart(&classes[i], shape, value, t))
            return true;
    return false;
}

static size_t
put(char *p, struct str s)
{
    if (s.len)
        memcpy(p, s.ptr, s.len);
    return s.len;
}

/* Any text as a tenant of bounded length. */
static size_t
put_tenant(char *p, struct str tenant)
{
    uint8_t sum[SHA256_SIZE] = {0};

    if (tenant.len <= TOKEN_TENANT_MAX)
        return put(p, tenant);
    (void)!digest_sha256(tenant, sum);
    digest_hex((struct str){(const char *)sum, sizeof(sum)}, p);
    return 2 * SHA256_SIZE;
}

#define CONTEXT_MAX (2 * TOKEN_NAME_MAX + TOKEN_TENANT_MAX + 3)

/* entity NUL tenant NUL key id NUL */
static size_t
put_context(char p[CONTEXT_MAX], const struct token_of *of)
{
    size_t n = put(p, str_sub(of->entity, 0, of->entity.len < TOKEN_NAME_MAX ? of->entity.len : TOKEN_NAME_MAX));

    p[n++] = '\0';
    n += put_tenant(p + n, of->tenant);
    p[n++] = '\0';
    n += put(p + n, str_sub(of->key_id, 0, of->key_id.len < TOKEN_NAME_MAX ? of->key_id.len : TOKEN_NAME_MAX));
    p[n++] = '\0';
    return n;
}

/* The kept ends are in the tweak: equal middles of different cards are not shown as equal. */
static enum rc
turn(const uint8_t *key, const struct token_of *of, struct fpe_text *t, bool back)
{
    char tweak[CONTEXT_MAX + 2 * FPE_KEEP_MAX];
    size_t n = put_context(tweak, of), middle = t->count - t->first - t->last;

    n += put(tweak + n, (struct str){(char *)t->digits, t->first});
    n += put(tweak + n, (struct str){(char *)t->digits + t->first + middle, t->last});
    return cipher_ff1((struct str){(const char *)key, SHA256_SIZE}, t->class->radix, (struct str){tweak, n}, back, t->digits + t->first, middle);
}

static size_t
put_text(const struct fpe_text *t, char *p)
{
    size_t n = 0, hyphen = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (hyphen < t->hyphen_count && t->hyphens[hyphen] == i) {
            p[n++] = '-';
            hyphen++;
        }
        p[n++] = t->class->numerals[t->digits[i]];
    }
    return n;
}

static size_t
put_number(char *p, uint32_t v)
{
    char digits[10];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    for (size_t i = 0; i < n; i++)
        p[i] = digits[n - 1 - i];
    return n;
}

static enum rc
check_make(const uint8_t *key, const struct token_of *of, struct str shape_and_text, char hex[TOKEN_CHECK_HEX])
{
    char data[CONTEXT_MAX + 2 * TOKEN_FPE_MAX];
    uint8_t mac[SHA256_SIZE];
    size_t n = put_context(data, of);

    if (shape_and_text.len > sizeof(data) - n)
        return RC_MALFORMED;
    n += put(data + n, shape_and_text);
    enum rc rc = digest_hmac_sha256((struct str){(const char *)key + SHA256_SIZE, SHA256_SIZE}, (struct str){data, n}, mac);

    if (rc == RC_OK)
        digest_hex((struct str){(const char *)mac, TOKEN_CHECK_HEX / 2}, hex);
    return rc;
}

enum rc
token_fpe(const uint8_t key[TOKEN_FPE_KEY_SIZE], const struct token_of *of, const struct fpe_shape *shape, struct str value, struct arena *ar,
    struct str *out)
{
    struct fpe_text t;

    if (shape->keep_first > FPE_KEEP_MAX || shape->keep_last > FPE_KEEP_MAX || !take_apart_any(shape, value, &t))
        return RC_LIMIT;
    char *p = arena_alloc(ar, of->entity.len + of->key_id.len + 2 * t.count + 48);
    enum rc rc = p ? turn(key, of, &t, false) : RC_NOMEM;

    if (rc != RC_OK)
        return rc;
    size_t n = put(p, of->entity);

    p[n++] = '(';
    n += put(p + n, of->key_id);
    p[n++] = '~';
    size_t body = n;

    p[n++] = t.class->letter;
    n += put_number(p + n, t.first);
    p[n++] = '.';
    n += put_number(p + n, t.last);
    p[n++] = '~';
    n += put_text(&t, p + n);
    rc = check_make(key, of, (struct str){p + body, n - body}, p + n + 1);
    if (rc != RC_OK)
        return rc;
    p[n] = '~';
    n += 1 + TOKEN_CHECK_HEX;
    p[n++] = ')';
    *out = (struct str){p, n};
    return RC_OK;
}

bool
token_fpe_good(const uint8_t key[TOKEN_FPE_KEY_SIZE], const struct token_of *of, struct str body)
{
    char hex[TOKEN_CHECK_HEX];

    if (body.len <= TOKEN_CHECK_HEX + 1 || body.ptr[body.len - TOKEN_CHECK_HEX - 1] != '~')
        return false;
    struct str signed_part = str_sub(body, 0, body.len - TOKEN_CHECK_HEX - 1);

    return check_make(key, of, signed_part, hex) == RC_OK &&
           str_eq((struct str){hex, sizeof(hex)}, str_sub(body, body.len - TOKEN_CHECK_HEX, body.len));
}

/* "d6.4~TEXT" */
static bool
shape_read(struct str body, const struct fpe_class **class, struct fpe_shape *shape, struct str *text)
{
    size_t tilde = str_find(body, STR("~")), dot = str_find(body, STR("."));
    uint64_t first, last;
    size_t c = 0;

    if (tilde == SIZE_MAX || dot == SIZE_MAX || dot > tilde || dot < 2)
        return false;
    while (c < CLASS_COUNT && classes[c].letter != body.ptr[0])
        c++;
    if (c == CLASS_COUNT || !str_to_u64(str_sub(body, 1, dot), &first) || !str_to_u64(str_sub(body, dot + 1, tilde), &last) || first > FPE_KEEP_MAX ||
        last > FPE_KEEP_MAX)
        return false;
    *class = &classes[c];
    *shape = (struct fpe_shape){classes[c].radix, (uint32_t)first, (uint32_t)last};
    *text = str_sub(body, tilde + 1, body.len);
    return true;
}

enum rc
token_fpe_open(const uint8_t key[TOKEN_FPE_KEY_SIZE], const struct token_of *of, struct str body, struct arena *ar, struct str *out)
{
    const struct fpe_class *class;
    struct fpe_shape shape;
    struct fpe_text t;
    struct str text;

    if (!token_fpe_good(key, of, body) || !shape_read(str_sub(body, 0, body.len - TOKEN_CHECK_HEX - 1), &class, &shape, &text) ||
        !take_apart(class, &shape, text, &t))
        return RC_MALFORMED;
    char *p = arena_alloc(ar, 2 * t.count);
    enum rc rc = p ? turn(key, of, &t, true) : RC_NOMEM;

    if (rc == RC_OK)
        *out = (struct str){p, put_text(&t, p)};
    return rc;
}
