/* tests/unit/test_doc_schema.c - what the validator says: words, places, paths; what
 * the compiler refuses; limits. The official suite (test_doc_schema_suite) holds the
 * rest. */
#include <stdio.h>

#include "base/buf.h"
#include "doc/schema.h"
#include "doc_try.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct schema *compile(const char *text, const struct schema_options *options,
			      struct error *err)
{
	struct try document = try_yaml(text);
	struct schema *schema = NULL;
	ck_assert_msg(document.status == 0, "%s: %s", text, document.problem.message);
	int status = schema_compile(&schema, "s.json", document.root, options, err);
	ck_assert_int_eq(status == 0, schema != NULL);
	try_end(&document);
	return schema;
}

struct collected {
	char text[4096];
	size_t count;
	char instance_path[256];
	char schema_path[256];
	char keyword[64];
};

static void collect(void *data, const struct schema_problem *problem)
{
	struct collected *collected = data;
	size_t used = strlen(collected->text);
	snprintf(collected->instance_path, sizeof(collected->instance_path), "%s",
		 problem->instance_path);
	const char *mend = schema_problem_mend(problem);
	ck_assert_str_eq(problem->instance_path, collected->instance_path);
	snprintf(collected->text + used, sizeof(collected->text) - used,
		 "%s%u:%u %s%s%s", collected->count > 0 ? "\n" : "", problem->line,
		 problem->column, problem->message, mend != NULL ? " | " : "",
		 mend != NULL ? mend : "");
	collected->count++;
	struct buf location = BUF_INIT(1024);
	schema_problem_location(problem, &location);
	snprintf(collected->schema_path, sizeof(collected->schema_path), "%s",
		 location.data);
	buf_release(&location);
	snprintf(collected->keyword, sizeof(collected->keyword), "%s",
		 problem->keyword);
}

/* The problems of a document, or "" for a valid one. */
static struct collected validate(const char *schema_text, const char *text,
				 const struct schema_options *options, size_t maximum)
{
	struct error err = ERROR_INIT;
	struct collected collected = { .count = 0 };
	struct schema_sink sink = { collect, &collected, maximum };
	struct schema *schema = compile(schema_text, options, &err);
	ck_assert_msg(schema != NULL, "%s: %s", schema_text, err.text);
	struct try document = try_yaml(text);
	ck_assert_msg(document.status == 0, "%s: %s", text, document.problem.message);
	int valid = schema_validate(schema, document.root, NULL, &sink, &err);
	ck_assert_msg(valid >= 0, "%s", err.text);
	ck_assert_int_eq(valid, collected.count == 0);
	ck_assert_int_eq(schema_validate(schema, document.root, NULL, NULL, NULL),
			 valid);
	try_end(&document);
	schema_free(schema);
	return collected;
}

