/* intake/body.c - the JSON of hints and commands, as messages. */
#include "intake/state.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/doc.h"
#include "model/change.h"

#define PUSHER_BYTES     255
#define TOKEN_NAME_BYTES 100

/* The body as a mapping; an empty body is an empty one (NULL). */
static int read_mapping(const struct request *request, struct arena *arena,
			const struct node **out, struct error *err)
{
	struct doc_problem problem = { 0 };
	struct docs docs = { 0 };

	if (request->body.length == 0) {
		*out = NULL;
		return 0;
	}
	int rc = docs_parse(&docs, arena, DOC_JSON, request->body.data,
			    request->body.length, request->intake->limits, &problem);
	if (rc != 0)
		return error_set(err, rc, "the body, line %u, column %u: %s",
				 problem.line, problem.column, problem.message);
	if (docs.count != 1 || node_kind(docs.roots[0]) != NODE_MAPPING)
		return error_set(err, ERROR_SYNTAX, "the body is not a JSON object");
	*out = docs.roots[0];
	return 0;
}

static int check_keys(const struct node *mapping, const char *const *names,
		      size_t count, struct error *err)
{
	for (size_t i = 0; i < node_count(mapping); i++) {
		const char *key = node_text(node_key(mapping, i), NULL);
		bool known = false;
		for (size_t j = 0; j < count; j++)
			known = known || strcmp(names[j], key) == 0;
		const char *nearest = known ? NULL : text_nearest(key, names, count);
		if (!known && nearest)
			return error_set(err, ERROR_USAGE,
					 "unknown key '%s'; did you mean '%s'?", key,
					 nearest);
		if (!known)
			return error_set(err, ERROR_USAGE, "unknown key '%s'", key);
	}
	return 0;
}

/* Missing and null leave *out as it is. */
static int read_string(const struct node *mapping, const char *key, size_t maximum,
		       const char **out, struct error *err)
{
	const struct node *node = node_get(mapping, key);
	size_t length = 0;

	if (!node || node_kind(node) == NODE_NULL)
		return 0;
	if (node_kind(node) != NODE_STRING)
		return error_set(err, ERROR_USAGE, "'%s' must be a string", key);
	const char *text = node_text(node, &length);
	if (length > maximum)
		return error_set(err, ERROR_LIMIT, "'%s' is over %zu bytes", key,
				 maximum);
	if (strlen(text) != length)
		return error_set(err, ERROR_ENCODING, "'%s' holds a NUL", key);
	*out = text;
	return 0;
}

static int read_id(const struct node *mapping, const char *key, struct oid *out,
		   struct error *err)
{
	const char *text = NULL;
	int rc = read_string(mapping, key, OID_HEX_BYTES - 1, &text, err);

	if (rc == 0 && text && oid_parse(text, strlen(text), out) != 0)
		rc = error_set(err, ERROR_USAGE,
			       "'%s' must be an id of 40 or 64 lower-case digits", key);
	return rc;
}

/* --- hints --- */

static int read_ref(const struct node *node, struct arena *arena, const char **line,
		    struct error *err)
{
	static const char *const keys[] = { "ref", "old", "new" };
	struct oid old_id = OID_INIT, new_id = OID_INIT;
	const char *ref = NULL;

	if (node_kind(node) != NODE_MAPPING)
		return error_set(err, ERROR_USAGE, "each of 'refs' must be an object");
	int rc = check_keys(node, keys, 3, err);
	if (rc == 0)
		rc = read_string(node, "ref", PATH_MAX, &ref, err);
	if (rc == 0)
		rc = read_id(node, "old", &old_id, err);
	if (rc == 0)
		rc = read_id(node, "new", &new_id, err);
	if (rc == 0 && (!ref || !old_id.length || old_id.length != new_id.length))
		rc = error_set(err, ERROR_USAGE,
			       "each of 'refs' needs 'ref', 'old' and 'new'");
	if (rc == 0)
		rc = ref_check(ref, err);
	if (rc != 0)
		return rc;
	*line = arena_printf(arena, "%s %s %s", oid_text(&old_id), oid_text(&new_id),
			     ref);
	return *line ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

/* What does not fit into one message is left out: a hint without refs says "look", too.
 */
static int read_refs(const struct request *request, const struct node *refs,
		     struct arena *arena, struct msg_strings *out, struct error *err)
{
	size_t count = node_count(refs);
	uint64_t bytes = 0;

