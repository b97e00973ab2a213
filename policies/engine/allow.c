#include "allow_int.h"

#include "../action/canonical_int.h"
#include "base/digest.h"

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
in_net(const struct allow_item *i, struct str value)
{
    uint8_t address[16];

    if (address_parse(value, address) != i->net_size)
        return false;
    for (unsigned bit = 0; bit < i->net_bits; bit++)
        if ((address[bit / 8] ^ i->net[bit / 8]) & 0x80 >> bit % 8)
            return false;
    return true;
}

/* The host of an e-mail address, of a URL, or the value itself. */
static struct str
host_of(struct str value)
{
    size_t scheme = str_find(value, STR("://")), end = 0;

    if (scheme != SIZE_MAX)
        value = str_sub(value, scheme + 3, value.len);
    while (end < value.len && (value.ptr[end] == '\0' || !strchr("/?#", value.ptr[end])))
        end++;
    value.len = end;
    for (size_t i = value.len; i > 0; i--)
        if (value.ptr[i - 1] == '@')
            return str_sub(value, i, value.len);
    end = str_find(value, STR(":"));
    value.len = end < value.len ? end : value.len;
    return value;
}

static bool
in_domain(struct str domain, struct str value)
{
    struct str host = host_of(value);

    if (host.len < domain.len || (host.len > domain.len && host.ptr[host.len - domain.len - 1] != '.'))
        return false;
    for (size_t i = 0; i < domain.len; i++)
        if (lower(host.ptr[host.len - domain.len + i]) != domain.ptr[i])
            return false;
    return true;
}

/* Of the list's hashed values, which stand together in no order, that of value. A digest that cannot be made allows nothing. */
static bool
has_digest(const struct allow_list *l, struct str value)
{
    uint8_t digest[SHA256_SIZE];

    if (!l->hashed || digest_sha256(value, digest) != RC_OK)
        return false;
    for (size_t k = 0; k < l->count; k++)
        if (l->items[k].kind == ALLOW_SHA256 && str_eq(l->items[k].text, (struct str){(const char *)digest, sizeof(digest)}))
            return true;
    return false;
}

bool
allow_has(const struct allow_list *l, struct str value)
{
    for (size_t k = 0; k < l->count; k++) {
        const struct allow_item *i = &l->items[k];
        bool has = false;

        switch (i->kind) {
        case ALLOW_EXACT:
            has = str_eq(value, i->text);
            break;
        case ALLOW_PREFIX:
            has = str_starts(value, i->text);
            break;
        case ALLOW_SUFFIX:
            has = str_ends(value, i->text);
            break;
        case ALLOW_CIDR:
            has = in_net(i, value);
            break;
        case ALLOW_DOMAIN:
            has = in_domain(i->text, value);
            break;
        case ALLOW_SHA256:
            break; /* all of them at once, below */
        }
        if (has)
            return true;
    }
    return has_digest(l, value);
}
