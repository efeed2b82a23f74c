/* tests/unit/test_job_fetch.c - the fetch job with real git: every ref is told, nothing
 * of the source runs, and a mirror that a killed job left is mended. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "ipc/message.h"
#include "job/fetch.h"
#include "scratch.h"

struct fetch {
	struct scratch scratch; /* the source, a work tree */
	char *source;
	char *mirror;
	struct msg_fetch request;
	struct arena *arena;
	/* answers */
	struct msg_ref_row refs[32];
	size_t ref_count;
	struct msg_fetched fetched;
};

static const char *const refspecs[] = { "+refs/heads/*:refs/heads/*", "+refs/tags/"
								      "*:refs/tags/*" };

static void fetch_open(struct fetch *fetch)
{
	memset(fetch, 0, sizeof(*fetch));
	scratch_open(&fetch->scratch);
	DO(&fetch->scratch, "git", "init", "-q", "-b", "main", "source");
	fetch->source = scratch_path(&fetch->scratch, "source");
	fetch->mirror = scratch_path(&fetch->scratch, "mirrors/shop.git");
	DO(&fetch->scratch, "git", "-C", "source", "commit", "-q", "--allow-empty",
	   "-m", "begin");
	fetch->request = (struct msg_fetch){
		.repository = "shop",
		.mirror = fetch->mirror,
		.url = fetch->source,
		.is_local = true,
		.timeout = 30 * CLOCK_SECOND,
		.refspecs = { refspecs, 2 },
	};
}

static void fetch_close(struct fetch *fetch)
{
	arena_free(fetch->arena);
	free(fetch->source);
	free(fetch->mirror);
	scratch_close(&fetch->scratch);
}

struct running {
	struct channel channel;
	intptr_t status;
};

static void *run_job(void *data)
{
	struct running *running = data;
	running->status = job_fetch(&running->channel);
	channel_close(&running->channel);
	return NULL;
}

static int fetch_run(struct fetch *fetch)
{
	struct running running = { .status = -1 };
	struct channel channel;
	struct error err = ERROR_INIT;
	pthread_t thread;
	enum message_type type;
	void *message;
	int pair[2];
	arena_free(fetch->arena);
	fetch->arena = arena_new((size_t)64 << 20);
	fetch->ref_count = 0;
	fetch->fetched = (struct msg_fetched){ .code = ERROR_CLOSED };
	ck_assert_int_eq(channel_pair(pair, &err), 0);
	ck_assert_int_eq(channel_open(&channel, pair[0], false, &err), 0);
	ck_assert_int_eq(channel_open(&running.channel, pair[1], false, &err), 0);
	ck_assert_int_eq(
		channel_send(&channel, MESSAGE_fetch, &fetch->request, NULL, 0, &err),
		0);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_job, &running), 0);
	while (channel_receive(&channel, fetch->arena, &type, &message, NULL, &err) ==
	       1) {
		if (type == MESSAGE_ref_row) {
			ck_assert_uint_lt(fetch->ref_count, 32);
			fetch->refs[fetch->ref_count++] =
				*(const struct msg_ref_row *)message;
		} else {
			ck_assert_int_eq(type, MESSAGE_fetched);
			fetch->fetched = *(const struct msg_fetched *)message;
		}
	}
	pthread_join(thread, NULL);
	channel_close(&channel);
	ck_assert_int_eq(running.status, 0);
	/* Nothing private stays. */
	char *private = path_join(fetch->mirror, "gitgate");
	ck_assert(!path_exists(private));
	free(private);
	return (int)fetch->fetched.code;
}

static void fetch_well(struct fetch *fetch)
{
	int code = fetch_run(fetch);
	ck_assert_msg(code == 0, "%s: %s", error_name(code), fetch->fetched.text);
}

static const struct oid *ref_of(const struct fetch *fetch, const char *name)
{
	for (size_t i = 0; i < fetch->ref_count; i++)
		if (strcmp(fetch->refs[i].ref, name) == 0)
			return &fetch->refs[i].tip;
	return NULL;
}

static struct oid source_id(struct fetch *fetch, const char *revision)
{
	struct oid id;
	char *text = RUN(&fetch->scratch, "git", "-C", "source", "rev-parse", revision);
	ck_assert_int_eq(oid_parse(text, strlen(text), &id), 0);
	free(text);
	return id;
}

