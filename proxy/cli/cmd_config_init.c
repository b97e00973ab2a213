#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/secret.h"
#include "control/command.h"

#define FILE_BYTES ((size_t)16 << 10)
#define PATH_BYTES 4096

/* A profile: where it listens, and what it takes from around it. */
struct profile {
    const char *name, *listen, *enrichment;
};
static const struct profile profiles[] = {
    {"gateway", "0.0.0.0",
        "enrichment:\n"
        "  sources:\n"
        "    deployment: {type: static, set: {deployment.environment.name: production}}\n"},
    {"sidecar", "127.0.0.1",
        "enrichment:                  # what describes this pod describes its sender, too\n"
        "  sources:\n"
        "    resource_env: {type: env}  # OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME\n"},
};

static enum rc
gateway_print(const struct arguments *a, const struct profile *p, struct buf *out)
{
    const char *jurisdiction = args_text(a, "jurisdiction");

    return buf_printf(out,
        "# yaml-language-server: $schema=gateway.schema.json     (spangate config schema > gateway.schema.json)\n"
        "version: 1\n\n"
        "receivers:\n"
        "  otlp:\n"
        "    protocols:\n"
        "      grpc:\n"
        "        endpoint: %s:4317\n"
        "        tls: &mtls\n"
        "          cert_file: pki/server.crt\n"
        "          key_file: pki/server.key\n"
        "          client_ca_file: pki/clients-ca.crt\n"
        "          allow: [\"spiffe://example.org/*\"]   # who may send\n"
        "      http: {endpoint: %s:4318, tls: *mtls}\n\n"
        "%s\n"
        "policies:\n"
        "  sources:\n"
        "    - {pack: starter}        # what is removed: a policy of your own can stand here (spangate policy new)\n"
        "    - {dir: policies.d}      # where it may go\n\n"
        "exporters:\n"
        "  otlp_grpc/main:\n"
        "    endpoint: %s\n"
        "    jurisdiction: %s\n"
        "    tls: {ca_file: pki/backends-ca.crt, cert_file: pki/egress.crt, key_file: pki/egress.key}\n\n"
        "journal: {dir: journal}      # what waits for a destination, and the audit log before it is signed\n"
        "audit: {dir: audit}\n"
        "telemetry:\n"
        "  metrics: {endpoint: \"127.0.0.1:8888\"}\n",
        p->listen, p->listen, p->enrichment, args_text(a, "endpoint"), jurisdiction);
}

static enum rc
residency_print(const struct arguments *a, struct buf *out)
{
    return buf_printf(out,
        "# yaml-language-server: $schema=policy.schema.json      (spangate config schema --kind policy > policy.schema.json)\n"
        "apiVersion: spangate/v1\n"
        "kind: ResidencyPolicy\n"
        "metadata: {name: residency, revision: 1, owner: %s}\n"
        "spec:\n"
        "  mode: enforce\n"
        "  origin:                    # the first that answers\n"
        "    - {country: client.certificate.subject.C}\n"
        "    - {cloud_region: resource.attributes.cloud.region}\n"
        "  unknown_origin: deny\n"
        "  routes:                    # nothing goes where no route leads\n"
        "    - {from: [%s], to: [otlp_grpc/main]}\n",
        args_text(a, "owner"), args_text(a, "from"));
}

/* dir/name, which must not be there yet. */
static int
file_new(const char *dir, const char *name, struct str text)
{
    char path[PATH_BYTES];
    struct stat st;
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

    if (n < 0 || (size_t)n >= sizeof(path))
        return EXIT_USAGE;
    if (stat(path, &st) == 0) {
        fprintf(stderr, "spangate: %s is there already; nothing was written\n", path);
        return EXIT_USAGE;
    }
    if (file_write_atomic(path, text, 0644) != RC_OK) {
        fprintf(stderr, "spangate: %s cannot be written: %m\n", path);
        return EXIT_UNAVAILABLE;
    }
    printf("%s\n", path);
    return EXIT_DONE;
}

static int
files_write(const char *dir, struct str gateway, struct str residency)
{
    char folder[PATH_BYTES];
    int n = snprintf(folder, sizeof(folder), "%s/policies.d", dir);

    if (n < 0 || (size_t)n >= sizeof(folder))
        return EXIT_USAGE;
    if (file_make_folder(folder, 0755) != RC_OK) {
        fprintf(stderr, "spangate: %s cannot be made: %m\n", folder);
        return EXIT_UNAVAILABLE;
    }
    int code = file_new(dir, "gateway.yaml", gateway);

    if (code == EXIT_DONE)
        code = file_new(folder, "residency.policy.yaml", residency);
    if (code == EXIT_DONE)
        printf("next: certificates in %s/pki (spangate cert dev --dir %s/pki makes some for a trial), then spangate check %s/gateway.yaml\n", dir,
            dir, dir);
    return code;
}

/* What stands in YAML as it is: no character of the user's may change the form of the file. */
static bool
is_word(const char *text)
{
    return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@+,-")] == '\0';
}

static int
run(const struct arguments *a)
{
    static const char *const words[] = {"endpoint", "jurisdiction", "from", "owner"};
    struct buf gateway = BUF_INIT(FILE_BYTES), residency = BUF_INIT(FILE_BYTES);
    const struct profile *p = profiles;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!is_word(args_text(a, words[i])))
            return usage_error(a, "--%s: \"%s\" cannot be meant", words[i], args_text(a, words[i]));
    while (strcmp(p->name, args_text(a, "profile")) != 0)
        p++;
    enum rc rc = gateway_print(a, p, &gateway);

    if (rc == RC_OK)
        rc = residency_print(a, &residency);
    int code = rc == RC_OK ? files_write(args_text(a, "dir"), buf_str(&gateway), buf_str(&residency)) : exit_code_of(rc);

    buf_free(&gateway);
    buf_free(&residency);
    return code;
}

static const struct option_spec options[] = {
    {.name = "dir", .letter = 'd', .type = OPTION_TEXT, .arg = "DIR", .fallback = ".", .help = "Where to write"},
    {.name = "profile",
        .type = OPTION_CHOICE,
        .arg = "gateway|sidecar",
        .fallback = "gateway",
        .help = "gateway: for many senders; sidecar: for the one beside it, on loopback"},
    {.name = "endpoint", .type = OPTION_TEXT, .arg = "HOST:PORT", .fallback = "localhost:5317", .help = "The backend, OTLP/gRPC"},
    {.name = "jurisdiction", .type = OPTION_TEXT, .arg = "NAME", .fallback = "EU", .help = "Whose law holds there"},
    {.name = "from", .type = OPTION_TEXT, .arg = "LIST", .fallback = "EEA", .help = "Countries and groups whose data may go there, with commas"},
    {.name = "owner", .type = OPTION_TEXT, .arg = "WHO", .fallback = "privacy@example.org", .help = "Owner of the residency policy"},
    {0},
};

const struct command cmd_config_init = {
    .name = "config init",
    .usage = "[--dir DIR] [--profile gateway|sidecar] [--endpoint HOST:PORT] [--jurisdiction NAME] [--from LIST]",
    .summary = "Write a gateway file to begin with, and where data may go",
    .text =
        "Writes gateway.yaml and policies.d/residency.policy.yaml; nothing that is there is replaced. What is removed from spans is decided by the "
        "pack "
        "starter, until a policy of your own takes its place.",
    .options = options,
    .run = run,
};
