/* tests/unit/failing_memory.h - each allocation in turn fails: set `countdown`, look at
 * `one_failed`.
 *
 * The linker sends our allocations here: -Wl,--wrap=malloc,--wrap=calloc,
 * --wrap=realloc. */
#ifndef TESTS_UNIT_FAILING_MEMORY_H
#define TESTS_UNIT_FAILING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

/* The allocation that fails, counted down; 0: none. */
static unsigned long countdown;
static bool one_failed;

static bool fails_now(void)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	one_failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails_now() ? NULL : __real_realloc(old, size);
}

#endif
