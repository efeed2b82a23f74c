/* forge/gitea_api.c - asking and telling Gitea and Forgejo: statuses, the one comment,
 * merge requests and their reviews. */
#include "forge/gitea.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/commit_status.h"
#include "forge/markdown.h"
#include "net/http.h"

#define API_PATH               "/api/v1"
#define DESCRIPTION_CHARACTERS 255

int gitea_open(struct forge *forge, const struct msg_forge_session *session,
	       struct error *err)
{
	const char *api = session->api != NULL ? session->api : "";
	size_t length = strlen(api);
	while (length > 0 && api[length - 1] == '/')
		length--;
	const char *base = arena_copy(forge->arena, api, length);
	if (base != NULL && length > 0 && !text_ends_with(base, API_PATH))
		base = arena_printf(forge->arena, "%s" API_PATH, base);
	const char *authorization =
		session->token != NULL && session->token[0] != '\0'
			? arena_printf(forge->arena, "token %s", session->token)
			: "";
	if (base == NULL || authorization == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a session");
	struct http_options options = {
		.base = base,
		.authorization = authorization[0] != '\0' ? authorization : NULL,
		.authorities =
			session->authorities != NULL && session->authorities[0] != '\0'
				? session->authorities
				: NULL,
		.timeout = session->timeout,
	};
	return http_client_new(&forge->http, &options, err);
}

/* --- statuses --- */

/* The id of the newest status of the context when it says the same already; else "". */
static int find_status(struct forge *forge, const struct msg_report_item *item,
		       const struct commit_status *status, struct arena *arena,
		       const char **id, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	*id = "";
	int code =
		forge_get(forge,
			  call_target(arena,
				      "/repos/{/}/commits/{}/statuses"
				      "?sort=recentupdate&limit=" GITEA_PAGE_SIZE,
				      item->name, oid_text(&item->commit)),
			  GITEA_RIGHT_REPOSITORY_READ, arena, &reply, retry_at, &cause);
	/* What is wrong then, posting will say. */
	if (code == ERROR_NOT_FOUND)
		return 0;
	if (code != 0)
		return error_set(err, code, "%s", cause.text);
	if (node_kind(reply.body) != NODE_SEQUENCE)
		return 0;
	for (size_t i = 0; i < node_count(reply.body); i++) {
		struct call_fields fields;
		call_fields_begin(&fields, arena, node_item(reply.body, i), "a status");
		const char *context = call_text(&fields, "context", CALL_OPTIONAL);
		if (strcmp(context, status->context) != 0)
			continue;
		if (commit_status_is_shown(status, &fields, "status"))
			*id = call_text(&fields, "id", CALL_NEEDED);
		return call_fields_status(&fields, err);
	}
	return 0;
}

int gitea_status(struct forge *forge, const struct msg_report_item *item,
		 const struct msg_finding_row *findings, size_t finding_count,
		 struct arena *arena, const char **forge_ref, int64_t *retry_at,
		 struct error *err)
{
	(void)findings;
	(void)finding_count;
	const char *id = "";
	int code = 0;
	struct commit_status status = {
		.context = item->context,
		.state = commit_status_state(item->state),
		.description =
			call_cut(arena, item->description, DESCRIPTION_CHARACTERS),
		.link = item->link,
	};
	if (status.description == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a status");
	/* Before a final state too: the reply to it may have been lost. */
	if (item->forge_ref[0] == '\0' || strcmp(status.state, "pending") != 0)
		code = find_status(forge, item, &status, arena, &id, retry_at, err);
	if (code == 0 && id[0] == '\0') {
		struct buf body = BUF_INIT(CALL_BODY_BYTES);
		struct call call = {
			.method = "POST",
			.target = call_target(arena, "/repos/{/}/statuses/{}",
					      item->name, oid_text(&item->commit)),
			.body = &body,
			.right = GITEA_RIGHT_REPOSITORY,
		};
		commit_status_write(&body, &status);
		code = forge_call_made(forge, &call, arena, &id, retry_at, err);
		buf_release(&body);
	}
	if (code == 0)
		*forge_ref = id;
	return code;
}

/* --- the comment --- */

struct search {
	struct arena *arena;
	const char *login; /* our own */
	const char *body;
	const char *id; /* of our comment; "": none */
	bool equal;     /* it says the same already */
};

static int look_for_comment(void *data, const struct call_reply *page,
			    char next[CALL_TARGET_BYTES], struct error *err)
{
	struct search *search = data;
	for (size_t i = 0; i < node_count(page->body); i++) {
		const struct node *item = node_item(page->body, i);
		const struct node *body = call_child(item, "body");
		struct call_fields fields;
		call_fields_begin(&fields, search->arena, item, "a comment");
		if (node_kind(body) != NODE_STRING ||
		    !text_starts_with(node_text(body, NULL), MARKDOWN_MARKER) ||
		    strcmp(call_text(&fields, "user.login", CALL_OPTIONAL),
			   search->login) != 0)
			continue;
		search->id = call_text(&fields, "id", CALL_NEEDED);
		search->equal = strcmp(node_text(body, NULL), search->body) == 0;
		next[0] = '\0';
		return call_fields_status(&fields, err);
	}
	return 0;
}

/* Without the right to ask who we are nobody's comment counts as ours: somebody else's
 * with our marker must not be taken. */
static int find_comment(struct forge *forge, const struct msg_report_item *item,
			struct search *search, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error denied = ERROR_INIT;
	int code = forge_get(forge, "/user", "read:user", search->arena, &reply,
			     retry_at, &denied);
	if (code == ERROR_FORGE_DENIED)
		return 0;
	if (code != 0)
		return error_set(err, code, "%s", denied.text);
	call_fields_begin(&fields, search->arena, reply.body, "our user");
	search->login = call_text(&fields, "login", CALL_NEEDED);
	code = call_fields_status(&fields, err);
	if (code != 0)
		return code;
	return forge_call_pages(
		forge,
		call_target(search->arena, "/repos/{/}/issues/{#}/comments", item->name,
			    item->number),
		GITEA_RIGHT_ISSUE, look_for_comment, search, retry_at, err);
}

static int send_comment(struct forge *forge, const char *method, const char *target,
			const char *text, struct arena *arena, const char **id,
			int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct json json;
	struct call call = { .method = method,
			     .target = target,
			     .body = &body,
			     .right = GITEA_RIGHT_ISSUE };
	json_begin(&json, &body);
	json_object(&json);
	json_put_string(&json, "body", text);
	json_object_end(&json);
	int code = forge_call_made(forge, &call, arena, id, retry_at, err);
	buf_release(&body);
	return code;
}

static int update_comment(struct forge *forge, const struct msg_report_item *item,
			  const char *body, struct arena *arena, const char **id,
			  int64_t *retry_at, struct error *err)
{
	return send_comment(
		forge, "PATCH",
		call_target(arena, "/repos/{/}/issues/comments/{}", item->name, *id),
		body, arena, id, retry_at, err);
}

/* Updates the one that we know; when that is gone, the one that is found; else a new
 * one. */
int gitea_comment(struct forge *forge, const struct msg_report_item *item,
		  const char *body, struct arena *arena, const char **forge_ref,
		  int64_t *retry_at, struct error *err)
{
	struct search search = { .arena = arena, .login = "", .body = body, .id = "" };
	struct error gone = ERROR_INIT;
	const char *id = item->forge_ref;
	int code = ERROR_NOT_FOUND;
	if (id[0] != '\0')
		code = update_comment(forge, item, body, arena, &id, retry_at, &gone);
	if (code != 0 && code != ERROR_NOT_FOUND)
		return error_set(err, code, "%s", gone.text);
	if (code == ERROR_NOT_FOUND) {
		code = find_comment(forge, item, &search, retry_at, err);
		id = search.id;
		if (code == 0 && id[0] == '\0')
			code = send_comment(forge, "POST",
					    call_target(arena,
							"/repos/{/}/issues/{#}/"
							"comments",
							item->name, item->number),
					    body, arena, &id, retry_at, err);
		else if (code == 0 && !search.equal)
			code = update_comment(forge, item, body, arena, &id, retry_at,
					      err);
	}
	if (code == 0)
		*forge_ref = id;
	return code;
}

/* --- merge requests --- */

static int read_pull(const struct node *node, struct arena *arena,
		     struct msg_merge_request_row *out, struct error *err)
{
	struct call_fields fields;
	call_fields_begin(&fields, arena, node, "the pull request");
	const char *state = call_text(&fields, "state", CALL_NEEDED);
	out->number = call_number(&fields, "number", CALL_NEEDED);
	out->state = strcmp(state, "open") == 0 ? "open" : "closed";
	if (call_boolean(&fields, "merged")) {
		out->state = "merged";
		call_oid(&fields, "merge_commit_sha", CALL_OPTIONAL,
			 &out->merge_commit);
	}
	call_oid(&fields, "head.sha", CALL_NEEDED, &out->head);
	call_oid(&fields, "base.sha", CALL_NEEDED, &out->base);
	out->head_ref = call_branch(&fields, "head.ref", CALL_OPTIONAL);
	out->base_ref = call_branch(&fields, "base.ref", CALL_NEEDED);
	/* null when the fork is gone */
	out->head_repository = call_text(&fields, "head.repo.full_name", CALL_OPTIONAL);
	out->author = call_text(&fields, "user.login", CALL_OPTIONAL);
	out->title = call_title(&fields, "title");
	out->draft = call_boolean(&fields, "draft");
	out->url = call_text(&fields, "html_url", CALL_OPTIONAL);
	out->updated_at = call_time(&fields, "updated_at");
	return call_fields_status(&fields, err);
}

/* What may approve must be official (of somebody whose review the branch counts), of
 * the present head and not dismissed. What blocks, blocks until it is dismissed. NULL:
 * it says nothing (a draft, a request for a review). */
static const char *review_state(struct call_fields *fields)
{
	const char *state = call_text(fields, "state", CALL_OPTIONAL);
	bool dismissed = call_boolean(fields, "dismissed");
	if (strcmp(state, "APPROVED") == 0)
		return !dismissed && !call_boolean(fields, "stale") &&
				       call_boolean(fields, "official")
			       ? "approved"
			       : "dismissed";
	if (strcmp(state, "REQUEST_CHANGES") == 0)
		return dismissed ? "dismissed" : "changes-requested";
	return strcmp(state, "COMMENT") == 0 ? "commented" : NULL;
}

static int take_reviews(void *data, const struct call_reply *page,
			char next[CALL_TARGET_BYTES], struct error *err)
{
	struct call_reviews *reviews = data;
	int code = 0;
	(void)next;
	if (node_kind(page->body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE, "the list of reviews is none");
	for (size_t i = 0; code == 0 && i < node_count(page->body); i++) {
		struct msg_review_row row = { 0 };
		struct call_fields fields;
		call_fields_begin(&fields, reviews->arena, node_item(page->body, i),
				  "a review");
		row.state = review_state(&fields);
		row.reviewer = call_text(&fields, "user.login", CALL_OPTIONAL);
		row.submitted_at = call_time(&fields, "submitted_at");
		call_oid(&fields, "commit_id", CALL_OPTIONAL, &row.commit);
		code = call_fields_status(&fields, err);
		if (code == 0)
			code = call_review_add(reviews, &row, err);
	}
	return code;
}

int gitea_merge_request(struct forge *forge, const char *name, uint64_t number,
			struct arena *arena, struct forge_merge_request *out,
			int64_t *retry_at, struct error *err)
{
	struct call_reviews reviews = { .arena = arena };
	struct call_reply reply;
	int code = forge_get(forge,
			     call_target(arena, "/repos/{/}/pulls/{#}", name, number),
			     GITEA_RIGHT_REPOSITORY_READ, arena, &reply, retry_at, err);
	if (code == 0)
		code = read_pull(reply.body, arena, &out->row, err);
	if (code == 0 && out->row.number != number)
		code = error_set(err, ERROR_FORGE,
				 "the forge answered with another pull request");
	if (code == 0)
		code = forge_call_pages(forge,
					call_target(arena,
						    "/repos/{/}/pulls/{#}/reviews"
						    "?limit=" GITEA_PAGE_SIZE,
						    name, number),
					GITEA_RIGHT_REPOSITORY_READ, take_reviews,
					&reviews, retry_at, err);
	out->reviews = reviews.items;
	out->review_count = reviews.count;
	return code;
}

struct list {
	struct arena *arena;
	struct call_numbers numbers;
};

static int take_number(struct list *list, const struct node *node, struct error *err)
{
	struct call_fields fields;
	call_fields_begin(&fields, list->arena, node, "a pull request");
	uint64_t number = call_number(&fields, "number", CALL_NEEDED);
	int code = call_fields_status(&fields, err);
	return code == 0 ? call_numbers_add(&list->numbers, list->arena, number, err)
			 : code;
}

static int take_numbers(void *data, const struct call_reply *page,
			char next[CALL_TARGET_BYTES], struct error *err)
{
	int code = 0;
	(void)next;
	if (node_kind(page->body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE, "the list of pull requests is none");
	for (size_t i = 0; code == 0 && i < node_count(page->body); i++)
		code = take_number(data, node_item(page->body, i), err);
	return code;
}

int gitea_open_merge_requests(struct forge *forge, const char *name,
			      struct arena *arena, uint64_t **numbers, size_t *count,
			      int64_t *retry_at, struct error *err)
{
	struct list list = { .arena = arena };
	int code = forge_call_pages(
		forge,
		call_target(arena, "/repos/{/}/pulls?state=open&limit=" GITEA_PAGE_SIZE,
			    name),
		GITEA_RIGHT_REPOSITORY_READ, take_numbers, &list, retry_at, err);
	*numbers = list.numbers.items;
	*count = list.numbers.count;
	return code;
}

/* One, of which it is the merge commit; 404: none. */
int gitea_commit_merge_requests(struct forge *forge, const char *name,
				const struct oid *commit, struct arena *arena,
				uint64_t **numbers, size_t *count, int64_t *retry_at,
				struct error *err)
{
	struct list list = { .arena = arena };
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	int code =
		forge_get(forge,
			  call_target(arena, "/repos/{/}/commits/{}/pull", name,
				      oid_text(commit)),
			  GITEA_RIGHT_REPOSITORY_READ, arena, &reply, retry_at, &cause);
	if (code == 0)
		code = take_number(&list, reply.body, &cause);
	if (code != 0 && code != ERROR_NOT_FOUND)
		return error_set(err, code, "%s", cause.text);
	*numbers = list.numbers.items;
	*count = list.numbers.count;
	return 0;
}
