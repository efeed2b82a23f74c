/* Time as text, both ways; limits, metrics and random numbers. */
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/random.h"
#include "unit.h"

START_TEST(clocks_move_unless_told_otherwise)
{
	int64_t first = clock_monotonic();
	ck_assert_int_gt(clock_now(), INT64_C(1700000000) * CLOCK_SECOND);
	ck_assert_int_ge(clock_monotonic(), first);
	clock_set_for_tests(42);
	ck_assert_int_eq(clock_now(), 42);
	clock_set_for_tests(0);
	ck_assert_int_eq(clock_now(), 0);
	clock_set_for_tests(-1);
	ck_assert_int_gt(clock_now(), 42);
}
END_TEST

START_TEST(times_are_formatted)
{
	static const struct {
		int64_t when;
		const char *seconds;
		const char *milliseconds;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z" },
		{ INT64_C(951782400001999), "2000-02-29T00:00:00Z",
		  "2000-02-29T00:00:00.001Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z", NULL },
		{ INT64_MIN, "0000-01-01T00:00:00Z", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CLOCK_TEXT_BYTES];
		clock_format(cases[i].when, 0, text);
		ck_assert_str_eq(text, cases[i].seconds);
		clock_format(cases[i].when, 1, text);
		if (cases[i].milliseconds != NULL)
			ck_assert_str_eq(text, cases[i].milliseconds);
	}
}
END_TEST

START_TEST(times_are_parsed)
{
	static const struct {
		const char *text;
		int64_t when;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01", 0 },
		{ "2000-02-29", INT64_C(951782400) * CLOCK_SECOND },
		{ "2026-11-21T09:30:00Z", INT64_C(1795253400) * CLOCK_SECOND },
		{ "2026-11-21t11:30:00+02:00", INT64_C(1795253400) * CLOCK_SECOND },
		{ "2026-11-21T04:00:00-05:30", INT64_C(1795253400) * CLOCK_SECOND },
		{ "1970-01-01T00:00:00.25Z", 250000 },
		{ "1970-01-01T00:00:00.123456789z", 123456 },
		{ "1969-12-31T23:59:59Z", -CLOCK_SECOND },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228800) * CLOCK_SECOND },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t when = 7;
		ck_assert_msg(clock_parse(cases[i].text, &when) == 0, "%s",
			      cases[i].text);
		ck_assert_int_eq(when, cases[i].when);
	}
}
END_TEST

START_TEST(wrong_times_are_refused)
{
	static const char *const cases[] = {
		"",
		"2026",
		"2026-11",
		"2026-13-01",
		"2026-00-01",
		"2026-02-29",
		"1900-02-29",
		"2026-04-31",
		"2026-11-21 09:30:00Z",
		"2026-11-21T09:30:00",
		"2026-11-21T09:30Z",
		"2026-11-21T24:00:00Z",
		"2026-11-21T09:60:00Z",
		"2026-11-21T09:30:61Z",
		"2026-11-21T09:30:00.Z",
		"2026-11-21T09:30:00+0200",
		"2026-11-21T09:30:00+24:00",
		"2026-11-21T09:30:00Zx",
		" 2026-11-21",
		"-026-11-21",
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t when = 7;
		ck_assert_msg(clock_parse(cases[i], &when) == ERROR_ENCODING, "%s",
			      cases[i]);
		ck_assert_int_eq(when, 7);
	}
}
END_TEST

START_TEST(durations_are_parsed)
{
	static const struct {
		const char *text;
		int64_t length;
	} good[] = {
		{ "90s", 90 * CLOCK_SECOND },     { "10m", 600 * CLOCK_SECOND },
		{ "6h", 21600 * CLOCK_SECOND },   { "30d", 2592000 * CLOCK_SECOND },
		{ "1h30m", 5400 * CLOCK_SECOND }, { "250ms", 250000 },
		{ "1s5us", CLOCK_SECOND + 5 },    { "0s", 0 },
	};
	static const char *const bad[] = { "",
					   "10",
					   "s",
					   "-1s",
					   "1 s",
					   "1m1h",
					   "1s1s",
					   "1x",
					   "1.5h",
					   "1sm",
					   "9223372036854775807d",
					   "99999999999999999999us",
					   "106751991167d" };
	int64_t length = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(duration_parse(bad[i], &length) == ERROR_ENCODING, "%s",
			      bad[i]);
	ck_assert_int_eq(length, 7);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(duration_parse(good[i].text, &length) == 0, "%s",
			      good[i].text);
		ck_assert_int_eq(length, good[i].length);
	}
}
END_TEST

