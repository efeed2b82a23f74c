/* tests/unit/test_target_directory.c - the directory target: what is deployed, in which
 * order, and what is kept. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/random.h"
#include "test_target_fixture.h"

static mode_t mode_of(struct fixture *fixture, const char *name)
{
	struct stat status;
	ck_assert_msg(lstat(fixture_path(fixture, name), &status) == 0, "%s: %s", name,
		      strerror(errno));
	return status.st_mode & 07777;
}

static struct manifests site(struct fixture *fixture, unsigned char commit,
			     const char *index)
{
	return MANIFESTS(fixture, commit, { "bin/run", PROGRAM, "#!/bin/sh\n" },
			 { "css", LINK, "styles/new" }, { "index.html", PLAIN, index },
			 { "styles/new/main.css", PLAIN, "a {}\n" });
}

START_TEST(deploys_exactly_what_was_given)
{
	struct fixture fixture;
	fixture_open(&fixture);
	umask(077);
	struct manifests manifests = site(&fixture, 0xab, "one\n");
	struct target_result result = fixture_apply(&fixture, 7, &manifests, 0);
	ck_assert_str_eq(result.release, "7-ababababab");
	ck_assert_uint_eq(result.generation, 7);
	ck_assert_uint_eq(result.files, 4);
	ck_assert_uint_eq(result.changed, 4);
	ck_assert_str_eq(fixture_link(&fixture, "current"), "releases/7-ababababab");
	ck_assert_str_eq(fixture_read(&fixture, "current/index.html"), "one\n");
	ck_assert_str_eq(fixture_read(&fixture, "current/css/main.css"), "a {}\n");
	ck_assert_str_eq(fixture_link(&fixture, "current/css"), "styles/new");
	ck_assert_uint_eq(mode_of(&fixture, "current/index.html"), 0644);
	ck_assert_uint_eq(mode_of(&fixture, "current/bin/run"), 0755);
	ck_assert_uint_eq(mode_of(&fixture, "current/styles/new"), 0755);
	ck_assert_uint_eq(mode_of(&fixture, "current/."), 0755);
	ck_assert_uint_eq(mode_of(&fixture, "releases"), 0755);
	ck_assert(!fixture_drifts(&fixture, &result));
	fixture_close(&fixture);
}
END_TEST

START_TEST(list_of_files_is_what_sha256sum_says)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests manifests =
		MANIFESTS(&fixture, 1, { "a b", PLAIN, "" }, { "l", LINK, "a b" });
	struct target_result result = fixture_apply(&fixture, 1, &manifests, 0);
	const char *list = fixture_read(&fixture, "releases/1-0101010101.list");
	ck_assert_str_eq(list, "100644 0 "
			       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991"
			       "b7852b855 "
			       "a b\n"
			       "120000 3 "
			       "c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38"
			       "e6fcc6d65 "
			       "l\n");
	struct digest digest;
	digest_of(list, strlen(list), &digest);
	ck_assert(digest_equal(&digest, &result.listing));
	fixture_close(&fixture);
}
END_TEST

START_TEST(paths_decide_the_names)
{
	static const struct {
		const char *paths[2];
		const char *path;
		const char *deployed;
	} cases[] = {
		{ { NULL }, "deploy/web/a", "deploy/web/a" },
		{ { "deploy/web" }, "deploy/web/a/b", "a/b" },
		{ { "deploy/web/" }, "deploy/web/a/b", "a/b" },
		{ { "." }, "deploy/web/a", "deploy/web/a" },
		{ { "deploy/web/a" }, "deploy/web/a", "a" },
		{ { "top" }, "top", "top" },
		{ { "deploy/web", "etc" }, "deploy/web/a", "deploy/web/a" },
		{ { "deploy/web", "etc" }, "etc/x", "etc/x" },
		{ { "deploy/web" }, "deploy/webby/a", NULL },
		{ { "deploy/web" }, "deploy", NULL },
		{ { "deploy/web", "etc" }, "etcetera", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture fixture;
		fixture_open(&fixture);
		fixture.target.paths = cases[i].paths;
		fixture.target.path_count =
			(cases[i].paths[0] != NULL) + (cases[i].paths[1] != NULL);
		struct manifests manifests =
			MANIFESTS(&fixture, 1, { cases[i].path, PLAIN, "x" });
		const char *deployed = cases[i].deployed;
		fixture_apply(&fixture, 1, &manifests,
			      deployed != NULL ? 0 : ERROR_MANIFESTS);
		if (deployed != NULL) {
			const char *name =
				arena_printf(fixture.arena, "current/%s", deployed);
			ck_assert_str_eq(fixture_read(&fixture, name), "x");
		}
		fixture_close(&fixture);
	}
}
END_TEST

START_TEST(nothing_to_deploy_is_refused)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests first = site(&fixture, 1, "one\n");
	struct target_result result = fixture_apply(&fixture, 1, &first, 0);
	struct manifests empty = first;
	empty.count = 0;
	fixture_apply(&fixture, 2, &empty, ERROR_NOT_FOUND);
	ck_assert(!fixture_drifts(&fixture, &result));
	fixture_close(&fixture);
}
END_TEST

START_TEST(plan_counts_and_changes_nothing)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests first = site(&fixture, 1, "one\n");
	struct target_result plan;
	struct digest before = fixture_digest(fixture.outside);
	ck_assert_int_eq(
		target_plan(&fixture.target, 1, &first, fixture.arena, &plan, NULL), 0);
	struct digest after = fixture_digest(fixture.outside);
	ck_assert(digest_equal(&before, &after));
	ck_assert_uint_eq(plan.changed, 4);
	fixture_apply(&fixture, 1, &first, 0);
	struct manifests second = MANIFESTS(
		&fixture, 2, { "added", PLAIN, "new" },
		{ "bin/run", PLAIN, "#!/bin/sh\n" }, { "css", LINK, "styles/new" },
		{ "index.html", PLAIN, "two" }, { "more", PLAIN, "new" });
	ck_assert_int_eq(
		target_plan(&fixture.target, 2, &second, fixture.arena, &plan, NULL),
		0);
	ck_assert_str_eq(plan.detail, "2 added, 2 changed, 1 removed");
	ck_assert_uint_eq(plan.changed, 5);
	ck_assert_str_eq(plan.release, "2-0202020202");
	struct target_result result = fixture_apply(&fixture, 2, &second, 0);
	ck_assert(digest_equal(&plan.listing, &result.listing));
	ck_assert_int_eq(
		target_plan(&fixture.target, 1, &first, fixture.arena, &plan, NULL),
		ERROR_TARGET_NEWER);
	ck_assert_uint_eq(plan.generation, 2);
	fixture_close(&fixture);
}
END_TEST

START_TEST(same_generation_twice_is_one_effect)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests manifests = site(&fixture, 1, "one\n");
	struct target_result first = fixture_apply(&fixture, 3, &manifests, 0);
	struct stat before;
	struct stat after;
	ck_assert_int_eq(stat(fixture_path(&fixture, ".gitgate"), &before), 0);
	struct target_result second = fixture_apply(&fixture, 3, &manifests, 0);
	ck_assert_int_eq(stat(fixture_path(&fixture, ".gitgate"), &after), 0);
	ck_assert(before.st_ino == after.st_ino);
	ck_assert(digest_equal(&first.listing, &second.listing));
	ck_assert_uint_eq(second.generation, 3);
	ck_assert_uint_eq(second.changed, 0);
	fixture_close(&fixture);
}
END_TEST

START_TEST(same_generation_mends_what_was_edited)
{
	static const char *const edits[] = { "current/index.html",
					     "current/styles/new/main.css",
					     "current/new-file" };
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests manifests = site(&fixture, 1, "one\n");
	struct target_result result = fixture_apply(&fixture, 3, &manifests, 0);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		fixture_write(&fixture, edits[i], "edited by hand");
		ck_assert(fixture_drifts(&fixture, &result));
		fixture_apply(&fixture, 3, &manifests, 0);
		ck_assert(!fixture_drifts(&fixture, &result));
	}
	ck_assert_int_eq(unlink(fixture_path(&fixture, "current")), 0);
	fixture_apply(&fixture, 3, &manifests, 0);
	ck_assert(!fixture_drifts(&fixture, &result));
	ck_assert_uint_eq(fixture_count(&fixture, "releases", "."), 0);
	fixture_close(&fixture);
}
END_TEST

START_TEST(old_never_overwrites_new)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests old = site(&fixture, 1, "old\n");
	struct manifests new = site(&fixture, 2, "new\n");
	struct target_result result = fixture_apply(&fixture, 12, &new, 0);
	struct target_result refused =
		fixture_apply(&fixture, 11, &old, ERROR_TARGET_NEWER);
	ck_assert_uint_eq(refused.generation, 12);
	/* One number, two commits: a restored backup. */
	fixture_apply(&fixture, 12, &old, ERROR_TARGET_NEWER);
	ck_assert(!fixture_drifts(&fixture, &result));
	/* Without its record the target still knows from its link. */
	ck_assert_int_eq(unlink(fixture_path(&fixture, ".gitgate")), 0);
	fixture_apply(&fixture, 11, &old, ERROR_TARGET_NEWER);
	fixture_apply(&fixture, 12, &old, ERROR_TARGET_NEWER);
	ck_assert(!fixture_drifts(&fixture, &result));
	/* And without its link from its record. */
	fixture_apply(&fixture, 13, &old, 0);
	ck_assert_int_eq(unlink(fixture_path(&fixture, "current")), 0);
	fixture_apply(&fixture, 12, &new, ERROR_TARGET_NEWER);
	fixture_close(&fixture);
}
END_TEST

