/* tests/unit/test_doc_schema_bombs.c - schemas and documents made to exhaust together:
 * read, compiled, decided and explained within 100 ms of processor time and 64 MiB, or
 * stopped by a limit that the message names. */
#include <stdio.h>

#include "doc/schema.h"
#include "doc_try.h"
#include "hostile.h"
#include "peak.h"

#define MIB         ((size_t)1 << 20)
#define MOST_MEMORY (64 * MIB)
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define MILLISECONDS 100

/* Definitions a0 ... a<levels>, each of two of the next. */
static void doubling(struct buf *out, const char *keyword, unsigned int levels)
{
	buf_addf(out, "$ref: '#/$defs/a0'\n$defs:\n");
	for (unsigned int i = 0; i < levels; i++)
		buf_addf(out,
			 "  a%u: {%s: [{$ref: '#/$defs/a%u'}, {$ref: "
			 "'#/$defs/a%u'}]}\n",
			 i, keyword, i + 1, i + 1);
}

/* --- references --- */

static void loop_of_one(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$ref: '#'");
	buf_add_string(document, "1");
}

static void loop_of_two(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$ref: '#/$defs/a'\n$defs: {a: {$ref: '#/$defs/b'}, b: "
			       "{$ref: '#/$defs/a'}}");
	buf_add_string(document, "1");
}

static void loop_through_all_of(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "allOf: [{$ref: '#'}, {$ref: '#'}]");
	buf_add_string(document, "1");
}

static void loop_through_any_of(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "anyOf: [{type: string}, {$ref: '#'}, {$ref: '#'}]");
	buf_add_string(document, "1");
}

static void loop_through_not(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "not: {$ref: '#'}");
	buf_add_string(document, "1");
}

static void loop_through_condition(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "if: {$ref: '#'}\nthen: {$ref: '#'}\nelse: {$ref: '#'}");
	buf_add_string(document, "1");
}

static void loop_of_dynamic_references(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$dynamicAnchor: a\nallOf: [{$dynamicRef: '#a'}]");
	buf_add_string(document, "1");
}

static void loop_of_dynamic_references_between(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$id: https://x.org/0\n$dynamicAnchor: a\n$ref: "
			       "'https://x.org/1'\n$defs:\n");
	for (int i = 1; i < 200; i++)
		buf_addf(schema,
			 "  d%d: {$id: 'https://x.org/%d', $dynamicAnchor: a, "
			 "anyOf: [{type: string}, {$dynamicRef: '#a'}, {$ref: "
			 "'https://x.org/%d'}]}\n",
			 i, i, i % 199 + 1);
	buf_add_string(document, "1");
}

static void loop_of_recursive_references(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$schema: https://json-schema.org/draft/2019-09/schema\n"
			       "$recursiveAnchor: true\nanyOf: [{$recursiveRef: '#'}, "
			       "{$recursiveRef: '#'}]");
	buf_add_string(document, "1");
}

static void long_chain(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$ref: '#/$defs/a0'\n$defs:\n");
	for (int i = 0; i < 1000; i++)
		buf_addf(schema, "  a%d: {$ref: '#/$defs/a%d'}\n", i, i + 1);
	buf_add_string(schema, "  a1000: {}\n");
	buf_add_string(document, "1");
}

/* --- branches --- */

static void doubling_all_of(struct buf *schema, struct buf *document)
{
	doubling(schema, "allOf", 40);
	buf_add_string(schema, "  a40: {type: integer}\n");
	buf_add_string(document, "1");
}

static void doubling_any_of(struct buf *schema, struct buf *document)
{
	doubling(schema, "anyOf", 40);
	buf_add_string(schema, "  a40: {type: string}\n");
	buf_add_string(document, "1");
}

static void doubling_one_of(struct buf *schema, struct buf *document)
{
	doubling(schema, "oneOf", 40);
	buf_add_string(schema, "  a40: {type: integer}\n");
	buf_add_string(document, "1");
}

static void doubling_one_of_that_fits(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$ref: '#/$defs/a0'\n$defs:\n");
	for (int i = 0; i < 40; i++)
		buf_addf(schema,
			 "  a%d: {oneOf: [{$ref: '#/$defs/a%d'}, {allOf: [{$ref: "
			 "'#/$defs/a%d'}, {minimum: 5}]}]}\n",
			 i, i + 1, i + 1);
	buf_add_string(schema, "  a40: {type: integer}\n");
	buf_add_string(document, "1");
}

