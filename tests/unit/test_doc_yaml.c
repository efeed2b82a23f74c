/* tests/unit/test_doc_yaml.c - YAML to trees: kinds, places, anchors, merge keys, what
 * is refused and how it is said. */
#include <stdio.h>

#include "doc_try.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *text;
	enum node_kind kind;
} kinds[] = {
	{ "null", NODE_NULL },
	{ "~", NODE_NULL },
	{ "Null", NODE_NULL },
	{ "nULL", NODE_STRING },
	{ "true", NODE_BOOLEAN },
	{ "FALSE", NODE_BOOLEAN },
	{ "tRUE", NODE_STRING },
	{ "yes", NODE_STRING },
	{ "on", NODE_STRING },
	{ "y", NODE_STRING },
	{ "0", NODE_INTEGER },
	{ "-12", NODE_INTEGER },
	{ "+12", NODE_INTEGER },
	{ "010", NODE_INTEGER },
	{ "0o17", NODE_INTEGER },
	{ "0o18", NODE_STRING },
	{ "0x1F", NODE_INTEGER },
	{ "0x", NODE_STRING },
	{ "-0x1F", NODE_STRING },
	{ "0b1", NODE_STRING },
	{ "1_000", NODE_STRING },
	{ "1:30", NODE_STRING },
	{ "1.", NODE_DECIMAL },
	{ ".5", NODE_DECIMAL },
	{ "1e3", NODE_DECIMAL },
	{ "1.5E-3", NODE_DECIMAL },
	{ "+.5e+1", NODE_DECIMAL },
	{ ".", NODE_STRING },
	{ "e3", NODE_STRING },
	{ "1e", NODE_STRING },
	{ "1.2.3", NODE_STRING },
	{ "1e3.5", NODE_STRING },
	{ ".inf", NODE_DECIMAL },
	{ "-.Inf", NODE_DECIMAL },
	{ ".nan", NODE_DECIMAL },
	{ "-.nan", NODE_STRING },
	{ "inf", NODE_STRING },
	{ "2026-11-21", NODE_STRING },
	{ "'1'", NODE_STRING },
	{ "\"true\"", NODE_STRING },
	{ "!!str 1", NODE_STRING },
	{ "!!int '1'", NODE_INTEGER },
	{ "!!float 1", NODE_DECIMAL },
	{ "!!null ''", NODE_NULL },
	{ "!!bool 'true'", NODE_BOOLEAN },
	{ "!Ref 1", NODE_STRING },
	{ "! 1", NODE_STRING },
	{ "!!binary aGk=", NODE_STRING },
	{ "[]", NODE_SEQUENCE },
	{ "{}", NODE_MAPPING },
	{ "-", NODE_SEQUENCE },
	{ "1,5", NODE_STRING },
	{ "100000000000000000000000000000000000000000", NODE_INTEGER },
};

START_TEST(scalars_have_the_kind_of_the_core_schema)
{
	for (size_t i = 0; i < ROWS(kinds); i++) {
		struct try try = try_yaml(kinds[i].text);
		ck_assert_msg(try.status == 0, "%s: %s", kinds[i].text,
			      try.problem.message);
		ck_assert_msg(node_kind(try.root) == kinds[i].kind, "%s: %s",
			      kinds[i].text, node_kind_name(node_kind(try.root)));
		try_end(&try);
	}
}
END_TEST

START_TEST(every_key_and_value_knows_its_place)
{
	struct try try = try_yaml("# c\nspec:\n  \"é\": ü\n  l:\n  - a\n  - {b: c}\n"
				  "---\nx: 1\n");
	const struct node *spec = node_get(try.root, "spec");
	ck_assert_uint_eq(try.docs.count, 2);
	ck_assert_uint_eq(node_line(try.root), 2);
	ck_assert_uint_eq(node_line(spec), 3);
	ck_assert_uint_eq(node_column(spec), 3);
	ck_assert_uint_eq(node_column(node_key(spec, 0)), 3);
	ck_assert_uint_eq(node_column(node_get(spec, "é")), 8);
	const struct node *list = node_get(spec, "l");
	ck_assert_uint_eq(node_line(list), 5);
	ck_assert_uint_eq(node_column(list), 3);
	ck_assert_uint_eq(node_column(node_item(list, 0)), 5);
	ck_assert_uint_eq(node_column(node_get(node_item(list, 1), "b")), 9);
	ck_assert_uint_eq(node_line(node_get(try.docs.roots[1], "x")), 8);
	try_end(&try);
}
END_TEST

