#include "action.h"

#include <arpa/inet.h>

#define ADDRESS_MAX 64

static enum rc
generalize_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    static const char *const names[] = {"ipv4_prefix", "ipv6_prefix"};
    uint64_t v4 = 24, v6 = 48;

    if (arg && conf_map_check(env->doc, arg, names, 2, env->es) != RC_OK)
        return RC_CONFIG;
    enum rc rc4 = conf_u64(env->doc, conf_get(arg, "ipv4_prefix"), 0, 31, &v4, env->es);
    enum rc rc6 = conf_u64(env->doc, conf_get(arg, "ipv6_prefix"), 0, 127, &v6, env->es);

    if (rc4 != RC_OK || rc6 != RC_OK)
        return RC_CONFIG;
    a->generalize.ipv4_prefix = (uint8_t)v4;
    a->generalize.ipv6_prefix = (uint8_t)v6;
    return RC_OK;
}

static void
clear_after(uint8_t *address, size_t size, unsigned prefix)
{
    for (size_t i = 0; i < size; i++) {
        unsigned bits = prefix > i * 8 ? prefix - (unsigned)i * 8 : 0;

        address[i] &= bits >= 8 ? 0xFF : (uint8_t)(0xFF00u >> bits);
    }
}

/* The address in "[v6]:port", "v4:port", "v6%zone", "address/length", as text; false when it is too long to be one. */
static bool
address_text(struct str value, char out[ADDRESS_MAX])
{
    struct str s = str_trim(value);
    size_t end = str_find(s, STR("/"));

    s.len = end < s.len ? end : s.len;
    if (str_starts(s, STR("["))) {
        end = str_find(s, STR("]"));
        if (end == SIZE_MAX)
            return false;
        s = str_sub(s, 1, end);
    } else {
        size_t colon = str_find(s, STR(":"));

        if (colon != SIZE_MAX && str_find(str_sub(s, colon + 1, s.len), STR(":")) == SIZE_MAX)
            s.len = colon; /* one colon: a port */
    }
    end = str_find(s, STR("%"));
    s.len = end < s.len ? end : s.len;
    if (s.len >= ADDRESS_MAX || memchr(s.ptr, '\0', s.len))
        return false;
    memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
    return true;
}

static enum rc
generalize_apply(const struct action *a, struct str value, struct arena *ar, struct str *out)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF}; /* ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */
    char text[ADDRESS_MAX];
    uint8_t address[16];
    int family = AF_INET6;

    if (value.len == 0 || !address_text(value, text)) {
        *out = STR(ACTION_UNDECIDABLE);
        return RC_OK;
    }
    if (inet_pton(AF_INET, text, address) == 1) {
        family = AF_INET;
    } else if (inet_pton(AF_INET6, text, address) != 1) {
        *out = STR(ACTION_UNDECIDABLE);
        return RC_OK;
    } else if (memcmp(address, mapped, sizeof(mapped)) == 0) {
        family = AF_INET;
        memmove(address, address + sizeof(mapped), 4);
    }
    clear_after(address, family == AF_INET ? 4 : 16, family == AF_INET ? a->generalize.ipv4_prefix : a->generalize.ipv6_prefix);
    if (!inet_ntop(family, address, text, sizeof(text)))
        return RC_UNDECIDABLE;
    *out = arena_dup(ar, str_of(text));
    return out->ptr ? RC_OK : RC_NOMEM;
}

const struct action_type action_generalize = {
    .name = "generalize",
    .doc = "Cut an IP address to its network; what is no address is redacted whole.",
    .argument = "{ipv4_prefix: 24, ipv6_prefix: 48}",
    .partial = true,
    .read = generalize_read,
    .apply = generalize_apply,
};
