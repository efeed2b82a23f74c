/* forge/read_bitbucket_server.c - Bitbucket Data Center's payloads.
 *
 * What event it is, the signed body says (eventKey); only the test button's has none. A
 * repository's name is "KEY/slug". Source: Atlassian's "Event payload" of Bitbucket
 * Data Center. */
#include <string.h>

#include "doc/doc.h"
#include "forge/call.h"
#include "forge/hints.h"
#include "forge/read.h"

#define OTHERS   "it is about other things than refs and merge requests"
#define COMMENTS "comments decide nothing"

/* --- refs --- */

static void read_refs_changed(struct hints *hints, const struct node *payload)
{
	const struct node *changes = node_get(payload, "changes");
	size_t total = hints_list(hints, changes, "list of changes");
	for (size_t i = 0; i < total; i++) {
		const struct node *change = node_item(changes, i);
		const struct node *old_id = node_get(change, "fromHash");
		const struct node *new_id = node_get(change, "toHash");
		hints_add(hints, &(struct hint){
					 .kind = "push",
					 .action = hints_push_action(old_id, new_id),
					 .ref = call_child(change, "ref.id"),
					 .old_id = old_id,
					 .new_id = new_id,
				 });
	}
}

/* --- merge requests --- */

static void add_merge_request(struct hints *hints, const struct node *payload,
			      const char *kind, const char *action)
{
	const struct node *request = node_get(payload, "pullRequest");
	hints_add(hints, &(struct hint){
				 .kind = kind,
				 .action = action,
				 .ref = call_child(request, "toRef.id"),
				 .old_id = call_child(request, "toRef.latestCommit"),
				 .new_id = call_child(request, "fromRef.latestCommit"),
				 .number = node_get(request, "id"),
			 });
}

static void read_opened(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "opened");
}

static void read_from_ref_updated(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "updated");
}

/* previousTarget is always there; only another ref is another base. */
static void read_modified(struct hints *hints, const struct node *payload)
{
	const char *before = hints_text(call_child(payload, "previousTarget.id"));
	const char *now = hints_text(call_child(payload, "pullRequest.toRef.id"));
	bool moved = before[0] != '\0' && strcmp(before, now) != 0;
	add_merge_request(hints, payload, "merge-request",
			  moved ? "retargeted" : "edited");
}

static void read_edited(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "edited");
}

static void read_reopened(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "reopened");
}

static void read_merged(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "merged");
}

static void read_closed(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "closed");
}

static void read_approved(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "review", "approved");
}

static void read_unapproved(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "review", "dismissed");
}

static void read_needs_work(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "review", "changes-requested");
}

/* --- every event --- */

static const struct hint_event events[] = {
	{ "repo:refs_changed", read_refs_changed, NULL },
	{ "pr:opened", read_opened, NULL },
	{ "pr:from_ref_updated", read_from_ref_updated, NULL },
	{ "pr:to_ref_updated", read_edited, NULL },
	{ "pr:modified", read_modified, NULL },
	{ "pr:reopened", read_reopened, NULL },
	{ "pr:merged", read_merged, NULL },
	{ "pr:declined", read_closed, NULL },
	{ "pr:deleted", read_closed, NULL },
	{ "pr:reviewer:updated", read_edited, NULL }, /* approvals go with reviewers */
	{ "pr:reviewer:approved", read_approved, NULL },
	{ "pr:reviewer:unapproved", read_unapproved, NULL },
	{ "pr:reviewer:needs_work", read_needs_work, NULL },
	{ "pr:reviewer:changes_requested", read_needs_work, NULL },
	{ "diagnostics:ping", hints_ping, NULL },

	{ "pr:comment:added", NULL, COMMENTS },
	{ "pr:comment:edited", NULL, COMMENTS },
	{ "pr:comment:deleted", NULL, COMMENTS },
	{ "repo:comment:added", NULL, COMMENTS },
	{ "repo:comment:edited", NULL, COMMENTS },
	{ "repo:comment:deleted", NULL, COMMENTS },

	{ "mirror:repo_synchronized", NULL,
	  "a mirror caught up with the server that tells of its own refs" },
	{ "project:modified", NULL, OTHERS },
	{ "repo:forked", NULL, OTHERS },
	{ "repo:modified", NULL, OTHERS },
	{ "repo:secret_detected", NULL, OTHERS },
	{ NULL, NULL, NULL },
};

static const struct node *find_repository(const struct node *payload)
{
	const struct node *repository = node_get(payload, "repository");
	if (repository == NULL)
		repository = call_child(payload, "pullRequest.toRef.repository");
	return repository;
}

FORGE_READER(read_bitbucket_server)
{
	struct hints hints;
	const struct node *repository = find_repository(payload);
	const char *event = hints_text(node_get(payload, "eventKey"));
	if (event[0] == '\0' && item->event != NULL)
		event = item->event;
	hints_begin(&hints, item, event, arena, err);
	hints_about(&hints, NULL, call_child(payload, "actor.name"));
	hints_about_pair(&hints, call_child(repository, "project.key"),
			 node_get(repository, "slug"));
	hints_read_event(&hints, events, event, payload);
	return hints_end(&hints, out, count);
}
