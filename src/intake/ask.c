/* intake/ask.c - answering at once, or asking control and waiting. */
#include "intake/state.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"

#define JSON_TYPE    "application/json"
#define TEXT_TYPE    "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define ARENA_BYTES  ((size_t)64 << 20)
#define FRAME_LENGTH 4 /* bytes of a frame's length */

static bool is_hook(const struct request *request)
{
	return request->route->action == ROUTE_HOOK;
}

/* --- who waits --- */

static void wait_begin(struct request *request)
{
	struct intake *intake = request->intake;

	request->deadline = clock_monotonic() + request->route->patience * CLOCK_SECOND;
	request->previous = intake->waiting_last;
	request->next = NULL;
	if (intake->waiting_last)
		intake->waiting_last->next = request;
	else
		intake->waiting = request;
	intake->waiting_last = request;
	intake->waiting_count++;
	request->peer->deadline = NO_DEADLINE;
	MHD_suspend_connection(request->connection);
}

static void wait_end(struct request *request)
{
	struct intake *intake = request->intake;

	if (request->previous)
		request->previous->next = request->next;
	else
		intake->waiting = request->next;
	if (request->next)
		request->next->previous = request->previous;
	else
		intake->waiting_last = request->previous;
	intake->waiting_count--;
	request->id = 0;
	peer_resume(request->peer, request->connection);
}

/* Answers mostly come in the order of the questions, so the first is the one. */
static struct request *find_waiting(const struct intake *intake, uint64_t id)
{
	for (struct request *at = intake->waiting; at; at = at->next)
		if (at->id == id)
			return at;
	return NULL;
}

/* --- questions --- */

bool request_may_ask(struct request *request)
{
	const struct intake *intake = request->intake;

	if (intake->gone || intake->draining) {
		answer_error(request, 0, ERROR_BUSY, "the service is %s; try again",
			     intake->gone ? "starting" : "stopping");
		return false;
	}
	if (intake->waiting_count >= intake_limit(intake, LIMIT_HTTP_PENDING)) {
		answer_error(request, 0, ERROR_BUSY,
			     "more requests wait than http.pending; try again");
		return false;
	}
	return true;
}

void request_ask(struct request *request, enum message_type type, const void *message,
		 const int *fds, int fd_count)
{
	struct error err = ERROR_INIT;
	int rc = channel_send(&request->intake->channel, type, message, fds, fd_count,
			      &err);

	if (rc == 0) {
		wait_begin(request);
		return;
	}
	request->id = 0;
	if (rc == ERROR_CLOSED || rc == ERROR_LIMIT || is_hook(request))
		answer_error(request, 0, ERROR_BUSY, "the service is busy; try again");
	else
		answer_failure(request, &err);
}

/* Whether the token may read: the answer is ours. */
static void ask_token(struct request *request)
{
	struct msg_query query = { .request = request->id,
				   .what = "token",
				   .uid = request->peer->uid,
				   .token = request->token };

	request->asks_token = true;
	request_ask(request, MESSAGE_query, &query, NULL, 0);
}

static int ask(struct request *request, struct arena *arena, struct error *err)
{
	struct msg_query query = { .request = request->id, .token = request->token };
	struct msg_notify notify = { .request = request->id };
	struct msg_command command = { .request = request->id,
				       .token = request->token };
	int rc;

	if (request->route->action == ROUTE_QUERY) {
		rc = query_read(request, &query, err);
		if (rc == 0)
			request_ask(request, MESSAGE_query, &query, NULL, 0);
	} else if (request->route->action == ROUTE_HINT) {
		rc = hint_read(request, arena, &notify, err);
		if (rc == 0)
			request_ask(request, MESSAGE_notify, &notify, NULL, 0);
	} else {
		rc = command_read(request, arena, &command, err);
		if (rc == 0)
			request_ask(request, MESSAGE_command, &command, NULL, 0);
	}
	return rc;
}

static void ask_control(struct request *request)
{
	struct intake *intake = request->intake;
	struct error err = ERROR_INIT;

	if (!request_may_ask(request))
		return;
	struct arena *arena = arena_new(ARENA_BYTES);
	request->id = ++intake->last_id;
	int rc = arena ? ask(request, arena, &err)
		       : error_set(&err, ERROR_MEMORY, "out of memory");
	if (rc != 0) {
		request->id = 0;
		answer_failure(request, &err);
	}
	arena_free(arena);
	body_drop(request);
}

/* --- what needs no row of control --- */

static void answer_ready(struct request *request)
{
	bool ready = intake_is_ready(request->intake);

	buf_add_string(&request->out, ready ? "ready\n" : "not ready\n");
	answer_set(request, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
		   TEXT_TYPE);
}

static void answer_index(struct request *request)
{
	struct json json;

	json_begin(&json, &request->out);
	json_object(&json);
	json_put_string(&json, "name", "gitgate");
	routes_write(&json);
	json_object_end(&json);
	answer_set(request, MHD_HTTP_OK, JSON_TYPE);
}

static void answer_openapi(struct request *request)
{
	openapi_write(&request->out);
	answer_set(request, MHD_HTTP_OK, JSON_TYPE);
}

static void answer_metrics(struct request *request)
{
	metrics_write(&request->out);
	answer_set(request, MHD_HTTP_OK, METRICS_TYPE);
}

static void answer_health(struct request *request)
{
	buf_add_string(&request->out, "ok\n");
	answer_set(request, MHD_HTTP_OK, TEXT_TYPE);
}

