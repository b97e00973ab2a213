#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>

#include "config_int.h"

#define FIELDS_MAX 32

struct err *
config_refuse(struct config_reader *r, unsigned code, const struct conf_node *n, const char *fmt, ...)
{
    char text[320];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return errs_add(r->es, ERR_ERROR, RC_CONFIG, code, conf_pos(r->doc, n), "%s", text);
}

static void
no_memory(struct config_reader *r)
{
    config_refuse(r, 0, NULL, "%s", rc_text(RC_NOMEM));
}

const char *
config_path(struct config_reader *r, const char *path)
{
    const char *file = conf_file(r->doc), *slash = strrchr(file, '/');
    size_t dir = path[0] != '/' && slash ? (size_t)(slash + 1 - file) : 0, len = strlen(path);
    char *full = arena_alloc(r->ar, dir + len + 1);

    if (!full) {
        no_memory(r);
        return NULL;
    }
    memcpy(full, file, dir);
    memcpy(full + dir, path, len + 1);
    return full;
}

static size_t
choice_count(const struct field *f)
{
    size_t n = 0;

    while (f->choices[n])
        n++;
    return n;
}

/* A default is written like a value of the file, so that the reference shows what is meant; a table with a wrong one does not start. */
static void
field_default(const struct field *f, void *to)
{
    struct str text = str_of(f->fallback);
    bool ok = true;

    if (f->type == FIELD_TEXT || f->type == FIELD_PATH)
        *(const char **)to = f->fallback;
    else if (f->type == FIELD_NUMBER)
        ok = str_to_u64(text, to);
    else if (f->type == FIELD_MIB && (ok = str_to_u64(text, to)))
        *(uint64_t *)to <<= 20;
    else if (f->type == FIELD_DURATION)
        ok = conf_parse_duration_ms(text, to);
    else if (f->type == FIELD_CHOICE) {
        unsigned i = 0;

        while (f->choices[i] && !str_eq(text, str_of(f->choices[i])))
            i++;
        ok = f->choices[i] != NULL;
        *(unsigned *)to = i;
    } else if (f->type == FIELD_ENDPOINT) {
        ok = config_parse_endpoint(text, to);
    }
    if (!ok)
        abort();
}

bool
config_parse_endpoint(struct str s, struct config_endpoint *e)
{
    struct config_endpoint out = {0};
    size_t colon = s.len;
    uint64_t port;
    unsigned char raw[16];

    if (str_eq(s, STR("none"))) {
        out.off = true;
        *e = out;
        return true;
    }
    while (colon > 0 && s.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || !str_to_u64(str_sub(s, colon, s.len), &port) || port > 65535)
        return false;
    struct str host = str_sub(s, 0, colon - 1);
    bool six = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';

    if (six)
        host = str_sub(host, 1, host.len - 1);
    if (str_eq(host, STR("localhost")))
        host = STR("127.0.0.1");
    if (host.len >= sizeof(out.address))
        return false;
    memcpy(out.address, host.ptr, host.len);
    if (inet_pton(six ? AF_INET6 : AF_INET, out.address, raw) != 1)
        return false;
    out.loopback = six ? IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)(const void *)raw) != 0 : raw[0] == 127; /* RFC 1122 section 3.2.1.3 */
    out.port = (uint16_t)port;
    *e = out;
    return true;
}

static void
read_endpoint(struct config_reader *r, const struct conf_node *n, struct config_endpoint *to)
{
    struct str s = {0};

    if (conf_text(r->doc, n, &s, r->es) != RC_OK)
        return;
    if (config_parse_endpoint(s, to)) {
        to->pos = conf_pos(r->doc, n);
        return;
    }
    err_hint(config_refuse(r, CONFIG_E_ENDPOINT, n, "an address and a port are wanted"), "0.0.0.0:4317, [::1]:4317 or localhost:4317");
}

static void
read_path(struct config_reader *r, const struct conf_node *n, const char **to)
{
    struct str s = {0};

    if (conf_text(r->doc, n, &s, r->es) != RC_OK)
        return;
    if (s.len == 0)
        config_refuse(r, CONFIG_E_VALUE, n, "the name of a file is wanted");
    else
        *to = config_path(r, s.ptr);
}

