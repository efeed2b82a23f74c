/* tests/fuzz/fuzz_yaml.c - any bytes as YAML: a tree that keeps its promises, or a
 * problem. */
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "doc_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is written as JSON is the same tree again. */
static void write_and_read(struct arena *arena, const struct node *root)
{
	struct error err = ERROR_INIT;
	struct buf json = BUF_INIT((size_t)64 << 20);
	struct docs docs = { 0 };
	struct doc_problem problem;
	if (doc_write_json(&json, root, &err) == 0) {
		doc_promise(json.failed == 0);
		int status = docs_parse(&docs, arena, DOC_JSON, json.data, json.length,
					&limits_default, &problem);
		doc_promise(status == 0 && node_equal(docs.roots[0], root));
	}
	buf_release(&json);
}

static void read_as(enum doc_format format, const char *text, size_t size)
{
	struct arena *arena = arena_new((size_t)256 << 20);
	struct docs docs = { 0 };
	struct doc_problem problem;
	int status =
		docs_parse(&docs, arena, format, text, size, &limits_default, &problem);
	if (status != 0)
		doc_check_problem(&problem, status);
	doc_promise(docs.note_count <= DOC_NOTES);
	for (size_t i = 0; status == 0 && i < docs.count; i++) {
		size_t count = doc_walk(docs.roots[i], 0);
		doc_promise(count <=
			    limits_default.values[LIMIT_YAML_NODES] +
				    limits_default.values[LIMIT_YAML_ALIAS_NODES]);
		write_and_read(arena, docs.roots[i]);
	}
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	doc_looks_like_template((const char *)data, size);
	read_as(DOC_YAML, (const char *)data, size);
	read_as(DOC_KUBERNETES, (const char *)data, size);
	return 0;
}
