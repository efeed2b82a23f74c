/* ipc/channel.c - one end of a socketpair: frames and descriptors in and out. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "ipc/message.h"

#define LENGTH_BYTES 4
#define FRAME_BYTES  (LENGTH_BYTES + limits_default.values[LIMIT_MESSAGE_BYTES])
/* A buffer that grew above this is given back when it is empty. */
#define KEPT_BYTES   65536
#define ATTACHED_MAX 256   /* frames with descriptors that may wait */
#define CORKED_BYTES 65536 /* sent together */
#define AHEAD_BYTES  65536 /* read together */

/* Descriptors that go with the byte at `offset` of the output. */
struct attachment {
	size_t offset;
	int fds[MESSAGE_FDS_MAX];
	int count;
	bool owned; /* duplicates of ours; otherwise the caller's */
};

struct channel_output {
	struct buf bytes;
	size_t sent; /* of bytes.length */
	struct attachment *attached;
	size_t attached_first; /* those before have been sent */
	size_t attached_count;
	size_t attached_capacity;
};

union control {
	char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
	struct cmsghdr alignment;
};

int channel_pair(int fds[2], struct error *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return error_set_errno(err, errno, "cannot make a socketpair");
	return 0;
}

int channel_open(struct channel *channel, int fd, bool nonblocking, struct error *err)
{
	struct buf *input = calloc(1, sizeof(*input));
	struct channel_output *output = calloc(1, sizeof(*output));
	if (input == NULL || output == NULL) {
		free(input);
		free(output);
		close(fd);
		return error_set(err, ERROR_MEMORY, "out of memory for a channel");
	}
	buf_init(input, FRAME_BYTES);
	buf_init(&output->bytes, SIZE_MAX - 1);
	*channel = (struct channel){
		.fd = fd, .nonblocking = nonblocking, .input = input, .output = output
	};
	return 0;
}

static void close_received(struct channel *channel)
{
	for (int i = 0; i < channel->fd_count; i++)
		close(channel->fds[i]);
	channel->fd_count = 0;
}

static void release_attachment(struct attachment *attachment)
{
	for (int i = 0; attachment->owned && i < attachment->count; i++)
		close(attachment->fds[i]);
	attachment->count = 0;
}

static void drop_output(struct channel_output *output)
{
	for (size_t i = output->attached_first; i < output->attached_count; i++)
		release_attachment(&output->attached[i]);
	output->attached_first = 0;
	output->attached_count = 0;
	output->sent = 0;
	if (output->bytes.capacity > KEPT_BYTES)
		buf_release(&output->bytes);
	else
		buf_reset(&output->bytes);
}

void channel_close(struct channel *channel)
{
	if (channel->input == NULL)
		return;
	drop_output(channel->output);
	buf_release(&channel->output->bytes);
	free(channel->output->attached);
	free(channel->output);
	close_received(channel);
	buf_release(channel->input);
	free(channel->input);
	close(channel->fd);
	*channel = (struct channel){ .fd = -1, .closed = true };
}

/* A blocking channel waits, whatever flags its descriptor has. */
static void wait_for(const struct channel *channel, short events)
{
	struct pollfd poll_fd = { channel->fd, events, 0 };
	poll(&poll_fd, 1, -1);
}

static bool is_gone(int number)
{
	return number == EPIPE || number == ECONNRESET || number == ENOTCONN;
}

/* --- sending --- */

static ssize_t send_piece(const struct channel *channel, char *bytes, size_t length,
			  const struct attachment *attachment)
{
	struct iovec piece = { bytes, length };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	union control control;
	if (attachment != NULL) {
		size_t size = sizeof(int) * (size_t)attachment->count;
		memset(&control, 0, sizeof(control));
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(size);
		struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(rights), attachment->fds, size);
	}
	return sendmsg(channel->fd, &header,
		       MSG_NOSIGNAL | (channel->nonblocking ? MSG_DONTWAIT : 0));
}

static struct attachment *first_attached(struct channel_output *output)
{
	return output->attached_first < output->attached_count
		       ? &output->attached[output->attached_first]
		       : NULL;
}

