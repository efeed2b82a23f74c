/* doc/schema_line.c - the words of a problem, and the paths to where it is. */
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "doc/schema_report.h"

#define SHOWN_BYTES 60

/* What a character is good for; each includes what stands before it. */
enum character {
	CHARACTER_SHOWN = 1, /* needs no escape */
	CHARACTER_TOKEN = 3, /* stands in a JSON Pointer as it is */
	CHARACTER_WORD = 7,  /* and in a dotted path */
};

static const uint8_t characters[256] = {
	[' ' ... '#'] = CHARACTER_TOKEN, ['$'] = CHARACTER_WORD,
	['%' ... ','] = CHARACTER_TOKEN, ['-'] = CHARACTER_WORD,
	['.'] = CHARACTER_TOKEN,         ['/'] = CHARACTER_SHOWN,
	['0' ... '9'] = CHARACTER_WORD,  [':' ... '@'] = CHARACTER_TOKEN,
	['A' ... 'Z'] = CHARACTER_WORD,  ['[' ... '^'] = CHARACTER_TOKEN,
	['_'] = CHARACTER_WORD,          ['`'] = CHARACTER_TOKEN,
	['a' ... 'z'] = CHARACTER_WORD,  ['{' ... '}'] = CHARACTER_TOKEN,
	['~'] = CHARACTER_SHOWN,
};

/* What all of a text is good for. */
static unsigned int characters_of(const char *text, size_t length)
{
	uint8_t all = CHARACTER_WORD;
	for (const char *end = text + length; text < end; text++)
		all &= characters[(unsigned char)*text];
	return all;
}

void line_add(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list arguments;
	va_start(arguments, format);
	int count = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	if (count > 0)
		line->length += (size_t)count < room ? (size_t)count : room - 1;
}

void line_fill(struct line *line, const char *bytes)
{
	while (line->length + 1 < sizeof(line->text))
		line->text[line->length++] = *bytes++;
	line->text[line->length] = '\0';
}

void line_add_shown(struct line *line, const char *text, size_t length)
{
	char shown[SHOWN_BYTES + 4];
	if (length <= SHOWN_BYTES && characters_of(text, length) >= CHARACTER_SHOWN) {
		line_add_bytes(line, text, length);
		return;
	}
	text_escape_into(shown, sizeof(shown), text, length);
	line_add_text(line, shown);
}

void line_add_quoted(struct line *line, char quote, const char *text, size_t length)
{
	line_add_bytes(line, &quote, 1);
	line_add_shown(line, text, length);
	line_add_bytes(line, &quote, 1);
}

void line_add_value(struct line *line, const struct node *node)
{
	enum node_kind kind = node_kind(node);
	line_add_text(line, node_kind_name(kind));
	switch (kind) {
	case NODE_STRING:
		line_add_text(line, " ");
		line_add_quoted(line, '"', node->text, node->length);
		break;
	case NODE_BOOLEAN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
		line_add_text(line, " ");
		line_add_shown(line, node->text, node->length);
		break;
	case NODE_UNKNOWN:
	case NODE_NULL:
	case NODE_SEQUENCE:
	case NODE_MAPPING:
		break;
	}
}

void line_add_types(struct line *line, unsigned int types)
{
	static const struct {
		unsigned int bits;
		const char *name;
	} rows[] = { { TYPE_STRING, "a string" },
		     { TYPE_INTEGER | TYPE_INTEGER_BY_TEXT, "an integer" },
		     { TYPE_NUMBER, "a number" },
		     { TYPE_BOOLEAN, "a boolean" },
		     { TYPE_ARRAY, "an array" },
		     { TYPE_OBJECT, "an object" },
		     { TYPE_NULL, "null" } };
	const char *separator = "";
	for (size_t i = 0; types != 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((types & rows[i].bits) == 0)
			continue;
		types &= ~rows[i].bits;
		if (*separator != '\0' && types == 0)
			separator = " or ";
		line_add_text(line, separator);
		line_add_text(line, rows[i].name);
		separator = ", ";
	}
}

/* A token that holds what JSON Pointer or people need escaped. */
static void add_escaped_token(struct line *line, const char *token, size_t length)
{
	struct line raw;
	struct line shown;
	line_clear(&raw);
	for (size_t i = 0; i < length; i++) {
		if (token[i] == '~' || token[i] == '/')
			line_add_text(&raw, token[i] == '~' ? "~0" : "~1");
		else
			line_add_bytes(&raw, token + i, 1);
	}
	text_escape_into(shown.text, sizeof(shown.text), raw.text, raw.length);
	line_add_text(line, shown.text);
}

static void add_token(struct line *line, unsigned int all, const char *token,
		      size_t length)
{
	line_add_text(line, "/");
	if (all >= CHARACTER_TOKEN)
		line_add_bytes(line, token, length);
	else
		add_escaped_token(line, token, length);
}

void line_add_token(struct line *line, const char *token, size_t length)
{
	add_token(line, characters_of(token, length), token, length);
}

/* --- paths --- */

