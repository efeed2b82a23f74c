/* repo/merge_base.c - the newest commits that two histories share.
 *
 * Both histories are painted from their tips, newest first, until whatever still waits
 * is behind something shared. A colour that comes late, because a clock went wrong, is
 * carried on to everything behind it: the answer does not depend on dates, only the
 * cost does. As git's paint_down_to_common(). */
#include "repo/repo.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/map.h"

enum { OF_ONE = 1, OF_OTHER = 2, BEHIND = 4 };
#define SHARED (OF_ONE | OF_OTHER)

struct commit {
	struct oid id;
	int64_t seconds;
	struct oid *parents;
	size_t parent_count;
	unsigned int colours;
	bool waits;
};

struct painting {
	struct repo *repo;
	struct arena *arena;
	struct map commits;    /* id -> commit */
	struct commit **queue; /* the newest last */
	size_t count;
	size_t capacity;
	struct error *err;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static int read_commit(struct painting *painting, struct commit *commit)
{
	struct object object;
	struct commit_text text;
	int rc = repo_read(painting->repo, &commit->id,
			   limits_default.values[LIMIT_GIT_COMMIT_BYTES], &object,
			   painting->err);
	if (rc != 0)
		return rc;
	rc = commit_split(&text, object.bytes, object.length,
			  repo_hash_bytes(painting->repo), painting->err);
	if (rc == 0) {
		commit->seconds = text.committer.seconds;
		commit->parent_count = text.parent_count;
		commit->parents =
			arena_copy(painting->arena, text.parents,
				   text.parent_count * sizeof(text.parents[0]));
		rc = commit->parents != NULL ? 0 : no_memory(painting->err);
	}
	repo_object_release(&object);
	return rc;
}

static int find_commit(struct painting *painting, const struct oid *id,
		       struct commit **out)
{
	struct commit *commit =
		map_get(&painting->commits, (const char *)id->bytes, id->length);
	if (commit == NULL) {
		commit = arena_new_of(painting->arena, struct commit);
		if (commit == NULL)
			return no_memory(painting->err);
		commit->id = *id;
		int rc = read_commit(painting, commit);
		if (rc != 0)
			return rc;
		if (map_put(&painting->commits, (const char *)commit->id.bytes,
			    id->length, commit) != 0)
			return no_memory(painting->err);
	}
	*out = commit;
	return 0;
}

/* Gives a commit colours; when they are new it waits for its turn to hand them on. */
static int paint(struct painting *painting, const struct oid *id, unsigned int colours)
{
	struct commit *commit;
	int rc = find_commit(painting, id, &commit);
	if (rc != 0 || (commit->colours & colours) == colours)
		return rc;
	commit->colours |= colours;
	if (commit->waits)
		return 0;
	struct commit **slot = ARENA_PUSH(painting->arena, &painting->queue,
					  &painting->count, &painting->capacity);
	if (slot == NULL)
		return no_memory(painting->err);
	size_t at = painting->count - 1;
	for (; at > 0 && painting->queue[at - 1]->seconds > commit->seconds; at--)
		painting->queue[at] = painting->queue[at - 1];
	painting->queue[at] = commit;
	commit->waits = true;
	return 0;
}

static bool is_decided(const struct painting *painting)
{
	for (size_t i = painting->count; i > 0; i--)
		if ((painting->queue[i - 1]->colours & BEHIND) == 0)
			return false;
	return true;
}

static int paint_all(struct painting *painting, const struct oid *one,
		     const struct oid *other)
{
	int rc = paint(painting, one, OF_ONE);
	if (rc == 0)
		rc = paint(painting, other, OF_OTHER);
	while (rc == 0 && !is_decided(painting)) {
		struct commit *commit = painting->queue[--painting->count];
		unsigned int colours = commit->colours;
		commit->waits = false;
		if ((colours & SHARED) == SHARED)
			colours |= BEHIND;
		for (size_t i = 0; rc == 0 && i < commit->parent_count; i++)
			rc = paint(painting, &commit->parents[i], colours);
	}
	return rc;
}

static int begin(struct painting *painting, struct repo *repo, const struct oid *one,
		 const struct oid *other, struct error *err)
{
	*painting = (struct painting){ .repo = repo, .err = err };
	painting->arena = arena_new(SIZE_MAX);
	return painting->arena != NULL ? paint_all(painting, one, other)
				       : no_memory(err);
}

static void end(struct painting *painting)
{
	map_release(&painting->commits);
	arena_free(painting->arena);
}

/* 1 when `commit` is contained in `in`, 0 when not. */
static int is_contained(struct repo *repo, const struct oid *commit,
			const struct oid *in, struct error *err)
{
	struct painting painting;
	struct commit *found;
	int rc = begin(&painting, repo, commit, in, err);
	if (rc == 0)
		rc = find_commit(&painting, commit, &found);
	if (rc == 0)
		rc = (found->colours & OF_OTHER) != 0;
	end(&painting);
	return rc;
}

/* Where clocks went wrong one candidate may still be behind another. */
static int keep_newest(struct repo *repo, struct oid *candidates, size_t *count,
		       struct error *err)
{
	for (size_t i = 0; i < *count;) {
		int behind = 0;
		for (size_t k = 0; behind == 0 && k < *count; k++)
			if (k != i)
				behind = is_contained(repo, &candidates[i],
						      &candidates[k], err);
		if (behind < 0)
			return behind;
		if (behind)
			candidates[i] = candidates[--*count];
		else
			i++;
	}
	return 0;
}

int repo_merge_bases(struct repo *repo, struct arena *arena, const struct oid *one,
		     const struct oid *other, struct oid **out, size_t *count,
		     struct error *err)
{
	struct painting painting;
	struct oid *bases = NULL;
	size_t found = 0;
	int rc = begin(&painting, repo, one, other, err);
	if (rc == 0) {
		bases = arena_array(arena, painting.commits.count + 1, sizeof(*bases));
		rc = bases != NULL ? 0 : no_memory(err);
	}
	for (size_t i = 0; rc == 0 && i < painting.commits.count; i++) {
		const struct commit *commit = painting.commits.entries[i].value;
		if ((commit->colours & (SHARED | BEHIND)) == SHARED)
			bases[found++] = commit->id;
	}
	end(&painting);
	if (rc == 0)
		rc = keep_newest(repo, bases, &found, err);
	if (rc != 0)
		return rc;
	*out = bases;
	*count = found;
	return 0;
}
