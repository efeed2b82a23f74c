/* tests/unit/test_forge_github_read.c - what is read of GitHub's pull requests, reviews
 * and lists. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "forge_scene.h"
#include "unit.h"

#define SHA     "6dcb09b5b57875f334f61aebed695e2e4193db5e"
#define OLD     "1111111111111111111111111111111111111111"
#define MERGED  "e5bd3914e2e596debea16f433f57875b5b90bcd6"
#define REPO    "/repos/acme/shop"
#define PULL    "GET " REPO "/pulls/7"
#define REVIEWS "GET " REPO "/pulls/7/reviews?per_page=100"

#define PULL_BODY(state, merged, repository)                                           \
	"{\"number\":7,\"state\":\"" state "\",\"merged\":" merged                     \
	",\"merge_commit_sha\":\"" MERGED "\",\"title\":\"A \\u202etitle\","           \
	"\"draft\":true,\"html_url\":\"https://github.com/acme/shop/pull/7\","         \
	"\"updated_at\":\"2026-11-21T09:30:00Z\",\"user\":{\"login\":\"alice\"},"      \
	"\"head\":{\"sha\":\"" SHA "\",\"ref\":\"topic\",\"repo\":" repository         \
	"},\"base\":{\"sha\":\"" OLD "\",\"ref\":\"main\"}}"
#define OURS "{\"full_name\":\"acme/shop\"}"

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static struct forge_merge_request request;
static int64_t retry_at;

static void begin(void)
{
	struct msg_forge_session session = { .kind = "github", .token = "t0ken" };
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

static int ask(void)
{
	err = (struct error)ERROR_INIT;
	return forge_merge_request(forge, "acme/shop", 7, arena, &request, &retry_at,
				   &err);
}

static void must_ask(void)
{
	int rc = ask();
	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_uint_eq(scene_strangers(&scene), 0);
}

START_TEST(pull_request_is_read)
{
	begin();
	scene_always(&scene, PULL, 200, PULL_BODY("open", "false", OURS));
	scene_always(&scene, REVIEWS, 200, "[]");
	must_ask();
	ck_assert_uint_eq(request.row.number, 7);
	ck_assert_str_eq(request.row.state, "open");
	ck_assert_str_eq(oid_text(&request.row.head), SHA);
	ck_assert_str_eq(oid_text(&request.row.base), OLD);
	ck_assert_str_eq(request.row.head_ref, "refs/heads/topic");
	ck_assert_str_eq(request.row.base_ref, "refs/heads/main");
	ck_assert_str_eq(request.row.head_repository, "acme/shop");
	ck_assert_str_eq(request.row.author, "alice");
	ck_assert_str_eq(request.row.title, "A \\u{202e}title");
	ck_assert(request.row.draft);
	ck_assert_uint_eq(request.row.merge_commit.length, 0);
	ck_assert_int_eq(request.row.updated_at, INT64_C(1795253400000000));
	ck_assert_uint_eq(request.review_count, 0);
	end();
}
END_TEST

START_TEST(merge_commit_counts_only_when_merged)
{
	begin();
	scene_once(&scene, PULL, 200, PULL_BODY("closed", "true", "null"));
	scene_always(&scene, PULL, 200, PULL_BODY("closed", "false", "null"));
	scene_always(&scene, REVIEWS, 200, "[]");
	must_ask();
	ck_assert_str_eq(request.row.state, "merged");
	ck_assert_str_eq(oid_text(&request.row.merge_commit), MERGED);
	ck_assert_str_eq(request.row.head_repository, "");
	must_ask();
	ck_assert_str_eq(request.row.state, "closed");
	ck_assert_uint_eq(request.row.merge_commit.length, 0);
	end();
}
END_TEST

START_TEST(forks_never_bear_the_repositorys_name)
{
	static const char *const cases[][3] = {
		{ "Acme/Shop", "Acme/Shop", "acme/shop" },
		{ "acme/store", "acme/store", "acme/shop" }, /* it was renamed */
		{ "mallory/shop", "acme/shop", "mallory/shop" },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char body[1024];
		snprintf(body, sizeof(body),
			 "{\"number\":7,\"state\":\"open\",\"head\":{\"sha\":\"" SHA
			 "\",\"ref\":\"a\",\"repo\":{\"full_name\":\"%s\"}},"
			 "\"base\":{\"sha\":\"" SHA "\",\"ref\":\"b\",\"repo\":{\"full_"
			 "name\":\"%s\"}}}",
			 cases[i][0], cases[i][1]);
		scene_reset(&scene);
		scene_always(&scene, PULL, 200, body);
		scene_always(&scene, REVIEWS, 200, "[]");
		must_ask();
		ck_assert_str_eq(request.row.head_repository, cases[i][2]);
	}
	end();
}
END_TEST

