/* control/forges.c - what is known of forges between jobs: how many requests may be
 * made, since when one is silent, the token of an App's installation. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/state.h"

#define MINUTE       (60 * CLOCK_SECOND)
#define REQUESTS_MAX 1000000      /* of a job: more is not believed */
#define TOKEN_LEFT   (5 * MINUTE) /* an older installation token is not given out */

struct forge_watch *forge_watch_find(struct control *control, const char *source)
{
	for (size_t i = 0; source && i < control->config->source_count; i++)
		if (strcmp(control->forges[i].name, source) == 0)
			return &control->forges[i];
	return NULL;
}

static bool can_talk(const struct conf_source_entry *source)
{
	return is_set(source->api) &&
	       (is_set(source->options.token_file) || source->options.app_id);
}

const struct conf_source_entry *forge_of(const struct control *control,
					 const char *repository)
{
	const struct conf_repository_entry *entry =
		config_repository(control->config, repository);
	const struct conf_source_entry *source =
		entry && is_set(entry->options.source)
			? config_source(control->config, entry->options.source)
			: NULL;

	return source && can_talk(source) ? source : NULL;
}

bool forge_allows(struct control *control, const struct conf_source_entry *source,
		  uint64_t requests, int64_t now, int64_t *until)
{
	struct forge_watch *watch = forge_watch_find(control, source->name);
	int64_t budget = (int64_t)source->options.budget;
	int64_t price = budget * MINUTE;
	int64_t when;

	if (!watch)
		return false;
	/* A full minute's budget may be spent at once; then it comes back evenly. The
	 * allowance is counted in request-minutes, so that no fraction is lost. */
	int64_t passed = watch->refilled_at ? now - watch->refilled_at : MINUTE;
	if (passed > MINUTE)
		passed = MINUTE;
	watch->refilled_at = now;
	watch->allowance += budget * passed;
	if (watch->allowance > budget * MINUTE)
		watch->allowance = budget * MINUTE;
	if (requests < source->options.budget)
		price = (int64_t)requests * MINUTE;
	if (now < watch->retry_at)
		when = watch->retry_at;
	else if (watch->allowance < price)
		when = now + (price - watch->allowance) / budget + 1;
	else
		return true;
	if (when < *until)
		*until = when;
	return false;
}

static void charge(struct forge_watch *watch, int64_t budget, int64_t requests)
{
	watch->allowance -= requests * MINUTE;
	if (watch->allowance < -budget * MINUTE)
		watch->allowance = -budget * MINUTE;
}

void forge_charge(struct control *control, const struct conf_source_entry *source,
		  struct job *job, uint64_t requests)
{
	struct forge_watch *watch = forge_watch_find(control, source->name);

	if (!watch)
		return;
	job->requests = requests;
	charge(watch, (int64_t)source->options.budget, (int64_t)requests);
}

int forge_session_fill(struct control *control, struct job *job,
		       const struct conf_source_entry *source,
		       struct msg_forge_session *session, struct error *err)
{
	const struct conf_source *options = &source->options;
	const struct forge_watch *watch = forge_watch_find(control, source->name);
	struct arena *arena = job->arena;

	*session = (struct msg_forge_session){
		.source = arena_string(arena, source->name),
		.kind = arena_string(arena, options->kind),
		.api = arena_string(arena, source->api),
		.username = arena_string(arena, options->username),
		.app_id = options->app_id,
		.installation = options->installation,
		.timeout = options->timeout,
	};
	if (watch && watch->token && watch->token_expires > clock_now() + TOKEN_LEFT) {
		session->installation_token = arena_string(arena, watch->token);
		session->installation_expires = watch->token_expires;
	}
	if (watch && !session->installation)
		session->installation = watch->installation;
	int rc = job_secret(job, options->token_file, &session->token, err);
	if (rc == 0)
		rc = job_text(job, options->app_key, &session->app_key, err);
	if (rc == 0)
		rc = job_text(job, options->ca_file, &session->authorities, err);
	return rc;
}

static int64_t to_monotonic(int64_t when)
{
	return clock_monotonic() + (when - clock_now());
}

void forge_budget_take(struct control *control, struct job *job,
		       const struct msg_forge_budget *budget)
{
	struct forge_watch *watch = forge_watch_find(control, job->source);
	const struct conf_source_entry *source =
		config_source(control->config, job->source);
	struct msg_source_row row = { 0 };
	uint64_t made =
		budget->requests < REQUESTS_MAX ? budget->requests : REQUESTS_MAX;

	if (!watch || !source)
		return;
	/* What was guessed at its start becomes what it was. */
	charge(watch, (int64_t)source->options.budget,
	       (int64_t)made - (int64_t)job->requests);
	job->requests = made;
	if (budget->retry_at)
		watch->retry_at = to_monotonic(budget->retry_at);
	if (budget->installation_token && *budget->installation_token) {
		config_secret_wipe(watch->token);
		watch->token = strdup(budget->installation_token);
		watch->token_expires = budget->installation_expires;
		watch->installation = budget->installation;
	}
	if (control_write(control) != 0 ||
	    store_source_get(control->store, control->round, watch->name, &row, NULL) !=
		    0)
		return;
	row.remaining = budget->remaining;
	row.retry_at = budget->retry_at;
	store_source_put(control->store, &row, NULL);
}

bool forge_is_down(int code)
{
	return code == ERROR_NETWORK || code == ERROR_TIMEOUT || code == ERROR_FORGE ||
	       code == ERROR_RATE_LIMITED;
}

/* One that fails again and again is left alone for a while; an item's own trouble (a
 * refusal, a missing thing) says nothing about the forge. */
void forge_result(struct control *control, const char *source, uint64_t job, int code,
		  const char *problem, int64_t retry_at)
{
	struct forge_watch *watch = forge_watch_find(control, source);
	struct msg_source_row row = { 0 };
	bool down = forge_is_down(code);

	if (!watch)
		return;
	if (!down)
		watch->failures = 0;
	else if (job == 0 || job != watch->failed_job || watch->failures == 0)
		watch->failures++;
	if (down)
		watch->failed_job = job;
	if (down)
		watch->retry_at =
			retry_at ? to_monotonic(retry_at)
				 : clock_monotonic() + backoff(watch->failures);
	if (code == ERROR_FORGE_DENIED) {
		/* Perhaps the installation's token was taken back. */
		config_secret_wipe(watch->token);
		watch->token = NULL;
	}
	if (control_write(control) != 0 ||
	    store_source_get(control->store, control->round, source, &row, NULL) != 0)
		return;
	row.problem = code == 0 ? NULL : problem;
	if (code == 0)
		row.api_at = clock_now();
	row.retry_at = down && retry_at ? retry_at : 0;
	store_source_put(control->store, &row, NULL);
}
