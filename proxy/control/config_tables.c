/*
 * The gateway file, key by key. Names are those of the OpenTelemetry Collector where it has the same thing.
 */
#include <stddef.h>

#include "config_checks_int.h"

#define AT(type, member) .at = offsetof(struct type, member)

static const char *const levels[] = {[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error", NULL};
static const char *const formats[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json", NULL};
static const char *const compressions[] = {[ENCODING_IDENTITY] = "none", [ENCODING_GZIP] = "gzip", [ENCODING_ZSTD] = "zstd", NULL};
static const char *const on_invalid[] = {"keep_last_good", NULL};
static const char *const rollbacks[] = {[TRUST_REFUSE] = "refuse", [TRUST_ALLOW] = "allow", NULL};
static const char *const on_no_match[] = {"drop", NULL};

#define TLS_SERVER "cert_file, key_file, client_ca_file, crl_file, min_version, identity, allow; or insecure: true on loopback"
#define TLS_CLIENT "ca_file, cert_file, key_file, crl_file, min_version, server_name_override; or insecure: true"

static const struct field grpc_fields[] = {
    {"endpoint", FIELD_ENDPOINT, AT(config_receiver, endpoint), .fallback = "127.0.0.1:4317", .doc = "Address and port of OTLP/gRPC"},
    {"max_recv_msg_size_mib", FIELD_MIB, AT(config_receiver, max_body_bytes), .fallback = "16", .min = 1, .max = 64,
        .doc = "Largest request, counted after decompression"},
    {"max_concurrent_streams", FIELD_NUMBER, AT(config_receiver, max_streams), .fallback = "128", .min = 1, .max = 1000,
        .doc = "Requests at the same time on one connection"},
    {"max_connections", FIELD_NUMBER, AT(config_receiver, max_connections), .fallback = "10000", .min = 1, .max = 1000000,
        .doc = "Connections at the same time, of each worker; more are closed at once and counted"},
    {"tls", FIELD_CUSTOM, AT(config_receiver, tls), .read = config_read_server_tls, .type_text = TLS_SERVER, .required = true,
        .doc = "Clients must show a certificate; plaintext has to be asked for, and is for loopback only"},
    {0},
};
static const struct section grpc_section = {.fields = grpc_fields, .check = config_check_receiver};

static const struct field http_fields[] = {
    {"endpoint", FIELD_ENDPOINT, AT(config_receiver, endpoint), .fallback = "127.0.0.1:4318", .doc = "Address and port of OTLP/HTTP"},
    {"max_request_body_size_mib", FIELD_MIB, AT(config_receiver, max_body_bytes), .fallback = "16", .min = 1, .max = 64,
        .doc = "Largest request, counted after decompression"},
    {"max_connections", FIELD_NUMBER, AT(config_receiver, max_connections), .fallback = "10000", .min = 1, .max = 1000000,
        .doc = "Connections at the same time, of each worker; more are closed at once and counted"},
    {"tls", FIELD_CUSTOM, AT(config_receiver, tls), .read = config_read_server_tls, .type_text = TLS_SERVER, .required = true, .doc = "As of grpc"},
    {0},
};
static const struct section http_section = {.fields = http_fields, .check = config_check_receiver};

static const struct field protocols_fields[] = {
    {"grpc", FIELD_SECTION, AT(config, grpc), .section = &grpc_section, .doc = "OTLP/gRPC"},
    {"http", FIELD_SECTION, AT(config, http), .section = &http_section, .doc = "OTLP/HTTP, binary and JSON"},
    {0},
};
static const struct section protocols_section = {.fields = protocols_fields, .check = config_check_protocols};

static const struct field otlp_fields[] = {
    {"protocols", FIELD_SECTION, .section = &protocols_section, .required = true, .doc = "At least one of grpc and http"},
    {0},
};
static const struct section otlp_section = {.fields = otlp_fields};

static const struct field receivers_fields[] = {
    {"otlp", FIELD_SECTION, .section = &otlp_section, .required = true, .doc = "Where SDKs send"},
    {0},
};
static const struct section receivers_section = {.fields = receivers_fields};

static const struct field source_fields[] = {
    {"dir", FIELD_PATH, AT(config_source, dir), .doc = "Every *.yaml and *.yml in a folder, in the order of their names; not *.test.yaml"},
    {"file", FIELD_PATH, AT(config_source, file), .doc = "One policy file"},
    {"bundle", FIELD_PATH, AT(config_source, bundle),
        .doc = "A signed bundle, NAME.tar.gz, with NAME.tar.gz.minisig beside it; see `spangate policy pack`"},
    {"pack", FIELD_TEXT, AT(config_source, pack), .doc = "A pack that ships with the program: pci-dss, hipaa-18, ..."},
    {0},
};
static const struct section source_section = {source_fields, sizeof(struct config_source), 64, config_check_source};

static const struct field trust_key_fields[] = {
    {"id", FIELD_TEXT, AT(config_trust_key, id), .required = true, .doc = "A name for people"},
    {"file", FIELD_PATH, AT(config_trust_key, file), .required = true, .doc = "Public key, as `spangate policy keygen` and minisign write it"},
    {0},
};
static const struct section trust_key_section = {trust_key_fields, sizeof(struct config_trust_key), CONFIG_TRUST_MAX, config_check_trust_key};

static const struct field trust_fields[] = {
    {"keys", FIELD_LIST, AT(config, trust_keys), .count_at = offsetof(struct config, trust_key_count), .section = &trust_key_section,
        .required = true, .doc = "Who may sign"},
    {"rollback", FIELD_CHOICE, AT(config, trust_rollback), .fallback = "refuse", .choices = rollbacks,
        .doc = "A bundle whose revision is not higher than the last one in force"},
    {0},
};
static const struct section trust_section = {.fields = trust_fields, .check = config_check_trust};

static const struct field policies_fields[] = {
    {"sources", FIELD_LIST, AT(config, sources), .count_at = offsetof(struct config, source_count), .section = &source_section, .required = true,
        .doc = "Where policies are read from; a dir, a file, a bundle or a pack each"},
    {"trust", FIELD_SECTION, .section = &trust_section, .doc = "When it is there, every bundle must carry a good signature"},
    {"on_invalid", FIELD_CHOICE, AT(config, on_invalid), .fallback = "keep_last_good", .choices = on_invalid,
        .doc = "When a reload finds a policy that is not valid"},
    {"on_no_match", FIELD_CHOICE, AT(config, on_no_match), .fallback = "drop", .choices = on_no_match,
        .doc = "Data that no policy covers does not leave"},
    {0},
};
static const struct section policies_section = {.fields = policies_fields, .check = config_check_policies};

static const struct field previous_fields[] = {
    {"id", FIELD_TEXT, AT(config_key, previous_id), .doc = "Name that stands in older tokens"},
    {"file", FIELD_PATH, AT(config_key, previous_file), .doc = "Its bytes"},
    {"until", FIELD_TEXT, AT(config_key, until),
        .doc = "Last day, YYYY-MM-DD in UTC, on which its tokens are recognised; at the first load after it no more"},
    {0},
};
static const struct section previous_section = {.fields = previous_fields};

static const struct field key_fields[] = {
    {"id", FIELD_TEXT, AT(config_key, id), .required = true, .doc = "Name in policies and in tokens"},
    {"file", FIELD_PATH, AT(config_key, file), .required = true, .doc = "The key's bytes, without a final line end"},
    {"previous", FIELD_SECTION, .section = &previous_section,
        .doc = "The key before this one: tokens are made with `file` alone, those of the previous key are recognised and can be revealed"},
    {0},
};
static const struct section key_section = {key_fields, sizeof(struct config_key), CONFIG_KEYS_MAX, config_check_key};

static const struct field identity_fields[] = {
    {"match", FIELD_TEXT, AT(config_identity, match), .required = true, .doc = "Glob of client identities; the first that matches counts"},
    {"country", FIELD_TEXT, AT(config_identity, country), .doc = "Where their data comes from, ISO 3166-1 alpha-2"},
    {"region", FIELD_TEXT, AT(config_identity, region), .doc = "The same as a cloud region"},
    {"service", FIELD_TEXT, AT(config_identity, service),
        .doc = "What audit entries and reports call them; what the data says of itself is never recorded"},
    {0},
};
static const struct section identity_section = {identity_fields, sizeof(struct config_identity), 1000, config_check_identity};

static const struct field retry_fields[] = {
    {"initial_interval", FIELD_DURATION, AT(config_exporter, initial_interval_ms), .fallback = "1s", .min = 10, .max = 300000,
        .doc = "First pause after a failure; later ones grow by half, with jitter"},
    {"max_interval", FIELD_DURATION, AT(config_exporter, max_interval_ms), .fallback = "30s", .min = 10, .max = 300000, .doc = "Longest pause"},
    {"max_elapsed_time", FIELD_DURATION, AT(config_exporter, max_elapsed_ms), .fallback = "0s", .min = 0, .max = 0,
        .doc = "0s: data is never given up; no other value is allowed"},
    {0},
};
static const struct section retry_section = {.fields = retry_fields};

static const struct field queue_fields[] = {
    {"num_consumers", FIELD_NUMBER, AT(config_exporter, consumers), .fallback = "4", .min = 1, .max = 64,
        .doc = "Attempts at the same time, of each worker; what waits longer is in the journal"},
    {0},
};
static const struct section queue_section = {.fields = queue_fields};

static const struct field exporter_fields[] = {
    {"endpoint", FIELD_TEXT, AT(config_exporter, endpoint), .required = true,
        .doc = "otlp_grpc: host:port; otlp_http: https://host[:port][/path], /v1/traces is added when there is no path"},
    {"jurisdiction", FIELD_TEXT, AT(config_exporter, jurisdiction), .required = true,
        .doc = "Whose law the destination is under, for policies: EU, US, ..."},
    {"country", FIELD_TEXT, AT(config_exporter, country), .doc = "Where it stands, ISO 3166-1 alpha-2"},
    {"tls", FIELD_CUSTOM, AT(config_exporter, tls), .read = config_read_client_tls, .type_text = TLS_CLIENT,
        .doc = "The system's authorities when there is no ca_file"},
    {"compression", FIELD_CHOICE, AT(config_exporter, compression), .fallback = "gzip", .choices = compressions, .doc = "Of what is sent"},
    {"headers", FIELD_CUSTOM, AT(config_exporter, headers), .read = config_read_headers, .type_text = "map of names to values",
        .doc = "Added to each request; take secrets from files: ${file:PATH}"},
    {"timeout", FIELD_DURATION, AT(config_exporter, timeout_ms), .fallback = "10s", .min = 100, .max = 300000, .doc = "Of one attempt"},
    {"retry_on_failure", FIELD_SECTION, .section = &retry_section, .doc = "Pauses between attempts"},
    {"sending_queue", FIELD_SECTION, .section = &queue_section, .doc = "Attempts in parallel"},
    {0},
};
static const struct section exporter_section = {exporter_fields, sizeof(struct config_exporter), PROGRAM_DESTINATIONS_MAX, config_check_exporter};

static const struct field journal_fields[] = {
    {"dir", FIELD_PATH, AT(config, journal.dir), .required = true, .doc = "Folder of the journal, made when missing"},
    {"max_size_mib", FIELD_MIB, AT(config, journal.max_bytes), .fallback = "8192", .min = 1, .max = 1u << 20,
        .doc = "Payloads that wait for their destinations; senders are told to wait when it is full"},
    {"group_delay", FIELD_DURATION, AT(config, journal.group_delay_ms), .fallback = "5ms", .min = 0, .max = 100,
        .doc = "How long commits gather under load before they share one write to disk"},
    {0},
};
static const struct section journal_section = {.fields = journal_fields};

static const struct field metrics_fields[] = {
    {"endpoint", FIELD_ENDPOINT, AT(config, metrics), .fallback = "127.0.0.1:8888",
        .doc = "/metrics, /livez, /readyz; loopback only; none: no listener"},
    {0},
};
static const struct section metrics_section = {.fields = metrics_fields, .check = config_check_metrics};

static const struct field health_fields[] = {
    {"endpoint", FIELD_ENDPOINT, AT(config, health), .fallback = "none", .doc = "/livez, /readyz, for orchestrators elsewhere; none: no listener"},
    {0},
};
static const struct section health_section = {.fields = health_fields};

static const struct field logs_fields[] = {
    {"level", FIELD_CHOICE, AT(config, log_level), .fallback = "info", .choices = levels, .doc = "Least level that is written"},
    {"format", FIELD_CHOICE, AT(config, log_format), .fallback = "text", .choices = formats, .doc = "text is key=value"},
    {0},
};
static const struct section logs_section = {.fields = logs_fields};

static const struct field telemetry_fields[] = {
    {"metrics", FIELD_SECTION, .section = &metrics_section, .doc = "Prometheus metrics"},
    {"health", FIELD_SECTION, .section = &health_section, .doc = "For orchestrators"},
    {"logs", FIELD_SECTION, .section = &logs_section, .doc = "On standard error"},
    {0},
};
static const struct section telemetry_section = {.fields = telemetry_fields};

static const struct field root_fields[] = {
    {"version", FIELD_CUSTOM, .read = config_read_version, .type_text = "1", .required = true, .doc = "Of the form of this file"},
    {"node", FIELD_TEXT, AT(config, node), .doc = "Name of this gate in the audit; the host's name when left out"},
    {"workers", FIELD_NUMBER, AT(config, workers), .min = 1, .max = 64, .doc = "Threads that serve; one a CPU when left out"},
    {"receivers", FIELD_SECTION, .section = &receivers_section, .required = true, .doc = "Where data comes in"},
    {"enrichment", FIELD_CUSTOM, AT(config, enrichment), .read = config_read_enrichment, .type_text = "map",
        .doc = "Attributes that are added before the policies see the data"},
    {"policies", FIELD_SECTION, .section = &policies_section, .required = true, .doc = "What may be in a span, and where it may go"},
    {"keys", FIELD_LIST, AT(config, keys), .count_at = offsetof(struct config, key_count), .section = &key_section,
        .doc = "Keys of the actions hash, encrypt and fpe"},
    {"identities", FIELD_LIST, AT(config, identities), .count_at = offsetof(struct config, identity_count), .section = &identity_section,
        .doc = "Where the data of senders comes from, and what they are called"},
    {"exporters", FIELD_NAMED, AT(config, exporters), .count_at = offsetof(struct config, exporter_count), .section = &exporter_section,
        .required = true, .doc = "Destinations, named otlp_grpc/NAME or otlp_http/NAME"},
    {"journal", FIELD_SECTION, .section = &journal_section, .required = true, .doc = "What waits, and the audit, on disk"},
    {"journal_after", FIELD_DURATION, AT(config, journal_after_ms), .fallback = "100ms", .min = 1, .max = 60000,
        .doc = "A payload that its destination has not acknowledged by then is put into the journal, and the sender is answered"},
    {"audit", FIELD_SECTION, .section = &config_audit_section, .doc = "Records of every decision"},
    {"telemetry", FIELD_SECTION, .section = &telemetry_section, .doc = "What the gate tells of itself"},
    {0},
};
const struct section config_root_section = {root_fields, sizeof(struct config), 1, config_check_root};