static const struct {
	const char *schema;
	const char *text;
	const char *expected;
} messages[] = {
	{ "{properties: {spec: {properties: {replicas: {type: integer}}}}}",
	  "spec:\n  replicas: two\n",
	  "2:13 spec.replicas must be an integer, found string \"two\" | write a "
	  "number" },
	{ "{properties: {spec: {additionalProperties: false, properties: {replicas: "
	  "{}}}}}",
	  "spec:\n  replcias: 2\n",
	  "2:3 spec.replcias is not allowed | did you mean 'replicas'?" },
	{ "{properties: {spec: {additionalProperties: false, properties: {replicas: "
	  "{}, image: {}}}}}",
	  "spec:\n  replcias: 2\n  replicas: 2",
	  "2:3 spec.replcias is not allowed | remove it: 'replicas' is there already" },
	{ "{additionalProperties: false, properties: {a: {}, b: {}}}", "zzzzz: 1",
	  "1:1 zzzzz is not allowed | known here: 'a', 'b'" },
	{ "{properties: {spec: {required: [image, name]}}}", "spec:\n  name: x\n",
	  "2:3 spec needs 'image' | add 'image'" },
	{ "{required: [a]}", "{}", "1:1 the document needs 'a' | add 'a'" },
	{ "{type: [string, integer]}", "[1]",
	  "1:1 the document must be a string or an integer, found array | write the "
	  "value alone, not as a list" },
	{ "{type: [string, integer, 'null']}", "1.5",
	  "1:1 the document must be a string, an integer or null, found number 1.5 | "
	  "put it in quotes" },
	{ "{properties: {a: {enum: [Always, Never, 3]}}}", "a: Alwys",
	  "1:4 a must be one of \"Always\", \"Never\", 3, found string \"Alwys\" | did "
	  "you mean 'Always'?" },
	{ "{properties: {a: {const: 5}}}", "a: 6", "1:4 a must be 5, found integer 6" },
	{ "{items: {minimum: 3}}", "[3, 2.5]",
	  "1:5 [1] must be at least 3, found 2.5" },
	{ "{properties: {l: {items: {maximum: 3}}}}", "l: [3, 4]",
	  "1:8 l[1] must be at most 3, found 4" },
	{ "{exclusiveMinimum: 3}", "3",
	  "1:1 the document must be more than 3, found 3" },
	{ "{exclusiveMaximum: 3}", "3",
	  "1:1 the document must be less than 3, found 3" },
	{ "{multipleOf: 0.01}", "0.015",
	  "1:1 the document must be a multiple of 0.01, found 0.015" },
	{ "{minLength: 2}", "a",
	  "1:1 the document must have at least 2 characters, found 1" },
	{ "{maxLength: 1}", "ab",
	  "1:1 the document must have at most 1 character, found 2" },
	{ "{minItems: 1}", "[]",
	  "1:1 the document must have at least 1 item, found 0" },
	{ "{maxProperties: 0}", "a: 1",
	  "1:1 the document must have at most 0 properties, found 1" },
	{ "{properties: {a: {pattern: '^x$'}}}", "a: y",
	  "1:4 a must match the pattern '^x$', found string \"y\"" },
	{ "{properties: {m: {additionalProperties: {type: string}}}}",
	  "m: {\"a.b/c\": 1}",
	  "1:14 m[\"a.b/c\"] must be a string, found integer 1 | put it in quotes" },
	{ "{propertyNames: {maxLength: 2}}", "abc: 1",
	  "1:1 the key 'abc' must have at most 2 characters, found 3" },
	{ "{dependentRequired: {a: [b]}}", "a: 1",
	  "1:1 the document needs 'b' because it has 'a' | add 'b'" },
	{ "{uniqueItems: true}", "[1, x, 1.0]",
	  "1:8 [2] equals [0], but items must differ" },
	{ "{contains: {type: string}}", "[1]",
	  "1:1 the document must have at least 1 item that 'contains' describes, found "
	  "0" },
	{ "{not: {type: string}}", "a",
	  "1:1 the document is what 'not' forbids, found string \"a\"" },
	{ "{properties: {a: false}}", "a: 1", "1:4 a is not allowed" },
	{ "{anyOf: [{type: string}, {type: integer}]}", "[]",
	  "1:1 the document must be a string or an integer, found array" },
	{ "{oneOf: [{required: [a]}, {required: [b]}]}", "{a: 1, b: 2}",
	  "1:1 the document fits more than one of 2 forms (numbers 1 and 2), but "
	  "exactly one is allowed | remove 'a' or 'b'" },
	{ "{oneOf: [{required: [a]}, {type: object, required: [b]}, {required: [c]}]}",
	  "{}", "1:1 the document needs 'a', 'b' or 'c' | add one of them" },
	{ "{oneOf: [{required: [a]}, {required: [b, c]}]}", "{}",
	  "1:1 the document needs 'a' (by the closest of 2 forms) | add 'a'" },
	{ "{type: object, oneOf: [{required: [a]}, {required: [b]}]}", "x",
	  "1:1 the document must be an object, found string \"x\"" },
	{ "{type: [string, object]}", "[a]",
	  "1:1 the document must be a string or an object, found array | write keys "
	  "and "
	  "values, without '-' before them" },
	{ "{oneOf: [{properties: {kind: {const: A}}, required: [x]}, {properties: "
	  "{kind: {const: B}, y: {properties: {z: {type: string}}}}}]}",
	  "kind: B\ny:\n  z: 1\n",
	  "3:6 y.z must be a string, found integer 1 (by the closest of 2 forms) | put "
	  "it in quotes" },
	{ "{anyOf: [{type: string}, {type: object, required: [a]}]}", "{}",
	  "1:1 the document needs 'a' (by the closest of 2 forms) | add 'a'" },
	{ "{if: {required: [a]}, then: {required: [b]}}", "a: 1",
	  "1:1 the document needs 'b' | add 'b'" },
	{ "{unevaluatedProperties: false, allOf: [{properties: {a: {}}}]}",
	  "{a: 1, b: 2}", "1:8 b is not allowed" },
	{ "{type: object, properties: {a: {type: string}, b: {type: string}}}",
	  "a: 1\nb: 2\n",
	  "1:4 a must be a string, found integer 1 | put it in quotes\n2:4 b must be a "
	  "string, found integer 2 | put it in quotes" },
	{ "{properties: {p: {type: integer}}}", "p: '8080'",
	  "1:4 p must be an integer, found string \"8080\" | remove the quotes" },
	{ "{properties: {p: {type: boolean}}}", "p: 'true'",
	  "1:4 p must be a boolean, found string \"true\" | remove the quotes" },
	{ "{properties: {p: {type: string}}}", "p:",
	  "1:3 p must be a string, found null | give it a value, or remove the key" },
	{ "{properties: {p: {type: array}}}", "p: {a: 1}",
	  "1:4 p must be an array, found object | make it a list, even of one item" },
	{ "{properties: {p: {type: object}}}", "p: [a]",
	  "1:4 p must be an object, found array | write keys and values, without '-' "
	  "before them" },
	{ "{type: string}", "\"a\"", "" },
};

