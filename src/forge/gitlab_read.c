/* forge/gitlab_read.c - what GitLab says about merge requests and their approvals.
 *
 * No field says which commit an approval was given for. It is the head's when the
 * project takes approvals back on every push (reset_approvals_on_push), or that of the
 * version which stood there when it was given, where the server tells that time
 * (approved_at). Otherwise it is left empty, and a rule that wants to know refuses. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "forge/gitlab.h"

#define RIGHT_READ "the scope 'read_api' or 'api' and the role Reporter"

/* --- one merge request --- */

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for a merge request");
}

/* "locked" is what it is while it is being merged. */
static const char *state_of(const char *state)
{
	if (strcmp(state, "opened") == 0 || strcmp(state, "locked") == 0)
		return "open";
	return strcmp(state, "merged") == 0 ? "merged" : "closed";
}

/* The commit that came of it: a merge, a squash, or (fast-forward) the head. */
static void read_merge_commit(struct call_fields *fields,
			      struct msg_merge_request_row *row)
{
	if (strcmp(row->state, "merged") != 0)
		return;
	call_oid(fields, "merge_commit_sha", CALL_OPTIONAL, &row->merge_commit);
	if (row->merge_commit.length == 0)
		call_oid(fields, "squash_commit_sha", CALL_OPTIONAL,
			 &row->merge_commit);
	if (row->merge_commit.length == 0)
		row->merge_commit = row->head;
}

struct projects {
	uint64_t source; /* 0: the fork is gone */
	uint64_t target;
};

static int read_row(const struct node *node, struct arena *arena,
		    struct msg_merge_request_row *out, struct projects *projects,
		    struct error *err)
{
	struct msg_merge_request_row row = { 0 };
	struct call_fields fields;
	call_fields_begin(&fields, arena, node, "the merge request");
	row.number = call_number(&fields, "iid", CALL_NEEDED);
	row.state = state_of(call_text(&fields, "state", CALL_NEEDED));
	call_oid(&fields, "sha", CALL_NEEDED, &row.head);
	call_oid(&fields, "diff_refs.start_sha", CALL_OPTIONAL, &row.base);
	row.head_ref = arena_printf(arena, "refs/heads/%s",
				    call_text(&fields, "source_branch", CALL_NEEDED));
	row.base_ref = arena_printf(arena, "refs/heads/%s",
				    call_text(&fields, "target_branch", CALL_NEEDED));
	row.author = call_text(&fields, "author.username", CALL_OPTIONAL);
	row.title = call_title(&fields, "title");
	row.draft = call_boolean(&fields, "draft") || call_boolean(&fields, "work_in_"
									    "progress");
	row.url = call_text(&fields, "web_url", CALL_OPTIONAL);
	row.updated_at = call_time(&fields, "updated_at");
	read_merge_commit(&fields, &row);
	projects->source = call_number(&fields, "source_project_id", CALL_OPTIONAL);
	projects->target = call_number(&fields, "target_project_id", CALL_NEEDED);
	int rc = call_fields_status(&fields, err);
	if (!rc && (!row.head_ref || !row.base_ref))
		rc = no_memory(err);
	if (!rc)
		*out = row;
	return rc;
}

/* A fork's name; when the token may not see it, its number: never the project's own. */
static int name_fork(struct forge *forge, uint64_t project, struct arena *arena,
		     const char **out, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error cause = ERROR_INIT;
	int rc = forge_get(forge, call_target(arena, "/projects/{#}", project),
			   RIGHT_READ, arena, &reply, retry_at, &cause);
	if (rc == ERROR_NOT_FOUND || rc == ERROR_FORGE_DENIED) {
		*out = arena_printf(arena, "project %llu", (unsigned long long)project);
		return *out ? 0 : no_memory(err);
	}
	if (rc)
		return error_set(err, rc, "%s", cause.text);
	call_fields_begin(&fields, arena, reply.body, "the source project");
	const char *name = call_text(&fields, "path_with_namespace", CALL_NEEDED);
	rc = call_fields_status(&fields, err);
	if (!rc)
		*out = name;
	return rc;
}

static int name_head(struct forge *forge, const char *name,
		     const struct projects *projects, struct arena *arena,
		     const char **out, int64_t *retry_at, struct error *err)
{
	*out = "";
	if (projects->source == 0)
		return 0;
	if (projects->source != projects->target)
		return name_fork(forge, projects->source, arena, out, retry_at, err);
	*out = arena_string(arena, name);
	return *out ? 0 : no_memory(err);
}

