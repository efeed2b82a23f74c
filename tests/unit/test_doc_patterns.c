/* tests/unit/test_doc_patterns.c - hostile patterns and texts in documents: each ends
 * soon, by an answer or by the limit's name. And many that are slow together. */
#include <stdio.h>
#include <stdlib.h>

#include "doc/schema.h"
#include "doc_try.h"
#include "hostile.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define TEXT_BYTES  50000

#define MILLISECONDS 50

static const char *const patterns[] = {
	"^(a+)+$",
	"^(a*)*$",
	"^(a|a)*$",
	"^(a|aa)+$",
	"^(a|a?)+$",
	"(a*)*b",
	"(a+)+b",
	"^((a+)+)+$",
	"^(a+a+)+$",
	"^(a*a*)*b$",
	"^([a-z]+)*$",
	"^(\\w+\\s?)*$",
	"^(\\w*)*\\d$",
	"^(.*)*$",
	"^(.*a){20}$",
	"^(.*?a){20}b$",
	"(x+x+)+y",
	"^(([a-z])+.)+[A-Z]([a-z])+$",
	"(.*)(.*)(.*)(.*)(.*)b",
	"a*a*a*a*a*a*a*a*b",
	"(a?){50}a{50}",
	"^(a{1,100}){1,100}$",
	"(a{0,50}){0,50}b",
	"(?=(a+)+$)b",
	"(?!(a+)+b)a",
	"^(?=.*a)(?=.*aa)(?=.*aaa).*b$",
	"(?<=a)(a+)+b",
	"^(a+)\\1+b$",
	"^(.+)\\1\\1$",
	"^(aa|aab|a)*$",
	"^(a|b|ab)*c$",
	"((a|b)*)*c",
	"^(a?b?)*c$",
	"^(\\s*a\\s*)*$",
	"[^b]*[^b]*[^b]*b",
	"^([^,]*,?)*;$",
	"^(?:a|a|a|a)*b$",
	"^(?:(?:a+)?)*b$",
	"(a+|b+|c+)*d",
	"^(\\d+|\\w+)*!$",
	"(\\p{L}+)*1",
	"^(\\p{L}|\\w)*1$",
	"(?:[a-zA-Z]+)+@",
	"^([a-z0-9]+[-._]?)+@$",
	"(.+)+x(.+)+y",
	"^(a(b(a)?)?)*c$",
	"(((((a+)+)+)+)+)+b",
	"^a(.*a)+b$",
	"(a.*){15}b",
	"^(?:a?a?a?a?a?a?a?a?)*b$",
	"(?:a*)*(?:a*)*b",
	"^(?:.|a)*b$",
	/* What makes many states, or many of them at a time. */
	"((a{1,50}){1,50}){1,5}$",
	"(?:a?){15}[bc]",
	"(?:a?){1000}[bc]",
	"a.{0,900}[bc]",
	"(a|b)*a(a|b){20}c",
	"(a|b)*a(a|b){12}",
	"[^b]{1000}b",
	"(.{1,200}){1,50}$",
	"(?:(?:(?:a?){20}){20}){5}b",
	"(((((a{0,9}){0,9}){0,9}){0,9}))b",
	"((((((((((a{2}){2}){2}){2}){2}){2}){2}){2}){2}){2})b",
	/* Looking around, everywhere. */
	"(?=.*a.*a.*a.*b)",
	"(?<=(a+)+)b",
	"(?<!a{1,100})b",
	"(?:(?=a*b)a)*c",
	"(?=(?=(?=(?=a*b)a*c)a*d)a*e)",
	"(?:(?!b)(?!c)(?!d)(?!e)a)+$",
	"(?:(?=a)|(?=b)|(?=c)|(?=d)|(?=e))*$",
	"\\b(\\w+\\b)*$",
	/* What comes back to what it found: tried one after the other. */
	"(a*)*\\1b",
	"(a{1,20}){1,20}\\1$",
	"(a*)(a*)(a*)\\3\\2\\1b",
	"(?=(a+)+)\\1b",
	"(?<x>a+)+\\k<x>b",
	"((a)|(b)|\\1\\2)*c",
	"(.*)(.*)(.*)\\1[bc]",
	"(.+)\\1[bc]",
	"(?:(a)?\\1?){30}[bc]",
	"(?:a?){15}(?:(b)\\1)?[bc]",
	"a++a++a++b",
	"(a++|a?)*+b",
	/* What PCRE2 takes because we do not: many lookarounds, properties, flags. */
	"(?=a)(?=a+)(?=a++)(?!a+b)(?!a+c)(?=(a+)+$)d",
	"(\\p{L}|\\p{N}|\\p{P}|\\p{S}|\\p{Z}|\\p{M})+1",
	"(?i)(\u00e9|a+)+b",
};

