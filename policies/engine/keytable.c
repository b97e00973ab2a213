#include "keytable_int.h"

#include <stdlib.h>

#define ENTRIES 2048
#define SLOTS (2 * ENTRIES) /* a power of two; never more than half full */
#define POOL_BYTES (192u * 1024)

struct entry {
    struct key key;
    struct verdict verdict;
};

struct keytable {
    uint64_t seed; /* unknown to senders */
    uint32_t count;
    size_t used;
    uint32_t hashes[SLOTS]; /* 0 = empty */
    uint16_t slots[SLOTS];  /* entry numbers */
    struct entry entries[ENTRIES];
    _Alignas(8) char pool[POOL_BYTES];
};

struct keytable *
keytable_new(void)
{
    struct keytable *kt = calloc(1, sizeof(*kt));

    if (kt && digest_random(&kt->seed, sizeof(kt->seed)) != RC_OK) {
        free(kt);
        return NULL;
    }
    return kt;
}

void
keytable_free(struct keytable *kt)
{
    if (kt)
        explicit_bzero(kt, sizeof(*kt)); /* keys are what senders wrote */
    free(kt);
}

static uint32_t
hash_of(const struct keytable *kt, const struct key *k)
{
    return (uint32_t)digest_table_hash(k->path, kt->seed) | 1;
}

/* Where the key is, or where it would be put. */
static uint32_t
slot_of(const struct keytable *kt, const struct key *k, uint32_t hash)
{
    uint32_t at = (hash >> 1) & (SLOTS - 1);

    while (kt->hashes[at]) {
        const struct entry *e = &kt->entries[kt->slots[at]];

        if (kt->hashes[at] == hash && e->key.leaf_len == k->leaf_len && str_eq(e->key.path, k->path))
            return at;
        at = (at + 1) & (SLOTS - 1);
    }
    return at;
}

const struct verdict *
keytable_find(const struct keytable *kt, const struct key *k)
{
    uint32_t at = slot_of(kt, k, hash_of(kt, k));

    return kt->hashes[at] ? &kt->entries[kt->slots[at]].verdict : NULL;
}

static const void *
keep(struct keytable *kt, const void *bytes, size_t len)
{
    char *p = kt->pool + kt->used;

    if (len)
        memcpy(p, bytes, len);
    kt->used += (len + 7) & ~(size_t)7;
    return p;
}

static void
start_anew(struct keytable *kt)
{
    memset(kt->hashes, 0, sizeof(kt->hashes));
    kt->count = 0;
    kt->used = 0;
}

const struct verdict *
keytable_add(struct keytable *kt, const struct key *k, const struct verdict *v)
{
    size_t rules = v->rule_count * sizeof(*v->rules), patterns = v->pattern_count * sizeof(*v->patterns), own = v->own_count * sizeof(*v->own);
    size_t need = k->path.len + rules + patterns + own + 4 * 8;

    if (k->path.len > KEYTABLE_KEY_MAX || v->own_count > KEYTABLE_OWN_MAX || need > POOL_BYTES / 4)
        return v;
    if (kt->count == ENTRIES || kt->used + need > POOL_BYTES)
        start_anew(kt);
    uint32_t hash = hash_of(kt, k), at = slot_of(kt, k, hash);
    struct entry *e = &kt->entries[kt->count];

    kt->hashes[at] = hash;
    kt->slots[at] = (uint16_t)kt->count++;
    e->key = (struct key){{keep(kt, k->path.ptr, k->path.len), k->path.len}, k->leaf_len};
    e->verdict = *v;
    e->verdict.rules = keep(kt, v->rules, rules);
    e->verdict.patterns = keep(kt, v->patterns, patterns);
    e->verdict.own = keep(kt, v->own, own);
    return &e->verdict;
}
