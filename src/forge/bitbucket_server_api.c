/* forge/bitbucket_server_api.c - asking and telling Bitbucket Data Center: build
 * statuses, the one comment, pull requests and their reviewers. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/bitbucket.h"
#include "forge/markdown.h"

#define OLD_BUILD_API "/rest/build-status/1.0"
#define RIGHT_BUILD   "'repository read' (an HTTP access token)"
#define RIGHT_COMMENT "'repository read' (an HTTP access token)"
#define PAGE_SIZE     "100"
#define MOST_TRIED    5 /* comments with our beginning that are not ours */

/* The address of the server itself: what people copy may end in the API's path. */
int server_open(struct forge *forge, const struct msg_forge_session *session,
		struct error *err)
{
	const char *api = session->api != NULL ? session->api : "";
	const char *rest = strstr(api, "/rest");
	size_t length = rest != NULL ? (size_t)(rest - api) : strlen(api);
	while (length > 0 && api[length - 1] == '/')
		length--;
	const char *base = arena_copy(forge->arena, api, length);
	if (base == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a session");
	return bitbucket_open(forge, session, base, err);
}

const char *server_target(struct arena *arena, const char *api, const char *name,
			  const char *rest)
{
	const char *slug = strchr(name, '/');
	if (slug == NULL || rest == NULL)
		return NULL;
	const char *project = arena_copy(arena, name, (size_t)(slug - name));
	const char *path = project != NULL ? call_target(arena, "/projects/{}/repos/{}",
							 project, slug + 1)
					   : NULL;
	return path != NULL ? arena_printf(arena, "%s%s%s", api, path, rest) : NULL;
}

/* --- lists --- */

static int take_page(void *data, const struct call_reply *page,
		     char next[CALL_TARGET_BYTES], struct error *err)
{
	struct server_list *list = data;
	struct call_fields fields;
	uint64_t start = 0;
	char unused[CALL_TARGET_BYTES] = "";
	call_fields_begin(&fields, list->arena, page->body, "a page");
	bool last = call_child(page->body, "isLastPage") == NULL ||
		    call_boolean(&fields, "isLastPage");
	if (!last)
		start = call_number(&fields, "nextPageStart", CALL_NEEDED);
	int code = call_fields_status(&fields, err);
	next[0] = '\0';
	if (code == 0)
		code = list->take(list->data, page, unused, err);
	if (code == 0 && !last)
		snprintf(next, CALL_TARGET_BYTES, "%s%llu", list->target,
			 (unsigned long long)start);
	return code;
}

int server_pages(struct forge *forge, struct server_list *list, const char *right,
		 int64_t *retry_at, struct error *err)
{
	const char *first = list->target != NULL
				    ? arena_printf(list->arena, "%s0", list->target)
				    : NULL;
	if (first == NULL || strlen(list->target) > CALL_TARGET_BYTES - 32)
		return error_set(err, ERROR_MEMORY,
				 "a request's path cannot be built: a name is too "
				 "long, or none of this forge");
	return forge_call_pages(forge, first, right, take_page, list, retry_at, err);
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
		server_target(arena, SERVER_API, item->name,
			      call_target(arena, "/commits/{}/builds?key={}",
					  oid_text(&item->commit), build->key)),
		RIGHT_BUILD, arena, &reply, retry_at, &cause);
	*shown = code == 0 && bitbucket_is_build(reply.body, build, arena);
	return code == 0 || code == ERROR_NOT_FOUND
		       ? 0
		       : error_set(err, code, "%s", cause.text);
}

/* It answers without a body. Whatever else answers 200 in its place has perhaps not
 * taken it. */
static int check_taken(struct forge *forge, const struct msg_report_item *item,
		       const struct bitbucket_build *build,
		       const struct call_reply *reply, struct arena *arena,
		       int64_t *retry_at, struct error *err)
{
	bool shown = true;
	int code = reply->body == NULL
			   ? 0
			   : is_shown(forge, item, build, arena, &shown, retry_at, err);
	if (code == 0 && !shown)
		code = error_set(err, ERROR_FORGE,
				 "the forge took a build status, but does not show it");
	return code;
}

/* `parent` is what a required build is chosen by. */
static void write_build(struct buf *out, const struct bitbucket_build *build,
			const char *ref, bool old)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	bitbucket_put_build(&json, build);
	if (!old)
		json_put_string(&json, "parent", build->key);
	if (!old && ref[0] != '\0')
		json_put_string(&json, "ref", ref);
	json_object_end(&json);
}

