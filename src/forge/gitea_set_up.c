/* forge/gitea_set_up.c - whether token, repository, webhook and required status of a
 * Gitea or Forgejo are set up right, and making the webhook. */
#include "forge/gitea.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"

#define CONTEXT "gitgate/policy"

/* Names that versions of both use; those that a server does not know it leaves out. */
static const char *const events[] = {
	"push",
	"create",
	"delete",
	"pull_request",
	"pull_request_sync",
	"pull_request_review",
	"pull_request_review_approved",
	"pull_request_review_rejected",
	"pull_request_review_comment",
};

struct test {
	struct forge *forge;
	const struct forge_set_up *set_up;
	struct arena *arena;
	struct call_checks *checks;
	bool administrator;
};

/* A question that was not answered. */
static void check_unanswered(struct test *test, const char *what, const char *mend,
			     const struct error *cause)
{
	call_check(test->checks, FORGE_CHECK_UNKNOWN, what, mend, "%s", cause->text);
}

/* --- token and repository --- */

static void check_user(struct test *test)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error cause = ERROR_INIT;
	int code = forge_get(test->forge, "/user", "read:user", test->arena, &reply,
			     NULL, &cause);
	if (code == ERROR_FORGE_DENIED) {
		call_check(test->checks, FORGE_CHECK_WARNING, "token",
			   "give the token 'user: read' (read:user)",
			   "it may not ask who it belongs to: a comment of ours is not "
			   "found again when the store was lost");
		return;
	}
	if (code != 0) {
		check_unanswered(test, "token", NULL, &cause);
		return;
	}
	call_fields_begin(&fields, test->arena, reply.body, "our user");
	const char *login = call_text(&fields, "login", CALL_OPTIONAL);
	call_check(test->checks, FORGE_CHECK_GOOD, "token", NULL, "belongs to '%s'",
		   login);
}

static void check_rights(struct test *test, const struct node *repository)
{
	struct call_fields fields;
	call_fields_begin(&fields, test->arena, repository, "the repository");
	test->administrator = call_boolean(&fields, "permissions.admin");
	if (!call_boolean(&fields, "permissions.push"))
		call_check(test->checks, FORGE_CHECK_BAD, "rights",
			   "make the token's user a collaborator with write access "
			   "(Settings > Collaborators)",
			   "the token's user may not write to '%s': no status can be "
			   "posted",
			   test->set_up->name);
	else if (!test->administrator)
		call_check(test->checks, FORGE_CHECK_WARNING, "rights",
			   "only for 'gitgate forge hook', and for looking at webhooks "
			   "and branch protection: an administrator's token",
			   "the token's user may write to '%s', but not administer it",
			   test->set_up->name);
	else
		call_check(test->checks, FORGE_CHECK_GOOD, "rights", NULL,
			   "the token's user may write to '%s' and administer it",
			   test->set_up->name);
	if (call_boolean(&fields, "archived"))
		call_check(test->checks, FORGE_CHECK_BAD, "repository",
			   "unarchive it, or take it out of the configuration",
			   "'%s' is archived: it takes no statuses",
			   test->set_up->name);
}

/* 0 when there is a point in asking more. */
static int check_repository(struct test *test, struct error *err)
{
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	int code = forge_get(
		test->forge, call_target(test->arena, "/repos/{/}", test->set_up->name),
		GITEA_RIGHT_REPOSITORY_READ, test->arena, &reply, NULL, &cause);
	if (code == 0) {
		call_check_clock(test->checks, reply.date);
		check_rights(test, reply.body);
		return 0;
	}
	if (code == ERROR_FORGE_DENIED)
		call_check(test->checks, FORGE_CHECK_BAD, "token",
			   "make a token (Settings > Applications) with "
			   "write:repository, write:issue and read:user",
			   "%s", cause.text);
	else if (code == ERROR_NOT_FOUND)
		call_check(test->checks, FORGE_CHECK_BAD, "repository",
			   "look at 'name' in the configuration, and whether the "
			   "token's user may see the repository",
			   "the forge knows no '%s', or does not show it to this token",
			   test->set_up->name);
	else
		error_set(err, code, "%s", cause.text);
	return code;
}

