#include "finder_warm_int.h"

struct pen {
    struct warm_rng *r;
    char *out;
    size_t len;
    uint32_t steps; /* of a walk, bounded */
};
#define STEPS_MAX 5000

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014. */
static uint32_t
below(struct warm_rng *r, uint32_t n)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % n);
}

static void
put(struct pen *p, char c)
{
    if (p->len < WARM_SIZE)
        p->out[p->len++] = c;
}

static void
put_text(struct pen *p, const char *text)
{
    while (*text)
        put(p, *text++);
}

static void
put_some(struct pen *p, const char *alphabet, uint32_t count)
{
    uint32_t n = (uint32_t)strlen(alphabet);

    while (count--)
        put(p, alphabet[below(p->r, n)]);
}

static const char digits[] = "0123456789", hex[] = "0123456789abcdef";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
put_word(struct pen *p)
{
    static const char *const words[] = {"orders", "checkout", "payment", "user", "account", "inventory", "cart", "search", "product", "session",
        "token", "profile", "gateway", "frontend", "backend", "worker", "queue", "consumer", "shipping", "invoice", "email", "notification",
        "recommendation", "currency", "catalog", "auth", "login", "address", "customer", "billing", "report", "metrics", "health", "status", "config",
        "cache", "redis", "postgres", "kafka", "upload", "image", "items", "list", "create", "update", "delete", "get", "find", "by", "id", "name",
        "type", "request", "response", "timeout", "refused", "connection", "failed", "retry", "key", "not", "found", "the", "for", "of", "and", "to",
        "in", "a"};

    put_text(p, words[below(p->r, sizeof(words) / sizeof(words[0]))]);
}

static void
put_capital_word(struct pen *p)
{
    size_t at = p->len;

    put_word(p);
    if (at < p->len && p->out[at] >= 'a')
        p->out[at] = (char)(p->out[at] - 32);
}

static void
put_upper_word(struct pen *p)
{
    size_t at = p->len;

    put_word(p);
    for (; at < p->len; at++)
        p->out[at] = (char)(p->out[at] >= 'a' && p->out[at] <= 'z' ? p->out[at] - 32 : p->out[at]);
}

static void
put_number(struct pen *p, uint32_t n)
{
    char text[12];
    size_t len = 0;

    do
        text[len++] = (char)('0' + n % 10);
    while (n /= 10);
    while (len)
        put(p, text[--len]);
}

static void
put_uuid(struct pen *p)
{
    static const uint8_t parts[] = {8, 4, 4, 4, 12};

    for (size_t i = 0; i < sizeof(parts); i++) {
        if (i)
            put(p, '-');
        put_some(p, hex, parts[i]);
    }
}

static void
put_ipv4(struct pen *p)
{
    for (int i = 0; i < 4; i++) {
        if (i)
            put(p, '.');
        put_number(p, below(p->r, 256));
    }
}

/* %w word %W Word %U WORD %n small number %N large number %d digit %h hex id %u UUID %i IPv4 %b base64 %% */
static void
put_field(struct pen *p, char kind)
{
    switch (kind) {
    case 'w':
        put_word(p);
        break;
    case 'W':
        put_capital_word(p);
        break;
    case 'U':
        put_upper_word(p);
        break;
    case 'n':
        put_number(p, below(p->r, 1000));
        break;
    case 'N':
        put_some(p, digits, 4 + below(p->r, 14));
        break;
    case 'd':
        put_some(p, digits, 1);
        break;
    case 'h':
        put_some(p, hex, 8u << below(p->r, 3));
        break;
    case 'u':
        put_uuid(p);
        break;
    case 'i':
        put_ipv4(p);
        break;
    case 'b':
        put_some(p, base64, 8 + below(p->r, 40));
        break;
    default:
        put(p, kind);
    }
}

