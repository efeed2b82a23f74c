/* cmd/demo_forge_serve.c - the process of the demonstration's forge: pushes become
 * signed webhooks, requests get answers, one at a time.
 *
 * Headers and payloads as Gitea sends them. A push to refs/pull/N/head opens or updates
 * merge request N, into the default branch. */
#include "cmd/demo_forge_serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/path.h"
#include "base/random.h"
#include "base/text.h"
#include "cmd/demo.h"
#include "forge/mac.h"

#define PUSHES_BYTES 4096
#define PULL_PREFIX  "refs/pull/"
#define PULL_SUFFIX  "/head"
#define SECONDS      5 /* for each read and write of a connection */

/* --- the journal --- */

void forge_note(struct forge_memory *memory, int64_t when, const char *format, ...)
{
	char time[CLOCK_TEXT_BYTES], text[1024], shown[1024];
	va_list arguments;

	clock_format(when, 1, time);
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_escape_into(shown, sizeof(shown), text, strlen(text));
	struct buf line = BUF_INIT(2048);
	buf_addf(&line, "%s %s\n", time, shown);
	memory->journal_bytes += line.length;
	if (memory->journal_bytes <= FORGE_JOURNAL_BYTES)
		fd_write_all(memory->journal, line.data, line.length, NULL);
	buf_release(&line);
}

/* --- webhooks --- */

static void limit_time(int fd)
{
	const struct timeval limit = { .tv_sec = SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* The HTTP status; 0: no answer. */
static int post(const struct demo_forge *forge, const struct buf *request)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)forge->service_port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char answer[64] = "";
	int fd FD_CLOSING = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	limit_time(fd);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    fd_write_all(fd, request->data, request->length, NULL) != 0 ||
	    recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) < 12)
		return 0;
	return text_starts_with(answer, "HTTP/1.1 ") ? (int)strtol(answer + 9, NULL, 10)
						     : 0;
}

/* A signed webhook; `commit` is for the journal. */
static void send_webhook(struct forge_memory *memory, const char *event,
			 const char *commit, const struct buf *payload)
{
	const struct demo_forge *forge = memory->forge;
	const struct mac_piece piece = { payload->data, payload->length };
	struct buf request = BUF_INIT(FORGE_REQUEST_BYTES);
	unsigned char id[16];
	char delivery[33], signature[DIGEST_HEX_BYTES];
	struct digest digest;
	int64_t now = clock_now();

	if (!mac_sign(forge->secret, strlen(forge->secret), &piece, 1, &digest))
		return;
	digest_hex(&digest, signature);
	random_bytes(id, sizeof(id));
	hex_encode(id, sizeof(id), delivery);
	buf_addf(&request,
		 "POST /hooks/" DEMO_FORGE_SOURCE " HTTP/1.1\r\n"
		 "Host: 127.0.0.1:%u\r\n"
		 "Connection: close\r\n"
		 "Content-Type: application/json\r\n"
		 "Content-Length: %zu\r\n"
		 "X-Gitea-Event: %s\r\n"
		 "X-Gitea-Event-Type: %s\r\n"
		 "X-Gitea-Delivery: %s\r\n"
		 "X-Gitea-Signature: %s\r\n\r\n",
		 forge->service_port, payload->length, event, event, delivery,
		 signature);
	buf_add(&request, payload->data, payload->length);
	int status = request.failed ? 0 : post(forge, &request);
	forge_note(memory, now, "webhook %s %s %d", event, commit, status);
	buf_release(&request);
}

static void write_about(struct json *json)
{
	json_key(json, "repository");
	json_object(json);
	json_put_string(json, "full_name", DEMO_FORGE_NAME);
	json_object_end(json);
	json_key(json, "sender");
	json_object(json);
	json_put_string(json, "login", "alice");
	json_object_end(json);
	json_object_end(json);
}

static void tell_push(struct forge_memory *memory, const char *old_id,
		      const char *new_id, const char *ref)
{
	struct buf payload = BUF_INIT(FORGE_BODY_BYTES);
	struct json json;

	json_begin(&json, &payload);
	json_object(&json);
	json_put_string(&json, "ref", ref);
	json_put_string(&json, "before", old_id);
	json_put_string(&json, "after", new_id);
	write_about(&json);
	send_webhook(memory, "push", new_id, &payload);
	buf_release(&payload);
}

static void tell_pull(struct forge_memory *memory, const char *new_id, const char *ref)
{
	uint64_t number = strtoul(ref + strlen(PULL_PREFIX), NULL, 10);
	struct buf payload = BUF_INIT(FORGE_BODY_BYTES);
	struct json json;

	if (number < 1 || number > FORGE_PULLS)
		return;
	struct forge_pull *pull = &memory->pulls[number - 1];
	bool known = pull->open;
	pull->open = true;
	snprintf(pull->head, sizeof(pull->head), "%s", new_id);
	json_begin(&json, &payload);
	json_object(&json);
	json_put_string(&json, "action", known ? "synchronized" : "opened");
	json_put_unsigned(&json, "number", number);
	json_key(&json, "pull_request");
	forge_write_pull(&json, memory, number);
	write_about(&json);
	send_webhook(memory, "pull_request", new_id, &payload);
	buf_release(&payload);
}

