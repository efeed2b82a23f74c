/* control/work_judge.c - judge jobs: a change becomes accepted, refused or unknown; for
 * a deployment its manifests are packed. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/pattern.h"
#include "base/path.h"
#include "control/state.h"
#include "model/finding.h"

/* Rolled back commits of a target that are looked at, newest first. */
#define QUARANTINED_MAX 64

static bool is_protected(const struct conf_repository_entry *entry, const char *ref)
{
	for (size_t i = 0; i < entry->options.protected.count; i++)
		if (glob_match(entry->options.protected.items[i], ref))
			return true;
	return false;
}

/* What was accepted on a ref; on the ref of the change that is judged: before it. */
static struct oid accepted_on(struct control *control, const struct job *job,
			      const struct msg_judge *request, const char *ref)
{
	struct msg_ref_row row = { 0 };

	if (strcmp(ref, request->ref) == 0)
		return job->base;
	store_ref_get(control->store, control->round, request->repository, ref, &row,
		      NULL);
	return row.accepted;
}

/* What a judge may take for judged, and the ref of each ("": an anchor). */
struct trust_list {
	struct arena *arena;
	struct oid *ids;
	size_t id_count, id_capacity;
	const char **refs;
	size_t ref_count, ref_capacity;
};

static int trust(struct trust_list *list, const struct oid *id, const char *ref)
{
	if (oid_is_null(id))
		return 0;
	struct oid *slot = ARENA_PUSH(list->arena, &list->ids, &list->id_count,
				      &list->id_capacity);
	const char **name = ARENA_PUSH(list->arena, &list->refs, &list->ref_count,
				       &list->ref_capacity);
	if (!slot || !name)
		return ERROR_MEMORY;
	*slot = *id;
	*name = arena_string(list->arena, ref);
	return *name ? 0 : ERROR_MEMORY;
}

/* All refs are only listed where globs ask for it: it costs with their number, at every
 * judgement. */
static int trust_listed(struct control *control, const struct job *job,
			const struct conf_repository_entry *entry,
			const struct msg_judge *request, struct trust_list *list)
{
	struct msg_ref_row *refs;
	size_t count = 0;
	int rc = store_ref_list(control->store, control->round, entry->name, &refs,
				&count, NULL);

	for (size_t i = 0; rc == 0 && i < count; i++) {
		bool own = strcmp(refs[i].ref, request->ref) == 0;
		if (is_protected(entry, refs[i].ref))
			rc = trust(list, own ? &job->base : &refs[i].accepted,
				   refs[i].ref);
	}
	return rc;
}

static int trust_ref(struct control *control, const struct job *job,
		     const struct msg_judge *request, const char *ref,
		     struct trust_list *list)
{
	struct oid accepted = accepted_on(control, job, request, ref);

	return trust(list, &accepted, ref);
}

/* Anchors, and what was accepted on protected refs: without a list of them on those
 * with an anchor and on the default branch. */
static int collect_trusted(struct control *control, const struct job *job,
			   const struct conf_repository_entry *entry, const char *head,
			   struct msg_judge *request)
{
	struct trust_list list = { .arena = job->arena };
	bool listed = entry->options.protected.count > 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < entry->anchor_count; i++) {
		if (entry->anchors[i].id.length)
			rc = trust(&list, &entry->anchors[i].id, "");
		else
			request->from_root = true;
		if (rc == 0 && !listed)
			rc = trust_ref(control, job, request, entry->anchors[i].ref,
				       &list);
	}
	if (rc == 0 && listed)
		rc = trust_listed(control, job, entry, request, &list);
	else if (rc == 0 && head)
		rc = trust_ref(control, job, request, head, &list);
	request->trusted = (struct msg_oids){ list.ids, list.id_count };
	request->trusted_refs = (struct msg_strings){ list.refs, list.ref_count };
	return rc;
}

static const struct oid *anchor_of(const struct conf_repository_entry *entry,
				   const char *ref)
{
	for (size_t i = 0; i < entry->anchor_count; i++)
		if (strcmp(entry->anchors[i].ref, ref) == 0 &&
		    entry->anchors[i].id.length)
			return &entry->anchors[i].id;
	return NULL;
}

/* The protected side: what was accepted on the ref, else on the default branch; where
 * nothing was, the anchor. */
static void find_policy_commit(struct control *control, const struct job *job,
			       const struct conf_repository_entry *entry,
			       const char *head, struct msg_judge *request)
{
	const char *const refs[] = { request->ref, head };

	for (size_t i = 0; i < 2; i++) {
		if (!refs[i])
			continue;
		struct oid accepted = accepted_on(control, job, request, refs[i]);
		const struct oid *anchor = anchor_of(entry, refs[i]);
		if (!oid_is_null(&accepted))
			request->policy_commit = accepted;
		else if (anchor)
			request->policy_commit = *anchor;
		else
			continue;
		return;
	}
}

