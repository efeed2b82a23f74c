/* tests/unit/forge_scene.c - a small forge for tests. */
#include "forge_scene.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "forge/call.h"

#define REQUEST_BYTES ((size_t)8 << 20)

/* --- the server --- */

static struct scene_route *route_of(struct scene *scene, const char *line)
{
	for (size_t i = 0; i < scene->route_count; i++)
		if (scene->routes[i].left > 0 &&
		    strcmp(scene->routes[i].line, line) == 0)
			return &scene->routes[i];
	return NULL;
}

static size_t body_length(const char *head)
{
	const char *field = strcasestr(head, "\r\nContent-Length:");
	return field ? strtoul(field + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

/* One whole request, or false. */
static bool hear(int fd, struct buf *out)
{
	for (;;) {
		const char *end = strstr(out->data, "\r\n\r\n");
		if (end && out->length >= (size_t)(end + 4 - out->data) +
						  body_length(out->data))
			return true;
		char *place = buf_reserve(out, 65536);
		ssize_t got = place ? read(fd, place, 65536) : -1;
		if (got <= 0)
			return false;
		out->length += (size_t)got;
		out->data[out->length] = '\0';
	}
}

static void say(int fd, const struct scene_route *route)
{
	static const char nothing[] = "{\"message\":\"Not Found\"}";
	const char *body = route ? route->body : nothing;
	struct buf reply = BUF_INIT(REQUEST_BYTES);
	buf_addf(&reply,
		 "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\n"
		 "Content-Length: %zu\r\nConnection: close\r\n%s\r\n%s",
		 route ? route->status : 404, strlen(body), route ? route->head : "",
		 body);
	for (size_t sent = 0; sent < reply.length;) {
		ssize_t put =
			send(fd, reply.data + sent, reply.length - sent, MSG_NOSIGNAL);
		if (put <= 0)
			break;
		sent += (size_t)put;
	}
	buf_release(&reply);
}

/* Keeps the request; what answers it. */
static struct scene_route *note(struct scene *scene, char *text)
{
	ck_assert_uint_lt(scene->request_count, SCENE_MOST);
	struct scene_request *request = &scene->requests[scene->request_count++];
	char *end = strstr(text, "\r\n\r\n");
	char *line_end = strstr(text, " HTTP/1.1\r\n");
	ck_assert(end && line_end);
	*end = '\0';
	*line_end = '\0';
	snprintf(request->line, sizeof(request->line), "%s", text);
	request->head = arena_string(scene->arena, line_end + strlen(" HTTP/1.1"));
	request->body = arena_string(scene->arena, end + 4);
	struct scene_route *route = route_of(scene, request->line);
	request->known = route != NULL;
	if (route)
		route->left--;
	return route;
}

static void serve(struct scene *scene, int fd)
{
	struct buf text = BUF_INIT(REQUEST_BYTES);
	if (hear(fd, &text)) {
		pthread_mutex_lock(&scene->lock);
		const struct scene_route *route = note(scene, text.data);
		pthread_mutex_unlock(&scene->lock);
		say(fd, route);
	}
	buf_release(&text);
}

static void *run(void *data)
{
	struct scene *scene = data;
	for (;;) {
		int fd = accept(scene->listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		serve(scene, fd);
		close(fd);
	}
}

void scene_begin(struct scene *scene)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	memset(scene, 0, sizeof(*scene));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	scene->arena = arena_new((size_t)256 << 20);
	scene->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(scene->arena != NULL && scene->listener >= 0);
	ck_assert_int_eq(bind(scene->listener, (struct sockaddr *)&address, length), 0);
	ck_assert_int_eq(listen(scene->listener, 16), 0);
	ck_assert_int_eq(
		getsockname(scene->listener, (struct sockaddr *)&address, &length), 0);
	snprintf(scene->base, sizeof(scene->base), "http://127.0.0.1:%d",
		 ntohs(address.sin_port));
	pthread_mutex_init(&scene->lock, NULL);
	ck_assert_int_eq(pthread_create(&scene->thread, NULL, run, scene), 0);
}

void scene_end(struct scene *scene)
{
	shutdown(scene->listener, SHUT_RDWR);
	pthread_join(scene->thread, NULL);
	close(scene->listener);
	pthread_mutex_destroy(&scene->lock);
	arena_free(scene->arena);
}

void scene_reset(struct scene *scene)
{
	pthread_mutex_lock(&scene->lock);
	scene->route_count = 0;
	scene->request_count = 0;
	pthread_mutex_unlock(&scene->lock);
}

/* --- the table --- */

static void add(struct scene *scene, const char *line, int status, const char *head,
		const char *body, unsigned int uses)
{
	pthread_mutex_lock(&scene->lock);
	ck_assert_uint_lt(scene->route_count, SCENE_MOST);
	struct scene_route *route = &scene->routes[scene->route_count++];
	snprintf(route->line, sizeof(route->line), "%s", line);
	snprintf(route->head, sizeof(route->head), "%s", head);
	route->status = status;
	route->body = arena_string(scene->arena, body);
	route->left = uses;
	pthread_mutex_unlock(&scene->lock);
}

void scene_always(struct scene *scene, const char *line, int status, const char *body)
{
	add(scene, line, status, "", body, 1000000);
}

void scene_once(struct scene *scene, const char *line, int status, const char *body)
{
	add(scene, line, status, "", body, 1);
}

void scene_headers(struct scene *scene, const char *line, int status, const char *head,
		   const char *body)
{
	add(scene, line, status, head, body, 1000000);
}

/* --- what came --- */

size_t scene_count(const struct scene *scene, const char *line)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->request_count; i++)
		count += strcmp(scene->requests[i].line, line) == 0 ? 1 : 0;
	return count;
}

