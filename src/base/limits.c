/* base/limits.c - named limits of input: the table of limits.def. */
#include "base/limits.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"

struct fact {
	const char *name;
	const char *unit;
	const char *reason;
};

static const struct fact facts[LIMIT_COUNT] = {
#define LIMIT(name, shown, value, unit, reason)                                        \
	[LIMIT_##name] = { shown, unit, reason },
#include "base/limits.def"
#undef LIMIT
};

const struct limits limits_default = { {
#define LIMIT(name, shown, value, unit, reason) [LIMIT_##name] = UINT64_C(value),
#include "base/limits.def"
#undef LIMIT
} };

const char *limit_name(enum limit limit)
{
	return facts[limit].name;
}

const char *limit_unit(enum limit limit)
{
	return facts[limit].unit;
}

const char *limit_reason(enum limit limit)
{
	return facts[limit].reason;
}

int limit_by_name(const char *name)
{
	for (int limit = 0; limit < LIMIT_COUNT; limit++)
		if (strcmp(facts[limit].name, name) == 0)
			return limit;
	return ERROR_NOT_FOUND;
}

int limit_check(const struct limits *limits, enum limit limit, uint64_t value,
		const char *what, struct error *err)
{
	if (value <= limits->values[limit])
		return 0;
	return error_set(err, ERROR_LIMIT,
			 "'%s' has %" PRIu64 " %s, over the limit %s (%" PRIu64 ")",
			 what, value, facts[limit].unit, facts[limit].name,
			 limits->values[limit]);
}
