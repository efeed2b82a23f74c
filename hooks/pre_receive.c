/* hooks/pre_receive.c - gitgate-pre-receive: judges what is pushed, before any ref
 * moves.
 *
 * Runs as the user that git runs as, in the repository, on the quarantine. Everything
 * that keeps it from a verdict refuses the push. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "conf/config.h"
#include "conf/policy_parse.h"
#include "hooks/certificate.h"
#include "hooks/chain.h"
#include "hooks/crash.h"
#include "hooks/deadline.h"
#include "hooks/environment.h"
#include "hooks/remote.h"
#include "hooks/settings.h"
#include "hooks/updates.h"
#include "job/judge.h"
#include "job/judge_push.h"
#include "job/recompute.h"
#include "model/finding.h"
#include "policy/report.h"
#include "repo/repo.h"

#define ARENA_BYTES  ((size_t)64 << 20)
#define REPORT_BYTES ((size_t)32 << 20)

struct push {
	struct environment environment;
	struct updates updates;
	struct arena *arena;
	struct repo *repo;
	struct settings settings;
	const char *anchor_hint;
	char *shelf; /* of compiled OpenPGP keys */
	struct judge_push certificate;
	struct oid *trusted;
	const char *const *trusted_refs;
	size_t trusted_count;
	struct oid head; /* tip of the default branch; length 0: it does not exist */
	struct fact_file *facts;
	struct recompute_here merges;
	int64_t received_at;
	struct change *changes;
	struct verdict *verdicts;
	struct report_item *items;
	size_t judged; /* how many verdicts are to be released */
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

/* Git reads and writes objects in the quarantine; a hook that is told of other places
 * must not judge what stands elsewhere. */
static int check_object_directory(const struct push *push, struct error *err)
{
	const char *objects = environment_get(&push->environment, "GIT_OBJECT_"
								  "DIRECTORY");
	const char *quarantine = environment_get(&push->environment, "GIT_QUARANTINE_"
								     "PATH");
	char a[PATH_MAX], b[PATH_MAX];

	if (!objects)
		return 0;
	if (!quarantine)
		return error_set(err, ERROR_UNSAFE_PATH,
				 "git's objects are in '%s', which is no quarantine",
				 objects);
	if (!realpath(objects, a) || !realpath(quarantine, b) || strcmp(a, b) != 0)
		return error_set(err, ERROR_UNSAFE_PATH,
				 "git's objects are in '%s', its quarantine is '%s'",
				 objects, quarantine);
	return 0;
}

static int check_hash(const struct push *push, struct error *err)
{
	if (push->updates.items[0].old_id.length == 20)
		return 0;
	return error_set(err, ERROR_UNSUPPORTED,
			 "this repository's object ids are SHA-256; gitgate reads "
			 "repositories with SHA-1 ids only");
}

static int open_repository(struct push *push, struct error *err)
{
	const char *git_dir = environment_get(&push->environment, "GIT_DIR");
	struct repo_options options = {
		.quarantine = environment_get(&push->environment, "GIT_QUARANTINE_"
								  "PATH"),
	};
	char path[PATH_MAX];

	if (!realpath(git_dir ? git_dir : ".", path))
		return error_set(err, ERROR_NOT_FOUND,
				 "git did not say which repository this is");
	int rc = check_object_directory(push, err);
	if (rc == 0)
		rc = repo_open(&push->repo, path, &options, err);
	if (rc != 0)
		return rc;
	push->anchor_hint = arena_printf(push->arena,
					 "an administrator must run: gitgate init '%s' "
					 "--anchor "
					 "HEAD",
					 repo_path(push->repo));
	push->shelf =
		arena_printf(push->arena, "%s/gitgate/openpgp", repo_path(push->repo));
	return push->anchor_hint && push->shelf ? 0 : no_memory(err);
}

/* The tip of the branch that HEAD names: whose policy judges refs that are new. */
static int find_head(struct push *push, struct error *err)
{
	struct error why = ERROR_INIT;
	struct oid id = OID_INIT;
	char *name = NULL;

	int rc = repo_head(push->repo, &name, &why);
	if (rc == 0)
		rc = repo_ref(push->repo, name, &id, &why);
	if (rc == 0)
		rc = repo_peel(push->repo, &id, &push->head, &why);
	free(name);
	/* A branch that is not there is one thing, a tip that cannot be read another:
	 * the policy would be lost. */
	if (rc == ERROR_NOT_FOUND && id.length == 0)
		return 0;
	return rc == 0 ? 0 : error_set(err, rc, "%s", why.text);
}

/* The commit whose policy counts for a ref: its present tip, not the old id that the
 * pusher knew; for a new ref, or one that leads to no commit, the default branch's. */
static int find_policy_commit(const struct push *push, const struct update *update,
			      struct oid *out, struct error *err)
{
	struct error why = ERROR_INIT;
	struct oid id = OID_INIT;

	*out = push->head;
	int rc = repo_ref(push->repo, update->ref, &id, &why);
	/* What git saw a moment ago and we cannot: its policy would be lost. */
	if (rc == ERROR_NOT_FOUND && !oid_is_null(&update->old_id))
		return error_set(err, ERROR_NOT_FOUND,
				 "the present tip of '%s' cannot be read", update->ref);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc == 0)
		rc = repo_peel(push->repo, &id, out, &why);
	if (rc == ERROR_NOT_FOUND &&
	    repo_stat(push->repo, &id, NULL, NULL, NULL) == 0) {
		*out = push->head;
		return 0;
	}
	return rc == 0 ? 0 : error_set(err, rc, "'%s': %s", update->ref, why.text);
}

static int load_floor(void *data, struct policy **out, struct error *err)
{
	const struct push *push = data;

	return config_load_floor(out, push->settings.config, push->settings.name,
				 push->shelf, err);
}

