#include "control/traffic.h"

#include <errno.h>
#include <stdlib.h>

#include "base/secret.h"
#include "codec/otlp_json.h"
#include "control/sample.h"

#define FILE_MAX ((size_t)512 * 1024 * 1024)
#define JSON_DEPTH 64
#define PREFIX 4

struct traffic {
    struct traffic_options o;
    struct sampler sampler;
    uint64_t left; /* samples */
    struct buf file;
    struct str rest; /* of file */
};

static enum rc
next_sample(struct traffic *t, struct buf *out)
{
    if (t->left == 0)
        return RC_NOT_FOUND;
    if (t->o.example == TRAFFIC_PLACES) {
        const struct sample_places places = {
            .value = str_of(t->o.value), .number = t->o.number, .country = t->o.country, .region = t->o.region, .seed = t->o.seed + t->left};

        t->left--;
        return sample_places_batch(&places, out);
    }
    t->sampler.options.spans = t->left < t->o.batch ? (uint32_t)t->left : t->o.batch;
    t->left -= t->sampler.options.spans;
    return sampler_batch(&t->sampler, out);
}

static enum rc
next_json(struct traffic *t, struct buf *out)
{
    struct str line = {0};
    uint64_t unknown;

    while (line.len == 0 && t->rest.len > 0) {
        size_t end = str_find(t->rest, STR("\n"));

        line = str_trim(end == SIZE_MAX ? t->rest : str_sub(t->rest, 0, end));
        t->rest = end == SIZE_MAX ? STR("") : str_sub(t->rest, end + 1, t->rest.len);
    }
    return line.len ? otlp_json_decode(line, JSON_DEPTH, out, &unknown) : RC_NOT_FOUND;
}

static enum rc
next_prefixed(struct traffic *t, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)t->rest.ptr;

    if (t->rest.len == 0)
        return RC_NOT_FOUND;
    if (t->rest.len < PREFIX)
        return RC_MALFORMED;
    size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

    if (len > t->rest.len - PREFIX)
        return RC_MALFORMED;
    enum rc rc = buf_append(out, str_sub(t->rest, PREFIX, PREFIX + len));

    t->rest = str_sub(t->rest, PREFIX + len, t->rest.len);
    return rc;
}

enum rc
traffic_next(struct traffic *t, struct buf *out)
{
    struct str file = buf_str(&t->file);

    if (!t->o.file)
        return next_sample(t, out);
    if (str_trim(file).len > 0 && str_trim(file).ptr[0] == '{' && file.ptr[0] != '\n') /* that is the tag of the first field, '{' its length */
        return next_json(t, out);
    if (file.len > 0 && file.ptr[0] == '\0') /* no field has the number 0: it is a length */
        return next_prefixed(t, out);
    if (t->rest.len == 0)
        return RC_NOT_FOUND;
    t->rest = STR("");
    return buf_append(out, file);
}

enum rc
traffic_open(const struct traffic_options *o, struct traffic **traffic, struct errs *es)
{
    struct traffic *t = calloc(1, sizeof(*t));
    enum rc rc = RC_OK;

    if (!t)
        return RC_NOMEM;
    t->o = *o;
    t->left = o->spans;
    t->file = BUF_INIT(FILE_MAX);
    if (o->file) {
        rc = file_read(o->file, FILE_MAX, &t->file);
        if (rc != RC_OK)
            errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = o->file}, "%s", rc_text(rc));
        t->rest = buf_str(&t->file);
    } else {
        sampler_init(&t->sampler, &(struct sample_options){.seed = o->seed,
                                      .spans = o->batch,
                                      .personal_permille = o->example == TRAFFIC_PII ? 50 : 0,
                                      .country = o->country,
                                      .region = o->region});
    }
    if (rc == RC_OK)
        *traffic = t;
    else
        traffic_free(t);
    return rc;
}

void
traffic_free(struct traffic *t)
{
    if (!t)
        return;
    buf_free_wipe(&t->file);
    free(t);
}
