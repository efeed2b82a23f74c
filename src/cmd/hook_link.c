/* cmd/hook_link.c - puts links beside hooks that exist, and takes them away again. */
#include "cmd/hook_link.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

static int name_beside(char out[PATH_MAX], const char *path, const char *suffix,
		       struct error *err)
{
	int length = snprintf(out, PATH_MAX, "%s%s", path, suffix);

	if (length > 0 && length < PATH_MAX)
		return 0;
	return error_set(err, ERROR_LIMIT, "the name '%s' is too long", path);
}

int hook_link_look(const char *path, const char *program, enum hook_standing *out,
		   struct error *err)
{
	char target[PATH_MAX];
	struct stat status;

	if (lstat(path, &status) != 0) {
		if (errno != ENOENT)
			return error_set_errno(err, errno, "cannot examine '%s'", path);
		*out = HOOK_NOTHING;
		return 0;
	}
	*out = HOOK_OTHER;
	if (!S_ISLNK(status.st_mode))
		return 0;
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return error_set_errno(err, errno, "cannot read the link '%s'", path);
	target[length] = '\0';
	const char *slash = strrchr(target, '/');
	if (strcmp(slash ? slash + 1 : target, program) == 0)
		*out = HOOK_OURS;
	return 0;
}

/* One rename: git finds what was there or the new link. */
static int replace(const char *path, const char *target, struct error *err)
{
	char suffix[32], temporary[PATH_MAX];

	snprintf(suffix, sizeof(suffix), ".gitgate-%ld", (long)getpid());
	int rc = name_beside(temporary, path, suffix, err);
	if (rc != 0)
		return rc;
	if (symlink(target, temporary) != 0)
		return error_set_errno(err, errno, "cannot make '%s'", temporary);
	if (rename(temporary, path) != 0) {
		rc = error_set_errno(err, errno, "cannot put the hook '%s'", path);
		unlink(temporary);
	}
	return rc;
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

int hook_link_put(const char *path, const char *program, const char *target,
		  struct error *err)
{
	char saved[PATH_MAX];
	enum hook_standing standing;

	int rc = name_beside(saved, path, HOOK_SAVED, err);
	if (rc == 0)
		rc = hook_link_look(path, program, &standing, err);
	if (rc == 0 && standing == HOOK_OTHER)
		rc = keep(path, saved, err);
	if (rc != 0)
		return rc;
	rc = replace(path, target, err);
	if (rc != 0 && standing == HOOK_OTHER)
		unlink(saved);
	return rc;
}

int hook_link_remove(const char *path, const char *program, struct error *err)
{
	char saved[PATH_MAX];
	enum hook_standing standing;

	int rc = name_beside(saved, path, HOOK_SAVED, err);
	if (rc == 0)
		rc = hook_link_look(path, program, &standing, err);
	if (rc != 0 || standing != HOOK_OURS)
		return rc;
	if ((path_exists(saved) ? rename(saved, path) : unlink(path)) != 0)
		return error_set_errno(err, errno, "cannot restore '%s'", path);
	return 0;
}
