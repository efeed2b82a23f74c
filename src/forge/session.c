/* forge/session.c - the wrappers of the half that talks to a forge's API. */
#include "forge/forge.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "forge/call.h"
#include "forge/driver.h"
#include "forge/markdown.h"
#include "net/http.h"

#define SESSION_BYTES ((size_t)4 << 20)

int forge_open(struct forge **out, const struct msg_forge_session *session,
	       struct error *err)
{
	const char *kind = session->kind != NULL ? session->kind : "";
	const struct forge_driver *driver = forge_driver_of(forge_by_name(kind));
	if (driver == NULL || driver->open == NULL)
		return error_set(err, ERROR_USAGE, "a forge of kind '%s' has no API",
				 kind);
	struct forge *forge = calloc(1, sizeof(*forge));
	if (forge != NULL)
		forge->arena = arena_new(SESSION_BYTES);
	if (forge == NULL || forge->arena == NULL) {
		free(forge);
		return error_set(err, ERROR_MEMORY, "out of memory for a session");
	}
	forge->driver = driver;
	forge->budget.remaining = -1;
	int code = driver->open(forge, session, err);
	if (code != 0) {
		forge_close(forge);
		return code;
	}
	*out = forge;
	return 0;
}

void forge_close(struct forge *forge)
{
	if (forge == NULL)
		return;
	http_client_free(forge->http);
	arena_free(forge->arena);
	free(forge);
}

void forge_budget(const struct forge *forge, struct msg_forge_budget *out)
{
	*out = forge->budget;
}

static int cannot(const struct forge *forge, const char *what, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, "'%s' cannot %s",
			 forge_name(forge->driver->kind), what);
}

/* A full name becomes a path: nothing in it may climb. */
static int check_name(const char *name, struct error *err)
{
	bool good = name != NULL && name[0] != '\0' && strlen(name) < 1024;
	for (const char *at = name; good && *at != '\0';) {
		size_t length = strcspn(at, "/");
		good = length > 0 && !(length == 1 && at[0] == '.') &&
		       !(length == 2 && strncmp(at, "..", 2) == 0);
		at += length;
		if (good && *at == '/')
			good = *++at != '\0';
	}
	return good ? 0
		    : error_set(err, ERROR_USAGE,
				"'%s' is not the full name of a repository",
				name != NULL ? name : "");
}

/* --- report --- */

/* A reply is read into a message: what is absent there is NULL here. */
static const char *text_of(const char *text)
{
	return text != NULL ? text : "";
}

static int report_status(struct forge *forge, const struct msg_report_item *item,
			 const struct msg_finding_row *findings, size_t count,
			 struct arena *arena, const char **forge_ref, int64_t *retry_at,
			 struct error *err)
{
	if (forge->driver->status == NULL)
		return cannot(forge, "take statuses", err);
	if (item->commit.length == 0 || oid_is_null(&item->commit))
		return error_set(err, ERROR_USAGE, "a status needs a commit");
	if (item->context[0] == '\0')
		return error_set(err, ERROR_USAGE, "a status needs a context");
	if (call_state_by_name(item->state) == CALL_STATE_UNKNOWN)
		return error_set(err, ERROR_USAGE, "'%s' is not a state", item->state);
	return forge->driver->status(forge, item, findings, count, arena, forge_ref,
				     retry_at, err);
}

static int report_comment(struct forge *forge, const struct msg_report_item *item,
			  const struct msg_finding_row *findings, size_t count,
			  struct arena *arena, const char **forge_ref,
			  int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(forge->driver->comment_bytes);
	if (forge->driver->comment == NULL)
		return cannot(forge, "take comments", err);
	if (item->number == 0)
		return error_set(err, ERROR_USAGE, "a comment needs a merge request");
	int code = markdown_comment(item, findings, count, forge->driver->comment_bytes,
				    &body, err);
	if (code == 0)
		code = forge->driver->comment(forge, item, body.data, arena, forge_ref,
					      retry_at, err);
	buf_release(&body);
	return code;
}

int forge_report(struct forge *forge, const struct msg_report_item *item,
		 const struct msg_finding_row *findings, size_t finding_count,
		 struct arena *arena, const char **forge_ref, int64_t *retry_at,
		 struct error *err)
{
	struct msg_report_item given = *item;
	int64_t ignored = 0;
	given.kind = text_of(item->kind);
	given.context = text_of(item->context);
	given.state = text_of(item->state);
	given.description = text_of(item->description);
	given.link = text_of(item->link);
	given.forge_ref = text_of(item->forge_ref);
	given.ref = text_of(item->ref);
	*forge_ref = given.forge_ref;
	int code = check_name(given.name, err);
	if (code != 0)
		return code;
	if (retry_at == NULL)
		retry_at = &ignored;
	if (strcmp(given.kind, "status") == 0)
		code = report_status(forge, &given, findings, finding_count, arena,
				     forge_ref, retry_at, err);
	else if (strcmp(given.kind, "comment") == 0)
		code = report_comment(forge, &given, findings, finding_count, arena,
				      forge_ref, retry_at, err);
	else
		return error_set(err, ERROR_USAGE, "nothing of kind '%s' is posted",
				 given.kind);
	return code == 0 ? 0 : error_context(err, "%s of '%s'", given.kind, given.name);
}

