/* tests/unit/test_forge_github_set_up.c - gitgate forge test and hook, at GitHub. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "doc/doc.h"
#include "forge/call.h"
#include "forge_key.h"
#include "forge_scene.h"
#include "unit.h"

#define REPO     "/repos/acme/shop"
#define URL      "https://gate.example.org/hooks/forge"
#define HOOKS    "GET " REPO "/hooks?per_page=100"
#define RULES    "GET " REPO "/rules/branches/main?per_page=100"
#define BRANCH   "GET " REPO "/branches/main"
#define REQUIRED BRANCH "/protection/required_status_checks"
#define EVENTS                                                                         \
	"[\"push\",\"create\",\"delete\",\"pull_request\",\"merge_group\","            \
	"\"pull_request_review\"]"
#define HOOK(active, events, more)                                                     \
	"[{\"id\":1,\"config\":{\"url\":\"https://elsewhere.example.org\"}},"          \
	"{\"id\":5,\"active\":" active ",\"events\":" events                           \
	",\"config\":{\"url\":\"" URL "\",\"content_type\":\"json\"" more "}}]"
#define SEEN                                                                           \
	"{\"html_url\":\"https://github.com/acme/shop\",\"permissions\":{\"push\":"    \
	"true}}"

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static struct forge_check *checks;
static size_t count;
static const struct forge_set_up set_up = {
	.name = "acme/shop", .branch = "main", .hook_url = URL, .secret = "s3cret"
};

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

/* All is well, but for what was said before. */
static void well(void)
{
	scene_headers(&scene, "GET /user", 200, "X-OAuth-Scopes: repo, admin:org\r\n",
		      "{\"login\":\"gate-bot\"}");
	scene_always(&scene, "GET " REPO, 200, SEEN);
	scene_always(&scene, HOOKS, 200, HOOK("true", EVENTS, ""));
	scene_always(&scene, RULES, 200,
		     "[{\"type\":\"required_status_checks\",\"parameters\":"
		     "{\"required_status_checks\":[{\"context\":\"gitgate/"
		     "policy\"}]}}]");
}

static void test(void)
{
	err = (struct error)ERROR_INIT;
	int rc = forge_test(forge, &set_up, arena, &checks, &count, &err);
	ck_assert_msg(rc == 0, "%s", err.text);
}

static const struct forge_check *check_of(const char *what)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(checks[i].what, what) == 0)
			return &checks[i];
	ck_abort_msg("no check of %s", what);
	return NULL;
}

static void is(const char *what, enum forge_check_result result, const char *text)
{
	const struct forge_check *check = check_of(what);
	ck_assert_msg(check->result == result, "%s: %s", what, check->text);
	ck_assert_msg(strstr(check->text, text) != NULL, "%s: %s", what, check->text);
	ck_assert((check->mend != NULL) == (result != FORGE_CHECK_GOOD));
}

/* --- test --- */

START_TEST(good_set_up_is_good)
{
	begin();
	well();
	test();
	is("token", FORGE_CHECK_GOOD, "acts as 'gate-bot'");
	is("repository acme/shop", FORGE_CHECK_GOOD, "");
	is("webhook", FORGE_CHECK_GOOD, "");
	is("required status", FORGE_CHECK_GOOD, "");
	ck_assert_uint_eq(count, 5);
	end();
}
END_TEST

START_TEST(tokens_are_told_apart)
{
	static const struct {
		const char *head;
		enum forge_check_result result;
	} cases[] = {
		{ "X-OAuth-Scopes: repo:status\r\n", FORGE_CHECK_WARNING },
		{ "X-OAuth-Scopes: read:org, gist\r\n", FORGE_CHECK_BAD },
		{ "X-OAuth-Scopes: public_repo\r\n", FORGE_CHECK_BAD },
		{ "", FORGE_CHECK_GOOD },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_headers(&scene, "GET /user", 200, cases[i].head,
			      "{\"login\":\"gate-bot\"}");
		well();
		test();
		is("token", cases[i].result, "gate-bot");
	}
	scene_reset(&scene);
	scene_always(&scene, "GET /user", 401, "{\"message\":\"Bad credentials\"}");
	test();
	is("token", FORGE_CHECK_BAD, "Bad credentials");
	ck_assert_uint_eq(count, 1);
	end();
}
END_TEST

