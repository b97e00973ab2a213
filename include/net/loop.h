/**
 * The event loop of one thread (libevent), its timers, and the mailbox by which other threads reach it.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

#include "base/clock.h"
#include "base/rc.h"

struct event_base;
struct loop;

struct loop *loop_new(const struct clock *clock) MUST_USE;
void loop_free(struct loop *l);
/* Run until loop_stop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l); /* any thread */
/* One round without waiting: letters, descriptors that are ready, timers that the clock says are due. With a fake clock this is how a test
 * goes through hours in no time. */
void loop_step(struct loop *l);
struct event_base *loop_base(struct loop *l);
const struct clock *loop_clock(const struct loop *l);

/* One-shot timers, by the loop's clock. timer_set replaces what was set; timer_clear is idempotent. A timer set while timers fire waits for the
 * next round. All timers are freed before their loop. */
struct timer;
struct timer *timer_new(struct loop *l, void (*on_fire)(void *arg), void *arg) MUST_USE;
void timer_set(struct timer *t, uint64_t after_ms);
void timer_clear(struct timer *t);
void timer_free(struct timer *t);

/**
 * A letter is embedded in what is to be handed over; on_delivery runs on the loop's thread, in order of posting.
 */
struct letter {
    struct letter *next;
    void (*on_delivery)(struct letter *);
};
/* Post from any thread; never fails, never blocks long. A letter may be posted again from its on_delivery, not while it is on its way. */
void loop_post(struct loop *l, struct letter *letter);

/**
 * What is done when a loop has nothing else to do: idle_set asks for one call of on_idle, which comes as soon as no descriptor is ready, no letter waits and no timer is due.
 * All are freed before their loop.
 */
struct idle;
struct idle *idle_new(struct loop *l, void (*on_idle)(void *arg), void *arg) MUST_USE;
void idle_set(struct idle *i);
void idle_free(struct idle *i);

#endif
