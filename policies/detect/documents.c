/* Travel documents and tax numbers that many countries share. */
#include "checks_int.h"

#define MRZ_BYTES 90

/* ICAO 9303 part 3 section 4.9: weights 7 3 1, letters 10 to 35, the filler 0. */
static bool
mrz_field(const char *s, size_t n)
{
    static const uint8_t weights[] = {7, 3, 1};
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (s[i] == '<' ? 0 : base36_value(s[i])) * weights[i % 3];
    return (char)('0' + sum % 10) == s[n];
}

/* Date of birth and of expiry with their check digits, at the places of each format. */
static bool
check_mrz(struct match *m)
{
    char s[MRZ_BYTES];
    size_t n = 0;

    for (size_t i = m->start; i < m->end && n < sizeof(s); i++)
        if (m->text.ptr[i] == '<' || (ascii_alnum(m->text.ptr[i]) && m->text.ptr[i] < 'a'))
            s[n++] = m->text.ptr[i];
    if (n == 88)
        return mrz_field(s + 57, 6) && mrz_field(s + 65, 6);
    if (n == 72)
        return mrz_field(s + 49, 6) && mrz_field(s + 57, 6);
    return n == 90 && mrz_field(s + 30, 6) && mrz_field(s + 38, 6);
}

/* What may stand between two lines: a line end, escaped or not, or spaces. */
#define MRZ_BREAK "(?:[\\r\\n \\t]|\\\\[rn]){1,6}"
#define MRZ_DATES "[0-9]{6}[0-9][MFX<][0-9]{6}[0-9]"

/* Council Directive 2006/112/EC article 215 prefixes, with the shapes of VIES; the United Kingdom, Norway and Switzerland as they write theirs. */
#define VAT_NUMBERS                                                                                                                               \
    "ATU[0-9]{8}|BE ?[01][0-9]{3}\\.?[0-9]{3}\\.?[0-9]{3}|BG[0-9]{9,10}|CY[0-9]{8}[A-Z]|CZ[0-9]{8,10}|DE ?[1-9][0-9]{8}|DK ?[0-9]{8}|EE[0-9]{9}|" \
    "EL ?[0-9]{9}|ES ?[A-Z0-9][0-9]{7}[A-Z0-9]|FI[0-9]{8}|FR ?[A-HJ-NP-Z0-9]{2} "                                                                 \
    "?[0-9]{9}|HR[0-9]{11}|HU[0-9]{8}|IE[0-9][A-Z0-9+*][0-9]{5}[A-Z]{1,2}|"                                                                       \
    "IT ?[0-9]{11}|LT(?:[0-9]{9}|[0-9]{12})|LU[0-9]{8}|LV[0-9]{11}|MT[0-9]{8}|NL ?[0-9]{9}B[0-9]{2}|PL ?[0-9]{10}|PT ?[0-9]{9}|RO[0-9]{2,10}|"    \
    "SE[0-9]{10}01|SI[0-9]{8}|SK[0-9]{10}|(?:GB|XI) ?(?:[0-9]{9}|[0-9]{12}|[0-9]{3} [0-9]{4} "                                                    \
    "[0-9]{2})|NO[0-9]{9}MVA|CHE-?[0-9]{3}\\.?[0-9]{3}\\.?[0-9]{3}"

const struct detector detect_documents[] = {
    {
        ENTRY("doc.mrz", "MRZ", "Machine-readable zone of a travel document", TIER_A, "government", "GDPR HIPAA-K", 3),
        .pattern = WORD_START "(?:P[A-Z<][A-Z<]{3}[A-Z<]{39}" MRZ_BREAK "[A-Z0-9<]{9}[0-9][A-Z<]{3}" MRZ_DATES "[A-Z0-9<]{14}[0-9<][0-9]"
                              "|[ACIV][A-Z<][A-Z<]{3}[A-Z<]{31}" MRZ_BREAK "[A-Z0-9<]{9}[0-9][A-Z<]{3}" MRZ_DATES "[A-Z0-9<]{7}[0-9]"
                              "|[ACI][A-Z0-9<][A-Z<]{3}[A-Z0-9<]{9}[0-9<][A-Z0-9<]{15}" MRZ_BREAK MRZ_DATES "[A-Z<]{3}[A-Z0-9<]{11}[0-9]" MRZ_BREAK
                              "[A-Z<]{30})",
        .context = WORDS("mrz", "passport"),
        .check = check_mrz,
        .examples = EXAMPLES(HIT("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"),
            HIT("I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"),
            HIT("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\\nD231458907UTO7408122F1204159<<<<<<<6"),
            MISS("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408123F1204159ZE184226B<<<<<10"),
            MISS("<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"), MISS("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<")),
    },
    {
        ENTRY("eu.vat", "EU_VAT", "European VAT number", TIER_C, "government", "GDPR", 0),
        .pattern = WORD_START "(?:" VAT_NUMBERS ")" WORD_END,
        .context = WORDS("vat", "vat number", "vat id", "ust", "ust id", "tva", "iva", "btw", "moms", "mva", "dph", "alv", "nif", "uid"),
        .need_context = true,
        .examples = EXAMPLES(HIT("VAT ATU12345678"), HIT("btw NL123456789B01"), HIT_IN("customer.vat_id", "FR40303265045"), HIT("vat GB 123 4567 89"),
            MISS("ATU12345678"), MISS("vat ATU1234567"), MISS("vat XX123456789")),
    },
    {.id = NULL},
};
