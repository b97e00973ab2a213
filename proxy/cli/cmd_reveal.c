#include <stdlib.h>
#include <unistd.h>

#include "../control/reveal_int.h"
#include "base/digest.h"
#include "base/log.h"
#include "control/command.h"
#include "control/config.h"
#include "control/desk.h"

#define KEYS_MAX (2 * CONFIG_KEYS_MAX)
#define TENANTS_MAX 64
#define CANDIDATES_MAX 10000
#define TEXT_MAX ((size_t)256 << 20)

struct run {
    const struct config *config; /* NULL: none was named */
    struct secret *secrets[KEYS_MAX];
    size_t secret_count;
    struct reveal_key keys[KEYS_MAX];
    struct str tenants[TENANTS_MAX];
    struct str *candidates;
    struct buf candidate_text, text, out;
    struct reveal_job job;
    struct reveal_counts counts;
    struct errs es;
};

static enum rc
add_key(struct run *r, struct str id, const struct secret *secret)
{
    if (r->job.key_count == KEYS_MAX) {
        errs_add(&r->es, ERR_ERROR, RC_CONFIG, 0, (struct err_pos){0}, "more than %d keys", KEYS_MAX);
        return RC_CONFIG;
    }
    r->keys[r->job.key_count++] = (struct reveal_key){id, secret};
    return RC_OK;
}

/* The keys of a gateway file, those of running rotations too. */
static enum rc
read_config(struct run *r, const char *path)
{
    struct program_key keys[CONFIG_KEYS_MAX];
    enum rc rc = config_load(path, &r->config, &r->es);

    if (rc != RC_OK)
        return rc;
    size_t count = config_keys(r->config, keys, &r->es);

    if (count == SIZE_MAX)
        return RC_CONFIG;
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        rc = add_key(r, keys[i].id, keys[i].secret);
        if (rc == RC_OK && keys[i].previous)
            rc = add_key(r, keys[i].previous_id, keys[i].previous);
    }
    return rc;
}

/* ID=FILE */
static enum rc
read_key(struct run *r, const char *text)
{
    const char *equals = strchr(text, '=');

    if (!equals || equals == text || r->secret_count == KEYS_MAX) {
        errs_add(&r->es, ERR_ERROR, RC_CONFIG, 0, (struct err_pos){0}, "--key wants ID=FILE, not %s", text);
        return RC_CONFIG;
    }
    enum rc rc = secret_load(equals + 1, (struct err_pos){0}, &r->secrets[r->secret_count], &r->es);

    return rc == RC_OK ? add_key(r, (struct str){text, (size_t)(equals - text)}, r->secrets[r->secret_count++]) : rc;
}

/* One value a line. */
static enum rc
read_candidates(struct run *r, const char *path)
{
    enum rc rc = file_read(path, TEXT_MAX, &r->candidate_text);
    struct str rest = buf_str(&r->candidate_text);

    r->candidates = calloc(CANDIDATES_MAX, sizeof(*r->candidates));
    if (rc == RC_OK && !r->candidates)
        rc = RC_NOMEM;
    while (rc == RC_OK && rest.len) {
        size_t end = str_find(rest, STR("\n"));
        struct str line = str_trim(str_sub(rest, 0, end < rest.len ? end : rest.len));

        rest = str_sub(rest, end < rest.len ? end + 1 : rest.len, rest.len);
        if (line.len == 0)
            continue;
        if (r->job.candidate_count == CANDIDATES_MAX)
            rc = RC_LIMIT;
        else
            r->candidates[r->job.candidate_count++] = line;
    }
    if (rc != RC_OK)
        errs_add(&r->es, ERR_ERROR, rc, 0, (struct err_pos){.file = path}, "the candidates cannot be read: %s", file_problem(rc));
    r->job.candidates = r->candidates;
    return rc;
}

static enum rc
read_input(struct run *r, const char *path)
{
    enum rc rc = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, TEXT_MAX, &r->text);
    struct str text = str_trim(buf_str(&r->text));

    if (rc != RC_OK)
        errs_add(&r->es, ERR_ERROR, rc, 0, (struct err_pos){.file = path}, "cannot be read: %s", file_problem(rc));
    r->job.json = text.len && (text.ptr[0] == '{' || text.ptr[0] == '[');
    return rc;
}

static enum rc
prepare(struct run *r, const struct arguments *a)
{
    const char *const *list;
    size_t count = args_list(a, "key", &list);
    enum rc rc = RC_OK;

    if (args_text(a, "config"))
        rc = read_config(r, args_text(a, "config"));
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        rc = read_key(r, list[i]);
    count = args_list(a, "tenant", &list);
    for (size_t i = 0; i < count && i < TENANTS_MAX; i++)
        r->tenants[r->job.tenant_count++] = str_of(list[i]);
    if (rc == RC_OK && args_text(a, "candidates"))
        rc = read_candidates(r, args_text(a, "candidates"));
    r->job.keys = r->keys;
    r->job.tenants = r->tenants;
    count = args_rest(a, &list);
    return rc == RC_OK ? read_input(r, count ? list[0] : "-") : rc;
}

