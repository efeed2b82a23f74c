/* tests/unit/intake_fixture.c - intake in a process of its own. */
#include "intake_fixture.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "intake/intake.h"

#define PATIENCE 20000 /* ms: a slow machine under sanitizers */
#define QUIET    100

static int listen_unix(const struct fixture *fixture, const char *name, char path[96])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(path, 96, "%s/%s", fixture->directory, name);
	memcpy(address.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	return fd;
}

static int listen_network(struct fixture *fixture)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	fixture->port = ntohs(address.sin_port);
	return fd;
}

/* -1: this machine has none. */
static int listen_network6(struct fixture *fixture)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
					.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	ck_assert_int_eq(listen(fd, 128), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	fixture->port6 = ntohs(address.sin6_port);
	return fd;
}

static size_t open_doors(struct fixture *fixture, struct intake_listener *listeners,
			 bool tls)
{
	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/intake-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fixture->directory));
	listeners[0] = (struct intake_listener){ .fd = listen_unix(fixture, "socket",
								   fixture->socket),
						 .local = true,
						 .address = "local" };
	listeners[1] = (struct intake_listener){ .fd = listen_network(fixture),
						 .tls = tls,
						 .address = "network" };
	listeners[2] =
		(struct intake_listener){ .fd = listen_unix(fixture, "proxy",
							    fixture->proxy_socket),
					  .address = "proxy" };
	listeners[3] = (struct intake_listener){ .fd = listen_network6(fixture),
						 .tls = tls,
						 .address = "network 6" };
	return listeners[3].fd < 0 ? 3 : 4;
}

void fixture_open_with(struct fixture *fixture, const struct intake_setup *wanted)
{
	struct intake_listener listeners[DOORS];
	struct intake_setup setup = *wanted;
	int pair[2];

	*fixture = (struct fixture){ .arena = arena_new((size_t)64 << 20) };
	setup.listeners = listeners;
	setup.listener_count =
		open_doors(fixture, listeners, wanted->certificate != NULL);
	setup.connections = wanted->connections ? wanted->connections : 100;
	ck_assert_int_eq(channel_pair(pair, NULL), 0);
	fixture->pid = fork();
	ck_assert_int_ge(fixture->pid, 0);
	if (fixture->pid == 0) {
		close(pair[0]);
		log_set_level(LOG_LEVEL_ERROR);
		int status = intake_main(pair[1], &setup);
		if (fixture_is_confined)
			_exit(status); /* no look for leaks: it needs /proc */
		arena_free(fixture->arena);
		exit(status);
	}
	close(pair[1]);
	for (size_t i = 0; i < setup.listener_count; i++)
		close(listeners[i].fd);
	ck_assert_int_eq(channel_open(&fixture->control, pair[0], false, NULL), 0);
}

void fixture_open(struct fixture *fixture, const struct limits *limits,
		  uint64_t connections)
{
	struct intake_setup setup = { .connections = connections,
				      .limits = limits,
				      .anonymous_read = true };

	fixture_open_with(fixture, &setup);
}

