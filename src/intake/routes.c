/* intake/routes.c - the endpoints: one row each. */
#include "intake/routes.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define API      "/api/v1"
#define NAME     "{name}"
#define PATIENCE 30
#define PAGED    (PARAMETER_BEFORE | PARAMETER_LIMIT | PARAMETER_ID)
#define REASON   COMMAND_KEY_REASON

#define LIST(list, type, takes, needs)                                                 \
	{                                                                              \
		.path = API "/" list, .action = ROUTE_QUERY, .what = list,             \
		.row = MESSAGE_##type, .may = (takes) | (needs), .must = (needs),      \
		.patience = PATIENCE                                                   \
	}
#define TARGET(verb, keys)                                                             \
	{                                                                              \
		.path = API "/targets/" NAME "/" verb, .action = ROUTE_COMMAND,        \
		.what = verb, .may = (keys), .body = LIMIT_HTTP_API_BODY,              \
		.patience = PATIENCE                                                   \
	}

static const struct route routes[] = {
	{ .path = "/healthz", .action = ROUTE_HEALTH },
	{ .path = "/readyz", .action = ROUTE_READY },
	{ .path = "/metrics", .action = ROUTE_METRICS },
	{ .path = API, .action = ROUTE_INDEX },
	LIST("repositories", repository_row, 0, 0),
	LIST("refs", ref_row, 0, PARAMETER_REPOSITORY),
	LIST("deliveries", delivery_row,
	     PAGED | PARAMETER_REPOSITORY | PARAMETER_REF | PARAMETER_STATE, 0),
	LIST("changes", change_row,
	     PAGED | PARAMETER_REPOSITORY | PARAMETER_REF | PARAMETER_STATE, 0),
	LIST("verdicts", verdict_row,
	     PAGED | PARAMETER_REPOSITORY | PARAMETER_REF | PARAMETER_STATE, 0),
	LIST("findings", finding_row, 0, PARAMETER_ID),
	LIST("deployments", deployment_row,
	     PAGED | PARAMETER_REPOSITORY | PARAMETER_TARGET | PARAMETER_REF |
		     PARAMETER_STATE,
	     0),
	LIST("targets", target_row, 0, 0),
	LIST("quarantine", quarantine_row, PARAMETER_TARGET, 0),
	LIST("outbox", outbox_row,
	     PARAMETER_REPOSITORY | PARAMETER_BEFORE | PARAMETER_LIMIT, 0),
	LIST("ledger", ledger_row, PAGED | PARAMETER_STATE, 0),
	{ .path = API "/hints",
	  .action = ROUTE_HINT,
	  .what = "hints",
	  .body = LIMIT_HTTP_HINT_BODY,
	  .patience = PATIENCE },
	TARGET("deploy", COMMAND_KEY_COMMIT | REASON | COMMAND_KEY_RELEASE),
	TARGET("rollback", COMMAND_KEY_GENERATION | REASON),
	TARGET("suspend", REASON),
	TARGET("resume", REASON),
	{ .path = API "/repositories/" NAME "/poll",
	  .action = ROUTE_COMMAND,
	  .what = "poll",
	  .of_repository = true,
	  .body = LIMIT_HTTP_API_BODY,
	  .patience = PATIENCE },
	{ .path = API "/backup",
	  .action = ROUTE_COMMAND,
	  .what = "backup",
	  .body = LIMIT_HTTP_API_BODY,
	  .patience = 1800 },
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

const struct route_name parameter_names[PARAMETERS_MAX] = {
	{ PARAMETER_REPOSITORY, "repository" },
	{ PARAMETER_TARGET, "target" },
	{ PARAMETER_REF, "ref" },
	{ PARAMETER_STATE, "state" },
	{ PARAMETER_BEFORE, "before" },
	{ PARAMETER_LIMIT, "limit" },
	{ PARAMETER_ID, "id" },
};

const struct route_name command_key_names[COMMAND_KEYS_MAX] = {
	{ COMMAND_KEY_COMMIT, "commit" },
	{ COMMAND_KEY_GENERATION, "generation" },
	{ COMMAND_KEY_REASON, "reason" },
	{ COMMAND_KEY_RELEASE, "release" },
};

/* Whether a path is as the row says; fills in the name. */
static bool matches(const char *pattern, const char *path, char name[ROUTE_NAME_BYTES])
{
	const char *hole = strstr(pattern, NAME);

	name[0] = '\0';
	if (!hole)
		return strcmp(pattern, path) == 0;
	size_t before = (size_t)(hole - pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	size_t length = strcspn(path + before, "/");
	if (length == 0 || length >= ROUTE_NAME_BYTES ||
	    strcmp(path + before + length, hole + strlen(NAME)) != 0)
		return false;
	memcpy(name, path + before, length);
	name[length] = '\0';
	return true;
}

const struct route *route_find(const char *path, char name[ROUTE_NAME_BYTES])
{
	for (size_t i = 0; i < ROUTES; i++)
		if (matches(routes[i].path, path, name))
			return &routes[i];
	return NULL;
}

const char *route_nearest(const char *path)
{
	const char *paths[ROUTES];

	for (size_t i = 0; i < ROUTES; i++)
		paths[i] = routes[i].path;
	return text_nearest(path, paths, ROUTES);
}

bool route_is_post(const struct route *route)
{
	return route->action == ROUTE_HINT || route->action == ROUTE_COMMAND;
}

const char *route_methods(const struct route *route)
{
	return route_is_post(route) ? "POST" : "GET, HEAD";
}

static void write_names(struct json *json, const char *key, unsigned int bits,
			const struct route_name *names, size_t count)
{
	json_key(json, key);
	json_array(json);
	for (size_t i = 0; i < count; i++)
		if (bits & names[i].bit)
			json_string(json, names[i].name);
	json_array_end(json);
}

void routes_write(struct json *json)
{
	json_key(json, "endpoints");
	json_array(json);
	for (size_t i = 0; i < ROUTES; i++) {
		const struct route *route = &routes[i];
		json_object(json);
		json_put_string(json, "method", route_is_post(route) ? "POST" : "GET");
		json_put_string(json, "path", route->path);
		if (route->action == ROUTE_QUERY)
			write_names(json, "parameters", route->may, parameter_names,
				    PARAMETERS_MAX);
		if (route->action == ROUTE_COMMAND)
			write_names(json, "keys", route->may, command_key_names,
				    COMMAND_KEYS_MAX);
		json_put_boolean(json, "local_only", route_is_post(route));
		json_object_end(json);
	}
	json_array_end(json);
}
