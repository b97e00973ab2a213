/* Texts and attributes of an index: what numbers look like, what is said under a key. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/batch.h"
#include "wire_int.h"

int64_t
batch_text_int(const struct batch *b, const struct batch_text *t)
{
    const uint8_t *p = (const uint8_t *)b->body.ptr + t->off;
    uint64_t v = 0;

    (void)wire_varint(p, p + t->len, &v);
    return (int64_t)v;
}

double
batch_text_double(const struct batch *b, const struct batch_text *t)
{
    const uint8_t *p = (const uint8_t *)b->body.ptr + t->off;
    uint64_t bits = 0;
    double d;

    for (unsigned i = 0; i < 8; i++)
        bits |= (uint64_t)p[i] << (8 * i);
    memcpy(&d, &bits, sizeof(d));
    return d;
}

static size_t
format_int(int64_t v, char *out)
{
    char digits[24];
    size_t n = 0, len = 0;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        digits[n++] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0)
        out[len++] = '-';
    while (n)
        out[len++] = digits[--n];
    return len;
}

/* Whole doubles are written as integers: a card number sent as 4.111111111111111e15 is a card number. */
static size_t
format_double(double d, char out[BATCH_NUMBER_SIZE])
{
    if (d >= -9.0e18 && d <= 9.0e18 && d == (double)(int64_t)d)
        return format_int((int64_t)d, out);
    for (int precision = 6; precision <= 17; precision++) {
        int n = snprintf(out, BATCH_NUMBER_SIZE, "%.*g", precision, d);

        if (precision == 17 || strtod(out, NULL) == d || d != d)
            return n < 0 ? 0 : (size_t)n;
    }
    return 0;
}

size_t
batch_text_format(const struct batch *b, const struct batch_text *t, char out[BATCH_NUMBER_SIZE])
{
    if (t->kind == TEXT_INT)
        return format_int(batch_text_int(b, t), out);
    if (t->kind == TEXT_DOUBLE)
        return format_double(batch_text_double(b, t), out);
    int64_t bit = batch_text_int(b, t);
    struct str word = bit ? STR("true") : STR("false");

    if (bit != 0 && bit != 1) /* the wire has room for any number */
        return format_int(bit, out);

    memcpy(out, word.ptr, word.len);
    return word.len;
}

uint32_t
batch_find_attr(const struct batch *b, uint32_t first, uint32_t end, enum place place, struct str key)
{
    for (uint32_t i = first; i < end; i++) {
        const struct batch_attr *a = &b->attrs[i];

        if (a->parent == BATCH_NONE && a->place == place && str_eq(batch_attr_key(b, a), key))
            return i;
    }
    return BATCH_NONE;
}

struct str
batch_attr_string(const struct batch *b, uint32_t attr)
{
    const struct batch_attr *a = &b->attrs[attr];

    if (a->text_end != a->text_first + 1 || b->texts[a->text_first].attr != attr || b->texts[a->text_first].kind != TEXT_STRING)
        return (struct str){NULL, 0};
    const struct batch_text *t = &b->texts[a->text_first];

    /* A string inside an array or a list does not start where the value starts. */
    return t->field == a->value ? batch_text_bytes(b, t) : (struct str){NULL, 0};
}
