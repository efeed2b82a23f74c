/* base/log.c - one JSON object a line, written with one call. */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

#define LINE_BYTES  65536
#define VALUE_BYTES 8192

static _Atomic int lowest_level = LOG_LEVEL_INFO;
static _Atomic int log_fd = STDERR_FILENO;
static const char *_Atomic process_name;

void log_set_level(enum log_level lowest)
{
	atomic_store(&lowest_level, (int)lowest);
}

void log_set_process(const char *name)
{
	atomic_store(&process_name, name);
}

void log_set_fd(int fd)
{
	atomic_store(&log_fd, fd);
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_DEBUG:
		return "debug";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_ERROR:
		return "error";
	}
	return "error";
}

static void put_text(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	size_t length = value == NULL ? 0 : strnlen(value, VALUE_BYTES + 1);
	if (length <= VALUE_BYTES) {
		json_string(json, value);
		return;
	}
	/* Cut between characters: continuation bytes do not start one. */
	length = VALUE_BYTES;
	while (length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80)
		length--;
	struct buf cut = BUF_INIT(VALUE_BYTES + 3);
	buf_add(&cut, value, length);
	buf_add_string(&cut, "...");
	json_bytes(json, cut.data, cut.length);
	buf_release(&cut);
}

static void put_field(struct json *json, const struct log_field *field)
{
	switch (field->kind) {
	case LOG_KIND_END:
		return;
	case LOG_KIND_STRING:
		put_text(json, field->key, field->string);
		return;
	case LOG_KIND_SIGNED:
		json_put_integer(json, field->key, field->number);
		return;
	case LOG_KIND_UNSIGNED:
		json_put_unsigned(json, field->key, (uint64_t)field->number);
		return;
	case LOG_KIND_BOOLEAN:
		json_put_boolean(json, field->key, field->number != 0);
		return;
	case LOG_KIND_ERROR:
		if (field->error == NULL)
			return;
		put_text(json, field->key, field->error->text);
		json_put_string(json, "code", error_name(field->error->code));
		return;
	}
}

static void write_line(struct buf *line, enum log_level level, const char *event,
		       const struct log_field *fields)
{
	struct json json;
	json_begin(&json, line);
	json_object(&json);
	json_put_time(&json, "time", clock_now());
	json_put_string(&json, "level", level_name(level));
	const char *process = atomic_load(&process_name);
	if (process != NULL)
		json_put_string(&json, "process", process);
	put_text(&json, "event", event);
	for (; fields->kind != LOG_KIND_END; fields++)
		put_field(&json, fields);
	json_object_end(&json);
	buf_add_byte(line, '\n');
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	static const struct log_field none = { .kind = LOG_KIND_END };
	static const char lost[] = "{\"level\":\"error\",\"event\":\"a log line was "
				   "lost\"}\n";
	if ((int)level < atomic_load(&lowest_level))
		return;
	int number = errno; /* callers log before they look at it */
	struct buf line = BUF_INIT(LINE_BYTES);
	write_line(&line, level, event, fields);
	if (line.failed != 0) {
		/* The event matters more than its fields. */
		buf_reset(&line);
		write_line(&line, level, event, &none);
	}
	const char *text = line.failed == 0 ? line.data : lost;
	size_t length = line.failed == 0 ? line.length : sizeof(lost) - 1;
	ssize_t written;
	do
		written = write(atomic_load(&log_fd), text, length);
	while (written < 0 && errno == EINTR);
	buf_release(&line);
	errno = number;
}