START_TEST(problems_name_value_place_and_mend)
{
	for (size_t i = 0; i < ROWS(messages); i++) {
		struct collected collected =
			validate(messages[i].schema, messages[i].text, NULL, 0);
		ck_assert_msg(strcmp(collected.text, messages[i].expected) == 0,
			      "%s\n%s\ngave:   %s\nwanted: %s", messages[i].schema,
			      messages[i].text, collected.text, messages[i].expected);
	}
}
END_TEST

START_TEST(paths_lead_to_the_value_and_to_the_keyword)
{
	struct collected collected = validate("{properties: {a/b: {items: {$ref: "
					      "'#/$defs/name'}}}, $defs: "
					      "{name: {type: string}}}",
					      "a/b: [x, 5]", NULL, 0);
	ck_assert_str_eq(collected.instance_path, "/a~1b/1");
	ck_assert_str_eq(collected.schema_path, "#/$defs/name/type");
	ck_assert_str_eq(collected.keyword, "type");
}
END_TEST

START_TEST(no_more_problems_are_reported_than_asked_for)
{
	const char *text = "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, "
			   "1, 1, 1, 1, 1, 1]";
	ck_assert_uint_eq(validate("{items: {type: string}}", text, NULL, 0).count, 20);
	ck_assert_uint_eq(validate("{items: {type: string}}", text, NULL, 3).count, 3);
}
END_TEST

START_TEST(untrusted_text_in_problems_is_escaped)
{
	struct collected collected =
		validate("{items: {type: integer}}", "[\"a\\e[31m\\u202e\"]", NULL, 0);
	ck_assert_ptr_null(strchr(collected.text, 27));
	ck_assert_ptr_nonnull(strstr(collected.text, "\\x1b"));
	ck_assert_ptr_nonnull(strstr(collected.text, "\\u{202e}"));
	collected = validate("{additionalProperties: {type: integer}}",
			     "{\"a\\u202e\": x}", NULL, 0);
	ck_assert_ptr_nonnull(strstr(collected.instance_path, "\\u{202e}"));
}
END_TEST

static const struct {
	const char *schema;
	const char *reason;
} refused[] = {
	{ "{type: strin}", "s.json:1:8: 'type' must name" },
	{ "{type: []}", "'type' is empty" },
	{ "{type: 5}", "'type' must name" },
	{ "[]", "s.json:1:1: a schema must be an object, not array" },
	{ "{properties: 5}", "s.json:1:14: 'properties' must be an object" },
	{ "{properties: {a: 5}}", "s.json:1:18: a schema must be an object" },
	{ "{required: a}", "'required' must be a list of names" },
	{ "{required: [1]}", "must hold strings only" },
	{ "{minLength: -1}", "'minLength' must be a whole number from 0 on" },
	{ "{minLength: 1.5}", "must be a whole number" },
	{ "{minimum: a}", "'minimum' must be a number" },
	{ "{minimum: .nan}", "a number that JSON has" },
	{ "{multipleOf: 0}", "'multipleOf' must be over 0" },
	{ "{multipleOf: -1}", "'multipleOf' must be over 0" },
	{ "{multipleOf: 1234567890123456789}", "at most 18" },
	{ "{pattern: '('}", "pattern '(' is wrong" },
	{ "{pattern: '(*ACCEPT)'}", "is not a group" },
	{ "{pattern: '\\Qa'}", "an escape that ECMA 262 does not have" },
	{ "{patternProperties: {'[': {}}}", "is wrong" },
	{ "{enum: a}", "'enum' must be a list" },
	{ "{allOf: []}", "at least one schema" },
	{ "{allOf: {}}", "at least one schema" },
	{ "{$ref: 5}", "a reference must be a string" },
	{ "{$ref: other.json}", "not among the schemas given" },
	{ "{$ref: '#/nowhere'}", "refers to nothing" },
	{ "{$ref: '#nowhere'}", "refers to nothing" },
	{ "{$ref: '#/$defs/a~2'}", "refers to nothing" },
	{ "{$schema: 'http://json-schema.org/draft-03/schema#'}", "is not known" },
	{ "{$schema: 5}", "'$schema' must be a string" },
	{ "{$defs: {a: {$id: x}, b: {$id: x}}}", "names two schemas" },
	{ "{$defs: {a: {$anchor: x}, b: {$anchor: x}}}", "names two schemas" },
	{ "{uniqueItems: 1}", "must be true or false" },
	{ "{dependentRequired: {a: b}}", "must be a list of names" },
	{ "{prefixItems: {}}", "'prefixItems' must be a list" },
	{ "{contains: {}, minContains: x}", "'minContains' must be a whole number" },
	{ "{format: 1}", "'format' must be a string" },
};

