/* doc/schema_run_container.c - checks of objects and arrays. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "doc/schema_report.h"
#include "doc/schema_run.h"

static bool has(const struct node *node, const struct image_string *name)
{
	return node_get_bytes(node, name->text, name->length) != NULL;
}

static bool has_all(const struct check *check, uint32_t names,
		    const struct image_string *because)
{
	const struct image_list *list = check_at(check, names);
	bool valid = true;
	if (!run_steps(check->run, list->count))
		return false;
	for (uint32_t i = 0; i < list->count && run_goes_on(check->run, valid); i++) {
		const struct image_string *name = check_at(check, list->items[i]);
		if (!has(check->node, name))
			valid = report_required(check, name, because);
	}
	return valid;
}

bool check_required(const struct check *check)
{
	return check->node->kind != NODE_MAPPING ||
	       has_all(check, check->operation->a, NULL);
}

bool check_dependencies(const struct check *check)
{
	const struct image_dependencies *list = check_at(check, check->operation->a);
	bool valid = true;
	if (check->node->kind != NODE_MAPPING)
		return true;
	if (!run_steps(check->run, list->count))
		return false;
	for (uint32_t i = 0; i < list->count && run_goes_on(check->run, valid); i++) {
		const struct image_dependency *item = &list->items[i];
		const struct image_string *name = check_at(check, item->name);
		if (!has(check->node, name))
			continue;
		if (item->needed != 0)
			valid &= has_all(check, item->needed, name);
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
		const struct node *key = &node->pairs[i].key;
		struct path path = { .parent = check->path,
				     .container = node,
				     .child = &node->pairs[i].value,
				     .is_name = true };
		valid &= run_schema(check->run, check->operation->a, key, &path, NULL);
	}
	return valid;
}

/* The patterns that match a key; `matched` says whether there was one. */
static bool check_patterns(const struct check *check, const struct image_object *object,
			   uint32_t index, bool *matched)
{
	const struct image_pattern_property *rows = check_at(check, object->patterns);
	const struct pair *pair = &check->node->pairs[index];
	struct run *run = check->run;
	bool valid = true;
	for (uint32_t i = 0; i < object->pattern_count && run_goes_on(run, valid);
	     i++) {
		int found = run_search(run, rows[i].pattern, &pair->key);
		if (found < 0)
			return false;
		if (found == 0)
			continue;
		*matched = true;
		valid &= run_below(check, rows[i].schema, index);
	}
	return valid;
}

static bool check_pair(const struct check *check, const struct image_object *object,
		       uint32_t index)
{
	const struct pair *pair = &check->node->pairs[index];
	const struct schema *schema = check->run->schema;
	const struct image_property *row = object_find(schema, object, &pair->key);
	bool matched = row->name != 0 && (row->flags & IMAGE_ONLY_REQUIRED) == 0;
	bool valid = true;
	if (matched && (row->sure & KIND_BIT(pair->value.kind)) == 0)
		valid = run_below(check, row->schema, index);
	if (object->pattern_count > 0 && run_goes_on(check->run, valid))
		valid &= check_patterns(check, object, index, &matched);
	if (!matched && object->additional != SCHEMA_NONE) {
		matched = true;
		if ((schema->schemas[object->additional].flags & IMAGE_NEVER) != 0)
			return report_unknown(check, pair, object);
		if ((object->additional_sure & KIND_BIT(pair->value.kind)) == 0)
			valid &= run_below(check, object->additional, index);
	}
	if (matched)
		marks_set(check->marks, index);
	return valid;
}

bool check_properties(const struct check *check)
{
	const struct image_object *object = check_at(check, check->operation->a);
	const struct node *node = check->node;
	bool valid = true;
	if (node->kind != NODE_MAPPING)
		return true;
	if (!run_steps(check->run, node->length))
		return false;
	if (check->run->quick && check->marks == NULL && object->pattern_count == 0)
		return decide_object(check->run, check->subschema, object, node,
				     check->path);
	if (object->required_names != 0)
		valid = has_all(check, object->required_names, NULL);
	for (uint32_t i = 0; i < node->length && run_goes_on(check->run, valid); i++)
		valid &= check_pair(check, object, i);
	return valid;
}

