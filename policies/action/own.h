/**
 * What the program itself puts into data: replacements, markers, tokens. A match that consists of nothing else is none, whatever rule it is of, so that a
 * second gate with the same policies changes nothing. Parts of values that masks leave are not among them: only the rule that left them knows them.
 */
#ifndef ACTION_OWN_H
#define ACTION_OWN_H

#include "action.h"

struct own;

/* Of all count actions at stride; entities and texts are borrowed. Lives in ar. NULL without memory. */
struct own *own_new(struct arena *ar);
enum rc own_add(struct own *o, struct arena *ar, const struct action *a) MUST_USE;

/* Whether every byte of [start, end) of text lies in such bytes, or is a separator between them. */
bool own_holds(const struct own *o, struct str text, size_t start, size_t end);

#endif
