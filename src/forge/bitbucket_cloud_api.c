/* forge/bitbucket_cloud_api.c - asking and telling Bitbucket Cloud: build statuses, the
 * one comment, pull requests and who approved them.
 *
 * People are told apart by account_id: nicknames are chosen freely, and not unique. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/bitbucket.h"
#include "forge/markdown.h"

#define CLOUD_API     "https://api.bitbucket.org/2.0"
#define CLOUD_WEB     "https://bitbucket.org"
#define RIGHT_STATUS  "'repository' (write)"
#define RIGHT_COMMENT "'pullrequest' (write)"
#define PAGE_SIZE     "50"

int cloud_open(struct forge *forge, const struct msg_forge_session *session,
	       struct error *err)
{
	const char *api = session->api != NULL && session->api[0] != '\0' ? session->api
									  : CLOUD_API;
	size_t length = strlen(api);
	while (length > 0 && api[length - 1] == '/')
		length--;
	const char *base = arena_copy(forge->arena, api, length);
	if (base == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a session");
	return bitbucket_open(forge, session, base, err);
}

int cloud_next(const struct call_reply *page, char next[CALL_TARGET_BYTES],
	       struct error *err)
{
	const struct node *node = call_child(page->body, "next");
	size_t length = 0;
	const char *text =
		node_kind(node) == NODE_STRING ? node_text(node, &length) : "";
	if (length >= CALL_TARGET_BYTES)
		return error_set(err, ERROR_FORGE,
				 "the next page's address is too long");
	memcpy(next, text, length + 1);
	return 0;
}

/* --- build statuses --- */

static int is_shown(struct forge *forge, const struct msg_report_item *item,
		    const struct bitbucket_build *build, struct arena *arena,
		    bool *shown, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	int code = forge_get(
		forge,
		call_target(arena, "/repositories/{/}/commit/{}/statuses/build/{}",
			    item->name, oid_text(&item->commit), build->key),
		RIGHT_STATUS, arena, &reply, retry_at, &cause);
	*shown = code == 0 && bitbucket_is_build(reply.body, build, arena);
	return code == 0 || code == ERROR_NOT_FOUND
		       ? 0
		       : error_set(err, code, "%s", cause.text);
}

static int post_build(struct forge *forge, const struct msg_report_item *item,
		      const struct bitbucket_build *build, struct arena *arena,
		      int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct json json;
	struct call_reply reply;
	struct call_fields fields;
	struct call call = {
		.method = "POST",
		.target =
			call_target(arena, "/repositories/{/}/commit/{}/statuses/build",
				    item->name, oid_text(&item->commit)),
		.body = &body,
		.right = RIGHT_STATUS,
	};
	json_begin(&json, &body);
	json_object(&json);
	bitbucket_put_build(&json, build);
	json_object_end(&json);
	int code = forge_call(forge, &call, arena, &reply, retry_at, err);
	buf_release(&body);
	/* Whatever answers 200 in the forge's place has not taken it. */
	if (code == 0 && reply.body != NULL) {
		call_fields_begin(&fields, arena, reply.body, "the build status");
		call_text(&fields, "key", CALL_NEEDED);
		call_text(&fields, "state", CALL_NEEDED);
		code = call_fields_status(&fields, err);
	}
	return code;
}

/* An upsert by key; read before the first time, for each post is mailed. */
int cloud_status(struct forge *forge, const struct msg_report_item *item,
		 const struct msg_finding_row *findings, size_t finding_count,
		 struct arena *arena, const char **forge_ref, int64_t *retry_at,
		 struct error *err)
{
	(void)findings;
	(void)finding_count;
	struct bitbucket_build build;
	bool shown = false;
	const char *path = call_target(arena, "/{/}/commits/{}", item->name,
				       oid_text(&item->commit));
	const char *page =
		path != NULL ? arena_printf(arena, CLOUD_WEB "%s", path) : NULL;
	int code = bitbucket_build(item, page, arena, &build, err);
	if (code == 0 && item->forge_ref[0] == '\0')
		code = is_shown(forge, item, &build, arena, &shown, retry_at, err);
	if (code == 0 && !shown)
		code = post_build(forge, item, &build, arena, retry_at, err);
	if (code == 0)
		*forge_ref = build.key;
	return code;
}

/* --- the comment --- */

