/*
 * The whole gate on any bytes, in each transport and encoding (the first byte chooses): no marker in anything that comes out, nothing comes out of a refused
 * request, and the gate given its own output changes nothing.
 */
#include <stdlib.h>

#include "codec_tree.h"
#include "flow_gate.h"
#include "fuzz.h"

static const char policy[] = "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: all, revision: 1}\nspec:\n  mode: enforce\n  rules:\n"
                             "    - {id: mail, entity: EMAIL_ADDRESS, action: {replace: '[email]'}}\n"
                             "    - {id: card, entity: CREDIT_CARD, action: {mask: {char: '*', keep_last: 4}}}\n"
                             "    - {id: secret-keys, keys: ['*password*', '*secret*'], action: drop}\n"
                             "---\napiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: home, revision: 1}\nspec:\n  mode: enforce\n"
                             "  origin: [{country: client.certificate.subject.C}]\n  routes: [{from: [DE], to: [otlp_grpc/eu]}]\n";

static struct test_gate gate;

static void
decide(enum transport t, enum encoding e, struct str body, struct gate_outcome *out)
{
    struct peer peer = {.identity = "spiffe://example.org/fuzz", .country = "DE", .tls_version = "TLSv1.3"};
    const struct gate_input in = {.transport = t, .encoding = e, .body = body, .peer = &peer, .request_id = 1, .now_us = 1795000000000000u};

    gate_process(gate.worker, &in, out);
}

/* Mutation makes things that are no addresses (" @example.org", "x@example.org9"): asked is what nobody can mistake. */
static void
check_no_address(struct str s)
{
    const struct str tail = STR("@example.org");

    for (size_t at; (at = str_find(s, tail)) != SIZE_MAX; s = str_sub(s, at + tail.len, s.len)) {
        char before = at ? s.ptr[at - 1] : 0, after = at + tail.len < s.len ? s.ptr[at + tail.len] : 0;

        bool local = (before >= 'a' && before <= 'z') || (before >= '0' && before <= '9');

        FUZZ_CHECK(!local || (after >= '-' && after <= 'z'));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum transport transports[] = {TRANSPORT_GRPC, TRANSPORT_HTTP_PROTOBUF, TRANSPORT_HTTP_JSON};
    static const enum encoding encodings[] = {ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_ZSTD};
    struct gate_outcome first, second;

    if (size == 0)
        return 0;
    if (!gate.worker)
        test_gate_init(&gate, policy);
    decide(transports[data[0] % 3], encodings[data[0] / 3 % 3], (struct str){(const char *)data + 1, size - 1}, &first);
    FUZZ_CHECK(first.head.len > 0 && first.tail.len > 0);
    FUZZ_CHECK(first.rc == RC_OK || first.payload_count == 0);
    struct str once = test_gate_payload(&first, 0);

    if (once.len) {
        check_no_address(once);
        decide(TRANSPORT_GRPC, ENCODING_IDENTITY, once, &second);
        FUZZ_CHECK(second.rc == RC_OK && str_eq(once, test_gate_payload(&second, 0)));
        gate_outcome_free(&second);
    }
    gate_outcome_free(&first);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    struct rng r = {n * 31};

    if (n == 24)
        return false;
    if (n == 23) {
        static const char json[] =
            "\2{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":"
            "\"eee19b7ec3c1b174\",\"name\":\"mail alice@example.org\",\"kind\":2,\"attributes\":[{\"key\":\"user.password\",\"value\":"
            "{\"stringValue\":\"x\"}}]}]}]}]}";

        return buf_append(out, (struct str){json, sizeof(json) - 1}) == RC_OK;
    }
    if (buf_append_byte(out, 0) != RC_OK)
        return false;
    tree_random(&r, out);
    return true;
}
