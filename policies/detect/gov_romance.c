/* Government identifiers of France, Italy, Portugal and Spain. */
#include "checks_int.h"

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

    if (!ascii_digit(first))
        value += (uint64_t)(first - 'X') * 10000000;
    return letters[value % 23] == last && (m->context || match_shouted(m));
}

/* Letters that replace digits when two people would have the same code: 0..9 are written L M N P Q R S T U V. */
static unsigned
omocodia(char c)
{
    const char *at = strchr("LMNPQRSTUV", c);

    return ascii_digit(c) ? (unsigned)(c - '0') : (unsigned)(at - "LMNPQRSTUV");
}

/* Decreto ministeriale 23 dicembre 1976: values of characters at odd places (counted from 1), the sum modulo 26 is the last letter. */
static bool
check_codice_fiscale(struct match *m)
{
    static const uint8_t odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    static const char months[] = "ABCDEHLMPRST";
    char s[16];
    size_t n = 0;
    unsigned sum = 0;

    for (size_t i = m->start; i < m->end && n < sizeof(s); i++)
        if (ascii_alnum(m->text.ptr[i]))
            s[n++] = ascii_upper(m->text.ptr[i]);
    for (size_t i = 0; i < 15; i++) {
        unsigned v = ascii_digit(s[i]) ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 'A');

        sum += i % 2 ? v : odd[v];
    }
    unsigned day = omocodia(s[9]) * 10 + omocodia(s[10]), month = (unsigned)(strchr(months, s[8]) - months) + 1;

    return s[15] == (char)('A' + sum % 26) && date_valid(omocodia(s[6]) * 10 + omocodia(s[7]), month, day > 40 ? day - 40 : day);
}

#define OMOCODIA "[0-9LMNP-V]"

const struct detector detect_gov_romance[] = {
    {
        .id = "es.dni",
        .entity = "ES_DNI",
        .title = "Spanish identity number (DNI, NIE)",
        .tier = TIER_A,
        .category = "government",
        .controls = "GDPR",
        .pattern = NUM_START "(?:[0-9]{8}|[0-9]{2}\\.[0-9]{3}\\.[0-9]{3}|[XYZ][ -]?[0-9]{7})[ -]?[A-HJ-NP-TV-Z]" WORD_END,
        .caseless = true,
        .context = WORDS("dni", "nif", "nie", "documento nacional"),
        .check = check_dni,
        .severity = 2,
        .examples = EXAMPLES(HIT("12345678Z"), HIT("X2482300W"), HIT("12345678-Z"), HIT("12.345.678-Z"), HIT("00000000T"), HIT("dni 12345678z"),
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
        .pattern = WORD_START "[A-Z]{3} ?[A-Z]{3} ?" OMOCODIA "{2}[ABCDEHLMPRST]" OMOCODIA "{2} ?[A-Z]" OMOCODIA "{3} ?[A-Z]" WORD_END,
        .caseless = true,
        .context = WORDS("codice fiscale", "cod fisc", "fiscal code"),
        .check = check_codice_fiscale,
        .severity = 2,
        .examples = EXAMPLES(HIT("RCCMNL83S18D969H"), HIT("rccmnl83s18d969h"), HIT("CF RCC MNL 83S18 D969 H"), MISS("RCCMNL83S18D969G"),
            MISS("RCCMNL83S18D969"), MISS("RCCMNL83S18D969HX")),
    },
    {.id = NULL},
};
