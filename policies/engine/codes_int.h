/**
 * The numbers of what can be wrong with a policy (SGnnnn). A number is stable: it is documented, searched for, and never used again for
 * something else. Gaps are free.
 */
#ifndef ENGINE_CODES_INT_H
#define ENGINE_CODES_INT_H

enum policy_code {
    SG_API_VERSION = 401,     /* apiVersion is not spangate/v1 */
    SG_KIND = 402,            /* unknown kind */
    SG_MISSING = 403,         /* a required key is not there */
    SG_NAME = 404,            /* a name with characters or a length that metrics and reports cannot carry */
    SG_NAME_TWICE = 405,      /* two policies of one name */
    SG_TOO_MANY = 406,        /* more policies, rules or patterns than a program holds */
    SG_NO_POLICY = 407,       /* no enforcing RedactionPolicy: nothing could leave */
    SG_FILE = 408,            /* a policy file cannot be read */
    SG_RULE_TWICE = 410,      /* rule id used twice in a policy */
    SG_RULE_EMPTY = 411,      /* rule without keys, entity, use, detector or regex */
    SG_ENTITY = 412,          /* unknown entity or detector */
    SG_ACTION = 413,          /* unknown action */
    SG_ACTION_ARGUMENT = 414, /* an action's argument is missing or wrong */
    SG_PLACE = 415,           /* unknown place */
    SG_REGEX = 416,           /* a regular expression that is refused (confirm_compile) */
    SG_KEY_ID = 417,          /* hash action names a key that is not configured */
    SG_WHEN = 418,            /* condition cannot be read */
    SG_WHEN_VALUE = 419,      /* condition names a destination or country that does not exist */
    SG_WHEN_NEVER = 420,      /* warning: condition holds for no destination */
    SG_GLOB = 421,            /* empty or too long key pattern */
    SG_USE = 422,             /* unknown pack in use */
    SG_DETECTOR = 423,        /* detector definition that says nothing or contradicts itself */
    SG_KEY_SHORT = 424,       /* secret of a hash key is too short */
    SG_REPLACEMENT = 425,     /* warning: a replacement matches a rule itself */
    SG_CONTROLS = 426,        /* wrong list of controls */
    SG_CONFLICT = 427,        /* keys of a rule that exclude each other */
    SG_SINCE = 428,           /* a date that cannot be read */
    SG_ALLOW = 429,           /* an allowed value that is none */
    SG_WHEN_OPEN = 430,       /* warning: condition on what a destination does not say */
    SG_GLOB_PLACE = 431,      /* key pattern that begins with a place: no key does */
    SG_GLOB_LITERAL = 432     /* warning: key pattern with what is a wildcard elsewhere */
};

#endif
