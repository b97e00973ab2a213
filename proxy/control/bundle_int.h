/**
 * Bundles: policies with their tests and a manifest in one file, NAME-rREVISION.tar.gz, signed in NAME-rREVISION.tar.gz.minisig.
 *
 *   bytes --verify--> trusted bytes --inflate, tar--> files --manifest--> bundle --its own tests--> policies of the gate
 *
 * Nothing is looked into before the signature was checked, and nothing of a bundle that is wrong anywhere is used. The archive is the plain subset of
 * ustar (POSIX.1-1988): regular files, short relative names. pack writes it so that equal inputs give equal bytes.
 * manifest.json: {"name","revision","created","min_engine","previous","files":[{"path","size","sha256"}]}
 */
#ifndef CONTROL_BUNDLE_INT_H
#define CONTROL_BUNDLE_INT_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "minisign_int.h"

#define BUNDLE_BYTES_MAX ((size_t)8 << 20)     /* compressed */
#define BUNDLE_UNPACKED_MAX ((size_t)32 << 20) /* all files and headers */
#define BUNDLE_FILE_MAX ((size_t)4 << 20)
#define BUNDLE_FILES_MAX 256
#define BUNDLE_NAME_MAX 100 /* of a file; the field of ustar */
#define BUNDLE_MANIFEST "manifest.json"
#define BUNDLE_SIGNATURE ".minisig"

enum { SG_BUNDLE = 108, SG_BUNDLE_SIGNATURE = 109, SG_BUNDLE_REVISION = 110, SG_BUNDLE_TESTS = 111 };

struct bundle_file {
    struct str path, text;
};

struct bundle {
    struct str name, created, min_engine, previous; /* previous: "sha256:.." or empty */
    uint64_t revision;
    struct bundle_file *files; /* without the manifest, in the order of the archive */
    size_t file_count;
    char sha256[2 * SHA256_SIZE + 1]; /* of the archive's bytes */
    const char *path;                 /* where the configuration says that it is; NULL: no configuration does */
};

/* Whether a path can stand in a bundle: relative, no "." or ".." or empty parts, letters, digits and ._-/ only. */
bool bundle_path_good(struct str path);
/* *.yaml, *.yml */
bool bundle_is_policy(struct str path);
/* *.test.yaml, *.test.yml */
bool bundle_is_test(struct str path);

/* ---- bundle_tar.c ---- */

/* Append one file, then the end. RC_NOMEM, RC_TOO_LARGE. */
enum rc tar_put(struct buf *out, struct str path, struct str text) MUST_USE;
enum rc tar_end(struct buf *out) MUST_USE;

/**
 * tar_read(tar, ar, files, count, why):
 * Out:     files  of the archive, borrowed from tar; why: what is wrong, a sentence
 * Returns: RC_OK; RC_MALFORMED with why; RC_NOMEM
 */
enum rc tar_read(struct str tar, struct arena *ar, struct bundle_file **files, size_t *count, const char **why) MUST_USE;

/* ---- bundle.c ---- */

/**
 * bundle_open(bytes, pos, ar, b, es):
 * Unpack what was verified, and hold it against its manifest.
 * Returns: RC_OK; RC_INTEGRITY with an error in es; RC_NOMEM
 */
enum rc bundle_open(struct str bytes, struct err_pos pos, struct arena *ar, struct bundle *b, struct errs *es) MUST_USE;

/* Who may sign. */
struct bundle_signers {
    const struct minisign_public *keys;
    size_t count;
};

/**
 * bundle_trust(signers, bytes, signature, pos, trusted, es):
 * Check the signature file's contents (ptr NULL: there is none).
 * Out:     trusted  its comment, in signature
 * Returns: RC_OK; RC_INTEGRITY with an error in es
 */
enum rc bundle_trust(
    struct bundle_signers signers, struct str bytes, struct str signature, struct err_pos pos, struct str *trusted, struct errs *es) MUST_USE;

/**
 * bundle_pack(b, out):
 * The archive of the files of b (path, text), in the order of their paths, with its manifest. RC_NOMEM, RC_TOO_LARGE, RC_INTERNAL.
 */
enum rc bundle_pack(const struct bundle *b, struct buf *out) MUST_USE;

/* ---- bundle_test.c ---- */

/**
 * bundle_test(b, config, pos, es):
 * Run the bundle's own tests. config: a gateway file whose exporters are their destinations, or NULL.
 * Returns: RC_OK, also without tests (a warning); RC_CONFIG with an error in es; RC_IO
 */
enum rc bundle_test(const struct bundle *b, const char *config, struct err_pos pos, struct errs *es) MUST_USE;

#endif
