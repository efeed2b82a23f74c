/* control/commands.c - what people and tokens ask to be done. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/state.h"

struct command {
	struct control *control;
	const struct msg_command *asked;
	const char *actor;
	const struct conf_target_entry *target; /* of verbs that need one */
	struct msg_target_row row;
	uint64_t id;
	const char *text;
};

static int put_target(struct command *command, struct error *err)
{
	int rc = control_write(command->control);

	return rc == 0 ? store_target_put(command->control->store, &command->row, err)
		       : rc;
}

static int record(struct command *command, const char *verb)
{
	const char *pairs[] = {
		"target", command->target->name,
		"actor",  command->actor,
		"reason", command->asked->reason ? command->asked->reason : "",
		NULL
	};
	int rc = control_write(command->control);

	return rc == 0 ? ledger_put(command->control, verb, pairs) : rc;
}

static int do_suspend(struct command *command, struct error *err)
{
	command->row.suspended = true;
	int rc = put_target(command, err);
	return rc == 0 ? record(command, "suspend") : rc;
}

static int do_resume(struct command *command, struct error *err)
{
	struct watch *watch = watch_find(command->control, true, command->target->name);

	command->row.suspended = false;
	command->row.held = NULL;
	int rc = put_target(command, err);
	if (watch)
		watch->hinted = true;
	return rc == 0 ? record(command, "resume") : rc;
}

/* The commit to deploy when none is named: what was accepted on the target's ref. */
static int find_accepted(struct command *command, struct oid *commit, struct error *err)
{
	struct control *control = command->control;
	const struct conf_target *options = &command->target->options;
	struct msg_ref_row ref = { 0 };

	int rc = store_ref_get(control->store, control->round, options->repository,
			       options->ref, &ref, err);
	if (rc != 0 || oid_is_null(&ref.accepted)) {
		error_clear(err);
		return error_set(err, ERROR_NOT_FOUND,
				 "nothing was accepted on '%s' of '%s' yet",
				 options->ref, options->repository);
	}
	*commit = ref.accepted;
	return 0;
}

/* Only what has a verdict that passed may be deployed. */
static int check_passed(struct command *command, const struct oid *commit,
			uint64_t *change, struct error *err)
{
	struct control *control = command->control;
	struct msg_query query = {
		.repository = command->target->options.repository,
		.ref = command->target->options.ref,
		.state = "pass",
		.limit = LIST_ROWS_MAX,
	};
	struct msg_verdict_row *rows;
	size_t count = 0;

	do {
		int rc = store_verdict_list(control->store, control->round, &query,
					    &rows, &count, err);
		if (rc != 0)
			return rc;
		for (size_t i = 0; i < count; i++)
			if (rows[i].number == 0 && oid_equal(&rows[i].commit, commit)) {
				*change = rows[i].change;
				return 0;
			}
		query.before = count ? rows[count - 1].id : 0;
	} while (count == LIST_ROWS_MAX);
	return error_set(err, ERROR_DENIED,
			 "commit %s has no verdict that passed on '%s': it cannot be "
			 "deployed",
			 oid_short(commit), command->target->options.ref);
}

static int do_deploy(struct command *command, struct error *err)
{
	struct control *control = command->control;
	const char *name = command->target->name;
	struct oid commit = command->asked->commit;
	uint64_t change = 0;

	int rc = oid_is_null(&commit) ? find_accepted(command, &commit, err) : 0;
	if (rc == 0)
		rc = check_passed(command, &commit, &change, err);
	if (rc == 0)
		rc = control_write(control);
	if (rc == 0 && command->asked->release)
		rc = store_quarantine_remove(control->store, name, &commit, err);
	if (rc == 0)
		rc = deployment_queue(control, name, &commit, change, CAUSE_REQUEST,
				      command->actor, command->asked->reason,
				      clock_now(), &command->id, err);
	/* Last: what is refused changes nothing. */
	if (rc == 0 && command->row.held && *command->row.held) {
		command->row.held = NULL;
		rc = put_target(command, err);
	}
	return rc;
}

/* The deployment to go back to: the one asked for, or the newest good one before. */
static int find_earlier(struct command *command, struct msg_deployment_row *out,
			struct error *err)
{
	struct control *control = command->control;
	struct msg_query query = { .target = command->target->name,
				   .limit = LIST_ROWS_MAX };
	struct msg_deployment_row *rows;
	size_t count;

