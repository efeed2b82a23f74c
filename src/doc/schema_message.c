/* doc/schema_message.c - the words for each thing that can be wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "doc/schema_format.h"
#include "doc/schema_report.h"

#define LISTED 12 /* values or names that a message lists at most */

bool report_never(const struct check *check)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add_text(&line, " is not allowed");
	}
	return report_complaint(check, &(struct complaint){ .message = &line });
}

/* Whether a text is the JSON of a number, true or false. */
static bool is_json(const char *text, bool numbers)
{
	if (!numbers)
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
	text += *text == '-';
	size_t digits = strspn(text, "0123456789");
	return digits > 0 &&
	       (text[digits] == '\0' ||
		(text[digits] == '.' && text[digits + 1] != '\0' &&
		 strspn(text + digits + 1, "0123456789") == strlen(text + digits + 1)));
}

/* What people do wrong most: quotes too many or too few, a value that is missing, an
 * item that is no list. NULL: it is something else. */
static const char *mend_type(const struct node *node, unsigned int types)
{
	const unsigned int numbers = TYPE_INTEGER | TYPE_INTEGER_BY_TEXT | TYPE_NUMBER;
	switch ((enum node_kind)node->kind) {
	case NODE_NULL:
		return "give it a value, or remove the key";
	case NODE_BOOLEAN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
		if ((types & TYPE_STRING) != 0)
			return "put it in quotes";
		break;
	case NODE_STRING:
		if (((types & numbers) != 0 && is_json(node->text, true)) ||
		    ((types & TYPE_BOOLEAN) != 0 && is_json(node->text, false)))
			return "remove the quotes";
		if ((types & TYPE_BOOLEAN) != 0)
			return "write true or false";
		break;
	case NODE_UNKNOWN:
	case NODE_SEQUENCE:
	case NODE_MAPPING:
		break;
	}
	if (node->kind == NODE_STRING && (types & ~numbers) == 0)
		return "write a number";
	if ((types & TYPE_ARRAY) != 0)
		return "make it a list, even of one item";
	if (node->kind == NODE_SEQUENCE && types == TYPE_OBJECT)
		return "write keys and values, without '-' before them";
	if (node->kind == NODE_MAPPING && types == TYPE_STRING)
		return "if it is one text, put it in quotes: ': ' makes it a key and a "
		       "value";
	return NULL;
}

bool report_type(const struct check *check)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add_text(&line, " must be ");
		line_add_types(&line, check->subschema->types);
		line_add_text(&line, ", found ");
		line_add_value(&line, check->node);
	}
	return report_complaint(
		check, &(struct complaint){
			       .message = &line,
			       .mend = mend_type(check->node, check->subschema->types),
			       .types = check->subschema->types });
}

static void add_constant(struct line *line, const struct check *check,
			 const struct image_value *value)
{
	const struct image_string *text = check_at(check, value->data);
	if (value->kind == NODE_STRING)
		line_add_quoted(line, '"', text->text, text->length);
	else if (value->kind == NODE_SEQUENCE || value->kind == NODE_MAPPING)
		line_add(line, "a certain %s", node_kind_name(value->kind));
	else if (value->kind == NODE_NULL)
		line_add(line, "null");
	else
		line_add(line, "%.60s", text->text);
}

/* The text of an allowed value that is near to a string, or NULL. */
static const char *nearest_constant(const struct check *check,
				    const struct image_list *list)
{
	struct nearest nearest;
	if (check->node->kind != NODE_STRING)
		return NULL;
	nearest_begin(&nearest, check->node->text, check->node->length);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct image_value *value = check_at(check, list->items[i]);
		const struct image_string *text = check_at(check, value->data);
		if (value->kind == NODE_STRING)
			nearest_try(&nearest, text->text, text->length);
	}
	return nearest.best;
}

static void ask_for(struct line *line, const char *name)
{
	line_add_text(line, "did you mean ");
	line_add_quoted(line, '\'', name, strlen(name));
	line_add_text(line, "?");
}

bool report_constants(const struct check *check)
{
	if (check->run->report == NULL)
		return false;
	const struct image_list *list = check_at(check, check->operation->a);
	struct line line;
	line_clear(&line);
	struct line mend;
	line_clear(&mend);
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add(&line, list->count == 1 ? " must be " : " must be one of ");
		uint32_t shown = list->count < LISTED ? list->count : LISTED;
		for (uint32_t i = 0; i < shown; i++) {
			if (i > 0)
				line_add_text(&line, ", ");
			add_constant(&line, check, check_at(check, list->items[i]));
		}
		if (shown < list->count)
			line_add(&line, " and %u more", list->count - shown);
		line_add_text(&line, ", found ");
		line_add_value(&line, check->node);
		const char *nearest = nearest_constant(check, list);
		if (nearest != NULL)
			ask_for(&mend, nearest);
	}
	return report_complaint(
		check, &(struct complaint){ .message = &line,
					    .mend = mend.length > 0 ? mend.text : NULL,
					    .constant = true });
}

