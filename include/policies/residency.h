/**
 * Residency: where each resource may go. Deny by default; no default destination; a destination that is down changes nothing here.
 *
 * Each ResidencyPolicy asks its origins in its order. Every origin that answers is a claim "the data comes from country C" and is worth the destinations
 * that the routes give to C; the first names the origin, all of them together allow only what each of them allows. A country that is stated but
 * is none (ISO 3166-1) answers "unknown"; a cloud region that is not in the tables does not answer. Nobody answers: unknown. Unknown is worth what
 * unknown_origin says: nothing, or what each country of treat_as may do. For one country: a denying route that matches wins, else an
 * allowing one, else nothing. Policies of mode enforce are joined by intersection; when there is none, nothing may leave.
 */
#ifndef POLICIES_RESIDENCY_H
#define POLICIES_RESIDENCY_H

#include "base/arena.h"
#include "codec/batch.h"
#include "policies/program.h"

/* What is known of the sender without looking at the data. */
struct sender {
    struct str identity;            /* "spiffe://...", DNS name or CN; empty on a plaintext listener */
    struct str certificate_country; /* subject C of the client certificate, may be empty */
    struct str configured_country;  /* identities: of the configuration, may be empty */
    struct str configured_region;   /* cloud region of the configuration, may be empty */
    uint64_t now_s;                 /* wall clock, seconds since 1970; 0: every route that can expire counts as expired */
};

#define ROUTE_CLAIMS_SIZE 160

struct route {
    uint32_t mask;   /* bit i: may go to destination i; 0: nowhere */
    char country[4]; /* of the origin; "" = unknown */
    /* Every country that an origin stated, "DE,US"; "?": unknown; "*": too many. Several policies whose origins said different things have sections of their own. For
     * what is sent later each of them is asked again. */
    char claims[ROUTE_CLAIMS_SIZE];
    const char *source; /* what decided: "client.certificate.subject.C", ... , "unknown"; static or of the program */
    struct str region;  /* as stated, when a region decided */
    /* Per destination, for the audit, of the program: "POLICY/ROUTE" that allowed or denied ("eu-stays/2" or "eu-stays/id"), the policy's name where
     * no route allows it, NULL when no policy enforces. mechanism ("intra", "adequacy", "scc", ...) and its reference stand where allowed, or are NULL. */
    const char *rule[PROGRAM_DESTINATIONS_MAX];
    const char *mechanism[PROGRAM_DESTINATIONS_MAX];
    const char *reference[PROGRAM_DESTINATIONS_MAX];
    uint64_t until_s[PROGRAM_DESTINATIONS_MAX]; /* where allowed: when the allowing route ends, seconds since 1970; 0 = never */
};

/**
 * residency_route(prog, b, resource, sender, r):
 * Decide for one resource. Origins are asked in the policy's order: client identity, configuration, attributes. The first
 * that answers names the origin; every further one that answers otherwise narrows the destinations to the intersection.
 * Thread:  any; pure
 */
void residency_route(const struct program *prog, const struct batch *b, uint32_t resource, const struct sender *sender, struct route *r);

/* As above with span attributes taken into account, for policies whose origin names span.attributes.*; false when no policy does. */
bool residency_needs_spans(const struct program *prog);
void residency_route_span(const struct program *prog, const struct batch *b, uint32_t span, const struct sender *sender, struct route *r);

/**
 * residency_join_traces(prog, b, masks, ar):
 * For policies with trace_scope: trace. Spans of one trace in this batch go only where all of them may go.
 * In/out:  masks  one route mask for each span of ${b}
 * Returns: RC_OK, at once when no enforcing policy asks for it; RC_NOMEM: refuse the request
 */
enum rc residency_join_traces(const struct program *prog, const struct batch *b, uint32_t *masks, struct arena *ar) MUST_USE;

/**
 * residency_mask_of_claims(prog, claims, now_s):
 * Where data of these claims (struct route) may go at ${now_s} by every enforcing policy: for payloads that were stored, perhaps under an earlier one. With the same policies it is
 * the mask of the route; a policy that is new, or asks other origins than it did, hears every claim. What is no list of claims may go nowhere.
 */
uint32_t residency_mask_of_claims(const struct program *prog, struct str claims, uint64_t now_s);
/* Add what is in more to the claims in out[size], which begins as ""; "*" when it does not fit. */
void claims_join(char *out, size_t size, const char *more);

/**
 * residency_reached(prog, now_s):
 * Destinations, as a mask, to which a route that has not ended leads in every enforcing ResidencyPolicy; 0 when there is none. For warnings: a route may still
 * be denied for every origin.
 */
uint32_t residency_reached(const struct program *prog, uint64_t now_s);

/* What to tell the sender when nothing may leave: drop (partial success) or refuse. */
enum unroutable { UNROUTABLE_DROP, UNROUTABLE_REFUSE };
enum unroutable residency_on_unroutable(const struct program *prog);

/* ISO 3166-1 alpha-2, upper case; and the country of a cloud region ("eu-central-1" -> "DE"), empty when unknown. */
bool country_known(struct str code);
struct str region_country(struct str region);

#endif
