/* One pattern over one text: PCRE2, context, validator. */
#include "program_int.h"

static bool
is_continuation(struct str s, size_t at)
{
    return at < s.len && ((unsigned char)s.ptr[at] & 0xC0) == 0x80;
}

/* PCRE2 works on bytes: what is cut out must be whole characters. */
static void
snap(struct str text, struct match *m)
{
    while (m->start > 0 && is_continuation(text, m->start))
        m->start--;
    while (is_continuation(text, m->end))
        m->end++;
}

/*
 * What was found out about the key is not asked again for every match; what stands before the match only when it matters: a validator whose
 * detector cannot do without context is asked first, as if there were one. Whose words to look for then; NULL: none.
 */
static const struct detector *
set_context(const struct pattern *p, const struct pattern_text *t, struct match *m)
{
    const struct detector *ask = p->det.context && !t->key_context && !t->no_words && m->begin > 1 ? &p->det : NULL;

    m->context = p->det.context && t->key_context;
    m->ask = ask;
    if (!p->det.need_context)
        return NULL;
    m->context |= ask != NULL;
    m->ask = NULL;
    return ask;
}

static bool
confirmed(const struct pattern *p, const struct pattern_text *t, const struct confirm_match *cm, struct match *m)
{
    m->start = cm->start;
    m->end = cm->end;
    memcpy(m->group, cm->group, sizeof(m->group));
    m->begin = cm->start;
    m->again = 0;
    const struct detector *ask = set_context(p, t, m);

    if (p->det.need_context && !m->context)
        return false;
    if (p->value_group && m->group[2 * p->value_group - 2] != SIZE_MAX) {
        m->start = m->group[2 * p->value_group - 2];
        m->end = m->group[2 * p->value_group - 1];
    }
    if (p->det.check && !p->det.check(m))
        return false;
    if (ask && !detector_context(ask, STR(""), m->text, m->begin))
        return false;
    if (m->start >= m->end || m->end > m->text.len) {
        /* A validator that narrowed to nothing, or a group that matched nothing: then the whole match counts. */
        m->start = cm->start;
        m->end = cm->end;
    }
    return true;
}

enum rc
pattern_next(const struct pattern *p, struct confirm_scratch *scratch, const struct pattern_text *t, size_t from, struct match *m)
{
    struct confirm_match cm;

    *m = (struct match){.text = t->text, .key = t->key};
    while (from < t->text.len) {
        enum rc rc = confirm_next(p->confirm, scratch, t->text, from, &cm);
        size_t looked = (rc == RC_OK ? cm.end : t->text.len) - from + 16;

        if (*t->work < looked)
            return RC_UNDECIDABLE;
        *t->work -= looked;
        if (rc != RC_OK)
            return rc;
        if (confirmed(p, t, &cm, m)) {
            snap(t->text, m);
            return RC_OK;
        }
        from = m->again > cm.start ? m->again : cm.start + 1; /* a wrong match must not hide a right one that begins inside it */
    }
    return RC_NOT_FOUND;
}
