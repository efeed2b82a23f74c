/* forge/github_read.c - what GitHub says about pull requests and their reviews. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "forge/github.h"

#define RIGHT_READ                                                                     \
	"'Pull requests: read' of a fine-grained token or App, or the scope 'repo'"

/* --- one pull request --- */

/* A branch's name as a full ref; "" for none. */
static const char *branch_ref(struct arena *arena, const char *branch)
{
	return branch[0] == '\0' ? "" : arena_printf(arena, "refs/heads/%s", branch);
}

/* "closed" is both; before it is merged merge_commit_sha is a throw-away test. */
static void read_state(struct call_fields *fields, struct msg_merge_request_row *row)
{
	const char *state = call_text(fields, "state", CALL_NEEDED);
	if (call_boolean(fields, "merged")) {
		row->state = "merged";
		call_oid(fields, "merge_commit_sha", CALL_OPTIONAL, &row->merge_commit);
		return;
	}
	row->state = strcmp(state, "open") == 0 ? "open" : "closed";
}

/* Ours under the name that we know, whatever its case, or after it was renamed; "" when
 * the fork is gone (head.repo is null). */
static const char *head_repository(struct call_fields *fields, const char *name)
{
	const char *head = call_text(fields, "head.repo.full_name", CALL_OPTIONAL);
	const char *base = call_text(fields, "base.repo.full_name", CALL_OPTIONAL);
	if (head[0] == '\0' || strcasecmp(head, base) != 0)
		return head;
	return arena_string(fields->arena, name);
}

static int read_pull(const struct node *node, const char *name, struct arena *arena,
		     struct msg_merge_request_row *out, struct error *err)
{
	struct msg_merge_request_row row = { 0 };
	struct call_fields fields;
	call_fields_begin(&fields, arena, node, "the pull request");
	row.number = call_number(&fields, "number", CALL_NEEDED);
	read_state(&fields, &row);
	call_oid(&fields, "head.sha", CALL_NEEDED, &row.head);
	call_oid(&fields, "base.sha", CALL_NEEDED, &row.base);
	row.head_ref = branch_ref(arena, call_text(&fields, "head.ref", CALL_NEEDED));
	row.base_ref = branch_ref(arena, call_text(&fields, "base.ref", CALL_NEEDED));
	row.head_repository = head_repository(&fields, name);
	row.author = call_text(&fields, "user.login", CALL_OPTIONAL);
	row.title = call_title(&fields, "title");
	row.draft = call_boolean(&fields, "draft");
	row.url = call_text(&fields, "html_url", CALL_OPTIONAL);
	row.updated_at = call_time(&fields, "updated_at");
	int rc = call_fields_status(&fields, err);
	if (!rc && (!row.head_ref || !row.base_ref || !row.head_repository))
		rc = error_set(err, ERROR_MEMORY, "out of memory for a pull request");
	if (!rc)
		*out = row;
	return rc;
}

/* --- its reviews --- */

struct reviews {
	struct arena *arena;
	struct msg_review_row *items;
	size_t count;
	size_t capacity;
};

/* Upper case in the API, lower case in webhooks. NULL: it says nothing (a draft). */
static const char *review_state(const char *state)
{
	static const char *const states[][2] = {
		{ "APPROVED", "approved" },
		{ "CHANGES_REQUESTED", "changes-requested" },
		{ "COMMENTED", "commented" },
		{ "DISMISSED", "dismissed" },
	};
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcasecmp(state, states[i][0]) == 0)
			return states[i][1];
	return NULL;
}

static struct msg_review_row *review_of(struct reviews *reviews, const char *reviewer)
{
	for (size_t i = 0; i < reviews->count; i++)
		if (strcasecmp(reviews->items[i].reviewer, reviewer) == 0)
			return &reviews->items[i];
	return NULL;
}

/* They come oldest first; the last one of a person counts, but a comment takes nothing
 * back. */
static int keep_review(struct reviews *reviews, const struct msg_review_row *review,
		       struct error *err)
{
	struct msg_review_row *place = review_of(reviews, review->reviewer);
	if (place) {
		if (strcmp(review->state, "commented") != 0 ||
		    strcmp(place->state, "commented") == 0)
			*place = *review;
		return 0;
	}
	int rc = limit_check(&limits_default, LIMIT_FORGE_REVIEWS, reviews->count + 1,
			     "the pull request", err);
	if (rc)
		return rc;
	place = ARENA_PUSH(reviews->arena, &reviews->items, &reviews->count,
			   &reviews->capacity);
	if (!place)
		return error_set(err, ERROR_MEMORY, "out of memory for reviews");
	*place = *review;
	return 0;
}

