/* tests/unit/http_server.h - a server that says what a test tells it, and keeps every
 * byte it hears. In a child process; loopback only. */
#ifndef TESTS_UNIT_HTTP_SERVER_H
#define TESTS_UNIT_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum server_act {
	SERVER_CLOSE = 0, /* sends its reply and closes */
	SERVER_KEEP,      /* sends its reply and waits for the next request */
	SERVER_RESET,     /* sends its reply and resets the connection */
	SERVER_HANG,      /* sends its reply and then nothing for ever */
	SERVER_SLOW,      /* a byte each 5 ms */
	SERVER_FLOOD,     /* sends its reply and then 17 MiB of x */
};

#define SERVER_REPLIES 10

struct server_shared {
	struct {
		enum server_act act;
		char bytes[40000];
		size_t length;
	} replies[SERVER_REPLIES]; /* one a request; the last one is repeated */
	unsigned int reply_count;
	unsigned int requests;
	unsigned int connections;
	char heard[65536]; /* what came; NUL-terminated */
	size_t heard_length;
};

struct server {
	pid_t pid;
	int port;
	struct server_shared *shared;
};

/* `certificate`: PEM file with certificate and key; NULL: plain HTTP. */
void server_start(struct server *server, const char *certificate);
void server_stop(struct server *server);
/* Forgets what was heard and said. */
void server_reset(struct server *server);
void server_says(struct server *server, enum server_act act, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A self-signed certificate with its key in a file, for "IP:127.0.0.1" or
 * "DNS:example.org". False: there is no openssl. */
bool server_certificate(const char *file, const char *name);

#endif
