/* tests/unit/test_model_tables.c - the rows of messages and of deployments. */
#include "unit.h"

#include <string.h>

#include "model/deployment.h"
#include "model/messages.h"

START_TEST(every_state_has_a_name_of_its_own)
{
	for (int i = 1; i < DEPLOYMENT_STATE_COUNT; i++)
		ck_assert_int_eq(deployment_state_by_name(deployment_state_name(i)), i);
	ck_assert_int_eq(deployment_state_by_name("unknown"), DEPLOYMENT_UNKNOWN);
	ck_assert_int_eq(deployment_state_by_name("Queued"), DEPLOYMENT_UNKNOWN);
	ck_assert_int_eq(deployment_state_by_name(NULL), DEPLOYMENT_UNKNOWN);
	ck_assert_str_eq(deployment_state_name(DEPLOYMENT_STATE_COUNT), "unknown");
	ck_assert_str_eq(deployment_state_name(-1), "unknown");
}
END_TEST

START_TEST(terminal_states_are_the_five_of_the_design)
{
	static const char *const terminal[] = { "deployed", "failed", "superseded",
						"cancelled", "rolled-back" };
	size_t count = 0;
	for (int i = 0; i < DEPLOYMENT_STATE_COUNT; i++)
		count += deployment_state_is_terminal(i);
	ck_assert_uint_eq(count, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert(deployment_state_is_terminal(
			deployment_state_by_name(terminal[i])));
	ck_assert(!deployment_state_is_terminal(DEPLOYMENT_STATE_COUNT));
}
END_TEST

START_TEST(every_cause_has_a_name_of_its_own)
{
	for (int i = 1; i < CAUSE_COUNT; i++)
		ck_assert_int_eq(deployment_cause_by_name(deployment_cause_name(i)), i);
	ck_assert_int_eq(deployment_cause_by_name("unknown"), CAUSE_UNKNOWN);
	ck_assert_int_eq(deployment_cause_by_name(NULL), CAUSE_UNKNOWN);
	ck_assert_str_eq(deployment_cause_name(CAUSE_COUNT), "unknown");
}
END_TEST

START_TEST(message_rows_are_found_by_number)
{
	const struct message_row *done = message_row(MESSAGE_done);
	ck_assert_ptr_nonnull(done);
	ck_assert_str_eq(done->name, "done");
	ck_assert_uint_eq(done->size, sizeof(struct msg_done));
	ck_assert_uint_eq(done->fields[1].offset, offsetof(struct msg_done, text));
	ck_assert_int_eq(done->fields[1].kind, MESSAGE_KIND_STRING);
	ck_assert_str_eq(done->fields[1].json, "text");
	ck_assert_ptr_null(message_row(MESSAGE_NONE));
	ck_assert_ptr_null(message_row(0xffff));
	ck_assert_ptr_null(message_row(99));
}
END_TEST

static size_t kind_bytes(enum message_kind kind)
{
	switch (kind) {
	case MESSAGE_KIND_U64:
		return sizeof(msg_U64);
	case MESSAGE_KIND_I64:
		return sizeof(msg_I64);
	case MESSAGE_KIND_TIME:
		return sizeof(msg_TIME);
	case MESSAGE_KIND_BOOL:
		return sizeof(msg_BOOL);
	case MESSAGE_KIND_STRING:
		return sizeof(msg_STRING);
	case MESSAGE_KIND_BYTES:
		return sizeof(msg_BYTES);
	case MESSAGE_KIND_OID:
		return sizeof(msg_OID);
	case MESSAGE_KIND_DIGEST:
		return sizeof(msg_DIGEST);
	case MESSAGE_KIND_STRINGS:
		return sizeof(msg_STRINGS);
	case MESSAGE_KIND_OIDS:
		return sizeof(msg_OIDS);
	}
	return 0;
}

START_TEST(ids_of_fields_rise_and_fields_lie_inside)
{
	size_t messages = 0;
	for (unsigned int type = 0; type <= 0xffff; type++) {
		const struct message_row *row = message_row(type);
		if (row == NULL)
			continue;
		messages++;
		ck_assert_uint_eq(row->type, type);
		ck_assert_uint_gt(row->field_count, 0);
		for (size_t i = 0; i < row->field_count; i++) {
			const struct message_field_row *field = &row->fields[i];
			ck_assert_msg(i == 0 || field->id > row->fields[i - 1].id,
				      "%s: field %zu", row->name, i);
			ck_assert_uint_gt(field->id, 0);
			ck_assert_uint_le(field->offset + kind_bytes(field->kind),
					  row->size);
		}
	}
	ck_assert_uint_gt(messages, 20);
}
END_TEST

UNIT_MAIN("model tables", every_state_has_a_name_of_its_own,
	  terminal_states_are_the_five_of_the_design, every_cause_has_a_name_of_its_own,
	  message_rows_are_found_by_number, ids_of_fields_rise_and_fields_lie_inside)
