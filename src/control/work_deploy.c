/* control/work_deploy.c - deploy jobs: apply what was packed, or compare what is live.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "control/state.h"

static struct msg_strings copy_strings(struct arena *arena,
				       const struct strings *strings)
{
	const char **items = arena_array(arena, strings->count + 1, sizeof(*items));

	for (size_t i = 0; items && i < strings->count; i++)
		items[i] = arena_string(arena, strings->items[i]);
	return (struct msg_strings){ items, items ? strings->count : 0 };
}

static struct msg_deploy *new_request(struct job *job,
				      const struct conf_target_entry *target)
{
	struct msg_deploy *request = arena_new_of(job->arena, struct msg_deploy);

	if (!request)
		return NULL;
	request->target = arena_string(job->arena, target->name);
	request->kind = config_target_kind(target->kind);
	request->path = arena_string(job->arena, config_target_path(target));
	request->keep = target->directory.keep;
	request->timeout = target->directory.activate_timeout;
	request->paths = copy_strings(job->arena, &target->options.paths);
	return request;
}

/* The command is fixed here, from the configuration: the job can only say when. */
static int add_grants(struct control *control, struct job *job,
		      const struct conf_target_entry *target)
{
	struct arena *arena = job->arena;
	const struct conf_directory *options = &target->directory;
	struct msg_grant *grant = arena_new_of(arena, struct msg_grant);
	static const char *const environment[] = { "PATH=/usr/local/sbin:/usr/local/"
						   "bin:/usr/sbin:/usr/bin:/sbin:/bin",
						   "LC_ALL=C.UTF-8" };

	if (!grant)
		return ERROR_MEMORY;
	*grant = (struct msg_grant){
		.arguments = copy_strings(arena, &options->activate),
		.environment = { environment, 2 },
		.directory = arena_string(arena, options->path),
		.timeout = options->activate_timeout,
		.network = options->activate_network,
		.write_paths = copy_strings(arena, &options->activate_write),
		.require_sandbox = control->config->sandbox.required,
	};
	/* Once after the switch, once after switching back when the first run failed.
	 */
	int rc = job_add_grant(job, grant);
	return rc == 0 ? job_add_grant(job, grant) : rc;
}

static void give_up(struct control *control, uint64_t deployment, const char *reason,
		    bool again);

int deploy_prepare(struct control *control, const struct conf_target_entry *target,
		   const struct msg_deployment_row *deployment, int manifests_fd,
		   const struct digest *manifests)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row row = *deployment;
	struct job *job = job_new(control, &deploy_kind);
	struct msg_deploy *request = job ? new_request(job, target) : NULL;

	if (!request) {
		job_drop(job);
		return ERROR_MEMORY;
	}
	job->target = request->target;
	job->deployment = row.id;
	job_add_fd(job, manifests_fd);
	request->mode = "apply";
	request->generation = row.generation;
	request->commit = row.commit;
	request->manifests = *manifests;
	request->has_activate = target->directory.activate.count > 0;
	const char *write[] = { request->path };
	job_paths(job, NULL, 0, write, request->path != NULL ? 1 : 0);
	int rc = request->has_activate ? add_grants(control, job, target) : 0;
	job_start(control, job, MESSAGE_deploy, request);
	if (rc != 0 || control_write(control) != 0) {
		give_up(control, row.id, "the activate command could not be granted",
			true);
		job_finish(control, job);
		return rc;
	}
	row.state = step_next(STEP_DEPLOYMENT, row.state, STEP_PASSED);
	row.manifests = *manifests;
	row.started_at = clock_now();
	rc = store_deployment_put(control->store, &row, &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}

int compare_prepare(struct control *control, const struct conf_target_entry *target,
		    const struct msg_target_row *row)
{
	struct job *job = job_new(control, &deploy_kind);
	struct msg_deploy *request = job ? new_request(job, target) : NULL;

	if (!request) {
		job_drop(job);
		return ERROR_MEMORY;
	}
	job->target = request->target;
	job->observes = true;
	request->mode = "observe";
	request->generation = row->generation;
	request->commit = row->commit;
	request->release = arena_string(job->arena, row->release);
	request->listing = row->listing;
	const char *read[] = { request->path };
	job_paths(job, read, request->path != NULL ? 1 : 0, NULL, 0);
	job_start(control, job, MESSAGE_deploy, request);
	return 0;
}

