/* Postal codes and street addresses, and telephone numbers in their national form. */
#include "checks_int.h"

/* A9 A99 AA9 AA99 A9A AA9A, without Q V X in the first place and I J Z in the second; then 9AA without C I K M O V (Royal Mail PAF). */
#define UK_OUTWARD "(?:[A-PR-UWYZ](?:[0-9]{1,2}|[A-HK-Y][0-9]{1,2}|[0-9][A-HJKPSTUW]|[A-HK-Y][0-9][ABEHMNPRVWXY]))"
#define UK_INWARD "[0-9][ABD-HJLNP-UW-Z]{2}"

#define STREET_SUFFIX                                                                                                                              \
    "(?:Street|St|Avenue|Ave|Boulevard|Blvd|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Way|Highway|Hwy|Place|Pl|Square|Sq|Terrace|Ter|Parkway|Pkwy|Circle|" \
    "Cir|Trail|Trl|Alley|Aly|Plaza|Plz)"

/* Number, one to four capitalised words, suffix; or a box. Capitals tell an address from "3 items in way of". */
#define STREET \
    "[1-9][0-9]{0,5}[A-Za-z]?(?: (?:[NSEW]{1,2}\\.?|[A-Z][A-Za-z'.-]{0,24}|[0-9]{1,3}(?:st|nd|rd|th))){1,4} " STREET_SUFFIX "\\.?(?![A-Za-z])"
#define UNIT "(?:,? (?:Apt|Apartment|Unit|Suite|Ste|Floor|Fl|#)\\.? ?[0-9A-Za-z-]{1,6})?"
#define BOX "(?:P\\.? ?O\\.? Box [0-9]{1,6}|(?:RR|HC) [0-9]{1,3},? Box [0-9]{1,5}|(?:PSC|CMR|Unit) [0-9]{1,5},? Box [0-9]{1,5})"
#define TOWN "(?:,? (?:[A-Z][A-Za-z'.-]{1,24} ?){1,3},? [A-Z]{2} [0-9]{5}(?:-[0-9]{4})?)?"

/* Without a word such as "address" before it, O'Brien St counts and way too many do not: the last word must be a suffix with a capital. */
static bool
check_street(struct match *m)
{
    static const char *const prose[] = {"way too", "way of", NULL};

    for (const char *const *p = prose; *p; p++)
        if (str_find_nocase(match_str(m), str_of(*p)) != SIZE_MAX)
            return false;
    return true;
}

