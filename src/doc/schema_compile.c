/* doc/schema_compile.c - a schema's documents to a program: the queue of subschemas,
 * the keywords of each, and references. */
#include "doc/schema_compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pattern.h"
#include "doc/schema_link.h"
#include "doc/schema_pattern.h"
#include "doc/schema_uri.h"

#define ARENA_BYTES ((size_t)1 << 30)

int compile_error(struct compilation *compilation, const struct node *node,
		  const char *format, ...)
{
	char reason[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return index_error(&compilation->index, ERROR_SCHEMA, node, "%s", reason);
}

int compile_no_memory(struct compilation *compilation)
{
	return error_set(compilation->err, ERROR_MEMORY,
			 "out of memory for the schema '%s'",
			 compilation->index.main_name);
}

enum schema_draft compile_draft(const struct compilation *compilation)
{
	return compilation->position->key.resource->draft;
}

/* Whether a keyword decides in the dialect of the subschema at hand. */
static bool is_active(const struct compilation *compilation,
		      const struct keyword *keyword)
{
	return keyword->vocabulary != VOCABULARY_VALIDATE ||
	       compilation->position->key.resource->validates;
}

const struct node *compile_sibling(const struct compilation *compilation,
				   const char *name)
{
	const struct node *value = node_get(compilation->position->key.node, name);
	struct node key = { .kind = NODE_STRING,
			    .length = (uint32_t)strlen(name),
			    .text = name };
	const struct keyword *keyword = keyword_of(compile_draft(compilation), &key);
	bool known = keyword != NULL && is_active(compilation, keyword);
	return known ? value : NULL;
}

struct operation *compile_add(struct compilation *compilation, enum operation_kind kind,
			      const char *keyword)
{
	struct operation *operation = ARENA_PUSH(
		compilation->arena, &compilation->operations,
		&compilation->operation_count, &compilation->operation_capacity);
	if (operation != NULL)
		*operation = (struct operation){ .kind = kind, .keyword = keyword };
	return operation;
}

bool compile_has(const struct compilation *compilation, enum operation_kind kind)
{
	for (size_t i = 0; i < compilation->operation_count; i++)
		if (compilation->operations[i].kind == kind)
			return true;
	return false;
}

int compile_position(struct compilation *compilation, struct position *position,
		     uint32_t *out)
{
	if (position->subschema == SCHEMA_NONE) {
		struct position **queued = ARENA_PUSH(
			compilation->arena, &compilation->queue,
			&compilation->queue_count, &compilation->queue_capacity);
		if (queued == NULL)
			return compile_no_memory(compilation);
		*queued = position;
		position->subschema = (uint32_t)compilation->queue_count - 1;
	}
	*out = position->subschema;
	return 0;
}

int compile_child(struct compilation *compilation, const struct node *node,
		  const char *keyword, const char *token, uint32_t *out)
{
	const struct position *parent = compilation->position;
	struct location *location =
		location_below(compilation->arena, parent->location, keyword);
	if (location != NULL && token != NULL)
		location = location_below(compilation->arena, location, token);
	if (location == NULL)
		return compile_no_memory(compilation);
	struct position *position = NULL;
	int status = index_position(&compilation->index, parent->key.resource, node,
				    location, &position);
	return status != 0 ? status : compile_position(compilation, position, out);
}

/* It is compiled to see that it can be, and again when the image is opened. */
int compile_regex(struct compilation *compilation, const struct node *node,
		  const struct node *place, const struct schema_pattern **out)
{
	struct program *program = &compilation->program;
	if (node_kind(node) != NODE_STRING)
		return compile_error(compilation, place, "a pattern must be a string");
	struct error reason = ERROR_INIT;
	struct pattern *pattern;
	enum pattern_flavour flavour =
		compile_draft(compilation) == SCHEMA_DRAFT_KUBERNETES
			? PATTERN_GO
			: PATTERN_TOLERANT;
	int status = schema_pattern_new(&pattern, node->text, node->length, flavour,
					&reason);
	if (status == ERROR_MEMORY)
		return compile_no_memory(compilation);
	if (status != 0)
		return compile_error(compilation, place, "%s", reason.text);
	compilation->pattern_states += pattern_states(pattern);
	pattern_free(pattern);
	uint64_t most = compilation->index.limits->values[LIMIT_SCHEMA_PATTERN_STATES];
	if (compilation->pattern_states > most)
		return index_error(&compilation->index, ERROR_LIMIT, place,
				   "the patterns of the schema have over %llu states, "
				   "the limit "
				   "%s: use smaller repeats",
				   (unsigned long long)most,
				   limit_name(LIMIT_SCHEMA_PATTERN_STATES));
	struct schema_pattern *row =
		arena_new_of(compilation->arena, struct schema_pattern);
	const struct schema_pattern **slot =
		ARENA_PUSH(compilation->arena, &program->patterns,
			   &program->pattern_count, &program->pattern_capacity);
	if (slot == NULL || row == NULL)
		return compile_no_memory(compilation);
	*row = (struct schema_pattern){ node, flavour,
					(uint32_t)program->pattern_count - 1 };
	*slot = row;
	*out = row;
	return 0;
}

struct name compile_name(const struct node *node)
{
	return (struct name){ node->text, node->length };
}

int compile_count(struct compilation *compilation, const char *keyword,
		  const struct node *value, uint64_t *out)
{
	struct number number;
	enum node_kind kind = node_kind(value);
	if (kind == NODE_INTEGER || kind == NODE_DECIMAL) {
		number_read(&number, value->text, value->length);
		if (number_to_uint64(&number, out))
			return 0;
	}
	return compile_error(compilation, value,
			     "'%s' must be a whole number from 0 on", keyword);
}

int compile_nothing(struct compilation *compilation, const struct keyword *keyword,
		    const struct node *value)
{
	(void)compilation;
	(void)keyword;
	(void)value;
	return 0;
}

static int add_reference(struct compilation *compilation, const char *keyword,
			 struct position *target, struct reference **out)
{
	struct operation *operation =
		compile_add(compilation, OPERATION_REFERENCE, keyword);
	struct reference *reference =
		arena_new_of(compilation->arena, struct reference);
	if (operation == NULL || reference == NULL)
		return compile_no_memory(compilation);
	operation->reference = reference;
	*out = reference;
	return compile_position(compilation, target, &reference->target);
}

int compile_reference(struct compilation *compilation, const struct keyword *keyword,
		      const struct node *value)
{
	struct position *target = NULL;
	const char *anchor = NULL;
	struct reference *reference = NULL;
	int status = index_resolve(&compilation->index, compilation->position, value,
				   &target, &anchor);
	return status != 0
		       ? status
		       : add_reference(compilation, keyword->name, target, &reference);
}

/* The program's entry of a dynamic anchor's name; its targets are filled in at the end.
 */
static struct dynamic_name *dynamic_of(struct compilation *compilation,
				       const char *name)
{
	struct program *program = &compilation->program;
	for (size_t i = 0; i < program->dynamic_count; i++)
		if (strcmp(program->dynamics[i]->name, name) == 0)
			return program->dynamics[i];
	struct dynamic_name *dynamic =
		arena_new_of(compilation->arena, struct dynamic_name);
	struct dynamic_name **slot =
		ARENA_PUSH(compilation->arena, &program->dynamics,
			   &program->dynamic_count, &program->dynamic_capacity);
	char *kept = arena_string(compilation->arena, name);
	if (slot != NULL && (dynamic == NULL || kept == NULL))
		program->dynamic_count--;
	if (slot == NULL || dynamic == NULL || kept == NULL)
		return NULL;
	dynamic->name = kept;
	dynamic->index = (uint32_t)program->dynamic_count - 1;
	*slot = dynamic;
	return dynamic;
}

/* A row of targets for each name, and each is compared with those before it. */
static int check_dynamics(const struct compilation *compilation)
{
	const struct index *index = &compilation->index;
	uint64_t most = index->limits->values[LIMIT_SCHEMA_DYNAMIC_TARGETS];
	uint64_t names = compilation->program.dynamic_count;
	uint64_t count = names * (names + index->resource_count);
	if (count <= most)
		return 0;
	return index_error(index, ERROR_LIMIT, compilation->position->key.node,
			   "the schema has %llu targets of dynamic references, over "
			   "the limit %s (%llu)",
			   (unsigned long long)count,
			   limit_name(LIMIT_SCHEMA_DYNAMIC_TARGETS),
			   (unsigned long long)most);
}

static int make_dynamic(struct compilation *compilation, const char *keyword,
			struct position *target, const char *name)
{
	struct reference *reference = NULL;
	int status = add_reference(compilation, keyword, target, &reference);
	if (status != 0 || name == NULL)
		return status;
	reference->dynamic = dynamic_of(compilation, name);
	return reference->dynamic == NULL ? compile_no_memory(compilation)
					  : check_dynamics(compilation);
}

int compile_dynamic_reference(struct compilation *compilation,
			      const struct keyword *keyword, const struct node *value)
{
	struct position *target = NULL;
	const char *anchor = NULL;
	int status = index_resolve(&compilation->index, compilation->position, value,
				   &target, &anchor);
	return status != 0 ? status
			   : make_dynamic(compilation, keyword->name, target, anchor);
}

int compile_recursive_reference(struct compilation *compilation,
				const struct keyword *keyword, const struct node *value)
{
	struct position *target = NULL;
	const char *anchor = NULL;
	if (node_kind(value) != NODE_STRING || strcmp(value->text, "#") != 0)
		return compile_error(compilation, value, "'$recursiveRef' must be '#'");
	int status = index_resolve(&compilation->index, compilation->position, value,
				   &target, &anchor);
	if (status != 0)
		return status;
	bool dynamic = map_has(&target->key.resource->dynamic_anchors, RECURSIVE_ANCHOR,
			       strlen(RECURSIVE_ANCHOR));
	return make_dynamic(compilation, keyword->name, target,
			    dynamic ? RECURSIVE_ANCHOR : NULL);
}

/* Each keyword of the subschema at hand that its draft knows. Before 2019-09, $ref
 * makes all else void. */
static int compile_keywords(struct compilation *compilation)
{
	const struct node *node = compilation->position->key.node;
	enum schema_draft draft = compile_draft(compilation);
	bool alone = draft <= SCHEMA_DRAFT_7 &&
		     node_kind(node_get(node, "$ref")) == NODE_STRING;
	int status = 0;
	for (uint32_t i = 0; status == 0 && i < node->length; i++) {
		const struct keyword *keyword = keyword_of(draft, node_key(node, i));
		const struct node *value = node_item(node, i);
		if (keyword == NULL || !is_active(compilation, keyword))
			continue;
		if (alone && strcmp(keyword->name, "$ref") != 0)
			continue;
		status = keyword->compile(compilation, keyword, value);
	}
	return status;
}

/* Stable, and nearly sorted inputs are the rule. */
static void sort_operations(struct operation *operations, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct operation moved = operations[i];
		size_t to = i;
		for (; to > 0 && operations[to - 1].kind > moved.kind; to--)
			operations[to] = operations[to - 1];
		operations[to] = moved;
	}
}

