/* base/spawn.h - runs a program: no shell, cleared environment, bounded output, a
 * deadline.
 *
 * The child gets exactly `environment`, descriptors 0 to 2, its own process group
 * (killed as a whole at the deadline), and a signal when the caller ends before it. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct error;

struct spawn {
	const char *const *arguments; /* arguments[0] is looked up in `path` when it has
					 no '/'; ends with NULL */
	const char *const *environment; /* "NAME=value" ...; ends with NULL; NULL: PATH
					   and LC_ALL=C.UTF-8 only */
	const char *directory;          /* NULL: stay */
	const void *input;              /* given on standard input; NULL: /dev/null */
	size_t input_length;
	int orphan_signal;     /* when the caller (the thread) ends; 0: SIGTERM */
	int64_t timeout;       /* microseconds; 0: 60 s */
	size_t output_maximum; /* bytes of each of output and errors; 0: 1 MiB; more is
				  cut, not failed */
	int (*before_exec)(void *data); /* in the child; not 0 ends it with status 126;
					   NULL: none */
	void *data;
};

struct spawn_result {
	int status; /* exit status, or 128 + signal */
	struct buf output;
	struct buf errors;
};

/* Runs to the end. 0 when the program ran at all (see result->status); ERROR_NOT_FOUND,
 * ERROR_TIMEOUT, ERROR_MEMORY, ERROR_CHILD. spawn_result_release() in every case. */
int spawn_run(const struct spawn *spawn, struct spawn_result *result,
	      struct error *err);
void spawn_result_release(struct spawn_result *result);
/* As spawn_run(), and a status other than 0 is ERROR_CHILD with the line of the error
 * output that tells most: the first "fatal: ", or else the last one. */
int spawn_check(const struct spawn *spawn, struct spawn_result *result,
		struct error *err);

extern const char *const spawn_default_environment[];
#define SPAWN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#endif
