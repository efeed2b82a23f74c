/* doc/schema_format.c - the formats of strings that can be asserted.
 *
 * Sources: RFC 3339 (dates, times, durations), RFC 5321 (e-mail), RFC 1123 (hostnames),
 * RFC 2673 and 4291 (addresses), RFC 3986 (URIs), RFC 4122 (UUIDs), RFC 6901
 * (pointers). */
#include "doc/schema_format.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"
#include "base/pattern.h"
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
	{ "idn-email", FORMAT_UNSUPPORTED, "" },
	{ "idn-hostname", FORMAT_UNSUPPORTED, "" },
	{ "iri", FORMAT_UNSUPPORTED, "" },
	{ "iri-reference", FORMAT_UNSUPPORTED, "" },
	{ "uri-template", FORMAT_UNSUPPORTED, "" },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

enum schema_format format_of(const char *name)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* `count` digits passed over; -1: they are not there. */
static int take_digits(const char **at, int count)
{
	int value = 0;
	for (int i = 0; i < count; i++) {
		if (!is_digit(**at))
			return -1;
		value = value * 10 + (*(*at)++ - '0');
	}
	return value;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool take_date(const char **at)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = take_digits(at, 4);
	if (year < 0 || !take(at, '-'))
		return false;
	int month = take_digits(at, 2);
	if (month < 1 || month > 12 || !take(at, '-'))
		return false;
	int day = take_digits(at, 2);
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day >= 1 && day <= days[month - 1] && (month != 2 || day < 29 || leap);
}

/* Minutes east of UTC in *offset. */
static bool take_zone(const char **at, int *offset)
{
	*offset = 0;
	if (take(at, 'Z') || take(at, 'z'))
		return true;
	int sign = **at == '-' ? -1 : 1;
	if (!take(at, '+') && !take(at, '-'))
		return false;
	int hours = take_digits(at, 2);
	if (hours < 0 || hours > 23 || !take(at, ':'))
		return false;
	int minutes = take_digits(at, 2);
	*offset = sign * (hours * 60 + minutes);
	return minutes >= 0 && minutes < 60;
}

static bool take_time(const char **at)
{
	int hour = take_digits(at, 2);
	if (hour < 0 || hour > 23 || !take(at, ':'))
		return false;
	int minute = take_digits(at, 2);
	if (minute < 0 || minute > 59 || !take(at, ':'))
		return false;
	int second = take_digits(at, 2);
	if (second < 0 || second > 60)
		return false;
	if (take(at, '.')) {
		if (!is_digit(**at))
			return false;
		while (is_digit(**at))
			(*at)++;
	}
	int offset;
	if (!take_zone(at, &offset))
		return false;
	/* A leap second is the last of a day in UTC. */
	int utc = ((hour * 60 + minute - offset) % 1440 + 1440) % 1440;
	return second < 60 || utc == 1439;
}

static bool is_date_time(const char *at)
{
	return take_date(&at) && (take(&at, 'T') || take(&at, 't')) && take_time(&at) &&
	       *at == '\0';
}

/* Units in their order, each with digits before it; what is there was passed over. */
static int take_units(const char **at, const char *units)
{
	int taken = 0;
	const char *first = units;
	while (is_digit(**at)) {
		const char *end = *at;
		while (is_digit(*end))
			end++;
		const char *unit = *end == '\0' ? NULL : strchr(first, *end);
		/* RFC 3339: no unit is left out between two others. */
		if (unit == NULL || (taken > 0 && unit != first))
			return -1;
		first = unit + 1;
		*at = end + 1;
		taken++;
	}
	return taken;
}

static bool is_duration(const char *at)
{
	if (!take(&at, 'P'))
		return false;
	const char *weeks = at;
	if (take_units(&weeks, "W") == 1)
		return *weeks == '\0';
	int date = take_units(&at, "YMD");
	if (date < 0)
		return false;
	if (!take(&at, 'T'))
		return date > 0 && *at == '\0';
	return take_units(&at, "HMS") > 0 && *at == '\0';
}

