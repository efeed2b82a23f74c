/* repo/lines.c - reads the header lines that commits and tags are made of. */
#include "repo/lines.h"

#include <string.h>

#include "base/error.h"

bool span_is(struct span span, const char *text)
{
	return span.length == strlen(text) &&
	       memcmp(span.bytes, text, span.length) == 0;
}

bool span_starts_with(struct span span, const char *text)
{
	size_t length = strlen(text);
	return span.length >= length && memcmp(span.bytes, text, length) == 0;
}

int lines_open(struct lines *lines, const struct lines_codes *codes, const char *object,
	       size_t length, struct error *err)
{
	if (length == 0)
		return error_set(err, codes->empty, "the %s has no bytes", codes->what);
	const char *nul = memchr(object, '\0', length);
	size_t before = nul == NULL ? 0 : (size_t)(nul - object);
	if (nul != NULL && memmem(object, before, "\n\n", 2) != NULL)
		return error_set(err, codes->nul_message,
				 "the %s has a NUL byte in its message, at byte %zu",
				 codes->what, before);
	if (nul != NULL)
		return error_set(err, codes->nul_header,
				 "the %s has a NUL byte in its headers, at byte %zu",
				 codes->what, before);
	*lines = (struct lines){ codes, object, length, 0 };
	return 0;
}

/* The length of the line at an offset, without its LF, or an error when it has none. */
static int line_length(const struct lines *lines, size_t at, size_t *length,
		       struct error *err)
{
	const char *start = lines->object + at;
	const char *end = memchr(start, '\n', lines->length - at);
	if (end == NULL)
		return error_set(err, lines->codes->unterminated,
				 "the last header line of the %s, at byte %zu, does "
				 "not end",
				 lines->codes->what, at);
	*length = (size_t)(end - start);
	return 0;
}

static int no_blank_line(const struct lines *lines, struct error *err)
{
	return error_set(err, lines->codes->no_blank,
			 "no blank line ends the headers of the %s, which ends at byte "
			 "%zu",
			 lines->codes->what, lines->length);
}

/* The name ends at the first blank; only printable ASCII can be part of it. */
static int split_name(const struct lines *lines, struct span line,
		      struct header *header, struct error *err)
{
	size_t length = 0;
	while (length < line.length && line.bytes[length] > ' ' &&
	       line.bytes[length] < 0x7f)
		length++;
	if (length == 0 || length == line.length || line.bytes[length] != ' ')
		return error_set(err, lines->codes->header_name,
				 "the header line at byte %zu of the %s does not start "
				 "with a name and a blank",
				 lines->at, lines->codes->what);
	header->name = (struct span){ line.bytes, length };
	return 0;
}

int lines_next(struct lines *lines, struct header *header, struct error *err)
{
	struct header found = { .start = lines->at };
	struct span line = { lines->object + lines->at, 0 };
	if (lines->at == lines->length)
		return no_blank_line(lines, err);
	int rc = line_length(lines, lines->at, &line.length, err);
	if (rc != 0)
		return rc;
	if (line.length == 0) {
		lines->at++;
		return 0;
	}
	if (line.bytes[0] == ' ')
		return error_set(err, lines->codes->continuation_first,
				 "the line at byte %zu of the %s continues nothing",
				 lines->at, lines->codes->what);
	rc = split_name(lines, line, &found, err);
	if (rc != 0)
		return rc;
	if (line.bytes[line.length - 1] == '\r')
		return error_set(err, lines->codes->carriage_return,
				 "the header line '%.*s' at byte %zu of the %s ends in "
				 "a carriage return",
				 (int)found.name.length, found.name.bytes, lines->at,
				 lines->codes->what);
	found.end = lines->at + line.length + 1;
	while (found.end < lines->length && lines->object[found.end] == ' ') {
		rc = line_length(lines, found.end, &line.length, err);
		if (rc != 0)
			return rc;
		found.end += line.length + 1;
		found.continued = true;
	}
	size_t value = found.start + found.name.length + 1;
	found.value = (struct span){ lines->object + value, found.end - 1 - value };
	lines->at = found.end;
	*header = found;
	return 1;
}

bool lines_have(const struct lines *lines, const char *name)
{
	struct lines rest = *lines;
	struct header header;
	while (lines_next(&rest, &header, NULL) == 1)
		if (span_is(header.name, name))
			return true;
	return false;
}

int header_is_single(const struct lines *lines, const struct header *header,
		     struct error *err)
{
	if (!header->continued)
		return 0;
	return error_set(err, lines->codes->continuation,
			 "the header '%.*s' at byte %zu of the %s goes on over several "
			 "lines",
			 (int)header->name.length, header->name.bytes, header->start,
			 lines->codes->what);
}

bool id_read(struct oid *out, const struct header *header, size_t hash_bytes)
{
	return header->value.length == 2 * hash_bytes &&
	       oid_parse(header->value.bytes, header->value.length, out) == 0;
}

int id_refuse(const struct lines *lines, const struct header *header, size_t hash_bytes,
	      int code, struct error *err)
{
	return error_set(err, code,
			 "the header '%.*s' at byte %zu of the %s is not exactly %zu "
			 "hexadecimal digits",
			 (int)header->name.length, header->name.bytes, header->start,
			 lines->codes->what, 2 * hash_bytes);
}

static void add_piece(struct span payload[3], size_t *count, const char *object,
		      size_t start, size_t end)
{
	if (end > start)
		payload[(*count)++] = (struct span){ object + start, end - start };
}

void payload_without(struct span payload[3], size_t *payload_count, const char *object,
		     size_t length, const struct header *cuts, size_t count)
{
	size_t at = 0;
	*payload_count = 0;
	for (size_t i = 0; i < count; i++) {
		add_piece(payload, payload_count, object, at, cuts[i].start);
		at = cuts[i].end;
	}
	add_piece(payload, payload_count, object, at, length);
}
