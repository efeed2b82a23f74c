/* tests/unit/test_repo_range.c - the commits of a range are those of "git rev-list",
 * wherever a commit may hide; what would change the history is refused. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/map.h"
#include "repo/repo.h"
#include "scratch.h"

#define IDS_MAX 64

struct seen {
	struct oid ids[4096];
	size_t count;
	size_t malformed;
	struct map places; /* id -> index + 1: children come before parents */
	bool order_broken;
};

static int see(void *data, const struct oid *id, const struct commit_text *text,
	       const struct object *object, const struct error *problem)
{
	struct seen *seen = data;
	(void)object;
	ck_assert_uint_lt(seen->count, 4096);
	ck_assert((text == NULL) == (problem != NULL));
	ck_assert(!map_has(&seen->places, (const char *)id->bytes, id->length));
	seen->ids[seen->count] = *id;
	const struct oid *kept = &seen->ids[seen->count++];
	map_put(&seen->places, (const char *)kept->bytes, kept->length, seen);
	seen->malformed += text == NULL;
	for (size_t i = 0; text != NULL && i < text->parent_count; i++)
		if (map_has(&seen->places, (const char *)text->parents[i].bytes,
			    text->parents[i].length))
			seen->order_broken = true;
	return 0;
}

static struct repo *open_repo(const struct scratch *scratch)
{
	struct repo *repo;
	struct error err = ERROR_INIT;
	ck_assert_msg(repo_open(&repo, scratch->directory, NULL, &err) == 0, "%s",
		      err.text);
	return repo;
}

/* Revisions, blank-separated; with '^' in front: hidden. */
static int range_of(struct scratch *scratch, const char *revisions, struct seen *seen,
		    size_t maximum, struct error *err)
{
	struct oid tips[IDS_MAX];
	struct oid hidden[IDS_MAX];
	struct range range = { .tips = tips, .hidden = hidden, .maximum = maximum };
	char command[1024];
	snprintf(command, sizeof(command), "git rev-parse %s", revisions);
	char *output = RUN(scratch, "sh", "-c", command);
	char *rest = output;
	char *word;
	while ((word = strsep(&rest, "\n")) != NULL) {
		struct oid *id = *word == '^' ? &hidden[range.hidden_count++]
					      : &tips[range.tip_count++];
		word += *word == '^';
		ck_assert_int_eq(oid_parse(word, strlen(word), id), 0);
	}
	free(output);
	struct repo *repo = open_repo(scratch);
	int rc = repo_range(repo, &range, see, seen, err);
	repo_close(repo);
	return rc;
}

static int compare_ids(const void *a, const void *b)
{
	return oid_compare(a, b);
}

static size_t rev_list(struct scratch *scratch, const char *revisions,
		       struct oid ids[4096])
{
	char command[4096];
	size_t count = 0;
	snprintf(command, sizeof(command), "git --no-replace-objects rev-list %s --",
		 revisions);
	char *output = RUN(scratch, "sh", "-c", command);
	for (const char *at = output; *at != '\0'; count++) {
		size_t length = strcspn(at, "\n");
		ck_assert_int_eq(oid_parse(at, length, &ids[count]), 0);
		at += length + (at[length] == '\n');
	}
	free(output);
	return count;
}

static void assert_same(struct scratch *scratch, const char *revisions)
{
	static struct seen seen;
	static struct oid expected[4096];
	struct error err = ERROR_INIT;
	memset(&seen, 0, sizeof(seen));
	size_t count = rev_list(scratch, revisions, expected);
	ck_assert_msg(range_of(scratch, revisions, &seen, 4096, &err) == 0, "%s: %s",
		      revisions, err.text);
	ck_assert_msg(seen.count == count, "%s: %zu commits, git has %zu", revisions,
		      seen.count, count);
	ck_assert_msg(!seen.order_broken, "%s: a parent came before its child",
		      revisions);
	qsort(expected, count, sizeof(expected[0]), compare_ids);
	qsort(seen.ids, count, sizeof(seen.ids[0]), compare_ids);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(oid_equal(&expected[i], &seen.ids[i]), "%s: not the same",
			      revisions);
	map_release(&seen.places);
}

