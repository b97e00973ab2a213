/* Identifiers of Canada and Latin America. */
#include "checks_int.h"

/* First digit 1-7 or 9 (0 is not used, 8 is for businesses), then Luhn. */
static bool
check_sin(struct match *m)
{
    uint8_t d[9];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 9 && d[0] != 0 && d[0] != 8 && !digits_all_equal(d, n) && luhn_valid(d, n) && match_vouched(m);
}

/* Two check digits, each 11 minus a sum with weights 2, 3, ... from the right, 0 for 10 and 11; the weights begin again after ${top}. */
static bool
federal_digits(const uint8_t *d, size_t n, unsigned top)
{
    for (size_t len = n - 2; len < n; len++) {
        unsigned sum = 0, weight = 2;

        for (size_t i = len; i-- > 0; weight = weight == top ? 2 : weight + 1)
            sum += d[i] * weight;
        if ((sum % 11 < 2 ? 0 : 11 - sum % 11) != d[len])
            return false;
    }
    return true;
}

static bool
check_cpf(struct match *m)
{
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    return n == 11 && !digits_all_equal(d, n) && federal_digits(d, n, 11) && match_vouched(m);
}

/* From July 2026 twelve places may be letters, worth their ASCII code minus 48 (IN RFB 2229/2024). */
static bool
check_cnpj(struct match *m)
{
    uint8_t d[14];
    size_t n = 0;
    bool formatted = false;

    for (size_t i = m->start; i < m->end; i++) {
        char c = ascii_upper(m->text.ptr[i]);

        formatted |= !ascii_alnum(c);
        if (ascii_alnum(c) && n < sizeof(d))
            d[n++] = (uint8_t)(c - '0');
    }
    return n == 14 && !digits_all_equal(d, n) && federal_digits(d, n, 9) && (match_context(m) || formatted);
}

static unsigned
curp_value(char c)
{
    unsigned v = base36_value(c);

    /* The letter after N counts as 24 in an alphabet with N with tilde. */
    return v > 23 ? v + 1 : v;
}

/* Sex and state where they belong, a date of birth; base 37 with weights 18 to 2. */
static bool
check_curp(struct match *m)
{
    struct str s = match_str(m);
    uint8_t d[6];
    unsigned sum = 0;
    static const char states[] = "AS BC BS CC CL CM CS CH DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TS TL VZ YN ZS NE ";
    char state[4] = {ascii_upper(s.ptr[11]), ascii_upper(s.ptr[12]), ' ', 0};

    if (!strchr("HMX", ascii_upper(s.ptr[10])) || !strstr(states, state))
        return false;
    for (size_t i = 0; i < 17; i++)
        sum += curp_value(s.ptr[i]) * (unsigned)(18 - i);
    return str_digits(str_sub(s, 4, 10), d, sizeof(d)) == 6 && date_yymmdd(d) && (10 - sum % 10) % 10 == (unsigned)(s.ptr[17] - '0') &&
           (match_context(m) || match_shouted(m));
}

/* Letters, date, two characters of distinction and a check character modulo 11 (SAT); companies have three letters and count a space before them. */
static bool
check_rfc(struct match *m)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ ";
    char id[13] = {0};
    size_t n = 0;
    uint8_t d[8];
    unsigned sum = 0;
    struct str s = match_str(m);

    for (size_t i = 0; i < s.len && n < sizeof(id); i++)
        if (ascii_alnum(s.ptr[i]) || s.ptr[i] == '&')
            id[n++] = ascii_upper(s.ptr[i]);
    if (n == 12) {
        memmove(id + 1, id, n++);
        id[0] = ' ';
    }
    if (n != 13)
        return false;
    for (size_t i = 0; i < 12; i++)
        sum += (unsigned)(strchr(alphabet, id[i]) - alphabet) * (unsigned)(13 - i);
    if (str_digits((struct str){id + 4, 6}, d, sizeof(d)) != 6 || !date_yymmdd(d))
        return false;
    /* Numbers in use do not all pass the check: their name makes up for it. Three letters and nine digits are an order more often than a company. */
    if (match_context(m))
        return true;
    bool bare = id[0] == ' ' && s.len == 12 && str_digits((struct str){id + 10, 3}, d, sizeof(d)) == 3;

    return !bare && "0A987654321"[sum % 11] == id[12] && match_shouted(m);
}