/* No verdict: refused with the reason, as if a rule had said it. */
static int add_failure(struct verdict *verdict, const struct error *cause,
		       struct error *err)
{
	struct finding finding = {
		.severity = SEVERITY_ERROR,
		.code = cause->code,
		.rule = "gitgate",
		.message = cause->text,
	};
	verdict_release(verdict);
	int rc = verdict_init(verdict, err);
	return rc == 0 ? verdict_add(verdict, &finding, err) : rc;
}

static int judge_update(struct push *push, size_t index, struct error *err)
{
	const struct update *update = &push->updates.items[index];
	struct change *change = &push->changes[index];
	struct verdict *verdict = &push->verdicts[index];
	struct fact_cache cache = { 0 };
	struct judged judged = { 0 };
	struct error cause = ERROR_INIT;

	if (push->facts)
		cache = fact_file_cache(push->facts);
	*change = (struct change){
		.repository = push->settings.name,
		.ref = update->ref,
		.old_id = update->old_id,
		.new_id = update->new_id,
		.pusher = environment_pusher(&push->environment),
		.received_at = push->received_at,
	};
	struct judge judge = {
		.repo = push->repo,
		.change = change,
		.trusted = push->trusted,
		.trusted_count = push->trusted_count,
		.trusted_refs = push->trusted_refs,
		.from_root = push->settings.from_root,
		.floor = push->settings.config ? load_floor : NULL,
		.floor_data = push,
		.compile = policy_compile_by_program,
		.compile_data = push->shelf,
		.recompute = recompute_here,
		.recompute_data = &push->merges,
		.push = &push->certificate,
		.cache = push->facts ? &cache : NULL,
		.anchor_hint = push->anchor_hint,
	};
	push->items[index] = (struct report_item){ change, verdict, NULL };
	push->judged = index + 1;
	int rc = find_policy_commit(push, update, &judge.policy_commit, &cause);
	if (rc == 0)
		rc = judge_change(&judge, verdict, &judged, &cause);
	return rc == 0 ? 0 : add_failure(verdict, &cause, err);
}

static int prepare(struct push *push, struct error *err)
{
	int rc = updates_read(&push->updates, STDIN_FILENO, &limits_default, err);

	push->received_at = clock_now();
	if (rc == 0)
		rc = check_hash(push, err);
	push->arena = arena_new(ARENA_BYTES);
	if (rc == 0 && !push->arena)
		rc = no_memory(err);
	if (rc == 0)
		rc = open_repository(push, err);
	if (rc == 0)
		rc = settings_read(&push->settings, push->arena, push->repo, err);
	if (rc == 0)
		rc = deadline_set(push->settings.timeout, err);
	if (rc == 0)
		rc = settings_trusted(&push->settings, push->arena, push->repo,
				      &push->trusted, &push->trusted_refs,
				      &push->trusted_count, err);
	if (rc == 0)
		rc = find_head(push, err);
	if (rc == 0)
		rc = certificate_read(&push->certificate, push->arena,
				      &push->environment, &push->updates, push->repo,
				      err);
	return rc;
}

static int judge_all(struct push *push, struct error *err)
{
	size_t count = push->updates.count;

	push->changes = arena_array(push->arena, count, sizeof(push->changes[0]));
	push->verdicts = arena_array(push->arena, count, sizeof(push->verdicts[0]));
	push->items = arena_array(push->arena, count, sizeof(push->items[0]));
	if (!push->changes || !push->verdicts || !push->items)
		return no_memory(err);
	push->facts = fact_file_open(repo_path(push->repo));
	push->merges.repo = push->repo;
	for (size_t i = 0; i < count; i++) {
		int rc = judge_update(push, i, err);
		if (rc != 0)
			return error_context(err, "'%s'", push->updates.items[i].ref);
	}
	return 0;
}

/* Says what was found; 0 only when every ref was accepted and the pusher could be
 * told. */
static int report(const struct push *push, struct error *err)
{
	struct buf text = BUF_INIT(REPORT_BYTES);
	size_t refused = 0;

	for (size_t i = 0; i < push->updates.count; i++)
		refused += push->verdicts[i].result != VERDICT_PASS;
	report_text(&text, push->items, push->updates.count, false);
	if (refused)
		buf_addf(&text, "gitgate: push refused: %zu of %zu ref%s\n", refused,
			 push->updates.count, push->updates.count == 1 ? "" : "s");
	int rc = buf_status(&text, "the report", err);
	if (rc == 0)
		rc = remote_write(text.data, text.length, err);
	buf_release(&text);
	if (rc == 0 && refused)
		rc = ERROR_DENIED; /* all is said */
	return rc;
}

static void release(struct push *push)
{
	for (size_t i = 0; i < push->judged; i++)
		verdict_release(&push->verdicts[i]);
	fact_file_close(push->facts);
	recompute_here_close(&push->merges);
	repo_close(push->repo);
	arena_free(push->arena);
}

int main(int argc, char **argv)
{
	struct push push = { 0 };
	struct error err = ERROR_INIT;

	crash_guard();
	environment_take(&push.environment);
	int rc = deadline_set(DEADLINE_SECONDS, &err);
	if (rc == 0)
		rc = prepare(&push, &err);
	if (rc == 0)
		rc = judge_all(&push, &err);
	if (rc == 0)
		rc = report(&push, &err);
	release(&push);
	if (rc == 0) {
		deadline_clear();
		rc = chain_run(chain_hook(argc, argv), push.environment.original,
			       push.updates.text.data, push.updates.text.length, &err);
	}
	updates_release(&push.updates);
	if (err.code != 0)
		remote_say("gitgate: push refused: %s", err.text);
	return rc == 0 ? 0 : 1;
}
