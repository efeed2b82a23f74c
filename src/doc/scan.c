/* doc/scan.c - looks at text before a parser does: encoding, forbidden characters,
 * size. */
#include "doc/scan.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* A document of a stream while its lines are walked over. */
struct section {
	size_t start;
	uint64_t tag_directives;
};

struct place scan_place(const char *text, size_t offset)
{
	struct place place = { 1, 1 };
	const char *line = text;
	const char *end = text + offset;
	for (;;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			break;
		place.line++;
		line = next + 1;
	}
	place.column = (uint32_t)text_utf8_count(line, (size_t)(end - line)) + 1;
	return place;
}

static int refuse_utf16(struct doc_problem *problem)
{
	struct place place = { 1, 1 };
	return problem_set(problem, ERROR_ENCODING, place, "save the file as UTF-8",
			   "the text is UTF-16, not UTF-8");
}

static bool is_utf16(const char *text, size_t length)
{
	return length >= 2 &&
	       (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
}

static int refuse_byte(const char *text, size_t offset, struct doc_problem *problem)
{
	struct place place = scan_place(text, offset);
	unsigned char byte = (unsigned char)text[offset];
	if (byte == '\0')
		return problem_set(problem, ERROR_ENCODING, place,
				   "remove it; a file with NUL bytes is not text",
				   "a NUL byte in the text");
	if (byte == '\r')
		return problem_set(problem, ERROR_ENCODING, place,
				   "end lines with LF or CR LF",
				   "a carriage return that is not followed by a line "
				   "feed");
	if (byte < 0x80)
		return problem_set(problem, ERROR_ENCODING, place,
				   "remove it, or write it as \\xNN in double quotes",
				   "the control character 0x%02x in the text", byte);
	return problem_set(problem, ERROR_ENCODING, place, "save the file as UTF-8",
			   "the byte 0x%02x does not belong to UTF-8 text", byte);
}

static int refuse_character(const char *text, size_t offset, uint32_t character,
			    struct doc_problem *problem)
{
	struct place place = scan_place(text, offset);
	if (character == 0x85 || character == 0x2028 || character == 0x2029)
		return problem_set(problem, ERROR_ENCODING, place,
				   "remove it, or write it as \\uNNNN in double quotes",
				   "U+%04X is a line break to some readers of YAML and "
				   "not to others",
				   character);
	return problem_set(problem, ERROR_ENCODING, place,
			   "remove it, or write it as \\uNNNN in double quotes",
			   "the character U+%04X is not allowed in YAML", character);
}

/* What YAML calls printable, without the breaks that are not LF. */
static bool is_yaml_character(uint32_t character)
{
	return character >= 0xa0 && character != 0x2028 && character != 0x2029 &&
	       character != 0xfeff && character != 0xfffe && character != 0xffff;
}

/* How many bytes from `at` on are printable ASCII for sure, by eight. */
static size_t pass_printable(const char *text, size_t at, size_t end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t start = at;
	for (; end - at >= 8; at += 8) {
		uint64_t word;
		memcpy(&word, text + at, 8);
		/* The high bit: below 0x20, 0x7f, above 0x7f. */
		if ((((word - ones * 0x20) | (word + ones) | word) & ones * 0x80) != 0)
			break;
	}
	return at - start;
}

static int scan_line(const char *text, size_t at, size_t end, bool *ascii,
		     struct doc_problem *problem)
{
	at += pass_printable(text, at, end);
	while (at < end) {
		unsigned char byte = (unsigned char)text[at];
		if (byte >= 0x20 && byte < 0x7f) {
			at++;
			continue;
		}
		if (byte < 0x80) {
			bool ends_line = byte == '\r' && at + 1 == end;
			if (byte != '\t' && byte != '\n' && !ends_line)
				return refuse_byte(text, at, problem);
			at++;
			continue;
		}
		uint32_t character = 0;
		*ascii = false;
		size_t count = text_utf8_next(text + at, end - at, &character);
		if (count == 0)
			return refuse_byte(text, at, problem);
		if (!is_yaml_character(character))
			return refuse_character(text, at, character, problem);
		at += count;
	}
	return 0;
}

static bool is_document_start(const char *line, size_t length)
{
	return length >= 3 && memcmp(line, "---", 3) == 0 &&
	       (length == 3 || strchr(" \t\r", line[3]) != NULL);
}

static int check_section(struct section *section, const char *text, size_t end,
			 const struct limits *limits, struct doc_problem *problem)
{
	struct place place = { 0, 1 };
	enum limit limit = LIMIT_YAML_DOC_BYTES;
	uint64_t value = end - section->start;
	if (section->tag_directives > limits->values[LIMIT_YAML_TAG_DIRECTIVES]) {
		limit = LIMIT_YAML_TAG_DIRECTIVES;
		value = section->tag_directives;
	}
	if (value <= limits->values[limit])
		return 0;
	place.line = scan_place(text, section->start).line;
	return problem_limit(problem, limits, limit, value, place);
}

static int scan_directive(struct section *section, const char *text, size_t at,
			  size_t end, const struct limits *limits,
			  struct doc_problem *problem)
{
	if (end - at < 4 || memcmp(text + at, "%TAG", 4) != 0)
		return 0;
	section->tag_directives++;
	if (end - at <= limits->values[LIMIT_YAML_TAG_BYTES])
		return 0;
	return problem_limit(problem, limits, LIMIT_YAML_TAG_BYTES, end - at,
			     scan_place(text, at));
}

int scan_yaml(const char *text, size_t length, const struct limits *limits, bool *ascii,
	      struct doc_problem *problem)
{
	struct section section = { 0, 0 };
	*ascii = true;
	if (is_utf16(text, length))
		return refuse_utf16(problem);
	for (size_t at = 0; at < length;) {
		if (text[at] == '\n') {
			at++;
			continue;
		}
		const char *newline = memchr(text + at, '\n', length - at);
		size_t end = newline == NULL ? length : (size_t)(newline - text);
		int status = scan_line(text, at, end, ascii, problem);
		if (status == 0 && is_document_start(text + at, end - at)) {
			status = check_section(&section, text, at, limits, problem);
			section = (struct section){ at, 0 };
		}
		if (status == 0)
			status = scan_directive(&section, text, at, end, limits,
						problem);
		if (status != 0)
			return status;
		at = end + 1;
	}
	return check_section(&section, text, length, limits, problem);
}

int scan_json(const char *text, size_t length, const struct limits *limits,
	      struct doc_problem *problem)
{
	struct place start = { 1, 1 };
	if (length > limits->values[LIMIT_JSON_DOC_BYTES])
		return problem_limit(problem, limits, LIMIT_JSON_DOC_BYTES, length,
				     start);
	if (is_utf16(text, length))
		return refuse_utf16(problem);
	for (size_t at = pass_printable(text, 0, length); at < length;
	     at += pass_printable(text, at, length)) {
		size_t count = text_utf8_next(text + at, length - at, NULL);
		if (count == 0 || text[at] == '\0')
			return refuse_byte(text, at, problem);
		at += count;
	}
	return 0;
}