START_TEST(repositories_are_told_apart)
{
	static const struct {
		int status;
		const char *body;
		enum forge_check_result result;
		const char *text;
	} cases[] = {
		{ 404, "{}", FORGE_CHECK_UNKNOWN, "404" },
		{ 200, "{\"permissions\":{\"push\":false}}", FORGE_CHECK_BAD,
		  "may not write" },
		{ 200, "{\"archived\":true,\"permissions\":{\"push\":true}}",
		  FORGE_CHECK_BAD, "archived" },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_always(&scene, "GET " REPO, cases[i].status, cases[i].body);
		well();
		test();
		is("repository acme/shop", cases[i].result, cases[i].text);
	}
	end();
}
END_TEST

START_TEST(webhooks_are_told_apart)
{
	static const struct {
		int status;
		const char *body;
		enum forge_check_result result;
		const char *text;
	} cases[] = {
		{ 200, "[]", FORGE_CHECK_BAD, "has none to" },
		{ 200, HOOK("false", EVENTS, ""), FORGE_CHECK_BAD, "not active" },
		{ 200, HOOK("true", "[\"push\"]", ""), FORGE_CHECK_WARNING,
		  "'create'" },
		{ 200, HOOK("true", "[\"*\"]", ""), FORGE_CHECK_GOOD, "" },
		{ 200, HOOK("true", EVENTS, ",\"insecure_ssl\":\"1\""),
		  FORGE_CHECK_WARNING, "certificate" },
		{ 200, HOOK("true", EVENTS, "},\"last_response\":{\"code\":502"),
		  FORGE_CHECK_WARNING, "last delivery failed" },
		{ 404, "{}", FORGE_CHECK_UNKNOWN, "404" },
		{ 403, "{}", FORGE_CHECK_UNKNOWN, "Webhooks: write" },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_always(&scene, HOOKS, cases[i].status, cases[i].body);
		well();
		test();
		is("webhook", cases[i].result, cases[i].text);
	}
	end();
}
END_TEST

START_TEST(required_statuses_are_told_apart)
{
	static const struct {
		const char *rules;
		int branch;
		const char *branch_body;
		int required;
		const char *required_body;
		enum forge_check_result result;
	} cases[] = {
		{ "[]", 200, "{\"protected\":true}", 200,
		  "{\"contexts\":[\"ci\",\"GitGate/policy\"]}", FORGE_CHECK_GOOD },
		{ "[]", 200, "{\"protected\":true}", 200,
		  "{\"contexts\":[],\"checks\":[{\"context\":\"gitgate/policy\"}]}",
		  FORGE_CHECK_GOOD },
		{ "[]", 200, "{\"protected\":true}", 200, "{\"contexts\":[\"ci\"]}",
		  FORGE_CHECK_WARNING },
		{ "[]", 200, "{\"protected\":true}", 403, "{}", FORGE_CHECK_UNKNOWN },
		{ "[]", 200, "{\"protected\":true}", 404, "{}", FORGE_CHECK_UNKNOWN },
		{ "[{\"type\":\"deletion\"}]", 200, "{\"protected\":false}", 404, "{}",
		  FORGE_CHECK_WARNING },
		{ "[]", 404, "{}", 404, "{}", FORGE_CHECK_UNKNOWN },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_always(&scene, RULES, 200, cases[i].rules);
		scene_always(&scene, BRANCH, cases[i].branch, cases[i].branch_body);
		scene_always(&scene, REQUIRED, cases[i].required,
			     cases[i].required_body);
		well();
		test();
		is("required status", cases[i].result, "");
	}
	end();
}
END_TEST

START_TEST(clocks_are_compared)
{
	begin();
	scene_headers(&scene, "GET " REPO, 200,
		      "Date: Sat, 21 Nov 2020 09:30:00 GMT\r\n", SEEN);
	well();
	test();
	is("clock", FORGE_CHECK_BAD, "behind");
	end();
}
END_TEST

