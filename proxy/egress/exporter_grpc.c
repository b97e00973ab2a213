/*
 * OTLP/gRPC: each attempt is a stream of an HTTP/2 connection (nghttp2, which keeps the protocol's rules and the windows).
 *
 *   exporter ──▶ current connection: new streams       others: draining, until their last stream has ended
 *
 * Nothing is told to the exporter from inside nghttp2: what ends is marked, and told when the outermost call of the connection returns (leave).
 * A stream that the server has surely not processed (REFUSED_STREAM, above GOAWAY's last, or lost with a connection that died while idle) is
 * sent again at once on another connection: that is no failure of the destination.
 */
#include <ctype.h>
#include <stdlib.h>

#include <nghttp2/nghttp2.h>

#include "exporter_int.h"
#include "exporter_wire_int.h"

#define GRPC_PATH "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define RESENDS_MAX 3
#define WINDOW_BYTES (1 << 20)
#define HEADER_LIST_MAX 16384
#define FIXED_FIELDS 10

struct grpc_conn {
    struct wire_user user;
    struct exporter *e;
    struct grpc_conn *next, **link;
    struct wire *wire;        /* NULL: ended */
    nghttp2_session *h2;      /* NULL: not open yet */
    struct attempt *attempts; /* its streams, and what waits for it to open */
    unsigned depth;
    bool dead;         /* nothing can be sent any more */
    const char *why;   /* of dead */
    bool wrote;        /* something went into the wire since this was false */
    uint64_t heard;    /* how often the other side was heard */
    uint64_t answered; /* streams that came to their end */
    uint64_t opened_us;
};

/* The header fields of a request, in memory of their own. */
struct grpc_fields {
    size_t count;
    nghttp2_nv nv[];
};

/* -- connections ------------------------------------------------------------------------------------------------------------------ */

static void
unlink_attempt(struct attempt *a)
{
    *a->conn_link = a->conn_next;
    if (a->conn_next)
        a->conn_next->conn_link = a->conn_link;
    a->conn = NULL;
}

static void
link_attempt(struct attempt *a, struct grpc_conn *c)
{
    a->conn = c;
    a->conn_next = c->attempts;
    a->conn_link = &c->attempts;
    if (a->conn_next)
        a->conn_next->conn_link = &a->conn_next;
    c->attempts = a;
    a->stream = -1;
    a->heard = c->heard;
    a->is_done = a->is_refused = a->is_whole = false;
}

static void
retire(struct grpc_conn *c)
{
    if (c->e->current == c)
        c->e->current = NULL;
}

static void
conn_free(struct grpc_conn *c)
{
    retire(c);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    if (c->wire)
        wire_close(c->wire);
    nghttp2_session_del(c->h2);
    free(c);
}

static void
kill_conn(struct grpc_conn *c, const char *why)
{
    if (!c->dead)
        c->why = why;
    c->dead = true;
    retire(c);
}

static void
enter(struct grpc_conn *c)
{
    c->depth++;
}

static enum rc place(struct attempt *a);
static void leave(struct grpc_conn *c);

static struct attempt *
next_ended(struct grpc_conn *c)
{
    struct attempt *a = c->attempts;

    while (a && !a->is_done && !c->dead)
        a = a->conn_next;
    return a;
}

/* Whether the server has surely not acted on it, or an idle connection had died unseen. */
static bool
is_to_be_resent(const struct grpc_conn *c, const struct attempt *a)
{
    bool unseen = a->is_refused || (c->dead && !a->is_done && c->answered && c->heard == a->heard);

    return unseen && a->answer.http_status < 0 && a->resends < RESENDS_MAX;
}

static void
tell_ended(struct grpc_conn *c, struct attempt *a)
{
    const char *trouble = a->is_done ? a->trouble : c->why;
    bool again = is_to_be_resent(c, a), whole = a->is_whole;

    unlink_attempt(a);
    if (again) {
        a->resends++;
        a->sent = 0;
        if (place(a) == RC_OK)
            return;
        trouble = "memory";
    }
    timer_clear(a->timer);
    exporter_on_finished(a, whole, trouble);
}

/* The outermost call tells what has ended; that may begin new streams here. */
static void
leave(struct grpc_conn *c)
{
    struct attempt *a;

    if (c->depth > 1) {
        c->depth--;
        return;
    }
    while ((a = next_ended(c)))
        tell_ended(c, a);
    c->depth--;
    if (c->dead || (!c->attempts && c->e->current != c))
        conn_free(c);
}

/* -- sending ---------------------------------------------------------------------------------------------------------------------- */

