/* tests/unit/test_forge_github_report.c - what GitHub is told: statuses, check runs,
 * the comment. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/call.h"
#include "forge_key.h"
#include "forge_scene.h"
#include "unit.h"

#define SHA         "6dcb09b5b57875f334f61aebed695e2e4193db5e"
#define REPO        "/repos/acme/shop"
#define READ_STATUS "GET " REPO "/commits/" SHA "/status?per_page=100"
#define POST_STATUS "POST " REPO "/statuses/" SHA
#define FIND_RUN                                                                       \
	"GET " REPO "/commits/" SHA "/check-runs?check_name=gitgate%2Fpolicy"          \
	"&filter=latest&app_id=77&per_page=100"
#define POST_RUN      "POST " REPO "/check-runs"
#define COMMENTS      "GET " REPO "/issues/7/comments?per_page=100"
#define POST_COMMENT  "POST " REPO "/issues/7/comments"
#define NOTHING_THERE "{\"total_count\":0,\"check_runs\":[]}"

/* A report and what came of it. */
struct world {
	struct scene scene;
	struct forge *forge;
	struct arena *arena;
	struct msg_report_item item;
	struct msg_finding_row findings[200];
	size_t finding_count;
	const char *ref;
	int64_t retry_at;
	struct error err;
};

static struct world world;

static void begin(struct msg_forge_session *session)
{
	memset(&world, 0, sizeof(world));
	scene_begin(&world.scene);
	session->kind = "github";
	world.forge = scene_open(&world.scene, session);
	world.arena = arena_new((size_t)64 << 20);
	world.item = (struct msg_report_item){ .id = 12,
					       .created_at = 5000,
					       .kind = "status",
					       .name = "acme/shop",
					       .context = "gitgate/policy",
					       .state = "failure",
					       .description = "refused",
					       .link = "https://gate.example.org/c/1",
					       .number = 7 };
	ck_assert_int_eq(oid_parse(SHA, strlen(SHA), &world.item.commit), 0);
}

static void begin_with_token(void)
{
	struct msg_forge_session session = { .token = "t0ken" };
	begin(&session);
}

/* As an App whose installation's token is known and whose owner is asked for. */
static void begin_as_app(void)
{
	struct msg_forge_session session = {
		.app_id = 77,
		.app_key = forge_key,
		.installation = 3,
		.installation_token = "ghs_kept",
		.installation_expires = clock_now() + 3600 * CLOCK_SECOND,
	};
	begin(&session);
	scene_always(&world.scene, "GET " REPO "/installation", 200, "{\"id\":3}");
}

static void end(void)
{
	forge_close(world.forge);
	arena_free(world.arena);
	scene_end(&world.scene);
}

static int report(void)
{
	world.err = (struct error)ERROR_INIT;
	return forge_report(world.forge, &world.item, world.findings,
			    world.finding_count, world.arena, &world.ref,
			    &world.retry_at, &world.err);
}

static void must_report(void)
{
	int rc = report();
	ck_assert_msg(rc == 0, "%s", world.err.text);
	ck_assert_uint_eq(scene_strangers(&world.scene), 0);
}

static const char *said(const char *line, const char *path)
{
	return scene_text(&world.scene, scene_last(&world.scene, line), path);
}

/* --- statuses --- */