static void doubling_with_marks(struct buf *schema, struct buf *document)
{
	doubling(schema, "anyOf", 40);
	buf_add_string(schema, "  a40: {properties: {a: {}}}\n"
			       "unevaluatedProperties: false\n");
	buf_add_string(document, "{a: 1, b: 2}");
}

static void doubling_conditions(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$ref: '#/$defs/a0'\n$defs:\n");
	for (int i = 0; i < 40; i++)
		buf_addf(schema,
			 "  a%d: {if: {$ref: '#/$defs/a%d'}, then: {$ref: "
			 "'#/$defs/a%d'}}\n",
			 i, i + 1, i + 1);
	buf_add_string(schema, "  a40: {type: integer}\n");
	buf_add_string(document, "1");
}

static void doubling_dependencies(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$ref: '#/$defs/a0'\n$defs:\n");
	for (int i = 0; i < 40; i++)
		buf_addf(schema,
			 "  a%d: {dependentSchemas: {x: {$ref: '#/$defs/a%d'}, y: "
			 "{$ref: '#/$defs/a%d'}}}\n",
			 i, i + 1, i + 1);
	buf_add_string(schema, "  a40: {type: object}\n");
	buf_add_string(document, "{x: 1, y: 2}");
}

static void nested(struct buf *document, const char *open, const char *inner,
		   const char *close, size_t levels)
{
	repeat(document, open, levels);
	buf_add_string(document, inner);
	repeat(document, close, levels);
}

static void branches_at_each_level(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "oneOf: [{items: {$ref: '#'}}, {prefixItems: [{$ref: "
			       "'#'}], minItems: 2}, {type: string}]");
	nested(document, "[", "1", "]", 60);
}

static void branches_at_each_key(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "anyOf: [{type: object, properties: {a: {$ref: '#'}}, "
			       "required: [b]}, {type: object, additionalProperties: "
			       "{$ref: '#'}, minProperties: 2}]");
	nested(document, "{a: ", "1", "}", 60);
}

static void contains_at_each_level(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "anyOf: [{contains: {$ref: '#'}, minItems: 2}, "
			       "{contains: "
			       "{$ref: '#'}, maxContains: 0}, {type: string}]");
	nested(document, "[", "x", "]", 60);
}

static void unevaluated_at_each_level(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "anyOf: [{properties: {a: {$ref: '#'}}, required: [b]}, "
			       "{patternProperties: {a: {$ref: '#'}}}]\n"
			       "unevaluatedProperties: {$ref: '#'}");
	nested(document, "{a: {}, c: ", "1", "}", 60);
}

static void wide_and_unevaluated(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "anyOf: [");
	numbered(schema, "{properties: {k", ": true}, unevaluatedProperties: true},",
		 1000);
	buf_add_string(schema, "]\nunevaluatedProperties: false");
	buf_add_string(document, "{");
	numbered(document, "k", ": 1,", 10000);
	buf_add_string(document, "}");
}

static void long_and_unevaluated(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "allOf: [");
	repeat(schema, "{anyOf: [{contains: {type: integer}}]},", 1000);
	buf_add_string(schema, "]\nunevaluatedItems: false");
	buf_add_string(document, "[");
	repeat(document, "1,", 20000);
	buf_add_string(document, "]");
}

/* --- many --- */

static void many_branches(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "items: {anyOf: [");
	numbered(schema, "{const: x", "},", 8000);
	buf_add_string(schema, "]}");
	buf_add_string(document, "[");
	numbered(document, "y", ",", 8000);
	buf_add_string(document, "]");
}

static void many_enumerated(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "items: {enum: [");
	numbered(schema, "x", ",", 15000);
	buf_add_string(schema, "]}");
	buf_add_string(document, "[");
	numbered(document, "x", ",", 15000);
	buf_add_string(document, "]");
}

static void many_enumerated_objects(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "items: {enum: [");
	numbered(schema, "{a: {b: [1, 2, ", "]}},", 5000);
	buf_add_string(schema, "]}");
	buf_add_string(document, "[");
	numbered(document, "{a: {b: [1, 2, ", "x]}},", 5000);
	buf_add_string(document, "]");
}

