/* tests/unit/http_server.c - a scripted server of one connection at a time. */
#include "http_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"

#define FLOOD_BYTES (17U << 20)

struct connection {
	int fd;
	SSL *tls; /* NULL: plain */
	struct server_shared *shared;
};

/* --- in the child --- */

static ssize_t hear(struct connection *connection, char *out, size_t size)
{
	if (connection->tls != NULL)
		return SSL_read(connection->tls, out, (int)size);
	return read(connection->fd, out, size);
}

static bool say(struct connection *connection, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t said =
			connection->tls != NULL
				? SSL_write(connection->tls, bytes, (int)length)
				: send(connection->fd, bytes, length, MSG_NOSIGNAL);
		if (said <= 0)
			return false;
		bytes += said;
		length -= (size_t)said;
	}
	return true;
}

static void keep_heard(struct server_shared *shared, const char *bytes, size_t length)
{
	size_t room = sizeof(shared->heard) - 1 - shared->heard_length;
	if (length > room)
		length = room;
	memcpy(shared->heard + shared->heard_length, bytes, length);
	shared->heard_length += length;
	shared->heard[shared->heard_length] = '\0';
}

/* One request with its body. */
static bool hear_request(struct connection *connection)
{
	char request[32768];
	size_t length = 0, wanted = 0;
	while (wanted == 0 || length < wanted) {
		ssize_t got = hear(connection, request + length,
				   sizeof(request) - 1 - length);
		if (got <= 0)
			return false;
		keep_heard(connection->shared, request + length, (size_t)got);
		if (request[0] == 0x16) /* TLS to a plain server */
			return false;
		length += (size_t)got;
		request[length] = '\0';
		char *end = strstr(request, "\r\n\r\n");
		if (end == NULL || wanted != 0)
			continue;
		char *field = strstr(request, "Content-Length: ");
		wanted = (size_t)(end - request) + 4;
		if (field != NULL && field < end)
			wanted += strtoul(field + strlen("Content-Length: "), NULL, 10);
	}
	return true;
}

static void say_slowly(struct connection *connection, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length && say(connection, bytes + i, 1); i++)
		usleep(5000);
}

static void flood(struct connection *connection)
{
	static char block[65536];
	memset(block, 'x', sizeof(block));
	for (size_t sent = 0; sent < FLOOD_BYTES; sent += sizeof(block))
		if (!say(connection, block, sizeof(block)))
			return;
}

/* False: the connection is to be closed. */
static bool answer(struct connection *connection)
{
	struct server_shared *shared = connection->shared;
	unsigned int number = shared->requests++;
	if (shared->reply_count == 0)
		return false;
	if (number >= shared->reply_count)
		number = shared->reply_count - 1;
	const char *bytes = shared->replies[number].bytes;
	size_t length = shared->replies[number].length;
	struct linger abort = { 1, 0 };
	enum server_act act = shared->replies[number].act;
	if (act == SERVER_SLOW)
		say_slowly(connection, bytes, length);
	else
		say(connection, bytes, length);
	switch (act) {
	case SERVER_CLOSE:
	case SERVER_SLOW:
		return false;
	case SERVER_KEEP:
		return true;
	case SERVER_RESET:
		setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &abort,
			   sizeof(abort));
		return false;
	case SERVER_HANG:
		/* Until the client goes. */
		return hear(connection, (char[16]){ 0 }, 16) > 0;
	case SERVER_FLOOD:
		flood(connection);
		return false;
	}
	return false;
}

static void serve(struct connection *connection, SSL_CTX *context)
{
	connection->shared->connections++;
	if (context != NULL) {
		connection->tls = SSL_new(context);
		SSL_set_fd(connection->tls, connection->fd);
		if (SSL_accept(connection->tls) != 1) {
			SSL_free(connection->tls);
			return;
		}
	}
	while (hear_request(connection) && answer(connection))
		;
	if (connection->tls != NULL) {
		SSL_shutdown(connection->tls);
		SSL_free(connection->tls);
	}
}

__attribute__((noreturn)) static void run(int listener, const char *certificate,
					  struct server_shared *shared)
{
	SSL_CTX *context = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (certificate != NULL) {
		context = SSL_CTX_new(TLS_server_method());
		if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
		    SSL_CTX_use_PrivateKey_file(context, certificate,
						SSL_FILETYPE_PEM) != 1)
			_exit(1);
	}
	for (;;) {
		struct connection connection = { accept(listener, NULL, NULL), NULL,
						 shared };
		if (connection.fd < 0)
			_exit(1);
		serve(&connection, context);
		close(connection.fd);
	}
}

/* --- in the test --- */

void server_start(struct server *server, const char *certificate)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 50), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	server->shared = mmap(NULL, sizeof(*server->shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(server->shared, MAP_FAILED);
	fflush(stdout);
	server->pid = fork();
	ck_assert_int_ge(server->pid, 0);
	if (server->pid == 0)
		run(listener, certificate, server->shared);
	close(listener);
}

void server_stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	munmap(server->shared, sizeof(*server->shared));
}

void server_reset(struct server *server)
{
	server->shared->reply_count = server->shared->requests = 0;
	server->shared->connections = 0;
	server->shared->heard_length = 0;
	server->shared->heard[0] = '\0';
}

void server_says(struct server *server, enum server_act act, const char *format, ...)
{
	struct server_shared *shared = server->shared;
	unsigned int number = shared->reply_count++;
	va_list arguments;
	ck_assert_uint_lt(number, SERVER_REPLIES);
	va_start(arguments, format);
	int length =
		vsnprintf(shared->replies[number].bytes,
			  sizeof(shared->replies[number].bytes), format, arguments);
	va_end(arguments);
	ck_assert_int_lt(length, (int)sizeof(shared->replies[number].bytes));
	shared->replies[number].length = (size_t)length;
	shared->replies[number].act = act;
}

bool server_certificate(const char *file, const char *name)
{
	char names[64];
	snprintf(names, sizeof(names), "subjectAltName=%s", name);
	const char *arguments[] = { "openssl",
				    "req",
				    "-x509",
				    "-newkey",
				    "ec",
				    "-pkeyopt",
				    "ec_paramgen_curve:P-256",
				    "-nodes",
				    "-days",
				    "2",
				    "-subj",
				    "/CN=test",
				    "-addext",
				    names,
				    "-keyout",
				    file,
				    "-out",
				    "/dev/stdout",
				    NULL };
	struct spawn spawn = { .arguments = arguments };
	struct spawn_result result;
	bool made = spawn_check(&spawn, &result, NULL) == 0;
	if (made) {
		FILE *out = fopen(file, "a");
		ck_assert_ptr_nonnull(out);
		fwrite(result.output.data, 1, result.output.length, out);
		fclose(out);
	}
	spawn_result_release(&result);
	return made;
}
