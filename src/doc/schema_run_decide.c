/* doc/schema_run_decide.c - the common case, quickly: nobody asks what was evaluated,
 * and objects and lists have nothing but properties and items. */
#include "doc/schema_report.h"
#include "doc/schema_run.h"

/* The work of going one level down, which the general way counts as it goes. */
static inline bool enter(struct run *run, const struct node *node)
{
	run->depth++;
	run->steps += 1 + (uint64_t)node->length;
	if (__builtin_expect(
		    run->steps <= run->most_steps && run->depth <= run->most_depth, 1))
		return true;
	return run_over_limit(run, run->steps > run->most_steps ? LIMIT_SCHEMA_STEPS
								: LIMIT_SCHEMA_DEPTH);
}

/* --- what is said of an object --- */

/* Its properties as a check of their own. */
static struct check check_of(struct run *run, const struct image_schema *schema,
			     const struct node *node, const struct path *path)
{
	const struct image_operation *operation =
		image_at(run->schema, schema->operations);
	while (operation->kind != OPERATION_PROPERTIES)
		operation++;
	return (struct check){ .run = run,
			       .subschema = schema,
			       .operation = operation,
			       .node = node,
			       .path = path };
}

__attribute__((noinline)) static bool refuse_pair(struct run *run,
						  const struct image_schema *schema,
						  const struct image_object *object,
						  const struct path *below)
{
	const struct pair *pair = (const struct pair *)path_key(below);
	struct check check = check_of(run, schema, below->container, below->parent);
	return report_unknown(&check, pair, object);
}

/* What is required and not there. */
__attribute__((noinline)) static bool refuse_missing(struct run *run,
						     const struct image_schema *schema,
						     const struct image_object *object,
						     const struct node *node,
						     const struct path *path)
{
	if (run->report == NULL)
		return false;
	struct check check = check_of(run, schema, node, path);
	const struct image_list *names = check_at(&check, object->required_names);
	for (uint32_t i = 0; i < names->count; i++) {
		const struct image_string *name = check_at(&check, names->items[i]);
		if (node_get_bytes(node, name->text, name->length) == NULL)
			report_required(&check, name, NULL);
	}
	return false;
}

/* --- */

static bool decide_list(struct run *run, uint32_t schema, const struct node *node,
			const struct path *path)
{
	unsigned int sure = run->schema->schemas[schema].sure;
	struct path below = { .parent = path, .container = node };
	const struct node *end = node->items + node->length;
	bool valid = true;
	for (const struct node *item = node->items; item < end; item++) {
		if ((sure >> item->kind & 1) != 0)
			continue;
		below.child = item;
		if (decide(run, schema, item, &below))
			continue;
		valid = false;
		if (!run_goes_on(run, false))
			break;
	}
	return valid;
}

/* `flags` and `direct` are those of the schema. */
static inline bool decide_as(struct run *run, uint32_t index, unsigned int flags,
			     uint32_t direct, const struct node *node,
			     const struct path *path)
{
	const struct schema *schema = run->schema;
	bool valid;
	if (node->kind == NODE_MAPPING && (flags & IMAGE_PLAIN_OBJECT) != 0) {
		valid = enter(run, node) &&
			decide_object(run, &schema->schemas[index],
				      image_at(schema, direct), node, path);
		run->depth--;
	} else if (node->kind == NODE_SEQUENCE && (flags & IMAGE_PLAIN_LIST) != 0) {
		valid = enter(run, node) && decide_list(run, direct, node, path);
		run->depth--;
	} else {
		unsigned int references = run->references;
		run->references = 0;
		valid = run_schema(run, index, node, path, NULL);
		run->references = references;
	}
	return valid;
}

bool decide(struct run *run, uint32_t index, const struct node *node,
	    const struct path *path)
{
	const struct image_schema *schema = &run->schema->schemas[index];
	return decide_as(run, index, schema->flags, schema->direct, node, path);
}

bool decide_object(struct run *run, const struct image_schema *schema,
		   const struct image_object *object, const struct node *node,
		   const struct path *path)
{
	struct path below = { .parent = path, .container = node };
	const struct pair *end = node->pairs + node->length;
	uint32_t required = 0;
	bool valid = true;
	for (const struct pair *pair = node->pairs; pair < end; pair++) {
		const struct image_property *row =
			object_find(run->schema, object, &pair->key);
		required += row->required;
		if ((row->sure >> pair->value.kind & 1) != 0)
			continue;
		below.child = &pair->value;
		if ((row->flags & IMAGE_UNKNOWN) != 0
			    ? refuse_pair(run, schema, object, &below)
			    : decide_as(run, row->schema, row->flags, row->direct,
					&pair->value, &below))
			continue;
		valid = false;
		if (!run_goes_on(run, false))
			break;
	}
	if (required != object->required)
		valid = refuse_missing(run, schema, object, node, path);
	return valid;
}
