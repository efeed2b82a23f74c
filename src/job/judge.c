/* job/judge.c - the body of the judge job: one request over the channel, findings and a
 * result back. Facts are remembered by control; the job asks for them in its own time.
 */
#include "job/judge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"
#include "conf/policy_parse.h"
#include "ipc/message.h"
#include "job/judge_merge.h"
#include "job/judge_push.h"
#include "job/judge_steps.h"
#include "model/finding.h"
#include "model/messages.h"
#include "model/policy.h"
#include "repo/repo.h"

#define JOB_ARENA_BYTES ((size_t)256 << 20)

struct floor_block {
	const void *bytes;
	size_t length;
	const char *repository;
};

static int floor_from_block(void *data, struct policy **out, struct error *err)
{
	const struct floor_block *block = data;

	return policy_from_pack(out, block->bytes, block->length, block->repository,
				err);
}

static int map_floor(int fd, struct floor_block *block, struct error *err)
{
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0)
		return error_set(err, ERROR_MESSAGE,
				 "the floor policy was not handed over");
	void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return error_set(err, ERROR_MEMORY, "cannot map the floor policy");
	block->bytes = bytes;
	block->length = (size_t)status.st_size;
	return 0;
}

/* --- facts, remembered by control --- */

/* What is put is sent when so much of it is together: control has other work than to
 * take thousands of messages. Half a message, as a value has 256 KiB at most. */
#define FACTS_A_MESSAGE 64
#define FACTS_BYTES     ((size_t)512 << 10)

struct remote_facts {
	struct channel *channel;
	struct arena *arena;
	const char *kind; /* of those that wait */
	struct digest context;
	struct oid keys[FACTS_A_MESSAGE];
	const char *values[FACTS_A_MESSAGE];
	size_t count;
	size_t bytes;
};

static void get_facts(void *data, const char *kind, const struct digest *context,
		      const struct oid *keys, size_t count, const char **values,
		      struct arena *arena)
{
	struct remote_facts *remote = data;
	struct oid *asked = arena_copy(arena, keys, count * sizeof(*keys));
	struct msg_facts_get request = { kind, *context, { asked, count } };
	enum message_type type;
	void *message;

	if (!asked ||
	    channel_send(remote->channel, MESSAGE_facts_get, &request, NULL, 0, NULL) !=
		    0 ||
	    channel_receive(remote->channel, arena, &type, &message, NULL, NULL) != 1 ||
	    type != MESSAGE_facts_known)
		return;
	const struct msg_facts_known *known = message;
	size_t at = 0;
	for (size_t i = 0; i < count && at < known->keys.count; i++)
		if (at < known->values.count &&
		    oid_equal(&keys[i], &known->keys.items[at]))
			values[i] = known->values.items[at++];
}

static const char *get_fact(void *data, const char *kind, const struct digest *context,
			    const struct oid *key, struct arena *arena)
{
	const char *value = NULL;

	get_facts(data, kind, context, key, 1, &value, arena);
	return value;
}

static void send_facts(struct remote_facts *remote)
{
	struct msg_facts_put message = { remote->kind,
					 remote->context,
					 { remote->keys, remote->count },
					 { remote->values, remote->count } };

	if (remote->count)
		channel_send(remote->channel, MESSAGE_facts_put, &message, NULL, 0,
			     NULL);
	remote->count = 0;
	remote->bytes = 0;
}

static void put_fact(void *data, const char *kind, const struct digest *context,
		     const struct oid *key, const char *value)
{
	struct remote_facts *remote = data;
	size_t bytes = strlen(value);
	char *copy = arena_copy(remote->arena, value, bytes);

	if (remote->count &&
	    (remote->count == FACTS_A_MESSAGE || remote->bytes + bytes > FACTS_BYTES ||
	     strcmp(remote->kind, kind) != 0 ||
	     !digest_equal(&remote->context, context)))
		send_facts(remote);
	if (!copy)
		return;
	remote->kind = kind;
	remote->context = *context;
	remote->keys[remote->count] = *key;
	remote->values[remote->count++] = copy;
	remote->bytes += bytes;
}

/* --- answers --- */