static bool is_hostname(const char *text, size_t length)
{
	if (length == 0 || length > 253)
		return false;
	size_t label = 0;
	for (size_t i = 0; i <= length; i++) {
		char c = i < length ? text[i] : '.';
		if (c == '.') {
			if (label == 0 || label > 63 || text[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_letter(c) && !is_digit(c) && (c != '-' || label == 0))
			return false;
		label++;
	}
	return true;
}

static bool is_ipv4(const char *text)
{
	unsigned char address[4];
	return strspn(text, "0123456789.") == strlen(text) &&
	       inet_pton(AF_INET, text, address) == 1;
}

static bool is_ipv6(const char *text)
{
	unsigned char address[16];
	return inet_pton(AF_INET6, text, address) == 1;
}

static bool is_local_part(const char *text, size_t length)
{
	static const char others[] = "!#$%&'*+/=?^_`{|}~-.";
	if (length >= 2 && text[0] == '"' && text[length - 1] == '"')
		return memchr(text + 1, '"', length - 2) == NULL;
	for (size_t i = 0; i < length; i++) {
		if (!is_letter(text[i]) && !is_digit(text[i]) &&
		    strchr(others, text[i]) == NULL)
			return false;
		bool edge = i == 0 || i + 1 == length || text[i + 1] == '.';
		if (text[i] == '.' && edge)
			return false;
	}
	return length > 0;
}

static bool is_email(const char *text, size_t length)
{
	const char *sign = strrchr(text, '@');
	if (sign == NULL || !is_local_part(text, (size_t)(sign - text)))
		return false;
	const char *domain = sign + 1;
	size_t rest = length - (size_t)(domain - text);
	if (rest < 2 || domain[0] != '[' || domain[rest - 1] != ']')
		return is_hostname(domain, rest);
	char address[64] = "";
	if (rest - 2 >= sizeof(address))
		return false;
	memcpy(address, domain + 1, rest - 2);
	return strncmp(address, "IPv6:", 5) == 0 ? is_ipv6(address + 5)
						 : is_ipv4(address);
}

/* Characters and percent escapes of RFC 3986; brackets only around a host. */
static bool has_uri_characters(const char *text)
{
	static const char others[] = "-._~:/?#[]@!$&'()*+,;=";
	const char *fragment = strchr(text, '#');
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '%') {
			if (!is_hex(at[1]) || !is_hex(at[2]))
				return false;
		} else if (!is_letter(*at) && !is_digit(*at) &&
			   strchr(others, *at) == NULL) {
			return false;
		}
		if (*at == '#' && at != fragment)
			return false;
	}
	return true;
}

static bool is_authority(const char *text, size_t length)
{
	const char *end = text + length;
	const char *at = memchr(text, '@', length);
	const char *host = at == NULL ? text : at + 1;
	if (at != NULL && (memchr(text, '[', (size_t)(at - text)) != NULL ||
			   memchr(text, ']', (size_t)(at - text)) != NULL))
		return false;
	const char *port = host;
	if (host < end && *host == '[') {
		char address[64] = "";
		const char *close = memchr(host, ']', (size_t)(end - host));
		if (close == NULL || (size_t)(close - host) > sizeof(address))
			return false;
		memcpy(address, host + 1, (size_t)(close - host) - 1);
		if (address[0] != 'v' && !is_ipv6(address))
			return false;
		port = close + 1;
	} else {
		while (port < end && *port != ':' && *port != '[' && *port != ']')
			port++;
	}
	if (port < end && *port++ != ':')
		return false;
	while (port < end && is_digit(*port))
		port++;
	return port == end;
}

static bool is_uri_reference(const char *text)
{
	if (!has_uri_characters(text))
		return false;
	size_t head = strcspn(text, "/?#");
	const char *colon = memchr(text, ':', head);
	const char *at = text;
	if (colon != NULL) {
		if (!is_letter(*text))
			return false;
		for (const char *c = text; c < colon; c++)
			if (!is_letter(*c) && !is_digit(*c) &&
			    strchr("+-.", *c) == NULL)
				return false;
		at = colon + 1;
	}
	if (at[0] == '/' && at[1] == '/') {
		size_t length = strcspn(at + 2, "/?#");
		if (!is_authority(at + 2, length))
			return false;
		at += 2 + length;
	}
	return strpbrk(at, "[]") == NULL;
}

static bool is_uri(const char *text)
{
	size_t head = strcspn(text, "/?#");
	return memchr(text, ':', head) != NULL && is_uri_reference(text);
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

static bool is_regex(const char *text)
{
	struct pattern *pattern;
	if (schema_pattern_new(&pattern, text, NULL) != 0)
		return false;
	pattern_free(pattern);
	return true;
}

static bool is_json_pointer(const char *text)
{
	if (*text != '\0' && *text != '/')
		return false;
	for (; *text != '\0'; text++)
		if (*text == '~' && text[1] != '0' && text[1] != '1')
			return false;
	return true;
}

static bool is_relative_json_pointer(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || (digits > 1 && *text == '0'))
		return false;
	text += digits;
	return strcmp(text, "#") == 0 || is_json_pointer(text);
}

bool format_matches(enum schema_format format, const char *text, size_t length)
{
	const char *at = text;
	switch (format) {
	case FORMAT_UNKNOWN:
	case FORMAT_UNSUPPORTED:
		break;
	case FORMAT_DATE_TIME:
		return is_date_time(text);
	case FORMAT_DATE:
		return take_date(&at) && *at == '\0';
	case FORMAT_TIME:
		return take_time(&at) && *at == '\0';
	case FORMAT_DURATION:
		return is_duration(text);
	case FORMAT_EMAIL:
		return is_email(text, length);
	case FORMAT_HOSTNAME:
		return is_hostname(text, length);
	case FORMAT_IPV4:
		return is_ipv4(text);
	case FORMAT_IPV6:
		return is_ipv6(text);
	case FORMAT_URI:
		return is_uri(text);
	case FORMAT_URI_REFERENCE:
		return is_uri_reference(text);
	case FORMAT_UUID:
		return is_uuid(text, length);
	case FORMAT_REGEX:
		return is_regex(text);
	case FORMAT_JSON_POINTER:
		return is_json_pointer(text);
	case FORMAT_RELATIVE_JSON_POINTER:
		return is_relative_json_pointer(text);
	}
	return true;
}
