/* Tokens of registries, trackers and tools of development. */
#include "checks_int.h"

#define TOKEN_END "(?![0-9A-Za-z_-])"

/* As GitHub's: thirty letters and digits, and their CRC-32 in base 62. What is as random as one is treated as one. */
static bool
check_npm(struct match *m)
{
    struct str s = match_str(m);
    uint8_t d[36];

    return match_digits(m, d, sizeof(d)) >= 3 || base62_is(str_sub(s, s.len - 6, s.len), crc32_ieee(str_sub(s, s.len - 36, s.len - 6))) ||
           match_both_cases(m);
}

static bool
check_okta(struct match *m)
{
    return match_narrow(m, 1) && match_both_cases(m);
}

const struct detector detect_tokens_dev[] = {
    {
        SECRET("sec.atlassian", "ATLASSIAN_TOKEN", "Atlassian token"),
        .pattern = WORD_START "ATATT3[0-9A-Za-z_=-]{186,200}+",
        .examples = EXAMPLES(HIT("ATA"
                                 "TT3" BODY32 BODY32 BODY32 BODY32 BODY32 BODY8 BODY8 "=" HEX8 "a"),
            HIT("t: ATA"
                "TT3" BODY32 BODY32 BODY32 BODY32 BODY32 BODY32),
            MISS("ATATT3" BODY32), MISS("BATATT3")),
    },
    {
        SECRET("sec.npm", "NPM_TOKEN", "npm token"),
        .pattern = WORD_START "npm_[0-9A-Za-z]{36}" WORD_END,
        .check = check_npm,
        .examples = EXAMPLES(HIT("np"
                                 "m_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                 "0uCPlr"),
            HIT("//registry.npmjs.org/:_authToken=np"
                "m_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                "0uCPlr"),
            MISS("npm_config_cache"),
            MISS("np"
                 "m_" BODY8)),
    },
    {
        SECRET("sec.registry", "REGISTRY_TOKEN", "Token of a package registry"),
        .pattern = WORD_START "(?:pypi-AgEIcHlwaS5vcmc[0-9A-Za-z_-]{50,1000}+|pypi-AgENdGVzdC5weXBpLm9yZ[0-9A-Za-z_-]{50,1000}+|rubygems_[0-9a-f]{48}"
                              "|oy2[a-z0-9]{43}|CLOJARS_[0-9a-z]{60}|"
                              "dckr_(?:pat|oat)_[0-9A-Za-z_-]{27,32}+|cio[0-9A-Za-z]{32})" TOKEN_END,
        .examples = EXAMPLES(HIT("pyp"
                                 "i-AgEIcHlwaS5vcmc" BODY32 BODY32),
            HIT("rubyg"
                "ems_" HEX32 HEX8 HEX8),
            HIT("oy"
                "2" HEX32 HEX8 "abc"),
            HIT("CLOJ"
                "ARS_" HEX32 HEX8 HEX8 HEX8 "abcd"),
            HIT("dck"
                "r_pat_" BODY8 BODY8 BODY8 "abc"),
            MISS("pypi-short"), MISS("oy2short"), MISS("rubygems_" HEX32)),
    },
    {
        SECRET("sec.tracker", "WORKSPACE_TOKEN", "Token of a tracker or office service"),
        .pattern = WORD_START "(?:lin_api_[0-9A-Za-z]{40}|ntn_[0-9]{11}[0-9A-Za-z]{35}|secret_[0-9A-Za-z]{43}|pat[0-9A-Za-z]{14}\\.[0-9a-f]{64}|PMAK-"
                              "[0-9a-f]{24}-[0-9a-f]{34}|figd_[0-9A-Za-z_-]{40,64}+|"
                              /* ReadMe, Frame.io, Adobe, 42, Authress */
                              "rdme_[0-9a-z]{70}|fio-u-[0-9A-Za-z_=-]{64}|p8e-[0-9A-Za-z]{32}|s-s4t2(?:ud|af)-[0-9a-f]{64}|"
                              "(?:sc|ext|scauth|authress)_[0-9a-z]{5,30}\\.[0-9a-z]{4,6}\\.acc[_-][0-9a-z-]{10,32}\\.[0-9A-Za-z+/_=-]{30,120}+|"
                              "sq[upa]_[0-9a-f]{40}|ops_eyJ[0-9A-Za-z+/]{250,2000}+={0,3})" TOKEN_END,
        .examples = EXAMPLES(HIT("lin"
                                 "_api_" BODY32 BODY8),
            HIT("nt"
                "n_12345678901" BODY32 "abc"),
            HIT("pa"
                "t" BODY8 "e5F6g7." HEX32 HEX32),
            HIT("PMA"
                "K-" HEX8 HEX8 HEX8 "-" HEX32 "0a"),
            HIT("fig"
                "d_" BODY32 BODY8),
            HIT("sq"
                "p_" HEX32 HEX8),
            HIT("rd"
                "me_" HEX32 HEX32 "0a1b2c"),
            HIT("fi"
                "o-u-" BODY32 BODY32),
            HIT("p8"
                "e-" HEX32),
            HIT("s-s4"
                "t2ud-" HEX32 HEX32),
            HIT("s"
                "c_" HEX8 ".a1b2.acc-" HEX8 "-0a." BODY32),
            MISS("rdme_" HEX32), MISS("fio-u-" BODY32), MISS("lin_api_short"), MISS("patch" BODY8), MISS("sqp_" HEX32), MISS("secret_name")),
    },
    {
        SECRET("sec.1password", "WORKSPACE_TOKEN", "1Password secret key"),
        .pattern = WORD_START "A3-[0-9A-Z]{6}-(?:[0-9A-Z]{11}|[0-9A-Z]{6}-[0-9A-Z]{5})-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}" TOKEN_END,
        .examples = EXAMPLES(HIT("A3"
                                 "-ABC123-"
                                 "ABCDE012345-AB12C-AB12C-AB12C"),
            HIT("A3"
                "-ABC123-"
                "ABC123-ABCDE-AB12C-AB12C-AB12C"),
            MISS("A3-ABC123"), MISS("A4-ABC123-ABCDE012345-AB12C-AB12C-AB12C")),
    },
    {
        SECRET("sec.jfrog", "JFROG_TOKEN", "JFrog Artifactory key"),
        .pattern = WORD_START "(?:AKCp[0-9A-Za-z]{69}|cmVmd[0-9A-Za-z]{59})" TOKEN_END,
        .examples = EXAMPLES(HIT("AK"
                                 "Cp" BODY32 BODY32 "abcde"),
            HIT("cm"
                "Vmd" BODY32 BODY8 BODY8 BODY8 "abc"),
            MISS("AKCp" BODY32), MISS("cmVmd" BODY32)),
    },
    {
        SECRET("sec.okta", "IDENTITY_PROVIDER_TOKEN", "Token of an identity provider"),
        .pattern = NAMED("ssws|okta|auth0") "(00[0-9A-Za-z_-]{40}|[0-9A-Za-z_-]{64})" TOKEN_END,
        .caseless = true,
        .check = check_okta,
        .examples = EXAMPLES(HIT("SSWS 00" BODY32 BODY8), HIT("AUTH0_CLIENT_SECRET=" BODY32 BODY32), MISS("00" BODY32 BODY8),
            MISS("okta " HEX32 HEX32), MISS("okta 00short")),
    },
    {
        SECRET("sec.okta_key", "IDENTITY_PROVIDER_TOKEN", "Token of an identity provider, by its key"),
        .pattern = TEXT_START "(00[0-9A-Za-z_-]{40}|[0-9A-Za-z_-]{64})" TEXT_END,
        .context = WORDS("okta", "ssws", "okta token", "auth0", "auth0 client secret", "auth0 secret"),
        .key_only = true,
        .check = check_okta,
        .examples = EXAMPLES(HIT_IN("auth0.client_secret", BODY32 BODY32), HIT_IN("okta.token", "00" BODY32 BODY8),
            MISS_IN("app.digest", BODY32 BODY32), MISS_IN("okta.digest", HEX32 HEX32)),
    },
    {.id = NULL},
};
