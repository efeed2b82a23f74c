/* cmd/check_walk.c - which files `gitgate check --files` looks at: operands,
 * directories, globs that the shell left alone. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/path.h"
#include "base/pattern.h"
#include "base/text.h"
#include "cmd/check.h"
#include "cmd/check_files.h"

struct walk {
	const struct check *check;
	struct file_list *list;
	struct arena *arena;
	struct map met;   /* paths that are on the list */
	const char *root; /* of the policy; may be NULL */
	const char *glob; /* that files must match; NULL: every file */
	size_t depth_max; /* how deep it can match */
	struct error *err;
};

static int no_memory(const struct walk *walk)
{
	return error_set(walk->err, ERROR_MEMORY, "out of memory");
}

/* As the policy's globs see it: relative to where the policy stands. */
static const char *shown_path(const struct walk *walk, const char *path)
{
	char real[PATH_MAX];
	char *parent = strdup(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	/* The last component is not followed: it may be a link. */
	if (slash)
		*slash = '\0';
	const char *directory = slash ? (slash == parent ? "/" : parent) : ".";
	const char *result = arena_string(walk->arena, path);
	size_t length = walk->root ? strlen(walk->root) : 0;
	if (parent && walk->root && realpath(directory, real) &&
	    strncmp(real, walk->root, length) == 0 &&
	    (real[length] == '/' || !real[length] || length == 1)) {
		const char *rest = real + length + (real[length] == '/');
		result = *rest ? arena_printf(walk->arena, "%s/%s", rest, name)
			       : arena_string(walk->arena, name);
	}
	free(parent);
	return result;
}

static int add_file(struct walk *walk, const char *path, const struct stat *status,
		    bool named)
{
	struct file_list *list = walk->list;

	if (map_has(&walk->met, path, strlen(path)))
		return 0;
	struct checked_file *file =
		ARENA_PUSH(walk->arena, &list->files, &list->count, &list->capacity);
	if (!file)
		return no_memory(walk);
	file->path = arena_string(walk->arena, path);
	file->shown = strcmp(path, "-") == 0 ? "-" : shown_path(walk, path);
	file->mode = status->st_mode;
	file->size = (uint64_t)status->st_size;
	file->named = named;
	if (!file->path || !file->shown ||
	    map_put(&walk->met, file->path, strlen(path), walk) != 0)
		return no_memory(walk);
	return 0;
}

static bool is_ignored(struct walk *walk, const char *path)
{
	for (size_t i = 0; i < CMD_REPEATED && walk->check->ignore[i]; i++)
		if (glob_match(walk->check->ignore[i], path)) {
			walk->list->ignored++;
			return true;
		}
	return false;
}

/* --- directories --- */

static int walk_path(struct walk *walk, const char *path, bool named, size_t depth);

static int is_wanted(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
	       strcmp(entry->d_name, ".git") != 0;
}

/* Whatever the locale says. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk_directory(struct walk *walk, const char *path, size_t depth)
{
	struct dirent **entries = NULL;
	int rc = limit_check(&limits_default, LIMIT_GIT_TREE_DEPTH, depth, path,
			     walk->err);

	if (rc != 0 || depth > walk->depth_max)
		return rc;
	int count = scandir(path, &entries, is_wanted, by_bytes);
	if (count < 0)
		return error_set_errno(walk->err, errno, "cannot list '%s'", path);
	for (int i = 0; i < count; i++) {
		char *below = strcmp(path, ".") == 0
				      ? strdup(entries[i]->d_name)
				      : path_join(path, entries[i]->d_name);
		if (rc == 0)
			rc = below ? walk_path(walk, below, false, depth + 1)
				   : no_memory(walk);
		free(below);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int examine(const struct walk *walk, const char *path, bool named,
		   struct stat *out)
{
	if (lstat(path, out) != 0)
		return error_set_errno(walk->err, errno, "cannot examine '%s'", path);
	struct stat target;
	/* Who names a link means what it leads to; a directory's are links to git. */
	if (named && S_ISLNK(out->st_mode) && stat(path, &target) == 0 &&
	    S_ISDIR(target.st_mode))
		*out = target;
	return 0;
}

