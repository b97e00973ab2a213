/* Identifiers of Germany, Austria and Switzerland. */
#include "checks_int.h"

/* First digit not 0; of the first ten digits one stands there two or three times, the others at most once; ISO 7064 mod 11,10 (BZSt). */
static bool
check_idnr(struct match *m)
{
    uint8_t d[11], count[10] = {0};
    size_t n = match_digits(m, d, sizeof(d));
    unsigned repeated = 0;
    bool often = false;

    for (size_t i = 0; i < 10 && n == 11; i++) {
        repeated += ++count[d[i]] == 2;
        often |= count[d[i]] > 3;
    }
    return n == 11 && d[0] != 0 && repeated == 1 && !often && mod11_10_valid(d, n) && match_vouched(m);
}

/* Area, date of birth (day plus 50 for some), letter, serial, check; the letter counts as its two-digit ordinal (Deutsche Rentenversicherung). */
static bool
check_svnr(struct match *m)
{
    static const int8_t weights[] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
    uint8_t d[14];
    size_t n = 0;

    for (size_t i = m->start; i < m->end && n + 1 < sizeof(d); i++) {
        unsigned v = base36_value(m->text.ptr[i]);

        if (v > 35)
            continue;
        if (v > 9)
            d[n++] = (uint8_t)((v - 9) / 10);
        d[n++] = (uint8_t)(v > 9 ? (v - 9) % 10 : v);
    }
    if (n != 13 || digits_weigh_sums(d, weights, 12) % 10 != d[12])
        return false;
    unsigned day = d[2] * 10u + d[3];

    return date_valid(d[6] * 10u + d[7], d[4] * 10u + d[5], day > 50 ? day - 50 : day) && (match_context(m) || match_shouted(m));
}

