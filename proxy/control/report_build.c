#include "control/report_build.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/reader.h"
#include "audit/source.h"
#include "audit/verify.h"
#include "base/conf.h"
#include "base/digest.h"
#include "base/secret.h"
#include "control/desk.h"
#include "policies/detector.h"

#define PROGRESS_ENTRIES 1000000u

/* -- what the report needs to know beside the entries ------------------------------------------------------------------------------ */

struct build {
    const struct report_job *job;
    struct entry_source *source;
    struct report *report;
    struct report_entity *entities;
    size_t entity_count;
    struct conf_doc *about;
    struct report_about statements;
    struct report_log log;
    struct buf root, origin, note;
    char problem[400];
    /* own hashing, when nobody's signature counts */
    struct tree_edge edge;
    bool hash, contiguous;
    /* verification beside the counting */
    pthread_t thread;
    bool verifying;
    enum rc verified;
    struct verify_result result;
    struct errs verify_errors;
    uint64_t seen;
    enum rc rc;
    struct buf manifest;
    unsigned files;
};

static enum rc
load_entities(struct build *b)
{
    size_t count;
    const struct detector *const *all = detectors_all(&count);

    b->entities = calloc(count + 1, sizeof(*b->entities));
    if (!b->entities)
        return RC_NOMEM;
    for (size_t i = 0; i < count; i++)
        b->entities[b->entity_count++] = (struct report_entity){all[i]->entity, all[i]->title, all[i]->category, all[i]->controls};
    return RC_OK;
}

static enum rc
load_about(struct build *b, struct errs *es)
{
    static const char *const names[] = {"controller", "contact", "officer", "purposes", "subjects", "recipients", "erasure", "measures"};
    const char **const to[] = {&b->statements.controller, &b->statements.contact, &b->statements.officer, &b->statements.purposes,
        &b->statements.subjects, &b->statements.recipients, &b->statements.erasure, &b->statements.measures};
    enum rc rc = b->job->about ? conf_load_file(b->job->about, &b->about, es) : RC_OK;

    if (rc != RC_OK || !b->about)
        return rc;
    const struct conf_node *root = conf_root(b->about, 0);

    rc = conf_map_check(b->about, root, names, sizeof(names) / sizeof(names[0]), es);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == RC_OK; i++) {
        struct str text = {0};

        rc = conf_text(b->about, conf_get(root, names[i]), &text, es);
        if (text.len)
            *to[i] = text.ptr;
    }
    return rc;
}

/* -- reading ---------------------------------------------------------------------------------------------------------------------- */

static void *
verify_thread(void *arg)
{
    struct build *b = arg;
    /* The log may have grown since it was opened for counting: what was counted is covered by the checkpoint that was there then. */
    const struct verify_anchor counted = {"the checkpoint of the entries that were counted", reader_note(source_reader(b->source))};
    const struct verify_options o = {.dir = b->job->log,
        .keys = b->job->trust,
        .key_count = b->job->trust_count,
        .witnesses = b->job->witnesses,
        .witness_count = b->job->witness_count,
        .anchors = &counted,
        .anchor_count = 1};

    b->verified = verify_log(&o, &b->result, &b->verify_errors);
    return NULL;
}

static bool
on_entry(void *arg, uint64_t index, struct str entry)
{
    struct build *b = arg;

    b->rc = report_add(b->report, index, entry);
    if (b->hash) {
        struct tree_hash leaf;

        b->contiguous = b->contiguous && index == b->edge.size;
        tree_leaf(entry, &leaf);
        tree_edge_append(&b->edge, &leaf);
    }
    if (++b->seen % PROGRESS_ENTRIES == 0 && b->job->progress)
        fprintf(stderr, "\r%" PRIu64 " entries", b->seen);
    return b->rc == RC_OK;
}

