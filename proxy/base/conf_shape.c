#include "base/conf_shape.h"

#define FIELDS_MAX 32

enum rc
conf_shape_check(const struct conf_doc *doc, const struct conf_node *n, const struct conf_shape *s, struct errs *es)
{
    const char *names[FIELDS_MAX];
    size_t count = 0;

    for (const struct conf_field *f = s->fields; f->name && count < FIELDS_MAX; f++)
        names[count++] = f->name;
    return conf_map_check(doc, n, names, count, es);
}
