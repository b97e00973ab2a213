/*
 * Tampering: every change of a log is found. A small log with a checkpoint kept elsewhere (anchor) is changed in all ways that one has, and verified.
 */
#include "audit/verify.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_log.h"
#include "base/secret.h"
#include "base_rng.h"
#include "base_suite.h"

#define SIZE 600
#define ANCHORED 400

static const char *const files[] = {
    "checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"};
#define FILES (sizeof(files) / sizeof(files[0]))

/* The log, an older copy of it, a log of somebody else; file contents as they were. */
struct scene {
    struct test_log log, other;
    char old[64];
    struct buf anchor;
    struct buf was[FILES], foreign[FILES];
};

static void
path_in(const char *dir, const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", dir, name);
}

static void
load(const char *dir, const char *name, struct buf *out)
{
    char path[256];

    *out = BUF_INIT((size_t)1 << 22);
    path_in(dir, name, path);
    ck_assert_int_eq(file_read(path, (size_t)1 << 22, out), RC_OK);
}

static void
store(const char *dir, const char *name, struct str bytes)
{
    char path[256];

    path_in(dir, name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

/* Logs that were found to be changed, counted over the processes of all cases. */
static _Atomic unsigned long *noticed;

static void
set_scene(struct scene *s)
{
    char path[256];

    test_log_begin(&s->log);
    test_log_grow(&s->log, ANCHORED, 0);
    load(s->log.dir, "checkpoint", &s->anchor);
    snprintf(s->old, sizeof(s->old), "%s-old", s->log.dir);
    test_copy_tree(s->log.dir, s->old);
    test_log_grow(&s->log, SIZE - ANCHORED, 0);
    snprintf(path, sizeof(path), "rm -r %s/tile/*/001.p %s/tile/1/000.p/1", s->log.dir, s->log.dir); /* what is of no use any more */
    ck_assert_int_eq(system(path), 0);                                                               /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
    test_log_begin(&s->other);
    test_log_grow(&s->other, SIZE, 7);
    for (size_t i = 0; i < FILES; i++) {
        load(s->log.dir, files[i], &s->was[i]);
        load(s->other.dir, files[i], &s->foreign[i]);
    }
}

static void
end_scene(struct scene *s)
{
    for (size_t i = 0; i < FILES; i++) {
        buf_free(&s->was[i]);
        buf_free(&s->foreign[i]);
    }
    buf_free(&s->anchor);
    test_remove_tree(s->old);
    test_log_end(&s->log);
    test_log_end(&s->other);
}

static void
restore(struct scene *s)
{
    for (size_t i = 0; i < FILES; i++)
        store(s->log.dir, files[i], buf_str(&s->was[i]));
}

static enum rc
verify(const struct scene *s, const char *dir, bool anchored, struct verify_result *result)
{
    const struct verify_anchor anchor = {"anchor", buf_str(&s->anchor)};
    const struct verify_options o = {.dir = dir, .keys = &s->log.signer.key, .key_count = 1, .anchors = &anchor, .anchor_count = anchored};
    struct errs es = {0};
    enum rc rc = verify_log(&o, result, &es);

    ck_assert_int_eq(rc != RC_OK, es.errors > 0);
    if (rc == RC_INTEGRITY)
        ck_assert_uint_le(result->first_bad, result->first_bad == VERIFY_NO_LEAF ? VERIFY_NO_LEAF : result->first_bad_to);
    *noticed += rc != RC_OK;
    errs_free(&es);
    return rc;
}

START_TEST(verify_accepts_what_the_writer_made)
{
    struct scene s;
    struct verify_result r;

    set_scene(&s);
    ck_assert_int_eq(verify(&s, s.log.dir, true, &r), RC_OK);
    ck_assert_uint_eq(r.entries, SIZE);
    ck_assert_uint_eq(r.first_bad, VERIFY_NO_LEAF);
    ck_assert(r.root_fits);
    ck_assert_int_eq(verify(&s, s.old, true, &r), RC_OK);
    ck_assert_uint_eq(r.entries, ANCHORED);
    end_scene(&s);
}
END_TEST

/* Leaves that a byte of a file is about: the entry that it belongs to, the leaf of a hash, the leaves below a hash of level 1. */
static bool
leaves_of(const struct scene *s, size_t file, size_t at, uint64_t *from, uint64_t *to)
{
    unsigned number = (unsigned)strtoul(files[file] + (file >= 5 ? 13 : 7), NULL, 10);

    *from = *to = 0;
    if (file == 0)
        return false;
    if (file == 4) {
        *from = at / TREE_HASH * TILE_WIDTH;
        *to = *from + TILE_WIDTH - 1;
    } else if (file < 4) {
        *from = *to = number * (uint64_t)TILE_WIDTH + at / TREE_HASH;
    } else {
        struct str rest = buf_str(&s->was[file]), entry;

        *from = number * (uint64_t)TILE_WIDTH;
        while (tile_bundle_next(&rest, &entry) && (size_t)(rest.ptr - s->was[file].ptr) <= at)
            ++*from;
        *to = *from;
    }
    return true;
}

static void
flip(struct scene *s, size_t file, size_t bit)
{
    struct verify_result r;
    struct buf b = BUF_INIT((size_t)1 << 22);
    uint64_t from, to;

    ck_assert_int_eq(buf_append(&b, buf_str(&s->was[file])), RC_OK);
    b.ptr[bit / 8] = (char)(b.ptr[bit / 8] ^ 1 << bit % 8);
    store(s->log.dir, files[file], buf_str(&b));
    ck_assert_msg(verify(s, s->log.dir, false, &r) == RC_INTEGRITY, "%s bit %zu", files[file], bit);
    if (leaves_of(s, file, bit / 8, &from, &to)) {
        ck_assert_msg(r.first_bad >= from && r.first_bad <= to, "%s bit %zu: named leaf %llu, is %llu", files[file], bit,
            (unsigned long long)r.first_bad, (unsigned long long)from);
    }
    store(s->log.dir, files[file], buf_str(&s->was[file]));
    buf_free(&b);
}

START_TEST(verify_finds_flipped_bits_and_names_the_leaf)
{
    struct scene s;
    struct rng rng = {11};

    set_scene(&s);
    for (size_t bit = 0; bit < 8 * s.was[0].len; bit++) /* every one of the checkpoint */
        flip(&s, 0, bit);
    for (uint64_t i = rng_rounds(400); i > 0; i--) {
        size_t file = 1 + rng_below(&rng, FILES - 1);

        flip(&s, file, rng_below(&rng, (uint32_t)(8 * s.was[file].len)));
    }
    end_scene(&s);
}
END_TEST

static void
cut(struct scene *s, size_t file, size_t length)
{
    struct verify_result r;
    uint64_t from, to;

    store(s->log.dir, files[file], str_sub(buf_str(&s->was[file]), 0, length));
    ck_assert_msg(verify(s, s->log.dir, false, &r) != RC_OK, "%s cut at %zu", files[file], length);
    if (file >= 5 && leaves_of(s, file, length, &from, &to))
        ck_assert_msg(r.first_bad == from, "%s cut at %zu: named leaf %llu, is %llu", files[file], length, (unsigned long long)r.first_bad,
            (unsigned long long)from);
    store(s->log.dir, files[file], buf_str(&s->was[file]));
}

START_TEST(verify_finds_files_cut_short_or_lengthened)
{
    struct scene s;
    struct rng rng = {12};
    struct verify_result r;

    set_scene(&s);
    for (size_t file = 0; file < FILES; file++) {
        struct buf b = BUF_INIT((size_t)1 << 22);

        cut(&s, file, 0);
        cut(&s, file, s.was[file].len - 1);
        for (uint64_t i = rng_rounds(25); i > 0; i--)
            cut(&s, file, rng_below(&rng, (uint32_t)s.was[file].len));
        ck_assert_int_eq(buf_append(&b, buf_str(&s.was[file])), RC_OK);
        ck_assert_int_eq(buf_append_byte(&b, 0), RC_OK);
        store(s.log.dir, files[file], buf_str(&b));
        ck_assert_int_eq(verify(&s, s.log.dir, false, &r), RC_INTEGRITY);
        store(s.log.dir, files[file], buf_str(&s.was[file]));
        buf_free(&b);
    }
    end_scene(&s);
}
END_TEST

START_TEST(verify_finds_deleted_swapped_and_foreign_files)
{
    struct scene s;
    struct verify_result r;
    char path[256];

    set_scene(&s);
    for (size_t a = 0; a < FILES; a++) {
        path_in(s.log.dir, files[a], path);
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(verify(&s, s.log.dir, false, &r), a ? RC_INTEGRITY : RC_NOT_FOUND);
        store(s.log.dir, files[a], buf_str(&s.was[a]));
        for (size_t b = 0; b < FILES; b++) { /* any file in the place of any other, of this log and of another one */
            if (a != b) {
                store(s.log.dir, files[a], buf_str(&s.was[b]));
                ck_assert_msg(verify(&s, s.log.dir, false, &r) == RC_INTEGRITY, "%s in %s", files[b], files[a]);
                store(s.log.dir, files[b], buf_str(&s.was[a]));
                ck_assert_msg(verify(&s, s.log.dir, false, &r) == RC_INTEGRITY, "%s and %s swapped", files[b], files[a]);
                store(s.log.dir, files[b], buf_str(&s.was[b]));
            }
            store(s.log.dir, files[a], buf_str(&s.foreign[b]));
            ck_assert_msg(verify(&s, s.log.dir, false, &r) == RC_INTEGRITY, "foreign %s in %s", files[b], files[a]);
        }
        store(s.log.dir, files[a], buf_str(&s.was[a]));
    }
    for (size_t a = 1; a < FILES; a++) /* a whole foreign log under our checkpoint */
        store(s.log.dir, files[a], buf_str(&s.foreign[a]));
    ck_assert_int_eq(verify(&s, s.log.dir, false, &r), RC_INTEGRITY);
    restore(&s);
    ck_assert_int_eq(verify(&s, s.log.dir, true, &r), RC_OK);
    end_scene(&s);
}
END_TEST

/* Entries of one bundle. */
struct cards {
    struct str entry[TILE_WIDTH];
    unsigned count;
};

static void
deal(struct str rest, struct cards *c)
{
    c->count = 0;
    while (c->count < TILE_WIDTH && tile_bundle_next(&rest, &c->entry[c->count]))
        c->count++;
}

static void
gather(const struct cards *c, struct buf *out)
{
    *out = BUF_INIT((size_t)1 << 22);
    for (unsigned i = 0; i < c->count; i++) {
        const char len[] = {(char)(c->entry[i].len >> 8), (char)c->entry[i].len};

        ck_assert_int_eq(buf_append(out, (struct str){len, 2}), RC_OK);
        ck_assert_int_eq(buf_append(out, c->entry[i]), RC_OK);
    }
}

static uint64_t
tampered(struct scene *s, size_t file, const struct cards *c, const char *how)
{
    struct verify_result r;
    struct buf b;

    gather(c, &b);
    store(s->log.dir, files[file], buf_str(&b));
    ck_assert_msg(verify(s, s->log.dir, false, &r) == RC_INTEGRITY, "%s in %s", how, files[file]);
    store(s->log.dir, files[file], buf_str(&s->was[file]));
    buf_free(&b);
    return r.first_bad;
}

START_TEST(verify_finds_entries_moved_repeated_left_out_and_spliced)
{
    struct scene s;
    struct rng rng = {13};

    set_scene(&s);
    for (uint64_t round = rng_rounds(100); round > 0; round--) {
        size_t file = 5 + rng_below(&rng, 3);
        struct cards was, c, foreign;

        deal(buf_str(&s.was[file]), &was);
        deal(buf_str(&s.foreign[file]), &foreign);
        unsigned a = rng_below(&rng, was.count - 1), b = a + 1 + rng_below(&rng, was.count - a - 1);
        uint64_t first = (file - 5) * (uint64_t)TILE_WIDTH;

        c = was; /* two change places */
        c.entry[a] = was.entry[b];
        c.entry[b] = was.entry[a];
        ck_assert_uint_eq(tampered(&s, file, &c, "swapped"), first + a);
        c = was; /* one is there twice, instead of another */
        c.entry[b] = was.entry[a];
        ck_assert_uint_eq(tampered(&s, file, &c, "replayed"), first + b);
        c = was; /* one is left out */
        memmove(&c.entry[a], &c.entry[a + 1], (size_t)(was.count - a - 1) * sizeof(c.entry[0]));
        c.count--;
        ck_assert_uint_eq(tampered(&s, file, &c, "deleted"), first + a);
        c = was; /* from another log */
        c.entry[a] = foreign.entry[a];
        ck_assert_uint_eq(tampered(&s, file, &c, "spliced"), first + a);
    }
    end_scene(&s);
}
END_TEST

/* Somebody who can write all files, but has not got the key: hashes put right up to the level given. */
START_TEST(verify_finds_entries_whose_hashes_were_put_right_too)
{
    struct scene s;
    struct rng rng = {14};

    set_scene(&s);
    for (uint64_t round = rng_rounds(50); round > 0; round--) {
        size_t file = 5 + rng_below(&rng, 3), tile = file - 4;
        uint64_t first = (file - 5) * (uint64_t)TILE_WIDTH;
        struct cards c;
        struct buf b, hashes = BUF_INIT(TILE_BYTES);
        struct verify_result r;
        unsigned a;

        deal(buf_str(&s.was[file]), &c);
        a = rng_below(&rng, c.count);
        c.entry[a] = STR("{\"outcome\":\"forged\"}");
        gather(&c, &b);
        for (unsigned i = 0; i < c.count; i++) {
            struct tree_hash h;

            tree_leaf(c.entry[i], &h);
            ck_assert_int_eq(buf_append(&hashes, (struct str){(const char *)h.bytes, TREE_HASH}), RC_OK);
        }
        store(s.log.dir, files[file], buf_str(&b));
        store(s.log.dir, files[tile], buf_str(&hashes));
        ck_assert_int_eq(verify(&s, s.log.dir, false, &r), RC_INTEGRITY);
        ck_assert_uint_le(r.first_bad, first + a);
        ck_assert_uint_ge(r.first_bad_to, first + a);
        ck_assert_uint_lt(r.first_bad_to - r.first_bad, SIZE);
        restore(&s);
        buf_free(&b);
        buf_free(&hashes);
    }
    end_scene(&s);
}
END_TEST

START_TEST(verify_finds_a_log_signed_by_another_key_or_rolled_back)
{
    struct scene s;
    struct verify_result r;
    struct buf note;
    struct note_signer thief;
    struct errs es = {0};

    set_scene(&s);
    ck_assert_int_eq(note_signer_make(STR(TEST_ORIGIN), NOTE_ED25519, &thief), RC_OK);
    test_log_sign(&s.log, &thief, &note);
    store(s.log.dir, "checkpoint", buf_str(&note));
    ck_assert_int_eq(verify(&s, s.log.dir, false, &r), RC_INTEGRITY);
    restore(&s);
    /* The whole other log, signed by its own key: the same origin, not our key. */
    ck_assert_int_eq(verify(&s, s.other.dir, false, &r), RC_INTEGRITY);
    /* The old state is sound in itself; only a newer checkpoint that was kept elsewhere shows that it was rolled back. */
    ck_assert_int_eq(verify(&s, s.old, false, &r), RC_OK);
    const struct verify_anchor newer = {"anchor", buf_str(&s.was[0])};
    const struct verify_options back = {.dir = s.old, .keys = &s.log.signer.key, .key_count = 1, .anchors = &newer, .anchor_count = 1};

    ck_assert_int_eq(verify_log(&back, &r, &es), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, ANCHORED);
    errs_free(&es);
    /* Another history signed by our own key (somebody had it): the anchor does not fit. */
    const struct note_signer ours = s.log.signer;

    buf_free(&note);
    test_log_sign(&s.other, &ours, &note);
    store(s.other.dir, "checkpoint", buf_str(&note));
    ck_assert_int_eq(verify(&s, s.other.dir, false, &r), RC_OK);
    ck_assert_int_eq(verify(&s, s.other.dir, true, &r), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, 0);
    ck_assert_uint_eq(r.first_bad_to, ANCHORED - 1);
    end_scene(&s);
    buf_free(&note);
}
END_TEST

/* An anchor that fits vouches for the leaves before it; one that does not, or the root, says no more than a tile that does not fit. */
START_TEST(verify_names_no_leaf_that_an_anchor_vouches_for)
{
    struct scene s;
    struct verify_result r;
    struct errs es = {0};

    set_scene(&s);
    store(s.log.dir, "tile/entries/002.p/88", buf_str(&s.foreign[7]));
    store(s.log.dir, "tile/0/002.p/88", buf_str(&s.foreign[3]));
    ck_assert_int_eq(verify(&s, s.log.dir, true, &r), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, ANCHORED);
    ck_assert_uint_eq(r.first_bad_to, SIZE - 1);
    ck_assert_int_eq(verify(&s, s.log.dir, false, &r), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, 0);
    restore(&s);
    store(s.log.dir, "tile/entries/001", buf_str(&s.foreign[6]));
    store(s.log.dir, "tile/0/001", buf_str(&s.foreign[2]));
    const struct verify_anchor anchors[] = {{"old", buf_str(&s.anchor)}, {"new", buf_str(&s.was[0])}};
    const struct verify_options o = {.dir = s.log.dir, .keys = &s.log.signer.key, .key_count = 1, .anchors = anchors, .anchor_count = 2};

    ck_assert_int_eq(verify_log(&o, &r, &es), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, TILE_WIDTH);
    ck_assert_uint_eq(r.first_bad_to, ANCHORED - 1);
    errs_free(&es);
    end_scene(&s);
}
END_TEST

/* Whoever can write the checkpoint can write any size, and say that any number of entries was removed. */
START_TEST(verify_ends_when_the_size_is_forged)
{
    struct scene s;
    struct verify_result r;
    struct buf forged = BUF_INIT(NOTE_MAX);
    struct str was;
    size_t at;

    set_scene(&s);
    was = buf_str(&s.was[0]);
    at = str_find(was, STR("\n600\n"));
    ck_assert_uint_ne(at, SIZE_MAX);
    ck_assert_int_eq(buf_append(&forged, str_sub(was, 0, at)), RC_OK);
    ck_assert_int_eq(buf_append(&forged, STR("\n9223372036854775808")), RC_OK);
    ck_assert_int_eq(buf_append(&forged, str_sub(was, at + 4, was.len)), RC_OK);
    store(s.log.dir, "checkpoint", buf_str(&forged));
    ck_assert_int_eq(verify(&s, s.log.dir, true, &r), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, 2 * TILE_WIDTH);
    store(s.log.dir, "retention", STR("spangate retention v1\nuntil 9223372036854775808\nentry 1\n"));
    ck_assert_int_eq(verify(&s, s.log.dir, true, &r), RC_INTEGRITY);
    buf_free(&forged);
    end_scene(&s);
}
END_TEST

START_TEST(verify_finds_what_is_no_file)
{
    struct scene s;
    struct verify_result r;
    char path[256];

    set_scene(&s);
    path_in(s.log.dir, files[6], path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("001", path), 0); /* to itself */
    ck_assert_int_eq(verify(&s, s.log.dir, false, &r), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, TILE_WIDTH);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0644), 0);
    ck_assert_int_eq(verify(&s, s.log.dir, false, &r), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, TILE_WIDTH);
    end_scene(&s);
}
END_TEST

