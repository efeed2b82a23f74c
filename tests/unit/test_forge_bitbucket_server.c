/* tests/unit/test_forge_bitbucket_server.c - what Bitbucket Data Center is told and
 * asked. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "forge/markdown.h"
#include "forge_scene.h"
#include "unit.h"

#define SHA        "75d1e7c57cd9aa0000000000000000000000aaaa"
#define BASE       "c641f2c615adbb0000000000000000000000bbbb"
#define REPO       "/rest/api/latest/projects/ACME/repos/shop"
#define BUILD      "GET " REPO "/commits/" SHA "/builds?key=gitgate%2Fpolicy"
#define POST       "POST " REPO "/commits/" SHA "/builds"
#define OLD_POST   "POST /rest/build-status/1.0/commits/" SHA
#define PULL       "GET " REPO "/pull-requests/12"
#define ACTIVITIES "GET " REPO "/pull-requests/12/activities?limit=100&start="
#define MADE       "POST " REPO "/pull-requests/12/comments"
#define SHOWN      "GET " REPO "/pull-requests/12/comments/77"
#define UPDATED    "PUT " REPO "/pull-requests/12/comments/77"
#define HOOK       "https://gate.example/hooks/forge"

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static int64_t retry_at;
static struct forge_merge_request request;

static void begin(void)
{
	struct msg_forge_session session = { .kind = "bitbucket-server",
					     .token = "t0ken" };
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

static struct msg_report_item item_of(const char *kind, const char *state,
				      const char *ref)
{
	struct msg_report_item item = { .id = 1,
					.kind = kind,
					.name = "ACME/shop",
					.context = "gitgate/policy",
					.state = state,
					.description = "refused",
					.ref = "refs/heads/main",
					.number = 12,
					.forge_ref = ref };
	oid_parse(SHA, 40, &item.commit);
	return item;
}

static int try_report(const struct msg_report_item *item, const char **ref)
{
	*ref = "";
	err = (struct error)ERROR_INIT;
	return forge_report(forge, item, NULL, 0, arena, ref, &retry_at, &err);
}

static const char *report(const struct msg_report_item *item)
{
	const char *ref;
	int code = try_report(item, &ref);
	ck_assert_msg(code == 0, "%s", err.text);
	return ref;
}

/* --- build statuses --- */

START_TEST(build_is_posted)
{
	struct msg_report_item item = item_of("status", "failure", "");
	begin();
	scene_always(&scene, BUILD, 404, "{}");
	scene_always(&scene, POST, 204, "");
	ck_assert_str_eq(report(&item), "gitgate/policy");
	const struct scene_request *post = scene_last(&scene, POST);
	char page[256];
	snprintf(page, sizeof(page), "%s/projects/ACME/repos/shop/commits/" SHA,
		 scene.base);
	ck_assert_str_eq(scene_text(&scene, post, "url"), page);
	ck_assert_str_eq(scene_text(&scene, post, "state"), "FAILED");
	ck_assert_str_eq(scene_text(&scene, post, "parent"), "gitgate/policy");
	ck_assert_str_eq(scene_text(&scene, post, "ref"), "refs/heads/main");
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

START_TEST(old_servers_have_another_address)
{
	struct msg_report_item item = item_of("status", "success", "x");
	begin();
	scene_always(&scene, POST, 404, "{}");
	scene_always(&scene, OLD_POST, 204, "");
	report(&item);
	ck_assert_str_eq(scene_text(&scene, scene_last(&scene, OLD_POST), "parent"),
			 "-");
	end();
}
END_TEST

START_TEST(address_of_the_api_is_cut)
{
	static const char *const tails[] = { "", "/", "/rest/api/1.0",
					     "/rest/api/latest/" };
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct msg_forge_session session = { .kind = "bitbucket-server",
						     .token = "t0ken",
						     .timeout = 5000000 };
		struct msg_report_item item = item_of("status", "success", "x");
		char api[128];
		scene_begin(&scene);
		arena = arena_new(1 << 20);
		snprintf(api, sizeof(api), "%s%s", scene.base, tails[i]);
		session.api = api;
		ck_assert_int_eq(forge_open(&forge, &session, &err), 0);
		scene_always(&scene, POST, 204, "");
		report(&item);
		end();
	}
}
END_TEST

