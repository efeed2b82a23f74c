/* Written JSON, and the log lines made of it. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "unit.h"

START_TEST(commas_and_nesting_are_kept)
{
	struct buf buf = BUF_INIT(1000);
	struct json json;
	json_begin(&json, &buf);
	json_object(&json);
	json_put_string(&json, "a", "x");
	json_put_string(&json, "none", NULL);
	json_key(&json, "list");
	json_array(&json);
	json_integer(&json, INT64_MIN);
	json_unsigned(&json, UINT64_MAX);
	json_array(&json);
	json_array_end(&json);
	json_object(&json);
	json_object_end(&json);
	json_boolean(&json, true);
	json_null(&json);
	json_raw(&json, "[1]", 3);
	json_array_end(&json);
	json_put_integer(&json, "i", -1);
	json_put_unsigned(&json, "u", 1);
	json_put_boolean(&json, "b", false);
	json_put_time(&json, "t", INT64_C(1795253400123456));
	json_put_time(&json, "never", 0);
	json_object_end(&json);
	ck_assert_str_eq(buf.data, "{\"a\":\"x\",\"none\":null,\"list\":[-"
				   "9223372036854775808,"
				   "18446744073709551615,[],{},true,null,[1]],\"i\":-1,"
				   "\"u\":1,"
				   "\"b\":false,\"t\":\"2026-11-21T09:30:00.123Z\","
				   "\"never\":null}");
	buf_release(&buf);
}
END_TEST

START_TEST(strings_are_escaped)
{
	static const struct {
		const char *raw;
		const char *json;
	} cases[] = {
		{ "", "\"\"" },
		{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "\n\r\t\b\x01\x1f", "\"\\n\\r\\t\\u0008\\u0001\\u001f\"" },
		{ "\x7f", "\"\\u007f\"" },
		{ "\xc3\xbc\xf0\x9f\x8e\x89", "\"\xc3\xbc\xf0\x9f\x8e\x89\"" },
		{ "\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xe2\x80\xae\xc2\x9b", "\"\\u202e\\u009b\"" },
		{ "\xf3\xa0\x81\x81", "\"\\udb40\\udc41\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf buf = BUF_INIT(1000);
		struct json json;
		json_begin(&json, &buf);
		json_string(&json, cases[i].raw);
		ck_assert_str_eq(buf.data, cases[i].json);
		buf_release(&buf);
	}
	struct buf buf = BUF_INIT(1000);
	struct json json;
	json_begin(&json, &buf);
	json_bytes(&json, "a\0b", 3);
	ck_assert_str_eq(buf.data, "\"a\\u0000b\"");
	buf_release(&buf);
}
END_TEST

START_TEST(depth_has_a_limit)
{
	for (unsigned int depth = 31; depth <= 33; depth++) {
		struct buf buf = BUF_INIT(1000);
		struct json json;
		json_begin(&json, &buf);
		for (unsigned int i = 0; i < depth; i++)
			json_array(&json);
		json_integer(&json, 1);
		json_integer(&json, 2);
		for (unsigned int i = 0; i < depth; i++)
			json_array_end(&json);
		ck_assert_int_eq(buf_status(&buf, "x", NULL),
				 depth > 32 ? ERROR_LIMIT : 0);
		if (depth <= 32)
			ck_assert_ptr_nonnull(strstr(buf.data, "[1,2]"));
		buf_release(&buf);
	}
}
END_TEST

/* The bytes that the statement logs. */
#define LOGGED(buf, statement)                                                         \
	do {                                                                           \
		int ends[2];                                                           \
		ck_assert_int_eq(pipe(ends), 0);                                       \
		log_set_fd(ends[1]);                                                   \
		statement;                                                             \
		close(ends[1]);                                                        \
		buf_reset(buf);                                                        \
		ck_assert_int_eq(buf_read_fd(buf, ends[0], NULL), 0);                  \
		close(ends[0]);                                                        \
	} while (0)

START_TEST(a_log_line_is_one_object)
{
	struct buf buf = BUF_INIT(200000);
	struct error err = ERROR_INIT;
	error_set(&err, ERROR_STORE_NEWER, "too new");
	clock_set_for_tests(INT64_C(1795253400123456));
	log_set_process("judge");
	errno = EBADF;
	LOGGED(&buf, log_info("it happened\n", LOG_S("name", "a\nb\""), LOG_I("i", -2),
			      LOG_U("u", UINT64_MAX), LOG_B("b", 7), LOG_E(&err)));
	ck_assert_str_eq(buf.data, "{\"time\":\"2026-11-21T09:30:00.123Z\",\"level\":"
				   "\"info\","
				   "\"process\":\"judge\",\"event\":\"it happened\\n\","
				   "\"name\":\"a\\nb\\\"\",\"i\":-2,\"u\":"
				   "18446744073709551615,"
				   "\"b\":true,\"error\":\"too "
				   "new\",\"code\":\"store-newer\"}\n");
	LOGGED(&buf, log_error("alone"));
	ck_assert_str_eq(buf.data, "{\"time\":\"2026-11-21T09:30:00.123Z\",\"level\":"
				   "\"error\","
				   "\"process\":\"judge\",\"event\":\"alone\"}\n");
	buf_release(&buf);
}
END_TEST

START_TEST(levels_are_filtered)
{
	struct buf buf = BUF_INIT(200000);
	LOGGED(&buf, log_debug("quiet"));
	ck_assert_uint_eq(buf.length, 0);
	log_set_level(LOG_LEVEL_DEBUG);
	LOGGED(&buf, log_debug("loud"));
	ck_assert_ptr_nonnull(strstr(buf.data, "\"level\":\"debug\""));
	log_set_level(LOG_LEVEL_ERROR);
	LOGGED(&buf, log_warning("quiet"));
	ck_assert_uint_eq(buf.length, 0);
	buf_release(&buf);
}
END_TEST

START_TEST(long_values_are_cut_and_long_lines_keep_the_event)
{
	char longer[20000];
	struct buf buf = BUF_INIT(200000);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	LOGGED(&buf, log_info("one", LOG_S("text", longer)));
	ck_assert_uint_lt(buf.length, 8500);
	ck_assert_str_eq(buf.data + buf.length - 6, "...\"}\n");
	memset(longer, '\x01', sizeof(longer) - 1);
	LOGGED(&buf, log_info("two", LOG_S("a", longer), LOG_S("b", longer)));
	ck_assert_uint_lt(buf.length, 200);
	ck_assert_ptr_nonnull(strstr(buf.data, "\"event\":\"two\"}"));
	buf_release(&buf);
}
END_TEST

START_TEST(logging_keeps_errno)
{
	log_set_fd(-1);
	errno = EDOM;
	log_info("to nowhere");
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

UNIT_MAIN("base_json", commas_and_nesting_are_kept, strings_are_escaped,
	  depth_has_a_limit, a_log_line_is_one_object, levels_are_filtered,
	  long_values_are_cut_and_long_lines_keep_the_event, logging_keeps_errno)
