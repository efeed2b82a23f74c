/* trust/rekor_entry.c - splits entries of a Rekor log. */
#include "trust/rekor_entry.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"

/* Wire types of protocol buffers; the others do not occur. */
enum wire_type { TYPE_NUMBER = 0, TYPE_BYTES = 2 };

#define KIND             "hashedrekord"
#define VERSION          "0.0.1"
#define NUMBER_BYTES_MAX 10
#define TIME_MAX         (INT64_MAX / 1000000)

/* Where a field of a message goes: exactly one of `number`, `bytes` and `list`. */
struct slot {
	uint64_t field;
	uint64_t *number;
	struct wire_string *bytes;
	struct wire_string *list; /* of REKOR_HASHES_MAX */
	size_t *count;            /* of the list */
	bool seen;
};

static int bad_form(const char *what, struct error *err)
{
	return error_set(err, ERROR_REKOR_FORM,
			 "the log entry in the signature is malformed at its %s", what);
}

static bool read_number(struct wire *wire, uint64_t *out)
{
	uint64_t value = 0;
	for (unsigned int i = 0; i < NUMBER_BYTES_MAX; i++) {
		unsigned char byte;
		if (!wire_byte(wire, &byte) || (i == NUMBER_BYTES_MAX - 1 && byte > 1))
			return false;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			*out = value;
			return true;
		}
	}
	return false;
}

static bool read_bytes(struct wire *wire, struct wire_string *out)
{
	uint64_t length;
	return read_number(wire, &length) && length <= wire->left &&
	       wire_take(wire, (size_t)length, out);
}

static struct slot *slot_of(struct slot *slots, size_t count, uint64_t field)
{
	for (size_t i = 0; i < count; i++)
		if (slots[i].field == field)
			return &slots[i];
	return NULL;
}

static int fill(struct slot *slot, struct wire *wire, const char *what,
		struct error *err)
{
	bool whole;
	if (slot->seen && slot->list == NULL)
		return error_set(err, ERROR_REKOR_FIELD_TWICE,
				 "a field of the %s in the signature's log entry "
				 "stands "
				 "there twice",
				 what);
	slot->seen = true;
	if (slot->list != NULL && *slot->count == REKOR_HASHES_MAX)
		return error_set(err, ERROR_REKOR_HASHES_MANY,
				 "the log entry in the signature has over %d hashes",
				 REKOR_HASHES_MAX);
	if (slot->number != NULL)
		whole = read_number(wire, slot->number);
	else if (slot->bytes != NULL)
		whole = read_bytes(wire, slot->bytes);
	else
		whole = read_bytes(wire, &slot->list[(*slot->count)++]);
	return whole ? 0 : bad_form(what, err);
}

static int read_message(struct wire_string bytes, struct slot *slots, size_t count,
			const char *what, struct error *err)
{
	struct wire wire = { bytes.bytes, bytes.length };
	int rc = 0;
	while (rc == 0 && wire.left != 0) {
		uint64_t key;
		if (!read_number(&wire, &key))
			return bad_form(what, err);
		struct slot *slot = slot_of(slots, count, key >> 3);
		if (slot == NULL)
			return error_set(err, ERROR_REKOR_FIELD_UNKNOWN,
					 "the %s in the signature's log entry has a "
					 "field that is not known (%llu)",
					 what, (unsigned long long)(key >> 3));
		if ((key & 7) != (slot->number != NULL ? TYPE_NUMBER : TYPE_BYTES))
			return bad_form(what, err);
		rc = fill(slot, &wire, what, err);
	}
	return rc;
}
#define READ_MESSAGE(bytes, slots, what, err)                                          \
	read_message((bytes), (slots), sizeof(slots) / sizeof((slots)[0]), (what),     \
		     (err))

static int check_kind(struct wire_string message, struct error *err)
{
	struct wire_string kind = { NULL, 0 };
	struct wire_string version = { NULL, 0 };
	struct slot slots[] = { { .field = 1, .bytes = &kind },
				{ .field = 2, .bytes = &version } };
	int rc = READ_MESSAGE(message, slots, "kind", err);
	if (rc != 0)
		return rc;
	if (!wire_string_is(kind, KIND))
		return error_set(err, ERROR_REKOR_KIND,
				 "the log entry in the signature is not of the kind "
				 "'" KIND "'");
	if (!wire_string_is(version, VERSION))
		return error_set(err, ERROR_REKOR_VERSION,
				 "the log entry in the signature is of the version "
				 "'%.*s', not " VERSION ": only entries of Rekor 1 are "
				 "read",
				 (int)(version.length < 64 ? version.length : 64),
				 (const char *)version.bytes);
	return 0;
}

static int read_log_id(struct rekor_entry *entry, struct wire_string message,
		       struct error *err)
{
	struct slot slots[] = { { .field = 1, .bytes = &entry->log_id } };
	int rc = READ_MESSAGE(message, slots, "log id", err);
	if (rc == 0 && entry->log_id.length != REKOR_HASH_BYTES)
		return bad_form("log id", err);
	return rc;
}

static int read_promise(struct rekor_entry *entry, struct wire_string message,
			struct error *err)
{
	struct slot slots[] = { { .field = 1, .bytes = &entry->promise } };
	int rc = READ_MESSAGE(message, slots, "inclusion promise", err);
	if (rc == 0 && entry->promise.length == 0)
		return error_set(err, ERROR_REKOR_PROMISE_MISSING,
				 "the log entry in the signature has no signed time "
				 "stamp, which alone would prove its time");
	return rc;
}

