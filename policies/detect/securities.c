/* Identifiers of companies and of what they issue: not personal by themselves, a pack of their own. */
#include "checks_int.h"

/* Letters become two digits each, then Luhn (ISO 6166 annex). */
static bool
expanded_luhn(struct str s)
{
    uint8_t d[48];
    size_t n = 0;

    for (size_t i = 0; i < s.len && n + 2 <= sizeof(d); i++) {
        unsigned v = base36_value(s.ptr[i]);

        if (v > 9)
            d[n++] = (uint8_t)(v / 10);
        d[n++] = (uint8_t)(v % 10);
    }
    return luhn_valid(d, n);
}

static bool
check_isin(struct match *m)
{
    return expanded_luhn(match_str(m));
}

/* ISO 17442: the whole number modulo 97 is 1. */
static bool
check_lei(struct match *m)
{
    return mod97(match_str(m)) == 1;
}

/* Every second value doubled, from the left, and the digits of all summed; * @ # count 36 37 38. */
static bool
check_cusip(struct match *m)
{
    struct str s = match_str(m);
    unsigned sum = 0;

    for (size_t i = 0; i < 8; i++) {
        unsigned v = base36_value(s.ptr[i]) * (i % 2 ? 2 : 1);

        sum += v / 10 + v % 10;
    }
    return (10 - sum % 10) % 10 == base36_value(s.ptr[8]);
}

static bool
check_sedol(struct match *m)
{
    static const uint8_t weights[] = {1, 3, 1, 7, 3, 9, 1};
    struct str s = match_str(m);
    unsigned sum = 0;

    for (size_t i = 0; i < sizeof(weights); i++)
        sum += base36_value(s.ptr[i]) * weights[i];
    return sum % 10 == 0;
}

const struct detector detect_securities[] = {
    {
        ENTRY("fin.isin", "ISIN", "International securities identification number", TIER_C, "financial", "GLBA", 0),
        .pattern = WORD_START "[A-Z]{2}[0-9A-Z]{9}[0-9]" WORD_END,
        .context = WORDS("isin"),
        .check = check_isin,
        .examples = EXAMPLES(HIT("US0378331005"), HIT("isin DE0007164600"), MISS("US0378331003"), MISS("US037833100")),
    },
    {
        ENTRY("fin.lei", "LEI", "Legal entity identifier", TIER_C, "financial", "GLBA", 0),
        .pattern = WORD_START "[0-9A-Z]{18}[0-9]{2}" WORD_END,
        .context = WORDS("lei"),
        .check = check_lei,
        .examples = EXAMPLES(
            HIT("213800KUD8LAJWSQ9D15"), HIT("LEI: 213800KUD8LAJWSQ9D15."), MISS("213800KUD8LXJWSQ9D15"), MISS("213800KUD8LAJWSQ9D1")),
    },
    {
        ENTRY("fin.cusip", "CUSIP", "CUSIP", TIER_C, "financial", "GLBA", 0),
        .pattern = WORD_START "[0-9A-Z]{8}[0-9]" WORD_END,
        .context = WORDS("cusip"),
        .need_context = true,
        .check = check_cusip,
        .examples = EXAMPLES(HIT("cusip 037833100"), HIT("CUSIP: 38259P508"), MISS("037833100"), MISS("cusip 037833101")),
    },
    {
        ENTRY("fin.sedol", "SEDOL", "SEDOL", TIER_C, "financial", "GLBA", 0),
        .pattern = WORD_START "[0-9B-DF-HJ-NP-TV-Z]{6}[0-9]" WORD_END,
        .context = WORDS("sedol"),
        .need_context = true,
        .check = check_sedol,
        .examples = EXAMPLES(HIT("sedol 0263494"), HIT("SEDOL B0WNLY7"), MISS("0263494"), MISS("sedol 0263495")),
    },
    {.id = NULL},
};
