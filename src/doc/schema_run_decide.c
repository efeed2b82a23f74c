/* doc/schema_run_decide.c - the common case, quickly: nobody asks for words nor for
 * what was evaluated, and objects and lists have nothing but properties and items. */
#include "doc/schema_run.h"

/* The work of going one level down, which the general way counts as it goes. */
static bool enter(struct run *run, const struct node *node)
{
	run->depth++;
	return run_steps(run, 1 + node->length) && run_has_depth(run);
}

bool decide(struct run *run, uint32_t index, const struct node *node)
{
	const struct image_schema *schema = &run->schema->schemas[index];
	bool valid;
	if (node->kind == NODE_MAPPING && (schema->flags & IMAGE_PLAIN_OBJECT) != 0) {
		valid = enter(run, node) &&
			decide_object(run, image_at(run->schema, schema->direct), node);
	} else if (node->kind == NODE_SEQUENCE &&
		   (schema->flags & IMAGE_PLAIN_LIST) != 0) {
		const struct image_schema *item = &run->schema->schemas[schema->direct];
		valid = enter(run, node);
		for (uint32_t i = 0; i < node->length && valid; i++)
			valid = (item->sure & KIND_BIT(node->items[i].kind)) != 0 ||
				decide(run, schema->direct, &node->items[i]);
	} else {
		unsigned int references = run->references;
		run->references = 0;
		valid = run_schema(run, index, node, NULL, NULL);
		run->references = references;
		return valid;
	}
	run->depth--;
	return valid;
}

/* Maps: all values are alike, and no name is needed. */
static bool decide_map(struct run *run, const struct image_object *object,
		       const struct node *node)
{
	const struct pair *pairs = node->pairs;
	if (object->additional == SCHEMA_NONE)
		return true;
	for (uint32_t i = 0; i < node->length; i++) {
		const struct node *value = &pairs[i].value;
		if ((object->additional_sure & KIND_BIT(value->kind)) == 0 &&
		    !decide(run, object->additional, value))
			return false;
	}
	return true;
}

bool decide_object(struct run *run, const struct image_object *object,
		   const struct node *node)
{
	const struct pair *pairs = node->pairs;
	uint64_t missing = object->required;
	if (object->row_count == 0)
		return decide_map(run, object, node);
	for (uint32_t i = 0; i < node->length; i++) {
		const struct node *value = &pairs[i].value;
		const struct node *key = &pairs[i].key;
		const struct image_property *row =
			object_find(run->schema, object, key->text, key->length);
		uint32_t child = object->additional;
		unsigned int sure = object->additional_sure;
		if (row != NULL) {
			missing &= ~(UINT64_C(1) << row->required);
			child = row->schema;
			sure = row->sure;
		}
		if ((sure & KIND_BIT(value->kind)) != 0 || child == SCHEMA_NONE)
			continue;
		if (!decide(run, child, value))
			return false;
	}
	return missing == 0;
}
