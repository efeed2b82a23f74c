/* forge/github_report.c - telling GitHub: commit statuses and the one comment of a pull
 * request.
 *
 * Statuses are appended; the newest of a context counts, and GitHub takes at most 1,000
 * of a commit and context. So what stands there is read first where it may be what we
 * say already: at the first time, and before a final state, whose reply may have been
 * lost. */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/commit_status.h"
#include "forge/github.h"
#include "forge/markdown.h"

/* A longer description is answered 422. */
#define DESCRIPTION_CHARACTERS 140
#define DESCRIPTION_BYTES      1024

#define RIGHT_STATUSES                                                                 \
	"'Commit statuses: write' of a fine-grained token or App, or the scope "       \
	"'repo:status'"
#define RIGHT_COMMENTS                                                                 \
	"'Pull requests: write' of a fine-grained token or App, or the scope 'repo'"

/* --- statuses --- */

static int make_status(const struct msg_report_item *item, struct arena *arena,
		       struct commit_status *out, struct error *err)
{
	char safe[DESCRIPTION_BYTES];
	text_escape_into(safe, sizeof(safe), item->description,
			 strlen(item->description));
	*out = (struct commit_status){
		.context = item->context,
		.state = commit_status_state(item->state),
		.link = item->link,
		.description = call_cut(arena, safe, DESCRIPTION_CHARACTERS),
	};
	return out->description
		       ? 0
		       : error_set(err, ERROR_MEMORY, "out of memory for a status");
}

/* *id "": another one stands there, or none. */
static int find_status(struct forge *forge, const struct msg_report_item *item,
		       const struct commit_status *status, struct arena *arena,
		       const char **id, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	*id = "";
	int rc = forge_get(forge,
			   call_target(arena,
				       "/repos/{/}/commits/{}/status?per_page=100",
				       item->name, oid_text(&item->commit)),
			   RIGHT_STATUSES, arena, &reply, retry_at, err);
	if (rc)
		return rc;
	const struct node *list = call_child(reply.body, "statuses");
	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list);
	     i++) {
		struct call_fields fields;
		call_fields_begin(&fields, arena, node_item(list, i), "a status");
		const char *context = call_text(&fields, "context", CALL_NEEDED);
		if (strcasecmp(context, status->context) != 0)
			continue;
		if (commit_status_is_shown(status, &fields, "state"))
			*id = call_text(&fields, "id", CALL_NEEDED);
		return call_fields_status(&fields, err);
	}
	return 0;
}

static int post_status(struct forge *forge, const struct msg_report_item *item,
		       const struct commit_status *status, struct arena *arena,
		       const char **id, int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	commit_status_write(&body, status);
	struct call call = {
		.method = "POST",
		.target = call_target(arena, "/repos/{/}/statuses/{}", item->name,
				      oid_text(&item->commit)),
		.body = &body,
		.right = RIGHT_STATUSES,
	};
	int rc = forge_call_made(forge, &call, arena, id, retry_at, err);
	buf_release(&body);
	return rc;
}

static int say_status(struct forge *forge, const struct msg_report_item *item,
		      struct arena *arena, const char **forge_ref, int64_t *retry_at,
		      struct error *err)
{
	struct commit_status status;
	const char *id = "";
	bool first = item->forge_ref[0] == '\0';
	int rc = make_status(item, arena, &status, err);
	if (!rc && (first || strcmp(status.state, "pending") != 0))
		rc = find_status(forge, item, &status, arena, &id, retry_at, err);
	if (!rc && id[0] == '\0')
		rc = post_status(forge, item, &status, arena, &id, retry_at, err);
	if (!rc)
		*forge_ref = id;
	return rc;
}

int github_status(struct forge *forge, const struct msg_report_item *item,
		  const struct msg_finding_row *findings, size_t finding_count,
		  struct arena *arena, const char **forge_ref, int64_t *retry_at,
		  struct error *err)
{
	int rc = github_enter(forge, item->name, arena, retry_at, err);
	if (!rc && github_is_app(forge))
		rc = github_check_run(forge, item, findings, finding_count, arena,
				      forge_ref, retry_at, err);
	else if (!rc)
		rc = say_status(forge, item, arena, forge_ref, retry_at, err);
	return github_leave(forge, rc);
}

/* --- the comment --- */