struct search {
	struct arena *arena;
	const char *uuid; /* our own */
	const char *body;
	const char *id; /* of our comment; "": none */
	bool equal;
};

static int look_for_comment(void *data, const struct call_reply *page,
			    char next[CALL_TARGET_BYTES], struct error *err)
{
	struct search *search = data;
	const struct node *values;
	int code = bitbucket_values(page, &values, err);
	if (code == 0)
		code = cloud_next(page, next, err);
	for (size_t i = 0; code == 0 && i < node_count(values); i++) {
		const struct node *item = node_item(values, i);
		const struct node *raw = call_child(item, "content.raw");
		struct call_fields fields;
		call_fields_begin(&fields, search->arena, item, "a comment");
		if (node_kind(raw) != NODE_STRING || call_boolean(&fields, "deleted") ||
		    !text_starts_with(node_text(raw, NULL), MARKDOWN_BEGIN) ||
		    strcmp(call_text(&fields, "user.uuid", CALL_OPTIONAL),
			   search->uuid) != 0)
			continue;
		search->id = call_text(&fields, "id", CALL_NEEDED);
		search->equal = strcmp(node_text(raw, NULL), search->body) == 0;
		next[0] = '\0';
		return call_fields_status(&fields, err);
	}
	return code;
}

/* Tokens of a repository, project or workspace have no user that may be asked for: then
 * nobody's comment counts as ours. */
static int find_comment(struct forge *forge, const struct msg_report_item *item,
			struct search *search, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error cause = ERROR_INIT;
	int code = forge_get(forge, "/user", "'account' (read)", search->arena, &reply,
			     retry_at, &cause);
	if (code == ERROR_FORGE_DENIED || code == ERROR_NOT_FOUND)
		return 0;
	if (code != 0)
		return error_set(err, code, "%s", cause.text);
	call_fields_begin(&fields, search->arena, reply.body, "our user");
	search->uuid = call_text(&fields, "uuid", CALL_NEEDED);
	code = call_fields_status(&fields, err);
	if (code != 0)
		return code;
	return forge_call_pages(forge,
				call_target(search->arena,
					    "/repositories/{/}/pullrequests/{#}/"
					    "comments?pagelen=100",
					    item->name, item->number),
				RIGHT_COMMENT, look_for_comment, search, retry_at, err);
}

/* id "": a new one. */
static int send_comment(struct forge *forge, const struct msg_report_item *item,
			const char *text, struct arena *arena, const char **id,
			int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct json json;
	struct call_reply reply;
	struct call_fields fields;
	bool fresh = (*id)[0] == '\0';
	struct call call = {
		.method = fresh ? "POST" : "PUT",
		.target = fresh ? call_target(arena,
					      "/repositories/{/}/pullrequests/{#}/"
					      "comments",
					      item->name, item->number)
				: call_target(arena,
					      "/repositories/{/}/pullrequests/{#}/"
					      "comments/{}",
					      item->name, item->number, *id),
		.body = &body,
		.right = RIGHT_COMMENT,
	};
	json_begin(&json, &body);
	json_object(&json);
	json_key(&json, "content");
	json_object(&json);
	json_put_string(&json, "raw", text);
	json_object_end(&json);
	json_object_end(&json);
	int code = forge_call(forge, &call, arena, &reply, retry_at, err);
	buf_release(&body);
	if (code != 0)
		return code;
	call_fields_begin(&fields, arena, reply.body, "our comment");
	const char *made = call_text(&fields, "id", CALL_NEEDED);
	code = call_fields_status(&fields, err);
	if (code == 0)
		*id = made;
	return code;
}

int cloud_comment(struct forge *forge, const struct msg_report_item *item,
		  const char *body, struct arena *arena, const char **forge_ref,
		  int64_t *retry_at, struct error *err)
{
	const char *text = markdown_without_marker(body);
	struct search search = { .arena = arena, .uuid = "", .body = text, .id = "" };
	struct error gone = ERROR_INIT;
	const char *id = item->forge_ref;
	int code = ERROR_NOT_FOUND;
	if (id[0] != '\0')
		code = send_comment(forge, item, text, arena, &id, retry_at, &gone);
	if (code != 0 && code != ERROR_NOT_FOUND)
		return error_set(err, code, "%s", gone.text);
	if (code == ERROR_NOT_FOUND) {
		code = find_comment(forge, item, &search, retry_at, err);
		id = search.id;
		if (code == 0 && !search.equal)
			code = send_comment(forge, item, text, arena, &id, retry_at,
					    err);
	}
	if (code == 0)
		*forge_ref = id;
	return code;
}

