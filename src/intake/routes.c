/* intake/routes.c - the endpoints: one row each. */
#include "intake/routes.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define API      "/api/v1"
#define PATIENCE 30
#define PAGED    (PARAMETER_BEFORE | PARAMETER_LIMIT | PARAMETER_ID)
#define REASON   COMMAND_KEY_REASON

/* Forges give up after 10 s, some after 5: they shall hear why. */
#define HOOK_PATIENCE 10

#define LIST_OF(list, type, who, takes, needs, text)                                   \
	{                                                                              \
		.path = API "/" list, .action = ROUTE_QUERY, .scope = (who),           \
		.what = list, .row = MESSAGE_##type, .may = (takes) | (needs),         \
		.must = (needs), .patience = PATIENCE, .help = (text)                  \
	}
#define LIST(list, type, takes, needs, text)                                           \
	LIST_OF(list, type, SCOPE_READ, takes, needs, text)
#define VERB(where, who, about, verb, keys, text)                                      \
	{                                                                              \
		.path = API "/" where, .action = ROUTE_COMMAND, .scope = (who),        \
		.subject = (about), .what = (verb), .may = (keys),                     \
		.body = LIMIT_HTTP_API_BODY, .patience = PATIENCE, .help = (text)      \
	}
#define TARGET(verb, keys, text)                                                       \
	VERB("targets/{name}/" verb, SCOPE_DEPLOY, SUBJECT_TARGET, verb, keys, text)

