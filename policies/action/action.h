/**
 * Actions: what is done with a finding. One action is one file that exports one const entry; the list stands in action.c.
 *
 *   finding [start,end) of a text --value--> apply --> bytes that stand there instead
 *
 * An action is read once, when its rule is loaded, and is immutable afterwards; apply is pure. What an action emits must not be found
 * again by the rule that it served: is_own says so where the bytes alone do not.
 */
#ifndef ACTION_ACTION_H
#define ACTION_ACTION_H

#include "base/arena.h"
#include "base/conf.h"
#include "base/conf_shape.h"
#include "policies/program.h"
#include "policies/token.h"

/* Stands where a rule could not be run to its end. */
#define ACTION_UNDECIDABLE "[redacted:undecidable]"
/* Stands where a value was found in an encoded form (base64, hex) of which no part may be kept. */
#define ACTION_ENCODED "[redacted:encoded]"
/* Stands where a match went that its surroundings need: a name and nothing behind it would take the next word for its value. */
#define ACTION_DROPPED "[redacted]"
/* Stands where format-preserving encryption is not possible or would be no encryption. */
#define ACTION_NOT_FPE "[redacted:not_encryptable]"

/* A key as its tokens name it. id.ptr is NULL: there is none. */
struct action_key {
    struct str id;
    uint8_t bytes[SIV_KEY_SIZE]; /* derived for the purpose; how many of them count depends on it */
};

/* What generalize makes of a value. */
enum general { GENERAL_IP, GENERAL_DATE, GENERAL_AGE, GENERAL_COORDINATES, GENERAL_NUMBER, GENERAL_POSTAL };
enum general_date { DATE_YEAR, DATE_MONTH, DATE_DAY };
#define GENERAL_BUCKETS_MAX 32

struct action {
    const struct action_type *type;
    struct str tenant;     /* text that keeps pseudonyms apart; empty: none */
    struct str tenant_key; /* or the resource attribute that holds it; empty: none */
    union {
        struct {
            struct str text;
        } replace;
        struct {
            char mark[4];
            uint8_t mark_len;
            bool all; /* separators too */
            uint32_t keep_first, keep_last;
            uint32_t width; /* marks, whatever the length; 0: one for each character */
        } mask;
        struct {
            struct action_key key, previous; /* of pseudonyms of the entity */
            struct str before, after;        /* of the digits */
            struct str old_before, old_after;
            uint8_t hex;       /* digits, 16..64 */
            bool named;        /* the key id stands in the token */
            uint8_t check;     /* how many of the last digits prove that the others were made here */
            uint8_t canonical; /* enum canonical */
        } hash;
        struct {
            struct action_key key, previous;
            struct str entity;
            struct fpe_shape shape; /* of fpe */
        } seal;                     /* encrypt, fpe */
        struct {
            uint32_t to;
        } truncate;
        struct {
            uint8_t what; /* enum general */
            uint8_t ipv4_prefix, ipv6_prefix;
            uint8_t date;           /* enum general_date */
            uint8_t digits;         /* coordinates: decimals; number: significant digits, 0 = buckets */
            uint8_t postal;         /* digits of a ZIP code that stay */
            uint32_t not_before;    /* a year; 0: none */
            uint32_t top;           /* age from which on there is one group */
            uint64_t width;         /* of buckets of ages and numbers */
            const int64_t *buckets; /* lower bounds, ascending; NULL: width */
            uint32_t bucket_count;
        } generalize;
    };
};

/* What an action is applied to. */
struct action_in {
    struct str value;
    struct str tenant; /* of the resource, for actions with a tenant_key */
    bool number;       /* value is the decimal form of a number: what can be one again should be */
};

/* What an action may know when it is read. */
struct action_env {
    const struct program_source *src;
    const struct conf_doc *doc;
    struct errs *es;
    struct arena *ar;           /* of the program: strings of the action live here */
    const struct conf_node *at; /* where the action stands, for errors without a place of their own */
    struct str rule, entity;
};

struct action_type {
    const char *name;               /* as policies write it */
    const char *doc;                /* one line */
    const char *argument;           /* an example of its argument, NULL = it takes none */
    const struct conf_shape *shape; /* of the argument when it is a map; NULL: it is a text */
    bool removes;                   /* on an attribute's whole value: the attribute goes */
    bool partial;                   /* what is emitted holds a part of the value */

    /* Read the argument (NULL: none was given). RC_OK; RC_CONFIG with errors in env->es; RC_NOMEM. */
    enum rc (*read)(const struct action_env *env, const struct conf_node *arg, struct action *a);
    /* What stands in place of value; out is in ar, or lives as long as a. RC_OK; RC_NOMEM; RC_UNDECIDABLE. */
    enum rc (*apply)(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out);
    /* Bytes at the start of value that are no concern of the action; NULL = none. They stay open to other findings. */
    size_t (*kept)(const struct action *a, struct str value);
    /*
     * Whether [start, end) of text can only be, or lie in, what this very action has put there before; NULL = never. For what holds parts of values; texts
     * and tokens are known to the program as a whole: own.h.
     */
    bool (*is_own)(const struct action *a, struct str text, size_t start, size_t end);
};

extern const struct action_type action_drop, action_replace, action_mask, action_hash, action_encrypt, action_fpe, action_truncate, action_generalize;

/* All actions. */
const struct action_type *const *action_types(size_t *count);

/**
 * action_read(env, n, a):
 * Read "name", or a map of one name and its argument: {mask: {keep_last: 4}}.
 * Out:     a  untouched on failure
 * Returns: RC_OK; RC_CONFIG with errors in env->es; RC_NOMEM
 */
enum rc action_read(const struct action_env *env, const struct conf_node *n, struct action *a) MUST_USE;

/**
 * action_template(env, n, text, keyid, parts):
 * Expand {entity}, {rule} and, when ${keyid} is not NULL, {keyid} and one {hexN} (N even, 16..64).
 * Out:     parts  before and after the {hexN}; all in before when the text has none, hex is 0 then
 * Returns: RC_OK; RC_CONFIG with errors; RC_NOMEM
 */
struct action_parts {
    struct str before, after;
    unsigned hex;
    bool named; /* {keyid} was there */
};
enum rc action_template(
    const struct action_env *env, const struct conf_node *n, struct str text, const char *keyid, struct action_parts *parts) MUST_USE;

/* The tenant that counts for a value. */
struct str action_tenant(const struct action *a, const struct action_in *in);

/* An error at an argument of an action; n NULL: at the action. Returns: RC_CONFIG */
enum rc action_refuse(const struct action_env *env, const struct conf_node *n, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Length of the UTF-8 sequence that starts s, 1 for a byte that starts none. s is not empty. */
size_t action_point(struct str s);

#endif
