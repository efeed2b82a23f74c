/* cmd/demo_service.c - the service of the demonstration: started, asked, watched,
 * stopped. */
#include "cmd/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "net/local.h"

#define LOOK_EVERY    2000 /* microseconds */
#define LOG_LINES     25
#define LOG_BYTES     ((size_t)16 << 20)
#define CONTENT_BYTES 65536
#define STOP_TIMEOUT  (15 * CLOCK_SECOND)
#define FIRST_PASSED  3 /* as systemd passes sockets */

/* --- the process --- */

/* The port for webhooks, which was taken when the configuration was written, as a
 * socket that the system passes. */
static bool pass_listener(const struct demo *demo, char variable[32])
{
	snprintf(variable, 32, "LISTEN_PID=%d", (int)getpid());
	return dup2(demo->forge.service_listener, FIRST_PASSED) == FIRST_PASSED &&
	       fcntl(FIRST_PASSED, F_SETFD, 0) == 0;
}

/* Survives the demonstration only when asked to. */
static void be_service(const struct demo *demo, pid_t parent)
{
	const char *const arguments[] = { demo->program, "serve", "--config",
					  demo->config, NULL };
	char *words[sizeof(arguments) / sizeof(arguments[0])];
	char *environment[DEMO_ENVIRONMENT + 2] = { NULL };
	char number[] = "LISTEN_FDS=1", owner[32];
	int log = open(demo->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	if (!demo->keep && prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		_exit(126);
	if ((!demo->keep && getppid() != parent) || log < 0 || null < 0 ||
	    dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 ||
	    !pass_listener(demo, owner))
		_exit(126);
	memcpy(words, arguments, sizeof(words));
	environment[0] = number;
	environment[1] = owner;
	memcpy(environment + 2, demo->environment,
	       DEMO_ENVIRONMENT * sizeof(*environment));
	execve(demo->program, words, environment);
	_exit(127);
}

/* An end that nobody asked for. */
static int check_alive(struct demo *demo, struct error *err)
{
	int status;

	if (demo->service <= 0 || waitpid(demo->service, &status, WNOHANG) == 0)
		return 0;
	demo->service = 0;
	return demo_unseen(err, "the service ended by itself, with status %d",
			   WIFEXITED(status) ? WEXITSTATUS(status)
					     : 128 + WTERMSIG(status));
}

int demo_wait_a_little(struct demo *demo, int64_t deadline, struct error *err)
{
	int rc = demo_check_interrupted(err);

	if (rc == 0)
		rc = check_alive(demo, err);
	if (rc == 0 && clock_monotonic() > deadline)
		rc = error_set(err, ERROR_TIMEOUT, "not within %d s",
			       (int)(DEMO_TIMEOUT / CLOCK_SECOND));
	if (rc == 0)
		usleep(LOOK_EVERY);
	return rc;
}

static bool is_ready(const struct demo *demo)
{
	struct local_reply reply = { 0 };

	int rc = local_request(demo->socket, "GET", "/readyz", NULL, 0, CLOCK_SECOND,
			       &reply, NULL);
	bool ready = rc == 0 && reply.status == 200;
	local_reply_release(&reply);
	return ready;
}

int demo_service_start(struct demo *demo, struct error *err)
{
	int64_t deadline = clock_monotonic() + DEMO_TIMEOUT;
	pid_t parent = getpid();
	int rc = 0;

	fflush(stdout);
	demo->service = fork();
	if (demo->service == 0)
		be_service(demo, parent);
	if (demo->service < 0) {
		demo->service = 0;
		return error_set_errno(err, errno, "cannot start the service");
	}
	while (rc == 0 && !is_ready(demo))
		rc = demo_wait_a_little(demo, deadline, err);
	if (rc == 0)
		rc = service_open(&demo->api, demo->socket, demo->config, false, err);
	return rc == 0 ? 0 : error_context(err, "the service did not become ready");
}

void demo_service_stop(struct demo *demo)
{
	int64_t deadline = clock_monotonic() + STOP_TIMEOUT;

	if (demo->service <= 0)
		return;
	kill(demo->service, SIGTERM);
	while (waitpid(demo->service, NULL, WNOHANG) == 0) {
		if (clock_monotonic() > deadline)
			kill(demo->service, SIGKILL);
		usleep(LOOK_EVERY);
	}
	demo->service = 0;
}

void demo_service_show_log(const struct demo *demo)
{
	struct buf log = BUF_INIT(LOG_BYTES);

	if (buf_read_file(&log, demo->log, NULL) == 0 && log.length > 0) {
		const char *from = log.data + log.length;
		for (int lines = 0; from > log.data; from--)
			if (from[-1] == '\n' && ++lines > LOG_LINES)
				break;
		fprintf(stderr, "the end of the service's log:\n%s", from);
	}
	buf_release(&log);
}

/* --- asking it --- */

/* Whether the newest row says so; the reason why not in `found`. */
static int newest_is(struct demo *demo, const struct msg_query *query,
		     const char *const *pairs, bool *is, char found[256],
		     struct error *err)
{
	const struct node *row = NULL;

	*is = false;
	snprintf(found, 256, "there is no row yet");
	int rc = service_first(&demo->api, query, &row, err);
	if (rc == ERROR_NOT_FOUND && err->code == 0)
		rc = 0;
	else if (rc == 0)
		*is = true;
	for (; *is && pairs[0]; pairs += 2) {
		const char *value = row_text(row, pairs[0]);
		if (!value || strcmp(value, pairs[1]) != 0) {
			*is = false;
			snprintf(found, 256, "%s is '%s' and not '%s'", pairs[0],
				 value ? value : "", pairs[1]);
		}
	}
	service_forget(&demo->api, NULL);
	return rc;
}

static int wait_for_row(struct demo *demo, const struct msg_query *query,
			const char *const *pairs, struct error *err)
{
	int64_t deadline = clock_monotonic() + DEMO_TIMEOUT;
	char found[256];
	bool is;

	int rc = newest_is(demo, query, pairs, &is, found, err);
	while (rc == 0 && !is) {
		rc = demo_wait_a_little(demo, deadline, err);
		if (rc != 0)
			return error_context(err, "the newest of %s: %s", query->what,
					     found);
		rc = newest_is(demo, query, pairs, &is, found, err);
	}
	return rc;
}

int demo_wait_judged(struct demo *demo, const char *id, struct error *err)
{
	const struct msg_query query = { .what = "verdicts",
					 .repository = DEMO_REPOSITORY,
					 .limit = 1 };
	const char *const pairs[] = { "commit", id, "result", "pass", NULL };

	return wait_for_row(demo, &query, pairs, err);
}

int demo_wait_deployed(struct demo *demo, const char *id, const char *cause,
		       struct error *err)
{
	const struct msg_query query = { .what = "deployments",
					 .target = DEMO_TARGET,
					 .limit = 1 };
	const char *const pairs[] = { "commit", id,         "cause", cause,
				      "state",  "deployed", NULL };

	return wait_for_row(demo, &query, pairs, err);
}

/* --- the live directory --- */

static const char *live_link(struct demo *demo)
{
	return arena_printf(demo->arena, "%s/current", demo->live);
}

static const char *live_file(struct demo *demo)
{
	return arena_printf(demo->arena, "%s/current/" DEMO_LIVE_FILE, demo->live);
}

static bool holds(const char *file, const char *content)
{
	struct buf text = BUF_INIT(CONTENT_BYTES);

	bool same = file && buf_read_file(&text, file, NULL) == 0 &&
		    strcmp(text.data, content) == 0;
	buf_release(&text);
	return same;
}

/* Where the link leads, and when it was put there. */
static bool look(const char *link, char release[256], int64_t *when)
{
	struct stat status;
	ssize_t length = link ? readlink(link, release, 255) : -1;

	if (length < 0 || lstat(link, &status) != 0)
		return false;
	release[length] = '\0';
	*when = (int64_t)status.st_ctim.tv_sec * CLOCK_SECOND +
		status.st_ctim.tv_nsec / 1000;
	return true;
}

int demo_wait_live(struct demo *demo, const char *content, int64_t *when,
		   struct error *err)
{
	int64_t deadline = clock_monotonic() + DEMO_TIMEOUT;
	const char *link = live_link(demo), *file = live_file(demo);
	char release[256] = "";

	while (!look(link, release, when) || strcmp(release, demo->release) == 0 ||
	       !holds(file, content)) {
		int rc = demo_wait_a_little(demo, deadline, err);
		if (rc != 0)
			return error_context(err,
					     "the content that should be live is not "
					     "(current leads to '%s')",
					     release);
	}
	memcpy(demo->release, release, sizeof(release));
	return 0;
}

int demo_edit_live(struct demo *demo, const char *content, struct error *err)
{
	const char *file = live_file(demo);
	int fd FD_CLOSING = open(file ? file : "", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, errno, "cannot edit the live file");
	return fd_write_all(fd, content, strlen(content), err);
}
