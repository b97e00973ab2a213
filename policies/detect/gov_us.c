/* Government identifiers of the United States. */
#include "checks_int.h"

/* Areas 000, 666 and 9xx, group 00 and serial 0000 are never assigned; two numbers were published in advertisements and void since. */
static bool
check_ssn(struct match *m)
{
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));
    uint64_t area = digits_value(d, 3), value = digits_value(d, n);

    if (n != 9 || area == 0 || area == 666 || area >= 900 || value / 10000 % 100 == 0 || value % 10000 == 0)
        return false;
    if (value == 78051120 || value == 219099999 || digits_all_equal(d, n))
        return false;
    return match_vouched(m);
}

/* Groups 50-65, 70-88, 90-92 and 94-99 (IRS). */
static bool
check_itin(struct match *m)
{
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));
    uint64_t group = digits_value(d + 3, 2);

    return n == 9 && d[0] == 9 && ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group != 93)) && match_vouched(m);
}

/* The first two digits name the campus of the IRS, or the internet. */
static bool
check_ein(struct match *m)
{
    static const char unassigned[] = "00 07 08 09 17 18 19 28 29 49 69 70 78 79 89 96 97 ";
    char prefix[4] = {m->text.ptr[m->start], m->text.ptr[m->start + 1], ' ', 0};

    return !strstr(unassigned, prefix) && match_vouched(m);
}

/* Luhn over 80840, the prefix of health in the US, and the number (45 CFR 162.406). */
static bool
check_npi(struct match *m)
{
    uint8_t d[15] = {8, 0, 8, 4, 0};
    size_t n = match_digits(m, d + 5, 10);

    return n == 10 && (d[5] == 1 || d[5] == 2) && luhn_valid(d, sizeof(d)) && !digits_all_equal(d + 5, 9);
}

/* The sum of the odd places and twice the sum of the even ones ends in the seventh digit. */
static bool
check_dea(struct match *m)
{
    static const int8_t weights[] = {1, 2, 1, 2, 1, 2};
    uint8_t d[7];

    if (!strchr("ABCDEFGHJKLMPRSTUX", m->text.ptr[m->start]))
        return false;
    return str_digits(str_sub(m->text, m->end - 7, m->end), d, sizeof(d)) == 7 && digits_weigh(d, weights, 6) % 10 == d[6];
}

