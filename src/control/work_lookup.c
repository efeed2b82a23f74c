/* control/work_lookup.c - lookup jobs: merge requests and their reviews, read from the
 * forge with our own credential.
 *
 * One job a source at a time. It is asked three things: which merge requests are open
 * (at a start and at every poll), what one is like now (after a hint), and by which
 * ones a commit came (before a push is judged whose rules need reviews). */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "control/state.h"

#define ITEMS_MAX 32

/* --- sending --- */

struct lookup_list {
	struct job *job;
	const struct conf_source_entry *source;
};

static int add_item(struct control *control, struct lookup_list *list,
		    const char *repository, const char *mode, uint64_t number,
		    uint64_t wanted, const struct oid *commit)
{
	struct job *job = list->job;
	const struct conf_repository_entry *entry =
		config_repository(control->config, repository);
	struct msg_lookup_item *item = arena_new_of(job->arena, struct msg_lookup_item);

	if (!entry || !item)
		return ERROR_MEMORY;
	*item = (struct msg_lookup_item){
		.repository = arena_string(job->arena, repository),
		.name = arena_string(job->arena, entry->options.full_name),
		.mode = mode,
		.number = number,
	};
	if (commit)
		item->commit = *commit;
	job->lookups[job->lookup_count++] = (struct job_lookup){
		.repository = item->repository,
		.mode = mode,
		.number = number,
		.wanted = wanted,
		.commit = item->commit,
	};
	return job_add_message(job, MESSAGE_lookup_item, item, -1);
}

static bool is_of(const struct control *control, const char *repository,
		  const struct conf_source_entry *source)
{
	const struct conf_repository_entry *entry =
		config_repository(control->config, repository);

	return entry && entry->options.merge_requests &&
	       forge_of(control, repository) == source;
}

static int add_lists(struct control *control, struct lookup_list *list)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < control->config->repository_count &&
			   list->job->lookup_count < ITEMS_MAX;
	     i++) {
		struct watch *watch = &control->repositories[i];
		if (!watch->list_merge_requests ||
		    !is_of(control, watch->name, list->source))
			continue;
		rc = add_item(control, list, watch->name, "open", 0, 0, NULL);
		watch->list_merge_requests = false;
	}
	return rc;
}

/* Of one repository, or (NULL) of all. 1: there are more of others than were read. */
static int add_wanted_of(struct control *control, struct lookup_list *list,
			 const char *repository, int64_t now, int64_t *until)
{
	struct msg_merge_request_row *rows;
	size_t count = 0;
	int64_t later = 0, time = clock_now();
	int rc = 0;

	if (store_merge_request_wanted(control->store, control->round, repository, time,
				       LIST_ROWS_MAX, &rows, &count, &later, NULL) != 0)
		return 0;
	if (later && now + later - time < *until)
		*until = now + later - time;
	if (!repository && count == LIST_ROWS_MAX)
		return 1;
	for (size_t i = 0; rc == 0 && i < count && list->job->lookup_count < ITEMS_MAX;
	     i++)
		if (is_of(control, rows[i].repository, list->source))
			rc = add_item(control, list, rows[i].repository, "number",
				      rows[i].number, rows[i].wanted, NULL);
	return rc;
}

/* All at once as long as they are few. Many of a forge that is silent, or of a
 * repository that is not asked for any more, must not stand before the others. */
static int add_wanted(struct control *control, struct lookup_list *list, int64_t now,
		      int64_t *until)
{
	const struct config *config = control->config;
	int rc = add_wanted_of(control, list, NULL, now, until);
	bool many = rc == 1;

	for (size_t i = 0; many && rc >= 0 && i < config->repository_count; i++)
		if (is_of(control, config->repositories[i].name, list->source))
			rc = add_wanted_of(control, list, config->repositories[i].name,
					   now, until);
	return rc < 0 ? rc : 0;
}

static int add_commits(struct control *control, struct lookup_list *list, int64_t now,
		       int64_t *until)
{
	int rc = 0;

	for (size_t i = 0;
	     rc == 0 && i < REVIEW_LOOKS && list->job->lookup_count < ITEMS_MAX; i++) {
		struct review_look *look = &control->looks[i];
		if (!look->asked_at || look->looked_at ||
		    forge_of(control, look->repository) != list->source)
			continue;
		if (look->due > now && look->due < *until)
			*until = look->due;
		if (look->due <= now)
			rc = add_item(control, list, look->repository, "commit", 0, 0,
				      &look->commit);
	}
	return rc;
}

