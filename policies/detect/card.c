/* Payment cards: primary account numbers. */
#include "checks_int.h"

#define LEN(n) (1u << (n))
#define LEN_16_19 (LEN(16) | LEN(17) | LEN(18) | LEN(19))

/* Issuer ranges by their first six digits, and the lengths that are issued there. Source: ISO/IEC 7812-1 and the schemes' published ranges. */
static const struct range {
    uint32_t low, high, lengths;
} ranges[] = {
    {100000, 199999, LEN(15)},                                           /* UATP */
    {213100, 213199, LEN(15)},                                           /* JCB */
    {220000, 220499, LEN_16_19},                                         /* Mir */
    {222100, 272099, LEN(16)},                                           /* Mastercard */
    {300000, 305999, LEN(14) | LEN(15) | LEN_16_19},                     /* Diners Club */
    {309000, 309999, LEN(14) | LEN(15) | LEN_16_19},                     /* Diners Club */
    {340000, 349999, LEN(15)},                                           /* American Express */
    {350000, 352799, LEN(16)},                                           /* JCB to generators of test data, not issued */
    {352800, 358999, LEN_16_19},                                         /* JCB */
    {359000, 359999, LEN(16)},                                           /* the same */
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

/* JCB issued numbers of 15 digits that begin with 2131 and 1800; such a prefix is rare enough to tell them from other numbers. */
static bool
jcb_15(const uint8_t *d, size_t n)
{
    return n == 15 && (digits_value(d, 4) == 2131 || digits_value(d, 4) == 1800);
}

/*
 * A bare run of 12, 13, 17, 18 or 19 digits is more often an account of a cloud, a time stamp, a snowflake or a decimal span id than a card,
 * and 1 in 10 of those passes Luhn; so is a bare 15-digit number that begins with 1. They need context.
 */
static bool
bare_needs_context(const uint8_t *d, size_t n)
{
    return n < 14 || n > 16 || (d[0] == 1 && !jcb_15(d, n)) || (n < 16 && (d[0] == 5 || d[0] == 6));
}

/* Behind the word for it a number that Luhn passes is a card of whatever issuer, unless it may be a time stamp. */
static bool
card_in_context(const uint8_t *d, size_t n)
{
    return n >= 12 && !digits_epoch(d, n) && !digits_all_equal(d, n) && luhn_valid(d, n);
}

/* DE89 3704 0044 0532 0130 00 has groups that may look like a card. */
static bool
inside_iban(const struct match *m)
{
    struct match iban = {.text = m->text, .start = m->start, .end = m->start + 46 < m->text.len ? m->start + 46 : m->text.len};

    for (size_t groups = 1; groups <= 3 && iban.start >= 5; groups++) {
        iban.start -= 5;
        if (iban.start > 0 && ascii_alnum(m->text.ptr[iban.start - 1]))
            continue;
        struct match probe = iban;

        if (ascii_alpha(m->text.ptr[iban.start]) && ascii_alpha(m->text.ptr[iban.start + 1]) && check_iban(&probe) && probe.end >= m->end)
            return true;
    }
    return false;
}

/* Bare digits under a key, or right behind a name, that says what they are: an id of a trace, or the number of an article. */
static bool
named_otherwise(const struct match *m)
{
    static const char *const keys[] = {"span id", "trace id", "parent id", "parent span", "gtin", "ean", "ean13", "upc", "isbn", "barcode", NULL};
    static const char *const names[] = {"span_id", "spanid", "span-id", "trace_id", "traceid", "parent", "parent_id", "parentid", NULL};
    static const struct detector other = {.context = keys};

    return detector_key_context(&other, m->key) || str_in_list(match_word_before(m), names);
}

/* 00-<32 hexadecimal digits>-<16>-00 (W3C Trace Context section 3.2), and the same without what is around it (B3). */
static bool
in_trace_context(const struct match *m)
{
    if (match_before(m, 1) != '-' || m->end - m->start != 16)
        return false;
    for (size_t k = 2; k <= 33; k++)
        if (hex_value(match_before(m, k)) < 0)
            return false;
    return !ascii_alnum(match_before(m, 34));
}

static bool
check_card(struct match *m)
{
    uint8_t d[19];
    size_t n = match_digits(m, d, sizeof(d));

    if (match_in_uuid(m) || in_trace_context(m) || (match_formatted(m) && inside_iban(m)))
        return false;
    /* %204111...: the first digits may be a part of an escape. */
    if (match_before(m, 1) != '%' && card_in_context(d, n) && match_context(m))
        return true;
    if (!match_formatted(m))
        return card_number_valid(d, n) && !bare_needs_context(d, n) && !named_otherwise(m);
    /* Only American Express, Diners Club and JCB write 4-6-5 and 4-6-4, and not in the middle of a row of numbers. */
    if (n < 16 && ((d[0] != 3 && !jcb_15(d, n)) || match_in_row(m)))
        return false;
    if (card_number_valid(d, n))
        return true;
    /* 4-4-4-4-3 may be a card of 16 and a number of three digits after it. */
    if (n != 19 || !card_number_valid(d, 16))
        return false;
    m->end -= 3 + match_group(m, 1).len;
    return true;
}

/* What a reader takes from the stripe: the number, then name and expiry. Group 1 is the number. */
static bool
check_track(struct match *m)
{
    uint8_t d[19];
    size_t n = str_digits(match_group(m, 1), d, sizeof(d));

    return card_number_valid(d, n);
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
        "(?:[0-9]{4}([ ._-]{1,2}| [-/] )(?:[0-9]{4}\\1[0-9]{4}\\1[0-9]{4}(?:\\1[0-9]{3})?|[0-9]{6}\\1[0-9]{4,5})|[0-9]{12,19})" NUM_END,
        .context = WORDS("card", "card number", "card no", "pan", "credit", "debit", "visa", "mastercard", "amex", "cc", "cc number", "ccnum",
            "maestro", "discover", "diners", "jcb", "unionpay", "credit card", "debit card", "credit card number", "debit card number", "kredi karti",
            "payment card",
            /* de fr es nl zh ru ja */ "kreditkarte", "kreditkartennummer", "kartennummer", "carte bancaire", "tarjeta", "creditcard",
            "\345\215\241\345\217\267", "\320\272\320\260\321\200\321\202\320\260", "\343\202\253\343\203\274\343\203\211",
            /* it pt nl pl cs tr fi sv ru zh ko th ar he hi */ "carta di credito", "carta di debito", "carte de cr\303\251dit", "cart\303\243o",
            "kaartnummer", "karta kredytowa", "karta p\305\202atnicza", "platebn\303\255 karta", "kredi kart\304\261", "kart", "kort", "kortnummer",
            "luottokortti", "\320\272\320\260\321\200\321\202\321\213", "\320\272\320\260\321\200\321\202\320\265",
            "\344\277\241\347\224\250\345\215\241", "\351\212\200\350\241\214\345\215\241", "\351\223\266\350\241\214\345\215\241",
            "\354\271\264\353\223\234",
            "\340\270\232\340\270\261\340\270\225\340\270\243\340\271\200\340\270\204\340\270\243\340\270\224\340\270\264\340\270\225",
            "\340\270\232\340\270\261\340\270\225\340\270\243", "\330\250\330\267\330\247\331\202\330\251",
            "\327\233\327\250\327\230\327\231\327\241", "\340\244\225\340\244\276\340\244\260\340\245\215\340\244\241"),
        .check = check_card,
        .severity = 3,
        .examples = EXAMPLES(HIT("4012888888881881"), HIT("378282246310005"), HIT("4111 1111 1111 1111"), HIT("4111-1111-1111-1111"),
            HIT("3782 822463 10005"), HIT("3056 930902 5904"), HIT("5555555555554444"), HIT("2223003122003222"), HIT("6011111111111117"),
            HIT("3530111333300000"), HIT("213100000000019"), HIT("1800 000000 00028"), HIT("Kreditkarte 4222222222222"),
            HIT("CREDITCARDNUMBER 4222222222222"), MISS("213200000000018"), HIT("6200000000000005"),
            HIT("\xe5\x8d\xa1\xe5\x8f\xb7"
                "4111111111111111\xe8\xb0\xa2"),
            HIT("paid 4111 1111 1111 1111 123 times"), HIT("30569309025904"), HIT("card 4222222222222"), HIT_IN("payment.card", "6304000000000000"),
            HIT_IN("card_number", "4000000000000000006"), HIT("5 4111 1111 1111 1111"), HIT("4111  1111  1111  1111"), HIT("4111_1111_1111_1111"),
            HIT("4111 - 1111 - 1111 - 1111"),
            /* Karty, in Russian, with a capital; cc inside of hexadecimal digits. */
            HIT("\320\235\320\276\320\274\320\265\321\200 \320\232\320\260\321\200\321\202\321\213: 4816350153514209962"),
            MISS("9f0cc740/4816350153514209962;o=1"), MISS("cc7896a3/8240493201033717911;o=1"), HIT("4111111111111111."),
            HIT("card number 3598899323053410"), HIT("3598899323053410"), MISS("3498899323053410"), MISS_IN("card.created", "1748503543012"),
            MISS("4012888888881882"), MISS("1748503543012"), MISS("0.5309136012499991"), MISS("106.5309136012499991"), MISS("123456789012"),
            MISS("4222222222222"), MISS("1748503543012345"), MISS("4000000000000000006"), MISS("4111 1111-1111 1111"), MISS("a4111111111111111"),
            MISS("4111111111111111.5"), MISS_IN("span_id", "4111111111111111"), MISS_IN("product.gtin", "30569309025904"),
            HIT_IN("app.mean", "4111111111111111"), HIT_IN("span.name", "4111111111111111"),
            MISS("00-0123456789abcdef0123456789abcdcc-4111111111111111-01"), MISS("Parent=4111111111111111;Sampled=1"), MISS("5099185092956203"),
            MISS("0000000000000000"), MISS("RS94 4973 9476 2318 2133 80"), HIT("RS95 4973 9476 2318 2133 80"),
            MISS("571524365 6906 568019 34658 33559"), MISS("490154203237518")),
    },
    {
        ENTRY("fin.pan_track1", "CARD_TRACK", "Track 1 of a magnetic stripe", TIER_A, "financial", "PCI-DSS-3.3.1", 3),
        .pattern = "(?:%|(?<![0-9A-Za-z_]))[Bb]([0-9]{12,19})\\^[^^\\r\\n]{2,26}\\^[0-9]{4}[^?\\r\\n]{0,80}\\??",
        .context = WORDS("track", "magstripe"),
        .check = check_track,
        .examples = EXAMPLES(HIT("%B4111111111111111^DOE/JOHN^25121010000000000000?"), HIT("track1=B4012888888881881^A B^2512101"),
            MISS("%B4111111111111112^DOE/JOHN^2512101?"), MISS("%B4111111111111111^DOE/JOHN")),
    },
    {
        ENTRY("fin.pan_track2", "CARD_TRACK", "Track 2 of a magnetic stripe", TIER_A, "financial", "PCI-DSS-3.3.1", 3),
        .pattern = "(?<![0-9A-Za-z_]);?([0-9]{12,19})[=D](?:[0-9]{2}(?:0[1-9]|1[0-2])|0000)[0-9]{3}[0-9]{0,25}\\??" WORD_END,
        .context = WORDS("track", "magstripe"),
        .check = check_track,
        .examples = EXAMPLES(HIT(";4111111111111111=25121010000000000000?"), HIT("4111111111111111D25121011234567890"),
            MISS(";4111111111111112=25121010000000000000?"), MISS("4111111111111111=25131010000"), MISS("4111111111111111=2512")),
    },
    {
        ENTRY("fin.cvv", "CARD_CVV", "Card verification code, by its key", TIER_B, "financial", "PCI-DSS-3.3.1", 3),
        .pattern = TEXT_START "[0-9]{3,4}" TEXT_END,
        .context = WORDS("cvv", "cvv2", "cvc", "cvc2", "cid", "csc", "security code", "card verification", "verification value"),
        .key_only = true,
        .examples = EXAMPLES(HIT_IN("card.cvv", "123"), HIT_IN("securityCode", "1234"), MISS_IN("http.status", "200"), MISS_IN("card.cvv", "12"),
            MISS_IN("card.cvv", "***"), MISS_IN("card.cvv", "12345")),
    },
    {
        ENTRY("fin.cvv_pair", "CARD_CVV", "Card verification code in a name and value pair", TIER_B, "financial", "PCI-DSS-3.3.1", 3),
        .pattern = WORD_START "(?:cvv2?|cvc2?|csc|(?:card )?security ?code|card verification (?:code|value))[\"'\\\\]{0,2}[ \\t]{0,3}(?:is|[:=])?[ "
                              "\\t\"'\\\\]{0,4}([0-9]{3,4})" NUM_END,
        .caseless = true,
        .check = match_first_group,
        .examples = EXAMPLES(HIT("cvv: 123"), HIT("{\"cvc\":\"1234\"}"), HIT("security code is 123"), HIT("CVV2=123"), MISS("cvv: abc"),
            MISS("cvv 12345"), MISS("recvv=123")),
    },
    {
        ENTRY("fin.card_expiry", "CARD_EXPIRY", "Expiry date of a card", TIER_B, "financial", "PCI-DSS-3.4.1", 1),
        .pattern = GROUPS_START "(?<!/)(?:0[1-9]|1[0-2]) ?[/-] ?(?:20[2-9][0-9]|[2-9][0-9])(?!/)" GROUPS_END,
        .context = WORDS(
            "exp", "expiry", "exp date", "expiry date", "expiration", "expiration date", "valid thru", "valid until", "card expiry", "good thru"),
        .need_context = true,
        .examples = EXAMPLES(HIT("exp 12/27"), HIT_IN("card.expiry", "01/2028"), HIT("valid thru 08-29"), MISS("12/27"), MISS("exp 13/27"),
            MISS("expires 12/27/2026"), MISS("export 12/27")),
    },
    {.id = NULL},
};