/* Where the ref is taken to have been: at what was accepted, else at its anchor. A push
 * that was refused counts as one that never was, or a second one on top of it would
 * pass what is said about force and creation. Only for a deletion of what was never
 * accepted there is nothing else than what was seen. */
static struct oid judged_from(const struct conf_repository_entry *entry,
			      const struct msg_change_row *change,
			      const struct oid *base)
{
	const struct oid *anchor = anchor_of(entry, change->ref);
	struct oid nothing = { .length = change->new_id.length };

	if (!oid_is_null(base))
		return *base;
	if (oid_is_null(&change->new_id))
		return change->old_id;
	return anchor ? *anchor : nothing;
}

/* The same request for the first judgement of a change and for the one right before it
 * is deployed: `base` is what was accepted on the ref before. */
static int fill_judgement(struct control *control, struct job *job,
			  const struct conf_repository_entry *entry,
			  const struct msg_change_row *change, const struct oid *base,
			  struct msg_judge *request)
{
	struct msg_repository_row repository = { 0 };

	store_repository_get(control->store, control->round, entry->name, &repository,
			     NULL);
	job->repository = arena_string(job->arena, entry->name);
	job->base = *base;
	request->repository = job->repository;
	request->ref = arena_string(job->arena, change->ref);
	request->old_id = judged_from(entry, change, base);
	request->new_id = change->new_id;
	request->pusher = arena_string(job->arena, change->pusher);
	request->received_at = change->received_at;
	if (!job->repository || !request->ref)
		return ERROR_MEMORY;
	find_policy_commit(control, job, entry, repository.head, request);
	return collect_trusted(control, job, entry, repository.head, request);
}

/* The lists of a judge's request that tell whom a change concerns. */
struct watch_list {
	struct arena *arena;
	const char **names;
	size_t name_count, name_capacity;
	struct oid *since;
	size_t since_count, since_capacity;
	const char **paths;
	size_t path_count, path_capacity;
};

/* The target was, or must not be, at this commit; null: it has nothing yet. */
static int watch_since(struct watch_list *list, const struct conf_target_entry *target,
		       const struct oid *commit)
{
	const struct strings *paths = &target->options.paths;
	const char **name = ARENA_PUSH(list->arena, &list->names, &list->name_count,
				       &list->name_capacity);
	struct oid *since = ARENA_PUSH(list->arena, &list->since, &list->since_count,
				       &list->since_capacity);

	if (!name || !since)
		return ERROR_MEMORY;
	*name = arena_string(list->arena, target->name);
	*since = *commit;
	for (size_t i = 0; i < paths->count; i++) {
		const char **path = ARENA_PUSH(list->arena, &list->paths,
					       &list->path_count, &list->path_capacity);
		if (!path)
			return ERROR_MEMORY;
		*path = arena_printf(list->arena, "%zu:%s", list->name_count - 1,
				     paths->items[i]);
	}
	return *name ? 0 : ERROR_MEMORY;
}

/* What a target has or waits for; and what was rolled back, so that a push which leaves
 * the target's paths as they were does not bring that back. */
static int watch_target(struct control *control, struct watch_list *list,
			const struct conf_target_entry *target, size_t id_length)
{
	struct msg_target_row row = { 0 };
	struct msg_deployment_row *open;
	struct msg_quarantine_row *bad;
	size_t open_count = 0, bad_count = 0;

	store_target_get(control->store, control->round, target->name, &row, NULL);
	store_deployment_open(control->store, control->round, target->name, &open,
			      &open_count, NULL);
	struct oid since = open_count ? open[open_count - 1].commit : row.commit;
	if (since.length == 0)
		since.length = (unsigned char)id_length;
	int rc = watch_since(list, target, &since);
	if (rc == 0)
		rc = store_quarantine_list(control->store, control->round, target->name,
					   &bad, &bad_count, NULL);
	for (size_t i = 0; rc == 0 && i < bad_count && i < QUARANTINED_MAX; i++)
		rc = watch_since(list, target, &bad[i].commit);
	return rc;
}

/* So that the judge can tell whom the change concerns. */
static int fill_watch(struct control *control, const struct job *job,
		      struct msg_judge *request)
{
	const struct config *config = control->config;
	struct watch_list list = { .arena = job->arena };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < config->target_count; i++) {
		const struct conf_target *options = &config->targets[i].options;
		if (strcmp(options->repository, request->repository) == 0 &&
		    strcmp(options->ref, request->ref) == 0)
			rc = watch_target(control, &list, &config->targets[i],
					  request->new_id.length);
	}
	request->watch_targets = (struct msg_strings){ list.names, list.name_count };
	request->watch_since = (struct msg_oids){ list.since, list.since_count };
	request->watch_paths = (struct msg_strings){ list.paths, list.path_count };
	return rc;
}

