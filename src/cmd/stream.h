/* cmd/stream.h - reads server-sent events from bytes that come in pieces of any size.
 *
 * As the HTML standard says, section 9.2.6, for what a service of ours sends: lines end
 * with LF or CR LF, a line that begins with a colon is a sign of life, unknown fields
 * are skipped. An event without data is none. Bounded: one event has at most
 * STREAM_EVENT_BYTES. */
#ifndef CMD_STREAM_H
#define CMD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct error;

#define STREAM_EVENT_BYTES ((size_t)16 << 20)
#define STREAM_KIND_BYTES  64

struct stream_event {
	const char *kind; /* "message" when none was said */
	const char *data; /* text; lines with LF between */
	size_t length;
};

struct stream {
	struct buf line;
	struct buf data;
	char kind[STREAM_KIND_BYTES];
	bool has_data;
	uint64_t last_id; /* of the newest whole event that had one; 0: none */
	uint64_t next_id;
	/* Non-zero ends the reading. */
	int (*take)(void *owner, const struct stream_event *event, struct error *err);
	void *owner;
};

void stream_init(struct stream *stream,
		 int (*take)(void *owner, const struct stream_event *event,
			     struct error *err),
		 void *owner);
void stream_release(struct stream *stream);
/* A new connection: what had begun is forgotten, `last_id` stays. */
void stream_restart(struct stream *stream);
/* 0, what `take` answered, or ERROR_LIMIT, ERROR_MEMORY. */
int stream_feed(struct stream *stream, const char *bytes, size_t length,
		struct error *err);

#endif
