#include "policies_spans.h"

#include <check.h>

#include "codec/emit.h"

#define MAX ((size_t)1 << 20)

/* Check writes a file at each of its assertions; randomised tests come here millions of times. */
static void
must(enum rc rc)
{
    if (rc != RC_OK)
        ck_abort_msg("%s", rc_text(rc));
}

static void
attrs_append(struct buf *out, uint32_t field, const struct kv *attrs)
{
    for (const struct kv *a = attrs; a && a->key; a++)
        must(emit_key_value(out, field, str_of(a->key), str_of(a->value)));
}

static void
field_append(struct buf *out, uint32_t field, struct buf *contents)
{
    must(emit_len_field(out, field, buf_str(contents)));
    buf_free(contents);
}

static void
span_append(struct buf *scope, const struct span_spec *s)
{
    struct buf span = BUF_INIT(MAX), event = BUF_INIT(MAX);
    char id[16];

    memset(id, s->trace, sizeof(id));
    if (s->trace) {
        must(emit_len_field(&span, 1, (struct str){id, 16}));
        must(emit_len_field(&span, 2, (struct str){id, 8}));
    }
    must(emit_len_field(&span, 5, str_of(s->name)));
    if (s->start_ns) {
        must(buf_append_byte(&span, (char)(7 << 3 | 1)));
        must(buf_append(&span, (struct str){(const char *)&s->start_ns, 8}));
    }
    attrs_append(&span, 9, s->attrs);
    if (s->event) {
        must(emit_len_field(&event, 2, STR("feature_flag.evaluation")));
        attrs_append(&event, 3, s->event);
        field_append(&span, 11, &event);
    }
    field_append(scope, 2, &span);
}

void
spans_append(struct buf *out, const struct kv *resource, const struct span_spec *spans)
{
    struct buf rs = BUF_INIT(MAX), res = BUF_INIT(MAX), scope = BUF_INIT(MAX);

    attrs_append(&res, 1, resource);
    if (resource)
        field_append(&rs, 1, &res);
    for (const struct span_spec *s = spans; s && s->name; s++)
        span_append(&scope, s);
    field_append(&rs, 2, &scope);
    field_append(out, 1, &rs);
}

struct batch
spans_index(const struct buf *request, struct arena *ar)
{
    struct batch b;

    must(batch_index(buf_str(request), &batch_limits_default, ar, &b));
    return b;
}
