/* Identifiers of devices. */
#include "checks_int.h"

/* Type allocation, serial, Luhn (3GPP TS 23.003 section 6); sixteen digits are an IMEISV, with a software version and no check. */
static bool
check_imei(struct match *m)
{
    uint8_t d[16];
    size_t n = match_digits(m, d, sizeof(d));

    if (digits_all_equal(d, n) || (n == 15 && !luhn_valid(d, n)))
        return false;
    return match_vouched(m);
}

/* The mobile country codes of networks begin with 2 to 7 (ITU-T E.212). */
static bool
check_imsi(struct match *m)
{
    char first = m->text.ptr[m->start];

    return first >= '2' && first <= '7';
}

/* 89 for telecom, Luhn (ITU-T E.118). */
static bool
check_iccid(struct match *m)
{
    uint8_t d[20];
    size_t n = match_digits(m, d, sizeof(d));

    return n >= 19 && d[0] == 8 && d[1] == 9 && luhn_valid(d, n);
}

#define UUID "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"

const struct detector detect_device[] = {
    {
        ENTRY("dev.imei", "DEVICE_IMEI", "Identity of a mobile device (IMEI)", TIER_B, "network", "GDPR HIPAA-M", 1),
        .pattern = GROUPS_START "(?:[0-9]{2}([ -])[0-9]{6}\\1[0-9]{6}\\1[0-9]{1,2}|[0-9]{15,16})" GROUPS_END,
        .context = WORDS("imei", "imeisv", "device imei"),
        .vouched = " -",
        .check = check_imei,
        .examples = EXAMPLES(HIT("imei 490154203237518"), HIT("49-015420-323751-8"), HIT_IN("device.imei", "4901542032375180"),
            MISS("490154203237518"), MISS("imei 490154203237519"), MISS("imei 000000000000000")),
    },
    {
        ENTRY("dev.imsi", "DEVICE_IMSI", "Identity of a mobile subscriber (IMSI)", TIER_C, "network", "GDPR HIPAA-M", 1),
        .pattern = NUM_START "[0-9]{14,15}" NUM_END,
        .context = WORDS("imsi", "supi"),
        .need_context = true,
        .check = check_imsi,
        .examples = EXAMPLES(HIT("imsi 310150123456789"), HIT("imsi-262011234567890"), MISS("310150123456789"), MISS("imsi 110150123456789")),
    },
    {
        ENTRY("dev.iccid", "DEVICE_ICCID", "Number of a SIM card (ICCID)", TIER_C, "network", "GDPR HIPAA-M", 1),
        .pattern = NUM_START "[0-9]{19,20}" NUM_END,
        .context = WORDS("iccid", "sim"),
        .need_context = true,
        .check = check_iccid,
        .examples = EXAMPLES(HIT("iccid 8944500102198304826"), MISS("8944500102198304826"), HIT("iccid 8991101200003204514"),
            MISS("8944500102198304827"), MISS("1748503543012345678")),
    },
    {
        ENTRY("dev.meid", "DEVICE_MEID", "Identity of a mobile device (MEID)", TIER_C, "network", "GDPR HIPAA-M", 1),
        .pattern = WORD_START "[A-Fa-f][0-9A-Fa-f]{13}" WORD_END,
        .context = WORDS("meid"),
        .need_context = true,
        .examples = EXAMPLES(HIT("meid A10000009296F2"), HIT_IN("device.meid", "a10000009296f2"), MISS("A10000009296F2"), MISS("meid A10000009296")),
    },
    {
        ENTRY("dev.advertising_id", "ADVERTISING_ID", "Advertising identifier, by its key", TIER_B, "network", "GDPR CCPA HIPAA-M", 1),
        .pattern = TEXT_START UUID TEXT_END,
        .context = WORDS("idfa", "idfv", "gaid", "aaid", "adid", "advertising id", "advertiser id"),
        .key_only = true,
        .examples = EXAMPLES(HIT_IN("device.idfa", "EA7583CD-A667-48BC-B806-42ECB2B48606"),
            HIT_IN("advertisingId", "38400000-8cf0-11bd-b23e-10b96e40000d"), MISS_IN("trace.id", "38400000-8cf0-11bd-b23e-10b96e40000d"),
            MISS_IN("device.idfa", "none"), MISS("EA7583CD-A667-48BC-B806-42ECB2B48606")),
    },
    {
        /* Traces are full of them: only for those who ask for it. */
        ENTRY("net.uuid", "UUID", "UUID", TIER_C, "network", "GDPR", 0),
        .pattern = "(?<![0-9A-Za-z_-])" UUID "(?![0-9A-Za-z_-])",
        .examples = EXAMPLES(HIT("550e8400-e29b-41d4-a716-446655440000"), HIT("id=EA7583CD-A667-48BC-B806-42ECB2B48606;"),
            MISS("550e8400-e29b-41d4-a716-44665544000"), MISS("x550e8400-e29b-41d4-a716-446655440000")),
    },
    {
        ENTRY("dev.hostname_personal", "PERSONAL_HOSTNAME", "Name of a person in the name of a computer", TIER_C, "network", "GDPR", 1),
        .pattern = "(?<![0-9A-Za-z_-])((?:[A-Z]?[a-z]{2,20}|[A-Z]{3,20})(?:'s)?)-(?:MacBook|iMac|iPhone|iPad|Mac-mini|MBP|Mac|Laptop|Desktop|PC|"
                   "ThinkPad|Surface)(?![A-Za-z])(?![0-9]{1,4}[A-Za-z])",
        .check = match_first_group,
        .examples = EXAMPLES(HIT("Johns-MacBook-Pro.local"), HIT("host jane-iPhone"), MISS("DESKTOP-ABC123"), HIT("jane-PC2"), MISS("YWWAF-PC8AK"),
            MISS("boglii-PC7hsDPj"), MISS("MacBook-Pro.local"), MISS("web-7d9f8b6c5d")),
    },
    {.id = NULL},
};
