/* intake/intake.h - the process that speaks HTTP: health, metrics, the API; over the
 * local socket also hints and commands.
 *
 * Holds listening sockets and the channel to control, nothing else: no store, no files,
 * no outgoing connections. What it cannot answer itself it asks control by typed
 * messages, the connection suspended meanwhile; it writes the JSON. */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/sandbox.h"

struct limits;

struct intake_listener {
	int fd;     /* listening already */
	bool local; /* the local socket: rights by the peer's uid; else read-only */
	const char *address; /* for messages */
};

struct intake_setup {
	const struct intake_listener *listeners;
	size_t listener_count;
	struct sandbox_options sandbox;
	uint64_t connections;        /* at most, over all listeners */
	const struct limits *limits; /* NULL: limits_default */
};

/* The main loop: one thread, woken by the channel, the sockets and deadlines only.
 * Enters PROFILE_INTAKE first. When the channel to control closes, answers what waits
 * with 503 and returns the exit status. */
int intake_main(int control_fd, const struct intake_setup *setup);

const char *intake_library_version(void); /* of libmicrohttpd: "0.9.75" */

#endif
