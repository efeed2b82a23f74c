/* tests/unit/test_job_recompute.c - merges that git makes again: what it is asked,
 * every answer that is none, what is remembered, and bounds. */
#include "unit.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "job/forge_made.h"
#include "job/recompute.h"
#include "judge_place.h"
#include "repo/scratch.h"

#define TREE  "1234567890123456789012345678901234567890"
#define OTHER "abcdefabcdefabcdefabcdefabcdefabcdefabcd"

/* --- answers --- */

struct answer {
	const char *bytes;
	size_t length;
	int status;
	int code; /* what the runner says */
};

static int give(void *data, const struct buf *input, struct buf *output, int *status,
		struct error *err)
{
	const struct answer *answer = data;
	(void)input;
	buf_add(output, answer->bytes, answer->length);
	*status = answer->status;
	return answer->code == 0 ? 0 : error_set(err, answer->code, "no");
}

#define ANSWER(text) text, sizeof(text) - 1

START_TEST(an_answer_that_is_not_understood_is_an_error)
{
	static const struct {
		struct answer answer;
		int code;
		const char *says;
		enum recompute_result results[2];
	} cases[] = {
		{ { ANSWER("1\0" TREE "\0\0"
			   "1\0" OTHER "\0\0"),
		    0, 0 },
		  0,
		  "",
		  { RECOMPUTE_SAME, RECOMPUTE_DIFFERENT } },
		{ { ANSWER("0\0" TREE "\0f\0g\0\0"
			   "1\0" TREE "\0\0"),
		    0, 0 },
		  0,
		  "",
		  { RECOMPUTE_CONFLICT, RECOMPUTE_SAME } },
		/* Names that look like answers. */
		{ { ANSWER("0\0" TREE "\0"
			   "1\0" TREE "\0\0"
			   "0\0" TREE "\0\0"),
		    0, 0 },
		  0,
		  "",
		  { RECOMPUTE_CONFLICT, RECOMPUTE_CONFLICT } },
		{ { ANSWER(""), 0, 0 }, ERROR_FORGE_GIT, "not understood", { 0 } },
		{ { ANSWER("1\0" TREE "\0\0"), 0, 0 },
		  ERROR_FORGE_GIT,
		  "not understood",
		  { 0 } },
		{ { ANSWER("1\0" TREE "\0\0"
			   "1\0" TREE "\0\0"
			   "1\0" TREE "\0\0"),
		    0, 0 },
		  ERROR_FORGE_GIT,
		  "not understood",
		  { 0 } },
		{ { ANSWER("1\0" TREE "\0\0"
			   "1\0" TREE),
		    0, 0 },
		  ERROR_FORGE_GIT,
		  "not understood",
		  { 0 } },
		{ { ANSWER("1\0" TREE "\0f\0\0"
			   "1\0" TREE "\0\0"),
		    0, 0 },
		  ERROR_FORGE_GIT,
		  "not understood",
		  { 0 } },
		{ { ANSWER("2\0" TREE "\0\0"
			   "1\0" TREE "\0\0"),
		    0, 0 },
		  ERROR_FORGE_GIT,
		  "not understood",
		  { 0 } },
		{ { ANSWER("1\0"
			   "1234\0\0"
			   "1\0" TREE "\0\0"),
		    0, 0 },
		  ERROR_FORGE_GIT,
		  "not understood",
		  { 0 } },
		{ { ANSWER("warning: x\n1\0" TREE "\0\0"
			   "1\0" TREE "\0\0"),
		    0, 0 },
		  ERROR_FORGE_GIT,
		  "not understood",
		  { 0 } },
		{ { ANSWER("error: unknown option `stdin'\nusage: git ..."), 129, 0 },
		  ERROR_FORGE_GIT,
		  "git here is too old",
		  { 0 } },
		{ { ANSWER("1\0" TREE "\0\0"
			   "1\0" TREE "\0\0"),
		    128, 0 },
		  ERROR_FORGE_GIT,
		  "cannot make merges again: 1 " TREE,
		  { 0 } },
		{ { ANSWER(""), 137, 0 }, ERROR_FORGE_GIT, "it said nothing", { 0 } },
		{ { ANSWER(""), 0, ERROR_TIMEOUT }, ERROR_TIMEOUT, "no", { 0 } },
	};
	struct place place;
	struct repo *repo = NULL;
	place_open(&place);
	ck_assert_int_eq(repo_open(&repo, place.scratch.directory, NULL, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer answer = cases[i].answer;
		char name[32];
		snprintf(name, sizeof(name), "made-%zu", i);
		char *directory = scratch_path(&place.scratch, name);
		const struct recompute recompute = { repo, directory, give, &answer };
		struct recompute_step steps[2] = { { .ours = place.anchor,
						     .theirs = place.anchor } };
		struct error err = ERROR_INIT;
		oid_parse(TREE, 40, &steps[0].expected);
		steps[1] = steps[0];
		int code = recompute_run(&recompute, steps, 2, &err);
		ck_assert_msg(code == cases[i].code, "%zu: %d %s", i, code, err.text);
		ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "%zu: %s", i,
			      err.text);
		ck_assert_int_eq(steps[0].result, cases[i].results[0]);
		ck_assert_int_eq(steps[1].result, cases[i].results[1]);
		free(directory);
	}
	repo_close(repo);
	place_close(&place);
}
END_TEST