START_TEST(schemas_that_are_wrong_are_refused_with_the_place)
{
	for (size_t i = 0; i < ROWS(refused); i++) {
		struct error err = ERROR_INIT;
		struct schema *schema = compile(refused[i].schema, NULL, &err);
		ck_assert_msg(schema == NULL, "%s", refused[i].schema);
		ck_assert_int_eq(err.code, ERROR_SCHEMA);
		ck_assert_msg(strstr(err.text, refused[i].reason) != NULL, "%s: %s",
			      refused[i].schema, err.text);
	}
}
END_TEST

START_TEST(formats_that_no_draft_knows_are_annotations)
{
	struct schema_options options = { .assert_formats = true };
	ck_assert_uint_eq(validate("{format: iri}", "a b", NULL, 0).count, 0);
	ck_assert_uint_eq(validate("{format: iri}", "a b", &options, 0).count, 1);
	ck_assert_uint_eq(validate("{format: int32}", "x", &options, 0).count, 0);
}
END_TEST

static const struct {
	const char *format;
	const char *good[6];
	const char *bad[8];
} formats[] = {
	{ "date-time",
	  { "2026-11-21T09:30:00Z", "2026-11-21t09:30:00.25+01:00",
	    "1998-12-31T23:59:60Z" },
	  { "2026-11-21", "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z",
	    "2026-11-21T09:30:00", "1998-12-31T22:59:60Z", "2026-11-21 09:30:00Z" } },
	{ "date",
	  { "2024-02-29", "2026-11-21" },
	  { "2023-02-29", "2026-13-01", "26-1-1", "2026-11-211" } },
	{ "time", { "09:30:00Z", "09:30:00+01:00" }, { "09:30", "25:00:00Z" } },
	{ "duration",
	  { "P1D", "PT2H", "P1DT2H", "P2W", "P1Y2M3DT4H5M6S" },
	  { "P", "1D", "PT", "P1YT", "P1H", "PT1H1S", "P1W1D" } },
	{ "email",
	  { "a@example.org", "a.b+c@x", "\"a b\"@x.y", "a@[127.0.0.1]" },
	  { "a", "@x", "a@", "a..b@x", ".a@x", "a@-x", "a b@x" } },
	{ "hostname",
	  { "a", "a-b.example.org", "1.2" },
	  { "", "-a", "a-", "a..b", "a_b", "a." } },
	{ "ipv4", { "127.0.0.1" }, { "127.1", "256.0.0.1", "1.2.3.4.5", "01.2.3.4" } },
	{ "ipv6", { "::1", "2001:db8::1", "::ffff:1.2.3.4" }, { "::1::", "12345::" } },
	{ "uri",
	  { "https://a.b/c?d#e", "urn:x:y", "http://[::1]:80/", "mailto:a@b" },
	  { "a/b", "http://a b", "http://[::1", "http://a/%zz", "1a:b", "a:b[c" } },
	{ "uri-reference", { "a/b", "//h/p", "", "#x" }, { "a b", "\\a", "a#b#c" } },
	{ "iri", { "http://ƒø.com/ï?é" }, { "é", "a:\xee\x80\x80" } },
	{ "iri-reference", { "é", "#é" }, { "a b", "\\\\a" } },
	{ "uri-template",
	  { "a/{b}{?c,d*}", "{+x:3}" },
	  { "{", "{}", "}", "{a,}", "{a:0}", "{a|b}", "a b" } },
	{ "uuid",
	  { "2eb8aa08-aa98-11ea-b4aa-73b441d16380" },
	  { "2eb8aa08aa9811eab4aa73b441d16380", "x" } },
	{ "regex", { "^a[b-c]+$", "\\u0041" }, { "(", "a\\Z", "[" } },
	{ "json-pointer", { "", "/a/~0~1" }, { "a", "/~2", "/~" } },
	{ "relative-json-pointer", { "0", "1/a", "2#" }, { "/a", "01/a", "-1" } },
};

