/* tests/conformance/store_suite_webhooks.c - webhooks: kept, merged, read once, come
 * again, forgotten. */
#include "tests/conformance/store_rows.h"
#include "tests/conformance/store_suite.h"

static struct msg_delivery_row webhook_of(const char *source, unsigned int number)
{
	return (struct msg_delivery_row){ .source = source,
					  .event = "push",
					  .event_type = "push_finer",
					  .forge_id = "7d3e",
					  .digest = digest(number),
					  .received_at = 1000 + number };
}

static uint64_t add_webhook(struct store *store, const char *source,
			    unsigned int number, const char *body)
{
	struct msg_delivery_row row = webhook_of(source, number);
	uint64_t id = 0;
	OK(store_webhook_add(store, &row, body, strlen(body), &id, &failure));
	ck_assert_uint_ne(id, 0);
	return id;
}

static void read_webhook(struct store *store, uint64_t id, const char *state)
{
	struct msg_delivery_row row = { .id = id, .state = state };
	OK(store_webhook_read(store, &row, &failure));
}

static void expect_backlog(struct store *store, uint64_t count, uint64_t bytes)
{
	uint64_t found = 99;
	uint64_t found_bytes = 99;
	OK(store_webhook_backlog(store, &found, &found_bytes, &failure));
	ck_assert_uint_eq(found, count);
	ck_assert_uint_eq(found_bytes, bytes);
}

