/* tests/unit/test_forge_bitbucket_cloud.c - what Bitbucket Cloud is told and asked. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "forge/markdown.h"
#include "forge_scene.h"
#include "unit.h"

#define SHA      "75d1e7c57cd9aa0000000000000000000000aaaa"
#define BASE     "c641f2c615adbb0000000000000000000000bbbb"
#define REPO     "/repositories/acme/shop"
#define BUILD    "GET " REPO "/commit/" SHA "/statuses/build/gitgate%2Fpolicy"
#define TAKEN    "{\"key\":\"k\",\"state\":\"INPROGRESS\"}"
#define POST     "POST " REPO "/commit/" SHA "/statuses/build"
#define PULL     "GET " REPO "/pullrequests/12"
#define COMMENTS "GET " REPO "/pullrequests/12/comments?pagelen=100"
#define MADE     "POST " REPO "/pullrequests/12/comments"
#define UPDATED  "PUT " REPO "/pullrequests/12/comments/77"
#define HOOK     "https://gate.example/hooks/forge"

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static int64_t retry_at;
static struct forge_merge_request request;

static void begin_as(const char *username)
{
	struct msg_forge_session session = { .kind = "bitbucket-cloud",
					     .username = username,
					     .token = "t0ken" };
	scene_begin(&scene);
	forge = scene_open(&scene, &session);
	arena = arena_new((size_t)64 << 20);
}

static void begin(void)
{
	begin_as("");
}

static void end(void)
{
	ck_assert_uint_eq(scene_strangers(&scene), 0);
	forge_close(forge);
	arena_free(arena);
	scene_end(&scene);
}

static struct msg_report_item item_of(const char *kind, const char *state,
				      const char *ref)
{
	struct msg_report_item item = { .id = 1,
					.kind = kind,
					.name = "acme/shop",
					.context = "gitgate/policy",
					.state = state,
					.description = "refused",
					.number = 12,
					.forge_ref = ref };
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

/* --- build statuses --- */

START_TEST(build_is_posted)
{
	struct msg_report_item item = item_of("status", "failure", "");
	begin();
	scene_always(&scene, BUILD, 404, "{}");
	scene_always(&scene, POST, 201, TAKEN);
	ck_assert_str_eq(report(&item), "gitgate/policy");
	const struct scene_request *post = scene_last(&scene, POST);
	ck_assert_str_eq(scene_text(&scene, post, "key"), "gitgate/policy");
	ck_assert_str_eq(scene_text(&scene, post, "state"), "FAILED");
	ck_assert_str_eq(scene_text(&scene, post, "url"), "https://bitbucket.org/acme/"
							  "shop/commits/" SHA);
	ck_assert_ptr_nonnull(strstr(post->head, "Authorization: Bearer t0ken\r\n"));
	end();
}
END_TEST

START_TEST(equal_build_is_not_posted_again)
{
	struct msg_report_item item = item_of("status", "success", "");
	item.link = "https://gate.example/1";
	begin();
	scene_always(&scene, BUILD, 200,
		     "{\"key\":\"gitgate/policy\",\"state\":\"SUCCESSFUL\",\"url\":"
		     "\"https://gate.example/1\",\"description\":\"refused\"}");
	ck_assert_str_eq(report(&item), "gitgate/policy");
	end();
}
END_TEST

START_TEST(states_have_their_words)
{
	static const char *const rows[][2] = {
		{ "pending", "INPROGRESS" }, { "running", "INPROGRESS" },
		{ "success", "SUCCESSFUL" }, { "failure", "FAILED" },
		{ "error", "FAILED" },       { "cancelled", "FAILED" },
		{ "skipped", "SUCCESSFUL" },
	};
	begin();
	scene_always(&scene, POST, 201, TAKEN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msg_report_item item = item_of("status", rows[i][0], "x");
		report(&item);
		ck_assert_str_eq(scene_text(&scene, scene_last(&scene, POST), "state"),
				 rows[i][1]);
	}
	end();
}
END_TEST