START_TEST(every_branch_and_tag_is_told_and_the_head)
{
	struct fetch fetch;
	fetch_open(&fetch);
	struct scratch *scratch = &fetch.scratch;
	DO(scratch, "git", "-C", "source", "tag", "-a", "-m", "v1", "v1");
	DO(scratch, "git", "-C", "source", "branch", "a/b");
	DO(scratch, "git", "-C", "source", "update-ref", "refs/private/x", "HEAD");
	fetch_well(&fetch);
	ck_assert_uint_eq(fetch.ref_count, 3);
	struct oid tag = source_id(&fetch, "refs/tags/v1");
	ck_assert(oid_equal(ref_of(&fetch, "refs/tags/v1"), &tag));
	ck_assert_ptr_nonnull(ref_of(&fetch, "refs/heads/a/b"));
	ck_assert_str_eq(fetch.fetched.head, "refs/heads/main");

	/* Moved, forced back, gone. */
	DO(scratch, "git", "-C", "source", "branch", "-q", "-D", "a/b");
	DO(scratch, "git", "-C", "source", "commit", "-q", "--amend", "--allow-empty",
	   "-m", "other");
	fetch_well(&fetch);
	struct oid main_id = source_id(&fetch, "refs/heads/main");
	ck_assert_uint_eq(fetch.ref_count, 2);
	ck_assert(oid_equal(ref_of(&fetch, "refs/heads/main"), &main_id));
	fetch_close(&fetch);
}
END_TEST

START_TEST(a_source_that_is_not_there_is_said)
{
	struct fetch fetch;
	fetch_open(&fetch);
	fetch_well(&fetch);
	fetch.request.url = "/nowhere/at/all.git";
	ck_assert_int_lt(fetch_run(&fetch), 0);
	ck_assert_ptr_nonnull(strstr(fetch.fetched.text, "/nowhere/at/all.git"));
	ck_assert_uint_eq(fetch.ref_count, 0);
	fetch_close(&fetch);
}
END_TEST

/* Hooks, commands in configurations, addresses that look like options or helpers. */
START_TEST(nothing_of_the_source_runs)
{
	static const char *const urls[] = {
		"--upload-pack=touch ../ran",   "ext::sh -c 'touch ../ran'",
		"-oProxyCommand=touch ../ran",  "fd::3",
		"git://127.0.0.1:1/x",          "http://127.0.0.1:1/x",
		"ssh://-oProxyCommand=touch/x",
	};
	struct fetch fetch;
	fetch_open(&fetch);
	static const char hook[] = "#!/bin/sh\ntouch \"$HOME/../ran\" ../ran "
				   "/tmp/ran-$$\n"
				   "echo ran >&2\n";
	char *ran = scratch_path(&fetch.scratch, "ran");
	for (int i = 0; i < 2; i++) {
		static const char *const hooks[] = {
			"source/.git/hooks/post-checkout",
			"source/.git/hooks/reference-transaction",
		};
		scratch_write(&fetch.scratch, hooks[i], hook, sizeof(hook) - 1);
		char *path = scratch_path(&fetch.scratch, hooks[i]);
		ck_assert_int_eq(chmod(path, 0755), 0);
		free(path);
	}
	DO(&fetch.scratch, "git", "-C", "source", "config",
	   "uploadpack.packObjectsHook", "touch ../ran; exec");
	DO(&fetch.scratch, "git", "-C", "source", "config", "core.fsmonitor",
	   "touch ../ran");
	DO(&fetch.scratch, "git", "-C", "source", "config", "core.sshCommand",
	   "touch ../ran");
	fetch_well(&fetch);
	ck_assert(!path_exists(ran));
	fetch.request.is_local = false;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		fetch.request.url = urls[i];
		ck_assert_msg(fetch_run(&fetch) < 0, "%s", urls[i]);
		ck_assert_msg(!path_exists(ran), "%s", urls[i]);
	}
	free(ran);
	fetch_close(&fetch);
}
END_TEST

START_TEST(defects_are_refused_unless_they_are_allowed)
{
	struct fetch fetch;
	size_t length;
	fetch_open(&fetch);
	fetch_well(&fetch);
	char *raw;
	const char *const cat[] = { "git",    "-C",   "source", "cat-file",
				    "commit", "HEAD", NULL };
	ck_assert_int_eq(scratch_try(&fetch.scratch, NULL, 0, &raw, &length, cat), 0);
	char *blank = strstr(raw, "> "); /* no blank before the date */
	memmove(blank + 1, blank + 2, length - (size_t)(blank + 2 - raw));
	char *id;
	const char *const hash[] = {
		"git",    "-C", "source",      "hash-object", "-t",
		"commit", "-w", "--literally", "--stdin",     NULL
	};
	ck_assert_int_eq(scratch_try(&fetch.scratch, raw, length - 1, &id, NULL, hash),
			 0);
	id[strcspn(id, "\n")] = '\0';
	DO(&fetch.scratch, "git", "-C", "source", "update-ref", "refs/heads/old", id);
	ck_assert_int_lt(fetch_run(&fetch), 0);
	ck_assert_ptr_nonnull(strstr(fetch.fetched.text, "missingSpaceBeforeDate"));
	static const char *const allowed[] = { "missingSpaceBeforeDate=ignore" };
	fetch.request.fsck = (struct msg_strings){ allowed, 1 };
	fetch_well(&fetch);
	ck_assert_ptr_nonnull(ref_of(&fetch, "refs/heads/old"));
	free(raw);
	free(id);
	fetch_close(&fetch);
}
END_TEST

