#include "audit/tile.h"

#include "base_guard.h"
#include "base_suite.h"

static void
check_path(struct tile t, const char *want)
{
    char path[TILE_PATH_MAX];
    struct tile back;

    tile_path(t, path);
    ck_assert_str_eq(path, want);
    ck_assert(tile_of_path(str_of(path), &back));
    ck_assert_int_eq(back.level, t.level);
    ck_assert_uint_eq(back.n, t.n);
    ck_assert_uint_eq(back.width, t.width);
}

/* tlog-tiles "Merkle Tree": 1234067 is x001/x234/067. */
START_TEST(tile_path_groups_three_digits)
{
    check_path((struct tile){0, 0, 256}, "tile/0/000");
    check_path((struct tile){0, 1234067, 256}, "tile/0/x001/x234/067");
    check_path((struct tile){0, 1000, 256}, "tile/0/x001/000");
    check_path((struct tile){3, 999, 17}, "tile/3/999.p/17");
    check_path((struct tile){TILE_BUNDLE, 1234067, 256}, "tile/entries/x001/x234/067");
    check_path((struct tile){TILE_BUNDLE, 0, 1}, "tile/entries/000.p/1");
    check_path((struct tile){7, UINT64_MAX, 255}, "tile/7/x018/x446/x744/x073/x709/x551/615.p/255");
}
END_TEST

START_TEST(tile_of_path_refuses_other_names)
{
    static const char *const bad[] = {"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/000",
        "tile/8/000", "tile/00/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/entries/0a0",
        "tile/0/x01/000", "tile/0/001/000", "tile/0/x001x234/067", "tile/0/000.new", "checkpoint", "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/+01", "tile/0/ 01"};
    struct tile t = {.n = 77};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!tile_of_path(str_of(bad[i]), &t), "%s", bad[i]);
    ck_assert_uint_eq(t.n, 77);
}
END_TEST

/* tlog-tiles "Partial Tiles": the width at level L is floor(s / 256^L) mod 256. */
START_TEST(tile_nodes_follow_the_size)
{
    ck_assert_uint_eq(tile_nodes(256, 0), 256);
    ck_assert_uint_eq(tile_nodes(256, 1), 1);
    ck_assert_uint_eq(tile_nodes(255, 1), 0);
    ck_assert_uint_eq(tile_nodes(70000, 1), 273);
    ck_assert_uint_eq(tile_nodes(70000, 2), 1);
    ck_assert_uint_eq(tile_nodes(UINT64_MAX, 7), 255);
    ck_assert_uint_eq(tile_nodes(UINT64_MAX, 8), 0);
}
END_TEST

START_TEST(tile_bundle_ends_where_it_is_cut)
{
    static const char bundle[] = "\0\3abc\0\0\0\1x";

    for (size_t cut = 0; cut < sizeof(bundle); cut++) {
        struct guard g;
        struct str rest = guard_copy(&g, (struct str){bundle, cut}), entry;
        int n = 0;

        while (tile_bundle_next(&rest, &entry))
            n++;
        ck_assert_int_eq(n, (cut >= 5) + (cut >= 7) + (cut >= 10));
        ck_assert((rest.len == 0) == (cut == 0 || cut == 5 || cut == 7 || cut == 10));
        guard_free(&g);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &tile_path_groups_three_digits},
    {"normal", &tile_nodes_follow_the_size},
    {"malformed", &tile_of_path_refuses_other_names},
    {"malformed", &tile_bundle_ends_where_it_is_cut},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("tile", cases);
}
