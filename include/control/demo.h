/**
 * `spangate demo`: the gate between two clients and two backends, on loopback, with certificates and policies of its own, in a temporary folder.
 *
 * The story. Certificates are made; an EU and a US sink and the gate are started as children of this program; requests full of personal data are sent
 * one after the other, from an EU and a US identity. Then everything is ended, and what the sinks received is compared with what was sent: each span
 * before and after, where it went and why (from the audit), and whether any personal value that was sent can be found again.
 */
#ifndef CONTROL_DEMO_H
#define CONTROL_DEMO_H

#include <stdbool.h>

struct demo_options {
    bool keep; /* leave the folder */
    bool all;  /* print texts that did not change, too */
    bool color;
    unsigned columns; /* of the output; at least 80 */
};

/* Returns: an exit code; EXIT_NEGATIVE when something personal came through, or a span is missing */
int demo_run(const struct demo_options *o);

#endif