static void lookup_prepare(struct control *control,
			   const struct conf_source_entry *source, int64_t now,
			   int64_t *until)
{
	static const struct msg_done end = { 0 };
	struct error err = ERROR_INIT;
	struct lookup_list list = { job_new(control, &lookup_kind), source };
	struct job *job = list.job;
	struct msg_forge_session *session =
		job ? arena_new_of(job->arena, struct msg_forge_session) : NULL;

	if (!session) {
		job_drop(job);
		return;
	}
	job->aside = true;
	job->source = arena_string(job->arena, source->name);
	job->lookups = arena_array(job->arena, ITEMS_MAX, sizeof(*job->lookups));
	int rc = job->lookups ? add_lists(control, &list) : ERROR_MEMORY;
	if (rc == 0)
		rc = add_commits(control, &list, now, until);
	if (rc == 0)
		rc = add_wanted(control, &list, now, until);
	if (rc == 0)
		rc = job_add_message(job, MESSAGE_done, &end, -1);
	if (rc == 0 && job->lookup_count == 0) {
		job_drop(job);
		return;
	}
	if (rc == 0)
		rc = forge_session_fill(control, job, source, session, &err);
	forge_charge(control, source, job, job->lookup_count);
	job_start(control, job, MESSAGE_forge_session, session);
	if (rc != 0) {
		log_error("a forge cannot be asked", LOG_S("source", source->name),
			  LOG_E(&err));
		lookup_kind.crashed(control, job);
		job_finish(control, job);
	}
}

void lookup_due(struct control *control, int64_t now, int64_t *until)
{
	for (size_t i = 0; i < control->config->source_count; i++) {
		const struct conf_source_entry *source = &control->config->sources[i];
		if (!jobs_talk_to(control, &lookup_kind, source->name) &&
		    forge_allows(control, source, 1, now, until))
			lookup_prepare(control, source, now, until);
	}
}

/* --- what was found --- */

static int keep_merge_request(struct job *job, const struct msg_merge_request_row *row)
{
	struct merge_request *kept = ARENA_PUSH(
		job->arena, &job->found, &job->found_count, &job->found_capacity);

	if (!kept ||
	    job->found_count > limits_default.values[LIMIT_FORGE_MERGE_REQUESTS])
		return ERROR_LIMIT;
	*kept = (struct merge_request){ .row = *row };
	kept->row.state = arena_string(job->arena, row->state);
	kept->row.head_ref = arena_string(job->arena, row->head_ref);
	kept->row.head_repository = arena_string(job->arena, row->head_repository);
	kept->row.base_ref = arena_string(job->arena, row->base_ref);
	kept->row.author = arena_string(job->arena, row->author);
	kept->row.title = arena_string(job->arena, row->title);
	kept->row.url = arena_string(job->arena, row->url);
	return 0;
}

static int keep_review(struct job *job, const struct msg_review_row *row)
{
	struct merge_request *last =
		job->found_count ? &job->found[job->found_count - 1] : NULL;
	struct msg_review_row *kept =
		last ? ARENA_PUSH(job->arena, &last->reviews, &last->review_count,
				  &last->review_capacity)
		     : NULL;

	if (!kept || last->review_count > limits_default.values[LIMIT_FORGE_REVIEWS])
		return ERROR_LIMIT;
	*kept = *row;
	kept->reviewer = arena_string(job->arena, row->reviewer);
	kept->state = arena_string(job->arena, row->state);
	return 0;
}

static void lookup_failed(struct control *control, struct job_lookup *lookup, int code,
			  const char *text, int64_t retry_at)
{
	struct watch *watch = watch_find(control, false, lookup->repository);
	struct msg_merge_request_row row = { 0 };
	int64_t now = clock_now();

	metric_add(METRIC_LOOKUP_FAILURES, 1);
	log_warning("merge requests could not be read",
		    LOG_S("repository", lookup->repository),
		    LOG_S("mode", lookup->mode), LOG_U("number", lookup->number),
		    LOG_S("problem", text));
	if (strcmp(lookup->mode, "open") == 0) {
		/* Only what makes control wait before it asks the forge again: what is
		 * wrong with this list is the next poll's. */
		if (watch && forge_is_down(code))
			watch->list_merge_requests = true;
	} else if (strcmp(lookup->mode, "commit") == 0) {
		reviews_looked(control, lookup->repository, &lookup->commit, code);
	} else if (store_merge_request_get(control->store, control->round,
					   lookup->repository, lookup->number, &row,
					   NULL) == 0) {
		int64_t due = retry_at ? retry_at : now + backoff(row.failures + 1);
		store_merge_request_failed(control->store, lookup->repository,
					   lookup->number, text, due, NULL);
	}
}

