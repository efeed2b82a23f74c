/* tests/unit/test_store_faults.c - the store when the machine fails: killed processes,
 * full disks, writes and syncs that fail, no memory. What was committed is there;
 * nothing is half there. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/random.h"
#include "store_place.h"

/* One transaction of several rows, the last the ledger's; an error instead of a failed
 * test. */
static int try_fill(struct store *store, unsigned int number, struct error *err)
{
	struct msg_change_row row = change_of(number);
	struct oid tip = oid(number);
	uint64_t id;
	int rc = store_begin(store, err);
	if (rc < 0)
		return rc;
	rc = store_repository_ensure(store, "shop", err);
	if (rc == 0)
		rc = store_ref_seen(store, "shop", "refs/heads/main", &tip, number,
				    err);
	if (rc == 0)
		rc = store_change_add(store, &row, &id, err);
	if (rc == 0)
		rc = store_ledger_add(store, "change", "{}", number, err);
	if (rc == 0)
		rc = store_commit(store, err);
	store_rollback(store);
	return rc;
}

/* The store is sound; how many transactions of try_fill() it holds. */
static uint64_t sound_records(const struct place *place)
{
	struct store *store = place_open(place, STORE_EXISTING);
	struct arena *arena = arena_new(16 << 20);
	struct msg_query query = { .limit = 1 };
	struct msg_change_row *rows;
	size_t rows_count;
	uint64_t records = 0;
	int problems = store_check(store, NULL, NULL, &failure);
	ck_assert_msg(problems == 0, "%d problems %s", problems, failure.text);
	OK(store_ledger_check(store, &records, &failure));
	/* The other rows of a transaction came and went with its record. */
	OK(store_change_list(store, arena, &query, &rows, &rows_count, &failure));
	ck_assert_uint_eq(rows_count == 0 ? 0 : rows[0].id, records);
	arena_free(arena);
	store_close(store);
	return records;
}

/* --- killed --- */

static void write_until_killed(const struct place *place, int acknowledge)
{
	struct store *store = NULL;
	struct error err = ERROR_INIT;
	if (store_open(&store, place->location, STORE_CREATE, &err) < 0)
		_exit(1);
	for (unsigned int number = 1;; number++) {
		if (try_fill(store, number, &err) < 0)
			_exit(2);
		if (write(acknowledge, "x", 1) != 1)
			_exit(3);
	}
}

START_TEST(committed_rows_survive_kills)
{
	struct place place = place_new();
	uint64_t acknowledged = 0;
	uint64_t before = 0;
	random_seed_for_tests(9);
	for (unsigned int round = 0; round < 20; round++) {
		int channel[2];
		ck_assert_int_eq(pipe(channel), 0);
		pid_t child = fork();
		if (child == 0) {
			close(channel[0]);
			write_until_killed(&place, channel[1]);
		}
		close(channel[1]);
		usleep(3000 + (useconds_t)random_below(40000));
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		int status;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(WIFSIGNALED(status), "status %d", status);
		char bytes[4096];
		ssize_t got;
		while ((got = read(channel[0], bytes, sizeof(bytes))) > 0)
			acknowledged += (uint64_t)got;
		close(channel[0]);
		if (!path_exists(place.location))
			continue; /* killed before it began */
		uint64_t there = sound_records(&place);
		/* Each kill may leave one that was done and not told. */
		ck_assert_uint_ge(there, acknowledged);
		ck_assert_uint_le(there, acknowledged + 1);
		ck_assert_uint_ge(there, before);
		acknowledged = before = there;
	}
	ck_assert_uint_gt(before, 0);
	place_free(&place);
}
END_TEST

/* --- writes and syncs that fail: a file system between SQLite and the real one --- */

enum fault { FAULT_NONE, FAULT_SYNC, FAULT_WRITE, FAULT_FULL, FAULT_TORN, FAULT_READ };

static enum fault fault;   /* what fails */
static unsigned int after; /* so many calls of its kind from now; 0: never */
static bool for_good;      /* and every one behind it */
static unsigned int calls; /* of its kind, for how far to go */

static bool strikes(enum fault kind)
{
	if (fault != kind)
		return false;
	calls++;
	return after != 0 && (for_good ? calls >= after : calls == after);
}

struct faulty_file {
	sqlite3_file base;
	sqlite3_file *real;
};

#define REAL(file) (((struct faulty_file *)(file))->real)

