/* tests/unit/test_doc_json.c - JSON to trees: RFC 8259 to the letter. */
#include <stdio.h>

#include "doc_try.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *text;
	enum node_kind kind;
	const char *decoded; /* of a scalar */
} accepted[] = {
	{ "null", NODE_NULL, "null" },
	{ "true", NODE_BOOLEAN, "true" },
	{ " \t\r\n1 ", NODE_INTEGER, "1" },
	{ "-0", NODE_INTEGER, "-0" },
	{ "1.50", NODE_DECIMAL, "1.50" },
	{ "1E+2", NODE_DECIMAL, "1E+2" },
	{ "12345678901234567890123", NODE_INTEGER, "12345678901234567890123" },
	{ "\"\"", NODE_STRING, "" },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", NODE_STRING, "\"\\/\b\f\n\r\t" },
	{ "\"\\u00e9\\u20AC\\ud83d\\ude00\"", NODE_STRING, "é€😀" },
	{ "\"é€😀\x7f\"", NODE_STRING, "é€😀\x7f" },
	{ "[]", NODE_SEQUENCE, "" },
	{ "{}", NODE_MAPPING, "" },
	{ "[[], {}, [1, [2]]]", NODE_SEQUENCE, "" },
	{ "{\"<<\": {\"a\": 1}}", NODE_MAPPING, "" },
};

