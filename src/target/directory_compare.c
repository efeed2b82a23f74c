/* target/directory_compare.c - whether a release on disk is what its list says: every
 * file, its mode and its content, and nothing else. */
#include "target/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"

#define MODE_PROGRAM    0100755
#define MODE_LINK       0120000
#define SHOWN_MAXIMUM   3   /* paths that are named */
#define SHOWN_BYTES     200 /* of each */
#define READ_BYTES      65536
#define DIRECTORY_MODE  0755
#define PERMISSION_BITS 07777

void directory_differences_init(struct directory_differences *differences)
{
	differences->count = 0;
	buf_init(&differences->text, 4096);
}

void directory_differences_release(struct directory_differences *differences)
{
	buf_release(&differences->text);
}

static void differs(struct directory_differences *differences, const char *how,
		    const char *path)
{
	if (differences->count++ >= SHOWN_MAXIMUM)
		return;
	char shown[SHOWN_BYTES];
	text_escape_into(shown, sizeof(shown), path, strlen(path));
	buf_addf(&differences->text, "%s'%s' %s", differences->count > 1 ? ", " : "",
		 shown, how);
}

/* What the comparison carries along. */
struct comparison {
	const struct directory_listing *listing;
	struct map entries; /* path -> entry of the list */
	struct map parents; /* path of a directory that shall be there */
	bool *seen;         /* one an entry of the list */
	struct directory_differences *differences;
	unsigned char *room; /* READ_BYTES */
	/* Where the walk is, beneath the release; room for any name in the longest
	 * directory. */
	char path[PATH_MAX + NAME_MAX + 2];
};

/* --- one file --- */

