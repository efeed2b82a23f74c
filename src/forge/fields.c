/* forge/fields.c - what a forge's reply holds. */
#include "forge/call.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "doc/doc.h"

const struct node *call_child(const struct node *node, const char *path)
{
	while (node != NULL && *path != '\0') {
		size_t length = strcspn(path, ".");
		if (node_kind(node) != NODE_MAPPING)
			return NULL;
		node = node_get_bytes(node, path, length);
		path += length + (path[length] == '.');
	}
	return node;
}

void call_fields_begin(struct call_fields *fields, struct arena *arena,
		       const struct node *node, const char *what)
{
	*fields = (struct call_fields){ .arena = arena, .node = node, .what = what };
}

static void fail(struct call_fields *fields, int code, const char *path)
{
	if (fields->code != 0)
		return;
	fields->code = code;
	fields->missing = path;
}

static void lack(struct call_fields *fields, const char *path, enum call_need need)
{
	if (need == CALL_NEEDED)
		fail(fields, ERROR_FORGE, path);
}

/* A string or number's text; NULL for nothing. */
static const char *scalar(const struct call_fields *fields, const char *path,
			  size_t *length)
{
	const struct node *node = call_child(fields->node, path);
	switch (node_kind(node)) {
	case NODE_STRING:
	case NODE_INTEGER:
		return node_text(node, length);
	case NODE_UNKNOWN:
	case NODE_NULL:
	case NODE_BOOLEAN:
	case NODE_DECIMAL:
	case NODE_SEQUENCE:
	case NODE_MAPPING:
		break;
	}
	return NULL;
}

const char *call_text(struct call_fields *fields, const char *path, enum call_need need)
{
	size_t length = 0;
	const char *text = scalar(fields, path, &length);
	if (text == NULL || length == 0) {
		lack(fields, path, need);
		return "";
	}
	const char *copy = NULL;
	if (length > CALL_TEXT_BYTES)
		fail(fields, ERROR_FORGE, path);
	else if ((copy = arena_copy(fields->arena, text, length)) == NULL)
		fail(fields, ERROR_MEMORY, path);
	return copy != NULL ? copy : "";
}

const char *call_title(struct call_fields *fields, const char *path)
{
	char cut[CALL_TITLE_BYTES];
	size_t length = 0;
	const char *text = scalar(fields, path, &length);
	if (text == NULL)
		return "";
	const char *copy = arena_string(
		fields->arena, text_escape_into(cut, sizeof(cut), text, length));
	if (copy == NULL)
		fail(fields, ERROR_MEMORY, path);
	return copy != NULL ? copy : "";
}

void call_oid(struct call_fields *fields, const char *path, enum call_need need,
	      struct oid *out)
{
	size_t length = 0;
	const char *text = scalar(fields, path, &length);
	*out = (struct oid)OID_INIT;
	if (text == NULL || oid_parse(text, length, out) != 0) {
		*out = (struct oid)OID_INIT;
		lack(fields, path, need);
	}
}

uint64_t call_number(struct call_fields *fields, const char *path, enum call_need need)
{
	uint64_t number = 0;
	const char *text = scalar(fields, path, NULL);
	if (text == NULL || text_parse_u64(text, &number) != 0) {
		lack(fields, path, need);
		return 0;
	}
	return number;
}

bool call_boolean(struct call_fields *fields, const char *path)
{
	const struct node *node = call_child(fields->node, path);
	return node_kind(node) == NODE_BOOLEAN && node_boolean(node);
}

int64_t call_time(struct call_fields *fields, const char *path)
{
	int64_t when = 0;
	const char *text = scalar(fields, path, NULL);
	return text != NULL && clock_parse(text, &when) == 0 ? when : 0;
}

int call_fields_status(const struct call_fields *fields, struct error *err)
{
	if (fields->code == 0)
		return 0;
	if (fields->code == ERROR_MEMORY)
		return error_set(err, ERROR_MEMORY, "out of memory for %s",
				 fields->what);
	return error_set(err, fields->code,
			 "the forge's reply: %s has no readable '%s'", fields->what,
			 fields->missing);
}

const char *call_branch(struct call_fields *fields, const char *path,
			enum call_need need)
{
	const char *branch = call_text(fields, path, need);
	if (branch[0] == '\0')
		return branch;
	const char *ref = arena_printf(fields->arena, "refs/heads/%s", branch);
	if (ref == NULL)
		fail(fields, ERROR_MEMORY, path);
	return ref != NULL ? ref : "";
}

/* --- reviews --- */

static struct msg_review_row *review_of(struct call_reviews *reviews,
					const char *reviewer)
{
	for (size_t i = 0; i < reviews->count; i++) {
		if (strcasecmp(reviews->items[i].reviewer, reviewer) == 0)
			return &reviews->items[i];
	}
	return NULL;
}

int call_review_add(struct call_reviews *reviews, const struct msg_review_row *review,
		    struct error *err)
{
	if (review->state == NULL || review->reviewer[0] == '\0')
		return 0;
	struct msg_review_row *place = review_of(reviews, review->reviewer);
	if (place != NULL) {
		if (strcmp(review->state, "commented") != 0 ||
		    strcmp(place->state, "commented") == 0)
			*place = *review;
		return 0;
	}
	int code = limit_check(&limits_default, LIMIT_FORGE_REVIEWS, reviews->count + 1,
			       "the merge request", err);
	if (code != 0)
		return code;
	place = ARENA_PUSH(reviews->arena, &reviews->items, &reviews->count,
			   &reviews->capacity);
	if (place == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for reviews");
	*place = *review;
	return 0;
}

/* --- what is posted --- */

enum call_state call_state_by_name(const char *name)
{
	static const char *const names[CALL_STATE_COUNT] = {
		[CALL_STATE_UNKNOWN] = "unknown", [CALL_PENDING] = "pending",
		[CALL_RUNNING] = "running",       [CALL_SUCCESS] = "success",
		[CALL_FAILURE] = "failure",       [CALL_ERROR] = "error",
		[CALL_CANCELLED] = "cancelled",   [CALL_SKIPPED] = "skipped",
	};
	for (size_t i = 1; i < CALL_STATE_COUNT; i++) {
		if (strcmp(name, names[i]) == 0)
			return (enum call_state)i;
	}
	return CALL_STATE_UNKNOWN;
}

const char *call_cut(struct arena *arena, const char *text, size_t characters)
{
	static const char dots[] = "...";
	size_t length = strlen(text);
	size_t at = 0;
	if (text_utf8_count(text, length) <= characters)
		return arena_string(arena, text);
	for (size_t i = strlen(dots); i < characters; i++) {
		size_t step = text_utf8_next(text + at, length - at, NULL);
		at += step != 0 ? step : 1;
	}
	return arena_printf(arena, "%.*s%s", (int)at, text, dots);
}
