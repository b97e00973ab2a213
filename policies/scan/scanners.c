#include "policies/scanner.h"

#define SCANNER(entry) extern const struct scanner scanner_##entry;
#include "scanners.def"
#undef SCANNER

static const struct scanner *const all[] = {
#define SCANNER(entry) &scanner_##entry,
#include "scanners.def"
#undef SCANNER
    NULL,
};

static const struct scan_kind_info kinds[] = {
#define KIND(name, entity, replacement, dropped, severity) {entity, replacement, dropped, severity},
#include "policies/scan_kinds.def"
#undef KIND
};

const struct scan_kind_info *
scan_kind_info(enum scan_kind kind)
{
    return &kinds[kind];
}

const struct scanner *const *
scanners_all(size_t *count)
{
    *count = sizeof(all) / sizeof(all[0]) - 1;
    return all;
}

const struct scanner *
scanner_find(struct str name)
{
    for (const struct scanner *const *s = all; *s; s++)
        if (str_eq(name, str_of((*s)->name)))
            return *s;
    return NULL;
}

enum rc
scan_add(struct scan_out *out, enum scan_kind kind, size_t start, size_t end)
{
    return start < end ? out->add(out->to, kind, out->offset + start, out->offset + end) : RC_OK;
}

enum rc
scan_inside(const struct scanner *s, const struct scan_in *in, struct scan_out *out, size_t start, size_t end)
{
    struct scan_in inner = {.text = str_sub(in->text, start, end), .key = in->key, .system = in->system};
    struct scan_out to = *out;

    if (out->depth + 1 >= SCAN_DEPTH)
        return RC_UNDECIDABLE;
    to.offset += start;
    to.depth++;
    return s->scan(&inner, &to);
}
