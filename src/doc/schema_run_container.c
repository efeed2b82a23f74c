/* doc/schema_run_container.c - checks of objects and arrays. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/pattern.h"
#include "doc/schema_report.h"
#include "doc/schema_run.h"

static const struct node *get(const struct node *node, const struct name *name)
{
	const struct pair *pair = mapping_find(node->mapping, node->length, name->text,
					       name->length, name->hash);
	return pair == NULL ? NULL : pair->value;
}

static bool has_all(const struct check *check, const struct names *names,
		    const struct name *because)
{
	bool valid = true;
	for (uint32_t i = 0; i < names->count && run_goes_on(check->run, valid); i++)
		if (get(check->node, &names->names[i]) == NULL)
			valid = report_required(check, &names->names[i], because);
	return valid;
}

bool check_required(const struct check *check)
{
	const struct names *names = check->operation->names;
	if (check->node->kind != NODE_MAPPING)
		return true;
	return run_steps(check->run, names->count) && has_all(check, names, NULL);
}

bool check_dependencies(const struct check *check)
{
	const struct dependencies *list = check->operation->dependencies;
	bool valid = true;
	if (check->node->kind != NODE_MAPPING)
		return true;
	if (!run_steps(check->run, list->count))
		return false;
	for (uint32_t i = 0; i < list->count && run_goes_on(check->run, valid); i++) {
		const struct dependency *item = &list->items[i];
		if (get(check->node, &item->name) == NULL)
			continue;
		if (item->needed != NULL)
			valid &= run_steps(check->run, item->needed->count) &&
				 has_all(check, item->needed, &item->name);
		if (item->schema != SCHEMA_NONE)
			valid &= run_schema(check->run, item->schema, check->node,
					    check->path, check->marks);
	}
	return valid;
}

bool check_property_names(const struct check *check)
{
	const struct node *node = check->node;
	bool valid = true;
	if (node->kind != NODE_MAPPING)
		return true;
	for (uint32_t i = 0; i < node->length && run_goes_on(check->run, valid); i++) {
		const struct node *key = node->mapping->pairs[i].key;
		struct path path = { .parent = check->path,
				     .key = key,
				     .is_name = true,
				     .depth = check->path == NULL
						      ? 1
						      : check->path->depth + 1 };
		valid &= run_schema(check->run, check->operation->schema, key, &path,
				    NULL);
	}
	return valid;
}

const struct property *properties_find(const struct properties *properties,
				       const struct node *key)
{
	if (properties->slots == NULL)
		return NULL;
	for (uint32_t slot = key->hash & properties->mask; properties->slots[slot] != 0;
	     slot = (slot + 1) & properties->mask) {
		const struct property *property =
			&properties->properties[properties->slots[slot] - 1];
		const struct name *name = &property->name;
		if (name->hash == key->hash && name->length == key->length &&
		    memcmp(name->text, key->text, key->length) == 0)
			return property;
	}
	return NULL;
}

/* The patterns that match a key; `matched` says whether there was one. */
static bool check_patterns(const struct check *check, const struct pair *pair,
			   size_t index, bool *matched)
{
	const struct properties *properties = check->operation->properties;
	struct run *run = check->run;
	bool valid = true;
	for (uint32_t i = 0; i < properties->pattern_count && run_goes_on(run, valid);
	     i++) {
		const struct pattern_property *row = &properties->patterns[i];
		if (!run_steps(run, 8 + pair->key->length / 16))
			return false;
		int found = pattern_search(row->pattern->pattern, pair->key->text,
					   pair->key->length, run->err);
		if (found < 0)
			return run_fail(run, found);
		if (found == 0)
			continue;
		*matched = true;
		valid &= run_below(check, row->schema, pair->value, pair->key, index);
	}
	return valid;
}

static bool check_pair(const struct check *check, size_t index)
{
	const struct properties *properties = check->operation->properties;
	const struct pair *pair = &check->node->mapping->pairs[index];
	const struct property *property = properties_find(properties, pair->key);
	bool matched = property != NULL;
	bool valid = true;
	if (property != NULL)
		valid = run_below(check, property->schema, pair->value, pair->key,
				  index);
	if (properties->pattern_count > 0 && run_goes_on(check->run, valid))
		valid &= check_patterns(check, pair, index, &matched);
	if (!matched && properties->additional != SCHEMA_NONE) {
		const struct schema *schema = check->run->schema;
		matched = true;
		if (schema->subschemas[properties->additional].never)
			return report_unknown(check, pair, properties->names,
					      properties->count);
		valid &= run_below(check, properties->additional, pair->value,
				   pair->key, index);
	}
	if (matched)
		marks_set(check->marks, index);
	return valid;
}