static int post_build(struct forge *forge, const char *target,
		      const struct bitbucket_build *build, const char *ref, bool old,
		      struct arena *arena, struct call_reply *reply, int64_t *retry_at,
		      struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct call call = {
		.method = "POST", .target = target, .body = &body, .right = RIGHT_BUILD
	};
	write_build(&body, build, ref, old);
	int code = forge_call(forge, &call, arena, reply, retry_at, err);
	buf_release(&body);
	return code;
}

/* Versions before 7.4 have only the older address. */
static int post(struct forge *forge, const struct msg_report_item *item,
		const struct bitbucket_build *build, struct arena *arena,
		int64_t *retry_at, struct error *err)
{
	struct error cause = ERROR_INIT;
	struct call_reply reply = { 0 };
	const char *hex = oid_text(&item->commit);
	const char *ref = text_starts_with(item->ref, "refs/") ? item->ref : "";
	int code =
		post_build(forge,
			   server_target(arena, SERVER_API, item->name,
					 call_target(arena, "/commits/{}/builds", hex)),
			   build, ref, false, arena, &reply, retry_at, &cause);
	if (code == ERROR_NOT_FOUND)
		return post_build(forge,
				  call_target(arena, OLD_BUILD_API "/commits/{}", hex),
				  build, ref, true, arena, NULL, retry_at, err);
	return code == 0 ? check_taken(forge, item, build, &reply, arena, retry_at, err)
			 : error_set(err, code, "%s", cause.text);
}

int server_status(struct forge *forge, const struct msg_report_item *item,
		  const struct msg_finding_row *findings, size_t finding_count,
		  struct arena *arena, const char **forge_ref, int64_t *retry_at,
		  struct error *err)
{
	(void)findings;
	(void)finding_count;
	struct bitbucket_build build;
	bool shown = false;
	const char *path = server_target(
		arena, "", item->name,
		call_target(arena, "/commits/{}", oid_text(&item->commit)));
	const char *page =
		path != NULL ? arena_printf(arena, "%s%s", forge->api, path) : NULL;
	int code = bitbucket_build(item, page, arena, &build, err);
	if (code == 0 && item->forge_ref[0] == '\0')
		code = is_shown(forge, item, &build, arena, &shown, retry_at, err);
	if (code == 0 && !shown)
		code = post(forge, item, &build, arena, retry_at, err);
	if (code == 0)
		*forge_ref = build.key;
	return code;
}

/* --- the comment --- */

/* Comments that begin as ours do, newest first. Only who wrote one may change it, so
 * the server itself tells ours from others'. */
struct search {
	struct arena *arena;
	const char *ids[MOST_TRIED];
	size_t count;
};

static int look_for_comment(void *data, const struct call_reply *page,
			    char next[CALL_TARGET_BYTES], struct error *err)
{
	struct search *search = data;
	const struct node *values;
	int code = bitbucket_values(page, &values, err);
	(void)next;
	for (size_t i = 0; code == 0 && i < node_count(values); i++) {
		const struct node *item = node_item(values, i);
		const struct node *text = call_child(item, "comment.text");
		struct call_fields fields;
		call_fields_begin(&fields, search->arena, item, "an activity");
		if (search->count == MOST_TRIED || node_kind(text) != NODE_STRING ||
		    strcmp(call_text(&fields, "action", CALL_OPTIONAL), "COMMENTED") !=
			    0 ||
		    !text_starts_with(node_text(text, NULL), MARKDOWN_BEGIN))
			continue;
		search->ids[search->count++] =
			call_text(&fields, "comment.id", CALL_NEEDED);
		code = call_fields_status(&fields, err);
	}
	return code;
}

static const char *comment_target(struct arena *arena,
				  const struct msg_report_item *item, const char *id)
{
	return server_target(
		arena, SERVER_API, item->name,
		id[0] == '\0' ? call_target(arena, "/pull-requests/{#}/comments",
					    item->number)
			      : call_target(arena, "/pull-requests/{#}/comments/{}",
					    item->number, id));
}

