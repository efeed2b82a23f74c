/* conf/reader.c - typed values out of a document tree, with the place in every error.
 */
#include "conf/reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/pattern.h"
#include "base/text.h"
#include "conf/names.h"
#include "doc/doc.h"

#define MESSAGE_BYTES 1024

__attribute__((format(printf, 5, 0))) static int fail(const struct reader *reader,
						      const struct node *node, int code,
						      struct error *err,
						      const char *format,
						      va_list arguments)
{
	char message[MESSAGE_BYTES];
	if (vsnprintf(message, sizeof(message), format, arguments) < 0)
		message[0] = '\0';
	return error_set(err, code, "%s:%u:%u: %s", reader->file,
			 node == NULL ? 1 : node_line(node),
			 node == NULL ? 1 : node_column(node), message);
}

int reader_fail(const struct reader *reader, const struct node *node, struct error *err,
		const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int code = fail(reader, node, ERROR_CONFIG, err, format, arguments);
	va_end(arguments);
	return code;
}

int reader_fail_code(const struct reader *reader, const struct node *node, int code,
		     struct error *err, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fail(reader, node, code, err, format, arguments);
	va_end(arguments);
	return code;
}

int reader_no_memory(const struct reader *reader, struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for '%s'", reader->file);
}

const char *reader_place(const struct reader *reader, const struct node *node)
{
	const char *place = arena_printf(reader->arena, "%s:%u:%u", reader->file,
					 node_line(node), node_column(node));
	return place == NULL ? "?" : place;
}

const char *reader_shown(const struct node *node, char out[READER_SHOWN_BYTES])
{
	char text[READER_SHOWN_BYTES - 8];
	switch (node_kind(node)) {
	case NODE_UNKNOWN:
	case NODE_NULL:
		snprintf(out, READER_SHOWN_BYTES, "nothing");
		break;
	case NODE_SEQUENCE:
		snprintf(out, READER_SHOWN_BYTES, "a list");
		break;
	case NODE_MAPPING:
		snprintf(out, READER_SHOWN_BYTES, "a mapping");
		break;
	case NODE_BOOLEAN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
	case NODE_STRING: {
		size_t length = 0;
		const char *raw = node_text(node, &length);
		text_escape_into(text, sizeof(text), raw, length);
		snprintf(out, READER_SHOWN_BYTES, "'%s'", text);
		break;
	}
	}
	return out;
}

int reader_parse(const struct reader *reader, const char *text, size_t length,
		 struct arena *trees, const struct node **out, struct error *err)
{
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	int code = docs_parse(&docs, trees, DOC_YAML, text, length, &limits_default,
			      &problem);
	if (code != 0)
		return error_set(err, code, "%s:%u:%u: %s%s%s", reader->file,
				 problem.line, problem.column, problem.message,
				 problem.mend[0] == '\0' ? "" : "; ", problem.mend);
	if (docs.count > 1)
		return reader_fail(reader, docs.roots[1], err,
				   "a second document begins; one file holds one");
	const struct node *root = docs.count == 0 ? NULL : docs.roots[0];
	if (root != NULL && node_kind(root) == NODE_NULL)
		root = NULL;
	char shown[READER_SHOWN_BYTES];
	if (root != NULL && node_kind(root) != NODE_MAPPING)
		return reader_fail(reader, root, err,
				   "the file must be a mapping of options, found %s",
				   reader_shown(root, shown));
	*out = root;
	return 0;
}

int reader_mapping(const struct reader *reader, const struct node *node,
		   const char *what, struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	if (node_kind(node) == NODE_MAPPING)
		return 0;
	return reader_fail(reader, node, err, "'%s' must be a mapping, found %s", what,
			   reader_shown(node, shown));
}

int reader_known(const struct reader *reader, const struct node *key, const char *what,
		 const char *const *names, size_t count, struct error *err)
{
	size_t length = 0;
	const char *name = node_text(key, &length);
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return 0;
	char shown[READER_SHOWN_BYTES];
	reader_shown(key, shown);
	const char *nearest = text_nearest(name, names, count);
	if (nearest == NULL)
		return reader_fail(reader, key, err, "unknown %s %s", what, shown);
	return reader_fail(reader, key, err, "unknown %s %s; did you mean '%s'?", what,
			   shown, nearest);
}

int reader_known_keys(const struct reader *reader, const struct node *mapping,
		      const char *what, const char *const *names, size_t count,
		      struct error *err)
{
	for (size_t i = 0; i < node_count(mapping); i++) {
		int code = reader_known(reader, node_key(mapping, i), what, names,
					count, err);
		if (code != 0)
			return code;
	}
	return 0;
}

