/* tests/unit/hostile.h - what tests of texts made to exhaust share: how long a thread
 * worked, how much slower sanitizers and the machine are, and texts that repeat
 * themselves. */
#ifndef TESTS_UNIT_HOSTILE_H
#define TESTS_UNIT_HOSTILE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "base/buf.h"

#define TRIES 5 /* of which the best counts */

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

static inline int compare_bytes(const void *left, const void *right)
{
	return *(const unsigned char *)left - *(const unsigned char *)right;
}

/* Work of the C library and the kernel, which takes REFERENCE milliseconds on the
 * machine that the limits were set on, when it is quiet. */
#define REFERENCE 18.0
static inline double time_reference(void)
{
	const size_t size = (size_t)16 << 20;
	const size_t sorted = 50000;
	double start = milliseconds();
	unsigned char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		return REFERENCE;
	for (size_t i = 0; i < size; i += 64)
		bytes[i] = (unsigned char)i;
	for (size_t i = 0; i < sorted; i++)
		bytes[i] = (unsigned char)(i * 2654435761U >> 13);
	qsort(bytes, sorted, 1, compare_bytes);
	munmap(bytes, size);
	return milliseconds() - start;
}

/* Whether so many milliseconds are within a limit, on a machine that may be slower, or
 * busier. */
static inline bool in_time(double took, double most)
{
	most *= SLOWER;
	double reference = REFERENCE;
	for (int i = 0; i < 3 && took > most * reference / REFERENCE; i++) {
		double again = time_reference();
		reference = again > reference ? again : reference;
	}
	return took <= most * reference / REFERENCE;
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
