#include "exporter_int.h"

enum rc
attempt_init(struct attempt *a, const struct exporter_options *o)
{
    return a->e->protocol == EXPORTER_GRPC ? grpc_init(a, o) : http_init(a, o);
}

void
attempt_fini(struct attempt *a)
{
    if (a->e->protocol == EXPORTER_GRPC)
        grpc_fini(a);
    else
        http_fini(a);
    answer_free(&a->answer);
}

size_t
attempt_size(const struct attempt *a)
{
    return a->prefix_len + a->parcel->body.len;
}

enum rc
attempt_start(struct attempt *a, struct parcel *p)
{
    bool grpc = a->e->protocol == EXPORTER_GRPC;

    if (p->body.len > UINT32_MAX - GRPC_PREFIX || p->encoding >= ENCODINGS)
        return RC_INTEGRITY;
    a->parcel = p;
    a->sent = 0;
    a->refusal = NULL;
    a->peer_cert_sha256[0] = '\0';
    a->start_us = clock_mono_us(a->e->clock);
    a->prefix_len = grpc ? GRPC_PREFIX : 0;
    if (grpc)
        grpc_prefix_write(a->prefix, p->encoding != ENCODING_IDENTITY, (uint32_t)p->body.len);
    answer_reset(&a->answer);
    enum rc rc = grpc ? grpc_start(a) : http_start(a);

    if (rc != RC_OK)
        a->parcel = NULL;
    return rc;
}

void
attempt_abandon(struct attempt *a)
{
    if (a->e->protocol == EXPORTER_GRPC)
        grpc_abandon(a);
    else
        http_abandon(a);
    a->parcel = NULL;
}

/* Words for what happens below HTTP. */
const char *
transport_word(CURLcode code)
{
    static const struct {
        CURLcode code;
        const char *word;
    } words[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "dns"},
        {CURLE_COULDNT_CONNECT, "connect"},
        {CURLE_OPERATION_TIMEDOUT, "timeout"},
        {CURLE_SSL_CONNECT_ERROR, "tls"},
        {CURLE_PEER_FAILED_VERIFICATION, "certificate"},
        {CURLE_SSL_ISSUER_ERROR, "certificate"},
        {CURLE_SSL_CERTPROBLEM, "tls_files"},
        {CURLE_SSL_CACERT_BADFILE, "tls_files"},
        {CURLE_SSL_CRL_BADFILE, "tls_files"},
        {CURLE_SSL_CIPHER, "tls"},
        {CURLE_OUT_OF_MEMORY, "memory"},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].code == code)
            return words[i].word;
    return "reset";
}

static bool
may_be_the_parcels_fault(const struct attempt *a, const char *trouble)
{
    return a->sent > 0 && (strcmp(trouble, "reset") == 0 || strcmp(trouble, "timeout") == 0);
}

struct verdict
attempt_judge(struct attempt *a, bool whole, const char *trouble)
{
    if (a->refusal && strcmp(a->refusal, "too_large") == 0)
        return (struct verdict){.kind = VERDICT_REJECTED, .reason = a->refusal};
    if (whole && answer_decode(&a->answer, a->e->protocol == EXPORTER_GRPC, &a->e->inflater) == RC_NOMEM)
        return (struct verdict){.kind = VERDICT_RETRY, .reason = "memory"};
    struct verdict v = answer_judge(&a->answer, a->e->protocol == EXPORTER_GRPC, whole, clock_wall_us(a->e->clock));

    if (v.kind == VERDICT_RETRY && !whole && strcmp(v.reason, "reset") == 0) {
        v.reason = a->refusal ? a->refusal : trouble;
        v.suspect = may_be_the_parcels_fault(a, v.reason);
    }
    return v;
}
