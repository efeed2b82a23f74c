/* control/merge_requests.c - merge requests: when each is judged, and by which one a
 * push came.
 *
 * A merge request is judged for what merging its head into the base's tip gives: again
 * with every new head, every move of its base, every review. Its change has the head's
 * ref at the forge as ref, the base's tip as old id and the head as new one; nothing is
 * accepted or deployed by it. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "control/state.h"
#include "forge/forge.h"

#define NOTHING_MAX   2 /* looks that found no merge request, after 1 and 4 s */
#define FRESH         (60 * CLOCK_SECOND) /* reviews are read again when older */
#define LAG_MIN       (5 * CLOCK_SECOND)  /* of a head behind what the forge tells */
#define LAG_MAX       (3600 * CLOCK_SECOND)
#define REF_BYTES     300
#define BRANCH_PREFIX "refs/heads/"

void merge_requests_poll(struct control *control, const char *repository)
{
	struct watch *watch = watch_find(control, false, repository);

	if (watch)
		watch->list_merge_requests = true;
}

/* Where its head can be fetched; false: nowhere. */
static bool head_ref(const struct control *control, const char *repository,
		     const struct msg_merge_request_row *row, char out[REF_BYTES])
{
	const struct conf_repository_entry *entry =
		config_repository(control->config, repository);
	const struct conf_source_entry *source = forge_of(control, repository);

	if (!entry || !source)
		return false;
	if (forge_head_ref(forge_by_name(source->options.kind), row->number, out,
			   REF_BYTES))
		return true;
	/* Bitbucket Cloud: the branch itself, where it is of the same repository. */
	if (!row->head_ref || !row->head_repository ||
	    strcmp(row->head_repository, entry->options.full_name) != 0)
		return false;
	return snprintf(out, REF_BYTES, "%s%s",
			text_starts_with(row->head_ref, "refs/") ? "" : BRANCH_PREFIX,
			row->head_ref) < REF_BYTES;
}

static bool has_state(const struct msg_merge_request_row *row, const char *state)
{
	return row->state && strcmp(row->state, state) == 0;
}

static bool is_open(const struct msg_merge_request_row *row)
{
	return has_state(row, "open");
}

/* --- judging --- */

static int add_change(struct control *control, const struct msg_merge_request_row *row,
		      const char *ref, const struct oid *base)
{
	struct error err = ERROR_INIT;
	int64_t now = clock_now();
	uint64_t id = 0;
	struct msg_change_row change = {
		.repository = row->repository,
		.ref = ref,
		.old_id = *base,
		.new_id = row->head,
		.pusher = row->author,
		.received_at = now,
		.state = "waiting",
		.updated_at = now,
		.number = row->number,
		.base_ref = row->base_ref,
		.head_repository = row->head_repository,
	};

	int rc = store_change_add(control->store, &change, &id, &err);
	if (rc == 0)
		rc = store_merge_request_change(control->store, row->repository,
						row->number, id, &err);
	if (rc == 0)
		rc = policy_status_put(control, &change, "pending",
				       "waits for its verdict", 0);
	if (rc != 0)
		control_fail(control, 3, &err);
	change.id = id;
	event_put(control, "change", MESSAGE_change_row, &change);
	log_info("a merge request is judged", LOG_S("repository", row->repository),
		 LOG_U("number", row->number), LOG_S("head", oid_text(&row->head)),
		 LOG_S("base", oid_text(base)), LOG_U("change", id));
	return rc;
}

/* A verdict was given by the policy, and in the history, of what was accepted then. */
static bool is_of_now(const struct msg_change_row *change,
		      const struct msg_ref_row *base)
{
	return (strcmp(change->state, "accepted") != 0 &&
		strcmp(change->state, "refused") != 0) ||
	       (oid_is_null(&change->base) && oid_is_null(&base->accepted)) ||
	       oid_equal(&change->base, &base->accepted);
}

/* Whether its last change is about the very same head and base. With `again` only one
 * that still waits counts. */
static bool is_judged(struct control *control, const struct msg_merge_request_row *row,
		      const struct msg_ref_row *base, bool again)
{
	struct msg_change_row change;

	if (!row->change || store_change_get(control->store, control->round,
					     row->change, &change, NULL) != 0)
		return false;
	return oid_equal(&change.new_id, &row->head) &&
	       oid_equal(&change.old_id, &base->tip) &&
	       strcmp(change.base_ref ? change.base_ref : "", row->base_ref) == 0 &&
	       (again ? strcmp(change.state, "waiting") == 0
		      : is_of_now(&change, base));
}

