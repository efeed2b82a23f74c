/* hooks/remote.c - text for the other side of a push. */
#include "hooks/remote.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "base/text.h"

#define COLUMNS    92 /* with git's "remote: " in front: 100 */
#define FURTHER_IN 4  /* how far the rest of a broken line is moved in */

/* How many bytes of a line fit: up to a blank where there is one. */
static size_t fitting(const char *line, size_t length, size_t columns)
{
	size_t blank = 0, at = 0;

	for (size_t column = 0; at < length; column++) {
		if (column >= columns && blank)
			return blank;
		size_t step = text_utf8_next(line + at, length - at, NULL);
		if (line[at] == ' ' && at > 0 && line[at - 1] != ' ')
			blank = at;
		at += step ? step : 1;
	}
	return length;
}

static void add_blanks(struct buf *out, size_t count)
{
	while (count-- > 0)
		buf_add_byte(out, ' ');
}

static void add_line(struct buf *out, const char *line, size_t length)
{
	size_t indentation = strspn(line, " ");
	size_t used = 0;

	if (indentation > length)
		indentation = length;
	for (;;) {
		size_t taken =
			indentation + fitting(line + indentation, length - indentation,
					      COLUMNS - indentation - used);
		add_blanks(out, used);
		buf_add(out, line, taken);
		buf_add_byte(out, '\n');
		if (taken >= length)
			return;
		/* What follows starts below the text, a little further in. */
		if (used == 0)
			used = indentation + FURTHER_IN;
		line += taken + 1;
		length -= taken + 1;
		indentation = 0;
	}
}

int remote_write(const char *text, size_t length, struct error *err)
{
	struct buf out = BUF_INIT((size_t)64 << 20);

	while (length > 0) {
		const char *end = memchr(text, '\n', length);
		size_t line = end ? (size_t)(end - text) : length;
		add_line(&out, text, line);
		text += end ? line + 1 : line;
		length -= end ? line + 1 : line;
	}
	int rc = buf_status(&out, "the report", err);
	if (rc == 0)
		rc = fd_write_all(STDERR_FILENO, out.data, out.length, err);
	buf_release(&out);
	return rc;
}

void remote_say(const char *format, ...)
{
	char text[1200];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if (remote_write(text, strlen(text), NULL) != 0) {
		/* Out of memory: unbroken then. */
		fd_write_all(STDERR_FILENO, text, strlen(text), NULL);
		fd_write_all(STDERR_FILENO, "\n", 1, NULL);
	}
}
