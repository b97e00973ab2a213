/* Health: numbers of patients and insurances with their names before them, codes, and values by key. */
#include "checks_int.h"

static bool
has_digit(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (ascii_digit(s.ptr[i]))
            return true;
    return false;
}

/* A word without a digit is what the text goes on with. */
static bool
check_number(struct match *m)
{
    return has_digit(match_str(m)) && !match_in_uuid(m);
}

const struct detector detect_health[] = {
    {
        ENTRY("health.mrn", "MEDICAL_RECORD_NUMBER", "Medical record number", TIER_B, "health", "HIPAA-H GDPR-9", 2),
        .pattern = NUM_START "(?<![+/])[A-Z]{0,3}-?[0-9][0-9A-Z]{4,9}(?![+/=])" NUM_END,
        .caseless = true,
        .context = WORDS("mrn", "medical record", "medical record number", "patient id", "patient number", "chart number"),
        .need_context = true,
        .check = check_number,
        .examples = EXAMPLES(HIT("MRN 12345678"), HIT_IN("patient.id", "A1234567"), HIT("medical record number: 00123456"), MISS("12345678"),
            MISS("mrn missing"), MISS("mrn 1234")),
    },
    {
        ENTRY("health.insurance_member_id", "HEALTH_PLAN_NUMBER", "Number of a health plan's member", TIER_B, "health", "HIPAA-I GDPR-9", 2),
        .pattern = GROUPS_START "[A-Z]{0,4}-?[0-9][0-9A-Z-]{4,18}(?<!-)" NUM_END,
        .caseless = true,
        .context = WORDS(
            "member id", "member number", "subscriber id", "policy number", "insurance id", "insurance number", "health plan", "group number"),
        .need_context = true,
        .check = check_number,
        .examples = EXAMPLES(HIT("member id XYZ123456789"), HIT_IN("insurance.subscriber_id", "W123456789"), HIT("policy number 1234-567890"),
            MISS("XYZ123456789"), MISS("member id missing"), MISS("certificate number 123456789"), MISS("policy identification 123456789")),
    },
    {
        ENTRY("health.icd10", "ICD10_CODE", "Code of a diagnosis (ICD-10)", TIER_C, "health", "GDPR-9", 1),
        .pattern = WORD_START "[A-Z][0-9][0-9AB](?:\\.[0-9A-Z]{1,4})?" WORD_END,
        .context = WORDS("diagnosis", "icd", "icd10", "icd 10", "diagnose"),
        .need_context = true,
        .examples = EXAMPLES(HIT("diagnosis F32.1"), HIT("ICD-10: E11"), HIT_IN("patient.diagnosis_code", "C50.911"), MISS("F32.1"),
            HIT("diagnosis U07.1"), MISS("diagnosis 307"), MISS("icd F3")),
    },
    {
        ENTRY("health.cpt", "CPT_CODE", "Code of a procedure (CPT, HCPCS)", TIER_C, "health", "GDPR-9", 0),
        .pattern = NUM_START "(?:[0-9]{4}[0-9FTU]|[A-V][0-9]{4})" NUM_END,
        .context = WORDS("cpt", "hcpcs", "procedure code"),
        .need_context = true,
        .examples = EXAMPLES(HIT("cpt 99213"), HIT("HCPCS J1745"), MISS("99213"), MISS("cpt 9921")),
    },
    {
        ENTRY("health.ndc", "NDC_CODE", "Code of a drug (NDC)", TIER_C, "health", "GDPR-9", 0),
        .pattern = GROUPS_START "(?:[0-9]{4}-[0-9]{4}-[0-9]{2}|[0-9]{5}-(?:[0-9]{3}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}))" GROUPS_END,
        .context = WORDS("ndc", "drug", "medication"),
        .need_context = true,
        .examples = EXAMPLES(HIT("ndc 0777-3105-02"), HIT("drug 50580-449-05"), MISS("0777-3105-02"), MISS("ndc 077-3105-02")),
    },
    {
        ENTRY("health.keys", "HEALTH_DATA", "Diagnosis, medication, allergy and the like, by their key", TIER_A, "health", "HIPAA-R GDPR-9", 2),
        .pattern = WHOLE_TEXT,
        .key_only = true,
        .check = match_not_placeholder,
        .context = WORDS("diagnosis", "diagnoses", "medication", "allergy", "allergies", "blood type", "blood group", "prescription", "symptom",
            "medical history", "medical condition", "lab result", "immunization", "vaccination"),
        .examples = EXAMPLES(HIT_IN("patient.diagnosis", "asthma"), HIT_IN("bloodType", "AB-"), HIT_IN("patient.allergies", "nuts"),
            MISS_IN("service.name", "asthma"), MISS_IN("patient.diagnosis", "null"), MISS_IN("diagnostics.level", "debug")),
    },
    {.id = NULL},
};
