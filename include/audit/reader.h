/**
 * Reading a log directory: its checkpoint, its entries as a stream, proofs. Needs no gate and changes nothing; works beside a gate that writes.
 *
 * What is read is what the checkpoint covers at the time of reader_open or reader_refresh. Nothing is verified here: see audit/verify.h.
 */
#ifndef AUDIT_READER_H
#define AUDIT_READER_H

#include "audit/note.h"
#include "audit/tile.h"
#include "audit/tree.h"
#include "base/buf.h"
#include "base/err.h"

struct reader;

/**
 * reader_open(dir, r, es):
 * Open the log in ${dir}.
 * Returns: RC_OK; RC_NOT_FOUND there is no log; RC_INTEGRITY its checkpoint cannot be read as one; RC_IO, RC_NOMEM: with an error in es
 */
enum rc reader_open(const char *dir, struct reader **r, struct errs *es) MUST_USE;
void reader_close(struct reader *r);
/* Read the checkpoint anew. */
enum rc reader_refresh(struct reader *r) MUST_USE;

/* The checkpoint as a signed note, and what it says. Valid until reader_refresh. */
struct str reader_note(const struct reader *r);
const struct checkpoint *reader_checkpoint(const struct reader *r);
/* Index of the first entry that is kept; those before it are beyond the period of retention, only their hashes are there. */
uint64_t reader_first(const struct reader *r);

/**
 * reader_entries(r, from, to, fn, arg):
 * Call fn for each entry with from <= index < to in ascending order until it returns false. ${to} beyond the checkpoint means its size; entries that are
 * not kept any more are left out. The bytes are valid during the call; one bundle at a time is in memory.
 * Returns: RC_OK; RC_INTEGRITY a bundle is missing or damaged: reader_where; RC_IO; RC_NOMEM
 */
enum rc reader_entries(struct reader *r, uint64_t from, uint64_t to, bool (*fn)(void *arg, uint64_t index, struct str entry), void *arg) MUST_USE;
/* Append one entry. RC_NOT_FOUND beyond the checkpoint, or not kept any more. */
enum rc reader_entry(struct reader *r, uint64_t index, struct buf *out) MUST_USE;
/* The file and leaf of the last RC_INTEGRITY or RC_IO, for a person; "" when there was none. */
const char *reader_where(const struct reader *r);

/* Nodes of the tree from the tiles; leaf hashes are nodes of level 0. arg is r. */
struct tree_source reader_tree(struct reader *r);
/* The proof that entry index is in the log, as the text of a proof file. RC_NOT_FOUND beyond the checkpoint. */
enum rc reader_prove(struct reader *r, uint64_t index, struct buf *out) MUST_USE;

/**
 * reader_load(r, t, out):
 * Append the file of a tile or bundle. When a partial one is not there any more, the beginning of the full one (or the file of a width between, if there is one).
 * Returns: RC_OK; RC_NOT_FOUND; RC_INTEGRITY its size does not fit; RC_IO
 */
enum rc reader_load(struct reader *r, struct tile t, struct buf *out) MUST_USE;

#endif
