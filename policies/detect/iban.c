/* International bank account numbers, ISO 13616. */
#include "checks_int.h"

/* What follows the check digits: counts of n (digits), a (letters), c (either). Source: SWIFT IBAN Registry, and the national schemes it lists as partial.
 * Brazil's bank and kind of account may be letters: generators of test data make such. */
static const struct iban_country {
    char code[3];
    char bban[14];
} countries[] = {
    {"AD", "8n12c"},
    {"AE", "19n"},
    {"AL", "8n16c"},
    {"AO", "21n"},
    {"AT", "16n"},
    {"AX", "14n"},
    {"AZ", "4a20c"},
    {"BA", "16n"},
    {"BE", "12n"},
    {"BF", "2c22n"},
    {"BG", "4a6n8c"},
    {"BH", "4a14c"},
    {"BI", "23n"},
    {"BJ", "2c22n"},
    {"BL", "10n11c2n"},
    {"BR", "8c15n2c"},
    {"BY", "4c4n16c"},
    {"CF", "23n"},
    {"CG", "23n"},
    {"CH", "5n12c"},
    {"CI", "2c22n"},
    {"CM", "23n"},
    {"CR", "18n"},
    {"CV", "21n"},
    {"CY", "8n16c"},
    {"CZ", "20n"},
    {"DE", "18n"},
    {"DJ", "23n"},
    {"DK", "14n"},
    {"DO", "4c20n"},
    {"DZ", "22n"},
    {"EE", "16n"},
    {"EG", "25n"},
    {"ES", "20n"},
    {"FI", "14n"},
    {"FK", "2a12n"},
    {"FO", "14n"},
    {"FR", "10n11c2n"},
    {"GA", "23n"},
    {"GB", "4a14n"},
    {"GE", "2a16n"},
    {"GF", "10n11c2n"},
    {"GG", "4a14n"},
    {"GI", "4a15c"},
    {"GL", "14n"},
    {"GP", "10n11c2n"},
    {"GQ", "23n"},
    {"GR", "7n16c"},
    {"GT", "24c"},
    {"GW", "2c19n"},
    {"HN", "4a20n"},
    {"HR", "17n"},
    {"HU", "24n"},
    {"IE", "4a14n"},
    {"IL", "19n"},
    {"IM", "4a14n"},
    {"IQ", "4a15n"},
    {"IR", "22n"},
    {"IS", "22n"},
    {"IT", "1a10n12c"},
    {"JE", "4a14n"},
    {"JO", "4a4n18c"},
    {"KM", "23n"},
    {"KW", "4a22c"},
    {"KZ", "3n13c"},
    {"LB", "4n20c"},
    {"LC", "4a24c"},
    {"LI", "5n12c"},
    {"LT", "16n"},
    {"LU", "3n13c"},
    {"LV", "4a13c"},
    {"LY", "21n"},
    {"MA", "24n"},
    {"MC", "10n11c2n"},
    {"MD", "20c"},
    {"ME", "18n"},
    {"MF", "10n11c2n"},
    {"MG", "23n"},
    {"MK", "3n10c2n"},
    {"ML", "2c22n"},
    {"MN", "16n"},
    {"MQ", "10n11c2n"},
    {"MR", "23n"},
    {"MT", "4a5n18c"},
    {"MU", "4a19n3a"},
    {"MZ", "21n"},
    {"NC", "10n11c2n"},
    {"NE", "2c22n"},
    {"NI", "4a20n"},
    {"NL", "4a10n"},
    {"NO", "11n"},
    {"OM", "3n16c"},
    {"PF", "10n11c2n"},
    {"PK", "4a16c"},
    {"PL", "24n"},
    {"PM", "10n11c2n"},
    {"PS", "4a21c"},
    {"PT", "21n"},
    {"QA", "4a21c"},
    {"RE", "10n11c2n"},
    {"RO", "4a16c"},
    {"RS", "18n"},
    {"RU", "14n15c"},
    {"SA", "2n18c"},
    {"SC", "4a20n3a"},
    {"SD", "14n"},
    {"SE", "20n"},
    {"SI", "15n"},
    {"SK", "20n"},
    {"SM", "1a10n12c"},
    {"SN", "2c22n"},
    {"SO", "19n"},
    {"ST", "21n"},
    {"SV", "4a20n"},
    {"TD", "23n"},
    {"TF", "10n11c2n"},
    {"TG", "2c22n"},
    {"TL", "19n"},
    {"TN", "20n"},
    {"TR", "6n16c"},
    {"UA", "6n19c"},
    {"VA", "18n"},
    {"VG", "4a16n"},
    {"WF", "10n11c2n"},
    {"XK", "16n"},
    {"YE", "4a4n18c"},
    {"YT", "10n11c2n"},
};

#define IBAN_MIN 15
#define IBAN_MAX 34

static const struct iban_country *
country_of(const char *iban)
{
    for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); i++)
        if (memcmp(countries[i].code, iban, 2) == 0)
            return &countries[i];
    return NULL;
}

static bool
byte_fits(char c, char kind)
{
    return kind == 'n' ? ascii_digit(c) : kind == 'a' ? ascii_alpha(c) : ascii_alnum(c);
}

