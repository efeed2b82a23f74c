/* tests/unit/test_store_sqlite.c - the conformance suite of the store over SQLite, in a
 * file and in memory; and opening, versions, foreign and damaged files. */
#include "unit.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/random.h"
#include "store_place.h"

#define PAGE 8192u

static void run_file(void (*body)(struct store *store, struct arena *arena))
{
	struct place place = place_new();
	struct store *store = place_open(&place, STORE_CREATE);
	struct arena *arena = arena_new(16 << 20);
	body(store, arena);
	ck_assert(!store_in_transaction(store));
	store_close(store);
	/* What was committed is there for the next, and sound. */
	store = place_open(&place, STORE_EXISTING);
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
	store_close(store);
	arena_free(arena);
	place_free(&place);
}

static void run_memory(void (*body)(struct store *store, struct arena *arena))
{
	struct store *store = NULL;
	OK(store_open(&store, "memory:", STORE_CREATE, &failure));
	struct arena *arena = arena_new(16 << 20);
	body(store, arena);
	arena_free(arena);
	store_close(store);
}

#define CASE(name)                                                                     \
	START_TEST(file_##name)                                                        \
	{                                                                              \
		run_file(suite_##name);                                                \
	}                                                                              \
	END_TEST                                                                       \
	START_TEST(memory_##name)                                                      \
	{                                                                              \
		run_memory(suite_##name);                                              \
	}                                                                              \
	END_TEST
STORE_SUITE(CASE)
#undef CASE

/* --- opening --- */

START_TEST(files_are_private_and_alone)
{
	struct place place = place_new();
	mode_t before = umask(0);
	struct store *store = place_open(&place, STORE_CREATE);
	suite_fill(store, 1);
	struct stat status;
	ck_assert_int_eq(stat(place.location, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	char *log = path_join(place.directory, "state.db-wal");
	char *shared = path_join(place.directory, "state.db-shm");
	ck_assert_int_eq(stat(log, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	ck_assert(!path_exists(shared));
	store_close(store);
	ck_assert(!path_exists(log));
	umask(before);
	free(log);
	free(shared);
	place_free(&place);
}
END_TEST

START_TEST(modes_say_what_may_happen)
{
	struct place place = place_new();
	struct store *store = NULL;
	FAILS(ERROR_NOT_FOUND,
	      store_open(&store, place.location, STORE_EXISTING, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_open(&store, place.location, STORE_READ_ONLY, &failure));
	FAILS(ERROR_USAGE, store_open(&store, "", STORE_CREATE, &failure));
	FAILS(ERROR_STORE, store_open(&store, place.directory, STORE_CREATE, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_open(&store, "/no/such/place/state.db", STORE_CREATE, &failure));
	FAILS(ERROR_UNSUPPORTED,
	      store_open(&store, "postgres://host/db", STORE_CREATE, &failure));
	ck_assert_ptr_null(store);
	place_write(place.location, "", 0);
	FAILS(ERROR_STORE,
	      store_open(&store, place.location, STORE_READ_ONLY, &failure));
	SAYS("version 0");
	store = place_open(&place, STORE_CREATE);
	suite_fill(store, 1);
	store_close(store);
	store = place_open(&place, STORE_READ_ONLY);
	FAILS(ERROR_STORE, store_begin(store, &failure));
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
	store_close(store);
	ck_assert(strncmp(store_engine_version(), "SQLite 3.", 9) == 0);
	place_free(&place);
}
END_TEST

START_TEST(names_have_no_meaning_of_their_own)
{
	static const char *const names[] = { ":memory:", "file:state.db?mode=memory",
					     "%41", "-x" };
	struct place place = place_new();
	ck_assert_int_eq(chdir(place.directory), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct store *store = NULL;
		OK(store_open(&store, names[i], STORE_CREATE, &failure));
		suite_fill(store, 1);
		store_close(store);
		ck_assert_msg(path_exists(names[i]), "%s", names[i]);
	}
	ck_assert_int_eq(chdir("/"), 0);
	place_free(&place);
}
END_TEST

START_TEST(an_empty_database_becomes_a_store)
{
	struct place place = place_new();
	/* As a crash between making the file and the first step leaves it. */
	place_execute(&place, "PRAGMA journal_mode = WAL; PRAGMA user_version = 0");
	struct store *store = place_open(&place, STORE_EXISTING);
	suite_fill(store, 1);
	store_close(store);
	place_free(&place);
}
END_TEST

START_TEST(a_newer_store_is_refused_with_both_versions)
{
	struct place place = place_new();
	store_close(place_open(&place, STORE_CREATE));
	place_execute(&place, "PRAGMA user_version = 17");
	struct store *store = NULL;
	FAILS(ERROR_STORE_NEWER,
	      store_open(&store, place.location, STORE_EXISTING, &failure));
	char known[32];
	snprintf(known, sizeof(known), "up to %d", STORE_VERSION);
	SAYS("version 17");
	SAYS(known);
	place_free(&place);
}
END_TEST

START_TEST(another_programs_database_is_refused_and_stays)
{
	static const char *const made[] = {
		"CREATE TABLE t (x)",
		"PRAGMA application_id = 77",
		"PRAGMA user_version = 1",
		"PRAGMA journal_mode = DELETE; CREATE TABLE changes (id)",
	};
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		struct place place = place_new();
		struct store *store = NULL;
		struct buf before = BUF_INIT(1 << 20);
		struct buf after = BUF_INIT(1 << 20);
		place_execute(&place, made[i]);
		OK(buf_read_file(&before, place.location, &failure));
		FAILS(ERROR_STORE_FOREIGN,
		      store_open(&store, place.location, STORE_CREATE, &failure));
		OK(buf_read_file(&after, place.location, &failure));
		ck_assert_uint_eq(before.length, after.length);
		ck_assert(memcmp(before.data, after.data, after.length) == 0);
		buf_release(&before);
		buf_release(&after);
		place_free(&place);
	}
}
END_TEST

START_TEST(what_is_no_database_is_refused_with_the_mend)
{
	struct place place = place_new();
	struct store *store = NULL;
	char text[8192];
	memset(text, 'x', sizeof(text));
	place_write(place.location, text, sizeof(text));
	FAILS(ERROR_STORE_DAMAGED,
	      store_open(&store, place.location, STORE_CREATE, &failure));
	SAYS("gitgate store restore");
	/* Our mark, but nothing in it. */
	unlink(place.location);
	place_execute(&place, "PRAGMA application_id = 1734964327");
	FAILS(ERROR_STORE_DAMAGED,
	      store_open(&store, place.location, STORE_CREATE, &failure));
	place_free(&place);
}
END_TEST

/* --- damage --- */

static void count_problem(void *data, const char *problem)
{
	ck_assert_str_ne(problem, "");
	(*(int *)data)++;
}

/* Everything that reads, whatever it answers: it must end, and in nothing worse than an
 * error. True: something was found to be wrong. */
static bool read_all(const char *location)
{
	struct store *store = NULL;
	struct error err = ERROR_INIT;
	int rc = store_open(&store, location, STORE_EXISTING, &err);
	if (rc < 0) {
		ck_assert_str_ne(err.text, "");
		return true;
	}
	struct arena *arena = arena_new(16 << 20);
	struct msg_query query = { 0 };
	struct msg_change_row *changes;
	struct msg_deployment_row *deployments;
	struct msg_ledger_row *records;
	size_t count;
	int problems = 0;
	bool wrong = false;
	wrong |= store_change_list(store, arena, &query, &changes, &count, NULL) < 0;
	wrong |= store_deployment_list(store, arena, &query, &deployments, &count,
				       NULL) < 0;
	wrong |= store_ledger_list(store, arena, &query, &records, &count, NULL) < 0;
	rc = store_check(store, count_problem, &problems, &err);
	ck_assert(rc < 0 || rc == problems);
	wrong |= rc != 0;
	if (store_begin(store, NULL) == 0) {
		wrong |= store_repository_ensure(store, "x", NULL) < 0;
		wrong |= store_ledger_add(store, "x", "{}", 1, NULL) < 0;
		wrong |= store_commit(store, NULL) < 0;
	}
	arena_free(arena);
	store_close(store);
	return wrong;
}

static void flip(const char *location, const char *whole, size_t length, uint64_t at,
		 size_t span)
{
	char *copy = malloc(length);
	memcpy(copy, whole, length);
	for (size_t i = 0; i < span && at + i < length; i++)
		copy[at + i] = (char)(copy[at + i] ^ 0x5a);
	place_write(location, copy, length);
	free(copy);
}

START_TEST(flipped_bytes_never_crash_it)
{
	struct place place = place_new();
	struct store *store = place_open(&place, STORE_CREATE);
	for (unsigned int i = 1; i <= 40; i++)
		suite_fill(store, i);
	store_close(store);
	struct buf whole = BUF_INIT(4 << 20);
	OK(buf_read_file(&whole, place.location, &failure));
	ck_assert(!read_all(place.location));
	OK(buf_status(&whole, "store", &failure));
	int found = 0;
	random_seed_for_tests(2026);
	for (int i = 0; i < 120; i++) {
		/* The first page and each page's head are where it hurts. */
		uint64_t page = random_below(whole.length / PAGE) * PAGE;
		uint64_t at = i % 3 == 0   ? random_below(whole.length)
			      : i % 3 == 1 ? page + random_below(16)
					   : random_below(PAGE);
		flip(place.location, whole.data, whole.length, at,
		     1 + random_below(i % 2 == 0 ? 2 : 64));
		found += read_all(place.location);
	}
	ck_assert_int_gt(found, 30);
	/* A whole page gone is always found. */
	flip(place.location, whole.data, whole.length, 2 * PAGE, PAGE);
	ck_assert(read_all(place.location));
	/* So is a file that was cut. */
	place_write(place.location, whole.data, whole.length / 2 / PAGE * PAGE);
	ck_assert(read_all(place.location));
	buf_release(&whole);
	place_free(&place);
}
END_TEST

START_TEST(check_names_states_and_references_that_cannot_be)
{
	static const char *const harms[] = {
		"UPDATE deployments SET state = 'fine' WHERE id = 1",
		"UPDATE deployments SET open = 1 WHERE id = 1",
		"UPDATE deployments SET generation = 99 WHERE id = 1",
		"UPDATE targets SET generation = 99",
		"UPDATE deliveries SET state = 'lost'",
		"UPDATE changes SET verdict = 77 WHERE id = 1",
		"UPDATE verdicts SET change = 77 WHERE id = 1",
		"DELETE FROM targets",
		"UPDATE ledger SET body = '{}' WHERE sequence = 1",
		"DELETE FROM ledger_head",
		"UPDATE changes SET new = x'00' WHERE id = 1",
		"DELETE FROM bodies WHERE delivery = 1",
		"UPDATE deliveries SET source = NULL WHERE state = 'received'",
		"UPDATE merge_requests SET seen = wanted + 1",
		"UPDATE merge_requests SET state = 'fine'",
		"UPDATE merge_requests SET state = NULL",
		"UPDATE reviews SET state = 'fine'",
		"UPDATE reviews SET number = 99 WHERE number = 1",
		"UPDATE outbox SET kind = 'letter'",
		"INSERT INTO tokens (name, scopes, digest) VALUES ('a', '', x'00')",
	};
	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
		struct place place = place_new();
		struct store *store = place_open(&place, STORE_CREATE);
		for (unsigned int k = 1; k <= 3; k++)
			suite_fill(store, k);
		store_close(store);
		place_execute(&place, harms[i]);
		ck_assert_msg(read_all(place.location), "%s", harms[i]);
		place_free(&place);
	}
}
END_TEST

/* --- who holds it --- */

START_TEST(a_second_process_is_told_who_holds_it)
{
	struct place place = place_new();
	struct store *store = place_open(&place, STORE_CREATE);
	suite_fill(store, 1);
	pid_t child = fork();
	if (child == 0) {
		static const enum store_mode modes[] = { STORE_CREATE, STORE_EXISTING,
							 STORE_READ_ONLY };
		char holder[32];
		snprintf(holder, sizeof(holder), "process %d", (int)getppid());
		for (size_t i = 0; i < 3; i++) {
			struct store *second = NULL;
			struct error err = ERROR_INIT;
			int rc = store_open(&second, place.location, modes[i], &err);
			if (rc != ERROR_STORE_LOCKED || second != NULL)
				_exit(1);
			if (strstr(err.text, "gitgate serve") == NULL)
				_exit(2);
			if (strstr(err.text, holder) == NULL &&
			    access("/proc/locks", R_OK) == 0)
				_exit(3);
		}
		_exit(0);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	suite_fill(store, 2); /* it is still ours */
	store_close(store);
	store_close(place_open(&place, STORE_EXISTING));
	place_free(&place);
}
END_TEST

#define CASE(name) file_##name, memory_##name,
UNIT_MAIN("store", STORE_SUITE(CASE) files_are_private_and_alone,
	  modes_say_what_may_happen, names_have_no_meaning_of_their_own,
	  an_empty_database_becomes_a_store,
	  a_newer_store_is_refused_with_both_versions,
	  another_programs_database_is_refused_and_stays,
	  what_is_no_database_is_refused_with_the_mend, flipped_bytes_never_crash_it,
	  check_names_states_and_references_that_cannot_be,
	  a_second_process_is_told_who_holds_it)
