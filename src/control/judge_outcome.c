/* control/judge_outcome.c - what a judge said is written: the change's state, the
 * verdict, the ref's accepted tip, and deployments for the targets it concerns. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "control/judge.h"
#include "model/finding.h"

void change_move(struct control *control, uint64_t id, const char *state,
		 const char *reason, uint64_t attempts, int64_t delay)
{
	struct error err = ERROR_INIT;
	int64_t now = clock_now();

	if (control_write(control) == 0 &&
	    store_change_move(control->store, id, state, reason, attempts,
			      delay ? now + delay : 0, now, &err) != 0)
		control_fail(control, 3, &err);
}

void judgement_failed(struct control *control, const struct msg_change_row *change,
		      const char *reason, bool crashed)
{
	uint64_t attempts = change->attempts + 1;
	uint64_t maximum = crashed ? CRASHES_MAX : ATTEMPTS_MAX;

	metric_add(METRIC_VERDICTS_UNKNOWN, 1);
	if (attempts < maximum) {
		change_move(control, change->id, "waiting", reason, attempts,
			    backoff(attempts));
		return;
	}
	const char *pairs[] = { "repository", change->repository,
				"ref",        change->ref,
				"commit",     oid_text(&change->new_id),
				"result",     "unknown",
				"reason",     reason,
				NULL };
	change_move(control, change->id, "unknown", reason, attempts, 0);
	policy_status_put(control, change, "error", reason, 0);
	comment_put(control, change, 0, "error", reason);
	ledger_put(control, "verdict", pairs);
	log_error("a change could not be judged", LOG_U("change", change->id),
		  LOG_S("reason", reason));
}

static int store_verdict(struct control *control, struct job *job,
			 const struct msg_change_row *change,
			 const struct msg_judged *judged, uint64_t *id,
			 struct error *err)
{
	char policy[DIGEST_HEX_BYTES], number[24];
	struct msg_verdict_row row = {
		.change = change->id,
		.repository = change->repository,
		.ref = change->ref,
		.commit = change->new_id,
		.result = judged->result,
		.policy = judged->policy,
		.judged_at = clock_now(),
		.commits = judged->commits,
		.errors = judged->errors,
		.warnings = judged->warnings,
		.reason = finding_summary(control, job),
		.number = change->number,
		.base_ref = change->base_ref,
		.result_tree = judged->result_tree,
	};

	snprintf(number, sizeof(number), "%llu", (unsigned long long)change->number);
	digest_hex(&judged->policy, policy);
	const char *pairs[] = { "repository",
				change->repository,
				"ref",
				change->ref,
				"commit",
				oid_text(&change->new_id),
				"result",
				judged->result,
				"policy",
				policy,
				"pusher",
				change->pusher ? change->pusher : "",
				change->number ? "merge-request" : NULL,
				number,
				NULL };
	int rc = waivers_record(control, job, change);
	if (rc == 0)
		rc = store_verdict_add(control->store, &row, job->findings,
				       job->finding_count, id, err);
	row.id = *id;
	if (rc == 0)
		event_put(control, "verdict", MESSAGE_verdict_row, &row);
	if (rc == 0)
		rc = ledger_put(control, "verdict", pairs);
	return rc;
}

static bool has_changed(const struct msg_judged *judged, const char *label)
{
	for (size_t i = 0; i < judged->changed.count; i++)
		if (strcmp(judged->changed.items[i], label) == 0)
			return true;
	return false;
}

/* The configuration may have changed since the judge was asked. */
static bool still_follows(struct control *control, const char *target,
			  const struct msg_change_row *change)
{
	const struct conf_target_entry *entry = config_target(control->config, target);

	return entry && strcmp(entry->options.repository, change->repository) == 0 &&
	       strcmp(entry->options.ref, change->ref) == 0;
}

