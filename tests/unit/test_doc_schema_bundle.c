/* tests/unit/test_doc_schema_bundle.c - compiled schemas as bytes: loaded elsewhere
 * they decide and say the same; bytes that are broken are refused or, when somebody
 * signed them again, harmless. And validation of what is good allocates nothing.
 *
 * The linker sends our allocations here: -Wl,--wrap=malloc,--wrap=calloc,
 * --wrap=realloc. */
#include <stddef.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/buf.h"
#include "doc/schema.h"
#include "doc/schema_image.h"
#include "doc_try.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned long allocations;

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

/* One of everything that an image can hold. */
static const char everything[] =
	"{$id: 'https://x.org/s', $defs: {\n"
	"  name: {type: string, minLength: 2, maxLength: 60, pattern: '^[a-z]+$'},\n"
	"  port: {type: integer, minimum: 1, maximum: 65535, multipleOf: 1},\n"
	"  half: {exclusiveMinimum: 0.5, exclusiveMaximum: 1e400},\n"
	"  tree: {$dynamicAnchor: node, properties: {below: {$dynamicRef: '#node'}}},\n"
	"  long: {required: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaa1, "
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa2]}},\n"
	"type: object, required: [name, kind, other], minProperties: 1, maxProperties: "
	"20,\n"
	"properties: {name: {$ref: '#/$defs/name'}, port: {$ref: '#/$defs/port'},\n"
	"  kind: {enum: [A, {b: [1, null, true]}, 2.5]}, when: {format: date},\n"
	"  list: {prefixItems: [{const: 1}], items: {type: number}, uniqueItems: "
	"true,\n"
	"    minItems: 1, maxItems: 9, contains: {const: 1}, maxContains: 3},\n"
	"  tree: {$ref: '#/$defs/tree'}, any: {anyOf: [{type: string}, {$ref: "
	"'#/$defs/half'}]},\n"
	"  one: {oneOf: [{required: [a]}, {required: [b]}]}, no: {not: {type: "
	"array}},\n"
	"  loose: {if: {type: string}, then: {maxLength: 3}, else: {type: integer}}},\n"
	"patternProperties: {'^x-': {type: boolean}}, propertyNames: {maxLength: 40},\n"
	"dependentRequired: {port: [name]}, dependentSchemas: {any: {required: "
	"[port]}},\n"
	"allOf: [{properties: {other: {}}}, true], unevaluatedProperties: false}";

static const char *const documents[] = {
	"{name: ab, kind: A, other: 1, port: 80, x-a: true, when: '2026-11-21', list: "
	"[1, 2.5], tree: {below: {below: {}}}, any: s, one: {a: 1}, no: 1, loose: abc}",
	"{name: ab, kind: {b: [1.0, null, true]}, other: 1}",
	"{name: A, kind: B, port: 0, list: [2, 2], any: 0.1, one: {a: 1, b: 1}, no: "
	"[], loose: abcd, x-a: 1, nmae: 1}",
	"{name: 1, kind: 2.50, other: 1, tree: {below: 5}, extra: 1}",
	"[]",
	"{}",
};

static struct schema *compile(const char *text)
{
	static const struct schema_entry entries[] = {
		{ "v1/Port", "#/$defs/port" },
		{ "v1/Name", "#/$defs/name" },
		{ "v1/Long", "#/$defs/long" },
	};
	struct schema_options options = { .assert_formats = true,
					  .entries = entries,
					  .entry_count = ROWS(entries) };
	struct try document = try_yaml(text);
	struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(document.status == 0, "%s", document.problem.message);
	ck_assert_msg(schema_compile(&schema, "s", document.root, &options, &err) == 0,
		      "%s", err.text);
	try_end(&document);
	return schema;
}

static void collect(void *data, const struct schema_problem *problem)
{
	char *text = data;
	size_t used = strlen(text);
	const char *mend = schema_problem_mend(problem);
	struct buf location = BUF_INIT(1024);
	schema_problem_location(problem, &location);
	snprintf(text + used, 8192 - used, "%u:%u %s %s %s %s %s\n", problem->line,
		 problem->column, problem->instance_path, problem->keyword,
		 location.data, problem->message, mend == NULL ? "" : mend);
	buf_release(&location);
}

static int say(const struct schema *schema, const char *text, char said[8192])
{
	struct schema_sink sink = { collect, said, 0 };
	struct try document = try_yaml(text);
	said[0] = '\0';
	ck_assert_msg(document.status == 0, "%s: %s", text, document.problem.message);
	int result = schema_validate(schema, document.root, NULL, &sink, NULL);
	try_end(&document);
	return result;
}

/* The bytes of a schema in memory of their own. */
static unsigned char *copy_bytes(const struct schema *schema, size_t *size)
{
	const void *bytes = schema_bytes(schema, size);
	unsigned char *copy = malloc(*size);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, *size);
	return copy;
}

START_TEST(a_loaded_schema_decides_and_says_the_same)
{
	struct schema *schema = compile(everything);
	struct schema *loaded = NULL;
	struct error err = ERROR_INIT;
	size_t size;
	unsigned char *bytes = copy_bytes(schema, &size);
	ck_assert_msg(schema_load(&loaded, "s", bytes, size, &err) == 0, "%s",
		      err.text);
	ck_assert(digest_equal(schema_digest(schema), schema_digest(loaded)));
	for (size_t i = 0; i < ROWS(documents); i++) {
		char first[8192];
		char second[8192];
		int expected = i < 2;
		ck_assert_msg(say(schema, documents[i], first) == expected, "%s: %s",
			      documents[i], first);
		ck_assert_int_eq(say(loaded, documents[i], second), expected);
		ck_assert_str_eq(first, second);
	}
	schema_free(schema);
	schema_free(loaded);
	free(bytes);
}
END_TEST

