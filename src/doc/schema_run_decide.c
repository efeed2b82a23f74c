/* doc/schema_run_decide.c - the common case, quickly: nobody asks for words nor for
 * what was evaluated, and objects and lists have nothing but properties and items. */
#include "doc/schema_run.h"

/* The work of going one level down, which the general way counts as it goes. */
static bool enter(struct run *run, const struct node *node)
{
	run->depth++;
	return run_steps(run, 1 + node->length) && run_has_depth(run);
}

static bool decide_list(struct run *run, uint32_t schema, const struct node *node)
{
	unsigned int sure = run->schema->schemas[schema].sure;
	for (uint32_t i = 0; i < node->length; i++)
		if ((sure >> node->items[i].kind & 1) == 0 &&
		    !decide(run, schema, &node->items[i]))
			return false;
	return true;
}

/* `flags` and `direct` are those of the schema. */
static inline bool decide_as(struct run *run, uint32_t schema, unsigned int flags,
			     uint32_t direct, const struct node *node)
{
	bool valid;
	if (node->kind == NODE_MAPPING && (flags & IMAGE_PLAIN_OBJECT) != 0) {
		valid = enter(run, node) &&
			decide_object(run, image_at(run->schema, direct), node);
		run->depth--;
	} else if (node->kind == NODE_SEQUENCE && (flags & IMAGE_PLAIN_LIST) != 0) {
		valid = enter(run, node) && decide_list(run, direct, node);
		run->depth--;
	} else {
		unsigned int references = run->references;
		run->references = 0;
		valid = run_schema(run, schema, node, NULL, NULL);
		run->references = references;
	}
	return valid;
}

bool decide(struct run *run, uint32_t index, const struct node *node)
{
	const struct image_schema *schema = &run->schema->schemas[index];
	return decide_as(run, index, schema->flags, schema->direct, node);
}

/* Maps: all values are alike, and no name is needed. */
static bool decide_map(struct run *run, const struct image_object *object,
		       const struct node *node)
{
	for (uint32_t i = 0; i < node->length; i++) {
		const struct node *value = &node->pairs[i].value;
		if ((object->additional_sure >> value->kind & 1) == 0 &&
		    !decide(run, object->additional, value))
			return false;
	}
	return true;
}

static bool decide_pairs(struct run *run, const struct image_object *object,
			 const struct node *node)
{
	uint64_t missing = object->required;
	for (uint32_t i = 0; i < node->length; i++) {
		const struct pair *pair = &node->pairs[i];
		const struct image_property *row =
			object_find(run->schema, object, &pair->key);
		missing &= ~(UINT64_C(1) << row->required);
		if ((row->sure >> pair->value.kind & 1) == 0 &&
		    !decide_as(run, row->schema, row->flags, row->direct, &pair->value))
			return false;
	}
	return missing == 0;
}

bool decide_object(struct run *run, const struct image_object *object,
		   const struct node *node)
{
	return object->row_count == 0 ? decide_map(run, object, node)
				      : decide_pairs(run, object, node);
}
