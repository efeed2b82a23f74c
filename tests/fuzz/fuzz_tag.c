/* tests/fuzz/fuzz_tag.c - a raw tag: refused, or split into parts that lie within it;
 * what was signed, read again, is the same tag without a signature. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repo/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_that(bool holds)
{
	if (!holds)
		abort();
}

static void check_payload(const struct tag_text *text, size_t hash_bytes)
{
	struct buf payload = BUF_INIT((size_t)1 << 30);
	struct tag_text again;
	for (size_t i = 0; i < text->payload_count; i++)
		buf_add(&payload, text->payload[i].bytes, text->payload[i].length);
	assert_that(payload.failed == 0);
	assert_that(tag_split(&again, payload.data, payload.length, hash_bytes, NULL) ==
		    0);
	assert_that(again.signature.length == 0 && again.payload_count == 1);
	assert_that(oid_equal(&again.target, &text->target));
	assert_that(again.tagger.seconds == text->tagger.seconds);
	assert_that(again.message.length == text->message.length);
	buf_release(&payload);
}

static void check(const char *object, size_t length, size_t hash_bytes)
{
	struct tag_text text;
	if (tag_split(&text, object, length, hash_bytes, NULL) != 0)
		return;
	assert_that(memchr(object, '\0', length) == NULL);
	assert_that(text.message.bytes + text.message.length + text.signature.length ==
		    object + length);
	assert_that(text.name.length != 0);
	check_payload(&text, hash_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check((const char *)data, size, 20);
	check((const char *)data, size, 32);
	return 0;
}