START_TEST(numbers_keep_their_text_and_read_as_integers_when_they_fit)
{
	static const struct {
		const char *text;
		int status;
		int64_t value;
	} rows[] = {
		{ "12", 0, 12 },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", ERROR_LIMIT, 0 },
		{ "+7", 0, 7 },
		{ "010", 0, 10 },
		{ "0x7fffffffffffffff", 0, INT64_MAX },
		{ "0xffffffffffffffff", ERROR_LIMIT, 0 },
		{ "0o17", 0, 15 },
		{ "1.0", ERROR_LIMIT, 0 },
		{ "x", ERROR_LIMIT, 0 },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct try try = try_yaml(rows[i].text);
		int64_t value = 42;
		ck_assert_int_eq(node_integer(try.root, &value), rows[i].status);
		ck_assert_int_eq(value, rows[i].status == 0 ? rows[i].value : 42);
		ck_assert_str_eq(node_text(try.root, NULL), rows[i].text);
		try_end(&try);
	}
}
END_TEST

START_TEST(tags_are_kept_as_written)
{
	static const struct {
		const char *text;
		const char *tag;
	} rows[] = {
		{ "!Ref x", "!Ref" },
		{ "!!str x", "!!str" },
		{ "x", NULL },
		{ "!GetAtt [a, b]", "!GetAtt" },
		{ "!<tag:x,1:y> x", "tag:x,1:y" },
		{ "!m {a: 1}", "!m" },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct try try = try_yaml(rows[i].text);
		ck_assert_int_eq(try.status, 0);
		ck_assert_pstr_eq(node_tag(try.root), rows[i].tag);
		try_end(&try);
	}
}
END_TEST

START_TEST(plain_scalars_are_told_from_quoted_ones)
{
	struct try try = try_yaml("[a, 'a', \"a\", 1]");
	ck_assert(node_is_plain(node_item(try.root, 0)));
	ck_assert(!node_is_plain(node_item(try.root, 1)));
	ck_assert(!node_is_plain(node_item(try.root, 2)));
	ck_assert(node_is_plain(node_item(try.root, 3)));
	ck_assert(!node_is_plain(try.root));
	try_end(&try);
}
END_TEST

START_TEST(keys_count_by_their_text_and_are_found_in_large_mappings)
{
	char text[16384] = "";
	for (int i = 0; i < 1000; i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "%d: k%d\n", i, i);
	}
	struct try try = try_yaml(text);
	ck_assert_uint_eq(node_count(try.root), 1000);
	ck_assert_str_eq(node_text(node_get(try.root, "777"), NULL), "k777");
	ck_assert_int_eq(node_kind(node_key(try.root, 777)), NODE_STRING);
	ck_assert_str_eq(node_text(node_key(try.root, 777), NULL), "777");
	ck_assert_ptr_null(node_get(try.root, "1000"));
	ck_assert_ptr_null(node_get(try.root, ""));
	try_end(&try);
}
END_TEST

START_TEST(aliases_share_what_is_below_and_merge_keys_are_applied)
{
	struct try try = try_yaml("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\n"
				  "c: {<<: [*a, *b], x: 0}\nd: *a\ne: {'<<': 1}\n"
				  "f:\n  <<: *b\n");
	ck_assert_int_eq(try.status, 0);
	const struct node *c = node_get(try.root, "c");
	ck_assert_uint_eq(node_count(c), 3);
	ck_assert_str_eq(node_text(node_get(c, "x"), NULL), "0");
	ck_assert_str_eq(node_text(node_get(c, "y"), NULL), "2");
	ck_assert_str_eq(node_text(node_get(c, "z"), NULL), "4");
	ck_assert_uint_eq(node_count(node_get(try.root, "d")), 2);
	ck_assert_ptr_eq(node_item(node_get(try.root, "d"), 0),
			 node_item(node_get(try.root, "a"), 0));
	ck_assert_ptr_nonnull(node_get(node_get(try.root, "e"), "<<"));
	ck_assert_uint_eq(node_count(node_get(try.root, "f")), 2);
	try_end(&try);
}
END_TEST

