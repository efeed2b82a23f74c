/* doc/schema_compile_container.c - keywords about objects and arrays. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "doc/schema_compile.h"

static int need_mapping(struct compilation *compilation, const char *keyword,
			const struct node *value)
{
	if (node_kind(value) == NODE_MAPPING)
		return 0;
	return compile_error(compilation, value, "'%s' must be an object", keyword);
}

/* A list of strings. */
static int read_names(struct compilation *compilation, const char *keyword,
		      const struct node *value, const struct names **out)
{
	size_t count = node_count(value);
	struct names *names = arena_alloc(
		compilation->arena, sizeof(*names) + count * sizeof(names->names[0]));
	if (names == NULL)
		return compile_no_memory(compilation);
	if (node_kind(value) != NODE_SEQUENCE)
		return compile_error(compilation, value, "'%s' must be a list of names",
				     keyword);
	for (size_t i = 0; i < count; i++) {
		const struct node *item = node_item(value, i);
		if (node_kind(item) != NODE_STRING)
			return compile_error(compilation, item,
					     "'%s' must hold strings only", keyword);
		names->names[i] = compile_name(item);
	}
	names->count = (uint32_t)count;
	*out = names;
	return 0;
}

int compile_required(struct compilation *compilation, const struct keyword *keyword,
		     const struct node *value)
{
	const struct names *names;
	int status = read_names(compilation, keyword->name, value, &names);
	if (status != 0)
		return status;
	struct operation *operation =
		compile_add(compilation, OPERATION_REQUIRED, keyword->name);
	if (operation == NULL)
		return compile_no_memory(compilation);
	operation->names = names;
	return 0;
}

static int read_dependency(struct compilation *compilation,
			   const struct keyword *keyword, const struct node *key,
			   const struct node *value, struct dependency *out)
{
	bool schemas = keyword->shape == SHAPE_SCHEMA_MAP ||
		       (keyword->shape == SHAPE_DEPENDENCIES &&
			node_kind(value) != NODE_SEQUENCE);
	out->name = compile_name(key);
	out->schema = SCHEMA_NONE;
	if (schemas)
		return compile_child(compilation, value, keyword->name, key->text,
				     &out->schema);
	return read_names(compilation, keyword->name, value, &out->needed);
}

static int add_dependencies(struct compilation *compilation, enum operation_kind kind,
			    const struct keyword *keyword, const struct node *value)
{
	int status = need_mapping(compilation, keyword->name, value);
	if (status != 0)
		return status;
	size_t count = node_count(value);
	struct operation *operation = compile_add(compilation, kind, keyword->name);
	struct dependencies *list = arena_alloc(
		compilation->arena, sizeof(*list) + count * sizeof(list->items[0]));
	if (operation == NULL || list == NULL)
		return compile_no_memory(compilation);
	operation->dependencies = list;
	list->count = (uint32_t)count;
	for (size_t i = 0; status == 0 && i < count; i++)
		status = read_dependency(compilation, keyword, node_key(value, i),
					 node_item(value, i), &list->items[i]);
	return status;
}

int compile_dependent_required(struct compilation *compilation,
			       const struct keyword *keyword, const struct node *value)
{
	return add_dependencies(compilation, OPERATION_DEPENDENT_REQUIRED, keyword,
				value);
}

int compile_dependent_schemas(struct compilation *compilation,
			      const struct keyword *keyword, const struct node *value)
{
	return add_dependencies(compilation, OPERATION_DEPENDENT_SCHEMAS, keyword,
				value);
}

int compile_dependencies(struct compilation *compilation, const struct keyword *keyword,
			 const struct node *value)
{
	return add_dependencies(compilation, OPERATION_DEPENDENT_SCHEMAS, keyword,
				value);
}

/* --- properties, patternProperties, additionalProperties: one operation --- */

static int read_properties(struct compilation *compilation, const struct node *value,
			   struct properties *properties)
{
	int status = need_mapping(compilation, "properties", value);
	if (status != 0)
		return status;
	size_t count = node_count(value);
	struct property *rows = arena_array(compilation->arena, count, sizeof(*rows));
	if (rows == NULL)
		return compile_no_memory(compilation);
	for (size_t i = 0; status == 0 && i < count; i++) {
		const struct node *key = node_key(value, i);
		rows[i].name = compile_name(key);
		status = compile_child(compilation, node_item(value, i), "properties",
				       key->text, &rows[i].schema);
	}
	properties->properties = rows;
	properties->count = (uint32_t)count;
	return status;
}

static int read_patterns(struct compilation *compilation, const struct node *value,
			 struct properties *properties)
{
	int status = need_mapping(compilation, "patternProperties", value);
	if (status != 0)
		return status;
	size_t count = node_count(value);
	struct pattern_property *rows =
		arena_array(compilation->arena, count, sizeof(*rows));
	if (rows == NULL)
		return compile_no_memory(compilation);
	for (size_t i = 0; status == 0 && i < count; i++) {
		const struct node *key = node_key(value, i);
		status = compile_regex(compilation, key, key, &rows[i].pattern);
		if (status == 0)
			status = compile_child(compilation, node_item(value, i),
					       "patternProperties", key->text,
					       &rows[i].schema);
	}
	properties->patterns = rows;
	properties->pattern_count = (uint32_t)count;
	return status;
}

