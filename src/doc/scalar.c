/* doc/scalar.c - the kind of a YAML scalar by the core schema. */
#include "doc/scalar.h"

#include <string.h>

static bool is_one_of(const char *text, size_t length, const char *const *words,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
			return true;
	return false;
}

#define IS_ONE_OF(text, length, words)                                                 \
	is_one_of(text, length, words, sizeof(words) / sizeof((words)[0]))

static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
static const char *const trues[] = { "true", "True", "TRUE" };
static const char *const falses[] = { "false", "False", "FALSE" };
static const char *const infinities[] = { ".inf", ".Inf", ".INF" };
static const char *const nans[] = { ".nan", ".NaN", ".NAN" };

bool scalar_is_true(const char *text, size_t length)
{
	return IS_ONE_OF(text, length, trues);
}

static size_t count_digits(const char *text, size_t length, const char *digits)
{
	size_t count = 0;
	while (count < length && text[count] != '\0' &&
	       strchr(digits, text[count]) != NULL)
		count++;
	return count;
}

/* Digits, a point, digits, an exponent; `length` > 0, the sign is gone. */
static enum node_kind decimal_kind(const char *text, size_t length)
{
	static const char digits[] = "0123456789";
	size_t whole = count_digits(text, length, digits);
	size_t at = whole;
	if (at == length)
		return NODE_INTEGER;
	size_t fraction = 0;
	if (text[at] == '.') {
		at++;
		fraction = count_digits(text + at, length - at, digits);
		at += fraction;
	}
	if (whole + fraction == 0)
		return NODE_STRING;
	if (at == length)
		return NODE_DECIMAL;
	if (text[at] != 'e' && text[at] != 'E')
		return NODE_STRING;
	at++;
	if (at < length && (text[at] == '-' || text[at] == '+'))
		at++;
	size_t exponent = count_digits(text + at, length - at, digits);
	return exponent > 0 && at + exponent == length ? NODE_DECIMAL : NODE_STRING;
}

static enum node_kind number_kind(const char *text, size_t length)
{
	bool signed_number = text[0] == '-' || text[0] == '+';
	if (!signed_number && length > 2 && text[0] == '0' &&
	    (text[1] == 'x' || text[1] == 'o')) {
		const char *digits =
			text[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
		bool whole = count_digits(text + 2, length - 2, digits) == length - 2;
		return whole ? NODE_INTEGER : NODE_STRING;
	}
	if (IS_ONE_OF(text, length, nans))
		return NODE_DECIMAL;
	if (signed_number) {
		text++;
		length--;
	}
	if (IS_ONE_OF(text, length, infinities))
		return NODE_DECIMAL;
	return length == 0 ? NODE_STRING : decimal_kind(text, length);
}

enum node_kind scalar_kind(const char *text, size_t length)
{
	if (length == 0)
		return NODE_NULL;
	switch (text[0]) {
	case '~':
	case 'n':
	case 'N':
		return IS_ONE_OF(text, length, nulls) ? NODE_NULL : NODE_STRING;
	case 't':
	case 'T':
	case 'f':
	case 'F':
		return IS_ONE_OF(text, length, trues) || IS_ONE_OF(text, length, falses)
			       ? NODE_BOOLEAN
			       : NODE_STRING;
	}
	if (strchr("+-.0123456789", text[0]) == NULL)
		return NODE_STRING;
	return number_kind(text, length);
}

bool scalar_fits(const char *text)
{
	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'o'))
		return true;
	const char *digits = text + 2 + strspn(text + 2, "0");
	size_t count = strlen(digits);
	if (text[1] == 'x')
		return count <= 16;
	return count < 22 || (count == 22 && digits[0] == '1');
}
