/* tests/unit/test_cmd_rows.c - rows: from a store, as text, as JSON again. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "cmd/service.h"
#include "cmd/table.h"
#include "doc/doc.h"
#include "store/store.h"
#include "unit.h"

static struct arena *arena;

static struct store *open_store(void)
{
	struct store *store = NULL;

	arena = arena_new((size_t)64 << 20);
	ck_assert_int_eq(store_open(&store, "memory:", STORE_CREATE, NULL), 0);
	ck_assert_int_eq(store_begin(store, NULL), 0);
	ck_assert_int_eq(store_repository_ensure(store, "shop", NULL), 0);
	ck_assert_int_eq(store_target_ensure(store, "web", NULL), 0);
	ck_assert_int_eq(store_commit(store, NULL), 0);
	return store;
}

static const struct node *parse(const struct buf *text)
{
	struct doc_problem problem;
	struct docs docs = { 0 };

	ck_assert_msg(docs_parse(&docs, arena, DOC_JSON, text->data, text->length,
				 &limits_default, &problem) == 0,
		      "%s: %s", problem.message, text->data);
	return docs.roots[0];
}

START_TEST(every_list_that_the_commands_show_comes_from_a_store)
{
	static const char *const lists[] = {
		"repositories", "refs",    "changes", "verdicts",       "findings",
		"deployments",  "targets", "sources", "quarantine",     "deliveries",
		"reviews",      "outbox",  "tokens",  "merge-requests",
	};
	struct store *store = open_store();

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct msg_query query = { .what = lists[i], .limit = 3 };
		struct buf text = BUF_INIT((size_t)1 << 20);
		if (strcmp(lists[i], "refs") == 0 || strcmp(lists[i], "reviews") == 0)
			query.repository = "shop";
		if (strcmp(lists[i], "reviews") == 0)
			query.number = 1;
		ck_assert_msg(rows_from_store(store, arena, &query, &text, NULL) == 0,
			      "%s", lists[i]);
		const struct node *root = parse(&text);
		bool named = strcmp(lists[i], "repositories") == 0 ||
			     strcmp(lists[i], "targets") == 0;
		ck_assert_uint_eq(node_count(node_get(root, "items")), named ? 1 : 0);
		ck_assert_uint_eq(row_number(root, "next"), 0);
		buf_release(&text);
	}
	struct msg_query none = { .what = "ledger" };
	struct buf text = BUF_INIT(1024);
	ck_assert_int_lt(rows_from_store(store, arena, &none, &text, NULL), 0);
	buf_release(&text);
	store_close(store);
	arena_free(arena);
}
END_TEST

START_TEST(pages_say_where_the_next_begins)
{
	struct store *store = open_store();
	struct msg_query query = { .what = "changes", .limit = 2 };
	struct buf text = BUF_INIT((size_t)1 << 20);
	uint64_t id = 0;

	ck_assert_int_eq(store_begin(store, NULL), 0);
	for (int i = 0; i < 3; i++) {
		struct msg_change_row row = { .repository = "shop",
					      .ref = "refs/heads/main",
					      .state = "waiting" };
		memset(row.new_id.bytes, i + 1, 20);
		row.new_id.length = 20;
		row.old_id.length = 20;
		row.received_at = CLOCK_SECOND;
		row.updated_at = CLOCK_SECOND;
		ck_assert_int_eq(store_change_add(store, &row, &id, NULL), 0);
	}
	ck_assert_int_eq(store_commit(store, NULL), 0);
	ck_assert_int_eq(rows_from_store(store, arena, &query, &text, NULL), 0);
	const struct node *root = parse(&text);
	ck_assert_uint_eq(node_count(node_get(root, "items")), 2);
	ck_assert_uint_eq(row_number(root, "next"), id - 1);
	const struct node *first = node_item(node_get(root, "items"), 0);
	ck_assert_str_eq(row_short(first, "new"), "0303030303");
	ck_assert_str_eq(row_short(first, "old"), "0000000000");
	ck_assert_str_eq(row_short(first, "nothing"), "-");
	ck_assert_int_eq(row_time(first, "received_at"), CLOCK_SECOND);
	ck_assert_int_eq(row_time(first, "due_at"), 0);
	buf_release(&text);
	store_close(store);
	arena_free(arena);
}
END_TEST

START_TEST(parsed_rows_are_written_back_as_they_were)
{
	static const char text[] = "{\"a\":[1,-2,3.50,1e9,true,false,null],\"b\":{"
				   "\"c\":\"x\\ny\"},"
				   "\"d\":18446744073709551615,\"e\":\"\"}";
	struct buf in = BUF_INIT(4096), out = BUF_INIT(4096);
	struct json json;

	arena = arena_new((size_t)1 << 20);
	buf_add_string(&in, text);
	const struct node *root = parse(&in);
	json_begin(&json, &out);
	json_node(&json, root);
	ck_assert_str_eq(out.data, text);
	ck_assert_uint_eq(row_number(root, "d"), UINT64_MAX);
	ck_assert_ptr_null(row_text(root, "e"));
	buf_release(&in);
	buf_release(&out);
	arena_free(arena);
}
END_TEST

START_TEST(tables_are_even_and_escaped)
{
	struct buf out = BUF_INIT(4096);
	struct table table;

	arena = arena_new((size_t)1 << 20);
	table_init(&table, arena, 3);
	table_add(&table, TONE_FAINT, "NAME");
	table_add(&table, TONE_FAINT, "N");
	table_add(&table, TONE_FAINT, "TEXT");
	table_add(&table, TONE_PLAIN, "b\303\244r");
	table_addf(&table, TONE_GOOD, "%d", 1000);
	table_add(&table, TONE_PLAIN, "\033[31m\xff");
	table_add(&table, TONE_PLAIN, NULL);
	table_add(&table, TONE_PLAIN, "");
	table_add(&table, TONE_PLAIN, "end");
	table_write(&table, false, "  ", &out);
	ck_assert_str_eq(out.data, "  NAME  N     TEXT\n"
				   "  b\303\244r   1000  \\x1b[31m\\xff\n"
				   "  -     -     end\n");
	buf_reset(&out);
	table_write(&table, true, "", &out);
	ck_assert_ptr_nonnull(strstr(out.data, "\033[32m1000\033[0m  \\x1b[31m"));
	buf_release(&out);
	arena_free(arena);
}
END_TEST

START_TEST(a_table_goes_on_where_another_ended)
{
	struct buf out = BUF_INIT(4096);
	struct table first, next;

	arena = arena_new((size_t)1 << 20);
	table_init(&first, arena, 2);
	first.widths[0] = 6;
	table_add(&first, TONE_FAINT, "NAME");
	table_add(&first, TONE_FAINT, "TEXT");
	table_write(&first, true, "", &out);
	ck_assert_str_eq(out.data, "\033[2mNAME\033[0m    \033[2mTEXT\033[0m\n");
	buf_reset(&out);
	table_init(&next, arena, 2);
	memcpy(next.widths, first.widths, sizeof(next.widths));
	next.headless = true;
	table_add(&next, TONE_PLAIN, "a");
	table_add(&next, TONE_GOOD, "b");
	table_write(&next, true, "", &out);
	ck_assert_str_eq(out.data, "a       \033[32mb\033[0m\n");
	buf_release(&out);
	arena_free(arena);
}
END_TEST

START_TEST(ages_are_for_people)
{
	arena = arena_new((size_t)1 << 20);
	clock_set_for_tests(1000 * CLOCK_SECOND);
	ck_assert_str_eq(age_text(arena, 0), "never");
	ck_assert_str_eq(age_text(arena, 1000 * CLOCK_SECOND), "just now");
	ck_assert_str_eq(age_text(arena, 2000 * CLOCK_SECOND), "just now");
	ck_assert_str_eq(age_text(arena, 998 * CLOCK_SECOND - 300), "2 s ago");
	ck_assert_str_eq(age_text(arena, 100 * CLOCK_SECOND), "15m ago");
	clock_set_for_tests(-1);
	arena_free(arena);
}
END_TEST

UNIT_MAIN("cmd rows", every_list_that_the_commands_show_comes_from_a_store,
	  pages_say_where_the_next_begins, parsed_rows_are_written_back_as_they_were,
	  tables_are_even_and_escaped, a_table_goes_on_where_another_ended,
	  ages_are_for_people)
