/**
 * Names and shapes of the files of a log (C2SP tlog-tiles): `checkpoint`, `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]`.
 *
 *   a tile       256 hashes of level 8 L, 8192 bytes; a partial one has W of them
 *   a bundle     the same 256 leaves as their entries: each a length in two bytes, big-endian, and the bytes
 */
#ifndef AUDIT_TILE_H
#define AUDIT_TILE_H

#include <stdint.h>

#include "base/str.h"

#define TILE_HEIGHT 8
#define TILE_WIDTH 256
#define TILE_BYTES (TILE_WIDTH * 32)
#define TILE_LEVELS 8    /* of 8 levels of the tree each */
#define TILE_BUNDLE (-1) /* level of entry bundles, in functions that take one */
#define TILE_PATH_MAX 64
#define TILE_ENTRY_MAX 65535
#define TILE_BUNDLE_MAX ((size_t)TILE_WIDTH * (2 + TILE_ENTRY_MAX))

/* Which file. */
struct tile {
    int level; /* TILE_BUNDLE, 0 .. 7 */
    uint64_t n;
    unsigned width; /* 1 .. 256; 256 is a full tile */
};

/* "tile/0/x001/x234/067", or with ".p/17"; the rest of out is untouched. */
void tile_path(struct tile t, char out[TILE_PATH_MAX]);
/* The reverse, for a path below the directory of the log. false: no such file belongs there. */
bool tile_of_path(struct str path, struct tile *t);

/* Number of hashes at this level in a tree of size: full tiles have n < nodes / 256, the partial one at n = nodes / 256 has nodes % 256. */
uint64_t tile_nodes(uint64_t size, int level);

/* Take the next entry off a bundle. false: none is left, or (rest not empty) it is cut short. */
bool tile_bundle_next(struct str *rest, struct str *entry);

#endif
