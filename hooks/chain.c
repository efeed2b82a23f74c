/* hooks/chain.c - hands over to the hook that was there before. */
#include "hooks/chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

/* A file in memory: the hook may read all of it, some or nothing, and nobody waits. */
static int replace_input(const void *input, size_t length, struct error *err)
{
	int fd FD_CLOSING = memfd_create("push", MFD_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, errno, "cannot pass on standard input");
	int rc = fd_write_all(fd, input, length, err);
	if (rc != 0)
		return rc;
	if (lseek(fd, 0, SEEK_SET) != 0 || dup2(fd, STDIN_FILENO) < 0)
		return error_set_errno(err, errno, "cannot pass on standard input");
	return 0;
}

static int become(const char *saved, char **environment, const void *input,
		  size_t length, struct error *err)
{
	struct stat status;

	if (stat(saved, &status) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return error_set_errno(err, errno, "cannot examine the hook '%s'",
				       saved);
	}
	if (!(status.st_mode & 0111))
		return 0;
	int rc = replace_input(input, length, err);
	if (rc != 0)
		return rc;
	char *name = strdup(saved);
	if (!name)
		return error_set(err, ERROR_MEMORY, "out of memory");
	char *const arguments[] = { name, NULL };
	execve(saved, arguments, environment);
	rc = error_set_errno(err, errno, "cannot run the hook '%s'", saved);
	free(name);
	return rc;
}

const char *chain_hook(int argc, char **argv)
{
	if (argc > 1)
		return argv[1];
	return argc > 0 ? argv[0] : NULL;
}

int chain_run(const char *hook, char **environment, const void *input, size_t length,
	      struct error *err)
{
	/* Called through PATH, not by git: nothing stands beside a name alone. */
	if (!hook || !strchr(hook, '/'))
		return 0;
	size_t bytes = strlen(hook) + sizeof(CHAIN_SUFFIX);
	char *saved = malloc(bytes);
	if (!saved)
		return error_set(err, ERROR_MEMORY, "out of memory");
	snprintf(saved, bytes, "%s" CHAIN_SUFFIX, hook);
	int rc = become(saved, environment, input, length, err);
	free(saved);
	return rc;
}
