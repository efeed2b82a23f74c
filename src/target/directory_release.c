/* target/directory_release.c - writes the tree of a release, so that it is there whole,
 * on disk, or not at all. */
#include "target/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"

#define MODE_PROGRAM 0100755
#define MODE_LINK    0120000
/* From so many files on the whole file system is synced once (syncfs) instead of every
 * file: one flush of the disk for each costs more than what others have unwritten. It
 * covers directories too, and since Linux 5.8 it reports every error of writing back
 * since the descriptor was opened, which is before the first write. */
#define SYNC_ALL_FROM 64

/* The tree that is being written, and the directory of the last file: the next one is
 * mostly in the same. */
struct tree {
	int root;
	int parent;
	const char *parent_of; /* a path in it; NULL: none is open */
	size_t parent_length;  /* of its directory, with the slash */
	bool sync_each;
};

static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* Opens the directory that `path` goes to, and makes it when it is not there. */
static int enter_parent(struct tree *tree, const char *path, struct arena *arena,
			struct error *err)
{
	size_t length = directory_length(path);
	if (tree->parent_of != NULL && length == tree->parent_length &&
	    memcmp(tree->parent_of, path, length) == 0)
		return 0;
	fd_close(&tree->parent);
	tree->parent_of = NULL;
	int code = path_make_parents(tree->root, path, 0755, err);
	if (code != 0)
		return code;
	char *name = length == 0 ? arena_string(arena, ".")
				 : arena_copy(arena, path, length - 1);
	if (name == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", path);
	int fd = path_open_beneath(tree->root, name, O_PATH | O_DIRECTORY, 0, err);
	if (fd < 0)
		return fd;
	tree->parent = fd;
	tree->parent_of = path;
	tree->parent_length = length;
	return 0;
}

static int write_link(const struct tree *tree, const char *name,
		      const struct directory_entry *entry, struct arena *arena,
		      struct error *err)
{
	const char *leads = arena_copy(arena, entry->data, (size_t)entry->size);
	if (leads == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'",
				 entry->path);
	if (symlinkat(leads, tree->parent, name) == 0)
		return 0;
	return error_set_errno(err, errno, "cannot make the link '%s'", entry->path);
}

static int write_entry(struct tree *tree, const struct directory_entry *entry,
		       struct arena *arena, struct error *err)
{
	int code = enter_parent(tree, entry->path, arena, err);
	if (code != 0)
		return code;
	const char *name = entry->path + tree->parent_length;
	if (entry->mode == MODE_LINK)
		return write_link(tree, name, entry, arena, err);
	FD_CLOSING int fd =
		openat(tree->parent, name,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create '%s'", entry->path);
	code = fd_write_all(fd, entry->data, (size_t)entry->size, err);
	if (code != 0) {
		error_context(err, "writing '%s'", entry->path);
		return code;
	}
	/* Not at creation: the umask would have its say. */
	if (fchmod(fd, entry->mode == MODE_PROGRAM ? 0755 : 0644) != 0)
		return error_set_errno(err, errno, "cannot set the mode of '%s'",
				       entry->path);
	return tree->sync_each ? fd_sync(fd, entry->path, err) : 0;
}

static int finish_directory(const struct tree *tree, const char *path,
			    struct error *err)
{
	FD_CLOSING int fd =
		path_open_beneath(tree->root, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0755) != 0)
		return error_set_errno(err, errno, "cannot set the mode of '%s'", path);
	return tree->sync_each ? fd_sync(fd, path, err) : 0;
}

static int write_tree(struct tree *tree, const struct directory_listing *listing,
		      struct arena *arena, struct error *err)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < listing->count; i++)
		code = write_entry(tree, &listing->entries[i], arena, err);
	for (size_t i = 0; code == 0 && i < listing->parent_count; i++)
		code = finish_directory(tree, listing->parents[i], err);
	if (code == 0)
		code = finish_directory(tree, ".", err);
	if (code == 0 && !tree->sync_each && syncfs(tree->root) != 0)
		code = error_set(err, ERROR_IO, "cannot sync the release: %s",
				 strerror(errno));
	fd_close(&tree->parent);
	return code;
}

static int write_new(int releases, const char *fresh,
		     const struct directory_listing *listing, struct arena *arena,
		     struct error *err)
{
	if (mkdirat(releases, fresh, 0700) != 0)
		return error_set_errno(err, errno, "cannot make the directory '%s'",
				       fresh);
	FD_CLOSING int root =
		path_open_beneath(releases, fresh, O_RDONLY | O_DIRECTORY, 0, err);
	if (root < 0)
		return root;
	struct tree tree = { .root = root,
			     .parent = -1,
			     .sync_each = listing->count < SYNC_ALL_FROM };
	return write_tree(&tree, listing, arena, err);
}

/* Puts the new tree where `name` is. What was there goes; when it is live there is no
 * moment without it. */
static int place(int releases, const char *fresh, const char *old, const char *name,
		 bool live, struct error *err)
{
	if (live && renameat2(releases, fresh, releases, name, RENAME_EXCHANGE) == 0)
		return path_remove_tree(releases, fresh, err);
	if (live && errno != ENOENT)
		return error_set_errno(err, errno,
				       "cannot exchange the live release '%s' (another "
				       "deployment, with its own generation, can)",
				       name);
	if (renameat(releases, name, releases, old) != 0 && errno != ENOENT)
		return error_set_errno(err, errno, "cannot move '%s' away", name);
	if (renameat(releases, fresh, releases, name) != 0)
		return error_set_errno(err, errno, "cannot rename '%s' to '%s'", fresh,
				       name);
	return path_remove_tree(releases, old, err);
}

int directory_release_write(const struct directory *directory, const char *name,
			    bool live, const struct directory_listing *listing,
			    struct arena *arena, struct error *err)
{
	char fresh[DIRECTORY_NAME_BYTES + 8];
	char old[DIRECTORY_NAME_BYTES + 8];
	char list[DIRECTORY_NAME_BYTES + 8];
	char fresh_list[DIRECTORY_NAME_BYTES + 16];
	snprintf(fresh, sizeof(fresh), ".new-%s", name);
	snprintf(old, sizeof(old), ".old-%s", name);
	snprintf(list, sizeof(list), "%s.list", name);
	snprintf(fresh_list, sizeof(fresh_list), ".new-%s.list", name);
	int releases = directory->releases;
	int code = write_new(releases, fresh, listing, arena, err);
	if (code == 0)
		code = place(releases, fresh, old, name, live, err);
	if (code == 0)
		code = directory_write_file(releases, fresh_list, list, listing->text,
					    listing->length, err);
	/* One sync for both names: a list or a tree without the other is found and
	 * written again, as neither is live before. */
	if (code == 0)
		return fd_sync(releases, DIRECTORY_RELEASES, err);
	/* On a full disk this makes room again; what cannot be removed now is removed
	 * by the next apply. */
	path_remove_tree(releases, fresh, NULL);
	error_context(err, "writing the release '%s'", name);
	return code;
}
