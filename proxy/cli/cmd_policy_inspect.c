#include <stdio.h>

#include "../control/bundle_int.h"
#include "base/json.h"
#include "base/secret.h"
#include "control/command.h"

#define UNPACKED_MAX ((size_t)128 << 20)

static void
print_text(const struct bundle *b, const char *signer)
{
    printf("name      %.*s\nrevision  %llu\ncreated   %.*s\nengine    %.*s or newer\nsha256    %s\n", (int)b->name.len, b->name.ptr,
        (unsigned long long)b->revision, (int)b->created.len, b->created.ptr, (int)b->min_engine.len, b->min_engine.ptr, b->sha256);
    if (b->previous.len)
        printf("previous  %.*s\n", (int)b->previous.len, b->previous.ptr);
    printf("signed    %s%s\n", *signer ? "with key " : "no", *signer ? signer : "");
    for (size_t i = 0; i < b->file_count; i++)
        printf("%9zu %.*s\n", b->files[i].text.len, (int)b->files[i].path.len, b->files[i].path.ptr);
}

static enum rc
print_json(const struct bundle *b, const char *signer)
{
    struct buf out = BUF_INIT(1u << 20);
    struct json j = json_begin(&out);

    json_object(&j, NULL);
    json_text(&j, "name", b->name);
    json_u64(&j, "revision", b->revision);
    json_text(&j, "created", b->created);
    json_text(&j, "min_engine", b->min_engine);
    json_cstr(&j, "sha256", b->sha256);
    if (b->previous.len)
        json_text(&j, "previous", b->previous);
    if (*signer)
        json_cstr(&j, "key_id", signer);
    json_array(&j, "files");
    for (size_t i = 0; i < b->file_count; i++) {
        json_object(&j, NULL);
        json_text(&j, "path", b->files[i].path);
        json_u64(&j, "size", b->files[i].text.len);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    if (rc == RC_OK)
        printf("%.*s\n", (int)out.len, out.ptr);
    buf_free(&out);
    return rc;
}

static enum rc
inspect(const char *path, bool json, struct errs *es)
{
    struct buf bytes = BUF_INIT(BUNDLE_BYTES_MAX), signature = BUF_INIT(MINISIGN_TEXT_MAX);
    struct arena *ar = arena_new(UNPACKED_MAX);
    struct err_pos pos = {.file = path};
    struct bundle b;
    char beside[4096], signer[MINISIGN_ID_HEX] = "";
    enum rc rc = ar ? file_read(path, BUNDLE_BYTES_MAX, &bytes) : RC_NOMEM;

    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, SG_BUNDLE, pos, "cannot be read: %s", file_problem(rc));
    else
        rc = bundle_open(buf_str(&bytes), pos, ar, &b, es);
    snprintf(beside, sizeof(beside), "%s" BUNDLE_SIGNATURE, path);
    if (rc == RC_OK && (file_read(beside, MINISIGN_TEXT_MAX, &signature) != RC_OK || !minisign_id_of(buf_str(&signature), signer)))
        signer[0] = '\0';
    if (rc == RC_OK && json)
        rc = print_json(&b, signer);
    else if (rc == RC_OK)
        print_text(&b, signer);
    arena_free(ar);
    buf_free(&bytes);
    buf_free(&signature);
    return rc;
}

static int
run(const struct arguments *a)
{
    struct errs es = {0};
    const char *const *rest;

    (void)args_rest(a, &rest);
    enum rc rc = inspect(rest[0], strcmp(args_text(a, "format"), "json") == 0, &es);

    if (es.count)
        errs_print(&es, stderr, output_colored(stderr));
    errs_free(&es);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    {.name = "format", .type = OPTION_CHOICE, .arg = "text|json", .fallback = "text", .env = "SPANGATE_FORMAT", .help = "Form of what is printed"},
    {0},
};

const struct command cmd_policy_inspect = {
    .name = "policy inspect",
    .usage = "BUNDLE [--format text|json]",
    .summary = "Show what is in a bundle",
    .text = "Prints name, revision, digest and files, and the id of the key that the signature names. The signature is not checked: `spangate policy "
            "verify` "
            "does that.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
