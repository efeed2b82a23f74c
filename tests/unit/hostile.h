/* tests/unit/hostile.h - what tests of texts made to exhaust share: how long a thread
 * worked, how much slower sanitizers are, and texts that repeat themselves. */
#ifndef TESTS_UNIT_HOSTILE_H
#define TESTS_UNIT_HOSTILE_H

#include <time.h>

#include "base/buf.h"

/* Sanitizers are slower by so much, and hold what was freed. */
#if defined(__SANITIZE_ADDRESS__)
#define SLOWER 20
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define SLOWER 20
#endif
#endif
#ifndef SLOWER
#define SLOWER 1
#endif

/* Of this thread's processor time: what others do on the machine does not count. */
static inline double milliseconds(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static inline void repeat(struct buf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_add_string(out, text);
}

static inline void numbered(struct buf *out, const char *before, const char *behind,
			    size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_addf(out, "%s%zu%s", before, i, behind);
}

#endif
