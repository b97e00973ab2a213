#include "audit/tile.h"

#include <stdio.h>

#define GROUP 1000 /* tlog-tiles "Merkle Tree": three digits a folder, all but the last with an x in front */

static int
path_number(uint64_t n, char *out, size_t size)
{
    unsigned groups[7], count = 0;
    int len = 0;

    do {
        groups[count++] = (unsigned)(n % GROUP);
        n /= GROUP;
    } while (n);
    while (count-- > 0)
        len += snprintf(out + len, size - (size_t)len, count ? "x%03u/" : "%03u", groups[count]);
    return len;
}

void
tile_path(struct tile t, char out[TILE_PATH_MAX])
{
    int len = t.level == TILE_BUNDLE ? snprintf(out, TILE_PATH_MAX, "tile/entries/") : snprintf(out, TILE_PATH_MAX, "tile/%d/", t.level);

    len += path_number(t.n, out + len, TILE_PATH_MAX - (size_t)len);
    if (t.width < TILE_WIDTH)
        snprintf(out + len, TILE_PATH_MAX - (size_t)len, ".p/%u", t.width);
}

static bool
digits(struct str *s, size_t count, uint64_t *n)
{
    uint64_t value;

    if (s->len < count || !str_to_u64(str_sub(*s, 0, count), &value))
        return false;
    *n = *n * GROUP + value;
    *s = str_sub(*s, count, s->len);
    return true;
}

/* Read loosely; the name is right when it is the one that would be made. */
bool
tile_of_path(struct str path, struct tile *t)
{
    struct tile out = {.width = TILE_WIDTH};
    struct str rest = path;
    char again[TILE_PATH_MAX];
    uint64_t width;

    if (path.len >= TILE_PATH_MAX || !str_starts(path, STR("tile/")))
        return false;
    if (str_starts(path, STR("tile/entries/"))) {
        out.level = TILE_BUNDLE;
        rest = str_sub(rest, 13, rest.len);
    } else {
        if (rest.len < 7 || rest.ptr[5] < '0' || rest.ptr[5] >= '0' + TILE_LEVELS || rest.ptr[6] != '/')
            return false;
        out.level = rest.ptr[5] - '0';
        rest = str_sub(rest, 7, rest.len);
    }
    while (rest.len && rest.ptr[0] == 'x') {
        rest = str_sub(rest, 1, rest.len);
        if (out.n > UINT64_MAX / GROUP / GROUP || !digits(&rest, 3, &out.n) || !str_starts(rest, STR("/")))
            return false;
        rest = str_sub(rest, 1, rest.len);
    }
    if (!digits(&rest, 3, &out.n))
        return false;
    if (str_starts(rest, STR(".p/"))) {
        if (!str_to_u64(str_sub(rest, 3, rest.len), &width) || width == 0 || width >= TILE_WIDTH)
            return false;
        out.width = (unsigned)width;
    }
    tile_path(out, again);
    if (!str_eq(str_of(again), path))
        return false;
    *t = out;
    return true;
}

uint64_t
tile_nodes(uint64_t size, int level)
{
    return level <= 0 ? size : level < TILE_LEVELS ? size >> (TILE_HEIGHT * level) : 0;
}

bool
tile_bundle_next(struct str *rest, struct str *entry)
{
    if (rest->len < 2)
        return false;
    size_t len = (size_t)((unsigned char)rest->ptr[0] << 8 | (unsigned char)rest->ptr[1]);

    if (rest->len - 2 < len)
        return false;
    *entry = str_sub(*rest, 2, 2 + len);
    *rest = str_sub(*rest, 2 + len, rest->len);
    return true;
}
