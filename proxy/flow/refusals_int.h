/**
 * Entries about who was turned away before there was anything to decide, bounded so that a flood does not fill the log.
 */
#ifndef FLOW_REFUSALS_INT_H
#define FLOW_REFUSALS_INT_H

struct flow;
struct peer;
struct refusals;

/* NULL: out of memory. */
struct refusals *refusals_new(struct flow *f);
/* protocol NULL: a handshake; protocol and reason are static words. p may be NULL. */
void refusals_add(struct refusals *rs, const struct peer *p, const char *protocol, const char *reason);
/* Before a stop: write what is counted. */
void refusals_flush(struct refusals *rs);
void refusals_free(struct refusals *rs);

#endif
