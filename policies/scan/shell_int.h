/**
 * Command lines: words (shell.c) and what flags of known programs say of the word behind them (shell_flags.c).
 */
#ifndef SCAN_SHELL_INT_H
#define SCAN_SHELL_INT_H

#include "forms_int.h"

/* What the next word, or what is attached to a flag, is. */
enum argument {
    ARG_NONE,
    ARG_SECRET,   /* a password, a token */
    ARG_USER,     /* user:password */
    ARG_HEADER,   /* Name: value */
    ARG_COOKIE,   /* name=value; ... or the name of a file */
    ARG_BODY,     /* data that is sent */
    ARG_SQL,      /* statements */
    ARG_DOUBTFUL, /* -p of an unknown program: a password, a port or a path */
};

/* The argument of a flag, which begins with - or /; *attached is where it begins within the flag, flag.len when it is the next word. */
enum argument flag_argument(struct str command, struct str flag, size_t *attached);

/* The last part of a path, without .exe. */
struct str command_name(struct str word);

#endif
