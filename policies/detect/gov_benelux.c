/* Identifiers of Belgium, Luxembourg and the Netherlands. */
#include "checks_int.h"

/* Weights 9 to 2 and -1; eight digits have lost a leading zero. */
static bool
check_bsn(struct match *m)
{
    static const int8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2, -1};
    uint8_t d[9] = {0};
    size_t n = match_digits(m, d + 1, 8);

    if (n != 8)
        n = match_digits(m, d, 9);
    return n >= 8 && digits_value(d, 9) != 0 && digits_weigh(d, weights, 9) % 11 == 0;
}

/* 97 minus the first nine digits modulo 97, with a 2 before them for births since 2000; months 20 and 40 above are of the bis register. */
static bool
check_be_nn(struct match *m)
{
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));
    uint64_t base = digits_value(d, 9), key = digits_value(d + 9, 2);
    unsigned month = d[2] * 10u + d[3], day = d[4] * 10u + d[5];

    month -= month > 40 ? 40 : month > 20 ? 20 : 0;
    if (n != 11 || month > 12 || day > 31 || (month && day && !date_valid(d[0] * 10u + d[1], month, day)))
        return false;
    return (97 - base % 97 == key || 97 - (base + 2000000000) % 97 == key) && match_vouched(m);
}

/* Date of birth and three digits; then Luhn and Verhoeff over those eleven (Reglement grand-ducal du 28 novembre 2013). */
static bool
check_lu_nin(struct match *m)
{
    uint8_t d[13], v[12];
    size_t n = match_digits(m, d, sizeof(d));

    /* 18xx of people who live no more are milliseconds of our time. */
    if (n != 13 || digits_value(d, 2) < (match_context(m) ? 18 : 19) || digits_value(d, 2) > 20 ||
        !date_valid((unsigned)digits_value(d, 4), (unsigned)digits_value(d + 4, 2), (unsigned)digits_value(d + 6, 2)))
        return false;
    memcpy(v, d, 11);
    v[11] = d[12];
    return luhn_valid(d, 12) && verhoeff_valid(v, 12);
}

const struct detector detect_gov_benelux[] = {
    {
        ENTRY("nl.bsn", "NL_BSN", "Dutch citizen service number", TIER_B, "government", "GDPR", 2),
        .pattern = GROUPS_START "(?:[0-9]{8,9}|[0-9]{4}[ .][0-9]{2}[ .][0-9]{3}|[0-9]{3}[ .][0-9]{3}[ .][0-9]{3})" GROUPS_END,
        .context = WORDS("bsn", "burgerservice", "burgerservicenummer", "sofinummer", "burger service", "citizen service", "sofi", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_bsn,
        .examples = EXAMPLES(HIT("BSN 111222333"), HIT("burgerservicenummer: 1112.22.333"), HIT_IN("user.bsn", "10000008"), MISS("bsn 111252333"),
            MISS("111222333"), MISS("bsn 000000000")),
    },
    {
        ENTRY("be.nn", "BE_NATIONAL_NUMBER", "Belgian national number", TIER_A, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{2}(?:\\.[0-9]{2}\\.[0-9]{2}[- ][0-9]{3}[. ]|[0-9]{4}[- ]?[0-9]{3}[. ]?)[0-9]{2}" GROUPS_END,
        .context = WORDS("rijksregister", "niss", "insz", "registre national", "rijksregisternummer", "nrn", "num\303\251ro national",
            "numero national", "nationaal nummer", "identificatienummer", "national register", PERSON_ID_WORDS),
        .vouched = "-. ",
        .check = check_be_nn,
        .examples = EXAMPLES(HIT("85.07.30-033.28"), HIT("niss 85073003328"), HIT("rijksregister 850730-033.28"), HIT("17.07.30-033.84"),
            MISS("85.07.30-033.29"), MISS("85073003328"), MISS("85.13.30-033.28")),
    },
    {
        ENTRY("lu.nin", "LU_NIN", "Luxembourg national number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{13}" NUM_END,
        .context = WORDS("matricule", "num\xc3\xa9ro d identification", "numero d identification", "nin", "num\xc3\xa9ro national", "identifiant",
            SOCIAL_ID_WORDS, PERSON_ID_WORDS),
        .check = check_lu_nin,
        .examples = EXAMPLES(
            HIT("matricule 1893120105732"), HIT("nin 1893120105732"), MISS("1893120105732"), MISS("matricule 1893120105733"), MISS("1893130105732")),
    },
    {.id = NULL},
};
