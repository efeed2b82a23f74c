/* tests/unit/test_target_paths.c - P1 for the directory target: no name, link or
 * planted file makes an apply touch anything outside of its release. */
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "test_target_fixture.h"

#define LONG_NAME                                                                      \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaa"                                                                         \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaa"                                                                         \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaa"                                                                         \
	"aaaaaaaaaaaaaaaa"

struct tree {
	int expected;
	struct file files[3];
};

#define NAME(path)                                                                     \
	{                                                                              \
		ERROR_UNSAFE_PATH,                                                     \
		{                                                                      \
			{                                                              \
				path, PLAIN, "evil"                                    \
			}                                                              \
		}                                                                      \
	}
#define LEADS(path, to)                                                                \
	{                                                                              \
		ERROR_UNSAFE_PATH,                                                     \
		{                                                                      \
			{                                                              \
				path, LINK, to                                         \
			}                                                              \
		}                                                                      \
	}
#define MODE(mode)                                                                     \
	{                                                                              \
		ERROR_MANIFESTS,                                                       \
		{                                                                      \
			{                                                              \
				"a", mode, "x"                                         \
			}                                                              \
		}                                                                      \
	}

static const struct tree hostile[] = {
	/* out of the release */
	NAME("../evil"),
	NAME("../../evil"),
	NAME("a/../../evil"),
	NAME("a/../evil"),
	NAME(".."),
	NAME("."),
	NAME("./evil"),
	NAME("a/./evil"),
	NAME("a/.."),
	NAME("/evil"),
	NAME("/etc/passwd"),
	NAME("//evil"),
	NAME("a//evil"),
	NAME("a/"),
	NAME("/"),
	NAME(""),
	/* read as a separator or a root elsewhere */
	NAME("..\\evil"),
	NAME("a\\..\\evil"),
	NAME("\\\\host\\share"),
	/* control bytes, which also would forge lines of the list */
	NAME("a\nb"),
	NAME("a\n100644 0 x ../evil"),
	NAME("a\rb"),
	NAME("a\tb"),
	NAME("a\033[2Jb"),
	NAME("a\177b"),
	NAME("\001"),
	/* not UTF-8 */
	NAME("\xff\xfe"),
	NAME("a\xc0\xae\xc0\xae/evil"),
	NAME("\xed\xa0\x80"),
	/* looks like .git */
	NAME(".git"),
	NAME(".git/hooks/post-checkout"),
	NAME("a/.git/config"),
	NAME(".GIT/config"),
	NAME(".gIt"),
	NAME("git~1"),
	NAME("GIT~1/config"),
	NAME(".git./config"),
	NAME(".git /config"),
	NAME(".git::$INDEX_ALLOCATION/config"),
	NAME(".g\xe2\x80\x8cit/config"),
	/* too long */
	NAME(LONG_NAME),
	/* links that leave */
	LEADS("l", "/etc/passwd"),
	LEADS("l", "/"),
	LEADS("l", ".."),
	LEADS("l", "../x"),
	LEADS("l", "../../.gitgate"),
	LEADS("l", "./../x"),
	LEADS("l", ".//../x"),
	LEADS("d/l", "../../x"),
	LEADS("d/l", ".././../x"),
	LEADS("d/l", "../.."),
	LEADS("l", "a/../../x"),
	/* harmless by its words, but "d" may be a link to "." */
	LEADS("l", "d/../x"),
	LEADS("l", "d/.."),
	LEADS("l", ""),
	/* written through a link or a file */
	{ ERROR_UNSAFE_PATH, { { "a", LINK, "b" }, { "a/x", PLAIN, "evil" } } },
	{ ERROR_UNSAFE_PATH, { { "a", PLAIN, "b" }, { "a/x", PLAIN, "evil" } } },
	{ ERROR_UNSAFE_PATH,
	  { { "a", LINK, "b" }, { "a-b", PLAIN, "" }, { "a/x", PLAIN, "evil" } } },
	{ ERROR_UNSAFE_PATH,
	  { { "a/b", LINK, "c" }, { "a/b.c", PLAIN, "" }, { "a/b/x", PLAIN, "e" } } },
	/* twice, or out of order */
	{ ERROR_MANIFESTS, { { "a", LINK, "b" }, { "a", PLAIN, "evil" } } },
	{ ERROR_MANIFESTS, { { "b", PLAIN, "" }, { "a", PLAIN, "" } } },
	{ ERROR_MANIFESTS, { { "a/x", PLAIN, "evil" }, { "a", LINK, "/" } } },
	/* modes */
	MODE(0104755),
	MODE(0102755),
	MODE(0101644),
	MODE(0100777),
	MODE(0100666),
	MODE(0100000),
	MODE(0040000),
	MODE(0160000),
	MODE(0010644),
	MODE(0060644),
	MODE(0140644),
	MODE(0),
};