/* The letter as two digits, weights 1 and 2 with the digits of the products added (GKV). In the long form the insurer's number follows. */
static bool
check_kvnr(struct match *m)
{
    static const int8_t weights[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    uint8_t d[11];
    unsigned letter = base36_value(m->text.ptr[m->start]) - 9;
    size_t n = str_digits(str_sub(m->text, m->start, m->start + 10), d + 2, 9);

    d[0] = (uint8_t)(letter / 10);
    d[1] = (uint8_t)(letter % 10);
    return n == 9 && digits_weigh_sums(d, weights, 10) % 10 == d[10];
}

/* ICAO 9303 part 3: weights 7 3 1, letters 10 to 35, the last digit checks. */
static bool
check_document(struct match *m)
{
    static const uint8_t weights[] = {7, 3, 1};
    struct str s = match_str(m);
    unsigned sum = 0;

    if (ascii_digit(s.ptr[0]))
        return false;
    for (size_t i = 0; i < 8; i++)
        if (strchr("ABDEIOQSU", s.ptr[i]))
            return false;
    for (size_t i = 0; i < 8; i++)
        sum += base36_value(s.ptr[i]) * weights[i % 3];
    return sum % 10 == base36_value(s.ptr[8]);
}

/* Weights 4 and 9, the seventh digit checks; two digits for the speciality follow (KBV). */
static bool
check_lanr(struct match *m)
{
    static const int8_t weights[] = {4, 9, 4, 9, 4, 9};
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 9 && (10 - digits_weigh(d, weights, 6) % 10) % 10 == d[6];
}

static bool
check_plz(struct match *m)
{
    uint8_t d[5];
    uint64_t v = digits_value(d, match_digits(m, d, sizeof(d)));

    return v >= 1001 && v <= 99998;
}

/* Without the letters of the country the check must hold: ISO 7064 mod 11,10 (BZSt). */
static bool
check_de_vat(struct match *m)
{
    uint8_t d[9];

    return ascii_alpha(m->text.ptr[m->start]) || mod11_10_valid(d, match_digits(m, d, sizeof(d)));
}

/* The fourth digit checks serial and date of birth; months above 12 were used when serials ran out. */
static bool
check_at_svnr(struct match *m)
{
    static const int8_t weights[] = {3, 7, 9, 0, 5, 8, 4, 2, 1, 6};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned month = d[6] * 10u + d[7];

    if (n != 10 || d[0] == 0 || (unsigned)digits_weigh(d, weights, n) % 11 != d[3])
        return false;
    return month >= 1 && month <= 15 && date_valid(d[8] * 10u + d[9], month > 12 ? 12 : month, d[4] * 10u + d[5]) && match_vouched(m);
}

/* 756 and EAN-13 (GS1 General Specifications 7.9). */
static bool
check_ahv(struct match *m)
{
    static const int8_t weights[] = {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3};
    uint8_t d[13];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 13 && (10 - digits_weigh(d, weights, 12) % 10) % 10 == d[12] && match_vouched(m);
}

const struct detector detect_gov_germany[] = {
    {
        ENTRY("de.idnr", "DE_TAX_ID", "German tax identification number", TIER_B, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{2}(?: ?[0-9]{3}){3}" GROUPS_END,
        .context = WORDS("steuer id", "idnr", "steueridentifikationsnummer", "steuernummer", "identifikationsnummer", "steuerid",
            "steuer identifikationsnummer", "steuerliche identifikationsnummer", "id nr", TAX_ID_WORDS),
        .need_context = true,
        .check = check_idnr,
        .examples = EXAMPLES(HIT("steuer id 36 574 261 809"), MISS("36 574 261 809"), HIT("Steuer-ID 36574261809"),
            HIT_IN("user.tax_id", "36574261809"), MISS("36574261890"), MISS("36574261809"), MISS("idnr 36574261890"), MISS("idnr 06574261809")),
    },
    {
        ENTRY("de.svnr", "DE_SOCIAL_SECURITY", "German pension insurance number", TIER_A, "government", "GDPR", 2),
        .pattern = WORD_START "[0-9]{2} ?[0-9]{6} ?[A-Z] ?[0-9]{2} ?[0-9]" WORD_END,
        .caseless = true,
        .context = WORDS("rentenversicherung", "sv nummer", "sozialversicherung", "sozialversicherungsnummer", "rentenversicherungsnummer", "rvnr",
            "svnr", "versicherungsnummer", SOCIAL_ID_WORDS),
        .check = check_svnr,
        .examples = EXAMPLES(HIT("15070649C103"), HIT("15 070649 C 103"), HIT("sv-nummer 15070649c103"), MISS("15070649C102"), MISS("15071349C103"),
            MISS("15070649c103"), MISS("15070649C1031")),
    },
    {
        ENTRY("de.kvnr", "DE_HEALTH_INSURANCE", "German health insurance number", TIER_B, "health", "GDPR-9", 2),
        .pattern = WORD_START "[A-Z][0-9]{9}(?:[0-9]{10})?" WORD_END,
        .context = WORDS("versichertennummer", "kvnr", "krankenversicherung", "krankenversichertennummer", "gkv", "versicherungsnummer",
            "versicherten nr", "versichertennr", "krankenkasse", "gesundheitskarte", "egk", "health insurance"),
        .need_context = true,
        .check = check_kvnr,
        .examples = EXAMPLES(HIT("kvnr A000500015"), HIT_IN("patient.kvnr", "A000500015"), HIT("Versichertennummer A0005000151038211571"),
            MISS("kvnr A00050001510382115"), MISS("kvnr A000500016"), MISS("A000500015")),
    },
    {
        ENTRY("de.id_card", "DE_ID_CARD", "German identity card or passport number", TIER_B, "government", "GDPR", 2),
        .pattern = WORD_START "[0-9A-Z]{8}[0-9](?:D<<)?" WORD_END,
        .context = WORDS("ausweis", "reisepass", "personalausweis", "ausweisnummer", "passnummer", "passport", "personalausweisnummer",
            "reisepassnummer", "identity card", "id card"),
        .need_context = true,
        .check = check_document,
        .examples = EXAMPLES(
            HIT("Ausweis C01X00T41"), HIT("Reisepass C01X00T41D<<"), MISS("Ausweis C01X00T42"), MISS("C01X00T41"), MISS("ausweis c01x00t41")),
    },
    {
        ENTRY("de.vat", "DE_VAT", "German VAT number", TIER_C, "government", "GDPR", 0),
        .pattern = WORD_START "(?:DE ?)?[0-9]{9}" WORD_END,
        .context = WORDS("ust id", "ust idnr", "vat", "umsatzsteuer", "umsatzsteuer identifikationsnummer", "umsatzsteueridentifikationsnummer",
            "ustid", "ustidnr"),
        .need_context = true,
        .check = check_de_vat,
        .examples = EXAMPLES(HIT("ust id DE136695976"), MISS("DE136695976"), HIT("USt-IdNr. DE 136695976"), HIT("USt-IdNr. 136695976"),
            MISS("ust id 136695978"), MISS("136695978"), MISS("DE13669597"), MISS("DE1366959761")),
    },
    {
        ENTRY("de.steuernummer", "DE_TAX_NUMBER", "German tax number", TIER_C, "government", "GDPR", 1),
        .pattern = GROUPS_START "(?<!/)(?:[0-9]{2,3}[/ ][0-9]{3}[/ ][0-9]{4,5}|[0-9]{10,13})(?!/)" GROUPS_END,
        .context = WORDS("steuernummer", "steuernr", "st nr", "stnr"),
        .need_context = true,
        .examples = EXAMPLES(HIT("Steuernummer 21/815/08150"), HIT("StNr 2181508150"), MISS("21/815/08150"), MISS("Steuernummer 218150")),
    },
    {
        ENTRY("de.kfz", "DE_VEHICLE_REGISTRATION", "German number plate", TIER_C, "government", "GDPR", 0),
        .pattern = WORD_START "(?:[A-Z]|\xc3[\x84\x96\x9c]){1,3}[- ][A-Z]{1,2}[- ]?[1-9][0-9]{0,3}[EH]?" WORD_END,
        .context = WORDS("kennzeichen", "kfz", "nummernschild", "fahrzeug"),
        .need_context = true,
        .examples = EXAMPLES(HIT("Kennzeichen B-MW 1234"), HIT("kfz M AB 12E"), MISS("B-MW 1234"), MISS("kfz B-1234")),
    },
    {
        ENTRY("de.plz", "DE_POSTAL_CODE", "German postal code", TIER_C, "contact", "GDPR", 0),
        .pattern = GROUPS_START "[0-9]{5}" GROUPS_END,
        .context = WORDS("plz", "postleitzahl", "zip", "postal code"),
        .need_context = true,
        .check = check_plz,
        .examples = EXAMPLES(HIT("PLZ 10115"), HIT_IN("kunde.plz", "01067"), MISS("10115"), MISS("plz 00123"), MISS("plz 99999")),
    },
    {
        ENTRY("de.lanr", "DE_PHYSICIAN", "German physician number", TIER_C, "health", "GDPR", 1),
        .pattern = NUM_START "[0-9]{9}" NUM_END,
        .context = WORDS("lanr", "arztnummer"),
        .need_context = true,
        .check = check_lanr,
        .examples = EXAMPLES(HIT("LANR 123456601"), HIT("arztnummer 838382202"), MISS("123456601"), MISS("LANR 123456701")),
    },
    {
        ENTRY("de.bsnr", "DE_PRACTICE", "German practice number", TIER_C, "health", "GDPR", 0),
        .pattern = NUM_START "[0-9]{9}" NUM_END,
        .context = WORDS("bsnr", "betriebsst\xc3\xa4ttennummer"),
        .need_context = true,
        .examples = EXAMPLES(HIT("BSNR 021234567"), HIT_IN("praxis.bsnr", "521234568"), MISS("021234567"), MISS("bsnr 02123456")),
    },
    {
        ENTRY("de.hrb", "DE_COMPANY_REGISTER", "German company register number", TIER_C, "government", "GDPR", 0),
        .pattern = WORD_START "HR[AB] ?[1-9][0-9]{1,5}(?: ?[A-Z]{1,2})?" WORD_END,
        .context = WORDS("handelsregister", "amtsgericht"),
        .examples = EXAMPLES(HIT("HRB 12345"), HIT("Amtsgericht Jena HRA 1234 B"), MISS("HRC 12345"), MISS("HRB x")),
    },
    {
        ENTRY("at.svnr", "AT_SOCIAL_SECURITY", "Austrian social insurance number", TIER_B, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{4}[ -]?[0-9]{6}" GROUPS_END,
        .context = WORDS(
            "svnr", "sv nummer", "sozialversicherungsnummer", "sozialversicherung", "versicherungsnummer", "sv nr", "e card", SOCIAL_ID_WORDS),
        .need_context = true,
        .check = check_at_svnr,
        .examples = EXAMPLES(
            HIT("svnr 1237 010180"), MISS("1237 010180"), HIT("svnr 1237010180"), MISS("2237 010180"), MISS("1237010180"), MISS("1237 013280")),
    },
    {
        ENTRY("ch.ahv", "CH_AHV", "Swiss social insurance number", TIER_A, "government", "GDPR FADP", 2),
        .pattern = GROUPS_START "756([. ]?)[0-9]{4}\\1[0-9]{4}\\1[0-9]{2}" GROUPS_END,
        .context = WORDS("ahv", "avs", "ahv nummer", "oasi", "sozialversicherungsnummer", "ahvn13", "navs13", SOCIAL_ID_WORDS),
        .vouched = ". ",
        .check = check_ahv,
        .examples = EXAMPLES(HIT("756.9217.0769.85"), HIT("ahv 7569217076985"), HIT("756 9217 0769 85"), MISS("756.9217.0769.84"),
            MISS("7569217076985"), MISS("755.9217.0769.85")),
    },
    {.id = NULL},
};
