/* doc/yaml_text.c - the text of YAML scalars: plain, quoted, and behind '|' or '>'. */
#include "doc/yaml_parse.h"

#include "base/error.h"

/* --- plain --- */

/* Where a plain text ends on this line, white space behind it included. */
static const char *plain_end(const struct yaml_parser *parser, const char *at,
			     bool in_flow)
{
	const char *end = parser->end;
	for (; at < end; at++) {
		char next;
		switch (*at) {
		case '\n':
		case '\r':
			return at;
		case ':':
			next = at + 1 < end ? at[1] : '\0';
			if (yaml_is_blank(next) || (in_flow && yaml_is_flow(next)))
				return at;
			break;
		case '#':
			if (at > parser->line_start && yaml_is_white(at[-1]))
				return at;
			break;
		case ',':
		case '[':
		case ']':
		case '{':
		case '}':
			if (in_flow)
				return at;
			break;
		default:
			break;
		}
	}
	return at;
}

static int refuse_plain(struct yaml_parser *parser)
{
	struct place place = yaml_place(parser);
	char c = yaml_peek(parser);
	if (c == '-')
		return yaml_refuse(parser, place,
				   "put the value in quotes, or start the list on a "
				   "line of its own, outside of brackets",
				   "a '- ' where no list item can stand");
	if (c == '?' && !yaml_is_blank(yaml_peek_at(parser, 1)))
		return yaml_refuse(parser, place, "put the value in quotes",
				   "a value in brackets that starts with '?', which "
				   "readers take differently");
	if (c == '?' || c == ':')
		return yaml_refuse(parser, place,
				   "check the indentation, or put the "
				   "value in quotes",
				   "a key where none can stand");
	if (c == '#')
		return yaml_refuse_rest(parser);
	return problem_set(parser->problem, ERROR_SYNTAX, place,
			   "put the value in quotes",
			   "a plain value cannot start with '%c'", c);
}

/* ns-plain-first, but "[?x]" is refused: to libyaml, and to all that come from it, the
 * '?' is none of the value's. */
static bool starts_plain(const struct yaml_parser *parser, bool in_flow)
{
	char c = yaml_peek(parser);
	char next = yaml_peek_at(parser, 1);
	if (c == '?' && in_flow)
		return false;
	if (c == '-' || c == '?' || c == ':')
		return !yaml_is_blank(next) && !(in_flow && yaml_is_flow(next));
	return strchr(",[]{}#&*!|>'\"%@`", c) == NULL;
}

static size_t trimmed(const char *start, const char *end)
{
	while (end > start && yaml_is_white(end[-1]))
		end--;
	return (size_t)(end - start);
}

int yaml_read_plain(struct yaml_parser *parser, bool in_flow, struct atom *out)
{
	if (!starts_plain(parser, in_flow))
		return refuse_plain(parser);
	out->place = yaml_place(parser);
	out->plain = true;
	out->text = parser->at;
	out->length = trimmed(parser->at, plain_end(parser, parser->at + 1, in_flow));
	parser->at += out->length;
	return 0;
}

/* To the first text of the next line that holds one; false: there is none that can
 * continue a scalar. Counts line breaks. */
static bool next_text_line(struct yaml_parser *parser, int indent, size_t *breaks)
{
	*breaks = 0;
	do {
		if (parser->at >= parser->end)
			return false;
		yaml_next_line(parser);
		(*breaks)++;
		parser->at = parser->first;
	} while (yaml_ends_line(yaml_peek(parser)));
	return parser->indent > indent;
}

static void add_breaks(struct buf *text, size_t breaks)
{
	static const char lines[] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
	for (; breaks >= sizeof(lines) - 1; breaks -= sizeof(lines) - 1)
		buf_add(text, lines, sizeof(lines) - 1);
	buf_add(text, lines, breaks);
}

/* Line breaks between two texts: one is a space, of more the first is dropped. */
static void fold(struct buf *text, size_t breaks)
{
	if (breaks == 1)
		buf_add_byte(text, ' ');
	else
		add_breaks(text, breaks - 1);
}

struct cursor {
	const char *at;
	const char *line_start;
	const char *first;
	uint32_t line;
	int indent;
};

