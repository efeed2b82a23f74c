/* net/http.h - HTTP and HTTPS to one origin: the API of a forge or a cluster.
 *
 * A client is bound to scheme, host and port of its base address when it is made; its
 * credential goes nowhere else: requests take paths below the base or absolute
 * addresses of the very same origin (pages of a list, a redirect), others are
 * ERROR_FORBIDDEN_HOST before a byte is sent. Redirects are followed for GET only,
 * within the origin, five at most. TLS is verified always (TLS 1.2 and later); plain
 * http is for those who configured it. Libcurl does the work, HTTP/2 where it is
 * offered; a request whose connection breaks before a byte of the reply came may be
 * sent a second time, of whatever method. Every reply is bounded (http.reply_bytes,
 * http.max_headers). No proxy, no cookies, no .netrc, nothing from the environment.
 * Threads: one a client. Ownership: replies belong to the caller: http_reply_release().
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct error;
struct http_client;

struct http_options {
	const char *base;          /* "https://git.example.org/api/v1", no end slash, no
				      query, no user */
	const char *authorization; /* value of the header Authorization; NULL: none.
				      Secret: wiped when the client is freed */
	const char *header; /* one more header of each request, "PRIVATE-TOKEN: ...";
			       NULL. Secret as well */
	const char *accept; /* NULL: application/json */
	const char *
		authorities; /* PEM text of the only CAs to trust; NULL: the system's */
	const char *certificate; /* who we are, to servers that ask: PEM text, a chain;
				    NULL: nobody */
	const char *key;         /* its private key, PEM without a password. Secret */
	const char
		*server_name; /* what the server's certificate must name, and what is
				 asked for by SNI, instead of the base's host; NULL */
	int64_t timeout;      /* microseconds, for a whole request */
};

/* ERROR_USAGE (with what is wrong with the base or the server's name). */
int http_client_new(struct http_client **out, const struct http_options *options,
		    struct error *err);
void http_client_free(struct http_client *client);
/* Another credential from now on (a fresh installation token). */
int http_client_authorize(struct http_client *client, const char *authorization,
			  struct error *err);

/* Whether a text holds the value of the header Authorization, or its token: what a
 * server says back is not to be shown. */
bool http_client_is_said(const struct http_client *client, const char *text);

struct http_header {
	const char *name;
	const char *value;
};

struct http_reply {
	int status;          /* of HTTP */
	struct buf body;     /* NUL-terminated */
	char next[2048];     /* the Link header's rel="next", absolute, or ""; of GET */
	int64_t date;        /* the server's clock (Date), 0: it did not say */
	int64_t retry_after; /* when to come back: clock_now() terms; from Retry-After,
				or from exhausted x-ratelimit / RateLimit headers; 0:
				nothing said */
	int64_t remaining; /* requests that are left in this window; -1: nothing said */
	char content_type[128];
	char scopes[1024]; /* X-OAuth-Scopes, "" */
};

/* 0 when a whole reply came, whatever its status. ERROR_TIMEOUT, ERROR_NETWORK (name
 * not found, refused, reset, cut short, TLS, a header that cannot be read: the text
 * says which), ERROR_LIMIT, ERROR_FORBIDDEN_HOST (also when a redirect or the next page
 * of a list is elsewhere), ERROR_USAGE (a path that is not escaped or holds "..", a
 * header that is empty). `target`: a path that begins with '/' (appended to the base),
 * or an absolute address of the origin. `headers` end with a NULL name; NULL: none. A
 * body is application/json unless `headers` say otherwise. A redirect of another method
 * than GET is a reply as any. The text of an error never holds a credential or the
 * query. */
int http_request(struct http_client *client, const char *method, const char *target,
		 const struct http_header *headers, const void *body, size_t length,
		 struct http_reply *out, struct error *err);
void http_reply_release(struct http_reply *reply);

/* Whether an address has the same scheme, host and port (default ports resolved) as
 * another; both absolute http(s) addresses. Anything odd (user, backslash, control
 * byte, two '@') is false. */
bool http_same_origin(const char *one, const char *other);
/* Percent-encodes one path segment or query value. */
void http_escape(struct buf *out, const char *value);

/* Loads libcurl, which the first client does otherwise; a job that is to be confined
 * calls it before that, because code cannot be loaded afterwards. ERROR_UNSUPPORTED:
 * it is not installed. */
int http_library_init(struct error *err);
/* "libcurl 7.88.1"; without a version when there is none. Loads it. */
const char *http_library_version(void);

#endif
