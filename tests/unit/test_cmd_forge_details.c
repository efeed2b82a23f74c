/* tests/unit/test_cmd_forge_details.c - `gitgate status REPOSITORY`: deliveries, merge
 * requests and statuses, from a store. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "cmd/details.h"
#include "cmd/forge_details.h"
#include "store/store.h"
#include "unit.h"

#define NOW (10000 * CLOCK_SECOND)

static struct status status;

static struct oid id_of(unsigned char byte)
{
	struct oid id = { .length = 20 };

	memset(id.bytes, byte, 20);
	return id;
}

static void begin(void)
{
	clock_set_for_tests(NOW);
	status = (struct status){ .config = "/nonexistent/gitgate.yaml" };
	status.service.arena = arena_new((size_t)64 << 20);
	ck_assert_int_eq(
		store_open(&status.service.store, "memory:", STORE_CREATE, NULL), 0);
	ck_assert_int_eq(store_begin(status.service.store, NULL), 0);
	ck_assert_int_eq(store_repository_ensure(status.service.store, "shop", NULL),
			 0);
}

static void end(void)
{
	store_close(status.service.store);
	arena_free(status.service.arena);
	clock_set_for_tests(-1);
}

static void add_judged_change(uint64_t number, const char *result)
{
	struct store *store = status.service.store;
	struct msg_change_row change = { .repository = "shop",
					 .ref = "refs/merge-requests/7",
					 .new_id = id_of(7),
					 .old_id = id_of(0),
					 .number = number,
					 .base_ref = "refs/heads/main",
					 .state = "judged" };
	struct msg_verdict_row verdict = { .repository = "shop",
					   .ref = change.ref,
					   .commit = id_of(7),
					   .result = result,
					   .number = number };

	ck_assert_int_eq(store_change_add(store, &change, &verdict.change, NULL), 0);
	ck_assert_int_eq(store_verdict_add(store, &verdict, NULL, 0, &verdict.id, NULL),
			 0);
	ck_assert_int_eq(
		store_merge_request_change(store, "shop", number, verdict.change, NULL),
		0);
}

static void add_merge_request(uint64_t number, const char *state, const char *title)
{
	const struct msg_review_row reviews[] = {
		{ .repository = "shop",
		  .number = number,
		  .reviewer = "bob",
		  .state = "approved",
		  .commit = id_of(7) },
		{ .repository = "shop",
		  .number = number,
		  .reviewer = "carol",
		  .state = "changes-requested",
		  .commit = id_of(7) },
		{ .repository = "shop",
		  .number = number,
		  .reviewer = "dora",
		  .state = "approved",
		  .commit = id_of(7) },
	};
	const struct msg_merge_request_row row = { .repository = "shop",
						   .number = number,
						   .state = state,
						   .head = id_of(7),
						   .base = id_of(1),
						   .base_ref = "refs/heads/main",
						   .author = "alice",
						   .title = title,
						   .seen = 1 };

	ck_assert_int_eq(store_merge_request_put(status.service.store, &row, reviews,
						 number == 7 ? 3 : 0, NULL),
			 0);
}

static void add_status(const char *context, const char *state, uint64_t *id)
{
	struct msg_outbox_row row = { .repository = "shop",
				      .kind = "status",
				      .commit = id_of(7),
				      .context = context,
				      .state = state,
				      .description = "a reason",
				      .created_at = NOW - 20 * CLOCK_SECOND };
	struct msg_outbox_row *rows = NULL;
	size_t count = 0;

	ck_assert_int_eq(store_outbox_put(status.service.store, &row, NULL), 0);
	ck_assert_int_eq(store_outbox_list(status.service.store, status.service.arena,
					   "shop", 0, 1, &rows, &count, NULL),
			 0);
	ck_assert_uint_eq(count, 1);
	*id = rows[0].id;
}

static void read_all(struct forge_details *details)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(store_commit(status.service.store, NULL), 0);
	ck_assert_msg(forge_details_read(details, &status, "shop", &err) == 0, "%s",
		      err.text);
}

/* Whether a line has all these words, in this order. */
static bool has_line(const char *text, const char *const *words)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		const char *at = line, *stop = line + strcspn(line, "\n");
		size_t i = 0;
		for (; words[i] && at && at < stop; i++) {
			at = strstr(at, words[i]);
			at = at && at + strlen(words[i]) <= stop ? at + strlen(words[i])
								 : NULL;
		}
		if (!words[i] && at)
			return true;
		if (*stop == '\0')
			break;
	}
	return false;
}
#define LINE(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(a_repository_that_no_forge_told_of_has_no_tables)
{
	struct forge_details details;
	struct buf out = BUF_INIT(65536);

	begin();
	read_all(&details);
	forge_details_lines(&details, &status, &out);
	ck_assert_str_eq(out.data, "  delivery     never\n");
	buf_reset(&out);
	forge_details_tables(&details, &status, &out);
	ck_assert_str_eq(out.data, "");
	buf_release(&out);
	end();
}
END_TEST

