/* tests/unit/test_store_care.c - migration, backup and restore, and the ledger against
 * every tampering (X3). */
#include "unit.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/random.h"
#include "store/sqlite.h"
#include "store_place.h"

/* --- migration --- */

static bool has_column(struct store *store, const char *name)
{
	char text[128];
	int64_t count = 0;
	snprintf(text, sizeof(text),
		 "SELECT count(*) FROM pragma_table_info('changes') WHERE name = '%s'",
		 name);
	ck_assert_int_eq(sqlite_number(store->db, text, &count), SQLITE_OK);
	return count != 0;
}

static int64_t version_of(struct store *store)
{
	int64_t version = -1;
	ck_assert_int_eq(sqlite_number(store->db, "PRAGMA user_version", &version),
			 SQLITE_OK);
	return version;
}

START_TEST(steps_are_taken_together_or_not_at_all)
{
	static const char *const further[] = { "ALTER TABLE changes ADD COLUMN colour "
					       "TEXT;",
					       "ALTER TABLE changes ADD COLUMN weight "
					       "INTEGER;",
					       "ALTER TABLE nothing ADD COLUMN x;" };
	const char *steps[STORE_VERSION + 3];
	const struct sqlite_migrations good = { steps, STORE_VERSION + 2 };
	const struct sqlite_migrations bad = { steps, STORE_VERSION + 3 };
	for (size_t i = 0; i < STORE_VERSION; i++)
		steps[i] = sqlite_migrations.steps[i];
	memcpy(steps + STORE_VERSION, further, sizeof(further));
	struct place place = place_new();
	place_fill(&place, 2);
	struct store *store = place_open(&place, STORE_EXISTING);
	ck_assert_int_eq(version_of(store), STORE_VERSION);
	FAILS(ERROR_STORE, sqlite_migrate(store, &bad, &failure));
	ck_assert_int_eq(version_of(store), STORE_VERSION);
	ck_assert(!has_column(store, "colour"));
	suite_fill(store, 3); /* it goes on as it was */
	OK(sqlite_migrate(store, &good, &failure));
	ck_assert_int_eq(version_of(store), STORE_VERSION + 2);
	ck_assert(has_column(store, "colour") && has_column(store, "weight"));
	OK(sqlite_migrate(store, &good, &failure)); /* nothing to do */
	suite_fill(store, 4);                       /* the old rows are there */
	store_close(store);
	place_free(&place);
}
END_TEST

/* A database as gitgate 0.1 left it, with a row of each kind. */
static void write_version_1(const struct place *place)
{
	static const char rows[] =
		"INSERT INTO repositories (name, wanted) VALUES ('shop', 3);"
		"INSERT INTO refs (repository, ref, tip, seen_at) VALUES ('shop', "
		"'refs/heads/main', x'00000000000000000000000000000000000000aa', 5);"
		"INSERT INTO deliveries (source, repository, ref, received_at, state, "
		"new) VALUES ('local', 'shop', 'refs/heads/main', 5, 'waiting', NULL), "
		"('local', 'shop', 'refs/heads/old', 4, 'done', NULL);"
		"INSERT INTO changes (repository, ref, state) VALUES ('shop', "
		"'refs/heads/main', 'waiting');"
		"INSERT INTO verdicts (change, repository, result) VALUES (1, 'shop', "
		"'fail');"
		"INSERT INTO findings (verdict, number, message) VALUES (1, 0, 'no');"
		"UPDATE changes SET verdict = 1;"
		"INSERT INTO targets (name, given, generation) VALUES ('web', 7, 7);"
		"INSERT INTO deployments (target, generation, change, state, open) "
		"VALUES ('web', 7, 1, 'deployed', 0);"
		"INSERT INTO outbox (repository, \"commit\", context, state) VALUES "
		"('shop', x'00000000000000000000000000000000000000aa', "
		"'gitgate/policy', "
		"'pending');"
		"PRAGMA application_id = 0x67697467; PRAGMA user_version = 1;";
	place_execute(place, sqlite_migrations.steps[0]);
	place_execute(place, rows);
	ck_assert_int_eq(chmod(place->location, 0600), 0);
}

