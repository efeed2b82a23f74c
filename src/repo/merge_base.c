/* repo/merge_base.c - the newest commits that two histories share.
 *
 * Where one history was left by the other: parents of what only one of them has. Those
 * that others of them contain are older ones. */
#include "repo/repo.h"

#include "base/arena.h"
#include "base/error.h"

struct boundary {
	struct arena *arena;
	struct oid *visited;
	size_t visited_count, visited_capacity;
	struct oid *parents;
	size_t parent_count, parent_capacity;
	struct error *err;
};

static bool has(const struct oid *ids, size_t count, const struct oid *id)
{
	for (size_t i = 0; i < count; i++)
		if (oid_equal(&ids[i], id))
			return true;
	return false;
}

static int visit(void *data, const struct oid *id, const struct commit_text *text,
		 const struct object *object, const struct error *problem)
{
	struct boundary *boundary = data;
	struct oid *slot =
		ARENA_PUSH(boundary->arena, &boundary->visited,
			   &boundary->visited_count, &boundary->visited_capacity);
	(void)object;
	if (text == NULL)
		return error_set(boundary->err, problem->code, "%s", problem->text);
	if (slot == NULL)
		return error_set(boundary->err, ERROR_MEMORY, "out of memory");
	*slot = *id;
	for (size_t i = 0; i < text->parent_count; i++) {
		struct oid *parent =
			ARENA_PUSH(boundary->arena, &boundary->parents,
				   &boundary->parent_count, &boundary->parent_capacity);
		if (parent == NULL)
			return error_set(boundary->err, ERROR_MEMORY, "out of memory");
		*parent = text->parents[i];
	}
	return 0;
}

/* Parents that were not visited themselves, each once. */
static size_t keep_shared(struct boundary *boundary)
{
	size_t kept = 0;
	for (size_t i = 0; i < boundary->parent_count; i++) {
		const struct oid id = boundary->parents[i];
		if (!has(boundary->visited, boundary->visited_count, &id) &&
		    !has(boundary->parents, kept, &id))
			boundary->parents[kept++] = id;
	}
	return kept;
}

/* 1 when one of the others contains it. */
static int is_older(struct repo *repo, const struct boundary *boundary, size_t count,
		    size_t index, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (i != index)
			rc = repo_is_ancestor(repo, &boundary->parents[index],
					      &boundary->parents[i], err);
	return rc;
}

static int keep_newest(struct repo *repo, const struct boundary *boundary, size_t count,
		       struct oid **out, size_t *out_count, struct error *err)
{
	struct oid *newest = arena_array(boundary->arena, count + 1, sizeof(*newest));
	size_t kept = 0;
	if (newest == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++) {
		int older = is_older(repo, boundary, count, i, err);
		if (older < 0)
			return older;
		if (!older)
			newest[kept++] = boundary->parents[i];
	}
	*out = newest;
	*out_count = kept;
	return 0;
}

int repo_merge_bases(struct repo *repo, struct arena *arena, const struct oid *one,
		     const struct oid *other, struct oid **out, size_t *count,
		     struct error *err)
{
	struct boundary boundary = { .arena = arena, .err = err };
	const struct range range = {
		.tips = one,
		.tip_count = 1,
		.hidden = other,
		.hidden_count = 1,
		.maximum = SIZE_MAX,
	};
	int rc = repo_range(repo, &range, visit, &boundary, err);
	if (rc != 0)
		return rc;
	if (boundary.visited_count > 0)
		return keep_newest(repo, &boundary, keep_shared(&boundary), out, count,
				   err);
	struct oid *whole = arena_array(arena, 1, sizeof(*whole));
	if (whole == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*whole = *one;
	*out = whole;
	*count = 1;
	return 0;
}
