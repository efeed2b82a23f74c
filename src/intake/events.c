/* intake/events.c - what happens, for followers: server-sent events.
 *
 * Each event is written once, as the bytes that go out, and kept in a ring. A follower
 * is a place in the ring: nothing is copied for it, and what it has not taken yet is
 * counted. While there is nothing for it its connection is suspended. Source: the HTML
 * standard, section 9.2 (server-sent events). */
#include "intake/state.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#define ARENA_BYTES  ((size_t)4 << 20)
#define TEXT_BYTES   ((size_t)8 << 20) /* of one event */
#define FRAME_LENGTH 4                 /* bytes of a frame's length */
#define BLOCK_BYTES  4096              /* sent at a time */
#define QUEUE_BYTES  ((uint64_t)1 << 20)
#define KEEP_ALIVE   (15 * CLOCK_SECOND)
#define TAKE_WITHIN  (30 * CLOCK_SECOND)
#define FOLLOW_AT_MOST                                                                 \
	(3600 * CLOCK_SECOND) /* over a network: rights may have gone                  \
			       */
#define PEER_TIMEOUT 60       /* seconds until a dead peer is noticed */
#define NEW_ONLY     UINT64_MAX
#define HELLO        "retry: 2000\n\n"
#define ALIVE        ": alive\n\n"

/* Text that goes out, for everybody. */
struct text {
	size_t references;
	uint64_t id;    /* of the event; 0: not in the ring */
	uint64_t start; /* bytes of all events before it */
	size_t length;
	char bytes[];
};

struct follower {
	struct follower *previous;
	struct follower *next;
	struct events *events;
	struct request *request;
	uint64_t place;    /* the number of the event that comes next */
	struct text *text; /* being sent */
	size_t sent;       /* of it */
	bool gap;          /* it missed some: tell */
	uint64_t after;    /* what it has, for that */
	bool suspended;
	bool wants_sign; /* of life */
	bool ends;
	int64_t spoke_at;
	int64_t until;
};

struct events {
	struct intake *intake;
	struct text **ring; /* event n is at n % size */
	uint64_t size;
	uint64_t first;   /* the oldest one's number */
	uint64_t next;    /* the number of the one that will come */
	uint64_t bytes;   /* of all that ever came */
	uint64_t dropped; /* the id of the last that left the ring */
	struct text *hello;
	struct text *alive;
	struct follower *followers;
	size_t follower_count;
};

/* --- texts --- */

static struct text *text_new(const char *bytes, size_t length)
{
	struct text *text = malloc(sizeof(*text) + length);

	if (!text)
		return NULL;
	*text = (struct text){ .references = 1, .length = length };
	memcpy(text->bytes, bytes, length);
	return text;
}

static struct text *text_ref(struct text *text)
{
	text->references++;
	return text;
}

static void text_unref(struct text *text)
{
	if (text && --text->references == 0)
		free(text);
}

struct events *events_new(struct intake *intake)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return NULL;
	events->intake = intake;
	events->size = intake_limit(intake, LIMIT_HTTP_EVENTS);
	if (events->size == 0)
		events->size = 1;
	events->ring = calloc(events->size, sizeof(struct text *));
	events->hello = text_new(HELLO, strlen(HELLO));
	events->alive = text_new(ALIVE, strlen(ALIVE));
	if (!events->ring || !events->hello || !events->alive) {
		events_free(events);
		return NULL;
	}
	return events;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	for (uint64_t i = 0; events->ring && i < events->size; i++)
		text_unref(events->ring[i]);
	text_unref(events->hello);
	text_unref(events->alive);
	free(events->ring);
	free(events);
}

size_t events_followers(const struct events *events)
{
	return events->follower_count;
}

/* --- followers --- */

static struct text *text_at(const struct events *events, uint64_t number)
{
	return events->ring[number % events->size];
}

static void wake(struct follower *follower)
{
	if (!follower->suspended)
		return;
	follower->suspended = false;
	follower->spoke_at = clock_monotonic();
	peer_resume(follower->request->peer, follower->request->connection);
}

/* Bytes that it has not taken. */
static uint64_t backlog(const struct follower *follower)
{
	const struct events *events = follower->events;
	uint64_t rest = follower->text ? follower->text->length - follower->sent : 0;
	uint64_t place =
		follower->place > events->first ? follower->place : events->first;

	if (place < events->next)
		rest += events->bytes - text_at(events, place)->start;
	return rest;
}

