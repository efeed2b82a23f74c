/* net/http_head.h - what a reply's headers say, line by line.
 *
 * Bounded by http.max_headers and http.header_bytes. An interim reply (1xx) is
 * forgotten when the next status line comes; trailers are not looked at. A header that
 * is not understood says nothing, with two exceptions that are failures: one with
 * control bytes, and a Link that cannot be read (the rest of a list would be missed).
 */
#ifndef NET_HTTP_HEAD_H
#define NET_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct http_head {
	size_t count; /* header lines */
	size_t bytes;
	bool is_interim;  /* 1xx */
	bool is_complete; /* the blank line came */
	bool has_location;
	struct buf location;
	struct buf links;       /* all Link headers, joined by ", " */
	int64_t date;           /* the server's clock; 0: not said */
	int64_t retry_duration; /* Retry-After in seconds, as a duration; -1 */
	int64_t retry_date;     /* Retry-After as a date, by the server's clock; 0 */
	int64_t remaining;      /* -1 */
	int64_t reset; /* epoch seconds by the server's clock, or seconds from now; -1
			*/
	char content_type[128];
	char scopes[1024];
};

void http_head_init(struct http_head *head);
void http_head_release(struct http_head *head);

/* One line as it came, its line end included. 0, ERROR_LIMIT (see `reason`),
 * ERROR_SYNTAX. */
int http_head_line(struct http_head *head, const char *line, size_t length,
		   const char **reason);

/* When to come back, by our clock, at most a day from `now`; 0: nothing was said. */
int64_t http_head_retry_at(const struct http_head *head, int64_t now);

/* The date of a header: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, IMF-fixdate; the
 * obsolete forms are not read). 0: it is none. */
int64_t http_head_parse_date(const char *text);

/* The target of rel="next" in Link headers (RFC 8288), as it stands there: appended to
 * `next`, which stays empty when there is none. 0 or ERROR_SYNTAX. */
int http_head_next_link(const char *links, struct buf *next);

#endif