static ssize_t
on_send(nghttp2_session *h2, const uint8_t *bytes, size_t len, int flags, void *arg)
{
    struct grpc_conn *c = arg;

    (void)h2;
    (void)flags;
    if (!wire_write(c->wire, (struct str){(const char *)bytes, len}, (struct str){NULL, 0}))
        return NGHTTP2_ERR_WOULDBLOCK;
    c->wrote = true;
    return (ssize_t)len;
}

/* Only says how much: on_send_data takes it from the parcel when there is room. */
static ssize_t
on_length(nghttp2_session *h2, int32_t stream, uint8_t *out, size_t max, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    const struct attempt *a = source->ptr;
    size_t left = attempt_size(a) - a->sent;

    (void)h2;
    (void)stream;
    (void)out;
    (void)arg;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (left <= max)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)(left < max ? left : max);
}

/* The one copy of the body: from the parcel behind its frame header, into the buffer that is encrypted. */
static int
on_send_data(nghttp2_session *h2, nghttp2_frame *frame, const uint8_t *head, size_t len, nghttp2_data_source *source, void *arg)
{
    struct grpc_conn *c = arg;
    struct attempt *a = source->ptr;
    uint8_t front[9 + GRPC_PREFIX];
    size_t prefix = a->sent < a->prefix_len ? a->prefix_len - a->sent : 0;

    (void)h2;
    (void)frame;
    prefix = prefix < len ? prefix : len;
    memcpy(front, head, 9);
    memcpy(front + 9, a->prefix + a->prefix_len - prefix, prefix);
    size_t from = a->sent + prefix - a->prefix_len;

    if (!wire_write(c->wire, (struct str){(const char *)front, 9 + prefix}, (struct str){a->parcel->body.ptr + from, len - prefix}))
        return NGHTTP2_ERR_WOULDBLOCK;
    a->sent += len;
    c->wrote = true;
    return 0;
}

/* Until the socket is full or nothing is left. */
static void
flush(struct grpc_conn *c)
{
    if (!c->h2 || c->dead)
        return;
    do {
        c->wrote = false;
        if (nghttp2_session_send(c->h2) != 0) {
            kill_conn(c, "memory");
            return;
        }
    } while (wire_flush(c->wire) && c->wrote);
}

static bool
submit(struct attempt *a)
{
    const struct grpc_fields *f = a->e->fields[a->parcel->encoding];
    const nghttp2_data_provider body = {.source.ptr = a, .read_callback = on_length};

    snprintf(a->peer_cert_sha256, sizeof(a->peer_cert_sha256), "%s", wire_peer_sha256(a->conn->wire));
    a->stream = nghttp2_submit_request(a->conn->h2, NULL, f->nv, f->count, &body, a);
    return a->stream > 0;
}

/* -- receiving -------------------------------------------------------------------------------------------------------------------- */

static struct attempt *
attempt_of(nghttp2_session *h2, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(h2, stream);
}

static int
on_header(
    nghttp2_session *h2, const nghttp2_frame *f, const uint8_t *name, size_t name_len, const uint8_t *value, size_t len, uint8_t flags, void *arg)
{
    struct attempt *a = attempt_of(h2, f->hd.stream_id);

    (void)flags;
    (void)arg;
    if (!a || answer_field(&a->answer, (struct str){(const char *)name, name_len}, (struct str){(const char *)value, len}) == RC_OK)
        return 0;
    a->refusal = "memory";
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t len, void *arg)
{
    struct attempt *a = attempt_of(h2, stream);
    enum rc rc = a && !a->refusal ? answer_body(&a->answer, (struct str){(const char *)bytes, len}) : RC_OK;

    (void)flags;
    (void)arg;
    if (rc == RC_OK)
        return 0;
    a->refusal = rc == RC_TOO_LARGE ? "too_large" : "memory";
    nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    return 0;
}

static int
on_frame(nghttp2_session *h2, const nghttp2_frame *f, void *arg)
{
    struct grpc_conn *c = arg;

    if (f->hd.type == NGHTTP2_GOAWAY)
        retire(c);
    bool ends = (f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) && (f->hd.flags & NGHTTP2_FLAG_END_STREAM);
    struct attempt *a = ends ? attempt_of(h2, f->hd.stream_id) : NULL;

    if (!a)
        return 0;
    a->is_whole = true;
    if (a->sent < attempt_size(a)) /* answered before it was sent: the rest is not wanted (RFC 9113 section 8.1) */
        nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, f->hd.stream_id, NGHTTP2_CANCEL);
    return 0;
}

