#include "base_suite.h"

#include <stdlib.h>
#include <string.h>

int
suite_run(const char *name, const struct case_entry *cases)
{
    static const char *const groups[] = {"normal", "malformed", "limits", "nomem"};
    Suite *s = suite_create(name);

    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        TCase *tc = tcase_create(groups[g]);

        tcase_set_timeout(tc, 120);
        for (const struct case_entry *c = cases; c->test; c++)
            if (strcmp(c->tcase, groups[g]) == 0)
                tcase_add_test(tc, *c->test);
        suite_add_tcase(s, tc);
    }
    SRunner *sr = srunner_create(s);

    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);

    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