static struct cursor cursor_of(const struct yaml_parser *parser)
{
	return (struct cursor){ parser->at, parser->line_start, parser->first,
				parser->line, parser->indent };
}

static void go_to(struct yaml_parser *parser, struct cursor cursor)
{
	parser->at = cursor.at;
	parser->line_start = cursor.line_start;
	parser->first = cursor.first;
	parser->line = cursor.line;
	parser->indent = cursor.indent;
}

void yaml_read_plain_lines(struct yaml_parser *parser, int indent, bool in_flow,
			   struct atom *atom)
{
	bool copied = false;
	for (;;) {
		struct cursor back = cursor_of(parser);
		size_t breaks;
		yaml_pass_white(parser);
		bool more = yaml_ends_line(yaml_peek(parser)) &&
			    next_text_line(parser, indent, &breaks) &&
			    yaml_peek(parser) != '#';
		const char *start = parser->at;
		size_t length = 0;
		if (more)
			length = trimmed(start, plain_end(parser, start, in_flow));
		if (length == 0) {
			go_to(parser, back);
			break;
		}
		if (!copied) {
			buf_reset(&parser->scratch);
			buf_add(&parser->scratch, atom->text, atom->length);
		}
		copied = true;
		fold(&parser->scratch, breaks);
		buf_add(&parser->scratch, start, length);
		parser->at += length;
	}
	if (copied) {
		atom->written = atom->text;
		atom->text = parser->scratch.data;
		atom->length = parser->scratch.length;
	}
}

/* --- in quotes --- */

