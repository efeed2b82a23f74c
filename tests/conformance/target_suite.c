/* tests/conformance/target_suite.c - what every driver of a target must hold, whatever
 * its kind: one suite over the whole table. A new kind is in it by its row. */
#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/test_target_fixture.h"

#define KINDS_MAX 64

/* In the order of paths. */
static struct manifests site(struct fixture *fixture, unsigned char commit,
			     const char *text)
{
	struct manifests manifests = MANIFESTS(
		fixture, commit, { "bin/run", PROGRAM, "#!/bin/sh\n" },
		{ "index.html", PLAIN, text }, { "link", LINK, "index.html" });
	ck_assert_int_eq(digest_of(text, strlen(text), &manifests.digest), 0);
	return manifests;
}

static void open_kind(struct fixture *fixture, size_t index)
{
	fixture_open(fixture);
	fixture->target.kind = target_drivers[index]->kind;
}

static void same_result(const struct target_result *one,
			const struct target_result *other)
{
	ck_assert_str_eq(one->release, other->release);
	ck_assert(digest_equal(&one->listing, &other->listing));
	ck_assert_uint_eq(one->files, other->files);
}

START_TEST(every_kind_has_one_whole_driver)
{
	size_t count = 0;
	for (; target_drivers[count] != NULL; count++) {
		const struct target_driver *driver = target_drivers[count];
		ck_assert_uint_lt(count, KINDS_MAX);
		ck_assert(driver->plan && driver->apply && driver->verify &&
			  driver->observe);
		for (size_t i = 0; i < count; i++)
			ck_assert_str_ne(driver->kind, target_drivers[i]->kind);
	}
	static const char *const kinds[] = {
#define TARGET_KIND(NAME, kind) #kind,
#include "model/target_kinds.def"
#undef TARGET_KIND
	};
	ck_assert_uint_eq(count, sizeof(kinds) / sizeof(kinds[0]));
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(target_drivers[i]->kind, kinds[i]);
}
END_TEST

START_TEST(planning_changes_nothing_and_says_what_applying_does)
{
	for (size_t i = 0; target_drivers[i] != NULL; i++) {
		struct fixture fixture;
		struct target_result planned;
		open_kind(&fixture, i);
		struct manifests manifests = site(&fixture, 1, "one\n");
		struct digest before = fixture_digest(fixture.outside);
		ck_assert_int_eq(target_plan(&fixture.target, 1, &manifests,
					     fixture.arena, &planned, &fixture.err),
				 0);
		struct digest after = fixture_digest(fixture.outside);
		ck_assert_msg(digest_equal(&before, &after), "%s", fixture.target.kind);
		struct target_result applied =
			fixture_apply(&fixture, 1, &manifests, 0);
		ck_assert_str_eq(planned.release, applied.release);
		ck_assert_uint_eq(planned.files, applied.files);
		fixture_close(&fixture);
	}
}
END_TEST

START_TEST(what_was_applied_is_found_healthy_and_without_drift)
{
	for (size_t i = 0; target_drivers[i] != NULL; i++) {
		struct fixture fixture;
		struct target_result health;
		open_kind(&fixture, i);
		struct manifests manifests = site(&fixture, 1, "one\n");
		struct target_result applied =
			fixture_apply(&fixture, 7, &manifests, 0);
		ck_assert_ptr_nonnull(applied.release);
		ck_assert(!digest_is_none(&applied.listing));
		ck_assert_uint_eq(applied.generation, 7);
		ck_assert_uint_eq(applied.files, 3);
		ck_assert(!applied.in_doubt);
		ck_assert_int_eq(target_verify(&fixture.target, 7, applied.release,
					       &applied.listing, fixture.arena, &health,
					       &fixture.err),
				 0);
		struct digest before = fixture_digest(fixture.outside);
		ck_assert(!fixture_drifts(&fixture, &applied));
		struct digest after = fixture_digest(fixture.outside);
		ck_assert_msg(digest_equal(&before, &after), "%s", fixture.target.kind);
		fixture_close(&fixture);
	}
}
END_TEST

START_TEST(the_same_generation_twice_is_one_effect)
{
	for (size_t i = 0; target_drivers[i] != NULL; i++) {
		struct fixture fixture;
		open_kind(&fixture, i);
		struct manifests manifests = site(&fixture, 1, "one\n");
		struct target_result once = fixture_apply(&fixture, 3, &manifests, 0);
		struct digest before = fixture_digest(fixture.outside);
		struct target_result twice = fixture_apply(&fixture, 3, &manifests, 0);
		struct digest after = fixture_digest(fixture.outside);
		same_result(&once, &twice);
		ck_assert_msg(digest_equal(&before, &after), "%s", fixture.target.kind);
		fixture_close(&fixture);
	}
}
END_TEST

/* What keeps nothing has nothing that an older generation could overwrite. */
static bool keeps_something(struct fixture *fixture)
{
	return fixture_count(fixture, ".", "") > 0;
}

START_TEST(old_never_goes_over_new)
{
	for (size_t i = 0; target_drivers[i] != NULL; i++) {
		struct fixture fixture;
		open_kind(&fixture, i);
		struct manifests old = site(&fixture, 1, "one\n");
		struct manifests new = site(&fixture, 2, "two\n");
		struct target_result applied = fixture_apply(&fixture, 5, &new, 0);
		if (keeps_something(&fixture)) {
			struct digest before = fixture_digest(fixture.outside);
			struct target_result refused =
				fixture_apply(&fixture, 4, &old, ERROR_TARGET_NEWER);
			struct digest after = fixture_digest(fixture.outside);
			ck_assert_uint_eq(refused.generation, 5);
			ck_assert(digest_equal(&before, &after));
		}
		ck_assert(!fixture_drifts(&fixture, &applied));
		fixture_close(&fixture);
	}
}
END_TEST

START_TEST(an_older_commit_comes_back_under_a_new_generation)
{
	for (size_t i = 0; target_drivers[i] != NULL; i++) {
		struct fixture fixture;
		open_kind(&fixture, i);
		struct manifests good = site(&fixture, 1, "one\n");
		struct manifests bad = site(&fixture, 2, "two\n");
		fixture_apply(&fixture, 1, &good, 0);
		struct target_result second = fixture_apply(&fixture, 2, &bad, 0);
		struct target_result third = fixture_apply(&fixture, 3, &good, 0);
		ck_assert(!fixture_drifts(&fixture, &third));
		ck_assert_msg(!keeps_something(&fixture) ||
				      fixture_drifts(&fixture, &second),
			      "%s", fixture.target.kind);
		fixture_close(&fixture);
	}
}
END_TEST

START_TEST(an_unknown_kind_is_refused)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests manifests = site(&fixture, 1, "one\n");
	fixture.target.kind = "directoty";
	fixture_apply(&fixture, 1, &manifests, ERROR_UNSUPPORTED);
	fixture_close(&fixture);
}
END_TEST

UNIT_MAIN("target drivers", every_kind_has_one_whole_driver,
	  planning_changes_nothing_and_says_what_applying_does,
	  what_was_applied_is_found_healthy_and_without_drift,
	  the_same_generation_twice_is_one_effect, old_never_goes_over_new,
	  an_older_commit_comes_back_under_a_new_generation, an_unknown_kind_is_refused)
