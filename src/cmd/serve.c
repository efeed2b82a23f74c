/* cmd/serve.c - `gitgate serve`: the keeper of the standing processes.
 *
 * The keeper opens the listening sockets, starts control, zygote, runner and intake,
 * and starts again what dies. It holds no store and no secret and speaks to nobody but
 * control, to whom it hands the channels. It stays the user it was started as, so that
 * it can give new processes the rights of their own users. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/path.h"
#include "base/user.h"
#include "cmd/listen.h"
#include "cmd/notify.h"
#include "conf/config.h"
#include "control/control.h"
#include "intake/intake.h"
#include "ipc/message.h"
#include "job/deploy.h"
#include "job/fetch.h"
#include "job/judge.h"
#include "job/observe.h"
#include "job/read.h"
#include "job/report.h"
#include "net/http.h"
#include "repo/repo.h"
#include "sandbox/sandbox.h"
#include "sandbox/zygote.h"

#define RESTART_DELAY   (CLOCK_SECOND / 4)
#define FULL_DELAY      (CLOCK_SECOND / 2)  /* when the store's disk is full */
#define RESTART_WINDOW  (60 * CLOCK_SECOND) /* more than `restarts`: it gives up */
#define CONTROL_SILENT  (60 * CLOCK_SECOND) /* then it is taken for stuck */
#define RUNNER_PATIENCE (3 * CLOCK_SECOND)
#define RUNNER_PAUSE    1000 /* microseconds */

/* The processes, control first: the others' channels are handed to it. */
enum part_index { CONTROL, ZYGOTE, RUNNER, INTAKE, PARTS };
static const char *const part_names[PARTS] = { "control", "zygote", "runner",
					       "intake" };
static const char *const part_titles[PARTS] = { "gg-control", "gg-zygote", "gg-runner",
						"gg-intake" }; /* as ps shows them */

struct user_ids {
	uid_t uid; /* 0: stay */
	gid_t gid;
};

struct keeper {
	const char *config_file;
	struct config *config;
	struct user_ids users[PARTS];
	struct listeners listeners;
	pid_t pids[PARTS];
	struct channel control;
	int64_t *starts; /* of the last `restarts` ones */
	size_t start_count;
	int64_t heard;
	int signals;
	bool ready;
	bool stopping;
};

static const struct job_body job_bodies[] = {
	{ PROFILE_FETCH, job_fetch, NULL },
	{ PROFILE_JUDGE, job_judge, NULL },
	{ PROFILE_DEPLOY, job_deploy, NULL },
	{ PROFILE_OBSERVE, job_observe, NULL },
	{ PROFILE_READ, job_read, NULL },
	{ PROFILE_REPORT, job_report, http_library_init },
	{ PROFILE_NONE, NULL, NULL },
};

static struct sandbox_options options_of(const struct keeper *keeper,
					 enum part_index part)
{
	return (struct sandbox_options){
		.require_all = keeper->config->sandbox.required,
		.landlock_abi_maximum = (int)keeper->config->sandbox.landlock_abi,
		.uid = keeper->users[part].uid,
		.gid = keeper->users[part].gid,
	};
}

/* --- the parts, each in its own process --- */

static int run_control(struct keeper *keeper, int fd)
{
	struct control_setup setup = { keeper->config_file,
				       options_of(keeper, CONTROL) };

	return control_main(fd, &setup);
}

static int run_zygote(struct keeper *keeper, int fd)
{
	struct zygote_setup setup = { job_bodies, repo_library_init,
				      options_of(keeper, ZYGOTE) };

	log_set_process("zygote");
	return zygote_main(fd, &setup);
}

static int run_runner(struct keeper *keeper, int fd)
{
	struct sandbox_options options = options_of(keeper, RUNNER);

	log_set_process("runner");
	return runner_main(fd, &options);
}

/* The key of TLS is read here, before rights are dropped: no other process ever has it,
 * and intake that starts again takes a renewed certificate. */