static size_t count_files(const struct tree *tree)
{
	size_t count = 0;
	while (count < 3 && tree->files[count].path != NULL)
		count++;
	return count;
}

START_TEST(hostile_trees_are_refused_and_nothing_is_touched)
{
	struct fixture fixture;
	fixture_open(&fixture);
	struct manifests good = MANIFESTS(&fixture, 1, { "x", PLAIN, "good\n" });
	fixture_apply(&fixture, 1, &good, 0);
	struct digest before = fixture_digest(fixture.outside);
	ck_assert_uint_ge(sizeof(hostile) / sizeof(hostile[0]), 40);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct manifests manifests = fixture_manifests(
			&fixture, hostile[i].files, count_files(&hostile[i]), 2);
		struct target_result result;
		error_clear(&fixture.err);
		int code = target_apply(&fixture.target, 2, &manifests, fixture.arena,
					&result, &fixture.err);
		ck_assert_msg(code == hostile[i].expected, "row %zu, '%s': %s: %s", i,
			      hostile[i].files[0].path, error_name(code),
			      fixture.err.text);
		for (const char *at = fixture.err.text; *at != '\0'; at++)
			ck_assert_int_ge((unsigned char)*at, 0x20);
		ck_assert_int_eq(target_plan(&fixture.target, 2, &manifests,
					     fixture.arena, &result, NULL),
				 hostile[i].expected);
		struct digest after = fixture_digest(fixture.outside);
		ck_assert_msg(digest_equal(&before, &after), "row %zu wrote", i);
	}
	fixture_close(&fixture);
}
END_TEST

/* The genuine twins: near to the rows above, and deployed as they are. */
START_TEST(harmless_trees_are_deployed)
{
	static const struct tree trees[] = {
		{ 0, { { "..a", PLAIN, "" }, { "a..", PLAIN, "" } } },
		{ 0, { { "...", PLAIN, "" }, { "a b", PLAIN, "" } } },
		{ 0, { { ".github/x", PLAIN, "" }, { ".gitignore", PLAIN, "" } } },
		{ 0, { { "-rf", PLAIN, "" }, { "~", PLAIN, "" } } },
		{ 0, { { "\xc3\xa9\xe2\x82\xac", PLAIN, "" } } },
		{ 0, { { "$(id)", PLAIN, "" }, { "%s%n", PLAIN, "" } } },
		{ 0,
		  { { "a", PLAIN, "" }, { "a-b", PLAIN, "" }, { "a.b", LINK, "a" } } },
		{ 0, { { "a", LINK, "nowhere" } } },
		{ 0, { { "a", LINK, "." } } },
		{ 0, { { "a/b/l", LINK, "../../x" } } },
		{ 0, { { "a/b/l", LINK, "../.." } } },
		{ 0, { { "l", LINK, "..a/b" } } },
		{ 0, { { ".gitgate", PLAIN, "not the record" } } },
	};
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		struct fixture fixture;
		fixture_open(&fixture);
		struct manifests manifests = fixture_manifests(
			&fixture, trees[i].files, count_files(&trees[i]), 1);
		struct target_result result = fixture_apply(&fixture, 1, &manifests, 0);
		ck_assert(!fixture_drifts(&fixture, &result));
		fixture_close(&fixture);
	}
}
END_TEST

