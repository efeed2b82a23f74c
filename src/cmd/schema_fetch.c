/* cmd/schema_fetch.c - schemas over HTTPS: of an address, of a running cluster.
 *
 * Source: kubernetes.io, "The Kubernetes API", OpenAPI specification: GET /openapi/v3
 * lists {"paths": {"apis/apps/v1": {"serverRelativeURL": "/openapi/v3/...?hash=..."}}},
 * GET /openapi/v2 is everything at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "cluster/access.h"
#include "cluster/client.h"
#include "cmd/schema.h"
#include "doc/doc.h"
#include "doc/kubernetes_import.h"
#include "net/http.h"

#define TIMEOUT       (60 * CLOCK_SECOND)
#define ADDRESS_BYTES 8192
#define INDEX_BYTES   ((size_t)64 << 20)
#define DOCUMENTS     1000 /* of one cluster: one for each version of a group */

struct fetch {
	struct http_client *client;
	struct kubernetes_import *import;
	struct error *err;
};

static int take(struct fetch *fetch, const char *target, const char *name)
{
	struct http_reply reply = { 0 };

	int rc = cluster_get(fetch->client, target, &reply, fetch->err);
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
	struct fetch fetch = { .import = import, .err = err };
	struct cluster_access *nobody = NULL;
	char base[ADDRESS_BYTES];
	char target[ADDRESS_BYTES];

	int rc = split(address, base, target, err);
	if (rc == 0)
		rc = cluster_access_at(&nobody, base, NULL, command->ca_file, err);
	if (rc == 0)
		rc = cluster_client_new(&fetch.client, nobody, TIMEOUT, err);
	if (rc == 0)
		rc = take(&fetch, target, target);
	http_client_free(fetch.client);
	cluster_access_free(nobody);
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

	int rc = cluster_get(fetch->client, "/openapi/v3", &reply, fetch->err);
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

/* Everybody who is known to a cluster may read this. */
static int take_cluster(struct fetch *fetch, const struct cluster_access *access,
			struct error *err)
{
	int rc = cluster_client_new(&fetch->client, access, TIMEOUT, err);
	if (rc != 0)
		return rc;
	rc = take_version_3(fetch);
	if (rc == ERROR_NOT_FOUND) {
		error_clear(fetch->err);
		rc = take(fetch, "/openapi/v2", "openapi-v2.json");
	}
	http_client_free(fetch->client);
	return rc == 0 ? 0 : error_set(err, rc, "%s", fetch->err->text);
}

/* Which one, as kubectl finds it; the environment is read here and nowhere else. */
static int find_cluster(const struct schema_command *command,
			struct cluster_access **out, struct error *err)
{
	const struct cluster_choice choice = {
		.file = command->kubeconfig,
		.context = command->context,
		.token_file = command->token_file,
		.authorities = command->ca_file,
		.list = getenv("KUBECONFIG"),
		.home = getenv("HOME"),
		.service_host = getenv("KUBERNETES_SERVICE_HOST"),
		.service_port = getenv("KUBERNETES_SERVICE_PORT"),
	};

	if (command->server)
		return cluster_access_at(out, command->server, command->token_file,
					 command->ca_file, err);
	return cluster_access_find(out, &choice, err);
}

int schema_fetch_cluster(struct kubernetes_import *import,
			 const struct schema_command *command, struct error *err)
{
	struct error refused = ERROR_INIT;
	struct fetch fetch = { .import = import, .err = &refused };
	struct cluster_access *access = NULL;

	int rc = find_cluster(command, &access, err);
	if (rc != 0)
		return rc;
	if (access->exposed)
		fprintf(stderr,
			"gitgate: warning: '%s' holds a secret and is open to every "
			"user of this machine; use chmod o-rwx\n",
			access->exposed);
	rc = take_cluster(&fetch, access, err);
	if (rc != 0)
		error_context(err, "%s", access->name);
	cluster_access_free(access);
	return rc;
}
