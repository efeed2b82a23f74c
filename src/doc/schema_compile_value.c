/* doc/schema_compile_value.c - keywords about any value, numbers and strings, and those
 * that combine schemas. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "doc/number.h"
#include "doc/schema_compile.h"

static int type_bit(struct compilation *compilation, const struct node *node,
		    unsigned int *types)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} rows[] = { { "null", TYPE_NULL },       { "boolean", TYPE_BOOLEAN },
		     { "integer", TYPE_INTEGER }, { "number", TYPE_NUMBER },
		     { "string", TYPE_STRING },   { "array", TYPE_ARRAY },
		     { "object", TYPE_OBJECT } };
	const char *name = node_kind(node) == NODE_STRING ? node->text : "";
	size_t length = node_kind(node) == NODE_STRING ? node->length : 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strlen(rows[i].name) != length || strcmp(rows[i].name, name) != 0)
			continue;
		bool by_text = rows[i].bit == TYPE_INTEGER &&
			       compile_draft(compilation) == SCHEMA_DRAFT_4;
		*types |= by_text ? TYPE_INTEGER_BY_TEXT : rows[i].bit;
		return 0;
	}
	return compile_error(compilation, node,
			     "'type' must name null, boolean, integer, number, string, "
			     "array or object");
}

int compile_type(struct compilation *compilation, const struct keyword *keyword,
		 const struct node *value)
{
	unsigned int types = 0;
	int status = 0;
	if (node_kind(value) == NODE_SEQUENCE) {
		for (size_t i = 0; status == 0 && i < node_count(value); i++)
			status = type_bit(compilation, node_item(value, i), &types);
		if (node_count(value) == 0)
			return compile_error(compilation, value, "'type' is empty");
	} else {
		status = type_bit(compilation, value, &types);
	}
	if (status != 0)
		return status;
	struct operation *operation =
		compile_add(compilation, OPERATION_TYPE, keyword->name);
	if (operation == NULL)
		return compile_no_memory(compilation);
	operation->types = types;
	return 0;
}

static int add_constants(struct compilation *compilation, enum operation_kind kind,
			 const char *keyword, const struct node *nodes, size_t count)
{
	struct operation *operation = compile_add(compilation, kind, keyword);
	if (operation == NULL)
		return compile_no_memory(compilation);
	operation->constants = (struct constants){ nodes, (uint32_t)count };
	return 0;
}

int compile_const(struct compilation *compilation, const struct keyword *keyword,
		  const struct node *value)
{
	return add_constants(compilation, OPERATION_CONST, keyword->name, value, 1);
}

int compile_enum(struct compilation *compilation, const struct keyword *keyword,
		 const struct node *value)
{
	if (node_kind(value) != NODE_SEQUENCE)
		return compile_error(compilation, value, "'enum' must be a list");
	return add_constants(compilation, OPERATION_ENUM, keyword->name, value->items,
			     node_count(value));
}

/* The number of a bound. */
static int add_number(struct compilation *compilation, enum operation_kind kind,
		      const char *keyword, const struct node *value)
{
	enum node_kind node_type = node_kind(value);
	struct operation *operation = compile_add(compilation, kind, keyword);
	struct number number;
	if (operation == NULL)
		return compile_no_memory(compilation);
	if (node_type != NODE_INTEGER && node_type != NODE_DECIMAL)
		return compile_error(compilation, value, "'%s' must be a number",
				     keyword);
	number_read(&number, value->text, value->length);
	if (number.class != NUMBER_FINITE)
		return compile_error(compilation, value,
				     "'%s' must be a number that JSON has", keyword);
	if (kind == OPERATION_MULTIPLE_OF && !number_is_divisor(&number))
		return compile_error(compilation, value,
				     "'multipleOf' must be over 0, with at most 18 "
				     "significant digits");
	operation->bound = value;
	return 0;
}

static bool is_true(const struct node *node)
{
	return node_kind(node) == NODE_BOOLEAN && node_boolean(node);
}

/* In draft 4 the "exclusive" keyword beside a bound is a boolean that sharpens it. */
int compile_minimum(struct compilation *compilation, const struct keyword *keyword,
		    const struct node *value)
{
	bool exclusive = compile_draft(compilation) == SCHEMA_DRAFT_4 &&
			 is_true(compile_sibling(compilation, "exclusiveMinimum"));
	return add_number(compilation,
			  exclusive ? OPERATION_EXCLUSIVE_MINIMUM : OPERATION_MINIMUM,
			  keyword->name, value);
}

int compile_maximum(struct compilation *compilation, const struct keyword *keyword,
		    const struct node *value)
{
	bool exclusive = compile_draft(compilation) == SCHEMA_DRAFT_4 &&
			 is_true(compile_sibling(compilation, "exclusiveMaximum"));
	return add_number(compilation,
			  exclusive ? OPERATION_EXCLUSIVE_MAXIMUM : OPERATION_MAXIMUM,
			  keyword->name, value);
}

static int compile_exclusive(struct compilation *compilation, enum operation_kind kind,
			     const char *keyword, const struct node *value)
{
	if (compile_draft(compilation) != SCHEMA_DRAFT_4)
		return add_number(compilation, kind, keyword, value);
	if (node_kind(value) != NODE_BOOLEAN)
		return compile_error(compilation, value,
				     "'%s' must be true or false in draft 4", keyword);
	return 0;
}

int compile_exclusive_minimum(struct compilation *compilation,
			      const struct keyword *keyword, const struct node *value)
{
	return compile_exclusive(compilation, OPERATION_EXCLUSIVE_MINIMUM,
				 keyword->name, value);
}

