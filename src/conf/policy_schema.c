/* conf/policy_schema.c - what rules of kind schema name: JSON Schemas, compiled. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"
#include "doc/schema.h"

/* For one schema file, its tree only. */
#define SCHEMA_ARENA_BYTES ((size_t)256 << 20)

/* *id: the schema's own name, in the policy's arena; NULL when it has none. */
static int compile(const struct addition *addition, const struct node *node,
		   const struct policy_file *file, struct arena *tree,
		   struct schema **out, const char **id, struct error *err)
{
	const struct reader *reader = addition->reader;
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	struct schema_options options = { .assert_formats = true };
	struct error cause = ERROR_INIT;
	int code = docs_parse(&docs, tree, doc_format_of(file->name), file->bytes,
			      file->length, &limits_default, &problem);
	if (code != 0)
		return error_set(err, code, "%s:%u:%u: %s", file->name, problem.line,
				 problem.column, problem.message);
	if (docs.count != 1)
		return reader_fail(reader, node, err,
				   "'%s' must hold one document, a JSON Schema",
				   file->name);
	code = schema_compile(out, file->name, docs.roots[0], &options, &cause);
	if (code != 0)
		return reader_fail_code(reader, node, code, err, "%s", cause.text);
	const char *text = node_text(node_get(docs.roots[0], "$id"), NULL);
	*id = NULL;
	if (*text != '\0')
		*id = arena_string(addition->builder->policy.arena, text);
	return *text != '\0' && *id == NULL ? reader_no_memory(reader, err) : 0;
}

/* Loads and compiles the file that `node` names; its bytes go to the hasher. */
static int load_schema(const struct addition *addition, const struct node *node,
		       const char *name, struct hasher *hasher, struct schema **out,
		       const char **id, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	struct policy_file file = { 0 };
	int code = builder_load(addition, node, name, &file, err);
	if (code != 0)
		return code;
	file.name = name;
	hasher_add_field(hasher, file.bytes, file.length);
	struct schema **slot =
		ARENA_PUSH(builder->policy.arena, &builder->schemas,
			   &builder->schema_count, &builder->schema_capacity);
	struct arena *tree = arena_new(SCHEMA_ARENA_BYTES);
	if (slot == NULL || tree == NULL)
		code = reader_no_memory(addition->reader, err);
	else
		code = compile(addition, node, &file, tree, slot, id, err);
	arena_free(tree);
	if (code == 0)
		*out = *slot;
	return code;
}

static int load_inline(const struct addition *addition, const struct node *node,
		       struct rule *rule, struct hasher *hasher, struct error *err)
{
	const struct strings *names = &rule->schema->inline_schemas;
	const struct node *list = node_get(node, "inline-schemas");
	struct arena *arena = addition->builder->policy.arena;
	int code = 0;
	rule->inline_schemas =
		arena_array(arena, names->count + 1, sizeof(*rule->inline_schemas));
	if (rule->inline_schemas == NULL)
		return reader_no_memory(addition->reader, err);
	for (size_t i = 0; code == 0 && i < names->count; i++) {
		struct inline_schema *schema = &rule->inline_schemas[i];
		schema->name = names->items[i];
		code = load_schema(addition, reader_strings_node(list, i), schema->name,
				   hasher, &schema->compiled, &schema->id, err);
	}
	return code;
}

static int load_all(const struct addition *addition, const struct node *node,
		    struct rule *rule, struct hasher *hasher, struct error *err)
{
	const char *file = rule->schema->file;
	const char *id;
	int code = 0;
	builder_hash(hasher, node);
	if (file != NULL)
		code = load_schema(addition, node_get(node, "file"), file, hasher,
				   &rule->compiled_schema, &id, err);
	else
		hasher_add_field(hasher, "", 0);
	if (code == 0)
		code = builder_add_kubernetes(addition, node, rule, hasher, err);
	return code == 0 ? load_inline(addition, node, rule, hasher, err) : code;
}

/* rule->schema_digest is the key of cached results: everything that decides about a
 * document. */
int builder_add_schemas(const struct addition *addition, const struct node *node,
			struct rule *rule, struct error *err)
{
	if (rule->schema->kinds.count != 0 && rule->schema->file == NULL)
		return reader_fail(addition->reader, node, err,
				   "'kinds' chooses documents for a schema: it needs "
				   "'file'");
	struct hasher *hasher = hasher_new();
	if (hasher == NULL)
		return reader_no_memory(addition->reader, err);
	int code = load_all(addition, node, rule, hasher, err);
	if (code != 0) {
		hasher_free(hasher);
		return code;
	}
	if (hasher_finish(hasher, &rule->schema_digest) != 0)
		return reader_no_memory(addition->reader, err);
	return 0;
}
