/* tests/unit/test_cmd_token.c - fresh tokens, and the words that say what they may. */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "cmd/token_text.h"
#include "unit.h"

#define NOW (1000 * CLOCK_SECOND)

START_TEST(a_token_is_32_random_bytes_and_known_by_its_digest)
{
	char texts[64][TOKEN_TEXT_BYTES];
	bool dash = false, underscore = false;

	for (size_t i = 0; i < 64; i++) {
		struct digest digest, again;
		ck_assert_int_eq(token_make(texts[i], &digest, NULL), 0);
		ck_assert_uint_eq(strlen(texts[i]), 3 + 43);
		ck_assert(strncmp(texts[i], "gg_", 3) == 0);
		ck_assert_uint_eq(strspn(texts[i] + 3, "abcdefghijklmnopqrstuvwxyz"
						       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						       "0123456789-_"),
				  43);
		dash = dash || strchr(texts[i], '-');
		underscore = underscore || strchr(texts[i] + 3, '_');
		ck_assert_int_eq(digest_of(texts[i], strlen(texts[i]), &again), 0);
		ck_assert(digest_equal(&digest, &again));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(texts[i], texts[j]);
	}
	ck_assert(dash && underscore);
}
END_TEST

/* The digits say what base64 says, in the other alphabet. */
START_TEST(the_digits_hold_all_the_bytes)
{
	char text[TOKEN_TEXT_BYTES], plain[TOKEN_TEXT_BYTES];
	struct buf bytes = BUF_INIT(256);
	unsigned char expected[TOKEN_SECRET];
	struct digest digest;

	random_seed_for_tests(7);
	random_bytes(expected, sizeof(expected));
	random_seed_for_tests(7);
	ck_assert_int_eq(token_make(text, &digest, NULL), 0);
	size_t length = strlen(text + 3);
	for (size_t i = 0; i < length; i++)
		plain[i] = text[3 + i] == '-'   ? '+'
			   : text[3 + i] == '_' ? '/'
						: text[3 + i];
	plain[length] = '=';
	ck_assert_int_eq(base64_decode(plain, length + 1, &bytes), 0);
	ck_assert_mem_eq(bytes.data, expected, sizeof(expected));
	buf_release(&bytes);
}
END_TEST

START_TEST(scopes_are_words_with_commas)
{
	static const struct {
		const char *text;
		const char *json; /* NULL: refused */
		const char *says;
	} cases[] = {
		{ "read", "[\"read\"]", NULL },
		{ "read,poll,deploy", "[\"read\",\"poll\",\"deploy\"]", NULL },
		{ "deploy,read", "[\"read\",\"deploy\"]", NULL },
		{ NULL, NULL, "--scope" },
		{ "", NULL, "--scope" },
		{ "red", NULL, "did you mean 'read'?" },
		{ "Deploy", NULL, "did you mean 'deploy'?" },
		{ "admin", NULL, "read, poll or deploy" },
		{ "read,", NULL, "unknown scope ''" },
		{ ",read", NULL, "unknown scope ''" },
		{ "read poll", NULL, "unknown scope" },
		{ "read,read", NULL, "twice" },
		{ "rea", NULL, "did you mean 'read'?" },
		{ "\033[2J", NULL, "\\x1b[2J" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT(256);
		struct error err = ERROR_INIT;
		struct json json;
		json_begin(&json, &out);
		int rc = token_scopes(cases[i].text, &json, &err);
		ck_assert_msg(rc == (cases[i].json ? 0 : ERROR_USAGE),
			      "case %zu: %d %s", i, rc, err.text);
		ck_assert_str_eq(out.data, cases[i].json ? cases[i].json : "");
		if (cases[i].says)
			ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "%s",
				      err.text);
		buf_release(&out);
	}
}
END_TEST

START_TEST(an_end_is_a_duration_or_a_time_to_come)
{
	static const struct {
		const char *text;
		int64_t end; /* -1: refused */
	} cases[] = {
		{ NULL, 0 },
		{ "90d", NOW + 90 * 86400 * CLOCK_SECOND },
		{ "1h30m", NOW + 5400 * CLOCK_SECOND },
		{ "1970-01-02", 86400 * CLOCK_SECOND },
		{ "1970-01-01T01:00:00Z", 3600 * CLOCK_SECOND },
		{ "1970-01-01", -1 },
		{ "0s", -1 },
		{ "", -1 },
		{ "soon", -1 },
		{ "-1d", -1 },
		{ "90", -1 },
		{ "999999999999999d", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		int64_t end = -1;
		int rc = token_expiry(cases[i].text, NOW, &end, &err);
		ck_assert_msg(rc == (cases[i].end < 0 ? ERROR_USAGE : 0),
			      "case %zu: %d %s", i, rc, err.text);
		ck_assert_int_eq(end, cases[i].end);
	}
}
END_TEST

UNIT_MAIN("cmd token", a_token_is_32_random_bytes_and_known_by_its_digest,
	  the_digits_hold_all_the_bytes, scopes_are_words_with_commas,
	  an_end_is_a_duration_or_a_time_to_come)