/* --- webhooks --- */

static int take_hook(struct call_hooks *hooks, const struct node *node,
		     struct error *err)
{
	struct call_fields fields;
	call_fields_begin(&fields, hooks->arena, node, "a webhook");
	const char *url = call_text(&fields, "config.url", CALL_OPTIONAL);
	if (url[0] == '\0')
		url = call_text(&fields, "url", CALL_OPTIONAL);
	if (strcmp(url, hooks->url) != 0)
		return call_fields_status(&fields, err);
	const char *id = call_text(&fields, "id", CALL_NEEDED);
	hooks->active = call_boolean(&fields, "active");
	call_hook_events(hooks, call_child(node, "events"), "push", "pull_request");
	int code = call_fields_status(&fields, err);
	return code == 0 ? call_hook_add(hooks, id, err) : code;
}

static int take_hooks(void *data, const struct call_reply *page,
		      char next[CALL_TARGET_BYTES], struct error *err)
{
	int code = 0;
	(void)next;
	if (node_kind(page->body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE, "the list of webhooks is none");
	for (size_t i = 0; code == 0 && i < node_count(page->body); i++)
		code = take_hook(data, node_item(page->body, i), err);
	return code;
}

static int find_hooks(struct forge *forge, const char *name, struct call_hooks *hooks,
		      struct error *err)
{
	return forge_call_pages(
		forge,
		call_target(hooks->arena, "/repos/{/}/hooks?limit=" GITEA_PAGE_SIZE,
			    name),
		GITEA_RIGHT_ADMINISTRATION, take_hooks, hooks, NULL, err);
}

static void check_hook(struct test *test)
{
	struct call_hooks hooks = { .arena = test->arena,
				    .url = test->set_up->hook_url };
	struct error cause = ERROR_INIT;
	if (!call_check_hook_url(test->checks, hooks.url))
		return;
	if (!test->administrator)
		call_check(test->checks, FORGE_CHECK_UNKNOWN, "webhook",
			   "look at Settings > Webhooks of the repository",
			   "only an administrator's token may look at webhooks");
	else if (find_hooks(test->forge, test->set_up->name, &hooks, &cause) != 0)
		check_unanswered(test, "webhook", NULL, &cause);
	else
		call_check_hook(test->checks, &hooks);
}

/* --- the required status --- */

/* A context, or a pattern with '*' at its end or alone. */
static bool covers(const char *pattern)
{
	size_t length = strlen(pattern);
	if (length > 0 && pattern[length - 1] == '*')
		return strncasecmp(pattern, CONTEXT, length - 1) == 0;
	return strcasecmp(pattern, CONTEXT) == 0;
}

static bool requires_status(const struct node *rule)
{
	const struct node *contexts = call_child(rule, "status_check_contexts");
	const struct node *enabled = call_child(rule, "enable_status_check");
	if (node_kind(enabled) != NODE_BOOLEAN || !node_boolean(enabled))
		return false;
	for (size_t i = 0;
	     node_kind(contexts) == NODE_SEQUENCE && i < node_count(contexts); i++) {
		if (node_kind(node_item(contexts, i)) == NODE_STRING &&
		    covers(node_text(node_item(contexts, i), NULL)))
			return true;
	}
	return false;
}

static const struct node *find_rule(struct test *test, const struct node *rules)
{
	for (size_t i = 0; node_kind(rules) == NODE_SEQUENCE && i < node_count(rules);
	     i++) {
		struct call_fields fields;
		call_fields_begin(&fields, test->arena, node_item(rules, i), "a rule");
		const char *name = call_text(&fields, "rule_name", CALL_OPTIONAL);
		if (name[0] == '\0')
			name = call_text(&fields, "branch_name", CALL_OPTIONAL);
		if (strcmp(name, test->set_up->branch) == 0)
			return node_item(rules, i);
	}
	return NULL;
}

static void check_required(struct test *test)
{
	static const char mend[] = "Settings > Branches > Branch protection: protect "
				   "the branch, tick "
				   "'Enable status check' and enter gitgate/policy";
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	if (!test->administrator) {
		call_check(test->checks, FORGE_CHECK_UNKNOWN, "required status", mend,
			   "only an administrator's token may look at branch "
			   "protection");
		return;
	}
	if (forge_get(test->forge,
		      call_target(test->arena, "/repos/{/}/branch_protections",
				  test->set_up->name),
		      GITEA_RIGHT_ADMINISTRATION, test->arena, &reply, NULL,
		      &cause) != 0) {
		check_unanswered(test, "required status", mend, &cause);
		return;
	}
	const struct node *rule = find_rule(test, reply.body);
	if (rule == NULL)
		call_check(test->checks, FORGE_CHECK_WARNING, "required status", mend,
			   "no rule protects '%s' by its name", test->set_up->branch);
	else if (!requires_status(rule))
		call_check(test->checks, FORGE_CHECK_WARNING, "required status", mend,
			   "'%s' can be merged into without " CONTEXT,
			   test->set_up->branch);
	else
		call_check(test->checks, FORGE_CHECK_GOOD, "required status", NULL,
			   "'%s' needs " CONTEXT, test->set_up->branch);
}

int gitea_test(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, struct forge_check **out, size_t *count,
	       struct error *err)
{
	struct call_checks checks = { .arena = arena };
	struct test test = {
		.forge = forge, .set_up = set_up, .arena = arena, .checks = &checks
	};
	int code = check_repository(&test, err);
	if (code == 0) {
		check_user(&test);
		check_hook(&test);
		check_required(&test);
	} else if (checks.count == 0) {
		return code;
	}
	return call_checks_take(&checks, out, count, err);
}

/* --- making the webhook --- */

static void write_hook(struct buf *out, const struct forge *forge,
		       const struct forge_set_up *set_up)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "type", forge_name(forge->driver->kind));
	json_key(&json, "config");
	json_object(&json);
	json_put_string(&json, "url", set_up->hook_url);
	json_put_string(&json, "content_type", "json");
	json_put_string(&json, "secret", set_up->secret);
	json_object_end(&json);
	json_key(&json, "events");
	json_array(&json);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		json_string(&json, events[i]);
	json_array_end(&json);
	json_put_boolean(&json, "active", true);
	json_object_end(&json);
}