/* Accepted, and not deployed: that must not look like one that waits. */
static int tell_quarantined(struct control *control, const char *target,
			    const struct msg_change_row *change, const struct oid *bad)
{
	const char *context = arena_printf(control->round, "gitgate/%s", target);
	const char *text =
		arena_printf(control->round,
			     "quarantined: the target's files are those of %s, which "
			     "was rolled "
			     "back; release it with \"gitgate deploy %s %s --release\"",
			     oid_short(bad), target, oid_short(&change->new_id));

	log_warning("a change is not deployed", LOG_S("target", target),
		    LOG_S("commit", oid_text(&change->new_id)), LOG_S("reason", text));
	if (!context || !text)
		return ERROR_MEMORY;
	return status_put(control, change->repository, &change->new_id, context,
			  "failure", text);
}

/* One target that was asked about at `i` of the lists, and behind it what must not come
 * back to it. */
static int queue_target(struct control *control, const struct msg_change_row *change,
			const struct msg_judge *asked, size_t i,
			const struct msg_judged *judged,
			const struct occasion *occasion, struct error *err)
{
	const char *target = asked->watch_targets.items[i];

	if (!has_changed(judged, target) || !still_follows(control, target, change))
		return 0;
	while (++i < asked->watch_targets.count &&
	       watch_is_quarantine(asked->watch_targets.items[i]))
		if (!has_changed(judged, asked->watch_targets.items[i]))
			return tell_quarantined(control, target, change,
						&asked->watch_since.items[i]);
	return deployment_queue(control, target, &change->new_id, change->id,
				occasion->cause, occasion->actor, occasion->reason,
				occasion->hinted_at, NULL, err);
}

int targets_queue(struct control *control, const struct job *job,
		  const struct msg_change_row *change, const struct msg_judged *judged,
		  const struct occasion *occasion, struct error *err)
{
	const struct msg_judge *asked = job->request;

	for (size_t i = 0; i < asked->watch_targets.count; i++) {
		struct error refused = ERROR_INIT;
		if (watch_is_quarantine(asked->watch_targets.items[i]))
			continue;
		int rc = queue_target(control, change, asked, i, judged, occasion,
				      &refused);
		if (rc == ERROR_STALE) /* rolled back while it was judged */
			rc = tell_quarantined(control, asked->watch_targets.items[i],
					      change, &change->new_id);
		if (rc != 0)
			return error_set(err, rc, "%s", refused.text);
	}
	return 0;
}

/* Several merges came between two looks: each is judged as if it had been seen alone,
 * the last one brings the tip. */