START_TEST(an_anchor_means_the_latest_of_its_name)
{
	struct try try = try_yaml("- &a 1\n- *a\n- &a 2\n- *a\n- &a [&a 3, *a]\n- "
				  "*a\n");
	ck_assert_int_eq(try.status, 0);
	ck_assert_str_eq(node_text(node_item(try.root, 1), NULL), "1");
	ck_assert_str_eq(node_text(node_item(try.root, 3), NULL), "2");
	ck_assert_str_eq(node_text(node_item(try.root, 5), NULL), "3");
	try_end(&try);
}
END_TEST

START_TEST(streams_may_be_empty_or_hold_empty_documents)
{
	static const struct {
		const char *text;
		size_t count;
	} rows[] = {
		{ "", 0 },
		{ "# only a comment\n", 0 },
		{ "---\n", 1 },
		{ "---\n---\n", 2 },
		{ "a: 1\n...\n", 1 },
		{ "\xef\xbb\xbf"
		  "a: 1",
		  1 },
		{ "--- a\n--- b\n", 2 },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct try try = try_yaml(rows[i].text);
		ck_assert_msg(try.status == 0, "%zu: %s", i, try.problem.message);
		ck_assert_uint_eq(try.docs.count, rows[i].count);
		try_end(&try);
	}
}
END_TEST

