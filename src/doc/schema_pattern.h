/* doc/schema_pattern.h - the regular expressions of schemas; for doc/ only.
 *
 * Schemas write them as ECMA 262 does; base/pattern.h takes PCRE2's. A text ends with a
 * NUL and may hold others. */
#ifndef DOC_SCHEMA_PATTERN_H
#define DOC_SCHEMA_PATTERN_H

#include <stddef.h>

struct error;
struct pattern;

/* Part of the image of a schema. */
enum pattern_flavour {
	/* and what Go's and Python's expressions add, with which schemas are often
	 * written */
	PATTERN_TOLERANT,
	PATTERN_GO, /* the same, but '.' is anything but LF: Kubernetes' schemas */
	PATTERN_STRICT,
};

/* 0, ERROR_PATTERN (also for PCRE2's own constructs), ERROR_LIMIT or ERROR_MEMORY. */
int schema_pattern_new(struct pattern **out, const char *text, size_t length,
		       enum pattern_flavour flavour, struct error *err);

#endif
