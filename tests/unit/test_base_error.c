/* Errors: the first cause wins, context goes in front, text is always safe. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "unit.h"

START_TEST(first_cause_wins)
{
	struct error err = ERROR_INIT;
	ck_assert_int_eq(error_set(&err, ERROR_LIMIT, "first %d", 1), ERROR_LIMIT);
	ck_assert_int_eq(error_set(&err, ERROR_IO, "second"), ERROR_IO);
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	ck_assert_str_eq(err.text, "first 1");
	error_clear(&err);
	ck_assert_int_eq(err.code, 0);
	ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(nobody_has_to_listen)
{
	ck_assert_int_eq(error_set(NULL, ERROR_BUSY, "x"), ERROR_BUSY);
	ck_assert_int_eq(error_set_errno(NULL, ENOENT, "x"), ERROR_NOT_FOUND);
	ck_assert_int_eq(error_context(NULL, "x"), ERROR_INTERNAL);
	error_clear(NULL);
	struct error err = ERROR_INIT;
	ck_assert_int_eq(error_context(&err, "x"), ERROR_INTERNAL);
	ck_assert_int_eq(err.code, 0);
}
END_TEST

START_TEST(errno_becomes_code_and_text)
{
	static const struct {
		int number;
		int code;
		const char *text;
	} cases[] = {
		{ ENOSPC, ERROR_NO_SPACE, "cannot open 'x': no space left on device" },
		{ EDQUOT, ERROR_NO_SPACE, "cannot open 'x': disk quota exceeded" },
		{ ENOMEM, ERROR_MEMORY, "cannot open 'x': cannot allocate memory" },
		{ ENOENT, ERROR_NOT_FOUND,
		  "cannot open 'x': no such file or directory" },
		{ EACCES, ERROR_PERMISSION, "cannot open 'x': permission denied" },
		{ EPERM, ERROR_PERMISSION, "cannot open 'x': operation not permitted" },
		{ EIO, ERROR_IO, "cannot open 'x': input/output error" },
		{ ESRMNT, ERROR_IO, "cannot open 'x': srmount error" },
		{ 99999, ERROR_IO, "cannot open 'x': error 99999" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		int code =
			error_set_errno(&err, cases[i].number, "cannot open '%s'", "x");
		ck_assert_int_eq(code, cases[i].code);
		ck_assert_int_eq(err.code, cases[i].code);
		ck_assert_str_eq(err.text, cases[i].text);
	}
}
END_TEST

START_TEST(context_goes_in_front)
{
	struct error err = ERROR_INIT;
	error_set(&err, ERROR_IO, "inner");
	ck_assert_int_eq(error_context(&err, "middle '%s'", "m\n"), ERROR_IO);
	error_context(&err, "outer");
	ck_assert_str_eq(err.text, "outer: middle 'm\\x0a': inner");
}
END_TEST

START_TEST(untrusted_text_is_escaped)
{
	struct error err = ERROR_INIT;
	error_set(&err, ERROR_IO, "name '%s'", "a\nb\x1b[31m\xff\xe2\x80\xae");
	ck_assert_str_eq(err.text, "name 'a\\x0ab\\x1b[31m\\xff\\u{202e}'");
}
END_TEST

START_TEST(long_text_is_cut_with_dots)
{
	char longer[5000];
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	struct error err = ERROR_INIT;
	error_set(&err, ERROR_IO, "%s", longer);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_str_eq(err.text + sizeof(err.text) - 4, "...");
	error_context(&err, "before");
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_int_eq(strncmp(err.text, "before: aaa", 11), 0);
	ck_assert_str_eq(err.text + sizeof(err.text) - 4, "...");
}
END_TEST

START_TEST(every_row_has_facts)
{
	for (int row = 1; row < ERROR_ROW_COUNT; row++) {
		ck_assert_int_eq(error_by_name(error_name(-row)), -row);
		ck_assert_int_ge(error_exit_code(-row), 1);
		ck_assert_int_le(error_exit_code(-row), 3);
		ck_assert_int_ge(error_http_status(-row), 400);
		ck_assert_int_ne(error_meaning(-row)[0], '\0');
		ck_assert_ptr_null(strchr(error_name(-row), '_'));
	}
	ck_assert_str_eq(error_name(ERROR_STORE_NEWER), "store-newer");
	ck_assert_str_eq(error_name(0), "none");
	ck_assert_int_eq(error_by_name("no-such-thing"), 0);
	ck_assert_int_eq(error_by_name("none"), 0);
	ck_assert(error_is_retryable(ERROR_BUSY));
	ck_assert(!error_is_retryable(ERROR_DENIED));
	ck_assert_int_eq(error_exit_code(ERROR_DENIED), 1);
}
END_TEST

START_TEST(unknown_codes_are_internal)
{
	static const int codes[] = { 1, 4711, -ERROR_ROW_COUNT, -100000 };
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		ck_assert_str_eq(error_name(codes[i]), "internal");
		ck_assert_int_eq(error_http_status(codes[i]), 500);
	}
}
END_TEST

UNIT_MAIN("base_error", first_cause_wins, nobody_has_to_listen,
	  errno_becomes_code_and_text, context_goes_in_front, untrusted_text_is_escaped,
	  long_text_is_cut_with_dots, every_row_has_facts, unknown_codes_are_internal)
