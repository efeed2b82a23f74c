/* base/random.c - unpredictable bytes from the kernel. */
#include "base/random.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static atomic_bool repeatable;
static _Atomic uint64_t sequence;

/* SplitMix64: a counter that goes through a mixing function. */
static uint64_t next_in_sequence(void)
{
	const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t value = atomic_fetch_add(&sequence, step) + step;
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

static void repeatable_bytes(unsigned char *out, size_t length)
{
	while (length > 0) {
		uint64_t value = next_in_sequence();
		size_t count = length < sizeof(value) ? length : sizeof(value);
		memcpy(out, &value, count);
		out += count;
		length -= count;
	}
}

void random_bytes(void *out, size_t length)
{
	unsigned char *to = out;
	if (atomic_load(&repeatable)) {
		repeatable_bytes(to, length);
		return;
	}
	while (length > 0) {
		ssize_t got = getrandom(to, length, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort(); /* going on with predictable bytes would be worse */
		to += got;
		length -= (size_t)got;
	}
}

uint64_t random_below(uint64_t bound)
{
	/* Values under 2^64 mod bound are thrown away, so that all are equally likely.
	 */
	uint64_t unfair = -bound % bound;
	uint64_t value;
	do
		random_bytes(&value, sizeof(value));
	while (value < unfair);
	return value % bound;
}

void random_seed_for_tests(uint64_t seed)
{
	atomic_store(&sequence, seed);
	atomic_store(&repeatable, true);
}