static int compile_boolean(struct compilation *compilation, struct subschema *subschema)
{
	const struct node *node = compilation->position->key.node;
	const char *token = compilation->position->location->token;
	bool legal = compile_draft(compilation) != SCHEMA_DRAFT_4 ||
		     strcmp(token, "additionalProperties") == 0 ||
		     strcmp(token, "additionalItems") == 0;
	if (!legal)
		return compile_error(compilation, node,
				     "a schema must be an object in draft 4");
	if (node_boolean(node))
		return 0;
	subschema->never = true;
	return compile_add(compilation, OPERATION_NEVER, "false") == NULL
		       ? compile_no_memory(compilation)
		       : 0;
}

static bool needs_evaluated(const struct operation *operations, size_t count)
{
	return count > 0 && operations[count - 1].kind >= OPERATION_UNEVALUATED_ITEMS;
}

static int compile_subschema(struct compilation *compilation,
			     const struct position *position)
{
	struct subschema subschema = { .resource = position->key.resource->index,
				       .location = position->location };
	enum node_kind kind = node_kind(position->key.node);
	compilation->position = position;
	compilation->operation_count = 0;
	compilation->index.name =
		location_document(position->location, compilation->index.main_name);
	int status;
	if (kind == NODE_BOOLEAN)
		status = compile_boolean(compilation, &subschema);
	else if (kind == NODE_MAPPING)
		status = compile_keywords(compilation);
	else
		status = compile_error(compilation, position->key.node,
				       "a schema must be an object, not %s",
				       node_kind_name(kind));
	if (status != 0)
		return status;
	size_t count = compilation->operation_count;
	struct program *program = &compilation->program;
	struct subschema *slot = ARENA_PUSH(compilation->arena, &program->subschemas,
					    &program->count, &program->capacity);
	struct operation *operations =
		arena_array(compilation->arena, count, sizeof(*operations));
	if (slot == NULL || operations == NULL)
		return compile_no_memory(compilation);
	if (count > 0)
		memcpy(operations, compilation->operations,
		       count * sizeof(*operations));
	sort_operations(operations, count);
	subschema.operations = operations;
	subschema.operation_count = (uint32_t)count;
	subschema.unevaluated = needs_evaluated(operations, count);
	*slot = subschema;
	return 0;
}

