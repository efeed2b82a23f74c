/* tests/unit/test_model_verdict.c - verdicts fail closed and show safe text only. */
#include "unit.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "model/finding.h"

static struct verdict new_verdict(void)
{
	struct verdict verdict;
	ck_assert_int_eq(verdict_init(&verdict, NULL), 0);
	return verdict;
}

static void add(struct verdict *verdict, enum severity severity)
{
	const struct finding finding = {
		.severity = severity, .code = ERROR_DENIED, .rule = "r", .message = "m"
	};
	ck_assert_int_eq(verdict_add(verdict, &finding, NULL), 0);
}

START_TEST(a_verdict_is_unknown_until_it_is_concluded)
{
	struct verdict verdict = new_verdict();
	ck_assert_int_eq(verdict.result, VERDICT_UNKNOWN);
	verdict_conclude(&verdict);
	ck_assert_int_eq(verdict.result, VERDICT_PASS);
	verdict_release(&verdict);
	ck_assert_int_eq(verdict.result, VERDICT_UNKNOWN);
}
END_TEST

START_TEST(only_errors_fail_and_unknown_severity_is_one)
{
	static const struct {
		enum severity severity;
		enum verdict_result result;
	} cases[] = {
		{ SEVERITY_WARNING, VERDICT_PASS },
		{ SEVERITY_ERROR, VERDICT_FAIL },
		{ SEVERITY_UNKNOWN, VERDICT_FAIL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict verdict = new_verdict();
		add(&verdict, cases[i].severity);
		verdict_conclude(&verdict);
		ck_assert_int_eq(verdict.result, cases[i].result);
		ck_assert_uint_eq(verdict.errors + verdict.warnings, 1);
		verdict_release(&verdict);
	}
}
END_TEST

START_TEST(findings_own_escaped_text)
{
	char message[] = "line\nbreak \033[31m\xff";
	char path[] = "a\rb";
	const struct finding finding = { .message = message, .path = path };
	struct verdict verdict = new_verdict();
	ck_assert_int_eq(verdict_add(&verdict, &finding, NULL), 0);
	memset(message, 'x', sizeof(message) - 1);
	memset(path, 'x', sizeof(path) - 1);
	ck_assert_str_eq(verdict.findings[0].message, "line\\x0abreak \\x1b[31m\\xff");
	ck_assert_str_eq(verdict.findings[0].path, "a\\x0db");
	ck_assert_str_eq(verdict.findings[0].rule, "gitgate");
	ck_assert_ptr_null(verdict.findings[0].mend);
	verdict_release(&verdict);
}
END_TEST

START_TEST(findings_beyond_the_limit_are_counted_not_kept)
{
	const size_t limit = limits_default.values[LIMIT_FINDINGS];
	struct verdict verdict = new_verdict();
	for (size_t i = 0; i < limit; i++)
		add(&verdict, SEVERITY_WARNING);
	ck_assert_uint_eq(verdict.dropped, 0);
	add(&verdict, SEVERITY_ERROR);
	verdict_conclude(&verdict);
	ck_assert_uint_eq(verdict.count, limit);
	ck_assert_uint_eq(verdict.dropped, 1);
	ck_assert_uint_eq(verdict.errors, 1);
	ck_assert_int_eq(verdict.result, VERDICT_FAIL);
	verdict_release(&verdict);
}
END_TEST

START_TEST(the_largest_findings_fit)
{
	const size_t limit = limits_default.values[LIMIT_FINDINGS];
	static char huge[1 << 16];
	memset(huge, '\n', sizeof(huge) - 1);
	const struct finding finding = {
		.rule = huge, .kind = huge, .message = huge, .mend = huge, .path = huge
	};
	struct verdict verdict = new_verdict();
	for (size_t i = 0; i < limit; i++)
		ck_assert_int_eq(verdict_add(&verdict, &finding, NULL), 0);
	ck_assert_uint_lt(strlen(verdict.findings[0].message), 4096);
	verdict_release(&verdict);
}
END_TEST

START_TEST(a_verdict_that_lost_a_finding_stays_unknown)
{
	/* What a failed allocation leaves: see lose() in model/verdict.c. */
	struct verdict verdict = { 0 };
	const struct finding finding = { .message = "m" };
	ck_assert_int_eq(verdict_add(&verdict, &finding, NULL), ERROR_MEMORY);
	ck_assert_int_eq(verdict_add(&verdict, &finding, NULL), ERROR_MEMORY);
	verdict_conclude(&verdict);
	ck_assert_int_eq(verdict.result, VERDICT_UNKNOWN);
	verdict_release(&verdict);
}
END_TEST

START_TEST(findings_of_a_file_are_put_in_the_order_of_their_places)
{
	static const uint32_t places[][2] = {
		{ 9, 9 }, { 6, 13 }, { 7, 3 }, { 6, 3 }, { 6, 13 }
	};
	static const char *expected[] = { "a", "d", "b", "e", "c" };
	struct verdict verdict = new_verdict();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char message[] = { (char)('a' + i), '\0' };
		const struct finding finding = { .severity = SEVERITY_ERROR,
						 .code = ERROR_DENIED,
						 .rule = "r",
						 .message = message,
						 .line = places[i][0],
						 .column = places[i][1] };
		ck_assert_int_eq(verdict_add(&verdict, &finding, NULL), 0);
	}
	verdict_order(&verdict, 1); /* the first is another file's */
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_str_eq(verdict.findings[i].message, expected[i]);
	verdict_order(&verdict, verdict.count);
	verdict_release(&verdict);
}
END_TEST

START_TEST(names_of_results_go_both_ways)
{
	for (int i = VERDICT_UNKNOWN; i <= VERDICT_FAIL; i++)
		ck_assert_int_eq(verdict_by_name(verdict_name(i)), i);
	ck_assert_int_eq(verdict_by_name("PASS"), VERDICT_UNKNOWN);
	ck_assert_int_eq(verdict_by_name(""), VERDICT_UNKNOWN);
	ck_assert_int_eq(verdict_by_name(NULL), VERDICT_UNKNOWN);
	ck_assert_str_eq(severity_name(SEVERITY_UNKNOWN), "error");
	ck_assert_str_eq(severity_name(SEVERITY_ERROR), "error");
	ck_assert_str_eq(severity_name(SEVERITY_WARNING), "warning");
}
END_TEST

UNIT_MAIN("model verdict", a_verdict_is_unknown_until_it_is_concluded,
	  only_errors_fail_and_unknown_severity_is_one, findings_own_escaped_text,
	  findings_beyond_the_limit_are_counted_not_kept, the_largest_findings_fit,
	  a_verdict_that_lost_a_finding_stays_unknown,
	  findings_of_a_file_are_put_in_the_order_of_their_places,
	  names_of_results_go_both_ways)