START_TEST(formats_are_asserted_when_asked_for)
{
	struct schema_options options = { .assert_formats = true };
	for (size_t i = 0; i < ROWS(formats); i++) {
		char schema[128];
		char text[256];
		snprintf(schema, sizeof(schema), "{items: {format: %s}}",
			 formats[i].format);
		for (size_t k = 0; k < 6 && formats[i].good[k] != NULL; k++) {
			snprintf(text, sizeof(text), "['%s']", formats[i].good[k]);
			struct collected got = validate(schema, text, &options, 0);
			ck_assert_msg(got.count == 0, "%s: %s", formats[i].format,
				      got.text);
		}
		for (size_t k = 0; k < 8 && formats[i].bad[k] != NULL; k++) {
			snprintf(text, sizeof(text), "['%s']", formats[i].bad[k]);
			ck_assert_msg(validate(schema, text, &options, 0).count == 1,
				      "%s: %s", formats[i].format, text);
			ck_assert_uint_eq(validate(schema, text, NULL, 0).count, 0);
		}
	}
}
END_TEST

static const struct {
	const char *schema;
	const char *text;
	bool valid;
} numbers[] = {
	{ "{const: 9007199254740993}", "9007199254740993", true },
	{ "{const: 9007199254740993}", "9007199254740992", false },
	{ "{const: 1}", "1.0", true },
	{ "{const: 1}", "true", false },
	{ "{const: 1}", "10e-1", true },
	{ "{const: 0}", "-0.0", true },
	{ "{const: 255}", "0xFF", true },
	{ "{const: 8}", "0o10", true },
	{ "{const: 18446744073709551615}", "0xFFFFFFFFFFFFFFFF", true },
	{ "{minimum: 1e400}", "1e399", false },
	{ "{minimum: 1e400}", "1e401", true },
	{ "{minimum: -1e400}", "-1e401", false },
	{ "{minimum: 1e999999999999999999}", "1e999999999999999998", true },
	{ "{minimum: 5}", ".inf", true },
	{ "{minimum: 5}", "-.inf", false },
	{ "{minimum: 5}", ".nan", false },
	{ "{maximum: 0.1}", "0.1000000000000000055511151231257827", false },
	{ "{multipleOf: 0.01}", "4.35", true },
	{ "{multipleOf: 0.01}", "1e300", true },
	{ "{multipleOf: 3}", "1e300", false },
	{ "{multipleOf: 7}", "123456789012345678901234567890123", false },
	{ "{multipleOf: 7}", "864197523086419752308641975230861", true },
	{ "{multipleOf: 1e300}", "1e299", false },
	{ "{multipleOf: 1}", ".inf", false },
	{ "{type: integer}", "1.0", true },
	{ "{type: integer}", "1e3", true },
	{ "{type: integer}", "1e-3", false },
	{ "{type: integer}", ".inf", false },
	{ "{$schema: 'http://json-schema.org/draft-04/schema#', type: integer}", "1.0",
	  false },
	{ "{uniqueItems: true}", "[1, true, '1', [1], {a: 1}]", true },
	{ "{uniqueItems: true}", "[{a: 1, b: 2}, {b: 2.0, a: 1}]", false },
};

START_TEST(numbers_are_exact)
{
	for (size_t i = 0; i < ROWS(numbers); i++) {
		size_t count =
			validate(numbers[i].schema, numbers[i].text, NULL, 0).count;
		ck_assert_msg((count == 0) == numbers[i].valid, "%s: %s",
			      numbers[i].schema, numbers[i].text);
	}
}
END_TEST

