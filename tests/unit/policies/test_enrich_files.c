#include "policies/enrich.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "base_suite.h"

static char dir[] = "/tmp/spangate-enrich-files-XXXXXX";

/* A file of the folder; text NULL: it goes. */
static void
put_file(const char *name, const char *text)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (text)
        ck_assert_int_eq(file_write_atomic(path, str_of(text), 0600), RC_OK);
    else
        unlink(path);
}

/* The rc of a source that stands in a gateway file of the folder. */
static enum rc
load_beside(const char *source)
{
    char yaml[256], file[96];
    struct conf_doc *doc = NULL;
    struct enricher *en = NULL;
    struct errs es = {0};

    snprintf(yaml, sizeof(yaml), "sources: {%s}\n", source);
    snprintf(file, sizeof(file), "%s/gateway.yaml", dir);
    ck_assert_int_eq(conf_load_text(file, str_of(yaml), false, &doc, &es), RC_OK);
    enum rc rc = enricher_load(doc, conf_root(doc, 0), &en, &es);

    enricher_free(en);
    conf_free(doc);
    errs_free(&es);
    return rc;
}

/* As every name of a file in a gateway file, whatever folder the gate is started in. */
START_TEST(enrich_reads_files_beside_the_gateway_file)
{
    static const char *const sources[] = {"a: {type: file, file: lines}", "b: {type: podinfo, dir: .}", "c: {type: flagd, file: flags}"};
    static const char *const names[] = {"lines", "annotations", "flags"};
    static const char *const texts[] = {"a.b: c\n", "resource.opentelemetry.io/a.c=\"d\"\n",
        "{\"flags\": {\"f\": {\"state\": \"ENABLED\", \"variants\": {\"on\": true}, \"defaultVariant\": \"on\"}}}"};

    ck_assert_ptr_nonnull(mkdtemp(dir));
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        put_file(names[i], texts[i]);
        ck_assert_msg(load_beside(sources[i]) == RC_OK, "%s", sources[i]);
        put_file(names[i], NULL);
        ck_assert_msg(load_beside(sources[i]) == RC_CONFIG, "%s", sources[i]);
    }
    rmdir(dir);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &enrich_reads_files_beside_the_gateway_file},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("enrich_files", cases);
}
