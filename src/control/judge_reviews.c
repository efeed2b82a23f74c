/* control/judge_reviews.c - what a judge gets of merge requests: which one the change
 * comes by, its reviews, and a step of the runner that merges it.
 *
 * The merge is git's own (ort), made by the runner into a scratch object directory of
 * the mirror that the judge then reads: for a merge request its result is what is
 * judged, for a push it tells whether exactly that was pushed. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "control/judge.h"

#define MERGE_TIMEOUT  (120 * CLOCK_SECOND)
#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

struct msg_strings judgement_list(struct arena *arena, const char *const *list,
				  size_t count)
{
	const char **copy = arena_array(arena, count + 1, sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++)
		copy[i] = list[i];
	return (struct msg_strings){ copy, copy ? count : 0 };
}

static int add_reviews(struct control *control, struct job *job,
		       const struct msg_merge_request_row *row,
		       struct msg_judge *request)
{
	struct msg_review_row *reviews;
	size_t count = 0;
	int rc = store_review_list(control->store, job->arena, row->repository,
				   row->number, &reviews, &count, NULL);

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = job_add_message(job, MESSAGE_review_row, &reviews[i], -1);
	request->review_count = count;
	return rc;
}

const char *judgement_scratch(struct arena *arena,
			      const struct conf_repository_entry *entry)
{
	return arena_printf(arena, "%s/scratch", entry->mirror);
}

/* git merge-tree in the mirror, objects into a directory that the judge makes in the
 * mirror's scratch. */
static int add_merge(struct control *control, struct job *job,
		     const struct conf_repository_entry *entry,
		     struct msg_judge *request)
{
	struct arena *arena = job->arena;
	const char *scratch = judgement_scratch(arena, entry);
	struct msg_grant *grant = arena_new_of(arena, struct msg_grant);

	if (!grant || !scratch)
		return ERROR_MEMORY;
	request->scratch =
		arena_printf(arena, "%s/%llu", scratch, (unsigned long long)job->id);
	const char *arguments[] = {
		"git",
		"--git-dir",
		arena_string(arena, entry->mirror),
		"merge-tree",
		"--write-tree",
		"--no-messages",
		"--end-of-options",
		arena_string(arena, oid_text(&request->merge_base_tip)),
		arena_string(arena, oid_text(&request->merge_head)),
	};
	const char *environment[] = {
		"PATH=/usr/bin:/bin",
		"LC_ALL=C",
		"HOME=/nonexistent",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_NO_REPLACE_OBJECTS=1",
		arena_printf(arena, "GIT_OBJECT_DIRECTORY=%s", request->scratch),
		arena_printf(arena, "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s/objects",
			     entry->mirror),
	};
	*grant = (struct msg_grant){
		.arguments = judgement_list(arena, arguments, COUNT_OF(arguments)),
		.environment =
			judgement_list(arena, environment, COUNT_OF(environment)),
		.directory = arena_string(arena, entry->mirror),
		.timeout = MERGE_TIMEOUT,
		.write_paths = judgement_list(arena, &scratch, 1),
		.require_sandbox = control->config->sandbox.required,
	};
	request->has_merge = true;
	return job_add_grant(job, grant);
}

/* It is known by its head from before. */
static int read_again(struct control *control, const struct msg_merge_request_row *row)
{
	int rc = control_write(control);

	return rc == 0 ? store_merge_request_hint(control->store, row->repository,
						  row->number, clock_now(), NULL)
		       : rc;
}

/* The tips of the base that the forge may have compared the head with. */
static int add_shown(struct job *job, const struct msg_change_row *change,
		     const struct msg_merge_request_row *row, struct msg_judge *request)
{
	struct oid *shown = arena_array(job->arena, 2, sizeof(*shown));
	size_t count = 0;

	if (!shown)
		return ERROR_MEMORY;
	if (!oid_is_null(&change->old_id))
		shown[count++] = change->old_id;
	if (!change->number && !oid_is_null(&row->base))
		shown[count++] = row->base;
	request->shown_bases = (struct msg_oids){ shown, count };
	return 0;
}

int judgement_reviews(struct control *control, struct job *job,
		      const struct conf_repository_entry *entry,
		      const struct msg_change_row *change, struct msg_judge *request)
{
	const struct conf_source_entry *source = forge_of(control, entry->name);
	struct msg_merge_request_row row = { 0 };

	/* For a push only what was just read counts. */
	if (!source || oid_is_null(&change->new_id))
		return 0;
	job->asks_reviews = !change->number;
	if (!change->number &&
	    !reviews_fresh(control, change->repository, &change->new_id))
		return 0;
	int rc = merge_request_of_change(control, change, &row);
	if (rc != 0)
		return rc;
	if (!change->number && row.number && !merge_request_is_fresh(&row))
		return read_again(control, &row);
	job->asks_reviews = false;
	request->has_reviews = true;
	if (row.number == 0)
		return 0;
	request->number = row.number;
	request->source = arena_string(job->arena, source->name);
	request->forge = arena_string(job->arena, source->options.kind);
	request->own_head = row.head_repository &&
			    strcmp(row.head_repository, entry->options.full_name) == 0;
	request->author = arena_string(job->arena, row.author);
	request->base_ref = arena_string(job->arena, row.base_ref);
	request->merge_head = row.head;
	request->merge_base_tip = request->old_id;
	rc = add_shown(job, change, &row, request);
	if (rc != 0)
		return rc;
	if (!oid_is_null(&request->merge_base_tip) &&
	    (change->number || !oid_equal(&row.head, &change->new_id)))
		rc = add_merge(control, job, entry, request);
	return rc == 0 ? add_reviews(control, job, &row, request) : rc;
}

bool judgement_needs_reviews(struct control *control, const struct job *job,
			     const struct msg_judged *judged)
{
	if (!judged->needs_reviews || !job->asks_reviews)
		return false;
	reviews_ask(control, job->repository, &job->commit);
	return true;
}
