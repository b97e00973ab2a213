#include "finder_parse_int.h"

#define DEPTH_MAX 200 /* groups in groups; PCRE2 allows 250 */
#define GROUPS_MAX 64

/*
 * A capture group, by number. Its content is known once it is closed; then a reference to it matches what the content matches.
 */
struct group {
    uint32_t content; /* 0 = still open, or under a number that stands for several groups */
    struct str name;
};

struct parser {
    struct reader r;
    struct ast *t;
    enum rc rc;  /* the first error */
    bool quoted; /* between \Q and \E */
    unsigned depth, groups;
    struct group group[GROUPS_MAX + 1];
};

static uint32_t parse_alternation(struct parser *p);

static void
fail(struct parser *p, enum rc rc)
{
    if (p->rc == RC_OK)
        p->rc = rc;
}

static uint32_t
unknown(struct parser *p)
{
    fail(p, RC_UNIMPLEMENTED);
    return 0;
}

static uint32_t
add(struct parser *p, struct node n)
{
    uint32_t made = p->rc == RC_OK ? ast_add(p->t, n) : 0;

    if (!made)
        fail(p, p->t->count >= AST_NODES_MAX ? RC_UNIMPLEMENTED : RC_NOMEM);
    return made;
}

static uint32_t
add_set(struct parser *p, enum node_kind kind, struct symset set)
{
    return add(p, (struct node){.kind = kind, .set = set});
}

static uint32_t
add_repeat(struct parser *p, uint32_t child, uint32_t min, uint32_t max)
{
    return add(p, (struct node){.kind = NODE_REPEAT, .child = child, .min = min, .max = max});
}

/* A list that grows at its end: CAT and ALT under construction. */
struct list {
    uint32_t first, last, count;
};

static void
list_append(struct parser *p, struct list *l, uint32_t n)
{
    if (p->rc != RC_OK)
        return;
    if (l->last)
        p->t->list[l->last].next = n;
    else
        l->first = n;
    l->last = n;
    l->count++;
}

static uint32_t
list_close(struct parser *p, struct list *l, enum node_kind kind)
{
    if (l->count == 0)
        return add(p, (struct node){.kind = NODE_EMPTY});
    return l->count == 1 ? l->first : add(p, (struct node){.kind = kind, .child = l->first});
}

/* A copy of what a group matches: without its assertions, which held elsewhere, and in both cases when the reference says so. */
static uint32_t
copy(struct parser *p, uint32_t n)
{
    if (p->rc != RC_OK)
        return 0;
    struct node made = p->t->list[n];
    struct list l = {0};

    for (uint32_t c = made.child; c && p->rc == RC_OK; c = p->t->list[c].next)
        list_append(p, &l, copy(p, c));
    if (made.kind == NODE_SET)
        made.set = class_fold(made.set, p->r.flags);
    else if (made.kind >= NODE_PREV)
        made.kind = NODE_EMPTY;
    made.child = l.first;
    made.next = 0;
    return add(p, made);
}

static uint32_t
any_text(struct parser *p)
{
    return add_repeat(p, add_set(p, NODE_SET, symset_range(0, 255)), 0, REPEAT_MANY);
}

static uint32_t
reference(struct parser *p, unsigned number)
{
    if (number == 0 || number > GROUPS_MAX || number > p->groups || p->group[number].content == 0)
        return any_text(p);
    return copy(p, p->group[number].content);
}

static unsigned
group_named(const struct parser *p, struct str name)
{
    for (unsigned i = 1; i <= p->groups && i <= GROUPS_MAX; i++)
        if (p->group[i].name.len && str_eq(p->group[i].name, name))
            return i;
    return 0;
}

/* The text up to ${close}, which is taken too. */
static bool
take_until(struct parser *p, char close, struct str *text)
{
    const char *at = p->r.at < p->r.re.len ? memchr(p->r.re.ptr + p->r.at, close, p->r.re.len - p->r.at) : NULL;

    if (!at)
        return false;
    *text = str_sub(p->r.re, p->r.at, (size_t)(at - p->r.re.ptr));
    p->r.at += text->len + 1;
    return true;
}

