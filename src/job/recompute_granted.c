/* job/recompute_granted.c - has the runner start git, and hands it what to merge. */
#include "job/recompute_granted.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "job/grant.h"
#include "model/messages.h"

#define TIMEOUT (180 * CLOCK_SECOND) /* longer than the grant's own */

static int run(void *data, const struct buf *input, struct buf *output, int *status,
	       struct error *err)
{
	struct recompute_granted *granted = data;
	const struct msg_run request = { .input = { input->data, input->length } };
	const struct msg_ran *ran = NULL;
	int fd = granted->grant;

	granted->grant = -1;
	if (fd < 0)
		return error_set(err, ERROR_MESSAGE,
				 "git cannot be asked a second time");
	int rc = grant_run(fd, &request, TIMEOUT, granted->arena, &ran, err);
	if (rc != 0)
		return rc;
	if (ran->code != 0)
		return error_set(err, ERROR_FORGE_GIT,
				 "git cannot make merges again: %s",
				 ran->text ? ran->text : "it could not be started");
	buf_add(output, ran->output.data, ran->output.length);
	*status = (int)ran->status;
	return buf_status(output, "git's answer", err);
}

int recompute_granted(void *data, struct recompute_step *steps, size_t count,
		      struct error *err)
{
	struct recompute_granted *granted = data;
	const struct recompute recompute = {
		.repo = granted->repo,
		.directory = granted->directory,
		.run = run,
		.data = granted,
	};
	/* Numbers of jobs begin again with the service: what is there was left by one
	 * that was killed. */
	int rc = path_remove_named(granted->directory, err);

	return rc == 0 ? recompute_run(&recompute, steps, count, err) : rc;
}

void recompute_granted_close(struct recompute_granted *granted)
{
	struct error err = ERROR_INIT;

	fd_close(&granted->grant);
	/* What stays behind goes away with a later fetch. */
	if (granted->directory && path_remove_named(granted->directory, &err) != 0)
		log_warning("what git made could not be removed",
			    LOG_S("directory", granted->directory), LOG_E(&err));
}