/* --- pull requests --- */

/* Their ids are abbreviated: the repository is asked for the whole one, which must
 * begin with what was shown. */
static int resolve(struct forge *forge, const char *repository, const char *shown,
		   struct arena *arena, struct oid *out, int64_t *retry_at,
		   struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	if (oid_parse(shown, strlen(shown), out) == 0)
		return 0;
	int code = forge_get(
		forge,
		call_target(arena, "/repositories/{/}/commit/{}", repository, shown),
		CLOUD_RIGHT_READ, arena, &reply, retry_at, err);
	if (code != 0)
		return code;
	call_fields_begin(&fields, arena, reply.body, "the commit");
	call_oid(&fields, "hash", CALL_NEEDED, out);
	code = call_fields_status(&fields, err);
	if (code == 0 && !text_starts_with(oid_text(out), shown))
		code = error_set(err, ERROR_FORGE,
				 "the forge answered with another commit than '%s'",
				 shown);
	return code;
}

struct pull {
	struct forge *forge;
	const char *name;
	struct arena *arena;
	struct msg_merge_request_row *row;
	int64_t *retry_at;
	const char *head; /* as shown */
	const char *base;
	const char *merge;
};

/* Of one that is closed, commits may be gone with the fork. */
static int resolve_one(struct pull *pull, const char *repository, const char *shown,
		       struct oid *out, struct error *err)
{
	struct error cause = ERROR_INIT;
	bool open = strcmp(pull->row->state, "open") == 0;
	int code = ERROR_NOT_FOUND;
	if (shown[0] != '\0' && repository[0] != '\0')
		code = resolve(pull->forge, repository, shown, pull->arena, out,
			       pull->retry_at, &cause);
	if (code == 0)
		return 0;
	*out = (struct oid)OID_INIT;
	if (code == ERROR_NOT_FOUND && !open)
		return 0;
	return error_set(err, code == ERROR_NOT_FOUND ? ERROR_FORGE : code,
			 "commit '%s' of '%s': %s", shown, repository,
			 cause.text[0] != '\0' ? cause.text : "it is not shown");
}

static int resolve_all(struct pull *pull, struct error *err)
{
	struct msg_merge_request_row *row = pull->row;
	int code = resolve_one(pull, row->head_repository, pull->head, &row->head, err);
	if (code == 0)
		code = resolve_one(pull, pull->name, pull->base, &row->base, err);
	if (code == 0 && strcmp(row->state, "merged") == 0)
		code = resolve_one(pull, pull->name, pull->merge, &row->merge_commit,
				   err);
	return code;
}

static int read_pull(struct pull *pull, const struct node *node, struct error *err)
{
	struct msg_merge_request_row *row = pull->row;
	struct call_fields fields;
	call_fields_begin(&fields, pull->arena, node, "the pull request");
	const char *state = call_text(&fields, "state", CALL_NEEDED);
	row->number = call_number(&fields, "id", CALL_NEEDED);
	row->state = strcmp(state, "OPEN") == 0     ? "open"
		     : strcmp(state, "MERGED") == 0 ? "merged"
						    : "closed";
	row->head_ref = call_branch(&fields, "source.branch.name", CALL_OPTIONAL);
	/* null when the fork is gone */
	row->head_repository =
		call_text(&fields, "source.repository.full_name", CALL_OPTIONAL);
	row->base_ref = call_branch(&fields, "destination.branch.name", CALL_NEEDED);
	row->author = call_text(&fields, "author.account_id", CALL_OPTIONAL);
	row->title = call_title(&fields, "title");
	row->draft = call_boolean(&fields, "draft");
	row->url = call_text(&fields, "links.html.href", CALL_OPTIONAL);
	row->updated_at = call_time(&fields, "updated_on");
	pull->head = call_text(&fields, "source.commit.hash", CALL_OPTIONAL);
	pull->base = call_text(&fields, "destination.commit.hash", CALL_OPTIONAL);
	pull->merge = call_text(&fields, "merge_commit.hash", CALL_OPTIONAL);
	return call_fields_status(&fields, err);
}

