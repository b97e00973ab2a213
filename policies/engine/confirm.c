#include "confirm_int.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Error numbers of policies that concern a pattern. */
enum { CODE_SYNTAX = 440, CODE_EMPTY = 441, CODE_CONSTRUCT = 442, CODE_LENGTH = 443 };

#define REGEX_MAX 4096
/* PCRE2 counts anew for each place where a match may begin, so what a place may cost depends on how many there are: 2 ns a step at most. */
#define MATCH_LIMIT 10000
#define MATCH_LIMIT_LEAST 272  /* a counter up to 256 can be undone */
#define MATCH_STEPS (1u << 19) /* of all places together, in texts up to 2 KiB */
#define HEAP_LIMIT_KIB 4096
#define JIT_STACK_MIN (32u * 1024)
#define JIT_STACK_MAX (1024u * 1024)

struct confirm {
    pcre2_code *code;
    bool jit;
    bool untried;   /* confirm_bound */
    uint32_t least; /* bytes of the shortest match, or fewer */
};

struct confirm_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint32_t limit; /* in force */
};

/*
 * Where in a pattern the scan for refused constructs is. PCRE2 tells of callouts in compiled code, but neither of \K nor of recursion.
 */
struct lexer {
    struct str re;
    size_t at;
};

static bool
lexer_sees(const struct lexer *lx, struct str word)
{
    return str_starts(str_sub(lx->re, lx->at, lx->re.len), word);
}

/* Past the end of a class: the first ] is a member, and so is what stands in [: :]. */
static void
lexer_skip_class(struct lexer *lx)
{
    lx->at++;
    if (lexer_sees(lx, STR("^")))
        lx->at++;
    if (lexer_sees(lx, STR("]")))
        lx->at++;
    while (lx->at < lx->re.len && lx->re.ptr[lx->at] != ']') {
        size_t close = SIZE_MAX;

        if (lexer_sees(lx, STR("\\Q"))) {
            close = str_find(str_sub(lx->re, lx->at, lx->re.len), STR("\\E"));
            lx->at = close == SIZE_MAX ? lx->re.len : lx->at + close + 2;
            continue;
        }
        if (lexer_sees(lx, STR("[:")))
            close = str_find(str_sub(lx->re, lx->at, lx->re.len), STR(":]"));
        if (close != SIZE_MAX)
            lx->at += close + 2;
        else
            lx->at += lx->re.ptr[lx->at] == '\\' ? 2 : 1;
    }
    lx->at++;
}

/* "(?" is behind us: recursion in any spelling of pcre2pattern(3) "RECURSIVE PATTERNS" and "GROUPS AS SUBROUTINES". */
static bool
group_recurses(const struct lexer *lx)
{
    char c = lx->at < lx->re.len ? lx->re.ptr[lx->at] : '\0';

    if (c == 'R' || c == '&' || (c >= '0' && c <= '9') || lexer_sees(lx, STR("P>")))
        return true;
    if ((c == '+' || c == '-') && lx->at + 1 < lx->re.len)
        return lx->re.ptr[lx->at + 1] >= '0' && lx->re.ptr[lx->at + 1] <= '9';
    return false;
}

/* The first construct that is refused, at its offset; NULL when there is none. */
static const char *
lexer_find_refused(struct lexer *lx)
{
    while (lx->at < lx->re.len) {
        size_t close;

        if (lexer_sees(lx, STR("\\Q"))) {
            close = str_find(str_sub(lx->re, lx->at, lx->re.len), STR("\\E"));
            lx->at = close == SIZE_MAX ? lx->re.len : lx->at + close + 2;
        } else if (lexer_sees(lx, STR("\\K"))) {
            return "\\K moves the start of a match and is refused";
        } else if (lexer_sees(lx, STR("\\g<")) || lexer_sees(lx, STR("\\g'"))) {
            return "a group called as a subroutine is refused";
        } else if (lx->re.ptr[lx->at] == '\\') {
            lx->at += 2;
        } else if (lx->re.ptr[lx->at] == '[') {
            lexer_skip_class(lx);
        } else if (lexer_sees(lx, STR("(?#"))) {
            close = str_find(str_sub(lx->re, lx->at, lx->re.len), STR(")"));
            lx->at = close == SIZE_MAX ? lx->re.len : lx->at + close + 1;
        } else if (lexer_sees(lx, STR("(?"))) {
            lx->at += 2;
            if (group_recurses(lx))
                return "recursion is refused";
        } else {
            lx->at++;
        }
    }
    return NULL;
}

static int
on_callout_found(pcre2_callout_enumerate_block *block, void *offset)
{
    *(size_t *)offset = block->pattern_position;
    return 1;
}

static struct err *
refuse(struct errs *es, unsigned code, struct err_pos pos, size_t offset, const char *text)
{
    if (pos.col)
        pos.col += (unsigned)offset;
    return errs_add(es, ERR_ERROR, RC_CONFIG, code, pos, "%s", text);
}

static bool
acceptable(const pcre2_code *code, struct str regex, struct err_pos pos, struct errs *es)
{
    struct lexer lx = {regex, 0};
    const char *why = lexer_find_refused(&lx);
    size_t offset = 0;
    uint32_t empty = 1;

    if (why) {
        refuse(es, CODE_CONSTRUCT, pos, lx.at, why);
        return false;
    }
    if (pcre2_callout_enumerate(code, on_callout_found, &offset) != 0) {
        refuse(es, CODE_CONSTRUCT, pos, offset, "a callout is refused");
        return false;
    }
    if (pcre2_pattern_info(code, PCRE2_INFO_MATCHEMPTY, &empty) != 0 || empty) {
        err_hint(
            refuse(es, CODE_EMPTY, pos, 0, "the pattern can match the empty text"), "make at least one character compulsory: + for *, {1,} for {0,}");
        return false;
    }
    return true;
}

