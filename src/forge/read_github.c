/* forge/read_github.c - GitHub's payloads.
 *
 * Source: GitHub's "Webhook events and payloads". Of a push of more than three tags,
 * and of payloads over 25 MB, GitHub sends nothing: polling finds those. */
#include <string.h>

#include "doc/doc.h"
#include "forge/call.h"
#include "forge/hints_pull.h"
#include "forge/read.h"

#define OTHERS   "it is about other things than refs and merge requests"
#define COMMENTS "comments decide nothing"
#define POSTED   "results are posted by gitgate and other tools; they move no ref"
#define PEOPLE   "who belongs to what is asked when it is needed"
#define APP      "what the App may see is asked when it is needed"
#define QUEUE    "the merge queue tells of itself by merge_group"

/* --- refs --- */

static const char *push_action(const struct node *payload)
{
	const struct node *old_id = node_get(payload, "before");
	const struct node *new_id = node_get(payload, "after");
	if (node_boolean(node_get(payload, "deleted")))
		return "deleted";
	if (node_boolean(node_get(payload, "created")))
		return "created";
	if (node_boolean(node_get(payload, "forced")))
		return "forced";
	return hints_push_action(old_id, new_id);
}

static void read_push(struct hints *hints, const struct node *payload)
{
	hints_add(hints, &(struct hint){
				 .kind = "push",
				 .action = push_action(payload),
				 .ref = node_get(payload, "ref"),
				 .old_id = node_get(payload, "before"),
				 .new_id = node_get(payload, "after"),
			 });
}

/* --- merge requests --- */

static const struct hint_action request_actions[] = {
	{ "opened", "opened", NULL },
	{ "synchronize", "updated", NULL },
	{ "reopened", "reopened", NULL },
	{ "edited", "edited", NULL },
	{ "closed", "closed", NULL },
	{ "converted_to_draft", "edited", NULL },
	{ "ready_for_review", "edited", NULL },
	{ "assigned", NULL, "assignees decide nothing" },
	{ "unassigned", NULL, "assignees decide nothing" },
	{ "auto_merge_enabled", NULL, "merging by itself needs the statuses anyway" },
	{ "auto_merge_disabled", NULL, "merging by itself needs the statuses anyway" },
	{ "milestoned", NULL, "milestones decide nothing" },
	{ "demilestoned", NULL, "milestones decide nothing" },
	{ "enqueued", NULL, QUEUE },
	{ "dequeued", NULL, QUEUE },
	{ "labeled", NULL, "labels decide nothing" },
	{ "unlabeled", NULL, "labels decide nothing" },
	{ "locked", NULL, COMMENTS },
	{ "unlocked", NULL, COMMENTS },
	{ "review_requested", NULL, "a wish for a review is no review" },
	{ "review_request_removed", NULL, "a wish for a review is no review" },
	{ NULL, "edited", NULL },
};

static void read_pull_request(struct hints *hints, const struct node *payload)
{
	pull_read(hints, payload, request_actions, "changes.base");
}

static const struct hint_action review_states[] = {
	{ "approved", "approved", NULL },
	{ "changes_requested", "changes-requested", NULL },
	{ "commented", "commented", NULL },
	{ "dismissed", "dismissed", NULL },
	{ NULL, "commented", NULL },
};

/* An edited review counts as it stands now. */
static void read_review(struct hints *hints, const struct node *payload)
{
	const char *state = hints_text(call_child(payload, "review.state"));
	const char *action = hints_action(review_states, state)->action;
	if (strcmp(hints_text(node_get(payload, "action")), "dismissed") == 0)
		action = "dismissed";
	pull_add(hints, payload, "review", action);
}

/* --- the merge queue --- */

static const struct hint_action queue_actions[] = {
	{ "checks_requested", "checks-requested", NULL },
	{ "destroyed", "destroyed", NULL },
	{ NULL, "checks-requested", NULL },
};

static void read_merge_group(struct hints *hints, const struct node *payload)
{
	const struct node *group = node_get(payload, "merge_group");
	const char *told = hints_text(node_get(payload, "action"));
	hints_add(hints, &(struct hint){
				 .kind = "merge-queue",
				 .action = hints_action(queue_actions, told)->action,
				 .ref = node_get(group, "head_ref"),
				 .old_id = node_get(group, "base_sha"),
				 .new_id = node_get(group, "head_sha"),
			 });
}

/* --- somebody pressed "re-run" --- */

/* Each merge request that the suite belongs to; without any, its branch. A suite of a
 * fork names neither: then the whole repository is looked at. */
static void look_again(struct hints *hints, const struct node *suite,
		       const struct node *requests)
{
	const struct node *head = node_get(suite, "head_sha");
	size_t total = node_kind(requests) == NODE_SEQUENCE ? node_count(requests) : 0;
	for (size_t i = 0; i < total; i++) {
		const struct node *request = node_item(requests, i);
		hints_add(hints, &(struct hint){
					 .kind = "merge-request",
					 .action = "rerequested",
					 .prefix = "refs/heads/",
					 .ref = call_child(request, "base.ref"),
					 .old_id = call_child(request, "base.sha"),
					 .new_id = head,
					 .number = node_get(request, "number"),
				 });
	}
	if (total == 0)
		hints_add(hints, &(struct hint){
					 .kind = "push",
					 .action = "rerequested",
					 .prefix = "refs/heads/",
					 .ref = node_get(suite, "head_branch"),
					 .new_id = head,
					 .whole = true,
				 });
}

