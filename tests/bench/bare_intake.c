/* tests/bench/bare_intake.c - what tests/bench/intake.sh compares with: the HTTP
 * library (epoll, two threads) and a HMAC over the body, nothing else: no limits, no
 * deadlines, no store. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define THREADS    2U
#define BODY_BYTES 65536

struct delivery {
	size_t length;
	char body[BODY_BYTES];
};

static const char *secret;

static int is_signed(struct MHD_Connection *connection, const struct delivery *delivery)
{
	const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 "X-Hub-Signature-256");
	unsigned char told[DIGEST_BYTES], right[DIGEST_BYTES];

	if (!header || strncmp(header, "sha256=", 7) != 0 ||
	    strlen(header) != 7 + 2 * DIGEST_BYTES ||
	    hex_decode(header + 7, DIGEST_BYTES, told) != 0)
		return 0;
	HMAC(EVP_sha256(), secret, (int)strlen(secret),
	     (const unsigned char *)delivery->body, delivery->length, right, NULL);
	return CRYPTO_memcmp(told, right, DIGEST_BYTES) == 0;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status)
{
	static char text[] = "{}";
	struct MHD_Response *response = MHD_create_response_from_buffer(
		sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result serve(void *data, struct MHD_Connection *connection,
			     const char *path, const char *method, const char *version,
			     const char *piece, size_t *length, void **state)
{
	struct delivery *delivery = *state;

	(void)data;
	(void)path;
	(void)method;
	(void)version;
	if (!delivery) {
		*state = delivery = malloc(sizeof(*delivery));
		delivery->length = 0;
		return MHD_YES;
	}
	if (*length > 0) {
		if (delivery->length + *length <= BODY_BYTES) {
			memcpy(delivery->body + delivery->length, piece, *length);
			delivery->length += *length;
		}
		*length = 0;
		return MHD_YES;
	}
	return answer(connection, is_signed(connection, delivery) ? 202 : 401);
}

static void done(void *data, struct MHD_Connection *connection, void **state,
		 enum MHD_RequestTerminationCode code)
{
	(void)data;
	(void)connection;
	(void)code;
	free(*state);
	*state = NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	if (argc != 3) {
		fprintf(stderr, "usage: bare_intake PORT SECRET\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	secret = argv[2];
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, serve, NULL,
		MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
		MHD_OPTION_THREAD_POOL_SIZE, THREADS, MHD_OPTION_NOTIFY_COMPLETED, done,
		NULL, MHD_OPTION_END);
	if (!daemon) {
		fprintf(stderr, "cannot serve on port %s\n", argv[1]);
		return 1;
	}
	pause();
	return 0;
}
