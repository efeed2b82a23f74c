/* sandbox/zygote.c - the process that makes jobs: a warm parent without secrets. */
#include "sandbox/zygote.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "ipc/message.h"
#include "sandbox/filter.h"
#include "sandbox/nursery.h"

/* How a job ends that could not be confined, as of waitpid(2) in `ended`. */
#define STATUS_UNCONFINED  125
#define PORTS_MAX          8
#define STATUS_NOT_STARTED (STATUS_UNCONFINED << 8)

static const struct job_body *body_of(const struct zygote_setup *setup,
				      enum profile profile)
{
	const struct job_body *body = setup->bodies;
	while (body->profile != PROFILE_NONE && body->profile != profile)
		body++;
	return body->profile == PROFILE_NONE ? NULL : body;
}

/* --- in the child --- */

/* What is no port is left out: then less is granted. */
static size_t read_ports(const struct msg_strings *texts, uint16_t ports[PORTS_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < texts->count && count < PORTS_MAX; i++) {
		uint64_t port = 0;
		if (text_parse_u64(texts->items[i], &port) == 0 && port > 0 &&
		    port <= UINT16_MAX)
			ports[count++] = (uint16_t)port;
	}
	return count;
}

static int confine(const struct job_body *body, const struct msg_spawn *spawn,
		   const struct sandbox_options *options, struct error *err)
{
	uint16_t ports[PORTS_MAX];
	const struct sandbox_paths paths = {
		.read = spawn->read_paths.items,
		.read_count = spawn->read_paths.count,
		.write = spawn->write_paths.items,
		.write_count = spawn->write_paths.count,
		.ports = ports,
		.port_count = read_ports(&spawn->ports, ports),
		.bounds_ports = spawn->bounds_ports,
	};
	/* The zygote is the unprivileged user already. */
	struct sandbox_options stay = *options;
	stay.uid = 0;
	return sandbox_enter(body->profile, &paths, &stay, NULL, err);
}

__attribute__((noreturn)) static void run_job(const struct job_body *body,
					      const struct msg_spawn *spawn,
					      const struct sandbox_options *options)
{
	struct error err = ERROR_INIT;
	struct channel channel;
	char title[16];
	log_set_process(profile_name(body->profile));
	snprintf(title, sizeof(title), "gg-%s", profile_name(body->profile));
	prctl(PR_SET_NAME, title, 0, 0, 0);
	int code = channel_open(&channel, NURSERY_KEPT_FD, false, &err);
	if (code == 0 && body->prepare != NULL)
		code = body->prepare(&err);
	if (code == 0)
		code = confine(body, spawn, options, &err);
	if (code != 0) {
		log_error("job could not be prepared or confined",
			  LOG_U("job", spawn->job), LOG_E(&err));
		struct msg_done done = { .code = code, .text = err.text };
		channel_send(&channel, MESSAGE_done, &done, NULL, 0, NULL);
		_exit(STATUS_UNCONFINED);
	}
	int status = body->run(&channel);
	channel_close(&channel);
	/* Not exit(3): the libraries' cleaning up is the zygote's. */
	_exit(status);
}

/* --- in the zygote --- */

static int tell_ended(struct nursery *nursery, uint64_t job, int status,
		      struct error *err)
{
	struct msg_ended ended = { job, (uint64_t)status };
	return channel_send(&nursery->channel, MESSAGE_ended, &ended, NULL, 0, err);
}

/* A job that cannot be made has ended at once. */
static int refuse_job(struct nursery *nursery, const struct msg_spawn *spawn,
		      const struct error *cause, struct error *err)
{
	log_error("job could not be made", LOG_U("job", spawn->job), LOG_E(cause));
	return tell_ended(nursery, spawn->job, STATUS_NOT_STARTED, err);
}

static int make_job(struct nursery *nursery, const struct msg_spawn *spawn, int fd,
		    struct error *err)
{
	const struct zygote_setup *setup = nursery->data;
	const char *profile = spawn->profile != NULL ? spawn->profile : "";
	const struct job_body *body = body_of(setup, profile_by_name(profile));
	struct error cause = ERROR_INIT;
	if (body == NULL || fd < 0 || nursery_has(nursery, spawn->job)) {
		error_set(&cause, ERROR_MESSAGE,
			  "a job of profile '%s' is unknown, runs already or has no "
			  "descriptor",
			  profile);
		return refuse_job(nursery, spawn, &cause, err);
	}
	int pid = nursery_fork(nursery, spawn->job, fd, &cause);
	if (pid == 0)
		run_job(body, spawn, &setup->options);
	if (pid < 0)
		return refuse_job(nursery, spawn, &cause, err);
	struct msg_spawned spawned = { spawn->job, (uint64_t)pid };
	return channel_send(&nursery->channel, MESSAGE_spawned, &spawned, NULL, 0, err);
}

static int take_message(struct nursery *nursery, enum message_type type,
			const void *message, int fds[MESSAGE_FDS_MAX],
			struct error *err)
{
	int code;
	if (type == MESSAGE_spawn) {
		code = make_job(nursery, message, fds[0], err);
	} else if (type == MESSAGE_kill_job) {
		const struct msg_kill_job *kill_job = message;
		/* It may have ended meanwhile. */
		nursery_kill(nursery, kill_job->job);
		code = 0;
	} else {
		code = error_set(err, ERROR_MESSAGE,
				 "the zygote has no use for message %d", type);
	}
	for (int i = 0; i < MESSAGE_FDS_MAX; i++)
		fd_close(&fds[i]);
	return code;
}

static int prepare(struct nursery *nursery, const struct zygote_setup *setup,
		   struct error *err)
{
	struct sandbox_state state;
	int code = sandbox_prepare(err);
	if (code == 0 && setup->warm_up != NULL)
		code = setup->warm_up(err);
	if (code == 0)
		code = sandbox_enter(PROFILE_ZYGOTE, NULL, &setup->options, &state,
				     err);
	if (code != 0)
		return code;
	/* A change of user clears it, so not before. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	log_info("zygote ready", LOG_B("seccomp", state.seccomp),
		 LOG_B("relaxed", filter_is_relaxed()),
		 LOG_B("unprivileged", state.unprivileged),
		 LOG_S("missing", state.missing));
	nursery->on_message = take_message;
	nursery->on_end = tell_ended;
	return 0;
}

int zygote_main(int control_fd, const struct zygote_setup *setup)
{
	struct error err = ERROR_INIT;
	/* The setup is only read; a nursery's data is for owners that write, too. */
	struct nursery nursery = { 0 };
	struct zygote_setup own = *setup;
	nursery.data = &own;
	log_set_process("zygote");
	int code = nursery_open(&nursery, control_fd, &err);
	if (code == 0) {
		code = prepare(&nursery, setup, &err);
		if (code == 0)
			code = nursery_loop(&nursery, &err);
		nursery_close(&nursery);
	}
	if (code == 0)
		return EXIT_SUCCESS;
	log_error("zygote ends", LOG_E(&err));
	return EXIT_FAILURE;
}
