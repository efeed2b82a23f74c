/* tests/unit/test_forge_markdown.c - the one comment: what it says, and that nothing in
 * it that others wrote is more than text. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "forge/markdown.h"
#include "unit.h"

#define SHA "6dcb09b5b57875f334f61aebed695e2e4193db5e"

static struct error err;

static void write_comment(struct buf *out, const struct msg_report_item *item,
			  const struct msg_finding_row *rows, size_t count,
			  size_t maximum)
{
	buf_init(out, maximum);
	int code = markdown_comment(item, rows, count, maximum, out, &err);
	ck_assert_msg(code == 0, "%s", err.text);
}

START_TEST(comment_says_what_is_wrong_where)
{
	struct msg_report_item item = { .state = "failure",
					.description = "main-is-signed refuses",
					.link = "https://gate.example/x?id=1" };
	struct msg_finding_row rows[] = {
		{ .severity = "warning", .rule = "hygiene", .message = "odd" },
		{ .severity = "error",
		  .rule = "main-is-signed",
		  .path = "deploy/a.yaml",
		  .line = 3,
		  .column = 1,
		  .message = "is not signed",
		  .mend = "sign it" },
	};
	struct buf out;
	oid_parse(SHA, 40, &item.commit);
	rows[1].commit = item.commit;
	write_comment(&out, &item, rows, 2, 65536);
	ck_assert_str_eq(out.data, MARKDOWN_MARKER
			 "\n" MARKDOWN_BEGIN "refuses " SHA ": 1 error, 1 warning. "
			 "`main-is-signed refuses` "
			 "[Details](https://gate.example/x?id=1)\n\n"
			 "- **error** `main-is-signed` `deploy/a.yaml:3:1` commit "
			 "6dcb09b5b5: "
			 "`is not signed` - mend: `sign it`\n"
			 "- **warning** `hygiene`: `odd`\n");
	ck_assert(text_starts_with(markdown_without_marker(out.data), MARKDOWN_BEGIN));
	buf_release(&out);
}
END_TEST

START_TEST(comment_says_who_waived_what)
{
	struct msg_report_item item = { .state = "success" };
	struct msg_finding_row rows[] = {
		{ .severity = "error",
		  .rule = "signed",
		  .message = "is not signed",
		  .mend = "sign it",
		  .waived_by = "carol",
		  .waived_until = 0,
		  .waived_reason = "lost `key`" },
		{ .severity = "warning", .rule = "hygiene", .message = "odd" },
	};
	struct buf out;
	write_comment(&out, &item, rows, 2, 65536);
	ck_assert_str_eq(out.data, MARKDOWN_MARKER "\n" MARKDOWN_BEGIN "accepts: 1 "
						   "warning, 1 "
						   "waived.\n\n"
						   "- **warning** `hygiene`: `odd`\n"
						   "- **waived** `signed`: `is not "
						   "signed` - waived by `carol` "
						   "until 1970-01-01T00:00:00Z: `` "
						   "lost `key` ``\n");
	buf_release(&out);
}
END_TEST

START_TEST(each_state_has_its_sentence)
{
	static const char *const rows[][2] = {
		{ "pending", "has not judged yet" },
		{ "success", "accepts" },
		{ "failure", "refuses" },
		{ "error", "could not judge" },
		{ "cancelled", "did not judge" },
		{ "odd", "could not judge" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msg_report_item item = { .state = rows[i][0] };
		struct buf out;
		write_comment(&out, &item, NULL, 0, 65536);
		ck_assert_ptr_nonnull(strstr(out.data, rows[i][1]));
		buf_release(&out);
	}
}
END_TEST

START_TEST(code_spans_hold)
{
	static const char *const rows[][2] = {
		{ "plain", "`plain`" },
		{ "", "" },
		{ "a`b", "``a`b``" },
		{ "a``b`c", "```a``b`c```" },
		{ "`", "`` ` ``" },
		{ " a ", "`  a  `" },
		{ "@alice #12 <b>", "`@alice #12 <b>`" },
		{ "two\nlines", "`two\\x0alines`" },
		{ "![x](http://e.org/y)", "`![x](http://e.org/y)`" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(1000);
		markdown_code(&out, rows[i][0]);
		ck_assert_str_eq(out.data, rows[i][1]);
		buf_release(&out);
	}
}
END_TEST

/* Reads as CommonMark does: what is left outside of code spans. */
static void take_spans_away(const char *text, char *out, size_t size)
{
	size_t length = 0;
	while (*text != '\0' && length + 1 < size) {
		size_t run = strspn(text, "`");
		if (run == 0) {
			out[length++] = *text++;
			continue;
		}
		const char *at = text + run;
		size_t closing = 0;
		while (*at != '\0' && closing != run) {
			at += strcspn(at, "`");
			closing = strspn(at, "`");
			at += closing;
		}
		ck_assert_uint_eq(closing, run);
		text = at;
	}
	out[length] = '\0';
}

