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
	ROUTE_OPENAPI,
	ROUTE_EVENTS,  /* GET: a stream without end */
	ROUTE_QUERY,   /* GET: rows of one kind */
	ROUTE_HINT,    /* POST */
	ROUTE_COMMAND, /* POST */
	ROUTE_HOOK,    /* POST: a webhook */
};

/* Who may, over a network. Over the local socket control looks at the user. */
enum scope {
	SCOPE_LOCAL = 0, /* nobody: the local socket only */
	SCOPE_OPEN,
	SCOPE_READ, /* a token with this scope; everybody with anonymous-read */
	SCOPE_POLL,
	SCOPE_DEPLOY,
};
/* "read", "poll", "deploy"; NULL for the others. */
const char *scope_name(enum scope scope);

/* What stands for {...} in a path. */
enum subject {
	SUBJECT_NONE = 0,
	SUBJECT_TARGET,
	SUBJECT_REPOSITORY,
	SUBJECT_SOURCE,
	SUBJECT_ID,
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
	PARAMETER_SOURCE = 1 << 7,
	PARAMETER_NUMBER = 1 << 8,
	PARAMETER_AFTER = 1 << 9,
};
#define PARAMETERS_MAX 10

/* Keys of a command's body. */
enum command_key {
	COMMAND_KEY_COMMIT = 1 << 0,
	COMMAND_KEY_GENERATION = 1 << 1,
	COMMAND_KEY_REASON = 1 << 2,
	COMMAND_KEY_RELEASE = 1 << 3,
	COMMAND_KEY_NAME = 1 << 4,
	COMMAND_KEY_SCOPES = 1 << 5,
	COMMAND_KEY_EXPIRES = 1 << 6,
	COMMAND_KEY_DIGEST = 1 << 7,
};
#define COMMAND_KEYS_MAX 8

struct route {
	const char *path; /* "{name}" stands for one component */
	enum route_action action;
	enum scope scope;
	enum subject subject;
	const char *what;      /* the list's or command's name, as control knows it */
	enum message_type row; /* of the list */
	unsigned int may;      /* parameters or keys that it takes */
	unsigned int must;     /* those that it needs */
	enum limit body;       /* of POST */
	int patience;          /* seconds that control may take to answer */
	const char *help;
};

struct route_name {
	unsigned int bit;
	const char *name;
	const char *help;
};
extern const struct route_name parameter_names[PARAMETERS_MAX];
extern const struct route_name command_key_names[COMMAND_KEYS_MAX];

#define ROUTE_NAME_BYTES 256

/* The row at `index`, NULL behind the last one. */
const struct route *route_at(size_t index);
/* The route of a decoded path and a method; what stands for {...} in `name`. NULL:
 * there is none; then *allow tells the methods that the path takes ("GET, HEAD"), or is
 * NULL when there is no such path. */
const struct route *route_find(const char *path, const char *method,
			       char name[ROUTE_NAME_BYTES], const char **allow);
/* The path that is nearest to one that does not exist, or NULL. */
const char *route_nearest(const char *path);
bool route_is_post(const struct route *route);
/* GET /api/v1: members of an open object. */
void routes_write(struct json *json);

#endif
