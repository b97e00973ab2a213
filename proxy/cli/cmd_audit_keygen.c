#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "audit_int.h"

/* Never over a file that is there: a key that is lost cannot be had again. */
static enum rc
write_new(const char *path, struct str text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

    if (fd < 0)
        return errno == EEXIST ? RC_DUPLICATE : RC_IO;
    bool ok = write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;

    ok = close(fd) == 0 && ok;
    return ok ? RC_OK : RC_IO;
}

static enum rc
make(const char *origin, const char *path, struct buf *public_text)
{
    struct note_signer s;
    struct buf text = BUF_INIT(4096);
    enum rc rc = note_signer_make(str_of(origin), NOTE_ED25519, &s);

    if (rc != RC_OK)
        return rc;
    rc = buf_reserve(&text, text.max);
    if (rc == RC_OK)
        rc = note_signer_print(&s, &text);
    if (rc == RC_OK)
        rc = buf_append_byte(&text, '\n');
    if (rc == RC_OK)
        rc = note_key_print(&s.key, public_text);
    if (rc == RC_OK)
        rc = write_new(path, buf_str(&text));
    buf_free_wipe(&text);
    note_signer_wipe(&s);
    return rc;
}

static int
run(const struct arguments *a)
{
    const char *origin = args_text(a, "origin"), *out = args_text(a, "out");
    struct buf text = BUF_INIT(4096);

    if (!origin || !out)
        return usage_error(a, "--origin and --out are needed");
    enum rc rc = make(origin, out, &text);

    if (rc == RC_OK)
        printf("%.*s\n", (int)text.len, text.ptr);
    else
        fprintf(stderr, "spangate: %s\n",
            rc == RC_USAGE       ? "an origin is a name like audit.example.org/spangate/node-1, without spaces and plus signs"
            : rc == RC_DUPLICATE ? "the file is there already; a key is never overwritten"
                                 : rc_text(rc));
    buf_free(&text);
    return rc == RC_USAGE || rc == RC_DUPLICATE ? EXIT_USAGE : exit_code_of(rc);
}

static const struct option_spec options[] = {
    {.name = "origin", .type = OPTION_TEXT, .arg = "NAME", .help = "Name of the log and of its key, e.g. audit.example.org/spangate/node-1"},
    {.name = "out", .letter = 'o', .type = OPTION_TEXT, .arg = "FILE", .help = "Where the private key goes, readable by its owner only"},
    {0},
};

const struct command cmd_audit_keygen = {
    .name = "audit keygen",
    .usage = "--origin NAME --out FILE",
    .summary = "Make a key that signs the audit log",
    .text =
        "The private key goes into FILE (audit.checkpoint.sign_key_file of the gateway file); the verifier key is printed: give it to whoever is to "
        "verify the log.\n\n"
        "To replace the key of a running gate, write the new one into FILE.next beside the present one and send SIGHUP: the gate announces it in the "
        "log "
        "under the present key, and then erases that.",
    .options = options,
    .run = run,
};
