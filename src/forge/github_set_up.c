/* forge/github_set_up.c - looking at what somebody set up at GitHub, and the webhook.
 *
 * Each check stands alone: what the token may not look at is "unknown", with where to
 * look instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/github.h"

#define CONTEXT "gitgate/policy"

#define RIGHT_HOOKS                                                                    \
	"'Webhooks: write' of a fine-grained token or App, or the scope "              \
	"'admin:repo_hook'"

static const char *const events[] = { "push",        "create",
				      "delete",      "pull_request",
				      "merge_group", "pull_request_review" };
#define EVENT_COUNT (sizeof(events) / sizeof(*events))

/* --- the webhook --- */

struct hook {
	const char *url; /* wanted */
	struct arena *arena;
	const char *id; /* NULL: not found */
	bool active;
	bool json;
	bool verifies;       /* TLS */
	bool answered;       /* the last delivery was answered 2xx, or none was sent */
	const char *missing; /* an event that is not sent, or NULL */
	const char *answer;  /* what the last delivery was answered */
};

static bool has_event(const struct node *list, const char *event)
{
	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list);
	     i++) {
		const struct node *item = node_item(list, i);
		if (node_kind(item) == NODE_STRING &&
		    (strcmp(node_text(item, NULL), event) == 0 ||
		     strcmp(node_text(item, NULL), "*") == 0))
			return true;
	}
	return false;
}

static int read_hook(struct hook *hook, const struct node *node, struct error *err)
{
	struct call_fields fields;
	call_fields_begin(&fields, hook->arena, node, "a webhook");
	hook->id = call_text(&fields, "id", CALL_NEEDED);
	hook->active = call_boolean(&fields, "active");
	hook->json = strcmp(call_text(&fields, "config.content_type", CALL_OPTIONAL),
			    "json") == 0;
	hook->verifies =
		strcmp(call_text(&fields, "config.insecure_ssl", CALL_OPTIONAL), "1") !=
		0;
	uint64_t code = call_number(&fields, "last_response.code", CALL_OPTIONAL);
	hook->answered = code == 0 || (code >= 200 && code < 300);
	hook->answer = call_title(&fields, "last_response.message");
	for (size_t i = 0; i < EVENT_COUNT && !hook->missing; i++)
		if (!has_event(call_child(node, "events"), events[i]))
			hook->missing = events[i];
	return call_fields_status(&fields, err);
}

static int take_hooks(void *data, const struct call_reply *page,
		      char next[CALL_TARGET_BYTES], struct error *err)
{
	struct hook *hook = data;
	const struct node *node = call_hook_find(page, "config.url", hook->url);
	if (!node)
		return 0;
	next[0] = '\0';
	return read_hook(hook, node, err);
}

static int find_hook(struct forge *forge, const char *name, struct hook *hook,
		     int64_t *retry_at, struct error *err)
{
	return forge_call_pages(forge,
				call_target(hook->arena,
					    "/repos/{/}/"
					    "hooks?per_page=" GITHUB_PAGE_SIZE,
					    name),
				RIGHT_HOOKS, take_hooks, hook, retry_at, err);
}

static void write_hook(struct buf *out, const struct forge_set_up *set_up, bool fresh)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	if (fresh)
		json_put_string(&json, "name", "web");
	json_put_boolean(&json, "active", true);
	json_key(&json, "events");
	json_array(&json);
	for (size_t i = 0; i < EVENT_COUNT; i++)
		json_string(&json, events[i]);
	json_array_end(&json);
	json_key(&json, "config");
	json_object(&json);
	json_put_string(&json, "url", set_up->hook_url);
	json_put_string(&json, "content_type", "json");
	json_put_string(&json, "secret", set_up->secret);
	json_put_string(&json, "insecure_ssl", "0");
	json_object_end(&json);
	json_object_end(&json);
}

static int send_hook(struct forge *forge, const struct forge_set_up *set_up,
		     const char *id, struct arena *arena, const char **text,
		     struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct call_reply reply;
	struct call_fields fields;
	write_hook(&body, set_up, !id);
	struct call call = {
		.method = id ? "PATCH" : "POST",
		.target =
			id ? call_target(arena, "/repos/{/}/hooks/{}", set_up->name, id)
			   : call_target(arena, "/repos/{/}/hooks", set_up->name),
		.body = &body,
		.right = RIGHT_HOOKS,
	};
	int rc = call_hook_send(forge, &call, &body, arena, &reply, err);
	if (rc)
		return rc;
	call_fields_begin(&fields, arena, reply.body, "the webhook");
	const char *made = call_text(&fields, "id", CALL_NEEDED);
	rc = call_fields_status(&fields, err);
	if (rc)
		return rc;
	const char *line = arena_printf(arena, "webhook %s of '%s' to %s %s", made,
					set_up->name, set_up->hook_url,
					id ? "was brought up to date" : "was created");
	if (!line)
		return error_set(err, ERROR_MEMORY, "out of memory for a webhook");
	*text = line;
	return 0;
}

