/* forge/github_app.c - whom GitHub's API takes us for: somebody by a personal access
 * token, or an App by the tokens of its installations.
 *
 * An installation's token is bought with the App's own (github_jwt.c), lasts an hour
 * and is kept in the session's budget, which the caller hands to the next session. It
 * opens the repositories of one owner; whose installation it is, is asked once a
 * session and owner, since a source may feed repositories of several. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "doc/doc.h"
#include "forge/github.h"
#include "net/http.h"

/* A token that ends sooner is not begun with: a job may take some minutes. */
#define TOKEN_MARGIN (5 * 60 * CLOCK_SECOND)
/* "a stateless form is being rolled out": a few KiB (OpenAPI document of GitHub). */
#define TOKEN_BYTES 16384

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for a session");
}

static const char *bearer(struct arena *arena, const char *token)
{
	return arena_printf(arena, "Bearer %s", token);
}

bool github_is_app(const struct forge *forge)
{
	return forge->app_id != 0;
}

static int take_session(struct forge *forge, const struct msg_forge_session *session,
			struct error *err)
{
	forge->app_id = session->app_id;
	forge->app_key = arena_string(forge->arena, session->app_key);
	forge->budget.remaining = -1;
	forge->budget.installation = session->installation;
	forge->budget.installation_expires = session->installation_expires;
	forge->budget.installation_token =
		arena_string(forge->arena, session->installation_token);
	if (session->app_id == 0)
		return 0;
	if (!session->app_key || session->app_key[0] == '\0')
		return error_set(err, ERROR_USAGE,
				 "app-id needs app-key-file: the App's private key");
	return forge->app_key ? 0 : no_memory(err);
}

int github_open(struct forge *forge, const struct msg_forge_session *session,
		struct error *err)
{
	int rc = take_session(forge, session, err);
	if (rc)
		return rc;
	const char *authorization = NULL;
	if (session->token && session->token[0] != '\0' && !github_is_app(forge)) {
		authorization = bearer(forge->arena, session->token);
		if (!authorization)
			return no_memory(err);
	}
	bool own = session->api && session->api[0] != '\0';
	struct http_options options = {
		.base = own ? session->api : forge_api(forge->driver->kind),
		.authorization = authorization,
		.header = "X-GitHub-Api-Version: 2022-11-28",
		.accept = "application/vnd.github+json, application/json;q=0.9",
		.authorities = session->authorities && session->authorities[0] != '\0'
				       ? session->authorities
				       : NULL,
		.timeout = session->timeout,
	};
	return http_client_new(&forge->http, &options, err);
}

int github_enter_as_app(struct forge *forge, struct arena *arena, struct error *err)
{
	const char *jwt = NULL;
	int rc = github_jwt(forge->app_key, forge->app_id, clock_now(), arena, &jwt,
			    err);
	if (rc)
		return rc;
	const char *authorization = bearer(arena, jwt);
	if (!authorization)
		return no_memory(err);
	return http_client_authorize(forge->http, authorization, err);
}

/* The owner of "owner/name", or NULL: out of memory. */
static const char *owner_of(struct arena *arena, const char *name)
{
	return arena_printf(arena, "%.*s", (int)strcspn(name, "/"), name);
}

static bool token_is_usable(const struct forge *forge)
{
	const struct msg_forge_budget *budget = &forge->budget;
	return budget->installation_token && budget->installation_token[0] != '\0' &&
	       budget->installation_expires > clock_now() + TOKEN_MARGIN;
}

static void forget_token(struct forge *forge)
{
	forge->budget.installation_token = NULL;
	forge->budget.installation_expires = 0;
}

/* Which installation has this repository; another one's token is forgotten. */
static int find_installation(struct forge *forge, const char *name, struct arena *arena,
			     int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	int rc = forge_get(forge, call_target(arena, "/repos/{/}/installation", name),
			   NULL, arena, &reply, retry_at, err);
	if (rc == ERROR_NOT_FOUND)
		error_context(err, "the App is not installed on '%s'", name);
	if (rc)
		return rc;
	call_fields_begin(&fields, arena, reply.body, "the installation");
	uint64_t id = call_number(&fields, "id", CALL_NEEDED);
	rc = call_fields_status(&fields, err);
	if (rc)
		return rc;
	const char *owner = owner_of(forge->arena, name);
	if (!owner)
		return no_memory(err);
	if (id != forge->budget.installation)
		forget_token(forge);
	forge->budget.installation = id;
	forge->installation_owner = owner;
	return 0;
}

