/* Text: what others wrote is shown safely; numbers are read strictly. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "unit.h"

static const struct {
	const char *raw;
	const char *safe;
} escapes[] = {
	{ "", "" },
	{ "plain text", "plain text" },
	{ "back\\slash", "back\\slash" },
	{ "Gr\xc3\xbc\xc3\x9f"
	  "e \xe2\x82\xac \xf0\x9f\x8e\x89",
	  "Gr\xc3\xbc\xc3\x9f"
	  "e \xe2\x82\xac \xf0\x9f\x8e\x89" },
	{ "a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd" },
	{ "\x1b[31mred", "\\x1b[31mred" },
	{ "del\x7f", "del\\x7f" },
	{ "c1 \xc2\x9b"
	  "31m",
	  "c1 \\u{009b}31m" },
	{ "raw c1 \x9b", "raw c1 \\x9b" },
	{ "bidi \xe2\x80\xae gnp", "bidi \\u{202e} gnp" },
	{ "isolate \xe2\x81\xa6", "isolate \\u{2066}" },
	{ "zero\xe2\x80\x8bwidth", "zero\\u{200b}width" },
	{ "bom \xef\xbb\xbf", "bom \\u{feff}" },
	{ "line\xe2\x80\xa8", "line\\u{2028}" },
	{ "tag \xf3\xa0\x81\x81", "tag \\u{e0041}" },
	{ "overlong \xc0\xaf", "overlong \\xc0\\xaf" },
	{ "surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80" },
	{ "too high \xf4\x90\x80\x80", "too high \\xf4\\x90\\x80\\x80" },
	{ "cut \xe2\x82", "cut \\xe2\\x82" },
};

START_TEST(unsafe_text_is_escaped)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		char fixed[100];
		struct buf buf = BUF_INIT(1000);
		text_escape_string(&buf, escapes[i].raw);
		ck_assert_str_eq(buf.data, escapes[i].safe);
		text_escape_into(fixed, sizeof(fixed), escapes[i].raw,
				 strlen(escapes[i].raw));
		ck_assert_str_eq(fixed, escapes[i].safe);
		/* What is safe stays as it is. */
		buf_reset(&buf);
		text_escape_string(&buf, escapes[i].safe);
		ck_assert_str_eq(buf.data, escapes[i].safe);
		buf_release(&buf);
	}
	struct buf buf = BUF_INIT(100);
	text_escape(&buf, "a\0b", 3);
	ck_assert_str_eq(buf.data, "a\\x00b");
	buf_release(&buf);
}
END_TEST

START_TEST(every_pair_of_bytes_becomes_safe)
{
	for (unsigned int pair = 0; pair < 65536; pair++) {
		char raw[2] = { (char)(pair >> 8), (char)(pair & 0xff) };
		char safe[20];
		text_escape_into(safe, sizeof(safe), raw, 2);
		size_t length = strlen(safe);
		ck_assert_uint_ge(length, 1);
		for (size_t at = 0; at < length;) {
			uint32_t code_point = 0;
			size_t count =
				text_utf8_next(safe + at, length - at, &code_point);
			ck_assert_uint_ne(count, 0);
			ck_assert(text_is_shown(code_point));
			at += count;
		}
	}
}
END_TEST

START_TEST(cutting_keeps_characters_and_escapes_whole)
{
	static const char raw[] = "ab\xe2\x82\xac\x01\xe2\x80\xae"
				  "cd\xf0\x9f\x8e\x89 and more text";
	char whole[100];
	text_escape_into(whole, sizeof(whole), raw, strlen(raw));
	for (size_t size = 0; size < 60; size++) {
		char out[64];
		memset(out, '#', sizeof(out));
		ck_assert_ptr_eq(text_escape_into(out, size, raw, strlen(raw)), out);
		ck_assert_int_eq(out[size], '#');
		if (size == 0)
			continue;
		size_t length = strlen(out);
		ck_assert_uint_lt(length, size);
		ck_assert(text_is_utf8(out, length));
		if (strcmp(out, whole) == 0)
			continue;
		ck_assert_uint_le(size, strlen(whole));
		size_t dots = length < 3 ? length : 3;
		ck_assert_str_eq(out + length - dots, &"..."[3 - dots]);
		ck_assert_mem_eq(out, whole, length - dots);
		/* Not in the middle of an escape. */
		const char *backslash = strrchr(out, '\\');
		if (backslash != NULL && backslash[1] == 'x')
			ck_assert_ptr_nonnull(strstr(backslash, "\\x01"));
		if (backslash != NULL && backslash[1] == 'u')
			ck_assert_ptr_nonnull(strstr(backslash, "\\u{202e}"));
	}
}
END_TEST

