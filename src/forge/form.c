/* forge/form.c - a payload that comes as a form. */
#include "forge/form.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* The byte that an escape of three characters stands for, or -1. */
static int escaped(const char *at, const char *end)
{
	if (end - at < 3)
		return -1;
	int high = digit_value(at[1]);
	int low = digit_value(at[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Writes at most as many bytes as it reads. */
static int decode(const char *at, const char *end, char *to, size_t *length)
{
	const char *start = to;
	for (; at < end; at++) {
		int byte = (unsigned char)*at;
		if (byte == '%') {
			byte = escaped(at, end);
			at += 2;
		} else if (byte == '+') {
			byte = ' ';
		} else if (byte <= ' ' || byte >= 0x7f || byte == '&') {
			byte = -1;
		}
		if (byte < 0)
			return ERROR_ENCODING;
		*to++ = (char)byte;
	}
	*length = (size_t)(to - start);
	return 0;
}

int form_payload(const void *body, size_t length, struct buf *out, struct error *err)
{
	static const char field[] = "payload=";
	const size_t prefix = sizeof(field) - 1;
	if (length < prefix || memcmp(body, field, prefix) != 0)
		return error_set(err, ERROR_ENCODING,
				 "the form does not start with its field 'payload'");
	char *to = buf_reserve(out, length - prefix);
	if (to == NULL)
		return buf_status(out, "the form", err);
	size_t decoded;
	const char *text = body;
	if (decode(text + prefix, text + length, to, &decoded) != 0)
		return error_set(err, ERROR_ENCODING,
				 "the form is not one field, urlencoded");
	out->length += decoded;
	out->data[out->length] = '\0';
	return 0;
}