static void commit(struct scratch *scratch, const char *message)
{
	DO(scratch, "git", "commit", "-q", "--allow-empty", "-m", message);
}

static void checkout(struct scratch *scratch, const char *branch, const char *start)
{
	DO(scratch, "git", "checkout", "-q", "-B", branch, start);
}

static void merge(struct scratch *scratch, const char *message, const char *other)
{
	DO(scratch, "git", "merge", "-q", "--no-ff", "-m", message, other);
}

/* Five commits on main; "old" is what was there before the push. */
static void start(struct scratch *scratch)
{
	scratch_open(scratch);
	scratch_init_repository(scratch);
	for (int i = 0; i < 5; i++)
		commit(scratch, "base");
	DO(scratch, "git", "branch", "old");
}

/* --- the topologies of S3 --- */

static void side_parent(struct scratch *scratch)
{
	checkout(scratch, "side", "old~2");
	commit(scratch, "hidden");
	checkout(scratch, "main", "old");
	merge(scratch, "merge", "side");
}

static void octopus(struct scratch *scratch)
{
	static const char *const sides[] = { "s1", "s2", "s3", "s4" };
	for (size_t i = 0; i < 4; i++) {
		checkout(scratch, sides[i], "old~1");
		commit(scratch, sides[i]);
	}
	checkout(scratch, "main", "old");
	DO(scratch, "git", "merge", "-q", "-m", "octopus", "s1", "s2", "s3", "s4");
}

static void second_root(struct scratch *scratch)
{
	DO(scratch, "git", "checkout", "-q", "--orphan", "root");
	commit(scratch, "another root");
	commit(scratch, "upon it");
	checkout(scratch, "main", "old");
	DO(scratch, "git", "merge", "-q", "--allow-unrelated-histories", "-m", "m",
	   "root");
}

static void new_branch(struct scratch *scratch)
{
	checkout(scratch, "main", "old~3");
	commit(scratch, "one");
	commit(scratch, "two");
}

static void tag_object(struct scratch *scratch)
{
	commit(scratch, "tagged");
	DO(scratch, "git", "tag", "-a", "-m", "t", "v1");
	DO(scratch, "git", "tag", "-a", "-m", "tag of a tag", "v2", "v1");
}

static void replace_ref(struct scratch *scratch)
{
	commit(scratch, "unsigned");
	commit(scratch, "upon it");
	/* A replacement that hides main^ and what stands before it. */
	DO(scratch, "git", "replace", "main^", "old~4");
}

static void criss_cross(struct scratch *scratch)
{
	checkout(scratch, "a", "old");
	commit(scratch, "a1");
	checkout(scratch, "b", "old");
	commit(scratch, "b1");
	DO(scratch, "git", "branch", "b-before");
	merge(scratch, "b2", "a");
	checkout(scratch, "a", "a");
	merge(scratch, "a2", "b-before");
	checkout(scratch, "main", "a");
	merge(scratch, "last", "b");
}

static void skewed_clocks(struct scratch *scratch)
{
	int64_t date = scratch->date;
	scratch->date = 1000; /* long before its parents */
	commit(scratch, "in 1970");
	scratch->date = date + 1000000;
	commit(scratch, "in the future");
	scratch->date = date;
	commit(scratch, "now");
}

static void merge_of_a_hidden_branch(struct scratch *scratch)
{
	checkout(scratch, "released", "old~2");
	commit(scratch, "released already");
	commit(scratch, "released too");
	checkout(scratch, "main", "old");
	commit(scratch, "new");
	merge(scratch, "merge", "released");
}

static void duplicate_parents(struct scratch *scratch)
{
	char object[1024];
	char *tree = RUN(scratch, "git", "rev-parse", "old^{tree}");
	struct oid parent = scratch_id(scratch, "old");
	snprintf(object, sizeof(object),
		 "tree %s\nparent %s\nparent %s\nauthor a <a> 1800000000 +0000\n"
		 "committer a <a> 1800000000 +0000\n\ntwice\n",
		 tree, oid_text(&parent), oid_text(&parent));
	struct oid id = scratch_object(scratch, "commit", object, strlen(object));
	DO(scratch, "git", "update-ref", "refs/heads/main", oid_text(&id));
	DO(scratch, "git", "reset", "-q", "--hard");
	commit(scratch, "upon it");
	free(tree);
}