START_TEST(names_need_a_project)
{
	struct msg_report_item item = item_of("status", "success", "x");
	const char *ref;
	item.name = "shop";
	begin();
	ck_assert_int_ne(try_report(&item, &ref), 0);
	end();
}
END_TEST

/* --- the comment --- */

START_TEST(comment_is_made)
{
	struct msg_report_item item = item_of("comment", "failure", "");
	begin();
	scene_always(&scene, ACTIVITIES "0", 200,
		     "{\"values\":[{\"action\":\"OPENED\"}],\"isLastPage\":false,"
		     "\"nextPageStart\":100}");
	scene_always(&scene, ACTIVITIES "100", 200,
		     "{\"values\":[],\"isLastPage\":true,\"nextPageStart\":null}");
	scene_always(&scene, MADE, 201, "{\"id\":77,\"version\":0}");
	ck_assert_str_eq(report(&item), "77");
	ck_assert(text_starts_with(scene_text(&scene, scene_last(&scene, MADE), "text"),
				   MARKDOWN_BEGIN));
	end();
}
END_TEST

START_TEST(comment_is_updated_with_its_version)
{
	struct msg_report_item item = item_of("comment", "failure", "77");
	begin();
	scene_always(&scene, SHOWN, 200, "{\"id\":77,\"version\":4,\"text\":\"x\"}");
	scene_always(&scene, UPDATED, 200, "{\"id\":77,\"version\":5}");
	ck_assert_str_eq(report(&item), "77");
	ck_assert_str_eq(scene_text(&scene, scene_last(&scene, UPDATED), "version"),
			 "4");
	end();
}
END_TEST

START_TEST(conflict_is_for_later)
{
	struct msg_report_item item = item_of("comment", "failure", "77");
	const char *ref;
	begin();
	scene_always(&scene, SHOWN, 200, "{\"id\":77,\"version\":4}");
	scene_always(&scene, UPDATED, 409, "{}");
	ck_assert_int_eq(try_report(&item, &ref), ERROR_FORGE);
	end();
}
END_TEST

START_TEST(comments_of_others_stay)
{
	struct msg_report_item item = item_of("comment", "failure", "");
	begin();
	scene_always(&scene, ACTIVITIES "0", 200,
		     "{\"values\":[{\"action\":\"COMMENTED\",\"comment\":{\"id\":77,"
		     "\"text\":\"**gitgate** accepts\"}}],\"isLastPage\":true}");
	scene_always(&scene, SHOWN, 200, "{\"id\":77,\"version\":4}");
	scene_always(&scene, UPDATED, 403, "{}");
	scene_always(&scene, MADE, 201, "{\"id\":78,\"version\":0}");
	ck_assert_str_eq(report(&item), "78");
	end();
}
END_TEST

START_TEST(own_comment_is_found_again)
{
	struct msg_report_item item = item_of("comment", "failure", "");
	begin();
	scene_always(&scene, ACTIVITIES "0", 200,
		     "{\"values\":[{\"action\":\"COMMENTED\",\"comment\":{\"id\":77,"
		     "\"text\":\"**gitgate** accepts\"}}],\"isLastPage\":true}");
	scene_always(&scene, SHOWN, 200, "{\"id\":77,\"version\":4}");
	scene_always(&scene, UPDATED, 200, "{\"id\":77,\"version\":5}");
	ck_assert_str_eq(report(&item), "77");
	end();
}
END_TEST

/* --- pull requests --- */

