/* Keys and tokens of mail, messaging, commerce and social services. */
#include "checks_int.h"

#define TOKEN_END "(?![0-9A-Za-z_-])"

static bool
check_two_groups(struct match *m)
{
    return match_narrow(m, 1) || match_narrow(m, 2);
}

/* SK and capitals may be of any base 32; SK and small letters are not. */
static bool
check_twilio(struct match *m)
{
    return match_both_cases(m) || match_context(m);
}

/* EAAA is also what base64 of small numbers begins with, and UUIDs in capitals: a token has both cases. */
static bool
check_commerce(struct match *m)
{
    return !str_starts(match_str(m), STR("EAAA")) || match_mixed(m);
}

const struct detector detect_tokens_saas[] = {
    {
        SECRET("sec.sendgrid", "MAIL_SERVICE_KEY", "SendGrid key"),
        .pattern = WORD_START "SG\\.(?:[0-9A-Za-z_-]{16,32}\\.[0-9A-Za-z_-]{40,46}|[0-9A-Za-z=_.-]{66})" TOKEN_END,
        .examples = EXAMPLES(HIT("S"
                                 "G." BODY8 BODY8 "abcdef." BODY32 BODY8 "abc"),
            HIT("key=S"
                "G." BODY8 BODY8 "ab-_ef." BODY32 BODY8 "a-c"),
            HIT("S"
                "G.a=b.c-d_" BODY32 BODY8 BODY8 "a1B2c3D4.e"),
            MISS("SG.short.short"), MISS("MSG." BODY32)),
    },
    {
        SECRET("sec.mail_service", "MAIL_SERVICE_KEY", "Key of a mail service"),
        .pattern = WORD_START "(?:key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}|xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16})" TOKEN_END,
        .examples = EXAMPLES(HIT("ke"
                                 "y-" HEX32),
            HIT(HEX32 "-u"
                      "s12"),
            HIT("xkey"
                "sib-" HEX32 HEX32 "-" BODY8 BODY8),
            MISS("key-short"), MISS(HEX32 "-eu1"), MISS("monkey-" HEX32)),
    },
    {
        SECRET("sec.postmark", "MAIL_SERVICE_KEY", "Postmark server token"),
        .pattern = NAMED("postmark|heroku") "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})" TOKEN_END,
        .caseless = true,
        .check = match_first_group,
        .examples = EXAMPLES(
            HIT("X-Postmark-Server-Token: " EXAMPLE_UUID), HIT("HEROKU_API_KEY=" EXAMPLE_UUID), MISS(EXAMPLE_UUID), MISS("postmark " HEX32)),
    },
    {
        SECRET("sec.postmark_key", "MAIL_SERVICE_KEY", "Postmark or Heroku token, by its key"),
        .pattern = TEXT_START "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}" TEXT_END,
        .context = WORDS("postmark", "x postmark server token", "postmark token", "heroku api key", "heroku key"),
        .key_only = true,
        .examples = EXAMPLES(HIT_IN("postmark.token", EXAMPLE_UUID), HIT_IN("heroku_api_key", EXAMPLE_UUID), MISS_IN("request.id", EXAMPLE_UUID),
            MISS_IN("postmark.token", "none")),
    },
    {
        SECRET("sec.twilio", "MESSAGING_TOKEN", "Twilio key"),
        .pattern = WORD_START "SK[0-9A-Fa-f]{32}" WORD_END,
        .context = WORDS("twilio", "twilio api key", "api key", "account sid", "twilio key"),
        .check = check_twilio,
        .examples = EXAMPLES(HIT("twilio S"
                                 "K" HEX32),
            HIT_IN("twilio.api_key", "S"
                                     "K" HEX32),
            HIT("S"
                "K" HEX32),
            MISS("SK0123456789ABCDEF0123456789ABCDEF"), MISS("twilio SK" HEX8)),
    },
    {
        SECRET("sec.telegram", "MESSAGING_TOKEN", "Telegram bot token"),
        .pattern = "(?:(?<=/bot)|(?<![0-9A-Za-z_]))[0-9]{8,10}:AA[0-9A-Za-z_-]{32,34}" TOKEN_END,
        .examples = EXAMPLES(HIT("123456789:A"
                                 "A" BODY32 "a"),
            HIT("https://api.telegram.org/bot123456789:A"
                "A" BODY32 "-/sendMessage"),
            MISS("123456789:AAshort"), MISS("12:30:AA" BODY32)),
    },
    {
        SECRET("sec.discord", "MESSAGING_TOKEN", "Discord token or webhook"),
        .pattern = "discord(?:app)?\\.com/api/(?:v[0-9]{1,2}/)?webhooks/([0-9]{17,20}/"
                   "[0-9A-Za-z_-]{60,72})|(?<![0-9A-Za-z_.-])([MNO][0-9A-Za-z_-]{23,25}\\.[0-9A-Za-z_-]{6}\\.[0-9A-Za-z_-]{27,38})" TOKEN_END,
        .check = check_two_groups,
        .examples = EXAMPLES(HIT("https://disc"
                                 "ord.com/api/webhooks/123456789012345678/" BODY32 BODY32),
            HIT("M" BODY8 BODY8 "e5F6g7H.a1B2c3." BODY8 BODY8 BODY8 "abc"), MISS("https://discord.com/api/webhooks/1234"),
            MISS("Module.name.something")),
    },
    {
        SECRET("sec.teams_webhook", "MESSAGING_TOKEN", "Teams webhook"),
        .pattern = "[a-z0-9-]{1,64}\\.webhook\\.office\\.com/(webhookb2/[0-9a-z@/-]{36,80}/IncomingWebhook/[0-9a-z]{32}/[0-9A-Za-z/_-]{36,128})",
        .check = match_first_group,
        .examples = EXAMPLES(HIT("https://x.webhook.off"
                                 "ice.com/webhookb2/" EXAMPLE_UUID "@" EXAMPLE_UUID "/IncomingWebhook/" HEX32 "/" EXAMPLE_UUID),
            HIT("a.webhook.off"
                "ice.com/webhookb2/" EXAMPLE_UUID "/IncomingWebhook/" HEX32 "/" EXAMPLE_UUID),
            MISS("https://x.webhook.office.com/webhookb2/"), MISS("outlook.office.com/webhookb2/" EXAMPLE_UUID)),
    },
    {
        SECRET("sec.commerce", "COMMERCE_TOKEN", "Token of a shop or payment service"),
        .pattern = WORD_START
        "(?:shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}|sq0[a-z]{3}-[0-9A-Za-z_-]{22,60}+|EAAA(?!A)[0-9A-Za-z_-]{22,60}+|access-(?:sandbox|"
        "development|production)-[0-9a-f-]{36}|"
        "shippo_(?:live|test)_[0-9A-Fa-f]{40}|EZ[AT]K[0-9A-Za-z]{54}|access_token\\$(?:production|sandbox)\\$[0-9a-z]{16}\\$[0-9a-"
        "f]{32}|FLWSECK(?:_TEST)?-[0-9a-h]{12}(?:[0-9a-h]{20}-X)?|"
        "duffel_(?:live|test)_[0-9A-Za-z_=-]{43}|AQE[0-9A-Za-z]{5,8}[0-9A-Za-z+/-]{60,200}+={0,2})" TOKEN_END,
        .check = check_commerce,
        .examples = EXAMPLES(HIT("shp"
                                 "at_" HEX32),
            HIT("sq0"
                "atp-" BODY8 BODY8 "abcdef"),
            HIT("EAA"
                "A" BODY32 BODY8 BODY8 BODY8 "abcd"),
            HIT("access-sand"
                "box-" EXAMPLE_UUID),
            HIT("shipp"
                "o_live_" HEX32 HEX8),
            HIT("EZ"
                "AK" BODY32 BODY8 BODY8 "abcdef"),
            HIT("FLW"
                "SECK_TEST-" HEX8 "0a1b"),
            HIT("FLW"
                "SECK-" HEX32 "-X"),
            HIT("duf"
                "fel_test_" BODY32 BODY8 "abc"),
            MISS("EAAA6B60-360C-4ED4-A4E5-F1061041D0D1"), MISS("duffel_test_short"), MISS("FLWPUBK_TEST-" HEX32 "-X"), MISS("shpat_short"),
            MISS("EZAKshort"), MISS("access-denied-" EXAMPLE_UUID)),
    },
    {
        SECRET("sec.social", "SOCIAL_SERVICE_TOKEN", "Token of a social network or file service"),
        .pattern = WORD_START "(?:EAA[MC][0-9A-Za-z]{20,400}+|AAAAAAAAAAAAAAAAAAAAAA[0-9A-Za-z%]{60,120}+|sl\\.[0-9A-Za-z_=-]{130,200}+|[0-9]{15,16}"
                              "(?:\\||%(?:7[Cc])?)[0-9A-Za-z_-]{27,40})" TOKEN_END,
        .examples = EXAMPLES(HIT("EAA"
                                 "C" BODY32 BODY32 BODY32),
            HIT("AAAAAAAAAAA"
                "AAAAAAAAAAA" BODY32 BODY32),
            HIT("s"
                "l." BODY32 BODY32 BODY32 BODY32 "abc"),
            HIT("123456789012345"
                "|" BODY8 BODY8 BODY8 "abc"),
            HIT("EAA"
                "C" BODY32),
            MISS("EAAC" BODY8 BODY8), MISS("sl.short"), MISS("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    },
    {.id = NULL},
};
