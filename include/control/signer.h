/**
 * The signer: a process of its own that alone holds the key of the audit log. It has no network and no other file than the key and what it signed last; it
 * signs a checkpoint only when it is proven that the tree continues the last one that it signed.
 *
 *   gate ──"sign OLD SIZE ROOT, proof"──▶ signer: proof fits? ──▶ what it is about to sign is on disk ──▶ signature line
 *
 * One request and one answer at a time, each one datagram of a socket pair, as text:
 *   hello <note>       the checkpoint on disk, or nothing     key VKEY / old VKEY (or -) / size N / root B64: what was signed last
 *   sign N M ROOT ...  one hash a line                        signed LINE
 *   next               a key was laid beside the present one  key VKEY, or none
 *   switch             the next key takes over                key VKEY
 *   anything           else, or what does not fit:            refused WORD
 */
#ifndef CONTROL_SIGNER_H
#define CONTROL_SIGNER_H

#include <sys/types.h>

#include "audit/note.h"
#include "base/err.h"

#define SIGNER_MESSAGE_MAX ((size_t)96 * 1024)
#define SIGNER_FD 3 /* of the socket, in the signer's process */

/* What the process holds. */
struct signer_core {
    const char *key_file; /* the next key is key_file + ".next" */
    char state_file[4096];
    struct note_signer signer;
    struct note_key old; /* name "": there is none */
    struct tree_state last;
};

/**
 * signer_load(c, key_file, state_file, es):
 * Read the key and what was signed last. state_file NULL: key_file + ".state".
 * Returns: RC_OK; RC_CONFIG no key; RC_INTEGRITY the state is not signed by this key: error in es
 */
enum rc signer_load(struct signer_core *c, const char *key_file, const char *state_file, struct errs *es) MUST_USE;
void signer_unload(struct signer_core *c);
/* Answer one request. RC_OK, also for refusals; RC_NOMEM, RC_TOO_LARGE. */
enum rc signer_answer(struct signer_core *c, struct str request, struct buf *answer) MUST_USE;

/**
 * signer_make_key(origin, path, key):
 * Make a key in a new file that only its owner may read.
 * Returns: RC_OK; RC_USAGE no name for a log; RC_DUPLICATE the file is there; RC_IO
 */
enum rc signer_make_key(const char *origin, const char *path, struct note_key *key) MUST_USE;

/* The process: answer on SIGNER_FD until the other end is closed. An exit code. */
int signer_run(const char *key_file, const char *state_file);

/* The gate's end. One thread at a time. */
struct signer {
    const char *key_file, *state_file; /* borrowed; state_file may be NULL */
    pid_t pid;                         /* 0: none runs */
    int fd;
    struct note_key key, old;
    struct tree_state last; /* what it signed last */
    struct buf message;
};

/**
 * signer_start(s, note, es):
 * Start the process; tell it the checkpoint that is on disk (may be empty).
 * Returns: RC_OK key, old and last are set; RC_CONFIG the key cannot be used; RC_INTEGRITY what is on disk is not what it signed; RC_IO: error in es
 */
enum rc signer_start(struct signer *s, struct str note, struct errs *es) MUST_USE;
void signer_stop(struct signer *s);
/* Whether it is still there; ended and cleared away when not. */
bool signer_alive(struct signer *s);
/**
 * signer_sign(s, now, proof, line):
 * Have the state signed. proof: that it continues last.
 * Returns: RC_OK the signature line is appended; RC_INTEGRITY it refused; RC_IO it has gone, or does not answer: it is ended then
 */
enum rc signer_sign(struct signer *s, const struct tree_state *now, const struct tree_proof *proof, struct buf *line) MUST_USE;
/* Whether there is a next key. RC_OK; RC_NOT_FOUND; RC_INTEGRITY it is no key of this log; RC_IO. */
enum rc signer_next_key(struct signer *s, struct note_key *key) MUST_USE;
/* Let it take over; the present one is erased. */
enum rc signer_switch(struct signer *s) MUST_USE;

#endif
