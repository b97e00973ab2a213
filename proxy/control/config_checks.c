#include "config_checks_int.h"
#include "policies/packs.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "policies/residency.h"

#define HEADERS_MAX 32

void
config_read_version(struct config_reader *r, const struct conf_node *n, void *to)
{
    uint64_t version = 0;

    (void)to;
    (void)!conf_u64(r->doc, n, 1, 1, &version, r->es);
}

/* Names of files in a tls node are relative to the gateway file, as everywhere in it. */
static void
read_tls(struct config_reader *r, const struct conf_node *n, bool server, struct tls_options *o)
{
    const char **paths[] = {&o->cert_file, &o->key_file, &o->ca_file, &o->client_ca_file, &o->crl_file};

    if (tls_options_read(r->doc, n, server, o, r->es) != RC_OK)
        return;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (*paths[i])
            *paths[i] = config_path(r, *paths[i]);
}

void
config_read_server_tls(struct config_reader *r, const struct conf_node *n, void *to)
{
    read_tls(r, n, true, to);
}

void
config_read_client_tls(struct config_reader *r, const struct conf_node *n, void *to)
{
    read_tls(r, n, false, to);
}

void
config_read_enrichment(struct config_reader *r, const struct conf_node *n, void *to)
{
    (void)r;
    *(const struct conf_node **)to = n; /* enricher_load reads it */
}

/* A field name of RFC 9110 section 5.1 that the gate does not set itself. */
static bool
header_name_ok(struct str name)
{
    static const char *const own[] = {"host", "content-type", "content-length", "content-encoding", "transfer-encoding", "connection", "te",
        "upgrade", "expect", "grpc-encoding", "grpc-accept-encoding", "grpc-timeout", "grpc-status", "grpc-message"};

    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.ptr[i]) && (name.ptr[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", name.ptr[i])))
            return false;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (str_eq_nocase(name, str_of(own[i])))
            return false;
    return name.len > 0;
}

/* Visible bytes, blanks and tabs inside: nothing that could begin another header. */
static bool
header_value_ok(struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7F)
            return false;
    return true;
}

static const char *
read_header(struct config_reader *r, const struct conf_node *key, const struct conf_node *n)
{
    struct str value = {0};

    if (!header_name_ok(key->text)) {
        config_refuse(r, CONFIG_E_VALUE, key, "this is not the name of a header that can be added");
        return NULL;
    }
    if (conf_text(r->doc, n, &value, r->es) != RC_OK)
        return NULL;
    if (!header_value_ok(value)) {
        config_refuse(r, CONFIG_E_VALUE, n, "the value of a header must not hold control characters");
        return NULL;
    }
    char *line = arena_alloc(r->ar, key->text.len + 2 + value.len + 1);

    if (!line) {
        config_refuse(r, 0, n, "%s", rc_text(RC_NOMEM));
        return NULL;
    }
    memcpy(line, key->text.ptr, key->text.len);
    memcpy(line + key->text.len, ": ", 2);
    memcpy(line + key->text.len + 2, value.ptr, value.len + 1);
    return line;
}

void
config_read_headers(struct config_reader *r, const struct conf_node *n, void *to)
{
    if (n->kind != CONF_MAP || n->count > HEADERS_MAX) {
        config_refuse(r, CONFIG_E_VALUE, n, "a map of at most %d headers is wanted", HEADERS_MAX);
        return;
    }
    const char **lines = arena_calloc(r->ar, n->count + 1, sizeof(*lines));

    if (!lines) {
        config_refuse(r, 0, n, "%s", rc_text(RC_NOMEM));
        return;
    }
    for (unsigned i = 0; i < n->count; i++)
        lines[i] = read_header(r, n->keys[i], n->items[i]);
    *(const char ***)to = lines;
}

void
config_check_receiver(struct config_reader *r, const struct conf_node *n, void *item)
{
    struct config_receiver *receiver = item;

    receiver->on = true;
    if (receiver->endpoint.off) {
        config_refuse(r, CONFIG_E_ENDPOINT, conf_get(n, "endpoint"), "a receiver needs an address; leave it out to have none");
    } else if (receiver->tls.insecure && !receiver->endpoint.loopback) {
        err_hint(config_refuse(r, CONFIG_E_PLAINTEXT, conf_get(n, "tls"), "a plaintext receiver may listen on a loopback address only"),
            "give it cert_file, key_file and client_ca_file, or the endpoint 127.0.0.1:PORT");
    }
}

