#include "net/tls.h"

#include <stdlib.h>
#include <string.h>

static const char *const server_keys[] = {"cert_file", "key_file", "client_ca_file", "crl_file", "min_version", "insecure", "identity", "allow"};
static const char *const client_keys[] = {"cert_file", "key_file", "ca_file", "crl_file", "min_version", "insecure", "server_name_override"};
static const char *const identities[] = {"spiffe_id", "dns_san", "subject_cn"};
static const char *const versions[] = {"1.2", "1.3"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct reader {
    const struct conf_doc *doc;
    const struct conf_node *node;
    struct errs *es;
    enum rc rc; /* the worst so far */
};

static void
worse(struct reader *r, enum rc rc)
{
    if (rc != RC_OK)
        r->rc = rc;
}

static struct err *
refuse(struct reader *r, const struct conf_node *n, const char *text)
{
    worse(r, RC_CONFIG);
    return errs_add(r->es, ERR_ERROR, RC_CONFIG, TLS_E_SETTING, conf_pos(r->doc, n), "%s", text);
}

/* A scalar that is neither empty nor holds a NUL: it becomes a file name or is compared as a C string. */
static const char *
read_word(struct reader *r, const struct conf_node *n)
{
    struct str s = {0};
    enum rc rc = conf_text(r->doc, n, &s, r->es);

    worse(r, rc);
    if (rc != RC_OK || !n)
        return NULL;
    if (s.len == 0 || memchr(s.ptr, '\0', s.len)) {
        refuse(r, n, "must be a word without NUL bytes, and not empty");
        return NULL;
    }
    return s.ptr;
}

static const char *
read_key(struct reader *r, const char *key)
{
    return read_word(r, conf_get(r->node, key));
}

static void
read_identity(struct reader *r, struct tls_options *o)
{
    const struct conf_node *list = conf_get(r->node, "identity");
    unsigned seen = 0;

    for (size_t i = 0; !list && i < COUNT(identities); i++)
        o->identity[i] = identities[i];
    if (!list)
        return;
    if (list->kind != CONF_LIST || list->count == 0 || list->count > COUNT(identities)) {
        err_hint_nearest(refuse(r, list, "identity must be a list of one to three names"), STR(""), identities, COUNT(identities));
        return;
    }
    for (unsigned i = 0; i < list->count; i++) {
        unsigned which = 0;
        enum rc rc = conf_choice(r->doc, list->items[i], identities, COUNT(identities), &which, r->es);

        worse(r, rc);
        if (rc == RC_OK && seen & 1u << which)
            refuse(r, list->items[i], "named twice");
        seen |= 1u << which;
        o->identity[i] = identities[which];
    }
}

static void
read_allow(struct reader *r, struct tls_options *o)
{
    const struct conf_node *list = conf_get(r->node, "allow");

    if (!list)
        return;
    if (list->kind != CONF_LIST || list->count == 0) {
        err_hint(refuse(r, list, "allow must be a list of at least one identity"), "leave it out to let in every client with a valid certificate");
        return;
    }
    o->allow = calloc(list->count + 1u, sizeof(*o->allow));
    if (!o->allow) {
        worse(r, RC_NOMEM);
        return;
    }
    for (unsigned i = 0; i < list->count; i++)
        o->allow[i] = read_word(r, list->items[i]);
}

static void
check_server(struct reader *r, const struct tls_options *o)
{
    if (!o->cert_file)
        refuse(r, r->node, "cert_file is missing");
    if (!o->key_file)
        refuse(r, r->node, "key_file is missing");
    if (!o->client_ca_file)
        err_hint(
            refuse(r, r->node, "client_ca_file is missing"), "it names the authorities that issue the clients' certificates; clients must have one");
}

static void
check_client(struct reader *r, const struct tls_options *o)
{
    if (!o->cert_file != !o->key_file)
        refuse(r, r->node, "cert_file and key_file go together");
}

static void
read_all(struct reader *r, bool server, struct tls_options *o)
{
    unsigned version = 1;

    worse(r, conf_bool(r->doc, conf_get(r->node, "insecure"), &o->insecure, r->es));
    if (o->insecure && r->node->count > 1) {
        refuse(r, r->node, "insecure: true cannot stand with other keys");
        return;
    }
    o->cert_file = read_key(r, "cert_file");
    o->key_file = read_key(r, "key_file");
    o->ca_file = read_key(r, "ca_file");
    o->client_ca_file = read_key(r, "client_ca_file");
    o->crl_file = read_key(r, "crl_file");
    o->server_name = read_key(r, "server_name_override");
    worse(r, conf_choice(r->doc, conf_get(r->node, "min_version"), versions, COUNT(versions), &version, r->es));
    o->min_version = version == 0 ? 0x0303 : 0x0304;
    read_identity(r, o);
    read_allow(r, o);
    if (r->rc != RC_OK || o->insecure)
        return;
    if (server)
        check_server(r, o);
    else
        check_client(r, o);
}

enum rc
tls_options_read(const struct conf_doc *doc, const struct conf_node *n, bool server, struct tls_options *o, struct errs *es)
{
    struct reader r = {.doc = doc, .node = n, .es = es, .rc = RC_OK};
    struct tls_options read = {.min_version = 0x0304};

    if (!n && server) {
        struct err *e = errs_add(es, ERR_ERROR, RC_CONFIG, TLS_E_SETTING, (struct err_pos){.file = conf_file(doc)}, "a receiver has no tls");

        err_hint(e, "give it cert_file, key_file and client_ca_file; on loopback, insecure: true asks for plaintext");
        return RC_CONFIG;
    }
    if (n) {
        enum rc rc = conf_map_check(doc, n, server ? server_keys : client_keys, server ? COUNT(server_keys) : COUNT(client_keys), es);

        if (rc != RC_OK)
            return rc;
        read.pos = conf_pos(doc, n);
        read_all(&r, server, &read);
    }
    if (r.rc != RC_OK) {
        tls_options_fini(&read);
        return r.rc;
    }
    *o = read;
    return RC_OK;
}

void
tls_options_fini(struct tls_options *o)
{
    free(o->allow);
    o->allow = NULL;
}

const char *const *
tls_options_keys(bool server, size_t *count)
{
    *count = server ? COUNT(server_keys) : COUNT(client_keys);
    return server ? server_keys : client_keys;
}