#define LOCAL_PHONE_WORDS                                                                                                                            \
    "phone", "telephone", "telefon", "telefonnummer", "rufnummer", "handy", "mobil", "t\xc3\xa9l\xc3\xa9phone", "telephone mobile", "tel",           \
        "t\xc3\xa9l", "portable", "mobile", "cell", "fax", "call me", "reach me", "sms", "whatsapp", "msisdn", "\xe9\x9b\xbb\xe8\xa9\xb1",           \
        "\xe7\x94\xb5\xe8\xaf\x9d", "\xe6\x89\x8b\xe6\x9c\xba", "tel\303\251fono", "m\xc3\xb3vil", "telefono", "cellulare", "telefoon",              \
        "phone number", "telephone number", "phone no", "contact number", "mobile number", "hotline", "helpline", "landline", "tel no",              \
        "call me at", "call me on", "call us", "reach me at", "cell phone", "fax number", "my registered", "registered mobile", "answering at",      \
        "answer at", "home phone", "work phone", /* nl hu sk lt lv pt es no sv fi is hr pl id vi de tr ru uk bg el he ar fa hi zh ja ko th */        \
        "telefoonnummer", "mobiel", "gsm", "natel", "telefonsz\303\241m", "telef\303\263n", "telefonas", "t\304\201lrunis", "telefone",              \
        "telem\303\263vel", "fone", "fono", "celular", "tfno", "tlf", "tfn", "puhelin", "puhelinnumero", "puh", "matkapuhelin", "s\303\255mi",       \
        "mobitel", "kom\303\263rka", "telepon", "ponsel", "\304\221i\341\273\207n tho\341\272\241i",                                                 \
        "s\341\273\221 \304\221i\341\273\207n tho\341\272\241i", "di \304\221\341\273\231ng", "s\304\221t", "handynummer", "mobilnummer", "mobilnr", \
        "no hp", "nomor hp", "numer telefonu", "cep telefonu", "telefon numaras\304\261", "r\303\274ckrufnummer",                                    \
        "\321\202\320\265\320\273\320\265\321\204\320\276\320\275",                                                                                  \
        "\320\275\320\276\320\274\320\265\321\200 \321\202\320\265\320\273\320\265\321\204\320\276\320\275\320\260", "\321\202\320\265\320\273",     \
        "\320\274\320\276\320\261", "\320\274\320\276\320\261\320\270\320\273\321\214\320\275\321\213\320\271",                                      \
        "\320\274\320\276\320\261\320\270\320\273\320\265\320\275", "\320\274\320\276\320\261\321\226\320\273\321\214\320\275\320\270\320\271",      \
        "\317\204\316\267\316\273\316\255\317\206\317\211\316\275\316\277", "\317\204\316\267\316\273",                                              \
        "\316\272\316\271\316\275\316\267\317\204\317\214", "\327\230\327\234\327\244\327\225\327\237", "\327\240\327\231\327\231\327\223",          \
        "\331\207\330\247\330\252\331\201", "\330\254\331\210\330\247\331\204", "\331\205\331\210\330\250\330\247\331\212\331\204",                  \
        "\331\205\330\255\331\205\331\210\331\204", "\330\252\331\204\331\212\331\201\331\210\331\206", "\330\252\331\204\331\201\331\206",          \
        "\331\205\331\210\330\250\330\247\333\214\331\204", "\340\244\253\340\244\274\340\245\213\340\244\250",                                      \
        "\340\244\253\340\245\213\340\244\250", "\340\244\256\340\245\213\340\244\254\340\244\276\340\244\207\340\244\262",                          \
        "\346\211\213\346\251\237", "\346\220\272\345\270\257", "\354\240\204\355\231\224", "\355\234\264\353\214\200\355\217\260",                  \
        "\355\225\270\353\223\234\355\217\260", "\354\227\260\353\235\275\354\262\230", "\340\271\202\340\270\227\340\270\243",                      \
        "\340\270\241\340\270\267\340\270\255\340\270\226\340\270\267\340\270\255"

/* 2024-01-31 and 31-01-2024, and hours behind it. */
static bool
written_as_date(struct str s, const uint8_t *d)
{
    if (s.len < 10 || (s.len > 10 && s.ptr[10] != ' ') || str_find(str_sub(s, 0, 10), STR(" ")) != SIZE_MAX)
        return false;
    if (!ascii_digit(s.ptr[4]) && !ascii_digit(s.ptr[7]))
        return date_valid((unsigned)digits_value(d, 4), d[4] * 10u + d[5], d[6] * 10u + d[7]);
    return !ascii_digit(s.ptr[2]) && !ascii_digit(s.ptr[5]) && date_valid((unsigned)digits_value(d + 4, 4), d[2] * 10u + d[3], d[0] * 10u + d[1]);
}

/* 20090516-012156, 2016-124 (a day of a year), 1147183508.311, 10.39.04.790415. */
static bool
written_as_stamp(struct str s, const uint8_t *d, size_t n)
{
    bool century = d[0] * 10 + d[1] == 19 || d[0] * 10 + d[1] == 20;

    if (s.len > 11 && s.ptr[10] == '.' && digits_epoch(d, 10) && str_find(str_sub(s, 0, 10), STR(" ")) == SIZE_MAX)
        return true;
    if (century && n == 7 && s.len == 8 && s.ptr[4] == '-')
        return digits_value(d + 4, 3) <= 366;
    if (n == 12 && s.len == 15 && s.ptr[2] == '.' && s.ptr[5] == '.' && s.ptr[8] == '.')
        return digits_value(d, 2) < 24 && digits_value(d + 2, 2) < 60 && digits_value(d + 4, 2) < 60;
    return century && n == 14 && s.len == 15 && !ascii_digit(s.ptr[8]) &&
           date_valid((unsigned)digits_value(d, 4), d[4] * 10u + d[5], d[6] * 10u + d[7]);
}

