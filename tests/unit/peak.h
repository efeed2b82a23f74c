/* tests/unit/peak.h - the most memory that this process held since a moment, in bytes:
 * Linux's high-water mark, which is set back first. */
#ifndef TESTS_UNIT_PEAK_H
#define TESTS_UNIT_PEAK_H

#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* A line of /proc/self/status that is an amount of memory. */
static inline size_t peak_read(const char *name)
{
	char line[256];
	size_t length = strlen(name);
	unsigned long kib = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, length) == 0)
			sscanf(line + length, "%lu", &kib);
	if (file != NULL)
		fclose(file);
	return (size_t)kib * 1024;
}

/* What is held now. Memory that was freed goes back to the system before, so that it
 * counts when it is taken again. */
static inline size_t peak_begin(void)
{
	malloc_trim(0);
	FILE *file = fopen("/proc/self/clear_refs", "w");
	if (file != NULL) {
		fputs("5", file);
		fclose(file);
	}
	return peak_read("VmRSS:");
}

static inline size_t peak_since(size_t begin)
{
	size_t peak = peak_read("VmHWM:");
	return peak > begin ? peak - begin : 0;
}

#endif
