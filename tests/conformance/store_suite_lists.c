/* tests/conformance/store_suite_lists.c - quarantine, outbox, ledger, lists, odd values
 * and care.
 */
#include "tests/conformance/store_suite.h"

#include "tests/conformance/store_rows.h"

void suite_quarantine_holds_until_released(struct store *store, struct arena *arena)
{
	struct oid first = oid(1);
	struct oid second = oid(2);
	struct msg_quarantine_row row = { .target = "web",
					  .commit = first,
					  .reason = "unhealthy",
					  .since = 5,
					  .actor = "gitgate" };
	struct msg_quarantine_row *rows;
	size_t count;
	BEGIN();
	FAILS(ERROR_NOT_FOUND, store_quarantine_add(store, &row, &failure));
	OK(store_target_ensure(store, "web", &failure));
	ck_assert(!store_quarantine_has(store, "web", &first));
	OK(store_quarantine_add(store, &row, &failure));
	row.reason = "asked";
	OK(store_quarantine_add(store, &row, &failure));
	row.commit = second;
	row.since = 6;
	OK(store_quarantine_add(store, &row, &failure));
	COMMIT();
	ck_assert(store_quarantine_has(store, "web", &first));
	OK(store_quarantine_list(store, arena, "web", &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert(oid_equal(&rows[0].commit, &second));
	ck_assert_str_eq(rows[1].reason, "asked");
	ck_assert_str_eq(rows[1].actor, "gitgate");
	BEGIN();
	OK(store_quarantine_remove(store, "web", &first, &failure));
	ck_assert(!store_quarantine_has(store, "web", &first));
	ck_assert(store_quarantine_has(store, "web", &second));
	OK(store_quarantine_remove(store, "web", NULL, &failure));
	COMMIT();
	OK(store_quarantine_list(store, arena, NULL, &rows, &count, &failure));
	ck_assert_uint_eq(count, 0);
}

void suite_outbox_keeps_the_newest_state(struct store *store, struct arena *arena)
{
	struct msg_outbox_row row = { .repository = "shop",
				      .commit = oid(1),
				      .context = "gitgate/policy",
				      .state = "pending",
				      .created_at = 10 };
	struct msg_outbox_row other = row;
	struct msg_outbox_row *rows;
	size_t count;
	BEGIN();
	OK(store_outbox_put(store, &row, &failure));
	other.context = "gitgate/web";
	OK(store_outbox_put(store, &other, &failure));
	row.state = "success";
	row.created_at = 12;
	row.description = "all rules pass";
	OK(store_outbox_put(store, &row, &failure));
	COMMIT();
	OK(store_outbox_list(store, arena, "shop", 0, 10, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(rows[0].context, "gitgate/web");
	ck_assert_str_eq(rows[1].state, "success");
	ck_assert_str_eq(rows[1].description, "all rules pass");
	BEGIN();
	rows[1].state = "failure";
	OK(store_outbox_put(store, &rows[1], &failure)); /* the same moment, later */
	COMMIT();
	OK(store_outbox_list(store, arena, NULL, rows[0].id, 10, &rows, &count,
			     &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(rows[0].state, "failure");
	ck_assert_str_eq(rows[0].kind, "status");
	OK(store_outbox_list(store, arena, "infra", 0, 10, &rows, &count, &failure));
	ck_assert_uint_eq(count, 0);
}

void suite_ledger_chains(struct store *store, struct arena *arena)
{
	struct msg_query query = { .limit = 10 };
	struct msg_ledger_row *rows;
	size_t count;
	uint64_t good = 9;
	OK(store_ledger_check(store, &good, &failure));
	ck_assert_uint_eq(good, 0);
	BEGIN();
	OK(store_ledger_add(store, "verdict", "{\"a\":1}", 5, &failure));
	OK(store_ledger_add(store, "deployment", "{}", 4, &failure));
	OK(store_ledger_add(store, "verdict", "{\"a\":1}", 5, &failure));
	COMMIT();
	OK(store_ledger_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(rows[0].sequence, 3);
	ck_assert(digest_equal(&rows[0].previous, &rows[1].hash));
	ck_assert(digest_equal(&rows[1].previous, &rows[2].hash));
	ck_assert(digest_is_none(&rows[2].previous));
	ck_assert(!digest_equal(&rows[0].hash, &rows[2].hash));
	ck_assert_str_eq(rows[1].kind, "deployment");
	ck_assert_str_eq(rows[2].body, "{\"a\":1}");
	ck_assert_int_eq(rows[1].at, 4);
	OK(store_ledger_check(store, &good, &failure));
	ck_assert_uint_eq(good, 3);
	query.state = "verdict";
	OK(store_ledger_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
}

void suite_ledger_takes_objects_only(struct store *store, struct arena *arena)
{
	static const char *const bodies[] = { "", "{", "[]", "x", "{}\n", "\"{}\"" };
	(void)arena;
	BEGIN();
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		FAILS(ERROR_INTERNAL,
		      store_ledger_add(store, "verdict", bodies[i], 5, &failure));
	FAILS(ERROR_INTERNAL, store_ledger_add(store, "", "{}", 5, &failure));
	COMMIT();
}

void suite_lists_go_page_by_page(struct store *store, struct arena *arena)
{
	struct msg_query query = { .limit = 4 };
	struct msg_change_row *rows;
	size_t count;
	BEGIN();
	for (unsigned int i = 1; i <= 210; i++)
		add_change(store, i, "seen", 0);
	COMMIT();
	size_t seen = 0;
	uint64_t last = UINT64_MAX;
	do {
		OK(store_change_list(store, arena, &query, &rows, &count, &failure));
		for (size_t i = 0; i < count; i++) {
			ck_assert_uint_lt(rows[i].id, last);
			last = rows[i].id;
		}
		seen += count;
		query.before = last;
	} while (count == 4);
	ck_assert_uint_eq(seen, 210);
	ck_assert_uint_eq(count, 2);
	query = (struct msg_query){ .limit = 0 };
	OK(store_change_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 200);
	query.limit = 201;
	FAILS(ERROR_USAGE,
	      store_change_list(store, arena, &query, &rows, &count, &failure));
}

void suite_lists_filter(struct store *store, struct arena *arena)
{
	struct msg_change_row change = change_of(1);
	struct msg_change_row *changes;
	struct msg_deployment_row *deployments;
	struct msg_verdict_row *verdicts;
	size_t count;
	uint64_t infra;
	for (unsigned int i = 1; i <= 3; i++)
		suite_fill(store, i);
	BEGIN();
	change.repository = "infra";
	change.ref = "refs/heads/x";
	OK(store_change_add(store, &change, &infra, &failure));
	OK(store_target_ensure(store, "api", &failure));
	add_deployment(store, "api", oid(1), infra);
	COMMIT();
	struct msg_query query = { .repository = "infra" };
	OK(store_change_list(store, arena, &query, &changes, &count, &failure));
	ck_assert_uint_eq(count, 1);
	OK(store_deployment_list(store, arena, &query, &deployments, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(deployments[0].target, "api");
	query = (struct msg_query){ .repository = "shop", .ref = "refs/heads/main" };
	OK(store_verdict_list(store, arena, &query, &verdicts, &count, &failure));
	ck_assert_uint_eq(count, 3);
	query.state = "pass";
	OK(store_verdict_list(store, arena, &query, &verdicts, &count, &failure));
	ck_assert_uint_eq(count, 0);
	query = (struct msg_query){ .target = "web", .state = "deployed", .limit = 2 };
	OK(store_deployment_list(store, arena, &query, &deployments, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(deployments[0].generation, 3);
	query = (struct msg_query){ .target = "web", .id = deployments[1].id };
	OK(store_deployment_list(store, arena, &query, &deployments, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(deployments[0].generation, 2);
	query = (struct msg_query){ .repository = "infra", .target = "web" };
	OK(store_deployment_list(store, arena, &query, &deployments, &count, &failure));
	ck_assert_uint_eq(count, 0);
}

void suite_lists_refuse_filters_they_do_not_have(struct store *store,
						 struct arena *arena)
{
	struct msg_query query = { .target = "web" };
	struct msg_change_row *changes = NULL;
	struct msg_ledger_row *records = NULL;
	size_t count = 7;
	FAILS(ERROR_USAGE,
	      store_change_list(store, arena, &query, &changes, &count, &failure));
	query = (struct msg_query){ .repository = "shop" };
	FAILS(ERROR_USAGE,
	      store_ledger_list(store, arena, &query, &records, &count, &failure));
	ck_assert_ptr_null(changes);
	ck_assert_uint_eq(count, 7);
}

/* --- odd values --- */

void suite_hostile_text_comes_back_unchanged(struct store *store, struct arena *arena)
{
	static const char *const texts[] = {
		"'; DROP TABLE changes; --",
		"\"",
		":name @ $ ?1",
		"\x1b[2J\r\n\t",
		"\xff\xfe",
		"\u202eevil",
		"%s%n",
		"",
	};
	struct msg_change_row back;
	struct msg_query query = { 0 };
	struct msg_change_row *rows;
	size_t count;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct msg_change_row row = change_of(1);
		uint64_t id;
		row.pusher = texts[i];
		row.repository = texts[i];
		BEGIN();
		OK(store_change_add(store, &row, &id, &failure));
		OK(store_change_move(store, id, "seen", texts[i], 0, 0, 0, &failure));
		COMMIT();
		OK(store_change_get(store, arena, id, &back, &failure));
		ck_assert_str_eq(back.pusher, texts[i]);
		ck_assert_str_eq(back.reason, texts[i]);
		query.repository = texts[i];
		OK(store_change_list(store, arena, &query, &rows, &count, &failure));
		ck_assert_uint_eq(count, 1);
	}
}

void suite_numbers_beyond_the_columns_are_refused(struct store *store,
						  struct arena *arena)
{
	struct msg_change_row row = change_of(1);
	struct msg_query query = { .before = UINT64_MAX };
	struct msg_change_row *rows;
	size_t count;
	uint64_t id = 3;
	row.attempts = (uint64_t)INT64_MAX + 1;
	BEGIN();
	FAILS(ERROR_LIMIT, store_change_add(store, &row, &id, &failure));
	ck_assert_uint_eq(id, 3);
	row.attempts = INT64_MAX;
	row.received_at = INT64_MIN;
	OK(store_change_add(store, &row, &id, &failure));
	FAILS(ERROR_LIMIT,
	      store_change_move(store, UINT64_MAX, "seen", NULL, 0, 0, 0, &failure));
	COMMIT();
	OK(store_change_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].attempts, INT64_MAX);
	ck_assert_int_eq(rows[0].received_at, INT64_MIN);
}

void suite_failures_leave_outputs_untouched(struct store *store, struct arena *arena)
{
	struct msg_change_row change = { .id = 42 };
	struct msg_repository_row repository = { .wanted = 42 };
	struct msg_change_row *rows = &change;
	struct msg_query query = { 0 };
	size_t count = 42;
	struct arena *small = arena_new(16); /* too small for a row */
	ck_assert_ptr_nonnull(small);
	FAILS(ERROR_NOT_FOUND, store_change_get(store, arena, 1, &change, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_repository_get(store, arena, "x", &repository, &failure));
	suite_fill(store, 1);
	FAILS(ERROR_MEMORY, store_change_get(store, small, 1, &change, &failure));
	FAILS(ERROR_MEMORY,
	      store_change_list(store, small, &query, &rows, &count, &failure));
	ck_assert_uint_eq(change.id, 42);
	ck_assert_uint_eq(repository.wanted, 42);
	ck_assert_ptr_eq(rows, &change);
	ck_assert_uint_eq(count, 42);
	arena_free(small);
	suite_fill(store, 2); /* a read that failed does not stop writing */
}

/* --- care --- */

static size_t count_rows(struct store *store, struct arena *arena)
{
	struct msg_query query = { 0 };
	struct msg_change_row *changes;
	struct msg_verdict_row *verdicts;
	struct msg_delivery_row *deliveries;
	size_t total = 0;
	size_t count;
	OK(store_change_list(store, arena, &query, &changes, &count, &failure));
	total += count;
	OK(store_verdict_list(store, arena, &query, &verdicts, &count, &failure));
	total += count;
	OK(store_delivery_list(store, arena, &query, &deliveries, &count, &failure));
	return total + count;
}

void suite_prune_keeps_what_is_needed(struct store *store, struct arena *arena)
{
	struct msg_delivery_row waiting = { .repository = "shop", .received_at = 1 };
	struct msg_change_row change;
	struct msg_deployment_row back;
	struct digest context = digest(1);
	struct oid key = oid(1);
	const char *value;
	uint64_t delivery;
	BEGIN();
	OK(store_target_ensure(store, "web", &failure));
	/* Judged long ago and nothing came of it: goes, with its verdict. */
	uint64_t refused = add_change(store, 1, "refused", 0);
	add_verdict(store, refused, 5);
	/* Not judged yet: stays. */
	uint64_t unjudged = add_change(store, 2, "seen", 0);
	/* Live once, so it can be gone back to: stays, with its verdict. */
	uint64_t live = add_change(store, 3, "accepted", 0);
	add_verdict(store, live, 5);
	struct msg_deployment_row deployed = add_deployment(store, "web", oid(3), live);
	end_deployment(store, &deployed, "deployed", 9);
	/* Still under way: stays. */
	uint64_t running = add_change(store, 4, "accepted", 0);
	add_verdict(store, running, 5);
	add_deployment(store, "web", oid(4), running);
	/* Failed long ago: goes. */
	struct msg_deployment_row failed = add_deployment(store, "web", oid(5), 0);
	end_deployment(store, &failed, "failed", 9);
	OK(store_delivery_add(store, &waiting, &delivery, &failure));
	OK(store_fact_put(store, "schema", &context, &key, "ok", 5, &failure));
	OK(store_ledger_add(store, "verdict", "{}", 5, &failure));
	COMMIT();
	size_t before = count_rows(store, arena);
	BEGIN();
	OK(store_prune(store, 5, &failure)); /* nothing is that old */
	COMMIT();
	ck_assert_uint_eq(count_rows(store, arena), before);
	BEGIN();
	OK(store_prune(store, 100000, &failure));
	COMMIT();
	ck_assert_uint_eq(count_rows(store, arena), before - 2);
	FAILS(ERROR_NOT_FOUND,
	      store_change_get(store, arena, refused, &change, &failure));
	OK(store_change_get(store, arena, unjudged, &change, &failure));
	OK(store_change_get(store, arena, live, &change, &failure));
	OK(store_change_get(store, arena, running, &change, &failure));
	OK(store_deployment_get(store, arena, deployed.id, &back, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_deployment_get(store, arena, failed.id, &back, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_fact_get(store, arena, "schema", &context, &key, &value, &failure));
	BEGIN();
	OK(store_delivery_done(store, "shop", delivery, &failure));
	OK(store_prune(store, 100000, &failure));
	COMMIT();
	ck_assert_uint_eq(count_rows(store, arena), before - 3);
	uint64_t records;
	OK(store_ledger_check(store, &records, &failure));
	ck_assert_uint_eq(records, 1);
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
}

void suite_check_finds_nothing_in_a_full_store(struct store *store, struct arena *arena)
{
	(void)arena;
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
	for (unsigned int i = 1; i <= 30; i++)
		suite_fill(store, i);
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
}
