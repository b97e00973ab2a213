/* Tables of the gateway file, and what reads them. */
#ifndef CONTROL_CONFIG_INT_H
#define CONTROL_CONFIG_INT_H

#include "base/arena.h"
#include "bundle_int.h"
#include "control/config.h"

enum field_type {
    FIELD_TEXT,     /* const char * */
    FIELD_PATH,     /* const char *, made relative to the file's folder */
    FIELD_NUMBER,   /* uint64_t */
    FIELD_MIB,      /* uint64_t bytes; written in MiB */
    FIELD_DURATION, /* uint64_t ms */
    FIELD_CHOICE,   /* unsigned */
    FIELD_ENDPOINT, /* struct config_endpoint */
    FIELD_SECTION,  /* struct at the offset */
    FIELD_LIST,     /* pointer to an array of section's structs, size_t count at count_at */
    FIELD_NAMED,    /* the same, from a map: the first member of the struct is const char *name */
    FIELD_CUSTOM    /* read says */
};

struct config_reader {
    const struct conf_doc *doc;
    struct arena *ar;
    struct errs *es;
};

struct section;

struct field {
    const char *name;
    enum field_type type;
    size_t at, count_at;  /* offsets in the section's struct */
    const char *fallback; /* as written in the file; NULL = unset */
    uint64_t min, max;
    const char *const *choices; /* NULL-terminated */
    const struct section *section;
    void (*read)(struct config_reader *r, const struct conf_node *n, void *to);
    const char *type_text; /* for the reference, of FIELD_CUSTOM */
    bool required;
    const char *doc;
};

struct section {
    const struct field *fields;                                                    /* .name NULL ends */
    size_t size;                                                                   /* of the struct, for lists */
    size_t max;                                                                    /* elements of a list */
    void (*check)(struct config_reader *r, const struct conf_node *n, void *item); /* after all fields, when they had no errors */
};

extern const struct section config_root_section;
extern const struct section config_audit_section; /* config_audit.c */

/* Messages of control; config.c and its kin. */
enum config_code {
    CONFIG_E_MISSING = 101,
    CONFIG_E_ENDPOINT = 102,
    CONFIG_E_VALUE = 103,
    CONFIG_E_TWICE = 104,
    CONFIG_E_SOURCE = 105,
    CONFIG_E_RELOAD = 106,
    CONFIG_E_UNREACHED = 114,
    CONFIG_E_PLAINTEXT = 107
};

/* Fill base (zeroed) with defaults, then with what n says. Errors go to r->es. n NULL: defaults only. */
void section_read(struct config_reader *r, const struct conf_node *n, const struct section *s, void *base);

/* Whether the audit log stays what it was. */
bool config_audit_same(const struct config *a, const struct config *b);

/* Parse HOST:PORT; HOST numeric or localhost, IPv6 in brackets. false: no such thing. */
bool config_parse_endpoint(struct str s, struct config_endpoint *e) MUST_USE;

/* path relative to the file's folder, in the arena; NULL without memory (reported). */
const char *config_path(struct config_reader *r, const char *path);
struct err *config_refuse(struct config_reader *r, unsigned code, const struct conf_node *n, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The policy files that the sources mean, in the order that decides between rules; "pack:NAME" among them. */
#define CONFIG_FILES_MAX 256
struct config_files {
    char *names[CONFIG_FILES_MAX];
    struct str texts[CONFIG_FILES_MAX]; /* of files in bundles, borrowed from the configuration; ptr NULL: the name is to be read */
    size_t count;
};
/* False with errors in es; what is there already has to be freed in every case. */
bool config_files_list(const struct config *c, struct config_files *l, struct errs *es) MUST_USE;
void config_files_free(struct config_files *l);

/* An owner of strings: what config_load returns lies inside. */
struct config_owner {
    struct config config; /* first */
    struct arena *ar;
    struct secret **secrets;
    size_t secret_count;
    struct secret *body_key;
    struct arena *bundle_ar; /* NULL: no bundle was read yet */
    struct bundle *bundles;  /* in bundle_ar, of the last config_files_list */
    size_t bundle_count;
    bool starting; /* nothing is in force: a bundle that is refused is replaced by the last good one */
    _Atomic unsigned refs;
};

#endif
