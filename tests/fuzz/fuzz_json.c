/*
 * OTLP/JSON: what is read is valid protobuf; written as JSON and read again it is the same, and written once more so is the text.
 */
#include "codec/batch.h"
#include "codec/otlp_json.h"
#include "codec/otlp_reply.h"
#include "codec_tree.h"
#include "fuzz.h"

#define DEPTH 64

static struct arena *ar;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str json = {(const char *)data, size};
    struct buf wire = BUF_INIT((size_t)1 << 28), text = BUF_INIT((size_t)1 << 30), back = BUF_INIT((size_t)1 << 28),
               again = BUF_INIT((size_t)1 << 30);
    struct upstream_reply reply;
    uint64_t unknown;
    struct batch b;

    if (!ar)
        ar = arena_new((size_t)1 << 30);
    arena_reset(ar, 1u << 20);
    (void)!otlp_reply_decode(json, true, &reply);
    (void)!otlp_status_decode(json, true, &reply);
    if (otlp_json_decode(json, DEPTH, &wire, &unknown) != RC_OK) {
        buf_free(&wire);
        return 0;
    }
    enum rc rc = batch_index(buf_str(&wire), &batch_limits_default, ar, &b);

    /* only what JSON cannot know: the length of ids, limits, and the deeper count of the walker */
    FUZZ_CHECK(rc == RC_OK || rc == RC_MALFORMED || rc == RC_LIMIT || rc == RC_DEPTH);
    if (rc == RC_OK) {
        FUZZ_CHECK(otlp_json_encode(buf_str(&wire), &text) == RC_OK);
        FUZZ_CHECK(str_utf8_valid(buf_str(&text)));
        FUZZ_CHECK(otlp_json_decode(buf_str(&text), DEPTH, &back, &unknown) == RC_OK);
        FUZZ_CHECK(unknown == 0 && back.len == wire.len);
        FUZZ_CHECK(otlp_json_encode(buf_str(&back), &again) == RC_OK);
        FUZZ_CHECK(str_eq(buf_str(&again), buf_str(&text)));
    }
    buf_free(&wire);
    buf_free(&text);
    buf_free(&back);
    buf_free(&again);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const char *const hand[] = {
        "{\"resource_spans\":[{\"scope_spans\":[{\"spans\":[{\"trace_id\":\"00\",\"kind\":\"SPAN_KIND_SERVER\",\"startTimeUnixNano\":1e3}]}]}]}",
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"value\":{\"doubleValue\":\"-Infinity\"}},{\"value\":{\"bytesValue\":\"-_8\"}}]}}]}",
        "{\"code\":14,\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"1.500s\"}]}",
        "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"denied\"}}"};
    struct buf wire = BUF_INIT((size_t)1 << 26);
    struct rng r = {n * 977};

    if (n >= 30)
        return false;
    if (n < sizeof(hand) / sizeof(hand[0]))
        return buf_append(out, str_of(hand[n])) == RC_OK;
    tree_random(&r, &wire);
    bool good = otlp_json_encode(buf_str(&wire), out) == RC_OK;

    buf_free(&wire);
    return good;
}