/* In 20:40:42.076017, 03/17/10 12:29:08, 08-Apr-00 10.39.04. */
static bool
in_time(const struct match *m)
{
    bool after_colon = match_before(m, 1) == ':' && ascii_digit(match_before(m, 2)),
         before_colon = match_after(m, 1) == ':' && ascii_digit(match_after(m, 2));
    bool after_month = match_before(m, 1) == '-' && ascii_alpha(match_before(m, 2)) && ascii_alpha(match_before(m, 4)) && match_before(m, 5) == '-' &&
                       ascii_digit(match_before(m, 6));

    return after_colon || before_colon || after_month;
}

/* 192.168.100.200: that is not for here, nor is a version. */
static bool
dotted_otherwise(struct str s, size_t digits)
{
    unsigned groups = 1, value = 0;
    bool octets = true;

    if (str_find(s, STR(".")) == SIZE_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool digit = ascii_digit(s.ptr[i]);

        octets = octets && (digit || s.ptr[i] == '.') && !(digit && s.ptr[i] == '0' && (i == 0 || s.ptr[i - 1] == '.') && i + 1 < s.len);
        value = digit ? value * 10 + (unsigned)(s.ptr[i] - '0') : 0;
        octets = octets && value <= 255;
        groups += s.ptr[i] == '.';
    }
    return digits < 8 || (octets && groups == 4);
}

/* user.mobile_number, not mobile.sessions: nothing that counts something else stands behind the word. */
static bool
key_ends_in(struct str key, struct str word)
{
    static const char *const tails[] = {
        "", "s", "number", "numbers", "no", "nr", "num", "phone", "phonenumber", "phoneno", "home", "work", "primary", "e164", "raw", NULL};
    size_t at = str_find_nocase(key, word);
    char rest[16];
    size_t n = 0;

    if (at == SIZE_MAX)
        return false;
    for (size_t i = at + word.len; i < key.len && n < sizeof(rest); i++)
        if (ascii_alnum(key.ptr[i]))
            rest[n++] = key.ptr[i];
    return str_in_list((struct str){rest, n}, tails);
}

static bool
behind_other_script(const struct match *m)
{
    size_t k = 1;

    while (k <= 4 && match_before(m, k) && strchr(" \t:=\"'(#", match_before(m, k)))
        k++;
    return (unsigned char)match_before(m, k) >= 0x80;
}

/* Seven or eight bare digits are a count more often than a telephone number: nothing but a word of speech may stand between them and their name. */
static bool
right_behind(const struct match *m)
{
    static const char *const words[] = {LOCAL_PHONE_WORDS, "number", "no", "nr", "num", "is", "at", "on", "to", "me", "us", "was", "als", "ist",
        "est", "es", "call", "dial", "text", "user", "new", "old", "my", "your", NULL};
    static const char *const keys[] = {"phone", "mobile", "tel", "fax", "cell", "msisdn", "sms", "handy", "mobil", "whatsapp", NULL};
    struct match probe = *m;

    /* - tel: `63123886` and | tel | 63123886 | */
    while (probe.start > 0 && m->text.ptr[probe.start - 1] != 0 && strchr(" `|[*,", m->text.ptr[probe.start - 1]))
        probe.start--;
    struct str word = match_word_before(&probe);

    for (const char *const *k = keys; *k && m->key.len; k++)
        if (key_ends_in(m->key, str_of(*k)))
            return true;
    if (word.len == 0)
        return (m->start == 0 && m->key.len == 0) || behind_other_script(m) || match_before(m, 1) == '.' || match_before(m, 1) == '\n' ||
               match_before(m, 2) == '.';
    for (const char *const *k = keys; *k; k++)
        if (str_find_nocase(word, str_of(*k)) != SIZE_MAX)
            return true;
    return str_in_list(word, words);
}

