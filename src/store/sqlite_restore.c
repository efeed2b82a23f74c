/* store/sqlite_restore.c - puts a checked backup in the place of a store.
 *
 * At every moment the store's name is the old store or the new one, whole. The log of
 * the old one must be gone before the new one has its name: SQLite would apply it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "store/sqlite.h"

#define BLOCK_BYTES 65536

/* The bytes on which SQLite's processes agree by locks (its file format, "locking"). */
#define LOCK_START  0x40000000
#define LOCK_LENGTH 512

struct restore {
	const char *location;
	const char *backup;
	char fresh[4096];      /* the copy of the backup, checked here */
	char log[4096];        /* of the old store */
	char before[4096];     /* the old store's later name */
	char before_log[4096]; /* and its log's */
	char first[512];       /* the first problem of the backup */
};

static int name(char *out, const char *location, const char *suffix, struct error *err)
{
	int length = snprintf(out, 4096, "%s%s", location, suffix);
	if (length < 0 || length >= 4096)
		return error_set(err, ERROR_LIMIT, "the name '%s' is too long",
				 location);
	return 0;
}

static bool has_content(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && status.st_size > 0;
}

static int copy_bytes(int from, int to, struct error *err)
{
	char *block = malloc(BLOCK_BYTES);
	if (block == NULL)
		return error_set(err, ERROR_MEMORY, "cannot copy the backup");
	int rc = 0;
	ssize_t got = 1;
	while (rc == 0 && got > 0) {
		got = read(from, block, BLOCK_BYTES);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			rc = error_set_errno(err, errno, "cannot read the backup");
		else
			rc = fd_write_all(to, block, (size_t)got, err);
	}
	free(block);
	return rc;
}

static int copy_backup(struct restore *restore, struct error *err)
{
	char log[4096];
	int rc = name(log, restore->backup, "-wal", err);
	if (rc < 0)
		return rc;
	if (has_content(log))
		return error_set(err, ERROR_STORE_DAMAGED,
				 "'%s' has a log beside it: it is a store that was not "
				 "closed, not a backup",
				 restore->backup);
	FD_CLOSING int from = open(restore->backup, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return error_set_errno(err, errno, "cannot open the backup '%s'",
				       restore->backup);
	unlink(restore->fresh);
	FD_CLOSING int to =
		open(restore->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return error_set_errno(err, errno, "cannot make '%s'", restore->fresh);
	rc = copy_bytes(from, to, err);
	return rc == 0 ? fd_sync(to, restore->fresh, err) : rc;
}

static void note_first(void *data, const char *problem)
{
	struct restore *restore = data;
	if (restore->first[0] == '\0')
		snprintf(restore->first, sizeof(restore->first), "%s", problem);
}

/* Opens the copy, which upgrades it when it is of an older version, and looks at all of
 * it. */
static int check_copy(struct restore *restore, struct error *err)
{
	struct stat status;
	if (stat(restore->fresh, &status) == 0 && status.st_size == 0)
		return error_set(err, ERROR_STORE_DAMAGED, "the backup '%s' is empty",
				 restore->backup);
	struct store *store = NULL;
	int rc = store_open(&store, restore->fresh, STORE_EXISTING, err);
	if (rc == 0)
		rc = store_check(store, note_first, restore, err);
	store_close(store);
	if (rc < 0)
		return error_context(err, "the backup '%s' cannot be used",
				     restore->backup);
	if (rc > 0)
		return error_set(err, ERROR_STORE_DAMAGED,
				 "the backup '%s' is damaged, %d problems, the first: "
				 "%s",
				 restore->backup, rc, restore->first);
	return 0;
}

/* Brings the old store's log into the store, as far as it is whole. */
static int settle_old(struct restore *restore, struct error *err)
{
	struct error cause = ERROR_INIT;
	struct store *old = NULL;
	int rc = store_open(&old, restore->location, STORE_READ_ONLY, &cause);
	store_close(old);
	if (rc == ERROR_STORE_LOCKED || rc == ERROR_PERMISSION)
		return error_set(err, rc, "%s", cause.text);
	return 0; /* damaged, of another version: a reason to restore */
}

static int lock_old(struct restore *restore, int *fd, struct error *err)
{
	*fd = open(restore->location, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return error_set_errno(err, errno, "cannot open the store '%s'",
				       restore->location);
	struct flock lock = { .l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_start = LOCK_START,
			      .l_len = LOCK_LENGTH };
	if (fcntl(*fd, F_SETLK, &lock) == 0)
		return 0;
	return sqlite_fail_file(restore->location, SQLITE_BUSY, 0, "", "restore", err);
}

/* With the lock held nobody else can open the old store. */
static int keep_old(struct restore *restore, struct error *err)
{
	if (link(restore->location, restore->before) < 0) {
		if (errno == EEXIST)
			return error_set(err, ERROR_EXISTS,
					 "'%s' exists: the store that an earlier "
					 "restore "
					 "replaced; move it away",
					 restore->before);
		return error_set_errno(err, errno, "cannot keep the old store as '%s'",
				       restore->before);
	}
	if (has_content(restore->log) && rename(restore->log, restore->before_log) < 0)
		return error_set_errno(err, errno, "cannot keep the old store's log");
	unlink(restore->log);
	return store_sync_directory(restore->location, err);
}

static int swap(struct restore *restore, struct error *err)
{
	FD_CLOSING int old = -1;
	if (path_exists(restore->location)) {
		int rc = settle_old(restore, err);
		if (rc == 0)
			rc = lock_old(restore, &old, err);
		if (rc == 0)
			rc = keep_old(restore, err);
		if (rc < 0)
			return rc;
	}
	unlink(restore->log); /* of a store that was removed by hand */
	if (rename(restore->fresh, restore->location) < 0)
		return error_set_errno(err, errno, "cannot put the store '%s' in place",
				       restore->location);
	return store_sync_directory(restore->location, err);
}

static int prepare(struct restore *restore, struct error *err)
{
	struct stat here;
	struct stat there;
	if (strcmp(restore->location, "memory:") == 0)
		return error_set(err, ERROR_USAGE, "a store in memory is not restored");
	if (stat(restore->location, &here) == 0 && stat(restore->backup, &there) == 0 &&
	    here.st_ino == there.st_ino && here.st_dev == there.st_dev)
		return error_set(err, ERROR_USAGE,
				 "the backup '%s' is the store itself",
				 restore->backup);
	int rc = name(restore->fresh, restore->location, ".restoring", err);
	if (rc == 0)
		rc = name(restore->log, restore->location, "-wal", err);
	if (rc == 0)
		rc = name(restore->before, restore->location, ".before-restore", err);
	if (rc == 0)
		rc = name(restore->before_log, restore->before, "-wal", err);
	return rc;
}

int store_restore(const char *location, const char *backup, struct error *err)
{
	struct restore *restore = calloc(1, sizeof(*restore));
	if (restore == NULL)
		return error_set(err, ERROR_MEMORY, "cannot restore the store");
	restore->location = location;
	restore->backup = backup;
	int rc = prepare(restore, err);
	if (rc == 0) {
		rc = copy_backup(restore, err);
		if (rc == 0)
			rc = check_copy(restore, err);
		if (rc == 0)
			rc = swap(restore, err);
		if (rc < 0)
			unlink(restore->fresh);
	}
	free(restore);
	return rc;
}
