/* job/rekor_client.c - requests to a Rekor log. */
#include "job/rekor_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/oid.h"
#include "doc/doc.h"
#include "job/rekor_reply.h"
#include "net/http.h"
#include "trust/rekor_entry.h"

#define TOO_MANY         429 /* RFC 6585 */
#define STATUS_NOT_FOUND 404
#define STATUS_OK        200
#define STATUS_CREATED   201

struct rekor_client {
	struct http_client *http;
	uint64_t requests;
	int64_t retry_at;
};

/* One object while it is asked for. */
struct inquiry {
	struct rekor_client *client;
	struct arena *arena;
	rekor_client_take take;
	void *data;
	struct buf *stored;
	size_t count;
	size_t odd;   /* entries that cannot be read */
	size_t unfit; /* that were not taken */
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory while asking the log");
}

static int bad_reply(const char *what, struct error *err)
{
	return error_set(err, ERROR_SYNTAX,
			 "the log answered something that cannot be read: %s", what);
}

int rekor_client_new(struct rekor_client **out,
		     const struct rekor_client_options *options, struct error *err)
{
	const bool named = options->authorities && *options->authorities;
	const struct http_options http = {
		.base = options->url,
		.authorities = named ? options->authorities : NULL,
		.timeout = options->timeout,
	};
	struct rekor_client *client = calloc(1, sizeof(*client));

	if (!client)
		return no_memory(err);
	int rc = http_client_new(&client->http, &http, err);
	if (rc != 0) {
		free(client);
		return rc;
	}
	*out = client;
	return 0;
}

void rekor_client_free(struct rekor_client *client)
{
	if (!client)
		return;
	http_client_free(client->http);
	free(client);
}

bool rekor_client_is_down(int code)
{
	return code == ERROR_NETWORK || code == ERROR_TIMEOUT ||
	       code == ERROR_RATE_LIMITED || code == ERROR_FORBIDDEN_HOST;
}

uint64_t rekor_client_requests(const struct rekor_client *client)
{
	return client->requests;
}

int64_t rekor_client_retry_at(const struct rekor_client *client)
{
	return client->retry_at;
}

/* --- asking --- */

static int parse_reply(const struct inquiry *inquiry, const struct http_reply *reply,
		       const struct node **out, struct error *err)
{
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	int code = docs_parse(&docs, inquiry->arena, DOC_JSON, reply->body.data,
			      reply->body.length, &limits_default, &problem);

	if (code != 0 || docs.count != 1)
		return bad_reply(code != 0 ? problem.message : "it is empty", err);
	*out = docs.roots[0];
	return 0;
}

static int refused(struct rekor_client *client, const struct http_reply *reply,
		   const char *method, const char *target, struct error *err)
{
	int code = reply->status == TOO_MANY           ? ERROR_RATE_LIMITED
		   : reply->status == STATUS_NOT_FOUND ? ERROR_NOT_FOUND
						       : ERROR_NETWORK;

	if (code != ERROR_NOT_FOUND)
		client->retry_at = reply->retry_after;
	return error_set(err, code, "the log answered %d to %s %s", reply->status,
			 method, target);
}

static int ask(const struct inquiry *inquiry, const char *method, const char *target,
	       const char *body, const struct node **out, struct error *err)
{
	struct http_reply reply = { .status = 0 };
	int rc;

	inquiry->client->requests++;
	rc = http_request(inquiry->client->http, method, target, NULL, body,
			  body ? strlen(body) : 0, &reply, err);
	if (rc != 0)
		return rc;
	if (reply.status != STATUS_OK && reply.status != STATUS_CREATED)
		rc = refused(inquiry->client, &reply, method, target, err);
	else
		rc = parse_reply(inquiry, &reply, out, err);
	http_reply_release(&reply);
	return rc;
}

/* *taken: the search is over. */
static int take_entry(struct inquiry *inquiry, const struct node *reply, bool *taken,
		      struct error *err)
{
	struct buf one = BUF_INIT(limits_default.values[LIMIT_SIGSTORE_PROOF_BYTES]);
	int rc = 0;

	if (!rekor_reply_entry(inquiry->arena, reply, &one)) {
		inquiry->odd++;
	} else if (inquiry->take && !inquiry->take(inquiry->data, &one)) {
		inquiry->unfit++;
	} else {
		buf_add(inquiry->stored, one.data, one.length);
		rc = buf_status(inquiry->stored, "the proof", err);
		inquiry->count++;
		*taken = inquiry->take != NULL;
	}
	buf_release(&one);
	return rc;
}

static int get_entry(struct inquiry *inquiry, const struct node *uuid, bool *taken,
		     struct error *err)
{
	const struct node *reply = NULL;
	const char *name = rekor_reply_name(uuid);

	if (!name)
		return bad_reply("a name of an entry is not hexadecimal", err);
	const char *target =
		arena_printf(inquiry->arena, "/api/v1/log/entries/%s", name);
	int rc = target ? ask(inquiry, "GET", target, NULL, &reply, err)
			: no_memory(err);
	return rc == 0 ? take_entry(inquiry, reply, taken, err) : rc;
}

static int search(struct inquiry *inquiry, const char *id, const struct node **uuids,
		  struct error *err)
{
	char hex[DIGEST_HEX_BYTES];
	struct digest digest;

	if (digest_of(id, strlen(id), &digest) != 0)
		return no_memory(err);
	digest_hex(&digest, hex);
	const char *body =
		arena_printf(inquiry->arena, "{\"hash\":\"sha256:%s\"}", hex);
	return body ? ask(inquiry, "POST", "/api/v1/index/retrieve", body, uuids, err)
		    : no_memory(err);
}

static int nothing_found(const struct inquiry *inquiry, const char *id,
			 struct error *err)
{
	if (inquiry->unfit > 0)
		return error_set(err, ERROR_NOT_FOUND,
				 "none of the log's entries about %s is by the key of "
				 "its signer",
				 id);
	if (inquiry->odd > 0)
		return bad_reply("an entry is not of the form of Rekor", err);
	return error_set(err, ERROR_NOT_FOUND,
			 "the log has no entry about %s: it was not signed by gitsign "
			 "in its online mode, or the entry has not come there yet",
			 id);
}

int rekor_client_find(struct rekor_client *client, struct arena *arena,
		      const struct oid *id, rekor_client_take take, void *data,
		      struct buf *stored, size_t *count, struct error *err)
{
	struct inquiry inquiry = { client, arena, take, data, stored, 0, 0, 0 };
	const struct node *uuids = NULL;
	bool taken = false;
	int rc = search(&inquiry, oid_text(id), &uuids, err);

	for (size_t i = 0;
	     rc == 0 && !taken && i < node_count(uuids) && i < REKOR_STORED_MAX; i++)
		rc = get_entry(&inquiry, node_item(uuids, i), &taken, err);
	if (rc == 0 && inquiry.count == 0)
		rc = nothing_found(&inquiry, oid_text(id), err);
	if (rc == 0)
		*count = inquiry.count;
	return rc;
}