static int buy_token(struct forge *forge, struct arena *arena, int64_t *retry_at,
		     struct error *err)
{
	struct call_reply reply;
	struct call call = {
		.method = "POST",
		.target = call_target(arena, "/app/installations/{#}/access_tokens",
				      forge->budget.installation),
	};
	int rc = forge_call(forge, &call, arena, &reply, retry_at, err);
	if (rc)
		return rc;
	size_t length = 0;
	const struct node *node = call_child(reply.body, "token");
	const char *token =
		node_kind(node) == NODE_STRING ? node_text(node, &length) : NULL;
	struct call_fields fields;
	call_fields_begin(&fields, arena, reply.body, "the installation's token");
	int64_t expires = call_time(&fields, "expires_at");
	if (!token || length == 0 || length > TOKEN_BYTES || expires == 0)
		return error_set(err, ERROR_FORGE,
				 "the forge's reply holds no token of the App's "
				 "installation, or not when it ends");
	const char *copy = arena_copy(forge->arena, token, length);
	if (!copy)
		return no_memory(err);
	forge->budget.installation_token = copy;
	forge->budget.installation_expires = expires;
	return 0;
}

static bool is_owner_known(const struct forge *forge, const char *name)
{
	size_t length = strcspn(name, "/");
	const char *owner = forge->installation_owner;
	return owner && strlen(owner) == length &&
	       strncasecmp(owner, name, length) == 0;
}

int github_enter(struct forge *forge, const char *name, struct arena *arena,
		 int64_t *retry_at, struct error *err)
{
	if (!github_is_app(forge))
		return 0;
	bool known = is_owner_known(forge, name);
	int rc = 0;
	if (!known || !token_is_usable(forge))
		rc = github_enter_as_app(forge, arena, err);
	if (!rc && !known)
		rc = find_installation(forge, name, arena, retry_at, err);
	if (!rc && !token_is_usable(forge))
		rc = buy_token(forge, arena, retry_at, err);
	if (rc)
		return rc;
	const char *authorization = bearer(arena, forge->budget.installation_token);
	if (!authorization)
		return no_memory(err);
	return http_client_authorize(forge->http, authorization, err);
}

int github_leave(struct forge *forge, int rc)
{
	if (rc == ERROR_FORGE_DENIED)
		forget_token(forge);
	return rc;
}

/* "<slug>[bot]" is what an App's comments stand under. */
static int app_login(struct forge *forge, const char *name, struct arena *arena,
		     const char **out, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	int rc = github_enter_as_app(forge, arena, err);
	if (!rc)
		rc = forge_get(forge, "/app", NULL, arena, &reply, retry_at, err);
	if (rc)
		return rc;
	struct call_fields fields;
	call_fields_begin(&fields, arena, reply.body, "the App");
	const char *slug = call_text(&fields, "slug", CALL_NEEDED);
	rc = call_fields_status(&fields, err);
	if (!rc)
		rc = github_enter(forge, name, arena, retry_at, err);
	if (rc)
		return rc;
	const char *login = arena_printf(arena, "%s[bot]", slug);
	if (!login)
		return no_memory(err);
	*out = login;
	return 0;
}

int github_login(struct forge *forge, const char *name, struct arena *arena,
		 const char **out, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	if (github_is_app(forge))
		return app_login(forge, name, arena, out, retry_at, err);
	int rc = forge_get(forge, "/user", NULL, arena, &reply, retry_at, err);
	if (rc)
		return rc;
	call_fields_begin(&fields, arena, reply.body, "the token's user");
	const char *login = call_text(&fields, "login", CALL_NEEDED);
	rc = call_fields_status(&fields, err);
	if (!rc)
		*out = login;
	return rc;
}
