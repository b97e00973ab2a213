#include "own.h"

#define HEAD_MAX 256
#define OWN_MIN 3 /* a shorter replacement says too little to be known again by itself */

enum own_kind { OWN_TEXT, OWN_PSEUDONYM, OWN_SEALED };

/* Lists by the first byte: few bytes begin anything of ours. */
struct own_item {
    struct own_item *next;
    enum own_kind kind;
    struct str head, tail; /* OWN_TEXT: all is head; OWN_PSEUDONYM: before and after the digits */
    unsigned hex;
    const struct action *action; /* OWN_SEALED, and OWN_PSEUDONYM with check digits: a copy in the arena */
};

struct own {
    struct own_item *heads[256]; /* texts and pseudonyms */
    struct own_item *sealed;
    bool bytes[256]; /* that stand in heads and tails, and digits */
    size_t longest;
};

static enum rc
item_add(struct own *o, struct arena *ar, struct own_item item)
{
    struct own_item **list = &o->heads[item.head.len ? (unsigned char)item.head.ptr[0] : 0];
    size_t len = item.head.len + item.hex + item.tail.len;

    if (item.head.len == 0 || len > HEAD_MAX + 2 * SHA256_SIZE + HEAD_MAX)
        return RC_OK;
    for (const struct own_item *i = *list; i && !item.action; i = i->next)
        if (i->kind == item.kind && str_eq(i->head, item.head) && str_eq(i->tail, item.tail) && i->hex == item.hex)
            return RC_OK;
    struct own_item *made = arena_alloc(ar, sizeof(*made));

    if (!made)
        return RC_NOMEM;
    *made = item;
    made->next = *list;
    *list = made;
    o->longest = len > o->longest ? len : o->longest;
    for (size_t i = 0; i < item.head.len; i++)
        o->bytes[(unsigned char)item.head.ptr[i]] = true;
    for (size_t i = 0; i < item.tail.len; i++)
        o->bytes[(unsigned char)item.tail.ptr[i]] = true;
    for (const char *c = "0123456789abcdef"; item.hex && *c; c++)
        o->bytes[(unsigned char)*c] = true;
    return RC_OK;
}

struct own *
own_new(struct arena *ar)
{
    static const char *const markers[] = {ACTION_UNDECIDABLE, ACTION_ENCODED, ACTION_NOT_FPE, ACTION_DROPPED, "REDACTED"};
    struct own *o = arena_calloc(ar, 1, sizeof(*o));

    for (size_t i = 0; o && i < sizeof(markers) / sizeof(markers[0]); i++)
        if (item_add(o, ar, (struct own_item){.kind = OWN_TEXT, .head = str_of(markers[i])}) != RC_OK)
            return NULL;
    return o;
}

static enum rc
sealed_add(struct own *o, struct arena *ar, const struct action *a)
{
    struct own_item *item = arena_calloc(ar, 1, sizeof(*item));
    struct action *copy = arena_alloc(ar, sizeof(*copy));

    if (!item || !copy)
        return RC_NOMEM;
    *copy = *a;
    *item = (struct own_item){.next = o->sealed, .kind = OWN_SEALED, .action = copy};
    o->sealed = item;
    return RC_OK;
}

static enum rc
pseudonym_add(struct own *o, struct arena *ar, const struct action *a)
{
    struct own_item item = {.kind = OWN_PSEUDONYM, .head = a->hash.before, .tail = a->hash.after, .hex = a->hash.hex};
    struct action *copy = a->hash.check ? arena_alloc(ar, sizeof(*copy)) : NULL;

    if (a->hash.check && !copy)
        return RC_NOMEM;
    if (copy) {
        *copy = *a;
        item.action = copy;
    }
    enum rc rc = item_add(o, ar, item);

    if (rc != RC_OK || a->hash.old_before.len == 0)
        return rc;
    item.head = a->hash.old_before;
    item.tail = a->hash.old_after;
    return item_add(o, ar, item);
}

enum rc
own_add(struct own *o, struct arena *ar, const struct action *a)
{
    if (a->type == &action_replace && a->replace.text.len >= OWN_MIN && a->replace.text.len <= HEAD_MAX)
        return item_add(o, ar, (struct own_item){.kind = OWN_TEXT, .head = a->replace.text});
    if (a->type == &action_encrypt || a->type == &action_fpe)
        return sealed_add(o, ar, a);
    return a->type == &action_hash ? pseudonym_add(o, ar, a) : RC_OK;
}

