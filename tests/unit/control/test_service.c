/*
 * The whole gate as a child process, on loopback and in plaintext: start, health, reload, stop. What it says on standard error is what the test waits for.
 */
#include "control/service.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "base_suite.h"
#include "control/command.h"
#include "egress/journal.h"
#include "net_pki.h"
#include "proxy/control/service_int.h"

static char dir[64];

static struct gate {
    pid_t pid;
    int log;
    char text[65536]; /* all it has said */
    size_t len, seen;
    unsigned grpc, http, metrics;
} gate;

static const char *
in_dir(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    return p;
}

static void
write_text(const char *name, const char *text)
{
    ck_assert_int_eq(file_write_atomic(in_dir(name), str_of(text), 0600), RC_OK);
}

static const char policy[] = "apiVersion: spangate/v1\n"
                             "kind: RedactionPolicy\n"
                             "metadata: {name: personal, revision: %d}\n"
                             "spec:\n"
                             "  mode: enforce\n"
                             "  rules:\n"
                             "    - {id: email, entity: EMAIL_ADDRESS, action: {replace: '<email>'}}\n"
                             "---\n"
                             "apiVersion: spangate/v1\n"
                             "kind: ResidencyPolicy\n"
                             "metadata: {name: home, revision: 1}\n"
                             "spec:\n"
                             "  mode: enforce\n"
                             "  origin: [{cloud_region: resource.attributes.cloud.region}]\n"
                             "  routes: [{from: ['*'], to: [otlp_grpc/eu]}]\n"
                             "  on_unroutable: refuse\n";

static void
write_policy(int revision)
{
    char text[2048];

    snprintf(text, sizeof(text), policy, revision);
    write_text("p.yaml", text);
}

static void
write_config(const char *more)
{
    char text[4096];

    snprintf(text, sizeof(text),
        "version: 1\nnode: test\nreceivers: {otlp: {protocols: {grpc: {endpoint: '127.0.0.1:0', tls: {insecure: true}}, "
        "http: {endpoint: '127.0.0.1:0', tls: {insecure: true}}}}}\n"
        "policies: {sources: [{file: p.yaml}]}\n"
        "exporters:\n  otlp_grpc/eu: {endpoint: '127.0.0.1:9', jurisdiction: EU, tls: {insecure: true}}\n"
        "journal: {dir: journal, max_size_mib: 16}\naudit: {max_size_mib: 16}\n"
        "telemetry: {metrics: {endpoint: '127.0.0.1:0'}, health: {endpoint: none}}\n%s",
        more);
    write_text("gateway.yaml", text);
}

