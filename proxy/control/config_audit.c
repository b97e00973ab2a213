/* The audit log in the gateway file. */
#include <stddef.h>

#include "config_int.h"

#define AT(type, member) .at = offsetof(struct type, member)
#define LIST_MAX 16

static void
check_witness(struct config_reader *r, const struct conf_node *n, void *item)
{
    struct config_witness *w = item;
    struct str url = str_of(w->url);

    w->pos = conf_pos(r->doc, n);
    if (!str_starts(url, STR("https://")) && !str_starts(url, STR("http://127.0.0.1:")) && !str_starts(url, STR("http://[::1]:")) &&
        !str_starts(url, STR("http://localhost:")))
        config_refuse(r, CONFIG_E_VALUE, conf_get(n, "url"), "a witness is reached by https://, on loopback by http:// too");
    if (note_key_parse(str_of(w->key), &w->parsed) != RC_OK || w->parsed.type != NOTE_COSIGNATURE)
        config_refuse(r, CONFIG_E_VALUE, conf_get(n, "key"), "this is no verifier key of a witness (NAME+ID+KEY, of type 4)");
}

static void
check_anchor(struct config_reader *r, const struct conf_node *n, void *item)
{
    struct config_anchor *a = item;

    a->pos = conf_pos(r->doc, n);
    if (!a->file == !a->url)
        config_refuse(r, CONFIG_E_SOURCE, n, "an anchor is a file or a url");
    if (a->url && !str_starts(str_of(a->url), STR("https://")) && !str_starts(str_of(a->url), STR("http://")))
        config_refuse(r, CONFIG_E_VALUE, conf_get(n, "url"), "an address that begins with https:// or http:// is wanted");
}

static const struct field witness_fields[] = {
    {"url", FIELD_TEXT, AT(config_witness, url), .required = true,
        .doc = "Where it takes checkpoints; /add-checkpoint is added (c2sp.org/tlog-witness)"},
    {"key", FIELD_TEXT, AT(config_witness, key), .required = true, .doc = "Its verifier key, NAME+ID+KEY"},
    {0},
};
static const struct section witness_section = {witness_fields, sizeof(struct config_witness), LIST_MAX, check_witness};

static const struct field anchor_fields[] = {
    {"file", FIELD_PATH, AT(config_anchor, file), .doc = "Replaced with each checkpoint; best on another machine"},
    {"url", FIELD_TEXT, AT(config_anchor, url), .doc = "Gets the checkpoint by POST"},
    {"every", FIELD_DURATION, AT(config_anchor, every_ms), .fallback = "60s", .min = 0, .max = 86400000, .doc = "At most so often"},
    {0},
};
static const struct section anchor_section = {anchor_fields, sizeof(struct config_anchor), LIST_MAX, check_anchor};

static const struct field checkpoint_fields[] = {
    {"every", FIELD_DURATION, AT(config, audit.every_ms), .fallback = "1s", .min = 10, .max = 3600000,
        .doc = "An entry is covered by a signed checkpoint at the latest after this time"},
    {"entries", FIELD_NUMBER, AT(config, audit.entries), .fallback = "10000", .min = 1, .max = 1000000,
        .doc = "Or when there are so many, whichever comes first"},
    {"sign_key_file", FIELD_PATH, AT(config, audit.sign_key_file),
        .doc = "Private key that signs, from spangate audit keygen; when left out, one is made in the journal's folder (good for trials)"},
    {"state_file", FIELD_PATH, AT(config, audit.state_file), .doc = "What the signer signed last; beside the key when left out"},
    {0},
};
static const struct section checkpoint_section = {.fields = checkpoint_fields};

static const struct field audit_fields[] = {
    {"dir", FIELD_PATH, AT(config, audit.dir),
        .doc = "Folder of the log, made when missing; when left out, entries stay in the journal, and nothing proves them"},
    {"origin", FIELD_TEXT, AT(config, audit.origin),
        .doc = "Name of the log and of its key, e.g. audit.example.org/spangate/node-1; that of the key when left out"},
    {"checkpoint", FIELD_SECTION, .section = &checkpoint_section, .doc = "How often, and by which key, the log is signed"},
    {"retention", FIELD_DURATION, AT(config, audit.retention_ms), .fallback = "0s", .min = 0, .max = UINT64_C(100) * 366 * 86400000,
        .doc = "Entries older than this are replaced by their hashes, and keys of the digests in them are erased; 0s: never"},
    {"witnesses", FIELD_LIST, AT(config, audit.witnesses), .count_at = offsetof(struct config, audit.witness_count), .section = &witness_section,
        .doc = "Others who cosign the checkpoints"},
    {"anchors", FIELD_LIST, AT(config, audit.anchors), .count_at = offsetof(struct config, audit.anchor_count), .section = &anchor_section,
        .doc = "Places elsewhere that get a copy of the checkpoint"},
    {"max_size_mib", FIELD_MIB, AT(config, audit.max_bytes), .fallback = "4096", .min = 1, .max = 1u << 20,
        .doc = "Entries in the journal, those that are not in the log yet; nothing is accepted when they are full"},
    {0},
};
const struct section config_audit_section = {.fields = audit_fields};

static bool
same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool
config_audit_same(const struct config *a, const struct config *b)
{
    if (a->audit.max_bytes != b->audit.max_bytes || !same_text(a->audit.dir, b->audit.dir) || !same_text(a->audit.origin, b->audit.origin) ||
        a->audit.every_ms != b->audit.every_ms || a->audit.entries != b->audit.entries || a->audit.retention_ms != b->audit.retention_ms ||
        !same_text(a->audit.sign_key_file, b->audit.sign_key_file) || !same_text(a->audit.state_file, b->audit.state_file) ||
        a->audit.witness_count != b->audit.witness_count || a->audit.anchor_count != b->audit.anchor_count)
        return false;
    for (size_t i = 0; i < a->audit.witness_count; i++)
        if (!same_text(a->audit.witnesses[i].url, b->audit.witnesses[i].url) || !same_text(a->audit.witnesses[i].key, b->audit.witnesses[i].key))
            return false;
    for (size_t i = 0; i < a->audit.anchor_count; i++)
        if (!same_text(a->audit.anchors[i].file, b->audit.anchors[i].file) || !same_text(a->audit.anchors[i].url, b->audit.anchors[i].url) ||
            a->audit.anchors[i].every_ms != b->audit.anchors[i].every_ms)
            return false;
    return true;
}
