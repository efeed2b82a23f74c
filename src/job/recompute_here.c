/* job/recompute_here.c - git as a child of this process: in the hook and on a
 * workstation. */
#include "job/recompute.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "repo/scratch.h"

#define TIMEOUT_SECONDS 120
#define MEMORY_BYTES    ((rlim_t)4 << 30) /* git holds files of both sides */
#define FILE_BYTES      ((rlim_t)1 << 30)

static int set_limit(int resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
		return -1;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value)
		value = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = value;
	return setrlimit((__rlimit_resource_t)resource, &limit);
}

static int confine(void *data)
{
	(void)data;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    set_limit(RLIMIT_CORE, 0) != 0 ||
	    set_limit(RLIMIT_CPU, TIMEOUT_SECONDS) != 0 ||
	    set_limit(RLIMIT_AS, MEMORY_BYTES) != 0)
		return -1;
	return set_limit(RLIMIT_FSIZE, FILE_BYTES);
}

static int run(void *data, const struct buf *input, struct buf *output, int *status,
	       struct error *err)
{
	static const char *const environment[] = { "PATH=" SPAWN_PATH,
						   SCRATCH_MERGE_ENVIRONMENT, NULL };
	const char *const arguments[] = { SCRATCH_MERGE_ARGUMENTS(data), NULL };
	const struct spawn spawn = {
		.arguments = arguments,
		.environment = environment,
		.directory = "/",
		.input = input->data,
		.input_length = input->length,
		.orphan_signal = SIGKILL,
		.timeout = TIMEOUT_SECONDS * CLOCK_SECOND,
		.output_maximum =
			(size_t)limits_default.values[LIMIT_TOOL_OUTPUT_BYTES],
		.before_exec = confine,
	};
	struct spawn_result result;

	int rc = spawn_run(&spawn, &result, err);
	if (rc == 0) {
		buf_add(output, result.output.data, result.output.length);
		buf_add(output, result.errors.data, result.errors.length);
		*status = result.status;
		rc = buf_status(output, "git's answer", err);
	}
	spawn_result_release(&result);
	return rc;
}

int recompute_here(void *data, struct recompute_step *steps, size_t count,
		   struct error *err)
{
	struct recompute_here *here = data;
	char path[PATH_MAX];

	int rc = here->directory.path
			 ? 0
			 : temporary_make(&here->directory, "gitgate-merging", err);
	if (rc != 0)
		return rc;
	snprintf(path, sizeof(path), "%s/%u", here->directory.path, here->runs++);
	const struct recompute recompute = {
		.repo = here->repo,
		.directory = path,
		.run = run,
		.data = path,
	};
	return recompute_run(&recompute, steps, count, err);
}

void recompute_here_close(struct recompute_here *here)
{
	/* What stays is private, and the next one removes it. */
	temporary_remove(&here->directory, NULL);
}
