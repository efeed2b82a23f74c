/* tests/unit/test_job_merge.c - merge requests in the judge job, with real git: what is
 * judged is the result, what was reviewed is what is pushed, and nothing stays behind.
 */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/spawn.h"
#include "ipc/message.h"
#include "job/judge_merge.h"
#include "judge_place.h"
#include "model/facts.h"
#include "model/messages.h"
#include "sandbox/sandbox.h"

#define FINDINGS_MAX 16
#define MAIN         "refs/heads/main"

#define REVIEWED                                                                       \
	"  - name: reviewed\n    refs: [refs/heads/main]\n"                            \
	"    approvals: {count: 1, from: [bob, carol]}\n"
#define FILES "  - name: files\n    files: {forbid: [\"*.p12\", \"b/*.key\"]}\n"
#define YAML  "  - name: yaml\n    schema: {}\n"

struct trial {
	struct place place;
	struct oid base;
	struct oid head;
	struct msg_judge request;
	struct msg_review_row reviews[4];
	const char *trusted_refs[2];
	struct oid trusted[2];
	bool no_grant;
	bool confined; /* the job is a process under its profile */
	/* answers */
	struct arena *arena;
	struct msg_judged judged;
	struct msg_finding_row findings[FINDINGS_MAX];
	size_t finding_count;
	size_t merges; /* that were asked for */
};

/* main and the branch "topic", both at the first commit. */
static void trial_open(struct trial *trial, const char *rules)
{
	struct place *place = &trial->place;
	memset(trial, 0, sizeof(*trial));
	place_open(place);
	snprintf(place->floor, sizeof(place->floor),
		 "principals:\n"
		 "  alice: {email: [a@example.org], forge: {gitea: alice}}\n"
		 "  bob: {email: [bob@example.org], forge: {gitea: bob}}\n"
		 "  carol: {email: [carol@example.org], forge: {gitea: carol}}\n"
		 "rules:\n%s",
		 rules);
	DO(&place->scratch, "git", "branch", "-q", "topic");
	char *scratch = scratch_path(&place->scratch, ".git/scratch");
	ck_assert_int_eq(mkdir(scratch, 0700), 0);
	free(scratch);
}

static void trial_close(struct trial *trial)
{
	arena_free(trial->arena);
	place_close(&trial->place);
}

static void on(struct trial *trial, const char *branch)
{
	DO(&trial->place.scratch, "git", "checkout", "-q", branch);
}

static struct oid commit(struct trial *trial, const char *name, const char *text)
{
	if (name)
		place_write(&trial->place, name, text);
	return place_commit(&trial->place, "change");
}

static void approve(struct trial *trial, const char *reviewer)
{
	trial->reviews[trial->request.review_count++] =
		(struct msg_review_row){ .number = 7,
					 .reviewer = reviewer,
					 .state = "approved",
					 .commit = trial->head,
					 .submitted_at = 1 };
}

/* --- the runner: git merge-tree, as control grants it --- */

struct runner {
	struct trial *trial;
	struct channel channel;
};

static void merge_by_git(struct trial *trial, const struct msg_judge *request,
			 struct msg_ran *ran, struct spawn_result *result)
{
	char *git = scratch_path(&trial->place.scratch, ".git");
	char objects[400], alternates[400];
	snprintf(objects, sizeof(objects), "GIT_OBJECT_DIRECTORY=%s", request->scratch);
	snprintf(alternates, sizeof(alternates),
		 "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s/objects", git);
	char *base = strdup(oid_text(&request->merge_base_tip));
	char *head = strdup(oid_text(&request->merge_head));
	const char *arguments[] = {
		"git",           "--git-dir",        git,  "merge-tree", "--write-tree",
		"--no-messages", "--end-of-options", base, head,         NULL
	};
	const char *environment[] = { "PATH=" SPAWN_PATH,
				      "LC_ALL=C",
				      "HOME=/nonexistent",
				      "GIT_CONFIG_NOSYSTEM=1",
				      "GIT_CONFIG_GLOBAL=/dev/null",
				      objects,
				      alternates,
				      NULL };
	struct spawn spawn = { .arguments = arguments, .environment = environment };
	struct error err = ERROR_INIT;
	ck_assert_msg(spawn_run(&spawn, result, &err) == 0, "%s", err.text);
	buf_add(&result->output, result->errors.data, result->errors.length);
	ran->status = (uint64_t)result->status;
	ran->output = (struct msg_bytes){ result->output.data, result->output.length };
	free(base);
	free(head);
	free(git);
}

