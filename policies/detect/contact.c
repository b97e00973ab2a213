/* E-mail addresses and telephone numbers. */
#include "checks_int.h"

/* ---- e-mail ---- */

#define TWO_BYTES "[\\xC2-\\xDF][\\x80-\\xBF]"
#define THREE_BYTES "[\\xE0-\\xEF][\\x80-\\xBF]{2}"

/*
 * The local part is atoms, with accents, Greek and Cyrillic (RFC 6531), or quoted, or wholly in one of the scripts of three bytes: those
 * do not mix with ASCII, so that running text before an address is not taken for a part of it. & = / ? are left out although RFC 5322 allows them:
 * in traces they are what stands before an address. '*' is left out, so that a masked address is not found again.
 */
#define ATOM "A-Za-z0-9!#$%'+^_~.-"
/* Says at once of nearly every place that no local part begins there: what one is made of runs up to an @. */
#define BEFORE_AT "(?=[\\x80-\\xFF" ATOM "]{1,128}+@|\")"
#define LOCAL_PART "(?:(?:[" ATOM "]|" TWO_BYTES "){1,64}+|\"[^\"\\\\\\x00-\\x1f]{1,64}\"|(?:" THREE_BYTES "){1,20}+)"
#define LABEL "(?:(?:[A-Za-z0-9_-]++|" TWO_BYTES ")++|(?:" THREE_BYTES ")++)"
#define TOP_LABEL "(?:xn--[A-Za-z0-9-]{1,59}|[A-Za-z]{2,24}|(?:" TWO_BYTES "|" THREE_BYTES "){2,8})"

/* Endings of file names and module paths that are no top-level domains. */
static const char *const file_endings[] = {"png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "css", "scss", "js", "mjs", "cjs", "jsx", "ts",
    "tsx", "html", "htm", "json", "xml", "yaml", "yml", "map", "txt", "log", "lock", "tgz", "tar", "gz", "jar", "war", "whl", "dll", "exe", "service",
    "socket", NULL};

static bool
domain_is_file(struct str domain)
{
    size_t dot = domain.len;

    while (dot > 0 && domain.ptr[dot - 1] != '.')
        dot--;
    return str_in_list(str_sub(domain, dot, domain.len), file_endings);
}

/* The match is the password and the host of scheme://user:password@host, or the host of a remote repository. */
static bool
in_url_authority(const struct match *m, struct str local)
{
    bool colon = false;

    for (size_t k = 1; k <= 256; k++) {
        char c = match_before(m, k);

        if (c == '/' && match_before(m, k + 1) == '/' && match_before(m, k + 2) == ':')
            return colon || str_eq_nocase(local, STR("git"));
        if (c == 0 || c == '/' || c == '?' || c == '#' || c == ' ' || c == '"' || c == '\'' || c == '<' || c == '>')
            return false;
        colon |= c == ':';
    }
    return false;
}

/* The local part with the atoms before it: the search may have begun again inside a refused match. */
static struct str
whole_local(const struct match *m, size_t at)
{
    size_t from = m->start;

    while (from > 0 && m->start - from < 64 && (ascii_alnum(m->text.ptr[from - 1]) || memchr("+_~.-", m->text.ptr[from - 1], 5)))
        from--;
    return str_sub(m->text, from, m->start + at);
}

/* Every local part that ends at this @ is refused for what stands around all of them. With marks that end a look back, a later one may be taken. */
static bool
refuse_email(struct match *m, size_t at)
{
    for (size_t i = m->begin; i < at; i++)
        if (m->text.ptr[i] == '#' || m->text.ptr[i] == '\'' || m->text.ptr[i] == '"')
            return false;
    m->again = at;
    return false;
}

static bool
check_email(struct match *m)
{
    while (m->start < m->end && strchr("'.!#$%^~-", m->text.ptr[m->start]))
        m->start++;
    struct str s = match_str(m);
    size_t at = s.len;

    while (at > 0 && s.ptr[at - 1] != '@')
        at--;
    if (at < 2)
        return false;
    struct str local = whole_local(m, at - 1), domain = str_sub(s, at, s.len);

    /* git@host:path is a remote, not a mailbox. */
    if (domain_is_file(domain) || in_url_authority(m, local) || (str_eq(local, STR("git")) && (match_after(m, 1) == ':' || match_after(m, 1) == '/')))
        return refuse_email(m, m->start + at);
    return true;
}