/* Bytes of the item that stand at the start of s; 0: it does not stand there. */
static size_t
item_at(const struct own_item *i, struct str s)
{
    size_t len = i->head.len + i->hex + i->tail.len;

    /* Markers begin alike: where the last byte is another one, all that is between need not be compared. */
    if (s.len < len || (i->kind == OWN_TEXT && s.ptr[len - 1] != i->head.ptr[len - 1]) || !str_starts(s, i->head) ||
        !str_starts(str_sub(s, i->head.len + i->hex, s.len), i->tail))
        return 0;
    for (size_t k = i->head.len; k < i->head.len + i->hex; k++)
        if (!((s.ptr[k] >= '0' && s.ptr[k] <= '9') || (s.ptr[k] >= 'a' && s.ptr[k] <= 'f')))
            return 0;
    if (i->action && !i->action->type->is_own(i->action, s, 0, len))
        return 0;
    return len;
}

static bool
opens(const struct action *a, const struct action_key *key, const struct token *t)
{
    struct arena *ar;
    struct str plain;
    const struct token_of of = {a->seal.entity, a->tenant, key->id};

    if (!key->id.ptr || !str_eq(key->id, t->key_id))
        return false;
    if (a->tenant_key.len)
        return true; /* whose it is, is not known here; the form says enough */
    if (t->kind == TOKEN_FPE)
        return token_fpe_good(key->bytes, &of, t->body);
    ar = arena_new(2 * t->body.len + 4096);

    bool ok = ar && token_open(key->bytes, &of, t->body, ar, &plain) == RC_OK;

    arena_free(ar);
    return ok;
}

/* End of the sealed token that holds byte at; 0: there is none of ours. */
static size_t
sealed_around(const struct own *o, struct str text, size_t at)
{
    struct token t;

    if (!o->sealed || !token_around(text, at, &t))
        return 0;
    for (const struct own_item *i = o->sealed; i; i = i->next) {
        const struct action *a = i->action;
        bool kind = (t.kind == TOKEN_FPE) == (a->type == &action_fpe);
        size_t open = t.start + t.entity.len;

        if (!kind || !str_ends(t.entity, a->seal.entity) || at < open - a->seal.entity.len)
            continue;
        if (opens(a, &a->seal.key, &t) || opens(a, &a->seal.previous, &t))
            return t.end;
    }
    return 0;
}

size_t
own_piece(const struct own *o, struct str text, size_t at)
{
    size_t low = at + 1 > o->longest ? at + 1 - o->longest : 0, best = 0;

    /* Every byte of a piece is one that can stand in one. */
    if (o->bytes[(unsigned char)text.ptr[at]])
        for (size_t p = at + 1; p-- > low && o->bytes[(unsigned char)text.ptr[p]];)
            for (const struct own_item *i = o->heads[(unsigned char)text.ptr[p]]; i; i = i->next) {
                size_t end = p + item_at(i, str_sub(text, p, text.len));

                best = end > at && end > best ? end : best;
            }
    return best ? best : sealed_around(o, text, at);
}

static bool
is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80;
}

/* Bytes at the start of s that say nothing by themselves: a mark of ASCII, or one behind a percent sign. */
static size_t
glue_at(struct str s)
{
    uint8_t byte;

    if (s.ptr[0] == '%' && s.len >= 3 && digest_unhex(str_sub(s, 1, 3), &byte) && !is_word((char)byte))
        return 3;
    return !is_word(s.ptr[0]);
}

size_t
own_person_end(struct str text, size_t start, size_t end)
{
    const char *at = end > start ? memchr(text.ptr + start, '@', end - start) : NULL;
    size_t cut = at ? (size_t)(at - text.ptr) : end, dots = 0;

    for (size_t i = cut + 1; i < end; i++) {
        dots += text.ptr[i] == '.';
        if (!is_word(text.ptr[i]) && text.ptr[i] != '.' && text.ptr[i] != '-')
            return end;
    }
    return dots && cut > start ? cut : end;
}

/* A plain word can be somebody's name before an @, whatever a rule calls its replacement. */
static bool
is_plain_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(s.ptr[i] >= 'a' && s.ptr[i] <= 'z') && !(s.ptr[i] >= '0' && s.ptr[i] <= '9'))
            return false;
    return true;
}

bool
own_holds(const struct own *o, struct str text, size_t start, size_t end)
{
    bool any = false;

    /* What begins with something else, which is nearly everything, need not be looked at further. */
    if (start < end && !own_piece(o, text, start) && !glue_at(str_sub(text, start, text.len)))
        return false;
    size_t person = own_person_end(text, start, end);

    if (!is_plain_word(str_sub(text, start, person)))
        end = person;
    for (size_t at = start, next; at < end; at = next) {
        next = own_piece(o, text, at);
        any |= next > 0;
        if (!next)
            next = at + glue_at(str_sub(text, at, text.len));
        if (next == at)
            return false;
    }
    return any;
}
