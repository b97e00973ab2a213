/*
 * What destinations answer: the first byte says over what it comes and whether it is whole, then lines up to an empty one, then the body. Whatever it is, there is one
 * verdict, with a reason and bounded delays; nothing is delivered that was not acknowledged.
 */
#include <stdlib.h>

#include "../../proxy/egress/exporter_answer_int.h"
#include "fuzz.h"

#define GRPC 1u
#define WHOLE 2u

static struct str
line_take(struct str *rest)
{
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    struct str line = end ? (struct str){rest->ptr, (size_t)(end - rest->ptr)} : *rest;

    *rest = end ? str_sub(*rest, line.len + 1, rest->len) : str_sub(*rest, rest->len, rest->len);
    return line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct compressor *c;
    struct answer a = {0};

    if (size == 0)
        return 0;
    bool grpc = data[0] & GRPC, whole = data[0] & WHOLE;
    struct str rest = {(const char *)data + 1, size - 1}, line;
    enum rc rc = RC_OK;

    answer_reset(&a);
    while (rc == RC_OK && (line = line_take(&rest)).len) {
        size_t colon = str_find(str_sub(line, 1, line.len), STR(":"));

        if (grpc && colon != SIZE_MAX)
            rc = answer_field(&a, str_sub(line, 0, colon + 1), str_sub(line, colon + 2, line.len));
        else
            rc = answer_line(&a, line);
    }
    if (rc == RC_OK)
        rc = answer_body(&a, rest);
    if (rc == RC_OK && whole)
        (void)!answer_decode(&a, grpc, &c);
    struct verdict v = answer_judge(&a, grpc, whole, 1795000000000000u);

    FUZZ_CHECK(v.reason && *v.reason);
    FUZZ_CHECK(v.retry_after_ms <= RETRY_AFTER_MAX_MS && (v.kind == VERDICT_RETRY || v.retry_after_ms == 0));
    FUZZ_CHECK(v.kind != VERDICT_DELIVERED || (a.http_status >= 200 && a.http_status < 300) || (grpc && a.grpc_status <= 0));
    FUZZ_CHECK(v.kind != VERDICT_DELIVERED || whole || (grpc && a.grpc_status == 0));
    answer_free(&a);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const struct str seeds[] = {
        STR("\x02HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\n{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"x\"}}"),
        STR("\x02HTTP/1.1 200 OK\n\n\x0a\x04\x08\x03\x12\x00"),
        STR("\x02HTTP/1.1 503 x\nretry-after: Fri, 31 Dec 2027 23:59:59 GMT\n\n"),
        STR("\x02HTTP/1.1 429 x\nretry-after: 120\n\n"),
        STR("\x03:status:200\ncontent-type:application/grpc\ngrpc-status:0\n\n\0\0\0\0\x02\x0a\x00"),
        STR("\x03:status:200\ncontent-type:application/grpc\ngrpc-encoding:gzip\ngrpc-status:0\n\n\x01\0\0\0\x02\x1f\x8b"),
        STR("\x03:status:200\ngrpc-status:8\ngrpc-status-details-bin:CAgSAnt9GigKJXR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8\n\n"),
        STR("\x01:status:502\n\n"),
    };

    return n < sizeof(seeds) / sizeof(seeds[0]) && buf_append(out, seeds[n]) == RC_OK;
}
