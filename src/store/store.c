/* store/store.c - the handle: which engine, and transactions. */
#include "store/store.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "store/sql.h"
#include "store/sqlite.h"

/* Pages in the log at which it is written back: 4 MiB, so a commit in some hundreds
 * pays for it, and a start after a crash reads no more than that. */
#define LOG_PAGES 500

int store_open(struct store **out, const char *location, enum store_mode mode,
	       struct error *err)
{
	if (text_starts_with(location, "postgres://") ||
	    text_starts_with(location, "postgresql://"))
		return error_set(err, ERROR_UNSUPPORTED,
				 "this gitgate has no PostgreSQL: name a file as "
				 "store");
	return sqlite_open(out, location, mode, err);
}

bool store_in_transaction(const struct store *store)
{
	return store->in_transaction;
}

int store_begin(struct store *store, struct error *err)
{
	if (store->in_transaction)
		return error_set(err, ERROR_INTERNAL,
				 "a transaction of the store inside of another");
	if (store->mode == STORE_READ_ONLY)
		return error_set(err, ERROR_STORE,
				 "the store '%s' was opened to read only",
				 store->location);
	/* A transaction that writes nothing is one too, so it is set for the check. */
	store->in_transaction = true;
	int rc = store_may_write(store, err);
	if (rc == 0) {
		int answer =
			sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		if (answer != SQLITE_OK)
			rc = sqlite_fail(store, answer, "write", err);
	}
	store->in_transaction = rc == 0;
	store->spoiled = false;
	store->committed_backlog = store->backlog;
	return rc;
}

void store_rollback(struct store *store)
{
	if (!store->in_transaction)
		return;
	store->in_transaction = false;
	store->spoiled = false;
	store->backlog = store->committed_backlog;
	store->unread_lost = true;
	store_sources_rollback(store);
	/* SQLite may have rolled back by itself when a statement failed. */
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Writes the log back when it is long. The transaction is durable already, so a failure
 * is not its failure; but one to sync ends all writing, as everywhere. SQLite's own
 * automatic would drop it silently. */
static void care_for_log(struct store *store)
{
	if (store->wal_pages < LOG_PAGES)
		return;
	int answer = sqlite3_wal_checkpoint_v2(store->db, NULL,
					       SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (answer == SQLITE_OK || answer == SQLITE_BUSY || answer == SQLITE_LOCKED)
		return;
	struct error cause = ERROR_INIT;
	sqlite_fail(store, answer, "write back the log of", &cause);
	log_error("store checkpoint failed", LOG_E(&cause));
}

int store_commit(struct store *store, struct error *err)
{
	if (!store->in_transaction)
		return error_set(err, ERROR_INTERNAL, "no transaction to commit");
	int rc = store->spoiled ? 0 : store_sources_write(store, err);
	if (rc < 0) {
		store_rollback(store);
		return rc;
	}
	if (store->spoiled || sqlite3_get_autocommit(store->db)) {
		store_rollback(store);
		return error_set(err, ERROR_STORE,
				 "nothing was written to the store '%s': a part of the "
				 "transaction failed before",
				 store->location);
	}
	int answer = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	if (answer != SQLITE_OK) {
		rc = sqlite_fail(store, answer, "commit to", err);
		store->closed = true;
		store_rollback(store);
		return rc;
	}
	store->in_transaction = false;
	care_for_log(store);
	return 0;
}
