/*
 * Claims as text: what the origins of some data said, for a decision that is made again later.
 *
 *   SECTION { ; SECTION }      SECTION = [TAG :] CLAIM { , CLAIM }      CLAIM = two letters | ?
 *
 * A section without a tag is for every policy. One with a tag is what the origins of one policy said, and for that policy alone, as long as it asks the same origins; a policy
 * that has none of its own hears them all. "*" alone: too much was said, nowhere allowed.
 */
#include "residency_model_int.h"

#include <stdio.h>

#include "base/digest.h"

static struct str
cut(struct str *left, const char *mark)
{
    size_t at = str_find(*left, str_of(mark));
    struct str piece = at == SIZE_MAX ? *left : str_sub(*left, 0, at);

    *left = at == SIZE_MAX ? str_sub(*left, left->len, left->len) : str_sub(*left, at + 1, left->len);
    return piece;
}

/* The claims of the next section; its tag, empty when it has none. */
static struct str
next_section(struct str *left, struct str *tag)
{
    struct str section = cut(left, ";");
    size_t colon = str_find(section, STR(":"));

    *tag = colon == SIZE_MAX ? str_sub(section, 0, 0) : str_sub(section, 0, colon);
    return colon == SIZE_MAX ? section : str_sub(section, colon + 1, section.len);
}

void
claims_tag(struct residency_policy *p)
{
    uint32_t crc = digest_crc32c(0, str_of(p->name));

    for (unsigned i = 0; i < p->origin_count; i++) {
        const struct origin *o = &p->origins[i];
        const char kind[2] = {(char)o->from, (char)o->region};

        crc = digest_crc32c(crc, (struct str){kind, sizeof(kind)});
        crc = digest_crc32c(crc, o->key);
        crc = digest_crc32c(crc, (struct str){"", 1}); /* where it ends */
    }
    snprintf(p->tag, sizeof(p->tag), "%08x", (unsigned)crc);
}

bool
claims_has_section(struct str claims, const char *tag)
{
    struct str t;

    while (claims.len) {
        (void)next_section(&claims, &t);
        if (t.len && str_eq(t, str_of(tag)))
            return true;
    }
    return false;
}

bool
claims_next(struct claims_walk *walk, struct str *claim)
{
    struct str tag;

    while (walk->section.len == 0) {
        if (walk->left.len == 0)
            return false;
        walk->section = next_section(&walk->left, &tag);
        if (walk->tag && tag.len && !str_eq(tag, str_of(walk->tag)))
            walk->section.len = 0;
    }
    *claim = cut(&walk->section, ",");
    return true;
}

/* -- joining ---------------------------------------------------------------------------------------------------------------------- */

static bool
has_word(struct str list, struct str word)
{
    while (list.len)
        if (str_eq(cut(&list, ","), word))
            return true;
    return false;
}

/* The section of that tag in out, as a part of it; ptr NULL: there is none. */
static struct str
section_of(const char *out, struct str tag)
{
    struct str left = str_of(out), t;

    while (left.len) {
        struct str list = next_section(&left, &t);

        if (str_eq(t, tag))
            return list;
    }
    return (struct str){NULL, 0};
}

static bool
insert(char *out, size_t size, size_t at, char mark, struct str word)
{
    size_t len = strlen(out), more = word.len + (mark != 0);

    if (len + more >= size)
        return false;
    memmove(out + at + more, out + at, len - at + 1);
    if (mark)
        out[at++] = mark;
    memcpy(out + at, word.ptr, word.len);
    return true;
}

static bool
add_word(char *out, size_t size, struct str tag, struct str word)
{
    struct str list = section_of(out, tag);

    if (!list.ptr) {
        size_t end = strlen(out);

        if (tag.len == 0)
            return insert(out, size, end, end ? ';' : 0, word);
        return insert(out, size, end, end ? ';' : 0, tag) && insert(out, size, strlen(out), ':', word);
    }
    return has_word(list, word) || insert(out, size, (size_t)(list.ptr - out) + list.len, ',', word);
}

void
claims_join(char *out, size_t size, const char *more)
{
    struct str left = str_of(more), tag;

    if (strcmp(out, "*") == 0)
        return;
    while (left.len) {
        struct str list = next_section(&left, &tag);

        while (list.len) {
            struct str word = cut(&list, ",");

            if (str_eq(word, STR("*")) || !add_word(out, size, tag, word)) {
                memcpy(out, "*", 2);
                return;
            }
        }
    }
}
