/* Six requests that show one thing each. */
#include <stdlib.h>

#include "control/sample.h"
#include "demo_int.h"

#define PLACES_VALUE "alice.meyer@example.org"
#define PLACES_NUMBER 4111111111111111 /* a card number that schemes publish for tests */
#define SAMPLE_PERMILLE 200

/* The everyday first; the two that are long come last. */
static const struct demo_request requests[DEMO_REQUESTS] = {
    {.client = "client-eu",
        .country = "DE",
        .protocol = "http/protobuf",
        .compression = "none",
        .region = "eu-central-1",
        .spans = 3,
        .about = "traffic of a shop in Germany"},
    {.client = "client-us",
        .country = "US",
        .protocol = "grpc",
        .compression = "zstd",
        .region = "us-east-1",
        .spans = 3,
        .about = "traffic of a shop in the United States"},
    {.client = "client-us",
        .country = "US",
        .protocol = "grpc",
        .compression = "none",
        .region = "eu-west-3",
        .spans = 1,
        .about = "a US client with data from Paris: only where both may go"},
    {.client = "client-us",
        .country = "US",
        .protocol = "grpc",
        .compression = "none",
        .region = "ap-northeast-1",
        .spans = 1,
        .stays = true,
        .about = "a US client with data from Tokyo: no rule lets it leave"},
    {.client = "client-eu",
        .country = "DE",
        .protocol = "grpc",
        .compression = "gzip",
        .region = "eu-central-1",
        .about = "an e-mail address and a card number in every place of a span"},
    {.client = "client-us",
        .country = "US",
        .protocol = "http/json",
        .compression = "gzip",
        .region = "us-east-1",
        .about = "every place again, as JSON, from the United States"},
};

static bool
planted_has(const struct demo *d, struct str value)
{
    for (uint32_t i = 0; i < d->planted_count; i++)
        if (str_eq(d->planted[i], value))
            return true;
    return false;
}

static void
plant(void *arg, struct str value)
{
    struct demo *d = arg;

    d->personal_count++;
    if (d->planted_count == DEMO_PLANTED_MAX || planted_has(d, value))
        return;
    struct str kept = arena_dup(d->ar, value);

    if (kept.ptr)
        d->planted[d->planted_count++] = kept;
}

/* How often the value of the places stands in the batch, as text, key or number. */
static void
count_places(struct demo *d, const struct batch *b)
{
    struct str value = STR(PLACES_VALUE);

    for (uint32_t i = 0; i < b->text_count; i++) {
        const struct batch_text *t = &b->texts[i];
        bool number = (t->kind == TEXT_INT && batch_text_int(b, t) == PLACES_NUMBER) ||
                      (t->kind == TEXT_DOUBLE && (int64_t)batch_text_double(b, t) == PLACES_NUMBER);

        d->personal_count += number || str_find(batch_text_bytes(b, t), value) != SIZE_MAX;
    }
    for (uint32_t i = 0; i < b->attr_count; i++)
        d->personal_count += str_find(batch_attr_key(b, &b->attrs[i]), value) != SIZE_MAX;
}

static enum rc
make_places(struct demo_request *r, unsigned seed)
{
    const struct sample_places places = {
        .value = STR(PLACES_VALUE), .number = PLACES_NUMBER, .country = r->country, .region = r->region, .seed = 1000 + seed};

    return sample_places_batch(&places, &r->wire);
}

static enum rc
make_samples(struct demo *d, struct demo_request *r, unsigned seed)
{
    const struct sample_options options = {
        .seed = 2000 + seed, .spans = r->spans, .personal_permille = SAMPLE_PERMILLE, .country = r->country, .region = r->region};
    struct sampler s;

    sampler_init(&s, &options);
    s.on_personal = plant;
    s.arg = d;
    return sampler_batch(&s, &r->wire);
}

static enum rc
make(struct demo *d, unsigned i)
{
    struct demo_request *r = &d->requests[i];

    *r = requests[i];
    bool places = r->spans == 0;

    r->wire = BUF_INIT(1u << 20);
    r->identity = strcmp(r->client, "client-eu") == 0 ? "spiffe://example.org/ns/shop/sa/checkout" : "spiffe://example.org/ns/shop/sa/storefront";
    enum rc rc = places ? make_places(r, i) : make_samples(d, r, i);

    if (rc == RC_OK)
        rc = batch_index(buf_str(&r->wire), &batch_limits_default, d->ar, &r->batch);
    if (rc != RC_OK)
        return rc;
    d->sent_spans += r->batch.span_count;
    if (places)
        count_places(d, &r->batch);
    return RC_OK;
}

enum rc
demo_traffic(struct demo *d)
{
    enum rc rc = RC_OK;

    d->planted_number = PLACES_NUMBER;
    d->planted[d->planted_count++] = STR(PLACES_VALUE);
    for (unsigned i = 0; i < DEMO_REQUESTS && rc == RC_OK; i++)
        rc = make(d, i);
    return rc;
}
