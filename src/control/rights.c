/* control/rights.c - who may: people at the local socket by their uid, others by a
 * token. */
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/user.h"
#include "control/state.h"

bool rights_is_admin(const struct control *control, uint64_t uid)
{
	const struct strings *admins = &control->config->server.admins;

	if (uid == UINT64_MAX)
		return false; /* came over a network */
	if (uid == 0 || uid == geteuid())
		return true;
	for (size_t i = 0; i < admins->count; i++) {
		const char *name = admins->items[i];
		if (*name == '@' ? user_is_in_group((uid_t)uid, name + 1)
				 : user_is((uid_t)uid, name))
			return true;
	}
	return false;
}

/* Scopes are words with a blank between them; deploy includes poll, each includes read.
 */
static bool has_scope(const char *scopes, const char *wanted)
{
	static const char *const order[] = { "read", "poll", "deploy" };
	int have = -1, need = 3;

	for (int i = 0; i < 3; i++) {
		if (strcmp(wanted, order[i]) == 0)
			need = i;
		for (const char *at = scopes; at && *at;) {
			size_t length = strcspn(at, " ");
			if (length == strlen(order[i]) &&
			    strncmp(at, order[i], length) == 0 && i > have)
				have = i;
			at += length + strspn(at + length, " ");
		}
	}
	return have >= need;
}

int rights_scopes_check(const char *scopes, struct error *err)
{
	const char *at = scopes ? scopes : "";
	bool some = false;

	while (*at) {
		size_t length = strcspn(at, " ");
		if (!(length == 4 && strncmp(at, "read", 4) == 0) &&
		    !(length == 4 && strncmp(at, "poll", 4) == 0) &&
		    !(length == 6 && strncmp(at, "deploy", 6) == 0))
			return error_set(err, ERROR_USAGE,
					 "unknown scope '%.*s': read, poll or deploy",
					 (int)(length < 32 ? length : 32), at);
		some = true;
		at += length + strspn(at + length, " ");
	}
	return some ? 0
		    : error_set(err, ERROR_USAGE,
				"a token needs a scope: read, poll or deploy");
}

static int check_token(struct control *control, const struct digest *token,
		       const char *scope, struct error *err)
{
	struct msg_token_row row = { 0 };

	if (store_token_find(control->store, control->round, token, clock_now(), &row,
			     NULL) != 0)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "the token is not known, has expired or was revoked");
	if (!has_scope(row.scopes, scope))
		return error_set(err, ERROR_PERMISSION,
				 "token '%s' has not the scope '%s'", row.name, scope);
	return 0;
}

int rights_check(struct control *control, uint64_t uid, const struct digest *token,
		 const char *scope, struct error *err)
{
	bool local = uid != UINT64_MAX;
	bool reads = strcmp(scope, "read") == 0;

	if (!digest_is_none(token))
		return check_token(control, token, scope, err);
	if (reads && (local || control->config->server.anonymous_read))
		return 0;
	if (!local)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "a token is needed: Authorization: Bearer; see "
				 "gitgate "
				 "token create");
	if (rights_is_admin(control, uid))
		return 0;
	return error_set(err, ERROR_PERMISSION,
			 "'%s' may not do this: see 'admins' in the configuration",
			 rights_actor(control, uid, token));
}

const char *rights_actor(struct control *control, uint64_t uid,
			 const struct digest *token)
{
	struct msg_token_row row = { 0 };
	char name[USER_NAME_BYTES];
	const char *actor;

	if (!digest_is_none(token)) {
		if (store_token_find(control->store, control->round, token, clock_now(),
				     &row, NULL) != 0)
			return "an unknown token";
		actor = arena_printf(control->round, "token %s", row.name);
	} else if (uid == UINT64_MAX) {
		return "somebody";
	} else {
		user_name((uid_t)uid, name);
		actor = arena_string(control->round, name);
	}
	return actor ? actor : "";
}