int compile_properties(struct compilation *compilation, const struct keyword *keyword,
		       const struct node *value)
{
	(void)keyword;
	(void)value;
	if (compile_has(compilation, OPERATION_PROPERTIES))
		return 0;
	struct operation *operation =
		compile_add(compilation, OPERATION_PROPERTIES, "properties");
	struct properties *properties =
		arena_new_of(compilation->arena, struct properties);
	if (operation == NULL || properties == NULL)
		return compile_no_memory(compilation);
	operation->properties = properties;
	properties->additional = SCHEMA_NONE;
	const struct node *known = compile_sibling(compilation, "properties");
	const struct node *patterns = compile_sibling(compilation, "patternProperties");
	const struct node *rest = compile_sibling(compilation, "additionalProperties");
	int status = 0;
	if (known != NULL)
		status = read_properties(compilation, known, properties);
	if (status == 0 && patterns != NULL)
		status = read_patterns(compilation, patterns, properties);
	if (status == 0 && rest != NULL)
		status = compile_child(compilation, rest, "additionalProperties", NULL,
				       &properties->additional);
	return status;
}

static int add_schema(struct compilation *compilation, enum operation_kind kind,
		      const char *keyword, const struct node *value)
{
	struct operation *operation = compile_add(compilation, kind, keyword);
	if (operation == NULL)
		return compile_no_memory(compilation);
	return compile_child(compilation, value, keyword, NULL, &operation->schema);
}

int compile_property_names(struct compilation *compilation,
			   const struct keyword *keyword, const struct node *value)
{
	return add_schema(compilation, OPERATION_PROPERTY_NAMES, keyword->name, value);
}

int compile_unevaluated_properties(struct compilation *compilation,
				   const struct keyword *keyword,
				   const struct node *value)
{
	return add_schema(compilation, OPERATION_UNEVALUATED_PROPERTIES, keyword->name,
			  value);
}

int compile_unevaluated_items(struct compilation *compilation,
			      const struct keyword *keyword, const struct node *value)
{
	return add_schema(compilation, OPERATION_UNEVALUATED_ITEMS, keyword->name,
			  value);
}

/* --- arrays --- */

static int read_prefix(struct compilation *compilation, const char *keyword,
		       const struct node *value, const struct subschemas **out)
{
	size_t count = node_count(value);
	struct subschemas *list = arena_alloc(
		compilation->arena, sizeof(*list) + count * sizeof(list->indexes[0]));
	if (list == NULL)
		return compile_no_memory(compilation);
	if (node_kind(value) != NODE_SEQUENCE)
		return compile_error(compilation, value, "'%s' must be a list",
				     keyword);
	int status = 0;
	for (size_t i = 0; status == 0 && i < count; i++) {
		char token[24];
		snprintf(token, sizeof(token), "%zu", i);
		status = compile_child(compilation, node_item(value, i), keyword, token,
				       &list->indexes[i]);
	}
	list->count = (uint32_t)count;
	*out = list;
	return status;
}

/* Up to 2019-09 a list in "items" is what "prefixItems" is later, and "additionalItems"
 * what "items" is. */
int compile_items(struct compilation *compilation, const struct keyword *keyword,
		  const struct node *value)
{
	(void)keyword;
	(void)value;
	if (compile_has(compilation, OPERATION_ITEMS))
		return 0;
	struct operation *operation =
		compile_add(compilation, OPERATION_ITEMS, "items");
	struct items *items = arena_new_of(compilation->arena, struct items);
	if (operation == NULL || items == NULL)
		return compile_no_memory(compilation);
	operation->items = items;
	items->rest = SCHEMA_NONE;
	items->rest_keyword = "items";
	bool old = compile_draft(compilation) < SCHEMA_DRAFT_2020_12;
	const struct node *rest = compile_sibling(compilation, "items");
	const struct node *prefix = compile_sibling(compilation, "prefixItems");
	if (old && node_kind(rest) == NODE_SEQUENCE) {
		prefix = rest;
		rest = compile_sibling(compilation, "additionalItems");
		items->rest_keyword = "additionalItems";
	}
	int status = 0;
	if (prefix != NULL)
		status = read_prefix(compilation, old ? "items" : "prefixItems", prefix,
				     &items->prefix);
	if (status == 0 && rest != NULL)
		status = compile_child(compilation, rest, items->rest_keyword, NULL,
				       &items->rest);
	return status;
}

int compile_contains(struct compilation *compilation, const struct keyword *keyword,
		     const struct node *value)
{
	struct operation *operation =
		compile_add(compilation, OPERATION_CONTAINS, keyword->name);
	struct contains *contains = arena_new_of(compilation->arena, struct contains);
	if (operation == NULL || contains == NULL)
		return compile_no_memory(compilation);
	operation->contains = contains;
	contains->minimum = 1;
	contains->maximum = UINT64_MAX;
	contains->marks = compile_draft(compilation) >= SCHEMA_DRAFT_2020_12;
	const struct node *minimum = compile_sibling(compilation, "minContains");
	const struct node *maximum = compile_sibling(compilation, "maxContains");
	int status = compile_child(compilation, value, keyword->name, NULL,
				   &contains->schema);
	if (status == 0 && minimum != NULL)
		status = compile_count(compilation, "minContains", minimum,
				       &contains->minimum);
	if (status == 0 && maximum != NULL)
		status = compile_count(compilation, "maxContains", maximum,
				       &contains->maximum);
	return status;
}

int compile_unique_items(struct compilation *compilation, const struct keyword *keyword,
			 const struct node *value)
{
	if (node_kind(value) != NODE_BOOLEAN)
		return compile_error(compilation, value,
				     "'uniqueItems' must be true or false");
	if (!node_boolean(value))
		return 0;
	return compile_add(compilation, OPERATION_UNIQUE_ITEMS, keyword->name) == NULL
		       ? compile_no_memory(compilation)
		       : 0;
}