START_TEST(utf8_is_counted_in_code_points)
{
	ck_assert_uint_eq(text_utf8_count("", 0), 0);
	ck_assert_uint_eq(text_utf8_count("abc", 3), 3);
	ck_assert_uint_eq(text_utf8_count("\xe2\x82\xac\xc3\xbc", 5), 2);
	ck_assert_uint_eq(text_utf8_count("\xff\xff", 2), 2);
	ck_assert(text_is_utf8("\xef\xbf\xbf\xf4\x8f\xbf\xbf", 7));
	ck_assert(text_is_utf8("a\0b", 3));
	ck_assert(!text_is_utf8("\xc1\xbf", 2));
	ck_assert(!text_is_utf8("\xe0\x9f\xbf", 3));
	ck_assert(!text_is_utf8("\xf0\x8f\xbf\xbf", 4));
	ck_assert(!text_is_utf8("\xf5\x80\x80\x80", 4));
	uint32_t code_point = 7;
	ck_assert_uint_eq(text_utf8_next("", 0, &code_point), 0);
	ck_assert_uint_eq(code_point, 7);
}
END_TEST

START_TEST(the_nearest_name_is_suggested)
{
	static const char *const names[] = { "status", "push", "deploy", "rollback",
					     "policy" };
	static const struct {
		const char *name;
		const char *nearest;
	} cases[] = {
		{ "statsu", "status" }, { "psuh", "push" },
		{ "deplyo", "deploy" }, { "rolback", "rollback" },
		{ "policy", "policy" }, { "police", "policy" },
		{ "xyzzy", NULL },      { "", NULL },
		{ "dpeloy", "deploy" }, { "pu", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *nearest = text_nearest(cases[i].name, names, 5);
		if (cases[i].nearest == NULL)
			ck_assert_ptr_null(nearest);
		else
			ck_assert_str_eq(nearest, cases[i].nearest);
	}
	char longer[200];
	memset(longer, 'a', sizeof(longer));
	longer[199] = '\0';
	const char *const list[] = { longer };
	ck_assert_ptr_null(text_nearest(longer, names, 5));
	ck_assert_ptr_null(text_nearest("aaaaaa", list, 1));
}
END_TEST

START_TEST(starts_and_ends_are_compared)
{
	ck_assert(text_starts_with("refs/heads/main", "refs/heads/"));
	ck_assert(!text_starts_with("refs", "refs/"));
	ck_assert(text_starts_with("x", ""));
	ck_assert(text_ends_with("a.yaml", ".yaml"));
	ck_assert(!text_ends_with("yaml", ".yaml"));
	ck_assert(text_ends_with("x", ""));
}
END_TEST

START_TEST(numbers_are_read_strictly)
{
	static const char *const bad[] = { "",
					   "-1",
					   "+1",
					   " 1",
					   "1 ",
					   "0x10",
					   "1.0",
					   "18446744073709551616",
					   "99999999999999999999999" };
	uint64_t value = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(text_parse_u64(bad[i], &value), ERROR_ENCODING);
	ck_assert_uint_eq(value, 7);
	ck_assert_int_eq(text_parse_u64("18446744073709551615", &value), 0);
	ck_assert_uint_eq(value, UINT64_MAX);
	ck_assert_int_eq(text_parse_u64("0", &value), 0);
	ck_assert_uint_eq(value, 0);
}
END_TEST

START_TEST(sizes_have_units)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{ "512", 512 },         { "64KiB", 65536 },
		{ "1MiB", 1048576 },    { "10M", 10000000 },
		{ "3K", 3000 },         { "2G", UINT64_C(2000000000) },
		{ "1GiB", 1073741824 }, { "1TiB", UINT64_C(1099511627776) },
	};
	static const char *const bad[] = { "",      "MiB",
					   "1 MiB", "1mib",
					   "1MiBs", "1.5M",
					   "-1K",   "18446744073709551615K" };
	uint64_t value = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(text_parse_size(bad[i], &value), ERROR_ENCODING);
	ck_assert_uint_eq(value, 7);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(text_parse_size(good[i].text, &value), 0);
		ck_assert_uint_eq(value, good[i].value);
	}
}
END_TEST

UNIT_MAIN("base_text", unsafe_text_is_escaped, every_pair_of_bytes_becomes_safe,
	  cutting_keeps_characters_and_escapes_whole, utf8_is_counted_in_code_points,
	  the_nearest_name_is_suggested, starts_and_ends_are_compared,
	  numbers_are_read_strictly, sizes_have_units)