static const struct {
	const char *text;
	int code;
	uint32_t line;
	uint32_t column;
	const char *message; /* a part */
	const char *mend;    /* a part */
} refused[] = {
	{ "a: 1\nb: 2\na: 3\n", ERROR_DUPLICATE_KEY, 3, 1,
	  "the key 'a' stands twice in one mapping, first at 1:1", "remove one" },
	{ "{80: a, '80': b}", ERROR_DUPLICATE_KEY, 1, 9, "'80' stands twice", "" },
	{ "a: {<<: {x: 1}, <<: {y: 1}}", ERROR_DUPLICATE_KEY, 1, 17, "'<<'", "" },
	{ "{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, a: 1}",
	  ERROR_DUPLICATE_KEY, 1, 62, "first at 1:2", "" },
	{ "a:\n\tb: 1\n", ERROR_SYNTAX, 2, 1, "a tab cannot indent", "use spaces" },
	{ "a: 'x\nb: 2\n", ERROR_SYNTAX, 2, 1,
	  "a quoted string is not closed before a line that is not indented; it starts "
	  "at 1:4",
	  "close the quote" },
	{ "a: \"x", ERROR_SYNTAX, 1, 6, "a quoted string is not closed", "add" },
	{ "a: 1\nb\nc: 2\n", ERROR_SYNTAX, 2, 1, "a key without its colon",
	  "a space behind the colon" },
	{ "a: b: c\n", ERROR_SYNTAX, 1, 5, "a ': ' where no key can stand", "quotes" },
	{ "a:\n  b: 1\n c: 2\n", ERROR_SYNTAX, 3, 2,
	  "a line that does not belong to the mapping; it starts at 1:1",
	  "one column" },
	{ "- a\nb: 1\n", ERROR_SYNTAX, 2, 1, "a line that does not belong to the list",
	  "in one column" },
	{ "[a, b", ERROR_SYNTAX, 1, 6, "a list in brackets is not closed", "']'" },
	{ "{a: 1", ERROR_SYNTAX, 1, 6, "a mapping in braces is not closed", "'}'" },
	{ "a: @x", ERROR_SYNTAX, 1, 4, "a plain value cannot start with '@'",
	  "in quotes" },
	{ "a: `x`", ERROR_SYNTAX, 1, 4, "cannot start with '`'", "in quotes" },
	{ "a: *b", ERROR_SYNTAX, 1, 4, "the alias '*b' refers to no anchor", "'&'" },
	{ "a: &x\n  b: *x\n", ERROR_SYNTAX, 2, 6, "inside what it refers to", "" },
	{ "&a [*a]", ERROR_SYNTAX, 1, 5, "'*a' stands inside", "" },
	{ "--- &a x\n--- *a\n", ERROR_SYNTAX, 2, 5, "no anchor of this document", "" },
	{ "? [a]\n: b\n", ERROR_SYNTAX, 1, 3, "a key of a mapping is a sequence", "" },
	{ "{{a: b}: c}", ERROR_SYNTAX, 1, 2, "a mapping itself", "string" },
	{ "?\n: x", ERROR_SYNTAX, 1, 2, "a key of a mapping is missing", "" },
	{ "a: {<<: 5}", ERROR_SYNTAX, 1, 5, "'<<' needs a mapping", "alias" },
	{ "a: {<<: [5]}", ERROR_SYNTAX, 1, 5, "'<<' needs a mapping", "" },
	{ "a: !!int x", ERROR_SYNTAX, 1, 4, "!!int does not fit", "" },
	{ "a: !!seq {}", ERROR_SYNTAX, 1, 4, "!!seq does not fit", "" },
	{ "a: !!map []", ERROR_SYNTAX, 1, 4, "!!map does not fit", "" },
	{ "a: !!str []", ERROR_SYNTAX, 1, 4, "!!str does not fit", "" },
	{ "a: !x!y z", ERROR_SYNTAX, 1, 4, "a tag with an unknown handle", "%TAG" },
	{ "0x10000000000000000", ERROR_SYNTAX, 1, 1, "more than 64 bits", "quotes" },
	{ "0o2000000000000000000000", ERROR_SYNTAX, 1, 1, "more than 64 bits", "" },
	{ "a: \"\\q\"", ERROR_SYNTAX, 1, 5, "an unknown escape", "backslash" },
	{ "a: \"\\0\"", ERROR_ENCODING, 1, 4, "U+0000", "remove it" },
	{ "a: \xff", ERROR_ENCODING, 1, 4, "0xff does not belong to UTF-8", "UTF-8" },
	{ "a: \xc3", ERROR_ENCODING, 1, 4, "0xc3", "UTF-8" },
	{ "é: \x01", ERROR_ENCODING, 1, 4, "control character 0x01", "\\xNN" },
	{ "a\rb", ERROR_ENCODING, 1, 2, "carriage return", "LF" },
	{ "a: \xc2\x85", ERROR_ENCODING, 1, 4, "U+0085 is a line break to some", "" },
	{ "# \xe2\x80\xa8"
	  "a: 1",
	  ERROR_ENCODING, 1, 3, "U+2028", "" },
	{ "a: \xef\xbb\xbf", ERROR_ENCODING, 1, 4, "U+FEFF is not allowed", "" },
	{ "\xff\xfe"
	  "a",
	  ERROR_ENCODING, 1, 1, "UTF-16", "UTF-8" },
	{ "a: |x\n b\n", ERROR_SYNTAX, 1, 5, "text behind '|'", "next line" },
	{ "a: 1\n---\nb: {{ .Values.x }}\n", ERROR_SYNTAX, 3, 5, "a mapping itself",
	  "" },
	{ "a: {{ .x\n", ERROR_SYNTAX, 2, 1, "a mapping in braces is not closed", "" },
	{ "{{ if .x }}\na: b: c\n{{ end }}\n", ERROR_SYNTAX, 1, 2, "", "template" },
};

START_TEST(what_is_refused_is_named_with_place_and_mend)
{
	for (size_t i = 0; i < ROWS(refused); i++) {
		struct try try = try_yaml(refused[i].text);
		struct doc_problem *got = &try.problem;
		ck_assert_msg(try.status == refused[i].code && got->code == try.status,
			      "%s: %d: %s", refused[i].text, try.status, got->message);
		ck_assert_msg(got->line == refused[i].line &&
				      got->column == refused[i].column,
			      "%s: %u:%u %s", refused[i].text, got->line, got->column,
			      got->message);
		ck_assert_msg(strstr(got->message, refused[i].message) != NULL,
			      "%s: %s", refused[i].text, got->message);
		ck_assert_msg(strstr(got->mend, refused[i].mend) != NULL, "%s: %s",
			      refused[i].text, got->mend);
		ck_assert_ptr_null(try.docs.roots);
		try_end(&try);
	}
}
END_TEST

