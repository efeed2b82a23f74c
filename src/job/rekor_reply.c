/* job/rekor_reply.c - an entry from Rekor's JSON into the form in which gates read it,
 * which is the one of protocol buffers. */
#include "job/rekor_reply.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "trust/rekor_entry.h"

#define UUID_MAX 128

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

static bool copy_bytes(struct arena *arena, const void *bytes, size_t length,
		       struct wire_string *out)
{
	*out = (struct wire_string){ arena_copy(arena, bytes, length), length };
	return out->bytes != NULL;
}

static bool hex_of(struct arena *arena, const char *text, struct wire_string *out)
{
	unsigned char bytes[DIGEST_BYTES];

	return text && strlen(text) == 2 * DIGEST_BYTES &&
	       hex_decode(text, DIGEST_BYTES, bytes) == 0 &&
	       copy_bytes(arena, bytes, DIGEST_BYTES, out);
}

static bool base64_of(struct arena *arena, const char *text, struct wire_string *out)
{
	struct buf bytes = BUF_INIT(limits_default.values[LIMIT_SIG_BYTES]);
	bool read = text && base64_decode(text, strlen(text), &bytes) == 0 &&
		    copy_bytes(arena, bytes.data, bytes.length, out);

	buf_release(&bytes);
	return read;
}

static bool read_proof(struct arena *arena, const struct node *proof,
		       struct rekor_entry *entry)
{
	const struct node *hashes = node_get(proof, "hashes");
	const char *checkpoint = text_of(proof, "checkpoint");

	entry->hash_count = node_count(hashes);
	if (entry->hash_count > REKOR_HASHES_MAX || !checkpoint ||
	    !number_of(proof, "logIndex", &entry->leaf_index) ||
	    !number_of(proof, "treeSize", &entry->tree_size) ||
	    !hex_of(arena, text_of(proof, "rootHash"), &entry->root))
		return false;
	for (size_t i = 0; i < entry->hash_count; i++) {
		const struct node *hash = node_item(hashes, i);
		if (node_kind(hash) != NODE_STRING ||
		    !hex_of(arena, node_text(hash, NULL), &entry->hashes[i]))
			return false;
	}
	entry->checkpoint = (struct wire_string){ (const unsigned char *)checkpoint,
						  strlen(checkpoint) };
	return true;
}

static bool read_entry(struct arena *arena, const struct node *node,
		       struct rekor_entry *entry)
{
	const struct node *verification = node_get(node, "verification");

	return number_of(node, "logIndex", &entry->log_index) &&
	       number_of(node, "integratedTime", &entry->integrated_time) &&
	       hex_of(arena, text_of(node, "logID"), &entry->log_id) &&
	       base64_of(arena, text_of(node, "body"), &entry->body) &&
	       base64_of(arena, text_of(verification, "signedEntryTimestamp"),
			 &entry->promise) &&
	       read_proof(arena, node_get(verification, "inclusionProof"), entry);
}

bool rekor_reply_entry(struct arena *arena, const struct node *reply,
		       struct buf *stored)
{
	struct buf one = BUF_INIT(limits_default.values[LIMIT_SIGSTORE_PROOF_BYTES]);
	struct rekor_entry entry = { .log_index = 0 };
	bool read = node_kind(reply) == NODE_MAPPING && node_count(reply) == 1 &&
		    read_entry(arena, node_item(reply, 0), &entry);

	if (read)
		rekor_stored_add(&one, &entry);
	read = read && buf_status(&one, "an entry", NULL) == 0;
	if (read)
		buf_add(stored, one.data, one.length);
	buf_release(&one);
	return read;
}

const char *rekor_reply_name(const struct node *node)
{
	size_t length = 0;
	const char *text =
		node_kind(node) == NODE_STRING ? node_text(node, &length) : NULL;

	if (!text || length == 0 || length > UUID_MAX)
		return NULL;
	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]))
			return NULL;
	return text;
}
