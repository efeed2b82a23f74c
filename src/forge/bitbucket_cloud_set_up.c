/* forge/bitbucket_cloud_set_up.c - whether token, repository, webhook and required
 * builds of Bitbucket Cloud are set up right, and making the webhook. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/bitbucket.h"

#define RIGHT_HOOK  "'webhook' (read and write)"
#define RIGHT_ADMIN "'repository' (admin)"

static const char *const events[] = {
	"repo:push",
	"pullrequest:created",
	"pullrequest:updated",
	"pullrequest:approved",
	"pullrequest:unapproved",
	"pullrequest:changes_request_created",
	"pullrequest:changes_request_removed",
	"pullrequest:rejected",
	"pullrequest:fulfilled",
};

static const struct bitbucket_hook_names hook_names = {
	.id = "uuid",
	.push = "repo:push",
	.pull_requests = "pullrequest:",
};

struct test {
	struct forge *forge;
	const struct forge_set_up *set_up;
	struct arena *arena;
	struct call_checks *checks;
};

/* --- token and repository --- */

/* Named by the header X-OAuth-Scopes; newer tokens have other names for the same. */
static void check_scopes(struct test *test, const char *scopes)
{
	if (scopes[0] == '\0')
		call_check(test->checks, FORGE_CHECK_UNKNOWN, "token", NULL,
			   "is accepted; the forge does not say what it may do");
	else if (strstr(scopes, "pullrequest") == NULL)
		call_check(test->checks, FORGE_CHECK_BAD, "token",
			   "make a token with 'repository' and 'pullrequest' (write), "
			   "and 'webhook' for 'gitgate forge hook'",
			   "it may do %s: pull requests cannot be read", scopes);
	else
		call_check(test->checks, FORGE_CHECK_GOOD, "token", NULL, "may do %s",
			   scopes);
}

static int check_repository(struct test *test, struct error *err)
{
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	const char *name = test->set_up->name;
	int code = forge_get(test->forge,
			     call_target(test->arena, "/repositories/{/}", name),
			     CLOUD_RIGHT_READ, test->arena, &reply, NULL, &cause);
	if (code == 0) {
		call_check_clock(test->checks, reply.date);
		check_scopes(test, reply.scopes);
		call_check(test->checks, FORGE_CHECK_GOOD, "repository", NULL,
			   "'%s' can be read", name);
	} else if (code == ERROR_FORGE_DENIED) {
		call_check(test->checks, FORGE_CHECK_BAD, "token",
			   "make an access token of the repository (Repository "
			   "settings > Access tokens) with 'repository' and "
			   "'pullrequest' (write) and 'webhook'; an API token of a "
			   "person needs 'username' too",
			   "%s", cause.text);
	} else if (code == ERROR_NOT_FOUND) {
		call_check(test->checks, FORGE_CHECK_BAD, "repository",
			   "look at 'name' in the configuration "
			   "(workspace/repository), "
			   "and whose token it is",
			   "the forge knows no '%s', or does not show it to this token",
			   name);
	} else {
		error_set(err, code, "%s", cause.text);
	}
	return code;
}

/* --- webhooks --- */

static int take_hooks(void *data, const struct call_reply *page,
		      char next[CALL_TARGET_BYTES], struct error *err)
{
	const struct node *values;
	int code = bitbucket_values(page, &values, err);
	if (code == 0)
		code = cloud_next(page, next, err);
	for (size_t i = 0; code == 0 && i < node_count(values); i++)
		code = bitbucket_take_hook(data, node_item(values, i), &hook_names,
					   err);
	return code;
}

static int find_hooks(struct forge *forge, const char *name, struct call_hooks *hooks,
		      struct error *err)
{
	return forge_call_pages(
		forge,
		call_target(hooks->arena, "/repositories/{/}/hooks?pagelen=100", name),
		RIGHT_HOOK, take_hooks, hooks, NULL, err);
}