static void
read_text(struct config_reader *r, const struct conf_node *n, const char **to)
{
    struct str s = {0};

    if (conf_text(r->doc, n, &s, r->es) != RC_OK)
        return;
    if (s.len == 0)
        config_refuse(r, CONFIG_E_VALUE, n, "the value must not be empty");
    else
        *to = s.ptr;
}

/* Elements of a list, or values of a map with their names, into a new array. */
static void
read_items(struct config_reader *r, const struct conf_node *n, const struct field *f, void *base)
{
    bool named = f->type == FIELD_NAMED;
    const struct section *s = f->section;

    if (n->kind != (named ? CONF_MAP : CONF_LIST)) {
        config_refuse(r, CONFIG_E_VALUE, n, "%s is wanted", named ? "a map of names" : "a list");
        return;
    }
    if (n->count > s->max) {
        config_refuse(r, CONFIG_E_VALUE, n, "%s: more than %zu", f->name, s->max);
        return;
    }
    char *items = arena_calloc(r->ar, n->count ? n->count : 1, s->size);

    if (!items) {
        no_memory(r);
        return;
    }
    for (unsigned i = 0; i < n->count; i++) {
        if (n->items[i]->kind != CONF_MAP) {
            config_refuse(r, CONFIG_E_VALUE, n->items[i], "a map is wanted");
            continue;
        }
        if (named)
            *(const char **)(void *)(items + i * s->size) = n->keys[i]->text.ptr;
        section_read(r, n->items[i], s, items + i * s->size);
    }
    *(void **)((char *)base + f->at) = items;
    *(size_t *)((char *)base + f->count_at) = n->count;
}

static void
field_read(struct config_reader *r, const struct conf_node *n, const struct field *f, void *base)
{
    void *to = (char *)base + f->at;
    enum rc rc = RC_OK;

    switch (f->type) {
    case FIELD_TEXT:
        read_text(r, n, to);
        break;
    case FIELD_PATH:
        read_path(r, n, to);
        break;
    case FIELD_NUMBER:
        rc = conf_u64(r->doc, n, f->min, f->max, to, r->es);
        break;
    case FIELD_MIB:
        rc = conf_u64(r->doc, n, f->min, f->max, to, r->es);
        if (rc == RC_OK)
            *(uint64_t *)to <<= 20;
        break;
    case FIELD_DURATION:
        rc = conf_duration_ms(r->doc, n, f->min, f->max, to, r->es);
        break;
    case FIELD_CHOICE:
        rc = conf_choice(r->doc, n, f->choices, choice_count(f), to, r->es);
        break;
    case FIELD_ENDPOINT:
        read_endpoint(r, n, to);
        break;
    case FIELD_SECTION:
        section_read(r, n, f->section, to);
        break;
    case FIELD_LIST:
    case FIELD_NAMED:
        read_items(r, n, f, base);
        break;
    case FIELD_CUSTOM:
        f->read(r, n, to);
        break;
    }
    (void)rc; /* the error is in r->es, where config_load looks */
}

void
section_read(struct config_reader *r, const struct conf_node *n, const struct section *s, void *base)
{
    const char *names[FIELDS_MAX];
    size_t count = 0, before = r->es->errors;

    for (const struct field *f = s->fields; f->name; f++)
        names[count++] = f->name;
    if (n && conf_map_check(r->doc, n, names, count, r->es) != RC_OK && n->kind != CONF_MAP)
        return;
    for (const struct field *f = s->fields; f->name; f++) {
        const struct conf_node *value = conf_get(n, f->name);

        if (f->fallback)
            field_default(f, (char *)base + f->at);
        if (value && value->kind != CONF_NULL)
            field_read(r, value, f, base);
        else if (f->required && n)
            config_refuse(r, CONFIG_E_MISSING, n, "%s is missing", f->name);
        else if (f->type == FIELD_SECTION)
            section_read(r, NULL, f->section, (char *)base + f->at);
    }
    if (n && s->check && r->es->errors == before)
        s->check(r, n, base);
}
