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

/*
 * Said in a sentence, or a line of .netrc: what follows must look like one, not like the rest of the sentence. Groups 2 and 3 are a string of SQL, and
 * all of it is the password.
 */
#define HUMPS_MIN 3 /* PostgreSQL has one, aKcOiWkyQT has four */

static bool
check_said(struct match *m)
{
    static const char marks[] = "0123456789!@#$%^&*+=~?_";
    size_t found = 0, humps = 0;

    if (match_narrow(m, 2) || match_narrow(m, 3))
        return match_not_placeholder(m);
    if (!match_narrow(m, 1))
        return false;
    while (m->end > m->start + 1 && strchr(".,;:)]}", m->text.ptr[m->end - 1]))
        m->end--;
    for (size_t i = m->start; i < m->end; i++) {
        found += m->text.ptr[i] && strchr(marks, m->text.ptr[i]);
        humps += i > m->start && m->text.ptr[i] >= 'A' && m->text.ptr[i] <= 'Z' && m->text.ptr[i - 1] >= 'a' && m->text.ptr[i - 1] <= 'z';
    }
    return (found > 0 || humps >= HUMPS_MIN) && m->end - m->start >= 4 && match_not_placeholder(m);
}

#define PASSWORD_NAMES                                                                                                                               \
    "(?:pass(?:word|wd|phrase|code)|pwd|(?<![A-Za-z])pass|(?<![0-9A-Za-z_+/-])pw|contrase(?:\\xC3\\xB1|n)a|mot_?de_?passe|pass?wort|kennwort|senha|" \
    "wachtwoord|haslo)"

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
            HIT("passphrase: 'correct horse'"), HIT("17;\"{\"\"password\"\": \"\"x1y2\"\"}\";open"), MISS("{\"password\":\"\",\"user\":\"bob\"}"),
            HIT("newPassword=abc,def"), HIT("values (3, '{''password'': ''x1y2''}')"), HIT("select '' where password=''x1y2'' or 1"),
            HIT("{password: foo, user: bar}"),
            HIT("contrase\xC3\xB1"
                "a=abc"),
            MISS("password=REDACTED"), MISS("password: required"), MISS("bypass=1"), MISS("password = ?"), MISS("password=$1"),
            MISS("password=[PASSWORD]"), MISS("aSWe2H5zt9Pgh7mmMD0qURwr/pw=="), MISS("password: ***"), MISS("the password of"), MISS("password=%s"),
            MISS("password=<REDACTED>"), HIT("password=<hunter2>")),
    },
    {
        /* Apart from the others: texts in ASCII do without it. */
        .id = "sec.password_abroad",
        .entity = "PASSWORD",
        .title = "Password in a name and value pair, in other scripts",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = "(?:(?:\\xD0\\x9F|\\xD0\\xBF)\\xD0\\xB0\\xD1\\x80\\xD0\\xBE\\xD0\\xBB\\xD1\\x8C|\\xE5\\xAF\\x86\\xE7\\xA0\\x81|"
                   "\\xE5\\xAF\\x86\\xE7\\xA2\\xBC|\\xE5\\x8F\\xA3\\xE4\\xBB\\xA4|"
                   "\\xE3\\x83\\x91\\xE3\\x82\\xB9\\xE3\\x83\\xAF\\xE3\\x83\\xBC\\xE3\\x83\\x89|"
                   "\\xE6\\x9A\\x97\\xE8\\xA8\\xBC\\xE7\\x95\\xAA\\xE5\\x8F\\xB7|\\xEB\\xB9\\x84\\xEB\\xB0\\x80\\xEB\\xB2\\x88\\xED\\x98\\xB8|"
                   "\\xEC\\x95\\x94\\xED\\x98\\xB8|"
                   "\\xE0\\xB8\\xA3\\xE0\\xB8\\xAB\\xE0\\xB8\\xB1\\xE0\\xB8\\xAA\\xE0\\xB8\\x9C\\xE0\\xB9\\x88\\xE0\\xB8\\xB2\\xE0\\xB8\\x99|"
                   "\\xD9\\x83\\xD9\\x84\\xD9\\x85\\xD8\\xA9 "
                   "\\xD8\\xA7\\xD9\\x84\\xD9\\x85\\xD8\\xB1\\xD9\\x88\\xD8\\xB1|\\xD9\\x83\\xD9\\x84\\xD9\\x85\\xD8\\xA9 "
                   "\\xD8\\xA7\\xD9\\x84\\xD8\\xB3\\xD8\\xB1|\\xD7\\xA1\\xD7\\x99\\xD7\\xA1\\xD7\\x9E\\xD7\\x94|"
                   "\\xD7\\xA1\\xD7\\x99\\xD7\\xA1\\xD7\\x9E\\xD7\\x90|"
                   "\\xE0\\xA4\\xAA\\xE0\\xA4\\xBE\\xE0\\xA4\\xB8\\xE0\\xA4\\xB5\\xE0\\xA4\\xB0\\xE0\\xA5\\x8D\\xE0\\xA4\\xA1|(?:\\xCE\\xBA|"
                   "\\xCE\\x9A)\\xCF\\x89\\xCE\\xB4\\xCE\\xB9\\xCE\\xBA\\xCF\\x8C\\xCF\\x82|(?:\\xC5\\x9F|\\xC5\\x9E)ifre|jelsz\\xC3\\xB3|"
                   "has\\xC5\\x82o|l(?:\\xC3\\xB6|\\xC3\\x96)senord)" PAIR_SEPARATOR "(?:" PAIR_QUOTED "|" PAIR_BARE ")",
        .caseless = true,
        .check = pair_narrow,
        .severity = 3,
        .examples = EXAMPLES(HIT("\320\237\320\260\321\200\320\276\320\273\321\214: abc"), HIT("\345\257\206\347\240\201=abc"),
            HIT("\343\203\221\343\202\271\343\203\257\343\203\274\343\203\211: \"abc\""), HIT("\305\236ifre: x1y2z3"),
            HIT("\353\271\204\353\260\200\353\262\210\355\230\270: abc"), MISS("\320\277\320\260\321\200\320\276\320\273\321\214: required"),
            MISS("\320\277\320\260\321\200\320\276\320\273\321\214 abc"), MISS("\345\257\206\347\240\201=REDACTED")),
    },
    {
        ENTRY("sec.password_said", "PASSWORD", "Password in a sentence", TIER_A, "secret", "GDPR SOC2-CC6.1", 3),
        .pattern = "(?:(?:" PASSWORD_NAMES "[\"']?(?: (?:for|of|to) [^\\s]{1,32})? (?:is|was|are|ist|lautet|est|es)|login[ \\t]{1,3}[^\\s]{1,64}[ "
                   "\\t]{1,3}password)[ \\t]{1,3}[\"'`]?([^\\s\"'`<>]{4,64}+)|"
                   "(?:identified(?: with [0-9a-z_]{1,40})? by|(?:with|encrypted) password)[ \\t]{1,3}(?:password "
                   ")?(?:''([^'\\r\\n]{1,128}+)''|'((?:[^'\\r\\n]|''){1,128}+)'))",
        .caseless = true,
        .check = check_said,
        .examples = EXAMPLES(HIT("my password is hunter2!"), HIT("the password for prod is hunter2x"), HIT("machine h login bob password hunter2x"),
            HIT("the password is aKcOiWkyQT"), HIT("values (1, 'create user a with password ''abc''')"), MISS("password is PostgreSQL"),
            HIT("CREATE USER a WITH PASSWORD 'abc'"), HIT("alter user a identified by 'it''s'"), MISS("login with password authentication"),
            MISS("identified by name"), HIT("the passcode was 's3cr3t'."), HIT("Passwort lautet Geheim99"), MISS("password is required"),
            MISS("the password is too short"), MISS("password was reset."), MISS("password is ****"), MISS("bypass is 12345")),
    },
    {
        ENTRY("sec.user_flag", "PASSWORD", "User and password given to a command", TIER_A, "secret", "GDPR SOC2-CC6.1", 3),
        .pattern =
            "(?<![^ \\t\"'])(?:-u|--user|--proxy-user)(?:[ \\t]{1,4}|=)[\"']?[^\\s\"':/]{1,64}:(?![0-9]{1,7}(?![0-9A-Za-z]))([^\\s\"']{1,128}+)",
        .check = match_first_group,
        .examples = EXAMPLES(HIT("curl -u admin:hunter2hunter2 https://h/"), HIT("curl --user 'bob:pa ss'"), MISS("docker run -u 1000:1000 x"),
            MISS("sort -u a.txt"), MISS("chown --user root:0 x")),
    },
    {
        .id = "sec.password_flag",
        .entity = "PASSWORD",
        .title = "Password given to a command",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = "(?<![0-9A-Za-z_-])--?(?:[0-9a-z_-]{0,32}(?:password|passwd|passphrase|passcode|pwd)|(?:[0-9a-z_-]{0,32}[_-])?pass)[ \\t]{1,4}"
                   "(?:" PAIR_QUOTED "|(?!-)" PAIR_BARE ")",
        .caseless = true,
        .check = pair_narrow,
        .severity = 3,
        .examples = EXAMPLES(HIT("mysql --password hunter2 -h db"), HIT("psql --db-passwd 'a b'"), HIT("--MYSQL_ROOT_PASSWORD x1y2z3"),
            HIT("--adminPassword x1y2z3"), HIT("-pass x1y2"), MISS("--bypass x1y2z3"), MISS("--password --host x"), MISS("no-password hunter2"),
            MISS("--password REDACTED")),
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
