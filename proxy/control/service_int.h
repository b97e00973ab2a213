/* Parts of the control thread. */
#ifndef CONTROL_SERVICE_INT_H
#define CONTROL_SERVICE_INT_H

#include "auditor_int.h"
#include "body_keys_int.h"
#include "control/service.h"
#include "worker_int.h"

#define WORKERS_MAX 64
#define DRAIN_MS 10000
#define DESK_MS 1000
#define TURN_MS 600000
#define SIGNALS_COUNT 3

struct event;
struct admin;

struct service {
    const char *path;
    struct material now;
    struct material next; /* a reload that the workers are taking */
    uint64_t generation;
    unsigned updates_open; /* workers that have not taken next yet */
    bool reload_again;     /* SIGHUP came while a reload was under way */
    struct journal *journal;
    struct auditor *auditor;    /* NULL: no audit.dir */
    struct body_keys body_keys; /* with an auditor */
    struct timer *turn;         /* of the days of body_keys */
    struct loop *loop;
    struct worker *workers;
    unsigned worker_count;
    unsigned drains_open;
    struct timer *drain_limit;
    struct timer *desk;                   /* looks for acts of other processes */
    struct changes changes, next_changes; /* of now and next */
    struct event *signals[SIGNALS_COUNT];
    struct admin *admin[2];
    bool listening, stopping;
};

/* reload.c: read the configuration again and hand it to the workers. */
void service_reload(struct service *s);
void service_on_updated(struct worker_update *u);
void service_log_problems(const struct errs *es);
/* service.c: the key of the digests in audit entries, for a snapshot that is to run. */
enum rc service_body_key(struct service *s, const struct material *m, bool create, struct errs *es) MUST_USE;
/* service.c: end the control loop now. */
void service_stop_now(struct service *s);
/* service.c: give back to the system what building policies took for a while, 7 MiB of 50 rules. */
void service_trim(void);

/**
 * admin_open(s, e, metrics, admin, es):
 * Serve /livez and /readyz, and /metrics when told, on the control thread's loop.
 * Returns: RC_OK; RC_IO with an error in es; RC_NOMEM
 */
enum rc admin_open(struct service *s, const struct config_endpoint *e, bool metrics, struct admin **admin, struct errs *es) MUST_USE;
void admin_close(struct admin *a);

/* Tell the service manager (sd_notify(3)): one datagram to NOTIFY_SOCKET, nothing when it is not set. */
void notify_manager(const char *state);

#endif
