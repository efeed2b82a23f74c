/* base/buf.h - a growing byte buffer with a maximum.
 *
 * Invariants: `data` is never NULL and data[length] is always NUL; length <= maximum.
 * A failed addition (out of memory, over the maximum) sets `failed`, which sticks;
 * later additions do nothing. So a run of additions needs one check at its end:
 * buf_status(). Not for secrets (no wiping). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct error;

struct buf {
	char *data;
	size_t length;
	size_t capacity; /* 0: data is the shared empty string */
	size_t maximum;  /* bytes, without the closing NUL */
	int failed;      /* 0, ERROR_MEMORY or ERROR_LIMIT */
};

extern char buf_empty[1];

#define BUF_INIT(max_bytes)                                                            \
	{                                                                              \
		buf_empty, 0, 0, (max_bytes), 0                                        \
	}

void buf_init(struct buf *buf, size_t maximum);
void buf_release(struct buf *buf); /* frees and makes empty; the maximum stays */
void buf_reset(struct buf *buf);   /* length 0, failed 0; keeps the memory */
void buf_truncate(struct buf *buf, size_t length);
void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_add_byte(struct buf *buf, unsigned char byte);
void buf_add_string(struct buf *buf, const char *string);
void buf_addf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *buf, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
/* Room for `length` more bytes to be written by the caller at the returned address
 * (then add to ->length and put the NUL); NULL on failure. */
char *buf_reserve(struct buf *buf, size_t length);
/* Hands out the memory (caller frees with free()) and makes the buffer empty. NULL when
 * failed. */
char *buf_detach(struct buf *buf, size_t *length);
/* 0, or the sticky failure as an error that names `what`. */
int buf_status(const struct buf *buf, const char *what, struct error *err);

/* Appends everything that can be read from fd until end of file. */
int buf_read_fd(struct buf *buf, int fd, struct error *err);
/* Appends a whole regular file. Over the maximum: ERROR_LIMIT. */
int buf_read_file(struct buf *buf, const char *path, struct error *err);

#endif