START_TEST(last_effective_review_of_each_counts)
{
	static const char page[] =
		"[{\"user\":{\"login\":\"bob\"},\"state\":\"APPROVED\",\"commit_id\":"
		"\"" SHA "\",\"submitted_at\":\"2026-11-21T09:30:00Z\"},"
		"{\"user\":{\"login\":\"bob\"},\"state\":\"COMMENTED\",\"commit_id\":"
		"\"" OLD "\"},"
		"{\"user\":{\"login\":\"carol\"},\"state\":\"commented\",\"commit_id\":"
		"\"" OLD "\"},"
		"{\"user\":{\"login\":\"carol\"},\"state\":\"approved\",\"commit_id\":"
		"null},"
		"{\"user\":{\"login\":\"dave\"},\"state\":\"APPROVED\",\"commit_id\":"
		"\"" SHA "\"},"
		"{\"user\":{\"login\":\"dave\"},\"state\":\"CHANGES_REQUESTED\","
		"\"commit_id\":\"" SHA "\"},"
		"{\"user\":{\"login\":\"erin\"},\"state\":\"APPROVED\",\"commit_id\":"
		"\"" SHA "\"},"
		"{\"user\":{\"login\":\"erin\"},\"state\":\"DISMISSED\",\"commit_id\":"
		"\"" SHA "\"},"
		"{\"user\":{\"login\":\"frank\"},\"state\":\"PENDING\"},"
		"{\"user\":null,\"state\":\"APPROVED\",\"commit_id\":\"" SHA "\"},"
		"{\"user\":{\"login\":\"grace\"},\"state\":\"SOMETHING_NEW\"}]";
	static const char *const expected[][3] = {
		{ "bob", "approved", SHA },
		{ "carol", "approved", "" },
		{ "dave", "changes-requested", SHA },
		{ "erin", "dismissed", SHA },
	};
	begin();
	scene_always(&scene, PULL, 200, PULL_BODY("open", "false", OURS));
	scene_always(&scene, REVIEWS, 200, page);
	must_ask();
	ck_assert_uint_eq(request.review_count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct msg_review_row *review = &request.reviews[i];
		ck_assert_str_eq(review->reviewer, expected[i][0]);
		ck_assert_str_eq(review->state, expected[i][1]);
		ck_assert_str_eq(oid_text(&review->commit), expected[i][2]);
	}
	ck_assert_int_eq(request.reviews[0].submitted_at, INT64_C(1795253400000000));
	end();
}
END_TEST

START_TEST(reviews_are_read_over_pages)
{
	char link[200];
	begin();
	scene_always(&scene, PULL, 200, PULL_BODY("open", "false", OURS));
	snprintf(link, sizeof(link), "Link: <%s/reviews?page=2>; rel=\"next\"\r\n",
		 scene.base);
	scene_headers(&scene, REVIEWS, 200, link,
		      "[{\"user\":{\"login\":\"bob\"},\"state\":\"APPROVED\","
		      "\"commit_id\":\"" SHA "\"}]");
	scene_always(&scene, "GET /reviews?page=2", 200,
		     "[{\"user\":{\"login\":\"BOB\"},\"state\":\"CHANGES_REQUESTED\","
		     "\"commit_id\":\"" SHA "\"}]");
	must_ask();
	ck_assert_uint_eq(request.review_count, 1);
	ck_assert_str_eq(request.reviews[0].state, "changes-requested");
	end();
}
END_TEST

START_TEST(pages_of_another_host_are_not_asked)
{
	begin();
	scene_always(&scene, PULL, 200, PULL_BODY("open", "false", OURS));
	scene_headers(&scene, REVIEWS, 200,
		      "Link: <http://127.0.0.2:1/reviews?page=2>; rel=\"next\"\r\n",
		      "[]");
	ck_assert_int_ne(ask(), 0);
	ck_assert_ptr_null(strstr(err.text, "t0ken"));
	end();
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
	static const char *const bodies[] = {
		"[]",
		"null",
		"{\"number\":7}",
		"{\"number\":\"x\",\"state\":\"open\"}",
		"{\"number\":8,\"state\":\"open\",\"head\":{\"sha\":\"" SHA
		"\",\"ref\":\"a\"},\"base\":{\"sha\":\"" SHA "\",\"ref\":\"b\"}}",
		"{\"number\":7,\"state\":\"open\",\"head\":{\"sha\":\"6dcb09b\","
		"\"ref\":\"a\"},\"base\":{\"sha\":\"" SHA "\",\"ref\":\"b\"}}",
		"{",
	};
	begin();
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		scene_reset(&scene);
		scene_always(&scene, PULL, 200, bodies[i]);
		scene_always(&scene, REVIEWS, 200, "[]");
		ck_assert_int_eq(ask(), ERROR_FORGE);
	}
	scene_reset(&scene);
	scene_always(&scene, PULL, 200, PULL_BODY("open", "false", OURS));
	scene_always(&scene, REVIEWS, 200, "{\"message\":\"?\"}");
	ck_assert_int_eq(ask(), ERROR_FORGE);
	end();
}
END_TEST

