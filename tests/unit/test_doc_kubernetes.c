/* tests/unit/test_doc_kubernetes.c - scalars as Kubernetes reads them, what it
 * mistakes, what readers of YAML disagree about, and trees as JSON. kubectl itself is
 * asked in tests/e2e/19-yaml-readers.bats. */
#include <stdio.h>

#include "base/buf.h"
#include "doc_try.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct try try_format(enum doc_format format, const char *text)
{
	return try_bytes(format, text, strlen(text));
}

/* The JSON of a text, or "refused". */
static const char *json_of(enum doc_format format, const char *text)
{
	static char out[512];
	struct error err = ERROR_INIT;
	struct try try = try_format(format, text);
	struct buf json = BUF_INIT(4096);
	bool good = try.status == 0 && doc_write_json(&json, try.root, &err) == 0;
	snprintf(out, sizeof(out), "%s", good ? json.data : "refused");
	buf_release(&json);
	try_end(&try);
	return out;
}

static const struct {
	const char *text;
	const char *core; /* to YAML 1.2 */
	const char *kubernetes;
} scalars[] = {
	{ "on", "\"on\"", "true" },
	{ "No", "\"No\"", "false" },
	{ "y", "\"y\"", "true" },
	{ "yES", "\"yES\"", "\"yES\"" },
	{ "True", "true", "true" },
	{ "~", "null", "null" },
	{ "'on'", "\"on\"", "\"on\"" },
	{ "010", "10", "8" },
	{ "-010", "-10", "-8" },
	{ "08", "8", "8" },
	{ "00", "0", "0" },
	{ "-0", "-0", "0" },
	{ "+12", "12", "12" },
	{ "0o17", "15", "15" },
	{ "0O17", "\"0O17\"", "15" },
	{ "0x1F", "31", "31" },
	{ "-0x1f", "\"-0x1f\"", "-31" },
	{ "0b101", "\"0b101\"", "5" },
	{ "0x", "\"0x\"", "\"0x\"" },
	{ "1_000", "\"1_000\"", "1000" },
	{ "1_0.5", "\"1_0.5\"", "10.5" },
	{ "_1", "\"_1\"", "\"_1\"" },
	{ "._5", "\"._5\"", "\"._5\"" },
	{ ".5", "0.5", "0.5" },
	{ "-.5", "-0.5", "-0.5" },
	{ "1.", "1.0", "1.0" },
	{ "1.e3", "1.0e3", "1.0e3" },
	{ "0001.50", "1.50", "1.50" },
	{ "1e3", "1e3", "1e3" },
	{ "1e400", "1e400", "\"1e400\"" },
	{ "12:30", "\"12:30\"", "\"12:30\"" },
	{ "2026-11-21", "\"2026-11-21\"", "\"2026-11-21\"" },
	{ "9007199254740993", "9007199254740993", "9007199254740993" },
	{ "0.1000000000000000055511151231257827",
	  "0.1000000000000000055511151231257827",
	  "0.1000000000000000055511151231257827" },
	{ "0xffffffffffffffff", "18446744073709551615", "18446744073709551615" },
	{ "0x10000000000000000", "refused", "\"0x10000000000000000\"" },
	{ ".inf", "refused", "refused" },
	{ "!!bool on", "refused", "true" },
	{ "!!int '010'", "10", "8" },
	{ "!!str 010", "\"010\"", "\"010\"" },
	{ "!Ref x", "refused", "refused" },
	{ "!!binary aGk=", "\"aGk=\"", "refused" },
	{ "{True: a, 'b': 1}", "{\"true\":\"a\",\"b\":1}", "{\"true\":\"a\",\"b\":1}" },
	{ "{on: 1, 0x10: 2}", "{\"on\":1,\"16\":2}", "{\"true\":1,\"16\":2}" },
	{ "{0x1: a, 1: b}", "refused", "refused" },
	{ "{on: a, 'true': b}", "{\"on\":\"a\",\"true\":\"b\"}", "refused" },
	{ "{~: a}", "{\"~\":\"a\"}", "refused" },
	{ "{1.5: a}", "{\"1.5\":\"a\"}", "refused" },
	{ "{? &a 0x1 : *a}", "{\"1\":1}", "{\"1\":1}" },
	{ "\"\\e\\u00e9\\\"\\n\"", "\"\\u001b\xc3\xa9\\\"\\n\"",
	  "\"\\u001b\xc3\xa9\\\"\\n\"" },
	{ "[]", "[]", "[]" },
	{ "{a: [{}, {b: [c]}]}", "{\"a\":[{},{\"b\":[\"c\"]}]}",
	  "{\"a\":[{},{\"b\":[\"c\"]}]}" },
};

