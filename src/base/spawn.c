/* base/spawn.c - runs a program: no shell, cleared environment, bounded output, a
 * deadline. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"

#define DEFAULT_TIMEOUT (60 * CLOCK_SECOND)
#define DEFAULT_OUTPUT  ((size_t)1 << 20)
#define READ_BYTES      16384
#define READS_A_TURN    4
#define READS_AT_END    64 /* the most that a pipe can hold */
#define POLL_MS         20 /* between looks at the child when there is no pidfd */
/* Not in the C library's headers of 2022. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#define REFUSED_STATUS 126

const char *const spawn_default_environment[] = { "PATH=" SPAWN_PATH, "LC_ALL=C.UTF-8",
						  NULL };

/* What the child needs; all made before the fork, so that it allocates nothing. */
struct launch {
	const struct spawn *spawn;
	char *program;
	char *const *arguments;
	char *const *environment;
	int input;  /* standard input */
	int output; /* write ends */
	int errors;
	int report; /* the child writes a struct failure here; exec closes it */
	int reader; /* the parent's end of that */
	long descriptors;
};

/* Why the child did not get as far as running the program. */
struct failure {
	int stage;
	int number; /* errno */
};

enum stage { STAGE_NONE, STAGE_GROUP, STAGE_DESCRIPTORS, STAGE_DIRECTORY, STAGE_EXEC };

/* The parent's ends. */
struct watch {
	pid_t pid;
	int output;
	int errors;
	int report;
	int pidfd; /* -1: the kernel has none */
	bool lost; /* somebody else has waited for it */
	int64_t deadline;
};

/* --- before the fork --- */

static const char *search_path(const char *const *environment)
{
	for (; *environment != NULL; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			return *environment + 5;
	return SPAWN_PATH;
}

static bool is_program(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       access(path, X_OK) == 0;
}

static int find_program(const char *name, const char *const *environment, char **out,
			struct error *err)
{
	if (strchr(name, '/') != NULL) {
		*out = strdup(name);
		return *out != NULL ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
	}
	const char *path = search_path(environment);
	for (const char *at = path; name[0] != '\0' && *at != '\0';) {
		size_t length = strcspn(at, ":");
		char candidate[PATH_MAX];
		/* An empty or relative entry would depend on the directory: skipped. */
		int size = at[0] != '/' ? -1
					: snprintf(candidate, sizeof(candidate),
						   "%.*s/%s", (int)length, at, name);
		if (size > 0 && (size_t)size < sizeof(candidate) &&
		    is_program(candidate)) {
			*out = strdup(candidate);
			return *out != NULL
				       ? 0
				       : error_set(err, ERROR_MEMORY, "out of memory");
		}
		at += length + (at[length] == ':');
	}
	return error_set(err, ERROR_NOT_FOUND,
			 "the program '%s' is not installed (looked in %s)", name,
			 path);
}

/* Out of the way of 0 to 2, which the child replaces. */
static int move_up(int *fd)
{
	if (*fd > STDERR_FILENO || *fd < 0)
		return *fd < 0 ? -1 : 0;
	int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int number = errno;
	close(*fd);
	*fd = moved;
	errno = number;
	return moved < 0 ? -1 : 0;
}

static int make_pipe(int *read_end, int *write_end)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	*read_end = ends[0];
	*write_end = ends[1];
	if (move_up(read_end) != 0 || move_up(write_end) != 0)
		return -1;
	return fcntl(*read_end, F_SETFL, O_NONBLOCK);
}

