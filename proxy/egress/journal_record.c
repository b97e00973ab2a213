#include "journal_int.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/be.h"
#include "base/digest.h"

#define RECORD_VERSION 2
#define RECORD_BEFORE_REQUEST 1 /* version without the number of the request */
#define RECORD_CRC_AT 24
#define RECORD_CRC_FROM 28
#define TOTALS_VERSION 2
#define TOTALS_BEFORE_RELEASE 1 /* without first_seq, which was always 0 */
#define TOTALS_SIZE_BEFORE_RELEASE 48

static struct str
bytes(const void *p, size_t len)
{
    return (struct str){p, len};
}

/* The key is part of every sum: a record that turns up under another key is found too. */
static uint32_t
crc_of_key(uint64_t key)
{
    uint8_t be[8];

    be_put64(be, key);
    return digest_crc32c(0, bytes(be, sizeof(be)));
}

static uint32_t
record_crc(uint64_t id, const uint8_t *record, size_t size)
{
    uint32_t crc = digest_crc32c(crc_of_key(id), bytes(record, RECORD_CRC_AT));

    return digest_crc32c(crc, bytes(record + RECORD_CRC_FROM, size - RECORD_CRC_FROM));
}

bool
record_fits(const struct journal_payload *p)
{
    return p->destination.len <= UINT16_MAX && p->origin.len <= UINT16_MAX && p->bytes.len <= RECORD_BYTES_MAX;
}

size_t
record_size(const struct journal_payload *p)
{
    return RECORD_HEADER + p->destination.len + p->origin.len + p->bytes.len;
}

static uint8_t *
append(uint8_t *out, struct str s)
{
    if (s.len)
        memcpy(out, s.ptr, s.len);
    return out + s.len;
}

void
record_write(const struct journal_payload *p, uint8_t *out)
{
    assert(record_fits(p));
    out[0] = RECORD_VERSION;
    out[1] = p->encoding;
    be_put16(out + 2, (uint16_t)p->destination.len);
    be_put16(out + 4, (uint16_t)p->origin.len);
    be_put16(out + 6, 0);
    be_put64(out + 8, p->created_us);
    be_put32(out + 16, p->spans);
    be_put32(out + 20, 0);
    be_put64(out + 28, p->request_id);
    append(append(append(out + RECORD_HEADER, p->destination), p->origin), p->bytes);
    be_put32(out + RECORD_CRC_AT, record_crc(p->id, out, record_size(p)));
}

uint64_t
record_created_us(struct str value)
{
    return value.len < RECORD_CRC_FROM ? 0 : be_get64((const uint8_t *)value.ptr + 8);
}

enum rc
record_read(uint64_t id, struct str value, struct journal_payload *p)
{
    const uint8_t *v = (const uint8_t *)value.ptr;

    *p = (struct journal_payload){.id = id};
    if (value.len < RECORD_CRC_FROM || be_get32(v + RECORD_CRC_AT) != record_crc(id, v, value.len))
        return RC_INTEGRITY;
    size_t header = v[0] == RECORD_BEFORE_REQUEST ? RECORD_CRC_FROM : RECORD_HEADER;

    if ((v[0] != RECORD_VERSION && v[0] != RECORD_BEFORE_REQUEST) || value.len < header)
        return RC_INTEGRITY;
    size_t names = (size_t)be_get16(v + 2) + be_get16(v + 4);

    if (value.len - header < names)
        return RC_INTEGRITY;
    p->encoding = v[1];
    p->created_us = be_get64(v + 8);
    p->spans = be_get32(v + 16);
    p->request_id = header == RECORD_HEADER ? be_get64(v + 28) : 0;
    p->destination = str_sub(value, header, header + be_get16(v + 2));
    p->origin = str_sub(value, header + be_get16(v + 2), header + names);
    p->bytes = str_sub(value, header + names, value.len);
    return RC_OK;
}

size_t
entry_middle(uint64_t seq, uint64_t wall_us, char out[ENTRY_MIDDLE_MAX])
{
    char ts[CLOCK_RFC3339_SIZE];

    clock_rfc3339(wall_us, ts);
    int n = snprintf(out, ENTRY_MIDDLE_MAX, ",\"seq\":%llu,\"ts\":\"%s\"", (unsigned long long)seq, ts);

    assert(n > 0 && n < ENTRY_MIDDLE_MAX);
    return (size_t)n;
}

void
entry_write(uint64_t seq, const struct journal_entry *e, struct str middle, uint8_t *out)
{
    const uint8_t *end = append(append(append(out + ENTRY_CRC, e->head), middle), e->tail);

    be_put32(out, digest_crc32c(crc_of_key(seq), bytes(out + ENTRY_CRC, (size_t)(end - out) - ENTRY_CRC)));
}

enum rc
entry_read(uint64_t seq, struct str value, struct str *entry)
{
    if (value.len < ENTRY_CRC)
        return RC_INTEGRITY;
    struct str text = str_sub(value, ENTRY_CRC, value.len);

    if (be_get32((const uint8_t *)value.ptr) != digest_crc32c(crc_of_key(seq), text))
        return RC_INTEGRITY;
    *entry = text;
    return RC_OK;
}

void
totals_write(const struct totals *t, uint8_t out[TOTALS_SIZE])
{
    be_put32(out, TOTALS_VERSION);
    be_put64(out + 4, t->next_seq);
    be_put64(out + 12, t->next_id);
    be_put64(out + 20, t->audit_bytes);
    be_put64(out + 28, t->payload_bytes);
    be_put64(out + 36, t->payload_count);
    be_put64(out + 44, t->first_seq);
    be_put32(out + TOTALS_SIZE - 4, digest_crc32c(0, bytes(out, TOTALS_SIZE - 4)));
}

enum rc
totals_read(struct str value, struct totals *t)
{
    const uint8_t *v = (const uint8_t *)value.ptr;
    bool now = value.len == TOTALS_SIZE && be_get32(v) == TOTALS_VERSION;
    bool before = value.len == TOTALS_SIZE_BEFORE_RELEASE && be_get32(v) == TOTALS_BEFORE_RELEASE;

    if ((!now && !before) || be_get32(v + value.len - 4) != digest_crc32c(0, bytes(v, value.len - 4)))
        return RC_INTEGRITY;
    *t = (struct totals){.next_seq = be_get64(v + 4),
        .next_id = be_get64(v + 12),
        .audit_bytes = be_get64(v + 20),
        .payload_bytes = be_get64(v + 28),
        .payload_count = be_get64(v + 36),
        .first_seq = now ? be_get64(v + 44) : 0};
    return RC_OK;
}
