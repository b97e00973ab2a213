#include "proxy/control/config_int.h"
#include "proxy/control/bundle_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "base_suite.h"
#include "codec/compress.h"
#include "control/config.h"

static struct arena *ar;

static void
open_arena(void)
{
    ar = arena_new((size_t)1 << 30);
    ck_assert_ptr_nonnull(ar);
}

/* ---- signatures ---- */

struct pair {
    struct minisign_public public;
    struct minisign_secret secret;
};

static struct pair
make_pair(void)
{
    struct buf public = BUF_INIT(MINISIGN_TEXT_MAX), secret = BUF_INIT(MINISIGN_TEXT_MAX);
    struct pair p;

    ck_assert_int_eq(minisign_make(&public, &secret), RC_OK);
    ck_assert_int_eq(minisign_read_public(buf_str(&public), &p.public), RC_OK);
    ck_assert_int_eq(minisign_read_secret(buf_str(&secret), &p.secret), RC_OK);
    ck_assert_mem_eq(&p.public, &p.secret.public, sizeof(p.public));
    buf_free(&public);
    buf_free(&secret);
    return p;
}

START_TEST(minisign_verifies_what_was_signed_and_nothing_else)
{
    struct pair one = make_pair(), two = make_pair();
    const struct minisign_public keys[] = {two.public, one.public};
    struct buf sig = BUF_INIT(MINISIGN_TEXT_MAX);
    struct str trusted, data = STR("some bytes");
    size_t which;
    char changed[MINISIGN_TEXT_MAX], hex[MINISIGN_ID_HEX];

    ck_assert_int_eq(minisign_sign(&one.secret, data, STR("revision:3"), &sig), RC_OK);
    ck_assert_int_eq(minisign_verify(keys, 2, data, buf_str(&sig), &trusted, &which), RC_OK);
    ck_assert_uint_eq(which, 1);
    ck_assert(str_eq(trusted, STR("revision:3")));
    ck_assert(minisign_id_of(buf_str(&sig), hex));
    ck_assert_int_eq(minisign_verify(keys, 2, STR("some bytez"), buf_str(&sig), &trusted, &which), RC_INTEGRITY);
    ck_assert_int_eq(minisign_verify(keys, 1, data, buf_str(&sig), &trusted, &which), RC_NOT_FOUND);
    for (size_t n = 0; n + 1 < sig.len; n++) /* without its last line end it is one still */
        ck_assert_int_ne(minisign_verify(keys, 2, data, (struct str){sig.ptr, n}, &trusted, &which), RC_OK);
    size_t free_text = str_find(buf_str(&sig), STR("\n"));

    for (size_t i = free_text; i < sig.len; i++) {
        memcpy(changed, sig.ptr, sig.len);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        if (changed[i] == sig.ptr[i] || i + 1 == sig.len)
            continue;
        ck_assert_msg(minisign_verify(keys, 2, data, (struct str){changed, sig.len}, &trusted, &which) != RC_OK, "byte %zu", i);
    }
    ck_assert_int_eq(minisign_sign(&one.secret, data, STR("two\nlines"), &sig), RC_USAGE);
    buf_free(&sig);
}
END_TEST

START_TEST(minisign_refuses_keys_that_are_none)
{
    static const char *const wrong[] = {"", "x", "untrusted comment: x\n", "untrusted comment: x\nRWQ", "RWQhello"};
    struct minisign_public public;
    struct minisign_secret secret;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_int_eq(minisign_read_public(str_of(wrong[i]), &public), RC_MALFORMED);
        ck_assert_int_eq(minisign_read_secret(str_of(wrong[i]), &secret), RC_MALFORMED);
    }
}
END_TEST

/* ---- archives ---- */

static const char *const test_yaml =
    "apiVersion: spangate/v1\nkind: PolicyTest\npolicies: [a.policy.yaml]\ndestinations: {otlp_grpc/eu: {jurisdiction: EU}}\n"
    "detectors: {EMAIL_ADDRESS: {match: [\"a@example.org\"], no_match: [\"%s\"]}}\n";
static const char policy_yaml[] = "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: a}\nspec:\n  rules:\n    - {id: m, entity: "
                                  "EMAIL_ADDRESS, action: drop}\n";

/* A good bundle; its tests fail when bad. */
static struct bundle
sample(uint64_t revision, bool bad)
{
    struct bundle b = {
        .name = STR("shop"), .revision = revision, .created = STR("2026-01-01T00:00:00Z"), .min_engine = STR("0.0.1"), .file_count = 2};
    char *text = arena_calloc(ar, 1024, 1);

    b.files = arena_calloc(ar, 2, sizeof(*b.files));
    snprintf(text, 1024, "%.*s%s\"]}}\n", (int)(strstr(test_yaml, "%s") - test_yaml), test_yaml, bad ? "b@example.org" : "nothing");
    b.files[0] = (struct bundle_file){STR("a.test.yaml"), str_of(text)};
    b.files[1] = (struct bundle_file){STR("a.policy.yaml"), str_of(policy_yaml)};
    return b;
}

