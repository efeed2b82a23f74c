/* tests/unit/test_forge_gitea.c - what Gitea and Forgejo are told and asked. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/markdown.h"
#include "forge_scene.h"
#include "unit.h"

#define SHA      "6dcb09b5b57875f334f61aebed695e2e4193db5e"
#define OLD      "1111111111111111111111111111111111111111"
#define MERGED   "e5bd3914e2e596debea16f433f57875b5b90bcd6"
#define REPO     "/api/v1/repos/acme/shop"
#define STATUSES "GET " REPO "/commits/" SHA "/statuses?sort=recentupdate&limit=50"
#define POST     "POST " REPO "/statuses/" SHA
#define PULL     "GET " REPO "/pulls/7"
#define REVIEWS  "GET " REPO "/pulls/7/reviews?limit=50"
#define COMMENTS "GET " REPO "/issues/7/comments"
#define HOOK     "https://gate.example/hooks/forge"

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static int64_t retry_at;

static void begin(void)
{
	struct msg_forge_session session = { .kind = "forgejo", .token = "t0ken" };
	scene_begin(&scene);
	forge = scene_open(&scene, &session);
	arena = arena_new((size_t)64 << 20);
}

static void end(void)
{
	ck_assert_uint_eq(scene_strangers(&scene), 0);
	forge_close(forge);
	arena_free(arena);
	scene_end(&scene);
}

/* --- statuses --- */

static struct msg_report_item status_item(const char *state)
{
	struct msg_report_item item = { .id = 1,
					.kind = "status",
					.name = "acme/shop",
					.context = "gitgate/policy",
					.state = state,
					.description = "main-is-signed refuses",
					.link = "https://gate.example/1" };
	oid_parse(SHA, 40, &item.commit);
	return item;
}

static const char *report(const struct msg_report_item *item)
{
	const char *ref = "";
	err = (struct error)ERROR_INIT;
	int code = forge_report(forge, item, NULL, 0, arena, &ref, &retry_at, &err);
	ck_assert_msg(code == 0, "%s", err.text);
	return ref;
}

START_TEST(status_is_posted)
{
	struct msg_report_item item = status_item("failure");
	begin();
	scene_always(&scene, STATUSES, 200, "[]");
	scene_always(&scene, POST, 201, "{\"id\":41}");
	ck_assert_str_eq(report(&item), "41");
	const struct scene_request *request = scene_last(&scene, POST);
	ck_assert_str_eq(scene_text(&scene, request, "state"), "failure");
	ck_assert_str_eq(scene_text(&scene, request, "context"), "gitgate/policy");
	ck_assert_str_eq(scene_text(&scene, request, "description"), "main-is-signed "
								     "refuses");
	ck_assert_str_eq(scene_text(&scene, request, "target_url"), "https://"
								    "gate.example/1");
	ck_assert_ptr_nonnull(strstr(request->head, "Authorization: token t0ken\r\n"));
	end();
}
END_TEST

START_TEST(states_have_their_words)
{
	static const char *const rows[][2] = {
		{ "pending", "pending" }, { "running", "pending" },
		{ "success", "success" }, { "failure", "failure" },
		{ "error", "error" },     { "cancelled", "error" },
		{ "skipped", "success" },
	};
	begin();
	scene_always(&scene, STATUSES, 200, "[]");
	scene_always(&scene, POST, 201, "{\"id\":41}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msg_report_item item = status_item(rows[i][0]);
		item.forge_ref = "40";
		report(&item);
		ck_assert_str_eq(scene_text(&scene, scene_last(&scene, POST), "state"),
				 rows[i][1]);
	}
	/* Before what is final: the reply to it may have been lost. */
	ck_assert_uint_eq(scene_count(&scene, STATUSES), 5);
	end();
}
END_TEST

START_TEST(equal_status_is_not_posted_again)
{
	static const char same[] = "[{\"id\":9,\"context\":\"other\",\"status\":"
				   "\"success\"},"
				   "{\"id\":8,\"context\":\"gitgate/"
				   "policy\",\"status\":\"failure\","
				   "\"description\":\"main-is-signed refuses\","
				   "\"target_url\":\"https://gate.example/1\"}]";
	struct msg_report_item item = status_item("failure");
	begin();
	scene_always(&scene, STATUSES, 200, same);
	ck_assert_str_eq(report(&item), "8");
	ck_assert_uint_eq(scene_count(&scene, POST), 0);
	end();
}
END_TEST