static int run_intake(struct keeper *keeper, int fd)
{
	const struct config *config = keeper->config;
	struct listen_tls tls = { NULL, NULL };
	struct error err = ERROR_INIT;
	struct intake_setup setup = {
		.listeners = keeper->listeners.items,
		.listener_count = keeper->listeners.count,
		.connections = config->limits.values[LIMIT_HTTP_CONNECTIONS],
		.limits = &config->limits,
		.anonymous_read = config->server.anonymous_read,
		.proxies = config->server.trusted_proxies.items,
		.proxy_count = config->server.trusted_proxies.count,
		.sandbox = options_of(keeper, INTAKE),
	};

	log_set_process("intake");
	int rc = listen_tls_read(&tls, config, &err);
	if (rc != 0) {
		log_error("HTTP cannot be served", LOG_E(&err));
		return error_exit_code(rc);
	}
	setup.certificate = tls.certificate;
	setup.key = tls.key;
	int status = intake_main(fd, &setup);
	listen_tls_release(&tls);
	return status;
}

static int (*const part_mains[PARTS])(struct keeper *, int) = { run_control, run_zygote,
								run_runner,
								run_intake };

static void be_part(struct keeper *keeper, enum part_index part, int fd)
{
	sigset_t none;

	prctl(PR_SET_NAME, part_titles[part]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	/* Control hears of signals by a descriptor: one that comes before it has that
	 * must wait, not kill. */
	if (part != CONTROL)
		sigprocmask(SIG_SETMASK, &none, NULL);
	close(keeper->signals);
	channel_close(&keeper->control);
	if (part != INTAKE)
		listeners_close(&keeper->listeners);
	/* Not exit(3): what it would run (the sanitizers' search for leaks) looks at
	 * /proc, which a confined process cannot. */
	_exit(part_mains[part](keeper, fd));
}

/* Starts a part; its channel's other end in *fd. */
static int start_part(struct keeper *keeper, enum part_index part, int *fd,
		      struct error *err)
{
	int pair[2];
	int rc = channel_pair(pair, err);

	if (rc != 0)
		return rc;
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		be_part(keeper, part, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return error_set_errno(err, errno, "cannot start %s", part_names[part]);
	}
	keeper->pids[part] = pid;
	*fd = pair[0];
	return 0;
}

static int start_and_hand_over(struct keeper *keeper, enum part_index part,
			       struct error *err)
{
	struct msg_part message = { part_names[part] };
	int fd FD_CLOSING = -1;

	int rc = start_part(keeper, part, &fd, err);
	if (rc == 0)
		rc = channel_send(&keeper->control, MESSAGE_part, &message, &fd, 1,
				  err);
	return rc;
}

/* Control first: it must be there to take the others' channels. */
static int start_all(struct keeper *keeper, struct error *err)
{
	int fd = -1;
	int rc = start_part(keeper, CONTROL, &fd, err);

	if (rc == 0)
		rc = channel_open(&keeper->control, fd, true, err);
	for (int part = ZYGOTE; rc == 0 && part < PARTS; part++)
		rc = start_and_hand_over(keeper, (enum part_index)part, err);
	keeper->heard = clock_monotonic();
	return rc;
}

static void stop_part(struct keeper *keeper, enum part_index part, int signal)
{
	if (keeper->pids[part] <= 0)
		return;
	kill(keeper->pids[part], signal);
	waitpid(keeper->pids[part], NULL, 0);
	keeper->pids[part] = 0;
}

/* With control gone it ends tools, and takes away what they wrote. */
static void await_runner(struct keeper *keeper)
{
	int64_t until = clock_monotonic() + RUNNER_PATIENCE;

	while (keeper->pids[RUNNER] > 0 && clock_monotonic() < until) {
		if (waitpid(keeper->pids[RUNNER], NULL, WNOHANG) != 0)
			keeper->pids[RUNNER] = 0;
		else
			usleep(RUNNER_PAUSE);
	}
}

static void stop_all(struct keeper *keeper)
{
	channel_close(&keeper->control);
	stop_part(keeper, CONTROL, SIGKILL);
	stop_part(keeper, ZYGOTE, SIGKILL);
	stop_part(keeper, INTAKE, SIGKILL);
	await_runner(keeper);
	stop_part(keeper, RUNNER, SIGKILL);
}

/* --- supervision --- */

static bool too_many_starts(struct keeper *keeper)
{
	int64_t now = clock_monotonic();
	int64_t *start = &keeper->starts[keeper->start_count++ %
					 keeper->config->server.restarts];
	int64_t oldest = *start;

	*start = now;
	return oldest && now - oldest < RESTART_WINDOW;
}

static enum part_index part_of(const struct keeper *keeper, pid_t pid)
{
	for (int part = 0; part < PARTS; part++)
		if (keeper->pids[part] == pid)
			return (enum part_index)part;
	return PARTS;
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* -1: go on. A control that ended meanwhile is started again when its end is taken. */
static int start_again(struct keeper *keeper, enum part_index part)
{
	struct error err = ERROR_INIT;
	int rc = part == CONTROL ? (stop_all(keeper), start_all(keeper, &err))
				 : start_and_hand_over(keeper, part, &err);

	if (rc == 0 || (err.code == ERROR_CLOSED && keeper->pids[CONTROL] > 0))
		return -1;
	log_error("cannot start again", LOG_E(&err));
	stop_all(keeper);
	return 3;
}

/* Whether control is not started again. A store that is locked at the first start is
 * another service's; one that was ours will be ours again. */
static bool is_final(const struct keeper *keeper, int code)
{
	return keeper->stopping || code == 0 || code == 2 ||
	       (code == CONTROL_LOCKED && !keeper->ready);
}

/* A part ended. -1: go on, otherwise the exit status of the service. */
static int part_ended(struct keeper *keeper, enum part_index part, int status)
{
	int code = exit_code(status);
	bool full = part == CONTROL && code == CONTROL_FULL;

	keeper->pids[part] = 0;
	if (part == CONTROL && is_final(keeper, code)) {
		stop_all(keeper);
		return code == 0 ? 0 : 3;
	}
	usleep(full ? FULL_DELAY : RESTART_DELAY);
	/* Mostly it ended because control did: then all are started again, once. */
	if (part != CONTROL && keeper->pids[CONTROL] > 0 &&
	    waitpid(keeper->pids[CONTROL], &status, WNOHANG) > 0)
		return part_ended(keeper, CONTROL, status);
	log_warning("a standing process ended and is started again",
		    LOG_S("name", part_names[part]), LOG_I("status", code));
	if (!full && too_many_starts(keeper)) {
		log_error("too many restarts; giving up",
			  LOG_U("restarts", keeper->config->server.restarts));
		stop_all(keeper);
		return 3;
	}
	return start_again(keeper, part);
}

static int reap(struct keeper *keeper)
{
	int status, rc = -1;
	pid_t pid;

	while (rc < 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		enum part_index part = part_of(keeper, pid);
		if (part != PARTS)
			rc = part_ended(keeper, part, status);
	}
	return rc;
}

static int take_signal(struct keeper *keeper)
{
	struct signalfd_siginfo info;
	int rc = -1;

	while (rc < 0 && read(keeper->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			rc = reap(keeper);
			break;
		case SIGHUP:
			if (keeper->pids[CONTROL] > 0)
				kill(keeper->pids[CONTROL], SIGHUP);
			break;
		default:
			notify_system("STOPPING=1");
			keeper->stopping = true;
			if (keeper->pids[CONTROL] > 0)
				kill(keeper->pids[CONTROL], SIGTERM);
			break;
		}
	}
	return rc;
}

static void hear_control(struct keeper *keeper)
{
	struct arena *arena = arena_new(1 << 20);
	enum message_type type;
	void *message;

	while (arena && channel_receive(&keeper->control, arena, &type, &message, NULL,
					NULL) == 1) {
		const struct msg_state *state = message;
		if (type != MESSAGE_state)
			continue;
		keeper->heard = clock_monotonic();
		notify_system("WATCHDOG=1");
		if (state->ready && !keeper->ready) {
			keeper->ready = true;
			log_info("ready",
				 LOG_S("socket", keeper->config->server.socket));
			notify_system("READY=1");
		}
	}
	arena_free(arena);
}

static void watch_control(struct keeper *keeper)
{
	if (keeper->pids[CONTROL] <= 0 ||
	    clock_monotonic() - keeper->heard < CONTROL_SILENT)
		return;
	log_error("control is silent; it is started again");
	keeper->heard = clock_monotonic();
	kill(keeper->pids[CONTROL], SIGKILL);
}

static int supervise(struct keeper *keeper)
{
	int rc = -1;

	while (rc < 0) {
		struct pollfd polls[] = {
			{ keeper->signals, POLLIN, 0 },
			{ keeper->control.closed ? -1 : keeper->control.fd, POLLIN, 0 },
		};
		poll(polls, 2, 5000);
		if (polls[1].revents)
			hear_control(keeper);
		if (polls[0].revents)
			rc = take_signal(keeper);
		watch_control(keeper);
	}
	return rc;
}

/* --- start --- */

static int find_users(struct keeper *keeper, struct error *err)
{
	const struct conf_server *server = &keeper->config->server;
	const char *const names[PARTS] = { server->user, server->job_user,
					   server->job_user, server->intake_user };
	int rc = 0;

	if (geteuid() != 0)
		return 0;
	for (int part = 0; rc == 0 && part < PARTS; part++) {
		if (strcmp(names[part], "root") == 0)
			continue; /* asked for: doctor complains */
		rc = user_find(names[part], &keeper->users[part].uid,
			       &keeper->users[part].gid, err);
	}
	if (rc != 0)
		return error_context(err, "started as root, the processes get users of "
					  "their own (options user, intake-user, "
					  "job-user)");
	return 0;
}

/* A directory that must belong to a user; one that exists is left as it is. */
static int own_directory(const char *path, mode_t mode, const struct user_ids *owner,
			 struct error *err)
{
	if (path_exists(path))
		return 0;
	int rc = path_make_directories(path, mode, err);
	if (rc == 0 && owner->uid && chown(path, owner->uid, owner->gid) != 0)
		rc = error_set_errno(err, errno, "cannot give '%s' away", path);
	return rc;
}

static char *parent_of(const char *path)
{
	char *copy = strdup(path);
	char *slash = copy ? strrchr(copy, '/') : NULL;

	if (slash && slash != copy)
		*slash = '\0';
	return copy;
}

static int make_directories(struct keeper *keeper, struct error *err)
{
	const struct conf_server *server = &keeper->config->server;
	char *store = parent_of(server->store);
	char *mirrors = path_join(server->state, "mirrors");
	char *socket = parent_of(server->socket);
	int rc = store && mirrors && socket
			 ? 0
			 : error_set(err, ERROR_MEMORY, "out of memory");

	if (rc == 0)
		rc = own_directory(server->state, 0711, &keeper->users[CONTROL], err);
	if (rc == 0)
		rc = own_directory(store, 0711, &keeper->users[CONTROL], err);
	if (rc == 0)
		rc = own_directory(mirrors, 0711, &keeper->users[ZYGOTE], err);
	if (rc == 0)
		rc = own_directory(socket, 0755, &keeper->users[INTAKE], err);
	free(store);
	free(mirrors);
	free(socket);
	return rc;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What intake needs later is looked at now: then the mistake is told at the start. */
static int check_network(const struct config *config, struct error *err)
{
	struct listen_tls tls = { NULL, NULL };
	int rc = listen_check_proxies(config, err);

	if (rc == 0)
		rc = listen_tls_read(&tls, config, err);
	listen_tls_release(&tls);
	return rc;
}

static int start(struct keeper *keeper, struct error *err)
{
	int rc = config_load(&keeper->config, keeper->config_file, err);

	if (rc == 0) {
		keeper->starts = calloc(keeper->config->server.restarts,
					sizeof(*keeper->starts));
		rc = keeper->starts ? metrics_share(err)
				    : error_set(err, ERROR_MEMORY, "out of memory");
	}
	if (rc == 0)
		rc = find_users(keeper, err);
	if (rc == 0)
		rc = make_directories(keeper, err);
	if (rc == 0)
		rc = check_network(keeper->config, err);
	if (rc == 0)
		rc = listeners_open(&keeper->listeners, keeper->config, err);
	if (rc == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		keeper->signals = open_signals();
		rc = start_all(keeper, err);
	}
	return rc;
}

int cmd_serve(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct keeper keeper = { .config_file = CMD_CONFIG_FILE, .signals = -1 };
	const struct cmd_option options[] = {
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &keeper.config_file, NULL },
	};
	int operands;

	int rc = cmd_parse(argc, argv, "serve", options, 1, &operands);
	if (rc != 0)
		return rc - 1;
	if (operands < argc)
		return cmd_usage("serve", "unexpected argument '%s'", argv[operands]);
	log_set_process("serve");
	keeper.control.fd = -1;
	rc = start(&keeper, &err);
	if (rc != 0) {
		stop_all(&keeper);
		rc = cmd_fail(&err);
	} else {
		rc = supervise(&keeper);
	}
	listeners_close(&keeper.listeners);
	free(keeper.starts);
	config_free(keeper.config);
	return rc;
}
