/* forge/bitbucket_server_set_up.c - whether token, repository, webhook and required
 * build of a Bitbucket Data Center are set up right, and making the webhook. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/bitbucket.h"

#define CONTEXT      "gitgate/policy"
#define REQUIRED_API "/rest/required-builds/latest"
#define RIGHT_ADMIN  "'repository admin' (an HTTP access token)"

static const char *const events[] = {
	"repo:refs_changed",
	"pr:opened",
	"pr:from_ref_updated",
	"pr:modified",
	"pr:reviewer:updated",
	"pr:reviewer:approved",
	"pr:reviewer:unapproved",
	"pr:reviewer:needs_work",
	"pr:merged",
	"pr:declined",
	"pr:deleted",
};

static const struct bitbucket_hook_names hook_names = {
	.id = "id",
	.push = "repo:refs_changed",
	.pull_requests = "pr:",
};

struct test {
	struct forge *forge;
	const struct forge_set_up *set_up;
	struct arena *arena;
	struct call_checks *checks;
};

static int check_repository(struct test *test, struct error *err)
{
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	const char *name = test->set_up->name;
	int code =
		forge_get(test->forge, server_target(test->arena, SERVER_API, name, ""),
			  SERVER_RIGHT_READ, test->arena, &reply, NULL, &cause);
	if (code == 0) {
		call_check_clock(test->checks, reply.date);
		call_check(test->checks, FORGE_CHECK_GOOD, "repository", NULL,
			   "'%s' can be read with this token", name);
	} else if (code == ERROR_FORGE_DENIED) {
		call_check(test->checks, FORGE_CHECK_BAD, "token",
			   "make an HTTP access token of the repository (Repository "
			   "settings > HTTP access tokens) with 'repository read', or "
			   "'repository admin' for 'gitgate forge hook'",
			   "%s", cause.text);
	} else if (code == ERROR_NOT_FOUND) {
		call_check(test->checks, FORGE_CHECK_BAD, "repository",
			   "look at 'name' in the configuration (PROJECT/repository), "
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
	(void)next;
	for (size_t i = 0; code == 0 && i < node_count(values); i++)
		code = bitbucket_take_hook(data, node_item(values, i), &hook_names,
					   err);
	return code;
}

static int find_hooks(struct forge *forge, const char *name, struct call_hooks *hooks,
		      struct error *err)
{
	struct server_list list = {
		.arena = hooks->arena,
		.target = server_target(hooks->arena, SERVER_API, name,
					"/webhooks?limit=100&start="),
		.take = take_hooks,
		.data = hooks,
	};
	return server_pages(forge, &list, RIGHT_ADMIN, NULL, err);
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
			   "look at Repository settings > Webhooks, or use a token "
			   "with 'repository admin'",
			   "%s", cause.text);
	else
		call_check_hook(test->checks, &hooks);
}

/* --- the required build --- */

struct conditions {
	bool found;
};

static int take_conditions(void *data, const struct call_reply *page,
			   char next[CALL_TARGET_BYTES], struct error *err)
{
	struct conditions *conditions = data;
	const struct node *values;
	int code = bitbucket_values(page, &values, err);
	(void)next;
	for (size_t i = 0; code == 0 && i < node_count(values); i++) {
		const struct node *keys = call_child(node_item(values, i), "buildParent"
									   "Keys");
		for (size_t k = 0;
		     node_kind(keys) == NODE_SEQUENCE && k < node_count(keys); k++) {
			const struct node *key = node_item(keys, k);
			if (node_kind(key) == NODE_STRING &&
			    strcmp(node_text(key, NULL), CONTEXT) == 0)
				conditions->found = true;
		}
	}
	return code;
}

static void check_required(struct test *test)
{
	static const char mend[] =
		"Repository settings > Required builds: add " CONTEXT " for the branch";
	struct conditions conditions = { 0 };
	struct server_list list = {
		.arena = test->arena,
		.target = server_target(test->arena, REQUIRED_API, test->set_up->name,
					"/conditions?limit=100&start="),
		.take = take_conditions,
		.data = &conditions,
	};
	struct error cause = ERROR_INIT;
	if (server_pages(test->forge, &list, RIGHT_ADMIN, NULL, &cause) != 0)
		call_check(test->checks, FORGE_CHECK_UNKNOWN, "required status", mend,
			   "%s", cause.text);
	else if (conditions.found)
		call_check(test->checks, FORGE_CHECK_GOOD, "required status", NULL,
			   "a required build names " CONTEXT);
	else
		call_check(test->checks, FORGE_CHECK_WARNING, "required status", mend,
			   "no required build names " CONTEXT);
}

int server_test(struct forge *forge, const struct forge_set_up *set_up,
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
	json_put_string(&json, "name", "gitgate");
	json_put_string(&json, "url", set_up->hook_url);
	json_put_boolean(&json, "active", true);
	json_key(&json, "configuration");
	json_object(&json);
	json_put_string(&json, "secret", set_up->secret);
	json_object_end(&json);
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
				server_target(hooks->arena, SERVER_API, name,
					      call_target(hooks->arena, "/webhooks/{}",
							  hooks->ids[i])),
			.right = RIGHT_ADMIN,
		};
		code = forge_call(forge, &call, hooks->arena, NULL, NULL, err);
	}
	return code;
}

int server_hook(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, const char **text, struct error *err)
{
	struct call_hooks hooks = { .arena = arena, .url = set_up->hook_url };
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	int code = find_hooks(forge, set_up->name, &hooks, err);
	bool fresh = hooks.count == 0;
	struct call call = {
		.method = fresh ? "POST" : "PUT",
		.target = server_target(
			arena, SERVER_API, set_up->name,
			fresh ? "/webhooks"
			      : call_target(arena, "/webhooks/{}", hooks.ids[0])),
		.body = &body,
		.right = RIGHT_ADMIN,
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
