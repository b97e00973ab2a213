/* Accounts and banks in their national forms, and the bank identifier code. */
#include "checks_int.h"
#include "policies/residency.h"

/* ISO 9362: bank, country, place, branch. */
static bool
check_bic(struct match *m)
{
    return country_known(str_sub(match_str(m), 4, 6));
}

/* Districts of the Federal Reserve 00-12, thrift 21-32, electronic 61-72, traveller's cheques 80; weights 3 7 1. */
static bool
check_aba(struct match *m)
{
    static const int8_t weights[] = {3, 7, 1, 3, 7, 1, 3, 7, 1};
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));
    uint64_t area = digits_value(d, 2);
    bool assigned = area <= 12 || (area >= 21 && area <= 32) || (area >= 61 && area <= 72) || area == 80;

    return n == 9 && assigned && digits_value(d, n) != 0 && digits_weigh(d, weights, n) % 10 == 0;
}

/* The account of a cloud is no bank account, and it must be kept. */
static bool
check_us_account(struct match *m)
{
    return str_find_nocase(m->key, STR("cloud")) == SIZE_MAX && str_find_nocase(m->key, STR("aws")) == SIZE_MAX;
}

/* A pair of sort code and account is enough; a sort code alone looks like a date. */
static bool
check_sort_account(struct match *m)
{
    return match_context(m) || match_group(m, 1).len > 0;
}

static unsigned
ccc_digit(const uint8_t *d)
{
    static const int8_t weights[] = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
    unsigned v = 11 - (unsigned)digits_weigh(d, weights, 10) % 11;

    return v == 11 ? 0 : v == 10 ? 1 : v;
}

/* Codigo cuenta cliente: bank and branch, two check digits, account. */
static bool
check_ccc(struct match *m)
{
    uint8_t d[20], head[10] = {0};
    size_t n = match_digits(m, d, sizeof(d));

    memcpy(head + 2, d, 8);
    return n == 20 && ccc_digit(head) == d[8] && ccc_digit(d + 10) == d[9] && !digits_all_equal(d, n);
}

static bool
check_clabe(struct match *m)
{
    static const uint8_t weights[] = {3, 7, 1};
    uint8_t d[18];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned sum = 0;

    for (size_t i = 0; i + 1 < n; i++)
        sum += (unsigned)d[i] * weights[i % 3] % 10;
    return n == 18 && (10 - sum % 10) % 10 == d[17] && !digits_all_equal(d, n);
}

/* Two blocks, of 8 and 14 digits, each with its check digit; weights 3 1 7 9 from the right (BCRA). */
static bool
cbu_block(const uint8_t *d, size_t n)
{
    static const uint8_t weights[] = {3, 1, 7, 9};
    unsigned sum = 0;

    for (size_t i = 0; i + 1 < n; i++)
        sum += (unsigned)d[n - 2 - i] * weights[i % 4];
    return (10 - sum % 10) % 10 == d[n - 1];
}

static bool
check_cbu(struct match *m)
{
    uint8_t d[22];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 22 && cbu_block(d, 8) && cbu_block(d + 8, 14) && !digits_all_equal(d, n);
}

