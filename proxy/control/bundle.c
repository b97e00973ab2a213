#include "bundle_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/json.h"
#include "codec/compress.h"

static bool
is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '_' || c == '-';
}

bool
bundle_path_good(struct str path)
{
    size_t part = 0;

    if (path.len == 0 || path.len > BUNDLE_NAME_MAX)
        return false;
    for (size_t i = 0; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '/') {
            if (!is_word(path.ptr[i]))
                return false;
            continue;
        }
        struct str name = str_sub(path, part, i);

        if (name.len == 0 || str_eq(name, STR(".")) || str_eq(name, STR("..")))
            return false;
        part = i + 1;
    }
    return true;
}

bool
bundle_is_test(struct str path)
{
    return str_ends(path, STR(".test.yaml")) || str_ends(path, STR(".test.yml"));
}

bool
bundle_is_policy(struct str path)
{
    return (str_ends(path, STR(".yaml")) || str_ends(path, STR(".yml"))) && !bundle_is_test(path);
}

static enum rc
refuse(struct errs *es, unsigned code, struct err_pos pos, const char *why)
{
    errs_add(es, ERR_ERROR, RC_INTEGRITY, code, pos, "the bundle is refused: %s", why);
    return RC_INTEGRITY;
}

/* ---- trust ---- */

enum rc
bundle_trust(struct bundle_signers signers, struct str bytes, struct str signature, struct err_pos pos, struct str *trusted, struct errs *es)
{
    char why[128], hex[MINISIGN_ID_HEX];
    size_t which;

    if (!signature.ptr)
        return refuse(es, SG_BUNDLE_SIGNATURE, pos, "it has no signature: NAME.tar.gz" BUNDLE_SIGNATURE " stands beside it");
    enum rc rc = minisign_verify(signers.keys, signers.count, bytes, signature, trusted, &which);

    if (rc == RC_OK)
        return RC_OK;
    if (rc == RC_MALFORMED)
        return refuse(es, SG_BUNDLE_SIGNATURE, pos, "the signature file cannot be read");
    if (rc != RC_NOT_FOUND)
        return refuse(es, SG_BUNDLE_SIGNATURE, pos, "the signature does not fit: the bundle, its signature or the comment was changed");
    if (!minisign_id_of(signature, hex))
        hex[0] = '\0';
    snprintf(why, sizeof(why), "it is signed with the key %s, which is not among the trusted ones", hex);
    return refuse(es, SG_BUNDLE_SIGNATURE, pos, why);
}

/* ---- manifest ---- */

/* What a manifest may hold, read. */
struct manifest {
    const struct conf_doc *doc;
    const struct conf_node *root;
    struct errs *es;
    struct err_pos pos;
};

static bool
text_of(const struct manifest *m, const struct conf_node *n, const char *key, struct arena *ar, struct str *out)
{
    const struct conf_node *v = conf_get(n, key);
    struct str s = STR("");

    if (!v || conf_text(m->doc, v, &s, m->es) != RC_OK || s.len > 200)
        return false;
    *out = arena_dup(ar, s);
    return s.len == 0 || out->ptr;
}

static const struct bundle_file *
file_find(const struct bundle *b, struct str path)
{
    for (size_t i = 0; i < b->file_count; i++)
        if (str_eq(b->files[i].path, path))
            return &b->files[i];
    return NULL;
}

static bool
file_fits(const struct manifest *m, const struct conf_node *n, const struct bundle *b)
{
    static const char *const known[] = {"path", "size", "sha256"};
    struct str path = STR(""), sum = STR("");
    uint64_t size = 0;
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE];

    if (conf_map_check(m->doc, n, known, 3, m->es) != RC_OK || conf_text(m->doc, conf_get(n, "path"), &path, m->es) != RC_OK ||
        conf_text(m->doc, conf_get(n, "sha256"), &sum, m->es) != RC_OK ||
        conf_u64(m->doc, conf_get(n, "size"), 0, BUNDLE_FILE_MAX, &size, m->es) != RC_OK)
        return false;
    const struct bundle_file *f = file_find(b, path);

    if (!f || f->text.len != size || digest_sha256(f->text, digest) != RC_OK)
        return false;
    digest_hex((struct str){(const char *)digest, sizeof(digest)}, hex);
    return str_eq(sum, (struct str){hex, sizeof(hex)});
}