bool check_properties(const struct check *check)
{
	const struct node *node = check->node;
	bool valid = true;
	if (node->kind != NODE_MAPPING)
		return true;
	if (!run_steps(check->run, node->length))
		return false;
	for (uint32_t i = 0; i < node->length && run_goes_on(check->run, valid); i++)
		valid &= check_pair(check, i);
	return valid;
}

bool check_items(const struct check *check)
{
	const struct items *items = check->operation->items;
	const struct node *node = check->node;
	size_t prefix = items->prefix == NULL ? 0 : items->prefix->count;
	bool valid = true;
	if (node->kind != NODE_SEQUENCE)
		return true;
	for (uint32_t i = 0; i < node->length && run_goes_on(check->run, valid); i++) {
		uint32_t schema = i < prefix ? items->prefix->indexes[i] : items->rest;
		if (schema == SCHEMA_NONE)
			break;
		valid &= run_below(check, schema, node->items[i], NULL, i);
		marks_set(check->marks, i);
	}
	return valid;
}

bool check_contains(const struct check *check)
{
	const struct contains *contains = check->operation->contains;
	const struct node *node = check->node;
	struct check quiet = *check;
	struct report *report = check->run->report;
	uint64_t count = 0;
	if (node->kind != NODE_SEQUENCE)
		return true;
	check->run->report = NULL;
	for (uint32_t i = 0; i < node->length && check->run->failure == 0; i++) {
		if (!run_below(&quiet, contains->schema, node->items[i], NULL, i))
			continue;
		count++;
		if (contains->marks)
			marks_set(check->marks, i);
	}
	check->run->report = report;
	if (check->run->failure != 0)
		return false;
	return (count >= contains->minimum && count <= contains->maximum) ||
	       report_contains(check, count);
}

/* --- uniqueItems: pairwise when few, else sorted by hash --- */

#define PAIRWISE 16

struct hashed {
	uint64_t hash;
	uint32_t index;
};

static int compare_hashed(const void *left, const void *right)
{
	const struct hashed *a = left;
	const struct hashed *b = right;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static bool compare_items(const struct check *check, uint32_t first, uint32_t second)
{
	const struct node *const *items = check->node->items;
	uint32_t least = items[first]->weight < items[second]->weight
				 ? items[first]->weight
				 : items[second]->weight;
	if (!run_steps(check->run, least))
		return false;
	return !node_equal(items[first], items[second]) ||
	       report_equal_items(check, first, second);
}

static bool unique_pairwise(const struct check *check)
{
	bool valid = true;
	for (uint32_t i = 1; i < check->node->length; i++)
		for (uint32_t k = 0; k < i && run_goes_on(check->run, valid); k++)
			valid &= compare_items(check, k, i);
	return valid;
}

static bool unique_hashed(const struct check *check, struct hashed *rows)
{
	uint32_t count = check->node->length;
	bool valid = true;
	for (uint32_t i = 0; i < count; i++) {
		const struct node *item = check->node->items[i];
		if (!run_steps(check->run, item->weight))
			return false;
		rows[i] = (struct hashed){ node_hash(item), i };
	}
	qsort(rows, count, sizeof(*rows), compare_hashed);
	/* Equal hashes of unequal items are too rare to look further than the
	 * neighbour, but not impossible: a run of them is compared pairwise. */
	for (uint32_t i = 1; i < count; i++)
		for (uint32_t k = i; k-- > 0 && rows[k].hash == rows[i].hash &&
				     run_goes_on(check->run, valid);)
			valid &= compare_items(check, rows[k].index, rows[i].index);
	return valid;
}

bool check_unique(const struct check *check)
{
	const struct node *node = check->node;
	if (node->kind != NODE_SEQUENCE)
		return true;
	if (node->length <= PAIRWISE)
		return unique_pairwise(check);
	struct hashed *rows = calloc(node->length, sizeof(*rows));
	if (rows == NULL)
		return run_fail(check->run, ERROR_MEMORY);
	bool valid = unique_hashed(check, rows);
	free(rows);
	return valid;
}

bool check_unevaluated(const struct check *check)
{
	const struct node *node = check->node;
	bool mapping = check->operation->kind == OPERATION_UNEVALUATED_PROPERTIES;
	bool never = check->run->schema->subschemas[check->operation->schema].never;
	bool valid = true;
	if (node->kind != (mapping ? NODE_MAPPING : NODE_SEQUENCE))
		return true;
	for (uint32_t i = 0; i < node->length && run_goes_on(check->run, valid); i++) {
		if (marks_has(check->marks, i))
			continue;
		if (mapping && never)
			valid = report_unknown(check, &node->mapping->pairs[i], NULL,
					       0);
		else
			valid &= run_below(check, check->operation->schema,
					   node_item(node, i), node_key(node, i), i);
	}
	marks_set_all(check->marks);
	return valid;
}