/* Judges it when head and base are in the mirror; fetches when they are not. */
static int judge(struct control *control, const struct msg_merge_request_row *row,
		 bool again)
{
	struct msg_ref_row head = { 0 }, base = { 0 };
	char ref[REF_BYTES];

	if (!is_open(row) || !row->base_ref || oid_is_null(&row->head))
		return 0;
	if (!head_ref(control, row->repository, row, ref))
		return status_put(control, row->repository, &row->head,
				  "gitgate/policy", "error",
				  "the head of this merge request cannot be fetched "
				  "from the forge");
	store_ref_get(control->store, control->round, row->repository, ref, &head,
		      NULL);
	store_ref_get(control->store, control->round, row->repository, row->base_ref,
		      &base, NULL);
	if (!oid_equal(&head.tip, &row->head)) {
		int rc = store_repository_hint(control->store, row->repository,
					       clock_now(), NULL);
		schedule_hint(control, row->repository);
		return rc;
	}
	if (oid_is_null(&base.tip) || is_judged(control, row, &base, again))
		return 0;
	return add_change(control, row, ref, &base.tip);
}

/* --- what the forge told --- */

static int by_reviewer(const void *a, const void *b)
{
	return strcmp(((const struct msg_review_row *)a)->reviewer,
		      ((const struct msg_review_row *)b)->reviewer);
}

static bool same_reviews(struct msg_review_row *a, size_t a_count,
			 struct msg_review_row *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	if (a_count)
		qsort(a, a_count, sizeof(*a), by_reviewer);
	if (b_count)
		qsort(b, b_count, sizeof(*b), by_reviewer);
	for (size_t i = 0; i < a_count; i++)
		if (strcmp(a[i].reviewer, b[i].reviewer) != 0 ||
		    strcmp(a[i].state, b[i].state) != 0 ||
		    !oid_equal(&a[i].commit, &b[i].commit))
			return false;
	return true;
}

/* A forge may tell of a push before it knows what was merged: once it does, a tip that
 * was refused for want of it is judged again. */
static int tell_merged(struct control *control, const struct msg_merge_request_row *old,
		       const struct msg_merge_request_row *row)
{
	struct msg_ref_row base = { 0 };

	if (!row->base_ref || oid_is_null(&row->merge_commit) ||
	    oid_equal(&old->merge_commit, &row->merge_commit))
		return 0;
	store_ref_get(control->store, control->round, row->repository, row->base_ref,
		      &base, NULL);
	return oid_equal(&base.tip, &row->merge_commit)
		       ? ref_judge_again(control, row->repository, &base)
		       : 0;
}

int merge_request_take(struct control *control, const char *repository,
		       const struct merge_request *found, uint64_t seen)
{
	struct error err = ERROR_INIT;
	struct msg_merge_request_row old = { 0 }, row = found->row;
	struct msg_review_row *reviews = NULL;
	size_t review_count = 0;

	store_merge_request_get(control->store, control->round, repository, row.number,
				&old, NULL);
	store_review_list(control->store, control->round, repository, row.number,
			  &reviews, &review_count, NULL);
	row.repository = repository;
	row.looked_at = clock_now();
	row.seen = seen > old.seen ? seen : old.seen;
	row.change = old.change;
	/* While it was closed its head may have been told other verdicts. */
	bool again =
		!is_open(&old) || !same_reviews(reviews, review_count, found->reviews,
						found->review_count);
	int rc = store_merge_request_put(control->store, &row, found->reviews,
					 found->review_count, &err);
	if (rc == 0)
		rc = judge(control, &row, again);
	if (rc == 0)
		rc = tell_merged(control, &old, &row);
	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}

int merge_requests_listed(struct control *control, const char *repository,
			  const struct merge_request *found, size_t count)
{
	struct msg_merge_request_row *rows;
	size_t row_count = 0;
	int rc = store_merge_request_open(control->store, control->round, repository,
					  NULL, &rows, &row_count, NULL);

	for (size_t i = 0; rc == 0 && i < row_count; i++) {
		bool listed = false;
		for (size_t j = 0; j < count && !listed; j++)
			listed = found[j].row.number == rows[i].number;
		if (!listed)
			rc = store_merge_request_hint(control->store, repository,
						      rows[i].number, clock_now(),
						      NULL);
	}
	return rc;
}

/* --- what a fetch saw --- */

