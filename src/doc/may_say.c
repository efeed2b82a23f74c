/* doc/may_say.c - looks for a word in text that was not read yet. */
#include "doc/doc.h"

#include <string.h>

/* What a hexadecimal escape says, which begins behind its backslash; -1: it is none. */
static int64_t escaped(const char *at, const char *end)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	size_t count = *at == 'x' ? 2 : *at == 'u' ? 4 : *at == 'U' ? 8 : 0;
	int64_t character = 0;
	at++;
	if (count == 0 || (size_t)(end - at) < count)
		return -1;
	for (; count > 0; count--, at++) {
		const char *digit = memchr(digits, *at, sizeof(digits) - 1);
		if (digit == NULL)
			return -1;
		character = character * 16 + (digit - digits) % 16;
	}
	return character;
}

/* Whether the first escape in a spelling of the word can be at a backslash: before it,
 * the word's beginning stands as it is; it says the next letter, or breaks the line. */
static bool spells(const char *text, const char *backslash, const char *end,
		   const char *word, size_t length)
{
	const char *at = backslash + 1;
	size_t before = (size_t)(backslash - text);
	bool breaks = at < end && (*at == '\n' || *at == '\r');
	int64_t letter = at < end ? escaped(at, end) : -1;
	for (size_t i = 0; i < length && i <= before; i++)
		if ((letter == word[i] || (breaks && i > 0)) &&
		    memcmp(backslash - i, word, i) == 0)
			return true;
	return false;
}

static bool is_alphanumeric(const char *word)
{
	return word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

bool doc_may_say(const char *text, size_t length, const char *word)
{
	size_t word_length = strlen(word);
	const char *end = text + length;
	if (!is_alphanumeric(word) || memmem(text, length, word, word_length) != NULL)
		return true;
	for (const char *at = text; at < end; at++) {
		at = memchr(at, '\\', (size_t)(end - at));
		if (at == NULL)
			return false;
		if (spells(text, at, end, word, word_length))
			return true;
	}
	return false;
}
