/* Files of the keys of flow/body_keys.h. */
#ifndef CONTROL_BODY_KEYS_INT_H
#define CONTROL_BODY_KEYS_INT_H

#include "base/err.h"
#include "flow/body_keys.h"

/**
 * body_keys_turn(k, dir, wall_us, retention_us, es):
 * Have the keys of today and tomorrow, each in a file ${dir}/YYYY-MM-DD.key made when missing, and erase those of days that are beyond the retention (0: none).
 * Returns: RC_OK; RC_IO, RC_NOMEM with an error in es: what was there stays
 */
enum rc body_keys_turn(struct body_keys *k, const char *dir, uint64_t wall_us, uint64_t retention_us, struct errs *es) MUST_USE;
void body_keys_free(struct body_keys *k);

#endif
