/* cmd/trust_proof.c - `gitgate trust proof OBJECT...`: asks a Rekor log for what
 * gitsign told it of objects in its online mode, and stores that beside the repository,
 * where every gate looks for it. What is stored is believed by nobody: each gate checks
 * it. */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/oid.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/git.h"
#include "cmd/trust.h"
#include "doc/doc.h"
#include "job/judge.h"
#include "net/http.h"
#include "trust/rekor_entry.h"

#define TIMEOUT        (30 * CLOCK_SECOND)
#define AUTHORITIES    ((size_t)4 << 20)
#define NAME_BYTES_MAX 4096
#define UUID_MAX       128

/* One object while it is asked for. */
struct inquiry {
	struct arena *arena;
	struct http_client *rekor;
	struct oid id;
	struct buf *stored;
	size_t count;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static int bad_reply(const char *what, struct error *err)
{
	return error_set(err, ERROR_SYNTAX,
			 "the log answered something that cannot be read: %s", what);
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

static int ask(const struct inquiry *inquiry, const char *method, const char *target,
	       const char *body, const struct node **out, struct error *err)
{
	struct http_reply reply = { .status = 0 };
	int rc = http_request(inquiry->rekor, method, target, NULL, body,
			      body ? strlen(body) : 0, &reply, err);

	if (rc != 0)
		return rc;
	if (reply.status != 200 && reply.status != 201)
		rc = error_set(err, ERROR_NETWORK, "the log answered %d to %s %s",
			       reply.status, method, target);
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

/* {"UUID": {"body": ..., ...}} */
static int take_entry(struct inquiry *inquiry, const struct node *reply,
		      struct error *err)
{
	struct rekor_entry entry = { .log_index = 0 };

	if (node_kind(reply) != NODE_MAPPING || node_count(reply) != 1 ||
	    !read_entry(inquiry, node_item(reply, 0), &entry))
		return bad_reply("an entry is not of the form of Rekor", err);
	rekor_stored_add(inquiry->stored, &entry);
	inquiry->count++;
	return buf_status(inquiry->stored, "the proof", err);
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

/* Anybody may tell the log of any object: the gate finds out which entry is the
 * signer's. */
static int inquire(struct inquiry *inquiry, struct error *err)
{
	const char *id = oid_text(&inquiry->id);
	char hex[DIGEST_HEX_BYTES];
	struct digest digest;
	const struct node *uuids = NULL;
	const struct node *reply = NULL;
	int rc = digest_of(id, strlen(id), &digest);

	if (rc != 0)
		return no_memory(err);
	digest_hex(&digest, hex);
	const char *body =
		arena_printf(inquiry->arena, "{\"hash\":\"sha256:%s\"}", hex);
	rc = body ? ask(inquiry, "POST", "/api/v1/index/retrieve", body, &uuids, err)
		  : no_memory(err);
	for (size_t i = 0; rc == 0 && i < node_count(uuids) && i < REKOR_STORED_MAX;
	     i++) {
		const struct node *uuid = node_item(uuids, i);
		if (!is_uuid(uuid))
			return bad_reply("a name of an entry is not hexadecimal", err);
		const char *target =
			arena_printf(inquiry->arena, "/api/v1/log/entries/%s",
				     node_text(uuid, NULL));
		rc = target ? ask(inquiry, "GET", target, NULL, &reply, err)
			    : no_memory(err);
		if (rc == 0)
			rc = take_entry(inquiry, reply, err);
	}
	if (rc == 0 && inquiry->count == 0)
		rc = error_set(err, ERROR_NOT_FOUND,
			       "the log has no entry about %s: it was not signed by "
			       "gitsign in its online mode, or the entry has not come "
			       "there yet",
			       id);
	return rc;
}

/* --- storing --- */

static int find_repository(const struct trust *trust, char **out, struct error *err)
{
	static const char *const here[] = { "rev-parse", "--path-format=absolute",
					    "--git-common-dir", NULL };
	const char *const there[] = { "-C",
				      trust->git_dir ? trust->git_dir : ".",
				      "rev-parse",
				      "--path-format=absolute",
				      "--git-common-dir",
				      NULL };
	struct buf path = BUF_INIT(PATH_MAX);
	int rc = git_run(NULL, trust->git_dir ? there : here, NULL, &path, err);

	if (rc == 0)
		*out = buf_detach(&path, NULL);
	buf_release(&path);
	return rc == 0 && !*out ? no_memory(err) : rc;
}

/* A full id is taken as it is: the object may not have come here yet. */
static int find_object(const char *revision, struct oid *out, struct error *err)
{
	const char *const what[] = { "rev-parse",        "--verify", "-q",
				     "--end-of-options", revision,   NULL };
	struct buf line = BUF_INIT(NAME_BYTES_MAX);
	int status = 1;
	int rc = 0;

	if (oid_parse(revision, strlen(revision), out) == 0)
		return 0;
	rc = git_run(NULL, what, &status, &line, err);
	if (rc == 0 && (status != 0 || oid_parse(line.data, line.length, out) != 0))
		rc = error_set(err, ERROR_NOT_FOUND,
			       "'%s' is neither a full object id nor found here",
			       revision);
	buf_release(&line);
	return rc;
}

static int store(const struct trust *trust, const struct inquiry *inquiry,
		 const char *repository, struct error *err)
{
	const char *directory =
		arena_printf(trust->arena, "%s/%s", repository, PROOF_DIRECTORY);
	const char *path =
		arena_printf(trust->arena, "%s/%s", directory ? directory : "",
			     oid_text(&inquiry->id));

	if (!directory || !path)
		return no_memory(err);
	int rc = path_make_directories(directory, 0755, err);
	if (rc == 0)
		rc = path_write_atomic(path, inquiry->stored->data,
				       inquiry->stored->length, 0644, err);
	if (rc == 0)
		buf_addf(trust->out, "%s: %zu log %s stored in %s\n",
			 oid_text(&inquiry->id), inquiry->count,
			 inquiry->count == 1 ? "entry" : "entries", path);
	return rc;
}

static int prove(const struct trust *trust, struct http_client *rekor,
		 const char *repository, const char *revision, struct error *err)
{
	struct buf stored = BUF_INIT(limits_default.values[LIMIT_SIGSTORE_PROOF_BYTES]);
	struct inquiry inquiry = { .arena = trust->arena,
				   .rekor = rekor,
				   .stored = &stored };

	int rc = find_object(revision, &inquiry.id, err);
	if (rc == 0)
		rc = inquire(&inquiry, err);
	if (rc == 0)
		rc = store(trust, &inquiry, repository, err);
	buf_release(&stored);
	return rc;
}

static int connect_to(const struct trust *trust, struct http_client **out,
		      struct error *err)
{
	struct buf authorities = BUF_INIT(AUTHORITIES);
	int rc = trust->ca_file ? buf_read_file(&authorities, trust->ca_file, err) : 0;
	const struct http_options options = {
		.base = trust->rekor,
		.authorities = trust->ca_file ? authorities.data : NULL,
		.timeout = TIMEOUT,
	};

	if (rc == 0)
		rc = http_client_new(out, &options, err);
	buf_release(&authorities);
	return rc == 0 ? 0 : error_context(err, "--rekor");
}

int trust_proof(struct trust *trust, char **operands, struct error *err)
{
	struct http_client *rekor = NULL;
	char *repository = NULL;

	if (!trust->rekor)
		return error_set(err, ERROR_USAGE,
				 "proof needs --rekor=ADDRESS of the log, for example "
				 "https://rekor.sigstore.dev");
	int rc = find_repository(trust, &repository, err);
	if (rc == 0)
		rc = connect_to(trust, &rekor, err);
	for (; rc == 0 && *operands; operands++)
		rc = prove(trust, rekor, repository, *operands, err);
	http_client_free(rekor);
	free(repository);
	return rc;
}
