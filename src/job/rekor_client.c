/* job/rekor_client.c - requests to a Rekor log, and its JSON into the form in which
 * gates read entries. */
#include "job/rekor_client.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/oid.h"
#include "doc/doc.h"
#include "net/http.h"
#include "trust/rekor_entry.h"

#define UUID_MAX         128
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

/* --- an entry, from Rekor's JSON to the form that gates read --- */

static const char *text_of(const struct node *node, const char *key)
{
	const struct node *value = node_get(node, key);

	return node_kind(value) == NODE_STRING ? node_text(value, NULL) : NULL;
}

static bool number_of(const struct node *node, const char *key, uint64_t *out)
{
	const struct node *value = node_get(node, key);
	int64_t number;

	if (node_kind(value) != NODE_INTEGER || node_integer(value, &number) != 0 ||
	    number < 0)
		return false;
	*out = (uint64_t)number;
	return true;
}

static bool copy_bytes(const struct inquiry *inquiry, const void *bytes, size_t length,
		       struct wire_string *out)
{
	*out = (struct wire_string){ arena_copy(inquiry->arena, bytes, length),
				     length };
	return out->bytes != NULL;
}

static bool hex_of(const struct inquiry *inquiry, const char *text,
		   struct wire_string *out)
{
	unsigned char bytes[DIGEST_BYTES];

	return text && strlen(text) == 2 * DIGEST_BYTES &&
	       hex_decode(text, DIGEST_BYTES, bytes) == 0 &&
	       copy_bytes(inquiry, bytes, DIGEST_BYTES, out);
}

static bool base64_of(const struct inquiry *inquiry, const char *text,
		      struct wire_string *out)
{
	struct buf bytes = BUF_INIT(limits_default.values[LIMIT_SIG_BYTES]);
	bool read = text && base64_decode(text, strlen(text), &bytes) == 0 &&
		    copy_bytes(inquiry, bytes.data, bytes.length, out);

	buf_release(&bytes);
	return read;
}

static bool read_proof(const struct inquiry *inquiry, const struct node *proof,
		       struct rekor_entry *entry)
{
	const struct node *hashes = node_get(proof, "hashes");
	const char *checkpoint = text_of(proof, "checkpoint");

	entry->hash_count = node_count(hashes);
	if (entry->hash_count > REKOR_HASHES_MAX || !checkpoint ||
	    !number_of(proof, "logIndex", &entry->leaf_index) ||
	    !number_of(proof, "treeSize", &entry->tree_size) ||
	    !hex_of(inquiry, text_of(proof, "rootHash"), &entry->root))
		return false;
	for (size_t i = 0; i < entry->hash_count; i++) {
		const struct node *hash = node_item(hashes, i);
		if (node_kind(hash) != NODE_STRING ||
		    !hex_of(inquiry, node_text(hash, NULL), &entry->hashes[i]))
			return false;
	}
	entry->checkpoint = (struct wire_string){ (const unsigned char *)checkpoint,
						  strlen(checkpoint) };
	return true;
}

static bool read_entry(const struct inquiry *inquiry, const struct node *node,
		       struct rekor_entry *entry)
{
	const struct node *verification = node_get(node, "verification");

	return number_of(node, "logIndex", &entry->log_index) &&
	       number_of(node, "integratedTime", &entry->integrated_time) &&
	       hex_of(inquiry, text_of(node, "logID"), &entry->log_id) &&
	       base64_of(inquiry, text_of(node, "body"), &entry->body) &&
	       base64_of(inquiry, text_of(verification, "signedEntryTimestamp"),
			 &entry->promise) &&
	       read_proof(inquiry, node_get(verification, "inclusionProof"), entry);
}

/* {"UUID": {"body": ..., ...}}; *taken: the search is over. */
static int take_entry(struct inquiry *inquiry, const struct node *reply, bool *taken,
		      struct error *err)
{
	struct buf one = BUF_INIT(limits_default.values[LIMIT_SIGSTORE_PROOF_BYTES]);
	struct rekor_entry entry = { .log_index = 0 };
	int rc = 0;

	if (node_kind(reply) != NODE_MAPPING || node_count(reply) != 1 ||
	    !read_entry(inquiry, node_item(reply, 0), &entry)) {
		inquiry->odd++;
		return 0;
	}
	rekor_stored_add(&one, &entry);
	if (buf_status(&one, "an entry", NULL) != 0) {
		inquiry->odd++;
	} else if (!inquiry->take || inquiry->take(inquiry->data, &one)) {
		buf_add(inquiry->stored, one.data, one.length);
		rc = buf_status(inquiry->stored, "the proof", err);
		inquiry->count++;
		*taken = inquiry->take != NULL;
	} else {
		inquiry->unfit++;
	}
	buf_release(&one);
	return rc;
}

/* Names of entries become part of an address. */
static bool is_uuid(const struct node *node)
{
	size_t length = 0;
	const char *text =
		node_kind(node) == NODE_STRING ? node_text(node, &length) : NULL;

	if (!text || length == 0 || length > UUID_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

static int get_entry(struct inquiry *inquiry, const struct node *uuid, bool *taken,
		     struct error *err)
{
	const struct node *reply = NULL;
	if (!is_uuid(uuid))
		return bad_reply("a name of an entry is not hexadecimal", err);
	const char *target = arena_printf(inquiry->arena, "/api/v1/log/entries/%s",
					  node_text(uuid, NULL));
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
