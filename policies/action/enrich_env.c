/*
 * OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, as SDKs read them (OpenTelemetry specification, "Resource SDK", "Specifying resource information via an
 * environment variable"): key=value pairs separated by commas, both percent-decoded; one bad pair spoils the whole. The service's name wins.
 */
#include <stdlib.h>

#include "enrich_int.h"

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decode into the enricher's arena; false when a percent sign does not start two digits. */
static bool
percent_decode(struct enrich_load *ld, struct str s, struct str *out)
{
    char *p = arena_alloc(ld->en->ar, s.len + 1);
    size_t n = 0;

    if (!p) {
        ld->nomem = true;
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        int high, low;

        if (s.ptr[i] != '%') {
            p[n++] = s.ptr[i];
            continue;
        }
        if (s.len - i < 3 || (high = hex_digit(s.ptr[i + 1])) < 0 || (low = hex_digit(s.ptr[i + 2])) < 0)
            return false;
        p[n++] = (char)(high << 4 | low);
        i += 2;
    }
    *out = (struct str){p, n};
    return true;
}

static bool
pair_load(struct enrich_load *ld, struct str pair, bool has_name)
{
    size_t equals = str_find(pair, STR("="));
    struct str key, value;

    if (equals == SIZE_MAX || !percent_decode(ld, str_trim(str_sub(pair, 0, equals)), &key) ||
        !percent_decode(ld, str_trim(str_sub(pair, equals + 1, pair.len)), &value) || key.len == 0)
        return false;
    if (!has_name || !str_eq(key, STR("service.name")))
        enrich_add(ld, conf_pos(ld->doc, ld->node), key, value);
    return true;
}

static void
env_load(struct enrich_load *ld)
{
    struct str left = str_of(getenv("OTEL_RESOURCE_ATTRIBUTES")), name = str_of(getenv("OTEL_SERVICE_NAME"));
    unsigned number = 0;

    while (left.len) {
        size_t comma = str_find(left, STR(","));
        struct str pair = str_trim(comma == SIZE_MAX ? left : str_sub(left, 0, comma));

        left = comma == SIZE_MAX ? (struct str){NULL, 0} : str_sub(left, comma + 1, left.len);
        number++;
        if (pair.len && !pair_load(ld, pair, name.len > 0) && !ld->nomem)
            enrich_error(ld, ld->node, SG_ENRICH_ENVIRONMENT, "OTEL_RESOURCE_ATTRIBUTES: pair %u is not key=value with percent-encoding", number);
    }
    if (name.len)
        enrich_add(ld, conf_pos(ld->doc, ld->node), STR("service.name"), name);
}

static const char *const keys[] = {"where", NULL};
const struct enrich_source enrich_env = {"env", "OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME of the gate's own environment", keys, env_load};
