/* What texts show. What patterns need is in finder_need.c. */
#include "finder_sieve_int.h"

const struct steps sieve_digits = {10, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
const struct steps sieve_length = {8, {5, 9, 14, 17, 20, 26, 36, 40}};
const struct steps sieve_joined = {10, {3, 4, 5, 6, 7, 8, 9, 10, 11, 13}};
const struct steps sieve_base64 = {2, {16, 20}};
const struct steps sieve_word = {3, {9, 14, 17}};

/* The same as tables. */
#define L(n) ((((uint64_t)1 << (n)) - 1) << SIEVE_LENGTH)
static const uint64_t length_bits[41] = {[5 ... 8] = L(1),
    [9 ... 13] = L(2),
    [14 ... 16] = L(3),
    [17 ... 19] = L(4),
    [20 ... 25] = L(5),
    [26 ... 35] = L(6),
    [36 ... 39] = L(7),
    [40] = L(8)};
#define D(n) ((((uint64_t)1 << (n)) - 1) << SIEVE_DIGITS)
static const uint64_t digit_bits[11] = {0, D(1), D(2), D(3), D(4), D(5), D(6), D(7), D(8), D(9), D(10)};
#define J(n) ((((uint64_t)1 << (n)) - 1) << SIEVE_JOINED)
static const uint64_t joined_bits[14] = {0, 0, 0, J(1), J(2), J(3), J(4), J(5), J(6), J(7), J(8), J(9), J(9), J(10)};

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define B(b) SIEVE_BIT(SIEVE_##b)

uint64_t
sieve_steps(const struct steps *s, unsigned first, size_t counted)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < s->count; i++)
        bits |= (uint64_t)(counted >= s->at[i]) << (first + i);
    return bits;
}

/* Of up to 64 bytes: a set of those of 32 .. 63, and a bit for each byte of a kind. special: SPECIAL_AT and so on. */
struct block {
    uint64_t marks, digit, letter, hex, upper, base64, join, special;
};
#define SPECIAL_AT 1
#define SPECIAL_LOW 2
#define SPECIAL_HIGH 4
#define SPECIAL_ESCAPE 8 /* \\ or NUL */
#define SPECIAL_CONTROL 16

/* ---- kinds of 16 bytes; those from ${len} on are zeros and are not there ---- */

