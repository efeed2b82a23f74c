/* doc/json_reader.c - JSON text to a tree: RFC 8259 to the letter, with places.
 *
 * What many readers tolerate is refused with a hint: comments, trailing commas, single
 * quotes, a byte order mark. So is what readers understand differently: lone
 * surrogates, duplicate keys. U+0000 in a string is refused unless it is asked for,
 * because C ends strings there. */
#include "doc/json_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/scan.h"
#include "doc/tree.h"

enum expected {
	EXPECT_VALUE = 0,
	EXPECT_VALUE_OR_END, /* behind '[' */
	EXPECT_KEY,
	EXPECT_KEY_OR_END, /* behind '{' */
	EXPECT_MORE,       /* ',' or the end of the container, or of the text */
};

struct reader {
	char *text;
	const char *at;
	const char *end;
	struct tree tree;
	struct doc_problem *problem;
	const char *marked; /* `mark` is the place of this byte */
	struct place mark;
	char *scratch; /* for strings with escapes */
	size_t scratch_size;
	bool any_text; /* U+0000 in strings is accepted */
};

/* The place of a byte that is not before the last one asked for: one walk over the text
 * in all. */
static struct place place_of(struct reader *reader, const char *byte)
{
	for (; reader->marked < byte; reader->marked++) {
		unsigned char c = (unsigned char)*reader->marked;
		if (c == '\n') {
			reader->mark.line++;
			reader->mark.column = 1;
		} else if ((c & 0xc0) != 0x80) {
			reader->mark.column++;
		}
	}
	/* Inside a character the mark counts it already. */
	return reader->mark;
}

static int refuse(struct reader *reader, const char *byte, const char *mend,
		  const char *what)
{
	return problem_set(reader->problem, ERROR_SYNTAX, place_of(reader, byte), mend,
			   "%s", what);
}

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
					    *reader->at == '\t' || *reader->at == '\r'))
		reader->at++;
}

