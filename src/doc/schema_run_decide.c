/* doc/schema_run_decide.c - the common case, quickly: nobody asks what was evaluated,
 * and objects and lists have nothing but properties and items. */
#include "doc/schema_report.h"
#include "doc/schema_run.h"

/* The work of going one level down, which the general way counts as it goes. */
static bool enter(struct run *run, const struct node *node)
{
	run->depth++;
	return run_steps(run, 1 + node->length) && run_has_depth(run);
}

static struct path path_to(const struct path *parent, const struct node *key,
			   size_t index)
{
	return (struct path){ .parent = parent,
			      .key = key,
			      .index = index,
			      .depth = parent == NULL ? 1 : parent->depth + 1 };
}

/* A check with its operation, which is not looked up before somebody wants to say
 * something. */
static struct check with_operation(const struct check *check)
{
	struct check whole = *check;
	if (whole.operation == NULL)
		whole.operation = check_at(check, check->subschema->operations);
	return whole;
}

static bool report_pair(const struct check *check, const struct image_object *object,
			const struct pair *pair)
{
	struct check whole = with_operation(check);
	return report_unknown(&whole, pair, object);
}

/* Those of the names that are required whose bits are set. */
static bool report_missing(const struct check *check, const struct image_object *object,
			   uint64_t missing)
{
	struct check whole = with_operation(check);
	const struct image_list *names = check_at(check, object->required_names);
	for (uint32_t i = 0; i < names->count; i++)
		if ((missing >> i & 1) != 0)
			report_required(&whole, check_at(check, names->items[i]), NULL);
	return false;
}

/* What is missing is said first. */
static bool has_required(const struct check *check, const struct image_object *object)
{
	const struct node *node = check->node;
	uint64_t missing = object->required;
	for (uint32_t i = 0; i < node->length && missing != 0; i++)
		missing &= ~(UINT64_C(1) << object_find(check->run->schema, object,
							&node->pairs[i].key)
						    ->required);
	return missing == 0 || report_missing(check, object, missing);
}

bool decide_object(const struct check *check, const struct image_object *object)
{
	struct run *run = check->run;
	const struct node *node = check->node;
	uint64_t missing = object->required;
	bool valid = true;
	if (run->report != NULL && missing != 0) {
		valid = has_required(check, object);
		missing = 0;
	}
	for (uint32_t i = 0; i < node->length; i++) {
		const struct pair *pair = &node->pairs[i];
		const struct image_property *row =
			object_find(run->schema, object, &pair->key);
		missing &= ~(UINT64_C(1) << row->required);
		if ((row->sure >> pair->value.kind & 1) != 0)
			continue;
		struct path below = path_to(check->path, &pair->key, i);
		valid &= (row->flags & IMAGE_UNKNOWN) != 0
				 ? report_pair(check, object, pair)
				 : decide_as(run, row->schema, row->flags, row->direct,
					     &pair->value, &below);
		if (!valid && !run_goes_on(run, false))
			return false;
	}
	return valid && missing == 0;
}

static bool decide_list(struct run *run, uint32_t schema, const struct node *node,
			const struct path *path)
{
	unsigned int sure = run->schema->schemas[schema].sure;
	bool valid = true;
	for (uint32_t i = 0; i < node->length; i++) {
		const struct node *item = &node->items[i];
		if ((sure >> item->kind & 1) != 0)
			continue;
		struct path below = path_to(path, NULL, i);
		valid &= decide(run, schema, item, &below);
		if (!valid && !run_goes_on(run, false))
			return false;
	}
	return valid;
}

bool decide_as(struct run *run, uint32_t schema, unsigned int flags, uint32_t direct,
	       const struct node *node, const struct path *path)
{
	bool valid;
	if (node->kind == NODE_MAPPING && (flags & IMAGE_PLAIN_OBJECT) != 0) {
		struct check check = { .run = run,
				       .subschema = &run->schema->schemas[schema],
				       .node = node,
				       .path = path };
		valid = enter(run, node) &&
			decide_object(&check, check_at(&check, direct));
		run->depth--;
	} else if (node->kind == NODE_SEQUENCE && (flags & IMAGE_PLAIN_LIST) != 0) {
		valid = enter(run, node) && decide_list(run, direct, node, path);
		run->depth--;
	} else {
		unsigned int references = run->references;
		run->references = 0;
		valid = run_schema(run, schema, node, path, NULL);
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
