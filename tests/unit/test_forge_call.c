/* tests/unit/test_forge_call.c - one call: which status becomes which error, what is
 * said about it, limits, lists, and fields of replies. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/call.h"
#include "forge_scene.h"
#include "unit.h"

#define NOW INT64_C(1795253400000000)

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static int64_t retry_at;

static void begin(void)
{
	struct msg_forge_session session = { .kind = "bitbucket-cloud",
					     .token = "t0ken" };
	scene_begin(&scene);
	forge = scene_open(&scene, &session);
	arena = arena_new((size_t)64 << 20);
}

static void end(void)
{
	forge_close(forge);
	arena_free(arena);
	scene_end(&scene);
}

static int get(const char *target, struct call_reply *reply)
{
	err = (struct error)ERROR_INIT;
	retry_at = 0;
	return forge_get(forge, target, "'repository'", arena, reply, &retry_at, &err);
}

START_TEST(each_status_is_one_error)
{
	static const struct {
		int status;
		const char *head;
		int code;
	} rows[] = {
		{ 200, "", 0 },
		{ 201, "", 0 },
		{ 304, "", ERROR_FORGE_REFUSED },
		{ 400, "", ERROR_FORGE_REFUSED },
		{ 401, "", ERROR_FORGE_DENIED },
		{ 403, "", ERROR_FORGE_DENIED },
		{ 403, "Retry-After: 30\r\n", ERROR_RATE_LIMITED },
		{ 404, "", ERROR_NOT_FOUND },
		{ 408, "", ERROR_FORGE },
		{ 409, "", ERROR_FORGE_REFUSED },
		{ 410, "", ERROR_NOT_FOUND },
		{ 422, "", ERROR_FORGE_REFUSED },
		{ 425, "", ERROR_FORGE },
		{ 429, "", ERROR_RATE_LIMITED },
		{ 500, "", ERROR_FORGE },
		{ 502, "", ERROR_FORGE },
		{ 503, "Retry-After: 30\r\n", ERROR_FORGE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call_reply reply;
		begin();
		scene_headers(&scene, "GET /x", rows[i].status, rows[i].head, "{}");
		int code = get("/x", &reply);
		ck_assert_msg(code == rows[i].code, "%d: %s", rows[i].status, err.text);
		if (code != 0) {
			ck_assert_int_eq(err.code, code);
			ck_assert_ptr_nonnull(strstr(err.text, "GET '/x'"));
			ck_assert_ptr_null(strstr(err.text, "t0ken"));
		}
		end();
	}
}
END_TEST

START_TEST(conflict_passes_where_it_is_said)
{
	struct call call = { .method = "POST",
			     .target = "/x",
			     .conflict_passes = true };
	begin();
	scene_always(&scene, "POST /x", 409, "{}");
	ck_assert_int_eq(forge_call(forge, &call, arena, NULL, NULL, &err),
			 ERROR_FORGE);
	end();
}
END_TEST

START_TEST(limits_say_when_to_come_back)
{
	struct call_reply reply;
	clock_set_for_tests(NOW);
	begin();
	scene_headers(&scene, "GET /told", 429, "Retry-After: 120\r\n", "{}");
	scene_always(&scene, "GET /untold", 429, "{}");
	scene_headers(&scene, "GET /busy", 503, "Retry-After: 10\r\n", "{}");
	ck_assert_int_eq(get("/told", &reply), ERROR_RATE_LIMITED);
	ck_assert_int_eq(retry_at, NOW + 120 * CLOCK_SECOND);
	struct msg_forge_budget budget;
	forge_budget(forge, &budget);
	ck_assert_int_eq(budget.retry_at, NOW + 120 * CLOCK_SECOND);
	ck_assert_int_eq(get("/untold", &reply), ERROR_RATE_LIMITED);
	ck_assert_int_eq(retry_at, NOW + 60 * CLOCK_SECOND);
	ck_assert_int_eq(get("/busy", &reply), ERROR_FORGE);
	ck_assert_int_eq(retry_at, NOW + 10 * CLOCK_SECOND);
	end();
	clock_set_for_tests(-1);
}
END_TEST

START_TEST(budget_is_kept)
{
	struct call_reply reply;
	struct msg_forge_budget budget;
	begin();
	forge_budget(forge, &budget);
	ck_assert_int_eq(budget.remaining, -1);
	scene_headers(&scene, "GET /x", 200, "X-RateLimit-Remaining: 41\r\n", "{}");
	ck_assert_int_eq(get("/x", &reply), 0);
	forge_budget(forge, &budget);
	ck_assert_int_eq(budget.remaining, 41);
	end();
}
END_TEST

START_TEST(what_the_forge_said_is_told)
{
	static const struct {
		const char *body;
		const char *told;
	} rows[] = {
		{ "{\"message\":\"no such sha\"}", "no such sha" },
		{ "{\"error\":{\"message\":\"bad key\",\"detail\":\"too long\"}}",
		  "bad key, too long" },
		{ "{\"errors\":[{\"context\":null,\"message\":\"url missing\"}]}",
		  "url missing" },
		{ "{\"message\":{\"name\":[\"is taken\"]}}", "name is taken" },
		{ "[\"one\",\"two\"]", "one, two" },
		{ "plain words", "plain words" },
		{ "{\"message\":\"esc\\u001b[31mape\"}", "esc\\x1b[31mape" },
		{ "", "422" },
	};
	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call_reply reply;
		scene_once(&scene, "GET /x", 422, rows[i].body);
		ck_assert_int_eq(get("/x", &reply), ERROR_FORGE_REFUSED);
		ck_assert_msg(strstr(err.text, rows[i].told) != NULL, "%s", err.text);
	}
	end();
}
END_TEST

START_TEST(what_the_forge_said_is_bounded)
{
	struct call_reply reply;
	static char body[20000];
	begin();
	size_t at = (size_t)snprintf(body, sizeof(body), "{\"message\":\"");
	memset(body + at, 'x', 15000);
	snprintf(body + at + 15000, 8, "\"}");
	scene_always(&scene, "GET /x", 400, body);
	ck_assert_int_eq(get("/x", &reply), ERROR_FORGE_REFUSED);
	ck_assert_uint_lt(strlen(err.text), 500);
	end();
}
END_TEST

START_TEST(missing_rights_are_named)
{
	struct call_reply reply;
	begin();
	scene_always(&scene, "GET /x", 403, "{}");
	ck_assert_int_eq(get("/x", &reply), ERROR_FORGE_DENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "lacks a right: 'repository'"));
	scene_reset(&scene);
	scene_always(&scene, "GET /x", 401, "{}");
	ck_assert_int_eq(get("/x", &reply), ERROR_FORGE_DENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "not accepted"));
	end();
}
END_TEST

START_TEST(replies_that_are_no_json_fail)
{
	static const char *const bodies[] = { "<html>", "{\"a\":1", "{\"a\":1,\"a\":2}",
					      "{\"a\":\"\\u0000\"}" };
	begin();
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct call_reply reply;
		scene_once(&scene, "GET /x", 200, bodies[i]);
		ck_assert_int_eq(get("/x", &reply), ERROR_FORGE);
	}
	end();
}
END_TEST

START_TEST(targets_are_escaped)
{
	arena = arena_new(1 << 20);
	ck_assert_str_eq(call_target(arena, "/repos/{/}/x/{}?n={#}", "a b/c", "d/e?&",
				     (uint64_t)7),
			 "/repos/a%20b/c/x/d%2Fe%3F%26?n=7");
	ck_assert_str_eq(call_target(arena, "/{/}", "g/s g/p"), "/g/s%20g/p");
	ck_assert_ptr_null(call_target(arena, "/{/}", "a/../b"));
	ck_assert_ptr_null(call_target(arena, "/{/}", "./b"));
	ck_assert_ptr_null(call_target(arena, "/{}", ".."));
	char longer[CALL_TARGET_BYTES + 1];
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_ptr_null(call_target(arena, "/{}", longer));
	arena_free(arena);
}
END_TEST

START_TEST(no_target_is_no_request)
{
	struct call_reply reply;
	begin();
	ck_assert_int_eq(get(NULL, &reply), ERROR_MEMORY);
	ck_assert_uint_eq(scene.request_count, 0);
	end();
}
END_TEST

/* --- lists --- */