START_TEST(a_database_of_version_1_goes_on)
{
	struct place place = place_new();
	struct arena *arena = arena_new(1 << 20);
	struct store *store = NULL;
	struct msg_change_row change;
	struct msg_delivery_row *deliveries;
	struct msg_finding_row *findings;
	struct msg_query query = { .repository = "shop" };
	size_t count;
	write_version_1(&place);
	/* Nobody upgrades by looking. */
	FAILS(ERROR_STORE,
	      store_open(&store, place.location, STORE_READ_ONLY, &failure));
	store = place_open(&place, STORE_EXISTING);
	ck_assert_int_eq(version_of(store), STORE_VERSION);
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
	OK(store_change_get(store, arena, 1, &change, &failure));
	ck_assert_str_eq(change.state, "waiting");
	ck_assert_uint_eq(change.number, 0);
	ck_assert(!change.is_step);
	OK(store_finding_list(store, arena, 1, &findings, &count, &failure));
	ck_assert_uint_eq(count, 1);
	OK(store_delivery_list(store, arena, &query, &deliveries, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(deliveries[1].state, "waiting");
	ck_assert_ptr_null(deliveries[1].event);
	ck_assert_uint_eq(store_outbox_waiting(store), 0);
	uint64_t waiting = 7;
	uint64_t bytes = 7;
	OK(store_webhook_backlog(store, &waiting, &bytes, &failure));
	ck_assert_uint_eq(waiting, 0);
	ck_assert_uint_eq(bytes, 0);
	suite_fill(store, 2);
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
	store_close(store);
	arena_free(arena);
	place_free(&place);
}
END_TEST

/* What control asks each round about webhooks, merge requests and the outbox. */
static void ask_daily_of_forges(struct store *store, struct arena *arena)
{
	const char *const names[] = { "shop", "other" };
	struct msg_merge_request_row *requests;
	struct msg_merge_request_row request;
	struct msg_review_row *reviews;
	struct msg_delivery_row *deliveries;
	struct msg_outbox_row *rows;
	struct msg_bytes body;
	struct oid tip = oid(3);
	int64_t later;
	size_t count;
	OK(store_webhook_next(store, arena, NULL, 8, &deliveries, &count, &failure));
	ck_assert_uint_eq(count, 8);
	OK(store_delivery_body(store, arena, deliveries[0].id, &body, &failure));
	deliveries[0].state = "ignored";
	OK(store_webhook_read(store, &deliveries[0], &failure));
	OK(store_webhook_again(store, deliveries[0].id, 1, &failure));
	OK(store_outbox_due(store, arena, names, 2, 9, 5, &rows, &count, &later,
			    &failure));
	OK(store_outbox_posted(store, rows[0].id, rows[0].created_at, "success\n", NULL,
			       9, &failure));
	OK(store_merge_request_wanted(store, arena, NULL, 9, 8, &requests, &count,
				      &later, &failure));
	OK(store_merge_request_wanted(store, arena, "shop", 9, 8, &requests, &count,
				      &later, &failure));
	OK(store_merge_request_open(store, arena, "shop", "refs/heads/main", &requests,
				    &count, &failure));
	OK(store_merge_request_of_commit(store, arena, "shop", &tip, &requests, &count,
					 &failure));
	OK(store_merge_request_get(store, arena, "shop", 3, &request, &failure));
	OK(store_review_list(store, arena, "shop", 3, &reviews, &count, &failure));
	OK(store_merge_request_hint(store, "shop", 3, 5, &failure));
	OK(store_body_prune(store, 1, &failure));
}

START_TEST(daily_questions_use_indexes)
{
	struct place place = place_new();
	place_fill(&place, 40);
	struct store *store = place_open(&place, STORE_EXISTING);
	struct arena *arena = arena_new(1 << 20);
	struct msg_change_row *changes;
	struct msg_deployment_row *deployments;
	struct msg_deployment_row deployment;
	struct msg_delivery_row delivery = { .repository = "shop", .received_at = 1 };
	struct oid tip = oid(3);
	const char *pusher;
	int64_t at;
	uint64_t id;
	size_t count;
	OK(store_change_next(store, arena, 9, 4, &changes, &count, &at, &failure));
	OK(store_deployment_open(store, arena, NULL, &deployments, &count, &failure));
	OK(store_deployment_open(store, arena, "web", &deployments, &count, &failure));
	OK(store_deployment_previous(store, arena, "web", &tip, 0, &deployment,
				     &failure));
	OK(store_delivery_origin(store, arena, "shop", "refs/heads/main", &tip, &at,
				 &pusher, &failure));
	BEGIN();
	OK(store_delivery_add(store, &delivery, &id, &failure));
	OK(store_delivery_done(store, "shop", id, &failure));
	ask_daily_of_forges(store, arena);
	COMMIT();
	suite_fill(store, 41);
	for (size_t i = 0; i < store->statement_count; i++) {
		const struct statement *statement = store->statements[i];
		/* The list of due ids is a scan of itself. */
		int scanned = sqlite3_stmt_status(statement->prepared,
						  SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
		ck_assert_msg(scanned <= 8, "%d rows scanned: %s", scanned,
			      statement->text);
	}
	arena_free(arena);
	store_close(store);
	place_free(&place);
}
END_TEST

/* --- backup --- */

static uint64_t records_of(struct store *store)
{
	uint64_t count = 0;
	OK(store_ledger_check(store, &count, &failure));
	return count;
}

static uint64_t records_in(const char *location)
{
	struct store *store = NULL;
	OK(store_open(&store, location, STORE_READ_ONLY, &failure));
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
	uint64_t count = records_of(store);
	store_close(store);
	return count;
}

/* A backup in as many steps as it takes; their number. */
static int back_up(struct store *store, const char *path)
{
	struct store_backup *progress = NULL;
	int steps = 0;
	int rc;
	do {
		OK(rc = store_backup_step(store, path, &progress, &failure));
		steps++;
	} while (rc > 0);
	ck_assert_ptr_null(progress);
	return steps;
}

static void fill_large(struct store *store, unsigned int count)
{
	struct digest context = digest(1);
	char value[8192];
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	BEGIN();
	for (unsigned int i = 0; i < count; i++) {
		struct oid key = oid(i);
		OK(store_fact_put(store, "large", &context, &key, value, 1, &failure));
	}
	COMMIT();
}

START_TEST(a_backup_is_consistent_while_writing_goes_on)
{
	struct place place = place_new();
	char *path = path_join(place.directory, "backup.db");
	place_fill(&place, 5);
	struct store *store = place_open(&place, STORE_EXISTING);
	fill_large(store, 1000);
	struct store_backup *progress = NULL;
	int rc;
	unsigned int steps = 0;
	do {
		OK(rc = store_backup_step(store, path, &progress, &failure));
		if (rc > 0) {
			ck_assert(!path_exists(path)); /* the name means: whole */
			suite_fill(store, 6 + steps++);
		}
	} while (rc > 0);
	ck_assert_uint_gt(steps, 3);
	struct stat status;
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	ck_assert_uint_eq(records_in(path), 5 + steps);
	suite_fill(store, 100); /* not in the backup */
	ck_assert_uint_eq(records_in(path), 5 + steps);
	store_close(store);
	free(path);
	place_free(&place);
}
END_TEST

START_TEST(a_backup_replaces_nothing)
{
	struct place place = place_new();
	char *path = path_join(place.directory, "backup.db");
	place_fill(&place, 1);
	struct store *store = place_open(&place, STORE_EXISTING);
	struct store_backup *progress = NULL;
	back_up(store, path);
	FAILS(ERROR_EXISTS, store_backup_step(store, path, &progress, &failure));
	ck_assert_ptr_null(progress);
	FAILS(ERROR_NOT_FOUND,
	      store_backup_step(store, "/no/such/place/b", &progress, &failure));
	BEGIN();
	FAILS(ERROR_INTERNAL, store_backup_step(store, path, &progress, &failure));
	COMMIT();
	store_close(store);
	free(path);
	place_free(&place);
}
END_TEST

START_TEST(a_backup_that_is_given_up_leaves_nothing)
{
	struct place place = place_new();
	char *path = path_join(place.directory, "backup.db");
	char *partial = path_join(place.directory, "backup.db.partial");
	place_fill(&place, 1);
	struct store *store = place_open(&place, STORE_EXISTING);
	fill_large(store, 500);
	struct store_backup *progress = NULL;
	struct store_backup *second = NULL;
	ck_assert_int_eq(store_backup_step(store, path, &progress, &failure), 1);
	ck_assert(path_exists(partial));
	FAILS(ERROR_BUSY, store_backup_step(store, path, &second, &failure));
	store_backup_free(progress);
	ck_assert(!path_exists(partial) && !path_exists(path));
	progress = NULL;
	ck_assert_int_eq(store_backup_step(store, path, &progress, &failure), 1);
	store_close(store); /* first, and still everything ends */
	store_backup_free(progress);
	store_backup_free(NULL);
	ck_assert(!path_exists(partial) && !path_exists(path));
	free(partial);
	free(path);
	place_free(&place);
}
END_TEST

START_TEST(a_store_in_memory_can_be_saved)
{
	struct place place = place_new();
	struct store *store = NULL;
	OK(store_open(&store, "memory:", STORE_CREATE, &failure));
	suite_fill(store, 1);
	back_up(store, place.location);
	store_close(store);
	ck_assert_uint_eq(records_in(place.location), 1);
	place_free(&place);
}
END_TEST

/* --- restore --- */

/* A place whose store has 3 records more than the backup beside it, which has 2. */
struct saved {
	struct place place;
	char *backup;
	char *before;
};

static struct saved saved_new(void)
{
	struct saved saved = { .place = place_new() };
	saved.backup = path_join(saved.place.directory, "backup.db");
	saved.before = path_join(saved.place.directory, "state.db.before-restore");
	place_fill(&saved.place, 2);
	struct store *store = place_open(&saved.place, STORE_EXISTING);
	back_up(store, saved.backup);
	for (unsigned int i = 3; i <= 5; i++)
		suite_fill(store, i);
	store_close(store);
	return saved;
}

static void saved_free(struct saved *saved)
{
	char *rest = path_join(saved->place.directory, "state.db.restoring");
	ck_assert(!path_exists(rest));
	free(rest);
	free(saved->backup);
	free(saved->before);
	place_free(&saved->place);
}

START_TEST(restore_swaps_and_keeps_the_old)
{
	struct saved saved = saved_new();
	const char *location = saved.place.location;
	OK(store_restore(location, saved.backup, &failure));
	ck_assert_uint_eq(records_in(location), 2);
	ck_assert_uint_eq(records_in(saved.before), 5);
	ck_assert_uint_eq(records_in(saved.backup), 2);
	struct stat status;
	ck_assert_int_eq(stat(location, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	/* What was kept is not lost to a second attempt. */
	FAILS(ERROR_EXISTS, store_restore(location, saved.backup, &failure));
	ck_assert_uint_eq(records_in(saved.before), 5);
	ck_assert_int_eq(unlink(location), 0);
	OK(store_restore(location, saved.backup, &failure)); /* a lost store */
	struct store *store = place_open(&saved.place, STORE_EXISTING);
	suite_fill(store, 9);
	store_close(store);
	saved_free(&saved);
}
END_TEST

START_TEST(restore_takes_a_checked_backup_only)
{
	struct saved saved = saved_new();
	const char *location = saved.place.location;
	struct place copy = { saved.place.directory, saved.backup };
	struct buf whole = BUF_INIT(4 << 20);
	OK(buf_read_file(&whole, saved.backup, &failure));
	FAILS(ERROR_NOT_FOUND, store_restore(location, "/no/such/file", &failure));
	FAILS(ERROR_USAGE, store_restore(location, location, &failure));
	FAILS(ERROR_USAGE, store_restore("memory:", saved.backup, &failure));
	place_execute(&copy, "UPDATE ledger SET body = '{\"x\":1}' WHERE sequence = 2");
	FAILS(ERROR_STORE_DAMAGED, store_restore(location, saved.backup, &failure));
	SAYS("sequence 2");
	place_write(saved.backup, whole.data, whole.length);
	place_execute(&copy, "PRAGMA user_version = 9");
	FAILS(ERROR_STORE_NEWER, store_restore(location, saved.backup, &failure));
	place_write(saved.backup, whole.data, whole.length);
	place_execute(&copy, "PRAGMA application_id = 9");
	FAILS(ERROR_STORE_FOREIGN, store_restore(location, saved.backup, &failure));
	memset(whole.data + 2 * 8192, 0x55, 8192);
	place_write(saved.backup, whole.data, whole.length);
	FAILS(ERROR_STORE_DAMAGED, store_restore(location, saved.backup, &failure));
	place_write(saved.backup, "", 0);
	FAILS(ERROR_STORE_DAMAGED, store_restore(location, saved.backup, &failure));
	ck_assert(!path_exists(saved.before));
	ck_assert_uint_eq(records_in(location), 5);
	buf_release(&whole);
	saved_free(&saved);
}
END_TEST

/* Opens the store in a child and tells when; the child waits to be killed. With `rows`
 * it commits rows first, so that they stand in the log only. */
static pid_t hold(const struct place *place, unsigned int rows)
{
	int ready[2];
	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct store *store = NULL;
		if (store_open(&store, place->location, STORE_EXISTING, NULL) < 0)
			_exit(1);
		for (unsigned int i = 0; i < rows; i++)
			suite_fill(store, 1000 + i);
		if (write(ready[1], "x", 1) != 1)
			_exit(2);
		for (;;)
			pause();
	}
	char byte;
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void end(pid_t child)
{
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

START_TEST(restore_waits_for_nobody_who_has_it_open)
{
	struct saved saved = saved_new();
	pid_t child = hold(&saved.place, 0);
	FAILS(ERROR_STORE_LOCKED,
	      store_restore(saved.place.location, saved.backup, &failure));
	ck_assert(!path_exists(saved.before));
	end(child);
	OK(store_restore(saved.place.location, saved.backup, &failure));
	saved_free(&saved);
}
END_TEST

START_TEST(restore_never_applies_the_old_log)
{
	struct saved saved = saved_new();
	end(hold(&saved.place, 4)); /* killed: its rows are in the log */
	OK(store_restore(saved.place.location, saved.backup, &failure));
	ck_assert_uint_eq(records_in(saved.place.location), 2);
	ck_assert_uint_eq(records_in(saved.before), 9);
	saved_free(&saved);
}
END_TEST

START_TEST(restore_mends_a_damaged_store)
{
	struct saved saved = saved_new();
	end(hold(&saved.place, 4));
	char garbage[8192];
	memset(garbage, 'x', sizeof(garbage));
	place_write(saved.place.location, garbage, sizeof(garbage));
	OK(store_restore(saved.place.location, saved.backup, &failure));
	ck_assert_uint_eq(records_in(saved.place.location), 2);
	ck_assert(path_exists(saved.before));
	saved_free(&saved);
}
END_TEST

/* --- the ledger against tampering --- */

#define RECORDS 12

static void run(sqlite3 *db, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = sqlite3_vmprintf(format, arguments);
	va_end(arguments);
	char *message = NULL;
	int answer = sqlite3_exec(db, text, NULL, NULL, &message);
	ck_assert_msg(answer == SQLITE_OK, "%s: %s", text, message);
	sqlite3_free(text);
}

/* Changes one byte of one column, or adds or cuts one. */
static void change_bytes(sqlite3 *db, const char *column, bool text,
			 unsigned int sequence)
{
	char query[128];
	unsigned char bytes[256];
	sqlite3_stmt *statement;
	snprintf(query, sizeof(query), "SELECT %s FROM ledger WHERE sequence = %u",
		 column, sequence);
	ck_assert_int_eq(sqlite3_prepare_v2(db, query, -1, &statement, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	int length = sqlite3_column_bytes(statement, 0);
	ck_assert_int_lt(length, 250);
	if (length > 0)
		memcpy(bytes, sqlite3_column_blob(statement, 0), (size_t)length);
	sqlite3_finalize(statement);
	uint64_t way = random_below(4);
	if (way == 0 || length == 0)
		bytes[length++] = way == 0 ? 0 : 'x'; /* a NUL at the end, too */
	else if (way == 1)
		length--;
	else
		bytes[random_below((uint64_t)length)] ^=
			(unsigned char)(1U << random_below(7));
	snprintf(query, sizeof(query), "UPDATE ledger SET %s = ?1 WHERE sequence = %u",
		 column, sequence);
	ck_assert_int_eq(sqlite3_prepare_v2(db, query, -1, &statement, NULL),
			 SQLITE_OK);
	if (text)
		sqlite3_bind_text(statement, 1, (char *)bytes, length,
				  SQLITE_TRANSIENT);
	else
		sqlite3_bind_blob(statement, 1, bytes, length, SQLITE_TRANSIENT);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_DONE);
	sqlite3_finalize(statement);
}

#define WAYS 11

/* Does something to the ledger; the first sequence at which it must be noticed. */
static unsigned int tamper(sqlite3 *db, unsigned int way)
{
	unsigned int at = 1 + (unsigned int)random_below(RECORDS);
	unsigned int other = 1 + (unsigned int)random_below(RECORDS - 1);
	other += other >= at;
	switch (way) {
	case 0:
		change_bytes(db, "body", true, at);
		return at;
	case 1:
		change_bytes(db, "kind", true, at);
		return at;
	case 2:
		change_bytes(db, "previous", false, at);
		return at;
	case 3:
		change_bytes(db, "hash", false, at);
		return at;
	case 4:
		run(db, "UPDATE ledger SET at = at + %d WHERE sequence = %u",
		    (int)random_below(9) - 10, at);
		return at;
	case 5:
		run(db, "DELETE FROM ledger WHERE sequence = %u", at);
		return at;
	case 6:
		run(db, "DELETE FROM ledger WHERE sequence >= %u", at);
		return at;
	case 7: /* a record less, and the gap closed */
		run(db, "DELETE FROM ledger WHERE sequence = %u", at);
		run(db,
		    "UPDATE ledger SET sequence = -sequence + 1 WHERE sequence > %u",
		    at);
		run(db, "UPDATE ledger SET sequence = -sequence WHERE sequence < 0");
		return at;
	case 8: /* two change places */
		run(db, "UPDATE ledger SET sequence = 99 WHERE sequence = %u", at);
		run(db, "UPDATE ledger SET sequence = %u WHERE sequence = %u", at,
		    other);
		run(db, "UPDATE ledger SET sequence = %u WHERE sequence = 99", other);
		return at < other ? at : other;
	case 9: /* one more, before or behind */
		run(db,
		    "INSERT INTO ledger SELECT %d, at, kind, body, previous, hash "
		    "FROM ledger WHERE sequence = %u",
		    at % 2 == 0 ? 0 : RECORDS + 1, at);
		return at % 2 == 0 ? 0 : RECORDS + 1;
	default:
		run(db, "UPDATE ledger SET previous = NULL WHERE sequence = %u",
		    at == 1 ? 2 : at);
		return at == 1 ? 2 : at;
	}
}

START_TEST(every_tampering_of_the_ledger_is_found_at_its_place)
{
	struct place place = place_new();
	place_fill(&place, RECORDS);
	struct buf whole = BUF_INIT(4 << 20);
	OK(buf_read_file(&whole, place.location, &failure));
	random_seed_for_tests(3);
	for (unsigned int i = 0; i < 220; i++) {
		sqlite3 *db = NULL;
		place_write(place.location, whole.data, whole.length);
		ck_assert_int_eq(sqlite3_open(place.location, &db), SQLITE_OK);
		unsigned int expected = tamper(db, i % WAYS);
		sqlite3_close(db);
		struct store *store = place_open(&place, STORE_READ_ONLY);
		uint64_t good = 77;
		char text[64];
		FAILS(ERROR_LEDGER, store_ledger_check(store, &good, &failure));
		snprintf(text, sizeof(text), "at sequence %u:", expected);
		ck_assert_msg(strstr(failure.text, text) != NULL, "way %u: %s, not %s",
			      i % WAYS, failure.text, text);
		ck_assert_uint_eq(good, expected == 0 ? 0 : expected - 1);
		ck_assert_int_ge(store_check(store, NULL, NULL, &failure), 1);
		store_close(store);
	}
	buf_release(&whole);
	place_free(&place);
}
END_TEST

START_TEST(a_forged_end_of_the_ledger_is_found)
{
	/* The last record made anew with a proper hash, or its head: one without the
	 * other is noticed. */
	static const char *const forged[] = {
		"UPDATE ledger_head SET sequence = sequence - 1",
		"UPDATE ledger_head SET sequence = sequence + 1",
		"UPDATE ledger_head SET hash = NULL",
		"UPDATE ledger_head SET hash = x'00'",
		"UPDATE ledger_head SET hash = (SELECT max(previous) FROM ledger)",
		"DELETE FROM ledger_head",
		"DELETE FROM ledger",
	};
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		struct place place = place_new();
		place_fill(&place, 3);
		place_execute(&place, forged[i]);
		struct store *store = place_open(&place, STORE_EXISTING);
		uint64_t good = 0;
		FAILS(ERROR_LEDGER, store_ledger_check(store, &good, &failure));
		store_close(store);
		place_free(&place);
	}
}
END_TEST

UNIT_MAIN("store care", steps_are_taken_together_or_not_at_all,
	  a_database_of_version_1_goes_on, daily_questions_use_indexes,
	  a_backup_is_consistent_while_writing_goes_on, a_backup_replaces_nothing,
	  a_backup_that_is_given_up_leaves_nothing, a_store_in_memory_can_be_saved,
	  restore_swaps_and_keeps_the_old, restore_takes_a_checked_backup_only,
	  restore_waits_for_nobody_who_has_it_open, restore_never_applies_the_old_log,
	  restore_mends_a_damaged_store,
	  every_tampering_of_the_ledger_is_found_at_its_place,
	  a_forged_end_of_the_ledger_is_found)
