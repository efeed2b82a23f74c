/* tests/conformance/store_suite.c - what every engine of the store must do. Written
 * against store/store.h only. (Quarantine, ledger, lists, care: store_suite_lists.c;
 * outbox, webhooks, forges: files of their own.) */
#include "tests/conformance/store_suite.h"

#include "tests/conformance/store_rows.h"

struct error suite_failure;

void suite_fill(struct store *store, unsigned int number)
{
	struct error *err = &failure;
	struct oid tip = oid(number);
	struct msg_delivery_row delivery = { .repository = "shop",
					     .ref = "refs/heads/main",
					     .received_at = number,
					     .new_id = tip };
	struct msg_outbox_row status = { .repository = "shop",
					 .commit = tip,
					 .context = "gitgate/policy",
					 .state = "success",
					 .created_at = number };
	struct msg_delivery_row webhook = { .source = "forge",
					    .event = "push",
					    .digest = digest(number),
					    .received_at = number };
	struct msg_merge_request_row request = { .repository = "shop",
						 .number = number,
						 .state = "open",
						 .head = tip,
						 .base_ref = "refs/heads/main" };
	struct msg_review_row review = { .reviewer = "bob", .state = "approved" };
	uint64_t id;
	BEGIN();
	OK(store_repository_ensure(store, "shop", err));
	OK(store_repository_hint(store, "shop", number, err));
	OK(store_webhook_add(store, &webhook, "{}", 2, &id, err));
	OK(store_merge_request_put(store, &request, &review, 1, err));
	OK(store_merge_request_hint(store, "shop", number, number, err));
	OK(store_delivery_add(store, &delivery, &id, err));
	OK(store_ref_seen(store, "shop", "refs/heads/main", &tip, number, err));
	uint64_t change = add_change(store, number, "accepted", 0);
	add_verdict(store, change, number);
	OK(store_target_ensure(store, "web", err));
	struct msg_deployment_row deployment =
		add_deployment(store, "web", tip, change);
	struct msg_target_row target = { .name = "web",
					 .generation = deployment.generation,
					 .deployment = deployment.id,
					 .commit = tip };
	end_deployment(store, &deployment, "deployed", number);
	OK(store_target_put(store, &target, err));
	OK(store_outbox_put(store, &status, err));
	char body[64];
	snprintf(body, sizeof(body), "{\"number\":%u}", number);
	OK(store_ledger_add(store, "deployment", body, number, err));
	COMMIT();
}

/* --- transactions --- */

void suite_writes_need_a_transaction(struct store *store, struct arena *arena)
{
	struct msg_deployment_row deployment = { .target = "web" };
	struct msg_target_row target = { .name = "web" };
	struct msg_change_row change = change_of(1);
	struct oid tip = oid(1);
	uint64_t id = 7;
	(void)arena;
	FAILS(ERROR_INTERNAL, store_repository_ensure(store, "shop", &failure));
	FAILS(ERROR_INTERNAL, store_repository_hint(store, "shop", 1, &failure));
	FAILS(ERROR_INTERNAL, store_change_add(store, &change, &id, &failure));
	FAILS(ERROR_INTERNAL, store_target_put(store, &target, &failure));
	FAILS(ERROR_INTERNAL, store_deployment_add(store, &deployment, &failure));
	FAILS(ERROR_INTERNAL, store_ledger_add(store, "x", "{}", 1, &failure));
	FAILS(ERROR_INTERNAL, store_quarantine_remove(store, "web", &tip, &failure));
	FAILS(ERROR_INTERNAL, store_prune(store, 1, &failure));
	FAILS(ERROR_INTERNAL, store_commit(store, &failure));
	ck_assert_uint_eq(id, 7);
	store_rollback(store); /* nothing to do is no error */
}

void suite_rollback_undoes_everything(struct store *store, struct arena *arena)
{
	struct msg_repository_row row;
	BEGIN();
	ck_assert(store_in_transaction(store));
	OK(store_repository_ensure(store, "shop", &failure));
	OK(store_ledger_add(store, "x", "{}", 1, &failure));
	OK(store_repository_get(store, arena, "shop", &row, &failure));
	store_rollback(store);
	ck_assert(!store_in_transaction(store));
	FAILS(ERROR_NOT_FOUND,
	      store_repository_get(store, arena, "shop", &row, &failure));
	suite_fill(store, 1);
	uint64_t records = 0;
	OK(store_ledger_check(store, &records, &failure));
	ck_assert_uint_eq(records, 1);
}

