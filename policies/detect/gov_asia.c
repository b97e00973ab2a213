/* Identifiers of South and South-East Asia. */
#include "checks_int.h"

static bool
palindrome(const uint8_t *d, size_t n)
{
    for (size_t i = 0; i < n / 2; i++)
        if (d[i] != d[n - 1 - i])
            return false;
    return true;
}

/* Twelve bare digits are more often an account of a cloud: they need context. */
static bool
check_aadhaar(struct match *m)
{
    uint8_t d[12];
    size_t n = match_digits(m, d, sizeof(d));

    if (n != 12 || d[0] < 2 || palindrome(d, n) || !verhoeff_valid(d, n) || match_in_uuid(m))
        return false;
    return match_vouched(m);
}

#define PAN_HOLDERS "ABCFGHJLPT"

/* The fourth letter is the kind of holder; serial 0000 is not issued. */
static bool
check_in_pan(struct match *m)
{
    if (!strchr(PAN_HOLDERS, ascii_upper(m->text.ptr[m->start + 3])))
        return false;
    return str_find(match_str(m), STR("0000")) == SIZE_MAX && (match_context(m) || match_shouted(m));
}

/* State, PAN, entity, Z, and a check character: Luhn in base 36 over all of it. */
static bool
check_gstin(struct match *m)
{
    struct str s = match_str(m);
    unsigned sum = 0, state = base36_value(s.ptr[0]) * 10 + base36_value(s.ptr[1]);

    if (state == 0 || (state > 39 && state != 97 && state != 99) || !strchr(PAN_HOLDERS, ascii_upper(s.ptr[5])) || s.ptr[12] == '0' ||
        ascii_upper(s.ptr[13]) != 'Z')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned v = base36_value(s.ptr[s.len - 1 - i]) * (i % 2 ? 2 : 1);

        sum += v / 36 + v % 36;
    }
    return sum % 36 == 0 && (match_context(m) || match_shouted(m));
}

static bool
check_epic(struct match *m)
{
    uint8_t d[7];

    return luhn_valid(d, match_digits(m, d, sizeof(d)));
}

/* Neither Q, X nor Z, no 0 in the first place and the last. */
static bool
check_in_passport(struct match *m)
{
    struct str s = match_str(m);

    return !strchr("QXZ", s.ptr[0]) && s.ptr[1] != '0' && s.ptr[s.len - 1] != '0';
}

/* Weights 2 7 6 5 4 3 2, 4 more for T and G, 3 more for M; the remainder chooses a letter of the series' table. */
static bool
check_nric(struct match *m)
{
    static const int8_t weights[] = {2, 7, 6, 5, 4, 3, 2};
    struct str s = match_str(m);
    char series = ascii_upper(s.ptr[0]);
    uint8_t d[7];
    int offset = series == 'T' || series == 'G' ? 4 : series == 'M' ? 3 : 0;
    int r = match_digits(m, d, sizeof(d)) == 7 ? (digits_weigh(d, weights, 7) + offset) % 11 : 0;
    if (!strchr("STFGM", series))
        return false;
    const char *letters = series == 'S' || series == 'T' ? "JZIHGFEDCBA" : series == 'M' ? "XWUTRQPNJLK" : "XWUTRQPNMLK";

    return letters[r] == ascii_upper(s.ptr[8]) && (match_context(m) || match_shouted(m));
}

