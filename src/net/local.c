/* net/local.c - a small HTTP/1.0 client for our own service's local socket. */
#include "net/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"

#define PIECE_BYTES 16384
#define NO_DEADLINE INT64_MAX
#define HEADER_TIMEOUT                                                                 \
	(10 * CLOCK_SECOND) /* of a stream: until its headers are here                 \
			     */
#define RETRY_PAUSE 10      /* ms, while the service's queue is full */

struct exchange {
	int fd;
	const char *socket;
	int64_t deadline; /* clock_monotonic(), or NO_DEADLINE */
	int status;
	bool has_length;
	uint64_t length;
	struct error *err;
};

/* 0 when the descriptor is ready. */
static int wait_for(const struct exchange *exchange, short events)
{
	struct pollfd entry = { .fd = exchange->fd, .events = events };

	for (;;) {
		int timeout = -1;
		if (exchange->deadline != NO_DEADLINE) {
			int64_t left = exchange->deadline - clock_monotonic();
			if (left <= 0)
				return error_set(exchange->err, ERROR_TIMEOUT,
						 "the service at '%s' did not answer "
						 "in time",
						 exchange->socket);
			timeout = (int)(left / 1000 < 60000 ? left / 1000 + 1 : 60000);
		}
		int ready = poll(&entry, 1, timeout);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return error_set_errno(exchange->err, errno,
					       "cannot wait for '%s'",
					       exchange->socket);
	}
}

/* The names of sockets are at most 107 bytes long; a longer one is reached through a
 * descriptor of its directory, which must stay open until the connection stands. */
static int fill_address(struct sockaddr_un *address, const char *socket, int *directory,
			struct error *err)
{
	const char *slash = strrchr(socket, '/');

	address->sun_family = AF_UNIX;
	if (strlen(socket) < sizeof(address->sun_path)) {
		memcpy(address->sun_path, socket, strlen(socket) + 1);
		return 0;
	}
	char *parent = slash ? strndup(socket, (size_t)(slash - socket) + 1) : NULL;
	if (parent)
		*directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(parent);
	if (*directory < 0)
		return error_set_errno(err, errno, "cannot reach the socket '%s'",
				       socket);
	int length = snprintf(address->sun_path, sizeof(address->sun_path),
			      "/proc/self/fd/%d/%s", *directory, slash + 1);
	if (length < 0 || (size_t)length >= sizeof(address->sun_path))
		return error_set(err, ERROR_USAGE, "the socket's name '%s' is too long",
				 socket);
	return 0;
}

static int connect_failed(const struct exchange *exchange, int number)
{
	if (number == ENOENT || number == ECONNREFUSED || number == ENOTDIR)
		return error_set(exchange->err, ERROR_NOT_FOUND,
				 "no service answers at '%s': is gitgate running?",
				 exchange->socket);
	return error_set_errno(exchange->err, number, "cannot connect to '%s'",
			       exchange->socket);
}

static int open_connection(struct exchange *exchange)
{
	struct sockaddr_un address = { 0 };
	int directory FD_CLOSING = -1;

	int rc = fill_address(&address, exchange->socket, &directory, exchange->err);
	if (rc != 0)
		return rc;
	exchange->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (exchange->fd < 0)
		return error_set_errno(exchange->err, errno, "cannot make a socket");
	/* A unix socket whose queue is full says EAGAIN and cannot be waited for. */
	while (connect(exchange->fd, (const struct sockaddr *)&address,
		       sizeof(address)) != 0) {
		if (errno == EISCONN)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return connect_failed(exchange, errno);
		if (clock_monotonic() >= exchange->deadline)
			return error_set(exchange->err, ERROR_TIMEOUT,
					 "the service at '%s' takes no connection",
					 exchange->socket);
		poll(NULL, 0, RETRY_PAUSE);
	}
	return 0;
}

