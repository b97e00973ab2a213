#include "proxy/control/body_keys_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_log.h"
#include "base_suite.h"

#define NOON (UINT64_C(20779) * BODY_KEYS_DAY_US + BODY_KEYS_DAY_US / 2) /* 2026-11-22 */

static bool
is_there(const char *dir, const char *name)
{
    char path[256];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return stat(path, &st) == 0;
}

START_TEST(body_keys_has_a_key_for_each_day_and_keeps_it)
{
    char dir[] = "/tmp/spangate-keys-XXXXXX", before[80];
    struct body_keys k = {0}, again = {0};
    struct errs es = {0};

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_ptr_null(body_keys_at(&k, NOON));
    ck_assert_int_eq(body_keys_turn(&k, dir, NOON, 0, &es), RC_OK);
    ck_assert(is_there(dir, "2026-11-22.key") && is_there(dir, "2026-11-23.key"));
    const struct secret *today = body_keys_at(&k, NOON), *tomorrow = body_keys_at(&k, NOON + BODY_KEYS_DAY_US);

    ck_assert(today && tomorrow && !str_eq(secret_bytes(today), secret_bytes(tomorrow)));
    ck_assert_uint_eq(secret_bytes(today).len, 64);
    memcpy(before, secret_bytes(today).ptr, 64);
    ck_assert_int_eq(body_keys_turn(&again, dir, NOON, 0, &es), RC_OK);
    ck_assert_mem_eq(secret_bytes(body_keys_at(&again, NOON)).ptr, before, 64);
    ck_assert_ptr_null(body_keys_at(&k, NOON + 2 * BODY_KEYS_DAY_US));
    body_keys_free(&k);
    body_keys_free(&again);
    test_remove_tree(dir);
    errs_free(&es);
}
END_TEST

START_TEST(body_keys_erases_days_beyond_the_retention)
{
    char dir[] = "/tmp/spangate-keys-XXXXXX";
    struct body_keys k = {0};
    struct errs es = {0};

    ck_assert_ptr_nonnull(mkdtemp(dir));
    for (uint64_t day = 0; day < 10; day++)
        ck_assert_int_eq(body_keys_turn(&k, dir, NOON + day * BODY_KEYS_DAY_US, 0, &es), RC_OK);
    ck_assert(is_there(dir, "2026-11-22.key"));
    ck_assert_int_eq(body_keys_turn(&k, dir, NOON + 9 * BODY_KEYS_DAY_US, 3 * BODY_KEYS_DAY_US, &es), RC_OK);
    ck_assert(!is_there(dir, "2026-11-22.key") && !is_there(dir, "2026-11-27.key"));
    ck_assert(is_there(dir, "2026-11-28.key") && is_there(dir, "2026-12-02.key"));
    ck_assert_ptr_nonnull(body_keys_at(&k, NOON + 9 * BODY_KEYS_DAY_US));
    body_keys_free(&k);
    test_remove_tree(dir);
    errs_free(&es);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &body_keys_has_a_key_for_each_day_and_keeps_it},
    {"normal", &body_keys_erases_days_beyond_the_retention},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("body_keys", cases);
}