static int take_review(struct reviews *reviews, const struct node *node,
		       struct error *err)
{
	struct msg_review_row review = { 0 };
	struct call_fields fields;
	call_fields_begin(&fields, reviews->arena, node, "a review");
	review.state = review_state(call_text(&fields, "state", CALL_NEEDED));
	/* null: the account is gone, and so is its say */
	review.reviewer = call_text(&fields, "user.login", CALL_OPTIONAL);
	call_oid(&fields, "commit_id", CALL_OPTIONAL, &review.commit);
	review.submitted_at = call_time(&fields, "submitted_at");
	int rc = call_fields_status(&fields, err);
	if (rc || !review.state || review.reviewer[0] == '\0')
		return rc;
	return keep_review(reviews, &review, err);
}

static int take_reviews(void *data, const struct call_reply *page,
			char next[CALL_TARGET_BYTES], struct error *err)
{
	(void)next;
	if (node_kind(page->body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE,
				 "the forge's list of reviews is none");
	for (size_t i = 0; i < node_count(page->body); i++) {
		int rc = take_review(data, node_item(page->body, i), err);
		if (rc)
			return rc;
	}
	return 0;
}

static int read_merge_request(struct forge *forge, const char *name, uint64_t number,
			      struct arena *arena, struct forge_merge_request *out,
			      int64_t *retry_at, struct error *err)
{
	struct reviews reviews = { .arena = arena };
	struct forge_merge_request made = { 0 };
	struct call_reply reply;
	int rc = forge_get(forge,
			   call_target(arena, "/repos/{/}/pulls/{#}", name, number),
			   RIGHT_READ, arena, &reply, retry_at, err);
	if (!rc)
		rc = read_pull(reply.body, name, arena, &made.row, err);
	if (!rc && made.row.number != number)
		rc = error_set(err, ERROR_FORGE,
			       "the forge answered with another pull request");
	if (!rc)
		rc = forge_call_pages(forge,
				      call_target(arena,
						  "/repos/{/}/pulls/{#}/reviews"
						  "?per_page=" GITHUB_PAGE_SIZE,
						  name, number),
				      RIGHT_READ, take_reviews, &reviews, retry_at,
				      err);
	if (rc)
		return rc;
	made.reviews = reviews.items;
	made.review_count = reviews.count;
	*out = made;
	return 0;
}

int github_merge_request(struct forge *forge, const char *name, uint64_t number,
			 struct arena *arena, struct forge_merge_request *out,
			 int64_t *retry_at, struct error *err)
{
	int rc = github_enter(forge, name, arena, retry_at, err);
	if (!rc)
		rc = read_merge_request(forge, name, number, arena, out, retry_at, err);
	return github_leave(forge, rc);
}

/* --- lists --- */

struct number_list {
	struct arena *arena;
	struct call_numbers numbers;
};

static int take_numbers(void *data, const struct call_reply *page,
			char next[CALL_TARGET_BYTES], struct error *err)
{
	struct number_list *list = data;
	(void)next;
	if (node_kind(page->body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE,
				 "the forge's list of pull requests is none");
	for (size_t i = 0; i < node_count(page->body); i++) {
		struct call_fields fields;
		call_fields_begin(&fields, list->arena, node_item(page->body, i),
				  "a pull request");
		uint64_t number = call_number(&fields, "number", CALL_NEEDED);
		int rc = call_fields_status(&fields, err);
		if (!rc)
			rc = call_numbers_add(&list->numbers, list->arena, number, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int list_numbers(struct forge *forge, const char *name, const char *target,
			struct arena *arena, uint64_t **numbers, size_t *count,
			int64_t *retry_at, struct error *err)
{
	struct number_list list = { .arena = arena };
	int rc = github_enter(forge, name, arena, retry_at, err);
	if (!rc)
		rc = forge_call_pages(forge, target, RIGHT_READ, take_numbers, &list,
				      retry_at, err);
	if (rc)
		return github_leave(forge, rc);
	*numbers = list.numbers.items;
	*count = list.numbers.count;
	return 0;
}

int github_open_merge_requests(struct forge *forge, const char *name,
			       struct arena *arena, uint64_t **numbers, size_t *count,
			       int64_t *retry_at, struct error *err)
{
	return list_numbers(forge, name,
			    call_target(arena,
					"/repos/{/}/"
					"pulls?state=open&per_page=" GITHUB_PAGE_SIZE,
					name),
			    arena, numbers, count, retry_at, err);
}

int github_commit_merge_requests(struct forge *forge, const char *name,
				 const struct oid *commit, struct arena *arena,
				 uint64_t **numbers, size_t *count, int64_t *retry_at,
				 struct error *err)
{
	return list_numbers(forge, name,
			    call_target(arena,
					"/repos/{/}/commits/{}/"
					"pulls?per_page=" GITHUB_PAGE_SIZE,
					name, oid_text(commit)),
			    arena, numbers, count, retry_at, err);
}
