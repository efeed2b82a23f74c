/* control/work_fetch.c - fetch jobs: refs that moved become changes. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/path.h"
#include "base/program.h"
#include "base/text.h"
#include "control/state.h"
#include "model/waiver.h"

/* clang-format off */
static const char *const default_refspecs[] = {
	"+refs/heads/*:refs/heads/*",
	"+refs/tags/*:refs/tags/*",
	"+" WAIVER_REFS "*:" WAIVER_REFS "*",
	"+refs/gitgate/*:refs/gitgate/*",
};
/* clang-format on */
#define DEFAULT_REFSPECS (sizeof(default_refspecs) / sizeof(default_refspecs[0]))

static int fill_request(struct control *control, struct job *job,
			const struct conf_repository_entry *entry,
			struct msg_fetch *request, struct error *err)
{
	const struct conf_repository *options = &entry->options;
	struct arena *arena = job->arena;
	bool local = options->path && *options->path;

	request->repository = arena_string(arena, entry->name);
	request->mirror = arena_string(arena, entry->mirror);
	request->is_local = local;
	request->url = arena_string(arena, local ? options->path : options->url);
	request->username = arena_string(arena, options->username);
	request->timeout = options->timeout;
	request->refspecs = (struct msg_strings){ default_refspecs, DEFAULT_REFSPECS };
	request->wanted_refs = merge_request_refs(control, arena, entry);
	const char **fsck = arena_array(arena, options->fsck.count + 1, sizeof(*fsck));
	for (size_t i = 0; fsck && i < options->fsck.count; i++)
		fsck[i] = arena_string(arena, options->fsck.items[i]);
	request->fsck = (struct msg_strings){ fsck, options->fsck.count };
	int rc = job_secret(job, options->password_file, &request->secret, err);
	if (rc == 0)
		rc = job_text(job, options->ssh_key_file, &request->ssh_key, err);
	if (rc == 0)
		rc = job_text(job, options->known_hosts_file, &request->known_hosts,
			      err);
	if (rc == 0)
		rc = job_text(job, options->ca_file, &request->authorities, err);
	return rc == 0 ? rekor_fill(control, job, entry, request, err) : rc;
}

static void fetch_failed(struct control *control, const struct job *job,
			 const char *problem)
{
	struct watch *watch = watch_find(control, false, job->repository);
	struct msg_repository_row row = { 0 };

	log_warning("a fetch failed", LOG_S("repository", job->repository),
		    LOG_S("problem", problem));
	metric_add(METRIC_FETCH_FAILURES, 1);
	if (control_write(control) != 0)
		return;
	store_repository_fetched(control->store, job->repository, job->wanted,
				 clock_now(), NULL, problem, NULL);
	store_repository_get(control->store, control->round, job->repository, &row,
			     NULL);
	if (watch) {
		watch->due = clock_monotonic() + backoff(row.failures);
		watch->again = watch->again || job->again;
	}
}

int fetch_prepare(struct control *control, const struct conf_repository_entry *entry,
		  const struct msg_repository_row *row)
{
	struct error err = ERROR_INIT;
	struct job *job = job_new(control, &fetch_kind);
	struct msg_fetch *request =
		job ? arena_new_of(job->arena, struct msg_fetch) : NULL;
	const char *read[3];
	size_t count = 0;

	if (!request) {
		job_drop(job);
		return ERROR_MEMORY;
	}
	job->repository = arena_string(job->arena, entry->name);
	job->wanted = row->wanted;
	job->delivery = store_delivery_last(control->store);
	struct watch *watch = watch_find(control, false, entry->name);
	if (watch) {
		job->again = watch->again;
		watch->again = false;
	}
	/* git's and the system's own paths are the profile's business */
	char *wrapper = NULL;
	if (program_find(&wrapper, "gitgate-ssh", NULL) == 0)
		read[count++] = wrapper;
	if (entry->options.path && *entry->options.path)
		read[count++] = entry->options.path;
	if (text_starts_with(entry->options.url ? entry->options.url : "", "file://"))
		read[count++] = entry->options.url + strlen("file://");
	/* A mirror that is not there yet is made, so its parent must be writable once.
	 */
	char *place = arena_string(job->arena, entry->mirror);
	if (place && !path_exists(place))
		*strrchr(place, '/') = '\0';
	const char *write[] = { place };
	job_paths(job, read, count, write, 1);
	free(wrapper);
	int rc = fill_request(control, job, entry, request, &err);
	job_start(control, job, MESSAGE_fetch, request);
	if (rc != 0) {
		fetch_failed(control, job, err.text);
		job_finish(control, job);
	}
	return rc;
}