static bool
check_cuit(struct match *m)
{
    static const int8_t weights[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    unsigned kind = d[0] * 10u + d[1];

    if (n != 11 || !(kind == 20 || kind == 23 || kind == 24 || kind == 26 || kind == 27 || kind == 30 || kind == 33 || kind == 34))
        return false;
    return mod11_digit(d, weights, 10, 9, 0) == d[10] && match_vouched(m);
}

/* Weights 2 to 7 from the right, again and again; K for 10. */
/* UA-27008574-1: the number of a thing that its letters name. */
static bool
named(const struct match *m)
{
    return match_before(m, 1) == '-' && ascii_alnum(match_before(m, 2));
}

static bool
check_rut(struct match *m)
{
    struct str s = match_str(m);
    char last = ascii_upper(s.ptr[s.len - 1]);
    uint8_t d[8];
    size_t n = str_digits(str_sub(s, 0, s.len - 1), d, sizeof(d));
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += d[n - 1 - i] * (unsigned)(2 + i % 6);
    return last == "0K987654321"[sum % 11] && (match_context(m) || (str_find(s, STR("-")) != SIZE_MAX && !named(m)));
}

static bool
check_nit(struct match *m)
{
    static const uint8_t weights[] = {3, 7, 13, 17, 19, 23, 29, 37, 41, 43};
    uint8_t d[10];
    size_t n = match_digits(m, d, sizeof(d));
    unsigned sum = 0;

    for (size_t i = 0; i + 1 < n; i++)
        sum += (unsigned)d[n - 2 - i] * weights[i];
    return n >= 9 && (unsigned)("01987654321"[sum % 11] - '0') == d[n - 1] && (match_context(m) || (match_vouched(m) && !named(m)));
}

/* 10, 15, 16, 17 for people, 20 for companies. */
static bool
check_ruc(struct match *m)
{
    static const int8_t weights[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    uint8_t d[11];
    size_t n = match_digits(m, d, sizeof(d));

    unsigned kind = d[0] * 10u + d[1];

    return n == 11 && (kind == 10 || (kind >= 15 && kind <= 17) || kind == 20) && mod11_digit(d, weights, 10, 0, 1) == d[10];
}

const struct detector detect_gov_americas[] = {
    {
        ENTRY("ca.sin", "CA_SIN", "Canadian social insurance number", TIER_A, "government", "PIPEDA GDPR", 2),
        .pattern = GROUPS_START "[0-9]{3}(?:([ -])[0-9]{3}\\1[0-9]{3}|[0-9]{6})" GROUPS_END,
        .context = WORDS("sin", "nas", "social insurance number", "num\303\251ro d assurance sociale", "numero d assurance sociale",
            "assurance sociale", SOCIAL_ID_WORDS),
        .vouched = " -",
        .check = check_sin,
        .examples = EXAMPLES(HIT("123-456-782"), HIT("sin 123456782"), HIT("123 456 782"), HIT("worker-3 123 456 782 skipped"), MISS("3 123 456 782"),
            MISS("999-999-999"), MISS("823456785"), MISS("123456782"), MISS("123-456-783"), MISS("823-456-785")),
    },
    {
        ENTRY("br.cpf", "BR_CPF", "Brazilian taxpayer number", TIER_A, "government", "LGPD GDPR", 2),
        .pattern = GROUPS_START
        "(?:[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}[-./][0-9]{2}|[0-9]{3} [0-9]{3} [0-9]{3}[ -][0-9]{2}|[0-9]{9}-?[0-9]{2})" GROUPS_END,
        .context = WORDS("cpf", "cadastro de pessoas", "contribuinte", TAX_ID_WORDS),
        .vouched = ".-/ ",
        .check = check_cpf,
        .examples = EXAMPLES(HIT("390.533.447-05"), HIT("cpf 39053344705"), HIT_IN("user.cpf", "39053344705"), HIT("390533447-05"),
            MISS("231.002.999-00"), MISS("390.533.447-06"), MISS("39053344705"), MISS("111.111.111-11")),
    },
    {
        ENTRY("br.cnpj", "BR_CNPJ", "Brazilian company number", TIER_A, "government", "LGPD", 1),
        .pattern = GROUPS_START "(?:[0-9A-Z]{2}\\.[0-9A-Z]{3}\\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}|[0-9A-Z]{12}[0-9]{2})" GROUPS_END,
        .context = WORDS("cnpj", "cadastro nacional", "cadastro nacional da pessoa", TAX_ID_WORDS),
        .check = check_cnpj,
        .examples = EXAMPLES(HIT("16.727.230/0001-97"), HIT("12.ABC.345/01DE-35"), HIT("cnpj 16727230000197"), HIT("cnpj 12ABC34501DE35"),
            MISS("16.727.230/0001-98"), MISS("12.ABC.345/01DE-36"), MISS("16727230000197"), MISS("00.000.000/0000-00")),
    },
    {
        ENTRY("mx.curp", "MX_CURP", "Mexican population registry code", TIER_A, "government", "GDPR", 2),
        .pattern = WORD_START "[A-Z]{4}[0-9]{6}[A-Z]{6}[0-9A-Z][0-9]" WORD_END,
        .caseless = true,
        .context = WORDS("curp", "clave unica", PERSON_ID_WORDS),
        .check = check_curp,
        .examples = EXAMPLES(HIT("BOXW310820HNERXN09"), HIT("curp boxw310820hnerxn09"), MISS("BOXW310820HNERXN08"), MISS("BOXW311320HNERXN09"),
            MISS("BOXW310820HNERXN0")),
    },
    {
        ENTRY("mx.rfc", "MX_RFC", "Mexican taxpayer code", TIER_A, "government", "GDPR", 2),
        .pattern = WORD_START "(?=&{0,3}[A-Z])[A-Z&]{3,4}([ -]?)[0-9]{6}\\1[0-9A-Z]{3}" WORD_END,
        .caseless = true,
        .context = WORDS("rfc", "registro federal", TAX_ID_WORDS),
        .check = check_rfc,
        .examples = EXAMPLES(HIT("GODE561231GR8"), HIT("MAB-930714-8T4"), MISS("ORD561231110"), HIT("rfc gode561231gr8"), HIT("RFC: GODE561231GR9"),
            MISS("rfc GODE561331GR9"), MISS("GODE561231GR9"), MISS("ORD-240618116"), MISS("GODE561331GR8"), MISS("gode561231gr8")),
    },
    {
        ENTRY("ar.cuit", "AR_CUIT", "Argentine taxpayer number", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "[0-9]{2}(-?)[0-9]{8}\\1[0-9]" GROUPS_END,
        .context = WORDS("cuit", "cuil", "clave unica", TAX_ID_WORDS),
        .vouched = "-",
        .check = check_cuit,
        .examples = EXAMPLES(HIT("20-26756539-3"), HIT("cuit 20267565393"), MISS("20-26756539-4"), MISS("20267565393"), MISS("21-26756539-3")),
    },
    {
        ENTRY("cl.rut", "CL_RUT", "Chilean taxpayer number", TIER_C, "government", "GDPR", 2),
        .pattern = GROUPS_START "(?:[0-9]{1,2}\\.[0-9]{3}\\.[0-9]{3}-|[0-9]{7,8}-?)[0-9K]" GROUPS_END,
        .caseless = true,
        .context = WORDS("rut", "run", "rol unico", "rol \303\272nico", TAX_ID_WORDS, PERSON_ID_WORDS),
        .vouched = "-",
        .check = check_rut,
        .examples = EXAMPLES(HIT("12.531.909-2"), HIT("12531909-2"), HIT("rut 125319092"), MISS("UA-12531909-2"), HIT("RUT-12531909-2"),
            MISS("12.531.909-3"), MISS("125319092")),
    },
    {
        ENTRY("co.nit", "CO_NIT", "Colombian taxpayer number", TIER_C, "government", "GDPR", 1),
        .pattern = GROUPS_START "(?:[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}-[0-9]|[0-9]{8,9}-?[0-9])" GROUPS_END,
        .context = WORDS("nit", "rut", TAX_ID_WORDS),
        .vouched = "-",
        .check = check_nit,
        .examples = EXAMPLES(
            HIT("213.123.432-1"), HIT("213123432-1"), HIT("nit 2131234321"), MISS("UA-213123432-1"), MISS("213.123.432-2"), MISS("2131234321")),
    },
    {
        ENTRY("pe.ruc", "PE_RUC", "Peruvian taxpayer number", TIER_C, "government", "GDPR", 1),
        .pattern = NUM_START "[0-9]{11}" NUM_END,
        .context = WORDS("ruc", "registro unico", TAX_ID_WORDS),
        .need_context = true,
        .check = check_ruc,
        .examples = EXAMPLES(HIT("ruc 20512333797"), MISS("20512333797"), HIT("ruc 20512333797"), MISS("20512333798"), MISS("30512333797")),
    },
    {.id = NULL},
};
