/* Identifiers of Denmark, Finland, Iceland, Norway and Sweden. */
#include "checks_int.h"

/* Luhn over the last ten digits; the day of a coordination number is 60 higher. */
static bool
check_personnummer(struct match *m)
{
    uint8_t d[12];
    size_t n = match_digits(m, d, sizeof(d));
    const uint8_t *ten = d + (n == 12 ? 2 : 0);

    if ((n != 10 && n != 12) || (n == 12 && (digits_value(d, 2) < 18 || digits_value(d, 2) > 20)))
        return false;
    unsigned day = ten[4] * 10u + ten[5];

    if (!date_valid(ten[0] * 10u + ten[1], ten[2] * 10u + ten[3], day > 60 ? day - 60 : day) || !luhn_valid(ten, 10))
        return false;
    return match_vouched(m);
}

/* The number of date and individual modulo 31 chooses the last character. */
static bool
check_hetu(struct match *m)
{
    struct str s = match_str(m);
    uint8_t d[9];

    /* The century sign has no digits; the last character may be one. */
    if (!strchr("-+YXWVUABCDEF", ascii_upper(s.ptr[6])) || str_digits(str_sub(s, 0, 10), d, sizeof(d)) != 9 || !date_ddmmyy(d) ||
        !(match_context(m) || match_shouted(m)))
        return false;
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[digits_value(d, 9) % 31] == ascii_upper(s.ptr[10]);
}

/* The check digit was given up in 2007: only the date can be wrong. */
static bool
check_cpr(struct match *m)
{
    uint8_t d[10];

    return match_digits(m, d, sizeof(d)) == 10 && date_ddmmyy(d) && match_vouched(m);
}

/* Two check digits; the day of a D-number is 40 higher, the month of a help number 40, of a test number 80 or 65. */
static bool
check_fodselsnummer(struct match *m)
{
    static const int8_t first[] = {3, 7, 6, 1, 8, 9, 4, 5, 2}, second[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned day = d[0] * 10u + d[1], month = d[2] * 10u + d[3];

    day -= day > 40 ? 40 : 0;
    month -= month > 80 ? 80 : month > 65 ? 65 : month > 40 ? 40 : 0;
    return n == 11 && date_valid(d[4] * 10u + d[5], month, day) && mod11_digit(d, first, 9, 10, 0) == d[9] &&
           mod11_digit(d, second, 10, 10, 0) == d[10];
}

/* The ninth digit checks, the tenth is the century; companies have 40 added to the day. */
static bool
check_kennitala(struct match *m)
{
    static const int8_t weights[] = {3, 2, 7, 6, 5, 4, 3, 2};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned day = d[0] * 10u + d[1];

    if (n != 10 || !date_valid(d[4] * 10u + d[5], d[2] * 10u + d[3], day > 40 ? day - 40 : day))
        return false;
    return (d[9] == 0 || d[9] >= 8) && mod11_digit(d, weights, 8, 10, 0) == d[8] && match_vouched(m);
}

const struct detector detect_gov_nordic[] = {
    {
        ENTRY("se.personnummer", "SE_PERSONNUMMER", "Swedish personal number", TIER_A, "government", "GDPR", 2),
        .pattern = GROUPS_START "(?:[0-9]{8}|[0-9]{6})[-+]?[0-9]{4}" GROUPS_END,
        .context = WORDS("personnummer", "samordningsnummer", "personnr", "person nr", "pnr", "person nummer", PERSON_ID_WORDS),
        .vouched = "-+",
        .check = check_personnummer,
        .examples = EXAMPLES(HIT("880320-0016"), HIT("personnummer 8803200016"), HIT("19880320-0016"), HIT("880380-0016 personnummer 880320-0016"),
            HIT("880320+0016"), MISS("880320-0018"), MISS("8803200016"), MISS("881320-0016")),
    },
    {
        ENTRY("fi.hetu", "FI_HETU", "Finnish personal identity code", TIER_A, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6}[-+A-Y][0-9]{3}[0-9A-Y]" WORD_END,
        .caseless = true,
        .context = WORDS("hetu", "henkil\xc3\xb6tunnus", "personbeteckning", "sosiaaliturvatunnus", PERSON_ID_WORDS),
        .check = check_hetu,
        .examples = EXAMPLES(HIT("131052-308T"), HIT("hetu 131052-308t"), HIT("131052A308T"), MISS("131052-308U"), MISS("310252-308T"),
            MISS("131052-308TX"), MISS("131052a308t")),
    },
    {
        ENTRY("dk.cpr", "DK_CPR", "Danish personal number", TIER_B, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6}[- ]?[0-9]{4}" GROUPS_END,
        .context = WORDS("cpr", "cpr nummer", "personnummer", "person nummer", "cprnr", "cprnummer", PERSON_ID_WORDS),
        .vouched = "- ",
        .check = check_cpr,
        .examples = EXAMPLES(HIT("211062-5629"), HIT("cpr 2110625629"), HIT_IN("user.cpr", "2110625629"), MISS("511062-5629"), MISS("2110625629"),
            MISS("cpr 2113625629")),
    },
    {
        ENTRY("no.fodselsnummer", "NO_FODSELSNUMMER", "Norwegian birth number", TIER_B, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6}[ -]?[0-9]{5}" GROUPS_END,
        .context = WORDS("f\xc3\xb8"
                         "dselsnummer",
            "fodselsnummer", "personnummer", "fnr", "f\303\270dselsnr", "fodselsnr", "f\303\270dsels", "d nummer", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_fodselsnummer,
        .examples = EXAMPLES(HIT("fnr 15108695088"), MISS("15108695088"), HIT("fnr 151086 95088"), MISS("151086 95088"), HIT("fnr 15108695088"),
            MISS("15108695077"), MISS("15138695088"), MISS("99999999999")),
    },
    {
        ENTRY("is.kennitala", "IS_KENNITALA", "Icelandic identity number", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6}-?[0-9]{4}" GROUPS_END,
        .context = WORDS("kennitala", "kt", PERSON_ID_WORDS),
        .vouched = "-",
        .check = check_kennitala,
        .examples = EXAMPLES(HIT("120174-3399"), HIT("kennitala 1201743399"), MISS("530575-0299"), MISS("1201743399"), MISS("120174-3389")),
    },
    {.id = NULL},
};
