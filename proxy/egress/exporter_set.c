/*
 * libcurl says which descriptors it waits for and until when; libevent does the waiting. Callbacks of libcurl only note; everything that may submit, cancel
 * or free runs after curl_multi_socket_action has returned.
 */
#include <pthread.h>
#include <stdlib.h>

#include <event2/event.h>

#include "exporter_int.h"

struct exporter_set {
    struct loop *loop;
    CURLM *multi;
    struct event *timer;
};

static void
init_once(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

CURLM *
set_multi(struct exporter_set *s)
{
    return s->multi;
}

struct loop *
set_loop(struct exporter_set *s)
{
    return s->loop;
}

static void
collect_finished(struct exporter_set *s)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(s->multi, &left))) {
        char *owner = NULL;

        if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &owner) != CURLE_OK || !owner)
            continue;
        struct easy_owner *o = (struct easy_owner *)(void *)owner;

        o->on_done(o, m->data.result); /* m is gone after this */
    }
}

static void
act(struct exporter_set *s, curl_socket_t fd, int what)
{
    int running;

    curl_multi_socket_action(s->multi, fd, what, &running);
    collect_finished(s);
}

static void
on_fd(evutil_socket_t fd, short what, void *arg)
{
    act(arg, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* One event a descriptor, kept by libcurl as the descriptor's data. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *data)
{
    struct exporter_set *s = arg;
    struct event *ev = data;
    short wanted = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (ev)
            event_free(ev);
        curl_multi_assign(s->multi, fd, NULL);
        return 0;
    }
    if (ev) {
        event_del(ev);
        if (event_assign(ev, loop_base(s->loop), fd, (short)(wanted | EV_PERSIST), on_fd, s) != 0)
            return -1;
    } else {
        ev = event_new(loop_base(s->loop), fd, (short)(wanted | EV_PERSIST), on_fd, s);
        if (!ev)
            return -1;
        curl_multi_assign(s->multi, fd, ev);
    }
    return event_add(ev, NULL);
}

/* libcurl's own deadlines are in real time. */
static int
on_timer_change(CURLM *multi, long ms, void *arg)
{
    struct exporter_set *s = arg;

    (void)multi;
    if (ms < 0)
        return event_del(s->timer);
    return event_add(s->timer, &(struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000});
}

struct exporter_set *
exporter_set_new(struct loop *l)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct exporter_set *s = calloc(1, sizeof(*s));

    pthread_once(&once, init_once);
    if (!s)
        return NULL;
    s->loop = l;
    s->timer = event_new(loop_base(l), -1, 0, on_time, s);
    s->multi = curl_multi_init();
    if (!s->timer || !s->multi || curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket) ||
        curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s) || curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer_change) ||
        curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s) || curl_multi_setopt(s->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX)) {
        exporter_set_free(s);
        return NULL;
    }
    return s;
}

void
exporter_set_free(struct exporter_set *s)
{
    if (!s)
        return;
    if (s->multi)
        curl_multi_cleanup(s->multi); /* closes connections, which asks on_socket to free their events */
    if (s->timer)
        event_free(s->timer);
    free(s);
}
