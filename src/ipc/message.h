/* ipc/message.h - typed messages over a socketpair.
 *
 * Wire: u32 length of what follows, u16 type, u16 version (1), then fields in rising
 * order of id: u16 id, u32 length, bytes. Little-endian. Lists are a field whose bytes
 * are u32 length + bytes for each item (an item may be empty). A field that is absent,
 * empty or zero is left out: each message has exactly one encoding. Refused
 * (ERROR_MESSAGE): unknown type, version or id, ids that do not rise, wrong sizes,
 * fields that should have been left out, NUL or bad UTF-8 in strings, more than
 * message.bytes or 4 descriptors. The connection is then closed by the caller: nothing
 * after a malformed message is read.
 *
 * Descriptors travel with the first bytes of their frame (SCM_RIGHTS on a stream
 * socket: the kernel ends a read behind bytes that carry some). The receiver reads the
 * length on its own, so what comes with it belongs to this frame and to no other;
 * descriptors that come with later bytes are refused. */
#ifndef IPC_MESSAGE_H
#define IPC_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/messages.h"

struct arena;
struct buf;
struct error;
struct json;

#define MESSAGE_FDS_MAX 4

/* Appends the whole frame of one message. `message` is a struct msg_<name> of that
 * type. ERROR_ENCODING (text that is not UTF-8: escape it before), ERROR_LIMIT,
 * ERROR_MEMORY; `out` is then as before. */
int message_encode(struct buf *out, enum message_type type, const void *message,
		   struct error *err);
/* Decodes one frame's payload (after the u32 length); the struct lives in the arena. */
int message_decode(const void *bytes, size_t length, struct arena *arena,
		   enum message_type *type, void **message, struct error *err);
/* Writes the fields that have a JSON key, as members of the object that is open. Empty
 * ones are written as null, 0, false, []. */
void message_json(struct json *json, enum message_type type, const void *message);

/* --- a connection: one end of a socketpair --- */
struct channel_output;
struct channel {
	int fd;
	bool nonblocking;
	bool closed;       /* the other side is gone, or sending failed for good */
	bool broken;       /* it sent something malformed: nothing more is read */
	bool corked;       /* non-blocking: small sends wait for channel_flush() */
	bool plain;        /* takes no descriptors: many frames by one read */
	struct buf *input; /* the partial frame; `plain`: and those behind it */
	size_t taken;      /* `plain`: bytes of the input that were handed out */
	struct channel_output *output; /* what could not be written yet */
	int fds[MESSAGE_FDS_MAX];      /* received with the partial frame */
	int fd_count;
};

/* Takes the descriptor, also when it fails (it is closed then). `nonblocking`: for
 * event loops; sends then queue (at most message.queue_bytes, else ERROR_LIMIT). */
int channel_open(struct channel *channel, int fd, bool nonblocking, struct error *err);
/* Closes everything it holds; a zeroed or closed channel is legal. */
void channel_close(struct channel *channel);

/* Sends a message with descriptors (which stay the caller's). ERROR_CLOSED; an error of
 * message_encode() or ERROR_LIMIT leaves the channel as it was. */
int channel_send(struct channel *channel, enum message_type type, const void *message,
		 const int *fds, int fd_count, struct error *err);
/* From now on sends are put together and go out by channel_flush(), or when there are
 * many bytes: fewer calls of the kernel. Non-blocking channels only. */
void channel_cork(struct channel *channel);
/* From now on no message may have descriptors, and reads run ahead: a descriptor that
 * is not readable says nothing while channel_receive() has not answered 0. */
void channel_read_ahead(struct channel *channel);
/* Non-blocking channels: writes what is queued; true in *pending while something is
 * left. */
int channel_flush(struct channel *channel, bool *pending, struct error *err);

/* Receives one message into the arena. Blocking: waits. Non-blocking: 1 when a message
 * was there, 0 when none is complete yet. Blocking returns 1 or an error. ERROR_CLOSED
 * at the end of the stream (between messages), ERROR_MESSAGE. `fds` gets
 * MESSAGE_FDS_MAX entries, -1 where none; they become the caller's. `fds` NULL:
 * descriptors are refused. */
int channel_receive(struct channel *channel, struct arena *arena,
		    enum message_type *type, void **message, int *fds,
		    struct error *err);

/* A connected pair, close-on-exec. */
int channel_pair(int fds[2], struct error *err);

#endif