/* A line of git's to post-receive: old id, new id, ref. */
static void take_push(struct forge_memory *memory, char *line)
{
	char *rest = NULL;
	const char *old_id = strtok_r(line, " ", &rest);
	const char *new_id = strtok_r(NULL, " ", &rest);
	const char *ref = strtok_r(NULL, " ", &rest);

	if (!ref || strlen(new_id) >= FORGE_ID_BYTES)
		return;
	if (strcmp(ref, DEMO_BRANCH) == 0)
		snprintf(memory->main, sizeof(memory->main), "%s", new_id);
	if (text_starts_with(ref, PULL_PREFIX) && text_ends_with(ref, PULL_SUFFIX))
		tell_pull(memory, new_id, ref);
	else
		tell_push(memory, old_id, new_id, ref);
}

/* What is there now. Lines are written whole: they are short. */
static void take_pushes(struct forge_memory *memory)
{
	char text[PUSHES_BYTES], *rest = NULL;
	ssize_t got = read(memory->forge->pipe, text, sizeof(text) - 1);

	if (got <= 0)
		return;
	text[got] = '\0';
	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		take_push(memory, line);
}

/* --- requests --- */

/* The value of a header up to its line's end; NULL: it is not there. */
static char *header(char *head, const char *name)
{
	char *found = strcasestr(head, name);

	return found ? found + strlen(name) : NULL;
}

static bool is_authorized(const struct demo_forge *forge, char *head)
{
	const char *value = header(head, "\r\nAuthorization: token ");

	return value && bytes_equal_secret(value, strcspn(value, "\r"), forge->token,
					   strlen(forge->token));
}

/* Reads head and body; the place where the body begins, or NULL. */
static char *hear(int fd, struct buf *text, size_t *length)
{
	char *body = NULL;

	for (;;) {
		char *room = buf_reserve(text, 4096);
		ssize_t got = room ? recv(fd, room, 4096, 0) : -1;
		if (got <= 0)
			return NULL;
		text->length += (size_t)got;
		text->data[text->length] = '\0';
		body = strstr(text->data, "\r\n\r\n");
		if (!body)
			continue;
		body[2] = '\0'; /* headers are looked for in the head alone */
		const char *value = header(text->data, "\r\nContent-Length: ");
		*length = value ? strtoul(value, NULL, 10) : 0;
		body[2] = '\r';
		body += 4;
		if (*length > FORGE_BODY_BYTES)
			return NULL;
		if (text->length - (size_t)(body - text->data) >= *length)
			return body;
	}
}

static void reply(int fd, int status, const struct buf *body)
{
	struct buf text = BUF_INIT(FORGE_REQUEST_BYTES);

	buf_addf(&text,
		 "HTTP/1.1 %d %s\r\nContent-Type: %s; charset=utf-8\r\n"
		 "Content-Length: %zu\r\nConnection: close\r\n\r\n",
		 status, status < 300 ? "OK" : "No",
		 *body->data == '[' || *body->data == '{' ? "application/json"
							  : "text/plain",
		 body->length);
	buf_add(&text, body->data, body->length);
	if (!text.failed)
		fd_write_all(fd, text.data, text.length, NULL);
	buf_release(&text);
}

static void take_request(struct forge_memory *memory)
{
	struct buf text = BUF_INIT(FORGE_REQUEST_BYTES);
	struct buf body = BUF_INIT(FORGE_BODY_BYTES);
	struct forge_request request = { 0 };
	char *rest = NULL;
	int fd FD_CLOSING = accept4(memory->forge->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	limit_time(fd);
	request.body = hear(fd, &text, &request.length);
	if (request.body) {
		text.data[request.body - text.data - 1] = '\0';
		request.authorized = is_authorized(memory->forge, text.data);
		request.method = strtok_r(text.data, " ", &rest);
		request.path = strtok_r(NULL, " ", &rest);
	}
	if (request.path) {
		request.path[strcspn(request.path, "?")] = '\0';
		int status = forge_answer(memory, &request, &body);
		reply(fd, body.failed ? 500 : status, &body);
	}
	buf_release(&body);
	buf_release(&text);
}

/* --- the process --- */

void demo_forge_serve(const struct demo_forge *forge, pid_t service)
{
	struct forge_memory *memory = calloc(1, sizeof(*memory));
	struct pollfd looks[] = {
		{ .fd = forge->listener, .events = POLLIN },
		{ .fd = forge->pipe, .events = POLLIN },
		{ .fd = (int)syscall(SYS_pidfd_open, service, 0), .events = POLLIN },
	};

	if (!memory || looks[2].fd < 0)
		return;
	memory->forge = forge;
	memory->journal = open(forge->journal, O_WRONLY | O_APPEND | O_CLOEXEC);
	while (!demo_interrupted() && looks[2].revents == 0) {
		if (poll(looks, sizeof(looks) / sizeof(looks[0]), -1) < 0)
			continue; /* a signal */
		if (looks[1].revents)
			take_pushes(memory);
		if (looks[0].revents)
			take_request(memory);
	}
}
