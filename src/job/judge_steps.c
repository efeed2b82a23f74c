/* job/judge_steps.c - the commits that a branch's tip went over, one merge at a time.
 *
 * When several merge requests were merged between two looks, no one of them is what was
 * pushed; each step along first parents may be. Control judges them one by one then. */
#include "job/judge_steps.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "model/finding.h"
#include "repo/object.h"
#include "repo/repo.h"

#define STEPS_MAX 64

static int first_parent(struct repo *repo, const struct oid *commit, struct oid *out,
			struct error *err)
{
	struct commit_text text;
	struct object object;

	int rc = repo_read_commit(repo, commit,
				  limits_default.values[LIMIT_GIT_COMMIT_BYTES],
				  &object, &text, err);
	if (rc != 0)
		return rc;
	*out = text.parent_count ? text.parents[0] : (struct oid)OID_INIT;
	repo_object_release(&object);
	return 0;
}

int steps_between(struct repo *repo, const struct oid *from, const struct oid *to,
		  struct arena *arena, struct msg_oids *out, struct error *err)
{
	struct oid *steps = arena_array(arena, STEPS_MAX, sizeof(*steps));
	struct oid at = *to;
	size_t count = 0;

	*out = (struct msg_oids){ 0 };
	if (!steps)
		return error_set(err, ERROR_MEMORY, "out of memory");
	while (!oid_equal(&at, from) && !oid_is_null(&at) && count < STEPS_MAX) {
		steps[count++] = at;
		int rc = first_parent(repo, &steps[count - 1], &at, err);
		if (rc != 0)
			return rc;
	}
	if (!oid_equal(&at, from) || count < 2)
		return 0;
	for (size_t i = 0; i < count / 2; i++) {
		struct oid other = steps[i];
		steps[i] = steps[count - 1 - i];
		steps[count - 1 - i] = other;
	}
	*out = (struct msg_oids){ steps, count };
	return 0;
}

bool verdict_is_of_several(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->findings[i].code == ERROR_REVIEWS_OTHER_CONTENT ||
		    verdict->findings[i].code == ERROR_REVIEWS_MISSING)
			return true;
	return false;
}
