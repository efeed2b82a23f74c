/* job/collect_files.c - facts about every path that a commit of the range changes.
 *
 * A merge changes only what differs from all its parents: the rest was changed by
 * commits that are in the range themselves, or is trusted. Only names that collide are
 * a matter of all that a merge brings together. */
#include "job/judge.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/path.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/repo.h"

#define MODE_LINK         0120000
#define MODE_SUBMODULE    0160000
#define LINK_TARGET_BYTES 4096

/* What one commit changes against one parent. */
struct difference {
	const char *path;
	uint32_t old_mode;
	struct oid old_id;
	uint32_t new_mode;
	struct oid new_id;
	size_t parents; /* against how many parents it was seen so far */
};

struct walk {
	struct collector *collector;
	const struct commit_fact *commit;
	struct difference *items;
	size_t count;
	size_t capacity;
	struct map by_path;  /* path -> 1 + index in items */
	size_t parent;       /* number of the parent that is compared now */
	struct map *seen;    /* "path\nmode\nid" of facts that are there already */
	struct map *folders; /* folded listings by "tree id", for collisions */
	bool find_collisions;
	struct error *err;
};

static int add_difference(void *data, const char *path, uint32_t old_mode,
			  const struct oid *old_id, uint32_t new_mode,
			  const struct oid *new_id)
{
	struct walk *walk = data;
	struct arena *arena = walk->collector->arena;

	uintptr_t known = (uintptr_t)map_get(&walk->by_path, path, strlen(path));
	if (known) {
		walk->items[known - 1].parents++;
		return 0;
	}
	if (walk->parent > 0)
		return 0;
	struct difference *item =
		ARENA_PUSH(arena, &walk->items, &walk->count, &walk->capacity);
	char *kept = arena_string(arena, path);
	if (!item || !kept)
		return error_set(walk->err, ERROR_MEMORY, "out of memory");
	*item = (struct difference){ kept, old_mode, *old_id, new_mode, *new_id, 1 };
	if (map_put(&walk->by_path, kept, strlen(kept),
		    (void *)(uintptr_t)walk->count) != 0)
		return error_set(walk->err, ERROR_MEMORY, "out of memory");
	return 0;
}

/* Two names of a directory that are one when case is folded; second NULL: no collision.
 */
struct folded {
	const char *first;
	const char *second;
};

