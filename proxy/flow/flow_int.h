/**
 * Inside of the flow: jobs, parcels, lanes, notes.
 *
 *   job     one request between the gate's decision and its reply
 *   parcel  one payload of a job on its way to one destination; outlives the job when it was journaled
 *   lane    one destination by name, over all reloads: its exporter, and the backlog of what waits for it in the journal
 *   note    something for the journal that nobody waits for: a delivery's entry, a deletion; but a sender that is told of a loss waits for its entry
 *
 *   parcel:  SENDING ──journal_after, or down──▶ STORING ──durable──▶ STORED ──not in flight──▶ backlog
 *               └──────────── acknowledged ─────────┴─────────────────────┴──▶ gone (deleted from the journal when it was there)
 */
#ifndef FLOW_FLOW_INT_H
#define FLOW_FLOW_INT_H

#include "flow/flow.h"
#include "record_int.h"
#include "refusals_int.h"

#define LANES_MAX 256
#define ORIGINS_MAX 1024
#define ORIGIN_IN_JOURNAL UINT16_MAX /* no place for it in memory: asked of the payload's record */
#define BACKLOG_PARALLEL 4           /* parcels of the backlog that are with the exporter at a time; one of them probes a destination that is down */
#define BACKLOG_OPEN 16              /* with those whose acknowledgement is not durable yet: what a crash sends twice */

enum parcel_state { PARCEL_SENDING, PARCEL_STORING, PARCEL_STORED, PARCEL_FROM_BACKLOG };

struct flow_parcel {
    struct parcel parcel; /* first: the exporter's view */
    struct flow_parcel *next, **link;
    struct lane *lane;
    struct flow_job *job; /* NULL once the job is answered */
    enum parcel_state state;
    bool in_exporter, ended; /* ended: acknowledged or rejected while it was being stored */
    bool denied;             /* its route has ended while it waited */
    struct buf bytes;
    uint64_t request_id;
    uint16_t origin;
    char *own_origin; /* with ORIGIN_IN_JOURNAL; NULL: not read yet */
    struct journal_tx tx;
    struct journal_payload payload;
};

struct flow_job {
    struct flow_job *next, **link;
    struct flow *f;
    struct request *rq;
    struct gate_outcome out;
    struct lane *to[PROGRAM_DESTINATIONS_MAX]; /* of each payload, by the program that decided: a reload may number destinations anew */
    uint64_t epoch;                            /* of the flow when it was decided */
    struct journal_tx tx;
    struct journal_entry entry;
    struct timer *slow; /* journal_after */
    uint64_t id;
    size_t held_bytes;
    unsigned open;     /* payloads neither acknowledged nor durable */
    uint64_t rejected; /* spans that a destination refused for good before the reply */
    enum rc failed;    /* a payload could be neither sent nor stored */
};

struct backlog_item {
    uint64_t id, request_id;
    uint32_t spans;
    uint16_t origin;
    uint8_t encoding;
};

struct lane {
    char name[128];
    struct flow *f;
    struct exporter *exporter; /* NULL: no such destination in the present configuration */
    int destination;           /* number in the present program, -1 = none */
    struct flow_parcel *parcels;
    struct backlog_item *items; /* ring of capacity cap */
    size_t head, count, cap;
    unsigned submitted; /* with the exporter */
    unsigned unsettled; /* ended, and the journal does not know it durably yet */
    struct metric_cell *sent, *failed, *queue;
};

struct flow_note {
    struct journal_tx tx;
    struct flow_note *next, **link;
    struct flow *f;
    struct record record[2];
    struct journal_entry entry[2];
    uint64_t del;
    struct lane *lane;                            /* with del: whose payload it was; NULL: of none */
    bool held;                                    /* the journal has failed: posted again when it can be written */
    struct flow_job *job;                         /* whose reply waits for it; NULL: nobody waits */
    uint64_t rejected;                            /* what that reply tells */
    void (*on_recorded)(void *arg, bool durable); /* of a flow_act; NULL: nobody asks */
    void *arg;
};

