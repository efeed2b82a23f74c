/* tests/unit/test_policy_report.c - the three forms of a report, and hostile text in
 * each of them (X2). */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "model/change.h"
#include "model/finding.h"
#include "policy/report.h"

#define REPORT_BYTES ((size_t)16 << 20)

static struct oid an_id(unsigned char seed)
{
	struct oid id = { .length = 20 };
	memset(id.bytes, seed, 20);
	return id;
}

static struct change a_change(void)
{
	return (struct change){ .repository = "shop",
				.ref = "refs/heads/main",
				.old_id = an_id(0x1a),
				.new_id = an_id(0xf0),
				.pusher = "alice",
				.received_at = INT64_C(1795253400000000) };
}

static void add(struct verdict *verdict, const struct finding *finding)
{
	ck_assert_int_eq(verdict_add(verdict, finding, NULL), 0);
}

static struct verdict a_refusal(void)
{
	const struct finding findings[] = {
		{ .severity = SEVERITY_ERROR,
		  .code = ERROR_RULE_SIGNATURE_MISSING,
		  .rule = "main-is-signed",
		  .kind = "signatures",
		  .message = "the commit is not signed",
		  .mend = "sign it: git commit --amend --no-edit -S",
		  .commit = an_id(0xf0) },
		{ .severity = SEVERITY_ERROR,
		  .code = ERROR_SYNTAX,
		  .rule = "manifests",
		  .kind = "schema",
		  .message = "expected an integer",
		  .path = "deploy/web app.yaml",
		  .line = 12,
		  .column = 7 },
		{ .severity = SEVERITY_WARNING,
		  .code = ERROR_RULE_FILE_SIZE,
		  .rule = "hygiene",
		  .kind = "files",
		  .message = "the file has 5 bytes, over max-size 4",
		  .mend = "take it out",
		  .path = "a",
		  .commit = an_id(0xf0) },
	};
	struct verdict verdict;
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	memset(verdict.policy.bytes, 0xab, DIGEST_BYTES);
	for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++)
		add(&verdict, &findings[i]);
	verdict_conclude(&verdict);
	return verdict;
}

static struct verdict a_pass(void)
{
	struct verdict verdict;
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	verdict_conclude(&verdict);
	return verdict;
}

/* --- text --- */

static void text_is(const struct report_item *items, size_t count, const char *expected)
{
	struct buf out = BUF_INIT(REPORT_BYTES);
	report_text(&out, items, count, false);
	ck_assert_int_eq(out.failed, 0);
	ck_assert_str_eq(out.data, expected);
	buf_release(&out);
}

START_TEST(text_shows_what_where_and_how_to_mend)
{
	const struct change change = a_change();
	struct verdict verdict = a_refusal();
	const struct report_item item = { &change, &verdict, NULL };
	text_is(&item, 1,
		"refs/heads/main 1a1a1a1a1a..f0f0f0f0f0: refused: 2 errors, 1 warning\n"
		"commit f0f0f0f0f0: error: the commit is not signed [main-is-signed]\n"
		"  mend: sign it: git commit --amend --no-edit -S\n"
		"deploy/web app.yaml:12:7: error: expected an integer [manifests]\n"
		"a: warning: the file has 5 bytes, over max-size 4 (commit f0f0f0f0f0) "
		"[hygiene]\n"
		"  mend: take it out\n"
		"summary: 0 accepted, 1 refused; 2 errors, 1 warning\n");
	verdict_release(&verdict);
}
END_TEST

START_TEST(one_accepted_change_is_one_line)
{
	struct change change = a_change();
	struct verdict verdict = a_pass();
	const struct report_item item = { &change, &verdict, NULL };
	const struct report_item files = { NULL, &verdict, NULL };
	text_is(&item, 1, "refs/heads/main 1a1a1a1a1a..f0f0f0f0f0: accepted\n");
	change.old_id = (struct oid){ .length = 20 };
	text_is(&item, 1, "refs/heads/main (new) f0f0f0f0f0: accepted\n");
	change.new_id = (struct oid){ .length = 20 };
	change.old_id = an_id(0x1a);
	text_is(&item, 1, "refs/heads/main 1a1a1a1a1a (deleted): accepted\n");
	text_is(&files, 1, "files: accepted\n");
	verdict_release(&verdict);
}
END_TEST