/* The forge does not know it (any more). */
static int gone(struct control *control, const struct job_lookup *lookup)
{
	struct merge_request found = {
		.row = { .number = lookup->number, .state = "closed" },
	};

	return merge_request_take(control, lookup->repository, &found, lookup->wanted);
}

static int take_found(struct control *control, struct job *job,
		      const struct job_lookup *lookup)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < job->found_count; i++) {
		const struct merge_request *found = &job->found[i];
		/* Looked at alone it says what is wrong with it. */
		rc = is_set(found->row.state)
			     ? merge_request_take(control, lookup->repository, found,
						  lookup->wanted)
			     : store_merge_request_hint(
				       control->store, lookup->repository,
				       found->row.number, clock_now(), NULL);
	}
	if (rc == 0 && strcmp(lookup->mode, "open") == 0)
		rc = merge_requests_listed(control, lookup->repository, job->found,
					   job->found_count);
	if (rc == 0 && strcmp(lookup->mode, "commit") == 0)
		reviews_looked(control, lookup->repository, &lookup->commit, 0);
	return rc;
}

static struct job_lookup *lookup_of(struct job *job, const struct msg_looked_up *looked)
{
	for (size_t i = 0; i < job->lookup_count; i++) {
		struct job_lookup *lookup = &job->lookups[i];
		if (!lookup->done && looked->repository && looked->mode &&
		    strcmp(lookup->repository, looked->repository) == 0 &&
		    strcmp(lookup->mode, looked->mode) == 0 &&
		    lookup->number == looked->number &&
		    oid_equal(&lookup->commit, &looked->commit))
			return lookup;
	}
	return NULL;
}

static int take_looked_up(struct control *control, struct job *job,
			  const struct msg_looked_up *looked)
{
	struct job_lookup *lookup = lookup_of(job, looked);
	int code = (int)looked->code;

	if (!lookup)
		return ERROR_MESSAGE;
	lookup->done = true;
	metric_add(METRIC_LOOKUPS, 1);
	if (control_write(control) != 0)
		return 0;
	forge_result(control, job->source, job->id, code == ERROR_NOT_FOUND ? 0 : code,
		     looked->text, looked->retry_at);
	int rc = 0;
	if (code == 0)
		rc = take_found(control, job, lookup);
	else if (code == ERROR_NOT_FOUND && lookup->number)
		rc = gone(control, lookup);
	else
		lookup_failed(control, lookup, code, looked->text, looked->retry_at);
	job->found_count = 0;
	if (rc != 0) {
		struct error err = ERROR_INIT;
		error_set(&err, rc, "a merge request could not be stored");
		control_fail(control, 3, &err);
	}
	return 0;
}

static void take_crash(struct control *control, struct job *job)
{
	const char *problem = "the job ended without a result";

	if (control_write(control) != 0)
		return;
	forge_result(control, job->source, job->id, ERROR_FORGE, problem, 0);
	for (size_t i = 0; i < job->lookup_count; i++)
		if (!job->lookups[i].done)
			lookup_failed(control, &job->lookups[i], ERROR_FORGE, problem,
				      0);
}

/* One that ends in order may leave nothing out. */
static bool is_complete(const struct job *job)
{
	bool complete = true;

	for (size_t i = 0; i < job->lookup_count; i++)
		complete = complete && job->lookups[i].done;
	return complete;
}

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	(void)fds;
	if (type == MESSAGE_merge_request_row)
		return keep_merge_request(job, message);
	if (type == MESSAGE_review_row)
		return keep_review(job, message);
	if (type == MESSAGE_looked_up)
		return take_looked_up(control, job, message);
	if (type == MESSAGE_forge_budget) {
		forge_budget_take(control, job, message);
		return 0;
	}
	if (type != MESSAGE_done)
		return ERROR_MESSAGE;
	if (!is_complete(job))
		take_crash(control, job);
	job_finish(control, job);
	return 0;
}

const struct job_kind lookup_kind = { PROFILE_REPORT, "lookup", take_message,
				      take_crash };
