/* Identifiers of Spain, Italy, Portugal and Romania. */
#include "checks_int.h"

/* 17739254K->882744K(1048576K): what a collector of garbage writes. */
static bool
heap_size(const struct match *m, char unit)
{
    if (!strchr("KMG", unit))
        return false;
    return (match_after(m, 1) == '-' && match_after(m, 2) == '>') || (match_before(m, 1) == '>' && match_before(m, 2) == '-') ||
           (match_after(m, 1) == '(' && ascii_digit(match_after(m, 2))) ||
           (match_before(m, 1) == '(' && match_before(m, 2) && strchr("KMG", match_before(m, 2)) && ascii_digit(match_before(m, 3)));
}

/* Number modulo 23 chooses the letter; X, Y, Z of a foreigner's number count as 0, 1, 2 (Real Decreto 1553/2005). */
static bool
check_dni(struct match *m)
{
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    struct str s = match_str(m);
    char first = ascii_upper(s.ptr[0]), last = ascii_upper(s.ptr[s.len - 1]);
    uint8_t d[8];
    size_t n = match_digits(m, d, sizeof(d));
    uint64_t value = digits_value(d, n);

    if (ascii_alpha(first) && first < 'X')
        return false;
    if (!ascii_digit(first))
        value += (uint64_t)(first - 'X') * 10000000;
    return letters[value % 23] == last && (match_context(m) || (match_shouted(m) && (ascii_alpha(first) || !heap_size(m, last))));
}

/* Letters that replace digits when two people would have the same code: 0..9 are written L M N P Q R S T U V. */
static unsigned
omocodia(char c)
{
    static const char letters[] = "LMNPQRSTUV";
    const char *at = strchr(letters, c);

    return ascii_digit(c) ? (unsigned)(c - '0') : at ? (unsigned)(at - letters) : 100;
}

/* Decreto ministeriale 23 dicembre 1976: values of characters at odd places (counted from 1), the sum modulo 26 is the last letter. */
static bool
check_codice_fiscale(struct match *m)
{
    static const uint8_t odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    static const char months[] = "ABCDEHLMPRST";
    char s[16] = {0};
    size_t n = 0;
    unsigned sum = 0;

    for (size_t i = m->start; i < m->end && n < sizeof(s); i++)
        if (ascii_alnum(m->text.ptr[i]))
            s[n++] = ascii_upper(m->text.ptr[i]);
    if (n != sizeof(s))
        return false;
    for (size_t i = 0; i < 15; i++) {
        unsigned v = ascii_digit(s[i]) ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 'A');

        sum += i % 2 ? v : odd[v];
    }
    if (match_mixed(m) || !strchr(months, s[8]) || omocodia(s[12]) + omocodia(s[13]) + omocodia(s[14]) > 27)
        return false;
    unsigned day = omocodia(s[9]) * 10 + omocodia(s[10]), month = (unsigned)(strchr(months, s[8]) - months) + 1;

    return s[15] == (char)('A' + sum % 26) && date_valid(omocodia(s[6]) * 10 + omocodia(s[7]), month, day > 40 ? day - 40 : day);
}

/* Luhn over seven digits; the control is a digit, or the letter for it (Orden EHA/451/2008). */
static bool
check_cif(struct match *m)
{
    struct str s = match_str(m);
    uint8_t d[8];
    size_t n = str_digits(str_sub(s, 1, s.len - 1), d, 7);
    char control = ascii_upper(s.ptr[s.len - 1]);

    if (n != 7 || !strchr("ABCDEFGHJNPQRSUVWK", ascii_upper(s.ptr[0])))
        return false;
    for (d[7] = 0; d[7] < 9 && !luhn_valid(d, 8);)
        d[7]++;
    /* The kind of the organisation says whether the control is a letter or a digit; some have either (Orden EHA/451/2008). */
    bool letter = strchr("KPQS", ascii_upper(s.ptr[0])), digit = strchr("ABEH", ascii_upper(s.ptr[0]));

    if (match_context(m))
        return control == "JABCDEFGHI"[d[7]] || control == (char)('0' + d[7]);
    return ((control == "JABCDEFGHI"[d[7]] && !digit) || (control == (char)('0' + d[7]) && !letter)) && match_shouted(m);
}

/* Province and number modulo 97; a number below ten million is written after the province without its leading zero. */
static bool
check_nuss(struct match *m)
{
    uint8_t d[12];
    size_t n = match_digits(m, d, sizeof(d));
    uint64_t number = digits_value(d + 2, 8), base = d[2] == 0 ? digits_value(d, 2) * 10000000 + number : digits_value(d, 10);

    return n == 12 && d[0] <= 5 && base % 97 == digits_value(d + 10, 2) && digits_value(d, n) != 0 && match_vouched(m);
}

static bool
check_piva(struct match *m)
{
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 11 && digits_value(d, n) != 0 && luhn_valid(d, n) && match_vouched(m);
}

/* Weights 9 to 2 modulo 11; the first digits say what the number is for. */
static bool
check_pt_nif(struct match *m)
{
    static const int8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2};
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 9 && d[0] != 0 && mod11_digit(d, weights, 8, 0, 0) == d[8];
}

/* Sex and century, date, county 01-52, serial; weights 279146358279, 10 is written 1. */
static bool
check_cnp(struct match *m)
{
    static const int8_t weights[] = {2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9};
    uint8_t d[13];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned check = n == 13 ? (unsigned)digits_weigh(d, weights, 12) % 11 : 11, county = d[7] * 10u + d[8];

    if (n != 13 || d[0] == 0 || (check == 10 ? 1 : check) != d[12] || !date_yymmdd(d + 1) || county < 1 || county > 70)
        return false;
    return match_context(m) || !digits_epoch(d, n);
}