static void *run_runner(void *data)
{
	struct runner *runner = data;
	struct arena *arena = arena_new((size_t)1 << 20);
	enum message_type type;
	void *message;
	if (channel_receive(&runner->channel, arena, &type, &message, NULL, NULL) ==
	    1) {
		struct msg_ran ran = { 0 };
		struct spawn_result result;
		runner->trial->merges++;
		merge_by_git(runner->trial, &runner->trial->request, &ran, &result);
		channel_send(&runner->channel, MESSAGE_ran, &ran, NULL, 0, NULL);
		spawn_result_release(&result);
	}
	channel_close(&runner->channel);
	arena_free(arena);
	return NULL;
}

/* --- the job --- */

static void *run_job(void *data)
{
	struct channel *channel = data;
	job_judge(channel);
	channel_close(channel);
	return NULL;
}

/* As the zygote makes it. */
static void run_confined(struct trial *trial, struct channel *job)
{
	char *scratch = scratch_path(&trial->place.scratch, ".git/scratch");
	const char *read[] = { trial->place.scratch.directory };
	const char *write[] = { scratch };
	struct sandbox_paths paths = {
		.read = read, .read_count = 1, .write = write, .write_count = 1
	};
	struct sandbox_options options = { 0 };
	struct error err = ERROR_INIT;
	if (sandbox_enter(PROFILE_JUDGE, &paths, &options, NULL, &err) != 0) {
		fprintf(stderr, "# %s\n", err.text);
		_exit(1);
	}
	_exit(job_judge(job));
}

static int floor_fd(const struct trial *trial)
{
	struct policy_file file = { "floor.yaml", trial->place.floor,
				    strlen(trial->place.floor) };
	struct buf pack = BUF_INIT((size_t)1 << 20);
	ck_assert_int_eq(policy_files_pack(&pack, &file, 1, 1, NULL), 0);
	int fd = memfd_create("floor", MFD_CLOEXEC);
	ck_assert_int_eq(fd_write_all(fd, pack.data, pack.length, NULL), 0);
	buf_release(&pack);
	return fd;
}

static void is_tidy(struct trial *trial)
{
	char *path = scratch_path(&trial->place.scratch, ".git/scratch");
	DIR *directory = opendir(path);
	for (struct dirent *entry; (entry = readdir(directory));)
		ck_assert_msg(entry->d_name[0] == '.', "%s stays", entry->d_name);
	closedir(directory);
	free(path);
}

static void take_answer(struct trial *trial, struct channel *channel,
			enum message_type type, const void *message)
{
	static const struct msg_facts_known nothing;
	switch ((int)type) {
	case MESSAGE_facts_get:
		channel_send(channel, MESSAGE_facts_known, &nothing, NULL, 0, NULL);
		return;
	case MESSAGE_facts_put:
		return;
	case MESSAGE_finding_row:
		ck_assert_uint_lt(trial->finding_count, FINDINGS_MAX);
		trial->findings[trial->finding_count++] =
			*(const struct msg_finding_row *)message;
		return;
	case MESSAGE_judged:
		trial->judged = *(const struct msg_judged *)message;
		return;
	}
	ck_abort_msg("a message of type %d", (int)type);
}