START_TEST(scalars_are_what_they_are_to_their_reader)
{
	for (size_t i = 0; i < ROWS(scalars); i++) {
		const char *text = scalars[i].text;
		const char *json = json_of(DOC_YAML, text);
		ck_assert_msg(strcmp(json, scalars[i].core) == 0, "%s: %s", text, json);
		json = json_of(DOC_KUBERNETES, text);
		ck_assert_msg(strcmp(json, scalars[i].kubernetes) == 0, "%s: %s", text,
			      json);
	}
}
END_TEST

START_TEST(what_was_written_is_kept_beside_what_it_is)
{
	struct try try = try_yaml("{a: 0x1F, b: True, c: +1.}");
	const struct node *a = node_get(try.root, "a");
	size_t length;
	ck_assert_str_eq(node_text(a, &length), "0x1F");
	ck_assert_uint_eq(length, 4);
	ck_assert_str_eq(node_json_text(a, &length), "31");
	ck_assert_uint_eq(length, 2);
	ck_assert_str_eq(node_text(node_get(try.root, "b"), NULL), "True");
	ck_assert_str_eq(node_json_text(node_get(try.root, "c"), NULL), "1.0");
	ck_assert_str_eq(node_json_text(NULL, &length), "");
	try_end(&try);
}
END_TEST

static const struct {
	const char *text;
	uint32_t line;
	uint32_t column;
	const char *message;
} mistaken[] = {
	{ "x: 1\n<<: {x: 2}\n", 1, 1, "stands before a '<<' that has it too" },
	{ "a: 1\n...\nb: 1\n", 3, 1, "Kubernetes drops" },
	{ "--- {a: 1}\n", 1, 4, "text behind '---'" },
	{ "a: 1\n---b: 2\n", 2, 4, "text behind '---'" },
	{ "---#\n", 1, 4, "text behind '---'" },
	{ "%YAML 1.2\n---\na: 1\n", 1, 1, "a directive" },
	{ "~: 1\n", 1, 1, "is null" },
	{ "1.0: 1\n", 1, 1, "a number with a fraction" },
	{ "a: .nan\n", 1, 4, "infinite" },
	{ "a: !!binary eA==\n", 1, 4, "!!binary" },
};

START_TEST(what_kubernetes_mistakes_is_refused)
{
	for (size_t i = 0; i < ROWS(mistaken); i++) {
		struct try try = try_format(DOC_KUBERNETES, mistaken[i].text);
		struct doc_problem *got = &try.problem;
		ck_assert_msg(try.status != 0, "%s", mistaken[i].text);
		ck_assert_msg(got->line == mistaken[i].line &&
				      got->column == mistaken[i].column,
			      "%s: %u:%u", mistaken[i].text, got->line, got->column);
		ck_assert_msg(strstr(got->message, mistaken[i].message) != NULL,
			      "%s: %s", mistaken[i].text, got->message);
		ck_assert_str_ne(got->mend, "");
		try_end(&try);
		try = try_yaml(mistaken[i].text);
		ck_assert_msg(try.status == 0, "%s: %s", mistaken[i].text,
			      try.problem.message);
		try_end(&try);
	}
}
END_TEST

START_TEST(plain_manifests_are_read)
{
	struct try try = try_format(DOC_KUBERNETES, "<<: {x: 2}\nx: 1\n--- # c\na: "
						    "1\n---\n...\n---\n");
	ck_assert_msg(try.status == 0, "%s", try.problem.message);
	ck_assert_uint_eq(try.docs.count, 4);
	ck_assert_str_eq(node_text(node_get(try.root, "x"), NULL), "1");
	try_end(&try);
}
END_TEST