static int
on_stream_close(nghttp2_session *h2, int32_t stream, uint32_t code, void *arg)
{
    struct grpc_conn *c = arg;
    struct attempt *a = attempt_of(h2, stream);

    if (!a)
        return 0;
    a->is_done = true;
    a->is_refused = code == NGHTTP2_REFUSED_STREAM && !a->is_whole;
    a->trouble = "reset";
    c->answered += a->is_whole;
    return 0;
}

static nghttp2_session *
session_new(struct grpc_conn *c)
{
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_MAX}};
    nghttp2_session_callbacks *cb;
    nghttp2_session *h2 = NULL;

    if (nghttp2_session_callbacks_new(&cb) != 0)
        return NULL;
    nghttp2_session_callbacks_set_send_callback(cb, on_send);
    nghttp2_session_callbacks_set_send_data_callback(cb, on_send_data);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    int e = nghttp2_session_client_new(&h2, cb, c);

    nghttp2_session_callbacks_del(cb);
    if (e == 0 && nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(settings[0])) == 0 &&
        nghttp2_session_set_local_window_size(h2, NGHTTP2_FLAG_NONE, 0, WINDOW_BYTES) == 0)
        return h2;
    nghttp2_session_del(h2);
    return NULL;
}

static void
on_open(struct wire_user *u)
{
    struct grpc_conn *c = (struct grpc_conn *)u;

    enter(c);
    c->opened_us = clock_mono_us(c->e->clock);
    c->h2 = session_new(c);
    if (!c->h2)
        kill_conn(c, "memory");
    for (struct attempt *a = c->attempts; a && !c->dead; a = a->conn_next)
        if (!submit(a))
            kill_conn(c, "memory");
    flush(c);
    leave(c);
}

static void
on_bytes(struct wire_user *u, struct str bytes)
{
    struct grpc_conn *c = (struct grpc_conn *)u;

    enter(c);
    c->heard++;
    if (!c->dead && nghttp2_session_mem_recv(c->h2, (const uint8_t *)bytes.ptr, bytes.len) < 0)
        kill_conn(c, "reset");
    flush(c);
    if (!c->dead && !nghttp2_session_want_read(c->h2) && !nghttp2_session_want_write(c->h2))
        kill_conn(c, "reset"); /* the protocol was broken, or GOAWAY and no stream left */
    leave(c);
}

static void
on_room(struct wire_user *u)
{
    struct grpc_conn *c = (struct grpc_conn *)u;

    enter(c);
    flush(c);
    leave(c);
}

static void
on_end(struct wire_user *u, const char *why)
{
    struct grpc_conn *c = (struct grpc_conn *)u;

    enter(c);
    c->wire = NULL;
    kill_conn(c, why);
    leave(c);
}

/* -- attempts --------------------------------------------------------------------------------------------------------------------- */

static struct grpc_conn *
conn_new(struct exporter *e)
{
    struct grpc_conn *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->user = (struct wire_user){on_open, on_bytes, on_room, on_end};
    c->e = e;
    c->wire = wire_open(e, &c->user);
    if (!c->wire) {
        free(c);
        return NULL;
    }
    c->next = e->conns;
    c->link = &e->conns;
    if (c->next)
        c->next->link = &c->next;
    e->conns = c;
    e->current = c;
    return c;
}

/* Put an attempt on the current connection, a new one when there is none or it is old. */
static enum rc
place(struct attempt *a)
{
    struct exporter *e = a->e;
    struct grpc_conn *c = e->current;

    if (c && c->h2 && clock_mono_us(e->clock) - c->opened_us > (uint64_t)CONNECTION_AGE_S * 1000000) {
        enter(c);
        retire(c);
        leave(c);
        c = NULL;
    }
    if (!c && !(c = conn_new(e)))
        return RC_NOMEM;
    link_attempt(a, c);
    if (!c->h2)
        return RC_OK; /* with the others when it is open */
    enter(c);
    if (!submit(a)) { /* no stream number left, or no memory: another connection, next time */
        unlink_attempt(a);
        retire(c);
        leave(c);
        return RC_NOMEM;
    }
    flush(c);
    leave(c);
    return RC_OK;
}

enum rc
grpc_start(struct attempt *a)
{
    a->resends = 0;
    timer_set(a->timer, a->e->timeout_ms);
    enum rc rc = place(a);

    if (rc != RC_OK)
        timer_clear(a->timer);
    return rc;
}

