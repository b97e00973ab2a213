/*
 * The walker and the emitter on any bytes. What the walker accepts, protobuf-c accepts; emission without edits is a copy; with everything removed that can
 * be removed, and every text replaced, the result is valid, holds none of the old texts' fields, and a second pass changes nothing.
 */
#include "codec_tree.h"
#include "codec/emit.h"
#include "fuzz.h"

static struct arena *ar;

static void
replace_all(const struct batch *b, struct edits *es)
{
    FUZZ_CHECK(edits_remove_unknown(es, b) == RC_OK);
    for (uint32_t i = 0; i < b->text_count; i++)
        FUZZ_CHECK(edits_set_text(es, b, i, STR("x")) == RC_OK);
    for (uint32_t i = 0; i < b->attr_count; i++)
        if (b->attrs[i].key_field != BATCH_NONE)
            FUZZ_CHECK(edits_set_key(es, b, i, STR("k")) == RC_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = {(const char *)data, size};
    struct buf out = BUF_INIT((size_t)1 << 30), again = BUF_INIT((size_t)1 << 30);
    struct edits es, one, none;
    struct batch b, c;

    if (!ar)
        ar = arena_new((size_t)1 << 30);
    arena_reset(ar, 1u << 20);
    if (batch_index(body, &batch_limits_default, ar, &b) != RC_OK)
        return 0;
    tree_request *t = tree_unpack(body);

    FUZZ_CHECK(t != NULL);
    tree_free(t);

    edits_init(&none, ar);
    FUZZ_CHECK(emit_batch(&b, &none, &out) == RC_OK);
    FUZZ_CHECK(str_eq(buf_str(&out), body));
    buf_clear(&out);

    edits_init(&es, ar);
    replace_all(&b, &es);
    FUZZ_CHECK(edits_merge(&none, &es, ar, &one) == RC_OK);
    FUZZ_CHECK(emit_batch(&b, &one, &out) == RC_OK);
    FUZZ_CHECK(batch_index(buf_str(&out), &batch_limits_default, ar, &c) == RC_OK);
    FUZZ_CHECK(c.span_count == b.span_count && c.attr_count == b.attr_count && c.text_count == b.text_count && c.unknown_count == 0);
    for (uint32_t i = 0; i < c.text_count; i++)
        FUZZ_CHECK(str_eq(batch_text_bytes(&c, &c.texts[i]), STR("x")));

    edits_init(&es, ar);
    replace_all(&c, &es);
    FUZZ_CHECK(emit_batch(&c, &es, &again) == RC_OK);
    FUZZ_CHECK(str_eq(buf_str(&again), buf_str(&out)));
    buf_free(&out);
    buf_free(&again);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    struct rng r = {n * 977};

    if (n == 40)
        return false;
    tree_random(&r, out);
    return true;
}
