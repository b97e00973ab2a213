#include "action.h"

#include <stdarg.h>
#include <stdio.h>

#include "../engine/codes_int.h"

static const struct action_type *const types[] = {
    &action_drop,
    &action_replace,
    &action_mask,
    &action_hash,
    &action_encrypt,
    &action_fpe,
    &action_truncate,
    &action_generalize,
};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))
#define TEMPLATE_MAX 256

const struct action_type *const *
action_types(size_t *count)
{
    *count = TYPE_COUNT;
    return types;
}

static const struct action_type *
type_find(const struct action_env *env, const struct conf_node *name)
{
    const char *names[TYPE_COUNT];

    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (str_eq(name->text, str_of(types[i]->name)))
            return types[i];
        names[i] = types[i]->name;
    }
    struct err *e = errs_add(
        env->es, ERR_ERROR, RC_CONFIG, SG_ACTION, conf_pos(env->doc, name), "unknown action %.*s", (int)name->text.len, name->text.ptr);

    err_hint_nearest(e, name->text, names, TYPE_COUNT);
    return NULL;
}

enum rc
action_read(const struct action_env *env, const struct conf_node *n, struct action *a)
{
    const struct conf_node *name = n, *arg = NULL;
    struct action got = {0};

    if (n->kind == CONF_MAP && n->count == 1) {
        name = n->keys[0];
        arg = n->items[0];
        if (arg->kind == CONF_NULL)
            arg = NULL;
    }
    if (name->kind != CONF_SCALAR) {
        err_hint(errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_ACTION, conf_pos(env->doc, n), "an action is a name, or one name with its argument"),
            "write `action: drop` or `action: {mask: {keep_last: 4}}`");
        return RC_CONFIG;
    }
    got.type = type_find(env, name);
    if (!got.type)
        return RC_CONFIG;
    if (arg && !got.type->argument) {
        errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_ACTION_ARGUMENT, conf_pos(env->doc, arg), "action %s takes no argument", got.type->name);
        return RC_CONFIG;
    }
    enum rc rc = got.type->read(env, arg, &got);

    if (rc == RC_OK)
        *a = got;
    return rc;
}

/* "hex32": the number, 0 when it is none or out of range. */
static unsigned
hex_count(struct str name)
{
    uint64_t n = 0;

    if (!str_starts(name, STR("hex")) || !str_to_u64(str_sub(name, 3, name.len), &n) || n < 16 || n > 64 || n % 2)
        return 0;
    return (unsigned)n;
}

/* What stands for a {name}; ptr NULL when there is no such name. */
static struct str
template_value(const struct action_env *env, struct str name, const char *keyid)
{
    if (str_eq(name, STR("entity")))
        return env->entity;
    if (str_eq(name, STR("rule")))
        return env->rule;
    if (keyid && str_eq(name, STR("keyid")))
        return str_of(keyid);
    return (struct str){NULL, 0};
}

static enum rc
template_error(const struct action_env *env, const struct conf_node *n, struct str name, const char *keyid)
{
    static const char *const names[] = {"entity", "rule", "keyid", "hex32"};
    struct err *e = errs_add(
        env->es, ERR_ERROR, RC_CONFIG, SG_ACTION_ARGUMENT, conf_pos(env->doc, n), "unknown variable {%.*s}", (int)name.len, name.len ? name.ptr : "");

    err_hint_nearest(e, name, names, keyid ? 4 : 2);
    return RC_CONFIG;
}

enum rc
action_template(const struct action_env *env, const struct conf_node *n, struct str text, const char *keyid, struct action_parts *parts)
{
    char out[TEMPLATE_MAX];
    size_t len = 0, cut = SIZE_MAX;
    struct action_parts got = {0};

    for (size_t i = 0; i < text.len;) {
        struct str piece = str_sub(text, i, i + 1);
        size_t close = text.ptr[i] == '{' ? str_find(str_sub(text, i, text.len), STR("}")) : SIZE_MAX;

        if (close != SIZE_MAX) {
            struct str name = str_sub(text, i + 1, i + close);
            unsigned hex = keyid && got.hex == 0 ? hex_count(name) : 0;

            piece = template_value(env, name, keyid);
            if (!piece.ptr && hex == 0)
                return template_error(env, n, name, keyid);
            got.named |= str_eq(name, STR("keyid"));
            if (hex) {
                got.hex = hex;
                cut = len;
            }
            i += close + 1;
        } else {
            i++;
        }
        if (len + piece.len > sizeof(out)) {
            errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_ACTION_ARGUMENT, conf_pos(env->doc, n), "longer than %d bytes", TEMPLATE_MAX);
            return RC_CONFIG;
        }
        if (piece.len)
            memcpy(out + len, piece.ptr, piece.len);
        len += piece.len;
    }
    if (cut == SIZE_MAX)
        cut = len;
    got.before = arena_dup(env->ar, (struct str){out, cut});
    got.after = arena_dup(env->ar, (struct str){out + cut, len - cut});
    if ((cut && !got.before.ptr) || (len > cut && !got.after.ptr))
        return RC_NOMEM;
    *parts = got;
    return RC_OK;
}

struct str
action_tenant(const struct action *a, const struct action_in *in)
{
    return a->tenant_key.len ? in->tenant : a->tenant;
}

enum rc
action_refuse(const struct action_env *env, const struct conf_node *n, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_ACTION_ARGUMENT, conf_pos(env->doc, n ? n : env->at), "action of rule %.*s: %s", (int)env->rule.len,
        env->rule.ptr, text);
    return RC_CONFIG;
}

size_t
action_point(struct str s)
{
    unsigned char c = (unsigned char)s.ptr[0];
    size_t want = c < 0xC2 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 1;

    if (want > s.len)
        return 1;
    for (size_t i = 1; i < want; i++)
        if (((unsigned char)s.ptr[i] & 0xC0) != 0x80)
            return 1;
    return want;
}
