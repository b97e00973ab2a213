#include <pthread.h>

#include "checks_int.h"

#define FAMILY(name) extern const struct detector detect_##name[];
#include "families.def"
#undef FAMILY

static const struct detector *const families[] = {
#define FAMILY(name) detect_##name,
#include "families.def"
#undef FAMILY
};

#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))
#define DETECTORS_MAX 512

/* Filled once, before the first answer; constant from then on. */
static const struct detector *all[DETECTORS_MAX];
static size_t all_count;
static const char *names[2 * DETECTORS_MAX];
static size_t name_count;
static pthread_once_t filled = PTHREAD_ONCE_INIT;

static void
names_add(const char *name)
{
    for (size_t i = 0; i < name_count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    names[name_count++] = name;
}

static void
fill(void)
{
    for (size_t f = 0; f < FAMILY_COUNT; f++)
        for (const struct detector *d = families[f]; d->id && all_count < DETECTORS_MAX; d++)
            all[all_count++] = d;
    for (size_t i = 0; i < all_count; i++)
        names_add(all[i]->entity);
    for (size_t i = 0; i < all_count; i++)
        names_add(all[i]->id);
}

const struct detector *const *
detectors_all(size_t *count)
{
    pthread_once(&filled, fill);
    *count = all_count;
    return all;
}

const struct detector *
detector_find(struct str name, size_t nth)
{
    pthread_once(&filled, fill);
    for (size_t i = 0; i < all_count; i++)
        if (str_eq(name, str_of(all[i]->id)) || str_eq(name, str_of(all[i]->entity)))
            if (nth-- == 0)
                return all[i];
    return NULL;
}

const char *const *
detector_names(size_t *count)
{
    pthread_once(&filled, fill);
    *count = name_count;
    return names;
}

static bool
separator(char c)
{
    return c && strchr(DETECTOR_SEPARATORS, c);
}

/*
 * Capitals of the Latin, Greek and Cyrillic letters that words here are written in, as small ones (Unicode, CaseFolding.txt: the blocks Latin-1,
 * Latin Extended-A, Greek, Cyrillic).
 */
static const struct {
    uint16_t first, last;
    uint8_t step, by; /* every step-th of them, this much further */
} capitals[] = {{0xC0, 0xD6, 1, 32}, {0xD8, 0xDE, 1, 32}, {0x100, 0x136, 2, 1}, {0x139, 0x147, 2, 1}, {0x14A, 0x176, 2, 1}, {0x179, 0x17D, 2, 1},
    {0x386, 0x386, 1, 38}, {0x388, 0x38A, 1, 37}, {0x38C, 0x38C, 1, 64}, {0x38E, 0x38F, 1, 63}, {0x391, 0x3AB, 1, 32}, {0x400, 0x40F, 1, 80},
    {0x410, 0x42F, 1, 32}};

static uint32_t
small_letter(uint32_t cp)
{
    for (size_t i = 0; i < sizeof(capitals) / sizeof(capitals[0]) && cp >= capitals[i].first; i++)
        if (cp <= capitals[i].last && (cp - capitals[i].first) % capitals[i].step == 0)
            return cp + capitals[i].by;
    return cp;
}

#define NO_CHARACTER 0x110000u /* and more: a byte by itself, behind the last code point */

/*
 * The character of two or three bytes at s[at], as a small letter; a byte that begins none, or one that is cut, is itself and nothing else. len: its bytes.
 */
static uint32_t
letter_at(struct str s, size_t at, size_t *len)
{
    unsigned char a = (unsigned char)s.ptr[at];
    size_t n = a < 0xC2 || a > 0xEF ? 1 : a < 0xE0 ? 2 : 3;
    uint32_t cp = a & (n == 2 ? 0x1F : 0x0F);
    bool whole = n > 1 && s.len - at >= n;

    for (size_t i = 1; whole && i < n; i++) {
        whole = ((unsigned char)s.ptr[at + i] & 0xC0) == 0x80;
        cp = cp << 6 | ((unsigned char)s.ptr[at + i] & 0x3Fu);
    }
    *len = whole ? n : 1;
    return whole ? small_letter(cp) : NO_CHARACTER + a;
}

static bool
cyrillic_or_greek(char c)
{
    return c >= '\xCE' && c <= '\xD3';
}

/*
 * A word may begin here: the byte before is no letter or digit, or the case goes up (memberId), or the word begins with a byte of CJK or the like, which
 * puts no spaces between words.
 */
static bool
begins(struct str s, size_t at)
{
    if (at == 0)
        return true;
    if ((unsigned char)s.ptr[at] >= 0x80)
        return !cyrillic_or_greek(s.ptr[at]) || at < 2 || !cyrillic_or_greek(s.ptr[at - 2]);
    char before = s.ptr[at - 1], first = s.ptr[at];

    if (ascii_digit(first))
        return !ascii_digit(before);
    return !ascii_alpha(before) || (before >= 'a' && first <= 'Z');
}

static bool
ends(struct str s, size_t at)
{
    if (at == s.len || (unsigned char)s.ptr[at - 1] >= 0x80)
        return true;
    char last = s.ptr[at - 1], next = s.ptr[at];

    if (ascii_digit(last))
        return !ascii_digit(next);
    return !ascii_alpha(next) || (last >= 'a' && next <= 'Z');
}

/* The end of word when it stands at ${at}, separators inside it optional; 0 when it does not. */
static size_t
word_at(struct str s, size_t at, const char *word)
{
    size_t i = at;

    for (; *word; word++) {
        if (*word == ' ') {
            while (i < s.len && separator(s.ptr[i]))
                i++;
            continue;
        }
        if (i >= s.len)
            return 0;
        size_t len = 1, word_len = 1;

        if ((unsigned char)*word < 0x80 ? ascii_lower(s.ptr[i]) != *word : letter_at(s, i, &len) != letter_at(str_of(word), 0, &word_len))
            return 0;
        i += len;
        word += word_len - 1;
    }
    return i;
}

#define SHORT_WORD 3 /* letters */

static bool
is_hex(const char *word)
{
    for (; *word; word++)
        if (hex_value(*word) < 0)
            return false;
    return true;
}

static bool
word_stands(struct str s, size_t at, const char *word)
{
    size_t end = word_at(s, at, word);

    /* 9f0cc7: a short word inside of hexadecimal digits is none; nor is one that a longer word of its script begins with. */
    if (end && end - at <= SHORT_WORD && ((at > 0 && ascii_digit(s.ptr[at - 1])) || (end < s.len && ascii_digit(s.ptr[end]) && is_hex(word))))
        return false;
    if (end && cyrillic_or_greek(word[0]) && end - at <= (size_t)2 * SHORT_WORD && end < s.len && cyrillic_or_greek(s.ptr[end]))
        return false;
    return end && (ends(s, end) || ((s.ptr[end] | 0x20) == 's' && ends(s, end + 1)));
}

static bool
marker_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || ascii_digit(c) || c == '_';
}