/* Sends up to the next byte that has descriptors of its own. Bytes sent, or -1. */
static ssize_t send_next(struct channel *channel)
{
	struct channel_output *output = channel->output;
	struct attachment *now = first_attached(output);
	struct attachment *next = now;
	if (now != NULL && now->offset == output->sent)
		next = output->attached_first + 1 < output->attached_count ? now + 1
									   : NULL;
	else
		now = NULL;
	size_t end = next != NULL ? next->offset : output->bytes.length;
	ssize_t sent = send_piece(channel, output->bytes.data + output->sent,
				  end - output->sent, now);
	if (sent <= 0)
		return sent;
	if (now != NULL) {
		release_attachment(now);
		output->attached_first++;
	}
	output->sent += (size_t)sent;
	return sent;
}

static int sending_failed(struct channel *channel, int number, struct error *err)
{
	channel->closed = true;
	drop_output(channel->output);
	if (is_gone(number))
		return error_set(err, ERROR_CLOSED, "the other side has closed");
	return error_set_errno(err, number, "cannot send a message");
}

/* Sends what waits: all of it on a blocking channel. */
static int send_waiting(struct channel *channel, struct error *err)
{
	struct channel_output *output = channel->output;
	while (output->sent < output->bytes.length) {
		if (send_next(channel) >= 0 || errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return sending_failed(channel, errno, err);
		if (channel->nonblocking)
			return 0;
		wait_for(channel, POLLOUT);
	}
	drop_output(output);
	return 0;
}

/* Forgets what has been sent, when that is most of the buffer. */
static void compact(struct channel_output *output)
{
	size_t gone = output->sent;
	if (gone == 0 || gone < output->bytes.length / 2)
		return;
	memmove(output->bytes.data, output->bytes.data + gone,
		output->bytes.length - gone);
	buf_truncate(&output->bytes, output->bytes.length - gone);
	output->sent = 0;
	size_t left = output->attached_count - output->attached_first;
	for (size_t i = 0; i < left; i++) {
		output->attached[i] = output->attached[output->attached_first + i];
		output->attached[i].offset -= gone;
	}
	output->attached_first = 0;
	output->attached_count = left;
}

static int attach(struct channel_output *output, size_t offset, const int *fds,
		  int count, struct error *err)
{
	if (output->attached_count - output->attached_first >= ATTACHED_MAX)
		return error_set(err, ERROR_LIMIT,
				 "more than %d messages with descriptors wait",
				 ATTACHED_MAX);
	if (output->attached_count == output->attached_capacity) {
		size_t capacity = output->attached_capacity * 2 + 4;
		struct attachment *grown =
			reallocarray(output->attached, capacity, sizeof(*grown));
		if (grown == NULL)
			return error_set(err, ERROR_MEMORY,
					 "out of memory for a channel");
		output->attached = grown;
		output->attached_capacity = capacity;
	}
	struct attachment attachment = { .offset = offset, .count = count };
	memcpy(attachment.fds, fds, sizeof(*fds) * (size_t)count);
	output->attached[output->attached_count++] = attachment;
	return 0;
}

/* The caller may close its descriptors after the send: what waits gets duplicates. */
static int own_attachment(struct attachment *attachment, struct error *err)
{
	struct attachment copy = *attachment;
	copy.owned = true;
	for (copy.count = 0; copy.count < attachment->count; copy.count++) {
		copy.fds[copy.count] =
			fcntl(attachment->fds[copy.count], F_DUPFD_CLOEXEC, 0);
		if (copy.fds[copy.count] >= 0)
			continue;
		int number = errno;
		release_attachment(&copy);
		return error_set_errno(err, number, "cannot keep a descriptor");
	}
	*attachment = copy;
	return 0;
}

/* Puts a frame at the end of the output. */
static int enqueue(struct channel_output *output, enum message_type type,
		   const void *message, const int *fds, int fd_count, struct error *err)
{
	size_t start = output->bytes.length;
	int code = message_encode(&output->bytes, type, message, err);
	if (code != 0)
		return code;
	code = limit_check(&limits_default, LIMIT_MESSAGE_QUEUE_BYTES,
			   output->bytes.length - output->sent, "messages that wait",
			   err);
	if (code == 0 && fd_count > 0)
		code = attach(output, start, fds, fd_count, err);
	if (code != 0)
		buf_truncate(&output->bytes, start);
	return code;
}

void channel_cork(struct channel *channel)
{
	assert(channel->nonblocking);
	channel->corked = true;
}

/* A channel that was not idle waits for the other side. */
static bool is_due(const struct channel *channel, bool idle)
{
	const struct channel_output *output = channel->output;

	if (!channel->corked)
		return idle;
	return output->sent == 0 && output->bytes.length >= CORKED_BYTES;
}

int channel_send(struct channel *channel, enum message_type type, const void *message,
		 const int *fds, int fd_count, struct error *err)
{
	assert(fd_count >= 0 && fd_count <= MESSAGE_FDS_MAX);
	struct channel_output *output = channel->output;
	if (channel->closed || output == NULL)
		return error_set(err, ERROR_CLOSED, "the other side has closed");
	compact(output);
	size_t start = output->bytes.length;
	bool idle = start == output->sent;
	int code = enqueue(output, type, message, fds, fd_count, err);
	if (code == 0 && is_due(channel, idle))
		code = send_waiting(channel, err);
	if (code != 0)
		return code;
	if (fd_count == 0 || output->attached_first == output->attached_count)
		return 0;
	code = own_attachment(&output->attached[output->attached_count - 1], err);
	if (code != 0) { /* none of its bytes has been sent */
		output->attached_count--;
		buf_truncate(&output->bytes, start);
	}
	return code;
}

int channel_flush(struct channel *channel, bool *pending, struct error *err)
{
	if (channel->closed || channel->output == NULL)
		return error_set(err, ERROR_CLOSED, "the other side has closed");
	int code = send_waiting(channel, err);
	if (code == 0)
		*pending = channel->output->sent < channel->output->bytes.length;
	return code;
}

/* --- receiving --- */

static int refuse(struct channel *channel, struct error *err, const char *what)
{
	close_received(channel);
	channel->broken = true;
	return error_set(err, ERROR_MESSAGE, "%s", what);
}

/* Keeps the descriptors that came. False: there were too many, or something else. */
static bool keep_received(struct channel *channel, struct msghdr *header)
{
	bool fits = (header->msg_flags & MSG_CTRUNC) == 0;
	struct cmsghdr *at = CMSG_FIRSTHDR(header);
	for (; at != NULL; at = CMSG_NXTHDR(header, at)) {
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) {
			fits = false;
			continue;
		}
		size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(at) + i * sizeof(fd), sizeof(fd));
			if (channel->fd_count < MESSAGE_FDS_MAX) {
				channel->fds[channel->fd_count++] = fd;
				continue;
			}
			close(fd);
			fits = false;
		}
	}
	return fits;
}

