/* control/events.c - what followers of /api/v1/events hear. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "control/state.h"
#include "ipc/message.h"

/* Ids rise over restarts too: they are the time, and never the same twice. */
static uint64_t next_id(struct control *control)
{
	uint64_t now = (uint64_t)clock_now();

	control->last_event = now > control->last_event ? now : control->last_event + 1;
	return control->last_event;
}

/* Nobody waits for events: one that cannot be told is left out. */
void event_put(struct control *control, const char *kind, enum message_type type,
	       const void *row)
{
	struct buf frame = BUF_INIT(limits_default.values[LIMIT_MESSAGE_BYTES] / 2);

	if (message_encode(&frame, type, row, NULL) == 0) {
		char *copy = arena_copy(control->round, frame.data, frame.length);
		struct msg_event event = {
			.id = next_id(control),
			.kind = kind,
			.row = { copy, frame.length },
		};
		if (copy)
			answer_put(control, MESSAGE_event, &event);
	}
	buf_release(&frame);
}
