/* doc/schema_run.c - runs a compiled schema over a document. */
#include "doc/schema_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "doc/schema_report.h"

bool run_fail(struct run *run, int code)
{
	if (run->failure == 0)
		run->failure = code;
	return false;
}

bool run_over_limit(struct run *run, enum limit limit)
{
	if (run->failure == 0)
		error_set(run->err, ERROR_LIMIT,
			  "validation needs more than %llu %s, over the limit %s",
			  (unsigned long long)run->limits->values[limit],
			  limit_unit(limit), limit_name(limit));
	return run_fail(run, ERROR_LIMIT);
}

bool marks_begin(struct run *run, struct marks *marks, const struct node *node)
{
	size_t words = (node_count(node) + 63) / 64;
	*marks = (struct marks){ .count = words };
	if (!run_steps(run, 1 + words / 8))
		return false;
	if (words <= MARK_POOL_WORDS - run->mark_pool_used) {
		marks->words = run->mark_pool + run->mark_pool_used;
		marks->taken = words;
		run->mark_pool_used += words;
		if (words > 0)
			memset(marks->words, 0, words * sizeof(uint64_t));
		return true;
	}
	marks->words = calloc(words, sizeof(uint64_t));
	marks->allocated = true;
	if (marks->words == NULL)
		return run_fail(run, ERROR_MEMORY);
	return true;
}

void marks_end(struct run *run, struct marks *marks)
{
	if (marks->allocated)
		free(marks->words);
	run->mark_pool_used -= marks->taken;
}

void marks_set(struct marks *marks, size_t index)
{
	if (marks != NULL)
		marks->words[index / 64] |= UINT64_C(1) << index % 64;
}

void marks_set_all(struct marks *marks)
{
	if (marks != NULL)
		marks->all = true;
}

bool marks_has(const struct marks *marks, size_t index)
{
	return marks->all || (marks->words[index / 64] >> index % 64 & 1) != 0;
}

void marks_add(struct marks *to, const struct marks *from)
{
	if (to == NULL)
		return;
	to->all |= from->all;
	for (size_t i = 0; i < to->count; i++)
		to->words[i] |= from->words[i];
}

static bool run_operation(const struct check *check)
{
	switch ((enum operation_kind)check->operation->kind) {
	case OPERATION_NONE:
		break;
	case OPERATION_NEVER:
		return report_never(check);
	case OPERATION_TYPE:
	case OPERATION_NULLABLE:
		return check_type(check);
	case OPERATION_CONST:
	case OPERATION_ENUM:
		return check_constants(check);
	case OPERATION_MINIMUM:
	case OPERATION_EXCLUSIVE_MINIMUM:
	case OPERATION_MAXIMUM:
	case OPERATION_EXCLUSIVE_MAXIMUM:
	case OPERATION_MULTIPLE_OF:
		return check_bound(check);
	case OPERATION_MIN_LENGTH:
	case OPERATION_MAX_LENGTH:
		return check_length(check);
	case OPERATION_MIN_ITEMS:
	case OPERATION_MAX_ITEMS:
	case OPERATION_MIN_PROPERTIES:
	case OPERATION_MAX_PROPERTIES:
		return check_count(check);
	case OPERATION_REQUIRED:
		return check_required(check);
	case OPERATION_DEPENDENT_REQUIRED:
	case OPERATION_DEPENDENT_SCHEMAS:
		return check_dependencies(check);
	case OPERATION_PATTERN:
		return check_pattern(check);
	case OPERATION_FORMAT:
		return check_format(check);
	case OPERATION_PROPERTY_NAMES:
		return check_property_names(check);
	case OPERATION_PROPERTIES:
		return check_properties(check);
	case OPERATION_ITEMS:
		return check_items(check);
	case OPERATION_CONTAINS:
		return check_contains(check);
	case OPERATION_UNIQUE_ITEMS:
		return check_unique(check);
	case OPERATION_UNIQUE_KEYS:
		return check_unique_keys(check);
	case OPERATION_REFERENCE:
		return check_reference(check);
	case OPERATION_ALL_OF:
		return check_all_of(check);
	case OPERATION_ANY_OF:
		return check_any_of(check);
	case OPERATION_ONE_OF:
		return check_one_of(check);
	case OPERATION_NOT:
		return check_not(check);
	case OPERATION_CONDITION:
		return check_condition(check);
	case OPERATION_UNEVALUATED_ITEMS:
	case OPERATION_UNEVALUATED_PROPERTIES:
		return check_unevaluated(check);
	}
	return run_fail(check->run, ERROR_INTERNAL);
}

/* The type, which stands in the schema itself; then it is reported like the others. */
static bool run_type(struct check *check)
{
	static const struct image_operation type = { .kind = OPERATION_TYPE };
	if ((check->subschema->kinds & KIND_BIT(check->node->kind)) != 0)
		return true;
	check->operation = &type;
	return check_type(check);
}

static bool run_operations(struct check *check)
{
	const struct image_schema *subschema = check->subschema;
	const struct image_operation *operations =
		check_at(check, subschema->operations);
	if (check->node->kind == NODE_NULL && (subschema->flags & IMAGE_NULLABLE) != 0)
		return true;
	bool valid = run_type(check);
	for (uint32_t i = 0;
	     i < subschema->operation_count && run_goes_on(check->run, valid); i++) {
		/* What a value that is wrong anyhow evaluated says nothing. */
		if (!valid && operations[i].kind >= OPERATION_UNEVALUATED_ITEMS)
			break;
		check->operation = &operations[i];
		valid &= run_operation(check);
	}
	return valid;
}