START_TEST(lists_are_read_whole)
{
	struct forge_merge_request *all = NULL;
	struct oid commit;
	size_t count = 0;
	begin();
	ck_assert_int_eq(oid_parse(SHA, strlen(SHA), &commit), 0);
	scene_always(&scene, PULL, 200, PULL_BODY("open", "false", OURS));
	scene_always(&scene, REVIEWS, 200, "[]");
	scene_always(&scene, "GET " REPO "/pulls?state=open&per_page=100", 200,
		     "[{\"number\":7},{\"number\":9},{\"number\":11}]");
	scene_always(&scene, "GET " REPO "/pulls/9", 404, "{}");
	scene_always(&scene, "GET " REPO "/pulls/11", 422, "{}");
	scene_always(&scene, "GET " REPO "/commits/" SHA "/pulls?per_page=100", 200,
		     "[{\"number\":7}]");
	ck_assert_int_eq(forge_open_merge_requests(forge, "acme/shop", arena, &all,
						   &count, &retry_at, &err),
			 0);
	/* The one that cannot be read does not hide the others. */
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(all[0].row.number, 7);
	ck_assert_str_eq(all[0].row.state, "open");
	ck_assert_uint_eq(all[1].row.number, 11);
	ck_assert_ptr_null(all[1].row.state);
	ck_assert_int_eq(forge_commit_merge_requests(forge, "acme/shop", &commit, arena,
						     &all, &count, &retry_at, &err),
			 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(all[0].row.number, 7);
	ck_assert_uint_eq(scene_strangers(&scene), 0);
	end();
}
END_TEST

START_TEST(endless_lists_end)
{
	char link[200];
	struct forge_merge_request *all = NULL;
	size_t count = 0;
	begin();
	snprintf(link, sizeof(link), "Link: <%s/more>; rel=\"next\"\r\n", scene.base);
	scene_headers(&scene, "GET " REPO "/pulls?state=open&per_page=100", 200, link,
		      "[]");
	scene_headers(&scene, "GET /more", 200, link, "[]");
	ck_assert_int_eq(forge_open_merge_requests(forge, "acme/shop", arena, &all,
						   &count, &retry_at, &err),
			 ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "forge.pages"));
	ck_assert_uint_le(scene.request_count, 51);
	end();
}
END_TEST

START_TEST(reviewers_are_bounded)
{
	static char page[200000] = "[";
	begin();
	for (int i = 0; i < 1001; i++) {
		size_t length = strlen(page);
		snprintf(page + length, sizeof(page) - length,
			 "%s{\"user\":{\"login\":\"u%d\"},\"state\":\"APPROVED\"}",
			 i ? "," : "", i);
	}
	strncat(page, "]", 2);
	scene_always(&scene, PULL, 200, PULL_BODY("open", "false", OURS));
	scene_always(&scene, REVIEWS, 200, page);
	ck_assert_int_eq(ask(), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "forge.reviews"));
	end();
}
END_TEST

START_TEST(real_pull_request_is_read)
{
	begin();
	char *body = scene_shared(&scene, "atlantis-github/pull-request.json");
	if (body) {
		scene_always(&scene, "GET /repos/octocat/Hello-World/pulls/1347", 200,
			     body);
		scene_always(&scene,
			     "GET /repos/octocat/Hello-World/pulls/1347/reviews"
			     "?per_page=100",
			     200, "[]");
		int rc = forge_merge_request(forge, "octocat/Hello-World", 1347, arena,
					     &request, &retry_at, &err);
		ck_assert_msg(rc == 0, "%s", err.text);
		ck_assert_str_eq(request.row.state, "open");
		ck_assert_str_eq(request.row.head_ref, "refs/heads/new-topic");
		ck_assert_str_eq(request.row.head_repository, "octocat/Hello-World");
		ck_assert_str_eq(request.row.author, "octocat");
		ck_assert_str_eq(request.row.title, "new-feature");
		ck_assert_str_eq(oid_text(&request.row.head), SHA);
		ck_assert_uint_eq(request.row.merge_commit.length, 0);
	}
	end();
}
END_TEST

UNIT_MAIN("forge/github read", pull_request_is_read,
	  merge_commit_counts_only_when_merged, forks_never_bear_the_repositorys_name,
	  last_effective_review_of_each_counts, reviews_are_read_over_pages,
	  pages_of_another_host_are_not_asked, what_cannot_be_read_is_an_error,
	  lists_are_read_whole, endless_lists_end, reviewers_are_bounded,
	  real_pull_request_is_read)