static void
set_up(void)
{
    strcpy(dir, "/tmp/service-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    write_policy(1);
    write_config("workers: 2\n");
}

static void
clean_up(void)
{
    static const char *const names[] = {
        "gateway.yaml", "p.yaml", "journal/body.key", "journal/data.mdb", "journal/entries.wal", "journal/lock.mdb", "journal/gate.lock"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(in_dir(names[i]));
    rmdir(in_dir("journal"));
    ck_assert_int_eq(rmdir(dir), 0);
}

/* Read what the gate says until it says this; what came before is not looked at again. */
static const char *
wait_for(const char *text)
{
    const char *at;

    while (!(at = strstr(gate.text + gate.seen, text))) {
        struct pollfd p = {.fd = gate.log, .events = POLLIN};

        ck_assert_msg(poll(&p, 1, 30000) == 1, "no \"%s\" in: %s", text, gate.text);
        ssize_t n = read(gate.log, gate.text + gate.len, sizeof(gate.text) - 1 - gate.len);

        ck_assert_msg(n > 0, "ended without \"%s\": %s", text, gate.text);
        gate.len += (size_t)n;
        gate.text[gate.len] = '\0';
    }
    gate.seen = (size_t)(at - gate.text) + strlen(text);
    return at;
}

static unsigned
port_of(const char *protocol)
{
    char key[64];
    unsigned port = 0;

    snprintf(key, sizeof(key), "protocol=%s address=127.0.0.1 port=", protocol);
    const char *at = wait_for(key);

    wait_for("\n");
    ck_assert_int_eq(sscanf(at + strlen(key), "%u", &port), 1);
    return port;
}

static void
start(void)
{
    int ends[2];

    gate = (struct gate){.pid = -1};
    ck_assert_int_eq(pipe(ends), 0);
    gate.pid = fork();
    ck_assert_int_ge(gate.pid, 0);
    if (gate.pid == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(service_run(in_dir("gateway.yaml")));
    }
    close(ends[1]);
    gate.log = ends[0];
}

static void
start_ready(void)
{
    start();
    gate.grpc = port_of("otlp_grpc");
    gate.http = port_of("otlp_http");
    gate.metrics = port_of("metrics");
    wait_for("event=started");
}

static int
ended(void)
{
    int status;

    ck_assert_int_eq(waitpid(gate.pid, &status, 0), gate.pid);
    close(gate.log);
    ck_assert_msg(WIFEXITED(status), "signal %d: %s", WTERMSIG(status), gate.text);
    return WEXITSTATUS(status);
}

static void
stop(void)
{
    kill(gate.pid, SIGTERM);
    wait_for("event=stopping");
    wait_for("event=stopped");
    ck_assert_int_eq(ended(), EXIT_DONE);
}

static char answer[65536];

/* One HTTP/1.1 exchange; the whole answer. */
static const char *
exchange(unsigned port, const char *method, const char *path, const char *headers)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char text[512];
    size_t len = 0;
    ssize_t n;

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    int size = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", method, path, headers);

    ck_assert_int_eq(write(fd, text, (size_t)size), size);
    while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    answer[len] = '\0';
    return answer;
}

static void
check_status(const char *text, const char *status)
{
    ck_assert_msg(strncmp(text, "HTTP/1.1 ", 9) == 0 && strncmp(text + 9, status, 3) == 0, "%s wanted: %s", status, text);
}

static bool
count_entry(void *arg, uint64_t seq, struct str entry)
{
    const char **wanted = arg;

    (void)seq;
    if (*wanted && str_find(entry, str_of(*wanted)) != SIZE_MAX)
        *wanted = NULL;
    return true;
}

static void
check_audit(const char *text)
{
    struct journal_reader *r = NULL;
    struct errs es = {0};
    const char *wanted = text;

    ck_assert_int_eq(journal_reader_open(in_dir("journal"), &r, &es), RC_OK);
    ck_assert_int_eq(journal_reader_entries(r, 0, count_entry, &wanted), RC_OK);
    journal_reader_close(r);
    ck_assert_msg(wanted == NULL, "not in the audit: %s", text);
}

START_TEST(service_is_ready_until_it_is_told_to_stop)
{
    set_up();
    start_ready();
    check_status(exchange(gate.metrics, "GET", "/livez", ""), "200");
    check_status(exchange(gate.metrics, "GET", "/readyz", ""), "200");
    check_status(exchange(gate.metrics, "GET", "/metrics", ""), "200");
    ck_assert_ptr_nonnull(strstr(answer, "\nspangate_policy_info{name=\"personal\",revision=\"1\""));
    ck_assert_ptr_nonnull(strstr(answer, "\nspangate_build_info{version=\""));
    ck_assert_ptr_nonnull(strstr(answer, "\nspangate_regex_jit 1\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nspangate_exporter_queue_capacity{exporter=\"otlp_grpc/eu\"} 16777216\n"));
    check_status(exchange(gate.metrics, "GET", "/nothing", ""), "404");
    stop();
    check_audit("\"verb\":\"start\"");
    check_audit("\"verb\":\"stop\"");
    clean_up();
}
END_TEST

START_TEST(service_answers_and_records_a_request)
{
    set_up();
    start_ready();
    check_status(exchange(gate.http, "POST", "/v1/traces", "Content-Type: application/x-protobuf\r\nContent-Length: 0\r\n"), "200");
    check_status(exchange(gate.http, "POST", "/v1/traces", "Content-Type: text/plain\r\nContent-Length: 0\r\n"), "415");
    stop();
    check_audit("\"type\":\"request\"");
    clean_up();
}
END_TEST

START_TEST(service_reload_takes_a_valid_policy)
{
    set_up();
    start_ready();
    write_policy(2);
    kill(gate.pid, SIGHUP);
    wait_for("event=reloaded");
    wait_for("generation=2");
    exchange(gate.metrics, "GET", "/metrics", "");
    ck_assert_ptr_nonnull(strstr(answer, "\nspangate_config_last_reload_successful 1\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nspangate_policy_info{name=\"personal\",revision=\"2\""));
    check_status(exchange(gate.http, "POST", "/v1/traces", "Content-Type: application/x-protobuf\r\nContent-Length: 0\r\n"), "200");
    stop();
    check_audit("\"result\":\"ok\",\"verb\":\"reload\"");
    clean_up();
}
END_TEST

START_TEST(service_reload_changes_exporters)
{
    set_up();
    start_ready();
    write_config("workers: 2\nidentities: []\n#\n");
    char text[4096];
    struct buf old = BUF_INIT(sizeof(text));

    ck_assert_int_eq(file_read(in_dir("gateway.yaml"), sizeof(text), &old), RC_OK);
    const char *at = memmem(old.ptr, old.len, "journal: {", 10);

    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof(text), "%.*s  otlp_http/us: {endpoint: 'http://127.0.0.1:9', jurisdiction: US, tls: {insecure: true}}\n%.*s",
        (int)(at - old.ptr), old.ptr, (int)(old.ptr + old.len - at), at);
    buf_free(&old);
    write_text("gateway.yaml", text);
    kill(gate.pid, SIGHUP);
    wait_for("generation=2");
    exchange(gate.metrics, "GET", "/metrics", "");
    ck_assert_ptr_nonnull(strstr(answer, "\nspangate_exporter_queue_size{exporter=\"otlp_http/us\"} 0\n"));
    write_config("workers: 2\n");
    kill(gate.pid, SIGHUP);
    wait_for("generation=3");
    stop();
    clean_up();
}
END_TEST

