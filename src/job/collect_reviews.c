/* job/collect_reviews.c - facts about the merge request by which a change comes: its
 * reviews, which control read from the forge, and who wrote its commits. */
#include "job/judge.h"

#include "base/arena.h"
#include "base/error.h"
#include "model/facts.h"
#include "repo/repo.h"

struct visit {
	struct collector *collector;
	struct merge_request_fact *request;
	struct error *err;
};

static int add_email(struct visit *visit, struct span email)
{
	struct arena *arena = visit->collector->arena;
	struct merge_request_fact *request = visit->request;
	const char **slot = ARENA_PUSH(arena, &request->emails, &request->email_count,
				       &request->email_capacity);

	if (slot)
		*slot = arena_copy(arena, email.bytes, email.length);
	return slot && *slot ? 0 : error_set(visit->err, ERROR_MEMORY, "out of memory");
}

static int visit_commit(void *data, const struct oid *id,
			const struct commit_text *text, const struct object *object,
			const struct error *problem)
{
	struct visit *visit = data;
	(void)object;

	/* Nobody knows who wrote what cannot be read. */
	if (!text)
		return error_set(visit->err, problem->code,
				 "the merge request's commit '%s' is malformed: %s",
				 oid_text(id), problem->text);
	int rc = add_email(visit, text->author.email);
	return rc == 0 ? add_email(visit, text->committer.email) : rc;
}

/* Of the head's own commits: what the forge makes of them when it merges (a merge
 * commit, a squashed one) has the name of whoever pressed the button. */
static int collect_authors(struct collector *collector,
			   struct merge_request_fact *request, struct error *err)
{
	const struct judge *judge = collector->judge;
	const struct limits *limits = judge->limits ? judge->limits : &limits_default;
	struct visit visit = { collector, request, err };
	struct range range = {
		.tips = &request->head,
		.tip_count = 1,
		.hidden = judge->trusted,
		.hidden_count = judge->trusted_count,
		.maximum = limits->values[LIMIT_GIT_COMMITS_PER_PUSH],
	};

	return repo_range(judge->repo, &range, visit_commit, &visit, err);
}

int collect_reviews(struct collector *collector, struct error *err)
{
	const struct judge *judge = collector->judge;
	struct merge_request_fact *request =
		arena_new_of(collector->arena, struct merge_request_fact);
	int rc = 0;

	if (!request)
		return error_set(err, ERROR_MEMORY, "out of memory");
	/* Without reviews the rule itself says where they are to be had. */
	collector->facts->kinds |= FACTS_REVIEWS;
	if (!judge->reviews)
		return 0;
	rc = judge->reviews(judge->reviews_data, request, err);
	if (rc == 0 && request->number && request->same_content)
		rc = collect_authors(collector, request, err);
	if (rc == 0)
		collector->facts->merge_request = request;
	return rc;
}