static struct str
packed(const struct bundle *b)
{
    struct buf out = BUF_INIT(BUNDLE_BYTES_MAX);

    ck_assert_int_eq(bundle_pack(b, &out), RC_OK);
    struct str s = arena_dup(ar, buf_str(&out));

    buf_free(&out);
    return s;
}

static struct str
zipped(struct str tar)
{
    struct buf out = BUF_INIT(BUNDLE_BYTES_MAX);
    struct compressor *c = compressor_new();

    ck_assert_int_eq(compressor_deflate(c, ENCODING_GZIP, tar, &out), RC_OK);
    struct str s = arena_dup(ar, buf_str(&out));

    compressor_free(c);
    buf_free(&out);
    return s;
}

static enum rc
open_quietly(struct str bytes, struct bundle *b)
{
    struct errs es = {0};
    enum rc rc = bundle_open(bytes, (struct err_pos){0}, ar, b, &es);

    ck_assert_int_eq(es.errors > 0, rc != RC_OK);
    errs_free(&es);
    return rc;
}

START_TEST(bundle_holds_what_was_packed)
{
    open_arena();
    struct bundle in = sample(12, false), out;
    struct str bytes = packed(&in);

    ck_assert(str_eq(bytes, packed(&in))); /* equal inputs, equal bytes */
    ck_assert_int_eq(open_quietly(bytes, &out), RC_OK);
    ck_assert(str_eq(out.name, STR("shop")));
    ck_assert_uint_eq(out.revision, 12);
    ck_assert_uint_eq(out.file_count, 2);
    ck_assert(str_eq(out.files[0].path, STR("a.policy.yaml")) && str_eq(out.files[0].text, str_of(policy_yaml)));
    for (size_t n = 0; n < bytes.len; n++)
        ck_assert_int_ne(open_quietly(str_sub(bytes, 0, n), &out), RC_OK);
    in.min_engine = STR("999.0");
    ck_assert_int_eq(open_quietly(packed(&in), &out), RC_INTEGRITY);
    arena_free(ar);
}
END_TEST

/* An archive with one thing that is wrong. at: offset in the header of the second file; -1: none. */
static struct str
hostile(const char *name, int at, const char *bytes, bool resum, bool manifest)
{
    static const char listed[] = "{\"name\":\"x\",\"revision\":1,\"created\":\"now\",\"min_engine\":\"0\",\"files\":[]}";
    struct buf tar = BUF_INIT(BUNDLE_UNPACKED_MAX);

    if (manifest)
        ck_assert_int_eq(tar_put(&tar, STR("manifest.json"), str_of(listed)), RC_OK);
    size_t start = tar.len;

    if (name)
        ck_assert_int_eq(tar_put(&tar, str_of(name), STR("text")), RC_OK);
    if (at >= 0) {
        memcpy(tar.ptr + start + at, bytes, strlen(bytes) + 1);
        unsigned sum = 0;

        memset(tar.ptr + start + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
            sum += (unsigned char)tar.ptr[start + i];
        snprintf(tar.ptr + start + 148, 7, "%06o", resum ? sum : sum + 1);
    }
    ck_assert_int_eq(tar_end(&tar), RC_OK);
    struct str s = arena_dup(ar, buf_str(&tar));

    buf_free(&tar);
    return s;
}

START_TEST(bundle_refuses_archives_that_are_not_what_it_packs)
{
    static const struct {
        const char *name;
        int at;
        const char *bytes;
        bool bad_sum;
        const char *why;
    } rows[] = {
        {"/etc/passwd", -1, NULL, false, "absolute"}, {"../x.yaml", -1, NULL, false, "leads out"}, {"a/../../x.yaml", -1, NULL, false, "leads out"},
        {"./x.yaml", -1, NULL, false, "refused"}, {"a//x.yaml", -1, NULL, false, "refused"}, {"a b.yaml", -1, NULL, false, "refused"},
        {"x.yaml", 156, "2", false, "links"}, /* a symbolic link */
        {"x.yaml", 156, "1", false, "links"}, /* a hard link */
        {"x.yaml", 156, "5", false, "links"}, /* a folder */
        {"x.yaml", 156, "x", false, "links"}, /* a header of pax */
        {"x.yaml", 345, "pre", false, "100"}, /* a prefix */
        {"x.yaml", 124, "77777777777", false, "4 MiB"}, {"x.yaml", 124, "-1", false, "4 MiB"}, {"x.yaml", 257, "nope!", false, "ustar"},
        {"x.yaml", 0, "y.yaml", true, "checksum"}, {"manifest.json", -1, NULL, false, "twice"}, {"MANIFEST.json", -1, NULL, false, "twice"},
        {"x.yaml", -1, NULL, false, "not the same"}, /* not in the manifest */
    };

    open_arena();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errs es = {0};
        struct bundle b;
        enum rc rc = bundle_open(zipped(hostile(rows[i].name, rows[i].at, rows[i].bytes, !rows[i].bad_sum, true)), (struct err_pos){0}, ar, &b, &es);

        ck_assert_msg(rc == RC_INTEGRITY, "row %zu", i);
        ck_assert_msg(strstr(es.list[es.count - 1].text, rows[i].why) != NULL, "row %zu: %s", i, es.list[es.count - 1].text);
        errs_free(&es);
    }
    struct bundle b;
    struct str tar = hostile(NULL, -1, NULL, false, true);

    ck_assert_int_eq(open_quietly(zipped(tar), &b), RC_OK); /* nothing is wrong with it */
    ck_assert_int_eq(open_quietly(zipped(hostile("x.yaml", -1, NULL, false, false)), &b), RC_INTEGRITY);
    for (size_t n = 0; n < tar.len; n += 256)
        ck_assert_int_eq(open_quietly(zipped(str_sub(tar, 0, n)), &b), RC_INTEGRITY);
    ((char *)(uintptr_t)tar.ptr)[tar.len - 1] = 'x'; /* behind the end */
    ck_assert_int_eq(open_quietly(zipped(tar), &b), RC_INTEGRITY);
    ck_assert_int_eq(open_quietly(tar, &b), RC_INTEGRITY);
    arena_free(ar);
}
END_TEST

