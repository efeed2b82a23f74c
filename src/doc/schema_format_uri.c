/* doc/schema_format_uri.c - URIs and IRIs (RFC 3986, 3987), and templates of URIs
 * (RFC 6570). */
#include <string.h>

#include "base/text.h"
#include "doc/schema_format_parts.h"

static bool is_private(uint32_t c)
{
	return (c >= 0xe000 && c <= 0xf8ff) || c >= 0xf0000;
}

/* ucschar of RFC 3987, section 2.2; with `query` iprivate, too. */
static bool is_international(uint32_t c, bool query)
{
	if (c < 0xa0 || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) ||
	    (c >= 0xfff0 && c <= 0xffff) || (c >= 0xe0000 && c <= 0xe0fff))
		return false;
	return query || !is_private(c);
}

/* "%41" */
static bool is_escape(const char *at)
{
	return at[0] == '%' && is_hex(at[1]) && is_hex(at[2]);
}

/* What RFC 3986 allows, and what RFC 3987 adds; brackets only around a host. */
static bool has_uri_characters(const char *text, bool international)
{
	static const char others[] = "-._~:/?#[]@!$&'()*+,;=";
	const char *end = text + strlen(text);
	const char *fragment = strchr(text, '#');
	const char *query = strchr(text, '?');
	for (const char *at = text; at < end;) {
		uint32_t character;
		size_t size = text_utf8_next(at, (size_t)(end - at), &character);
		bool in_query = query != NULL && at > query &&
				(fragment == NULL || at < fragment);
		if (size == 0)
			return false;
		if (character >= 0x80) {
			if (!international || !is_international(character, in_query))
				return false;
		} else if (*at == '%') {
			if (!is_escape(at))
				return false;
		} else if (!is_letter(*at) && !is_digit(*at) &&
			   strchr(others, *at) == NULL) {
			return false;
		}
		if (*at == '#' && at != fragment)
			return false;
		at += size;
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
		if (address[0] != 'v' && address[0] != 'V' && !format_is_ipv6(address))
			return false;
		port = close + 1;
	} else {
		while (port < end && *port != ':' && *port != '[' && *port != ']' &&
		       *port != '@')
			port++;
	}
	if (port < end && *port++ != ':')
		return false;
	while (port < end && is_digit(*port))
		port++;
	return port == end;
}

bool format_is_uri_reference(const char *text, bool international)
{
	if (!has_uri_characters(text, international))
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

bool format_is_uri(const char *text, bool international)
{
	size_t head = strcspn(text, "/?#");
	return memchr(text, ':', head) != NULL &&
	       format_is_uri_reference(text, international);
}

/* A name: letters, digits, '_' and escapes, in parts with dots between; passed over. */
static bool take_name(const char **at)
{
	for (;;) {
		const char *start = *at;
		while (is_letter(**at) || is_digit(**at) || **at == '_' ||
		       is_escape(*at))
			*at += **at == '%' ? 3 : 1;
		if (*at == start)
			return false;
		if (**at != '.')
			return true;
		(*at)++;
	}
}

/* ":3" up to ":9999" */
static bool take_prefix(const char **at)
{
	int digits = 0;
	if (*++*at == '0')
		return false;
	for (; is_digit(**at); (*at)++)
		digits++;
	return digits >= 1 && digits <= 4;
}

/* "{+a,b*,c:3}": RFC 6570, section 2.2 */
static bool take_expression(const char **at)
{
	(*at)++;
	if (**at != '\0' && strchr("+#./;?&", **at) != NULL)
		(*at)++;
	for (;;) {
		if (!take_name(at))
			return false;
		if (**at == '*')
			(*at)++;
		else if (**at == ':' && !take_prefix(at))
			return false;
		if (**at == '}')
			break;
		if (*(*at)++ != ',')
			return false;
	}
	(*at)++;
	return true;
}

bool format_is_uri_template(const char *text)
{
	const char *end = text + strlen(text);
	while (text < end) {
		uint32_t character;
		size_t size = text_utf8_next(text, (size_t)(end - text), &character);
		if (*text == '{') {
			if (!take_expression(&text))
				return false;
			continue;
		}
		bool good = character >= 0x80
				    ? is_international(character, true)
				    : character > 0x20 && character < 0x7f &&
					      strchr("\"<>\\^`|}", *text) == NULL;
		if (size == 0 || !good || (*text == '%' && !is_escape(text)))
			return false;
		text += size;
	}
	return true;
}