static struct block
block_plain(const char p[16], size_t len)
{
    struct block b = {0};

    for (unsigned i = 0; i < len; i++) {
        unsigned c = (unsigned char)p[i], small = c | 0x20;
        uint64_t bit = (uint64_t)1 << i, letter = small >= 'a' && small <= 'z' ? bit : 0, digit = c >= '0' && c <= '9' ? bit : 0;

        b.marks |= c >= 32 && c < 64 ? (uint64_t)1 << (c - 32) : 0;
        b.digit |= digit;
        b.letter |= letter;
        b.hex |= digit | ((small >= 'a' && small <= 'f') || c == '-' || c == '.' || c == ':' ? bit : 0);
        b.upper |= c & 0x20 ? 0 : letter;
        b.base64 |= letter | digit | (c && strchr("+-/;=?[]_", (int)c) ? bit : 0);
        b.join |= digit | (c == ' ' || (c >= '(' && c <= '/') ? bit : 0);
        b.special |= (c == '@' ? SPECIAL_AT : 0) | (c == '_' ? SPECIAL_LOW : 0) | (c >= 128 ? SPECIAL_HIGH : 0);
        b.special |= (c == '\\' || c == 0 ? SPECIAL_ESCAPE : 0) | (c < ' ' ? SPECIAL_CONTROL : 0);
    }
    return b;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define FAST __attribute__((target("avx2")))

FAST static inline uint64_t
mask_of(__m128i v, int bit)
{
    return (unsigned)_mm_movemask_epi8(_mm_slli_epi16(v, 7 - bit));
}

FAST static inline uint64_t
or_all(__m256i v)
{
    __m128i x = _mm_or_si128(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

    x = _mm_or_si128(x, _mm_shuffle_epi32(x, 0x4E));
    return (uint32_t)_mm_cvtsi128_si32(_mm_or_si128(x, _mm_shuffle_epi32(x, 0xB1)));
}

/*
 * A byte's kinds are those that the row of its high half and the column of its low half share: digits 1; letters 2, 4; hexadecimal letters 8; marks
 * of base64, and a few more, 16; what may stand between digits 32; @ 64; _ and the backslash 128.
 */
FAST static inline struct block
block_fast(__m128i v, size_t len)
{
    const __m128i low = _mm_setr_epi8(1 + 4 + 32 + 64, 1 + 2 + 4 + 8, 1 + 2 + 4 + 8, 1 + 2 + 4 + 8, 1 + 2 + 4 + 8, 1 + 2 + 4 + 8, 1 + 2 + 4 + 8,
        1 + 2 + 4, 1 + 2 + 4 + 32, 1 + 2 + 4 + 32, 2 + 4 + 32, 2 + 16 + 32, 2 + 32 - 128, 2 + 16 + 32, 2 + 32, 2 + 16 + 32 - 128);
    const __m128i high = _mm_setr_epi8(0, 0, 16 + 32, 1 + 16, 2 + 8 + 64, 4 + 16 - 128, 2 + 8, 4, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i half = _mm_set1_epi8(15), space = _mm_set1_epi8(' ');
    __m128i between = _mm_or_si128(
        _mm_cmpeq_epi8(v, _mm_set1_epi8(':')), _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('-')), _mm_cmpeq_epi8(v, _mm_set1_epi8('.'))));
    __m128i kinds = _mm_and_si128(_mm_shuffle_epi8(low, _mm_and_si128(v, half)), _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(v, 4), half)));
    __m256i one = _mm256_set1_epi32(1), row = _mm256_set1_epi32(32);
    /* A shift by 32 or more gives nothing: that is how bytes of other rows fall out. */
    __m256i marks = _mm256_or_si256(_mm256_sllv_epi32(one, _mm256_xor_si256(_mm256_cvtepu8_epi32(v), row)),
        _mm256_sllv_epi32(one, _mm256_xor_si256(_mm256_cvtepu8_epi32(_mm_srli_si128(v, 8)), row)));
    uint64_t digit = mask_of(kinds, 0), letter = mask_of(kinds, 1) | mask_of(kinds, 2);
    uint64_t visible = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(v, space), v)), there = ((uint64_t)1 << len) - 1;
    struct block b = {
        .marks = or_all(marks),
        .digit = digit,
        .letter = letter,
        .hex = digit | mask_of(kinds, 3) | (unsigned)_mm_movemask_epi8(between),
        .upper = letter & ~mask_of(v, 5),
        .base64 = digit | letter | mask_of(kinds, 4),
        .join = digit | mask_of(kinds, 5),
    };
    uint64_t rare = mask_of(kinds, 6) | mask_of(kinds, 7) | mask_of(v, 7) | (there & ~visible);

    if (rare) {
        uint64_t zero = there & (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128()));
        uint64_t low_line = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('_')));

        b.special |= mask_of(kinds, 6) ? SPECIAL_AT : 0;
        b.special |= low_line ? SPECIAL_LOW : 0;
        b.special |= mask_of(v, 7) ? SPECIAL_HIGH : 0;
        b.special |= zero | (mask_of(kinds, 7) & ~low_line) ? SPECIAL_ESCAPE : 0;
        b.special |= there & ~visible ? SPECIAL_CONTROL : 0;
    }
    return b;
}
#endif

/* ---- up to 64 bytes ---- */

/* Up to 8 bytes, zeros behind them. */
ALWAYS_INLINE uint64_t
load_part(const char *p, size_t len)
{
    uint64_t v = 0;

    if (len == 8) {
        memcpy(&v, p, 8);
        return v;
    }
    if (len >= 4) {
        uint32_t first, last;

        memcpy(&first, p, 4);
        memcpy(&last, p + len - 4, 4);
        return first | (uint64_t)last << (8 * (len - 4));
    }
    if (len == 0)
        return 0;
    return (unsigned char)p[0] | (uint64_t)(unsigned char)p[len / 2] << (8 * (len / 2)) | (uint64_t)(unsigned char)p[len - 1] << (8 * (len - 1));
}