/* --- merge requests --- */

int forge_merge_request(struct forge *forge, const char *name, uint64_t number,
			struct arena *arena, struct forge_merge_request *out,
			int64_t *retry_at, struct error *err)
{
	struct forge_merge_request made = { 0 };
	if (forge->driver->merge_request == NULL)
		return cannot(forge, "show merge requests", err);
	int code = check_name(name, err);
	if (code == 0)
		code = forge->driver->merge_request(forge, name, number, arena, &made,
						    retry_at, err);
	if (code != 0)
		return error_context(err, "merge request %llu of '%s'",
				     (unsigned long long)number, name);
	*out = made;
	return 0;
}

/* Whether the trouble is this merge request's own, and not the forge's or ours. */
static bool is_its_own(int code)
{
	return code == ERROR_LIMIT || code == ERROR_SYNTAX ||
	       code == ERROR_FORGE_REFUSED;
}

/* `lenient`: of one that cannot be read there is the number alone. */
static int read_all(struct forge *forge, const char *name,
		    const struct call_numbers *numbers, bool lenient,
		    struct arena *arena, struct forge_merge_request **out,
		    size_t *count, int64_t *retry_at, struct error *err)
{
	struct forge_merge_request *made =
		arena_array(arena, numbers->count + 1, sizeof(*made));
	if (made == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for merge requests");
	size_t read = 0;
	for (size_t i = 0; i < numbers->count; i++) {
		struct error cause = ERROR_INIT;
		int code = forge_merge_request(forge, name, numbers->items[i], arena,
					       &made[read], retry_at, &cause);
		/* It went away since it was listed. */
		if (code == ERROR_NOT_FOUND)
			continue;
		if (code != 0 && !(lenient && is_its_own(code)))
			return error_set(err, code, "%s", cause.text);
		made[read++].row.number = numbers->items[i];
	}
	*out = made;
	*count = read;
	return 0;
}

int forge_open_merge_requests(struct forge *forge, const char *name,
			      struct arena *arena, struct forge_merge_request **out,
			      size_t *count, int64_t *retry_at, struct error *err)
{
	struct call_numbers numbers = { 0 };
	if (forge->driver->open_merge_requests == NULL)
		return cannot(forge, "list merge requests", err);
	int code = check_name(name, err);
	if (code == 0)
		code = forge->driver->open_merge_requests(
			forge, name, arena, &numbers.items, &numbers.count, retry_at,
			err);
	if (code != 0)
		return error_context(err, "merge requests of '%s'",
				     name != NULL ? name : "");
	return read_all(forge, name, &numbers, true, arena, out, count, retry_at, err);
}

int forge_commit_merge_requests(struct forge *forge, const char *name,
				const struct oid *commit, struct arena *arena,
				struct forge_merge_request **out, size_t *count,
				int64_t *retry_at, struct error *err)
{
	struct call_numbers numbers = { 0 };
	if (forge->driver->commit_merge_requests == NULL)
		return cannot(forge, "say by which merge request a commit came", err);
	int code = check_name(name, err);
	if (code == 0)
		code = forge->driver->commit_merge_requests(
			forge, name, commit, arena, &numbers.items, &numbers.count,
			retry_at, err);
	if (code != 0)
		return error_context(err, "merge requests of '%s'",
				     name != NULL ? name : "");
	return read_all(forge, name, &numbers, false, arena, out, count, retry_at, err);
}

/* --- set-up --- */

int forge_test(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, struct forge_check **out, size_t *count,
	       struct error *err)
{
	if (forge->driver->test == NULL)
		return cannot(forge, "be tested", err);
	int code = check_name(set_up->name, err);
	return code == 0 ? forge->driver->test(forge, set_up, arena, out, count, err)
			 : code;
}

int forge_hook(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, const char **text, struct error *err)
{
	if (forge->driver->hook == NULL)
		return cannot(forge, "take webhooks by its API", err);
	int code = check_name(set_up->name, err);
	if (code == 0 && (set_up->hook_url == NULL || set_up->hook_url[0] == '\0'))
		code = error_set(err, ERROR_USAGE,
				 "the address of the webhook is not known: set "
				 "'public-url'");
	if (code == 0 && (set_up->secret == NULL || set_up->secret[0] == '\0'))
		code = error_set(err, ERROR_USAGE, "the webhook's secret is not known");
	return code == 0 ? forge->driver->hook(forge, set_up, arena, text, err) : code;
}
