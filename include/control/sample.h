/**
 * Sample traffic: realistic batches of spans, the same for the same seed on every machine, written as wire bytes of ExportTraceServiceRequest. Used by
 * `send`, `demo`, benchmarks and tests. The persons in it do not exist: names at example domains, numbers with right check digits that nobody was given.
 */
#ifndef CONTROL_SAMPLE_H
#define CONTROL_SAMPLE_H

#include "base/buf.h"

/* splitmix64 */
struct sample_rng {
    uint64_t state;
};
uint64_t sample_next(struct sample_rng *r);
/* 0 .. n-1 */
uint32_t sample_below(struct sample_rng *r, uint32_t n);

/* Personal values and secrets that the generator can make. */
enum sample_kind {
    SAMPLE_EMAIL,
    SAMPLE_CARD,
    SAMPLE_IBAN,
    SAMPLE_SSN,
    SAMPLE_PHONE,
    SAMPLE_IPV4,
    SAMPLE_IPV6,
    SAMPLE_JWT,
    SAMPLE_PASSWORD, /* password=... */
    SAMPLE_USERINFO, /* https://name:word@host/ */
    SAMPLE_KIND_COUNT_
};

#define SAMPLE_VALUE_SIZE 400
/* Write one value and a NUL. Returns: its length */
size_t sample_personal(struct sample_rng *r, enum sample_kind kind, char out[SAMPLE_VALUE_SIZE]);

struct sample_options {
    uint64_t seed;
    uint32_t spans;             /* of one batch */
    uint32_t personal_permille; /* share of attribute values that hold personal data; 50 is 5 % */
    const char *country;        /* of origin, ISO 3166-1: geo.country.iso_code of server spans; NULL = not said */
    const char *region;         /* of origin: cloud.region of the resource; NULL = not said */
    uint64_t start_ns;          /* Unix time of the first span; 0 = a fixed day */
};

/* One stream of batches. The figures count what was generated so far. */
struct sampler {
    struct sample_options options;
    struct sample_rng rng;
    uint64_t now_ns;
    uint32_t due_permille; /* personal values that are owed, in thousandths */
    uint64_t spans, values, personal;

    /* Told of each personal value as it stands in the batch, when set: what must not come out again. */
    void (*on_personal)(void *arg, struct str value);
    void *arg;
};

void sampler_init(struct sampler *s, const struct sample_options *o);

/**
 * sampler_batch(s, out):
 * Append the next batch: one resource of ten attributes, three scopes, options.spans spans of 12 to 20 attributes.
 * Returns: RC_OK; RC_TOO_LARGE, RC_NOMEM: out as it was
 */
enum rc sampler_batch(struct sampler *s, struct buf *out) MUST_USE;

struct sample_places {
    struct str value;    /* UTF-8; stands in every string and bytes field, and in keys */
    int64_t number;      /* the same as a number, for int and double values */
    const char *country; /* as in sample_options */
    const char *region;
    uint64_t seed; /* of the ids */
};

/**
 * sample_places_batch(o, out):
 * Append a batch of one span that holds a value in every place of the schema: all of places.def, keys of attributes, lists and maps inside of
 * values, bytes, numbers.
 * Returns: RC_OK; RC_TOO_LARGE, RC_NOMEM: out as it was
 */
enum rc sample_places_batch(const struct sample_places *o, struct buf *out) MUST_USE;

#endif
