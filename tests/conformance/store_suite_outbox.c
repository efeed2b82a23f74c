/* tests/conformance/store_suite_outbox.c - what is told outside: once, the newest, and
 * again when it changed meanwhile. */
#include "tests/conformance/store_rows.h"
#include "tests/conformance/store_suite.h"

static const char *const shop[] = { "shop" };

static struct msg_outbox_row status_of(const char *state, int64_t at)
{
	return (struct msg_outbox_row){ .repository = "shop",
					.commit = oid(1),
					.context = "gitgate/policy",
					.state = state,
					.description = "a text",
					.created_at = at };
}

static void put(struct store *store, const char *state, int64_t at)
{
	struct msg_outbox_row row = status_of(state, at);
	OK(store_outbox_put(store, &row, &failure));
}

/* The one row that is due, or its id 0. */
static struct msg_outbox_row due(struct store *store, struct arena *arena, int64_t now)
{
	struct msg_outbox_row *rows = NULL;
	size_t count = 0;
	int64_t later;
	OK(store_outbox_due(store, arena, shop, 1, now, 9, &rows, &count, &later,
			    &failure));
	ck_assert_uint_le(count, 1);
	ck_assert_uint_eq(store_outbox_waiting(store), count + (later != 0));
	return count == 0 ? (struct msg_outbox_row){ 0 } : rows[0];
}

static struct msg_outbox_row only(struct store *store, struct arena *arena)
{
	struct msg_outbox_row *rows = NULL;
	size_t count = 0;
	OK(store_outbox_list(store, arena, "shop", 0, 9, &rows, &count, &failure));
	ck_assert_uint_eq(count, 1);
	return rows[0];
}

void suite_outbox_tells_once(struct store *store, struct arena *arena)
{
	struct msg_outbox_row lost = { .repository = "shop", .context = "c" };
	BEGIN();
	ck_assert_uint_eq(store_outbox_waiting(store), 0);
	put(store, "pending", 10);
	struct msg_outbox_row row = due(store, arena, 10);
	ck_assert_str_eq(row.state, "pending");
	OK(store_outbox_posted(store, row.id, row.created_at, "pending\na text", "77",
			       11, &failure));
	ck_assert_uint_eq(due(store, arena, 12).id, 0);
	row = only(store, arena);
	ck_assert_int_eq(row.done_at, 11);
	ck_assert_str_eq(row.posted, "pending\na text");
	ck_assert_str_eq(row.forge_ref, "77");
	/* The same again, as after a restart: nothing to do. */
	put(store, "pending", 20);
	ck_assert_uint_eq(due(store, arena, 21).id, 0);
	ck_assert_int_eq(only(store, arena).done_at, 11);
	/* A final state, superseded before it was told, is never told. */
	put(store, "failure", 30);
	put(store, "success", 31);
	row = due(store, arena, 32);
	ck_assert_str_eq(row.state, "success");
	ck_assert_str_eq(row.forge_ref, "77");
	put(store, "pending", 33); /* back to what is shown */
	ck_assert_uint_eq(due(store, arena, 34).id, 0);
	ck_assert_int_eq(only(store, arena).done_at, 33);
	FAILS(ERROR_INTERNAL, store_outbox_put(store, &lost, &failure));
	lost.kind = "comment";
	FAILS(ERROR_INTERNAL, store_outbox_put(store, &lost, &failure));
	lost.kind = "letter";
	FAILS(ERROR_INTERNAL, store_outbox_put(store, &lost, &failure));
	COMMIT();
}

void suite_outbox_tells_what_changed_meanwhile(struct store *store, struct arena *arena)
{
	BEGIN();
	put(store, "pending", 10);
	struct msg_outbox_row posting = due(store, arena, 10);
	put(store, "success", 11);
	OK(store_outbox_posted(store, posting.id, posting.created_at, "pending\na text",
			       NULL, 12, &failure));
	struct msg_outbox_row row = due(store, arena, 13);
	ck_assert_str_eq(row.state, "success");
	ck_assert_str_eq(row.posted, "pending\na text");
	OK(store_outbox_posted(store, row.id, row.created_at, "success\na text", NULL,
			       14, &failure));
	/* While a change is being told it is taken back, and is done; then the telling
	 * ends: what is shown is wrong. */
	put(store, "failure", 20);
	posting = due(store, arena, 20);
	put(store, "success", 21);
	ck_assert_uint_eq(due(store, arena, 22).id, 0);
	OK(store_outbox_posted(store, posting.id, posting.created_at, "failure\na text",
			       NULL, 23, &failure));
	ck_assert_str_eq(due(store, arena, 24).state, "success");
	/* Put again as it is while it is told: told once. */
	posting = due(store, arena, 25);
	put(store, "success", 26);
	OK(store_outbox_posted(store, posting.id, posting.created_at, "success\na text",
			       NULL, 27, &failure));
	ck_assert_uint_eq(due(store, arena, 28).id, 0);
	/* Two in one moment: the later counts. */
	put(store, "pending", 30);
	posting = due(store, arena, 30);
	put(store, "failure", 30);
	OK(store_outbox_posted(store, posting.id, posting.created_at, "pending\na text",
			       NULL, 31, &failure));
	ck_assert_str_eq(due(store, arena, 32).state, "failure");
	/* The clock was set back: the later counts all the same. */
	put(store, "success", 7);
	ck_assert_str_eq(due(store, arena, 32).state, "success");
	COMMIT();
}

/* The ref that the only row is told at, after another was put. */
static void stands_at(struct store *store, struct arena *arena, const char *state,
		      const char *ref, int64_t at, const char *expected)
{
	struct msg_outbox_row row = status_of(state, at);
	row.ref = ref;
	OK(store_outbox_put(store, &row, &failure));
	ck_assert_str_eq(only(store, arena).ref, expected);
}