static const struct {
	const char *pattern;
	const char *text;
	bool matches;
} patterns[] = {
	{ "^a$", "\"a\\n\"", false },
	{ "^\\u00e9$", "\"\\u00e9\"", true },
	{ "^\\u{1F600}$", "\"\\U0001F600\"", true },
	{ "^\\uD83D\\uDE00$", "\"\\U0001F600\"", true },
	{ "^[^]$", "x", true },
	{ "[]", "x", false },
	{ "^\\d$", "\"\\u0661\"", false },
	{ "^[[]$", "'['", true },
	{ "^\\p{Letter}$", "\"\\u00e9\"", true },
	{ "^\\p{Script=Greek}$", "\"\\u03b1\"", true },
	{ "^(?i)A$", "a", true },
	{ "^(?<n>a)\\k<n>$", "aa", true },
	{ "^.$", "\"\\U0001F600\"", true },
	{ "^\\s$", "\"\\u00a0\"", true },
	{ "^\\S$", "\"\\u00a0\"", false },
	{ "^[a\\S]$", "\"\\u00e9\"", true },
	{ "^[a\\s]$", "\"\\u2028\"", true },
	{ "^.$", "\"\\u00e9\"", true },
	{ "^.$", "\"\\n\"", false },
	{ "^.$", "\"\\r\"", false },
	{ "^.$", "\"\\u2028\"", false },
	{ "^.$", "\"\\u2029\"", false },
	{ "^[.]$", "\"\\r\"", false },
	{ "^(?s).$", "\"\\r\"", true },
};

START_TEST(patterns_are_read_as_ecma_262)
{
	for (size_t i = 0; i < ROWS(patterns); i++) {
		char schema[128];
		snprintf(schema, sizeof(schema), "{pattern: '%s'}",
			 patterns[i].pattern);
		size_t count = validate(schema, patterns[i].text, NULL, 0).count;
		ck_assert_msg((count == 0) == patterns[i].matches, "%s: %s",
			      patterns[i].pattern, patterns[i].text);
	}
}
END_TEST

/* Runs a schema over a document; the code of the failure, or the verdict. */
static int outcome(const char *schema_text, const char *text, struct error *err)
{
	struct schema *schema = compile(schema_text, NULL, err);
	ck_assert_msg(schema != NULL, "%s: %s", schema_text, err->text);
	struct try document = try_yaml(text);
	ck_assert_int_eq(document.status, 0);
	int result = schema_validate(schema, document.root, NULL, NULL, err);
	try_end(&document);
	schema_free(schema);
	return result;
}

START_TEST(endless_references_end_at_a_named_limit)
{
	struct error err = ERROR_INIT;
	ck_assert_int_eq(outcome("{$ref: '#'}", "1", &err), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "schema.ref_depth"));
	error_clear(&err);
	ck_assert_int_eq(outcome("{$defs: {a: {anyOf: [{$ref: '#/$defs/a'}, {$ref: "
				 "'#/$defs/a'}]}}, $ref: '#/$defs/a'}",
				 "1", &err),
			 ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "schema.depth"));
}
END_TEST

START_TEST(too_much_work_ends_at_a_named_limit)
{
	char schema[4096] = "{$defs: {a0: {not: {const: 1}}";
	for (int i = 1; i < 40; i++) {
		size_t used = strlen(schema);
		snprintf(schema + used, sizeof(schema) - used,
			 ", a%d: {allOf: [{$ref: '#/$defs/a%d'}, {$ref: "
			 "'#/$defs/a%d'}]}",
			 i, i - 1, i - 1);
	}
	size_t used = strlen(schema);
	snprintf(schema + used, sizeof(schema) - used, "}, $ref: '#/$defs/a39'}");
	struct error err = ERROR_INIT;
	ck_assert_int_eq(outcome(schema, "2", &err), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "schema.steps"));
}
END_TEST

/* A sink may drop problems, so some that it was told do not make up for work that was
 * broken off. */
START_TEST(a_limit_is_an_error_whatever_was_told_before_it)
{
	struct error err = ERROR_INIT;
	struct limits limits = limits_default;
	struct schema *schema = compile("{additionalProperties: false, properties: {l: "
					"{items: {type: integer}}}}",
					NULL, &err);
	struct try document = try_yaml("a: 1\nl: [1, 2, 3, x]");
	struct collected collected = { .count = 0 };
	const struct schema_sink sink = { collect, &collected, 0 };
	ck_assert_int_eq(schema_validate(schema, document.root, &limits, &sink, &err),
			 0);
	ck_assert_uint_eq(collected.count, 2);
	limits.values[LIMIT_SCHEMA_STEPS] = 6;
	collected = (struct collected){ .count = 0 };
	ck_assert_int_eq(schema_validate(schema, document.root, &limits, &sink, &err),
			 ERROR_LIMIT);
	ck_assert_uint_eq(collected.count, 1);
	ck_assert_ptr_nonnull(strstr(err.text, "schema.steps"));
	try_end(&document);
	schema_free(schema);
}
END_TEST

