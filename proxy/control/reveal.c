#include "reveal_int.h"

#include <stdio.h>

#include "policies/token.h"

#define ARENA_MAX ((size_t)256 << 20)
#define HEX_MIN 32
#define HEX_MAX 64

struct reveal {
    const struct reveal_job *job;
    struct arena *ar; /* of one token */
    struct buf *out;
    struct reveal_counts *counts;
};

/* ---- output ---- */

static enum rc
put_value(struct reveal *r, struct str value)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < value.len && rc == RC_OK; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if (r->job->json && (c == '"' || c == '\\'))
            rc = buf_printf(r->out, "\\%c", c);
        else if (r->job->json && c < ' ')
            rc = buf_printf(r->out, "\\u%04x", c);
        else
            rc = buf_append_byte(r->out, (char)c);
    }
    return rc;
}

/* ---- tokens that open ---- */

static enum rc
open_with(struct reveal *r, const struct token *t, const struct token_of *of, const struct secret *secret, struct str *value)
{
    uint8_t key[SIV_KEY_SIZE];
    enum rc rc = t->kind == TOKEN_FPE ? token_fpe_key(secret_bytes(secret), key) : token_seal_key(secret_bytes(secret), key);

    if (rc == RC_OK && t->kind == TOKEN_FPE)
        rc = token_fpe_open(key, of, t->body, r->ar, value);
    else if (rc == RC_OK)
        rc = token_open(key, of, t->body, r->ar, value);
    explicit_bzero(key, sizeof(key));
    return rc;
}

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Where the next shorter entity begins: behind a letter or digit no name of one does. */
static size_t
next_entity(struct str names, size_t at)
{
    for (at++; at < names.len; at++)
        if (is_alnum(names.ptr[at]) && !is_alnum(names.ptr[at - 1]))
            break;
    return at;
}

static struct str
tenant_at(const struct reveal *r, size_t i)
{
    return i == 0 ? STR("") : r->job->tenants[i - 1];
}

/* Try every entity that the text allows, every tenant. cut: bytes in front of the true entity. RC_MALFORMED: none opens it. */
static enum rc
open_token(struct reveal *r, const struct token *t, const struct secret *secret, struct str *value, size_t *cut)
{
    for (size_t e = 0; e < t->entity.len; e = next_entity(t->entity, e)) {
        for (size_t i = 0; i <= r->job->tenant_count; i++) {
            const struct token_of of = {str_sub(t->entity, e, t->entity.len), tenant_at(r, i), t->key_id};
            enum rc rc = open_with(r, t, &of, secret, value);

            *cut = e;
            if (rc != RC_MALFORMED)
                return rc;
        }
    }
    return RC_MALFORMED;
}

/* RC_OK: value and cut are set; RC_MALFORMED: the token stays. */
static enum rc
reveal_token(struct reveal *r, const struct token *t, struct str *value, size_t *cut)
{
    bool known = false;

    r->counts->tokens++;
    for (size_t k = 0; k < r->job->key_count; k++) {
        if (!str_eq(r->job->keys[k].id, t->key_id))
            continue;
        enum rc rc = open_token(r, t, r->job->keys[k].secret, value, cut);

        known = true;
        if (rc == RC_OK)
            r->counts->opened++;
        if (rc != RC_MALFORMED)
            return rc;
    }
    r->counts->failed += known;
    r->counts->unknown += !known;
    if (!known && r->counts->unknown == 1)
        snprintf(r->counts->unknown_id, sizeof(r->counts->unknown_id), "%.*s", (int)t->key_id.len, t->key_id.ptr);
    return RC_MALFORMED;
}

static enum rc
reveal_tokens(struct reveal *r, struct str text)
{
    struct token t;
    size_t done = 0;
    enum rc rc = RC_OK;

    while (rc == RC_OK && token_next(text, done, &t)) {
        struct str value = STR("");
        size_t cut = 0, start = t.start > done ? t.start : done;

        rc = reveal_token(r, &t, &value, &cut);
        if (rc == RC_OK) {
            rc = buf_append(r->out, str_sub(text, done, start + cut));
            if (rc == RC_OK)
                rc = put_value(r, value);
        } else if (rc == RC_MALFORMED) {
            rc = buf_append(r->out, str_sub(text, done, t.end));
        }
        done = t.end;
        arena_reset(r->ar, SIZE_MAX);
    }
    return rc == RC_OK ? buf_append(r->out, str_sub(text, done, text.len)) : rc;
}

