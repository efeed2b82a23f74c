/* tests/fuzz/fuzz_yaml_twin.c - any bytes as YAML: what we and libyaml both accept,
 * both read in the same way. */
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doc_walk.h"
#include "yaml_twin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(struct arena *arena, const struct buf *text)
{
	struct docs ours = { 0 };
	struct docs theirs = { 0 };
	struct doc_problem problem = { 0 };
	char why[100];
	if (docs_parse(&ours, arena, DOC_YAML, text->data, text->length,
		       &limits_default, &problem) != 0 ||
	    twin_parse(&theirs, arena, text->data, text->length, &problem) != 0)
		return;
	bool same = twin_equal(&ours, &theirs, why, sizeof(why));
	if (!same)
		fprintf(stderr, "%s\n", why);
	doc_promise(same);
}

/* libyaml adds no line break where the file ends without one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)256 << 20);
	struct buf text = BUF_INIT(size + 1);
	buf_add(&text, data, size);
	buf_add_byte(&text, '\n');
	compare(arena, &text);
	buf_release(&text);
	arena_free(arena);
	return 0;
}
