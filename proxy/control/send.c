#include "control/send.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

#include "codec/otlp_json.h"
#include "control/sink.h"
#include "send_int.h"
#include "sink_int.h"

#define BATCH_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define ARENA_MAX ((size_t)1024 * 1024 * 1024)
#define ARENA_KEEP ((size_t)16 * 1024 * 1024)

/* One batch, ready to go. */
struct load {
    struct buf wire, json, packed, ids;
    uint64_t bytes; /* before compression */
    uint32_t spans;
};

struct slot {
    struct parcel parcel; /* first: on_result finds the slot by it */
    struct sender *sender;
    struct exporter *exporter;
    struct load own;
    const struct load *load; /* own, or a prepared one */
    bool busy;
};

struct lane {
    struct exporter_set *set;
    struct exporter *exporter;
};

struct sender {
    const struct send_options *o;
    struct send_totals *totals;
    struct loop *loop;
    struct timer *refill, *give_up;
    struct event *signals[2];
    struct compressor *compressor;
    struct arena *arena;
    struct lane *lanes;
    struct slot *slots;
    unsigned slot_count, busy;
    struct load *prepared;
    unsigned prepared_count, prepared_next;
    bool traffic_ended;
    uint64_t start_us, sent_spans;
    struct latencies latencies;
};

static uint64_t
now_us(const struct sender *s)
{
    return clock_mono_us(loop_clock(s->loop));
}

static void
stop(struct sender *s, enum rc rc)
{
    if (s->totals->rc == RC_OK)
        s->totals->rc = rc;
    loop_stop(s->loop);
}

static void
slot_done(struct slot *slot)
{
    struct sender *s = slot->sender;

    slot->busy = false;
    s->busy--;
    timer_set(s->refill, 0); /* not from here: the exporter is still in its own function */
}

static void
acknowledged(struct slot *slot, const struct parcel_result *r)
{
    struct sender *s = slot->sender;
    struct send_totals *t = s->totals;

    t->requests++;
    t->spans += slot->parcel.spans;
    t->bytes += slot->load->bytes;
    t->wire_bytes += slot->parcel.body.len;
    t->partial += r->rejected;
    latencies_add(&s->latencies, r->latency_us);
    timer_set(s->give_up, s->o->give_up_ms);
    /* Which spans of a partial success were taken is not said: none of them counts as acknowledged. */
    if (s->o->acked >= 0 && r->rejected == 0 && sink_write(s->o->acked, buf_str(&slot->load->ids)) != RC_OK)
        stop(s, RC_IO);
}

static void
on_result(struct parcel *p, const struct parcel_result *r)
{
    struct slot *slot = (struct slot *)p;
    struct send_totals *t = slot->sender->totals;

    if (r->end != PARCEL_DELIVERED)
        snprintf(t->reason, sizeof(t->reason), "%s http=%d grpc=%d", r->reason, r->http_status, r->grpc_status);
    switch (r->end) {
    case PARCEL_DELIVERED:
        acknowledged(slot, r);
        slot_done(slot);
        break;
    case PARCEL_REJECTED:
        t->rejected_requests++;
        t->rejected_spans += p->spans;
        timer_set(slot->sender->give_up, slot->sender->o->give_up_ms);
        slot_done(slot);
        break;
    case PARCEL_WAITING:
        t->retries++;
        break;
    }
}

static void
load_init(struct load *l)
{
    l->wire = l->json = l->packed = l->ids = BUF_INIT(BATCH_BYTES_MAX);
}

static void
load_free(struct load *l)
{
    buf_free_wipe(&l->wire);
    buf_free_wipe(&l->json);
    buf_free_wipe(&l->packed);
    buf_free(&l->ids);
}

/* The ids of the batch, and how many spans it has. */
static enum rc
look_into(struct sender *s, struct load *l)
{
    struct batch b;

    arena_reset(s->arena, ARENA_KEEP);
    enum rc rc = batch_index(buf_str(&l->wire), &sink_limits, s->arena, &b);

    if (rc != RC_OK)
        return rc;
    l->spans = b.span_count;
    buf_clear(&l->ids);
    return s->o->acked >= 0 ? sink_print_ids(&b, &l->ids) : RC_OK;
}

