/* cluster/client.c - clients for an access, and what a server's refusals say. */
#include "cluster/client.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "cluster/access.h"
#include "cluster/parts.h"
#include "doc/doc.h"
#include "net/http.h"

#define STATUS_BYTES  ((size_t)64 << 10) /* a longer one is not read */
#define MESSAGE_BYTES 512

int cluster_client_new(struct http_client **out, const struct cluster_access *access,
		       int64_t timeout, struct error *err)
{
	struct buf bearer = BUF_INIT(CLUSTER_TOKEN_BYTES + 16);

	if (access->token) {
		/* At once, and not formatted: no copy stays behind. */
		buf_reserve(&bearer, strlen(access->token) + 8);
		buf_add_string(&bearer, "Bearer ");
		buf_add_string(&bearer, access->token);
	}
	const struct http_options options = {
		.base = access->server,
		.authorization = access->token ? bearer.data : NULL,
		.authorities = access->authorities,
		.certificate = access->certificate,
		.key = access->key,
		.server_name = access->server_name,
		.accept = "application/json",
		.timeout = timeout,
	};
	int rc = buf_status(&bearer, "a token", err);
	if (rc == 0)
		rc = http_client_new(out, &options, err);
	explicit_bzero(bearer.data, bearer.capacity);
	buf_release(&bearer);
	return rc;
}

static const struct {
	int status;
	int code;
	const char *mend;
} refusals[] = {
	{ 401, ERROR_UNAUTHENTICATED, " (who asks is not known to it, or no longer)" },
	{ 403, ERROR_PERMISSION, " (who asks has too few rights)" },
	{ 404, ERROR_NOT_FOUND, "" },
	{ 429, ERROR_RATE_LIMITED, "" },
};

/* The message of a Status; "": there is none, or it says our token. */
static void read_message(const struct http_client *client,
			 const struct http_reply *reply, char out[MESSAGE_BYTES])
{
	struct doc_problem problem;
	struct docs docs = { 0 };

	out[0] = '\0';
	if (reply->body.length > STATUS_BYTES)
		return;
	struct arena *arena = arena_new(STATUS_BYTES * 64);
	if (arena && docs_parse(&docs, arena, DOC_JSON, reply->body.data,
				reply->body.length, &limits_default, &problem) == 0) {
		const struct node *message = node_get(docs.roots[0], "message");
		const char *said = node_kind(message) == NODE_STRING
					   ? node_text(message, NULL)
					   : "";
		/* As a whole: a part of a token is not shown, either. */
		if (*said && !http_client_is_said(client, said))
			snprintf(out, MESSAGE_BYTES, ": %.400s", said);
	}
	arena_free(arena);
}

int cluster_reply_check(const struct http_client *client,
			const struct http_reply *reply, const char *request,
			struct error *err)
{
	char message[MESSAGE_BYTES];
	const char *mend = "";
	int code = ERROR_NETWORK;

	if (reply->status >= 200 && reply->status < 300)
		return 0;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].status == reply->status) {
			code = refusals[i].code;
			mend = refusals[i].mend;
		}
	read_message(client, reply, message);
	return error_set(err, code, "the server answered %d to %.200s%s%s",
			 reply->status, request, message, mend);
}

int cluster_get(struct http_client *client, const char *target, struct http_reply *out,
		struct error *err)
{
	struct http_reply reply = { 0 };
	char request[256];

	int rc = http_request(client, "GET", target, NULL, NULL, 0, &reply, err);
	if (rc != 0)
		return rc;
	snprintf(request, sizeof(request), "GET %s", target);
	rc = cluster_reply_check(client, &reply, request, err);
	if (rc == 0)
		*out = reply;
	else
		http_reply_release(&reply);
	return rc;
}
