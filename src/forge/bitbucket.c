/* forge/bitbucket.c - what the APIs of both Bitbuckets have in common: who asks, and
 * build statuses. */
#include "forge/bitbucket.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "doc/doc.h"
#include "net/http.h"

#define KEY_BYTES       40 /* Cloud's limit; Data Center takes 255 */
#define TEXT_CHARACTERS 255
#define SECRET_BYTES    8192

static bool is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* "Basic <base64>" of user and token. */
static const char *basic(struct arena *arena, const char *username, const char *token)
{
	struct buf encoded = BUF_INIT(2 * SECRET_BYTES);
	const char *pair = arena_printf(arena, "%s:%s", username, token);
	const char *made = NULL;
	if (pair != NULL)
		base64_encode(pair, strlen(pair), &encoded);
	if (pair != NULL && encoded.failed == 0)
		made = arena_printf(arena, "Basic %s", encoded.data);
	if (encoded.capacity > 0)
		explicit_bzero(encoded.data, encoded.length);
	buf_release(&encoded);
	return made;
}

int bitbucket_open(struct forge *forge, const struct msg_forge_session *session,
		   const char *base, struct error *err)
{
	struct http_options options = {
		.base = base,
		.authorities =
			is_given(session->authorities) ? session->authorities : NULL,
		.timeout = session->timeout,
	};
	bool known = is_given(session->token);
	forge->api = base;
	if (known && is_given(session->username))
		options.authorization =
			basic(forge->arena, session->username, session->token);
	else if (known)
		options.authorization =
			arena_printf(forge->arena, "Bearer %s", session->token);
	if (known && options.authorization == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a session");
	return http_client_new(&forge->http, &options, err);
}

/* --- build statuses --- */

/* INPROGRESS, SUCCESSFUL, FAILED are known to all versions of both. */
static const char *state_of(const char *name)
{
	switch (call_state_by_name(name)) {
	case CALL_PENDING:
	case CALL_RUNNING:
		return "INPROGRESS";
	case CALL_SUCCESS:
	case CALL_SKIPPED:
		return "SUCCESSFUL";
	case CALL_STATE_UNKNOWN:
	case CALL_FAILURE:
	case CALL_ERROR:
	case CALL_CANCELLED:
		break;
	}
	return "FAILED";
}

/* The context itself, or what stands for it. */
static const char *key_of(struct arena *arena, const char *context)
{
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	if (strlen(context) <= KEY_BYTES)
		return arena_string(arena, context);
	if (digest_of(context, strlen(context), &digest) != 0)
		return NULL;
	digest_hex(&digest, hex);
	return arena_copy(arena, hex, KEY_BYTES);
}

int bitbucket_build(const struct msg_report_item *item, const char *page,
		    struct arena *arena, struct bitbucket_build *out, struct error *err)
{
	struct bitbucket_build build = {
		.key = key_of(arena, item->context),
		.state = state_of(item->state),
		.name = call_cut(arena, item->context, TEXT_CHARACTERS),
		.url = item->link[0] != '\0' ? item->link : page,
		.description = call_cut(arena, item->description, TEXT_CHARACTERS),
	};
	if (build.key == NULL || build.name == NULL || build.url == NULL ||
	    build.description == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a status");
	*out = build;
	return 0;
}

void bitbucket_put_build(struct json *json, const struct bitbucket_build *build)
{
	json_put_string(json, "key", build->key);
	json_put_string(json, "state", build->state);
	json_put_string(json, "name", build->name);
	json_put_string(json, "url", build->url);
	json_put_string(json, "description", build->description);
}

bool bitbucket_is_build(const struct node *shown, const struct bitbucket_build *build,
			struct arena *arena)
{
	struct call_fields fields;
	call_fields_begin(&fields, arena, shown, "a build status");
	return strcmp(call_text(&fields, "key", CALL_OPTIONAL), build->key) == 0 &&
	       strcmp(call_text(&fields, "state", CALL_OPTIONAL), build->state) == 0 &&
	       strcmp(call_text(&fields, "url", CALL_OPTIONAL), build->url) == 0 &&
	       strcmp(call_text(&fields, "description", CALL_OPTIONAL),
		      build->description) == 0;
}

int bitbucket_values(const struct call_reply *page, const struct node **values,
		     struct error *err)
{
	*values = call_child(page->body, "values");
	return node_kind(*values) == NODE_SEQUENCE
		       ? 0
		       : error_set(err, ERROR_FORGE, "the forge's list is none");
}

int bitbucket_take_hook(struct call_hooks *hooks, const struct node *node,
			const struct bitbucket_hook_names *names, struct error *err)
{
	struct call_fields fields;
	call_fields_begin(&fields, hooks->arena, node, "a webhook");
	if (strcmp(call_text(&fields, "url", CALL_OPTIONAL), hooks->url) != 0)
		return call_fields_status(&fields, err);
	const char *id = call_text(&fields, names->id, CALL_NEEDED);
	hooks->active = call_boolean(&fields, "active");
	call_hook_events(hooks, call_child(node, "events"), names->push,
			 names->pull_requests);
	int code = call_fields_status(&fields, err);
	return code == 0 ? call_hook_add(hooks, id, err) : code;
}