ALWAYS_INLINE struct block
block_of(const char *p, const bool fast)
{
#if defined(__x86_64__)
    if (fast)
        return block_fast(_mm_loadu_si128((const __m128i *)(const void *)p), 16);
#endif
    (void)fast;
    return block_plain(p, 16);
}

/* What is below bit ${drop} of b was seen before; the rest stands at ${at}. */
ALWAYS_INLINE void
block_add(struct block *all, const struct block *b, unsigned drop, unsigned at)
{
    all->marks |= b->marks;
    all->special |= b->special;
    all->digit |= b->digit >> drop << at;
    all->letter |= b->letter >> drop << at;
    all->hex |= b->hex >> drop << at;
    all->upper |= b->upper >> drop << at;
    all->base64 |= b->base64 >> drop << at;
    all->join |= b->join >> drop << at;
}

/* 16 to 64 bytes; the last block of 16 overlaps the one before. */
ALWAYS_INLINE struct block
read_blocks(const char *p, size_t len, const bool fast)
{
    struct block all = block_of(p, fast);

    for (size_t at = 16; at < len; at += 16) {
        unsigned drop = len - at < 16 ? (unsigned)(16 - (len - at)) : 0;
        struct block b = block_of(p + at - drop, fast);

        block_add(&all, &b, drop, (unsigned)at);
    }
    return all;
}

/* Fewer than 16. */
ALWAYS_INLINE struct block
read_short(const char *p, size_t len, const bool fast)
{
    uint64_t first = load_part(p, len < 8 ? len : 8), last = len < 8 ? 0 : load_part(p + 8, len - 8);
    char bytes[16];

#if defined(__x86_64__)
    if (fast) /* not through memory: a load of 16 would wait for two stores */
        return block_fast(_mm_set_epi64x((long long)last, (long long)first), len);
#endif
    (void)fast;
    memcpy(bytes, &first, 8);
    memcpy(bytes + 8, &last, 8);
    return block_plain(bytes, len);
}

/* ---- runs ---- */

/* Where runs of n ones begin, for n a power of two up to 16. */
ALWAYS_INLINE uint64_t
runs(uint64_t mask, unsigned n)
{
    for (unsigned k = 1; k < n; k *= 2)
        mask &= mask >> k;
    return mask;
}

ALWAYS_INLINE uint64_t
flag(uint64_t mask, unsigned bit)
{
    return (uint64_t)(mask != 0) << bit;
}

/* Which of ${n} places on from each there is a one in: of half as many, and how many more there are to look at. */
ALWAYS_INLINE uint64_t
near(uint64_t half, unsigned more)
{
    return half | half >> more;
}

/* Where n ones begin, for n of which less than half is known. */
ALWAYS_INLINE uint64_t
longer(uint64_t shorter, unsigned more)
{
    return shorter & shorter >> more;
}

/* What runs of a kind there are in up to 64 bytes. */
ALWAYS_INLINE uint64_t
run_bits(const struct block *b, size_t len)
{
    uint64_t word = b->letter | b->digit, bits = flag((b->letter << 1 & b->digit) | (b->digit << 1 & b->letter), SIEVE_BESIDE);

    if (len < 7)
        return bits;
    uint64_t w7 = longer(runs(word, 4), 3), d7 = near(near(near(b->digit, 1), 2), 3), d14 = near(d7, 7);

    if (w7) {
        uint64_t w9 = longer(w7, 2), w14 = longer(w7, 7);

        bits |= flag(w7 & d7, SIEVE_MIXED_7) | flag(w9 & near(d7, 2), SIEVE_MIXED_9) | flag(w14 & d14, SIEVE_MIXED_14);
        bits |= flag(w9, SIEVE_WORD) | flag(w14, SIEVE_WORD + 1) | flag(w9 & w9 >> 8, SIEVE_WORD + 2);
    }
    if (len < 12)
        return bits;
    uint64_t b16 = runs(b->base64, 16), b20 = longer(b16, 4);

    bits |= flag(longer(runs(b->hex, 8), 4), SIEVE_HEX_12);
    return b16 ? bits | B(BASE64) | flag(b20, SIEVE_BASE64 + 1) | flag(b20 & near(d14, 6), SIEVE_MIXED_20) : bits;
}

