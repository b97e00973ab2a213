#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/secret.h"
#include "control/report_build.h"

/* The next line of *rest, without its end. */
static bool
next_line(struct str *rest, struct str *line)
{
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;

    if (!end)
        return false;
    *line = (struct str){rest->ptr, (size_t)(end - rest->ptr)};
    *rest = (struct str){end + 1, rest->len - line->len - 1};
    return true;
}

static bool
take_field(struct str *rest, struct str name, struct str *value)
{
    struct str line;

    if (!next_line(rest, &line) || !str_starts(line, name))
        return false;
    *value = str_sub(line, name.len, line.len);
    return true;
}

/* "SHA256  name", as sha256sum writes it; names stay in the folder. */
static bool
file_line(struct str line, struct str *hex, struct str *name)
{
    uint8_t raw[SHA256_SIZE];

    if (line.len < 67 || line.ptr[64] != ' ' || line.ptr[65] != ' ' || !digest_unhex(str_sub(line, 0, 64), raw))
        return false;
    *hex = str_sub(line, 0, 64);
    *name = str_sub(line, 66, line.len);
    return name->ptr[0] != '/' && name->len < 200 && str_find(*name, STR("..")) == SIZE_MAX;
}

enum rc
report_manifest_read(struct str text, struct report_manifest *m)
{
    size_t empty = str_find(text, STR("\n\n"));
    struct report_manifest out = {.text = text, .body = empty == SIZE_MAX ? text : str_sub(text, 0, empty + 1), .is_signed = empty != SIZE_MAX};
    struct str rest = out.body, first, line, hex, name;

    if (!next_line(&rest, &first) || !str_eq(first, STR("spangate-report/1")) || !take_field(&rest, STR("period "), &out.period) ||
        !take_field(&rest, STR("profiles "), &out.profiles) || !take_field(&rest, STR("log "), &out.log) ||
        !take_field(&rest, STR("size "), &out.size) || !take_field(&rest, STR("root "), &out.root))
        return RC_MALFORMED;
    while (next_line(&rest, &line)) {
        if (!file_line(line, &hex, &name))
            return RC_MALFORMED;
        out.files++;
    }
    if (rest.len)
        return RC_MALFORMED;
    *m = out;
    return RC_OK;
}

static enum rc
check_file(const char *dir, struct str hex, struct str name, struct errs *es)
{
    struct buf data = BUF_INIT(REPORT_FILE_MAX);
    uint8_t wanted[SHA256_SIZE], found[SHA256_SIZE];
    char path[4300];

    snprintf(path, sizeof(path), "%.4000s/%.*s", dir, (int)name.len, name.ptr);
    enum rc rc = file_read(path, REPORT_FILE_MAX, &data);

    if (rc == RC_OK)
        rc = digest_sha256(buf_str(&data), found);
    if (rc == RC_OK && (!digest_unhex(hex, wanted) || memcmp(wanted, found, sizeof(found)) != 0))
        rc = RC_INTEGRITY;
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, RC_INTEGRITY, 0, (struct err_pos){0}, "%.250s %s", path,
            rc == RC_INTEGRITY ? "is not the file of the report" : "cannot be read");
    buf_free(&data);
    return rc == RC_OK ? RC_OK : RC_INTEGRITY;
}

static enum rc
check_files(const char *dir, const struct report_manifest *m, struct errs *es)
{
    struct str rest = m->body, line, hex, name;
    enum rc rc = RC_OK;

    while (next_line(&rest, &line))
        if (file_line(line, &hex, &name) && check_file(dir, hex, name, es) != RC_OK)
            rc = RC_INTEGRITY;
    return rc;
}

static enum rc
check_signature(const struct report_manifest *m, const struct note_key *keys, size_t count, struct errs *es)
{
    struct note n;
    enum rc rc = m->is_signed ? note_parse(m->text, &n) : RC_NOT_FOUND, found = RC_NOT_FOUND;

    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        enum rc one = note_check(&n, &keys[i], NULL);

        if (one == RC_INTEGRITY || (one == RC_OK && found == RC_NOT_FOUND))
            found = one;
    }
    rc = rc == RC_OK ? found : rc;
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, RC_INTEGRITY, 0, (struct err_pos){0}, "%s",
            !m->is_signed ? "the report is not signed" : "the report is not signed by a key that is trusted");
    return rc == RC_OK ? RC_OK : RC_INTEGRITY;
}

enum rc
report_check(const char *dir, const struct note_key *keys, size_t count, struct report_manifest *m, struct buf *text, struct errs *es)
{
    char path[4200];
    int n = snprintf(path, sizeof(path), "%s/" REPORT_MANIFEST, dir);
    enum rc rc = n > 0 && (size_t)n < sizeof(path) ? file_read(path, REPORT_MANIFEST_MAX, text) : RC_USAGE;

    if (rc == RC_OK)
        rc = report_manifest_read(buf_str(text), m);
    if (rc != RC_OK) {
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%.250s: %s", path, rc == RC_MALFORMED ? "this is no manifest of a report" : rc_text(rc));
        return rc;
    }
    rc = check_files(dir, m, es);
    if (count && check_signature(m, keys, count, es) != RC_OK)
        rc = RC_INTEGRITY;
    return rc;
}
