/* control/judge_merges.c - a judge's step of the runner in which git makes again what
 * the forge made.
 *
 * Only rules tell whether it is needed, and only a judge reads these. So the first one
 * of a repository that needs it says so and is started again; the others have it from
 * then on. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "control/judge.h"
#include "repo/scratch.h"

#define TIMEOUT        (120 * CLOCK_SECOND)
#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

int judgement_merges(struct control *control, struct job *job,
		     const struct conf_repository_entry *entry,
		     struct msg_judge *request)
{
	const struct watch *watch = watch_find(control, false, entry->name);
	struct arena *arena = job->arena;
	const char *scratch = judgement_scratch(arena, entry);

	if (!watch || !watch->needs_merges || oid_is_null(&request->new_id))
		return 0;
	struct msg_grant *grant = arena_new_of(arena, struct msg_grant);
	request->forge_made =
		arena_printf(arena, "%s/made-%llu", scratch ? scratch : "",
			     (unsigned long long)job->id);
	if (!grant || !scratch || !request->forge_made)
		return ERROR_MEMORY;
	const char *arguments[] = { SCRATCH_MERGE_ARGUMENTS(request->forge_made) };
	const char *environment[] = { "PATH=/usr/bin:/bin", SCRATCH_MERGE_ENVIRONMENT };
	*grant = (struct msg_grant){
		.arguments = judgement_list(arena, arguments, COUNT_OF(arguments)),
		.environment =
			judgement_list(arena, environment, COUNT_OF(environment)),
		.directory = arena_string(arena, entry->mirror),
		.timeout = TIMEOUT,
		.write_paths = judgement_list(arena, &request->forge_made, 1),
		.require_sandbox = control->config->sandbox.required,
		.input_maximum = limits_default.values[LIMIT_FORGE_MADE_MERGES] *
				 SCRATCH_MERGE_LINE,
	};
	return job_add_grant(job, grant);
}

bool judgement_needs_merges(struct control *control, const struct job *job,
			    const struct msg_judged *judged)
{
	const struct msg_judge *request = job->request;
	struct watch *watch = watch_find(control, false, job->repository);

	if (!judged->needs_merges || request->forge_made || !watch)
		return false;
	watch->needs_merges = true;
	return true;
}
