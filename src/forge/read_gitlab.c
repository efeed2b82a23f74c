/* forge/read_gitlab.c - GitLab's payloads: hooks of projects, groups and the system.
 *
 * What event it is, the signed body says (object_kind, for system hooks event_name);
 * the header is not asked. Source: GitLab's "Webhook events" and "System hooks". Of a
 * push to more refs than push_event_hooks_limit only the system hook repository_update
 * tells; polling finds the others. */
#include <string.h>

#include "doc/doc.h"
#include "forge/call.h"
#include "forge/hints.h"
#include "forge/read.h"

#define OTHERS   "it is about other things than refs and merge requests"
#define COMMENTS "comments decide nothing"
#define POSTED   "results are posted by gitgate and other tools; they move no ref"
#define PEOPLE   "who belongs to what is asked when it is needed"
#define PROJECTS "which repositories there are is in the configuration"

/* --- refs --- */

static void add_push(struct hints *hints, const struct node *move)
{
	const struct node *old_id = node_get(move, "before");
	const struct node *new_id = node_get(move, "after");
	hints_add(hints, &(struct hint){
				 .kind = "push",
				 .action = hints_push_action(old_id, new_id),
				 .ref = node_get(move, "ref"),
				 .old_id = old_id,
				 .new_id = new_id,
			 });
}

static void read_push(struct hints *hints, const struct node *payload)
{
	add_push(hints, payload);
}

static void read_repository_update(struct hints *hints, const struct node *payload)
{
	const struct node *changes = node_get(payload, "changes");
	size_t total = hints_list(hints, changes, "list of changes");
	for (size_t i = 0; i < total; i++)
		add_push(hints, node_item(changes, i));
}

/* --- merge requests --- */

struct request_action {
	const char *name;
	const char *kind;
	const char *action;
};

/* "approval" and "unapproval" are one person's act, "approved" and "unapproved" one
 * that also settled the rules of GitLab's own. */
static const struct request_action request_actions[] = {
	{ "open", "merge-request", "opened" },
	{ "reopen", "merge-request", "reopened" },
	{ "update", "merge-request", "edited" },
	{ "close", "merge-request", "closed" },
	{ "merge", "merge-request", "merged" },
	{ "approval", "review", "approved" },
	{ "approved", "review", "approved" },
	{ "unapproval", "review", "dismissed" },
	{ "unapproved", "review", "dismissed" },
	{ NULL, "merge-request", "edited" },
};

static const struct request_action *find_action(const char *name)
{
	const struct request_action *row = request_actions;
	while (row->name != NULL && strcmp(row->name, name) != 0)
		row++;
	return row;
}

/* An update with oldrev brought a new head; one without changed something else. */
static const char *update_action(const struct node *payload)
{
	if (hints_text(call_child(payload, "object_attributes.oldrev"))[0] != '\0')
		return "updated";
	if (call_child(payload, "changes.target_branch") != NULL)
		return "retargeted";
	return "edited";
}

static void read_merge_request(struct hints *hints, const struct node *payload)
{
	const struct node *request = node_get(payload, "object_attributes");
	const char *told = hints_text(node_get(request, "action"));
	const struct request_action *row = find_action(told);
	bool is_update = strcmp(told, "update") == 0;
	hints_add(hints,
		  &(struct hint){
			  .kind = row->kind,
			  .action = is_update ? update_action(payload) : row->action,
			  .prefix = "refs/heads/",
			  .ref = node_get(request, "target_branch"),
			  .new_id = call_child(request, "last_commit.id"),
			  .number = node_get(request, "iid"),
		  });
}

/* --- every event --- */

static const struct hint_event events[] = {
	{ "push", read_push, NULL },
	{ "tag_push", read_push, NULL },
	{ "repository_update", read_repository_update, NULL },
	{ "merge_request", read_merge_request, NULL },

	{ "note", NULL, COMMENTS },

	{ "build", NULL, POSTED },
	{ "deployment", NULL, POSTED },
	{ "job", NULL, POSTED },
	{ "pipeline", NULL, POSTED },

	{ "access_token", NULL, OTHERS },
	{ "emoji", NULL, OTHERS },
	{ "feature_flag", NULL, OTHERS },
	{ "issue", NULL, OTHERS },
	{ "milestone", NULL, OTHERS },
	{ "release", NULL, OTHERS },
	{ "vulnerability", NULL, OTHERS },
	{ "wiki_page", NULL, OTHERS },
	{ "work_item", NULL, OTHERS },

	{ "gitlab_subscription_member_approval", NULL, PEOPLE },
	{ "gitlab_subscription_member_approvals", NULL, PEOPLE },
	{ "group_create", NULL, PEOPLE },
	{ "group_destroy", NULL, PEOPLE },
	{ "group_rename", NULL, PEOPLE },
	{ "key_create", NULL, PEOPLE },
	{ "key_destroy", NULL, PEOPLE },
	{ "subgroup_create", NULL, PEOPLE },
	{ "subgroup_destroy", NULL, PEOPLE },
	{ "user_access_request_denied_for_group", NULL, PEOPLE },
	{ "user_access_request_denied_for_project", NULL, PEOPLE },
	{ "user_access_request_revoked_for_group", NULL, PEOPLE },
	{ "user_access_request_revoked_for_project", NULL, PEOPLE },
	{ "user_access_request_to_group", NULL, PEOPLE },
	{ "user_access_request_to_project", NULL, PEOPLE },
	{ "user_add_to_group", NULL, PEOPLE },
	{ "user_add_to_team", NULL, PEOPLE },
	{ "user_create", NULL, PEOPLE },
	{ "user_destroy", NULL, PEOPLE },
	{ "user_failed_login", NULL, PEOPLE },
	{ "user_remove_from_group", NULL, PEOPLE },
	{ "user_remove_from_team", NULL, PEOPLE },
	{ "user_rename", NULL, PEOPLE },
	{ "user_update_for_group", NULL, PEOPLE },
	{ "user_update_for_team", NULL, PEOPLE },

	{ "project_create", NULL, PROJECTS },
	{ "project_destroy", NULL, PROJECTS },
	{ "project_rename", NULL, PROJECTS },
	{ "project_transfer", NULL, PROJECTS },
	{ "project_update", NULL, PROJECTS },
	{ NULL, NULL, NULL },
};

/* Pushes say it on top, merge requests in an object. */
static const struct node *find_sender(const struct node *payload)
{
	const struct node *user = node_get(payload, "user_username");
	return user != NULL ? user : call_child(payload, "user.username");
}

FORGE_READER(read_gitlab)
{
	struct hints hints;
	const char *event = hints_text(node_get(payload, "object_kind"));
	if (event[0] == '\0')
		event = hints_text(node_get(payload, "event_name"));
	hints_begin(&hints, item, event, arena, err);
	hints_about(&hints, call_child(payload, "project.path_with_namespace"),
		    find_sender(payload));
	hints_read_event(&hints, events, event, payload);
	return hints_end(&hints, out, count);
}