static const struct {
	const char *name;
	void (*make)(struct scratch *scratch);
	const char *revisions;
} topologies[] = {
	{ "side parent", side_parent, "main ^old" },
	{ "octopus", octopus, "main ^old" },
	{ "second root", second_root, "main ^old" },
	{ "new branch", new_branch, "main ^old" },
	{ "tag object", tag_object, "v2 ^old" },
	{ "replace ref", replace_ref, "main ^old" },
	{ "criss-cross", criss_cross, "main ^old" },
	{ "skewed clocks", skewed_clocks, "main ^old" },
	{ "merge of a hidden branch", merge_of_a_hidden_branch, "main ^old ^released" },
	{ "duplicate parents", duplicate_parents, "main ^old" },
};

START_TEST(no_commit_hides_in_a_topology)
{
	for (size_t i = 0; i < sizeof(topologies) / sizeof(topologies[0]); i++) {
		struct scratch scratch;
		start(&scratch);
		topologies[i].make(&scratch);
		assert_same(&scratch, topologies[i].revisions);
		assert_same(&scratch, "main old");
		assert_same(&scratch, "old ^main");
		scratch_close(&scratch);
	}
}
END_TEST

START_TEST(a_shallow_repository_is_refused)
{
	struct scratch scratch;
	struct repo *repo;
	struct error err = ERROR_INIT;
	start(&scratch);
	char *url = scratch_path(&scratch, "");
	char command[4200];
	snprintf(command, sizeof(command),
		 "git clone -q --bare --depth 1 'file://%s' shallow", url);
	DO(&scratch, "sh", "-c", command);
	char *path = scratch_path(&scratch, "shallow");
	ck_assert_int_eq(repo_open(&repo, path, NULL, &err), ERROR_REPO_SHALLOW);
	ck_assert_ptr_nonnull(strstr(err.text, "--unshallow"));
	free(path);
	free(url);
	scratch_close(&scratch);
}
END_TEST

START_TEST(grafts_are_refused)
{
	struct scratch scratch;
	struct repo *repo;
	start(&scratch);
	DO(&scratch, "sh", "-c", "mkdir -p .git/info; : > .git/info/grafts");
	repo_close(open_repo(&scratch));
	DO(&scratch, "sh", "-c", "git rev-parse old > .git/info/grafts");
	ck_assert_int_eq(repo_open(&repo, scratch.directory, NULL, NULL),
			 ERROR_REPO_GRAFTS);
	scratch_close(&scratch);
}
END_TEST

/* Commits with random parents and dates, made through fast-import. */
static void random_history(struct scratch *scratch, unsigned int seed, bool skewed)
{
	enum { COMMITS = 60 };
	static char stream[65536];
	size_t at = 0;
	unsigned int state = seed * 2654435761U + 1;
	for (int i = 1; i <= COMMITS; i++) {
		state = state * 1103515245U + 12345U;
		long date = 1700000000L + i * 60;
		if (skewed && state >> 28 == 0)
			date -= 60 * (long)(state >> 8 & 63);
		at += (size_t)snprintf(stream + at, sizeof(stream) - at,
				       "commit refs/heads/x%d\nmark :%d\ncommitter a "
				       "<a> %ld +0000\ndata 1\nx\n",
				       i, i, date);
		int parents = i == 1 ? 0 : 1 + (state >> 20 & 3) / 2;
		int last = 0;
		for (int j = 0; j < parents; j++) {
			state = state * 1103515245U + 12345U;
			int parent = i - 1 - (int)(state >> 16) % (i < 8 ? i - 1 : 7);
			if (parent == last)
				continue;
			last = parent;
			at += (size_t)snprintf(stream + at, sizeof(stream) - at,
					       "%s :%d\n", j == 0 ? "from" : "merge",
					       parent);
		}
		stream[at++] = '\n';
	}
	static const char *const arguments[] = { "git", "fast-import", "--quiet",
						 "--force", NULL };
	ck_assert_int_eq(scratch_try(scratch, stream, at, NULL, NULL, arguments), 0);
}

