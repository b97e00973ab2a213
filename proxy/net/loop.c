#include "net/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "loop_int.h"

#define UNSET SIZE_MAX
/* Of libevent: one round runs the events of the most urgent class that has any. Those that nobody has put elsewhere are in the middle. */
#define PRIORITIES 3
#define PRIORITY_IDLE (PRIORITIES - 1)
#define FATAL_EXIT 4 /* unavailable */
#define TIMER_MAX_MS (UINT64_C(10) * 365 * 86400 * 1000)

struct timer {
    struct loop *loop;
    uint64_t due_us, round; /* round in which it was set: it fires in a later one */
    size_t at;              /* its place in the heap */
    void (*on_fire)(void *arg);
    void *arg;
};

/*
 *   heap[0 .. set_count)   the timers that are set, the earliest first, each above its children at 2i+1 and 2i+2
 *   heap_cap >= timer_count >= set_count: timer_new makes the room, so that timer_set cannot fail
 */
struct loop {
    const struct clock *clock;
    struct event_base *base;
    struct event *wake, *alarm;
    int wake_fd;
    _Atomic(struct letter *) mail; /* newest first */
    _Atomic bool stop;
    struct timer **heap;
    size_t set_count, heap_cap, timer_count;
    uint64_t round;
    struct loop_scratch scratch;
};

static void
heap_put(struct loop *l, size_t at, struct timer *t)
{
    l->heap[at] = t;
    t->at = at;
}

static void
heap_up(struct loop *l, struct timer *t)
{
    size_t at = t->at;

    while (at > 0 && l->heap[(at - 1) / 2]->due_us > t->due_us) {
        heap_put(l, at, l->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_put(l, at, t);
}

static void
heap_down(struct loop *l, struct timer *t)
{
    size_t at = t->at;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < l->set_count && l->heap[child + 1]->due_us < l->heap[child]->due_us)
            child++;
        if (child >= l->set_count || l->heap[child]->due_us >= t->due_us)
            break;
        heap_put(l, at, l->heap[child]);
        at = child;
    }
    heap_put(l, at, t);
}

/* event_add has its memory already: see loop_new. */
static void
alarm_set(struct loop *l)
{
    if (l->set_count == 0)
        return;
    uint64_t now = clock_mono_us(l->clock), due = l->heap[0]->due_us;
    uint64_t wait = due > now ? due - now : 0;
    struct timeval tv = {.tv_sec = (time_t)(wait / 1000000), .tv_usec = (suseconds_t)(wait % 1000000)};

    event_add(l->alarm, &tv);
}

static void
timers_fire(struct loop *l)
{
    uint64_t now = clock_mono_us(l->clock);

    l->round++;
    while (l->set_count && l->heap[0]->due_us <= now && l->heap[0]->round != l->round) {
        struct timer *t = l->heap[0];

        timer_clear(t);
        t->on_fire(t->arg);
    }
    alarm_set(l);
}

static void
on_alarm(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    timers_fire(arg);
}

static void
mail_deliver(struct loop *l)
{
    struct letter *newest = atomic_exchange_explicit(&l->mail, NULL, memory_order_acquire), *oldest = NULL;

    while (newest) {
        struct letter *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct letter *letter = oldest;

        oldest = letter->next;
        letter->on_delivery(letter);
    }
}

/* The counter is read before the list is taken: who posts after the list was taken finds it empty and writes again. */
static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof(count));

    (void)n;
    (void)what;
    mail_deliver(l);
    if (atomic_load(&l->stop))
        event_base_loopbreak(l->base);
}

static void
wake_up(struct loop *l)
{
    uint64_t one = 1;
    ssize_t n;

    /* EAGAIN: the counter is full, so the loop is awake already. */
    do
        n = write(l->wake_fd, &one, sizeof(one));
    while (n < 0 && errno == EINTR);
}

static void
on_complaint(int severity, const char *text)
{
    if (severity >= EVENT_LOG_WARN)
        log_event(LOG_LOOP, LOG_STR("what", text));
}

/* libevent gives up where it gets no descriptors for a base, which happens only at the start. */
static void
on_fatal(int e)
{
    (void)e;
    _exit(FATAL_EXIT);
}

static struct event_base *
base_new(void)
{
    struct event_config *cfg = event_config_new();

    event_set_log_callback(on_complaint);
    event_set_fatal_callback(on_fatal);
    if (!cfg)
        return NULL;
    /* One thread a loop: no locks. Others reach it by the eventfd. */
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(cfg);

    event_config_free(cfg);
    if (base && event_base_priority_init(base, PRIORITIES) != 0) {
        event_base_free(base);
        return NULL;
    }
    return base;
}

