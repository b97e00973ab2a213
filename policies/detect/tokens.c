/* Access keys and tokens with a prefix of their issuer. Prefixes and lengths are the issuers' published formats. */
#include "checks_int.h"

#define GITHUB_BODY 30
#define GITHUB_CHECK 6

/* Four bytes of prefix, thirty of body, and the body's CRC-32 in base 62. */
static bool
check_github(struct match *m)
{
    struct str s = match_str(m);

    /* A body that looks random is a token, mistyped or made up as it may be. */
    if (match_both_cases(&(struct match){.text = m->text, .start = m->start + 4, .end = m->end - GITHUB_CHECK}))
        return true;
    return base62_is(str_sub(s, s.len - GITHUB_CHECK, s.len), crc32_ieee(str_sub(s, s.len - GITHUB_CHECK - GITHUB_BODY, s.len - GITHUB_CHECK)));
}

/* Forty bytes of base64 are also what a SHA-1 looks like: mixed case and digits, and not hexadecimal. */
static bool
check_aws_secret(struct match *m)
{
    return match_narrow(m, 1) && match_both_cases(m) && str_entropy(match_str(m)) >= 4.0;
}

static bool
check_google_key(struct match *m)
{
    return str_entropy(match_str(m)) >= 3.0;
}

const struct detector detect_tokens[] = {
    {
        SECRET("sec.aws_akid", "AWS_KEY", "AWS access key id"),
        /* Issued ones are of base 32; made-up ones of any capitals and digits, and are treated as keys. */
        .pattern = WORD_START "(?:A(?:KIA|SIA|BIA|CCA)|A3T[A-Z0-9])[A-Z0-9]{16}" WORD_END,
        .examples = EXAMPLES(HIT("AK"
                                 "IAIOSFODNN7EXAMPLE"),
            HIT("id=AS"
                "IAQWERTYUIOPASDFGH"),
            MISS("AK"
                 "IAIOSFODNN7EXAMPL"),
            HIT("AK"
                "IAIOSFODNN8EXAMPLE"),
            MISS("AK"
                 "IAIOSFODNN8EXAMPle"),
            MISS("xAK"
                 "IAIOSFODNN7EXAMPLE"),
            MISS("AK"
                 "IAIOSFODNN7EXAMPLEX")),
    },
    {
        /* Or behind the id that it belongs to. */
        SECRET("sec.aws_secret", "AWS_KEY", "AWS secret access key"),
        .pattern = "(?:" NAMED(
            "aws|secret") "|A(?:KIA|SIA)[A-Z2-7]{16}[^0-9A-Za-z+/][^+/]{0,80}?(?<![0-9A-Za-z+/]))([0-9A-Za-z+/]{40})(?![0-9A-Za-z+/])",
        .caseless = true,
        .check = check_aws_secret,
        .examples = EXAMPLES(HIT("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG"
                                 "/bPxRfiCYEXAMPLEKEY"),
            HIT("AK"
                "IAIOSFODNN7EXAMPLE, wJalrXUtnFEMI/K7MDENG"
                "/bPxRfiCYEXAMPLEKEY"),
            HIT("{\"SecretAccessKey\": \"wJalrXUtnFEMI/K7MDENG"
                "/bPxRfiCYEXAMPLEKEY\"}"),
            MISS("wJalrXUtnFEMI/K7MDENG"
                 "/bPxRfiCYEXAMPLEKEY"),
            MISS("aws sha 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"), MISS("aws AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1a")),
    },
    {
        SECRET("sec.aws_secret_key", "AWS_KEY", "AWS secret access key, by its key"),
        .pattern = TEXT_START "([0-9A-Za-z+/]{40})" TEXT_END,
        .context = WORDS("aws", "aws secret", "secret access key", "aws secret access key", "aws secret key", "secretaccesskey"),
        .key_only = true,
        .check = check_aws_secret,
        .examples = EXAMPLES(HIT_IN("aws.secret_key", "wJalrXUtnFEMI/K7MDENG"
                                                      "/bPxRfiCYEXAMPLEKEY"),
            HIT_IN("secretAccessKey", "wJalrXUtnFEMI/K7MDENG"
                                      "/bPxRfiCYEXAMPLEKEY"),
            MISS_IN("vcs.revision", "wJalrXUtnFEMI/K7MDENG"
                                    "/bPxRfiCYEXAMPLEKEY"),
            MISS_IN("aws.sha", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")),
    },
    {
        SECRET("sec.github", "GITHUB_TOKEN", "GitHub token"),
        .pattern = WORD_START "gh[pousr]_[0-9A-Za-z]{36}" WORD_END,
        .check = check_github,
        .examples = EXAMPLES(HIT("gh"
                                 "p_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                 "0uCPlr"),
            HIT("token gh"
                "o_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                "0uCPlr."),
            MISS("gh"
                 "p_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "0uCPls"),
            MISS("gh"
                 "p_AAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "0uCPlr")),
    },
    {
        SECRET("sec.github_fine_grained", "GITHUB_TOKEN", "GitHub fine-grained token"),
        .pattern = WORD_START "github_pat_[0-9A-Za-z_]{82}" WORD_END,
        .examples = EXAMPLES(HIT("github"
                                 "_pat_11AAAAAAA0aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                                 "bbbbbbbbbbbbbbbbbbbbbb"),
            HIT("'github"
                "_pat_22AAAAAAA0aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                "bbbbbbbbbbbbbbbbbbbbbb'"),
            MISS("github"
                 "_pat_short"),
            MISS("github"
                 "_pat_11AAAAAAA0aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                 "bbbbbbbbbbbbbbbbbbbbb")),
    },
    {
        SECRET("sec.gitlab", "GITLAB_TOKEN", "GitLab token"),
        .pattern = WORD_START "(?:gl(?:pat|ptt|dt|rt|cbt|soat|agent|oas|ft|imt|ffct)-[0-9A-Za-z_-]{20,300}+(?:\\.[0-9a-z]{2}\\.[0-9a-z]{7,9}|\\.[0-"
                              "9a-z]{9})?|GR1348941[0-9A-Za-z_-]{20,50})",
        .examples = EXAMPLES(HIT("gl"
                                 "pat-AAAAbbbbCCCCdddd1234"),
            HIT("gl"
                "rt-AAAAbbbbCCCCdddd1234_-x"),
            HIT("GR13"
                "48941AAAAbbbbCCCCdddd1234"),
            HIT("gl"
                "pat-AAAAbbbbCCCCdddd1234567.01.0a1b2c3d4"),
            MISS("gl"
                 "pat-short"),
            MISS("glxx-AAAAbbbbCCCCdddd1234"),
            MISS("xgl"
                 "pat-AAAAbbbbCCCCdddd1234")),
    },
    {
        SECRET("sec.slack", "SLACK_TOKEN", "Slack token"),
        .pattern = WORD_START
        "(?:xox[abeoprs]-(?:[0-9]{1,2}-)?[0-9A-Za-z-]{8,400}+|xoxe\\.xox[bp]-[0-9]-[0-9A-Za-z]{20,400}+|xapp-[0-9]-[0-9A-Za-z-]{20,400}+)",
        .examples = EXAMPLES(HIT("xo"
                                 "xb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"),
            HIT("xa"
                "pp-1-A0123456789-1234567890123-abcdef0123456789"),
            MISS("xo"
                 "xb-short"),
            MISS("xoxz-123456789012-abc"),
            MISS("boxo"
                 "xb-123456789012-1234567890123")),
    },
    {
        SECRET("sec.slack_webhook", "SLACK_TOKEN", "Slack webhook"),
        .pattern = "hooks\\.slack\\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,80}+)",
        .check = match_first_group,
        .examples = EXAMPLES(HIT("https://hooks.sl"
                                 "ack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"),
            HIT("hooks.sl"
                "ack.com/workflows/T00000000/A00000000/0000000000000000/x"),
            MISS("https://hooks.sl"
                 "ack.com/services/"),
            MISS("https://slack.com/services/T00000000/B00000000/XXXXXXXXXXXX")),
    },
    {
        SECRET("sec.stripe", "STRIPE_KEY", "Stripe secret key"),
        .pattern = WORD_START "(?:(?:sk|rk)_(?:live|test|prod)_[0-9A-Za-z]{10,110}+|whsec_[0-9A-Za-z+/=]{20,90}+)",
        .examples = EXAMPLES(HIT("sk_"
                                 "live_4eC39HqLyjWDarjtT1zdp7dc"),
            HIT("rk_"
                "test_4eC39HqLyjWDarjtT1zdp7dc"),
            HIT("wh"
                "sec_4eC39HqLyjWDarjtT1zdp7dc"),
            MISS("pk_"
                 "live_4eC39HqLyjWDarjtT1zdp7dc"),
            MISS("sk_"
                 "live_short"),
            MISS("task_"
                 "live_4eC39HqLyjWDarjtT1zdp7dc")),
    },
    {
        SECRET("sec.gcp_api_key", "GOOGLE_API_KEY", "Google API key"),
        .pattern = WORD_START "AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])",
        .check = check_google_key,
        .examples = EXAMPLES(HIT("AI"
                                 "zaSyA1234567890abcdefghijklmnopqrstuv"),
            HIT("key=AI"
                "zaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"),
            MISS("AI"
                 "zaSyA1234567890abcdefghijklmnopqrstu"),
            MISS("AI"
                 "zaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
    },
    {.id = NULL},
};