/* As long as it is like that already: a ref that lags comes soon, one whose objects are
 * refused never. */
static int64_t lag_of(const struct msg_merge_request_row *row)
{
	int64_t age = clock_now() - row->updated_at;

	return age < LAG_MIN ? LAG_MIN : age > LAG_MAX ? LAG_MAX : age;
}

int merge_requests_fetched(struct control *control, const char *repository, bool again)
{
	struct msg_merge_request_row *rows;
	size_t count = 0;
	int rc = forge_of(control, repository)
			 ? store_merge_request_open(control->store, control->round,
						    repository, NULL, &rows, &count,
						    NULL)
			 : 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct msg_ref_row head = { 0 };
		char ref[REF_BYTES];
		if (!head_ref(control, repository, &rows[i], ref))
			continue;
		store_ref_get(control->store, control->round, repository, ref, &head,
			      NULL);
		/* The forge says one thing and its ref another: ask again. */
		rc = oid_equal(&head.tip, &rows[i].head)
			     ? judge(control, &rows[i], again)
			     : store_merge_request_hint(
				       control->store, repository, rows[i].number,
				       clock_now() + lag_of(&rows[i]), NULL);
	}
	return rc;
}

int merge_requests_accepted(struct control *control, const char *repository,
			    const char *base_ref)
{
	struct msg_merge_request_row *rows;
	size_t count = 0;
	int rc = forge_of(control, repository)
			 ? store_merge_request_open(control->store, control->round,
						    repository, base_ref, &rows, &count,
						    NULL)
			 : 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = judge(control, &rows[i], false);
	return rc;
}

struct msg_strings merge_request_refs(struct control *control, struct arena *arena,
				      const struct conf_repository_entry *entry)
{
	struct msg_merge_request_row *rows;
	size_t count = 0, used = 0;
	char ref[REF_BYTES];

	if (!entry->options.merge_requests || !forge_of(control, entry->name) ||
	    store_merge_request_open(control->store, control->round, entry->name, NULL,
				     &rows, &count, NULL) != 0)
		return (struct msg_strings){ 0 };
	const char **refs = arena_array(arena, count + 1, sizeof(*refs));
	for (size_t i = 0; refs && i < count; i++)
		if (head_ref(control, entry->name, &rows[i], ref) &&
		    !text_starts_with(ref, BRANCH_PREFIX))
			refs[used++] = arena_string(arena, ref);
	return (struct msg_strings){ refs, used };
}

/* --- by which merge request a push came --- */

static struct review_look *look_of(struct control *control, const char *repository,
				   const struct oid *commit)
{
	for (size_t i = 0; i < REVIEW_LOOKS; i++) {
		struct review_look *look = &control->looks[i];
		if (look->asked_at && oid_equal(&look->commit, commit) &&
		    strcmp(look->repository, repository) == 0)
			return look;
	}
	return NULL;
}

bool reviews_fresh(struct control *control, const char *repository,
		   const struct oid *commit)
{
	const struct review_look *look = look_of(control, repository, commit);

	return look && look->looked_at && look->looked_at > clock_now() - FRESH;
}

bool merge_request_is_fresh(const struct msg_merge_request_row *row)
{
	return row->looked_at > clock_now() - FRESH;
}

void reviews_ask(struct control *control, const char *repository,
		 const struct oid *commit)
{
	struct review_look *look = look_of(control, repository, commit);

	if (!look) {
		look = &control->looks[control->next_look++ % REVIEW_LOOKS];
		snprintf(look->repository, sizeof(look->repository), "%s", repository);
		look->commit = *commit;
		look->failures = 0;
		look->nothing = 0;
		look->due = 0;
	} else if (!look->looked_at) {
		return; /* asked for already */
	}
	look->asked_at = clock_now();
	look->looked_at = 0;
}