/*
 * [PHONE_NUMBER] or <PHONE_NUMBER>: what stands in place of a value says nothing of the value behind it. <NPI>1234567893 is an element, and its
 * name: nothing stands between them.
 */
static bool
in_marker(struct str s, size_t at)
{
    size_t from = at, to = at;

    while (from > 0 && marker_byte(s.ptr[from - 1]))
        from--;
    while (to < s.len && marker_byte(s.ptr[to]))
        to++;
    if (from == 0 || to == s.len)
        return false;
    return (s.ptr[from - 1] == '[' && s.ptr[to] == ']') || (s.ptr[from - 1] == '<' && s.ptr[to] == '>' && to + 1 < s.len && s.ptr[to + 1] == ' ');
}

static void
first_bytes(const char *const *words, uint64_t first[4])
{
    for (; *words; words++)
        first[(unsigned char)(*words)[0] >> 6] |= (uint64_t)1 << ((*words)[0] & 63);
}

void
detector_ready(struct detector *d)
{
    if (d->context)
        first_bytes(d->context, d->first);
}

void
detector_lower(char *word)
{
    struct str s = str_of(word);
    size_t len;

    for (size_t i = 0; i < s.len; i += len) {
        uint32_t cp = letter_at(s, i, &len);

        if (len == 1) {
            word[i] = ascii_lower(word[i]);
        } else if (len == 2) { /* those of three have no case here */
            word[i] = (char)(0xC0 | cp >> 6);
            word[i + 1] = (char)(0x80 | (cp & 0x3F));
        }
    }
}

/* Of the small letter at s[at]. */
static inline char
first_byte(struct str s, size_t at)
{
    uint32_t cp;
    size_t len;

    if ((unsigned char)s.ptr[at] < 0xC3 || (unsigned char)s.ptr[at] > 0xD3)
        return ascii_lower(s.ptr[at]);
    cp = letter_at(s, at, &len);
    return cp < NO_CHARACTER ? (char)(0xC0 | cp >> 6) : s.ptr[at];
}

/* Whether a context word of d stands in s at or after from. The letters that words begin with rule out nearly every place. */
static bool
any_stands(const struct detector *d, struct str s, size_t from)
{
    uint64_t made[4] = {0};
    const uint64_t *first = d->first;

    if (!d->context)
        return false;
    if (!(first[0] | first[1] | first[2] | first[3])) {
        first_bytes(d->context, made);
        first = made;
    }
    for (size_t at = from; at < s.len; at++) {
        char c = first_byte(s, at);

        if (!(first[(unsigned char)c >> 6] >> (c & 63) & 1) || !begins(s, at))
            continue;
        for (const char *const *w = d->context; *w; w++)
            if ((*w)[0] == c && word_stands(s, at, *w) && !in_marker(s, at))
                return true;
    }
    return false;
}

bool
detector_key_context(const struct detector *d, struct str key)
{
    return any_stands(d, key, 0);
}

bool
detector_context(const struct detector *d, struct str key, struct str text, size_t start)
{
    size_t from = start < text.len ? start : text.len;

    for (unsigned n = 0; from > 0 && n < DETECTOR_CONTEXT_CHARS; from--)
        n += ((unsigned char)text.ptr[from - 1] & 0xC0) != 0x80;
    return any_stands(d, key, 0) || any_stands(d, str_sub(text, 0, start), from);
}
