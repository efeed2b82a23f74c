/* tests/unit/test_policy_junit.c - reports as JUnit's XML and the summary of files: a
 * case a document, and hostile text stays text. */
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
#define HEAD         "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static struct verdict verdict_of(const struct finding *findings, size_t count)
{
	struct verdict verdict;
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(verdict_add(&verdict, &findings[i], NULL), 0);
	verdict_conclude(&verdict);
	return verdict;
}

static void junit_is(const struct report_item *items, size_t count,
		     const char *expected)
{
	struct buf out = BUF_INIT(REPORT_BYTES);
	report_junit(&out, items, count);
	ck_assert_int_eq(out.failed, 0);
	ck_assert_str_eq(out.data, expected);
	buf_release(&out);
}

static const struct report_document documents[] = {
	{ .line = 1, .name = "Shop one" },
	{ .line = 5, .name = NULL, .invalid = true },
	{ .line = 9, .name = "<b>&\"x\"", .invalid = true },
};

START_TEST(findings_stand_in_the_case_of_their_document)
{
	const struct finding findings[] = {
		{ .severity = SEVERITY_WARNING,
		  .code = ERROR_DOCUMENT_AMBIGUOUS,
		  .message = "yes",
		  .path = "a.yaml",
		  .line = 2,
		  .column = 3 },
		{ .severity = SEVERITY_ERROR,
		  .code = ERROR_SCHEMA_MISMATCH,
		  .rule = "shape",
		  .message = "x must be y",
		  .mend = "make it y",
		  .path = "a.yaml",
		  .line = 8,
		  .column = 1 },
		{ .severity = SEVERITY_ERROR,
		  .code = ERROR_SYNTAX,
		  .rule = "shape",
		  .message = "not YAML",
		  .path = "c.yaml" },
		{ .severity = SEVERITY_ERROR,
		  .code = ERROR_RULE_FILE_SIZE,
		  .rule = "small",
		  .message = "too many",
		  .commit = { .length = 20 } },
	};
	const struct report_file listed[] = {
		{ .path = "a.yaml",
		  .documents = documents,
		  .document_count = 3,
		  .invalid = 2 },
		{ .path = "b.yaml", .skipped = "a template of a document" },
		{ .path = "c.yaml", .invalid = 1 },
	};
	const struct report_files files = { .files = listed, .count = 3 };
	struct verdict verdict = verdict_of(findings, 4);
	const struct report_item item = { NULL, &verdict, &files };
	junit_is(&item, 1,
		 HEAD "<testsuites name=\"gitgate\" tests=\"6\" failures=\"4\" "
		      "errors=\"0\" skipped=\"1\">\n"
		      "  <testsuite name=\"a.yaml\" tests=\"3\" failures=\"2\" "
		      "errors=\"0\" skipped=\"0\">\n"
		      "    <testcase name=\"document 1: Shop one\" "
		      "classname=\"a.yaml\" "
		      "file=\"a.yaml\" line=\"1\">\n"
		      "      <system-out>a.yaml:2:3: warning: yes [gitgate]\n"
		      "</system-out>\n"
		      "    </testcase>\n"
		      "    <testcase name=\"document 2\" classname=\"a.yaml\" "
		      "file=\"a.yaml\" line=\"5\">\n"
		      "      <failure message=\"x must be y\" type=\"schema-mismatch\">"
		      "a.yaml:8:1: error: x must be y [shape]\n"
		      "  mend: make it y\n"
		      "</failure>\n"
		      "    </testcase>\n"
		      "    <testcase name=\"document 3: &lt;b&gt;&amp;&quot;x&quot;\" "
		      "classname=\"a.yaml\" file=\"a.yaml\" line=\"9\">\n"
		      "      <failure message=\"invalid; what is wrong is over the "
		      "limit "
		      "'findings'\"/>\n"
		      "    </testcase>\n"
		      "  </testsuite>\n"
		      "  <testsuite name=\"b.yaml\" tests=\"1\" failures=\"0\" "
		      "errors=\"0\" skipped=\"1\">\n"
		      "    <testcase name=\"b.yaml\" classname=\"b.yaml\" "
		      "file=\"b.yaml\">\n"
		      "      <skipped message=\"a template of a document\"/>\n"
		      "    </testcase>\n"
		      "  </testsuite>\n"
		      "  <testsuite name=\"c.yaml\" tests=\"1\" failures=\"1\" "
		      "errors=\"0\" skipped=\"0\">\n"
		      "    <testcase name=\"c.yaml\" classname=\"c.yaml\" "
		      "file=\"c.yaml\">\n"
		      "      <failure message=\"not YAML\" type=\"syntax\">c.yaml: "
		      "error: "
		      "not YAML [shape]\n</failure>\n"
		      "    </testcase>\n"
		      "  </testsuite>\n"
		      "  <testsuite name=\"files\" tests=\"1\" failures=\"1\" "
		      "errors=\"0\" "
		      "skipped=\"0\">\n"
		      "    <testcase name=\"small\" classname=\"files\">\n"
		      "      <failure message=\"too many\" "
		      "type=\"rule-file-size\">commit "
		      "0000000000: error: too many [small]\n</failure>\n"
		      "    </testcase>\n"
		      "  </testsuite>\n"
		      "</testsuites>\n");
	verdict_release(&verdict);
}
END_TEST

