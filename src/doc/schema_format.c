/* doc/schema_format.c - the formats of strings that can be asserted.
 *
 * Sources, besides those of the other files: RFC 4122 (UUIDs), RFC 6901 (pointers). */
#include "doc/schema_format.h"

#include <string.h>

#include "base/error.h"
#include "base/pattern.h"
#include "doc/schema_format_parts.h"
#include "doc/schema_pattern.h"

struct format_row {
	const char *name;
	enum schema_format format;
	const char *description;
};

static const struct format_row rows[] = {
	{ "date-time", FORMAT_DATE_TIME,
	  "a date and time like 2026-11-21T09:30:00Z (RFC 3339)" },
	{ "date", FORMAT_DATE, "a date like 2026-11-21 (RFC 3339)" },
	{ "time", FORMAT_TIME, "a time like 09:30:00Z (RFC 3339)" },
	{ "duration", FORMAT_DURATION, "a duration like P1DT2H (RFC 3339)" },
	{ "email", FORMAT_EMAIL, "an e-mail address" },
	{ "hostname", FORMAT_HOSTNAME, "a hostname (RFC 1123)" },
	{ "ipv4", FORMAT_IPV4, "an IPv4 address" },
	{ "ipv6", FORMAT_IPV6, "an IPv6 address" },
	{ "uri", FORMAT_URI, "a URI with a scheme (RFC 3986)" },
	{ "uri-reference", FORMAT_URI_REFERENCE, "a URI reference (RFC 3986)" },
	{ "uuid", FORMAT_UUID, "a UUID" },
	{ "regex", FORMAT_REGEX, "a regular expression (ECMA 262)" },
	{ "json-pointer", FORMAT_JSON_POINTER, "a JSON Pointer (RFC 6901)" },
	{ "relative-json-pointer", FORMAT_RELATIVE_JSON_POINTER,
	  "a relative JSON Pointer" },
	{ "idn-email", FORMAT_IDN_EMAIL, "an e-mail address (RFC 6531)" },
	{ "idn-hostname", FORMAT_IDN_HOSTNAME, "a hostname (RFC 5890)" },
	{ "iri", FORMAT_IRI, "an IRI with a scheme (RFC 3987)" },
	{ "iri-reference", FORMAT_IRI_REFERENCE, "an IRI reference (RFC 3987)" },
	{ "uri-template", FORMAT_URI_TEMPLATE, "a URI template (RFC 6570)" },
	{ "byte", FORMAT_BYTE, "base64 (RFC 4648)" },
	{ "quantity", FORMAT_QUANTITY, "a quantity like 500m, 64Mi or 2" },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

enum schema_format format_of(const char *name, size_t length)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (strlen(rows[i].name) == length && strcmp(rows[i].name, name) == 0)
			return rows[i].format;
	return FORMAT_UNKNOWN;
}

const char *format_description(enum schema_format format)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].format == format)
			return rows[i].description;
	return "of a known format";
}

static bool is_uuid(const char *text, size_t length)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	if (length != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < length; i++)
		if (shape[i] == '-' ? text[i] != '-' : !is_hex(text[i]))
			return false;
	return true;
}

static bool is_regex(const char *text, size_t length)
{
	struct pattern *pattern;
	if (schema_pattern_new(&pattern, text, length, PATTERN_STRICT, NULL) != 0)
		return false;
	pattern_free(pattern);
	return true;
}

static bool is_json_pointer(const char *text, size_t length)
{
	if (length > 0 && *text != '/')
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '~' && text[i + 1] != '0' && text[i + 1] != '1')
			return false;
	return true;
}

static bool is_relative_json_pointer(const char *text, size_t length)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || (digits > 1 && *text == '0'))
		return false;
	text += digits;
	length -= digits;
	return (length == 1 && *text == '#') || is_json_pointer(text, length);
}

/* Those that may hold U+0000. */
static bool matches_bytes(enum schema_format format, const char *text, size_t length)
{
	if (format == FORMAT_REGEX)
		return is_regex(text, length);
	return format == FORMAT_JSON_POINTER ? is_json_pointer(text, length)
					     : is_relative_json_pointer(text, length);
}

int format_matches(enum schema_format format, const char *text, size_t length,
		   struct error *err)
{
	bool bytes = format == FORMAT_REGEX || format == FORMAT_JSON_POINTER ||
		     format == FORMAT_RELATIVE_JSON_POINTER;
	if (!bytes && memchr(text, '\0', length) != NULL)
		return 0;
	switch (format) {
	case FORMAT_UNKNOWN:
		break;
	case FORMAT_DATE_TIME:
		return format_is_date_time(text);
	case FORMAT_DATE:
		return format_is_date(text);
	case FORMAT_TIME:
		return format_is_time(text);
	case FORMAT_DURATION:
		return format_is_duration(text);
	case FORMAT_EMAIL:
		return format_is_email(text, length, err);
	case FORMAT_IDN_EMAIL:
		return format_is_idn_email(text, length, err);
	case FORMAT_HOSTNAME:
		return format_is_hostname(text, length, err);
	case FORMAT_IDN_HOSTNAME:
		return format_is_idn_hostname(text, length, err);
	case FORMAT_IPV4:
		return format_is_ipv4(text);
	case FORMAT_IPV6:
		return format_is_ipv6(text);
	case FORMAT_URI:
		return format_is_uri(text, false);
	case FORMAT_URI_REFERENCE:
		return format_is_uri_reference(text, false);
	case FORMAT_IRI:
		return format_is_uri(text, true);
	case FORMAT_IRI_REFERENCE:
		return format_is_uri_reference(text, true);
	case FORMAT_URI_TEMPLATE:
		return format_is_uri_template(text);
	case FORMAT_BYTE:
		return format_is_base64(text);
	case FORMAT_QUANTITY:
		return format_is_quantity(text);
	case FORMAT_UUID:
		return is_uuid(text, length);
	case FORMAT_REGEX:
	case FORMAT_JSON_POINTER:
	case FORMAT_RELATIVE_JSON_POINTER:
		return matches_bytes(format, text, length);
	}
	return 1;
}
