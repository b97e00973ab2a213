/* Identifiers of the United Kingdom and Ireland. */
#include "checks_int.h"

static bool
check_nino(struct match *m)
{
    return m->context || match_shouted(m);
}

const struct detector detect_gov_britain[] = {
    {
        .id = "uk.nino",
        .entity = "UK_NINO",
        .title = "UK national insurance number",
        .tier = TIER_A,
        .category = "government",
        .controls = "GDPR",
        .pattern = WORD_START
        "(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:([ -]?)[0-9]{2}\\1[0-9]{2}\\1[0-9]{2}\\1| ?[0-9]{6} ?)[A-D]" WORD_END,
        .caseless = true,
        .context = WORDS("national insurance", "nino", "ni number"),
        .check = check_nino,
        .severity = 2,
        .examples = EXAMPLES(HIT("AB123456C"), HIT("YZ 61 48 68 B"), HIT("nino ab123456c"), HIT("AB 123456 C"), HIT("AB-12-34-56-C"),
            HIT("\xe5\x8f\xb7"
                "AB123456C\xe3\x80\x82"),
            MISS("BG123612A"), MISS("AA 12 34 56 H"), MISS("FQ 00 00 00 C"), MISS("xAB123456C"), MISS("AB123456C1"), MISS("AO123456C"),
            MISS("checkout-kz244244d-ddqtf")),
    },
    {.id = NULL},
};
