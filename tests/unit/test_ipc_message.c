/* tests/unit/test_ipc_message.c - the codec of messages. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "ipc/message.h"
#include "unit.h"

#define ARENA_BYTES ((size_t)64 << 20)

static const char *const words[] = { "", "grüße", "plain" };
static const struct oid ids[] = {
	{ 20, { 1, 2, 3 } }, { 0, { 0 } }, { 32, { 9 } }, { 20, { 0 } }
};

/* --- every kind of field holds something --- */
static void fill_field(const struct message_field_row *row, unsigned char *at)
{
	uint64_t number = UINT64_C(0x8877665544332211) + row->id;
	bool truth = true;
	const char *string = "a \"string\"\n\xf0\x9f\x8c\xb1";
	struct msg_bytes bytes = { "\0\xff\x01", 3 };
	struct digest digest = { { 7, 0, 7 } };
	struct msg_strings strings = { words, 3 };
	struct msg_oids oids = { ids, 4 };
	switch (row->kind) {
	case MESSAGE_KIND_U64:
	case MESSAGE_KIND_I64:
	case MESSAGE_KIND_TIME:
		memcpy(at, &number, sizeof(number));
		return;
	case MESSAGE_KIND_BOOL:
		memcpy(at, &truth, sizeof(truth));
		return;
	case MESSAGE_KIND_STRING:
		memcpy(at, &string, sizeof(string));
		return;
	case MESSAGE_KIND_BYTES:
		memcpy(at, &bytes, sizeof(bytes));
		return;
	case MESSAGE_KIND_OID:
		memcpy(at, &ids[0], sizeof(ids[0]));
		return;
	case MESSAGE_KIND_DIGEST:
		memcpy(at, &digest, sizeof(digest));
		return;
	case MESSAGE_KIND_STRINGS:
		memcpy(at, &strings, sizeof(strings));
		return;
	case MESSAGE_KIND_OIDS:
		memcpy(at, &oids, sizeof(oids));
		return;
	}
}

static void *full_message(const struct message_row *row)
{
	unsigned char *message = calloc(1, row->size);
	for (size_t i = 0; i < row->field_count; i++)
		fill_field(&row->fields[i], message + row->fields[i].offset);
	return message;
}

/* The frame that decoding and encoding again gives; its payload must decode. */
static void again(const struct buf *frame, struct buf *out)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	enum message_type type;
	void *message;
	ck_assert_int_eq(message_decode(frame->data + 4, frame->length - 4, arena,
					&type, &message, NULL),
			 0);
	ck_assert_int_eq(message_encode(out, type, message, NULL), 0);
	arena_free(arena);
}

START_TEST(every_message_comes_back_as_it_was)
{
	int seen = 0;
	for (unsigned int type = 1; type < 1000; type++) {
		const struct message_row *row = message_row(type);
		if (row == NULL)
			continue;
		seen++;
		void *message = full_message(row);
		struct buf first = BUF_INIT(ARENA_BYTES);
		struct buf second = BUF_INIT(ARENA_BYTES);
		ck_assert_int_eq(message_encode(&first, row->type, message, NULL), 0);
		again(&first, &second);
		ck_assert_msg(first.length == second.length &&
				      memcmp(first.data, second.data, first.length) ==
					      0,
			      "%s", row->name);
		buf_release(&first);
		buf_release(&second);
		free(message);
	}
	ck_assert_int_gt(seen, 30);
}
END_TEST

