/**
 * Pairs of name and value in text: password=x, "secret": "x", token: x.
 */
#ifndef DETECT_PAIRS_INT_H
#define DETECT_PAIRS_INT_H

#include "checks_int.h"

/*
 * name, separator, value. A quoted value ends at the same quote, which may be escaped by the JSON around it, or
 * doubled by a table of CSV or a string of SQL; a bare one at white space, quotes, ; or &,
 * and at , ) } ] when these end it: followed by space, by the end, by one of them, or by the next pair.
 */
#define PAIR_SEPARATOR "\\\\?[\"'\\]]{0,2}[ \\t]{0,3}(?:=>|:=|==|[:=])[ \\t]{0,3}"
#define PAIR_QUOTED "(\\\\{0,3}[\"'](?:[\"'](?=[^\\s\"',;:)}\\]]))?)((?:(?!\\1)(?:\\\\[^\\r\\n]|[^\\\\\\r\\n]))++)"
#define PAIR_BARE "((?:[^\\s\"'<;&,)}\\]\\\\]++|<(?!/)|[,)}\\]](?=[^\\s,)}\\]\"'\\\\])(?![A-Za-z_][A-Za-z0-9_.-]{0,30}\\\\?[\"']?[=:]))++)"

/* Narrow to the value: group 2 when quoted, group 3 when bare. False when there is none, or a bare one that is a placeholder or goes on in prose. */
bool pair_narrow(struct match *m);

#endif
