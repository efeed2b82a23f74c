/* tests/unit/test_cmd_stream.c - server-sent events, in pieces of every size. */
#include <string.h>

#include "base/error.h"
#include "cmd/stream.h"
#include "unit.h"

struct heard {
	struct buf text;   /* "kind=data|" each */
	const char *fails; /* a kind that is not taken */
};

static int take(void *owner, const struct stream_event *event, struct error *err)
{
	struct heard *heard = owner;

	ck_assert_uint_eq(strlen(event->data), event->length);
	if (heard->fails && strcmp(event->kind, heard->fails) == 0)
		return error_set(err, ERROR_CLOSED, "enough");
	buf_addf(&heard->text, "%s=%s|", event->kind, event->data);
	return 0;
}

static const struct {
	const char *bytes;
	const char *heard;
	uint64_t last;
} rows[] = {
	{ "", "", 0 },
	{ "retry: 2000\n\n", "", 0 },
	{ ": alive\n\n", "", 0 },
	{ "data: 1\n\n", "message=1|", 0 },
	{ "data:1\n\n", "message=1|", 0 },
	{ "data:  1\n\n", "message= 1|", 0 },
	{ "data\n\n", "message=|", 0 },
	{ "data: a: b\n\n", "message=a: b|", 0 },
	{ "id: 5\nevent: verdict\ndata: {}\n\n", "verdict={}|", 5 },
	{ "id: 5\r\nevent: verdict\r\ndata: {}\r\n\r\n", "verdict={}|", 5 },
	{ "event: gap\ndata: {}\n\n", "gap={}|", 0 },
	{ "data: 1\ndata: 2\ndata:\ndata: 3\n\n", "message=1\n2\n\n3|", 0 },
	{ "event: a\ndata: 1\n\ndata: 2\n\n", "a=1|message=2|", 0 },
	{ "id: 5\ndata: 1\n\nid: 6\ndata: 2\n\n", "message=1|message=2|", 6 },
	/* An event that has no data is none, but its id counts. */
	{ "event: a\n\ndata: 1\n\n", "message=1|", 0 },
	{ "id: 7\n\n", "", 7 },
	/* What is not whole is not there. */
	{ "id: 5\ndata: 1\n", "", 0 },
	{ "id: 5\ndata: 1", "", 0 },
	{ "id: 5\ndata: 1\n\nid: 6\ndata: 2\n", "message=1|", 5 },
	{ "id: x\ndata: 1\n\n", "message=1|", 0 },
	{ "id: -1\ndata: 1\n\n", "message=1|", 0 },
	{ "id: 18446744073709551616\ndata: 1\n\n", "message=1|", 0 },
	{ "datax: 1\nother: 2\nDATA: 3\ndata: 4\n\n", "message=4|", 0 },
	{ ":data: 1\n\n", "", 0 },
	{ "\n\n\n\n", "", 0 },
};

START_TEST(events_come_whole_from_pieces_of_every_size)
{
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		size_t length = strlen(rows[row].bytes);
		for (size_t piece = 1; piece <= length + 1; piece++) {
			struct heard heard = { BUF_INIT(1024), NULL };
			struct stream stream;
			stream_init(&stream, take, &heard);
			for (size_t at = 0; at < length; at += piece) {
				size_t left = length - at;
				ck_assert_int_eq(
					stream_feed(&stream, rows[row].bytes + at,
						    left < piece ? left : piece, NULL),
					0);
			}
			ck_assert_msg(strcmp(heard.text.data, rows[row].heard) == 0,
				      "row %zu, pieces of %zu: %s", row, piece,
				      heard.text.data);
			ck_assert_uint_eq(stream.last_id, rows[row].last);
			stream_release(&stream);
			buf_release(&heard.text);
		}
	}
}
END_TEST

START_TEST(an_event_that_was_not_taken_comes_again)
{
	static const char text[] = "id: 1\nevent: a\ndata: 1\n\n"
				   "id: 2\nevent: b\ndata: 2\n\n"
				   "id: 3\nevent: c\ndata: 3\n\n";
	struct heard heard = { BUF_INIT(1024), "b" };
	struct error err = ERROR_INIT;
	struct stream stream;

	stream_init(&stream, take, &heard);
	ck_assert_int_eq(stream_feed(&stream, text, strlen(text), &err), ERROR_CLOSED);
	ck_assert_str_eq(err.text, "enough");
	ck_assert_uint_eq(stream.last_id, 1);
	ck_assert_str_eq(heard.text.data, "a=1|");
	stream_release(&stream);
	buf_release(&heard.text);
}
END_TEST

START_TEST(a_new_connection_forgets_half_an_event)
{
	static const char half[] = "id: 1\ndata: 1\n\nid: 2\nevent: b\ndata: half\nda";
	static const char whole[] = "data: 3\n\n";
	struct heard heard = { BUF_INIT(1024), NULL };
	struct stream stream;

	stream_init(&stream, take, &heard);
	ck_assert_int_eq(stream_feed(&stream, half, strlen(half), NULL), 0);
	stream_restart(&stream);
	ck_assert_uint_eq(stream.last_id, 1);
	ck_assert_int_eq(stream_feed(&stream, whole, strlen(whole), NULL), 0);
	ck_assert_str_eq(heard.text.data, "message=1|message=3|");
	ck_assert_uint_eq(stream.last_id, 1);
	stream_release(&stream);
	buf_release(&heard.text);
}
END_TEST

START_TEST(what_never_ends_is_an_error)
{
	static char block[1 << 16];
	struct heard heard = { BUF_INIT(1024), NULL };
	struct error err = ERROR_INIT;
	struct stream stream;
	int rc = 0;

	memset(block, 'x', sizeof(block));
	stream_init(&stream, take, &heard);
	for (size_t i = 0; rc == 0 && i <= STREAM_EVENT_BYTES / sizeof(block); i++)
		rc = stream_feed(&stream, block, sizeof(block), &err);
	ck_assert_int_eq(rc, ERROR_LIMIT);
	stream_release(&stream);
	buf_release(&heard.text);
}
END_TEST

UNIT_MAIN("cmd stream", events_come_whole_from_pieces_of_every_size,
	  an_event_that_was_not_taken_comes_again,
	  a_new_connection_forgets_half_an_event, what_never_ends_is_an_error)
