/* tests/unit/test_repo_mutate.c - a signed merge commit, mutated at random: never do we
 * accept what git's fsck refuses, nor see another tree, other parents or another date
 * than git. */
#include "unit.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/random.h"
#include "mutate.h"
#include "repo/object.h"
#include "scratch.h"

#define MUTANTS 400
#define SEED    20261121

static void make_commit(struct scratch *scratch)
{
	scratch_open(scratch);
	scratch_init_repository(scratch);
	scratch_key(scratch, "key", "ed25519", "");
	DO(scratch, "git", "config", "gpg.format", "ssh");
	DO(scratch, "git", "config", "user.signingKey", "key");
	DO(scratch, "git", "commit", "-q", "--allow-empty", "-m", "one");
	DO(scratch, "git", "checkout", "-q", "-b", "side");
	DO(scratch, "git", "commit", "-q", "--allow-empty", "-m", "two");
	DO(scratch, "git", "tag", "-s", "-m", "tag", "v1");
	DO(scratch, "git", "checkout", "-q", "main");
	DO(scratch, "git", "-c", "i18n.commitEncoding=latin1", "merge", "-q", "--no-ff",
	   "-S", "-m", "merge", "v1");
}

/* "id tree parent... @date" as git log --no-walk prints it below. */
static void describe(struct buf *out, const struct oid *id,
		     const struct commit_text *text)
{
	buf_addf(out, "%s %s", oid_text(id), oid_text(&text->tree));
	for (size_t i = 0; i < text->parent_count; i++)
		buf_addf(out, " %s", oid_text(&text->parents[i]));
	buf_addf(out, " @%" PRId64 "\n", text->committer.seconds);
}

static size_t write_mutants(struct scratch *scratch, const char *object, size_t length,
			    struct oid ids[MUTANTS])
{
	struct buf names = BUF_INIT(1 << 20);
	char *output;
	DO(scratch, "mkdir", "mutants");
	for (int i = 0; i < MUTANTS; i++) {
		char name[64];
		struct buf mutant = BUF_INIT(1 << 20);
		mutate(&mutant, object, length);
		snprintf(name, sizeof(name), "mutants/%d", i);
		scratch_write(scratch, name, mutant.data, mutant.length);
		buf_addf(&names, "%s\n", name);
		buf_release(&mutant);
	}
	static const char *const arguments[] = {
		"git",          "hash-object",   "-t", "commit", "-w", "--literally",
		"--no-filters", "--stdin-paths", NULL
	};
	ck_assert_int_eq(scratch_try(scratch, names.data, names.length, &output, NULL,
				     arguments),
			 0);
	buf_release(&names);
	for (size_t i = 0; i < MUTANTS; i++)
		ck_assert_int_eq(oid_parse(output + 41 * i, 40, &ids[i]), 0);
	free(output);
	return MUTANTS;
}

static void assert_same_lines(const char *ours, const char *theirs)
{
	while (*ours != '\0' || *theirs != '\0') {
		size_t length = strcspn(ours, "\n");
		ck_assert_msg(length == strcspn(theirs, "\n") &&
				      strncmp(ours, theirs, length) == 0,
			      "we see %.*s, git %.*s", (int)length, ours,
			      (int)strcspn(theirs, "\n"), theirs);
		ours += length + (ours[length] == '\n');
		theirs += length + (theirs[length] == '\n');
	}
}

START_TEST(never_do_we_accept_what_git_refuses)
{
	static struct oid ids[MUTANTS];
	struct scratch scratch;
	size_t length;
	size_t accepted = 0;
	size_t refused = 0; /* by git */
	struct buf ours = BUF_INIT(1 << 20);
	struct buf list = BUF_INIT(1 << 20);
	random_seed_for_tests(SEED);
	make_commit(&scratch);
	char *object = scratch_cat(&scratch, "commit", "HEAD", &length);
	size_t count = write_mutants(&scratch, object, length, ids);
	/* Everything in the object database, reachable or not; broken links are no
	 * matter: ids were mutated too. */
	char *fsck = RUN(&scratch, "sh", "-c",
			 "git fsck --strict --no-dangling 2>&1 | grep -v 'missing "
			 "\\|broken link\\| to ' | grep 'error\\|fatal\\|warning'; "
			 "true");
	for (size_t i = 0; i < count; i++) {
		char name[64];
		size_t size;
		struct commit_text text;
		struct error err = ERROR_INIT;
		snprintf(name, sizeof(name), "mutants/%zu", i);
		char *mutant = scratch_read(&scratch, name, &size);
		refused += strstr(fsck, oid_text(&ids[i])) != NULL;
		bool again = strstr(list.data, oid_text(&ids[i])) != NULL;
		if (!again && commit_split(&text, mutant, size, 20, &err) == 0) {
			ck_assert_msg(strstr(fsck, oid_text(&ids[i])) == NULL,
				      "mutant %zu is accepted, git says: %s", i,
				      strstr(fsck, oid_text(&ids[i])));
			describe(&ours, &ids[i], &text);
			buf_addf(&list, "%s\n", oid_text(&ids[i]));
			accepted++;
		}
		free(mutant);
	}
	char *theirs;
	static const char *const arguments[] = { "git",
						 "rev-list",
						 "--no-walk=unsorted",
						 "--no-commit-header",
						 "--format=%H %T %P @%ct",
						 "--stdin",
						 NULL };
	ck_assert_int_eq(
		scratch_try(&scratch, list.data, list.length, &theirs, NULL, arguments),
		0);
	/* A root has no parents: two blanks. */
	char *gap;
	while ((gap = strstr(theirs, "  ")) != NULL)
		memmove(gap, gap + 1, strlen(gap));
	assert_same_lines(ours.data, theirs);
	printf("# seed %d: %zu mutants, %zu accepted by both, %zu refused by git\n",
	       SEED, count, accepted, refused);
	ck_assert_uint_gt(accepted, MUTANTS / 8);
	ck_assert_uint_gt(refused, MUTANTS / 8);
	free(theirs);
	free(fsck);
	free(object);
	buf_release(&ours);
	buf_release(&list);
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("repo/mutate", never_do_we_accept_what_git_refuses)
