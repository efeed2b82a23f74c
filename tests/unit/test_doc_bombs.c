/* tests/unit/test_doc_bombs.c - texts made to exhaust: each is refused within 100 ms of
 * processor time by a limit that the message names, or is read in that time. */
#include <stdio.h>

#include "doc_try.h"
#include "hostile.h"
#include "peak.h"

#define MIB ((size_t)1 << 20)

#define MILLISECONDS 100

static void flow_sequences(struct buf *out)
{
	repeat(out, "[", 100000);
}

static void flow_sequences_on_lines(struct buf *out)
{
	repeat(out, "[\n", 100000);
}

static void flow_mappings(struct buf *out)
{
	repeat(out, "{a: ", 100000);
}

static void block_sequences(struct buf *out)
{
	repeat(out, "- ", 100000);
}

static void block_mappings(struct buf *out)
{
	for (int i = 0; i < 1000; i++)
		buf_addf(out, "%*sa:\n", i, "");
}

static void explicit_keys(struct buf *out)
{
	repeat(out, "? ", 100000);
}

static void many_items(struct buf *out)
{
	repeat(out, "- a\n", 400000);
}

static void many_flow_items(struct buf *out)
{
	buf_add_string(out, "[");
	repeat(out, "a,", 1000000);
}

static void many_keys(struct buf *out)
{
	numbered(out, "k", ": 1\n", 350000);
}

static void many_anchors(struct buf *out)
{
	numbered(out, "- &a", " x\n", 250000);
}