#define SHUFFLED 500

/* Invariant 10 at the target: whatever the order in which workers come, what is live
 * never goes back. */
START_TEST(shuffled_generations_only_rise)
{
	struct fixture fixture;
	fixture_open(&fixture);
	random_seed_for_tests(20261121);
	uint64_t order[SHUFFLED];
	for (size_t i = 0; i < SHUFFLED; i++)
		order[i] = i + 1;
	/* Shuffled within a window, so that many of them do arrive in time. */
	for (size_t i = 0; i < SHUFFLED; i++) {
		size_t room = SHUFFLED - i < 20 ? SHUFFLED - i : 20;
		size_t j = i + (size_t)random_below(room);
		uint64_t kept = order[i];
		order[i] = order[j];
		order[j] = kept;
	}
	uint64_t highest = 0;
	size_t applied = 0;
	for (size_t i = 0; i < SHUFFLED; i++) {
		char content[32];
		snprintf(content, sizeof(content), "%" PRIu64, order[i]);
		struct manifests manifests =
			MANIFESTS(&fixture, (unsigned char)(order[i] % 251 + 1),
				  { "n", PLAIN, content });
		bool newer = order[i] > highest;
		fixture_apply(&fixture, order[i], &manifests,
			      newer ? 0 : ERROR_TARGET_NEWER);
		highest = newer ? order[i] : highest;
		applied += newer;
		snprintf(content, sizeof(content), "%" PRIu64, highest);
		ck_assert_str_eq(fixture_read(&fixture, "current/n"), content);
	}
	ck_assert_uint_ge(applied, 20);
	ck_assert_uint_le(applied, SHUFFLED - 100);
	fixture_close(&fixture);
}
END_TEST