#define PULL_BODY(state, properties)                                                   \
	"{\"id\":12,\"state\":\"" state "\",\"title\":\"t\",\"draft\":true,"           \
	"\"updatedDate\":1559569904122,"                                               \
	"\"fromRef\":{\"id\":\"refs/heads/topic\",\"latestCommit\":\"" SHA             \
	"\",\"repository\":{\"slug\":\"shop\",\"project\":{\"key\":\"~BOB\"}}},"       \
	"\"toRef\":{\"id\":\"refs/heads/main\",\"latestCommit\":\"" BASE               \
	"\",\"repository\":{\"slug\":\"shop\",\"project\":{\"key\":\"ACME\"}}},"       \
	"\"author\":{\"user\":{\"name\":\"alice\"}}," properties                       \
	"\"links\":{\"self\":[{\"href\":\"https://bb.example/12\"}]},"                 \
	"\"reviewers\":[{\"user\":{\"name\":\"bob\"},\"status\":\"APPROVED\","         \
	"\"lastReviewedCommit\":\"" SHA "\"},{\"user\":{\"name\":\"carol\"},"          \
	"\"status\":\"NEEDS_WORK\"},"                                                  \
	"{\"user\":{\"name\":\"dave\"},\"status\":\"UNAPPROVED\"}]}"

static int ask(void)
{
	err = (struct error)ERROR_INIT;
	return forge_merge_request(forge, "ACME/shop", 12, arena, &request, &retry_at,
				   &err);
}

START_TEST(pull_request_is_read)
{
	begin();
	scene_always(&scene, PULL, 200, PULL_BODY("OPEN", ""));
	ck_assert_msg(ask() == 0, "%s", err.text);
	ck_assert_str_eq(request.row.state, "open");
	ck_assert_str_eq(oid_text(&request.row.head), SHA);
	ck_assert_str_eq(oid_text(&request.row.base), BASE);
	ck_assert_str_eq(request.row.head_ref, "refs/heads/topic");
	ck_assert_str_eq(request.row.base_ref, "refs/heads/main");
	ck_assert_str_eq(request.row.head_repository, "~BOB/shop");
	ck_assert_str_eq(request.row.author, "alice");
	ck_assert_str_eq(request.row.url, "https://bb.example/12");
	ck_assert(request.row.draft);
	ck_assert_int_eq(request.row.updated_at, INT64_C(1559569904122000));
	ck_assert_uint_eq(request.review_count, 2);
	ck_assert_str_eq(request.reviews[0].reviewer, "bob");
	ck_assert_str_eq(request.reviews[0].state, "approved");
	ck_assert_str_eq(oid_text(&request.reviews[0].commit), SHA);
	ck_assert_str_eq(request.reviews[1].state, "changes-requested");
	end();
}
END_TEST

START_TEST(merge_commit_is_read)
{
	begin();
	scene_once(&scene, PULL, 200,
		   PULL_BODY("MERGED", "\"properties\":{\"mergeCommit\":{\"id\":\"" BASE
				       "\"}},"));
	scene_once(&scene, PULL, 200, PULL_BODY("DECLINED", ""));
	ck_assert_int_eq(ask(), 0);
	ck_assert_str_eq(request.row.state, "merged");
	ck_assert_str_eq(oid_text(&request.row.merge_commit), BASE);
	ck_assert_int_eq(ask(), 0);
	ck_assert_str_eq(request.row.state, "closed");
	end();
}
END_TEST

