#include "audit/entry.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/str.h"

#define DEPTH_MAX 8

/* Lists of one entry. An element takes at least three bytes, so that an entry bounds them. */
struct list {
    char *items;
    uint32_t count, cap;
};

enum list_id { LIST_RULES, LIST_ROUTES, LIST_ORIGINS, LIST_POLICIES, LIST_COUNT_ };

struct entry_scanner {
    struct entry e;
    struct list lists[LIST_COUNT_];
    char *text; /* unescaped texts: as long as the entry at most */
    size_t text_len;
    /* of the entry that is being read */
    const char *p, *end;
    enum rc rc;
};

/* -- what an entry looks like ----------------------------------------------------------------------------------------------------- */

enum kind { KIND_TEXT, KIND_NUMBER, KIND_OBJECT, KIND_LIST, KIND_RAW, KIND_INTO };

struct shape;
/* One known key. KIND_OBJECT: its fields stand in the same struct. KIND_LIST: an array of objects; KIND_INTO: one object that is an element of a list. */
struct key {
    struct str name;
    enum kind kind;
    size_t at;
    const struct shape *shape;
    enum list_id list;
};

struct shape {
    const struct key *keys; /* by name; an empty one ends */
    size_t size;            /* of an element of a list */
};

#define NAMED(text)            \
    {                          \
        text, sizeof(text) - 1 \
    }
#define TEXT(name, where)                                              \
    {                                                                  \
        NAMED(name), KIND_TEXT, offsetof(struct entry, where), NULL, 0 \
    }
#define NUMBER(name, where)                                              \
    {                                                                    \
        NAMED(name), KIND_NUMBER, offsetof(struct entry, where), NULL, 0 \
    }
#define OBJECT(name, shape)                      \
    {                                            \
        NAMED(name), KIND_OBJECT, 0, &(shape), 0 \
    }
#define ITEM_TEXT(name, type, where)                                  \
    {                                                                 \
        NAMED(name), KIND_TEXT, offsetof(struct type, where), NULL, 0 \
    }
#define ITEM_NUMBER(name, type, where)                                  \
    {                                                                   \
        NAMED(name), KIND_NUMBER, offsetof(struct type, where), NULL, 0 \
    }

static const struct key admin_keys[] = {TEXT("actor", admin.actor), TEXT("digest", admin.digest), TEXT("object", admin.object),
    TEXT("result", admin.result), TEXT("verb", admin.verb), {.at = 0}};
static const struct shape admin_shape = {admin_keys, 0};
static const struct key change_keys[] = {
    TEXT("name", change.name), TEXT("new", change.new_digest), TEXT("old", change.old_digest), TEXT("what", change.what), {.at = 0}};
static const struct shape change_shape = {change_keys, 0};
static const struct key conn_keys[] = {TEXT("cert_sha256", conn.cert), TEXT("identity", conn.identity), TEXT("issuer", conn.issuer),
    TEXT("not_after", conn.not_after), TEXT("peer_cidr", conn.cidr), TEXT("serial", conn.serial), TEXT("service", conn.service),
    TEXT("tls", conn.tls), {.at = 0}};
static const struct shape conn_shape = {conn_keys, 0};
static const struct key delivery_keys[] = {NUMBER("accepted", delivery.accepted), NUMBER("attempt", delivery.attempt),
    TEXT("destination", delivery.destination), NUMBER("latency_us", delivery.latency_us), TEXT("peer_cert_sha256", delivery.cert),
    NUMBER("rejected", delivery.rejected), NUMBER("status", delivery.status), {.at = 0}};
static const struct shape delivery_shape = {delivery_keys, 0};
static const struct key gate_keys[] = {
    TEXT("closed", gate.closed), TEXT("opened", gate.opened), NUMBER("refused", gate.refused), NUMBER("worker", gate.worker), {.at = 0}};
static const struct shape gate_shape = {gate_keys, 0};
static const struct key key_keys[] = {TEXT("new", key.new_key), TEXT("old", key.old_key), {.at = 0}};
static const struct shape key_shape = {key_keys, 0};
static const struct key retention_keys[] = {TEXT("before", retention.before), NUMBER("until", retention.until), {.at = 0}};
static const struct shape retention_shape = {retention_keys, 0};
static const struct key loss_keys[] = {TEXT("destination", loss.destination), TEXT("reason", loss.reason), NUMBER("spans", loss.spans), {.at = 0}};
static const struct shape loss_shape = {loss_keys, 0};
static const struct key origin_keys[] = {ITEM_TEXT("country", entry_origin, country), ITEM_TEXT("region", entry_origin, region),
    ITEM_TEXT("source", entry_origin, source), ITEM_NUMBER("spans", entry_origin, spans), {.at = 0}};
