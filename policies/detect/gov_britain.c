/* Identifiers of the United Kingdom and Ireland. */
#include "checks_int.h"

/* D F I Q U V stand in neither place, O not in the second; some pairs are not given (HMRC NIM39110). */
static bool
check_nino(struct match *m)
{
    static const char not_given[] = "BG GB KN NK NT TN ZZ ";
    char prefix[4] = {ascii_upper(m->text.ptr[m->start]), ascii_upper(m->text.ptr[m->start + 1]), ' ', 0};

    if (strchr("DFIQUV", prefix[0]) || strchr("DFIQUVO", prefix[1]) || strstr(not_given, prefix))
        return false;
    return match_context(m) || match_shouted(m);
}

/* Weights 10 to 2, modulo 11; a remainder that asks for 10 is never issued. Written in groups with spaces it stands for itself. */
static bool
check_nhs(struct match *m)
{
    static const int8_t weights[] = {10, 9, 8, 7, 6, 5, 4, 3, 2};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));

    if (n != 10 || digits_all_equal(d, n) || mod11_digit(d, weights, 9, 10, 0) != d[9])
        return false;
    return match_context(m) || str_find(match_str(m), STR(" ")) != SIZE_MAX;
}

/* The first digit checks the other nine by a table (HMRC). */
static bool
check_utr(struct match *m)
{
    static const int8_t weights[] = {6, 7, 8, 9, 10, 5, 4, 3, 2};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 10 && (unsigned)("21987654321"[digits_weigh(d + 1, weights, 9) % 11] - '0') == d[0];
}

/* Surname, decade, month (plus 50 for women), day, year, initials: the date must be one. */
static bool
check_dvla(struct match *m)
{
    size_t at = m->start + (m->text.ptr[m->start + 5] == ' ' ? 6 : 5);
    uint8_t d[6];
    size_t n = str_digits(str_sub(m->text, at, at + 6), d, sizeof(d));
    unsigned month = d[1] * 10u + d[2];

    return n == 6 && date_valid(d[0] * 10u + d[5], month > 50 ? month - 50 : month, d[3] * 10u + d[4]);
}

/* Weights 8 to 2 and nine times the second letter, modulo 23. */
static bool
check_pps(struct match *m)
{
    static const int8_t weights[] = {8, 7, 6, 5, 4, 3, 2};
    struct str s = match_str(m);
    uint8_t d[7];
    size_t n = match_digits(m, d, sizeof(d));
    char second = s.len > 8 ? ascii_upper(s.ptr[8]) : 'W';
    unsigned sum = n == 7 ? (unsigned)digits_weigh(d, weights, n) : 0;

    if (!strchr("ABHWTX", second))
        return false;
    if (second != 'W' && second != 'T' && second != 'X')
        sum += 9u * (unsigned)(second - 'A' + 1);
    return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == ascii_upper(s.ptr[7]);
}