START_TEST(size_and_depth_of_schemas_have_named_limits)
{
	struct error err = ERROR_INIT;
	struct limits limits = limits_default;
	struct schema_options options = { .limits = &limits };
	limits.values[LIMIT_SCHEMA_NODES] = 3;
	ck_assert_ptr_null(compile("{allOf: [{}, {}, {}]}", &options, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "over the limit schema.nodes (3)"));
	error_clear(&err);
	limits.values[LIMIT_SCHEMA_DEPTH] = 2;
	struct schema *schema = compile("{allOf: [{allOf: [{}, {}]}, {}]}", NULL, &err);
	struct try document = try_yaml("1");
	ck_assert_int_eq(schema_validate(schema, document.root, &limits, NULL, &err),
			 ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "schema.depth"));
	try_end(&document);
	schema_free(schema);
}
END_TEST

START_TEST(schemas_can_be_validated_by_their_metaschema)
{
	static const char *const drafts[] = {
		"http://json-schema.org/draft-04/schema#",
		"http://json-schema.org/draft-06/schema#",
		"http://json-schema.org/draft-07/schema#",
		"https://json-schema.org/draft/2019-09/schema",
		"https://json-schema.org/draft/2020-12/schema",
	};
	for (size_t i = 0; i < ROWS(drafts); i++) {
		char schema[256];
		snprintf(schema, sizeof(schema), "{$schema: '%s', $ref: '%s'}",
			 drafts[i], drafts[i]);
		ck_assert_uint_eq(validate(schema,
					   "{properties: {a: {type: [string, 'null'], "
					   "minLength: 1}}}",
					   NULL, 0)
					  .count,
				  0);
		struct collected collected =
			validate(schema, "{properties: {a: {minLength: -1}}}", NULL, 0);
		ck_assert_uint_eq(collected.count, 1);
		ck_assert_str_eq(collected.instance_path, "/properties/a/minLength");
		ck_assert_uint_gt(validate(schema, "{type: strin}", NULL, 0).count, 0);
	}
}
END_TEST

START_TEST(a_slow_pattern_is_an_error_and_not_a_match)
{
	struct error err = ERROR_INIT;
	int result =
		outcome("{pattern: '^(a+)+\\1[bc]$'}",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad", &err);
	ck_assert_int_eq(result, ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "regex.steps"));
}
END_TEST

START_TEST(references_reach_the_documents_given)
{
	struct try common = try_yaml("{$defs: {name: {type: string}}}");
	struct schema_resource resources[] = {
		{ "common.json", common.root },
		{ "https://example.org/other.json", common.root },
	};
	struct schema_options options = { .resources = resources, .resource_count = 1 };
	struct collected collected =
		validate("{$ref: 'common.json#/$defs/name'}", "5", &options, 0);
	ck_assert_str_eq(collected.schema_path, "common.json#/$defs/name/type");
	ck_assert_uint_eq(validate("{$id: 'https://x.org/a/b.json', $ref: "
				   "'common.json#/$defs/name'}",
				   "5", &options, 0)
				  .count,
			  1);
	options.resources = &resources[1];
	ck_assert_uint_eq(validate("{$ref: 'https://example.org/other.json#/$defs/"
				   "name'}",
				   "5", &options, 0)
				  .count,
			  1);
	try_end(&common);
}
END_TEST

START_TEST(a_custom_dialect_may_leave_validation_out)
{
	struct try meta = try_yaml("{$schema: "
				   "'https://json-schema.org/draft/2020-12/schema', "
				   "$vocabulary: "
				   "{'https://json-schema.org/draft/2020-12/vocab/"
				   "core': true, "
				   "'https://json-schema.org/draft/2020-12/vocab/"
				   "applicator': true}}");
	struct schema_resource resource = { "https://x.org/meta", meta.root };
	struct schema_options options = { .resources = &resource, .resource_count = 1 };
	ck_assert_uint_eq(validate("{$schema: 'https://x.org/meta', minimum: 5}", "3",
				   &options, 0)
				  .count,
			  0);
	ck_assert_uint_eq(validate("{$schema: 'https://x.org/meta', properties: {a: "
				   "false}}",
				   "a: 1", &options, 0)
				  .count,
			  1);
	try_end(&meta);
	meta = try_yaml("{$schema: 'https://json-schema.org/draft/2020-12/schema', "
			"$vocabulary: {'https://x.org/odd': true}}");
	resource.root = meta.root;
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(compile("{$schema: 'https://x.org/meta'}", &options, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "vocabulary 'https://x.org/odd'"));
	try_end(&meta);
}
END_TEST

