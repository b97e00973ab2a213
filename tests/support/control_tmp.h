/**
 * Files in a temporary folder that ends with the program, and reports that are looked into.
 */
#ifndef SUPPORT_CONTROL_TMP_H
#define SUPPORT_CONTROL_TMP_H

#include "base/buf.h"

/* Write a file; its path, valid until the program ends. */
const char *tmp_write(const char *name, const char *text);
const char *tmp_write_bytes(const char *name, struct str bytes);
const char *tmp_path(const char *name);
/* NUL-terminate a report and assert that part is in it, or is not. */
void tmp_has(struct buf *out, const char *part);
void tmp_has_not(struct buf *out, const char *part);
/* Send standard error to a file; its path. */
const char *tmp_take_stderr(void);

#endif