struct comment_search {
	struct arena *arena;
	const char *login;
	const char *id; /* NULL: not found yet */
	bool same;      /* it says what we say */
	const char *body;
};

static int look_at_comment(struct comment_search *search, const struct node *comment,
			   struct error *err)
{
	struct call_fields fields;
	size_t length = 0;
	const struct node *body = call_child(comment, "body");
	const char *text =
		node_kind(body) == NODE_STRING ? node_text(body, &length) : "";
	call_fields_begin(&fields, search->arena, comment, "a comment");
	const char *login = call_text(&fields, "user.login", CALL_OPTIONAL);
	if (!text_starts_with(text, MARKDOWN_MARKER) ||
	    strcasecmp(login, search->login) != 0)
		return call_fields_status(&fields, err);
	search->id = call_text(&fields, "id", CALL_NEEDED);
	search->same =
		length == strlen(search->body) && strcmp(text, search->body) == 0;
	return call_fields_status(&fields, err);
}

static int search_page(void *data, const struct call_reply *page,
		       char next[CALL_TARGET_BYTES], struct error *err)
{
	struct comment_search *search = data;
	if (node_kind(page->body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE,
				 "the forge's list of comments is none");
	for (size_t i = 0; !search->id && i < node_count(page->body); i++) {
		int rc = look_at_comment(search, node_item(page->body, i), err);
		if (rc)
			return rc;
	}
	if (search->id)
		next[0] = '\0';
	return 0;
}

/* A pull request with more comments than are read gets one more. */
static int find_comment(struct forge *forge, const struct msg_report_item *item,
			struct comment_search *search, int64_t *retry_at,
			struct error *err)
{
	int rc = github_login(forge, item->name, search->arena, &search->login,
			      retry_at, err);
	if (rc)
		return rc;
	struct error cause = ERROR_INIT;
	rc = forge_call_pages(forge,
			      call_target(search->arena,
					  "/repos/{/}/issues/{#}/comments"
					  "?per_page=" GITHUB_PAGE_SIZE,
					  item->name, item->number),
			      RIGHT_COMMENTS, search_page, search, retry_at, &cause);
	if (rc && rc != ERROR_LIMIT)
		return error_set(err, rc, "%s", cause.text);
	return 0;
}

/* POST for a new one (`id` NULL), PATCH otherwise. */
static int send_comment(struct forge *forge, const struct msg_report_item *item,
			const char *id, const char *text, struct arena *arena,
			const char **out, int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct json json;
	json_begin(&json, &body);
	json_object(&json);
	json_put_string(&json, "body", text);
	json_object_end(&json);
	struct call call = {
		.method = id ? "PATCH" : "POST",
		.target = id ? call_target(arena, "/repos/{/}/issues/comments/{}",
					   item->name, id)
			     : call_target(arena, "/repos/{/}/issues/{#}/comments",
					   item->name, item->number),
		.body = &body,
		.right = RIGHT_COMMENTS,
	};
	int rc = forge_call_made(forge, &call, arena, out, retry_at, err);
	buf_release(&body);
	return rc;
}

static int say_comment(struct forge *forge, const struct msg_report_item *item,
		       const char *body, struct arena *arena, const char **forge_ref,
		       int64_t *retry_at, struct error *err)
{
	struct comment_search search = { .arena = arena, .body = body };
	struct error gone = ERROR_INIT;
	if (item->forge_ref[0] != '\0') {
		int rc = send_comment(forge, item, item->forge_ref, body, arena,
				      forge_ref, retry_at, &gone);
		if (rc != ERROR_NOT_FOUND) /* otherwise somebody deleted it */
			return rc ? error_set(err, rc, "%s", gone.text) : 0;
	}
	int rc = find_comment(forge, item, &search, retry_at, err);
	if (rc)
		return rc;
	if (search.id && search.same) {
		*forge_ref = search.id;
		return 0;
	}
	return send_comment(forge, item, search.id, body, arena, forge_ref, retry_at,
			    err);
}

int github_comment(struct forge *forge, const struct msg_report_item *item,
		   const char *body, struct arena *arena, const char **forge_ref,
		   int64_t *retry_at, struct error *err)
{
	int rc = github_enter(forge, item->name, arena, retry_at, err);
	if (!rc)
		rc = say_comment(forge, item, body, arena, forge_ref, retry_at, err);
	return github_leave(forge, rc);
}