static int count_page(void *data, const struct call_reply *page,
		      char next[CALL_TARGET_BYTES], struct error *error)
{
	(void)page;
	(void)next;
	(void)error;
	++*(size_t *)data;
	return 0;
}

START_TEST(pages_are_followed)
{
	char head[256];
	size_t pages = 0;
	begin();
	snprintf(head, sizeof(head), "Link: <%s/l?page=2>; rel=\"next\"\r\n",
		 scene.base);
	scene_headers(&scene, "GET /l", 200, head, "[]");
	scene_always(&scene, "GET /l?page=2", 200, "[]");
	ck_assert_int_eq(
		forge_call_pages(forge, "/l", NULL, count_page, &pages, NULL, &err), 0);
	ck_assert_uint_eq(pages, 2);
	end();
}
END_TEST

START_TEST(endless_lists_end)
{
	char head[256];
	size_t pages = 0;
	begin();
	snprintf(head, sizeof(head), "Link: <%s/l>; rel=\"next\"\r\n", scene.base);
	scene_headers(&scene, "GET /l", 200, head, "[]");
	ck_assert_int_eq(
		forge_call_pages(forge, "/l", NULL, count_page, &pages, NULL, &err),
		ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "forge.pages"));
	ck_assert_uint_eq(pages, limits_default.values[LIMIT_FORGE_PAGES]);
	end();
}
END_TEST

