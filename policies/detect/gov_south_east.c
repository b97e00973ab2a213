/* Identifiers of Bulgaria, Croatia, Greece, Slovenia and Turkey. */
#include "checks_int.h"

/* The month is 20 higher for births before 1900, 40 for those since 2000. */
static bool
check_egn(struct match *m)
{
    static const int8_t weights[] = {2, 4, 8, 5, 10, 9, 7, 3, 6};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned month = d[2] * 10u + d[3];

    month -= month > 40 ? 40 : month > 20 ? 20 : 0;
    if (n != 10 || !date_valid(d[0] * 10u + d[1], month, d[4] * 10u + d[5]) || digits_weigh(d, weights, 9) % 11 % 10 != d[9])
        return false;
    return match_context(m) || !digits_epoch(d, n);
}

static bool
check_oib(struct match *m)
{
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 11 && mod11_10_valid(d, n) && !digits_all_equal(d, n);
}

static bool
check_amka(struct match *m)
{
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 11 && date_ddmmyy(d) && luhn_valid(d, n);
}

/* Powers of two from the right, modulo 11, modulo 10. */
static bool
check_afm(struct match *m)
{
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned sum = 0;

    for (size_t i = 0; i < 8; i++)
        sum += (unsigned)d[i] << (8 - i);
    return n == 9 && digits_value(d, n) != 0 && sum % 11 % 10 == d[8];
}

/* DDMMYYY, region, serial, check; all the states of former Yugoslavia. */
static bool
check_emso(struct match *m)
{
    static const int8_t weights[] = {7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    uint8_t d[13];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned year = (unsigned)digits_value(d + 4, 3);

    if (n != 13 || !date_valid(year + (year < 800 ? 2000 : 1000), d[2] * 10u + d[3], d[0] * 10u + d[1]) || mod11_digit(d, weights, 12, 0, 0) != d[12])
        return false;
    return match_context(m) || !digits_epoch(d, n);
}

/* Seven times the odd places minus the even ones, then the sum of ten (Turkish identity law 5490). */
static bool
check_tckn(struct match *m)
{
    static const int8_t first[] = {7, -1, 7, -1, 7, -1, 7, -1, 7}, ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 11 && d[0] != 0 && (digits_weigh(d, first, 9) % 10 + 10) % 10 == d[9] && digits_weigh(d, ones, 10) % 10 == d[10];
}

const struct detector detect_gov_south_east[] = {
    {
        ENTRY("bg.egn", "BG_EGN", "Bulgarian personal number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{10}" NUM_END,
        .context = WORDS("\xd0\xb5\xd0\xb3\xd0\xbd", "egn",
            "\320\265\320\264\320\270\320\275\320\265\320\275 \320\263\321\200\320\260\320\266\320\264\320\260\320\275\321\201\320\272\320\270 "
            "\320\275\320\276\320\274\320\265\321\200",
            PERSON_ID_WORDS),
        .need_context = true,
        .check = check_egn,
        .examples = EXAMPLES(HIT("egn 8032056031"), MISS("8032056031"), HIT("egn 8032056031"), MISS("8032056032"), MISS("8013056031")),
    },
    {
        ENTRY("hr.oib", "HR_OIB", "Croatian personal number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "(?:HR)?[0-9]{11}" NUM_END,
        .context = WORDS("oib", "osobni identifikacijski broj", "osobni identifikacijski", PERSON_ID_WORDS, TAX_ID_WORDS),
        .need_context = true,
        .check = check_oib,
        .examples = EXAMPLES(HIT("oib 33392005961"), HIT("OIB: HR33392005961"), MISS("oib 33392005962"), MISS("33392005961")),
    },
    {
        ENTRY("gr.amka", "GR_AMKA", "Greek social security number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{11}" NUM_END,
        .context = WORDS("amka", "\xce\xb1\xce\xbc\xce\xba\xce\xb1", "\316\261 \316\274 \316\272 \316\261", SOCIAL_ID_WORDS),
        .need_context = true,
        .check = check_amka,
        .examples = EXAMPLES(HIT("amka 01013099997"), MISS("01013099997"), HIT("amka 01013099997"), MISS("01013099999"), MISS("01133099997")),
    },
    {
        ENTRY("gr.tin", "GR_AFM", "Greek tax number", TIER_C, "government", "GDPR", 1),
        .pattern = NUM_START "(?:EL|GR)?[0-9]{9}" NUM_END,
        .context = WORDS("afm", "\xce\xb1\xcf\x86\xce\xbc", "\316\261 \317\206 \316\274", TAX_ID_WORDS),
        .need_context = true,
        .check = check_afm,
        .examples = EXAMPLES(HIT("afm 094259216"), HIT("AFM: EL094259216"), MISS("afm 094259217"), MISS("094259216")),
    },
    {
        ENTRY("si.emso", "SI_EMSO", "Slovene personal number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{13}" NUM_END,
        .context = WORDS("em\xc5\xa1o", "emso", "jmbg", "mati\304\215ni broj", "maticni broj", "enotna mati\304\215na",
            "\321\230\320\274\320\261\320\263", "\320\265\320\274\320\261\320\263",
            "\320\274\320\260\321\202\320\270\321\207\320\265\320\275 \320\261\321\200\320\276\321\230",
            "\320\274\320\260\321\202\320\270\321\207\320\275\320\270 \320\261\321\200\320\276\321\230", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_emso,
        .examples = EXAMPLES(
            HIT("emso 0101006500006"), MISS("0101006500006"), HIT("emso 0101006500006"), MISS("0101006500007"), MISS("0113006500006")),
    },
    {
        ENTRY("tr.tckn", "TR_TCKN", "Turkish identity number", TIER_B, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{11}" NUM_END,
        .context = WORDS("tc kimlik", "kimlik", "tckn", "tc kimlik no", "t c kimlik", "vatanda\305\237l\304\261k", "vatandaslik", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_tckn,
        .examples = EXAMPLES(HIT("TC Kimlik No 17291716060"), HIT_IN("user.tckn", "17291716060"), MISS("tckn 17291716050"), MISS("17291716060"),
            MISS("tckn 07291716060")),
    },
    {.id = NULL},
};
