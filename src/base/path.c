/* base/path.c - file names and safe file operations. (Checking names: path_check.c,
 * removing trees: path_remove.c.) */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"

#define OPEN_ATTEMPTS 16

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int fd_write_all(int fd, const void *bytes, size_t length, struct error *err)
{
	const char *at = bytes;
	while (length > 0) {
		ssize_t written = write(fd, at, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "cannot write");
		at += written;
		length -= (size_t)written;
	}
	return 0;
}

int fd_sync(int fd, const char *name, struct error *err)
{
	if (fsync(fd) == 0)
		return 0;
	/* Whatever the reason, what was written may be lost: not a code that anybody
	 * tries again for. */
	struct error cause = ERROR_INIT;
	error_set_errno(&cause, errno, "cannot sync '%s'", name);
	return error_set(err, ERROR_IO, "%s", cause.text);
}

char *path_join(const char *directory, const char *name)
{
	size_t length = strlen(directory);
	bool alone = name[0] == '/' || length == 0;
	bool slash = !alone && directory[length - 1] != '/';
	size_t size = (alone ? 0 : length + slash) + strlen(name) + 1;
	char *joined = malloc(size);
	if (joined != NULL)
		snprintf(joined, size, "%s%s%s", alone ? "" : directory,
			 slash ? "/" : "", name);
	return joined;
}

/* --- opening beneath a directory --- */

/* Takes the next component off *path into `out`; 0 at the end. Empty components and
 * "." are skipped, ".." would leave and is EXDEV, too long is ENAMETOOLONG (negative).
 */
static int next_component(const char **path, char out[NAME_MAX + 1])
{
	for (;;) {
		const char *at = *path + strspn(*path, "/");
		size_t length = strcspn(at, "/");
		*path = at + length;
		if (length == 0)
			return 0;
		if (length > NAME_MAX)
			return -ENAMETOOLONG;
		if (length == 1 && at[0] == '.')
			continue;
		if (length == 2 && at[0] == '.' && at[1] == '.')
			return -EXDEV;
		memcpy(out, at, length);
		out[length] = '\0';
		return 1;
	}
}

static bool only_slashes(const char *path)
{
	return path[strspn(path, "/")] == '\0';
}

/* A directory that is an entry of `directory`, never by way of a symbolic link.
 * Descriptor (O_PATH) or negative errno. */
static int open_step(int directory, const char *name)
{
	int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct stat status;
	int number = 0;
	if (fstat(fd, &status) != 0)
		number = errno;
	else if (S_ISLNK(status.st_mode))
		number = ELOOP;
	else if (!S_ISDIR(status.st_mode))
		number = ENOTDIR;
	if (number != 0)
		close(fd);
	return number != 0 ? -number : fd;
}

/* What openat2(2) does, for kernels before 5.6: component by component. */
static int open_by_steps(int directory, const char *path, int flags, mode_t mode)
{
	char name[NAME_MAX + 1];
	FD_CLOSING int held = -1;
	int at = directory;
	int more = next_component(&path, name);
	while (more == 1 && !only_slashes(path)) {
		int next = open_step(at, name);
		if (next < 0)
			return next;
		fd_close(&held);
		at = held = next;
		more = next_component(&path, name);
	}
	if (more < 0)
		return more;
	if (*path == '/')
		flags |= O_DIRECTORY;
	int fd = openat(at, more == 0 ? "." : name, flags, mode);
	if (fd >= 0)
		return fd;
	/* O_DIRECTORY hides that it was a link. */
	int number = errno;
	struct stat status;
	if (number == ENOTDIR && more == 1 &&
	    fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(status.st_mode))
		number = ELOOP;
	return -number;
}

/* Descriptor or negative errno. */
static int open_beneath(int directory, const char *path, int flags, mode_t mode)
{
	if (path[0] == '\0')
		return -ENOENT;
	bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
	flags |= O_CLOEXEC | O_NOFOLLOW;
	struct open_how how = { .flags = (unsigned int)flags,
				.mode = creates ? mode & 07777 : 0,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					   RESOLVE_NO_MAGICLINKS };
	int number = 0;
	for (int i = 0; i < OPEN_ATTEMPTS; i++) {
		long fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		number = errno;
		/* With O_DIRECTORY, ENOTDIR may also mean a link: the steps tell. */
		if (number == ENOSYS || number == ENOTDIR)
			return open_by_steps(directory, path, flags, how.mode & 07777);
		/* EAGAIN: somebody renamed a directory on the way meanwhile. */
		if (number != EAGAIN && number != EINTR)
			break;
	}
	return -number;
}

/* Whether a name could leave the directory at all; the kernel's answer would depend on
 * what is there. */