/* Take an attempt off its connection, which must be entered. */
static void
withdraw(struct attempt *a)
{
    struct grpc_conn *c = a->conn;

    timer_clear(a->timer);
    if (c->h2 && a->stream > 0 && !a->is_done) {
        nghttp2_session_set_stream_user_data(c->h2, a->stream, NULL);
        nghttp2_submit_rst_stream(c->h2, NGHTTP2_FLAG_NONE, a->stream, NGHTTP2_CANCEL);
    }
    unlink_attempt(a);
}

static void
on_timeout(void *arg)
{
    struct attempt *a = arg;
    struct grpc_conn *c = a->conn;

    enter(c);
    if (a->heard == c->heard) /* not a word from the other side since: the next one tries a connection of its own */
        retire(c);
    withdraw(a);
    flush(c);
    exporter_on_finished(a, false, "timeout");
    leave(c);
}

void
grpc_abandon(struct attempt *a)
{
    struct grpc_conn *c = a->conn;

    enter(c);
    withdraw(a);
    flush(c);
    leave(c);
}

enum rc
grpc_init(struct attempt *a, const struct exporter_options *o)
{
    (void)o;
    a->timer = timer_new(set_loop(a->e->set), on_timeout, a);
    return a->timer ? RC_OK : RC_NOMEM;
}

void
grpc_fini(struct attempt *a)
{
    timer_free(a->timer);
}

/* -- setup ------------------------------------------------------------------------------------------------------------------------ */

static void
add_field(struct grpc_fields *f, char **at, struct str name, struct str value)
{
    char *n = *at, *v = n + name.len;

    for (size_t i = 0; i < name.len; i++)
        n[i] = (char)tolower((unsigned char)name.ptr[i]); /* RFC 9113 section 8.2.1 */
    memcpy(v, value.ptr, value.len);
    *at = v + value.len;
    f->nv[f->count++] = (nghttp2_nv){(uint8_t *)n, (uint8_t *)v, name.len, value.len, NGHTTP2_NV_FLAG_NONE};
}

/* One block: the array, then the text. */
static struct grpc_fields *
fields_new(const struct exporter *e, const struct exporter_options *o, enum encoding encoding)
{
    size_t count = FIXED_FIELDS, text = 512 + strlen(e->authority);
    char timeout[24];

    for (; o->headers && o->headers[count - FIXED_FIELDS]; count++)
        text += strlen(o->headers[count - FIXED_FIELDS]);
    struct grpc_fields *f = calloc(1, sizeof(*f) + count * sizeof(f->nv[0]) + text);

    if (!f)
        return NULL;
    char *at = (char *)(f->nv + count);

    add_field(f, &at, STR(":method"), STR("POST"));
    add_field(f, &at, STR(":scheme"), e->plaintext ? STR("http") : STR("https"));
    add_field(f, &at, STR(":path"), STR(GRPC_PATH));
    add_field(f, &at, STR(":authority"), str_of(e->authority));
    add_field(f, &at, STR("te"), STR("trailers"));
    add_field(f, &at, STR("content-type"), STR("application/grpc"));
    add_field(f, &at, STR("user-agent"), STR("spangate/" SPANGATE_VERSION));
    add_field(f, &at, STR("grpc-accept-encoding"), STR("identity"));
    /* TimeoutValue has at most 8 digits (gRPC over HTTP2, "Requests"). */
    snprintf(timeout, sizeof(timeout), "%llum", (unsigned long long)(e->timeout_ms < 99999999 ? e->timeout_ms : 99999999));
    add_field(f, &at, STR("grpc-timeout"), str_of(timeout));
    if (encoding != ENCODING_IDENTITY)
        add_field(f, &at, STR("grpc-encoding"), str_of(encoding_name(encoding)));
    for (size_t i = 0; o->headers && o->headers[i]; i++) {
        struct header h = setup_header(o, i);

        add_field(f, &at, h.name, h.value);
    }
    return f;
}

enum rc
grpc_setup(struct exporter *e, const struct exporter_options *o)
{
    for (unsigned enc = 0; enc < ENCODINGS; enc++)
        if (!(e->fields[enc] = fields_new(e, o, (enum encoding)enc)))
            return RC_NOMEM;
    return RC_OK;
}

/* All attempts have been abandoned. */
void
grpc_close(struct exporter *e)
{
    while (e->conns)         /* conn_free takes it off the list */
        conn_free(e->conns); /* NOLINT(clang-analyzer-unix.Malloc) */
    for (unsigned enc = 0; enc < ENCODINGS; enc++)
        free(e->fields[enc]);
}