/* While a new one is prepared it has no diff_refs: the branch's tip then. */
static int find_base(struct forge *forge, const char *name,
		     struct msg_merge_request_row *row, struct arena *arena,
		     int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	if (row->base.length > 0)
		return 0;
	const char *branch = row->base_ref + strlen("refs/heads/");
	int rc = forge_get(
		forge,
		call_target(arena, "/projects/{}/repository/branches/{}", name, branch),
		RIGHT_READ, arena, &reply, retry_at, err);
	if (rc)
		return rc;
	call_fields_begin(&fields, arena, reply.body, "the base branch");
	call_oid(&fields, "commit.id", CALL_NEEDED, &row->base);
	return call_fields_status(&fields, err);
}

/* --- its approvals --- */

struct approvals {
	struct forge *forge;
	const char *name;
	uint64_t number;
	struct arena *arena;
	int64_t *retry_at;
	const struct oid *head;
	bool reset;                  /* a push takes them back */
	const struct node *versions; /* newest first; NULL: not read yet */
	struct forge_merge_request *out;
	size_t capacity;
};

/* Premium only: without it, 404. */
static int read_reset(struct approvals *approvals, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	struct error cause = ERROR_INIT;
	int rc = forge_get(approvals->forge,
			   call_target(approvals->arena, "/projects/{}/approvals",
				       approvals->name),
			   RIGHT_READ, approvals->arena, &reply, approvals->retry_at,
			   &cause);
	if (rc == ERROR_NOT_FOUND || rc == ERROR_FORGE_DENIED)
		return 0;
	if (rc)
		return error_set(err, rc, "%s", cause.text);
	call_fields_begin(&fields, approvals->arena, reply.body, "the project");
	approvals->reset = call_boolean(&fields, "reset_approvals_on_push");
	return 0;
}

