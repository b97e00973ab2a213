#include "control/command.h"

#include <event2/event.h>
#include <openssl/crypto.h>

#include "base/json.h"

static int
print_json(void)
{
    struct buf text = BUF_INIT(4096);
    struct json j = json_begin(&text);

    json_object(&j, NULL);
    json_cstr(&j, "version", SPANGATE_VERSION);
    json_cstr(&j, "compiler", __VERSION__);
    json_object(&j, "libraries");
    json_cstr(&j, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
    json_cstr(&j, "libevent", event_get_version());
    json_close_object(&j);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    if (rc == RC_OK)
        printf("%.*s\n", (int)text.len, text.ptr);
    buf_free(&text);
    return exit_code_of(rc);
}

static int
run(const struct arguments *a)
{
    if (strcmp(args_text(a, "format"), "json") == 0)
        return print_json();
    printf("spangate %s\nOpenSSL %s, libevent %s\n", SPANGATE_VERSION, OpenSSL_version(OPENSSL_VERSION_STRING), event_get_version());
    return EXIT_DONE;
}

static const struct option_spec options[] = {
    {.name = "format", .type = OPTION_CHOICE, .arg = "text|json", .fallback = "text", .env = "SPANGATE_FORMAT", .help = "Form of the output"},
    {0},
};

const struct command cmd_version = {
    .name = "version",
    .usage = "[--format text|json]",
    .summary = "Print the versions of spangate and of its libraries",
    .text = "",
    .options = options,
    .run = run,
};
