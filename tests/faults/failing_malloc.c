/* tests/faults/failing_malloc.c - preloaded: an allocation fails.
 *
 *   FAIL_AT=N      the Nth allocation of the process fails
 *   FAIL_FROM=N    the Nth and all after it
 *   FAIL_COUNT=F   at exit the number of allocations is written to the file F */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static long count, fail_at, fail_from;
static const char *count_file;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAIL_AT"), *from = getenv("FAIL_FROM");

	fail_at = at ? strtol(at, NULL, 10) : 0;
	fail_from = from ? strtol(from, NULL, 10) : 0;
	count_file = getenv("FAIL_COUNT");
	count = 0;
}

__attribute__((destructor)) static void end(void)
{
	char digits[24];
	size_t at = sizeof(digits);
	long left = count;

	if (!count_file)
		return;
	do
		digits[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	int fd = open(count_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0 && write(fd, digits + at, sizeof(digits) - at) < 0)
		_exit(99);
}

static int fails(void)
{
	long now = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);

	if (now != fail_at && (fail_from == 0 || now < fail_from))
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
	return fails() ? NULL : __libc_calloc(items, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *memory = fails() ? NULL : __libc_memalign(alignment, size);

	if (!memory)
		return ENOMEM;
	*out = memory;
	return 0;
}
