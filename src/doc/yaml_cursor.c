/* doc/yaml_cursor.c - moves through YAML text by lines, and knows where it is. */
#include "doc/yaml_parse.h"

#include "base/error.h"
#include "base/text.h"

/* Places are mostly asked for in order: a long line is counted once. */
static size_t count_column(struct yaml_parser *parser, const char *at)
{
	if (parser->counted < parser->line_start || parser->counted > at) {
		parser->counted = parser->line_start;
		parser->counted_column = 0;
	}
	parser->counted_column +=
		text_utf8_count(parser->counted, (size_t)(at - parser->counted));
	parser->counted = at;
	return parser->counted_column;
}

struct place yaml_place_of(struct yaml_parser *parser, const char *at)
{
	size_t column = parser->ascii ? (size_t)(at - parser->line_start)
				      : count_column(parser, at);
	return (struct place){ parser->line, (uint32_t)column + 1 };
}

struct place yaml_place(struct yaml_parser *parser)
{
	return yaml_place_of(parser, parser->at);
}

void yaml_pass_white(struct yaml_parser *parser)
{
	while (parser->at < parser->end && yaml_is_white(*parser->at))
		parser->at++;
}

void yaml_next_line(struct yaml_parser *parser)
{
	if (yaml_peek(parser) == '\r')
		parser->at++;
	if (yaml_peek(parser) == '\n')
		parser->at++;
	if (parser->at == parser->end && parser->at == parser->line_start)
		return;
	parser->line++;
	parser->line_start = parser->at;
	while (parser->at < parser->end && *parser->at == ' ')
		parser->at++;
	parser->indent = yaml_column(parser);
	yaml_pass_white(parser);
	parser->first = parser->at;
	parser->at = parser->line_start;
}

static bool at_comment(const struct yaml_parser *parser)
{
	return yaml_peek(parser) == '#' &&
	       (parser->at == parser->line_start || yaml_is_white(parser->at[-1]));
}

void yaml_pass_space(struct yaml_parser *parser)
{
	for (;;) {
		yaml_pass_white(parser);
		if (at_comment(parser)) {
			size_t left = (size_t)(parser->end - parser->at);
			const char *newline = memchr(parser->at, '\n', left);
			parser->at = newline == NULL ? parser->end : newline;
		}
		if (parser->at >= parser->end || !yaml_ends_line(*parser->at))
			return;
		yaml_next_line(parser);
	}
}

bool yaml_behind_tab(const struct yaml_parser *parser)
{
	for (const char *at = parser->at;
	     at > parser->line_start && yaml_is_white(at[-1]); at--)
		if (at[-1] == '\t')
			return true;
	return false;
}

int yaml_refuse(struct yaml_parser *parser, struct place place, const char *mend,
		const char *message)
{
	return problem_set(parser->problem, ERROR_SYNTAX, place, mend, "%s", message);
}

int yaml_refuse_rest(struct yaml_parser *parser)
{
	struct place place = yaml_place(parser);
	if (yaml_behind_tab(parser) && yaml_is_first(parser))
		return yaml_refuse(parser, yaml_place_of(parser, parser->line_start),
				   "use spaces", "a tab cannot indent");
	if (yaml_peek(parser) == ':')
		return yaml_refuse(parser, place,
				   "put a value that holds ': ' in quotes, or check "
				   "the indentation, and that a space follows the ':' "
				   "above",
				   "a ': ' where no key can stand");
	if (yaml_peek(parser) == '#')
		return yaml_refuse(parser, place, "put a space before the '#'",
				   "a '#' directly behind a value starts no comment");
	if (yaml_is_first(parser))
		return yaml_refuse(parser, place,
				   "check the indentation, and close quotes",
				   "a line that belongs to nothing above it");
	return yaml_refuse(parser, place,
			   "put the whole value in quotes, or the rest on a line of "
			   "its own",
			   "text behind the end of a value");
}
