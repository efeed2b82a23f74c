/* tests/unit/test_intake_events.c - what followers of /api/v1/events hear. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "intake/intake.h"
#include "intake_fixture.h"
#include "unit.h"

#define PATIENCE 20000

static void tell(struct fixture *fixture, uint64_t id, const char *kind,
		 const char *name)
{
	struct msg_target_row row = { .name = name };
	struct buf frame = BUF_INIT((size_t)2 << 20);

	ck_assert_int_eq(message_encode(&frame, MESSAGE_target_row, &row, NULL), 0);
	struct msg_event event = { id, kind, { frame.data, frame.length } };
	control_send(fixture, MESSAGE_event, &event);
	buf_release(&frame);
}

/* HTTP/1.0: the stream without chunks, until the connection ends. */
static int follow(const struct fixture *fixture, int door, const char *query,
		  const char *headers)
{
	struct buf text = BUF_INIT(4096);
	int client = client_connect(fixture, door);

	buf_addf(&text, "GET /api/v1/events%s HTTP/1.0\r\n%s\r\n", query, headers);
	client_send(client, text.data);
	buf_release(&text);
	return client;
}

/* Reads until `text` has come. */
static void expect_text(int client, struct buf *seen, const char *text)
{
	struct pollfd entry = { client, POLLIN, 0 };
	char bytes[4096];

	while (!strstr(seen->data, text)) {
		ck_assert_msg(poll(&entry, 1, PATIENCE) == 1, "no '%s' in: %s", text,
			      seen->data);
		ssize_t got = recv(client, bytes, sizeof(bytes), 0);
		ck_assert_msg(got > 0, "no '%s' in: %s", text, seen->data);
		buf_add(seen, bytes, (size_t)got);
	}
}

static void expect_begin(int client, struct buf *seen)
{
	buf_init(seen, (size_t)64 << 20);
	expect_text(client, seen, "retry: 2000\n\n");
	ck_assert_ptr_nonnull(strstr(seen->data, "Content-Type: text/event-stream"));
	ck_assert_ptr_nonnull(strstr(seen->data, "200 OK"));
}

START_TEST(followers_hear_what_happens)
{
	struct fixture fixture;
	struct buf seen[3];
	int clients[3];

	fixture_open(&fixture, NULL, 0);
	for (int i = 0; i < 3; i++) {
		clients[i] = follow(&fixture, i, "", "");
		expect_begin(clients[i], &seen[i]);
	}
	tell(&fixture, 100, "verdict", "a \"target\"\nof mine");
	tell(&fixture, 101, "target", "b");
	for (int i = 0; i < 3; i++) {
		expect_text(clients[i], &seen[i], "\"name\":\"b\"");
		expect_text(clients[i], &seen[i],
			    "\n\nid: 100\nevent: verdict\ndata: {\"id\":100,\"kind\":"
			    "\"verdict\",\"row\":{\"name\":\"a \\\"target\\\"\\nof "
			    "mine\",");
		expect_text(clients[i], &seen[i], "}}\n\nid: 101\nevent: target\n");
		buf_release(&seen[i]);
		close(clients[i]);
	}
	fixture_close(&fixture);
}
END_TEST