START_TEST(keeps_as_many_as_asked_and_nothing_foreign_goes)
{
	static const char *const foreign[] = {
		"releases/backup",
		"releases/0-0101010101",
		"releases/01-0101010101",
		"releases/1-010101010",
		"releases/1-01010101011",
		"releases/1-010101010A",
		"releases/1-0101010101.txt",
		"releases/.new-backup",
		"releases/.old-1",
		"releases/list",
		"notes.txt",
	};
	struct fixture fixture;
	fixture_open(&fixture);
	ck_assert_int_eq(mkdir(fixture_path(&fixture, "releases"), 0755), 0);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		fixture_write(&fixture, foreign[i], "mine");
	ck_assert_int_eq(mkdir(fixture_path(&fixture, "releases/1-abc"), 0755), 0);
	for (unsigned int generation = 1; generation <= 12; generation++) {
		struct manifests manifests =
			MANIFESTS(&fixture, (unsigned char)generation,
				  { "n", PLAIN, generation % 2 ? "odd" : "even" });
		fixture_apply(&fixture, generation, &manifests, 0);
	}
	/* Numerically, not by name: 9 goes before 10. */
	ck_assert_ptr_nonnull(fixture_read(&fixture, "releases/12-0c0c0c0c0c/n"));
	ck_assert_ptr_nonnull(fixture_read(&fixture, "releases/11-0b0b0b0b0b/n"));
	ck_assert_ptr_nonnull(fixture_read(&fixture, "releases/10-0a0a0a0a0a/n"));
	ck_assert(!path_exists(fixture_path(&fixture, "releases/9-0909090909")));
	ck_assert(!path_exists(fixture_path(&fixture, "releases/9-0909090909.list")));
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		ck_assert_str_eq(fixture_read(&fixture, foreign[i]), "mine");
	ck_assert(path_exists(fixture_path(&fixture, "releases/1-abc")));
	ck_assert_uint_eq(fixture_count(&fixture, "releases", ""), 6 + 11);
	fixture_close(&fixture);
}
END_TEST