static int drain_queue(struct compilation *compilation)
{
	int status = 0;
	while (status == 0 && compilation->program.count < compilation->queue_count) {
		size_t next = compilation->program.count;
		status = compile_subschema(compilation, compilation->queue[next]);
	}
	return status;
}

/* The targets of one dynamic anchor in all resources; new ones go to the queue. */
static int fill_dynamic(struct compilation *compilation, struct dynamic_name *dynamic)
{
	const struct index *index = &compilation->index;
	uint32_t *targets = arena_array(compilation->arena, index->resource_count,
					sizeof(*targets));
	if (targets == NULL)
		return compile_no_memory(compilation);
	int status = 0;
	for (size_t i = 0; status == 0 && i < index->resource_count; i++) {
		struct position *position =
			map_get(&index->resources[i]->dynamic_anchors, dynamic->name,
				strlen(dynamic->name));
		targets[i] = SCHEMA_NONE;
		if (position != NULL)
			status = compile_position(compilation, position, &targets[i]);
	}
	dynamic->targets = targets;
	return status;
}

/* Compiling a target may find resources and dynamic references: until nothing is new.
 */
static int compile_all(struct compilation *compilation)
{
	const struct program *program = &compilation->program;
	size_t resources;
	size_t dynamics;
	do {
		int status = drain_queue(compilation);
		if (status != 0)
			return status;
		resources = compilation->index.resource_count;
		dynamics = program->dynamic_count;
		for (size_t i = 0; i < dynamics; i++) {
			status = fill_dynamic(compilation, program->dynamics[i]);
			if (status != 0)
				return status;
		}
	} while (program->count < compilation->queue_count ||
		 resources < compilation->index.resource_count ||
		 dynamics < program->dynamic_count);
	return 0;
}

