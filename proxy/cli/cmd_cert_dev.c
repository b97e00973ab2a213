#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/command.h"
#include "net/pki.h"

/* NAME=SPIFFE_ID[,C=DE] taken apart in place. */
static bool
client_parse(char *text, struct pki_client *c)
{
    char *identity = strchr(text, '=');

    if (!identity)
        return false;
    *identity++ = '\0';
    char *comma = strchr(identity, ',');

    if (comma) {
        *comma++ = '\0';
        if (strncmp(comma, "C=", 2) != 0)
            return false;
    }
    *c = (struct pki_client){text, identity, comma ? comma + 2 : NULL};
    return true;
}

static int
make(const struct arguments *a, struct pki_options *o)
{
    struct errs es = {0};
    uint64_t days = args_number(a, "days");

    o->dir = args_text(a, "dir");
    o->days = days > 100000 ? 100000 : (unsigned)days;
    enum rc rc = pki_make(o, &es);

    if (rc != RC_OK)
        errs_print(&es, stderr, output_colored(stderr));
    else
        printf("certificates for %u days in %s\n", o->days, o->dir);
    errs_free(&es);
    return exit_code_of(rc);
}

static int
run(const struct arguments *a)
{
    static const struct pki_client usual[] = {
        {"client-eu", "spiffe://example.org/ns/shop/sa/checkout", "DE"},
        {"client-us", "spiffe://example.org/ns/shop/sa/storefront", "US"},
    };
    const char *const *given;
    struct pki_client clients[PKI_CLIENTS_MAX];
    char *texts[PKI_CLIENTS_MAX] = {NULL};
    size_t count = args_list(a, "client", &given), made = 0;
    struct pki_options o = {.clients = usual, .client_count = sizeof(usual) / sizeof(usual[0])};
    int code = EXIT_DONE;

    if (count > PKI_CLIENTS_MAX)
        return usage_error(a, "at most %d clients", PKI_CLIENTS_MAX);
    for (; made < count && code == EXIT_DONE; made++) {
        texts[made] = strdup(given[made]);
        if (!texts[made])
            code = EXIT_INTERNAL;
        else if (!client_parse(texts[made], &clients[made]))
            code = usage_error(a, "--client is NAME=SPIFFE_ID or NAME=SPIFFE_ID,C=DE, not \"%s\"", given[made]);
    }
    if (count > 0) {
        o.clients = clients;
        o.client_count = count;
    }
    if (code == EXIT_DONE)
        code = make(a, &o);
    for (size_t i = 0; i < made; i++)
        free(texts[i]);
    return code;
}

static const struct option_spec options[] = {
    {.name = "dir", .letter = 'd', .type = OPTION_TEXT, .arg = "DIR", .fallback = "certs", .help = "Where to put the files; made when missing"},
    {.name = "days", .type = OPTION_NUMBER, .arg = "DAYS", .fallback = "30", .help = "How long they are good for"},
    {.name = "client",
        .type = OPTION_LIST,
        .arg = "NAME=SPIFFE_ID[,C=DE]",
        .help = "A client certificate, any number of them; without one: client-eu (DE) and client-us (US)"},
    {0},
};

const struct command cmd_cert_dev = {
    .name = "cert dev",
    .usage = "[--dir DIR] [--days DAYS] [--client NAME=SPIFFE_ID[,C=DE]]...",
    .summary = "Make throw-away certificates for demonstrations and tests",
    .text = "Three authorities are made: for the gate's server certificate, for its clients, and for backends with the certificate that the gate "
            "presents to them. All keys are ECDSA P-256, readable by their owner alone. No file is overwritten.\n\n"
            "server.crt, server.key and clients-ca.crt configure a receiver; egress.crt, egress.key and backends-ca.crt an exporter; server-ca.crt "
            "with NAME.crt and NAME.key an SDK; backend.crt, backend.key and backends-ca.crt a sink.",
    .options = options,
    .run = run,
};
