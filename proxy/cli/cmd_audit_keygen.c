#include <stdio.h>

#include "base/secret.h"
#include "control/command.h"
#include "control/signer.h"

/* The verifier key of a key that is there. */
static int
show(const char *file)
{
    struct buf secret = BUF_INIT(4096), text = BUF_INIT(4096);
    struct note_signer signer;
    enum rc rc = file_read(file, 4096, &secret);

    if (rc == RC_OK)
        rc = note_signer_parse(str_trim(buf_str(&secret)), &signer);
    buf_free_wipe(&secret);
    if (rc == RC_OK) {
        rc = note_key_print(&signer.key, &text);
        note_signer_wipe(&signer);
    }
    if (rc == RC_OK)
        printf("%.*s\n", (int)text.len, text.ptr);
    else
        fprintf(stderr, "spangate: %s: %s\n", file, rc == RC_MALFORMED ? "this is no signer key" : rc_text(rc));
    buf_free(&text);
    return exit_code_of(rc);
}

static int
run(const struct arguments *a)
{
    const char *origin = args_text(a, "origin"), *out = args_text(a, "out");
    struct buf text = BUF_INIT(4096);
    struct note_key key;

    if (args_text(a, "show"))
        return show(args_text(a, "show"));
    if (!origin || !out)
        return usage_error(a, "--origin and --out are needed");
    enum rc rc = signer_make_key(origin, out, &key);

    if (rc == RC_OK)
        rc = note_key_print(&key, &text);
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
    {.name = "show", .type = OPTION_TEXT, .arg = "FILE", .help = "Print the verifier key of this private key instead"},
    {0},
};

const struct command cmd_audit_keygen = {
    .name = "audit keygen",
    .usage = "--origin NAME --out FILE | --show FILE",
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
