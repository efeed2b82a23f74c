/* cmd/demo_forge.c - the forge of the demonstration, from outside: made, started,
 * watched by its journal, stopped. */
#include "cmd/demo_forge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/random.h"
#include "base/text.h"
#include "cmd/demo.h"

#define JOURNAL_BYTES ((size_t)4 << 20)
#define LOOK_EVERY    2000 /* microseconds */

/* --- what it needs --- */

/* A free port of the loopback, taken at once: nobody else can get it meanwhile. */
static int open_listener(int *listener, unsigned int *port, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd FD_CLOSING = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
	    listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return error_set_errno(err, errno, "cannot listen on 127.0.0.1");
	*port = ntohs(address.sin_port);
	*listener = fd;
	fd = -1;
	return 0;
}

static int make_secret(const char *file, char secret[DEMO_FORGE_SECRET],
		       struct error *err)
{
	unsigned char bytes[DEMO_FORGE_SECRET / 2];

	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), secret);
	return path_write_atomic(file, secret, strlen(secret), 0600, err);
}

static int name_files(struct demo *demo, struct error *err)
{
	struct demo_forge *forge = &demo->forge;
	const struct {
		const char **file;
		const char *name;
	} files[] = {
		{ &forge->hosting, "forge/" DEMO_FORGE_NAME ".git" },
		{ &forge->pushes, "forge/pushes" },
		{ &forge->journal, "forge/journal" },
		{ &forge->live, DEMO_FORGE_TARGET },
		{ &forge->secret_file, "secrets/forge-hook" },
		{ &forge->token_file, "secrets/forge-token" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		*files[i].file =
			arena_printf(demo->arena, "%s/%s", demo->place, files[i].name);
		if (!*files[i].file)
			return error_set(err, ERROR_MEMORY, "out of memory");
	}
	return 0;
}

/* The hosting tells of pushes as it would run any hook: what git says, into the pipe.
 * Opened for both, it never waits for a reader. */
static int make_hosting(struct demo *demo, struct error *err)
{
	static const char script[] = "#!/bin/sh\nexec cat 1<>../../pushes\n";
	struct demo_forge *forge = &demo->forge;
	const char *hook =
		arena_printf(demo->arena, "%s/hooks/post-receive", forge->hosting);

	if (!hook)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = demo_git(demo, NULL, err, "init", "-q", "--bare", "-b", "main",
			  forge->hosting, NULL);
	if (rc == 0)
		rc = path_write_atomic(hook, script, strlen(script), 0755, err);
	if (rc == 0)
		rc = demo_git(demo, NULL, err, "remote", "add", "forge", forge->hosting,
			      NULL);
	if (rc == 0 && mkfifo(forge->pushes, 0600) != 0)
		return error_set_errno(err, errno, "cannot make '%s'", forge->pushes);
	return rc;
}

int demo_forge_fill(struct demo *demo, struct error *err)
{
	struct demo_forge *forge = &demo->forge;
	const char *secrets = arena_printf(demo->arena, "%s/secrets", demo->place);

	int rc = name_files(demo, err);
	if (rc == 0)
		rc = make_hosting(demo, err);
	if (rc == 0 && secrets)
		rc = path_make_directories(secrets, 0700, err);
	if (rc == 0)
		rc = path_make_directories(forge->live, 0755, err);
	if (rc == 0)
		rc = make_secret(forge->secret_file, forge->secret, err);
	if (rc == 0)
		rc = make_secret(forge->token_file, forge->token, err);
	if (rc == 0)
		rc = open_listener(&forge->listener, &forge->port, err);
	if (rc == 0)
		rc = open_listener(&forge->service_listener, &forge->service_port, err);
	if (rc != 0)
		return rc;
	rc = path_write_atomic(forge->journal, "", 0, 0644, err);
	if (rc != 0)
		return rc;
	forge->pipe = open(forge->pushes, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return forge->pipe >= 0
		       ? 0
		       : error_set_errno(err, errno, "cannot open '%s'", forge->pushes);
}

/* --- the process --- */

int demo_forge_start(struct demo *demo, struct error *err)
{
	struct demo_forge *forge = &demo->forge;
	pid_t parent = getpid();

	fflush(stdout);
	forge->process = fork();
	if (forge->process < 0) {
		forge->process = 0;
		return error_set_errno(err, errno, "cannot start the forge");
	}
	if (forge->process == 0) {
		int null FD_CLOSING = open("/dev/null", O_RDWR | O_CLOEXEC);
		setsid();
		if ((!demo->keep && prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) ||
		    (!demo->keep && getppid() != parent) || dup2(null, 0) < 0 ||
		    dup2(null, 1) < 0 || dup2(null, 2) < 0)
			_exit(126);
		fd_close(&forge->service_listener);
		demo_forge_serve(forge, demo->service);
		_exit(0);
	}
	fd_close(&forge->listener);
	fd_close(&forge->service_listener);
	fd_close(&forge->pipe);
	return 0;
}

void demo_forge_stop(struct demo *demo)
{
	struct demo_forge *forge = &demo->forge;

	if (forge->process > 0) {
		kill(forge->process, SIGKILL); /* it has nothing to put in order */
		while (waitpid(forge->process, NULL, 0) < 0 && errno == EINTR)
			;
	}
	forge->process = 0;
	fd_close(&forge->listener);
	fd_close(&forge->service_listener);
	fd_close(&forge->pipe);
}

/* --- its journal --- */

/* The end of the last line that begins so behind its time; *at: that time. NULL: there
 * is none. */
static const char *find_line(struct buf *journal, const char *begin, int64_t *at)
{
	const char *found = NULL;
	char time[CLOCK_TEXT_BYTES];

	for (const char *line = journal->data; *line; line = strchr(line, '\n') + 1) {
		const char *said = strchr(line, ' ');
		if (!strchr(line, '\n'))
			break; /* it is being written */
		if (!said || !text_starts_with(++said, begin))
			continue;
		snprintf(time, sizeof(time), "%.*s", (int)(said - 1 - line), line);
		if (clock_parse(time, at) == 0)
			found = said + strlen(begin);
	}
	return found;
}

static void copy_line(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
}

/* Waits for a line; what stands behind `begin` to told->text. */
static int wait_line(struct demo *demo, const char *id, const char *begin,
		     const char *goes_on, struct demo_told *told, struct error *err)
{
	int64_t deadline = clock_monotonic() + DEMO_TIMEOUT;
	struct buf journal = BUF_INIT(JOURNAL_BYTES);
	const char *webhook = arena_printf(demo->arena, "webhook push %s 202", id);
	const char *pull = arena_printf(demo->arena, "webhook pull_request %s 202", id);
	int rc = webhook && pull && begin
			 ? 0
			 : error_set(err, ERROR_MEMORY, "out of memory");

	told->text[0] = '\0';
	while (rc == 0) {
		buf_reset(&journal);
		rc = buf_read_file(&journal, demo->forge.journal, err);
		const char *text =
			rc == 0 ? find_line(&journal, begin, &told->told_at) : NULL;
		if (text)
			copy_line(told->text, sizeof(told->text), text);
		if (text && text_starts_with(told->text, goes_on) &&
		    (find_line(&journal, webhook, &told->webhook_at) ||
		     find_line(&journal, pull, &told->webhook_at)))
			break;
		if (rc == 0)
			rc = demo_wait_a_little(demo, deadline, err);
		if (rc != 0)
			error_context(err, "the forge was not told '%s%s', but '%s'",
				      begin, goes_on, told->text);
	}
	buf_release(&journal);
	return rc;
}

int demo_forge_wait_status(struct demo *demo, const char *id, const char *context,
			   const char *state, struct demo_told *told, struct error *err)
{
	const char *begin = arena_printf(demo->arena, "status %s %s ", id, context);

	int rc = wait_line(demo, id, begin, state, told, err);
	if (rc == 0)
		memmove(told->text, told->text + strlen(state),
			strlen(told->text + strlen(state)) + 1);
	return rc;
}

int demo_forge_wait_comment(struct demo *demo, const char *id, struct demo_told *told,
			    struct error *err)
{
	const char *begin = arena_printf(demo->arena, "comment %s 1 ", id);

	return wait_line(demo, id, begin, "", told, err);
}

int demo_forge_check_only(struct demo *demo, const char *id, struct error *err)
{
	struct buf journal = BUF_INIT(JOURNAL_BYTES);

	int rc = buf_read_file(&journal, demo->forge.journal, err);
	for (const char *at = journal.data; rc == 0 && (at = strstr(at, " status "));) {
		at += strlen(" status ");
		if (!text_starts_with(at, id))
			rc = demo_unseen(err, "a status went to commit %.10s", at);
	}
	buf_release(&journal);
	return rc;
}