void
config_check_protocols(struct config_reader *r, const struct conf_node *n, void *item)
{
    const struct config *c = item;

    if (!c->grpc.on && !c->http.on)
        config_refuse(r, CONFIG_E_MISSING, n, "neither grpc nor http is configured");
}

void
config_check_source(struct config_reader *r, const struct conf_node *n, void *item)
{
    struct config_source *source = item;

    source->pos = conf_pos(r->doc, n);
    if ((source->dir != NULL) + (source->file != NULL) + (source->pack != NULL) + (source->bundle != NULL) != 1)
        config_refuse(r, CONFIG_E_SOURCE, n, "a source is either a dir, a file, a bundle or a pack");
    if (source->pack && !pack_policy(str_of(source->pack)).ptr) {
        size_t count;
        const char *const *names = packs_all(&count);

        err_hint_nearest(
            config_refuse(r, CONFIG_E_SOURCE, conf_get(n, "pack"), "there is no pack %s", source->pack), str_of(source->pack), names, count);
    }
}

void
config_check_policies(struct config_reader *r, const struct conf_node *n, void *item)
{
    const struct config *c = item;

    if (c->source_count == 0)
        err_hint(config_refuse(r, CONFIG_E_SOURCE, n, "there is no source of policies"), "without a policy nothing may leave");
}

void
config_check_trust_key(struct config_reader *r, const struct conf_node *n, void *item)
{
    struct config_trust_key *key = item;

    key->pos = conf_pos(r->doc, conf_get(n, "file"));
}

void
config_check_trust(struct config_reader *r, const struct conf_node *n, void *item)
{
    const struct config *c = item;

    if (n && c->trust_key_count == 0)
        config_refuse(r, CONFIG_E_MISSING, n, "trust without a key would refuse every bundle");
}

/* Seconds since 1970 at the end of a day YYYY-MM-DD, UTC; 0: there is no such day. */
static uint64_t
day_end(const char *text)
{
    uint64_t begin;

    return str_to_day(str_of(text), &begin) ? begin + 24 * 60 * 60 : 0;
}

void
config_check_key(struct config_reader *r, const struct conf_node *n, void *item)
{
    const struct conf_node *previous = conf_get(n, "previous");
    struct config_key *key = item;

    key->pos = conf_pos(r->doc, conf_get(n, "file"));
    if (!previous)
        return;
    key->previous_pos = conf_pos(r->doc, previous);
    if (!key->previous_id || !key->previous_file || !key->until) {
        config_refuse(r, CONFIG_E_MISSING, previous, "a previous key needs id, file and until");
        return;
    }
    key->until_s = day_end(key->until);
    if (key->until_s == 0)
        config_refuse(r, CONFIG_E_VALUE, conf_get(previous, "until"), "this is no day: YYYY-MM-DD is wanted");
    if (strcmp(key->id, key->previous_id) == 0)
        config_refuse(r, CONFIG_E_TWICE, conf_get(previous, "id"), "the previous key needs an id of its own: it stands in its tokens");
}

static void
check_country(struct config_reader *r, const struct conf_node *n, const char *country)
{
    if (country && !country_known(str_of(country)))
        err_hint(config_refuse(r, CONFIG_E_VALUE, n, "there is no country %s", country), "ISO 3166-1 alpha-2 in capitals: DE, US, \"NO\"");
}

void
config_check_identity(struct config_reader *r, const struct conf_node *n, void *item)
{
    const struct config_identity *identity = item;

    check_country(r, conf_get(n, "country"), identity->country);
    if (identity->region && region_country(str_of(identity->region)).len == 0)
        config_refuse(r, CONFIG_E_VALUE, conf_get(n, "region"), "the cloud region %s is not known", identity->region);
    if (!identity->country && !identity->region && !identity->service)
        config_refuse(r, CONFIG_E_MISSING, n, "an identity needs a country, a region or a service");
}

/* "otlp_grpc" or "otlp_http", with "/NAME" or without. */
static bool
exporter_name(const char *name, enum exporter_protocol *protocol)
{
    struct str s = str_of(name);
    bool grpc = str_starts(s, STR("otlp_grpc")), http = str_starts(s, STR("otlp_http"));

    if (!grpc && !http)
        return false;
    *protocol = grpc ? EXPORTER_GRPC : EXPORTER_HTTP;
    const char *rest = name + strlen("otlp_grpc");
    size_t len = strlen(rest);

    if (len == 0)
        return true;
    if (rest[0] != '/' || len < 2 || len > 65)
        return false;
    for (size_t i = 1; i < len; i++)
        if (!isalnum((unsigned char)rest[i]) && !strchr("_.-", rest[i]))
            return false;
    return true;
}