START_TEST(first_status_is_posted_when_another_stands_there)
{
	begin_with_token();
	scene_always(&world.scene, READ_STATUS, 200,
		     "{\"state\":\"pending\",\"statuses\":[{\"id\":5,\"context\":"
		     "\"ci/build\",\"state\":\"failure\",\"description\":\"refused\","
		     "\"target_url\":\"https://gate.example.org/c/1\"}]}");
	scene_always(&world.scene, POST_STATUS, 201, "{\"id\":9007199254740993}");
	must_report();
	ck_assert_str_eq(world.ref, "9007199254740993");
	ck_assert_str_eq(said(POST_STATUS, "state"), "failure");
	ck_assert_str_eq(said(POST_STATUS, "context"), "gitgate/policy");
	ck_assert_str_eq(said(POST_STATUS, "description"), "refused");
	ck_assert_str_eq(said(POST_STATUS, "target_url"), "https://gate.example.org/c/"
							  "1");
	const char *head = scene_last(&world.scene, POST_STATUS)->head;
	ck_assert_ptr_nonnull(strstr(head, "\r\nAuthorization: Bearer t0ken"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nAccept: application/vnd.github+json"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nX-GitHub-Api-Version: 2022-11-28"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nUser-Agent: gitgate"));
	end();
}
END_TEST

START_TEST(status_that_stands_there_is_not_posted_again)
{
	begin_with_token();
	world.item.forge_ref = "4"; /* of the pending one: the final one was lost */
	scene_always(&world.scene, READ_STATUS, 200,
		     "{\"statuses\":[{\"id\":8,\"context\":\"GitGate/Policy\","
		     "\"state\":\"failure\",\"description\":\"refused\","
		     "\"target_url\":\"https://gate.example.org/c/1\"}]}");
	must_report();
	ck_assert_str_eq(world.ref, "8");
	ck_assert_uint_eq(scene_count(&world.scene, POST_STATUS), 0);
	end();
}
END_TEST

START_TEST(states_become_those_of_github)
{
	static const char *const states[][2] = {
		{ "pending", "pending" }, { "running", "pending" },
		{ "success", "success" }, { "failure", "failure" },
		{ "error", "error" },     { "cancelled", "error" },
		{ "skipped", "success" },
	};
	begin_with_token();
	scene_always(&world.scene, READ_STATUS, 200, "{\"statuses\":[]}");
	scene_always(&world.scene, POST_STATUS, 201, "{\"id\":1}");
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		world.item.state = states[i][0];
		must_report();
		ck_assert_str_eq(said(POST_STATUS, "state"), states[i][1]);
	}
	end();
}
END_TEST

START_TEST(later_pending_status_asks_nothing_first)
{
	begin_with_token();
	world.item.state = "pending";
	world.item.forge_ref = "4";
	scene_always(&world.scene, POST_STATUS, 201, "{\"id\":5}");
	must_report();
	ck_assert_uint_eq(world.scene.request_count, 1);
	end();
}
END_TEST

START_TEST(description_is_cut_at_a_character_and_escaped)
{
	char text[1200] = "a\nb";
	begin_with_token();
	for (int i = 0; i < 200; i++)
		strncat(text, "\xc3\xa9", 3);
	world.item.description = text;
	world.item.link = "";
	scene_always(&world.scene, READ_STATUS, 200, "{\"statuses\":[]}");
	scene_always(&world.scene, POST_STATUS, 201, "{\"id\":1}");
	must_report();
	const char *description = said(POST_STATUS, "description");
	size_t characters = 0;
	for (const char *at = description; *at; at++)
		characters += (*at & 0xC0) != 0x80;
	ck_assert_uint_le(characters, 140);
	ck_assert_uint_gt(characters, 130);
	ck_assert_ptr_null(strchr(description, '\n'));
	ck_assert_str_eq(said(POST_STATUS, "target_url"), "-");
	end();
}
END_TEST

START_TEST(refusals_are_told_apart)
{
	static const struct {
		int status;
		const char *head;
		int code;
	} cases[] = {
		{ 401, "", ERROR_FORGE_DENIED },
		{ 403, "", ERROR_FORGE_DENIED },
		{ 403, "Retry-After: 30\r\n", ERROR_RATE_LIMITED },
		{ 429, "Retry-After: 30\r\n", ERROR_RATE_LIMITED },
		{ 404, "", ERROR_NOT_FOUND },
		{ 422, "", ERROR_FORGE_REFUSED },
		{ 500, "", ERROR_FORGE },
		{ 502, "", ERROR_FORGE },
	};
	begin_with_token();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&world.scene);
		world.retry_at = 0;
		scene_always(&world.scene, READ_STATUS, 200, "{\"statuses\":[]}");
		scene_headers(&world.scene, POST_STATUS, cases[i].status, cases[i].head,
			      "{\"message\":\"no\x1b[31m\"}");
		ck_assert_int_eq(report(), cases[i].code);
		ck_assert_ptr_null(strstr(world.err.text, "t0ken"));
		ck_assert_ptr_null(strchr(world.err.text, '\x1b'));
		ck_assert((world.retry_at != 0) ==
			  (cases[i].code == ERROR_RATE_LIMITED));
	}
	end();
}
END_TEST

