/**
 * An exporter and its destination in one loop with a clock that stands still, and parcels that remember what they were told.
 */
#ifndef SUPPORT_EGRESS_EXPORTER_H
#define SUPPORT_EGRESS_EXPORTER_H

#include "egress/exporter.h"
#include "egress_server.h"
#include "net_pki.h"

struct post {
    struct clock clock;
    struct loop *loop;
    struct pki_basic pki;
    struct test_server server;
    struct exporter_set *set;
    struct exporter_options options;
    struct exporter *exporter;
    char endpoint[64];
};

/* Certificates, loop, set; no server, no exporter yet. options are those of a good client: change them before post_exporter. */
void post_open(struct post *t, enum exporter_protocol protocol);
/* The destination, over mutual TLS; its port goes into the options. */
void post_serve(struct post *t, const struct script *scripts, unsigned count);
void post_exporter(struct post *t);
void post_close(struct post *t);

struct sent {
    struct parcel parcel;
    struct parcel_result last;
    unsigned results, loads, unloads;
    unsigned ended;  /* DELIVERED or REJECTED */
    enum rc load_rc; /* what on_load says */
    struct str loaded;
};

/* A parcel that is loaded for each attempt. */
struct sent sent_make(struct str body);
void post_submit(struct post *t, struct sent *s);
/* Turn the loop until it has been told so often. */
void post_until_results(struct post *t, const struct sent *s, unsigned results);
void post_until_ended(struct post *t, const struct sent *s);
/* Move the clock, turn the loop once. */
void post_advance_ms(struct post *t, uint64_t ms);

#endif
