/* `spangate policy explain` and `policy eval`: a span in, what becomes of it out. */
#include "eval_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "codec/otlp_json.h"
#include "codec/put.h"
#include "control/span_lines.h"
#include "explain_int.h"

#define JSON_BYTES_MAX ((size_t)1 << 30)

/* ---- one value, as a batch of its own ---- */

static void
put_attribute(struct put *p, uint32_t field, struct str key, struct str value)
{
    struct put_mark kv = put_open(p, field), any;

    put_bytes(p, 1, key);
    any = put_open(p, 2);
    put_bytes(p, 1, value);
    put_close(p, any);
    put_close(p, kv);
}

static void
put_span(struct put *p, const struct eval_value *v)
{
    struct put_mark inner;

    put_bytes(p, 1, STR("\20\21\22\23\24\25\26\27\20\21\22\23\24\25\26\27"));
    put_bytes(p, 2, STR("\20\21\22\23\24\25\26\27"));
    if (v->place == PLACE_SPAN_TRACE_STATE)
        put_bytes(p, 3, str_of(v->value));
    if (v->place == PLACE_SPAN_NAME)
        put_bytes(p, 5, str_of(v->value));
    if (v->place == PLACE_SPAN_ATTRIBUTE)
        put_attribute(p, 9, str_of(v->key), str_of(v->value));
    if (v->place == PLACE_EVENT_NAME || v->place == PLACE_EVENT_ATTRIBUTE) {
        inner = put_open(p, 11);
        put_fixed64(p, 1, 1);
        if (v->place == PLACE_EVENT_NAME)
            put_bytes(p, 2, str_of(v->value));
        else
            put_attribute(p, 3, str_of(v->key), str_of(v->value));
        put_close(p, inner);
    }
    if (v->place == PLACE_LINK_ATTRIBUTE || v->place == PLACE_LINK_TRACE_STATE) {
        inner = put_open(p, 13);
        put_bytes(p, 1, STR("\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10"));
        put_bytes(p, 2, STR("\1\2\3\4\5\6\7\10"));
        if (v->place == PLACE_LINK_TRACE_STATE)
            put_bytes(p, 3, str_of(v->value));
        else
            put_attribute(p, 4, str_of(v->key), str_of(v->value));
        put_close(p, inner);
    }
    if (v->place == PLACE_SPAN_STATUS_MESSAGE) {
        inner = put_open(p, 15);
        put_bytes(p, 2, str_of(v->value));
        put_close(p, inner);
    }
}

static void
put_scope(struct put *p, const struct eval_value *v)
{
    struct put_mark scope = put_open(p, 1);

    if (v->place == PLACE_SCOPE_NAME)
        put_bytes(p, 1, str_of(v->value));
    if (v->place == PLACE_SCOPE_VERSION)
        put_bytes(p, 2, str_of(v->value));
    if (v->place == PLACE_SCOPE_ATTRIBUTE)
        put_attribute(p, 3, str_of(v->key), str_of(v->value));
    put_close(p, scope);
}

/* Places that a value given by itself can stand in. */
static bool
place_of(const char *name, enum place *place)
{
    static const enum place known[] = {PLACE_SPAN_ATTRIBUTE, PLACE_SPAN_NAME, PLACE_SPAN_STATUS_MESSAGE, PLACE_SPAN_TRACE_STATE, PLACE_EVENT_NAME,
        PLACE_EVENT_ATTRIBUTE, PLACE_LINK_ATTRIBUTE, PLACE_LINK_TRACE_STATE, PLACE_RESOURCE_ATTRIBUTE, PLACE_SCOPE_NAME, PLACE_SCOPE_VERSION,
        PLACE_SCOPE_ATTRIBUTE};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, place_name(known[i])) != 0)
            continue;
        *place = known[i];
        return true;
    }
    return false;
}

static enum rc
value_batch(const struct eval_value *v, struct buf *out)
{
    struct put p = {.out = out};
    struct put_mark rs = put_open(&p, 1), resource = put_open(&p, 1), ss, span;

    for (size_t i = 0; i < v->resource_count; i++) {
        struct str pair = str_of(v->resource[i]);
        size_t equals = str_find(pair, STR("="));

        if (equals != SIZE_MAX)
            put_attribute(&p, 1, str_sub(pair, 0, equals), str_sub(pair, equals + 1, pair.len));
    }
    if (v->place == PLACE_RESOURCE_ATTRIBUTE)
        put_attribute(&p, 1, str_of(v->key), str_of(v->value));
    put_close(&p, resource);
    ss = put_open(&p, 2);
    put_scope(&p, v);
    span = put_open(&p, 2);
    put_span(&p, v);
    put_close(&p, span);
    put_close(&p, ss);
    put_close(&p, rs);
    return p.rc;
}

/* ---- explain ---- */

struct explain_run {
    struct explain_options o;
    struct buf *out;
};

