/* tests/e2e/doc_to_json.c - what docs_parse() reads, as JSON: for tests that ask other
 * readers.
 *
 * usage: doc_to_json yaml|kubernetes|json [FILE...]
 *
 * A line for each document of each file (or standard input): its JSON; or "refused
 * LINE:COLUMN MESSAGE". Behind each file a line "---". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "doc/doc.h"

#define MEMORY ((size_t)1 << 30)

static void show(const struct node *root)
{
	struct error err = ERROR_INIT;
	struct buf json = BUF_INIT(MEMORY);
	if (doc_write_json(&json, root, &err) == 0)
		puts(json.data);
	else
		printf("refused %s\n", err.text);
	buf_release(&json);
}

static void read_text(enum doc_format format, const struct buf *text)
{
	struct arena *arena = arena_new(MEMORY);
	struct docs docs;
	struct doc_problem problem;
	int status = docs_parse(&docs, arena, format, text->data, text->length,
				&limits_default, &problem);
	if (status != 0)
		printf("refused %u:%u %s\n", problem.line, problem.column,
		       problem.message);
	for (size_t i = 0; status == 0 && i < docs.count; i++)
		show(docs.roots[i]);
	puts("---");
	arena_free(arena);
}

static bool read_file(enum doc_format format, const char *path)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT(MEMORY);
	int status = path == NULL ? buf_read_fd(&text, STDIN_FILENO, &err)
				  : buf_read_file(&text, path, &err);
	if (status == 0)
		read_text(format, &text);
	else
		fprintf(stderr, "%s\n", err.text);
	buf_release(&text);
	return status == 0;
}

int main(int argc, char **argv)
{
	bool well = argc > 1;
	enum doc_format format = DOC_YAML;
	if (well && strcmp(argv[1], "kubernetes") == 0)
		format = DOC_KUBERNETES;
	else if (well && strcmp(argv[1], "json") == 0)
		format = DOC_JSON;
	if (argc == 2)
		well = read_file(format, NULL);
	for (int i = 2; i < argc; i++)
		well = read_file(format, argv[i]) && well;
	return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