static void trial_run(struct trial *trial)
{
	struct msg_judge *request = &trial->request;
	struct runner runner = { .trial = trial };
	struct channel channel, job;
	pthread_t job_thread, runner_thread;
	enum message_type type;
	void *message;
	int pair[2], grant[2];
	char *scratch = scratch_path(&trial->place.scratch, ".git/scratch/12");

	arena_free(trial->arena);
	trial->arena = arena_new((size_t)16 << 20);
	trial->finding_count = trial->merges = 0;
	request->scratch = scratch;
	ck_assert_int_eq(channel_pair(pair, NULL), 0);
	ck_assert_int_eq(channel_pair(grant, NULL), 0);
	ck_assert_int_eq(channel_open(&channel, pair[0], false, NULL), 0);
	ck_assert_int_eq(channel_open(&job, pair[1], false, NULL), 0);
	ck_assert_int_eq(channel_open(&runner.channel, grant[0], false, NULL), 0);
	int fds[] = { floor_fd(trial), grant[1] };
	bool grants = request->has_merge && !trial->no_grant;
	ck_assert_int_eq(channel_send(&channel, MESSAGE_judge, request, fds,
				      grants ? 2 : 1, NULL),
			 0);
	close(fds[0]);
	close(fds[1]);
	for (uint64_t i = 0; i < request->review_count; i++)
		channel_send(&channel, MESSAGE_review_row, &trial->reviews[i], NULL, 0,
			     NULL);
	pid_t pid = 0;
	if (trial->confined) {
		ck_assert_int_eq(repo_library_init(NULL), 0);
		pid = fork();
		if (pid == 0) {
			channel_close(&channel);
			channel_close(&runner.channel);
			run_confined(trial, &job);
		}
		channel_close(&job);
	}
	pthread_create(&runner_thread, NULL, run_runner, &runner);
	if (!trial->confined)
		pthread_create(&job_thread, NULL, run_job, &job);
	while (channel_receive(&channel, trial->arena, &type, &message, NULL, NULL) ==
	       1)
		take_answer(trial, &channel, type, message);
	int status = 0;
	if (trial->confined)
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	else
		pthread_join(job_thread, NULL);
	pthread_join(runner_thread, NULL);
	ck_assert_int_eq(status, 0);
	channel_close(&channel);
	is_tidy(trial);
	free(scratch);
}

static void prepare(struct trial *trial)
{
	struct msg_judge *request = &trial->request;
	trial->trusted[0] = trial->place.anchor;
	trial->trusted[1] = trial->base;
	trial->trusted_refs[0] = "";
	trial->trusted_refs[1] = MAIN;
	uint64_t reviews = request->review_count;
	*request = (struct msg_judge){
		.repository = "shop",
		.path = trial->place.scratch.directory,
		.ref = MAIN,
		.old_id = trial->base,
		.received_at = clock_now(),
		.policy_commit = trial->base,
		.trusted = { trial->trusted, 2 },
		.trusted_refs = { trial->trusted_refs, 2 },
		.has_reviews = true,
		.number = 7,
		.author = "alice",
		.source = "forge",
		.forge = "gitea",
		.base_ref = MAIN,
		.merge_base_tip = trial->base,
		.merge_head = trial->head,
		.review_count = reviews,
	};
}

/* Judges the merge request of trial->head into trial->base. */
static void judge_request(struct trial *trial)
{
	prepare(trial);
	trial->request.new_id = trial->head;
	trial->request.has_merge = true;
	trial_run(trial);
}

/* Judges a push to main, which comes by that merge request. */
static void judge_push(struct trial *trial, struct oid tip)
{
	prepare(trial);
	trial->request.new_id = tip;
	trial->request.has_merge = !oid_equal(&tip, &trial->head);
	trial_run(trial);
}

static void passes(const struct trial *trial)
{
	ck_assert_msg(strcmp(trial->judged.result, "pass") == 0, "%s: %s %s",
		      trial->judged.result,
		      trial->finding_count ? trial->findings[0].message : "",
		      trial->judged.text ? trial->judged.text : "");
}

static const struct msg_finding_row *refused(const struct trial *trial, int code)
{
	ck_assert_msg(strcmp(trial->judged.result, "fail") == 0, "%s %s",
		      trial->judged.result,
		      trial->judged.text ? trial->judged.text : "");
	ck_assert_msg(trial->finding_count == 1 &&
			      strcmp(trial->findings[0].code, error_name(code)) == 0,
		      "%zu findings: %s", trial->finding_count,
		      trial->findings[0].message);
	return &trial->findings[0];
}

static struct oid tree_of(struct trial *trial, struct oid id)
{
	char revision[80];
	snprintf(revision, sizeof(revision), "%s^{tree}", oid_text(&id));
	return scratch_id(&trial->place.scratch, revision);
}

/* What git itself makes of it: a merge commit. */
static struct oid merged(struct trial *trial)
{
	struct scratch *scratch = &trial->place.scratch;
	DO(scratch, "git", "checkout", "-q", "-B", "merged", oid_text(&trial->base));
	DO(scratch, "git", "merge", "-q", "--no-ff", "-m", "merge",
	   oid_text(&trial->head));
	return scratch_id(scratch, "HEAD");
}

/* --- merge requests --- */

