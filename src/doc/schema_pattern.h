/* doc/schema_pattern.h - the regular expressions of schemas; for doc/ only.
 *
 * Schemas write them as ECMA 262 does; base/pattern.h takes PCRE2's. A text ends with a
 * NUL and may hold others. */
#ifndef DOC_SCHEMA_PATTERN_H
#define DOC_SCHEMA_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct pattern;

/* 0, ERROR_PATTERN (also for PCRE2's own constructs), ERROR_LIMIT or ERROR_MEMORY.
 * `strict`: without what Go's and Python's expressions add, which schemas are often
 * written with. */
int schema_pattern_new(struct pattern **out, const char *text, size_t length,
		       bool strict, struct error *err);

#endif