/* Any grouping of 7 to 15 digits, behind a word for telephone; no time stamp and no date. */
static bool
check_national(struct match *m)
{
    uint8_t d[21];
    size_t n = match_digits(m, d, sizeof(d));
    bool formatted = match_formatted(m);

    if (n < 7 || (!formatted && n <= 8 && !right_behind(m)))
        return false;
    if (in_time(m) || match_in_uuid(m) || str_eq_nocase(match_word_before(m), STR("date")) || (formatted && written_as_stamp(match_str(m), d, n)))
        return false;
    return !(digits_epoch(d, n) && !formatted) && !(n >= 8 && written_as_date(match_str(m), d)) && !dotted_otherwise(match_str(m), n);
}

/* The word before is one of everyday life: the number must be written as one does telephone numbers, in three groups or with a trunk zero. */
static bool
check_called(struct match *m)
{
    struct str s = match_str(m);
    uint8_t d[21];
    size_t n = match_digits(m, d, sizeof(d)), separators = 0;

    for (size_t i = 1; i < s.len; i++)
        separators += !ascii_digit(s.ptr[i]) && ascii_digit(s.ptr[i - 1]);
    return check_national(m) && n >= 8 && (separators >= 2 || s.ptr[0] == '(' || (d[0] == 0 && n >= 9 && n <= 12));
}

/* 416 60 039 office: group 1 is the number. Eight bare digits only where nothing comes behind the label but the end of the line. */
static bool
check_labelled(struct match *m)
{
    uint8_t d[21];
    bool last = match_after(m, 1) < ' ';

    if (!match_narrow(m, 1))
        return false;
    size_t n = match_digits(m, d, sizeof(d));

    if (!match_formatted(m) && n < 9)
        return n == 8 && last;
    return check_national(m);
}

/* Seven digits at least before an extension. */
#define NATIONAL_NUMBER                                                                                      \
    "(?=\\(?[0-9](?:[ )./-]{0,4}[0-9]){6})"                                                                  \
    "(?:\\([0-9](?:[ -]?[0-9]){0,5}\\)[ /.-]{0,3}[0-9]{1,10}|" GROUPS_START                                  \
    "(?<!\\+)(?:00[0-9]{1,3}[ ./-])?[0-9]{1,15})(?:[ /-]{1,3}[0-9]{2,8}|\\.[0-9]{2,8}|-[0-9]/[0-9]{3}){0,5}" \
    "(?: ?(?:x|ext\\.?) ?[0-9]{1,6})?"

