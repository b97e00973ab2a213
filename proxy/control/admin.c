#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/metrics.h"
#include "service_int.h"

#define METRICS_MAX ((size_t)16 << 20)

struct admin {
    struct service *service;
    struct evhttp *http;
    bool metrics;
};

#define PLAIN_TEXT "text/plain; charset=utf-8"

static void
answer_as(struct evhttp_request *rq, int status, const char *type, struct str body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(rq);
    struct evbuffer *out = evhttp_request_get_output_buffer(rq);

    if (evhttp_add_header(headers, "Cache-Control", "no-store") != 0 || evhttp_add_header(headers, "Content-Type", type) != 0 ||
        evbuffer_add(out, body.ptr, body.len) != 0)
        status = HTTP_INTERNAL;
    evhttp_send_reply(rq, status, NULL, NULL);
}

static void
answer(struct evhttp_request *rq, int status, struct str body)
{
    answer_as(rq, status, PLAIN_TEXT, body);
}

static void
answer_metrics(struct evhttp_request *rq)
{
    struct buf text = BUF_INIT(METRICS_MAX);

    if (metrics_print(&text) != RC_OK)
        answer(rq, HTTP_INTERNAL, STR("too many metrics"));
    else
        answer_as(rq, HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", buf_str(&text));
    buf_free(&text);
}

/* Ready means: a request that comes now can be recorded, and somebody listens for it. */
static void
answer_ready(const struct service *s, struct evhttp_request *rq)
{
    const char *why = s->stopping                          ? "stopping"
                      : !s->listening                      ? "starting"
                      : journal_ready(s->journal) != RC_OK ? "journal"
                                                           : auditor_problem(s->auditor);

    if (why)
        answer(rq, HTTP_SERVUNAVAIL, str_of(why));
    else
        answer(rq, HTTP_OK, STR("ready"));
}

static void
on_request(struct evhttp_request *rq, void *arg)
{
    const struct admin *a = arg;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(rq);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

    if (path && strcmp(path, "/livez") == 0)
        answer(rq, HTTP_OK, STR("alive"));
    else if (path && strcmp(path, "/readyz") == 0)
        answer_ready(a->service, rq);
    else if (path && a->metrics && strcmp(path, "/metrics") == 0)
        answer_metrics(rq);
    else
        answer(rq, HTTP_NOTFOUND, STR("not found"));
}

/* The port, found out when the configuration left it to the system. */
static uint16_t
bound_port(struct evhttp_bound_socket *bound)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } at = {.six = {0}};
    socklen_t len = sizeof(at);

    if (getsockname(evhttp_bound_socket_get_fd(bound), &at.any, &len) != 0)
        return 0;
    return at.any.sa_family == AF_INET6 ? ntohs(at.six.sin6_port) : ntohs(at.four.sin_port);
}

enum rc
admin_open(struct service *s, const struct config_endpoint *e, bool metrics, struct admin **admin, struct errs *es)
{
    struct admin *a = calloc(1, sizeof(*a));

    if (!a)
        return RC_NOMEM;
    *a = (struct admin){.service = s, .metrics = metrics, .http = evhttp_new(loop_base(s->loop))};
    if (!a->http) {
        free(a);
        return RC_NOMEM;
    }
    evhttp_set_allowed_methods(a->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_max_headers_size(a->http, 8192);
    evhttp_set_max_body_size(a->http, 0);
    evhttp_set_timeout(a->http, 10);
    evhttp_set_gencb(a->http, on_request, a);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(a->http, e->address, e->port);

    if (!bound) {
        errs_add(es, ERR_ERROR, RC_IO, 0, e->pos, "cannot listen on %s port %u: %m", e->address, e->port);
        admin_close(a);
        return RC_IO;
    }
    log_event(LOG_LISTENING, LOG_STR("protocol", metrics ? "metrics" : "health"), LOG_STR("address", e->address), LOG_NUM("port", bound_port(bound)));
    *admin = a;
    return RC_OK;
}

void
admin_close(struct admin *a)
{
    if (!a)
        return;
    evhttp_free(a->http);
    free(a);
}
