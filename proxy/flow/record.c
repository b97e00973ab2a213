#include <stdio.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "gate_int.h"
#include "record_int.h"

#define HEAD_MAX (60 * 1024)
#define TAIL_MAX 256
#define DECISIONS_MAX 64      /* with up to 500 bytes each */
#define RULES_MAX (24 * 1024) /* of the head, so that the routes still fit */

/* The end of the head: what is open is closed by the tail; see journal_entry. */
static enum rc
finish(struct json *j, struct buf *tail, const char *type)
{
    if (j->rc != RC_OK)
        return j->rc;
    return buf_printf(tail, ",\"type\":\"%s\",\"v\":1}", type);
}

/* The name that the configuration gives to who sends; what the data itself says of its service is data, and stays out. */
static struct str
service_of(const struct snapshot *snap, const struct peer *p)
{
    for (size_t i = 0; p && *p->identity && i < snap->origin_count; i++)
        if (str_glob(snap->origins[i].identity, str_of(p->identity)))
            return snap->origins[i].service;
    return (struct str){0};
}

static void
write_conn(struct json *j, const struct snapshot *snap, const struct peer *p)
{
    struct str service = service_of(snap, p);

    json_object(j, "conn");
    if (p && *p->cert_sha256)
        json_cstr(j, "cert_sha256", p->cert_sha256);
    if (p && *p->identity)
        json_cstr(j, "identity", p->identity);
    if (p && *p->issuer)
        json_cstr(j, "issuer", p->issuer);
    if (p && *p->not_after)
        json_cstr(j, "not_after", p->not_after);
    if (p && *p->cidr)
        json_cstr(j, "peer_cidr", p->cidr);
    if (p && *p->serial)
        json_cstr(j, "serial", p->serial);
    if (service.len)
        json_text(j, "service", service);
    json_cstr(j, "tls", p && *p->tls_version ? p->tls_version : "none");
    json_close_object(j);
}

static void
write_origin_fields(struct json *j, const struct route *r, bool with_spans, uint32_t spans)
{
    json_cstr(j, "country", r->country);
    if (region_country(r->region).len) /* only names from our table: an attribute's text is not repeated */
        json_text(j, "region", r->region);
    json_cstr(j, "source", r->source ? r->source : "unknown");
    if (with_spans)
        json_u64(j, "spans", spans);
}

static void
write_origin(struct json *js, const struct gate_job *j)
{
    if (j->origin_count == 0)
        return;
    if (j->origin_count == 1) {
        json_object(js, "origin");
        write_origin_fields(js, &j->origins[0].route, false, 0);
        json_close_object(js);
        return;
    }
    json_array(js, "origins");
    for (uint32_t i = 0; i < j->origin_count; i++) {
        json_object(js, NULL);
        write_origin_fields(js, &j->origins[i].route, true, j->origins[i].spans);
        json_close_object(js);
    }
    json_close_array(js);
}

static void
write_rule(struct json *js, const struct rule_info *r, uint32_t count, uint64_t places)
{
    char id[256];

    json_object(js, NULL);
    json_cstr(js, "action", r->action);
    json_u64(js, "count", count);
    json_cstr(js, "entity", r->entity ? r->entity : "");
    snprintf(id, sizeof(id), "%s/%s", r->policy, r->id);
    json_cstr(js, "id", id);
    json_cstr(js, "mode", r->mode == RULE_SHADOW ? "shadow" : "enforce");
    json_array(js, "paths");
    for (unsigned p = 0; p < PLACE_COUNT_; p++)
        if (places & (uint64_t)1 << p)
            json_cstr(js, NULL, place_name((enum place)p));
    json_close_array(js);
    json_close_object(js);
}