static const struct {
	const char *text;
	const char *core;       /* a part of the message; NULL: nothing is noted */
	const char *kubernetes; /* the same */
} doubts[] = {
	{ "no", "'no' is a boolean to YAML 1.1", "'no' is a boolean" },
	{ "y", "boolean", "boolean" },
	{ "010", "octal", "octal" },
	{ "08", "a string to YAML 1.1", NULL },
	{ "0o7", "a string to YAML 1.1", NULL },
	{ "1_000", "a number to YAML 1.1", "a number to YAML 1.1" },
	{ "0b1", "a number to YAML 1.1", "a number" },
	{ "12:30", "base 60", NULL },
	{ "1:02:03.5", "base 60", NULL },
	{ "00:30", NULL, NULL },
	{ "12:60", NULL, NULL },
	{ "2026-11-21", "a date", NULL },
	{ "2026-11-21T10:00:00Z", "a date", NULL },
	{ "2026-1-2", NULL, NULL },
	{ "1e3", "a string to YAML 1.1", NULL },
	{ "1.5e+3", NULL, NULL },
	{ ".inf", "JSON cannot hold", NULL },
	{ "100000000000000000000", NULL, "rounds" },
	{ "{<<: {a: 1}}", "'<<' merges", NULL },
	{ "{on: 1}", "'on' is a boolean", "'on' is a boolean" },
	{ "'no'", NULL, NULL },
	{ "!!str no", NULL, NULL },
	{ "true", NULL, NULL },
	{ "1.10", NULL, NULL },
	{ "nodes", NULL, NULL },
};

static void check_notes(enum doc_format format, const char *text, const char *message)
{
	struct try try = try_format(format, text);
	size_t count = try.status == 0 ? try.docs.note_count : 0;
	ck_assert_msg(count == (message != NULL), "%s: %zu notes", text, count);
	if (message != NULL) {
		ck_assert_msg(strstr(try.docs.notes[0].message, message) != NULL,
			      "%s: %s", text, try.docs.notes[0].message);
		ck_assert_str_ne(try.docs.notes[0].mend, "");
		ck_assert_uint_eq(try.docs.notes[0].line, 1);
	}
	try_end(&try);
}

START_TEST(what_readers_take_differently_is_noted)
{
	for (size_t i = 0; i < ROWS(doubts); i++) {
		check_notes(DOC_YAML, doubts[i].text, doubts[i].core);
		check_notes(DOC_KUBERNETES, doubts[i].text, doubts[i].kubernetes);
	}
	struct buf many = BUF_INIT(4096);
	for (int i = 0; i < 200; i++)
		buf_add_string(&many, "- no\n");
	struct try try = try_yaml(many.data);
	ck_assert_uint_eq(try.docs.note_count, DOC_NOTES);
	ck_assert_uint_eq(try.docs.notes[99].line, 100);
	buf_release(&many);
	try_end(&try);
}
END_TEST

START_TEST(a_file_is_read_as_its_consumer_reads_it)
{
	static const struct {
		const char *path;
		const char *text;
		enum node_kind kind; /* of the field "on" or "true" */
	} rows[] = {
		{ "a.yaml", "x: on\n", NODE_STRING },
		{ "a.yaml", "apiVersion: v1\nkind: A\nx: on\n", NODE_BOOLEAN },
		{ "a.yaml", "{apiVersion: v1, kind: A, x: on}\n", NODE_BOOLEAN },
		{ "a.yaml", "x: on\n---\napiVersion: v1\nkind: A\n", NODE_BOOLEAN },
		{ "a.yaml", "t: |\n a\nx: on\nu: |\n apiVersion: v1\n kind: A\n",
		  NODE_STRING },
		{ "a.yaml", "x: on\ny: '\n\n  a'\nkind: A\napiVersion: 1\n",
		  NODE_STRING },
		{ "a.json", "{\"apiVersion\": \"v1\", \"kind\": \"A\", \"x\": \"on\"}",
		  NODE_STRING },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena *arena = arena_new(TRY_MEMORY);
		struct docs docs;
		struct doc_problem problem;
		int status = docs_parse_file(&docs, arena, rows[i].path, rows[i].text,
					     strlen(rows[i].text), NULL, &problem);
		ck_assert_msg(status == 0, "%s: %s", rows[i].text, problem.message);
		ck_assert_msg(node_kind(node_get(docs.roots[0], "x")) == rows[i].kind,
			      "%s", rows[i].text);
		arena_free(arena);
	}
}
END_TEST

UNIT_MAIN("doc", scalars_are_what_they_are_to_their_reader,
	  what_was_written_is_kept_beside_what_it_is,
	  what_kubernetes_mistakes_is_refused, plain_manifests_are_read,
	  what_readers_take_differently_is_noted,
	  a_file_is_read_as_its_consumer_reads_it)
