/* base/path_check.c - whether a path as git stores it is safe on every system. */
#include "base/path.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define COMPONENT_BYTES 255

/* The component as a file system that is generous might read it: without code points
 * that HFS+ ignores, in lower case, without an NTFS stream, without the dots and blanks
 * at the end that Windows drops. At most `size` - 1 characters of it: more is not
 * needed to recognise a short name. */
static void fold(const char *component, size_t length, char *out, size_t size)
{
	size_t count = 0;
	while (length > 0 && count + 1 < size) {
		uint32_t code_point = 0;
		size_t bytes = text_utf8_next(component, length, &code_point);
		if (bytes == 0 || code_point == ':')
			break;
		component += bytes;
		length -= bytes;
		if (!text_is_shown(code_point))
			continue;
		if (code_point >= 'A' && code_point <= 'Z')
			code_point += 'a' - 'A';
		out[count++] = code_point < 0x80 ? (char)code_point : '?';
	}
	out[count] = '\0';
}

static bool looks_like_git(const char *component, size_t length)
{
	static const char *const names[] = { ".git", "git~1" };
	char folded[COMPONENT_BYTES + 1];
	fold(component, length, folded, sizeof(folded));
	size_t end = strlen(folded);
	while (end > 0 && (folded[end - 1] == '.' || folded[end - 1] == ' '))
		folded[--end] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(folded, names[i]) == 0)
			return true;
	return false;
}

/* What is wrong with one component, or NULL. */
static const char *component_fault(const char *component, size_t length)
{
	if (length == 0)
		return "it has an empty component";
	if (length <= 2 && memcmp(component, "..", length) == 0)
		return "it has a component '.' or '..'";
	if (length > COMPONENT_BYTES)
		return "it has a component of more than 255 bytes";
	if (looks_like_git(component, length))
		return "it has a component that some systems read as .git";
	return NULL;
}

static const char *bytes_fault(const char *path, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)path[i];
		if (byte < 0x20 || byte == 0x7f)
			return "it has a control byte";
		if (byte == '\\')
			return "it has a backslash, which some systems read as a "
			       "separator";
	}
	return text_is_utf8(path, length) ? NULL : "it is not UTF-8";
}

static const char *path_fault(const char *path, size_t length)
{
	if (length == 0)
		return "it is empty";
	if (path[0] == '/')
		return "it is absolute";
	const char *fault = bytes_fault(path, length);
	for (size_t start = 0; fault == NULL && start <= length;) {
		const char *slash = memchr(path + start, '/', length - start);
		size_t end = slash == NULL ? length : (size_t)(slash - path);
		fault = component_fault(path + start, end - start);
		start = end + 1;
	}
	return fault;
}

int path_check(const char *path, size_t length, size_t maximum, struct error *err)
{
	int shown = (int)(length < 512 ? length : 512);
	if (length > maximum)
		return error_set(err, ERROR_UNSAFE_PATH,
				 "the path '%.*s' is not safe: it has %zu bytes, more "
				 "than %zu",
				 shown, path, length, maximum);
	const char *fault = path_fault(path, length);
	if (fault == NULL)
		return 0;
	return error_set(err, ERROR_UNSAFE_PATH, "the path '%.*s' is not safe: %s",
			 shown, path, fault);
}
