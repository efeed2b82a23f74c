/* doc/schema_format_kubernetes.c - the formats that Kubernetes has beside JSON
 * Schema's.
 *
 * Sources: k8s.io/apimachinery/pkg/api/resource, Quantity (the grammar in its comment);
 * Go's encoding/base64, which skips line ends. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "doc/schema_format.h"
#include "doc/schema_format_parts.h"

static const char *skip_number(const char *text, bool *found)
{
	const char *end = text;
	*found = false;
	for (; is_digit(*end); end++)
		*found = true;
	if (*end == '.')
		end++;
	for (; is_digit(*end); end++)
		*found = true;
	return end;
}

/* What stands behind the number: "", "Mi", "m", "e3". */
static const char *quantity_suffix(const char *text, bool *number)
{
	return skip_number(text + (*text == '+' || *text == '-'), number);
}

static const char *const suffixes[] = { "",  "n", "u",  "m",  "k",  "M",  "G",  "T",
					"P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" };

#define SUFFIX_COUNT (sizeof(suffixes) / sizeof(suffixes[0]))

bool format_is_quantity(const char *text)
{
	bool number;
	const char *suffix = quantity_suffix(text, &number);
	if (!number)
		return false;
	for (size_t i = 0; i < SUFFIX_COUNT; i++)
		if (strcmp(suffix, suffixes[i]) == 0)
			return true;
	if (*suffix != 'e' && *suffix != 'E')
		return false;
	suffix++;
	suffix += *suffix == '+' || *suffix == '-';
	size_t digits = strspn(suffix, "0123456789");
	return digits > 0 && suffix[digits] == '\0';
}

/* "64mi", "64MB", "64 Mi", "64MiB": the number and what was meant by the rest. */
static void suggest_quantity(const char *text, char *out, size_t size)
{
	bool number;
	const char *suffix = quantity_suffix(text, &number);
	int digits = (int)(suffix - text);
	char letters[4] = "";
	suffix += strspn(suffix, " ");
	size_t length = strlen(suffix);
	if (length > 1 && (suffix[length - 1] == 'B' || suffix[length - 1] == 'b'))
		length--;
	if (number && length > 0 && length < sizeof(letters))
		memcpy(letters, suffix, length);
	const char *meant = NULL;
	for (size_t i = 1; i < SUFFIX_COUNT; i++)
		if (strcmp(letters, suffixes[i]) == 0 ||
		    (meant == NULL && strcasecmp(letters, suffixes[i]) == 0))
			meant = suffixes[i];
	if (meant != NULL && digits <= 20) {
		snprintf(out, size, "did you mean '%.*s%s'?", digits, text, meant);
		return;
	}
	snprintf(out, size,
		 "a number with one of the suffixes n, u, m, k, M, G, T, P, E, Ki, Mi, "
		 "Gi, Ti, Pi, Ei, or none");
}

static bool is_base64_digit(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '+' || c == '/';
}

bool format_is_base64(const char *text)
{
	size_t digits = 0;
	size_t fill = 0;
	for (; *text != '\0'; text++) {
		if (*text == '\n' || *text == '\r')
			continue;
		if (*text == '=')
			fill++;
		else if (is_base64_digit(*text) && fill == 0)
			digits++;
		else
			return false;
	}
	return (digits + fill) % 4 == 0 && fill <= 2 && (fill == 0 || digits > 0);
}

void format_suggest(enum schema_format format, const char *text, char *out, size_t size)
{
	*out = '\0';
	if (format == FORMAT_QUANTITY)
		suggest_quantity(text, out, size);
	else if (format == FORMAT_BYTE)
		snprintf(out, size,
			 "encode it ('base64 -w0'); a Secret takes plain text in "
			 "'stringData'");
}
