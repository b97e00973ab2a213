/* Who signed a checkpoint: keys and those that followed them, witnesses, anchors. */
#include <stdio.h>
#include <stdlib.h>

#include "verify_int.h"

enum rc
verify_note(struct str text, const struct note_key *keys, size_t count, struct checkpoint *c, struct note_key *signer)
{
    struct checkpoint out;
    struct note n;
    enum rc found = RC_NOT_FOUND, rc = note_parse(text, &n);

    if (rc == RC_OK)
        rc = checkpoint_parse(n.body, &out);
    if (rc != RC_OK)
        return RC_MALFORMED;
    for (size_t i = 0; i < count; i++) {
        if (keys[i].type != NOTE_ED25519 || !str_eq(out.origin, str_of(keys[i].name)))
            continue;
        rc = note_check(&n, &keys[i], NULL);
        if (rc == RC_NOT_FOUND)
            continue;
        if (rc != RC_OK)
            return rc;
        found = RC_OK;
        if (signer)
            *signer = keys[i];
    }
    if (found == RC_OK)
        *c = out;
    return found;
}

enum rc
verify_record(struct str proof, struct str entry, const struct note_key *keys, size_t count, struct checkpoint *c)
{
    struct record_proof p;
    struct checkpoint out;
    struct tree_hash leaf;
    enum rc rc = record_proof_parse(proof, &p);

    if (rc == RC_OK)
        rc = verify_note(p.checkpoint, keys, count, &out, NULL);
    if (rc != RC_OK)
        return rc;
    tree_leaf(entry, &leaf);
    rc = tree_check_inclusion(&leaf, p.index, out.tree.size, &p.inclusion, &out.tree.root);
    if (rc == RC_OK)
        *c = out;
    return rc;
}

/* What stands between two texts that quotes in a JSON string cannot spell. */
static bool
between(struct str text, struct str before, char end, struct str *out)
{
    size_t at = str_find(text, before);

    if (at == SIZE_MAX)
        return false;
    struct str rest = str_sub(text, at + before.len, text.len);
    const char *stop = rest.len ? memchr(rest.ptr, end, rest.len) : NULL;

    if (!stop)
        return false;
    *out = (struct str){rest.ptr, (size_t)(stop - rest.ptr)};
    return true;
}

enum rc
rotation_key(struct str entry, struct note_key *key)
{
    struct str text;

    if (!str_ends(entry, STR(",\"type\":\"key.rotate\",\"v\":1}")) || !between(entry, STR(",\"key\":{\"new\":\""), '"', &text))
        return RC_NOT_FOUND;
    return note_key_parse(text, key) == RC_OK ? RC_OK : RC_NOT_FOUND;
}

enum rc
retention_of_entry(struct str entry, uint64_t *until)
{
    struct str inside, text;

    if (!str_ends(entry, STR(",\"type\":\"retention\",\"v\":1}")) || !between(entry, STR(",\"retention\":{"), '}', &inside))
        return RC_NOT_FOUND;
    size_t at = str_find(inside, STR("\"until\":"));

    if (at == SIZE_MAX)
        return RC_NOT_FOUND;
    text = str_sub(inside, at + 8, inside.len);
    return str_to_u64(text, until) ? RC_OK : RC_NOT_FOUND;
}

static bool
knows(const struct verification *v, const struct note_key *key)
{
    for (size_t i = 0; i < v->key_count; i++)
        if (v->keys[i].id == key->id && memcmp(v->keys[i].public_key, key->public_key, SIGN_PUBLIC) == 0)
            return true;
    return false;
}

/* The successor that a trusted key has announced in the log, in a checkpoint of its own: trusted from then on, and the checkpoint is an anchor. */
static enum rc
follow_rotation(struct verification *v, const struct note_key *old)
{
    char name[NOTE_NAME_MAX];
    struct note_key next;
    struct checkpoint c;

    buf_clear(&v->entries);
    buf_clear(&v->hashes);
    snprintf(name, sizeof(name), READER_KEYS "/%08x", old->id);
    enum rc rc = reader_file(v->reader, name, NOTE_MAX, &v->hashes);

    if (rc == RC_NOT_FOUND)
        return RC_OK;
    snprintf(name, sizeof(name), READER_KEYS "/%08x.entry", old->id);
    if (rc == RC_OK)
        rc = reader_file(v->reader, name, TILE_ENTRY_MAX, &v->entries);
    if (rc == RC_OK)
        rc = verify_record(buf_str(&v->hashes), buf_str(&v->entries), old, 1, &c);
    if (rc == RC_OK)
        rc = rotation_key(buf_str(&v->entries), &next);
    if (rc == RC_NOMEM || rc == RC_IO)
        return rc;
    if (rc != RC_OK || strcmp(next.name, old->name) != 0) {
        verify_problem(v, name, "is no proof that this key was replaced");
        return RC_OK;
    }
    if (knows(v, &next) || v->key_count == VERIFY_KEYS_MAX)
        return RC_OK;
    v->anchor[v->anchor_count++] = (struct anchor){c.tree, "the last checkpoint of a key that was replaced"};
    v->keys[v->key_count++] = next;
    return RC_OK;
}

static enum rc
check_witnesses(struct verification *v)
{
    struct note n;
    uint64_t time;
    enum rc rc = note_parse(reader_note(v->reader), &n);

    for (size_t i = 0; i < v->o->witness_count && rc == RC_OK; i++) {
        if (note_check(&n, &v->o->witnesses[i], &time) != RC_OK)
            verify_problem(v, READER_CHECKPOINT, "a witness that was asked for has not cosigned it");
        else
            v->result->witnessed = time > v->result->witnessed ? time : v->result->witnessed;
    }
    return rc;
}

enum rc
verify_checkpoint(struct verification *v)
{
    struct checkpoint c;
    enum rc rc = RC_OK;

    if (v->o->key_count > VERIFY_KEYS_MAX / 2 || v->o->anchor_count > VERIFY_ANCHORS_MAX)
        return RC_USAGE;
    memcpy(v->keys, v->o->keys, v->o->key_count * sizeof(*v->keys));
    v->key_count = v->o->key_count;
    for (size_t i = 0; i < v->key_count && rc == RC_OK; i++) { /* grows on the way */
        const struct note_key key = v->keys[i];

        rc = follow_rotation(v, &key);
    }
    if (rc != RC_OK)
        return rc;
    rc = verify_note(reader_note(v->reader), v->keys, v->key_count, &c, &v->result->signer);
    if (rc == RC_NOT_FOUND)
        verify_problem(v, READER_CHECKPOINT, "no key that is trusted has signed it");
    else if (rc != RC_OK)
        verify_problem(v, READER_CHECKPOINT, "its signature does not fit");
    v->trusted = rc == RC_OK;
    return check_witnesses(v);
}

enum rc
verify_take_anchors(struct verification *v)
{
    for (size_t i = 0; i < v->o->anchor_count; i++) {
        const struct verify_anchor *a = &v->o->anchors[i];
        struct checkpoint c;
        enum rc rc = verify_note(a->note, v->keys, v->key_count, &c, NULL);

        if (rc == RC_MALFORMED) {
            errs_add(v->es, ERR_ERROR, RC_USAGE, 0, (struct err_pos){.file = a->name}, "this is no checkpoint");
            return RC_USAGE;
        }
        if (rc != RC_OK)
            verify_problem(v, a->name, "this anchor is not signed by a key that is trusted");
        else
            v->anchor[v->anchor_count++] = (struct anchor){c.tree, a->name};
    }
    return RC_OK;
}
