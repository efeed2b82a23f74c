/* tests/conformance/store_suite_forges.c - merge requests, reviews and tokens. */
#include "base/clock.h"
#include "base/limits.h"
#include "tests/conformance/store_rows.h"
#include "tests/conformance/store_suite.h"

static struct msg_merge_request_row request_of(uint64_t number, const char *state)
{
	return (struct msg_merge_request_row){ .repository = "shop",
					       .number = number,
					       .state = state,
					       .head = oid((unsigned int)number),
					       .head_ref = "topic",
					       .head_repository = "acme/shop",
					       .base_ref = "refs/heads/main",
					       .base = oid(99),
					       .author = "alice",
					       .title = "a title",
					       .draft = true,
					       .url = "https://h/7",
					       .updated_at = 50,
					       .looked_at = 60 };
}

static void put_request(struct store *store, uint64_t number, const char *state)
{
	struct msg_merge_request_row row = request_of(number, state);
	OK(store_merge_request_put(store, &row, NULL, 0, &failure));
}

static struct msg_merge_request_row get(struct store *store, struct arena *arena,
					uint64_t number)
{
	struct msg_merge_request_row row = { 0 };
	OK(store_merge_request_get(store, arena, "shop", number, &row, &failure));
	return row;
}

/* How many are wanted now; the first one's number. */
static size_t wanted(struct store *store, struct arena *arena, int64_t now,
		     uint64_t *first, int64_t *later)
{
	struct msg_merge_request_row *rows = NULL;
	struct msg_merge_request_row *own = NULL;
	size_t count = 9;
	size_t own_count = 9;
	OK(store_merge_request_wanted(store, arena, NULL, now, 9, &rows, &count, later,
				      &failure));
	OK(store_merge_request_wanted(store, arena, "shop", now, 9, &own, &own_count,
				      later, &failure));
	ck_assert_uint_eq(count, own_count);
	*first = count == 0 ? 0 : rows[0].number;
	return count;
}

void suite_merge_requests_are_wanted_until_seen(struct store *store,
						struct arena *arena)
{
	uint64_t first;
	int64_t later;
	BEGIN();
	FAILS(ERROR_NOT_FOUND, store_merge_request_hint(store, "none", 7, 5, &failure));
	OK(store_repository_ensure(store, "shop", &failure));
	OK(store_merge_request_hint(store, "shop", 7, 5, &failure));
	OK(store_merge_request_hint(store, "shop", 8, 4, &failure));
	OK(store_merge_request_hint(store, "shop", 7, 6, &failure));
	ck_assert_uint_eq(wanted(store, arena, 6, &first, &later), 2);
	ck_assert_uint_eq(first, 8);
	struct msg_merge_request_row row = get(store, arena, 7);
	ck_assert_str_eq(row.state, "unknown");
	ck_assert_uint_eq(row.wanted, 2);
	ck_assert_int_eq(row.due_at, 5);
	/* The look that was begun for the first hint ends: the second still counts. */
	struct msg_merge_request_row told = request_of(7, "open");
	told.seen = 1;
	OK(store_merge_request_put(store, &told, NULL, 0, &failure));
	ck_assert_uint_eq(wanted(store, arena, 6, &first, &later), 2);
	told.seen = 2;
	OK(store_merge_request_put(store, &told, NULL, 0, &failure));
	ck_assert_uint_eq(wanted(store, arena, 6, &first, &later), 1);
	told.seen = 1; /* late */
	OK(store_merge_request_put(store, &told, NULL, 0, &failure));
	ck_assert_uint_eq(get(store, arena, 7).seen, 2);
	/* It fails, waits, and a hint makes it due at once. */
	OK(store_merge_request_failed(store, "shop", 8, "404", 100, &failure));
	OK(store_merge_request_failed(store, "shop", 8, "502", 200, &failure));
	ck_assert_uint_eq(wanted(store, arena, 150, &first, &later), 0);
	ck_assert_int_eq(later, 200);
	row = get(store, arena, 8);
	ck_assert_uint_eq(row.failures, 2);
	ck_assert_str_eq(row.problem, "502");
	OK(store_merge_request_hint(store, "shop", 8, 150, &failure));
	ck_assert_uint_eq(wanted(store, arena, 150, &first, &later), 1);
	ck_assert_int_eq(later, 0);
	told = request_of(8, "closed");
	told.seen = 2;
	OK(store_merge_request_put(store, &told, NULL, 0, &failure));
	row = get(store, arena, 8);
	ck_assert_uint_eq(row.failures, 0);
	ck_assert_ptr_null(row.problem);
	FAILS(ERROR_NOT_FOUND,
	      store_merge_request_failed(store, "shop", 9, "x", 1, &failure));
	COMMIT();
}

