/* cmd/versions.h - versions of the libraries that this process runs with. */
#ifndef CMD_VERSIONS_H
#define CMD_VERSIONS_H

#include <stddef.h>

#define LIBRARIES_MAX 16

struct library_version {
	const char *name;
	char version[48];
	const char *fault; /* a known fault of this very version and what gitgate does
			      about it; NULL: none known */
};

/* Fills at most LIBRARIES_MAX; returns how many. */
size_t library_versions(struct library_version *out);

#endif
