/* Identifiers of the Baltic states, Czechia, Hungary, Poland, Russia and Slovakia. */
#include "checks_int.h"

/* Women have 50 added to the month; 20 more when the serials of a day ran out. Nine digits, before 1954, have no
 * check, and no such month. */
static bool
check_rc(struct match *m)
{
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned month = d[2] * 10u + d[3];

    month -= month > 70 ? 70 : month > 50 ? 50 : month > 20 ? 20 : 0;
    if ((n != 9 && n != 10) || !date_valid(d[0] * 10u + d[1], month, d[4] * 10u + d[5]))
        return false;
    if (n == 9)
        return d[0] * 10 + d[1] < 54 && (d[2] == 0 || d[2] == 1 || d[2] == 5 || d[2] == 6) && match_vouched(m);
    return digits_value(d, 9) % 11 % 10 == d[9] && match_vouched(m);
}

/* 8, days since 1867, serial; weights 1 to 9 modulo 11 (Art. 2007. CXXVII). */
static bool
check_hu_tin(struct match *m)
{
    static const int8_t weights[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 10 && d[0] == 8 && digits_weigh(d, weights, 9) % 11 == d[9];
}

/* The check of EE and LT: two sets of weights, the second when the first asks for 10; then 0. */
static bool
check_isikukood(struct match *m)
{
    static const int8_t first[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1}, second[] = {3, 4, 5, 6, 7, 8, 9, 1, 2, 3};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    if (n != 11 || d[0] < 1 || d[0] > 6 || !date_yymmdd(d + 1))
        return false;
    int check = digits_weigh(d, first, 10) % 11;

    if (check == 10)
        check = digits_weigh(d, second, 10) % 11 % 10;
    return check == d[10];
}

/* Date, century and serial, check; numbers since 2017 begin with 32 and hold no date. */
static bool
check_lv_pk(struct match *m)
{
    static const int8_t weights[] = {10, 5, 8, 4, 2, 1, 6, 3, 7, 9};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    if (n != 11 || !match_vouched(m))
        return false;
    if (d[0] == 3 && d[1] == 2)
        return true;
    return date_ddmmyy(d) && d[6] <= 2 && (1 + digits_weigh(d, weights, 10)) % 11 % 10 == d[10];
}

/* Weights 1 3 7 9; the century is in the month: 80 for 18xx, 0, 20, 40, 60. */
static bool
check_pesel(struct match *m)
{
    static const int8_t weights[] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned month = d[2] * 10u + d[3];

    return n == 11 && date_valid(d[0] * 10u + d[1], month % 20, d[4] * 10u + d[5]) && digits_weigh(d, weights, 11) % 10 == 0;
}

static bool
check_nip(struct match *m)
{
    static const int8_t weights[] = {6, 5, 7, 2, 3, 4, 5, 6, 7};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 10 && !digits_all_equal(d, n) && digits_weigh(d, weights, 9) % 11 == d[9] && match_vouched(m);
}

/* Ten digits with one check, twelve with two. */
static bool
check_inn(struct match *m)
{
    static const int8_t weights[] = {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
    uint8_t d[12];
    size_t n = match_digits(m, d, sizeof(d));

    if (n == 10)
        return digits_value(d, n) != 0 && digits_weigh(d, weights + 2, 9) % 11 % 10 == d[9];
    return n == 12 && digits_value(d, n) != 0 && digits_weigh(d, weights + 1, 10) % 11 % 10 == d[10] &&
           digits_weigh(d, weights, 11) % 11 % 10 == d[11];
}

static bool
check_snils(struct match *m)
{
    static const int8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 11 && digits_value(d, n) != 0 && (uint64_t)digits_weigh(d, weights, 9) % 101 % 100 == digits_value(d + 9, 2) && match_vouched(m);
}

const struct detector detect_gov_east[] = {
    {
        ENTRY("cz.rc", "CZ_BIRTH_NUMBER", "Czech or Slovak birth number", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6}/?[0-9]{3,4}(?!/[0-9])" GROUPS_END,
        .context = WORDS("r\xc4\x8d", "rodn\xc3\xa9 \xc4\x8d\xc3\xadslo", "rodne cislo", "rod \304\215", "rc", "rodne", "r \304\215", "birth number",
            PERSON_ID_WORDS),
        .vouched = "/",
        .check = check_rc,
        .examples = EXAMPLES(HIT("710319/2745"), HIT("401231/123"), MISS("403231/123"), HIT("rodne cislo 7103192745"),
            HIT("rod. \304\215. 7103192745"), HIT("rc 401231/123"), MISS("710319/2746"), MISS("7103192745"), MISS("711319/2745")),
    },
    {
        ENTRY("hu.tin", "HU_TAX_ID", "Hungarian tax number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{10}" NUM_END,
        .context = WORDS("ad\xc3\xb3"
                         "azonos\xc3\xadt\xc3\xb3",
            "adoazonosito", "ad\303\263sz\303\241m", "adoszam", TAX_ID_WORDS),
        .need_context = true,
        .check = check_hu_tin,
        .examples = EXAMPLES(HIT("adoazonosito 8071592153"), HIT_IN("user.tax_id", "8071592153"), MISS("8071592153"), MISS("tax id 8071592154")),
    },
    {
        ENTRY("pl.pesel", "PL_PESEL", "Polish personal number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{11}" NUM_END,
        .context = WORDS("pesel", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_pesel,
        .examples = EXAMPLES(
            HIT("pesel 44051401359"), MISS("44051401359"), HIT("pesel 44051401359"), MISS("44051401358"), MISS("02381307589"), MISS("4405140135")),
    },
    {
        ENTRY("pl.nip", "PL_NIP", "Polish tax number", TIER_C, "government", "GDPR", 1),
        .pattern = GROUPS_START "[0-9]{3}(?:-[0-9]{3}-[0-9]{2}-[0-9]{2}|-[0-9]{2}-[0-9]{2}-[0-9]{3}|[0-9]{7})" GROUPS_END,
        .context = WORDS("nip", TAX_ID_WORDS),
        .need_context = true,
        .check = check_nip,
        .examples = EXAMPLES(HIT("nip 8567346215"), HIT("nip 856-734-62-15"), MISS("856-734-62-15"), MISS("nip 8567346216"), MISS("8567346215")),
    },
    {
        ENTRY("ee.isikukood", "EE_PERSONAL_CODE", "Estonian or Lithuanian personal code", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{11}" NUM_END,
        .context = WORDS("isikukood", "asmens kodas", "ik", "isiku kood", "a k", "ak", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_isikukood,
        .examples = EXAMPLES(
            HIT("isikukood 38507300337"), MISS("38507300337"), HIT("asmens kodas 33309240064"), MISS("38507300338"), MISS("38513300337")),
    },
    {
        ENTRY("lv.pk", "LV_PERSONAL_CODE", "Latvian personal code", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6}-?[0-9]{5}" GROUPS_END,
        .context = WORDS("personas kods", "pk", "p k", "personas kodu", PERSON_ID_WORDS),
        .vouched = "-",
        .check = check_lv_pk,
        .examples = EXAMPLES(HIT("161175-19997"), HIT("personas kods 16117519997"), HIT("327654-12345"), MISS("161375-19997"), MISS("16117519997"),
            MISS("161175-19998")),
    },
    {
        ENTRY("ru.inn", "RU_INN", "Russian taxpayer number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{10}(?:[0-9]{2})?" NUM_END,
        .context = WORDS("\xd0\xb8\xd0\xbd\xd0\xbd", "inn",
            "\320\275\320\260\320\273\320\276\320\263\320\276\320\277\320\273\320\260\321\202\320\265\320\273\321\214\321\211\320\270\320\272\320"
            "\260",
            TAX_ID_WORDS),
        .need_context = true,
        .check = check_inn,
        .examples = EXAMPLES(HIT("\xd0\x98\xd0\x9d\xd0\x9d 7707083893"), HIT("inn 500100732259"), HIT_IN("user.inn", "7707083893"),
            MISS("7707083893"), MISS("inn 7707083894"), MISS("inn 500100732258")),
    },
    {
        ENTRY("ru.snils", "RU_SNILS", "Russian insurance account number", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{3}(-?)[0-9]{3}\\1[0-9]{3}[ -]?[0-9]{2}" GROUPS_END,
        .context = WORDS("\xd1\x81\xd0\xbd\xd0\xb8\xd0\xbb\xd1\x81", "snils",
            "\321\201\321\202\321\200\320\260\321\205\320\276\320\262\320\276\320\271 \320\275\320\276\320\274\320\265\321\200", SOCIAL_ID_WORDS),
        .vouched = "- ",
        .check = check_snils,
        .examples = EXAMPLES(HIT("112-233-445 95"), HIT("snils 11223344595"), HIT("\xd0\xa1\xd0\x9d\xd0\x98\xd0\x9b\xd0\xa1: 112-233-445 95"),
            MISS("112-233-445 96"), MISS("11223344595")),
    },
    {.id = NULL},
};
