/**
 * `spangate policy explain`: why a value was, or was not, redacted.
 *
 *   explain.c        what is known of each text of a batch: findings that act, what came near
 *   explain_print.c  that as text or JSON
 */
#ifndef CONTROL_EXPLAIN_INT_H
#define CONTROL_EXPLAIN_INT_H

#include "policies/inspect.h"
#include "tool_int.h"

/* One text, or the key of an attribute. */
struct explained {
    struct str path, text;
    struct findings f; /* on it alone, key rules of its attributes included */
    struct sightings near;
    bool key;
};

/* What text i of the trial's batch is; everything lies in the trial's arena. */
enum rc explain_text(struct trial *tr, uint32_t text, struct explained *e) MUST_USE;
/* The same without what came near, which costs. */
enum rc explain_findings(struct trial *tr, uint32_t text, struct explained *e) MUST_USE;
/* The key of attribute i, when something was found in it: e->f.count is 0 otherwise. */
enum rc explain_key(struct trial *tr, uint32_t attr, struct explained *e) MUST_USE;

/* The text as destination d would get it; ptr NULL: its attribute is dropped. */
enum rc explain_result(const struct trial *tr, const struct explained *e, size_t d, struct str *out) MUST_USE;

/* Of two findings that overlap on one text: the one whose action is taken where the rule i of list loses to another; SIZE_MAX when it wins. */
size_t explain_loses_to(const struct trial *tr, const struct explained *e, size_t i);

/* The finding that a sighting became, if any. */
bool explain_is_found(const struct explained *e, const struct sighting *s);

struct explain_options {
    bool json;
    bool all; /* texts of which there is nothing to say, too */
    bool quiet_routes;
};

/* Append everything about the trial's batch. RC_TOO_LARGE, RC_NOMEM. */
enum rc explain_print(struct trial *tr, const struct explain_options *o, struct buf *out) MUST_USE;
/* The lines of one text, each behind an indent. */
enum rc explain_print_text(struct trial *tr, const struct explained *e, const char *indent, struct buf *out) MUST_USE;
/* "route: origin DE (..) -> eu ; refused us (eu-stays/2)" */
enum rc explain_print_route(const struct trial *tr, uint32_t span, struct buf *out) MUST_USE;

#endif
