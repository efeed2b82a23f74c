/* model/messages.h - the structs of model/messages.def.
 *
 * A struct msg_<name> borrows what it points to: from the arena it was decoded into, or
 * from the caller who fills it. Zero or NULL stands for a field that is absent. */
#ifndef MODEL_MESSAGES_H
#define MODEL_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/oid.h"

struct msg_bytes {
	const void *data;
	size_t length;
};

struct msg_strings {
	const char *const *items;
	size_t count;
};

struct msg_oids {
	const struct oid *items;
	size_t count;
};

typedef uint64_t msg_U64;
typedef int64_t msg_I64;
typedef int64_t msg_TIME;
typedef bool msg_BOOL;
typedef const char *msg_STRING;
typedef struct msg_bytes msg_BYTES;
typedef struct oid msg_OID;
typedef struct digest msg_DIGEST;
typedef struct msg_strings msg_STRINGS;
typedef struct msg_oids msg_OIDS;

#define MESSAGE_BEGIN(number, name, purpose)          struct msg_##name {
#define MESSAGE_FIELD(message, id, kind, field, json) msg_##kind field;
#define MESSAGE_END(name)                                                              \
	}                                                                              \
	;
#include "model/messages.def"
#undef MESSAGE_BEGIN
#undef MESSAGE_FIELD
#undef MESSAGE_END

/* MESSAGE_<name>: the number on the wire. */
enum message_type {
	MESSAGE_NONE = 0,
#define MESSAGE_BEGIN(number, name, purpose) MESSAGE_##name = number,
#define MESSAGE_FIELD(message, id, kind, field, json)
#define MESSAGE_END(name)
#include "model/messages.def"
#undef MESSAGE_BEGIN
#undef MESSAGE_FIELD
#undef MESSAGE_END
};

enum message_kind {
	MESSAGE_KIND_U64,
	MESSAGE_KIND_I64,
	MESSAGE_KIND_TIME,
	MESSAGE_KIND_BOOL,
	MESSAGE_KIND_STRING,
	MESSAGE_KIND_BYTES,
	MESSAGE_KIND_OID,
	MESSAGE_KIND_DIGEST,
	MESSAGE_KIND_STRINGS,
	MESSAGE_KIND_OIDS,
};

/* The rows as data. */
struct message_field_row {
	unsigned int id;
	enum message_kind kind;
	size_t offset;
	const char *json;
};
struct message_row {
	enum message_type type;
	const char *name;
	size_t size;
	const struct message_field_row *fields;
	size_t field_count;
};
/* NULL: no such message. */
const struct message_row *message_row(unsigned int type);

#endif
