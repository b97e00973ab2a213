#include "net/loop.h"

#include <pthread.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base_suite.h"

#define NOTES_MAX 64
struct notes {
    unsigned count, ids[NOTES_MAX];
};

struct alarm_clock {
    struct timer *timer;
    struct notes *notes;
    unsigned id;
    uint64_t again_ms; /* set itself once more when it fires */
    bool again;
};

static void
note(struct notes *n, unsigned id)
{
    ck_assert_uint_lt(n->count, NOTES_MAX);
    n->ids[n->count++] = id;
}

static void
on_fire(void *arg)
{
    struct alarm_clock *a = arg;

    note(a->notes, a->id);
    if (a->again) {
        a->again = false;
        timer_set(a->timer, a->again_ms);
    }
}

START_TEST(loop_fires_timers_in_order_of_time)
{
    struct clock clock = clock_fake(1000000, 0);
    struct loop *l = loop_new(&clock);
    struct notes notes = {0};
    struct alarm_clock a[40];

    for (unsigned i = 0; i < 40; i++) {
        a[i] = (struct alarm_clock){.notes = &notes, .id = (i * 17 + 5) % 40};
        a[i].timer = timer_new(l, on_fire, &a[i]);
        timer_set(a[i].timer, 100 + a[i].id);
    }
    for (unsigned i = 0; i < 40; i++)
        if (a[i].id % 3 == 0)
            timer_clear(a[i].timer);
    loop_step(l);
    ck_assert_uint_eq(notes.count, 0);
    clock.fake_mono_us += 99999;
    loop_step(l);
    ck_assert_uint_eq(notes.count, 0);
    clock.fake_mono_us += 1;
    loop_step(l);
    ck_assert_uint_eq(notes.count, 0); /* id 0 was cleared */
    clock.fake_mono_us += 1000000;
    loop_step(l);
    ck_assert_uint_eq(notes.count, 26);
    for (unsigned i = 1; i < notes.count; i++)
        ck_assert_uint_lt(notes.ids[i - 1], notes.ids[i]);
    for (unsigned i = 0; i < 40; i++)
        timer_free(a[i].timer);
    loop_free(l);
}
END_TEST

START_TEST(loop_keeps_a_timer_that_sets_itself_for_the_next_round)
{
    struct clock clock = clock_fake(0, 0);
    struct loop *l = loop_new(&clock);
    struct notes notes = {0};
    struct alarm_clock a = {.notes = &notes, .id = 1, .again = true, .again_ms = 0};

    a.timer = timer_new(l, on_fire, &a);
    timer_set(a.timer, 5);
    timer_set(a.timer, 50); /* replaces */
    clock.fake_mono_us = 10000;
    loop_step(l);
    ck_assert_uint_eq(notes.count, 0);
    clock.fake_mono_us = 60000;
    loop_step(l); /* must end although the timer is due again at once */
    ck_assert_uint_ge(notes.count, 1);
    loop_step(l);
    ck_assert_uint_eq(notes.count, 2);
    timer_clear(a.timer);
    timer_clear(a.timer);
    timer_free(a.timer);
    timer_free(NULL);
    loop_free(l);
}
END_TEST

START_TEST(loop_waits_for_a_timer_by_the_real_clock)
{
    struct loop *l = loop_new(&clock_system);
    struct notes notes = {0};
    struct alarm_clock a = {.notes = &notes, .id = 7};
    uint64_t begun = clock_mono_us(&clock_system);

    a.timer = timer_new(l, on_fire, &a);
    timer_set(a.timer, 20);
    while (notes.count == 0)
        event_base_loop(loop_base(l), EVLOOP_ONCE);
    ck_assert_uint_ge(clock_mono_us(&clock_system) - begun, 20000);
    timer_free(a.timer);
    loop_free(l);
}
END_TEST

#define THREADS 4
#define LETTERS 5000
struct post {
    struct letter letter; /* first */
    unsigned thread, number;
};
struct office {
    struct loop *loop;
    unsigned got, next[THREADS];
    bool in_order;
};
struct sender {
    struct office *office;
    struct post *posts;
};
static struct office office;

static void
on_delivery(struct letter *letter)
{
    struct post *p = (struct post *)letter;

    if (office.next[p->thread]++ != p->number)
        office.in_order = false;
    if (++office.got == THREADS * LETTERS)
        loop_stop(office.loop);
}