START_TEST(the_result_is_judged)
{
	struct trial trial;
	trial_open(&trial, FILES YAML);
	on(&trial, "topic");
	commit(&trial, "topic.yaml", "a: 1\n");
	trial.head = commit(&trial, "topic2.yaml", "a: 1\n");
	on(&trial, "main");
	trial.base = commit(&trial, "main.yaml", "a: 1\n");
	judge_request(&trial);
	passes(&trial);
	struct oid tree = tree_of(&trial, merged(&trial));
	ck_assert(oid_equal(&trial.judged.result_tree, &tree));
	ck_assert_uint_eq(trial.judged.commits, 2);
	ck_assert_uint_eq(trial.merges, 1);
	ck_assert(!digest_is_none(&trial.judged.policy));
	trial_close(&trial);
}
END_TEST

START_TEST(a_conflict_is_said_with_its_files)
{
	struct trial trial;
	trial_open(&trial, FILES);
	on(&trial, "topic");
	place_write(&trial.place, "also", "topic\n");
	trial.head = commit(&trial, "start", "topic\n");
	on(&trial, "main");
	place_write(&trial.place, "also", "main\n");
	trial.base = commit(&trial, "start", "main\n");
	judge_request(&trial);
	const struct msg_finding_row *finding = refused(&trial, ERROR_MERGE_CONFLICT);
	ck_assert_str_eq(finding->message, "it cannot be merged into 'refs/heads/main' "
					   "without "
					   "conflicts: also, start");
	ck_assert(!digest_is_none(&trial.judged.policy));
	ck_assert_uint_eq(trial.judged.result_tree.length, 0);
	trial_close(&trial);
}
END_TEST

/* main renames what the topic edits, and the topic something else. The result is in
 * neither. */
START_TEST(renames_of_both_sides_meet)
{
	struct trial trial;
	trial_open(&trial, FILES);
	struct scratch *scratch = &trial.place.scratch;
	on(&trial, "main");
	place_write(&trial.place, "a/one", "one\ntwo\nthree\nfour\n");
	place_write(&trial.place, "c/one", "1\n2\n3\n4\n");
	trial.place.anchor = commit(&trial, "a/two", "five\nsix\nseven\n");
	DO(scratch, "git", "checkout", "-q", "-B", "topic");
	DO(scratch, "git", "mv", "c/one", "c/uno");
	trial.head = commit(&trial, "a/one", "one\ntwo\nthree\nfour\nmore\n");
	on(&trial, "main");
	DO(scratch, "git", "mv", "a/one", "a/uno");
	trial.base = commit(&trial, NULL, NULL);
	judge_request(&trial);
	passes(&trial);
	struct oid tree = tree_of(&trial, merged(&trial));
	ck_assert(oid_equal(&trial.judged.result_tree, &tree));
	/* where main put it, the topic's edit is forbidden */
	on(&trial, "main");
	place_write(&trial.place, "b/x", "x\n");
	DO(scratch, "git", "mv", "a/uno", "b/uno.key");
	trial.base = commit(&trial, NULL, NULL);
	judge_request(&trial);
	ck_assert_str_eq(refused(&trial, ERROR_RULE_FILE_FORBIDDEN)->path, "b/uno.key");
	trial_close(&trial);
}
END_TEST

/* As the forges do: git takes it for a conflict. */
START_TEST(a_directory_that_moved_conflicts_with_a_new_file_in_it)
{
	struct trial trial;
	trial_open(&trial, FILES);
	on(&trial, "main");
	trial.place.anchor = commit(&trial, "a/two", "four\nfive\nsix\n");
	DO(&trial.place.scratch, "git", "checkout", "-q", "-B", "topic");
	trial.head = commit(&trial, "a/new", "seven\n");
	on(&trial, "main");
	DO(&trial.place.scratch, "git", "mv", "a", "b");
	trial.base = commit(&trial, NULL, NULL);
	judge_request(&trial);
	ck_assert_ptr_nonnull(
		strstr(refused(&trial, ERROR_MERGE_CONFLICT)->message, ": b/new"));
	trial_close(&trial);
}
END_TEST

START_TEST(histories_may_cross)
{
	struct trial trial;
	trial_open(&trial, REVIEWED);
	struct scratch *scratch = &trial.place.scratch;
	on(&trial, "topic");
	struct oid topic = commit(&trial, "topic", "1\n");
	on(&trial, "main");
	struct oid main_id = commit(&trial, "main", "1\n");
	DO(scratch, "git", "merge", "-q", "-m", "cross", oid_text(&topic));
	trial.base = commit(&trial, "main", "2\n");
	on(&trial, "topic");
	DO(scratch, "git", "merge", "-q", "-m", "cross", oid_text(&main_id));
	trial.head = commit(&trial, "topic", "2\n");
	approve(&trial, "bob");
	judge_request(&trial);
	passes(&trial);
	struct oid merge = merged(&trial), tree = tree_of(&trial, merge);
	ck_assert(oid_equal(&trial.judged.result_tree, &tree));
	judge_push(&trial, merge);
	passes(&trial);
	trial_close(&trial);
}
END_TEST

