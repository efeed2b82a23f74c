/* ipc/message.c - records to bytes and back, as the rows of model/messages.def say. */
#include "ipc/message.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

#define VERSION            1
#define HEADER_BYTES       4 /* type and version */
#define FIELD_HEADER_BYTES 6 /* id and length */
#define LENGTH_BYTES       4 /* before a frame and before each item of a list */
#define NUMBER_BYTES       8

/* --- little-endian numbers --- */

static void put_number(unsigned char **at, uint64_t number, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		*(*at)++ = (unsigned char)(number >> (8 * i));
}

static uint64_t get_number(const unsigned char *at, size_t bytes)
{
	uint64_t number = 0;
	for (size_t i = 0; i < bytes; i++)
		number |= (uint64_t)at[i] << (8 * i);
	return number;
}

/* --- fields of a struct, by their rows; copied out, as their types differ --- */

#define LOAD(type, name, from)                                                         \
	type name;                                                                     \
	memcpy(&name, (from), sizeof(name))

static bool is_plain_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80)
			return text_is_utf8(text, length);
	return true;
}

static size_t strings_bytes(const struct msg_strings *strings)
{
	size_t bytes = 0;
	for (size_t i = 0; i < strings->count; i++)
		bytes += LENGTH_BYTES + strlen(strings->items[i]);
	return bytes;
}

static size_t oids_bytes(const struct msg_oids *oids)
{
	size_t bytes = 0;
	for (size_t i = 0; i < oids->count; i++)
		bytes += LENGTH_BYTES + oids->items[i].length;
	return bytes;
}

/* Bytes of the field's value on the wire; 0: it is left out. */
static size_t field_bytes(enum message_kind kind, const void *field)
{
	switch (kind) {
	case MESSAGE_KIND_U64:
	case MESSAGE_KIND_I64:
	case MESSAGE_KIND_TIME: {
		LOAD(uint64_t, number, field);
		return number == 0 ? 0 : NUMBER_BYTES;
	}
	case MESSAGE_KIND_BOOL: {
		LOAD(bool, truth, field);
		return truth ? 1 : 0;
	}
	case MESSAGE_KIND_STRING: {
		LOAD(const char *, string, field);
		return string == NULL ? 0 : strlen(string);
	}
	case MESSAGE_KIND_BYTES: {
		LOAD(struct msg_bytes, bytes, field);
		return bytes.length;
	}
	case MESSAGE_KIND_OID: {
		LOAD(struct oid, oid, field);
		return oid.length;
	}
	case MESSAGE_KIND_DIGEST: {
		LOAD(struct digest, digest, field);
		return digest_is_none(&digest) ? 0 : DIGEST_BYTES;
	}
	case MESSAGE_KIND_STRINGS: {
		LOAD(struct msg_strings, strings, field);
		return strings_bytes(&strings);
	}
	case MESSAGE_KIND_OIDS: {
		LOAD(struct msg_oids, oids, field);
		return oids_bytes(&oids);
	}
	}
	return 0;
}

/* Whether the other side would take its text. */
static bool field_is_text(enum message_kind kind, const void *field)
{
	if (kind == MESSAGE_KIND_STRING) {
		LOAD(const char *, string, field);
		return string == NULL || is_plain_text(string, strlen(string));
	}
	if (kind != MESSAGE_KIND_STRINGS)
		return true;
	LOAD(struct msg_strings, strings, field);
	for (size_t i = 0; i < strings.count; i++)
		if (!is_plain_text(strings.items[i], strlen(strings.items[i])))
			return false;
	return true;
}

static void put_bytes(unsigned char **at, const void *bytes, size_t length)
{
	memcpy(*at, bytes, length);
	*at += length;
}

static void put_item(unsigned char **at, const void *bytes, size_t length)
{
	put_number(at, length, LENGTH_BYTES);
	put_bytes(at, bytes, length);
}