/* --- heads of merge requests --- */

static void want(struct fetch *fetch, const char *const *refs, size_t count)
{
	fetch->request.wanted_refs = (struct msg_strings){ refs, count };
}

/* An empty commit that a ref of the source names, on top of main. */
static void pull(struct fetch *fetch, const char *ref, const char *message)
{
	char *id = RUN(&fetch->scratch, "git", "-C", "source", "commit-tree", "-p",
		       "main", "-m", message, "main^{tree}");
	DO(&fetch->scratch, "git", "-C", "source", "update-ref", ref, id);
	free(id);
}

static void is_there(struct fetch *fetch, const char *ref)
{
	struct oid id = source_id(fetch, ref);
	const struct oid *told = ref_of(fetch, ref);
	ck_assert_msg(told && oid_equal(told, &id), "%s", ref);
	DO(&fetch->scratch, "git", "-C", fetch->mirror, "cat-file", "-e", ref);
}

START_TEST(wanted_refs_come_and_no_others)
{
	static const char *const refs[] = { "refs/pull/7/head", "refs/merge-requests/8/"
								"head" };
	struct fetch fetch;
	fetch_open(&fetch);
	pull(&fetch, refs[0], "seven");
	pull(&fetch, refs[1], "eight");
	pull(&fetch, "refs/pull/9/head", "nine");
	want(&fetch, refs, 2);
	fetch_well(&fetch);
	ck_assert_uint_eq(fetch.ref_count, 3);
	is_there(&fetch, refs[0]);
	is_there(&fetch, refs[1]);
	/* moved, by force; and it stays when it is not wanted any more */
	pull(&fetch, refs[0], "other");
	fetch_well(&fetch);
	is_there(&fetch, refs[0]);
	want(&fetch, NULL, 0);
	fetch_well(&fetch);
	is_there(&fetch, refs[0]);
	fetch_close(&fetch);
}
END_TEST

START_TEST(wanted_refs_that_are_gone_keep_no_other_away)
{
	static const char *const refs[] = { "refs/pull/1/head", "refs/pull/2/head",
					    "refs/pull/3/head", "refs/pull/4/head" };
	struct fetch fetch;
	fetch_open(&fetch);
	want(&fetch, refs, 1);
	fetch_well(&fetch);
	ck_assert_uint_eq(fetch.ref_count, 1);
	pull(&fetch, refs[1], "two");
	pull(&fetch, refs[3], "four");
	pull(&fetch, "refs/x/refs/pull/1/head", "no");
	want(&fetch, refs, 4);
	fetch_well(&fetch);
	ck_assert_uint_eq(fetch.ref_count, 3);
	is_there(&fetch, refs[1]);
	is_there(&fetch, refs[3]);
	fetch_close(&fetch);
}
END_TEST

START_TEST(a_wanted_ref_with_defects_is_left_out_alone)
{
	static const char *const refs[] = { "refs/pull/1/head", "refs/pull/2/head",
					    "refs/pull/3/head", "refs/pull/4/head",
					    "refs/pull/5/head" };
	static const char bad[] = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
				  "author A <a@x>1 +0000\n"
				  "committer A <a@x> 1 +0000\n\nbad\n";
	struct fetch fetch;
	fetch_open(&fetch);
	for (int i = 0; i < 5; i++)
		pull(&fetch, refs[i], refs[i]);
	char *id;
	const char *const hash[] = {
		"git",    "-C", "source",      "hash-object", "-t",
		"commit", "-w", "--literally", "--stdin",     NULL
	};
	ck_assert_int_eq(
		scratch_try(&fetch.scratch, bad, sizeof(bad) - 1, &id, NULL, hash), 0);
	id[strcspn(id, "\n")] = '\0';
	DO(&fetch.scratch, "git", "-C", "source", "update-ref", refs[2], id);
	free(id);
	want(&fetch, refs, 5);
	fetch_well(&fetch);
	ck_assert_uint_eq(fetch.ref_count, 5);
	ck_assert_ptr_null(ref_of(&fetch, refs[2]));
	is_there(&fetch, refs[0]);
	is_there(&fetch, refs[4]);
	fetch_close(&fetch);
}
END_TEST