	if (!refs || node_kind(refs) == NODE_NULL)
		return 0;
	if (node_kind(refs) != NODE_SEQUENCE)
		return error_set(err, ERROR_USAGE, "'refs' must be an array");
	int rc = limit_check(request->intake->limits, LIMIT_GIT_REFS_PER_PUSH, count,
			     "refs", err);
	const char **lines = arena_array(arena, count + 1, sizeof(*lines));
	if (rc == 0 && !lines)
		rc = error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = read_ref(node_item(refs, i), arena, &lines[i], err);
		bytes += rc == 0 ? strlen(lines[i]) + sizeof(uint32_t) : 0;
	}
	if (rc != 0)
		return rc;
	if (bytes < intake_limit(request->intake, LIMIT_MESSAGE_BYTES) / 2)
		*out = (struct msg_strings){ lines, count };
	return 0;
}

int hint_read(const struct request *request, struct arena *arena,
	      struct msg_notify *notify, struct error *err)
{
	static const char *const keys[] = { "repository", "path", "refs", "pusher" };
	const struct node *body = NULL;

	int rc = read_mapping(request, arena, &body, err);
	if (rc == 0)
		rc = check_keys(body, keys, 4, err);
	if (rc == 0)
		rc = read_string(body, "repository", ROUTE_NAME_BYTES - 1,
				 &notify->repository, err);
	if (rc == 0)
		rc = read_string(body, "path", PATH_MAX, &notify->path, err);
	if (rc == 0)
		rc = read_string(body, "pusher", PUSHER_BYTES, &notify->pusher, err);
	if (rc == 0)
		rc = read_refs(request, node_get(body, "refs"), arena, &notify->refs,
			       err);
	if (rc == 0 && !(notify->repository && *notify->repository) &&
	    !(notify->path && *notify->path == '/'))
		rc = error_set(err, ERROR_USAGE,
			       "a hint needs 'repository' or an absolute 'path'");
	notify->uid = request->peer->uid;
	notify->at = clock_now();
	return rc;
}

/* --- commands --- */

static int check_command_keys(const struct route *route, const struct node *body,
			      struct error *err)
{
	const char *names[COMMAND_KEYS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < COMMAND_KEYS_MAX; i++)
		if (route->may & command_key_names[i].bit)
			names[count++] = command_key_names[i].name;
	return check_keys(body, names, count, err);
}

static int read_generation(const struct node *body, uint64_t *out, struct error *err)
{
	const struct node *node = node_get(body, "generation");
	int64_t number = 0;

	if (!node || node_kind(node) == NODE_NULL)
		return 0;
	if (node_kind(node) != NODE_INTEGER || node_integer(node, &number) != 0 ||
	    number < 1)
		return error_set(err, ERROR_USAGE,
				 "'generation' must be a positive integer");
	*out = (uint64_t)number;
	return 0;
}

static int read_release(const struct node *body, bool *out, struct error *err)
{
	const struct node *node = node_get(body, "release");

	if (!node || node_kind(node) == NODE_NULL)
		return 0;
	if (node_kind(node) != NODE_BOOLEAN)
		return error_set(err, ERROR_USAGE, "'release' must be true or false");
	*out = node_boolean(node);
	return 0;
}

/* --- tokens --- */

static int add_scope(const struct node *node, struct buf *out, struct error *err)
{
	static const char *const scopes[] = { "read", "poll", "deploy" };
	const char *text = node_kind(node) == NODE_STRING ? node_text(node, NULL) : "";

	for (size_t i = 0; i < 3; i++)
		if (strcmp(text, scopes[i]) == 0) {
			buf_addf(out, "%s%s", out->length ? " " : "", text);
			return 0;
		}
	return error_set(err, ERROR_USAGE,
			 "each of 'scopes' must be 'read', 'poll' or 'deploy'");
}