static void check_hook(struct test *test)
{
	struct call_hooks hooks = { .arena = test->arena,
				    .url = test->set_up->hook_url };
	struct error cause = ERROR_INIT;
	if (!call_check_hook_url(test->checks, hooks.url))
		return;
	if (find_hooks(test->forge, test->set_up->name, &hooks, &cause) != 0)
		call_check(test->checks, FORGE_CHECK_UNKNOWN, "webhook",
			   "look at Repository settings > Webhooks, or give the token "
			   "'webhook'",
			   "%s", cause.text);
	else
		call_check_hook(test->checks, &hooks);
}

/* --- required builds --- */

/* Bitbucket Cloud counts builds, it cannot ask for one by its name. */
static void check_required(struct test *test)
{
	static const char mend[] = "Repository settings > Branch restrictions: on the "
				   "branch, 'Minimum "
				   "number of successful builds' and 'Prevent a merge "
				   "with unresolved "
				   "merge checks' (Premium)";
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	int code = forge_get(test->forge,
			     call_target(test->arena,
					 "/repositories/{/}/branch-restrictions"
					 "?kind=require_passing_builds_to_merge"
					 "&pattern={}",
					 test->set_up->name, test->set_up->branch),
			     RIGHT_ADMIN, test->arena, &reply, NULL, &cause);
	const struct node *values = NULL;
	if (code == 0)
		code = bitbucket_values(&reply, &values, &cause);
	if (code != 0)
		call_check(test->checks, FORGE_CHECK_UNKNOWN, "required status", mend,
			   "%s", cause.text);
	else if (node_count(values) == 0)
		call_check(test->checks, FORGE_CHECK_WARNING, "required status", mend,
			   "'%s' can be merged into without a successful build",
			   test->set_up->branch);
	else
		call_check(test->checks, FORGE_CHECK_GOOD, "required status", NULL,
			   "'%s' needs successful builds", test->set_up->branch);
}

int cloud_test(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, struct forge_check **out, size_t *count,
	       struct error *err)
{
	struct call_checks checks = { .arena = arena };
	struct test test = {
		.forge = forge, .set_up = set_up, .arena = arena, .checks = &checks
	};
	int code = check_repository(&test, err);
	if (code == 0) {
		check_hook(&test);
		check_required(&test);
	} else if (checks.count == 0) {
		return code;
	}
	return call_checks_take(&checks, out, count, err);
}

/* --- making the webhook --- */

static void write_hook(struct buf *out, const struct forge_set_up *set_up)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "description", "gitgate");
	json_put_string(&json, "url", set_up->hook_url);
	json_put_boolean(&json, "active", true);
	json_put_string(&json, "secret", set_up->secret);
	json_key(&json, "events");
	json_array(&json);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		json_string(&json, events[i]);
	json_array_end(&json);
	json_object_end(&json);
}

/* Those behind the first send every event once more. */
static int remove_others(struct forge *forge, const char *name,
			 const struct call_hooks *hooks, struct error *err)
{
	int code = 0;
	for (size_t i = 1; code == 0 && i < hooks->count; i++) {
		struct call call = {
			.method = "DELETE",
			.target =
				call_target(hooks->arena, "/repositories/{/}/hooks/{}",
					    name, hooks->ids[i]),
			.right = RIGHT_HOOK,
		};
		code = forge_call(forge, &call, hooks->arena, NULL, NULL, err);
	}
	return code;
}

int cloud_hook(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, const char **text, struct error *err)
{
	struct call_hooks hooks = { .arena = arena, .url = set_up->hook_url };
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	int code = find_hooks(forge, set_up->name, &hooks, err);
	bool fresh = hooks.count == 0;
	struct call call = {
		.method = fresh ? "POST" : "PUT",
		.target = fresh ? call_target(arena, "/repositories/{/}/hooks",
					      set_up->name)
				: call_target(arena, "/repositories/{/}/hooks/{}",
					      set_up->name, hooks.ids[0]),
		.body = &body,
		.right = RIGHT_HOOK,
	};
	if (code == 0)
		write_hook(&body, set_up);
	if (code == 0)
		code = call_hook_send(forge, &call, &body, arena, NULL, err);
	if (code == 0)
		code = remove_others(forge, set_up->name, &hooks, err);
	return code == 0 ? call_hook_done(arena, fresh ? "made" : "updated", set_up,
					  text, err)
			 : code;
}
