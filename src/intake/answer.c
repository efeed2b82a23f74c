/* intake/answer.c - answers: status, headers, JSON. */
#include "intake/state.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/metrics.h"

#define RETRY_AFTER "1" /* seconds: control starts again in less */

/* A connection that had a request costs 40 KiB (the HTTP library clears all of its
 * memory behind it), so with more than these each ends with its answer. One that had
 * none costs 1 KiB. */
#define KEPT_ALIVE 256

void answer_set(struct request *request, unsigned int status, const char *type)
{
	request->status = status;
	request->type = type;
}

void answer_error(struct request *request, unsigned int status, int code,
		  const char *format, ...)
{
	struct buf message = BUF_INIT(4096);
	struct json json;
	va_list arguments;

	va_start(arguments, format);
	buf_vaddf(&message, format, arguments);
	va_end(arguments);
	buf_reset(&request->out);
	json_begin(&json, &request->out);
	json_object(&json);
	json_key(&json, "error");
	json_object(&json);
	json_put_string(&json, "code", error_name(code));
	json_put_string(&json, "message",
			message.length ? message.data : error_meaning(code));
	json_object_end(&json);
	json_object_end(&json);
	buf_release(&message);
	answer_set(request, status ? status : (unsigned int)error_http_status(code),
		   "application/json");
}

void answer_failure(struct request *request, const struct error *err)
{
	answer_error(request, 0, err->code ? err->code : ERROR_INTERNAL, "%s",
		     err->text);
}

void answer_headers(struct MHD_Response *response, const char *type)
{
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
}

bool answer_is_last(const struct intake *intake)
{
	return intake->used_count > KEPT_ALIVE;
}

static void add_headers(struct MHD_Response *response, const struct request *request)
{
	answer_headers(response, request->type);
	if (request->allow)
		MHD_add_response_header(response, "Allow", request->allow);
	if (request->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate",
					"Bearer realm=\"gitgate\"");
	if (request->status == MHD_HTTP_SERVICE_UNAVAILABLE ||
	    request->status == MHD_HTTP_TOO_MANY_REQUESTS)
		MHD_add_response_header(response, "Retry-After", RETRY_AFTER);
	if (answer_is_last(request->intake))
		MHD_add_response_header(response, "Connection", "close");
}

enum MHD_Result answer_queue(struct request *request, unsigned int status,
			     struct MHD_Response *response)
{
	metric_add(METRIC_HTTP_REQUESTS, 1);
	if (status >= 400)
		metric_add(METRIC_HTTP_REFUSED, 1);
	enum MHD_Result result =
		MHD_queue_response(request->connection, status, response);
	peer_wait(request->peer, request->intake, LIMIT_HTTP_BODY_DEADLINE);
	return result;
}

enum MHD_Result answer_send(struct request *request)
{
	size_t length = 0;

	if (request->route && request->route->action == ROUTE_HOOK &&
	    request->status == MHD_HTTP_UNAUTHORIZED)
		return hook_refuse(request);
	if (request->out.failed)
		answer_error(request, 0, request->out.failed,
			     "the answer is too large; ask for less with 'limit'");
	char *text = buf_detach(&request->out, &length);
	struct MHD_Response *response =
		text ? MHD_create_response_from_buffer(length, text,
						       MHD_RESPMEM_MUST_FREE)
		     : NULL;
	if (!response) {
		free(text);
		return MHD_NO; /* out of memory: the connection is closed */
	}
	add_headers(response, request);
	enum MHD_Result result = answer_queue(request, request->status, response);
	MHD_destroy_response(response);
	return result;
}