START_TEST(lists_are_read)
{
	struct forge_merge_request *found;
	struct oid id;
	size_t count;
	oid_parse(SHA, 40, &id);
	begin();
	scene_always(&scene, "GET " REPO "/pull-requests?state=OPEN&limit=100&start=0",
		     200, "{\"values\":[{\"id\":12}],\"isLastPage\":true}");
	scene_always(&scene,
		     "GET " REPO "/commits/" SHA "/pull-requests?limit=100&start=0",
		     200, "{\"values\":[],\"isLastPage\":true}");
	scene_always(&scene, PULL, 200, PULL_BODY("OPEN", ""));
	ck_assert_int_eq(forge_open_merge_requests(forge, "ACME/shop", arena, &found,
						   &count, &retry_at, &err),
			 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(forge_commit_merge_requests(forge, "ACME/shop", &id, arena,
						     &found, &count, &retry_at, &err),
			 0);
	ck_assert_uint_eq(count, 0);
	end();
}
END_TEST

/* --- set-up --- */

static const struct forge_set_up set_up = {
	.name = "ACME/shop", .branch = "main", .hook_url = HOOK, .secret = "s3cret"
};
#define HOOKS "GET " REPO "/webhooks?limit=100&start=0"
#define RULES                                                                          \
	"GET /rest/required-builds/latest/projects/ACME/repos/shop/conditions"         \
	"?limit=100&start=0"

START_TEST(set_up_is_looked_at)
{
	struct forge_check *checks;
	size_t count;
	begin();
	scene_always(&scene, "GET " REPO, 200, "{}");
	scene_always(&scene, HOOKS, 200,
		     "{\"values\":[{\"id\":1,\"url\":\"" HOOK "\",\"active\":true,"
		     "\"events\":[\"repo:refs_"
		     "changed\","
		     "\"pr:opened\"]}],\"isLastPage\":true}");
	scene_always(&scene, RULES, 200,
		     "{\"values\":[{\"buildParentKeys\":[\"gitgate/policy\"]}],"
		     "\"isLastPage\":true}");
	ck_assert_int_eq(forge_test(forge, &set_up, arena, &checks, &count, &err), 0);
	ck_assert_uint_eq(count, 4);
	for (size_t i = 1; i < count; i++)
		ck_assert_int_eq(checks[i].result, FORGE_CHECK_GOOD);
	end();
}
END_TEST

START_TEST(missing_rights_are_unknown)
{
	struct forge_check *checks;
	size_t count;
	begin();
	scene_always(&scene, "GET " REPO, 200, "{}");
	scene_always(&scene, HOOKS, 403, "{}");
	scene_always(&scene, RULES, 401, "{}");
	ck_assert_int_eq(forge_test(forge, &set_up, arena, &checks, &count, &err), 0);
	ck_assert_uint_eq(count, 4);
	ck_assert_int_eq(checks[2].result, FORGE_CHECK_UNKNOWN);
	ck_assert_int_eq(checks[3].result, FORGE_CHECK_UNKNOWN);
	end();
}
END_TEST

START_TEST(webhook_is_made_or_updated)
{
	const char *text;
	begin();
	scene_once(&scene, HOOKS, 200, "{\"values\":[],\"isLastPage\":true}");
	scene_always(&scene, HOOKS, 200,
		     "{\"values\":[{\"id\":1,\"url\":\"" HOOK "\"},{\"id\":2,\"url\":"
		     "\"" HOOK "\"}],\"isLastPage\":true}");
	scene_always(&scene, "POST " REPO "/webhooks", 201, "{}");
	scene_always(&scene, "PUT " REPO "/webhooks/1", 200, "{}");
	scene_always(&scene, "DELETE " REPO "/webhooks/2", 204, "");
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err), 0);
	ck_assert(text_starts_with(text, "made"));
	const struct scene_request *made = scene_last(&scene, "POST " REPO "/webhooks");
	ck_assert_str_eq(scene_text(&scene, made, "configuration.secret"), "s3cret");
	ck_assert_msg(forge_hook(forge, &set_up, arena, &text, &err) == 0, "%s",
		      err.text);
	ck_assert(text_starts_with(text, "updated"));
	end();
}
END_TEST

UNIT_MAIN("forge", build_is_posted, equal_build_is_not_posted_again,
	  old_servers_have_another_address, address_of_the_api_is_cut,
	  names_need_a_project, comment_is_made, comment_is_updated_with_its_version,
	  conflict_is_for_later, comments_of_others_stay, own_comment_is_found_again,
	  pull_request_is_read, merge_commit_is_read, lists_are_read,
	  set_up_is_looked_at, missing_rights_are_unknown, webhook_is_made_or_updated)
