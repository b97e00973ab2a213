#include "base_suite.h"
#include "control/reference.h"
#include "policies/detector.h"
#include "policies/scanner.h"

static struct buf
printed(struct reference_filter f, enum reference_format format, size_t *count)
{
    struct buf out = BUF_INIT(4u << 20);

    ck_assert_int_eq(reference_detectors(&f, format, &out, count), RC_OK);
    ck_assert_int_eq(buf_append_byte(&out, '\0'), RC_OK);
    return out;
}

START_TEST(reference_lists_every_detector_and_scanner_in_each_format)
{
    size_t detectors, scanners, count;
    const struct detector *const *all = detectors_all(&detectors);

    (void)scanners_all(&scanners);
    for (unsigned format = REFERENCE_TEXT; format <= REFERENCE_MARKDOWN; format++) {
        struct buf out = printed((struct reference_filter){0}, (enum reference_format)format, &count);

        ck_assert_uint_eq(count, detectors + scanners);
        for (size_t i = 0; i < detectors; i++)
            ck_assert_msg(strstr(out.ptr, all[i]->id) && strstr(out.ptr, all[i]->entity), "%s is not in format %u", all[i]->id, format);
        buf_free(&out);
    }
}
END_TEST

START_TEST(reference_lists_what_fits_the_filter)
{
    size_t count;
    struct buf out = printed((struct reference_filter){.name = "IBAN"}, REFERENCE_TEXT, &count);

    ck_assert_uint_ge(count, 1);
    ck_assert(strstr(out.ptr, "IBAN") && !strstr(out.ptr, "EMAIL_ADDRESS"));
    buf_free(&out);
    out = printed((struct reference_filter){.category = "secret"}, REFERENCE_TEXT, &count);
    ck_assert(count > 10 && !strstr(out.ptr, "CREDIT_CARD"));
    buf_free(&out);
    out = printed((struct reference_filter){.name = "no such"}, REFERENCE_TEXT, &count);
    ck_assert_uint_eq(count, 0);
    buf_free(&out);
}
END_TEST

START_TEST(reference_knows_codes_by_number)
{
    ck_assert_str_eq(reference_code(412).summary, "unknown entity or detector");
    ck_assert_ptr_null(reference_code(9999).summary);
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(reference_codes(&out), RC_OK);
    ck_assert_int_eq(buf_append_byte(&out, '\0'), RC_OK);
    ck_assert(strstr(out.ptr, "| SG0412 | unknown entity or detector |"));
    buf_free(&out);
}
END_TEST

START_TEST(reference_fails_when_the_buffer_is_full)
{
    for (size_t max = 0; max < 2000; max += 97) {
        for (unsigned format = REFERENCE_TEXT; format <= REFERENCE_MARKDOWN; format++) {
            struct buf out = BUF_INIT(max);
            size_t count;

            ck_assert_int_eq(reference_detectors(&(struct reference_filter){0}, (enum reference_format)format, &out, &count), RC_TOO_LARGE);
            buf_free(&out);
        }
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &reference_lists_every_detector_and_scanner_in_each_format},
    {"normal", &reference_lists_what_fits_the_filter},
    {"normal", &reference_knows_codes_by_number},
    {"limits", &reference_fails_when_the_buffer_is_full},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("reference", cases);
}
