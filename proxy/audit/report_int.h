/**
 * Inside of a report: what is counted, the evidence for controls, and the sections made from both.
 */
#ifndef AUDIT_REPORT_INT_H
#define AUDIT_REPORT_INT_H

#include "audit/entry.h"
#include "audit/report.h"
#include "audit/source.h"
#include "doc_int.h"
#include "tally_int.h"

/* Places of values that every table has, except TALLY_TIME. */
enum { V_FIRST_US = 8, V_LAST_US, V_FIRST_LEAF, V_LAST_LEAF };

/* What is counted; keys and values beside each. */
enum tally_id {
    TALLY_TIME,   /* step: requests, accepted, in part, refused, spans in, spans out, findings, undecidable, unknown, delivered, rejected, lost */
    TALLY_SENDER, /* identity, service: requests, refused, spans in, spans out, findings, undecidable, unknown fields */
    TALLY_CERTIFICATE,    /* identity, sha256, serial, issuer, not after, tls: requests */
    TALLY_RULE,           /* id, entity, action, mode: findings, requests */
    TALLY_IN_FORCE,       /* id, entity, action, mode: entries */
    TALLY_POLICY,         /* name, kind, mode, owner, controls, revision as text: entries */
    TALLY_DIGEST,         /* digest: requests */
    TALLY_PLACE,          /* place, entity: requests */
    TALLY_CATEGORY_TIME,  /* step, category: findings */
    TALLY_ENTITY_SENDER,  /* entity, sender: findings */
    TALLY_SENDER_TIME,    /* step, sender: findings */
    TALLY_TRANSFER,       /* origin, country, jurisdiction, destination, mechanism, reference, expires: requests, spans, bytes */
    TALLY_TRANSFER_CLASS, /* origin, country: findings removed before, by category */
    TALLY_DENIED,         /* origin, country, jurisdiction, destination, rule: requests, spans */
    TALLY_REFUSED,        /* reason, protocol, sender: requests, spans, bytes */
    TALLY_HANDSHAKE,      /* reason, network, identity: handshakes, entries */
    TALLY_DELIVERY,       /* destination, outcome, reason: entries, accepted, rejected, latency sum, latency max, after a repeat */
    TALLY_LATENCY,        /* destination, power of two of us: entries */
    TALLY_PEER,           /* destination, sha256: deliveries */
    TALLY_LOSS,           /* destination, reason: entries, spans */
    TALLY_BUILD,          /* node, build: entries */
    TALLY_TYPE,           /* type, outcome: entries */
    TALLY_ANCHOR,         /* kind, where: written, failed, size of the last, entries */
    TALLY_PROTOCOL,       /* protocol, encoding, tls: requests, spans, bytes */
    TALLY_COUNT_
};

/* What controls are judged by: entries of which something is true. */
enum evidence_id {
    EV_NOTHING, /* never true */
    EV_REQUEST,
    EV_REFUSED,
    EV_UNROUTABLE,
    EV_REDACTED,
    EV_SHADOW,
    EV_UNDECIDABLE,
    EV_UNKNOWN_FIELDS,
    EV_PSEUDONYM,
    EV_CARD,
    EV_CARD_SHADOW,
    EV_SAD,
    EV_HEALTH,
    EV_SECRET,
    EV_TRANSFER,
    EV_THIRD_COUNTRY,
    EV_NO_MECHANISM,
    EV_EXPIRED,
    EV_DENIED,
    EV_CONCERN,
    EV_CONCERN_DENIED,
    EV_DELIVERED,
    EV_REJECTED,
    EV_DELIVERY_TLS,
    EV_DELIVERY_PLAIN,
    EV_LOSS,
    EV_HANDSHAKE,
    EV_CLIENT_TLS,
    EV_CLIENT_PLAIN,
    EV_CLIENT_IDENTITY,
    EV_CHANGE,
    EV_CHANGE_POLICY,
    EV_CHANGE_KEY,
    EV_CHANGE_CERTIFICATE,
    EV_IN_FORCE,
    EV_RULES,
    EV_START,
    EV_STOP,
    EV_UNCLEAN,
    EV_RELOAD,
    EV_CLOSED,
    EV_REVEAL,
    EV_REPORT,
    EV_ADMIN,
    EV_CLOCK,
    EV_GAP,
    EV_UNREADABLE,
    /* of the log, of all requests and of all rules together, not of one entry */
    EV_WHOLE,
    EV_VERIFIED = EV_WHOLE,
    EV_BROKEN,
    EV_PRUNED,
    EV_UNKNOWN_POLICY,
    EV_HIPAA_COVERED,
    EV_HIPAA_GAP,
    EV_CARD_COVERED,
    EV_CARD_GAP,
    EV_SAD_COVERED,
    EV_SAD_GAP,
    EV_COUNT_
};

#define EVIDENCE_LEAVES 4
_Static_assert(EV_WHOLE < 64, "what is true of an entry is a set of bits");
struct evidence {
    uint64_t count, leaf[EVIDENCE_LEAVES], last; /* the first ones, and the last */
};

/* Things that happened one by one, in order; what is too much is counted. */
#define EVENTS_MAX 4000
#define EVENT_TEXTS 6
struct event {
    uint64_t leaf, us, number;
    uint32_t text[EVENT_TEXTS]; /* names */
};
enum event_id { EVENTS_ADMIN, EVENTS_CHANGE, EVENTS_CLOSED, EVENTS_CLOCK, EVENTS_COUNT_ };
struct events {
    struct event *items;
    uint32_t count, cap;
    uint64_t left_out;
};