START_TEST(fields_arrive)
{
	struct msg_judge sent = { .repository = "shop",
				  .new_id = ids[0],
				  .received_at = -5,
				  .trusted = { ids, 4 },
				  .from_root = true,
				  .emit_paths = { words, 3 } };
	struct buf frame = BUF_INIT(ARENA_BYTES);
	struct arena *arena = arena_new(ARENA_BYTES);
	enum message_type type;
	void *message;
	ck_assert_int_eq(message_encode(&frame, MESSAGE_judge, &sent, NULL), 0);
	ck_assert_int_eq(message_decode(frame.data + 4, frame.length - 4, arena, &type,
					&message, NULL),
			 0);
	ck_assert_int_eq(type, MESSAGE_judge);
	const struct msg_judge *got = message;
	ck_assert_str_eq(got->repository, "shop");
	ck_assert_ptr_null(got->path);
	ck_assert(oid_equal(&got->new_id, &ids[0]));
	ck_assert_int_eq(got->old_id.length, 0);
	ck_assert_int_eq(got->received_at, -5);
	ck_assert(got->from_root && !got->emit);
	ck_assert_uint_eq(got->trusted.count, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert(oid_equal(&got->trusted.items[i], &ids[i]));
	ck_assert_uint_eq(got->emit_paths.count, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_str_eq(got->emit_paths.items[i], words[i]);
	ck_assert_uint_eq(got->watch_paths.count, 0);
	buf_release(&frame);
	arena_free(arena);
}
END_TEST

START_TEST(what_is_empty_takes_no_bytes)
{
	struct msg_spawn empty = { .profile = "" };
	struct buf frame = BUF_INIT(ARENA_BYTES);
	ck_assert_int_eq(message_encode(&frame, MESSAGE_spawn, &empty, NULL), 0);
	ck_assert_uint_eq(frame.length, 8);
	ck_assert_mem_eq(frame.data, "\4\0\0\0\12\0\1\0", 8);
	buf_release(&frame);
}
END_TEST

/* --- what a hostile peer may send; `spawn` is 10: job U64, profile STRING, read_paths
 * STRINGS --- */
struct hostile {
	const char *name;
	const char *bytes;
	size_t length;
};
#define HOSTILE(name, bytes)                                                           \
	{                                                                              \
		name, bytes, sizeof(bytes) - 1                                         \
	}

static const struct hostile hostiles[] = {
	HOSTILE("nothing", ""),
	HOSTILE("half a type", "\12"),
	HOSTILE("no version", "\12\0"),
	HOSTILE("half a version", "\12\0\1"),
	HOSTILE("type 0", "\0\0\1\0"),
	HOSTILE("unknown type", "\377\377\1\0"),
	HOSTILE("version 0", "\12\0\0\0"),
	HOSTILE("version 2", "\12\0\2\0"),
	HOSTILE("half an id", "\12\0\1\0\1"),
	HOSTILE("no length", "\12\0\1\0\1\0"),
	HOSTILE("half a length", "\12\0\1\0\1\0\10\0\0"),
	HOSTILE("cut off value", "\12\0\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"),
	HOSTILE("length beyond all", "\12\0\1\0\1\0\377\377\377\377\1"),
	HOSTILE("id 0", "\12\0\1\0\0\0\10\0\0\0\1\0\0\0\0\0\0\0"),
	HOSTILE("unknown id", "\12\0\1\0\11\0\10\0\0\0\1\0\0\0\0\0\0\0"),
	HOSTILE("largest id", "\12\0\1\0\377\377\10\0\0\0\1\0\0\0\0\0\0\0"),
	HOSTILE("an id twice", "\12\0\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\0"
			       "\1\0\10\0\0\0\1\0\0\0\0\0\0\0"),
	HOSTILE("ids that fall", "\12\0\1\0\2\0\1\0\0\0x"
				 "\1\0\10\0\0\0\1\0\0\0\0\0\0\0"),
	HOSTILE("number of 4 bytes", "\12\0\1\0\1\0\4\0\0\0\1\0\0\0"),
	HOSTILE("number of 9 bytes", "\12\0\1\0\1\0\11\0\0\0\1\0\0\0\0\0\0\0\0"),
	HOSTILE("zero that is there", "\12\0\1\0\1\0\10\0\0\0\0\0\0\0\0\0\0\0"),
	HOSTILE("empty string that is there", "\12\0\1\0\2\0\0\0\0\0"),
	HOSTILE("NUL in a string", "\12\0\1\0\2\0\3\0\0\0a\0b"),
	HOSTILE("NUL ends a string", "\12\0\1\0\2\0\2\0\0\0a\0"),
	HOSTILE("no UTF-8", "\12\0\1\0\2\0\1\0\0\0\377"),
	HOSTILE("cut UTF-8", "\12\0\1\0\2\0\2\0\0\0\360\237"),
	HOSTILE("overlong UTF-8", "\12\0\1\0\2\0\2\0\0\0\300\200"),
	HOSTILE("surrogate", "\12\0\1\0\2\0\3\0\0\0\355\240\200"),
	HOSTILE("half an item length", "\12\0\1\0\3\0\2\0\0\0\1\0"),
	HOSTILE("cut off item", "\12\0\1\0\3\0\6\0\0\0\3\0\0\0ab"),
	HOSTILE("item beyond all", "\12\0\1\0\3\0\6\0\0\0\377\377\377\377ab"),
	HOSTILE("NUL in an item", "\12\0\1\0\3\0\6\0\0\0\2\0\0\0a\0"),
	HOSTILE("item is no UTF-8", "\12\0\1\0\3\0\6\0\0\0\2\0\0\0a\377"),
	HOSTILE("truth of 2", "\24\0\1\0\5\0\1\0\0\0\2"),
	HOSTILE("truth of 0", "\24\0\1\0\5\0\1\0\0\0\0"),
	HOSTILE("truth of two bytes", "\24\0\1\0\5\0\2\0\0\0\1\1"),
	HOSTILE("id of 19 bytes", "\37\0\1\0\2\0\23\0\0\0"
				  "0123456789012345678"),
	HOSTILE("id of 21 bytes", "\37\0\1\0\2\0\25\0\0\0"
				  "012345678901234567890"),
	HOSTILE("digest of 31 bytes", "\51\0\1\0\2\0\37\0\0\0"
				      "0123456789012345678901234567890"),
	HOSTILE("zero digest", "\51\0\1\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	HOSTILE("id of 5 bytes in a list", "\51\0\1\0\3\0\11\0\0\0\5\0\0\0"
					   "01234"),
};

START_TEST(hostile_messages_are_refused)
{
	for (size_t i = 0; i < sizeof(hostiles) / sizeof(hostiles[0]); i++) {
		struct arena *arena = arena_new(ARENA_BYTES);
		struct error err = ERROR_INIT;
		enum message_type type = MESSAGE_done;
		void *message = &err;
		/* In memory of its own: a read beyond the end is seen. */
		char *bytes = malloc(hostiles[i].length + 1);
		memcpy(bytes, hostiles[i].bytes, hostiles[i].length);
		bytes = realloc(bytes,
				hostiles[i].length == 0 ? 1 : hostiles[i].length);
		ck_assert_msg(message_decode(bytes, hostiles[i].length, arena, &type,
					     &message, &err) == ERROR_MESSAGE,
			      "%s was taken", hostiles[i].name);
		ck_assert_msg(err.code == ERROR_MESSAGE && err.text[0] != '\0', "%s",
			      hostiles[i].name);
		ck_assert_msg(type == MESSAGE_done && message == &err, "%s: touched",
			      hostiles[i].name);
		free(bytes);
		arena_free(arena);
	}
}
END_TEST

/* Whatever is taken has exactly one encoding. */
static void is_refused_or_the_same(const struct buf *frame)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	enum message_type type;
	void *message;
	if (message_decode(frame->data + 4, frame->length - 4, arena, &type, &message,
			   NULL) == 0) {
		struct buf encoded = BUF_INIT(ARENA_BYTES);
		ck_assert_int_eq(message_encode(&encoded, type, message, NULL), 0);
		ck_assert_uint_eq(encoded.length, frame->length);
		ck_assert_mem_eq(encoded.data + 4, frame->data + 4, frame->length - 4);
		buf_release(&encoded);
	}
	arena_free(arena);
}

START_TEST(a_message_with_one_byte_changed_is_refused_or_another_message)
{
	const unsigned int types[] = { MESSAGE_judge, MESSAGE_facts_put,
				       MESSAGE_grant };
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		void *message = full_message(message_row(types[t]));
		struct buf frame = BUF_INIT(ARENA_BYTES);
		ck_assert_int_eq(message_encode(&frame, types[t], message, NULL), 0);
		for (size_t i = 4; i < frame.length; i++) {
			for (int flip = 1; flip < 256; flip <<= 1) {
				frame.data[i] = (char)(frame.data[i] ^ flip);
				is_refused_or_the_same(&frame);
				frame.data[i] = (char)(frame.data[i] ^ flip);
			}
		}
		while (frame.length > 4) {
			buf_truncate(&frame, frame.length - 1);
			is_refused_or_the_same(&frame);
		}
		buf_release(&frame);
		free(message);
	}
}
END_TEST

