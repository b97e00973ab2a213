/* What the sections share: rows of tables to cells. */
#ifndef AUDIT_SECTIONS_INT_H
#define AUDIT_SECTIONS_INT_H

#include "report_int.h"

#define TALLY_EACH(r, id, row) \
    for (const struct tally_row *row = (r)->tally[id].rows, *row##_end = row ? row + (r)->tally[id].count : row; row < row##_end; row++)
#define EVENTS_EACH(r, id, ev) \
    for (const struct event *ev = (r)->events[id].items, *ev##_end = ev ? ev + (r)->events[id].count : ev; ev < ev##_end; ev++)

void cell_name(struct report *r, uint32_t number);
/* The names of the first count keys. */
void cells_names(struct report *r, const struct tally_row *row, unsigned count);
/* First and last time. */
void cells_times(struct report *r, const struct tally_row *row);
/* All categories with findings, in one cell. */
void cell_categories(struct report *r);

/* The first table of the summary. */
#define TABLE_VERDICT "verdict"
void table_verdict(struct report *r);

#endif
