/* job/collect_touched.c - which rules about signatures of paths each commit concerns.
 *
 * A commit touches what differs from its parent. A merge takes most files from one of
 * its parents; it touches one when its version is nobody's, or when it drops a version
 * that the other side has changed since the histories parted: else an old version could
 * come back by a merge that nobody had to sign. */
#include "job/judge.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/repo.h"

/* A path that a commit has in another version than some parent. */
struct difference {
	const char *path;
	struct entry {
		uint32_t mode; /* 0: not there */
		struct oid id;
	} * old; /* by number of the parent */
	bool *differs;
};

struct walk {
	struct collector *collector;
	struct commit_fact *commit;
	struct difference *items;
	size_t count;
	size_t capacity;
	struct map by_path; /* path -> 1 + index in items */
	size_t parent;      /* the number of that which is compared now */
	struct {
		size_t dropped, taken; /* equal: nothing is known yet */
		struct oid *ids;
		size_t count;
	} bases; /* of the pair of parents that was asked for last */
	struct error *err;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

/* --- rules --- */

static bool speaks(const struct walk *walk, const struct rule *rule)
{
	const struct change *change = walk->collector->judge->change;
	return rule->signatures && rule->on_paths.count &&
	       rule_applies(rule, change->repository, change->ref);
}

static bool is_covered(const struct walk *walk, const char *path)
{
	const struct policy *policy = walk->collector->policy;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (speaks(walk, &policy->rules[i]) &&
		    rule_covers(&policy->rules[i], path))
			return true;
	return false;
}

static bool is_marked(const struct commit_fact *commit, const struct rule *rule)
{
	for (size_t i = 0; i < commit->touched_count; i++)
		if (commit->touched[i] == rule)
			return true;
	return false;
}

static int mark(struct walk *walk, const char *path)
{
	const struct policy *policy = walk->collector->policy;
	struct commit_fact *commit = walk->commit;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (!speaks(walk, rule) || !rule_covers(rule, path) ||
		    is_marked(commit, rule))
			continue;
		if (!commit->touched)
			commit->touched =
				arena_array(walk->collector->arena, policy->rule_count,
					    sizeof(*commit->touched));
		if (!commit->touched)
			return no_memory(walk->err);
		commit->touched[commit->touched_count++] = rule;
	}
	return 0;
}

/* --- what differs --- */

static int mark_path(void *data, const char *path, uint32_t old_mode,
		     const struct oid *old_id, uint32_t new_mode,
		     const struct oid *new_id)
{
	(void)old_mode;
	(void)old_id;
	(void)new_mode;
	(void)new_id;
	return mark(data, path);
}

static struct difference *difference_at(struct walk *walk, const char *path)
{
	struct arena *arena = walk->collector->arena;
	size_t parents = walk->commit->parent_count;
	uintptr_t known = (uintptr_t)map_get(&walk->by_path, path, strlen(path));
	if (known)
		return &walk->items[known - 1];
	struct difference *item =
		ARENA_PUSH(arena, &walk->items, &walk->count, &walk->capacity);
	char *kept = arena_string(arena, path);
	if (!item || !kept ||
	    map_put(&walk->by_path, kept, strlen(kept),
		    (void *)(uintptr_t)walk->count) != 0)
		return NULL;
	item->path = kept;
	item->old = arena_array(arena, parents, sizeof(*item->old));
	item->differs = arena_array(arena, parents, sizeof(*item->differs));
	return item->old && item->differs ? item : NULL;
}

static int add_difference(void *data, const char *path, uint32_t old_mode,
			  const struct oid *old_id, uint32_t new_mode,
			  const struct oid *new_id)
{
	struct walk *walk = data;
	(void)new_mode;
	(void)new_id;
	if (!is_covered(walk, path))
		return 0;
	struct difference *item = difference_at(walk, path);
	if (!item)
		return no_memory(walk->err);
	item->old[walk->parent] = (struct entry){ old_mode, *old_id };
	item->differs[walk->parent] = true;
	return 0;
}

/* --- merges --- */