struct url {
    bool https, http, port, path;
    struct str host;
};

/* [scheme://]host[:port][/path]; host is a name, an IPv4 address or a bracketed IPv6 address. */
static bool
url_parse(struct str s, struct url *u)
{
    struct url out = {.https = str_starts(s, STR("https://")), .http = str_starts(s, STR("http://"))};
    uint64_t port;

    s = str_sub(s, out.https ? 8 : out.http ? 7 : 0, s.len);
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || (unsigned char)s.ptr[i] >= 0x7F || strchr("\"<>\\^`{|}@?#", s.ptr[i]))
            return false; /* user info, queries and fragments have no place in an endpoint */
    size_t slash = str_find(s, STR("/"));

    out.path = slash != SIZE_MAX;
    s.len = out.path ? slash : s.len;
    size_t bracket = s.len && s.ptr[0] == '[' ? str_find(s, STR("]")) : 0;

    if (bracket == SIZE_MAX)
        return false;
    size_t colon = str_find(str_sub(s, bracket, s.len), STR(":"));

    out.port = colon != SIZE_MAX;
    out.host = str_sub(s, 0, out.port ? bracket + colon : s.len);
    if (out.port && (!str_to_u64(str_sub(s, bracket + colon + 1, s.len), &port) || port == 0 || port > 65535))
        return false;
    *u = out;
    return out.host.len > 0;
}

static void
check_endpoint(struct config_reader *r, const struct conf_node *n, const struct config_exporter *e)
{
    bool grpc = e->protocol == EXPORTER_GRPC;
    struct config_endpoint local;
    struct url u;

    if (!url_parse((struct str){e->endpoint, strlen(e->endpoint)}, &u) || (grpc && (u.path || !u.port)) || (!grpc && !u.https && !u.http)) {
        err_hint(config_refuse(r, CONFIG_E_ENDPOINT, n, "this is not the endpoint of an exporter"), "%s",
            grpc ? "otlp_grpc: host:port" : "otlp_http: https://host[:port][/path]");
        return;
    }
    if (u.http != e->tls.insecure && (u.http || u.https)) {
        err_hint(config_refuse(r, CONFIG_E_PLAINTEXT, n, "the scheme of the endpoint and the tls of the exporter do not fit"), "%s",
            "https:// with a tls section; http:// only with tls: {insecure: true}");
        return;
    }
    const char *at = strstr(e->endpoint, "://");
    struct str host = str_of(at ? at + 3 : e->endpoint);

    host.len = (size_t)(u.host.ptr + u.host.len - host.ptr);
    char local_text[80];
    int len = snprintf(local_text, sizeof(local_text), "%.*s:1", (int)host.len, host.ptr);
    bool loopback = len > 0 && (size_t)len < sizeof(local_text) && config_parse_endpoint(str_of(local_text), &local) && local.loopback;

    if (e->tls.insecure && !loopback)
        errs_add(r->es, ERR_WARNING, RC_CONFIG, CONFIG_E_PLAINTEXT, conf_pos(r->doc, n),
            "data leaves for %.*s unencrypted, and nobody checks who is there", (int)host.len, host.ptr);
}

/* What the files hold now: a reload that finds other certificates under the same names opens the exporter anew. A file that cannot be read is
 * reported when the exporter's TLS is checked. */
static enum rc
digest_files(struct config_exporter *e)
{
    const char *const paths[] = {e->tls.cert_file, e->tls.key_file, e->tls.ca_file, e->tls.crl_file};
    struct buf all = BUF_INIT(4u << 20);
    enum rc rc = RC_OK;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && rc == RC_OK; i++) {
        if (paths[i])
            (void)!file_read(paths[i], 1u << 20, &all);
        rc = buf_append_byte(&all, '\n');
    }
    if (rc == RC_OK)
        rc = digest_sha256(buf_str(&all), e->tls_digest);
    buf_free_wipe(&all);
    return rc;
}