START_TEST(several_changes_end_in_a_summary)
{
	const struct change change = a_change();
	struct verdict pass = a_pass();
	struct verdict unknown;
	ck_assert_int_eq(verdict_init(&unknown, NULL), 0);
	const struct report_item items[] = { { &change, &pass, NULL },
					     { &change, &unknown, NULL } };
	text_is(items, 2,
		"refs/heads/main 1a1a1a1a1a..f0f0f0f0f0: accepted\n"
		"refs/heads/main 1a1a1a1a1a..f0f0f0f0f0: refused: there is no verdict\n"
		"summary: 1 accepted, 1 refused\n");
	verdict_release(&pass);
	verdict_release(&unknown);
}
END_TEST

START_TEST(a_mend_of_several_findings_is_said_once)
{
	const struct change change = a_change();
	struct verdict verdict;
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	for (unsigned char i = 1; i <= 3; i++) {
		const struct finding finding = { .rule = "r",
						 .message = "bad",
						 .mend = i < 3 ? "same" : "other",
						 .commit = an_id(i) };
		add(&verdict, &finding);
	}
	verdict.dropped = 7;
	verdict_conclude(&verdict);
	const struct report_item item = { &change, &verdict, NULL };
	text_is(&item, 1,
		"refs/heads/main 1a1a1a1a1a..f0f0f0f0f0: refused: 3 errors\n"
		"commit 0101010101: error: bad [r]\n"
		"commit 0202020202: error: bad [r]\n"
		"  mend: same\n"
		"commit 0303030303: error: bad [r]\n"
		"  mend: other\n"
		"and 7 more, over the limit findings (3)\n"
		"summary: 0 accepted, 1 refused; 3 errors\n");
	verdict_release(&verdict);
}
END_TEST

START_TEST(colour_comes_only_when_asked)
{
	const struct change change = a_change();
	struct verdict verdict = a_refusal();
	const struct report_item item = { &change, &verdict, NULL };
	struct buf out = BUF_INIT(REPORT_BYTES);
	report_text(&out, &item, 1, false);
	ck_assert_ptr_null(strchr(out.data, '\033'));
	buf_reset(&out);
	report_text(&out, &item, 1, true);
	ck_assert_ptr_nonnull(strstr(out.data, "\033[1;31merror\033[0m: "));
	ck_assert_ptr_nonnull(strstr(out.data, "\033[1;33mwarning\033[0m: "));
	buf_release(&out);
	verdict_release(&verdict);
}
END_TEST

/* --- a reader of JSON that is as strict as RFC 8259, for the tests alone --- */

struct reader {
	const char *at;
	size_t strings;
};

static bool read_value(struct reader *reader, int depth);

static bool read_char(struct reader *reader, char wanted)
{
	if (*reader->at != wanted)
		return false;
	reader->at++;
	return true;
}

static bool read_escape(struct reader *reader)
{
	char kind = *reader->at++;
	if (kind != 'u')
		return kind != '\0' && strchr("\"\\/bfnrt", kind) != NULL;
	for (int i = 0; i < 4; i++, reader->at++)
		if (*reader->at == '\0' ||
		    strchr("0123456789abcdefABCDEF", *reader->at) == NULL)
			return false;
	return true;
}

static bool read_string(struct reader *reader)
{
	reader->strings++;
	if (!read_char(reader, '"'))
		return false;
	while (*reader->at != '"') {
		if ((unsigned char)*reader->at < 0x20)
			return false;
		if (*reader->at++ == '\\' && !read_escape(reader))
			return false;
	}
	return read_char(reader, '"');
}

static bool read_members(struct reader *reader, char end, bool keys, int depth)
{
	if (read_char(reader, end))
		return true;
	do {
		if (keys && !(read_string(reader) && read_char(reader, ':')))
			return false;
		if (!read_value(reader, depth + 1))
			return false;
	} while (read_char(reader, ','));
	return read_char(reader, end);
}

static bool read_word(struct reader *reader, const char *word)
{
	if (strncmp(reader->at, word, strlen(word)) != 0)
		return false;
	reader->at += strlen(word);
	return true;
}

static bool read_value(struct reader *reader, int depth)
{
	if (depth > 32)
		return false;
	if (read_char(reader, '{'))
		return read_members(reader, '}', true, depth);
	if (read_char(reader, '['))
		return read_members(reader, ']', false, depth);
	if (*reader->at == '"')
		return read_string(reader);
	size_t digits = strspn(reader->at, "0123456789");
	reader->at += digits;
	return digits > 0 || read_word(reader, "true") || read_word(reader, "false") ||
	       read_word(reader, "null");
}

