/* tests/fuzz/fuzz_json.c - any bytes as JSON: a tree that keeps its promises, or a
 * problem. What JSON accepts, YAML reads as the same value, but for what YAML forbids.
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "doc_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)256 << 20);
	struct docs docs = { 0 };
	struct doc_problem problem;
	int status = docs_parse(&docs, arena, DOC_JSON, (const char *)data, size,
				&limits_default, &problem);
	if (status != 0) {
		doc_check_problem(&problem, status);
	} else {
		doc_promise(docs.count == 1);
		doc_walk(docs.roots[0], 0);
		doc_promise(node_equal(docs.roots[0], docs.roots[0]));
	}
	arena_free(arena);
	return 0;
}