static int make_hook(struct forge *forge, const struct forge_set_up *set_up,
		     struct arena *arena, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct call call = {
		.method = "POST",
		.target = call_target(arena, "/repos/{/}/hooks", set_up->name),
		.body = &body,
		.right = GITEA_RIGHT_ADMINISTRATION,
	};
	write_hook(&body, forge, set_up);
	return call_hook_send(forge, &call, &body, arena, NULL, err);
}

static int remove_hook(struct forge *forge, const char *name, const char *id,
		       struct arena *arena, struct error *err)
{
	struct call call = {
		.method = "DELETE",
		.target = call_target(arena, "/repos/{/}/hooks/{}", name, id),
		.right = GITEA_RIGHT_ADMINISTRATION,
	};
	struct error cause = ERROR_INIT;
	int code = forge_call(forge, &call, arena, NULL, NULL, &cause);
	return code == 0 || code == ERROR_NOT_FOUND
		       ? 0
		       : error_set(err, code, "%s", cause.text);
}

/* Older servers leave the secret as it is when a webhook is edited: so a new one is
 * made, and those that sent there before are taken away behind it. */
int gitea_hook(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, const char **text, struct error *err)
{
	struct call_hooks old = { .arena = arena, .url = set_up->hook_url };
	int code = find_hooks(forge, set_up->name, &old, err);
	if (code == 0)
		code = make_hook(forge, set_up, arena, err);
	for (size_t i = 0; code == 0 && i < old.count; i++)
		code = remove_hook(forge, set_up->name, old.ids[i], arena, err);
	if (code != 0)
		return code;
	return call_hook_done(arena, old.count > 0 ? "replaced" : "made", set_up, text,
			      err);
}