/* The body of \g{..}, \g1, \k<..>, (?P=..): a number, a number counted back from here, or a name. */
static uint32_t
reference_by(struct parser *p, struct str body)
{
    bool back = str_starts(body, STR("-"));
    uint64_t number;

    if (!str_to_u64(str_sub(body, back, body.len), &number))
        return reference(p, group_named(p, body));
    if (back && number <= p->groups)
        number = p->groups + 1 - number;
    return number <= p->groups ? reference(p, (unsigned)number) : any_text(p);
}

static uint32_t
parse_g(struct parser *p)
{
    struct str body;

    if (reader_takes(&p->r, "{"))
        return take_until(p, '}', &body) ? reference_by(p, body) : unknown(p);
    size_t from = p->r.at;

    if (reader_sees(&p->r, "-"))
        p->r.at++;
    while (p->r.at < p->r.re.len && p->r.re.ptr[p->r.at] >= '0' && p->r.re.ptr[p->r.at] <= '9')
        p->r.at++;
    return p->r.at > from ? reference_by(p, str_sub(p->r.re, from, p->r.at)) : unknown(p);
}

static uint32_t
parse_k(struct parser *p)
{
    static const char open[] = "<'{", close[] = ">'}";
    const char *at = p->r.at < p->r.re.len && p->r.re.ptr[p->r.at] ? strchr(open, p->r.re.ptr[p->r.at]) : NULL;
    struct str name;

    if (!at)
        return unknown(p);
    p->r.at++;
    return take_until(p, close[at - open], &name) ? reference(p, group_named(p, name)) : unknown(p);
}

/* \1 to \9 always refer to a group; with more digits it depends on how many groups there are. */
static uint32_t
parse_digit_reference(struct parser *p, char digit)
{
    if (p->r.at < p->r.re.len && p->r.re.ptr[p->r.at] >= '0' && p->r.re.ptr[p->r.at] <= '9')
        return unknown(p);
    return reference(p, (unsigned)(digit - '0'));
}

static struct symset
edge_and(struct symset bytes)
{
    symset_add(&bytes, SYM_EDGE);
    return bytes;
}

/* \R is CR LF or one vertical space. \X is at least one character, \p{..} one byte. */
static uint32_t
parse_wide_escape(struct parser *p, char c)
{
    struct symset any = symset_range(0, 255), line = symset_range(10, 13);
    struct str name;

    symset_add(&line, 0x85);
    if (c == 'R')
        return add_repeat(p, add_set(p, NODE_SET, line), 1, 2);
    if (c == 'X')
        return add_repeat(p, add_set(p, NODE_SET, any), 1, REPEAT_MANY);
    if (reader_takes(&p->r, "{") ? !take_until(p, '}', &name) : ++p->r.at > p->r.re.len)
        return unknown(p);
    return add_set(p, NODE_SET, any);
}

static uint32_t
parse_escape(struct parser *p)
{
    struct symset set, none = {{0}};

    if (p->r.at >= p->r.re.len)
        return unknown(p);
    char c = p->r.re.ptr[p->r.at];

    if (c != 'b' && class_read_escape(&p->r, false, &set))
        return add_set(p, NODE_SET, set);
    p->r.at++;
    if (c >= '1' && c <= '9')
        return parse_digit_reference(p, c);
    switch (c) {
    case 'b':
        return add(p, (struct node){.kind = NODE_WORD});
    case 'B':
        return add(p, (struct node){.kind = NODE_INSIDE});
    case 'A':
        return add_set(p, NODE_PREV, edge_and(none));
    case 'z':
        return add_set(p, NODE_NEXT, edge_and(none));
    case 'Z':
        return add_set(p, NODE_NEXT, edge_and(symset_range('\n', '\n')));
    case 'G':
        return add(p, (struct node){.kind = NODE_EMPTY});
    case 'g':
        return parse_g(p);
    case 'k':
        return parse_k(p);
    case 'R':
    case 'X':
    case 'p':
    case 'P':
        return parse_wide_escape(p, c);
    default:
        return unknown(p);
    }
}

/*
 * What a lookaround says of the one neighbouring symbol. A negative one: all but the alternatives that are exactly one symbol; longer ones
 * exclude nothing for certain. A positive one: the symbols that its content can begin (end) with.
 */