/* A list of words; control gets them with a blank between. */
static int read_token_scopes(const struct node *body, struct arena *arena,
			     const char **out, struct error *err)
{
	const struct node *list = node_get(body, "scopes");
	struct buf words = BUF_INIT(256);
	int rc = 0;

	if (!list || node_kind(list) != NODE_SEQUENCE || node_count(list) == 0)
		return error_set(err, ERROR_USAGE, "'scopes' must be a list of words");
	for (size_t i = 0; rc == 0 && i < node_count(list); i++)
		rc = add_scope(node_item(list, i), &words, err);
	if (rc == 0)
		rc = buf_status(&words, "'scopes'", err);
	if (rc == 0) {
		*out = arena_string(arena, words.data);
		if (!*out)
			rc = error_set(err, ERROR_MEMORY, "out of memory");
	}
	buf_release(&words);
	return rc;
}

static int read_token(const struct request *request, const struct node *body,
		      struct arena *arena, struct msg_command *command,
		      struct error *err)
{
	const char *expires = NULL, *digest = NULL;

	if (!(request->route->may & COMMAND_KEY_DIGEST))
		return 0;
	int rc = read_string(body, "name", TOKEN_NAME_BYTES, &command->name, err);
	if (rc == 0)
		rc = read_token_scopes(body, arena, &command->scopes, err);
	if (rc == 0)
		rc = read_string(body, "expires", CLOCK_TEXT_BYTES, &expires, err);
	if (rc == 0)
		rc = read_string(body, "digest", DIGEST_HEX_BYTES, &digest, err);
	if (rc != 0)
		return rc;
	if (!command->name || !*command->name)
		return error_set(err, ERROR_USAGE, "a token needs a 'name'");
	if (expires && clock_parse(expires, &command->expires_at) != 0)
		return error_set(err, ERROR_USAGE,
				 "'expires' must be a time as 2026-11-21T09:30:00Z");
	if (!digest || digest_parse(digest, &command->digest) != 0)
		return error_set(err, ERROR_USAGE,
				 "'digest' must be the SHA-256 of the token's text, 64 "
				 "lower-case digits");
	return 0;
}

/* --- what a command is about --- */

static int read_subject(const struct request *request, struct msg_command *command,
			struct error *err)
{
	const char *name = request->name;

	if (!text_is_utf8(name, strlen(name)))
		return error_set(err, ERROR_ENCODING, "the name is not UTF-8");
	switch (request->route->subject) {
	case SUBJECT_NONE:
	case SUBJECT_SOURCE:
		break;
	case SUBJECT_TARGET:
		command->target = name;
		break;
	case SUBJECT_REPOSITORY:
		command->repository = name;
		break;
	case SUBJECT_ID:
		if (text_parse_u64(name, &command->id) != 0 || command->id == 0 ||
		    command->id > INT64_MAX)
			return error_set(err, ERROR_USAGE, "the id must be a number");
		break;
	}
	return 0;
}

int command_read(const struct request *request, struct arena *arena,
		 struct msg_command *command, struct error *err)
{
	const struct route *route = request->route;
	const struct node *body = NULL;
	size_t reason = (size_t)intake_limit(request->intake, LIMIT_HTTP_REASON_BYTES);

	int rc = read_mapping(request, arena, &body, err);
	if (rc == 0)
		rc = check_command_keys(route, body, err);
	if (rc == 0)
		rc = read_id(body, "commit", &command->commit, err);
	if (rc == 0)
		rc = read_string(body, "reason", reason, &command->reason, err);
	if (rc == 0)
		rc = read_generation(body, &command->generation, err);
	if (rc == 0)
		rc = read_release(body, &command->release, err);
	if (rc == 0)
		rc = read_token(request, body, arena, command, err);
	if (rc == 0)
		rc = read_subject(request, command, err);
	command->uid = request->peer->uid;
	command->verb = route->what;
	return rc;
}
