/* tests/unit/test_model_waiver.c - the text of a waiver: one way to write it, every
 * other is refused with its line. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/waiver.h"

#define HEX   "6dcb09b5b57875f334f61aebed695e2e4193db5e"
#define UNTIL INT64_C(1798761599000000) /* 2026-12-31T23:59:59Z */

#define FIRST      "gitgate waiver 1\n"
#define REPOSITORY "repository: shop\n"
#define COMMIT     "commit: " HEX "\n"
#define RULE       "rule: everything-is-signed\n"
#define END        "until: 2026-12-31T23:59:59Z\n"
#define REASON     "reason: the key was lost\n"
#define WHOLE      FIRST REPOSITORY COMMIT RULE END REASON

static int parse(struct waiver *out, struct arena *arena, const char *text,
		 struct error *err)
{
	return waiver_parse(out, arena, text, strlen(text), err);
}

START_TEST(a_whole_one_is_read)
{
	struct arena *arena = arena_new((size_t)1 << 16);
	struct waiver waiver;
	struct error err = ERROR_INIT;
	ck_assert_msg(parse(&waiver, arena, WHOLE, &err) == 0, "%s", err.text);
	ck_assert_str_eq(waiver.repository, "shop");
	ck_assert_str_eq(oid_text(&waiver.commit), HEX);
	ck_assert_str_eq(waiver.rule, "everything-is-signed");
	ck_assert_str_eq(waiver.reason, "the key was lost");
	ck_assert_int_eq(waiver.until, UNTIL);
	ck_assert(!waiver.withdrawn);
	ck_assert_int_eq(parse(&waiver, arena,
			       FIRST REPOSITORY COMMIT RULE "until: withdrawn\nreason: "
							    "sch\xc3\xb6n: \"a\" \\ "
							    "b\n",
			       &err),
			 0);
	ck_assert(waiver.withdrawn);
	ck_assert_int_eq(waiver.until, 0);
	ck_assert_str_eq(waiver.reason, "sch\xc3\xb6n: \"a\" \\ b");
	arena_free(arena);
}
END_TEST

static const struct {
	const char *text;
	const char *message;
} bad[] = {
	{ "", "line 1 of the waiver is missing" },
	{ "gitgate waiver 1", "line 1 of the waiver does not end in a line feed" },
	{ "gitgate waiver 2\n" REPOSITORY COMMIT RULE END REASON, "line 1 of the "
								  "waiver is not "
								  "'gitgate waiver "
								  "1'" },
	{ "\n" WHOLE, "line 1" },
	{ " " WHOLE, "line 1" },
	{ "gitgate waiver 1\r\n" REPOSITORY COMMIT RULE END REASON, "line 1" },
	{ FIRST, "line 2 of the waiver is missing" },
	{ FIRST COMMIT REPOSITORY RULE END REASON, "line 2 of the waiver is not" },
	{ FIRST REPOSITORY REPOSITORY COMMIT RULE END REASON, "line 3" },
	{ FIRST "repository:shop\n" COMMIT RULE END REASON, "line 2" },
	{ FIRST "Repository: shop\n" COMMIT RULE END REASON, "line 2" },
	{ FIRST "repository: \n" COMMIT RULE END REASON, "line 2" },
	{ FIRST "repository:  shop\n" COMMIT RULE END REASON, "line 2" },
	{ FIRST "repository: shop \n" COMMIT RULE END REASON, "line 2" },
	{ FIRST "repository: sh\top\n" COMMIT RULE END REASON, "line 2" },
	{ FIRST REPOSITORY "commit: 6dcb09b5b5\n" RULE END REASON, "line 3" },
	{ FIRST REPOSITORY
	  "commit: 6DCB09B5B57875F334F61AEBED695E2E4193DB5E\n" RULE END REASON,
	  "line 3" },
	{ FIRST REPOSITORY
	  "commit: 0000000000000000000000000000000000000000\n" RULE END REASON,
	  "line 3" },
	{ FIRST REPOSITORY "commit: " HEX "0\n" RULE END REASON, "line 3" },
	{ FIRST REPOSITORY COMMIT "rule:\n" END REASON, "line 4" },
	{ FIRST REPOSITORY COMMIT END REASON, "line 4" },
	{ FIRST REPOSITORY COMMIT RULE "until: 2026-12-31\n" REASON, "line 5" },
	{ FIRST REPOSITORY COMMIT RULE "until: 2026-12-31T23:59:59+00:00\n" REASON,
	  "line 5" },
	{ FIRST REPOSITORY COMMIT RULE "until: 2026-12-31t23:59:59Z\n" REASON, "line "
									       "5" },
	{ FIRST REPOSITORY COMMIT RULE "until: 2026-02-30T23:59:59Z\n" REASON, "line "
									       "5" },
	{ FIRST REPOSITORY COMMIT RULE "until: 1960-12-31T23:59:59Z\n" REASON, "line "
									       "5" },
	{ FIRST REPOSITORY COMMIT RULE "until: never\n" REASON, "line 5" },
	{ FIRST REPOSITORY COMMIT RULE "until: Withdrawn\n" REASON, "line 5" },
	{ FIRST REPOSITORY COMMIT RULE END, "line 6 of the waiver is missing" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: \n", "line 6" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: x", "line 6" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: \x1b[31m\n", "line 6" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: \x7f\n", "line 6" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: \xc2\x85\n", "line 6" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: a \xe2\x80\xae b\n", "line 6" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: a \xe2\x80\x8b b\n", "line 6" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: \xff\n", "line 6" },
	{ FIRST REPOSITORY COMMIT RULE END "reason: \xed\xa0\x80\n", "line 6" },
	{ WHOLE "\n", "line 6 of the waiver is followed by something" },
	{ WHOLE WHOLE, "line 6 of the waiver is followed by something" },
	{ WHOLE "Signed-off-by: Carol <carol@example.org>\n", "followed" },
};

START_TEST(everything_else_is_refused_with_its_line)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct waiver waiver = { .rule = "untouched" };
		struct error err = ERROR_INIT;
		ck_assert_msg(parse(&waiver, arena, bad[i].text, &err) ==
				      ERROR_WAIVER_FORM,
			      "accepted:\n%s", bad[i].text);
		ck_assert_msg(strstr(err.text, bad[i].message) != NULL, "%s: %s",
			      err.text, bad[i].text);
		ck_assert_str_eq(waiver.rule, "untouched");
	}
	arena_free(arena);
}
END_TEST