/* What cannot be compiled for its size, or only just. */
static void nested_repeats(struct buf *out)
{
	buf_add_string(out, "a");
	for (int i = 0; i < 60; i++)
		buf_add_string(out, "{2}");
}

static void nested_groups(struct buf *out)
{
	for (int i = 0; i < 8000; i++)
		buf_add_string(out, "(");
	for (int i = 0; i < 8000; i++)
		buf_add_string(out, ")");
}

static void nested_repeated_groups(struct buf *out)
{
	for (int i = 0; i < 200; i++)
		buf_add_string(out, "(a");
	for (int i = 0; i < 200; i++)
		buf_add_string(out, "){2}");
}

static void large_repeats(struct buf *out)
{
	buf_add_string(out, "(((a{65535}){65535}){65535}){65535}");
}

static void large_repeats_behind_one_another(struct buf *out)
{
	for (int i = 0; i < 1000; i++)
		buf_add_string(out, "[a-c]{1,1000}");
}

static void repeats_of_nothing(struct buf *out)
{
	for (int i = 0; i < 200; i++)
		buf_add_string(out, "(");
	for (int i = 0; i < 200; i++)
		buf_add_string(out, "|){1000}");
}

static void repeats_of_backreferences(struct buf *out)
{
	buf_add_string(out, "(a)(((\\1{1,50}){1,50}){1,50}){1,50}");
}

static void many_alternatives(struct buf *out)
{
	for (int i = 0; i < 2400; i++)
		buf_addf(out, "a%da|", i);
	buf_add_string(out, "b");
}

static void many_equal_alternatives(struct buf *out)
{
	buf_add_string(out, "(");
	for (int i = 0; i < 8000; i++)
		buf_add_string(out, "a|");
	buf_add_string(out, "a)*$");
}

static void many_equal_alternatives_and_back(struct buf *out)
{
	buf_add_string(out, "(");
	for (int i = 0; i < 2000; i++)
		buf_add_string(out, "a|");
	buf_add_string(out, "a)*\\1b");
}

static void large_class(struct buf *out)
{
	buf_add_string(out, "([");
	for (unsigned int c = 0x4e00; c < 0x4e00 + 2 * 4000; c += 2)
		buf_addf(out, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 0x3f),
			 0x80 | (c & 0x3f));
	buf_add_string(out, "]|a)*b");
}

static void many_classes(struct buf *out)
{
	buf_add_string(out, "(");
	for (int i = 0; i < 1800; i++)
		buf_addf(out, "[^%c%c\\W]*", 'A' + i % 26, 'A' + i / 26 % 26);
	buf_add_string(out, ")*b");
}

static void many_optionals(struct buf *out)
{
	for (int i = 0; i < 4000; i++)
		buf_add_string(out, "a?");
	for (int i = 0; i < 4000; i++)
		buf_add_string(out, "a");
}

static void many_lookarounds(struct buf *out)
{
	for (int i = 0; i < 2000; i++)
		buf_add_string(out, "(?=a*b)");
}

static void long_lookbehinds(struct buf *out)
{
	for (int i = 0; i < 60; i++)
		buf_add_string(out, "(?<=a{250})");
	buf_add_string(out, "b");
}

