/* sandbox/runner.c - the process that starts external tools for jobs. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "base/temporary.h"
#include "ipc/message.h"
#include "sandbox/filter.h"
#include "sandbox/nursery.h"
#include "sandbox/tool.h"
#include "sandbox/zygote.h"

#define ARENA_BYTES ((size_t)16 << 20)

struct runner {
	const struct sandbox_options *options;
	struct sandbox_support support;
	uint64_t grants;            /* each child is the holder of one, by its number */
	struct temporary temporary; /* in it each tool has a directory, by number */
};

/* --- in the child that holds a grant --- */

static int answer(struct channel *channel, const struct runner *runner,
		  const struct msg_grant *grant, struct arena *arena, struct error *err)
{
	enum message_type type;
	void *message;
	int code = channel_receive(channel, arena, &type, &message, NULL, err);
	if (code == ERROR_CLOSED) /* the job had no need of it */
		return 0;
	if (code < 0)
		return code;
	if (type != MESSAGE_run)
		return error_set(err, ERROR_MESSAGE, "a grant takes no message %d",
				 type);
	const struct msg_run *run = message;
	struct msg_ran ran;
	char temporary[PATH_MAX];
	snprintf(temporary, sizeof(temporary), "%s/%" PRIu64, runner->temporary.path,
		 runner->grants);
	struct tool_setup setup = { runner->options, &runner->support, temporary };
	tool_run(grant, run, &setup, arena, &ran);
	return channel_send(channel, MESSAGE_ran, &ran, NULL, 0, err);
}

__attribute__((noreturn)) static void hold(const struct runner *runner,
					   const struct msg_grant *grant)
{
	struct error err = ERROR_INIT;
	struct channel channel;
	log_set_process("tool");
	prctl(PR_SET_NAME, "gg-tool", 0, 0, 0);
	struct arena *arena = arena_new(ARENA_BYTES);
	int code = arena == NULL ? ERROR_MEMORY
				 : channel_open(&channel, NURSERY_KEPT_FD, false, &err);
	if (code == 0) {
		code = answer(&channel, runner, grant, arena, &err);
		channel_close(&channel);
	}
	if (code != 0)
		log_error("tool could not be run", LOG_E(&err));
	arena_free(arena);
	_exit(code == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* --- in the runner --- */

static int take_message(struct nursery *nursery, enum message_type type,
			const void *message, int fds[MESSAGE_FDS_MAX],
			struct error *err)
{
	struct runner *runner = nursery->data;
	struct error cause = ERROR_INIT;
	int code = 0;
	if (type != MESSAGE_grant || fds[0] < 0) {
		code = error_set(err, ERROR_MESSAGE,
				 "the runner has no use for message %d", type);
	} else {
		int pid = nursery_fork(nursery, ++runner->grants, fds[0], &cause);
		if (pid == 0)
			hold(runner, message);
		/* The job sees its descriptor closed. */
		if (pid < 0)
			log_error("tool could not be granted", LOG_E(&cause));
	}
	for (int i = 0; i < MESSAGE_FDS_MAX; i++)
		fd_close(&fds[i]);
	return code;
}

/* The job was told; control learns it from the job. */
static int take_end(struct nursery *nursery, uint64_t job, int status,
		    struct error *err)
{
	const struct runner *runner = nursery->data;
	struct error cause = ERROR_INIT;
	char name[32];
	(void)err;
	snprintf(name, sizeof(name), "%" PRIu64, job);
	if (path_remove_tree(runner->temporary.lock, name, &cause) != 0)
		log_warning("temporary files of a tool stay", LOG_E(&cause));
	log_debug("holder of a grant ended", LOG_U("grant", job),
		  LOG_I("status", status));
	return 0;
}

static void remove_temporary(struct runner *runner)
{
	struct error err = ERROR_INIT;
	if (temporary_remove(&runner->temporary, &err) != 0)
		log_warning("temporary files of tools stay", LOG_E(&err));
}

static int prepare(struct runner *runner, struct error *err)
{
	struct sandbox_state state;
	int code = filter_prepare(FILTER_TOOL, err);
	if (code == 0)
		code = filter_prepare(FILTER_TOOL_OFFLINE, err);
	if (code == 0)
		code = sandbox_enter(PROFILE_RUNNER, NULL, runner->options, &state,
				     err);
	/* Not killed with the keeper: control is, and then tools are ended and what
	 * they wrote is removed. */
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	if (code == 0)
		code = temporary_make(&runner->temporary, "gitgate-tools", err);
	if (code != 0)
		return code;
	sandbox_probe(&runner->support);
	log_info("runner ready", LOG_B("unprivileged", state.unprivileged),
		 LOG_B("user_namespaces", runner->support.user_namespaces),
		 LOG_B("network_namespaces", runner->support.network_namespaces),
		 LOG_B("pid_namespaces", runner->support.pid_namespaces),
		 LOG_I("landlock", runner->support.landlock_abi),
		 LOG_S("denied", runner->support.user_namespaces_reason));
	return 0;
}

int runner_main(int control_fd, const struct sandbox_options *options)
{
	struct error err = ERROR_INIT;
	struct runner runner = { .options = options };
	struct nursery nursery = { .on_message = take_message,
				   .on_end = take_end,
				   .data = &runner };
	log_set_process("runner");
	int code = nursery_open(&nursery, control_fd, &err);
	if (code == 0) {
		code = prepare(&runner, &err);
		if (code == 0)
			code = nursery_loop(&nursery, &err);
		nursery_close(&nursery);
		remove_temporary(&runner);
	}
	if (code == 0)
		return EXIT_SUCCESS;
	log_error("runner ends", LOG_E(&err));
	return EXIT_FAILURE;
}
