#include "generalize_int.h"

#define ZIP_DIGITS 3

/*
 * Areas of three ZIP digits with 20,000 inhabitants or fewer, which 45 CFR 164.514(b)(2)(i)(B) wants changed to 000. Source: the guidance of the US
 * Department of Health and Human Services on de-identification, after the census of 2000.
 */
static const char *const small_areas[] = {
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890", "893"};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char
upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

/* The value as classes: N digit, A letter, others as they stand; false when it is too long for a postal code. */
static bool
shape_of(struct str s, char shape[12])
{
    if (s.len == 0 || s.len > 10)
        return false;
    for (size_t i = 0; i < s.len; i++)
        shape[i] = is_digit(s.ptr[i]) ? 'N' : upper(s.ptr[i]) >= 'A' && upper(s.ptr[i]) <= 'Z' ? 'A' : s.ptr[i];
    shape[s.len] = '\0';
    return true;
}

static size_t
zip(const struct action *a, struct str s, char out[GENERAL_OUT_MAX])
{
    for (size_t i = 0; i < sizeof(small_areas) / sizeof(small_areas[0]); i++)
        if (str_eq(str_sub(s, 0, ZIP_DIGITS), str_of(small_areas[i])))
            s = STR("000");
    memcpy(out, s.ptr, a->generalize.postal);
    return a->generalize.postal;
}

static bool
is_one_of(const char *shape, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(shape, *list) == 0)
            return true;
    return false;
}

/* ZIP codes: as many digits as the policy says. Canada: the forward sortation area. United Kingdom: the outward code. */
size_t
general_postal(const struct action *a, struct str value, char out[GENERAL_OUT_MAX])
{
    static const char *const zips[] = {"NNNNN", "NNNNN-NNNN", "NNNNNNNNN", "NNN", NULL}, *const canada[] = {"ANA NAN", "ANANAN", "ANA-NAN", NULL};
    static const char *const outward[] = {"AN", "ANN", "AAN", "AANN", "ANA", "AANA", NULL};
    struct str s = str_trim(value);
    char shape[12];
    size_t keep = 0;

    if (!shape_of(s, shape))
        return 0;
    if (is_one_of(shape, zips))
        return zip(a, s, out);
    if (a->generalize.postal < ZIP_DIGITS && strlen(shape) == a->generalize.postal && strspn(shape, "N") == s.len)
        keep = s.len; /* what was written here before */
    else if (is_one_of(shape, canada))
        keep = 3;
    else if (is_one_of(shape, outward))
        keep = s.len;
    else if (s.len >= 5 && strcmp(shape + s.len - 3, "NAA") == 0) {
        shape[s.len - 3 - (shape[s.len - 4] == ' ')] = '\0';
        keep = is_one_of(shape, outward) ? strlen(shape) : 0;
    }
    for (size_t i = 0; i < keep; i++)
        out[i] = upper(s.ptr[i]);
    return keep;
}