START_TEST(long_keys_are_digests)
{
	struct msg_report_item item = item_of("status", "success", "x");
	item.context = "gitgate/a-target-with-a-very-long-name-indeed";
	begin();
	scene_always(&scene, POST, 201, TAKEN);
	const char *key = report(&item);
	ck_assert_uint_eq(strlen(key), 40);
	ck_assert_uint_eq(strspn(key, "0123456789abcdef"), 40);
	ck_assert_str_eq(scene_text(&scene, scene_last(&scene, POST), "name"),
			 item.context);
	end();
}
END_TEST

START_TEST(username_makes_it_basic)
{
	struct msg_report_item item = item_of("status", "success", "x");
	begin_as("bot@example.org");
	scene_always(&scene, POST, 201, TAKEN);
	report(&item);
	ck_assert_ptr_nonnull(strstr(scene_last(&scene, POST)->head, "Authorization: "
								     "Basic "
								     "Ym90QGV4YW1wbGUub"
								     "3JnOnQwa2Vu\r"
								     "\n"));
	end();
}
END_TEST

/* --- the comment --- */

START_TEST(comment_is_ours_alone)
{
	struct msg_report_item item = item_of("comment", "failure", "");
	begin();
	scene_always(&scene, "GET /user", 200, "{\"uuid\":\"{us}\"}");
	scene_always(&scene, COMMENTS, 200,
		     "{\"values\":[{\"id\":1,\"content\":{\"raw\":\"**gitgate** x\"},"
		     "\"user\":{\"uuid\":\"{them}\"}},{\"id\":2,\"deleted\":true,"
		     "\"content\":{\"raw\":\"**gitgate** x\"},\"user\":{\"uuid\":"
		     "\"{us}\"}}]}");
	scene_always(&scene, MADE, 201, "{\"id\":77}");
	ck_assert_str_eq(report(&item), "77");
	const char *raw = scene_text(&scene, scene_last(&scene, MADE), "content.raw");
	ck_assert(text_starts_with(raw, MARKDOWN_BEGIN));
	end();
}
END_TEST

START_TEST(comment_is_found_on_a_later_page)
{
	struct msg_report_item item = item_of("comment", "failure", "");
	char page[512];
	begin();
	snprintf(page, sizeof(page),
		 "{\"values\":[],\"next\":\"%s" REPO "/pullrequests/12/"
		 "comments?page=2\"}",
		 scene.base);
	scene_always(&scene, "GET /user", 200, "{\"uuid\":\"{us}\"}");
	scene_always(&scene, COMMENTS, 200, page);
	scene_always(&scene, "GET " REPO "/pullrequests/12/comments?page=2", 200,
		     "{\"values\":[{\"id\":77,\"content\":{\"raw\":\"**gitgate** x\"},"
		     "\"user\":{\"uuid\":\"{us}\"}}]}");
	scene_always(&scene, UPDATED, 200, "{\"id\":77}");
	ck_assert_str_eq(report(&item), "77");
	end();
}
END_TEST

START_TEST(known_comment_is_updated)
{
	struct msg_report_item item = item_of("comment", "failure", "77");
	begin();
	scene_once(&scene, UPDATED, 200, "{\"id\":77}");
	scene_always(&scene, UPDATED, 404, "{}");
	scene_always(&scene, "GET /user", 401, "{}");
	scene_always(&scene, MADE, 201, "{\"id\":78}");
	ck_assert_str_eq(report(&item), "77");
	ck_assert_str_eq(report(&item), "78");
	end();
}
END_TEST

/* --- pull requests --- */

static int ask(void)
{
	err = (struct error)ERROR_INIT;
	return forge_merge_request(forge, "acme/shop", 12, arena, &request, &retry_at,
				   &err);
}

#define PULL_BODY(state, source, merge)                                                \
	"{\"id\":12,\"state\":\"" state "\",\"title\":\"t\",\"source\":{\"commit\":"   \
	"{\"hash\":\"75d1e7c57cd9\"},\"branch\":{\"name\":\"topic\"},"                 \
	"\"repository\":" source "},\"destination\":{\"commit\":{\"hash\":"            \
	"\"c641f2c615ad\"},\"branch\":"                                                \
	"{\"name\":\"main\"}},\"merge_commit\":" merge ",\"author\":{\"account_id\":"  \
	"\"1:alice\",\"nickname\":"                                                    \
	"\"bob\"},"                                                                    \
	"\"updated_on\":\"2019-06-03T13:51:44.122406+00:00\",\"participants\":["       \
	"{\"approved\":true,\"state\":\"approved\",\"user\":{\"account_id\":\"1:"      \
	"bob\"}"                                                                       \
	"},{\"approved\":false,\"state\":\"changes_requested\",\"user\":"              \
	"{\"account_id\":\"1:carol\"}},{\"approved\":false,\"state\":null,\"user\":"   \
	"{\"account_id\":\"1:dave\"}}]}"