static const struct shape origin_shape = {origin_keys, sizeof(struct entry_origin)};
static const struct key policies_keys[] = {ITEM_TEXT("controls", entry_policy, controls), ITEM_TEXT("kind", entry_policy, kind),
    ITEM_TEXT("mode", entry_policy, mode), ITEM_TEXT("name", entry_policy, name), ITEM_TEXT("owner", entry_policy, owner),
    ITEM_NUMBER("revision", entry_policy, revision), {.at = 0}};
static const struct shape policies_shape = {policies_keys, sizeof(struct entry_policy)};
static const struct key rule_keys[] = {ITEM_TEXT("action", entry_rule, action), ITEM_NUMBER("count", entry_rule, count),
    ITEM_TEXT("entity", entry_rule, entity), ITEM_TEXT("id", entry_rule, id), ITEM_TEXT("mode", entry_rule, mode),
    {NAMED("paths"), KIND_RAW, offsetof(struct entry_rule, paths), NULL, 0}, {.at = 0}};
static const struct shape rule_shape = {rule_keys, sizeof(struct entry_rule)};
static const struct key policy_keys[] = {NUMBER("added", policy.added), TEXT("digest", policy.digest), NUMBER("not_allowed", policy.not_allowed),
    {NAMED("policies"), KIND_LIST, 0, &policies_shape, LIST_POLICIES}, NUMBER("revision", policy.revision),
    {NAMED("rules"), KIND_LIST, 0, &rule_shape, LIST_RULES}, NUMBER("rules_left_out", policy.rules_left_out),
    NUMBER("undecidable", policy.undecidable), NUMBER("unknown_fields", policy.unknown_fields), {.at = 0}};
static const struct shape policy_shape = {policy_keys, 0};
static const struct key req_keys[] = {NUMBER("bytes_decoded", req.bytes_decoded), NUMBER("bytes_wire", req.bytes_wire),
    TEXT("encoding", req.encoding), NUMBER("id", req.id), TEXT("protocol", req.protocol), NUMBER("resources", req.resources),
    NUMBER("spans_in", req.spans_in), NUMBER("spans_out", req.spans_out), {.at = 0}};
static const struct shape req_shape = {req_keys, 0};
static const struct key route_keys[] = {ITEM_NUMBER("bytes", entry_route, bytes), ITEM_TEXT("country", entry_route, country),
    ITEM_TEXT("decision", entry_route, decision), ITEM_TEXT("destination", entry_route, destination),
    ITEM_TEXT("jurisdiction", entry_route, jurisdiction), ITEM_TEXT("mechanism", entry_route, mechanism),
    ITEM_TEXT("mechanism_expires", entry_route, expires), ITEM_TEXT("mechanism_ref", entry_route, reference),
    ITEM_TEXT("origin", entry_route, origin), ITEM_TEXT("rule", entry_route, rule), ITEM_NUMBER("spans", entry_route, spans), {.at = 0}};
static const struct shape route_shape = {route_keys, sizeof(struct entry_route)};
static const struct key anchor_keys[] = {NUMBER("failed", anchor.failed), TEXT("kind", anchor.kind), NUMBER("ok", anchor.ok),
    NUMBER("size", anchor.size), TEXT("to", anchor.to), {.at = 0}};
static const struct shape anchor_shape = {anchor_keys, 0};
static const struct key entry_keys[] = {OBJECT("admin", admin_shape), OBJECT("anchor", anchor_shape), TEXT("build", build),
    OBJECT("change", change_shape), OBJECT("conn", conn_shape), NUMBER("count", count), OBJECT("delivery", delivery_shape),
    OBJECT("gate", gate_shape), OBJECT("key", key_shape), OBJECT("loss", loss_shape), TEXT("node", node),
    {NAMED("origin"), KIND_INTO, 0, &origin_shape, LIST_ORIGINS}, {NAMED("origins"), KIND_LIST, 0, &origin_shape, LIST_ORIGINS},
    TEXT("outcome", outcome), OBJECT("policy", policy_shape), TEXT("reason", reason), OBJECT("req", req_shape), OBJECT("retention", retention_shape),
    {NAMED("route"), KIND_LIST, 0, &route_shape, LIST_ROUTES}, NUMBER("seq", seq), TEXT("ts", ts), TEXT("type", type), NUMBER("v", version),
    {.at = 0}};
