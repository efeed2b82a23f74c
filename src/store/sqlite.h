/* store/sqlite.h - the SQLite engine: its handle. Not for other folders.
 *
 * One connection holds the file exclusively (EXCLUSIVE before WAL: no shared memory
 * file), because SQLite before 3.51.3 can corrupt a WAL when two write at once. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "store/unread.h"

/* "gitg": marks a database as ours. */
#define SQLITE_APPLICATION_ID 0x67697467

/* Texts that are prepared at one time: all fixed ones and some lists. */
#define STATEMENT_MAXIMUM 144

/* Webhooks that wait to be read. */
struct backlog {
	uint64_t count;
	uint64_t bytes;
};

/* Where a parameter's value comes from: looked up once. */
struct parameter {
	char *name;                            /* without ":" */
	const struct message_field_row *field; /* of the row; NULL: it has none such */
};

struct statement {
	sqlite3_stmt *prepared;
	struct parameter *parameters;
	int parameter_count;
	bool kept; /* one of the store's; otherwise the cursor's own */
	bool busy;
	char *text; /* before expansion */
	unsigned int type;
	uint64_t hash;
	uint64_t used_at; /* of struct store.uses */
};

/* What came from a source in this transaction: written at its end, in one row. */
struct source_came {
	struct source_came *next;
	char *name;
	uint64_t count;
	uint64_t last;
	int64_t last_at;
};

struct store {
	sqlite3 *db;
	char *location;
	enum store_mode mode;
	bool in_transaction;
	bool spoiled;     /* this transaction cannot be committed */
	bool closed;      /* for writing, after a failed commit */
	bool sync_failed; /* and nothing more may be done to the files */
	int wal_pages;    /* in the log after the last commit */
	struct statement *statements[STATEMENT_MAXIMUM];
	size_t statement_count;
	uint64_t uses;
	struct backlog backlog;           /* with what this transaction did */
	struct backlog committed_backlog; /* what a rollback goes back to */
	struct unread unread;
	bool unread_lost;            /* it is to be made anew: a rollback */
	struct source_came *came;    /* of each source that was ever named */
	struct store_backup *backup; /* the one that is being made; NULL: none */
};

/* Turns SQLite's answer into an error that says what is wrong and how to mend it; ends
 * what must end (see store_commit()). `doing`: "open", "read", "write", "commit". */
int sqlite_fail(struct store *store, int answer, const char *doing, struct error *err);
/* The same without a store, about the file `name`. `number`: errno or 0. */
int sqlite_fail_file(const char *name, int answer, int number, const char *message,
		     const char *doing, struct error *err);

/* The process that holds a lock on the file, or 0. */
long sqlite_lock_holder(const char *location);

/* Opens a file with our settings and proves that it is a store of ours, of a version
 * that this build knows. Migrates when `mode` allows. */
int sqlite_open(struct store **out, const char *location, enum store_mode mode,
		struct error *err);
/* One PRAGMA (or other statement) that gives one integer. */
int sqlite_number(sqlite3 *db, const char *text, int64_t *out);

/* Whether the database is ours, or empty (version 0). ERROR_STORE_FOREIGN,
 * ERROR_STORE_NEWER, ERROR_STORE_DAMAGED. Changes nothing. */
int sqlite_identify(struct store *store, int64_t *version, struct error *err);

/* A list of SQL texts; steps[n] brings version n to n + 1. */
struct sqlite_migrations {
	const char *const *steps;
	size_t count;
};
extern const struct sqlite_migrations sqlite_migrations;
/* Brings the database to version `list->count`, all steps in one transaction.
 * ERROR_STORE when it is older and the store is read only. */
int sqlite_migrate(struct store *store, const struct sqlite_migrations *list,
		   struct error *err);

/* store/webhooks.c: counts the backlog and fills `unread`. */
int store_backlog_load(struct store *store, struct error *err);

/* store/sources.c: a delivery came, and what came is written, or forgotten. */
int store_source_came(struct store *store, const char *name, uint64_t delivery,
		      int64_t at, struct error *err);
int store_sources_write(struct store *store, struct error *err);
void store_sources_rollback(struct store *store);
void store_sources_release(struct store *store);

void sqlite_forget_statements(struct store *store);
/* Makes the entry of `path` in its directory durable. */
int store_sync_directory(const char *path, struct error *err);
void sqlite_abandon_backup(struct store_backup *backup);

#endif
