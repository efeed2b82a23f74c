/* forge/read_generic.c - payloads of senders that are no forge.
 *
 * The one form that is read, by the kinds hmac and standard-webhooks:
 *
 *   {"repository": "acme/shop",        or {"full_name": "acme/shop"}
 *    "ref": "refs/heads/main",         full; left out: the whole repository
 *    "before": "<id>", "after": "<id>" or "old", "new"; may be left out
 *    "sender": "ann"}                  or {"login": "ann"}; may be left out
 *
 * Standard Webhooks wraps it: {"type": "repository.push", "timestamp": "...", "data":
 * {...}}. The type is not asked further than whether it is "ping" or ends in ".ping";
 * so is a member "event" of the bare form. */
#include <string.h>

#include "base/text.h"
#include "doc/doc.h"
#include "forge/call.h"
#include "forge/hints.h"
#include "forge/read.h"

static const struct node *either(const struct node *node, const char *one,
				 const char *other)
{
	const struct node *found = node_get(node, one);
	return found != NULL ? found : node_get(node, other);
}

/* Itself, or what it has under a key. */
static const struct node *inner(const struct node *node, const char *key)
{
	return node_kind(node) == NODE_MAPPING ? node_get(node, key) : node;
}

static void read_push(struct hints *hints, const struct node *body)
{
	const struct node *old_id = either(body, "before", "old");
	const struct node *new_id = either(body, "after", "new");
	bool ids = old_id != NULL && new_id != NULL;
	hints_add(hints,
		  &(struct hint){
			  .kind = "push",
			  .action = ids ? hints_push_action(old_id, new_id) : "updated",
			  .ref = node_get(body, "ref"),
			  .old_id = old_id,
			  .new_id = new_id,
			  .whole = true,
		  });
}

FORGE_READER(read_generic)
{
	struct hints hints;
	const char *event = hints_text(either(payload, "type", "event"));
	const struct node *body = node_get(payload, "data");
	if (node_kind(body) != NODE_MAPPING)
		body = payload;
	hints_begin(&hints, item, event[0] == '\0' ? "push" : event, arena, err);
	hints_about(&hints, inner(node_get(body, "repository"), "full_name"),
		    inner(node_get(body, "sender"), "login"));
	if (strcmp(event, "ping") == 0 || text_ends_with(event, ".ping"))
		hints_ping(&hints, body);
	else
		read_push(&hints, body);
	return hints_end(&hints, out, count);
}
