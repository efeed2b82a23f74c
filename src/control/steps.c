/* control/steps.c - looks up the way of a change. */
#include "control/steps.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct step steps[] = {
#define STEP(subject, state, job, passed, failed, crashed, help)                       \
	{ STEP_##subject, #state, PROFILE_##job, { #passed, #failed, #crashed }, help },
#include "control/steps.def"
#undef STEP
};

/* Compares with '_' and '-' as one. */
static bool same_state(const char *row, const char *state)
{
	for (; *row && *state; row++, state++)
		if (*row != *state && !(*row == '_' && *state == '-'))
			return false;
	return *row == *state;
}

const struct step *step_find(enum step_subject subject, const char *state)
{
	for (size_t i = 0; state && i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].subject == subject && same_state(steps[i].state, state))
			return &steps[i];
	return NULL;
}

const char *step_next(enum step_subject subject, const char *state,
		      enum step_outcome outcome)
{
	const struct step *step = step_find(subject, state);

	assert(step);
	return step->next[outcome];
}