int github_hook(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, const char **text, struct error *err)
{
	struct hook hook = { .url = set_up->hook_url, .arena = arena };
	int rc = github_enter(forge, set_up->name, arena, NULL, err);
	if (!rc)
		rc = find_hook(forge, set_up->name, &hook, NULL, err);
	if (!rc)
		rc = send_hook(forge, set_up, hook.id, arena, text, err);
	return github_leave(forge, rc);
}

/* --- checks --- */

struct test {
	struct forge *forge;
	const struct forge_set_up *set_up;
	struct arena *arena;
	struct call_checks checks;
	const char *page;         /* of the repository, for people */
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
	if (rc == ERROR_FORGE_DENIED)
		call_check(&test->checks, FORGE_CHECK_BAD, what, mend, "%s", err.text);
	else if (rc)
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, what, mend, "%s",
			   err.text);
	return rc == 0;
}

static bool has_scope(const char *scopes, const char *scope)
{
	size_t length = strlen(scope);
	while (*scopes != '\0') {
		scopes += strspn(scopes, ", ");
		size_t word = strcspn(scopes, ", ");
		if (word == length && strncmp(scopes, scope, length) == 0)
			return true;
		scopes += word;
	}
	return false;
}

/* A classic token says its scopes; a fine-grained one says nothing. */
static void check_scopes(struct test *test, const char *login, const char *scopes)
{
	bool posts = has_scope(scopes, "repo") || has_scope(scopes, "repo:status");
	if (scopes[0] == '\0')
		call_check(&test->checks, FORGE_CHECK_GOOD, "token", NULL,
			   "it acts as '%s'; a fine-grained token does not say its "
			   "rights",
			   login);
	else if (!posts)
		call_check(&test->checks, FORGE_CHECK_BAD, "token",
			   "Settings, Developer settings, Personal access tokens: "
			   "give it the scope 'repo'",
			   "it acts as '%s' with the scopes '%s', and cannot post "
			   "statuses",
			   login, scopes);
	else if (!has_scope(scopes, "repo"))
		call_check(&test->checks, FORGE_CHECK_WARNING, "token",
			   "for private repositories and comments: the scope 'repo'",
			   "it acts as '%s' with the scopes '%s'", login, scopes);
	else
		call_check(&test->checks, FORGE_CHECK_GOOD, "token", NULL,
			   "it acts as '%s' with the scopes '%s'", login, scopes);
}

static bool check_user(struct test *test)
{
	struct call_reply reply;
	struct call_fields fields;
	if (!ask(test, "token", "/user",
		 "make a new token: Settings, Developer settings, Personal access "
		 "tokens; its file is token-file",
		 &reply))
		return false;
	call_fields_begin(&fields, test->arena, reply.body, "the user");
	check_scopes(test, call_title(&fields, "login"), reply.scopes);
	return true;
}

/* "write" is more than "read". */
static void check_permission(struct test *test, const struct node *app,
			     const char *permission, const char *shown, bool write)
{
	char path[128];
	struct call_fields fields;
	snprintf(path, sizeof(path), "permissions.%s", permission);
	call_fields_begin(&fields, test->arena, app, "the App");
	const char *value = call_text(&fields, path, CALL_OPTIONAL);
	bool good = strcmp(value, "write") == 0 || strcmp(value, "admin") == 0 ||
		    (!write && strcmp(value, "read") == 0);
	if (!good)
		call_check(&test->checks, FORGE_CHECK_BAD, "token",
			   "the App's settings, 'Permissions & events': give it, then "
			   "the owner accepts it at the installation",
			   "the App has not the permission '%s: %s'", shown,
			   write ? "write" : "read");
}

static bool check_app(struct test *test)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error err = ERROR_INIT;
	int rc = github_enter_as_app(test->forge, test->arena, &err);
	if (rc) {
		call_check(&test->checks, FORGE_CHECK_BAD, "token", NULL, "%s",
			   err.text);
		return false;
	}
	if (!ask(test, "token", "/app",
		 "compare app-id and app-key-file with the App's settings, and the "
		 "clocks",
		 &reply))
		return false;
	call_fields_begin(&fields, test->arena, reply.body, "the App");
	call_check(&test->checks, FORGE_CHECK_GOOD, "token", NULL,
		   "it acts as the App '%s'", call_title(&fields, "slug"));
	check_permission(test, reply.body, "checks", "Checks", true);
	check_permission(test, reply.body, "pull_requests", "Pull requests", true);
	check_permission(test, reply.body, "contents", "Contents", false);
	return true;
}