START_TEST(reply_without_an_id_is_an_error)
{
	begin_with_token();
	scene_always(&world.scene, READ_STATUS, 200, "{\"statuses\":[]}");
	scene_always(&world.scene, POST_STATUS, 201, "{\"id\":null}");
	ck_assert_int_eq(report(), ERROR_FORGE);
	scene_reset(&world.scene);
	scene_always(&world.scene, READ_STATUS, 200, "<html>");
	ck_assert_int_eq(report(), ERROR_FORGE);
	end();
}
END_TEST

/* --- check runs --- */

static void add_findings(size_t count)
{
	for (size_t i = 0; i < count; i++)
		world.findings[i] = (struct msg_finding_row){ .severity = i % 2 ? "warn"
										  "ing"
										: "erro"
										  "r",
							      .rule = "hygiene",
							      .message = "a line is "
									 "too long",
							      .mend = "break it",
							      .path = "src/a.c",
							      .line = i + 1,
							      .column = 3 };
	world.finding_count = count;
}

START_TEST(check_run_is_made_and_completed)
{
	begin_as_app();
	world.item.state = "pending";
	scene_always(&world.scene, FIND_RUN, 200, NOTHING_THERE);
	scene_always(&world.scene, POST_RUN, 201, "{\"id\":41}");
	must_report();
	ck_assert_str_eq(world.ref, "41");
	ck_assert_str_eq(said(POST_RUN, "status"), "queued");
	ck_assert_str_eq(said(POST_RUN, "name"), "gitgate/policy");
	ck_assert_str_eq(said(POST_RUN, "head_sha"), SHA);
	ck_assert_str_eq(said(POST_RUN, "conclusion"), "-");
	ck_assert_str_eq(said(POST_RUN, "details_url"), "https://gate.example.org/c/1");

	world.item.state = "failure";
	world.item.created_at = 6000;
	world.item.forge_ref = "41";
	add_findings(2);
	scene_always(&world.scene, "GET " REPO "/check-runs/41", 200,
		     "{\"id\":41,\"name\":\"gitgate/policy\",\"head_sha\":\"" SHA
		     "\",\"status\":\"queued\",\"external_id\":\"gitgate-12-5000-"
		     "pending\","
		     "\"app\":{\"id\":77},\"output\":{\"annotations_count\":0}}");
	scene_always(&world.scene, "PATCH " REPO "/check-runs/41", 200, "{\"id\":41}");
	must_report();
	static const char patch[] = "PATCH " REPO "/check-runs/41";
	ck_assert_str_eq(world.ref, "41");
	ck_assert_uint_eq(scene_count(&world.scene, patch), 1);
	ck_assert_str_eq(said(patch, "status"), "completed");
	ck_assert_str_eq(said(patch, "conclusion"), "failure");
	ck_assert_str_eq(said(patch, "external_id"), "gitgate-12-6000-failure");
	const struct node *notes =
		call_child(scene_body(&world.scene, scene_last(&world.scene, patch)),
			   "output.annotations");
	ck_assert_uint_eq(node_count(notes), 2);
	ck_assert_str_eq(
		node_text(node_get(node_item(notes, 0), "annotation_level"), NULL),
		"failure");
	ck_assert_str_eq(
		node_text(node_get(node_item(notes, 1), "annotation_level"), NULL),
		"warning");
	ck_assert_str_eq(node_text(node_get(node_item(notes, 1), "start_line"), NULL),
			 "2");
	ck_assert_str_eq(node_text(node_get(node_item(notes, 1), "message"), NULL),
			 "a line is too long - mend: break it");
	const char *head = scene_last(&world.scene, patch)->head;
	ck_assert_ptr_nonnull(strstr(head, "\r\nAuthorization: Bearer ghs_kept"));
	end();
}
END_TEST