static void put_field(unsigned char **at, enum message_kind kind, const void *field,
		      size_t length)
{
	switch (kind) {
	case MESSAGE_KIND_U64:
	case MESSAGE_KIND_I64:
	case MESSAGE_KIND_TIME: {
		LOAD(uint64_t, number, field);
		put_number(at, number, NUMBER_BYTES);
		break;
	}
	case MESSAGE_KIND_BOOL:
		put_number(at, 1, 1);
		break;
	case MESSAGE_KIND_STRING: {
		LOAD(const char *, string, field);
		put_bytes(at, string, length);
		break;
	}
	case MESSAGE_KIND_BYTES: {
		LOAD(struct msg_bytes, bytes, field);
		put_bytes(at, bytes.data, length);
		break;
	}
	case MESSAGE_KIND_OID: {
		LOAD(struct oid, oid, field);
		put_bytes(at, oid.bytes, length);
		break;
	}
	case MESSAGE_KIND_DIGEST:
		put_bytes(at, field, length);
		break;
	case MESSAGE_KIND_STRINGS: {
		LOAD(struct msg_strings, strings, field);
		for (size_t i = 0; i < strings.count; i++)
			put_item(at, strings.items[i], strlen(strings.items[i]));
		break;
	}
	case MESSAGE_KIND_OIDS: {
		LOAD(struct msg_oids, oids, field);
		for (size_t i = 0; i < oids.count; i++)
			put_item(at, oids.items[i].bytes, oids.items[i].length);
		break;
	}
	}
}

/* --- encoding: measured first, then written into room that suffices --- */

static const unsigned char *field_of(const void *message,
				     const struct message_field_row *row)
{
	return (const unsigned char *)message + row->offset;
}

static int measure(const struct message_row *row, const void *message, size_t *total,
		   struct error *err)
{
	*total = HEADER_BYTES;
	for (size_t i = 0; i < row->field_count; i++) {
		const struct message_field_row *field = &row->fields[i];
		if (!field_is_text(field->kind, field_of(message, field)))
			return error_set(err, ERROR_ENCODING,
					 "field %u of the message '%s' is not UTF-8",
					 field->id, row->name);
		size_t bytes = field_bytes(field->kind, field_of(message, field));
		*total += bytes == 0 ? 0 : FIELD_HEADER_BYTES + bytes;
	}
	return limit_check(&limits_default, LIMIT_MESSAGE_BYTES, *total, row->name,
			   err);
}

int message_encode(struct buf *out, enum message_type type, const void *message,
		   struct error *err)
{
	const struct message_row *row = message_row(type);
	if (row == NULL)
		return error_set(err, ERROR_INTERNAL, "there is no message %d", type);
	size_t total;
	int code = measure(row, message, &total, err);
	if (code != 0)
		return code;
	bool was_sound = out->failed == 0;
	char *room = buf_reserve(out, LENGTH_BYTES + total);
	if (room == NULL) {
		code = buf_status(out, row->name, err);
		out->failed = was_sound ? 0 : out->failed;
		return code;
	}
	unsigned char *at = (unsigned char *)room;
	put_number(&at, total, LENGTH_BYTES);
	put_number(&at, type, 2);
	put_number(&at, VERSION, 2);
	for (size_t i = 0; i < row->field_count; i++) {
		const struct message_field_row *field = &row->fields[i];
		const void *value = field_of(message, field);
		size_t bytes = field_bytes(field->kind, value);
		if (bytes == 0)
			continue;
		put_number(&at, field->id, 2);
		put_number(&at, bytes, LENGTH_BYTES);
		put_field(&at, field->kind, value, bytes);
	}
	*at = '\0';
	out->length += LENGTH_BYTES + total;
	return 0;
}

/* --- decoding: everything that encoding does not write is refused --- */

struct reader {
	const unsigned char *at;
	size_t left;
};

/* One field or item: its bytes. */
struct slice {
	const unsigned char *bytes;
	size_t length;
};

static bool take_number(struct reader *reader, size_t bytes, uint64_t *out)
{
	if (reader->left < bytes)
		return false;
	*out = get_number(reader->at, bytes);
	reader->at += bytes;
	reader->left -= bytes;
	return true;
}

