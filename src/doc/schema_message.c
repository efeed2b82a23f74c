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
	if ((types & TYPE_ARRAY) != 0)
		return "make it a list, even of one item";
	if (node->kind == NODE_SEQUENCE && types == TYPE_OBJECT)
		return "write keys and values, without '-' before them";
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

/* Names from which the nearest to a text is taken, some at a time. */
struct nearest {
	const char *text;
	const char *names[64];
	size_t count;
};

static const char *nearest_of(struct nearest *nearest)
{
	const char *best = text_nearest(nearest->text, nearest->names, nearest->count);
	nearest->names[0] = best;
	nearest->count = best != NULL;
	return best;
}

static void nearest_add(struct nearest *nearest, const char *name)
{
	if (nearest->count == sizeof(nearest->names) / sizeof(nearest->names[0]))
		nearest_of(nearest);
	nearest->names[nearest->count++] = name;
}

/* The text of an allowed value that is near to a string, or NULL. */
static const char *nearest_constant(const struct check *check,
				    const struct image_list *list)
{
	struct nearest nearest;
	nearest.text = check->node->text;
	nearest.count = 0;
	for (uint32_t i = 0; check->node->kind == NODE_STRING && i < list->count; i++) {
		const struct image_value *value = check_at(check, list->items[i]);
		const struct image_string *text = check_at(check, value->data);
		if (value->kind == NODE_STRING)
			nearest_add(&nearest, text->text);
	}
	return nearest.count == 0 ? NULL : nearest_of(&nearest);
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
			line_add_text(&line, i == 0 ? "" : ", ");
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
	if (report_wants_words(check)) {
		report_subject(&line, check, check->path);
		line_add(&line, " must be %s, found ",
			 format_description((enum schema_format)check->operation->a));
		line_add_value(&line, check->node);
	}
	return report_complaint(check, &(struct complaint){ .message = &line });
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
	/* It is asked for by the properties, too, when both stand together. */
	bool folded = check->operation->kind == OPERATION_PROPERTIES;
	return report_complaint(
		check, &(struct complaint){ .message = &line,
					    .keyword = folded ? "required" : NULL });
}

/* The name that was meant, when it is near and not there yet; else the few allowed. */
static void suggest(struct line *mend, const struct check *check,
		    const struct node *key, const struct image_object *object)
{
	const struct image_list *known = check_at(check, object->names);
	struct nearest nearest;
	nearest.text = key->text;
	nearest.count = 0;
	for (uint32_t i = 0; i < known->count; i++) {
		const struct image_string *name = check_at(check, known->items[i]);
		nearest_add(&nearest, name->text);
	}
	const char *best = nearest.count == 0 ? NULL : nearest_of(&nearest);
	if (best != NULL && node_get(check->node, best) == NULL) {
		ask_for(mend, best);
		return;
	}
	if (known->count == 0 || known->count > LISTED)
		return;
	line_add_text(mend, "known here: ");
	for (uint32_t i = 0; i < known->count; i++) {
		const struct image_string *name = check_at(check, known->items[i]);
		line_add_text(mend, i == 0 ? "" : ", ");
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