static void posted(struct store *store, struct arena *arena, const char *what,
		   int64_t at)
{
	struct msg_outbox_row row = only(store, arena);
	OK(store_outbox_posted(store, row.id, row.created_at, what, "77", at,
			       &failure));
}

/* Two refs of one commit, as a branch and a tag that are pushed together. */
void suite_outbox_ends_at_the_ref_it_began_at(struct store *store, struct arena *arena)
{
	BEGIN();
	stands_at(store, arena, "pending", "refs/heads/one", 10, "refs/heads/one");
	stands_at(store, arena, "pending", "refs/tags/two", 10, "refs/heads/one");
	posted(store, arena, "pending\na text", 11);
	stands_at(store, arena, "success", "refs/tags/two", 12, "refs/heads/one");
	/* Told, and nobody knows it yet: what looks again must look there. */
	stands_at(store, arena, "success", "refs/heads/one", 13, "refs/heads/one");
	stands_at(store, arena, "success", "refs/tags/two", 14, "refs/heads/one");
	posted(store, arena, "success\na text", 15);
	/* A merge that made no commit, later: another beginning. */
	stands_at(store, arena, "pending", "refs/heads/main", 20, "refs/heads/main");
	stands_at(store, arena, "failure", "refs/heads/main", 21, "refs/heads/main");
	COMMIT();
}

/* What began without one takes the first. */
void suite_outbox_takes_the_first_ref(struct store *store, struct arena *arena)
{
	BEGIN();
	put(store, "pending", 10);
	stands_at(store, arena, "pending", "refs/heads/one", 11, "refs/heads/one");
	COMMIT();
}

void suite_outbox_waits_and_gives_up(struct store *store, struct arena *arena)
{
	struct msg_outbox_row *rows = NULL;
	const char *const names[] = { "other\"'", "shop", "none" };
	struct msg_outbox_row other = status_of("pending", 5);
	size_t count;
	int64_t later = 7;
	BEGIN();
	put(store, "pending", 10);
	struct msg_outbox_row row = due(store, arena, 10);
	OK(store_outbox_failed(store, row.id, row.created_at, "502", 50, 11, &failure));
	ck_assert_uint_eq(due(store, arena, 49).id, 0);
	put(store, "pending", 12); /* the same does not hurry it */
	ck_assert_uint_eq(due(store, arena, 49).id, 0);
	OK(store_outbox_due(store, arena, shop, 1, 49, 9, &rows, &count, &later,
			    &failure));
	ck_assert_int_eq(later, 50);
	row = due(store, arena, 50);
	ck_assert_uint_eq(row.attempts, 1);
	ck_assert_str_eq(row.problem, "502");
	/* It was changed: the failure of what was before means nothing. */
	put(store, "success", 60);
	OK(store_outbox_failed(store, row.id, row.created_at, "502", 99, 61, &failure));
	row = due(store, arena, 61);
	ck_assert_uint_eq(row.attempts, 0);
	ck_assert_ptr_null(row.problem);
	OK(store_outbox_failed(store, row.id, row.created_at, "422", 0, 62, &failure));
	ck_assert_uint_eq(due(store, arena, 100).id, 0);
	row = only(store, arena);
	ck_assert_int_eq(row.done_at, 62);
	ck_assert_str_eq(row.problem, "422");
	put(store, "success", 70); /* never told, so once more */
	/* Of many repositories the oldest come first. */
	other.repository = names[0];
	OK(store_outbox_put(store, &other, &failure));
	OK(store_outbox_due(store, arena, names, 3, 100, 9, &rows, &count, &later,
			    &failure));
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(rows[0].repository, names[0]);
	OK(store_outbox_due(store, arena, names, 3, 100, 1, &rows, &count, &later,
			    &failure));
	ck_assert_uint_eq(count, 1);
	OK(store_outbox_due(store, arena, NULL, 0, 100, 9, &rows, &count, &later,
			    &failure));
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(later, 0);
	ck_assert_uint_eq(store_outbox_waiting(store), 2);
	COMMIT();
}

void suite_outbox_has_one_comment_a_merge_request(struct store *store,
						  struct arena *arena)
{
	struct msg_outbox_row row = { .kind = "comment",
				      .repository = "shop",
				      .commit = oid(1),
				      .context = "comment",
				      .number = 7,
				      .verdict = 3,
				      .state = "failure",
				      .description = "2 findings",
				      .created_at = 10 };
	BEGIN();
	OK(store_outbox_put(store, &row, &failure));
	struct msg_outbox_row told = due(store, arena, 10);
	ck_assert_uint_eq(told.number, 7);
	OK(store_outbox_posted(store, told.id, 10, "failure\n2 findings", "55", 11,
			       &failure));
	row.created_at = 12; /* the same verdict: told */
	OK(store_outbox_put(store, &row, &failure));
	ck_assert_uint_eq(due(store, arena, 13).id, 0);
	/* Another has other findings, though as many. */
	row.commit = oid(2);
	row.verdict = 4;
	row.created_at = 14;
	OK(store_outbox_put(store, &row, &failure));
	told = due(store, arena, 15);
	ck_assert_uint_eq(told.verdict, 4);
	ck_assert(oid_equal(&told.commit, &row.commit));
	ck_assert_str_eq(told.forge_ref, "55");
	row.verdict = 5;
	row.created_at = 16;
	OK(store_outbox_put(store, &row, &failure));
	OK(store_outbox_posted(store, told.id, 14, "failure\n2 findings", NULL, 17,
			       &failure));
	ck_assert_uint_eq(due(store, arena, 18).verdict, 5);
	COMMIT();
	ck_assert_str_eq(only(store, arena).forge_ref, "55");
}