START_TEST(many_annotations_come_fifty_at_a_time)
{
	begin_as_app();
	add_findings(120);
	scene_always(&world.scene, FIND_RUN, 200, NOTHING_THERE);
	scene_always(&world.scene, POST_RUN, 201, "{\"id\":41}");
	scene_always(&world.scene, "PATCH " REPO "/check-runs/41", 200, "{\"id\":41}");
	must_report();
	ck_assert_str_eq(said(POST_RUN, "status"), "in_progress");
	ck_assert_uint_eq(scene_count(&world.scene, "PATCH " REPO "/check-runs/41"), 2);
	ck_assert_str_eq(said("PATCH " REPO "/check-runs/41", "status"), "completed");
	const struct scene_request *last =
		scene_last(&world.scene, "PATCH " REPO "/check-runs/41");
	ck_assert_uint_eq(node_count(call_child(scene_body(&world.scene, last), "output"
										".annot"
										"ation"
										"s")),
			  20);
	end();
}
END_TEST

START_TEST(check_run_goes_on_where_it_broke_off)
{
	begin_as_app();
	add_findings(120);
	world.item.forge_ref = "41";
	scene_always(&world.scene, "GET " REPO "/check-runs/41", 200,
		     "{\"id\":41,\"name\":\"gitgate/policy\",\"head_sha\":\"" SHA
		     "\",\"status\":\"in_progress\",\"external_id\":\"gitgate-12-"
		     "5000-failure\","
		     "\"app\":{\"id\":77},\"output\":{\"annotations_count\":100}}");
	scene_always(&world.scene, "PATCH " REPO "/check-runs/41", 200, "{\"id\":41}");
	must_report();
	ck_assert_uint_eq(scene_count(&world.scene, "PATCH " REPO "/check-runs/41"), 1);
	end();
}
END_TEST

START_TEST(completed_check_run_is_not_repeated)
{
	begin_as_app();
	scene_always(&world.scene, FIND_RUN, 200,
		     "{\"check_runs\":[{\"id\":40,\"name\":\"gitgate/policy\","
		     "\"head_sha\":\"" SHA "\",\"status\":\"completed\","
		     "\"conclusion\":\"failure\",\"external_id\":\"gitgate-12-5000-"
		     "failure\","
		     "\"app\":{\"id\":77},\"output\":{\"annotations_count\":0}}]}");
	must_report();
	ck_assert_str_eq(world.ref, "40");
	ck_assert_uint_eq(scene_count(&world.scene, POST_RUN), 0);
	end();
}
END_TEST

START_TEST(new_verdict_makes_a_new_check_run)
{
	begin_as_app();
	world.item.forge_ref = "40";
	world.item.created_at = 9000;
	scene_always(&world.scene, "GET " REPO "/check-runs/40", 200,
		     "{\"id\":40,\"name\":\"gitgate/policy\",\"head_sha\":\"" SHA
		     "\",\"status\":\"completed\",\"external_id\":\"gitgate-12-5000-"
		     "failure\","
		     "\"app\":{\"id\":77},\"output\":{\"annotations_count\":0}}");
	scene_always(&world.scene, POST_RUN, 201, "{\"id\":42}");
	must_report();
	ck_assert_str_eq(world.ref, "42");
	end();
}
END_TEST

START_TEST(check_run_that_is_gone_or_anothers_is_made_anew)
{
	begin_as_app();
	world.item.forge_ref = "40";
	scene_once(&world.scene, "GET " REPO "/check-runs/40", 404,
		   "{\"message\":\"Not Found\"}");
	scene_always(&world.scene, FIND_RUN, 200,
		     "{\"check_runs\":[{\"id\":39,\"name\":\"gitgate/policy\","
		     "\"head_sha\":\"" SHA "\",\"status\":\"queued\",\"app\":"
		     "{\"id\":78}}]}");
	scene_always(&world.scene, POST_RUN, 201, "{\"id\":42}");
	must_report();
	ck_assert_str_eq(world.ref, "42");
	end();
}
END_TEST

/* --- the comment --- */

static void begin_comment(void)
{
	begin_with_token();
	world.item.kind = "comment";
	scene_always(&world.scene, "GET /user", 200, "{\"login\":\"gate-bot\"}");
}