static int send_all(const struct exchange *exchange, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(exchange->fd, bytes, length, MSG_NOSIGNAL);
		if (sent >= 0) {
			bytes += sent;
			length -= (size_t)sent;
		} else if (errno == EAGAIN) {
			int rc = wait_for(exchange, POLLOUT);
			if (rc != 0)
				return rc;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			/* It may have answered before it read all: look at that. */
			return 0;
		} else if (errno != EINTR) {
			return error_set_errno(exchange->err, errno,
					       "cannot send to '%s'", exchange->socket);
		}
	}
	return 0;
}

/* Bytes read, 0 at the end, or a negative code. */
static ssize_t receive(const struct exchange *exchange, char *out, size_t size)
{
	for (;;) {
		ssize_t got = recv(exchange->fd, out, size, 0);
		if (got >= 0)
			return got;
		if (errno == EAGAIN) {
			int rc = wait_for(exchange, POLLIN);
			if (rc != 0)
				return rc;
		} else if (errno != EINTR) {
			return error_set(exchange->err, ERROR_CLOSED,
					 "the service at '%s' broke the connection",
					 exchange->socket);
		}
	}
}

static int send_request(const struct exchange *exchange, const char *method,
			const char *path, const void *body, size_t length)
{
	struct buf head = BUF_INIT(16384);

	buf_addf(&head, "%s %s HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n",
		 method, path);
	if (body)
		buf_addf(&head,
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			 length);
	buf_add_string(&head, "\r\n");
	int rc = buf_status(&head, "the request", exchange->err);
	if (rc == 0)
		rc = send_all(exchange, head.data, head.length);
	if (rc == 0 && body)
		rc = send_all(exchange, body, length);
	buf_release(&head);
	return rc;
}

static int bad_answer(const struct exchange *exchange, const char *what)
{
	return error_set(exchange->err, ERROR_SYNTAX,
			 "the service at '%s' does not speak HTTP as expected: %s",
			 exchange->socket, what);
}

static int read_header_line(struct exchange *exchange, char *line)
{
	char *value = strchr(line, ':');

	if (!value)
		return bad_answer(exchange, "a header has no colon");
	*value++ = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(line, "Transfer-Encoding") == 0)
		return bad_answer(exchange, "Transfer-Encoding in HTTP/1.0");
	if (strcasecmp(line, "Content-Length") != 0)
		return 0;
	if (exchange->has_length || text_parse_u64(value, &exchange->length) != 0)
		return bad_answer(exchange, "Content-Length");
	exchange->has_length = true;
	return 0;
}

