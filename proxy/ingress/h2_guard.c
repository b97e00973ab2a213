#include "h2_guard.h"

/*
 * burst: frames at once; rate: frames a second after that. PING: gRPC clients measure the path with a ping after each answer they read, so each
 * answer gives some; a client that is not served gets 10 in 10 s. RESET: cancelled calls, and resets for its faults (CVE-2023-44487, MadeYouReset).
 * WINDOW: 10 for each answer. EMPTY: DATA with nothing in it and no end.
 */
static const struct {
    uint32_t burst, rate, per_answer;
} budgets[H2_BUDGETS] = {
    [H2_PING] = {10, 1, 2},
    [H2_SETTINGS] = {10, 1, 0},
    [H2_RESET] = {200, 20, 0},
    [H2_WINDOW] = {100, 1, 10},
    [H2_EMPTY] = {10, 1, 1},
    [H2_OTHER] = {100, 10, 0}, /* PRIORITY and frames that nobody knows */
};

void
h2_guard_init(struct h2_guard *g, uint64_t now_us)
{
    for (unsigned i = 0; i < H2_BUDGETS; i++)
        g->bucket[i] = (struct h2_bucket){budgets[i].burst * 1000, now_us};
}

static void
fill(struct h2_bucket *b, uint64_t milli, uint32_t burst)
{
    uint64_t room = burst * UINT64_C(1000) - b->milli;

    b->milli += (uint32_t)(milli < room ? milli : room);
}

bool
h2_guard_take(struct h2_guard *g, enum h2_budget kind, uint64_t now_us)
{
    struct h2_bucket *b = &g->bucket[kind];
    uint64_t passed_ms = (now_us - b->at_us) / 1000;

    fill(b, passed_ms * budgets[kind].rate, budgets[kind].burst);
    b->at_us += passed_ms * 1000;
    if (b->milli < 1000)
        return false;
    b->milli -= 1000;
    return true;
}

bool
h2_guard_frame(struct h2_guard *g, const nghttp2_frame_hd *hd, uint64_t now_us)
{
    switch (hd->type) {
    case NGHTTP2_DATA:
        return hd->length > 0 || hd->flags & NGHTTP2_FLAG_END_STREAM || h2_guard_take(g, H2_EMPTY, now_us);
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION: /* nghttp2 counts these: nghttp2_option_set_max_continuations */
    case NGHTTP2_GOAWAY:
        return true;
    case NGHTTP2_RST_STREAM:
        return h2_guard_take(g, H2_RESET, now_us);
    case NGHTTP2_SETTINGS:
        return h2_guard_take(g, H2_SETTINGS, now_us);
    case NGHTTP2_PING:
        return h2_guard_take(g, H2_PING, now_us);
    case NGHTTP2_WINDOW_UPDATE:
        return h2_guard_take(g, H2_WINDOW, now_us);
    default:
        return h2_guard_take(g, H2_OTHER, now_us);
    }
}

void
h2_guard_answered(struct h2_guard *g)
{
    for (unsigned i = 0; i < H2_BUDGETS; i++)
        fill(&g->bucket[i], budgets[i].per_answer * UINT64_C(1000), budgets[i].burst);
}