/* The length of the BBAN at s when it has the structure, or all of it but a last digit; 0 when it has not. */
static size_t
bban_fits(const char *structure, struct str s, bool short_of_one)
{
    size_t at = 0;

    while (*structure) {
        size_t count = 0;

        for (; ascii_digit(*structure); structure++)
            count = count * 10 + (size_t)(*structure - '0');
        for (; count; count--, at++)
            if (at == s.len && short_of_one && count == 1 && *structure == 'n' && !structure[1])
                return at;
            else if (at >= s.len || !byte_fits(s.ptr[at], *structure))
                return 0;
        structure++;
    }
    return at;
}

/*
 * Behind its name a number that the check digits confirm is one, whatever the registry says of its country: countries join, and structures change.
 * ends: where each of the n characters ends.
 */
static bool
iban_by_name(struct match *m, const char *iban, const size_t *ends, size_t n)
{
    unsigned remainder = 0;
    size_t best = 0;

    for (size_t i = 0; i < n; i++) {
        char c = m->text.ptr[ends[i] - 1], next = ends[i] < m->text.len ? m->text.ptr[ends[i]] : '\0';

        if (c >= 'a' && c <= 'z')
            break;
        if (i >= 4)
            remainder = mod97_from(remainder, (struct str){iban + i, 1});
        if (i + 1 >= IBAN_MIN && !ascii_alnum(next) && next != '_' && mod97_from(remainder, (struct str){iban, 4}) == 1)
            best = ends[i];
    }
    if (best == 0)
        return false;
    m->end = best;
    return match_context(m);
}

bool
check_iban(struct match *m)
{
    char iban[IBAN_MAX] = {0};
    size_t ends[IBAN_MAX] = {0}, n = 0;

    for (size_t i = m->start; i < m->end && n < IBAN_MAX; i++) {
        if (!ascii_alnum(m->text.ptr[i]))
            continue;
        ends[n] = i + 1;
        iban[n++] = ascii_upper(m->text.ptr[i]);
    }
    const struct iban_country *country = country_of(iban);
    size_t bban = country ? bban_fits(country->bban, (struct str){iban + 4, n - 4}, false) : 0;

    /* One digit short, and confirmed by the check digits all the same: what generators of test data make of them. */
    if (country && bban == 0 && m->end - m->start == n && n >= IBAN_MIN && match_shouted(m))
        bban = bban_fits(country->bban, (struct str){iban + 4, n - 4}, true);
    if (bban == 0 || mod97_from(mod97((struct str){iban + 4, bban}), (struct str){iban, 4}) != 1)
        return iban_by_name(m, iban, ends, n);
    /* A word that follows may have been taken in; a letter or digit that follows at once means another thing. */
    size_t end = ends[bban + 3];

    if (end < m->text.len && (ascii_alnum(m->text.ptr[end]) || m->text.ptr[end] == '_'))
        return false;
    m->end = end;
    return true;
}

const struct detector detect_iban[] = {
    {
        .id = "fin.iban",
        .entity = "IBAN",
        .title = "International bank account number",
        .tier = TIER_A,
        .category = "financial",
        .controls = "GDPR HIPAA-J",
        .pattern = WORD_START "[A-Z]{2}[0-9]{2}(?:[ ._-]{0,2}[A-Z0-9]){11,30}",
        .caseless = true,
        .context = WORDS("iban", "account", "bank"),
        .check = check_iban,
        .severity = 2,
        .examples = EXAMPLES(HIT("GB82WEST12345698765432"), HIT("GB82 WEST 1234 5698 7654 32"), HIT("DE44500105175407324931"),
            HIT("DE44 5001 0517 5407 3249 31 THANKS"), HIT("de44500105175407324931"), HIT("NO9386011117947"),
            HIT("FR14-2004-1010-0505-0001-3M02-606"), HIT("DE44.5001.0517.5407.3249.31"), HIT("BR28UHAZ0J01894774578419231EW"),
            HIT("BR1800360305000010009795493C1"), MISS("BR28UHAZ0J01894774578419231EX"), HIT("DE44_5001_0517_5407_3249_31"),
            HIT("DE44  5001  0517  5407  3249  31"), HIT("MT84MALT011000012345MTLCAST001S"),
            HIT("\xe8\xb4\xa6\xe6\x88\xb7"
                "DE44500105175407324931\xe3\x80\x82"),
            MISS("DE45500105175407324931"), MISS("AL84212110090000AB023569874"), MISS("GB82 WEST 1234 5698 7654 33"), MISS("xDE44500105175407324931"),
            MISS("DE445001051754073249312"), MISS("ZZ44500105175407324931"), HIT("IBAN GB96KBKE2440706918250 please"),
            HIT("iban: BD08 LPRL 0287 2720 3"), HIT("GB96KBKE2440706918250"), MISS("GB95KBKE2440706918250"), MISS("gb96kbke2440706918250"),
            MISS("iban BD09LPRL028727203"), MISS("account bd08lprl028727203")),
    },
    {.id = NULL},
};