/* Before a value is shown: who asked is in the file's owner, which text in its digest; never a value. */
static enum rc
record(struct run *r, const char *journal)
{
    uint8_t sum[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1] = {0}, object[200];
    enum rc rc = digest_sha256(buf_str(&r->text), sum);

    if (rc != RC_OK)
        return rc;
    digest_hex((struct str){(const char *)sum, sizeof(sum)}, hex);
    snprintf(object, sizeof(object), "%zu of %zu tokens opened, %zu keys", r->counts.opened, r->counts.tokens, r->job.key_count);
    log_event(LOG_REVEALED, LOG_NUM("uid", getuid()), LOG_NUM("tokens", r->counts.tokens), LOG_NUM("opened", r->counts.opened),
        LOG_NUM("failed", r->counts.failed), LOG_STR("input_sha256", hex));
    if (!journal)
        return RC_OK;
    return desk_leave(journal, &(struct desk_act){"reveal", object, hex, r->counts.failed ? "failed" : "ok"}, &r->es);
}

static int
tell(const struct run *r)
{
    if (r->counts.unknown)
        fprintf(stderr, "%zu tokens of keys that were not given, %s among them\n", r->counts.unknown, r->counts.unknown_id);
    if (r->counts.failed)
        fprintf(stderr, "%zu tokens cannot be opened: the key of this name is another one, the tenant was not given, or the token was changed\n",
            r->counts.failed);
    if (r->counts.failed)
        return EXIT_INTEGRITY_FAILED;
    return r->counts.unknown ? EXIT_NEGATIVE : EXIT_DONE;
}

static int
run(const struct arguments *a)
{
    struct run r = {.candidate_text = BUF_INIT(TEXT_MAX), .text = BUF_INIT(TEXT_MAX), .out = BUF_INIT(2 * TEXT_MAX)};
    const char *journal = args_text(a, "journal");
    int code = EXIT_DONE;
    enum rc rc = prepare(&r, a);

    if (rc == RC_OK && r.job.key_count == 0) {
        code = usage_error(a, "no key is given: --key ID=FILE, or -c FILE");
        goto out;
    }
    if (rc == RC_OK)
        rc = reveal_text(&r.job, buf_str(&r.text), &r.out, &r.counts);
    if (rc == RC_OK)
        rc = record(&r, journal ? journal : r.config ? r.config->journal.dir : NULL);
    if (r.es.count)
        errs_print(&r.es, stderr, output_colored(stderr));
    code = exit_code_of(rc);
    if (rc != RC_OK)
        goto out;
    if (r.out.len)
        fwrite(r.out.ptr, 1, r.out.len, stdout);
    code = tell(&r);

out:
    buf_free_wipe(&r.out);
    buf_free_wipe(&r.text);
    buf_free_wipe(&r.candidate_text);
    free(r.candidates);
    for (size_t i = 0; i < r.secret_count; i++)
        secret_free(r.secrets[i]);
    config_unref(r.config);
    errs_free(&r.es);
    return code;
}

static const struct option_spec options[] = {
    {.name = "key", .type = OPTION_LIST, .arg = "ID=FILE", .help = "A key by the name that stands in tokens; repeat it for more"},
    {.name = "config",
        .letter = 'c',
        .type = OPTION_TEXT,
        .arg = "FILE",
        .help = "Take the keys of a gateway file, and record in its audit log what is done"},
    {.name = "tenant",
        .type = OPTION_LIST,
        .arg = "TEXT",
        .help = "A tenant of the policy, or a value of the attribute that names it; repeat it for more"},
    {.name = "candidates", .type = OPTION_TEXT, .arg = "FILE", .help = "Values, one a line: their pseudonyms are replaced too"},
    {.name = "journal", .type = OPTION_TEXT, .arg = "DIR", .help = "Record in the audit log of the gate that has its journal there"},
    {0},
};

const struct command cmd_reveal = {
    .name = "reveal",
    .usage = "[FILE] (--key ID=FILE | -c FILE)... [--tenant TEXT]... [--candidates FILE]",
    .summary = "Put values back in place of their tokens",
    .text =
        "Reads a text, OTLP/JSON or any other, from FILE or standard input, and writes it with the tokens of `encrypt` and `fpe` opened. A pseudonym "
        "of "
        "`hash` cannot be opened; it is recognised as that of a value that --candidates names.\n"
        "\n"
        "What is done is recorded before a value is shown: in the audit log with -c or --journal, as one line on standard error always; never the "
        "value.\n"
        "\n"
        "Exit code 0: everything was opened; 1: there are tokens of keys that were not given; 5: a key of that name does not open a token.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