#define FORK "{\"full_name\":\"bob/shop\"}"

static void commits(void)
{
	scene_always(&scene, "GET /repositories/bob/shop/commit/75d1e7c57cd9", 200,
		     "{\"hash\":\"" SHA "\"}");
	scene_always(&scene, "GET " REPO "/commit/c641f2c615ad", 200,
		     "{\"hash\":\"" BASE "\"}");
}

START_TEST(pull_request_is_read_with_whole_ids)
{
	begin();
	scene_always(&scene, PULL, 200, PULL_BODY("OPEN", FORK, "null"));
	commits();
	ck_assert_msg(ask() == 0, "%s", err.text);
	ck_assert_str_eq(request.row.state, "open");
	ck_assert_str_eq(oid_text(&request.row.head), SHA);
	ck_assert_str_eq(oid_text(&request.row.base), BASE);
	ck_assert_str_eq(request.row.head_ref, "refs/heads/topic");
	ck_assert_str_eq(request.row.base_ref, "refs/heads/main");
	ck_assert_str_eq(request.row.head_repository, "bob/shop");
	ck_assert_str_eq(request.row.author, "1:alice");
	ck_assert_int_eq(request.row.updated_at, INT64_C(1559569904122406));
	ck_assert_uint_eq(request.review_count, 2);
	ck_assert_str_eq(request.reviews[0].reviewer, "1:bob");
	ck_assert_str_eq(request.reviews[0].state, "approved");
	ck_assert_uint_eq(request.reviews[0].commit.length, 0);
	ck_assert_str_eq(request.reviews[1].state, "changes-requested");
	end();
}
END_TEST

START_TEST(merge_commit_is_resolved)
{
	begin();
	scene_always(&scene, PULL, 200,
		     PULL_BODY("MERGED", "null", "{\"hash\":\"c641f2c615ad\"}"));
	scene_always(&scene, "GET " REPO "/commit/c641f2c615ad", 200,
		     "{\"hash\":\"" BASE "\"}");
	ck_assert_msg(ask() == 0, "%s", err.text);
	ck_assert_str_eq(request.row.state, "merged");
	ck_assert_str_eq(oid_text(&request.row.merge_commit), BASE);
	ck_assert_uint_eq(request.row.head.length, 0);
	end();
}
END_TEST

START_TEST(open_without_its_head_is_unreadable)
{
	begin();
	scene_always(&scene, PULL, 200, PULL_BODY("OPEN", "null", "null"));
	ck_assert_int_eq(ask(), ERROR_FORGE);
	end();
}
END_TEST

START_TEST(another_commit_is_not_taken)
{
	begin();
	scene_always(&scene, PULL, 200, PULL_BODY("OPEN", FORK, "null"));
	scene_always(&scene, "GET /repositories/bob/shop/commit/75d1e7c57cd9", 200,
		     "{\"hash\":\"" BASE "\"}");
	ck_assert_int_eq(ask(), ERROR_FORGE);
	ck_assert_ptr_nonnull(strstr(err.text, "another commit"));
	end();
}
END_TEST

