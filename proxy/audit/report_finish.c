#include "base/digest.h"
#include "report_int.h"

/* Leaf number k of the sample: SHA-256(root || k) taken over the leaves of the period. */
static uint64_t
sample_leaf(const struct report *r, unsigned k)
{
    uint64_t from = r->t.first_leaf, count = r->t.last_leaf - from + 1, n = 0;
    struct buf text = BUF_INIT(256);
    uint8_t hash[SHA256_SIZE] = {0};

    if (buf_printf(&text, "%s\n%u\n", r->log.root, k) == RC_OK && digest_sha256(buf_str(&text), hash) == RC_OK)
        for (unsigned i = 0; i < 8; i++)
            n = n << 8 | hash[i];
    buf_free(&text);
    return from + n % count;
}

static enum rc
take_samples(struct report *r, bool (*proof)(void *arg, uint64_t index, struct buf *out), void *arg)
{
    if (!proof || !r->log.root || r->t.entries == 0)
        return RC_OK;
    for (unsigned k = 0; k < REPORT_SAMPLES; k++) {
        struct sample *s = &r->samples[r->sample_count];
        uint64_t leaf = sample_leaf(r, k);
        bool twice = false;

        for (unsigned i = 0; i < r->sample_count; i++)
            twice |= r->samples[i].leaf == leaf;
        if (twice || leaf < r->log.first || leaf >= r->log.size)
            continue;
        *s = (struct sample){.leaf = leaf, .proof = BUF_INIT(65536)};
        if (proof(arg, leaf, &s->proof))
            r->sample_count++;
        else
            buf_free(&s->proof);
    }
    return RC_OK;
}

static void
count_failed(struct report *r)
{
    size_t count;
    const struct control *all = controls_all(&count);

    for (size_t i = 0; i < count; i++) {
        struct verdict v;

        if (!(r->o.profiles >> all[i].profile & 1))
            continue;
        control_judge(r, &all[i], &v);
        r->failed_controls += v.status == CONTROL_NOT_SATISFIED;
    }
}

enum rc
report_finish(struct report *r, const struct report_log *log, bool (*proof)(void *arg, uint64_t index, struct buf *out), void *arg)
{
    static void (*const sections[])(struct report *) = {section_cover, section_integrity, section_register, section_transfers, section_redaction,
        section_denials, section_identities, section_changes, section_availability, section_controls, section_exceptions, section_appendix};

    if (r->rc != RC_OK)
        return r->rc;
    r->log = *log;
    enum rc rc = take_samples(r, proof, arg);

    controls_prepare(r);
    count_failed(r);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && rc == RC_OK; i++)
        sections[i](r);
    return rc == RC_OK ? r->doc->rc : rc;
}

enum rc
report_print_proof(const struct report *r, size_t n, char name[80], struct buf *out)
{
    if (n >= r->sample_count)
        return RC_NOT_FOUND;
    snprintf(name, 80, "leaf-%llu.tlog-proof", (unsigned long long)r->samples[n].leaf);
    return buf_append(out, buf_str(&r->samples[n].proof));
}
