/**
 * What the program itself puts into data: replacements, markers, tokens. A match that consists of nothing else is none, whatever rule it is of, so that a
 * second gate with the same policies changes nothing. Parts of values that masks leave are not among them: only the rule that left them knows them.
 */
#ifndef ACTION_OWN_H
#define ACTION_OWN_H

#include "action.h"

struct own;

/* Lives in ar, and borrows the texts of actions. NULL without memory. */
struct own *own_new(struct arena *ar);
enum rc own_add(struct own *o, struct arena *ar, const struct action *a) MUST_USE;

/*
 * Whether every byte of [start, end) of text lies in such bytes, or is a mark between or around them. Of what looks like an e-mail address, what stands before
 * its @ decides: "https://TOKEN@host" is a URL whose user is gone.
 */
bool own_holds(const struct own *o, struct str text, size_t start, size_t end);

/* End of the piece of ours that holds byte at; 0: there is none. */
size_t own_piece(const struct own *o, struct str text, size_t at);

/* Where the @ of an address in [start, end) stands, else end. */
size_t own_person_end(struct str text, size_t start, size_t end);

#endif
