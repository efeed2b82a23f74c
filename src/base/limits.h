/* base/limits.h - named limits of input; an error about one names it and its value. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stdint.h>

struct error;

enum limit {
#define LIMIT(name, shown, value, unit, reason) LIMIT_##name,
#include "base/limits.def"
#undef LIMIT
	LIMIT_COUNT
};

struct limits {
	uint64_t values[LIMIT_COUNT];
};

extern const struct limits limits_default;

const char *limit_name(enum limit limit); /* "yaml.depth" */
const char *limit_unit(enum limit limit);
const char *limit_reason(enum limit limit);
int limit_by_name(const char *name); /* enum limit, or ERROR_NOT_FOUND */
/* 0 when value <= limit; otherwise ERROR_LIMIT: "'what' has N units, over the limit
 * yaml.depth (64)". */
int limit_check(const struct limits *limits, enum limit limit, uint64_t value,
		const char *what, struct error *err);

#endif
