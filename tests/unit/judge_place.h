/* tests/unit/judge_place.h - a repository made by real git, with keys, for judging: the
 * scene of the judge's tests. */
#ifndef TESTS_UNIT_JUDGE_PLACE_H
#define TESTS_UNIT_JUDGE_PLACE_H

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "conf/policy_parse.h"
#include "job/judge.h"
#include "model/finding.h"
#include "model/policy.h"
#include "repo/repo.h"
#include "scratch.h"

struct place {
	struct scratch scratch;
	char *alice; /* "ssh-ed25519 AAAA..." */
	char floor[4096];
	const char *files[4]; /* beside the floor: name, content, ... */
	size_t lengths[2];    /* of the contents; 0: up to their NUL */
	struct oid anchor;    /* the first commit, trusted */
	const struct fact_cache *cache;
	const struct limits *limits;
	/* of the last judgement */
	struct verdict verdict;
	struct judged judged;
	struct error err;
};

/* A work tree whose first commit is trusted. */
static inline void place_open(struct place *place)
{
	struct scratch *scratch = &place->scratch;
	memset(place, 0, sizeof(*place));
	scratch_open(scratch);
	scratch_init_repository(scratch);
	scratch_key(scratch, "alice", "ed25519", "");
	scratch_key(scratch, "mallory", "ed25519", "");
	char *key = scratch_read(scratch, "alice.pub", NULL);
	*strchr(strchr(key, ' ') + 1, ' ') = '\0';
	place->alice = key;
	DO(scratch, "git", "config", "gpg.format", "ssh");
	DO(scratch, "git", "config", "user.signingKey", "./alice");
	scratch_write(scratch, ".git/info/exclude", "alice*\nmallory*\n", 16);
	scratch_write(scratch, "start", "1\n", 2);
	DO(scratch, "git", "add", "-A");
	DO(scratch, "git", "commit", "-q", "-m", "begin");
	place->anchor = scratch_id(scratch, "HEAD");
}

static inline void place_close(struct place *place)
{
	verdict_release(&place->verdict);
	free(place->alice);
	scratch_close(&place->scratch);
}

/* The rules, indented by two; Alice is the principal. */
static inline void place_rules(struct place *place, const char *rules)
{
	snprintf(place->floor, sizeof(place->floor),
		 "principals:\n  alice: {email: [a@example.org], ssh: [\"%s\"]}\n"
		 "rules:\n%s",
		 place->alice, rules);
}

static inline void place_write(struct place *place, const char *name, const char *text)
{
	char *path = scratch_path(&place->scratch, name);
	struct error err = ERROR_INIT;
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(path_make_directories(path, 0755, &err), 0);
	free(path);
	scratch_write(&place->scratch, name, text, strlen(text));
}

/* Everything that lies in the work tree, signed by Alice. */
static inline struct oid place_commit(struct place *place, const char *message)
{
	DO(&place->scratch, "git", "add", "-A");
	DO(&place->scratch, "git", "commit", "-q", "--allow-empty", "-S", "-m",
	   message);
	return scratch_id(&place->scratch, "HEAD");
}

static inline int place_load(void *data, const char *name, struct policy_file *out,
			     struct error *err)
{
	const struct place *place = data;
	for (int i = 0; i < 4 && place->files[i]; i += 2)
		if (strcmp(place->files[i], name) == 0) {
			*out = (struct policy_file){
				place->files[i], place->files[i + 1],
				place->lengths[i / 2] ? place->lengths[i / 2]
						      : strlen(place->files[i + 1])
			};
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND, "no '%s'", name);
}

static inline int place_floor(void *data, struct policy **out, struct error *err)
{
	struct place *place = data;
	struct policy *policy = NULL;
	struct policy_file file = { "floor.yaml", place->floor, strlen(place->floor) };
	struct policy_loader loader = { place_load, place, NULL, NULL };
	int rc = policy_new(&policy, err);
	if (rc == 0)
		rc = policy_add_server(policy, &file, &loader, "shop", err);
	if (rc != 0) {
		policy_free(policy);
		return rc;
	}
	*out = policy;
	return 0;
}

struct push {
	const char *ref;
	struct oid old_id;
	struct oid new_id;
	struct oid policy_commit;
	bool no_anchor;
	bool no_floor;
};

/* 0 with place->verdict, or the error. */
static inline int place_push(struct place *place, const struct push *push)
{
	struct repo *repo = NULL;
	struct change change = { .repository = "shop",
				 .ref = push->ref ? push->ref : "refs/heads/main",
				 .old_id = push->old_id,
				 .new_id = push->new_id,
				 .pusher = "alice",
				 .received_at = clock_now() };
	struct oid trusted[] = { place->anchor, push->old_id };
	struct judge judge = { .change = &change,
			       .policy_commit = push->policy_commit,
			       .trusted = trusted,
			       .trusted_count = push->no_anchor       ? 0
						: push->old_id.length ? 2
								      : 1,
			       .floor = push->no_floor ? NULL : place_floor,
			       .floor_data = place,
			       .cache = place->cache,
			       .limits = place->limits };
	verdict_release(&place->verdict);
	memset(&place->verdict, 0, sizeof(place->verdict));
	memset(&place->judged, 0, sizeof(place->judged));
	error_clear(&place->err);
	ck_assert_int_eq(repo_open(&repo, place->scratch.directory, NULL, &place->err),
			 0);
	judge.repo = repo;
	int rc = judge_change(&judge, &place->verdict, &place->judged, &place->err);
	repo_close(repo);
	return rc;
}

static inline void place_judge(struct place *place, struct oid tip)
{
	struct push push = { .old_id = place->anchor, .new_id = tip };
	int rc = place_push(place, &push);
	ck_assert_msg(rc == 0, "%s", place->err.text);
}

static inline const struct finding *place_finding(const struct place *place, int code)
{
	for (size_t i = 0; i < place->verdict.count; i++)
		if (place->verdict.findings[i].code == code)
			return &place->verdict.findings[i];
	return NULL;
}

static inline void expect_pass(const struct place *place)
{
	const struct finding *first = place->verdict.findings;
	ck_assert_msg(place->verdict.result == VERDICT_PASS, "%s: %s",
		      place->verdict.count && first->path ? first->path : "",
		      place->verdict.count ? first->message : "no finding");
}

static inline const struct finding *expect_refused(const struct place *place, int code)
{
	const struct finding *finding = place_finding(place, code);
	ck_assert_int_eq(place->verdict.result, VERDICT_FAIL);
	ck_assert_msg(finding != NULL, "no finding '%s'; the first is '%s': %s",
		      error_name(code),
		      place->verdict.count ? error_name(place->verdict.findings[0].code)
					   : "none",
		      place->verdict.count ? place->verdict.findings[0].message : "");
	return finding;
}

#endif
