/* cmd/stream.c - reads server-sent events. */
#include "cmd/stream.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

void stream_init(struct stream *stream,
		 int (*take)(void *owner, const struct stream_event *event,
			     struct error *err),
		 void *owner)
{
	*stream = (struct stream){ .take = take, .owner = owner };
	buf_init(&stream->line, STREAM_EVENT_BYTES);
	buf_init(&stream->data, STREAM_EVENT_BYTES);
}

void stream_release(struct stream *stream)
{
	buf_release(&stream->line);
	buf_release(&stream->data);
}

static void forget_event(struct stream *stream)
{
	buf_reset(&stream->data);
	stream->kind[0] = '\0';
	stream->has_data = false;
	stream->next_id = 0;
}

void stream_restart(struct stream *stream)
{
	buf_reset(&stream->line);
	forget_event(stream);
}

static int end_event(struct stream *stream, struct error *err)
{
	struct stream_event event = { stream->kind[0] ? stream->kind : "message",
				      stream->data.data, stream->data.length };
	int rc = 0;

	/* An id counts when its event was taken: else it would be lost. */
	if (stream->has_data)
		rc = stream->take(stream->owner, &event, err);
	if (rc == 0 && stream->next_id)
		stream->last_id = stream->next_id;
	forget_event(stream);
	return rc;
}

static int add_data(struct stream *stream, const char *value, struct error *err)
{
	if (stream->has_data)
		buf_add_byte(&stream->data, '\n');
	buf_add_string(&stream->data, value);
	stream->has_data = true;
	return buf_status(&stream->data, "an event", err);
}

static int take_line(struct stream *stream, char *line, struct error *err)
{
	uint64_t id;

	if (!*line)
		return end_event(stream, err);
	char *value = strchr(line, ':');
	if (value == line)
		return 0;
	if (value)
		*value++ = '\0';
	else
		value = line + strlen(line);
	if (*value == ' ')
		value++;
	if (strcmp(line, "data") == 0)
		return add_data(stream, value, err);
	if (strcmp(line, "event") == 0)
		snprintf(stream->kind, sizeof(stream->kind), "%s", value);
	else if (strcmp(line, "id") == 0 && text_parse_u64(value, &id) == 0)
		stream->next_id = id;
	return 0;
}

static int end_line(struct stream *stream, struct error *err)
{
	struct buf *line = &stream->line;

	if (line->length && line->data[line->length - 1] == '\r')
		line->data[--line->length] = '\0';
	int rc = take_line(stream, line->data, err);
	buf_reset(line);
	return rc;
}

int stream_feed(struct stream *stream, const char *bytes, size_t length,
		struct error *err)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t count = end ? (size_t)(end - bytes) : length;
		buf_add(&stream->line, bytes, count);
		int rc = buf_status(&stream->line, "a line of an event", err);
		if (rc == 0 && end)
			rc = end_line(stream, err);
		if (rc != 0)
			return rc;
		count += end != NULL;
		bytes += count;
		length -= count;
	}
	return 0;
}
