/* What is said of a person: mostly by the key it stands under, because a name in free text looks like any other word. */
#include "checks_int.h"

#define MONTH "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"

static unsigned
month_of(struct str name)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

    for (unsigned i = 0; i < 12; i++)
        if (str_eq_nocase(name, (struct str){names + (size_t)3 * i, 3}))
            return i + 1;
    return 0;
}

static bool
year_plausible(unsigned y)
{
    return y < 100 || (y >= 1900 && y <= 2099);
}

static bool
any_order(unsigned a, unsigned b, unsigned c)
{
    if (a > 31)
        return year_plausible(a) && (date_valid(a, b, c) || date_valid(a, c, b));
    return year_plausible(c) && (date_valid(c, a, b) || date_valid(c, b, a));
}

/* Year first or last, day and month in either order, the month perhaps by name; not behind the word version. */
static bool
check_dob(struct match *m)
{
    unsigned part[3] = {0}, n = 0;
    struct str s = match_str(m);

    if (str_names_version(match_word_before(m)) || str_eq_nocase(match_word_before(m), STR("v")))
        return false;
    for (size_t i = 0; i < s.len && n < 3;) {
        size_t from = i;

        while (i < s.len && (ascii_digit(s.ptr[from]) ? ascii_digit(s.ptr[i]) : ascii_alpha(s.ptr[i])))
            i++;
        if (i == from) {
            i++;
            continue;
        }
        struct str word = str_sub(s, from, i);
        uint64_t v = 0;

        if (str_to_u64(word, &v))
            part[n++] = (unsigned)v;
        else if (word.len >= 3)
            part[n++] = month_of(str_sub(word, 0, 3));
    }
    if (n == 1 && s.len == 8)
        return date_valid(part[0] / 10000, part[0] / 100 % 100, part[0] % 100) && year_plausible(part[0] / 10000);
    return n == 3 && any_order(part[0], part[1], part[2]);
}

static bool
check_age(struct match *m)
{
    if (!match_narrow(m, 1) && !match_narrow(m, 2))
        return false;
    uint8_t d[3];

    return digits_value(d, match_digits(m, d, sizeof(d))) <= 120;
}

/* Accounts of machines and images, not of people; and /home/... as the route of a web site. */
static bool
check_userpath(struct match *m)
{
    static const char *const machines[] = {"app", "runner", "shared", "public", "default", "default user", "all users", "node", "ubuntu", "debian",
        "ec2-user", "centos", "vagrant", "circleci", "jenkins", "www-data", "nonroot", "nobody", "user", "home", "git", "builder", "build", "work",
        "docker", "root", "administrator", "codespace", "vscode", "gradle", "java", "python", "appuser", "linuxbrew", "runneradmin",
        "containeradministrator", "vsts", "azureuser", "admin", NULL};
    static const char *const methods[] = {"get", "post", "put", "patch", "delete", "head", "options", NULL};
    struct str word = match_word_before(m);

    if (m->text.ptr[m->start] == '/' && (str_in_list(word, methods) || str_starts(m->key, STR("http.")) || str_starts(m->key, STR("url."))))
        return false;
    if (!match_narrow(m, 1) && !match_narrow(m, 2))
        return false;
    return !str_in_list(match_str(m), machines) && match_not_placeholder(m) && m->text.ptr[m->start] != '<' && m->text.ptr[m->start] != '$';
}

static bool
check_handle(struct match *m)
{
    if (match_group(m, 1).len)
        return match_narrow(m, 1) && match_context(m);
    /* github.com/name/x is a repository, and a name there mostly an organisation's. */
    if (m->text.ptr[m->start] == 'g' && match_after(m, 1) == '/' && ascii_alnum(match_after(m, 2)))
        return false;
    return match_narrow(m, 2);
}

#define KEYED(id_, entity_, title_, controls_, severity_) \
    ENTRY(id_, entity_, title_, TIER_A, "contact", controls_, severity_), .pattern = WHOLE_TEXT, .key_only = true, .check = match_not_placeholder