static void billion_laughs(struct buf *out)
{
	buf_add_string(out, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		buf_addf(out, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_addf(out, "%s*a%d", k > 0 ? ", " : "", i - 1);
		buf_add_string(out, "]\n");
	}
}

static void quadratic_aliases(struct buf *out)
{
	buf_add_string(out, "a: &a [");
	repeat(out, "x,", 9000);
	buf_add_string(out, "]\nb:\n");
	repeat(out, "- *a\n", 10000);
}

static void scalar_aliases(struct buf *out)
{
	buf_add_string(out, "- &a x\n");
	repeat(out, "- *a\n", 100000);
}

static void merged_mappings(struct buf *out)
{
	buf_add_string(out, "- &a0 {");
	numbered(out, "k", ": 1, ", 1000);
	buf_add_string(out, "}\n");
	for (int i = 1; i < 1000; i++)
		buf_addf(out, "- &a%d {<<: [*a%d, *a%d], x%d: 1}\n", i, i - 1, i - 1,
			 i);
}

static void deep_aliases(struct buf *out)
{
	buf_add_string(out, "- &a0 [x]\n");
	for (int i = 1; i < 100; i++)
		buf_addf(out, "- &a%d [*a%d]\n", i, i - 1);
}

static void large_scalar(struct buf *out)
{
	buf_add_string(out, "a: ");
	repeat(out, "xxxxxxxxxxxxxxxx", 5 * MIB / 16);
}

static void large_comment(struct buf *out)
{
	buf_add_string(out, "# ");
	repeat(out, "xxxxxxxxxxxxxxxx", 5 * MIB / 16);
}

static void large_second_document(struct buf *out)
{
	buf_add_string(out, "a: 1\n---\n");
	repeat(out, "# xxxxxxxxxxxxx\n", 5 * MIB / 16);
}

static void many_documents(struct buf *out)
{
	repeat(out, "---\n", 100000);
}

static void many_tag_directives(struct buf *out)
{
	numbered(out, "%TAG !a", "! x\n", 200000);
	buf_add_string(out, "--- x\n");
}

static void long_tag_directive(struct buf *out)
{
	buf_add_string(out, "%TAG !a! ");
	repeat(out, "x", MIB);
	buf_add_string(out, "\n---\n");
	repeat(out, "- !a!x y\n", 100000);
}

static void long_tag(struct buf *out)
{
	buf_add_string(out, "!<");
	repeat(out, "x", MIB);
	buf_add_string(out, "> y\n");
}

static void json_arrays(struct buf *out)
{
	repeat(out, "[", 1000000);
}

static void json_objects(struct buf *out)
{
	repeat(out, "{\"a\":", 500000);
}

static void json_items(struct buf *out)
{
	buf_add_string(out, "[1");
	repeat(out, ",1", 1000000);
}

static void json_keys(struct buf *out)
{
	buf_add_string(out, "{");
	numbered(out, "\"", "\":1,", 300000);
}

static void json_space(struct buf *out)
{
	repeat(out, "                ", 34 * MIB / 16);
}

/* --- what no limit stops must be quick all the same --- */

static void long_line(struct buf *out)
{
	buf_add_string(out, "[1");
	repeat(out, ",\"\xc3\xa9\"", 400000);
	buf_add_string(out, "]");
}

static void long_number(struct buf *out)
{
	repeat(out, "1234567890123456", 3 * MIB / 16);
}

static void only_newlines(struct buf *out)
{
	repeat(out, "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 3 * MIB / 16);
}

static void unclosed_quote(struct buf *out)
{
	buf_add_string(out, "a: '");
	repeat(out, "xxxxxxxxxxxxxxx\n", 3 * MIB / 16);
}

static void open_actions(struct buf *out)
{
	repeat(out, "{{\n", 1000000);
}

static void long_keys(struct buf *out)
{
	for (int i = 0; i < 9; i++) {
		buf_add_string(out, "? ");
		repeat(out, "kkkkkkkkkkkkkkkk", 20000);
		buf_addf(out, "%d\n: 1\n", i);
	}
}

static void long_yaml_line(struct buf *out)
{
	buf_add_string(out, "[1");
	repeat(out, ", \xc3\xa9", 190000);
	buf_add_string(out, "]");
}

static void long_yaml_keys_line(struct buf *out)
{
	buf_add_string(out, "{");
	numbered(out, "\xc3\xa9", ": \"\\xe9\", ", 60000);
	buf_add_string(out, "}");
}

static void escapes(struct buf *out)
{
	buf_add_string(out, "a: \"");
	repeat(out, "\\U0001F600\\n\\t\\\\", 200000);
	buf_add_string(out, "\"");
}

static void folded_quotes(struct buf *out)
{
	buf_add_string(out, "a: '");
	repeat(out, " x ''\n\n", 500000);
	buf_add_string(out, "'");
}

static void white_quotes(struct buf *out)
{
	buf_add_string(out, "a: \"");
	repeat(out, "                \n", 200000);
	buf_add_string(out, " \"");
}

static void literal_lines(struct buf *out)
{
	buf_add_string(out, "a: |\n");
	repeat(out, "  x\n", 900000);
}

static void folded_lines(struct buf *out)
{
	buf_add_string(out, "a: >+\n");
	repeat(out, "  x\n\n   y\n", 400000);
}

static void empty_block_lines(struct buf *out)
{
	buf_add_string(out, "a: |+\n");
	repeat(out, "\n", 4000000);
}

static void many_empty_blocks(struct buf *out)
{
	for (int i = 0; i < 60000; i++)
		buf_addf(out, "k%d: |\n\n\n\n\n", i);
}

static void plain_lines(struct buf *out)
{
	repeat(out, "word word\n\n", 300000);
}

static void comments(struct buf *out)
{
	repeat(out, "# x\n", 900000);
	buf_add_string(out, "a: 1\n");
}

static void comments_in_brackets(struct buf *out)
{
	buf_add_string(out, "[");
	repeat(out, "# x\n ", 600000);
	buf_add_string(out, "]");
}

static void wide_indentation(struct buf *out)
{
	for (int i = 0; i < 60; i++)
		buf_addf(out, "%*sk:\n", i * 1000, "");
}

static void wide_lines(struct buf *out)
{
	for (int i = 0; i < 400; i++)
		buf_addf(out, "- %*s\n", 9000, "x");
}

static void white_before_colons(struct buf *out)
{
	buf_add_string(out, "[");
	for (int i = 0; i < 400; i++)
		buf_addf(out, "a%9000s: b,\n ", "");
	buf_add_string(out, "]");
}

static void tags(struct buf *out)
{
	repeat(out, "- !Ref x\n", 190000);
}

static void percent_tags(struct buf *out)
{
	repeat(out, "- !a%41%42%43 x\n", 90000);
}

static void unclosed_tag(struct buf *out)
{
	buf_add_string(out, "!<");
	repeat(out, "a,", 2000000);
}

static void long_anchor(struct buf *out)
{
	buf_add_string(out, "&");
	repeat(out, "aaaaaaaaaaaaaaaa", 200000);
	buf_add_string(out, " x\n");
}

static void anchor_names(struct buf *out)
{
	for (int i = 0; i < 9000; i++)
		buf_addf(out, "- &%0300d x\n", i);
}

static void doubts(struct buf *out)
{
	repeat(out, "- 1_0\n- no\n- 010\n- 12:30\n", 45000);
}

static void long_number_in_base(struct buf *out)
{
	buf_add_string(out, "0x");
	repeat(out, "0000000000000000", 200000);
	buf_add_string(out, "1");
}

static void long_fraction(struct buf *out)
{
	buf_add_string(out, "[");
	for (int i = 0; i < 300; i++)
		buf_addf(out, "+0%010000d.5e-99999999999999999999, ", 7);
	buf_add_string(out, "]");
}

static void zero_documents(struct buf *out)
{
	repeat(out, "...\n", 900000);
}

static void directives(struct buf *out)
{
	repeat(out, "%X y\n", 700000);
	buf_add_string(out, "---\n");
}

static void json_strings(struct buf *out)
{
	buf_add_string(out, "\"");
	repeat(out, "\\ud83d\\ude00\\n", 1000000);
	buf_add_string(out, "\"");
}

static void wide_characters(struct buf *out, const char *mark, size_t mark_length,
			    const char *each, size_t each_length)
{
	buf_add(out, mark, mark_length);
	for (size_t i = 0; i < MIB; i++)
		buf_add(out, each, each_length);
}

static void utf16(struct buf *out)
{
	wide_characters(out, "\xff\xfe", 2, "a\0", 2);
}

static void utf16_big_endian(struct buf *out)
{
	wide_characters(out, "\xfe\xff", 2, "\0[", 2);
}

static void utf32(struct buf *out)
{
	wide_characters(out, "\xff\xfe\0\0", 4, "[\0\0\0", 4);
}

static void many_marks(struct buf *out)
{
	repeat(out, "\xef\xbb\xbf", MIB);
}

static void alias_within_itself(struct buf *out)
{
	repeat(out, "&a [*a, ", 60);
	repeat(out, "]", 60);
}

static void anchors_again(struct buf *out)
{
	buf_add_string(out, "- &a [x]\n");
	repeat(out, "- &b [*a, *a]\n- &a [*b, *b]\n", 20);
}

static void merged_lists(struct buf *out)
{
	buf_add_string(out, "- &a {");
	numbered(out, "k", ": 1, ", 100);
	buf_add_string(out, "}\n- <<: [");
	repeat(out, "*a, ", 10000);
	buf_add_string(out, "]\n");
}

static void duplicate_keys(struct buf *out)
{
	buf_add_string(out, "{");
	numbered(out, "k", ": 1, ", 100000);
	buf_add_string(out, "k0: 1}");
}

static const struct bomb {
	const char *name;
	enum doc_format format;
	void (*build)(struct buf *out);
	const char *limit; /* NULL: it is read, or refused for another reason */
} bombs[] = {
	{ "nested brackets", DOC_YAML, flow_sequences, "yaml.depth (64)" },
	{ "nested brackets on lines", DOC_YAML, flow_sequences_on_lines, "yaml.depth" },
	{ "nested braces", DOC_YAML, flow_mappings, "yaml.depth" },
	{ "nested dashes", DOC_YAML, block_sequences, "yaml.depth" },
	{ "nested indentation", DOC_YAML, block_mappings, "yaml.depth" },
	{ "nested question marks", DOC_YAML, explicit_keys, "yaml.depth" },
	{ "many items", DOC_YAML, many_items, "yaml.nodes (350000)" },
	{ "many items in brackets", DOC_YAML, many_flow_items, "yaml.nodes" },
	{ "many keys", DOC_YAML, many_keys, "yaml.nodes" },
	{ "many anchors", DOC_YAML, many_anchors, "yaml.anchors (10000)" },
	{ "billion laughs", DOC_YAML, billion_laughs, "yaml.alias_nodes (10000)" },
	{ "large alias, many times", DOC_YAML, quadratic_aliases, "yaml.alias_nodes" },
	{ "small alias, many times", DOC_YAML, scalar_aliases, "yaml.alias_nodes" },
	{ "merge keys", DOC_YAML, merged_mappings, "yaml.alias_nodes" },
	{ "depth by aliases", DOC_YAML, deep_aliases, "yaml.depth" },
	{ "large scalar", DOC_YAML, large_scalar, "yaml.doc_bytes (4194304)" },
	{ "large comment", DOC_YAML, large_comment, "yaml.doc_bytes" },
	{ "large second document", DOC_YAML, large_second_document, "yaml.doc_bytes" },
	{ "many documents", DOC_YAML, many_documents, "yaml.docs (1000)" },
	{ "many %TAG", DOC_YAML, many_tag_directives, "yaml.tag_directives (32)" },
	{ "long %TAG", DOC_YAML, long_tag_directive, "yaml.tag_bytes (256)" },
	{ "long tag", DOC_YAML, long_tag, "yaml.tag_bytes" },
	{ "JSON arrays", DOC_JSON, json_arrays, "json.depth (64)" },
	{ "JSON objects", DOC_JSON, json_objects, "json.depth" },
	{ "JSON items", DOC_JSON, json_items, "json.nodes (500000)" },
	{ "JSON keys", DOC_JSON, json_keys, "json.nodes" },
	{ "JSON space", DOC_JSON, json_space, "json.doc_bytes (33554432)" },
	{ "one long line", DOC_JSON, long_line, NULL },
	{ "a long number", DOC_YAML, long_number, NULL },
	{ "a long JSON number", DOC_JSON, long_number, NULL },
	{ "only newlines", DOC_YAML, only_newlines, NULL },
	{ "an unclosed quote", DOC_YAML, unclosed_quote, NULL },
	{ "open template actions", DOC_YAML, open_actions, NULL },
	{ "long keys", DOC_YAML, long_keys, NULL },
	{ "one long line of YAML", DOC_YAML, long_yaml_line, NULL },
	{ "one long line of pairs", DOC_YAML, long_yaml_keys_line, NULL },
	{ "escapes", DOC_YAML, escapes, NULL },
	{ "lines in quotes", DOC_YAML, folded_quotes, NULL },
	{ "white space in quotes", DOC_YAML, white_quotes, NULL },
	{ "lines behind '|'", DOC_YAML, literal_lines, NULL },
	{ "lines behind '>'", DOC_YAML, folded_lines, NULL },
	{ "empty lines behind '|'", DOC_YAML, empty_block_lines, NULL },
	{ "many empty texts", DOC_YAML, many_empty_blocks, NULL },
	{ "lines of a plain value", DOC_YAML, plain_lines, NULL },
	{ "comments", DOC_YAML, comments, NULL },
	{ "comments in brackets", DOC_YAML, comments_in_brackets, NULL },
	{ "wide indentation", DOC_YAML, wide_indentation, NULL },
	{ "wide lines", DOC_YAML, wide_lines, NULL },
	{ "white space before colons", DOC_YAML, white_before_colons, NULL },
	{ "tags", DOC_YAML, tags, NULL },
	{ "tags with %NN", DOC_YAML, percent_tags, NULL },
	{ "an unclosed tag", DOC_YAML, unclosed_tag, NULL },
	{ "a long anchor", DOC_YAML, long_anchor, NULL },
	{ "names of anchors", DOC_YAML, anchor_names, NULL },
	{ "values in doubt", DOC_KUBERNETES, doubts, NULL },
	{ "a long hexadecimal number", DOC_KUBERNETES, long_number_in_base, NULL },
	{ "long fractions", DOC_KUBERNETES, long_fraction, NULL },
	{ "ends without documents", DOC_YAML, zero_documents, NULL },
	{ "reserved directives", DOC_YAML, directives, NULL },
	{ "JSON escapes", DOC_JSON, json_strings, NULL },
	{ "UTF-16", DOC_YAML, utf16, NULL },
	{ "UTF-16, the other way", DOC_YAML, utf16_big_endian, NULL },
	{ "UTF-32", DOC_YAML, utf32, NULL },
	{ "many byte order marks", DOC_YAML, many_marks, NULL },
	{ "an alias within itself", DOC_YAML, alias_within_itself, NULL },
	{ "the same anchor again", DOC_YAML, anchors_again, "yaml.alias_nodes" },
	{ "long lists of merge keys", DOC_YAML, merged_lists, "yaml.alias_nodes" },
	{ "a duplicate among many keys", DOC_YAML, duplicate_keys, NULL },
};

/* The best of three: caches and the machine's other work are not meant. */
static void explode(const struct bomb *bomb, const struct buf *text)
{
	double best = 1e9;
	size_t memory = 0;
	for (int i = 0; i < TRIES && best > MILLISECONDS * SLOWER; i++) {
		size_t before = peak_begin();
		double start = milliseconds();
		struct try try = try_bytes(bomb->format, text->data, text->length);
		doc_looks_like_template(text->data, text->length);
		double took = milliseconds() - start;
		memory = peak_since(before);
		best = took < best ? took : best;
		if (bomb->limit != NULL) {
			ck_assert_msg(try.status == ERROR_LIMIT, "%s: %d %s",
				      bomb->name, try.status, try.problem.message);
			ck_assert_msg(strstr(try.problem.message, bomb->limit) != NULL,
				      "%s: %s", bomb->name, try.problem.message);
			ck_assert_uint_gt(try.problem.line, 0);
		}
		try_end(&try);
	}
	ck_assert_msg(in_time(best, MILLISECONDS), "%s took %.1f ms", bomb->name, best);
	/* Sanitizers hold what was freed. */
	ck_assert_msg(SLOWER > 1 || memory <= 64 * MIB, "%s took %zu KiB", bomb->name,
		      memory / 1024);
}

START_TEST(bombs_are_stopped_in_time_by_a_named_limit)
{
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		struct buf text = BUF_INIT(64 * MIB);
		bombs[i].build(&text);
		ck_assert_int_eq(text.failed, 0);
		explode(&bombs[i], &text);
		buf_release(&text);
	}
}
END_TEST

START_TEST(what_stays_within_the_limits_is_read)
{
	static const struct {
		const char *open;
		const char *close;
		enum doc_format format;
	} rows[] = { { "[", "]", DOC_YAML },
		     { "{a: ", "}", DOC_YAML },
		     { "[", "]", DOC_JSON } };
	for (size_t i = 0; i < 3; i++) {
		struct buf text = BUF_INIT(MIB);
		repeat(&text, rows[i].open, 64);
		buf_add_string(&text, "1");
		repeat(&text, rows[i].close, 64);
		struct try try = try_bytes(rows[i].format, text.data, text.length);
		ck_assert_msg(try.status == 0, "%s", try.problem.message);
		try_end(&try);
		buf_release(&text);
	}
}
END_TEST

START_TEST(running_out_of_arena_is_an_error)
{
	struct arena *arena = arena_new(10000);
	struct docs docs = { 0 };
	struct doc_problem problem;
	struct buf text = BUF_INIT(MIB);
	repeat(&text, "- a\n", 10000);
	ck_assert_int_eq(docs_parse(&docs, arena, DOC_YAML, text.data, text.length,
				    &limits_default, &problem),
			 ERROR_MEMORY);
	ck_assert_ptr_null(docs.roots);
	ck_assert_int_eq(problem.code, ERROR_MEMORY);
	buf_release(&text);
	arena_free(arena);
}
END_TEST

START_TEST(the_largest_manifest_fits_64_mib)
{
	struct buf text = BUF_INIT(4 * MIB);
	buf_add_string(&text, "items:\n");
	for (int i = 0; i < 38000; i++)
		buf_addf(&text, "- {name: a%06d, '%06d': \"%077d\"}\n", i, i, i);
	ck_assert_uint_gt(text.length, 4 * MIB - MIB / 8);
	struct try try = try_bytes(DOC_KUBERNETES, text.data, text.length);
	ck_assert_msg(try.status == 0, "%s", try.problem.message);
	ck_assert_uint_lt(arena_used(try.arena) + text.length, 40 * MIB);
	try_end(&try);
	buf_release(&text);
}
END_TEST

UNIT_MAIN("doc", bombs_are_stopped_in_time_by_a_named_limit,
	  what_stays_within_the_limits_is_read, the_largest_manifest_fits_64_mib,
	  running_out_of_arena_is_an_error)
