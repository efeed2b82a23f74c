/* forge/hints_pull.c - refs that come and go, and pull requests, as GitHub and Gitea
 * tell of them. */
#include "forge/hints_pull.h"

#include <string.h>

#include "doc/doc.h"
#include "forge/call.h"

/* Comes beside the push; with many refs at once it may be all that comes. GitHub does
 * not tell the id. */
static void add_ref(struct hints *hints, const struct node *payload, const char *action)
{
	const char *prefix = hints_prefix(node_get(payload, "ref_type"));

	if (prefix == NULL) {
		hints_ignore(hints, "what was made or deleted is neither a branch nor "
				    "a tag");
		return;
	}
	hints_add(hints, &(struct hint){
				 .kind = "push",
				 .action = action,
				 .prefix = prefix,
				 .ref = node_get(payload, "ref"),
				 .new_id = node_get(payload, "sha"),
			 });
}

void pull_read_create(struct hints *hints, const struct node *payload)
{
	add_ref(hints, payload, "created");
}

void pull_read_delete(struct hints *hints, const struct node *payload)
{
	add_ref(hints, payload, "deleted");
}

void pull_add(struct hints *hints, const struct node *payload, const char *kind,
	      const char *action)
{
	const struct node *request = node_get(payload, "pull_request");

	hints_add(hints, &(struct hint){
				 .kind = kind,
				 .action = action,
				 .prefix = "refs/heads/",
				 .ref = call_child(request, "base.ref"),
				 .old_id = call_child(request, "base.sha"),
				 .new_id = call_child(request, "head.sha"),
				 .number = node_get(request, "number"),
			 });
}

void pull_read(struct hints *hints, const struct node *payload,
	       const struct hint_action *actions, const char *retarget)
{
	const char *told = hints_text(node_get(payload, "action"));
	const struct hint_action *row = hints_action(actions, told);
	const struct node *merged = call_child(payload, "pull_request.merged");
	const char *action = row->action;

	if (action == NULL) {
		hints_ignore(hints, row->ignored);
		return;
	}
	if (strcmp(told, "closed") == 0 && node_boolean(merged))
		action = "merged";
	if (strcmp(told, "edited") == 0 && call_child(payload, retarget) != NULL)
		action = "retargeted";
	pull_add(hints, payload, "merge-request", action);
}