const struct detector detect_person[] = {
    {
        KEYED("person.name_by_key", "PERSON_NAME", "Name of a person, by its key", "GDPR HIPAA-A", 1),
        .context = WORDS("full name", "first name", "last name", "given name", "family name", "middle name", "maiden name", "surname",
            "customer name", "patient name", "cardholder", "cardholder name", "contact name", "recipient name", "employee name", "user name",
            "nombre", "apellido", "vorname", "nachname", "prenom"),
        .examples = EXAMPLES(HIT_IN("user.full_name", "Jane O'Hara-Smith"), HIT_IN("customer.firstName", "Jane"), HIT_IN("cardholder", "J SMITH"),
            HIT_IN("user.name", "jane"), MISS_IN("service.name", "Jane"), MISS_IN("user.full_name", "[PERSON_NAME]"),
            MISS_IN("http.host", "Jane Smith")),
    },
    {
        KEYED("person.username_key", "USERNAME", "Account name of a person, by its key", "GDPR HIPAA-R", 1),
        .context = WORDS(
            "user id", "enduser id", "user name", "username", "login", "login name", "screen name", "user login", "account name", "db user"),
        .examples = EXAMPLES(HIT_IN("user.id", "jdoe"), HIT_IN("enduser.id", "4711"), HIT_IN("loginName", "jdoe"), MISS_IN("span.id", "jdoe"),
            MISS_IN("user.id", ""), MISS_IN("user.identity.provider", "okta"), MISS_IN("user.id", "***")),
    },
    {
        KEYED("person.special_key", "SPECIAL_CATEGORY", "Gender, nationality, religion and the like, by their key", "GDPR-9 HIPAA-R", 2),
        .context = WORDS("gender", "sex", "nationality", "religion", "ethnicity", "racial origin", "ethnic origin", "sexual orientation",
            "political opinion", "political party", "trade union", "marital status", "disability", "citizenship", "biometric"),
        .examples = EXAMPLES(HIT_IN("user.gender", "f"), HIT_IN("patient.religion", "none given"), MISS_IN("user.engine", "f"),
            MISS_IN("user.gender", "null"), MISS_IN("essex", "f")),
    },
    {
        ENTRY("person.dob", "DATE_OF_BIRTH", "Date of birth", TIER_B, "contact", "GDPR HIPAA-C", 2),
        .pattern = GROUPS_START
        "(?:[12][0-9]{3}[-/. ](?:1[0-2]|0?[1-9])[-/. ][0-3]?[0-9]|[0-3]?[0-9][-/. ][0-3]?[0-9][-/. ](?:[12][0-9])?[0-9]{2}|[12][0-9]{7}|"
        "[0-3]?[0-9](?:st|nd|rd|th)?[-. ]{1,2}" MONTH "[-., ]{1,2}[12][0-9]{3}|" MONTH "\\.? [0-3]?[0-9](?:st|nd|rd|th)?,? [12][0-9]{3})" GROUPS_END,
        .caseless = true,
        .context = WORDS("dob", "date of birth", "birth date", "birthday", "birth day", "born", "born on", "geburtsdatum", "geboren",
            "date de naissance", "n\xc3\xa9 le", "fecha de nacimiento", "data di nascita", "data de nascimento", "geboortedatum"),
        .need_context = true,
        .check = check_dob,
        .examples = EXAMPLES(HIT_IN("date_of_birth", "1987-03-14"), HIT("dob 3/14/87"), HIT("born on 14 March 1987"), HIT("Geburtsdatum: 14.03.1987"),
            HIT_IN("user.dob", "19870314"), HIT("birthday March 14th, 1987"), MISS("1987-03-14"), MISS("dob service version 2.14.87"),
            MISS("dob 13/32/87"), MISS("dob 1887-13-01"), MISS("born 2024-02-30")),
    },
    {
        ENTRY("person.age", "AGE", "Age of a person", TIER_C, "contact", "GDPR HIPAA-C", 1),
        .pattern = NUM_START
        "(?<![+/=-])(?:([0-9]{1,3})[ -]?(?:years?[ -]old|yrs? old|y/o|yo(?![=+/]))|(?:aged?|age of) ?[:=]? ?([0-9]{1,3}))" NUM_END "(?!-)",
        .caseless = true,
        .check = check_age,
        .examples = EXAMPLES(HIT("a 42-year-old man"), HIT("age: 37"), HIT("93 years old"), HIT("aged 7"), HIT("at the age of 61"), MISS("page 37"),
            MISS("yCdeKEz/1yo="), MISS("14LTb3HX-70YO"), MISS("5 years"), MISS("age: 137"), MISS("max-age=3600")),
    },
    {
        ENTRY("person.userpath", "USER_PATH", "Name of a user in the path of a file", TIER_A, "contact", "GDPR", 1),
        .pattern = "(?:(?<![0-9A-Za-z_.-])/(?:home|Users|var/home|export/home)/([^/\\\\\\s\"'<>|?*:;,)(\\]}&#]{1,64})|(?<![0-9A-Za-z])[A-Za-z]:[\\\\/"
                   "]{1,2}(?:Users|Documents and "
                   "Settings)[\\\\/]{1,2}([^\\\\/\\r\\n\\t\"'<>|?*:;]{1,64}(?=[\\\\/])|[^\\\\/\\s\"'<>|?*:;,)]{1,64}))",
        .check = check_userpath,
        .examples = EXAMPLES(HIT("/home/jdoe/app.py"), HIT("File \"/Users/jane.doe/x.py\""), HIT("C:\\Users\\John Doe\\x"),
            HIT("C:\\\\Users\\\\jdoe\\\\x"), HIT("cwd=/home/jdoe"), HIT("C:\\Documents and Settings\\jdoe\\x"), MISS("/home/app/x.py"),
            MISS("/Users/runner/work"), MISS("/Users/Shared/x"), MISS("GET /home/dashboard"), MISS_IN("url.path", "/home/settings"),
            MISS("/users/jane"), MISS("/home/<user>/app.py")),
    },
    {
        ENTRY("person.social_handle", "SOCIAL_HANDLE", "Account of a social network", TIER_C, "contact", "GDPR", 1),
        .pattern = "(?:(?<![0-9A-Za-z_.@/-])(@[A-Za-z0-9_][A-Za-z0-9_.]{1,29})(?![0-9A-Za-z_/"
                   "@-])|(?<![0-9A-Za-z_-])(?:twitter|x|instagram|facebook|linkedin|tiktok|github)\\.com/(?:in/|@)?"
                   "((?!in/)[A-Za-z0-9_.-]{2,50})(?![0-9A-Za-z_.-]))",
        .context = WORDS("twitter", "instagram", "handle", "tiktok", "mastodon", "threads", "social", "x account"),
        .check = check_handle,
        .examples = EXAMPLES(HIT("twitter @jane_doe"), HIT("https://www.linkedin.com/in/jane-doe"), HIT_IN("user.instagram", "@jane.doe"),
            HIT("https://github.com/jane-doe"), MISS("https://github.com/acme/shop/commit/1"), MISS("https://fedex.com/tracking"), MISS("@Override"),
            MISS("npm @scope/pkg"), MISS("twitter jane@example.com"), MISS("@jane_doe")),
    },
    {.id = NULL},
};