static void many_patterns_many_keys(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "patternProperties: {");
	numbered(schema, "'^a*", "$': false,", 1000);
	buf_add_string(schema, "}");
	buf_add_string(document, "{");
	numbered(document, "aaaaaaaaaaaaaaaaaaaaaa", "x: 1,", 30000);
	buf_add_string(document, "}");
}

static void many_required(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "items: {required: [");
	numbered(schema, "k", ",", 30000);
	buf_add_string(schema, "]}");
	buf_add_string(document, "[");
	repeat(document, "{},", 60000);
	buf_add_string(document, "]");
}

static void many_dependencies(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "items: {dependentRequired: {");
	numbered(schema, "k", ": [a, b],", 30000);
	buf_add_string(schema, "}}");
	buf_add_string(document, "[");
	repeat(document, "{k1: 1},", 20000);
	buf_add_string(document, "]");
}

static void many_unknown_keys(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "additionalProperties: false\nproperties: {");
	numbered(schema, "replicas", ": true,", 10000);
	buf_add_string(schema, "}");
	buf_add_string(document, "{");
	numbered(document, "replica_", ": 1,", 10000);
	buf_add_string(document, "}");
}

static void long_unknown_keys(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "additionalProperties: false\nproperties: {");
	for (int i = 0; i < 20; i++) {
		repeat(schema, "replicas", 10000);
		buf_addf(schema, "%d: true, ", i);
	}
	buf_add_string(schema, "}");
	buf_add_string(document, "{");
	for (int i = 0; i < 20; i++) {
		repeat(document, "replicaz", 10000);
		buf_addf(document, "x%d: 1, ", i);
	}
	buf_add_string(document, "}");
}

static void many_identifiers(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "$id: https://x.org/a/b/c\n$defs: {");
	numbered(schema, "k", ": {$id: x/y/z, $anchor: a},", 1);
	for (int i = 1; i < 8000; i++)
		buf_addf(schema, "k%d: {$id: 'x/y/%d', $anchor: a%d},", i, i, i);
	buf_add_string(schema, "}");
	buf_add_string(document, "{}");
}

static void nested_identifiers(struct buf *schema, struct buf *document)
{
	for (int i = 0; i < 30; i++) {
		buf_add_string(schema, "{$id: '");
		repeat(schema, "xxxxxxxxx/", 5000);
		buf_add_string(schema, "', not: ");
	}
	repeat(schema, "{}", 1);
	repeat(schema, "}", 30);
	buf_add_string(document, "{}");
}

static void many_references(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "allOf: [");
	numbered(schema, "{$ref: '#/$defs/k", "'},", 8000);
	buf_add_string(schema, "]\n$defs: {");
	numbered(schema, "k", ": {},", 8000);
	buf_add_string(schema, "}");
	buf_add_string(document, "1");
}

static void many_anchors_and_references(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "allOf: [");
	numbered(schema, "{$ref: '#k", "'},", 8000);
	buf_add_string(schema, "]\n$defs: {");
	for (int i = 0; i < 8000; i++)
		buf_addf(schema, "k%d: {$anchor: k%d},", i, i);
	buf_add_string(schema, "}");
	buf_add_string(document, "1");
}

static void many_dynamic_anchors(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "allOf: [");
	numbered(schema, "{$id: 'https://x.org/",
		 "', $dynamicAnchor: a, $dynamicRef: '#a'},", 3000);
	buf_add_string(schema, "]");
	buf_add_string(document, "1");
}

static void many_dynamic_names(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "allOf: [");
	for (int i = 0; i < 5000; i++)
		buf_addf(schema,
			 "{$id: 'https://x.org/%d', $dynamicRef: '#a%d', $defs: {x: "
			 "{$dynamicAnchor: a%d}}},",
			 i, i, i);
	buf_add_string(schema, "]");
	buf_add_string(document, "1");
}

/* --- long --- */

static void long_string(struct buf *document)
{
	buf_add_string(document, "'");
	repeat(document, "abcdefghij \xc3\xa9 ", 200000);
	buf_add_string(document, "'");
}

static void all_of(struct buf *schema, const char *each, size_t times)
{
	buf_add_string(schema, "allOf: [");
	repeat(schema, each, times);
	buf_add_string(schema, "]");
}

static void lengths_of_a_long_text(struct buf *schema, struct buf *document)
{
	all_of(schema, "{minLength: 5, maxLength: 5000000},", 10000);
	long_string(document);
}