static bool may_leave(const char *path)
{
	if (path[0] == '/')
		return true;
	while (path[0] != '\0') {
		size_t length = strcspn(path, "/");
		if (length == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += length;
		path += strspn(path, "/");
	}
	return false;
}

static int beneath_error(int number, const char *verb, const char *path,
			 struct error *err)
{
	if (number == ELOOP)
		return error_set(err, ERROR_UNSAFE_PATH,
				 "cannot %s '%s': it goes through a symbolic link",
				 verb, path);
	if (number == EXDEV)
		return error_set(err, ERROR_UNSAFE_PATH,
				 "cannot %s '%s': it leaves its directory", verb, path);
	if (number == EEXIST)
		return error_set(err, ERROR_EXISTS, "cannot %s '%s': it exists already",
				 verb, path);
	return error_set_errno(err, number, "cannot %s '%s'", verb, path);
}

int path_open_beneath(int directory, const char *path, int flags, mode_t mode,
		      struct error *err)
{
	int fd = may_leave(path) ? -EXDEV : open_beneath(directory, path, flags, mode);
	return fd >= 0 ? fd : beneath_error(-fd, "open", path, err);
}

/* --- making directories and files --- */

static int make_step(int directory, const char *name, mode_t mode)
{
	if (mkdirat(directory, name, mode) != 0 && errno != EEXIST)
		return -errno;
	return open_step(directory, name);
}

/* Makes every component but the last. 0 or a negative errno. */
static int make_parents(int directory, const char *path, mode_t mode)
{
	char name[NAME_MAX + 1];
	FD_CLOSING int held = -1;
	int at = directory;
	int more = next_component(&path, name);
	while (more == 1 && !only_slashes(path)) {
		int next = make_step(at, name, mode);
		if (next < 0)
			return next;
		fd_close(&held);
		at = held = next;
		more = next_component(&path, name);
	}
	return more < 0 ? more : 0;
}

int path_make_parents(int directory, const char *path, mode_t mode, struct error *err)
{
	int number = may_leave(path) ? -EXDEV : 0;
	const char *slash = strrchr(path, '/');
	if (number == 0 && slash == NULL)
		return 0;
	if (number == 0) {
		/* Mostly they are there: one call instead of two for each. */
		char parents[PATH_MAX];
		size_t length = (size_t)(slash - path);
		FD_CLOSING int fd = -1;
		if (length < sizeof(parents)) {
			memcpy(parents, path, length);
			parents[length] = '\0';
			fd = open_beneath(directory, parents, O_PATH | O_DIRECTORY, 0);
		}
		number = fd >= 0 ? 0 : make_parents(directory, path, mode);
	}
	return number == 0
		       ? 0
		       : beneath_error(-number, "make the directories of", path, err);
}

/* The directory that holds `path`; caller frees. NULL: out of memory. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int write_and_sync(int directory, const char *name, const void *bytes,
			  size_t length, mode_t mode, struct error *err)
{
	FD_CLOSING int fd =
		openat(directory, name,
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create '%s'", name);
	int code = fd_write_all(fd, bytes, length, err);
	if (code == 0 && fchmod(fd, mode) != 0)
		code = error_set_errno(err, errno, "cannot set the mode of '%s'", name);
	return code == 0 ? fd_sync(fd, name, err) : code;
}

static int replace_file(int directory, const char *base, const void *bytes,
			size_t length, mode_t mode, struct error *err)
{
	unsigned char random[8];
	char hex[2 * sizeof(random) + 1];
	char temporary[sizeof(hex) + sizeof(".new-")];
	random_bytes(random, sizeof(random));
	hex_encode(random, sizeof(random), hex);
	snprintf(temporary, sizeof(temporary), ".new-%s", hex);
	int code = write_and_sync(directory, temporary, bytes, length, mode, err);
	if (code == 0 && renameat(directory, temporary, directory, base) != 0)
		code = error_set_errno(err, errno, "cannot rename '%s'", temporary);
	else if (code == 0)
		return fd_sync(directory, "its directory", err);
	unlinkat(directory, temporary, 0);
	return code;
}

int path_remove_named(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	int directory FD_CLOSING = -1;

	if (slash == NULL || slash[1] == '\0' ||
	    (size_t)(slash - path) >= sizeof(parent))
		return error_set(err, ERROR_UNSAFE_PATH, "'%s' is no path of a file",
				 path);
	snprintf(parent, sizeof(parent), "%.*s/", (int)(slash - path), path);
	directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_set_errno(err, errno, "cannot open '%s'", parent);
	return path_remove_tree(directory, slash + 1, err);
}

int path_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode,
		      struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	char *parent = parent_of(path);
	if (parent == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", path);
	FD_CLOSING int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = directory < 0
			   ? error_set_errno(err, errno,
					     "cannot open the directory '%s'", parent)
			   : replace_file(directory, base, bytes, length, mode, err);
	free(parent);
	if (code != 0 && err != NULL)
		error_context(err, "writing '%s'", path);
	return code;
}

int path_make_directories(const char *path, mode_t mode, struct error *err)
{
	char *copy = strdup(path);
	if (copy == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", path);
	int code = 0;
	char *at = copy + strspn(copy, "/");
	while (code == 0 && *at != '\0') {
		char *end = at + strcspn(at, "/");
		char *next = end + strspn(end, "/");
		char kept = *end;
		*end = '\0';
		struct stat status;
		if (mkdir(copy, mode) != 0) {
			int number = errno;
			/* Also for what may be passed, but not written to. */
			bool there = stat(copy, &status) == 0;
			if (there && !S_ISDIR(status.st_mode))
				number = ENOTDIR;
			if (!there || !S_ISDIR(status.st_mode))
				code = error_set_errno(err, number,
						       "cannot make the directory '%s'",
						       copy);
		}
		*end = kept;
		at = next;
	}
	free(copy);
	return code;
}

bool path_exists(const char *path)
{
	struct stat status;
	return lstat(path, &status) == 0;
}

int path_make_temporary(char **out, const char *prefix, struct error *err)
{
	const char *base = secure_getenv("TMPDIR");
	if (base == NULL || base[0] == '\0')
		base = "/tmp";
	size_t size = strlen(base) + strlen(prefix) + sizeof("/-XXXXXX");
	char *name = malloc(size);
	if (name == NULL)
		return error_set(err, ERROR_MEMORY,
				 "out of memory for the name of a directory");
	snprintf(name, size, "%s/%s-XXXXXX", base, prefix);
	if (mkdtemp(name) == NULL) {
		int code = error_set_errno(
			err, errno, "cannot make a temporary directory in '%s'", base);
		free(name);
		return code;
	}
	*out = name;
	return 0;
}