START_TEST(names_lead_to_parts)
{
	struct schema *schema = compile(everything);
	uint32_t port = 0;
	uint32_t name = 0;
	struct try number = try_yaml("80");
	ck_assert_str_eq(schema_name(schema, 0), "v1/Long");
	ck_assert_str_eq(schema_name(schema, 2), "v1/Port");
	ck_assert_ptr_null(schema_name(schema, 3));
	ck_assert(schema_find(schema, "v1/Port", &port));
	ck_assert(schema_find(schema, "v1/Name", &name));
	ck_assert(!schema_find(schema, "v1/Por", &port));
	ck_assert(!schema_find(schema, "", &port));
	ck_assert_int_eq(
		schema_validate_entry(schema, port, number.root, NULL, NULL, NULL), 1);
	ck_assert_int_eq(
		schema_validate_entry(schema, name, number.root, NULL, NULL, NULL), 0);
	ck_assert_int_lt(
		schema_validate_entry(schema, 100000, number.root, NULL, NULL, NULL),
		0);
	try_end(&number);
	schema_free(schema);
}
END_TEST

START_TEST(the_same_schema_has_the_same_bytes)
{
	struct schema *schemas[] = { compile(everything), compile(everything) };
	size_t sizes[2];
	const void *first = schema_bytes(schemas[0], &sizes[0]);
	const void *second = schema_bytes(schemas[1], &sizes[1]);
	ck_assert_uint_eq(sizes[0], sizes[1]);
	ck_assert_int_eq(memcmp(first, second, sizes[0]), 0);
	schema_free(schemas[0]);
	schema_free(schemas[1]);
}
END_TEST

static void expect_refusal(const void *bytes, size_t size, const char *reason)
{
	struct schema *loaded = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(schema_load(&loaded, "k8s", bytes, size, &err), ERROR_SCHEMA);
	ck_assert_ptr_null(loaded);
	ck_assert_msg(strstr(err.text, reason) != NULL, "%s", err.text);
}

START_TEST(bytes_that_are_not_whole_are_refused)
{
	struct schema *schema = compile(everything);
	size_t size;
	unsigned char *bytes = copy_bytes(schema, &size);
	schema_free(schema);
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 0x40;
		expect_refusal(bytes, size, "the compiled schema 'k8s' ");
		bytes[i] ^= 0x40;
	}
	expect_refusal(bytes, 0, "is not one");
	expect_refusal(bytes, 20, "is not one");
	expect_refusal(bytes, size - 1, "is cut");
	expect_refusal(bytes + 1, size - 1, "not aligned");
	bytes[offsetof(struct image_header, version)]++;
	expect_refusal(bytes, size, "another version");
	free(bytes);
}
END_TEST

/* The digest says that nothing changed on the way, not that the maker was honest. */
static void sign(unsigned char *bytes, size_t size)
{
	struct digest digest;
	digest_of(bytes + IMAGE_SIGNED, size - IMAGE_SIGNED, &digest);
	memcpy(bytes + offsetof(struct image_header, digest), &digest, sizeof(digest));
}

START_TEST(broken_bytes_that_were_signed_again_do_no_harm)
{
	static const uint32_t values[] = { 0, 1, 7, 64, 0x7fffffff, UINT32_MAX };
	struct schema *schema = compile(everything);
	struct try document = try_yaml(documents[2]);
	struct schema_sink sink = { collect, NULL, 0 };
	struct limits limits = limits_default;
	size_t size;
	unsigned long refused = 0;
	unsigned char *bytes = copy_bytes(schema, &size);
	schema_free(schema);
	limits.values[LIMIT_SCHEMA_STEPS] = 10000;
	for (size_t at = 16; at + 4 <= size; at += 4)
		for (size_t i = 0; i < ROWS(values); i++) {
			char said[8192] = "";
			uint32_t old;
			struct schema *loaded = NULL;
			memcpy(&old, bytes + at, 4);
			memcpy(bytes + at, &values[i], 4);
			sign(bytes, size);
			sink.data = said;
			if (schema_load(&loaded, "s", bytes, size, NULL) == 0)
				schema_validate(loaded, document.root, &limits, &sink,
						NULL);
			else
				refused++;
			schema_free(loaded);
			memcpy(bytes + at, &old, 4);
		}
	ck_assert_uint_gt(refused, 1000);
	try_end(&document);
	free(bytes);
}
END_TEST

START_TEST(what_is_good_is_validated_without_memory)
{
	struct schema *schema = compile(everything);
	for (size_t i = 0; i < 2; i++) {
		struct try document = try_yaml(documents[i]);
		/* The first search makes what all searches share. */
		schema_validate(schema, document.root, NULL, NULL, NULL);
		unsigned long before = allocations;
		int valid = schema_validate(schema, document.root, NULL, NULL, NULL);
		unsigned long after = allocations;
		ck_assert_int_eq(valid, 1);
		ck_assert_uint_eq(after - before, 0);
		try_end(&document);
	}
	schema_free(schema);
}
END_TEST

UNIT_MAIN("doc", a_loaded_schema_decides_and_says_the_same, names_lead_to_parts,
	  the_same_schema_has_the_same_bytes, bytes_that_are_not_whole_are_refused,
	  broken_bytes_that_were_signed_again_do_no_harm,
	  what_is_good_is_validated_without_memory)