static int keep_ref(struct job *job, const struct msg_ref_row *row)
{
	struct msg_ref_row *kept =
		ARENA_PUSH(job->arena, &job->refs, &job->ref_count, &job->ref_capacity);

	if (!kept || job->ref_count > limits_default.values[LIMIT_GIT_REFS])
		return ERROR_LIMIT;
	*kept = *row;
	kept->ref = arena_string(job->arena, row->ref);
	return kept->ref ? 0 : ERROR_MEMORY;
}

/* The branch that a merge queue's ref is for, whose rules count:
 * refs/heads/gh-readonly-queue/<branch>/pr-<number>-<id>. NULL: it is none. */
static const char *queue_base(struct control *control, const char *ref)
{
	static const char prefix[] = "refs/heads/gh-readonly-queue/";
	const char *end = strrchr(ref, '/');

	if (!text_starts_with(ref, prefix) || !text_starts_with(end, "/pr-") ||
	    end < ref + strlen(prefix))
		return NULL;
	return arena_printf(control->round, "refs/heads/%.*s",
			    (int)(end - ref - (long)strlen(prefix)),
			    ref + strlen(prefix));
}

static int add_change(struct control *control, const char *repository, const char *ref,
		      const struct oid *old_id, const struct oid *new_id)
{
	struct error err = ERROR_INIT;
	int64_t now = clock_now(), received = 0;
	const char *pusher = NULL;
	uint64_t id;

	store_delivery_origin(control->store, control->round, repository, ref, new_id,
			      &received, &pusher, NULL);
	struct msg_change_row row = {
		.repository = repository,
		.ref = ref,
		.old_id = *old_id,
		.new_id = *new_id,
		.pusher = pusher,
		.received_at = received ? received : now,
		.state = "waiting",
		.updated_at = now,
		.base_ref = queue_base(control, ref),
	};
	int rc = store_change_add(control->store, &row, &id, &err);
	if (rc == 0)
		rc = store_ref_seen(control->store, repository, ref, new_id, now, &err);
	if (rc == 0)
		rc = policy_status_put(control, &row, "pending",
				       "waits for its verdict", 0);
	if (rc != 0) {
		control_fail(control, 3, &err);
		return rc;
	}
	row.id = id;
	event_put(control, "change", MESSAGE_change_row, &row);
	log_info("a ref moved", LOG_S("repository", repository), LOG_S("ref", ref),
		 LOG_S("old", oid_text(old_id)), LOG_S("new", oid_text(new_id)),
		 LOG_U("change", id));
	return 0;
}

static int by_ref(const void *a, const void *b)
{
	return strcmp(((const struct msg_ref_row *)a)->ref,
		      ((const struct msg_ref_row *)b)->ref);
}

/* Neither branch nor tag: a forge's ref of a merge request, a waiver. */
static bool is_foreign(const char *ref)
{
	return !text_starts_with(ref, "refs/heads/") && !text_starts_with(ref, "refs/"
									       "tags/");
}

