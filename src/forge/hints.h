/* forge/hints.h - hints out of a payload, checked as they are made; for forge/ only.
 *
 * A hint names things and proves nothing. What goes into a row was checked here: texts
 * are UTF-8 without control bytes and bounded, refs are full and pass ref_check(), ids
 * are whole or have no length. What fails costs the hint, which is then "ignored" with
 * the reason; a payload without what its event must have is unreadable (ERROR_SYNTAX),
 * so that everything is looked at. Failures stick, as with buffers.
 *
 * Of a merge request or review: ref and old are those of its base, new is its head, as
 * the payload has them. Actions: of push created, updated, forced, deleted,
 * rerequested; of merge-request opened, updated (a new head), reopened, retargeted,
 * edited (anything else), closed, merged, rerequested; of review approved,
 * changes-requested, commented, dismissed; of merge-queue checks-requested,
 * destroyed. */
#ifndef FORGE_HINTS_H
#define FORGE_HINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/messages.h"

struct arena;
struct error;
struct node;

struct hints {
	uint64_t delivery;
	const char *event;   /* for texts: escaped, short */
	const char *name;    /* of the repository; "": not told */
	const char *problem; /* of that name; NULL: none */
	const char *sender;
	struct msg_hint_row *rows;
	size_t count;
	size_t capacity;
	struct arena *arena;
	struct error *err;
	int code; /* the first failure */
};

void hints_begin(struct hints *hints, const struct msg_read_item *item,
		 const char *event, struct arena *arena, struct error *err);
/* What every row is about, and who caused it. NULL or null: not told. */
void hints_about(struct hints *hints, const struct node *name,
		 const struct node *sender);
/* The name in two parts: "KEY/slug". */
void hints_about_pair(struct hints *hints, const struct node *key,
		      const struct node *slug);

struct hint {
	const char *kind;
	const char *action;
	const char *prefix; /* of a short ref: "refs/heads/"; NULL: `ref` is full */
	const struct node *ref;
	const struct node *old_id;
	const struct node *new_id;
	const struct node *number;
	bool whole; /* without a ref it is about the whole repository */
};
/* A merge request or review must have its number, the others their ref. */
void hints_add(struct hints *hints, const struct hint *hint);
/* Nothing to look at, and why. */
void hints_ignore(struct hints *hints, const char *reason);
/* The forge tries whether anybody answers: for tables of events. */
void hints_ping(struct hints *hints, const struct node *payload);
/* The payload lacks what its event must have. */
void hints_lack(struct hints *hints, const char *what);
/* The rows; a payload that named nothing gives one that says so. */
int hints_end(struct hints *hints, struct msg_hint_row **out, size_t *count);

/* The action of a push of which only the ids are known: "created" ... */
const char *hints_push_action(const struct node *old_id, const struct node *new_id);
/* How many items a list has that the event must have. */
size_t hints_list(struct hints *hints, const struct node *list, const char *what);
/* "refs/heads/" for "branch", "refs/tags/" for "tag", NULL for anything else. */
const char *hints_prefix(const struct node *ref_type);
/* A string's text, "" for anything else or with a NUL inside. */
const char *hints_text(const struct node *node);

/* --- tables --- */

/* What is done with an event, by its name at the forge. */
struct hint_event {
	const char *name;
	void (*read)(struct hints *hints, const struct node *payload);
	const char *ignored; /* without `read`: why */
};
/* Ends with a NULL name. An event that is not in it is ignored. */
void hints_read_event(struct hints *hints, const struct hint_event *events,
		      const char *name, const struct node *payload);

/* What is made of an action, by its name at the forge. */
struct hint_action {
	const char *name;
	const char *action;  /* ours */
	const char *ignored; /* without `action`: why */
};
/* Ends with a NULL name, which is the row of all other actions. */
const struct hint_action *hints_action(const struct hint_action *actions,
				       const char *name);

#endif