static int same_at(const struct walk *walk, const struct oid *commit, const char *path,
		   const struct entry *entry, bool *same)
{
	struct repo *repo = walk->collector->judge->repo;
	struct tree_entry found = { .mode = 0 };
	struct error missing = ERROR_INIT;
	struct oid tree;
	int rc = collect_tree(walk->collector, commit, &tree, walk->err);
	if (rc != 0)
		return rc;
	rc = repo_tree_find(repo, &tree, path, &found, &missing);
	if (rc != 0 && rc != ERROR_NOT_FOUND)
		return error_set(walk->err, rc, "%s", missing.text);
	bool there = rc == 0;
	*same = there ? found.mode == entry->mode && oid_equal(&found.id, &entry->id)
		      : entry->mode == 0;
	return 0;
}

static int find_bases(struct walk *walk, size_t dropped, size_t taken)
{
	const struct commit_fact *commit = walk->commit;
	if (walk->bases.dropped == dropped && walk->bases.taken == taken)
		return 0;
	int rc = repo_merge_bases(walk->collector->judge->repo, walk->collector->arena,
				  &commit->parents[dropped], &commit->parents[taken],
				  &walk->bases.ids, &walk->bases.count, walk->err);
	if (rc == 0) {
		walk->bases.dropped = dropped;
		walk->bases.taken = taken;
	}
	return rc;
}

/* Whether a parent's version, which the merge drops for another parent's, is that of
 * before the two parted. */
static int is_unchanged_since(struct walk *walk, const struct difference *item,
			      size_t dropped, size_t taken, bool *unchanged)
{
	int rc = find_bases(walk, dropped, taken);
	*unchanged = rc == 0 && (walk->bases.count > 0 || item->old[dropped].mode == 0);
	for (size_t i = 0; rc == 0 && *unchanged && i < walk->bases.count; i++)
		rc = same_at(walk, &walk->bases.ids[i], item->path, &item->old[dropped],
			     unchanged);
	return rc;
}

static int judge_difference(struct walk *walk, const struct difference *item)
{
	size_t parents = walk->commit->parent_count, taken = 0;
	bool unchanged = true;
	int rc = 0;
	while (taken < parents && item->differs[taken])
		taken++;
	if (taken == parents)
		return mark(walk, item->path);
	for (size_t i = 0; rc == 0 && unchanged && i < parents; i++)
		if (item->differs[i])
			rc = is_unchanged_since(walk, item, i, taken, &unchanged);
	return rc == 0 && !unchanged ? mark(walk, item->path) : rc;
}

static int walk_merge(struct walk *walk)
{
	struct commit_fact *commit = walk->commit;
	struct repo *repo = walk->collector->judge->repo;
	struct oid tree;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < commit->parent_count; i++) {
		walk->parent = i;
		rc = collect_tree(walk->collector, &commit->parents[i], &tree,
				  walk->err);
		if (rc == 0)
			rc = repo_tree_diff(repo, &tree, &commit->tree, add_difference,
					    walk, walk->err);
	}
	for (size_t i = 0; rc == 0 && i < walk->count; i++)
		rc = judge_difference(walk, &walk->items[i]);
	map_release(&walk->by_path);
	return rc;
}

static int walk_commit(struct walk *walk)
{
	struct commit_fact *commit = walk->commit;
	struct oid tree = OID_INIT;
	int rc = 0;
	if (commit->parent_count > 1)
		return walk_merge(walk);
	if (commit->parent_count == 1)
		rc = collect_tree(walk->collector, &commit->parents[0], &tree,
				  walk->err);
	if (rc != 0)
		return rc;
	return repo_tree_diff(walk->collector->judge->repo, &tree, &commit->tree,
			      mark_path, walk, walk->err);
}

int collect_touched(struct collector *collector, struct error *err)
{
	struct facts *facts = collector->facts;
	for (size_t i = 0; i < facts->commit_count; i++) {
		struct walk walk = { .collector = collector,
				     .commit = &facts->commits[i],
				     .err = err };
		if (walk.commit->code != 0) /* malformed: refused anyway */
			continue;
		int rc = walk_commit(&walk);
		if (rc != 0)
			return rc;
	}
	facts->kinds |= FACTS_TOUCHED;
	return 0;
}