/* Each side is well-formed; together they are not. */
START_TEST(what_only_the_merge_brings_is_seen)
{
	struct trial trial;
	static const char middle[] = "b: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\n";
	char text[200];
	trial_open(&trial, YAML);
	on(&trial, "main");
	trial.place.anchor = commit(&trial, "app.yaml", middle);
	DO(&trial.place.scratch, "git", "checkout", "-q", "-B", "topic");
	snprintf(text, sizeof(text), "%sx: 2\n", middle);
	trial.head = commit(&trial, "app.yaml", text);
	on(&trial, "main");
	snprintf(text, sizeof(text), "x: 1\n%s", middle);
	trial.base = commit(&trial, "app.yaml", text);
	judge_request(&trial);
	ck_assert_str_eq(refused(&trial, ERROR_DUPLICATE_KEY)->path, "app.yaml");
	trial_close(&trial);
}
END_TEST

/* What a commit brought and the next one took away stays in the history. */
START_TEST(each_commit_is_judged_too)
{
	struct trial trial;
	trial_open(&trial, FILES);
	trial.base = trial.place.anchor;
	on(&trial, "topic");
	commit(&trial, "secret.p12", "x\n");
	DO(&trial.place.scratch, "git", "rm", "-q", "secret.p12");
	trial.head = commit(&trial, NULL, NULL);
	judge_request(&trial);
	ck_assert_str_eq(refused(&trial, ERROR_RULE_FILE_FORBIDDEN)->path, "secret."
									   "p12");
	trial_close(&trial);
}
END_TEST

START_TEST(what_the_base_contains_passes)
{
	struct trial trial;
	trial_open(&trial, REVIEWED FILES);
	on(&trial, "main");
	trial.head = commit(&trial, "one", "1\n");
	trial.base = commit(&trial, "two", "1\n");
	judge_request(&trial);
	passes(&trial);
	ck_assert_uint_eq(trial.judged.commits, 0);
	ck_assert(!digest_is_none(&trial.judged.policy));
	/* a base that was never accepted lends nothing */
	trial.base = trial.place.anchor;
	judge_request(&trial);
	refused(&trial, ERROR_REVIEWS_MISSING);
	trial_close(&trial);
}
END_TEST

START_TEST(the_policy_is_the_bases)
{
	struct trial trial;
	trial_open(&trial, FILES);
	on(&trial, "main");
	trial.base = trial.place.anchor = commit(&trial, ".gitgate.yaml",
						 "rules:\n  - {name: own, files: "
						 "{forbid: [\"*.own\"]}}\n");
	DO(&trial.place.scratch, "git", "checkout", "-q", "-B", "topic");
	place_write(&trial.place, ".gitgate.yaml", "rules: []\n");
	trial.head = commit(&trial, "x.own", "x\n");
	judge_request(&trial);
	refused(&trial, ERROR_RULE_FILE_FORBIDDEN);
	/* and one that is broken does not come in */
	trial.head = commit(&trial, ".gitgate.yaml", "rules: {}\n");
	judge_request(&trial);
	refused(&trial, ERROR_POLICY_PUSHED_BROKEN);
	trial_close(&trial);
}
END_TEST

START_TEST(a_merge_that_cannot_be_made_is_no_verdict)
{
	struct trial trial;
	trial_open(&trial, FILES);
	on(&trial, "topic");
	trial.head = commit(&trial, "one", "1\n");
	trial.base = trial.place.anchor;
	trial.no_grant = true;
	judge_request(&trial);
	ck_assert_str_eq(trial.judged.result, "unknown");
	ck_assert_int_eq(trial.judged.code, ERROR_MESSAGE);
	trial.no_grant = false;
	memset(trial.head.bytes, 0x77, 20);
	judge_request(&trial);
	ck_assert_str_eq(trial.judged.result, "unknown");
	ck_assert_ptr_nonnull(strstr(trial.judged.text, "not something we can merge"));
	DO(&trial.place.scratch, "git", "checkout", "-q", "--orphan", "alone");
	trial.head = commit(&trial, "one", "1\n");
	judge_request(&trial);
	ck_assert_str_eq(trial.judged.result, "unknown");
	ck_assert_ptr_nonnull(strstr(trial.judged.text, "unrelated"));
	trial_close(&trial);
}
END_TEST