void paths_begin(struct paths *paths)
{
	line_clear(&paths->pointer);
	line_clear(&paths->dotted);
	paths->depth = 0;
	paths->written = NULL;
}

static void cut_line(struct line *line, size_t length)
{
	line->length = length;
	line->text[length] = '\0';
}

/* Back to the first levels, whose number is not over that of those known. */
static void cut_paths(struct paths *paths, unsigned int depth)
{
	bool root = depth == 0;
	cut_line(&paths->pointer, root ? 0 : paths->levels[depth - 1].pointer_end);
	cut_line(&paths->dotted, root ? 0 : paths->levels[depth - 1].dotted_end);
	paths->depth = depth;
}

static void add_index(struct paths *paths, size_t index)
{
	char text[24]; /* "[12]" */
	size_t at = sizeof(text) - 1;
	text[at] = ']';
	do {
		text[--at] = (char)('0' + index % 10);
		index /= 10;
	} while (index > 0);
	line_add_text(&paths->pointer, "/");
	line_add_bytes(&paths->pointer, text + at, sizeof(text) - 1 - at);
	text[--at] = '[';
	line_add_bytes(&paths->dotted, text + at, sizeof(text) - at);
}

/* For a separator, a word and its NUL, where a short word is written as eight bytes. */
static bool has_room(const struct line *line, const struct node *word)
{
	return 2 + word->length + DOC_TEXT_ROOM <= sizeof(line->text) - line->length;
}

/* Eight bytes at a time, of which a key has always as many: in half the time that calls
 * of memcpy() take. */
static void add_word(struct line *line, char separator, const struct node *word)
{
	const size_t step = DOC_TEXT_ROOM;
	char *to = line->text + line->length;
	size_t length = word->length;
	*to++ = separator;
	memcpy(to, word->text, step);
	for (size_t i = step; i < length; i += step) {
		size_t at = i + step <= length ? i : length - step;
		memcpy(to + at, word->text + at, step);
	}
	to[length] = '\0';
	line->length += 1 + length;
}

static void add_key(struct paths *paths, const struct node *key)
{
	struct line *dotted = &paths->dotted;
	unsigned int all = characters_of(key->text, key->length);
	bool word =
		all == CHARACTER_WORD && key->length > 0 && key->length <= SHOWN_BYTES;
	if (word && dotted->length > 0 && has_room(dotted, key) &&
	    has_room(&paths->pointer, key)) {
		add_word(&paths->pointer, '/', key);
		add_word(dotted, '.', key);
		return;
	}
	add_token(&paths->pointer, all, key->text, key->length);
	if (word) {
		if (dotted->length > 0)
			line_add_text(dotted, ".");
		line_add_bytes(dotted, key->text, key->length);
	} else {
		line_add_text(dotted, "[");
		line_add_quoted(dotted, '"', key->text, key->length);
		line_add_text(dotted, "]");
	}
}

static void add_step(struct paths *paths, const struct path *step)
{
	const struct node *key = path_key(step);
	if (key == NULL)
		add_index(paths, path_index(step));
	else
		add_key(paths, key);
}

/* The steps that are not there yet, of the first LEVELS ones. */
static void add_levels(struct paths *paths, const struct path *const *steps,
		       unsigned int count)
{
	unsigned int same = 0;
	while (same < count && same < paths->depth &&
	       paths->levels[same].child == steps[same]->child)
		same++;
	cut_paths(paths, same);
	for (unsigned int i = same; i < count; i++) {
		add_step(paths, steps[i]);
		paths->levels[i].child = steps[i]->child;
		paths->levels[i].pointer_end = (uint16_t)paths->pointer.length;
		paths->levels[i].dotted_end = (uint16_t)paths->dotted.length;
	}
	paths->depth = count;
}

/* The steps further in, which are not remembered: as deep as documents may be. */
static void add_rest(struct paths *paths, const struct path *path, unsigned int count)
{
	if (count == 0)
		return;
	add_rest(paths, path->parent, count - 1);
	add_step(paths, path);
}

void paths_write_again(struct paths *paths, const struct path *path)
{
	const struct path *steps[LEVELS];
	unsigned int depth = path_depth(path);
	unsigned int known = depth < LEVELS ? depth : LEVELS;
	const struct path *step = path;
	for (unsigned int i = depth; i > 0; i--, step = step->parent)
		if (i <= LEVELS)
			steps[i - 1] = step;
	add_levels(paths, steps, known);
	add_rest(paths, path, depth - known);
	paths->written = path;
}

void report_subject(struct line *line, const struct check *check,
		    const struct path *path)
{
	struct paths *paths = &check->run->report->paths;
	if (path != NULL && path->is_name) {
		line_add_text(line, "the key ");
		const struct node *key = path_key(path);
		line_add_quoted(line, '\'', key->text, key->length);
		if (path->parent == NULL)
			return;
		line_add_text(line, " of ");
		path = path->parent;
	}
	paths_write(paths, path);
	if (path == NULL)
		line_add_text(line, "the document");
	else
		line_add_bytes(line, paths->dotted.text, paths->dotted.length);
}