const struct scene_request *scene_last(const struct scene *scene, const char *line)
{
	for (size_t i = scene->request_count; i > 0; i--)
		if (strcmp(scene->requests[i - 1].line, line) == 0)
			return &scene->requests[i - 1];
	return NULL;
}

const struct node *scene_body(struct scene *scene, const struct scene_request *request)
{
	struct docs docs = { 0 };
	struct doc_problem problem;
	ck_assert_ptr_nonnull(request);
	int rc = docs_parse(&docs, scene->arena, DOC_JSON, request->body,
			    strlen(request->body), &limits_default, &problem);
	ck_assert_msg(rc == 0, "%s: %s", request->body, problem.message);
	return docs.roots[0];
}

const char *scene_text(struct scene *scene, const struct scene_request *request,
		       const char *path)
{
	const struct node *node = call_child(scene_body(scene, request), path);
	enum node_kind kind = node_kind(node);
	return kind == NODE_STRING || kind == NODE_INTEGER || kind == NODE_BOOLEAN
		       ? node_text(node, NULL)
		       : "-";
}

size_t scene_strangers(const struct scene *scene)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->request_count; i++) {
		if (scene->requests[i].known)
			continue;
		fprintf(stderr, "# not known: %s\n", scene->requests[i].line);
		count++;
	}
	return count;
}

char *scene_shared(struct scene *scene, const char *what)
{
	char path[4096];
	const char *shared = getenv("GITGATE_SHARED");
	const char *source = getenv("srcdir");
	struct buf text = BUF_INIT(REQUEST_BYTES);
	if (shared)
		snprintf(path, sizeof(path), "%s/data/forge-replies/%s", shared, what);
	else
		snprintf(path, sizeof(path), "%s/../shared/data/forge-replies/%s",
			 source ? source : ".", what);
	char *out = buf_read_file(&text, path, NULL) == 0
			    ? arena_string(scene->arena, text.data)
			    : NULL;
	if (!out)
		printf("# SKIP '%s' is not there\n", path);
	buf_release(&text);
	return out;
}

struct forge *scene_open(struct scene *scene, struct msg_forge_session *session)
{
	struct forge *forge = NULL;
	struct error err = ERROR_INIT;
	session->source = "forge";
	session->api = scene->base;
	session->timeout = INT64_C(20000000);
	int rc = forge_open(&forge, session, &err);
	ck_assert_msg(rc == 0, "%s", err.text);
	return forge;
}