START_TEST(the_newest_delivery_is_named)
{
	struct msg_delivery_row row = { .source = "local",
					.repository = "shop",
					.received_at = NOW - 90 * CLOCK_SECOND,
					.state = "waiting" };
	struct forge_details details;
	struct buf out = BUF_INIT(65536);
	uint64_t id = 0;

	begin();
	ck_assert_int_eq(store_delivery_add(status.service.store, &row, &id, NULL), 0);
	read_all(&details);
	forge_details_lines(&details, &status, &out);
	ck_assert_msg(strstr(out.data, "1m 30s ago, local (1, waiting)") != NULL, "%s",
		      out.data);
	buf_release(&out);
	end();
}
END_TEST

START_TEST(open_merge_requests_show_their_verdict_and_reviews)
{
	struct forge_details details;
	struct buf out = BUF_INIT(65536);

	begin();
	add_merge_request(7, "open", "mend \033[31mprices");
	add_judged_change(7, "fail");
	add_merge_request(8, "open", "wait");
	add_merge_request(9, "merged", "done already");
	read_all(&details);
	ck_assert_uint_eq(details.merge_count, 2);
	forge_details_tables(&details, &status, &out);
	ck_assert_msg(has_line(out.data, LINE("7 ", "0707070707", "refs/heads/main",
					      "fail", "2 approved, 1 changes-requested",
					      "alice", "mend \\x1b[31mprices")),
		      "%s", out.data);
	ck_assert_msg(has_line(out.data, LINE("8 ", "waiting", "-", "alice", "wait")),
		      "%s", out.data);
	ck_assert_ptr_null(strstr(out.data, "done already"));
	ck_assert_ptr_null(strchr(out.data, '\033'));
	buf_release(&out);
	end();
}
END_TEST

START_TEST(more_merge_requests_than_fit_are_counted)
{
	struct forge_details details;
	struct buf out = BUF_INIT(1 << 20);

	begin();
	for (uint64_t number = 1; number <= MERGES_SHOWN + 3; number++)
		add_merge_request(100 + number, "open", "one of many");
	read_all(&details);
	forge_details_tables(&details, &status, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "  and 3 more\n"));
	buf_release(&out);
	end();
}
END_TEST

START_TEST(statuses_say_whether_they_are_told)
{
	struct store *store;
	struct forge_details details;
	struct buf out = BUF_INIT(65536);
	uint64_t id = 0;
	int64_t at = NOW - 20 * CLOCK_SECOND;

	begin();
	store = status.service.store;
	add_status("gitgate/policy", "success", &id);
	ck_assert_int_eq(store_outbox_posted(store, id, at, "success\na reason", NULL,
					     NOW - 5 * CLOCK_SECOND, NULL),
			 0);
	add_status("gitgate/web", "pending", &id);
	add_status("gitgate/docs", "failure", &id);
	ck_assert_int_eq(
		store_outbox_failed(store, id, at, "no such commit", 0, NOW, NULL), 0);
	add_status("gitgate/api", "pending", &id);
	ck_assert_int_eq(store_outbox_failed(store, id, at, "the forge is down",
					     NOW + CLOCK_SECOND, NOW, NULL),
			 0);
	read_all(&details);
	forge_details_tables(&details, &status, &out);
	ck_assert_msg(has_line(out.data, LINE("0707070707", "gitgate/policy", "success",
					      "5 s ago", "a reason")),
		      "%s", out.data);
	ck_assert_msg(has_line(out.data,
			       LINE("gitgate/web", "pending", "waiting", "a reason")),
		      "%s", out.data);
	ck_assert_msg(has_line(out.data, LINE("gitgate/docs", "failure", "given up",
					      "no such commit")),
		      "%s", out.data);
	ck_assert_msg(has_line(out.data, LINE("gitgate/api", "pending", "waiting",
					      "the forge is down")),
		      "%s", out.data);
	buf_release(&out);
	end();
}
END_TEST

START_TEST(json_holds_all_of_it)
{
	struct forge_details details;
	struct buf out = BUF_INIT(1 << 20);
	struct json json;

	begin();
	add_merge_request(7, "open", "mend");
	add_judged_change(7, "pass");
	read_all(&details);
	json_begin(&json, &out);
	json_object(&json);
	forge_details_json(&details, &json);
	json_object_end(&json);
	static const char *const parts[] = {
		"{\"source\":null,\"full_name\":null,\"delivery\":null,",
		"\"merge_requests\":[{\"merge_request\":{\"repository\":\"shop\",",
		"\"number\":7,",
		"\"verdict\":{\"id\":1,",
		"\"reviews\":[{",
		"\"statuses\":[]}",
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		ck_assert_msg(strstr(out.data, parts[i]) != NULL, "%s: %s", parts[i],
			      out.data);
	buf_release(&out);
	end();
}
END_TEST

UNIT_MAIN("cmd forge details", a_repository_that_no_forge_told_of_has_no_tables,
	  the_newest_delivery_is_named,
	  open_merge_requests_show_their_verdict_and_reviews,
	  more_merge_requests_than_fit_are_counted, statuses_say_whether_they_are_told,
	  json_holds_all_of_it)