/*
 * The most digits that are joined. open: digits of the run that the bytes before ended in; then of the one that these end in.
 */
ALWAYS_INLINE unsigned
most_joined(uint64_t join, uint64_t digit, unsigned *open)
{
    unsigned most = 0, before = *open;
    uint64_t gaps = ~join;

    if (gaps == 0)
        return *open += (unsigned)__builtin_popcountll(digit);
    while (gaps && (digit || before)) {
        uint64_t seen = digit & ((gaps & -gaps) - 1);
        unsigned count = before + (unsigned)__builtin_popcountll(seen);

        most = count > most ? count : most;
        before = 0;
        digit &= ~seen;
        gaps &= ~((digit & -digit) - 1); /* on to the gap behind the next digit */
    }
    *open = (unsigned)__builtin_popcountll(digit);
    return most > *open ? most : *open;
}

/* ---- texts ---- */

struct counted {
    uint64_t marks, special, bits;
    unsigned digits, upper, joined, open;
    bool letters;
};

ALWAYS_INLINE void
count_block(struct counted *c, const struct block *b)
{
    c->marks |= b->marks;
    c->special |= b->special;
    c->letters |= b->letter != 0;
    if (b->upper)
        c->upper += (unsigned)__builtin_popcountll(b->upper);
    if (b->digit || c->open) {
        unsigned most = most_joined(b->join, b->digit, &c->open);

        c->digits += (unsigned)__builtin_popcountll(b->digit);
        c->joined = most > c->joined ? most : c->joined;
    }
}

#define MARK(c) ((uint64_t)1 << ((c)-32))

ALWAYS_INLINE uint64_t
show(const struct counted *c, size_t len)
{
    uint64_t bits = c->bits | (c->marks & ~SIEVE_NO_MARKS) | digit_bits[c->digits < 10 ? c->digits : 10] |
                    joined_bits[c->joined < 13 ? c->joined : 13];

    bits |= length_bits[len < 40 ? len : 40] | (c->letters ? B(LETTER) : 0);
    bits |= (c->upper ? B(UPPER) : 0) | (c->upper >= 4 ? B(UPPER_4) : 0) | (c->marks & (MARK('%') | MARK('&')) ? B(FOLDS) : 0);
    if (c->special) {
        bits |= (c->special & SPECIAL_AT ? B(AT) : 0) | (c->special & SPECIAL_LOW ? B(LOW) : 0) | (c->special & SPECIAL_HIGH ? B(HIGH) : 0);
        bits |= (c->special & (SPECIAL_HIGH | SPECIAL_ESCAPE) ? B(FOLDS) : 0) | (c->special & SPECIAL_CONTROL ? B(CONTROL) : 0);
    }
    return bits;
}

/* The last 32 bytes of a block and the first of the next. No run that is looked for is longer. */
ALWAYS_INLINE struct block
seam(const struct block *before, const struct block *b)
{
    return (struct block){
        .letter = before->letter >> 32 | b->letter << 32,
        .digit = before->digit >> 32 | b->digit << 32,
        .hex = before->hex >> 32 | b->hex << 32,
        .base64 = before->base64 >> 32 | b->base64 << 32,
    };
}

ALWAYS_INLINE uint64_t
show_long(struct str text, const bool fast)
{
    struct counted c = {0};
    struct block before = {0};

    for (size_t at = 0; at < text.len; at += 64) {
        size_t len = text.len - at < 64 ? text.len - at : 64;
        struct block b = len < 16 ? read_short(text.ptr + at, len, fast) : read_blocks(text.ptr + at, len, fast), both = seam(&before, &b);

        count_block(&c, &b);
        c.bits |= run_bits(&b, len) | run_bits(&both, 64);
        before = b;
    }
    return show(&c, text.len);
}

ALWAYS_INLINE uint64_t
show_text(struct str text, const bool fast)
{
    struct counted c = {0};

    if (text.len > SIEVE_TEXT_MAX)
        return UINT64_MAX;
    if (text.len > 64)
        return show_long(text, fast);
    struct block b = text.len < 16 ? read_short(text.ptr, text.len, fast) : read_blocks(text.ptr, text.len, fast);

    count_block(&c, &b);
    c.bits = run_bits(&b, text.len);
    return show(&c, text.len);
}