static bool check_installation(struct test *test)
{
	struct error err = ERROR_INIT;
	if (!github_enter(test->forge, test->set_up->name, test->arena, NULL, &err))
		return true;
	call_check(&test->checks, FORGE_CHECK_BAD, "installation",
		   "the App's settings, 'Install App': add the repository", "%s",
		   err.text);
	return false;
}

static bool check_repository(struct test *test)
{
	struct call_reply reply;
	struct call_fields fields;
	const char *what =
		arena_printf(test->arena, "repository %s", test->set_up->name);
	if (!what ||
	    !ask(test, what, call_target(test->arena, "/repos/{/}", test->set_up->name),
		 "the name is wrong, or the token does not see the repository", &reply))
		return false;
	call_fields_begin(&fields, test->arena, reply.body, "the repository");
	test->page = call_text(&fields, "html_url", CALL_OPTIONAL);
	bool push = github_is_app(test->forge) || call_boolean(&fields, "permissions."
									"push");
	if (call_boolean(&fields, "archived"))
		call_check(&test->checks, FORGE_CHECK_BAD, what,
			   "its settings, 'Unarchive this repository'",
			   "it is archived: nothing can be posted");
	else if (!push)
		call_check(&test->checks, FORGE_CHECK_BAD, what,
			   "its settings, 'Collaborators and teams': give the token's "
			   "user the role 'Write'",
			   "the token's user may not write: statuses are refused");
	else
		call_check(&test->checks, FORGE_CHECK_GOOD, what, NULL,
			   "it is seen, and statuses can be posted");
	return true;
}

static void judge_hook(struct test *test, const struct hook *hook)
{
	static const char mend[] = "gitgate forge hook SOURCE brings it up to date";
	if (!hook->id)
		call_check(&test->checks, FORGE_CHECK_BAD, "webhook",
			   "gitgate forge hook SOURCE creates it",
			   "the repository has none to %s", hook->url);
	else if (!hook->active)
		call_check(&test->checks, FORGE_CHECK_BAD, "webhook", mend,
			   "it is not active");
	else if (hook->missing)
		call_check(&test->checks, FORGE_CHECK_WARNING, "webhook", mend,
			   "it does not send the event '%s'", hook->missing);
	else if (!hook->verifies)
		call_check(&test->checks, FORGE_CHECK_WARNING, "webhook", mend,
			   "GitHub does not verify our certificate for it");
	else if (!hook->answered)
		call_check(&test->checks, FORGE_CHECK_WARNING, "webhook",
			   "the webhook's page, 'Recent Deliveries', shows request "
			   "and answer",
			   "the last delivery failed: %s", hook->answer);
	else
		call_check(&test->checks, FORGE_CHECK_GOOD, "webhook", NULL,
			   "it is active and sends every event that is read%s",
			   hook->json ? "" : " (as a form; JSON is smaller)");
}

static bool app_hook_is_ours(struct test *test)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error err = ERROR_INIT;
	if (!github_is_app(test->forge) ||
	    github_enter_as_app(test->forge, test->arena, &err))
		return false;
	int rc = forge_get(test->forge, "/app/hook/config", NULL, test->arena, &reply,
			   NULL, &err);
	if (!rc)
		call_fields_begin(&fields, test->arena, reply.body, "the webhook");
	bool ours = !rc && strcmp(call_text(&fields, "url", CALL_OPTIONAL),
				  test->set_up->hook_url) == 0;
	error_clear(&err);
	return github_enter(test->forge, test->set_up->name, test->arena, NULL, &err) ==
		       0 &&
	       ours;
}

static void check_hook(struct test *test)
{
	struct hook hook = { .url = test->set_up->hook_url, .arena = test->arena };
	struct error err = ERROR_INIT;
	if (!hook.url || hook.url[0] == '\0') {
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, "webhook",
			   "set public-url", "its address is not known");
		return;
	}
	if (app_hook_is_ours(test)) {
		call_check(&test->checks, FORGE_CHECK_GOOD, "webhook", NULL,
			   "the App's own leads here");
		return;
	}
	if (find_hook(test->forge, test->set_up->name, &hook, NULL, &err)) {
		const char *mend = arena_printf(
			test->arena, "look at %s/settings/hooks", test->page);
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, "webhook", mend, "%s",
			   err.text);
		return;
	}
	judge_hook(test, &hook);
}