/*
 * Byte mode by force: a pattern cannot switch to UTF or to Unicode properties, nor change what a newline is by the library's build.
 */
static pcre2_code *
compile(struct str regex, bool caseless, int *error, size_t *offset)
{
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | (caseless ? PCRE2_CASELESS : 0);
    pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
    pcre2_code *code = NULL;

    *error = PCRE2_ERROR_NOMEMORY;
    if (cc && pcre2_set_newline(cc, PCRE2_NEWLINE_LF) == 0 && pcre2_set_bsr(cc, PCRE2_BSR_UNICODE) == 0)
        code = pcre2_compile((PCRE2_SPTR)(regex.ptr ? regex.ptr : ""), regex.len, options, error, offset, cc);
    pcre2_compile_context_free(cc);
    return code;
}

enum rc
confirm_compile(struct str regex, bool caseless, struct err_pos pos, struct confirm **c, struct errs *es)
{
    char text[160] = "out of memory";
    int error = PCRE2_ERROR_NOMEMORY;
    size_t offset = 0;
    struct confirm *made;

    if (regex.len > REGEX_MAX) {
        refuse(es, CODE_LENGTH, pos, 0, "the pattern is longer than 4096 bytes");
        return RC_CONFIG;
    }
    made = calloc(1, sizeof(*made));
    if (made)
        made->code = compile(regex, caseless, &error, &offset);
    if (!made || !made->code) {
        if (error != PCRE2_ERROR_NOMEMORY)
            pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
        refuse(es, CODE_SYNTAX, pos, offset, text);
        confirm_free(made);
        return RC_CONFIG;
    }
    if (!acceptable(made->code, regex, pos, es)) {
        confirm_free(made);
        return RC_CONFIG;
    }
    if (pcre2_pattern_info(made->code, PCRE2_INFO_MINLENGTH, &made->least) != 0)
        made->least = 0;
    made->jit = pcre2_jit_compile(made->code, PCRE2_JIT_COMPLETE) == 0;
    *c = made;
    return RC_OK;
}

void
confirm_free(struct confirm *c)
{
    if (!c)
        return;
    pcre2_code_free(c->code);
    free(c);
}

void
confirm_bound(struct confirm *c)
{
    c->untried = true;
}

bool
confirm_jit(const struct confirm *c)
{
    return c->jit;
}

unsigned
confirm_group(const struct confirm *c, const char *name)
{
    int number = pcre2_substring_number_from_name(c->code, (PCRE2_SPTR)name);

    return number > 0 ? (unsigned)number : 0;
}

struct confirm_scratch *
confirm_scratch_new(void)
{
    struct confirm_scratch *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->data = pcre2_match_data_create(CONFIRM_GROUPS + 1, NULL);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (!s->data || !s->context) {
        confirm_scratch_free(s);
        return NULL;
    }
    /* Without a stack of ours (no JIT on this machine) PCRE2 uses 32 KiB of the C stack: more texts are undecidable, none is missed. */
    pcre2_jit_stack_assign(s->context, NULL, s->stack);
    pcre2_set_heap_limit(s->context, HEAP_LIMIT_KIB);
    return s;
}

void
confirm_scratch_free(struct confirm_scratch *s)
{
    if (!s)
        return;
    pcre2_jit_stack_free(s->stack);
    pcre2_match_context_free(s->context);
    pcre2_match_data_free(s->data);
    free(s);
}

static void
limit_steps(struct confirm_scratch *s, const struct confirm *c, size_t places)
{
    size_t share = c->untried ? MATCH_STEPS / places : MATCH_LIMIT;
    uint32_t limit = share > MATCH_LIMIT ? MATCH_LIMIT : share < MATCH_LIMIT_LEAST ? MATCH_LIMIT_LEAST : (uint32_t)share;

    if (limit != s->limit)
        pcre2_set_match_limit(s->context, limit);
    s->limit = limit;
}

enum rc
confirm_next(const struct confirm *c, struct confirm_scratch *s, struct str text, size_t from, struct confirm_match *m)
{
    PCRE2_SPTR bytes = (PCRE2_SPTR)text.ptr;
    int rc;

    if (from >= text.len || text.len - from < c->least)
        return RC_NOT_FOUND; /* no pattern matches the empty text */
    limit_steps(s, c, text.len - from);
    if (c->jit)
        rc = pcre2_jit_match(c->code, bytes, text.len, from, 0, s->data, s->context);
    else
        rc = pcre2_match(c->code, bytes, text.len, from, 0, s->data, s->context);
    if (rc == PCRE2_ERROR_NOMATCH)
        return RC_NOT_FOUND;
    if (rc < 0)
        return RC_UNDECIDABLE;

    const size_t *pair = pcre2_get_ovector_pointer(s->data);
    /* 0: more groups than pairs, all pairs are set. */
    size_t set = rc == 0 ? CONFIRM_GROUPS + 1 : (size_t)rc;

    /* Verbs can end a match where the analysis of the pattern did not expect it. */
    if (pair[0] >= pair[1] || pair[1] > text.len)
        return RC_UNDECIDABLE;
    m->start = pair[0];
    m->end = pair[1];
    for (size_t g = 0; g < CONFIRM_GROUPS; g++) {
        m->group[2 * g] = g + 1 < set ? pair[2 * g + 2] : SIZE_MAX;
        m->group[2 * g + 1] = g + 1 < set ? pair[2 * g + 3] : SIZE_MAX;
    }
    return RC_OK;
}