const struct detector detect_bank[] = {
    {
        ENTRY("fin.bic", "BIC", "Bank identifier code (SWIFT)", TIER_B, "financial", "GDPR", 0),
        .pattern = WORD_START "[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?" WORD_END,
        .context = WORDS("swift", "bic", "swift code", "bic code"),
        .need_context = true,
        .check = check_bic,
        .examples = EXAMPLES(
            HIT("BIC AGRIFRPP882"), HIT("swift: DEUTDEFF"), MISS("bic AGRIFRPP8"), MISS("bic AGRIF2PP"), MISS("CONTAINS"), MISS("swift BANKXQ22")),
    },
    {
        ENTRY("fin.aba_rtn", "US_BANK_ROUTING", "US bank routing number", TIER_B, "financial", "GDPR HIPAA-J", 1),
        .pattern = GROUPS_START "(?:[0-9]{9}|[0-9]{4}-[0-9]{4}-[0-9])" GROUPS_END,
        .context = WORDS("routing", "aba", "rtn", "transit", "routing number", "aba number"),
        .need_context = true,
        .check = check_aba,
        .examples = EXAMPLES(HIT("routing 121000248"), HIT("ABA: 021000021"), HIT_IN("bank.routing_number", "121000248"), MISS("routing 123456789"),
            MISS("121000248"), MISS("routing 000000000"), MISS("aba 501000248")),
    },
    {
        ENTRY("fin.us_account", "US_BANK_ACCOUNT", "US bank account number", TIER_B, "financial", "GDPR HIPAA-J", 1),
        .pattern = GROUPS_START "[0-9]{4,17}" GROUPS_END,
        .context = WORDS("account number", "account no", "acct", "acct no", "acct number", "checking", "savings", "bank account", "checking account",
            "savings account"),
        .need_context = true,
        .check = check_us_account,
        .examples = EXAMPLES(HIT("account number 12345678"), HIT_IN("bank_account", "000123456789"), HIT("acct: 9876543210"), MISS("12345678"),
            MISS("account 12345678"), MISS_IN("aws.account_number", "123456789012")),
    },
    {
        ENTRY("fin.uk_sort_account", "UK_BANK_ACCOUNT", "UK sort code and account number", TIER_B, "financial", "GDPR", 1),
        .pattern = GROUPS_START "[0-9]{2}-[0-9]{2}-[0-9]{2}(?:[ ,/]{1,3}(?:a/?c|acc(?:oun)?t)?[ :.]{0,2}([0-9]{8}))?" GROUPS_END,
        .caseless = true,
        .context = WORDS("sort code", "sortcode", "sort"),
        .check = check_sort_account,
        .examples = EXAMPLES(HIT("sort code 20-00-00"), HIT("20-00-00 55779911"), HIT("20-00-00, a/c 55779911"), MISS("20-00-00"),
            MISS("20-00-00 5577991"), MISS("2020-00-00")),
    },
    {
        ENTRY("fin.es_ccc", "ES_CCC", "Spanish bank account", TIER_C, "financial", "GDPR", 1),
        .pattern = GROUPS_START "[0-9]{4}([ -]?)[0-9]{4}\\1[0-9]{2}[ -]?[0-9]{10}" GROUPS_END,
        .context = WORDS("ccc", "cuenta", "cuenta bancaria"),
        .need_context = true,
        .check = check_ccc,
        .examples = EXAMPLES(HIT("ccc 1234-1234-16 1234567890"), MISS("1234-1234-16 1234567890"), HIT("cuenta 12341234161234567890"),
            MISS("1234-1234-00 1234567890"), MISS("1234-1234-16 123456789")),
    },
    {
        ENTRY("fin.au_bsb", "AU_BANK_ACCOUNT", "Australian bank state branch number", TIER_C, "financial", "GDPR", 1),
        .pattern = GROUPS_START "[0-9]{3}[- ]?[0-9]{3}" GROUPS_END,
        .context = WORDS("bsb", "bank state branch"),
        .need_context = true,
        .examples = EXAMPLES(HIT("BSB 062-000"), HIT_IN("bank.bsb", "062000"), MISS("062-000"), MISS("bsb 062-0000")),
    },
    {
        ENTRY("fin.in_ifsc", "IN_IFSC", "Indian bank branch code", TIER_C, "financial", "DPDP", 0),
        .pattern = WORD_START "[A-Z]{4}0[A-Z0-9]{6}" WORD_END,
        .context = WORDS("ifsc", "ifsc code"),
        .need_context = true,
        .examples = EXAMPLES(HIT("IFSC SBIN0005943"), HIT_IN("bank.ifsc", "HDFC0000001"), MISS("SBIN0005943"), MISS("ifsc SBIN1005943")),
    },
    {
        ENTRY("fin.mx_clabe", "MX_CLABE", "Mexican bank account", TIER_C, "financial", "GDPR", 1),
        .pattern = GROUPS_START "[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{11}[ -]?[0-9]" GROUPS_END,
        .context = WORDS("clabe", "cuenta"),
        .need_context = true,
        .check = check_clabe,
        .examples = EXAMPLES(HIT("clabe 032180000118359719"), MISS("032180000118359719"), HIT("clabe 032 180 00011835971 9"),
            MISS("032180000118359718"), MISS("03218000011835971")),
    },
    {
        ENTRY("fin.ar_cbu", "AR_CBU", "Argentine bank account", TIER_C, "financial", "GDPR", 1),
        .pattern = GROUPS_START "[0-9]{8}[ -]?[0-9]{14}" GROUPS_END,
        .context = WORDS("cbu", "cvu"),
        .check = check_cbu,
        .examples = EXAMPLES(
            HIT("2850590940090418135201"), HIT("cbu 28505909 40090418135201"), MISS("2850590940090418135202"), MISS("285059094009041813520")),
    },
    {.id = NULL},
};
