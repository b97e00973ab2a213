/* Passwords written as name and value. */
#include "checks_int.h"
#include "pairs_int.h"

/* What stands after "password:" in prose and in type declarations. Only bare words are compared. */
static const char *const not_values[] = {"required", "must", "is", "was", "are", "incorrect", "invalid", "expired", "wrong", "reset", "changed",
    "missing", "empty", "mismatch", "too", "does", "not", "cannot", "should", "field", "string", "string!", "str", "text", "varchar", "optional",
    "and", "or", "for", "failed", "the", NULL};

/* A parameter of a prepared statement holds no value: ? $1 %s @p1. */
static bool
statement_parameter(struct str s)
{
    size_t i = str_starts(s, STR("$")) ? 1 : str_starts(s, STR("@p")) || str_starts(s, STR("@P")) ? 2 : 0;
    bool numbered = i > 0 && s.len > i;

    for (; i < s.len; i++)
        numbered = numbered && ascii_digit(s.ptr[i]);
    return numbered;
}

/* Group 2 is a quoted value, group 3 a bare one. */
bool
pair_narrow(struct match *m)
{
    bool quoted = match_narrow(m, 2);

    if (!quoted && !match_narrow(m, 3))
        return false;
    struct str s = match_str(m);

    /* A bare value ends before a closing bracket, which may belong to a placeholder: [REDACTED]. */
    if (str_placeholder(s) || (!quoted && m->end < m->text.len && str_placeholder(str_sub(m->text, m->start, m->end + 1))))
        return false;
    return quoted || (!str_in_list(s, not_values) && !statement_parameter(s));
}

#define PASSWORD_NAMES \
    "(?:pass(?:word|wd|phrase|code)|pwd|(?<![A-Za-z])pass|contrase(?:\\xC3\\xB1|n)a|mot_?de_?passe|pass?wort|kennwort|senha|wachtwoord|haslo)"

static bool
check_element(struct match *m)
{
    return match_narrow(m, 1) && match_not_placeholder(m);
}

const struct detector detect_pairs[] = {
    {
        .id = "sec.password",
        .entity = "PASSWORD",
        .title = "Password in a name and value pair",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = PASSWORD_NAMES PAIR_SEPARATOR "(?:" PAIR_QUOTED "|" PAIR_BARE ")",
        .caseless = true,
        .check = pair_narrow,
        .severity = 3,
        .examples = EXAMPLES(HIT("password=hunter2"), HIT("{\"password\": \"a b\\\"c\"}"), HIT("Server=x;Pwd=s3cr3t;Db=y"),
            HIT("PGPASSWORD=abc psql"), HIT("--password hunter2 --password=x"), HIT("{\\\"password\\\":\\\"abc\\\"}"),
            HIT("passphrase: 'correct horse'"), HIT("newPassword=abc,def"), HIT("{password: foo, user: bar}"),
            HIT("contrase\xC3\xB1"
                "a=abc"),
            MISS("password=REDACTED"), MISS("password: required"), MISS("bypass=1"), MISS("password = ?"), MISS("password=$1"),
            MISS("password=[PASSWORD]"), MISS("password: ***"), MISS("the password of"), MISS("password=%s"), MISS("password=<REDACTED>"),
            HIT("password=<hunter2>")),
    },
    {
        .id = "sec.password_flag",
        .entity = "PASSWORD",
        .title = "Password given to a command",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = "(?<![0-9A-Za-z_-])--?(?:[a-z]{1,20}-){0,3}(?:pass(?:word|wd|phrase|code)?|pwd)[ \\t]{1,4}(?:" PAIR_QUOTED "|(?!-)" PAIR_BARE ")",
        .caseless = true,
        .check = pair_narrow,
        .severity = 3,
        .examples = EXAMPLES(HIT("mysql --password hunter2 -h db"), HIT("psql --db-passwd 'a b'"), MISS("--password --host x"),
            MISS("no-password hunter2"), MISS("--password REDACTED")),
    },
    {
        .id = "sec.password_element",
        .entity = "PASSWORD",
        .title = "Password in an XML element",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern =
            "<(?:[a-z0-9_.-]{1,32}+:)?[a-z0-9_.-]{0,32}?(?:password|passwd|passphrase|pwd)[0-9]{0,2}(?:[ \\t\\r\\n][^<>]{0,256})?>([^<]{1,1024})",
        .caseless = true,
        .check = check_element,
        .severity = 3,
        .examples = EXAMPLES(HIT("<password>hunter2</password>"), HIT("<wsse:Password Type=\"PasswordText\">a b</wsse:Password>"),
            MISS("<password></password>"), MISS("<password>REDACTED</password>"), MISS("<passwords><a>x</a></passwords>")),
    },
    {
        .id = "sec.password_key",
        .entity = "PASSWORD",
        .title = "Value under the key of a password",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = WHOLE_TEXT,
        .context = WORDS("password", "passwd", "passphrase", "passcode", "pwd", "pgpassword", "mysql pwd"),
        .key_only = true,
        .check = match_not_placeholder,
        .severity = 3,
        .examples = EXAMPLES(
            HIT_IN("db.password", "hunter2"), HIT_IN("user_passwd", "x y"), MISS_IN("db.name", "hunter2"), MISS_IN("db.password", "REDACTED")),
    },
    {.id = NULL},
};
