/* tests/unit/forge_scene.h - a small forge for tests: answers requests by a table, and
 * keeps every request. A thread; loopback only. */
#ifndef TESTS_UNIT_FORGE_SCENE_H
#define TESTS_UNIT_FORGE_SCENE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "forge/forge.h"

struct arena;
struct node;

#define SCENE_MOST 64

struct scene_request {
	char line[512]; /* "GET /repos/acme/shop" */
	char *head;     /* the header lines */
	char *body;
	bool known; /* the table had an answer */
};

struct scene_route {
	char line[512];
	int status;
	char head[512]; /* more header lines, each with its CR LF */
	char *body;
	unsigned int left; /* answers that are left; 0 when used up */
};

struct scene {
	char base[64]; /* "http://127.0.0.1:4711" */
	struct scene_route routes[SCENE_MOST];
	size_t route_count;
	struct scene_request requests[SCENE_MOST];
	size_t request_count;
	int listener;
	pthread_t thread;
	pthread_mutex_t lock;
	struct arena *arena; /* for replies */
};

/* A scene lives until the test's process ends, or scene_end(). */
void scene_begin(struct scene *scene);
void scene_end(struct scene *scene);
/* Requests and routes are forgotten. */
void scene_reset(struct scene *scene);

/* "GET /user" is answered so from now on: an earlier answer to it comes first as long
 * as it has uses left. */
void scene_always(struct scene *scene, const char *line, int status, const char *body);
void scene_once(struct scene *scene, const char *line, int status, const char *body);
/* The same with more header lines ("Link: <...>; rel=\"next\"\r\n"). */
void scene_headers(struct scene *scene, const char *line, int status, const char *head,
		   const char *body);

/* How many requests of this line came. */
size_t scene_count(const struct scene *scene, const char *line);
/* The last one of a line, or NULL. */
const struct scene_request *scene_last(const struct scene *scene, const char *line);
/* Its body as JSON; the test fails when it is none. */
const struct node *scene_body(struct scene *scene, const struct scene_request *request);
/* The text under a dotted path of that body: numbers and booleans as written, "-" for
 * none. */
const char *scene_text(struct scene *scene, const struct scene_request *request,
		       const char *path);
/* Requests that the table did not have; printed. */
size_t scene_strangers(const struct scene *scene);

/* Shared data "forge-replies/<what>", or NULL where there is none. */
char *scene_shared(struct scene *scene, const char *what);

/* A session on the scene; the test fails when it does not open. */
struct forge *scene_open(struct scene *scene, struct msg_forge_session *session);

#endif
