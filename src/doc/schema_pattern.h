/* doc/schema_pattern.h - the regular expressions of schemas; for doc/ only.
 *
 * Schemas write them as ECMA 262 does; base/pattern.h takes PCRE2's. */
#ifndef DOC_SCHEMA_PATTERN_H
#define DOC_SCHEMA_PATTERN_H

struct error;
struct pattern;

/* 0, ERROR_PATTERN (also for PCRE2's own constructs) or ERROR_MEMORY. */
int schema_pattern_new(struct pattern **out, const char *text, struct error *err);

#endif
