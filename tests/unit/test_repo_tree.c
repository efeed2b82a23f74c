/* tests/unit/test_repo_tree.c - trees are read as git reads them, differences are those
 * of "git diff-tree", malformed trees are refused each with its own code. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "repo/repo.h"
#include "scratch.h"
#include "tampering.h"

static struct repo *open_with(const struct scratch *scratch,
			      const struct limits *limits)
{
	struct repo *repo;
	struct error err = ERROR_INIT;
	struct repo_options options = { .limits = limits };
	ck_assert_msg(repo_open(&repo, scratch->directory, &options, &err) == 0, "%s",
		      err.text);
	return repo;
}

/* As "git diff-tree -r --no-renames --no-abbrev" prints. */
static int print_change(void *data, const char *path, uint32_t old_mode,
			const struct oid *old_id, uint32_t new_mode,
			const struct oid *new_id)
{
	static const char zeros[] = "0000000000000000000000000000000000000000";
	struct buf *out = data;
	char letter = 'M';
	if (old_mode == 0 || new_mode == 0)
		letter = old_mode == 0 ? 'A' : 'D';
	else if ((old_mode & 0170000) != (new_mode & 0170000))
		letter = 'T';
	buf_addf(out, ":%06o %06o %s %s %c\t%s\n", old_mode, new_mode,
		 old_mode == 0 ? zeros : oid_text(old_id),
		 new_mode == 0 ? zeros : oid_text(new_id), letter, path);
	return 0;
}

static void assert_same_diff(struct scratch *scratch, struct repo *repo,
			     const char *old_revision, const char *new_revision)
{
	struct buf ours = BUF_INIT(64 << 20);
	struct error err = ERROR_INIT;
	struct oid old_tree = scratch_id(scratch, old_revision);
	struct oid new_tree = scratch_id(scratch, new_revision);
	ck_assert_msg(repo_tree_diff(repo, &old_tree, &new_tree, print_change, &ours,
				     &err) == 0,
		      "%s", err.text);
	char *theirs =
		RUN(scratch, "git", "-c", "core.quotePath=false", "diff-tree", "-r",
		    "--no-renames", "--no-abbrev", old_revision, new_revision);
	if (ours.length != 0)
		buf_truncate(&ours, ours.length - 1);
	ck_assert_str_eq(ours.data, theirs);
	free(theirs);
	buf_release(&ours);
}

/* Trees that differ in content, mode, type, and names that sort around the slash. */
static void generate(struct scratch *scratch, unsigned int seed)
{
	static const char *const directories[] = { "a",   "a/b", "a-b",
						   "a.b", "ab",  "z/y/x" };
	static const char *const names[] = { "a",  "b",   "b.c", "b-c",
					     "bc", "b0c", "q",   "x" };
	static char script[65536];
	size_t at = 0;
	unsigned int state = seed * 2654435761U + 7;
	at += (size_t)snprintf(script, sizeof(script),
			       "git rm -rfq --ignore-unmatch .; rm -rf a a-b a.b ab z "
			       "b*; set -e\n");
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 8; j++) {
			state = state * 1103515245U + 12345U;
			unsigned int what = state >> 28;
			if (what < 6)
				continue;
			at += (size_t)snprintf(
				script + at, sizeof(script) - at,
				"[ -d %s ] || rm -f %s; mkdir -p %s; [ -d %s/%s ] || { "
				"%s %u %s %s/%s; %s; }\n",
				directories[i], directories[i], directories[i],
				directories[i], names[j], what == 6 ? "ln -sf" : "echo",
				state >> 20 & 3, what == 6 ? "" : ">", directories[i],
				names[j], what == 7 ? "chmod +x *" : "true");
		}
	at += (size_t)snprintf(script + at, sizeof(script) - at,
			       "git add -A .; git commit -q --allow-empty -m s%u; git "
			       "tag s%u\n",
			       seed, seed);
	DO(scratch, "bash", "-c", script);
}