START_TEST(verify_record_needs_nothing_but_the_proof)
{
    struct scene s;
    struct errs es = {0};
    struct reader *reader;
    struct checkpoint c;

    set_scene(&s);
    ck_assert_int_eq(reader_open(s.log.dir, &reader, &es), RC_OK);
    for (uint64_t i = 0; i < SIZE; i += 37) {
        struct buf proof = BUF_INIT(NOTE_MAX), entry = BUF_INIT(NOTE_MAX);

        ck_assert_int_eq(reader_prove(reader, i, &proof), RC_OK);
        ck_assert_int_eq(reader_entry(reader, i, &entry), RC_OK);
        ck_assert_int_eq(verify_record(buf_str(&proof), buf_str(&entry), &s.log.signer.key, 1, &c), RC_OK);
        ck_assert_uint_eq(c.tree.size, SIZE);
        entry.ptr[i % entry.len] ^= 1;
        ck_assert_int_eq(verify_record(buf_str(&proof), buf_str(&entry), &s.log.signer.key, 1, &c), RC_INTEGRITY);
        entry.ptr[i % entry.len] ^= 1;
        ck_assert_int_eq(verify_record(buf_str(&proof), buf_str(&entry), &s.other.signer.key, 1, &c), RC_NOT_FOUND);
        proof.ptr[25 + i % 20] ^= 1;
        ck_assert_int_ne(verify_record(buf_str(&proof), buf_str(&entry), &s.log.signer.key, 1, &c), RC_OK);
        buf_free(&proof);
        buf_free(&entry);
    }
    reader_close(reader);
    errs_free(&es);
    end_scene(&s);
}
END_TEST

