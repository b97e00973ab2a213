#include "codec/compress.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define RATIO_MAX 100
#define RATIO_FREE_BYTES (1024u * 1024)
#define GUESS_RATIO 8 /* OTLP deflates about 5:1; a wrong guess costs one member decoded again */
#define ZSTD_LEVEL 1
#define ZSTD_MAGIC 0xFD2FB528u           /* RFC 8878 section 3.1.1 */
#define ZSTD_MAGIC_SKIPPABLE 0x184D2A50u /* RFC 8878 section 3.1.2: the low four bits are free */

struct compressor {
    struct libdeflate_decompressor *gunzip;
    ZSTD_DCtx *unzstd;
    ZSTD_CCtx *zstd;
    struct isal_zstream *gzip;
    uint8_t *level_buf;
};

struct compressor *
compressor_new(void)
{
    struct compressor *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->gunzip = libdeflate_alloc_decompressor();
    c->unzstd = ZSTD_createDCtx();
    c->zstd = ZSTD_createCCtx();
    c->gzip = aligned_alloc(64, (sizeof(*c->gzip) + 63) & ~(size_t)63);
    c->level_buf = malloc(ISAL_DEF_LVL1_DEFAULT);
    if (!c->gunzip || !c->unzstd || !c->zstd || !c->gzip || !c->level_buf ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_checksumFlag, 1))) {
        compressor_free(c);
        return NULL;
    }
    return c;
}

void
compressor_free(struct compressor *c)
{
    if (!c)
        return;
    libdeflate_free_decompressor(c->gunzip);
    ZSTD_freeDCtx(c->unzstd);
    ZSTD_freeCCtx(c->zstd);
    free(c->gzip);
    free(c->level_buf);
    free(c);
}

enum rc
encoding_parse(struct str name, enum encoding *e)
{
    static const struct {
        struct str name;
        enum encoding encoding;
    } names[] = {
        {STR(""), ENCODING_IDENTITY},
        {STR("identity"), ENCODING_IDENTITY},
        {STR("gzip"), ENCODING_GZIP},
        {STR("x-gzip"), ENCODING_GZIP}, /* RFC 9110 section 8.4.1.3 */
        {STR("zstd"), ENCODING_ZSTD},
    };

    name = str_trim(name);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_eq_nocase(name, names[i].name)) {
            *e = names[i].encoding;
            return RC_OK;
        }
    }
    return RC_ENCODING;
}

const char *
encoding_name(enum encoding e)
{
    switch (e) {
    case ENCODING_GZIP:
        return "gzip";
    case ENCODING_ZSTD:
        return "zstd";
    case ENCODING_IDENTITY:
        break;
    }
    return "identity";
}

/* One gzip member or zstd frame at the start of in, decoded into room bytes at out. RC_AGAIN: it needs more room. */
typedef enum rc decode_one(struct compressor *c, struct str in, char *out, size_t room, size_t *taken, size_t *made);

static enum rc
gzip_member(struct compressor *c, struct str in, char *out, size_t room, size_t *taken, size_t *made)
{
    switch (libdeflate_gzip_decompress_ex(c->gunzip, in.ptr, in.len, out, room, taken, made)) {
    case LIBDEFLATE_SUCCESS:
        return RC_OK;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
        return RC_AGAIN;
    case LIBDEFLATE_BAD_DATA:
    case LIBDEFLATE_SHORT_OUTPUT:
        break;
    }
    return RC_MALFORMED;
}

/* libzstd also knows formats older than RFC 8878; they are not let through to it. */
static bool
zstd_starts(struct str in)
{
    const unsigned char *p = (const unsigned char *)in.ptr;

    if (in.len < 4)
        return false;
    uint32_t magic = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

    return magic == ZSTD_MAGIC || (magic & 0xFFFFFFF0u) == ZSTD_MAGIC_SKIPPABLE;
}

static enum rc
zstd_frame(struct compressor *c, struct str in, char *out, size_t room, size_t *taken, size_t *made)
{
    if (!zstd_starts(in))
        return RC_MALFORMED;
    size_t n = ZSTD_findFrameCompressedSize(in.ptr, in.len);

    if (ZSTD_isError(n))
        return RC_MALFORMED;
    unsigned long long claimed = ZSTD_getFrameContentSize(in.ptr, in.len);

    if (claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed != ZSTD_CONTENTSIZE_ERROR && claimed > room)
        return RC_AGAIN; /* only a hint: the frame fails later when it claims too little */
    size_t got = ZSTD_decompressDCtx(c->unzstd, out, room, in.ptr, n);

    if (!ZSTD_isError(got)) {
        *taken = n;
        *made = got;
        return RC_OK;
    }
    ZSTD_ErrorCode code = ZSTD_getErrorCode(got);

    return code == ZSTD_error_dstSize_tooSmall ? RC_AGAIN : code == ZSTD_error_memory_allocation ? RC_NOMEM : RC_MALFORMED;
}