START_TEST(what_json_is_is_read)
{
	for (size_t i = 0; i < ROWS(accepted); i++) {
		struct try try = try_json(accepted[i].text);
		ck_assert_msg(try.status == 0, "%s: %s", accepted[i].text,
			      try.problem.message);
		ck_assert_uint_eq(try.docs.count, 1);
		ck_assert_int_eq(node_kind(try.root), accepted[i].kind);
		ck_assert_str_eq(node_text(try.root, NULL), accepted[i].decoded);
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
	{ "", ERROR_SYNTAX, 1, 1, "a value is missing", "" },
	{ " \n ", ERROR_SYNTAX, 2, 2, "a value is missing", "" },
	{ "[1,]", ERROR_SYNTAX, 1, 4, "a value is missing", "comma" },
	{ "[,1]", ERROR_SYNTAX, 1, 2, "a value is missing", "comma" },
	{ "[1 2]", ERROR_SYNTAX, 1, 4, "neither ',' nor ']'", "','" },
	{ "[1", ERROR_SYNTAX, 1, 3, "the array that starts at 1:1 is not closed",
	  "']'" },
	{ "\n [", ERROR_SYNTAX, 2, 3, "a value is missing", "" },
	{ "{\"a\": 1", ERROR_SYNTAX, 1, 8, "the object that starts at 1:1", "'}'" },
	{ "{\"a\": 1,}", ERROR_SYNTAX, 1, 9, "a key is missing", "comma" },
	{ "{a: 1}", ERROR_SYNTAX, 1, 2, "a key is missing", "double quotes" },
	{ "{1: 1}", ERROR_SYNTAX, 1, 2, "a key is missing", "" },
	{ "{\"a\" 1}", ERROR_SYNTAX, 1, 6, "a key without its colon", "':'" },
	{ "{\"a\": }", ERROR_SYNTAX, 1, 7, "a value is missing", "" },
	{ "{\"a\": 1 \"b\": 2}", ERROR_SYNTAX, 1, 9, "neither ',' nor '}'", "" },
	{ "[1}", ERROR_SYNTAX, 1, 3, "neither ',' nor ']'", "" },
	{ "]", ERROR_SYNTAX, 1, 1, "a value is missing", "" },
	{ "1 2", ERROR_SYNTAX, 1, 3, "text behind the end", "" },
	{ "{} // c", ERROR_SYNTAX, 1, 4, "text behind the end", "" },
	{ "// c\n1", ERROR_SYNTAX, 1, 1, "a comment", "remove" },
	{ "# c\n1", ERROR_SYNTAX, 1, 1, "a comment", "remove" },
	{ "'a'", ERROR_SYNTAX, 1, 1, "single quotes", "double quotes" },
	{ "abc", ERROR_SYNTAX, 1, 1, "not a JSON value", "double quotes" },
	{ "True", ERROR_SYNTAX, 1, 1, "not a JSON value", "" },
	{ "truee", ERROR_SYNTAX, 1, 5, "text behind the end", "" },
	{ "NaN", ERROR_SYNTAX, 1, 1, "not a JSON value", "" },
	{ "-Infinity", ERROR_SYNTAX, 1, 1, "a number without digits", "" },
	{ "+1", ERROR_SYNTAX, 1, 1, "not a JSON value", "" },
	{ "01", ERROR_SYNTAX, 1, 1, "leading zeros", "zeros" },
	{ "-01", ERROR_SYNTAX, 1, 1, "leading zeros", "" },
	{ "1.", ERROR_SYNTAX, 1, 1, "ends in a point", "" },
	{ ".5", ERROR_SYNTAX, 1, 1, "not a JSON value", "" },
	{ "1e", ERROR_SYNTAX, 1, 1, "an empty exponent", "" },
	{ "0x10", ERROR_SYNTAX, 1, 2, "text behind the end", "" },
	{ "\"a", ERROR_SYNTAX, 1, 1, "a string is not closed", "closing quote" },
	{ "\"a\\", ERROR_SYNTAX, 1, 1, "a string is not closed", "" },
	{ "\"a\nb\"", ERROR_SYNTAX, 1, 3, "a line break or control character", "\\n" },
	{ "\"é\tb\"", ERROR_SYNTAX, 1, 3, "a line break or control character", "" },
	{ "\"\\x41\"", ERROR_SYNTAX, 1, 2, "an unknown escape", "backslash" },
	{ "\"\\u12\"", ERROR_SYNTAX, 1, 2, "four hexadecimal digits", "\\uNNNN" },
	{ "\"a\\u0000b\"", ERROR_SYNTAX, 1, 3, "U+0000 in a string", "remove" },
	{ "\"\\ud800\"", ERROR_SYNTAX, 1, 2, "half of a surrogate pair", "both" },
	{ "\"\\udc00\"", ERROR_SYNTAX, 1, 2, "half of a surrogate pair", "" },
	{ "\"\\ud800\\ud800\"", ERROR_SYNTAX, 1, 2, "half of a surrogate pair", "" },
	{ "\"\\ud800\\n\"", ERROR_SYNTAX, 1, 2, "half of a surrogate pair", "" },
	{ "{\"a\": 1,\n \"\\u0061\": 2}", ERROR_DUPLICATE_KEY, 2, 2,
	  "'a' stands twice in one mapping, first at 1:2", "remove" },
	{ "\xef\xbb\xbf{}", ERROR_ENCODING, 1, 1, "a byte order mark", "UTF-8" },
	{ "\xff\xfe{", ERROR_ENCODING, 1, 1, "UTF-16", "UTF-8" },
	{ "[\"\xff\"]", ERROR_ENCODING, 1, 3, "0xff does not belong", "" },
	{ "[\"\xed\xa0\x80\"]", ERROR_ENCODING, 1, 3, "does not belong", "" },
	{ "[\"\xc0\x80\"]", ERROR_ENCODING, 1, 3, "does not belong", "" },
	{ "[1]\x0c", ERROR_SYNTAX, 1, 4, "text behind the end", "" },
	{ "[1,\xc2\xa0"
	  "2]",
	  ERROR_SYNTAX, 1, 4, "not a JSON value", "" },
};

START_TEST(what_json_is_not_is_refused_with_place_and_mend)
{
	for (size_t i = 0; i < ROWS(refused); i++) {
		struct try try = try_json(refused[i].text);
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
		try_end(&try);
	}
}
END_TEST

START_TEST(places_count_code_points_also_in_one_long_line)
{
	struct try try = try_json("{\"é\": [1, \"ü€\", {\"k\": 2}]}");
	const struct node *list = node_get(try.root, "é");
	ck_assert_uint_eq(node_column(node_key(try.root, 0)), 2);
	ck_assert_uint_eq(node_column(list), 7);
	ck_assert_uint_eq(node_column(node_item(list, 1)), 11);
	ck_assert_uint_eq(node_column(node_item(list, 2)), 17);
	ck_assert_uint_eq(node_column(node_get(node_item(list, 2), "k")), 23);
	try_end(&try);
}
END_TEST

START_TEST(nul_bytes_are_refused)
{
	struct try try = try_bytes(DOC_JSON, "[\"a\0b\"]", 7);
	ck_assert_int_eq(try.status, ERROR_ENCODING);
	ck_assert_uint_eq(try.problem.column, 4);
	try_end(&try);
}
END_TEST

START_TEST(who_looks_at_lengths_may_have_nul_in_texts)
{
	static const char text[] = "{\"k\\u0000y\": \"a\\u0000b\"}";
	struct try try = try_bytes(DOC_JSON_ANY_TEXT, text, sizeof(text) - 1);
	size_t length;
	ck_assert_int_eq(try.status, 0);
	const struct node *value = node_get_bytes(try.root, "k\0y", 3);
	ck_assert_int_eq(memcmp(node_text(value, &length), "a\0b", 4), 0);
	ck_assert_uint_eq(length, 3);
	ck_assert_ptr_null(node_get(try.root, "k"));
	try_end(&try);
}
END_TEST

UNIT_MAIN("doc", what_json_is_is_read, what_json_is_not_is_refused_with_place_and_mend,
	  places_count_code_points_also_in_one_long_line, nul_bytes_are_refused,
	  who_looks_at_lengths_may_have_nul_in_texts)
