/*
 * One entry of the table is one algorithm. The formulas are those of the systems' public specifications: Unleash client-specification,
 * GrowthBook SDK "hash", LaunchDarkly "percentage rollouts", flagd "fractional" (0.15 and later).
 */
#include "base/digest.h"
#include "policies/enrich.h"

#define PARTS_MAX 5

/* What is hashed, as parts that are read one after the other. */
struct input {
    struct str part[PARTS_MAX];
    size_t count;
};

#define INPUT(...) (&(struct input){{__VA_ARGS__}, sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str)})

static uint32_t
rotate(uint32_t x, unsigned bits)
{
    return x << bits | x >> (32 - bits);
}

/* MurmurHash3_x86_32; a block is four bytes, the first one lowest. */
static uint32_t
murmur3(const struct input *in, uint32_t seed)
{
    uint32_t h = seed, block = 0, len = 0;

    for (size_t p = 0; p < in->count; p++) {
        for (size_t i = 0; i < in->part[p].len; i++) {
            block |= (uint32_t)(uint8_t)in->part[p].ptr[i] << 8 * (len % 4);
            if (++len % 4 != 0)
                continue;
            h ^= rotate(block * 0xcc9e2d51U, 15) * 0x1b873593U;
            h = rotate(h, 13) * 5 + 0xe6546b64U;
            block = 0;
        }
    }
    if (len % 4 != 0)
        h ^= rotate(block * 0xcc9e2d51U, 15) * 0x1b873593U;
    h ^= len;
    h = (h ^ h >> 16) * 0x85ebca6bU;
    h = (h ^ h >> 13) * 0xc2b2ae35U;
    return h ^ h >> 16;
}

static uint32_t
fnv1a32(const struct input *in)
{
    uint32_t h = 0x811c9dc5U;

    for (size_t p = 0; p < in->count; p++)
        for (size_t i = 0; i < in->part[p].len; i++)
            h = (h ^ (uint8_t)in->part[p].ptr[i]) * 0x01000193U;
    return h;
}

static struct str
seed_or_key(const struct bucket_rule *r)
{
    return r->seed.len ? r->seed : r->key;
}

/* The first variant whose share, added to those before it, goes beyond the position. */
static int
choose_below(const struct bucket_rule *r, double position, double scale)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < r->count; i++) {
        sum += r->weights[i];
        if (position < (double)sum / scale)
            return (int)i;
    }
    return -1;
}

/* ---- unleash ---- */

static double
unleash_position(const struct bucket_rule *r, struct str unit)
{
    return murmur3(INPUT(seed_or_key(r), STR(":"), unit), 0) % 100 + 1;
}

static int
unleash_choose(const struct bucket_rule *r, struct str unit)
{
    return choose_below(r, unleash_position(r, unit) - 1, (double)r->total / 100);
}

static double
unleash_variant_position(const struct bucket_rule *r, struct str unit)
{
    return murmur3(INPUT(seed_or_key(r), STR(":"), unit), 86028157) % r->total + 1;
}

static int
unleash_variant_choose(const struct bucket_rule *r, struct str unit)
{
    return choose_below(r, unleash_variant_position(r, unit) - 1, 1);
}

/* ---- growthbook ---- */

static double
growthbook_v1_position(const struct bucket_rule *r, struct str unit)
{
    return fnv1a32(INPUT(unit, seed_or_key(r))) % 1000 / 1000.0;
}

static double
growthbook_v2_position(const struct bucket_rule *r, struct str unit)
{
    uint32_t n = fnv1a32(INPUT(seed_or_key(r), unit));
    char decimal[10];
    size_t at = sizeof(decimal);

    do {
        decimal[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    return fnv1a32(INPUT({decimal + at, sizeof(decimal) - at})) % 10000 / 10000.0;
}

/* Each variant owns the range from where the one before it ends; with a coverage only the first part of the range takes part. */
static int
growthbook_choose(const struct bucket_rule *r, double position)
{
    double start = 0;

    for (unsigned i = 0; i < r->count; i++) {
        double share = (double)r->weights[i] / r->total;

        if (position >= start && position < start + r->coverage / 100.0 * share)
            return (int)i;
        start += share;
    }
    return -1;
}

static int
growthbook_v1_choose(const struct bucket_rule *r, struct str unit)
{
    return growthbook_choose(r, growthbook_v1_position(r, unit));
}

static int
growthbook_v2_choose(const struct bucket_rule *r, struct str unit)
{
    return growthbook_choose(r, growthbook_v2_position(r, unit));
}

/* ---- launchdarkly ---- */

/* The first 60 bits of the digest, as a share of all that they can be. */
static double
launchdarkly_position(const struct bucket_rule *r, struct str unit)
{
    const struct input *in = r->salt.len ? INPUT(r->key, STR("."), r->salt, STR("."), unit) : INPUT(seed_or_key(r), STR("."), unit);
    uint8_t md[SHA1_SIZE];
    uint64_t bits = 0;

    if (digest_sha1(in->part, in->count, md) != RC_OK)
        return -1;
    for (unsigned i = 0; i < 8; i++)
        bits = bits << 8 | md[i];
    return (double)(bits >> 4) / (double)0xFFFFFFFFFFFFFFFULL;
}

static int
launchdarkly_choose(const struct bucket_rule *r, struct str unit)
{
    double position = launchdarkly_position(r, unit);

    return position < 0 ? -1 : choose_below(r, position, r->total);
}

/* ---- flagd ---- */

static uint64_t
flagd_bucket(const struct bucket_rule *r, struct str unit)
{
    return (uint64_t)murmur3(INPUT(seed_or_key(r), unit), 0) * r->total >> 32;
}

static double
flagd_position(const struct bucket_rule *r, struct str unit)
{
    return (double)flagd_bucket(r, unit);
}

static int
flagd_choose(const struct bucket_rule *r, struct str unit)
{
    return choose_below(r, flagd_position(r, unit), 1);
}

static const struct algorithm {
    const char *name;
    uint32_t total; /* that weights are shares of when the configuration names none; 0: their sum */
    double (*position)(const struct bucket_rule *r, struct str unit);
    int (*choose)(const struct bucket_rule *r, struct str unit);
} algorithms[BUCKET_COUNT_] = {
    [BUCKET_UNLEASH] = {"unleash", 100, unleash_position, unleash_choose},
    [BUCKET_UNLEASH_VARIANT] = {"unleash_variant", 0, unleash_variant_position, unleash_variant_choose},
    [BUCKET_GROWTHBOOK_V1] = {"growthbook_v1", 0, growthbook_v1_position, growthbook_v1_choose},
    [BUCKET_GROWTHBOOK_V2] = {"growthbook_v2", 0, growthbook_v2_position, growthbook_v2_choose},
    [BUCKET_LAUNCHDARKLY] = {"launchdarkly", 100000, launchdarkly_position, launchdarkly_choose},
    [BUCKET_FLAGD] = {"flagd", 0, flagd_position, flagd_choose},
};

int
bucket_choose(const struct bucket_rule *rule, struct str unit)
{
    return algorithms[rule->algorithm].choose(rule, unit);
}

double
bucket_position(const struct bucket_rule *rule, struct str unit)
{
    return algorithms[rule->algorithm].position(rule, unit);
}

const char *
bucket_name(enum bucketing algorithm)
{
    return algorithms[algorithm].name;
}

uint32_t
bucket_total(enum bucketing algorithm)
{
    return algorithms[algorithm].total;
}
