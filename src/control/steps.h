/* control/steps.h - the way of a change as data: see steps.def. */
#ifndef CONTROL_STEPS_H
#define CONTROL_STEPS_H

#include "sandbox/sandbox.h"

enum step_subject { STEP_CHANGE, STEP_DEPLOYMENT };
enum step_outcome { STEP_PASSED, STEP_FAILED, STEP_CRASHED };

struct step {
	enum step_subject subject;
	const char *state;
	enum profile job;
	const char *next[3]; /* by enum step_outcome */
	const char *help;
};

/* The row of a state; an unknown state is a damaged store: NULL. */
const struct step *step_find(enum step_subject subject, const char *state);

/* The state that follows. `state` must be one of steps.def. */
const char *step_next(enum step_subject subject, const char *state,
		      enum step_outcome outcome);

#endif
