/*
 * Writes a log directory of realistic entries, through the log's own writer: make_log DIR ENTRIES [FROM TO [SEED]]. The times of FROM (a day) to TO are filled
 * evenly by a daily and a weekly rhythm. DIR gets DIR/key.verifier as well. For benchmarks and for looking at reports; the gate's own entries have this form.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit/entry.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "base_rng.h"

struct sender {
    const char *identity, *service, *country, *region;
    unsigned share; /* of 1,000 requests */
    unsigned findings;
};
static const struct sender senders[] = {
    {"spiffe://example.org/ns/shop/sa/checkout", "checkout", "DE", "eu-central-1", 210, 9},
    {"spiffe://example.org/ns/shop/sa/cart", "cart", "DE", "eu-central-1", 150, 4},
    {"spiffe://example.org/ns/shop/sa/payment", "payment", "FR", "eu-west-3", 90, 14},
    {"spiffe://example.org/ns/id/sa/accounts", "accounts", "IE", "eu-west-1", 110, 17},
    {"spiffe://example.org/ns/id/sa/sessions", "sessions", "IE", "eu-west-1", 95, 6},
    {"spiffe://example.org/ns/mail/sa/notify", "notify", "NL", "eu-west-1", 60, 12},
    {"spiffe://example.org/ns/us/sa/orders", "orders-us", "US", "us-east-1", 130, 7},
    {"spiffe://example.org/ns/us/sa/search", "search-us", "US", "us-west-2", 75, 2},
    {"spiffe://example.org/ns/ch/sa/ledger", "ledger", "CH", "eu-central-2", 30, 5},
    {"spiffe://example.org/ns/in/sa/support", "support", "IN", "ap-south-1", 35, 8},
    {"spiffe://example.org/ns/jp/sa/catalog", "", "JP", "ap-northeast-1", 15, 1},
};

struct rule {
    const char *id, *entity, *action, *mode, *place;
    unsigned share;
};
static const struct rule rules[] = {
    {"starter/card", "CREDIT_CARD", "mask", "enforce", "span.attributes", 60},
    {"starter/ip", "IP_ADDRESS", "generalize", "enforce", "span.attributes", 330},
    {"starter/email", "EMAIL_ADDRESS", "hash", "enforce", "span.attributes", 240},
    {"starter/phone", "PHONE_NUMBER", "replace", "enforce", "spanevent.attributes", 70},
    {"starter/iban", "IBAN", "mask", "enforce", "span.attributes", 35},
    {"starter/jwt", "JWT", "replace", "enforce", "span.attributes", 90},
    {"starter/password", "PASSWORD", "drop", "enforce", "span.attributes", 30},
    {"starter/auth", "AUTH_HEADER", "drop", "enforce", "span.attributes", 75},
    {"starter/ssn", "US_SSN", "replace", "enforce", "span.status.message", 12},
    {"starter/cookie", "SESSION_COOKIE", "replace", "enforce", "span.attributes", 45},
    {"starter/name", "PERSON_NAME", "replace", "enforce", "spanevent.attributes", 28},
    {"health/mrn", "MEDICAL_RECORD_NUMBER", "replace", "enforce", "span.attributes", 6},
    {"starter/cvv", "CARD_CVV", "drop", "enforce", "span.attributes", 3},
    {"starter/track", "CARD_TRACK", "drop", "enforce", "span.attributes", 0},
    {"trial/loyalty", "LOYALTY_ID", "replace", "shadow", "span.attributes", 14},
};

struct destination {
    const char *name, *country, *jurisdiction, *takes, *mechanism, *reference, *expires;
};
static const struct destination destinations[] = {
    {"otlp_grpc/eu-tempo", "DE", "EU", "DE FR IE NL CH", "", "", ""},
    {"otlp_grpc/us-tempo", "US", "US", "US", "intra", "", ""},
    {"otlp_http/vendor-us", "US", "US", "DE FR IE NL US", "scc", "SCC-2021/914-M2 no. 123", "2027-01-01"},
    {"otlp_http/apac", "JP", "JP", "JP IN", "adequacy", "JP 2019/419", "2027-06-30"},
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DIGEST "eae8a9158f63a11a22a707356b0d6e732b931ced808ff8ecae2ff9d4210e56e1"

struct maker {
    struct writer *w;
    struct buf text;
    uint64_t seq, us, id;
    struct rng rng;
    unsigned revision;
};

static void
check(enum rc rc, const char *what)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "make_log: %s: %s\n", what, rc_text(rc));
    exit(1);
}