/* Make the next batch of the traffic. */
static enum rc
load_make(struct sender *s, struct load *l)
{
    bool json = s->o->exporter.json;

    buf_clear(&l->wire);
    buf_clear(&l->json);
    buf_clear(&l->packed);
    enum rc rc = traffic_next(s->o->traffic, &l->wire);

    if (rc == RC_OK)
        rc = look_into(s, l);
    if (rc == RC_OK && json)
        rc = otlp_json_encode(buf_str(&l->wire), &l->json);
    if (rc == RC_OK)
        rc = compressor_deflate(s->compressor, s->o->exporter.compression, buf_str(json ? &l->json : &l->wire), &l->packed);
    l->bytes = json ? l->json.len : l->wire.len;
    return rc;
}

static enum rc
slot_fill(struct sender *s, struct slot *slot)
{
    enum rc rc = RC_OK;

    slot->load = &slot->own;
    if (s->o->prepared == 0)
        rc = load_make(s, &slot->own);
    else if (s->prepared_count == 0 || s->sent_spans >= s->o->prepared_spans)
        rc = RC_NOT_FOUND;
    else
        slot->load = &s->prepared[s->prepared_next++ % s->prepared_count];
    slot->parcel.body = buf_str(&slot->load->packed);
    slot->parcel.spans = slot->load->spans;
    slot->parcel.encoding = (uint8_t)s->o->exporter.compression;
    return rc;
}

/* How long the next batch has to wait for its turn, in ms. */
static uint64_t
rate_wait_ms(const struct sender *s)
{
    if (s->o->spans_per_second == 0)
        return 0;
    uint64_t due_us = (uint64_t)((double)s->sent_spans * 1e6 / (double)s->o->spans_per_second), gone_us = now_us(s) - s->start_us;

    return due_us > gone_us ? (due_us - gone_us + 999) / 1000 : 0;
}

static struct slot *
slot_free(struct sender *s)
{
    for (unsigned i = 0; i < s->slot_count; i++)
        if (!s->slots[i].busy)
            return &s->slots[i];
    return NULL;
}

static void
on_refill(void *arg)
{
    struct sender *s = arg;
    struct slot *slot;

    while (!s->traffic_ended && s->totals->rc == RC_OK && (slot = slot_free(s))) {
        uint64_t wait_ms = rate_wait_ms(s);

        if (wait_ms) {
            timer_set(s->refill, wait_ms);
            return;
        }
        enum rc rc = slot_fill(s, slot);

        if (rc == RC_NOT_FOUND) {
            s->traffic_ended = true;
        } else if (rc != RC_OK) {
            stop(s, rc);
        } else {
            slot->busy = true;
            s->busy++;
            s->sent_spans += slot->parcel.spans;
            exporter_submit(slot->exporter, &slot->parcel);
        }
    }
    if (s->traffic_ended && s->busy == 0)
        stop(s, RC_OK);
}

static void
on_give_up(void *arg)
{
    stop(arg, RC_TIMEOUT);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)number;
    (void)what;
    stop(arg, RC_STOPPING);
}

