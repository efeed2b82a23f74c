/* trust/rekor.c - what a Rekor log says of a signature: body, tree, checkpoint, time.
 */
#include "trust/rekor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "trust/log_key.h"
#include "trust/rekor_entry.h"

/* A certificate of Fulcio has 1 KiB; everything stands in base64 here, some twice. */
#define BODY_BYTES_MAX ((size_t)512 << 10)
#define HEX_BYTES_MAX  (2 * 64 + 1)

/* Lines of a checkpoint's signatures; logs have one, and one for each witness. */
#define SIGNATURE_LINES_MAX 64
#define HINT_BYTES          4

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory while reading a log entry");
}

/* --- the body --- */

/* As Go's encoding/pem writes it. */
static void put_pem(struct buf *out, struct wire_string der)
{
	struct buf text = BUF_INIT(BODY_BYTES_MAX);
	base64_encode(der.bytes, der.length, &text);
	buf_add_string(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t at = 0; at < text.length; at += 64) {
		size_t left = text.length - at;
		buf_add(out, text.data + at, left < 64 ? left : 64);
		buf_add_byte(out, '\n');
	}
	buf_add_string(out, "-----END CERTIFICATE-----\n");
	if (text.failed != 0)
		out->failed = text.failed;
	buf_release(&text);
}

/* Compact, keys sorted (RFC 8785): what is in it needs no escapes. */
int rekor_body(struct buf *out, const char *algorithm, const void *digest,
	       size_t digest_length, struct wire_string signature,
	       struct wire_string certificate)
{
	struct buf pem = BUF_INIT(BODY_BYTES_MAX);
	char hex[HEX_BYTES_MAX];
	put_pem(&pem, certificate);
	hex_encode(digest, digest_length, hex);
	buf_addf(out,
		 "{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\",\"spec\":{"
		 "\"data\":{\"hash\":{\"algorithm\":\"%s\",\"value\":\"%s\"}},"
		 "\"signature\":{\"content\":\"",
		 algorithm, hex);
	base64_encode(signature.bytes, signature.length, out);
	buf_add_string(out, "\",\"publicKey\":{\"content\":\"");
	base64_encode(pem.data, pem.length, out);
	buf_add_string(out, "\"}}}}");
	int rc = pem.failed != 0 || out->failed != 0 ? ERROR_MEMORY : 0;
	buf_release(&pem);
	return rc;
}

/* --- the tree --- */

static int hash_leaf(struct wire_string body, struct digest *out)
{
	struct hasher *hasher = hasher_new();
	if (hasher == NULL)
		return ERROR_MEMORY;
	hasher_add(hasher, "\0", 1);
	hasher_add(hasher, body.bytes, body.length);
	return hasher_finish(hasher, out);
}

static int hash_node(const unsigned char *left, const unsigned char *right,
		     struct digest *out)
{
	struct hasher *hasher = hasher_new();
	if (hasher == NULL)
		return ERROR_MEMORY;
	hasher_add(hasher, "\1", 1);
	hasher_add(hasher, left, DIGEST_BYTES);
	hasher_add(hasher, right, DIGEST_BYTES);
	return hasher_finish(hasher, out);
}

static int bad_path(struct error *err)
{
	return error_set(err, ERROR_REKOR_PATH,
			 "the proof in the signature's log entry does not fit its "
			 "tree: "
			 "place, size and number of hashes disagree");
}

/* RFC 9162 section 2.1.3.2: from the leaf to the root. */
static int walk(const struct rekor_entry *entry, struct digest *hash, struct error *err)
{
	uint64_t at = entry->leaf_index;
	uint64_t last = entry->tree_size - 1;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < entry->hash_count; i++) {
		const unsigned char *other = entry->hashes[i].bytes;
		if (last == 0)
			return bad_path(err);
		if ((at & 1) != 0 || at == last) {
			rc = hash_node(other, hash->bytes, hash);
			while ((at & 1) == 0 && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			rc = hash_node(hash->bytes, other, hash);
		}
		at >>= 1;
		last >>= 1;
	}
	if (rc != 0)
		return no_memory(err);
	return last == 0 ? 0 : bad_path(err);
}

