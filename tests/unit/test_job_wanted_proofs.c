/* tests/unit/test_job_wanted_proofs.c - objects whose log entry is missing: kept, asked
 * for less and less often, and given up. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/path.h"
#include "job/wanted_proofs.h"
#include "scratch.h"

#define NOW (INT64_C(1800000000) * CLOCK_SECOND)

struct place {
	struct scratch scratch;
	struct arena *arena;
	char *path;
	struct wanted_proofs wanted;
};

static void place_open(struct place *place)
{
	scratch_open(&place->scratch);
	place->path = scratch_path(&place->scratch, "wanted");
	place->arena = arena_new((size_t)16 << 20);
	clock_set_for_tests(NOW);
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_eq(
		wanted_proofs_open(&place->wanted, place->arena, place->path, NULL), 0);
}

static void place_close(struct place *place)
{
	clock_set_for_tests(-1);
	wanted_proofs_release(&place->wanted);
	arena_free(place->arena);
	free(place->path);
	scratch_close(&place->scratch);
}

static void place_again(struct place *place)
{
	ck_assert_int_eq(wanted_proofs_save(&place->wanted, NULL), 0);
	wanted_proofs_release(&place->wanted);
	ck_assert_int_eq(
		wanted_proofs_open(&place->wanted, place->arena, place->path, NULL), 0);
}

static struct oid object(unsigned int number)
{
	struct oid id = { .length = 20 };
	memcpy(id.bytes, &number, sizeof(number));
	return id;
}

static void add(struct place *place, unsigned int number)
{
	struct oid id = object(number);
	ck_assert_int_eq(wanted_proofs_add(&place->wanted, &id, NULL), 0);
}

START_TEST(what_is_wanted_is_there_again)
{
	struct place place;
	place_open(&place);
	ck_assert_int_eq(wanted_proofs_due(&place.wanted), 0);
	place_again(&place); /* an empty one is written, too */
	ck_assert(path_exists(place.path));
	ck_assert(!place.wanted.changed);
	add(&place, 1);
	add(&place, 2);
	add(&place, 1);
	add(&place, 3);
	ck_assert_uint_eq(place.wanted.count, 3);
	ck_assert_int_eq(wanted_proofs_due(&place.wanted), NOW); /* at once */
	wanted_proof_missed(&place.wanted, &place.wanted.items[0]);
	wanted_proof_missed(&place.wanted, &place.wanted.items[0]);
	wanted_proof_end(&place.wanted, &place.wanted.items[1]);
	place_again(&place);
	ck_assert_uint_eq(place.wanted.count, 2);
	struct oid first = object(1);
	ck_assert(oid_equal(&place.wanted.items[0].id, &first));
	ck_assert_uint_eq(place.wanted.items[0].attempts, 2);
	ck_assert_int_eq(place.wanted.items[0].due, NOW + 8 * CLOCK_SECOND);
	wanted_proof_end(&place.wanted, &place.wanted.items[1]);
	ck_assert_int_eq(wanted_proofs_due(&place.wanted), NOW + 8 * CLOCK_SECOND);
	place_close(&place);
}
END_TEST

START_TEST(the_log_is_asked_less_and_less_often_and_then_no_more)
{
	static const int64_t seconds[] = { 2, 8, 32, 128, 512, 2048, 3600, 3600 };
	struct place place;
	place_open(&place);
	add(&place, 1);
	struct wanted_proof *proof = &place.wanted.items[0];
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		wanted_proof_missed(&place.wanted, proof);
		ck_assert_int_eq(proof->due, NOW + seconds[i] * CLOCK_SECOND);
	}
	for (int i = 0; i < 100 && !proof->done; i++)
		wanted_proof_missed(&place.wanted, proof);
	ck_assert(proof->done);
	ck_assert_uint_eq(proof->attempts, 30);
	ck_assert_int_eq(wanted_proofs_due(&place.wanted), 0);
	place_again(&place);
	ck_assert_uint_eq(place.wanted.count, 0);
	place_close(&place);
}
END_TEST

START_TEST(lines_that_are_none_are_passed_over)
{
	static const char *const lines =
		"\n"
		"0123456789012345678901234567890123456789\n"
		"0123456789012345678901234567890123456789 1\n"
		"0123456789012345678901234567890123456789 x 1\n"
		"0123456789012345678901234567890123456789 1 -1\n"
		"0123456789012345678901234567890123456789 31 1\n"
		"0123456789012345678901234567890123456789 1 9223372036854775807\n"
		"012345678901234567890123456789012345678 1 1\n"
		"../../../etc/passwd 1 1\n"
		"1111111111111111111111111111111111111111 3 1800000001\n"
		"1111111111111111111111111111111111111111 4 1800000002\n"
		"2222222222222222222222222222222222222222"
		"222222222222222222222222 0 0";
	struct place place;
	place_open(&place);
	ck_assert_int_eq(
		path_write_atomic(place.path, lines, strlen(lines), 0600, NULL), 0);
	wanted_proofs_release(&place.wanted);
	ck_assert_int_eq(
		wanted_proofs_open(&place.wanted, place.arena, place.path, NULL), 0);
	ck_assert_uint_eq(place.wanted.count, 2);
	ck_assert_uint_eq(place.wanted.items[0].attempts, 3);
	ck_assert_int_eq(place.wanted.items[0].due, NOW + CLOCK_SECOND);
	ck_assert_uint_eq(place.wanted.items[1].id.length, 32);
	ck_assert_int_eq(wanted_proofs_due(&place.wanted), NOW);
	place_close(&place);
}
END_TEST

START_TEST(there_are_no_more_than_a_push_may_bring)
{
	struct place place;
	struct error err = ERROR_INIT;
	place_open(&place);
	unsigned int most =
		(unsigned int)limits_default.values[LIMIT_GIT_COMMITS_PER_PUSH];
	for (unsigned int i = 0; i < most; i++)
		add(&place, i);
	struct oid id = object(most);
	ck_assert_int_eq(wanted_proofs_add(&place.wanted, &id, &err), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "git.commits_per_push"));
	add(&place, 0); /* known */
	place_again(&place);
	ck_assert_uint_eq(place.wanted.count, most);
	place_close(&place);
}
END_TEST

UNIT_MAIN("job/wanted-proofs", what_is_wanted_is_there_again,
	  the_log_is_asked_less_and_less_often_and_then_no_more,
	  lines_that_are_none_are_passed_over, there_are_no_more_than_a_push_may_bring)