START_TEST(service_reload_keeps_the_old_when_the_new_is_not_valid)
{
    set_up();
    start_ready();
    write_text("p.yaml",
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: x}\nspec: {rulez: [], rules: [{id: a, keys: ['a?'], action: drop}]}\n");
    kill(gate.pid, SIGHUP);
    wait_for("level=error event=config_problem");
    wait_for("level=warn event=config_warning");
    wait_for("code=SG0432");
    wait_for("event=reload_refused");
    check_status(exchange(gate.metrics, "GET", "/readyz", ""), "200");
    exchange(gate.metrics, "GET", "/metrics", "");
    ck_assert_ptr_nonnull(strstr(answer, "\nspangate_config_last_reload_successful 0\n"));
    write_policy(1);
    write_config("workers: 3\n");
    kill(gate.pid, SIGHUP);
    wait_for("workers cannot be changed by a reload");
    wait_for("event=reload_refused");
    write_config("workers: 2\n");
    kill(gate.pid, SIGHUP);
    wait_for("event=reloaded");
    stop();
    check_audit("\"result\":\"refused\",\"verb\":\"reload\"");
    clean_up();
}
END_TEST

/* The certificate that the gate shows to a client with a good one. */
static X509 *
shown_certificate(const struct pki_basic *pki, unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    SSL_CTX *ctx = pki_client_context(&pki->client, "\x08http/1.1");
    SSL *ssl = SSL_new(ctx);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    ck_assert_int_eq(SSL_set_fd(ssl, fd), 1);
    ck_assert_int_eq(SSL_connect(ssl), 1);
    X509 *cert = SSL_get1_peer_certificate(ssl);

    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return cert;
}

static void
check_shown(const struct pki_basic *pki, const struct pki_cert *wanted)
{
    X509 *cert = shown_certificate(pki, gate.http);

    ck_assert_int_eq(X509_cmp(cert, wanted->cert), 0);
    X509_free(cert);
}