START_TEST(what_cannot_be_sent_leaves_the_buffer_alone)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT(100);
	buf_add_string(&out, "before");
	const char *bad[] = { "fine", "not \xff fine" };
	struct msg_spawn spawn = { .profile = "\xc3(" };
	ck_assert_int_eq(message_encode(&out, MESSAGE_spawn, &spawn, &err),
			 ERROR_ENCODING);
	ck_assert_ptr_nonnull(strstr(err.text, "spawn"));
	spawn = (struct msg_spawn){ .read_paths = { bad, 2 } };
	ck_assert_int_eq(message_encode(&out, MESSAGE_spawn, &spawn, NULL),
			 ERROR_ENCODING);
	ck_assert_int_eq(message_encode(&out, (enum message_type)9999, &spawn, NULL),
			 ERROR_INTERNAL);
	char large[200];
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	spawn = (struct msg_spawn){ .profile = large };
	ck_assert_int_eq(message_encode(&out, MESSAGE_spawn, &spawn, NULL),
			 ERROR_LIMIT);
	ck_assert_str_eq(out.data, "before");
	ck_assert_int_eq(out.failed, 0);
	buf_release(&out);
}
END_TEST

START_TEST(a_message_over_the_limit_is_not_made)
{
	size_t size = ((size_t)1 << 20) - 10; /* type, version, id, length */
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT(ARENA_BYTES);
	char *large = calloc(1, size + 1);
	struct msg_reply reply = { .row = { large, size + 1 } };
	ck_assert_int_eq(message_encode(&out, MESSAGE_reply, &reply, &err),
			 ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "message.bytes (1048576)"));
	reply.row.length = size;
	ck_assert_int_eq(message_encode(&out, MESSAGE_reply, &reply, NULL), 0);
	struct buf second = BUF_INIT(ARENA_BYTES);
	again(&out, &second);
	ck_assert_uint_eq(second.length, size + 14);
	free(large);
	buf_release(&out);
	buf_release(&second);
}
END_TEST