START_TEST(reviews_are_for_the_head_alone)
{
	struct trial trial;
	trial_open(&trial, REVIEWED);
	trial.base = trial.place.anchor;
	on(&trial, "topic");
	trial.head = commit(&trial, "one", "1\n");
	approve(&trial, "bob");
	judge_request(&trial);
	passes(&trial);
	trial.head = commit(&trial, "one", "2\n");
	judge_request(&trial);
	refused(&trial, ERROR_REVIEWS_MISSING);
	approve(&trial, "alice");
	judge_request(&trial);
	refused(&trial, ERROR_REVIEWS_MISSING);
	approve(&trial, "carol");
	judge_request(&trial);
	passes(&trial);
	trial_close(&trial);
}
END_TEST

/* --- pushes --- */

/* A topic of two commits by Alice, and a main that went on; Bob approves. */
static void trial_reviewed(struct trial *trial)
{
	trial_open(trial, REVIEWED);
	on(trial, "topic");
	commit(trial, "one", "1\n");
	trial->head = commit(trial, "two", "2\n");
	on(trial, "main");
	trial->base = commit(trial, "main", "1\n");
	approve(trial, "bob");
}

START_TEST(what_was_reviewed_may_be_merged_squashed_or_rebased)
{
	struct trial trial;
	trial_reviewed(&trial);
	struct scratch *scratch = &trial.place.scratch;
	judge_push(&trial, merged(&trial));
	passes(&trial);
	ck_assert_uint_eq(trial.judged.result_tree.length, 0);
	DO(scratch, "git", "checkout", "-q", "-B", "squashed", oid_text(&trial.base));
	DO(scratch, "git", "merge", "-q", "--squash", oid_text(&trial.head));
	judge_push(&trial, commit(&trial, NULL, NULL));
	passes(&trial);
	DO(scratch, "git", "checkout", "-q", "-B", "rebased", oid_text(&trial.head));
	DO(scratch, "git", "rebase", "-q", oid_text(&trial.base));
	judge_push(&trial, scratch_id(scratch, "HEAD"));
	passes(&trial);
	trial_close(&trial);
}
END_TEST

START_TEST(a_fast_forward_needs_no_merge)
{
	struct trial trial;
	trial_reviewed(&trial);
	trial.base = trial.place.anchor;
	judge_push(&trial, trial.head);
	passes(&trial);
	ck_assert_uint_eq(trial.merges, 0);
	trial_close(&trial);
}
END_TEST

/* Forced back to a head that was approved once: what was accepted since would go. */
START_TEST(an_old_head_is_not_what_was_approved)
{
	struct trial trial;
	trial_reviewed(&trial);
	judge_push(&trial, trial.head);
	refused(&trial, ERROR_REVIEWS_OTHER_CONTENT);
	trial.base = merged(&trial);
	judge_push(&trial, trial.head);
	refused(&trial, ERROR_REVIEWS_OTHER_CONTENT);
	trial_close(&trial);
}
END_TEST

START_TEST(more_than_was_reviewed_is_refused)
{
	struct trial trial;
	trial_reviewed(&trial);
	struct scratch *scratch = &trial.place.scratch;
	/* an evil merge */
	merged(&trial);
	place_write(&trial.place, "more", "x\n");
	DO(scratch, "git", "add", "-A");
	DO(scratch, "git", "commit", "-q", "--amend", "--no-edit");
	judge_push(&trial, scratch_id(scratch, "HEAD"));
	refused(&trial, ERROR_REVIEWS_OTHER_CONTENT);
	/* one more commit on top */
	merged(&trial);
	judge_push(&trial, commit(&trial, "more", "x\n"));
	refused(&trial, ERROR_REVIEWS_OTHER_CONTENT);
	/* less: one side of it */
	DO(scratch, "git", "checkout", "-q", "-B", "ours", oid_text(&trial.base));
	DO(scratch, "git", "merge", "-q", "-s", "ours", "-m", "ours",
	   oid_text(&trial.head));
	judge_push(&trial, scratch_id(scratch, "HEAD"));
	refused(&trial, ERROR_REVIEWS_OTHER_CONTENT);
	/* a change of the mode alone */
	merged(&trial);
	DO(scratch, "git", "update-index", "--chmod=+x", "one");
	DO(scratch, "git", "commit", "-q", "--amend", "--no-edit");
	judge_push(&trial, scratch_id(scratch, "HEAD"));
	refused(&trial, ERROR_REVIEWS_OTHER_CONTENT);
	trial_close(&trial);
}
END_TEST

