/* intake/routes.h - the endpoints: one row each. */
#ifndef INTAKE_ROUTES_H
#define INTAKE_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "model/messages.h"

struct json;

enum route_action {
	ROUTE_UNKNOWN = 0,
	ROUTE_HEALTH,
	ROUTE_READY,
	ROUTE_METRICS,
	ROUTE_INDEX,
	ROUTE_QUERY,   /* GET: rows of one kind */
	ROUTE_HINT,    /* POST, local socket only */
	ROUTE_COMMAND, /* POST, local socket only */
};

/* Query parameters of lists. */
enum parameter {
	PARAMETER_REPOSITORY = 1 << 0,
	PARAMETER_TARGET = 1 << 1,
	PARAMETER_REF = 1 << 2,
	PARAMETER_STATE = 1 << 3,
	PARAMETER_BEFORE = 1 << 4,
	PARAMETER_LIMIT = 1 << 5,
	PARAMETER_ID = 1 << 6,
};
#define PARAMETERS_MAX 7

/* Keys of a command's body. */
enum command_key {
	COMMAND_KEY_COMMIT = 1 << 0,
	COMMAND_KEY_GENERATION = 1 << 1,
	COMMAND_KEY_REASON = 1 << 2,
	COMMAND_KEY_RELEASE = 1 << 3,
};
#define COMMAND_KEYS_MAX 4

struct route {
	const char *path; /* "{name}" stands for one component */
	enum route_action action;
	const char *what;      /* the list's or command's name, as control knows it */
	enum message_type row; /* of the list */
	unsigned int may;      /* parameters or keys that it takes */
	unsigned int must;     /* those that it needs */
	bool of_repository;    /* {name} is a repository; otherwise a target */
	enum limit body;       /* of POST */
	int patience;          /* seconds that control may take to answer */
};

struct route_name {
	unsigned int bit;
	const char *name;
};
extern const struct route_name parameter_names[PARAMETERS_MAX];
extern const struct route_name command_key_names[COMMAND_KEYS_MAX];

#define ROUTE_NAME_BYTES 256

/* The route of a decoded path; what stands for {name} in `name`. NULL: there is none.
 */
const struct route *route_find(const char *path, char name[ROUTE_NAME_BYTES]);
/* The path that is nearest to one that does not exist, or NULL. */
const char *route_nearest(const char *path);
bool route_is_post(const struct route *route);
/* "GET, HEAD" or "POST". */
const char *route_methods(const struct route *route);
/* GET /api/v1: members of an open object. */
void routes_write(struct json *json);

#endif
