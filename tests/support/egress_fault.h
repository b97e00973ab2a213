/**
 * A disk that fails when told to: fdatasync, pwrite and writev of the whole program go through here, those of liblmdb too (the program's own symbols
 * come before libc's).
 */
#ifndef SUPPORT_EGRESS_FAULT_H
#define SUPPORT_EGRESS_FAULT_H

#include <stdbool.h>

enum fault_call { FAULT_FDATASYNC, FAULT_PWRITE, FAULT_WRITEV, FAULT_CALLS_ };

/* The next ${times} calls fail with error; the first ${done} of them are made all the same, their success hidden. 0 times: none any more. */
void fault_arm(enum fault_call call, int error, unsigned times, unsigned done);
/* How many calls were failed since fault_arm. */
unsigned fault_hits(enum fault_call call);

/* The next fdatasync waits. fault_wait_held returns when it does, fault_release lets it go on. */
void fault_hold(void);
void fault_wait_held(void);
void fault_release(void);

#endif