/* Who solves a conflict while merging writes what nobody reviewed. */
START_TEST(a_conflict_solved_by_the_push_is_other_content)
{
	struct trial trial;
	trial_open(&trial, REVIEWED);
	on(&trial, "topic");
	trial.head = commit(&trial, "start", "topic\n");
	on(&trial, "main");
	trial.base = commit(&trial, "start", "main\n");
	approve(&trial, "bob");
	ck_assert_int_ne(
		TRY(&trial.place.scratch, "git", "merge", "-q", oid_text(&trial.head)),
		0);
	judge_push(&trial, commit(&trial, "start", "both\n"));
	refused(&trial, ERROR_REVIEWS_OTHER_CONTENT);
	trial_close(&trial);
}
END_TEST

START_TEST(the_approver_may_press_the_button)
{
	struct trial trial;
	trial_reviewed(&trial);
	struct scratch *scratch = &trial.place.scratch;
	merged(&trial);
	DO(scratch, "git", "commit", "-q", "--amend", "--no-edit", "--author",
	   "Bob <bob@example.org>");
	judge_push(&trial, scratch_id(scratch, "HEAD"));
	passes(&trial);
	trial_close(&trial);
}
END_TEST

START_TEST(who_wrote_a_commit_does_not_approve_it_squashed_either)
{
	struct trial trial;
	trial_reviewed(&trial);
	struct scratch *scratch = &trial.place.scratch;
	on(&trial, "topic");
	commit(&trial, "three", "3\n");
	DO(scratch, "git", "commit", "-q", "--amend", "--no-edit", "--author",
	   "Bob <Bob@example.org>");
	trial.head = scratch_id(scratch, "HEAD");
	trial.request.review_count = 0;
	approve(&trial, "bob");
	DO(scratch, "git", "checkout", "-q", "-B", "squashed", oid_text(&trial.base));
	DO(scratch, "git", "merge", "-q", "--squash", oid_text(&trial.head));
	struct oid squashed = commit(&trial, NULL, NULL);
	judge_push(&trial, squashed);
	ck_assert_ptr_nonnull(strstr(refused(&trial, ERROR_REVIEWS_MISSING)->message,
				     "'bob' made a commit of it"));
	approve(&trial, "carol");
	judge_push(&trial, squashed);
	passes(&trial);
	trial_close(&trial);
}
END_TEST

START_TEST(an_approval_is_for_one_branch)
{
	struct trial trial;
	trial_reviewed(&trial);
	struct oid merge = merged(&trial);
	prepare(&trial);
	trial.request.new_id = merge;
	trial.request.has_merge = true;
	trial.request.base_ref = "refs/heads/release";
	trial_run(&trial);
	ck_assert_ptr_nonnull(strstr(refused(&trial, ERROR_REVIEWS_MISSING)->message,
				     "goes to 'refs/heads/release'"));
	trial_close(&trial);
}
END_TEST

START_TEST(reviews_that_nobody_read_are_asked_for)
{
	struct trial trial;
	trial_reviewed(&trial);
	struct oid merge = merged(&trial);
	prepare(&trial);
	trial.request =
		(struct msg_judge){ .repository = "shop",
				    .path = trial.request.path,
				    .ref = MAIN,
				    .old_id = trial.base,
				    .new_id = merge,
				    .received_at = clock_now(),
				    .policy_commit = trial.base,
				    .trusted = trial.request.trusted,
				    .trusted_refs = trial.request.trusted_refs };
	trial_run(&trial);
	refused(&trial, ERROR_REVIEWS_UNKNOWN);
	ck_assert(trial.judged.needs_reviews);
	trial.request.has_reviews = true;
	trial_run(&trial);
	refused(&trial, ERROR_REVIEWS_MISSING);
	ck_assert(!trial.judged.needs_reviews);
	/* where no rule asks */
	trial.request.has_reviews = false;
	trial.request.ref = "refs/heads/other";
	trial_run(&trial);
	ck_assert(!trial.judged.needs_reviews);
	/* nor for a deletion */
	trial.request.ref = MAIN;
	memset(trial.request.new_id.bytes, 0, 20);
	trial_run(&trial);
	ck_assert(!trial.judged.needs_reviews);
	trial_close(&trial);
}
END_TEST

