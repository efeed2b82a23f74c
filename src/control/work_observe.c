/* control/work_observe.c - the standing observer: edits by others are noticed at once.
 */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/state.h"

/* Replaces the observer by one that watches the present list. */
void observer_refresh(struct control *control)
{
	const struct config *config = control->config;
	size_t count = 0;

	control->observer_stale = false;
	for (struct job *job = control->jobs; job; job = job->next)
		if (job->kind == &observe_kind)
			job_finish(control, job);
	struct job *job = job_new(control, &observe_kind);
	struct msg_observe *request =
		job ? arena_new_of(job->arena, struct msg_observe) : NULL;
	if (!request) {
		job_drop(job);
		return;
	}
	const char **names =
		arena_array(job->arena, config->target_count + 1, sizeof(*names));
	const char **paths =
		arena_array(job->arena, config->target_count + 1, sizeof(*paths));
	for (size_t i = 0; names && paths && i < config->target_count; i++) {
		const struct conf_target_entry *target = &config->targets[i];
		const char *path = config_target_path(target);
		if (path == NULL || target->drift_mode == DRIFT_OFF)
			continue;
		names[count] = arena_string(job->arena, target->name);
		paths[count] = arena_string(job->arena, path);
		count++;
	}
	request->targets = (struct msg_strings){ names, count };
	request->paths = (struct msg_strings){ paths, count };
	job->standing = true;
	job_paths(job, paths, count, NULL, 0);
	job_start(control, job, MESSAGE_observe, request);
	if (count == 0)
		job_finish(control, job); /* nothing to watch */
}

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	(void)job;
	(void)fds;
	if (type != MESSAGE_observed)
		return ERROR_MESSAGE;
	struct watch *watch = watch_find(
		control, true, ((const struct msg_observed *)message)->target);
	if (watch)
		watch->hinted = true;
	return 0;
}

/* The interval comparisons go on without it; the next reload or zygote brings it back.
 */
static void take_crash(struct control *control, struct job *job)
{
	static int64_t last;
	int64_t now = clock_monotonic();
	(void)job;

	if (now - last > 10 * CLOCK_SECOND)
		control->observer_stale = true;
	last = now;
}

const struct job_kind observe_kind = { PROFILE_OBSERVE, "observe", take_message,
				       take_crash };