static void patterns_of_a_long_text(struct buf *schema, struct buf *document)
{
	all_of(schema, "{pattern: '^[^x]*$'},", 100);
	repeat(document, "abcdefghij", 100000);
}

static void backreferences_of_a_long_text(struct buf *schema, struct buf *document)
{
	all_of(schema, "{pattern: '(.)(.)(.)\\3\\2\\1[xy]'},", 100);
	long_string(document);
}

static void constants_of_a_long_text(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "items: {const: ");
	long_string(schema);
	buf_add_string(schema, "}");
	buf_add_string(document, "- &a ");
	long_string(document);
	buf_add_string(document, "\n");
	repeat(document, "- *a\n", 9000);
}

static void formats_of_a_long_text(struct buf *schema, struct buf *document)
{
	static const char *const formats[] = {
		"date-time",
		"email",
		"idn-email",
		"hostname",
		"idn-hostname",
		"ipv4",
		"ipv6",
		"uri",
		"iri",
		"uri-reference",
		"uri-template",
		"regex",
		"json-pointer",
		"uuid",
		"duration",
		"iri-reference",
		"date",
		"time",
		"relative-json-pointer",
	};
	buf_add_string(schema, "allOf: [");
	for (int i = 0; i < 1000; i++)
		for (size_t k = 0; k < ROWS(formats); k++)
			buf_addf(schema, "{format: %s},", formats[k]);
	buf_add_string(schema, "]");
	buf_add_string(document, "'");
	repeat(document, "abcdefghij\xc3\xa9.", 250000);
	buf_add_string(document, "'");
}

static void format(struct buf *schema, struct buf *document, const char *name,
		   const char *start, const char *text)
{
	buf_addf(schema, "not: {allOf: [{not: {format: %s}},", name);
	for (int i = 0; i < 200; i++)
		buf_addf(schema, "{not: {format: %s, minLength: %d}},", name, i);
	buf_add_string(schema, "]}");
	buf_addf(document, "'%s", start);
	repeat(document, text, 3 * MIB / strlen(text));
	buf_add_string(document, "'");
}

static void long_regular_expressions(struct buf *schema, struct buf *document)
{
	format(schema, document, "regex", "", "(a|b)*");
}

static void long_international_names(struct buf *schema, struct buf *document)
{
	format(schema, document, "idn-hostname", "",
	       "b\xc3\xbc"
	       "cher.");
}

static void long_addresses(struct buf *schema, struct buf *document)
{
	format(schema, document, "uri", "https://", "a%20b/");
}

static void long_templates(struct buf *schema, struct buf *document)
{
	format(schema, document, "uri-template", "", "{?a,b*}");
}

static void long_pointers(struct buf *schema, struct buf *document)
{
	format(schema, document, "json-pointer", "", "/a~0~1");
}

static void long_mail(struct buf *schema, struct buf *document)
{
	format(schema, document, "email", "", "a.b.");
}

/* --- numbers --- */

static void large_number(struct buf *out, size_t digits)
{
	repeat(out, "9876543210", digits / 10);
}

static void multiples_of_a_large_number(struct buf *schema, struct buf *document)
{
	all_of(schema, "{multipleOf: 7},", 1000);
	large_number(document, 3000000);
}

static void multiples_by_a_large_number(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "multipleOf: 1");
	large_number(schema, 200000);
	large_number(document, 3000000);
}

static void multiples_of_a_large_exponent(struct buf *schema, struct buf *document)
{
	all_of(schema, "{multipleOf: 0.00000000000000000000000000000007},", 1000);
	buf_add_string(document, "1e400000000");
}

static void multiples_of_a_small_exponent(struct buf *schema, struct buf *document)
{
	all_of(schema, "{multipleOf: 1e-400000000},", 1000);
	buf_add_string(document, "1e400000000");
}

static void bounds_of_large_numbers(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "items: {minimum: 0");
	large_number(schema, 1000000);
	buf_add_string(schema, ", exclusiveMaximum: 1e99999999999999999999}");
	buf_add_string(document, "- &a ");
	large_number(document, 1000000);
	buf_add_string(document, "\n");
	repeat(document, "- *a\n", 9000);
}

/* --- unique items --- */

static void unique_large_numbers(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "uniqueItems: true");
	buf_add_string(document, "[");
	for (int i = 0; i < 300; i++) {
		large_number(document, 10000);
		buf_addf(document, "%d,", i);
	}
	buf_add_string(document, "]");
}

