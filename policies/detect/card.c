/* Payment cards: primary account numbers. */
#include "checks_int.h"

#define LEN(n) (1u << (n))
#define LEN_16_19 (LEN(16) | LEN(17) | LEN(18) | LEN(19))

/* Issuer ranges by their first six digits, and the lengths that are issued there. Source: ISO/IEC 7812-1 and the schemes' published ranges. */
static const struct range {
    uint32_t low, high, lengths;
} ranges[] = {
    {100000, 199999, LEN(15)},                                           /* UATP */
    {220000, 220499, LEN_16_19},                                         /* Mir */
    {222100, 272099, LEN(16)},                                           /* Mastercard */
    {300000, 305999, LEN(14) | LEN(15) | LEN_16_19},                     /* Diners Club */
    {309000, 309999, LEN(14) | LEN(15) | LEN_16_19},                     /* Diners Club */
    {340000, 349999, LEN(15)},                                           /* American Express */
    {352800, 358999, LEN_16_19},                                         /* JCB */
    {360000, 369999, LEN(14) | LEN(15) | LEN_16_19},                     /* Diners Club */
    {370000, 379999, LEN(15)},                                           /* American Express */
    {380000, 399999, LEN(14) | LEN(15) | LEN_16_19},                     /* Diners Club */
    {400000, 499999, LEN(13) | LEN(16) | LEN(19)},                       /* Visa */
    {500000, 509999, LEN(12) | LEN(13) | LEN(14) | LEN(15) | LEN_16_19}, /* Maestro */
    {510000, 559999, LEN(16)},                                           /* Mastercard */
    {560000, 699999, LEN(12) | LEN(13) | LEN(14) | LEN(15) | LEN_16_19}, /* Maestro, Discover, UnionPay */
};

bool
card_number_valid(const uint8_t *d, size_t n)
{
    uint32_t iin = n >= 12 ? (uint32_t)digits_value(d, 6) : 0;

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (iin >= ranges[i].low && iin <= ranges[i].high)
            return (ranges[i].lengths >> n & 1) && !digits_all_equal(d, n) && luhn_valid(d, n);
    return false;
}

/*
 * A bare run of 12, 13, 17, 18 or 19 digits is more often an account of a cloud, a time stamp, a snowflake or a decimal span id than a card,
 * and 1 in 10 of those passes Luhn; so is a bare 15-digit number that begins with 1. They need context.
 */
static bool
bare_needs_context(const uint8_t *d, size_t n)
{
    return n < 14 || n > 16 || d[0] == 1 || (n < 16 && (d[0] == 5 || d[0] == 6));
}

static bool
check_card(struct match *m)
{
    uint8_t d[19];
    size_t n = match_digits(m, d, sizeof(d));

    if (match_in_uuid(m))
        return false;
    if (!match_formatted(m))
        return card_number_valid(d, n) && (m->context || !bare_needs_context(d, n));
    if (card_number_valid(d, n))
        return true;
    /* 4-4-4-4-3 may be a card of 16 and a number of three digits after it. */
    if (n != 19 || !card_number_valid(d, 16))
        return false;
    m->end -= 4;
    return true;
}

const struct detector detect_card[] = {
    {
        .id = "fin.pan",
        .entity = "CREDIT_CARD",
        .title = "Payment card number",
        .tier = TIER_A,
        .category = "financial",
        .controls = "PCI-DSS-3.4.1 PCI-DSS-3.5.1 GDPR",
        .pattern = NUM_START
        "(?:[2-6][0-9]{3}([ .-])(?:[0-9]{4}\\1[0-9]{4}\\1[0-9]{4}(?:\\1[0-9]{3})?|[0-9]{6}\\1[0-9]{4,5})|[1-6][0-9]{11,18})" NUM_END,
        .context = WORDS("card", "card number", "card no", "pan", "credit", "debit", "visa", "mastercard", "amex", "cc", "cc number", "ccnum",
            "maestro", "discover", "diners", "jcb", "unionpay", "credit card", "debit card", "payment card"),
        .check = check_card,
        .severity = 3,
        .examples = EXAMPLES(HIT("4012888888881881"), HIT("378282246310005"), HIT("4111 1111 1111 1111"), HIT("4111-1111-1111-1111"),
            HIT("3782 822463 10005"), HIT("3056 930902 5904"), HIT("5555555555554444"), HIT("2223003122003222"), HIT("6011111111111117"),
            HIT("3530111333300000"), HIT("6200000000000005"),
            HIT("\xe5\x8d\xa1\xe5\x8f\xb7"
                "4111111111111111\xe8\xb0\xa2"),
            HIT("paid 4111 1111 1111 1111 123 times"), HIT("30569309025904"), HIT("card 4222222222222"), HIT_IN("payment.card", "6304000000000000"),
            HIT_IN("card_number", "4000000000000000006"), HIT("5 4111 1111 1111 1111"), HIT("4111111111111111."), MISS("4012888888881882"),
            MISS("1748503543012"), MISS("0.5309136012499991"), MISS("106.5309136012499991"), MISS("123456789012"), MISS("4222222222222"),
            MISS("1748503543012345"), MISS("4000000000000000006"), MISS("4111 1111-1111 1111"), MISS("a4111111111111111"), MISS("4111111111111111.5"),
            MISS("5099185092956203"), MISS("0000000000000000"), MISS("490154203237518")),
    },
    {.id = NULL},
};
