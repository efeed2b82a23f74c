/* net/http_address.h - addresses of the web, as far as it matters where they lead.
 *
 * Stricter than RFC 3986: what two readers could take for two different hosts (user,
 * backslash, control or non-ASCII byte, percent sign in the host, empty or padded port)
 * is no address at all. */
#ifndef NET_HTTP_ADDRESS_H
#define NET_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

struct http_address {
	bool secure;      /* https */
	char host[256];   /* lower case; IPv6 in its brackets */
	uint16_t port;    /* the scheme's own where none is said */
	const char *rest; /* borrowed: path, query and fragment; "" */
};

/* Whether `text` is an absolute http or https address. */
bool http_address_parse(const char *text, struct http_address *out);
bool http_address_is_same_origin(const struct http_address *one,
				 const struct http_address *other);
/* "git.example.org:8443"; a scheme's own port is left out. */
void http_address_add_host(struct buf *out, const struct http_address *address);
/* "https://git.example.org:8443"; a scheme's own port is left out. */
void http_address_add_origin(struct buf *out, const struct http_address *address);

/* What `reference` (Location, Link) means in a reply to the absolute address `from`:
 * appended without its fragment, and its origin is always written anew from `from`. 0,
 * or ERROR_FORBIDDEN_HOST when it leads, or could lead, to another origin. */
int http_address_resolve(const char *from, const char *reference, struct buf *out);

/* Whether all bytes are visible ASCII and none is a backslash. */
bool http_address_is_plain(const char *text);

#endif