static enum rc
on_explain(void *to, struct trial *tr, const struct batch_source *from)
{
    struct explain_run *run = to;

    (void)from;
    return explain_print(tr, &run->o, run->out);
}

static enum rc
explain_value(struct tool *t, const struct eval_options *o, struct explain_run *run)
{
    struct buf body = BUF_INIT((size_t)INT32_MAX);
    struct eval_value v = o->value;
    struct trial tr;
    enum rc rc = RC_OK;

    if (!place_of(o->place, &v.place)) {
        err_hint(errs_add(&t->es, ERR_ERROR, RC_USAGE, SG_TOOL_INPUT, (struct err_pos){0}, "unknown place %s", o->place),
            "span.attributes, span.name, span.status.message, spanevent.attributes, spanlink.attributes, resource.attributes, scope.name, ...");
        return RC_USAGE;
    }
    rc = trial_init(&tr, t);
    run->o.all = true;
    if (rc == RC_OK)
        rc = value_batch(&v, &body);
    if (rc == RC_OK)
        rc = trial_run(&tr, buf_str(&body), &o->sender);
    if (rc == RC_OK)
        rc = explain_print(&tr, &run->o, run->out);
    else if (rc != RC_NOMEM)
        errs_add(&t->es, ERR_ERROR, rc, SG_TOOL_INPUT, (struct err_pos){0}, "the gate would refuse it: %s", rc_text(rc));
    trial_fini(&tr);
    buf_free_wipe(&body);
    return rc;
}

/* A jurisdiction that is not known decides conditions wrongly: better said. */
static void
note_guess(const struct tool *t)
{
    if (t->guessed && t->destination_count)
        fprintf(stderr, "note: the destinations are the names in routes, without a jurisdiction; give --config or --destination\n");
}

int
explain_main(const struct eval_options *o, struct buf *out)
{
    struct explain_run run = {.o = {.json = o->format == EVAL_JSON, .all = o->all}, .out = out};
    const struct batch_visitor v = {on_explain, &run};
    struct tool t;
    int code = tool_open(&o->tool, &t);

    if (code == EXIT_DONE) {
        note_guess(&t);
        enum rc rc = o->value.value ? explain_value(&t, o, &run) : trial_each(&t, o->files, o->file_count, &o->sender, &v);

        code = rc == RC_MALFORMED || rc == RC_UTF8 || rc == RC_DUPLICATE ? EXIT_CONFIG : rc == RC_NOT_FOUND ? EXIT_UNAVAILABLE : exit_code_of(rc);
    }
    tool_report(&t.es, code);
    tool_close(&t);
    return code;
}

/* ---- eval ---- */

struct eval_run {
    const struct eval_options *o;
    struct buf *out;
    bool refused;
};