/* An entry has a largest size: with very many rules that found something, the rest of them is counted only. */
static void
write_rules(struct json *js, const struct gate_job *j)
{
    const struct program *prog = j->w->snap->program;
    uint64_t left_out = 0;

    json_array(js, "rules");
    for (size_t i = 0; i < program_rule_count(prog); i++) {
        const struct rule_info r = program_rule(prog, i);
        uint64_t places;
        uint32_t n = gate_rule_count(j, i, &places);

        if (n && js->out->len < RULES_MAX)
            write_rule(js, &r, n, places);
        else
            left_out += n > 0;
    }
    json_close_array(js);
    if (left_out)
        json_u64(js, "rules_left_out", left_out);
}

static void
write_policy(struct json *js, const struct gate_job *j)
{
    const struct program *prog = j->w->snap->program;
    uint64_t not_allowed = 0;

    for (unsigned c = 0; j->reports && c < program_class_count(prog); c++)
        not_allowed = j->reports[c].not_allowed > not_allowed ? j->reports[c].not_allowed : not_allowed;
    json_object(js, "policy");
    json_u64(js, "added", j->enriched);
    json_cstr(js, "digest", program_digest(prog));
    json_u64(js, "not_allowed", not_allowed);
    json_u64(js, "revision", j->w->snap->generation);
    write_rules(js, j);
    json_u64(js, "undecidable", j->findings.undecidable);
    json_u64(js, "unknown_fields", j->unknown_fields);
    json_close_object(js);
}

