/* tests/unit/test_repo_open.c - opening, objects, refs, configuration, the quarantine
 * of a push. */
#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "repo/repo.h"
#include "scratch.h"

static void setup(struct scratch *scratch)
{
	scratch_open(scratch);
	scratch_init_repository(scratch);
	scratch_write(scratch, "file", "content\n", 8);
	DO(scratch, "git", "add", ".");
	DO(scratch, "git", "commit", "-q", "-m", "one");
}

static struct repo *open_at(const struct scratch *scratch, const char *name,
			    const char *quarantine)
{
	struct repo *repo;
	struct error err = ERROR_INIT;
	struct repo_options options = { .quarantine = quarantine };
	char *path = scratch_path(scratch, name);
	ck_assert_msg(repo_open(&repo, path, &options, &err) == 0, "%s", err.text);
	free(path);
	return repo;
}

START_TEST(work_trees_git_directories_and_bare_ones_open)
{
	static const struct {
		const char *path;
		const char *ends;
	} cases[] = { { ".", "/.git" },
		      { ".git", "/.git" },
		      { "bare.git", "/bare.git" },
		      { "linked", "/.git" } };
	struct scratch scratch;
	setup(&scratch);
	DO(&scratch, "git", "clone", "-q", "--bare", ".", "bare.git");
	DO(&scratch, "git", "worktree", "add", "-q", "-b", "linked", "linked");
	for (size_t i = 0; i < 4; i++) {
		struct repo *repo = open_at(&scratch, cases[i].path, NULL);
		const char *path = repo_path(repo);
		size_t length = strlen(cases[i].ends);
		ck_assert_str_eq(path + strlen(path) - length, cases[i].ends);
		ck_assert_uint_eq(repo_hash_bytes(repo), 20);
		char *head;
		ck_assert_int_eq(repo_head(repo, &head, NULL), 0);
		ck_assert_str_eq(head,
				 i == 3 ? "refs/heads/linked" : "refs/heads/main");
		free(head);
		repo_close(repo);
	}
	scratch_close(&scratch);
}
END_TEST

START_TEST(nothing_is_searched_upwards)
{
	struct scratch scratch;
	struct repo *repo;
	setup(&scratch);
	DO(&scratch, "mkdir", "below");
	char *below = scratch_path(&scratch, "below");
	char *absent = scratch_path(&scratch, "absent");
	ck_assert_int_eq(repo_open(&repo, below, NULL, NULL), ERROR_NOT_FOUND);
	ck_assert_int_eq(repo_open(&repo, absent, NULL, NULL), ERROR_NOT_FOUND);
	free(below);
	free(absent);
	scratch_close(&scratch);
}
END_TEST

START_TEST(a_sha256_repository_is_refused_by_its_format)
{
	struct scratch scratch;
	struct repo *repo;
	struct error err = ERROR_INIT;
	scratch_open(&scratch);
	DO(&scratch, "git", "init", "-q", "--object-format=sha256", ".");
	int rc = repo_open(&repo, scratch.directory, NULL, &err);
	ck_assert_msg(rc == ERROR_REPO_FORMAT, "%s: %s", error_name(rc), err.text);
	scratch_close(&scratch);
}
END_TEST