START_TEST(a_nul_byte_ends_nothing)
{
	static const char text[] = FIRST REPOSITORY COMMIT RULE END "reason: a\0b\n";
	struct arena *arena = arena_new((size_t)1 << 16);
	struct waiver waiver;
	ck_assert_int_eq(waiver_parse(&waiver, arena, text, sizeof(text) - 1, NULL),
			 ERROR_WAIVER_FORM);
	arena_free(arena);
}
END_TEST

START_TEST(a_reason_has_a_limit)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct waiver waiver = { "shop", OID_INIT, "a-rule", UNTIL, false, NULL };
	char reason[1002];
	oid_parse(HEX, 40, &waiver.commit);
	for (size_t length = 1000; length <= 1001; length++) {
		struct buf out = BUF_INIT(8192);
		struct error err = ERROR_INIT;
		memset(reason, 'x', length);
		reason[length] = '\0';
		waiver.reason = reason;
		ck_assert_int_eq(waiver_write(&waiver, &out, &err),
				 length == 1000 ? 0 : ERROR_WAIVER_FORM);
		buf_release(&out);
	}
	arena_free(arena);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	struct buf out = BUF_INIT(8192);
	struct waiver waiver = { "shop", OID_INIT, "everything-is-signed",
				 UNTIL,  false,    "the key was lost" };
	oid_parse(HEX, 40, &waiver.commit);
	ck_assert_int_eq(waiver_write(&waiver, &out, NULL), 0);
	ck_assert_str_eq(out.data, WHOLE);
	buf_reset(&out);
	waiver.withdrawn = true;
	ck_assert_int_eq(waiver_write(&waiver, &out, NULL), 0);
	ck_assert_str_eq(out.data, FIRST REPOSITORY COMMIT RULE "until: "
								"withdrawn\n" REASON);
	waiver.reason = "two\nlines";
	ck_assert_int_eq(waiver_write(&waiver, &out, NULL), ERROR_WAIVER_FORM);
	buf_release(&out);
}
END_TEST

START_TEST(refs_name_a_commit_and_a_rule)
{
	static const char *const refs[] = {
		"refs/waivers/" HEX,
		"refs/waivers/" HEX "/",
		"refs/waivers/" HEX "/a/b",
		"refs/waivers/" HEX "0/a",
		"refs/waivers/6dcb09b5b5/a",
		"refs/waivers/0000000000000000000000000000000000000000/a",
		"refs/waivers//a",
		"refs/waivers/",
		"refs/heads/" HEX "/a",
	};
	struct buf out = BUF_INIT(1024);
	struct waiver waiver = { .rule = "a@b+c.d_e-F" };
	struct oid commit;
	const char *rule = NULL;
	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		ck_assert_msg(waiver_read_ref(refs[i], &commit, &rule, NULL) ==
				      ERROR_WAIVER_REF,
			      "%s", refs[i]);
	ck_assert_ptr_null(rule);
	ck_assert(!waiver_is_ref("refs/waivers"));
	ck_assert(!waiver_is_ref("refs/heads/refs/waivers/x"));
	oid_parse(HEX, 40, &waiver.commit);
	ck_assert_int_eq(waiver_write_ref(&waiver, &out, NULL), 0);
	ck_assert_str_eq(out.data, "refs/waivers/" HEX "/a@b+c.d_e-F");
	ck_assert_int_eq(waiver_read_ref(out.data, &commit, &rule, NULL), 0);
	ck_assert_str_eq(rule, "a@b+c.d_e-F");
	ck_assert(oid_equal(&commit, &waiver.commit));
	static const char *const rules[] = { "a..b", "a.lock", "a.", "a/b", "a b", "" };
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		buf_reset(&out);
		waiver.rule = rules[i];
		ck_assert_msg(waiver_write_ref(&waiver, &out, NULL) == ERROR_WAIVER_REF,
			      "%s", rules[i]);
	}
	buf_release(&out);
}
END_TEST

UNIT_MAIN("model waiver", a_whole_one_is_read, everything_else_is_refused_with_its_line,
	  a_nul_byte_ends_nothing, a_reason_has_a_limit, what_is_written_is_read,
	  refs_name_a_commit_and_a_rule)