START_TEST(links_with_nul_and_too_long_ones_are_refused)
{
	struct fixture fixture;
	fixture_open(&fixture);
	static unsigned char bytes[5000];
	memset(bytes, 'a', sizeof(bytes));
	struct manifests manifests = MANIFESTS(&fixture, 1, { "l", LINK, "" });
	manifests.entries[0].data = bytes;
	manifests.entries[0].size = 4096;
	fixture_apply(&fixture, 1, &manifests, ERROR_UNSAFE_PATH);
	manifests.entries[0].size = 5;
	bytes[1] = '\0';
	fixture_apply(&fixture, 1, &manifests, ERROR_UNSAFE_PATH);
	bytes[1] = 'a';
	fixture_apply(&fixture, 1, &manifests, 0);
	fixture_close(&fixture);
}
END_TEST

START_TEST(depth_is_limited)
{
	struct fixture fixture;
	fixture_open(&fixture);
	char path[600] = "";
	for (size_t i = 0; i < 129; i++)
		memcpy(path + 2 * i, "d/", 2);
	memcpy(path + 2 * 129, "f", 2);
	struct manifests manifests = MANIFESTS(&fixture, 1, { path, PLAIN, "x" });
	fixture_apply(&fixture, 1, &manifests, ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(fixture.err.text, "target.depth"));
	manifests.entries[0].path = path + 2;
	struct target_result result = fixture_apply(&fixture, 1, &manifests, 0);
	ck_assert(!fixture_drifts(&fixture, &result));
	fixture_close(&fixture);
}
END_TEST

/* --- what somebody who may write to the root could plant --- */

struct planted {
	struct fixture fixture;
	const char *victim; /* a directory outside, with a file "x" */
	struct digest before;
};

static void planted_open(struct planted *planted)
{
	struct fixture *fixture = &planted->fixture;
	fixture_open(fixture);
	planted->victim = arena_printf(fixture->arena, "%s/victim", fixture->outside);
	ck_assert_int_eq(mkdir(planted->victim, 0755), 0);
	fixture_write(fixture, "../victim/x", "precious\n");
	planted->before = fixture_digest(planted->victim);
	struct manifests first = MANIFESTS(fixture, 1, { "x", PLAIN, "one\n" });
	fixture_apply(fixture, 1, &first, 0);
}

static void planted_close(struct planted *planted)
{
	struct digest after = fixture_digest(planted->victim);
	ck_assert(digest_equal(&planted->before, &after));
	fixture_close(&planted->fixture);
}

static void plant_link(struct planted *planted, const char *name, const char *to)
{
	unlink(fixture_path(&planted->fixture, name));
	const char *moved = arena_printf(planted->fixture.arena, "%s/moved",
					 planted->fixture.outside);
	rename(fixture_path(&planted->fixture, name), moved);
	ck_assert_int_eq(symlink(to, fixture_path(&planted->fixture, name)), 0);
}

static void apply_second(struct planted *planted, int expected)
{
	struct manifests second =
		MANIFESTS(&planted->fixture, 2, { "x", PLAIN, "two\n" });
	fixture_apply(&planted->fixture, 2, &second, expected);
}