static void nested_lookarounds(struct buf *out)
{
	for (int i = 0; i < 240; i++)
		buf_add_string(out, "(?=a*");
	buf_add_string(out, "b");
	for (int i = 0; i < 240; i++)
		buf_add_string(out, ")");
}

static void long_text(struct buf *out)
{
	for (int i = 0; i < 100000; i++)
		buf_add_string(out, "a");
}

static const struct {
	const char *name;
	void (*build)(struct buf *out);
} large_patterns[] = {
	{ "nested repeats", nested_repeats },
	{ "nested groups", nested_groups },
	{ "nested repeated groups", nested_repeated_groups },
	{ "large repeats", large_repeats },
	{ "large repeats in a row", large_repeats_behind_one_another },
	{ "repeats of nothing", repeats_of_nothing },
	{ "repeats of backreferences", repeats_of_backreferences },
	{ "many alternatives", many_alternatives },
	{ "many equal alternatives", many_equal_alternatives },
	{ "many equal alternatives and back", many_equal_alternatives_and_back },
	{ "a large class", large_class },
	{ "many classes", many_classes },
	{ "many optionals", many_optionals },
	{ "many lookarounds", many_lookarounds },
	{ "long lookbehinds", long_lookbehinds },
	{ "nested lookarounds", nested_lookarounds },
	{ "a long text", long_text },
};

/* ERROR_SCHEMA when it cannot be compiled. */
static int compile(struct schema **out, const char *before, const char *pattern,
		   const char *after, struct error *err)
{
	static char text[200000];
	snprintf(text, sizeof(text), "%s'%s'%s", before, pattern, after);
	struct try document = try_yaml(text);
	ck_assert_msg(document.status == 0, "%.200s", text);
	int status = schema_compile(out, "s", document.root, NULL, err);
	try_end(&document);
	return status;
}

/* A document of letters 'a' and what no pattern wants at its end. */
static struct try letters(size_t count)
{
	char *text = malloc(count + 8);
	ck_assert_ptr_nonnull(text);
	memset(text, 'a', count + 3);
	text[0] = '"';
	memcpy(text + count + 1, "\\n\"", 4);
	struct try document = try_json(text);
	ck_assert_int_eq(document.status, 0);
	free(text);
	return document;
}

/* The best counts, as in test_doc_bombs.c: the machine's other work is not meant. */
static void hold_time(const char *name, double took[TRIES])
{
	double best = took[0];
	for (int i = 1; i < TRIES; i++)
		best = took[i] < best ? took[i] : best;
	ck_assert_msg(in_time(best, MILLISECONDS), "%.60s: %.0f ms", name, best);
}

static void validate_in_time(const char *name, const struct schema *schema,
			     const struct try *document)
{
	double took[TRIES];
	for (int i = 0; i < TRIES; i++) {
		struct error err = ERROR_INIT;
		double start = milliseconds();
		int result = schema_validate(schema, document->root, NULL, NULL, &err);
		took[i] = milliseconds() - start;
		ck_assert_msg(result >= 0 || result == ERROR_LIMIT, "%s: %s", name,
			      err.text);
		ck_assert_msg(result >= 0 || strstr(err.text, "regex.steps") != NULL,
			      "%s: %s", name, err.text);
	}
	hold_time(name, took);
}

static struct schema *compile_in_time(const char *name, const char *pattern,
				      struct error *err)
{
	double took[TRIES];
	struct schema *schema = NULL;
	for (int i = 0; i < TRIES; i++) {
		schema_free(schema);
		schema = NULL;
		error_clear(err);
		double start = milliseconds();
		compile(&schema, "{pattern: ", pattern, "}", err);
		took[i] = milliseconds() - start;
	}
	hold_time(name, took);
	return schema;
}

