/* Reading `allow` of rules and policies. */
#include "../action/canonical_int.h"
#include "base/digest.h"
#include "loader_int.h"

static const struct {
    const char *name;
    enum allow_kind kind;
} kinds[] = {{"exact", ALLOW_EXACT}, {"prefix", ALLOW_PREFIX}, {"suffix", ALLOW_SUFFIX}, {"cidr", ALLOW_CIDR}, {"domain", ALLOW_DOMAIN},
    {"sha256", ALLOW_SHA256}};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static bool
read_net(struct str text, struct allow_item *item)
{
    size_t slash = str_find(text, STR("/"));
    uint64_t bits;

    item->net_size = (uint8_t)address_parse(str_sub(text, 0, slash < text.len ? slash : text.len), item->net);
    bits = 8u * item->net_size;
    if (slash != SIZE_MAX && (!str_to_u64(str_sub(text, slash + 1, text.len), &bits) || bits > 8u * item->net_size))
        return false;
    item->net_bits = (uint8_t)bits;
    return item->net_size != 0;
}

static void
add_item(struct loader *ld, const struct conf_node *n, enum allow_kind kind, struct allow_list *l)
{
    struct allow_item item = {.kind = kind};
    struct str text = STR("");
    uint8_t digest[SHA256_SIZE];

    if (conf_text(ld->doc, n, &text, ld->es) != RC_OK)
        return;
    if (text.len == 0 || text.len > 1024) {
        policy_error(ld, n, SG_ALLOW, "an allowed value has 1 to 1024 bytes");
        return;
    }
    if (kind == ALLOW_CIDR && !read_net(text, &item)) {
        err_hint(policy_error(ld, n, SG_ALLOW, "this is no network"), "10.0.0.0/8, \"2001:db8::/32\"");
        return;
    }
    if (kind == ALLOW_SHA256 && (text.len != 2 * sizeof(digest) || !digest_unhex(text, digest))) {
        err_hint(policy_error(ld, n, SG_ALLOW, "this is no SHA-256 in hexadecimal"), "printf %%s VALUE | sha256sum");
        return;
    }
    if (kind == ALLOW_SHA256)
        text = (struct str){(const char *)digest, sizeof(digest)};
    if (l->count == ALLOW_MAX) {
        policy_error(ld, n, SG_ALLOW, "more than %d allowed values", ALLOW_MAX);
        return;
    }
    if (l->count == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 8;
        struct allow_item *items = arena_grow(ld->prog->ar, l->items, l->count * sizeof(*items), cap * sizeof(*items));

        if (!items) {
            ld->fatal = RC_NOMEM;
            return;
        }
        l->items = items;
        l->cap = cap;
    }
    item.text = kind == ALLOW_DOMAIN ? policy_dup_lower(ld, text) : policy_dup(ld, text);
    l->hashed |= kind == ALLOW_SHA256;
    l->items[l->count++] = item;
}

static void
add_kind(struct loader *ld, const struct conf_node *n, enum allow_kind kind, struct allow_list *l)
{
    if (n->kind != CONF_LIST)
        add_item(ld, n, kind, l);
    for (unsigned i = 0; n->kind == CONF_LIST && i < n->count; i++)
        add_item(ld, n->items[i], kind, l);
}

void
policy_allow(struct loader *ld, const struct conf_node *n, struct allow_list *l)
{
    if (n && n->kind != CONF_LIST)
        policy_error(ld, n, SG_ALLOW, "allow is a list of values, and of {exact, prefix, suffix, cidr, domain, sha256}");
    for (unsigned i = 0; n && n->kind == CONF_LIST && i < n->count; i++) {
        const struct conf_node *item = n->items[i];

        if (item->kind == CONF_SCALAR)
            add_item(ld, item, ALLOW_EXACT, l);
        else if (policy_map_check(ld, item, &shape_allow))
            for (size_t k = 0; k < KIND_COUNT; k++)
                if (conf_get(item, kinds[k].name))
                    add_kind(ld, conf_get(item, kinds[k].name), kinds[k].kind, l);
    }
}
