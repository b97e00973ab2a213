/**
 * What decides about data, as digests: policies, configuration file, certificates, keys, the program itself. Two of these lists side by side are the
 * changes that the audit log tells of.
 */
#ifndef CONTROL_CHANGES_INT_H
#define CONTROL_CHANGES_INT_H

#include "flow/flow.h"
#include "material_int.h"

struct change_item {
    const char *what; /* static */
    char name[140];
    char digest[65];
};

struct changes {
    struct change_item *items; /* sorted by what, then name */
    size_t count;
};

/**
 * changes_read(m, list):
 * Keys are HMACs under the journal's body.key, which ${m} must hold already, so that nobody can try keys against the log.
 * Out:     list  owner frees with changes_free; untouched on failure
 * Returns: RC_OK; RC_NOMEM. A file that cannot be read any more has an empty digest.
 */
enum rc changes_read(const struct material *m, struct changes *list) MUST_USE;
void changes_free(struct changes *list);

/* Record all of now (at a start, old NULL), or what is different. */
void changes_record(struct flow *f, const struct changes *old, const struct changes *now);

#endif
