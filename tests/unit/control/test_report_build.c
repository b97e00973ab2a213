#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/entry.h"
#include "audit/writer.h"
#include "base/secret.h"
#include "base_suite.h"
#include "control/report_build.h"
#include "policies/detector.h"

#define ORIGIN "audit.example.org/unit"
#define ENTRIES 700

static char dir[64], path[128];
static struct note_signer signer;
static const struct note_key *witness_keys; /* NULL: none are asked for */

static const char *
in_dir(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void
append(struct writer *w, unsigned seq)
{
    char line[1024];

    snprintf(line, sizeof(line),
        "{\"build\":\"1\",\"conn\":{\"identity\":\"spiffe://example.org/"
        "shop\",\"tls\":\"TLSv1.3\"},\"outcome\":\"accepted\",\"policy\":{\"rules\":[{\"action\":\"mask\","
        "\"count\":2,\"entity\":\"IBAN\",\"id\":\"p/"
        "iban\",\"mode\":\"enforce\",\"paths\":[]}]},\"reason\":\"ok\",\"req\":{\"spans_in\":4},\"seq\":%u,\"ts\":"
        "\"2026-07-01T00:%02u:%02u.000000Z\",\"type\":\"request\",\"v\":1}",
        seq, seq / 60, seq % 60);
    ck_assert_int_eq(writer_append(w, str_of(line)), RC_OK);
}

/* A log of ENTRIES requests in dir/log, signed. */
static void
make_log(void)
{
    struct checkpoint c = {.origin = STR(ORIGIN)};
    struct buf body = BUF_INIT(NOTE_MAX), note = BUF_INIT(NOTE_MAX);
    struct writer *w = NULL;
    struct errs es = {0};

    strcpy(dir, "/tmp/spangate-report-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(note_signer_make(STR(ORIGIN), NOTE_ED25519, &signer), RC_OK);
    ck_assert_int_eq(writer_open(&(struct writer_options){.dir = in_dir("log"), .keys = &signer.key, .key_count = 1}, &w, &es), RC_OK);
    for (unsigned i = 0; i < ENTRIES; i++)
        append(w, i);
    ck_assert_int_eq(writer_flush(w), RC_OK);
    ck_assert_int_eq(writer_state(w, &c.tree), RC_OK);
    ck_assert_int_eq(checkpoint_print(&c, &body), RC_OK);
    ck_assert_int_eq(buf_append(&note, buf_str(&body)), RC_OK);
    ck_assert_int_eq(buf_append_byte(&note, '\n'), RC_OK);
    ck_assert_int_eq(note_sign(&signer, buf_str(&body), 0, &note), RC_OK);
    ck_assert_int_eq(writer_publish(w, buf_str(&note)), RC_OK);
    writer_close(w);
    buf_free(&body);
    buf_free(&note);
    errs_free(&es);
}

static void
remove_dir(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static enum rc
build(const char *out, bool trust, const char *sign, struct report_done *done)
{
    char log[128], to[128], key[128], journal[128];
    struct errs es = {0};
    struct report_job job = {.log = log,
        .out = to,
        .formats = REPORT_HTML | REPORT_JSON | REPORT_CSV | REPORT_OSCAL,
        .profiles = profile_mask(STR("gdpr")),
        .profiles_text = "gdpr",
        .signer = sign ? key : NULL,
        .journal = journal,
        .trust = &signer.key,
        .trust_count = trust,
        .witnesses = witness_keys,
        .witness_count = witness_keys != NULL};

    snprintf(log, sizeof(log), "%s/log", dir);
    snprintf(to, sizeof(to), "%s/%s", dir, out);
    snprintf(key, sizeof(key), "%s/%s", dir, sign ? sign : "");
    snprintf(journal, sizeof(journal), "%s", dir);
    ck_assert(period_parse(STR("2026-07"), &job.period));
    enum rc rc = report_build(&job, done, &es);

    errs_free(&es);
    return rc;
}

static enum rc
verify(const char *out, bool trust)
{
    struct buf text = BUF_INIT(REPORT_MANIFEST_MAX);
    struct report_manifest m;
    struct errs es = {0};
    enum rc rc = report_check(in_dir(out), &signer.key, trust, &m, &text, &es);

    if (rc == RC_OK) {
        ck_assert(str_eq(m.period, STR("2026-07")));
        ck_assert(str_eq(m.log, STR(ORIGIN)));
        ck_assert(str_eq(m.size, STR("700")));
    }
    buf_free(&text);
    errs_free(&es);
    return rc;
}

static void
overwrite(const char *name, long at, const char *bytes)
{
    FILE *f = fopen(in_dir(name), "r+b");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
    ck_assert_int_eq(fputs(bytes, f) >= 0, 1);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(report_build_verifies_and_proves)
{
    struct report_done done = {0};
    struct stat st;

    make_log();
    ck_assert_int_eq(build("a", true, NULL, &done), RC_OK);
    ck_assert(done.verified);
    ck_assert(!done.is_signed);
    ck_assert(done.recorded); /* on the desk in dir */
    ck_assert_uint_eq(done.entries, ENTRIES);
    ck_assert_int_eq(stat(in_dir("a/report.html"), &st), 0);
    ck_assert_int_eq(stat(in_dir("a/csv/findings.csv"), &st), 0);
    ck_assert_int_eq(stat(in_dir("a/proofs"), &st), 0);
    ck_assert_int_eq(verify("a", false), RC_OK);
    ck_assert_int_eq(verify("a", true), RC_INTEGRITY); /* not signed */
    ck_assert_int_eq(build("b", false, NULL, &done), RC_OK);
    ck_assert(done.verified); /* by its hashes */
    remove_dir();
}
END_TEST

/* Whoever has the files can write lines under the checkpoint: what nobody checked is not told. */
START_TEST(report_build_tells_cosignatures_that_were_checked_only)
{
    struct report_done done = {0};
    struct note_signer witness;
    struct buf note = BUF_INIT(NOTE_MAX), text = BUF_INIT((size_t)1 << 24);
    struct note n;

    make_log();
    ck_assert_int_eq(note_signer_make(STR("witness.example.org/w"), NOTE_COSIGNATURE, &witness), RC_OK);
    ck_assert_int_eq(file_read(in_dir("log/checkpoint"), NOTE_MAX, &note), RC_OK);
    ck_assert_int_eq(note_parse(buf_str(&note), &n), RC_OK);
    ck_assert_int_eq(buf_append(&text, n.body), RC_OK);
    ck_assert_int_eq(note_sign(&witness, buf_str(&text), 1, &note), RC_OK);
    ck_assert_int_eq(file_write_atomic(in_dir("log/checkpoint"), buf_str(&note), 0644), RC_OK);
    for (unsigned given = 0; given < 2; given++) {
        witness_keys = given ? &witness.key : NULL;
        ck_assert_int_eq(build("a", true, NULL, &done), RC_OK);
        ck_assert(done.verified);
        buf_clear(&text);
        ck_assert_int_eq(file_read(in_dir("a/report.html"), (size_t)1 << 24, &text), RC_OK);
        ck_assert(str_find(buf_str(&text), given ? STR("that were checked: 1.") : STR("that were checked: 0.")) != SIZE_MAX);
    }
    witness.key.id ^= 1; /* a witness that has not */
    ck_assert_int_eq(build("a", true, NULL, &done), RC_OK);
    ck_assert(!done.verified);
    witness_keys = NULL;
    buf_free(&note);
    buf_free(&text);
    remove_dir();
}
END_TEST

/* The root of a log that somebody rewrote fits its entries too. */
START_TEST(report_build_trusts_no_log_without_a_key)
{
    struct report_done done = {0};
    struct buf text = BUF_INIT((size_t)1 << 24);

    make_log();
    for (unsigned trust = 0; trust < 2; trust++) {
        ck_assert_int_eq(build("a", trust, NULL, &done), RC_OK);
        buf_clear(&text);
        ck_assert_int_eq(file_read(in_dir("a/report.json"), (size_t)1 << 24, &text), RC_OK);
        ck_assert(str_find(buf_str(&text), trust ? STR("\"Accountability\",\"status\":\"satisfied\"")
                                                 : STR("\"Accountability\",\"status\":\"not satisfied\"")) != SIZE_MAX);
    }
    buf_free(&text);
    remove_dir();
}
END_TEST

START_TEST(report_check_finds_what_was_changed)
{
    struct report_done done = {0};
    struct buf text = BUF_INIT(4096);

    make_log();
    ck_assert_int_eq(note_signer_print(&signer, &text), RC_OK);
    ck_assert_int_eq(file_write_atomic(in_dir("key"), buf_str(&text), 0600), RC_OK);
    buf_free(&text);
    ck_assert_int_eq(build("a", true, "key", &done), RC_OK);
    ck_assert(done.is_signed);
    ck_assert_int_eq(verify("a", true), RC_OK);
    overwrite("a/report.html", 100, "x");
    ck_assert_int_eq(verify("a", true), RC_INTEGRITY);
    ck_assert_int_eq(build("a", true, "key", &done), RC_OK);
    ck_assert_int_eq(verify("a", true), RC_OK);
    overwrite("a/report.manifest", 30, "x");
    ck_assert_int_ne(verify("a", true), RC_OK);
    ck_assert_int_eq(unlink(in_dir("a/report.manifest")), 0);
    ck_assert_int_eq(verify("a", true), RC_NOT_FOUND);
    ck_assert_int_eq(build("b", true, "nothing", &done), RC_CONFIG);
    remove_dir();
}
END_TEST

START_TEST(report_build_says_that_a_log_does_not_verify)
{
    for (unsigned trust = 0; trust < 2; trust++) {
        struct report_done done = {0};

        make_log();
        overwrite("log/tile/entries/001", 300, "y"); /* inside of leaf 256 */
        ck_assert_int_eq(build("a", trust, NULL, &done), RC_OK);
        ck_assert(!done.verified);
        ck_assert_uint_gt(done.failed_controls, 0);
        remove_dir();
    }
}
END_TEST

START_TEST(report_manifest_read_refuses)
{
#define HEAD "spangate-report/1\nperiod p\nprofiles gdpr\nlog l\nsize 1\nroot r\n"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static const char *const bad[] = {"", "x", "spangate-report/2\n", "spangate-report/1\nperiod p\n", HEAD "x\n", HEAD HASH " a\n",
        HEAD HASH "  ../a\n", HEAD HASH "  /etc/passwd\n", HEAD HASH "  a", HEAD "g" HASH "  a\n"};
    struct report_manifest m;

    ck_assert_int_eq(report_manifest_read(STR(HEAD HASH "  a/b\n"), &m), RC_OK);
    ck_assert_uint_eq(m.files, 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(report_manifest_read(str_of(bad[i]), &m) == RC_MALFORMED, "%s", bad[i]);
}
END_TEST

/* Charts and tables have a column for each category: a detector of a new one would be counted as "other" only. */
START_TEST(report_knows_the_categories_of_detectors)
{
    static const char *const known[] = {"contact", "financial", "government", "health", "network", "secret"};
    size_t count;
    const struct detector *const *all = detectors_all(&count);

    for (size_t i = 0; i < count; i++) {
        bool found = false;

        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
            found |= strcmp(all[i]->category, known[k]) == 0;
        ck_assert_msg(found, "%s: %s", all[i]->id, all[i]->category);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &report_build_verifies_and_proves},
    {"normal", &report_build_tells_cosignatures_that_were_checked_only},
    {"normal", &report_build_trusts_no_log_without_a_key},
    {"normal", &report_check_finds_what_was_changed},
    {"malformed", &report_build_says_that_a_log_does_not_verify},
    {"malformed", &report_manifest_read_refuses},
    {"normal", &report_knows_the_categories_of_detectors},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("report_build", cases);
}
