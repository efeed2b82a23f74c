/* control/judge_trust.c - what a judge starts from: the commits it may take for judged,
 * the commit whose policy counts, and where the ref was. */
#include <string.h>

#include "base/arena.h"
#include "base/pattern.h"
#include "control/judge.h"
#include "model/waiver.h"

static bool is_protected(const struct conf_repository_entry *entry, const char *ref)
{
	/* What a waiver points to lends no trust. */
	if (waiver_is_ref(ref))
		return false;
	for (size_t i = 0; i < entry->options.protected.count; i++)
		if (glob_match(entry->options.protected.items[i], ref))
			return true;
	return false;
}

/* What was accepted on a ref; on the ref of the change that is judged: before it. */
static struct oid accepted_on(struct control *control, const struct job *job,
			      const struct msg_judge *request, const char *ref)
{
	struct msg_ref_row row = { 0 };

	if (strcmp(ref, request->ref) == 0)
		return job->base;
	store_ref_get(control->store, control->round, request->repository, ref, &row,
		      NULL);
	return row.accepted;
}

/* What a judge may take for judged, and the ref of each ("": an anchor). */
struct trust_list {
	struct arena *arena;
	struct oid *ids;
	size_t id_count, id_capacity;
	const char **refs;
	size_t ref_count, ref_capacity;
};

static int trust(struct trust_list *list, const struct oid *id, const char *ref)
{
	if (oid_is_null(id))
		return 0;
	struct oid *slot = ARENA_PUSH(list->arena, &list->ids, &list->id_count,
				      &list->id_capacity);
	const char **name = ARENA_PUSH(list->arena, &list->refs, &list->ref_count,
				       &list->ref_capacity);
	if (!slot || !name)
		return ERROR_MEMORY;
	*slot = *id;
	*name = arena_string(list->arena, ref);
	return *name ? 0 : ERROR_MEMORY;
}

/* All refs are only listed where globs ask for it: it costs with their number, at every
 * judgement. */
static int trust_listed(struct control *control, const struct job *job,
			const struct conf_repository_entry *entry,
			const struct msg_judge *request, struct trust_list *list)
{
	struct msg_ref_row *refs;
	size_t count = 0;
	int rc = store_ref_list(control->store, control->round, entry->name, &refs,
				&count, NULL);

	for (size_t i = 0; rc == 0 && i < count; i++) {
		bool own = strcmp(refs[i].ref, request->ref) == 0;
		if (is_protected(entry, refs[i].ref))
			rc = trust(list, own ? &job->base : &refs[i].accepted,
				   refs[i].ref);
	}
	return rc;
}

static int trust_ref(struct control *control, const struct job *job,
		     const struct msg_judge *request, const char *ref,
		     struct trust_list *list)
{
	struct oid accepted = accepted_on(control, job, request, ref);

	return trust(list, &accepted, ref);
}

/* Anchors, and what was accepted on protected refs: without a list of them on those
 * with an anchor and on the default branch. */
int judgement_trusted(struct control *control, struct job *job,
		      const struct conf_repository_entry *entry, const char *head,
		      struct msg_judge *request)
{
	struct trust_list list = { .arena = job->arena };
	bool listed = entry->options.protected.count > 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < entry->anchor_count; i++) {
		if (entry->anchors[i].id.length)
			rc = trust(&list, &entry->anchors[i].id, "");
		else
			request->from_root = true;
		if (rc == 0 && !listed)
			rc = trust_ref(control, job, request, entry->anchors[i].ref,
				       &list);
	}
	if (rc == 0 && listed)
		rc = trust_listed(control, job, entry, request, &list);
	else if (rc == 0 && head)
		rc = trust_ref(control, job, request, head, &list);
	request->trusted = (struct msg_oids){ list.ids, list.id_count };
	request->trusted_refs = (struct msg_strings){ list.refs, list.ref_count };
	return rc;
}

static const struct oid *anchor_of(const struct conf_repository_entry *entry,
				   const char *ref)
{
	for (size_t i = 0; i < entry->anchor_count; i++)
		if (strcmp(entry->anchors[i].ref, ref) == 0 &&
		    entry->anchors[i].id.length)
			return &entry->anchors[i].id;
	return NULL;
}

/* The protected side: what was accepted on the ref, else on the default branch; where
 * nothing was, the anchor. */
static void find_policy_commit(struct control *control, const struct job *job,
			       const struct conf_repository_entry *entry,
			       const char *head, struct msg_judge *request)
{
	const char *const refs[] = { request->ref, head };

	for (size_t i = 0; i < 2; i++) {
		if (!refs[i])
			continue;
		struct oid accepted = accepted_on(control, job, request, refs[i]);
		const struct oid *anchor = anchor_of(entry, refs[i]);
		if (!oid_is_null(&accepted))
			request->policy_commit = accepted;
		else if (anchor)
			request->policy_commit = *anchor;
		else
			continue;
		return;
	}
}

/* Where the ref is taken to have been: at what was accepted, else at its anchor. A push
 * that was refused counts as one that never was, or a second one on top of it would
 * pass what is said about force and creation. Only for a deletion of what was never
 * accepted there is nothing else than what was seen. */
static struct oid judged_from(const struct conf_repository_entry *entry,
			      const struct msg_change_row *change, const char *ref,
			      const struct oid *base)
{
	const struct oid *anchor = anchor_of(entry, ref);
	struct oid nothing = { .length = change->new_id.length };

	if (change->number)
		return change->old_id; /* the base's tip that it is merged into */
	if (!oid_is_null(base))
		return *base;
	if (oid_is_null(&change->new_id))
		return change->old_id;
	return anchor ? *anchor : nothing;
}

const char *change_target_ref(const struct msg_change_row *change)
{
	return change->base_ref && *change->base_ref ? change->base_ref : change->ref;
}

int judgement_fill(struct control *control, struct job *job,
		   const struct conf_repository_entry *entry,
		   const struct msg_change_row *change, const struct oid *base,
		   struct msg_judge *request)
{
	struct msg_repository_row repository = { 0 };

	store_repository_get(control->store, control->round, entry->name, &repository,
			     NULL);
	job->repository = arena_string(job->arena, entry->name);
	job->base = *base;
	job->brought = control->brought;
	request->repository = job->repository;
	request->ref = arena_string(job->arena, change_target_ref(change));
	request->old_id = judged_from(entry, change, change_target_ref(change), base);
	request->new_id = change->new_id;
	request->pusher = arena_string(job->arena, change->pusher);
	request->received_at = change->received_at;
	if (!job->repository || !request->ref)
		return ERROR_MEMORY;
	job->commit = change->new_id;
	find_policy_commit(control, job, entry, repository.head, request);
	int rc = judgement_reviews(control, job, entry, change, request);
	if (rc == 0)
		rc = judgement_merges(control, job, entry, request);
	return rc == 0 ? judgement_trusted(control, job, entry, repository.head,
					   request)
		       : rc;
}