static int fail_always(void *data, const char *const *environment, struct error *err)
{
	size_t *runs = data;
	(*runs)++;
	ck_assert_ptr_nonnull(environment[0]);
	return error_set(err, ERROR_CHILD, "no");
}

START_TEST(failures_in_a_row_neither_fill_the_disk_nor_lose_the_healthy_one)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests good = site(&fixture, 1, "good\n");
	struct target_result healthy = fixture_apply(&fixture, 1, &good, 0);
	size_t runs = 0;
	struct target_activate activate = { fail_always, &runs };
	fixture.target.activate = &activate;
	for (unsigned int generation = 2; generation <= 9; generation++) {
		struct manifests bad =
			site(&fixture, (unsigned char)generation, "bad\n");
		fixture_apply(&fixture, generation, &bad, ERROR_CHILD);
		ck_assert(!fixture_drifts(&fixture, &healthy));
		ck_assert_uint_eq(fixture_count(&fixture, "releases", ""), 4);
	}
	/* Each was tried, and the healthy one activated again. */
	ck_assert_uint_eq(runs, 16);
	fixture.target.activate = NULL;
	struct target_result next = fixture_apply(&fixture, 10, &good, 0);
	ck_assert(!fixture_drifts(&fixture, &next));
	fixture_close(&fixture);
}
END_TEST

START_TEST(first_activation_that_fails_has_nothing_to_go_back_to)
{
	struct fixture fixture;
	fixture_open(&fixture);
	size_t runs = 0;
	struct target_activate activate = { fail_always, &runs };
	fixture.target.activate = &activate;
	struct manifests manifests = site(&fixture, 1, "bad\n");
	fixture_apply(&fixture, 1, &manifests, ERROR_CHILD);
	ck_assert_ptr_nonnull(strstr(fixture.err.text, "no earlier release"));
	ck_assert_uint_eq(runs, 1);
	ck_assert_str_eq(fixture_link(&fixture, "current"), "releases/1-0101010101");
	fixture_close(&fixture);
}
END_TEST

START_TEST(what_crashes_left_is_removed)
{
	static const char *const stale[] = { "releases/.new-3-0303030303", "releases/"
									   ".old-4-"
									   "040404040"
									   "4" };
	struct fixture fixture;
	fixture_open(&fixture);
	ck_assert_int_eq(mkdir(fixture_path(&fixture, "releases"), 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(mkdir(fixture_path(&fixture, stale[i]), 0700), 0);
		fixture_write(&fixture, arena_printf(fixture.arena, "%s/x", stale[i]),
			      "x");
	}
	fixture_write(&fixture, "releases/.new-3-0303030303.list", "x");
	fixture_write(&fixture, ".gitgate.new", "x");
	ck_assert_int_eq(symlink("x", fixture_path(&fixture, ".current.new")), 0);
	struct manifests manifests = site(&fixture, 5, "one\n");
	fixture_apply(&fixture, 5, &manifests, 0);
	ck_assert_uint_eq(fixture_count(&fixture, "releases", "."), 0);
	ck_assert_uint_eq(fixture_count(&fixture, ".", "."), 1);
	fixture_close(&fixture);
}
END_TEST

START_TEST(large_release_is_whole)
{
	struct fixture fixture;
	fixture_open(&fixture);
	size_t count = 500;
	struct file *files = arena_array(fixture.arena, count, sizeof(*files));
	for (size_t i = 0; i < count; i++)
		files[i] = (struct file){
			arena_printf(fixture.arena, "d%02zu/f%04zu", i / 10, i),
			i % 7 ? PLAIN : PROGRAM, arena_printf(fixture.arena, "%zu\n", i)
		};
	struct manifests manifests = fixture_manifests(&fixture, files, count, 0x11);
	struct target_result result = fixture_apply(&fixture, 1, &manifests, 0);
	ck_assert(!fixture_drifts(&fixture, &result));
	ck_assert_str_eq(fixture_read(&fixture, "current/d49/f0499"), "499\n");
	fixture_close(&fixture);
}
END_TEST

START_TEST(another_at_work_is_waited_for_by_the_caller)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests manifests = site(&fixture, 1, "one\n");
	FD_CLOSING int held = open(fixture.root, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(flock(held, LOCK_EX | LOCK_NB), 0);
	fixture_apply(&fixture, 1, &manifests, ERROR_BUSY);
	fd_close(&held);
	fixture_apply(&fixture, 1, &manifests, 0);
	fixture_close(&fixture);
}
END_TEST

START_TEST(damaged_record_stops_with_the_way_out)
{
	static const char *const records[] = {
		"",
		"x",
		"gitgate-directory 1\n",
		"gitgate-directory 2\ngeneration 1\n",
		"gitgate-directory 1\ngeneration 9\nrelease 8-0101010101\n",
	};
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests manifests = site(&fixture, 1, "one\n");
	fixture_apply(&fixture, 1, &manifests, 0);
	const char *good = fixture_read(&fixture, ".gitgate");
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		fixture_write(&fixture, ".gitgate", records[i]);
		fixture_apply(&fixture, 2, &manifests, ERROR_TARGET);
		ck_assert_ptr_nonnull(strstr(fixture.err.text, "remove it"));
	}
	/* Cut at any byte, or with something behind. */
	for (size_t length = 0; length < strlen(good); length++) {
		fixture_write(&fixture, ".gitgate",
			      arena_copy(fixture.arena, good, length));
		fixture_apply(&fixture, 2, &manifests, ERROR_TARGET);
	}
	fixture_write(&fixture, ".gitgate", arena_printf(fixture.arena, "%sx", good));
	fixture_apply(&fixture, 2, &manifests, ERROR_TARGET);
	fixture_write(&fixture, ".gitgate", good);
	fixture_apply(&fixture, 2, &manifests, 0);
	fixture_close(&fixture);
}
END_TEST