START_TEST(pages_elsewhere_are_not_asked_for)
{
	size_t pages = 0;
	begin();
	scene_headers(&scene, "GET /l", 200,
		      "Link: <http://127.0.0.1:1/l>; rel=\"next\"\r\n", "[]");
	ck_assert_int_eq(
		forge_call_pages(forge, "/l", NULL, count_page, &pages, NULL, &err),
		ERROR_FORBIDDEN_HOST);
	end();
}
END_TEST

/* --- fields --- */

static const struct node *parse(const char *text)
{
	struct docs docs;
	struct doc_problem problem;
	ck_assert_int_eq(docs_parse(&docs, arena, DOC_JSON, text, strlen(text),
				    &limits_default, &problem),
			 0);
	return docs.roots[0];
}

START_TEST(fields_are_read)
{
	struct call_fields fields;
	struct oid id;
	arena = arena_new(1 << 20);
	call_fields_begin(&fields, arena,
			  parse("{\"a\":{\"b\":\"x\"},\"n\":12,\"t\":true,\"z\":null,"
				"\"w\":\"2026-11-21T09:30:00+01:00\",\"br\":\"main\","
				"\"fr\":\"refs/heads/main\",\"s\":\"75d1e7c57cd9\","
				"\"o\":\"6dcb09b5b57875f334f61aebed695e2e4193db5e\"}"),
			  "it");
	ck_assert_str_eq(call_text(&fields, "a.b", CALL_NEEDED), "x");
	ck_assert_str_eq(call_text(&fields, "n", CALL_NEEDED), "12");
	ck_assert_str_eq(call_text(&fields, "z", CALL_OPTIONAL), "");
	ck_assert_str_eq(call_text(&fields, "a.b.c", CALL_OPTIONAL), "");
	ck_assert_uint_eq(call_number(&fields, "n", CALL_NEEDED), 12);
	ck_assert(call_boolean(&fields, "t"));
	ck_assert(!call_boolean(&fields, "n"));
	ck_assert_int_eq(call_time(&fields, "w"), NOW - 3600 * CLOCK_SECOND);
	ck_assert_int_eq(call_time(&fields, "a.b"), 0);
	ck_assert_str_eq(call_branch(&fields, "br", CALL_NEEDED), "refs/heads/main");
	/* a branch may be called so, and is another one then */
	ck_assert_str_eq(call_branch(&fields, "fr", CALL_NEEDED), "refs/heads/refs/"
								  "heads/main");
	call_oid(&fields, "o", CALL_NEEDED, &id);
	ck_assert_uint_eq(id.length, 20);
	call_oid(&fields, "s", CALL_OPTIONAL, &id);
	ck_assert_uint_eq(id.length, 0);
	ck_assert_int_eq(call_fields_status(&fields, &err), 0);
	arena_free(arena);
}
END_TEST

START_TEST(fields_that_are_needed_fail)
{
	static const char *const rows[] = { "none", "z", "s", "t" };
	arena = arena_new(1 << 20);
	const struct node *node = parse("{\"z\":null,\"s\":\"75d1e7c57cd9\",\"t\":"
					"true}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call_fields fields;
		struct error cause = ERROR_INIT;
		struct oid id;
		call_fields_begin(&fields, arena, node, "the thing");
		call_oid(&fields, rows[i], CALL_NEEDED, &id);
		call_text(&fields, "later", CALL_NEEDED);
		ck_assert_int_eq(call_fields_status(&fields, &cause), ERROR_FORGE);
		ck_assert_ptr_nonnull(strstr(cause.text, rows[i]));
		ck_assert_ptr_nonnull(strstr(cause.text, "the thing"));
	}
	arena_free(arena);
}
END_TEST

