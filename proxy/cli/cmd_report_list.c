#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "control/command.h"
#include "control/report_build.h"

static enum rc
json_row(const char *dir, const struct report_manifest *m, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    json_cstr(&j, "dir", dir);
    json_text(&j, "period", m->period);
    json_text(&j, "profiles", m->profiles);
    json_text(&j, "log", m->log);
    json_text(&j, "size", m->size);
    json_u64(&j, "files", m->files);
    json_bool(&j, "signed", m->is_signed);
    json_close_object(&j);
    return json_finish(&j);
}

/* Whether there is a report in this folder; then it is told. */
static bool
tell(const char *dir, bool json)
{
    struct buf text = BUF_INIT(REPORT_MANIFEST_MAX), row = BUF_INIT(8192);
    struct report_manifest m;
    char path[4200];

    snprintf(path, sizeof(path), "%.4000s/" REPORT_MANIFEST, dir);
    bool found = file_read(path, REPORT_MANIFEST_MAX, &text) == RC_OK && report_manifest_read(buf_str(&text), &m) == RC_OK;

    if (found && json && json_row(dir, &m, &row) == RC_OK)
        printf("%.*s\n", (int)row.len, row.ptr);
    else if (found)
        printf("%s  %.*s  %.*s  %u files  %s  %.*s\n", dir, (int)m.period.len, m.period.ptr, (int)m.profiles.len, m.profiles.ptr, m.files,
            m.is_signed ? "signed" : "unsigned", (int)m.log.len, m.log.ptr);
    buf_free(&text);
    buf_free(&row);
    return found;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int
run(const struct arguments *a)
{
    bool json = strcmp(args_text(a, "format"), "json") == 0;
    struct dirent **names = NULL;
    const char *const *rest;
    const char *dir = args_rest(a, &rest) ? rest[0] : ".";
    bool any = tell(dir, json);
    int n = scandir(dir, &names, NULL, by_name);

    if (n < 0) {
        fprintf(stderr, "spangate: %s: %m\n", dir);
        return EXIT_UNAVAILABLE;
    }
    for (int i = 0; i < n; i++) {
        char path[4096];
        int len = snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);

        if (names[i]->d_name[0] != '.' && len > 0 && (size_t)len < sizeof(path))
            any |= tell(path, json);
        free(names[i]);
    }
    free(names);
    if (!any)
        fprintf(stderr, "spangate: there is no report in %s, nor in a folder in it\n", dir);
    return any ? EXIT_DONE : EXIT_NEGATIVE;
}

static const struct option_spec options[] = {
    {.name = "format", .type = OPTION_CHOICE, .arg = "text|json", .fallback = "text", .env = "SPANGATE_FORMAT", .help = "json: an object a line"},
    {0},
};

const struct command cmd_report_list = {
    .name = "report list",
    .usage = "[DIR]",
    .summary = "List the reports in a folder",
    .text = "Looks into DIR (here, when left out) and the folders in it.\n\nExit code: 0; 1 there is none; 4 the folder cannot be read.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