static bool
one_symbol(const struct ast *t, uint32_t n, enum node_kind kind, struct symset *set)
{
    const struct node *at = &t->list[n];

    if (at->kind == NODE_REPEAT && at->min == 1)
        at = &t->list[at->child];
    if (at->kind != NODE_SET && !(at->kind == kind && symset_count(at->set) == 1 && symset_has(&at->set, SYM_EDGE)))
        return false;
    *set = at->set;
    return true;
}

static struct symset
excluded(const struct ast *t, uint32_t n, enum node_kind kind)
{
    struct symset all = {{0}}, one;

    if (t->list[n].kind != NODE_ALT)
        return one_symbol(t, n, kind, &one) ? one : all;
    for (uint32_t c = t->list[n].child; c; c = t->list[c].next)
        all = symset_or(all, excluded(t, c, kind));
    return all;
}

static struct symset
required(const struct ast *t, uint32_t n, enum node_kind kind)
{
    struct symset all = {{0}};

    if (t->list[n].kind == kind)
        return t->list[n].set;
    if (t->list[n].kind != NODE_ALT)
        return ast_nullable(t, n) ? symset_range(0, SYM_EDGE) : kind == NODE_NEXT ? ast_first(t, n) : ast_last(t, n);
    for (uint32_t c = t->list[n].child; c; c = t->list[c].next)
        all = symset_or(all, required(t, c, kind));
    return all;
}

static uint32_t
close_lookaround(struct parser *p, uint32_t content, enum node_kind kind, bool negative)
{
    if (p->rc != RC_OK)
        return 0;
    struct symset set = negative ? symset_not(excluded(p->t, content, kind)) : required(p->t, content, kind);

    return add(p, (struct node){.kind = kind, .ahead = kind == NODE_NEXT && !negative ? content : 0, .set = set});
}

/* (?i-s) and the like, up to the ) or : that ends it. "(?^" takes all flags away first. */
static bool
parse_flags(struct parser *p, unsigned *flags)
{
    unsigned now = p->r.flags;
    bool off = false;

    if (reader_takes(&p->r, "^"))
        now = 0;
    for (; p->r.at < p->r.re.len; p->r.at++) {
        char c = p->r.re.ptr[p->r.at];
        unsigned bit = c == 'i' ? FLAG_CASELESS : c == 'm' ? FLAG_MULTILINE : c == 's' ? FLAG_DOTALL : c == 'x' ? FLAG_EXTENDED : 0;

        if (c == ')' || c == ':') {
            *flags = now;
            return true;
        }
        if (c == '-' && !off)
            off = true;
        else if (!bit && c != 'U') /* n and J change what numbers and names stand for */
            return false;
        else if (c == 'x' && reader_sees(&p->r, "xx"))
            return false;
        else
            now = off ? now & ~bit : now | bit;
    }
    return false;
}

/* The content of a group up to its ), with the flags that are in force here. */
static uint32_t
parse_content(struct parser *p)
{
    unsigned flags = p->r.flags;

    if (++p->depth > DEPTH_MAX)
        return unknown(p);
    uint32_t content = parse_alternation(p);

    p->depth--;
    p->r.flags = flags;
    return p->rc == RC_OK && reader_takes(&p->r, ")") ? content : unknown(p);
}

static uint32_t
parse_capture(struct parser *p, struct str name)
{
    unsigned number = ++p->groups;

    if (number <= GROUPS_MAX)
        p->group[number] = (struct group){0, name};
    uint32_t content = parse_content(p);

    if (number <= GROUPS_MAX)
        p->group[number].content = content;
    return content;
}

/* (?|..|..): numbers stand for several groups. They are not told apart: from here on no reference is followed. */
static uint32_t
parse_branch_reset(struct parser *p)
{
    for (unsigned i = 0; i <= GROUPS_MAX; i++)
        p->group[i] = (struct group){0};
    p->groups = GROUPS_MAX;
    return parse_content(p);
}