START_TEST(differences_are_git_s)
{
	struct scratch scratch;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	for (unsigned int seed = 1; seed <= 8; seed++)
		generate(&scratch, seed);
	struct repo *repo = open_with(&scratch, NULL);
	for (int i = 1; i <= 8; i++)
		for (int j = 1; j <= 8; j += 3) {
			char old_revision[32];
			char new_revision[32];
			snprintf(old_revision, sizeof(old_revision), "s%d^{tree}", i);
			snprintf(new_revision, sizeof(new_revision), "s%d^{tree}", j);
			assert_same_diff(&scratch, repo, old_revision, new_revision);
		}
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(a_file_becomes_a_directory_and_back)
{
	struct scratch scratch;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	DO(&scratch, "sh", "-c",
	   "echo 1 >a; echo 2 >a.b; git add .; git commit -qm1; git tag s1; rm a; "
	   "mkdir "
	   "a; echo 1 >a/x; git add .; git commit -qm2; git tag s2");
	struct repo *repo = open_with(&scratch, NULL);
	assert_same_diff(&scratch, repo, "s1^{tree}", "s2^{tree}");
	assert_same_diff(&scratch, repo, "s2^{tree}", "s1^{tree}");
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

static int print_file(void *data, const char *path, uint32_t mode, const struct oid *id)
{
	buf_addf(data, "%06o blob %s\t%s\n", mode, oid_text(id), path);
	return 0;
}

START_TEST(a_walk_visits_what_ls_tree_lists)
{
	struct scratch scratch;
	struct buf ours = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	generate(&scratch, 3);
	struct repo *repo = open_with(&scratch, NULL);
	struct oid tree = scratch_id(&scratch, "s3^{tree}");
	ck_assert_msg(repo_tree_walk(repo, &tree, NULL, print_file, &ours, &err) == 0,
		      "%s", err.text);
	char *theirs = RUN(&scratch, "git", "ls-tree", "-r", "s3");
	buf_truncate(&ours, ours.length - 1);
	ck_assert_str_eq(ours.data, theirs);
	free(theirs);
	buf_reset(&ours);
	ck_assert_int_eq(
		repo_tree_walk(repo, &tree, "pre/fix", print_file, &ours, NULL), 0);
	ck_assert_ptr_nonnull(strstr(ours.data, "\tpre/fix/a"));
	buf_release(&ours);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(paths_are_found)
{
	static const struct {
		const char *path;
		int code;
		uint32_t mode;
	} cases[] = {
		{ "", 0, 0040000 },
		{ "a", 0, 0040000 },
		{ "a/x", 0, 0100644 },
		{ "a.b", 0, 0100644 },
		{ "b", ERROR_NOT_FOUND, 0 },
		{ "a/", ERROR_NOT_FOUND, 0 },
		{ "/a", ERROR_NOT_FOUND, 0 },
		{ "a//x", ERROR_NOT_FOUND, 0 },
		{ "a.b/x", ERROR_NOT_FOUND, 0 },
		{ "a/x/", ERROR_NOT_FOUND, 0 },
	};
	struct scratch scratch;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	DO(&scratch, "sh", "-c",
	   "mkdir a; echo 1 >a/x; echo 2 >a.b; git add .; git commit -qm1");
	struct repo *repo = open_with(&scratch, NULL);
	struct oid tree = scratch_id(&scratch, "HEAD^{tree}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tree_entry entry;
		int rc = repo_tree_find(repo, &tree, cases[i].path, &entry, NULL);
		ck_assert_msg(rc == cases[i].code, "'%s': %s", cases[i].path,
			      error_name(rc));
		if (rc == 0)
			ck_assert_uint_eq(entry.mode, cases[i].mode);
	}
	struct arena *arena = arena_new(1 << 16);
	struct tree_entry *entries;
	size_t count;
	ck_assert_int_eq(repo_tree(repo, arena, &tree, &entries, &count, NULL), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(entries[0].name, "a.b");
	ck_assert_str_eq(entries[1].name, "a");
	arena_free(arena);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

#define ID          "0123456789abcdefghij"
#define NULL_ID     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define BYTES(text) text, sizeof(text) - 1
#define TREE(text)                                                                     \
	{                                                                              \
		BYTES(text)                                                            \
	}
#define ONE TREE("100644 a\0" ID)

struct bytes {
	const char *bytes;
	size_t length;
};

/* Read whole, and as far as "a". */
static int code_of_tree(struct scratch *scratch, const struct bytes *bytes)
{
	struct arena *arena = arena_new(1 << 16);
	struct tree_entry *entries;
	struct tree_entry entry;
	size_t count;
	struct oid id = scratch_object(scratch, "tree", bytes->bytes, bytes->length);
	struct repo *repo = open_with(scratch, NULL);
	int code = repo_tree(repo, arena, &id, &entries, &count, NULL);
	int found = repo_tree_find(repo, &id, "a", &entry, NULL);
	ck_assert_msg(found == code || (found == ERROR_NOT_FOUND && code == 0),
		      "find gives %s", error_name(found));
	repo_close(repo);
	arena_free(arena);
	return code;
}

START_TEST(malformed_trees_are_refused_each_with_its_code)
{
	static const struct {
		const char *name;
		int code;
		bool variant; /* of a row above with the same code */
		struct bytes twin;
		struct bytes tree;
	} cases[] = {
		{ "mode cut", ERROR_TREE_TRUNCATED, false, ONE, TREE("10064") },
		{ "name cut", ERROR_TREE_TRUNCATED, true, ONE, TREE("100644 a") },
		{ "id cut", ERROR_TREE_TRUNCATED, true, ONE,
		  TREE("100644 a\0"
		       "0123456789") },
		{ "mode of no object", ERROR_TREE_MODE, false, ONE,
		  TREE("100600 a\0" ID) },
		{ "mode of a device", ERROR_TREE_MODE, true, ONE,
		  TREE("20644 a\0" ID) },
		{ "mode without digits", ERROR_TREE_MODE, true, ONE, TREE(" a\0" ID) },
		{ "mode of an old git", ERROR_TREE_MODE, true, ONE,
		  TREE("100664 a\0" ID) },
		{ "mode too long", ERROR_TREE_MODE, true, ONE,
		  TREE("100000000644 a\0" ID) },
		{ "mode padded", ERROR_TREE_MODE_PADDED, false, TREE("40000 a\0" ID),
		  TREE("040000 a\0" ID) },
		{ "no name", ERROR_TREE_NAME_EMPTY, false, ONE, TREE("100644 \0" ID) },
		{ "slash in a name", ERROR_TREE_NAME_SLASH, false,
		  TREE("100644 a.b\0" ID), TREE("100644 a/b\0" ID) },
		{ "name twice", ERROR_TREE_DUPLICATE, false,
		  TREE("100644 a\0" ID "100644 b\0" ID),
		  TREE("100644 a\0" ID "100644 a\0" ID) },
		{ "file and directory", ERROR_TREE_DUPLICATE, true,
		  TREE("100644 a\0" ID "100644 a-b\0" ID "100644 a.b\0" ID "40000 "
		       "b\0" ID),
		  TREE("100644 a\0" ID "100644 a-b\0" ID "100644 a.b\0" ID "40000 "
		       "a\0" ID) },
		{ "unsorted", ERROR_TREE_UNSORTED, false,
		  TREE("100644 a\0" ID "100644 b\0" ID),
		  TREE("100644 b\0" ID "100644 a\0" ID) },
		{ "directory sorted as a file", ERROR_TREE_UNSORTED, true,
		  TREE("100644 a.b\0" ID "40000 a\0" ID),
		  TREE("40000 a\0" ID "100644 a.b\0" ID) },
		{ "null id", ERROR_TREE_NULL_ID, false, ONE,
		  TREE("100644 a\0" NULL_ID) },
	};
	static const struct {
		const char *name;
		struct bytes tree;
	} genuine[] = {
		{ "empty", TREE("") },
		{ "a file and a directory", TREE("100644 a\0" ID "40000 b\0" ID) },
		{ "names around the slash",
		  TREE("100644 a\0" ID "100644 a.b\0" ID "40000 a0\0" ID) },
	};
	struct scratch scratch;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tampering_begin("tree", cases[i].name);
		tampering_twin(code_of_tree(&scratch, &cases[i].twin));
		tampering_refused(code_of_tree(&scratch, &cases[i].tree), cases[i].code,
				  cases[i].variant);
	}
	for (size_t i = 0; i < sizeof(genuine) / sizeof(genuine[0]); i++)
		tampering_genuine("tree", genuine[i].name,
				  code_of_tree(&scratch, &genuine[i].tree));
	scratch_close(&scratch);
}
END_TEST

static int count_change(void *data, const char *path, uint32_t old_mode,
			const struct oid *old_id, uint32_t new_mode,
			const struct oid *new_id)
{
	(void)path;
	(void)old_mode;
	(void)old_id;
	(void)new_mode;
	(void)new_id;
	++*(size_t *)data;
	return 0;
}

/* History may hold modes of old gits; a change that removes them is let through. */
START_TEST(the_old_side_may_be_old)
{
	struct scratch scratch;
	size_t count = 0;
	struct error err = ERROR_INIT;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	struct oid old_tree = scratch_object(&scratch, "tree",
					     BYTES("100664 a\0" ID "0120000 b\0" ID));
	struct oid new_tree = scratch_object(&scratch, "tree",
					     BYTES("100644 a\0" ID "120000 b\0" ID));
	struct repo *repo = open_with(&scratch, NULL);
	ck_assert_msg(repo_tree_diff(repo, &old_tree, &new_tree, count_change, &count,
				     &err) == 0,
		      "%s", err.text);
	ck_assert_uint_eq(count, 1); /* 0100664 to 0100644 */
	ck_assert_int_eq(
		repo_tree_diff(repo, &new_tree, &old_tree, count_change, &count, NULL),
		ERROR_TREE_MODE);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(limits_are_named)
{
	struct scratch scratch;
	size_t count = 0;
	const struct oid none = OID_INIT;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	DO(&scratch, "sh", "-c",
	   "mkdir -p d/e/f; for i in 1 2 3 4 5; do echo $i >d/e/f/file$i; done; git "
	   "add "
	   ".; git commit -qm1");
	struct oid tree = scratch_id(&scratch, "HEAD^{tree}");
	static const struct {
		enum limit limit;
		uint64_t value;
		const char *name;
	} cases[] = { { LIMIT_GIT_TREE_DEPTH, 3, "git.tree_depth" },
		      { LIMIT_GIT_PATH_BYTES, 10, "git.path_bytes" },
		      { LIMIT_GIT_CHANGED_FILES, 4, "git.changed_files" } };
	for (size_t i = 0; i < 3; i++) {
		struct limits limits = limits_default;
		struct error err = ERROR_INIT;
		limits.values[cases[i].limit] = cases[i].value;
		struct repo *repo = open_with(&scratch, &limits);
		ck_assert_int_eq(
			repo_tree_diff(repo, &none, &tree, count_change, &count, &err),
			ERROR_LIMIT);
		ck_assert_msg(strstr(err.text, cases[i].name) != NULL, "%s", err.text);
		limits.values[cases[i].limit]++;
		repo_close(repo);
		limits = limits_default;
		repo = open_with(&scratch, &limits);
		ck_assert_int_eq(
			repo_tree_diff(repo, &none, &tree, count_change, &count, NULL),
			0);
		repo_close(repo);
	}
	scratch_close(&scratch);
}
END_TEST

/* A figure for people: one file of 10,000. */
START_TEST(one_file_of_many_is_found_at_once)
{
	struct scratch scratch;
	size_t count = 0;
	struct error err = ERROR_INIT;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	DO(&scratch, "bash", "-c",
	   "{ echo 'blob\nmark :1\ndata 1\nx'; echo 'commit refs/heads/main\ncommitter "
	   "a "
	   "<a> 1700000000 +0000\ndata 1\nx'; for d in {0..99}; do for f in {0..99}; "
	   "do "
	   "echo \"M 644 :1 d$d/f$f\"; done; done; echo; echo 'commit "
	   "refs/heads/main\ncommitter a <a> 1700000001 +0000\ndata 1\ny\nM 755 :1 "
	   "d50/f50\n'; } | git fast-import --quiet");
	struct oid old_tree = scratch_id(&scratch, "main^^{tree}");
	struct oid new_tree = scratch_id(&scratch, "main^{tree}");
	struct repo *repo = open_with(&scratch, NULL);
	int64_t start = clock_monotonic();
	ck_assert_msg(repo_tree_diff(repo, &old_tree, &new_tree, count_change, &count,
				     &err) == 0,
		      "%s", err.text);
	printf("# one file of 10,000: %lld us\n",
	       (long long)(clock_monotonic() - start));
	ck_assert_uint_eq(count, 1);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("repo/tree", differences_are_git_s, a_file_becomes_a_directory_and_back,
	  a_walk_visits_what_ls_tree_lists, paths_are_found,
	  malformed_trees_are_refused_each_with_its_code, the_old_side_may_be_old,
	  limits_are_named, one_file_of_many_is_found_at_once)
