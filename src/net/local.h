/* net/local.h - HTTP to our own service over its local socket. One request a
 * connection, HTTP/1.0, bounded.
 *
 * Small on purpose: the post-receive hook runs at every push and links nothing but
 * this. */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct error;

struct local_reply {
	int status; /* HTTP */
	struct buf body;
};

/* `path` starts with '/', query included and already escaped. `body` NULL: none.
 * `timeout` in microseconds for the whole exchange. 0 when a whole reply came, whatever
 * its status; ERROR_NOT_FOUND (no socket: is the service running?), ERROR_PERMISSION,
 * ERROR_TIMEOUT, ERROR_CLOSED. local_reply_release() in every case. */
int local_request(const char *socket, const char *method, const char *path,
		  const void *body, size_t length, int64_t timeout,
		  struct local_reply *out, struct error *err);
void local_reply_release(struct local_reply *reply);

/* The same, but every piece of the body goes to `piece` as it comes (server-sent
 * events); ends with 0 when the other side closes or `piece` returns non-zero. An
 * answer that is not 200: ERROR_CLOSED for what may be better later (5xx, 429),
 * ERROR_PERMISSION for 401 and 403, else ERROR_UNSUPPORTED. */
int local_stream(const char *socket, const char *path,
		 int (*piece)(void *data, const char *bytes, size_t length), void *data,
		 struct error *err);

/* Percent-encodes a query value. */
void local_escape(struct buf *out, const char *value);

#endif
