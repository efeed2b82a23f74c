/* tests/fuzz/fuzz_message.c - the payload of a frame: refused, or it has exactly one
 * encoding; JSON can be made of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "ipc/message.h"

#define ARENA_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_json(enum message_type type, const void *message)
{
	struct buf text = BUF_INIT(ARENA_BYTES);
	struct json json;
	json_begin(&json, &text);
	json_object(&json);
	message_json(&json, type, message);
	json_object_end(&json);
	if (text.failed != 0)
		abort();
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	enum message_type type;
	void *message;
	if (message_decode(data, size, arena, &type, &message, NULL) == 0) {
		struct buf frame = BUF_INIT(ARENA_BYTES);
		if (message_encode(&frame, type, message, NULL) != 0 ||
		    frame.length != size + 4 || memcmp(frame.data + 4, data, size) != 0)
			abort();
		buf_release(&frame);
		write_json(type, message);
	}
	arena_free(arena);
	return 0;
}