static unsigned
below(struct maker *m, unsigned n)
{
    return rng_below(&m->rng, n);
}

static struct json
begin(struct maker *m)
{
    buf_clear(&m->text);
    struct json j = json_begin_canonical(&m->text);

    json_object(&j, NULL);
    return j;
}

static void
end(struct maker *m, struct json *j, const char *type)
{
    char ts[CLOCK_RFC3339_SIZE];

    clock_rfc3339(m->us, ts);
    json_u64(j, "seq", m->seq++);
    json_cstr(j, "ts", ts);
    json_cstr(j, "type", type);
    json_u64(j, "v", 1);
    json_close_object(j);
    check(json_finish(j), type);
    check(writer_append(m->w, buf_str(&m->text)), "append");
}

static void
hex64(struct maker *m, char out[65])
{
    for (unsigned i = 0; i < 64; i++)
        out[i] = "0123456789abcdef"[below(m, 16)];
    out[64] = '\0';
}

static void
certificate_of(unsigned sender, unsigned month, char out[65])
{
    for (unsigned i = 0; i < 64; i++)
        out[i] = "0123456789abcdef"[(sender * 7 + month * 5 + i * 3 + i * i) % 16];
    out[64] = '\0';
}

static void
conn(struct maker *m, struct json *j, unsigned sender)
{
    unsigned month = (unsigned)(m->us / (30 * 86400000000u));
    char cert[65], serial[17];

    certificate_of(sender, month, cert);
    snprintf(serial, sizeof(serial), "%.16s", cert + 20);
    json_object(j, "conn");
    json_cstr(j, "cert_sha256", cert);
    json_cstr(j, "identity", senders[sender].identity);
    json_cstr(j, "issuer", "CN=example clients CA");
    json_cstr(j, "not_after", "2026-12-22T11:11:53Z");
    json_cstr(j, "peer_cidr", "10.20.30.0/24");
    json_cstr(j, "serial", serial);
    if (*senders[sender].service)
        json_cstr(j, "service", senders[sender].service);
    json_cstr(j, "tls", "TLSv1.3");
    json_close_object(j);
}

static void
findings(struct maker *m, struct json *j, const struct sender *s)
{
    json_array(j, "rules");
    for (size_t i = 0; i < COUNT(rules); i++) {
        if (below(m, 1000) >= rules[i].share * s->findings / 8)
            continue;
        json_object(j, NULL);
        json_cstr(j, "action", rules[i].action);
        json_u64(j, "count", 1 + below(m, 2 + s->findings));
        json_cstr(j, "entity", rules[i].entity);
        json_cstr(j, "id", rules[i].id);
        json_cstr(j, "mode", rules[i].mode);
        json_array(j, "paths");
        json_cstr(j, NULL, rules[i].place);
        json_close_array(j);
        json_close_object(j);
    }
    json_close_array(j);
}

static bool
takes(const struct destination *d, const struct sender *s)
{
    return strstr(d->takes, s->country) != NULL;
}

static void
route(struct maker *m, struct json *j, const struct sender *s, unsigned spans)
{
    char mac[65];

    json_array(j, "route");
    for (size_t d = 0; d < COUNT(destinations); d++) {
        bool allow = takes(&destinations[d], s), intra = !*destinations[d].mechanism;

        json_object(j, NULL);
        if (allow)
            json_u64(j, "bytes", spans * 180u + below(m, 400));
        json_cstr(j, "country", destinations[d].country);
        json_cstr(j, "decision", allow ? "allowed" : "refused");
        json_cstr(j, "destination", destinations[d].name);
        json_cstr(j, "jurisdiction", destinations[d].jurisdiction);
        if (allow) {
            json_cstr(j, "mechanism", intra ? (strcmp(s->country, "CH") == 0 ? "adequacy" : "intra") : destinations[d].mechanism);
            if (*destinations[d].expires)
                json_cstr(j, "mechanism_expires", destinations[d].expires);
            if (*destinations[d].reference)
                json_cstr(j, "mechanism_ref", destinations[d].reference);
            hex64(m, mac);
            json_cstr(j, "out_hmac", mac);
        }
        json_cstr(j, "rule", allow ? "eu-stays/2" : "eu-stays");
        json_u64(j, "spans", spans);
        json_close_object(j);
    }
    json_close_array(j);
}

