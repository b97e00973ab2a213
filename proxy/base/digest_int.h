/* Parts of digest.c that tests reach. */
#ifndef BASE_DIGEST_INT_H
#define BASE_DIGEST_INT_H

#include "base/digest.h"

/* CRC-32C without the CPU's instruction; crc is the inverted register. */
uint32_t digest_crc32c_portable(uint32_t reg, const unsigned char *p, size_t len);

#endif
