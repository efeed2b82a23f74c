/* doc/scalar.h - the kind of a YAML scalar by the core schema; for doc/ only.
 *
 * Source: YAML 1.2.2, section 10.3.2. So "yes", "on" and "1_000" are strings, and 010
 * is ten. */
#ifndef DOC_SCALAR_H
#define DOC_SCALAR_H

#include "doc/doc.h"

/* Of a plain scalar without tag. */
enum node_kind scalar_kind(const char *text, size_t length);
/* Of the text of a boolean. */
bool scalar_is_true(const char *text, size_t length);
/* False for a 0x or 0o number over 64 bits. */
bool scalar_fits(const char *text);

#endif
