/* tests/unit/test_control_steps.c - the table of the way: whole, sound, and with the
 * names that the store knows; the waiting after failures. */
#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "control/state.h"
#include "control/steps.h"
#include "model/deployment.h"

struct row {
	enum step_subject subject;
	const char *state;
};

static const struct row rows[] = {
#define STEP(subject, state, job, passed, failed, crashed, help)                       \
	{ STEP_##subject, #state },
#include "control/steps.def"
#undef STEP
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct step *row_step(size_t index)
{
	const struct step *step = step_find(rows[index].subject, rows[index].state);
	ck_assert_msg(step != NULL, "%s", rows[index].state);
	return step;
}

static bool is_end(const struct step *step)
{
	return strcmp(step->next[STEP_PASSED], step->state) == 0 &&
	       strcmp(step->next[STEP_FAILED], step->state) == 0 &&
	       strcmp(step->next[STEP_CRASHED], step->state) == 0;
}

START_TEST(every_outcome_leads_to_a_state_of_the_same_subject)
{
	for (size_t i = 0; i < ROWS; i++)
		for (int outcome = STEP_PASSED; outcome <= STEP_CRASHED; outcome++) {
			const struct step *step = row_step(i);
			ck_assert_msg(step_find(step->subject, step->next[outcome]) !=
					      NULL,
				      "'%s' leads to '%s', which is no state",
				      step->state, step->next[outcome]);
			ck_assert_str_eq(step_next(step->subject, step->state,
						   (enum step_outcome)outcome),
					 step->next[outcome]);
		}
}
END_TEST

START_TEST(states_have_one_row_each)
{
	for (size_t i = 0; i < ROWS; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(rows[i].subject != rows[j].subject ||
					      strcmp(rows[i].state, rows[j].state) != 0,
				      "'%s' stands twice", rows[i].state);
}
END_TEST

/* A state with a job moves on when it passes or fails; one without stays. */
START_TEST(states_with_work_go_on_and_others_are_ends)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct step *step = row_step(i);
		if (step->job == PROFILE_NONE) {
			ck_assert_msg(is_end(step), "%s", step->state);
			continue;
		}
		ck_assert_str_ne(step->next[STEP_PASSED], step->state);
		ck_assert_str_ne(step->next[STEP_FAILED], step->state);
		ck_assert(strlen(step->help) > 0);
	}
}
END_TEST

/* Pass is never where failure leads to, and a crash never passes. */
START_TEST(a_failure_or_crash_is_never_a_success)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct step *step = row_step(i);
		if (is_end(step))
			continue;
		ck_assert_str_ne(step->next[STEP_FAILED], step->next[STEP_PASSED]);
		ck_assert_str_ne(step->next[STEP_CRASHED], step->next[STEP_PASSED]);
	}
	ck_assert_str_eq(step_next(STEP_CHANGE, "waiting", STEP_CRASHED), "waiting");
	ck_assert_str_eq(step_next(STEP_DEPLOYMENT, "applying", STEP_CRASHED), "queue"
									       "d");
}
END_TEST

/* What the table itself leads to, and what people and newer ones cause. */
START_TEST(every_state_is_reached)
{
	static const struct row begun[] = {
		{ STEP_CHANGE, "waiting" },
		{ STEP_CHANGE, "unknown" }, /* the third crash */
		{ STEP_CHANGE, "split" },   /* several merges at one time */
		{ STEP_DEPLOYMENT, "queued" },
		{ STEP_DEPLOYMENT, "superseded" },  /* by a newer one */
		{ STEP_DEPLOYMENT, "cancelled" },   /* by the configuration */
		{ STEP_DEPLOYMENT, "rolled_back" }, /* by a rollback */
		{ STEP_DEPLOYMENT, "in_doubt" },    /* by a command's unknown end */
	};
	bool reached[ROWS] = { false };
	bool news = true;

	for (size_t i = 0; i < ROWS; i++)
		for (size_t j = 0; j < sizeof(begun) / sizeof(begun[0]); j++)
			if (rows[i].subject == begun[j].subject &&
			    strcmp(rows[i].state, begun[j].state) == 0)
				reached[i] = true;
	while (news) {
		news = false;
		for (size_t i = 0; i < ROWS; i++)
			for (size_t j = 0; reached[i] && j < ROWS; j++)
				for (int k = STEP_PASSED; k <= STEP_CRASHED; k++)
					if (!reached[j] &&
					    rows[j].subject == rows[i].subject &&
					    strcmp(row_step(i)->next[k],
						   rows[j].state) == 0)
						reached[j] = news = true;
	}
	for (size_t i = 0; i < ROWS; i++)
		ck_assert_msg(reached[i], "nothing leads to '%s'", rows[i].state);
}
END_TEST

START_TEST(deployments_have_the_states_of_the_store)
{
	size_t known = 0;

	for (int state = DEPLOYMENT_UNKNOWN + 1; state < DEPLOYMENT_STATE_COUNT;
	     state++) {
		const char *name = deployment_state_name((enum deployment_state)state);
		const struct step *step = step_find(STEP_DEPLOYMENT, name);
		ck_assert_msg(step != NULL, "the table has no '%s'", name);
		known++;
		if (deployment_state_is_terminal((enum deployment_state)state))
			ck_assert_msg(step->job == PROFILE_NONE && is_end(step), "%s",
				      name);
	}
	for (size_t i = 0; i < ROWS; i++)
		known -= rows[i].subject == STEP_DEPLOYMENT;
	ck_assert_uint_eq(known, 0);
}
END_TEST

/* What step_next() says is written into the store as it is. */
START_TEST(next_states_of_deployments_are_names_of_the_store)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct step *step = row_step(i);
		for (int k = STEP_PASSED;
		     step->subject == STEP_DEPLOYMENT && step->job != PROFILE_NONE &&
		     k <= STEP_CRASHED;
		     k++)
			ck_assert_msg(deployment_state_by_name(step->next[k]) !=
					      DEPLOYMENT_UNKNOWN,
				      "'%s'", step->next[k]);
	}
}
END_TEST

START_TEST(unknown_states_are_none)
{
	ck_assert_ptr_null(step_find(STEP_CHANGE, NULL));
	ck_assert_ptr_null(step_find(STEP_CHANGE, ""));
	ck_assert_ptr_null(step_find(STEP_CHANGE, "waiting "));
	ck_assert_ptr_null(step_find(STEP_CHANGE, "queued"));
	ck_assert_ptr_null(step_find(STEP_DEPLOYMENT, "accepted"));
	ck_assert_ptr_null(step_find(STEP_DEPLOYMENT, "rolled"));
	ck_assert_ptr_null(step_find(STEP_DEPLOYMENT, "rolled+back"));
}
END_TEST

START_TEST(waiting_grows_to_a_bound)
{
	static const int64_t seconds[] = { 1, 1, 4, 16, 64, 256, 300, 300 };

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		ck_assert_int_eq(backoff(i), seconds[i] * CLOCK_SECOND);
	ck_assert_int_eq(backoff(UINT64_MAX), 300 * CLOCK_SECOND);
}
END_TEST

UNIT_MAIN("control", every_outcome_leads_to_a_state_of_the_same_subject,
	  states_have_one_row_each, states_with_work_go_on_and_others_are_ends,
	  a_failure_or_crash_is_never_a_success, every_state_is_reached,
	  deployments_have_the_states_of_the_store,
	  next_states_of_deployments_are_names_of_the_store, unknown_states_are_none,
	  waiting_grows_to_a_bound)
