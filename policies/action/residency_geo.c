#include "residency_model_int.h"

/* ISO 3166-1 alpha-2, the officially assigned codes, ascending. */
static const char iso_codes[] =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDM"
    "DODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKN"
    "KPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPM"
    "PNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVI"
    "VNVUWFWSYEYTZAZMZW";

/* Regions of AWS, Google Cloud and Azure, ascending; what is not here is unknown. Sources: the providers' lists of regions, 2026. */
static const struct region_row {
    const char *region;
    char country[3];
} region_rows[] = {
    {"af-south-1", "ZA"},
    {"africa-south1", "ZA"},
    {"ap-east-1", "HK"},
    {"ap-east-2", "TW"},
    {"ap-northeast-1", "JP"},
    {"ap-northeast-2", "KR"},
    {"ap-northeast-3", "JP"},
    {"ap-south-1", "IN"},
    {"ap-south-2", "IN"},
    {"ap-southeast-1", "SG"},
    {"ap-southeast-2", "AU"},
    {"ap-southeast-3", "ID"},
    {"ap-southeast-4", "AU"},
    {"ap-southeast-5", "MY"},
    {"ap-southeast-6", "NZ"},
    {"ap-southeast-7", "TH"},
    {"asia-east1", "TW"},
    {"asia-east2", "HK"},
    {"asia-northeast1", "JP"},
    {"asia-northeast2", "JP"},
    {"asia-northeast3", "KR"},
    {"asia-south1", "IN"},
    {"asia-south2", "IN"},
    {"asia-southeast1", "SG"},
    {"asia-southeast2", "ID"},
    {"australia-southeast1", "AU"},
    {"australia-southeast2", "AU"},
    {"australiacentral", "AU"},
    {"australiacentral2", "AU"},
    {"australiaeast", "AU"},
    {"australiasoutheast", "AU"},
    {"austriaeast", "AT"},
    {"belgiumcentral", "BE"},
    {"brazilsouth", "BR"},
    {"brazilsoutheast", "BR"},
    {"ca-central-1", "CA"},
    {"ca-west-1", "CA"},
    {"canadacentral", "CA"},
    {"canadaeast", "CA"},
    {"centralindia", "IN"},
    {"centralus", "US"},
    {"chilecentral", "CL"},
    {"chinaeast", "CN"},
    {"chinaeast2", "CN"},
    {"chinaeast3", "CN"},
    {"chinanorth", "CN"},
    {"chinanorth2", "CN"},
    {"chinanorth3", "CN"},
    {"cn-north-1", "CN"},
    {"cn-northwest-1", "CN"},
    {"denmarkeast", "DK"},
    {"eastasia", "HK"},
    {"eastus", "US"},
    {"eastus2", "US"},
    {"eastus3", "US"},
    {"eu-central-1", "DE"},
    {"eu-central-2", "CH"},
    {"eu-isoe-west-1", "GB"},
    {"eu-north-1", "SE"},
    {"eu-south-1", "IT"},
    {"eu-south-2", "ES"},
    {"eu-west-1", "IE"},
    {"eu-west-2", "GB"},
    {"eu-west-3", "FR"},
    {"europe-central2", "PL"},
    {"europe-north1", "FI"},
    {"europe-north2", "SE"},
    {"europe-southwest1", "ES"},
    {"europe-west1", "BE"},
    {"europe-west10", "DE"},
    {"europe-west12", "IT"},
    {"europe-west2", "GB"},
    {"europe-west3", "DE"},
    {"europe-west4", "NL"},
    {"europe-west6", "CH"},
    {"europe-west8", "IT"},
    {"europe-west9", "FR"},
    {"eusc-de-east-1", "DE"},
    {"francecentral", "FR"},
    {"francesouth", "FR"},
    {"germanycentral", "DE"},
    {"germanynorth", "DE"},
    {"germanynortheast", "DE"},
    {"germanywestcentral", "DE"},
    {"il-central-1", "IL"},
    {"indonesiacentral", "ID"},
    {"israelcentral", "IL"},
    {"italynorth", "IT"},
    {"japaneast", "JP"},
    {"japanwest", "JP"},
    {"jioindiacentral", "IN"},
    {"jioindiawest", "IN"},
    {"koreacentral", "KR"},
    {"koreasouth", "KR"},
    {"malaysiawest", "MY"},
    {"me-central-1", "AE"},
    {"me-central1", "QA"},
    {"me-central2", "SA"},
    {"me-south-1", "BH"},
    {"me-west1", "IL"},
    {"mexicocentral", "MX"},
    {"mx-central-1", "MX"},
    {"newzealandnorth", "NZ"},
    {"northamerica-northeast1", "CA"},
    {"northamerica-northeast2", "CA"},
    {"northamerica-south1", "MX"},
    {"northcentralus", "US"},
    {"northeurope", "IE"},
    {"norwayeast", "NO"},
    {"norwaywest", "NO"},
    {"polandcentral", "PL"},
    {"qatarcentral", "QA"},
    {"sa-east-1", "BR"},
    {"southafricanorth", "ZA"},
    {"southafricawest", "ZA"},
    {"southamerica-east1", "BR"},
    {"southamerica-west1", "CL"},
    {"southcentralus", "US"},
    {"southeastasia", "SG"},
    {"southindia", "IN"},
    {"spaincentral", "ES"},
    {"swedencentral", "SE"},
    {"swedensouth", "SE"},
    {"switzerlandnorth", "CH"},
    {"switzerlandwest", "CH"},
    {"taiwannorth", "TW"},
    {"taiwannorthwest", "TW"},
    {"uaecentral", "AE"},
    {"uaenorth", "AE"},
    {"uksouth", "GB"},
    {"ukwest", "GB"},
    {"us-central1", "US"},
    {"us-central2", "US"},
    {"us-east-1", "US"},
    {"us-east-2", "US"},
    {"us-east1", "US"},
    {"us-east4", "US"},
    {"us-east5", "US"},
    {"us-gov-east-1", "US"},
    {"us-gov-west-1", "US"},
    {"us-iso-east-1", "US"},
    {"us-iso-west-1", "US"},
    {"us-isob-east-1", "US"},
    {"us-isof-east-1", "US"},
    {"us-isof-south-1", "US"},
    {"us-south1", "US"},
    {"us-west-1", "US"},
    {"us-west-2", "US"},
    {"us-west1", "US"},
    {"us-west2", "US"},
    {"us-west3", "US"},
    {"us-west4", "US"},
    {"usdodcentral", "US"},
    {"usdodeast", "US"},
    {"usgovarizona", "US"},
    {"usgoviowa", "US"},
    {"usgovtexas", "US"},
    {"usgovvirginia", "US"},
    {"westcentralus", "US"},
    {"westeurope", "NL"},
    {"westindia", "IN"},
    {"westus", "US"},
    {"westus2", "US"},
    {"westus3", "US"},
};

