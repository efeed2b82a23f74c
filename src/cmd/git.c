/* cmd/git.c - runs git for one line of output. */
#include "cmd/git.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "base/spawn.h"

#define ARGUMENTS_MAX     10
#define ENVIRONMENT_MAX   16
#define ENVIRONMENT_BYTES 65536

/* What tells git which repository and whose configuration is meant. */
static const char *const kept[] = {
	"GIT_CONFIG_GLOBAL",       "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
	"XDG_CONFIG_HOME",         "GIT_DIR",           "GIT_WORK_TREE",
	"GIT_CEILING_DIRECTORIES",
};

/* Lines "NAME=value" with a NUL behind each; their starts are counted by the caller. */
static void add_variable(struct buf *text, const char *name, const char *value)
{
	buf_addf(text, "%s=%s", name, value);
	buf_add_byte(text, '\0');
}

static void fill_environment(const char *home, struct buf *text,
			     const char *out[ENVIRONMENT_MAX])
{
	size_t count = 0;

	if (home || getenv("HOME"))
		add_variable(text, "HOME", home ? home : getenv("HOME"));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (getenv(kept[i]))
			add_variable(text, kept[i], getenv(kept[i]));
	for (size_t at = 0; at < text->length; at += strlen(text->data + at) + 1)
		out[count++] = text->data + at;
	out[count++] = "PATH=" SPAWN_PATH;
	out[count++] = "LC_ALL=C.UTF-8";
	out[count] = NULL;
}

int git_run(const char *home, const char *const *arguments, int *status,
	    struct buf *line, struct error *err)
{
	const char *all[ARGUMENTS_MAX + 2] = { "git" };
	const char *environment[ENVIRONMENT_MAX];
	struct buf text = BUF_INIT(ENVIRONMENT_BYTES);
	struct spawn_result result;

	for (size_t i = 0; arguments[i] && i < ARGUMENTS_MAX; i++)
		all[i + 1] = arguments[i];
	fill_environment(home, &text, environment);
	struct spawn spawn = { .arguments = all, .environment = environment };
	int rc = buf_status(&text, "the environment", err);
	if (rc != 0) {
		buf_release(&text);
		return rc;
	}
	rc = status ? spawn_run(&spawn, &result, err)
		    : spawn_check(&spawn, &result, err);
	if (rc == 0 && status)
		*status = result.status;
	if (rc == 0 && line) {
		buf_add(line, result.output.data, strcspn(result.output.data, "\n"));
		rc = buf_status(line, "git's output", err);
	}
	spawn_result_release(&result);
	buf_release(&text);
	return rc;
}

/* The input as a file in memory, at its start. -1 with errno. */
static int input_file(const struct buf *input)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd >= 0 && fd_write_all(fd, input->data, input->length, NULL) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	fd_close(&fd);
	return -1;
}

int git_in_foreground(const char *const *arguments, const struct buf *input,
		      struct error *err)
{
	int fd FD_CLOSING = input ? input_file(input) : -1;
	int status = 0;
	char *const *argv;

	if (input && fd < 0)
		return error_set_errno(err, errno, "cannot hand text to git");
	/* execvp(3) takes pointers to char for history's sake; it changes nothing. */
	memcpy(&argv, &arguments, sizeof(argv));
	pid_t pid = fork();
	if (pid < 0)
		return error_set_errno(err, errno, "cannot start git");
	if (pid == 0) {
		if (fd < 0 || dup2(fd, STDIN_FILENO) >= 0)
			execvp("git", argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "cannot wait for git");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(err, ERROR_CHILD, "'git %s' failed", arguments[1]);
}
