#include "base/arena.h"

#include "base_nomem.h"
#include "base_suite.h"

START_TEST(arena_alloc_aligns_and_never_overlaps)
{
    struct arena *ar = arena_new(1u << 20);
    unsigned char *got[200];

    for (size_t i = 0; i < 200; i++) {
        got[i] = arena_alloc(ar, i * 7 + 1);
        ck_assert_ptr_nonnull(got[i]);
        ck_assert_uint_eq((uintptr_t)got[i] % 16, 0);
        memset(got[i], (int)i, i * 7 + 1);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k < i * 7 + 1; k++)
            ck_assert_uint_eq(got[i][k], i);
    arena_free(ar);
    arena_free(NULL);
}
END_TEST

START_TEST(arena_calloc_zeroes_memory_that_was_used)
{
    struct arena *ar = arena_new(1u << 20);
    unsigned char *p = arena_alloc(ar, 1000);

    memset(p, 0xAA, 1000);
    arena_reset(ar, 1u << 20);
    ck_assert_uint_eq(arena_used(ar), 0);
    p = arena_calloc(ar, 10, 100);
    for (size_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(p[i], 0);
    ck_assert_ptr_null(arena_calloc(ar, SIZE_MAX / 2, 3));
    arena_free(ar);
}
END_TEST

START_TEST(arena_reset_wipes_what_it_keeps)
{
    struct arena *ar = arena_new(1u << 20);
    unsigned char *p = arena_alloc(ar, 64);

    memset(p, 0x5A, 64);
    arena_reset(ar, 1u << 20);
    ck_assert_uint_gt(arena_held(ar), 0); /* so that the block is still ours to look at */
    for (size_t i = 0; i < 64; i++)
        ck_assert_uint_eq(p[i], 0);
    arena_reset(ar, 0);
    ck_assert_uint_eq(arena_held(ar), 0);
    arena_free(ar);
}
END_TEST

START_TEST(arena_grow_keeps_the_contents)
{
    struct arena *ar = arena_new(1u << 22);
    char *p = arena_grow(ar, NULL, 0, 10);

    memcpy(p, "0123456789", 10);
    char *q = arena_grow(ar, p, 10, 1000);

    ck_assert_ptr_eq(p, q); /* the newest one grows where it is */
    ck_assert_ptr_nonnull(arena_alloc(ar, 1));
    char *r = arena_grow(ar, q, 1000, 200000);

    ck_assert_ptr_ne(r, q);
    ck_assert_int_eq(memcmp(r, "0123456789", 10), 0);
    ck_assert_ptr_null(arena_grow(ar, r, 200000, SIZE_MAX));
    arena_free(ar);
}
END_TEST

START_TEST(arena_dup_copies_slices)
{
    struct arena *ar = arena_new(1000);
    struct str s = arena_dup(ar, STR("a\0b"));

    ck_assert(str_eq(s, STR("a\0b")));
    s = arena_dup(ar, STR(""));
    ck_assert_uint_eq(s.len, 0);
    arena_free(ar);
}
END_TEST

START_TEST(arena_stays_below_its_maximum)
{
    for (size_t max = 0; max < 5000; max += 499) {
        struct arena *ar = arena_new(max);
        size_t got = 0;

        while (arena_alloc(ar, 48))
            got += 48;
        ck_assert_uint_le(got, max);
        ck_assert_uint_le(arena_held(ar), max);
        ck_assert_ptr_null(arena_alloc(ar, SIZE_MAX));
        arena_free(ar);
    }
}
END_TEST

START_TEST(arena_gives_null_when_memory_fails)
{
    for (long n = 1; nomem_round(n); n++) {
        struct arena *ar = arena_new(1u << 22);
        void *a = ar ? arena_alloc(ar, 100) : NULL, *b = ar ? arena_alloc(ar, 200000) : NULL;
        bool failed = nomem_end();

        ck_assert(failed == (!ar || !a || !b));
        arena_free(ar);
        if (!failed)
            break;
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &arena_alloc_aligns_and_never_overlaps},
    {"normal", &arena_calloc_zeroes_memory_that_was_used},
    {"normal", &arena_reset_wipes_what_it_keeps},
    {"normal", &arena_grow_keeps_the_contents},
    {"normal", &arena_dup_copies_slices},
    {"limits", &arena_stays_below_its_maximum},
    {"nomem", &arena_gives_null_when_memory_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("arena", cases);
}