/* Every file is listed once, and every listed one is there: counts and names are equal. */
static bool
files_fit(const struct manifest *m, const struct bundle *b)
{
    const struct conf_node *list = conf_get(m->root, "files");

    if (!list || list->kind != CONF_LIST || list->count != b->file_count)
        return false;
    for (unsigned i = 0; i < list->count; i++) {
        if (!file_fits(m, list->items[i], b))
            return false;
        for (unsigned k = 0; k < i; k++)
            if (str_eq(conf_get(list->items[k], "path")->text, conf_get(list->items[i], "path")->text))
                return false;
    }
    return true;
}

/* "1.2.3" against "1.10": numbers between points. */
static int
version_compare(const char *a, const char *b)
{
    for (;;) {
        char *a_end, *b_end;
        unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);

        if (x != y)
            return x < y ? -1 : 1;
        if (*a_end != '.' && *b_end != '.')
            return 0;
        a = *a_end == '.' ? a_end + 1 : "0";
        b = *b_end == '.' ? b_end + 1 : "0";
    }
}

static bool
name_good(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_word(name.ptr[i]))
            return false;
    return name.len >= 1 && name.len <= 64;
}

static enum rc
manifest_read(struct str text, struct err_pos pos, struct arena *ar, struct bundle *b, struct errs *es)
{
    static const char *const known[] = {"name", "revision", "created", "min_engine", "previous", "files"};
    struct conf_doc *doc = NULL;
    char version[64];
    enum rc rc = RC_OK;

    /* JSON is YAML that is quoted; nothing of it is expanded. */
    if (conf_load_text(BUNDLE_MANIFEST, text, false, &doc, es) != RC_OK)
        return refuse(es, SG_BUNDLE, pos, "its manifest cannot be read");
    struct manifest m = {doc, conf_root(doc, 0), es, pos};

    if (conf_count(doc) != 1 || conf_map_check(doc, m.root, known, 6, es) != RC_OK || !text_of(&m, m.root, "name", ar, &b->name) ||
        !text_of(&m, m.root, "created", ar, &b->created) || !text_of(&m, m.root, "min_engine", ar, &b->min_engine) || !name_good(b->name) ||
        !conf_get(m.root, "revision") || conf_u64(doc, conf_get(m.root, "revision"), 1, INT64_MAX, &b->revision, es) != RC_OK) {
        rc = refuse(es, SG_BUNDLE, pos, "its manifest needs name, revision, created, min_engine and files");
    } else if (conf_get(m.root, "previous") && !text_of(&m, m.root, "previous", ar, &b->previous)) {
        rc = refuse(es, SG_BUNDLE, pos, "its manifest names no readable previous bundle");
    } else if (!files_fit(&m, b)) {
        rc = refuse(es, SG_BUNDLE, pos, "its files and its manifest are not the same");
    }
    snprintf(version, sizeof(version), "%.*s", (int)b->min_engine.len, b->min_engine.ptr ? b->min_engine.ptr : "");
    if (rc == RC_OK && version_compare(SPANGATE_VERSION, version) < 0)
        rc = refuse(es, SG_BUNDLE, pos, "it wants a newer version of spangate");
    conf_free(doc);
    return rc;
}

/* ---- open ---- */

static enum rc
inflate(struct str bytes, struct buf *tar)
{
    struct compressor *c = compressor_new();
    enum rc rc = c ? compressor_inflate(c, ENCODING_GZIP, bytes, BUNDLE_UNPACKED_MAX, tar) : RC_NOMEM;

    compressor_free(c);
    return rc;
}

static enum rc
open_tar(struct str tar, struct err_pos pos, struct arena *ar, struct bundle *b, struct errs *es)
{
    const char *why = "";
    struct str copy = arena_dup(ar, tar); /* files are borrowed from it */
    enum rc rc = copy.ptr || tar.len == 0 ? tar_read(copy, ar, &b->files, &b->file_count, &why) : RC_NOMEM;

    if (rc == RC_NOMEM)
        return rc;
    if (rc != RC_OK)
        return refuse(es, SG_BUNDLE, pos, why);
    if (b->file_count == 0 || !str_eq(b->files[0].path, STR(BUNDLE_MANIFEST)))
        return refuse(es, SG_BUNDLE, pos, "its first file is not " BUNDLE_MANIFEST);
    struct str manifest = b->files[0].text;

    b->files++;
    b->file_count--;
    return manifest_read(manifest, pos, ar, b, es);
}