static void
write_mac(struct json *js, const struct gate_job *j, const char *key, struct str bytes,
    enum rc (*mac_of)(struct str key, struct str data, uint8_t out[SHA256_SIZE]))
{
    uint8_t mac[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    const struct snapshot *snap = j->w->snap;
    const struct secret *secret = snap->body_keys ? body_keys_at(snap->body_keys, j->in->now_us) : snap->body_key;

    if (!secret || js->rc != RC_OK)
        return;
    js->rc = mac_of(secret_bytes(secret), bytes, mac);
    digest_hex((struct str){(const char *)mac, sizeof(mac)}, hex);
    hex[2 * SHA256_SIZE] = 0;
    json_cstr(js, key, hex);
}

static void
write_request(struct json *js, const struct gate_job *j)
{
    const struct gate_outcome *out = j->out;

    json_object(js, "req");
    if (out->rc != RC_OK) /* what was refused can be recognised later; what was accepted is known by its out_hmac */
        write_mac(js, j, "body_hmac", j->in->body, digest_hmac_sha256);
    json_u64(js, "bytes_decoded", j->decoded_bytes);
    json_u64(js, "bytes_wire", j->in->body.len);
    json_cstr(js, "encoding", encoding_name(j->in->encoding));
    json_u64(js, "id", j->in->request_id);
    json_cstr(js, "protocol", transport_name(j->in->transport));
    json_u64(js, "resources", j->b.resource_count);
    json_u64(js, "spans_in", out->spans_in);
    json_u64(js, "spans_out", out->spans_out);
    json_close_object(js);
}

static const struct gate_payload *
payload_of(const struct gate_outcome *out, uint32_t destination)
{
    for (uint32_t i = 0; i < out->payload_count; i++)
        if (out->payload[i].destination == destination)
            return &out->payload[i];
    return NULL;
}

/* What is decided alike about one destination. */
struct decision {
    uint32_t destination;
    bool allow;
    const struct route *route; /* of the origin, or of the first one */
    bool with_origin;          /* one of several origins: said for each */
    uint64_t spans;
    const struct gate_payload *payload; /* NULL: none, or told already */
};

static void
write_expiry(struct json *js, uint64_t until_s)
{
    char at[CLOCK_RFC3339_SIZE];

    if (until_s == 0)
        return;
    clock_rfc3339(until_s * 1000000, at);
    at[strlen("2026-11-22")] = '\0';
    json_cstr(js, "mechanism_expires", at);
}

static void
write_decision(struct json *js, const struct gate_job *j, const struct decision *n)
{
    const struct snapshot *snap = j->w->snap;
    const struct route *r = n->route;
    uint32_t d = n->destination;

    json_object(js, NULL);
    if (n->payload)
        json_u64(js, "bytes", n->payload->bytes.len);
    if (snap->country[d] && *snap->country[d])
        json_cstr(js, "country", snap->country[d]);
    json_cstr(js, "decision", n->allow ? "allowed" : "refused");
    json_text(js, "destination", program_destination(snap->program, d));
    json_cstr(js, "jurisdiction", snap->jurisdiction[d] ? snap->jurisdiction[d] : "");
    if (n->allow && r->mechanism[d])
        json_cstr(js, "mechanism", r->mechanism[d]);
    if (n->allow)
        write_expiry(js, r->until_s[d]);
    if (n->allow && r->reference[d])
        json_cstr(js, "mechanism_ref", r->reference[d]);
    if (n->with_origin)
        json_cstr(js, "origin", r->country);
    if (n->payload)
        write_mac(js, j, "out_hmac", buf_str(&n->payload->bytes), digest_hmac_sha256_pieces);
    json_cstr(js, "rule", r->rule[d] ? r->rule[d] : "default");
    json_u64(js, "spans", n->spans);
    json_close_object(js);
}

/* Decisions of one kind about one destination, one for each origin; or one for all of them, when they are too many for an entry. */
static void
write_decisions(struct json *js, const struct gate_job *j, uint32_t d, bool allow)
{
    bool each = j->origin_count > 1 && (uint64_t)j->origin_count * program_destination_count(j->w->snap->program) <= DECISIONS_MAX;
    uint32_t groups = each ? j->origin_count : 1, first[GATE_ORIGINS_MAX];
    uint64_t spans[GATE_ORIGINS_MAX] = {0};
    struct decision n = {.destination = d, .allow = allow, .with_origin = each, .payload = allow ? payload_of(j->out, d) : NULL};

    for (uint32_t s = 0; s < j->b.span_count; s++) {
        uint32_t g = each ? j->origin_of[s] : 0;

        if (((j->masks[s] & 1u << d) != 0) == allow && spans[g]++ == 0)
            first[g] = j->origin_of[s];
    }
    for (uint32_t g = 0; g < groups; g++) {
        if (spans[g] == 0)
            continue;
        n.route = &j->origins[first[g]].route;
        n.spans = spans[g];
        write_decision(js, j, &n);
        n.payload = NULL;
    }
}

static void
write_route(struct json *js, const struct gate_job *j)
{
    if (!j->masks)
        return;
    json_array(js, "route");
    for (uint32_t d = 0; d < program_destination_count(j->w->snap->program); d++) {
        write_decisions(js, j, d, true);
        write_decisions(js, j, d, false);
    }
    json_close_array(js);
}

static const char *
outcome_word(const struct gate_job *j)
{
    if (j->out->rc != RC_OK)
        return "refused";
    if (j->out->spans_unroutable == 0)
        return "accepted";
    return j->out->spans_unroutable == j->out->spans_in ? "unroutable" : "partial";
}

enum rc
gate_record(struct gate_job *j)
{
    struct gate_outcome *out = j->out;
    struct json js;

    out->head.max = HEAD_MAX;
    out->tail.max = TAIL_MAX;
    js = json_begin_canonical(&out->head);
    json_object(&js, NULL);
    json_cstr(&js, "build", j->w->snap->build);
    write_conn(&js, j->w->snap, j->in->peer);
    json_cstr(&js, "node", j->w->snap->node);
    write_origin(&js, j);
    json_cstr(&js, "outcome", outcome_word(j));
    write_policy(&js, j);
    json_cstr(&js, "reason", out->rc == RC_OK && out->spans_unroutable ? "unroutable" : out->reason);
    write_request(&js, j);
    write_route(&js, j);
    return finish(&js, &out->tail, "request");
}

/* -- entries that are not about a request ------------------------------------------------------------------------------------------ */

static struct json
begin(struct record *r)
{
    *r = (struct record){.head = BUF_INIT(HEAD_MAX), .tail = BUF_INIT(TAIL_MAX)};
    struct json js = json_begin_canonical(&r->head);

    json_object(&js, NULL);
    return js;
}

/* The request that it was, where that is known. */
static void
put_request(struct json *js, uint64_t request_id)
{
    if (request_id == 0)
        return;
    json_object(js, "req");
    json_u64(js, "id", request_id);
    json_close_object(js);
}

enum rc
record_delivery(
    struct record *r, const struct snapshot *snap, uint64_t request_id, const char *destination, const struct parcel_result *result, uint32_t spans)
{
    struct json js = begin(r);
    bool delivered = result->end == PARCEL_DELIVERED;

