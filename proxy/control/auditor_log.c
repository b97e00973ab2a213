#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "audit/tile.h"
#include "auditor_int.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"

/* In the place of an entry that the journal cannot give any more: the log has a leaf for each number. The same bytes each time, so that a crash changes nothing. */
static enum rc
append_damaged(struct auditor *a, uint64_t seq)
{
    struct buf text = BUF_INIT(4096);
    struct json j = json_begin_canonical(&text);

    json_object(&j, NULL);
    json_cstr(&j, "node", a->o.config->node);
    json_cstr(&j, "outcome", "lost");
    json_cstr(&j, "reason", "damaged in the journal");
    json_u64(&j, "seq", seq);
    json_cstr(&j, "type", "integrity.fail");
    json_u64(&j, "v", 1);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    if (rc == RC_OK)
        rc = writer_append(a->writer, buf_str(&text));
    log_event(LOG_AUDIT_DAMAGED, LOG_NUM("seq", seq));
    buf_free(&text);
    return rc;
}

static enum rc
append_batch(struct auditor *a, uint64_t to)
{
    uint64_t next = writer_size(a->writer);
    struct str rest, entry;

    buf_clear(&a->batch);
    enum rc taken = journal_take(a->o.journal, next, to, &a->batch, &next), rc = RC_OK;

    if (taken != RC_OK && taken != RC_INTEGRITY)
        return taken == RC_NOT_FOUND ? RC_INTEGRITY : taken;
    for (rest = buf_str(&a->batch); rc == RC_OK && tile_bundle_next(&rest, &entry);)
        rc = writer_append(a->writer, entry);
    if (rc == RC_OK && taken == RC_INTEGRITY)
        rc = append_damaged(a, next);
    return rc;
}

static enum rc
append_to(struct auditor *a, uint64_t to)
{
    enum rc rc = RC_OK;

    while (rc == RC_OK && writer_size(a->writer) < to)
        rc = append_batch(a, to);
    return rc == RC_OK ? writer_flush(a->writer) : rc;
}

/* -- recover ---------------------------------------------------------------------------------------------------------------------- */

static enum rc
complain(const struct auditor *a, struct errs *es, enum rc rc, const char *what)
{
    errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = a->o.config->audit.dir}, "audit log: %s", what);
    return rc;
}

/* One gate writes a log; fsck --repair asks for the same lock. It goes with the process, however that ends. */
static enum rc
lock_folder(struct auditor *a, struct errs *es)
{
    const char *dir = a->o.config->audit.dir;

    if (a->lock_fd > 0)
        return RC_OK;
    int fd = file_make_folder(dir, 0755) == RC_OK ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd < 0)
        return complain(a, es, RC_IO, "its folder cannot be made or opened");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return complain(a, es, RC_BUSY, "another gate writes it");
    }
    a->lock_fd = fd;
    return RC_OK;
}

static enum rc
open_writer(struct auditor *a, struct errs *es)
{
    const struct note_key keys[] = {a->signer.key, a->signer.old};
    const struct writer_options o = {.dir = a->o.config->audit.dir, .keys = keys, .key_count = *a->signer.old.name ? 2 : 1};

    return writer_open(&o, &a->writer, es);
}

