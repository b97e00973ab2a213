#include "base/digest.h"
#include "base/json.h"
#include "control/span_lines.h"
#include "sink_int.h"

static enum rc
print_id(const struct batch *b, uint32_t off, size_t size, struct buf *out)
{
    if (off == BATCH_NONE)
        return buf_append_byte(out, '-');
    enum rc rc = buf_reserve(out, 2 * size);

    if (rc != RC_OK)
        return rc;
    digest_hex(str_sub(b->body, off, off + size), out->ptr + out->len);
    out->len += 2 * size;
    return RC_OK;
}

static enum rc
print_lines(const struct span_lines *lines, struct buf *out)
{
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < lines->count && rc == RC_OK; i++) {
        rc = buf_append_byte(out, ' ');
        if (rc == RC_OK)
            rc = json_escape(out, lines->list[i].path);
        if (rc == RC_OK)
            rc = buf_append(out, STR("=\""));
        if (rc == RC_OK)
            rc = json_escape(out, lines->list[i].value);
        if (rc == RC_OK)
            rc = buf_append_byte(out, '"');
    }
    return rc;
}

static enum rc
print_span(const struct batch *b, uint32_t span, const struct span_lines *around, struct arena *ar, struct buf *out)
{
    struct span_lines lines;
    enum rc rc = print_id(b, b->spans[span].trace_id, 16, out);

    if (rc == RC_OK)
        rc = buf_append_byte(out, ' ');
    if (rc == RC_OK)
        rc = print_id(b, b->spans[span].span_id, 8, out);
    if (rc == RC_OK)
        rc = span_lines_of(b, span, ar, &lines);
    if (rc == RC_OK)
        rc = print_lines(&lines, out);
    if (rc == RC_OK)
        rc = print_lines(around, out);
    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

enum rc
sink_print_spans(const struct batch *b, struct arena *ar, struct buf *out)
{
    struct span_lines around = {0};
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < b->span_count && rc == RC_OK; i++) {
        if (i == 0 || b->spans[i].scope != b->spans[i - 1].scope)
            rc = span_lines_around(b, i, ar, &around);
        if (rc == RC_OK)
            rc = print_span(b, i, &around, ar, out);
    }
    return rc;
}

enum rc
sink_print_ids(const struct batch *b, struct buf *out)
{
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < b->span_count && rc == RC_OK; i++) {
        rc = print_id(b, b->spans[i].span_id, 8, out);
        if (rc == RC_OK)
            rc = buf_append_byte(out, '\n');
    }
    return rc;
}
