/*
 * All detectors over any text: whatever PCRE2 and the validators find when each pattern is run over the text, the examiner finds, whatever its sieve, its automata and its
 * tables leave out. The first byte chooses a key; a text that is a whole number is examined as an integer too.
 */
#include <stdlib.h>

#include "../../policies/engine/examine_int.h"
#include "codec/emit.h"
#include "fuzz.h"

static struct program *prog;
static struct examiner *ex;
static struct arena *ar;

static void
open_all(void)
{
    struct buf yaml = BUF_INIT((size_t)1 << 20);
    struct errs es = {0};
    size_t count;
    const struct detector *const *all = detectors_all(&count);

    FUZZ_CHECK(
        buf_append(&yaml,
            STR("apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: all}\nspec:\n  rules:\n    - {id: r, action: drop, detector: "
                "[")) == RC_OK);
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(buf_printf(&yaml, "%s%s", i ? ", " : "", all[i]->id) == RC_OK);
    FUZZ_CHECK(buf_append(&yaml, STR("]}\n")) == RC_OK);
    const char *files[] = {"all.yaml"};
    struct str texts[] = {buf_str(&yaml)};
    const struct program_source src = {.files = files, .texts = texts, .file_count = 1};

    FUZZ_CHECK(program_compile(&src, &prog, &es) == RC_OK);
    ex = examiner_new(prog);
    ar = arena_new((size_t)256 << 20);
    FUZZ_CHECK(ex && ar);
    errs_free(&es);
    buf_free(&yaml);
}

/* Whether a finding of one of the pattern's rules holds the bytes, or all of the text is gone. */
static bool
is_found(const struct findings *f, const struct pattern *p, size_t start, size_t end)
{
    for (uint32_t i = f->attr_count; i < f->count; i++) {
        const struct finding *one = &f->list[i];

        if (one->rule == RULE_UNDECIDABLE)
            return true;
        for (uint16_t k = 0; k < p->rule_count; k++)
            if (p->rules[k] == one->rule && one->start <= start && one->end >= end)
                return true;
    }
    return false;
}

/* What add_match leaves out: text that actions have put there. */
static bool
is_own(struct str text, const struct match *m)
{
    return own_holds(prog->own, text, m->start, m->end) || (text.ptr[m->begin] == '<' && own_piece(prog->own, text, m->begin));
}

static void
check_all(struct str key, struct str text, const struct findings *f)
{
    for (size_t i = 0; i < prog->pattern_count; i++) {
        const struct pattern *p = &prog->patterns[i];
        uint64_t work = (uint64_t)1 << 30;
        struct pattern_text t = {.text = text, .key = key, .key_context = p->det.context && detector_key_context(&p->det, key), .work = &work};
        struct match m;

        if (p->det.key_only && !t.key_context)
            continue;
        for (size_t from = 0; pattern_next(p, ex->scratch, &t, from, &m) == RC_OK; from = m.end)
            FUZZ_CHECK(is_own(text, &m) || is_found(f, p, m.start, m.end));
    }
}

/* -99999999999999999 .. 999999999999999999, written as it would be printed. */
static bool
is_integer(struct str s, int64_t *value)
{
    char text[24];

    if (s.len == 0 || s.len > 18)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    *value = strtoll(text, NULL, 10);
    snprintf(text, sizeof(text), "%lld", (long long)*value);
    return str_eq(str_of(text), s);
}

/* The same as the value of an attribute. */
static void
check_integer(struct str key, struct str text, int64_t value)
{
    struct buf any = BUF_INIT(64), kv = BUF_INIT(4096), out = BUF_INIT(8192);
    uint64_t v = (uint64_t)value;
    struct findings f;
    struct batch b;

    FUZZ_CHECK(buf_append_byte(&any, 3 << 3) == RC_OK); /* AnyValue.int_value */
    do
        FUZZ_CHECK(buf_append_byte(&any, (char)((v & 0x7F) | (v > 0x7F ? 0x80 : 0))) == RC_OK);
    while (v >>= 7);
    FUZZ_CHECK(emit_len_field(&kv, 1, key) == RC_OK && emit_len_field(&kv, 2, buf_str(&any)) == RC_OK);
    static const uint32_t around[] = {9, 2, 2, 1};

    for (size_t i = 0; i < 4; i++) {
        buf_clear(&out);
        FUZZ_CHECK(emit_len_field(&out, around[i], buf_str(&kv)) == RC_OK);
        buf_clear(&kv);
        FUZZ_CHECK(buf_append(&kv, buf_str(&out)) == RC_OK);
    }
    FUZZ_CHECK(batch_index(buf_str(&kv), &batch_limits_default, ar, &b) == RC_OK && b.text_count == 1);
    FUZZ_CHECK(examine_batch(ex, &b, ar, &f) == RC_OK);
    check_all(key, text, &f);
    buf_free(&any);
    buf_free(&kv);
    buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {
        "k", "message", "user.ssn", "db.statement", "account_number", "http.request.header.authorization", "passport", "iban"};
    struct findings f;
    int64_t value;

    if (size < 2)
        return 0;
    if (!prog)
        open_all();
    struct str key = str_of(keys[data[0] % 8]), text = {(const char *)data + 1, size - 1};

    if (!str_utf8_valid(text))
        return 0;
    arena_reset(ar, (size_t)1 << 20);
    FUZZ_CHECK(examine_text(ex, PLACE_SPAN_ATTRIBUTE, key, text, ar, &f) == RC_OK);
    check_all(key, text, &f);
    if (is_integer(text, &value))
        check_integer(key, text, value);
    return 0;
}

#define STEP 23 /* of what detectors know of themselves: all of it would take a minute to replay */

bool
fuzz_seed(unsigned n, struct buf *out)
{
    size_t count;
    unsigned at = 0;
    const struct detector *const *all = detectors_all(&count);

    for (size_t i = 0; i < count; i++)
        for (const struct detector_example *e = all[i]->examples; e && e->text; e++, at++)
            if (at == n * STEP)
                return buf_append_byte(out, (char)n) == RC_OK && buf_append(out, str_of(e->text)) == RC_OK;
    return false;
}