/* Weights 13 to 2. */
static bool
check_th_pin(struct match *m)
{
    static const int8_t weights[] = {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
    uint8_t d[13];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 13 && d[0] >= 1 && d[0] <= 8 && (11 - digits_weigh(d, weights, 12) % 11) % 10 == d[12] && match_vouched(m);
}

/* Date of birth, place of birth (01-16 states, 21-59 districts of states, 60-99 countries), serial. */
static bool
check_my_nric(struct match *m)
{
    uint8_t d[12];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned place = d[6] * 10u + d[7];

    return n == 12 && date_yymmdd(d) && place != 0 && !(place >= 17 && place <= 20) && place != 69 && place != 70 && place != 73 && place != 80 &&
           place != 81 && !(place >= 94 && place <= 97) && match_vouched(m);
}

/* Province, regency, district, date of birth (day plus 40 for women), serial. */
static bool
check_nik(struct match *m)
{
    static const char provinces[] =
        "11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 61 62 63 64 65 71 72 73 74 75 76 81 82 91 92 93 94 95 96 ";
    uint8_t d[16];
    size_t n = match_digits(m, d, sizeof(d));
    char province[4] = {m->text.ptr[m->start], m->text.ptr[m->start + 1], ' ', 0};
    unsigned day = d[6] * 10u + d[7];

    return n == 16 && strstr(provinces, province) && date_valid(d[10] * 10u + d[11], d[8] * 10u + d[9], day > 40 ? day - 40 : day) &&
           digits_value(d + 12, 4) != 0;
}

static bool
check_mst(struct match *m)
{
    static const int8_t weights[] = {31, 29, 23, 19, 17, 13, 7, 5, 3};
    uint8_t d[13];
    size_t n = match_digits(m, d, sizeof(d));

    return n >= 10 && 10 - digits_weigh(d, weights, 9) % 11 == d[9];
}

const struct detector detect_gov_asia[] = {
    {
        ENTRY("in.aadhaar", "IN_AADHAAR", "Indian Aadhaar number", TIER_A, "government", "DPDP GDPR", 2),
        .pattern = GROUPS_START "[0-9]{4}([ -]?)[0-9]{4}\\1[0-9]{4}" GROUPS_END,
        .context = WORDS("aadhaar", "aadhar", "uidai", "uid number", "\340\244\206\340\244\247\340\244\276\340\244\260", PERSON_ID_WORDS),
        .vouched = " -",
        .check = check_aadhaar,
        .examples = EXAMPLES(HIT("2341 2341 2346"), HIT("2341-2341-2346"), HIT("aadhaar 234123412346"), HIT_IN("user.aadhaar", "234123412346"),
            MISS("2341 2341 2347"), MISS("222222222222"), MISS("234123412346"), MISS("1341 2341 2346"), MISS("aadhaar 222222222222")),
    },
    {
        ENTRY("in.pan", "IN_PAN", "Indian permanent account number", TIER_A, "government", "DPDP GDPR", 2),
        .pattern = WORD_START "[A-Z]{5}[0-9]{4}[A-Z]" WORD_END,
        .caseless = true,
        .context = WORDS("pan", "income tax", "permanent account number", "pan number", TAX_ID_WORDS),
        .check = check_in_pan,
        .examples = EXAMPLES(
            HIT("ACUPA7085R"), HIT("pan acupa7085r"), MISS("ABMXA3211G"), MISS("ACUPA0000R"), MISS("acupa7085r"), MISS("XACUPA7085R")),
    },
    {
        ENTRY("in.gstin", "IN_GSTIN", "Indian goods and services tax number", TIER_A, "government", "DPDP", 1),
        .pattern = WORD_START "[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]{3}" WORD_END,
        .caseless = true,
        .context = WORDS("gstin", "gst", "goods and services tax"),
        .check = check_gstin,
        .examples = EXAMPLES(
            HIT("27AAPFU0939F1ZV"), HIT("gstin 27aapfu0939f1zv"), MISS("27AAPFU0939F1ZO"), MISS("40AAPFU0939F1ZV"), MISS("27AAPFU0939F1Z")),
    },
    {
        ENTRY("in.voter_epic", "IN_VOTER_ID", "Indian voter identity card", TIER_C, "government", "DPDP", 2),
        .pattern = WORD_START "[A-Z]{3}[0-9]{7}" WORD_END,
        .context = WORDS("voter", "epic", "election", "voter id", "electoral"),
        .need_context = true,
        .check = check_epic,
        .examples = EXAMPLES(HIT("voter WKH1186253"), MISS("WKH1186253"), HIT("voter id WKH1186253"), MISS("WKH1186263"), MISS("WKH118625")),
    },
    {
        ENTRY("in.passport", "IN_PASSPORT", "Indian passport number", TIER_C, "government", "DPDP", 2),
        .pattern = WORD_START "[A-Z][0-9]{2} ?[0-9]{5}" WORD_END,
        .context = WORDS("passport", "passport number"),
        .need_context = true,
        .check = check_in_passport,
        .examples = EXAMPLES(HIT("passport A1234567"), HIT_IN("user.passport", "J8369854"), MISS("A1234567"), MISS("passport Q1234567")),
    },
    {
        ENTRY("sg.nric", "SG_NRIC", "Singaporean identity number", TIER_A, "government", "PDPA GDPR", 2),
        .pattern = WORD_START "[A-Z][0-9]{7}[A-Z]" WORD_END,
        .caseless = true,
        .context = WORDS("nric", "fin", "nric number", PERSON_ID_WORDS),
        .check = check_nric,
        .examples = EXAMPLES(HIT("S6859080I"), HIT("F5221211K"), HIT("nric s6859080i"), MISS("S6859080J"), MISS("s6859080i"), MISS("A6859080I")),
    },
    {
        ENTRY("th.pin", "TH_PIN", "Thai identity number", TIER_B, "government", "PDPA GDPR", 2),
        .pattern = GROUPS_START "[0-9](?:[ -][0-9]{4}[ -][0-9]{5}[ -][0-9]{2}[ -][0-9]|[0-9]{12})" GROUPS_END,
        .context = WORDS(
            "\xe0\xb9\x80\xe0\xb8\xa5\xe0\xb8\x82\xe0\xb8\x9b\xe0\xb8\xa3\xe0\xb8\xb0\xe0\xb8\x88\xe0\xb8\xb3\xe0\xb8\x95\xe0\xb8\xb1\xe0\xb8\xa7",
            "thai id",
            "\340\270\232\340\270\261\340\270\225\340\270\243\340\270\233\340\270\243\340\270\260\340\270\212\340\270\262\340\270\212\340\270\231",
            PERSON_ID_WORDS),
        .vouched = " -",
        .check = check_th_pin,
        .examples = EXAMPLES(HIT("thai id 1234545678781"), HIT("1-2345-45678-78-1"), HIT_IN("user.citizen_id", "1234545678781"),
            MISS("1234545678789"), MISS("1234545678781"), MISS("citizen id 1234545678789")),
    },
    {
        ENTRY("my.nric", "MY_NRIC", "Malaysian identity number", TIER_C, "government", "PDPA GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6}(-?)[0-9]{2}\\1[0-9]{4}" GROUPS_END,
        .context = WORDS("nric", "mykad", "ic number", "kad pengenalan", "ic no", "ic", PERSON_ID_WORDS),
        .vouched = "-",
        .check = check_my_nric,
        .examples = EXAMPLES(HIT("770305-02-1234"), HIT("mykad 770305021234"), MISS("771305-02-1234"), MISS("770305-17-1234"), MISS("770305021234")),
    },
    {
        ENTRY("id.nik", "ID_NIK", "Indonesian identity number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{16}" NUM_END,
        .context = WORDS("nik", "ktp", "nomor induk kependudukan", "induk kependudukan", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_nik,
        .examples = EXAMPLES(HIT("nik 3171011708450001"), MISS("3171011708450001"), HIT("nik 3171015708450001"), MISS("9971011708450001"),
            MISS("3171011713450001"), MISS("3171011708450000")),
    },
    {
        ENTRY("ph.tin", "PH_TIN", "Philippine taxpayer number", TIER_C, "government", "GDPR", 1),
        .pattern = GROUPS_START "[0-9]{3}(-?)[0-9]{3}\\1[0-9]{3}(?:\\1[0-9]{3,5})?" GROUPS_END,
        .context = WORDS("tin", "bir", "taxpayer"),
        .need_context = true,
        .examples = EXAMPLES(HIT("TIN 123-456-789-000"), HIT("tin 123456789"), MISS("123-456-789-000"), MISS("tin 123-456")),
    },
    {
        ENTRY("vn.mst", "VN_MST", "Vietnamese tax number", TIER_C, "government", "GDPR", 1),
        .pattern = GROUPS_START "[0-9]{10}(?:-[0-9]{3})?" GROUPS_END,
        .context = WORDS("mst", "m\xc3\xa3 s\xe1\xbb\x91 thu\xe1\xba\xbf", "ma so thue", TAX_ID_WORDS),
        .need_context = true,
        .check = check_mst,
        .examples = EXAMPLES(HIT("mst 0100233488"), HIT("MST: 0314409058-002"), MISS("0100233488"), MISS("mst 0100233480")),
    },
    {.id = NULL},
};
