/* control/deployments.c - the life of deployments in the store, the outbox and the
 * ledger. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "control/state.h"

/* What nobody is told of is done at once. */
static int put_status(struct control *control, struct msg_outbox_row *row)
{
	const struct conf_source_entry *source = forge_of(control, row->repository);
	struct error err = ERROR_INIT;

	if (oid_is_null(&row->commit))
		return 0; /* a deleted ref has nothing to carry a status */
	row->kind = "status";
	row->created_at = clock_now();
	if (!source || !source->options.statuses)
		row->done_at = row->created_at;
	int rc = store_outbox_put(control->store, row, &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}

int status_put(struct control *control, const char *repository,
	       const struct oid *commit, const char *context, const char *state,
	       const char *description)
{
	struct msg_outbox_row row = {
		.repository = repository,
		.commit = *commit,
		.context = context,
		.state = state,
		.description = description,
	};

	return put_status(control, &row);
}

int policy_status_put(struct control *control, const struct msg_change_row *change,
		      const char *state, const char *description, uint64_t verdict)
{
	struct msg_outbox_row row = {
		.repository = change->repository,
		.commit = change->new_id,
		.context = "gitgate/policy",
		.state = state,
		.description = description,
		.verdict = verdict,
		.number = change->number,
		.ref = change->ref,
	};
	const char *refusal = NULL;

	if (!change->number && merge_request_has_head(control, change))
		return 0;
	if (change->number && strcmp(state, "success") == 0)
		refusal = merge_request_refusal(control, change);
	if (refusal) {
		row.state = "failure";
		row.description = refusal;
	}
	return put_status(control, &row);
}

int ledger_put(struct control *control, const char *kind, const char *const *pairs)
{
	struct error err = ERROR_INIT;
	struct buf body = BUF_INIT(65536);
	struct json json;

	json_begin(&json, &body);
	json_object(&json);
	for (; pairs[0]; pairs += 2)
		json_put_string(&json, pairs[0], pairs[1]);
	json_object_end(&json);
	int rc = buf_status(&body, "a ledger record", &err);
	if (rc == 0)
		rc = store_ledger_add(control->store, kind, body.data, clock_now(),
				      &err);
	buf_release(&body);
	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}

static int target_status(struct control *control, const struct msg_deployment_row *row,
			 const char *state, const char *description)
{
	const struct conf_target_entry *target =
		config_target(control->config, row->target);
	const char *context = arena_printf(control->round, "gitgate/%s", row->target);

	if (!target || !context)
		return 0; /* the target was taken out of the configuration */
	return status_put(control, target->options.repository, &row->commit, context,
			  state, description);
}

static void count_end(enum deployment_state state)
{
	switch (state) {
	case DEPLOYMENT_DEPLOYED:
		metric_add(METRIC_DEPLOYMENTS_DEPLOYED, 1);
		break;
	case DEPLOYMENT_FAILED:
		metric_add(METRIC_DEPLOYMENTS_FAILED, 1);
		break;
	case DEPLOYMENT_SUPERSEDED:
		metric_add(METRIC_DEPLOYMENTS_SUPERSEDED, 1);
		break;
	case DEPLOYMENT_ROLLED_BACK:
		metric_add(METRIC_DEPLOYMENTS_ROLLED_BACK, 1);
		break;
	case DEPLOYMENT_UNKNOWN:
	case DEPLOYMENT_QUEUED:
	case DEPLOYMENT_APPLYING:
	case DEPLOYMENT_CANCELLED:
	case DEPLOYMENT_IN_DOUBT:
	case DEPLOYMENT_STATE_COUNT:
		break;
	}
}

/* A later change that has the same files was not queued, for this one brought them: it
 * gets its own try. */
static void look_behind(struct control *control, const struct msg_deployment_row *row)
{
	const struct conf_target_entry *target =
		config_target(control->config, row->target);
	struct watch *watch = watch_find(control, true, row->target);
	struct msg_ref_row ref = { 0 };

	if (!target || !watch ||
	    strcmp(row->cause, deployment_cause_name(CAUSE_PUSH)) != 0)
		return;
	store_ref_get(control->store, control->round, target->options.repository,
		      target->options.ref, &ref, NULL);
	if (!oid_is_null(&ref.accepted) && !oid_equal(&ref.accepted, &row->commit))
		watch->catch_up = CATCH_UP_LEFT;
}

/* What a forge is told of an end. */
static const char *status_of(enum deployment_state state)
{
	switch (state) {
	case DEPLOYMENT_DEPLOYED:
		return "success";
	case DEPLOYMENT_SUPERSEDED:
		return "skipped";
	case DEPLOYMENT_CANCELLED:
		return "cancelled";
	case DEPLOYMENT_QUEUED:
	case DEPLOYMENT_APPLYING:
		return "pending";
	case DEPLOYMENT_UNKNOWN:
	case DEPLOYMENT_FAILED:
	case DEPLOYMENT_ROLLED_BACK:
	case DEPLOYMENT_IN_DOUBT:
	case DEPLOYMENT_STATE_COUNT:
		break;
	}
	return "failure";
}

int deployment_end(struct control *control, struct msg_deployment_row *row,
		   enum deployment_state state, const char *reason)
{
	struct error err = ERROR_INIT;
	char generation[24];

	row->state = deployment_state_name(state);
	row->reason = reason;
	row->ended_at = clock_now();
	snprintf(generation, sizeof(generation), "%llu",
		 (unsigned long long)row->generation);
	const char *pairs[] = { "target",     row->target,
				"generation", generation,
				"commit",     oid_text(&row->commit),
				"cause",      row->cause,
				"state",      row->state,
				"actor",      row->actor ? row->actor : "",
				"reason",     reason ? reason : "",
				NULL };
	int rc = store_deployment_put(control->store, row, &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	if (rc == 0)
		rc = target_status(control, row, status_of(state),
				   reason ? reason : row->state);
	if (rc == 0)
		rc = ledger_put(control, "deployment", pairs);
	if (rc == 0 && state == DEPLOYMENT_FAILED)
		look_behind(control, row);
	event_put(control, "deployment", MESSAGE_deployment_row, row);
	count_end(state);
	log_info("deployment ended", LOG_S("target", row->target),
		 LOG_U("generation", row->generation),
		 LOG_S("commit", oid_text(&row->commit)), LOG_S("cause", row->cause),
		 LOG_S("state", row->state), LOG_S("reason", reason),
		 LOG_I("milliseconds", (row->ended_at - row->queued_at) / 1000));
	return rc;
}

/* What waits for the target, or is in doubt, gives way to the newer one. */
static int supersede(struct control *control, const char *target, const char *reason)
{
	struct msg_deployment_row *rows;
	size_t count;
	int rc = store_deployment_open(control->store, control->round, target, &rows,
				       &count, NULL);

	for (size_t i = 0; rc == 0 && i < count; i++)
		if (strcmp(rows[i].state, deployment_state_name(DEPLOYMENT_APPLYING)) !=
		    0)
			rc = deployment_end(control, &rows[i], DEPLOYMENT_SUPERSEDED,
					    reason);
	return rc;
}

int deployment_queue(struct control *control, const char *target,
		     const struct oid *commit, uint64_t change,
		     enum deployment_cause cause, const char *actor, const char *reason,
		     int64_t hinted_at, uint64_t *id, struct error *err)
{
	int64_t now = clock_now();
	struct msg_deployment_row row = {
		.target = target,
		.commit = *commit,
		.change = change,
		.cause = deployment_cause_name(cause),
		.reason = reason,
		.actor = actor,
		.hinted_at = hinted_at,
		.queued_at = now,
	};

	if (store_quarantine_has(control->store, target, commit))
		return error_set(err, ERROR_STALE,
				 "commit %s is quarantined for '%s': it was rolled "
				 "back; "
				 "push a newer one, or release it: gitgate deploy %s "
				 "%s "
				 "--release",
				 oid_short(commit), target, target, oid_short(commit));
	int rc = control_write(control);
	if (rc == 0)
		rc = supersede(control, target, "a newer deployment took its place");
	if (rc == 0)
		rc = store_deployment_add(control->store, &row, err);
	if (rc == 0)
		rc = target_status(control, &row, "pending", "waits for its target");
	if (rc == 0 && id)
		*id = row.id;
	if (rc == 0)
		event_put(control, "deployment", MESSAGE_deployment_row, &row);
	if (rc == 0)
		log_info("deployment queued", LOG_S("target", target),
			 LOG_U("generation", row.generation),
			 LOG_S("commit", oid_text(commit)), LOG_S("cause", row.cause));
	return rc;
}

/* Applying a directory again is harmless; a command that may have begun is a person's
 * business. */
static int recover(struct control *control, struct msg_deployment_row *row)
{
	struct error err = ERROR_INIT;
	const struct conf_target_entry *target =
		config_target(control->config, row->target);
	bool has_command = target && target->directory.activate.count;

	if (!target)
		return deployment_end(control, row, DEPLOYMENT_CANCELLED,
				      "the target was taken out of the configuration");
	if (strcmp(row->state, deployment_state_name(DEPLOYMENT_APPLYING)) != 0)
		return 0;
	if (has_command) {
		row->state = deployment_state_name(DEPLOYMENT_IN_DOUBT);
		row->reason = "gitgate ended while the target was being changed, and "
			      "its "
			      "activate command may have run: look, then 'gitgate "
			      "deploy'";
	} else {
		row->state = step_next(STEP_DEPLOYMENT, row->state, STEP_CRASHED);
		row->reason = "gitgate ended while the target was being changed";
	}
	int rc = store_deployment_put(control->store, row, &err);
	if (rc != 0)
		log_error("a deployment could not be recovered", LOG_E(&err));
	return rc;
}

int deployments_recover(struct control *control)
{
	struct msg_deployment_row *rows;
	struct error err = ERROR_INIT;
	size_t count;

	control->round = arena_new((size_t)64 << 20);
	if (!control->round)
		return ERROR_MEMORY;
	int rc = store_begin(control->store, &err);
	if (rc == 0)
		rc = store_deployment_open(control->store, control->round, NULL, &rows,
					   &count, &err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = recover(control, &rows[i]);
	if (rc == 0)
		rc = store_commit(control->store, &err);
	if (rc != 0)
		log_error("the store could not be taken up", LOG_E(&err));
	arena_free(control->round);
	control->round = NULL;
	return rc;
}
