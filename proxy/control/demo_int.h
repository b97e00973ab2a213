/**
 * Inside of the demonstration.
 *
 *   demo.c          the folder, the processes, the order of things     demo_traffic.c  what is sent
 *   demo_result.c   what was received, leaks, the audit                demo_print.c    the comparison
 */
#ifndef CONTROL_DEMO_INT_H
#define CONTROL_DEMO_INT_H

#include "base/arena.h"
#include "base/conf.h"
#include "child_int.h"
#include "codec/batch.h"
#include "control/demo.h"

#define DEMO_REQUESTS 6
#define DEMO_RECEIVED_MAX 256
#define DEMO_PLANTED_MAX 1000
#define DEMO_ENTRIES_MAX 256

struct demo_request {
    const char *client, *identity, *country; /* of its certificate */
    const char *protocol, *compression;
    const char *region; /* cloud.region of the resource, NULL = none */
    uint32_t spans;     /* of sample traffic; 0 = one span with personal data in every place */
    bool stays;         /* no destination may have it */
    const char *about;
    struct buf wire;
    struct batch batch;
};

struct demo_sink {
    const char *name; /* "eu", "us" */
    const char *destination, *jurisdiction;
    struct child child;
    unsigned grpc_port, http_port;
    struct buf wire[DEMO_RECEIVED_MAX];
    struct batch batch[DEMO_RECEIVED_MAX];
    uint32_t count, spans;
};

struct demo {
    const struct demo_options *o;
    char dir[64];
    struct arena *ar;
    struct demo_sink sinks[2];
    struct child gate;
    unsigned grpc_port, http_port;
    struct demo_request requests[DEMO_REQUESTS];
    struct str planted[DEMO_PLANTED_MAX];   /* personal values, as they stand in the requests */
    uint32_t planted_count, personal_count; /* different ones; places where one stands */
    int64_t planted_number;
    struct conf_doc *entries[DEMO_ENTRIES_MAX]; /* of the audit, in order */
    uint32_t entry_count;
    uint32_t sent_spans, leaks, missing;
};

/* demo_traffic.c. Fill requests and planted. */
enum rc demo_traffic(struct demo *d) MUST_USE;

/* demo_result.c */
enum rc demo_received(struct demo *d) MUST_USE; /* sinks' output into batches */
enum rc demo_audit(struct demo *d) MUST_USE;    /* entries of the journal */
void demo_find_leaks(struct demo *d);
/* The entry about request i, NULL when there is none. */
const struct conf_node *demo_entry(const struct demo *d, unsigned i);
/* A scalar below a node; empty when it is not there. */
struct str demo_field(const struct conf_node *n, const char *a, const char *b);
/* The received span with the same id; false when the sink has none. */
bool demo_find_span(const struct demo_sink *s, const struct batch *b, uint32_t span, const struct batch **found, uint32_t *at);

/* demo_print.c */
enum rc demo_print_requests(struct demo *d) MUST_USE;
void demo_print_end(const struct demo *d);

#endif