/* --- results --- */

/* Ends a deployment that did not work, or lets it try again. */
static void give_up(struct control *control, uint64_t deployment, const char *reason,
		    bool again)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row row;

	if (control_write(control) != 0)
		return;
	if (store_deployment_get(control->store, control->round, deployment, &row,
				 &err) != 0) {
		control_fail(control, 3, &err);
		return;
	}
	row.attempts++;
	if (!again || row.attempts >= CRASHES_MAX) {
		deployment_end(control, &row, DEPLOYMENT_FAILED, reason);
		return;
	}
	row.state = step_next(STEP_DEPLOYMENT, row.state, STEP_CRASHED);
	row.reason = reason;
	row.due_at = clock_now() + backoff(row.attempts);
	if (store_deployment_put(control->store, &row, &err) != 0)
		control_fail(control, 3, &err);
}

/* The next deployment that a person asks for goes on from the generation found there.
 */
static void hold(struct control *control, const struct job *job, uint64_t generation,
		 const char *reason)
{
	struct error err = ERROR_INIT;
	struct msg_target_row row;

	if (store_target_get(control->store, control->round, job->target, &row, &err) ==
	    0) {
		row.held = reason;
		if (generation > row.generation)
			row.generation = generation;
		store_target_put(control->store, &row, &err);
	}
	log_error("a target is held", LOG_S("target", job->target),
		  LOG_S("reason", reason));
}

/* The deployment that this rollback undoes. */
static int mark_rolled_back(struct control *control, uint64_t id)
{
	struct msg_deployment_row row;
	struct error err = ERROR_INIT;

	if (id == 0 ||
	    store_deployment_get(control->store, control->round, id, &row, &err) != 0 ||
	    strcmp(row.state, deployment_state_name(DEPLOYMENT_DEPLOYED)) != 0)
		return 0;
	return deployment_end(control, &row, DEPLOYMENT_ROLLED_BACK,
			      "a rollback took it back; its commit is quarantined");
}

static int record_live(struct control *control, const struct msg_deployment_row *row,
		       uint64_t *before)
{
	struct error err = ERROR_INIT;
	struct msg_target_row target;

	int rc = store_target_get(control->store, control->round, row->target, &target,
				  &err);
	if (rc == 0) {
		*before = target.deployment;
		target.generation = row->generation;
		target.commit = row->commit;
		target.deployment = row->id;
		target.change = row->change;
		target.release = row->release;
		target.listing = row->listing;
		target.manifests = row->manifests;
		target.drifted = false;
		target.drift = NULL;
		target.held = NULL;
		target.healthy = row->commit;
		target.observed_at = clock_now();
		rc = store_target_put(control->store, &target, &err);
	}
	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}

static void finish_deployed(struct control *control, struct msg_deployment_row *row,
			    const struct msg_deployed *deployed)
{
	uint64_t before = 0;

	row->release = deployed->release;
	row->listing = deployed->listing;
	row->files = deployed->files;
	bool is_rollback =
		strcmp(row->cause, deployment_cause_name(CAUSE_ROLLBACK)) == 0;
	if (record_live(control, row, &before) != 0)
		return;
	if (is_rollback && mark_rolled_back(control, before) != 0)
		return;
	deployment_end(control, row, DEPLOYMENT_DEPLOYED, deployed->text);
	if (row->hinted_at)
		metric_set(METRIC_PUSH_TO_LIVE_LAST, row->ended_at - row->hinted_at);
}

