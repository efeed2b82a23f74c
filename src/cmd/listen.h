/* cmd/listen.h - the service's listening sockets: opened once, by the keeper, or handed
 * over by systemd. */
#ifndef CMD_LISTEN_H
#define CMD_LISTEN_H

#include <stddef.h>

#include "intake/intake.h"

struct config;
struct error;

#define LISTENERS_MAX 16

struct listeners {
	struct intake_listener items[LISTENERS_MAX];
	size_t count;
};

/* Certificate chain and private key in PEM; both NULL: the network listeners speak
 * plain HTTP. */
struct listen_tls {
	char *certificate;
	char *key;
};

/* The local socket first, then every address of the option `listen`: "127.0.0.1:8420",
 * "[::1]:8420", "unix:/path". A socket file that nobody listens on is replaced. Sockets
 * that systemd passes (LISTEN_FDS) take the place of opening: a unix socket whose path
 * is the option `socket` is the local one. */
int listeners_open(struct listeners *out, const struct config *config,
		   struct error *err);
void listeners_close(struct listeners *listeners);

/* Reads the files of tls-certificate-file and tls-key-file, where they are configured;
 * ERROR_CONFIG when only one is, or the key can be read by others. The key is wiped by
 * listen_tls_release(). */
int listen_tls_read(struct listen_tls *out, const struct config *config,
		    struct error *err);
void listen_tls_release(struct listen_tls *tls);
/* Whether `trusted-proxies` are addresses and networks. */
int listen_check_proxies(const struct config *config, struct error *err);

#endif