/* ---- telephone ---- */

static unsigned
national_lengths(unsigned code)
{
    static const uint16_t of_code[1000] = {
#define CODE(code, lengths) [code] = lengths,
#include "phone_codes.def"
#undef CODE
    };

    return of_code[code];
}

/* Calling codes are prefix-free: at most one of the first three prefixes is assigned. Returns its length, 0 when there is none. */
static size_t
calling_code(const uint8_t *d, size_t n, unsigned *lengths)
{
    for (size_t k = 1; k <= 3 && k < n; k++) {
        *lengths = national_lengths((unsigned)digits_value(d, k));
        if (*lengths)
            return k;
    }
    return 0;
}

#define E164_MIN 8
#define E164_MAX 15

/* Behind a word for telephone a + and as many digits as a number can have will do: plans grow, and numbers are mistyped. */
static bool
called_number(const struct match *m)
{
    uint8_t d[E164_MAX];

    return m->text.ptr[m->start] == '+' && match_digits(m, d, sizeof(d)) >= E164_MIN && match_context(m);
}

/* Greedy matching may have taken in the number that follows: the longest valid length that ends where digits end counts. */
static bool
check_e164(struct match *m)
{
    struct str s = match_str(m);
    uint8_t d[20];
    size_t n = 0, best = 0, code = 0, national = 0; /* before an extension */
    unsigned lengths = 0;

    while (national < s.len && ascii_lower(s.ptr[national]) != 'x')
        national++;
    if (s.ptr[0] != '+' && !match_context(m))
        return false;
    for (size_t i = s.ptr[0] == '+' ? 1 : 2; i < national && n < sizeof(d); i++) {
        if (str_starts(str_sub(s, i, s.len), STR("(0)"))) {
            i += 2;
            continue;
        }
        if (!ascii_digit(s.ptr[i]))
            continue;
        d[n++] = (uint8_t)(s.ptr[i] - '0');
        if (!code && (code = calling_code(d, n, &lengths)) == 0 && n > 3)
            return called_number(m);
        char next = i + 1 < s.len ? s.ptr[i + 1] : match_after(m, 1);

        if (code && ((i + 1 == national && national < s.len) || (!ascii_alnum(next) && next != '_')) && (lengths >> (n - code) & 1))
            best = i + 1;
    }
    if (best == 0 || (d[0] == 1 && d[1] < 2))
        return called_number(m);
    if (best < national)
        m->end = m->start + best;
    return true;
}

static bool
check_nanp(struct match *m)
{
    struct str s = match_str(m);
    uint8_t d[20] = {0};
    size_t n = match_digits(m, d, sizeof(d)), country = d[0] == 0 ? 3 : d[0] == 1, separators = 0;

    if (n < 10 + country)
        return false;
    /* N11 are service codes: no area has them. */
    if (d[country + 1] == 1 && d[country + 2] == 1)
        return false;
    /* Exchanges begin with 2 to 9. A number with another one is made up or mistyped: written as telephone numbers are it counts all the same. */
    if (d[country + 3] < 2 && !match_context(m) && str_find(s, STR("(")) == SIZE_MAX && !str_eq(match_group(m, 1), match_group(m, 2)))
        return false;
    for (size_t i = country + 1; i < s.len; i++)
        separators += !ascii_digit(s.ptr[i]) && ascii_digit(s.ptr[i - 1]);
    return match_context(m) || (separators >= 2 && !match_in_row(m));
}

#define PHONE_WORDS                                                                                                                           \
    "phone", "phone number", "telephone", "tel", "mobile", "mobile number", "cell", "cell phone", "fax", "call", "whatsapp", "sms", "msisdn", \
        "contact number"