static const struct shape entry_shape = {entry_keys, 0};

/* -- tokens ----------------------------------------------------------------------------------------------------------------------- */

static void
fail(struct entry_scanner *sc, enum rc rc)
{
    if (sc->rc == RC_OK)
        sc->rc = rc;
    sc->p = sc->end;
}

static bool
take(struct entry_scanner *sc, char c)
{
    if (sc->p == sc->end || *sc->p != c)
        return false;
    sc->p++;
    return true;
}

static void
want(struct entry_scanner *sc, char c)
{
    if (!take(sc, c))
        fail(sc, RC_MALFORMED);
}

/* What needs a second look inside of a string: the end, escapes, control characters, bytes above ASCII. */
static inline bool
ordinary(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static size_t
put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    to[0] = (char)(0xE0 | c >> 12);
    to[1] = (char)(0x80 | (c >> 6 & 0x3F));
    to[2] = (char)(0x80 | (c & 0x3F));
    return 3;
}

/* One escape at p, behind the backslash, to the text. Canonical JSON escapes control characters only, so surrogates need not be read. */
static void
unescape(struct entry_scanner *sc)
{
    static const char names[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char c = sc->p == sc->end ? 0 : *sc->p++;
    unsigned code = 0;

    for (size_t i = 0; i < sizeof(names) - 1; i += 2) {
        if (c == names[i]) {
            sc->text[sc->text_len++] = names[i + 1];
            return;
        }
    }
    if (c != 'u' || sc->end - sc->p < 4) {
        fail(sc, RC_MALFORMED);
        return;
    }
    for (int i = 0; i < 4; i++) {
        char h = *sc->p++;
        unsigned digit = h >= '0' && h <= '9' ? (unsigned)(h - '0') : h >= 'a' && h <= 'f' ? (unsigned)(h - 'a' + 10) : 16;

        if (digit == 16) {
            fail(sc, RC_MALFORMED);
            return;
        }
        code = code << 4 | digit;
    }
    if (code == 0 || (code >= 0xD800 && code < 0xE000))
        fail(sc, RC_MALFORMED);
    else
        sc->text_len += put_utf8(sc->text + sc->text_len, code);
}

/* A string with escapes, from its first byte; p stands at the first backslash. */
static struct str
escaped_string(struct entry_scanner *sc, const char *first)
{
    size_t start = sc->text_len;

    for (;;) {
        size_t run = (size_t)(sc->p - first);

        memcpy(sc->text + sc->text_len, first, run);
        sc->text_len += run;
        if (sc->p == sc->end || (unsigned char)*sc->p < 0x20) {
            fail(sc, RC_MALFORMED);
            return (struct str){0};
        }
        if (*sc->p == '"')
            break;
        sc->p++;
        unescape(sc);
        if (sc->rc != RC_OK)
            return (struct str){0};
        first = sc->p;
        while (sc->p < sc->end && (unsigned char)*sc->p >= 0x20 && *sc->p != '"' && *sc->p != '\\')
            sc->p++;
    }
    sc->p++;
    return (struct str){sc->text + start, sc->text_len - start};
}

static struct str
string(struct entry_scanner *sc)
{
    const char *first, *p;
    bool above = false;
    struct str s;

    want(sc, '"');
    first = p = sc->p;
    while (p < sc->end && (ordinary((unsigned char)*p) || (unsigned char)*p >= 0x80)) {
        above |= (unsigned char)*p >= 0x80;
        p++;
    }
    sc->p = p;
    if (p < sc->end && *p == '\\') {
        s = escaped_string(sc, first);
        above = true;
    } else {
        want(sc, '"');
        s = (struct str){first, (size_t)(p - first)};
    }
    if (above && sc->rc == RC_OK && !str_utf8_valid(s))
        fail(sc, RC_MALFORMED);
    return sc->rc == RC_OK ? s : (struct str){0};
}

/* An integer; what is negative is 0. */
static uint64_t
number(struct entry_scanner *sc)
{
    bool minus = take(sc, '-');
    const char *first = sc->p;
    uint64_t n = 0;

    while (sc->p < sc->end && *sc->p >= '0' && *sc->p <= '9') {
        uint64_t digit = (uint64_t)(*sc->p++ - '0');

        if (n > (UINT64_MAX - digit) / 10) {
            fail(sc, RC_MALFORMED);
            return 0;
        }
        n = n * 10 + digit;
    }
    if (sc->p == first || (*first == '0' && (sc->p - first > 1 || minus)))
        fail(sc, RC_MALFORMED);
    return minus ? 0 : n;
}

static void
word(struct entry_scanner *sc, struct str w)
{
    if ((size_t)(sc->end - sc->p) < w.len || memcmp(sc->p, w.ptr, w.len) != 0)
        fail(sc, RC_MALFORMED);
    else
        sc->p += w.len;
}

/* -- values ----------------------------------------------------------------------------------------------------------------------- */

/* Most keys differ in their first byte. */
static inline int
key_cmp(struct str a, struct str b)
{
    if (a.len && b.len && a.ptr[0] != b.ptr[0])
        return (unsigned char)a.ptr[0] < (unsigned char)b.ptr[0] ? -1 : 1;
    return str_cmp(a, b);
}

/* Keys of an object, one call for each: false at its end. They must rise. */
static bool
next_key(struct entry_scanner *sc, struct str *key, bool *first)
{
    struct str last = *key;

    if (sc->rc != RC_OK || take(sc, '}'))
        return false;
    if (!*first)
        want(sc, ',');
    *key = string(sc);
    want(sc, ':');
    if (!*first && sc->rc == RC_OK && key_cmp(last, *key) >= 0)
        fail(sc, RC_MALFORMED);
    *first = false;
    return sc->rc == RC_OK;
}

static bool
next_element(struct entry_scanner *sc, bool *first)
{
    if (sc->rc != RC_OK || take(sc, ']'))
        return false;
    if (!*first)
        want(sc, ',');
    *first = false;
    return sc->rc == RC_OK;
}

/* A value that nobody asks for. */
static void
skip(struct entry_scanner *sc, unsigned depth) /* NOLINT(misc-no-recursion): depth is bounded */
{
    struct str key = {0};
    bool first = true;

    if (depth == DEPTH_MAX || sc->p == sc->end) {
        fail(sc, RC_MALFORMED);
        return;
    }
    switch (*sc->p) {
    case '"':
        (void)string(sc);
        return;
    case '{':
        sc->p++;
        while (next_key(sc, &key, &first))
            skip(sc, depth + 1);
        return;
    case '[':
        sc->p++;
        while (next_element(sc, &first))
            skip(sc, depth + 1);
        return;
    case 't':
        word(sc, STR("true"));
        return;
    case 'f':
        word(sc, STR("false"));
        return;
    default:
        (void)number(sc);
    }
}

static void object(struct entry_scanner *sc, const struct shape *shape, void *base, unsigned depth);

static void *
list_add(struct entry_scanner *sc, const struct key *k)
{
    struct list *l = &sc->lists[k->list];
    size_t size = k->shape->size;

    if (l->count == l->cap) {
        uint32_t cap = l->cap ? 2 * l->cap : 32;
        char *more = realloc(l->items, cap * size);

        if (!more) {
            fail(sc, RC_NOMEM);
            return NULL;
        }
        l->items = more;
        l->cap = cap;
    }
    memset(l->items + l->count * size, 0, size);
    return l->items + (l->count++) * size;
}

static void
list(struct entry_scanner *sc, const struct key *k, unsigned depth) /* NOLINT(misc-no-recursion): depth is bounded */
{
    bool first = true;

    want(sc, '[');
    while (next_element(sc, &first)) {
        void *item = list_add(sc, k);

        if (item)
            object(sc, k->shape, item, depth + 1);
    }
}

/* An array of names: its inside, for whoever wants to read it. */
static struct str
raw_list(struct entry_scanner *sc, unsigned depth)
{
    const char *from = sc->p;

    if (sc->p == sc->end || *sc->p != '[')
        fail(sc, RC_MALFORMED);
    else
        skip(sc, depth + 1);
    return sc->rc == RC_OK ? (struct str){from + 1, (size_t)(sc->p - from) - 2} : (struct str){0};
}

static void
value(struct entry_scanner *sc, const struct key *k, void *base, unsigned depth) /* NOLINT(misc-no-recursion): depth is bounded */
{
    char *at = (char *)base + k->at;
    void *item;

    switch (k->kind) {
    case KIND_TEXT:
        *(struct str *)(void *)at = string(sc);
        return;
    case KIND_NUMBER:
        *(uint64_t *)(void *)at = number(sc);
        return;
    case KIND_OBJECT:
        object(sc, k->shape, base, depth + 1);
        return;
    case KIND_LIST:
        list(sc, k, depth + 1);
        return;
    case KIND_INTO:
        item = list_add(sc, k);
        if (item)
            object(sc, k->shape, item, depth + 1);
        return;
    case KIND_RAW:
        *(struct str *)(void *)at = raw_list(sc, depth);
        return;
    }
}

/* Both lists of keys rise, the shape's and the object's: they are walked side by side. */
static void
object(struct entry_scanner *sc, const struct shape *shape, void *base, unsigned depth) /* NOLINT(misc-no-recursion): depth is bounded */
{
    const struct key *k = shape->keys;
    struct str key = {0};
    bool first = true;

    if (depth == DEPTH_MAX)
        fail(sc, RC_MALFORMED);
    want(sc, '{');
    while (next_key(sc, &key, &first)) {
        int order = -1;

        while (k->name.len && (order = key_cmp(k->name, key)) < 0)
            k++;
        if (k->name.len && order == 0)
            value(sc, k, base, depth);
        else
            skip(sc, depth + 1);
    }
}

/* -- entry ------------------------------------------------------------------------------------------------------------------------ */

struct entry_scanner *
entry_scanner_new(void)
{
    struct entry_scanner *sc = calloc(1, sizeof(*sc));

    if (sc)
        sc->text = malloc(ENTRY_MAX);
    if (sc && !sc->text) {
        free(sc);
        sc = NULL;
    }
    return sc;
}

void
entry_scanner_free(struct entry_scanner *sc)
{
    if (!sc)
        return;
    for (unsigned i = 0; i < LIST_COUNT_; i++)
        free(sc->lists[i].items);
    free(sc->text);
    free(sc);
}

enum rc
entry_scan(struct entry_scanner *sc, struct str bytes, const struct entry **out)
{
    struct entry *e = &sc->e;

    if (bytes.len > ENTRY_MAX)
        return RC_TOO_LARGE;
    *e = (struct entry){0};
    for (unsigned i = 0; i < LIST_COUNT_; i++)
        sc->lists[i].count = 0;
    sc->text_len = 0;
    sc->p = bytes.ptr;
    sc->end = bytes.ptr + bytes.len;
    sc->rc = RC_OK;
    object(sc, &entry_shape, e, 0);
    if (sc->rc == RC_OK && (sc->p != sc->end || e->type.len == 0 || !time_parse(e->ts, &e->ts_us)))
        sc->rc = RC_MALFORMED;
    if (sc->rc != RC_OK)
        return sc->rc;
    e->rules = (const struct entry_rule *)(const void *)sc->lists[LIST_RULES].items;
    e->routes = (const struct entry_route *)(const void *)sc->lists[LIST_ROUTES].items;
    e->origins = (const struct entry_origin *)(const void *)sc->lists[LIST_ORIGINS].items;
    e->policies = (const struct entry_policy *)(const void *)sc->lists[LIST_POLICIES].items;
    e->rule_count = sc->lists[LIST_RULES].count;
    e->route_count = sc->lists[LIST_ROUTES].count;
    e->origin_count = sc->lists[LIST_ORIGINS].count;
    e->policy_count = sc->lists[LIST_POLICIES].count;
    *out = e;
    return RC_OK;
}

bool
entry_path_next(struct str *rest, struct str *path)
{
    const char *from = rest->len ? memchr(rest->ptr, '"', rest->len) : NULL;
    const char *end = from ? rest->ptr + rest->len : NULL, *to = from ? memchr(from + 1, '"', (size_t)(end - from - 1)) : NULL;

    if (!to)
        return false;
    *path = (struct str){from + 1, (size_t)(to - from - 1)};
    *rest = (struct str){to + 1, (size_t)(end - to - 1)};
    return true;
}
