#include <stdio.h>

#include "base/digest.h"
#include "base/json.h"
#include "gate_int.h"
#include "record_int.h"

#define HEAD_MAX (60 * 1024)
#define TAIL_MAX 256
#define RULES_MAX (24 * 1024) /* of the head, so that the routes still fit */

/* The end of the head: what is open is closed by the tail; see journal_entry. */
static enum rc
finish(struct json *j, struct buf *tail, const char *type)
{
    if (j->rc != RC_OK)
        return j->rc;
    return buf_printf(tail, ",\"type\":\"%s\",\"v\":1}", type);
}

static void
write_conn(struct json *j, const struct peer *p)
{
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
write_mac(struct json *js, const struct gate_job *j, const char *key, struct str bytes)
{
    uint8_t mac[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    const struct secret *secret = j->w->snap->body_key;

    if (!secret || js->rc != RC_OK)
        return;
    js->rc = digest_hmac_sha256(secret_bytes(secret), bytes, mac);
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
        write_mac(js, j, "body_hmac", j->in->body);
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

/* One decision about one destination: spans of all origins that have it alike, with the first one's rule. */
static void
write_decision(struct json *js, const struct gate_job *j, uint32_t d, bool allow)
{
    const struct snapshot *snap = j->w->snap;
    const struct gate_payload *p = allow ? payload_of(j->out, d) : NULL;
    const struct route *first = NULL;
    uint64_t spans = 0;

    for (uint32_t s = 0; s < j->b.span_count; s++) {
        if (((j->masks[s] & 1u << d) != 0) != allow)
            continue;
        if (!first)
            first = &j->origins[j->origin_of[s]].route;
        spans++;
    }
    if (!first)
        return;
    json_object(js, NULL);
    if (snap->country[d] && *snap->country[d])
        json_cstr(js, "country", snap->country[d]);
    json_cstr(js, "decision", allow ? "allowed" : "refused");
    json_text(js, "destination", program_destination(snap->program, d));
    json_cstr(js, "jurisdiction", snap->jurisdiction[d] ? snap->jurisdiction[d] : "");
    if (allow && first->mechanism[d])
        json_cstr(js, "mechanism", first->mechanism[d]);
    if (allow && first->reference[d])
        json_cstr(js, "mechanism_ref", first->reference[d]);
    if (p)
        write_mac(js, j, "out_hmac", buf_str(&p->bytes));
    json_cstr(js, "rule", first->rule[d] ? first->rule[d] : "default");
    json_u64(js, "spans", spans);
    json_close_object(js);
}

static void
write_route(struct json *js, const struct gate_job *j)
{
    if (!j->masks)
        return;
    json_array(js, "route");
    for (uint32_t d = 0; d < program_destination_count(j->w->snap->program); d++) {
        write_decision(js, j, d, true);
        write_decision(js, j, d, false);
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
    write_conn(&js, j->in->peer);
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
    json_object(&js, "req");
    json_u64(&js, "id", request_id);
    json_close_object(&js);
    return finish(&js, &r->tail, "delivery");
}

enum rc
record_loss(struct record *r, const struct snapshot *snap, const char *destination, uint32_t spans, const char *reason)
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
    return finish(&js, &r->tail, "loss");
}

enum rc
record_refused_peer(struct record *r, const struct snapshot *snap, const struct peer *p, const char *reason, uint64_t count)
{
    struct json js = begin(r);

    json_cstr(&js, "build", snap->build);
    write_conn(&js, p);
    json_u64(&js, "count", count);
    json_cstr(&js, "node", snap->node);
    json_cstr(&js, "outcome", "refused");
    json_cstr(&js, "reason", reason);
    return finish(&js, &r->tail, "handshake");
}

enum rc
record_admin(struct record *r, const struct snapshot *snap, const char *verb, const char *object, const char *result)
{
    struct json js = begin(r);

    json_object(&js, "admin");
    json_cstr(&js, "actor", "local");
    json_cstr(&js, "object", object);
    json_cstr(&js, "result", result);
    json_cstr(&js, "verb", verb);
    json_close_object(&js);
    json_cstr(&js, "build", snap->build);
    json_cstr(&js, "node", snap->node);
    json_cstr(&js, "outcome", result);
    json_cstr(&js, "reason", verb);
    return finish(&js, &r->tail, "admin");
}

void
record_free(struct record *r)
{
    buf_free(&r->head);
    buf_free(&r->tail);
}