static const struct route routes[] = {
	{ .path = "/hooks/{source}",
	  .action = ROUTE_HOOK,
	  .scope = SCOPE_OPEN,
	  .subject = SUBJECT_SOURCE,
	  .what = "webhook",
	  .body = LIMIT_HTTP_MAX_BODY,
	  .patience = HOOK_PATIENCE,
	  .help = "takes a webhook, signed as its forge signs" },
	{ .path = "/healthz",
	  .action = ROUTE_HEALTH,
	  .scope = SCOPE_OPEN,
	  .help = "whether the process that speaks HTTP is alive" },
	{ .path = "/readyz",
	  .action = ROUTE_READY,
	  .scope = SCOPE_OPEN,
	  .help = "whether the service takes work" },
	{ .path = "/metrics",
	  .action = ROUTE_METRICS,
	  .scope = SCOPE_READ,
	  .help = "counters and gauges, as Prometheus reads them" },
	{ .path = API,
	  .action = ROUTE_INDEX,
	  .scope = SCOPE_READ,
	  .help = "the endpoints" },
	{ .path = API "/openapi.json",
	  .action = ROUTE_OPENAPI,
	  .scope = SCOPE_READ,
	  .help = "this document" },
	{ .path = API "/events",
	  .action = ROUTE_EVENTS,
	  .scope = SCOPE_READ,
	  .what = "events",
	  .may = PARAMETER_AFTER,
	  .help = "what happens, as server-sent events; 'gap' says that some were "
		  "missed" },
	LIST("repositories", repository_row, 0, 0,
	     "repositories and when they were looked at"),
	LIST("refs", ref_row, 0, PARAMETER_REPOSITORY, "the refs of a repository"),
	LIST("sources", source_row, 0, 0, "where webhooks come from"),
	LIST("deliveries", delivery_row,
	     PAGED | PARAMETER_REPOSITORY | PARAMETER_REF | PARAMETER_STATE |
		     PARAMETER_SOURCE,
	     0, "webhooks and hints as they were received"),
	LIST("changes", change_row,
	     PAGED | PARAMETER_REPOSITORY | PARAMETER_REF | PARAMETER_STATE, 0,
	     "changes of refs and how far they came"),
	LIST("verdicts", verdict_row,
	     PAGED | PARAMETER_REPOSITORY | PARAMETER_REF | PARAMETER_STATE, 0,
	     "what policy said"),
	LIST("findings", finding_row, 0, PARAMETER_ID, "the findings of a verdict"),
	LIST("merge-requests", merge_request_row,
	     PARAMETER_REPOSITORY | PARAMETER_STATE | PARAMETER_NUMBER |
		     PARAMETER_BEFORE | PARAMETER_LIMIT,
	     0, "merge requests as the forge tells them; before: smaller numbers"),
	LIST("reviews", review_row, 0, PARAMETER_REPOSITORY | PARAMETER_NUMBER,
	     "the reviews of a merge request"),
	LIST("deployments", deployment_row,
	     PAGED | PARAMETER_REPOSITORY | PARAMETER_TARGET | PARAMETER_REF |
		     PARAMETER_STATE,
	     0, "deployments and how they ended"),
	LIST("targets", target_row, 0, 0, "targets and what is there"),
	LIST("quarantine", quarantine_row, PARAMETER_TARGET, 0,
	     "commits that a target must not get again"),
	LIST("outbox", outbox_row,
	     PARAMETER_REPOSITORY | PARAMETER_BEFORE | PARAMETER_LIMIT, 0,
	     "statuses that forges shall show"),
	LIST("ledger", ledger_row, PAGED | PARAMETER_STATE, 0,
	     "the record of verdicts and deployments"),
	LIST_OF("tokens", token_row, SCOPE_LOCAL, 0, 0, "bearer tokens of this API"),
	{ .path = API "/hints",
	  .action = ROUTE_HINT,
	  .scope = SCOPE_LOCAL,
	  .what = "hints",
	  .body = LIMIT_HTTP_HINT_BODY,
	  .patience = PATIENCE,
	  .help = "refs of a repository moved: look" },
	TARGET("deploy", COMMAND_KEY_COMMIT | REASON | COMMAND_KEY_RELEASE,
	       "deploys a commit that passed"),
	TARGET("rollback", COMMAND_KEY_GENERATION | REASON,
	       "goes back to an earlier deployment"),
	TARGET("suspend", REASON, "deploys nothing until resumed"),
	TARGET("resume", REASON, "deploys again"),
	VERB("repositories/{name}/poll", SCOPE_POLL, SUBJECT_REPOSITORY, "poll", 0,
	     "looks at a repository now"),
	VERB("deliveries/{id}/replay", SCOPE_POLL, SUBJECT_ID, "replay", 0,
	     "takes a stored webhook once more"),
	VERB("tokens", SCOPE_LOCAL, SUBJECT_NONE, "token-create",
	     COMMAND_KEY_NAME | COMMAND_KEY_SCOPES | COMMAND_KEY_EXPIRES |
		     COMMAND_KEY_DIGEST,
	     "adds a bearer token: the SHA-256 of its text"),
	VERB("tokens/{id}/revoke", SCOPE_LOCAL, SUBJECT_ID, "token-revoke", 0,
	     "ends a bearer token"),
	{ .path = API "/backup",
	  .action = ROUTE_COMMAND,
	  .scope = SCOPE_LOCAL,
	  .what = "backup",
	  .body = LIMIT_HTTP_API_BODY,
	  .patience = 1800,
	  .help = "writes a copy of the store beside it" },
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

const struct route_name parameter_names[PARAMETERS_MAX] = {
	{ PARAMETER_REPOSITORY, "repository", "only of this repository" },
	{ PARAMETER_TARGET, "target", "only of this target" },
	{ PARAMETER_REF, "ref", "only of this ref, by its full name" },
	{ PARAMETER_STATE, "state",
	  "only in this state; of verdicts the result, of "
	  "the ledger the kind" },
	{ PARAMETER_BEFORE, "before", "older than this id: `next` of the page before" },
	{ PARAMETER_LIMIT, "limit", "rows, at most 200" },
	{ PARAMETER_ID, "id", "only this one; of findings: the verdict" },
	{ PARAMETER_SOURCE, "source", "only of this source" },
	{ PARAMETER_NUMBER, "number", "only this merge request" },
	{ PARAMETER_AFTER, "after", "what came after this event" },
};

const struct route_name command_key_names[COMMAND_KEYS_MAX] = {
	{ COMMAND_KEY_COMMIT, "commit", "the full id; the newest accepted one" },
	{ COMMAND_KEY_GENERATION, "generation", "to go back to; the one before" },
	{ COMMAND_KEY_REASON, "reason", "why: it goes to the ledger" },
	{ COMMAND_KEY_RELEASE, "release", "take the commit out of quarantine" },
	{ COMMAND_KEY_NAME, "name", "what it is for" },
	{ COMMAND_KEY_SCOPES, "scopes", "'read', 'poll', 'deploy'" },
	{ COMMAND_KEY_EXPIRES, "expires", "when it ends" },
	{ COMMAND_KEY_DIGEST, "digest", "SHA-256 of the token's text, hexadecimal" },
};

/* Whether a path is as the row says; fills in the name. */
static bool matches(const char *pattern, const char *path, char name[ROUTE_NAME_BYTES])
{
	const char *hole = strchr(pattern, '{');

	name[0] = '\0';
	if (!hole)
		return strcmp(pattern, path) == 0;
	size_t before = (size_t)(hole - pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	size_t length = strcspn(path + before, "/");
	if (length == 0 || length >= ROUTE_NAME_BYTES ||
	    strcmp(path + before + length, strchr(hole, '}') + 1) != 0)
		return false;
	memcpy(name, path + before, length);
	name[length] = '\0';
	return true;
}

const char *scope_name(enum scope scope)
{
	switch (scope) {
	case SCOPE_LOCAL:
	case SCOPE_OPEN:
		return NULL;
	case SCOPE_READ:
		return "read";
	case SCOPE_POLL:
		return "poll";
	case SCOPE_DEPLOY:
		return "deploy";
	}
	return NULL;
}

const struct route *route_at(size_t index)
{
	return index < ROUTES ? &routes[index] : NULL;
}

const struct route *route_find(const char *path, const char *method,
			       char name[ROUTE_NAME_BYTES], const char **allow)
{
	bool post = strcmp(method, "POST") == 0;
	bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	*allow = NULL;
	for (size_t i = 0; i < ROUTES; i++) {
		if (!matches(routes[i].path, path, name))
			continue;
		bool takes_post = route_is_post(&routes[i]);
		if (takes_post ? post : get)
			return &routes[i];
		const char *own = takes_post ? "POST" : "GET, HEAD";
		*allow = *allow && *allow != own ? "GET, HEAD, POST" : own;
	}
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
	return route->action == ROUTE_HINT || route->action == ROUTE_COMMAND ||
	       route->action == ROUTE_HOOK;
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
		if (route->action == ROUTE_QUERY || route->action == ROUTE_EVENTS)
			write_names(json, "parameters", route->may, parameter_names,
				    PARAMETERS_MAX);
		if (route->action == ROUTE_COMMAND)
			write_names(json, "keys", route->may, command_key_names,
				    COMMAND_KEYS_MAX);
		json_put_boolean(json, "local_only", route->scope == SCOPE_LOCAL);
		if (scope_name(route->scope))
			json_put_string(json, "scope", scope_name(route->scope));
		json_object_end(json);
	}
	json_array_end(json);
}