void suite_transactions_do_not_nest(struct store *store, struct arena *arena)
{
	(void)arena;
	BEGIN();
	FAILS(ERROR_INTERNAL, store_begin(store, &failure));
	ck_assert(store_in_transaction(store));
	COMMIT();
	BEGIN();
	COMMIT();
}

/* --- repositories, refs, deliveries --- */

void suite_repository_hints_count_generations(struct store *store, struct arena *arena)
{
	struct msg_repository_row row;
	BEGIN();
	OK(store_repository_ensure(store, "shop", &failure));
	OK(store_repository_hint(store, "shop", 5, &failure));
	OK(store_repository_hint(store, "shop", 6, &failure));
	OK(store_repository_ensure(store, "shop", &failure)); /* changes nothing */
	FAILS(ERROR_NOT_FOUND, store_repository_hint(store, "other", 6, &failure));
	/* A fetch for generation 1 ends after the second hint came. */
	OK(store_repository_fetched(store, "shop", 1, 7, "refs/heads/main", NULL,
				    &failure));
	COMMIT();
	OK(store_repository_get(store, arena, "shop", &row, &failure));
	ck_assert_uint_eq(row.wanted, 2);
	ck_assert_uint_eq(row.fetched, 1);
	ck_assert_int_eq(row.hinted_at, 6);
	ck_assert_int_eq(row.fetched_at, 7);
	ck_assert_str_eq(row.head, "refs/heads/main");
	ck_assert_ptr_null(row.problem);
}

void suite_repository_failures_count_until_success(struct store *store,
						   struct arena *arena)
{
	struct msg_repository_row row;
	BEGIN();
	OK(store_repository_ensure(store, "shop", &failure));
	OK(store_repository_fetched(store, "shop", 3, 7, "main", NULL, &failure));
	OK(store_repository_fetched(store, "shop", 4, 8, NULL, "no route", &failure));
	OK(store_repository_fetched(store, "shop", 4, 9, NULL, "no name", &failure));
	OK(store_repository_get(store, arena, "shop", &row, &failure));
	ck_assert_uint_eq(row.failures, 2);
	ck_assert_str_eq(row.problem, "no name");
	ck_assert_uint_eq(row.fetched, 3);
	ck_assert_int_eq(row.fetched_at, 9);
	ck_assert_str_eq(row.head, "main");
	/* An older generation than is stored does not lower it. */
	OK(store_repository_fetched(store, "shop", 2, 10, NULL, NULL, &failure));
	OK(store_repository_get(store, arena, "shop", &row, &failure));
	ck_assert_uint_eq(row.failures, 0);
	ck_assert_ptr_null(row.problem);
	ck_assert_uint_eq(row.fetched, 3);
	ck_assert_str_eq(row.head, "main");
	FAILS(ERROR_NOT_FOUND,
	      store_repository_fetched(store, "other", 2, 10, NULL, NULL, &failure));
	COMMIT();
}