/* 49 CFR 565.15: letters have values, weights by place, remainder modulo 11 in the ninth place, X for 10. */
static bool
check_vin(struct match *m)
{
    static const char letters[] = "ABCDEFGH..JKLMN.P.R..STUVWXYZ", values[] = "12345678..12345.7.9..23456789";
    static const uint8_t weights[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    struct str s = match_str(m);
    unsigned sum = 0, digits = 0;

    for (size_t i = 0; i < sizeof(weights); i++) {
        const char *at = strchr(letters, s.ptr[i]);

        digits += ascii_digit(s.ptr[i]);
        sum += weights[i] * (ascii_digit(s.ptr[i]) ? (unsigned)(s.ptr[i] - '0') : (unsigned)(values[at - letters] - '0'));
    }
    /* The last four are digits (49 CFR 565.15 (d)). */
    for (size_t i = 13; i < sizeof(weights); i++)
        if (!ascii_digit(s.ptr[i]))
            return false;
    return s.ptr[8] == "0123456789X"[sum % 11] && digits < sizeof(weights);
}

/* No S L O I B Z, which look like digits (CMS). */
static bool
check_mbi(struct match *m)
{
    for (size_t i = m->start; i < m->end; i++)
        if (strchr("SLOIBZ", m->text.ptr[i]))
            return false;
    if (m->text.ptr[m->start] == '0')
        return false;
    return match_context(m) || match_group(m, 1).len > 0;
}

const struct detector detect_gov_us[] = {
    {
        .id = "us.ssn",
        .entity = "US_SSN",
        .title = "US social security number",
        .tier = TIER_A,
        .category = "government",
        .controls = "HIPAA-G CCPA GDPR",
        .pattern = GROUPS_START "[0-9]{3}(?:([-. ])[0-9]{2}\\1[0-9]{4}|[0-9]{6})" GROUPS_END,
        .context = WORDS("ssn", "social security", "soc sec", "social security number", "ssn number", "ssno", "ss number", "ss no", "ss#"),
        .vouched = "-. ",
        .check = check_ssn,
        .severity = 2,
        .examples = EXAMPLES(HIT("536-90-4399"), HIT("536.90.4399"), HIT("536 90 4399"), HIT("ssn 536904399"), HIT("SS# 536904399"),
            HIT_IN("user.ssn", "536904399"),
            HIT("\xe5\x8f\xb7"
                "536-90-4399\xe3\x80\x82"),
            HIT("123-45-6789"), MISS("666-00-0000"), MISS("078-05-1120"), MISS("693-09.4444"), MISS("219-09-9999"), MISS("536904399"),
            MISS("000-12-3456"), MISS("912-45-6789"), MISS("536-90-43991"), MISS("1-536-90-4399")),
    },
    {
        ENTRY("us.itin", "US_ITIN", "US individual taxpayer number", TIER_A, "government", "HIPAA-R GDPR", 2),
        .pattern = GROUPS_START "[0-9]{3}(?:([-. ])[0-9]{2}\\1[0-9]{4}|[0-9]{6})" GROUPS_END,
        .context = WORDS("itin", "taxpayer", "individual taxpayer", TAX_ID_WORDS),
        .vouched = "-. ",
        .check = check_itin,
        .examples = EXAMPLES(HIT("912-90-3456"), HIT("itin 912903456"), HIT("950-50-1234"), MISS("912-93-4567"), MISS("123-45-6789"),
            MISS("912903456"), MISS("912-49-4567")),
    },
    {
        ENTRY("us.ein", "US_EIN", "US employer identification number", TIER_B, "government", "GDPR", 0),
        .pattern = GROUPS_START "[0-9]{2}-?[0-9]{7}" GROUPS_END,
        .context = WORDS("ein", "employer", "fein", "employer id", "employer identification", "federal tax id", TAX_ID_WORDS),
        .need_context = true,
        .check = check_ein,
        .examples = EXAMPLES(HIT("ein 91-1144442"), MISS("91-1144442"), HIT("ein 911144442"), MISS("07-1144442"), MISS("911-14-4442"),
            MISS("911144442"), MISS("91-11444421")),
    },
    {
        ENTRY("us.passport", "US_PASSPORT", "US passport number", TIER_B, "government", "HIPAA-K GDPR", 2),
        .pattern = NUM_START "(?:[0-9]{9}|[A-Z][0-9]{8})" NUM_END,
        .context = WORDS("passport", "passport number", "passport no"),
        .need_context = true,
        .examples = EXAMPLES(
            HIT("passport 123456789"), HIT_IN("user.passport", "A12345678"), MISS("A12345678"), MISS("passport 12345678"), MISS("123456789")),
    },
    {
        /* Only with its name before it: a letter and digits is what half of all identifiers look like. */
        ENTRY("us.driver_license", "US_DRIVER_LICENSE", "US driving licence number", TIER_C, "government", "HIPAA-K GDPR", 1),
        .pattern = WORD_START "(?:[A-Z][0-9]{7,8}|[A-Z][0-9]{11,14}|[0-9]{7,9}|[A-Z]{2}[0-9]{6}[A-Z]?|[A-Z][0-9]{3}-[0-9]{4}-[0-9]{4}|[0-9]{3}[ "
                              "-][0-9]{3}[ -][0-9]{3})" NUM_END,
        .context = WORDS("driver license", "drivers license", "driver s license", "driver licence", "driving licence", "driver license number",
            "license number", "dl number", "dmv", "dl no", "dl"),
        .need_context = true,
        .examples = EXAMPLES(HIT("driver license A1234567"), HIT("DL: F123456789012"), HIT_IN("driversLicense", "123456789"), MISS("A1234567"),
            MISS("public A1234567"), MISS("duplicate key H1234567"), MISS("license A12")),
    },
    {
        ENTRY("us.mbi", "US_MBI", "US Medicare beneficiary identifier", TIER_B, "health", "HIPAA-I GDPR", 2),
        .pattern = WORD_START "[0-9][A-Z][0-9A-Z][0-9](-?)[A-Z][0-9A-Z][0-9]\\1[A-Z]{2}[0-9]{2}" WORD_END,
        .context = WORDS("medicare", "mbi", "beneficiary", "cms"),
        .check = check_mbi,
        .examples = EXAMPLES(HIT("1EG4-TE5-MK73"), HIT("medicare 1EG4TE5MK73"), HIT_IN("patient.mbi", "1EG4TE5MK73"), MISS("1SG4-TE5-MK73"),
            MISS("AEG4-TE5-MK73"), MISS("1EG4TE5MK73"), MISS("1EG4-TE5MK73")),
    },
    {
        ENTRY("us.npi", "US_NPI", "US national provider identifier", TIER_B, "health", "HIPAA-K", 0),
        .pattern = NUM_START "[0-9]{10}" NUM_END,
        .context = WORDS("npi", "provider", "provider id", "national provider"),
        .need_context = true,
        .check = check_npi,
        .examples = EXAMPLES(HIT("npi 1234567893"), HIT_IN("provider.npi", "1234567893"), MISS("npi 1234567890"), MISS("1234567893"),
            MISS("npi 1111111112"), MISS("npi 3234567893")),
    },
    {
        ENTRY("us.dea", "US_DEA", "US drug enforcement registration", TIER_B, "health", "HIPAA-K", 1),
        .pattern = WORD_START "[A-Z][A-Z9][0-9]{7}" WORD_END,
        .context = WORDS("dea", "prescriber", "dea number"),
        .need_context = true,
        .check = check_dea,
        .examples = EXAMPLES(
            HIT("dea AB1234563"), HIT_IN("prescriber.dea", "AB1234563"), MISS("dea AB1234560"), MISS("AB1234563"), MISS("dea QB1234563")),
    },
    {
        ENTRY("us.hicn", "US_HICN", "US health insurance claim number", TIER_C, "health", "HIPAA-I", 2),
        .pattern = GROUPS_START "[0-9]{3}-?[0-9]{2}-?[0-9]{4}-?[ABCDEFHJKMTW][A-Z0-9]?" WORD_END,
        .context = WORDS("hicn", "medicare", "claim number", "health insurance claim"),
        .need_context = true,
        .examples = EXAMPLES(HIT("hicn 123-45-6789A"), HIT("Medicare 123456789B1"), MISS("123-45-6789A"), MISS("hicn 123-45-6789")),
    },
    {
        ENTRY("us.vehicle_vin", "VEHICLE_VIN", "Vehicle identification number", TIER_C, "government", "HIPAA-L GDPR", 1),
        .pattern = WORD_START "(?=[A-HJ-NPR-Z]{0,16}[0-9])[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}" WORD_END,
        .context = WORDS("vin", "vehicle"),
        .check = check_vin,
        .examples = EXAMPLES(HIT("1HGCM82633A004352"), HIT("vin 1M8GDM9AXKP042788"), MISS("1HGCM82633A004353"), MISS("0Z3RXTK77XL7TXR0Z"),
            MISS("1HGCM82633A00435"), MISS("11111111111111111")),
    },
    {.id = NULL},
};
