/* cmd/hook_file.c - puts our hooks beside others, and takes them away again. */
#include "cmd/hook_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"

/* By these bytes a hook of ours is known. */
#define SCRIPT_START                                                                   \
	"#!/bin/sh\n"                                                                  \
	"# Put here by 'gitgate init'; 'gitgate init --remove' takes it away.\n"

static int name_beside(char out[PATH_MAX], const char *path, const char *suffix,
		       struct error *err)
{
	int length = snprintf(out, PATH_MAX, "%s%s", path, suffix);

	if (length > 0 && length < PATH_MAX)
		return 0;
	return error_set(err, ERROR_LIMIT, "the name '%s' is too long", path);
}

int hook_file_look(const char *path, enum hook_standing *out, struct error *err)
{
	char start[sizeof(SCRIPT_START)] = "";
	struct stat status;

	if (lstat(path, &status) != 0) {
		if (errno != ENOENT)
			return error_set_errno(err, errno, "cannot examine '%s'", path);
		*out = HOOK_NOTHING;
		return 0;
	}
	*out = HOOK_OTHER;
	if (!S_ISREG(status.st_mode))
		return 0;
	int fd FD_CLOSING = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || read(fd, start, sizeof(start) - 1) < 0)
		return error_set_errno(err, errno, "cannot read '%s'", path);
	if (strcmp(start, SCRIPT_START) == 0)
		*out = HOOK_OURS;
	return 0;
}

/* The program gets the hook's own name, to find the kept one beside it. */
static void write_script(struct buf *out, const char *program)
{
	buf_add_string(out, SCRIPT_START "exec '");
	for (const char *at = program; *at; at++) {
		if (*at == '\'')
			buf_add_string(out, "'\\'");
		buf_add_byte(out, (unsigned char)*at);
	}
	buf_add_string(out, "' \"$0\"\n");
}

/* A second name for the hook that is there. */
static int keep(const char *path, const char *saved, struct error *err)
{
	if (link(path, saved) == 0)
		return 0;
	if (errno == EEXIST)
		return error_set(err, ERROR_EXISTS,
				 "'%s' is not gitgate's, and the place to keep it is "
				 "taken: look at '%s' and remove one of them",
				 path, saved);
	return error_set_errno(err, errno, "cannot keep '%s' as '%s'", path, saved);
}

int hook_file_put(const char *path, const char *program, struct error *err)
{
	struct buf script = BUF_INIT(8 * PATH_MAX);
	char saved[PATH_MAX];
	enum hook_standing standing = HOOK_NOTHING;

	write_script(&script, program);
	int rc = buf_status(&script, "the hook", err);
	if (rc == 0)
		rc = name_beside(saved, path, HOOK_SAVED, err);
	if (rc == 0)
		rc = hook_file_look(path, &standing, err);
	if (rc == 0 && standing == HOOK_OTHER)
		rc = keep(path, saved, err);
	if (rc == 0) {
		rc = path_write_atomic(path, script.data, script.length, 0755, err);
		if (rc != 0 && standing == HOOK_OTHER)
			unlink(saved);
	}
	buf_release(&script);
	return rc;
}

int hook_file_remove(const char *path, struct error *err)
{
	char saved[PATH_MAX];
	enum hook_standing standing;

	int rc = name_beside(saved, path, HOOK_SAVED, err);
	if (rc == 0)
		rc = hook_file_look(path, &standing, err);
	if (rc != 0 || standing != HOOK_OURS)
		return rc;
	if ((path_exists(saved) ? rename(saved, path) : unlink(path)) != 0)
		return error_set_errno(err, errno, "cannot restore '%s'", path);
	return 0;
}