START_TEST(a_wanted_ref_is_a_ref)
{
	static const char *const bad[] = {
		"refs/pull/7/head:refs/heads/main",
		"--upload-pack=touch ran",
		"refs/pull/*/head",
		"refs/pull/../x",
		"+refs/heads/x",
		"refs/x\n+refs/heads/a:refs/heads/b",
		"main",
		"",
	};
	struct fetch fetch;
	fetch_open(&fetch);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		want(&fetch, &bad[i], 1);
		ck_assert_msg(fetch_run(&fetch) == ERROR_UNSAFE_PATH, "%s", bad[i]);
	}
	fetch_close(&fetch);
}
END_TEST

START_TEST(many_refs_can_be_wanted)
{
	static char names[500][40];
	static const char *refs[500];
	struct fetch fetch;
	fetch_open(&fetch);
	for (int i = 0; i < 500; i++) {
		snprintf(names[i], sizeof(names[i]), "refs/pull/%d/head", i);
		refs[i] = names[i];
	}
	pull(&fetch, refs[0], "first");
	pull(&fetch, refs[499], "last");
	want(&fetch, refs, 500);
	fetch_well(&fetch);
	ck_assert_uint_eq(fetch.ref_count, 3);
	is_there(&fetch, refs[499]);
	fetch_close(&fetch);
}
END_TEST

START_TEST(what_merges_left_long_ago_goes_away)
{
	struct fetch fetch;
	struct stat status;
	fetch_open(&fetch);
	fetch_well(&fetch);
	char *path = path_join(fetch.mirror, "scratch");
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	DO(&fetch.scratch, "mkdir", "-p", "mirrors/shop.git/scratch/1/ab",
	   "mirrors/shop.git/scratch/2/ab", "kept");
	DO(&fetch.scratch, "touch", "mirrors/shop.git/scratch/1/ab/x", "kept/x");
	DO(&fetch.scratch, "ln", "-s", "../../../kept", "mirrors/shop.git/scratch/3");
	DO(&fetch.scratch, "touch", "-h", "-d", "2 hours ago",
	   "mirrors/shop.git/scratch/1", "mirrors/shop.git/scratch/3");
	fetch_well(&fetch);
	ck_assert_int_ne(
		TRY(&fetch.scratch, "test", "-e", "mirrors/shop.git/scratch/1"), 0);
	ck_assert_int_ne(
		TRY(&fetch.scratch, "test", "-L", "mirrors/shop.git/scratch/3"), 0);
	DO(&fetch.scratch, "test", "-d", "mirrors/shop.git/scratch/2/ab");
	DO(&fetch.scratch, "test", "-f", "kept/x");
	free(path);
	fetch_close(&fetch);
}
END_TEST

/* What git leaves where it was killed. */
START_TEST(a_mirror_that_a_killed_job_left_is_mended)
{
	static const char *const left[] = {
		"HEAD.lock",
		"packed-refs.lock",
		"config.lock",
		"shallow.lock",
		"refs/heads/main.lock",
		"refs/heads/new.lock",
		"refs/tags/v1.lock",
		"objects/pack/tmp_pack_AbCdEf",
		"objects/tmp_obj_x",
		"objects/tmp_objdir-incoming-AbC/pack/x",
		"gitgate/config",
		"gitgate/.netrc",
	};
	struct fetch fetch;
	fetch_open(&fetch);
	fetch_well(&fetch);
	DO(&fetch.scratch, "git", "-C", "source", "branch", "new");
	DO(&fetch.scratch, "git", "-C", "source", "tag", "v1");
	DO(&fetch.scratch, "git", "-C", "source", "commit", "-q", "--allow-empty", "-m",
	   "two");
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		char name[256];
		struct error err = ERROR_INIT;
		snprintf(name, sizeof(name), "mirrors/shop.git/%s", left[i]);
		char *path = scratch_path(&fetch.scratch, name);
		*strrchr(path, '/') = '\0';
		ck_assert_int_eq(path_make_directories(path, 0700, &err), 0);
		free(path);
		scratch_write(&fetch.scratch, name, "x", 1);
	}
	fetch_well(&fetch);
	struct oid tip = source_id(&fetch, "main");
	ck_assert(oid_equal(ref_of(&fetch, "refs/heads/main"), &tip));
	ck_assert_uint_eq(fetch.ref_count, 3);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		char *path = path_join(fetch.mirror, left[i]);
		ck_assert_msg(!path_exists(path), "%s stays", left[i]);
		free(path);
	}
	fetch_close(&fetch);
}
END_TEST