static void unique_zeros(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "uniqueItems: true");
	buf_add_string(document, "[");
	for (int i = 1; i < 15000; i++)
		buf_addf(document, "1.%0*d1,", i % 200, 0);
	buf_add_string(document, "]");
}

static void unique_many(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "uniqueItems: true");
	buf_add_string(document, "[");
	numbered(document, "", ",", 120000);
	buf_add_string(document, "]");
}

static void unique_equal(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "uniqueItems: true");
	buf_add_string(document, "[");
	repeat(document, "1,1.0,", 60000);
	buf_add_string(document, "]");
}

static void unique_objects(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "uniqueItems: true");
	buf_add_string(document, "[");
	numbered(document, "{a: 1, b: {c: [1, 2]}, d: ", "},", 15000);
	buf_add_string(document, "]");
}

static void unique_at_each_level(struct buf *schema, struct buf *document)
{
	buf_add_string(schema, "uniqueItems: true\nitems: {$ref: '#'}");
	repeat(document, "[", 60);
	numbered(document, "", ",", 60000);
	repeat(document, "]", 60);
}

static void unique_long_texts(struct buf *schema, struct buf *document)
{
	all_of(schema, "{uniqueItems: true},", 2000);
	buf_add_string(document, "- &a ");
	long_string(document);
	buf_add_string(document, "\n- [*a]\n- [*a, 1]\n- [*a, 2]\n- [*a, 3]\n");
}

static const struct bomb {
	const char *name;
	void (*build)(struct buf *schema, struct buf *document);
	const char *limit; /* NULL: it is decided, or is no schema */
} bombs[] = {
	{ "a loop of one", loop_of_one, "schema.ref_depth" },
	{ "a loop of two", loop_of_two, "schema.ref_depth" },
	{ "a loop through allOf", loop_through_all_of, "schema.depth" },
	{ "a loop through anyOf", loop_through_any_of, "schema.depth" },
	{ "a loop through not", loop_through_not, "schema.depth" },
	{ "a loop through if", loop_through_condition, "schema.depth" },
	{ "a loop of $dynamicRef", loop_of_dynamic_references, "schema.ref_depth" },
	{ "a loop of $dynamicRef between resources", loop_of_dynamic_references_between,
	  "schema.ref_depth" },
	{ "a loop of $recursiveRef", loop_of_recursive_references, "schema.ref_depth" },
	{ "a long chain", long_chain, "schema.ref_depth" },
	{ "doubling allOf", doubling_all_of, "schema.steps" },
	{ "doubling anyOf", doubling_any_of, "schema.steps" },
	{ "doubling oneOf", doubling_one_of, "schema.steps" },
	{ "doubling oneOf that fits", doubling_one_of_that_fits, "schema.steps" },
	{ "doubling anyOf with marks", doubling_with_marks, "schema.steps" },
	{ "doubling if", doubling_conditions, "schema.steps" },
	{ "doubling dependencies", doubling_dependencies, "schema.steps" },
	{ "branches at each level", branches_at_each_level, NULL },
	{ "branches at each key", branches_at_each_key, NULL },
	{ "contains at each level", contains_at_each_level, NULL },
	{ "unevaluated at each level", unevaluated_at_each_level, NULL },
	{ "wide and unevaluated", wide_and_unevaluated, "schema.steps" },
	{ "long and unevaluated", long_and_unevaluated, "schema.steps" },
	{ "many branches", many_branches, NULL },
	{ "many enumerated", many_enumerated, "schema.steps" },
	{ "many enumerated objects", many_enumerated_objects, NULL },
	{ "many patterns, many keys", many_patterns_many_keys, "schema.steps" },
	{ "many required", many_required, NULL },
	{ "many dependencies", many_dependencies, NULL },
	{ "many unknown keys", many_unknown_keys, NULL },
	{ "long unknown keys", long_unknown_keys, NULL },
	{ "many identifiers", many_identifiers, NULL },
	{ "nested identifiers", nested_identifiers, "schema.uri_bytes" },
	{ "many references", many_references, NULL },
	{ "many anchors", many_anchors_and_references, NULL },
	{ "many dynamic anchors", many_dynamic_anchors, "schema.ref_depth" },
	{ "many dynamic names", many_dynamic_names, "schema.dynamic_targets" },
	{ "lengths of a long text", lengths_of_a_long_text, NULL },
	{ "patterns of a long text", patterns_of_a_long_text, "schema.steps" },
	{ "backreferences of a long text", backreferences_of_a_long_text,
	  "regex.steps" },
	{ "constants of a long text", constants_of_a_long_text, "schema.steps" },
	{ "formats of a long text", formats_of_a_long_text, "schema.steps" },
	{ "a long regular expression", long_regular_expressions, "schema.steps" },
	{ "a long international name", long_international_names, "schema.steps" },
	{ "a long address", long_addresses, NULL },
	{ "a long template", long_templates, NULL },
	{ "a long pointer", long_pointers, NULL },
	{ "a long mail address", long_mail, "schema.steps" },
	{ "multiples of a large number", multiples_of_a_large_number, "schema.steps" },
	{ "multiples by a large number", multiples_by_a_large_number, NULL },
	{ "multiples of a large exponent", multiples_of_a_large_exponent, NULL },
	{ "multiples of a small exponent", multiples_of_a_small_exponent, NULL },
	{ "bounds of large numbers", bounds_of_large_numbers, "schema.steps" },
	{ "unique large numbers", unique_large_numbers, NULL },
	{ "unique numbers alike", unique_zeros, NULL },
	{ "unique items, many", unique_many, NULL },
	{ "unique items that are equal", unique_equal, NULL },
	{ "unique objects", unique_objects, NULL },
	{ "unique at each level", unique_at_each_level, NULL },
	{ "unique long texts", unique_long_texts, "schema.steps" },
};