static int receiving_ended(struct channel *channel, struct error *err)
{
	channel->closed = true;
	if (channel->input->length > 0 || channel->fd_count > 0)
		return refuse(channel, err, "a message is cut off by the end");
	return error_set(err, ERROR_CLOSED, "the other side has closed");
}

/* One read. 1 something came, 0 nothing is there. */
static int receive_piece(struct channel *channel, size_t length, struct error *err)
{
	struct buf *input = channel->input;
	char *room = buf_reserve(input, length);
	if (room == NULL) {
		int code = buf_status(input, "message", err);
		input->failed = 0;
		return code;
	}
	union control control;
	struct iovec piece = { room, length };
	struct msghdr header = { .msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes) };
	ssize_t got =
		recvmsg(channel->fd, &header,
			MSG_CMSG_CLOEXEC | (channel->nonblocking ? MSG_DONTWAIT : 0));
	if (got < 0 && errno == EINTR)
		return 1;
	if (got < 0 && errno == EAGAIN) {
		if (!channel->nonblocking)
			wait_for(channel, POLLIN);
		return channel->nonblocking ? 0 : 1;
	}
	if (got < 0 && !is_gone(errno))
		return error_set_errno(err, errno, "cannot receive a message");
	if (got <= 0)
		return receiving_ended(channel, err);
	int before = channel->fd_count;
	if (!keep_received(channel, &header))
		return refuse(channel, err, "a message has too many descriptors");
	if (channel->fd_count > before && input->length >= LENGTH_BYTES)
		return refuse(channel, err, "descriptors came amid a message");
	input->length += (size_t)got;
	input->data[input->length] = '\0';
	return 1;
}

/* Until that many bytes of the frame are there: 1; 0: not yet. */
static int fill(struct channel *channel, size_t wanted, struct error *err)
{
	int code = 1;
	while (code == 1 && channel->input->length < wanted)
		code = receive_piece(channel, wanted - channel->input->length, err);
	return code;
}

