/**
 * Small logs in temporary folders, signed in the test itself.
 */
#ifndef SUPPORT_AUDIT_LOG_H
#define SUPPORT_AUDIT_LOG_H

#include "audit/reader.h"
#include "audit/writer.h"

#define TEST_ORIGIN "audit.example.org/spangate/test"

struct test_log {
    char dir[64];
    struct note_signer signer;
    struct writer *writer;
};

/* A new empty log in a folder of its own. */
void test_log_begin(struct test_log *l);
/* Append count entries whose text depends on the index (and on salt), flush, sign, publish. */
void test_log_grow(struct test_log *l, uint64_t count, unsigned salt);
/* Sign the present state: a note. The caller frees out. */
void test_log_sign(struct test_log *l, const struct note_signer *by, struct buf *out);
/* Close and open the writer again. */
void test_log_reopen(struct test_log *l);
/* Close, remove the folder. */
void test_log_end(struct test_log *l);
/* The entry that test_log_grow writes. */
size_t test_log_entry(uint64_t index, unsigned salt, char out[256]);

/* Remove a folder with everything in it. */
void test_remove_tree(const char *dir);
void test_copy_tree(const char *from, const char *to);

#endif