START_TEST(an_exhausted_arena_is_an_error)
{
	struct msg_spawn spawn = { .profile = "judge", .read_paths = { words, 3 } };
	struct buf frame = BUF_INIT(ARENA_BYTES);
	ck_assert_int_eq(message_encode(&frame, MESSAGE_spawn, &spawn, NULL), 0);
	int failures = 0;
	for (size_t size = 0; size < 400; size++) {
		struct arena *arena = arena_new(size);
		enum message_type type;
		void *message;
		int code = message_decode(frame.data + 4, frame.length - 4, arena,
					  &type, &message, NULL);
		ck_assert(code == 0 || code == ERROR_MEMORY);
		failures += code != 0;
		arena_free(arena);
	}
	ck_assert(failures > 50 && failures < 400);
	buf_release(&frame);
}
END_TEST

static void is_json(enum message_type type, const void *message, const char *expected)
{
	struct buf out = BUF_INIT(ARENA_BYTES);
	struct json json;
	json_begin(&json, &out);
	json_object(&json);
	message_json(&json, type, message);
	json_object_end(&json);
	ck_assert_str_eq(out.data, expected);
	buf_release(&out);
}

START_TEST(json_shows_what_has_a_key)
{
	struct msg_ref_row ref = { .ref = "refs/heads/\"x\"",
				   .tip = ids[0],
				   .seen_at = INT64_C(1700000000123456) };
	is_json(MESSAGE_ref_row, &ref,
		"{\"ref\":\"refs/heads/\\\"x\\\"\","
		"\"tip\":\"0102030000000000000000000000000000000000\","
		"\"accepted\":null,\"seen_at\":\"2023-11-14T22:13:20.123Z\","
		"\"repository\":null}");
	struct msg_ran ran = { .code = -3, .output = { "secret", 6 } };
	is_json(MESSAGE_ran, &ran, "{\"code\":-3,\"text\":null,\"status\":0}");
	struct msg_grant grant = { .arguments = { words, 2 }, .network = true };
	is_json(MESSAGE_grant, &grant,
		"{\"arguments\":[\"\",\"grüße\"],\"environment\":[],"
		"\"directory\":null,\"timeout\":null,\"network\":true,"
		"\"write_paths\":[],\"require_sandbox\":false,\"input_maximum\":0}");
	struct msg_ledger_row ledger = { .sequence = UINT64_MAX,
					 .hash = { { 0xab, 0xcd } } };
	is_json(MESSAGE_ledger_row, &ledger,
		"{\"sequence\":18446744073709551615,\"at\":null,\"kind\":null,"
		"\"body\":null,\"previous\":null,"
		"\"hash\":"
		"\"abcd000000000000000000000000000000000000000000000000000000000000"
		"\"}");
}
END_TEST

START_TEST(every_message_has_json)
{
	for (unsigned int type = 1; type < 1000; type++) {
		const struct message_row *row = message_row(type);
		if (row == NULL)
			continue;
		void *message = full_message(row);
		struct buf out = BUF_INIT(ARENA_BYTES);
		struct json json;
		json_begin(&json, &out);
		json_object(&json);
		message_json(&json, row->type, message);
		json_object_end(&json);
		ck_assert_int_eq(out.failed, 0);
		for (size_t i = 0; i < row->field_count; i++) {
			char key[100];
			snprintf(key, sizeof(key), "\"%s\":", row->fields[i].json);
			ck_assert_msg(row->fields[i].json[0] == '\0' ||
					      strstr(out.data, key) != NULL,
				      "%s lacks %s", row->name, key);
		}
		buf_release(&out);
		free(message);
	}
}
END_TEST

UNIT_MAIN("ipc-message", every_message_comes_back_as_it_was, fields_arrive,
	  what_is_empty_takes_no_bytes, hostile_messages_are_refused,
	  a_message_with_one_byte_changed_is_refused_or_another_message,
	  what_cannot_be_sent_leaves_the_buffer_alone,
	  a_message_over_the_limit_is_not_made, an_exhausted_arena_is_an_error,
	  json_shows_what_has_a_key, every_message_has_json)
