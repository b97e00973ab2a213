#include <stdarg.h>
#include <stdio.h>

#include "sample_int.h"

uint32_t
gen_below(struct gen *g, uint32_t n)
{
    return sample_below(&g->s->rng, n);
}

const char *
gen_pick(struct gen *g, const char *const *list, size_t count)
{
    return list[gen_below(g, (uint32_t)count)];
}

void
gen_count_value(struct gen *g)
{
    g->s->values++;
    if (g->s->due_permille < 1000000)
        g->s->due_permille += g->s->options.personal_permille;
}

void
gen_attribute(struct gen *g, const char *key, struct str value)
{
    struct put_mark kv = put_open(&g->p, g->attributes);

    put_bytes(&g->p, ATTRIBUTE_KEY, str_of(key));
    struct put_mark any = put_open(&g->p, ATTRIBUTE_VALUE);

    put_bytes(&g->p, VALUE_STRING, value);
    put_close(&g->p, any);
    put_close(&g->p, kv);
    gen_count_value(g);
}

void
gen_text(struct gen *g, const char *key, const char *value)
{
    gen_attribute(g, key, str_of(value));
}

void
gen_format(struct gen *g, const char *key, const char *fmt, ...)
{
    char value[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(value, sizeof(value), fmt, ap);
    va_end(ap);
    gen_text(g, key, value);
}

void
gen_int(struct gen *g, const char *key, uint64_t value)
{
    struct put_mark kv = put_open(&g->p, g->attributes);

    put_bytes(&g->p, ATTRIBUTE_KEY, str_of(key));
    struct put_mark any = put_open(&g->p, ATTRIBUTE_VALUE);

    put_varint(&g->p, VALUE_INT, value);
    put_close(&g->p, any);
    put_close(&g->p, kv);
    gen_count_value(g);
}

bool
gen_personal_due(struct gen *g)
{
    if (g->s->due_permille < 1000 || gen_below(g, 4) == 0)
        return false;
    g->s->due_permille -= 1000;
    g->s->personal++;
    return true;
}

/* In a URL a value is percent-encoded as RFC 3986 section 2.1 wants it. */
static void
append_encoded(char *out, size_t size, const char *value)
{
    size_t n = strlen(out);

    for (; *value && n + 4 < size; value++) {
        bool plain = (*value >= '0' && *value <= '9') || (*value >= 'A' && *value <= 'Z') || (*value >= 'a' && *value <= 'z') ||
                     strchr("-._~", *value);

        if (plain)
            out[n++] = *value;
        else
            n += (size_t)snprintf(out + n, size - n, "%%%02X", (unsigned char)*value);
    }
    out[n] = '\0';
}

void
gen_open_text(struct gen *g, const char *key, const char *plain, const char *joint)
{
    char value[SAMPLE_VALUE_SIZE * 4], personal[SAMPLE_VALUE_SIZE];

    if (!gen_personal_due(g)) {
        gen_text(g, key, plain);
        return;
    }
    sample_personal(&g->s->rng, (enum sample_kind)gen_below(g, SAMPLE_KIND_COUNT_), personal);
    snprintf(value, sizeof(value), "%s%s", plain, joint);
    if (joint[0] == '?' || joint[0] == '&') {
        append_encoded(value, sizeof(value), personal);
    } else {
        size_t n = strlen(value);

        snprintf(value + n, sizeof(value) - n, "%s%s", personal, joint[0] && joint[strlen(joint) - 1] == '\'' ? "'" : "");
    }
    gen_text(g, key, value);
}

void
gen_address(struct gen *g, const char *key)
{
    char value[SAMPLE_VALUE_SIZE];

    if (gen_personal_due(g))
        sample_personal(&g->s->rng, gen_below(g, 3) ? SAMPLE_IPV4 : SAMPLE_IPV6, value);
    else
        snprintf(value, sizeof(value), "unix:/run/envoy/%u.sock", gen_below(g, 40));
    gen_text(g, key, value);
}

void
gen_uuid(struct gen *g, const char *key)
{
    uint64_t a = sample_next(&g->s->rng), b = sample_next(&g->s->rng);

    gen_format(g, key, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
        (unsigned)(0x8000 | (b >> 48 & 0x3fff)), (unsigned long long)(b & 0xffffffffffffu));
}