/* `head` is everything up to and with the blank line. */
static int parse_head(struct exchange *exchange, char *head)
{
	char *rest = NULL;

	char *line = strtok_r(head, "\r\n", &rest);
	if (!line || strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12 ||
	    line[8] != ' ' || strspn(line + 9, "0123456789") != 3)
		return bad_answer(exchange, "the first line");
	exchange->status = (int)strtol(line + 9, NULL, 10);
	while ((line = strtok_r(NULL, "\r\n", &rest)) != NULL) {
		int rc = read_header_line(exchange, line);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Reads the head; what came behind it stays in `buffer`. */
static int receive_head(struct exchange *exchange, struct buf *buffer)
{
	char *end;

	while (!(end = strstr(buffer->data, "\r\n\r\n"))) {
		char *room = buf_reserve(buffer, 1024);
		if (!room)
			return buf_status(buffer, "the answer's headers",
					  exchange->err);
		ssize_t got = receive(exchange, room, 1024);
		if (got < 0)
			return (int)got;
		if (got == 0)
			return error_set(exchange->err, ERROR_CLOSED,
					 "the service at '%s' closed the connection "
					 "without an answer",
					 exchange->socket);
		buffer->length += (size_t)got;
		buffer->data[buffer->length] = '\0';
		if (memchr(room, '\0', (size_t)got) && !strstr(buffer->data, "\r\n\r"
									     "\n"))
			return bad_answer(exchange, "a NUL byte in its headers");
	}
	size_t head_length = (size_t)(end - buffer->data) + 4;
	end[2] = '\0';
	int rc = parse_head(exchange, buffer->data);
	buffer->length -= head_length;
	memmove(buffer->data, buffer->data + head_length, buffer->length);
	buffer->data[buffer->length] = '\0';
	return rc;
}

static int begin(struct exchange *exchange, const char *method, const char *path,
		 const void *body, size_t length, struct buf *buffer)
{
	int rc = open_connection(exchange);

	if (rc == 0)
		rc = send_request(exchange, method, path, body, length);
	if (rc == 0)
		rc = receive_head(exchange, buffer);
	return rc;
}

static int receive_body(const struct exchange *exchange, struct buf *body)
{
	for (;;) {
		if (exchange->has_length && body->length >= exchange->length)
			break;
		char *room = buf_reserve(body, PIECE_BYTES);
		if (!room)
			return buf_status(body, "the answer", exchange->err);
		ssize_t got = receive(exchange, room, PIECE_BYTES);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		body->length += (size_t)got;
		body->data[body->length] = '\0';
	}
	if (exchange->has_length && body->length != exchange->length)
		return error_set(exchange->err, ERROR_CLOSED,
				 "the answer of the service at '%s' is not whole",
				 exchange->socket);
	return 0;
}

int local_request(const char *socket, const char *method, const char *path,
		  const void *body, size_t length, int64_t timeout,
		  struct local_reply *out, struct error *err)
{
	struct exchange exchange = { .fd = -1, .socket = socket, .err = err };
	struct buf buffer;

	out->status = 0;
	buf_init(&out->body, limits_default.values[LIMIT_HTTP_MAX_BODY]);
	buf_init(&buffer, limits_default.values[LIMIT_HTTP_MAX_BODY]);
	exchange.deadline = clock_monotonic() + timeout;
	int rc = begin(&exchange, method, path, body, length, &buffer);
	if (rc == 0)
		rc = receive_body(&exchange, &buffer);
	fd_close(&exchange.fd);
	if (rc != 0) {
		buf_release(&buffer);
		return rc;
	}
	out->status = exchange.status;
	out->body = buffer;
	return 0;
}

void local_reply_release(struct local_reply *reply)
{
	buf_release(&reply->body);
}

static int hand_over(const struct exchange *exchange, struct buf *buffer,
		     int (*piece)(void *data, const char *bytes, size_t length),
		     void *data)
{
	char bytes[PIECE_BYTES];

	if (buffer->length && piece(data, buffer->data, buffer->length) != 0)
		return 0;
	for (;;) {
		ssize_t got = receive(exchange, bytes, sizeof(bytes));
		if (got <= 0)
			return (int)got;
		if (piece(data, bytes, (size_t)got) != 0)
			return 0;
	}
}

static int stream_refusal(int status)
{
	if (status == 401 || status == 403)
		return ERROR_PERMISSION;
	return status >= 500 || status == 429 ? ERROR_CLOSED : ERROR_UNSUPPORTED;
}

int local_stream(const char *socket, const char *path,
		 int (*piece)(void *data, const char *bytes, size_t length), void *data,
		 struct error *err)
{
	struct exchange exchange = { .fd = -1, .socket = socket, .err = err };
	struct buf buffer;

	buf_init(&buffer, limits_default.values[LIMIT_HTTP_HEADER_BYTES] + PIECE_BYTES);
	exchange.deadline = clock_monotonic() + HEADER_TIMEOUT;
	int rc = begin(&exchange, "GET", path, NULL, 0, &buffer);
	exchange.deadline = NO_DEADLINE;
	if (rc == 0 && exchange.status != 200)
		rc = error_set(err, stream_refusal(exchange.status),
			       "the service at '%s' answered %d to '%s'", socket,
			       exchange.status, path);
	if (rc == 0)
		rc = hand_over(&exchange, &buffer, piece, data);
	fd_close(&exchange.fd);
	buf_release(&buffer);
	return rc;
}

void local_escape(struct buf *out, const char *value)
{
	for (; *value; value++) {
		unsigned char byte = (unsigned char)*value;
		bool plain = (byte >= '0' && byte <= '9') ||
			     ((byte | 32) >= 'a' && (byte | 32) <= 'z') ||
			     strchr("-._~", byte) != NULL;
		if (plain)
			buf_add_byte(out, byte);
		else
			buf_addf(out, "%%%02X", byte);
	}
}