bool check_items(const struct check *check)
{
	const struct image_items *items = check_at(check, check->operation->a);
	const struct schema *schema = check->run->schema;
	const struct node *node = check->node;
	bool valid = true;
	if (node->kind != NODE_SEQUENCE)
		return true;
	if (!run_steps(check->run, node->length))
		return false;
	for (uint32_t i = 0; i < node->length && run_goes_on(check->run, valid); i++) {
		const struct node *item = &node->items[i];
		uint32_t child =
			i < items->prefix_count ? items->prefix[i] : items->rest;
		if (child == SCHEMA_NONE)
			break;
		if ((schema->schemas[child].sure & KIND_BIT(item->kind)) == 0)
			valid &= run_below(check, child, i);
		marks_set(check->marks, i);
	}
	return valid;
}

bool check_contains(const struct check *check)
{
	const struct image_contains *contains = check_at(check, check->operation->a);
	const struct node *node = check->node;
	struct check quiet = *check;
	struct report *report = check->run->report;
	uint64_t count = 0;
	if (node->kind != NODE_SEQUENCE)
		return true;
	if (!run_steps(check->run, node->length))
		return false;
	check->run->report = NULL;
	for (uint32_t i = 0; i < node->length && check->run->failure == 0; i++) {
		if (!run_below(&quiet, contains->schema, i))
			continue;
		count++;
		if (contains->marks != 0)
			marks_set(check->marks, i);
	}
	check->run->report = report;
	if (check->run->failure != 0)
		return false;
	return (count >= contains->minimum && count <= contains->maximum) ||
	       report_contains(check, count);
}

/* --- uniqueItems: pairwise when few, else sorted by hash --- */

#define PAIRWISE     16
#define BYTES_HASHED 8   /* in a step */
#define ON_STACK     512 /* longer lists need memory */

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
	const struct node *one = &check->node->items[first];
	const struct node *other = &check->node->items[second];
	uint32_t weight = node_weight(one);
	if (node_weight(other) < weight)
		weight = node_weight(other);
	if (!run_steps(check->run, weight))
		return false;
	return !node_equal(one, other) || report_equal_items(check, first, second);
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
		const struct node *item = &check->node->items[i];
		if (!run_steps(check->run, node_weight(item)))
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

/* Of all texts in a value, aliases expanded. */
static uint64_t text_bytes(const struct node *node)
{
	uint64_t bytes = 0;
	if (node->kind != NODE_SEQUENCE && node->kind != NODE_MAPPING)
		return node->length;
	for (uint32_t i = 0; i < node->length; i++) {
		const struct node *key = node_key(node, i);
		bytes += text_bytes(node_item(node, i));
		bytes += key == NULL ? 0 : key->length;
	}
	return bytes;
}

bool check_unique(const struct check *check)
{
	const struct node *node = check->node;
	if (node->kind != NODE_SEQUENCE || node->length < 2)
		return true;
	if (!run_steps(check->run, node_weight(node)) ||
	    !run_bytes(check->run, text_bytes(node), BYTES_HASHED))
		return false;
	if (node->length <= PAIRWISE)
		return unique_pairwise(check);
	struct hashed few[ON_STACK];
	if (node->length <= ON_STACK)
		return unique_hashed(check, few);
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
	uint32_t schema = check->operation->a;
	bool never = (check->run->schema->schemas[schema].flags & IMAGE_NEVER) != 0;
	bool valid = true;
	if (node->kind != (mapping ? NODE_MAPPING : NODE_SEQUENCE))
		return true;
	for (uint32_t i = 0; i < node->length && run_goes_on(check->run, valid); i++) {
		if (marks_has(check->marks, i))
			continue;
		if (mapping && never)
			valid = report_unknown(check, &node->pairs[i], NULL);
		else
			valid &= run_below(check, schema, i);
	}
	marks_set_all(check->marks);
	return valid;
}