/* No commit is told that an approval was for. */
static int read_participants(const struct node *node, struct call_reviews *reviews,
			     struct error *err)
{
	const struct node *list = call_child(node, "participants");
	int code = 0;
	if (node_kind(list) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE,
				 "the pull request has no readable 'participants'");
	for (size_t i = 0; code == 0 && i < node_count(list); i++) {
		struct msg_review_row row = { 0 };
		struct call_fields fields;
		call_fields_begin(&fields, reviews->arena, node_item(list, i),
				  "a participant");
		const char *state = call_text(&fields, "state", CALL_OPTIONAL);
		if (strcmp(state, "changes_requested") == 0)
			row.state = "changes-requested";
		else if (call_boolean(&fields, "approved"))
			row.state = "approved";
		row.reviewer = call_text(&fields, "user.account_id", CALL_OPTIONAL);
		row.submitted_at = call_time(&fields, "participated_on");
		code = call_fields_status(&fields, err);
		if (code == 0)
			code = call_review_add(reviews, &row, err);
	}
	return code;
}

int cloud_merge_request(struct forge *forge, const char *name, uint64_t number,
			struct arena *arena, struct forge_merge_request *out,
			int64_t *retry_at, struct error *err)
{
	struct call_reviews reviews = { .arena = arena };
	struct pull pull = { .forge = forge,
			     .name = name,
			     .arena = arena,
			     .row = &out->row,
			     .retry_at = retry_at };
	struct call_reply reply;
	int code = forge_get(
		forge,
		call_target(arena, "/repositories/{/}/pullrequests/{#}", name, number),
		CLOUD_RIGHT_READ, arena, &reply, retry_at, err);
	if (code == 0)
		code = read_pull(&pull, reply.body, err);
	if (code == 0 && out->row.number != number)
		code = error_set(err, ERROR_FORGE,
				 "the forge answered with another pull request");
	if (code == 0)
		code = resolve_all(&pull, err);
	if (code == 0)
		code = read_participants(reply.body, &reviews, err);
	out->reviews = reviews.items;
	out->review_count = reviews.count;
	return code;
}

struct list {
	struct arena *arena;
	struct call_numbers numbers;
};

static int take_numbers(void *data, const struct call_reply *page,
			char next[CALL_TARGET_BYTES], struct error *err)
{
	struct list *list = data;
	const struct node *values;
	int code = bitbucket_values(page, &values, err);
	if (code == 0)
		code = cloud_next(page, next, err);
	for (size_t i = 0; code == 0 && i < node_count(values); i++) {
		struct call_fields fields;
		call_fields_begin(&fields, list->arena, node_item(values, i),
				  "a pull request");
		uint64_t number = call_number(&fields, "id", CALL_NEEDED);
		code = call_fields_status(&fields, err);
		if (code == 0)
			code = call_numbers_add(&list->numbers, list->arena, number,
						err);
	}
	return code;
}

int cloud_open_merge_requests(struct forge *forge, const char *name,
			      struct arena *arena, uint64_t **numbers, size_t *count,
			      int64_t *retry_at, struct error *err)
{
	struct list list = { .arena = arena };
	int code =
		forge_call_pages(forge,
				 call_target(arena,
					     "/repositories/{/}/pullrequests"
					     "?state=OPEN&pagelen=" PAGE_SIZE,
					     name),
				 CLOUD_RIGHT_READ, take_numbers, &list, retry_at, err);
	*numbers = list.numbers.items;
	*count = list.numbers.count;
	return code;
}

/* 404: it is not indexed (that is done when somebody asks the first time), or in none.
 */
int cloud_commit_merge_requests(struct forge *forge, const char *name,
				const struct oid *commit, struct arena *arena,
				uint64_t **numbers, size_t *count, int64_t *retry_at,
				struct error *err)
{
	struct list list = { .arena = arena };
	struct error cause = ERROR_INIT;
	int code = forge_call_pages(forge,
				    call_target(arena,
						"/repositories/{/}/commit/{}/"
						"pullrequests"
						"?pagelen=" PAGE_SIZE,
						name, oid_text(commit)),
				    CLOUD_RIGHT_READ, take_numbers, &list, retry_at,
				    &cause);
	if (code != 0 && code != ERROR_NOT_FOUND)
		return error_set(err, code, "%s", cause.text);
	*numbers = list.numbers.items;
	*count = list.numbers.count;
	return 0;
}