static enum rc
read_entries(struct build *b, struct errs *es)
{
    struct reader *r = source_reader(b->source);

    if (r && b->job->trust_count)
        b->verifying = pthread_create(&b->thread, NULL, verify_thread, b) == 0;
    b->hash = b->contiguous = r && !b->verifying;
    enum rc rc = source_entries(b->source, 0, on_entry, b);

    if (b->verifying)
        pthread_join(b->thread, NULL);
    if (b->seen >= PROGRESS_ENTRIES && b->job->progress)
        fputc('\n', stderr);
    if (rc == RC_INTEGRITY && r) {
        snprintf(b->problem, sizeof(b->problem), "%.300s is missing or damaged", reader_where(r));
        rc = RC_OK;
    }
    if (rc == RC_OK)
        rc = b->rc;
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%.200s cannot be read: %s", b->job->log, rc_text(rc));
    return rc;
}

/* -- what is known of the log ------------------------------------------------------------------------------------------------------ */

static void
judge_own_hashes(struct build *b)
{
    struct tree_hash root = {{0}};

    tree_edge_root(&b->edge, &root);
    b->log.verified = b->contiguous && b->edge.size == b->log.size && tree_equal(&root, &reader_checkpoint(source_reader(b->source))->tree.root);
    if (!b->log.verified && b->log.first == 0 && !*b->problem)
        snprintf(b->problem, sizeof(b->problem), "the entries do not give the root of the checkpoint");
}

static void
judge_verification(struct build *b)
{
    b->log.verified = b->verified == RC_OK;
    b->log.verifier = b->result.signer.name;
    if (b->verified == RC_OK) {
        b->log.cosignatures = (unsigned)b->job->witness_count;
        return;
    }
    b->log.bad_leaf = b->result.first_bad;
    if (!*b->problem)
        snprintf(b->problem, sizeof(b->problem), "%.300s", b->verify_errors.count ? b->verify_errors.list[0].text : rc_text(b->verified));
}

static enum rc
describe_log(struct build *b)
{
    struct reader *r = source_reader(b->source);

    b->log = (struct report_log){.bad_leaf = SOURCE_NO_INDEX};
    if (!r)
        return RC_OK;
    const struct checkpoint *c = reader_checkpoint(r);
    enum rc rc = buf_append(&b->origin, c->origin);

    if (rc == RC_OK)
        rc = note_hash_print(&c->tree.root, &b->root);
    if (rc == RC_OK)
        rc = buf_append(&b->note, reader_note(r));
    if (b->root.len && b->root.ptr[b->root.len - 1] == '\n')
        b->root.len--;
    if (rc == RC_OK && (buf_append_byte(&b->origin, 0) != RC_OK || buf_append_byte(&b->root, 0) != RC_OK || buf_append_byte(&b->note, 0) != RC_OK))
        rc = RC_NOMEM;
    if (rc != RC_OK)
        return rc;
    b->log.origin = b->origin.ptr;
    b->log.root = b->root.ptr;
    b->log.checkpoint = b->note.ptr;
    b->log.size = c->tree.size;
    b->log.first = reader_first(r);
    if (b->verifying)
        judge_verification(b);
    else
        judge_own_hashes(b);
    b->log.problem = *b->problem ? b->problem : NULL;
    return RC_OK;
}

static bool
on_proof(void *arg, uint64_t index, struct buf *out)
{
    struct build *b = arg;

    return source_reader(b->source) && reader_prove(source_reader(b->source), index, out) == RC_OK;
}

/* -- writing ---------------------------------------------------------------------------------------------------------------------- */

static enum rc
hex_of(struct str data, char hex[65])
{
    uint8_t raw[SHA256_SIZE];
    enum rc rc = digest_sha256(data, raw);

    if (rc == RC_OK)
        digest_hex((struct str){(const char *)raw, sizeof(raw)}, hex);
    hex[64] = '\0';
    return rc;
}

static enum rc
list_file(struct build *b, const char *name, struct str data)
{
    char hex[65];
    enum rc rc = hex_of(data, hex);

    b->files++;
    return rc == RC_OK ? buf_printf(&b->manifest, "%s  %s\n", hex, name) : rc;
}