    json_cstr(&js, "build", snap->build);
    json_object(&js, "delivery");
    json_u64(&js, "accepted", delivered ? spans - (result->rejected < spans ? result->rejected : spans) : 0);
    json_u64(&js, "attempt", result->attempt);
    json_cstr(&js, "destination", destination);
    json_u64(&js, "latency_us", result->latency_us);
    if (*result->peer_cert_sha256)
        json_cstr(&js, "peer_cert_sha256", result->peer_cert_sha256);
    json_u64(&js, "rejected", delivered ? result->rejected : spans);
    json_i64(&js, "status", result->grpc_status >= 0 ? result->grpc_status : result->http_status);
    json_close_object(&js);
    json_cstr(&js, "node", snap->node);
    json_cstr(&js, "outcome", delivered ? "delivered" : "rejected");
    json_cstr(&js, "reason", result->reason ? result->reason : "");
    put_request(&js, request_id);
    return finish(&js, &r->tail, "delivery");
}

enum rc
record_loss(struct record *r, const struct snapshot *snap, const char *destination, uint64_t request_id, uint32_t spans, const char *reason)
{
    struct json js = begin(r);

    json_cstr(&js, "build", snap->build);
    json_object(&js, "loss");
    json_cstr(&js, "destination", destination);
    json_cstr(&js, "reason", reason);
    json_u64(&js, "spans", spans);
    json_close_object(&js);
    json_cstr(&js, "node", snap->node);
    json_cstr(&js, "outcome", "lost");
    json_cstr(&js, "reason", reason);
    put_request(&js, request_id);
    return finish(&js, &r->tail, "loss");
}

static void
write_refused(struct json *js, const struct snapshot *snap, const struct peer *p, const char *reason, uint64_t count)
{
    json_cstr(js, "build", snap->build);
    write_conn(js, snap, p);
    json_u64(js, "count", count);
    json_cstr(js, "node", snap->node);
    json_cstr(js, "outcome", "refused");
    json_cstr(js, "reason", reason);
}

enum rc
record_refused_peer(struct record *r, const struct snapshot *snap, const struct peer *p, const char *reason, uint64_t count)
{
    struct json js = begin(r);

    write_refused(&js, snap, p, reason, count);
    return finish(&js, &r->tail, "handshake");
}

enum rc
record_refusal(struct record *r, const struct snapshot *snap, const struct peer *p, const char *protocol, const char *reason, uint64_t count)
{
    struct json js = begin(r);

    write_refused(&js, snap, p, reason, count);
    json_object(&js, "req");
    json_cstr(&js, "protocol", protocol);
    json_close_object(&js);
    return finish(&js, &r->tail, "refusal");
}

enum rc
record_admin(struct record *r, const struct snapshot *snap, const struct flow_act *act)
{
    struct json js = begin(r);

    json_object(&js, "admin");
    json_cstr(&js, "actor", act->actor ? act->actor : "local");
    if (act->digest)
        json_cstr(&js, "digest", act->digest);
    json_cstr(&js, "object", act->object);
    json_cstr(&js, "result", act->result);
    json_cstr(&js, "verb", act->verb);
    json_close_object(&js);
    json_cstr(&js, "build", snap->build);
    json_cstr(&js, "node", snap->node);
    json_cstr(&js, "outcome", act->result);
    json_cstr(&js, "reason", act->verb);
    return finish(&js, &r->tail, "admin");
}

enum rc
record_change(struct record *r, const struct snapshot *snap, const struct flow_change *c)
{
    struct json js = begin(r);

    json_cstr(&js, "build", snap->build);
    json_object(&js, "change");
    json_cstr(&js, "name", c->name);
    if (c->new_digest)
        json_cstr(&js, "new", c->new_digest);
    if (c->old_digest)
        json_cstr(&js, "old", c->old_digest);
    json_cstr(&js, "what", c->what);
    json_close_object(&js);
    json_cstr(&js, "node", snap->node);
    json_cstr(&js, "outcome", c->at_start ? "in_force" : !c->old_digest ? "added" : !c->new_digest ? "removed" : "changed");
    json_cstr(&js, "reason", c->at_start ? "start" : "reload");
    return finish(&js, &r->tail, "change");
}

static const char *
mode_name(enum rule_mode m)
{
    return m == RULE_SHADOW ? "shadow" : m == RULE_OFF ? "off" : "enforce";
}

static void
write_policies(struct json *js, const struct program *prog)
{
    json_array(js, "policies");
    for (size_t i = 0; i < program_policy_count(prog) && js->out->len < RULES_MAX; i++) {
        const struct policy_info p = program_policy(prog, i);

        json_object(js, NULL);
        json_cstr(js, "controls", p.controls ? p.controls : "");
        json_cstr(js, "kind", p.kind ? p.kind : "");
        json_cstr(js, "mode", mode_name(p.mode));
        json_cstr(js, "name", p.name);
        json_cstr(js, "owner", p.owner ? p.owner : "");
        json_u64(js, "revision", p.revision);
        json_close_object(js);
    }
    json_close_array(js);
}

enum rc
record_rules(struct record *r, const struct snapshot *snap, size_t first, size_t *next)
{
    const struct program *prog = snap->program;
    struct json js = begin(r);
    size_t i = first;
    char id[256];

    json_cstr(&js, "build", snap->build);
    json_cstr(&js, "node", snap->node);
    json_cstr(&js, "outcome", "in_force");
    json_object(&js, "policy");
    json_cstr(&js, "digest", program_digest(prog));
    if (first == 0)
        write_policies(&js, prog);
    json_u64(&js, "revision", snap->generation);
    json_array(&js, "rules");
    for (; i < program_rule_count(prog) && r->head.len < 2 * RULES_MAX && js.rc == RC_OK; i++) {
        const struct rule_info info = program_rule(prog, i);

        snprintf(id, sizeof(id), "%s/%s", info.policy, info.id);
        json_object(&js, NULL);
        json_cstr(&js, "action", info.action);
        json_cstr(&js, "entity", info.entity ? info.entity : "");
        json_cstr(&js, "id", id);
        json_cstr(&js, "mode", mode_name(info.mode));
        json_close_object(&js);
    }
    json_close_array(&js);
    json_close_object(&js);
    json_cstr(&js, "reason", first ? "continued" : "begin");
    *next = i;
    return finish(&js, &r->tail, "rules");
}

static void
write_time(struct json *js, const char *key, uint64_t wall_us)
{
    char at[CLOCK_RFC3339_SIZE];

    clock_rfc3339(wall_us, at);
    json_cstr(js, key, at);
}

enum rc
record_closed(struct record *r, const struct snapshot *snap, const struct record_interval *i)
{
    struct json js = begin(r);

    json_cstr(&js, "build", snap->build);
    json_object(&js, "gate");
    write_time(&js, "closed", i->from_us);
    write_time(&js, "opened", i->to_us);
    json_u64(&js, "refused", i->refused);
    json_u64(&js, "worker", i->worker);
    json_close_object(&js);
    json_cstr(&js, "node", snap->node);
    json_cstr(&js, "outcome", "refused");
    json_cstr(&js, "reason", i->reason);
    return finish(&js, &r->tail, "gate");
}

void
record_free(struct record *r)
{
    buf_free(&r->head);
    buf_free(&r->tail);
}