/* A head that is gone must not keep away what needs no reviews. */
START_TEST(nothing_is_merged_for_a_push_that_no_rule_wants_reviewed)
{
	struct trial trial;
	trial_reviewed(&trial);
	struct oid merge = merged(&trial);
	snprintf(trial.place.floor, sizeof(trial.place.floor), "rules:\n%s", FILES);
	memset(trial.head.bytes, 0x77, 20);
	judge_push(&trial, merge);
	passes(&trial);
	ck_assert_uint_eq(trial.merges, 0);
	trial_close(&trial);
}
END_TEST

START_TEST(a_confined_judge_merges_and_tidies)
{
	struct trial trial;
	trial_reviewed(&trial);
	trial.confined = true;
	judge_request(&trial);
	passes(&trial);
	judge_push(&trial, merged(&trial));
	passes(&trial);
	ck_assert_uint_eq(trial.merges, 1);
	trial_close(&trial);
}
END_TEST

START_TEST(what_a_killed_judge_left_is_no_hindrance)
{
	struct trial trial;
	trial_reviewed(&trial);
	DO(&trial.place.scratch, "mkdir", "-p", ".git/scratch/12/ab");
	DO(&trial.place.scratch, "touch", ".git/scratch/12/ab/cd");
	judge_request(&trial);
	passes(&trial);
	trial_close(&trial);
}
END_TEST

START_TEST(reviews_may_be_wanted_for_some_paths)
{
	struct trial trial;
	trial_open(&trial, "  - name: production\n    refs: [refs/heads/main]\n"
			   "    paths: [\"production/**\"]\n"
			   "    approvals: {from: [bob]}\n");
	trial.base = trial.place.anchor;
	on(&trial, "topic");
	trial.head = commit(&trial, "docs/one", "1\n");
	judge_request(&trial);
	passes(&trial);
	commit(&trial, "production/one", "1\n");
	DO(&trial.place.scratch, "git", "rm", "-q", "production/one");
	trial.head = commit(&trial, NULL, NULL);
	judge_request(&trial);
	refused(&trial, ERROR_REVIEWS_MISSING);
	approve(&trial, "bob");
	judge_request(&trial);
	passes(&trial);
	trial_close(&trial);
}
END_TEST

START_TEST(a_head_is_a_forks_unless_control_says_otherwise)
{
	struct msg_judge request = { .number = 7 };
	struct merger merger = { .request = &request, .grant = -1 };
	struct merge_request_fact fact;
	ck_assert_int_eq(merger_describe(&merger, &fact, NULL), 0);
	ck_assert(fact.fork);
	request.own_head = true;
	ck_assert_int_eq(merger_describe(&merger, &fact, NULL), 0);
	ck_assert(!fact.fork);
}
END_TEST

UNIT_MAIN("job/merge", the_result_is_judged, a_conflict_is_said_with_its_files,
	  renames_of_both_sides_meet,
	  a_directory_that_moved_conflicts_with_a_new_file_in_it, histories_may_cross,
	  what_only_the_merge_brings_is_seen, each_commit_is_judged_too,
	  what_the_base_contains_passes, the_policy_is_the_bases,
	  a_merge_that_cannot_be_made_is_no_verdict, reviews_are_for_the_head_alone,
	  what_was_reviewed_may_be_merged_squashed_or_rebased,
	  a_fast_forward_needs_no_merge, an_old_head_is_not_what_was_approved,
	  more_than_was_reviewed_is_refused,
	  a_conflict_solved_by_the_push_is_other_content,
	  the_approver_may_press_the_button,
	  who_wrote_a_commit_does_not_approve_it_squashed_either,
	  an_approval_is_for_one_branch, reviews_that_nobody_read_are_asked_for,
	  nothing_is_merged_for_a_push_that_no_rule_wants_reviewed,
	  a_confined_judge_merges_and_tidies, what_a_killed_judge_left_is_no_hindrance,
	  reviews_may_be_wanted_for_some_paths,
	  a_head_is_a_forks_unless_control_says_otherwise)
