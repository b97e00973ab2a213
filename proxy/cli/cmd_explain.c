#include <strings.h>

#include "control/command.h"
#include "control/reference.h"

static int
run(const struct arguments *a)
{
    const char *const *rest;
    uint64_t number = 0;

    (void)args_rest(a, &rest);
    struct str text = str_of(rest[0]);

    if (text.len > 2 && strncasecmp(text.ptr, "SG", 2) == 0)
        text = str_sub(text, 2, text.len);
    if (!str_to_u64(text, &number) || number > 9999)
        return usage_error(a, "a code is wanted, such as SG0412");
    struct reference_code c = reference_code((unsigned)number);

    if (!c.summary) {
        fprintf(stderr, "there is no code SG%04u\n", (unsigned)number);
        return EXIT_NEGATIVE;
    }
    printf("SG%04u: %s\n\n%s\n", c.number, c.summary, c.advice);
    return EXIT_DONE;
}

static const struct option_spec options[] = {{0}};

const struct command cmd_explain = {
    .name = "explain",
    .usage = "CODE",
    .summary = "Tell what an error code means",
    .text = "Codes stand in brackets in messages: error[SG0412].",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