static const char *bound_phrase(uint32_t kind)
{
	if (kind == OPERATION_MINIMUM)
		return "at least";
	if (kind == OPERATION_EXCLUSIVE_MINIMUM)
		return "more than";
	if (kind == OPERATION_MAXIMUM)
		return "at most";
	return kind == OPERATION_EXCLUSIVE_MAXIMUM ? "less than" : "a multiple of";
}

bool report_bound(const struct check *check)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		const struct image_bound *bound = check_at(check, check->operation->a);
		const struct image_string *text = check_at(check, bound->text);
		report_subject(&line, check, check->path);
		line_add(&line, " must be %s %.60s, found %.60s",
			 bound_phrase(check->operation->kind), text->text,
			 check->node->text);
	}
	return report_complaint(check, &(struct complaint){ .message = &line });
}

bool report_count(const struct check *check, uint64_t found, const char *one,
		  const char *many)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	uint64_t count = check_count_of(check);
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add(&line, " must have at %s %" PRIu64 " %s, found %" PRIu64,
			 found < count ? "least" : "most", count,
			 count == 1 ? one : many, found);
	}
	return report_complaint(check, &(struct complaint){ .message = &line });
}

bool report_pattern(const struct check *check)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		const struct schema *schema = check->run->schema;
		const struct image_pattern *patterns =
			image_at(schema, schema->header->patterns);
		const struct image_string *text =
			image_at(schema, patterns[check->operation->a].text);
		report_subject(&line, check, check->path);
		line_add(&line, " must match the pattern ");
		line_add_quoted(&line, '\'', text->text, text->length);
		line_add_text(&line, ", found ");
		line_add_value(&line, check->node);
	}
	return report_complaint(check, &(struct complaint){ .message = &line });
}

bool report_format(const struct check *check)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	char mend[160] = "";
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add(&line, " must be %s, found ",
			 format_description((enum schema_format)check->operation->a));
		line_add_value(&line, check->node);
		format_suggest((enum schema_format)check->operation->a,
			       check->node->text, mend, sizeof(mend));
	}
	return report_complaint(
		check, &(struct complaint){ .message = &line,
					    .mend = *mend != '\0' ? mend : NULL });
}

bool report_required(const struct check *check, const struct image_string *name,
		     const struct image_string *because)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add_text(&line, " needs ");
		line_add_quoted(&line, '\'', name->text, name->length);
		if (because != NULL) {
			line_add(&line, " because it has ");
			line_add_quoted(&line, '\'', because->text, because->length);
		}
	}
	struct line mend;
	line_clear(&mend);
	line_add_text(&mend, "add ");
	line_add_quoted(&mend, '\'', name->text, name->length);
	/* It is asked for by the properties, too, when both stand together. */
	bool folded = check->operation->kind == OPERATION_PROPERTIES;
	return report_complaint(
		check, &(struct complaint){ .message = &line,
					    .mend = mend.text,
					    .keyword = folded ? "required" : NULL });
}

/* The object that a schema describes, or the items of its list; NULL: neither alone. */
static const struct image_object *object_of(const struct schema *schema, uint32_t index,
					    bool *list)
{
	const struct image_schema *of = &schema->schemas[index];
	const struct image_operation *operations = image_at(schema, of->operations);
	for (uint32_t i = 0; i < of->operation_count; i++) {
		if (operations[i].kind == OPERATION_PROPERTIES)
			return image_at(schema, operations[i].a);
		if (operations[i].kind != OPERATION_ITEMS || *list)
			continue;
		const struct image_items *items = image_at(schema, operations[i].a);
		*list = true;
		return items->rest == SCHEMA_NONE
			       ? NULL
			       : object_of(schema, items->rest, list);
	}
	return NULL;
}

/* A name that is known one level down: most likely its line is not indented enough. */
static bool suggest_below(struct line *mend, const struct check *check,
			  const struct node *key, const struct image_object *object)
{
	const struct schema *schema = check->run->schema;
	for (uint32_t i = 0; i < check->node->length; i++) {
		const struct node *name = &check->node->pairs[i].key;
		const struct image_property *row = object_find(schema, object, name);
		bool list = false;
		if (row->name == 0 || row->schema == SCHEMA_NONE)
			continue;
		const struct image_object *below =
			object_of(schema, row->schema, &list);
		if (below == NULL || object_find(schema, below, key)->name == 0)
			continue;
		line_add_text(mend, "it belongs ");
		line_add_text(mend, list ? "to an item of " : "into ");
		line_add_quoted(mend, '\'', name->text, name->length);
		line_add_text(mend, ": indent it further");
		return true;
	}
	return false;
}

/* The schema one step further along a path; SCHEMA_NONE: it is not that simple. */
static uint32_t step_down(const struct schema *schema, uint32_t index,
			  const struct path *path)
{
	const struct image_schema *of = &schema->schemas[index];
	const struct image_operation *operations = image_at(schema, of->operations);
	for (uint32_t i = 0; i < of->operation_count; i++) {
		const struct node *key = path_key(path);
		if (operations[i].kind == OPERATION_PROPERTIES && key != NULL)
			return object_find(schema, image_at(schema, operations[i].a),
					   key)
				->schema;
		if (operations[i].kind == OPERATION_ITEMS && key == NULL) {
			const struct image_items *items =
				image_at(schema, operations[i].a);
			return items->rest;
		}
	}
	return SCHEMA_NONE;
}

