/* doc/schema_format_parts.h - what the files of formats share; for doc/ only.
 *
 * Texts end with a NUL and hold none. */
#ifndef DOC_SCHEMA_FORMAT_PARTS_H
#define DOC_SCHEMA_FORMAT_PARTS_H

#include <stdbool.h>
#include <stddef.h>

struct error;

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* --- schema_format_time.c: RFC 3339 --- */
bool format_is_date_time(const char *text);
bool format_is_date(const char *text);
bool format_is_time(const char *text);
bool format_is_duration(const char *text);

/* --- schema_format_name.c. Those that may need libidn2: 1, 0 or ERROR_UNSUPPORTED,
 * ERROR_MEMORY. --- */
bool format_is_ipv4(const char *text);
bool format_is_ipv6(const char *text);
int format_is_hostname(const char *text, size_t length, struct error *err);
int format_is_idn_hostname(const char *text, size_t length, struct error *err);
int format_is_email(const char *text, size_t length, struct error *err);
int format_is_idn_email(const char *text, size_t length, struct error *err);

/* --- schema_format_uri.c: RFC 3986, 3987 (`international`), 6570 --- */
bool format_is_uri(const char *text, bool international);
bool format_is_uri_reference(const char *text, bool international);
bool format_is_uri_template(const char *text);

/* --- schema_format_kubernetes.c --- */
bool format_is_quantity(const char *text);
bool format_is_base64(const char *text);

#endif
