/* Addresses and seeds of cryptographic currencies. */
#include "checks_int.h"

static bool
check_btc(struct match *m)
{
    struct str s = match_str(m);

    return s.ptr[2] == '1' && (s.ptr[0] | 0x20) == 'b' && (s.ptr[1] | 0x20) == 'c' ? bech32_valid(s) : base58check_valid(s);
}

/* EIP-55: a letter is a capital when the nibble of the Keccak-256 of the lower-case address at its place is 8 or more. One case only checks nothing. */
static bool
check_eth(struct match *m)
{
    char address[40];
    uint8_t hash[32];
    bool lower = false, upper = false, fits = true;

    for (size_t i = 0; i < sizeof(address); i++) {
        char c = m->text.ptr[m->start + 2 + i];

        lower |= c >= 'a' && c <= 'f';
        upper |= c >= 'A' && c <= 'F';
        address[i] = ascii_lower(c);
    }
    if (!lower || !upper)
        return match_context(m);
    keccak256((struct str){address, sizeof(address)}, hash);
    for (size_t i = 0; i < sizeof(address); i++) {
        char c = m->text.ptr[m->start + 2 + i];
        bool capital = (hash[i / 2] >> (i % 2 ? 0 : 4) & 8) != 0;

        fits = fits && (!ascii_alpha(c) || capital == (c < 'a'));
    }
    return fits;
}

#define MONERO_BLOCK 11
#define MONERO_BYTES 69

/* Base 58 in blocks of 11 letters for 8 bytes, the last of 7 for 5; four bytes of Keccak-256 at the end (77 bytes with a payment id). */
static bool
check_monero(struct match *m)
{
    uint8_t bytes[80], hash[32];
    struct str s = match_str(m);
    size_t n = 0;

    for (size_t at = 0; at < s.len; at += MONERO_BLOCK) {
        bool whole = s.len - at >= MONERO_BLOCK;

        if (!base58_decode(str_sub(s, at, whole ? at + MONERO_BLOCK : s.len), bytes + n, whole ? 8 : 5))
            return false;
        n += whole ? 8 : 5;
    }
    keccak256((struct str){(const char *)bytes, n - 4}, hash);
    return n >= MONERO_BYTES && memcmp(hash, bytes + n - 4, 4) == 0;
}

const struct detector detect_crypto[] = {
    {
        ENTRY("fin.crypto_btc", "CRYPTO_ADDRESS", "Bitcoin address", TIER_A, "financial", "GDPR", 1),
        .pattern = WORD_START "(?:[13][0-9A-Za-z]{24,35}|[Bb][Cc]1[0-9A-Za-z]{11,71})" WORD_END,
        .context = WORDS("wallet", "btc", "bitcoin", "address"),
        .check = check_btc,
        .examples = EXAMPLES(HIT("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"), HIT("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
            HIT("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"), HIT("to bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0."),
            MISS("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"), MISS("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
            MISS("1111111111111111111111111111111111")),
    },
    {
        ENTRY("fin.crypto_eth", "CRYPTO_ADDRESS", "Ethereum address", TIER_B, "financial", "GDPR", 1),
        .pattern = WORD_START "0x[0-9A-Fa-f]{40}" WORD_END,
        .context = WORDS("wallet", "eth", "ethereum", "address"),
        .check = check_eth,
        .examples = EXAMPLES(HIT("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), HIT("wallet 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
            MISS("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee"), MISS("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
            MISS("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe")),
    },
    {
        ENTRY("fin.crypto_xmr", "CRYPTO_ADDRESS", "Monero address", TIER_C, "financial", "GDPR", 1),
        .pattern = WORD_START "[48][1-9A-HJ-NP-Za-km-z]{94}(?:[1-9A-HJ-NP-Za-km-z]{11})?" WORD_END,
        .context = WORDS("monero", "xmr", "wallet"),
        .check = check_monero,
        .examples = EXAMPLES(HIT("44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"),
            HIT("xmr:44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A."),
            MISS("44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3B"),
            MISS("44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3")),
    },
    {
        /* BIP 39 words have three to eight letters: twelve such words in a row, behind the word for them, are no prose. */
        ENTRY("fin.crypto_seed", "CRYPTO_SEED", "Seed phrase of a wallet", TIER_B, "financial", "GDPR", 3),
        .pattern = "(?<![0-9A-Za-z_-])(?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8}(?![0-9A-Za-z_-])",
        .context = WORDS("mnemonic", "seed phrase", "recovery phrase", "seed words", "secret recovery phrase", "bip39"),
        .need_context = true,
        .examples = EXAMPLES(HIT("mnemonic: legal winner thank year wave sausage worth useful legal winner thank yellow"),
            HIT_IN("wallet.seed_phrase", "legal winner thank year wave sausage worth useful legal winner thank yellow"),
            MISS("legal winner thank year wave sausage worth useful legal winner thank yellow"),
            MISS("mnemonic: the seed phrase must be kept in a safe place and not be shared with anyone else")),
    },
    {.id = NULL},
};
