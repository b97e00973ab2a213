/* Identifiers of China, Hong Kong, Japan, Korea and Taiwan. */
#include "checks_int.h"

#define FIRST_CHINESE_BIRTH 1900 /* of anybody alive; snowflakes have 18 digits too */
#define LAST_CHINESE_BIRTH 2040

/* Region (GB/T 2260: the first two digits are a province), date of birth, serial, ISO 7064 mod 11-2 (GB 11643). */
static bool
check_ric(struct match *m)
{
    static const char provinces[] = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91 ";
    uint8_t d[18];
    size_t n = match_digits(m, d, sizeof(d));
    char province[4] = {m->text.ptr[m->start], m->text.ptr[m->start + 1], ' ', 0};

    if (n == 17)
        d[n++] = 10;
    uint64_t year = digits_value(d + 6, 4);

    return n == 18 && year >= FIRST_CHINESE_BIRTH && year <= LAST_CHINESE_BIRTH && strstr(provinces, province) &&
           date_valid((unsigned)year, d[10] * 10u + d[11], d[12] * 10u + d[13]) && mod11_2_valid(d, n);
}

/* The letter of the place is two digits; weights 1, 9 to 1, 1; modulo 10. */
static bool
check_tw_id(struct match *m)
{
    static const char places[] = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    static const int8_t weights[] = {8, 7, 6, 5, 4, 3, 2, 1, 1};
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));
    int place = (int)(strchr(places, m->text.ptr[m->start]) - places) + 10;

    return n == 9 && (d[0] == 1 || d[0] == 2 || d[0] >= 8) && (place / 10 + place % 10 * 9 + digits_weigh(d, weights, n)) % 10 == 0;
}

/* Letters 10 to 35, a missing first one 36, weights 9 to 1 modulo 11; A for 10. */
static bool
check_hkid(struct match *m)
{
    struct str s = match_str(m);
    unsigned value[9], n = 9, sum = 0;

    for (size_t i = s.len; i-- > 0 && n > 0;)
        if (ascii_alnum(s.ptr[i]))
            value[--n] = base36_value(s.ptr[i]);
    if (n == 1)
        value[--n] = 36;
    if (n != 0)
        return false;
    for (unsigned i = 0; i < 9; i++)
        sum += value[i] * (9 - i);
    return sum % 11 == 0;
}

/* Weights 6 5 4 3 2 7 6 5 4 3 2; 0 for 10 and 11 (Ordinance 85 of 2014). */
static bool
check_mynumber(struct match *m)
{
    static const int8_t weights[] = {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    uint8_t d[12];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 12 && !digits_all_equal(d, n) && mod11_digit(d, weights, 11, 0, 0) == d[11] && !match_in_uuid(m) && match_vouched(m);
}

#define NEW_KOREAN_NUMBERS 2020
#define LAST_KOREAN_BIRTH 2040 /* two digits of a year cannot tell the future from the past */

/*
 * Weights 2 to 9 and 2 to 5; for foreigners (5 to 8) often 2 more. Numbers given since October 2020 have random digits in place of the check, by
 * whatever date of birth: with its name before it and the dash in it, the date has to do.
 */
static bool
check_rrn(struct match *m)
{
    static const int8_t weights[] = {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5};
    static const unsigned centuries[] = {1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800};
    uint8_t d[13];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned year = n == 13 ? centuries[d[6]] + d[0] * 10u + d[1] : 0, month = d[2] * 10u + d[3];
    bool foreigner = d[6] >= 5 && d[6] <= 8;

    if (n != 13 || !date_valid(year, month, d[4] * 10u + d[5]) || !match_vouched(m))
        return false;
    /* 200115-3004567/8000000 is a range of bytes. */
    if (year > LAST_KOREAN_BIRTH || (match_after(m, 1) == '/' && ascii_digit(match_after(m, 2))))
        return false;
    int check = 11 - digits_weigh(d, weights, 12) % 11;

    return check % 10 == d[12] || (foreigner && (check + 2) % 10 == d[12]) || (match_context(m) && match_formatted(m)) || year > NEW_KOREAN_NUMBERS ||
           (year == NEW_KOREAN_NUMBERS && month >= 10);
}

/* Tax office from 101, kind, serial, check digit. Old ones do not all pass the check: a name and the dashes make up for it. */
static bool
check_brn(struct match *m)
{
    static const int8_t weights[] = {1, 3, 7, 1, 3, 7, 1, 3, 5};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));

    if (n == 10 && match_formatted(m) && match_context(m) && digits_value(d, 3) >= 101 && d[3] + d[4] != 0)
        return true;
    return n == 10 && (10 - (digits_weigh(d, weights, 9) + d[8] * 5 / 10) % 10) % 10 == d[9] && match_vouched(m);
}

