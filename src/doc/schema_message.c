/* doc/schema_message.c - the words for each thing that can be wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "doc/schema_format.h"
#include "doc/schema_report.h"

#define LISTED 12 /* values or names that a message lists at most */
#define FEW    3  /* names that say what was meant, though it is not near */

static void say_never(struct line *line, const struct complaint *complaint)
{
	report_subject(line, complaint->check, complaint->check->path);
	line_add_text(line, " is not allowed");
}

bool report_never(const struct check *check)
{
	return report_complaint(
		&(struct complaint){ .check = check, .say = say_never });
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

/* Whether a value begins behind its key, as a list or mapping in brackets does. */
static bool is_behind_key(const struct path *path)
{
	const struct node *key = path == NULL ? NULL : path_key(path);
	return key != NULL && key->line == path->child->line;
}

/* ': ' where a text was meant, or keys below one that takes none. */
static const char *mend_mapping(const struct path *path)
{
	if (path == NULL || path_key(path) == NULL || is_behind_key(path))
		return "if it is one text, put it in quotes: ': ' makes it a key and a "
		       "value";
	return "if it is one text, put '|' behind the key";
}

/* What people do wrong most: quotes too many or too few, a value that is missing, an
 * item that is no list. NULL: it is something else. */
static const char *mend_type(const struct node *node, const struct path *path,
			     unsigned int types)
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
	if (node->kind == NODE_SEQUENCE && (types & TYPE_OBJECT) != 0)
		return "write keys and values, without '-' before them";
	if (node->kind == NODE_MAPPING && types == TYPE_STRING)
		return mend_mapping(path);
	if (node->kind == NODE_SEQUENCE && node->length == 1 &&
	    (types & run_type_of(&node->items[0])) != 0)
		return "write the value alone, not as a list";
	return NULL;
}

/* A scalar where an object is expected that has one property for it: "name: registry".
 */
