/* tests/fuzz/fuzz_commit.c - a raw commit: refused, or split into parts that lie within
 * it; what was signed, read again, is the same commit without a signature. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "repo/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_that(bool holds)
{
	if (!holds)
		abort();
}

static void within(struct span span, const char *object, size_t length)
{
	assert_that(span.length == 0 ||
		    (span.bytes >= object && span.length <= length &&
		     (size_t)(span.bytes - object) <= length - span.length));
}

static void check_payload(const struct commit_text *text, size_t hash_bytes)
{
	struct buf payload = BUF_INIT((size_t)1 << 30);
	struct commit_text again;
	for (size_t i = 0; i < text->payload_count; i++)
		buf_add(&payload, text->payload[i].bytes, text->payload[i].length);
	assert_that(payload.failed == 0);
	assert_that(commit_split(&again, payload.data, payload.length, hash_bytes,
				 NULL) == 0);
	assert_that(again.signature.length == 0 && again.payload_count == 1);
	assert_that(oid_equal(&again.tree, &text->tree));
	assert_that(again.parent_count == text->parent_count);
	assert_that(again.committer.seconds == text->committer.seconds);
	assert_that(again.message.length == text->message.length);
	buf_release(&payload);
}

static void check(const char *object, size_t length, size_t hash_bytes)
{
	struct commit_text text;
	if (commit_split(&text, object, length, hash_bytes, NULL) != 0)
		return;
	assert_that(memchr(object, '\0', length) == NULL);
	within(text.author.name, object, length);
	within(text.author.email, object, length);
	within(text.committer.name, object, length);
	within(text.committer.email, object, length);
	within(text.encoding, object, length);
	within(text.message, object, length);
	within(text.signature, object, length);
	check_payload(&text, hash_bytes);
	if (text.signature.length != 0) {
		size_t unfolded;
		struct arena *arena = arena_new((size_t)1 << 30);
		char *armor = signature_unfold(arena, text.signature, &unfolded);
		assert_that(armor != NULL && unfolded > 0 &&
			    armor[unfolded - 1] == '\n' && strlen(armor) == unfolded);
		arena_free(arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check((const char *)data, size, 20);
	check((const char *)data, size, 32);
	return 0;
}
