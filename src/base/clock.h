/* base/clock.h - time, injectable for tests.
 *
 * A timestamp is an int64_t of microseconds since 1970-01-01 UTC. A duration is in
 * microseconds too. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_SECOND INT64_C(1000000)

int64_t clock_now(void);       /* wall clock */
int64_t clock_monotonic(void); /* for durations and deadlines */

/* What no honest clock shows less than: SOURCE_DATE_EPOCH when this was configured,
 * else the date of the release. Judging refuses before it. */
int64_t clock_built(void);
void clock_set_built_for_tests(int64_t when);

/* Tests only: from now on clock_now() answers this (and does not move); negative
 * restores the real clock. */
void clock_set_for_tests(int64_t now);

#define CLOCK_TEXT_BYTES 32
/* RFC 3339 in UTC: "2026-11-21T09:30:00Z"; milliseconds are added when `milliseconds`
 * is not 0. */
void clock_format(int64_t when, int milliseconds, char out[CLOCK_TEXT_BYTES]);
/* RFC 3339 ("2026-11-21T09:30:00Z", offsets allowed) or a date ("2026-11-21" = its
 * start in UTC). 0 or ERROR_ENCODING. */
int clock_parse(const char *text, int64_t *out);
/* "90s", "10m", "6h", "30d", "1h30m", "250ms". 0 or ERROR_ENCODING. */
int duration_parse(const char *text, int64_t *out);
void duration_format(
	int64_t duration,
	char out[CLOCK_TEXT_BYTES]); /* "1.25 s", "38 ms", "2h 5m" for people */

#endif
