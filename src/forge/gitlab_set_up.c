/* forge/gitlab_set_up.c - looking at what somebody set up at GitLab, and the webhook.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/gitlab.h"

#define RIGHT_HOOKS "the scope 'api' and the role Maintainer"
/* Whoever has it may post statuses. */
#define DEVELOPER 30
#define SOON      (14 * 24 * 60 * 60 * CLOCK_SECOND)

static const char *const events[] = { "push_events", "tag_push_events",
				      "merge_requests_events" };
#define EVENT_COUNT (sizeof(events) / sizeof(*events))

/* --- the webhook --- */

struct hook {
	const char *url; /* wanted */
	struct arena *arena;
	const char *id;      /* NULL: not found */
	const char *missing; /* an event that is not sent, or NULL */
	const char *alert;   /* "executable", "temporarily_disabled", "disabled" */
	bool verifies;       /* TLS */
	bool is_signed;
};

static int read_hook(struct hook *hook, const struct node *node, struct error *err)
{
	struct call_fields fields;
	call_fields_begin(&fields, hook->arena, node, "a webhook");
	hook->id = call_text(&fields, "id", CALL_NEEDED);
	hook->alert = call_text(&fields, "alert_status", CALL_OPTIONAL);
	hook->verifies = call_boolean(&fields, "enable_ssl_verification");
	hook->is_signed = call_boolean(&fields, "signing_token_present");
	for (size_t i = 0; i < EVENT_COUNT && !hook->missing; i++)
		if (!call_boolean(&fields, events[i]))
			hook->missing = events[i];
	return call_fields_status(&fields, err);
}

static int take_hooks(void *data, const struct call_reply *page,
		      char next[CALL_TARGET_BYTES], struct error *err)
{
	struct hook *hook = data;
	const struct node *node = call_hook_find(page, "url", hook->url);
	if (!node)
		return 0;
	next[0] = '\0';
	return read_hook(hook, node, err);
}

static int find_hook(struct forge *forge, const char *name, struct hook *hook,
		     struct error *err)
{
	return forge_call_pages(forge,
				call_target(hook->arena,
					    "/projects/{}/"
					    "hooks?per_page=" GITLAB_PAGE_SIZE,
					    name),
				RIGHT_HOOKS, take_hooks, hook, NULL, err);
}

/* signing_token must be "whsec_" and base64; servers before 19.0 ignore it and send the
 * token. */
static void write_hook(struct buf *out, const struct forge_set_up *set_up)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "url", set_up->hook_url);
	for (size_t i = 0; i < EVENT_COUNT; i++)
		json_put_boolean(&json, events[i], true);
	json_put_boolean(&json, "enable_ssl_verification", true);
	json_put_string(&json, "token", set_up->secret);
	if (text_starts_with(set_up->secret, "whsec_"))
		json_put_string(&json, "signing_token", set_up->secret);
	json_object_end(&json);
}

static const char *how_signed(const struct forge_set_up *set_up, bool is_signed)
{
	if (is_signed)
		return "signed";
	return text_starts_with(set_up->secret, "whsec_")
		       ? "with the plain token: this server is too old to sign"
		       : "with the plain token: a secret 'whsec_' and base64 of 32 "
			 "bytes would be used to sign";
}

static int send_hook(struct forge *forge, const struct forge_set_up *set_up,
		     const char *id, struct arena *arena, const char **text,
		     struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct call_reply reply;
	struct call_fields fields;
	write_hook(&body, set_up);
	struct call call = {
		.method = id ? "PUT" : "POST",
		.target = id ? call_target(arena, "/projects/{}/hooks/{}", set_up->name,
					   id)
			     : call_target(arena, "/projects/{}/hooks", set_up->name),
		.body = &body,
		.right = RIGHT_HOOKS,
	};
	int rc = call_hook_send(forge, &call, &body, arena, &reply, err);
	if (rc)
		return rc;
	call_fields_begin(&fields, arena, reply.body, "the webhook");
	const char *made = call_text(&fields, "id", CALL_NEEDED);
	bool is_signed = call_boolean(&fields, "signing_token_present");
	rc = call_fields_status(&fields, err);
	if (rc)
		return rc;
	const char *line = arena_printf(arena, "webhook %s of '%s' to %s %s, %s", made,
					set_up->name, set_up->hook_url,
					id ? "was brought up to date" : "was created",
					how_signed(set_up, is_signed));
	if (!line)
		return error_set(err, ERROR_MEMORY, "out of memory for a webhook");
	*text = line;
	return 0;
}

int gitlab_hook(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, const char **text, struct error *err)
{
	struct hook hook = { .url = set_up->hook_url, .arena = arena };
	int rc = find_hook(forge, set_up->name, &hook, err);
	return rc ? rc : send_hook(forge, set_up, hook.id, arena, text, err);
}

/* --- checks --- */