static int content_of(const struct comparison *comparison, int fd, struct digest *out,
		      struct error *err)
{
	struct hasher *hasher = hasher_new();
	if (hasher == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a hash");
	for (;;) {
		ssize_t got = read(fd, comparison->room, READ_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			hasher_free(hasher);
			return error_set_errno(err, errno, "cannot read '%s'",
					       comparison->path);
		}
		if (got == 0)
			break;
		hasher_add(hasher, comparison->room, (size_t)got);
	}
	return hasher_finish(hasher, out) == 0
		       ? 0
		       : error_set(err, ERROR_MEMORY, "out of memory for a hash");
}

static int compare_content(struct comparison *comparison, int parent, const char *name,
			   const struct directory_entry *entry, struct error *err)
{
	/* Not following, not waiting: it may have been replaced since it was looked at.
	 */
	FD_CLOSING int fd =
		openat(parent, name,
		       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct digest content;
	if (fd < 0) {
		differs(comparison->differences, "cannot be read", comparison->path);
		return 0;
	}
	int code = content_of(comparison, fd, &content, err);
	if (code == 0 && !digest_equal(&content, &entry->content))
		differs(comparison->differences, "has other content", comparison->path);
	return code;
}

static int compare_link(struct comparison *comparison, int parent, const char *name,
			const struct directory_entry *entry, struct error *err)
{
	char leads[PATH_MAX];
	ssize_t length = readlinkat(parent, name, leads, sizeof(leads));
	struct digest content;
	if (length >= 0 && digest_of(leads, (size_t)length, &content) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory for a hash");
	if (length < 0 || !digest_equal(&content, &entry->content))
		differs(comparison->differences, "leads elsewhere", comparison->path);
	return 0;
}

static int compare_file(struct comparison *comparison, int parent, const char *name,
			const struct stat *status, const struct directory_entry *entry,
			struct error *err)
{
	comparison->seen[entry - comparison->listing->entries] = true;
	bool is_link = entry->mode == MODE_LINK;
	if (is_link ? !S_ISLNK(status->st_mode) : !S_ISREG(status->st_mode)) {
		differs(comparison->differences, "is not the kind of file it was",
			comparison->path);
		return 0;
	}
	if (is_link)
		return compare_link(comparison, parent, name, entry, err);
	mode_t mode = entry->mode == MODE_PROGRAM ? 0755 : 0644;
	if ((uint64_t)status->st_size != entry->size) {
		differs(comparison->differences, "has another size", comparison->path);
		return 0;
	}
	if ((status->st_mode & PERMISSION_BITS) != mode) {
		differs(comparison->differences, "has another mode", comparison->path);
		return 0;
	}
	return compare_content(comparison, parent, name, entry, err);
}

/* --- the walk --- */

static int compare_directory(struct comparison *comparison, int fd, size_t length,
			     struct error *err);

/* Goes down only where a directory shall be: its depth is bounded by the list's. */
static int enter(struct comparison *comparison, int parent, const char *name,
		 const struct stat *status, size_t length, struct error *err)
{
	if (!S_ISDIR(status->st_mode)) {
		differs(comparison->differences, "is not a directory any more",
			comparison->path);
		return 0;
	}
	if ((status->st_mode & PERMISSION_BITS) != DIRECTORY_MODE)
		differs(comparison->differences, "has another mode", comparison->path);
	FD_CLOSING int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return compare_directory(comparison, fd, length, err);
	differs(comparison->differences, "cannot be read", comparison->path);
	return 0;
}

static int compare_name(struct comparison *comparison, int parent, const char *name,
			size_t length, struct error *err)
{
	int added =
		snprintf(comparison->path + length, sizeof(comparison->path) - length,
			 "%s%s", length == 0 ? "" : "/", name);
	size_t end = length + (size_t)added;
	if (end >= sizeof(comparison->path)) {
		/* Longer than anything that was deployed. */
		differs(comparison->differences, "is not of the release", name);
		return 0;
	}
	const struct directory_entry *entry =
		map_get(&comparison->entries, comparison->path, end);
	bool is_parent = map_has(&comparison->parents, comparison->path, end);
	if (entry == NULL && !is_parent) {
		differs(comparison->differences, "is not of the release",
			comparison->path);
		return 0;
	}
	struct stat status;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			return 0;
		return error_set_errno(err, errno, "cannot look at '%s'",
				       comparison->path);
	}
	return entry != NULL
		       ? compare_file(comparison, parent, name, &status, entry, err)
		       : enter(comparison, parent, name, &status, end, err);
}

static int compare_directory(struct comparison *comparison, int fd, size_t length,
			     struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	if (stream == NULL) {
		fd_close(&copy);
		return error_set_errno(err, errno, "cannot list '%s'",
				       comparison->path);
	}
	int code = 0;
	while (code == 0) {
		errno = 0;
		const struct dirent *found = readdir(stream);
		if (found == NULL) {
			if (errno != 0)
				code = error_set_errno(err, errno, "cannot list '%s'",
						       comparison->path);
			break;
		}
		const char *name = found->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			code = compare_name(comparison, fd, name, length, err);
		comparison->path[length] = '\0';
	}
	closedir(stream);
	return code;
}

/* --- the whole --- */

static int prepare(struct comparison *comparison, struct error *err)
{
	const struct directory_listing *listing = comparison->listing;
	comparison->seen = calloc(listing->count + 1, sizeof(bool));
	comparison->room = malloc(READ_BYTES);
	int code =
		comparison->seen == NULL || comparison->room == NULL ? ERROR_MEMORY : 0;
	for (size_t i = 0; code == 0 && i < listing->count; i++)
		code = map_put(&comparison->entries, listing->entries[i].path,
			       strlen(listing->entries[i].path), &listing->entries[i]);
	for (size_t i = 0; code == 0 && i < listing->parent_count; i++)
		code = map_put(&comparison->parents, listing->parents[i],
			       strlen(listing->parents[i]), NULL);
	return code == 0 ? 0
			 : error_set(err, ERROR_MEMORY,
				     "out of memory for comparing a release");
}

static void find_missing(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->listing->count; i++)
		if (!comparison->seen[i])
			differs(comparison->differences, "is missing",
				comparison->listing->entries[i].path);
}

int directory_compare(int releases, const char *name,
		      const struct directory_listing *listing,
		      struct directory_differences *differences, struct error *err)
{
	struct stat status;
	if (fstatat(releases, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			return error_set_errno(err, errno, "cannot look at '%s'", name);
		differs(differences, "is missing", name);
		return 0;
	}
	struct comparison *comparison = calloc(1, sizeof(*comparison));
	if (comparison == NULL)
		return error_set(err, ERROR_MEMORY,
				 "out of memory for comparing a release");
	comparison->listing = listing;
	comparison->differences = differences;
	int code = prepare(comparison, err);
	snprintf(comparison->path, sizeof(comparison->path), "%s", name);
	if (code == 0)
		code = enter(comparison, releases, name, &status, 0, err);
	if (code == 0)
		find_missing(comparison);
	map_release(&comparison->entries);
	map_release(&comparison->parents);
	free(comparison->seen);
	free(comparison->room);
	free(comparison);
	return code;
}
