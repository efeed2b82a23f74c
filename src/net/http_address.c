/* net/http_address.c - addresses of the web: taken apart, compared, resolved. */
#include "net/http_address.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "net/http.h"

#define PORT_HTTP   80
#define PORT_HTTPS  443
#define LETTERS     "abcdefghijklmnopqrstuvwxyz"
#define DIGITS      "0123456789"
#define UPPER_CASE  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define UNRESERVED  LETTERS UPPER_CASE DIGITS "-._~"
#define SCHEME_REST LETTERS UPPER_CASE DIGITS "+-."

bool http_address_is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' || *text == '\\')
			return false;
	return true;
}

/* --- parsing --- */

/* Length of a host at the start of `text`: a name, an IPv4 address or an IPv6 address
 * in brackets; 0: there is none. */
static size_t host_length(const char *text)
{
	if (*text != '[')
		return strspn(text, LETTERS UPPER_CASE DIGITS "-._");
	size_t inner = strspn(text + 1, "abcdefABCDEF" DIGITS ":.");
	return inner > 0 && text[inner + 1] == ']' ? inner + 2 : 0;
}

/* ":8443" at *at, or nothing: then *port stays. */
static bool take_port(const char **at, uint16_t *port)
{
	unsigned int value = 0;
	if (**at != ':')
		return true;
	const char *digit = *at + 1;
	size_t count = strspn(digit, DIGITS);
	if (count == 0 || count > 5 || *digit == '0')
		return false;
	for (size_t i = 0; i < count; i++)
		value = value * 10 + (unsigned int)(digit[i] - '0');
	if (value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	*at = digit + count;
	return true;
}

bool http_address_parse(const char *text, struct http_address *out)
{
	struct http_address address = { .port = PORT_HTTP };
	const char *at = text;
	if (!http_address_is_plain(text))
		return false;
	if (strncasecmp(at, "http://", strlen("http://")) == 0) {
		at += strlen("http://");
	} else if (strncasecmp(at, "https://", strlen("https://")) == 0) {
		at += strlen("https://");
		address.secure = true;
		address.port = PORT_HTTPS;
	} else {
		return false;
	}
	size_t length = host_length(at);
	if (length == 0 || length >= sizeof(address.host))
		return false;
	for (size_t i = 0; i < length; i++) {
		bool upper = at[i] >= 'A' && at[i] <= 'Z';
		address.host[i] = (char)(upper ? at[i] | 0x20 : at[i]);
	}
	at += length;
	if (!take_port(&at, &address.port) ||
	    (*at != '\0' && strchr("/?#", *at) == NULL))
		return false;
	address.rest = at;
	*out = address;
	return true;
}

bool http_address_is_same_origin(const struct http_address *one,
				 const struct http_address *other)
{
	return one->secure == other->secure && one->port == other->port &&
	       strcmp(one->host, other->host) == 0;
}

bool http_same_origin(const char *one, const char *other)
{
	struct http_address first, second;
	return http_address_parse(one, &first) && http_address_parse(other, &second) &&
	       http_address_is_same_origin(&first, &second);
}

/* --- resolving --- */

void http_address_add_host(struct buf *out, const struct http_address *address)
{
	buf_add_string(out, address->host);
	if (address->port != (address->secure ? PORT_HTTPS : PORT_HTTP))
		buf_addf(out, ":%u", address->port);
}

void http_address_add_origin(struct buf *out, const struct http_address *address)
{
	buf_add_string(out, address->secure ? "https://" : "http://");
	http_address_add_host(out, address);
}

static bool has_scheme(const char *reference)
{
	size_t length = strspn(reference, SCHEME_REST);
	return length > 0 && reference[length] == ':';
}

/* The reference's path and query when it names the origin itself ("https://..." or
 * "//..."); NULL: another one. */
static const char *rest_of_absolute(const struct http_address *from,
				    const char *reference)
{
	struct http_address address;
	struct buf text = BUF_INIT(65536);
	size_t skipped = 0;
	if (!has_scheme(reference)) {
		buf_add_string(&text, from->secure ? "https:" : "http:");
		skipped = text.length;
	}
	buf_add_string(&text, reference);
	bool same = text.failed == 0 && http_address_parse(text.data, &address) &&
		    http_address_is_same_origin(from, &address);
	const char *rest =
		same ? reference + ((size_t)(address.rest - text.data) - skipped)
		     : NULL;
	buf_release(&text);
	return rest;
}

/* The path of the address that a relative reference starts from: RFC 3986, 5.2.3. Dot
 * segments are libcurl's to remove. */
static void add_base_path(struct buf *out, const struct http_address *from,
			  const char *reference)
{
	size_t length = strcspn(from->rest, "?#");
	if (*reference != '?' && *reference != '#' && *reference != '\0')
		while (length > 0 && from->rest[length - 1] != '/')
			length--;
	if (length == 0)
		buf_add_byte(out, '/');
	buf_add(out, from->rest, length);
	if (*reference == '#' || *reference == '\0') {
		const char *query = from->rest + strcspn(from->rest, "?#");
		buf_add(out, query, strcspn(query, "#"));
	}
}

int http_address_resolve(const char *from, const char *reference, struct buf *out)
{
	struct http_address address;
	if (!http_address_parse(from, &address) || !http_address_is_plain(reference))
		return ERROR_FORBIDDEN_HOST;
	bool absolute = has_scheme(reference) || strncmp(reference, "//", 2) == 0;
	if (absolute)
		reference = rest_of_absolute(&address, reference);
	if (reference == NULL)
		return ERROR_FORBIDDEN_HOST;
	http_address_add_origin(out, &address);
	if (absolute && *reference != '/')
		buf_add_byte(out, '/');
	else if (!absolute && *reference != '/')
		add_base_path(out, &address, reference);
	buf_add(out, reference, strcspn(reference, "#"));
	return 0;
}

void http_escape(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (strchr(UNRESERVED, *value) != NULL)
			buf_add_byte(out, (unsigned char)*value);
		else
			buf_addf(out, "%%%02X", (unsigned char)*value);
	}
}
