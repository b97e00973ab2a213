#include "own.h"

#include "../engine/codes_int.h"

#define KEEP_MAX 64
#define WIDTH_MAX 64

/* They show the shape of a number and are never masked. */
static bool
is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == ':';
}

/* One code point that a detector cannot take for a part of a value. */
static bool
mark_good(struct str mark)
{
    if (mark.len == 0 || mark.len > 4 || action_point(mark) != mark.len)
        return false;
    unsigned char c = (unsigned char)mark.ptr[0];

    return mark.len > 1 ||
           (c > ' ' && c < 0x7F && !is_separator(mark.ptr[0]) && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'));
}

static const char *const separators[] = {"keep", "mask", NULL};
static const struct conf_field mask_fields[] = {
    {"char", CONF_TEXT, .doc = "The mark, one character"},
    {"keep_first", CONF_NUMBER, .min = 0, .max = KEEP_MAX, .doc = "Characters that stay at the start"},
    {"keep_last", CONF_NUMBER, .min = 0, .max = KEEP_MAX, .doc = "And at the end"},
    {"width", CONF_NUMBER, .min = 1, .max = WIDTH_MAX, .doc = "Marks, whatever the length"},
    {"separators", CONF_WORD, .words = separators, .doc = "Whether spaces, dashes, dots, slashes and colons stay"},
    {0},
};
static const struct conf_shape mask_shape = {"action_mask", mask_fields};

static enum rc
mask_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    uint64_t first = 0, last = 0, width = 0;
    unsigned all = 0;
    struct str mark = STR("*");

    if (arg && conf_shape_check(env->doc, arg, &mask_shape, env->es) != RC_OK)
        return RC_CONFIG;
    if (conf_u64(env->doc, conf_get(arg, "width"), 1, WIDTH_MAX, &width, env->es) != RC_OK ||
        conf_choice(env->doc, conf_get(arg, "separators"), separators, 2, &all, env->es) != RC_OK)
        return RC_CONFIG;
    enum rc rc_mark = conf_text(env->doc, conf_get(arg, "char"), &mark, env->es);
    enum rc rc_first = conf_u64(env->doc, conf_get(arg, "keep_first"), 0, KEEP_MAX, &first, env->es);
    enum rc rc_last = conf_u64(env->doc, conf_get(arg, "keep_last"), 0, KEEP_MAX, &last, env->es);

    if (rc_mark != RC_OK || rc_first != RC_OK || rc_last != RC_OK)
        return RC_CONFIG;
    if (!mark_good(mark)) {
        errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_ACTION_ARGUMENT, conf_pos(env->doc, conf_get(arg, "char")),
            "char must be one character that is no letter, digit or separator");
        return RC_CONFIG;
    }
    memcpy(a->mask.mark, mark.ptr, mark.len);
    a->mask.mark_len = (uint8_t)mark.len;
    a->mask.keep_first = (uint32_t)first;
    a->mask.keep_last = (uint32_t)last;
    a->mask.width = (uint32_t)width;
    a->mask.all = all || width;
    return RC_OK;
}

/* Whether the character at i stays because it separates. */
static bool
stays(const struct action *a, struct str s, size_t i)
{
    return !a->mask.all && is_separator(s.ptr[i]);
}

/* Code points that can be masked. */
static size_t
count_points(const struct action *a, struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i += action_point(str_sub(s, i, s.len)))
        n += !stays(a, s, i);
    return n;
}

/* A mark for each character that is not kept; of a fixed width, as many marks whatever there was. */
static enum rc
mask_apply(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out)
{
    struct str value = in->value;
    size_t points = count_points(a, value), n = 0, len = 0, marks = a->mask.width;
    size_t first = a->mask.keep_first, last = a->mask.keep_last;

    if (points <= first + last)
        first = last = 0; /* keeping would show everything */
    /* A character is never shorter than one byte. */
    char *p = arena_alloc(ar, (value.len + marks) * a->mask.mark_len + value.len + 1);

    if (!p)
        return RC_NOMEM;
    for (size_t i = 0, step; i < value.len; i += step) {
        bool keep = stays(a, value, i);
        size_t times = 1;

        step = action_point(str_sub(value, i, value.len));
        if (!keep) {
            keep = n < first || n >= points - last;
            if (!keep && a->mask.width) {
                times = marks;
                marks = 0;
            }
            n++;
        }
        for (size_t t = 0; t < times; t++) {
            memcpy(p + len, keep ? value.ptr + i : a->mask.mark, keep ? step : a->mask.mark_len);
            len += keep ? step : a->mask.mark_len;
        }
    }
    *out = (struct str){p, len};
    return RC_OK;
}

static bool
mark_before(const struct action *a, struct str text, size_t at)
{
    struct str mark = {a->mask.mark, a->mask.mark_len};
    bool gap = false;

    for (; at > 0 && is_separator(text.ptr[at - 1]); at--)
        gap = true;
    if (!str_ends(str_sub(text, 0, at), mark))
        return false;
    return !gap || str_ends(str_sub(text, 0, at - mark.len), mark); /* "* 1234" is an item of a list */
}

static bool
mark_after(const struct action *a, struct str text, size_t at)
{
    struct str mark = {a->mask.mark, a->mask.mark_len};
    bool gap = false;

    for (; at < text.len && is_separator(text.ptr[at]); at++)
        gap = true;
    if (!str_starts(str_sub(text, at, text.len), mark))
        return false;
    return !gap || str_starts(str_sub(text, at + mark.len, text.len), mark);
}

static bool
is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80;
}

/* "5678" in "****5678": what was kept, and no more than would be kept again. Marks of ASCII show nothing. */
static bool
mask_is_own(const struct action *a, struct str text, size_t start, size_t end)
{
    struct str mark = {a->mask.mark, a->mask.mark_len};
    size_t clear = 0, marks = 0;

    end = own_person_end(text, start, end);
    for (size_t i = start; i < end; i += action_point(str_sub(text, i, end))) {
        if (str_starts(str_sub(text, i, end), mark))
            marks++;
        else
            clear += is_word(text.ptr[i]);
    }
    if (marks)
        return clear <= (size_t)a->mask.keep_first + a->mask.keep_last;
    return (clear <= a->mask.keep_last && mark_before(a, text, start)) || (clear <= a->mask.keep_first && mark_after(a, text, end));
}

const struct action_type action_mask = {
    .name = "mask",
    .doc = "Put a character in place of each character but the first or last ones; separators stay, unless the number of marks is fixed.",
    .argument = "{char: \"*\", keep_first: 0, keep_last: 4, width: 8, separators: keep}",
    .shape = &mask_shape,
    .partial = true,
    .read = mask_read,
    .apply = mask_apply,
    .is_own = mask_is_own,
};
