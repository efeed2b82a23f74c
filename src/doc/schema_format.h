/* doc/schema_format.h - the formats of strings that can be asserted; for doc/ only. */
#ifndef DOC_SCHEMA_FORMAT_H
#define DOC_SCHEMA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

struct error;

enum schema_format {
	FORMAT_UNKNOWN = 0, /* of others: an annotation */
	FORMAT_DATE_TIME,
	FORMAT_DATE,
	FORMAT_TIME,
	FORMAT_DURATION,
	FORMAT_EMAIL,
	FORMAT_IDN_EMAIL,
	FORMAT_HOSTNAME,
	FORMAT_IDN_HOSTNAME,
	FORMAT_IPV4,
	FORMAT_IPV6,
	FORMAT_URI,
	FORMAT_URI_REFERENCE,
	FORMAT_IRI,
	FORMAT_IRI_REFERENCE,
	FORMAT_URI_TEMPLATE,
	FORMAT_UUID,
	FORMAT_REGEX,
	FORMAT_JSON_POINTER,
	FORMAT_RELATIVE_JSON_POINTER,
	/* of Kubernetes alone */
	FORMAT_BYTE,
	FORMAT_QUANTITY,
	FORMAT_LAST = FORMAT_QUANTITY,
};

enum schema_format format_of(const char *name, size_t length);
/* What to write instead, for formats that people get wrong in known ways: appended to
 * `out`, which stays empty otherwise. */
void format_suggest(enum schema_format format, const char *text, char *out,
		    size_t size);
/* "a date and time like 2026-11-21T09:30:00Z (RFC 3339)" */
const char *format_description(enum schema_format format);
/* 1, 0, or ERROR_UNSUPPORTED (libidn2 is needed and cannot be loaded), ERROR_MEMORY.
 * The text ends with a NUL and may hold others. */
int format_matches(enum schema_format format, const char *text, size_t length,
		   struct error *err);

#endif