START_TEST(comment_is_made_when_there_is_none_of_ours)
{
	begin_comment();
	scene_always(&world.scene, COMMENTS, 200,
		     "[{\"id\":1,\"user\":{\"login\":\"mallory\"},\"body\":"
		     "\"<!-- gitgate -->\\nall is well\"},"
		     "{\"id\":2,\"user\":{\"login\":\"gate-bot\"},\"body\":\"hello\"},"
		     "{\"id\":3,\"user\":null,\"body\":null}]");
	scene_always(&world.scene, POST_COMMENT, 201, "{\"id\":50}");
	must_report();
	ck_assert_str_eq(world.ref, "50");
	ck_assert(text_starts_with(said(POST_COMMENT, "body"), "<!-- gitgate -->\n"));
	end();
}
END_TEST

START_TEST(own_comment_is_found_on_a_later_page_and_updated)
{
	char link[200];
	begin_comment();
	snprintf(link, sizeof(link), "Link: <%s/more?page=2>; rel=\"next\"\r\n",
		 world.scene.base);
	scene_headers(&world.scene, COMMENTS, 200, link, "[]");
	scene_always(&world.scene, "GET /more?page=2", 200,
		     "[{\"id\":8,\"user\":{\"login\":\"Gate-Bot\"},\"body\":"
		     "\"<!-- gitgate -->\\nolder\"}]");
	scene_always(&world.scene, "PATCH " REPO "/issues/comments/8", 200,
		     "{\"id\":8}");
	must_report();
	ck_assert_str_eq(world.ref, "8");
	end();
}
END_TEST

START_TEST(known_comment_is_updated_at_once_and_a_deleted_one_made_anew)
{
	begin_comment();
	world.item.forge_ref = "8";
	scene_once(&world.scene, "PATCH " REPO "/issues/comments/8", 200, "{\"id\":8}");
	must_report();
	ck_assert_uint_eq(world.scene.request_count, 1);
	scene_once(&world.scene, "PATCH " REPO "/issues/comments/8", 404, "{}");
	scene_always(&world.scene, COMMENTS, 200, "[]");
	scene_always(&world.scene, POST_COMMENT, 201, "{\"id\":51}");
	must_report();
	ck_assert_str_eq(world.ref, "51");
	end();
}
END_TEST

START_TEST(comment_that_stands_there_is_left_alone)
{
	char page[8192];
	begin_comment();
	scene_once(&world.scene, COMMENTS, 200, "[]");
	scene_always(&world.scene, POST_COMMENT, 201, "{\"id\":50}");
	must_report();
	const char *body = scene_last(&world.scene, POST_COMMENT)->body;
	snprintf(page, sizeof(page),
		 "[{\"id\":50,\"user\":{\"login\":\"gate-bot\"},%s]", body + 1);
	scene_always(&world.scene, COMMENTS, 200, page);
	must_report();
	ck_assert_str_eq(world.ref, "50");
	ck_assert_uint_eq(scene_count(&world.scene, POST_COMMENT), 1);
	end();
}
END_TEST

START_TEST(app_comments_as_its_robot)
{
	begin_as_app();
	world.item.kind = "comment";
	scene_always(&world.scene, "GET /app", 200, "{\"slug\":\"gitgate\"}");
	scene_always(&world.scene, COMMENTS, 200,
		     "[{\"id\":9,\"user\":{\"login\":\"gitgate[bot]\"},\"body\":"
		     "\"<!-- gitgate -->\\nolder\"}]");
	scene_always(&world.scene, "PATCH " REPO "/issues/comments/9", 200,
		     "{\"id\":9}");
	must_report();
	ck_assert_str_eq(world.ref, "9");
	end();
}
END_TEST

UNIT_MAIN("forge/github report", first_status_is_posted_when_another_stands_there,
	  status_that_stands_there_is_not_posted_again, states_become_those_of_github,
	  later_pending_status_asks_nothing_first,
	  description_is_cut_at_a_character_and_escaped, refusals_are_told_apart,
	  reply_without_an_id_is_an_error, check_run_is_made_and_completed,
	  many_annotations_come_fifty_at_a_time, check_run_goes_on_where_it_broke_off,
	  completed_check_run_is_not_repeated, new_verdict_makes_a_new_check_run,
	  check_run_that_is_gone_or_anothers_is_made_anew,
	  comment_is_made_when_there_is_none_of_ours,
	  own_comment_is_found_on_a_later_page_and_updated,
	  known_comment_is_updated_at_once_and_a_deleted_one_made_anew,
	  comment_that_stands_there_is_left_alone, app_comments_as_its_robot)
