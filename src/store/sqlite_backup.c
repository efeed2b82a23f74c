/* store/sqlite_backup.c - a consistent copy, some pages at a time. (Putting one back:
 * sqlite_restore.c.)
 *
 * A copy is made under a temporary name, synced, and gets its own name last: a file
 * with that name is whole. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "store/sql.h"

/* 1 MiB: some milliseconds between two turns of control's loop. */
#define PAGES_A_STEP 128

struct store_backup {
	struct store *store;
	sqlite3 *db; /* the copy */
	sqlite3_backup *backup;
	char *path;
	char *partial;
	bool made; /* the partial file */
};

static int no_memory(struct error *err, const char *path)
{
	return error_set(err, ERROR_MEMORY, "cannot copy the store to '%s': %s", path,
			 error_meaning(ERROR_MEMORY));
}

static char *with_suffix(const char *path, const char *suffix)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *out = malloc(size);
	if (out != NULL)
		snprintf(out, size, "%s%s", path, suffix);
	return out;
}

static int fail_copy(struct store_backup *copy, int answer, struct error *err)
{
	int number = copy->db != NULL ? sqlite3_system_errno(copy->db) : 0;
	return sqlite_fail_file(copy->path, answer, number,
				copy->db != NULL ? sqlite3_errmsg(copy->db)
						 : sqlite3_errstr(answer),
				"back up to", err);
}

int store_sync_directory(const char *path, struct error *err)
{
	char *copy = strdup(path);
	if (copy == NULL)
		return no_memory(err, path);
	FD_CLOSING int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open the directory of '%s'",
				       path);
	return fd_sync(fd, path, err);
}

static int sync_file(const char *path, struct error *err)
{
	FD_CLOSING int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", path);
	return fd_sync(fd, path, err);
}

/* The name is new: whoever made a file of that name meanwhile keeps it. */
static int give_name(struct store_backup *copy, struct error *err)
{
	const char *path = copy->path;
	int done = renameat2(AT_FDCWD, copy->partial, AT_FDCWD, path, RENAME_NOREPLACE);
	if (done < 0 && errno == EINVAL) /* network file systems */
		done = link(copy->partial, path);
	if (done < 0 && errno == EEXIST)
		return error_set(err, ERROR_EXISTS, "'%s' exists; name a new file",
				 path);
	if (done < 0)
		return error_set_errno(err, errno, "cannot make '%s'", path);
	return store_sync_directory(path, err);
}

/* An empty file for us alone. A rest of an attempt that was killed is taken away. */
static int make_partial(const char *partial, struct error *err)
{
	unlink(partial);
	FD_CLOSING int fd =
		open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot make '%s'", partial);
	return 0;
}

static int start(struct store_backup *copy, struct error *err)
{
	if (path_exists(copy->path))
		return error_set(err, ERROR_EXISTS, "'%s' exists; name a new file",
				 copy->path);
	int rc = make_partial(copy->partial, err);
	if (rc < 0)
		return rc;
	copy->made = true;
	char *name = path_join(".", copy->partial); /* never "file:..." */
	if (name == NULL)
		return no_memory(err, copy->path);
	int answer = sqlite3_open_v2(name, &copy->db,
				     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	free(name);
	if (answer == SQLITE_OK)
		answer = sqlite3_exec(copy->db,
				      "PRAGMA locking_mode = EXCLUSIVE;"
				      "PRAGMA journal_mode = OFF;"
				      "PRAGMA synchronous = OFF;",
				      NULL, NULL, NULL);
	if (answer != SQLITE_OK)
		return fail_copy(copy, answer, err);
	copy->backup = sqlite3_backup_init(copy->db, "main", copy->store->db, "main");
	if (copy->backup == NULL)
		return fail_copy(copy, sqlite3_errcode(copy->db), err);
	return 0;
}

static int new_backup(struct store_backup **out, struct store *store, const char *path,
		      struct error *err)
{
	struct store_backup *copy = calloc(1, sizeof(*copy));
	if (copy == NULL)
		return no_memory(err, path);
	copy->path = strdup(path);
	copy->partial = with_suffix(path, ".partial");
	copy->store = store;
	int rc = copy->path == NULL || copy->partial == NULL ? no_memory(err, path)
							     : start(copy, err);
	if (rc < 0) {
		store_backup_free(copy);
		return rc;
	}
	store->backup = copy;
	*out = copy;
	return 0;
}

static int finish(struct store_backup *copy, struct error *err)
{
	int answer = sqlite3_backup_finish(copy->backup);
	copy->backup = NULL;
	if (answer != SQLITE_OK)
		return fail_copy(copy, answer, err);
	sqlite3_close(copy->db);
	copy->db = NULL;
	int rc = sync_file(copy->partial, err);
	return rc == 0 ? give_name(copy, err) : rc;
}

int store_backup_step(struct store *store, const char *path,
		      struct store_backup **progress, struct error *err)
{
	if (store->in_transaction)
		return error_set(err, ERROR_INTERNAL,
				 "a backup of the store inside of a transaction");
	if (*progress == NULL && store->backup != NULL)
		return error_set(err, ERROR_BUSY,
				 "another backup of the store is being made: to '%s'",
				 store->backup->path);
	int rc = *progress == NULL ? new_backup(progress, store, path, err) : 0;
	if (rc < 0)
		return rc;
	struct store_backup *copy = *progress;
	if (copy->store == NULL)
		return error_set(err, ERROR_CANCELLED,
				 "the store was closed meanwhile");
	int answer = sqlite3_backup_step(copy->backup, PAGES_A_STEP);
	if (answer == SQLITE_OK)
		return 1;
	rc = answer == SQLITE_DONE ? finish(copy, err) : fail_copy(copy, answer, err);
	store_backup_free(copy);
	*progress = NULL;
	return rc;
}

/* The store closes first: what is left of the copy is its owner's to free. */
void sqlite_abandon_backup(struct store_backup *copy)
{
	if (copy == NULL)
		return;
	sqlite3_backup_finish(copy->backup);
	copy->backup = NULL;
	copy->store->backup = NULL;
	copy->store = NULL;
}

void store_backup_free(struct store_backup *copy)
{
	if (copy == NULL)
		return;
	if (copy->store != NULL)
		copy->store->backup = NULL;
	sqlite3_backup_finish(copy->backup);
	sqlite3_close(copy->db);
	if (copy->made)
		unlink(copy->partial);
	free(copy->partial);
	free(copy->path);
	free(copy);
}