static const char *const shapes[] = {"GET", "POST", "200", "404", "%n", "%n", "%N", "true", "%w", "%w", "%w", "%w-%w", "%w_%w", "%w.%w", "%W%W",
    "%w%W", "%w/%w", "%w.%w.%w", "%w-service", "%w-service-%w", "shop.%w.v%d.%WService", "%WService/%W%W", "/%w.%WService/%W%W",
    "io.opentelemetry.%w-%d.%d", "com.example.%w.%W%W", "GET /api/v%d/%w/{id}", "POST /%w/%w", "/api/v%d/%w/%n", "/api/v%d/%w/%u",
    "/%w/%w/%N?page=%n&size=%n", "/%w?%w=%w&%w=%n", "https://%w.example.com/%w/%n", "https://%w.%w.svc.cluster.local:%n/%w?%w=%b&x=%n",
    "http://%i:80%d%d/%w", "%w.example.com", "%w-%n.%w.internal", "%w-%h-%b", "%w-7d9f8b6c5-%d%w", "ip-%n-%n-%n-%n.ec2.internal", "%i", "%i:%N",
    "10.%n.%n.%n", "%u", "%h", "%b", "%h%h", "sha256:%h%h", "urn:uuid:%u", "arn:aws:%w:eu-west-%d:%N:%w/%w", "eu-central-%d", "us-east-%da",
    "%d.%d%d.%d", "v%d.%d.%d-%w", "%d%d.%d%d.%d%d%d", "0.%N", "-%n.%N", "20%d%d-0%d-1%dT1%d:4%d:3%d.%N", "20%d%d-1%d-0%d 0%d:2%d:5%dZ",
    "0%d:1%d:%d%d", "%d%d/%d%d/20%d%d", "SELECT %w, %w, %w FROM %w WHERE %w_id = ? AND %w = $%d",
    "SELECT * FROM %w_%w WHERE id IN (%n, %N, %n) LIMIT %n", "INSERT INTO %w (%w, %w_%w) VALUES ('%w', '%w %w', %n)",
    "UPDATE %w SET %w = '%w' WHERE id = '%u'", "db.%w.find({\"%w\": \"?\", \"%w_id\": %n})",
    "{\"%w\":\"%w\",\"%w\":{\"%w_id\":%N,\"%w\":[%n,%n]},\"%w\":true}", "HGETALL %w:%w:%n", "%w:%u", "%w=%w; %w=%b; Path=/; HttpOnly",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1%d%d.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 1%d_%d like Mac OS X) Mobile/15E%n", "%W/%d.%d (%w; %w) %w/%n", "grpc-java-netty/1.%d%d.%d",
    "java.lang.%W%WException: %w %w %w %w %w: %n", "%W %w %w: %w %w %w '%w' (%n)",
    "\tat com.example.%w.%W%W.%w(%W%W.java:%n)\n\tat shop.%w.%W.%w(%W.java:%n)\n", "  File \"/app/%w/%w.py\", line %n, in %w_%w\n    %w(%w, %w=%w)\n",
    "/usr/lib/%w/%w-%d.%d.so", "/home/%w/%w/%w.js:%n:%n", "C:\\Users\\%w\\%w\\%w.dll", "/var/log/%w/%w.log", "application/json; charset=utf-8",
    "text/html", "gzip, deflate, br", "%w.%w@example.com", "%w+%n@%w.example.org", "%w %w %w %w", "%W %w %w, %w %w.", "%w: %w %w %w %n %w",
    "%U_%U_%U", "%U", "%U-%N", "%w#%w", "<%w %w=\"%n\">%w</%w>", "%w key not present: %w-%h", "+%d%d %d%d%d %d%d%d%d%d%d%d",
    "(%d%d%d) %d%d%d-%d%d%d%d", "%d%d%d%d %d%d%d%d %d%d%d%d %d%d%d%d", "%d%d%d-%d%d-%d%d%d%d", "20%d%d:db8:%h::%d", "%d%w:%d%d:%d%d:0a:%d%d:ff",
    "Bearer %b.%b.%b", "password=%w%n", "%w://%w:%w%n@%w:%n/%w", "%w=%b&%w_token=%b", "DE%d%d %d%d%d%d %d%d%d%d %d%d%d%d %d%d%d%d %d%d",
    "gr\xc3\xbc\xc3\x9f%w \xe2\x82\xac%n,%d%d", "\xe6\x97\xa5\xe6\x9c\xac %w"};
#define SHAPES ((uint32_t)(sizeof(shapes) / sizeof(shapes[0])))

size_t
warm_usual(struct warm_rng *r, char out[WARM_SIZE])
{
    struct pen p = {.r = r, .out = out};

    for (const char *c = shapes[below(r, SHAPES)]; *c; c++) {
        if (*c == '%' && c[1])
            put_field(&p, *++c);
        else
            put(&p, *c);
    }
    return p.len;
}

size_t
warm_hostile(struct warm_rng *r, char out[WARM_SIZE])
{
    static const char *const alphabets[] = {"0123456789 -", "0123456789-.:+", "0123456789 -./()+", hex, "0123456789abcdef:-.", base64,
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -", "abcdefgh@.-_ "};
    struct pen p = {.r = r, .out = out};
    uint32_t kind = below(r, 9);

    if (kind < 8) {
        put_some(&p, alphabets[kind], 100);
        return p.len;
    }
    while (p.len < 100) {
        put_word(&p);
        if (below(r, 3))
            put_some(&p, "=:@\"' ./-&?_1", 1);
    }
    return p.len;
}

static void
put_member(struct pen *p, const struct symset *set)
{
    unsigned skip = below(p->r, SYM_COUNT), found = 0;

    /* Print where the set allows it: that is what texts hold. */
    for (unsigned n = 0; n < 2 * SYM_COUNT && found == 0; n++) {
        unsigned c = (skip + n) % 256;

        if (symset_has(set, c) && (n >= SYM_COUNT || (c >= 32 && c < 127)))
            found = c + 1;
    }
    if (found)
        put(p, (char)(found - 1));
}

static void
walk(struct pen *p, const struct ast *t, uint32_t n)
{
    const struct node *at = &t->list[n];
    uint32_t choice = 0, count = 0;

    if (p->steps++ > STEPS_MAX)
        return;
    if (at->kind == NODE_SET) {
        put_member(p, &at->set);
        return;
    }
    if (at->kind == NODE_REPEAT) {
        uint32_t spare = at->max - at->min < 3 ? at->max - at->min : 3;

        for (uint32_t i = at->min + below(p->r, spare + 1); i > 0 && p->steps < STEPS_MAX; i--)
            walk(p, t, at->child);
        return;
    }
    for (uint32_t c = at->child; c; c = t->list[c].next)
        count++;
    if (at->kind == NODE_ALT && count)
        choice = below(p->r, count);
    for (uint32_t c = at->child, i = 0; c; c = t->list[c].next, i++)
        if (at->kind != NODE_ALT || i == choice)
            walk(p, t, c);
}

size_t
warm_walk(struct warm_rng *r, const struct ast *t, char out[WARM_SIZE])
{
    struct pen p = {.r = r, .out = out};

    walk(&p, t, t->root);
    return p.len;
}