START_TEST(nul_bytes_are_refused)
{
	struct try try = try_bytes(DOC_YAML, "a: b\0c", 6);
	ck_assert_int_eq(try.status, ERROR_ENCODING);
	ck_assert_uint_eq(try.problem.column, 5);
	try_end(&try);
	try = try_bytes(DOC_YAML, "\0", 1);
	ck_assert_int_eq(try.status, ERROR_ENCODING);
	try_end(&try);
}
END_TEST

START_TEST(shown_keys_are_escaped)
{
	struct try try = try_yaml("{\"\\e[1m\": 1, \"\\e[1m\": 2}");
	ck_assert_int_eq(try.status, ERROR_DUPLICATE_KEY);
	ck_assert_ptr_null(strchr(try.problem.message, 27));
	try_end(&try);
}
END_TEST

static const struct {
	const char *left;
	const char *right;
	bool equal;
} equalities[] = {
	{ "1", "1.0", true },
	{ "1", "'1'", false },
	{ "1", "true", false },
	{ "{a: 1, b: 2}", "{b: 2e0, a: 1}", true },
	{ "{a: 1}", "{a: 1, b: 1}", false },
	{ "{a: 1}", "{b: 1}", false },
	{ "[1, 2]", "[2, 1]", false },
	{ "[1, [2]]", "[1, [2.0]]", true },
	{ "null", "~", true },
	{ "null", "false", false },
	{ "0", "-0", true },
	{ ".nan", ".nan", false },
	{ ".inf", ".Inf", true },
	{ "123.4500e2", "12345", true },
	{ "0.001", "1e-3", true },
};

START_TEST(equality_is_of_values)
{
	for (size_t i = 0; i < ROWS(equalities); i++) {
		struct try left = try_yaml(equalities[i].left);
		struct try right = try_yaml(equalities[i].right);
		ck_assert_msg(node_equal(left.root, right.root) == equalities[i].equal,
			      "%s %s", equalities[i].left, equalities[i].right);
		ck_assert(node_equal(right.root, left.root) == equalities[i].equal);
		try_end(&left);
		try_end(&right);
	}
}
END_TEST

START_TEST(nothing_is_not_a_crash)
{
	ck_assert_int_eq(node_kind(NULL), NODE_UNKNOWN);
	ck_assert_uint_eq(node_line(NULL), 0);
	ck_assert_str_eq(node_text(NULL, NULL), "");
	ck_assert_ptr_null(node_get(NULL, "a"));
	ck_assert_ptr_null(node_item(NULL, 0));
	ck_assert_ptr_null(node_key(NULL, 0));
	ck_assert_ptr_null(node_tag(NULL));
	ck_assert_uint_eq(node_count(NULL), 0);
	ck_assert(!node_boolean(NULL));
}
END_TEST

static const struct {
	const char *text;
	bool template;
} templates[] = {
	{ "{{- if .x }}\na: 1\n{{- end }}\n", true },
	{ "a: {{ .Values.x }}\n", true },
	{ "  - {{ .x }}\n", true },
	{ "a:\n  {{- toYaml .x | nindent 2 }}\n", true },
	{ "{{/*\ncomment\n*/}}\n", true },
	{ "a: '{{ .x }}'\n", false },
	{ "a: b {{ .x }}\n", false },
	{ "a: {b: {}}\n", false },
	{ "{{", false },
	{ "a: {{\n", false },
	{ "", false },
	{ "# {{ x }}\n", false },
};

START_TEST(templates_are_told_from_documents)
{
	for (size_t i = 0; i < ROWS(templates); i++)
		ck_assert_msg(doc_looks_like_template(templates[i].text,
						      strlen(templates[i].text)) ==
				      templates[i].template,
			      "%s", templates[i].text);
}
END_TEST

START_TEST(the_format_is_told_by_the_name)
{
	ck_assert_int_eq(doc_format_of("a/b.json"), DOC_JSON);
	ck_assert_int_eq(doc_format_of("a/b.yaml"), DOC_YAML);
	ck_assert_int_eq(doc_format_of("a.json/b"), DOC_YAML);
}
END_TEST