void suite_webhooks_keep_what_came(struct store *store, struct arena *arena)
{
	static const char body[] = "{\"a\":\0\"\xff\"}";
	struct msg_delivery_row row = webhook_of("forge", 1);
	struct msg_delivery_row back;
	struct msg_bytes bytes = { 0 };
	uint64_t id = 7;
	uint64_t empty = 0;
	row.form = true;
	FAILS(ERROR_INTERNAL,
	      store_webhook_add(store, &row, body, sizeof(body), &id, &failure));
	ck_assert_uint_eq(id, 7);
	BEGIN();
	OK(store_webhook_add(store, &row, body, sizeof(body), &id, &failure));
	row.digest = digest(2);
	OK(store_webhook_add(store, &row, NULL, 0, &empty, &failure));
	row.source = NULL;
	FAILS(ERROR_INTERNAL, store_webhook_add(store, &row, "", 0, &id, &failure));
	COMMIT();
	OK(store_delivery_get(store, arena, id, &back, &failure));
	ck_assert_str_eq(back.state, "received");
	ck_assert_str_eq(back.source, "forge");
	ck_assert_str_eq(back.event, "push");
	ck_assert_str_eq(back.event_type, "push_finer");
	ck_assert_str_eq(back.forge_id, "7d3e");
	ck_assert(back.form);
	ck_assert_uint_eq(back.bytes, sizeof(body));
	ck_assert_int_eq(back.received_at, 1001);
	ck_assert_ptr_null(back.repository);
	OK(store_delivery_body(store, arena, id, &bytes, &failure));
	ck_assert_uint_eq(bytes.length, sizeof(body));
	ck_assert_mem_eq(bytes.data, body, sizeof(body));
	OK(store_delivery_body(store, arena, empty, &bytes, &failure));
	ck_assert_uint_eq(bytes.length, 0);
	FAILS(ERROR_NOT_FOUND, store_delivery_get(store, arena, 1000, &back, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_delivery_body(store, arena, 1000, &bytes, &failure));
	ck_assert_uint_eq(store_delivery_last(store), empty);
}

void suite_equal_unread_webhooks_merge(struct store *store, struct arena *arena)
{
	struct msg_delivery_row row = webhook_of("forge", 9);
	struct msg_delivery_row back;
	uint64_t id;
	BEGIN();
	uint64_t first = add_webhook(store, "forge", 1, "{}");
	ck_assert_uint_eq(add_webhook(store, "forge", 1, "{}"), first);
	ck_assert_uint_ne(add_webhook(store, "other", 1, "{}"), first);
	ck_assert_uint_ne(add_webhook(store, "forge", 2, "{}"), first);
	COMMIT();
	BEGIN();
	ck_assert_uint_eq(add_webhook(store, "forge", 1, "{}"), first);
	/* Without a digest nothing is known to be equal. */
	row.digest = (struct digest){ { 0 } };
	OK(store_webhook_add(store, &row, "{}", 2, &id, &failure));
	uint64_t again = 0;
	OK(store_webhook_add(store, &row, "{}", 2, &again, &failure));
	ck_assert_uint_ne(id, again);
	COMMIT();
	OK(store_delivery_get(store, arena, first, &back, &failure));
	ck_assert_uint_eq(back.merged, 2);
	expect_backlog(store, 5, 10);
	BEGIN();
	read_webhook(store, first, "waiting");
	/* One that was read is a new hint. */
	uint64_t later = add_webhook(store, "forge", 1, "{}");
	ck_assert_uint_ne(later, first);
	ck_assert_uint_eq(add_webhook(store, "forge", 1, "{}"), later);
	COMMIT();
}

void suite_webhooks_are_read_source_by_source(struct store *store, struct arena *arena)
{
	struct msg_delivery_row *rows = NULL;
	size_t count = 9;
	OK(store_webhook_next(store, arena, NULL, 8, &rows, &count, &failure));
	ck_assert_uint_eq(count, 0);
	BEGIN();
	uint64_t first = add_webhook(store, "b", 1, "1");
	uint64_t second = add_webhook(store, "a", 2, "2");
	uint64_t third = add_webhook(store, "b", 3, "3");
	add_webhook(store, "b", 4, "4");
	COMMIT();
	OK(store_webhook_next(store, arena, NULL, 2, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(rows[0].id, first);
	ck_assert_uint_eq(rows[1].id, third);
	OK(store_webhook_next(store, arena, "a", 2, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].id, second);
	OK(store_webhook_next(store, arena, "none", 2, &rows, &count, &failure));
	ck_assert_uint_eq(count, 0);
	BEGIN();
	read_webhook(store, first, "ignored");
	COMMIT();
	OK(store_webhook_next(store, arena, NULL, 9, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].id, second);
}

void suite_reading_ends_in_a_known_state_once(struct store *store, struct arena *arena)
{
	static const char *const wrong[] = { "received", "fine", NULL };
	struct msg_delivery_row back;
	uint64_t more = 0;
	BEGIN();
	OK(store_repository_ensure(store, "shop", &failure));
	uint64_t id = add_webhook(store, "forge", 1, "{}");
	struct msg_delivery_row row = { .id = id,
					.source = "ignored here",
					.repository = "shop",
					.ref = "refs/heads/main",
					.old_id = oid(1),
					.new_id = oid(2),
					.number = 7,
					.action = "opened",
					.pusher = "alice",
					.kind = "merge-request",
					.reason = "why",
					.state = "waiting" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		row.state = wrong[i];
		FAILS(ERROR_INTERNAL, store_webhook_read(store, &row, &failure));
		FAILS(ERROR_INTERNAL, store_webhook_more(store, &row, &more, &failure));
	}
	row.state = "waiting";
	OK(store_webhook_read(store, &row, &failure));
	FAILS(ERROR_STALE, store_webhook_read(store, &row, &failure));
	row.id = 1000;
	FAILS(ERROR_NOT_FOUND, store_webhook_read(store, &row, &failure));
	/* A second hint of it, equal to the first. */
	row.source = "forge";
	row.parent = id;
	row.event = "push";
	OK(store_webhook_more(store, &row, &more, &failure));
	ck_assert_uint_ne(more, id);
	COMMIT();
	OK(store_delivery_get(store, arena, id, &back, &failure));
	ck_assert_str_eq(back.state, "waiting");
	ck_assert_str_eq(back.source, "forge");
	ck_assert_str_eq(back.repository, "shop");
	ck_assert_uint_eq(back.number, 7);
	ck_assert_str_eq(back.action, "opened");
	ck_assert_str_eq(back.pusher, "alice");
	ck_assert_str_eq(back.kind, "merge-request");
	ck_assert_str_eq(back.reason, "why");
	ck_assert(oid_equal(&back.new_id, &row.new_id));
	OK(store_delivery_get(store, arena, more, &back, &failure));
	ck_assert_uint_eq(back.parent, id);
	ck_assert_str_eq(back.event, "push");
	expect_backlog(store, 0, 0);
	BEGIN(); /* both are hints as any other */
	OK(store_delivery_done(store, "shop", more, &failure));
	COMMIT();
	OK(store_delivery_get(store, arena, id, &back, &failure));
	ck_assert_str_eq(back.state, "done");
}

void suite_webhooks_come_again(struct store *store, struct arena *arena)
{
	struct msg_delivery_row hint = { .source = "local",
					 .repository = "shop",
					 .received_at = 1 };
	struct msg_delivery_row back;
	uint64_t plain;
	BEGIN();
	uint64_t id = add_webhook(store, "forge", 1, "text");
	/* The job that read it crashed. */
	OK(store_webhook_again(store, id, 2, &failure));
	expect_backlog(store, 1, 4);
	OK(store_delivery_get(store, arena, id, &back, &failure));
	ck_assert_uint_eq(back.attempts, 2);
	read_webhook(store, id, "unreadable");
	expect_backlog(store, 0, 0);
	/* Somebody replays it. */
	OK(store_webhook_again(store, id, 0, &failure));
	expect_backlog(store, 1, 4);
	OK(store_delivery_get(store, arena, id, &back, &failure));
	ck_assert_str_eq(back.state, "received");
	ck_assert_uint_eq(back.attempts, 0);
	ck_assert_uint_eq(add_webhook(store, "forge", 1, "text"), id);
	read_webhook(store, id, "done");
	/* What has no text cannot be read. */
	OK(store_delivery_add(store, &hint, &plain, &failure));
	FAILS(ERROR_NOT_FOUND, store_webhook_again(store, plain, 0, &failure));
	FAILS(ERROR_NOT_FOUND, store_webhook_again(store, 1000, 0, &failure));
	OK(store_body_prune(store, INT64_MAX, &failure));
	FAILS(ERROR_NOT_FOUND, store_webhook_again(store, id, 0, &failure));
	COMMIT();
}

void suite_the_backlog_follows_transactions(struct store *store, struct arena *arena)
{
	(void)arena;
	expect_backlog(store, 0, 0);
	BEGIN();
	uint64_t kept = add_webhook(store, "forge", 1, "1234");
	COMMIT();
	BEGIN();
	add_webhook(store, "forge", 2, "12");
	read_webhook(store, kept, "waiting");
	expect_backlog(store, 1, 2);
	store_rollback(store);
	expect_backlog(store, 1, 4);
	BEGIN();
	/* What was rolled back is not there to merge with, what came back is. */
	ck_assert_uint_eq(add_webhook(store, "forge", 1, "1234"), kept);
	add_webhook(store, "forge", 2, "12");
	expect_backlog(store, 2, 6);
	COMMIT();
	BEGIN();
	for (unsigned int i = 10; i < 3010; i++)
		add_webhook(store, "many", i, "x");
	for (unsigned int i = 10; i < 3010; i++)
		add_webhook(store, "many", i, "x");
	COMMIT();
	expect_backlog(store, 3002, 3006);
}

void suite_texts_of_read_webhooks_are_forgotten(struct store *store,
						struct arena *arena)
{
	struct msg_bytes bytes;
	struct msg_delivery_row back;
	uint64_t ids[5];
	BEGIN();
	for (unsigned int i = 0; i < 5; i++) /* received at 1001 to 1005 */
		ids[i] = add_webhook(store, "forge", i + 1, "text");
	for (unsigned int i = 0; i < 5; i++)
		if (i != 1)
			read_webhook(store, ids[i], "done");
	OK(store_body_prune(store, 1001, &failure)); /* none is older */
	OK(store_delivery_body(store, arena, ids[0], &bytes, &failure));
	OK(store_body_prune(store, 1004, &failure));
	COMMIT();
	FAILS(ERROR_NOT_FOUND,
	      store_delivery_body(store, arena, ids[0], &bytes, &failure));
	OK(store_delivery_body(store, arena, ids[1], &bytes, &failure)); /* unread */
	FAILS(ERROR_NOT_FOUND,
	      store_delivery_body(store, arena, ids[2], &bytes, &failure));
	OK(store_delivery_body(store, arena, ids[3], &bytes, &failure));
	OK(store_delivery_get(store, arena, ids[0], &back, &failure));
	BEGIN();
	OK(store_body_prune(store, 2000, &failure));
	COMMIT();
	FAILS(ERROR_NOT_FOUND,
	      store_delivery_body(store, arena, ids[4], &bytes, &failure));
	expect_backlog(store, 1, 4);
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
}

void suite_sources_count_and_remember(struct store *store, struct arena *arena)
{
	struct msg_source_row row = { .name = "forge",
				      .api_at = 5,
				      .problem = "401",
				      .retry_at = 9,
				      .remaining = 12 };
	struct msg_source_row back;
	struct msg_source_row *rows;
	size_t count;
	BEGIN();
	FAILS(ERROR_NOT_FOUND, store_source_put(store, &row, &failure));
	OK(store_source_ensure(store, "forge", "gitea", &failure));
	OK(store_source_ensure(store, "forge", "gitea", &failure));
	OK(store_source_get(store, arena, "forge", &back, &failure));
	ck_assert_int_eq(back.remaining, -1);
	OK(store_source_put(store, &row, &failure));
	uint64_t id = add_webhook(store, "forge", 1, "{}");
	add_webhook(store, "forge", 1, "{}"); /* merged, and counted */
	OK(store_source_ensure(store, "a", "hmac", &failure));
	OK(store_source_ensure(store, "forge", "forgejo", &failure));
	COMMIT();
	OK(store_source_get(store, arena, "forge", &back, &failure));
	ck_assert_str_eq(back.kind, "forgejo");
	ck_assert_uint_eq(back.deliveries, 2);
	ck_assert_uint_eq(back.last_delivery, id);
	ck_assert_int_eq(back.last_delivery_at, 1001);
	ck_assert_int_eq(back.api_at, 5);
	ck_assert_str_eq(back.problem, "401");
	ck_assert_int_eq(back.retry_at, 9);
	ck_assert_int_eq(back.remaining, 12);
	BEGIN();
	row.problem = NULL;
	OK(store_source_put(store, &row, &failure));
	COMMIT();
	OK(store_source_list(store, arena, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(rows[0].name, "a");
	ck_assert_ptr_null(rows[1].problem);
	FAILS(ERROR_NOT_FOUND, store_source_get(store, arena, "x", &back, &failure));
}
