/*
 * The files of an audit log as somebody else may have written them: entries, notes, checkpoints, keys, proofs, names of tiles. What is read is written again as it
 * stood.
 */
#include <stdlib.h>

#include "audit/entry.h"
#include "audit/note.h"
#include "audit/tile.h"
#include "fuzz.h"

static struct buf again = BUF_INIT((size_t)1 << 22);

static void
same(enum rc rc, struct str s)
{
    FUZZ_CHECK(rc == RC_OK && str_eq(buf_str(&again), s));
}

static bool
inside(struct str part, struct str all)
{
    return part.len == 0 || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len);
}

static void
read_entry(struct str s)
{
    static struct entry_scanner *sc;
    const struct entry *e;

    if (!sc)
        sc = entry_scanner_new();
    FUZZ_CHECK(sc != NULL);
    if (entry_scan(sc, s, &e) != RC_OK)
        return;
    FUZZ_CHECK(e->type.len > 0 && e->ts.len > 0);
    for (uint32_t i = 0; i < e->rule_count; i++) {
        struct str rest = e->rules[i].paths, path;

        while (entry_path_next(&rest, &path))
            FUZZ_CHECK(inside(path, e->rules[i].paths));
    }
}

static void
read_note(struct str s)
{
    struct note n;
    struct checkpoint c;

    if (note_parse(s, &n) != RC_OK)
        return;
    FUZZ_CHECK(inside(n.body, s) && n.count >= 1 && n.count <= NOTE_SIGNATURES_MAX);
    for (unsigned i = 0; i < n.count; i++)
        FUZZ_CHECK(inside(n.signature[i].name, s) && inside(n.signature[i].base64, s));
    if (checkpoint_parse(n.body, &c) == RC_OK)
        same(checkpoint_print(&c, &again), n.body);
}

static void
read_key(struct str s)
{
    struct note_key key;
    struct note_signer signer;

    if (note_key_parse(s, &key) == RC_OK)
        same(note_key_print(&key, &again), s);
    buf_clear(&again);
    if (note_signer_parse(s, &signer) == RC_OK)
        same(note_signer_print(&signer, &again), s);
}

static void
read_proof(struct str s)
{
    struct record_proof p;

    if (record_proof_parse(s, &p) == RC_OK) {
        FUZZ_CHECK(inside(p.checkpoint, s));
        same(record_proof_print(&p, &again), s);
    }
}

static void
read_tiles(struct str s)
{
    struct str rest = s, entry;
    char path[TILE_PATH_MAX];
    struct tile t;
    size_t sum = 0;

    while (tile_bundle_next(&rest, &entry)) {
        FUZZ_CHECK(inside(entry, s));
        sum += 2 + entry.len;
    }
    FUZZ_CHECK(sum + rest.len == s.len);
    if (!tile_of_path(s, &t))
        return;
    tile_path(t, path);
    FUZZ_CHECK(str_eq(str_of(path), s));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct str s) = {read_entry, read_note, read_key, read_proof, read_tiles};

    if (size == 0)
        return 0;
    buf_clear(&again);
    readers[data[0] % 5]((struct str){(const char *)data + 1, size - 1});
    return 0;
}

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define NOTE "example.org/log\n7\n" ROOT "\n\n\xE2\x80\x94 example.org/log AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const struct str seeds[] = {
        STR("\0{\"conn\":{\"identity\":\"a\\u0001b\"},\"outcome\":\"accepted\",\"policy\":{\"rules\":[{\"count\":2,\"id\":\"p/"
            "r\",\"paths\":[\"span.name\","
            "\"scope.name\"]}]},\"route\":[{\"destination\":\"eu\",\"spans\":3}],\"seq\":5,\"ts\":\"2026-11-22T07:55:13.000123Z\",\"type\":"
            "\"request\",\"v\":1}"),
        STR("\1" NOTE),
        STR("\2example.org/log+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        STR("\3"
            "c2sp.org/tlog-proof@v1\nindex 5\n" ROOT "\n\n" NOTE),
        STR("\4tile/0/x001/234.p/17"),
        STR("\4tile/entries/x001/x234/067"),
        STR("\4\0\3abc\0\0\0\1x"),
    };

    return n < sizeof(seeds) / sizeof(seeds[0]) && buf_append(out, seeds[n]) == RC_OK;
}
