/* store/sqlite_error.c - what SQLite's answers mean to gitgate. */
#include "store/sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "store/sql.h"

/* The reason is told by errno where SQLite knows only "disk I/O error". */
static bool is_no_space(int answer, int number)
{
	if ((answer & 0xff) == SQLITE_FULL)
		return true;
	return (answer & 0xff) == SQLITE_IOERR &&
	       (number == ENOSPC || number == EDQUOT || number == EFBIG);
}

static bool is_sync_failure(int answer)
{
	return answer == SQLITE_IOERR_FSYNC || answer == SQLITE_IOERR_DIR_FSYNC;
}

static int fail_locked(const char *name, struct error *err)
{
	long holder = sqlite_lock_holder(name);
	if (holder > 0)
		return error_set(err, ERROR_STORE_LOCKED,
				 "the store '%s' is held by process %ld: is 'gitgate "
				 "serve' running? use its socket",
				 name, holder);
	return error_set(err, ERROR_STORE_LOCKED,
			 "the store '%s' is held by another process: is 'gitgate "
			 "serve' "
			 "running? use its socket",
			 name);
}

int sqlite_fail_file(const char *name, int answer, int number, const char *message,
		     const char *doing, struct error *err)
{
	if (is_no_space(answer, number))
		return error_set(err, ERROR_NO_SPACE,
				 "cannot %s the store '%s': no space is left on its "
				 "disk "
				 "or quota; make room",
				 doing, name);
	switch (answer & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail_locked(name, err);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(err, ERROR_STORE_DAMAGED,
				 "the store '%s' is damaged (%s): restore a backup: "
				 "gitgate store restore",
				 name, message);
	case SQLITE_NOMEM:
		return error_set(err, ERROR_MEMORY, "cannot %s the store '%s': %s",
				 doing, name, error_meaning(ERROR_MEMORY));
	case SQLITE_TOOBIG:
		return error_set(err, ERROR_LIMIT,
				 "cannot %s the store '%s': a value is over the limit "
				 "of "
				 "one row",
				 doing, name);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return error_set(err, ERROR_PERMISSION,
				 "cannot %s the store '%s': its file or directory may "
				 "not "
				 "be written (%s)",
				 doing, name, message);
	case SQLITE_CANTOPEN:
		if (number != 0)
			return error_set_errno(err, number, "cannot %s the store '%s'",
					       doing, name);
		break;
	}
	return error_set(err, ERROR_STORE, "cannot %s the store '%s': %s%s%s", doing,
			 name, message, number != 0 ? ": " : "",
			 number != 0 ? strerror(number) : "");
}

/* What the system said of the last call that failed on the log or the database. errno
 * has been used for other things since then. */
static int file_errno(struct store *store)
{
	sqlite3_file *log = NULL;
	int number = 0;
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log != NULL && log->pMethods != NULL)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
	if (number == 0)
		sqlite3_file_control(store->db, "main", SQLITE_FCNTL_LAST_ERRNO,
				     &number);
	return number;
}

int sqlite_fail(struct store *store, int answer, const char *doing, struct error *err)
{
	int kind = answer & 0xff;
	int number = kind == SQLITE_IOERR      ? file_errno(store)
		     : kind == SQLITE_CANTOPEN ? sqlite3_system_errno(store->db)
					       : 0;
	if (answer == SQLITE_CONSTRAINT_FOREIGNKEY)
		return error_set(err, ERROR_NOT_FOUND,
				 "a row refers to another that is not in the store");
	if (kind == SQLITE_CONSTRAINT)
		return error_set(err, ERROR_INTERNAL, "the store refuses a row: %s",
				 sqlite3_errmsg(store->db));
	if (store->in_transaction)
		store->spoiled = true;
	if (is_sync_failure(answer)) {
		/* What was written may be lost although a second sync would say
		 * otherwise: nothing more is written, not even at the end. */
		store->sync_failed = true;
		store->closed = true;
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	}
	return sqlite_fail_file(store->location, answer, number,
				sqlite3_errmsg(store->db), doing, err);
}

/* From /proc/locks, because opening the file to ask would drop the locks that this
 * process has on it. A line: "1: POSIX  ADVISORY  WRITE 1234 fd:01:5678 0 EOF". */
long sqlite_lock_holder(const char *location)
{
	struct stat status;
	if (stat(location, &status) < 0)
		return 0;
	FILE *locks = fopen("/proc/locks", "re");
	if (locks == NULL)
		return 0;
	char line[256];
	long holder = 0;
	while (holder == 0 && fgets(line, sizeof(line), locks) != NULL) {
		long process;
		unsigned int high;
		unsigned int low;
		uint64_t inode;
		if (sscanf(line, "%*s %*s %*s %*s %ld %x:%x:%" SCNu64, &process, &high,
			   &low, &inode) == 4 &&
		    inode == (uint64_t)status.st_ino && high == major(status.st_dev) &&
		    low == minor(status.st_dev))
			holder = process;
	}
	fclose(locks);
	return holder;
}