START_TEST(older_equal_status_does_not_count)
{
	static const char other[] = "[{\"id\":9,\"context\":\"gitgate/"
				    "policy\",\"status\":\"success\"},"
				    "{\"id\":8,\"context\":\"gitgate/"
				    "policy\",\"status\":\"failure\","
				    "\"description\":\"main-is-signed refuses\","
				    "\"target_url\":\"https://gate.example/1\"}]";
	struct msg_report_item item = status_item("failure");
	begin();
	scene_always(&scene, STATUSES, 200, other);
	scene_always(&scene, POST, 201, "{\"id\":41}");
	ck_assert_str_eq(report(&item), "41");
	end();
}
END_TEST

START_TEST(long_description_is_cut)
{
	static char text[1000];
	struct msg_report_item item = status_item("failure");
	memset(text, 'x', sizeof(text) - 1);
	item.description = text;
	item.forge_ref = "1";
	begin();
	scene_always(&scene, STATUSES, 200, "[]");
	scene_always(&scene, POST, 201, "{\"id\":41}");
	report(&item);
	ck_assert_uint_eq(
		strlen(scene_text(&scene, scene_last(&scene, POST), "description")),
		255);
	end();
}
END_TEST

START_TEST(right_that_is_missing_is_named)
{
	const char *ref;
	struct msg_report_item item = status_item("failure");
	item.forge_ref = "1";
	begin();
	scene_always(&scene, STATUSES, 200, "[]");
	scene_always(&scene, POST, 403,
		     "{\"message\":\"token does not have at least one of required "
		     "scope(s): [write:repository]\"}");
	ck_assert_int_eq(
		forge_report(forge, &item, NULL, 0, arena, &ref, &retry_at, &err),
		ERROR_FORGE_DENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "write:repository"));
	end();
}
END_TEST

START_TEST(api_path_is_added_once)
{
	static const char *const tails[] = { "", "/", "/api/v1", "/api/v1/" };
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct msg_forge_session session = { .kind = "gitea",
						     .timeout = 5000000 };
		char api[128];
		scene_begin(&scene);
		arena = arena_new(1 << 20);
		snprintf(api, sizeof(api), "%s%s", scene.base, tails[i]);
		session.api = api;
		ck_assert_int_eq(forge_open(&forge, &session, &err), 0);
		struct msg_report_item item = status_item("success");
		item.forge_ref = "1";
		scene_always(&scene, STATUSES, 200, "[]");
		scene_always(&scene, POST, 201, "{\"id\":41}");
		report(&item);
		ck_assert_ptr_null(strstr(scene_last(&scene, POST)->head, "Authorizatio"
									  "n"));
		end();
	}
}
END_TEST

/* --- the comment --- */

static struct msg_report_item comment_item(const char *ref)
{
	struct msg_report_item item = status_item("failure");
	item.kind = "comment";
	item.number = 7;
	item.forge_ref = ref;
	return item;
}

#define USER        "GET /api/v1/user"
#define NEW_COMMENT "POST " REPO "/issues/7/comments"
#define COMMENT     "PATCH " REPO "/issues/comments/77"

START_TEST(comment_is_made_once)
{
	struct msg_report_item item = comment_item("");
	begin();
	scene_always(&scene, USER, 200, "{\"login\":\"gate\"}");
	scene_always(&scene, COMMENTS, 200,
		     "[{\"id\":1,\"body\":\"<!-- gitgate -->\\nfake\",\"user\":"
		     "{\"login\":\"mallory\"}},{\"id\":2,\"body\":\"hello\",\"user\":"
		     "{\"login\":\"gate\"}}]");
	scene_always(&scene, NEW_COMMENT, 201, "{\"id\":77}");
	ck_assert_str_eq(report(&item), "77");
	const char *body = scene_text(&scene, scene_last(&scene, NEW_COMMENT), "body");
	ck_assert(text_starts_with(body, MARKDOWN_MARKER "\n" MARKDOWN_BEGIN));
	end();
}
END_TEST

