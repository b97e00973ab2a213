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

#define LOCAL_PHONE_WORDS                                                                                                                  \
    "phone", "telephone", "telefon", "telefonnummer", "rufnummer", "handy", "mobil", "t\xc3\xa9l\xc3\xa9phone", "telephone mobile", "tel", \
        "t\xc3\xa9l", "portable", "mobile", "cell", "fax", "call me", "reach me", "sms", "whatsapp", "msisdn", "\xe9\x9b\xbb\xe8\xa9\xb1", \
        "\xe7\x94\xb5\xe8\xaf\x9d", "\xe6\x89\x8b\xe6\x9c\xba", "tel\303\251fono", "m\xc3\xb3vil", "telefono", "cellulare", "telefoon"

/* 2024-01-31 and 31-01-2024. */
static bool
written_as_date(struct str s, const uint8_t *d)
{
    if (s.len != 10)
        return false;
    if (!ascii_digit(s.ptr[4]) && !ascii_digit(s.ptr[7]))
        return date_valid((unsigned)digits_value(d, 4), d[4] * 10u + d[5], d[6] * 10u + d[7]);
    return !ascii_digit(s.ptr[2]) && !ascii_digit(s.ptr[5]) && date_valid((unsigned)digits_value(d + 4, 4), d[2] * 10u + d[3], d[0] * 10u + d[1]);
}

/* Any grouping of 7 to 15 digits, behind a word for telephone; no time stamp and no date. */
static bool
check_national(struct match *m)
{
    uint8_t d[15];
    size_t n = match_digits(m, d, sizeof(d));

    return n >= 7 && !(digits_epoch(d, n) && !match_formatted(m)) && !(n == 8 && written_as_date(match_str(m), d));
}

const struct detector detect_address[] = {
    {
        ENTRY("contact.phone_national", "PHONE_NUMBER", "Telephone number in its national form", TIER_B, "contact", "GDPR HIPAA-D", 1),
        .pattern = "(?:\\([0-9]{1,5}\\)|" GROUPS_START "(?<!\\+)[0-9]{2,15})(?:[ /-]{1,3}[0-9]{2,8}|\\.[0-9]{2}(?![0-9])){0,5}" GROUPS_END,
        .context = WORDS(LOCAL_PHONE_WORDS),
        .need_context = true,
        .check = check_national,
        .examples = EXAMPLES(HIT("Tel. 030 1234567"), HIT("t\xc3\xa9l\xc3\xa9phone 06 12 34 56 78"), HIT("\xe9\x9b\xbb\xe8\xa9\xb1 090-1234-5678"),
            HIT("\xe6\x89\x8b\xe6\x9c\xba"
                "13812345678"),
            HIT("mobile 98765 43210"), HIT_IN("user.mobile", "07911 123456"), HIT("telefon 0151/23456789"), HIT("Phone: 60-56-85-91"),
            HIT("Phone: (37) 788-063"), HIT("t\xc3\xa9l 06.12.34.56.78"), MISS("phone os 17.4.1"), MISS("phone 2024-01-31"),
            MISS("[PHONE_NUMBER] 13812345678"), MISS("phone 192.168.100.200"), MISS("13812345678"), MISS("090-1234-5678"), MISS("order 98765 43210"),
            MISS_IN("user.mobile", "1700000000")),
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
        .pattern = WORD_START "(?:" UK_OUTWARD " ?" UK_INWARD "|GIR ?0AA)" WORD_END,
        .context = WORDS("postcode", "post code", "postal code", "address", "deliver", "delivery"),
        .need_context = true,
        .caseless = true,
        .examples = EXAMPLES(HIT("address SW1A 1AA"), HIT("postcode EC1A1BB"), HIT("deliver to M1 1AE"), HIT_IN("user.postcode", "cr2 6xh"),
            HIT("postcode DN55 1PT"), HIT("postcode GIR 0AA"), MISS("postcode QA1 1AA"), MISS("postcode M1 1CA"), MISS("postcode M1 1AI"),
            MISS("SW1A 1AA"), MISS("postcode AIA 1AA")),
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