START_TEST(who_comes_back_hears_what_was_missed)
{
	static const struct {
		const char *query;
		const char *headers;
		const char *first;
		bool gap;
	} rows[] = {
		{ "?after=101", "", "id: 102\n", false },
		{ "", "Last-Event-ID: 101\r\n", "id: 102\n", false },
		{ "?after=100", "Last-Event-ID: 102\r\n", "id: 103\n", false },
		{ "?after=103", "", "id: 104\n", false }, /* it comes later */
		{ "?after=100", "", "id: 101\n",
		  false }, /* the last that was dropped */
		{ "?after=99", "", "id: 101\n", true },
		{ "?after=0", "", "id: 101\n", true },
		{ "?after=500", "", "id: 104\n", false },
	};
	struct limits limits = limits_default;
	struct fixture fixture;

	limits.values[LIMIT_HTTP_EVENTS] = 3;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf seen;
		fixture_open(&fixture, &limits, 0);
		for (uint64_t id = 98; id < 104; id++)
			tell(&fixture, id, "target", "a");
		usleep(50000);
		int client = follow(&fixture, true, rows[i].query, rows[i].headers);
		expect_begin(client, &seen);
		tell(&fixture, 104, "target", "a");
		expect_text(client, &seen, "id: 104\n");
		const char *first = strstr(seen.data, "\nid: ");
		ck_assert_msg(
			strncmp(first + 1, rows[i].first, strlen(rows[i].first)) == 0,
			"%s %s: %s", rows[i].query, rows[i].headers, seen.data);
		const char *gap = strstr(seen.data, "event: gap\ndata: {\"after\":");
		ck_assert_msg((gap != NULL) == rows[i].gap, "%s %s", rows[i].query,
			      rows[i].headers);
		ck_assert(!gap || gap < first);
		buf_release(&seen);
		close(client);
		fixture_close(&fixture);
	}
}
END_TEST

/* After a restart nothing is known of before. */
START_TEST(who_comes_back_to_an_empty_ring_hears_of_the_gap)
{
	struct fixture fixture;
	struct buf seen;

	fixture_open(&fixture, NULL, 0);
	int client = follow(&fixture, true, "?after=77", "");
	expect_begin(client, &seen);
	expect_text(client, &seen, "event: gap\ndata: {\"after\":77,\"next\":0}\n\n");
	buf_release(&seen);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(bad_requests_to_follow_are_refused)
{
	static const struct {
		const char *query;
		const char *headers;
	} rows[] = {
		{ "?after=x", "" },
		{ "?after=-1", "" },
		{ "?after=1&after=2", "" },
		{ "?id=1", "" },
		{ "", "Last-Event-ID: x\r\n" },
	};
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer answer;
		int client = follow(&fixture, true, rows[i].query, rows[i].headers);
		client_receive(client, &answer);
		ck_assert_int_eq(answer.status, 400);
		answer_release(&answer);
		close(client);
	}
	fixture_close(&fixture);
}
END_TEST

START_TEST(followers_are_bounded)
{
	struct limits limits = limits_default;
	struct fixture fixture;
	struct answer answer;
	struct buf seen;

	limits.values[LIMIT_HTTP_FOLLOWERS] = 1;
	fixture_open(&fixture, &limits, 0);
	int first = follow(&fixture, true, "", "");
	expect_begin(first, &seen);
	int second = follow(&fixture, true, "", "");
	client_receive(second, &answer);
	ck_assert_int_eq(answer.status, 503);
	answer_release(&answer);
	close(second);
	/* One that left makes room, once something is to be told. */
	close(first);
	tell(&fixture, 1, "target", "a");
	tell(&fixture, 2, "target", "a");
	usleep(100000);
	tell(&fixture, 3, "target", "a");
	usleep(100000);
	second = follow(&fixture, true, "", "");
	buf_release(&seen);
	expect_begin(second, &seen);
	buf_release(&seen);
	close(second);
	fixture_close(&fixture);
}
END_TEST

START_TEST(slow_followers_are_cut_off_and_others_stay)
{
	enum { EVENTS = 400, BYTES = 20000 };
	char *name = malloc(BYTES + 1);
	struct fixture fixture;
	struct buf seen, slow_seen;

	memset(name, 'n', BYTES);
	name[BYTES] = '\0';
	fixture_open(&fixture, NULL, 0);
	int slow = follow(&fixture, true, "", "");
	expect_begin(slow, &slow_seen);
	int quick = follow(&fixture, true, "", "");
	expect_begin(quick, &seen);
	for (uint64_t id = 1; id <= EVENTS; id++) {
		char text[32];
		tell(&fixture, id, "target", name);
		snprintf(text, sizeof(text), "\nid: %llu\n", (unsigned long long)id);
		expect_text(quick, &seen, text);
		buf_reset(&seen);
	}
	sleep(2); /* they are looked at every second */
	ck_assert(client_is_cut(slow, 20));
	tell(&fixture, EVENTS + 1, "target", "last");
	expect_text(quick, &seen, "\"last\"");
	buf_release(&seen);
	buf_release(&slow_seen);
	close(slow);
	close(quick);
	free(name);
	fixture_close(&fixture);
}
END_TEST

