/* model/deployment.c - names of the states and causes of deployments. */
#include "model/deployment.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *shown;
	bool terminal;
} states[DEPLOYMENT_STATE_COUNT] = {
	[DEPLOYMENT_UNKNOWN] = { "unknown", false },
#define DEPLOYMENT_STATE(name, shown, terminal, help)                                  \
	[DEPLOYMENT_##name] = { shown, terminal },
#include "model/deployment.def"
#undef DEPLOYMENT_STATE
};

static const char *const causes[CAUSE_COUNT] = {
	[CAUSE_UNKNOWN] = "unknown", [CAUSE_PUSH] = "push",
	[CAUSE_REQUEST] = "request", [CAUSE_ROLLBACK] = "rollback",
	[CAUSE_DRIFT] = "drift",
};

const char *deployment_state_name(enum deployment_state state)
{
	if ((unsigned int)state >= DEPLOYMENT_STATE_COUNT)
		state = DEPLOYMENT_UNKNOWN;
	return states[state].shown;
}

enum deployment_state deployment_state_by_name(const char *name)
{
	for (int state = 1; name != NULL && state < DEPLOYMENT_STATE_COUNT; state++)
		if (strcmp(states[state].shown, name) == 0)
			return (enum deployment_state)state;
	return DEPLOYMENT_UNKNOWN;
}

bool deployment_state_is_terminal(enum deployment_state state)
{
	return (unsigned int)state < DEPLOYMENT_STATE_COUNT && states[state].terminal;
}

const char *deployment_cause_name(enum deployment_cause cause)
{
	if ((unsigned int)cause >= CAUSE_COUNT)
		cause = CAUSE_UNKNOWN;
	return causes[cause];
}

enum deployment_cause deployment_cause_by_name(const char *name)
{
	for (int cause = 1; name != NULL && cause < CAUSE_COUNT; cause++)
		if (strcmp(causes[cause], name) == 0)
			return (enum deployment_cause)cause;
	return CAUSE_UNKNOWN;
}