static void
request(struct maker *m, unsigned sender, unsigned spans, const char *refused)
{
    const struct sender *s = &senders[sender];
    struct json j = begin(m);

    json_cstr(&j, "build", "0.2.0");
    conn(m, &j, sender);
    json_cstr(&j, "node", "gate-1");
    json_object(&j, "origin");
    json_cstr(&j, "country", s->country);
    json_cstr(&j, "region", s->region);
    json_cstr(&j, "source", "client.certificate.subject.C");
    json_close_object(&j);
    json_cstr(&j, "outcome", refused ? "refused" : "accepted");
    json_object(&j, "policy");
    json_u64(&j, "added", spans);
    json_cstr(&j, "digest", DIGEST);
    json_u64(&j, "not_allowed", 0);
    json_u64(&j, "revision", m->revision);
    findings(m, &j, s);
    json_u64(&j, "undecidable", below(m, 4000) == 0);
    json_u64(&j, "unknown_fields", below(m, 900) == 0 ? 2 : 0);
    json_close_object(&j);
    json_cstr(&j, "reason", refused ? refused : "ok");
    json_object(&j, "req");
    json_u64(&j, "bytes_decoded", spans * 720u);
    json_u64(&j, "bytes_wire", spans * 160u);
    json_cstr(&j, "encoding", "gzip");
    json_u64(&j, "id", m->id);
    json_cstr(&j, "protocol", sender % 3 ? "grpc" : "http/protobuf");
    json_u64(&j, "resources", 1 + spans / 200);
    json_u64(&j, "spans_in", spans);
    json_u64(&j, "spans_out", refused ? 0 : spans);
    json_close_object(&j);
    if (!refused)
        route(m, &j, s, spans);
    end(m, &j, "request");
}

static void
delivery(struct maker *m, const struct destination *d, unsigned spans, bool rejected)
{
    struct json j = begin(m);
    unsigned slow = below(m, 200) == 0 ? 900000 : 0;
    char cert[65];

    certificate_of((unsigned)(d - destinations) + 40, 1, cert);
    json_cstr(&j, "build", "0.2.0");
    json_object(&j, "delivery");
    json_u64(&j, "accepted", rejected ? 0 : spans);
    json_u64(&j, "attempt", slow ? 2 : 1);
    json_cstr(&j, "destination", d->name);
    json_u64(&j, "latency_us", 3000 + below(m, 9000) * (1 + below(m, 4)) + slow);
    json_cstr(&j, "peer_cert_sha256", cert);
    json_u64(&j, "rejected", rejected ? spans : 0);
    json_u64(&j, "status", rejected ? 3 : 0);
    json_close_object(&j);
    json_cstr(&j, "node", "gate-1");
    json_cstr(&j, "outcome", rejected ? "rejected" : "delivered");
    json_cstr(&j, "reason", rejected ? "invalid_argument" : "ok");
    json_object(&j, "req");
    json_u64(&j, "id", m->id);
    json_close_object(&j);
    end(m, &j, "delivery");
    if (!rejected)
        return;
    j = begin(m);
    json_cstr(&j, "build", "0.2.0");
    json_object(&j, "loss");
    json_cstr(&j, "destination", d->name);
    json_cstr(&j, "reason", "invalid_argument");
    json_u64(&j, "spans", spans);
    json_close_object(&j);
    json_cstr(&j, "node", "gate-1");
    json_cstr(&j, "outcome", "lost");
    json_cstr(&j, "reason", "invalid_argument");
    end(m, &j, "loss");
}

static void
admin(struct maker *m, const char *verb)
{
    struct json j = begin(m);

    json_object(&j, "admin");
    json_cstr(&j, "actor", "local");
    json_cstr(&j, "object", DIGEST);
    json_cstr(&j, "result", "ok");
    json_cstr(&j, "verb", verb);
    json_close_object(&j);
    json_cstr(&j, "build", "0.2.0");
    json_cstr(&j, "node", "gate-1");
    json_cstr(&j, "outcome", "ok");
    json_cstr(&j, "reason", verb);
    end(m, &j, "admin");
}