START_TEST(hostile_patterns_end_soon)
{
	static const size_t lengths[] = { 30, 3000, TEXT_BYTES };
	for (size_t i = 0; i < ROWS(patterns); i++) {
		struct error err = ERROR_INIT;
		struct schema *schema = compile_in_time(patterns[i], patterns[i], &err);
		ck_assert_msg(schema != NULL, "%s: %s", patterns[i], err.text);
		for (size_t k = 0; k < ROWS(lengths); k++) {
			struct try document = letters(lengths[k]);
			validate_in_time(patterns[i], schema, &document);
			try_end(&document);
		}
		schema_free(schema);
	}
}
END_TEST

START_TEST(large_patterns_end_soon)
{
	struct try document = letters(TEXT_BYTES);
	for (size_t i = 0; i < ROWS(large_patterns); i++) {
		struct buf pattern = BUF_INIT((size_t)1 << 20);
		struct error err = ERROR_INIT;
		large_patterns[i].build(&pattern);
		ck_assert_int_eq(pattern.failed, 0);
		struct schema *schema =
			compile_in_time(large_patterns[i].name, pattern.data, &err);
		if (schema != NULL)
			validate_in_time(large_patterns[i].name, schema, &document);
		else
			ck_assert_msg(strstr(err.text, "pattern ") != NULL &&
					      strstr(err.text, "1:") != NULL,
				      "%s: %s", large_patterns[i].name, err.text);
		schema_free(schema);
		buf_release(&pattern);
	}
	try_end(&document);
}
END_TEST

static double validate_many(const char *pattern, int expected, const char *said)
{
	static char text[400000] = "[";
	struct error err = ERROR_INIT;
	struct schema *schema = NULL;
	size_t used = 1;
	for (int i = 0; i < 10000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "\"aaaaaaaaaaaaa%db\",", i);
	snprintf(text + used - 1, sizeof(text) - used, "]");
	compile(&schema, "{items: {pattern: ", pattern, "}}", &err);
	ck_assert_msg(schema != NULL, "%s: %s", pattern, err.text);
	struct try document = try_json(text);
	ck_assert_msg(document.status == 0, "%s", document.problem.message);
	double start = milliseconds();
	int result = schema_validate(schema, document.root, NULL, NULL, &err);
	double took = milliseconds() - start;
	ck_assert_int_eq(result, expected);
	ck_assert_ptr_nonnull(strstr(err.text, said));
	try_end(&document);
	schema_free(schema);
	return took;
}

/* Each search stays below its own limit, but they are many. */
START_TEST(many_slow_searches_end_together)
{
	double took = validate_many("^(?!(a+)+\\1[cd])", ERROR_LIMIT, "schema.steps");
	ck_assert_msg(in_time(took, 20 * MILLISECONDS), "%.0f ms", took);
	took = validate_many("^(?!(a+)+$)", 1, "");
	ck_assert_msg(in_time(took, MILLISECONDS), "%.0f ms", took);
}
END_TEST

/* Each pattern stays below its own limit, but they are many. */
START_TEST(many_large_patterns_are_refused_together)
{
	struct buf text = BUF_INIT((size_t)1 << 20);
	struct error err = ERROR_INIT;
	struct schema *schema = NULL;
	buf_add_string(&text, "{allOf: [");
	for (int i = 0; i < 1000; i++)
		buf_add_string(&text, "{pattern: '(a{1,100}){1,100}'},");
	buf_add_string(&text, "]}");
	struct try document = try_yaml(text.data);
	double start = milliseconds();
	ck_assert_int_eq(schema_compile(&schema, "s", document.root, NULL, &err),
			 ERROR_LIMIT);
	double took = milliseconds() - start;
	ck_assert_msg(in_time(took, 10 * MILLISECONDS), "%.0f ms", took);
	ck_assert_ptr_nonnull(strstr(err.text, "schema.pattern_states"));
	try_end(&document);
	buf_release(&text);
}
END_TEST

UNIT_MAIN("doc", hostile_patterns_end_soon, large_patterns_end_soon,
	  many_slow_searches_end_together, many_large_patterns_are_refused_together)
