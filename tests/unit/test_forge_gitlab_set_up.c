/* tests/unit/test_forge_gitlab_set_up.c - gitgate forge test and hook, at GitLab. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "doc/doc.h"
#include "forge/call.h"
#include "forge_scene.h"
#include "unit.h"

#define PROJECT "/projects/acme%2Fshop"
#define URL     "https://gate.example.org/hooks/forge"
#define SELF    "GET /personal_access_tokens/self"
#define HOOKS   "GET " PROJECT "/hooks?per_page=100"
#define SIGNED  "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define HOOK(more)                                                                     \
	"[{\"id\":5,\"url\":\"" URL "\",\"push_events\":true,"                         \
	"\"tag_push_events\":true" more "}]"
#define WELL                                                                           \
	",\"merge_requests_events\":true,\"enable_ssl_verification\":true,"            \
	"\"signing_token_present\":true"
#define SEEN(level, more)                                                              \
	"{\"web_url\":\"https://gitlab.com/acme/shop\",\"permissions\":"               \
	"{\"project_access\":null,\"group_access\":" level "}" more "}"
#define MUST ",\"only_allow_merge_if_pipeline_succeeds\":true"

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static struct forge_check *checks;
static size_t count;
static struct forge_set_up set_up = {
	.name = "acme/shop", .branch = "main", .hook_url = URL, .secret = SIGNED
};

static void begin(void)
{
	struct msg_forge_session session = { .kind = "gitlab", .token = "t0ken" };
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
	scene_always(&scene, "GET /user", 200, "{\"username\":\"gate\"}");
	scene_always(&scene, SELF, 200,
		     "{\"scopes\":[\"read_api\",\"api\"],\"expires_at\":null}");
	scene_always(&scene, "GET " PROJECT, 200, SEEN("{\"access_level\":40}", MUST));
	scene_always(&scene, HOOKS, 200, HOOK(WELL));
	scene_always(&scene, "GET " PROJECT "/approvals", 200,
		     "{\"reset_approvals_on_push\":true}");
}

static void test(void)
{
	err = (struct error)ERROR_INIT;
	int rc = forge_test(forge, &set_up, arena, &checks, &count, &err);
	ck_assert_msg(rc == 0, "%s", err.text);
}

static void is(const char *what, enum forge_check_result result, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(checks[i].what, what) != 0 || checks[i].result != result)
			continue;
		ck_assert_msg(strstr(checks[i].text, text) != NULL, "%s: %s", what,
			      checks[i].text);
		ck_assert((checks[i].mend != NULL) == (result != FORGE_CHECK_GOOD));
		return;
	}
	ck_abort_msg("no such check of %s: %s", what, text);
}

START_TEST(good_set_up_is_good)
{
	begin();
	well();
	test();
	is("token", FORGE_CHECK_GOOD, "acts as 'gate'");
	is("repository acme/shop", FORGE_CHECK_GOOD, "");
	is("required status", FORGE_CHECK_GOOD, "");
	is("webhook", FORGE_CHECK_GOOD, "signed");
	is("approvals", FORGE_CHECK_GOOD, "");
	ck_assert_uint_eq(count, 6);
	ck_assert_uint_eq(scene_strangers(&scene), 0);
	end();
}
END_TEST

START_TEST(each_thing_that_is_wrong_is_found)
{
	static const struct {
		const char *line;
		int status;
		const char *body;
		const char *what;
		enum forge_check_result result;
		const char *text;
	} cases[] = {
		{ "GET /user", 401, "{\"message\":\"401 Unauthorized\"}", "token",
		  FORGE_CHECK_BAD, "not accepted" },
		{ SELF, 404, "{}", "token", FORGE_CHECK_UNKNOWN, "404" },
		{ SELF, 200, "{\"scopes\":[\"read_api\"]}", "token", FORGE_CHECK_BAD,
		  "without the scope 'api'" },
		{ SELF, 200, "{\"scopes\":[\"api\"],\"expires_at\":\"2020-01-01\"}",
		  "token", FORGE_CHECK_WARNING, "ends on 2020-01-01" },
		{ "GET " PROJECT, 404, "{}", "repository acme/shop",
		  FORGE_CHECK_UNKNOWN, "404" },
		{ "GET " PROJECT, 200, SEEN("{\"access_level\":20}", ""),
		  "repository acme/shop", FORGE_CHECK_BAD, "below Developer" },
		{ "GET " PROJECT, 200, SEEN("null", ""), "repository acme/shop",
		  FORGE_CHECK_UNKNOWN, "role" },
		{ "GET " PROJECT, 200, SEEN("null", ",\"archived\":true"),
		  "repository acme/shop", FORGE_CHECK_BAD, "archived" },
		{ "GET " PROJECT, 200, SEEN("null", ""), "required status",
		  FORGE_CHECK_WARNING, "although" },
		{ "GET " PROJECT, 200,
		  SEEN("null", MUST ",\"allow_merge_on_skipped_pipeline\":true"),
		  "required status", FORGE_CHECK_WARNING, "skipped" },
		{ HOOKS, 200, "[]", "webhook", FORGE_CHECK_BAD, "has none to" },
		{ HOOKS, 403, "{}", "webhook", FORGE_CHECK_UNKNOWN, "403" },
		{ HOOKS, 200, HOOK(""), "webhook", FORGE_CHECK_WARNING,
		  "merge_requests_events" },
		{ HOOKS, 200, HOOK(",\"merge_requests_events\":true"), "webhook",
		  FORGE_CHECK_WARNING, "certificate" },
		{ HOOKS, 200,
		  HOOK(",\"merge_requests_events\":true,"
		       "\"enable_ssl_verification\":true"),
		  "webhook", FORGE_CHECK_WARNING, "plain token" },
		{ HOOKS, 200, HOOK(WELL ",\"alert_status\":\"disabled\""), "webhook",
		  FORGE_CHECK_BAD, "disabled" },
		{ "GET " PROJECT "/approvals", 404, "{}", "approvals",
		  FORGE_CHECK_UNKNOWN, "not take them back" },
		{ "GET " PROJECT "/approvals", 200,
		  "{\"reset_approvals_on_push\":false}", "approvals",
		  FORGE_CHECK_WARNING, "not take them back" },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_always(&scene, cases[i].line, cases[i].status, cases[i].body);
		well();
		test();
		is(cases[i].what, cases[i].result, cases[i].text);
	}
	end();
}
END_TEST

START_TEST(clocks_are_compared)
{
	begin();
	scene_headers(&scene, "GET /user", 200,
		      "Date: Sat, 21 Nov 2020 09:30:00 GMT\r\n",
		      "{\"username\":\"gate\"}");
	well();
	test();
	is("clock", FORGE_CHECK_BAD, "behind");
	end();
}
END_TEST

START_TEST(webhook_is_created_or_brought_up_to_date)
{
	static const char post[] = "POST " PROJECT "/hooks";
	static const char put[] = "PUT " PROJECT "/hooks/5";
	const char *text = NULL;
	begin();
	scene_once(&scene, HOOKS, 200, "[]");
	scene_always(&scene, HOOKS, 200, HOOK(""));
	scene_always(&scene, post, 201, "{\"id\":5,\"signing_token_present\":true}");
	scene_always(&scene, put, 200, "{\"id\":5}");
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err), 0);
	ck_assert_str_eq(text, "webhook 5 of 'acme/shop' to " URL " was created, "
			       "signed");
	const struct scene_request *made = scene_last(&scene, post);
	static const char *const on[] = { "push_events", "tag_push_events",
					  "merge_requests_events",
					  "enable_ssl_verification" };
	for (size_t i = 0; i < sizeof(on) / sizeof(*on); i++)
		ck_assert_str_eq(scene_text(&scene, made, on[i]), "true");
	ck_assert_str_eq(scene_text(&scene, made, "url"), URL);
	ck_assert_str_eq(scene_text(&scene, made, "token"), SIGNED);
	ck_assert_str_eq(scene_text(&scene, made, "signing_token"), SIGNED);
	set_up.secret = "s3cret";
	ck_assert_int_eq(forge_hook(forge, &set_up, arena, &text, &err), 0);
	ck_assert_ptr_nonnull(strstr(text, "brought up to date, with the plain token"));
	ck_assert_str_eq(scene_text(&scene, scene_last(&scene, put), "signing_token"),
			 "-");
	ck_assert_ptr_null(strstr(text, "s3cret"));
	end();
}
END_TEST

UNIT_MAIN("forge/gitlab set-up", good_set_up_is_good, each_thing_that_is_wrong_is_found,
	  clocks_are_compared, webhook_is_created_or_brought_up_to_date)
