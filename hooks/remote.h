/* hooks/remote.h - what the one who pushes gets to read. */
#ifndef HOOKS_REMOTE_H
#define HOOKS_REMOTE_H

#include <stddef.h>

struct error;

/* Writes lines to standard error, which git passes on with "remote: " in front; longer
 * ones than fit a line of 100 columns are broken at blanks. 0 or ERROR_IO. */
int remote_write(const char *text, size_t length, struct error *err);

/* "gitgate: text", needing no memory. Never fails: whoever calls it refuses anyway. */
void remote_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