START_TEST(objects_come_with_their_type_and_within_limits)
{
	struct scratch scratch;
	struct object object;
	enum object_type type;
	uint64_t size;
	struct error err = ERROR_INIT;
	setup(&scratch);
	struct repo *repo = open_at(&scratch, ".", NULL);
	struct oid blob = scratch_id(&scratch, "HEAD:file");
	ck_assert_int_eq(repo_read(repo, &blob, 8, &object, NULL), 0);
	ck_assert_int_eq(object.type, OBJECT_BLOB);
	ck_assert_uint_eq(object.length, 8);
	ck_assert_int_eq(memcmp(object.bytes, "content\n", 8), 0);
	repo_object_release(&object);
	ck_assert_int_eq(repo_read(repo, &blob, 7, &object, &err), ERROR_LIMIT);
	ck_assert_int_eq(repo_stat(repo, &blob, &type, &size, NULL), 0);
	ck_assert_uint_eq(size, 8);
	blob.bytes[0] ^= 1;
	ck_assert_int_eq(repo_read(repo, &blob, 8, &object, NULL), ERROR_NOT_FOUND);
	blob.length = 32;
	ck_assert_int_eq(repo_stat(repo, &blob, &type, &size, NULL), ERROR_NOT_FOUND);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(an_object_under_a_wrong_name_is_refused)
{
	struct scratch scratch;
	struct object object;
	setup(&scratch);
	/* The bytes of one blob in the file of another. */
	DO(&scratch, "bash", "-c",
	   "set -e; loose() { echo .git/objects/${1:0:2}/${1:2}; }; a=$(echo a | git "
	   "hash-object -w --stdin); b=$(echo b | git hash-object -w --stdin); cp -f "
	   "$(loose $a) $(loose $b); mkdir .git/refs/blobs; echo $b "
	   ">.git/refs/blobs/b");
	struct repo *repo = open_at(&scratch, ".", NULL);
	struct oid id;
	ck_assert_int_eq(repo_ref(repo, "refs/blobs/b", &id, NULL), 0);
	ck_assert_int_eq(repo_read(repo, &id, 100, &object, NULL), ERROR_OBJECT_HASH);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(replace_refs_are_not_honoured)
{
	struct scratch scratch;
	struct object object;
	setup(&scratch);
	DO(&scratch, "sh", "-c",
	   "git replace $(git rev-parse HEAD:file) $(echo other | git hash-object -w "
	   "--stdin)");
	struct repo *repo = open_at(&scratch, ".", NULL);
	struct oid blob = scratch_id(&scratch, "HEAD:file");
	ck_assert_int_eq(repo_read(repo, &blob, 8, &object, NULL), 0);
	ck_assert_int_eq(memcmp(object.bytes, "content\n", 8), 0);
	repo_object_release(&object);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

static int list_ref(void *data, const char *name, const struct oid *id)
{
	buf_addf(data, "%s %s\n", oid_text(id), name);
	return 0;
}

static int stop_at_once(void *data, const char *name, const struct oid *id)
{
	(void)name;
	(void)id;
	++*(int *)data;
	return ERROR_CANCELLED;
}

START_TEST(refs_are_listed_with_their_direct_ids)
{
	struct scratch scratch;
	struct buf ours = BUF_INIT(1 << 16);
	int calls = 0;
	setup(&scratch);
	DO(&scratch, "git", "branch", "packed");
	DO(&scratch, "git", "pack-refs", "--all");
	DO(&scratch, "git", "branch", "loose/one");
	DO(&scratch, "git", "tag", "-a", "-m", "t", "v1");
	DO(&scratch, "git", "symbolic-ref", "refs/remotes/o/HEAD", "refs/heads/packed");
	DO(&scratch, "git", "symbolic-ref", "refs/remotes/o/gone", "refs/heads/gone");
	struct repo *repo = open_at(&scratch, ".", NULL);
	ck_assert_int_eq(repo_each_ref(repo, list_ref, &ours, NULL), 0);
	scratch_write(&scratch, "ours", ours.data, ours.length);
	DO(&scratch, "sh", "-c",
	   "git for-each-ref --format='%(objectname) %(refname)' 2>/dev/null | sort "
	   ">theirs; sort ours | diff - theirs");
	ck_assert_int_eq(repo_each_ref(repo, stop_at_once, &calls, NULL),
			 ERROR_CANCELLED);
	ck_assert_int_eq(calls, 1);
	struct oid id;
	struct oid commit;
	struct oid head = scratch_id(&scratch, "HEAD");
	ck_assert_int_eq(repo_ref(repo, "refs/tags/v1", &id, NULL), 0);
	ck_assert(!oid_equal(&id, &head));
	ck_assert_int_eq(repo_peel(repo, &id, &commit, NULL), 0);
	ck_assert(oid_equal(&commit, &head));
	ck_assert_int_eq(repo_ref(repo, "refs/heads/gone", &id, NULL), ERROR_NOT_FOUND);
	ck_assert_int_eq(repo_ref(repo, "refs/../config", &id, NULL), ERROR_NOT_FOUND);
	struct oid blob = scratch_id(&scratch, "HEAD:file");
	ck_assert_int_eq(repo_peel(repo, &blob, &commit, NULL), ERROR_NOT_FOUND);
	buf_release(&ours);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(revisions_are_resolved)
{
	struct scratch scratch;
	struct oid id;
	setup(&scratch);
	struct repo *repo = open_at(&scratch, ".", NULL);
	struct oid head = scratch_id(&scratch, "HEAD");
	char short_id[9];
	memcpy(short_id, oid_text(&head), 8);
	short_id[8] = '\0';
	const char *const revisions[] = { "HEAD", "main", short_id, "HEAD~0" };
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(repo_resolve(repo, revisions[i], &id, NULL), 0);
		ck_assert(oid_equal(&id, &head));
	}
	ck_assert_int_ne(repo_resolve(repo, "nothing", &id, NULL), 0);
	ck_assert_int_ne(repo_resolve(repo, "HEAD~5..HEAD", &id, NULL), 0);
	DO(&scratch, "git", "checkout", "-q", "--detach");
	char *name;
	ck_assert_int_eq(repo_head(repo, &name, NULL), ERROR_NOT_FOUND);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(tags_of_tags_are_followed_up_to_a_bound)
{
	struct scratch scratch;
	struct oid id;
	struct oid commit;
	setup(&scratch);
	DO(&scratch, "bash", "-c",
	   "git tag -a -m t t1; for i in {2..9}; do git tag -a -m t t$i t$((i-1)); "
	   "done");
	struct repo *repo = open_at(&scratch, ".", NULL);
	id = scratch_id(&scratch, "t8");
	ck_assert_int_eq(repo_peel(repo, &id, &commit, NULL), 0);
	id = scratch_id(&scratch, "t9");
	ck_assert_int_eq(repo_peel(repo, &id, &commit, NULL), ERROR_NOT_FOUND);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

static int list_value(void *data, const char *value)
{
	buf_addf(data, "%s\n", value);
	return 0;
}

static void assert_config(struct repo *repo, const char *key, const char *expected)
{
	struct buf values = BUF_INIT(1 << 16);
	struct error err = ERROR_INIT;
	ck_assert_msg(repo_config_each(repo, key, list_value, &values, &err) == 0, "%s",
		      err.text);
	ck_assert_msg(strcmp(values.data, expected) == 0, "%s is '%s'", key,
		      values.data);
	buf_release(&values);
}

START_TEST(configuration_is_read_as_git_reads_it)
{
	static const char config[] =
		"[GitGate]\n\tAnchor = one ; comment\n\tanchor=\"two # three\" # x\n"
		"\tflag\n\tempty =\n[gitgate \"Sub.x\\\"y\"] key = \"a\\tb\\\\\" c  \n"
		"[gitgate \"sub\"]\r\n\tkey = con\\\ntinued  value\t \r\n"
		"[include]\n\tpath = included\n[gitgate] last = end";
	static const char *const keys[] = { "gitgate.anchor",  "gitgate.flag",
					    "gitgate.empty",   "gitgate.Sub.x\"y.key",
					    "gitgate.sub.key", "gitgate.last",
					    "GITGATE.ANCHOR" };
	struct scratch scratch;
	setup(&scratch);
	DO(&scratch, "git", "config", "-f", ".git/included", "gitgate.anchor", "three");
	char *before;
	size_t length;
	before = scratch_read(&scratch, ".git/config", &length);
	struct buf all = BUF_INIT(1 << 16);
	buf_addf(&all, "%s%s", before, config);
	scratch_write(&scratch, ".git/config", all.data, all.length);
	struct repo *repo = open_at(&scratch, ".", NULL);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char *theirs;
		/* a value without "=" is true: git prints it so with --type for one */
		const char *const arguments[] = { "git",
						  "config",
						  "-f",
						  ".git/config",
						  "--no-includes",
						  i == 1 ? "--bool" : "--get-all",
						  i == 1 ? "--get-all" : keys[i],
						  i == 1 ? keys[i] : NULL,
						  NULL };
		ck_assert_int_eq(
			scratch_try(&scratch, NULL, 0, &theirs, NULL, arguments), 0);
		assert_config(repo, keys[i], theirs);
		free(theirs);
	}
	assert_config(repo, "gitgate.absent", "");
	assert_config(repo, "gitgate.SUB.key", "");
	free(before);
	buf_release(&all);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

START_TEST(malformed_configuration_is_refused)
{
	static const char *const tails[] = {
		"[gitgate\n",          "[]\n",
		"[gitgate \"x]\n",     "[gitgate] a = \"x\n",
		"[gitgate] a = \\q\n", "[gitgate] a b\n",
		"[gitgate] 1 = 2\n",   "[git_gate]\n",
	};
	struct scratch scratch;
	struct buf values = BUF_INIT(1 << 16);
	setup(&scratch);
	struct repo *repo = open_at(&scratch, ".", NULL);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct error err = ERROR_INIT;
		scratch_write(&scratch, ".git/config", tails[i], strlen(tails[i]));
		ck_assert_int_ne(TRY(&scratch, "git", "config", "-f", ".git/config",
				     "gitgate.b"),
				 0);
		int rc = repo_config_each(repo, "gitgate.b", list_value, &values, &err);
		ck_assert_msg(rc == ERROR_REPO_CONFIG, "'%s': %s", tails[i],
			      error_name(rc));
	}
	DO(&scratch, "rm", ".git/config");
	assert_config(repo, "gitgate.b", "");
	buf_release(&values);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

/* As receive-pack does it: new objects in a directory below objects/, loose and packed.
 */
START_TEST(a_quarantine_is_read_with_the_repository)
{
	struct scratch scratch;
	struct object object;
	struct error err = ERROR_INIT;
	setup(&scratch);
	DO(&scratch, "bash", "-c",
	   "set -e; mkdir -p .git/objects/incoming-x/pack; export "
	   "GIT_OBJECT_DIRECTORY=$PWD/.git/objects/incoming-x "
	   "GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/.git/objects; a=$(echo loose | git "
	   "hash-object -w --stdin); b=$(echo packed | git hash-object -w --stdin); "
	   "echo "
	   "$b | git pack-objects -q $GIT_OBJECT_DIRECTORY/pack/pack >/dev/null; rm "
	   "$GIT_OBJECT_DIRECTORY/${b:0:2}/${b:2}; echo $a >a; echo $b >b");
	char *quarantine = scratch_path(&scratch, ".git/objects/incoming-x");
	for (int i = 0; i < 2; i++) {
		struct oid id;
		size_t length;
		char *hex = scratch_read(&scratch, i == 0 ? "a" : "b", &length);
		ck_assert_int_eq(oid_parse(hex, 40, &id), 0);
		struct repo *repo = open_at(&scratch, ".", NULL);
		ck_assert_int_eq(repo_read(repo, &id, 100, &object, NULL),
				 ERROR_NOT_FOUND);
		repo_close(repo);
		repo = open_at(&scratch, ".", quarantine);
		ck_assert_msg(repo_read(repo, &id, 100, &object, &err) == 0, "%s",
			      err.text);
		repo_object_release(&object);
		struct oid old = scratch_id(&scratch, "HEAD:file");
		ck_assert_int_eq(repo_read(repo, &old, 100, &object, NULL), 0);
		repo_object_release(&object);
		repo_close(repo);
		free(hex);
	}
	free(quarantine);
	scratch_close(&scratch);
}
END_TEST

START_TEST(a_quarantine_elsewhere_is_refused)
{
	static const char *const names[] = { "elsewhere",
					     ".git/objects",
					     ".git",
					     ".git/objects/../../elsewhere",
					     ".git/objects/link",
					     ".git/objects-x",
					     ".git/objects/file" };
	struct scratch scratch;
	setup(&scratch);
	DO(&scratch, "sh", "-c",
	   "mkdir elsewhere .git/objects-x; ln -s ../../elsewhere .git/objects/link; : "
	   ">.git/objects/file");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct repo *repo;
		char *path = scratch_path(&scratch, names[i]);
		struct repo_options options = { .quarantine = path };
		int rc = repo_open(&repo, scratch.directory, &options, NULL);
		ck_assert_msg(rc == ERROR_UNSAFE_PATH, "%s: %s", names[i],
			      error_name(rc));
		free(path);
	}
	scratch_close(&scratch);
}
END_TEST

/* Neither the user's configuration nor the environment says anything here. */
START_TEST(the_environment_is_not_asked)
{
	struct scratch scratch;
	setup(&scratch);
	scratch_write(&scratch, ".gitconfig", "[broken\n", 8);
	setenv("HOME", scratch.directory, 1);
	setenv("GIT_DIR", "/nonexistent", 1);
	setenv("GIT_OBJECT_DIRECTORY", "/nonexistent", 1);
	setenv("GIT_CONFIG_GLOBAL", "/nonexistent", 1);
	struct repo *repo = open_at(&scratch, ".", NULL);
	struct oid id;
	ck_assert_int_eq(repo_ref(repo, "refs/heads/main", &id, NULL), 0);
	repo_close(repo);
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("repo/open", work_trees_git_directories_and_bare_ones_open,
	  nothing_is_searched_upwards, a_sha256_repository_is_refused_by_its_format,
	  objects_come_with_their_type_and_within_limits,
	  an_object_under_a_wrong_name_is_refused, replace_refs_are_not_honoured,
	  refs_are_listed_with_their_direct_ids, revisions_are_resolved,
	  tags_of_tags_are_followed_up_to_a_bound,
	  configuration_is_read_as_git_reads_it, malformed_configuration_is_refused,
	  a_quarantine_is_read_with_the_repository, a_quarantine_elsewhere_is_refused,
	  the_environment_is_not_asked)