void
config_check_exporter(struct config_reader *r, const struct conf_node *n, void *item)
{
    struct config_exporter *e = item;

    e->pos = conf_pos(r->doc, n);
    if (!exporter_name(e->name, &e->protocol))
        err_hint(config_refuse(r, CONFIG_E_VALUE, n, "%.80s is not the name of an exporter", e->name), "otlp_grpc/NAME or otlp_http/NAME");
    if (!conf_get(n, "tls"))
        config_read_client_tls(r, NULL, &e->tls);
    if (digest_files(e) != RC_OK)
        config_refuse(r, CONFIG_E_VALUE, conf_get(n, "tls"), "%s", rc_text(RC_NOMEM));
    check_endpoint(r, conf_get(n, "endpoint"), e);
    check_country(r, conf_get(n, "country"), e->country);
    if (strlen(e->jurisdiction) > 32)
        config_refuse(r, CONFIG_E_VALUE, conf_get(n, "jurisdiction"), "the jurisdiction is longer than 32 bytes");
    if (e->initial_interval_ms > e->max_interval_ms)
        config_refuse(r, CONFIG_E_VALUE, conf_get(n, "retry_on_failure"), "initial_interval is above max_interval");
}

void
config_check_metrics(struct config_reader *r, const struct conf_node *n, void *item)
{
    const struct config *c = item;

    if (!c->metrics.off && !c->metrics.loopback)
        err_hint(config_refuse(r, CONFIG_E_ENDPOINT, conf_get(n, "endpoint"), "metrics are served on a loopback address only"),
            "telemetry.health.endpoint may listen elsewhere");
}

static bool
same_endpoint(const struct config_endpoint *a, const struct config_endpoint *b)
{
    return !a->off && !b->off && a->port != 0 && a->port == b->port && strcmp(a->address, b->address) == 0;
}

static void
check_endpoints(struct config_reader *r, const struct config *c)
{
    const struct config_endpoint *all[4];
    size_t n = 0;

    if (c->grpc.on)
        all[n++] = &c->grpc.endpoint;
    if (c->http.on)
        all[n++] = &c->http.endpoint;
    all[n++] = &c->metrics;
    all[n++] = &c->health;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (same_endpoint(all[i], all[k]))
                errs_add(
                    r->es, ERR_ERROR, RC_CONFIG, CONFIG_E_TWICE, all[i]->pos, "two listeners have the endpoint %s:%u", all[i]->address, all[i]->port);
}

static void
set_machine_defaults(struct config_reader *r, struct config *c)
{
    char host[256] = "localhost";
    cpu_set_t cpus;

    if (!c->node && gethostname(host, sizeof(host) - 1) == 0) {
        size_t size = strlen(host) + 1;
        char *copy = arena_alloc(r->ar, size);

        if (copy)
            c->node = memcpy(copy, host, size);
    }
    if (!c->node)
        c->node = "localhost";
    if (c->workers == 0) {
        c->workers = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (uint64_t)CPU_COUNT(&cpus) : 1;
        if (c->workers > 64)
            c->workers = 64;
    }
}

/* A folder that is made when missing can be made: what there is of its path are folders. */
static void
check_folder(struct config_reader *r, const struct conf_node *section, const char *path)
{
    char up[4096];
    struct stat st;

    if (!path || strlen(path) >= sizeof(up))
        return;
    memcpy(up, path, strlen(path) + 1);
    while (stat(up, &st) != 0) {
        char *slash = strrchr(up, '/');

        if ((errno != ENOENT && errno != ENOTDIR) || !slash || slash == up)
            return;
        *slash = '\0';
    }
    if (!S_ISDIR(st.st_mode))
        config_refuse(r, CONFIG_E_VALUE, conf_get(section, "dir"), "%s is no folder", up);
}

void
config_check_root(struct config_reader *r, const struct conf_node *n, void *item)
{
    struct config *c = item;

    if (c->exporter_count == 0)
        config_refuse(r, CONFIG_E_MISSING, conf_get(n, "exporters"), "there is no exporter");
    for (size_t i = 0; i < c->key_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->keys[i].id, c->keys[k].id) == 0)
                errs_add(r->es, ERR_ERROR, RC_CONFIG, CONFIG_E_TWICE, c->keys[i].pos, "the key %s is there twice", c->keys[i].id);
    check_folder(r, conf_get(n, "journal"), c->journal.dir);
    check_folder(r, conf_get(n, "audit"), c->audit.dir);
    set_machine_defaults(r, c);
    check_endpoints(r, c);
}
