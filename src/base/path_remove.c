/* base/path_remove.c - removes whole trees without following links and with few
 * descriptors, however deep the tree is. */
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* Directories that are nested deeper are moved up to the root of the tree first: a
 * hostile tree cannot use up descriptors or stack. */
#define DEEPEST 32

struct removal {
	int root;
	unsigned long moved;
};

static int remove_contents(struct removal *removal, int directory, int depth);

static int remove_directory(struct removal *removal, int parent, const char *name,
			    int depth)
{
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return errno;
	if (depth >= DEEPEST) {
		char moved[48];
		do
			snprintf(moved, sizeof(moved), ".removing-%lu",
				 removal->moved++);
		while (faccessat(removal->root, moved, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
		return renameat(parent, name, removal->root, moved) == 0 ? 0 : errno;
	}
	FD_CLOSING int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int number = remove_contents(removal, fd, depth + 1);
	if (number != 0)
		return number;
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

static int remove_entry(struct removal *removal, int parent, const char *name,
			int depth)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno;
	int number = errno;
	int removed = remove_directory(removal, parent, name, depth);
	return removed == ENOTDIR ? number : removed;
}

/* One pass over the entries; counts them. 0 or errno. */
static int remove_pass(struct removal *removal, DIR *stream, int directory, int depth,
		       size_t *entries)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(stream);
		if (entry == NULL)
			return errno;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(*entries)++;
		int number = remove_entry(removal, directory, entry->d_name, depth);
		if (number != 0)
			return number;
	}
}

/* Passes are repeated until one finds nothing: directories may have been moved up to
 * here, and file systems may skip entries while others are removed. */
static int remove_contents(struct removal *removal, int directory, int depth)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	int number = stream == NULL ? errno : 0;
	if (stream == NULL)
		fd_close(&copy);
	size_t entries = 1;
	while (number == 0 && entries != 0) {
		entries = 0;
		rewinddir(stream);
		number = remove_pass(removal, stream, directory, depth, &entries);
	}
	if (stream != NULL)
		closedir(stream);
	return number;
}

/* Opens the directory that holds the entry; *name is the entry's own name. */
static int open_parent(int directory, const char *path, const char **name,
		       struct error *err)
{
	const char *slash = strrchr(path, '/');
	*name = slash == NULL ? path : slash + 1;
	if (**name == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
		return error_set(err, ERROR_UNSAFE_PATH, "it does not name an entry");
	if (slash == path)
		return error_set(err, ERROR_UNSAFE_PATH, "it leaves its directory");
	if (slash == NULL)
		return path_open_beneath(directory, ".", O_RDONLY | O_DIRECTORY, 0,
					 err);
	char parent[PATH_MAX];
	size_t length = (size_t)(slash - path);
	if (length >= sizeof(parent))
		return error_set_errno(err, ENAMETOOLONG, "it is too long");
	memcpy(parent, path, length);
	parent[length] = '\0';
	return path_open_beneath(directory, parent, O_RDONLY | O_DIRECTORY, 0, err);
}

static int remove_tree(int parent, const char *name)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno;
	int number = errno;
	FD_CLOSING int root =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return errno == ENOTDIR ? number : errno;
	struct removal removal = { .root = root };
	number = remove_contents(&removal, root, 0);
	if (number != 0)
		return number;
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

int path_remove_tree(int directory, const char *path, struct error *err)
{
	struct error cause = ERROR_INIT;
	const char *name;
	FD_CLOSING int parent = open_parent(directory, path, &name, &cause);
	if (parent == ERROR_NOT_FOUND)
		return 0;
	if (parent < 0)
		return error_set(err, parent, "cannot remove '%s': %s", path,
				 cause.text);
	int number = remove_tree(parent, name);
	return number == 0 ? 0
			   : error_set_errno(err, number, "cannot remove '%s'", path);
}