static int walk_path(struct walk *walk, const char *path, bool named, size_t depth)
{
	struct stat status;

	int rc = examine(walk, path, named, &status);
	if (rc != 0 || is_ignored(walk, path))
		return rc;
	if (S_ISDIR(status.st_mode))
		return walk_directory(walk, path, depth);
	if (walk->glob && !glob_match(walk->glob, path))
		return 0;
	if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
		return add_file(walk, path, &status, named || walk->glob);
	if (named)
		return error_set(walk->err, ERROR_USAGE,
				 "'%s' is neither a file nor a directory", path);
	return 0;
}

/* --- globs --- */

/* How many directories below where it begins lead to what it matches. */
static size_t glob_depth(const char *glob)
{
	size_t depth = 0;

	if (strstr(glob, "**"))
		return SIZE_MAX;
	for (; *glob; glob++)
		depth += *glob == '/';
	return depth;
}

/* How long the part is that names directories, with its '/'. */
static size_t glob_literal(const char *glob)
{
	size_t length = strcspn(glob, "*?[\\");

	while (length > 0 && glob[length - 1] != '/')
		length--;
	return length;
}

/* A glob of the command line begins here: without '/' it matches names here, not names
 * everywhere as in a policy. */
static int walk_glob(struct walk *walk, const char *glob)
{
	size_t before = walk->list->count + walk->list->ignored;

	int rc = glob_check(glob, walk->err);
	if (rc != 0)
		return rc;
	size_t literal = glob_literal(glob);
	char *base = strndup(glob, literal > 1 ? literal - 1 : literal);
	if (!base)
		return no_memory(walk);
	walk->glob = glob;
	walk->depth_max = glob_depth(glob + literal);
	rc = walk_directory(walk, literal ? base : ".", 0);
	walk->glob = NULL;
	walk->depth_max = SIZE_MAX;
	free(base);
	if (rc == 0 && walk->list->count + walk->list->ignored == before)
		rc = error_set(walk->err, ERROR_NOT_FOUND, "'%s' matches no file",
			       glob);
	return rc;
}

/* "a/b" of "./a//b/", so that no path is met in two forms. */
static char *plain_path(const char *operand)
{
	char *path = malloc(strlen(operand) + 2);
	size_t length = 0;

	if (!path)
		return NULL;
	for (const char *at = operand; *at; at++) {
		bool starts = at == operand || at[-1] == '/';
		if (starts && *at == '.' && (at[1] == '/' || !at[1])) {
			at += at[1] == '/';
			continue;
		}
		bool again = *at == '/' && at > operand &&
			     (length == 0 || path[length - 1] == '/');
		if (!again)
			path[length++] = *at;
	}
	if (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0)
		path[length++] = '.';
	path[length] = '\0';
	return path;
}

static int walk_operand(struct walk *walk, const char *operand)
{
	struct stat status = { .st_mode = S_IFREG };

	if (strcmp(operand, "-") == 0)
		return add_file(walk, operand, &status, true);
	char *path = plain_path(operand);
	if (!path)
		return no_memory(walk);
	bool is_glob = strpbrk(path, "*?[") && lstat(path, &status) != 0;
	int rc = is_glob ? walk_glob(walk, path) : walk_path(walk, path, true, 0);
	free(path);
	return rc;
}

int check_walk(struct file_list *out, const struct check *check, char **operands,
	       int operand_count, const char *root, struct arena *arena,
	       struct error *err)
{
	struct file_list list = { 0 };
	struct walk walk = {
		.check = check,
		.list = &list,
		.arena = arena,
		.met = MAP_INIT,
		.root = root,
		.depth_max = SIZE_MAX,
		.err = err,
	};
	int rc = operand_count == 0 ? walk_path(&walk, ".", false, 0) : 0;

	for (int i = 0; rc == 0 && i < operand_count; i++)
		rc = walk_operand(&walk, operands[i]);
	map_release(&walk.met);
	if (rc == 0)
		*out = list;
	return rc;
}
