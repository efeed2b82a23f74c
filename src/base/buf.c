/* base/buf.c - a growing byte buffer with a maximum. */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

#define FIRST_BYTES 64
#define READ_BYTES  16384

/* Shared by all empty buffers; only ever holds NUL and is never written. */
char buf_empty[1];

void buf_init(struct buf *buf, size_t maximum)
{
	*buf = (struct buf)BUF_INIT(maximum);
}

void buf_release(struct buf *buf)
{
	if (buf->capacity != 0)
		free(buf->data);
	buf_init(buf, buf->maximum);
}

void buf_reset(struct buf *buf)
{
	buf->failed = 0;
	buf_truncate(buf, 0);
}

void buf_truncate(struct buf *buf, size_t length)
{
	if (length > buf->length)
		return;
	buf->length = length;
	if (buf->capacity != 0)
		buf->data[length] = '\0';
}

char *buf_reserve(struct buf *buf, size_t length)
{
	if (buf->failed != 0)
		return NULL;
	/* No object may be larger than what a pointer difference can say. */
	if (length > buf->maximum - buf->length ||
	    length > (size_t)PTRDIFF_MAX - 1 - buf->length) {
		buf->failed = ERROR_LIMIT;
		return NULL;
	}
	size_t needed = buf->length + length + 1;
	if (needed <= buf->capacity)
		return buf->data + buf->length;
	size_t capacity =
		buf->capacity < FIRST_BYTES / 2 ? FIRST_BYTES / 2 : buf->capacity;
	capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
	if (buf->maximum < SIZE_MAX && capacity > buf->maximum + 1)
		capacity = buf->maximum + 1;
	if (capacity < needed)
		capacity = needed;
	char *data = realloc(buf->capacity != 0 ? buf->data : NULL, capacity);
	if (data == NULL) {
		buf->failed = ERROR_MEMORY;
		return NULL;
	}
	data[buf->length] = '\0';
	buf->data = data;
	buf->capacity = capacity;
	return data + buf->length;
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	char *room = length == 0 ? NULL : buf_reserve(buf, length);
	if (room == NULL)
		return;
	memcpy(room, bytes, length);
	room[length] = '\0';
	buf->length += length;
}

void buf_add_byte(struct buf *buf, unsigned char byte)
{
	buf_add(buf, &byte, 1);
}

void buf_add_string(struct buf *buf, const char *string)
{
	buf_add(buf, string, strlen(string));
}

void buf_vaddf(struct buf *buf, const char *format, va_list arguments)
{
	char small[256];
	va_list again;
	va_copy(again, arguments);
	int length = vsnprintf(small, sizeof(small), format, arguments);
	if (length < 0) {
		buf->failed = buf->failed != 0 ? buf->failed : ERROR_MEMORY;
	} else if ((size_t)length < sizeof(small)) {
		buf_add(buf, small, (size_t)length);
	} else {
		char *room = buf_reserve(buf, (size_t)length);
		if (room != NULL) {
			vsnprintf(room, (size_t)length + 1, format, again);
			buf->length += (size_t)length;
		}
	}
	va_end(again);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	buf_vaddf(buf, format, arguments);
	va_end(arguments);
}

char *buf_detach(struct buf *buf, size_t *length)
{
	/* An empty result is memory of the caller's own, too. */
	if (buf->failed != 0 || (buf->capacity == 0 && buf_reserve(buf, 0) == NULL))
		return NULL;
	char *data = buf->data;
	if (length != NULL)
		*length = buf->length;
	buf_init(buf, buf->maximum);
	return data;
}

int buf_status(const struct buf *buf, const char *what, struct error *err)
{
	if (buf->failed == 0)
		return 0;
	if (buf->failed == ERROR_LIMIT)
		return error_set(err, ERROR_LIMIT,
				 "'%s' is over its maximum of %zu bytes", what,
				 buf->maximum);
	return error_set(err, buf->failed, "out of memory for '%s'", what);
}

/* At once what a file will take, and a byte to find its end: not in steps that are
 * copied each time. */
static void reserve_file(struct buf *buf, int fd)
{
	struct stat status;
	size_t left = buf->maximum - buf->length;
	if (buf->failed != 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    status.st_size <= 0 || (uintmax_t)status.st_size > left)
		return;
	size_t size = (size_t)status.st_size;
	buf_reserve(buf, size < left ? size + 1 : size);
}

static int read_all(struct buf *buf, int fd, const char *what, struct error *err)
{
	reserve_file(buf, fd);
	for (;;) {
		if (buf->failed != 0)
			return buf_status(buf, what, err);
		size_t left = buf->maximum - buf->length;
		char small[1];
		size_t spare = buf->capacity > buf->length + 1
				       ? buf->capacity - buf->length - 1
				       : READ_BYTES;
		size_t wanted = left < spare ? left : spare;
		char *room = left == 0 ? small : buf_reserve(buf, wanted);
		if (room == NULL)
			return buf_status(buf, what, err);
		ssize_t got = read(fd, room, left == 0 ? sizeof(small) : wanted);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read '%s'", what);
		if (got == 0)
			break;
		if (left == 0) {
			buf->failed = ERROR_LIMIT;
			continue;
		}
		buf->length += (size_t)got;
		buf->data[buf->length] = '\0';
	}
	buf_truncate(buf, buf->length);
	return 0;
}

int buf_read_fd(struct buf *buf, int fd, struct error *err)
{
	char name[32];
	snprintf(name, sizeof(name), "descriptor %d", fd);
	return read_all(buf, fd, name, err);
}

int buf_read_file(struct buf *buf, const char *path, struct error *err)
{
	/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
	FD_CLOSING int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", path);
	struct stat status;
	if (fstat(fd, &status) != 0)
		return error_set_errno(err, errno, "cannot examine '%s'", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_IO, "'%s' is not a regular file", path);
	return read_all(buf, fd, path, err);
}