/* What intake answers by itself, once control has agreed to a token. */
static void (*own_answer(const struct request *request))(struct request *)
{
	switch (request->route->action) {
	case ROUTE_HEALTH:
		return answer_health;
	case ROUTE_READY:
		return answer_ready;
	case ROUTE_METRICS:
		return answer_metrics;
	case ROUTE_INDEX:
		return answer_index;
	case ROUTE_OPENAPI:
		return answer_openapi;
	case ROUTE_EVENTS:
		return events_follow;
	case ROUTE_UNKNOWN:
	case ROUTE_QUERY:
	case ROUTE_HINT:
	case ROUTE_COMMAND:
	case ROUTE_HOOK:
		break;
	}
	return NULL;
}

void request_run(struct request *request)
{
	void (*own)(struct request *) = own_answer(request);

	if (own && access_is_open(request)) {
		own(request);
	} else if (own) {
		if (!request_may_ask(request))
			return;
		request->id = ++request->intake->last_id;
		ask_token(request);
	} else if (is_hook(request)) {
		hook_run(request);
	} else {
		ask_control(request);
	}
}

/* --- answers --- */

static void begin_rows(struct request *request)
{
	if (request->has_rows)
		return;
	request->has_rows = true;
	json_begin(&request->json, &request->out);
	json_object(&request->json);
	json_key(&request->json, "items");
	json_array(&request->json);
}

static bool hear_reply(struct intake *intake, const struct msg_reply *reply)
{
	struct request *request = find_waiting(intake, reply->request);
	struct arena *arena = request ? arena_new(ARENA_BYTES) : NULL;
	enum message_type type = MESSAGE_NONE;
	void *row = NULL;

	if (!request)
		return true; /* it waited too long */
	const char *bytes = reply->row.data;
	int rc = arena && reply->row.length > FRAME_LENGTH
			 ? message_decode(bytes + FRAME_LENGTH,
					  reply->row.length - FRAME_LENGTH, arena,
					  &type, &row, NULL)
			 : ERROR_MESSAGE;
	bool good = rc == 0 && !request->asks_token && type == request->route->row;
	if (good) {
		begin_rows(request);
		json_object(&request->json);
		message_json(&request->json, type, row);
		json_object_end(&request->json);
	}
	arena_free(arena);
	return good;
}

static void write_end(struct request *request, const struct msg_answer *answer)
{
	struct json *json = &request->json;
	enum route_action action = request->route->action;

	if (action == ROUTE_QUERY) {
		begin_rows(request);
		json_array_end(json);
		json_put_unsigned(json, "next", answer->next);
	} else {
		bool is_command = action == ROUTE_COMMAND;
		json_begin(json, &request->out);
		json_object(json);
		json_put_unsigned(json, is_command ? "id" : "delivery", answer->id);
		if (is_command)
			json_put_string(json, "text", answer->text);
	}
	json_object_end(json);
	answer_set(request, action == ROUTE_QUERY ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED,
		   JSON_TYPE);
}

static void write_failure(struct request *request, const struct msg_answer *answer)
{
	/* A webhook is authentic by now: whatever failed, it shall come again. */
	unsigned int status = is_hook(request) ? MHD_HTTP_SERVICE_UNAVAILABLE : 0;

	if (is_hook(request))
		metric_add(METRIC_DELIVERIES_OVERLOAD, 1);
	answer_error(request, status, (int)answer->code, "%s",
		     answer->text ? answer->text : "");
}

static void hear_answer(struct intake *intake, const struct msg_answer *answer)
{
	struct request *request = find_waiting(intake, answer->request);

	if (!request)
		return;
	if (answer->code != 0)
		write_failure(request, answer);
	else if (request->asks_token)
		own_answer(request)(request);
	else
		write_end(request, answer);
	wait_end(request);
}

static bool hear_source(struct intake *intake, const struct msg_source *source)
{
	bool good = sources_add(&intake->sources, source);

	for (size_t i = 0; i < source->secrets.count; i++) {
		/* Of the arena that the message came in. */
		char *secret = (char *)(uintptr_t)source->secrets.items[i];
		explicit_bzero(secret, strlen(secret));
	}
	return good;
}

static void hear_state(struct intake *intake, const struct msg_state *state)
{
	intake->ready = state->ready;
	intake->draining = state->draining;
	intake->told_at = clock_monotonic();
	if (state->draining)
		events_end(intake->events);
}

bool control_hear(struct intake *intake, enum message_type type, const void *message)
{
	if (type == MESSAGE_reply)
		return hear_reply(intake, message);
	if (type == MESSAGE_sources)
		return sources_begin(&intake->sources, message);
	if (type == MESSAGE_source)
		return hear_source(intake, message);
	if (type == MESSAGE_event)
		return events_add(intake->events, message);
	if (type == MESSAGE_answer)
		hear_answer(intake, message);
	else if (type == MESSAGE_state)
		hear_state(intake, message);
	else
		return false;
	return true;
}

void requests_check(struct intake *intake, int64_t now)
{
	struct request *next;

	for (struct request *at = intake->waiting; at; at = next) {
		next = at->next;
		if (at->deadline > now)
			continue;
		answer_error(at, is_hook(at) ? MHD_HTTP_SERVICE_UNAVAILABLE : 0,
			     ERROR_TIMEOUT, "the service did not answer in %d seconds",
			     at->route->patience);
		wait_end(at);
	}
}

void requests_give_up(struct intake *intake)
{
	while (intake->waiting) {
		struct request *request = intake->waiting;
		answer_error(request, 0, ERROR_BUSY,
			     "the service stopped before it answered; try again");
		wait_end(request);
	}
}