START_TEST(unusable_roots_say_why)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests manifests = site(&fixture, 1, "one\n");
	const char *real = fixture.target.path;
	fixture.target.path = arena_printf(fixture.arena, "%s/none", fixture.outside);
	fixture_apply(&fixture, 1, &manifests, ERROR_NOT_FOUND);
	fixture.target.path = arena_printf(fixture.arena, "%s/link", fixture.outside);
	ck_assert_int_eq(symlink(real, fixture.target.path), 0);
	fixture_apply(&fixture, 1, &manifests, ERROR_UNSAFE_PATH);
	fixture.target.path = arena_printf(fixture.arena, "%s/link/", fixture.outside);
	fixture_apply(&fixture, 1, &manifests, ERROR_UNSAFE_PATH);
	fixture.target.path = "site";
	fixture_apply(&fixture, 1, &manifests, ERROR_CONFIG);
	fixture.target.path = NULL;
	fixture_apply(&fixture, 1, &manifests, ERROR_CONFIG);
	fixture.target.path = real;
	if (getuid() != 0) {
		ck_assert_int_eq(chmod(real, 0555), 0);
		fixture_apply(&fixture, 1, &manifests, ERROR_PERMISSION);
		ck_assert_int_eq(chmod(real, 0755), 0);
	}
	fixture.target.kind = "teapot";
	fixture_apply(&fixture, 1, &manifests, ERROR_UNSUPPORTED);
	fixture_close(&fixture);
}
END_TEST

START_TEST(null_target_keeps_nothing)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct digest before = fixture_digest(fixture.outside);
	fixture.target.kind = "null";
	struct manifests manifests = site(&fixture, 1, "one\n");
	struct target_result result = fixture_apply(&fixture, 4, &manifests, 0);
	ck_assert_str_eq(result.release, "4-0101010101");
	ck_assert_uint_eq(result.generation, 4);
	ck_assert(!fixture_drifts(&fixture, &result));
	struct digest after = fixture_digest(fixture.outside);
	ck_assert(digest_equal(&before, &after));
	fixture_close(&fixture);
}
END_TEST

UNIT_MAIN("target", deploys_exactly_what_was_given,
	  list_of_files_is_what_sha256sum_says, paths_decide_the_names,
	  nothing_to_deploy_is_refused, plan_counts_and_changes_nothing,
	  same_generation_twice_is_one_effect, same_generation_mends_what_was_edited,
	  old_never_overwrites_new, shuffled_generations_only_rise,
	  keeps_as_many_as_asked_and_nothing_foreign_goes,
	  failures_in_a_row_neither_fill_the_disk_nor_lose_the_healthy_one,
	  first_activation_that_fails_has_nothing_to_go_back_to,
	  what_crashes_left_is_removed, large_release_is_whole,
	  another_at_work_is_waited_for_by_the_caller,
	  damaged_record_stops_with_the_way_out, unusable_roots_say_why,
	  null_target_keeps_nothing)
