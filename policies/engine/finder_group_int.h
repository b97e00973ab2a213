/**
 * Which patterns share an automaton. The states of a union multiply where patterns progress independently of each other, and hardly grow where they
 * progress together; two automata side by side cost little more time than one. So each pattern is put where it makes the table grow least on
 * sample texts.
 */
#ifndef ENGINE_FINDER_GROUP_INT_H
#define ENGINE_FINDER_GROUP_INT_H

#include "finder_nfa_int.h"

#define GROUP_NONE UINT8_MAX

#define FINDER_GROUPS_MAX 4

/**
 * group_pieces(pieces, count, group):
 * In:      pieces  those with group[i] == GROUP_NONE are left out; they are cut short where that costs no precision on usual texts
 * Out:     group   below FINDER_GROUPS_MAX; as few as are useful
 * Returns: RC_OK; RC_NOMEM
 */
enum rc group_pieces(struct piece *pieces, size_t count, uint8_t *group) MUST_USE;

#endif