START_TEST(planted_links_are_never_followed)
{
	/* Refused, as they are no names that we may replace; or replaced themselves. */
	static const struct {
		const char *name;
		const char *to;
		int expected;
	} cases[] = {
		{ "releases", "../victim", ERROR_UNSAFE_PATH },
		{ ".gitgate", "../victim/x", ERROR_UNSAFE_PATH },
		{ ".gitgate.new", "../victim/x", 0 },
		{ ".current.new", "../victim", 0 },
		{ "current", "../victim", 0 },
		{ "current", "/", 0 },
		{ "current", "releases/../../victim", 0 },
		{ "releases/2-0202020202", "../../victim", 0 },
		{ "releases/2-0202020202.list", "../../victim/x", 0 },
		{ "releases/.new-2-0202020202", "../../victim", 0 },
		{ "releases/.old-2-0202020202", "../../victim", 0 },
		{ "releases/.new-2-0202020202.list", "../../victim/x", 0 },
		{ "releases/1-0101010101", "../../victim", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct planted planted;
		planted_open(&planted);
		plant_link(&planted, cases[i].name, cases[i].to);
		apply_second(&planted, cases[i].expected);
		if (cases[i].expected == 0)
			ck_assert_str_eq(fixture_read(&planted.fixture, "current/x"),
					 "two\n");
		planted_close(&planted);
	}
}
END_TEST

START_TEST(what_is_not_ours_in_place_of_current_is_refused)
{
	struct planted planted;
	planted_open(&planted);
	const char *current = fixture_path(&planted.fixture, "current");
	ck_assert_int_eq(unlink(current), 0);
	ck_assert_int_eq(mkdir(current, 0755), 0);
	fixture_write(&planted.fixture, "current/mine", "mine\n");
	apply_second(&planted, ERROR_TARGET);
	ck_assert_str_eq(fixture_read(&planted.fixture, "current/mine"), "mine\n");
	ck_assert_ptr_nonnull(strstr(planted.fixture.err.text, "move it away"));
	ck_assert_int_eq(unlink(fixture_path(&planted.fixture, "current/mine")), 0);
	ck_assert_int_eq(rmdir(current), 0);
	fixture_write(&planted.fixture, "current", "mine\n");
	apply_second(&planted, ERROR_TARGET);
	ck_assert_str_eq(fixture_read(&planted.fixture, "current"), "mine\n");
	ck_assert_int_eq(unlink(current), 0);
	apply_second(&planted, 0);
	planted_close(&planted);
}
END_TEST

START_TEST(pipes_do_not_stop_it)
{
	static const char *const names[] = { ".gitgate", "releases/1-0101010101.list",
					     "releases/1-0101010101/x" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct planted planted;
		planted_open(&planted);
		struct target_result live = { .release = "1-0101010101",
					      .generation = 1 };
		const char *list = fixture_read(&planted.fixture, "releases/"
								  "1-0101010101.list");
		digest_of(list, strlen(list), &live.listing);
		const char *name = fixture_path(&planted.fixture, names[i]);
		ck_assert_int_eq(unlink(name), 0);
		ck_assert_int_eq(mkfifo(name, 0644), 0);
		apply_second(&planted, i == 0 ? ERROR_UNSAFE_PATH : 0);
		if (i != 0)
			ck_assert(fixture_drifts(&planted.fixture, &live));
		planted_close(&planted);
	}
}
END_TEST

START_TEST(release_swapped_for_a_link_is_drift)
{
	struct planted planted;
	planted_open(&planted);
	struct manifests second =
		MANIFESTS(&planted.fixture, 2, { "d/x", PLAIN, "precious\n" });
	struct target_result result = fixture_apply(&planted.fixture, 2, &second, 0);
	/* The same content, but elsewhere. */
	ck_assert_int_eq(unlink(fixture_path(&planted.fixture, "current/d/x")), 0);
	ck_assert_int_eq(rmdir(fixture_path(&planted.fixture, "current/d")), 0);
	ck_assert_int_eq(symlink(planted.victim, fixture_path(&planted.fixture, "curren"
										"t/d")),
			 0);
	ck_assert_str_eq(fixture_read(&planted.fixture, "current/d/x"), "precious\n");
	ck_assert(fixture_drifts(&planted.fixture, &result));
	fixture_apply(&planted.fixture, 2, &second, 0);
	ck_assert(!fixture_drifts(&planted.fixture, &result));
	planted_close(&planted);
}
END_TEST

UNIT_MAIN("target paths", hostile_trees_are_refused_and_nothing_is_touched,
	  harmless_trees_are_deployed, links_with_nul_and_too_long_ones_are_refused,
	  depth_is_limited, planted_links_are_never_followed,
	  what_is_not_ours_in_place_of_current_is_refused, pipes_do_not_stop_it,
	  release_swapped_for_a_link_is_drift)
