#include "changes_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define FILE_MAX ((size_t)64 << 20) /* the program is the largest */

static void
add(struct changes *list, const char *what, const char *name, const char *digest)
{
    struct change_item *it = &list->items[list->count++];

    it->what = what;
    snprintf(it->name, sizeof(it->name), "%s", name);
    snprintf(it->digest, sizeof(it->digest), "%s", digest);
}

static void
add_raw(struct changes *list, const char *what, const char *name, const uint8_t raw[SHA256_SIZE])
{
    char hex[2 * SHA256_SIZE + 1] = "";

    digest_hex((struct str){(const char *)raw, SHA256_SIZE}, hex);
    add(list, what, name, hex);
}

static void
add_file(struct changes *list, const char *what, const char *name, const char *path)
{
    struct buf text = BUF_INIT(FILE_MAX);
    uint8_t raw[SHA256_SIZE];

    if (!path)
        return;
    if (file_read(path, FILE_MAX, &text) == RC_OK && digest_sha256(buf_str(&text), raw) == RC_OK)
        add_raw(list, what, name, raw);
    else
        add(list, what, name, "");
    buf_free(&text);
}

static void
add_key(struct changes *list, const struct config_key *key, const struct secret *body_key)
{
    struct buf text = BUF_INIT(1u << 16);
    uint8_t raw[SHA256_SIZE];

    if (body_key && file_read(key->file, 1u << 16, &text) == RC_OK && digest_hmac_sha256(secret_bytes(body_key), buf_str(&text), raw) == RC_OK)
        add_raw(list, "key", key->id, raw);
    else
        add(list, "key", key->id, "");
    buf_free_wipe(&text);
}

static void
add_receiver(struct changes *list, const char *name, const struct config_receiver *r)
{
    char what[64];

    if (!r->on || r->tls.insecure)
        return;
    snprintf(what, sizeof(what), "receiver %s", name);
    add_file(list, "certificate", what, r->tls.cert_file);
    snprintf(what, sizeof(what), "clients of %s", name);
    add_file(list, "certificate", what, r->tls.client_ca_file);
}

static int
by_name(const void *a, const void *b)
{
    const struct change_item *x = a, *y = b;
    int order = strcmp(x->what, y->what);

    return order ? order : strcmp(x->name, y->name);
}

enum rc
changes_read(const struct material *m, struct changes *list)
{
    const struct config *c = m->config;
    struct changes out = {calloc(8 + c->exporter_count + c->key_count, sizeof(*out.items)), 0};
    char name[140];

    if (!out.items)
        return RC_NOMEM;
    add(&out, "policy", "all", program_digest(m->snap->program));
    add_file(&out, "configuration", "gateway", c->file);
    add_file(&out, "software", "spangate", "/proc/self/exe");
    add_receiver(&out, "otlp_grpc", &c->grpc);
    add_receiver(&out, "otlp_http", &c->http);
    for (size_t i = 0; i < c->exporter_count; i++) {
        snprintf(name, sizeof(name), "exporter %.120s", c->exporters[i].name);
        add_raw(&out, "certificate", name, c->exporters[i].tls_digest);
    }
    for (size_t i = 0; i < c->key_count; i++)
        add_key(&out, &c->keys[i], m->snap->body_key);
    qsort(out.items, out.count, sizeof(*out.items), by_name);
    *list = out;
    return RC_OK;
}

void
changes_free(struct changes *list)
{
    free(list->items);
    *list = (struct changes){0};
}

static void
record(struct flow *f, const struct change_item *it, const char *old_digest, const char *new_digest, bool at_start)
{
    flow_record_change(f, &(struct flow_change){it->what, it->name, old_digest, new_digest, at_start});
}

void
changes_record(struct flow *f, const struct changes *old, const struct changes *now)
{
    size_t i = 0, k = 0, old_count = old ? old->count : 0;

    while (i < old_count || k < now->count) {
        int order = i == old_count ? 1 : k == now->count ? -1 : by_name(&old->items[i], &now->items[k]);

        if (order < 0)
            record(f, &old->items[i], old->items[i].digest, NULL, false);
        else if (order > 0)
            record(f, &now->items[k], NULL, now->items[k].digest, old == NULL);
        else if (strcmp(old->items[i].digest, now->items[k].digest) != 0)
            record(f, &now->items[k], old->items[i].digest, now->items[k].digest, false);
        i += order <= 0;
        k += order >= 0;
    }
}