/* --- the required status --- */

static bool is_context(const struct node *item)
{
	const struct node *text =
		node_kind(item) == NODE_MAPPING ? call_child(item, "context") : item;
	return node_kind(text) == NODE_STRING &&
	       strcasecmp(node_text(text, NULL), CONTEXT) == 0;
}

static bool list_has_context(const struct node *list)
{
	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list);
	     i++)
		if (is_context(node_item(list, i)))
			return true;
	return false;
}

static bool quietly(struct test *test, const char *target, struct call_reply *reply,
		    int *rc)
{
	struct error err = ERROR_INIT;
	*rc = forge_get(test->forge, target, NULL, test->arena, reply, NULL, &err);
	return *rc == 0;
}

/* Rulesets: every reader of the repository may see what holds on a branch. */
static bool rules_require(struct test *test)
{
	struct call_reply reply;
	int rc;
	if (!quietly(test,
		     call_target(test->arena,
				 "/repos/{/}/rules/branches/{}"
				 "?per_page=" GITHUB_PAGE_SIZE,
				 test->set_up->name, test->set_up->branch),
		     &reply, &rc))
		return false;
	for (size_t i = 0;
	     node_kind(reply.body) == NODE_SEQUENCE && i < node_count(reply.body); i++)
		if (list_has_context(call_child(node_item(reply.body, i), "parameters."
									  "required_"
									  "status_"
									  "checks")))
			return true;
	return false;
}

/* The older branch protection. *rc: why it could not be looked at. */
static bool protection_requires(struct test *test, int *rc)
{
	struct call_reply reply;
	return quietly(test,
		       call_target(test->arena,
				   "/repos/{/}/branches/{}/protection/"
				   "required_status_checks",
				   test->set_up->name, test->set_up->branch),
		       &reply, rc) &&
	       (list_has_context(call_child(reply.body, "contexts")) ||
		list_has_context(call_child(reply.body, "checks")));
}

/* For those who may not look at the protection: whether there is any. */
static bool is_protected(struct test *test, bool *known)
{
	struct call_reply reply;
	struct call_fields fields;
	int rc;
	*known = quietly(test,
			 call_target(test->arena, "/repos/{/}/branches/{}",
				     test->set_up->name, test->set_up->branch),
			 &reply, &rc);
	if (!*known)
		return false;
	call_fields_begin(&fields, test->arena, reply.body, "the branch");
	return call_boolean(&fields, "protected");
}

static void check_required(struct test *test)
{
	static const char what[] = "required status";
	int rc = 0;
	bool known = false;
	const char *branch = test->set_up->branch;
	if (!branch || branch[0] == '\0')
		return;
	const char *mend = arena_printf(test->arena,
					"%s/settings/rules, a ruleset for '%s': "
					"'Require status checks to "
					"pass', add '" CONTEXT "'",
					test->page, branch);
	if (rules_require(test) || protection_requires(test, &rc)) {
		call_check(&test->checks, FORGE_CHECK_GOOD, what, NULL,
			   "'%s' can only be merged into when '" CONTEXT "' passed",
			   branch);
		return;
	}
	bool guarded = is_protected(test, &known);
	if (!known)
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, what, mend,
			   "the branch '%s' could not be looked at", branch);
	else if (guarded && rc)
		call_check(&test->checks, FORGE_CHECK_UNKNOWN, what, mend,
			   "'%s' is protected, but the token may not see whether "
			   "'" CONTEXT "' is required",
			   branch);
	else
		call_check(&test->checks, FORGE_CHECK_WARNING, what, mend,
			   "'" CONTEXT "' is not required: '%s' can be merged into "
			   "without it",
			   branch);
}

int github_test(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, struct forge_check **out, size_t *count,
		struct error *err)
{
	struct test test = { .forge = forge,
			     .set_up = set_up,
			     .arena = arena,
			     .checks = { .arena = arena },
			     .page = "",
			     .unreachable = ERROR_INIT };
	bool in = github_is_app(forge) ? check_app(&test) && check_installation(&test)
				       : check_user(&test);
	if (in && check_repository(&test)) {
		check_hook(&test);
		check_required(&test);
	}
	if (in)
		call_check_clock(&test.checks, test.date);
	else if (test.unreachable.code)
		return error_set(err, test.unreachable.code, "%s",
				 test.unreachable.text);
	return call_checks_take(&test.checks, out, count, err);
}