START_TEST(keywords_are_found_by_name_in_their_drafts)
{
	for (size_t i = 0; schema_keyword(SCHEMA_DRAFT_2020_12, i) != NULL; i++) {
		const char *before =
			i > 0 ? schema_keyword(SCHEMA_DRAFT_2020_12, i - 1) : "";
		ck_assert_int_lt(
			strcmp(before, schema_keyword(SCHEMA_DRAFT_2020_12, i)), 0);
	}
	bool has_const = false;
	for (size_t i = 0; schema_keyword(SCHEMA_DRAFT_4, i) != NULL; i++)
		has_const |= strcmp(schema_keyword(SCHEMA_DRAFT_4, i), "const") == 0;
	ck_assert(!has_const);
	ck_assert_ptr_null(schema_keyword(SCHEMA_DRAFT_4, 1000));
}
END_TEST

START_TEST(unique_items_of_long_lists_are_found)
{
	static char text[1 << 20];
	size_t used = (size_t)snprintf(text, sizeof(text), "[");
	for (int i = 0; i < 20000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%d, ", i);
	snprintf(text + used, sizeof(text) - used, "7.0]");
	struct collected collected = validate("{uniqueItems: true}", text, NULL, 0);
	ck_assert_uint_eq(collected.count, 1);
	ck_assert_ptr_nonnull(strstr(collected.text, "[20000] equals [7]"));
}
END_TEST

/* Keys have numbers of names that schemas know when the document is read; those that
 * come later, and names that are no words, are found by their text. */
START_TEST(documents_that_were_read_before_the_schema_are_judged_alike)
{
	static const char good[] = "{later-name: 1, a/b: x, \"\": 2, wide: {ninth: 1}}";
	static const char bad[] = "{later-name: x, a/c: x, wide: {tenth: 1}}";
	struct try before[2] = { try_yaml(good), try_yaml(bad) };
	struct error err = ERROR_INIT;
	struct schema *schema = compile("{required: [later-name, \"\"], properties: "
					"{later-name: {type: "
					"integer}, a/b: {type: string}, \"\": {type: "
					"integer}, wide: "
					"{properties: {ninth: {}}, "
					"additionalProperties: false}}, "
					"additionalProperties: false}",
					NULL, &err);
	ck_assert_msg(schema != NULL, "%s", err.text);
	struct try after[2] = { try_yaml(good), try_yaml(bad) };
	for (int i = 0; i < 2; i++) {
		struct collected first = { .count = 0 };
		struct collected second = { .count = 0 };
		struct schema_sink sink = { collect, &first, 0 };
		ck_assert_int_eq(
			schema_validate(schema, before[i].root, NULL, &sink, NULL),
			i == 0);
		sink.data = &second;
		ck_assert_int_eq(
			schema_validate(schema, after[i].root, NULL, &sink, NULL),
			i == 0);
		ck_assert_uint_eq(first.count, i == 0 ? 0 : 4);
		ck_assert_str_eq(first.text, second.text);
		try_end(&before[i]);
		try_end(&after[i]);
	}
	schema_free(schema);
}
END_TEST

UNIT_MAIN("doc", documents_that_were_read_before_the_schema_are_judged_alike,
	  problems_name_value_place_and_mend,
	  paths_lead_to_the_value_and_to_the_keyword,
	  no_more_problems_are_reported_than_asked_for,
	  untrusted_text_in_problems_is_escaped,
	  schemas_that_are_wrong_are_refused_with_the_place,
	  formats_that_no_draft_knows_are_annotations,
	  formats_are_asserted_when_asked_for, numbers_are_exact,
	  patterns_are_read_as_ecma_262, endless_references_end_at_a_named_limit,
	  too_much_work_ends_at_a_named_limit,
	  a_limit_is_an_error_whatever_was_told_before_it,
	  size_and_depth_of_schemas_have_named_limits,
	  schemas_can_be_validated_by_their_metaschema,
	  a_slow_pattern_is_an_error_and_not_a_match,
	  references_reach_the_documents_given,
	  a_custom_dialect_may_leave_validation_out,
	  keywords_are_found_by_name_in_their_drafts,
	  unique_items_of_long_lists_are_found)
