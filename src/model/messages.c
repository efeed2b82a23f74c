/* model/messages.c - the rows of messages.def as data, for encoding and decoding. */
#include "model/messages.h"

#define MESSAGE_BEGIN(number, name, purpose)                                           \
	static const struct message_field_row name##_fields[] = {
#define MESSAGE_FIELD(message, id, kind, field, json)                                  \
	{ id, MESSAGE_KIND_##kind, offsetof(struct msg_##message, field), json },
#define MESSAGE_END(name)                                                              \
	}                                                                              \
	;
#include "model/messages.def"
#undef MESSAGE_BEGIN
#undef MESSAGE_FIELD
#undef MESSAGE_END

/* By number; numbers that are not used have no name. */
static const struct message_row rows[] = {
#define MESSAGE_BEGIN(number, name, purpose)                                           \
	[number] = { MESSAGE_##name, #name, sizeof(struct msg_##name), name##_fields,  \
		     sizeof(name##_fields) / sizeof(name##_fields[0]) },
#define MESSAGE_FIELD(message, id, kind, field, json)
#define MESSAGE_END(name)
#include "model/messages.def"
#undef MESSAGE_BEGIN
#undef MESSAGE_FIELD
#undef MESSAGE_END
};

const struct message_row *message_row(unsigned int type)
{
	if (type >= sizeof(rows) / sizeof(rows[0]) || rows[type].name == NULL)
		return NULL;
	return &rows[type];
}