/* One value and a line feed; safe to show but for that line feed. The strings in it. */
static size_t check_json(const struct buf *out)
{
	struct reader reader = { .at = out->data };
	ck_assert_int_eq(out->failed, 0);
	ck_assert_msg(read_value(&reader, 0), "not JSON: %.300s", reader.at);
	ck_assert_str_eq(reader.at, "\n");
	ck_assert_uint_eq(strlen(out->data), out->length);
	return reader.strings;
}

/* --- JSON and SARIF --- */

START_TEST(json_has_stable_keys)
{
	const struct change change = a_change();
	struct verdict verdict = a_refusal();
	const struct report_item item = { &change, &verdict, NULL };
	struct buf out = BUF_INIT(REPORT_BYTES);
	verdict.count = 2;
	report_json(&out, &item, 1);
	check_json(&out);
	ck_assert_str_eq(
		out.data,
		"{\"result\":\"fail\",\"changes\":[{\"repository\":\"shop\",\"ref\":"
		"\"refs/heads/main\",\"change\":\"update\",\"old\":"
		"\"1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\",\"new\":"
		"\"f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0\",\"pusher\":\"alice\","
		"\"received_at\":\"2026-11-21T09:30:00.000Z\",\"result\":\"fail\","
		"\"policy\":"
		"\"abababababababababababababababababababababababababababababababab\","
		"\"errors\":2,\"warnings\":1,\"waived\":0,\"dropped\":0,\"findings\":["
		"{\"severity\":\"error\",\"code\":\"rule-signature-missing\",\"rule\":"
		"\"main-is-signed\",\"kind\":\"signatures\",\"message\":\"the commit "
		"is "
		"not signed\",\"mend\":\"sign it: git commit --amend --no-edit -S\","
		"\"commit\":\"f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0\",\"path\":null,"
		"\"line\":null,\"column\":null},"
		"{\"severity\":\"error\",\"code\":\"syntax\",\"rule\":\"manifests\","
		"\"kind\":\"schema\",\"message\":\"expected an integer\",\"mend\":null,"
		"\"commit\":null,\"path\":\"deploy/web app.yaml\",\"line\":12,"
		"\"column\":7}]}]}\n");
	buf_release(&out);
	verdict_release(&verdict);
}
END_TEST

START_TEST(json_of_files_has_no_change_and_unknown_wins)
{
	struct verdict pass = a_pass();
	struct verdict unknown;
	ck_assert_int_eq(verdict_init(&unknown, NULL), 0);
	const struct report_item items[] = { { NULL, &pass, NULL },
					     { NULL, &unknown, NULL } };
	struct buf out = BUF_INIT(REPORT_BYTES);
	report_json(&out, items, 1);
	check_json(&out);
	ck_assert_ptr_nonnull(strstr(out.data, "{\"result\":\"pass\",\"changes\":"
					       "[{\"repository\":null,\"ref\":null"));
	buf_reset(&out);
	report_json(&out, items, 2);
	ck_assert_ptr_nonnull(strstr(out.data, "{\"result\":\"unknown\""));
	buf_reset(&out);
	report_json(&out, items, 0);
	ck_assert_str_eq(out.data, "{\"result\":\"pass\",\"changes\":[]}\n");
	buf_release(&out);
	verdict_release(&pass);
	verdict_release(&unknown);
}
END_TEST