struct test {
	struct forge *forge;
	const struct forge_set_up *set_up;
	struct arena *arena;
	struct call_checks checks;
	const char *page;         /* of the project, for people */
	int64_t date;             /* the forge's clock */
	struct error unreachable; /* set: the forge could not be asked */
};

/* True: the question was answered. Everything that is no answer is a check. */
static bool ask(struct test *test, const char *what, const char *target,
		const char *mend, struct call_reply *reply)
{
	struct error err = ERROR_INIT;
	int rc = forge_get(test->forge, target, NULL, test->arena, reply, NULL, &err);
	if (!rc && reply->date != 0)
		test->date = reply->date;
	if (rc == ERROR_NETWORK || rc == ERROR_TIMEOUT || rc == ERROR_FORBIDDEN_HOST)
		error_set(&test->unreachable, rc, "%s", err.text);
	if (rc)
		call_check(&test->checks,
			   rc == ERROR_FORGE_DENIED ? FORGE_CHECK_BAD
						    : FORGE_CHECK_UNKNOWN,
			   what, mend, "%s", err.text);
	return rc == 0;
}

static bool has_scope(const struct node *list, const char *scope)
{
	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list);
	     i++) {
		const struct node *item = node_item(list, i);
		if (node_kind(item) == NODE_STRING &&
		    strcmp(node_text(item, NULL), scope) == 0)
			return true;
	}
	return false;
}

/* expires_at is a date. */
static void check_end(struct test *test, struct call_fields *fields)
{
	int64_t end = call_time(fields, "expires_at");
	if (end != 0 && end < clock_now() + SOON)
		call_check(&test->checks, FORGE_CHECK_WARNING, "token",
			   "make a new one in time; its file is token-file",
			   "it ends on %s",
			   call_text(fields, "expires_at", CALL_OPTIONAL));
}

/* Tokens of projects and groups are personal ones of a robot of their own. */
static void check_scopes(struct test *test, const char *login)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error err = ERROR_INIT;
	if (forge_get(test->forge, "/personal_access_tokens/self", NULL, test->arena,
		      &reply, NULL, &err)) {
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, "token",
			   "it needs the scope 'api'",
			   "it acts as '%s'; its scopes could not be seen: %s", login,
			   err.text);
		return;
	}
	call_fields_begin(&fields, test->arena, reply.body, "the token");
	if (has_scope(call_child(reply.body, "scopes"), "api"))
		call_check(&test->checks, FORGE_CHECK_GOOD, "token", NULL,
			   "it acts as '%s' with the scope 'api'", login);
	else
		call_check(&test->checks, FORGE_CHECK_BAD, "token",
			   "make a new one with the scope 'api': the project's "
			   "Settings, Access tokens",
			   "it acts as '%s' without the scope 'api': statuses are "
			   "refused",
			   login);
	check_end(test, &fields);
}

static bool check_token(struct test *test)
{
	struct call_reply reply;
	struct call_fields fields;
	if (!ask(test, "token", "/user",
		 "make a new token with the scope 'api': the project's Settings, "
		 "Access tokens; its file is token-file",
		 &reply))
		return false;
	call_fields_begin(&fields, test->arena, reply.body, "the user");
	check_scopes(test, call_title(&fields, "username"));
	return true;
}

/* 0: it does not say (administrators, inherited roles). */
static uint64_t role_of(struct call_fields *fields)
{
	uint64_t project = call_number(
		fields, "permissions.project_access.access_level", CALL_OPTIONAL);
	uint64_t group = call_number(fields, "permissions.group_access.access_level",
				     CALL_OPTIONAL);
	return project > group ? project : group;
}

static void check_merging(struct test *test, struct call_fields *fields)
{
	static const char what[] = "required status";
	const char *mend = arena_printf(test->arena,
					"%s/-/settings/merge_requests: 'Pipelines must "
					"succeed', without "
					"'Skipped pipelines are considered successful'",
					test->page);
	if (!call_boolean(fields, "only_allow_merge_if_pipeline_succeeds"))
		call_check(&test->checks, FORGE_CHECK_WARNING, what, mend,
			   "merge requests can be merged although 'gitgate/policy' "
			   "failed");
	else if (call_boolean(fields, "allow_merge_on_skipped_pipeline"))
		call_check(&test->checks, FORGE_CHECK_WARNING, what, mend,
			   "merge requests can be merged when their pipeline was "
			   "skipped");
	else
		call_check(&test->checks, FORGE_CHECK_GOOD, what, NULL,
			   "pipelines, of which 'gitgate/policy' is part, must succeed "
			   "before merging");
}

