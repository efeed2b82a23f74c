/* base/clock.c - time: reading clocks, and RFC 3339 and durations as text. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

#define MILLISECOND (CLOCK_SECOND / 1000)
#define MINUTE      (60 * CLOCK_SECOND)
#define HOUR        (60 * MINUTE)
#define DAY         (24 * HOUR)

static _Atomic int64_t fixed = -1;

static int64_t read_clock(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec / 1000;
}

int64_t clock_now(void)
{
	int64_t now = atomic_load_explicit(&fixed, memory_order_relaxed);
	return now >= 0 ? now : read_clock(CLOCK_REALTIME);
}

static _Atomic int64_t built = BUILD_SECONDS * CLOCK_SECOND;

int64_t clock_built(void)
{
	return atomic_load_explicit(&built, memory_order_relaxed);
}

void clock_set_built_for_tests(int64_t when)
{
	atomic_store(&built, when);
}

int64_t clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_set_for_tests(int64_t now)
{
	atomic_store(&fixed, now < 0 ? -1 : now);
}

void clock_format(int64_t when, int milliseconds, char out[CLOCK_TEXT_BYTES])
{
	/* The years 0000 to 9999 are what RFC 3339 can write. */
	const int64_t first = INT64_C(-62167219200);
	const int64_t last = INT64_C(253402300799);
	int64_t part = when % CLOCK_SECOND;
	int64_t seconds = when / CLOCK_SECOND;
	if (part < 0) {
		part += CLOCK_SECOND;
		seconds--;
	}
	seconds = seconds < first ? first : seconds > last ? last : seconds;
	time_t time = (time_t)seconds;
	struct tm tm = { 0 };
	gmtime_r(&time, &tm);
	char fraction[8] = "";
	if (milliseconds)
		snprintf(fraction, sizeof(fraction), ".%03d",
			 (int)(part / MILLISECOND));
	/* The remainders change nothing; they show the compiler that it fits. */
	snprintf(out, CLOCK_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u%sZ",
		 (unsigned int)(tm.tm_year + 1900) % 10000,
		 (unsigned int)(tm.tm_mon + 1) % 100, (unsigned int)tm.tm_mday % 100,
		 (unsigned int)tm.tm_hour % 100, (unsigned int)tm.tm_min % 100,
		 (unsigned int)tm.tm_sec % 100, fraction);
}

/* Exactly `digits` digits whose value is from..to. */
static bool take_number(const char **at, int digits, int from, int to, int *out)
{
	int value = 0;
	for (int i = 0; i < digits; i++) {
		char digit = (*at)[i];
		if (digit < '0' || digit > '9')
			return false;
		value = value * 10 + (digit - '0');
	}
	if (value < from || value > to)
		return false;
	*at += digits;
	*out = value;
	return true;
}

static bool take_char(const char **at, char expected)
{
	if (**at != expected)
		return false;
	(*at)++;
	return true;
}

static bool take_date(const char **at, struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day;
	if (!take_number(at, 4, 0, 9999, &year) || !take_char(at, '-') ||
	    !take_number(at, 2, 1, 12, &month) || !take_char(at, '-') ||
	    !take_number(at, 2, 1, 31, &day))
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day > days[month - 1] + (month == 2 && leap))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* ".25": digits after the sixth are read and dropped. */
static bool take_fraction(const char **at, int64_t *microseconds)
{
	*microseconds = 0;
	if (!take_char(at, '.'))
		return true;
	int64_t weight = CLOCK_SECOND / 10;
	const char *start = *at;
	for (; **at >= '0' && **at <= '9'; (*at)++, weight /= 10)
		*microseconds += (**at - '0') * weight;
	return *at != start;
}

static bool take_zone(const char **at, int64_t *offset)
{
	*offset = 0;
	if (take_char(at, 'Z') || take_char(at, 'z'))
		return true;
	int sign = **at == '-' ? -1 : 1;
	int hours, minutes;
	if ((!take_char(at, '+') && !take_char(at, '-')) ||
	    !take_number(at, 2, 0, 23, &hours) || !take_char(at, ':') ||
	    !take_number(at, 2, 0, 59, &minutes))
		return false;
	*offset = sign * (hours * HOUR + minutes * MINUTE);
	return true;
}