const struct detector detect_gov_far_east[] = {
    {
        ENTRY("cn.ric", "CN_RESIDENT_ID", "Chinese resident identity number", TIER_A, "government", "PIPL GDPR", 2),
        .pattern = NUM_START "[0-9]{17}[0-9X]" NUM_END,
        .caseless = true,
        .context = WORDS("\xe8\xba\xab\xe4\xbb\xbd\xe8\xaf\x81", "resident id", "id card"),
        .check = check_ric,
        .examples = EXAMPLES(HIT("360426199101010071"), HIT("11010519491231002X"),
            HIT("\xe8\xba\xab\xe4\xbb\xbd\xe8\xaf\x81"
                "360426199101010071\xe3\x80\x82"),
            MISS("360426199101010072"), MISS("990426199101010071"), MISS("360426199113010071"), MISS("828173207705253289"),
            MISS("3604261991010100711")),
    },
    {
        ENTRY("tw.id", "TW_ID", "Taiwanese identity number", TIER_C, "government", "GDPR", 2),
        .pattern = WORD_START "[A-Z][0-9]{9}" WORD_END,
        .context = WORDS("\xe8\xba\xab\xe5\x88\x86\xe8\xad\x89", "\xe8\xba\xab\xe4\xbb\xbd\xe8\xad\x89", "\xe8\xba\xab\xe5\x88\x86\xe8\xad\x89",
            "\347\265\261\344\270\200\347\267\250\350\231\237", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_tw_id,
        .examples = EXAMPLES(HIT("national id A123456789"), MISS("A123456789"),
            HIT("\xe8\xba\xab\xe5\x88\x86\xe8\xad\x89"
                "A123456789"),
            MISS("A123456788"), MISS("A323456789")),
    },
    {
        ENTRY("hk.hkid", "HK_ID", "Hong Kong identity card", TIER_C, "government", "GDPR", 2),
        .pattern = WORD_START "[A-Z]{1,2}[0-9]{6}\\([0-9A]\\)",
        .context = WORDS("hkid", "\350\272\253\344\273\275\350\255\211", PERSON_ID_WORDS),
        .check = check_hkid,
        .examples = EXAMPLES(HIT("A123456(3)"), HIT("hkid AB987654(3)"), MISS("A123456(4)"), MISS("A1234563")),
    },
    {
        ENTRY("jp.mynumber", "JP_MY_NUMBER", "Japanese individual number", TIER_B, "government", "APPI GDPR", 2),
        .pattern = GROUPS_START "[0-9]{4}([ -]?)[0-9]{4}\\1[0-9]{4}" GROUPS_END,
        .context = WORDS("\xe3\x83\x9e\xe3\x82\xa4\xe3\x83\x8a\xe3\x83\xb3\xe3\x83\x90\xe3\x83\xbc", "my number", "individual number",
            "\xe5\x80\x8b\xe4\xba\xba\xe7\x95\xaa\xe5\x8f\xb7", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_mynumber,
        .examples = EXAMPLES(HIT("my number 6214-9832-0257"), MISS("6214-9832-0257"),
            HIT("\xe3\x83\x9e\xe3\x82\xa4\xe3\x83\x8a\xe3\x83\xb3\xe3\x83\x90\xe3\x83\xbc"
                "621498320257"),
            HIT_IN("user.my_number", "621498320257"), MISS("621498320258"), MISS("621498320257"), MISS("6214-9832-0258")),
    },
    {
        ENTRY("kr.rrn", "KR_RRN", "Korean resident registration number", TIER_A, "government", "PIPA GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6}-?[0-9]{7}" GROUPS_END,
        .context = WORDS("\xec\xa3\xbc\xeb\xaf\xbc\xeb\x93\xb1\xeb\xa1\x9d\xeb\xb2\x88\xed\x98\xb8", "rrn", "resident registration", "frn",
            "\xec\x99\xb8\xea\xb5\xad\xec\x9d\xb8\xeb\x93\xb1\xeb\xa1\x9d\xeb\xb2\x88\xed\x98\xb8",
            "\354\243\274\353\257\274\353\262\210\355\230\270", "\354\243\274\353\257\274\353\223\261\353\241\235", PERSON_ID_WORDS),
        .vouched = "-",
        .check = check_rrn,
        .examples = EXAMPLES(HIT("971013-9019902"), HIT("rrn 9710139019902"), HIT("201015-3123456"), HIT("rrn 971013-1019903"),
            MISS("971013-9019903"), MISS("rrn 9710131019903"), MISS("9710139019902"), MISS("971313-9019902")),
    },
    {
        ENTRY("kr.brn", "KR_BRN", "Korean business registration number", TIER_C, "government", "GDPR", 0),
        .pattern = GROUPS_START "[0-9]{3}(-?)[0-9]{2}\\1[0-9]{5}" GROUPS_END,
        .context = WORDS("\xec\x82\xac\xec\x97\x85\xec\x9e\x90\xeb\x93\xb1\xeb\xa1\x9d\xeb\xb2\x88\xed\x98\xb8", "business registration", "brn",
            "business number", "\354\202\254\354\227\205\354\236\220\353\262\210\355\230\270"),
        .need_context = true,
        .check = check_brn,
        .examples = EXAMPLES(HIT("business registration 116-82-00276"), MISS("116-82-00276"), HIT("business registration 1168200276"),
            HIT("BRN: 116-82-00277"), MISS("brn 1168200277"), MISS("brn 016-82-00278"), MISS("116-82-00277"), MISS("1168200276")),
    },
    {.id = NULL},
};
