/* tests/fuzz/fuzz_schema.c - a YAML stream: its first document is a schema, the others
 * are validated by it. Deciding and explaining must agree. */
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "doc/schema.h"
#include "doc_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problem(void *data, const struct schema_problem *problem)
{
	size_t *count = data;
	const char *mend = schema_problem_mend(problem);
	doc_promise(mend == NULL || mend[0] != '\0');
	doc_promise(problem->message[0] != '\0');
	doc_promise(problem->line > 0 && problem->column > 0);
	doc_promise(problem->node != NULL && problem->keyword != NULL);
	for (const char *at = problem->message; *at != '\0'; at++)
		doc_promise((unsigned char)*at >= 0x20 && *at != 0x7f);
	(*count)++;
}

static void validate(const struct schema *schema, const struct node *root,
		     const struct limits *limits)
{
	size_t count = 0;
	struct schema_sink sink = { check_problem, &count, 5 };
	int quick = schema_validate(schema, root, limits, NULL, NULL);
	int thorough = schema_validate(schema, root, limits, &sink, NULL);
	doc_promise(count <= 5);
	doc_promise(quick <= 1 && thorough <= 1);
	doc_promise(thorough < 0 || (thorough == 0) == (count > 0));
	if (quick == 1)
		doc_promise(thorough == 1);
	else
		doc_promise(thorough != 1);
	doc_promise(thorough != ERROR_INTERNAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)64 << 20);
	struct docs docs = { 0 };
	struct doc_problem problem;
	struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	struct limits limits = limits_default;
	struct schema_options options = { .assert_formats = size % 2 == 0 };
	limits.values[LIMIT_SCHEMA_STEPS] = 20000;
	int status = docs_parse(&docs, arena, DOC_YAML, (const char *)data, size,
				&limits, &problem);
	if (status == 0 && docs.count > 0)
		status = schema_compile(&schema, "fuzz", docs.roots[0], &options, &err);
	doc_promise((err.code != 0) == (docs.count > 0 && status != 0));
	for (size_t i = 1; schema != NULL && i < docs.count; i++)
		validate(schema, docs.roots[i], &limits);
	schema_free(schema);
	arena_free(arena);
	return 0;
}
