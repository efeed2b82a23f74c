/* conf/value.c - option values as data: types, defaults, and their text form. */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "conf/reader.h"

static const struct {
	const char *name;  /* in options.def and rules.def */
	const char *shown; /* in manuals */
} types[VALUE_TYPE_COUNT] = {
	[VALUE_UNKNOWN] = { "", "" },
	[VALUE_BOOLEAN] = { "BOOLEAN", "true or false" },
	[VALUE_COUNT] = { "COUNT", "number" },
	[VALUE_SIZE] = { "SIZE", "size" },
	[VALUE_DURATION] = { "DURATION", "duration" },
	[VALUE_STRING] = { "STRING", "text" },
	[VALUE_PATH] = { "PATH", "file name" },
	[VALUE_STRINGS] = { "STRINGS", "list of texts" },
	[VALUE_PATHS] = { "PATHS", "list of file names" },
	[VALUE_WORD] = { "WORD", "word" },
	[VALUE_PATTERN] = { "PATTERN", "regular expression" },
	[VALUE_GLOBS] = { "GLOBS", "list of globs" },
	[VALUE_NAMES] = { "NAMES", "list of names" },
	[VALUE_FILE] = { "FILE", "file beside the policy" },
};

enum value_type value_type_by_name(const char *name)
{
	for (int type = VALUE_UNKNOWN + 1; type < VALUE_TYPE_COUNT; type++)
		if (strcmp(types[type].name, name) == 0)
			return (enum value_type)type;
	return VALUE_UNKNOWN;
}

const char *value_type_name(enum value_type type)
{
	return types[type].shown;
}

size_t words_of(struct arena *arena, const char *help, const char **words,
		size_t maximum)
{
	size_t count = 0;
	const char *at = help;
	while (count < maximum && (at = strchr(at, '\'')) != NULL) {
		const char *end = strchr(at + 1, '\'');
		if (end == NULL)
			break;
		words[count] = arena_copy(arena, at + 1, (size_t)(end - at - 1));
		if (words[count] == NULL)
			break;
		count++;
		at = end + 1;
	}
	return count;
}

/* Lists are written "a, b" in the tables. */
static int default_strings(struct arena *arena, const char *value,
			   struct strings *strings)
{
	const char *at = value;
	while (*at != '\0') {
		size_t length = strcspn(at, ",");
		const char *item = arena_copy(arena, at, length);
		if (item == NULL || strings_add(arena, strings, item) != 0)
			return ERROR_MEMORY;
		at += length;
		at += strspn(at, ", ");
	}
	return 0;
}

/* The field is zero: that is the default of "" (and of truth values, false). */
int value_default(struct arena *arena, const struct option_row *row, void *field)
{
	switch (row->type) {
	case VALUE_BOOLEAN:
		*(bool *)field = strcmp(row->value, "true") == 0;
		return 0;
	case VALUE_COUNT:
	case VALUE_SIZE:
		return text_parse_size(row->value, field) == 0 ? 0 : ERROR_INTERNAL;
	case VALUE_DURATION:
		return duration_parse(row->value, field) == 0 ? 0 : ERROR_INTERNAL;
	case VALUE_STRING:
	case VALUE_PATH:
	case VALUE_WORD:
	case VALUE_FILE:
		*(const char **)field =
			row->value[0] == '\0' ? NULL : arena_string(arena, row->value);
		return row->value[0] != '\0' && *(const char **)field == NULL
			       ? ERROR_MEMORY
			       : 0;
	case VALUE_STRINGS:
	case VALUE_PATHS:
	case VALUE_GLOBS:
	case VALUE_NAMES:
		return default_strings(arena, row->value, field);
	case VALUE_PATTERN:
		return 0;
	case VALUE_UNKNOWN:
	case VALUE_TYPE_COUNT:
		break;
	}
	return ERROR_INTERNAL;
}