START_TEST(service_reload_shows_a_new_certificate)
{
    static const struct pki_spec spec = {.cn = "localhost", .names = "DNS:localhost,IP:127.0.0.1", .usage = "serverAuth"};
    struct pki_basic pki;
    char text[4096];

    set_up();
    pki_basic_make(&pki);
    struct pki_cert next = pki_issue(&spec, &pki.ca);

    snprintf(text, sizeof(text),
        "version: 1\nworkers: 2\nreceivers: {otlp: {protocols: {http: {endpoint: '127.0.0.1:0', "
        "tls: {cert_file: %s, key_file: %s, client_ca_file: %s}}}}}\n"
        "policies: {sources: [{file: p.yaml}]}\njournal: {dir: journal, max_size_mib: 16}\naudit: {max_size_mib: 16}\n"
        "exporters: {otlp_grpc/eu: {endpoint: '127.0.0.1:9', jurisdiction: EU, tls: {insecure: true}}}\n"
        "telemetry: {metrics: {endpoint: '127.0.0.1:0'}}\n",
        pki.server_file, pki.server_key, pki.ca_file);
    write_text("gateway.yaml", text);
    start();
    gate.http = port_of("otlp_http");
    wait_for("event=started");
    check_shown(&pki, &pki.server);
    (void)pki_write_cert(pki.folder, "server.crt", &next); /* and not its key: half written */
    kill(gate.pid, SIGHUP);
    wait_for("event=reload_refused");
    check_shown(&pki, &pki.server);
    (void)pki_write_key(pki.folder, "server.key", &next);
    kill(gate.pid, SIGHUP);
    wait_for("event=reloaded");
    check_shown(&pki, &next);
    stop();
    pki_free(&next);
    pki_basic_free(&pki);
    clean_up();
}
END_TEST

START_TEST(service_does_not_start_when_something_is_wrong)
{
    struct gate first;

    set_up();
    write_config("workers: many\n");
    start();
    wait_for("error[SG0006]: a whole number is wanted, not \"many\"");
    ck_assert_int_eq(ended(), EXIT_CONFIG);
    write_config("workers: 1\n");
    start_ready();
    first = gate;
    start();
    wait_for("another gate has it open");
    ck_assert_int_eq(ended(), EXIT_UNAVAILABLE);
    gate = first;
    stop();
    clean_up();
}
END_TEST

START_TEST(service_second_signal_ends_it_at_once)
{
    static const char half[] = "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100\r\n\r\nx";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    set_up();
    write_config("workers: 1\n"); /* one listener takes connections in their order */
    start_ready();
    to.sin_port = htons((uint16_t)gate.http);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    ck_assert_int_eq(write(fd, half, sizeof(half) - 1), sizeof(half) - 1);
    check_status(exchange(gate.http, "GET", "/v1/traces", ""), "405"); /* so the one before was taken, too */
    kill(gate.pid, SIGTERM);
    wait_for("event=stopping");
    check_status(exchange(gate.metrics, "GET", "/readyz", ""), "503");
    ck_assert_ptr_nonnull(strstr(answer, "stopping"));
    check_status(exchange(gate.metrics, "GET", "/livez", ""), "200");
    kill(gate.pid, SIGINT);
    wait_for("event=stopped");
    ck_assert_int_eq(ended(), EXIT_DONE);
    close(fd);
    clean_up();
}
END_TEST

START_TEST(service_check_leaves_no_trace)
{
    struct errs es = {0};
    struct stat st;

    set_up();
    enum rc rc = service_check(in_dir("gateway.yaml"), &es);

    if (rc != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_int_eq(rc, RC_OK);
    ck_assert_int_ne(stat(in_dir("journal"), &st), 0);
    unlink(in_dir("p.yaml"));
    ck_assert_int_eq(service_check(in_dir("gateway.yaml"), &es), RC_CONFIG);
    ck_assert_uint_ge(es.errors, 1);
    errs_free(&es);
    clean_up();
}
END_TEST

START_TEST(notify_manager_sends_one_datagram)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char got[64] = "";

    set_up();
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/n", dir);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    unsetenv("NOTIFY_SOCKET");
    notify_manager("nobody hears this");
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
    notify_manager("READY=1");
    ck_assert_int_eq(recv(fd, got, sizeof(got), 0), 7);
    ck_assert_str_eq(got, "READY=1");
    setenv("NOTIFY_SOCKET", "relative", 1);
    notify_manager("READY=1");
    ck_assert_int_eq(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
    close(fd);
    unlink(at.sun_path);
    clean_up();
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &service_is_ready_until_it_is_told_to_stop},
    {"normal", &service_answers_and_records_a_request},
    {"normal", &service_reload_takes_a_valid_policy},
    {"normal", &service_reload_changes_exporters},
    {"normal", &service_reload_shows_a_new_certificate},
    {"malformed", &service_reload_keeps_the_old_when_the_new_is_not_valid},
    {"malformed", &service_does_not_start_when_something_is_wrong},
    {"limits", &service_second_signal_ends_it_at_once},
    {"normal", &service_check_leaves_no_trace},
    {"normal", &notify_manager_sends_one_datagram},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("service", cases);
}