static int read_versions(struct approvals *approvals, struct error *err)
{
	struct call_reply reply;
	if (approvals->versions)
		return 0;
	int rc = forge_get(approvals->forge,
			   call_target(approvals->arena,
				       "/projects/{}/merge_requests/{#}/versions"
				       "?per_page=" GITLAB_PAGE_SIZE,
				       approvals->name, approvals->number),
			   RIGHT_READ, approvals->arena, &reply, approvals->retry_at,
			   err);
	if (rc)
		return rc;
	if (node_kind(reply.body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE,
				 "the forge's list of versions is none");
	approvals->versions = reply.body;
	return 0;
}

/* The head of the newest version that was there before `when`; none: no length. */
static void version_at(struct approvals *approvals, int64_t when, struct oid *out)
{
	int64_t newest = 0;
	*out = (struct oid)OID_INIT;
	for (size_t i = 0; i < node_count(approvals->versions); i++) {
		struct call_fields fields;
		struct oid head;
		call_fields_begin(&fields, approvals->arena,
				  node_item(approvals->versions, i), "a version");
		int64_t made = call_time(&fields, "created_at");
		call_oid(&fields, "head_commit_sha", CALL_OPTIONAL, &head);
		if (made == 0 || made >= when || made < newest)
			continue;
		newest = made;
		*out = head;
	}
}

static int find_commit(struct approvals *approvals, int64_t when, struct oid *out,
		       struct error *err)
{
	*out = (struct oid)OID_INIT;
	if (approvals->reset) {
		*out = *approvals->head;
		return 0;
	}
	if (when == 0)
		return 0;
	int rc = read_versions(approvals, err);
	if (!rc)
		version_at(approvals, when, out);
	return rc;
}

static int take_approval(struct approvals *approvals, const struct node *node,
			 struct error *err)
{
	struct forge_merge_request *out = approvals->out;
	struct msg_review_row review = { .state = "approved" };
	struct call_fields fields;
	call_fields_begin(&fields, approvals->arena, node, "an approval");
	review.reviewer = call_text(&fields, "user.username", CALL_NEEDED);
	review.submitted_at = call_time(&fields, "approved_at");
	int rc = call_fields_status(&fields, err);
	if (!rc)
		rc = find_commit(approvals, review.submitted_at, &review.commit, err);
	if (!rc)
		rc = limit_check(&limits_default, LIMIT_FORGE_REVIEWS,
				 out->review_count + 1, "the merge request", err);
	if (rc)
		return rc;
	struct msg_review_row *place =
		ARENA_PUSH(approvals->arena, &out->reviews, &out->review_count,
			   &approvals->capacity);
	if (!place)
		return no_memory(err);
	*place = review;
	return 0;
}

static int read_approvals(struct approvals *approvals, struct error *err)
{
	struct call_reply reply;
	int rc = forge_get(approvals->forge,
			   call_target(approvals->arena,
				       "/projects/{}/merge_requests/{#}/approvals",
				       approvals->name, approvals->number),
			   RIGHT_READ, approvals->arena, &reply, approvals->retry_at,
			   err);
	if (rc)
		return rc;
	const struct node *list = call_child(reply.body, "approved_by");
	size_t count = node_kind(list) == NODE_SEQUENCE ? node_count(list) : 0;
	if (count > 0)
		rc = read_reset(approvals, err);
	for (size_t i = 0; !rc && i < count; i++)
		rc = take_approval(approvals, node_item(list, i), err);
	return rc;
}

int gitlab_merge_request(struct forge *forge, const char *name, uint64_t number,
			 struct arena *arena, struct forge_merge_request *out,
			 int64_t *retry_at, struct error *err)
{
	struct forge_merge_request made = { 0 };
	struct projects projects;
	struct call_reply reply;
	int rc = forge_get(
		forge,
		call_target(arena, "/projects/{}/merge_requests/{#}", name, number),
		RIGHT_READ, arena, &reply, retry_at, err);
	if (!rc)
		rc = read_row(reply.body, arena, &made.row, &projects, err);
	if (!rc && made.row.number != number)
		rc = error_set(err, ERROR_FORGE,
			       "the forge answered with another merge request");
	if (!rc)
		rc = name_head(forge, name, &projects, arena, &made.row.head_repository,
			       retry_at, err);
	if (!rc)
		rc = find_base(forge, name, &made.row, arena, retry_at, err);
	struct approvals approvals = { .forge = forge,
				       .name = name,
				       .number = number,
				       .arena = arena,
				       .retry_at = retry_at,
				       .head = &made.row.head,
				       .out = &made };
	if (!rc)
		rc = read_approvals(&approvals, err);
	if (!rc)
		*out = made;
	return rc;
}

/* --- lists --- */

struct number_list {
	struct arena *arena;
	struct call_numbers numbers;
};

/* Closed ones have no part in anything. */
static int take_numbers(void *data, const struct call_reply *page,
			char next[CALL_TARGET_BYTES], struct error *err)
{
	struct number_list *list = data;
	(void)next;
	if (node_kind(page->body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE,
				 "the forge's list of merge requests is none");
	for (size_t i = 0; i < node_count(page->body); i++) {
		struct call_fields fields;
		call_fields_begin(&fields, list->arena, node_item(page->body, i),
				  "a merge request");
		uint64_t number = call_number(&fields, "iid", CALL_NEEDED);
		const char *state = call_text(&fields, "state", CALL_NEEDED);
		int rc = call_fields_status(&fields, err);
		if (!rc && strcmp(state, "closed") != 0)
			rc = call_numbers_add(&list->numbers, list->arena, number, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int list_numbers(struct forge *forge, const char *target, struct arena *arena,
			uint64_t **numbers, size_t *count, int64_t *retry_at,
			struct error *err)
{
	struct number_list list = { .arena = arena };
	int rc = forge_call_pages(forge, target, RIGHT_READ, take_numbers, &list,
				  retry_at, err);
	if (rc)
		return rc;
	*numbers = list.numbers.items;
	*count = list.numbers.count;
	return 0;
}

int gitlab_open_merge_requests(struct forge *forge, const char *name,
			       struct arena *arena, uint64_t **numbers, size_t *count,
			       int64_t *retry_at, struct error *err)
{
	return list_numbers(forge,
			    call_target(arena,
					"/projects/{}/merge_requests?state=opened"
					"&per_page=" GITLAB_PAGE_SIZE,
					name),
			    arena, numbers, count, retry_at, err);
}

int gitlab_commit_merge_requests(struct forge *forge, const char *name,
				 const struct oid *commit, struct arena *arena,
				 uint64_t **numbers, size_t *count, int64_t *retry_at,
				 struct error *err)
{
	return list_numbers(forge,
			    call_target(arena,
					"/projects/{}/repository/commits/{}/"
					"merge_requests"
					"?per_page=" GITLAB_PAGE_SIZE,
					name, oid_text(commit)),
			    arena, numbers, count, retry_at, err);
}