	if (command->asked->generation == 0) {
		int rc = store_deployment_previous(control->store, control->round,
						   command->target->name,
						   &command->row.commit, 0, out, err);
		if (rc == ERROR_NOT_FOUND) {
			error_clear(err);
			rc = error_set(err, ERROR_NOT_FOUND,
				       "'%s' has no earlier deployment to go back to",
				       command->target->name);
		}
		return rc;
	}
	int rc = store_deployment_list(control->store, control->round, &query, &rows,
				       &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (rows[i].generation == command->asked->generation &&
		    !digest_is_none(&rows[i].listing)) {
			*out = rows[i];
			return 0;
		}
	return rc != 0 ? rc
		       : error_set(err, ERROR_NOT_FOUND,
				   "'%s' never deployed generation %llu",
				   command->target->name,
				   (unsigned long long)command->asked->generation);
}

static int do_rollback(struct command *command, struct error *err)
{
	struct control *control = command->control;
	struct msg_deployment_row earlier = { 0 };
	struct msg_quarantine_row bad = {
		.target = command->target->name,
		.commit = command->row.commit,
		.reason = command->asked->reason && *command->asked->reason
				  ? command->asked->reason
				  : "rolled back",
		.since = clock_now(),
		.actor = command->actor,
	};

	if (command->row.deployment == 0)
		return error_set(err, ERROR_NOT_FOUND,
				 "nothing was deployed to '%s' yet",
				 command->target->name);
	int rc = find_earlier(command, &earlier, err);
	if (rc == 0 && oid_equal(&earlier.commit, &command->row.commit))
		return error_set(err, ERROR_USAGE,
				 "generation %llu is the commit that is live",
				 (unsigned long long)earlier.generation);
	if (rc == 0 &&
	    store_quarantine_has(control->store, bad.target, &earlier.commit))
		return error_set(err, ERROR_STALE,
				 "commit %s of generation %llu is quarantined itself: "
				 "it was rolled back",
				 oid_short(&earlier.commit),
				 (unsigned long long)earlier.generation);
	if (rc == 0)
		rc = control_write(control);
	if (rc == 0)
		rc = store_quarantine_add(control->store, &bad, err);
	if (rc == 0)
		rc = record(command, "rollback");
	if (rc == 0)
		rc = deployment_queue(control, command->target->name, &earlier.commit,
				      earlier.change, CAUSE_ROLLBACK, command->actor,
				      bad.reason, clock_now(), &command->id, err);
	command->text = arena_printf(
		control->round, "goes back to %s (generation %llu); %s is quarantined",
		oid_short(&earlier.commit), (unsigned long long)earlier.generation,
		oid_short(&bad.commit));
	return rc;
}

static int do_poll(struct command *command, struct error *err)
{
	const char *repository = command->asked->repository;

	if (!config_repository(command->control->config, repository ? repository : ""))
		return error_set(err, ERROR_NOT_FOUND,
				 "no repository '%s' is configured",
				 repository ? repository : "");
	int rc = control_write(command->control);
	if (rc == 0)
		rc = store_repository_hint(command->control->store, repository,
					   clock_now(), err);
	schedule_hint(command->control, repository);
	/* Somebody who asks has mended something: a proof that was stored by hand, a
	 * log that answers again. */
	struct watch *watch = watch_find(command->control, false, repository);
	if (watch)
		watch->again = true;
	return rc;
}

/* Once more what a delivery said; a body that is not there any more cannot be read. */
static int do_replay(struct command *command, struct error *err)
{
	struct control *control = command->control;
	struct msg_delivery_row row;
	struct msg_bytes body;

	int rc = store_delivery_get(control->store, control->round, command->asked->id,
				    &row, err);
	if (rc == 0)
		rc = store_delivery_body(control->store, control->round, row.id, &body,
					 err);
	if (rc == ERROR_NOT_FOUND) {
		error_clear(err);
		return error_set(err, ERROR_NOT_FOUND,
				 "delivery %llu is not there, or its text was deleted "
				 "after delivery-retention",
				 (unsigned long long)command->asked->id);
	}
	if (rc == 0)
		rc = control_write(control);
	if (rc == 0)
		rc = store_webhook_again(control->store, row.id, 0, err);
	command->id = row.id;
	command->text = "is read again";
	return rc;
}

static int do_token_create(struct command *command, struct error *err)
{
	struct control *control = command->control;
	const struct msg_command *asked = command->asked;
	struct msg_token_row row = {
		.name = asked->name,
		.scopes = asked->scopes,
		.created_at = clock_now(),
		.expires_at = asked->expires_at,
		.digest = asked->digest,
	};
	const char *pairs[] = { "name",  asked->name,    "scopes", asked->scopes,
				"actor", command->actor, NULL };

	int rc = rights_scopes_check(asked->scopes, err);
	if (rc == 0 &&
	    (!asked->name || !*asked->name || digest_is_none(&asked->digest)))
		rc = error_set(err, ERROR_USAGE, "a token needs a name and a digest");
	if (rc == 0)
		rc = control_write(control);
	if (rc == 0)
		rc = store_token_add(control->store, &row, &command->id, err);
	return rc == 0 ? ledger_put(control, "token-create", pairs) : rc;
}

static int do_token_revoke(struct command *command, struct error *err)
{
	struct control *control = command->control;
	char id[24];
	const char *pairs[] = { "id", id, "actor", command->actor, NULL };

	snprintf(id, sizeof(id), "%llu", (unsigned long long)command->asked->id);
	int rc = control_write(control);
	if (rc == 0)
		rc = store_token_revoke(control->store, command->asked->id, clock_now(),
					err);
	command->id = command->asked->id;
	return rc == 0 ? ledger_put(control, "token-revoke", pairs) : rc;
}

static const struct verb {
	const char *name;
	const char *scope; /* of a token; NULL: admins at the local socket only */
	bool needs_target;
	int (*run)(struct command *command, struct error *err);
} verbs[] = {
	{ "deploy", "deploy", true, do_deploy },
	{ "rollback", "deploy", true, do_rollback },
	{ "suspend", "deploy", true, do_suspend },
	{ "resume", "deploy", true, do_resume },
	{ "poll", "poll", false, do_poll },
	{ "replay", "poll", false, do_replay },
	{ "backup", NULL, false, NULL },
	{ "token-create", NULL, false, do_token_create },
	{ "token-revoke", NULL, false, do_token_revoke },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *verb_find(const char *name, struct error *err)
{
	for (size_t i = 0; name && i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	error_set(err, ERROR_USAGE, "unknown command '%s'", name ? name : "");
	return NULL;
}

static int run_verb(struct command *command, const struct verb *verb, struct error *err)
{
	struct control *control = command->control;
	const char *target = command->asked->target ? command->asked->target : "";

	if (!verb->needs_target)
		return verb->run(command, err);
	command->target = config_target(control->config, target);
	if (!command->target)
		return error_set(err, ERROR_NOT_FOUND, "no target '%s' is configured",
				 target);
	int rc = store_target_get(control->store, control->round, target, &command->row,
				  err);
	return rc == 0 ? verb->run(command, err) : rc;
}

static void start_backup(struct control *control, const struct msg_command *asked)
{
	struct error err = ERROR_INIT;

	if (control->backup_request) {
		error_set(&err, ERROR_BUSY, "a backup is being made already");
		answer_fail(control, asked->request, &err);
		return;
	}
	control->backup_request = asked->request;
	if (asprintf(&control->backup_path, "%s.backup-%lld",
		     control->config->server.store, (long long)clock_now()) < 0)
		control->backup_path = NULL;
}

/* Without a scope no token suffices. */
static int check_right(struct control *control, const struct msg_command *asked,
		       const struct verb *verb, struct error *err)
{
	static const struct digest none;

	return verb->scope ? rights_check(control, asked->uid, &asked->token,
					  verb->scope, err)
			   : rights_check(control, asked->uid, &none, "admin", err);
}

void command_take(struct control *control, const struct msg_command *asked)
{
	struct error err = ERROR_INIT;
	struct command command = {
		.control = control,
		.asked = asked,
		.actor = rights_actor(control, asked->uid, &asked->token),
	};
	const struct verb *verb = verb_find(asked->verb, &err);

	int rc = verb ? check_right(control, asked, verb, &err) : err.code;
	if (rc == 0 && !verb->run) {
		start_backup(control, asked);
		return;
	}
	if (rc == 0)
		run_verb(&command, verb, &err);
	if (err.code != 0)
		answer_fail(control, asked->request, &err);
	else
		answer_end(control, asked->request, 0, command.text, command.id, 0);
	log_info("command", LOG_S("verb", asked->verb), LOG_S("target", asked->target),
		 LOG_S("actor", command.actor), LOG_S("reason", asked->reason),
		 LOG_I("code", err.code));
}

/* Some pages a round, between transactions. */
void backup_continue(struct control *control)
{
	struct error err = ERROR_INIT;

	if (!control->backup_request)
		return;
	int rc = control->backup_path
			 ? store_backup_step(control->store, control->backup_path,
					     &control->backup, &err)
			 : error_set(&err, ERROR_MEMORY, "out of memory");
	if (rc == 1)
		return;
	if (rc == 0)
		answer_end(control, control->backup_request, 0, control->backup_path, 0,
			   0);
	else
		answer_fail(control, control->backup_request, &err);
	store_backup_free(control->backup);
	free(control->backup_path);
	control->backup = NULL;
	control->backup_path = NULL;
	control->backup_request = 0;
}