static uint32_t
parse_flag_group(struct parser *p)
{
    unsigned outer = p->r.flags, flags;

    if (!parse_flags(p, &flags))
        return unknown(p);
    p->r.flags = flags;
    if (reader_takes(&p->r, ")"))
        return add(p, (struct node){.kind = NODE_EMPTY}); /* in force up to the end of the group around it */
    p->r.at++;
    uint32_t content = parse_content(p);

    p->r.flags = outer;
    return content;
}

/* "(?" is behind us. */
static uint32_t
parse_special_group(struct parser *p)
{
    struct str name;

    if (reader_takes(&p->r, "=") || reader_takes(&p->r, "!")) {
        bool negative = p->r.re.ptr[p->r.at - 1] == '!';

        return close_lookaround(p, parse_content(p), NODE_NEXT, negative);
    }
    if (reader_takes(&p->r, "<=") || reader_takes(&p->r, "<!")) {
        bool negative = p->r.re.ptr[p->r.at - 1] == '!';

        return close_lookaround(p, parse_content(p), NODE_PREV, negative);
    }
    if (reader_takes(&p->r, ">"))
        return parse_content(p);
    if (reader_takes(&p->r, "|"))
        return parse_branch_reset(p);
    if (reader_takes(&p->r, "P="))
        return take_until(p, ')', &name) ? reference(p, group_named(p, name)) : unknown(p);
    if (reader_sees(&p->r, "<*") || reader_sees(&p->r, "P>"))
        return unknown(p);
    if (reader_takes(&p->r, "P<") || reader_takes(&p->r, "<"))
        return take_until(p, '>', &name) ? parse_capture(p, name) : unknown(p);
    if (reader_takes(&p->r, "'"))
        return take_until(p, '\'', &name) ? parse_capture(p, name) : unknown(p);
    return parse_flag_group(p);
}

static uint32_t
parse_group(struct parser *p)
{
    if (reader_sees(&p->r, "*"))
        return unknown(p);
    if (reader_takes(&p->r, "?"))
        return parse_special_group(p);
    return parse_capture(p, (struct str){NULL, 0});
}

/* What stands for nothing: \E, an empty \Q\E, comments, and white space in extended mode. Opens and closes quotes. */
static void
skip_noise(struct parser *p)
{
    struct str text;

    while (p->rc == RC_OK && p->r.at < p->r.re.len) {
        char c = p->r.re.ptr[p->r.at];
        bool extended = !p->quoted && (p->r.flags & FLAG_EXTENDED);

        if (reader_takes(&p->r, "\\E"))
            p->quoted = false;
        else if (!p->quoted && reader_takes(&p->r, "\\Q"))
            p->quoted = true;
        else if (!p->quoted && reader_sees(&p->r, "(?#"))
            p->r.at += take_until(p, ')', &text) ? 0 : unknown(p);
        else if (extended && (c == ' ' || (c >= 9 && c <= 13)))
            p->r.at++;
        else if (extended && c == '#')
            p->r.at = take_until(p, '\n', &text) ? p->r.at : p->r.re.len;
        else
            return;
    }
}

/* Behind a brace: "{,3}" and "{ 1 }" are literal text for PCRE2 10.42, and quantifiers for 10.43. */
static bool
brace_is_doubtful(const struct parser *p)
{
    char c = p->r.at < p->r.re.len ? p->r.re.ptr[p->r.at] : 'x';

    return (c >= '0' && c <= '9') || c == ',' || c == ' ' || c == '\t';
}

static uint32_t
parse_item(struct parser *p)
{
    struct symset set, newline = symset_range('\n', '\n'), none = {{0}};
    unsigned char c = (unsigned char)p->r.re.ptr[p->r.at];

    if (reader_takes(&p->r, "[[:<:]]") || reader_takes(&p->r, "[[:>:]]"))
        return p->quoted ? unknown(p) : add(p, (struct node){.kind = NODE_WORD});
    p->r.at++;
    if (p->quoted)
        return add_set(p, NODE_SET, class_fold(symset_range(c, c), p->r.flags));
    switch (c) {
    case '(':
        return parse_group(p);
    case '[':
        return class_read(&p->r, &set) ? add_set(p, NODE_SET, set) : unknown(p);
    case '\\':
        return parse_escape(p);
    case '.':
        return add_set(p, NODE_SET, p->r.flags & FLAG_DOTALL ? symset_range(0, 255) : symset_bytes_not(newline));
    case '^':
        return add_set(p, NODE_PREV, edge_and(p->r.flags & FLAG_MULTILINE ? newline : none));
    case '$':
        return add_set(p, NODE_NEXT, edge_and(newline));
    case '*':
    case '+':
    case '?':
        return unknown(p);
    case '{':
        if (brace_is_doubtful(p))
            return unknown(p);
        return add_set(p, NODE_SET, symset_range(c, c));
    default:
        return add_set(p, NODE_SET, class_fold(symset_range(c, c), p->r.flags));
    }
}