/* The URIs of the documents given are relative to the main one's. */
static int add_documents(struct compilation *compilation, const struct node *root,
			 const struct schema_options *options)
{
	struct index *index = &compilation->index;
	const struct node *id = node_get(root, "$id");
	if (node_kind(id) != NODE_STRING)
		id = node_get(root, "id");
	const char *base = node_kind(id) == NODE_STRING ? id->text : "";
	for (size_t i = 0; i < options->resource_count; i++) {
		const struct schema_resource *resource = &options->resources[i];
		char *uri = uri_resolve(index->arena, base, resource->uri);
		if (uri == NULL)
			return compile_no_memory(compilation);
		int status = index_add_document(index, uri, resource->root);
		if (status != 0)
			return status;
	}
	return 0;
}

/* The subschemas that have names of their own. */
static int compile_entries(struct compilation *compilation,
			   const struct position *start,
			   const struct schema_options *options)
{
	struct program *program = &compilation->program;
	int status = 0;
	for (size_t i = 0; status == 0 && i < options->entry_count; i++) {
		const struct schema_entry *wanted = &options->entries[i];
		struct node reference = { .kind = NODE_STRING,
					  .length = (uint32_t)strlen(wanted->reference),
					  .text = wanted->reference };
		struct position *target = NULL;
		const char *anchor = NULL;
		struct program_entry *entry =
			ARENA_PUSH(compilation->arena, &program->entries,
				   &program->entry_count, &program->entry_capacity);
		if (entry == NULL)
			return compile_no_memory(compilation);
		entry->name = wanted->name;
		status = index_resolve(&compilation->index, start, &reference, &target,
				       &anchor);
		if (status == 0)
			status = compile_position(compilation, target, &entry->schema);
	}
	return status;
}

static int run_compilation(struct compilation *compilation, const struct node *root,
			   const struct schema_options *options)
{
	struct program *program = &compilation->program;
	struct position *start = NULL;
	int status = add_documents(compilation, root, options);
	if (status == 0)
		status = index_read_document(&compilation->index, "", root, &start);
	if (status == 0)
		status = compile_position(compilation, start, &program->root);
	if (status == 0)
		status = compile_entries(compilation, start, options);
	if (status == 0)
		status = compile_all(compilation);
	program->resource_count = compilation->index.resource_count;
	return status;
}

int schema_compile(struct schema **out, const char *name, const struct node *root,
		   const struct schema_options *options, struct error *err)
{
	static const struct schema_options none;
	options = options == NULL ? &none : options;
	struct arena *arena = arena_new(ARENA_BYTES);
	struct compilation compilation = {
		.index = { .arena = arena,
			   .main_name = name,
			   .name = name,
			   .draft = options->draft == SCHEMA_DRAFT_UNKNOWN
					    ? SCHEMA_DRAFT_2020_12
					    : options->draft,
			   .assert_formats = options->assert_formats,
			   .limits = options->limits == NULL ? &limits_default
							     : options->limits,
			   .err = err },
		.arena = arena,
		.err = err
	};
	int status;
	if (arena == NULL)
		status = compile_no_memory(&compilation);
	else
		status = run_compilation(&compilation, root, options);
	if (status == 0)
		status = program_link(out, name, &compilation.program, err);
	index_release(&compilation.index);
	arena_free(arena);
	return status;
}