START_TEST(real_replies_are_read)
{
	static const struct {
		const char *file;
		size_t approvals;
	} rows[] = {
		{ "atlantis-bitbucketcloud/pull-unapproved.json", 0 },
		{ "atlantis-bitbucketcloud/pull-approved.json", 1 },
		{ "atlantis-bitbucketcloud/pull-approved-by-author.json", 1 },
		{ "atlantis-bitbucketcloud/pull-approved-multiple.json", 2 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		char *body = scene_shared(&scene, rows[i].file);
		if (body != NULL) {
			scene_always(&scene, PULL, 200, body);
			scene_always(&scene,
				     "GET /repositories/lkysow/atlantis-example/commit/"
				     "75d1e7c57cd9",
				     200, "{\"hash\":\"" SHA "\"}");
			scene_always(&scene, "GET " REPO "/commit/c641f2c615ad", 200,
				     "{\"hash\":\"" BASE "\"}");
			ck_assert_msg(ask() == 0, "%s", err.text);
			ck_assert_uint_eq(request.review_count, rows[i].approvals);
			ck_assert_str_eq(request.row.author, "557058:dc3817de-68b5-"
							     "45cd-b81c-5c39d2560090");
		}
		end();
	}
}
END_TEST

START_TEST(lists_are_read)
{
	struct forge_merge_request *found;
	struct oid id;
	size_t count;
	oid_parse(SHA, 40, &id);
	begin();
	scene_always(&scene, "GET " REPO "/pullrequests?state=OPEN&pagelen=50", 200,
		     "{\"values\":[{\"id\":12}]}");
	scene_always(&scene, "GET " REPO "/commit/" SHA "/pullrequests?pagelen=50", 404,
		     "{}");
	scene_always(&scene, PULL, 200, PULL_BODY("OPEN", FORK, "null"));
	commits();
	ck_assert_int_eq(forge_open_merge_requests(forge, "acme/shop", arena, &found,
						   &count, &retry_at, &err),
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
#define HOOKS "GET " REPO "/hooks?pagelen=100"
#define RULES                                                                          \
	"GET " REPO "/branch-restrictions?kind=require_passing_builds_to_merge&"       \
	"pattern=main"

START_TEST(set_up_is_looked_at)
{
	struct forge_check *checks;
	size_t count;
	begin();
	scene_headers(&scene, "GET " REPO, 200,
		      "X-OAuth-Scopes: repository:write, pullrequest:write\r\n", "{}");
	scene_always(&scene, HOOKS, 200,
		     "{\"values\":[{\"uuid\":\"{1}\",\"url\":\"" HOOK "\",\"active\":"
		     "false,"
		     "\"events\":["
		     "\"repo:push\"]}]"
		     "}");
	scene_always(&scene, RULES, 200, "{\"values\":[]}");
	ck_assert_int_eq(forge_test(forge, &set_up, arena, &checks, &count, &err), 0);
	ck_assert_uint_eq(count, 5);
	ck_assert_int_eq(checks[1].result, FORGE_CHECK_GOOD);
	ck_assert_int_eq(checks[2].result, FORGE_CHECK_GOOD);
	ck_assert_int_eq(checks[3].result, FORGE_CHECK_BAD);
	ck_assert_int_eq(checks[4].result, FORGE_CHECK_WARNING);
	end();
}
END_TEST

START_TEST(webhook_is_made_or_updated)
{
	const char *text;
	begin();
	scene_once(&scene, HOOKS, 200, "{\"values\":[]}");
	scene_always(&scene, HOOKS, 200,
		     "{\"values\":[{\"uuid\":\"{1}\",\"url\":\"" HOOK "\"},{\"uuid\":"
		     "\"{2}\",\"url\":"
		     "\"" HOOK "\"}]"
		     "}");
	scene_always(&scene, "POST " REPO "/hooks", 201, "{}");
	scene_always(&scene, "PUT " REPO "/hooks/%7B1%7D", 200, "{}");
	scene_always(&scene, "DELETE " REPO "/hooks/%7B2%7D", 204, "");
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err), 0);
	ck_assert(text_starts_with(text, "made"));
	const struct scene_request *made = scene_last(&scene, "POST " REPO "/hooks");
	ck_assert_str_eq(scene_text(&scene, made, "secret"), "s3cret");
	ck_assert_msg(forge_hook(forge, &set_up, arena, &text, &err) == 0, "%s",
		      err.text);
	ck_assert(text_starts_with(text, "updated"));
	end();
}
END_TEST

UNIT_MAIN("forge", build_is_posted, equal_build_is_not_posted_again,
	  states_have_their_words, long_keys_are_digests, username_makes_it_basic,
	  comment_is_ours_alone, comment_is_found_on_a_later_page,
	  known_comment_is_updated, pull_request_is_read_with_whole_ids,
	  merge_commit_is_resolved, open_without_its_head_is_unreadable,
	  another_commit_is_not_taken, real_replies_are_read, lists_are_read,
	  set_up_is_looked_at, webhook_is_made_or_updated)
