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
	MHD_resume_connection(request->connection);
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

static void send_question(struct request *request, enum message_type type,
			  const void *message)
{
	struct intake *intake = request->intake;
	struct error err = ERROR_INIT;

	int rc = channel_send(&intake->channel, type, message, NULL, 0, &err);
	if (rc == 0)
		wait_begin(request);
	else if (rc == ERROR_CLOSED || rc == ERROR_LIMIT)
		answer_error(request, 0, ERROR_BUSY, "the service is busy; try again");
	else
		answer_failure(request, &err);
	if (rc != 0)
		request->id = 0;
}

static int ask(struct request *request, struct arena *arena, struct error *err)
{
	struct msg_query query = { .request = request->id };
	struct msg_notify notify = { .request = request->id };
	struct msg_command command = { .request = request->id };
	int rc;

	if (request->route->action == ROUTE_QUERY) {
		rc = query_read(request, &query, err);
		if (rc == 0)
			send_question(request, MESSAGE_query, &query);
	} else if (request->route->action == ROUTE_HINT) {
		rc = hint_read(request, arena, &notify, err);
		if (rc == 0)
			send_question(request, MESSAGE_notify, &notify);
	} else {
		rc = command_read(request, arena, &command, err);
		if (rc == 0)
			send_question(request, MESSAGE_command, &command);
	}
	return rc;
}

static void ask_control(struct request *request)
{
	struct intake *intake = request->intake;
	struct error err = ERROR_INIT;

	if (intake->gone || intake->draining) {
		answer_error(request, 0, ERROR_BUSY, "the service is %s; try again",
			     intake->gone ? "starting" : "stopping");
		return;
	}
	if (intake->waiting_count >= intake_limit(intake, LIMIT_HTTP_PENDING)) {
		answer_error(request, 0, ERROR_BUSY,
			     "more requests wait than http.pending; try again");
		return;
	}
	struct arena *arena = arena_new(ARENA_BYTES);
	request->id = ++intake->last_id;
	int rc = arena ? ask(request, arena, &err)
		       : error_set(&err, ERROR_MEMORY, "out of memory");
	if (rc != 0) {
		request->id = 0;
		answer_failure(request, &err);
	}
	arena_free(arena);
	buf_release(&request->body);
	intake->inflight -= request->reserved;
	request->reserved = 0;
}

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

void request_run(struct request *request)
{
	switch (request->route->action) {
	case ROUTE_UNKNOWN:
		answer_error(request, 0, ERROR_INTERNAL, "a route without action");
		break;
	case ROUTE_HEALTH:
		buf_add_string(&request->out, "ok\n");
		answer_set(request, MHD_HTTP_OK, TEXT_TYPE);
		break;
	case ROUTE_READY:
		answer_ready(request);
		break;
	case ROUTE_METRICS:
		metrics_write(&request->out);
		answer_set(request, MHD_HTTP_OK, METRICS_TYPE);
		break;
	case ROUTE_INDEX:
		answer_index(request);
		break;
	case ROUTE_QUERY:
	case ROUTE_HINT:
	case ROUTE_COMMAND:
		ask_control(request);
		break;
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
	bool good = rc == 0 && type == request->route->row;
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
	bool rows = request->route->action == ROUTE_QUERY;

	if (rows) {
		begin_rows(request);
		json_array_end(json);
		json_put_unsigned(json, "next", answer->next);
	} else {
		json_begin(json, &request->out);
		json_object(json);
		bool hint = request->route->action == ROUTE_HINT;
		json_put_unsigned(json, hint ? "delivery" : "id", answer->id);
		if (!hint)
			json_put_string(json, "text", answer->text);
	}
	json_object_end(json);
	answer_set(request, rows ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED, JSON_TYPE);
}

static void hear_answer(struct intake *intake, const struct msg_answer *answer)
{
	struct request *request = find_waiting(intake, answer->request);

	if (!request)
		return;
	if (answer->code == 0)
		write_end(request, answer);
	else
		answer_error(request, 0, (int)answer->code, "%s",
			     answer->text ? answer->text : "");
	wait_end(request);
}

bool control_hear(struct intake *intake, enum message_type type, const void *message)
{
	const struct msg_state *state = message;

	if (type == MESSAGE_reply)
		return hear_reply(intake, message);
	if (type == MESSAGE_answer) {
		hear_answer(intake, message);
		return true;
	}
	if (type != MESSAGE_state)
		return false;
	intake->ready = state->ready;
	intake->draining = state->draining;
	intake->told_at = clock_monotonic();
	return true;
}

void requests_check(struct intake *intake, int64_t now)
{
	struct request *next;

	for (struct request *at = intake->waiting; at; at = next) {
		next = at->next;
		if (at->deadline > now)
			continue;
		answer_error(at, 0, ERROR_TIMEOUT,
			     "the service did not answer in %d seconds",
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