void fixture_close(struct fixture *fixture)
{
	int status = 0;

	channel_close(&fixture->control);
	ck_assert_int_eq(waitpid(fixture->pid, &status, 0), fixture->pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(unlink(fixture->socket), 0);
	ck_assert_int_eq(unlink(fixture->proxy_socket), 0);
	ck_assert_int_eq(rmdir(fixture->directory), 0);
	arena_free(fixture->arena);
}

/* --- clients --- */

static int connect_unix(const char *path)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(here.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	return fd;
}

static int connect_network6(uint16_t port)
{
	struct sockaddr_in6 there = { .sin6_family = AF_INET6,
				      .sin6_addr = IN6ADDR_LOOPBACK_INIT,
				      .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
	return fd;
}

int client_connect(const struct fixture *fixture, int door)
{
	struct sockaddr_in there = { .sin_family = AF_INET,
				     .sin_port = htons(fixture->port) };

	if (door == DOOR_LOCAL || door == DOOR_PROXY)
		return connect_unix(door == DOOR_LOCAL ? fixture->socket
						       : fixture->proxy_socket);
	if (door == DOOR_NETWORK6)
		return connect_network6(fixture->port6);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
	return fd;
}

void client_send_bytes(int client, const void *bytes, size_t length)
{
	const char *text = bytes;

	while (length > 0) {
		ssize_t sent = send(client, text, length, MSG_NOSIGNAL);
		if (sent <= 0)
			return; /* it was answered before all was read */
		text += sent;
		length -= (size_t)sent;
	}
}

void client_send(int client, const char *text)
{
	client_send_bytes(client, text, strlen(text));
}

/* Bytes, or 0 at the end. */
static size_t receive(int client, struct buf *out)
{
	struct pollfd entry = { client, POLLIN, 0 };
	char bytes[4096];

	ck_assert_int_eq(poll(&entry, 1, PATIENCE), 1);
	ssize_t got = recv(client, bytes, sizeof(bytes), 0);
	if (got <= 0)
		return 0;
	buf_add(out, bytes, (size_t)got);
	return (size_t)got;
}

static size_t content_length(const struct buf *head)
{
	const char *line = strstr(head->data, "Content-Length: ");

	return line ? (size_t)strtoul(line + 16, NULL, 10) : 0;
}

static void receive_answer(int client, struct answer *answer, bool has_body)
{
	const char *end;

	answer->status = 0;
	buf_init(&answer->head, (size_t)64 << 20);
	buf_init(&answer->body, (size_t)64 << 20);
	while ((end = strstr(answer->head.data, "\r\n\r\n")) == NULL)
		if (receive(client, &answer->head) == 0)
			return;
	size_t length = (size_t)(end - answer->head.data) + 4;
	buf_add(&answer->body, answer->head.data + length,
		answer->head.length - length);
	buf_truncate(&answer->head, length);
	ck_assert_int_eq(strncmp(answer->head.data, "HTTP/1.1 ", 9), 0);
	answer->status = (int)strtol(answer->head.data + 9, NULL, 10);
	while (has_body && answer->body.length < content_length(&answer->head))
		ck_assert_uint_gt(receive(client, &answer->body), 0);
}

void client_receive(int client, struct answer *answer)
{
	receive_answer(client, answer, true);
}

void client_receive_head(int client, struct answer *answer)
{
	receive_answer(client, answer, false);
}

bool client_is_cut(int client, int seconds)
{
	int64_t until = clock_monotonic() + seconds * CLOCK_SECOND;
	struct pollfd entry = { client, POLLIN, 0 };
	char bytes[4096];

	while (clock_monotonic() < until)
		if (poll(&entry, 1, 50) == 1 && recv(client, bytes, 4096, 0) <= 0)
			return true;
	return false;
}

void answer_release(struct answer *answer)
{
	buf_release(&answer->head);
	buf_release(&answer->body);
}

void client_get(int client, const char *path)
{
	struct buf text = BUF_INIT(65536);

	buf_addf(&text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	client_send(client, text.data);
	buf_release(&text);
}

void client_post(int client, const char *path, const char *body)
{
	struct buf text = BUF_INIT((size_t)32 << 20);

	buf_addf(&text, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
		 path, strlen(body), body);
	client_send(client, text.data);
	buf_release(&text);
}

/* --- control --- */

void *control_expect_fds(struct fixture *fixture, enum message_type type, int *fds)
{
	struct pollfd entry = { fixture->control.fd, POLLIN, 0 };
	enum message_type got = MESSAGE_NONE;
	void *message = NULL;

	ck_assert_int_eq(poll(&entry, 1, PATIENCE), 1);
	ck_assert_int_eq(channel_receive(&fixture->control, fixture->arena, &got,
					 &message, fds, NULL),
			 1);
	ck_assert_int_eq(got, type);
	return message;
}

void *control_expect(struct fixture *fixture, enum message_type type)
{
	return control_expect_fds(fixture, type, NULL);
}

bool control_is_quiet(const struct fixture *fixture)
{
	struct pollfd entry = { fixture->control.fd, POLLIN, 0 };

	return poll(&entry, 1, QUIET) == 0;
}

void control_send(struct fixture *fixture, enum message_type type, const void *message)
{
	ck_assert_int_eq(channel_send(&fixture->control, type, message, NULL, 0, NULL),
			 0);
}

void control_reply(struct fixture *fixture, uint64_t request, enum message_type type,
		   const void *row)
{
	struct buf frame = BUF_INIT((size_t)1 << 20);

	ck_assert_int_eq(message_encode(&frame, type, row, NULL), 0);
	struct msg_reply reply = { request, { frame.data, frame.length } };
	control_send(fixture, MESSAGE_reply, &reply);
	buf_release(&frame);
}

void control_answer(struct fixture *fixture, uint64_t request, int code,
		    const char *text, uint64_t id, uint64_t next)
{
	struct msg_answer answer = { request, code, text, next, id };

	control_send(fixture, MESSAGE_answer, &answer);
}

void control_sources(struct fixture *fixture, const char *name, const char *secret,
		     const char *other_secret)
{
	const char *secrets[] = { secret, other_secret };
	struct msg_sources head = { name ? 1 : 0 };
	struct msg_source source = {
		.name = name,
		.kind = "hmac",
		.secrets = { secrets, !secret        ? 0
				      : other_secret ? 2
						     : 1 },
		.header = "X-Hub-Signature-256",
	};

	control_send(fixture, MESSAGE_sources, &head);
	if (name)
		control_send(fixture, MESSAGE_source, &source);
}
