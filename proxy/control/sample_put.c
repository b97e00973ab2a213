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

/* The secret part of a value: of "password=WORD" and "https://name:WORD@host/" the word, else all of it. */
static struct str
core_of(enum sample_kind kind, struct str value)
{
    if (kind == SAMPLE_PASSWORD)
        return str_sub(value, str_find(value, STR("=")) + 1, value.len);
    if (kind != SAMPLE_USERINFO)
        return value;
    struct str rest = str_sub(value, STR("https://").len, value.len);

    return str_sub(rest, str_find(rest, STR(":")) + 1, str_find(rest, STR("@")));
}

static void
tell_personal(struct gen *g, enum sample_kind kind, const char *value, bool encoded)
{
    char text[SAMPLE_VALUE_SIZE], core[SAMPLE_VALUE_SIZE * 3] = "";
    struct str c = core_of(kind, str_of(value));

    if (!g->s->on_personal)
        return;
    snprintf(text, sizeof(text), "%.*s", (int)c.len, c.ptr);
    if (encoded)
        append_encoded(core, sizeof(core), text);
    g->s->on_personal(g->s->arg, str_of(encoded ? core : text));
}

void
gen_open_text(struct gen *g, const char *key, const char *plain, const char *joint)
{
    char value[SAMPLE_VALUE_SIZE * 4], personal[SAMPLE_VALUE_SIZE];
    bool url = joint[0] == '?' || joint[0] == '&';

    if (!gen_personal_due(g)) {
        gen_text(g, key, plain);
        return;
    }
    enum sample_kind kind = (enum sample_kind)gen_below(g, SAMPLE_KIND_COUNT_);

    sample_personal(&g->s->rng, kind, personal);
    tell_personal(g, kind, personal, url);
    snprintf(value, sizeof(value), "%s%s", plain, joint);
    if (url) {
        append_encoded(value, sizeof(value), personal);
    } else {
        size_t n = strlen(value);

        snprintf(value + n, sizeof(value) - n, "%s%s", personal, joint[0] && joint[strlen(joint) - 1] == '\'' ? "'" : "");
    }
    gen_text(g, key, value);
}

void
gen_personal(struct gen *g, const char *key, enum sample_kind kind)
{
    char value[SAMPLE_VALUE_SIZE];

    sample_personal(&g->s->rng, kind, value);
    tell_personal(g, kind, value, false);
    gen_text(g, key, value);
}

void
gen_address(struct gen *g, const char *key)
{
    if (gen_personal_due(g))
        gen_personal(g, key, gen_below(g, 3) ? SAMPLE_IPV4 : SAMPLE_IPV6);
    else
        gen_format(g, key, "unix:/run/envoy/%u.sock", gen_below(g, 40));
}

void
gen_uuid(struct gen *g, const char *key)
{
    uint64_t a = sample_next(&g->s->rng), b = sample_next(&g->s->rng);

    gen_format(g, key, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
        (unsigned)(0x8000 | (b >> 48 & 0x3fff)), (unsigned long long)(b & 0xffffffffffffu));
}