static void take_deployed(struct control *control, struct job *job,
			  const struct msg_deployed *deployed)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row row;

	if (control_write(control) != 0)
		return;
	if (store_deployment_get(control->store, control->round, job->deployment, &row,
				 &err) != 0) {
		control_fail(control, 3, &err);
		return;
	}
	if (deployed->in_doubt) {
		row.state = deployment_state_name(DEPLOYMENT_IN_DOUBT);
		row.reason = deployed->text;
		if (store_deployment_put(control->store, &row, &err) != 0)
			control_fail(control, 3, &err);
	} else if (deployed->code == ERROR_TARGET_NEWER) {
		hold(control, job, deployed->generation,
		     "the target holds a newer generation than the store knows: was a "
		     "backup restored? 'gitgate deploy' goes on from the target's");
		deployment_end(control, &row, DEPLOYMENT_FAILED, deployed->text);
	} else if (deployed->code != 0) {
		give_up(control, row.id, deployed->text,
			error_is_retryable(deployed->code) &&
				deployed->code != ERROR_CHILD &&
				deployed->code != ERROR_TARGET);
	} else {
		finish_deployed(control, &row, deployed);
	}
}

static void correct(struct control *control, const struct msg_target_row *row,
		    const char *reason)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row *open;
	size_t count = 0;

	store_deployment_open(control->store, control->round, row->name, &open, &count,
			      NULL);
	if (count)
		return; /* something newer is on its way */
	if (deployment_queue(control, row->name, &row->commit, row->change, CAUSE_DRIFT,
			     "gitgate", reason, clock_now(), NULL, &err) != 0)
		log_warning("drift is not corrected", LOG_S("target", row->name),
			    LOG_E(&err));
}

static void take_comparison(struct control *control, struct job *job,
			    const struct msg_deployed *result)
{
	struct error err = ERROR_INIT;
	struct msg_target_row row;
	const struct conf_target_entry *target =
		config_target(control->config, job->target);
	bool drifted = result->drift || result->code != 0;
	const char *detail = result->text ? result->text : "it differs";

	if (!target || control_write(control) != 0 ||
	    store_target_get(control->store, control->round, job->target, &row, &err) !=
		    0)
		return;
	bool news = drifted &&
		    (!row.drifted || !row.drift || strcmp(row.drift, detail) != 0);
	row.observed_at = clock_now();
	row.drifted = drifted;
	row.drift = drifted ? detail : NULL;
	if (store_target_put(control->store, &row, &err) != 0) {
		control_fail(control, 3, &err);
		return;
	}
	if (!drifted)
		return;
	if (news) {
		const char *pairs[] = { "target", row.name,
					"commit", oid_text(&row.commit),
					"detail", detail,
					NULL };
		metric_add(METRIC_DRIFT_FOUND, 1);
		log_warning("a target drifted", LOG_S("target", row.name),
			    LOG_S("detail", detail));
		ledger_put(control, "drift", pairs);
	}
	if (target->drift_mode == DRIFT_CORRECT && !row.suspended)
		correct(control, &row, detail);
}

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	(void)fds;
	if (type == MESSAGE_deploy_phase) {
		log_debug("deploying", LOG_S("target", job->target),
			  LOG_S("phase",
				((const struct msg_deploy_phase *)message)->phase));
		return 0;
	}
	if (type != MESSAGE_deployed)
		return ERROR_MESSAGE;
	job_finish(control, job);
	if (job->observes)
		take_comparison(control, job, message);
	else
		take_deployed(control, job, message);
	return 0;
}

/* Applying again is harmless, unless a command may have begun. */
static void take_crash(struct control *control, struct job *job)
{
	struct error err = ERROR_INIT;
	struct msg_deployment_row row;
	const struct msg_deploy *request = job->request;

	if (job->observes)
		return;
	if (!request->has_activate || job->unborn) {
		give_up(control, job->deployment,
			job->unborn ? "the job could not be started"
				    : "the job ended without a result",
			true);
		return;
	}
	if (control_write(control) != 0 ||
	    store_deployment_get(control->store, control->round, job->deployment, &row,
				 &err) != 0)
		return;
	row.state = deployment_state_name(DEPLOYMENT_IN_DOUBT);
	row.reason = "the job ended in the middle, and the activate command may have "
		     "run: "
		     "look, then 'gitgate deploy'";
	if (store_deployment_put(control->store, &row, &err) != 0)
		control_fail(control, 3, &err);
}

const struct job_kind deploy_kind = { PROFILE_DEPLOY, "deploy", take_message,
				      take_crash };