int compile_exclusive_maximum(struct compilation *compilation,
			      const struct keyword *keyword, const struct node *value)
{
	return compile_exclusive(compilation, OPERATION_EXCLUSIVE_MAXIMUM,
				 keyword->name, value);
}

int compile_multiple_of(struct compilation *compilation, const struct keyword *keyword,
			const struct node *value)
{
	return add_number(compilation, OPERATION_MULTIPLE_OF, keyword->name, value);
}

static int add_count(struct compilation *compilation, enum operation_kind kind,
		     const char *keyword, const struct node *value)
{
	uint64_t count;
	int status = compile_count(compilation, keyword, value, &count);
	if (status != 0)
		return status;
	struct operation *operation = compile_add(compilation, kind, keyword);
	if (operation == NULL)
		return compile_no_memory(compilation);
	operation->count = count;
	return 0;
}

#define COUNT_KEYWORD(function, kind)                                                  \
	int function(struct compilation *compilation, const struct keyword *keyword,   \
		     const struct node *value)                                         \
	{                                                                              \
		return add_count(compilation, kind, keyword->name, value);             \
	}

COUNT_KEYWORD(compile_min_length, OPERATION_MIN_LENGTH)
COUNT_KEYWORD(compile_max_length, OPERATION_MAX_LENGTH)
COUNT_KEYWORD(compile_min_items, OPERATION_MIN_ITEMS)
COUNT_KEYWORD(compile_max_items, OPERATION_MAX_ITEMS)
COUNT_KEYWORD(compile_min_properties, OPERATION_MIN_PROPERTIES)
COUNT_KEYWORD(compile_max_properties, OPERATION_MAX_PROPERTIES)

int compile_pattern(struct compilation *compilation, const struct keyword *keyword,
		    const struct node *value)
{
	const struct schema_pattern *pattern;
	int status = compile_regex(compilation, value, value, &pattern);
	if (status != 0)
		return status;
	struct operation *operation =
		compile_add(compilation, OPERATION_PATTERN, keyword->name);
	if (operation == NULL)
		return compile_no_memory(compilation);
	operation->pattern = pattern;
	return 0;
}

int compile_format(struct compilation *compilation, const struct keyword *keyword,
		   const struct node *value)
{
	if (node_kind(value) != NODE_STRING)
		return compile_error(compilation, value, "'format' must be a string");
	if (!compilation->position->key.resource->asserts_formats)
		return 0;
	enum schema_format format = format_of(value->text, value->length);
	if (format == FORMAT_UNKNOWN)
		return 0;
	struct operation *operation =
		compile_add(compilation, OPERATION_FORMAT, keyword->name);
	if (operation == NULL)
		return compile_no_memory(compilation);
	operation->format = format;
	return 0;
}

static int add_combination(struct compilation *compilation, enum operation_kind kind,
			   const char *keyword, const struct node *value)
{
	size_t count = node_count(value);
	if (node_kind(value) != NODE_SEQUENCE || count == 0)
		return compile_error(compilation, value,
				     "'%s' must be a list with at least one schema",
				     keyword);
	struct operation *operation = compile_add(compilation, kind, keyword);
	struct subschemas *list = arena_alloc(
		compilation->arena, sizeof(*list) + count * sizeof(list->indexes[0]));
	if (operation == NULL || list == NULL)
		return compile_no_memory(compilation);
	operation->subschemas = list;
	list->count = (uint32_t)count;
	int status = 0;
	for (size_t i = 0; status == 0 && i < count; i++) {
		char token[24];
		snprintf(token, sizeof(token), "%zu", i);
		status = compile_child(compilation, node_item(value, i), keyword, token,
				       &list->indexes[i]);
	}
	return status;
}

int compile_all_of(struct compilation *compilation, const struct keyword *keyword,
		   const struct node *value)
{
	return add_combination(compilation, OPERATION_ALL_OF, keyword->name, value);
}

int compile_any_of(struct compilation *compilation, const struct keyword *keyword,
		   const struct node *value)
{
	return add_combination(compilation, OPERATION_ANY_OF, keyword->name, value);
}

int compile_one_of(struct compilation *compilation, const struct keyword *keyword,
		   const struct node *value)
{
	return add_combination(compilation, OPERATION_ONE_OF, keyword->name, value);
}

int compile_not(struct compilation *compilation, const struct keyword *keyword,
		const struct node *value)
{
	struct operation *operation =
		compile_add(compilation, OPERATION_NOT, keyword->name);
	if (operation == NULL)
		return compile_no_memory(compilation);
	return compile_child(compilation, value, keyword->name, NULL,
			     &operation->schema);
}

static int optional_child(struct compilation *compilation, const char *keyword,
			  uint32_t *out)
{
	const struct node *value = compile_sibling(compilation, keyword);
	*out = SCHEMA_NONE;
	return value == NULL ? 0
			     : compile_child(compilation, value, keyword, NULL, out);
}

int compile_condition(struct compilation *compilation, const struct keyword *keyword,
		      const struct node *value)
{
	struct condition *condition =
		arena_new_of(compilation->arena, struct condition);
	struct operation *operation =
		compile_add(compilation, OPERATION_CONDITION, keyword->name);
	if (condition == NULL || operation == NULL)
		return compile_no_memory(compilation);
	operation->condition = condition;
	int status = compile_child(compilation, value, keyword->name, NULL,
				   &condition->test);
	if (status == 0)
		status = optional_child(compilation, "then", &condition->when_true);
	if (status == 0)
		status = optional_child(compilation, "else", &condition->when_false);
	return status;
}