static bool
read_bound(struct parser *p, uint32_t *value)
{
    size_t from = p->r.at;
    uint32_t v = 0;

    while (p->r.at < p->r.re.len && p->r.at - from < 6 && p->r.re.ptr[p->r.at] >= '0' && p->r.re.ptr[p->r.at] <= '9')
        v = v * 10 + (uint32_t)(p->r.re.ptr[p->r.at++] - '0');
    if (p->r.at > from)
        *value = v;
    return p->r.at > from;
}

/* * + ? {m} {m,} {m,n}; a brace that is none of these makes the pattern unknown. */
static bool
read_quantifier(struct parser *p, uint32_t *min, uint32_t *max)
{
    *min = 0;
    *max = REPEAT_MANY;
    if (reader_takes(&p->r, "*"))
        return true;
    if (reader_takes(&p->r, "?")) {
        *max = 1;
        return true;
    }
    if (reader_takes(&p->r, "+")) {
        *min = 1;
        return true;
    }
    if (!reader_takes(&p->r, "{"))
        return false;
    if (!brace_is_doubtful(p)) {
        p->r.at--; /* a literal brace */
        return false;
    }
    if (!read_bound(p, min))
        return unknown(p) != 0;
    if (!reader_takes(&p->r, ","))
        *max = *min;
    else
        (void)(reader_sees(&p->r, "}") || read_bound(p, max));
    if (!reader_takes(&p->r, "}") || *max < *min)
        return unknown(p) != 0;
    return true;
}

/* Lazy and possessive quantifiers match no text that the greedy one does not. */
static uint32_t
parse_quantifiers(struct parser *p, uint32_t item)
{
    uint32_t min, max;

    for (;;) {
        skip_noise(p);
        if (p->rc != RC_OK || p->quoted || p->r.at >= p->r.re.len || !read_quantifier(p, &min, &max))
            return item;
        skip_noise(p);
        if (!p->quoted && !reader_takes(&p->r, "?"))
            (void)reader_takes(&p->r, "+");
        item = add_repeat(p, item, min, max);
    }
}

static uint32_t
parse_branch(struct parser *p)
{
    struct list l = {0};

    for (;;) {
        skip_noise(p);
        if (p->rc != RC_OK || p->r.at >= p->r.re.len)
            break;
        if (!p->quoted && (reader_sees(&p->r, "|") || reader_sees(&p->r, ")")))
            break;
        uint32_t item = parse_item(p);

        list_append(p, &l, parse_quantifiers(p, item));
    }
    return list_close(p, &l, NODE_CAT);
}

/* Flags set inside a branch stay in force in those after it. */
static uint32_t
parse_alternation(struct parser *p)
{
    struct list l = {0};

    do
        list_append(p, &l, parse_branch(p));
    while (p->rc == RC_OK && reader_takes(&p->r, "|"));
    return list_close(p, &l, NODE_ALT);
}

enum rc
ast_parse(struct str regex, bool caseless, struct ast *t)
{
    struct parser p = {.r = {regex, 0, caseless ? FLAG_CASELESS : 0}, .t = t};

    *t = (struct ast){0};
    add(&p, (struct node){.kind = NODE_EMPTY}); /* index 0 */
    p.rc = t->list ? RC_OK : RC_NOMEM;
    t->root = parse_alternation(&p);
    if (p.rc == RC_OK && p.r.at != regex.len)
        p.rc = RC_UNIMPLEMENTED;
    return p.rc;
}