/* Changes and deployments that waited for them have their turn. */
static void wake_waiting(struct control *control, const char *repository,
			 const struct oid *commit)
{
	struct msg_query query = { .repository = repository,
				   .state = "waiting",
				   .limit = LIST_ROWS_MAX };
	struct msg_change_row *changes;
	struct msg_deployment_row *rows;
	size_t count = 0;

	if (store_change_list(control->store, control->round, &query, &changes, &count,
			      NULL) == 0)
		for (size_t i = 0; i < count; i++)
			if (oid_equal(&changes[i].new_id, commit))
				store_change_move(control->store, changes[i].id,
						  "waiting", changes[i].reason,
						  changes[i].attempts, 0, clock_now(),
						  NULL);
	count = 0;
	if (store_deployment_open(control->store, control->round, NULL, &rows, &count,
				  NULL) != 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (oid_equal(&rows[i].commit, commit) && rows[i].due_at) {
			rows[i].due_at = 0;
			store_deployment_put(control->store, &rows[i], NULL);
		}
}

static bool is_known(struct control *control, const char *repository,
		     const struct oid *commit)
{
	struct msg_merge_request_row *rows;
	size_t count = 0;

	return store_merge_request_of_commit(control->store, control->round, repository,
					     commit, &rows, &count, NULL) == 0 &&
	       count > 0;
}

void reviews_looked(struct control *control, const char *repository,
		    const struct oid *commit, int code)
{
	struct review_look *look = look_of(control, repository, commit);

	if (!look)
		return;
	if (code != 0 && code != ERROR_NOT_FOUND) {
		look->failures++;
		look->due = clock_monotonic() + backoff(look->failures);
		return;
	}
	/* A forge's git may be ahead of its API: what was just merged is asked for
	 * again before "by none" is believed. */
	if (!is_known(control, repository, commit) && look->nothing < NOTHING_MAX) {
		look->due = clock_monotonic() + backoff(++look->nothing);
		return;
	}
	look->failures = 0;
	look->due = 0;
	look->looked_at = clock_now();
	wake_waiting(control, repository, commit);
}

int merge_request_of_change(struct control *control,
			    const struct msg_change_row *change,
			    struct msg_merge_request_row *out)
{
	const char *ref =
		change->base_ref && *change->base_ref ? change->base_ref : change->ref;
	struct msg_merge_request_row *rows;
	size_t count = 0;

	*out = (struct msg_merge_request_row){ 0 };
	if (change->number)
		return store_merge_request_get(control->store, control->round,
					       change->repository, change->number, out,
					       NULL);
	int rc = store_merge_request_of_commit(control->store, control->round,
					       change->repository, &change->new_id,
					       &rows, &count, NULL);
	/* Anybody may open another one with the same head. */
	for (size_t i = 0; rc == 0 && i < count; i++) {
		bool merged = has_state(&rows[i], "merged");
		if (rows[i].base_ref && strcmp(rows[i].base_ref, ref) == 0 &&
		    (merged || (out->number == 0 && is_open(&rows[i])))) {
			*out = rows[i];
			if (merged)
				break;
		}
	}
	return rc;
}

/* Whether another open merge request has the same head, and was refused: one commit has
 * one status, and the worse verdict counts. */
const char *merge_request_refusal(struct control *control,
				  const struct msg_change_row *change)
{
	struct msg_merge_request_row *rows;
	size_t count = 0;

	if (store_merge_request_of_commit(control->store, control->round,
					  change->repository, &change->new_id, &rows,
					  &count, NULL) != 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct msg_change_row other;
		if (!is_open(&rows[i]) || rows[i].number == change->number ||
		    !oid_equal(&rows[i].head, &change->new_id) || !rows[i].change ||
		    store_change_get(control->store, control->round, rows[i].change,
				     &other, NULL) != 0 ||
		    strcmp(other.state, "accepted") == 0)
			continue;
		return arena_printf(control->round, "merge request %llu: %s",
				    (unsigned long long)rows[i].number,
				    other.reason ? other.reason
						 : "waits for its verdict");
	}
	return NULL;
}

bool merge_request_has_head(struct control *control,
			    const struct msg_change_row *change)
{
	struct msg_merge_request_row *rows;
	size_t count = 0;

	if (store_merge_request_of_commit(control->store, control->round,
					  change->repository, &change->new_id, &rows,
					  &count, NULL) != 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (is_open(&rows[i]) && oid_equal(&rows[i].head, &change->new_id))
			return true;
	return false;
}

int comment_put(struct control *control, const struct msg_change_row *change,
		uint64_t verdict, const char *state, const char *description)
{
	const struct conf_source_entry *source = forge_of(control, change->repository);
	struct error err = ERROR_INIT;
	struct msg_outbox_row row = {
		.kind = "comment",
		.repository = change->repository,
		.commit = change->new_id,
		.context = "comment",
		.number = change->number,
		.state = state,
		.description = description,
		.verdict = verdict,
		.created_at = clock_now(),
	};

	if (!change->number || !source || !source->options.comments)
		return 0;
	int rc = store_outbox_put(control->store, &row, &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}