/* The checkpoint on disk, before there is a key to verify it by; empty when there is none. */
static enum rc
read_note(const struct auditor *a, struct buf *note)
{
    char path[4200];

    snprintf(path, sizeof(path), "%s/checkpoint", a->o.config->audit.dir);
    enum rc rc = file_read(path, NOTE_MAX, note);

    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
start_signer(struct auditor *a, struct errs *es)
{
    struct buf note = BUF_INIT((size_t)NOTE_MAX + 1);
    const char *origin = a->o.config->audit.origin;
    enum rc rc = read_note(a, &note);

    if (rc == RC_OK)
        rc = signer_start(&a->signer, buf_str(&note), es);
    else
        complain(a, es, rc, "its checkpoint cannot be read");
    buf_free(&note);
    if (rc == RC_OK && origin && strcmp(origin, a->signer.key.name) != 0) {
        errs_add(es, ERR_ERROR, RC_CONFIG, 0, (struct err_pos){.file = a->key_file}, "audit log: the key is named %s, audit.origin is %s",
            a->signer.key.name, origin);
        signer_stop(&a->signer);
        return RC_CONFIG;
    }
    return rc;
}

/* What was signed, but not published, is made again: the journal still has it. */
static enum rc
catch_up(struct auditor *a, struct errs *es)
{
    const struct journal_stats js = journal_stats(a->o.journal);
    const struct tree_state *disk = writer_published(a->writer), *last = &a->signer.last;
    struct tree_hash root = {{0}};

    if (disk->size > js.next_seq || last->size > js.next_seq)
        return complain(a, es, RC_INTEGRITY, "the journal has fewer entries than were signed: one of them was rolled back");
    if (disk->size < js.first_seq)
        return complain(a, es, RC_INTEGRITY, "entries are missing: the log ends before the journal begins");
    if (disk->size > last->size)
        return complain(a, es, RC_INTEGRITY, "the signer has forgotten what it signed");
    enum rc rc = append_to(a, last->size);

    if (rc != RC_OK)
        return complain(a, es, rc, rc_text(rc));
    if (last->size == 0)
        return RC_OK;
    rc = writer_root_at(a->writer, last->size, &root);
    if (rc == RC_OK && !tree_equal(&root, &last->root))
        rc = RC_INTEGRITY;
    return rc == RC_OK ? RC_OK : complain(a, es, rc, "the entries do not have the root that was signed");
}

enum rc
auditor_recover(struct auditor *a, struct errs *es)
{
    enum rc rc = signer_alive(&a->signer) ? RC_OK : start_signer(a, es);

    if (rc == RC_OK && !a->writer)
        rc = lock_folder(a, es);
    if (rc == RC_OK && !a->writer)
        rc = open_writer(a, es);
    if (rc == RC_OK)
        rc = catch_up(a, es);
    if (rc != RC_OK) {
        writer_close(a->writer);
        a->writer = NULL;
    }
    return rc;
}

/* -- checkpoints ------------------------------------------------------------------------------------------------------------------ */

static enum rc
sign(struct auditor *a, struct buf *note)
{
    struct checkpoint c = {.origin = str_of(a->signer.key.name)};
    struct tree_proof proof = {0};
    enum rc rc = writer_state(a->writer, &c.tree);

    if (rc == RC_OK)
        rc = writer_prove(a->writer, a->signer.last.size, &proof);
    if (rc == RC_OK)
        rc = checkpoint_print(&c, note);
    if (rc == RC_OK)
        rc = buf_append_byte(note, '\n');
    return rc == RC_OK ? signer_sign(&a->signer, &c.tree, &proof, note) : rc;
}

static void
count(struct auditor *a)
{
    a->last_us = clock_mono_us(a->o.clock);
    metric_set(a->m_size, (int64_t)writer_published(a->writer)->size);
    metric_set(a->m_checkpoint, (int64_t)(clock_wall_us(a->o.clock) / 1000000));
}

enum rc
auditor_publish(struct auditor *a)
{
    struct buf note = BUF_INIT(NOTE_MAX);
    enum rc rc = sign(a, &note);

    if (rc == RC_OK)
        rc = auditor_ask_witnesses(a, &note);
    if (rc == RC_OK)
        rc = writer_publish(a->writer, buf_str(&note));
    buf_free(&note);
    if (rc != RC_OK)
        return rc;
    count(a);
    journal_release(a->o.journal, writer_published(a->writer)->size);
    auditor_give_to_anchors(a, false);
    return RC_OK;
}

enum rc
auditor_checkpoint(struct auditor *a, uint64_t to)
{
    enum rc rc = RC_OK;

    while (rc == RC_OK && writer_published(a->writer)->size < to) {
        uint64_t end = writer_published(a->writer)->size + a->o.config->audit.entries, at_least = writer_size(a->writer);

        end = end < at_least ? at_least : end;
        rc = append_to(a, end < to ? end : to);
        if (rc == RC_OK)
            rc = auditor_publish(a);
        if (rc == RC_OK)
            rc = auditor_go_on(a);
    }
    return rc;
}
