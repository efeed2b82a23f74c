/* tests/unit/mutate.h - changes an object at random, in ways that parsers trip over. */
#ifndef TESTS_UNIT_MUTATE_H
#define TESTS_UNIT_MUTATE_H

#include <string.h>

#include "base/buf.h"
#include "base/random.h"
#include "repo/object.h"

static inline void add_line(struct buf *out, const char *line, size_t length)
{
	buf_add(out, line, length);
}

/* The line that starts at or before a random byte. */
static inline struct span random_line(const char *object, size_t length)
{
	size_t at = random_below(length);
	while (at > 0 && object[at - 1] != '\n')
		at--;
	const char *end = memchr(object + at, '\n', length - at);
	size_t line = end == NULL ? length - at : (size_t)(end - object) + 1 - at;
	return (struct span){ object + at, line };
}

/* One change of one of nine kinds. */
static inline void mutate(struct buf *out, const char *object, size_t length)
{
	static const char bytes[] = "\n\n  \0\r<>+-09a\xff";
	size_t at = random_below(length);
	char byte = bytes[random_below(sizeof(bytes) - 1)];
	struct span line = random_line(object, length);
	struct span other = random_line(object, length);
	size_t line_at = (size_t)(line.bytes - object);
	switch (random_below(9)) {
	case 0: /* a byte becomes another */
		buf_add(out, object, length);
		out->data[at] = byte;
		break;
	case 1: /* a bit flips */
		buf_add(out, object, length);
		out->data[at] = (char)(out->data[at] ^ 1 << random_below(8));
		break;
	case 2: /* a byte goes */
		buf_add(out, object, at);
		buf_add(out, object + at + 1, length - at - 1);
		break;
	case 3: /* a byte comes */
		buf_add(out, object, at);
		buf_add(out, &byte, 1);
		buf_add(out, object + at, length - at);
		break;
	case 4: /* the end goes */
		buf_add(out, object, at);
		break;
	case 5: /* a line goes */
		buf_add(out, object, line_at);
		buf_add(out, object + line_at + line.length,
			length - line_at - line.length);
		break;
	case 6: /* a line comes twice */
		buf_add(out, object, line_at);
		add_line(out, line.bytes, line.length);
		buf_add(out, object + line_at, length - line_at);
		break;
	case 7: /* a line comes elsewhere too */
		buf_add(out, object, line_at);
		add_line(out, other.bytes, other.length);
		buf_add(out, object + line_at, length - line_at);
		break;
	case 8: /* a line is replaced */
		buf_add(out, object, line_at);
		add_line(out, other.bytes, other.length);
		buf_add(out, object + line_at + line.length,
			length - line_at - line.length);
		break;
	}
}

#endif
