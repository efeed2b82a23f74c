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

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* Whether the first escape in a spelling of the word can be at a backslash: before it,
 * the word's beginning stands as it is; it says the next letter, or breaks the line. */
static bool spells(const char *text, const char *backslash, const char *end,
		   const char *word, size_t length)
{
	const char *at = backslash + 1;
	bool breaks = at < end && (*at == '\n' || *at == '\r');
	int64_t letter = at < end ? escaped(at, end) : -1;
	if (letter < 0 && !breaks)
		return false;
	/* No further than the letters and digits before it: all of a text in all. */
	for (size_t i = 0; i < length; i++) {
		if ((letter == word[i] || (breaks && i > 0)) &&
		    memcmp(backslash - i, word, i) == 0)
			return true;
		if (backslash - i == text || !is_alphanumeric(backslash[-1 - (long)i]))
			return false;
	}
	return false;
}

static bool is_alphanumeric_word(const char *word)
{
	for (; *word != '\0'; word++)
		if (!is_alphanumeric(*word))
			return false;
	return true;
}

bool doc_may_say(const char *text, size_t length, const char *word)
{
	size_t word_length = strlen(word);
	const char *end = text + length;
	if (!is_alphanumeric_word(word) ||
	    memmem(text, length, word, word_length) != NULL)
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