START_TEST(texts_are_bounded)
{
	static char text[CALL_TEXT_BYTES + 32];
	struct call_fields fields;
	arena = arena_new(1 << 20);
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + sizeof(text) - 3, "\"}", 2);
	call_fields_begin(&fields, arena, parse(text), "it");
	ck_assert_uint_lt(strlen(call_title(&fields, "a")), CALL_TITLE_BYTES);
	ck_assert_int_eq(call_fields_status(&fields, &err), 0);
	ck_assert_str_eq(call_text(&fields, "a", CALL_OPTIONAL), "");
	ck_assert_int_eq(call_fields_status(&fields, &err), ERROR_FORGE);
	arena_free(arena);
}
END_TEST

START_TEST(cutting_counts_characters)
{
	arena = arena_new(1 << 20);
	ck_assert_str_eq(call_cut(arena, "short", 5), "short");
	ck_assert_str_eq(call_cut(arena, "longer", 5), "lo...");
	ck_assert_str_eq(call_cut(arena, "\u00e4\u00f6\u00fc\u00df\u00e9", 4), "\u00e4."
									       "..");
	ck_assert_uint_eq(text_utf8_count("\u00e4...", 5), 4);
	arena_free(arena);
}
END_TEST

START_TEST(clocks_are_compared)
{
	static const struct {
		int64_t offset;
		enum forge_check_result result;
	} rows[] = {
		{ 0, FORGE_CHECK_GOOD },       { 59, FORGE_CHECK_GOOD },
		{ -120, FORGE_CHECK_WARNING }, { 400, FORGE_CHECK_BAD },
		{ -400, FORGE_CHECK_BAD },
	};
	clock_set_for_tests(NOW);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call_checks checks = { .arena = arena_new(1 << 20) };
		call_check_clock(&checks, NOW + rows[i].offset * CLOCK_SECOND);
		ck_assert_uint_eq(checks.count, 1);
		ck_assert_int_eq(checks.items[0].result, rows[i].result);
		arena_free(checks.arena);
	}
	clock_set_for_tests(-1);
}
END_TEST

START_TEST(names_that_climb_are_refused)
{
	static const char *const names[] = { "",       "a//b", "/a/b", "a/b/",
					     "a/../b", ".",    "a/.." };
	begin();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct forge_merge_request out;
		struct error cause = ERROR_INIT;
		ck_assert_int_eq(forge_merge_request(forge, names[i], 1, arena, &out,
						     &retry_at, &cause),
				 ERROR_USAGE);
	}
	ck_assert_uint_eq(scene.request_count, 0);
	end();
}
END_TEST

START_TEST(items_that_make_no_sense_are_refused)
{
	struct oid id;
	oid_parse("6dcb09b5b57875f334f61aebed695e2e4193db5e", 40, &id);
	struct msg_report_item rows[] = {
		{ .kind = "status", .name = "a/b", .context = "c", .state = "success" },
		{ .kind = "status", .name = "a/b", .commit = id, .state = "success" },
		{ .kind = "status",
		  .name = "a/b",
		  .commit = id,
		  .context = "c",
		  .state = "green" },
		{ .kind = "comment", .name = "a/b", .commit = id, .state = "success" },
		{ .kind = "tweet", .name = "a/b", .commit = id, .state = "success" },
		{ .kind = "status", .commit = id, .context = "c", .state = "success" },
	};
	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *ref = "";
		struct error cause = ERROR_INIT;
		ck_assert_int_eq(forge_report(forge, &rows[i], NULL, 0, arena, &ref,
					      &retry_at, &cause),
				 ERROR_USAGE);
	}
	ck_assert_uint_eq(scene.request_count, 0);
	end();
}
END_TEST

START_TEST(forges_without_an_api_do_not_open)
{
	static const char *const kinds[] = { "hmac", "standard-webhooks", "", "svn" };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct msg_forge_session session = { .kind = kinds[i],
						     .api = "https://example.org",
						     .timeout = CLOCK_SECOND };
		struct error cause = ERROR_INIT;
		struct forge *none = NULL;
		ck_assert_int_eq(forge_open(&none, &session, &cause), ERROR_USAGE);
		ck_assert_ptr_null(none);
	}
}
END_TEST

UNIT_MAIN("forge", each_status_is_one_error, conflict_passes_where_it_is_said,
	  limits_say_when_to_come_back, budget_is_kept, what_the_forge_said_is_told,
	  what_the_forge_said_is_bounded, missing_rights_are_named,
	  replies_that_are_no_json_fail, targets_are_escaped, no_target_is_no_request,
	  pages_are_followed, endless_lists_end, pages_elsewhere_are_not_asked_for,
	  fields_are_read, fields_that_are_needed_fail, texts_are_bounded,
	  cutting_counts_characters, clocks_are_compared, names_that_climb_are_refused,
	  items_that_make_no_sense_are_refused, forges_without_an_api_do_not_open)
