/* job/read.c - reads stored webhooks, one after the other. */
#include "job/read.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/path.h"
#include "forge/forge.h"
#include "ipc/message.h"

#define REQUEST_BYTES ((size_t)1 << 20)
#define ITEM_BYTES    ((size_t)256 << 20) /* a payload of json.nodes, as a tree */

/* --- bodies --- */

/* By position: whoever wrote it left the offset, which is shared, at its end. */
static int read_descriptor(int fd, char *bytes, size_t length, struct error *err)
{
	for (size_t at = 0; at < length;) {
		ssize_t got = pread(fd, bytes + at, length - at, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read the payload");
		if (got == 0)
			return error_set(err, ERROR_IO, "the payload was cut short");
		at += (size_t)got;
	}
	return 0;
}

/* Replaces the body by what a descriptor holds; caller frees *copy. */
static int load_body(int fd, struct msg_bytes *body, char **copy, struct error *err)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return error_set_errno(err, errno, "cannot read the payload");
	int code = limit_check(&limits_default, LIMIT_JSON_DOC_BYTES,
			       (uint64_t)status.st_size, "the payload", err);
	if (code != 0)
		return code;
	size_t length = (size_t)status.st_size;
	char *bytes = malloc(length + 1);
	if (bytes == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a payload");
	code = read_descriptor(fd, bytes, length, err);
	if (code != 0) {
		free(bytes);
		return code;
	}
	*body = (struct msg_bytes){ bytes, length };
	*copy = bytes;
	return 0;
}

/* --- one delivery --- */

static int send_rows(struct channel *channel, const struct msg_hint_row *rows,
		     size_t count, struct error *err)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < count; i++)
		code = channel_send(channel, MESSAGE_hint_row, &rows[i], NULL, 0, err);
	return code;
}

/* An error is of the channel; what is wrong with the delivery goes into its answer. */
static int answer(struct channel *channel, enum forge_kind kind,
		  const struct msg_read_item *item, int fd, struct arena *arena,
		  struct error *err)
{
	struct error problem = ERROR_INIT;
	struct msg_bytes body = item->body;
	struct msg_hint_row *rows = NULL;
	size_t count = 0;
	char *copy = NULL;
	int read = fd < 0 ? 0 : load_body(fd, &body, &copy, &problem);
	if (read == 0)
		read = forge_read(kind, item, body.data == NULL ? "" : body.data,
				  body.length, &limits_default, arena, &rows, &count,
				  &problem);
	int code = send_rows(channel, rows, count, err);
	struct msg_read_done done = { .delivery = item->delivery,
				      .code = read,
				      .text = read == 0 ? NULL : problem.text };
	if (code == 0)
		code = channel_send(channel, MESSAGE_read_done, &done, NULL, 0, err);
	free(copy);
	return code;
}

static int read_item(struct channel *channel, enum forge_kind kind, struct error *err)
{
	int fds[MESSAGE_FDS_MAX];
	enum message_type type;
	void *item;
	struct arena *arena = arena_new(ITEM_BYTES);
	if (arena == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a delivery");
	int code = channel_receive(channel, arena, &type, &item, fds, err);
	if (code == 1) {
		code = type == MESSAGE_read_item
			       ? answer(channel, kind, item, fds[0], arena, err)
			       : error_set(err, ERROR_MESSAGE,
					   "it is not a delivery to read");
		for (size_t i = 0; i < MESSAGE_FDS_MAX; i++)
			fd_close(&fds[i]);
	}
	arena_free(arena);
	return code;
}

/* --- the list --- */

static int read_all(struct channel *channel, struct arena *arena, struct error *err)
{
	enum message_type type;
	void *message;
	int code = channel_receive(channel, arena, &type, &message, NULL, err);
	if (code != 1)
		return code;
	if (type != MESSAGE_read)
		return error_set(err, ERROR_MESSAGE, "it is not a request to read");
	const struct msg_read *request = message;
	enum forge_kind kind = forge_by_name(request->kind);
	code = 0;
	for (uint64_t i = 0; code == 0 && i < request->count; i++)
		code = read_item(channel, kind, err);
	return code;
}

int job_read(struct channel *channel)
{
	struct error err = ERROR_INIT;
	struct arena *arena = arena_new(REQUEST_BYTES);
	int code = arena == NULL ? error_set(&err, ERROR_MEMORY, "out of memory")
				 : read_all(channel, arena, &err);
	arena_free(arena);
	if (code == 0)
		return 0;
	log_error("reading webhooks failed", LOG_E(&err));
	return 1;
}
