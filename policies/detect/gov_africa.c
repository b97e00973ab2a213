/* Identifiers of Africa and the Middle East. */
#include "checks_int.h"

/* Date of birth, sex, citizenship 0 or 1 (2 for refugees), Luhn. Thirteen digits that may be milliseconds need context. */
static bool
check_za_id(struct match *m)
{
    uint8_t d[13];
    size_t n = match_digits(m, d, sizeof(d));

    if (n != 13 || !date_yymmdd(d) || d[10] > 2 || !luhn_valid(d, n))
        return false;
    return match_vouched(m) || !digits_epoch(d, n);
}

/* Shorter numbers have lost leading zeros, which Luhn does not see. */
static bool
check_il_id(struct match *m)
{
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));

    return n >= 8 && digits_value(d, n) != 0 && luhn_valid(d, n);
}

static bool
check_emirates(struct match *m)
{
    uint8_t d[15];
    size_t n = match_digits(m, d, sizeof(d));
    uint64_t year = digits_value(d + 3, 4);

    return n == 15 && year >= 1900 && year <= 2099 && luhn_valid(d, n);
}

static bool
check_ng_nin(struct match *m)
{
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 11 && d[0] != 0 && verhoeff_valid(d, n);
}

const struct detector detect_gov_africa[] = {
    {
        ENTRY("za.id", "ZA_ID", "South African identity number", TIER_B, "government", "POPIA GDPR", 2),
        .pattern = GROUPS_START "[0-9]{6} ?[0-9]{4} ?[0-9]{2} ?[0-9]" GROUPS_END,
        .context = WORDS("rsa id", "sa id", "south african id", "identity document", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_za_id,
        .examples = EXAMPLES(HIT("id number 8001015009087"), MISS("8001015009087"), HIT("id number 800101 5009 087"), HIT("SA ID 800101 5009 08 7"),
            MISS("800101 5009 087"), HIT("id number 8001015009087"), MISS("8001015009088"), MISS("8013015009087"), MISS("1748503543012")),
    },
    {
        ENTRY("il.id", "IL_ID", "Israeli identity number", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{8}-?[0-9]?" GROUPS_END,
        .context = WORDS("teudat", "teudat zehut", "israeli id", "\xd7\xaa.\xd7\x96", "\xd7\xaa\"\xd7\x96",
            "\xd7\x9e\xd7\xa1\xd7\xa4\xd7\xa8 \xd7\x96\xd7\x94\xd7\x95\xd7\xaa",
            "\xd7\xaa\xd7\xa2\xd7\x95\xd7\x93\xd7\xaa \xd7\x96\xd7\x94\xd7\x95\xd7\xaa", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_il_id,
        .examples = EXAMPLES(HIT("teudat zehut 39337423"), HIT("teudat 039337423"), MISS("teudat 39337424"), MISS("39337423")),
    },
    {
        ENTRY("ae.emirates_id", "AE_EMIRATES_ID", "Emirates identity number", TIER_A, "government", "GDPR", 2),
        .pattern = GROUPS_START "784([ -]?)[0-9]{4}\\1[0-9]{7}\\1[0-9]" GROUPS_END,
        .context = WORDS("emirates id", "eid"),
        .check = check_emirates,
        .examples = EXAMPLES(
            HIT("784197012345670"), HIT("784-1970-1234567-0"), MISS("784197012345671"), MISS("784-1870-1234567-0"), MISS("785-1970-1234567-0")),
    },
    {
        ENTRY("ng.nin", "NG_NIN", "Nigerian identity number", TIER_C, "government", "GDPR", 2),
        .pattern = NUM_START "[0-9]{11}" NUM_END,
        .context = WORDS("nin", "nimc", "national identification number", PERSON_ID_WORDS),
        .need_context = true,
        .check = check_ng_nin,
        .examples = EXAMPLES(HIT("nin 12345678902"), HIT_IN("user.nin", "12345678902"), MISS("12345678902"), MISS("nin 12345678903")),
    },
    {.id = NULL},
};
