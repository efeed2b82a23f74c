/* intake/intake.h - the process that speaks HTTP: webhooks, the API, events, health and
 * metrics.
 *
 * Holds listening sockets, the secrets of webhooks and the channel to control, nothing
 * else: no store, no files, no outgoing connections. What it cannot answer itself it
 * asks control by typed messages, the connection suspended meanwhile; it writes the
 * JSON. */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/sandbox.h"

struct error;
struct limits;

struct intake_listener {
	int fd;     /* listening already */
	bool local; /* the local socket: rights by the peer's uid; else by tokens */
	bool tls;   /* it speaks TLS: certificate and key of the setup */
	const char *address; /* for messages */
};

struct intake_setup {
	const struct intake_listener *listeners;
	size_t listener_count;
	struct sandbox_options sandbox;
	uint64_t connections;       /* at most, over all listeners */
	bool anonymous_read;        /* reading needs no token */
	const char *const *proxies; /* networks whose X-Forwarded-For counts */
	size_t proxy_count;
	const char *certificate;     /* of TLS: a chain in PEM */
	const char *key;             /* and its private key */
	const struct limits *limits; /* NULL: limits_default */
};

/* The main loop: one thread, woken by the channel, the sockets and deadlines only.
 * Enters PROFILE_INTAKE first. When the channel to control closes, answers what waits
 * with 503 and returns the exit status. */
int intake_main(int control_fd, const struct intake_setup *setup);

/* Whether a text is one of `proxies`: "10.0.0.0/8", "::1". 0 or ERROR_CONFIG. */
int intake_check_proxy(const char *text, struct error *err);

const char *intake_library_version(void); /* of libmicrohttpd: "0.9.75" */

#endif