static enum rc
lanes_open(struct sender *s, struct errs *es)
{
    struct exporter_options o = s->o->exporter;

    o.name = "send";
    o.clock = loop_clock(s->loop);
    o.in_flight = s->o->in_flight;
    for (unsigned i = 0; i < s->o->connections; i++) {
        s->lanes[i].set = exporter_set_new(s->loop);
        if (!s->lanes[i].set)
            return RC_NOMEM;
        enum rc rc = exporter_open(s->lanes[i].set, &o, &s->lanes[i].exporter, es);

        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static void
slots_init(struct sender *s)
{
    for (unsigned i = 0; i < s->slot_count; i++) {
        struct slot *slot = &s->slots[i];

        slot->sender = s;
        slot->exporter = s->lanes[i % s->o->connections].exporter;
        slot->parcel.on_result = on_result;
        load_init(&slot->own);
    }
}

static enum rc
prepare(struct sender *s)
{
    enum rc rc = RC_OK;

    s->prepared = calloc(s->o->prepared + 1, sizeof(*s->prepared));
    if (!s->prepared)
        return RC_NOMEM;
    while (rc == RC_OK && s->prepared_count < s->o->prepared) {
        struct load *l = &s->prepared[s->prepared_count];

        load_init(l);
        rc = load_make(s, l);
        buf_free(&l->wire);
        buf_free(&l->json);
        if (rc == RC_OK)
            s->prepared_count++;
        else
            load_free(l);
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
sender_open(struct sender *s, struct errs *es)
{
    static const int numbers[2] = {SIGINT, SIGTERM};

    s->slot_count = s->o->connections * s->o->in_flight;
    s->refill = timer_new(s->loop, on_refill, s);
    s->give_up = timer_new(s->loop, on_give_up, s);
    s->compressor = compressor_new();
    s->arena = arena_new(ARENA_MAX);
    s->lanes = calloc(s->o->connections, sizeof(*s->lanes));
    s->slots = calloc(s->slot_count, sizeof(*s->slots));
    if (!s->refill || !s->give_up || !s->compressor || !s->arena || !s->lanes || !s->slots)
        return RC_NOMEM;
    for (int i = 0; i < 2; i++) {
        s->signals[i] = evsignal_new(loop_base(s->loop), numbers[i], on_signal, s);
        if (!s->signals[i] || event_add(s->signals[i], NULL) != 0)
            return RC_NOMEM;
    }
    enum rc rc = lanes_open(s, es);

    if (rc == RC_OK)
        slots_init(s);
    return rc == RC_OK ? prepare(s) : rc;
}

static void
sender_close(struct sender *s)
{
    for (unsigned i = 0; s->lanes && i < s->o->connections; i++) {
        if (s->lanes[i].exporter)
            exporter_close(s->lanes[i].exporter);
        if (s->lanes[i].set)
            exporter_set_free(s->lanes[i].set);
    }
    for (unsigned i = 0; s->slots && i < s->slot_count; i++)
        load_free(&s->slots[i].own);
    for (unsigned i = 0; i < s->prepared_count; i++)
        load_free(&s->prepared[i]);
    for (int i = 0; i < 2; i++)
        if (s->signals[i])
            event_free(s->signals[i]);
    timer_free(s->refill);
    timer_free(s->give_up);
    compressor_free(s->compressor);
    arena_free(s->arena);
    latencies_free(&s->latencies);
    free(s->lanes);
    free(s->slots);
    free(s->prepared);
}

static void
sum_up(struct sender *s)
{
    struct send_totals *t = s->totals;

    t->elapsed_us = now_us(s) - s->start_us;
    for (unsigned i = 0; i < s->slot_count; i++) {
        t->lost_requests += s->slots[i].busy;
        t->lost_spans += s->slots[i].busy ? s->slots[i].parcel.spans : 0;
    }
    t->p50_us = latencies_at(&s->latencies, 500);
    t->p90_us = latencies_at(&s->latencies, 900);
    t->p99_us = latencies_at(&s->latencies, 990);
    t->max_us = latencies_at(&s->latencies, 1000);
}

enum rc
send_run(struct loop *l, const struct send_options *o, struct send_totals *totals, struct errs *es)
{
    struct sender s = {.o = o, .totals = totals, .loop = l};

    *totals = (struct send_totals){.rc = RC_OK};
    enum rc rc = sender_open(&s, es);

    if (rc == RC_OK) {
        s.start_us = now_us(&s);
        timer_set(s.refill, 0);
        timer_set(s.give_up, o->give_up_ms);
        loop_run(l);
        sum_up(&s);
    }
    sender_close(&s);
    return rc;
}
