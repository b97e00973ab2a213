#include "finder_parse_int.h"

struct symset
symset_word(void)
{
    struct symset s = symset_or(symset_range('0', '9'), symset_or(symset_range('A', 'Z'), symset_range('a', 'z')));

    symset_add(&s, '_');
    return s;
}

struct symset
class_fold(struct symset s, unsigned flags)
{
    struct symset out = s;

    if (!(flags & FLAG_CASELESS))
        return s;
    for (unsigned c = 'A'; c <= 'Z'; c++) {
        if (symset_has(&s, c))
            symset_add(&out, c + 32);
        if (symset_has(&s, c + 32))
            symset_add(&out, c);
    }
    return out;
}

static struct symset
set_of(const char *bytes, size_t n)
{
    struct symset s = {{0}};

    for (size_t i = 0; i < n; i++)
        symset_add(&s, (unsigned char)bytes[i]);
    return s;
}

/* \d \D \w \W \s \S \h \H \v \V \N: pcre2pattern(3) "Generic character types"; \h and \v hold bytes above 127 even in byte mode. */
static bool
escape_type(char c, struct symset *set)
{
    switch (c) {
    case 'd':
    case 'D':
        *set = symset_range('0', '9');
        break;
    case 'w':
    case 'W':
        *set = symset_word();
        break;
    case 's':
    case 'S':
        *set = symset_or(symset_range(9, 13), symset_range(' ', ' '));
        break;
    case 'h':
    case 'H':
        *set = set_of("\t \xa0", 3);
        break;
    case 'v':
    case 'V':
        *set = set_of("\n\x0b\f\r\x85", 5);
        break;
    case 'N':
        *set = set_of("\n", 1);
        break;
    default:
        return false;
    }
    if (c < 'a')
        *set = symset_bytes_not(*set);
    return true;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits of base 8 or 16, at most max of them; the value in byte. */
static bool
read_number(struct reader *r, int base, size_t max, unsigned *byte)
{
    unsigned value = 0;

    for (size_t n = 0; n < max && r->at < r->re.len; n++) {
        int digit = hex_value(r->re.ptr[r->at]);

        if (digit < 0 || digit >= base)
            break;
        value = value * (unsigned)base + (unsigned)digit;
        r->at++;
    }
    if (value > 255)
        return false;
    *byte = value;
    return true;
}

/* \x41 \x{41} \o{101} \012: the letter is behind us. */
static bool
escape_number(struct reader *r, char letter, unsigned *byte)
{
    if (letter == '0')
        return read_number(r, 8, 2, byte);
    if (!reader_takes(r, "{"))
        return letter == 'x' && read_number(r, 16, 2, byte);
    size_t digits = r->at;

    return read_number(r, letter == 'x' ? 16 : 8, 4, byte) && r->at > digits && reader_takes(r, "}");
}

static bool
escape_control(struct reader *r, unsigned *byte)
{
    if (r->at >= r->re.len)
        return false;
    unsigned char c = (unsigned char)r->re.ptr[r->at++];

    if (c < 32 || c > 126)
        return false;
    *byte = (unsigned)(c >= 'a' && c <= 'z' ? c - 32 : c) ^ 0x40;
    return true;
}

/* Escapes that stand for one byte. */
static bool
escape_byte(struct reader *r, char c, bool in_class, unsigned *byte)
{
    static const char names[] = "aefnrt", values[] = "\a\x1b\f\n\r\t";
    const char *name = c ? strchr(names, c) : NULL;

    if (name) {
        *byte = (unsigned char)values[name - names];
        return true;
    }
    if (c == 'x' || c == 'o' || c == '0')
        return escape_number(r, c, byte);
    if (c == 'c')
        return escape_control(r, byte);
    if (c == 'b' && in_class) {
        *byte = '\b';
        return true;
    }
    if (hex_value(c) >= 0 || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return false;
    *byte = (unsigned char)c;
    return true;
}

bool
class_read_escape(struct reader *r, bool in_class, struct symset *set)
{
    struct reader ahead = *r;
    unsigned byte;

    if (r->at >= r->re.len)
        return false;
    char c = r->re.ptr[ahead.at++];

    if (!(c == 'N' && (in_class || reader_sees(&ahead, "{"))) && escape_type(c, set)) {
        *r = ahead;
        return true;
    }
    if (!escape_byte(&ahead, c, in_class, &byte))
        return false;
    *set = class_fold(symset_range(byte, byte), r->flags);
    *r = ahead;
    return true;
}

static const struct posix {
    const char *name;
    const char *ranges; /* pairs of first and last byte */
} posix[] = {
    {"alnum", "09AZaz"},
    {"alpha", "AZaz"},
    {"ascii", NULL},
    {"blank", "\t\t  "},
    {"cntrl", NULL},
    {"digit", "09"},
    {"graph", "!~"},
    {"lower", "az"},
    {"print", " ~"},
    {"punct", "!/:@[`{~"},
    {"space", "\t\r  "},
    {"upper", "AZ"},
    {"word", "09AZaz__"},
    {"xdigit", "09AFaf"},
};

static struct symset
posix_set(const struct posix *p)
{
    struct symset s = {{0}};

    if (strcmp(p->name, "ascii") == 0)
        return symset_range(0, 127);
    if (strcmp(p->name, "cntrl") == 0)
        return symset_or(symset_range(0, 31), symset_range(127, 127));
    for (const char *range = p->ranges; *range; range += 2)
        s = symset_or(s, symset_range((unsigned char)range[0], (unsigned char)range[1]));
    return s;
}

/* [:name:] and [:^name:] inside a class. */
static bool
read_posix(struct reader *r, struct symset *set)
{
    struct reader ahead = *r;

    if (!reader_takes(&ahead, "[:"))
        return false;
    bool negated = reader_takes(&ahead, "^");

    for (size_t i = 0; i < sizeof(posix) / sizeof(posix[0]); i++) {
        struct reader end = ahead;

        if (!reader_takes(&end, posix[i].name) || !reader_takes(&end, ":]"))
            continue;
        *set = class_fold(posix_set(&posix[i]), r->flags);
        if (negated)
            *set = symset_bytes_not(*set);
        *r = end;
        return true;
    }
    return false;
}

/* One member of a class that can begin or end a range: its byte, or -1 when it is a set. */
static bool
read_member(struct reader *r, struct symset *set, int *byte)
{
    *byte = -1;
    if (reader_sees(r, "[:") || reader_sees(r, "[.") || reader_sees(r, "[="))
        return read_posix(r, set);
    char c = r->re.ptr[r->at++];

    if (c != '\\') {
        *byte = (unsigned char)c;
        *set = symset_range((unsigned char)c, (unsigned char)c);
        return true;
    }
    unsigned flags = r->flags;

    r->flags = 0; /* the class is folded as a whole, so that a range keeps its ends */
    bool known = class_read_escape(r, true, set);

    r->flags = flags;
    if (known && symset_count(*set) == 1)
        for (*byte = 0; !symset_has(set, (unsigned)*byte); ++*byte)
            ;
    return known;
}

/* A member, or a range whose first member is read. */
static bool
read_range(struct reader *r, struct symset *set)
{
    struct symset last;
    int low, high;

    if (!read_member(r, set, &low))
        return false;
    if (!reader_sees(r, "-") || r->at + 1 >= r->re.len || r->re.ptr[r->at + 1] == ']')
        return true;
    if (low < 0)
        return false; /* "[\d-x]": PCRE2 refuses it, Perl takes the hyphen for itself */
    r->at++;
    if (!read_member(r, &last, &high) || high < low)
        return false;
    *set = symset_range((unsigned)low, (unsigned)high);
    return true;
}

bool
class_read(struct reader *r, struct symset *set)
{
    struct reader in = *r;
    struct symset all = {{0}}, one;
    bool negated = reader_takes(&in, "^");

    do { /* a ] that stands first is a member */
        if (in.at >= in.re.len || !read_range(&in, &one))
            return false;
        all = symset_or(all, one);
    } while (in.at >= in.re.len || in.re.ptr[in.at] != ']');
    in.at++;
    all = class_fold(all, r->flags);
    *set = negated ? symset_bytes_not(all) : all;
    *r = in;
    return true;
}