static int read_proof(struct rekor_entry *entry, struct wire_string message,
		      struct error *err)
{
	struct wire_string note = { NULL, 0 };
	struct slot slots[] = {
		{ .field = 1, .number = &entry->leaf_index },
		{ .field = 2, .bytes = &entry->root },
		{ .field = 3, .number = &entry->tree_size },
		{ .field = 4, .list = entry->hashes, .count = &entry->hash_count },
		{ .field = 5, .bytes = &note },
	};
	struct slot within[] = { { .field = 1, .bytes = &entry->checkpoint } };
	if (message.length == 0)
		return error_set(err, ERROR_REKOR_PROOF_MISSING,
				 "the log entry in the signature has no proof that it "
				 "is in the log");
	int rc = READ_MESSAGE(message, slots, "inclusion proof", err);
	if (rc == 0)
		rc = READ_MESSAGE(note, within, "checkpoint", err);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < entry->hash_count; i++)
		if (entry->hashes[i].length != REKOR_HASH_BYTES)
			return bad_form("hashes", err);
	return entry->root.length == REKOR_HASH_BYTES ? 0 : bad_form("root hash", err);
}

int rekor_entry_parse(struct rekor_entry *out, const void *bytes, size_t length,
		      struct error *err)
{
	struct rekor_entry entry = { .log_index = 0 };
	struct wire_string log = { NULL, 0 };
	struct wire_string kind = { NULL, 0 };
	struct wire_string promise = { NULL, 0 };
	struct wire_string proof = { NULL, 0 };
	struct slot slots[] = {
		{ .field = 1, .number = &entry.log_index },
		{ .field = 2, .bytes = &log },
		{ .field = 3, .bytes = &kind },
		{ .field = 4, .number = &entry.integrated_time },
		{ .field = 5, .bytes = &promise },
		{ .field = 6, .bytes = &proof },
		{ .field = 7, .bytes = &entry.body },
	};
	int rc = READ_MESSAGE(((struct wire_string){ bytes, length }), slots, "frame",
			      err);
	if (rc == 0)
		rc = check_kind(kind, err);
	if (rc == 0)
		rc = read_log_id(&entry, log, err);
	if (rc == 0)
		rc = read_promise(&entry, promise, err);
	if (rc == 0)
		rc = read_proof(&entry, proof, err);
	if (rc == 0 && entry.integrated_time == 0)
		rc = error_set(err, ERROR_REKOR_TIME_MISSING,
			       "the log entry in the signature does not say its time, "
			       "as those of Rekor 2");
	if (rc == 0 && entry.integrated_time > TIME_MAX)
		rc = bad_form("time", err);
	if (rc == 0 && entry.log_index > INT64_MAX)
		rc = bad_form("index", err);
	if (rc == 0)
		*out = entry;
	return rc;
}

/* --- writing --- */

#define ENTRY_BYTES_MAX ((size_t)1 << 20)

static void put_number(struct buf *out, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		buf_add_byte(out, (unsigned char)(number | 0x80));
	buf_add_byte(out, (unsigned char)number);
}

/* What is zero is not written. */
static void put_number_field(struct buf *out, unsigned int field, uint64_t number)
{
	if (number == 0)
		return;
	put_number(out, field << 3 | TYPE_NUMBER);
	put_number(out, number);
}

static void put_field(struct buf *out, unsigned int field, const void *bytes,
		      size_t length)
{
	put_number(out, field << 3 | TYPE_BYTES);
	put_number(out, length);
	buf_add(out, bytes, length);
}

/* A message of one field. */
static void put_within(struct buf *out, unsigned int field, unsigned int inner,
		       struct wire_string bytes)
{
	struct buf message = BUF_INIT(ENTRY_BYTES_MAX);
	put_field(&message, inner, bytes.bytes, bytes.length);
	put_field(out, field, message.data, message.length);
	buf_release(&message);
}

static void put_proof(struct buf *out, const struct rekor_entry *entry)
{
	struct buf message = BUF_INIT(ENTRY_BYTES_MAX);
	put_number_field(&message, 1, entry->leaf_index);
	put_field(&message, 2, entry->root.bytes, entry->root.length);
	put_number_field(&message, 3, entry->tree_size);
	for (size_t i = 0; i < entry->hash_count; i++)
		put_field(&message, 4, entry->hashes[i].bytes, entry->hashes[i].length);
	put_within(&message, 5, 1, entry->checkpoint);
	put_field(out, 6, message.data, message.length);
	buf_release(&message);
}

void rekor_entry_write(struct buf *out, const struct rekor_entry *entry)
{
	static const char kind[] = KIND;
	static const char version[] = VERSION;
	struct buf message = BUF_INIT(ENTRY_BYTES_MAX);
	put_number_field(out, 1, entry->log_index);
	put_within(out, 2, 1, entry->log_id);
	put_field(&message, 1, kind, strlen(kind));
	put_field(&message, 2, version, strlen(version));
	put_field(out, 3, message.data, message.length);
	put_number_field(out, 4, entry->integrated_time);
	put_within(out, 5, 1, entry->promise);
	put_proof(out, entry);
	if (entry->body.length != 0)
		put_field(out, 7, entry->body.bytes, entry->body.length);
	buf_release(&message);
}

void rekor_stored_add(struct buf *out, const struct rekor_entry *entry)
{
	struct buf bytes = BUF_INIT(ENTRY_BYTES_MAX);
	rekor_entry_write(&bytes, entry);
	put_number(out, bytes.length);
	buf_add(out, bytes.data, bytes.length);
	buf_release(&bytes);
}

bool rekor_stored_next(struct wire *stored, struct wire_string *out)
{
	return stored->left != 0 && read_bytes(stored, out);
}