START_TEST(random_histories_agree_with_git)
{
	struct scratch scratch;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	for (unsigned int seed = 1; seed <= 6; seed++) {
		random_history(&scratch, seed, seed % 2 == 0);
		for (int i = 0; i < 8; i++) {
			char revisions[64];
			snprintf(revisions, sizeof(revisions), "x%d ^x%d ^x%d", 60 - i,
				 10 + 6 * i, 55 - 5 * i);
			assert_same(&scratch, revisions);
		}
	}
	scratch_close(&scratch);
}
END_TEST

/* The bases of two tips as git tells them. */
static void assert_same_bases(struct scratch *scratch, struct repo *repo,
			      const char *one, const char *other)
{
	struct arena *arena = arena_new(1 << 20);
	struct oid first = scratch_id(scratch, one);
	struct oid second = scratch_id(scratch, other);
	struct error err = ERROR_INIT;
	struct oid *bases;
	size_t count;
	ck_assert_msg(repo_merge_bases(repo, arena, &first, &second, &bases, &count,
				       &err) == 0,
		      "%s", err.text);
	char command[128];
	snprintf(command, sizeof(command), "git merge-base --all %s %s || true", one,
		 other);
	char *output = RUN(scratch, "sh", "-c", command);
	size_t lines = *output != '\0'; /* the last one has no line feed */
	for (const char *at = output; *at != '\0'; at++)
		lines += *at == '\n';
	ck_assert_msg(lines == count, "%s %s: %zu and not:\n%s", one, other, count,
		      output);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(strstr(output, oid_text(&bases[i])) != NULL, "%s %s: %s",
			      one, other, oid_text(&bases[i]));
	free(output);
	arena_free(arena);
}

START_TEST(merge_bases_agree_with_git)
{
	struct scratch scratch;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	for (unsigned int seed = 1; seed <= 6; seed++) {
		random_history(&scratch, seed, seed % 2 == 0);
		DO(&scratch, "sh", "-c",
		   "git update-ref refs/heads/alone $(git commit-tree -m x "
		   "x1^{tree})");
		struct repo *repo = open_repo(&scratch);
		for (int i = 0; i < 12; i++) {
			char one[16], other[16];
			snprintf(one, sizeof(one), "x%d", 60 - i);
			snprintf(other, sizeof(other), "x%d", 59 - (i * 7) % 50);
			assert_same_bases(&scratch, repo, one, other);
			assert_same_bases(&scratch, repo, other, one);
		}
		assert_same_bases(&scratch, repo, "x60", "x60");
		assert_same_bases(&scratch, repo, "x60", "alone");
		repo_close(repo);
	}
	scratch_close(&scratch);
}
END_TEST