static int check_tree(const struct rekor_entry *entry, struct wire_string body,
		      struct error *err)
{
	struct digest hash;
	if (entry->leaf_index >= entry->tree_size)
		return bad_path(err);
	if (hash_leaf(body, &hash) != 0)
		return no_memory(err);
	int rc = walk(entry, &hash, err);
	if (rc == 0 && memcmp(hash.bytes, entry->root.bytes, DIGEST_BYTES) != 0)
		return error_set(err, ERROR_REKOR_INCLUSION,
				 "the log entry is not of this signature: the tree of "
				 "its proof does not hold it");
	return rc;
}

/* --- the checkpoint --- */

static int bad_checkpoint(struct error *err)
{
	return error_set(err, ERROR_REKOR_CHECKPOINT_FORM,
			 "the checkpoint in the signature's log entry is malformed");
}

/* Up to the line feed, which is taken too. */
static bool take_line(struct wire *wire, struct wire_string *out)
{
	const unsigned char *end =
		wire->left == 0 ? NULL : memchr(wire->at, '\n', wire->left);
	struct wire_string line_feed;
	return end != NULL && wire_take(wire, (size_t)(end - wire->at), out) &&
	       wire_take(wire, 1, &line_feed);
}

/* The shortest form of a decimal number. */
static bool is_number(struct wire_string text, uint64_t expected)
{
	char wanted[24];
	snprintf(wanted, sizeof(wanted), "%" PRIu64, expected);
	return wire_string_is(text, wanted);
}

static int check_head(const struct rekor_entry *entry, struct wire_string size,
		      struct wire_string root, struct error *err)
{
	struct buf wanted = BUF_INIT(64);
	if (!is_number(size, entry->tree_size))
		return error_set(err, ERROR_REKOR_CHECKPOINT_SIZE,
				 "the checkpoint in the signature's log entry is of a "
				 "tree of another size than its proof");
	base64_encode(entry->root.bytes, entry->root.length, &wanted);
	int failed = wanted.failed;
	bool same = wire_string_is(root, wanted.data);
	buf_release(&wanted);
	if (failed != 0)
		return no_memory(err);
	if (!same)
		return error_set(err, ERROR_REKOR_CHECKPOINT_ROOT,
				 "the checkpoint in the signature's log entry has "
				 "another root than its proof");
	return 0;
}

/* "— NAME BASE64": the hint and the signature. False: no such line. */
static bool read_signature_line(struct wire_string line, struct buf *out)
{
	static const char mark[] = "\xe2\x80\x94 ";
	const size_t mark_length = sizeof(mark) - 1;
	if (line.length < mark_length || memcmp(line.bytes, mark, mark_length) != 0)
		return false;
	const unsigned char *name = line.bytes + mark_length;
	size_t left = line.length - mark_length;
	const unsigned char *end = memchr(name, ' ', left);
	if (end == NULL || end == name)
		return false;
	left -= (size_t)(end + 1 - name);
	buf_reset(out);
	return base64_decode((const char *)end + 1, left, out) == 0 &&
	       out->length > HINT_BYTES;
}

/* Of the lines by others nothing is asked: the log's own must be there and hold. */
static int check_note(const struct log_key *key, struct wire_string text,
		      struct wire *lines, struct buf *blob, struct error *err)
{
	struct wire_string line;
	size_t count = 0;
	while (lines->left != 0) {
		if (++count > SIGNATURE_LINES_MAX || !take_line(lines, &line) ||
		    !read_signature_line(line, blob))
			return bad_checkpoint(err);
		if (memcmp(blob->data, key->id.bytes, HINT_BYTES) != 0)
			continue;
		struct wire_string signature = { (const unsigned char *)blob->data +
							 HINT_BYTES,
						 blob->length - HINT_BYTES };
		int answer = log_key_verify(key, text.bytes, text.length, signature);
		if (answer < 0)
			return no_memory(err);
		if (answer == 1)
			return 0;
		return error_set(err, ERROR_REKOR_CHECKPOINT_SIGNATURE,
				 "the checkpoint in the signature's log entry was not "
				 "signed by the key of the log");
	}
	return error_set(err, ERROR_REKOR_CHECKPOINT_UNSIGNED,
			 "the checkpoint in the signature's log entry has no signature "
			 "by the log");
}

