/* tests/fuzz/fuzz_push_certificate.c - a push certificate: refused, or split into parts
 * that lie within it and are the whole of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "repo/push_certificate.h"

#define ROOM ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_that(bool holds)
{
	if (!holds)
		abort();
}

static bool lies_within(struct span part, struct span whole)
{
	return part.length == 0 ||
	       (part.bytes >= whole.bytes &&
		part.bytes + part.length <= whole.bytes + whole.length);
}

/* Its lines, written again, end what was signed. */
static void check_updates(const struct push_certificate *found)
{
	struct buf lines = BUF_INIT(ROOM);
	for (size_t i = 0; i < found->update_count; i++) {
		buf_addf(&lines, "%s ", oid_text(&found->updates[i].old_id));
		buf_addf(&lines, "%s %s\n", oid_text(&found->updates[i].new_id),
			 found->updates[i].ref);
	}
	assert_that(found->update_count > 0 && lines.failed == 0);
	assert_that(lines.length < found->payload.length &&
		    memcmp(found->payload.bytes + found->payload.length - lines.length,
			   lines.data, lines.length) == 0);
	buf_release(&lines);
}

static void check(const char *text, size_t length, size_t hash_bytes)
{
	struct arena *arena = arena_new(ROOM);
	struct push_certificate found;
	if (arena != NULL &&
	    push_certificate_split(&found, arena, text, length, hash_bytes,
				   &limits_default, NULL) == 0) {
		assert_that(memchr(text, '\0', length) == NULL);
		assert_that(found.payload.bytes == text);
		assert_that(found.signature.bytes == text + found.payload.length);
		assert_that(found.payload.length + found.signature.length == length);
		assert_that(found.pusher.length > 0 && found.seconds >= 0);
		assert_that(lies_within(found.pusher, found.payload));
		assert_that(lies_within(found.pushee, found.payload));
		assert_that(lies_within(found.nonce, found.payload));
		for (size_t i = 0; i < found.option_count; i++)
			assert_that(lies_within(found.options[i], found.payload));
		check_updates(&found);
	}
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	check(text, size, 20);
	check(text, size, 32);
	free(text);
	return 0;
}