START_TEST(known_comment_is_updated)
{
	struct msg_report_item item = comment_item("77");
	begin();
	scene_once(&scene, COMMENT, 200, "{\"id\":77}");
	scene_once(&scene, COMMENT, 204, "");
	ck_assert_str_eq(report(&item), "77");
	ck_assert_str_eq(report(&item), "77");
	ck_assert_uint_eq(scene.request_count, 2);
	end();
}
END_TEST

START_TEST(own_comment_is_found_again)
{
	struct msg_report_item item = comment_item("");
	begin();
	scene_always(&scene, USER, 200, "{\"login\":\"gate\"}");
	scene_always(&scene, COMMENTS, 200,
		     "[{\"id\":77,\"body\":\"<!-- gitgate -->\\nold\",\"user\":"
		     "{\"login\":\"gate\"}}]");
	scene_always(&scene, COMMENT, 200, "{\"id\":77}");
	ck_assert_str_eq(report(&item), "77");
	ck_assert_uint_eq(scene_count(&scene, NEW_COMMENT), 0);
	end();
}
END_TEST

START_TEST(deleted_comment_is_made_anew)
{
	struct msg_report_item item = comment_item("77");
	begin();
	scene_always(&scene, COMMENT, 404, "{}");
	scene_always(&scene, USER, 200, "{\"login\":\"gate\"}");
	scene_always(&scene, COMMENTS, 200, "[]");
	scene_always(&scene, NEW_COMMENT, 201, "{\"id\":78}");
	ck_assert_str_eq(report(&item), "78");
	end();
}
END_TEST

START_TEST(unknown_self_takes_nobodys_comment)
{
	struct msg_report_item item = comment_item("");
	begin();
	scene_always(&scene, USER, 403, "{}");
	scene_always(&scene, NEW_COMMENT, 201, "{\"id\":78}");
	ck_assert_str_eq(report(&item), "78");
	end();
}
END_TEST

/* --- merge requests --- */

#define PULL_BODY(state, merged, repository)                                           \
	"{\"number\":7,\"state\":\"" state "\",\"merged\":" merged                     \
	",\"merge_commit_sha\":\"" MERGED "\",\"title\":\"A \\u202etitle\","           \
	"\"html_url\":\"https://git.example.org/acme/shop/pulls/7\","                  \
	"\"updated_at\":\"2026-11-21T09:30:00Z\",\"user\":{\"login\":\"alice\"},"      \
	"\"head\":{\"sha\":\"" SHA "\",\"ref\":\"topic\",\"repo\":" repository         \
	"},\"base\":{\"sha\":\"" OLD "\",\"ref\":\"main\"}}"

static struct forge_merge_request request;

static void ask(void)
{
	err = (struct error)ERROR_INIT;
	int code = forge_merge_request(forge, "acme/shop", 7, arena, &request,
				       &retry_at, &err);
	ck_assert_msg(code == 0, "%s", err.text);
}

START_TEST(pull_request_is_read)
{
	begin();
	scene_once(&scene, PULL, 200,
		   PULL_BODY("open", "false", "{\"full_name\":\"bob/shop\"}"));
	scene_once(&scene, PULL, 200, PULL_BODY("closed", "true", "null"));
	scene_always(&scene, REVIEWS, 200, "[]");
	ask();
	ck_assert_uint_eq(request.row.number, 7);
	ck_assert_str_eq(request.row.state, "open");
	ck_assert_str_eq(oid_text(&request.row.head), SHA);
	ck_assert_str_eq(oid_text(&request.row.base), OLD);
	ck_assert_str_eq(request.row.head_ref, "refs/heads/topic");
	ck_assert_str_eq(request.row.base_ref, "refs/heads/main");
	ck_assert_str_eq(request.row.head_repository, "bob/shop");
	ck_assert_str_eq(request.row.author, "alice");
	ck_assert_str_eq(request.row.title, "A \\u{202e}title");
	ck_assert(!request.row.draft);
	ck_assert_uint_eq(request.row.merge_commit.length, 0);
	ck_assert_int_eq(request.row.updated_at, INT64_C(1795253400000000));
	ask();
	ck_assert_str_eq(request.row.state, "merged");
	ck_assert_str_eq(oid_text(&request.row.merge_commit), MERGED);
	ck_assert_str_eq(request.row.head_repository, "");
	end();
}
END_TEST