/* Its value and 1, or 0: it is none. */
static const uint8_t hex_digits[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Four hexadecimal digits at reader->at, passed over; -1: they are not there. */
static int32_t read_unit(struct reader *reader)
{
	int32_t unit = 0;
	if (reader->end - reader->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digits[(unsigned char)reader->at[i]];
		if (digit == 0)
			return -1;
		unit = unit * 16 + digit - 1;
	}
	reader->at += 4;
	return unit;
}

static char *put_utf8(char *to, uint32_t character)
{
	if (character < 0x80) {
		*to++ = (char)character;
		return to;
	}
	int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
	static const unsigned char lead[4] = { 0, 0xc0, 0xe0, 0xf0 };
	*to++ = (char)(lead[more] | character >> (6 * more));
	while (more-- > 0)
		*to++ = (char)(0x80 | (character >> (6 * more) & 0x3f));
	return to;
}

/* "uXXXX" behind a backslash, or two of them for a surrogate pair. */
static int read_unicode_escape(struct reader *reader, char **to)
{
	const char *start = reader->at - 1;
	reader->at++;
	int32_t unit = read_unit(reader);
	if (unit < 0)
		return refuse(reader, start, "write \\uNNNN",
			      "'\\u' without four hexadecimal digits");
	if (unit == 0 && !reader->any_text)
		return refuse(reader, start, "remove it",
			      "U+0000 in a string: texts with NUL are not accepted");
	uint32_t character = (uint32_t)unit;
	if (unit >= 0xd800 && unit < 0xdc00 && reader->end - reader->at >= 6 &&
	    reader->at[0] == '\\' && reader->at[1] == 'u') {
		reader->at += 2;
		int32_t low = read_unit(reader);
		if (low >= 0xdc00 && low < 0xe000)
			character = 0x10000 + (((uint32_t)unit - 0xd800) << 10) +
				    ((uint32_t)low - 0xdc00);
	}
	if (character >= 0xd800 && character < 0xe000)
		return refuse(reader, start,
			      "write both halves of the pair, or the character itself",
			      "half of a surrogate pair in a string");
	*to = put_utf8(*to, character);
	return 0;
}

static int read_escape(struct reader *reader, char **to)
{
	static const char meanings[128] = {
		['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
		['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'
	};
	reader->at++;
	if (reader->at < reader->end && *reader->at == 'u')
		return read_unicode_escape(reader, to);
	unsigned char name =
		reader->at < reader->end ? (unsigned char)*reader->at : '\0';
	if (name >= sizeof(meanings) || meanings[name] == '\0')
		return refuse(reader, reader->at - 1, "write \\\\ for a backslash",
			      "an unknown escape in a string");
	*(*to)++ = meanings[name];
	reader->at++;
	return 0;
}

/* The end of the string whose content starts at reader->at, and whether it has escapes.
 */
static int find_quote(struct reader *reader, const char **quote, bool *escapes)
{
	const char *at = reader->at;
	*escapes = false;
	for (; at < reader->end && *at != '"'; at++) {
		if ((unsigned char)*at < 0x20)
			return refuse(reader, at,
				      "close the string, or write \\n, \\t or \\uNNNN",
				      "a line break or control character in a string");
		if (*at == '\\') {
			*escapes = true;
			at++;
		}
	}
	if (at >= reader->end)
		return refuse(reader, reader->at - 1, "add the closing quote",
			      "a string is not closed");
	*quote = at;
	return 0;
}

static int decode(struct reader *reader, const char *quote, struct scalar *scalar)
{
	size_t needed = (size_t)(quote - reader->at) + 1;
	scalar->room = reader->text + (reader->at - reader->text);
	scalar->room_length = needed;
	if (needed > reader->scratch_size) {
		char *scratch = realloc(reader->scratch, needed);
		if (scratch == NULL)
			return problem_memory(reader->problem, scalar->place);
		reader->scratch = scratch;
		reader->scratch_size = needed;
	}
	char *to = reader->scratch;
	while (reader->at < quote) {
		if (*reader->at != '\\') {
			*to++ = *reader->at++;
			continue;
		}
		int status = read_escape(reader, &to);
		if (status != 0)
			return status;
	}
	place_of(reader, quote); /* what stands before it will change */
	scalar->text = reader->scratch;
	scalar->length = (size_t)(to - reader->scratch);
	return 0;
}

static int read_string(struct reader *reader, struct scalar *scalar)
{
	const char *quote = NULL;
	bool escapes = false;
	scalar->kind = NODE_STRING;
	reader->at++;
	int status = find_quote(reader, &quote, &escapes);
	if (status != 0)
		return status;
	scalar->text = reader->at;
	scalar->length = (size_t)(quote - reader->at);
	if (escapes)
		status = decode(reader, quote, scalar);
	reader->at = quote + 1;
	return status;
}

static size_t pass_digits(struct reader *reader)
{
	const char *start = reader->at;
	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return (size_t)(reader->at - start);
}

static bool pass_one_of(struct reader *reader, const char *characters)
{
	if (reader->at >= reader->end || *reader->at == '\0' ||
	    strchr(characters, *reader->at) == NULL)
		return false;
	reader->at++;
	return true;
}

static int read_number(struct reader *reader, struct scalar *scalar)
{
	const char *start = reader->at;
	scalar->kind = NODE_INTEGER;
	pass_one_of(reader, "-");
	const char *whole = reader->at;
	size_t digits = pass_digits(reader);
	if (digits == 0)
		return refuse(reader, start, "write digits behind the sign",
			      "a number without digits");
	if (digits > 1 && *whole == '0')
		return refuse(reader, start,
			      "remove the zeros, or put the number in quotes",
			      "a number with leading zeros");
	if (pass_one_of(reader, ".")) {
		scalar->kind = NODE_DECIMAL;
		if (pass_digits(reader) == 0)
			return refuse(reader, start, "write digits behind the point",
				      "a number that ends in a point");
	}
	if (pass_one_of(reader, "eE")) {
		scalar->kind = NODE_DECIMAL;
		pass_one_of(reader, "+-");
		if (pass_digits(reader) == 0)
			return refuse(reader, start, "write digits behind the 'e'",
				      "a number with an empty exponent");
	}
	scalar->flags = NODE_FLAG_PLAIN;
	scalar->text = start;
	scalar->length = (size_t)(reader->at - start);
	return 0;
}

static bool at_word(const struct reader *reader, const char *word)
{
	size_t length = strlen(word);
	return (size_t)(reader->end - reader->at) >= length &&
	       memcmp(reader->at, word, length) == 0;
}

static int refuse_start(struct reader *reader)
{
	const char *at = reader->at;
	if (at >= reader->end)
		return refuse(reader, at, "write a value", "a value is missing");
	if (*at == '\'')
		return refuse(reader, at, "use double quotes",
			      "a string in single quotes");
	if (*at == '/' || *at == '#')
		return refuse(reader, at, "remove the comment",
			      "a comment, which JSON does not have");
	if (*at == ']' || *at == '}' || *at == ',')
		return refuse(reader, at,
			      "remove a comma that is too much, or write a value",
			      "a value is missing");
	return refuse(reader, at, "put a text in double quotes",
		      "this is not a JSON value");
}

static int read_word(struct reader *reader, struct scalar *scalar)
{
	static const struct {
		const char *word;
		enum node_kind kind;
		uint8_t flags;
	} rows[] = { { "null", NODE_NULL, 0 },
		     { "true", NODE_BOOLEAN, NODE_FLAG_TRUE },
		     { "false", NODE_BOOLEAN, 0 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!at_word(reader, rows[i].word))
			continue;
		scalar->kind = rows[i].kind;
		scalar->flags = rows[i].flags | NODE_FLAG_PLAIN;
		scalar->text = reader->at;
		scalar->length = strlen(rows[i].word);
		reader->at += scalar->length;
		return 0;
	}
	return refuse_start(reader);
}

static int read_scalar(struct reader *reader)
{
	const char *start = reader->at;
	struct scalar scalar = { .place = place_of(reader, start) };
	struct node node;
	int status;
	if (*start == '"')
		status = read_string(reader, &scalar);
	else if (*start == '-' || (*start >= '0' && *start <= '9'))
		status = read_number(reader, &scalar);
	else
		status = read_word(reader, &scalar);
	if (status == 0)
		status = tree_scalar(&reader->tree, &scalar, &node);
	return status != 0 ? status : tree_add(&reader->tree, &node, scalar.place);
}

static int read_value(struct reader *reader, enum expected *next)
{
	if (reader->at >= reader->end)
		return refuse_start(reader);
	*next = EXPECT_MORE;
	char c = *reader->at;
	if (c != '{' && c != '[')
		return read_scalar(reader);
	struct place place = place_of(reader, reader->at);
	*next = c == '{' ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	reader->at++;
	return tree_open(&reader->tree, c == '{' ? NODE_MAPPING : NODE_SEQUENCE, place,
			 NULL, NULL);
}

static int read_key(struct reader *reader, enum expected *next)
{
	if (reader->at >= reader->end || *reader->at != '"') {
		bool comma = reader->at < reader->end && *reader->at == '}';
		return refuse(reader, reader->at,
			      comma ? "remove the comma before it"
				    : "write keys in double quotes",
			      "a key is missing");
	}
	int status = read_scalar(reader);
	if (status != 0)
		return status;
	skip_space(reader);
	if (!pass_one_of(reader, ":"))
		return refuse(reader, reader->at, "write ':' behind the key",
			      "a key without its colon");
	*next = EXPECT_VALUE;
	return 0;
}

static int close_container(struct reader *reader)
{
	struct place place = reader->tree.frames[reader->tree.depth - 1].place;
	struct node node;
	int status = tree_close(&reader->tree, &node);
	return status != 0 ? status : tree_add(&reader->tree, &node, place);
}

static int refuse_more(struct reader *reader, const struct frame *frame)
{
	bool mapping = frame->kind == NODE_MAPPING;
	if (reader->at >= reader->end)
		return problem_set(reader->problem, ERROR_SYNTAX,
				   place_of(reader, reader->at),
				   mapping ? "add '}'" : "add ']'",
				   "the %s that starts at %u:%u is not closed",
				   mapping ? "object" : "array", frame->place.line,
				   frame->place.column);
	return refuse(reader, reader->at,
		      mapping ? "write ',' between pairs, '}' at the end"
			      : "write ',' between items, ']' at the end",
		      mapping ? "neither ',' nor '}' behind a value"
			      : "neither ',' nor ']' behind a value");
}

static int read_more(struct reader *reader, enum expected *next)
{
	const struct frame *frame = &reader->tree.frames[reader->tree.depth - 1];
	bool mapping = frame->kind == NODE_MAPPING;
	if (pass_one_of(reader, ",")) {
		*next = mapping ? EXPECT_KEY : EXPECT_VALUE;
		return 0;
	}
	if (!pass_one_of(reader, mapping ? "}" : "]"))
		return refuse_more(reader, frame);
	*next = EXPECT_MORE;
	return close_container(reader);
}

static int read_next(struct reader *reader, enum expected *next)
{
	switch (*next) {
	case EXPECT_VALUE:
		return read_value(reader, next);
	case EXPECT_KEY:
		return read_key(reader, next);
	case EXPECT_MORE:
		return read_more(reader, next);
	case EXPECT_VALUE_OR_END:
		if (!pass_one_of(reader, "]"))
			return read_value(reader, next);
		*next = EXPECT_MORE;
		return close_container(reader);
	case EXPECT_KEY_OR_END:
		if (!pass_one_of(reader, "}"))
			return read_key(reader, next);
		*next = EXPECT_MORE;
		return close_container(reader);
	}
	return refuse_start(reader);
}

static int read_document(struct reader *reader)
{
	enum expected next = EXPECT_VALUE;
	do {
		skip_space(reader);
		int status = read_next(reader, &next);
		if (status != 0)
			return status;
	} while (reader->tree.depth > 0 || next != EXPECT_MORE);
	skip_space(reader);
	if (reader->at < reader->end)
		return refuse(reader, reader->at,
			      "remove it, or join both in one value",
			      "text behind the end of the document");
	return 0;
}

int json_read(struct docs *out, struct arena *arena, const char *text, size_t length,
	      const struct limits *limits, bool any_text, struct doc_problem *problem)
{
	struct place start = { 1, 1 };
	int status = scan_json(text, length, limits, problem);
	if (status != 0)
		return status;
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return problem_set(problem, ERROR_ENCODING, start,
				   "save the file as UTF-8 without one",
				   "a byte order mark before the document");
	char *kept = tree_keep_text(arena, text, length);
	if (kept == NULL)
		return problem_memory(problem, start);
	struct reader reader = { .text = kept,
				 .at = kept,
				 .end = kept + length,
				 .tree = { .arena = arena,
					   .limits = limits,
					   .depth_limit = LIMIT_JSON_DEPTH,
					   .node_limit = LIMIT_JSON_NODES,
					   .problem = problem,
					   .source = kept,
					   .source_end = kept + length },
				 .problem = problem,
				 .any_text = any_text,
				 .marked = kept,
				 .mark = start };
	status = read_document(&reader);
	tree_release(&reader.tree);
	free(reader.scratch);
	const struct node **roots = NULL;
	if (status == 0) {
		roots = arena_alloc(arena, sizeof(*roots));
		const struct node *root = tree_root(&reader.tree);
		if (roots == NULL || root == NULL)
			status = problem_memory(problem, start);
		else
			roots[0] = root;
	}
	if (status != 0)
		return status;
	*out = (struct docs){ .roots = roots, .count = 1 };
	return 0;
}