/* ---- pseudonyms of candidates ---- */

/* A pseudonym in the default format: ENTITY _ key id _ digits. */
struct pseudonym {
    size_t start, end;
    struct str entity, hex;
};

static bool
is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool
pseudonym_next(struct str text, struct str id, size_t from, struct pseudonym *p)
{
    for (size_t at = from; at < text.len; at++) {
        size_t found = str_find(str_sub(text, at, text.len), id);

        if (found == SIZE_MAX)
            return false;
        at += found;
        size_t hex = at + id.len + 1, end = hex, start;

        while (end < text.len && is_hex(text.ptr[end]))
            end++;
        if (at < 2 || text.ptr[at - 1] != '_' || hex > text.len || text.ptr[hex - 1] != '_' || end - hex < HEX_MIN || end - hex > HEX_MAX)
            continue;
        for (start = at - 1; start > from && at - start <= TOKEN_NAME_MAX; start--)
            if (!is_alnum(text.ptr[start - 1]) && !strchr("._-/", text.ptr[start - 1]))
                break;
        *p = (struct pseudonym){start, end, str_sub(text, start, at - 1), str_sub(text, hex, end)};
        return p->entity.len > 0;
    }
    return false;
}

/* Whether p is the pseudonym of one candidate for this entity. */
static enum rc
compare(struct reveal *r, const struct pseudonym *p, struct str entity, const struct secret *secret, const struct str **candidate)
{
    uint8_t key[SHA256_SIZE], tenant_key[SHA256_SIZE], mac[SHA256_SIZE];
    char hex[2 * SHA256_SIZE];
    enum canonical form = token_canonical(entity);
    enum rc rc = token_pseudonym_key(secret_bytes(secret), entity, key);

    for (size_t i = 0; i <= r->job->tenant_count && rc == RC_OK; i++) {
        rc = token_tenant_key(key, tenant_at(r, i), tenant_key);
        for (size_t c = 0; c < r->job->candidate_count && rc == RC_OK; c++) {
            rc = token_pseudonym(tenant_key, form, r->job->candidates[c], r->ar, mac);
            digest_hex((struct str){(const char *)mac, sizeof(mac)}, hex);
            if (rc == RC_OK && str_eq(p->hex, (struct str){hex, p->hex.len})) {
                *candidate = &r->job->candidates[c];
                return RC_OK;
            }
        }
    }
    return rc;
}

static enum rc
reveal_pseudonyms(struct reveal *r, const struct reveal_key *key, struct str text)
{
    struct pseudonym p;
    size_t done = 0;
    enum rc rc = RC_OK;

    while (rc == RC_OK && pseudonym_next(text, key->id, done, &p)) {
        const struct str *candidate = NULL;
        size_t cut = 0;

        r->counts->tokens++;
        while (rc == RC_OK && cut < p.entity.len) {
            rc = compare(r, &p, str_sub(p.entity, cut, p.entity.len), key->secret, &candidate);
            if (candidate)
                break;
            cut = next_entity(p.entity, cut);
        }
        if (rc == RC_OK)
            rc = buf_append(r->out, str_sub(text, done, candidate ? p.start + cut : p.end));
        if (rc == RC_OK && candidate)
            rc = put_value(r, *candidate);
        r->counts->opened += candidate != NULL;
        done = p.end;
        arena_reset(r->ar, SIZE_MAX);
    }
    return rc == RC_OK ? buf_append(r->out, str_sub(text, done, text.len)) : rc;
}

enum rc
reveal_text(const struct reveal_job *job, struct str text, struct buf *out, struct reveal_counts *counts)
{
    struct reveal r = {.job = job, .ar = arena_new(ARENA_MAX), .out = out, .counts = counts};
    enum rc rc = r.ar ? RC_OK : RC_NOMEM;

    *counts = (struct reveal_counts){0};
    if (rc == RC_OK)
        rc = reveal_tokens(&r, text);
    for (size_t k = 0; k < job->key_count && job->candidate_count && rc == RC_OK; k++) {
        struct buf before = *out;

        *out = (struct buf){.max = before.max};
        rc = reveal_pseudonyms(&r, &job->keys[k], buf_str(&before));
        buf_free_wipe(&before);
    }
    arena_free(r.ar);
    return rc;
}
