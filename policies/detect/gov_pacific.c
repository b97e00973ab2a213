/* Identifiers of Australia and New Zealand. */
#include "checks_int.h"

/* Weights 1 4 3 7 5 8 6 9 10; for eight digits two sets are in use. */
static bool
check_tfn(struct match *m)
{
    static const int8_t nine[] = {1, 4, 3, 7, 5, 8, 6, 9, 10}, eight[] = {10, 7, 8, 4, 6, 3, 5, 1};
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));

    return n >= 8 && !digits_all_equal(d, n) && (digits_weigh(d, nine, n) % 11 == 0 || (n == 8 && digits_weigh(d, eight, n) % 11 == 0));
}

/* One is taken from the first digit, then modulo 89 (ABR). */
static bool
check_abn(struct match *m)
{
    static const int8_t weights[] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 11 && !digits_all_equal(d, n) && d[0] > 0 && (digits_weigh(d, weights, n) - 10) % 89 == 0 && match_vouched(m);
}

static bool
check_acn(struct match *m)
{
    static const int8_t weights[] = {8, 7, 6, 5, 4, 3, 2, 1};
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 9 && !digits_all_equal(d, n) && (10 - digits_weigh(d, weights, 8) % 10) % 10 == d[8];
}

/* Weights 1 3 7 9 give the ninth digit; issue number, and perhaps the place on the card, follow. */
static bool
check_medicare(struct match *m)
{
    static const int8_t weights[] = {1, 3, 7, 9, 1, 3, 7, 9};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n >= 10 && d[0] >= 2 && d[0] <= 6 && digits_weigh(d, weights, 8) % 10 == d[8] && match_vouched(m);
}

/* Weights 3 2 7 6 5 4 3 2; when they ask for 10, a second set (IRD). */
static bool
check_ird(struct match *m)
{
    static const int8_t first[] = {3, 2, 7, 6, 5, 4, 3, 2}, second[] = {7, 4, 3, 2, 5, 2, 7, 6};
    uint8_t d[9] = {0};
    size_t n = match_digits(m, d + 1, 8);

    if (n != 8)
        n = match_digits(m, d, 9);
    if (n < 8 || digits_value(d, 9) < 10000000 || digits_value(d, 9) > 150000000)
        return false;
    unsigned check = mod11_digit(d, first, 8, 10, 0);

    if (check == 10)
        check = mod11_digit(d, second, 8, 10, 0);
    return check == d[8] && match_vouched(m);
}

const struct detector detect_gov_pacific[] = {
    {
        ENTRY("au.tfn", "AU_TFN", "Australian tax file number", TIER_B, "government", "GDPR", 2),
        .pattern = GROUPS_START "(?:[0-9]{3}([ -]?)[0-9]{3}\\1[0-9]{2,3})" GROUPS_END,
        .context = WORDS("tfn", "tax file", "tax file number", TAX_ID_WORDS),
        .need_context = true,
        .check = check_tfn,
        .examples = EXAMPLES(HIT("tfn 123456782"), HIT("TFN: 123 456 782"), HIT_IN("user.tfn", "123456782"), MISS("tfn 999999999"), MISS("123456782"),
            MISS("tfn 123456783")),
    },
    {
        ENTRY("au.abn", "AU_ABN", "Australian business number", TIER_C, "government", "GDPR", 0),
        .pattern = GROUPS_START "[0-9]{2}( ?)[0-9]{3}\\1[0-9]{3}\\1[0-9]{3}" GROUPS_END,
        .context = WORDS("abn", "business number", "australian business"),
        .need_context = true,
        .check = check_abn,
        .examples = EXAMPLES(HIT("abn 51 824 753 556"), MISS("51 824 753 556"), HIT("abn 51824753556"), MISS("99999999999"), MISS("51 824 753 557"),
            MISS("51824753556")),
    },
    {
        ENTRY("au.acn", "AU_ACN", "Australian company number", TIER_C, "government", "GDPR", 0),
        .pattern = GROUPS_START "[0-9]{3}( ?)[0-9]{3}\\1[0-9]{3}" GROUPS_END,
        .context = WORDS("acn", "company number", "australian company"),
        .need_context = true,
        .check = check_acn,
        .examples = EXAMPLES(HIT("acn 004085616"), HIT("ACN 004 085 616"), MISS("004085616"), MISS("acn 004085617")),
    },
    {
        ENTRY("au.medicare", "AU_MEDICARE", "Australian Medicare number", TIER_B, "health", "GDPR-9", 2),
        .pattern = GROUPS_START "[0-9]{4}(?: [0-9]{5} [0-9](?:[ /-]?[1-9])?|[0-9]{6,7})" GROUPS_END,
        .context = WORDS("medicare"),
        .need_context = true,
        .check = check_medicare,
        .examples = EXAMPLES(HIT("medicare 6216795759"), HIT("medicare 6216 79575 9"), MISS("6216 79575 9"),
            HIT_IN("patient.medicare", "62167957591"), MISS("medicare 6216795722"), MISS("6216795759"), MISS("medicare 7216795759")),
    },
    {
        ENTRY("nz.ird", "NZ_IRD", "New Zealand tax number", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{2,3}(-?)[0-9]{3}\\1[0-9]{3}" GROUPS_END,
        .context = WORDS("ird", "inland revenue", TAX_ID_WORDS),
        .need_context = true,
        .check = check_ird,
        .examples = EXAMPLES(HIT("ird 49091850"), HIT("ird 49-091-850"), MISS("49-091-850"), HIT("ird 136410132"), MISS("ird 136410133"),
            MISS("49091850"), MISS("49-091-851")),
    },
    {.id = NULL},
};