struct loop *
loop_new(const struct clock *clock)
{
    struct loop *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->clock = clock;
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->base = l->wake_fd >= 0 ? base_new() : NULL;
    if (l->base) {
        l->wake = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
        l->alarm = event_new(l->base, -1, 0, on_alarm, l);
    }
    /* The alarm is set once, so that libevent has a place for it when timers, which cannot fail, set it again. */
    if (!l->wake || !l->alarm || event_add(l->wake, NULL) != 0 || event_add(l->alarm, &(struct timeval){.tv_sec = 1}) != 0) {
        loop_free(l);
        return NULL;
    }
    return l;
}

void
loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->alarm)
        event_free(l->alarm);
    if (l->wake)
        event_free(l->wake);
    if (l->base)
        event_base_free(l->base);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    free(l->heap);
    free(l);
}

void
loop_run(struct loop *l)
{
    while (!atomic_load(&l->stop) && event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) >= 0)
        ;
    atomic_store(&l->stop, false);
}

void
loop_step(struct loop *l)
{
    event_base_loop(l->base, EVLOOP_NONBLOCK);
    timers_fire(l);
}

void
loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    wake_up(l);
}

struct event_base *
loop_base(struct loop *l)
{
    return l->base;
}

const struct clock *
loop_clock(const struct loop *l)
{
    return l->clock;
}

struct loop_scratch *
loop_scratch(struct loop *l)
{
    return &l->scratch;
}

void
loop_post(struct loop *l, struct letter *letter)
{
    struct letter *newest = atomic_load_explicit(&l->mail, memory_order_relaxed);

    do
        letter->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&l->mail, &newest, letter, memory_order_release, memory_order_relaxed));
    if (!newest)
        wake_up(l);
}

struct timer *
timer_new(struct loop *l, void (*on_fire)(void *arg), void *arg)
{
    if (l->timer_count == l->heap_cap) {
        size_t cap = l->heap_cap ? 2 * l->heap_cap : 16;
        struct timer **heap = reallocarray(l->heap, cap, sizeof(*heap));

        if (!heap)
            return NULL;
        l->heap = heap;
        l->heap_cap = cap;
    }
    struct timer *t = malloc(sizeof(*t));

    if (!t)
        return NULL;
    *t = (struct timer){.loop = l, .at = UNSET, .on_fire = on_fire, .arg = arg};
    l->timer_count++;
    return t;
}

void
timer_set(struct timer *t, uint64_t after_ms)
{
    struct loop *l = t->loop;

    timer_clear(t);
    t->due_us = clock_mono_us(l->clock) + (after_ms < TIMER_MAX_MS ? after_ms : TIMER_MAX_MS) * 1000;
    t->round = l->round;
    t->at = l->set_count++;
    heap_up(l, t);
    if (t->at == 0)
        alarm_set(l);
}

void
timer_clear(struct timer *t)
{
    struct loop *l = t->loop;

    if (t->at == UNSET)
        return;
    struct timer *last = l->heap[--l->set_count];

    if (last != t) {
        heap_put(l, t->at, last);
        heap_up(l, last);
        heap_down(l, last);
    }
    t->at = UNSET; /* the alarm stays: it may ring once in vain */
}

void
timer_free(struct timer *t)
{
    if (!t)
        return;
    timer_clear(t);
    t->loop->timer_count--;
    free(t);
}

struct idle {
    struct event *ev;
    void (*on_idle)(void *arg);
    void *arg;
};

static void
on_nothing_else(evutil_socket_t fd, short what, void *arg)
{
    struct idle *i = arg;

    (void)fd;
    (void)what;
    i->on_idle(i->arg);
}

struct idle *
idle_new(struct loop *l, void (*on_idle)(void *arg), void *arg)
{
    struct idle *i = malloc(sizeof(*i));

    if (!i)
        return NULL;
    *i = (struct idle){event_new(l->base, -1, 0, on_nothing_else, i), on_idle, arg};
    if (!i->ev || event_priority_set(i->ev, PRIORITY_IDLE) != 0) {
        idle_free(i);
        return NULL;
    }
    return i;
}

void
idle_set(struct idle *i)
{
    event_active(i->ev, EV_TIMEOUT, 0);
}

void
idle_free(struct idle *i)
{
    if (!i)
        return;
    if (i->ev)
        event_free(i->ev);
    free(i);
}