enum rc
bundle_open(struct str bytes, struct err_pos pos, struct arena *ar, struct bundle *b, struct errs *es)
{
    struct buf tar = BUF_INIT(BUNDLE_UNPACKED_MAX);
    struct bundle got = {.file_count = 0};
    uint8_t sum[SHA256_SIZE];
    enum rc rc = bytes.len > BUNDLE_BYTES_MAX ? RC_TOO_LARGE : inflate(bytes, &tar);

    if (rc != RC_OK && rc != RC_NOMEM)
        rc = refuse(es, SG_BUNDLE, pos, rc == RC_TOO_LARGE ? "it is larger than 8 MiB, 32 MiB unpacked" : "it is not compressed with gzip");
    if (rc == RC_OK)
        rc = open_tar(buf_str(&tar), pos, ar, &got, es);
    if (rc == RC_OK)
        rc = digest_sha256(bytes, sum);
    if (rc == RC_OK) {
        digest_hex((struct str){(const char *)sum, sizeof(sum)}, got.sha256);
        got.sha256[2 * SHA256_SIZE] = '\0';
        *b = got;
    }
    buf_free(&tar);
    return rc;
}

/* ---- pack ---- */

static int
by_path(const void *a, const void *b)
{
    return str_cmp(((const struct bundle_file *)a)->path, ((const struct bundle_file *)b)->path);
}

static enum rc
manifest_write(const struct bundle *b, const struct bundle_file *files, struct buf *out)
{
    struct json j = json_begin(out);
    uint8_t sum[SHA256_SIZE];
    char hex[2 * SHA256_SIZE];

    json_object(&j, NULL);
    json_text(&j, "name", b->name);
    json_u64(&j, "revision", b->revision);
    json_text(&j, "created", b->created);
    json_text(&j, "min_engine", b->min_engine);
    if (b->previous.len)
        json_text(&j, "previous", b->previous);
    json_array(&j, "files");
    for (size_t i = 0; i < b->file_count; i++) {
        enum rc rc = digest_sha256(files[i].text, sum);

        if (rc != RC_OK)
            return rc;
        digest_hex((struct str){(const char *)sum, sizeof(sum)}, hex);
        json_object(&j, NULL);
        json_text(&j, "path", files[i].path);
        json_u64(&j, "size", files[i].text.len);
        json_text(&j, "sha256", (struct str){hex, sizeof(hex)});
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

enum rc
bundle_pack(const struct bundle *b, struct buf *out)
{
    struct buf tar = BUF_INIT(BUNDLE_UNPACKED_MAX), manifest = BUF_INIT(BUNDLE_FILE_MAX);
    struct bundle_file *files = calloc(b->file_count + 1, sizeof(*files));
    struct compressor *c = compressor_new();
    enum rc rc = files && c ? RC_OK : RC_NOMEM;

    if (rc == RC_OK && b->file_count) {
        memcpy(files, b->files, b->file_count * sizeof(*files));
        qsort(files, b->file_count, sizeof(*files), by_path);
    }
    if (rc == RC_OK)
        rc = manifest_write(b, files, &manifest);
    if (rc == RC_OK)
        rc = tar_put(&tar, STR(BUNDLE_MANIFEST), buf_str(&manifest));
    for (size_t i = 0; i < b->file_count && rc == RC_OK; i++)
        rc = tar_put(&tar, files[i].path, files[i].text);
    if (rc == RC_OK)
        rc = tar_end(&tar);
    if (rc == RC_OK)
        rc = compressor_deflate(c, ENCODING_GZIP, buf_str(&tar), out);
    if (rc == RC_OK && out->len > BUNDLE_BYTES_MAX)
        rc = RC_TOO_LARGE;
    compressor_free(c);
    free(files);
    buf_free(&manifest);
    buf_free(&tar);
    return rc;
}