const struct detector detect_gov_britain[] = {
    {
        ENTRY("uk.nino", "UK_NINO", "UK national insurance number", TIER_A, "government", "GDPR", 2),
        .pattern = WORD_START "[A-Z]{2}(?:([ -]?)[0-9]{2}\\1[0-9]{2}\\1[0-9]{2}\\1| ?[0-9]{6} ?)[A-D]" WORD_END,
        .caseless = true,
        .context = WORDS("national insurance", "nino", "ni number", "national insurance number", "insurance number", "ni no"),
        .check = check_nino,
        .examples = EXAMPLES(HIT("AB123456C"), HIT("YZ 61 48 68 B"), HIT("nino ab123456c"), HIT("AB 123456 C"), HIT("AB-12-34-56-C"),
            HIT("\xe5\x8f\xb7"
                "AB123456C\xe3\x80\x82"),
            MISS("BG123612A"), MISS("AA 12 34 56 H"), MISS("FQ 00 00 00 C"), MISS("xAB123456C"), MISS("AB123456C1"), MISS("AO123456C"),
            MISS("checkout-kz244244d-ddqtf")),
    },
    {
        ENTRY("uk.nhs", "UK_NHS", "UK national health service number", TIER_B, "health", "GDPR-9", 2),
        .pattern = GROUPS_START "[0-9]{3}([ -]?)[0-9]{3}\\1[0-9]{4}" GROUPS_END,
        .context = WORDS("nhs", "patient", "health", "nhs number", "national health"),
        .need_context = true,
        .check = check_nhs,
        .examples = EXAMPLES(HIT("nhs 943 476 5870"), MISS("943 476 5870"), HIT("nhs 9434765870"), HIT("NHS number: 943-476-5870"),
            MISS("9434765871"), MISS("9434765870"), MISS("943 476 5871"), MISS("943-476-5870"), MISS("nhs 1111111111")),
    },
    {
        ENTRY("uk.utr", "UK_UTR", "UK unique taxpayer reference", TIER_B, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{5} ?[0-9]{5}" NUM_END,
        .context = WORDS("utr", "self assessment", "unique taxpayer", "taxpayer reference", "tax reference", TAX_ID_WORDS),
        .need_context = true,
        .check = check_utr,
        .examples = EXAMPLES(HIT("utr 1955839661"), HIT("self-assessment 19558 39661"), MISS("utr 2955839661"), MISS("1955839661")),
    },
    {
        ENTRY("uk.passport", "UK_PASSPORT", "UK passport number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "(?:[A-Z]{2}[0-9]{7}|[0-9]{9})" NUM_END,
        .context = WORDS("passport", "passport number", "passport no"),
        .need_context = true,
        .examples = EXAMPLES(HIT("passport AB1234567"), HIT("passport no. 123456789"), MISS("AB1234567"), MISS("passport AB123456")),
    },
    {
        ENTRY("uk.driving_licence", "UK_DRIVING_LICENCE", "UK driving licence number", TIER_C, "government", "GDPR", 2),
        .pattern = WORD_START "[A-Z][A-Z9]{4} ?[0-9]{6} ?[A-Z][A-Z9][0-9] ?[A-Z0-9]{2}" WORD_END,
        .context = WORDS("dvla", "driving licence", "licence"),
        .check = check_dvla,
        .examples = EXAMPLES(
            HIT("MORGA657054SM9IJ"), HIT("FO999512070J99AA"), MISS("MORGA637054SM9IJ"), MISS("MORGA657054SM9I"), MISS("MORGA657324SM9IJ")),
    },
    {
        ENTRY("uk.vrn", "UK_VEHICLE_REGISTRATION", "UK vehicle registration mark", TIER_C, "government", "GDPR HIPAA-L", 0),
        .pattern = WORD_START "(?:[A-Z]{2}[0-9]{2} ?[A-Z]{3}|[A-Z][0-9]{1,3} ?[A-Z]{3}|[A-Z]{3} ?[0-9]{1,3}[A-Z])" WORD_END,
        .context = WORDS("reg", "registration", "number plate", "vrn", "vehicle registration", "licence plate"),
        .need_context = true,
        .examples = EXAMPLES(
            HIT("reg AB12 CDE"), HIT_IN("vehicle.registration", "AB12CDE"), HIT("vrn A123 BCD"), MISS("AB12 CDE"), MISS("reg AB1 2CDE")),
    },
    {
        ENTRY("ie.pps", "IE_PPS", "Irish personal public service number", TIER_B, "government", "GDPR", 2),
        .pattern = WORD_START "[0-9]{7}[A-Z]{1,2}" WORD_END,
        .caseless = true,
        .context = WORDS("pps", "ppsn", "pps number", "personal public service", "public service number", SOCIAL_ID_WORDS),
        .need_context = true,
        .check = check_pps,
        .examples = EXAMPLES(HIT("pps 6433435OA"), HIT("PPSN: 6433435F"), HIT_IN("user.ppsn", "6433435fw"), MISS("pps 6433435VH"), MISS("6433435OA"),
            MISS("pps 6433435E")),
    },
    {.id = NULL},
};