/* A value may hold what a terminal would obey. */
static enum rc
print_line(const struct span_line *l, struct buf *out)
{
    size_t start = out->len + 2;
    enum rc rc = buf_append(out, STR("  "));

    if (rc == RC_OK)
        rc = json_visible(out, l->path);
    while (rc == RC_OK && out->len < start + 44)
        rc = buf_append_byte(out, ' ');
    if (rc == RC_OK)
        rc = buf_append_byte(out, ' ');
    if (rc == RC_OK)
        rc = json_visible(out, l->value);
    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

static enum rc
print_lines(const struct batch *b, const struct batch *before, struct arena *ar, struct buf *out)
{
    struct span_lines lines = {0}, around = {0}, old = {0};
    enum rc rc = RC_OK;

    for (uint32_t s = 0; s < b->span_count && rc == RC_OK; s++) {
        rc = span_lines_around(b, s, ar, &around);
        if (rc == RC_OK)
            rc = span_lines_of(b, s, ar, &lines);
        for (uint32_t i = 0; i < around.count && rc == RC_OK; i++)
            rc = print_line(&around.list[i], out);
        for (uint32_t i = 0; i < lines.count && rc == RC_OK; i++)
            rc = print_line(&lines.list[i], out);
        /* One span, as usual: what is not there any more. */
        if (rc == RC_OK && before->span_count == 1 && b->span_count == 1)
            rc = span_lines_of(before, 0, ar, &old);
        for (uint32_t i = 0; rc == RC_OK && before->span_count == 1 && b->span_count == 1 && i < old.count; i++)
            if (!span_lines_get(&lines, old.list[i].path).ptr)
                rc = print_line(&(struct span_line){old.list[i].path, STR("(dropped)")}, out);
    }
    return rc;
}

static enum rc
print_json(const char *destination, uint32_t spans, struct str body, struct buf *out)
{
    enum rc rc = buf_append(out, STR("{\"destination\":\""));

    if (rc == RC_OK)
        rc = json_escape(out, str_of(destination));
    if (rc == RC_OK)
        rc = buf_printf(out, "\",\"spans\":%u,\"sent\":", spans);
    if (rc == RC_OK)
        rc = spans ? otlp_json_encode(body, out) : buf_append(out, STR("null"));
    return rc == RC_OK ? buf_append(out, STR("}\n")) : rc;
}

static enum rc
print_text(struct trial *tr, const char *destination, uint32_t spans, struct str body, struct buf *out)
{
    struct batch b;
    enum rc rc = buf_printf(out, "%s: %u of %u spans%s\n", destination, spans, tr->b.span_count, spans ? "" : ", nothing is sent");

    if (rc != RC_OK || spans == 0)
        return rc;
    rc = batch_index(body, &batch_limits_default, tr->ar, &b);
    return rc == RC_OK ? print_lines(&b, &tr->b, tr->ar, out) : rc;
}

static enum rc
eval_destination(struct eval_run *run, struct trial *tr, size_t d)
{
    struct buf body = BUF_INIT((size_t)INT32_MAX);
    const char *name = trial_destination(tr, d);
    uint32_t spans = 0;
    enum rc rc = trial_emit(tr, d, !run->o->to, &body, &spans);

    if (rc == RC_UNDECIDABLE) {
        run->refused = true;
        rc = run->o->format == EVAL_TEXT ? buf_printf(run->out, "%s: the request is refused: %s\n", name, rc_text(RC_UNDECIDABLE)) : RC_OK;
    } else if (rc == RC_OK && run->o->format == EVAL_PLAIN) {
        rc = spans ? otlp_json_encode(buf_str(&body), run->out) : RC_OK;
        if (rc == RC_OK && spans)
            rc = buf_append_byte(run->out, '\n');
    } else if (rc == RC_OK) {
        rc = run->o->format == EVAL_JSON ? print_json(name, spans, buf_str(&body), run->out) : print_text(tr, name, spans, buf_str(&body), run->out);
    }
    buf_free_wipe(&body);
    return rc;
}

/* Whether a policy asks to refuse what holds a span that may go nowhere. */
static bool
unroutable(const struct trial *tr)
{
    if (!tr->routed || residency_on_unroutable(tr->t->prog) != UNROUTABLE_REFUSE)
        return false;
    for (uint32_t s = 0; s < tr->b.span_count; s++) {
        bool anywhere = false;

        for (size_t d = 0; d < trial_destinations(tr) && !anywhere; d++)
            anywhere = trial_allowed(tr, s, d);
        if (!anywhere)
            return true;
    }
    return false;
}

static enum rc
on_eval(void *to, struct trial *tr, const struct batch_source *from)
{
    struct eval_run *run = to;
    const struct conf_node *named = conf_get(from->given, "destination");
    enum rc rc = RC_OK;

    bool refused = !run->o->to && !named && unroutable(tr);

    run->refused |= refused;
    if (refused && run->o->format == EVAL_TEXT)
        rc = buf_printf(run->out, "the request is refused: %s\n", rc_text(RC_UNROUTABLE));
    for (size_t d = 0; d < trial_destinations(tr) && rc == RC_OK && !refused; d++) {
        const char *name = trial_destination(tr, d);

        if (run->o->to ? strcmp(run->o->to, name) == 0 : !named || str_eq(named->text, str_of(name)))
            rc = eval_destination(run, tr, d);
    }
    for (uint32_t s = 0; s < tr->b.span_count && rc == RC_OK && run->o->format == EVAL_TEXT; s++)
        rc = explain_print_route(tr, s, run->out);
    return rc;
}

static bool
destination_known(struct tool *t, const char *name)
{
    const char *names[PROGRAM_DESTINATIONS_MAX];

    for (size_t d = 0; d < t->destination_count; d++) {
        names[d] = program_destination(t->prog, d).ptr;
        if (strcmp(names[d], name) == 0)
            return true;
    }
    err_hint_nearest(errs_add(&t->es, ERR_ERROR, RC_USAGE, SG_TOOL_DESTINATION, (struct err_pos){0}, "there is no destination %s", name),
        str_of(name), names, t->destination_count);
    return false;
}

int
eval_main(const struct eval_options *o, struct buf *out)
{
    struct eval_run run = {.o = o, .out = out};
    const struct batch_visitor v = {on_eval, &run};
    struct tool t;
    int code = tool_open(&o->tool, &t);

    if (code == EXIT_DONE) {
        note_guess(&t);
        enum rc rc = !o->to || destination_known(&t, o->to) ? trial_each(&t, o->files, o->file_count, &o->sender, &v) : RC_USAGE;

        code = rc == RC_MALFORMED || rc == RC_UTF8 || rc == RC_DUPLICATE ? EXIT_CONFIG : rc == RC_NOT_FOUND ? EXIT_UNAVAILABLE : exit_code_of(rc);
        if (code == EXIT_DONE && run.refused)
            code = EXIT_NEGATIVE;
    }
    tool_report(&t.es, code);
    tool_close(&t);
    return code;
}