const struct detector detect_gov_romance[] = {
    {
        .id = "es.dni",
        .entity = "ES_DNI",
        .title = "Spanish identity number (DNI, NIE)",
        .tier = TIER_A,
        .category = "government",
        .controls = "GDPR",
        .pattern = NUM_START "(?:[0-9]{8}|[0-9]{2}\\.[0-9]{3}\\.[0-9]{3}|[A-Z][ -]?[0-9]{7})[ -]?[A-Z]" WORD_END,
        .caseless = true,
        .context = WORDS("dni", "nif", "nie", "documento nacional", PERSON_ID_WORDS),
        .check = check_dni,
        .severity = 2,
        .examples = EXAMPLES(HIT("12345678Z"), HIT("X2482300W"), HIT("12345678-Z"), HIT("12.345.678-Z"), HIT("00000000T"), HIT("dni 12345678z"),
            HIT("failed (X7107527K)"), MISS("heap 17739254K->882744K"), HIT("failed (17739254K)"), HIT("<i>17739254K</i>"),
            HIT("\xe5\x8f\xb7"
                "12345678Z\xe3\x80\x82"),
            MISS("12345678A"), MISS("X2482300A"), MISS("112345678Z"), MISS("12345678ZZ"), MISS("checkout-72946946p-pbr5k")),
    },
    {
        .id = "it.codice_fiscale",
        .entity = "IT_CODICE_FISCALE",
        .title = "Italian fiscal code",
        .tier = TIER_A,
        .category = "government",
        .controls = "GDPR",
        /* Letters may stand for any of the digits (omocodia), for all of them too. */
        .pattern = WORD_START "[A-Z]{3} ?[A-Z]{3} ?[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2} ?[A-Z][0-9LMNP-V]{3} ?[A-Z]" WORD_END,
        .caseless = true,
        .context = WORDS("codice fiscale", "cod fisc", "fiscal code", "cod fiscale", "c f", "cf", "tax code"),
        .check = check_codice_fiscale,
        .severity = 2,
        .examples = EXAMPLES(HIT("RCCMNL83S18D969H"), HIT("rccmnl83s18d969h"), HIT("CF RCC MNL 83S18 D969 H"), HIT("RCCMNLUPSMUDVSVO"),
            MISS("RCCMNL83S18D969G"), MISS("RCCMNLUPSMUDVSVA"), MISS("RCCMNL83S18D969"), MISS("RCCMNL83S18D969HX")),
    },
    {
        ENTRY("es.cif", "ES_CIF", "Spanish company number", TIER_C, "government", "GDPR", 0),
        .pattern = WORD_START "[A-Z]-?[0-9]{7}[0-9A-Z]" WORD_END,
        .caseless = true,
        .context = WORDS("cif", "nif", TAX_ID_WORDS),
        .check = check_cif,
        .examples = EXAMPLES(
            HIT("J99216582"), HIT("cif j99216582"), HIT("P2807900B"), MISS("J99216583"), MISS("P2807900C"), MISS("j99216582"), MISS("S57031817")),
    },
    {
        ENTRY("es.nuss", "ES_NUSS", "Spanish social security number", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "(?<![0-9]/)[0-9]{2}([/ -]?)[0-9]{8}\\1[0-9]{2}(?!/[0-9])" GROUPS_END,
        .context = WORDS("nuss", "naf", "seguridad social", "n\303\272mero de afiliaci\303\263n", SOCIAL_ID_WORDS),
        .vouched = "/ -",
        .check = check_nuss,
        .examples = EXAMPLES(HIT("nuss 281234567840"), HIT("28/12345678/40"), MISS("281234567840"), MISS("28/12345678/41")),
    },
    {
        ENTRY("it.piva", "IT_PARTITA_IVA", "Italian VAT number", TIER_C, "government", "GDPR", 0),
        .pattern = NUM_START "(?:IT ?)?[0-9]{11}" NUM_END,
        .context = WORDS("partita iva", "p iva", "piva", "iva", "vat number", TAX_ID_WORDS),
        .check = check_piva,
        .examples = EXAMPLES(HIT("partita IVA 00743110157"), HIT("IT00743110157"), MISS("partita iva 00743110158"), MISS("00743110157")),
    },
    {
        ENTRY("pt.nif", "PT_NIF", "Portuguese tax number", TIER_B, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{3}( ?)[0-9]{3}\\1[0-9]{3}" GROUPS_END,
        .context = WORDS("nif", "contribuinte", "nipc", "fiscal", "identifica\303\247\303\243o fiscal", TAX_ID_WORDS),
        .need_context = true,
        .check = check_pt_nif,
        .examples = EXAMPLES(HIT("nif 501964843"), HIT("contribuinte 501 964 843"), MISS("nif 501964842"), MISS("501964843")),
    },
    {
        ENTRY("ro.cnp", "RO_CNP", "Romanian personal number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{13}" NUM_END,
        .context = WORDS("cnp", "cod numeric personal", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_cnp,
        .examples = EXAMPLES(HIT("cnp 1630615123457"), HIT("cnp 2630615123459"), MISS("2630615123459"), MISS("cnp 1630615123458"),
            MISS("1630615123457"), MISS("cnp 1631315123457")),
    },
    {.id = NULL},
};
