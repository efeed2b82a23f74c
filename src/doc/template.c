/* doc/template.c - tells templates of documents from documents. */
#include "doc/doc.h"

#include <string.h>

/* Where the value of "key: value" or "- value" starts; the line itself otherwise. */
static const char *skip_key(const char *at, const char *end)
{
	while (end - at > 2 && at[0] == '-' && at[1] == ' ') {
		at += 2;
		while (at < end && *at == ' ')
			at++;
	}
	for (const char *c = at; end - c > 2; c++)
		if (c[0] == ':' && c[1] == ' ') {
			for (c++; c < end && *c == ' ';)
				c++;
			return c;
		}
	return at;
}

static const char *skip_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* "{{" and behind it "}}". */
static bool is_action(const char *at, const char *end)
{
	return end - at >= 4 && at[0] == '{' && at[1] == '{' &&
	       memmem(at + 2, (size_t)(end - at) - 2, "}}", 2) != NULL;
}

/* Behind the last "}}", so that looking for one is not repeated for every line. */
static const char *last_action_end(const char *text, size_t length)
{
	for (const char *end = text + length; end > text;) {
		const char *brace = memrchr(text, '}', (size_t)(end - text));
		if (brace == NULL || brace == text)
			break;
		if (brace[-1] == '}')
			return brace + 1;
		end = brace;
	}
	return text;
}

bool doc_looks_like_template(const char *text, size_t length)
{
	const char *end = last_action_end(text, length);
	for (const char *line = text; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *line_end = newline == NULL ? end : newline;
		const char *start = skip_blank(line, line_end);
		/* An action at the start of a line may span lines. */
		if (end - start >= 4 && start[0] == '{' && start[1] == '{')
			return true;
		if (is_action(skip_key(start, line_end), line_end))
			return true;
		line = line_end + 1;
	}
	return false;
}