START_TEST(bundle_refuses_files_that_the_manifest_does_not_have)
{
    open_arena();
    struct bundle in = sample(1, false), out;
    struct str bytes = packed(&in);
    struct buf tar = BUF_INIT(BUNDLE_UNPACKED_MAX);
    struct compressor *c = compressor_new();

    ck_assert_int_eq(compressor_inflate(c, ENCODING_GZIP, bytes, BUNDLE_UNPACKED_MAX, &tar), RC_OK);
    compressor_free(c);
    size_t at = str_find(buf_str(&tar), STR("action: drop"));

    memcpy(tar.ptr + at, "action: mask", 12); /* the digest is another one */
    ck_assert_int_eq(open_quietly(zipped(buf_str(&tar)), &out), RC_INTEGRITY);
    memcpy(tar.ptr + at, "action: drop", 12);
    ck_assert_int_eq(open_quietly(zipped(buf_str(&tar)), &out), RC_OK);
    buf_free(&tar);
    arena_free(ar);
}
END_TEST

START_TEST(bundle_runs_its_own_tests)
{
    struct errs es = {0};

    open_arena();
    struct bundle good = sample(1, false), bad = sample(1, true), none = sample(1, false);

    ck_assert_int_eq(bundle_test(&good, NULL, (struct err_pos){0}, &es), RC_OK);
    ck_assert_uint_eq(es.count, 0);
    none.files++;
    none.file_count--;
    ck_assert_int_eq(bundle_test(&none, NULL, (struct err_pos){0}, &es), RC_OK);
    ck_assert_uint_eq(es.warnings, 1);
    ck_assert_int_eq(bundle_test(&bad, NULL, (struct err_pos){0}, &es), RC_CONFIG);
    ck_assert_uint_eq(es.list[1].code, SG_BUNDLE_TESTS);
    errs_free(&es);
    arena_free(ar);
}
END_TEST

/* ---- the gateway file ---- */

static char dir[] = "/tmp/bundle-XXXXXX";

static void
write_file(const char *name, struct str text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    ck_assert_int_eq(file_write_atomic(path, text, 0600), RC_OK);
}

static void
write_signed(const struct bundle *b, const struct minisign_secret *key)
{
    struct str bytes = packed(b);
    struct buf sig = BUF_INIT(MINISIGN_TEXT_MAX);

    ck_assert_int_eq(minisign_sign(key, bytes, STR("x"), &sig), RC_OK);
    write_file("b.tar.gz", bytes);
    write_file("b.tar.gz.minisig", buf_str(&sig));
    buf_free(&sig);
}