/* Refs that are known and were not seen this time are gone. */
static int add_deletions(struct control *control, const struct job *job)
{
	struct msg_ref_row *known;
	size_t count;
	int rc = store_ref_list(control->store, control->round, job->repository, &known,
				&count, NULL);

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct oid gone = known[i].tip;
		if (oid_is_null(&known[i].tip) || is_foreign(known[i].ref) ||
		    (job->ref_count && bsearch(&known[i], job->refs, job->ref_count,
					       sizeof(job->refs[0]), by_ref)))
			continue;
		memset(gone.bytes, 0, sizeof(gone.bytes));
		rc = add_change(control, job->repository, known[i].ref, &known[i].tip,
				&gone);
	}
	return rc;
}

/* Whether the tip that is known already was neither accepted nor waits for its verdict.
 */
static bool was_not_accepted(struct control *control, const char *repository,
			     const struct msg_ref_row *known)
{
	struct msg_query query = {
		.repository = repository,
		.ref = known->ref,
		.state = "waiting",
		.limit = 1,
	};
	struct msg_change_row *waiting;
	size_t count = 0;

	return !oid_equal(&known->tip, &known->accepted) &&
	       store_change_list(control->store, control->round, &query, &waiting,
				 &count, NULL) == 0 &&
	       count == 0;
}

int ref_judge_again(struct control *control, const char *repository,
		    const struct msg_ref_row *known)
{
	return was_not_accepted(control, repository, known)
		       ? add_change(control, repository, known->ref, &known->tip,
				    &known->tip)
		       : 0;
}

static void take_refs(struct control *control, struct job *job, const char *head)
{
	struct error err = ERROR_INIT;
	bool waivers = false;
	int rc = control_write(control);

	if (job->ref_count)
		qsort(job->refs, job->ref_count, sizeof(job->refs[0]), by_ref);
	if (rc == 0)
		rc = waivers_fetched(control, job, &waivers);
	job->again = job->again || waivers;
	for (size_t i = 0; rc == 0 && i < job->ref_count; i++) {
		struct msg_ref_row known = { 0 };
		const struct msg_ref_row *seen = &job->refs[i];
		if (waiver_is_ref(seen->ref))
			continue;
		if (is_foreign(seen->ref)) {
			rc = store_ref_seen(control->store, job->repository, seen->ref,
					    &seen->tip, clock_now(), &err);
			continue;
		}
		store_ref_get(control->store, control->round, job->repository,
			      seen->ref, &known, NULL);
		if (oid_equal(&known.tip, &seen->tip) &&
		    !(job->again && was_not_accepted(control, job->repository, &known)))
			continue;
		if (known.tip.length == 0)
			known.tip.length =
				seen->tip.length; /* the null id of this format */
		rc = add_change(control, job->repository, seen->ref, &known.tip,
				&seen->tip);
	}
	if (rc == 0)
		rc = add_deletions(control, job);
	if (rc == 0)
		rc = store_repository_fetched(control->store, job->repository,
					      job->wanted, clock_now(), head, NULL,
					      &err);
	if (rc == 0)
		rc = store_delivery_done(control->store, job->repository, job->delivery,
					 &err);
	if (rc == 0)
		rc = merge_requests_fetched(control, job->repository, job->again);
	if (rc != 0)
		control_fail(control, 3, &err);
	metric_add(METRIC_FETCHES, 1);
}

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	(void)fds;
	if (type == MESSAGE_ref_row)
		return keep_ref(job, message);
	if (type != MESSAGE_fetched)
		return ERROR_MESSAGE;
	const struct msg_fetched *fetched = message;
	rekor_take(control, job, fetched);
	if (fetched->code != 0)
		fetch_failed(control, job, fetched->text);
	else
		take_refs(control, job, fetched->head);
	job_finish(control, job);
	return 0;
}

static void take_crash(struct control *control, struct job *job)
{
	fetch_failed(control, job, "the job ended without a result");
}

const struct job_kind fetch_kind = { PROFILE_FETCH, "fetch", take_message, take_crash };
