/* tests/fuzz/fuzz_yaml.c - any bytes as YAML: a tree that keeps its promises, or a
 * problem. */
#include <stdint.h>

#include "base/arena.h"
#include "doc_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)256 << 20);
	struct docs docs = { 0 };
	struct doc_problem problem;
	int status = docs_parse(&docs, arena, DOC_YAML, (const char *)data, size,
				&limits_default, &problem);
	doc_looks_like_template((const char *)data, size);
	if (status != 0)
		doc_check_problem(&problem, status);
	for (size_t i = 0; status == 0 && i < docs.count; i++) {
		size_t count = doc_walk(docs.roots[i], 0);
		doc_promise(count <=
			    limits_default.values[LIMIT_YAML_NODES] +
				    limits_default.values[LIMIT_YAML_ALIAS_NODES]);
	}
	arena_free(arena);
	return 0;
}