START_TEST(a_change_is_a_suite_and_without_a_verdict_it_fails)
{
	const struct change change = { .ref = "refs/heads/main" };
	struct verdict pass = verdict_of(NULL, 0);
	struct verdict unknown;
	ck_assert_int_eq(verdict_init(&unknown, NULL), 0);
	const struct report_item items[] = { { &change, &pass, NULL },
					     { &change, &unknown, NULL } };
	junit_is(items, 2,
		 HEAD "<testsuites name=\"gitgate\" tests=\"2\" failures=\"1\" "
		      "errors=\"0\" skipped=\"0\">\n"
		      "  <testsuite name=\"refs/heads/main\" tests=\"1\" "
		      "failures=\"0\" errors=\"0\" skipped=\"0\">\n"
		      "    <testcase name=\"policy\" "
		      "classname=\"refs/heads/main\">\n"
		      "    </testcase>\n"
		      "  </testsuite>\n"
		      "  <testsuite name=\"refs/heads/main\" tests=\"1\" "
		      "failures=\"1\" errors=\"0\" skipped=\"0\">\n"
		      "    <testcase name=\"policy\" "
		      "classname=\"refs/heads/main\">\n"
		      "      <failure message=\"there is no verdict\"/>\n"
		      "    </testcase>\n"
		      "  </testsuite>\n"
		      "</testsuites>\n");
	verdict_release(&pass);
	verdict_release(&unknown);
}
END_TEST

/* Outside of tags nothing that is markup; within them quotes are in pairs. */
static void expect_well_formed(const char *text)
{
	static const char *const entities[] = { "amp;", "lt;", "gt;", "quot;" };
	bool tag = false, quoted = false;
	ck_assert(text_is_utf8(text, strlen(text)));
	for (const char *at = text; *at != '\0'; at++) {
		ck_assert_msg((unsigned char)*at >= 0x20 || *at == '\n', "%.60s", at);
		if (*at == '&') {
			size_t known = 0;
			for (size_t i = 0; i < 4; i++)
				known += text_starts_with(at + 1, entities[i]);
			ck_assert_msg(known == 1, "%.60s", at);
		}
		if (*at == '"' && tag)
			quoted = !quoted;
		if (*at == '<') {
			ck_assert_msg(!tag, "%.60s", at);
			tag = true;
		} else if (*at == '>') {
			ck_assert_msg(tag && !quoted, "%.60s", at);
			tag = false;
		}
	}
	ck_assert(!tag && !quoted);
}

START_TEST(hostile_text_stays_text)
{
	static const char pool[] = "<>&\"'\\]]>\x01\x1b\x7f\n\t\xc2\x85\xef\xbf\xbe\xff"
				   "\xe2\x80\xae{}[](%s";
	for (int turn = 0; turn < 300; turn++) {
		char texts[5][40];
		for (int i = 0; i < 5; i++) {
			for (size_t k = 0; k < 39; k++)
				texts[i][k] = pool[random_below(sizeof(pool) - 1)];
			texts[i][39] = '\0';
		}
		const struct report_document document = { 1, false, texts[0] };
		const struct finding finding = { .severity = SEVERITY_ERROR,
						 .code = ERROR_SYNTAX,
						 .rule = texts[1],
						 .message = texts[2],
						 .mend = texts[3],
						 .path = texts[4],
						 .line = 1 };
		struct verdict verdict = verdict_of(&finding, 1);
		const struct report_file file = { .path = verdict.findings[0].path,
						  .documents = &document,
						  .document_count = 1 };
		const struct report_files files = { .files = &file, .count = 1 };
		const struct change change = { .ref = texts[0] };
		const struct report_item items[] = { { NULL, &verdict, &files },
						     { &change, &verdict, NULL } };
		struct buf out = BUF_INIT(REPORT_BYTES);
		report_junit(&out, items, 2);
		ck_assert_int_eq(out.failed, 0);
		expect_well_formed(out.data);
		buf_release(&out);
		verdict_release(&verdict);
	}
}
END_TEST

START_TEST(a_summary_says_why)
{
	const struct report_file listed[] = {
		{ .path = "a", .documents = documents, .document_count = 3 },
		{ .path = "b", .skipped = "x" },
		{ .path = "c" }, /* about which no document is */
	};
	static const struct {
		struct report_files files;
		const char *expected;
	} cases[] = {
		{ { .documents = 0 },
		  "0 documents in 0 files: 0 valid, 0 invalid, 0 skipped\n" },
		{ { .documents = 5,
		    .valid = 1,
		    .invalid = 1,
		    .skipped = 3,
		    .templates = 1,
		    .without_schema = 2,
		    .others = 1,
		    .ignored = 4 },
		  "5 documents in 2 files: 1 valid, 1 invalid, 3 skipped (1 template, "
		  "2 "
		  "without a schema); 1 file that is neither YAML nor JSON, 4 left out "
		  "by --ignore\n" },
		{ { .documents = 1, .valid = 1, .others = 2 },
		  "1 document in 2 files: 1 valid, 0 invalid, 0 skipped; 2 files that "
		  "are neither YAML nor JSON\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_files files = cases[i].files;
		struct buf out = BUF_INIT(4096);
		files.files = listed;
		files.count = i == 0 ? 0 : 3;
		report_summary(&out, &files);
		ck_assert_str_eq(out.data, cases[i].expected);
		buf_release(&out);
	}
}
END_TEST

UNIT_MAIN("policy/junit", findings_stand_in_the_case_of_their_document,
	  a_change_is_a_suite_and_without_a_verdict_it_fails, hostile_text_stays_text,
	  a_summary_says_why)