START_TEST(durations_are_formatted_for_people)
{
	static const struct {
		int64_t length;
		const char *text;
	} cases[] = {
		{ 0, "0 ms" },
		{ 999, "999 us" },
		{ 38000, "38 ms" },
		{ 1250000, "1.25 s" },
		{ 1050000, "1.05 s" },
		{ 1200000, "1.2 s" },
		{ 59999999, "59.99 s" },
		{ 60 * CLOCK_SECOND, "1m" },
		{ 7500 * CLOCK_SECOND, "2h 5m" },
		{ 90000 * CLOCK_SECOND, "1d 1h" },
		{ -1250000, "-1.25 s" },
		{ INT64_MIN, "-106751991d 4h" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CLOCK_TEXT_BYTES];
		duration_format(cases[i].length, text);
		ck_assert_str_eq(text, cases[i].text);
	}
}
END_TEST

START_TEST(limits_are_named_with_their_value)
{
	for (int i = 0; i < LIMIT_COUNT; i++) {
		ck_assert_int_eq(limit_by_name(limit_name((enum limit)i)), i);
		ck_assert_int_ne(limit_unit((enum limit)i)[0], '\0');
		ck_assert_int_ne(limit_reason((enum limit)i)[0], '\0');
		ck_assert_uint_gt(limits_default.values[i], 0);
	}
	ck_assert_int_eq(limit_by_name("no.such"), ERROR_NOT_FOUND);
	struct error err = ERROR_INIT;
	ck_assert_int_eq(limit_check(&limits_default, LIMIT_YAML_DEPTH, 64, "x", &err),
			 0);
	ck_assert_int_eq(err.code, 0);
	ck_assert_int_eq(
		limit_check(&limits_default, LIMIT_YAML_DEPTH, 65, "a.yaml", &err),
		ERROR_LIMIT);
	ck_assert_str_eq(err.text, "'a.yaml' has 65 levels, over the limit yaml.depth "
				   "(64)");
}
END_TEST

START_TEST(metrics_are_shared_with_children)
{
	metric_add(METRIC_HINTS, 5);
	ck_assert_int_eq(metrics_share(NULL), 0);
	ck_assert_int_eq(metrics_share(NULL), 0);
	ck_assert_int_eq(metric_get(METRIC_HINTS), 5);
	pid_t child = fork();
	if (child == 0) {
		metric_add(METRIC_HINTS, 2);
		metric_set(METRIC_JOBS_RUNNING, 9);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(metric_get(METRIC_HINTS), 7);
	metric_add(METRIC_JOBS_RUNNING, -1);
	struct buf buf = BUF_INIT(1 << 20);
	metrics_write(&buf);
	ck_assert_ptr_nonnull(strstr(buf.data, "# TYPE gitgate_hints_total counter\n"
					       "gitgate_hints_total 7\n"));
	ck_assert_ptr_nonnull(strstr(buf.data, "# TYPE gitgate_jobs_running gauge\n"
					       "gitgate_jobs_running 8\n"));
	buf_release(&buf);
}
END_TEST

START_TEST(random_bytes_differ_and_can_be_repeated)
{
	unsigned char a[33] = { 0 }, b[33] = { 0 };
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
	random_seed_for_tests(1);
	random_bytes(a, sizeof(a));
	random_seed_for_tests(1);
	random_bytes(b, sizeof(b));
	ck_assert_mem_eq(a, b, sizeof(a));
	random_bytes(b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

START_TEST(random_numbers_stay_below_their_bound)
{
	unsigned int seen[6] = { 0 };
	for (int i = 0; i < 6000; i++)
		seen[random_below(6)]++;
	for (int i = 0; i < 6; i++)
		ck_assert_uint_gt(seen[i], 700);
	ck_assert_uint_eq(random_below(1), 0);
	ck_assert_uint_lt(random_below(UINT64_MAX), UINT64_MAX);
}
END_TEST

UNIT_MAIN("base_clock", clocks_move_unless_told_otherwise, times_are_formatted,
	  times_are_parsed, wrong_times_are_refused, durations_are_parsed,
	  durations_are_formatted_for_people, limits_are_named_with_their_value,
	  metrics_are_shared_with_children, random_bytes_differ_and_can_be_repeated,
	  random_numbers_stay_below_their_bound)
