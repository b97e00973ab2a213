#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/reader.h"
#include "audit_int.h"
#include "base/secret.h"

int
audit_end(enum rc rc, struct errs *es)
{
    if (es->count)
        errs_print(es, stderr, output_colored(stderr));
    else if (rc != RC_OK)
        fprintf(stderr, "spangate: %s\n", rc_text(rc));
    errs_free(es);
    return exit_code_of(rc);
}

void
audit_print_bad_leaf(const char *dir, const struct verify_result *r)
{
    if (r->first_bad == VERIFY_NO_LEAF)
        return;
    printf("%s: first bad leaf %" PRIu64, dir, r->first_bad);
    if (r->first_bad != r->first_bad_to)
        printf(", or one after it up to %" PRIu64, r->first_bad_to);
    putchar('\n');
}

int
audit_read_file(const char *path, struct buf *out)
{
    enum rc rc = file_read(path, AUDIT_FILE_MAX, out);

    if (rc == RC_OK)
        return EXIT_DONE;
    fprintf(stderr, "spangate: %s: %s\n", path, rc_text(rc));
    return exit_code_of(rc);
}

/* A key has two plus signs in it and no slash before the first; else it is a file. */
static int
read_key(const char *given, struct note_key *key)
{
    struct buf text = BUF_INIT(AUDIT_FILE_MAX);
    int code = EXIT_DONE;

    if (note_key_parse(str_of(given), key) == RC_OK)
        return EXIT_DONE;
    if (strchr(given, '+') && access(given, F_OK) != 0) {
        fprintf(stderr, "spangate: %s: this is neither a file nor a verifier key (NAME+ID+KEY): the id must be that of name and key\n", given);
        return EXIT_CONFIG;
    }
    code = audit_read_file(given, &text);
    if (code == EXIT_DONE && note_key_parse(str_trim(buf_str(&text)), key) != RC_OK) {
        fprintf(stderr, "spangate: %s: this is no verifier key (NAME+ID+KEY)\n", given);
        code = EXIT_CONFIG;
    }
    buf_free(&text);
    return code;
}

int
audit_keys(const struct arguments *a, const char *option, struct note_key keys[VERIFY_KEYS_MAX / 2], size_t *count)
{
    const char *const *given;
    size_t n = args_list(a, option, &given);

    if (n > VERIFY_KEYS_MAX / 2)
        return usage_error(a, "--%s can be given at most %d times", option, VERIFY_KEYS_MAX / 2);
    for (size_t i = 0; i < n; i++) {
        int code = read_key(given[i], &keys[i]);

        if (code != EXIT_DONE)
            return code;
    }
    *count = n;
    return EXIT_DONE;
}

const char *
audit_dir(const struct arguments *a)
{
    const char *const *rest;

    return args_rest(a, &rest) ? rest[0] : args_text(a, "dir");
}

int
audit_open(const char *dir, struct reader **r)
{
    struct errs es = {0};
    enum rc rc = reader_open(dir, r, &es);

    return rc == RC_OK ? EXIT_DONE : audit_end(rc, &es);
}
