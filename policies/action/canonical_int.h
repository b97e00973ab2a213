/* One form for all spellings of a value. */
#ifndef ACTION_CANONICAL_INT_H
#define ACTION_CANONICAL_INT_H

#include "policies/token.h"

/* The canonical form of value, in ar, or value itself when it has no such form. RC_OK; RC_NOMEM. */
enum rc canonical_form(enum canonical form, struct str value, struct arena *ar, struct str *out) MUST_USE;

#define ADDRESS_MAX 64
/**
 * address_parse(value, bytes):
 * The IP address in "[v6]:port", "v4:port", "v6%zone", "address/length".
 * Returns: 4 or 16, the bytes that are set (an IPv4-mapped address is an IPv4 address, RFC 4291 section 2.5.5.2); 0: there is none
 */
size_t address_parse(struct str value, uint8_t bytes[16]);

#endif
