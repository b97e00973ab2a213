/* Private keys. */
#include "checks_int.h"

#define BODY_MIN 20

/* A header alone is prose about keys; a run of base64 after it is a key. Line ends may be escaped, once or twice. */
static bool
check_pem(struct match *m)
{
    struct str s = match_str(m);
    size_t run = 0;

    for (size_t i = str_find(s, STR("PRIVATE KEY")); i < s.len; i++) {
        char c = s.ptr[i];

        run = ascii_alnum(c) || c == '+' || c == '/' ? run + 1 : 0;
        if (run >= BODY_MIN)
            return true;
    }
    return false;
}

#define PEM_NAME "(?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?"

const struct detector detect_key_material[] = {
    {
        .id = "sec.private_key_pem",
        .entity = "PRIVATE_KEY",
        .title = "Private key in PEM or PGP armour",
        .tier = TIER_A,
        .category = "secret",
        .controls = "SOC2-CC6.1 ISO27001-A.8.24",
        /* A block without its END line was cut: all that follows is taken. */
        .pattern = "-----BEGIN " PEM_NAME "-----(?:[^-]++|-(?!----(?:END|BEGIN) ))*+(?:-----END " PEM_NAME "-----)?",
        .check = check_pem,
        .severity = 3,
        .examples = EXAMPLES(
            HIT("-----BEGIN RSA PRIV"
                "ATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIEpAIBAAKCAQEA0123456789abcdef\n-----END RSA PRIV"
                "ATE KEY-----"),
            HIT("-----BEGIN PRIV"
                "ATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEF"),
            HIT("x=-----BEGIN OPENSSH PRIV"
                "ATE KEY-----\\\\nb3BlbnNzaC1rZXktdjEAAAAABG5v\\\\n-----END OPENSSH PRIV"
                "ATE KEY-----;"),
            HIT("-----BEGIN PGP PRIV"
                "ATE KEY BLOCK-----\nVersion: 1\n\nlQOYBFzz0123456789abcdefghij\n-----END PGP PRIV"
                "ATE KEY BLOCK-----"),
            MISS("-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF"),
            MISS("expected -----BEGIN PRIV"
                 "ATE KEY----- at line 1"),
            MISS("-----BEGIN PUBLIC KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF")),
    },
    {.id = NULL},
};
