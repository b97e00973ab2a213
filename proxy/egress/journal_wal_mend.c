/*
 * The last group of the write-ahead file, when it cannot be read. A write that was torn leaves whole sectors as they were before: nobody was told of that group. A group that fits its checksum
 * after one bit is changed back, and whose every record then fits its own, was whole: somebody may have been told, and the bit is changed back. More than one bit cannot be told from a torn
 * write; that a group was begun there is said in any case.
 *
 * A checksum is linear: one wrong bit adds the same to it, whatever the other bits are; so the bit is found by its place, without trying.
 */
#include "journal_wal_int.h"

#include "base/be.h"

#define CRC_AT 4u
#define SEQ_AT 8u
#define LENGTH_AT 20u
#define CRC32C_REFLECTED 0x82F63B78u /* RFC 3720 section 12.1, bits reversed */

static bool
is_one_bit(uint32_t x)
{
    return x && (x & (x - 1)) == 0;
}

/* Whether it can be read now, and each record by itself too. */
static bool
is_whole(const uint8_t *image, size_t at, uint64_t seq)
{
    struct wal_group g;
    struct str record, entry;

    if (!wal_group_at(image, at, &g) || g.seq != seq)
        return false;
    struct wal_walk walk = {.rest = g.body};

    for (; wal_next(&walk, &record); seq++)
        if (entry_read(seq, record, &entry) != RC_OK)
            return false;
    return walk.rest.len == 0 && seq - g.seq == g.count;
}

/* Change one bit of a field; it stays so when that was it. */
static bool
try_bits(uint8_t *image, size_t at, size_t field, uint64_t seq)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        uint8_t *byte = image + at + field + bit / 8, mask = (uint8_t)(1u << bit % 8);

        *byte ^= mask;
        if (is_whole(image, at, seq))
            return true;
        *byte ^= mask;
    }
    return false;
}

/* The byte and bit of the checked part, of len bytes, that adds ${syndrome} to its checksum. */
static bool
find_bit(uint32_t syndrome, size_t len, size_t *byte, unsigned *bit)
{
    uint32_t adds = CRC32C_REFLECTED; /* of the last bit */

    for (size_t i = len * 8; i-- > 0;) {
        if (adds == syndrome) {
            *byte = i / 8;
            *bit = (unsigned)(i % 8);
            return true;
        }
        adds = adds & 1 ? adds >> 1 ^ CRC32C_REFLECTED : adds >> 1;
    }
    return false;
}

static bool
mend_checked_part(uint8_t *image, size_t at, uint64_t seq)
{
    uint8_t *group = image + at;
    size_t body = be_get32(group + LENGTH_AT), byte;
    unsigned bit;

    if (body > WAL_BYTES - at - WAL_GROUP_HEADER)
        return false;
    uint32_t syndrome = wal_group_crc(group, body) ^ be_get32(group + CRC_AT);

    if (syndrome == 0 || !find_bit(syndrome, WAL_GROUP_HEADER - SEQ_AT + body, &byte, &bit))
        return false;
    group[SEQ_AT + byte] ^= (uint8_t)(1u << bit);
    if (is_whole(image, at, seq))
        return true;
    group[SEQ_AT + byte] ^= (uint8_t)(1u << bit);
    return false;
}

enum wal_mended
wal_mend(struct wal *w, uint64_t next_seq)
{
    uint8_t *group = w->image ? w->image + w->at : NULL;

    if (!group || w->at + WAL_GROUP_HEADER > WAL_BYTES)
        return WAL_NOTHING;
    uint32_t magic = be_get32(group) ^ WAL_MAGIC;
    uint64_t seq = be_get64(group + SEQ_AT) ^ next_seq;
    bool begun = magic == 0 ? seq == 0 || is_one_bit((uint32_t)seq) || is_one_bit((uint32_t)(seq >> 32)) : is_one_bit(magic) && seq == 0;

    if (!begun)
        return WAL_NOTHING;
    if (mend_checked_part(w->image, w->at, next_seq) || try_bits(w->image, w->at, 0, next_seq) || try_bits(w->image, w->at, CRC_AT, next_seq) ||
        try_bits(w->image, w->at, LENGTH_AT, next_seq))
        return WAL_MENDED;
    return seq == 0 ? WAL_TORN : WAL_NOTHING;
}
