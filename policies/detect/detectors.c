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

/* A word may begin here: the byte before is no letter or digit, or the case goes up (memberId), or the word begins with a byte of CJK or the like. */
static bool
begins(struct str s, size_t at)
{
    if (at == 0 || (unsigned char)s.ptr[at] >= 0x80)
        return true;
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
        if (i >= s.len || ascii_lower(s.ptr[i]) != *word)
            return 0;
        i++;
    }
    return i;
}

static bool
word_stands(struct str s, size_t at, const char *word)
{
    size_t end = word_at(s, at, word);

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
        char c = s.ptr[at] >= 'A' && s.ptr[at] <= 'Z' ? (char)(s.ptr[at] | 0x20) : s.ptr[at];

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
