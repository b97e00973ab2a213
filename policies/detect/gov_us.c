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
    return m->context || match_formatted(m);
}

const struct detector detect_gov_us[] = {
    {
        .id = "us.ssn",
        .entity = "US_SSN",
        .title = "US social security number",
        .tier = TIER_A,
        .category = "government",
        .controls = "HIPAA-G CCPA GDPR",
        .pattern = GROUPS_START "(?:[0-8][0-9]{2}([-. ])[0-9]{2}\\1[0-9]{4}|[0-8][0-9]{8})" GROUPS_END,
        .context = WORDS("ssn", "social security", "soc sec", "social security number", "ssn number", "ssno", "ss number"),
        .check = check_ssn,
        .severity = 2,
        .examples = EXAMPLES(HIT("536-90-4399"), HIT("536.90.4399"), HIT("536 90 4399"), HIT("ssn 536904399"), HIT_IN("user.ssn", "536904399"),
            HIT("\xe5\x8f\xb7"
                "536-90-4399\xe3\x80\x82"),
            HIT("123-45-6789"), MISS("666-00-0000"), MISS("078-05-1120"), MISS("693-09.4444"), MISS("219-09-9999"), MISS("536904399"),
            MISS("000-12-3456"), MISS("912-45-6789"), MISS("536-90-43991"), MISS("1-536-90-4399")),
    },
    {.id = NULL},
};
