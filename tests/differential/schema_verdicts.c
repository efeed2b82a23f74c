/* tests/differential/schema_verdicts.c - what we say to documents, for comparing.
 *
 * usage: schema_verdicts DEFINITIONS < CASES: each line is {"entry": name of a
 * definition | "schema": ..., "document": ...}; prints for each 1, 0, "refused" (the
 * schema) or "failed". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "doc/doc.h"
#include "doc/schema.h"

#define MEMORY ((size_t)1 << 30)

static void fail(const char *what)
{
	fprintf(stderr, "schema_verdicts: %s\n", what);
	exit(EXIT_FAILURE);
}

static const struct node *parse(struct arena *arena, const char *text, size_t length)
{
	struct docs docs;
	struct doc_problem problem;
	if (docs_parse(&docs, arena, DOC_JSON_ANY_TEXT, text, length, NULL, &problem) !=
	    0)
		fail(problem.message);
	return docs.roots[0];
}

static struct schema *compile_definitions(struct arena *arena, const char *path)
{
	struct buf text = BUF_INIT(MEMORY);
	struct error err = ERROR_INIT;
	struct schema *schema = NULL;
	if (buf_read_file(&text, path, &err) != 0)
		fail(err.text);
	const struct node *root = parse(arena, text.data, text.length);
	const struct node *definitions = node_get(root, "definitions");
	size_t count = node_count(definitions);
	struct schema_entry *entries = arena_array(arena, count, sizeof(*entries));
	for (size_t i = 0; i < count; i++) {
		const char *name = node_text(node_key(definitions, i), NULL);
		entries[i] = (struct schema_entry){
			name, arena_printf(arena, "#/definitions/%s", name)
		};
	}
	struct schema_options options = { .entries = entries, .entry_count = count };
	if (schema_compile(&schema, path, root, &options, &err) != 0)
		fail(err.text);
	buf_release(&text);
	return schema;
}

static void count_problem(void *data, const struct schema_problem *problem)
{
	size_t *count = data;
	(void)problem;
	(*count)++;
}

/* Whether problems are wanted or not, the verdict is the same, and fits them. */
static void print_verdict(int result, int with_problems, size_t problems)
{
	if (result != with_problems || (result == 1) != (problems == 0))
		fail("a verdict and its problems differ");
	puts(result == 1 ? "1" : result == 0 ? "0" : "failed");
}

static void judge(const struct schema *definitions, const struct node *line)
{
	const struct node *document = node_get(line, "document");
	const struct node *inline_schema = node_get(line, "schema");
	size_t problems = 0;
	const struct schema_sink sink = { count_problem, &problems, 0 };
	uint32_t entry = 0;
	if (inline_schema == NULL) {
		const char *name = node_text(node_get(line, "entry"), NULL);
		if (!schema_find(definitions, name, &entry))
			fail(name);
		int result = schema_validate_entry(definitions, entry, document, NULL,
						   NULL, NULL);
		int again = schema_validate_entry(definitions, entry, document, NULL,
						  &sink, NULL);
		print_verdict(result, again, problems);
		return;
	}
	struct schema *schema = NULL;
	if (schema_compile(&schema, "case", inline_schema, NULL, NULL) != 0) {
		puts("refused");
		return;
	}
	int result = schema_validate(schema, document, NULL, NULL, NULL);
	int again = schema_validate(schema, document, NULL, &sink, NULL);
	print_verdict(result, again, problems);
	schema_free(schema);
}

int main(int count, char **arguments)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	if (count != 2)
		fail("usage: schema_verdicts DEFINITIONS < CASES");
	struct arena *arena = arena_new(MEMORY);
	struct schema *definitions = compile_definitions(arena, arguments[1]);
	while ((length = getline(&line, &size, stdin)) > 0) {
		struct arena *scratch = arena_new(MEMORY);
		judge(definitions, parse(scratch, line, (size_t)length));
		arena_free(scratch);
	}
	free(line);
	schema_free(definitions);
	arena_free(arena);
	return EXIT_SUCCESS;
}
