/**
 * Values that rules let through: test cards, addresses of the company itself. Asked for each match by itself, never for the text around it.
 *
 *   allow: [support@example.org, {domain: example.org}, {cidr: [10.0.0.0/8, "fd00::/8"]}, {prefix: "test-"}, {suffix: "@example.com"},
 *           {sha256: [8a3c...]}]
 */
#ifndef ENGINE_ALLOW_INT_H
#define ENGINE_ALLOW_INT_H

#include "base/str.h"

#define ALLOW_MAX 1024

enum allow_kind { ALLOW_EXACT, ALLOW_PREFIX, ALLOW_SUFFIX, ALLOW_CIDR, ALLOW_DOMAIN, ALLOW_SHA256 };

struct allow_item {
    enum allow_kind kind;
    struct str text;  /* ALLOW_DOMAIN: lower-case; ALLOW_SHA256: the digest's bytes */
    uint8_t net[16];  /* ALLOW_CIDR */
    uint8_t net_size; /* 4, 16 */
    uint8_t net_bits;
};

struct allow_list {
    struct allow_item *items;
    size_t count, cap;
    bool hashed; /* some are ALLOW_SHA256 */
};

/* Whether a match of these bytes is let through. */
bool allow_has(const struct allow_list *l, struct str value);

#endif