static int start_judge(struct control *control, struct job *job,
		       const struct conf_repository_entry *entry,
		       struct msg_judge *request)
{
	const char *read[] = { entry->mirror };
	int floor = fcntl(control->floor_fd, F_DUPFD_CLOEXEC, 3);

	if (floor < 0)
		return ERROR_IO;
	request->path = arena_string(job->arena, entry->mirror);
	job_add_fd(job, floor);
	job_paths(job, read, 1, NULL, 0);
	job_start(control, job, MESSAGE_judge, request);
	return 0;
}

static void move_change(struct control *control, uint64_t id, const char *state,
			const char *reason, uint64_t attempts, int64_t delay)
{
	struct error err = ERROR_INIT;
	int64_t now = clock_now();

	if (control_write(control) == 0 &&
	    store_change_move(control->store, id, state, reason, attempts,
			      delay ? now + delay : 0, now, &err) != 0)
		control_fail(control, 3, &err);
}

int judge_prepare(struct control *control, const struct msg_change_row *change)
{
	const struct conf_repository_entry *entry =
		config_repository(control->config, change->repository);
	struct msg_ref_row ref = { 0 };

	if (!entry) {
		move_change(control, change->id, "unknown",
			    "the repository is not configured any more",
			    change->attempts, 0);
		return 0;
	}
	struct job *job = job_new(control, &judge_kind);
	struct msg_judge *request =
		job ? arena_new_of(job->arena, struct msg_judge) : NULL;
	if (!request) {
		job_drop(job);
		return ERROR_MEMORY;
	}
	job->change = change->id;
	store_ref_get(control->store, control->round, change->repository, change->ref,
		      &ref, NULL);
	int rc = fill_judgement(control, job, entry, change, &ref.accepted, request);
	if (rc == 0)
		rc = fill_watch(control, job, request);
	if (rc == 0)
		rc = start_judge(control, job, entry, request);
	if (rc != 0)
		job_drop(job);
	return rc;
}

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
		return fill_judgement(control, job, entry, change, &change->base,
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
	struct job *job = job_new(control, &judge_kind);
	struct msg_judge *request =
		job ? arena_new_of(job->arena, struct msg_judge) : NULL;
	const char **paths =
		request ? arena_array(job->arena, target->options.paths.count + 1,
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
	if (rc == 0)
		rc = start_judge(control, job, entry, request);
	if (rc != 0)
		job_drop(job);
	return rc;
}

/* --- results --- */

static int keep_finding(struct job *job, const struct msg_finding_row *row)
{
	struct msg_finding_row *kept =
		ARENA_PUSH(job->arena, &job->findings, &job->finding_count,
			   &job->finding_capacity);

	if (!kept || job->finding_count > limits_default.values[LIMIT_FINDINGS])
		return ERROR_LIMIT;
	*kept = *row;
	kept->severity = arena_string(job->arena, row->severity);
	kept->code = arena_string(job->arena, row->code);
	kept->rule = arena_string(job->arena, row->rule);
	kept->kind = arena_string(job->arena, row->kind);
	kept->message = arena_string(job->arena, row->message);
	kept->mend = arena_string(job->arena, row->mend);
	kept->path = arena_string(job->arena, row->path);
	return 0;
}

/* A job that could not say yes or no: again later, in the end unknown. */
static void judge_failed(struct control *control, const struct msg_change_row *change,
			 const char *reason, bool crashed)
{
	uint64_t attempts = change->attempts + 1;
	uint64_t maximum = crashed ? CRASHES_MAX : ATTEMPTS_MAX;

	metric_add(METRIC_VERDICTS_UNKNOWN, 1);
	if (attempts < maximum) {
		move_change(control, change->id, "waiting", reason, attempts,
			    backoff(attempts));
		return;
	}
	const char *pairs[] = { "repository", change->repository,
				"ref",        change->ref,
				"commit",     oid_text(&change->new_id),
				"result",     "unknown",
				"reason",     reason,
				NULL };
	move_change(control, change->id, "unknown", reason, attempts, 0);
	status_put(control, change->repository, &change->new_id, "gitgate/policy",
		   "error", reason);
	ledger_put(control, "verdict", pairs);
	log_error("a change could not be judged", LOG_U("change", change->id),
		  LOG_S("reason", reason));
}

static int store_verdict(struct control *control, struct job *job,
			 const struct msg_change_row *change,
			 const struct msg_judged *judged, struct error *err)
{
	char policy[DIGEST_HEX_BYTES];
	const char *first = job->finding_count ? job->findings[0].message : "";
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
		.reason = first,
	};
	uint64_t id;

	digest_hex(&judged->policy, policy);
	const char *pairs[] = { "repository", change->repository,
				"ref",        change->ref,
				"commit",     oid_text(&change->new_id),
				"result",     judged->result,
				"policy",     policy,
				"pusher",     change->pusher ? change->pusher : "",
				NULL };
	int rc = store_verdict_add(control->store, &row, job->findings,
				   job->finding_count, &id, err);
	if (rc == 0)
		rc = ledger_put(control, "verdict", pairs);
	return rc;
}