uint64_t
sieve_integer(size_t len)
{
    uint64_t bits = digit_bits[len < 10 ? len : 10] | joined_bits[len < 13 ? len : 13] | length_bits[len < 40 ? len : 40] | MARK('-');

    if (len < 7)
        return bits;
    bits |= sieve_steps(&sieve_word, SIEVE_WORD, len) | sieve_steps(&sieve_base64, SIEVE_BASE64, len) | (len >= 12 ? B(HEX_12) : 0);
    return bits | B(MIXED_7) | (len >= 9 ? B(MIXED_9) : 0) | (len >= 14 ? B(MIXED_14) : 0) | (len >= 20 ? B(MIXED_20) : 0);
}

uint64_t
sieve_text_plain(struct str text)
{
    return show_text(text, false);
}

struct sieve_sign
sieve_sign(unsigned char byte)
{
    char bytes[16] = {(char)byte};
    struct block b = block_plain(bytes, 1);
    uint64_t counted = B(UPPER) | SIEVE_NO_MARKS; /* these are */

    return (struct sieve_sign){
        sieve_text_plain((struct str){bytes, 1}) & ~counted, b.digit & 1, b.hex & 1, b.upper & 1, b.base64 & 1, (b.letter | b.digit) & 1, b.join & 1};
}

/* ---- gates ---- */

static unsigned
gates_open_plain(const struct gate *g, unsigned count, uint64_t shown)
{
    unsigned open = 0;

    for (unsigned k = 0; k < count; k++)
        for (unsigned i = 0; i < g[k].all_count && !(open >> k & 1); i++)
            open |= (unsigned)((g[k].all[i] & ~shown) == 0) << k;
    return open;
}

#if defined(__x86_64__)
FAST __attribute__((flatten)) static uint64_t
show_fast(struct str text)
{
    return show_text(text, true);
}

/* Four at a time; the list is filled up. */
FAST static bool
is_open_fast(const struct gate *g, __m256i all)
{
    for (unsigned i = 0; i < g->all_count; i += 4) {
        __m256i need = _mm256_loadu_si256((const __m256i *)(const void *)(g->all + i));
        __m256i met = _mm256_cmpeq_epi64(_mm256_andnot_si256(all, need), _mm256_setzero_si256());

        if (!_mm256_testz_si256(met, met))
            return true;
    }
    return false;
}

FAST static unsigned
gates_open_fast(const struct gate *g, unsigned count, uint64_t shown)
{
    __m256i all = _mm256_set1_epi64x((long long)shown), zero = _mm256_setzero_si256();
    unsigned open = 0;

    for (unsigned k = 0; k < count; k++) {
        __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)g[k].need);
        __m256i second = _mm256_loadu_si256((const __m256i *)(const void *)(g[k].need + 4));
        __m256i any = _mm256_or_si256(
            _mm256_cmpeq_epi64(_mm256_andnot_si256(all, first), zero), _mm256_cmpeq_epi64(_mm256_andnot_si256(all, second), zero));

        if (!_mm256_testz_si256(any, any))
            open |= (unsigned)is_open_fast(&g[k], all) << k;
    }
    return open;
}
_Static_assert(GATE_NEEDS == 8 && GATE_ALL % 4 == 0, "vectors of four");

static bool
is_fast(void)
{
    return __builtin_cpu_supports("avx2"); /* popcnt is part of it */
}

uint64_t
sieve_text(struct str text)
{
    return is_fast() ? show_fast(text) : sieve_text_plain(text);
}

unsigned
gates_open(const struct gate *g, unsigned count, uint64_t shown)
{
    return is_fast() ? gates_open_fast(g, count, shown) : gates_open_plain(g, count, shown);
}
#else
uint64_t
sieve_text(struct str text)
{
    return sieve_text_plain(text);
}

unsigned
gates_open(const struct gate *g, unsigned count, uint64_t shown)
{
    return gates_open_plain(g, count, shown);
}
#endif