/* The 27 members since 2020-02-01. */
#define EU_MEMBERS "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEITLTLULVMTNLPLPTROSESISK"

/* Commission Implementing Decision of 2025-12-19 renews the United Kingdom until 2031-12-27. */
static const struct group_end adequacy_ends[] = {{"GB", UINT64_C(1956096000)}, {NULL, 0}};

/*
 * The adequacy list leaves out the United States, whose decision covers only companies that certified under the Data Privacy Framework: that cannot
 * be told from a country. Canada's covers commercial organisations.
 */
const struct builtin_group builtin_groups[] = {
    {"EU", EU_MEMBERS, NULL, "Treaty on European Union, members in 2026"},
    {"EEA", EU_MEMBERS "ISLINO", NULL, "Agreement on the European Economic Area, members in 2026"},
    {"eu-adequacy@2026-02", "ADARBRCACHFOGBGGILIMJEJPKRNZUY", adequacy_ends, "GDPR art. 45 decisions in force in February 2026"},
    {"us-concern@2025-04", "CNCUHKIRKPMORUVE", NULL, "28 CFR 202.601, countries of concern"},
    {NULL, NULL, NULL, NULL},
};

void
countries_join(struct countries *to, const struct countries *other)
{
    for (size_t i = 0; i < sizeof(to->bits) / sizeof(to->bits[0]); i++)
        to->bits[i] |= other->bits[i];
}

bool
countries_meet(const struct countries *a, const struct countries *b)
{
    for (size_t i = 0; i < sizeof(a->bits) / sizeof(a->bits[0]); i++)
        if (a->bits[i] & b->bits[i])
            return true;
    return false;
}

bool
countries_empty(const struct countries *c)
{
    return !countries_meet(c, c);
}

bool
countries_inside(const struct countries *a, const struct countries *b)
{
    for (size_t i = 0; i < sizeof(a->bits) / sizeof(a->bits[0]); i++)
        if (a->bits[i] & ~b->bits[i])
            return false;
    return !countries_empty(a);
}

static char
ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char
ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int
country_number(struct str code)
{
    if (code.len != 2)
        return COUNTRY_UNKNOWN;
    const char c[2] = {ascii_upper(code.ptr[0]), ascii_upper(code.ptr[1])};
    size_t from = 0, to = (sizeof(iso_codes) - 1) / 2;

    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int order = memcmp(c, iso_codes + 2 * mid, 2);

        if (order == 0)
            return (c[0] - 'A') * 26 + (c[1] - 'A');
        if (order < 0)
            to = mid;
        else
            from = mid + 1;
    }
    return COUNTRY_UNKNOWN;
}

void
country_code(int country, char out[3])
{
    out[0] = (char)('A' + country / 26);
    out[1] = (char)('A' + country % 26);
    out[2] = '\0';
}

void
group_members(const struct builtin_group *g, struct countries *out)
{
    memset(out, 0, sizeof(*out));
    for (const char *m = g->members; *m; m += 2)
        countries_add(out, country_number((struct str){m, 2}));
}

bool
country_known(struct str code)
{
    return country_number(code) != COUNTRY_UNKNOWN;
}

struct str
region_country(struct str region)
{
    char folded[32];
    size_t from = 0, to = sizeof(region_rows) / sizeof(region_rows[0]);

    if (region.len == 0 || region.len > sizeof(folded))
        return (struct str){NULL, 0};
    for (size_t i = 0; i < region.len; i++)
        folded[i] = ascii_lower(region.ptr[i]);
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int order = str_cmp((struct str){folded, region.len}, str_of(region_rows[mid].region));

        if (order == 0)
            return (struct str){region_rows[mid].country, 2};
        if (order < 0)
            to = mid;
        else
            from = mid + 1;
    }
    return (struct str){NULL, 0};
}