static struct text *make_gap(const struct follower *follower)
{
	struct buf out = BUF_INIT(256);
	const struct events *events = follower->events;

	buf_addf(&out, "event: gap\ndata: {\"after\":%llu,\"next\":%llu}\n\n",
		 (unsigned long long)follower->after,
		 (unsigned long long)(events->first < events->next
					      ? text_at(events, events->first)->id
					      : 0));
	struct text *text = out.failed ? NULL : text_new(out.data, out.length);
	buf_release(&out);
	return text;
}

/* What it is to hear next; NULL: nothing for now. */
static struct text *find_text(struct follower *follower)
{
	struct events *events = follower->events;

	if (follower->place < events->first) {
		follower->gap = true;
		follower->place = events->first;
	}
	if (follower->gap) {
		follower->gap = false;
		return make_gap(follower);
	}
	if (follower->place < events->next) {
		struct text *text = text_at(events, follower->place++);
		follower->after = text->id;
		return text_ref(text);
	}
	if (!follower->wants_sign)
		return NULL;
	follower->wants_sign = false;
	return text_ref(events->alive);
}

/* Of the library: what to send now. */
static ssize_t give(void *data, uint64_t position, char *out, size_t maximum)
{
	struct follower *follower = data;
	size_t given = 0;

	(void)position;
	if (follower->ends)
		return MHD_CONTENT_READER_END_OF_STREAM;
	follower->spoke_at = clock_monotonic();
	while (given < maximum) {
		if (!follower->text)
			follower->text = find_text(follower);
		if (!follower->text)
			break;
		size_t rest = follower->text->length - follower->sent;
		size_t count = rest < maximum - given ? rest : maximum - given;
		memcpy(out + given, follower->text->bytes + follower->sent, count);
		given += count;
		follower->sent += count;
		if (follower->sent < follower->text->length)
			break;
		text_unref(follower->text);
		follower->text = NULL;
		follower->sent = 0;
	}
	if (given == 0) {
		follower->suspended = true;
		MHD_suspend_connection(follower->request->connection);
	}
	return (ssize_t)given;
}

