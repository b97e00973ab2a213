#include "keytable_int.h"

#include <stdlib.h>

#define ENTRIES 2048
#define SLOTS (2 * ENTRIES) /* a power of two; never more than half full */
#define POOL_BYTES (192u * 1024)

struct entry {
    struct key key;
    struct verdict verdict;
    uint16_t next; /* which came after it the last time */
};

struct keytable {
    uint64_t seed; /* unknown to senders */
    uint32_t count;
    uint32_t generation;
    uint16_t last; /* found last; 0 at first */
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

static uint64_t
load8(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* Keys are short and mostly equal here: no call. */
static bool
same_bytes(const char *a, const char *b, size_t len)
{
    size_t i = 0;

    if (len > 64)
        return memcmp(a, b, len) == 0;
    for (; i + 8 <= len; i += 8)
        if (load8(a + i) != load8(b + i))
            return false;
    if (len >= 8)
        return load8(a + len - 8) == load8(b + len - 8);
    for (; i < len; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static bool
is_key(const struct entry *e, const struct key *k)
{
    return e->key.path.len == k->path.len && e->key.leaf_len == k->leaf_len && same_bytes(e->key.path.ptr, k->path.ptr, k->path.len);
}

/* Where the key is, or where it would be put. */
static uint32_t
slot_of(const struct keytable *kt, const struct key *k, uint32_t hash)
{
    uint32_t at = (hash >> 1) & (SLOTS - 1);

    while (kt->hashes[at]) {
        const struct entry *e = &kt->entries[kt->slots[at]];

        if (kt->hashes[at] == hash && is_key(e, k))
            return at;
        at = (at + 1) & (SLOTS - 1);
    }
    return at;
}

const struct verdict *
keytable_find(struct keytable *kt, const struct key *k)
{
    uint16_t likely = kt->entries[kt->last].next;

    if (kt->count == 0)
        return NULL;
    if (!is_key(&kt->entries[likely], k)) {
        uint32_t at = slot_of(kt, k, hash_of(kt, k));

        if (!kt->hashes[at])
            return NULL;
        likely = kt->slots[at];
        kt->entries[kt->last].next = likely;
    }
    kt->last = likely;
    return &kt->entries[likely].verdict;
}

uint32_t
keytable_generation(const struct keytable *kt)
{
    return kt->generation;
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
    kt->last = 0;
    kt->generation++;
}

const struct verdict *
keytable_add(struct keytable *kt, const struct key *k, const struct verdict *v)
{
    size_t rules = v->rule_count * sizeof(*v->rules), patterns = v->pattern_count * sizeof(*v->patterns), own = v->own_count * sizeof(*v->own);
    size_t contexts = v->context_count * sizeof(*v->contexts), uses = v->use_count * sizeof(*v->uses);
    size_t need = k->path.len + rules + patterns + contexts + own + uses + 6 * 8;

    if (k->path.len > KEYTABLE_KEY_MAX || v->own_count > KEYTABLE_OWN_MAX || need > POOL_BYTES / 4)
        return v;
    if (kt->count == ENTRIES || kt->used + need > POOL_BYTES)
        start_anew(kt);
    uint32_t hash = hash_of(kt, k), at = slot_of(kt, k, hash);
    struct entry *e = &kt->entries[kt->count];

    kt->hashes[at] = hash;
    kt->slots[at] = (uint16_t)kt->count++;
    e->key = (struct key){{keep(kt, k->path.ptr, k->path.len), k->path.len}, k->leaf_len};
    e->next = 0;
    e->verdict = *v;
    e->verdict.rules = keep(kt, v->rules, rules);
    e->verdict.patterns = keep(kt, v->patterns, patterns);
    e->verdict.contexts = keep(kt, v->contexts, contexts);
    e->verdict.own = keep(kt, v->own, own);
    e->verdict.uses = keep(kt, v->uses, uses);
    return &e->verdict;
}
