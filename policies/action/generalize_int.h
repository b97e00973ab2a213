/* One function for each kind of value; what cannot be read is redacted whole. */
#ifndef ACTION_GENERALIZE_INT_H
#define ACTION_GENERALIZE_INT_H

#include "action.h"

#define GENERAL_OUT_MAX 160

/* Write what stands for value. Returns: bytes written; 0: value is no such thing */
size_t general_ip(const struct action *a, struct str value, char out[GENERAL_OUT_MAX]);
size_t general_date(const struct action *a, struct str value, char out[GENERAL_OUT_MAX]);
size_t general_coordinates(const struct action *a, struct str value, char out[GENERAL_OUT_MAX]);
size_t general_number(const struct action *a, struct str value, char out[GENERAL_OUT_MAX]);
size_t general_postal(const struct action *a, struct str value, char out[GENERAL_OUT_MAX]);
/* number: write the lower bound alone, so that it is one. */
size_t general_age(const struct action *a, struct str value, bool number, char out[GENERAL_OUT_MAX]);

#endif
