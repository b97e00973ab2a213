#include "tally_int.h"

#include <stdlib.h>

#include "base/digest.h"

#define SEED 0x5eed5eed5eed5eedu /* nobody gains by colliding names in a report: what is counted was let in by the gate */

static uint32_t
power_over(uint32_t n)
{
    uint32_t p = 16;

    while (p < n)
        p *= 2;
    return p;
}

/* -- names ------------------------------------------------------------------------------------------------------------------------ */

static enum rc
names_grow(struct names *n)
{
    uint32_t cap = n->cap ? 2 * n->cap : 256, slots = power_over(2 * cap);
    struct str *items = realloc(n->items, cap * sizeof(*items));

    if (!items)
        return RC_NOMEM;
    n->items = items;
    uint32_t *table = calloc(slots, sizeof(*table));

    if (!table)
        return RC_NOMEM;
    for (uint32_t i = 1; i < n->count; i++) {
        uint32_t at = (uint32_t)digest_table_hash(items[i], SEED) & (slots - 1);

        while (table[at])
            at = (at + 1) & (slots - 1);
        table[at] = i;
    }
    free(n->slots);
    n->slots = table;
    n->slot_count = slots;
    n->cap = cap;
    return RC_OK;
}

enum rc
names_init(struct names *n)
{
    *n = (struct names){.text = malloc(NAMES_BYTES_MAX)};
    if (!n->text || names_grow(n) != RC_OK) {
        names_fini(n);
        return RC_NOMEM;
    }
    n->items[0] = STR("(others)");
    n->count = 1;
    return RC_OK;
}

void
names_fini(struct names *n)
{
    free(n->items);
    free(n->slots);
    free(n->text);
    *n = (struct names){0};
}

uint32_t
names_add(struct names *n, struct str s, enum rc *rc)
{
    uint32_t at = (uint32_t)digest_table_hash(s, SEED) & (n->slot_count - 1);

    for (; n->slots[at]; at = (at + 1) & (n->slot_count - 1))
        if (str_eq(n->items[n->slots[at]], s))
            return n->slots[at];
    if (n->count == NAMES_MAX || s.len > NAMES_BYTES_MAX - n->text_len) {
        n->left_out++;
        return 0;
    }
    if (n->count == n->cap) {
        if (names_grow(n) != RC_OK) {
            *rc = RC_NOMEM;
            return 0;
        }
        at = (uint32_t)digest_table_hash(s, SEED) & (n->slot_count - 1);
        while (n->slots[at])
            at = (at + 1) & (n->slot_count - 1);
    }
    if (s.len)
        memcpy(n->text + n->text_len, s.ptr, s.len);
    n->items[n->count] = (struct str){n->text + n->text_len, s.len};
    n->text_len += s.len;
    n->slots[at] = n->count;
    return n->count++;
}

/* -- tally ------------------------------------------------------------------------------------------------------------------------ */

static uint32_t
key_slot(const struct tally *t, const uint32_t *key)
{
    return (uint32_t)digest_table_hash((struct str){(const char *)key, t->keys * sizeof(*key)}, SEED) & (t->slot_count - 1);
}

static bool
tally_grow(struct tally *t)
{
    uint32_t cap = t->cap ? 2 * t->cap : 32, slots = power_over(2 * cap);
    struct tally_row *rows = realloc(t->rows, cap * sizeof(*rows));

    if (!rows)
        return false;
    t->rows = rows;
    uint32_t *table = calloc(slots, sizeof(*table));

    if (!table)
        return false;
    free(t->slots);
    t->slots = table;
    t->slot_count = slots;
    t->cap = cap;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t at = key_slot(t, t->rows[i].key);

        while (table[at])
            at = (at + 1) & (slots - 1);
        table[at] = i + 1;
    }
    return true;
}

void
tally_init(struct tally *t, unsigned keys, uint32_t max)
{
    *t = (struct tally){.keys = keys, .max = max < TALLY_ROWS_MAX ? max : TALLY_ROWS_MAX};
}

void
tally_fini(struct tally *t)
{
    free(t->rows);
    free(t->slots);
    *t = (struct tally){0};
}

void
tally_clear(struct tally *t)
{
    unsigned keys = t->keys;
    uint32_t max = t->max;

    tally_fini(t);
    tally_init(t, keys, max);
}

struct order {
    const struct names *names;
    unsigned keys, by;
};

static int
compare(const void *a, const void *b, void *arg)
{
    const struct tally_row *x = a, *y = b;
    const struct order *o = arg;

    if (o->by < TALLY_VALUES && x->value[o->by] != y->value[o->by])
        return x->value[o->by] > y->value[o->by] ? -1 : 1;
    for (unsigned i = 0; i < o->keys; i++) {
        int order = o->names ? str_cmp(names_text(o->names, x->key[i]), names_text(o->names, y->key[i])) : 0;

        if (!o->names && x->key[i] != y->key[i])
            order = x->key[i] < y->key[i] ? -1 : 1;
        if (order)
            return order;
    }
    return 0;
}

void
tally_sort(struct tally *t, const struct names *n, unsigned by)
{
    struct order o = {n, t->keys, by};

    if (t->count)
        qsort_r(t->rows, t->count, sizeof(*t->rows), compare, &o);
    free(t->slots);
    t->slots = NULL;
}

uint64_t *
tally_at(struct tally *t, const uint32_t *key)
{
    static const uint32_t others[TALLY_KEYS] = {0};
    uint32_t at;

    if (t->count == t->cap && !tally_grow(t))
        return NULL;
    for (at = key_slot(t, key); t->slots[at]; at = (at + 1) & (t->slot_count - 1))
        if (memcmp(t->rows[t->slots[at] - 1].key, key, t->keys * sizeof(*key)) == 0)
            return t->rows[t->slots[at] - 1].value;
    if (t->count >= t->max && memcmp(key, others, t->keys * sizeof(*key)) != 0) {
        t->left_out++;
        return tally_at(t, others);
    }
    struct tally_row *row = &t->rows[t->count];

    memset(row, 0, sizeof(*row));
    memcpy(row->key, key, t->keys * sizeof(*key));
    t->slots[at] = ++t->count;
    return row->value;
}
