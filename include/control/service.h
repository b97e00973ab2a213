/**
 * The running gate: workers, the control thread with its signals, reload, drain, and the admin listener.
 *
 *   SIGHUP            read the configuration again; all of it is valid and taken, or the old one stays
 *   SIGTERM, SIGINT   drain: no new work, what is in flight ends or goes into the journal; at most 10 s. A second one stops at once
 */
#ifndef CONTROL_SERVICE_H
#define CONTROL_SERVICE_H

#include "base/err.h"

/**
 * service_run(path):
 * Run the gate in the foreground until a signal ends it. Problems at the start are printed to standard error.
 * Returns: an exit code (control/command.h)
 */
int service_run(const char *path);

/**
 * service_check(path, es):
 * Load everything that service_run would, without a side effect.
 * Returns: RC_OK; RC_CONFIG with errors in es; RC_NOMEM
 */
enum rc service_check(const char *path, struct errs *es) MUST_USE;

#endif