START_TEST(sarif_names_rules_places_and_fingerprints)
{
	static const char *const parts[] = {
		"\"version\":\"2.1.0\"",
		"\"name\":\"gitgate\",\"rules\":[{\"id\":\"main-is-signed\",",
		"\"executionSuccessful\":true,\"toolExecutionNotifications\":[]",
		"\"columnKind\":\"unicodeCodePoints\"",
		"\"ruleId\":\"main-is-signed\",\"ruleIndex\":0,\"level\":\"error\","
		"\"message\":{\"text\":\"the commit is not signed. Mend: sign it: ",
		"\"fullyQualifiedName\":\"refs/heads/main@f0f0f0f0f0",
		"\"artifactLocation\":{\"uri\":\"deploy/web%20app.yaml\"},\"region\":"
		"{\"startLine\":12,\"startColumn\":7}",
		"\"ruleId\":\"hygiene\",\"ruleIndex\":2,\"level\":\"warning\"",
		"\"partialFingerprints\":{\"gitgate/v1\":\"",
		"\"code\":\"rule-file-size\",\"kind\":\"files\"",
	};
	const struct change change = a_change();
	struct verdict verdict = a_refusal();
	const struct report_item item = { &change, &verdict, NULL };
	struct buf out = BUF_INIT(REPORT_BYTES);
	report_sarif(&out, &item, 1);
	check_json(&out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		ck_assert_msg(strstr(out.data, parts[i]) != NULL, "%s is not in %s",
			      parts[i], out.data);
	buf_release(&out);
	verdict_release(&verdict);
}
END_TEST

START_TEST(sarif_says_when_a_verdict_or_findings_are_missing)
{
	const struct change change = a_change();
	struct verdict verdict;
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	verdict.dropped = 1;
	const struct report_item item = { &change, &verdict, NULL };
	struct buf out = BUF_INIT(REPORT_BYTES);
	report_sarif(&out, &item, 1);
	check_json(&out);
	ck_assert_ptr_nonnull(strstr(out.data, "\"executionSuccessful\":false"));
	ck_assert_ptr_nonnull(strstr(out.data, "without a verdict"));
	ck_assert_ptr_nonnull(strstr(out.data, "there are more findings"));
	buf_release(&out);
	verdict_release(&verdict);
}
END_TEST

START_TEST(sarif_messages_hold_no_placeholder_and_no_link)
{
	const struct finding finding = { .rule = "r",
					 .message = "x{0} [here](http://evil)",
					 .mend = "[a](1)" };
	const struct change change = a_change();
	struct verdict verdict;
	struct buf out = BUF_INIT(REPORT_BYTES);
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	add(&verdict, &finding);
	const struct report_item item = { &change, &verdict, NULL };
	report_sarif(&out, &item, 1);
	check_json(&out);
	ck_assert_ptr_nonnull(strstr(out.data, "\"x{{0}} [here\\\\](http://evil). "
					       "Mend: "
					       "[a\\\\](1)\""));
	buf_release(&out);
	verdict_release(&verdict);
}
END_TEST

static void fingerprint(const struct change *change, const struct finding *finding,
			char out[65])
{
	static const char key[] = "\"gitgate/v1\":\"";
	struct buf report = BUF_INIT(REPORT_BYTES);
	struct verdict verdict;
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	add(&verdict, finding);
	verdict_conclude(&verdict);
	const struct report_item item = { change, &verdict, NULL };
	report_sarif(&report, &item, 1);
	const char *at = strstr(report.data, key);
	ck_assert_ptr_nonnull(at);
	memcpy(out, at + sizeof(key) - 1, 64);
	out[64] = '\0';
	buf_release(&report);
	verdict_release(&verdict);
}

START_TEST(fingerprints_outlive_lines_and_new_commits)
{
	struct change change = a_change();
	struct finding finding = {
		.rule = "r", .message = "m", .path = "p", .line = 3
	};
	char first[65];
	char second[65];
	fingerprint(&change, &finding, first);
	finding.line = 4;
	change.new_id = an_id(0x77);
	fingerprint(&change, &finding, second);
	ck_assert_str_eq(first, second);
	finding.message = "n";
	fingerprint(&change, &finding, second);
	ck_assert_str_ne(first, second);
}
END_TEST

/* --- X2: hostile text --- */

#define HOSTILE_COUNT 300
#define HOSTILE_BYTES 96

static const char *const pieces[] = {
	"\n",
	"\r",
	"\t",
	"\b",
	"\a",
	"\x7f",
	"\x01",
	"\x1f",
	"\033[2J",
	"\033]0;title\a",
	"\033[31m",
	"\23331m",
	"\xc2\x9b",
	"\xc2\x85",
	"\xe2\x80\xae",
	"\xe2\x80\x8b",
	"\xe2\x80\xa8",
	"\xe2\x81\xa6",
	"\xef\xbb\xbf",
	"\xff",
	"\xc0\x80",
	"\xed\xa0\x80",
	"\xf4\x90\x80\x80",
	"\xe2\x80",
	"\"",
	"\\",
	"\\u0000",
	"\\\"",
	"\",\"result\":\"pass\"",
	"\"}]}",
	"{",
	"]",
	"remote: accepted",
	"error: x [y]",
	"%s%n",
	"<script>",
	"</a>",
	"'",
	"::set-output name=x::",
	"\xc3\xa9",
	"a",
	" ",
};

static void make_hostile(char *out, size_t number)
{
	const size_t count = sizeof(pieces) / sizeof(pieces[0]);
	size_t length = 0;
	/* Each piece once alone in order, then at random. */
	if (number < count) {
		snprintf(out, HOSTILE_BYTES, "a%sb", pieces[number]);
		return;
	}
	for (uint64_t left = 1 + random_below(4); left > 0; left--)
		length += (size_t)snprintf(out + length, HOSTILE_BYTES - length, "%s",
					   pieces[random_below(count)]);
}

/* Safe to show, but for line feeds. Their number. */
static size_t check_shown(const char *what, const struct buf *out)
{
	size_t lines = 0;
	ck_assert_int_eq(out->failed, 0);
	for (size_t i = 0; i < out->length;) {
		uint32_t code_point = 0;
		size_t bytes =
			text_utf8_next(out->data + i, out->length - i, &code_point);
		ck_assert_msg(bytes > 0, "%s: broken UTF-8 at %zu", what, i);
		ck_assert_msg(code_point == '\n' || text_is_shown(code_point),
			      "%s: U+%04X at %zu", what, (unsigned int)code_point, i);
		lines += code_point == '\n';
		i += bytes;
	}
	return lines;
}

/* The strings in JSON and in SARIF: hostile text must not add any. */
struct shape {
	size_t json;
	size_t sarif;
};

static struct shape check_reports(const char *text)
{
	struct shape shape;
	const struct finding finding = { .code = ERROR_DENIED,
					 .rule = text,
					 .kind = text,
					 .message = text,
					 .mend = text,
					 .path = text,
					 .line = 1,
					 .column = 2 };
	struct change change = a_change();
	struct verdict verdict;
	struct buf out = BUF_INIT(REPORT_BYTES);
	change.repository = change.ref = change.pusher = text;
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	add(&verdict, &finding);
	verdict_conclude(&verdict);
	const struct report_item item = { &change, &verdict, NULL };
	report_text(&out, &item, 1, false);
	ck_assert_uint_eq(check_shown("text", &out), 4);
	buf_reset(&out);
	report_json(&out, &item, 1);
	ck_assert_uint_eq(check_shown("JSON", &out), 1);
	shape.json = check_json(&out);
	buf_reset(&out);
	report_sarif(&out, &item, 1);
	ck_assert_uint_eq(check_shown("SARIF", &out), 1);
	shape.sarif = check_json(&out);
	buf_release(&out);
	verdict_release(&verdict);
	return shape;
}

START_TEST(hostile_text_reaches_no_report_unescaped)
{
	const struct shape plain = check_reports("plain");
	random_seed_for_tests(3);
	for (size_t i = 0; i < HOSTILE_COUNT; i++) {
		char text[HOSTILE_BYTES];
		make_hostile(text, i);
		const struct shape shape = check_reports(text);
		ck_assert_uint_eq(shape.json, plain.json);
		ck_assert_uint_eq(shape.sarif, plain.sarif);
	}
}
END_TEST

START_TEST(a_report_over_its_maximum_fails_whole)
{
	const struct change change = a_change();
	struct verdict verdict = a_refusal();
	const struct report_item item = { &change, &verdict, NULL };
	struct buf out = BUF_INIT(300);
	report_sarif(&out, &item, 1);
	ck_assert_int_eq(out.failed, ERROR_LIMIT);
	buf_reset(&out);
	report_json(&out, &item, 1);
	ck_assert_int_eq(out.failed, ERROR_LIMIT);
	buf_reset(&out);
	report_text(&out, &item, 1, true);
	ck_assert_int_eq(out.failed, ERROR_LIMIT);
	buf_release(&out);
	verdict_release(&verdict);
}
END_TEST

UNIT_MAIN("policy report", text_shows_what_where_and_how_to_mend,
	  one_accepted_change_is_one_line, several_changes_end_in_a_summary,
	  a_mend_of_several_findings_is_said_once, colour_comes_only_when_asked,
	  json_has_stable_keys, json_of_files_has_no_change_and_unknown_wins,
	  sarif_names_rules_places_and_fingerprints,
	  sarif_says_when_a_verdict_or_findings_are_missing,
	  sarif_messages_hold_no_placeholder_and_no_link,
	  fingerprints_outlive_lines_and_new_commits,
	  hostile_text_reaches_no_report_unescaped,
	  a_report_over_its_maximum_fails_whole)