static void split(struct control *control, const struct msg_change_row *change,
		  const struct msg_oids *steps)
{
	struct error err = ERROR_INIT;
	struct msg_change_row step = *change;
	uint64_t first = 0, last = 0;
	int rc = 0;

	step.is_step = true;
	step.state = "waiting";
	step.reason = NULL;
	step.attempts = 0;
	step.verdict = 0;
	step.updated_at = clock_now();
	for (size_t i = 0; rc == 0 && i < steps->count; i++) {
		step.old_id = i ? steps->items[i - 1] : change->old_id;
		step.new_id = steps->items[i];
		rc = store_change_add(control->store, &step, &last, &err);
		first = first ? first : last;
	}
	const char *reason = arena_printf(
		control->round, "judged merge by merge: changes %llu to %llu",
		(unsigned long long)first, (unsigned long long)last);
	if (rc == 0)
		rc = store_change_move(control->store, change->id, "split", reason,
				       change->attempts, 0, clock_now(), &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	log_info("a change is judged merge by merge", LOG_U("change", change->id),
		 LOG_U("steps", steps->count));
}

/* Which rule failed, where, and how many more there are. */
static const char *describe(struct control *control, const struct job *job)
{
	const struct msg_finding_row *first = finding_that_counts(job);
	char more[48] = "", line[32] = "";

	if (!first)
		return "policy said no";
	if (findings_that_count(job) > 1)
		snprintf(more, sizeof(more), " (and %zu more)",
			 findings_that_count(job) - 1);
	if (first->line)
		snprintf(line, sizeof(line), ":%llu", (unsigned long long)first->line);
	bool placed = first->path && *first->path;
	return arena_printf(control->round, "%s: %s%s%s%s%s",
			    first->rule ? first->rule : "policy",
			    placed ? first->path : "", placed ? line : "",
			    placed ? ": " : "", first->message, more);
}

/* The verdict, and all that it moves: in one transaction. */
static void write_outcome(struct control *control, struct job *job,
			  const struct msg_change_row *change,
			  const struct msg_judged *judged, bool passed)
{
	struct error err = ERROR_INIT;
	struct occasion occasion = { CAUSE_PUSH, change->pusher, NULL,
				     change->received_at };
	const char *state = step_next(STEP_CHANGE, change->state,
				      passed ? STEP_PASSED : STEP_FAILED);
	const char *told = passed ? "success" : "failure";
	const struct msg_finding_row *first = finding_that_counts(job);
	const char *reason = passed ? NULL : first ? first->message : "policy said no";
	/* A merge request moves no ref yet, and a queue's ref is judged by the rules of
	 * another. */
	bool moves = passed && strcmp(change_target_ref(change), change->ref) == 0;
	uint64_t verdict = 0;

	int rc = store_verdict(control, job, change, judged, &verdict, &err);
	if (rc == 0)
		rc = store_change_move(control->store, change->id, state, reason,
				       change->attempts, 0, clock_now(), &err);
	if (rc == 0)
		rc = store_change_base(control->store, change->id, &job->base, &err);
	if (rc == 0 && moves)
		rc = store_ref_accepted(control->store, change->repository, change->ref,
					&change->new_id, &err);
	if (rc == 0 && moves)
		rc = merge_requests_accepted(control, change->repository, change->ref);
	if (rc == 0)
		rc = policy_status_put(control, change, told,
				       passed ? pass_summary(control, job)
					      : describe(control, job),
				       verdict);
	if (rc == 0)
		rc = comment_put(control, change, verdict, told,
				 passed ? pass_summary(control, job) : reason);
	if (rc == 0 && moves)
		rc = targets_queue(control, job, change, judged, &occasion, &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	metric_add(passed ? METRIC_VERDICTS_PASS : METRIC_VERDICTS_FAIL, 1);
	log_info("judged", LOG_S("repository", change->repository),
		 LOG_S("ref", change->ref), LOG_S("commit", oid_text(&change->new_id)),
		 LOG_S("result", judged->result), LOG_U("commits", judged->commits),
		 LOG_U("errors", judged->errors), LOG_S("reason", reason));
}

void verdict_take(struct control *control, struct job *job,
		  const struct msg_judged *judged)
{
	struct error err = ERROR_INIT;
	struct msg_change_row change;
	enum verdict_result result = verdict_by_name(judged->result);

	if (control_write(control) != 0)
		return;
	if (store_change_get(control->store, control->round, job->change, &change,
			     &err) != 0)
		control_fail(control, 3, &err);
	else if (judgement_needs_reviews(control, job, judged))
		change_move(control, change.id, "waiting",
			    "waits for the reviews of the forge", change.attempts,
			    REVIEWS_PATIENCE);
	else if (judgement_needs_merges(control, job, judged))
		change_move(control, change.id, "waiting",
			    "git makes again what the forge made", change.attempts, 0);
	else if (result == VERDICT_FAIL && judged->steps.count > 1 && !change.is_step &&
		 !change.number)
		split(control, &change, &judged->steps);
	else if (result == VERDICT_FAIL && job->brought != control->brought)
		change_move(control, change.id, "waiting",
			    "a waiver or a log entry came while it was judged",
			    change.attempts, 0);
	else if (result == VERDICT_UNKNOWN)
		judgement_failed(control, &change,
				 judged->text ? judged->text
					      : "the judge gave no reason",
				 false);
	else
		write_outcome(control, job, &change, judged, result == VERDICT_PASS);
}
