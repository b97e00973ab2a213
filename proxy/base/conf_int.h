/* What the reader of YAML and the typed readers share. */
#ifndef BASE_CONF_INT_H
#define BASE_CONF_INT_H

#include "base/arena.h"
#include "base/conf.h"

#define CONF_FILE_MAX (4u << 20)
#define CONF_DEPTH_MAX 64
#define CONF_NODES_MAX 200000
#define CONF_DOCUMENTS_MAX 64
#define CONF_ANCHORS_MAX 1000 /* of a document; they are searched one by one */
#define CONF_SCALAR_MAX (1u << 20)
#define CONF_ARENA_MAX (96u << 20)

/* Numbers of the messages about files and values. */
enum conf_code {
    CONF_E_READ = 1,
    CONF_E_SYNTAX = 2,
    CONF_E_DUPLICATE = 3,
    CONF_E_EXPAND = 4,
    CONF_E_LIMIT = 5,
    CONF_E_TYPE = 6,
    CONF_E_RANGE = 7,
    CONF_E_UNKNOWN_KEY = 8,
    CONF_E_CHOICE = 9
};

struct conf_doc {
    struct arena *ar; /* owns everything below */
    const char *file;
    struct conf_node *roots[CONF_DOCUMENTS_MAX];
    unsigned count;
};

/**
 * conf_expand(doc, text, out, secret, why):
 * Replace ${env:..} and ${file:..} in ${text}; "$${" stands for "${". What was put in is not looked at again.
 * In:      doc     relative files are relative to its file; its arena holds the result
 * Out:     secret  set when a file was read
 *          why     char[160], the problem when RC_CONFIG
 * Returns: RC_OK; RC_CONFIG; RC_NOMEM
 */
enum rc conf_expand(struct conf_doc *doc, struct str text, struct str *out, bool *secret, char why[160]) MUST_USE;

#endif
