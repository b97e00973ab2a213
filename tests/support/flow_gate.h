/**
 * A gate for tests: policies from text, one or more destinations, a snapshot, no network.
 */
#ifndef SUPPORT_FLOW_GATE_H
#define SUPPORT_FLOW_GATE_H

#include "flow/gate.h"

struct test_gate {
    struct snapshot *snap;
    struct gate_worker *worker;
};

/* Compile policy text (aborts with the errors when it is not valid) for destinations eu (EU, DE) and us (US, US); identity compression. */
void test_gate_init(struct test_gate *g, const char *policy);
void test_gate_fini(struct test_gate *g);

/* Decide about a protobuf body in this transport and encoding; the sender's certificate says country. */
void test_gate_process(struct test_gate *g, enum transport t, enum encoding e, struct str body, const char *country, struct gate_outcome *out);

/* The payload for a destination (0 eu, 1 us); empty when there is none. */
struct str test_gate_payload(const struct gate_outcome *out, uint32_t destination);

#endif