/* With marks of its own when it asks what was evaluated: what its parent's other
 * keywords evaluated is not its business, but what it evaluated is its parent's. */
static bool run_subschema(struct check *check)
{
	if ((check->subschema->flags & IMAGE_UNEVALUATED) == 0)
		return run_operations(check);
	struct marks *outer = check->marks;
	struct marks marks;
	if (!marks_begin(check->run, &marks, check->node))
		return false;
	check->marks = &marks;
	bool valid = run_operations(check);
	if (valid)
		marks_add(outer, &marks);
	marks_end(check->run, &marks);
	return valid;
}

bool run_schema(struct run *run, uint32_t schema, const struct node *node,
		const struct path *path, struct marks *marks)
{
	const struct image_schema *subschema = &run->schema->schemas[schema];
	if (!run_steps(run, 1 + subschema->operation_count))
		return false;
	run->depth++;
	if (!run_has_depth(run))
		return false;
	const struct scope *outer = run->scope;
	struct scope scope = { subschema->resource, outer };
	if (run->schema->header->dynamic_count > 0 &&
	    (outer == NULL || outer->resource != subschema->resource))
		run->scope = &scope;
	struct check check = { .run = run,
			       .subschema = subschema,
			       .node = node,
			       .path = path,
			       .marks = marks };
	bool valid = run_subschema(&check);
	run->depth--;
	run->scope = outer;
	return valid && run->failure == 0;
}

bool run_quietly(struct run *run, uint32_t schema, const struct node *node,
		 const struct path *path, struct marks *marks)
{
	struct report *report = run->report;
	run->report = NULL;
	bool valid = run_schema(run, schema, node, path, marks);
	run->report = report;
	return valid;
}

bool run_below(const struct check *check, uint32_t schema, uint32_t index)
{
	struct run *run = check->run;
	unsigned int references = run->references;
	struct path path = { .parent = check->path,
			     .container = check->node,
			     .child = node_item(check->node, index) };
	run->references = 0;
	bool valid = run_schema(run, schema, path.child, &path, NULL);
	run->references = references;
	return valid;
}

/* The target of a dynamic reference: that of the outermost resource which has one. */
static uint32_t dynamic_target(const struct check *check)
{
	const struct schema *schema = check->run->schema;
	const struct image_header *header = schema->header;
	const uint32_t *targets = image_at(schema, header->dynamics);
	targets += (size_t)(check->operation->b - 1) * header->resource_count;
	uint32_t target = check->operation->a;
	for (const struct scope *s = check->run->scope; s != NULL; s = s->outer)
		if (targets[s->resource] != SCHEMA_NONE)
			target = targets[s->resource];
	return target;
}

bool check_reference(const struct check *check)
{
	struct run *run = check->run;
	uint32_t target =
		check->operation->b == 0 ? check->operation->a : dynamic_target(check);
	if (run->references >= run->limits->values[LIMIT_SCHEMA_REF_DEPTH])
		return run_over_limit(run, LIMIT_SCHEMA_REF_DEPTH);
	run->references++;
	bool valid = run_schema(run, target, check->node, check->path, check->marks);
	run->references--;
	return valid;
}

/* Work that was broken off is an error, whatever the sink was told until then: it may
 * have dropped all of that. */
static int conclude(const struct run *run, bool valid, const struct report *report,
		    struct error *err)
{
	if (run->failure == ERROR_MEMORY)
		return error_set(err, ERROR_MEMORY, "out of memory for validation");
	if (run->failure != 0)
		return run->failure;
	if (report != NULL && valid != (report->count == 0))
		return error_set(err, ERROR_INTERNAL,
				 "a document's verdict and its problems differ");
	return valid ? 1 : 0;
}

int schema_validate_entry(const struct schema *schema, uint32_t entry,
			  const struct node *root, const struct limits *limits,
			  const struct schema_sink *sink, struct error *err)
{
	struct run run;
	struct report report;
	run.schema = schema;
	run.entry = entry;
	run.limits = limits == NULL ? &limits_default : limits;
	run.steps = 0;
	run.most_steps = run.limits->values[LIMIT_SCHEMA_STEPS];
	run.most_depth = run.limits->values[LIMIT_SCHEMA_DEPTH];
	run.depth = 0;
	run.quick = schema->header->dynamic_count == 0;
	run.references = 0;
	run.failure = 0;
	run.err = err;
	run.report = sink == NULL ? NULL : &report;
	run.scope = NULL;
	run.mark_pool_used = 0; /* the pool itself is cleared as it is used */
	if (root == NULL)
		return error_set(err, ERROR_INTERNAL, "there is no document");
	if (entry >= schema->header->schema_count)
		return error_set(err, ERROR_INTERNAL, "there is no schema %u", entry);
	if (sink != NULL)
		report_begin(&report, sink);
	bool valid = run.quick ? decide(&run, entry, root, NULL)
			       : run_schema(&run, entry, root, NULL, NULL);
	return conclude(&run, valid, run.report, err);
}

int schema_validate(const struct schema *schema, const struct node *root,
		    const struct limits *limits, const struct schema_sink *sink,
		    struct error *err)
{
	return schema_validate_entry(schema, schema->header->root, root, limits, sink,
				     err);
}