static int send_findings(struct channel *channel, const struct verdict *verdict,
			 struct error *err)
{
	for (size_t i = 0; i < verdict->count; i++) {
		const struct finding *finding = &verdict->findings[i];
		struct msg_finding_row row = {
			.severity = severity_name(finding->severity),
			.code = error_name(finding->code),
			.rule = finding->rule,
			.kind = finding->kind,
			.message = finding->message,
			.mend = finding->mend,
			.commit = finding->commit,
			.path = finding->path,
			.line = finding->line,
			.column = finding->column,
		};
		if (finding->waiver) {
			row.waived_by = finding->waiver->by;
			row.waived_until = finding->waiver->until;
			row.waived_reason = finding->waiver->reason;
			row.waiver = finding->waiver->id;
		}
		int rc = channel_send(channel, MESSAGE_finding_row, &row, NULL, 0, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Names of those whose paths changed since their commit; lives in the arena. */
static int find_changed(const struct msg_judge *request, struct repo *repo,
			const struct oid *tip, struct arena *arena,
			struct msg_strings *out, struct error *err)
{
	const char **changed =
		arena_array(arena, request->watch_targets.count + 1, sizeof(*changed));
	const char **paths =
		arena_array(arena, request->watch_paths.count + 1, sizeof(*paths));
	size_t count = 0;

	if (!changed || !paths)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (request->watch_since.count != request->watch_targets.count)
		return error_set(err, ERROR_MESSAGE,
				 "targets and commits differ in number");
	for (size_t i = 0; i < request->watch_targets.count; i++) {
		size_t path_count = 0;
		for (size_t j = 0; j < request->watch_paths.count; j++) {
			char *path;
			if (strtoul(request->watch_paths.items[j], &path, 10) == i &&
			    *path == ':')
				paths[path_count++] = path + 1;
		}
		int rc = paths_changed(repo, &request->watch_since.items[i], tip, paths,
				       path_count, err);
		if (rc < 0)
			return rc;
		if (rc == 1)
			changed[count++] = request->watch_targets.items[i];
	}
	*out = (struct msg_strings){ changed, count };
	return 0;
}

static int emit(const struct msg_judge *request, struct repo *repo,
		const struct oid *tip, struct msg_judged *result, int *fd,
		struct error *err)
{
	size_t files = 0;

	int rc = emit_manifests(repo, tip, request->emit_paths.items,
				request->emit_paths.count, &result->policy, NULL, fd,
				&result->manifests, &files, err);
	result->files = files;
	return rc;
}

static int write_result(struct merger *merger, struct channel *channel,
			const struct verdict *verdict, const struct judged *judged,
			struct msg_judged *result, struct error *err)
{
	const struct msg_judge *request = merger->request;

	int rc = send_findings(channel, verdict, err);
	result->result = verdict_name(verdict->result);
	result->policy = verdict->policy;
	result->commits = judged->commits;
	result->errors = verdict->errors;
	result->warnings = verdict->warnings;
	result->needs_reviews = judged->needs_reviews;
	result->needs_merges = judged->needs_merges;
	if (rc == 0 && !merger_is_request(merger) && request->has_reviews &&
	    verdict_is_of_several(verdict))
		rc = steps_between(merger->repo, &request->old_id, &judged->tip,
				   merger->arena, &result->steps, err);
	if (merger_is_request(merger))
		result->result_tree = merger->merge.tree;
	return rc;
}

/* Judges, or takes control's word that this commit passed. */
static int reach_verdict(struct merger *merger, const struct floor_block *block,
			 struct channel *channel, struct msg_judged *result,
			 struct oid *tip, struct error *err)
{
	const struct msg_judge *request = merger->request;
	struct repo *repo = merger->repo;
	struct remote_facts remote = { .channel = channel, .arena = merger->arena };
	struct fact_cache cache = {
		.get = get_fact, .put = put_fact, .data = &remote, .get_all = get_facts
	};
	struct floor_block floor = *block;
	struct change change = {
		.repository = request->repository,
		.ref = request->ref,
		.old_id = request->old_id,
		.new_id = request->new_id,
		.pusher = request->pusher,
		.received_at = request->received_at,
	};
	struct judge judge = {
		.repo = repo,
		.change = &change,
		.policy_commit = request->policy_commit,
		.trusted = request->trusted.items,
		.trusted_count = request->trusted.count,
		.trusted_refs = request->trusted_refs.items,
		.from_root = request->from_root,
		.floor = floor_from_block,
		.floor_data = &floor,
		.compile = policy_compile_here,
		.merge = merger_is_request(merger) ? &merger->merge : NULL,
		.reviews = request->has_reviews ? merger_describe : NULL,
		.reviews_data = merger,
		.recompute = merger->made.directory ? recompute_granted : NULL,
		.recompute_data = &merger->made,
		.push = &judge_push_recorded,
		.cache = &cache,
		.anchor_hint = "set one in the configuration: repositories: NAME: "
			       "anchor: "
			       "{REF: COMMIT}",
	};
	struct verdict verdict;
	struct judged judged = { 0 };

	if (request->trusted_refs.count != request->trusted.count)
		return error_set(err, ERROR_MESSAGE,
				 "trusted commits and refs differ in number");
	if (request->vouched) {
		result->result = verdict_name(VERDICT_PASS);
		return repo_peel(repo, &request->new_id, tip, err);
	}
	int rc = judge.merge ? merger_run(merger, err) : 0;
	if (rc == 0)
		rc = judge_change(&judge, &verdict, &judged, err);
	if (rc != 0)
		return rc;
	send_facts(&remote);
	rc = write_result(merger, channel, &verdict, &judged, result, err);
	*tip = judged.tip;
	verdict_release(&verdict);
	return rc;
}

/* A merge request concerns no target until it is merged. */
static int follow(const struct merger *merger, const struct oid *tip,
		  struct msg_judged *result, int *fd, struct error *err)
{
	const struct msg_judge *request = merger->request;

	if (merger_is_request(merger) && !request->vouched)
		return !request->emit ? 0
				      : error_set(err, ERROR_MESSAGE,
						  "a merge request is not deployed");
	if (request->emit)
		return emit(request, merger->repo, tip, result, fd, err);
	return tip->length ? find_changed(request, merger->repo, tip, merger->arena,
					  &result->changed, err)
			   : 0;
}

static int work(struct merger *merger, int floor_fd, struct channel *channel,
		struct msg_judged *result, int *fd, struct error *err)
{
	const struct msg_judge *request = merger->request;
	struct floor_block block = { .repository = request->repository };
	struct oid tip = OID_INIT;

	int rc = merger_receive(merger, channel, err);
	if (rc == 0)
		rc = map_floor(floor_fd, &block, err);
	if (rc == 0)
		rc = repo_open(&merger->repo, request->path, NULL, err);
	merger->made.repo = merger->repo;
	if (rc == 0)
		rc = reach_verdict(merger, &block, channel, result, &tip, err);
	if (rc == 0 && verdict_by_name(result->result) == VERDICT_PASS)
		rc = follow(merger, &tip, result, fd, err);
	repo_close(merger->repo);
	return rc;
}

/* Behind the floor: of the merge with the base, of what the forge made. */
static void take_grants(struct merger *merger, const int fds[MESSAGE_FDS_MAX])
{
	const struct msg_judge *request = merger->request;
	int next = 1;

	merger->grant = request->has_merge ? fds[next++] : -1;
	merger->made = (struct recompute_granted){
		.arena = merger->arena,
		.directory = request->forge_made,
		.grant = request->forge_made ? fds[next] : -1,
	};
}

int job_judge(struct channel *channel)
{
	struct arena *arena = arena_new(JOB_ARENA_BYTES);
	struct error err = ERROR_INIT;
	struct msg_judged result = { 0 };
	enum message_type type;
	void *request = NULL;
	int fds[MESSAGE_FDS_MAX];
	int manifests FD_CLOSING = -1;

	if (!arena ||
	    channel_receive(channel, arena, &type, &request, fds, &err) != 1 ||
	    type != MESSAGE_judge) {
		arena_free(arena);
		return 1;
	}
	struct merger merger = { .request = request, .arena = arena };
	take_grants(&merger, fds);
	int rc = work(&merger, fds[0], channel, &result, &manifests, &err);
	merger_close(&merger);
	if (rc != 0) {
		result = (struct msg_judged){
			.result = verdict_name(VERDICT_UNKNOWN),
			.code = rc,
			.text = err.text,
		};
		fd_close(&manifests);
	}
	rc = channel_send(channel, MESSAGE_judged, &result, &manifests,
			  manifests >= 0 ? 1 : 0, NULL);
	arena_free(arena);
	return rc == 0 ? 0 : 1;
}