START_TEST(forge_that_is_not_reached_is_an_error)
{
	struct msg_forge_session session = { .kind = "github", .token = "t0ken" };
	begin();
	snprintf(scene.base, sizeof(scene.base), "http://127.0.0.1:1");
	forge_close(forge);
	forge = scene_open(&scene, &session);
	ck_assert_int_eq(forge_test(forge, &set_up, arena, &checks, &count, &err),
			 ERROR_NETWORK);
	end();
}
END_TEST

START_TEST(app_is_looked_at)
{
	struct msg_forge_session session = {
		.kind = "github",
		.app_id = 77,
		.app_key = forge_key,
		.installation_token = "ghs_kept",
		.installation = 3,
		.installation_expires = clock_now() + 3600 * CLOCK_SECOND,
	};
	scene_begin(&scene);
	forge = scene_open(&scene, &session);
	arena = arena_new((size_t)64 << 20);
	scene_always(&scene, "GET /app", 200,
		     "{\"slug\":\"gate\",\"permissions\":{\"checks\":\"write\","
		     "\"pull_requests\":\"read\",\"contents\":\"read\"}}");
	scene_once(&scene, "GET " REPO "/installation", 200, "{\"id\":3}");
	scene_always(&scene, "GET /app/hook/config", 200, "{\"url\":\"" URL "\"}");
	well();
	test();
	ck_assert_str_eq(checks[0].text, "it acts as the App 'gate'");
	ck_assert_int_eq(checks[1].result, FORGE_CHECK_BAD);
	ck_assert_ptr_nonnull(strstr(checks[1].text, "Pull requests: write"));
	is("webhook", FORGE_CHECK_GOOD, "the App's own");
	ck_assert_uint_eq(scene_strangers(&scene), 0);
	end();
}
END_TEST

/* --- hook --- */

START_TEST(webhook_is_created_or_brought_up_to_date)
{
	static const char post[] = "POST " REPO "/hooks";
	static const char patch[] = "PATCH " REPO "/hooks/5";
	const char *text = NULL;
	begin();
	scene_once(&scene, HOOKS, 200, "[]");
	scene_always(&scene, HOOKS, 200, HOOK("false", "[]", ""));
	scene_always(&scene, post, 201, "{\"id\":5}");
	scene_always(&scene, patch, 200, "{\"id\":5}");
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err), 0);
	ck_assert_str_eq(text, "webhook 5 of 'acme/shop' to " URL " was created");
	const struct scene_request *made = scene_last(&scene, post);
	ck_assert_str_eq(scene_text(&scene, made, "name"), "web");
	ck_assert_str_eq(scene_text(&scene, made, "active"), "true");
	ck_assert_str_eq(scene_text(&scene, made, "config.url"), URL);
	ck_assert_str_eq(scene_text(&scene, made, "config.secret"), "s3cret");
	ck_assert_str_eq(scene_text(&scene, made, "config.content_type"), "json");
	ck_assert_str_eq(scene_text(&scene, made, "config.insecure_ssl"), "0");
	ck_assert_uint_eq(node_count(call_child(scene_body(&scene, made), "events")),
			  6);
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err), 0);
	ck_assert_ptr_nonnull(strstr(text, "was brought up to date"));
	ck_assert_ptr_null(strstr(text, "s3cret"));
	end();
}
END_TEST

START_TEST(denied_webhook_names_the_right)
{
	const char *text = NULL;
	begin();
	scene_always(&scene, HOOKS, 403, "{\"message\":\"Resource not accessible\"}");
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err),
			 ERROR_FORGE_DENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "admin:repo_hook"));
	end();
}
END_TEST

UNIT_MAIN("forge/github set-up", good_set_up_is_good, tokens_are_told_apart,
	  repositories_are_told_apart, webhooks_are_told_apart,
	  required_statuses_are_told_apart, clocks_are_compared,
	  forge_that_is_not_reached_is_an_error, app_is_looked_at,
	  webhook_is_created_or_brought_up_to_date, denied_webhook_names_the_right)