static void *
send_all(void *arg)
{
    struct sender *s = arg;

    for (unsigned i = 0; i < LETTERS; i++)
        loop_post(s->office->loop, &s->posts[i].letter);
    return NULL;
}

START_TEST(loop_delivers_letters_of_many_threads_in_order_of_posting)
{
    struct sender s[THREADS];
    pthread_t tid[THREADS];

    office = (struct office){.loop = loop_new(&clock_system), .in_order = true};
    for (unsigned t = 0; t < THREADS; t++) {
        s[t] = (struct sender){&office, calloc(LETTERS, sizeof(struct post))};
        for (unsigned i = 0; i < LETTERS; i++)
            s[t].posts[i] = (struct post){{NULL, on_delivery}, t, i};
        ck_assert_int_eq(pthread_create(&tid[t], NULL, send_all, &s[t]), 0);
    }
    loop_run(office.loop); /* ends by the last letter */
    for (unsigned t = 0; t < THREADS; t++) {
        pthread_join(tid[t], NULL);
        free(s[t].posts);
    }
    ck_assert_uint_eq(office.got, THREADS * LETTERS);
    ck_assert(office.in_order);
    loop_free(office.loop);
}
END_TEST

static void
on_delivery_again(struct letter *letter)
{
    if (++office.got < 3)
        loop_post(office.loop, letter);
}

START_TEST(loop_takes_a_letter_again_from_its_delivery)
{
    struct letter letter = {NULL, on_delivery_again};

    office = (struct office){.loop = loop_new(&clock_system)};
    loop_post(office.loop, &letter);
    for (unsigned i = 0; i < 3; i++)
        loop_step(office.loop);
    ck_assert_uint_eq(office.got, 3);
    loop_free(office.loop);
}
END_TEST

static void *
stop_it(void *arg)
{
    loop_stop(arg);
    return NULL;
}

struct idler {
    struct letter letter; /* first */
    struct idle *idle;
    struct notes *notes;
};

static void
on_idle(void *arg)
{
    struct idler *i = arg;

    note(i->notes, 2);
}

static void
on_idlers_letter(struct letter *letter)
{
    struct idler *i = (struct idler *)letter;

    note(i->notes, 1);
}

/* Asked for before and after the letter was posted, twice: it comes behind it, once. */
START_TEST(loop_calls_who_waits_for_idleness_when_nothing_else_is_to_do)
{
    struct loop *l = loop_new(&clock_system);
    struct notes notes = {0};
    struct idler i = {.letter.on_delivery = on_idlers_letter, .notes = &notes};

    i.idle = idle_new(l, on_idle, &i);
    ck_assert_ptr_nonnull(i.idle);
    idle_set(i.idle);
    loop_post(l, &i.letter);
    idle_set(i.idle);
    for (unsigned n = 0; n < 5; n++)
        loop_step(l);
    ck_assert_uint_eq(notes.count, 2);
    ck_assert_uint_eq(notes.ids[0], 1);
    ck_assert_uint_eq(notes.ids[1], 2);
    idle_set(i.idle);
    loop_step(l);
    ck_assert_uint_eq(notes.count, 3);
    idle_free(i.idle);
    loop_free(l);
}
END_TEST

START_TEST(loop_ends_when_another_thread_says_so)
{
    struct loop *l = loop_new(&clock_system);
    pthread_t tid;

    loop_stop(l); /* before loop_run: it returns at once */
    loop_run(l);
    ck_assert_int_eq(pthread_create(&tid, NULL, stop_it, l), 0);
    loop_run(l);
    pthread_join(tid, NULL);
    loop_free(l);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &loop_fires_timers_in_order_of_time},
    {"normal", &loop_waits_for_a_timer_by_the_real_clock},
    {"normal", &loop_delivers_letters_of_many_threads_in_order_of_posting},
    {"normal", &loop_takes_a_letter_again_from_its_delivery},
    {"normal", &loop_calls_who_waits_for_idleness_when_nothing_else_is_to_do},
    {"normal", &loop_ends_when_another_thread_says_so},
    {"limits", &loop_keeps_a_timer_that_sets_itself_for_the_next_round},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("loop", cases);
}