int clock_parse(const char *text, int64_t *out)
{
	struct tm tm = { 0 };
	int64_t fraction = 0;
	int64_t offset = 0;
	const char *at = text;
	if (!take_date(&at, &tm))
		return ERROR_ENCODING;
	if (*at != '\0') {
		if ((!take_char(&at, 'T') && !take_char(&at, 't')) ||
		    !take_number(&at, 2, 0, 23, &tm.tm_hour) || !take_char(&at, ':') ||
		    !take_number(&at, 2, 0, 59, &tm.tm_min) || !take_char(&at, ':') ||
		    !take_number(&at, 2, 0, 60, &tm.tm_sec) ||
		    !take_fraction(&at, &fraction) || !take_zone(&at, &offset) ||
		    *at != '\0')
			return ERROR_ENCODING;
	}
	*out = (int64_t)timegm(&tm) * CLOCK_SECOND + fraction - offset;
	return 0;
}

int duration_parse(const char *text, int64_t *out)
{
	static const struct {
		const char *name;
		int64_t factor;
	} units[] = {
		{ "d", DAY },          { "h", HOUR },         { "m", MINUTE },
		{ "s", CLOCK_SECOND }, { "ms", MILLISECOND }, { "us", 1 },
	};
	const size_t unit_count = sizeof(units) / sizeof(units[0]);
	int64_t total = 0;
	size_t next = 0; /* units come in order, each at most once */
	const char *at = text;
	do {
		int64_t number = 0;
		const char *digits = at;
		for (; *at >= '0' && *at <= '9'; at++)
			if (__builtin_mul_overflow(number, 10, &number) ||
			    __builtin_add_overflow(number, *at - '0', &number))
				return ERROR_ENCODING;
		size_t name_length = strspn(at, "dhmsu");
		while (next < unit_count &&
		       (strlen(units[next].name) != name_length ||
			memcmp(units[next].name, at, name_length) != 0))
			next++;
		if (at == digits || next == unit_count ||
		    __builtin_mul_overflow(number, units[next].factor, &number) ||
		    __builtin_add_overflow(total, number, &total))
			return ERROR_ENCODING;
		at += name_length;
		next++;
	} while (*at != '\0');
	*out = total;
	return 0;
}

/* "2h 5m" or "2h": the larger unit, and the smaller one when it is not zero. */
static void format_pair(const char *sign, uint64_t large, const char *large_unit,
			uint64_t small, const char *small_unit, char *out)
{
	if (small == 0)
		snprintf(out, CLOCK_TEXT_BYTES, "%s%" PRIu64 "%s", sign, large,
			 large_unit);
	else
		snprintf(out, CLOCK_TEXT_BYTES, "%s%" PRIu64 "%s %u%s", sign, large,
			 large_unit, (unsigned int)small % 100, small_unit);
}

void duration_format(int64_t duration, char out[CLOCK_TEXT_BYTES])
{
	const char *sign = duration < 0 ? "-" : "";
	uint64_t length = duration < 0 ? -(uint64_t)duration : (uint64_t)duration;
	if (length < MILLISECOND && length != 0) {
		snprintf(out, CLOCK_TEXT_BYTES, "%s%" PRIu64 " us", sign, length);
	} else if (length < CLOCK_SECOND) {
		snprintf(out, CLOCK_TEXT_BYTES, "%s%" PRIu64 " ms", sign,
			 length / MILLISECOND);
	} else if (length < MINUTE) {
		unsigned int hundredths =
			(unsigned int)(length % CLOCK_SECOND / (CLOCK_SECOND / 100));
		int digits = hundredths == 0 ? 0 : hundredths % 10 == 0 ? 1 : 2;
		snprintf(out, CLOCK_TEXT_BYTES, "%s%" PRIu64 "%s%.*u s", sign,
			 length / CLOCK_SECOND, digits == 0 ? "" : ".", digits,
			 digits == 1 ? hundredths / 10 : hundredths);
	} else if (length < HOUR) {
		format_pair(sign, length / MINUTE, "m", length % MINUTE / CLOCK_SECOND,
			    "s", out);
	} else if (length < DAY) {
		format_pair(sign, length / HOUR, "h", length % HOUR / MINUTE, "m", out);
	} else {
		format_pair(sign, length / DAY, "d", length % DAY / HOUR, "h", out);
	}
}