const struct detector detect_contact[] = {
    {
        .id = "contact.email",
        .entity = "EMAIL_ADDRESS",
        .title = "E-mail address",
        .tier = TIER_A,
        .category = "contact",
        .controls = "GDPR HIPAA-F",
        /* pkg@1.2.3-beta.rc: two numeric labels in front are a version. */
        .pattern = BEFORE_AT LOCAL_PART "@(?:(?![0-9]{1,9}\\.[0-9])(?:" LABEL "\\.){1,10}" TOP_LABEL
                                        "|\\[(?:[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\\])",
        .context = WORDS("email", "e mail", "mail", "to", "cc", "from", "recipient"),
        .check = check_email,
        .severity = 1,
        .examples = EXAMPLES(HIT("user@xn--80ak6aa92e.com"), HIT("info@presidio.site"), HIT("mail jane.doe+tag@example.co.uk, please"),
            HIT("\xe8\x81\x94\xe7\xb3\xbbjane@example.com\xe8\xb0\xa2"), HIT("\xd0\xb0lice@example.com"), HIT("sip:alice@example.com"),
            HIT("a@163.com"), HIT("\"john doe\"@example.org"), HIT("mailto:bob@example.com?subject=x"), HIT("https://jane@example.com/"),
            HIT("\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.\xe4\xb8\xad\xe5\x9b\xbd"), HIT("email='jane@example.com'"),
            HIT("jane@[192.0.2.1]"), HIT("jane@[IPv6:2001:db8::1]"), MISS("jane@[host]"), MISS("my email is info@presidio."),
            MISS("npm i lodash@4.17.21"), MISS("pkg@1.0.0-beta.rc"), MISS("git@github.com:org/repo"), MISS("img/logo@2x.png"),
            MISS("app@sha256:0123abcd"), MISS("ssh://git@example.com/repo"), MISS("postgres://u:p@db.example.com/x"), MISS("j***@example.com"),
            MISS("user@localhost")),
    },
    {
        .id = "contact.phone_e164",
        .entity = "PHONE_NUMBER",
        .title = "Telephone number with country code",
        .tier = TIER_A,
        .category = "contact",
        .controls = "GDPR HIPAA-D",
        .pattern = "(?:(?<![0-9A-Za-z_+])\\+|(?<![0-9A-Za-z_.])00)[1-9](?:[ .()/-]{0,3}[0-9]){6,17}(?:[xX][0-9]{1,6})?",
        .context = WORDS(PHONE_WORDS),
        .check = check_e164,
        .severity = 1,
        .examples = EXAMPLES(HIT("+1 415 555 0132"), HIT("+44 (20) 7123 4567"), HIT("+55 11 98456 5666"), HIT("+44 (0)20 7123 4567"),
            HIT("tel:+4915112345678"), HIT("+1-415-555-0132 2024-01-01"), HIT("\xe9\x9b\xbb\xe8\xa9\xb1+81 90-1234-5678\xe3\x81\xbe\xe3\x81\xa7"),
            HIT("phone 0049 151 12345678"), HIT("+1-903-555-4508x769"), MISS("+999 1"), MISS("2024-01-01T00:00:00+02:00"), MISS("0049 151 12345678"),
            MISS("+1 015 555 0132"), MISS("+99912345678"), MISS("x+4915112345678"), MISS("+1 415 555 01325"), HIT("tel. +389(0)499428585"),
            HIT("phone: +99912345678")),
    },
    {
        .id = "contact.phone_nanp",
        .entity = "PHONE_NUMBER",
        .title = "Telephone number of North America",
        .tier = TIER_B,
        .category = "contact",
        .controls = "GDPR HIPAA-D CCPA",
        .pattern = "(?:\\([2-9][0-9]{2}\\) ?|" GROUPS_START
                   "(?<!\\+)(?:(?:00)?1[ .-]?)?(?:\\([2-9][0-9]{2}\\) ?|[2-9][0-9]{2}([ .-]?)))[0-9]{3}([ .-]?)[0-9]{4}"
                   "(?: ?(?:x|ext\\.?) ?[0-9]{1,5})?" GROUPS_END,
        .context = WORDS(PHONE_WORDS),
        .vouched = " .-",
        .check = check_nanp,
        .severity = 1,
        .examples = EXAMPLES(HIT("(415) 555-0132"), HIT("415-555-0132"), HIT("1-415-555-0132"), HIT("415.555.0132 ext. 12"),
            HIT_IN("user.phone", "4155550132"), HIT("call 4155550132"), HIT("(512) 070-8111"), HIT("900.042.6312"), HIT("001-939-689-6896x30184"),
            MISS("331-136 8070"), MISS("1 331 136 8070 5"), MISS("0190074442"), MISS("1065551234"), MISS("4155550132"), MISS("106.0512973"),
            MISS("911-555-0132"), MISS("1700000000"), MISS("2-415-555-0132-9"), MISS_IN("user.phone", "1700000000")),
    },
    {.id = NULL},
};
