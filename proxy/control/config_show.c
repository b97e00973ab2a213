/* A gateway file as it is understood: its values after expansion, and, when asked for, what it leaves to defaults. */
#include "config_checks_int.h"
#include "config_int.h"

#define INDENT 2

struct show {
    FILE *out;
    bool defaults;
};

static bool
is_plain(struct str s)
{
    static const char special[] = "-?:,[]{}#&*!|>'\"%@` \t";
    bool plain = s.len > 0 && !memchr(special, s.ptr[0], sizeof(special) - 1) && s.ptr[s.len - 1] != ':' && s.ptr[s.len - 1] != ' ';

    for (size_t i = 0; i < s.len && plain; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        plain = c > 0x20 && c < 0x7f && !memchr("[]{},#", c, 6) && !(c == ':' && i + 1 < s.len && s.ptr[i + 1] == ' ');
        plain |= c == ' ' && s.ptr[i + 1] != '#' && s.ptr[i - 1] != ':';
    }
    return plain;
}

static void
show_text(const struct show *w, const struct conf_node *n)
{
    if (n->secret) {
        fputs("(secret)", w->out);
        return;
    }
    if (!n->quoted && is_plain(n->text)) {
        fprintf(w->out, "%.*s", (int)n->text.len, n->text.ptr);
        return;
    }
    fputc('"', w->out);
    for (size_t i = 0; i < n->text.len; i++) {
        unsigned char c = (unsigned char)n->text.ptr[i];

        if (c == '"' || c == '\\')
            fprintf(w->out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(w->out, "\\x%02x", c);
        else
            fputc(c, w->out);
    }
    fputc('"', w->out);
}

static void show_node(const struct show *w, const struct conf_node *n, unsigned indent, bool secret);

/* What stands behind "key:". */
static void
show_value(const struct show *w, const struct conf_node *n, unsigned indent, bool secret)
{
    bool block = n->kind == CONF_MAP || n->kind == CONF_LIST;

    if (block && n->count) {
        fputc('\n', w->out);
        show_node(w, n, indent + INDENT, secret);
    } else if (block) {
        fputs(n->kind == CONF_MAP ? " {}\n" : " []\n", w->out);
    } else if (n->kind == CONF_NULL) {
        fputc('\n', w->out);
    } else {
        fputc(' ', w->out);
        if (secret)
            fputs("(secret)", w->out);
        else
            show_text(w, n);
        fputc('\n', w->out);
    }
}

/* A map or a list in block form; secret: none of its values is shown. */
static void
show_node(const struct show *w, const struct conf_node *n, unsigned indent, bool secret)
{
    for (unsigned i = 0; i < n->count; i++) {
        fprintf(w->out, "%*s", (int)indent, "");
        if (n->kind == CONF_MAP) {
            show_text(w, n->keys[i]);
            fputc(':', w->out);
        } else {
            fputc('-', w->out);
        }
        show_value(w, n->items[i], indent, secret);
    }
}

static void show_section(const struct show *w, const struct section *s, const struct conf_node *n, unsigned indent);

/* Whether the section would show anything: it is in the file, or has a default somewhere. */
static bool
section_shows(const struct show *w, const struct section *s, const struct conf_node *n)
{
    if (n)
        return true;
    for (const struct field *f = s->fields; f->name; f++)
        if (f->required)
            return false; /* nothing stands for it */
    for (const struct field *f = s->fields; f->name && w->defaults; f++)
        if (f->fallback || (f->type == FIELD_SECTION && section_shows(w, f->section, NULL)))
            return true;
    return false;
}

/* Members of a list or a named map. */
static void
show_members(const struct show *w, const struct field *f, const struct conf_node *n, unsigned indent)
{
    fputc('\n', w->out);
    for (unsigned i = 0; i < n->count; i++) {
        fprintf(w->out, "%*s", (int)indent + INDENT, "");
        if (f->type == FIELD_NAMED)
            show_text(w, n->keys[i]);
        fputs(f->type == FIELD_NAMED ? ":\n" : "-\n", w->out);
        show_section(w, f->section, n->items[i], indent + 2 * INDENT);
    }
}

static void
show_field(const struct show *w, const struct field *f, const struct conf_node *n, unsigned indent)
{
    bool members = f->type == FIELD_LIST || f->type == FIELD_NAMED;

    if (f->type == FIELD_SECTION ? !section_shows(w, f->section, n) : !n && !(w->defaults && f->fallback))
        return;
    fprintf(w->out, "%*s%s:", (int)indent, "", f->name);
    if (f->type == FIELD_SECTION) {
        fputc('\n', w->out);
        show_section(w, f->section, n, indent + INDENT);
    } else if (!n) {
        fprintf(w->out, " %s  # default\n", f->fallback);
    } else if (members && n->count) {
        show_members(w, f, n, indent);
    } else {
        show_value(w, n, indent, f->read == config_read_headers);
    }
}

static void
show_section(const struct show *w, const struct section *s, const struct conf_node *n, unsigned indent)
{
    for (const struct field *f = s->fields; f->name; f++)
        show_field(w, f, conf_get(n, f->name), indent);
}

enum rc
config_show(const char *path, bool defaults, FILE *out, struct errs *es)
{
    const struct show w = {out, defaults};
    const struct config *c = NULL;
    struct conf_doc *doc = NULL;
    enum rc rc = config_load(path, &c, es);

    if (rc == RC_OK)
        rc = conf_load_file(path, &doc, es);
    if (rc == RC_OK)
        show_section(&w, &config_root_section, conf_root(doc, 0), 0);
    conf_free(doc);
    config_unref(c);
    return rc;
}
