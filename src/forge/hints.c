/* forge/hints.c - hints out of a payload, checked as they are made. */
#include "forge/hints.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/doc.h"
#include "model/change.h"

#define EVENT_BYTES  100
#define NAME_BYTES   400 /* GitLab: a path of 255 bytes, and room */
#define SENDER_BYTES 255
#define REF_BYTES    255

/* --- failures --- */

static void fail(struct hints *hints, int code, const char *text)
{
	if (hints->code == 0)
		hints->code = error_set(hints->err, code, "%s", text);
}

static const char *keep(struct hints *hints, const char *text)
{
	const char *copy = arena_string(hints->arena, text);
	if (copy == NULL)
		fail(hints, ERROR_MEMORY, "out of memory for hints");
	return copy == NULL ? "" : copy;
}

void hints_lack(struct hints *hints, const char *what)
{
	if (hints->code == 0)
		hints->code = error_set(hints->err, ERROR_SYNTAX,
					"the payload of event '%s' has no usable %s",
					hints->event, what);
}

/* --- texts --- */

const char *hints_text(const struct node *node)
{
	size_t length;
	if (node_kind(node) != NODE_STRING)
		return "";
	const char *text = node_text(node, &length);
	return strlen(text) == length ? text : "";
}

/* Why a text cannot be shown and compared; NULL: it can. */
static const char *text_problem(const struct node *node, size_t maximum)
{
	size_t length;
	uint32_t code_point;
	if (node_kind(node) != NODE_STRING)
		return "is not text";
	const char *text = node_text(node, &length);
	if (length > maximum)
		return "is too long";
	for (size_t at = 0; at < length;) {
		size_t step = text_utf8_next(text + at, length - at, &code_point);
		if (step == 0)
			return "is not UTF-8";
		if (!text_is_shown(code_point))
			return "holds control characters";
		at += step;
	}
	return NULL;
}

static bool is_told(const struct node *node)
{
	return node_kind(node) != NODE_UNKNOWN && node_kind(node) != NODE_NULL;
}

void hints_begin(struct hints *hints, const struct msg_read_item *item,
		 const char *event, struct arena *arena, struct error *err)
{
	char shown[EVENT_BYTES];
	*hints = (struct hints){ .delivery = item->delivery,
				 .name = "",
				 .sender = "",
				 .arena = arena,
				 .err = err };
	if (event == NULL)
		event = "";
	text_escape_into(shown, sizeof(shown), event, strlen(event));
	hints->event = keep(hints, shown);
}

void hints_about(struct hints *hints, const struct node *name,
		 const struct node *sender)
{
	if (is_told(name))
		hints->problem = text_problem(name, NAME_BYTES);
	if (is_told(name) && hints->problem == NULL)
		hints->name = node_text(name, NULL);
	if (is_told(sender) && text_problem(sender, SENDER_BYTES) == NULL)
		hints->sender = node_text(sender, NULL);
}

void hints_about_pair(struct hints *hints, const struct node *key,
		      const struct node *slug)
{
	if (!is_told(key) || !is_told(slug))
		return;
	hints->problem = text_problem(key, NAME_BYTES / 2);
	if (hints->problem == NULL)
		hints->problem = text_problem(slug, NAME_BYTES / 2);
	if (hints->problem != NULL)
		return;
	hints->name =
		arena_printf(hints->arena, "%s/%s", hints_text(key), hints_text(slug));
	if (hints->name == NULL) {
		hints->name = "";
		fail(hints, ERROR_MEMORY, "out of memory for hints");
	}
}

/* --- rows --- */

static struct msg_hint_row *add_row(struct hints *hints, const char *kind)
{
	if (hints->code != 0)
		return NULL;
	struct msg_hint_row *row =
		ARENA_PUSH(hints->arena, &hints->rows, &hints->count, &hints->capacity);
	if (row == NULL) {
		fail(hints, ERROR_MEMORY, "out of memory for hints");
		return NULL;
	}
	row->delivery = hints->delivery;
	row->kind = kind;
	row->name = hints->name;
	row->sender = hints->sender;
	row->ref = row->action = row->reason = "";
	return row;
}

void hints_ignore(struct hints *hints, const char *reason)
{
	struct msg_hint_row *row = add_row(hints, "ignored");
	if (row != NULL)
		row->reason = reason;
}

void hints_ping(struct hints *hints, const struct node *payload)
{
	(void)payload;
	(void)add_row(hints, "ping");
}

static void ignore_because(struct hints *hints, const char *what, const char *problem)
{
	const char *reason = arena_printf(hints->arena, "%s %s", what, problem);
	if (reason == NULL)
		fail(hints, ERROR_MEMORY, "out of memory for hints");
	else
		hints_ignore(hints, reason);
}

