/* doc/yaml_problem.c - what libyaml refuses, said for people: what, where, how to mend.
 */
#include "doc/yaml_problem.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"

struct explanation {
	const char *context; /* libyaml's, or NULL for any */
	const char *problem; /* libyaml's */
	const char *message; /* ours */
	bool names_start;    /* the context's place says where it started */
	const char *mend;
};

/* The first row that fits counts. */
static const struct explanation explanations[] = {
	{ "while scanning a quoted scalar", "found unexpected end of stream",
	  "a quoted string is not closed", true, "add the closing quote" },
	{ "while scanning a quoted scalar", "found unexpected document indicator",
	  "a quoted string is not closed before the next document", true,
	  "add the closing quote" },
	{ NULL, "found unknown escape character",
	  "an unknown escape in a double-quoted string", false,
	  "write \\\\ for a backslash, or use single quotes" },
	{ NULL, "did not find expected hexdecimal number",
	  "an escape in a double-quoted string lacks hexadecimal digits", false,
	  "write \\xNN, \\uNNNN or \\UNNNNNNNN" },
	{ NULL, "found invalid Unicode character escape code",
	  "an escape names no Unicode character", false, "" },
	{ NULL, "could not find expected ':'", "a key without its colon", true,
	  "write 'key: value', with a space behind the colon" },
	{ NULL, "mapping values are not allowed in this context",
	  "a ': ' where no key can stand", false,
	  "put a value that holds ': ' in quotes, or check the indentation" },
	{ NULL, "mapping keys are not allowed in this context",
	  "a key where none can stand", false, "check the indentation" },
	{ NULL, "block sequence entries are not allowed in this context",
	  "a '- ' where no list item can stand", false,
	  "start the list on a line of its own, and check the indentation" },
	{ "while parsing a block mapping", "did not find expected key",
	  "a line that does not belong to the mapping", true,
	  "let the keys of one mapping start in one column, and close quotes" },
	{ NULL, "did not find expected '-' indicator",
	  "a line that does not belong to the list", true,
	  "let the items of one list start with '- ' in one column" },
	{ NULL, "did not find expected ',' or ']'", "a list in brackets is not closed",
	  true, "put ',' between items and ']' at the end" },
	{ NULL, "did not find expected ',' or '}'", "a mapping in braces is not closed",
	  true, "put ',' between pairs and '}' at the end" },
	{ NULL, "did not find expected node content", "a value is missing", false,
	  "write the value, or null" },
	{ NULL, "did not find expected <document start>",
	  "text behind the end of the document", false,
	  "check the indentation, or put '---' before a new document" },
	{ NULL, "found a tab character where an indentation space is expected",
	  "a tab cannot indent", false, "use spaces" },
	{ NULL, "found a tab character that violates indentation",
	  "a tab cannot indent", false, "use spaces" },
	{ NULL, "found undefined tag handle", "a tag with an unknown handle", false,
	  "declare the handle with %TAG, or use a tag like !name" },
	{ NULL, "found unexpected ':'", "a ':' in a plain value within brackets", false,
	  "put the value in quotes" },
	{ "while scanning a block scalar",
	  "did not find expected comment or line break", "text behind '|' or '>'",
	  false, "start the text on the next line" },
	{ NULL, "found an indentation indicator equal to 0",
	  "an indentation of 0 behind '|' or '>'", false, "use 1 to 9" },
	{ "while scanning an anchor",
	  "did not find expected alphabetic or numeric character",
	  "a '&' without the name of an anchor", false,
	  "put a value that starts with '&' in quotes" },
	{ "while scanning an alias",
	  "did not find expected alphabetic or numeric character",
	  "a '*' without the name of an anchor", false,
	  "put a value that starts with '*' in quotes" },
	{ NULL, "found incompatible YAML document",
	  "a %YAML version that is not 1.1 or "
	  "1.2",
	  false, "remove the directive" },
	{ NULL, "found unknown directive name", "an unknown directive", false,
	  "put a line that starts with '%' in quotes" },
};

static const struct explanation *explanation_of(const yaml_parser_t *parser)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++) {
		const struct explanation *row = &explanations[i];
		if (strcmp(row->problem, parser->problem) == 0 &&
		    (row->context == NULL ||
		     (parser->context != NULL &&
		      strcmp(row->context, parser->context) == 0)))
			return row;
	}
	return NULL;
}

static struct place place_of(const yaml_mark_t *mark)
{
	return (struct place){ (uint32_t)mark->line + 1, (uint32_t)mark->column + 1 };
}

/* What stands at a place, or NUL. Its column counts code points, but only where it
 * starts matters: a line whose first bytes are ASCII up to there. */
static char character_at(const char *text, size_t length, struct place place)
{
	const char *end = text + length;
	for (uint32_t line = 1; line < place.line; line++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			return '\0';
		text = newline + 1;
	}
	return (size_t)(end - text) >= place.column ? text[place.column - 1] : '\0';
}

static int bad_start(struct doc_problem *problem, struct place place, char character)
{
	if (character == '\t')
		return problem_set(problem, ERROR_SYNTAX, place, "use spaces",
				   "a tab cannot indent");
	if (character == '@' || character == '`' || character == '%')
		return problem_set(problem, ERROR_SYNTAX, place,
				   "put the value in quotes",
				   "a plain value cannot start with '%c'", character);
	return problem_set(problem, ERROR_SYNTAX, place, "put the value in quotes",
			   "a plain value cannot start here");
}

static int explain(const yaml_parser_t *parser, const struct explanation *row,
		   struct place place, const char *mend, struct doc_problem *problem)
{
	struct place start = place_of(&parser->context_mark);
	if (row == NULL)
		return problem_set(problem, ERROR_SYNTAX, place, mend, "%s%s%s",
				   parser->problem, parser->context != NULL ? " " : "",
				   parser->context != NULL ? parser->context : "");
	bool elsewhere = start.line != place.line || start.column != place.column;
	if (row->names_start && elsewhere && parser->context != NULL)
		return problem_set(problem, ERROR_SYNTAX, place, mend,
				   "%s; it starts at %u:%u", row->message, start.line,
				   start.column);
	return problem_set(problem, ERROR_SYNTAX, place, mend, "%s", row->message);
}

int yaml_problem(const struct yaml_parser_s *parser, const char *text, size_t length,
		 struct doc_problem *problem)
{
	struct place place = place_of(&parser->problem_mark);
	if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL)
		return problem_memory(problem, place);
	const struct explanation *row = explanation_of(parser);
	char character = character_at(text, length, place);
	const char *mend = row == NULL ? "" : row->mend;
	if (strcmp(parser->problem, "found character that cannot start any "
				    "token") == 0)
		return bad_start(problem, place, character);
	if (row != NULL && character == '\t')
		mend = "a tab cannot indent: use spaces";
	return explain(parser, row, place, mend, problem);
}
