/* ipc/message_json.c - a record as members of a JSON object, by its rows. */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "ipc/message.h"

#define LOAD(type, name, from)                                                         \
	type name;                                                                     \
	memcpy(&name, (from), sizeof(name))

static void write_oid(struct json *json, const struct oid *oid)
{
	char hex[OID_HEX_BYTES];
	oid_hex(oid, hex);
	json_string(json, oid->length == 0 ? NULL : hex);
}

static void write_digest(struct json *json, const struct digest *digest)
{
	char hex[DIGEST_HEX_BYTES];
	digest_hex(digest, hex);
	json_string(json, digest_is_none(digest) ? NULL : hex);
}

static void write_bytes(struct json *json, const struct msg_bytes *bytes)
{
	struct buf text = BUF_INIT(SIZE_MAX);
	base64_encode(bytes->data, bytes->length, &text);
	json_string(json, bytes->length == 0 ? NULL : text.data);
	if (text.failed != 0)
		json->out->failed = text.failed;
	buf_release(&text);
}

static void write_strings(struct json *json, const struct msg_strings *strings)
{
	json_array(json);
	for (size_t i = 0; i < strings->count; i++)
		json_string(json, strings->items[i]);
	json_array_end(json);
}

static void write_oids(struct json *json, const struct msg_oids *oids)
{
	json_array(json);
	for (size_t i = 0; i < oids->count; i++)
		write_oid(json, &oids->items[i]);
	json_array_end(json);
}

static void write_field(struct json *json, const struct message_field_row *row,
			const void *field)
{
	switch (row->kind) {
	case MESSAGE_KIND_U64: {
		LOAD(uint64_t, number, field);
		json_put_unsigned(json, row->json, number);
		return;
	}
	case MESSAGE_KIND_I64: {
		LOAD(int64_t, number, field);
		json_put_integer(json, row->json, number);
		return;
	}
	case MESSAGE_KIND_TIME: {
		LOAD(int64_t, when, field);
		json_put_time(json, row->json, when);
		return;
	}
	case MESSAGE_KIND_BOOL: {
		LOAD(bool, truth, field);
		json_put_boolean(json, row->json, truth);
		return;
	}
	case MESSAGE_KIND_STRING: {
		LOAD(const char *, string, field);
		json_put_string(json, row->json, string);
		return;
	}
	case MESSAGE_KIND_BYTES: {
		LOAD(struct msg_bytes, bytes, field);
		json_key(json, row->json);
		write_bytes(json, &bytes);
		return;
	}
	case MESSAGE_KIND_OID: {
		LOAD(struct oid, oid, field);
		json_key(json, row->json);
		write_oid(json, &oid);
		return;
	}
	case MESSAGE_KIND_DIGEST: {
		LOAD(struct digest, digest, field);
		json_key(json, row->json);
		write_digest(json, &digest);
		return;
	}
	case MESSAGE_KIND_STRINGS: {
		LOAD(struct msg_strings, strings, field);
		json_key(json, row->json);
		write_strings(json, &strings);
		return;
	}
	case MESSAGE_KIND_OIDS: {
		LOAD(struct msg_oids, oids, field);
		json_key(json, row->json);
		write_oids(json, &oids);
		return;
	}
	}
}

void message_json(struct json *json, enum message_type type, const void *message)
{
	const struct message_row *row = message_row(type);
	if (row == NULL)
		return;
	for (size_t i = 0; i < row->field_count; i++) {
		const struct message_field_row *field = &row->fields[i];
		if (field->json[0] != '\0')
			write_field(json, field,
				    (const unsigned char *)message + field->offset);
	}
}