static void
change(struct maker *m, const char *what, const char *name, bool start)
{
    struct json j = begin(m);
    char old[65], now[65];

    certificate_of((unsigned)strlen(name), m->revision - 1, old);
    certificate_of((unsigned)strlen(name), m->revision, now);
    json_cstr(&j, "build", "0.2.0");
    json_object(&j, "change");
    json_cstr(&j, "name", name);
    json_cstr(&j, "new", strcmp(what, "policy") == 0 ? DIGEST : now);
    if (!start)
        json_cstr(&j, "old", old);
    json_cstr(&j, "what", what);
    json_close_object(&j);
    json_cstr(&j, "node", "gate-1");
    json_cstr(&j, "outcome", start ? "in_force" : "changed");
    json_cstr(&j, "reason", start ? "start" : "reload");
    end(m, &j, "change");
}

static void
all_rules(struct maker *m)
{
    struct json j = begin(m);

    json_cstr(&j, "build", "0.2.0");
    json_cstr(&j, "node", "gate-1");
    json_cstr(&j, "outcome", "in_force");
    json_object(&j, "policy");
    json_cstr(&j, "digest", DIGEST);
    json_array(&j, "policies");
    for (unsigned i = 0; i < 3; i++) {
        json_object(&j, NULL);
        json_cstr(&j, "controls", i == 2 ? "GDPR-Ch5" : "GDPR-Art25 PCI-DSS-3.4.1");
        json_cstr(&j, "kind", i == 2 ? "ResidencyPolicy" : "RedactionPolicy");
        json_cstr(&j, "mode", i == 1 ? "shadow" : "enforce");
        json_cstr(&j, "name", i == 0 ? "starter" : i == 1 ? "trial" : "eu-stays");
        json_cstr(&j, "owner", "privacy@example.org");
        json_u64(&j, "revision", 3 + i);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_u64(&j, "revision", m->revision);
    json_array(&j, "rules");
    for (size_t i = 0; i < COUNT(rules); i++) {
        json_object(&j, NULL);
        json_cstr(&j, "action", rules[i].action);
        json_cstr(&j, "entity", rules[i].entity);
        json_cstr(&j, "id", rules[i].id);
        json_cstr(&j, "mode", rules[i].mode);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    json_cstr(&j, "reason", "begin");
    end(m, &j, "rules");
}

static void
start(struct maker *m)
{
    m->revision = 1;
    admin(m, "start");
    change(m, "certificate", "exporter otlp_grpc/eu-tempo", true);
    change(m, "certificate", "receiver otlp_grpc", true);
    change(m, "configuration", "gateway", true);
    change(m, "key", "pseudonym-2026", true);
    change(m, "policy", "all", true);
    change(m, "software", "spangate", true);
    all_rules(m);
}

static void
handshake(struct maker *m)
{
    static const char *const reasons[] = {"no_certificate", "expired", "unknown_ca", "not_allowed", "protocol"};
    struct json j = begin(m);

    json_cstr(&j, "build", "0.2.0");
    json_object(&j, "conn");
    json_cstr(&j, "peer_cidr", below(m, 3) ? "10.99.4.0/24" : "192.0.2.0/24");
    json_cstr(&j, "tls", "none");
    json_close_object(&j);
    json_u64(&j, "count", 1 + below(m, 3));
    json_cstr(&j, "node", "gate-1");
    json_cstr(&j, "outcome", "refused");
    json_cstr(&j, "reason", reasons[below(m, COUNT(reasons))]);
    end(m, &j, "handshake");
}

static void
closed(struct maker *m)
{
    struct json j = begin(m);
    char from[CLOCK_RFC3339_SIZE], to[CLOCK_RFC3339_SIZE];

    clock_rfc3339(m->us - 42000000, from);
    clock_rfc3339(m->us - 1000000, to);
    json_cstr(&j, "build", "0.2.0");
    json_object(&j, "gate");
    json_cstr(&j, "closed", from);
    json_cstr(&j, "opened", to);
    json_u64(&j, "refused", 37 + below(m, 200));
    json_u64(&j, "worker", 0);
    json_close_object(&j);
    json_cstr(&j, "node", "gate-1");
    json_cstr(&j, "outcome", "refused");
    json_cstr(&j, "reason", "full");
    end(m, &j, "gate");
}

/* One request and what follows from it. */
static void
traffic(struct maker *m)
{
    static const char *const refusals[] = {"utf8", "malformed", "too_large", "duplicate"};
    unsigned at = below(m, 1000), sender = 0, spans = 20 + below(m, 470);

    while (sender + 1 < COUNT(senders) && at >= senders[sender].share)
        at -= senders[sender++].share;
    m->id += 2;
    if (below(m, 700) == 0) {
        request(m, sender, spans, refusals[below(m, COUNT(refusals))]);
        return;
    }
    request(m, sender, spans, NULL);
    for (size_t d = 0; d < COUNT(destinations); d++) {
        m->us += 4000;
        if (takes(&destinations[d], &senders[sender]))
            delivery(m, &destinations[d], spans, below(m, 20000) == 0);
    }
}

/* How busy an hour is, of 100. */
static unsigned
rhythm(uint64_t us)
{
    static const unsigned char hour[24] = {22, 16, 12, 11, 12, 18, 30, 48, 68, 82, 90, 95, 92, 94, 96, 93, 88, 84, 86, 90, 80, 62, 44, 30};
    uint64_t days = us / 86400000000u;

    return hour[us / 3600000000u % 24] * (((days + 3) % 7) >= 5 ? 6u : 10u) / 10;
}

static void
publish(struct maker *m, const struct note_signer *signer, const char *origin)
{
    struct checkpoint c = {.origin = str_of(origin)};
    struct buf note = BUF_INIT(NOTE_MAX), body = BUF_INIT(NOTE_MAX);

    check(writer_flush(m->w), "flush");
    check(writer_state(m->w, &c.tree), "state");
    check(checkpoint_print(&c, &body), "checkpoint");
    check(buf_append(&note, buf_str(&body)), "note");
    check(buf_append_byte(&note, '\n'), "note");
    check(note_sign(signer, buf_str(&body), 0, &note), "sign");
    check(writer_publish(m->w, buf_str(&note)), "publish");
    buf_free(&note);
    buf_free(&body);
}

static void
fill(struct maker *m, uint64_t entries, uint64_t from, uint64_t to)
{
    uint64_t hours = (to - from) / 3600000000u, weight = 0, done = 0;

    for (uint64_t h = 0; h < hours; h++)
        weight += rhythm(from + h * 3600000000u);
    m->us = from + 1000000;
    start(m);
    for (uint64_t h = 0; h < hours; h++) {
        uint64_t begin_us = from + h * 3600000000u + 2000000;

        done += rhythm(begin_us);
        uint64_t until = entries * done / weight, first = m->seq;

        if (h % 397 == 396) {
            admin(m, "reload");
            m->revision++;
            change(m, below(m, 2) ? "certificate" : "configuration", "gateway", false);
            all_rules(m);
        }
        if (h == hours / 2) {
            admin(m, "stop");
            start(m);
        }
        if (h % 811 == 300)
            closed(m);
        while (m->seq < until) {
            m->us = begin_us + (m->seq - first) * 3590000000u / (until - first + 1);
            if (below(m, 3000) == 0)
                handshake(m);
            traffic(m);
        }
    }
}

int
main(int argc, char **argv)
{
    struct maker m = {.text = BUF_INIT(65535), .rng = {argc > 5 ? strtoull(argv[5], NULL, 10) : 1}, .id = 1, .revision = 1};
    uint64_t entries = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, from = 0, to = 0;
    const char *origin = "audit.example.org/spangate/gate-1";
    struct note_signer signer;
    struct errs es = {0};
    struct buf key = BUF_INIT(1024);
    char path[4096];

    if (entries == 0 || !time_parse(str_of(argc > 4 ? argv[3] : "2026-07-01"), &from) ||
        !time_parse(str_of(argc > 4 ? argv[4] : "2026-10-01"), &to)) {
        fprintf(stderr, "usage: make_log DIR ENTRIES [FROM TO [SEED]]\n");
        return 2;
    }
    check(note_signer_make(str_of(origin), NOTE_ED25519, &signer), "key");
    struct writer_options o = {.dir = argv[1], .keys = &signer.key, .key_count = 1};
    enum rc rc = writer_open(&o, &m.w, &es);

    if (rc != RC_OK)
        errs_print(&es, stderr, false);
    check(rc, "open");
    fill(&m, entries, from, to);
    publish(&m, &signer, origin);
    check(note_key_print(&signer.key, &key), "key");
    snprintf(path, sizeof(path), "%s/key.verifier", argv[1]);
    check(file_write_atomic(path, buf_str(&key), 0644), "key");
    printf("%llu entries\n", (unsigned long long)m.seq);
    writer_close(m.w);
    buf_free(&m.text);
    buf_free(&key);
    errs_free(&es);
    return 0;
}
