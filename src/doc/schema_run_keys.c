/* doc/schema_run_keys.c - lists whose items are told apart by keys of theirs
 * (x-kubernetes-list-map-keys): no two may have the same ones. */
#include <stdlib.h>

#include "base/error.h"
#include "doc/schema_report.h"

#define ON_STACK 64 /* longer lists need memory */

struct keyed {
	uint64_t hash; /* of the values of the keys that have no default */
	uint32_t index;
};

static const struct node *value_of(const struct check *check,
				   const struct image_list *names, uint32_t key,
				   uint32_t item)
{
	const struct image_string *name = check_at(check, names->items[key]);
	return node_get_bytes(&check->node->items[item], name->text, name->length);
}

static bool has_default(const struct check *check, const struct image_list *defaults,
			uint32_t key)
{
	const struct image_value *value = check_at(check, defaults->items[key]);
	return value->kind != NODE_NULL;
}

/* Whether two items agree in a key. One that is not there and has no default is what
 * `required` is for. */
static bool agree(const struct check *check, const struct image_list *names,
		  const struct image_list *defaults, uint32_t key, uint32_t first,
		  uint32_t second)
{
	const struct node *a = value_of(check, names, key, first);
	const struct node *b = value_of(check, names, key, second);
	if (a != NULL && b != NULL)
		return node_equal(a, b);
	if (!has_default(check, defaults, key))
		return false;
	const struct node *given = a != NULL ? a : b;
	return given == NULL || run_equals(check->run, defaults->items[key], given);
}

static void add_keys(struct line *line, const struct check *check, uint32_t item)
{
	const struct image_unique_keys *keys = check_at(check, check->operation->a);
	const struct image_list *names = check_at(check, keys->names);
	const char *separator = "";
	for (uint32_t i = 0; i < names->count; i++) {
		const struct image_string *name = check_at(check, names->items[i]);
		const struct node *value = value_of(check, names, i, item);
		if (value == NULL)
			continue;
		line_add_text(line, separator);
		line_add_quoted(line, '\'', name->text, name->length);
		line_add_text(line, " ");
		if (value->kind == NODE_STRING)
			line_add_quoted(line, '"', value->text, value->length);
		else if (value->kind < NODE_STRING)
			line_add_text(line, value->text);
		separator = " and ";
	}
}

static void say_equal_keys(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct node *first = &check->node->items[complaint->pair.first];
	const struct path path = { check->path, check->node, first, false };
	report_subject(line, check, complaint->path);
	line_add_text(line, " has the same ");
	add_keys(line, check, complaint->pair.second);
	line_add_text(line, " as ");
	report_subject(line, check, &path);
	line_add(line, " (line %u)", first->line);
}

static void suggest_removal(struct line *mend, const struct complaint *complaint)
{
	(void)complaint;
	line_add_text(mend, "remove one of them, or change it");
}

static bool report_equal_keys(const struct check *check, uint32_t first,
			      uint32_t second)
{
	const struct path path = { check->path, check->node,
				   &check->node->items[second], false };
	return report_complaint(&(struct complaint){ .check = check,
						     .say = say_equal_keys,
						     .suggest = suggest_removal,
						     .path = &path,
						     .node = path.child,
						     .pair = { first, second } });
}

static bool compare_items(const struct check *check,
			  const struct image_unique_keys *keys, uint32_t first,
			  uint32_t second)
{
	const struct image_list *names = check_at(check, keys->names);
	const struct image_list *defaults = check_at(check, keys->defaults);
	if (!run_steps(check->run, names->count))
		return false;
	for (uint32_t i = 0; i < names->count; i++)
		if (!agree(check, names, defaults, i, first, second))
			return true;
	return report_equal_keys(check, first, second);
}

static int compare_keyed(const void *left, const void *right)
{
	const struct keyed *a = left;
	const struct keyed *b = right;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static uint64_t hash_item(const struct check *check,
			  const struct image_unique_keys *keys, uint32_t item)
{
	const struct image_list *names = check_at(check, keys->names);
	const struct image_list *defaults = check_at(check, keys->defaults);
	uint64_t hash = 0;
	for (uint32_t i = 0; i < names->count; i++) {
		const struct node *value = value_of(check, names, i, item);
		if (value != NULL && !has_default(check, defaults, i))
			hash = (hash << 1 | hash >> 63) ^ node_hash(value);
	}
	return hash;
}

/* Items with the same hash are compared pairwise, which costs steps: honest lists have
 * few of them. */
static bool compare_all(const struct check *check, const struct image_unique_keys *keys,
			struct keyed *rows)
{
	const struct image_list *names = check_at(check, keys->names);
	const struct node *node = check->node;
	uint32_t count = 0;
	bool valid = true;
	for (uint32_t i = 0; i < node->length; i++) {
		if (!run_steps(check->run, node_weight(&node->items[i]) + names->count))
			return false;
		if (node->items[i].kind == NODE_MAPPING)
			rows[count++] = (struct keyed){ hash_item(check, keys, i), i };
	}
	if (count > 1)
		qsort(rows, count, sizeof(*rows), compare_keyed);
	for (uint32_t i = 1; i < count; i++)
		for (uint32_t k = i; k-- > 0 && rows[k].hash == rows[i].hash &&
				     run_goes_on(check->run, valid);)
			valid &= compare_items(check, keys, rows[k].index,
					       rows[i].index);
	return valid;
}

bool check_unique_keys(const struct check *check)
{
	const struct node *node = check->node;
	const struct image_unique_keys *keys = check_at(check, check->operation->a);
	if (node->kind != NODE_SEQUENCE || node->length < 2)
		return true;
	struct keyed few[ON_STACK];
	if (node->length <= ON_STACK)
		return compare_all(check, keys, few);
	struct keyed *rows = calloc(node->length, sizeof(*rows));
	if (rows == NULL)
		return run_fail(check->run, ERROR_MEMORY);
	bool valid = compare_all(check, keys, rows);
	free(rows);
	return valid;
}