enum category {
    CATEGORY_CONTACT,
    CATEGORY_FINANCIAL,
    CATEGORY_GOVERNMENT,
    CATEGORY_HEALTH,
    CATEGORY_NETWORK,
    CATEGORY_SECRET,
    CATEGORY_OTHER,
    CATEGORY_COUNT_
};
const char *category_name(enum category c);

struct totals {
    uint64_t entries, outside; /* of the period, and others */
    uint64_t requests, unread, spans_in, spans_out, bytes_wire, findings, shadow_findings, undecidable, unknown_fields, not_allowed, added,
        rules_left_out;
    uint64_t allowed_spans, delivered_spans, rejected_spans, lost_spans;
    uint64_t first_us, last_us, first_leaf, last_leaf;
    uint64_t oldest_us;  /* of the first entry that is kept, of whatever period */
    uint64_t removed_us; /* entries before were removed, by the last entry about that; 0 = none is kept */
    uint64_t before_us;  /* time of the entry before, to see the clock go back */
    uint64_t next_leaf;  /* that should come, when any has been seen */
    uint64_t gap_leaves; /* that are missing */
    bool any, running;   /* running: started and not stopped */
};

/* The rules that one record of them, of one or several entries, puts in force. */
struct rule_set {
    bool any;
    uint64_t leaf;   /* of the first entry */
    uint32_t covers; /* bits: RULE_COVERS_*, and one for each letter of the HIPAA identifiers */
};
#define RULE_COVERS_CARD (1u << 26)
#define RULE_COVERS_CVV (1u << 27)
#define RULE_COVERS_TRACK (1u << 28)

/* Entries of which the same is true are counted together, then for each control that asks for some of it: an entry counts once, whatever is true of it. */
#define SEEN_SLOTS 64
#define CONTROLS_MAX 128
struct seen {
    uint64_t now; /* bits: what is true of the present entry */
    struct {
        uint64_t what, entries;
    } slot[SEEN_SLOTS];
    uint64_t good[CONTROLS_MAX], bad[CONTROLS_MAX]; /* entries that speak for and against a control */
};

struct report {
    struct report_options o;
    struct entry_scanner *scanner;
    struct names names;
    uint8_t *category_of; /* [NAMES_MAX] category + 1 of an entity's name, 0 = not looked up yet */
    struct tally tally[TALLY_COUNT_];
    struct evidence evidence[EV_COUNT_];
    struct seen seen;
    struct rule_set rules;
    uint32_t uncovered;    /* what a set of rules in force in the period did not cover, bits as above */
    uint64_t rules_before; /* entries about the rules in force when the period begins */
    struct events events[EVENTS_COUNT_];
    struct totals t;
    enum rc rc; /* sticks */
    struct report_log log;
    struct doc *doc;
    unsigned failed_controls;
    uint32_t policy_before; /* digest in force when the period begins, by the entries before it; 0 = none known */
    struct sample {
        uint64_t leaf;
        struct buf proof;
    } samples[REPORT_SAMPLES];
    unsigned sample_count;
};

/* report_period.c: the step of a time, from 0; steps of the period; its label "2026-07-01", "2026-07-01 13h". */
uint32_t period_step(const struct report_period *p, uint64_t us);
uint32_t period_steps(const struct report_period *p);
void period_step_label(const struct report_period *p, uint32_t step, char out[24]);

/* report.c */
enum category report_category(struct report *r, uint32_t entity);
const struct report_entity *report_entity_find(const struct report *r, struct str entity);
void evidence_add(struct report *r, enum evidence_id id, uint64_t leaf);

/* controls.c: rows that the evidence judges. */
enum control_status { CONTROL_SATISFIED, CONTROL_NOT_SATISFIED, CONTROL_NOT_APPLICABLE };
struct control {
    enum report_profile profile;
    const char *clause, *catalogue_id, *title;
    enum evidence_id good[4], bad[4];             /* EV_NOTHING ends */
    const char *satisfied, *failed, *no_occasion; /* no_occasion NULL: without evidence it is not satisfied */
};
struct verdict {
    enum control_status status;
    const char *because; /* static sentence */
    uint64_t entries;    /* that are evidence */
    uint64_t leaf[8];    /* some of them, ascending */
    unsigned leaves;
};
const struct control *controls_all(size_t *count);
void control_judge(const struct report *r, const struct control *c, struct verdict *v);
const char *control_status_text(enum control_status s);
/* Evidence that is not one entry's: call before control_judge, once. */
void controls_prepare(struct report *r);
/* The present entry is through: count it for the controls. */
void controls_count_entry(struct report *r);

/* coverage.c: an entry about rules; another set, or none, takes the place of the present one, which was in force in the period or was not. */
void coverage_add(struct report *r, const struct entry *e);
void coverage_close(struct report *r, bool in_period);
/* Whether some set of rules of the period did not cover this identifier. */
bool coverage_lacks(const struct report *r, char letter);

/* The eighteen identifiers of 45 CFR 164.514(b)(2)(i), by letter. */
struct hipaa_identifier {
    char letter;
    const char *title;
    bool text; /* can stand in text at all */
};
const struct hipaa_identifier *hipaa_identifiers(size_t *count);
/* Whether an entity is said to be this identifier. */
bool hipaa_covers(const struct report_entity *e, char letter);

/* sections*.c, in the order of the report */
void section_cover(struct report *r);
void section_integrity(struct report *r);
void section_register(struct report *r);
void section_transfers(struct report *r);
void section_redaction(struct report *r);
void section_denials(struct report *r);
void section_identities(struct report *r);
void section_changes(struct report *r);
void section_availability(struct report *r);
void section_controls(struct report *r);
void section_exceptions(struct report *r);
void section_appendix(struct report *r);

#endif