static void set_id(const struct node *node, struct oid *out)
{
	size_t length;
	if (node_kind(node) != NODE_STRING)
		return;
	const char *text = node_text(node, &length);
	(void)oid_parse(text, length, out);
}

/* The full name; "" with a problem. */
static const char *full_ref(struct hints *hints, const struct hint *hint,
			    const char **problem)
{
	char full[REF_BYTES + 1];
	*problem = text_problem(hint->ref, REF_BYTES);
	if (*problem != NULL)
		return "";
	int length = snprintf(full, sizeof(full), "%s%s",
			      hint->prefix == NULL ? "" : hint->prefix,
			      hints_text(hint->ref));
	if (length < 0 || (size_t)length >= sizeof(full))
		*problem = "is too long";
	else if (ref_check(full, NULL) != 0)
		*problem = "is not the name of a ref that gitgate handles";
	return *problem == NULL ? keep(hints, full) : "";
}

static bool number_of(const struct node *node, uint64_t *out)
{
	int64_t number;
	if (node_kind(node) != NODE_INTEGER || node_integer(node, &number) != 0 ||
	    number <= 0)
		return false;
	*out = (uint64_t)number;
	return true;
}

/* A merge request is known by its number, its refs are read from the forge. */
static bool has_number(const struct hint *hint)
{
	return strcmp(hint->kind, "merge-request") == 0 || strcmp(hint->kind, "revie"
									      "w") == 0;
}

static void check_needed(struct hints *hints, const struct hint *hint, uint64_t *number)
{
	if (hints->name[0] == '\0')
		hints_lack(hints, "name of a repository");
	if (has_number(hint) && !number_of(hint->number, number))
		hints_lack(hints, "number of a merge request");
	if (!has_number(hint) && !hint->whole && !is_told(hint->ref))
		hints_lack(hints, "ref");
}

void hints_add(struct hints *hints, const struct hint *hint)
{
	uint64_t number = 0;
	const char *ref_problem = NULL;
	const char *ref = "";
	if (hints->problem != NULL) {
		ignore_because(hints, "the repository's name", hints->problem);
		return;
	}
	check_needed(hints, hint, &number);
	if (is_told(hint->ref))
		ref = full_ref(hints, hint, &ref_problem);
	if (ref_problem != NULL && !has_number(hint)) {
		ignore_because(hints, "the ref", ref_problem);
		return;
	}
	struct msg_hint_row *row = add_row(hints, hint->kind);
	if (row == NULL)
		return;
	row->action = hint->action;
	row->ref = ref;
	row->number = number;
	set_id(hint->old_id, &row->old_id);
	set_id(hint->new_id, &row->new_id);
}

int hints_end(struct hints *hints, struct msg_hint_row **out, size_t *count)
{
	if (hints->count == 0)
		hints_ignore(hints, "it names nothing to look at");
	if (hints->code != 0)
		return hints->code;
	*out = hints->rows;
	*count = hints->count;
	return 0;
}

/* --- what forges have in common --- */

static bool is_no_id(const struct node *node)
{
	const char *text = hints_text(node);
	return text[strspn(text, "0")] == '\0';
}

const char *hints_push_action(const struct node *old_id, const struct node *new_id)
{
	if (is_no_id(new_id))
		return "deleted";
	return is_no_id(old_id) ? "created" : "updated";
}

size_t hints_list(struct hints *hints, const struct node *list, const char *what)
{
	if (node_kind(list) == NODE_SEQUENCE)
		return node_count(list);
	hints_lack(hints, what);
	return 0;
}

const char *hints_prefix(const struct node *ref_type)
{
	const char *type = hints_text(ref_type);
	if (strcmp(type, "branch") == 0)
		return "refs/heads/";
	return strcmp(type, "tag") == 0 ? "refs/tags/" : NULL;
}

/* --- tables --- */

void hints_read_event(struct hints *hints, const struct hint_event *events,
		      const char *name, const struct node *payload)
{
	if (name == NULL || name[0] == '\0') {
		fail(hints, ERROR_SYNTAX,
		     "the delivery does not say which event it is");
		return;
	}
	while (events->name != NULL && strcmp(events->name, name) != 0)
		events++;
	if (events->name == NULL) {
		const char *reason = arena_printf(hints->arena,
						  "event '%s' is not one that gitgate "
						  "looks at",
						  hints->event);
		if (reason == NULL)
			fail(hints, ERROR_MEMORY, "out of memory for hints");
		else
			hints_ignore(hints, reason);
	} else if (events->read == NULL) {
		hints_ignore(hints, events->ignored);
	} else {
		events->read(hints, payload);
	}
}

const struct hint_action *hints_action(const struct hint_action *actions,
				       const char *name)
{
	while (actions->name != NULL && strcmp(actions->name, name) != 0)
		actions++;
	return actions;
}