static enum rc
write_file(struct build *b, const char *name, struct str data, struct errs *es)
{
    char path[4200];
    int n = snprintf(path, sizeof(path), "%s/%s", b->job->out, name);
    enum rc rc = n > 0 && (size_t)n < sizeof(path) ? file_write_atomic(path, data, 0644) : RC_USAGE;

    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%.250s cannot be written: %m", path);
    return rc == RC_OK ? list_file(b, name, data) : rc;
}

static enum rc
write_one(struct build *b, const char *name, enum rc (*print)(const struct report *r, struct buf *out), struct errs *es)
{
    struct buf text = BUF_INIT(REPORT_FILE_MAX);
    enum rc rc = print(b->report, &text);

    if (rc == RC_OK)
        rc = write_file(b, name, buf_str(&text), es);
    buf_free(&text);
    return rc;
}

static enum rc
write_many(struct build *b, const char *folder, enum rc (*print)(const struct report *r, size_t n, char name[80], struct buf *out), struct errs *es)
{
    char path[4200], name[80], file[120];
    enum rc rc = RC_OK;

    snprintf(path, sizeof(path), "%s/%s", b->job->out, folder);
    for (size_t i = 0; rc == RC_OK; i++) {
        struct buf text = BUF_INIT(REPORT_FILE_MAX);

        rc = print(b->report, i, name, &text);
        if (rc == RC_OK && i == 0)
            rc = file_make_folder(path, 0755);
        snprintf(file, sizeof(file), "%s/%s", folder, name);
        if (rc == RC_OK)
            rc = write_file(b, file, buf_str(&text), es);
        buf_free(&text);
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The PDF is printed from the HTML file, which goes away again when it was not asked for. */
static enum rc
write_pdf(struct build *b, struct report_done *done, struct errs *es)
{
    struct buf page = BUF_INIT(REPORT_FILE_MAX), pdf = BUF_INIT(REPORT_FILE_MAX);
    char html[4200], path[4200];
    enum rc rc = report_print_html(b->report, &page);

    snprintf(html, sizeof(html), "%s/.print.html", b->job->out);
    snprintf(path, sizeof(path), "%s/report.pdf", b->job->out);
    if (rc == RC_OK)
        rc = file_write_atomic(html, buf_str(&page), 0644);
    if (rc == RC_OK) {
        done->pdf_missing = pdf_print(html, path, b->job->period.to_us, es) != RC_OK || file_read(path, REPORT_FILE_MAX, &pdf) != RC_OK;
        if (!done->pdf_missing)
            rc = list_file(b, "report.pdf", buf_str(&pdf));
        remove(html);
    }
    buf_free(&page);
    buf_free(&pdf);
    return rc;
}

static enum rc
write_files(struct build *b, struct report_done *done, struct errs *es)
{
    unsigned formats = b->job->formats;
    enum rc rc = file_make_folder(b->job->out, 0755);

    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "the folder %.200s cannot be made: %m", b->job->out);
    if (rc == RC_OK && formats & REPORT_CSV)
        rc = write_many(b, "csv", report_print_csv, es);
    if (rc == RC_OK)
        rc = write_many(b, "proofs", report_print_proof, es);
    if (rc == RC_OK && formats & REPORT_HTML)
        rc = write_one(b, "report.html", report_print_html, es);
    if (rc == RC_OK && formats & REPORT_JSON)
        rc = write_one(b, "report.json", report_print_json, es);
    if (rc == RC_OK && formats & REPORT_OSCAL)
        rc = write_one(b, "report.oscal.json", report_print_oscal, es);
    if (rc == RC_OK && formats & REPORT_PDF)
        rc = write_pdf(b, done, es);
    return rc;
}

/* -- manifest --------------------------------------------------------------------------------------------------------------------- */

static enum rc
manifest_begin(struct build *b)
{
    return buf_printf(&b->manifest, "spangate-report/1\nperiod %s\nprofiles %s\nlog %s\nsize %" PRIu64 "\nroot %s\n", b->job->period.label,
        b->job->profiles_text, b->log.origin ? b->log.origin : "lines", b->log.size, b->log.root ? b->log.root : "none");
}

static enum rc
manifest_sign(struct build *b, struct buf *out, struct errs *es)
{
    struct buf text = BUF_INIT(4096);
    struct note_signer signer;
    enum rc rc = file_read(b->job->signer, 4096, &text);

    if (rc == RC_OK)
        rc = note_signer_parse(str_trim(buf_str(&text)), &signer);
    buf_free_wipe(&text);
    if (rc != RC_OK) {
        errs_add(es, ERR_ERROR, RC_CONFIG, 0, (struct err_pos){0}, "%.200s holds no signer key (spangate audit keygen makes one)", b->job->signer);
        return RC_CONFIG;
    }
    rc = buf_append_byte(out, '\n');
    if (rc == RC_OK)
        rc = note_sign(&signer, buf_str(&b->manifest), 0, out);
    note_signer_wipe(&signer);
    return rc;
}

static enum rc
manifest_write(struct build *b, struct report_done *done, struct errs *es)
{
    struct buf text = BUF_INIT(REPORT_MANIFEST_MAX);
    char path[4200];
    enum rc rc = buf_append(&text, buf_str(&b->manifest));

    if (rc == RC_OK)
        rc = hex_of(buf_str(&b->manifest), done->digest);
    if (rc == RC_OK && b->job->signer)
        rc = manifest_sign(b, &text, es);
    snprintf(path, sizeof(path), "%s/" REPORT_MANIFEST, b->job->out);
    if (rc == RC_OK)
        rc = file_write_atomic(path, buf_str(&text), 0644);
    done->is_signed = rc == RC_OK && b->job->signer;
    buf_free(&text);
    return rc;
}

static void
record(const struct build *b, struct report_done *done, struct errs *es)
{
    char object[200];

    if (!b->job->journal)
        return;
    snprintf(object, sizeof(object), "%s %.120s", b->job->period.label, b->job->profiles_text);
    done->recorded = desk_leave(b->job->journal, &(struct desk_act){"report", object, done->digest, "ok"}, es) == RC_OK;
}

/* -- all of it -------------------------------------------------------------------------------------------------------------------- */

static enum rc
build_all(struct build *b, struct report_done *done, struct errs *es)
{
    enum rc rc = load_entities(b);

    if (rc == RC_OK)
        rc = load_about(b, es);
    if (rc == RC_OK)
        rc = source_open(b->job->log, &b->source, es);
    const struct report_options o = {b->job->period, b->job->profiles, b->entities, b->entity_count, b->statements};

    if (rc == RC_OK)
        rc = report_new(&o, &b->report);
    if (rc == RC_OK)
        rc = read_entries(b, es);
    if (rc == RC_OK)
        rc = describe_log(b);
    if (rc == RC_OK)
        rc = report_finish(b->report, &b->log, on_proof, b);
    if (rc == RC_OK)
        rc = manifest_begin(b);
    if (rc == RC_OK)
        rc = write_files(b, done, es);
    if (rc == RC_OK)
        rc = manifest_write(b, done, es);
    if (rc == RC_OK)
        record(b, done, es);
    return rc;
}

enum rc
report_build(const struct report_job *job, struct report_done *done, struct errs *es)
{
    struct build b = {.job = job,
        .root = BUF_INIT(256),
        .origin = BUF_INIT(1024),
        .note = BUF_INIT(NOTE_MAX),
        .manifest = BUF_INIT(REPORT_MANIFEST_MAX),
        .result = {.first_bad = SOURCE_NO_INDEX}};
    struct report_done out = {0};
    enum rc rc = build_all(&b, &out, es);

    if (rc == RC_OK) {
        out.entries = report_entries(b.report);
        out.failed_controls = report_failed_controls(b.report);
        out.files = b.files;
        out.verified = b.log.verified && !b.log.problem;
        *done = out;
    }
    report_free(b.report);
    source_close(b.source);
    conf_free(b.about);
    free(b.entities);
    errs_free(&b.verify_errors);
    buf_free(&b.root);
    buf_free(&b.origin);
    buf_free(&b.note);
    buf_free(&b.manifest);
    return rc;
}