static int not_closed(struct yaml_parser *parser, struct place start)
{
	return problem_set(parser->problem, ERROR_SYNTAX, yaml_place(parser),
			   "add the closing quote",
			   "a quoted string is not closed; it starts at %u:%u",
			   start.line, start.column);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void add_utf8(struct buf *text, uint32_t character)
{
	if (character < 0x80) {
		buf_add_byte(text, (unsigned char)character);
		return;
	}
	int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
	static const unsigned char lead[4] = { 0, 0xc0, 0xe0, 0xf0 };
	buf_add_byte(text, (unsigned char)(lead[more] | character >> (6 * more)));
	while (more-- > 0)
		buf_add_byte(text,
			     (unsigned char)(0x80 | (character >> (6 * more) & 0x3f)));
}

/* The cursor stands behind 'x', 'u' or 'U'. */
static int read_hex(struct yaml_parser *parser, unsigned int digits, struct place place)
{
	uint32_t character = 0;
	for (unsigned int i = 0; i < digits; i++) {
		int value = hex_value(yaml_peek_at(parser, i));
		if (value < 0)
			return yaml_refuse(parser, place,
					   "write \\xNN, \\uNNNN or \\UNNNNNNNN",
					   "an escape in a double-quoted string lacks "
					   "hexadecimal digits");
		character = character * 16 + (uint32_t)value;
	}
	if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
		return yaml_refuse(parser, place, "write the character itself",
				   "an escape names no Unicode character");
	add_utf8(&parser->scratch, character);
	parser->at += digits;
	return 0;
}

/* The cursor stands behind the backslash, not before a line break. */
static int read_escape(struct yaml_parser *parser)
{
	static const char names[] = "0abt\tnvfre \"/\\N_LP";
	static const char *const meanings[] = {
		"",         "\a",       "\b",           "\t",          "\t", "\n", "\v",
		"\f",       "\r",       "\x1b",         " ",           "\"", "/",  "\\",
		"\xc2\x85", "\xc2\xa0", "\xe2\x80\xa8", "\xe2\x80\xa9"
	};
	struct place place = yaml_place_of(parser, parser->at - 1);
	char c = yaml_peek(parser);
	if (c == 'x' || c == 'u' || c == 'U') {
		parser->at++;
		return read_hex(parser, c == 'x' ? 2 : c == 'u' ? 4 : 8, place);
	}
	const char *name = c == '\0' ? NULL : strchr(names, c);
	if (name == NULL)
		return yaml_refuse(parser, place,
				   "write \\\\ for a backslash, or use single quotes",
				   "an unknown escape in a double-quoted string");
	if (c == '0')
		buf_add_byte(&parser->scratch, '\0');
	else
		buf_add_string(&parser->scratch, meanings[name - names]);
	parser->at++;
	return 0;
}

/* A line break within quotes: `kept` is the text without the white space before it. */
static int fold_quoted(struct yaml_parser *parser, int indent, struct place start,
		       size_t kept, bool escaped)
{
	size_t breaks;
	bool more = next_text_line(parser, indent, &breaks);
	if (parser->at >= parser->end)
		return not_closed(parser, start);
	if (!more)
		return problem_set(parser->problem, ERROR_SYNTAX, yaml_place(parser),
				   "close the quote, or indent the lines of the string",
				   "a quoted string is not closed before a line that "
				   "is "
				   "not indented; it starts at %u:%u",
				   start.line, start.column);
	if (!escaped) {
		buf_truncate(&parser->scratch, kept);
		fold(&parser->scratch, breaks);
	} else {
		add_breaks(&parser->scratch, breaks - 1);
	}
	return 0;
}

/* One character or line break of a quoted string; `kept` is where a line break would
 * cut. */
static int read_quoted_part(struct yaml_parser *parser, int indent, struct place start,
			    char quote, size_t *kept)
{
	struct buf *text = &parser->scratch;
	char c = yaml_peek(parser);
	int status = 0;
	if (c == '\0')
		return not_closed(parser, start);
	if (c == '\n' || c == '\r') {
		status = fold_quoted(parser, indent, start, *kept, false);
	} else if (c == '\\' && quote == '"') {
		parser->at++;
		c = yaml_peek(parser);
		if (c == '\n' || c == '\r')
			status = fold_quoted(parser, indent, start, 0, true);
		else
			status = read_escape(parser);
	} else {
		parser->at += c == '\'' && quote == '\'' ? 2 : 1;
		buf_add_byte(text, (unsigned char)c);
		if (yaml_is_white(c))
			return 0;
	}
	*kept = text->length;
	return status;
}

static bool at_end_quote(const struct yaml_parser *parser, char quote)
{
	return yaml_peek(parser) == quote &&
	       !(quote == '\'' && yaml_peek_at(parser, 1) == '\'');
}

/* The closing quote on the same line, with nothing to decode before it; or NULL. */
static const char *simple_end(const struct yaml_parser *parser, char quote)
{
	const char *at = parser->at;
	while (at < parser->end && *at != quote && *at != '\\' && *at != '\n' &&
	       *at != '\r')
		at++;
	bool doubled = at + 1 < parser->end && quote == '\'' && at[1] == '\'';
	return at < parser->end && *at == quote && !doubled ? at : NULL;
}

int yaml_read_quoted(struct yaml_parser *parser, int indent, struct atom *out)
{
	char quote = yaml_peek(parser);
	const char *start = parser->at;
	size_t kept = 0;
	out->place = yaml_place(parser);
	out->quoted = true;
	parser->at++;
	const char *end = simple_end(parser, quote);
	if (end != NULL) {
		out->text = parser->at;
		out->length = (size_t)(end - parser->at);
		parser->at = end + 1;
		return 0;
	}
	buf_reset(&parser->scratch);
	while (!at_end_quote(parser, quote)) {
		int status = read_quoted_part(parser, indent, out->place, quote, &kept);
		if (status != 0)
			return status;
	}
	parser->at++;
	out->written = start;
	out->text = parser->scratch.data;
	out->length = parser->scratch.length;
	return 0;
}

/* --- behind '|' or '>' --- */

struct block_text {
	bool folded;
	char chomping; /* '-', '+' or NUL */
	int indent;    /* of its lines; 0 until it is known */
};

static int read_header(struct yaml_parser *parser, struct block_text *block)
{
	block->folded = yaml_peek(parser) == '>';
	parser->at++;
	for (int i = 0; i < 2; i++) {
		char c = yaml_peek(parser);
		if (c == '0')
			return yaml_refuse(parser, yaml_place(parser), "use 1 to 9",
					   "an indentation of 0 behind '|' or '>'");
		if ((c == '-' || c == '+') && block->chomping == '\0')
			block->chomping = c;
		else if (c >= '1' && c <= '9' && block->indent == 0)
			block->indent = c - '0';
		else
			break;
		parser->at++;
	}
	const char *behind = parser->at;
	yaml_pass_white(parser);
	if (yaml_peek(parser) == '#' && parser->at > behind)
		while (!yaml_ends_line(yaml_peek(parser)))
			parser->at++;
	if (!yaml_ends_line(yaml_peek(parser)))
		return yaml_refuse(parser, yaml_place(parser),
				   "start the text on the next line",
				   "text behind '|' or '>'");
	yaml_next_line(parser);
	return 0;
}

/* The indentation of the first line that is not empty, or else of the longest; the
 * cursor stays. */
static int find_indent(struct yaml_parser *parser, int around, struct block_text *block)
{
	struct cursor back = cursor_of(parser);
	struct place widest = yaml_place(parser);
	bool has_text = false;
	block->indent = around + 1;
	while (parser->at < parser->end) {
		parser->at = parser->line_start + parser->indent;
		has_text = !yaml_ends_line(yaml_peek(parser));
		if (has_text)
			break;
		if (parser->indent > block->indent) {
			block->indent = parser->indent;
			widest = yaml_place(parser);
		}
		yaml_next_line(parser);
	}
	bool too_wide =
		has_text && parser->indent > around && parser->indent < block->indent;
	if (has_text && parser->indent > around)
		block->indent = parser->indent;
	go_to(parser, back);
	if (!too_wide)
		return 0;
	return yaml_refuse(parser, widest,
			   "remove the spaces, or say the indentation behind '|' or "
			   "'>'",
			   "an empty line with more spaces than the first line of the "
			   "text");
}

/* A line of the text, whose cursor is behind the indentation. The end of the file ends
 * a line like a break. */
static void read_line(struct yaml_parser *parser)
{
	size_t left = (size_t)(parser->end - parser->at);
	const char *newline = memchr(parser->at, '\n', left);
	const char *end = newline == NULL ? parser->end : newline;
	const char *text_end = end > parser->at && end[-1] == '\r' ? end - 1 : end;
	buf_add(&parser->scratch, parser->at, (size_t)(text_end - parser->at));
	parser->at = text_end;
}

/* The lines; `breaks` is what stands behind the last one. */
static int read_lines(struct yaml_parser *parser, const struct block_text *block,
		      size_t *breaks)
{
	struct buf *text = &parser->scratch;
	bool any = false;
	bool last_wide = false; /* the last line starts with white space */
	for (; parser->at < parser->end; yaml_next_line(parser)) {
		bool outside = parser->indent < block->indent;
		parser->at =
			parser->line_start + (outside ? parser->indent : block->indent);
		char c = yaml_peek(parser);
		if (yaml_ends_line(c)) {
			++*breaks;
			continue;
		}
		if (outside && c == '\t')
			return yaml_refuse(parser, yaml_place(parser), "use spaces",
					   "a tab cannot indent");
		if (outside)
			break;
		if (block->indent == 0 && c == '#' && !any)
			return yaml_refuse(parser, yaml_place(parser),
					   "indent the text",
					   "a text that starts with '#' in the first "
					   "column, which readers take differently");
		bool wide = yaml_is_white(c);
		if (any && block->folded && !wide && !last_wide)
			fold(text, *breaks);
		else
			add_breaks(text, *breaks);
		read_line(parser);
		*breaks = 1;
		any = true;
		last_wide = wide;
	}
	if (parser->at < parser->end)
		parser->at = parser->line_start;
	return 0;
}

int yaml_read_block_text(struct yaml_parser *parser, int indent, struct atom *out)
{
	struct block_text block = { 0 };
	size_t breaks = 0;
	*out = (struct atom){ .place = yaml_place(parser), .written = parser->at };
	int status = read_header(parser, &block);
	if (status == 0 && block.indent > 0)
		block.indent += indent > 0 ? indent : 0;
	else if (status == 0)
		status = find_indent(parser, indent, &block);
	if (status != 0)
		return status;
	buf_reset(&parser->scratch);
	status = read_lines(parser, &block, &breaks);
	if (status != 0)
		return status;
	bool empty = parser->scratch.length == 0;
	if (block.chomping == '+')
		add_breaks(&parser->scratch, breaks);
	else if (block.chomping == '\0' && breaks > 0 && !empty)
		add_breaks(&parser->scratch, 1);
	out->text = parser->scratch.data;
	out->length = parser->scratch.length;
	return 0;
}