/* git init was killed: some of a mirror is there. */
START_TEST(a_mirror_that_was_half_made_is_made)
{
	static const char *const kept[] = { "HEAD", "config", "objects", "refs" };
	for (size_t i = 0; i <= sizeof(kept) / sizeof(kept[0]); i++) {
		struct fetch fetch;
		fetch_open(&fetch);
		fetch_well(&fetch);
		for (size_t j = i; j < sizeof(kept) / sizeof(kept[0]); j++) {
			char name[256];
			snprintf(name, sizeof(name), "mirrors/shop.git/%s", kept[j]);
			DO(&fetch.scratch, "rm", "-rf", name);
		}
		DO(&fetch.scratch, "rm", "-rf", "mirrors/shop.git/packed-refs");
		DO(&fetch.scratch, "mkdir", "mirrors/shop.git/gitgate");
		fetch_well(&fetch);
		ck_assert_ptr_nonnull(ref_of(&fetch, "refs/heads/main"));
		fetch_close(&fetch);
	}
}
END_TEST

START_TEST(a_request_that_is_none_ends_the_job)
{
	struct running running = { .status = -1 };
	struct channel channel;
	struct error err = ERROR_INIT;
	struct msg_done done = { 0 };
	int pair[2];
	ck_assert_int_eq(channel_pair(pair, &err), 0);
	ck_assert_int_eq(channel_open(&channel, pair[0], false, &err), 0);
	ck_assert_int_eq(channel_open(&running.channel, pair[1], false, &err), 0);
	ck_assert_int_eq(channel_send(&channel, MESSAGE_done, &done, NULL, 0, &err), 0);
	run_job(&running);
	ck_assert_int_ne(running.status, 0);
	channel_close(&channel);
}
END_TEST

#define PROVEN     "1111111111111111111111111111111111111111"
#define PROVEN_TOO "2222222222222222222222222222222222222222"

/* What the source has of a file in the mirror; NULL: it is not there. */
static char *proof(const struct fetch *fetch, const char *name)
{
	char path[256];
	char *whole;
	snprintf(path, sizeof(path), "mirrors/shop.git/gitgate-proofs/%s", name);
	whole = scratch_path(&fetch->scratch, path);
	bool there = path_exists(whole);
	free(whole);
	return there ? scratch_read(&fetch->scratch, path, NULL) : NULL;
}

START_TEST(stored_proofs_come_along)
{
	struct fetch fetch;
	fetch_open(&fetch);
	DO(&fetch.scratch, "mkdir", "source/.git/gitgate-proofs");
	scratch_write(&fetch.scratch, "source/.git/gitgate-proofs/" PROVEN, "one", 3);
	scratch_write(&fetch.scratch, "source/.git/gitgate-proofs/other", "x", 1);
	scratch_write(&fetch.scratch, "secret", "secret", 6);
	DO(&fetch.scratch, "ln", "-s", "../../../secret",
	   "source/.git/gitgate-proofs/" PROVEN_TOO);
	ck_assert_int_eq(fetch_run(&fetch), 0);
	char *text = proof(&fetch, PROVEN);
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(memcmp(text, "one", 3), 0);
	free(text);
	ck_assert_ptr_null(proof(&fetch, PROVEN_TOO));
	ck_assert_ptr_null(proof(&fetch, "other"));
	/* another one, and one that was stored again */
	scratch_write(&fetch.scratch, "source/.git/gitgate-proofs/" PROVEN, "more", 4);
	ck_assert_int_eq(fetch_run(&fetch), 0);
	text = proof(&fetch, PROVEN);
	ck_assert_int_eq(memcmp(text, "more", 4), 0);
	free(text);
	fetch_close(&fetch);
}
END_TEST

UNIT_MAIN("job", every_branch_and_tag_is_told_and_the_head,
	  a_source_that_is_not_there_is_said, nothing_of_the_source_runs,
	  defects_are_refused_unless_they_are_allowed, wanted_refs_come_and_no_others,
	  wanted_refs_that_are_gone_keep_no_other_away,
	  a_wanted_ref_with_defects_is_left_out_alone, a_wanted_ref_is_a_ref,
	  many_refs_can_be_wanted, what_merges_left_long_ago_goes_away,
	  a_mirror_that_a_killed_job_left_is_mended, stored_proofs_come_along,
	  a_mirror_that_was_half_made_is_made, a_request_that_is_none_ends_the_job)