/* A length and that many bytes. */
static bool take_slice(struct reader *reader, struct slice *out)
{
	uint64_t length;
	if (!take_number(reader, LENGTH_BYTES, &length) || length > reader->left)
		return false;
	*out = (struct slice){ reader->at, (size_t)length };
	reader->at += length;
	reader->left -= (size_t)length;
	return true;
}

static bool is_string(const struct slice *slice)
{
	return memchr(slice->bytes, 0, slice->length) == NULL &&
	       is_plain_text((const char *)slice->bytes, slice->length);
}

static bool is_oid_length(size_t length)
{
	return length == 20 || length == 32;
}

static int wrong(struct error *err, const char *what)
{
	return error_set(err, ERROR_MESSAGE, "%s", what);
}

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for a message");
}

/* How many items a list has; -1 when it is cut off. */
static ptrdiff_t count_items(const struct slice *list)
{
	struct reader reader = { list->bytes, list->length };
	struct slice item;
	ptrdiff_t count = 0;
	for (; reader.left > 0; count++)
		if (!take_slice(&reader, &item))
			return -1;
	return count;
}

static int read_strings(const struct slice *list, struct arena *arena, void *field,
			struct error *err)
{
	ptrdiff_t count = count_items(list);
	if (count < 0)
		return wrong(err, "a list is cut off");
	const char **items = arena_array(arena, (size_t)count, sizeof(*items));
	/* Each length makes room for a NUL. */
	char *text = arena_alloc(arena, list->length);
	if (items == NULL || text == NULL)
		return no_memory(err);
	struct reader reader = { list->bytes, list->length };
	struct slice item;
	for (ptrdiff_t i = 0; i < count && take_slice(&reader, &item); i++) {
		if (!is_string(&item))
			return wrong(err, "an item of a list is not UTF-8 text");
		memcpy(text, item.bytes, item.length);
		text[item.length] = '\0';
		items[i] = text;
		text += item.length + 1;
	}
	struct msg_strings strings = { items, (size_t)count };
	memcpy(field, &strings, sizeof(strings));
	return 0;
}

static int read_oids(const struct slice *list, struct arena *arena, void *field,
		     struct error *err)
{
	ptrdiff_t count = count_items(list);
	if (count < 0)
		return wrong(err, "a list is cut off");
	struct oid *items = arena_array(arena, (size_t)count, sizeof(*items));
	if (items == NULL)
		return no_memory(err);
	struct reader reader = { list->bytes, list->length };
	struct slice item;
	for (ptrdiff_t i = 0; i < count && take_slice(&reader, &item); i++) {
		if (item.length != 0 && !is_oid_length(item.length))
			return wrong(err, "an item of a list is not an object id");
		if (item.length != 0)
			oid_set_bytes(&items[i], item.bytes, item.length);
	}
	struct msg_oids oids = { items, (size_t)count };
	memcpy(field, &oids, sizeof(oids));
	return 0;
}

static int read_number(const struct slice *value, void *field, struct error *err)
{
	if (value->length != NUMBER_BYTES)
		return wrong(err, "a number has not 8 bytes");
	uint64_t number = get_number(value->bytes, NUMBER_BYTES);
	if (number == 0)
		return wrong(err, "a zero is not left out");
	memcpy(field, &number, sizeof(number));
	return 0;
}

static int read_bool(const struct slice *value, void *field, struct error *err)
{
	if (value->length != 1 || value->bytes[0] != 1)
		return wrong(err, "a truth value is not 1");
	bool truth = true;
	memcpy(field, &truth, sizeof(truth));
	return 0;
}

static int read_string(const struct slice *value, struct arena *arena, void *field,
		       struct error *err)
{
	if (!is_string(value))
		return wrong(err, "a string is not UTF-8 text");
	const char *copy = arena_copy(arena, value->bytes, value->length);
	if (copy == NULL)
		return no_memory(err);
	memcpy(field, &copy, sizeof(copy));
	return 0;
}

