/* forge/read_bitbucket_cloud.c - Bitbucket Cloud's payloads.
 *
 * One push may tell of many refs. Ids of merge requests have 12 digits and are left
 * out. Payloads over 256 KB are not sent: polling finds those. Source: Atlassian's
 * "Event payloads" of Bitbucket Cloud. */
#include <string.h>

#include "doc/doc.h"
#include "forge/call.h"
#include "forge/hints.h"
#include "forge/read.h"

#define OTHERS   "it is about other things than refs and merge requests"
#define COMMENTS "comments decide nothing"
#define POSTED   "results are posted by gitgate and other tools; they move no ref"

/* --- refs --- */

static const char *change_action(const struct node *change)
{
	if (node_kind(node_get(change, "new")) != NODE_MAPPING)
		return "deleted";
	if (node_kind(node_get(change, "old")) != NODE_MAPPING)
		return "created";
	return node_boolean(node_get(change, "forced")) ? "forced" : "updated";
}

static void add_change(struct hints *hints, const struct node *change)
{
	const struct node *ref = node_get(change, "new");
	if (node_kind(ref) != NODE_MAPPING)
		ref = node_get(change, "old");
	const char *prefix = hints_prefix(node_get(ref, "type"));
	if (prefix == NULL) {
		hints_lack(hints, "type of a ref");
		return;
	}
	hints_add(hints, &(struct hint){
				 .kind = "push",
				 .action = change_action(change),
				 .prefix = prefix,
				 .ref = node_get(ref, "name"),
				 .old_id = call_child(change, "old.target.hash"),
				 .new_id = call_child(change, "new.target.hash"),
			 });
}

static void read_push(struct hints *hints, const struct node *payload)
{
	const struct node *changes = call_child(payload, "push.changes");
	size_t total = hints_list(hints, changes, "list of changes");
	for (size_t i = 0; i < total; i++)
		add_change(hints, node_item(changes, i));
}

/* --- merge requests --- */

static void add_merge_request(struct hints *hints, const struct node *payload,
			      const char *kind, const char *action)
{
	const struct node *request = node_get(payload, "pullrequest");
	hints_add(hints, &(struct hint){
				 .kind = kind,
				 .action = action,
				 .prefix = "refs/heads/",
				 .ref = call_child(request, "destination.branch.name"),
				 .old_id = call_child(request, "destination.commit."
							       "hash"),
				 .new_id = call_child(request, "source.commit.hash"),
				 .number = node_get(request, "id"),
			 });
}

static void read_created(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "opened");
}

/* A new head, another base or another title: it does not say which. */
static void read_updated(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "updated");
}

static void read_fulfilled(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "merged");
}

static void read_rejected(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "merge-request", "closed");
}

static void read_approved(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "review", "approved");
}

static void read_dismissed(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "review", "dismissed");
}

static void read_changes_requested(struct hints *hints, const struct node *payload)
{
	add_merge_request(hints, payload, "review", "changes-requested");
}

/* --- every event --- */

static const struct hint_event events[] = {
	{ "repo:push", read_push, NULL },
	{ "pullrequest:created", read_created, NULL },
	{ "pullrequest:updated", read_updated, NULL },
	{ "pullrequest:fulfilled", read_fulfilled, NULL },
	{ "pullrequest:rejected", read_rejected, NULL },
	{ "pullrequest:approved", read_approved, NULL },
	{ "pullrequest:unapproved", read_dismissed, NULL },
	{ "pullrequest:changes_request_created", read_changes_requested, NULL },
	{ "pullrequest:changes_request_removed", read_dismissed, NULL },

	{ "pullrequest:comment_created", NULL, COMMENTS },
	{ "pullrequest:comment_updated", NULL, COMMENTS },
	{ "pullrequest:comment_deleted", NULL, COMMENTS },
	{ "pullrequest:comment_resolved", NULL, COMMENTS },
	{ "pullrequest:comment_reopened", NULL, COMMENTS },
	{ "repo:commit_comment_created", NULL, COMMENTS },

	{ "repo:commit_status_created", NULL, POSTED },
	{ "repo:commit_status_updated", NULL, POSTED },

	{ "issue:created", NULL, OTHERS },
	{ "issue:updated", NULL, OTHERS },
	{ "issue:comment_created", NULL, OTHERS },
	{ "project:updated", NULL, OTHERS },
	{ "repo:created", NULL, OTHERS },
	{ "repo:deleted", NULL, OTHERS },
	{ "repo:fork", NULL, OTHERS },
	{ "repo:imported", NULL, OTHERS },
	{ "repo:transfer", NULL, OTHERS },
	{ "repo:updated", NULL, OTHERS },
	{ NULL, NULL, NULL },
};

/* Older payloads have names, newer ones nicknames. */
static const struct node *find_sender(const struct node *payload)
{
	const struct node *nickname = call_child(payload, "actor.nickname");
	return nickname != NULL ? nickname : call_child(payload, "actor.username");
}

FORGE_READER(read_bitbucket_cloud)
{
	struct hints hints;
	hints_begin(&hints, item, item->event, arena, err);
	hints_about(&hints, call_child(payload, "repository.full_name"),
		    find_sender(payload));
	hints_read_event(&hints, events, item->event, payload);
	return hints_end(&hints, out, count);
}
