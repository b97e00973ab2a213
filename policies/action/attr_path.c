#include "attr_path_int.h"

static bool
path_key(struct str rest, struct str *key)
{
    if (rest.len > 1 && rest.ptr[0] == '.')
        *key = str_sub(rest, 1, rest.len);
    else if (rest.len > 4 && str_starts(rest, STR("[\"")) && str_ends(rest, STR("\"]")))
        *key = str_sub(rest, 2, rest.len - 2);
    else
        return false;
    return true;
}

bool
attr_path_parse(struct str text, struct attr_path *path)
{
    static const struct {
        const char *name;
        enum place place;
    } places[] = {
#define PLACE(id, name, attribute) {attribute ? name : NULL, id},
#include "codec/places.def"
#undef PLACE
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct str name = str_of(places[i].name), key;

        if (!name.ptr || !str_starts(text, name) || !path_key(str_sub(text, name.len, text.len), &key))
            continue;
        *path = (struct attr_path){places[i].place, key};
        return true;
    }
    return false;
}

/* Attributes stand in wire order, so that the first one can be looked for by halves. */
void
attr_resource_range(const struct batch *b, const struct batch_resource *r, uint32_t *first, uint32_t *end)
{
    uint32_t from = r->attr_first, to = r->attr_end;

    if (r->inner == BATCH_NONE) {
        *first = *end = from;
        return;
    }
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;

        if (b->attrs[mid].field < r->inner)
            from = mid + 1;
        else
            to = mid;
    }
    *first = from;
    while (from < r->attr_end && b->attrs[from].field < r->inner_end)
        from++;
    *end = from;
}