static int queue_targets(struct control *control, const struct msg_change_row *change,
			 const struct msg_judged *judged, struct error *err)
{
	for (size_t i = 0; i < judged->changed.count; i++) {
		struct error refused = ERROR_INIT;
		const char *target = judged->changed.items[i];
		const struct conf_target_entry *entry =
			config_target(control->config, target);
		/* The configuration may have changed since the judge was asked; and a
		 * judge has no say in what others deploy. */
		if (!entry ||
		    strcmp(entry->options.repository, change->repository) != 0 ||
		    strcmp(entry->options.ref, change->ref) != 0)
			continue;
		int rc = deployment_queue(control, target, &change->new_id, change->id,
					  CAUSE_PUSH, change->pusher, NULL,
					  change->received_at, NULL, &refused);
		if (rc == ERROR_STALE)
			log_info("a change is not deployed", LOG_S("target", target),
				 LOG_E(&refused));
		else if (rc != 0)
			return error_set(err, rc, "%s", refused.text);
	}
	return 0;
}

static void take_verdict(struct control *control, struct job *job,
			 const struct msg_judged *judged)
{
	struct error err = ERROR_INIT;
	struct msg_change_row change;

	if (control_write(control) != 0)
		return;
	int rc = store_change_get(control->store, control->round, job->change, &change,
				  &err);
	if (rc != 0) {
		control_fail(control, 3, &err);
		return;
	}
	enum verdict_result result = verdict_by_name(judged->result);
	if (result == VERDICT_UNKNOWN) {
		judge_failed(control, &change,
			     judged->text ? judged->text : "the judge gave no reason",
			     false);
		return;
	}
	bool passed = result == VERDICT_PASS;
	const char *state = step_next(STEP_CHANGE, change.state,
				      passed ? STEP_PASSED : STEP_FAILED);
	const char *reason = passed               ? NULL
			     : job->finding_count ? job->findings[0].message
						  : "policy said no";
	rc = store_verdict(control, job, &change, judged, &err);
	if (rc == 0)
		rc = store_change_move(control->store, change.id, state, reason,
				       change.attempts, 0, clock_now(), &err);
	if (rc == 0)
		rc = store_change_base(control->store, change.id, &job->base, &err);
	if (rc == 0 && passed)
		rc = store_ref_accepted(control->store, change.repository, change.ref,
					&change.new_id, &err);
	if (rc == 0)
		rc = status_put(control, change.repository, &change.new_id,
				"gitgate/policy", passed ? "success" : "failure",
				passed ? "policy passed" : reason);
	if (rc == 0 && passed)
		rc = queue_targets(control, &change, judged, &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	metric_add(passed ? METRIC_VERDICTS_PASS : METRIC_VERDICTS_FAIL, 1);
	log_info("judged", LOG_S("repository", change.repository),
		 LOG_S("ref", change.ref), LOG_S("commit", oid_text(&change.new_id)),
		 LOG_S("result", judged->result), LOG_U("commits", judged->commits),
		 LOG_U("errors", judged->errors), LOG_S("reason", reason));
}

static void emit_failed(struct control *control, struct job *job, const char *reason,
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
			       job->finding_count ? job->findings[0].message
						  : "policy says no now");
}

static void take_manifests(struct control *control, struct job *job,
			   const struct msg_judged *judged, int *fds)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row row;
	const struct conf_target_entry *target =
		config_target(control->config, job->target);

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

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	if (type == MESSAGE_finding_row)
		return keep_finding(job, message);
	if (type != MESSAGE_judged)
		return ERROR_MESSAGE;
	job_finish(control, job); /* first: the target is free for the next job */
	if (verdict_by_name(((const struct msg_judged *)message)->result) !=
	    VERDICT_UNKNOWN)
		job_keep_facts(control, job);
	if (job->emits)
		take_manifests(control, job, message, fds);
	else
		take_verdict(control, job, message);
	return 0;
}

static void take_crash(struct control *control, struct job *job)
{
	struct msg_change_row change;
	const char *reason = "the judge ended without a result";

	if (job->emits)
		emit_failed(control, job, reason, true);
	else if (control_write(control) == 0 &&
		 store_change_get(control->store, control->round, job->change, &change,
				  NULL) == 0)
		judge_failed(control, &change, reason, true);
}

const struct job_kind judge_kind = { PROFILE_JUDGE, "judge", take_message, take_crash };