START_TEST(ancestors_are_told)
{
	struct scratch scratch;
	start(&scratch);
	side_parent(&scratch);
	struct repo *repo = open_repo(&scratch);
	static const struct {
		const char *ancestor;
		const char *descendant;
		int expected;
	} cases[] = {
		{ "old", "main", 1 },   { "side", "main", 1 },  { "main", "main", 1 },
		{ "old~4", "main", 1 }, { "main", "old", 0 },   { "side", "old", 0 },
		{ "old", "side", 0 },   { "old~2", "side", 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oid ancestor = scratch_id(&scratch, cases[i].ancestor);
		struct oid descendant = scratch_id(&scratch, cases[i].descendant);
		struct error err = ERROR_INIT;
		int rc = repo_is_ancestor(repo, &ancestor, &descendant, &err);
		ck_assert_msg(rc == cases[i].expected, "%s in %s: %d %s",
			      cases[i].ancestor, cases[i].descendant, rc, err.text);
	}
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(limits_and_missing_objects_are_errors)
{
	static struct seen seen;
	struct scratch scratch;
	struct error err = ERROR_INIT;
	start(&scratch);
	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(range_of(&scratch, "old", &seen, 4, &err), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "git.commits_per_push"));
	ck_assert_int_eq(range_of(&scratch, "old", &seen, 5, NULL), 0);
	map_release(&seen.places);
	/* A parent that is not there, and one that is a tree. */
	struct oid tree = scratch_id(&scratch, "old^{tree}");
	for (int i = 0; i < 2; i++) {
		char object[1024];
		snprintf(object, sizeof(object),
			 "tree %s\nparent %s\nauthor a <a> 1 +0000\n"
			 "committer a <a> 1 +0000\n\nm\n",
			 oid_text(&tree),
			 i == 0 ? "0123456789012345678901234567890123456789"
				: oid_text(&tree));
		struct oid id =
			scratch_object(&scratch, "commit", object, strlen(object));
		struct range range = { .tips = &id, .tip_count = 1 };
		struct repo *repo = open_repo(&scratch);
		memset(&seen, 0, sizeof(seen));
		ck_assert_int_eq(repo_range(repo, &range, see, &seen, NULL),
				 i == 0 ? ERROR_NOT_FOUND : ERROR_OBJECT_TYPE);
		map_release(&seen.places);
		/* hidden, both are history: nothing is new */
		range.hidden = &id;
		range.hidden_count = 1;
		memset(&seen, 0, sizeof(seen));
		ck_assert_int_eq(repo_range(repo, &range, see, &seen, NULL), 0);
		ck_assert_uint_eq(seen.count, 0);
		repo_close(repo);
	}
	scratch_close(&scratch);
}
END_TEST

START_TEST(a_malformed_commit_is_reported_and_not_followed)
{
	static struct seen seen;
	struct scratch scratch;
	char object[1024];
	start(&scratch);
	struct oid tree = scratch_id(&scratch, "old^{tree}");
	struct oid parent = scratch_id(&scratch, "old");
	snprintf(object, sizeof(object),
		 "tree %s\nparent %s\nauthor a <a> 01 +0000\n"
		 "committer a <a> 1800000000 +0000\n\nm\n",
		 oid_text(&tree), oid_text(&parent));
	struct oid id = scratch_object(&scratch, "commit", object, strlen(object));
	DO(&scratch, "git", "update-ref", "refs/heads/bad", oid_text(&id));
	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(range_of(&scratch, "bad", &seen, 0, NULL), 0);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_uint_eq(seen.malformed, 1);
	map_release(&seen.places);
	/* As history it hides what stands behind it. */
	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(range_of(&scratch, "old ^bad", &seen, 0, NULL), 0);
	ck_assert_uint_eq(seen.count, 0);
	scratch_close(&scratch);
}
END_TEST

/* One new commit on 20,000 old ones: a few reads, not 20,000. */
START_TEST(a_linear_push_does_not_walk_the_history)
{
	static struct seen seen;
	struct scratch scratch;
	enum { HISTORY = 20000 };
	struct error err = ERROR_INIT;
	const size_t size = (size_t)HISTORY * 100;
	char *stream = malloc(size);
	size_t at = 0;
	for (int i = 1; i <= HISTORY; i++)
		at += (size_t)snprintf(stream + at, size - at,
				       "commit refs/heads/main\ncommitter a <a> %d "
				       "+0000\ndata 1\nx\n\n",
				       1700000000 + i);
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	static const char *const arguments[] = { "git", "fast-import", "--quiet",
						 NULL };
	ck_assert_int_eq(scratch_try(&scratch, stream, at, NULL, NULL, arguments), 0);
	free(stream);
	struct oid tip = scratch_id(&scratch, "main");
	struct oid before = scratch_id(&scratch, "main^");
	struct range range = {
		.tips = &tip, .tip_count = 1, .hidden = &before, .hidden_count = 1
	};
	struct repo *repo = open_repo(&scratch);
	memset(&seen, 0, sizeof(seen));
	int64_t begin = clock_monotonic();
	ck_assert_msg(repo_range(repo, &range, see, &seen, &err) == 0, "%s", err.text);
	int64_t spent = clock_monotonic() - begin;
	ck_assert_uint_eq(seen.count, 1);
	printf("# one new commit upon %d: %lld us\n", HISTORY, (long long)spent);
	ck_assert_int_eq(repo_is_ancestor(repo, &before, &tip, &err), 1);
	map_release(&seen.places);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("repo/range", no_commit_hides_in_a_topology, a_shallow_repository_is_refused,
	  grafts_are_refused, random_histories_agree_with_git,
	  merge_bases_agree_with_git, ancestors_are_told,
	  limits_and_missing_objects_are_errors,
	  a_malformed_commit_is_reported_and_not_followed,
	  a_linear_push_does_not_walk_the_history)