/* A peer that is gone without a word is noticed by the kernel. */
static void watch_peer(const struct peer *peer)
{
	int on = 1, idle = PEER_TIMEOUT / 2, timeout = PEER_TIMEOUT * 1000;

	if (!peer->door->network)
		return;
	setsockopt(peer->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(peer->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(peer->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
}

/* Where to begin for somebody who has all up to `after`. Ids rise: whoever is not
 * behind the last that left has missed nothing. */
static void find_place(struct follower *follower, uint64_t after)
{
	const struct events *events = follower->events;

	follower->place = events->next;
	follower->after = after;
	if (after == NEW_ONLY)
		return;
	while (follower->place > events->first &&
	       text_at(events, follower->place - 1)->id > after)
		follower->place--;
	follower->gap = follower->place == events->first && after != events->dropped;
}

/* The header of one who comes back counts before the parameter of the address. */
static int read_after(struct request *request, uint64_t *out, struct error *err)
{
	struct msg_query query = { .id = NEW_ONLY };
	const char *last = MHD_lookup_connection_value(
		request->connection, MHD_HEADER_KIND, "Last-Event-ID");

	int rc = query_read(request, &query, err);
	if (rc == 0 && last && *last && text_parse_u64(last, &query.id) != 0)
		rc = error_set(err, ERROR_USAGE,
			       "Last-Event-ID is not the id of an event");
	*out = query.id;
	return rc;
}

void events_follow(struct request *request)
{
	struct intake *intake = request->intake;
	struct events *events = intake->events;
	struct error err = ERROR_INIT;
	uint64_t after = 0;

	if (!request_may_ask(request))
		return;
	if (events->follower_count >= intake_limit(intake, LIMIT_HTTP_FOLLOWERS)) {
		answer_error(request, 0, ERROR_BUSY,
			     "more connections follow than http.followers");
		return;
	}
	int rc = read_after(request, &after, &err);
	struct follower *follower = rc == 0 ? calloc(1, sizeof(*follower)) : NULL;
	if (!follower) {
		if (rc == 0)
			error_set(&err, ERROR_MEMORY, "out of memory");
		answer_failure(request, &err);
		return;
	}
	follower->events = events;
	follower->request = request;
	follower->text = text_ref(events->hello);
	follower->spoke_at = clock_monotonic();
	follower->until = request->peer->door->local
				  ? NO_DEADLINE
				  : follower->spoke_at + FOLLOW_AT_MOST;
	find_place(follower, after);
	follower->next = events->followers;
	if (follower->next)
		follower->next->previous = follower;
	events->followers = follower;
	events->follower_count++;
	request->follower = follower;
}

enum MHD_Result events_send(struct request *request)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK_BYTES, give, request->follower, NULL);

	if (!response)
		return MHD_NO; /* out of memory: the connection is closed */
	answer_headers(response, "text/event-stream");
	/* nginx would hold it back. */
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	watch_peer(request->peer);
	enum MHD_Result result = answer_queue(request, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	request->peer->deadline = NO_DEADLINE; /* see events_check() */
	return result;
}

void events_leave(struct request *request)
{
	struct follower *follower = request->follower;

	if (!follower)
		return;
	if (follower->previous)
		follower->previous->next = follower->next;
	else
		follower->events->followers = follower->next;
	if (follower->next)
		follower->next->previous = follower->previous;
	follower->events->follower_count--;
	text_unref(follower->text);
	free(follower);
	request->follower = NULL;
}

/* --- events --- */

static bool is_word(const char *text)
{
	return text && *text &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz-_")] == '\0';
}

static bool write_row(struct json *json, const struct msg_bytes *row)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	enum message_type type = MESSAGE_NONE;
	const char *bytes = row->data;
	void *message = NULL;

	bool good = arena && row->length > FRAME_LENGTH &&
		    message_decode(bytes + FRAME_LENGTH, row->length - FRAME_LENGTH,
				   arena, &type, &message, NULL) == 0;
	if (good) {
		json_key(json, "row");
		json_object(json);
		message_json(json, type, message);
		json_object_end(json);
	}
	arena_free(arena);
	return good;
}

static bool write_event(const struct msg_event *event, struct buf *out)
{
	struct json json;

	if (!is_word(event->kind))
		return false;
	buf_addf(out, "id: %llu\nevent: %s\ndata: ", (unsigned long long)event->id,
		 event->kind);
	json_begin(&json, out);
	json_object(&json);
	json_put_unsigned(&json, "id", event->id);
	json_put_string(&json, "kind", event->kind);
	bool good = write_row(&json, &event->row);
	json_object_end(&json);
	buf_add_string(out, "\n\n");
	return good;
}

static void put(struct events *events, struct text *text)
{
	uint64_t at = events->next % events->size;

	text->start = events->bytes;
	events->bytes += text->length;
	if (events->next - events->first == events->size) {
		events->dropped = events->ring[at]->id;
		events->first++;
		text_unref(events->ring[at]);
	}
	events->ring[at] = text;
	events->next++;
}

bool events_add(struct events *events, const struct msg_event *event)
{
	struct buf out = BUF_INIT(TEXT_BYTES);
	bool good = write_event(event, &out);
	struct text *text = good && !out.failed ? text_new(out.data, out.length) : NULL;

	buf_release(&out);
	if (!text)
		return good; /* out of memory: followers see no gap, but nobody waits */
	text->id = event->id;
	put(events, text);
	for (struct follower *at = events->followers; at; at = at->next)
		wake(at);
	return true;
}

static void cut_off(struct follower *follower)
{
	follower->ends = true;
	shutdown(follower->request->peer->fd, SHUT_RDWR);
	wake(follower);
}

void events_check(struct events *events, int64_t now)
{
	for (struct follower *at = events->followers; at; at = at->next) {
		int64_t silent = now - at->spoke_at;
		if (at->ends)
			continue;
		if (backlog(at) > QUEUE_BYTES ||
		    (!at->suspended && silent > TAKE_WITHIN)) {
			cut_off(at);
		} else if (now >= at->until) {
			at->ends = true;
			wake(at);
		} else if (at->suspended && silent >= KEEP_ALIVE) {
			at->wants_sign = true;
			wake(at);
		}
	}
}

void events_end(struct events *events)
{
	for (struct follower *at = events->followers; at; at = at->next) {
		at->ends = true;
		wake(at);
	}
}
