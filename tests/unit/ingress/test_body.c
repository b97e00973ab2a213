#include <stdlib.h>

#include "base_suite.h"
#include "proxy/ingress/body_int.h"

#define MIB (1u << 20)

static char zeros[2 * MIB];

static struct str
some(size_t len)
{
    return (struct str){zeros, len};
}

START_TEST(body_append_reuses_memory)
{
    struct body_pool pool = {.held_max = 8 * MIB};
    struct body b = {NULL, 0, 0};
    char *first;

    ck_assert_int_eq(body_append(&pool, &b, some(1000), 423000), RC_OK);
    first = b.ptr;
    ck_assert_uint_ge(b.cap, 423000); /* at once: it is below what a sender's word is good for */
    ck_assert_uint_eq(pool.held, b.cap);
    body_release(&pool, &b);
    ck_assert_uint_eq(pool.held, 0);
    ck_assert_int_eq(body_append(&pool, &b, some(1000), 400000), RC_OK);
    ck_assert_ptr_eq(b.ptr, first);
    body_release(&pool, &b);
    ck_assert_int_eq(body_append(&pool, &b, some(100), 100), RC_OK);
    ck_assert_ptr_ne(b.ptr, first); /* not for a trifle */
    body_release(&pool, &b);
    body_release(&pool, &b);
    body_pool_fini(&pool);
}
END_TEST

START_TEST(body_release_wipes)
{
    static const char secret[] = "4111 1111";
    struct body_pool pool = {.held_max = MIB};
    struct body b = {NULL, 0, 0};

    ck_assert_int_eq(body_append(&pool, &b, (struct str){secret, sizeof(secret)}, sizeof(secret)), RC_OK);
    body_release(&pool, &b);
    ck_assert_uint_eq(pool.spare_count, 1);
    ck_assert_int_eq(memcmp(pool.spare[0].ptr, zeros, sizeof(secret)), 0);
    body_pool_fini(&pool);
}
END_TEST

START_TEST(body_append_gives_little_on_a_senders_word)
{
    struct body_pool pool = {.held_max = 64 * MIB};
    struct body b = {NULL, 0, 0};

    ck_assert_int_eq(body_append(&pool, &b, some(1), 48 * MIB), RC_OK);
    ck_assert_uint_le(b.cap, MIB);
    ck_assert_int_eq(body_append(&pool, &b, some(MIB), 48 * MIB), RC_OK);
    ck_assert_uint_le(b.cap, 2 * MIB);
    ck_assert_uint_eq(b.len, MIB + 1);
    body_release(&pool, &b);
    body_pool_fini(&pool);
}
END_TEST

START_TEST(body_append_keeps_to_the_sum)
{
    struct body_pool pool = {.held_max = MIB};
    struct body a = {NULL, 0, 0}, b = {NULL, 0, 0};

    ck_assert_int_eq(body_append(&pool, &a, some(600000), 600000), RC_OK);
    ck_assert_int_eq(body_append(&pool, &b, some(500000), 500000), RC_BUSY);
    ck_assert_uint_eq(b.len, 0);
    ck_assert_int_eq(body_append(&pool, &a, some(600000), 1200000), RC_BUSY);
    ck_assert_uint_eq(a.len, 600000); /* unchanged */
    body_release(&pool, &a);
    ck_assert_int_eq(body_append(&pool, &b, some(500000), 500000), RC_OK);
    body_release(&pool, &b);
    ck_assert_uint_eq(pool.held, 0);
    body_pool_fini(&pool);
}
END_TEST

START_TEST(body_pool_keeps_a_bounded_number_of_spares)
{
    struct body_pool pool = {.held_max = 64 * MIB};
    struct body b[12] = {{NULL, 0, 0}};

    for (unsigned i = 0; i < 12; i++)
        ck_assert_int_eq(body_append(&pool, &b[i], some(500000), 500000), RC_OK);
    for (unsigned i = 0; i < 12; i++)
        body_release(&pool, &b[i]);
    ck_assert_uint_le(pool.spare_count, BODY_SPARES);
    ck_assert_uint_le(pool.kept, BODY_SPARE_BYTES);
    ck_assert_uint_gt(pool.spare_count, 4);
    ck_assert_int_eq(body_append(&pool, &b[0], some(2 * MIB), 2 * MIB), RC_OK);
    body_release(&pool, &b[0]);
    ck_assert_uint_le(pool.kept, BODY_SPARE_BYTES);
    body_pool_fini(&pool);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &body_append_reuses_memory},
    {"normal", &body_release_wipes},
    {"limits", &body_append_gives_little_on_a_senders_word},
    {"limits", &body_append_keeps_to_the_sum},
    {"limits", &body_pool_keeps_a_bounded_number_of_spares},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("body", cases);
}
