#include "lint_int.h"

#define GROUPS_MAX 64

/* One open group, or the whole pattern. */
struct level {
    size_t at;
    bool plain;     /* the alternative that is being read has an atom that does not repeat */
    bool unbounded; /* ... and one that repeats without bound */
    bool bad;       /* an alternative that is over holds nothing but what repeats, one of it without bound */
    bool atomic;    /* (?>..): it is not tried again */
};

/* The quantifier at ${i}. */
struct quantifier {
    size_t len;
    bool unbounded, possessive;
};

static struct quantifier
quantifier_at(struct str re, size_t i)
{
    struct quantifier q = {0};
    size_t end = i;

    if (i >= re.len)
        return q;
    if (re.ptr[i] == '*' || re.ptr[i] == '+' || re.ptr[i] == '?') {
        q.unbounded = re.ptr[i] != '?';
        end = i + 1;
    } else if (re.ptr[i] == '{') {
        size_t close = str_find(str_sub(re, i, re.len), STR("}"));
        size_t comma = str_find(str_sub(re, i, re.len), STR(","));

        if (close == SIZE_MAX || close < 2 || re.ptr[i + 1] < '0' || re.ptr[i + 1] > '9')
            return q; /* a brace that stands for itself */
        q.unbounded = comma != SIZE_MAX && comma + 1 == close;
        end = i + close + 1;
    } else {
        return q;
    }
    if (end < re.len && (re.ptr[end] == '?' || re.ptr[end] == '+')) {
        q.possessive = re.ptr[end] == '+';
        end++;
    }
    q.len = end - i;
    return q;
}

/* Past an atom that is no group: an escape, a class, a byte. */
static size_t
atom_end(struct str re, size_t i)
{
    if (re.ptr[i] == '\\') {
        if (i + 2 < re.len && strchr("pPxguk", re.ptr[i + 1]) && re.ptr[i + 2] == '{') {
            size_t close = str_find(str_sub(re, i, re.len), STR("}"));

            return close == SIZE_MAX ? re.len : i + close + 1;
        }
        return i + 2 < re.len ? i + 2 : re.len;
    }
    if (re.ptr[i] != '[')
        return i + 1;
    i++;
    i += i < re.len && re.ptr[i] == '^';
    i += i < re.len && re.ptr[i] == ']'; /* the first one is a member */
    while (i < re.len && re.ptr[i] != ']')
        i += re.ptr[i] == '\\' ? 2 : 1;
    return i < re.len ? i + 1 : re.len;
}

/* Past what says the kind of a group: "?:", "?<name>", "?i:", "?=". atomic and lookaround are told. */
static size_t
group_head(struct str re, size_t i, bool *atomic)
{
    if (i >= re.len || re.ptr[i] != '?')
        return i;
    *atomic = i + 1 < re.len && strchr(">=!", re.ptr[i + 1]) != NULL;
    if (i + 2 < re.len && re.ptr[i + 1] == '<' && (re.ptr[i + 2] == '=' || re.ptr[i + 2] == '!'))
        *atomic = true;
    while (i < re.len && !strchr(":>=!)'", re.ptr[i]))
        i++;
    return i < re.len && re.ptr[i] != ')' ? i + 1 : i;
}

static void
alternative_end(struct level *l)
{
    l->bad |= l->unbounded && !l->plain;
    l->plain = l->unbounded = false;
}

static void
atom_take(struct level *l, const struct quantifier *q)
{
    if (q->len == 0)
        l->plain = true;
    else if (q->unbounded && !q->possessive)
        l->unbounded = true;
    else if (q->possessive)
        l->plain = true;
}

size_t
lint_nested_quantifier(struct str re)
{
    struct level levels[GROUPS_MAX] = {{0}};
    size_t depth = 0;

    for (size_t i = 0; i < re.len;) {
        char c = re.ptr[i];

        if (c == '(' && depth + 1 < GROUPS_MAX) {
            levels[++depth] = (struct level){.at = i};
            i = group_head(re, i + 1, &levels[depth].atomic);
        } else if (c == ')' && depth > 0) {
            struct quantifier q = quantifier_at(re, i + 1);
            struct level inner = levels[depth--];

            alternative_end(&inner);
            if (inner.bad && !inner.atomic && q.unbounded && !q.possessive)
                return inner.at;
            /* A group that is nothing but repetition counts as such around it, too. */
            atom_take(&levels[depth], q.len == 0 && inner.bad && !inner.atomic ? &(struct quantifier){1, true, false} : &q);
            i += 1 + q.len;
        } else if (c == '|') {
            alternative_end(&levels[depth]);
            i++;
        } else {
            size_t end = atom_end(re, i);
            struct quantifier q = quantifier_at(re, end);

            if (c != '^' && c != '$')
                atom_take(&levels[depth], &q);
            i = end + q.len;
        }
    }
    return SIZE_MAX;
}

/* Whether an atom is of characters where bytes are matched: a property, or a class with more than ASCII in it. */
static bool
of_characters(struct str atom)
{
    if (atom.len > 1 && atom.ptr[0] == '\\')
        return strchr("pPX", atom.ptr[1]) != NULL;
    for (size_t i = 0; atom.ptr[0] == '[' && i < atom.len; i++)
        if ((unsigned char)atom.ptr[i] >= 0x80 || (atom.ptr[i] == '\\' && i + 1 < atom.len && (atom.ptr[i + 1] | 0x20) == 'p'))
            return true;
    return false;
}

size_t
lint_characters(struct str re)
{
    bool atomic;

    for (size_t i = 0; i < re.len;) {
        if (re.ptr[i] == '(' || re.ptr[i] == ')' || re.ptr[i] == '|') {
            i = re.ptr[i] == '(' ? group_head(re, i + 1, &atomic) : i + 1;
            continue;
        }
        size_t end = atom_end(re, i);
        struct quantifier q = quantifier_at(re, end);

        if (of_characters(str_sub(re, i, end)) || ((unsigned char)re.ptr[i] >= 0x80 && q.len))
            return i;
        i = end + q.len;
    }
    return SIZE_MAX;
}

/* ".*", ".+", with ? or + behind: how many bytes at the start. */
static size_t
any_run(struct str re)
{
    if (re.len < 2 || re.ptr[0] != '.' || (re.ptr[1] != '*' && re.ptr[1] != '+'))
        return 0;
    return re.len > 2 && (re.ptr[2] == '?' || re.ptr[2] == '+') ? 3 : 2;
}

bool
lint_open_ends(struct str re)
{
    if (str_starts(re, STR("(?i)")) || str_starts(re, STR("(?s)")))
        re = str_sub(re, 4, re.len);
    while (re.len > 2 && re.ptr[0] == '(' && re.ptr[re.len - 1] == ')' && re.ptr[1] != '?')
        re = str_sub(re, 1, re.len - 1);
    if (!any_run(re))
        return false;
    for (size_t n = 2; n <= 3 && n < re.len; n++)
        if (any_run(str_sub(re, re.len - n, re.len)) == n && re.ptr[re.len - n - 1] != '\\')
            return true;
    return false;
}