static bool check_project(struct test *test)
{
	struct call_reply reply;
	struct call_fields fields;
	const char *what =
		arena_printf(test->arena, "repository %s", test->set_up->name);
	if (!what ||
	    !ask(test, what,
		 call_target(test->arena, "/projects/{}", test->set_up->name),
		 "the name is wrong, or the token does not see the project", &reply))
		return false;
	call_fields_begin(&fields, test->arena, reply.body, "the project");
	test->page = call_text(&fields, "web_url", CALL_OPTIONAL);
	uint64_t role = role_of(&fields);
	if (call_boolean(&fields, "archived"))
		call_check(&test->checks, FORGE_CHECK_BAD, what,
			   "its settings, General, Advanced: 'Unarchive project'",
			   "it is archived: nothing can be posted");
	else if (role == 0)
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, what,
			   "statuses need the role Developer, on protected branches "
			   "one that may push or merge",
			   "it is seen; the token's role is not said");
	else if (role < DEVELOPER)
		call_check(&test->checks, FORGE_CHECK_BAD, what,
			   "Manage, Members: give the token's user the role Developer",
			   "the token's role is below Developer: statuses are refused");
	else
		call_check(&test->checks, FORGE_CHECK_GOOD, what, NULL,
			   "it is seen, and statuses can be posted");
	check_merging(test, &fields);
	return true;
}

static void judge_hook(struct test *test, const struct hook *hook)
{
	static const char mend[] = "gitgate forge hook SOURCE brings it up to date";
	bool runs = hook->alert[0] == '\0' || strcmp(hook->alert, "executable") == 0;
	if (!runs)
		call_check(&test->checks, FORGE_CHECK_BAD, "webhook",
			   "send a test event from the webhook's page: an answer 2xx "
			   "enables it again",
			   "GitLab disabled it after failures ('%s')", hook->alert);
	else if (hook->missing)
		call_check(&test->checks, FORGE_CHECK_WARNING, "webhook", mend,
			   "it has not '%s'", hook->missing);
	else if (!hook->verifies)
		call_check(&test->checks, FORGE_CHECK_WARNING, "webhook", mend,
			   "GitLab does not verify our certificate for it");
	else if (!hook->is_signed)
		call_check(&test->checks, FORGE_CHECK_WARNING, "webhook",
			   "GitLab 19.0 and later sign: a secret 'whsec_' and base64 "
			   "of 32 bytes, then gitgate forge hook SOURCE",
			   "it is active, but proves itself by a plain token that "
			   "can be replayed");
	else
		call_check(&test->checks, FORGE_CHECK_GOOD, "webhook", NULL,
			   "it is active, signed, and sends every event that is read");
}

static void check_hook(struct test *test)
{
	struct hook hook = { .url = test->set_up->hook_url,
			     .arena = test->arena,
			     .alert = "" };
	struct error err = ERROR_INIT;
	if (!hook.url || hook.url[0] == '\0') {
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, "webhook",
			   "set public-url", "its address is not known");
	} else if (find_hook(test->forge, test->set_up->name, &hook, &err)) {
		const char *mend =
			arena_printf(test->arena, "look at %s/-/hooks", test->page);
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, "webhook", mend, "%s",
			   err.text);
	} else if (!hook.id) {
		call_check(&test->checks, FORGE_CHECK_BAD, "webhook",
			   "gitgate forge hook SOURCE creates it",
			   "the project has none to %s", hook.url);
	} else {
		judge_hook(test, &hook);
	}
}

/* Whether approvals can be counted: GitLab does not say for which commit they are. */
static void check_approvals(struct test *test)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error err = ERROR_INIT;
	int rc = forge_get(
		test->forge,
		call_target(test->arena, "/projects/{}/approvals", test->set_up->name),
		NULL, test->arena, &reply, NULL, &err);
	if (!rc)
		call_fields_begin(&fields, test->arena, reply.body, "the project");
	if (!rc && call_boolean(&fields, "reset_approvals_on_push")) {
		call_check(&test->checks, FORGE_CHECK_GOOD, "approvals", NULL,
			   "a push takes them back: they are for the head");
		return;
	}
	const char *mend = arena_printf(test->arena,
					"%s/-/settings/merge_requests, 'Approval "
					"settings': 'Remove all "
					"approvals' when a commit is added (Premium)",
					test->page);
	call_check(&test->checks, rc ? FORGE_CHECK_UNKNOWN : FORGE_CHECK_WARNING,
		   "approvals", mend,
		   "a push does not take them back%s: they count only where the "
		   "server tells when they were given",
		   rc ? ", as far as can be seen" : "");
}

int gitlab_test(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, struct forge_check **out, size_t *count,
		struct error *err)
{
	struct test test = { .forge = forge,
			     .set_up = set_up,
			     .arena = arena,
			     .checks = { .arena = arena },
			     .page = "",
			     .unreachable = ERROR_INIT };
	bool in = check_token(&test);
	if (!in && test.unreachable.code)
		return error_set(err, test.unreachable.code, "%s",
				 test.unreachable.text);
	if (in && check_project(&test)) {
		check_hook(&test);
		check_approvals(&test);
	}
	if (in)
		call_check_clock(&test.checks, test.date);
	return call_checks_take(&test.checks, out, count, err);
}