void suite_repositories_are_listed_by_name(struct store *store, struct arena *arena)
{
	struct msg_repository_row *rows = NULL;
	size_t count = 9;
	OK(store_repository_list(store, arena, &rows, &count, &failure));
	ck_assert_uint_eq(count, 0);
	BEGIN();
	OK(store_repository_ensure(store, "b", &failure));
	OK(store_repository_ensure(store, "a", &failure));
	COMMIT();
	OK(store_repository_list(store, arena, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(rows[0].name, "a");
	ck_assert_str_eq(rows[1].name, "b");
}

void suite_refs_remember_seen_and_accepted(struct store *store, struct arena *arena)
{
	struct oid first = oid(1);
	struct oid second = oid(2);
	struct oid gone = null_oid();
	struct msg_ref_row row;
	BEGIN();
	OK(store_repository_ensure(store, "shop", &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_ref_get(store, arena, "shop", "refs/heads/main", &row, &failure));
	OK(store_ref_seen(store, "shop", "refs/heads/main", &first, 5, &failure));
	OK(store_ref_accepted(store, "shop", "refs/heads/main", &first, &failure));
	OK(store_ref_seen(store, "shop", "refs/heads/main", &second, 6, &failure));
	OK(store_ref_get(store, arena, "shop", "refs/heads/main", &row, &failure));
	ck_assert(oid_equal(&row.tip, &second));
	ck_assert(oid_equal(&row.accepted, &first));
	ck_assert_int_eq(row.seen_at, 6);
	ck_assert_str_eq(row.repository, "shop");
	OK(store_ref_seen(store, "shop", "refs/heads/main", &gone, 7, &failure));
	OK(store_ref_seen(store, "shop", "refs/heads/a", &second, 7, &failure));
	COMMIT();
	struct msg_ref_row *rows;
	size_t count;
	OK(store_ref_list(store, arena, "shop", &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(rows[0].ref, "refs/heads/a");
	ck_assert(oid_is_null(&rows[0].accepted));
	ck_assert_str_eq(rows[1].ref, "refs/heads/main");
	ck_assert(oid_is_null(&rows[1].tip));
}

void suite_refs_need_their_repository(struct store *store, struct arena *arena)
{
	struct oid tip = oid(1);
	(void)arena;
	BEGIN();
	FAILS(ERROR_NOT_FOUND,
	      store_ref_seen(store, "shop", "refs/heads/main", &tip, 5, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_ref_accepted(store, "shop", "refs/heads/main", &tip, &failure));
	/* What was refused for its sense does not spoil the rest. */
	OK(store_repository_ensure(store, "shop", &failure));
	COMMIT();
}

void suite_equal_waiting_deliveries_merge(struct store *store, struct arena *arena)
{
	struct msg_delivery_row row = { .repository = "shop",
					.ref = "refs/heads/main",
					.pusher = "alice",
					.received_at = 5,
					.state = "ignored",
					.merged = 9,
					.old_id = oid(1),
					.new_id = oid(2) };
	uint64_t first;
	uint64_t second;
	uint64_t third;
	ck_assert_uint_eq(store_delivery_last(store), 0);
	BEGIN();
	OK(store_delivery_add(store, &row, &first, &failure));
	row.received_at = 6;
	row.pusher = "bob";
	OK(store_delivery_add(store, &row, &second, &failure));
	row.new_id = oid(3);
	OK(store_delivery_add(store, &row, &third, &failure));
	COMMIT();
	ck_assert_uint_eq(first, second);
	ck_assert_uint_gt(third, first);
	ck_assert_uint_eq(store_delivery_last(store), third);
	struct msg_query query = { .id = first };
	struct msg_delivery_row *rows;
	size_t count;
	OK(store_delivery_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].merged, 1);
	ck_assert_int_eq(rows[0].received_at, 5);
	ck_assert_str_eq(rows[0].pusher, "alice");
	ck_assert_str_eq(rows[0].state, "waiting");
	ck_assert_ptr_null(rows[0].source);
}

void suite_done_deliveries_do_not_merge(struct store *store, struct arena *arena)
{
	struct msg_delivery_row row = { .repository = "shop", .received_at = 5 };
	struct msg_delivery_row other = { .repository = "infra", .received_at = 5 };
	uint64_t first;
	uint64_t second;
	uint64_t elsewhere;
	BEGIN();
	OK(store_delivery_add(store, &row, &first, &failure));
	OK(store_delivery_add(store, &other, &elsewhere, &failure));
	OK(store_delivery_done(store, "shop", elsewhere, &failure));
	OK(store_delivery_add(store, &row, &second, &failure));
	ck_assert_uint_ne(first, second);
	OK(store_delivery_done(store, "shop", first, &failure)); /* not the second */
	COMMIT();
	struct msg_query query = { .state = "waiting" };
	struct msg_delivery_row *rows;
	size_t count;
	OK(store_delivery_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(rows[0].id, second);
	ck_assert_str_eq(rows[1].repository, "infra");
}

void suite_delivery_origin_is_the_first_that_waits(struct store *store,
						   struct arena *arena)
{
	const char *ref = "refs/heads/main";
	struct oid tip = oid(2);
	struct oid other = oid(3);
	struct msg_delivery_row row = { .repository = "shop",
					.ref = ref,
					.pusher = "alice",
					.received_at = 5,
					.new_id = tip };
	struct msg_delivery_row bare = {
		.repository = "shop", .ref = ref, .pusher = "hook", .received_at = 4
	};
	int64_t at = 99;
	const char *pusher = "nobody";
	uint64_t id;
	OK(store_delivery_origin(store, arena, "shop", ref, &tip, &at, &pusher,
				 &failure));
	ck_assert_int_eq(at, 0);
	ck_assert_ptr_null(pusher);
	BEGIN();
	OK(store_delivery_add(store, &bare, &id, &failure));
	OK(store_delivery_add(store, &row, &id, &failure));
	OK(store_delivery_origin(store, arena, "shop", ref, &tip, &at, &pusher,
				 &failure));
	ck_assert_int_eq(at, 5);
	ck_assert_str_eq(pusher, "alice");
	/* A hint that named no id may have meant it. */
	OK(store_delivery_origin(store, arena, "shop", ref, &other, &at, &pusher,
				 &failure));
	ck_assert_int_eq(at, 4);
	ck_assert_str_eq(pusher, "hook");
	OK(store_delivery_done(store, "shop", id, &failure));
	COMMIT();
	OK(store_delivery_origin(store, arena, "shop", ref, &tip, &at, &pusher,
				 &failure));
	ck_assert_int_eq(at, 0);
}

/* --- changes, verdicts, facts --- */

void suite_changes_keep_every_field(struct store *store, struct arena *arena)
{
	struct msg_change_row row = change_of(1);
	struct msg_change_row back;
	unsigned char bytes[32] = "a SHA-256 id has thirty-two byt";
	oid_set_bytes(&row.new_id, bytes, sizeof(bytes));
	row.old_id = null_oid();
	row.reason = "";
	row.attempts = 3;
	row.due_at = -5;
	row.verdict = 0;
	uint64_t id = 0;
	BEGIN();
	OK(store_change_add(store, &row, &id, &failure));
	COMMIT();
	OK(store_change_get(store, arena, id, &back, &failure));
	ck_assert_uint_eq(back.id, id);
	ck_assert_str_eq(back.repository, "shop");
	ck_assert_str_eq(back.ref, "refs/heads/main");
	ck_assert(oid_equal(&back.new_id, &row.new_id));
	ck_assert(oid_equal(&back.old_id, &row.old_id));
	ck_assert_str_eq(back.pusher, "alice");
	ck_assert_int_eq(back.received_at, 1001);
	ck_assert_str_eq(back.state, "fetched");
	ck_assert_str_eq(back.reason, "");
	ck_assert_uint_eq(back.attempts, 3);
	ck_assert_int_eq(back.due_at, -5);
	FAILS(ERROR_NOT_FOUND, store_change_get(store, arena, id + 1, &back, &failure));
}

void suite_changes_move(struct store *store, struct arena *arena)
{
	struct msg_change_row row;
	BEGIN();
	uint64_t id = add_change(store, 1, "seen", 0);
	OK(store_change_move(store, id, "retry", "it failed", 2, 70, 60, &failure));
	OK(store_change_get(store, arena, id, &row, &failure));
	ck_assert_str_eq(row.state, "retry");
	ck_assert_str_eq(row.reason, "it failed");
	ck_assert_uint_eq(row.attempts, 2);
	ck_assert_int_eq(row.due_at, 70);
	ck_assert_int_eq(row.updated_at, 60);
	OK(store_change_move(store, id, "accepted", NULL, 0, 0, 61, &failure));
	OK(store_change_get(store, arena, id, &row, &failure));
	ck_assert_ptr_null(row.reason);
	FAILS(ERROR_NOT_FOUND,
	      store_change_move(store, id + 1, "x", NULL, 0, 0, 61, &failure));
	COMMIT();
}

/* One of a ref and repository of its own. */
static uint64_t add_change_on(struct store *store, const char *repository,
			      const char *ref, const char *state, int64_t due_at)
{
	struct msg_change_row row = change_of(1);
	uint64_t id = 0;
	row.repository = repository;
	row.ref = ref;
	row.state = state;
	row.due_at = due_at;
	OK(store_repository_ensure(store, repository, &failure));
	OK(store_change_add(store, &row, &id, &failure));
	return id;
}

void suite_next_changes_come_oldest_first(struct store *store, struct arena *arena)
{
	struct msg_change_row *rows;
	size_t count;
	int64_t later = 5;
	OK(store_change_next(store, arena, 1, 10, &rows, &count, &later, &failure));
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(later, 0);
	BEGIN();
	uint64_t first = add_change_on(store, "shop", "a", "waiting", 0);
	add_change_on(store, "shop", "b", "waiting", 500);
	uint64_t third = add_change_on(store, "other", "a", "waiting", 100);
	add_change_on(store, "shop", "c", "accepted", 0);
	add_change_on(store, "shop", "d", "refused", 0);
	uint64_t sixth = add_change_on(store, "shop", "e", "waiting", 100);
	COMMIT();
	OK(store_change_next(store, arena, 100, 10, &rows, &count, &later, &failure));
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(rows[0].id, first);
	ck_assert_uint_eq(rows[1].id, third);
	ck_assert_uint_eq(rows[2].id, sixth);
	ck_assert_int_eq(later, 500);
	OK(store_change_next(store, arena, 99, 10, &rows, &count, &later, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].id, first);
	ck_assert_int_eq(later, 100);
	/* The limit is one for each repository. */
	OK(store_change_next(store, arena, 100, 1, &rows, &count, &later, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(rows[0].id, first);
	ck_assert_uint_eq(rows[1].id, third);
}

void suite_next_changes_wait_for_earlier_ones_of_their_ref(struct store *store,
							   struct arena *arena)
{
	struct msg_change_row *rows;
	size_t count;
	int64_t later;
	BEGIN();
	uint64_t first = add_change_on(store, "shop", "a", "waiting", 300);
	uint64_t second = add_change_on(store, "shop", "a", "waiting", 0);
	uint64_t elsewhere = add_change_on(store, "other", "a", "waiting", 0);
	COMMIT();
	OK(store_change_next(store, arena, 100, 10, &rows, &count, &later, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].id, elsewhere);
	ck_assert_int_eq(later, 300);
	BEGIN();
	OK(store_change_move(store, first, "refused", NULL, 0, 0, 60, &failure));
	COMMIT();
	OK(store_change_next(store, arena, 100, 10, &rows, &count, &later, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(rows[0].id, second);
	ck_assert_int_eq(later, 0);
}

void suite_verdicts_bring_their_findings(struct store *store, struct arena *arena)
{
	struct msg_finding_row findings[] = {
		{ .severity = "error",
		  .code = "signature-none",
		  .rule = "main-is-signed",
		  .kind = "signatures",
		  .message = "not signed",
		  .mend = "sign it",
		  .commit = oid(4),
		  .verdict = 999 },
		{ .severity = "warning",
		  .path = "a.yaml",
		  .line = 3,
		  .column = 7,
		  .waived_by = "carol",
		  .waived_until = 99,
		  .waived_reason = "late",
		  .waiver = oid(5) },
	};
	bool used = false;
	struct msg_verdict_row row = { .repository = "shop",
				       .ref = "refs/heads/main",
				       .commit = oid(4),
				       .result = "fail",
				       .policy = digest(1),
				       .judged_at = 77,
				       .commits = 2,
				       .errors = 1,
				       .warnings = 1,
				       .reason = "see the findings" };
	struct msg_finding_row *back;
	size_t count;
	uint64_t verdict;
	uint64_t alone;
	OK(store_waiver_is_used(store, &findings[1].waiver, &used, &failure));
	ck_assert(!used);
	BEGIN();
	row.change = add_change(store, 1, "seen", 0);
	OK(store_verdict_add(store, &row, findings, 2, &verdict, &failure));
	COMMIT();
	OK(store_waiver_is_used(store, &findings[1].waiver, &used, &failure));
	ck_assert(used);
	OK(store_waiver_is_used(store, &findings[0].waiver, &used, &failure));
	ck_assert(!used);
	OK(store_finding_list(store, arena, verdict, &back, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(back[0].verdict, verdict);
	ck_assert_str_eq(back[0].mend, "sign it");
	ck_assert(oid_equal(&back[0].commit, &findings[0].commit));
	ck_assert_str_eq(back[1].path, "a.yaml");
	ck_assert_uint_eq(back[1].line, 3);
	ck_assert_uint_eq(back[1].column, 7);
	ck_assert_uint_eq(back[1].commit.length, 0);
	ck_assert_str_eq(back[1].waived_by, "carol");
	ck_assert_int_eq(back[1].waived_until, 99);
	ck_assert_str_eq(back[1].waived_reason, "late");
	ck_assert(oid_equal(&back[1].waiver, &findings[1].waiver));
	ck_assert_ptr_null(back[0].waived_by);
	ck_assert_uint_eq(back[0].waiver.length, 0);
	struct msg_change_row change;
	OK(store_change_get(store, arena, row.change, &change, &failure));
	ck_assert_uint_eq(change.verdict, verdict);
	struct msg_query query = { .id = verdict };
	struct msg_verdict_row *verdicts;
	OK(store_verdict_list(store, arena, &query, &verdicts, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(verdicts[0].change, row.change);
	ck_assert(digest_equal(&verdicts[0].policy, &row.policy));
	ck_assert_str_eq(verdicts[0].reason, "see the findings");
	BEGIN();
	row.change = 0; /* judged for somebody who asked */
	OK(store_verdict_add(store, &row, NULL, 0, &alone, &failure));
	COMMIT();
	OK(store_finding_list(store, arena, alone, &back, &count, &failure));
	ck_assert_uint_eq(count, 0);
}

void suite_verdicts_need_their_change(struct store *store, struct arena *arena)
{
	struct msg_verdict_row row = { .change = 12, .result = "pass" };
	uint64_t id = 5;
	(void)arena;
	BEGIN();
	FAILS(ERROR_NOT_FOUND, store_verdict_add(store, &row, NULL, 0, &id, &failure));
	row.change = 0;
	row.result = "maybe";
	FAILS(ERROR_INTERNAL, store_verdict_add(store, &row, NULL, 0, &id, &failure));
	ck_assert_uint_eq(id, 5);
	COMMIT();
}

void suite_facts_are_found_by_kind_context_and_key(struct store *store,
						   struct arena *arena)
{
	struct digest context = digest(1);
	struct digest other = digest(2);
	struct digest none = { { 0 } };
	struct oid key = oid(1);
	struct oid key_2 = oid(2);
	const char *value = NULL;
	BEGIN();
	OK(store_fact_put(store, "signature", &context, &key, "good", 1, &failure));
	OK(store_fact_put(store, "signature", &context, &key, "bad", 2, &failure));
	OK(store_fact_put(store, "signature", &none, &key, "", 2, &failure));
	COMMIT();
	OK(store_fact_get(store, arena, "signature", &context, &key, &value, &failure));
	ck_assert_str_eq(value, "bad");
	FAILS(ERROR_NOT_FOUND,
	      store_fact_get(store, arena, "schema", &context, &key, &value, &failure));
	FAILS(ERROR_NOT_FOUND, store_fact_get(store, arena, "signature", &other, &key,
					      &value, &failure));
	FAILS(ERROR_NOT_FOUND, store_fact_get(store, arena, "signature", &context,
					      &key_2, &value, &failure));
	ck_assert_str_eq(value, "bad");
	OK(store_fact_get(store, arena, "signature", &none, &key, &value, &failure));
	ck_assert_str_eq(value, "");
}

/* --- targets, deployments --- */

void suite_targets_never_go_back(struct store *store, struct arena *arena)
{
	struct msg_target_row row = { .name = "web",
				      .generation = 5,
				      .commit = oid(1),
				      .deployment = 3,
				      .release = "5-abc",
				      .listing = digest(1),
				      .manifests = digest(2),
				      .suspended = true,
				      .held = "asked",
				      .observed_at = 9,
				      .drifted = true,
				      .change = 4,
				      .drift = "a file more",
				      .healthy = oid(2) };
	struct msg_target_row back;
	BEGIN();
	FAILS(ERROR_NOT_FOUND, store_target_put(store, &row, &failure));
	OK(store_target_ensure(store, "web", &failure));
	OK(store_target_put(store, &row, &failure));
	OK(store_target_put(store, &row,
			    &failure)); /* the same again is no step back */
	OK(store_target_ensure(store, "web", &failure));
	row.generation = 4;
	row.release = "4-abc";
	FAILS(ERROR_STALE, store_target_put(store, &row, &failure));
	COMMIT();
	OK(store_target_get(store, arena, "web", &back, &failure));
	ck_assert_uint_eq(back.generation, 5);
	ck_assert_str_eq(back.release, "5-abc");
	ck_assert(back.suspended && back.drifted);
	ck_assert_str_eq(back.held, "asked");
	ck_assert_str_eq(back.drift, "a file more");
	ck_assert(oid_equal(&back.healthy, &row.healthy));
	ck_assert(digest_equal(&back.listing, &row.listing));
	ck_assert(digest_equal(&back.manifests, &row.manifests));
	ck_assert_uint_eq(back.change, 4);
	FAILS(ERROR_NOT_FOUND, store_target_get(store, arena, "x", &back, &failure));
	struct msg_target_row *rows;
	size_t count;
	OK(store_target_list(store, arena, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
}

void suite_generations_rise_by_one(struct store *store, struct arena *arena)
{
	struct msg_target_row target = { .name = "web", .generation = 40 };
	struct msg_deployment_row lost = { .target = "nowhere" };
	struct msg_deployment_row back;
	BEGIN();
	OK(store_target_ensure(store, "web", &failure));
	OK(store_target_ensure(store, "api", &failure));
	struct msg_deployment_row first = add_deployment(store, "web", oid(1), 0);
	struct msg_deployment_row second = add_deployment(store, "web", oid(1), 0);
	struct msg_deployment_row other = add_deployment(store, "api", oid(1), 0);
	ck_assert_uint_eq(first.generation, 1);
	ck_assert_uint_eq(second.generation, 2);
	ck_assert_uint_eq(other.generation, 1);
	ck_assert_str_eq(first.state, "queued");
	/* A target that was adopted with a higher one goes on from there. */
	OK(store_target_put(store, &target, &failure));
	ck_assert_uint_eq(add_deployment(store, "web", oid(1), 0).generation, 41);
	FAILS(ERROR_NOT_FOUND, store_deployment_add(store, &lost, &failure));
	ck_assert_uint_eq(lost.id, 0);
	COMMIT();
	OK(store_deployment_get(store, arena, second.id, &back, &failure));
	ck_assert_uint_eq(back.generation, 2);
	ck_assert_str_eq(back.cause, "push");
	ck_assert_int_eq(back.queued_at, 50);
	FAILS(ERROR_NOT_FOUND,
	      store_deployment_get(store, arena, 1000, &back, &failure));
}

void suite_generations_do_not_come_back_after_a_prune(struct store *store,
						      struct arena *arena)
{
	struct msg_deployment_row back;
	BEGIN();
	OK(store_target_ensure(store, "web", &failure));
	struct msg_deployment_row row = add_deployment(store, "web", oid(1), 0);
	end_deployment(store, &row, "failed", 5);
	OK(store_prune(store, 6, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_deployment_get(store, arena, row.id, &back, &failure));
	struct msg_deployment_row next = add_deployment(store, "web", oid(1), 0);
	ck_assert_uint_eq(next.generation, row.generation + 1);
	ck_assert_uint_gt(next.id, row.id);
	COMMIT();
}

void suite_terminal_deployments_never_change(struct store *store, struct arena *arena)
{
	static const char *const terminal[] = { "deployed", "failed", "superseded",
						"cancelled", "rolled-back" };
	static const char *const later[] = { "queued",   "applying",   "deployed",
					     "failed",   "superseded", "cancelled",
					     "in-doubt", "rolled-back" };
	struct msg_deployment_row back;
	BEGIN();
	OK(store_target_ensure(store, "web", &failure));
	for (size_t i = 0; i < sizeof(terminal) / sizeof(terminal[0]); i++) {
		struct msg_deployment_row row = add_deployment(store, "web", oid(1), 0);
		row.reason = "first";
		end_deployment(store, &row, terminal[i], 9);
		row.reason = "second";
		for (size_t k = 0; k < sizeof(later) / sizeof(later[0]); k++) {
			if (i == 0 && strcmp(later[k], "rolled-back") == 0)
				continue; /* the one way that there is */
			row.state = later[k];
			FAILS(ERROR_STALE, store_deployment_put(store, &row, &failure));
		}
		OK(store_deployment_get(store, arena, row.id, &back, &failure));
		ck_assert_str_eq(back.state, terminal[i]);
		ck_assert_str_eq(back.reason, "first");
	}
	struct msg_deployment_row missing = { .id = 1000, .state = "failed" };
	FAILS(ERROR_NOT_FOUND, store_deployment_put(store, &missing, &failure));
	COMMIT();
}

void suite_deployed_can_be_taken_back(struct store *store, struct arena *arena)
{
	struct msg_deployment_row back;
	BEGIN();
	OK(store_target_ensure(store, "web", &failure));
	struct msg_deployment_row row = add_deployment(store, "web", oid(1), 0);
	row.state = "applying";
	row.started_at = 3;
	row.release = "1-abc";
	row.listing = digest(1);
	row.manifests = digest(2);
	row.attempts = 2;
	row.files = 7;
	row.due_at = 8;
	OK(store_deployment_put(store, &row, &failure));
	OK(store_deployment_get(store, arena, row.id, &back, &failure));
	ck_assert_str_eq(back.state, "applying");
	ck_assert_int_eq(back.started_at, 3);
	ck_assert_uint_eq(back.files, 7);
	ck_assert_uint_eq(back.attempts, 2);
	ck_assert_int_eq(back.due_at, 8);
	ck_assert(digest_equal(&back.manifests, &row.manifests));
	end_deployment(store, &row, "deployed", 10);
	row.state = "rolled-back";
	row.reason = "unhealthy";
	row.ended_at = 99;
	OK(store_deployment_put(store, &row, &failure));
	FAILS(ERROR_STALE, store_deployment_put(store, &row, &failure));
	COMMIT();
	OK(store_deployment_get(store, arena, row.id, &back, &failure));
	ck_assert_str_eq(back.state, "rolled-back");
	ck_assert_str_eq(back.reason, "unhealthy");
	ck_assert_int_eq(back.ended_at, 10);
	ck_assert_str_eq(back.release, "1-abc");
}

void suite_unknown_states_are_refused(struct store *store, struct arena *arena)
{
	(void)arena;
	BEGIN();
	OK(store_target_ensure(store, "web", &failure));
	struct msg_deployment_row row = add_deployment(store, "web", oid(1), 0);
	row.state = "fine";
	FAILS(ERROR_INTERNAL, store_deployment_put(store, &row, &failure));
	row.state = NULL;
	FAILS(ERROR_INTERNAL, store_deployment_put(store, &row, &failure));
	COMMIT();
}

void suite_open_deployments_come_oldest_first(struct store *store, struct arena *arena)
{
	struct msg_deployment_row *rows;
	size_t count;
	BEGIN();
	OK(store_target_ensure(store, "web", &failure));
	OK(store_target_ensure(store, "api", &failure));
	struct msg_deployment_row first = add_deployment(store, "web", oid(1), 0);
	struct msg_deployment_row second = add_deployment(store, "api", oid(1), 0);
	struct msg_deployment_row third = add_deployment(store, "web", oid(2), 0);
	deploy(store, "web", oid(3), 5);
	first.state = "in-doubt"; /* waits for a person: open */
	OK(store_deployment_put(store, &first, &failure));
	COMMIT();
	OK(store_deployment_open(store, arena, NULL, &rows, &count, &failure));
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(rows[0].id, first.id);
	ck_assert_uint_eq(rows[1].id, second.id);
	ck_assert_uint_eq(rows[2].id, third.id);
	OK(store_deployment_open(store, arena, "web", &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(rows[1].id, third.id);
	OK(store_deployment_open(store, arena, "none", &rows, &count, &failure));
	ck_assert_uint_eq(count, 0);
}

void suite_previous_deployment_skips_what_must_not_come_back(struct store *store,
							     struct arena *arena)
{
	struct msg_deployment_row back = { .id = 77 };
	struct oid bad = oid(2);
	struct oid now = oid(3);
	struct oid none = OID_INIT;
	struct msg_quarantine_row quarantine = { .target = "web", .commit = bad };
	BEGIN();
	OK(store_target_ensure(store, "web", &failure));
	OK(store_target_ensure(store, "api", &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_deployment_previous(store, arena, "web", &now, 0, &back, &failure));
	struct msg_deployment_row first = deploy(store, "web", oid(1), 5);
	struct msg_deployment_row second = deploy(store, "web", bad, 6);
	struct msg_deployment_row third = deploy(store, "web", now, 7);
	deploy(store, "api", oid(9), 7);
	struct msg_deployment_row broken = add_deployment(store, "web", oid(4), 0);
	end_deployment(store, &broken, "failed", 8);
	ck_assert_uint_eq(back.id, 77);
	OK(store_deployment_previous(store, arena, "web", &now, 0, &back, &failure));
	ck_assert_uint_eq(back.id, second.id);
	OK(store_quarantine_add(store, &quarantine, &failure));
	OK(store_deployment_previous(store, arena, "web", &now, 0, &back, &failure));
	ck_assert_uint_eq(back.id, first.id);
	OK(store_deployment_previous(store, arena, "web", &none, 0, &back, &failure));
	ck_assert_uint_eq(back.id, third.id);
	OK(store_deployment_previous(store, arena, "web", NULL, third.generation, &back,
				     &failure));
	ck_assert_uint_eq(back.id, first.id);
	FAILS(ERROR_NOT_FOUND,
	      store_deployment_previous(store, arena, "web", &none, first.generation,
					&back, &failure));
	COMMIT();
}