static int file_close(sqlite3_file *file)
{
	int answer = REAL(file)->pMethods->xClose(REAL(file));
	free(REAL(file));
	return answer;
}

static int file_read(sqlite3_file *file, void *out, int length, sqlite3_int64 offset)
{
	if (strikes(FAULT_READ))
		return SQLITE_IOERR_READ;
	return REAL(file)->pMethods->xRead(REAL(file), out, length, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int length,
		      sqlite3_int64 offset)
{
	if (strikes(FAULT_WRITE))
		return SQLITE_IOERR_WRITE;
	if (strikes(FAULT_FULL))
		return SQLITE_FULL;
	if (strikes(FAULT_TORN)) {
		REAL(file)->pMethods->xWrite(REAL(file), bytes, length / 2, offset);
		return SQLITE_IOERR_WRITE;
	}
	return REAL(file)->pMethods->xWrite(REAL(file), bytes, length, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return REAL(file)->pMethods->xTruncate(REAL(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	if (strikes(FAULT_SYNC))
		return SQLITE_IOERR_FSYNC;
	return REAL(file)->pMethods->xSync(REAL(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return REAL(file)->pMethods->xFileSize(REAL(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return REAL(file)->pMethods->xLock(REAL(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int file_reserved(sqlite3_file *file, int *out)
{
	return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out);
}

static int file_control(sqlite3_file *file, int operation, void *data)
{
	return REAL(file)->pMethods->xFileControl(REAL(file), operation, data);
}

static int file_sector(sqlite3_file *file)
{
	return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int file_traits(sqlite3_file *file)
{
	return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

/* Version 1: no shared memory, which the store must not need. */
static const sqlite3_io_methods faulty_methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

static sqlite3_vfs *real_vfs;

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		       int flags, int *out_flags)
{
	struct faulty_file *faulty = (struct faulty_file *)file;
	(void)vfs;
	faulty->base.pMethods = NULL;
	faulty->real = calloc(1, (size_t)real_vfs->szOsFile);
	if (faulty->real == NULL)
		return SQLITE_NOMEM;
	int answer = real_vfs->xOpen(real_vfs, name, faulty->real, flags, out_flags);
	if (answer != SQLITE_OK)
		free(faulty->real);
	else
		faulty->base.pMethods = &faulty_methods;
	return answer;
}

/* Tests run in a process of their own each, so nothing is put back. */
static void install_faults(void)
{
	static sqlite3_vfs vfs;
	real_vfs = sqlite3_vfs_find(NULL);
	ck_assert_ptr_nonnull(real_vfs);
	vfs = *real_vfs;
	vfs.pNext = NULL;
	vfs.zName = "faulty";
	vfs.szOsFile = sizeof(struct faulty_file);
	vfs.xOpen = faulty_open;
	ck_assert_int_eq(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

static void set_fault(enum fault kind, unsigned int at, bool lasting)
{
	fault = kind;
	after = at;
	for_good = lasting;
	calls = 0;
}

static int wanted_code(enum fault kind)
{
	return kind == FAULT_FULL ? ERROR_NO_SPACE : ERROR_STORE;
}

/* Writes until the fault strikes. Everything that was acknowledged is there afterwards,
 * in a sound store; a transaction that was refused at most when a sync failed, where
 * nobody can know. */
static bool one_fault(const struct place *place, enum fault kind, unsigned int at,
		      bool lasting, uint64_t *records)
{
	struct store *store = place_open(place, STORE_EXISTING);
	struct error err = ERROR_INIT;
	uint64_t done = *records;
	set_fault(kind, at, lasting);
	int rc = 0;
	for (unsigned int i = 0; i < 6 && rc == 0; i++) {
		rc = try_fill(store, (unsigned int)done + 1, &err);
		done += rc == 0;
	}
	bool struck = after != 0 && calls >= after;
	if (rc < 0) {
		ck_assert_msg(rc == wanted_code(kind), "%s", err.text);
		struct error second = ERROR_INIT;
		if (kind == FAULT_SYNC) {
			/* Closed, although the disk is well again. */
			set_fault(FAULT_NONE, 0, false);
			ck_assert_int_eq(try_fill(store, 1, &second), ERROR_STORE);
			ck_assert_ptr_nonnull(strstr(second.text, "closed for "
								  "writing"));
		}
	}
	store_close(store);
	set_fault(FAULT_NONE, 0, false);
	uint64_t there = sound_records(place);
	ck_assert_uint_ge(there, done);
	ck_assert_uint_le(there, done + (rc < 0 && kind == FAULT_SYNC));
	*records = there;
	return struck;
}

static void sweep(enum fault kind, bool lasting)
{
	struct place place = place_new();
	uint64_t records = 0;
	install_faults();
	store_close(place_open(&place, STORE_CREATE));
	unsigned int at = 1;
	while (one_fault(&place, kind, at, lasting, &records))
		at++;
	ck_assert_uint_ge(at, 6);
	place_free(&place);
}

START_TEST(failed_syncs_end_writing)
{
	sweep(FAULT_SYNC, false);
}
END_TEST

START_TEST(failed_writes_lose_nothing)
{
	sweep(FAULT_WRITE, false);
}
END_TEST

START_TEST(torn_writes_lose_nothing)
{
	sweep(FAULT_TORN, true);
}
END_TEST

START_TEST(a_full_disk_loses_nothing)
{
	sweep(FAULT_FULL, false);
}
END_TEST

START_TEST(a_disk_that_stays_full_loses_nothing)
{
	sweep(FAULT_FULL, true);
}
END_TEST

START_TEST(opening_fails_clearly_at_every_call)
{
	static const enum fault kinds[] = { FAULT_SYNC, FAULT_WRITE, FAULT_FULL,
					    FAULT_READ };
	install_faults();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int rc = -1;
		for (unsigned int at = 1; rc < 0; at++) {
			struct place place = place_new();
			struct store *store = NULL;
			struct error err = ERROR_INIT;
			set_fault(kinds[i], at, true);
			rc = store_open(&store, place.location, STORE_CREATE, &err);
			if (rc < 0) {
				ck_assert_ptr_null(store);
				ck_assert_str_ne(err.text, "");
			}
			store_close(store);
			set_fault(FAULT_NONE, 0, false);
			/* Once the disk is well, so is the store. */
			store = place_open(&place, STORE_CREATE);
			OK(try_fill(store, 1, &failure));
			store_close(store);
			ck_assert_uint_eq(sound_records(&place), 1);
			place_free(&place);
			ck_assert_uint_lt(at, 200);
		}
	}
}
END_TEST

START_TEST(a_failed_sync_while_writing_back_ends_writing)
{
	struct place place = place_new();
	struct error err = ERROR_INIT;
	install_faults();
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	struct store *store = place_open(&place, STORE_CREATE);
	/* One or two syncs are the commit's; a third is of the database, when the log
	 * is written back: the commit is done, and the next is refused. */
	int rc = 0;
	uint64_t done = 0;
	while (rc == 0 && done < 3000) {
		set_fault(FAULT_SYNC, 3, true);
		rc = try_fill(store, (unsigned int)done + 1, &err);
		done += rc == 0;
	}
	ck_assert_int_eq(rc, ERROR_STORE);
	set_fault(FAULT_NONE, 0, false);
	ck_assert_int_eq(try_fill(store, 1, NULL), ERROR_STORE);
	store_close(store);
	ck_assert_uint_eq(sound_records(&place), done);
	place_free(&place);
}
END_TEST

/* --- a disk that is full in truth --- */

/* Fills until it fails, in the words that it must; then it reads, and after the store
 * was closed and room was made it goes on. */
static uint64_t fill_up(const struct place *place)
{
	struct store *store = place_open(place, STORE_CREATE);
	struct error err = ERROR_INIT;
	uint64_t done = 0;
	int rc = 0;
	while (rc == 0 && done < 100000) {
		rc = try_fill(store, (unsigned int)done + 1, &err);
		done += rc == 0;
	}
	ck_assert_msg(rc == ERROR_NO_SPACE, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "no space is left"));
	uint64_t records = 0;
	OK(store_ledger_check(store, &records, &failure));
	ck_assert_uint_eq(records, done);
	store_close(store);
	return done;
}

START_TEST(a_file_over_its_quota_is_no_space)
{
	struct place place = place_new();
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	struct rlimit small = { 1 << 20, limit.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	uint64_t done = fill_up(&place);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_uint_eq(sound_records(&place), done);
	struct store *store = place_open(&place, STORE_EXISTING);
	OK(try_fill(store, (unsigned int)done + 1, &failure));
	store_close(store);
	ck_assert_uint_eq(sound_records(&place), done + 1);
	place_free(&place);
}
END_TEST

START_TEST(a_small_file_system_is_no_space)
{
	struct place place = place_new();
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", place.directory, "tmpfs", 0, "size=1m") < 0) {
		printf("# a_small_file_system_is_no_space: not tried, mounting needs "
		       "privileges: %s\n",
		       strerror(errno));
		place_free(&place);
		return;
	}
	uint64_t done = fill_up(&place);
	/* Not even this needs room. */
	struct store *store = place_open(&place, STORE_EXISTING);
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
	store_close(store);
	ck_assert_int_eq(mount("none", place.directory, "tmpfs", MS_REMOUNT, "size=8m"),
			 0);
	ck_assert_uint_eq(sound_records(&place), done);
	store = place_open(&place, STORE_EXISTING);
	OK(try_fill(store, (unsigned int)done + 1, &failure));
	store_close(store);
	ck_assert_uint_eq(sound_records(&place), done + 1);
	ck_assert_int_eq(umount(place.directory), 0);
	place_free(&place);
}
END_TEST

/* --- no memory --- */

static sqlite3_mem_methods real_memory;
static unsigned int memory_after;
static unsigned int memory_calls;

static bool memory_strikes(void)
{
	return ++memory_calls == memory_after;
}

static void *faulty_malloc(int bytes)
{
	return memory_strikes() ? NULL : real_memory.xMalloc(bytes);
}

static void *faulty_realloc(void *memory, int bytes)
{
	return memory_strikes() ? NULL : real_memory.xRealloc(memory, bytes);
}

static void install_memory(void)
{
	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory),
			 SQLITE_OK);
	sqlite3_mem_methods faulty = real_memory;
	faulty.xMalloc = faulty_malloc;
	faulty.xRealloc = faulty_realloc;
	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty), SQLITE_OK);
	/* Small objects come from the allocator, too. */
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
}

/* A bit of everything. 0, or the first error. */
static int everything(const struct place *place, struct error *err)
{
	struct store *store = NULL;
	struct arena *arena = arena_new(1 << 20);
	struct msg_query query = { .repository = "shop" };
	struct msg_change_row *rows;
	struct store_backup *progress = NULL;
	char *backup = path_join(place->directory, "backup.db");
	size_t count;
	unlink(backup);
	int rc = store_open(&store, place->location, STORE_CREATE, err);
	if (rc == 0)
		rc = try_fill(store, 1, err);
	if (rc == 0)
		rc = store_change_list(store, arena, &query, &rows, &count, err);
	if (rc == 0)
		rc = store_check(store, NULL, NULL, err);
	if (rc == 0)
		rc = store_backup_step(store, backup, &progress, err);
	if (rc > 0)
		rc = error_set(err, ERROR_INTERNAL, "%d problems or steps", rc);
	store_backup_free(progress);
	store_close(store);
	arena_free(arena);
	free(backup);
	return rc;
}

START_TEST(every_allocation_may_fail)
{
	struct place place = place_new();
	install_memory();
	OK(everything(&place, &failure));
	uint64_t records = sound_records(&place);
	memory_calls = 0;
	OK(everything(&place, &failure));
	records++;
	unsigned int total = memory_calls;
	unsigned int stride = total / 250 + 1;
	unsigned int failed = 0;
	for (unsigned int at = 1; at <= total; at += stride) {
		struct error err = ERROR_INIT;
		memory_calls = 0;
		memory_after = at;
		int rc = everything(&place, &err);
		memory_after = 0;
		failed += rc < 0;
		if (rc < 0)
			ck_assert_msg(rc == ERROR_MEMORY, "allocation %u of %u: %s", at,
				      total, err.text);
		uint64_t there = sound_records(&place);
		ck_assert_uint_ge(there, records);
		ck_assert_uint_le(there, records + 1);
		records = there;
	}
	ck_assert_uint_gt(failed, 100);
	place_free(&place);
}
END_TEST

UNIT_MAIN("store faults", committed_rows_survive_kills, failed_syncs_end_writing,
	  failed_writes_lose_nothing, torn_writes_lose_nothing,
	  a_full_disk_loses_nothing, a_disk_that_stays_full_loses_nothing,
	  opening_fails_clearly_at_every_call,
	  a_failed_sync_while_writing_back_ends_writing,
	  a_file_over_its_quota_is_no_space, a_small_file_system_is_no_space,
	  every_allocation_may_fail)