void suite_merge_requests_keep_what_the_forge_told(struct store *store,
						   struct arena *arena)
{
	struct msg_merge_request_row row = request_of(7, "open");
	row.merge_commit = oid(50);
	row.seen = 4;
	BEGIN();
	FAILS(ERROR_NOT_FOUND, store_merge_request_put(store, &row, NULL, 0, &failure));
	OK(store_repository_ensure(store, "shop", &failure));
	OK(store_merge_request_put(store, &row, NULL, 0, &failure));
	OK(store_merge_request_change(store, "shop", 7, 33, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_merge_request_change(store, "shop", 8, 33, &failure));
	struct msg_merge_request_row back = get(store, arena, 7);
	ck_assert_str_eq(back.state, "open");
	ck_assert(oid_equal(&back.head, &row.head));
	ck_assert_str_eq(back.head_ref, "topic");
	ck_assert_str_eq(back.head_repository, "acme/shop");
	ck_assert_str_eq(back.base_ref, "refs/heads/main");
	ck_assert(oid_equal(&back.base, &row.base));
	ck_assert_str_eq(back.author, "alice");
	ck_assert_str_eq(back.title, "a title");
	ck_assert(back.draft);
	ck_assert(oid_equal(&back.merge_commit, &row.merge_commit));
	ck_assert_str_eq(back.url, "https://h/7");
	ck_assert_int_eq(back.updated_at, 50);
	ck_assert_int_eq(back.looked_at, 60);
	ck_assert_uint_eq(back.wanted, 4);
	ck_assert_uint_eq(back.seen, 4);
	/* What is our own stays when the forge tells anew. */
	row.title = NULL;
	row.change = 1;
	row.state = "merged";
	OK(store_merge_request_put(store, &row, NULL, 0, &failure));
	back = get(store, arena, 7);
	ck_assert_uint_eq(back.change, 33);
	ck_assert_ptr_null(back.title);
	ck_assert_str_eq(back.state, "merged");
	FAILS(ERROR_NOT_FOUND,
	      store_merge_request_get(store, arena, "shop", 8, &back, &failure));
	COMMIT();
}

void suite_merge_requests_are_found(struct store *store, struct arena *arena)
{
	struct msg_merge_request_row *rows = NULL;
	struct msg_merge_request_row row = request_of(4, "open");
	struct oid commit = oid(2);
	size_t count = 9;
	BEGIN();
	OK(store_repository_ensure(store, "shop", &failure));
	OK(store_repository_ensure(store, "infra", &failure));
	for (unsigned int i = 1; i <= 3; i++)
		put_request(store, i, i == 3 ? "merged" : "open");
	row.base_ref = "refs/heads/next";
	row.head = oid(77);
	row.merge_commit = oid(2);
	OK(store_merge_request_put(store, &row, NULL, 0, &failure));
	row.repository = "infra";
	OK(store_merge_request_put(store, &row, NULL, 0, &failure));
	COMMIT();
	OK(store_merge_request_open(store, arena, "shop", NULL, &rows, &count,
				    &failure));
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(rows[0].number, 1);
	OK(store_merge_request_open(store, arena, "shop", "refs/heads/main", &rows,
				    &count, &failure));
	ck_assert_uint_eq(count, 2);
	OK(store_merge_request_of_commit(store, arena, "shop", &commit, &rows, &count,
					 &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(rows[0].number, 4); /* by its merge commit */
	ck_assert_uint_eq(rows[1].number, 2); /* by its head */
	struct msg_query query = { .repository = "shop", .limit = 3 };
	OK(store_merge_request_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(rows[0].number, 4);
	query.before = rows[2].number;
	OK(store_merge_request_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].number, 1);
	query = (struct msg_query){ .state = "open", .number = 4 };
	OK(store_merge_request_list(store, arena, &query, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	query = (struct msg_query){ .before = 4 };
	FAILS(ERROR_USAGE,
	      store_merge_request_list(store, arena, &query, &rows, &count, &failure));
	query = (struct msg_query){ .source = "forge" };
	FAILS(ERROR_USAGE,
	      store_merge_request_list(store, arena, &query, &rows, &count, &failure));
}

void suite_reviews_are_replaced_together(struct store *store, struct arena *arena)
{
	struct msg_merge_request_row row = request_of(7, "open");
	struct msg_review_row reviews[] = {
		{ .reviewer = "carol", .state = "approved", .commit = oid(7) },
		{ .reviewer = "bob", .state = "commented", .submitted_at = 8 },
		{ .reviewer = "bob", .state = "changes-requested" },
	};
	struct msg_review_row nobody = { .state = "approved" };
	struct msg_review_row *rows = NULL;
	size_t count = 9;
	BEGIN();
	OK(store_repository_ensure(store, "shop", &failure));
	OK(store_merge_request_put(store, &row, reviews, 3, &failure));
	COMMIT();
	OK(store_review_list(store, arena, "shop", 7, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(rows[0].reviewer, "bob");
	ck_assert_str_eq(rows[0].state, "changes-requested");
	ck_assert_uint_eq(rows[0].number, 7);
	ck_assert_str_eq(rows[0].repository, "shop");
	ck_assert_uint_eq(rows[0].commit.length, 0);
	ck_assert(oid_equal(&rows[1].commit, &reviews[0].commit));
	BEGIN();
	OK(store_merge_request_put(store, &row, reviews, 1, &failure));
	COMMIT();
	OK(store_review_list(store, arena, "shop", 7, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(rows[0].reviewer, "carol");
	/* One that cannot be takes the whole transaction with it. */
	BEGIN();
	FAILS(ERROR_INTERNAL,
	      store_merge_request_put(store, &row, &nobody, 1, &failure));
	FAILS(ERROR_STORE, store_commit(store, &failure));
	OK(store_review_list(store, arena, "shop", 7, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
}

void suite_tokens_open_until_they_end(struct store *store, struct arena *arena)
{
	struct msg_token_row row = { .name = "ci",
				     .scopes = "read hint",
				     .created_at = 5,
				     .expires_at = 1000 * CLOCK_SECOND,
				     .digest = digest(1) };
	struct msg_token_row back = { .id = 42 };
	struct msg_token_row *rows = NULL;
	struct digest other = digest(2);
	struct digest none = { { 0 } };
	size_t count = 9;
	uint64_t id = 0;
	BEGIN();
	OK(store_token_add(store, &row, &id, &failure));
	COMMIT();
	OK(store_token_find(store, arena, &row.digest, 10, &back, &failure));
	ck_assert_uint_eq(back.id, id);
	ck_assert_str_eq(back.name, "ci");
	ck_assert_str_eq(back.scopes, "read hint");
	back.id = 42;
	FAILS(ERROR_NOT_FOUND,
	      store_token_find(store, arena, &other, 10, &back, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_token_find(store, arena, &none, 10, &back, &failure));
	FAILS(ERROR_NOT_FOUND, store_token_find(store, arena, &row.digest,
						row.expires_at, &back, &failure));
	ck_assert_uint_eq(back.id, 42);
	/* Its use is noted, not more than once a minute. */
	int64_t first = 100 * CLOCK_SECOND;
	BEGIN();
	OK(store_token_find(store, arena, &row.digest, first, &back, &failure));
	OK(store_token_find(store, arena, &row.digest, first + CLOCK_SECOND, &back,
			    &failure));
	ck_assert_int_eq(back.used_at, first);
	FAILS(ERROR_NOT_FOUND, store_token_revoke(store, 1000, 7, &failure));
	OK(store_token_revoke(store, id, 7, &failure));
	FAILS(ERROR_NOT_FOUND, store_token_revoke(store, id, 8, &failure));
	FAILS(ERROR_NOT_FOUND,
	      store_token_find(store, arena, &row.digest, first, &back, &failure));
	COMMIT();
	OK(store_token_list(store, arena, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(rows[0].revoked_at, 7);
	ck_assert_int_eq(rows[0].used_at, first);
	ck_assert(digest_is_none(&rows[0].digest)); /* nobody is told */
}

void suite_tokens_have_names_of_their_own(struct store *store, struct arena *arena)
{
	struct msg_token_row row = { .name = "ci",
				     .scopes = "read",
				     .digest = digest(1) };
	uint64_t most = limits_default.values[LIMIT_TOKENS];
	char name[32];
	uint64_t id = 7;
	uint64_t first = 0;
	(void)arena;
	BEGIN();
	OK(store_token_add(store, &row, &first, &failure));
	row.digest = digest(2);
	FAILS(ERROR_EXISTS, store_token_add(store, &row, &id, &failure));
	ck_assert_uint_eq(id, 7);
	OK(store_token_revoke(store, first, 5, &failure));
	OK(store_token_add(store, &row, &id, &failure)); /* the name is free */
	row.name = name;
	for (unsigned int i = 1; i < most; i++) {
		snprintf(name, sizeof(name), "token %u", i);
		row.digest = digest(i + 2);
		OK(store_token_add(store, &row, &id, &failure));
	}
	row.name = "one more";
	row.digest = digest(1000000);
	FAILS(ERROR_LIMIT, store_token_add(store, &row, &id, &failure));
	row.digest = (struct digest){ { 0 } };
	FAILS(ERROR_INTERNAL, store_token_add(store, &row, &id, &failure));
	COMMIT();
}

void suite_changes_know_their_merge_request(struct store *store, struct arena *arena)
{
	struct msg_change_row row = change_of(1);
	struct msg_change_row back;
	uint64_t id;
	row.number = 7;
	row.base_ref = "refs/heads/main";
	row.head_repository = "acme/shop";
	row.is_step = true;
	BEGIN();
	OK(store_change_add(store, &row, &id, &failure));
	COMMIT();
	OK(store_change_get(store, arena, id, &back, &failure));
	ck_assert(back.is_step);
	ck_assert_uint_eq(back.number, 7);
	ck_assert_str_eq(back.base_ref, "refs/heads/main");
	ck_assert_str_eq(back.head_repository, "acme/shop");
}

static size_t requests_of(struct store *store, struct arena *arena)
{
	struct msg_merge_request_row *rows = NULL;
	struct msg_query query = { .repository = "shop" };
	size_t count = 0;
	OK(store_merge_request_list(store, arena, &query, &rows, &count, &failure));
	return count;
}

void suite_prune_forgets_forges(struct store *store, struct arena *arena)
{
	struct msg_outbox_row comment = { .kind = "comment",
					  .repository = "shop",
					  .number = 1,
					  .context = "comment",
					  .state = "success",
					  .created_at = 5 };
	struct msg_outbox_row *rows = NULL;
	struct msg_review_row *reviews = NULL;
	struct msg_review_row review = { .reviewer = "bob", .state = "approved" };
	struct msg_merge_request_row merged = request_of(2, "merged");
	struct msg_token_row *tokens = NULL;
	struct msg_token_row token = {
		.name = "ci", .scopes = "read", .expires_at = 50, .digest = digest(1)
	};
	size_t count = 9;
	uint64_t id;
	BEGIN();
	OK(store_repository_ensure(store, "shop", &failure));
	put_request(store, 1, "open");
	OK(store_merge_request_put(store, &merged, &review, 1, &failure));
	OK(store_merge_request_hint(store, "shop", 3, 5, &failure)); /* never seen */
	put_request(store, 4, "closed");
	OK(store_merge_request_hint(store, "shop", 4, 5, &failure)); /* wanted */
	for (unsigned int i = 1; i <= 2; i++) { /* of 1, open, and of 2, merged */
		comment.number = i;
		OK(store_outbox_put(store, &comment, &failure));
	}
	OK(store_outbox_list(store, arena, "shop", 0, 9, &rows, &count, &failure));
	for (size_t i = 0; i < count; i++)
		OK(store_outbox_posted(store, rows[i].id, 5, "success\n", "77", 6,
				       &failure));
	comment = (struct msg_outbox_row){ .repository = "shop",
					   .commit = oid(1),
					   .context = "gitgate/policy",
					   .state = "pending" };
	OK(store_outbox_put(store, &comment, &failure)); /* not told yet */
	OK(store_token_add(store, &token, &id, &failure));
	COMMIT();
	BEGIN();
	OK(store_prune(store, 5, &failure));
	COMMIT();
	ck_assert_uint_eq(requests_of(store, arena), 4);
	BEGIN();
	OK(store_prune(store, 1000, &failure));
	COMMIT();
	ck_assert_uint_eq(requests_of(store, arena), 2);
	OK(store_review_list(store, arena, "shop", 2, &reviews, &count, &failure));
	ck_assert_uint_eq(count, 0);
	OK(store_outbox_list(store, arena, "shop", 0, 9, &rows, &count, &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(rows[0].kind, "status");
	ck_assert_uint_eq(rows[1].number, 1);
	OK(store_token_list(store, arena, &tokens, &count, &failure));
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(store_check(store, NULL, NULL, &failure), 0);
}

void suite_lists_filter_by_source_and_number(struct store *store, struct arena *arena)
{
	struct msg_delivery_row *deliveries = NULL;
	struct msg_change_row *changes = NULL;
	struct msg_verdict_row *verdicts = NULL;
	struct msg_deployment_row *deployments = NULL;
	struct msg_change_row change = change_of(1);
	struct msg_verdict_row verdict = { .repository = "shop",
					   .result = "fail",
					   .number = 7,
					   .base_ref = "refs/heads/main",
					   .result_tree = oid(5) };
	size_t count = 9;
	uint64_t id;
	for (unsigned int i = 1; i <= 3; i++)
		suite_fill(store, i);
	change.number = 7;
	BEGIN();
	OK(store_change_add(store, &change, &verdict.change, &failure));
	OK(store_verdict_add(store, &verdict, NULL, 0, &id, &failure));
	COMMIT();
	struct msg_query query = { .source = "forge" };
	OK(store_delivery_list(store, arena, &query, &deliveries, &count, &failure));
	ck_assert_uint_eq(count, 3);
	query.source = "other";
	OK(store_delivery_list(store, arena, &query, &deliveries, &count, &failure));
	ck_assert_uint_eq(count, 0);
	FAILS(ERROR_USAGE,
	      store_change_list(store, arena, &query, &changes, &count, &failure));
	query = (struct msg_query){ .number = 7 };
	OK(store_delivery_list(store, arena, &query, &deliveries, &count, &failure));
	ck_assert_uint_eq(count, 0);
	OK(store_change_list(store, arena, &query, &changes, &count, &failure));
	ck_assert_uint_eq(count, 1);
	OK(store_verdict_list(store, arena, &query, &verdicts, &count, &failure));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(verdicts[0].base_ref, "refs/heads/main");
	ck_assert(oid_equal(&verdicts[0].result_tree, &verdict.result_tree));
	FAILS(ERROR_USAGE, store_deployment_list(store, arena, &query, &deployments,
						 &count, &failure));
}