static void ignore(void *data, const struct schema_problem *problem)
{
	(void)data;
	(void)problem;
}

/* Both texts to a verdict with its reasons: 1, 0 or what stopped it. */
static int decide_all(const struct buf *schema_text, const struct buf *text,
		      struct error *err)
{
	static const struct schema_options options = { .assert_formats = true };
	static const struct schema_sink sink = { .problem = ignore };
	struct schema *schema = NULL;
	struct try source = try_bytes(DOC_YAML, schema_text->data, schema_text->length);
	struct try document = try_bytes(DOC_YAML, text->data, text->length);
	ck_assert_msg(source.status == 0, "%s", source.problem.message);
	ck_assert_msg(document.status == 0, "%s", document.problem.message);
	int result = schema_compile(&schema, "s", source.root, &options, err);
	try_end(&source);
	if (result == 0)
		result = schema_validate(schema, document.root, NULL, &sink, err);
	schema_free(schema);
	try_end(&document);
	return result;
}

static void explode(const struct bomb *bomb)
{
	struct buf schema = BUF_INIT(8 * MIB);
	struct buf text = BUF_INIT(8 * MIB);
	double best = 1e9;
	size_t memory = 0;
	bomb->build(&schema, &text);
	ck_assert_msg(schema.failed == 0 && text.failed == 0, "%s", bomb->name);
	for (int i = 0; i < TRIES && best > MILLISECONDS * SLOWER; i++) {
		struct error err = ERROR_INIT;
		size_t before = peak_begin();
		double start = milliseconds();
		int result = decide_all(&schema, &text, &err);
		double took = milliseconds() - start;
		memory = peak_since(before);
		best = took < best ? took : best;
		if (bomb->limit == NULL) {
			ck_assert_msg(result >= 0 || result == ERROR_SCHEMA, "%s: %s",
				      bomb->name, err.text);
			continue;
		}
		ck_assert_msg(result == ERROR_LIMIT, "%s: %d %s", bomb->name, result,
			      err.text);
		ck_assert_msg(strstr(err.text, bomb->limit) != NULL, "%s: %s",
			      bomb->name, err.text);
	}
	buf_release(&schema);
	buf_release(&text);
	ck_assert_msg(in_time(best, MILLISECONDS), "%s took %.0f ms", bomb->name, best);
	ck_assert_msg(SLOWER > 1 || memory <= MOST_MEMORY, "%s took %zu KiB",
		      bomb->name, memory / 1024);
}

START_TEST(bombs_of_schemas_are_stopped_in_time)
{
	for (size_t i = 0; i < ROWS(bombs); i++)
		explode(&bombs[i]);
}
END_TEST

UNIT_MAIN("doc", bombs_of_schemas_are_stopped_in_time)
