/* tests/faults/other_clock.c - preloaded: the wall clock shows OTHER_CLOCK seconds more
 * (or less, when negative) than it should. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long offset;

/* Before the program clears its environment. */
__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("OTHER_CLOCK");

	offset = text ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, id, out);

	if (rc == 0 && id == CLOCK_REALTIME)
		out->tv_sec += offset;
	return rc;
}