static char *fold(struct arena *arena, const char *name)
{
	char *folded = arena_string(arena, name);

	for (char *at = folded; at && *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return folded;
}

static int add_folded(struct arena *arena, struct map *listing, const char *name)
{
	char *key = fold(arena, name);
	struct folded *folded = key ? map_get(listing, key, strlen(key)) : NULL;

	if (folded) {
		folded->second = name;
		return 0;
	}
	folded = arena_new_of(arena, struct folded);
	if (!key || !folded)
		return ERROR_MEMORY;
	folded->first = name;
	return map_put(listing, key, strlen(key), folded);
}

/* The names of a directory with the case folded away. ASCII only: what Windows and
 * macOS fold beyond that differs between their versions. NULL: error is set. */
static struct map *folded_listing(struct walk *walk, const struct oid *tree)
{
	struct arena *arena = walk->collector->arena;
	struct map *listing =
		map_get(walk->folders, (const char *)tree->bytes, tree->length);
	struct tree_entry *entries;
	size_t count;

	if (listing)
		return listing;
	if (repo_tree(walk->collector->judge->repo, arena, tree, &entries, &count,
		      walk->err) != 0)
		return NULL;
	listing = arena_new_of(arena, struct map);
	const char *key = arena_copy(arena, tree->bytes, tree->length);
	int rc = listing && key ? map_put(walk->folders, key, tree->length, listing)
				: ERROR_MEMORY;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_folded(arena, listing, entries[i].name);
	if (rc == 0)
		return listing;
	error_set(walk->err, rc, "out of memory");
	return NULL;
}

/* Sets another name of the directory that differs from `name` only in case. */
static int colliding_name(struct walk *walk, const struct oid *tree, const char *name,
			  const char **other)
{
	struct map *listing = folded_listing(walk, tree);
	const char *key = listing ? fold(walk->collector->arena, name) : NULL;

	if (!key)
		return listing     ? error_set(walk->err, ERROR_MEMORY, "out of memory")
		       : walk->err ? walk->err->code
				   : ERROR_MEMORY;
	const struct folded *folded = map_get(listing, key, strlen(key));
	*other = folded && strcmp(folded->first, name) != 0 ? folded->first
		 : folded                                   ? folded->second
							    : NULL;
	return 0;
}

/* Looks at every directory on the way to a path that was added. */
static int find_collision(struct walk *walk, const char *path,
			  const char **collides_with)
{
	struct arena *arena = walk->collector->arena;
	struct oid tree = walk->commit->tree;
	char *rest = arena_string(arena, path);
	int rc = 0;

	if (!rest)
		return error_set(walk->err, ERROR_MEMORY, "out of memory");
	const char *start = rest;
	for (char *slash = strchr(rest, '/');; slash = strchr(rest, '/')) {
		struct tree_entry entry;
		if (slash)
			*slash = '\0';
		const char *other = NULL;
		rc = colliding_name(walk, &tree, rest, &other);
		if (rc != 0)
			return rc;
		if (other) {
			*collides_with = arena_printf(arena, "%.*s%s",
						      (int)(rest - start), path, other);
			return *collides_with ? 0
					      : error_set(walk->err, ERROR_MEMORY,
							  "out of memory");
		}
		if (!slash)
			return 0;
		rc = repo_tree_find(walk->collector->judge->repo, &tree, rest, &entry,
				    walk->err);
		if (rc != 0)
			return rc;
		tree = entry.id;
		rest = slash + 1;
	}
}

static int read_link(struct walk *walk, const struct oid *id, const char **target)
{
	struct object object;
	int rc = repo_read(walk->collector->judge->repo, id, LINK_TARGET_BYTES, &object,
			   walk->err);
	if (rc != 0)
		return rc;
	*target = arena_copy(walk->collector->arena, object.bytes, object.length);
	if (*target && memchr(object.bytes, '\0', object.length))
		*target = "/"; /* a NUL makes it unreadable: it leaves the tree */
	repo_object_release(&object);
	return *target ? 0 : error_set(walk->err, ERROR_MEMORY, "out of memory");
}

static int describe_file(struct walk *walk, const struct difference *item,
			 struct file_fact *out)
{
	struct error unsafe = ERROR_INIT;

	out->change = item->old_mode == 0   ? FILE_ADDED
		      : item->new_mode == 0 ? FILE_DELETED
					    : FILE_MODIFIED;
	out->path = item->path;
	out->mode = item->new_mode ? item->new_mode : item->old_mode;
	out->blob = item->new_mode ? item->new_id : item->old_id;
	out->commit = walk->commit->id;
	if (out->change == FILE_DELETED)
		return 0;
	out->code = path_check(item->path, strlen(item->path),
			       limits_default.values[LIMIT_GIT_PATH_BYTES], &unsafe);
	if (out->code != 0)
		out->reason = arena_string(walk->collector->arena, unsafe.text);
	if (out->mode == MODE_SUBMODULE)
		return 0;
	int rc = repo_stat(walk->collector->judge->repo, &out->blob, NULL, &out->size,
			   walk->err);
	if (rc == 0 && out->mode == MODE_LINK)
		rc = out->size <= LINK_TARGET_BYTES
			     ? read_link(walk, &out->blob, &out->link_target)
			     : error_set(walk->err, ERROR_LIMIT,
					 "the symbolic link '%s' has %llu bytes, over "
					 "%d",
					 item->path, (unsigned long long)out->size,
					 LINK_TARGET_BYTES);
	if (rc == 0 && walk->find_collisions && out->change == FILE_ADDED)
		rc = find_collision(walk, item->path, &out->collides_with);
	return rc;
}

static int add_file(struct walk *walk, const struct difference *item)
{
	struct collector *collector = walk->collector;
	struct facts *facts = collector->facts;
	const char *key = arena_printf(collector->arena, "%s\n%o\n%s", item->path,
				       item->new_mode, oid_text(&item->new_id));

	if (!key)
		return error_set(walk->err, ERROR_MEMORY, "out of memory");
	if (map_has(walk->seen, key, strlen(key)))
		return 0;
	if (map_put(walk->seen, key, strlen(key), walk) != 0)
		return error_set(walk->err, ERROR_MEMORY, "out of memory");
	int rc = limit_check(
		collector->judge->limits ? collector->judge->limits : &limits_default,
		LIMIT_GIT_CHANGED_FILES, facts->file_count + 1, "the push", walk->err);
	if (rc != 0)
		return rc;
	struct file_fact *fact = ARENA_PUSH(collector->arena, &facts->files,
					    &facts->file_count, &facts->file_capacity);
	if (!fact)
		return error_set(walk->err, ERROR_MEMORY, "out of memory");
	return describe_file(walk, item, fact);
}

/* A merge may bring together names that collide, of which each parent has one: so what
 * it adds to its first parent is looked at. */
static bool collides(struct walk *walk, size_t index, int *rc)
{
	const struct difference *item = &walk->items[index];
	const char *other = NULL;

	if (!walk->find_collisions || item->old_mode != 0)
		return false;
	*rc = find_collision(walk, item->path, &other);
	return *rc == 0 && other;
}

static int collect_commit_files(struct walk *walk)
{
	const struct commit_fact *commit = walk->commit;
	struct repo *repo = walk->collector->judge->repo;
	struct oid tree = OID_INIT;
	int rc = 0;

	walk->count = walk->capacity = 0;
	walk->items = NULL;
	walk->parent = 0;
	if (commit->parent_count == 0)
		rc = repo_tree_diff(repo, &tree, &commit->tree, add_difference, walk,
				    walk->err);
	for (size_t i = 0; rc == 0 && i < commit->parent_count; i++) {
		walk->parent = i;
		rc = collect_tree(walk->collector, &commit->parents[i], &tree,
				  walk->err);
		if (rc == 0)
			rc = repo_tree_diff(repo, &tree, &commit->tree, add_difference,
					    walk, walk->err);
	}
	size_t parents = commit->parent_count ? commit->parent_count : 1;
	for (size_t i = 0; rc == 0 && i < walk->count; i++)
		if (walk->items[i].parents == parents || collides(walk, i, &rc))
			rc = add_file(walk, &walk->items[i]);
	map_release(&walk->by_path);
	return rc;
}

/* What a merge that is still to be made brings: as if it were a commit. */
static int collect_merged_files(struct walk *walk)
{
	const struct collector *collector = walk->collector;
	const struct judge *judge = collector->judge;
	struct oid parents[] = { judge->change->old_id, collector->tip };
	const struct commit_fact merge = {
		.id = collector->tip,
		.tree = collector->tip_tree,
		.parents = parents,
		.parent_count = 2,
	};

	walk->commit = &merge;
	return collect_commit_files(walk);
}

static bool wants_collisions(const struct collector *collector)
{
	const struct policy *policy = collector->policy;
	const struct change *change = collector->judge->change;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].files &&
		    policy->rules[i].files->no_case_collisions &&
		    rule_applies(&policy->rules[i], change->repository, change->ref))
			return true;
	return false;
}

int collect_files(struct collector *collector, struct error *err)
{
	struct map seen = MAP_INIT, folders = MAP_INIT;
	struct walk walk = {
		.collector = collector,
		.seen = &seen,
		.folders = &folders,
		.find_collisions = wants_collisions(collector),
		.err = err,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < collector->facts->commit_count; i++) {
		walk.commit = &collector->facts->commits[i];
		if (walk.commit->code == 0) /* a malformed commit is refused anyway */
			rc = collect_commit_files(&walk);
	}
	if (rc == 0 && collector->judge->merge)
		rc = collect_merged_files(&walk);
	for (size_t i = 0; i < folders.count; i++)
		map_release(folders.entries[i].value);
	map_release(&seen);
	map_release(&folders);
	if (rc == 0)
		collector->facts->kinds |= FACTS_FILES;
	return rc;
}