struct flow {
    struct flow_options o;
    struct request_sink sink;
    struct server_events events;
    struct snapshot *snap;
    struct gate_worker *worker;
    struct lane *lanes[LANES_MAX];
    unsigned lane_count;
    char **origins; /* interned lists of claims */
    unsigned origin_count;
    uint64_t next_id;
    uint64_t epoch;    /* changes with snap */
    struct idle *idle; /* the worker has nothing else to do: what it posted is to be committed */
    size_t held_bytes;
    unsigned jobs, notes;
    struct flow_job *first_job;   /* all that are open, */
    struct flow_note *first_note; /* for an end that does not wait for them */
    bool draining;
    void (*on_drained)(void *arg);
    void *drained_arg;
    struct timer *held; /* notes that the journal could not take are posted again */
    struct refusals *refusals;
    struct record_interval shut; /* requests are refused unseen; .reason NULL: they are not */
    uint64_t shut_seen_us;       /* the last of them, monotonic */
};

/* flow.c */
/* One payload less is open: acknowledged or durable; ${rejected} spans of it refused for good; failed other than RC_OK: neither sent nor stored. */
void flow_job_settle(struct flow_job *job, uint64_t rejected, enum rc failed);
void flow_check_drained(struct flow *f);

/* note.c */
/* Post what nobody waits for: up to two entries (finished records, taken over) and a deletion (id 0 = none). Returns: false for want of memory. */
bool flow_note(struct flow *f, struct record *records, unsigned count, uint64_t del);
/* The same for one entry, as it was made: one that could not be is freed and counted. */
bool flow_note_one(struct flow *f, struct record *r, enum rc made);
/* What is to be noted. With a job, an open payload of it is settled when this is durable, ${rejected} spans refused; failed when it cannot be. */
struct note_order {
    struct flow_job *job;   /* NULL: nobody waits */
    struct lane *lane;      /* whose payload del was: the next of its backlog is sent when that is durable */
    struct record *records; /* [count], up to two, taken over */
    unsigned count;
    uint64_t del, rejected;
};
/* The same, in full. A deletion that the journal could not take is posted until it does. */
bool flow_post_note(struct flow *f, const struct note_order *o);
/* Post again those that the journal could not take; when the timer of the flow says so, as soon as it can be written. */
void notes_post_held(struct flow *f);
void notes_on_timer(void *flow);
void notes_free(struct flow *f);

/* lane.c */
enum rc lane_bind(struct flow *f, struct exporter *const *exporters) MUST_USE;
void lane_free(struct lane *l);
struct lane *lane_of(struct flow *f, uint32_t destination);
/*
 * Send a payload of a job; takes bytes over when RC_OK. RC_STOPPING: there is no such destination any more, or the policy that came meanwhile does not let
 * it go there; RC_NOMEM. Then nothing of it has left.
 */
enum rc lane_send(struct lane *l, struct flow_job *job, struct gate_payload *p) MUST_USE;
/* Put into the journal what the job still waits for. */
void lane_store_open(struct flow_job *job);
struct lane *lane_named(struct flow *f, struct str name); /* made when new; NULL without memory or beyond LANES_MAX in use */
/* Say, and record, that what waits has nowhere to go until its destination is configured again. */
void lane_tell_stranded(const struct lane *l);
struct flow_parcel *parcel_new(struct lane *l, enum parcel_state state);
void parcel_free(struct flow_parcel *p);
void parcel_to_exporter(struct flow_parcel *p);
void parcel_on_result(struct parcel *parcel, const struct parcel_result *r);

/* backlog.c */
enum rc lane_backlog_add(struct lane *l, const struct backlog_item *item) MUST_USE;
/* Give the exporter as many parcels of the backlog as it may have. */
void lane_pump(struct lane *l);
/* Whether the present policy lets data of these claims (struct route) go to the lane's destination now. */
bool lane_allows(const struct lane *l, struct str origin);
/* The number of this text for a payload that is in the journal. */
uint16_t flow_origin(struct flow *f, struct str origin);
enum rc parcel_set_origin(struct flow_parcel *p, struct str origin) MUST_USE;
struct str parcel_origin(const struct flow_parcel *p);

#endif
