/**
 * The sieve: what a text must hold for a pattern to match somewhere in it, as a set of bits. A text shows bits, a pattern needs some of them; a pattern none of
 * whose needs is shown in full cannot match. It costs a few instructions for 16 bytes and lets most texts pass by most automata.
 *
 *   bits shown   which marks there are, how many digits, how long the text is and its longest runs of a kind
 *   needs        of a pattern: a list, one of which is shown wherever the pattern matches (one for each way to match it, the most alike joined)
 *
 * More may be shown than is there, never less: a text of more than SIEVE_TEXT_MAX bytes shows all. Letters are not told apart: an automaton does that at
 * the same cost.
 */
#ifndef ENGINE_FINDER_SIEVE_INT_H
#define ENGINE_FINDER_SIEVE_INT_H

#include "finder_parse_int.h"

#define SIEVE_TEXT_MAX 4096

/*
 * Bits. The first 32 are the bytes 32 .. 63, but in place of the digits: one bit for each step of so many digits; and in place of marks that tell little: what
 * is known of digits among letters. Words and names hold none, identifiers do.
 */
enum {
    SIEVE_BESIDE = '!' - 32,   /* a digit beside a letter */
    SIEVE_MIXED_7 = '*' - 32,  /* seven letters and digits side by side, a digit among the run */
    SIEVE_MIXED_9 = ';' - 32,  /* nine */
    SIEVE_MIXED_14 = ')' - 32, /* fourteen */
    SIEVE_MIXED_20 = 39 - 32,  /* twenty characters of base64 side by side, a digit among the run; in place of the apostrophe */
    SIEVE_PLUS = '+' - 32,
    SIEVE_DIGITS = '0' - 32,
    SIEVE_EQUALS = '=' - 32,
    SIEVE_AT = 32, /* @ */
    SIEVE_LOW,     /* _ */
    SIEVE_HIGH,    /* a byte above 127 */
    SIEVE_FOLDS,   /* a byte at which an escape may begin, or above 127: fold_wanted says no to a text without it */
    SIEVE_CONTROL, /* a byte below ' ' */
    SIEVE_LETTER,  /* a letter */
    SIEVE_UPPER,   /* a capital */
    SIEVE_UPPER_4, /* four of them */
    SIEVE_HEX_12,  /* twelve of hexadecimal digits and - . : side by side */
    SIEVE_BASE64,  /* from here on steps: of characters of base64 side by side; decode_next finds nothing in a text without the first */
    SIEVE_WORD = SIEVE_BASE64 + 2,   /* letters and digits side by side */
    SIEVE_LENGTH = SIEVE_WORD + 3,   /* bytes */
    SIEVE_JOINED = SIEVE_LENGTH + 8, /* digits with no other bytes between them than blanks and ( ) * + , - . / */
    SIEVE_BITS = SIEVE_JOINED + 10
};
_Static_assert(SIEVE_BITS <= 64, "bits are one uint64_t");

struct steps {
    uint8_t count, at[12];
};
extern const struct steps sieve_digits, sieve_length, sieve_joined, sieve_base64, sieve_word;

/* The bits from ${first} on for what was counted. */
uint64_t sieve_steps(const struct steps *s, unsigned first, size_t counted);

#define SIEVE_BIT(b) ((uint64_t)1 << (b))
/* The bits of the first 32 that are no marks. */
#define SIEVE_NO_MARKS                                                                                                                             \
    ((uint64_t)0x3FF << SIEVE_DIGITS | SIEVE_BIT(SIEVE_BESIDE) | SIEVE_BIT(SIEVE_MIXED_7) | SIEVE_BIT(SIEVE_MIXED_9) | SIEVE_BIT(SIEVE_MIXED_14) | \
        SIEVE_BIT(SIEVE_MIXED_20))

/* What one byte shows; whether it is of a kind. */
struct sieve_sign {
    uint64_t bits;
    bool digit, hex, upper, base64, word, join;
};
struct sieve_sign sieve_sign(unsigned char byte);

uint64_t sieve_text(struct str text);
/* Of a decimal integer of that many characters. */
uint64_t sieve_integer(size_t len);
/* The same without instructions that not every processor has: for tests. */
uint64_t sieve_text_plain(struct str text);

#define SIEVE_NEEDS 8

struct sieve {
    uint64_t need[SIEVE_NEEDS];
    unsigned count; /* none: it is never shown */
};

/* What a tree needs. It is taken before it was widened. */
struct sieve sieve_tree(const struct ast *t);

/* Add a need, unless one of the list asks for less; those that ask for more go. A full list joins its most alike. */
void sieve_add(uint64_t *need, unsigned *count, unsigned max, uint64_t one);

static inline bool
sieve_passes(const struct sieve *s, uint64_t shown)
{
    for (unsigned i = 0; i < s->count; i++)
        if ((s->need[i] & ~shown) == 0)
            return true;
    return false;
}

/* What both need: a text in which both match. */
struct sieve sieve_both(const struct sieve *a, const struct sieve *b);

/*
 * The needs of many patterns, one of which a text must show. need: as few, which are asked first; all: as they are, those first that ask for least, as
 * far as there is room. The rest of each list repeats its first. Without a need it is UINT64_MAX, which only long texts show.
 */
#define GATE_NEEDS 8
#define GATE_ALL 48
struct gate {
    uint64_t need[GATE_NEEDS], all[GATE_ALL];
    unsigned count, all_count;
};

/* From {0}: the patterns one by one, then gate_close. */
void gate_add(struct gate *g, const struct sieve *s);
void gate_close(struct gate *g);

/* The gates that a text opens, as a set of bits; at most 32. */
unsigned gates_open(const struct gate *g, unsigned count, uint64_t shown);

#endif
