/* cmd/schema_fetch.c - schemas over HTTPS: of an address, of a running cluster.
 *
 * Source: kubernetes.io, "The Kubernetes API", OpenAPI specification: GET /openapi/v3
 * lists {"paths": {"apis/apps/v1": {"serverRelativeURL": "/openapi/v3/...?hash=..."}}},
 * GET /openapi/v2 is everything at once. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "cmd/schema.h"
#include "doc/doc.h"
#include "doc/kubernetes_import.h"
#include "net/http.h"

#define TIMEOUT           (60 * CLOCK_SECOND)
#define AUTHORITIES_BYTES ((size_t)1 << 20)
#define TOKEN_BYTES       65536
#define ADDRESS_BYTES     8192
#define INDEX_BYTES       ((size_t)64 << 20)
#define DOCUMENTS         1000 /* of one cluster: one for each version of a group */

struct fetch {
	struct http_client *client;
	struct kubernetes_import *import;
	struct error *err;
};

/* --- the connection --- */

static int read_token(const char *file, struct buf *out, struct error *err)
{
	buf_add_string(out, "Bearer ");
	int rc = buf_read_file(out, file, err);

	while (rc == 0 && out->length && strchr("\r\n ", out->data[out->length - 1]))
		buf_truncate(out, out->length - 1);
	return rc;
}

static void wipe(struct buf *secret)
{
	explicit_bzero(secret->data, secret->length);
	buf_release(secret);
}

static int begin(struct fetch *fetch, const char *base,
		 const struct schema_command *command, struct error *err)
{
	struct buf authorities = BUF_INIT(AUTHORITIES_BYTES);
	struct buf token = BUF_INIT(TOKEN_BYTES);
	int rc = 0;

	if (command->ca_file)
		rc = buf_read_file(&authorities, command->ca_file, err);
	if (rc == 0 && command->token_file)
		rc = read_token(command->token_file, &token, err);
	const struct http_options options = {
		.base = base,
		.authorization = command->token_file ? token.data : NULL,
		.authorities = command->ca_file ? authorities.data : NULL,
		.accept = "application/json",
		.timeout = TIMEOUT,
	};
	if (rc == 0)
		rc = http_client_new(&fetch->client, &options, err);
	wipe(&token);
	buf_release(&authorities);
	return rc;
}

static int get(struct fetch *fetch, const char *target, struct http_reply *reply)
{
	int rc = http_request(fetch->client, "GET", target, NULL, NULL, 0, reply,
			      fetch->err);

	if (rc == 0 && reply->status != 200) {
		rc = error_set(fetch->err,
			       reply->status == 404 ? ERROR_NOT_FOUND : ERROR_NETWORK,
			       "the server answered %d to GET %.200s", reply->status,
			       target);
		http_reply_release(reply);
	}
	return rc;
}

static int take(struct fetch *fetch, const char *target, const char *name)
{
	struct http_reply reply = { 0 };

	int rc = get(fetch, target, &reply);
	if (rc != 0)
		return rc;
	rc = kubernetes_import_add(fetch->import, name, reply.body.data,
				   reply.body.length, NULL, fetch->err);
	http_reply_release(&reply);
	return rc;
}

/* --- an address --- */

/* "https://host/a/b.json" as "https://host" and "/a/b.json". */
static int split(const char *address, char base[ADDRESS_BYTES],
		 char target[ADDRESS_BYTES], struct error *err)
{
	const char *host = strstr(address, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;
	size_t length = path ? (size_t)(path - address) : 0;

	if (strncmp(address, "https://", 8) != 0 || !path ||
	    strlen(address) + 32 > ADDRESS_BYTES)
		return error_set(err, ERROR_USAGE,
				 "'%.200s' is no address that can be imported: it must "
				 "begin with https:// and have a path",
				 address);
	memcpy(base, address, length);
	base[length] = '\0';
	snprintf(target, ADDRESS_BYTES, "%s%s", path,
		 text_ends_with(path, "/") ? "_definitions.json" : "");
	return 0;
}

/* The address itself says JSON or YAML, whatever follows the path. */
int schema_fetch_address(struct kubernetes_import *import, const char *address,
			 const struct schema_command *command, struct error *err)
{
	const struct schema_command anonymous = { .ca_file = command->ca_file };
	struct fetch fetch = { .import = import, .err = err };
	char base[ADDRESS_BYTES];
	char target[ADDRESS_BYTES];

	int rc = split(address, base, target, err);
	if (rc == 0)
		rc = begin(&fetch, base, &anonymous, err);
	if (rc == 0)
		rc = take(&fetch, target, target);
	http_client_free(fetch.client);
	return rc == 0 ? 0 : error_context(err, "'%.200s'", address);
}

/* --- a cluster --- */

static int take_listed(struct fetch *fetch, const struct node *paths)
{
	int rc = 0;

	if (node_count(paths) > DOCUMENTS)
		return error_set(fetch->err, ERROR_LIMIT,
				 "the server lists more than %d documents", DOCUMENTS);
	for (size_t i = 0; rc == 0 && i < node_count(paths); i++) {
		const struct node *address = node_get(node_item(paths, i), "serverRelat"
									   "iveURL");
		char name[ADDRESS_BYTES];
		if (node_kind(address) != NODE_STRING)
			continue;
		text_escape_into(name, sizeof(name) - 8,
				 node_text(node_key(paths, i), NULL),
				 strlen(node_text(node_key(paths, i), NULL)));
		strncat(name, ".json", sizeof(name) - strlen(name) - 1);
		rc = take(fetch, node_text(address, NULL), name);
		/* Half of what a cluster has is not it. */
		if (rc == ERROR_NOT_FOUND)
			rc = ERROR_NETWORK;
	}
	return rc;
}

/* ERROR_NOT_FOUND: the server has no OpenAPI 3.0 (before 1.24). */
static int take_version_3(struct fetch *fetch)
{
	struct http_reply reply = { 0 };
	struct doc_problem problem;
	struct docs docs = { 0 };

	int rc = get(fetch, "/openapi/v3", &reply);
	if (rc != 0)
		return rc;
	struct arena *arena = arena_new(INDEX_BYTES);
	if (!arena)
		rc = error_set(fetch->err, ERROR_MEMORY, "out of memory");
	else
		rc = docs_parse(&docs, arena, DOC_JSON, reply.body.data,
				reply.body.length, &limits_default, &problem);
	if (arena && rc != 0)
		error_set(fetch->err, rc, "GET /openapi/v3: %u:%u: %s", problem.line,
			  problem.column, problem.message);
	if (rc == 0)
		rc = take_listed(fetch, node_get(docs.roots[0], "paths"));
	arena_free(arena);
	http_reply_release(&reply);
	return rc;
}

int schema_fetch_cluster(struct kubernetes_import *import,
			 const struct schema_command *command, struct error *err)
{
	struct error missing = ERROR_INIT;
	struct fetch fetch = { .import = import, .err = &missing };
	char base[ADDRESS_BYTES];

	snprintf(base, sizeof(base), "%s", command->server);
	while (text_ends_with(base, "/"))
		base[strlen(base) - 1] = '\0';
	int rc = begin(&fetch, base, command, err);
	if (rc != 0)
		return rc;
	rc = take_version_3(&fetch);
	if (rc == ERROR_NOT_FOUND) {
		missing = (struct error)ERROR_INIT;
		rc = take(&fetch, "/openapi/v2", "openapi-v2.json");
	}
	http_client_free(fetch.client);
	return rc == 0 ? 0 : error_set(err, rc, "%s: %s", base, missing.text);
}