/*
 * Decode unit after unit. A unit that does not fit is decoded again into twice the room, so the work is at most a small multiple of the limit;
 * the limit is reached, never passed, whatever the input claims.
 */
static enum rc
inflate_all(struct compressor *c, decode_one *decode, struct str in, size_t limit, struct buf *out)
{
    size_t start = out->len, room;

    if (in.len == 0)
        return RC_MALFORMED;
    if (__builtin_mul_overflow(in.len, (size_t)GUESS_RATIO, &room) || room > limit)
        room = limit;
    while (in.len > 0) {
        size_t made_before = out->len - start, taken = 0, made = 0;
        enum rc rc = buf_reserve(out, room - made_before);

        if (rc == RC_OK && out->cap - start > room)
            room = out->cap - start > limit ? limit : out->cap - start;
        if (rc == RC_OK)
            rc = decode(c, in, out->ptr + out->len, room - made_before, &taken, &made);
        if (rc == RC_AGAIN && room < limit) {
            room = room > limit / 2 ? limit : room * 2;
            continue;
        }
        if (rc != RC_OK)
            return rc == RC_AGAIN ? RC_TOO_LARGE : rc;
        out->len += made;
        in = str_sub(in, taken, in.len);
    }
    return RC_OK;
}

enum rc
compressor_inflate(struct compressor *c, enum encoding e, struct str in, size_t max, struct buf *out)
{
    size_t start = out->len;

    if (e == ENCODING_IDENTITY)
        return in.len > max ? RC_TOO_LARGE : buf_append(out, in);
    size_t ratio = in.len > SIZE_MAX / RATIO_MAX ? SIZE_MAX : in.len * RATIO_MAX;
    size_t limit = ratio > RATIO_FREE_BYTES ? ratio : RATIO_FREE_BYTES;
    size_t space = out->max > start ? out->max - start : 0;

    if (limit > max)
        limit = max;
    if (limit > space)
        limit = space;
    if (limit == 0)
        return RC_TOO_LARGE;
    enum rc rc = inflate_all(c, e == ENCODING_GZIP ? gzip_member : zstd_frame, in, limit, out);

    if (rc != RC_OK)
        out->len = start;
    return rc;
}

/* Stored blocks of at most 65,535 bytes have a header of 5; 64 covers gzip's header and trailer. RFC 1951 section 3.2.4, RFC 1952. */
static size_t
gzip_bound(size_t len)
{
    return len + len / 65535 * 5 + 5 + 64;
}

static enum rc
deflate_gzip(struct compressor *c, struct str in, struct buf *out)
{
    if (in.len > UINT32_MAX / 2)
        return RC_TOO_LARGE;
    size_t bound = gzip_bound(in.len);
    enum rc rc = buf_reserve(out, bound);

    if (rc != RC_OK)
        return rc;
    isal_deflate_init(c->gzip);
    c->gzip->next_in = (uint8_t *)(uintptr_t)in.ptr; /* only read: the library's declaration lacks the const */
    c->gzip->avail_in = (uint32_t)in.len;
    c->gzip->next_out = (uint8_t *)out->ptr + out->len;
    c->gzip->avail_out = (uint32_t)bound;
    c->gzip->level = 1;
    c->gzip->level_buf = c->level_buf;
    c->gzip->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    c->gzip->gzip_flag = IGZIP_GZIP;
    c->gzip->end_of_stream = 1;
    c->gzip->flush = NO_FLUSH;
    if (isal_deflate(c->gzip) != COMP_OK || c->gzip->avail_in != 0 || c->gzip->internal_state.state != ZSTATE_END)
        return RC_INTERNAL;
    out->len += c->gzip->total_out;
    return RC_OK;
}

static enum rc
deflate_zstd(struct compressor *c, struct str in, struct buf *out)
{
    size_t bound = ZSTD_compressBound(in.len);

    if (bound == 0 || ZSTD_isError(bound))
        return RC_TOO_LARGE;
    enum rc rc = buf_reserve(out, bound);

    if (rc != RC_OK)
        return rc;
    size_t n = ZSTD_compress2(c->zstd, out->ptr + out->len, bound, in.ptr, in.len);

    if (ZSTD_isError(n))
        return RC_NOMEM; /* the bound holds, so only memory can lack */
    out->len += n;
    return RC_OK;
}

enum rc
compressor_deflate(struct compressor *c, enum encoding e, struct str in, struct buf *out)
{
    switch (e) {
    case ENCODING_GZIP:
        return deflate_gzip(c, in, out);
    case ENCODING_ZSTD:
        return deflate_zstd(c, in, out);
    case ENCODING_IDENTITY:
        break;
    }
    return buf_append(out, in);
}