START_TEST(a_sign_of_life_comes_when_nothing_happens)
{
	struct fixture fixture;
	struct buf seen;

	fixture_open(&fixture, NULL, 0);
	int client = follow(&fixture, true, "", "");
	expect_begin(client, &seen);
	int64_t began = clock_monotonic();
	expect_text(client, &seen, "\n: alive\n\n");
	ck_assert_int_ge(clock_monotonic() - began, 14 * CLOCK_SECOND);
	buf_release(&seen);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(streams_end_when_the_service_stops)
{
	struct msg_state state = { .ready = true, .draining = true };

	for (int gone = 0; gone < 2; gone++) {
		struct fixture fixture;
		struct buf seen;
		fixture_open(&fixture, NULL, 0);
		int client = follow(&fixture, DOOR_NETWORK, "", "");
		expect_begin(client, &seen);
		if (gone)
			shutdown(fixture.control.fd, SHUT_RDWR);
		else
			control_send(&fixture, MESSAGE_state, &state);
		ck_assert(client_is_cut(client, 20));
		buf_release(&seen);
		close(client);
		fixture_close(&fixture);
	}
}
END_TEST

START_TEST(chunks_are_used_where_they_are_understood)
{
	struct fixture fixture;
	struct buf seen;

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, DOOR_NETWORK);
	client_get(client, "/api/v1/events");
	expect_begin(client, &seen);
	ck_assert_ptr_nonnull(strstr(seen.data, "Transfer-Encoding: chunked"));
	tell(&fixture, 7, "target", "a");
	expect_text(client, &seen, "id: 7\n");
	buf_release(&seen);
	close(client);
	/* HEAD follows nothing. */
	client = client_connect(&fixture, DOOR_NETWORK);
	struct answer answer;
	client_send(client, "HEAD /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
	client_receive_head(client, &answer);
	ck_assert_int_eq(answer.status, 200);
	answer_release(&answer);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(following_over_a_network_needs_a_token)
{
	struct intake_setup setup = { .connections = 0 };
	struct fixture fixture;
	struct buf seen;

	fixture_open_with(&fixture, &setup);
	int client = follow(&fixture, DOOR_NETWORK, "?after=5",
			    "Authorization: Bearer abc\r\n");
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	ck_assert_str_eq(query->what, "token");
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect_begin(client, &seen);
	tell(&fixture, 7, "target", "a");
	expect_text(client, &seen, "id: 7\n");
	buf_release(&seen);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(an_event_that_is_none_ends_intake)
{
	static const char *const kinds[] = { "two\nlines", "", NULL };

	for (size_t i = 0; i < 3; i++) {
		struct fixture fixture;
		fixture_open(&fixture, NULL, 0);
		tell(&fixture, 1, kinds[i], "a");
		fixture_close(&fixture);
	}
}
END_TEST

UNIT_MAIN("intake events", followers_hear_what_happens,
	  who_comes_back_hears_what_was_missed,
	  who_comes_back_to_an_empty_ring_hears_of_the_gap,
	  bad_requests_to_follow_are_refused, followers_are_bounded,
	  slow_followers_are_cut_off_and_others_stay,
	  a_sign_of_life_comes_when_nothing_happens, streams_end_when_the_service_stops,
	  chunks_are_used_where_they_are_understood,
	  following_over_a_network_needs_a_token, an_event_that_is_none_ends_intake)
