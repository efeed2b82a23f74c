/* doc/schema_format_time.c - dates, times and durations: RFC 3339 and its appendix A.
 */
#include <string.h>

#include "doc/schema_format_parts.h"

/* `count` digits passed over; -1: they are not there. */
static int take_digits(const char **at, int count)
{
	int value = 0;
	for (int i = 0; i < count; i++) {
		if (!is_digit(**at))
			return -1;
		value = value * 10 + (*(*at)++ - '0');
	}
	return value;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool take_date(const char **at)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = take_digits(at, 4);
	if (year < 0 || !take(at, '-'))
		return false;
	int month = take_digits(at, 2);
	if (month < 1 || month > 12 || !take(at, '-'))
		return false;
	int day = take_digits(at, 2);
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day >= 1 && day <= days[month - 1] && (month != 2 || day < 29 || leap);
}

/* Minutes east of UTC in *offset. */
static bool take_zone(const char **at, int *offset)
{
	*offset = 0;
	if (take(at, 'Z') || take(at, 'z'))
		return true;
	int sign = **at == '-' ? -1 : 1;
	if (!take(at, '+') && !take(at, '-'))
		return false;
	int hours = take_digits(at, 2);
	if (hours < 0 || hours > 23 || !take(at, ':'))
		return false;
	int minutes = take_digits(at, 2);
	*offset = sign * (hours * 60 + minutes);
	return minutes >= 0 && minutes < 60;
}

static bool take_time(const char **at)
{
	int hour = take_digits(at, 2);
	if (hour < 0 || hour > 23 || !take(at, ':'))
		return false;
	int minute = take_digits(at, 2);
	if (minute < 0 || minute > 59 || !take(at, ':'))
		return false;
	int second = take_digits(at, 2);
	if (second < 0 || second > 60)
		return false;
	if (take(at, '.')) {
		if (!is_digit(**at))
			return false;
		while (is_digit(**at))
			(*at)++;
	}
	int offset;
	if (!take_zone(at, &offset))
		return false;
	/* A leap second is the last of a day in UTC. */
	int utc = ((hour * 60 + minute - offset) % 1440 + 1440) % 1440;
	return second < 60 || utc == 1439;
}

bool format_is_date_time(const char *at)
{
	return take_date(&at) && (take(&at, 'T') || take(&at, 't')) && take_time(&at) &&
	       *at == '\0';
}

/* Units in their order, each with digits before it; what is there was passed over. */
static int take_units(const char **at, const char *units)
{
	int taken = 0;
	const char *first = units;
	while (is_digit(**at)) {
		const char *end = *at;
		while (is_digit(*end))
			end++;
		const char *unit = *end == '\0' ? NULL : strchr(first, *end);
		/* RFC 3339: no unit is left out between two others. */
		if (unit == NULL || (taken > 0 && unit != first))
			return -1;
		first = unit + 1;
		*at = end + 1;
		taken++;
	}
	return taken;
}

bool format_is_duration(const char *at)
{
	if (!take(&at, 'P'))
		return false;
	const char *weeks = at;
	if (take_units(&weeks, "W") == 1)
		return *weeks == '\0';
	int date = take_units(&at, "YMD");
	if (date < 0)
		return false;
	if (!take(&at, 'T'))
		return date > 0 && *at == '\0';
	return take_units(&at, "HMS") > 0 && *at == '\0';
}

bool format_is_date(const char *at)
{
	return take_date(&at) && *at == '\0';
}

bool format_is_time(const char *at)
{
	return take_time(&at) && *at == '\0';
}
