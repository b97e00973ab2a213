/**
 * Counting: what each entry adds to the tables, to the evidence and to the events of a report. Without memory r->rc says so.
 */
#ifndef AUDIT_REPORT_COUNT_INT_H
#define AUDIT_REPORT_COUNT_INT_H

#include "report_int.h"

/* report_count.c */
/* An entry of the period, by its type. */
void report_count(struct report *r, const struct entry *e);
/* One before it: what is in force when the period begins. */
void report_count_before(struct report *r, const struct entry *e);

uint32_t count_name(struct report *r, struct str s);
uint32_t count_name_or(struct report *r, struct str s, struct str otherwise);
/* The counters of a key, marked as seen in this entry. Never NULL: without memory they go nowhere. */
uint64_t *count_at(struct report *r, enum tally_id id, const uint32_t *key, const struct entry *e);
#define AT(r, id, e, ...) count_at(r, id, (const uint32_t[TALLY_KEYS]){__VA_ARGS__}, e)
void count_event(struct report *r, enum event_id id, const struct entry *e, uint64_t number, const struct str *texts, unsigned count);

/* report_count_request.c */
void count_request(struct report *r, const struct entry *e);
/* Turned away before the gate saw it: a request like others, of which no more is known. */
void count_refusal(struct report *r, const struct entry *e);

static inline bool
is_word(struct str s, const char *w)
{
    return str_eq(s, str_of(w));
}

#endif