const struct detector detect_address[] = {
    {
        ENTRY("contact.phone_national", "PHONE_NUMBER", "Telephone number in its national form", TIER_B, "contact", "GDPR HIPAA-D", 1),
        .pattern = NATIONAL_NUMBER GROUPS_END,
        .context = WORDS(LOCAL_PHONE_WORDS),
        .need_context = true,
        .check = check_national,
        .examples = EXAMPLES(HIT("Tel. 030 1234567"), HIT("t\xc3\xa9l\xc3\xa9phone 06 12 34 56 78"), HIT("\xe9\x9b\xbb\xe8\xa9\xb1 090-1234-5678"),
            HIT("\xe6\x89\x8b\xe6\x9c\xba"
                "13812345678"),
            HIT("mobile 98765 43210"), HIT_IN("user.mobile", "07911 123456"), HIT("telefon 0151/23456789"), HIT("Phone: 60-56-85-91"),
            HIT("Phone: (37) 788-063"), HIT("tel (351) 923657443"), HIT("tel (07).0818.5692"), HIT("Desk phone: 06-6/196 2931"),
            HIT("t\xc3\xa9l 06.12.34.56.78"), HIT("Phone ((0-312) 34775)"), HIT("Telefon: (06 1) 234 4207"), HIT("tel: 8 (71234) 5 62 19"),
            /* Telefon, in Russian, with a capital and in capitals; tel. */
            HIT("\320\242\320\265\320\273\320\265\321\204\320\276\320\275 8 912 338-64-58"),
            HIT("\320\234\320\236\320\221\320\230\320\233\320\254\320\235\320\253\320\231: 89123386458"),
            HIT("\321\202\320\265\320\273. 89123386458"), HIT("\327\240\327\231\327\231\327\223\t02-104-1884"),
            HIT("\355\234\264\353\214\200\355\217\260 010-2004-5754"), HIT("\331\207\330\247\330\252\331\201 05.20.12.73.75"),
            MISS("\320\277\320\276\320\273\321\214\320\267\320\276\320\262\320\260\321\202\320\265\320\273\321\214 12345678"),
            MISS("phone os 17.4.1"), MISS("fax gateway queue 1234567"), HIT("fax number is 20670629"), HIT("- tel: `63123886`"),
            HIT("telefon 00385 1 2314 521"), MISS("mobile /Date(969206293199)/"), HIT("| Phone | 21233381 |"), HIT("no. hp 0812-304-430"),
            HIT_IN("user.mobile_no", "20670629"), MISS_IN("mobile.sessions", "20670629"), MISS("phone 2024-01-31"), MISS("mobile 20:40:42.076017"),
            MISS("mobile 03/17/10 12:29:08 AM"), MISS("mobile 08-Apr-00 10.39.04.790415"), MISS("mobile 20090516-012156"), MISS("fax 2016-124"),
            MISS("fax 1945369019.606"), MISS("cell id=04687634-2434-ef01-da5d-5c3640179380"), HIT("tel: 2016-1240"), HIT("cell:0151 2345678"),
            MISS("[PHONE_NUMBER] 13812345678"), MISS("phone 192.168.100.200"), MISS("13812345678"), MISS("090-1234-5678"), MISS("order 98765 43210"),
            MISS_IN("user.mobile", "1700000000")),
    },
    {
        ENTRY("contact.phone_called", "PHONE_NUMBER", "Telephone number behind a word such as call or office", TIER_B, "contact", "GDPR HIPAA-D", 1),
        .pattern = NATIONAL_NUMBER GROUPS_END,
        .context = WORDS("call", "calling", "called", "answering", "answering at", "reach", "reached at", "contact", "dial", "dialed", "dialled",
            "office", "desk", "direct line", "message to", "messages to", "registered", "registered number", "extension", "ring", "kontakt", "anruf",
            "appeler", "appelez", "llamar", "llame", "chiamare", "bellen", "r\303\274ckruf", "erreichbar", "joignable", "contacto", "contato",
            "ligar", "zadzwo\305\204", "\320\267\320\262\320\276\320\275\320\270\321\202\320\265",
            "\320\277\320\276\320\267\320\262\320\276\320\275\320\270\321\202\320\265", "\351\200\243\347\265\241\345\205\210",
            "\350\201\224\347\263\273\346\226\271\345\274\217"),
        .need_context = true,
        .check = check_called,
        .examples = EXAMPLES(HIT("They do not answer; answering at 78 651 450"), HIT("stop messages to 699 956 915"), HIT("call 0494 92 82 32"),
            HIT("my registered 905-674-3793"), HIT("Desk: (898)666-3621x0135"), HIT("call 0703340932"), HIT("Desk: 0490 75 40 81"),
            HIT("R\303\274ckruf unter 030 128 744"), MISS("call 12345678"), MISS("call 2024-01-31"), MISS("contact 10.20.30.40"), MISS("78 651 450"),
            MISS("call 3747 3911"), MISS("office 2018-01-14 03:07"), MISS("number 17.4.1")),
    },
    {
        ENTRY("contact.phone_labelled", "PHONE_NUMBER", "Telephone number before its label", TIER_B, "contact", "GDPR HIPAA-D", 1),
        .pattern =
            "(" NATIONAL_NUMBER
            ")(?:[\\x80-\\xFF]{1,12})?[ -]{1,3}\\(?(?:fax|office|mobile|cell|home|work|desk|phone|telephone|tel|direct|landline)(?![0-9A-Za-z_])",
        .caseless = true,
        .check = check_labelled,
        .examples = EXAMPLES(HIT("416 60 039 office\n"), HIT("07700 063 966-Fax"), HIT("(37) 788-063-Office"), HIT("3660170548-Fax"),
            HIT("0912 345 678 (mobile)"), HIT("43849844 mobile\n"), MISS("20 office"), MISS("12345678 mobile users"), MISS("416 60 039 offices"),
            MISS("416 60 039")),
    },
    {
        ENTRY("contact.postal_us", "US_ZIP_CODE", "US postal code", TIER_B, "contact", "GDPR HIPAA-B", 0),
        .pattern = GROUPS_START "[0-9]{5}(?:-[0-9]{4})?" GROUPS_END,
        .context = WORDS("zip", "zip code", "postal", "postal code", "postcode"),
        .need_context = true,
        .examples = EXAMPLES(HIT("zip 94103"), HIT("ZIP code: 94103-1234"), HIT_IN("user.postal_code", "94103"), MISS("94103"), MISS("zip 941031"),
            MISS("gzip 12345"), MISS("zip 9410")),
    },
    {
        ENTRY("contact.postcode_uk", "UK_POSTCODE", "UK postcode", TIER_B, "contact", "GDPR", 1),
        .pattern = "(?<![0-9A-Za-z_-])(?:" UK_OUTWARD " ?" UK_INWARD "|GIR ?0AA)" WORD_END,
        .context = WORDS("postcode", "post code", "postal code", "address", "deliver", "delivery"),
        .need_context = true,
        .caseless = true,
        .examples = EXAMPLES(HIT("address SW1A 1AA"), HIT("postcode EC1A1BB"), HIT("deliver to M1 1AE"), HIT_IN("user.postcode", "cr2 6xh"),
            HIT("postcode DN55 1PT"), HIT("postcode GIR 0AA"), MISS("postcode QA1 1AA"), MISS("postcode M1 1CA"), MISS("postcode M1 1AI"),
            MISS("SW1A 1AA"), MISS("postcode AIA 1AA"), MISS_IN("server.address", "DESKTOP-RH2N2SL")),
    },
    {
        ENTRY("contact.postcode_ca", "CA_POSTCODE", "Canadian postal code", TIER_B, "contact", "GDPR PIPEDA", 1),
        .pattern = WORD_START "[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z][ -]?[0-9][ABCEGHJ-NPRSTV-Z][0-9]" WORD_END,
        .context = WORDS("postal code", "postcode", "postal", "code postal", "address"),
        .need_context = true,
        .caseless = true,
        .examples = EXAMPLES(HIT("postal code K1A 0B1"), HIT_IN("ship.postal_code", "h0h0h0"), MISS("K1A 0B1"), MISS("postal code D1A 0B1"),
            MISS("postal code K1O 0B1")),
    },
    {
        ENTRY("contact.address_us_street", "US_STREET_ADDRESS", "US street address", TIER_B, "contact", "GDPR HIPAA-B", 1),
        .pattern = GROUPS_START "(?:" STREET UNIT "|" BOX ")" TOWN WORD_END,
        .check = check_street,
        .examples = EXAMPLES(HIT("123 O'Brien St"), HIT("PSC 1523, Box 25, APO AE 09009"), HIT("ship to 1600 Pennsylvania Avenue NW"),
            HIT("P.O. Box 1234"), HIT("12 N. Main St., Apt 4B, Springfield, IL 62701"), HIT("350 5th Ave"), HIT("RR 2 Box 152"),
            MISS("5 people way too many"), MISS("3 items in way of"), MISS("123 O' clock"), MISS("200 OK"), MISS("12 requests Dropped")),
    },
    {.id = NULL},
};