static const struct msg_review_row *review_of(const char *reviewer)
{
	for (size_t i = 0; i < request.review_count; i++)
		if (strcmp(request.reviews[i].reviewer, reviewer) == 0)
			return &request.reviews[i];
	return NULL;
}

#define REVIEW(login, state, rest)                                                     \
	"{\"user\":{\"login\":\"" login "\"},\"state\":\"" state                       \
	"\",\"commit_id\":\"" SHA "\"," rest "}"
#define COUNTS "\"official\":true,\"stale\":false,\"dismissed\":false"

START_TEST(only_what_counts_approves)
{
	static const struct {
		const char *page;
		const char *state; /* NULL: none */
	} rows[] = {
		{ REVIEW("bob", "APPROVED", COUNTS), "approved" },
		{ REVIEW("bob", "APPROVED",
			 "\"official\":false,\"stale\":false,\"dismissed\":false"),
		  "dismissed" },
		{ REVIEW("bob", "APPROVED",
			 "\"official\":true,\"stale\":true,\"dismissed\":false"),
		  "dismissed" },
		{ REVIEW("bob", "APPROVED",
			 "\"official\":true,\"stale\":false,\"dismissed\":true"),
		  "dismissed" },
		{ REVIEW("bob", "APPROVED", "\"x\":1"), "dismissed" },
		{ REVIEW("bob", "REQUEST_CHANGES",
			 "\"official\":false,\"stale\":true,\"dismissed\":false"),
		  "changes-requested" },
		{ REVIEW("bob", "REQUEST_CHANGES", "\"dismissed\":true"), "dismissed" },
		{ REVIEW("bob", "COMMENT", COUNTS), "commented" },
		{ REVIEW("bob", "PENDING", COUNTS), NULL },
		{ REVIEW("bob", "REQUEST_REVIEW", COUNTS), NULL },
		{ REVIEW("bob", "", COUNTS), NULL },
		{ REVIEW("bob", "approved", COUNTS), NULL },
		{ REVIEW("bob", "APPROVED", COUNTS) "," REVIEW("bob", "COMMENT",
							       COUNTS),
		  "approved" },
		{ REVIEW("bob", "APPROVED", COUNTS) "," REVIEW("Bob", "REQUEST_CHANGES",
							       COUNTS),
		  "changes-requested" },
		{ REVIEW("bob", "APPROVED", COUNTS) "," REVIEW("bob", "APPROVED",
							       "\"official\":true,"
							       "\"stale\":false,"
							       "\"dismissed\":true"),
		  "dismissed" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char page[2048];
		begin();
		snprintf(page, sizeof(page), "[%s]", rows[i].page);
		scene_always(&scene, PULL, 200, PULL_BODY("open", "false", "null"));
		scene_always(&scene, REVIEWS, 200, page);
		ask();
		ck_assert_uint_eq(request.review_count, rows[i].state != NULL ? 1 : 0);
		if (rows[i].state != NULL) {
			ck_assert_str_eq(request.reviews[0].state, rows[i].state);
			ck_assert_str_eq(oid_text(&request.reviews[0].commit), SHA);
		}
		end();
	}
}
END_TEST

START_TEST(real_pages_of_reviews_are_read)
{
	char head[256];
	begin();
	char *first = scene_shared(&scene, "atlantis-gitea/"
					   "list-pull-reviews-page-1-comment.json");
	char *second = scene_shared(&scene, "atlantis-gitea/"
					    "list-pull-reviews-page-2-approved.json");
	if (first != NULL && second != NULL) {
		snprintf(head, sizeof(head),
			 "Link: <%s" REPO "/pulls/7/reviews?page=2>; rel=\"next\"\r\n",
			 scene.base);
		scene_always(&scene, PULL, 200, PULL_BODY("open", "false", "null"));
		scene_headers(&scene, REVIEWS, 200, head, first);
		scene_always(&scene, "GET " REPO "/pulls/7/reviews?page=2", 200,
			     second);
		ask();
		ck_assert_uint_eq(request.review_count, 4);
		ck_assert_str_eq(review_of("reviewer-1")->state, "commented");
		ck_assert_str_eq(review_of("reviewer-3")->state, "changes-requested");
		ck_assert_uint_eq(review_of("reviewer-3")->commit.length, 20);
	}
	end();
}
END_TEST

START_TEST(another_pull_request_is_not_taken)
{
	begin();
	scene_always(&scene, "GET " REPO "/pulls/8", 200,
		     PULL_BODY("open", "false", "null"));
	ck_assert_int_eq(forge_merge_request(forge, "acme/shop", 8, arena, &request,
					     &retry_at, &err),
			 ERROR_FORGE);
	end();
}
END_TEST

START_TEST(open_ones_are_listed)
{
	struct forge_merge_request *found;
	size_t count;
	begin();
	scene_always(&scene, "GET " REPO "/pulls?state=open&limit=50", 200,
		     "[{\"number\":7},{\"number\":9}]");
	scene_always(&scene, PULL, 200, PULL_BODY("open", "false", "null"));
	scene_always(&scene, REVIEWS, 200, "[" REVIEW("bob", "APPROVED", COUNTS) "]");
	scene_always(&scene, "GET " REPO "/pulls/9", 404, "{}");
	ck_assert_int_eq(forge_open_merge_requests(forge, "acme/shop", arena, &found,
						   &count, &retry_at, &err),
			 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(found[0].review_count, 1);
	end();
}
END_TEST

START_TEST(commit_leads_to_its_pull_request)
{
	struct forge_merge_request *found;
	struct oid id;
	size_t count;
	oid_parse(MERGED, 40, &id);
	begin();
	scene_once(&scene, "GET " REPO "/commits/" MERGED "/pull", 200,
		   "{\"number\":7}");
	scene_always(&scene, "GET " REPO "/commits/" MERGED "/pull", 404, "{}");
	scene_always(&scene, PULL, 200, PULL_BODY("closed", "true", "null"));
	scene_always(&scene, REVIEWS, 200, "[]");
	ck_assert_int_eq(forge_commit_merge_requests(forge, "acme/shop", &id, arena,
						     &found, &count, &retry_at, &err),
			 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(forge_commit_merge_requests(forge, "acme/shop", &id, arena,
						     &found, &count, &retry_at, &err),
			 0);
	ck_assert_uint_eq(count, 0);
	end();
}
END_TEST

/* --- set-up --- */

static const struct forge_set_up set_up = {
	.name = "acme/shop", .branch = "main", .hook_url = HOOK, .secret = "s3cret"
};
static struct forge_check *checks;
static size_t check_count;

static const struct forge_check *check_of(const char *what)
{
	for (size_t i = 0; i < check_count; i++)
		if (strcmp(checks[i].what, what) == 0)
			return &checks[i];
	return NULL;
}

static void test_set_up(void)
{
	int code = forge_test(forge, &set_up, arena, &checks, &check_count, &err);
	ck_assert_msg(code == 0, "%s", err.text);
}

#define ADMIN "{\"permissions\":{\"admin\":true,\"push\":true,\"pull\":true}}"
#define HOOKS "GET " REPO "/hooks?limit=50"
#define RULES "GET " REPO "/branch_protections"

START_TEST(good_set_up_is_good)
{
	begin();
	scene_always(&scene, "GET " REPO, 200, ADMIN);
	scene_always(&scene, USER, 200, "{\"login\":\"gate\"}");
	scene_always(&scene, HOOKS, 200,
		     "[{\"id\":3,\"active\":true,\"config\":{\"url\":\"" HOOK
		     "\",\"content_type\":\"json\"},\"events\":[\"push\","
		     "\"pull_request\"]}]");
	scene_always(&scene, RULES, 200,
		     "[{\"rule_name\":\"main\",\"enable_status_check\":true,"
		     "\"status_check_contexts\":[\"ci\",\"gitgate/*\"]}]");
	test_set_up();
	for (size_t i = 0; i < check_count; i++)
		ck_assert_msg(checks[i].result == FORGE_CHECK_GOOD ||
				      strcmp(checks[i].what, "clock") == 0,
			      "%s: %s", checks[i].what, checks[i].text);
	ck_assert_ptr_nonnull(check_of("webhook"));
	ck_assert_ptr_nonnull(check_of("required status"));
	end();
}
END_TEST

START_TEST(what_is_wrong_is_said_with_its_mend)
{
	begin();
	scene_always(&scene, "GET " REPO, 200, ADMIN);
	scene_always(&scene, USER, 403, "{}");
	scene_always(&scene, HOOKS, 200,
		     "[{\"id\":3,\"active\":true,\"config\":{\"url\":\"" HOOK "\"},"
		     "\"events"
		     "\":["
		     "\"push\""
		     "]}]");
	scene_always(&scene, RULES, 200, "[]");
	test_set_up();
	ck_assert_int_eq(check_of("token")->result, FORGE_CHECK_WARNING);
	ck_assert_int_eq(check_of("webhook")->result, FORGE_CHECK_BAD);
	ck_assert_ptr_nonnull(strstr(check_of("webhook")->mend, "gitgate forge hook"));
	ck_assert_int_eq(check_of("required status")->result, FORGE_CHECK_WARNING);
	ck_assert_ptr_nonnull(check_of("required status")->mend);
	end();
}
END_TEST

START_TEST(reader_without_rights_is_told)
{
	begin();
	scene_always(&scene, "GET " REPO, 200,
		     "{\"permissions\":{\"admin\":false,\"push\":false}}");
	scene_always(&scene, USER, 200, "{\"login\":\"gate\"}");
	test_set_up();
	ck_assert_int_eq(check_of("rights")->result, FORGE_CHECK_BAD);
	ck_assert_int_eq(check_of("webhook")->result, FORGE_CHECK_UNKNOWN);
	end();
}
END_TEST

START_TEST(bad_token_is_one_check)
{
	begin();
	scene_always(&scene, "GET " REPO, 401, "{}");
	test_set_up();
	ck_assert_uint_eq(check_count, 1);
	ck_assert_str_eq(checks[0].what, "token");
	ck_assert_int_eq(checks[0].result, FORGE_CHECK_BAD);
	end();
}
END_TEST

START_TEST(broken_forge_is_an_error)
{
	begin();
	scene_always(&scene, "GET " REPO, 500, "{}");
	ck_assert_int_eq(forge_test(forge, &set_up, arena, &checks, &check_count, &err),
			 ERROR_FORGE);
	end();
}
END_TEST

START_TEST(webhook_is_made_and_replaced)
{
	const char *text;
	begin();
	scene_once(&scene, HOOKS, 200, "[]");
	scene_always(&scene, HOOKS, 200,
		     "[{\"id\":3,\"active\":true,\"config\":{\"url\":\"" HOOK
		     "\"},\"events\":[]},{\"id\":4,\"config\":{\"url\":\"https://"
		     "other.example/\"},\"events\":[]}]");
	scene_always(&scene, "POST " REPO "/hooks", 201, "{\"id\":5}");
	scene_always(&scene, "DELETE " REPO "/hooks/3", 204, "");
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err), 0);
	ck_assert(text_starts_with(text, "made"));
	const struct scene_request *made = scene_last(&scene, "POST " REPO "/hooks");
	ck_assert_str_eq(scene_text(&scene, made, "type"), "forgejo");
	ck_assert_str_eq(scene_text(&scene, made, "config.url"), HOOK);
	ck_assert_str_eq(scene_text(&scene, made, "config.secret"), "s3cret");
	ck_assert_str_eq(scene_text(&scene, made, "config.content_type"), "json");
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err), 0);
	ck_assert(text_starts_with(text, "replaced"));
	ck_assert_uint_eq(scene_count(&scene, "DELETE " REPO "/hooks/3"), 1);
	end();
}
END_TEST

UNIT_MAIN("forge", status_is_posted, states_have_their_words,
	  equal_status_is_not_posted_again, older_equal_status_does_not_count,
	  long_description_is_cut, right_that_is_missing_is_named,
	  api_path_is_added_once, comment_is_made_once, known_comment_is_updated,
	  own_comment_is_found_again, deleted_comment_is_made_anew,
	  unknown_self_takes_nobodys_comment, pull_request_is_read,
	  only_what_counts_approves, real_pages_of_reviews_are_read,
	  another_pull_request_is_not_taken, open_ones_are_listed,
	  commit_leads_to_its_pull_request, good_set_up_is_good,
	  what_is_wrong_is_said_with_its_mend, reader_without_rights_is_told,
	  bad_token_is_one_check, broken_forge_is_an_error,
	  webhook_is_made_and_replaced)