/* version < 0: a new one. */
static int send_comment(struct forge *forge, const struct msg_report_item *item,
			const char *text, int64_t version, struct arena *arena,
			const char **id, int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct json json;
	struct call_reply reply;
	struct call_fields fields;
	struct call call = {
		.method = version < 0 ? "POST" : "PUT",
		.target = comment_target(arena, item, version < 0 ? "" : *id),
		.body = &body,
		.right = RIGHT_COMMENT,
		.conflict_passes = true, /* somebody else wrote meanwhile */
	};
	json_begin(&json, &body);
	json_object(&json);
	json_put_string(&json, "text", text);
	if (version >= 0)
		json_put_integer(&json, "version", version);
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

/* Changing one needs the version that it has now. */
static int update_comment(struct forge *forge, const struct msg_report_item *item,
			  const char *text, struct arena *arena, const char **id,
			  int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	int code = forge_get(forge, comment_target(arena, item, *id), RIGHT_COMMENT,
			     arena, &reply, retry_at, err);
	if (code != 0)
		return code;
	call_fields_begin(&fields, arena, reply.body, "our comment");
	uint64_t version = call_number(&fields, "version", CALL_NEEDED);
	code = call_fields_status(&fields, err);
	return code == 0 ? send_comment(forge, item, text, (int64_t)version, arena, id,
					retry_at, err)
			 : code;
}

/* One that is gone, or somebody else's. */
static bool is_another(int code)
{
	return code == ERROR_NOT_FOUND || code == ERROR_FORGE_DENIED;
}

static int try_comments(struct forge *forge, const struct msg_report_item *item,
			const char *text, const struct search *search,
			struct arena *arena, const char **id, int64_t *retry_at,
			struct error *err)
{
	for (size_t i = 0; i < search->count; i++) {
		struct error cause = ERROR_INIT;
		*id = search->ids[i];
		int code =
			update_comment(forge, item, text, arena, id, retry_at, &cause);
		if (code == 0)
			return 0;
		if (!is_another(code))
			return error_set(err, code, "%s", cause.text);
	}
	return send_comment(forge, item, text, -1, arena, id, retry_at, err);
}

int server_comment(struct forge *forge, const struct msg_report_item *item,
		   const char *body, struct arena *arena, const char **forge_ref,
		   int64_t *retry_at, struct error *err)
{
	const char *text = markdown_without_marker(body);
	struct search search = { .arena = arena };
	struct server_list list = {
		.arena = arena,
		.target = server_target(arena, SERVER_API, item->name,
					call_target(arena,
						    "/pull-requests/{#}/activities"
						    "?limit=" PAGE_SIZE "&start=",
						    item->number)),
		.take = look_for_comment,
		.data = &search,
	};
	struct error cause = ERROR_INIT;
	const char *id = item->forge_ref;
	int code = ERROR_NOT_FOUND;
	if (id[0] != '\0')
		code = update_comment(forge, item, text, arena, &id, retry_at, &cause);
	if (code != 0 && !is_another(code))
		return error_set(err, code, "%s", cause.text);
	if (code != 0) {
		code = server_pages(forge, &list, RIGHT_COMMENT, retry_at, err);
		if (code == 0)
			code = try_comments(forge, item, text, &search, arena, &id,
					    retry_at, err);
	}
	if (code == 0)
		*forge_ref = id;
	return code;
}

/* --- pull requests --- */

/* "PROJECT/slug" of a repository that is named in two. */
static const char *repository_of(struct call_fields *fields, const char *key,
				 const char *slug)
{
	const char *project = call_text(fields, key, CALL_OPTIONAL);
	const char *repository = call_text(fields, slug, CALL_OPTIONAL);
	const char *name =
		project[0] != '\0' && repository[0] != '\0'
			? arena_printf(fields->arena, "%s/%s", project, repository)
			: "";
	if (name == NULL)
		fields->code = ERROR_MEMORY;
	return name != NULL ? name : "";
}

static int read_pull(const struct node *node, struct arena *arena,
		     struct msg_merge_request_row *out, struct error *err)
{
	struct call_fields fields;
	call_fields_begin(&fields, arena, node, "the pull request");
	const char *state = call_text(&fields, "state", CALL_NEEDED);
	out->number = call_number(&fields, "id", CALL_NEEDED);
	out->state = strcmp(state, "OPEN") == 0     ? "open"
		     : strcmp(state, "MERGED") == 0 ? "merged"
						    : "closed";
	call_oid(&fields, "fromRef.latestCommit", CALL_NEEDED, &out->head);
	call_oid(&fields, "toRef.latestCommit", CALL_NEEDED, &out->base);
	if (strcmp(out->state, "merged") == 0)
		call_oid(&fields, "properties.mergeCommit.id", CALL_OPTIONAL,
			 &out->merge_commit);
	out->head_ref = call_text(&fields, "fromRef.id", CALL_OPTIONAL);
	out->base_ref = call_text(&fields, "toRef.id", CALL_NEEDED);
	out->head_repository = repository_of(&fields, "fromRef.repository.project.key",
					     "fromRef.repository.slug");
	out->author = call_text(&fields, "author.user.name", CALL_OPTIONAL);
	out->title = call_title(&fields, "title");
	out->draft = call_boolean(&fields, "draft");
	uint64_t updated = call_number(&fields, "updatedDate", CALL_OPTIONAL);
	out->updated_at = updated < INT64_MAX / 1000 ? (int64_t)updated * 1000 : 0;
	int code = call_fields_status(&fields, err);
	if (code == 0 && !text_starts_with(out->base_ref, "refs/heads/"))
		code = error_set(err, ERROR_FORGE, "the base '%s' is not a branch",
				 out->base_ref);
	return code;
}

/* links.self is a list of one. */
static void read_url(const struct node *node, struct arena *arena,
		     struct msg_merge_request_row *out)
{
	const struct node *self = call_child(node, "links.self");
	struct call_fields fields;
	out->url = "";
	if (node_kind(self) != NODE_SEQUENCE || node_count(self) == 0)
		return;
	call_fields_begin(&fields, arena, node_item(self, 0), "a link");
	out->url = call_text(&fields, "href", CALL_OPTIONAL);
}

static int read_reviewers(const struct node *node, struct call_reviews *reviews,
			  struct error *err)
{
	const struct node *list = call_child(node, "reviewers");
	int code = 0;
	if (node_kind(list) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE,
				 "the pull request has no readable 'reviewers'");
	for (size_t i = 0; code == 0 && i < node_count(list); i++) {
		struct msg_review_row row = { 0 };
		struct call_fields fields;
		call_fields_begin(&fields, reviews->arena, node_item(list, i),
				  "a reviewer");
		const char *status = call_text(&fields, "status", CALL_OPTIONAL);
		if (strcmp(status, "APPROVED") == 0)
			row.state = "approved";
		else if (strcmp(status, "NEEDS_WORK") == 0 || strcmp(status, "CHANGES_"
									     "REQUESTE"
									     "D") == 0)
			row.state = "changes-requested";
		row.reviewer = call_text(&fields, "user.name", CALL_OPTIONAL);
		call_oid(&fields, "lastReviewedCommit", CALL_OPTIONAL, &row.commit);
		code = call_fields_status(&fields, err);
		if (code == 0)
			code = call_review_add(reviews, &row, err);
	}
	return code;
}

int server_merge_request(struct forge *forge, const char *name, uint64_t number,
			 struct arena *arena, struct forge_merge_request *out,
			 int64_t *retry_at, struct error *err)
{
	struct call_reviews reviews = { .arena = arena };
	struct call_reply reply;
	int code = forge_get(
		forge,
		server_target(arena, SERVER_API, name,
			      call_target(arena, "/pull-requests/{#}", number)),
		SERVER_RIGHT_READ, arena, &reply, retry_at, err);
	if (code == 0)
		code = read_pull(reply.body, arena, &out->row, err);
	if (code == 0 && out->row.number != number)
		code = error_set(err, ERROR_FORGE,
				 "the forge answered with another pull request");
	if (code == 0)
		read_url(reply.body, arena, &out->row);
	if (code == 0)
		code = read_reviewers(reply.body, &reviews, err);
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
	(void)next;
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

static int list_numbers(struct forge *forge, const char *target, struct arena *arena,
			uint64_t **numbers, size_t *count, int64_t *retry_at,
			struct error *err)
{
	struct list found = { .arena = arena };
	struct server_list list = {
		.arena = arena, .target = target, .take = take_numbers, .data = &found
	};
	int code = server_pages(forge, &list, SERVER_RIGHT_READ, retry_at, err);
	*numbers = found.numbers.items;
	*count = found.numbers.count;
	return code;
}

int server_open_merge_requests(struct forge *forge, const char *name,
			       struct arena *arena, uint64_t **numbers, size_t *count,
			       int64_t *retry_at, struct error *err)
{
	return list_numbers(forge,
			    server_target(arena, SERVER_API, name,
					  "/pull-requests?state=OPEN&limit=" PAGE_SIZE
					  "&start="),
			    arena, numbers, count, retry_at, err);
}

int server_commit_merge_requests(struct forge *forge, const char *name,
				 const struct oid *commit, struct arena *arena,
				 uint64_t **numbers, size_t *count, int64_t *retry_at,
				 struct error *err)
{
	return list_numbers(forge,
			    server_target(arena, SERVER_API, name,
					  call_target(arena,
						      "/commits/{}/pull-requests"
						      "?limit=" PAGE_SIZE "&start=",
						      oid_text(commit))),
			    arena, numbers, count, retry_at, err);
}