/* Lines of origin, size and root, others up to an empty one; then signatures. */
static int check_checkpoint(const struct rekor_entry *entry, const struct log_key *key,
			    struct error *err)
{
	struct wire wire = { entry->checkpoint.bytes, entry->checkpoint.length };
	struct wire_string origin;
	struct wire_string size;
	struct wire_string root;
	struct wire_string line;
	if (entry->checkpoint.length == 0)
		return error_set(err, ERROR_REKOR_CHECKPOINT_MISSING,
				 "the signature's log entry has no checkpoint");
	if (!take_line(&wire, &origin) || origin.length == 0 ||
	    !take_line(&wire, &size) || !take_line(&wire, &root))
		return bad_checkpoint(err);
	struct wire_string text;
	do {
		text = (struct wire_string){ entry->checkpoint.bytes,
					     (size_t)(wire.at -
						      entry->checkpoint.bytes) };
		if (!take_line(&wire, &line))
			return bad_checkpoint(err);
	} while (line.length != 0);
	int rc = check_head(entry, size, root, err);
	if (rc != 0)
		return rc;
	struct buf blob = BUF_INIT(entry->checkpoint.length);
	rc = check_note(key, text, &wire, &blob, err);
	buf_release(&blob);
	return rc;
}

/* --- the time --- */

/* The signed entry timestamp is over compact JSON with keys in this order. */
static int check_promise(const struct rekor_entry *entry, const struct log_key *key,
			 struct wire_string body, struct error *err)
{
	struct buf text = BUF_INIT(BODY_BYTES_MAX);
	char log[DIGEST_HEX_BYTES];
	digest_hex(&key->id, log);
	buf_add_string(&text, "{\"body\":\"");
	base64_encode(body.bytes, body.length, &text);
	buf_addf(&text,
		 "\",\"integratedTime\":%" PRIu64 ",\"logID\":\"%s\",\"logIndex\":"
		 "%" PRIu64 "}",
		 entry->integrated_time, log, entry->log_index);
	int answer = text.failed != 0 ? ERROR_MEMORY
				      : log_key_verify(key, text.data, text.length,
						       entry->promise);
	buf_release(&text);
	if (answer < 0)
		return no_memory(err);
	if (answer == 0)
		return error_set(err, ERROR_REKOR_PROMISE,
				 "the time of the signature's log entry was not signed "
				 "by the key of the log, or is of another entry");
	return 0;
}

static int find_key(const struct rekor_entry *entry, const struct log_keys *keys,
		    const struct log_key **out, struct error *err)
{
	const struct log_key *key = log_keys_find(keys, entry->log_id.bytes);
	const int64_t when = (int64_t)entry->integrated_time * CLOCK_SECOND;
	char id[DIGEST_HEX_BYTES];
	hex_encode(entry->log_id.bytes, DIGEST_BYTES, id);
	if (key == NULL)
		return error_set(err, ERROR_REKOR_LOG_UNKNOWN,
				 "the signature's log entry is of the log %s, whose "
				 "key "
				 "the policy does not name",
				 id);
	if (when < key->valid_after || when > key->valid_before)
		return error_set(err, ERROR_REKOR_LOG_TIME,
				 "the signature's log entry is of a time at which the "
				 "log %s did not count",
				 id);
	*out = key;
	return 0;
}

int rekor_verify(const struct rekor_entry *entry, const struct log_keys *keys,
		 struct wire_string body, struct error *err)
{
	const struct log_key *key = NULL;
	int rc = find_key(entry, keys, &key, err);
	if (rc != 0)
		return rc;
	if (entry->body.length != 0 &&
	    (entry->body.length != body.length ||
	     memcmp(entry->body.bytes, body.bytes, body.length) != 0))
		return error_set(err, ERROR_REKOR_BODY,
				 "the body in the signature's log entry is not that of "
				 "this signature");
	rc = check_tree(entry, body, err);
	if (rc == 0)
		rc = check_checkpoint(entry, key, err);
	return rc == 0 ? check_promise(entry, key, body, err) : rc;
}