static void
append_text(struct test_log *l, const char *text)
{
    struct buf note;

    ck_assert_int_eq(writer_append(l->writer, str_of(text)), RC_OK);
    ck_assert_int_eq(writer_flush(l->writer), RC_OK);
    test_log_sign(l, &l->signer, &note);
    ck_assert_int_eq(writer_publish(l->writer, buf_str(&note)), RC_OK);
    buf_free(&note);
}

START_TEST(verify_takes_removed_entries_only_when_the_log_says_so)
{
    struct test_log l;
    struct verify_result r;
    struct errs es = {0};
    struct buf was;
    char path[256];

    test_log_begin(&l);
    test_log_grow(&l, 700, 0);
    append_text(
        &l, "{\"node\":\"n\",\"retention\":{\"before\":\"2026-01-01T00:00:00.000000Z\",\"until\":512},\"seq\":700,\"type\":\"retention\",\"v\":1}");
    const struct verify_options o = {.dir = l.dir, .keys = &l.signer.key, .key_count = 1};

    ck_assert_int_eq(writer_keep_from(l.writer, 512, 700), RC_OK);
    ck_assert_int_eq(verify_log(&o, &r, &es), RC_OK);
    ck_assert_uint_eq(r.entries, 701 - 512);
    load(l.dir, "retention", &was);
    store(l.dir, "retention", STR("spangate retention v1\nuntil 768\nentry 700\n"));
    ck_assert_int_eq(verify_log(&o, &r, &es), RC_INTEGRITY);
    store(l.dir, "retention", STR("spangate retention v1\nuntil 512\nentry 699\n"));
    ck_assert_int_eq(verify_log(&o, &r, &es), RC_INTEGRITY);
    path_in(l.dir, "retention", path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(verify_log(&o, &r, &es), RC_INTEGRITY);
    ck_assert_uint_eq(r.first_bad, 0);
    store(l.dir, "retention", buf_str(&was));
    path_in(l.dir, "tile/0/001", path);
    ck_assert_int_eq(unlink(path), 0); /* hashes of what was removed are all that is left of it */
    ck_assert_int_eq(verify_log(&o, &r, &es), RC_INTEGRITY);
    errs_free(&es);
    buf_free(&was);
    test_log_end(&l);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &verify_accepts_what_the_writer_made},
    {"normal", &verify_record_needs_nothing_but_the_proof},
    {"normal", &verify_takes_removed_entries_only_when_the_log_says_so},
    {"malformed", &verify_finds_flipped_bits_and_names_the_leaf},
    {"malformed", &verify_finds_files_cut_short_or_lengthened},
    {"malformed", &verify_finds_deleted_swapped_and_foreign_files},
    {"malformed", &verify_finds_entries_moved_repeated_left_out_and_spliced},
    {"malformed", &verify_finds_entries_whose_hashes_were_put_right_too},
    {"malformed", &verify_names_no_leaf_that_an_anchor_vouches_for},
    {"malformed", &verify_finds_what_is_no_file},
    {"limits", &verify_ends_when_the_size_is_forged},
    {"malformed", &verify_finds_a_log_signed_by_another_key_or_rolled_back},
    {NULL, NULL},
};

int
main(void)
{
    noticed = mmap(NULL, sizeof(*noticed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (noticed == MAP_FAILED)
        return 1;
    int rc = suite_run("verify", cases);

    printf("changed logs that were noticed: %lu\n", *noticed);
    return rc;
}
