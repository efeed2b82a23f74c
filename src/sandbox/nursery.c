/* sandbox/nursery.c - the loop of a process that only makes children. */
#include "sandbox/nursery.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"
#include "sandbox/sandbox.h"

#define ARENA_BYTES  ((size_t)8 << 20) /* a decoded message of the largest size */
#define ORPHAN_TEXT  4096
#define ENDING_TURNS 500
#define ENDING_PAUSE 2000 /* microseconds */

static int fail(struct error *err, const char *what)
{
	return error_set_errno(err, errno, "%s", what);
}

/* --- signals and descriptors --- */

static int read_nothing(struct error *err)
{
	FD_CLOSING int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return fail(err, "cannot open '/dev/null'");
	return 0;
}

static int take_signals(struct nursery *nursery, struct error *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &set, NULL);
	nursery->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return nursery->signals < 0 ? fail(err, "cannot wait for signals") : 0;
}

int nursery_open(struct nursery *nursery, int control_fd, struct error *err)
{
	nursery->signals = -1;
	int code = channel_open(&nursery->channel, control_fd, true, err);
	if (code != 0)
		return code;
	nursery->child_count = 0;
	nursery->children = calloc(NURSERY_CHILDREN_MAX, sizeof(*nursery->children));
	if (nursery->children == NULL)
		code = error_set(err, ERROR_MEMORY, "out of memory for children");
	if (code == 0)
		code = read_nothing(err);
	if (code == 0)
		code = take_signals(nursery, err);
	if (code == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		code = fail(err, "cannot care for orphans");
	if (code != 0)
		nursery_close(nursery);
	return code;
}

void nursery_close(struct nursery *nursery)
{
	channel_close(&nursery->channel);
	fd_close(&nursery->signals);
	free(nursery->children);
	nursery->children = NULL;
	nursery->child_count = 0;
}

/* --- children --- */

static struct nursery_child *child_of(const struct nursery *nursery, uint64_t job)
{
	for (int i = 0; i < nursery->child_count; i++)
		if (nursery->children[i].job == job)
			return &nursery->children[i];
	return NULL;
}

static struct nursery_child *child_by_pid(const struct nursery *nursery, pid_t pid)
{
	for (int i = 0; i < nursery->child_count; i++)
		if (nursery->children[i].pid == pid)
			return &nursery->children[i];
	return NULL;
}

bool nursery_has(const struct nursery *nursery, uint64_t job)
{
	return child_of(nursery, job) != NULL;
}

bool nursery_kill(struct nursery *nursery, uint64_t job)
{
	const struct nursery_child *child = child_of(nursery, job);
	return child != NULL && kill(child->pid, SIGKILL) == 0;
}

/* Leaves the child with descriptors 0 to 3. */
static bool keep_only(int keep)
{
	if (keep != NURSERY_KEPT_FD && dup2(keep, NURSERY_KEPT_FD) < 0)
		return false;
	sandbox_close_from(NURSERY_KEPT_FD + 1);
	return fcntl(NURSERY_KEPT_FD, F_SETFD, FD_CLOEXEC) == 0;
}

static void become_child(pid_t parent, int keep)
{
	sigset_t none;
	sigemptyset(&none);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* What its children leave behind stays its own while it lives. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	/* The nursery may have died before that. */
	if (getppid() != parent || !keep_only(keep))
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int nursery_fork(struct nursery *nursery, uint64_t job, int keep, struct error *err)
{
	if (nursery->child_count >= NURSERY_CHILDREN_MAX)
		return error_set(err, ERROR_LIMIT, "%d jobs run already",
				 NURSERY_CHILDREN_MAX);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0) {
		error_set_errno(err, errno, "cannot fork");
		return ERROR_CHILD;
	}
	if (pid == 0) {
		become_child(parent, keep);
		return 0;
	}
	nursery->children[nursery->child_count++] = (struct nursery_child){ pid, job };
	return pid;
}

/* What a child started and left behind has become ours: ended. Its own children follow
 * at their turn, as their end is signalled again. */
static void kill_orphans(const struct nursery *nursery)
{
	char path[64], text[ORPHAN_TEXT];
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	FD_CLOSING int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	char *at = text;
	for (;;) {
		char *end;
		long pid = strtol(at, &end, 10);
		/* A number that is cut off has no blank behind it. */
		if (end == at || *end != ' ')
			return;
		if (child_by_pid(nursery, (pid_t)pid) == NULL)
			kill((pid_t)pid, SIGKILL);
		at = end;
	}
}

/* Takes the children that have ended. */
static int reap(struct nursery *nursery, struct error *err)
{
	int code = 0;
	bool any = false;
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0)
			break;
		any = true;
		struct nursery_child *child = child_by_pid(nursery, pid);
		if (child == NULL)
			continue;
		uint64_t job = child->job;
		*child = nursery->children[--nursery->child_count];
		if (code == 0)
			code = nursery->on_end(nursery, job, status, err);
	}
	if (any)
		kill_orphans(nursery);
	return code;
}

/* --- the loop --- */

/* Every whole message that is there. */
static int take_messages(struct nursery *nursery, struct error *err)
{
	for (;;) {
		int fds[MESSAGE_FDS_MAX] = { -1, -1, -1, -1 };
		enum message_type type;
		void *message;
		struct arena *arena = arena_new(ARENA_BYTES);
		if (arena == NULL)
			return error_set(err, ERROR_MEMORY,
					 "out of memory for a message");
		int code = channel_receive(&nursery->channel, arena, &type, &message,
					   fds, err);
		bool received = code == 1;
		if (received)
			code = nursery->on_message(nursery, type, message, fds, err);
		arena_free(arena);
		if (code < 0 || !received)
			return code;
	}
}

static int turn(struct nursery *nursery, bool *pending, struct error *err)
{
	struct pollfd fds[] = { { nursery->channel.fd, POLLIN, 0 },
				{ nursery->signals, POLLIN, 0 } };
	struct signalfd_siginfo ignored;
	if (*pending)
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, -1) < 0)
		return errno == EINTR ? 0 : fail(err, "cannot wait for messages");
	int code = 0;
	/* Before children are taken: a signal that comes later is seen next time. */
	while (read(nursery->signals, &ignored, sizeof(ignored)) > 0)
		continue;
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		code = take_messages(nursery, err);
	if (code == 0)
		code = reap(nursery, err);
	if (code == 0)
		code = channel_flush(&nursery->channel, pending, err);
	return code;
}

/* Each that ends may leave orphans, until there is nobody. What cannot be seen (without
 * /proc) or does not end is not waited for long. */
static void end_children(struct nursery *nursery)
{
	for (int i = 0; i < nursery->child_count; i++)
		kill(nursery->children[i].pid, SIGKILL);
	nursery->child_count = 0;
	for (int i = 0; i < ENDING_TURNS; i++) {
		kill_orphans(nursery);
		pid_t pid;
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			continue;
		if (pid < 0)
			return;
		usleep(ENDING_PAUSE);
	}
}

int nursery_loop(struct nursery *nursery, struct error *err)
{
	struct error cause = ERROR_INIT;
	bool pending = false;
	int code = 0;
	while (code == 0)
		code = turn(nursery, &pending, &cause);
	end_children(nursery);
	if (code == ERROR_CLOSED)
		return 0;
	return error_set(err, code, "%s", cause.text);
}
