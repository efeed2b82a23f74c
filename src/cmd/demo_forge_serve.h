/* cmd/demo_forge_serve.h - what the process of the demonstration's forge shares with
 * its API: a request, its reply, and what the forge remembers.
 *
 * Everything is bounded; what is too much is refused, or takes the place of the oldest.
 * Only demo_forge_*.c include it. */
#ifndef CMD_DEMO_FORGE_SERVE_H
#define CMD_DEMO_FORGE_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/oid.h"
#include "cmd/demo_forge.h"

struct json;

#define FORGE_ID_BYTES      65
#define FORGE_STATUSES      256
#define FORGE_PULLS         8 /* merge requests, numbered from 1 */
#define FORGE_COMMENTS      32
#define FORGE_TEXT_BYTES    512
#define FORGE_BODY_BYTES    ((size_t)256 << 10)
#define FORGE_REQUEST_BYTES (FORGE_BODY_BYTES + 16384)
#define FORGE_JOURNAL_BYTES ((size_t)2 << 20)

struct forge_status {
	uint64_t id; /* 0: free */
	char commit[FORGE_ID_BYTES];
	char context[FORGE_TEXT_BYTES];
	char state[16];
	char description[FORGE_TEXT_BYTES];
	char link[FORGE_TEXT_BYTES];
};

struct forge_pull {
	bool open;
	char head[FORGE_ID_BYTES];
};

struct forge_comment {
	uint64_t id; /* 0: free */
	uint64_t number;
	struct buf body;
};

struct forge_memory {
	const struct demo_forge *forge;
	int journal;
	size_t journal_bytes;
	char main[FORGE_ID_BYTES]; /* the tip of the default branch */
	uint64_t last_id;
	struct forge_status statuses[FORGE_STATUSES]; /* the id, modulo, is the place */
	struct forge_pull pulls[FORGE_PULLS];
	struct forge_comment comments[FORGE_COMMENTS];
};

struct forge_request {
	const char *method;
	char *path; /* without its query */
	bool authorized;
	const char *body; /* ends with NUL */
	size_t length;
};

/* Answers one request; the body to `out`, the status is returned. */
int forge_answer(struct forge_memory *memory, const struct forge_request *request,
		 struct buf *out);
/* A merge request as the API and webhooks show it; number from 1. */
void forge_write_pull(struct json *json, const struct forge_memory *memory,
		      uint64_t number);
/* A line of the journal: time, then this; text of others is escaped. */
void forge_note(struct forge_memory *memory, int64_t when, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