void duration_write(int64_t duration, struct buf *out)
{
	static const struct {
		const char *name;
		int64_t factor;
	} units[] = {
		{ "d", 86400 * CLOCK_SECOND },
		{ "h", 3600 * CLOCK_SECOND },
		{ "m", 60 * CLOCK_SECOND },
		{ "s", CLOCK_SECOND },
		{ "ms", 1000 },
		{ "us", 1 },
	};
	if (duration == 0) {
		buf_add_string(out, "0s");
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (duration < units[i].factor)
			continue;
		buf_addf(out, "%" PRId64 "%s", duration / units[i].factor,
			 units[i].name);
		duration %= units[i].factor;
	}
}

void size_write(uint64_t bytes, struct buf *out)
{
	static const char *const units[] = { "", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;
	while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < 5) {
		bytes /= 1024;
		unit++;
	}
	buf_addf(out, "%" PRIu64 "%s", bytes, units[unit]);
}

/* Plain only where no reader of YAML could take it for anything but this text. */
static bool is_plain(const char *string)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
				      "WXYZ";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
				   "Z0123456789._-/+=@";
	static const char *const words[] = { "true", "false", "null", "yes", "no",
					     "on",   "off",   "y",    "n",   "~" };
	if (string[0] == '\0' ||
	    (strchr(letters, string[0]) == NULL && string[0] != '/'))
		return false;
	if (string[strspn(string, more)] != '\0')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(string, words[i]) == 0)
			return false;
	return true;
}

void string_write(const char *string, struct buf *out)
{
	if (is_plain(string)) {
		buf_add_string(out, string);
		return;
	}
	buf_add_byte(out, '"');
	for (const char *at = string; *at != '\0'; at++) {
		unsigned char byte = (unsigned char)*at;
		if (byte == '"' || byte == '\\')
			buf_addf(out, "\\%c", byte);
		else if (byte < 0x20 || byte == 0x7f)
			buf_addf(out, "\\x%02x", byte);
		else
			buf_add_byte(out, byte);
	}
	buf_add_byte(out, '"');
}

static void strings_write(const struct strings *strings, struct buf *out)
{
	buf_add_byte(out, '[');
	for (size_t i = 0; i < strings->count; i++) {
		if (i != 0)
			buf_add_string(out, ", ");
		string_write(strings->items[i], out);
	}
	buf_add_byte(out, ']');
}

void value_write(enum value_type type, const void *field, struct buf *out)
{
	switch (type) {
	case VALUE_BOOLEAN:
		buf_add_string(out, *(const bool *)field ? "true" : "false");
		break;
	case VALUE_COUNT:
		buf_addf(out, "%" PRIu64, *(const uint64_t *)field);
		break;
	case VALUE_SIZE:
		size_write(*(const uint64_t *)field, out);
		break;
	case VALUE_DURATION:
		duration_write(*(const int64_t *)field, out);
		break;
	case VALUE_STRING:
	case VALUE_PATH:
	case VALUE_WORD:
	case VALUE_FILE: {
		const char *string = *(const char *const *)field;
		string_write(string == NULL ? "" : string, out);
		break;
	}
	case VALUE_STRINGS:
	case VALUE_PATHS:
	case VALUE_GLOBS:
	case VALUE_NAMES:
		strings_write(field, out);
		break;
	case VALUE_PATTERN:
	case VALUE_UNKNOWN:
	case VALUE_TYPE_COUNT:
		break;
	}
}

bool value_equal(enum value_type type, const void *a, const void *b)
{
	struct buf left = BUF_INIT(1 << 20);
	struct buf right = BUF_INIT(1 << 20);
	value_write(type, a, &left);
	value_write(type, b, &right);
	bool equal = left.failed == 0 && right.failed == 0 &&
		     left.length == right.length &&
		     memcmp(left.data, right.data, left.length) == 0;
	buf_release(&left);
	buf_release(&right);
	return equal;
}
