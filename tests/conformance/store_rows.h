/* tests/conformance/store_rows.h - rows and checks that the cases of the suite share.
 */
#ifndef TESTS_CONFORMANCE_STORE_ROWS_H
#define TESTS_CONFORMANCE_STORE_ROWS_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/oid.h"
#include "store/store.h"

extern struct error suite_failure;
#define failure suite_failure

/* Succeeds, or tells why not. */
#define OK(call)                                                                       \
	do {                                                                           \
		error_clear(&failure);                                                 \
		ck_assert_msg((call) >= 0, "%s: %s", #call, failure.text);             \
	} while (0)
#define FAILS(wanted, call)                                                            \
	do {                                                                           \
		error_clear(&failure);                                                 \
		int answer = (call);                                                   \
		ck_assert_msg(answer == (wanted), "%s: %s, not %s: %s", #call,         \
			      error_name(answer), error_name(wanted), failure.text);   \
		ck_assert_int_eq(failure.code, (wanted));                              \
		ck_assert_str_ne(failure.text, "");                                    \
	} while (0)
#define BEGIN()  OK(store_begin(store, &failure))
#define COMMIT() OK(store_commit(store, &failure))

static inline struct oid oid(unsigned int number)
{
	unsigned char bytes[20] = { 0 };
	snprintf((char *)bytes, sizeof(bytes), "%u", number);
	bytes[19] = 1;
	struct oid out = OID_INIT;
	oid_set_bytes(&out, bytes, sizeof(bytes));
	return out;
}

static inline struct digest digest(unsigned int number)
{
	struct digest out = { { 0 } };
	snprintf((char *)out.bytes, sizeof(out.bytes), "digest %u", number);
	return out;
}

static inline struct oid null_oid(void)
{
	unsigned char bytes[20] = { 0 };
	struct oid out = OID_INIT;
	oid_set_bytes(&out, bytes, sizeof(bytes));
	return out;
}

static inline struct msg_change_row change_of(unsigned int number)
{
	return (struct msg_change_row){ .repository = "shop",
					.ref = "refs/heads/main",
					.old_id = oid(number),
					.new_id = oid(number + 1),
					.pusher = "alice",
					.received_at = 1000 + number,
					.state = "fetched",
					.updated_at = 1000 + number };
}

static inline uint64_t add_change(struct store *store, unsigned int number,
				  const char *state, int64_t due_at)
{
	struct msg_change_row row = change_of(number);
	row.state = state;
	row.due_at = due_at;
	uint64_t id = 0;
	OK(store_change_add(store, &row, &id, &failure));
	return id;
}

static inline uint64_t add_verdict(struct store *store, uint64_t change, int64_t at)
{
	struct msg_verdict_row row = { .change = change,
				       .repository = "shop",
				       .ref = "refs/heads/main",
				       .result = "fail",
				       .judged_at = at };
	struct msg_finding_row finding = { .severity = "error", .message = "unsigned" };
	uint64_t id = 0;
	OK(store_verdict_add(store, &row, &finding, 1, &id, &failure));
	return id;
}

static inline struct msg_deployment_row add_deployment(struct store *store,
						       const char *target,
						       struct oid commit,
						       uint64_t change)
{
	struct msg_deployment_row row = { .target = target,
					  .commit = commit,
					  .change = change,
					  .cause = "push",
					  .queued_at = 50 };
	OK(store_deployment_add(store, &row, &failure));
	return row;
}

static inline void end_deployment(struct store *store, struct msg_deployment_row *row,
				  const char *state, int64_t at)
{
	row->state = state;
	row->ended_at = at;
	OK(store_deployment_put(store, row, &failure));
}

static inline struct msg_deployment_row deploy(struct store *store, const char *target,
					       struct oid commit, int64_t at)
{
	struct msg_deployment_row row = add_deployment(store, target, commit, 0);
	end_deployment(store, &row, "deployed", at);
	return row;
}

#endif