/* Block texts, folded lines and escapes go back to where they were written; what is
 * written behind them on a line keeps its place. */
START_TEST(texts_stand_in_the_source_and_places_stay)
{
	const char text[] = "\xc3\xa4: {\"a\\tb\": 'it''s', \"\\u00e4\\L\": [x, 1]}\n"
			    "block: |\n  one\n   two\nfolded: one\n  two \xc3\xa4 # c\n"
			    "last: end";
	struct arena *arena = arena_new((size_t)1 << 20);
	struct docs docs;
	struct doc_problem problem;
	ck_assert_int_eq(
		docs_parse(&docs, arena, DOC_YAML, text, strlen(text), NULL, &problem),
		0);
	const struct node *map = node_item(docs.roots[0], 0);
	ck_assert_str_eq(node_text(node_get(map, "a\tb"), NULL), "it's");
	const struct node *list = node_get(map, "\xc3\xa4\xe2\x80\xa8");
	ck_assert_uint_eq(node_count(list), 2);
	ck_assert_str_eq(node_text(node_item(list, 0), NULL), "x");
	ck_assert_uint_eq(node_column(node_item(list, 0)), 35);
	ck_assert_uint_eq(node_column(node_item(list, 1)), 38);
	ck_assert_str_eq(node_text(node_get(docs.roots[0], "block"), NULL), "one\n "
									    "two\n");
	ck_assert_str_eq(node_text(node_get(docs.roots[0], "folded"), NULL), "one two "
									     "\xc3"
									     "\xa4");
	const struct node *last = node_get(docs.roots[0], "last");
	ck_assert_str_eq(node_text(last, NULL), "end");
	ck_assert_uint_eq(node_line(last), 7);
	arena_free(arena);
}
END_TEST

/* Whatever memory there is: what is wrong with a text is said before it is copied. */
START_TEST(a_limit_is_named_where_memory_is_short)
{
	static const struct {
		enum doc_format format;
		enum limit limit;
		const char *begins;
	} cases[] = {
		{ DOC_YAML, LIMIT_YAML_DOC_BYTES, "a: b\n---\nc: " },
		{ DOC_KUBERNETES, LIMIT_YAML_DOC_BYTES, "a: " },
		{ DOC_JSON, LIMIT_JSON_DOC_BYTES, "\"" },
	};
	size_t length = (size_t)1 << 20;
	char *text = malloc(length);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int over = 0; over < 2; over++) {
			struct arena *arena = arena_new((size_t)64 << 10);
			struct limits limits = limits_default;
			struct docs docs;
			struct doc_problem problem;
			limits.values[cases[i].limit] = over ? 1000 : length;
			memset(text, 'x', length);
			memcpy(text, cases[i].begins, strlen(cases[i].begins));
			text[length - 1] = cases[i].format == DOC_JSON ? '"' : '\n';
			ck_assert_int_eq(docs_parse(&docs, arena, cases[i].format, text,
						    length, &limits, &problem),
					 over ? ERROR_LIMIT : ERROR_MEMORY);
			const char *name = limit_name(cases[i].limit);
			ck_assert_msg((strstr(problem.message, name) != NULL) == over,
				      "%s", problem.message);
			ck_assert_uint_eq(arena_used(arena), 0);
			arena_free(arena);
		}
	free(text);
}
END_TEST

UNIT_MAIN("doc", a_limit_is_named_where_memory_is_short,
	  texts_stand_in_the_source_and_places_stay,
	  scalars_have_the_kind_of_the_core_schema, every_key_and_value_knows_its_place,
	  numbers_keep_their_text_and_read_as_integers_when_they_fit,
	  tags_are_kept_as_written, plain_scalars_are_told_from_quoted_ones,
	  keys_count_by_their_text_and_are_found_in_large_mappings,
	  aliases_share_what_is_below_and_merge_keys_are_applied,
	  an_anchor_means_the_latest_of_its_name,
	  streams_may_be_empty_or_hold_empty_documents,
	  what_is_refused_is_named_with_place_and_mend, nul_bytes_are_refused,
	  shown_keys_are_escaped, equality_is_of_values, nothing_is_not_a_crash,
	  templates_are_told_from_documents, the_format_is_told_by_the_name)
