/* store/sqlite_migrate.c - whose database it is, which version it has, and how an older
 * one becomes a present one.
 *
 * A step that has been released never changes; a new version is a new step at the end.
 * Columns have the names of the fields in model/messages.def. Columns that are not
 * fields: targets.given (the highest generation ever given, so that none comes back
 * after a prune), deployments.open (1 until the state is terminal), and the digests of
 * deliveries and tokens, which nobody is told. */
#include "store/sqlite.h"

#include <inttypes.h>

#include "base/error.h"

/* Ids are AUTOINCREMENT: an id that was pruned never names another row. */
static const char version_1[] =
	"CREATE TABLE repositories ("
	" name TEXT NOT NULL PRIMARY KEY,"
	" wanted INTEGER NOT NULL DEFAULT 0,"
	" fetched INTEGER NOT NULL DEFAULT 0,"
	" fetched_at INTEGER NOT NULL DEFAULT 0,"
	" head TEXT,"
	" problem TEXT,"
	" hinted_at INTEGER NOT NULL DEFAULT 0,"
	" failures INTEGER NOT NULL DEFAULT 0"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE refs ("
	" repository TEXT NOT NULL REFERENCES repositories(name),"
	" ref TEXT NOT NULL,"
	" tip BLOB,"
	" accepted BLOB,"
	" seen_at INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (repository, ref)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE deliveries ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" source TEXT,"
	" repository TEXT,"
	" ref TEXT,"
	" pusher TEXT,"
	" received_at INTEGER NOT NULL,"
	" state TEXT NOT NULL,"
	" merged INTEGER NOT NULL DEFAULT 0,"
	" old BLOB,"
	" new BLOB"
	") STRICT;"
	"CREATE INDEX deliveries_state ON deliveries (state, repository, ref, new);"
	"CREATE INDEX deliveries_repository ON deliveries (repository, id);"

	"CREATE TABLE changes ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" repository TEXT NOT NULL,"
	" ref TEXT NOT NULL,"
	" old BLOB,"
	" new BLOB,"
	" pusher TEXT,"
	" received_at INTEGER NOT NULL DEFAULT 0,"
	" state TEXT NOT NULL,"
	" reason TEXT,"
	" updated_at INTEGER NOT NULL DEFAULT 0,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" due_at INTEGER NOT NULL DEFAULT 0,"
	" verdict INTEGER NOT NULL DEFAULT 0,"
	" base BLOB"
	") STRICT;"
	"CREATE INDEX changes_state ON changes (state, id);"
	"CREATE INDEX changes_repository ON changes (repository, id);"
	"CREATE INDEX changes_waiting ON changes (repository, id)"
	" WHERE state = 'waiting';"
	"CREATE INDEX changes_order ON changes (repository, ref, id)"
	" WHERE state = 'waiting';"
	"CREATE INDEX changes_later ON changes (due_at) WHERE due_at > 0;"

	"CREATE TABLE verdicts ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" change INTEGER REFERENCES changes(id),"
	" repository TEXT,"
	" ref TEXT,"
	" \"commit\" BLOB,"
	" result TEXT NOT NULL CHECK (result IN ('pass', 'fail', 'unknown')),"
	" policy BLOB,"
	" judged_at INTEGER NOT NULL DEFAULT 0,"
	" commits INTEGER NOT NULL DEFAULT 0,"
	" errors INTEGER NOT NULL DEFAULT 0,"
	" warnings INTEGER NOT NULL DEFAULT 0,"
	" reason TEXT"
	") STRICT;"
	"CREATE INDEX verdicts_change ON verdicts (change);"
	"CREATE INDEX verdicts_repository ON verdicts (repository, id);"

	"CREATE TABLE findings ("
	" verdict INTEGER NOT NULL REFERENCES verdicts(id) ON DELETE CASCADE,"
	" number INTEGER NOT NULL,"
	" severity TEXT,"
	" code TEXT,"
	" rule TEXT,"
	" kind TEXT,"
	" message TEXT,"
	" mend TEXT,"
	" \"commit\" BLOB,"
	" path TEXT,"
	" line INTEGER NOT NULL DEFAULT 0,"
	" \"column\" INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (verdict, number)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE facts ("
	" kind TEXT NOT NULL,"
	" context BLOB NOT NULL,"
	" key BLOB NOT NULL,"
	" value TEXT NOT NULL,"
	" stored_at INTEGER NOT NULL,"
	" PRIMARY KEY (kind, context, key)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE targets ("
	" name TEXT NOT NULL PRIMARY KEY,"
	" given INTEGER NOT NULL DEFAULT 0,"
	" generation INTEGER NOT NULL DEFAULT 0,"
	" \"commit\" BLOB,"
	" deployment INTEGER NOT NULL DEFAULT 0,"
	" release TEXT,"
	" listing BLOB,"
	" manifests BLOB,"
	" suspended INTEGER NOT NULL DEFAULT 0,"
	" held TEXT,"
	" observed_at INTEGER NOT NULL DEFAULT 0,"
	" drifted INTEGER NOT NULL DEFAULT 0,"
	" change INTEGER,"
	" drift TEXT,"
	" healthy BLOB"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE deployments ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" target TEXT NOT NULL REFERENCES targets(name),"
	" generation INTEGER NOT NULL,"
	" \"commit\" BLOB,"
	" change INTEGER REFERENCES changes(id),"
	" cause TEXT,"
	" state TEXT NOT NULL,"
	" open INTEGER NOT NULL DEFAULT 1,"
	" reason TEXT,"
	" actor TEXT,"
	" hinted_at INTEGER NOT NULL DEFAULT 0,"
	" queued_at INTEGER NOT NULL DEFAULT 0,"
	" started_at INTEGER NOT NULL DEFAULT 0,"
	" ended_at INTEGER NOT NULL DEFAULT 0,"
	" release TEXT,"
	" listing BLOB,"
	" manifests BLOB,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" files INTEGER NOT NULL DEFAULT 0,"
	" due_at INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE (target, generation)"
	") STRICT;"
	"CREATE INDEX deployments_open ON deployments (open, target, id);"
	"CREATE INDEX deployments_target ON deployments (target, id);"
	"CREATE INDEX deployments_live ON deployments (target, generation)"
	" WHERE state = 'deployed';"
	"CREATE INDEX deployments_state ON deployments (state, id);"
	"CREATE INDEX deployments_change ON deployments (change);"

	"CREATE TABLE quarantine ("
	" target TEXT NOT NULL REFERENCES targets(name),"
	" \"commit\" BLOB NOT NULL,"
	" reason TEXT,"
	" since INTEGER NOT NULL DEFAULT 0,"
	" actor TEXT,"
	" PRIMARY KEY (target, \"commit\")"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE outbox ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" repository TEXT NOT NULL,"
	" \"commit\" BLOB NOT NULL,"
	" context TEXT NOT NULL,"
	" state TEXT NOT NULL,"
	" description TEXT,"
	" created_at INTEGER NOT NULL DEFAULT 0,"
	" done_at INTEGER NOT NULL DEFAULT 0,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE (repository, \"commit\", context)"
	") STRICT;"
	"CREATE INDEX outbox_repository ON outbox (repository, id);"

	"CREATE TABLE ledger ("
	" sequence INTEGER PRIMARY KEY,"
	" at INTEGER NOT NULL,"
	" kind TEXT NOT NULL,"
	" body TEXT NOT NULL,"
	" previous BLOB,"
	" hash BLOB NOT NULL"
	") STRICT;"
	"CREATE TABLE ledger_head ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" sequence INTEGER NOT NULL,"
	" hash BLOB"
	") STRICT;"
	"INSERT INTO ledger_head (one, sequence) VALUES (1, 0);";

/* Webhooks, merge requests, reports to forges, tokens. */
static const char version_2[] =
	"ALTER TABLE deliveries ADD COLUMN event TEXT;"
	"ALTER TABLE deliveries ADD COLUMN event_type TEXT;"
	"ALTER TABLE deliveries ADD COLUMN forge_id TEXT;"
	"ALTER TABLE deliveries ADD COLUMN number INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE deliveries ADD COLUMN action TEXT;"
	"ALTER TABLE deliveries ADD COLUMN reason TEXT;"
	"ALTER TABLE deliveries ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE deliveries ADD COLUMN digest BLOB;"
	"ALTER TABLE deliveries ADD COLUMN form INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE deliveries ADD COLUMN parent INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE deliveries ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE deliveries ADD COLUMN kind TEXT;"
	"DROP INDEX deliveries_state;"
	"DROP INDEX deliveries_repository;"
	"CREATE INDEX deliveries_state ON deliveries (state, id);"
	"CREATE INDEX deliveries_source ON deliveries (source, id);"
	"CREATE INDEX deliveries_repository ON deliveries (repository, id)"
	" WHERE repository IS NOT NULL;"
	"CREATE INDEX deliveries_waiting ON deliveries (repository, ref, new)"
	" WHERE state = 'waiting';"
	"CREATE INDEX deliveries_received ON deliveries (source, id)"
	" WHERE state = 'received';"

	"CREATE TABLE bodies ("
	" delivery INTEGER PRIMARY KEY REFERENCES deliveries(id) ON DELETE CASCADE,"
	" body BLOB NOT NULL"
	") STRICT;"

	"CREATE TABLE sources ("
	" name TEXT NOT NULL PRIMARY KEY,"
	" kind TEXT,"
	" deliveries INTEGER NOT NULL DEFAULT 0,"
	" last_delivery INTEGER NOT NULL DEFAULT 0,"
	" last_delivery_at INTEGER NOT NULL DEFAULT 0,"
	" api_at INTEGER NOT NULL DEFAULT 0,"
	" problem TEXT,"
	" retry_at INTEGER NOT NULL DEFAULT 0,"
	" remaining INTEGER NOT NULL DEFAULT -1"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE merge_requests ("
	" repository TEXT NOT NULL REFERENCES repositories(name),"
	" number INTEGER NOT NULL,"
	" state TEXT,"
	" head BLOB,"
	" head_ref TEXT,"
	" head_repository TEXT,"
	" base_ref TEXT,"
	" base BLOB,"
	" author TEXT,"
	" title TEXT,"
	" draft INTEGER NOT NULL DEFAULT 0,"
	" merge_commit BLOB,"
	" url TEXT,"
	" updated_at INTEGER NOT NULL DEFAULT 0,"
	" looked_at INTEGER NOT NULL DEFAULT 0,"
	" wanted INTEGER NOT NULL DEFAULT 0,"
	" seen INTEGER NOT NULL DEFAULT 0,"
	" change INTEGER NOT NULL DEFAULT 0,"
	" problem TEXT,"
	" failures INTEGER NOT NULL DEFAULT 0,"
	" due_at INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (repository, number)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX merge_requests_open ON merge_requests (repository, base_ref)"
	" WHERE state = 'open';"
	"CREATE INDEX merge_requests_head ON merge_requests (repository, head);"
	"CREATE INDEX merge_requests_commit ON merge_requests (repository, "
	"merge_commit);"
	"CREATE INDEX merge_requests_wanted ON merge_requests (due_at)"
	" WHERE wanted > seen;"

	"CREATE TABLE reviews ("
	" repository TEXT NOT NULL,"
	" number INTEGER NOT NULL,"
	" reviewer TEXT NOT NULL,"
	" state TEXT NOT NULL,"
	" \"commit\" BLOB,"
	" submitted_at INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (repository, number, reviewer),"
	" FOREIGN KEY (repository, number)"
	"  REFERENCES merge_requests(repository, number) ON DELETE CASCADE"
	") STRICT, WITHOUT ROWID;"

	"ALTER TABLE changes ADD COLUMN number INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE changes ADD COLUMN base_ref TEXT;"
	"ALTER TABLE changes ADD COLUMN is_step INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE changes ADD COLUMN head_repository TEXT;"
	"ALTER TABLE verdicts ADD COLUMN number INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE verdicts ADD COLUMN base_ref TEXT;"
	"ALTER TABLE verdicts ADD COLUMN result_tree BLOB;"

	"DROP TABLE outbox;" /* nothing could be posted before */
	"CREATE TABLE outbox ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" repository TEXT NOT NULL,"
	" \"commit\" BLOB,"
	" context TEXT NOT NULL,"
	" state TEXT NOT NULL,"
	" description TEXT,"
	" created_at INTEGER NOT NULL DEFAULT 0,"
	" done_at INTEGER NOT NULL DEFAULT 0,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" kind TEXT NOT NULL DEFAULT 'status',"
	" number INTEGER NOT NULL DEFAULT 0,"
	" verdict INTEGER NOT NULL DEFAULT 0,"
	" link TEXT,"
	" due_at INTEGER NOT NULL DEFAULT 0,"
	" problem TEXT,"
	" posted TEXT,"
	" forge_ref TEXT,"
	" ref TEXT"
	") STRICT;"
	"CREATE UNIQUE INDEX outbox_status ON outbox (repository, \"commit\", context)"
	" WHERE kind = 'status';"
	"CREATE UNIQUE INDEX outbox_comment ON outbox (repository, number)"
	" WHERE kind = 'comment';"
	"CREATE INDEX outbox_repository ON outbox (repository, id);"
	"CREATE INDEX outbox_due ON outbox (due_at) WHERE done_at = 0;"

	"CREATE TABLE tokens ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL,"
	" scopes TEXT NOT NULL,"
	" created_at INTEGER NOT NULL DEFAULT 0,"
	" expires_at INTEGER NOT NULL DEFAULT 0,"
	" used_at INTEGER NOT NULL DEFAULT 0,"
	" revoked_at INTEGER NOT NULL DEFAULT 0,"
	" digest BLOB NOT NULL UNIQUE"
	") STRICT;"
	"CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at = 0;";

/* Waivers. */
static const char version_3[] = "ALTER TABLE findings ADD COLUMN waived_by TEXT;"
				"ALTER TABLE findings ADD COLUMN waived_until INTEGER "
				"NOT NULL DEFAULT 0;"
				"ALTER TABLE findings ADD COLUMN waived_reason TEXT;"
				"ALTER TABLE findings ADD COLUMN waiver BLOB;"
				"CREATE INDEX findings_waiver ON findings (waiver) "
				"WHERE waiver IS NOT NULL;";

static const char *const steps[] = { version_1, version_2, version_3 };
_Static_assert(sizeof(steps) / sizeof(steps[0]) == STORE_VERSION, "a step a version");

const struct sqlite_migrations sqlite_migrations = { steps, STORE_VERSION };

int sqlite_identify(struct store *store, int64_t *version, struct error *err)
{
	int64_t application = 0;
	int64_t number = 0;
	int64_t tables = 0;
	int answer = sqlite_number(store->db, "PRAGMA application_id", &application);
	if (answer == SQLITE_OK)
		answer = sqlite_number(store->db, "PRAGMA user_version", &number);
	if (answer == SQLITE_OK)
		answer = sqlite_number(store->db, "SELECT count(*) FROM sqlite_schema",
				       &tables);
	if (answer != SQLITE_OK)
		return sqlite_fail(store, answer, "open", err);
	bool empty = application == 0 && number == 0 && tables == 0;
	if (application != SQLITE_APPLICATION_ID && !empty)
		return error_set(err, ERROR_STORE_FOREIGN,
				 "'%s' is a database of another program; name another "
				 "file as store",
				 store->location);
	if (!empty && (number < 1 || tables == 0))
		return error_set(err, ERROR_STORE_DAMAGED,
				 "the store '%s' is damaged (version %" PRId64
				 ", %" PRId64 " tables): restore a backup: gitgate "
				 "store "
				 "restore",
				 store->location, number, tables);
	if (number > (int64_t)STORE_VERSION)
		return error_set(err, ERROR_STORE_NEWER,
				 "the store '%s' has version %" PRId64 ", this gitgate "
				 "knows versions "
				 "up to %d: use "
				 "the newer "
				 "gitgate, or restore a backup that was made before it",
				 store->location, number, STORE_VERSION);
	*version = number;
	return 0;
}

static int apply(struct store *store, const struct sqlite_migrations *list,
		 size_t version)
{
	int answer = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (; answer == SQLITE_OK && version < list->count; version++)
		answer =
			sqlite3_exec(store->db, list->steps[version], NULL, NULL, NULL);
	char marks[96];
	snprintf(marks, sizeof(marks),
		 "PRAGMA application_id = %d; PRAGMA user_version = %zu",
		 SQLITE_APPLICATION_ID, list->count);
	if (answer == SQLITE_OK)
		answer = sqlite3_exec(store->db, marks, NULL, NULL, NULL);
	if (answer == SQLITE_OK)
		answer = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	return answer;
}

int sqlite_migrate(struct store *store, const struct sqlite_migrations *list,
		   struct error *err)
{
	int64_t version = 0;
	int answer = sqlite_number(store->db, "PRAGMA user_version", &version);
	if (answer != SQLITE_OK)
		return sqlite_fail(store, answer, "read", err);
	if ((uint64_t)version >= list->count)
		return 0;
	if (store->mode == STORE_READ_ONLY)
		return error_set(err, ERROR_STORE,
				 "the store '%s' has version %" PRId64 ", this gitgate "
				 "needs %zu: "
				 "start 'gitgate "
				 "serve' once, "
				 "it upgrades the store",
				 store->location, version, list->count);
	answer = apply(store, list, (size_t)version);
	if (answer == SQLITE_OK)
		return 0;
	int rc = sqlite_fail(store, answer, "upgrade", err);
	sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}
