/* base/random.h - unpredictable bytes, injectable for tests. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Never fails (getrandom(2) blocks until ready; any other failure ends the process). */
void random_bytes(void *out, size_t length);
/* Uniform in 0 .. bound - 1; bound > 0. */
uint64_t random_below(uint64_t bound);
/* Tests only: from now on a repeatable sequence. */
void random_seed_for_tests(uint64_t seed);

#endif