int reader_string(const struct reader *reader, const struct node *node,
		  const char *what, const char **out, struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	enum node_kind kind = node_kind(node);
	if (kind == NODE_BOOLEAN || kind == NODE_INTEGER || kind == NODE_DECIMAL)
		return reader_fail(reader, node, err,
				   "'%s' must be text, found the %s %s; put it in "
				   "quotes",
				   what,
				   kind == NODE_BOOLEAN ? "truth value" : "number",
				   reader_shown(node, shown));
	if (kind != NODE_STRING)
		return reader_fail(reader, node, err, "'%s' must be text, found %s",
				   what, reader_shown(node, shown));
	size_t length = 0;
	const char *text = node_text(node, &length);
	if (length == 0)
		return reader_fail(reader, node, err, "'%s' must not be empty", what);
	if (memchr(text, '\0', length) != NULL)
		return reader_fail(reader, node, err, "'%s' holds a NUL byte", what);
	const char *copy = arena_copy(reader->arena, text, length);
	if (copy == NULL)
		return reader_no_memory(reader, err);
	*out = copy;
	return 0;
}

int reader_boolean(const struct reader *reader, const struct node *node,
		   const char *what, bool *out, struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	if (node_kind(node) != NODE_BOOLEAN)
		return reader_fail(reader, node, err,
				   "'%s' must be true or false, found %s", what,
				   reader_shown(node, shown));
	*out = node_boolean(node);
	return 0;
}

int strings_add(struct arena *arena, struct strings *strings, const char *string)
{
	const char **item =
		ARENA_PUSH(arena, &strings->items, &strings->count, &strings->capacity);
	if (item == NULL)
		return ERROR_MEMORY;
	*item = string;
	return 0;
}

int reader_strings(const struct reader *reader, const struct node *node,
		   const char *what, struct strings *out, struct error *err)
{
	struct strings strings = { 0 };
	char shown[READER_SHOWN_BYTES];
	enum node_kind kind = node_kind(node);
	if (kind != NODE_SEQUENCE && kind != NODE_STRING)
		return reader_fail(reader, node, err,
				   "'%s' must be a list of texts, found %s", what,
				   reader_shown(node, shown));
	size_t count = kind == NODE_STRING ? 1 : node_count(node);
	for (size_t i = 0; i < count; i++) {
		const char *string = NULL;
		int code = reader_string(reader, reader_strings_node(node, i), what,
					 &string, err);
		if (code != 0)
			return code;
		if (strings_add(reader->arena, &strings, string) != 0)
			return reader_no_memory(reader, err);
	}
	*out = strings;
	return 0;
}

const struct node *reader_strings_node(const struct node *node, size_t index)
{
	return node_kind(node) == NODE_SEQUENCE ? node_item(node, index) : node;
}

int reader_time(const struct reader *reader, const struct node *node, const char *what,
		int64_t *out, struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	int64_t when = 0;
	if (node_kind(node) != NODE_STRING ||
	    clock_parse(node_text(node, NULL), &when) != 0)
		return reader_fail(reader, node, err,
				   "'%s' must be a date or time such as 2026-11-21 or "
				   "2026-11-21T09:30:00Z, found %s",
				   what, reader_shown(node, shown));
	if (when <= 0)
		return reader_fail(reader, node, err, "'%s' must be after 1970-01-01",
				   what);
	*out = when;
	return 0;
}

static int check_range(const struct reader *reader, const struct node *node,
		       const struct option_row *row, uint64_t value, struct error *err)
{
	if ((row->minimum == 0 && row->maximum == 0) ||
	    (value >= row->minimum && value <= row->maximum))
		return 0;
	char shown[READER_SHOWN_BYTES];
	return reader_fail(reader, node, err,
			   "'%s' must be from %" PRIu64 " to %" PRIu64 "%s%s, found %s",
			   row->key, row->minimum, row->maximum,
			   row->unit[0] == '\0' ? "" : " ", row->unit,
			   reader_shown(node, shown));
}

static int read_count(const struct reader *reader, const struct node *node,
		      const struct option_row *row, uint64_t *out, struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	uint64_t value = 0;
	if (node_kind(node) != NODE_INTEGER ||
	    text_parse_u64(node_text(node, NULL), &value) != 0)
		return reader_fail(reader, node, err,
				   "'%s' must be a whole number, found %s", row->key,
				   reader_shown(node, shown));
	int code = check_range(reader, node, row, value, err);
	if (code == 0)
		*out = value;
	return code;
}

static int read_size(const struct reader *reader, const struct node *node,
		     const struct option_row *row, uint64_t *out, struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	enum node_kind kind = node_kind(node);
	uint64_t value = 0;
	if ((kind != NODE_INTEGER && kind != NODE_STRING) ||
	    text_parse_size(node_text(node, NULL), &value) != 0)
		return reader_fail(reader, node, err,
				   "'%s' must be a size such as 512, 64KiB or 1MiB, "
				   "found %s",
				   row->key, reader_shown(node, shown));
	int code = check_range(reader, node, row, value, err);
	if (code == 0)
		*out = value;
	return code;
}

static int duration_out_of_range(const struct reader *reader, const struct node *node,
				 const struct option_row *row, struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	struct buf from = BUF_INIT(CLOCK_TEXT_BYTES);
	struct buf to = BUF_INIT(CLOCK_TEXT_BYTES);
	duration_write((int64_t)row->minimum * CLOCK_SECOND, &from);
	duration_write((int64_t)row->maximum * CLOCK_SECOND, &to);
	int code =
		reader_fail(reader, node, err, "'%s' must be from %s to %s, found %s",
			    row->key, from.data, to.data, reader_shown(node, shown));
	buf_release(&from);
	buf_release(&to);
	return code;
}