/* --- git --- */

static struct oid tree_id(struct place *place, const char *revision)
{
	char name[100];
	snprintf(name, sizeof(name), "%s^{tree}", revision);
	return scratch_id(&place->scratch, name);
}

static void checkout(struct place *place, const char *branch, const char *from)
{
	DO(&place->scratch, "git", "checkout", "-q", "-B", branch, from);
}

/* "topic" with three commits and "main" with one of its own, in the same file. */
static void two_sides(struct place *place)
{
	place_write(place, "file", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
	place_commit(place, "a file");
	checkout(place, "topic", "HEAD");
	place_write(place, "file", "one\n2\n3\n4\n5\n6\n7\n8\n9\n");
	place_commit(place, "one");
	place_write(place, "new", "new\n");
	place_commit(place, "new");
	place_write(place, "file", "one\n2\n3\n4\n5\n6\n7\n8\nnine\n");
	place_commit(place, "nine");
	checkout(place, "main", "topic~3");
	place_write(place, "file", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n");
	place_commit(place, "five");
}

START_TEST(picks_are_what_git_picks)
{
	struct place place;
	struct repo *repo = NULL;
	struct recompute_step steps[5] = { 0 };
	struct error err = ERROR_INIT;
	place_open(&place);
	two_sides(&place);
	for (int i = 0; i < 3; i++) {
		char theirs[32], base[32];
		snprintf(theirs, sizeof(theirs), "topic~%d", 2 - i);
		snprintf(base, sizeof(base), "topic~%d", 3 - i);
		steps[i].pick = true;
		steps[i].base = tree_id(&place, base);
		steps[i].theirs = tree_id(&place, theirs);
		steps[i].ours = tree_id(&place, "HEAD");
		DO(&place.scratch, "git", "cherry-pick", theirs);
		steps[i].expected = tree_id(&place, "HEAD");
	}
	/* The last of them picked alone conflicts with nothing, and gives another. */
	steps[3] = steps[2];
	steps[3].ours = tree_id(&place, "main~3");
	steps[4] = (struct recompute_step){ .ours = scratch_id(&place.scratch, "main~"
									       "3"),
					    .theirs = scratch_id(&place.scratch, "topi"
										 "c"),
					    .expected = tree_id(&place, "main") };
	ck_assert_int_eq(repo_open(&repo, place.scratch.directory, NULL, &err), 0);
	struct recompute_here here = { .repo = repo };
	ck_assert_msg(recompute_here(&here, steps, 5, &err) == 0, "%s", err.text);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(steps[i].result,
				 i == 3 ? RECOMPUTE_DIFFERENT : RECOMPUTE_SAME);
	/* Again, in the same process, and what git made can be read. */
	steps[4].expected = steps[0].expected;
	ck_assert_msg(recompute_here(&here, steps + 3, 2, &err) == 0, "%s", err.text);
	ck_assert_int_eq(steps[4].result, RECOMPUTE_DIFFERENT);
	ck_assert_int_eq(repo_stat(repo, &steps[3].tree, NULL, NULL, &err), 0);
	struct stat status;
	char *directory = strdup(here.directory.path);
	ck_assert_int_eq(stat(directory, &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0700);
	recompute_here_close(&here);
	ck_assert_int_ne(stat(directory, &status), 0);
	free(directory);
	repo_close(repo);
	place_close(&place);
}
END_TEST

START_TEST(commits_of_nobody_are_what_git_would_write)
{
	struct place place;
	struct repo *repo = NULL;
	struct oid tree, root, child;
	struct error err = ERROR_INIT;
	place_open(&place);
	char *path = scratch_path(&place.scratch, "made");
	ck_assert_int_eq(repo_open(&repo, place.scratch.directory, NULL, &err), 0);
	ck_assert_msg(scratch_make(path, repo, &err) == 0, "%s", err.text);
	tree = tree_id(&place, "HEAD");
	ck_assert_int_eq(scratch_commit(path, &tree, NULL, &root, &err), 0);
	ck_assert_int_eq(scratch_commit(path, &tree, &root, &child, &err), 0);
	ck_assert_int_eq(scratch_commit(path, &tree, &root, &child, &err), 0);
	char *said = RUN(&place.scratch, "git", "--git-dir", path, "rev-list",
			 oid_text(&child));
	char expected[2 * OID_HEX_BYTES + 2];
	snprintf(expected, sizeof(expected), "%s\n%s", oid_text(&child),
		 oid_text(&root));
	ck_assert_str_eq(said, expected);
	free(said);
	DO(&place.scratch, "git", "--git-dir", path, "fsck", "--strict",
	   "--no-dangling", oid_text(&child));
	/* Nothing but its own four lines of configuration is read there. */
	said = RUN(&place.scratch, "env", "GIT_CONFIG_GLOBAL=/dev/null", "git",
		   "--git-dir", path, "config", "--list", "--name-only");
	ck_assert_str_eq(said, "core.repositoryformatversion\ncore.bare\n"
			       "core.hookspath\ncore.attributesfile");
	free(said);
	/* What is there already is none of ours. */
	ck_assert_int_ne(scratch_make(path, repo, &err), 0);
	free(path);
	repo_close(repo);
	place_close(&place);
}
END_TEST

/* --- the collector --- */

static size_t asked;

static int count_steps(void *data, struct recompute_step *steps, size_t count,
		       struct error *err)
{
	asked += count;
	return recompute_here(data, steps, count, err);
}

/* Remembers in memory, up to 16 facts. */
static struct {
	char kind[32];
	struct digest context;
	struct oid key;
	char value[64];
} kept[16];
static size_t kept_count;

static const char *get_kept(void *data, const char *kind, const struct digest *context,
			    const struct oid *key, struct arena *arena)
{
	(void)data;
	for (size_t i = 0; i < kept_count; i++)
		if (strcmp(kept[i].kind, kind) == 0 &&
		    digest_equal(&kept[i].context, context) &&
		    oid_equal(&kept[i].key, key))
			return arena_string(arena, kept[i].value);
	return NULL;
}

static void put_kept(void *data, const char *kind, const struct digest *context,
		     const struct oid *key, const char *value)
{
	(void)data;
	if (strcmp(kind, "forge-made-1") != 0 || kept_count == 16)
		return;
	snprintf(kept[kept_count].kind, sizeof(kept[0].kind), "%s", kind);
	snprintf(kept[kept_count].value, sizeof(kept[0].value), "%s", value);
	kept[kept_count].context = *context;
	kept[kept_count++].key = *key;
}

static const struct fact_cache memory = { .get = get_kept, .put = put_kept };

/* As place_judge(), by somebody who may ask git; the code. */
static int judge_made(struct place *place, struct oid tip, bool may_ask)
{
	struct repo *repo = NULL;
	struct change change = { .repository = "shop",
				 .ref = "refs/heads/main",
				 .old_id = place->anchor,
				 .new_id = tip,
				 .received_at = clock_now() };
	struct recompute_here here = { .repo = NULL };
	struct judge judge = { .change = &change,
			       .policy_commit = place->anchor,
			       .trusted = &place->anchor,
			       .trusted_count = 1,
			       .floor = place_floor,
			       .floor_data = place,
			       .recompute = may_ask ? count_steps : NULL,
			       .recompute_data = &here,
			       .cache = place->cache,
			       .limits = place->limits };
	verdict_release(&place->verdict);
	memset(&place->verdict, 0, sizeof(place->verdict));
	memset(&place->judged, 0, sizeof(place->judged));
	error_clear(&place->err);
	asked = 0;
	ck_assert_int_eq(repo_open(&repo, place->scratch.directory, NULL, &place->err),
			 0);
	here.repo = judge.repo = repo;
	int rc = judge_change(&judge, &place->verdict, &place->judged, &place->err);
	recompute_here_close(&here);
	repo_close(repo);
	return rc;
}

/* Mallory's key is the forge's. */
static void forge_rules(struct place *place)
{
	char *key = scratch_read(&place->scratch, "mallory.pub", NULL);
	*strchr(strchr(key, ' ') + 1, ' ') = '\0';
	snprintf(place->floor, sizeof(place->floor),
		 "principals:\n  alice: {ssh: [\"%s\"]}\n  forge: {ssh: [\"%s\"]}\n"
		 "rules:\n  - name: signed\n    signatures: {by: [alice], "
		 "forge-merges: recompute, forge-keys: [forge]}\n",
		 place->alice, key);
	free(key);
}

static struct oid forge_merge(struct place *place, const char *branch)
{
	DO(&place->scratch, "git", "-c", "user.signingKey=./mallory", "merge", "-q",
	   "--no-ff", "-S", "-m", "merge", branch);
	return scratch_id(&place->scratch, "HEAD");
}

START_TEST(what_was_the_same_is_remembered_and_nothing_else)
{
	struct place place;
	place_open(&place);
	forge_rules(&place);
	two_sides(&place);
	place.cache = &memory;
	kept_count = 0;
	struct oid tip = forge_merge(&place, "topic");
	/* Who may not ask says so, and remembers nothing. */
	ck_assert_int_eq(judge_made(&place, tip, false), 0);
	expect_refused(&place, ERROR_RULE_FORGE_UNCHECKED);
	ck_assert(place.judged.needs_merges);
	ck_assert_uint_eq(kept_count, 0);
	ck_assert_int_eq(judge_made(&place, tip, true), 0);
	expect_pass(&place);
	ck_assert(!place.judged.needs_merges);
	ck_assert_uint_eq(asked, 1);
	ck_assert_uint_eq(kept_count, 1);
	/* Then nobody needs to ask. */
	ck_assert_int_eq(judge_made(&place, tip, false), 0);
	expect_pass(&place);
	ck_assert(!place.judged.needs_merges);
	ck_assert_int_eq(judge_made(&place, tip, true), 0);
	ck_assert_uint_eq(asked, 0);
	/* Another tree of the same parents is another question, every time. */
	place_write(&place, "evil", "evil\n");
	DO(&place.scratch, "git", "add", "-A");
	DO(&place.scratch, "git", "-c", "user.signingKey=./mallory", "commit", "-q",
	   "--amend", "-S", "-m", "merge");
	tip = scratch_id(&place.scratch, "HEAD");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(judge_made(&place, tip, true), 0);
		expect_refused(&place, ERROR_RULE_FORGE_DIFFERENT);
		ck_assert_uint_eq(asked, 1);
		ck_assert_uint_eq(kept_count, 1);
	}
	place_close(&place);
}
END_TEST

START_TEST(git_is_asked_only_where_both_sides_went_on)
{
	struct place place;
	place_open(&place);
	forge_rules(&place);
	checkout(&place, "topic", "HEAD");
	place_write(&place, "new", "new\n");
	place_commit(&place, "new");
	checkout(&place, "main", "topic~1");
	struct oid tip = forge_merge(&place, "topic");
	ck_assert_int_eq(judge_made(&place, tip, false), 0);
	expect_pass(&place);
	/* And for nobody who has not signed. */
	checkout(&place, "other", "HEAD");
	DO(&place.scratch, "git", "commit", "-q", "--allow-empty", "-m", "unsigned");
	checkout(&place, "main", "main");
	place_write(&place, "more", "more\n");
	place_commit(&place, "more");
	tip = forge_merge(&place, "other");
	ck_assert_int_eq(judge_made(&place, tip, true), 0);
	expect_refused(&place, ERROR_RULE_SIGNATURE_MISSING);
	expect_refused(&place, ERROR_RULE_FORGE_SOURCE);
	ck_assert_uint_eq(asked, 0);
	place_close(&place);
}
END_TEST

START_TEST(more_merges_than_the_limit_are_refused)
{
	struct place place;
	struct limits few = limits_default;
	place_open(&place);
	forge_rules(&place);
	two_sides(&place);
	checkout(&place, "topic2", "topic~2");
	place_write(&place, "third", "third\n");
	place_commit(&place, "third");
	checkout(&place, "main", "main");
	forge_merge(&place, "topic");
	struct oid tip = forge_merge(&place, "topic2");
	few.values[LIMIT_FORGE_MADE_MERGES] = 1;
	place.limits = &few;
	ck_assert_int_eq(judge_made(&place, tip, true), 0);
	const struct finding *finding = expect_refused(&place, ERROR_LIMIT);
	ck_assert_msg(strstr(finding->message, "forge_made.merges") != NULL, "%s",
		      finding->message);
	few.values[LIMIT_FORGE_MADE_MERGES] = 2;
	ck_assert_int_eq(judge_made(&place, tip, true), 0);
	expect_pass(&place);
	place_close(&place);
}
END_TEST

UNIT_MAIN("job/recompute", an_answer_that_is_not_understood_is_an_error,
	  picks_are_what_git_picks, commits_of_nobody_are_what_git_would_write,
	  what_was_the_same_is_remembered_and_nothing_else,
	  git_is_asked_only_where_both_sides_went_on,
	  more_merges_than_the_limit_are_refused)
