/* control/work_emit.c - judge jobs for a deployment: what a push brought is judged once
 * more, and the manifests are packed. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "control/judge.h"
#include "model/finding.h"

static bool is_push(const struct msg_deployment_row *deployment)
{
	return strcmp(deployment->cause, deployment_cause_name(CAUSE_PUSH)) == 0;
}

/* The reason why a deployment cannot go on as it was queued; NULL: it can. The
 * configuration may have changed since. */
static const char *find_change(struct control *control,
			       const struct conf_target_entry *target,
			       const struct msg_deployment_row *deployment,
			       struct msg_change_row *change)
{
	const struct conf_target *options = &target->options;

	if (store_change_get(control->store, control->round, deployment->change, change,
			     NULL) != 0 ||
	    !oid_equal(&change->new_id, &deployment->commit))
		return "the store does not hold the change that brought it";
	if (strcmp(change->repository, options->repository) != 0)
		return "the target follows another repository now";
	if (is_push(deployment) && strcmp(change->ref, options->ref) != 0)
		return "the target follows another ref now";
	return NULL;
}

/* What a push brought is judged once more, by the policy of now. Going back to what was
 * live (rollback, drift, request) needs only the verdict that stands in the store. */
static int fill_emission(struct control *control, struct job *job,
			 const struct conf_repository_entry *entry,
			 const struct msg_change_row *change, bool judge_again,
			 struct msg_judge *request)
{
	request->emit = true;
	if (judge_again)
		return judgement_fill(control, job, entry, change, &change->base,
				      request);
	job->repository = arena_string(job->arena, entry->name);
	request->repository = job->repository;
	request->ref = arena_string(job->arena, change->ref);
	request->new_id = change->new_id;
	request->old_id = change->new_id;
	request->received_at = clock_now();
	request->vouched = true;
	return job->repository && request->ref ? 0 : ERROR_MEMORY;
}

static int cancel(struct control *control, const struct msg_deployment_row *deployment,
		  const char *reason)
{
	struct msg_deployment_row row = *deployment;
	int rc = control_write(control);

	return rc == 0 ? deployment_end(control, &row, DEPLOYMENT_CANCELLED, reason)
		       : rc;
}

int emit_prepare(struct control *control, const struct conf_target_entry *target,
		 const struct msg_deployment_row *deployment)
{
	const struct conf_repository_entry *entry =
		config_repository(control->config, target->options.repository);
	struct msg_change_row change;
	const char *obstacle = find_change(control, target, deployment, &change);

	if (obstacle)
		return cancel(control, deployment, obstacle);
	struct msg_judge *request;
	struct job *job = judgement_new(control, &judge_kind, &request);
	const char **paths =
		job ? arena_array(job->arena, target->options.paths.count + 1,
				  sizeof(*paths))
		    : NULL;

	if (!paths || !entry) {
		job_drop(job);
		return ERROR_MEMORY;
	}
	job->target = arena_string(job->arena, target->name);
	job->deployment = deployment->id;
	job->emits = true;
	for (size_t i = 0; i < target->options.paths.count; i++)
		paths[i] = arena_string(job->arena, target->options.paths.items[i]);
	request->emit_paths =
		(struct msg_strings){ paths, target->options.paths.count };
	int rc = fill_emission(control, job, entry, &change, is_push(deployment),
			       request);
	if (rc != 0)
		job_drop(job);
	else
		judgement_start(control, job, entry, request);
	return rc;
}

/* --- results --- */

void emit_failed(struct control *control, struct job *job, const char *reason,
		 bool crashed)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row row;

	if (control_write(control) != 0 ||
	    store_deployment_get(control->store, control->round, job->deployment, &row,
				 &err) != 0 ||
	    strcmp(row.state, deployment_state_name(DEPLOYMENT_QUEUED)) != 0)
		return; /* superseded meanwhile */
	row.attempts++;
	row.reason = reason;
	row.due_at = clock_now() + backoff(row.attempts);
	if (row.attempts >= (crashed ? CRASHES_MAX : ATTEMPTS_MAX))
		deployment_end(control, &row, DEPLOYMENT_FAILED, reason);
	else if (store_deployment_put(control->store, &row, &err) != 0)
		control_fail(control, 3, &err);
}

/* Policy says no now, though it said yes before: it was changed in between. */
static void refuse_deployment(struct control *control, const struct job *job)
{
	struct msg_deployment_row row;

	if (control_write(control) == 0 &&
	    store_deployment_get(control->store, control->round, job->deployment, &row,
				 NULL) == 0)
		deployment_end(control, &row, DEPLOYMENT_FAILED,
			       finding_that_counts(job)
				       ? finding_that_counts(job)->message
				       : "policy says no now");
}

/* They are read again right before the effect; the deployment is due when they were. */
static void wait_for_reviews(struct control *control, const struct job *job)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row row;

	if (control_write(control) != 0 ||
	    store_deployment_get(control->store, control->round, job->deployment, &row,
				 NULL) != 0)
		return;
	row.due_at = clock_now() + REVIEWS_PATIENCE;
	row.reason = "waits for the reviews of the forge";
	if (store_deployment_put(control->store, &row, &err) != 0)
		control_fail(control, 3, &err);
}

void emit_take(struct control *control, struct job *job,
	       const struct msg_judged *judged, int *fds)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row row;
	const struct conf_target_entry *target =
		config_target(control->config, job->target);

	if (judgement_needs_reviews(control, job, judged)) {
		wait_for_reviews(control, job);
		return;
	}
	if (verdict_by_name(judged->result) == VERDICT_FAIL) {
		refuse_deployment(control, job);
		return;
	}
	if (verdict_by_name(judged->result) != VERDICT_PASS || fds[0] < 0) {
		emit_failed(control, job,
			    judged->text ? judged->text : "nothing was packed", false);
		return;
	}
	if (store_deployment_get(control->store, control->round, job->deployment, &row,
				 &err) != 0 ||
	    strcmp(row.state, deployment_state_name(DEPLOYMENT_QUEUED)) != 0 || !target)
		return; /* superseded meanwhile */
	if (!digest_is_none(&row.manifests) &&
	    !digest_equal(&row.manifests, &judged->manifests)) {
		if (control_write(control) == 0)
			deployment_end(control, &row, DEPLOYMENT_FAILED,
				       "the manifests are not those that were packed "
				       "before");
		return;
	}
	int fd = fds[0];
	fds[0] = -1;
	deploy_prepare(control, target, &row, fd, &judged->manifests);
}
