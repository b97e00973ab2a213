#include <stdio.h>

#include "audit/reader.h"
#include "audit_int.h"
#include "base/secret.h"

static int
put(const char *path, struct str bytes)
{
    enum rc rc = path ? file_write_atomic(path, bytes, 0644) : fwrite(bytes.ptr, 1, bytes.len, stdout) == bytes.len ? RC_OK : RC_IO;

    if (rc != RC_OK)
        fprintf(stderr, "spangate: %s: %s\n", path ? path : "standard output", rc_text(rc));
    return exit_code_of(rc);
}

static int
prove(const struct arguments *a, struct reader *r, uint64_t index)
{
    struct buf proof = BUF_INIT(AUDIT_FILE_MAX), entry = BUF_INIT(AUDIT_FILE_MAX);
    enum rc rc = reader_prove(r, index, &proof);

    if (rc == RC_OK && args_text(a, "entry"))
        rc = reader_entry(r, index, &entry);
    if (rc != RC_OK)
        fprintf(stderr, "spangate: %s: %s\n", args_text(a, "dir"),
            rc == RC_NOT_FOUND ? "there is no such entry in the checkpoint (any more)"
            : *reader_where(r) ? reader_where(r)
                               : rc_text(rc));
    int code = exit_code_of(rc);

    if (code == EXIT_DONE && args_text(a, "entry"))
        code = put(args_text(a, "entry"), buf_str(&entry));
    if (code == EXIT_DONE)
        code = put(args_text(a, "out"), buf_str(&proof));
    buf_free(&proof);
    buf_free(&entry);
    return code;
}

static int
run(const struct arguments *a)
{
    const char *const *rest;
    struct reader *r;
    uint64_t index;

    if (args_rest(a, &rest) != 1 || !str_to_u64(str_of(rest[0]), &index))
        return usage_error(a, "INDEX is the number of an entry");
    int code = audit_open(args_text(a, "dir"), &r);

    if (code != EXIT_DONE)
        return code;
    code = prove(a, r, index);
    reader_close(r);
    return code;
}

static const struct option_spec options[] = {
    AUDIT_DIR_OPTION,
    {.name = "out", .letter = 'o', .type = OPTION_TEXT, .arg = "FILE", .help = "Where the proof goes (default: standard output)"},
    {.name = "entry", .type = OPTION_TEXT, .arg = "FILE", .help = "Write the record itself there too"},
    {0},
};

const struct command cmd_audit_prove = {
    .name = "audit prove",
    .usage = "INDEX [--dir DIR] [--out FILE] [--entry FILE]",
    .summary = "Write the proof that one record is in the log",
    .text =
        "The proof file (c2sp.org/tlog-proof) holds the path from the record to the root and the signed checkpoint; with the record's bytes and the "
        "public "
        "key it is all that spangate audit verify --proof, or any other implementation, needs.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