static int read_bytes(const struct slice *value, struct arena *arena, void *field,
		      struct error *err)
{
	struct msg_bytes bytes = { arena_copy(arena, value->bytes, value->length),
				   value->length };
	if (bytes.data == NULL)
		return no_memory(err);
	memcpy(field, &bytes, sizeof(bytes));
	return 0;
}

static int read_oid(const struct slice *value, void *field, struct error *err)
{
	if (!is_oid_length(value->length))
		return wrong(err, "an object id has a wrong size");
	struct oid oid;
	oid_set_bytes(&oid, value->bytes, value->length);
	memcpy(field, &oid, sizeof(oid));
	return 0;
}

static int read_digest(const struct slice *value, void *field, struct error *err)
{
	struct digest digest;
	if (value->length != sizeof(digest.bytes))
		return wrong(err, "a digest has a wrong size");
	memcpy(digest.bytes, value->bytes, sizeof(digest.bytes));
	if (digest_is_none(&digest))
		return wrong(err, "an empty digest is not left out");
	memcpy(field, &digest, sizeof(digest));
	return 0;
}

static int read_field(enum message_kind kind, const struct slice *value,
		      struct arena *arena, void *field, struct error *err)
{
	if (value->length == 0)
		return wrong(err, "an empty field is not left out");
	switch (kind) {
	case MESSAGE_KIND_U64:
	case MESSAGE_KIND_I64:
	case MESSAGE_KIND_TIME:
		return read_number(value, field, err);
	case MESSAGE_KIND_BOOL:
		return read_bool(value, field, err);
	case MESSAGE_KIND_STRING:
		return read_string(value, arena, field, err);
	case MESSAGE_KIND_BYTES:
		return read_bytes(value, arena, field, err);
	case MESSAGE_KIND_OID:
		return read_oid(value, field, err);
	case MESSAGE_KIND_DIGEST:
		return read_digest(value, field, err);
	case MESSAGE_KIND_STRINGS:
		return read_strings(value, arena, field, err);
	case MESSAGE_KIND_OIDS:
		return read_oids(value, arena, field, err);
	}
	return wrong(err, "a field is of no known kind");
}

static int read_fields(struct reader *reader, const struct message_row *row,
		       struct arena *arena, unsigned char *message, struct error *err)
{
	const struct message_field_row *field = row->fields;
	const struct message_field_row *end = row->fields + row->field_count;
	while (reader->left > 0) {
		uint64_t id;
		struct slice value;
		if (!take_number(reader, 2, &id) || !take_slice(reader, &value))
			return wrong(err, "a field is cut off");
		while (field < end && field->id < id)
			field++;
		/* An id that was there or passed by already is not found either. */
		if (field == end || field->id != id)
			return error_set(err, ERROR_MESSAGE,
					 "field %u is unknown or out of order",
					 (unsigned int)id);
		int code = read_field(field->kind, &value, arena,
				      message + field->offset, err);
		if (code != 0)
			return code;
		field++;
	}
	return 0;
}

int message_decode(const void *bytes, size_t length, struct arena *arena,
		   enum message_type *type, void **message, struct error *err)
{
	struct reader reader = { bytes, length };
	uint64_t number, version;
	struct error cause = ERROR_INIT;
	if (limit_check(&limits_default, LIMIT_MESSAGE_BYTES, length, "message",
			&cause) != 0)
		return wrong(err, cause.text);
	if (!take_number(&reader, 2, &number) || !take_number(&reader, 2, &version))
		return wrong(err, "a message is shorter than its header");
	const struct message_row *row = message_row((unsigned int)number);
	if (row == NULL)
		return error_set(err, ERROR_MESSAGE, "there is no message %u",
				 (unsigned int)number);
	if (version != VERSION)
		return error_set(err, ERROR_MESSAGE, "the message '%s' has version %u",
				 row->name, (unsigned int)version);
	unsigned char *made = arena_alloc(arena, row->size);
	if (made == NULL)
		return no_memory(err);
	int code = read_fields(&reader, row, arena, made, err);
	if (code != 0) {
		error_context(err, "in the message '%s'", row->name);
		return code;
	}
	*type = row->type;
	*message = made;
	return 0;
}
