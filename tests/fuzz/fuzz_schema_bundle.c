/* tests/fuzz/fuzz_schema_bundle.c - bytes as a compiled schema: its header is made
 * right, so that what is within is looked at; what is accepted must be harmless to run.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "doc/schema.h"
#include "doc/schema_image.h"
#include "doc_walk.h"

#define FIRST_CHANGED 16 /* behind magic, version and order of bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "{name: ab, kind: B, port: 0, list: [2, 2, x], tree: "
			   "{below: "
			   "{below: 5}}, any: 0.1, x-a: 1, nmae: null, a: {b: {a: "
			   "[]}}, keys: [{n: 1}, {n: 1, p: TCP}], size: 64mi}";

static void ignore_problem(void *data, const struct schema_problem *problem)
{
	(void)data;
	const char *mend = schema_problem_mend(problem);
	doc_promise(mend == NULL || mend[0] != '\0');
	doc_promise(problem->line > 0 && problem->keyword != NULL);
}

static void run(const struct schema *schema)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct docs docs = { 0 };
	struct doc_problem problem;
	struct limits limits = limits_default;
	struct schema_sink sink = { ignore_problem, NULL, 10 };
	uint32_t entry;
	limits.values[LIMIT_SCHEMA_STEPS] = 20000;
	if (docs_parse(&docs, arena, DOC_YAML, text, sizeof(text) - 1, NULL,
		       &problem) == 0) {
		schema_validate(schema, docs.roots[0], &limits, &sink, NULL);
		for (size_t i = 0; i < 4 && schema_name(schema, i) != NULL; i++)
			if (schema_find(schema, schema_name(schema, i), &entry))
				schema_validate_entry(schema, entry, docs.roots[0],
						      &limits, &sink, NULL);
	}
	arena_free(arena);
}

/* One of everything that an image can hold. */
static const char schema_text[] =
	"{$defs: {name: {type: string, minLength: 2, pattern: '^[a-z]+$'}, tree: "
	"{$dynamicAnchor: node, properties: {below: {$dynamicRef: '#node'}}}, half: "
	"{exclusiveMinimum: 0.5}}, required: [name, kind, other], minProperties: 1, "
	"properties: {name: {$ref: '#/$defs/name'}, kind: {enum: [A, {b: [1, null]}]}, "
	"port: {type: integer, minimum: 1, multipleOf: 1}, when: {format: date}, list: "
	"{prefixItems: [{const: 1}], items: {type: number}, uniqueItems: true, "
	"contains: "
	"{const: 1}}, tree: {$ref: '#/$defs/tree'}, any: {anyOf: [{type: string}, "
	"{$ref: "
	"'#/$defs/half'}]}, no: {not: {type: array}}, a: {additionalProperties: "
	"{additionalProperties: {items: {type: string}}}}, keys: "
	"{x-kubernetes-list-map-keys: {n: null, p: TCP}}, nmae: {nullable: true, type: "
	"string}, size: {format: quantity}}, patternProperties: {'^x-': "
	"{type: boolean}}, propertyNames: {maxLength: 40}, dependentRequired: {port: "
	"[none]}, dependentSchemas: {any: {required: [port]}}, if: {required: [x]}, "
	"then: {maxProperties: 3}, allOf: [{properties: {other: {}}}, true], "
	"unevaluatedProperties: false}";

static const unsigned char *image(size_t *size)
{
	static const struct schema_entry entry = { "name", "#/$defs/name" };
	static struct schema *schema;
	struct schema_options options = { .draft = SCHEMA_DRAFT_KUBERNETES,
					  .assert_formats = true,
					  .entries = &entry,
					  .entry_count = 1 };
	if (schema == NULL) {
		struct arena *arena = arena_new((size_t)1 << 24);
		struct docs docs = { 0 };
		struct doc_problem problem;
		doc_promise(docs_parse(&docs, arena, DOC_YAML, schema_text,
				       sizeof(schema_text) - 1, NULL, &problem) == 0);
		doc_promise(schema_compile(&schema, "s", docs.roots[0], &options,
					   NULL) == 0);
		arena_free(arena);
	}
	return schema_bytes(schema, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schema *schema = NULL;
	size_t length;
	const unsigned char *good = image(&length);
	unsigned char *bytes = malloc(length);
	if (bytes == NULL)
		return 0;
	memcpy(bytes, good, length);
	for (; size >= 6; data += 6, size -= 6) {
		size_t words = (length - FIRST_CHANGED) / 4;
		size_t word = (data[0] | (size_t)data[1] << 8) % words;
		memcpy(bytes + FIRST_CHANGED + 4 * word, data + 2, 4);
	}
	struct image_header *header = (struct image_header *)(void *)bytes;
	header->size = length;
	digest_of(bytes + IMAGE_SIGNED, length - IMAGE_SIGNED, &header->digest);
	if (schema_load(&schema, "fuzz", bytes, length, NULL) == 0)
		run(schema);
	schema_free(schema);
	free(bytes);
	return 0;
}