/* Load; the code of the last error, 0: none. accept: it is in force then. generation 1 is a start. */
static unsigned
try_generation(uint64_t generation, bool accept, unsigned *warning)
{
    char path[256];
    const struct config *c = NULL;
    struct snapshot *snap = NULL;
    struct errs es = {0};
    unsigned code = 0;

    snprintf(path, sizeof(path), "%s/gateway.yaml", dir);
    ck_assert_int_eq(config_load(path, &c, &es), RC_OK);
    enum rc rc = config_snapshot(c, generation, &snap, &es);

    for (size_t i = 0; i < es.count; i++)
        if (es.list[i].code != CONFIG_E_UNREACHED) /* the sample has no routes */
            *(es.list[i].level == ERR_ERROR ? &code : warning) = es.list[i].code;
    ck_assert_int_eq(code == 0, rc == RC_OK);
    if (rc == RC_OK && accept)
        config_bundles_accept(c);
    if (rc == RC_OK)
        snapshot_unref(snap);
    config_unref(c);
    errs_free(&es);
    return code;
}

/* As a reload does. */
static unsigned
try_load(bool accept)
{
    unsigned warning = 0;

    return try_generation(2, accept, &warning);
}

START_TEST(bundle_is_taken_by_the_gate_when_all_is_well)
{
    static const char gateway[] = "version: 1\nreceivers: {otlp: {protocols: {grpc: {endpoint: '127.0.0.1:0', tls: {insecure: true}}}}}\n"
                                  "policies: {sources: [{bundle: b.tar.gz}], trust: {keys: [{id: k, file: k.pub}]}}\njournal: {dir: .}\n"
                                  "exporters: {otlp_grpc/eu: {endpoint: '127.0.0.1:1', jurisdiction: EU, tls: {insecure: true}}}\n";
    struct buf public = BUF_INIT(MINISIGN_TEXT_MAX), secret = BUF_INIT(MINISIGN_TEXT_MAX);
    struct minisign_secret key;
    struct pair stranger = make_pair();

    open_arena();
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(minisign_make(&public, &secret), RC_OK);
    ck_assert_int_eq(minisign_read_secret(buf_str(&secret), &key), RC_OK);
    write_file("k.pub", buf_str(&public));
    write_file("gateway.yaml", str_of(gateway));
    struct bundle two = sample(2, false), three = sample(3, false), bad = sample(4, true), again = sample(3, false);

    again.created = STR("2026-02-02T00:00:00Z");
    write_signed(&two, &key);
    ck_assert_uint_eq(try_load(true), 0);
    ck_assert_uint_eq(try_load(true), 0); /* the same once more */
    write_signed(&three, &key);
    ck_assert_uint_eq(try_load(true), 0);
    write_signed(&two, &key);
    ck_assert_uint_eq(try_load(true), SG_BUNDLE_REVISION);
    write_signed(&again, &key);
    ck_assert_uint_eq(try_load(true), SG_BUNDLE_REVISION); /* another one of the same revision */
    write_signed(&bad, &key);
    ck_assert_uint_eq(try_load(true), SG_BUNDLE_TESTS);
    struct bundle four = sample(4, false);

    write_signed(&four, &stranger.secret);
    ck_assert_uint_eq(try_load(true), SG_BUNDLE_SIGNATURE);
    write_signed(&four, &key);
    write_file("b.tar.gz", packed(&bad)); /* with the signature of another */
    ck_assert_uint_eq(try_load(true), SG_BUNDLE_SIGNATURE);
    write_signed(&four, &key);
    ck_assert_uint_eq(try_load(false), 0);
    write_signed(&three, &key);
    ck_assert_uint_eq(try_load(true), 0); /* the one before was looked at only */
    unsigned warning = 0;

    write_file("b.tar.gz", STR("rubbish"));
    ck_assert_uint_eq(try_load(true), SG_BUNDLE_SIGNATURE);  /* a reload keeps what runs */
    ck_assert_uint_eq(try_generation(1, true, &warning), 0); /* a start takes the last good one */
    ck_assert_uint_eq(warning, SG_BUNDLE);
    write_signed(&three, &key);
    write_file("bundle-shop.state", STR("rubbish"));
    ck_assert_uint_eq(try_load(true), SG_BUNDLE_REVISION);
    char path[256];

    snprintf(path, sizeof(path), "%s/b.tar.gz.minisig", dir);
    unlink(path);
    ck_assert_uint_eq(try_load(true), SG_BUNDLE_SIGNATURE); /* none beside it */
    snprintf(path, sizeof(path), "rm -rf %s", dir);
    ck_assert_int_eq(system(path), 0);
    buf_free(&public);
    buf_free(&secret);
    arena_free(ar);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &minisign_verifies_what_was_signed_and_nothing_else},
    {"malformed", &minisign_refuses_keys_that_are_none},
    {"normal", &bundle_holds_what_was_packed},
    {"malformed", &bundle_refuses_archives_that_are_not_what_it_packs},
    {"malformed", &bundle_refuses_files_that_the_manifest_does_not_have},
    {"normal", &bundle_runs_its_own_tests},
    {"normal", &bundle_is_taken_by_the_gate_when_all_is_well},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("bundle", cases);
}