/* A name that is known further out: its line is indented too far. */
static bool suggest_above(struct line *mend, const struct check *check,
			  const struct node *key)
{
	const struct schema *schema = check->run->schema;
	const struct path *steps[LEVELS];
	const struct path *outer = NULL;
	size_t depth = 0;
	uint32_t index = check->run->entry;
	bool found = false;
	for (const struct path *at = check->path; at != NULL; at = at->parent) {
		if (depth == LEVELS)
			return false;
		steps[depth++] = at;
	}
	while (depth > 0 && index != SCHEMA_NONE) {
		bool list = true; /* the items of a list are no place further out */
		const struct image_object *object = object_of(schema, index, &list);
		if (object != NULL && object_find(schema, object, key)->name != 0)
			found = true, outer = steps[depth - 1]->parent;
		index = step_down(schema, index, steps[--depth]);
	}
	if (!found)
		return false;
	line_add_text(mend, "it belongs to ");
	report_subject(mend, check, outer);
	line_add_text(mend, ": indent it less");
	return true;
}

/* The name that was meant, when it is near and not there yet; else the few allowed. */
static void suggest(struct line *mend, const struct check *check,
		    const struct node *key, const struct image_object *object)
{
	const struct image_list *known = check_at(check, object->names);
	struct nearest nearest;
	nearest_begin(&nearest, key->text, key->length);
	for (uint32_t i = 0; i < known->count; i++) {
		const struct image_string *name = check_at(check, known->items[i]);
		nearest_try(&nearest, name->text, name->length);
	}
	if (nearest.best != NULL && node_get(check->node, nearest.best) == NULL) {
		ask_for(mend, nearest.best);
		return;
	}
	if (suggest_below(mend, check, key, object) ||
	    suggest_above(mend, check, key) || known->count == 0 ||
	    known->count > LISTED)
		return;
	line_add_text(mend, "known here: ");
	for (uint32_t i = 0; i < known->count; i++) {
		const struct image_string *name = check_at(check, known->items[i]);
		if (i > 0)
			line_add_text(mend, ", ");
		line_add_quoted(mend, '\'', name->text, name->length);
	}
}

bool report_unknown(const struct check *check, const struct pair *pair,
		    const struct image_object *object)
{
	if (check->run->report == NULL)
		return false;
	struct path path = { .parent = check->path,
			     .container = check->node,
			     .child = &pair->value };
	struct line line;
	line_clear(&line);
	struct line mend;
	line_clear(&mend);
	if (report_wants_words(check)) {
		report_subject(&line, check, &path);
		line_add_text(&line, " is not allowed");
		if (object != NULL)
			suggest(&mend, check, &pair->key, object);
	}
	bool closed = check->operation->kind == OPERATION_PROPERTIES;
	return report_complaint(
		check, &(struct complaint){ .message = &line,
					    .mend = mend.length > 0 ? mend.text : NULL,
					    .node = &pair->value,
					    .key = &pair->key,
					    .path = &path,
					    .keyword = closed ? "additionalProperties"
							      : NULL });
}

bool report_contains(const struct check *check, uint64_t found)
{
	if (check->run->report == NULL)
		return false;
	const struct image_contains *contains = check_at(check, check->operation->a);
	bool few = found < contains->minimum;
	uint64_t wanted = few ? contains->minimum : contains->maximum;
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add(&line,
			 " must have at %s %" PRIu64 " %s that 'contains' describes, "
			 "found %" PRIu64,
			 few ? "least" : "most", wanted, wanted == 1 ? "item" : "items",
			 found);
	}
	return report_complaint(check, &(struct complaint){ .message = &line });
}

bool report_equal_items(const struct check *check, uint32_t first, uint32_t second)
{
	if (check->run->report == NULL)
		return false;
	struct path paths[2] = {
		{ check->path, check->node, &check->node->items[first], false },
		{ check->path, check->node, &check->node->items[second], false },
	};
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		report_subject(&line, check, &paths[1]);
		line_add(&line, " equals ");
		report_subject(&line, check, &paths[0]);
		line_add(&line, ", but items must differ");
	}
	return report_complaint(
		check, &(struct complaint){ .message = &line,
					    .node = &check->node->items[second],
					    .path = &paths[1] });
}

bool report_not(const struct check *check)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add(&line, " is what 'not' forbids, found ");
		line_add_value(&line, check->node);
	}
	return report_complaint(check, &(struct complaint){ .message = &line });
}

bool report_too_many(const struct check *check, uint32_t first, uint32_t second)
{
	if (check->run->report == NULL)
		return false;
	struct line line;
	line_clear(&line);
	if (report_wants_words(check)) {
		const struct image_list *list = check_at(check, check->operation->a);
		report_subject(&line, check, check->path);
		line_add(&line,
			 " fits more than one of %u forms (numbers %u and %u), but "
			 "exactly one is allowed",
			 list->count, first + 1, second + 1);
	}
	return report_complaint(check, &(struct complaint){ .message = &line });
}