START_TEST(nothing_from_outside_leaves_its_span)
{
	static const char *const evil[] = {
		"EVIL@alice",
		"`EVIL@alice`",
		"``` EVIL",
		"x\n/close EVIL",
		"</code><img src=EVIL>",
		"`` ` EVIL ` ``",
		"EVIL\\`",
		"\\`EVIL",
		"<!-- EVIL",
		"-->EVIL",
		"[EVIL](javascript:1)",
		"| EVIL | EVIL |",
		"\xe2\x80\xae"
		"EVIL",
		"\xff"
		"EVIL",
	};
	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
		struct msg_report_item item = { .state = "failure",
						.description = evil[i],
						.link = evil[i] };
		struct msg_finding_row row = { .severity = "error",
					       .rule = evil[i],
					       .path = evil[i],
					       .line = 1,
					       .message = evil[i],
					       .mend = evil[i] };
		char outside[4096];
		struct buf out;
		write_comment(&out, &item, &row, 1, 65536);
		take_spans_away(out.data, outside, sizeof(outside));
		ck_assert_msg(strstr(outside, "EVIL") == NULL, "%s", out.data);
		ck_assert(text_is_utf8(out.data, out.length));
		buf_release(&out);
	}
}
END_TEST

START_TEST(links_that_would_end_early_are_left_out)
{
	static const char *const rows[] = {
		"javascript:alert(1)",   "https://e.org/a b", "https://e.org/)",
		"https://e.org/\"x",     "https://e.org/<b>", "//e.org/",
		"https://e.org/\xc3\xa4"
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msg_report_item item = { .state = "success", .link = rows[i] };
		struct buf out;
		write_comment(&out, &item, NULL, 0, 65536);
		ck_assert_ptr_null(strstr(out.data, "Details"));
		buf_release(&out);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_counted)
{
	struct msg_report_item item = { .state = "failure" };
	struct msg_finding_row rows[100];
	struct buf out;
	for (size_t i = 0; i < 100; i++)
		rows[i] = (struct msg_finding_row){
			.severity = i < 90 ? "warning" : "error",
			.rule = "a-rule",
			.message = i == 95 ? "the one" : "something is wrong here"
		};
	write_comment(&out, &item, rows, 100, 1500);
	ck_assert_uint_le(out.length, 1500);
	ck_assert_ptr_nonnull(strstr(out.data, "10 errors, 90 warnings"));
	/* errors first */
	ck_assert_ptr_nonnull(strstr(out.data, "the one"));
	size_t shown = 0;
	for (const char *at = out.data; (at = strstr(at, "\n- ")) != NULL; at++)
		shown++;
	char rest[64];
	snprintf(rest, sizeof(rest), "\nand %zu more\n", 100 - shown);
	ck_assert_uint_gt(shown, 10);
	ck_assert(text_ends_with(out.data, rest));
	buf_release(&out);
}
END_TEST

START_TEST(no_room_is_an_error)
{
	struct msg_report_item item = { .state = "failure" };
	struct buf out = BUF_INIT(80);
	ck_assert_int_eq(markdown_comment(&item, NULL, 0, 80, &out, &err), ERROR_LIMIT);
	buf_release(&out);
}
END_TEST

UNIT_MAIN("forge", comment_says_who_waived_what, comment_says_what_is_wrong_where,
	  each_state_has_its_sentence, code_spans_hold,
	  nothing_from_outside_leaves_its_span, links_that_would_end_early_are_left_out,
	  what_does_not_fit_is_counted, no_room_is_an_error)