static bool is_rerequested(const struct node *payload)
{
	return strcmp(hints_text(node_get(payload, "action")), "rerequested") == 0;
}

static void read_check_run(struct hints *hints, const struct node *payload)
{
	const struct node *run = node_get(payload, "check_run");
	if (is_rerequested(payload))
		look_again(hints, node_get(run, "check_suite"),
			   node_get(run, "pull_requests"));
	else
		hints_ignore(hints, POSTED);
}

static void read_check_suite(struct hints *hints, const struct node *payload)
{
	const struct node *suite = node_get(payload, "check_suite");
	if (is_rerequested(payload))
		look_again(hints, suite, node_get(suite, "pull_requests"));
	else
		hints_ignore(hints, POSTED);
}

/* --- every event --- */

static const struct hint_event events[] = {
	{ "push", read_push, NULL },
	{ "create", pull_read_create, NULL },
	{ "delete", pull_read_delete, NULL },
	{ "pull_request", read_pull_request, NULL },
	{ "pull_request_review", read_review, NULL },
	{ "merge_group", read_merge_group, NULL },
	{ "check_run", read_check_run, NULL },
	{ "check_suite", read_check_suite, NULL },
	{ "ping", hints_ping, NULL },

	{ "commit_comment", NULL, COMMENTS },
	{ "issue_comment", NULL, COMMENTS },
	{ "discussion_comment", NULL, COMMENTS },
	{ "pull_request_review_comment", NULL, COMMENTS },
	{ "pull_request_review_thread", NULL, COMMENTS },

	{ "status", NULL, POSTED },
	{ "deployment", NULL, POSTED },
	{ "deployment_status", NULL, POSTED },
	{ "deployment_review", NULL, POSTED },
	{ "deployment_protection_rule", NULL, POSTED },
	{ "page_build", NULL, POSTED },
	{ "workflow_dispatch", NULL, POSTED },
	{ "workflow_job", NULL, POSTED },
	{ "workflow_run", NULL, POSTED },

	{ "github_app_authorization", NULL, APP },
	{ "installation", NULL, APP },
	{ "installation_repositories", NULL, APP },
	{ "installation_target", NULL, APP },
	{ "integration_installation", NULL, APP },
	{ "integration_installation_repositories", NULL, APP },
	{ "personal_access_token_request", NULL, APP },

	{ "member", NULL, PEOPLE },
	{ "membership", NULL, PEOPLE },
	{ "org_block", NULL, PEOPLE },
	{ "organization", NULL, PEOPLE },
	{ "team", NULL, PEOPLE },
	{ "team_add", NULL, PEOPLE },

	{ "branch_protection_configuration", NULL, OTHERS },
	{ "branch_protection_rule", NULL, OTHERS },
	{ "cache_sync", NULL, OTHERS },
	{ "code_scanning_alert", NULL, OTHERS },
	{ "content_reference", NULL, OTHERS },
	{ "custom_property", NULL, OTHERS },
	{ "custom_property_values", NULL, OTHERS },
	{ "dependabot_alert", NULL, OTHERS },
	{ "deploy_key", NULL, OTHERS },
	{ "discussion", NULL, OTHERS },
	{ "enterprise", NULL, OTHERS },
	{ "fork", NULL, OTHERS },
	{ "gollum", NULL, OTHERS },
	{ "issue_dependencies", NULL, OTHERS },
	{ "issues", NULL, OTHERS },
	{ "label", NULL, OTHERS },
	{ "marketplace_purchase", NULL, OTHERS },
	{ "meta", NULL, OTHERS },
	{ "milestone", NULL, OTHERS },
	{ "package", NULL, OTHERS },
	{ "project", NULL, OTHERS },
	{ "project_card", NULL, OTHERS },
	{ "project_column", NULL, OTHERS },
	{ "projects_v2", NULL, OTHERS },
	{ "projects_v2_item", NULL, OTHERS },
	{ "projects_v2_status_update", NULL, OTHERS },
	{ "public", NULL, OTHERS },
	{ "registry_package", NULL, OTHERS },
	{ "release", NULL, OTHERS },
	{ "repository", NULL, OTHERS },
	{ "repository_advisory", NULL, OTHERS },
	{ "repository_dispatch", NULL, OTHERS },
	{ "repository_import", NULL, OTHERS },
	{ "repository_ruleset", NULL, OTHERS },
	{ "repository_vulnerability_alert", NULL, OTHERS },
	{ "secret_scanning_alert", NULL, OTHERS },
	{ "secret_scanning_alert_location", NULL, OTHERS },
	{ "secret_scanning_scan", NULL, OTHERS },
	{ "security_advisory", NULL, OTHERS },
	{ "security_and_analysis", NULL, OTHERS },
	{ "sponsorship", NULL, OTHERS },
	{ "star", NULL, OTHERS },
	{ "sub_issues", NULL, OTHERS },
	{ "user", NULL, OTHERS },
	{ "watch", NULL, OTHERS },
	{ NULL, NULL, NULL },
};

FORGE_READER(read_github)
{
	struct hints hints;
	hints_begin(&hints, item, item->event, arena, err);
	hints_about(&hints, call_child(payload, "repository.full_name"),
		    call_child(payload, "sender.login"));
	hints_read_event(&hints, events, item->event, payload);
	return hints_end(&hints, out, count);
}
