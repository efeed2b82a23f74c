/* intake/framing.c - is it one request and no other? Whatever a proxy in front could
 * read in another way is refused. Source: RFC 9112, section 6.3. */
#include "intake/state.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/metrics.h"
#include "base/text.h"

#define FIRST_BYTES   ((size_t)64 << 10)
#define DROPPED_BYTES ((uint64_t)1 << 20)

struct head {
	size_t count;
	size_t bytes;
	unsigned int lengths;   /* Content-Length */
	unsigned int encodings; /* Transfer-Encoding */
	bool bad_name;
	bool bad_length;
	bool encoded; /* Content-Encoding, other than identity */
	bool expects; /* Expect: nothing of the body comes before an answer */
	uint64_t length;
};

static bool is_hex(char byte)
{
	return (byte >= '0' && byte <= '9') ||
	       ((byte | 32) >= 'a' && (byte | 32) <= 'f');
}

bool uri_is_sound(const char *uri)
{
	bool in_path = true;

	for (const char *at = uri; *at; at++) {
		if (*at == '?')
			in_path = false;
		if (*at <= ' ' || *at > '~' || *at == '#')
			return false;
		if (*at != '%')
			continue;
		if (!is_hex(at[1]) || !is_hex(at[2]) || strncmp(at, "%00", 3) == 0)
			return false;
		if (in_path && strncasecmp(at, "%2f", 3) == 0)
			return false;
	}
	return uri[0] == '/';
}

