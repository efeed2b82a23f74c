/* target/directory_prune.c - removes old releases and what crashes left behind; never
 * anything whose name is not of our form. */
#include "target/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"

#define KEEP_MINIMUM 2 /* what is live and one to go back to */
#define LIST_SUFFIX  ".list"

struct name {
	char text[DIRECTORY_NAME_BYTES];
	uint64_t generation;
};

struct names {
	struct name *items;
	size_t count;
	size_t capacity;
};

/* Calls `each` with every name in releases/. */
static int for_each_name(int releases,
			 int (*each)(void *data, const char *name, struct error *err),
			 void *data, struct error *err)
{
	int fd = openat(releases, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (stream == NULL) {
		int number = errno;
		fd_close(&fd);
		return error_set_errno(err, number,
				       "cannot list '" DIRECTORY_RELEASES "'");
	}
	int code = 0;
	while (code == 0) {
		errno = 0;
		const struct dirent *entry = readdir(stream);
		if (entry == NULL) {
			if (errno != 0)
				code = error_set_errno(err, errno,
						       "cannot list "
						       "'" DIRECTORY_RELEASES "'");
			break;
		}
		code = each(data, entry->d_name, err);
	}
	closedir(stream);
	return code;
}

/* Whether it is the name of a release with this before and behind it; which one. */
static bool is_name_within(const char *text, const char *before, const char *behind,
			   char out[DIRECTORY_NAME_BYTES])
{
	size_t length = strlen(text);
	size_t around = strlen(before) + strlen(behind);
	if (length <= around || length - around >= DIRECTORY_NAME_BYTES ||
	    !text_starts_with(text, before) || !text_ends_with(text, behind))
		return false;
	memcpy(out, text + strlen(before), length - around);
	out[length - around] = '\0';
	return directory_name_generation(out) != 0;
}

/* --- what crashes left --- */

static int remove_stale(void *data, const char *name, struct error *err)
{
	const int *releases = data;
	char release[DIRECTORY_NAME_BYTES];
	if (is_name_within(name, ".new-", "", release) ||
	    is_name_within(name, ".old-", "", release) ||
	    is_name_within(name, ".new-", LIST_SUFFIX, release))
		return path_remove_tree(*releases, name, err);
	return 0;
}

int directory_clean(const struct directory *directory, struct error *err)
{
	int releases = directory->releases;
	int code = path_remove_tree(directory->root, DIRECTORY_RECORD_NEW, err);
	if (code == 0)
		code = path_remove_tree(directory->root, DIRECTORY_CURRENT_NEW, err);
	if (code == 0)
		code = for_each_name(releases, remove_stale, &releases, err);
	return code;
}

/* --- old releases --- */

struct inventory {
	const struct directory *directory;
	struct arena *arena;
	struct names trees;
	struct names lists;
};

static int take_stock(void *data, const char *text, struct error *err)
{
	struct inventory *inventory = data;
	char release[DIRECTORY_NAME_BYTES];
	struct names *names = NULL;
	if (is_name_within(text, "", LIST_SUFFIX, release))
		names = &inventory->lists;
	else if (is_name_within(text, "", "", release) &&
		 directory_has_release(inventory->directory, release))
		names = &inventory->trees;
	if (names == NULL)
		return 0;
	struct name *name = ARENA_PUSH(inventory->arena, &names->items, &names->count,
				       &names->capacity);
	if (name == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for names");
	memcpy(name->text, release, sizeof(name->text));
	name->generation = directory_name_generation(release);
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct name *left = a;
	const struct name *right = b;
	if (left->generation != right->generation)
		return left->generation < right->generation ? 1 : -1;
	return strcmp(left->text, right->text);
}

static bool is_needed(const struct directory *directory, const char *name)
{
	return strcmp(name, directory->live) == 0 ||
	       strcmp(name, directory->record.release) == 0 ||
	       strcmp(name, directory->record.previous) == 0;
}

int directory_remove_release(const struct directory *directory, const char *name,
			     struct error *err)
{
	char old[DIRECTORY_NAME_BYTES + 8];
	char list[DIRECTORY_NAME_BYTES + 8];
	int releases = directory->releases;
	snprintf(old, sizeof(old), ".old-%s", name);
	snprintf(list, sizeof(list), "%s" LIST_SUFFIX, name);
	/* Under another name first: a release of our form is always whole. */
	if (renameat(releases, name, releases, old) != 0 && errno != ENOENT)
		return error_set_errno(err, errno, "cannot move '%s' away", name);
	int code = path_remove_tree(releases, list, err);
	return code == 0 ? path_remove_tree(releases, old, err) : code;
}

static int remove_surplus(const struct inventory *inventory, uint64_t keep,
			  struct error *err)
{
	const struct directory *directory = inventory->directory;
	int code = 0;
	for (size_t i = 0; i < inventory->trees.count; i++) {
		const char *name = inventory->trees.items[i].text;
		if (i < keep || is_needed(directory, name))
			continue;
		int removed = directory_remove_release(directory, name, err);
		code = code == 0 ? removed : code;
	}
	for (size_t i = 0; i < inventory->lists.count; i++) {
		const char *name = inventory->lists.items[i].text;
		if (directory_has_release(directory, name) ||
		    is_needed(directory, name))
			continue;
		int removed = directory_remove_release(directory, name, err);
		code = code == 0 ? removed : code;
	}
	return code;
}

int directory_prune(const struct directory *directory, uint64_t keep,
		    struct arena *arena, struct error *err)
{
	struct inventory inventory = { .directory = directory, .arena = arena };
	int code = for_each_name(directory->releases, take_stock, &inventory, err);
	if (code != 0)
		return code;
	if (inventory.trees.count > 1)
		qsort(inventory.trees.items, inventory.trees.count,
		      sizeof(*inventory.trees.items), newest_first);
	return remove_surplus(&inventory, keep < KEEP_MINIMUM ? KEEP_MINIMUM : keep,
			      err);
}
