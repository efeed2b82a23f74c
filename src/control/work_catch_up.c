/* control/work_catch_up.c - targets that need no push to have something to do: a new
 * one, one whose files or ref are others now, one whose deployment failed while a later
 * change had been left out for it. A judge compares them with the tip that was
 * accepted. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/judge.h"
#include "model/finding.h"

#define VERDICTS_MAX 200 /* that are looked at for that of the tip, newest first */

static const struct oid *accepted_tip(struct control *control,
				      const struct conf_target *options)
{
	struct msg_ref_row *ref = arena_new_of(control->round, struct msg_ref_row);

	if (!ref ||
	    store_ref_get(control->store, control->round, options->repository,
			  options->ref, ref, NULL) != 0 ||
	    oid_is_null(&ref->accepted))
		return NULL;
	return &ref->accepted;
}

/* The change that brought the tip and passed; 0: the store does not hold it. */
static uint64_t passed_change(struct control *control,
			      const struct conf_target *options, const struct oid *tip)
{
	struct msg_query query = {
		.repository = options->repository,
		.ref = options->ref,
		.state = "pass",
		.limit = VERDICTS_MAX,
	};
	struct msg_verdict_row *rows;
	size_t count = 0;

	if (store_verdict_list(control->store, control->round, &query, &rows, &count,
			       NULL) != 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (oid_equal(&rows[i].commit, tip))
			return rows[i].change;
	return 0;
}

/* Something waits for the target, or is in doubt: that comes first. */
static bool has_open(struct control *control, const char *target)
{
	struct msg_deployment_row *open;
	size_t count = 0;

	return store_deployment_open(control->store, control->round, target, &open,
				     &count, NULL) != 0 ||
	       count > 0;
}

static int fill(struct control *control, struct job *job,
		const struct conf_target_entry *target, const struct oid *tip,
		const struct oid *since, struct msg_judge *request)
{
	job->target = arena_string(job->arena, target->name);
	job->repository = arena_string(job->arena, target->options.repository);
	request->repository = job->repository;
	request->ref = arena_string(job->arena, target->options.ref);
	request->new_id = *tip;
	request->old_id = *tip;
	request->received_at = clock_now();
	request->vouched = true;
	if (!job->target || !job->repository || !request->ref)
		return ERROR_MEMORY;
	return judgement_watch_target(control, job, target, since, request);
}

int catch_up_prepare(struct control *control, const struct conf_target_entry *target,
		     enum catch_up why)
{
	const struct conf_target *options = &target->options;
	const struct conf_repository_entry *entry =
		config_repository(control->config, options->repository);
	const struct oid *tip = accepted_tip(control, options);
	struct msg_target_row row = { 0 };

	if (!entry || !tip || has_open(control, target->name) ||
	    store_target_get(control->store, control->round, target->name, &row,
			     NULL) != 0 ||
	    (why == CATCH_UP_NEW && row.deployment))
		return 0;
	uint64_t change = passed_change(control, options, tip);
	if (change == 0)
		return 0;
	struct oid since = { .length = tip->length };
	if (why == CATCH_UP_LEFT && row.commit.length)
		since = row.commit;
	struct msg_judge *request;
	struct job *job = judgement_new(control, &catch_up_kind, &request);
	int rc = job ? fill(control, job, target, tip, &since, request) : ERROR_MEMORY;
	if (rc != 0) {
		job_drop(job);
		return rc;
	}
	job->change = change;
	job->catch_up = why;
	judgement_start(control, job, entry, request);
	return 0;
}

/* --- results --- */

static void take_changed(struct control *control, struct job *job,
			 const struct msg_judged *judged)
{
	struct error err = ERROR_INIT;
	const struct conf_target_entry *target =
		config_target(control->config, job->target);
	const struct oid *tip = target ? accepted_tip(control, &target->options) : NULL;
	struct msg_change_row change;

	/* A push may have come in between, or another configuration. */
	if (!tip || has_open(control, job->target) || control_write(control) != 0 ||
	    store_change_get(control->store, control->round, job->change, &change,
			     NULL) != 0 ||
	    !oid_equal(&change.new_id, tip))
		return;
	struct msg_target_row row = { 0 };
	if (job->catch_up == CATCH_UP_LEFT &&
	    store_target_get(control->store, control->round, job->target, &row, NULL) ==
		    0 &&
	    oid_equal(&row.commit, tip))
		return; /* it went live while this was compared */
	struct occasion occasion =
		job->catch_up == CATCH_UP_LEFT
			? (struct occasion){ CAUSE_PUSH, change.pusher,
					     "the deployment it was left to failed",
					     change.received_at }
			: (struct occasion){ CAUSE_REQUEST, "configuration",
					     "the target is new or follows other files",
					     clock_now() };
	if (targets_queue(control, job, &change, judged, &occasion, &err) != 0)
		control_fail(control, 3, &err);
}

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	const struct msg_judged *judged = message;

	(void)fds;
	if (type != MESSAGE_judged)
		return ERROR_MESSAGE;
	job_finish(control, job);
	if (verdict_by_name(judged->result) == VERDICT_PASS)
		take_changed(control, job, judged);
	else
		log_warning("a target waits for the next push",
			    LOG_S("target", job->target),
			    LOG_S("reason", judged->text));
	return 0;
}

static void take_crash(struct control *control, struct job *job)
{
	(void)control;
	log_warning("a target waits for the next push", LOG_S("target", job->target),
		    LOG_S("reason", "the judge ended without a result"));
}

const struct job_kind catch_up_kind = { PROFILE_JUDGE, "judge", take_message,
					take_crash };
