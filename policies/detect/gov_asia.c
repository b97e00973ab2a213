/* Government identifiers of Asia. */
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

    if (n != 12 || palindrome(d, n) || !verhoeff_valid(d, n) || match_in_uuid(m))
        return false;
    return m->context || match_formatted(m);
}

const struct detector detect_gov_asia[] = {
    {
        .id = "in.aadhaar",
        .entity = "IN_AADHAAR",
        .title = "Indian Aadhaar number",
        .tier = TIER_A,
        .category = "government",
        .controls = "DPDP GDPR",
        .pattern = GROUPS_START "[2-9][0-9]{3}([ -]?)[0-9]{4}\\1[0-9]{4}" GROUPS_END,
        .context = WORDS("aadhaar", "aadhar", "uidai", "uid number"),
        .check = check_aadhaar,
        .severity = 2,
        .examples = EXAMPLES(HIT("2341 2341 2346"), HIT("2341-2341-2346"), HIT("aadhaar 234123412346"), HIT_IN("user.aadhaar", "234123412346"),
            MISS("2341 2341 2347"), MISS("222222222222"), MISS("234123412346"), MISS("1341 2341 2346")),
    },
    {.id = NULL},
};
