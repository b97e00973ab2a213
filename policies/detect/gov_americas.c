/* Government identifiers of the Americas but the United States. */
#include "checks_int.h"

/* Weighted sum of d[0..n) with weights n+1 .. 2; the check digit is 11 minus its remainder, 0 for 10 and 11 (Receita Federal). */
static unsigned
cpf_digit(const uint8_t *d, size_t n)
{
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += d[i] * (unsigned)(n + 1 - i);
    return sum % 11 < 2 ? 0 : 11 - sum % 11;
}

static bool
check_cpf(struct match *m)
{
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    if (n != 11 || digits_all_equal(d, n) || cpf_digit(d, 9) != d[9] || cpf_digit(d, 10) != d[10])
        return false;
    return m->context || match_formatted(m);
}

const struct detector detect_gov_americas[] = {
    {
        .id = "br.cpf",
        .entity = "BR_CPF",
        .title = "Brazilian taxpayer number",
        .tier = TIER_A,
        .category = "government",
        .controls = "LGPD GDPR",
        .pattern = GROUPS_START "(?:[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}[-./][0-9]{2}|[0-9]{9}-?[0-9]{2})" GROUPS_END,
        .context = WORDS("cpf", "cadastro de pessoas"),
        .check = check_cpf,
        .severity = 2,
        .examples = EXAMPLES(HIT("390.533.447-05"), HIT("cpf 39053344705"), HIT_IN("user.cpf", "39053344705"), HIT("390533447-05"),
            MISS("231.002.999-00"), MISS("390.533.447-06"), MISS("39053344705"), MISS("111.111.111-11")),
    },
    {.id = NULL},
};
