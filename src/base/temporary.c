/* base/temporary.c - private directories of processes that may be killed. */
#include "base/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

#define MOST_ATTEMPTS 10
#define RANDOM_LENGTH 6 /* of mkdtemp(3) */

static int open_directory(int base, const char *name)
{
	return openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* --- what was left behind --- */

static bool has_prefix(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);
	return strncmp(name, prefix, length) == 0 && name[length] == '-' &&
	       strlen(name + length + 1) == RANDOM_LENGTH;
}

/* The lock is held until it is gone: its maker, who may be about to lock it, sees that.
 */
static void remove_abandoned(int base, const char *name)
{
	struct stat status;
	FD_CLOSING int lock = open_directory(base, name);
	if (lock < 0 || fstat(lock, &status) != 0 || status.st_uid != geteuid() ||
	    flock(lock, LOCK_EX | LOCK_NB) != 0)
		return;
	path_remove_tree(base, name, NULL);
}

/* What cannot be removed stays for the next one. */
static void remove_all_abandoned(const char *base, const char *prefix)
{
	DIR *stream = opendir(base);
	const struct dirent *entry;
	if (stream == NULL)
		return;
	while ((entry = readdir(stream)) != NULL)
		if (has_prefix(entry->d_name, prefix))
			remove_abandoned(dirfd(stream), entry->d_name);
	closedir(stream);
}

/* --- one's own --- */

/* False: somebody took it for abandoned before it was locked. */
static bool is_locked(int lock, const char *path)
{
	struct stat locked, named;
	if (lock < 0 || (flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK))
		return false;
	return fstat(lock, &locked) == 0 && lstat(path, &named) == 0 &&
	       locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

static int make_locked(struct temporary *out, const char *prefix, struct error *err)
{
	for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
		struct temporary made;
		int code = path_make_temporary(&made.path, prefix, err);
		if (code != 0)
			return code;
		made.lock = open_directory(AT_FDCWD, made.path);
		if (made.lock < 0 && errno != ENOENT)
			code = error_set_errno(err, errno, "cannot open '%s'",
					       made.path);
		if (code == 0 && is_locked(made.lock, made.path)) {
			*out = made;
			return 0;
		}
		fd_close(&made.lock);
		rmdir(made.path);
		free(made.path);
		if (code != 0)
			return code;
	}
	return error_set(err, ERROR_IO,
			 "temporary directories '%s-...' are removed as fast as they "
			 "are made",
			 prefix);
}

/* Where the directories lie is told by one. */
int temporary_make(struct temporary *out, const char *prefix, struct error *err)
{
	struct temporary made;
	int code = make_locked(&made, prefix, err);
	if (code != 0)
		return code;
	char *slash = strrchr(made.path, '/');
	*slash = '\0';
	remove_all_abandoned(made.path, prefix);
	*slash = '/';
	*out = made;
	return 0;
}

int temporary_remove(struct temporary *temporary, struct error *err)
{
	if (temporary->path == NULL)
		return 0;
	int code = path_remove_named(temporary->path, err);
	free(temporary->path);
	temporary->path = NULL;
	fd_close(&temporary->lock);
	return code;
}