static bool suggest_pair(struct line *mend, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct node *node = check->node;
	const struct image_string *name = NULL;
	bool scalar = node->kind == NODE_STRING || node->kind == NODE_INTEGER;
	if (!scalar || (complaint->types & TYPE_OBJECT) == 0 || node->length == 0 ||
	    strspn(node->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789-_./") != node->length)
		return false;
	name = property_for(check);
	if (name == NULL)
		return false;
	line_add_text(mend, "did you mean '");
	line_add_shown(mend, name->text, name->length);
	line_add_text(mend, ": ");
	line_add_shown(mend, node->text, node->length);
	line_add_text(mend, "'?");
	return true;
}

/* An object where a list of such is expected. */
static bool suggest_dash(struct line *mend, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct node *node = check->node;
	if (node->kind != NODE_MAPPING || node->length == 0 ||
	    (complaint->types & TYPE_ARRAY) == 0 || is_behind_key(check->path) ||
	    !items_know(check, &node->pairs[0].key))
		return false;
	line_add_text(mend, "make it a list: put '- ' before ");
	line_add_quoted(mend, '\'', node->pairs[0].key.text, node->pairs[0].key.length);
	return true;
}

/* The few names that are allowed. */
static void list_names(struct line *mend, const struct check *check,
		       const struct image_list *names)
{
	if (names->count == 0 || names->count > LISTED)
		return;
	line_add_text(mend, "known here: ");
	for (uint32_t i = 0; i < names->count; i++) {
		const struct image_string *name = check_at(check, names->items[i]);
		if (i > 0)
			line_add_text(mend, ", ");
		line_add_quoted(mend, '\'', name->text, name->length);
	}
}

static void suggest_for_types(struct line *mend, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	if (suggest_pair(mend, complaint) || suggest_dash(mend, complaint))
		return;
	const char *text = mend_type(check->node, check->path, complaint->types);
	const struct image_object *object = object_expected(check);
	if (text != NULL)
		line_add_text(mend, text);
	else if (object != NULL && !node_is_container(check->node))
		list_names(mend, check, check_at(check, object->names));
}

static void say_types(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	report_subject(line, check, check->path);
	line_add_text(line, " must be ");
	line_add_types(line, complaint->types);
	line_add_text(line, ", found ");
	line_add_value(line, check->node);
}

bool report_types(const struct check *check, unsigned int types)
{
	return report_complaint(&(struct complaint){ .check = check,
						     .say = say_types,
						     .suggest = suggest_for_types,
						     .types = types });
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

static void ask_for(struct line *line, const char *name)
{
	line_add_text(line, "did you mean ");
	line_add_quoted(line, '\'', name, strlen(name));
	line_add_text(line, "?");
}

/* The allowed value that is near to a string. */
static void suggest_constant(struct line *mend, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_list *list = check_at(check, check->operation->a);
	struct nearest nearest;
	if (check->node->kind != NODE_STRING)
		return;
	nearest_begin(&nearest, check->node->text, check->node->length);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct image_value *value = check_at(check, list->items[i]);
		const struct image_string *text = check_at(check, value->data);
		if (value->kind == NODE_STRING)
			nearest_try(&nearest, text->text, text->length);
	}
	if (nearest.best != NULL)
		ask_for(mend, nearest.best);
}

static void say_constants(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_list *list = check_at(check, check->operation->a);
	uint32_t shown = list->count < LISTED ? list->count : LISTED;
	report_subject(line, check, check->path);
	line_add_text(line, list->count == 1 ? " must be " : " must be one of ");
	for (uint32_t i = 0; i < shown; i++) {
		if (i > 0)
			line_add_text(line, ", ");
		add_constant(line, check, check_at(check, list->items[i]));
	}
	if (shown < list->count)
		line_add(line, " and %u more", list->count - shown);
	line_add_text(line, ", found ");
	line_add_value(line, check->node);
}

bool report_constants(const struct check *check)
{
	return report_complaint(&(struct complaint){ .check = check,
						     .say = say_constants,
						     .suggest = suggest_constant,
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

static void say_bound(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_bound *bound = check_at(check, check->operation->a);
	const struct image_string *text = check_at(check, bound->text);
	report_subject(line, check, check->path);
	line_add(line, " must be %s %.60s, found %.60s",
		 bound_phrase(check->operation->kind), text->text, check->node->text);
}

bool report_bound(const struct check *check)
{
	return report_complaint(
		&(struct complaint){ .check = check, .say = say_bound });
}

static void say_count(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	uint64_t found = complaint->count.found;
	uint64_t count = check_count_of(check);
	report_subject(line, check, check->path);
	line_add(line, " must have at %s %" PRIu64 " %s, found %" PRIu64,
		 found < count ? "least" : "most", count,
		 count == 1 ? complaint->count.one : complaint->count.many, found);
}

bool report_count(const struct check *check, uint64_t found, const char *one,
		  const char *many)
{
	return report_complaint(&(struct complaint){
		.check = check, .say = say_count, .count = { found, one, many } });
}

static void say_pattern(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct schema *schema = check->run->schema;
	const struct image_pattern *patterns =
		image_at(schema, schema->header->patterns);
	const struct image_string *text =
		image_at(schema, patterns[check->operation->a].text);
	report_subject(line, check, check->path);
	line_add_text(line, " must match the pattern ");
	line_add_quoted(line, '\'', text->text, text->length);
	line_add_text(line, ", found ");
	line_add_value(line, check->node);
}

bool report_pattern(const struct check *check)
{
	return report_complaint(
		&(struct complaint){ .check = check, .say = say_pattern });
}

static void suggest_format(struct line *mend, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	char text[160] = "";
	format_suggest((enum schema_format)check->operation->a, check->node->text, text,
		       sizeof(text));
	line_add_text(mend, text);
}

static void say_format(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	report_subject(line, check, check->path);
	line_add(line, " must be %s, found ",
		 format_description((enum schema_format)check->operation->a));
	line_add_value(line, check->node);
}

bool report_format(const struct check *check)
{
	return report_complaint(&(struct complaint){
		.check = check, .say = say_format, .suggest = suggest_format });
}

static void suggest_required(struct line *mend, const struct complaint *complaint)
{
	const struct image_string *name = complaint->required.name;
	line_add_text(mend, "add ");
	line_add_quoted(mend, '\'', name->text, name->length);
}

static void say_required(struct line *line, const struct complaint *complaint)
{
	const struct image_string *name = complaint->required.name;
	const struct image_string *because = complaint->required.because;
	report_subject(line, complaint->check, complaint->check->path);
	line_add_text(line, " needs ");
	line_add_quoted(line, '\'', name->text, name->length);
	if (because != NULL) {
		line_add_text(line, " because it has ");
		line_add_quoted(line, '\'', because->text, because->length);
	}
}

bool report_required(const struct check *check, const struct image_string *name,
		     const struct image_string *because)
{
	/* It is asked for by the properties, too, when both stand together. */
	bool folded = check->operation->kind == OPERATION_PROPERTIES;
	return report_complaint(
		&(struct complaint){ .check = check,
				     .say = say_required,
				     .suggest = suggest_required,
				     .keyword = folded ? "required" : NULL,
				     .required = { name, because } });
}

/* Of few names the only one that holds the key: "labels" for "matchLabels". */
static const char *longer_name(const struct check *check,
			       const struct image_list *names, const struct node *key)
{
	const char *found = NULL;
	if (names->count > FEW || key->length < 4)
		return NULL;
	for (uint32_t i = 0; i < names->count; i++) {
		const struct image_string *name = check_at(check, names->items[i]);
		if (strcasestr(name->text, key->text) == NULL)
			continue;
		if (found != NULL)
			return NULL;
		found = name->text;
	}
	return found == NULL || node_get(check->node, found) != NULL ? NULL : found;
}

static const char *nearest_name(const struct check *check,
				const struct image_list *names, const struct node *key)
{
	struct nearest nearest;
	nearest_begin(&nearest, key->text, key->length);
	for (uint32_t i = 0; i < names->count; i++) {
		const struct image_string *name = check_at(check, names->items[i]);
		nearest_try(&nearest, name->text, name->length);
	}
	return nearest.best != NULL ? nearest.best : longer_name(check, names, key);
}

/* The name that was meant, when it is near; else where it belongs. */
static void suggest_name(struct line *mend, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_object *object = complaint->object;
	const struct node *key = complaint->key;
	const struct image_list *known = check_at(check, object->names);
	const char *near = nearest_name(check, known, key);
	bool there = near != NULL && node_get(check->node, near) != NULL;
	if (near != NULL && !there) {
		ask_for(mend, near);
		return;
	}
	if (suggest_place(mend, complaint))
		return;
	if (there) {
		line_add_text(mend, "remove it: ");
		line_add_quoted(mend, '\'', near, strlen(near));
		line_add_text(mend, " is there already");
		return;
	}
	const struct image_string *map = map_for(check, object, complaint->node);
	/* Where more is known, a name of one's own is less likely. */
	if (map == NULL || known->count > FEW) {
		list_names(mend, check, known);
		return;
	}
	line_add_text(mend, "does it belong in ");
	line_add_quoted(mend, '\'', map->text, map->length);
	line_add_text(mend, ", which takes any name?");
}

static void say_unknown(struct line *line, const struct complaint *complaint)
{
	report_subject(line, complaint->check, complaint->path);
	line_add_text(line, " is not allowed");
}

bool report_unknown(const struct check *check, const struct pair *pair,
		    const struct image_object *object)
{
	struct path path = { .parent = check->path,
			     .container = check->node,
			     .child = &pair->value };
	bool closed = check->operation->kind == OPERATION_PROPERTIES;
	return report_complaint(
		&(struct complaint){ .check = check,
				     .say = say_unknown,
				     .suggest = object != NULL ? suggest_name : NULL,
				     .path = &path,
				     .node = &pair->value,
				     .key = &pair->key,
				     .keyword = closed ? "additionalProperties" : NULL,
				     .object = object });
}

static void say_contains(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_contains *contains = check_at(check, check->operation->a);
	uint64_t found = complaint->count.found;
	bool few = found < contains->minimum;
	uint64_t wanted = few ? contains->minimum : contains->maximum;
	report_subject(line, check, check->path);
	line_add(line,
		 " must have at %s %" PRIu64 " %s that 'contains' describes, "
		 "found %" PRIu64,
		 few ? "least" : "most", wanted, wanted == 1 ? "item" : "items", found);
}

bool report_contains(const struct check *check, uint64_t found)
{
	return report_complaint(&(struct complaint){
		.check = check, .say = say_contains, .count = { .found = found } });
}

static void say_equal_items(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct path first = { check->path, check->node,
				    &check->node->items[complaint->pair.first], false };
	report_subject(line, check, complaint->path);
	line_add_text(line, " equals ");
	report_subject(line, check, &first);
	line_add_text(line, ", but items must differ");
}

bool report_equal_items(const struct check *check, uint32_t first, uint32_t second)
{
	const struct path path = { check->path, check->node,
				   &check->node->items[second], false };
	return report_complaint(&(struct complaint){ .check = check,
						     .say = say_equal_items,
						     .path = &path,
						     .node = path.child,
						     .pair = { first, second } });
}

static void say_not(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	report_subject(line, check, check->path);
	line_add_text(line, " is what 'not' forbids, found ");
	line_add_value(line, check->node);
}

bool report_not(const struct check *check)
{
	return report_complaint(&(struct complaint){ .check = check, .say = say_not });
}

static void say_too_many(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_list *list = check_at(check, check->operation->a);
	report_subject(line, check, check->path);
	line_add(line,
		 " fits more than one of %u forms (numbers %u and %u), but exactly one "
		 "is allowed",
		 list->count, complaint->pair.first + 1, complaint->pair.second + 1);
}

/* Forms that need a property each, which is all that tells them apart. */
static void suggest_one(struct line *mend, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_list *list = check_at(check, check->operation->a);
	const struct image_string *first =
		needed_name(check, list->items[complaint->pair.first]);
	const struct image_string *second =
		needed_name(check, list->items[complaint->pair.second]);
	if (first == NULL || second == NULL || check->node->kind != NODE_MAPPING)
		return;
	line_add_text(mend, "remove ");
	line_add_quoted(mend, '\'', first->text, first->length);
	line_add_text(mend, " or ");
	line_add_quoted(mend, '\'', second->text, second->length);
}

bool report_too_many(const struct check *check, uint32_t first, uint32_t second)
{
	const struct node *node = check->node;
	unsigned int types = check->subschema->types;
	/* Its type is told already, and forms that only need properties fit it all. */
	if (types != 0 && node->kind != NODE_DECIMAL &&
	    (run_type_of(node) & types) == 0)
		return false;
	return report_complaint(&(struct complaint){ .check = check,
						     .say = say_too_many,
						     .suggest = suggest_one,
						     .pair = { first, second } });
}
