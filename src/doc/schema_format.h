/* doc/schema_format.h - the formats of strings that can be asserted; for doc/ only. */
#ifndef DOC_SCHEMA_FORMAT_H
#define DOC_SCHEMA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

enum schema_format {
	FORMAT_UNKNOWN = 0, /* of others: an annotation */
	FORMAT_UNSUPPORTED, /* of a draft, but not checked here */
	FORMAT_DATE_TIME,
	FORMAT_DATE,
	FORMAT_TIME,
	FORMAT_DURATION,
	FORMAT_EMAIL,
	FORMAT_HOSTNAME,
	FORMAT_IPV4,
	FORMAT_IPV6,
	FORMAT_URI,
	FORMAT_URI_REFERENCE,
	FORMAT_UUID,
	FORMAT_REGEX,
	FORMAT_JSON_POINTER,
	FORMAT_RELATIVE_JSON_POINTER,
};

enum schema_format format_of(const char *name);
/* "a date and time like 2026-11-21T09:30:00Z (RFC 3339)" */
const char *format_description(enum schema_format format);
bool format_matches(enum schema_format format, const char *text, size_t length);

#endif
