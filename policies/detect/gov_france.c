/* Identifiers of France. */
#include "checks_int.h"

#define NIR_BYTES 15

/*
 * Sex, year, month (01-12; 20 and above for registers without one), department (2A and 2B of Corsica count as 19 and 18), commune, order, and
 * the key 97 - n mod 97 (INSEE).
 */
static bool
check_nir(struct match *m)
{
    char s[NIR_BYTES];
    uint8_t d[NIR_BYTES];
    size_t n = 0;

    for (size_t i = m->start; i < m->end && n < sizeof(s); i++)
        if (ascii_alnum(m->text.ptr[i]))
            s[n++] = ascii_upper(m->text.ptr[i]);
    if (n == NIR_BYTES && s[5] == '2' && !ascii_digit(s[6])) {
        s[5] = '1';
        s[6] = s[6] == 'A' ? '9' : '8';
    }
    if (n != NIR_BYTES || str_digits((struct str){s, n}, d, sizeof(d)) != NIR_BYTES)
        return false;
    if (d[0] == 0 || d[0] == 5 || d[0] == 6 || d[0] == 9)
        return false;
    unsigned month = d[3] * 10u + d[4];

    if (!((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50))
        return false;
    /* Fifteen bare digits are of a person born and registered as most are, or need their name. */
    if ((d[0] > 2 || month > 42) && !match_vouched(m))
        return false;
    return 97 - digits_value(d, 13) % 97 == digits_value(d + 13, 2);
}

/* The last three digits are the first ten modulo 511 (DGFiP). Thirteen bare digits are more often milliseconds. */
static bool
check_nif(struct match *m)
{
    uint8_t d[13];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 13 && d[0] <= 3 && digits_value(d, 10) % 511 == digits_value(d + 10, 3) && match_vouched(m);
}

#define LA_POSTE 356000000

static bool
check_siren(struct match *m)
{
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 9 && !digits_all_equal(d, n) && luhn_valid(d, n) && match_vouched(m);
}

/* Establishments of La Poste, too many for Luhn, have digits that add up to a multiple of 5. */
static bool
check_siret(struct match *m)
{
    static const int8_t ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    uint8_t d[14];
    size_t n = match_digits(m, d, sizeof(d));
    bool poste = n == 14 && digits_value(d, 9) == LA_POSTE && digits_weigh(d, ones, n) % 5 == 0;

    return n == 14 && !digits_all_equal(d, n) && luhn_valid(d, 9) && (luhn_valid(d, n) || poste) && match_vouched(m);
}

const struct detector detect_gov_france[] = {
    {
        ENTRY("fr.nir", "FR_NIR", "French social security number", TIER_A, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]( ?)[0-9]{2}\\1[0-9]{2}\\1[0-9][0-9AB]\\1[0-9]{3}\\1[0-9]{3}[ -]?[0-9]{2}" GROUPS_END,
        .caseless = true,
        .context = WORDS("nir",
            "s\xc3\xa9"
            "curit\xc3\xa9 sociale",
            "securite sociale", "insee",
            "num\xc3\xa9ro de s\xc3\xa9"
            "curit\xc3\xa9 sociale",
            "s\303\251cu", "secu", "assurance maladie", "carte vitale", SOCIAL_ID_WORDS),
        .check = check_nir,
        .examples = EXAMPLES(HIT("295109912611193"), HIT("253072B07300470"), HIT("2 95 10 99 126 111 93"), HIT("2 53 07 2B 073 004 70"),
            MISS("295109912611199"), MISS("253072A07300470"), MISS("295139912611193"), MISS("595109912611193")),
    },
    {
        ENTRY("fr.nif", "FR_TAX_ID", "French tax number (SPI)", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{2}(?: ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}|[0-9]{11})" GROUPS_END,
        .context = WORDS("num\xc3\xa9ro fiscal", "numero fiscal", "fiscal", "nif", "spi", "imp\303\264ts", "impots", TAX_ID_WORDS),
        .need_context = true,
        .check = check_nif,
        .examples = EXAMPLES(HIT("num\xc3\xa9ro fiscal 0701987765493"), HIT("numero fiscal 07 01 987 765 493"), MISS("07 01 987 765 493"),
            MISS("0701987765493"), MISS("fiscal 0701987765494"), MISS("fiscal 4701987765493")),
    },
    {
        ENTRY("fr.siren", "FR_SIREN", "French company number", TIER_C, "government", "GDPR", 0),
        .pattern = GROUPS_START "[0-9]{3}( ?)[0-9]{3}\\1[0-9]{3}" GROUPS_END,
        .context = WORDS("siren", "rcs", "num\303\251ro siren"),
        .need_context = true,
        .check = check_siren,
        .examples = EXAMPLES(HIT("siren 404833048"), HIT("siren 404 833 048"), MISS("404 833 048"), MISS("siren 404833047"), MISS("404833048")),
    },
    {
        ENTRY("fr.siret", "FR_SIRET", "French establishment number", TIER_C, "government", "GDPR", 0),
        .pattern = GROUPS_START "[0-9]{3}( ?)[0-9]{3}\\1[0-9]{3}\\1[0-9]{5}" GROUPS_END,
        .context = WORDS("siret", "num\303\251ro siret", "\303\251tablissement"),
        .need_context = true,
        .check = check_siret,
        .examples = EXAMPLES(HIT("siret 73282932000074"), HIT("siret 732 829 320 00074"), MISS("732 829 320 00074"), HIT("siret 35600000049837"),
            MISS("siret 73282932000079"), MISS("73282932000074")),
    },
    {.id = NULL},
};
