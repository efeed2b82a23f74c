/* intake/answer.c - answers: status, headers, JSON. */
#include "intake/state.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/metrics.h"

#define RETRY_AFTER "1" /* seconds: control starts again in less */

/* A connection that waits for its next request costs 40 KiB (the HTTP library clears
 * all of its memory), so with more than these each ends with its answer. */
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

static void add_headers(struct MHD_Response *response, const struct request *request)
{
	MHD_add_response_header(response, "Content-Type", request->type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (request->allow)
		MHD_add_response_header(response, "Allow", request->allow);
	if (request->status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", RETRY_AFTER);
	if (request->intake->peer_count > KEPT_ALIVE)
		MHD_add_response_header(response, "Connection", "close");
}

enum MHD_Result answer_send(struct request *request)
{
	size_t length = 0;

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
	metric_add(METRIC_HTTP_REQUESTS, 1);
	if (request->status >= 400)
		metric_add(METRIC_HTTP_REFUSED, 1);
	enum MHD_Result result =
		MHD_queue_response(request->connection, request->status, response);
	MHD_destroy_response(response);
	peer_wait(request->peer, request->intake, LIMIT_HTTP_BODY_DEADLINE);
	return result;
}
