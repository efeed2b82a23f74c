/* tests/fuzz/fuzz_rekor_reply.c - any bytes as what a Rekor log answers: what is taken
 * of it can be read back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "job/rekor_reply.h"
#include "trust/rekor_entry.h"

#define MEMORY_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(const struct buf *stored)
{
	struct wire wire = { (const unsigned char *)stored->data, stored->length };
	struct wire_string bytes;
	if (!rekor_stored_next(&wire, &bytes) || wire.left != 0)
		abort();
}

static void read_names(const struct node *root)
{
	for (size_t i = 0; i < node_count(root); i++) {
		const char *name = rekor_reply_name(node_item(root, i));
		if (name != NULL && strpbrk(name, "/.?#% \n") != NULL)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(MEMORY_BYTES);
	struct buf stored = BUF_INIT(MEMORY_BYTES);
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	if (docs_parse(&docs, arena, DOC_JSON, (const char *)data, size,
		       &limits_default, &problem) == 0 &&
	    docs.count == 1) {
		if (rekor_reply_entry(arena, docs.roots[0], &stored))
			read_back(&stored);
		else if (stored.length != 0)
			abort();
		read_names(docs.roots[0]);
	}
	buf_release(&stored);
	arena_free(arena);
	return 0;
}
