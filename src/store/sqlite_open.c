/* store/sqlite_open.c - opening and closing an SQLite store: settings, lock, identity.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "store/sql.h"

/* A reader of the file that is not ours (a copying backup program) is waited for this
 * long; a service that holds it never lets go. */
#define BUSY_MILLISECONDS 200

/* One value: the largest is a webhook's text (http.max_body, with room for an option
 * that raises it). */
#define VALUE_BYTES (256 * 1024 * 1024)

/* locking_mode stands first: set before the first access it keeps the index of the log
 * in our memory instead of a shared file. Pages are cached in 1 MiB: the working set is
 * the open rows. The log is cut to 4 MiB when it grew beyond that for once. A page
 * holds a webhook of usual size whole (databases from before keep their pages of 4
 * KiB). */
static const char settings[] = "PRAGMA page_size = 8192;"
			       "PRAGMA locking_mode = EXCLUSIVE;"
			       "PRAGMA mmap_size = 0;"
			       "PRAGMA cache_size = -1024;"
			       "PRAGMA cell_size_check = ON;"
			       "PRAGMA trusted_schema = OFF;"
			       "PRAGMA foreign_keys = ON;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA synchronous = FULL;";
static const char settings_of_log[] = "PRAGMA journal_size_limit = 4194304;"
				      "PRAGMA wal_autocheckpoint = 0;";

int sqlite_number(sqlite3 *db, const char *text, int64_t *out)
{
	sqlite3_stmt *statement = NULL;
	int answer = sqlite3_prepare_v2(db, text, -1, &statement, NULL);
	if (answer == SQLITE_OK)
		answer = sqlite3_step(statement);
	if (answer == SQLITE_ROW) {
		*out = sqlite3_column_int64(statement, 0);
		answer = SQLITE_OK;
	} else if (answer == SQLITE_DONE) {
		answer = SQLITE_ERROR;
	}
	sqlite3_finalize(statement);
	return answer;
}

static int note_log_size(void *data, sqlite3 *db, const char *name, int pages)
{
	struct store *store = data;
	(void)db;
	(void)name;
	store->wal_pages = pages;
	return SQLITE_OK;
}

/* Makes the file, for us alone, so that SQLite need not (it would ask the umask). */
static int ensure_file(const char *location, enum store_mode mode, struct error *err)
{
	if (mode == STORE_CREATE) {
		FD_CLOSING int fd =
			open(location, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return error_set_errno(err, errno, "cannot make the store '%s'",
					       location);
	}
	struct stat status;
	if (stat(location, &status) < 0)
		return error_set_errno(err, errno, "cannot open the store '%s'",
				       location);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_STORE, "the store '%s' is not a file",
				 location);
	return 0;
}

/* Before the first database: one thread uses each, and nobody reads SQLite's counts. */
static void set_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int configure(struct store *store, struct error *err)
{
	sqlite3 *db = store->db;
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_MILLISECONDS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	/* Until it is known to be ours the file stays as it is. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	int answer = sqlite3_exec(db, settings, NULL, NULL, NULL);
	if (answer != SQLITE_OK)
		return sqlite_fail(store, answer, "open", err);
	return 0;
}

/* Switches to the log and takes the lock that is kept until the end. */
static int take(struct store *store, struct error *err)
{
	int answer =
		sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	if (answer == SQLITE_OK)
		answer = sqlite3_exec(store->db, settings_of_log, NULL, NULL, NULL);
	if (answer == SQLITE_OK)
		answer = sqlite3_exec(store->db, "BEGIN IMMEDIATE; COMMIT", NULL, NULL,
				      NULL);
	if (answer != SQLITE_OK)
		return sqlite_fail(store, answer, "open", err);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	sqlite3_wal_hook(store->db, note_log_size, store);
	return 0;
}

static int refuse_writing(struct store *store, struct error *err)
{
	int answer =
		sqlite3_exec(store->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	if (answer != SQLITE_OK)
		return sqlite_fail(store, answer, "open", err);
	return 0;
}

static int set_up(struct store *store, struct error *err)
{
	int rc = configure(store, err);
	if (rc == 0 && sqlite3_db_readonly(store->db, "main") == 1)
		return error_set(err, ERROR_PERMISSION,
				 "cannot open the store '%s': this user may not write "
				 "it",
				 store->location);
	int64_t version = 0;
	if (rc == 0)
		rc = sqlite_identify(store, &version, err);
	if (rc == 0)
		rc = take(store, err);
	if (rc == 0)
		rc = sqlite_migrate(store, &sqlite_migrations, err);
	if (rc == 0)
		rc = store_backlog_load(store, err);
	if (rc == 0 && store->mode == STORE_READ_ONLY)
		rc = refuse_writing(store, err);
	return rc;
}

/* SQLite gives "file:..." and ":memory:" a meaning of their own. */
static char *plain_name(const char *location)
{
	bool special = location[0] == ':' || strncmp(location, "file:", 5) == 0;
	return special ? path_join(".", location) : strdup(location);
}

int sqlite_open(struct store **out, const char *location, enum store_mode mode,
		struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool memory = strcmp(location, "memory:") == 0;
	pthread_once(&once, set_library);
	if (location[0] == '\0')
		return error_set(err, ERROR_USAGE, "the store has no file name");
	int rc = memory ? 0 : ensure_file(location, mode, err);
	if (rc < 0)
		return rc;
	struct store *store = calloc(1, sizeof(*store));
	char *name = memory ? strdup(":memory:") : plain_name(location);
	if (store != NULL)
		store->location = strdup(location);
	if (store == NULL || name == NULL || store->location == NULL) {
		free(name);
		store_close(store);
		return error_set(err, ERROR_MEMORY, "cannot open the store '%s': %s",
				 location, error_meaning(ERROR_MEMORY));
	}
	store->mode = mode;
	int answer = sqlite3_open_v2(name, &store->db,
				     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
					     (memory ? SQLITE_OPEN_CREATE : 0),
				     NULL);
	free(name);
	if (store->db == NULL)
		rc = error_set(err, ERROR_MEMORY, "cannot open the store '%s': %s",
			       location, error_meaning(ERROR_MEMORY));
	else if (answer != SQLITE_OK)
		rc = sqlite_fail(store, answer, "open", err);
	else
		rc = set_up(store, err);
	if (rc < 0) {
		store_close(store);
		return rc;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	sqlite_abandon_backup(store->backup);
	store_rollback(store);
	sqlite_forget_statements(store);
	unread_release(&store->unread);
	store_sources_release(store);
	sqlite3_close(store->db);
	free(store->location);
	free(store);
}

const char *store_engine_version(void)
{
	static char text[32];
	if (text[0] == '\0')
		snprintf(text, sizeof(text), "SQLite %s", sqlite3_libversion());
	return text;
}