static size_t frame_length(const char *bytes)
{
	const unsigned char *at = (const unsigned char *)bytes;
	return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 |
	       (size_t)at[3] << 24;
}

/* 1 when a whole frame is there. */
static int fill_frame(struct channel *channel, struct error *err)
{
	int code = fill(channel, LENGTH_BYTES, err);
	if (code != 1)
		return code;
	size_t length = frame_length(channel->input->data);
	struct error cause = ERROR_INIT;
	if (limit_check(&limits_default, LIMIT_MESSAGE_BYTES, length, "message",
			&cause) != 0)
		return refuse(channel, err, cause.text);
	return fill(channel, LENGTH_BYTES + length, err);
}

/* --- reading ahead --- */

static void forget_frame(struct buf *input)
{
	if (input->capacity > KEPT_BYTES)
		buf_release(input);
	else
		buf_reset(input);
}

void channel_read_ahead(struct channel *channel)
{
	channel->plain = true;
	channel->input->maximum = FRAME_BYTES + AHEAD_BYTES;
}

static size_t left(const struct channel *channel)
{
	return channel->input->length - channel->taken;
}

/* The rest moves to the front: the buffer never holds more than one frame and what one
 * read brought. */
static void move_up(struct channel *channel)
{
	struct buf *input = channel->input;
	size_t rest = left(channel);

	if (channel->taken == 0)
		return;
	memmove(input->data, input->data + channel->taken, rest);
	buf_truncate(input, rest);
	channel->taken = 0;
	if (rest == 0)
		forget_frame(input);
}

/* Until that many bytes are left: 1; 0: not yet. */
static int fill_ahead(struct channel *channel, size_t wanted, struct error *err)
{
	int code = 1;

	while (code == 1 && left(channel) < wanted) {
		move_up(channel);
		code = receive_piece(channel, AHEAD_BYTES, err);
		if (code == 1 && channel->fd_count > 0)
			code = refuse(channel, err,
				      "a message has descriptors, unasked");
	}
	return code;
}

static int receive_ahead(struct channel *channel, struct arena *arena,
			 enum message_type *type, void **message, struct error *err)
{
	struct error cause = ERROR_INIT;
	int code = fill_ahead(channel, LENGTH_BYTES, err);

	if (code != 1)
		return code;
	size_t length = frame_length(channel->input->data + channel->taken);
	if (limit_check(&limits_default, LIMIT_MESSAGE_BYTES, length, "message",
			&cause) != 0)
		return refuse(channel, err, cause.text);
	code = fill_ahead(channel, LENGTH_BYTES + length, err);
	if (code != 1)
		return code;
	code = message_decode(channel->input->data + channel->taken + LENGTH_BYTES,
			      length, arena, type, message, err);
	if (code == ERROR_MESSAGE)
		return refuse(channel, err, "a message is malformed");
	if (code != 0) /* out of memory: the frame stays, to be tried again */
		return code;
	channel->taken += LENGTH_BYTES + length;
	return 1;
}

static void hand_out(struct channel *channel, int *fds)
{
	for (int i = 0; i < MESSAGE_FDS_MAX; i++)
		fds[i] = i < channel->fd_count ? channel->fds[i] : -1;
	channel->fd_count = 0;
}

int channel_receive(struct channel *channel, struct arena *arena,
		    enum message_type *type, void **message, int *fds,
		    struct error *err)
{
	struct buf *input = channel->input;
	if (channel->broken || input == NULL)
		return error_set(err, channel->broken ? ERROR_MESSAGE : ERROR_CLOSED,
				 "nothing more is read from this channel");
	if (channel->plain)
		return receive_ahead(channel, arena, type, message, err);
	int code = fill_frame(channel, err);
	if (code != 1)
		return code;
	if (fds == NULL && channel->fd_count > 0)
		return refuse(channel, err, "a message has descriptors, unasked");
	code = message_decode(input->data + LENGTH_BYTES, input->length - LENGTH_BYTES,
			      arena, type, message, err);
	if (code == ERROR_MESSAGE)
		return refuse(channel, err, "a message is malformed");
	if (code != 0) /* out of memory: the frame stays, to be tried again */
		return code;
	if (fds != NULL)
		hand_out(channel, fds);
	forget_frame(input);
	return 1;
}
