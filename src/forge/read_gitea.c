/* forge/read_gitea.c - the payloads of Gitea and Forgejo.
 *
 * Both send the same members. A deletion comes as `delete` alone, a new branch as a
 * push and as `create`. A review says neither its id nor its commit: it is read from
 * the API. Source: Gitea's modules/structs/hook.go and modules/webhook/type.go. */
#include <string.h>

#include "doc/doc.h"
#include "forge/call.h"
#include "forge/hints_pull.h"
#include "forge/read.h"

#define OTHERS   "it is about other things than refs and merge requests"
#define COMMENTS "comments decide nothing"
#define POSTED   "results are posted by gitgate and other tools; they move no ref"

/* --- refs --- */

static void read_push(struct hints *hints, const struct node *payload)
{
	const struct node *old_id = node_get(payload, "before");
	const struct node *new_id = node_get(payload, "after");
	hints_add(hints, &(struct hint){
				 .kind = "push",
				 .action = hints_push_action(old_id, new_id),
				 .ref = node_get(payload, "ref"),
				 .old_id = old_id,
				 .new_id = new_id,
			 });
}

/* --- merge requests --- */

static const struct hint_action request_actions[] = {
	{ "opened", "opened", NULL },
	{ "synchronized", "updated", NULL },
	{ "reopened", "reopened", NULL },
	{ "edited", "edited", NULL },
	{ "closed", "closed", NULL },
	{ "assigned", NULL, "assignees decide nothing" },
	{ "unassigned", NULL, "assignees decide nothing" },
	{ "label_updated", NULL, "labels decide nothing" },
	{ "label_cleared", NULL, "labels decide nothing" },
	{ "milestoned", NULL, "milestones decide nothing" },
	{ "demilestoned", NULL, "milestones decide nothing" },
	{ "review_requested", NULL, "a wish for a review is no review" },
	{ "review_request_removed", NULL, "a wish for a review is no review" },
	{ NULL, "edited", NULL },
};

static void read_pull_request(struct hints *hints, const struct node *payload)
{
	pull_read(hints, payload, request_actions, "changes.ref");
}

static void read_approved(struct hints *hints, const struct node *payload)
{
	pull_add(hints, payload, "review", "approved");
}

static void read_rejected(struct hints *hints, const struct node *payload)
{
	pull_add(hints, payload, "review", "changes-requested");
}

static void read_commented(struct hints *hints, const struct node *payload)
{
	pull_add(hints, payload, "review", "commented");
}

/* --- every event; also the names that only X-Gitea-Event-Type has --- */

static const struct hint_event events[] = {
	{ "push", read_push, NULL },
	{ "create", pull_read_create, NULL },
	{ "delete", pull_read_delete, NULL },
	{ "pull_request", read_pull_request, NULL },
	{ "pull_request_assign", read_pull_request, NULL },
	{ "pull_request_label", read_pull_request, NULL },
	{ "pull_request_milestone", read_pull_request, NULL },
	{ "pull_request_review_request", read_pull_request, NULL },
	{ "pull_request_sync", read_pull_request, NULL },
	{ "pull_request_approved", read_approved, NULL },
	{ "pull_request_review_approved", read_approved, NULL },
	{ "pull_request_rejected", read_rejected, NULL },
	{ "pull_request_review_rejected", read_rejected, NULL },
	{ "pull_request_comment", read_commented, NULL },
	{ "pull_request_review_comment", read_commented, NULL },

	{ "issue_comment", NULL, COMMENTS },

	{ "action_run_failure", NULL, POSTED },
	{ "action_run_recover", NULL, POSTED },
	{ "action_run_success", NULL, POSTED },
	{ "status", NULL, POSTED },
	{ "workflow_job", NULL, POSTED },
	{ "workflow_run", NULL, POSTED },

	{ "fork", NULL, OTHERS },
	{ "issue_assign", NULL, OTHERS },
	{ "issue_label", NULL, OTHERS },
	{ "issue_milestone", NULL, OTHERS },
	{ "issues", NULL, OTHERS },
	{ "package", NULL, OTHERS },
	{ "release", NULL, OTHERS },
	{ "repository", NULL, OTHERS },
	{ "schedule", NULL, OTHERS },
	{ "wiki", NULL, OTHERS },
	{ NULL, NULL, NULL },
};

FORGE_READER(read_gitea)
{
	struct hints hints;
	hints_begin(&hints, item, item->event, arena, err);
	hints_about(&hints, call_child(payload, "repository.full_name"),
		    call_child(payload, "sender.login"));
	hints_read_event(&hints, events, item->event, payload);
	return hints_end(&hints, out, count);
}