/* The input as a sealed file in memory: nothing has to be fed while the child runs. */
static int make_input(const void *bytes, size_t length)
{
	if (bytes == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input",
			      MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	if (fd_write_all(fd, bytes, length, NULL) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
		int number = errno;
		close(fd);
		errno = number;
		return -1;
	}
	return fd;
}

static int prepare(struct launch *launch, struct watch *watch, struct error *err)
{
	const struct spawn *spawn = launch->spawn;
	const char *const *environment = spawn->environment != NULL
						 ? spawn->environment
						 : spawn_default_environment;
	/* execve(2) takes pointers to char for history's sake; it changes nothing. */
	memcpy(&launch->arguments, &spawn->arguments, sizeof(launch->arguments));
	memcpy(&launch->environment, &environment, sizeof(launch->environment));
	launch->descriptors = sysconf(_SC_OPEN_MAX);
	int code =
		find_program(spawn->arguments[0], environment, &launch->program, err);
	if (code != 0)
		return code;
	launch->input = make_input(spawn->input, spawn->input_length);
	if (move_up(&launch->input) != 0 ||
	    make_pipe(&watch->output, &launch->output) != 0 ||
	    make_pipe(&watch->errors, &launch->errors) != 0 ||
	    make_pipe(&watch->report, &launch->report) != 0)
		return error_set_errno(err, errno, "cannot make pipes for '%s'",
				       spawn->arguments[0]);
	launch->reader = watch->report;
	return 0;
}

/* --- in the child: only async-signal-safe calls --- */

__attribute__((noreturn)) static void child_fails(const struct launch *launch,
						  enum stage stage)
{
	struct failure failure = { stage, errno };
	if (write(launch->report, &failure, sizeof(failure)) < 0)
		_exit(REFUSED_STATUS + 1);
	_exit(REFUSED_STATUS);
}

static void child_resets_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Every descriptor above 2 goes away with the exec, not before: before_exec may need
 * some. */
static void child_closes_descriptors(const struct launch *launch)
{
	if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	for (int fd = STDERR_FILENO + 1; fd < launch->descriptors; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Ends with the parent: by a signal, or here when that died before it could be asked
 * for. Then nobody else has the other end of the report. (getppid(2) does not tell in a
 * pid namespace that the child is the first of.) */
static void child_follows_parent(const struct launch *launch)
{
	int number = launch->spawn->orphan_signal;
	struct pollfd report = { launch->report, 0, 0 };
	prctl(PR_SET_PDEATHSIG, number != 0 ? number : SIGTERM, 0, 0, 0);
	close(launch->reader);
	if (poll(&report, 1, 0) > 0)
		_exit(REFUSED_STATUS);
}

__attribute__((noreturn)) static void child_runs(const struct launch *launch)
{
	const struct spawn *spawn = launch->spawn;
	if (setpgid(0, 0) != 0)
		child_fails(launch, STAGE_GROUP);
	child_resets_signals();
	child_follows_parent(launch);
	if (dup2(launch->input, STDIN_FILENO) < 0 ||
	    dup2(launch->output, STDOUT_FILENO) < 0 ||
	    dup2(launch->errors, STDERR_FILENO) < 0)
		child_fails(launch, STAGE_DESCRIPTORS);
	child_closes_descriptors(launch);
	if (spawn->directory != NULL && chdir(spawn->directory) != 0)
		child_fails(launch, STAGE_DIRECTORY);
	if (spawn->before_exec != NULL && spawn->before_exec(spawn->data) != 0)
		_exit(REFUSED_STATUS);
	execve(launch->program, launch->arguments, launch->environment);
	child_fails(launch, STAGE_EXEC);
}

/* Signals wait while there are two of us: a handler of the parent's must not run in the
 * child. */
static pid_t start_child(const struct launch *launch)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		child_runs(launch);
	int number = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = number;
	return pid;
}

/* --- in the parent --- */

/* Reads what is there, a number of times that is bounded: it may be written faster than
 * it is read. What is over the maximum is thrown away. */
static void drain(int *fd, struct buf *out, int reads)
{
	char bytes[READ_BYTES];
	for (; *fd >= 0 && reads > 0; reads--) {
		ssize_t got = read(*fd, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			fd_close(fd);
		if (got <= 0)
			return;
		size_t room = out->maximum - out->length;
		buf_add(out, bytes, (size_t)got < room ? (size_t)got : room);
	}
}

/* Whether it has ended; it stays a zombie, so that the number of its process group is
 * not given to others. */
static bool has_ended(struct watch *watch)
{
	siginfo_t info = { 0 };
	int result;
	do
		result = waitid(P_PID, (id_t)watch->pid, &info,
				WEXITED | WNOHANG | WNOWAIT);
	while (result != 0 && errno == EINTR);
	watch->lost = result != 0;
	return watch->lost || info.si_pid == watch->pid;
}

/* How long poll(2) may wait; -1 when the deadline is over. */
static int poll_timeout(const struct watch *watch)
{
	int64_t left = watch->deadline - clock_monotonic();
	if (left <= 0)
		return -1;
	int64_t milliseconds = left / (CLOCK_SECOND / 1000) + 1;
	if (watch->pidfd < 0 && milliseconds > POLL_MS)
		return POLL_MS;
	return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

/* Until the program has ended (its own children may hold the pipes open longer). 0 or
 * ERROR_TIMEOUT. */
static int attend(struct watch *watch, struct spawn_result *result)
{
	bool ended = false;
	while (!ended) {
		int timeout = poll_timeout(watch);
		if (timeout < 0)
			return ERROR_TIMEOUT;
		struct pollfd fds[] = { { watch->output, POLLIN, 0 },
					{ watch->errors, POLLIN, 0 },
					{ watch->pidfd, POLLIN, 0 } };
		poll(fds, sizeof(fds) / sizeof(fds[0]), timeout);
		ended = has_ended(watch);
		drain(&watch->output, &result->output, READS_A_TURN);
		drain(&watch->errors, &result->errors, READS_A_TURN);
	}
	return 0;
}

static int reap(pid_t pid, int *status)
{
	pid_t reaped;
	do
		reaped = waitpid(pid, status, 0);
	while (reaped < 0 && errno == EINTR);
	return reaped == pid ? 0 : -1;
}

static int explain_failure(const struct spawn *spawn, const struct failure *failure,
			   struct error *err)
{
	const char *name = spawn->arguments[0];
	struct error cause = ERROR_INIT;
	switch ((enum stage)failure->stage) {
	case STAGE_NONE:
	case STAGE_GROUP:
	case STAGE_DESCRIPTORS:
		error_set_errno(&cause, failure->number, "cannot set up '%s'", name);
		break;
	case STAGE_DIRECTORY:
		error_set_errno(&cause, failure->number, "cannot start '%s' in '%s'",
				name, spawn->directory);
		break;
	case STAGE_EXEC:
		error_set_errno(&cause, failure->number, "cannot start '%s'", name);
		break;
	}
	bool missing = failure->stage == STAGE_EXEC && cause.code == ERROR_NOT_FOUND;
	return error_set(err, missing ? ERROR_NOT_FOUND : ERROR_CHILD, "%s",
			 cause.text);
}

/* Ends what is left of the group and takes its last output. The status as wait(2) gives
 * it. */
static int end_group(struct watch *watch, struct spawn_result *result)
{
	int status = 0;
	if (watch->lost) /* the number may belong to somebody else by now */
		return status;
	kill(-watch->pid, SIGKILL);
	kill(watch->pid, SIGKILL); /* in case it is not in its group yet */
	watch->lost = reap(watch->pid, &status) != 0;
	drain(&watch->output, &result->output, READS_AT_END);
	drain(&watch->errors, &result->errors, READS_AT_END);
	return status;
}

/* Says how it went. */
static int conclude(const struct spawn *spawn, struct watch *watch, int attended,
		    struct spawn_result *result, struct error *err)
{
	int status = end_group(watch, result);
	struct failure failure;
	if (read(watch->report, &failure, sizeof(failure)) == (ssize_t)sizeof(failure))
		return explain_failure(spawn, &failure, err);
	if (attended == ERROR_TIMEOUT) {
		char text[CLOCK_TEXT_BYTES];
		duration_format(spawn->timeout > 0 ? spawn->timeout : DEFAULT_TIMEOUT,
				text);
		return error_set(err, ERROR_TIMEOUT,
				 "'%s' did not end within %s and was killed",
				 spawn->arguments[0], text);
	}
	if (watch->lost)
		return error_set(err, ERROR_CHILD,
				 "the status of '%s' was taken by somebody else",
				 spawn->arguments[0]);
	if (result->output.failed != 0 || result->errors.failed != 0)
		return error_set(err, ERROR_MEMORY,
				 "out of memory for the output of '%s'",
				 spawn->arguments[0]);
	result->status =
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

static int run(const struct spawn *spawn, struct launch *launch, struct watch *watch,
	       struct spawn_result *result, struct error *err)
{
	int code = prepare(launch, watch, err);
	if (code != 0)
		return code;
	watch->pid = start_child(launch);
	if (watch->pid < 0) {
		error_set_errno(err, errno, "cannot start a process for '%s'",
				spawn->arguments[0]);
		return ERROR_CHILD;
	}
	fd_close(&launch->output);
	fd_close(&launch->errors);
	fd_close(&launch->report);
	watch->pidfd = (int)syscall(SYS_pidfd_open, watch->pid, 0);
	return conclude(spawn, watch, attend(watch, result), result, err);
}

int spawn_run(const struct spawn *spawn, struct spawn_result *result, struct error *err)
{
	size_t maximum =
		spawn->output_maximum != 0 ? spawn->output_maximum : DEFAULT_OUTPUT;
	result->status = -1;
	buf_init(&result->output, maximum);
	buf_init(&result->errors, maximum);
	int64_t timeout = spawn->timeout > 0 ? spawn->timeout : DEFAULT_TIMEOUT;
	struct launch launch = {
		.spawn = spawn, .input = -1, .output = -1, .errors = -1, .report = -1
	};
	struct watch watch = { .output = -1,
			       .errors = -1,
			       .report = -1,
			       .pidfd = -1,
			       .deadline = clock_monotonic() + timeout };
	int code = run(spawn, &launch, &watch, result, err);
	free(launch.program);
	fd_close(&launch.input);
	fd_close(&launch.output);
	fd_close(&launch.errors);
	fd_close(&launch.report);
	fd_close(&watch.output);
	fd_close(&watch.errors);
	fd_close(&watch.report);
	fd_close(&watch.pidfd);
	return code;
}

void spawn_result_release(struct spawn_result *result)
{
	buf_release(&result->output);
	buf_release(&result->errors);
}

/* What it died of: git's first line that says so (hints may follow it), or else the
 * last line with anything in it. */
static const char *telling_line(const struct buf *text, int *length)
{
	const char *fatal = text->length > 0 ? strstr(text->data, "fatal: ") : NULL;
	size_t end = text->length;
	while (end > 0 && (text->data[end - 1] == '\n' || text->data[end - 1] == '\r'))
		end--;
	size_t start = end;
	while (start > 0 && text->data[start - 1] != '\n')
		start--;
	if (fatal != NULL && (fatal == text->data || fatal[-1] == '\n')) {
		start = (size_t)(fatal - text->data);
		end = start + strcspn(fatal, "\r\n");
	}
	*length = end - start > 512 ? 512 : (int)(end - start);
	return text->data + start;
}

int spawn_check(const struct spawn *spawn, struct spawn_result *result,
		struct error *err)
{
	int code = spawn_run(spawn, result, err);
	if (code != 0 || result->status == 0)
		return code;
	int length;
	const char *line = telling_line(&result->errors, &length);
	return error_set(err, ERROR_CHILD, "'%s' ended with status %d%s%.*s",
			 spawn->arguments[0], result->status, length > 0 ? ": " : "",
			 length, line);
}