/* Bytes of a name: tchar of RFC 9110, section 5.6.2. */
static const bool name_bytes[256] = {
	['!'] = true,         ['#' ... '\''] = true, ['*'] = true,
	['+'] = true,         ['-'] = true,          ['.'] = true,
	['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['^' ... '`'] = true,
	['a' ... 'z'] = true, ['|'] = true,          ['~'] = true,
};

static bool is_name(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!name_bytes[(unsigned char)name[i]])
			return false;
	return length > 0;
}

/* Looked at for every header of every request: lengths are compared first. */
static bool is(const char *name, size_t length, const char *wanted,
	       size_t wanted_length)
{
	return length == wanted_length && strncasecmp(name, wanted, length) == 0;
}
#define IS(text) is(name, name_length, text, sizeof(text) - 1)

static enum MHD_Result look_at(void *data, enum MHD_ValueKind kind, const char *name,
			       size_t name_length, const char *value,
			       size_t value_length)
{
	struct head *head = data;

	(void)kind;
	head->count++;
	head->bytes += name_length + value_length + 4;
	if (!is_name(name, name_length))
		head->bad_name = true;
	if (IS("Transfer-Encoding"))
		head->encodings++;
	if (IS("Content-Encoding") && !(value && strcasecmp(value, "identity") == 0))
		head->encoded = true;
	if (IS("Expect"))
		head->expects = true;
	if (IS("Content-Length")) {
		head->lengths++;
		if (!value || text_parse_u64(value, &head->length) != 0)
			head->bad_length = true;
	}
	return MHD_YES;
}
#undef IS

static bool refuse(struct request *request, unsigned int status, int code,
		   const char *text)
{
	answer_error(request, status, code, "%s", text);
	return false;
}

static bool check_headers(struct request *request, struct head *head)
{
	struct intake *intake = request->intake;

	MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, look_at,
				    head);
	if (head->count > intake_limit(intake, LIMIT_HTTP_MAX_HEADERS))
		return refuse(request, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
			      ERROR_LIMIT, "more headers than http.max_headers");
	if (head->bytes > intake_limit(intake, LIMIT_HTTP_HEADER_BYTES))
		return refuse(request, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
			      ERROR_LIMIT, "the headers are over http.header_bytes");
	if (head->bad_name)
		return refuse(request, 0, ERROR_USAGE, "a header has a bad name");
	if (head->lengths > 1)
		return refuse(request, 0, ERROR_USAGE,
			      "Content-Length stands there twice");
	if (head->lengths && head->encodings)
		return refuse(request, 0, ERROR_USAGE,
			      "Content-Length and Transfer-Encoding exclude each "
			      "other");
	if (head->bad_length)
		return refuse(request, 0, ERROR_USAGE, "a bad Content-Length");
	return true;
}

static bool refuse_path(struct request *request, const char *path)
{
	const char *nearest = route_nearest(path);
	char shown[256];

	text_escape_into(shown, sizeof(shown), path, strlen(path));
	answer_error(request, 0, ERROR_NOT_FOUND,
		     nearest ? "there is no '%s'; did you mean '%s'?"
			     : "there is no '%s'; see /api/v1",
		     shown, nearest ? nearest : "");
	return false;
}

static bool check_route(struct request *request, const char *method, const char *path)
{
	request->route = route_find(path, method, request->name, &request->allow);
	if (request->route)
		return true;
	if (!request->allow)
		return refuse_path(request, path);
	answer_error(request, MHD_HTTP_METHOD_NOT_ALLOWED, ERROR_USAGE, "this takes %s",
		     request->allow);
	return false;
}

/* --- bodies --- */

/* Memory for bodies is counted as it is used: what a header announces costs nobody
 * else. */
static bool reserve(struct request *request, size_t bytes)
{
	struct intake *intake = request->intake;

	if (intake->inflight + bytes > intake_limit(intake, LIMIT_HTTP_INFLIGHT_BYTES))
		return refuse(request, 0, ERROR_BUSY,
			      "too much is being received at one time");
	request->reserved += bytes;
	intake->inflight += bytes;
	return true;
}

static bool check_body(struct request *request, const struct head *head)
{
	struct intake *intake = request->intake;

	if (!route_is_post(request->route)) {
		if (head->encodings || head->length)
			return refuse(request, 0, ERROR_USAGE,
				      "a GET has no body here");
		return true;
	}
	if (!head->lengths)
		return refuse(request, MHD_HTTP_LENGTH_REQUIRED, ERROR_USAGE,
			      "a POST needs Content-Length");
	uint64_t maximum = intake_limit(intake, request->route->body);
	if (head->length > maximum) {
		answer_error(request, 0, ERROR_LIMIT,
			     "the body has %llu bytes, over the limit %s (%llu)",
			     (unsigned long long)head->length,
			     limit_name(request->route->body),
			     (unsigned long long)maximum);
		return false;
	}
	if (head->encoded)
		return refuse(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, ERROR_USAGE,
			      "no Content-Encoding is read here");
	request->announced = (size_t)head->length;
	buf_init(&request->body, request->announced);
	return true;
}

bool body_take(struct request *request, const char *piece, size_t length)
{
	struct buf *body = &request->body;
	size_t left = request->announced - body->length;

	/* The first piece tells nothing about the rest; small bodies get their memory
	 * at once, large ones as they come. */
	if (body->capacity == 0 && length <= left) {
		size_t first = left < FIRST_BYTES ? left : FIRST_BYTES;
		buf_reserve(body, length > first ? length : first);
	}
	buf_add(body, piece, length);
	if (body->failed) {
		answer_error(request, 0, body->failed, "the body is too large");
		return false;
	}
	return body->capacity <= request->reserved ||
	       reserve(request, body->capacity - request->reserved);
}

void body_drop(struct request *request)
{
	buf_release(&request->body);
	request->intake->inflight -= request->reserved;
	request->reserved = 0;
}

/* A webhook that cannot be taken now is not even read. */
static bool check_service(struct request *request)
{
	struct intake *intake = request->intake;

	if (request->route->action != ROUTE_HOOK ||
	    (intake->sources.known && !intake->gone && !intake->draining))
		return true;
	metric_add(METRIC_DELIVERIES_OVERLOAD, 1);
	return refuse(request, 0, ERROR_BUSY,
		      intake->draining ? "the service is stopping; try again"
				       : "the service is starting; try again");
}

bool head_check(struct request *request, const char *method, const char *path)
{
	struct head head = { .count = 0 };

	if (request->uri_length > intake_limit(request->intake, LIMIT_HTTP_URI_BYTES))
		return refuse(request, MHD_HTTP_URI_TOO_LONG, ERROR_LIMIT,
			      "the address is over http.uri_bytes");
	if (request->uri_bad)
		return refuse(request, 0, ERROR_USAGE,
			      "the address has a bad escape or character");
	if (!check_headers(request, &head))
		return false;
	bool good = client_find(request) && check_route(request, method, path) &&
		    access_check(request) && check_body(request, &head) &&
		    check_service(request);
	/* A connection that ends with bytes unread is reset, and a proxy never sees the
	 * answer: a small body is taken first, and dropped. */
	request->drops_body = !good && head.lengths && !head.encodings &&
			      !head.expects && head.length <= DROPPED_BYTES &&
			      strcmp(method, "GET") != 0;
	return good;
}