static int read_duration(const struct reader *reader, const struct node *node,
			 const struct option_row *row, int64_t *out, struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	int64_t value = 0;
	if (node_kind(node) != NODE_STRING ||
	    duration_parse(node_text(node, NULL), &value) != 0)
		return reader_fail(reader, node, err,
				   "'%s' must be a duration with its unit, such as "
				   "90s, 5m or 1h30m, found %s",
				   row->key, reader_shown(node, shown));
	bool bounded = row->minimum != 0 || row->maximum != 0;
	if (bounded && (value < (int64_t)row->minimum * CLOCK_SECOND ||
			value > (int64_t)row->maximum * CLOCK_SECOND))
		return duration_out_of_range(reader, node, row, err);
	*out = value;
	return 0;
}

static int read_path(const struct reader *reader, const struct node *node,
		     const char *what, const char **out, struct error *err)
{
	const char *written = NULL;
	int code = reader_string(reader, node, what, &written, err);
	if (code != 0)
		return code;
	struct error cause = ERROR_INIT;
	const char *path = NULL;
	code = name_path(reader->arena, reader->directory, written, &path, &cause);
	if (code == ERROR_MEMORY)
		return reader_no_memory(reader, err);
	if (code != 0)
		return reader_fail(reader, node, err, "'%s': %s", what, cause.text);
	*out = path;
	return 0;
}

static int read_paths(const struct reader *reader, const struct node *node,
		      const char *what, struct strings *out, struct error *err)
{
	struct strings strings = { 0 };
	int code = reader_strings(reader, node, what, &strings, err);
	for (size_t i = 0; code == 0 && i < strings.count; i++)
		code = read_path(reader, reader_strings_node(node, i), what,
				 &strings.items[i], err);
	if (code == 0)
		*out = strings;
	return code;
}

static int read_globs(const struct reader *reader, const struct node *node,
		      const char *what, struct strings *out, struct error *err)
{
	struct strings strings = { 0 };
	int code = reader_strings(reader, node, what, &strings, err);
	for (size_t i = 0; code == 0 && i < strings.count; i++) {
		struct error cause = ERROR_INIT;
		if (glob_check(strings.items[i], &cause) != 0)
			code = reader_fail(reader, reader_strings_node(node, i), err,
					   "'%s': %s", what, cause.text);
	}
	if (code == 0)
		*out = strings;
	return code;
}

static int read_word(const struct reader *reader, const struct node *node,
		     const struct option_row *row, const char **out, struct error *err)
{
	const char *words[WORDS_MAXIMUM];
	size_t count = words_of(reader->arena, row->help, words, WORDS_MAXIMUM);
	enum node_kind kind = node_kind(node);
	if (kind == NODE_STRING)
		for (size_t i = 0; i < count; i++)
			if (strcmp(words[i], node_text(node, NULL)) == 0) {
				*out = words[i];
				return 0;
			}
	struct buf list = BUF_INIT(MESSAGE_BYTES);
	for (size_t i = 0; i < count; i++)
		buf_addf(&list, "%s'%s'",
			 i == 0           ? ""
			 : i + 1 == count ? " or "
					  : ", ",
			 words[i]);
	/* `off` and its kin are truth values to older readers of YAML: say it plainly.
	 */
	char shown[READER_SHOWN_BYTES];
	int code = reader_fail(reader, node, err, "'%s' must be %s, found %s", row->key,
			       list.data, reader_shown(node, shown));
	buf_release(&list);
	return code;
}

int reader_value(const struct reader *reader, const struct node *node,
		 const struct option_row *row, void *field, struct error *err)
{
	switch (row->type) {
	case VALUE_BOOLEAN:
		return reader_boolean(reader, node, row->key, field, err);
	case VALUE_COUNT:
		return read_count(reader, node, row, field, err);
	case VALUE_SIZE:
		return read_size(reader, node, row, field, err);
	case VALUE_DURATION:
		return read_duration(reader, node, row, field, err);
	case VALUE_STRING:
	case VALUE_FILE:
		return reader_string(reader, node, row->key, field, err);
	case VALUE_PATH:
		return read_path(reader, node, row->key, field, err);
	case VALUE_STRINGS:
	case VALUE_NAMES:
		return reader_strings(reader, node, row->key, field, err);
	case VALUE_PATHS:
		return read_paths(reader, node, row->key, field, err);
	case VALUE_GLOBS:
		return read_globs(reader, node, row->key, field, err);
	case VALUE_WORD:
		return read_word(reader, node, row, field, err);
	case VALUE_PATTERN:
	case VALUE_UNKNOWN:
	case VALUE_TYPE_COUNT:
		break;
	}
	return reader_fail_code(reader, node, ERROR_INTERNAL, err,
				"no reader for the type of '%s'", row->key);
}
